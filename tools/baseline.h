/* Signatures that are known, so that only what is new counts as a failure (`holdfast report --baseline`, `holdfast diff`). */
#ifndef HOLDFAST_TOOLS_BASELINE_H
#define HOLDFAST_TOOLS_BASELINE_H

#include "findings.h"
#include <stdbool.h>
#include <stdio.h>

struct baseline;

/* A JSON report (--format json), what --write-baseline wrote, or a list: a signature a line, after which there may be words; # begins a comment. NULL, and said on
 * standard error for `command`: it cannot be read, or is nothing of these. */
struct baseline *baseline_read(const char *command, const char *file);
void baseline_close(struct baseline *baseline);

/* `baseline` may be NULL: then nothing is in it. */
bool baseline_has(const struct baseline *baseline, const char *signature);

/* What the file is by its beginning: a report is one of --format json, a baseline what --write-baseline wrote or a list of signatures. */
enum document { DOCUMENT_NONE, DOCUMENT_REPORT, DOCUMENT_BASELINE };
enum document document_in(const char *file);

/* What is known of one signature. Texts are "" where the file does not tell. */
struct baseline_entry {
    char signature[17];
    char *rule, *place, *message;
    int64_t count; /* 0: unknown */
};
const struct baseline_entry *baseline_find(const struct baseline *baseline, const char *signature); /* NULL: it is not in there */
const struct baseline_entry *baseline_entries(const struct baseline *baseline, size_t *count);
/* One for each signature of the findings, to be closed. */
struct baseline *baseline_of(const struct findings *findings);

/* As JSON that baseline_read() understands. False, and said: it could not be written. A file that was there is replaced as a whole or not at all. */
bool baseline_write(const struct baseline *baseline, const char *file);

#endif
