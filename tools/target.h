/* A running process under Holdfast, as seen through /proc/PID/mem: it is not stopped, and whoever may not do that is told so by the kernel. Nothing that is read there is
 * believed: numbers are compared with what they must lie in. */
#ifndef HOLDFAST_TOOLS_TARGET_H
#define HOLDFAST_TOOLS_TARGET_H

#include "control_block.h"
#include "reader.h"
#include <sys/types.h>

struct target {
    pid_t pid;
    int memory; /* /proc/PID/mem, -1: closed */
    uint64_t block; /* address of its control block */
    struct control_block copy;
};

/* `holdfast run` that waits for its program is meant to be that: the shell told its number. Any other process is itself. */
pid_t program_of_run(pid_t pid);

/* Finds the control block of `target->pid`. False after a complaint of `command`. `write`: requests are to be written. */
bool target_open(struct target *target, const char *command, bool write);
void target_close(struct target *target);

/* Reads the control block again; false: the process has ended. */
bool target_refresh(struct target *target);
bool target_header(const struct target *target, struct arena_header *header);
/* Its arena into an empty file that reader_open() can read. */
bool target_copy_arena(const struct target *target, int file);

/* A running process by its number, whose record is read, or else its memory; or a record by its name. False after a complaint of `command`. `young_missing`: its
 * young handles lie outside of its arena. */
bool open_input(const char *command, const char *input, struct reader *reader, bool *young_missing);

#endif
