/* Suppressions: the language in which users name violations that they know of, parsed into fixed tables and matched.
 *
 *   # a comment
 *   HF106:function:GDALClose                      one line: RULE:[ROLE:]WHAT:PATTERN
 *   {                                             a block: all of its patterns must match
 *      the name of this entry
 *      stale-use                                  the rule: an id, a name, or *
 *      used:file:reader.py:12                     [ROLE:]WHAT:PATTERN, a line each
 *      obtained:module:libfoo.so*
 *   }
 *
 *   ROLE   used, obtained, freed, other: the stack that is meant; without one, any
 *   WHAT   function (fun)  a function of the API, or a native or Python function in the stack
 *          module (obj)    a shared object in the stack
 *          file (src)      a source file in the stack, FILE or FILE:LINE
 *          place           the line that the report shows for the stack: FILE:LINE, or MODULE+0xOFFSET
 *   PATTERN  * stands for any text, ? for one byte, \ before either for itself; it must match the whole name. File and module patterns without
 *            a / match the last part of a path.
 *
 * Pure functions over the caller's memory; no malloc. The tables are written by one thread and then only read, by any.
 */
#ifndef HOLDFAST_TRACKER_SUPPRESS_H
#define HOLDFAST_TRACKER_SUPPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SUPPRESSION_MAX 512
#define SUPPRESSION_PART_MAX 2048
#define SUPPRESSION_TEXT_BYTES (128 * 1024)

#define SUPPRESSION_ROLES(X) X(any) X(used) X(obtained) X(freed) X(other)
enum suppression_role {
#define X(name) ROLE_##name,
    SUPPRESSION_ROLES(X)
#undef X
    ROLE_COUNT
};

enum suppression_what { WHAT_function, WHAT_module, WHAT_file, WHAT_place };

struct suppression_part {
    uint8_t role, what;
    uint32_t pattern; /* offset in text */
};

struct suppression {
    uint32_t name, file; /* offsets in text; a line's name is the line */
    uint32_t line;
    uint16_t rule; /* 101 for HF101; 0: every rule */
    uint16_t first_part, part_count;
};

/* Valid when zero-initialised: no entries. */
struct suppressions {
    unsigned count, part_count;
    size_t text_used;
    struct suppression entries[SUPPRESSION_MAX];
    struct suppression_part parts[SUPPRESSION_PART_MAX];
    char text[SUPPRESSION_TEXT_BYTES];
};

/* One frame of a stack, or the API function that it ended in. What is unknown is NULL. */
struct suppression_frame {
    const char *function, *module, *file;
    uint64_t offset; /* in the module */
    uint32_t line;
    bool is_place; /* the line that a report shows for this stack */
};

/* "FILE:LINE: what is wrong, and the remedy". */
typedef void suppression_complain(const char *sentence, void *context);

/* Where a file may be read into, and how many bytes of it; the next call of suppressions_parse() takes it from there. */
char *suppressions_room(struct suppressions *all, size_t *bytes);
/* Parse the `bytes` at suppressions_room(). An entry with a mistake is left out after a complaint, the others hold; one that says the same as an
 * earlier one is left out in silence. */
void suppressions_parse(struct suppressions *all, const char *file, size_t bytes, suppression_complain *complain, void *context);

bool suppression_part_matches(const struct suppressions *all, const struct suppression_part *part, const struct suppression_frame *frame);
/* The first entry for this rule all of whose parts match: its index, or -1. `matches` says whether any frame of the stacks that the part's role
 * means does. */
int suppressions_find(const struct suppressions *all, unsigned rule, bool (*matches)(const struct suppression_part *part, void *context), void *context);

static inline const char *suppression_text(const struct suppressions *all, uint32_t offset)
{
    return all->text + offset;
}

#endif
