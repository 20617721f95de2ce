/* Reading a loaded ELF object from memory. See elf_object.h.
 *
 * Any thread, any time after relocation of libholdfast. Calls nothing but _dl_find_object (or dladdr1), getauxval and
 * readlink; takes no lock of Holdfast, never allocates.
 *
 * Objects come in odd shapes: the vdso keeps file offsets where ld.so puts run-time addresses, packers and prelinkers drop tables, a
 * damaged file may say anything. So every table is checked to lie in a readable segment of the object before it is read.
 */
#include "elf_object.h"
#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* Weak: older C libraries lack it, and the preload must start there all the same. */
extern int _dl_find_object(void *address, struct dl_find_object *result) __attribute__((weak));

static bool readable(const struct elf_object *object, uintptr_t address, size_t bytes)
{
    for (unsigned i = 0; i < object->header_count; i++) {
        const ElfW(Phdr) *header = &object->headers[i];
        if (header->p_type != PT_LOAD || !(header->p_flags & PF_R))
            continue;
        uintptr_t start = object->base + header->p_vaddr;
        if (address >= start && address - start <= header->p_memsz && bytes <= header->p_memsz - (address - start))
            return true;
    }
    return false;
}

/* ld.so replaces the offsets in most dynamic sections by addresses; where it does not (vdso), the base is added here. */
static uintptr_t table_address(const struct elf_object *object, uintptr_t value, size_t bytes)
{
    if (readable(object, value, bytes))
        return value;
    if (readable(object, object->base + value, bytes))
        return object->base + value;
    return 0;
}

static void read_dynamic(struct elf_object *object, uintptr_t dynamic, size_t bytes)
{
    if (dynamic % _Alignof(ElfW(Dyn)) != 0 || !readable(object, dynamic, bytes))
        return;
    object->dynamic = (const ElfW(Dyn) *)dynamic;
    uintptr_t strings = 0, symbols = 0, versions = 0, gnu_hash = 0, hash = 0;
    size_t limit = bytes / sizeof(ElfW(Dyn));
    size_t i = 0;
    for (; i < limit && object->dynamic[i].d_tag != DT_NULL; i++) {
        uintptr_t value = object->dynamic[i].d_un.d_ptr;
        switch (object->dynamic[i].d_tag) {
        case DT_STRTAB: strings = value; break;
        case DT_STRSZ: object->string_bytes = value; break;
        case DT_SYMTAB: symbols = value; break;
        case DT_VERSYM: versions = value; break;
        case DT_GNU_HASH: gnu_hash = value; break;
        case DT_HASH: hash = value; break;
        default: break;
        }
    }
    object->dynamic_count = i;
    if (strings != 0 && object->string_bytes != 0)
        strings = table_address(object, strings, object->string_bytes);
    if (strings != 0 && object->string_bytes != 0 && ((const char *)strings)[object->string_bytes - 1] == '\0')
        object->strings = (const char *)strings;
    else
        object->string_bytes = 0;
    if (symbols != 0)
        object->symbols = (const ElfW(Sym) *)table_address(object, symbols, sizeof(ElfW(Sym)));
    if (versions != 0)
        object->versions = (const ElfW(Half) *)table_address(object, versions, sizeof(ElfW(Half)));
    if (gnu_hash != 0)
        object->gnu_hash = (const uint32_t *)table_address(object, gnu_hash, 4 * sizeof(uint32_t));
    if (hash != 0)
        object->hash = (const uint32_t *)table_address(object, hash, 2 * sizeof(uint32_t));
    if ((uintptr_t)object->symbols % _Alignof(ElfW(Sym)) != 0)
        object->symbols = NULL;
    if ((uintptr_t)object->versions % _Alignof(ElfW(Half)) != 0)
        object->versions = NULL;
    if ((uintptr_t)object->gnu_hash % sizeof(uintptr_t) != 0)
        object->gnu_hash = NULL;
    if ((uintptr_t)object->hash % sizeof(uint32_t) != 0)
        object->hash = NULL;
}

bool elf_open(struct elf_object *object, uintptr_t base, const ElfW(Phdr) *headers, unsigned header_count)
{
    memset(object, 0, sizeof *object);
    object->base = base;
    object->headers = headers;
    object->header_count = headers == NULL ? 0 : header_count;
    object->low = UINTPTR_MAX;
    const ElfW(Phdr) *dynamic = NULL;
    for (unsigned i = 0; i < object->header_count; i++) {
        const ElfW(Phdr) *header = &headers[i];
        if (header->p_type == PT_DYNAMIC)
            dynamic = header;
        if (header->p_type != PT_LOAD)
            continue;
        uintptr_t start = base + header->p_vaddr;
        if (start < object->low)
            object->low = start;
        if (start + header->p_memsz > object->high)
            object->high = start + header->p_memsz;
    }
    if (object->low >= object->high)
        return false;
    if (dynamic != NULL)
        read_dynamic(object, base + dynamic->p_vaddr, dynamic->p_memsz);
    return true;
}

static const char *string_at(const struct elf_object *object, size_t offset)
{
    return offset < object->string_bytes ? object->strings + offset : NULL;
}

enum match { MATCH_NO, MATCH_OLD_VERSION, MATCH_DEFAULT };

static enum match symbol_matches(const struct elf_object *object, uint32_t index, const char *name)
{
    const ElfW(Sym) *symbol = &object->symbols[index];
    if (!readable(object, (uintptr_t)symbol, sizeof *symbol))
        return MATCH_NO;
    const char *own_name = string_at(object, symbol->st_name);
    if (own_name == NULL || elf_compare_names(own_name, name) != 0)
        return MATCH_NO;
    unsigned type = ELF64_ST_TYPE(symbol->st_info), visible = ELF64_ST_VISIBILITY(symbol->st_other);
    if (symbol->st_shndx == SHN_UNDEF || symbol->st_value == 0 || ELF64_ST_BIND(symbol->st_info) == STB_LOCAL)
        return MATCH_NO;
    if ((type != STT_FUNC && type != STT_OBJECT && type != STT_NOTYPE) || visible == STV_HIDDEN || visible == STV_INTERNAL)
        return MATCH_NO;
    if (object->versions != NULL && readable(object, (uintptr_t)&object->versions[index], sizeof(ElfW(Half))) &&
        (object->versions[index] & 0x8000u))
        return MATCH_OLD_VERSION;
    return MATCH_DEFAULT;
}

/* The index of the best match seen so far is kept in *best; true ends the search. */
static bool consider(const struct elf_object *object, uint32_t index, const char *name, uint32_t *best)
{
    enum match match = symbol_matches(object, index, name);
    if (match == MATCH_DEFAULT || (match == MATCH_OLD_VERSION && *best == 0))
        *best = index;
    return match == MATCH_DEFAULT;
}

static uint32_t search_gnu_hash(const struct elf_object *object, const char *name)
{
    uint32_t hash = 5381, best = 0;
    for (const unsigned char *letter = (const unsigned char *)name; *letter != '\0'; letter++)
        hash = hash * 33 + *letter;
    const uint32_t *table = object->gnu_hash;
    uint32_t bucket_count = table[0], first_symbol = table[1], bloom_words = table[2], bloom_shift = table[3];
    const ElfW(Addr) *bloom = (const ElfW(Addr) *)&table[4];
    if (bucket_count == 0 || bloom_words == 0 || (bloom_words & (bloom_words - 1)) != 0 || bloom_shift >= 32)
        return 0;
    const uint32_t *buckets = (const uint32_t *)&bloom[bloom_words];
    const uint32_t *chains = &buckets[bucket_count];
    if (!readable(object, (uintptr_t)table, (uintptr_t)chains - (uintptr_t)table))
        return 0;
    unsigned bits = 8 * sizeof(ElfW(Addr));
    ElfW(Addr) word = bloom[(hash / bits) & (bloom_words - 1)];
    if (!((word >> (hash % bits)) & (word >> ((hash >> bloom_shift) % bits)) & 1))
        return 0;
    uint32_t index = buckets[hash % bucket_count];
    if (index < first_symbol)
        return 0;
    for (;; index++) {
        const uint32_t *chain = &chains[index - first_symbol];
        if (!readable(object, (uintptr_t)chain, sizeof *chain))
            return best;
        if ((*chain | 1u) == (hash | 1u) && consider(object, index, name, &best))
            return best;
        if (*chain & 1u)
            return best;
    }
}

static uint32_t search_hash(const struct elf_object *object, const char *name)
{
    uint32_t hash = 0, best = 0;
    for (const unsigned char *letter = (const unsigned char *)name; *letter != '\0'; letter++) {
        hash = (hash << 4) + *letter;
        hash ^= (hash >> 24) & 0xf0;
        hash &= 0x0fffffff;
    }
    uint32_t bucket_count = object->hash[0], chain_count = object->hash[1];
    if (bucket_count == 0 || !readable(object, (uintptr_t)object->hash,
                                       (2 + (size_t)bucket_count + chain_count) * sizeof(uint32_t)))
        return 0;
    const uint32_t *buckets = &object->hash[2], *chains = &buckets[bucket_count];
    uint32_t index = buckets[hash % bucket_count];
    for (uint32_t steps = 0; index != 0 && index < chain_count && steps < chain_count; steps++) {
        if (consider(object, index, name, &best))
            return best;
        index = chains[index];
    }
    return best;
}

void *elf_symbol(const struct elf_object *object, const char *name)
{
    if (object->symbols == NULL || object->strings == NULL)
        return NULL;
    uint32_t index = object->gnu_hash != NULL ? search_gnu_hash(object, name)
                     : object->hash != NULL   ? search_hash(object, name)
                                              : 0;
    if (index == 0)
        return NULL;
    uintptr_t address = object->base + object->symbols[index].st_value;
    return address >= object->low && address < object->high ? (void *)address : NULL;
}

/* Symbols have no count of their own: the tables that find them by name end with the last. */
static uint32_t symbol_count(const struct elf_object *object)
{
    if (object->hash != NULL && readable(object, (uintptr_t)object->hash, 8))
        return object->hash[1];
    const uint32_t *table = object->gnu_hash;
    if (table == NULL || !readable(object, (uintptr_t)table, 16))
        return 0;
    const uint32_t *buckets = (const uint32_t *)((const ElfW(Addr) *)&table[4] + table[2]), *chains = buckets + table[0];
    uint32_t last = 0;
    if (!readable(object, (uintptr_t)buckets, table[0] * sizeof *buckets))
        return 0;
    for (uint32_t i = 0; i < table[0]; i++)
        last = buckets[i] > last ? buckets[i] : last;
    if (last < table[1])
        return table[1];
    while (readable(object, (uintptr_t)&chains[last - table[1]], 4) && (chains[last - table[1]] & 1u) == 0)
        last++;
    return last + 1;
}

const char *elf_nearest_symbol(const struct elf_object *object, uintptr_t address, uintptr_t *start)
{
    uint32_t count = object->symbols != NULL ? symbol_count(object) : 0;
    const char *found = NULL;
    *start = 0;
    if (count == 0 || !readable(object, (uintptr_t)object->symbols, count * sizeof *object->symbols))
        return NULL;
    for (uint32_t i = 1; i < count; i++) {
        const ElfW(Sym) *symbol = &object->symbols[i];
        unsigned type = ELF64_ST_TYPE(symbol->st_info);
        uintptr_t value = object->base + symbol->st_value;
        if (symbol->st_shndx == SHN_UNDEF || symbol->st_value == 0 || type == STT_TLS || value > address || value < *start || address >= value + (symbol->st_size != 0 ? symbol->st_size : 1) || (found != NULL && value == *start))
            continue;
        const char *name = string_at(object, symbol->st_name);
        if (name == NULL)
            continue;
        *start = value;
        found = name;
    }
    return found;
}

const char *elf_soname(const struct elf_object *object)
{
    for (size_t i = 0; i < object->dynamic_count; i++)
        if (object->dynamic[i].d_tag == DT_SONAME)
            return string_at(object, object->dynamic[i].d_un.d_val);
    return NULL;
}

const char *elf_needed(const struct elf_object *object, size_t *position)
{
    while (*position < object->dynamic_count) {
        const ElfW(Dyn) *entry = &object->dynamic[(*position)++];
        const char *name = entry->d_tag == DT_NEEDED ? string_at(object, entry->d_un.d_val) : NULL;
        if (name != NULL)
            return name;
    }
    return NULL;
}

unsigned elf_build_id(const struct elf_object *object, const uint8_t **build_id)
{
    for (unsigned i = 0; i < object->header_count; i++) {
        const ElfW(Phdr) *header = &object->headers[i];
        uintptr_t position = object->base + header->p_vaddr;
        size_t left = header->p_memsz;
        if (header->p_type != PT_NOTE || position % 4 != 0 || !readable(object, position, left))
            continue;
        size_t alignment = header->p_align == 8 ? 8 : 4;
        while (left >= sizeof(ElfW(Nhdr))) {
            const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)position;
            size_t name_bytes = ((size_t)note->n_namesz + 3) & ~(size_t)3;
            size_t bytes = (sizeof *note + name_bytes + note->n_descsz + alignment - 1) & ~(alignment - 1);
            size_t content = sizeof *note + name_bytes + note->n_descsz;
            if (content > left)
                break;
            const uint8_t *name = (const uint8_t *)(note + 1);
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
                *build_id = name + name_bytes;
                return note->n_descsz;
            }
            if (bytes >= left)
                break;
            position += bytes;
            left -= bytes;
        }
    }
    return 0;
}

bool elf_place(uintptr_t address, struct elf_place *place)
{
    if (_dl_find_object != NULL) {
        struct dl_find_object found;
        if (_dl_find_object((void *)address, &found) != 0)
            return false;
        *place = (struct elf_place){found.dlfo_link_map, (uintptr_t)found.dlfo_map_start, (uintptr_t)found.dlfo_map_end};
        return true;
    }
    Dl_info info;
    struct link_map *map = NULL;
    if (dladdr1((void *)address, &info, (void **)&map, RTLD_DL_LINKMAP) == 0 || map == NULL)
        return false;
    *place = (struct elf_place){map, (uintptr_t)info.dli_fbase, 0};
    return true;
}

bool elf_open_place(struct elf_object *object, const struct elf_place *place)
{
    /* The main program tells its headers itself, wherever its ELF header may be. */
    if (place->map->l_name == NULL || place->map->l_name[0] == '\0') {
        const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
        if (headers != NULL)
            return elf_open(object, place->map->l_addr, headers, (unsigned)getauxval(AT_PHNUM));
    }
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)place->start;
    if (place->start % 16 != 0 || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_phentsize != sizeof(ElfW(Phdr)) || header->e_phoff > 4096 - sizeof(ElfW(Phdr)) ||
        header->e_phoff + header->e_phnum * sizeof(ElfW(Phdr)) > 4096)
        return false;
    return elf_open(object, place->map->l_addr, (const ElfW(Phdr) *)(place->start + header->e_phoff), header->e_phnum);
}

/* Both ends come from the linker; they need no lookup and are right from the first instruction on. */
void elf_own_range(uintptr_t *low, uintptr_t *high)
{
    extern const char __ehdr_start[] __attribute__((visibility("hidden")));
    extern const char _end[] __attribute__((visibility("hidden")));
    *low = (uintptr_t)__ehdr_start;
    *high = (uintptr_t)_end;
}

bool elf_is_own(uintptr_t address)
{
    uintptr_t low, high;
    elf_own_range(&low, &high);
    return address >= low && address < high;
}

const char *elf_path(const struct link_map *map)
{
    if (map->l_name != NULL && map->l_name[0] != '\0')
        return map->l_name;
    static char program[4096];
    static _Atomic bool known;
    if (!atomic_load_explicit(&known, memory_order_acquire)) {
        /* Two threads may do this at once: both write the same bytes. */
        ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
        if (length > 0)
            atomic_store_explicit(&known, true, memory_order_release);
    }
    return program;
}
