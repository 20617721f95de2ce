/* What `holdfast report` shows: see render_text.c and render_json.c. */
#ifndef HOLDFAST_TOOLS_RENDER_H
#define HOLDFAST_TOOLS_RENDER_H

#include "findings.h"
#include <stdio.h>

void render_text(FILE *stream, const struct findings *findings);
void render_json(FILE *stream, const struct findings *findings);

#endif
