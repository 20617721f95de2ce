/* libholdfast_nop.so: wrappers that only find the real function and jump to it. What a program is slower with this preload is the price of
 * interposition alone; what Holdfast adds to that is the price of its checks. It is built for the benchmarks and is not installed.
 *
 * Any thread. One copy of each library in the process: the caller is not asked, which is what makes this the bare cost. dlsym is left
 * alone, so what a program looks up itself (ctypes) does not pass here.
 */
#include "nop.h"
#include "elf_object.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *_Atomic nop_real[FUNCTION_COUNT];

/* The first object behind this one that defines the name. Up to those loaded at start the list is in the order of the global scope, and what is
 * loaded later comes behind as well. */
struct search {
    const char *name;
    void *found;
    bool behind_us;
};

static int look_at(struct dl_phdr_info *info, size_t bytes, void *context)
{
    (void)bytes;
    struct search *search = context;
    struct elf_object object;
    if (!elf_open(&object, info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum))
        return 0;
    if (elf_is_own(object.low))
        search->behind_us = true;
    else if (search->behind_us)
        search->found = elf_symbol(&object, search->name);
    return search->found != NULL;
}

static void *find_behind_us(const char *name)
{
    struct search search = {.name = name};
    dl_iterate_phdr(look_at, &search);
    return search.found;
}

void *nop_resolve(enum function function, const char *name)
{
    int saved_errno = errno;
    void *found = find_behind_us(name);
    if (found == NULL)
    {
        fprintf(stderr, "%s: symbol lookup error: undefined symbol: %s\n", program_invocation_name, name);
        _exit(127);
    }
    errno = saved_errno;
    atomic_store_explicit(&nop_real[function], found, memory_order_relaxed);
    return found;
}

/* ---- free, realloc ------------------------------------------------------------------------------------------------ */

static void free_first_time(void *block);
static void *realloc_first_time(void *block, size_t bytes);
static void (*_Atomic real_free)(void *) = free_first_time;
static void *(*_Atomic real_realloc)(void *, size_t) = realloc_first_time;

static void free_first_time(void *block)
{
    atomic_store_explicit(&real_free, (void (*)(void *))find_behind_us("free"), memory_order_relaxed);
    atomic_load_explicit(&real_free, memory_order_relaxed)(block);
}

static void *realloc_first_time(void *block, size_t bytes)
{
    atomic_store_explicit(&real_realloc, (void *(*)(void *, size_t))find_behind_us("realloc"), memory_order_relaxed);
    return atomic_load_explicit(&real_realloc, memory_order_relaxed)(block, bytes);
}

WRAPPER void free(void *block)
{
    atomic_load_explicit(&real_free, memory_order_relaxed)(block);
}

WRAPPER void *realloc(void *block, size_t bytes)
{
    return atomic_load_explicit(&real_realloc, memory_order_relaxed)(block, bytes);
}
