/* Which process wrote an arena, and does it live? A pid alone does not say: numbers come again. Any thread, any context; allocates nothing. */
#ifndef HOLDFAST_TRACKER_PROCESS_H
#define HOLDFAST_TRACKER_PROCESS_H

#include "layout.h"

/* Ticks since the machine's start; 0: there is no such process, or no /proc. */
uint64_t process_start(uint32_t pid);
/* Of this machine since its start; 0: not known. */
uint64_t process_boot(void);
/* What pids of this process count in; 0: not known. */
uint64_t process_pid_namespace(void);

enum process_life { PROCESS_GONE, PROCESS_LIVES, PROCESS_UNKNOWN /* another machine, boot or container */ };
enum process_life process_life(const struct arena_header *header);

#endif
