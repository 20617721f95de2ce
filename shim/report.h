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
    uint16_t birth_function, death_function;
    stack_id obtained, freed;
    char note[160]; /* one more fact, "" */
};

/* Fill in everything but used, action and note from the records. `dead` is what died, or is held (may equal `id`). [tracker locked] */
void violation_describe(struct violation *violation, unsigned rule, uint16_t function, handle_id id, handle_id dead);
/* Words for a handle. [tracker locked] */
void describe_handle(handle_id id, char *buffer, size_t bytes);

/* Log it once in full, count it afterwards. Returns the one-sentence text for the library's own error channel in `sentence`. */
void report_violation(const struct violation *violation, char *sentence, size_t sentence_bytes);
/* A line that is no violation: bad options, bounds. */
void report_notice(const char *text);
/* The closing line; writes nothing when there was nothing to say. */
void report_summary(void);
/* Errors (not warnings) logged or counted so far. */
uint64_t report_errors(void);
void report_after_fork_child(void);
/* One line on stderr if log_path cannot be written. Called at activation. */
void report_check_log(void);

#endif
