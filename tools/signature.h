/* What makes two violations the same: once exactly, for counting, once so that it outlives edits, for baselines. */
#ifndef HOLDFAST_TOOLS_SIGNATURE_H
#define HOLDFAST_TOOLS_SIGNATURE_H

#include "buffer.h"
#include <jansson.h>
#include <stdbool.h>

/* The key under which a violation is counted: rule, function and every frame with its line (module and offset in native code). Two violations that differ in a
 * line are two findings, so that a person sees both places. Of one from a text log its lines, but those that name what differs from process to process. */
void grouping_of(struct buffer *key, const json_t *violation);

/* The stacks that the lines of a text report tell, as the log's schema has them, to be symbolized; `function` becomes the function called, to be freed, NULL if none. */
json_t *stacks_of_text(const char *rule, const char *text, char **function);

/* The stable signature, 16 hexadecimal digits, to be freed: rule, function called, and of the symbolized stacks used, obtained and freed
 *   - the Python frames as base name of the file and function, those of installed packages only where there are no others;
 *   - in a stack without Python frames the native ones as function, or module without its version where no name is known.
 * No lines, offsets, addresses, paths, versions, names of handles, process ids: what changes with an edit elsewhere in the file, another build, another machine.
 * Recursion counts once. Another thread's stack (HF112) is not in it: which other thread it was is chance. */
char *signature_of(const char *rule, const char *function, const json_t *stacks);

/* Is this what signature_of() gives? */
#define SIGNATURE_DIGITS 16
bool is_signature(const char *text);

#endif
