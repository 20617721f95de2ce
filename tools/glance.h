/* A cheap look at a line of JSON before it is parsed: most lines of a fleet's logs tell of a violation that was told before, by somebody else, at another time.
 *
 * Exact: a line is recognised only if it is valid JSON whose rule, function and stacks are byte for byte those of one that was parsed. Whatever is in the least
 * unusual about it (an escape in a name, a member twice, a number that is no plain integer) is left to the parser. */
#ifndef HOLDFAST_TOOLS_GLANCE_H
#define HOLDFAST_TOOLS_GLANCE_H

#include "findings.h"
#include <stdbool.h>

struct glances; /* what was seen so far */

struct glances *glances_open(void);
void glances_close(struct glances *glances);

/* What a line is, when it could be seen at a glance. */
struct glance {
    struct sighting sighting;
    struct sighting_text rule, function, stacks; /* in the line */
};

/* Is this line a violation of which nothing unusual is to be said? */
bool glance_at(struct glances *glances, const char *line, size_t bytes, struct glance *glance);

/* The finding that such lines belong to, as findings_add_violation() told; FINDING_NONE: not known. */
uint32_t glance_find(struct glances *glances, const struct glance *glance);
void glance_remember(struct glances *glances, const struct glance *glance, uint32_t finding);

#endif
