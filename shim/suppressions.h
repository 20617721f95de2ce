/* Violations that the user knows of and does not want to hear: option suppressions=FILE. The language is in suppress.h of the tracker. */
#ifndef HOLDFAST_SHIM_SUPPRESSIONS_H
#define HOLDFAST_SHIM_SUPPRESSIONS_H

#include "report.h"

#define SUPPRESSION_BLOCK_BYTES 8192

/* Read the files of the option. One line on stderr for a mistake; the rest holds. At activation, one thread. */
void suppressions_load(void);
/* Is this violation suppressed? Counts the match. Any thread, no lock held. */
bool suppressions_cover(const struct violation *violation);
/* Matches so far. */
uint64_t suppressions_matched(void);
/* What one entry did, for the closing words: false when there is no entry `index`. `count` 0: it was not used. */
struct suppression_use {
    const char *name, *file;
    uint32_t line;
    uint64_t count;
};
bool suppressions_use(unsigned index, struct suppression_use *use);
/* False where nothing can be said of the unused ones: in a child of fork, which did not run the whole program. */
bool suppressions_may_be_unused(void);
void suppressions_after_fork_child(void);
/* An entry that suppresses exactly what is logged once for this violation; returns its length, 0 where no stack tells it from others. */
size_t suppressions_generate(const struct violation *violation, const char *message, char *block, size_t bytes);

#endif
