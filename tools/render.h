/* What `holdfast report` shows: one file a format, its reasons at its head. */
#ifndef HOLDFAST_TOOLS_RENDER_H
#define HOLDFAST_TOOLS_RENDER_H

#include "findings.h"
#include <stdio.h>

void render_text(FILE *stream, const struct findings *findings);
void render_json(FILE *stream, const struct findings *findings);
void render_otlp(FILE *stream, const struct findings *findings);
void render_sarif(FILE *stream, const struct findings *findings);
void render_junit(FILE *stream, const struct findings *findings);
void render_gitlab(FILE *stream, const struct findings *findings);
void render_csv(FILE *stream, const struct findings *findings);

/* One finding as the text format shows it. */
void render_crash_text(FILE *stream, const json_t *crash);
void render_finding_text(FILE *stream, const struct finding *finding);
void render_html(FILE *stream, const struct findings *findings);

/* What the stacks of a violation are, in the words of its rule. */
struct stack_titles {
    const char *rule, *used, *freed;
};
struct stack_titles stack_titles(const char *rule);
/* What Holdfast did, in words. */
const char *words_for_action(const char *name);

#endif
