/* Kept violations: see kept.h. Nothing is allocated; the pages of the ring are touched when something happens. */
#include "kept.h"
#include "who.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define RING 128u /* as holdfast.h says */
_Static_assert(sizeof((struct kept *)0)->task == WHO_TASK_BYTES, "a task fits");

static struct kept ring[RING];
static _Atomic uint64_t total, of_rule[32]; /* by number - 100 */

static uint64_t next_number(unsigned rule)
{
    atomic_fetch_add(&of_rule[(rule - 100) & 31], 1);
    return atomic_fetch_add(&total, 1);
}

void kept_add(const struct violation *violation, enum rule_level level)
{
    uint64_t number = next_number(violation->rule);
    struct kept *kept = &ring[number % RING];
    kept->number = number + 1;
    kept->level = level;
    snprintf(kept->task, sizeof kept->task, "%s", who_task());
    kept->violation = *violation;
}

void kept_count(unsigned rule)
{
    next_number(rule);
}

uint64_t kept_number(unsigned rule)
{
    return rule == 0 ? atomic_load(&total) : atomic_load(&of_rule[(rule - 100) & 31]);
}

const struct kept *kept_find(uint64_t number)
{
    const struct kept *kept = &ring[number % RING];
    return kept->number == number + 1 ? kept : NULL;
}

/* The child counts for itself, and what its parent did is not its doing. */
void kept_after_fork_child(void)
{
    if (atomic_load(&total) == 0)
        return;
    atomic_store(&total, 0);
    for (unsigned i = 0; i < 32; i++)
        atomic_store(&of_rule[i], 0);
    for (unsigned i = 0; i < RING; i++)
        ring[i].number = 0;
}
