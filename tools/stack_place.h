/* The line of a program that a stack of a record stands for, and the build-id of a module of it. */
#ifndef HOLDFAST_TOOLS_STACK_PLACE_H
#define HOLDFAST_TOOLS_STACK_PLACE_H

#include "reader.h"
#include "symbolize.h"

/* "FILE:LINE in FUNCTION" of the innermost frame that is the user's own, else of the innermost; new text. */
char *place_of_stack(struct symbolizer *symbolizer, const struct reader *reader, uint32_t stack);

/* The build-id in hexadecimal digits; "" if it is not known. */
#define BUILD_ID_TEXT_BYTES (2 * sizeof(((struct module_record *)0)->build_id) + 1)
void build_id_text(const struct module_record *module, char text[static BUILD_ID_TEXT_BYTES]);

#endif
