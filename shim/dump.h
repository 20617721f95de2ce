/* What is known at this moment, for people, into the log: on request (holdfast_dump(), holdfast.h), and on a signal (dump_signal=). */
#ifndef HOLDFAST_SHIM_DUMP_H
#define HOLDFAST_SHIM_DUMP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Handles by kind and place, what is held, threads, counters. Returns how many handles are alive or held. Any thread, no lock of Holdfast held. */
uint64_t dump_write(void);
/* What a signal handler had to leave: another thread, or this one, was in the midst of a change. From control_look_slowly(). */
void dump_write_late(void);
/* The kernel's handler of dump_signal (sigchain.c). It goes on to the program's. */
void dump_on_signal(int signal, siginfo_t *info, void *context) __attribute__((visibility("hidden")));
/* Is this thread in that handler? Then nothing may ask the dynamic linker. */
bool dump_is_in_handler(void);
void dump_activate(void);
void dump_after_fork_child(void);

#endif
