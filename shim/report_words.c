/* The words of a report: what the handle is, what happened to it in one sentence, what to do. See report.h and report_parts.h.
 *
 * A new rule needs its remedy in the table here and, unless "was used" or "was freed" says it all, its words in past_tense() or message_text().
 */
#include "report_parts.h"
#include "context.h"
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
        const struct edge_record *edge = tracker_edge(TRACKER, record->first_parent);
        /* What it merely holds a reference to (a feature its definition) does not tell where it is. */
        while (edge != NULL && edge->type == EDGE_ADVICE && kind_table[tracker_handle(TRACKER, edge->parent)->kind].reference != NULL)
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
    if (record->state == HANDLE_BURIED)
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

static const struct remedy remedies[] = {
    {101, CHANGE_FREED, "keep the %P alive until the %H is no longer used, or free it later"},
    {102, CHANGE_FREED, "free the %H after its last use"},
    {103, CHANGE_USED, "drop this second free: the %H has one owner"},
    {104, CHANGE_USED, "leave the %H to its %P: free or give away a clone if you need one of your own"},
    {105, CHANGE_USED, "drop this: the %H was given away and belongs to its taker now; pass a clone to keep one"},
    {106, CHANGE_FREED, "free the %H before the %P"},
    {107, CHANGE_USED, "fetch the %H again after the call that replaced it"},
    {111, CHANGE_USED, "pass data (a file name, WKB) between packages that bring their own copy of the library, not handles"},
    {114, CHANGE_USED, "drop this release, or take a reference first"},
    {118, CHANGE_FREED, "end the library after the last use of the %H"},
};

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
        const char *insert = text[0] == '%' && text[1] == 'P'   ? violation->parent[0] != '\0' ? kind_table[violation->parent_kind].words : "owner"
                             : text[0] == '%' && text[1] == 'H' ? kind_table[violation->kind].words
                                                                : NULL;
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
    default:
        return violation->freeing && violation->rule != 106 ? "was freed" : "was used";
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
                 violation->has_death ? function_table[violation->death_function].name : "a call");
        break;
    case 118:
        snprintf(out, bytes, "%s %s after its library was ended", violation->handle, past_tense(violation));
        break;
    default:
        snprintf(out, bytes, "%s %s", violation->handle, past_tense(violation));
    }
}
