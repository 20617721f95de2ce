/* Text for people: see text.h. Any thread; allocates. */
#include "text.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void no_memory(void)
{
    fputs("holdfast: out of memory\n", stderr);
    exit(1);
}

void *allocate(size_t bytes)
{
    void *block = calloc(1, bytes != 0 ? bytes : 1);
    if (block == NULL)
        no_memory();
    return block;
}

void *reallocate(void *block, size_t bytes)
{
    void *larger = realloc(block, bytes != 0 ? bytes : 1);
    if (larger == NULL)
        no_memory();
    return larger;
}

char *duplicate(const char *text)
{
    return duplicate_bytes(text, strlen(text));
}

char *duplicate_bytes(const char *text, size_t bytes)
{
    char *copy = allocate(bytes + 1);
    memcpy(copy, text, bytes);
    return copy;
}

char *compose(const char *format, ...)
{
    char *text = NULL;
    va_list values;
    va_start(values, format);
    if (vasprintf(&text, format, values) < 0)
        no_memory();
    va_end(values);
    return text;
}

void complain(const char *command, const char *format, ...)
{
    char *text = NULL;
    va_list values;
    va_start(values, format);
    if (vasprintf(&text, format, values) < 0)
        no_memory();
    va_end(values);
    fflush(stdout);
    fprintf(stderr, "holdfast%s%s: ", command != NULL ? " " : "", command != NULL ? command : "");
    print_safely(stderr, text);
    fputc('\n', stderr);
    free(text);
}

static void print_without_controls(FILE *stream, const char *text, bool in_line)
{
    const unsigned char *byte = (const unsigned char *)text;
    for (; *byte != 0; byte++) {
        /* U+0080 to U+009F (C2 80 .. C2 9F) are control characters too: U+009B starts an escape sequence. */
        if (byte[0] == 0xC2 && byte[1] >= 0x80 && byte[1] <= 0x9F) {
            fprintf(stream, "\\u%04x", (unsigned)byte[1]);
            byte++;
        } else if ((*byte < 0x20 && (in_line || (*byte != '\t' && *byte != '\n'))) || *byte == 0x7F) {
            fprintf(stream, "\\x%02x", (unsigned)*byte);
        } else {
            fputc(*byte, stream);
        }
    }
}

void print_safely(FILE *stream, const char *text)
{
    print_without_controls(stream, text, false);
}

void print_name(FILE *stream, const char *name)
{
    print_without_controls(stream, name, true);
}

void print_wrapped(FILE *stream, const char *text, unsigned indent, unsigned width)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t word = strcspn(text, " \n");
        if (column != 0 && column + 1 + word > width) {
            fputc('\n', stream);
            column = 0;
        }
        if (column == 0) {
            fprintf(stream, "%*s", (int)indent, "");
            column = indent;
        } else {
            fputc(' ', stream);
            column++;
        }
        char *one = duplicate_bytes(text, word);
        print_safely(stream, one);
        free(one);
        column += word;
        text += word;
        text += strspn(text, " \n");
    }
    if (column != 0)
        fputc('\n', stream);
}

const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

unsigned edit_distance(const char *left, const char *right)
{
    unsigned row[EDIT_LONGEST + 1]; /* of the matrix whose lines are the letters of `left` */
    size_t width = strnlen(right, EDIT_LONGEST);
    for (size_t column = 0; column <= width; column++)
        row[column] = (unsigned)column;
    for (unsigned line = 1; left[line - 1] != '\0'; line++) {
        unsigned diagonal = row[0];
        row[0] = line;
        for (size_t column = 1; column <= width; column++) {
            unsigned above = row[column];
            int same = tolower((unsigned char)left[line - 1]) == tolower((unsigned char)right[column - 1]);
            unsigned best = diagonal + (same ? 0u : 1u);
            if (above + 1 < best)
                best = above + 1;
            if (row[column - 1] + 1 < best)
                best = row[column - 1] + 1;
            row[column] = best;
            diagonal = above;
        }
    }
    return row[width];
}
