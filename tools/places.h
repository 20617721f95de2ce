/* Source files as other tools want them: below the root of the project, which is where the code lies for whoever reads the report. */
#ifndef HOLDFAST_TOOLS_PLACES_H
#define HOLDFAST_TOOLS_PLACES_H

#include <jansson.h>

/* The directory as a root: absolute, without links, with a slash at its end; to be freed. NULL and errno: it is none. */
char *source_root(const char *directory);

/* Of a file below the root its path from there; else the file as it is. */
const char *below_root(const char *root, const char *file);

/* "FILE:LINE" taken apart: the file, to be freed, and the line. NULL: the place is none. */
char *file_of_place(const char *place, long *line);

/* The frame of a stack that is the user's: the innermost one that is no installed package's, a Python frame where there is one. NULL: none has a source file. */
const json_t *own_frame(const json_t *stack);

#endif
