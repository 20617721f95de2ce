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
void render_finding_text(FILE *stream, const struct finding *finding);

#endif
