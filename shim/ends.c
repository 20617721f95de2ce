/* Ends of a process that no destructor sees: _exit() and exec. Wrapped so that a record does not look as if its process had been killed.
 *
 * All of them may be called in vfork's child and in signal handlers, so nothing here takes a lock or allocates; record_ended() knows a child by its
 * pid. The real functions are found at load: to find them takes the linker's lock, which in fork's child may belong to a thread that is not there.
 *
 * posix_spawn(), system() and popen() call nothing of this inside the C library, and need nothing: their child is another process.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "dlsym.h"
#include "record.h"
#include <alloca.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static void *find(void *_Atomic *known, const char *name)
{
    void *function = atomic_load_explicit(known, memory_order_relaxed);
    if (function == NULL) {
        function = next_in_global_scope(name);
        atomic_store_explicit(known, function, memory_order_relaxed);
    }
    return function;
}

#define WRAPPED(X) X(_exit) X(execve) X(execv) X(execvp) X(execvpe) X(fexecve) X(execveat)
#define X(name) static void *_Atomic known_##name;
WRAPPED(X)
#undef X

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))find(&known_##name, #name)

void ends_prepare(void)
{
#define X(name) find(&known_##name, #name);
    WRAPPED(X)
#undef X
}

/* ---- exits ---------------------------------------------------------------------------------------------------------------- */

EXPORTED void _exit(int status)
{
    REAL(_exit);
    record_ended(ARENA_CLOSED);
    if (real != NULL)
        real(status);
    for (;;)
        syscall(SYS_exit_group, status);
}

EXPORTED void _Exit(int status)
{
    _exit(status);
}

/* ---- exec ----------------------------------------------------------------------------------------------------------------- */

static int came_back(int result)
{
    record_goes_on();
    return result;
}

#define EXEC(name, parameters, arguments) \
    EXPORTED int name parameters \
    { \
        REAL(name); \
        if (real == NULL) { \
            errno = ENOSYS; \
            return -1; \
        } \
        record_ended(ARENA_REPLACED); \
        return came_back(real arguments); \
    }

EXEC(execve, (const char *path, char *const arguments[], char *const environment[]), (path, arguments, environment))
EXEC(execv, (const char *path, char *const arguments[]), (path, arguments))
EXEC(execvp, (const char *file, char *const arguments[]), (file, arguments))
EXEC(execvpe, (const char *file, char *const arguments[], char *const environment[]), (file, arguments, environment))
EXEC(fexecve, (int file, char *const arguments[], char *const environment[]), (file, arguments, environment))
EXEC(execveat, (int folder, const char *path, char *const arguments[], char *const environment[], int flags), (folder, path, arguments, environment, flags))

/* The lists become vectors on the stack, as in the C library. */
#define COUNT_LIST(first, list) \
    ptrdiff_t count = 1; \
    va_start(list, first); \
    while (va_arg(list, const char *) != NULL) \
        count++; \
    va_end(list)

#define FILL_LIST(first, list) \
    char **vector = alloca(((size_t)count + 1) * sizeof *vector); \
    va_start(list, first); \
    vector[0] = (char *)first; \
    for (ptrdiff_t i = 1; i <= count; i++) \
        vector[i] = va_arg(list, char *)

EXPORTED int execl(const char *path, const char *first, ...)
{
    va_list list;
    COUNT_LIST(first, list);
    FILL_LIST(first, list);
    va_end(list);
    return execv(path, vector);
}

EXPORTED int execlp(const char *file, const char *first, ...)
{
    va_list list;
    COUNT_LIST(first, list);
    FILL_LIST(first, list);
    va_end(list);
    return execvp(file, vector);
}

EXPORTED int execle(const char *path, const char *first, ...)
{
    va_list list;
    COUNT_LIST(first, list);
    FILL_LIST(first, list);
    char **environment = va_arg(list, char **);
    va_end(list);
    return execve(path, vector, environment);
}
