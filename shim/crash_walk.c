/* The native stack of a crash, followed from the registers that the kernel saved: see crash.h.
 *
 * By the same rows as every other stack (unwind_row.h). What has none of a known shape is stepped over by its frame pointer where that can be one. The stack may be
 * anything: whoever calls this guards it, and what was found until then stays. No lock (glibc 2.35 and later), nothing of the dynamic linker's.
 */
#include "crash.h"
#include "elf_object.h"
#include "unwind_row.h"
#include <stdio.h>
#include <string.h>

struct registers {
    uintptr_t instruction, sp, fp;
    bool interrupted; /* instruction is the one that was about to be executed; else what a call returns to */
};

static bool is_code(uintptr_t address)
{
    struct elf_place place;
    return address > 4096 && elf_place(address, &place);
}

static uintptr_t word_at(uintptr_t place)
{
    return *(const volatile uintptr_t *)place;
}

static uintptr_t inside(const struct registers *at)
{
    return at->interrupted ? at->instruction : at->instruction - 1;
}

static uintptr_t place_of(const struct registers *at, unsigned where, int32_t offset, uintptr_t cfa)
{
    uintptr_t base = where == PLACE_CFA ? cfa : where == PLACE_SP ? at->sp : at->fp;
    return base + (uintptr_t)(intptr_t)offset;
}

/* A jump to nowhere: a call of a null or wild pointer has just pushed where it came from. */
static bool step_from_nowhere(struct registers *at)
{
#if defined(__x86_64__)
    uintptr_t back = word_at(at->sp);
    if (!is_code(back - 1))
        return false;
    *at = (struct registers){.instruction = back, .sp = at->sp + 8, .fp = at->fp};
    return true;
#else
    (void)at;
    return false;
#endif
}

static bool step_by_frame_pointer(struct registers *at)
{
    const uintptr_t frame_limit = 1u << 20;
    if (at->fp % 8 != 0 || at->fp < at->sp || at->fp - at->sp > frame_limit)
        return false;
    uintptr_t outer = word_at(at->fp), back = word_at(at->fp + 8);
    if (!is_code(back - 1))
        return false;
    *at = (struct registers){.instruction = back, .sp = at->fp + 16, .fp = outer};
    return true;
}

static bool step(struct registers *at)
{
    struct unwind_row row = unwind_row_at(inside(at));
    if (row.kind != ROW_PLAIN)
        return step_by_frame_pointer(at);
    uintptr_t cfa = (row.cfa == CFA_SP || row.cfa == CFA_AT_SP ? at->sp : at->fp) + (uintptr_t)(intptr_t)row.cfa_offset;
    if (row.cfa == CFA_AT_SP || row.cfa == CFA_AT_FP)
        cfa = word_at(cfa);
    if (row.return_place == PLACE_NONE)
        return false;
    struct registers next = {
        .instruction = word_at(place_of(at, row.return_place, row.return_offset, cfa)),
        .fp = row.fp_place == PLACE_NONE ? at->fp : word_at(place_of(at, row.fp_place, row.fp_offset, cfa)),
        .sp = cfa,
        .interrupted = row.signal,
    };
    if (next.sp == at->sp && next.instruction == at->instruction)
        return false;
    *at = next;
    return true;
}

static bool ends_here(const struct registers *at)
{
    struct unwind_row row = unwind_row_at(inside(at));
    return row.kind == ROW_PLAIN && row.return_place == PLACE_NONE;
}

void crash_walk(struct crash_stack *stack, const struct crash *crash)
{
    struct registers at = {crash->instruction, crash->sp, crash->fp, true};
    stack->count = 0;
    stack->truncated = false;
    stack->incomplete = true;
    stack->instruction[stack->count++] = at.instruction;
    if (!is_code(at.instruction)) {
        if (!step_from_nowhere(&at) && !step_by_frame_pointer(&at))
            return;
        stack->instruction[stack->count++] = inside(&at);
    }
    while (step(&at)) {
        if (at.instruction == 0 || !is_code(inside(&at)))
            return;
        if (stack->count == CRASH_DEPTH) {
            stack->truncated = true;
            stack->incomplete = false;
            return;
        }
        stack->instruction[stack->count++] = inside(&at);
    }
    stack->incomplete = !ends_here(&at);
}

bool crash_walk_finds(const struct crash *crash, const char *function)
{
    struct registers at = {crash->instruction, crash->sp, crash->fp, true};
    for (unsigned steps = 0; steps < 8; steps++) {
        const char *module;
        uintptr_t offset, distance;
        char symbol[32];
        crash_symbol(inside(&at), &module, &offset, symbol, sizeof symbol, &distance);
        if (strcmp(symbol, function) == 0)
            return true;
        if (!step(&at))
            return false;
    }
    return false;
}

bool crash_walk_meets(const struct crash *crash, uintptr_t address)
{
    struct registers at = {crash->instruction, crash->sp, crash->fp, true};
    if (!is_code(at.instruction) && !step_from_nowhere(&at) && !step_by_frame_pointer(&at))
        return false;
    for (unsigned steps = 0; steps < 256; steps++) {
        uintptr_t sp = at.sp;
        bool own = elf_is_own(inside(&at));
        if (!step(&at))
            return false;
        if (own && address >= sp && address < at.sp)
            return true;
    }
    return false;
}

void crash_symbol(uintptr_t address, const char **module, uintptr_t *offset, char *symbol, size_t symbol_bytes, uintptr_t *distance)
{
    struct elf_place place;
    struct elf_object object;
    uintptr_t start;
    *module = "";
    *offset = address;
    *distance = 0;
    if (symbol_bytes != 0)
        symbol[0] = '\0';
    if (!elf_place(address, &place))
        return;
    *module = elf_path(place.map);
    *offset = address - place.map->l_addr;
    const char *name = symbol_bytes != 0 && elf_open_place(&object, &place) ? elf_nearest_symbol(&object, address, &start) : NULL;
    if (name == NULL)
        return;
    *distance = address - start;
    snprintf(symbol, symbol_bytes, "%.*s", (int)symbol_bytes - 1, name);
}

const char *crash_native_name(uintptr_t address, const char *path, char *name, unsigned name_bytes)
{
    const char *module;
    uintptr_t offset, distance;
    char symbol[96];
    crash_symbol(address, &module, &offset, symbol, sizeof symbol, &distance);
    if (name_bytes != 0 && symbol[0] != '\0' && strcmp(module, path) == 0)
        snprintf(name, name_bytes, "%s+%#lx", symbol, (unsigned long)distance);
    return path;
}
