/* Suppressions over violations as JSON objects: see suppressor.h. One thread. */
#include "suppressor.h"
#include "findings.h"
#include "suppress.h"
#include "text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct suppressor {
    struct suppressions table;
    uint64_t counts[SUPPRESSION_MAX];
};

struct suppressor *suppressor_open(void)
{
    struct suppressor *suppressor = allocate(sizeof *suppressor);
    memset(suppressor, 0, sizeof *suppressor);
    return suppressor;
}

void suppressor_close(struct suppressor *suppressor)
{
    free(suppressor);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

static void complain_of_entry(const char *sentence, void *context)
{
    (void)context;
    complain("report", "suppressions: %s", sentence);
}

bool suppressor_read(struct suppressor *suppressor, const char *file)
{
    size_t room;
    char *text = suppressions_room(&suppressor->table, &room);
    FILE *stream = fopen(file, "re");
    size_t bytes = stream != NULL ? fread(text, 1, room, stream) : 0;
    if (stream == NULL || ferror(stream)) {
        complain("report", "--suppressions '%s' cannot be read: %s; check the path", file, strerror(errno));
        if (stream != NULL)
            fclose(stream);
        return false;
    }
    bool longer = fgetc(stream) != EOF;
    fclose(stream);
    suppressions_parse(&suppressor->table, file, bytes, complain_of_entry, NULL);
    if (longer)
        complain("report", "suppressions: '%s' is too long, all files together may have 128 KiB: join entries by wildcards", file);
    return true;
}

/* ---- matching ------------------------------------------------------------------------------------------------------------ */

struct evidence {
    const struct suppressions *table;
    const json_t *stacks;
};

static const char *known(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

/* The frame that a report shows: the innermost that is not of an installed package. */
static size_t python_place(const json_t *frames)
{
    for (size_t index = 0; index < json_array_size(frames); index++)
        if (!is_installed(member(json_array_get(frames, index), "file")))
            return index;
    return 0;
}

static bool frame_matches(const struct evidence *evidence, const struct suppression_part *part, const json_t *frame, bool is_place)
{
    struct suppression_frame words = {.function = known(member(frame, "function")), .module = known(member(frame, "module")), .file = known(member(frame, "file")),
                                      .offset = strtoull(member(frame, "offset"), NULL, 16), .line = (uint32_t)member_number(frame, "line"), .is_place = is_place};
    if (suppression_part_matches(evidence->table, part, &words))
        return true;
    /* "main+0x12": the exported symbol, where the debug information has another name or there is none */
    char *symbol = duplicate(member(frame, "symbol"));
    char *plus = strrchr(symbol, '+');
    if (plus != NULL)
        *plus = '\0';
    words = (struct suppression_frame){.function = known(symbol)};
    bool matches = words.function != NULL && suppression_part_matches(evidence->table, part, &words);
    free(symbol);
    return matches;
}

static bool stack_matches(const struct evidence *evidence, const struct suppression_part *part, const json_t *stack)
{
    const json_t *python = json_object_get(stack, "python"), *native = json_object_get(stack, "native");
    struct suppression_frame api = {.function = known(member(stack, "function"))};
    if (api.function != NULL && suppression_part_matches(evidence->table, part, &api))
        return true;
    for (size_t index = 0; index < json_array_size(python); index++)
        if (frame_matches(evidence, part, json_array_get(python, index), index == python_place(python)))
            return true;
    for (size_t index = 0; index < json_array_size(native); index++)
        if (frame_matches(evidence, part, json_array_get(native, index), index == 0 && json_array_size(python) == 0))
            return true;
    return false;
}

static bool part_matches(const struct suppression_part *part, void *context)
{
    static const char *const roles[] = {
#define X(name) #name,
        SUPPRESSION_ROLES(X)
#undef X
    };
    const struct evidence *evidence = context;
    for (unsigned role = ROLE_any + 1; role < ROLE_COUNT; role++) {
        const json_t *stack = json_object_get(evidence->stacks, roles[role]);
        if (json_is_object(stack) && (part->role == ROLE_any || part->role == role) && stack_matches(evidence, part, stack))
            return true;
    }
    return false;
}

int suppressor_find(const struct suppressor *suppressor, const json_t *violation)
{
    const char *rule = member(violation, "rule");
    if (suppressor == NULL || strlen(rule) != 5)
        return -1;
    struct evidence evidence = {.table = &suppressor->table, .stacks = json_object_get(violation, "stacks")};
    return suppressions_find(&suppressor->table, (unsigned)strtoul(rule + 2, NULL, 10), part_matches, &evidence);
}

void suppressor_count(struct suppressor *suppressor, int entry, uint64_t number)
{
    suppressor->counts[entry] += number;
}

bool suppressor_entry(const struct suppressor *suppressor, unsigned index, struct suppression_count *entry)
{
    if (suppressor == NULL || index >= suppressor->table.count)
        return false;
    const struct suppression *found = &suppressor->table.entries[index];
    *entry = (struct suppression_count){.name = suppression_text(&suppressor->table, found->name), .file = suppression_text(&suppressor->table, found->file),
                                        .line = found->line, .count = suppressor->counts[index]};
    return true;
}
