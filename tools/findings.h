/* What the inputs of `holdfast report` told: violations, each once with its count, notices, totals and problems.
 *
 * A violation is kept as the JSON object that the log's schema 1 describes (holdfast.1, LOG SCHEMA), whatever it was read from.
 * One that came from a text log has only "rule", "name", "severity", "message", "pid" and "text", its lines as they stood.
 *
 * What is kept grows with the number of different violations, never with that of records: lists end at the bounds below, and beyond FINDINGS_BYTES further
 * violations are counted only. Each bound that was reached is told. */
#ifndef HOLDFAST_TOOLS_FINDINGS_H
#define HOLDFAST_TOOLS_FINDINGS_H

#include "suppressor.h"
#include "symbolize.h"
#include "table.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEMA_VERSION 1

#define FINDING_WHO_MAX 100u       /* processes and workers that a finding names */
#define FINDINGS_SIGNATURE_MAX 32u /* findings of one signature (see signature.h); those at further lines are counted with the first */
#define FINDINGS_BYTES (160u << 20) /* of memory for violations and notices */
#define FINDINGS_KEYS_BYTES (48u << 20)
#define FINDINGS_PEOPLE_MAX 4000000u /* processes and workers that can be told apart, over all findings */
#define NOTICES_MAX 1000u
#define CRASHES_MAX 100u
#define PROBLEMS_MAX 1000u

struct finding {
    json_t *violation;
    json_t *processes; /* array of process ids that had it, the first FINDING_WHO_MAX */
    json_t *workers;   /* array of {"pid", "host", "worker", "task"}: who had it, each once, the first FINDING_WHO_MAX; what nobody said is missing */
    uint64_t process_count, worker_count; /* how many it really were */
    char *signature;   /* stable, see signature.h: two findings that differ only in lines have the same */
    char *place;       /* the user's line, for the summary */
    json_int_t count;  /* times it was logged */
    json_int_t elsewhere; /* so many of those at other lines of the same signature */
    int64_t first_seen, last_seen; /* ms since 1970 of the earliest and the latest of them; 0: nobody said when (a text log) */
    int suppression;   /* entry of the suppressor, -1: it is shown */
    bool logged;       /* a log told it, not only a record */
    bool known;        /* its signature is in the baseline */
};

struct baseline;
#define FAIL_NEVER 4

/* What to pass over. All zero: nothing. */
struct selection {
    int64_t since, until; /* ms since 1970, 0: no bound; what has no time is shown */
    char **rules;         /* patterns for ids and names; none: every rule */
    size_t rule_count;
};

struct findings {
    struct finding *items;
    size_t count;
    size_t hidden; /* so many more lie behind the last of `items`, which `--top` keeps out of sight; the tables have them */
    json_t *notices;  /* array of notice objects */
    json_t *crashes;  /* array of crash objects, the first CRASHES_MAX */
    json_t *problems; /* array of {"file", "message"}: what could not be read */
    json_t *totals;   /* object: "repeats", "refused", "held" summed over the summaries */
    size_t files;     /* inputs that could be read */
    uint64_t records;            /* violations read */
    uint64_t crash_count;        /* all of them */
    uint64_t notices_left_out, problems_left_out, violations_left_out; /* beyond the bounds above */
    bool has_records; /* records will come after the logs: what the logs tell is to be remembered for them */
    json_t *arenas, *pictures; /* see records.h; NULL: nobody wants them */
    size_t arenas_left_out;
    struct symbolizer *symbolizer;
    struct suppressor *suppressor; /* NULL: nothing is suppressed */
    struct selection selection;
    const struct baseline *baseline; /* NULL: there is none */
    const char *source_root; /* of a project, "/home/me/project/"; NULL: unknown */
    int fail_on;             /* the severity_rank() from which on a violation is a failure, FAIL_NEVER: none is */

    /* findings.c's own */
    struct byte_table groups, signatures;
    uint32_t *variants; /* findings of each signature */
    struct hash_set people, told;
    size_t room, signature_room, kept_bytes;
};

void findings_open(struct findings *findings);
void findings_close(struct findings *findings);

/* Who had a violation, and when. What is not known is 0 or empty. The texts need no end. */
struct sighting {
    int64_t time; /* ms since 1970 */
    json_int_t pid;
    bool has_pid;
    struct sighting_text {
        const char *text;
        size_t bytes;
    } host, worker, task;
};

/* Each takes over the object. A violation must have a rule of the form HFnnn. The answer is the number of its finding, which holds until
 * findings_settle(); FINDING_PASSED_OVER: its rule is not asked for; FINDING_NONE: it was not asked for, or could not be kept. */
#define FINDING_NONE UINT32_MAX
#define FINDING_PASSED_OVER (UINT32_MAX - 1)
uint32_t findings_add_violation(struct findings *findings, json_t *violation);
/* One more of a finding that is there. */
void findings_add_again(struct findings *findings, uint32_t number, const struct sighting *sighting);
/* The same of a record: what a log has told of that process already is neither shown nor counted again. Logs come first. The answer: it is a repeat of what a log
 * told, which the log's summary counts if the process came so far as to write one. */
bool findings_add_recorded(struct findings *findings, json_t *violation);
/* One of a report that was made before, with its counts, times and processes; does not take it over. Of those that are not named some may be known already: they count again. */
void findings_add_reported(struct findings *findings, const json_t *violation);
/* Does the selection ask for that time? */
bool findings_want_time(const struct findings *findings, int64_t time);
void findings_add_notice(struct findings *findings, json_t *notice);
/* As schema 1 has it, or with its lines as "text", which a text log told. They have a place of their own: the notices of a fleet shall not crowd them out. */
void findings_add_crash(struct findings *findings, json_t *crash);
void findings_count_crashes(struct findings *findings, json_int_t more); /* of which nothing else is known; none below 1 */
void findings_add_recorded_crash(struct findings *findings, json_t *crash); /* by a record, after all logs: not when a log told it */
void findings_add_summary(struct findings *findings, json_t *summary);
void findings_add_recorded_summary(struct findings *findings, json_t *summary); /* by a record, after all logs: not when a log told it */
__attribute__((format(printf, 3, 4))) void findings_add_problem(struct findings *findings, const char *file,
                                                                const char *format, ...);

/* After the last one was added: take out what is suppressed, and count it; tell which bounds were reached. */
void findings_settle(struct findings *findings);

/* In which order findings are shown. By default in that in which they were met. */
enum findings_order { ORDER_MET, ORDER_COUNT, ORDER_FIRST, ORDER_LAST, ORDER_RULE, ORDER_PLACE };
/* The first `top` remain in sight, 0: all. */
void findings_sort(struct findings *findings, enum findings_order order, size_t top);

/* "advice" 0, "warning" 1, "error" 2, "fatal" 3. */
int severity_rank(const char *severity);

/* Not the user's own line: a file of the interpreter's library or of an installed package. */
bool is_installed(const char *file);

/* The tables under the reports, most frequent first: arrays of {"rule","name","severity","count"} and {"place","rules","count"}. */
json_t *findings_by_rule(const struct findings *findings);
json_t *findings_by_place(const struct findings *findings);

/* "HF101": is it the id of a rule, known or not? Other words may follow. */
bool is_rule_id(const char *text);

/* A string member, "" when it is missing or no string. */
const char *member(const json_t *object, const char *name);
json_int_t member_number(const json_t *object, const char *name);

/* "2026-01-02T03:04:05.678Z"; fraction, seconds, time of day and zone (UTC) may be missing: ms since 1970, 0 when it is no time. */
int64_t time_from_text(const char *text);
int64_t time_from_bytes(const char *text, size_t bytes);
/* The same the other way round, to be freed; "" for 0. */
char *time_to_text(int64_t milliseconds);

/* A JSON string of any bytes: what is not UTF-8 (file names may not be) becomes '?'. */
json_t *json_text(const char *text);

#endif
