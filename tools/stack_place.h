/* The line of a program that a stack of a record stands for. */
#ifndef HOLDFAST_TOOLS_STACK_PLACE_H
#define HOLDFAST_TOOLS_STACK_PLACE_H

#include "reader.h"
#include "symbolize.h"

/* "FILE:LINE in FUNCTION" of the innermost frame that is the user's own, else of the innermost; new text. */
char *place_of_stack(struct symbolizer *symbolizer, const struct reader *reader, uint32_t stack);

#endif
