/* dlsym of the program: users of the libraries who never link them (ctypes, plugin loaders) are seen through
 * the pointers that dlsym hands out.
 *
 * Runs in every preloaded process, from the first instruction of the first constructor on, and mostly for names that are not ours:
 * then dlsym_route only compares a few strings, and arch.S jumps to the real dlsym with the caller's own
 * return address, on which RTLD_NEXT and RTLD_DEFAULT depend. Any thread; takes no lock of Holdfast, never allocates.
 * dlvsym is not wrapped: the libraries have no symbol versions.
 *
 * A pointer from dlsym names one copy of the library, whoever calls it. So it is a trampoline: it leaves its slot in
 * dlsym_slot_used and jumps to the wrapper, which thus knows the copy without asking where the caller lies.
 */
#include "dlsym.h"
#include "elf_object.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct dlsym_slot dlsym_slots[TRAMPOLINE_COUNT];

#define TRAMPOLINE_HASH_SLOTS (2u * TRAMPOLINE_COUNT)
static _Atomic uint32_t trampoline_hash[TRAMPOLINE_HASH_SLOTS]; /* number of the trampoline + 1 */
static _Atomic unsigned trampolines_used;

/* ---- the C library's own ---------------------------------------------------------------------------------------- */

struct next_search {
    const char *name;
    void *found;
    bool behind_us;
};

static int look_behind_us(struct dl_phdr_info *info, size_t bytes, void *context)
{
    (void)bytes;
    struct next_search *next = context;
    struct elf_object object;
    if (!elf_open(&object, info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum))
        return 0;
    if (elf_is_own(object.low)) {
        next->behind_us = true;
        return 0;
    }
    if (next->behind_us)
        next->found = elf_symbol(&object, next->name);
    return next->found != NULL;
}

/* Not by dlsym: that frees the last error message of the thread first, which calls our free(), which may be what is asking here: without
 * end. Up to the objects loaded at start, the C library among them, the list is in the order of the global scope. */
void *next_symbol(const char *name)
{
    struct next_search next = {.name = name};
    dl_iterate_phdr(look_behind_us, &next);
    return next.found;
}

dlsym_function *real_dlsym(void)
{
    static dlsym_function *_Atomic found; /* threads that race store the same value */
    dlsym_function *function = atomic_load_explicit(&found, memory_order_relaxed);
    if (unlikely(function == NULL)) {
        function = (dlsym_function *)next_symbol("dlsym");
        if (function == NULL)
            function = (dlsym_function *)dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
#if defined(__x86_64__)
        if (function == NULL)
            function = (dlsym_function *)dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
#else
        if (function == NULL)
            function = (dlsym_function *)dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.17");
#endif
        if (function == NULL)
            abort(); /* no C library that this could have been linked to */
        atomic_store_explicit(&found, function, memory_order_relaxed);
    }
    return function;
}

/* RTLD_NEXT is counted from the object that dlsym returns to. The asm keeps the call from becoming a jump, after which that would be
 * the object of our caller's caller. */
__attribute__((noinline)) static void *search(void *handle, const char *name)
{
    void *found = real_dlsym()(handle, name);
    __asm__ volatile("" : "+r"(found));
    return found;
}

void *next_in_global_scope(const char *name)
{
    void *found = search(RTLD_NEXT, name);
    __asm__ volatile("" : "+r"(found));
    return found;
}

/* ---- names and trampolines ------------------------------------------------------------------------------------------ */

static const void *trampoline_address(uint32_t number)
{
    return dlsym_trampolines[number];
}

/* Always the same one for the same pair; the plain wrapper when the pool is used up. */
static void *trampoline_for(const struct provider *provider, int function)
{
    const struct view *view = provider_outside_view(provider);
    void *wrapper = wrapper_table[function];
    uint32_t taken = 0; /* ours, not yet published, + 1 */
    unsigned slot = ((unsigned)function * 61u + provider->number * 2654435761u) % TRAMPOLINE_HASH_SLOTS;
    for (unsigned steps = 0; steps < TRAMPOLINE_HASH_SLOTS;) {
        uint32_t number = atomic_load_explicit(&trampoline_hash[slot], memory_order_acquire);
        if (number == 0) {
            if (taken == 0) {
                unsigned next = atomic_load(&trampolines_used);
                do {
                    if (next >= TRAMPOLINE_COUNT)
                        return wrapper;
                } while (!atomic_compare_exchange_weak(&trampolines_used, &next, next + 1));
                dlsym_slots[next] = (struct dlsym_slot){view, wrapper};
                taken = next + 1;
            }
            if (atomic_compare_exchange_strong_explicit(&trampoline_hash[slot], &number, taken, memory_order_acq_rel,
                                                        memory_order_acquire))
                return (void *)(uintptr_t)trampoline_address(taken - 1);
            /* Another thread was faster, perhaps with this very pair: then our trampoline stays unused. */
        }
        if (dlsym_slots[number - 1].view_outside == view && dlsym_slots[number - 1].wrapper == wrapper)
            return (void *)(uintptr_t)trampoline_address(number - 1);
        slot = (slot + 1) % TRAMPOLINE_HASH_SLOTS;
        steps++;
    }
    return wrapper;
}

/* ---- dlsym ---------------------------------------------------------------------------------------------------------- */

/* RTLD_NEXT of the main program finds Holdfast, which comes right after it; of any other caller it does not. */
static bool is_main_program(uintptr_t address)
{
    struct elf_place place;
    return elf_place(address, &place) && place.map->l_prev == NULL;
}

void *dlsym_route(void *handle, const char *name, uintptr_t return_address)
{
    bool ours = name != NULL && function_by_name(name) >= 0 && (handle != RTLD_NEXT || is_main_program(return_address));
    return ours ? NULL : (void *)real_dlsym();
}

/* What the search would have found had Holdfast not been loaded: `found` is our own wrapper. */
static void *without_holdfast(void *handle, const char *name, int function, uintptr_t return_address)
{
    void *real = NULL;
    if (handle == RTLD_DEFAULT) {
        /* After the global scope this searches the caller's own dependencies, and only the linker knows those of another object. */
        struct provider *provider = provider_in_scope(return_address, (enum library)function_table[function].library);
        real = provider != NULL ? find_real(provider, (enum function)function) : NULL;
    }
    if (real != NULL)
        return real;
    /* In the global scope behind us; when it is not there, the message for dlerror is made by a search that fails. A link map is a
     * valid handle; the main program's would find our wrapper again. */
    struct elf_place place;
    if (handle == RTLD_DEFAULT && elf_place(return_address, &place) && place.map->l_name != NULL &&
        place.map->l_name[0] != '\0') {
        real = search((void *)(uintptr_t)place.map, name);
        if (real == NULL)
            return NULL;
        if (!elf_is_own((uintptr_t)real))
            return real;
    }
    return next_in_global_scope(name);
}

void *dlsym_slowly(void *handle, const char *name, uintptr_t return_address)
{
    int function = function_by_name(name);
    void *found = handle == RTLD_NEXT ? next_in_global_scope(name) : search(handle, name);
    if (found != NULL && elf_is_own((uintptr_t)found))
        found = without_holdfast(handle, name, function, return_address);
    if (found == NULL)
        return NULL; /* nothing may follow that changes dlerror's state */
    int saved_errno = errno;
    struct provider *provider = provider_holding((uintptr_t)found);
    /* The address alone does not do: an object may hold two libraries, or another function under the name. */
    if (provider != NULL && provider->library != function_table[function].library)
        provider = NULL;
    bool wrapped = provider != NULL && find_real(provider, (enum function)function) == found &&
                   !address_is_internal(return_address);
    if (wrapped) {
        provider_keep_loaded(provider);
        found = trampoline_for(provider, function);
    }
    errno = saved_errno;
    return found;
}
