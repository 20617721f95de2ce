/* Reading a loaded ELF object from memory: symbols, names, build-id, addresses.
 *
 * No dlsym, no lock, no allocation, no file: only the object's own program headers and dynamic section. Any thread; the caller
 * makes sure that the object stays loaded meanwhile (it runs code of it, holds the dynamic linker's list, or knows it by other means).
 *
 * Not called elf.h: with the shim in the include path it would hide the system header of that name.
 */
#ifndef HOLDFAST_SHIM_ELF_OBJECT_H
#define HOLDFAST_SHIM_ELF_OBJECT_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* What is known of an object. A NULL table means that it has none, or one that cannot be trusted. */
struct elf_object {
    uintptr_t base;            /* run-time address minus address in the file image */
    uintptr_t low, high;       /* [low, high) covers all its loaded segments */
    const ElfW(Phdr) *headers;
    unsigned header_count;
    const ElfW(Dyn) *dynamic;
    size_t dynamic_count;      /* entries before DT_NULL */
    const char *strings;       /* .dynstr; its last byte is known to be NUL */
    size_t string_bytes;
    const ElfW(Sym) *symbols;
    const ElfW(Half) *versions;
    const uint32_t *gnu_hash, *hash;
};

/* Fill `object` from its load address and program headers. False when it has no loaded segment; an object without a
 * dynamic section, or with an odd one, is opened and simply defines nothing. */
bool elf_open(struct elf_object *object, uintptr_t base, const ElfW(Phdr) *headers, unsigned header_count);

/* Address of the defined dynamic symbol `name` in this very object (not in its dependencies), NULL if there is none. Of several
 * versions the default one. Thread-local and indirect (IFUNC) symbols are not found: neither is ever a C function of the libraries. */
void *elf_symbol(const struct elf_object *object, const char *name);

/* The name of the defined function or object that the address lies in; NULL if there is none. Looks at all symbols. */
const char *elf_nearest_symbol(const struct elf_object *object, uintptr_t address, uintptr_t *start);

const char *elf_soname(const struct elf_object *object);                   /* NULL if it has none */
const char *elf_needed(const struct elf_object *object, size_t *position); /* next DT_NEEDED name from *position on (start at 0), NULL at the end */
unsigned elf_build_id(const struct elf_object *object, const uint8_t **build_id); /* its length, 0 if it has none */

/* The loaded object that holds an address. */
struct elf_place {
    const struct link_map *map;
    uintptr_t start, end; /* of its mapping; `end` is 0 where the C library is too old to say */
};

/* Lock-free with glibc >= 2.35 (_dl_find_object); takes the dynamic linker's lock with older ones. */
bool elf_place(uintptr_t address, struct elf_place *place);
/* Open the object of a place. False when its ELF header is not mapped where it should be. */
bool elf_open_place(struct elf_object *object, const struct elf_place *place);

/* True for addresses inside libholdfast.so itself. */
bool elf_is_own(uintptr_t address);
void elf_own_range(uintptr_t *low, uintptr_t *high); /* [low, high) */

/* The file of the object: l_name, or the program's own path for the main program. Never NULL. */
const char *elf_path(const struct link_map *map);

#pragma GCC visibility pop

/* strcmp, calling nobody: AddressSanitizer's start looks its functions up through us, strcmp among them, and until it has found that one its own
 * strcmp, which ours would be, jumps to address 0. */
static inline int elf_compare_names(const char *one, const char *other)
{
    while (*one != '\0' && *one == *other) {
        one++;
        other++;
    }
    return (unsigned char)*one - (unsigned char)*other;
}

#endif
