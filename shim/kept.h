/* The last violations of this process, kept for the program itself (holdfast_violation_text() and its like), whatever became of them in the log. */
#ifndef HOLDFAST_SHIM_KEPT_H
#define HOLDFAST_SHIM_KEPT_H

#include "levels.h"
#include "report.h"

/* Violations are numbered from 0 on in the order in which they come here. */
void kept_add(const struct violation *violation, enum rule_level level); /* [report lock held] */
/* One of which nothing can be kept: it has a number all the same. Any context. */
void kept_count(unsigned rule);
/* How many so far, of this rule, or of all (0). Any context. */
uint64_t kept_number(unsigned rule);

struct kept {
    uint64_t number; /* one more than its number, 0: nothing */
    enum rule_level level;
    char task[160]; /* of the thread, then */
    struct violation violation;
};
/* NULL: it is not kept. [report lock held], and good until it is given back. */
const struct kept *kept_find(uint64_t number);
void kept_after_fork_child(void);

#endif
