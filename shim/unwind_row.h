/* How one frame of native code leads to its caller: a row of the call frame information (.eh_frame), in the few shapes that compilers
 * make of it on x86-64.
 *
 * A row says of every word of memory and every register that the step depends on, so whoever follows rows knows exactly what a walk
 * depended on. The compiler's own unwinder does not tell that.
 */
#ifndef HOLDFAST_SHIM_UNWIND_ROW_H
#define HOLDFAST_SHIM_UNWIND_ROW_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

enum unwind_row_kind {
    ROW_NONE,      /* no object holds this code: it was made at run time. The unwinder goes no further */
    ROW_END,       /* its object has no information about it. The same */
    ROW_ELABORATE, /* there is, in a shape that this table has no words for: the unwinder has to be asked */
    ROW_PLAIN,
};

enum unwind_cfa {
    CFA_SP,    /* stack pointer + offset */
    CFA_FP,    /* rbp + offset */
    CFA_AT_SP, /* the word at stack pointer + offset: the kernel's frame of a signal handler */
    CFA_AT_FP, /* the word at rbp + offset: a function that realigned its stack */
};

enum unwind_place {
    PLACE_NONE, /* return address: there is none, the stack ends here. rbp: it is the caller's still */
    PLACE_CFA,  /* in memory, at canonical frame address + offset */
    PLACE_SP,
    PLACE_FP,
};

struct unwind_row {
    int32_t cfa_offset, return_offset, fp_offset;
    uint8_t kind; /* enum unwind_row_kind; the rest is for ROW_PLAIN only */
    uint8_t cfa : 4;
    uint8_t signal : 1; /* the caller was interrupted: its address is that of the next instruction, not of one behind a call */
    uint8_t return_place;
    uint8_t fp_place;
};

/* The row of the instruction at this address (for a return address: the one before it), which must be mapped. Any thread; no lock with glibc 2.35 and later;
 * the same address gives the same row until its object is unloaded, but ROW_NONE only until one is loaded there. */
struct unwind_row unwind_row_at(uintptr_t instruction);

#pragma GCC visibility pop

#endif
