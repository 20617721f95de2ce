/* How many handles there are in a record: by kind, and by where they were made. */
#ifndef HOLDFAST_TOOLS_CENSUS_H
#define HOLDFAST_TOOLS_CENSUS_H

#include "reader.h"

#define CENSUS_KINDS 257u /* the last one: all kinds with a higher number, which no build writes */

struct census_kind {
    unsigned kind;
    uint64_t live, held, dead;
};

struct census_site {
    uint32_t stack;
    uint16_t kind, function;
    bool borrowed;
    uint32_t label; /* string, of one that has one */
    uint64_t live, held;
};

struct census {
    struct census_kind kinds[CENSUS_KINDS]; /* those that there are, most alive first */
    size_t kind_count;
    struct census_site *sites; /* most alive first */
    size_t site_count;
    uint64_t live, held, dead;
    uint64_t copies[ARENA_COPIES]; /* alive of each loaded copy of a library */
};

void census_take(struct census *census, const struct reader *reader);
void census_clear(struct census *census);

/* Did the process tell of a crash? */
bool census_crashed(const struct reader *reader);

/* The header's counters, with calls, visits and what these cost up to now: a process adds those of its threads up only now and then. */
void census_counters(const struct reader *reader, uint64_t counters[COUNTER_COUNT]);

#endif
