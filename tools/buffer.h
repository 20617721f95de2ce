/* Text that grows at its end. All zero is an empty one; buffer_clear() gives it back. One thread. */
#ifndef HOLDFAST_TOOLS_BUFFER_H
#define HOLDFAST_TOOLS_BUFFER_H

#include "text.h"
#include <stdlib.h>
#include <string.h>

struct buffer {
    char *text; /* ends with a zero byte once something was added; NULL before */
    size_t bytes, room;
};

static inline void buffer_add(struct buffer *buffer, const char *text, size_t bytes)
{
    if (buffer->bytes + bytes + 1 > buffer->room) {
        buffer->room = 2 * (buffer->bytes + bytes) + 64;
        buffer->text = reallocate(buffer->text, buffer->room);
    }
    memcpy(buffer->text + buffer->bytes, text, bytes);
    buffer->bytes += bytes;
    buffer->text[buffer->bytes] = '\0';
}

static inline void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

/* A line: the text and an end. */
static inline void buffer_add_line(struct buffer *buffer, const char *text)
{
    buffer_add_text(buffer, text);
    buffer_add(buffer, "\n", 1);
}

static inline void buffer_clear(struct buffer *buffer)
{
    free(buffer->text);
    *buffer = (struct buffer){0};
}

#endif
