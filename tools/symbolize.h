/* From (module file, offset) to functions, source files and lines, by libdw of elfutils; functions that the compiler inlined are frames of their own.
 *
 * One thread. A module is opened once, and believed only if its build-id is the one that ran, where that is known. It is looked for, in this order: below each
 * directory of symbolizer_add_path(), at its own path, among the separate debug files (/usr/lib/debug/.build-id), and, when DEBUGINFOD_URLS is set,
 * with those servers. Debug information that is a file of its own is found by build-id and .gnu_debuglink; what dwz took out of it, too. */
#ifndef HOLDFAST_TOOLS_SYMBOLIZE_H
#define HOLDFAST_TOOLS_SYMBOLIZE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum symbol_result {
    SYMBOL_FOUND,
    SYMBOL_UNKNOWN,     /* the file is there, but knows nothing of the offset */
    SYMBOL_NO_FILE,     /* the module's file is not on this machine, or is no ELF file */
    SYMBOL_OTHER_BUILD, /* the file there now is not the one that ran */
};

/* All texts belong to the symbolizer and live as long as it does. */
struct symbol_frame {
    const char *function; /* demangled; NULL if unknown */
    const char *file;     /* NULL without debug information */
    int line;
};

#define SYMBOL_FRAMES_MAXIMUM 16

/* frames[0] is where the instruction lies; each further one is the function into which the one before it was inlined, and the line there. The last is the
 * function that the machine called. There is at least one when the result is SYMBOL_FOUND. */
struct symbol {
    size_t count;
    struct symbol_frame frames[SYMBOL_FRAMES_MAXIMUM];
};

struct symbolizer;

/* Look below this directory first: for the module's whole path in it (a sysroot), for its file name in it, and for .build-id/. For all symbolizers that are opened
 * afterwards. False, and a complaint of `command`, when it is no directory. */
int symbolizer_add_path(const char *command, const char *directory);

struct symbolizer *symbolizer_open(void);
void symbolizer_close(struct symbolizer *symbolizer);

/* `offset` is relative to the module's load address. `build_id` is the lower-case hexadecimal id of the module that ran, NULL if unknown. Fills in `symbol` for SYMBOL_FOUND. */
enum symbol_result symbolize(struct symbolizer *symbolizer, const char *module, const char *build_id, uint64_t offset,
                             struct symbol *symbol);

/* The native frames of all stacks of a violation (holdfast.1, LOG SCHEMA): each gets "function", "file" and "line"; a frame of an inlined function, with "inlined": true, stands before
 * the one that it was inlined into and has its module and offset. Where the file is another build, the frame says so in "remark". */
void symbolize_violation(struct symbolizer *symbolizer, json_t *violation);
void symbolize_crash(struct symbolizer *symbolizer, json_t *crash); /* its own stack, and those of the handles that it names; any other notice has none */
void symbolize_stacks(struct symbolizer *symbolizer, json_t *stacks); /* of one, by name */

/* What was asked for and not found, a module each: an array of {"module", "build_id", "frames", "reason"}, most frames first. */
json_t *symbolizer_missing(struct symbolizer *symbolizer);
/* The same as a table under a title; nothing when all was found. */
void symbolizer_print_missing(FILE *stream, struct symbolizer *symbolizer);

#endif
