/* What the inputs of `holdfast report` told: violations, each once with its count, notices, totals and problems.
 *
 * A violation is kept as the JSON object that the log's schema 1 describes (holdfast.1, LOG SCHEMA), whatever it was read from.
 * One that came from a text log has only "rule", "name", "severity", "message", "pid" and "text", its lines as they stood. */
#ifndef HOLDFAST_TOOLS_FINDINGS_H
#define HOLDFAST_TOOLS_FINDINGS_H

#include "suppressor.h"
#include "symbolize.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEMA_VERSION 1

struct finding {
    json_t *violation;
    json_t *processes; /* array of process ids that had it */
    json_t *workers;   /* array of {"pid", "host", "worker", "task"}: who had it, each once; what nobody said is missing */
    char *signature;   /* equal for the same violation at the same place */
    char *place;       /* the user's line, for the summary */
    json_int_t count;  /* times it was logged */
    int64_t first_seen, last_seen; /* ms since 1970 of the earliest and the latest of them; 0: nobody said when (a text log) */
    int suppression;   /* entry of the suppressor, -1: it is shown */
    bool logged;       /* a log told it, not only a record */
};

struct findings {
    struct finding *items;
    size_t count;
    json_t *notices;  /* array of notice objects */
    json_t *problems; /* array of {"file", "message"}: what could not be read */
    json_t *totals;   /* object: "repeats", "refused", "held" summed over the summaries */
    size_t files;     /* inputs that could be read */
    json_t *records, *pictures; /* see records.h; NULL: nobody wants them */
    size_t records_left_out;
    struct symbolizer *symbolizer;
    struct suppressor *suppressor; /* NULL: nothing is suppressed */
};

void findings_open(struct findings *findings);
void findings_close(struct findings *findings);

/* Each takes over the object. A violation must have a rule of the form HFnnn. */
void findings_add_violation(struct findings *findings, json_t *violation);
/* The same of a record: what a log has told of that process already is neither shown nor counted again. Logs come first. */
void findings_add_recorded(struct findings *findings, json_t *violation);
void findings_add_notice(struct findings *findings, json_t *notice);
void findings_add_summary(struct findings *findings, json_t *summary);
__attribute__((format(printf, 3, 4))) void findings_add_problem(struct findings *findings, const char *file,
                                                                const char *format, ...);

/* After the last one was added: take out what is suppressed, and count it. */
void findings_settle_suppressions(struct findings *findings);

/* Not the user's own line: a file of the interpreter's library or of an installed package. */
bool is_installed(const char *file);

/* The tables under the reports, most frequent first: arrays of {"rule","name","severity","count"} and {"place","rules","count"}. */
json_t *findings_by_rule(const struct findings *findings);
json_t *findings_by_place(const struct findings *findings);

/* A string member, "" when it is missing or no string. */
const char *member(const json_t *object, const char *name);
json_int_t member_number(const json_t *object, const char *name);

/* "2026-01-02T03:04:05.678Z", fraction and seconds may be missing: ms since 1970, 0 when it is no time. */
int64_t time_from_text(const char *text);
/* The same the other way round, to be freed; "" for 0. */
char *time_to_text(int64_t milliseconds);

/* A JSON string of any bytes: what is not UTF-8 (file names may not be) becomes '?'. */
json_t *json_text(const char *text);

#endif
