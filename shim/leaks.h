/* Leaks: owned handles that nobody freed (HF115), and origins whose live handles only grow (HF116). Any thread, the tracker unlocked. */
#ifndef HOLDFAST_SHIM_LEAKS_H
#define HOLDFAST_SHIM_LEAKS_H

#include "tracker.h"
#include <stddef.h>

enum leaks { LEAKS_off, LEAKS_data, LEAKS_all };

/* Tell of what is owned and alive, one report for each origin, what may lose data first. What was told once is not told again.
 * `which`: only what may lose data, or everything. Returns the number of handles told of. */
size_t leaks_report(enum leaks which);
/* The next owned handle that is alive, behind `id` (0: the first), and that became known after the one with serial `since`; 0: there is none. Told or not. What is young
 * must have grown up. */
struct leak {
    uintptr_t address;
    uint32_t serial;
    uint16_t kind;
    bool python;           /* a proxy holds it */
    char description[320]; /* DESCRIPTION_BYTES of report.h, which includes this */
    char place[400];
};
handle_id leaks_next(handle_id id, uint32_t since, struct leak *leak);
/* A handle was born. Now and then it looks at all that is alive. */
void growth_count_births(unsigned births);
void growth_after_fork_child(void);

#endif
