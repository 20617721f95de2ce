/* Bounds that were reached: each is told once a process, with the option that raises it. */
#ifndef HOLDFAST_SHIM_LIMITS_H
#define HOLDFAST_SHIM_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* LIMIT(name, option, quiet, words). Quiet ones are reached by every program that runs long enough, so they are told only where there is something else to tell. */
#define LIMITS(X)                                                                                                                                      \
    X(space, "the memory that the process may have (ulimit -v), or arena_size to what it can have", true,                                                \
      "there was no room for the arena that was asked for, it is smaller")                                                                               \
    X(handles, "arena_size", false, "the arena is full: further handles are not followed, what goes wrong with them is not seen")                       \
    X(holds, "arena_size", false, "the arena is full: further frees are not postponed")                                                                  \
    X(relations, "arena_size", false, "the arena is full: of further handles it is not known what they live in")                                        \
    X(stacks, "arena_size", false, "the arena is full: further stacks are not kept, reports lack where things happened")                                \
    X(strings, "arena_size", false, "the arena is full: further names are not kept, reports lack what things are called")                               \
    X(fences, "fence_max and fence_bytes", true, "fences were lifted: the oldest freed handles are forgotten, a use that comes so late is not recognised") \
    X(signatures, "rules or suppressions", false, "4096 different violations were logged: further ones are counted only")

enum limit {
#define X(name, option, quiet, words) LIMIT_##name,
    LIMITS(X)
#undef X
    LIMIT_COUNT
};

/* Any thread and lock. */
void limit_reached(enum limit limit);
/* What the arena counted: was a bound reached there? Any thread and lock. */
void limits_look(void);
/* The arena is open, and is to have so many bytes by its options: is that what it has? Once. */
void limits_look_at_arena(uint64_t asked_bytes);
/* What was said there; 0: there is no arena. */
uint64_t limits_arena_asked(void);
/* Tell what was reached and not told yet; the quiet ones only with `all`, and what made the arena small where that is why it is full. No lock held. */
void limits_tell(bool all);
void limits_after_fork_child(void);

#endif
