/* Reports: one violation with its biography, as text or JSON Lines. Any thread, no lock held. */
#ifndef HOLDFAST_SHIM_REPORT_H
#define HOLDFAST_SHIM_REPORT_H

#include "effects.h"
#include "rules.h"

#define DESCRIPTION_BYTES 320

/* All that a report says, copied while the tracker was locked, so that it stays true while it is written. */
struct violation {
    unsigned rule;
    enum report_action action;
    uint16_t function; /* the call that is wrong now */
    stack_id used;
    uintptr_t address;
    uint16_t kind;
    uint8_t provider;
    bool freeing;                         /* the wrong call is itself a free */
    bool giving;                          /* it gives the handle away instead of freeing it */
    bool by_member;                       /* a member that the handle had taken was freed by somebody else */
    char handle[DESCRIPTION_BYTES];       /* "band 1 of dataset 'r.tif'" */
    char parent[DESCRIPTION_BYTES];       /* what died and took it along, "" if it died itself */
    uint16_t parent_kind;
    uintptr_t parent_address;
    bool has_birth, has_death;
    bool no_death_function;               /* where it died is known, but not by which function */
    uint16_t birth_function, death_function;
    stack_id obtained, freed;
    bool has_other;                       /* HF112: what another thread was doing meanwhile */
    uint16_t other_function;
    stack_id other;
    int other_thread;
    bool no_call;                         /* a state was found (HF115, HF116): no call is wrong, there is no `used`, `function` means nothing */
    uint32_t count;                       /* handles that this report is about, where it is one for a group; 0: just one */
    char examples[DESCRIPTION_BYTES];     /* of a group, a line each; the first one is `handle` */
    const char *expected;                 /* HF109: words of the kind that is expected; HF110: the right free ("GDALClose"); NULL if unknown. A constant. */
    char note[160]; /* one more fact, "" */
};

/* Fill in everything but used, action and note from the records. `dead` is what died, or is held (may equal `id`). [tracker locked] */
void violation_describe(struct violation *violation, unsigned rule, uint16_t function, handle_id id, handle_id dead);
/* The report about handles of one origin, without a call: the first handle, then further ones that are counted and, up to three, named. [tracker locked] */
void violation_describe_group(struct violation *violation, unsigned rule, handle_id id);
void violation_add_to_group(struct violation *violation, handle_id id);
/* Words for a handle. [tracker locked] */
void describe_handle(handle_id id, char *buffer, size_t bytes);

/* Log it once in full, count it afterwards. Returns the one-sentence text for the library's own error channel in `sentence`, also where
 * nothing is logged. False when the user wants to hear nothing of it: then nothing done about it may be counted or told either. */
bool report_violation(const struct violation *violation, char *sentence, size_t sentence_bytes);
/* A line that is no violation: bad options, bounds. */
void report_notice(const char *text);
/* Of the violation with this number (kept.h): its rule, and its report as text, of which the length is returned; 0: it is not kept. */
unsigned report_rule_of(uint64_t number);
size_t report_text_of(uint64_t number, char *buffer, size_t bytes);
/* All handles that are alive, a line each, as far as they are not too many. Returns how many they are. */
uint64_t report_handles(void);
/* While options that reports read are changed: no report is under way. */
void report_hold(void);
void report_let_go(void);
/* Is this thread inside a report, further up? */
bool report_is_interrupted(void);
/* The closing line; writes nothing when there was nothing to say. */
void report_summary(void);
/* With stats=1: what Holdfast counted of its own work, how full its arena is and what it dropped, even where it has nothing else to say. */
void report_stats(void);
/* Would a report of this rule be written? For what is only looked for on request. */
bool report_wanted(unsigned rule);
/* Errors (not warnings) logged or counted so far. */
uint64_t report_errors(void);
void report_after_fork_child(void);
/* One line on stderr if log_path cannot be written. Called at activation. */
void report_check_log(void);

#endif
