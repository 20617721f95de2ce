/* The record: the arena as a file, readable at any instant, also when the process was killed. Option `record` and its kin.
 *
 * record_open() at activation and record_after_fork_child() say where the arena goes; record_ended() when the process ends by itself. Nothing here
 * allocates, and all but opening is safe in a signal handler.
 */
#ifndef HOLDFAST_SHIM_RECORD_H
#define HOLDFAST_SHIM_RECORD_H

#include "layout.h"
#include <stdbool.h>
#include <stddef.h>

/* Is one asked for? */
bool record_wanted(void);
/* Open the tracker in the file that `record` asks for, after removing old ones beyond record_files. False, with one sentence in `error`: it cannot be. */
bool record_open(char *error, size_t error_bytes);
/* In fork's child, before tracker_after_fork_child(): the name of its file, NULL when there is to be none. */
const char *record_path_for_child(void);
/* In fork's child, when it has its arena. */
void record_after_fork_child(void);
/* The process is about to end in this way, after all that it had to say: its record goes unless there is something in it, or record_keep. Also
 * from vfork's child, for which nothing happens. */
void record_ended(enum arena_state state);
/* An exec that failed: all goes on. */
void record_goes_on(void);

/* ends.c, at load. */
void ends_prepare(void);

#endif
