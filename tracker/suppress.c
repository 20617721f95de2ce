/* Parsing and matching of suppressions: see suppress.h. */
#include "suppress.h"
#include "rules.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- matching ------------------------------------------------------------------------------------------------------- */

/* Linear but for one step back to the last `*`: a pattern cannot make it slow. */
static bool glob(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL;
    while (*text != '\0')
    {
        const char *literal = pattern[0] == '\\' && pattern[1] != '\0' ? pattern + 1 : pattern;
        if (literal == pattern && *pattern == '*')
        {
            star = pattern++;
            resume = text;
        }
        else if ((literal == pattern && *pattern == '?') || (*literal != '\0' && *literal == *text))
        {
            pattern = literal + 1;
            text++;
        }
        else if (star != NULL)
        {
            pattern = star + 1;
            text = ++resume;
        }
        else
            return false;
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* The part of a path that a pattern is about. */
static const char *relevant(const char *path, const char *pattern)
{
    const char *slash = strchr(pattern, '/') == NULL ? strrchr(path, '/') : NULL;
    return slash != NULL ? slash + 1 : path;
}

static bool line_matches(const char *pattern, const char *file, uint32_t line)
{
    char text[1200];
    snprintf(text, sizeof text, "%s:%u", relevant(file, pattern), line);
    return glob(pattern, text);
}

static bool offset_matches(const char *pattern, const char *module, uint64_t offset)
{
    char text[1200];
    snprintf(text, sizeof text, "%s+0x%llx", relevant(module, pattern), (unsigned long long)offset);
    return glob(pattern, text);
}

bool suppression_part_matches(const struct suppressions *all, const struct suppression_part *part, const struct suppression_frame *frame)
{
    const char *pattern = suppression_text(all, part->pattern);
    switch ((enum suppression_what)part->what)
    {
    case WHAT_function:
        return frame->function != NULL && glob(pattern, frame->function);
    case WHAT_module:
        return frame->module != NULL && glob(pattern, relevant(frame->module, pattern));
    case WHAT_file:
        return frame->file != NULL && (glob(pattern, relevant(frame->file, pattern)) || line_matches(pattern, frame->file, frame->line));
    case WHAT_place:
        return frame->is_place && ((frame->file != NULL && line_matches(pattern, frame->file, frame->line)) ||
                                   (frame->module != NULL && offset_matches(pattern, frame->module, frame->offset)));
    }
    return false;
}

int suppressions_find(const struct suppressions *all, unsigned rule, bool (*matches)(const struct suppression_part *part, void *context), void *context)
{
    for (unsigned i = 0; i < all->count; i++)
    {
        const struct suppression *entry = &all->entries[i];
        unsigned matched = 0;
        if (entry->rule != 0 && entry->rule != rule)
            continue;
        while (matched < entry->part_count && matches(&all->parts[entry->first_part + matched], context))
            matched++;
        if (matched == entry->part_count)
            return (int)i;
    }
    return -1;
}

/* ---- parsing -------------------------------------------------------------------------------------------------------- */

enum expectation { EXPECT_ENTRY, EXPECT_NAME, EXPECT_RULE, EXPECT_PART };

struct parse {
    struct suppressions *all;
    const char *file;
    uint32_t file_name, line, opened; /* opened: line of the `{` */
    enum expectation expectation;
    bool spoiled; /* the block that is open has a mistake */
    struct suppression entry;
    suppression_complain *complain;
    void *context;
};

static __attribute__((format(printf, 2, 3))) void mistake(struct parse *parse, const char *format, ...)
{
    char what[300], sentence[440];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    /* Of a long path the end says more than the beginning. */
    size_t length = strlen(parse->file);
    snprintf(sentence, sizeof sentence, "%s%s:%u: %s", length > 120 ? "..." : "", length > 120 ? parse->file + length - 120 : parse->file, parse->line, what);
    parse->complain(sentence, parse->context);
    parse->spoiled = true;
}

/* "HF106", "stale-use" or "*", up to `length`. */
static bool parse_rule(struct parse *parse, const char *text, size_t length, uint16_t *rule)
{
    char name[40];
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name), text);
    const struct rule *found = rule_by_text(name);
    *rule = found != NULL ? (uint16_t)found->number : 0;
    if (found != NULL || strcmp(name, "*") == 0)
        return true;
    mistake(parse, "there is no rule '%s': HF%u to HF%u, their names, or *", name, rules[0].number, rules[rule_count - 1].number);
    return false;
}

/* The number of the word before the next colon among `words`, and past the colon; -1 if it is none of them. */
static int parse_word(const char **text, const char *const *words, unsigned count)
{
    const char *colon = strchr(*text, ':');
    size_t length = colon != NULL ? (size_t)(colon - *text) : 0;
    for (unsigned i = 0; i < count; i++)
        if (colon != NULL && strlen(words[i]) == length && memcmp(words[i], *text, length) == 0)
        {
            *text = colon + 1;
            return (int)i;
        }
    return -1;
}

/* "[ROLE:]WHAT:PATTERN" */
static void parse_part(struct parse *parse, const char *text)
{
    static const char *const roles[] = {
#define X(name) #name,
        SUPPRESSION_ROLES(X)
#undef X
    };
    static const char *const whats[] = {"function", "module", "file", "place", "fun", "obj", "src"};
    struct suppressions *all = parse->all;
    const char *rest = text;
    int role = parse_word(&rest, roles + 1, ROLE_COUNT - 1) + 1; /* not written: any */
    int what = parse_word(&rest, whats, 7);
    rest += strspn(rest, " \t");
    if (what < 0)
        mistake(parse, "'%.60s' is not understood: write function:, module:, file: or place: and a pattern, before it used:, obtained:, freed: or other: if one stack is meant",
                rest);
    else if (*rest == '\0')
        mistake(parse, "'%.60s' has no pattern: write a name after the colon; * and ? are wildcards", text);
    else if (all->part_count == SUPPRESSION_PART_MAX)
        mistake(parse, "there are more than %u patterns: this entry is left out; join entries by wildcards", SUPPRESSION_PART_MAX);
    else
    {
        all->parts[all->part_count++] = (struct suppression_part){.role = (uint8_t)role, .what = (uint8_t)(what > WHAT_place ? what - 4 : what),
                                                                  .pattern = (uint32_t)(rest - all->text)};
        parse->entry.part_count++;
    }
}

static bool same_parts(const struct suppressions *all, const struct suppression *left, const struct suppression *right)
{
    if (left->rule != right->rule || left->part_count != right->part_count)
        return false;
    for (unsigned i = 0; i < left->part_count; i++)
    {
        const struct suppression_part *one = &all->parts[left->first_part + i], *other = &all->parts[right->first_part + i];
        if (one->role != other->role || one->what != other->what || strcmp(all->text + one->pattern, all->text + other->pattern) != 0)
            return false;
    }
    return true;
}

static void begin_entry(struct parse *parse, const char *name)
{
    parse->spoiled = false;
    parse->entry = (struct suppression){.name = (uint32_t)(name - parse->all->text), .file = parse->file_name, .line = parse->line,
                                        .first_part = (uint16_t)parse->all->part_count};
}

static void end_entry(struct parse *parse)
{
    struct suppressions *all = parse->all;
    if (!parse->spoiled && all->count == SUPPRESSION_MAX)
        mistake(parse, "there are more than %u entries: this one is left out; join entries by wildcards", SUPPRESSION_MAX);
    bool known = false;
    for (unsigned i = 0; i < all->count && !parse->spoiled && !known; i++)
        known = same_parts(all, &all->entries[i], &parse->entry);
    if (parse->spoiled || known)
        all->part_count = parse->entry.first_part;
    else
        all->entries[all->count++] = parse->entry;
}

static void close_block(struct parse *parse)
{
    if (!parse->spoiled && parse->expectation != EXPECT_PART)
        mistake(parse, "the block that starts in line %u has no rule: its first line is a name, its second a rule", parse->opened);
    else if (!parse->spoiled && parse->entry.part_count == 0)
        mistake(parse, "the block that starts in line %u has no pattern: add a line like function:NAME; a whole rule is silenced by the option rules=RULE=off", parse->opened);
    end_entry(parse);
    parse->expectation = EXPECT_ENTRY;
}

static void parse_one_line(struct parse *parse, const char *text)
{
    const char *colon = strchr(text, ':');
    begin_entry(parse, text);
    if (colon == NULL)
        mistake(parse, "'%.60s' is not understood: write RULE:function:PATTERN, or a block in braces that stand alone on their lines", text);
    else if (parse_rule(parse, text, (size_t)(colon - text), &parse->entry.rule))
        parse_part(parse, colon + 1);
    end_entry(parse);
}

static void parse_line(struct parse *parse, char *text)
{
    if (text[0] == '\0' || text[0] == '#')
        return;
    if (strcmp(text, "{") == 0 || (strcmp(text, "}") == 0 && parse->expectation == EXPECT_ENTRY))
    {
        if (text[0] == '}')
            mistake(parse, "there is no '{' for this '}'");
        else if (parse->expectation != EXPECT_ENTRY)
        {
            mistake(parse, "a '{' inside the block that starts in line %u: close that one by '}' first; it is left out", parse->opened);
            end_entry(parse);
        }
        if (text[0] == '{')
        {
            parse->opened = parse->line;
            parse->expectation = EXPECT_NAME;
            begin_entry(parse, text);
        }
    }
    else if (strcmp(text, "}") == 0)
        close_block(parse);
    else if (parse->expectation == EXPECT_NAME)
    {
        parse->entry.name = (uint32_t)(text - parse->all->text);
        parse->expectation = EXPECT_RULE;
    }
    else if (parse->expectation == EXPECT_RULE)
    {
        parse->expectation = EXPECT_PART;
        parse_rule(parse, text, strlen(text), &parse->entry.rule);
    }
    else if (parse->expectation == EXPECT_PART)
    {
        if (!parse->spoiled)
            parse_part(parse, text);
    }
    else
        parse_one_line(parse, text);
}

char *suppressions_room(struct suppressions *all, size_t *bytes)
{
    size_t room = SUPPRESSION_TEXT_BYTES - all->text_used;
    *bytes = room > 1 ? room - 1 : 0; /* one for the end of the last line */
    return all->text + all->text_used;
}

/* Keeps the name of the file in the table; a full table has "a file" for it. */
static uint32_t keep_file_name(struct suppressions *all, const char *file)
{
    size_t length = strlen(file) + 1;
    if (SUPPRESSION_TEXT_BYTES - all->text_used < length)
        return (uint32_t)all->text_used - 1; /* the end of the last line: "" */
    memcpy(all->text + all->text_used, file, length);
    all->text_used += length;
    return (uint32_t)(all->text_used - length);
}

void suppressions_parse(struct suppressions *all, const char *file, size_t bytes, suppression_complain *complain, void *context)
{
    if (all->text_used >= SUPPRESSION_TEXT_BYTES)
        return; /* no byte of it was read */
    char *start = all->text + all->text_used, *end = start + bytes;
    *end = '\0';
    all->text_used += bytes + 1;
    struct parse parse = {.all = all, .file = file, .file_name = keep_file_name(all, file), .complain = complain, .context = context};
    while (start < end)
    {
        char *newline = memchr(start, '\n', (size_t)(end - start)), *stop = newline != NULL ? newline : end;
        newline = stop;
        while (stop > start && (stop[-1] == ' ' || stop[-1] == '\t' || stop[-1] == '\r'))
            stop--;
        *stop = '\0';
        start += strspn(start, " \t");
        parse.line++;
        if (strlen(start) != (size_t)(stop - start))
        {
            mistake(&parse, "holds a zero byte: this is no text file; what follows is left out");
            break;
        }
        parse_line(&parse, start);
        start = newline + 1;
    }
    if (parse.expectation != EXPECT_ENTRY)
    {
        parse.spoiled = false;
        mistake(&parse, "the block that starts in line %u has no '}': it is left out", parse.opened);
        end_entry(&parse);
    }
}
