/* Postponed frees: carried out when the last live child is gone, a bound bites, another call needs the file, or at exit.
 * Any thread, no lock of Holdfast held. */
#ifndef HOLDFAST_SHIM_HOLD_H
#define HOLDFAST_SHIM_HOLD_H

#include "effects.h"

/* A live child of the postponed handle is gone (a proxy died, a dependant was freed): carry the free out if it is due. */
void hold_children_may_be_gone(uint32_t waiting_ancestor, uint32_t serial);

/* May this handle be held at all right now: harmless, not open for writing, descriptors to spare? [tracker locked] */
bool hold_allowed(const struct handle_record *record);
/* [tracker locked] Is the free of a parent with this living dependant a mistake in itself? (frees.c) */
bool is_due_at_free(handle_id child);
/* Postpone: [tracker locked] put it into the queue with what is needed to repeat the call later. False: there is no room for it in the arena, and
 * nothing changed. */
bool hold_push(struct call *call, handle_id id, const uintptr_t *arguments, bool grace, bool refused);
/* [tracker locked] A handle grew up whose free was postponed while it was young: the same as hold_push(), for a function of one argument. */
void hold_grown_up(handle_id id, uintptr_t argument, bool grace);
/* Before hold_push, unlocked: write what the library still has in memory, as the free would. Not afterwards: any thread may carry out what is
 * in the queue. */
void hold_flush(const struct view *view, uint16_t kind, uintptr_t address);
/* After hold_push, unlocked: carry out what is beyond the bounds. */
void hold_enforce_bounds(void);

/* Carry out what is held on the file `path` or one that belongs to it. */
void hold_settle_file(const char *path);
/* Carry out what is held on any file, or, with `everything`, whatever is held. */
void hold_settle_all(bool everything);
/* Carry out what was postponed, for a mode that postpones nothing: not what was refused, which is the caller's to free again. How many could not be, because
 * they are in use on another thread this very moment. */
unsigned hold_settle_postponed(void);
/* [tracker locked] What was refused is no longer watched: it is the caller's to free again, or lost. */
void hold_drop_refused(void);
/* The number that the next descriptor of this process will get, -1 if there is none to spare. */
int hold_next_descriptor(void);
/* Age bound, at most once a second. */
void hold_check_age(void);
/* Quick test: is anything held at all? */
bool hold_any(void);
/* Children first, then this one, whatever is alive. */
void hold_release(handle_id id, uint32_t serial);

#endif
