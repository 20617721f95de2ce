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

/* The character that begins here and its bytes; 0 bytes: no UTF-8. */
static unsigned long decode(const unsigned char *text, unsigned *bytes)
{
    unsigned count = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 : text[0] >= 0xe0 && text[0] < 0xf0 ? 3 : text[0] >= 0xf0 && text[0] < 0xf5 ? 4 : 0;
    unsigned long character = count == 1 ? text[0] : count == 2 ? text[0] & 0x1fu : count == 3 ? text[0] & 0x0fu : text[0] & 0x07u;
    for (unsigned index = 1; index < count; index++) {
        if ((text[index] & 0xc0) != 0x80) {
            count = 0;
            break;
        }
        character = character << 6 | (text[index] & 0x3fu);
    }
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    *bytes = count != 0 && character >= least[count] && character <= 0x10ffff && (character < 0xd800 || character > 0xdfff) ? count : 0;
    return character;
}

/* C1 controls; marks, embeddings, overrides and isolates of direction; line and paragraph separators; what has no width. */
static bool deceives(unsigned long character)
{
    return (character >= 0x80 && character <= 0x9f) || character == 0x061c || (character >= 0x200b && character <= 0x200f) || (character >= 0x2028 && character <= 0x202e) ||
           (character >= 0x2060 && character <= 0x206f) || character == 0xfeff || (character >= 0xe0000 && character <= 0xe007f);
}

static void print_guarded(FILE *stream, const char *text, bool one_line)
{
    unsigned bytes;
    for (const unsigned char *byte = (const unsigned char *)text; *byte != 0; byte += bytes) {
        unsigned long character = decode(byte, &bytes);
        if (bytes == 0 || (*byte < 0x20 && *byte != '\t' && (one_line || *byte != '\n')) || *byte == 0x7F) {
            fprintf(stream, "\\x%02x", (unsigned)*byte);
            bytes = 1;
        } else if (deceives(character)) {
            fprintf(stream, "\\u%04lx", character);
        } else {
            fwrite(byte, 1, bytes, stream);
        }
    }
}

void print_safely(FILE *stream, const char *text)
{
    print_guarded(stream, text, false);
}

void print_line_safely(FILE *stream, const char *text)
{
    print_guarded(stream, text, true);
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
