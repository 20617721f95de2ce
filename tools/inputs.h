/* The inputs of `holdfast report`: each reader puts what a file tells into the findings, and what is wrong with it as a problem.
 * A reader never ends the command: the other files are still shown. */
#ifndef HOLDFAST_TOOLS_INPUTS_H
#define HOLDFAST_TOOLS_INPUTS_H

#include "findings.h"
#include <stdio.h>

/* What is the same for all logs of a command. All zero to begin with. */
struct log_reading {
    struct glances *glances; /* see glance.h */
    void (*progress)(void *context, uint64_t bytes); /* now and then, with the bytes of this file so far; NULL: nobody asks */
    void *context;
};
void log_reading_end(struct log_reading *reading);

/* Text logs and JSON Lines, also mixed with the program's own output (a saved stderr) and compressed by gzip. Closes `descriptor`. `among_others`: one of all files of a
 * directory, where one that has nothing of Holdfast's is no mistake. */
void read_log(struct findings *findings, struct log_reading *reading, const char *file, int descriptor, bool among_others);

/* What `holdfast report --format json` wrote. */
void read_json_report(struct findings *findings, const char *file);

/* Does it begin as an arena does? Rewinds it. */
bool is_arena(FILE *stream);

/* The arena of a running, ended or killed process. */
void read_arena(struct findings *findings, const char *file);

/* Is this arena sound? Says so on standard output. */
enum arena_soundness { ARENA_SOUND, ARENA_DAMAGED };
enum arena_soundness check_arena(const char *file);

/* The record of a live process, as a path that can be opened; free() it. NULL, and said on standard error: it has none. */
char *record_of_process(const char *pid);
/* The same, and nothing is said. */
char *find_record(const char *pid);

#endif
