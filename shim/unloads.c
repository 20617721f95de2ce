/* The exported dlclose: see unloads.h.
 *
 * What the linker unloads for itself (a converter of iconv, a module of the name service) does not come through here. No stack goes
 * through such code, and when an object of the program's takes its place it was never known to be anything else.
 *
 * The real function does the work and gets the same argument; it does not look who calls. While it runs destructors, code of the
 * program runs here and may do anything: take stacks, call dlclose again, fork, never return. Never to return leaves the word
 * changed for good, so that nothing is remembered any more, which is slow and right.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "unloads.h"
#include "scope.h"
#include "dlsym.h"
#include <dlfcn.h>
#include <link.h>

_Atomic uint64_t unloads_word;

/* Calls of dlclose that this thread is inside of. */
static __thread unsigned inside __attribute__((tls_model("initial-exec")));

#define UNLOAD UINT64_C(0x10000)

static int first_count(struct dl_phdr_info *info, size_t bytes, void *count)
{
    (void)bytes;
    *(unsigned long long *)count = info->dlpi_subs;
    return 1;
}

static unsigned long long objects_gone(void)
{
    unsigned long long count = 0;
    dl_iterate_phdr(first_count, &count);
    return count;
}

static int (*real_dlclose(void))(void *)
{
    static int (*_Atomic found)(void *); /* threads that race store the same value */
    int (*function)(void *) = atomic_load_explicit(&found, memory_order_relaxed);
    if (function == NULL) {
        function = (int (*)(void *))next_in_global_scope("dlclose");
        atomic_store_explicit(&found, function, memory_order_relaxed);
    }
    return function;
}

int dlclose(void *handle) __attribute__((visibility("default")));
int dlclose(void *handle)
{
    int (*real)(void *) = real_dlclose();
    if (real == NULL)
        return -1; /* a C library whose dlclose is in an object that is not loaded: then nobody has such a handle */
    if (scope_is_stuck()) {
        /* In fork's child: the list cannot be asked, so this is taken for an unload. */
        int result = real(handle);
        atomic_fetch_add(&unloads_word, UNLOAD);
        return result;
    }
    inside++;
    atomic_fetch_add(&unloads_word, 1);
    unsigned long long before = objects_gone();
    int result = real(handle);
    /* A thread that is in here too may have counted our unloads before: it counts them as its own, and changes the word as well. */
    atomic_fetch_add(&unloads_word, objects_gone() != before ? UNLOAD - 1 : UINT64_MAX);
    inside--;
    return result;
}

void unloads_seen(void)
{
    atomic_fetch_add(&unloads_word, UNLOAD);
}

void unloads_after_fork_child(void)
{
    uint64_t word = atomic_load_explicit(&unloads_word, memory_order_relaxed);
    atomic_store_explicit(&unloads_word, (word & ~UINT64_C(0xffff)) + UNLOAD + inside, memory_order_release);
}
