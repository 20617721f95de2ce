/* Stacks: native frames from the call frame information, Python frames by python.h, kept in the tracker's depot.
 * Any thread; not from a signal handler; must not be called with the tracker locked. */
#ifndef HOLDFAST_SHIM_STACK_H
#define HOLDFAST_SHIM_STACK_H

#include <stdint.h>

/* The stack of the calling thread from the wrapped call with this return address outwards: frames of Holdfast itself are left out,
 * native frames from the interpreter's evaluation function outwards too (Python frames stand for them). Returns
 * a stack id of the tracker, 0 when none could be taken. */
uint32_t stack_here(uintptr_t return_address);

/* A stack of the one frame that this return address lies in. */
uint32_t stack_of_caller(uintptr_t return_address);

/* The same stack from the first frame on that lies in none of the libraries. */
uint32_t stack_without_libraries(uint32_t stack);

/* Where in the process a native frame word lies: for the live log. `name` gets "symbol+0x12" with the nearest exported symbol,
 * or "" ; returns the module's path ("" if unknown). */
const char *stack_native_name(uint64_t word, char *name, unsigned name_bytes);

/* How many of the stacks taken so far were remembered ones. */
uint64_t stacks_fast_taken(void);

/* With verify_stacks=1: say at the end how many stacks were compared with the unwinder's. */
void stack_tell_verified(void);

/* In fork's child. */
void stack_after_fork_child(void);

/* The word of one frame of native code. Writes to the tracker's depot. */
uint64_t stack_native_word(uintptr_t instruction);

#endif
