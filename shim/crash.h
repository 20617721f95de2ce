/* When the program crashes: the report about it, and the death that it would have died anyway.
 *
 *   sigchain.c      what the program thinks it has installed for the five deadly signals; crash.c is what the kernel has
 *   crash.c         the handler: the program's own one, or the report and the end
 *   crash_walk.c    the native stack from the registers of the crash
 *   crash_report.c  what is said
 *
 * All of it is made for a thread in any state, with any lock held by anybody, on a stack and heap that may be destroyed: nothing allocates, nothing waits
 * without a bound, and whatever is read may fault (guarded()).
 */
#ifndef HOLDFAST_SHIM_CRASH_H
#define HOLDFAST_SHIM_CRASH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#pragma GCC visibility push(hidden)

#define CRASH_SIGNALS(X) X(SIGSEGV) X(SIGBUS) X(SIGILL) X(SIGFPE) X(SIGABRT)
#define CRASH_SIGNAL_COUNT 5

/* What is known of a signal that was delivered to this thread. */
struct crash {
    int signal;             /* that ends the process */
    int first_signal, code; /* of the first one, whose handler may have raised `signal` */
    pid_t sender;           /* of one that was sent, else 0 */
    bool has_address;       /* the signal tells the address of a fault */
    uintptr_t address;
    uintptr_t instruction, sp, fp; /* at the first one */
};

/* ---- crash.c */

void crash_activate(void);
/* This thread, which has call cell `number`, came to Holdfast: it gets an alternate stack if it has none. */
void crash_enter_thread(unsigned number);
void crash_after_fork_child(void);
/* The kernel's handler of all five signals. */
void crash_on_signal(int signal, siginfo_t *info, void *context);
/* Call `work`; false when it faulted. Its time is bounded together with everything else's. Only inside the report. */
bool crash_guarded(void (*work)(void *context), void *context);
/* Is this a report about a crash? Then nothing may ask the dynamic linker. */
bool crash_is_reporting(void);
/* The signal that this process crashed with, 0: it did not. */
int crash_signal(void);
/* Is this the alternate stack that crash.c gave to the calling thread? */
bool crash_stack_is_ours(const stack_t *stack);
/* Give it to the thread again, which gave up its own. */
void crash_stack_again(void);

/* arch.S: call function(argument, more) on another stack, whose upper end is `top`; the frame can be unwound. */
void crash_call_on_stack(void *top, void (*function)(void *, void *, void *), void *first, void *second, void *third);

/* ---- sigchain.c */

struct sigchain_handler {
    uintptr_t handler; /* SIG_DFL, SIG_IGN, or a function */
    int flags;
};

/* From now on the five signals are Holdfast's. */
void sigchain_activate(void);
/* And this one is dump.c's. */
void sigchain_watch(int signal);
/* What the program has installed, as far as it did so by the C library. */
struct sigchain_handler sigchain_handler(int signal);
/* The handler is called just once (SA_RESETHAND): the program has SIG_DFL from now on. */
void sigchain_reset(int signal);
/* The kernel gets SIG_DFL. The last that is done about this signal in this process. */
void sigchain_give_up(int signal);
void sigchain_after_fork_child(void);
/* Position of a signal among the five, -1: it is none of them. */
int sigchain_index(int signal);

/* ---- crash_walk.c */

#define CRASH_DEPTH 64u
struct crash_stack {
    unsigned count;
    bool truncated, incomplete; /* incomplete: it could not be followed to its end */
    uintptr_t instruction[CRASH_DEPTH];
};
void crash_walk(struct crash_stack *stack, const struct crash *crash);
/* Is one of its innermost frames in a function of this name? */
bool crash_walk_finds(const struct crash *crash, const char *function);
/* Is a frame of Holdfast's, in the stack of this crash, the one that `address` lies in? */
bool crash_walk_meets(const struct crash *crash, uintptr_t address);
/* Module and nearest exported symbol of an address, without the dynamic linker's locks. "" where they are not known. */
void crash_symbol(uintptr_t address, const char **module, uintptr_t *offset, char *symbol, size_t symbol_bytes, uintptr_t *distance);

/* stack_native_name() in a crash: the name and distance of a frame of the module `path`, which may be gone. */
const char *crash_native_name(uintptr_t address, const char *path, char *name, unsigned name_bytes);

/* ---- crash_report.c */

/* What is to be done once, before anything has happened. */
void crash_report_prepare(void);
void crash_report(const struct crash *crash);

#pragma GCC visibility pop

#endif
