/* How much a rule matters to this user: option `rules=HF106=off,leaked=error`. Pure functions over what they are given: any thread, no malloc. */
#ifndef HOLDFAST_TRACKER_LEVELS_H
#define HOLDFAST_TRACKER_LEVELS_H

#include "rules.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* LEVEL(name, word): the name is what one writes, the word is the severity in a log. */
#define RULE_LEVELS(X)                                                                                               \
    X(off, "off")        /* neither logged nor counted */                                                            \
    X(advice, "advice")  /* logged with advice=1 only */                                                             \
    X(warn, "warning")   /* logged, no error of the process */                                                       \
    X(error, "error")    /* makes the exit status bad where that was asked for */                                    \
    X(fatal, "fatal")    /* an error, and the process ends after the report */

enum rule_level {
#define X(name, word) LEVEL_##name,
    RULE_LEVELS(X)
#undef X
    LEVEL_COUNT
};

#define RULE_SLOTS 32

struct rule_levels {
    uint8_t of[RULE_SLOTS]; /* enum rule_level, by number - 100 */
};

/* Every rule at the level of its severity. */
void rule_levels_default(struct rule_levels *levels);
enum rule_level rule_level(const struct rule_levels *levels, unsigned number);
/* "off", "advice", "warning", "error", "fatal" */
const char *level_word(enum rule_level level);
/* Apply a list "RULE=LEVEL,..." over what is there; RULE is HF106, 106, a name, or `all`. What is wrong in it is left out, the rest holds. Returns
 * the number of mistakes and describes the first one with its remedy in `error`. */
unsigned rule_levels_apply(struct rule_levels *levels, const char *text, size_t length, char *error, size_t error_bytes);

#endif
