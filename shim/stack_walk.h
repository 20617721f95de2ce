/* Walking native stacks by rows (unwind_row.h), and telling whether a stack is still the one that was walked before.
 *
 * Why a stack whose words are the same is the same stack: a walk is a function of the rows, which do not change while no object is
 * unloaded (unloads.h), of the place where it starts, and of the words of memory that it reads. It notes each of those words in the order
 * in which it reads them: return addresses; of saved frame pointers (rbp) those that a frame is left by, because it has no constant
 * size; the word below the frame pointer by which a realigned frame finds its caller; of a signal handler's frame what the kernel
 * saved. Starting from the same place, the first word that a new walk would read is the first that was noted. If it is unchanged, the
 * walk goes on to read the second one that was noted, and so on; so when all are unchanged, the new walk is the old one. Neither
 * the thread nor who owns the memory matters: another coroutine on the same stack, a thread on the stack of a dead one, a longjmp, an
 * exception in flight have changed a word, or it is the same stack. And comparing in that order reads nothing that a walk would not read.
 *
 * What cannot be walked so (ROW_ELABORATE, assembly without information) is left to the compiler's unwinder and never remembered.
 *
 * Any thread, also several at once with different tables. No lock but what unwind_row_at() takes, no allocation, no system call.
 * Nothing of the rest of the shim is used, so that a test can run this on memory of its own.
 */
#ifndef HOLDFAST_SHIM_STACK_WALK_H
#define HOLDFAST_SHIM_STACK_WALK_H

#include "unwind_row.h"

#pragma GCC visibility push(hidden)

#define DEPTH_LIMIT 64u /* of holdfast_options.stack_depth */
#define OWN_FRAMES 24u  /* Holdfast's frames inside the caller's are fewer than this */
/* Two words a frame in the usual case at the most; a signal frame has three. */
#define WORD_LIMIT (3 * (DEPTH_LIMIT + OWN_FRAMES))

/* A word of stack memory that the course of the stack depends on. */
struct stack_word {
    const uintptr_t *place;
    uintptr_t value;
};

/* What is known of the code at an address: valid as long as no object is unloaded. */
struct known_frame {
    uintptr_t instruction; /* 0: an empty slot */
    uint64_t word;         /* the tracker's word of this frame; 0: not asked for yet */
    struct unwind_row row;
};
#define KNOWN_FRAMES 1024u /* a table of them, direct-mapped; all zero in the beginning */

struct stack_walk {
    /* What is asked: set by the caller. */
    uintptr_t return_address;      /* of the wrapped call: the frame with it is the first to be kept */
    uintptr_t eval_low, eval_high; /* the interpreter's evaluation function, where the stack ends; empty without Python frames */
    uintptr_t own_low, own_high;   /* Holdfast itself: its frames are left out wherever they lie (an interpreter calls it when an object dies) */
    unsigned depth;                /* frames wanted */
    /* The answer. */
    bool truncated;  /* there were more than `depth` */
    bool changeable; /* it ends where code may be loaded later: right now, but not to be remembered */
    unsigned kept;
    uintptr_t instruction[DEPTH_LIMIT]; /* an address inside the call, or of the interrupted instruction */
    /* The words that it depended on, in the order in which they were read. */
    unsigned word_count;
    struct stack_word word[WORD_LIMIT];
};

/* Walk the stack from the frame of a function with a frame pointer outwards: frame[0] is the caller's rbp, frame[1] the return address.
 * False when it cannot be walked by rows. */
bool stack_walk(struct stack_walk *walk, struct known_frame *known, const uintptr_t *frame);

struct known_frame *stack_new_frame(struct known_frame *slot, uintptr_t instruction);

/* Where `instruction` belongs in the table; its row is read if it is not known yet. */
static inline struct known_frame *stack_known_frame(struct known_frame *known, uintptr_t instruction)
{
    struct known_frame *slot = &known[(instruction ^ (instruction >> 10) ^ (instruction >> 20)) % KNOWN_FRAMES];
    return slot->instruction == instruction && instruction != 0 ? slot : stack_new_frame(slot, instruction);
}

/* Behind the words that are remembered stands one that never matches, so that the comparison needs no count. */
static inline void stack_words_end(struct stack_word *end)
{
    *end = (struct stack_word){(const uintptr_t *)&end->place, 0};
}

/* The first word that is not as it was; the end if all are. */
static inline const struct stack_word *stack_words_compare(const struct stack_word *word)
{
    for (;; word += 4) {
        /* One after the other: a place is only looked at when all before it are as they were. */
        if (__atomic_load_n(word[0].place, __ATOMIC_RELAXED) != word[0].value)
            return word;
        if (__atomic_load_n(word[1].place, __ATOMIC_RELAXED) != word[1].value)
            return word + 1;
        if (__atomic_load_n(word[2].place, __ATOMIC_RELAXED) != word[2].value)
            return word + 2;
        if (__atomic_load_n(word[3].place, __ATOMIC_RELAXED) != word[3].value)
            return word + 3;
    }
}

#pragma GCC visibility pop

#endif
