/* What `holdfast report` shows: see render_text.c, render_json.c and render_otlp.c. */
#ifndef HOLDFAST_TOOLS_RENDER_H
#define HOLDFAST_TOOLS_RENDER_H

#include "findings.h"
#include <stdio.h>

void render_text(FILE *stream, const struct findings *findings);
void render_json(FILE *stream, const struct findings *findings);
void render_otlp(FILE *stream, const struct findings *findings);

#endif
