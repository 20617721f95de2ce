/* Lines of source files, for a report that shows them.
 *
 * Paths come from logs, which others may have written: only what is named as source code is opened, only regular files, and only so much of them. */
#ifndef HOLDFAST_TOOLS_SOURCE_LINES_H
#define HOLDFAST_TOOLS_SOURCE_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

struct sources;

struct sources *sources_open(void);
void sources_close(struct sources *sources);

/* [number of the first line, [lines], true when the file is younger than `seen` (ms since 1970, 0: nobody knows)]; NULL: it cannot be read here, or has no such line. */
json_t *source_lines(struct sources *sources, const char *file, int64_t line, int64_t seen);

#endif
