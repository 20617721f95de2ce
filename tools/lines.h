/* A file's lines, one after the other, in bounded memory, whatever the file holds. What gzip compressed is read as if it were not. */
#ifndef HOLDFAST_TOOLS_LINES_H
#define HOLDFAST_TOOLS_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest line that is read; a report has some KiB. Of a longer one only the beginning is handed out. */
#define LINE_MAX_BYTES (1u << 20)

struct lines;

struct line {
    char *text;      /* ends with a zero byte, without the line's end; may be changed; valid until the next call */
    size_t bytes;
    uint64_t offset; /* of its first byte in the file */
    bool complete;   /* it has its end */
    bool cut;        /* it is longer than this */
};

/* Closes `descriptor` in the end. */
struct lines *lines_open(int descriptor);
/* False: there are no more, or lines_error(). */
bool lines_next(struct lines *lines, struct line *line);
const char *lines_error(const struct lines *lines); /* NULL: none */
uint64_t lines_read(const struct lines *lines);     /* bytes so far */
void lines_close(struct lines *lines);

#endif
