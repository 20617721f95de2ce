/* Makes one call of Holdfast's own fail: for faults_test.py, preloaded behind libholdfast.so.
 *
 * Each function below is one that libholdfast calls. Whether it was libholdfast is told by the return address, so that nobody else is hit. Calls are counted in the
 * order in which they come, in all processes of a run together; FAULT_AT says which one fails (0: none), FAULT_FROM=1 that all behind it fail as well. The count
 * lies in the file FAULT_COUNT, mapped, so that children go on with it and nothing must be written at the end.
 *
 * The real things are done by system calls: dlsym() is Holdfast's. Not made to fail, because no kernel ever lets them: futex, gettid, what only asks for a pid.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t bytes);

static uintptr_t begin, end;
static _Atomic long *count;
static long at, all_behind;

static int find(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size, (void)context;
    const char *slash = strrchr(info->dlpi_name, '/');
    if (strcmp(slash != NULL ? slash + 1 : info->dlpi_name, "libholdfast.so") != 0)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) != 0) {
            begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            end = begin + info->dlpi_phdr[i].p_memsz;
        }
    return 1;
}

/* Behind libholdfast in LD_PRELOAD, so before it here: constructors run the other way round. */
static __attribute__((constructor)) void prepare(void)
{
    const char *file = getenv("FAULT_COUNT");
    int descriptor = file != NULL ? (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC) : -1;
    if (descriptor < 0)
        return;
    count = (_Atomic long *)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    syscall(SYS_close, descriptor);
    at = getenv("FAULT_AT") != NULL ? atol(getenv("FAULT_AT")) : 0;
    all_behind = getenv("FAULT_FROM") != NULL;
    dl_iterate_phdr(find, NULL);
}

static int fails(const void *caller, int error)
{
    if ((uintptr_t)caller < begin || (uintptr_t)caller >= end || count == NULL)
        return 0;
    long number = atomic_fetch_add(count, 1) + 1;
    if (at == 0 || (number != at && !(all_behind && number > at)))
        return 0;
    if (count[1] == 0)
        count[1] = (long)((uintptr_t)caller - begin); /* for who looks for the place */
    errno = error;
    return 1;
}
#define FAILS(error) fails(__builtin_return_address(0), error)
#define EXPORTED __attribute__((visibility("default")))

#define CALL(type, name, parameters, error, failure, real) \
    EXPORTED type name parameters; \
    EXPORTED type name parameters \
    { \
        if (FAILS(error)) \
            return failure; \
        return (type)real; \
    }

CALL(void *, malloc, (size_t bytes), ENOMEM, NULL, __libc_malloc(bytes))
CALL(void *, mmap, (void *where, size_t bytes, int protection, int flags, int file, off_t offset), ENOMEM, MAP_FAILED, syscall(SYS_mmap, where, bytes, protection, flags, file, offset))
CALL(void *, mmap64, (void *where, size_t bytes, int protection, int flags, int file, off_t offset), ENOMEM, MAP_FAILED, syscall(SYS_mmap, where, bytes, protection, flags, file, offset))
CALL(int, mprotect, (void *where, size_t bytes, int protection), ENOMEM, -1, syscall(SYS_mprotect, where, bytes, protection))
CALL(int, madvise, (void *where, size_t bytes, int advice), ENOMEM, -1, syscall(SYS_madvise, where, bytes, advice))
CALL(ssize_t, read, (int file, void *to, size_t bytes), EIO, -1, syscall(SYS_read, file, to, bytes))
CALL(ssize_t, pread64, (int file, void *to, size_t bytes, off_t offset), EIO, -1, syscall(SYS_pread64, file, to, bytes, offset))
CALL(ssize_t, write, (int file, const void *from, size_t bytes), ENOSPC, -1, syscall(SYS_write, file, from, bytes))
CALL(int, clock_gettime, (clockid_t clock, struct timespec *now), EINVAL, -1, syscall(SYS_clock_gettime, clock, now))
CALL(int, fstat64, (int file, struct stat64 *status), EOVERFLOW, -1, syscall(SYS_fstat, file, status))
CALL(int, stat64, (const char *path, struct stat64 *status), EACCES, -1, syscall(SYS_stat, path, status))
CALL(int, lstat64, (const char *path, struct stat64 *status), EACCES, -1, syscall(SYS_lstat, path, status))
CALL(int, access, (const char *path, int mode), EACCES, -1, syscall(SYS_access, path, mode))
CALL(off_t, lseek64, (int file, off_t offset, int whence), EIO, -1, syscall(SYS_lseek, file, offset, whence))
CALL(char *, getcwd, (char *to, size_t bytes), ENOENT, NULL, (syscall(SYS_getcwd, to, bytes) > 0 ? to : NULL))
CALL(ssize_t, readlink, (const char *path, char *to, size_t bytes), EACCES, -1, syscall(SYS_readlink, path, to, bytes))
CALL(int, linkat, (int from, const char *old, int to, const char *path, int flags), EPERM, -1, syscall(SYS_linkat, from, old, to, path, flags))
CALL(int, unlink, (const char *path), EROFS, -1, syscall(SYS_unlink, path))
CALL(int, unlinkat, (int folder, const char *path, int flags), EROFS, -1, syscall(SYS_unlinkat, folder, path, flags))
CALL(int, memfd_create, (const char *name, unsigned flags), EMFILE, -1, syscall(SYS_memfd_create, name, flags))
CALL(int, eventfd, (unsigned value, int flags), EMFILE, -1, syscall(SYS_eventfd2, value, flags))
CALL(int, getrlimit64, (__rlimit_resource_t resource, struct rlimit64 *limit), EINVAL, -1, syscall(SYS_prlimit64, 0, resource, NULL, limit))
CALL(int, uname, (struct utsname *machine), EFAULT, -1, syscall(SYS_uname, machine))
CALL(ssize_t, process_vm_readv, (pid_t pid, const struct iovec *to, unsigned long to_count, const struct iovec *from, unsigned long from_count, unsigned long flags), EPERM, -1,
     syscall(SYS_process_vm_readv, pid, to, to_count, from, from_count, flags))

EXPORTED int posix_fallocate64(int file, off_t offset, off_t bytes);
EXPORTED int posix_fallocate64(int file, off_t offset, off_t bytes)
{
    if (FAILS(errno)) /* it does not set errno */
        return ENOSPC;
    return syscall(SYS_fallocate, file, 0, offset, bytes) == 0 ? 0 : errno;
}

/* These do their work also when they fail: Linux closes and unmaps whatever it says. */
EXPORTED int close(int file)
{
    int failed = FAILS(EIO), result = (int)syscall(SYS_close, file);
    if (failed)
        errno = EIO;
    return failed ? -1 : result;
}

EXPORTED int munmap(void *where, size_t bytes)
{
    int failed = FAILS(ENOMEM), result = (int)syscall(SYS_munmap, where, bytes);
    if (failed)
        errno = ENOMEM;
    return failed ? -1 : result;
}

#define OPEN(name) \
    EXPORTED int name(const char *path, int flags, ...) \
    { \
        va_list list; \
        va_start(list, flags); \
        int mode = va_arg(list, int); \
        va_end(list); \
        return FAILS(EMFILE) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

EXPORTED int openat64(int folder, const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    int mode = va_arg(list, int);
    va_end(list);
    return FAILS(EMFILE) ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

EXPORTED void *mremap(void *old, size_t old_bytes, size_t new_bytes, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    void *fixed = va_arg(list, void *);
    va_end(list);
    return FAILS(ENOMEM) ? MAP_FAILED : (void *)syscall(SYS_mremap, old, old_bytes, new_bytes, flags, fixed);
}
