/* The slots of a loaded object that the dynamic linker fills with the addresses of functions: reading and changing them.
 *
 * Two of its objects are changed so: extension modules with SWIG's proxies make these through python_proxies.c, and a copy of a library
 * reaches its own functions without coming by Holdfast (imports_bind_own_calls). A slot is changed by one store, after the linker has
 * filled it. Any thread, no lock of Holdfast held; the caller makes sure that the object stays loaded.
 */
#ifndef HOLDFAST_SHIM_IMPORTS_H
#define HOLDFAST_SHIM_IMPORTS_H

#include "elf_object.h"

#pragma GCC visibility push(hidden)

struct import_slot {
    uintptr_t *address;
    const ElfW(Sym) *symbol;
    const char *name;
};

enum slot_sort {
    SLOTS_CALLED = 1,  /* what only calls go through */
    SLOTS_POINTED = 2, /* what an address is read from, to call it (-fno-plt), to keep or to compare it */
};

/* Calls `visit` for each slot of these sorts until it says false. */
void imports_visit(const struct elf_object *object, unsigned sorts,
                 bool (*visit)(const struct elf_object *object, const struct import_slot *slot, void *context), void *context);

/* Does the slot lead back into its object, because nobody called through it yet? False for what the linker has not relocated at all. */
bool slot_is_unbound(const struct elf_object *object, const struct import_slot *slot);

/* Between these two, slots of the object that the linker made read-only may be written. False: they cannot be made writable, or another thread
 * does not come to an end. */
bool imports_open(const struct elf_object *object);
void imports_close(const struct elf_object *object);

/* What a copy of a library calls of itself through the linker goes to its own functions at once: such calls are neither checked nor
 * recorded, and now cost nothing either. Where another object than Holdfast stands before the copy, its slot stays as it is.
 * `deallocator`: the one function whose pointed slot is bound, too (NULL: none). False: to be tried again. */
bool imports_bind_own_calls(const struct elf_object *object, const char *deallocator);

void imports_after_fork_child(void);

#pragma GCC visibility pop

#endif
