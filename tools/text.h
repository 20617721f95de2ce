/* Text for people: memory that is always there, complaints on stderr, output that cannot drive a terminal. */
#ifndef HOLDFAST_TOOLS_TEXT_H
#define HOLDFAST_TOOLS_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Memory from these is never NULL: where there is none left, the command says so and ends with status 1. */
void *allocate(size_t bytes);
void *reallocate(void *block, size_t bytes);
char *duplicate(const char *text);
char *duplicate_bytes(const char *text, size_t bytes);
__attribute__((format(printf, 1, 2))) char *compose(const char *format, ...); /* a new string */

/* One line on stderr: "holdfast COMMAND: ..."; `command` may be NULL. */
__attribute__((format(printf, 2, 3))) void complain(const char *command, const char *format, ...);

/* Write `text` without what a terminal would obey or what would make it look like another text: control characters and bytes that are no UTF-8 come out as \xNN,
 * C1 controls, marks that turn the direction of writing and other ends of a line as \uNNNN. Logs hold names chosen by others. */
void print_safely(FILE *stream, const char *text);
/* The same for what must stay on its line: so does its end, which otherwise begins a line that looks like ours. */
void print_line_safely(FILE *stream, const char *text);

/* The same as a part of one line: also the ends of lines and tabs come out as \xNN. */

/* Write `text` as lines of at most `width` columns, each after `indent` blanks. */
void print_wrapped(FILE *stream, const char *text, unsigned indent, unsigned width);

/* What follows the last '/' of `path`. */
const char *base_name(const char *path);

/* Edits (insert, delete, replace a letter) that make one word of the other, whatever their case. Of `right` no more than EDIT_LONGEST letters are compared. */
#define EDIT_LONGEST 64
unsigned edit_distance(const char *left, const char *right);

#endif
