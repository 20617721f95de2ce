/* The slots that the dynamic linker fills. See imports.h.
 *
 * Of a copy's own functions never the pointers that are read to be kept or compared: GDAL compares addresses of its functions (transformers, progress
 * functions) with those it is given, so each must be the same in the whole process. The one exception is the function that frees memory: GDAL calls
 * VSIFree through such a pointer all the time, and compares it with nothing.
 */
#include "imports.h"
#include "provider.h"
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The two relocations that put a function's address into a slot: for calls alone, and for any use (also for calls with -fno-plt). */
#if defined(__x86_64__) && defined(__LP64__)
#define CALLED R_X86_64_JUMP_SLOT
#define POINTED R_X86_64_GLOB_DAT
#elif defined(__aarch64__) && defined(__LP64__)
#define CALLED R_AARCH64_JUMP_SLOT
#define POINTED R_AARCH64_GLOB_DAT
#elif defined(__riscv) && defined(__LP64__)
#define CALLED R_RISCV_JUMP_SLOT
#define POINTED R_RISCV_64
#elif defined(__powerpc64__)
#define CALLED R_PPC64_JMP_SLOT
#define POINTED R_PPC64_GLOB_DAT
#else
#define CALLED UINT32_MAX /* no slot is ever seen */
#define POINTED UINT32_MAX
#endif

typedef bool (*slot_visitor)(const struct elf_object *object, const struct import_slot *slot, void *context);

static uintptr_t loaded_address(const struct elf_object *object, uintptr_t value)
{
    return value >= object->low && value < object->high ? value : object->base + value;
}

static bool visit_table(const struct elf_object *object, unsigned sorts, uintptr_t relocations, size_t first, size_t bytes, slot_visitor visit, void *context)
{
    relocations = loaded_address(object, relocations);
    if (relocations < object->low || relocations >= object->high || bytes > object->high - relocations)
        return true;
    const ElfW(Rela) *entry = (const ElfW(Rela) *)relocations;
    for (size_t i = first; i < bytes / sizeof *entry; i++) {
        uint32_t kind = (uint32_t)ELF64_R_TYPE(entry[i].r_info);
        if (!(((sorts & SLOTS_CALLED) && kind == CALLED) || ((sorts & SLOTS_POINTED) && kind == POINTED)) || entry[i].r_addend != 0)
            continue;
        const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(entry[i].r_info)];
        uintptr_t address = object->base + entry[i].r_offset;
        if (symbol->st_name >= object->string_bytes || address < object->low || address >= object->high || address % sizeof address != 0)
            continue;
        struct import_slot slot = {(uintptr_t *)address, symbol, object->strings + symbol->st_name};
        if (!visit(object, &slot, context))
            return false;
    }
    return true;
}

void imports_visit(const struct elf_object *object, unsigned sorts, slot_visitor visit, void *context)
{
    uintptr_t plt = 0, others = 0;
    size_t plt_bytes = 0, other_bytes = 0, plt_form = 0, relative = 0;
    for (size_t i = 0; i < object->dynamic_count; i++) {
        ElfW(Xword) value = object->dynamic[i].d_un.d_val;
        switch (object->dynamic[i].d_tag) {
        case DT_JMPREL: plt = value; break;
        case DT_PLTRELSZ: plt_bytes = value; break;
        case DT_PLTREL: plt_form = value; break;
        case DT_RELA: others = value; break;
        case DT_RELASZ: other_bytes = value; break;
        case DT_RELACOUNT: relative = value; break; /* these come first, and no symbol belongs to them */
        default: break;
        }
    }
    if (object->symbols == NULL || object->strings == NULL)
        return;
    if (plt != 0 && plt_form == DT_RELA && !visit_table(object, sorts, plt, 0, plt_bytes, visit, context))
        return;
    if (others != 0 && (sorts & SLOTS_POINTED))
        visit_table(object, sorts, others, relative, other_bytes, visit, context);
}

bool slot_is_unbound(const struct elf_object *object, const struct import_slot *slot)
{
    uintptr_t target = __atomic_load_n(slot->address, __ATOMIC_RELAXED);
    return target >= object->low && target < object->high;
}

/* ---- writing ----------------------------------------------------------------------------------------------------------------------- */

static _Atomic bool open_somewhere; /* some object's slots are writable: by one thread at a time, because who ends closes them to all */

/* What the linker made read-only after it had relocated the object. */
static bool set_protection(const struct elf_object *object, int protection)
{
    uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    bool done = true;
    for (unsigned i = 0; i < object->header_count; i++) {
        const ElfW(Phdr) *header = &object->headers[i];
        uintptr_t start = (object->base + header->p_vaddr) & ~(page_bytes - 1);
        uintptr_t end = (object->base + header->p_vaddr + header->p_memsz) & ~(page_bytes - 1);
        if (header->p_type == PT_GNU_RELRO && start < end)
            done = mprotect((void *)start, end - start, protection) == 0 && done;
    }
    return done;
}

bool imports_open(const struct elf_object *object)
{
    /* Bounded, because the thread that has them open may be this very one, in a signal handler further up. */
    for (unsigned turn = 0; atomic_exchange_explicit(&open_somewhere, true, memory_order_acquire); turn++) {
        if (turn == 2000)
            return false;
        usleep(50);
    }
    if (set_protection(object, PROT_READ | PROT_WRITE))
        return true;
    imports_close(object);
    return false;
}

void imports_close(const struct elf_object *object)
{
    set_protection(object, PROT_READ);
    atomic_store_explicit(&open_somewhere, false, memory_order_release);
}

void imports_after_fork_child(void)
{
    atomic_store_explicit(&open_somewhere, false, memory_order_relaxed);
}

/* ---- a copy's calls of its own functions -------------------------------------------------------------------------------------------- */

#define EARLIER_LIMIT 16u

/* Who comes before a copy in the order in which the linker looks for a function. */
struct search_order {
    struct elf_object earlier[EARLIER_LIMIT]; /* than libholdfast: the main program, other preloads */
    unsigned earlier_count;
    bool known;
    const char *deallocator;
};

static void learn_search_order(struct search_order *order)
{
    struct elf_place place;
    uintptr_t low, high;
    elf_own_range(&low, &high);
    order->earlier_count = 0;
    order->known = false;
    if (!elf_place(low, &place))
        return;
    for (const struct link_map *map = place.map->l_prev; map != NULL; map = map->l_prev) {
        struct elf_place earlier;
        if (map->l_ld == NULL) /* a static program has no names to find */
            continue;
        if (order->earlier_count == EARLIER_LIMIT || !elf_place((uintptr_t)map->l_ld, &earlier) || earlier.map != map ||
            !elf_open_place(&order->earlier[order->earlier_count], &earlier))
            return;
        order->earlier_count++;
    }
    order->known = true;
}

/* Would the linker bind the name to Holdfast's wrapper? */
static bool leads_to_wrapper(const struct search_order *order, const char *name)
{
    if (!order->known)
        return false;
    for (unsigned i = 0; i < order->earlier_count; i++)
        if (elf_symbol(&order->earlier[i], name) != NULL)
            return false;
    return true;
}

/* Holdfast also stands before some functions of the C library, which a copy may bring itself (an allocator). None begins with a capital. */
static bool is_wrapped(const char *name)
{
    return (name[0] >= 'A' && name[0] <= 'Z') || function_by_name(name) >= 0;
}

static bool bind_own_call(const struct elf_object *object, const struct import_slot *slot, void *context)
{
    const struct search_order *order = context;
    const ElfW(Sym) *symbol = slot->symbol;
    uintptr_t function = object->base + symbol->st_value;
    if (symbol->st_shndx == SHN_UNDEF || symbol->st_value == 0 || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || function < object->low || function >= object->high)
        return true;
    uintptr_t target = __atomic_load_n(slot->address, __ATOMIC_RELAXED);
    bool to_us = elf_is_own(target) ? is_wrapped(slot->name)
                                    : target != function && slot_is_unbound(object, slot) && slot->name[0] != '_' && function_by_name(slot->name) >= 0 && leads_to_wrapper(order, slot->name);
    if (to_us)
        __atomic_store_n(slot->address, function, __ATOMIC_RELEASE);
    return true;
}

static bool bind_deallocator(const struct elf_object *object, const struct import_slot *slot, void *context)
{
    const struct search_order *order = context;
    if (strcmp(slot->name, order->deallocator) != 0)
        return true;
    bind_own_call(object, slot, context);
    return false;
}

bool imports_bind_own_calls(const struct elf_object *object, const char *deallocator)
{
    struct search_order order = {.deallocator = deallocator};
    learn_search_order(&order);
    if (!imports_open(object))
        return false;
    imports_visit(object, SLOTS_CALLED, bind_own_call, &order);
    if (deallocator != NULL)
        imports_visit(object, SLOTS_POINTED, bind_deallocator, &order);
    imports_close(object);
    return true;
}
