/* Walking native stacks by rows: see stack_walk.h, which also has the proof on which the cache of stacks rests.
 *
 * The result is the one of the compiler's unwinder, frame for frame: the same descriptions are followed in the same way, and where that
 * one would do something else (end by another rule, read what is not understood here) the walk says that it cannot be done.
 */
#include "stack_walk.h"
#include <stddef.h>

__attribute__((noinline)) struct known_frame *stack_new_frame(struct known_frame *slot, uintptr_t instruction)
{
    slot->instruction = 0;
    slot->word = 0;
    slot->row = unwind_row_at(instruction);
    if (slot->row.kind != ROW_NONE) /* an object may be loaded there */
        slot->instruction = instruction;
    return slot;
}

#if defined(__x86_64__)

/* What is known of the registers in the frame that the walk has reached. */
struct registers {
    uintptr_t sp, fp;
    const uintptr_t *fp_place; /* where rbp was saved last */
    bool fp_known;             /* it was read, and noted */
};

static uintptr_t read_word(struct stack_walk *walk, uintptr_t place)
{
    uintptr_t value = __atomic_load_n((const uintptr_t *)place, __ATOMIC_RELAXED);
    walk->word[walk->word_count++] = (struct stack_word){(const uintptr_t *)place, value};
    return value;
}

static uintptr_t frame_pointer(struct stack_walk *walk, struct registers *registers)
{
    if (!registers->fp_known) {
        registers->fp = read_word(walk, (uintptr_t)registers->fp_place);
        registers->fp_known = true;
    }
    return registers->fp;
}

static uintptr_t place(struct stack_walk *walk, struct registers *registers, unsigned where, int32_t offset, uintptr_t cfa)
{
    uintptr_t base = where == PLACE_CFA ? cfa : where == PLACE_SP ? registers->sp : frame_pointer(walk, registers);
    return base + (uintptr_t)(intptr_t)offset;
}

/* To the caller: its return address, 0 at the end of the stack. */
static __attribute__((noinline)) bool step_anyhow(struct stack_walk *walk, struct registers *registers, const struct unwind_row *row,
                                                   uintptr_t *return_address)
{
    uintptr_t base = row->cfa == CFA_SP || row->cfa == CFA_AT_SP ? registers->sp : frame_pointer(walk, registers);
    uintptr_t cfa = base + (uintptr_t)(intptr_t)row->cfa_offset;
    if (row->cfa == CFA_AT_SP || row->cfa == CFA_AT_FP)
        cfa = read_word(walk, cfa);
    /* A stack only grows, unless a signal handler has one of its own. What the unwinder makes of others is its business. */
    if (row->return_place != PLACE_NONE && (cfa % 8 != 0 || (cfa <= registers->sp && !row->signal)))
        return false;
    *return_address = row->return_place == PLACE_NONE ? 0 : read_word(walk, place(walk, registers, row->return_place, row->return_offset, cfa));
    if (row->fp_place != PLACE_NONE) {
        registers->fp_place = (const uintptr_t *)place(walk, registers, row->fp_place, row->fp_offset, cfa);
        registers->fp_known = false;
    }
    registers->sp = cfa;
    return true;
}

static inline bool step(struct stack_walk *walk, struct registers *registers, const struct unwind_row *row, uintptr_t *return_address)
{
    if (row->cfa == CFA_SP && row->return_place == PLACE_CFA && row->fp_place != PLACE_SP && row->fp_place != PLACE_FP) { /* as most are */
        uintptr_t cfa = registers->sp + (uintptr_t)(intptr_t)row->cfa_offset;
        if (cfa % 8 != 0 || cfa <= registers->sp)
            return step_anyhow(walk, registers, row, return_address);
        *return_address = read_word(walk, cfa + (uintptr_t)(intptr_t)row->return_offset);
        if (row->fp_place == PLACE_CFA) {
            registers->fp_place = (const uintptr_t *)(cfa + (uintptr_t)(intptr_t)row->fp_offset);
            registers->fp_known = false;
        }
        registers->sp = cfa;
        return true;
    }
    return step_anyhow(walk, registers, row, return_address);
}

bool stack_walk(struct stack_walk *walk, struct known_frame *known, const uintptr_t *frame)
{
    struct registers registers = {.sp = (uintptr_t)(frame + 2), .fp_place = frame};
    bool begun = false, interrupted = false;
    unsigned own = 0;
    walk->kept = walk->word_count = 0;
    walk->truncated = walk->changeable = false;
    uintptr_t address = read_word(walk, (uintptr_t)(frame + 1));
    while (address != 0) {
        begun = begun || address == walk->return_address;
        if (!begun && ++own > OWN_FRAMES)
            return false;
        if (begun && address >= walk->eval_low && address < walk->eval_high)
            return true;
        uintptr_t instruction = interrupted ? address : address - 1;
        bool wanted = begun && !(instruction >= walk->own_low && instruction < walk->own_high);
        if (wanted && walk->kept == walk->depth) {
            walk->truncated = true;
            return true;
        }
        struct known_frame *slot = stack_known_frame(known, instruction);
        if (wanted)
            walk->instruction[walk->kept++] = instruction;
        if (slot->row.kind == ROW_NONE || slot->row.kind == ROW_END) {
            walk->changeable = slot->row.kind == ROW_NONE;
            return begun;
        }
        /* A frame reads four words at the most. */
        if (slot->row.kind == ROW_ELABORATE || walk->word_count + 4 > WORD_LIMIT || !step(walk, &registers, &slot->row, &address))
            return false;
        interrupted = slot->row.signal;
    }
    return begun;
}

#else /* where frames lie otherwise, the unwinder is always asked */

bool stack_walk(struct stack_walk *walk, struct known_frame *known, const uintptr_t *frame)
{
    (void)known;
    (void)frame;
    walk->kept = walk->word_count = 0;
    walk->truncated = false;
    walk->changeable = true;
    return false;
}

#endif
