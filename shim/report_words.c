/* The words of a report: what the handle is, what happened to it in one sentence, what to do. See report.h and report_parts.h.
 *
 * A new rule needs its remedy in the table here and, unless "was used" or "was freed" says it all, its words in past_tense() or message_text().
 */
#include "report_parts.h"
#include "context.h"
#include "labels.h"
#include <stdio.h>
#include <string.h>

#define TRACKER (&holdfast_tracker)

static void describe_one(const struct handle_record *record, char *buffer, size_t bytes)
{
    const char *words = record->kind < KIND_COUNT ? kind_table[record->kind].words : "handle";
    if (record->flags & HANDLE_NUMBER)
        snprintf(buffer, bytes, "%s %d", words, (int32_t)record->label);
    else if (record->label != 0)
        snprintf(buffer, bytes, "%s '%s'", words, tracker_text(TRACKER, record->label));
    else
        snprintf(buffer, bytes, "%s", words);
}

void describe_handle(handle_id id, char *buffer, size_t bytes)
{
    size_t used = 0;
    buffer[0] = '\0';
    for (unsigned depth = 0; depth < 4 && id != 0; depth++)
    {
        const struct handle_record *record = tracker_handle(TRACKER, id);
        if (record == NULL || used + 8 >= bytes)
            return;
        used += (size_t)snprintf(buffer + used, bytes - used, "%s", depth > 0 ? " of " : "");
        describe_one(record, buffer + used, bytes - used);
        used = strlen(buffer);
        if (labels_of(id)[0] != '\0')
            snprintf(buffer + used, bytes - used, " (%s)", labels_of(id));
        used = strlen(buffer);
        const struct edge_record *edge = tracker_edge(TRACKER, record->first_parent);
        /* What it merely holds a reference to (a feature its definition) does not tell where it is, nor does the memory that it works on. */
        while (edge != NULL && (tracker_handle(TRACKER, edge->parent)->kind == KIND_buffer ||
                                (edge->type == EDGE_ADVICE && tracker_handle(TRACKER, edge->parent)->kind != KIND_dataset &&
                                 kind_table[tracker_handle(TRACKER, edge->parent)->kind].reference != NULL)))
            edge = tracker_edge(TRACKER, edge->next_of_child);
        id = edge != NULL ? edge->parent : 0;
    }
}

void violation_describe(struct violation *violation, unsigned rule, uint16_t function, handle_id id, handle_id dead)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    const struct handle_record *killer = tracker_handle(TRACKER, dead);
    violation->rule = rule;
    violation->function = function;
    if (record == NULL)
        return;
    violation->address = record->address;
    violation->kind = record->kind;
    violation->provider = record->provider;
    describe_handle(id, violation->handle, sizeof violation->handle);
    violation->has_birth = record->birth_stack != 0;
    violation->birth_function = record->birth_function;
    violation->obtained = record->loan_stack != 0 ? record->loan_stack : record->birth_stack;
    const struct handle_record *gone = killer != NULL && record->death_stack == 0 ? killer : record;
    if (killer != NULL && (killer->state == HANDLE_HELD || killer->state == HANDLE_BURIED || rule == 106))
        gone = killer;
    if (record->state == HANDLE_BURIED || record->cause == CAUSE_ALTERED || record->cause == CAUSE_REPLACED)
        gone = record;
    violation->has_death = gone->death_stack != 0 && rule != 111;
    violation->freed = violation->has_death ? gone->death_stack : 0;
    violation->death_function = gone->death_function;
    if (killer != NULL && dead != id)
    {
        describe_handle(dead, violation->parent, sizeof violation->parent);
        violation->parent_kind = killer->kind;
        violation->parent_address = killer->address;
    }
}

/* The groups: one report for all handles of one origin. */
#define EXAMPLES_SHOWN 3

void violation_describe_group(struct violation *violation, unsigned rule, handle_id id)
{
    violation_describe(violation, rule, 0, id, 0);
    violation->no_call = true;
    violation->has_death = false;
    violation->count = 1;
    snprintf(violation->examples, sizeof violation->examples, "%s", violation->handle);
}

void violation_add_to_group(struct violation *violation, handle_id id)
{
    size_t used = strlen(violation->examples);
    char words[DESCRIPTION_BYTES];
    if (violation->count++ >= EXAMPLES_SHOWN)
        return;
    describe_handle(id, words, sizeof words);
    /* Handles without a name say nothing that the first one did not; one that does not fit is left out whole. */
    if (strstr(violation->examples, words) == NULL && used + 1 + strlen(words) < sizeof violation->examples)
        snprintf(violation->examples + used, sizeof violation->examples - used, "\n%s", words);
}

static const struct remedy remedies[] = {
    {101, CHANGE_FREED, "keep the %P alive until the %H is no longer used, or free it later"},
    {102, CHANGE_FREED, "free the %H after its last use"},
    {103, CHANGE_USED, "drop this second free: the %H has one owner"},
    {104, CHANGE_USED, "leave the %H to its %P: free or give away a clone if you need one of your own"},
    {105, CHANGE_USED, "drop this: the %H was given away and belongs to its taker now; pass a clone to keep one"},
    {106, CHANGE_FREED, "free the %H before the %P"},
    {107, CHANGE_USED, "fetch the %H again after the call that replaced it"},
    {108, CHANGE_FREED, "destroy the %H before the fields are changed, and read it again afterwards"},
    {109, CHANGE_USED, "pass a handle of the kind %E here: look where this argument comes from"},
    {110, CHANGE_USED, "free the %H with %E"},
    {111, CHANGE_USED, "pass data (a file name, WKB) between packages that bring their own copy of the library, not handles"},
    {112, CHANGE_USED, "give each thread a %P of its own, or lock around both calls"},
    {113, CHANGE_USED, "open the %H after the fork, in the process that uses it"},
    {114, CHANGE_USED, "drop this release, or take a reference first"},
    {115, CHANGE_OBTAINED, "free the %H after its last use, on every path that leaves its scope"},
    {116, CHANGE_OBTAINED, "free each %H that is made here when it is no longer needed: their number only grows"},
    {117, CHANGE_FREED, "keep the buffer until what works on it is gone (the dataset closed, the file removed), and free it only if it is still yours"},
    {118, CHANGE_FREED, "end the library after the last use of the %H"},
    {119, CHANGE_USED, "destroy the %H before this release"},
};

stack_id stack_to_change(const struct violation *violation, const struct remedy *remedy)
{
    if (remedy->where == CHANGE_OBTAINED || (violation->no_call && !violation->has_death))
        return violation->obtained;
    return remedy->where == CHANGE_FREED && violation->has_death ? violation->freed : violation->used;
}

void remedy_text(const struct violation *violation, char *out, size_t bytes, const struct remedy **chosen)
{
    static const struct remedy member = {105, CHANGE_FREED, "drop this free: the member was given away; pass a clone to keep one"};
    const struct remedy *remedy = violation->by_member ? &member : NULL;
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
        if (remedy == NULL && remedies[i].rule == violation->rule)
            remedy = &remedies[i];
    *chosen = remedy;
    out[0] = '\0';
    size_t used = 0;
    for (const char *text = remedy != NULL ? remedy->text : ""; *text != '\0' && used + 1 < bytes; text++)
    {
        const char *insert = NULL;
        if (text[0] == '%' && text[1] == 'P')
            insert = violation->parent[0] != '\0' ? kind_table[violation->parent_kind].words : violation->rule == 112 ? kind_table[violation->kind].words : "owner";
        else if (text[0] == '%' && text[1] == 'H')
            insert = kind_table[violation->kind].words;
        else if (text[0] == '%' && text[1] == 'E')
            insert = violation->expected != NULL ? violation->expected : violation->rule == 110 ? "the function that its documentation names" : "that the function expects";
        if (insert != NULL)
        {
            used += (size_t)snprintf(out + used, bytes - used, "%s", insert);
            used = used < bytes ? used : bytes - 1;
            text++;
        }
        else
        {
            out[used++] = *text;
            out[used] = '\0';
        }
    }
}

static const char *past_tense(const struct violation *violation)
{
    if (violation->by_member)
        return violation->freeing ? "was freed after a member that it had taken was freed" : "was used after a member that it had taken was freed";
    switch (violation->rule)
    {
    case 103:
        return "was freed a second time";
    case 104:
        return violation->giving ? "is borrowed, but was given away" : "is borrowed, but was freed";
    case 105:
        return violation->freeing ? "was freed or given away again after a call took it" : "was used after a call took and destroyed it";
    case 114:
        return "was released more often than referenced";
    case 111:
        return "belongs to another loaded copy of the library";
    case 113:
        return violation->freeing ? "was freed in a forked child of the process that opened it" : "was used in a forked child of the process that opened it";
    default:
        return violation->freeing && violation->rule != 106 ? "was freed" : "was used";
    }
}

static const char *article(const char *words)
{
    return words == NULL || strchr("aeio", words[0]) != NULL ? "an" : "a";
}

/* "37 datasets were never freed, e.g. dataset 'a.tif', dataset 'b.tif'" */
static void group_text(const struct violation *violation, const char *one, const char *many, char *out, size_t bytes)
{
    const char *words = kind_table[violation->kind].words, *e_g = ", e.g. ";
    if (violation->count <= 1)
    {
        snprintf(out, bytes, "%s %s", violation->handle, one);
        return;
    }
    size_t length = strlen(words);
    bool y = length > 1 && words[length - 1] == 'y'; /* geometry, geometries */
    size_t used = (size_t)snprintf(out, bytes, "%u %.*s%s %s", violation->count, (int)(length - (y ? 1 : 0)), words, y ? "ies" : "s", many);
    for (const char *line = violation->examples; *line != '\0' && used < bytes;)
    {
        int line_bytes = (int)strcspn(line, "\n");
        bool says_more = (size_t)line_bytes != length || strncmp(line, words, length) != 0; /* than that it is one of them */
        if (says_more)
        {
            used += (size_t)snprintf(out + used, bytes - used, "%s%.*s", e_g, line_bytes, line);
            e_g = ", ";
        }
        line += line_bytes + (line[line_bytes] == '\n');
    }
}

/* "band 1 of dataset 'r.tif' was used after dataset 'r.tif' was freed" */
void message_text(const struct violation *violation, char *out, size_t bytes)
{
    const char *dead = violation->parent[0] != '\0' ? violation->parent : NULL;
    switch (violation->rule)
    {
    case 101:
        snprintf(out, bytes, violation->action == ACTION_free_refused ? "%.300s %s after the free of %.300s was refused" : "%.300s %s after %.300s was freed",
                 violation->handle, past_tense(violation), dead != NULL ? dead : "its parent");
        break;
    case 102:
        snprintf(out, bytes, "%s was used after %s", violation->handle, violation->action == ACTION_free_refused ? "its free was refused" : "it was freed");
        break;
    case 106:
        snprintf(out, bytes, "%.300s was freed while %.300s was alive", dead != NULL ? dead : "a parent", violation->handle);
        break;
    case 107:
        snprintf(out, bytes, "%s %s after %s replaced it", violation->handle, past_tense(violation),
                 violation->has_death && !violation->no_death_function ? function_table[violation->death_function].name : "a later call");
        break;
    case 108:
        if (violation->has_death)
            snprintf(out, bytes, "%s was %s after %s changed the fields of its definition", violation->handle, violation->freeing ? "freed" : "used",
                     function_table[violation->death_function].name);
        else
            snprintf(out, bytes, "the fields of %.300s were changed while %.300s was alive", dead != NULL ? dead : "a definition", violation->handle);
        break;
    case 109:
        snprintf(out, bytes, "%.300s was passed where %s %.60s is expected", violation->handle, article(violation->expected),
                 violation->expected != NULL ? violation->expected : "other kind of handle");
        break;
    case 110:
        snprintf(out, bytes, "%s was freed by %s, which is not how it is freed", violation->handle, function_table[violation->function].name);
        break;
    case 112:
        if (violation->has_other)
            snprintf(out, bytes, "%s was used while thread %d was inside %s", violation->handle, violation->other_thread,
                     function_table[violation->other_function].name);
        else
            snprintf(out, bytes, "%s was used by two threads at once", violation->handle);
        break;
    case 115:
        group_text(violation, "was never freed", "were never freed", out, bytes);
        break;
    case 116:
        group_text(violation, "is one of ever more of its origin", "of one origin are alive, and their number grows", out, bytes);
        break;
    case 117:
        snprintf(out, bytes, violation->freeing ? "the buffer under %s was freed while in use" : "%s was used after the buffer under it was freed", violation->handle);
        break;
    case 118:
        snprintf(out, bytes, "%s %s after its library was ended", violation->handle, past_tense(violation));
        break;
    case 119:
        snprintf(out, bytes, "%.300s was alive when %.300s was released", violation->handle, dead != NULL ? dead : "a dataset");
        break;
    default:
        snprintf(out, bytes, "%s %s", violation->handle, past_tense(violation));
    }
}
