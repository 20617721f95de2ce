/* The rules as data: see rules.def. */
#ifndef HOLDFAST_TRACKER_RULES_H
#define HOLDFAST_TRACKER_RULES_H

#include <stddef.h>

enum rule_severity { SEVERITY_advice, SEVERITY_warning, SEVERITY_error };

/* What Holdfast did about a violation: part of the log's schema. */
#define REPORT_ACTIONS(X)                                                                                            \
    X(logged, "logged only: the call went through")                                                                  \
    X(held, "the free is postponed: the memory stays valid")                                                         \
    X(refused, "the call was refused")                                                                               \
    X(kept, "the memory was kept alive: this call worked")                                                           \
    X(free_refused, "the free was refused: the parent stays usable, this call worked")                               \
    X(flushed, "the dataset was written and really closed: it is open for update")

enum report_action {
#define X(name, words) ACTION_##name,
    REPORT_ACTIONS(X)
#undef X
    ACTION_COUNT
};

struct rule {
    unsigned number; /* 101 for HF101 */
    const char *name;
    enum rule_severity severity;
    const char *summary;
    const char *explanation;
    const char *mending; /* what to do */
};

extern const struct rule rules[];
extern const size_t rule_count;

const struct rule *rule_by_number(unsigned number); /* NULL if there is none */
/* "HF101", "hf101", "101" or "stale-use"; NULL if there is none. */
const struct rule *rule_by_text(const char *text);
const char *severity_name(enum rule_severity severity);
const char *action_name(enum report_action action);
const char *action_words(enum report_action action);

#endif
