/* Lines of a file: see lines.h. zlib reads what is not compressed as it is. One thread. */
#include "lines.h"
#include "text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define READ_BYTES (256u << 10)

struct lines {
    gzFile file; /* NULL: it could not be opened */
    char *error;
    char *buffer;       /* room for a longest line, and one reading more */
    size_t begin, end;  /* what is not handed out yet */
    uint64_t offset;    /* of `begin` */
    bool ended;
    char beginning[201]; /* of a line that is too long */
};

struct lines *lines_open(int descriptor)
{
    struct lines *lines = allocate(sizeof *lines);
    lines->file = gzdopen(descriptor, "rb");
    if (lines->file == NULL)
        close(descriptor);
    else
        gzbuffer(lines->file, READ_BYTES / 2);
    lines->buffer = allocate(LINE_MAX_BYTES + READ_BYTES + 1);
    lines->ended = lines->file == NULL;
    return lines;
}

void lines_close(struct lines *lines)
{
    if (lines->file != NULL)
        gzclose(lines->file);
    free(lines->error);
    free(lines->buffer);
    free(lines);
}

const char *lines_error(const struct lines *lines)
{
    return lines->error;
}

uint64_t lines_read(const struct lines *lines)
{
    return lines->offset + (lines->end - lines->begin);
}

/* Some more bytes behind those that are there. */
static void fill(struct lines *lines)
{
    if (lines->begin > 0) {
        memmove(lines->buffer, lines->buffer + lines->begin, lines->end - lines->begin);
        lines->end -= lines->begin;
        lines->begin = 0;
    }
    errno = 0;
    int count = gzread(lines->file, lines->buffer + lines->end, READ_BYTES);
    int number = Z_OK;
    const char *words = gzerror(lines->file, &number);
    if (count > 0)
        lines->end += (size_t)count;
    else
        lines->ended = true;
    /* A compressed file that ends too early is Z_BUF_ERROR, with its last bytes or after them. */
    if (number != Z_OK && number != Z_STREAM_END && lines->ended)
        lines->error = number == Z_ERRNO ? duplicate(strerror(errno)) : compose("%s", number == Z_BUF_ERROR ? "the compressed file ends too early" : words);
}

/* What is left of a line that is too long. */
static void skip_rest(struct lines *lines, bool *complete)
{
    for (;;) {
        char *found = memchr(lines->buffer + lines->begin, '\n', lines->end - lines->begin);
        size_t bytes = found != NULL ? (size_t)(found + 1 - (lines->buffer + lines->begin)) : lines->end - lines->begin;
        lines->begin += bytes;
        lines->offset += bytes;
        *complete = found != NULL;
        if (found != NULL || lines->ended)
            return;
        fill(lines);
    }
}

bool lines_next(struct lines *lines, struct line *line)
{
    size_t searched = 0;
    char *found = NULL;
    for (;;) {
        size_t bytes = lines->end - lines->begin;
        found = memchr(lines->buffer + lines->begin + searched, '\n', bytes - searched);
        searched = bytes;
        if (found != NULL || lines->ended || bytes >= LINE_MAX_BYTES)
            break;
        fill(lines);
    }
    size_t bytes = found != NULL ? (size_t)(found - (lines->buffer + lines->begin)) : lines->end - lines->begin;
    if (found == NULL && bytes == 0)
        return false;
    *line = (struct line){.text = lines->buffer + lines->begin, .bytes = bytes < LINE_MAX_BYTES ? bytes : LINE_MAX_BYTES, .offset = lines->offset, .complete = found != NULL};
    if (bytes >= LINE_MAX_BYTES) {
        memcpy(lines->beginning, line->text, sizeof lines->beginning - 1);
        line->text = lines->beginning;
        line->bytes = sizeof lines->beginning - 1;
        line->cut = true;
        skip_rest(lines, &line->complete);
    } else {
        lines->begin += bytes + (found != NULL);
        lines->offset += bytes + (found != NULL);
    }
    line->text[line->bytes] = '\0';
    return true;
}
