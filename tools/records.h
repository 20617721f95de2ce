/* What records tell besides violations, for the HTML report: what lived, the libraries that were loaded, and the handles around each violation. */
#ifndef HOLDFAST_TOOLS_RECORDS_H
#define HOLDFAST_TOOLS_RECORDS_H

#include "findings.h"
#include "reader.h"

/* From now on read_arena() collects. */
void records_want(struct findings *findings);
/* Nothing when nobody wants it. */
void records_add(struct findings *findings, const struct reader *reader, const char *file, const char *fate);

/* The picture of the handles around what `violation` is about: as a record has it, else what the violation itself says. NULL: there is nothing to show. */
json_t *records_picture(const struct findings *findings, const json_t *violation);

#endif
