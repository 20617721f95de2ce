/* Counts, for each function that lends, what became of its loans when their parent died, and for each that makes something dependent whether that
 * was still there when its parent died: see evidence.h.
 *
 * Any thread, with the tracker locked; nothing allocates. A loan is remembered here with the function that made it, because the tracker's edge
 * keeps only that there is one, and because a counted child loses its edge when the parent is buried. The tables are bounded: what does
 * not fit is not counted, which can make a test miss something, never fail.
 *
 * A line of the file:  FUNCTION KIND PARENTKIND died-seen N died-unseen M outlived K
 *   died-seen    the block of the child, or one around it, was freed while the parent's free ran, and the parent's was; of what is lent as global:
 *                its block was freed at all
 *   died-unseen  the parent's block was freed, the child's was not, and Holdfast does not know what became of it
 *   outlived     the parent's block was freed, and the child is known to live on: it is owned (a dependant), or counted and referenced by others
 */
#include "evidence.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOANS 16384u
#define LOAN_PROBES 32u
#define COUNTS 1024u

struct loan {
    handle_id child, parent; /* child 0: free */
    uint32_t child_serial, parent_serial;
    uint16_t count; /* into counts */
};

struct count {
    uint16_t function;
    uint8_t kind, parent_kind; /* parent_kind 0: global */
    uint32_t died_seen, died_unseen, outlived;
};

static struct loan loans[LOANS];
static struct count counts[COUNTS];
static uint32_t count_count;

static struct loan *loan_slot(handle_id child, uint32_t probe)
{
    return &loans[(child * UINT32_C(2654435769) + probe) % LOANS];
}

/* COUNTS when there is no room. */
static uint32_t count_of(enum function function, uint8_t kind, uint8_t parent_kind)
{
    uint32_t i = 0;
    while (i < count_count && (counts[i].function != function || counts[i].kind != kind || counts[i].parent_kind != parent_kind))
        i++;
    if (i == count_count && i < COUNTS)
        counts[count_count++] = (struct count){.function = (uint16_t)function, .kind = kind, .parent_kind = parent_kind};
    return i;
}

void evidence_lent(enum function function, handle_id child, handle_id parent)
{
    const struct handle_record *record = tracker_handle(&holdfast_tracker, child), *above = tracker_handle(&holdfast_tracker, parent);
    if (!evidence_wanted() || record == NULL)
        return;
    uint32_t count = count_of(function, (uint8_t)record->kind, above != NULL ? (uint8_t)above->kind : 0);
    if (count == COUNTS || above == NULL || (record->flags & HANDLE_BORROWED) == 0)
        return;
    struct loan *free_slot = NULL;
    for (uint32_t probe = 0; probe < LOAN_PROBES; probe++)
    {
        struct loan *loan = loan_slot(child, probe);
        if (loan->child == child && loan->child_serial != record->serial)
            loan->child = 0; /* of a handle that had this record before */
        if (loan->child == 0 && free_slot == NULL)
            free_slot = loan;
        if (loan->child == child && loan->parent == parent && loan->parent_serial == above->serial && loan->count == count)
            return;
    }
    if (free_slot != NULL)
        *free_slot = (struct loan){.child = child, .parent = parent, .child_serial = record->serial, .parent_serial = above->serial, .count = (uint16_t)count};
}

void evidence_freed(handle_id id)
{
    const struct handle_record *record = tracker_handle(&holdfast_tracker, id);
    if (!evidence_wanted() || (record->flags & HANDLE_GLOBAL) == 0)
        return;
    uint32_t count = count_of(record->birth_function, (uint8_t)record->kind, 0);
    if (count != COUNTS)
        counts[count].died_seen++;
}

static const struct fence_entry *find_entry(const struct fence_watch *watch, handle_id id, uint32_t serial)
{
    for (uint32_t i = 0; i < watch->count; i++)
        if (watch->entries[i].id == id && watch->entries[i].serial == serial)
            return &watch->entries[i];
    return NULL;
}

static bool lives(const struct fence_entry *entry)
{
    const struct handle_record *record = tracker_handle(&holdfast_tracker, entry->id);
    return record != NULL && record->serial == entry->serial && (record->state == HANDLE_LIVE || record->state == HANDLE_HELD);
}

static void settle_loans(const struct fence_watch *watch, const struct fence_entry *child)
{
    for (uint32_t probe = 0; probe < LOAN_PROBES; probe++)
    {
        struct loan *loan = loan_slot(child->id, probe);
        if (loan->child != child->id || loan->child_serial != child->serial)
            continue;
        const struct fence_entry *parent = find_entry(watch, loan->parent, loan->parent_serial);
        if (parent == NULL || !parent->seen)
            continue;
        struct count *count = &counts[loan->count];
        uint32_t *answer = child->seen ? &count->died_seen : lives(child) ? &count->outlived : &count->died_unseen;
        ++*answer;
        loan->child = 0; /* answered once, also where a handle stands in a watch twice */
    }
}

/* What is owned and depends on the dead handle: those edges stay when it is buried. */
static void count_dependants(const struct fence_entry *parent)
{
    const struct handle_record *record = tracker_handle(&holdfast_tracker, parent->id);
    if (record == NULL || record->serial != parent->serial)
        return;
    const struct edge_record *link;
    for (uint32_t edge = record->first_child; (link = tracker_edge(&holdfast_tracker, edge)) != NULL && !link->dead; edge = link->next_of_parent)
    {
        const struct handle_record *child = tracker_handle(&holdfast_tracker, link->child);
        if (link->type == EDGE_BORROWED || child->state != HANDLE_LIVE || child->birth_stack == 0) /* no stack: its birth was not seen */
            continue;
        uint32_t count = count_of(child->birth_function, (uint8_t)child->kind, (uint8_t)record->kind);
        if (count != COUNTS)
            counts[count].outlived++;
    }
}

void evidence_died(const struct fence_watch *watch)
{
    for (uint32_t i = 0; evidence_wanted() && i < watch->count; i++)
    {
        settle_loans(watch, &watch->entries[i]);
        if (watch->entries[i].seen)
            count_dependants(&watch->entries[i]);
    }
}

void evidence_write(void)
{
    int descriptor = evidence_wanted() ? open(holdfast_options.evidence_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (descriptor < 0)
        return;
    for (uint32_t i = 0; i < count_count; i++)
    {
        char line[256];
        const struct count *count = &counts[i];
        int length = snprintf(line, sizeof line, "%s %s %s died-seen %u died-unseen %u outlived %u\n", function_table[count->function].name, kind_table[count->kind].name,
                              count->parent_kind != 0 ? kind_table[count->parent_kind].name : "global", count->died_seen, count->died_unseen, count->outlived);
        if (write(descriptor, line, (size_t)length) != length)
            break;
    }
    close(descriptor);
}

void evidence_after_fork_child(void)
{
    if (!evidence_wanted())
        return;
    count_count = 0;
    memset(loans, 0, sizeof loans);
}
