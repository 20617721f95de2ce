/* Trees: see trees.h.
 *
 * A slot stands for one root handle. The number of the stay tells one from the next, so that a note which comes too late is not taken for the
 * following call. Which tree a handle is of is remembered beside the good cache; as that can
 * be out of date, both sides look their roots up again, under the tracker's lock, before anything is told.
 */
#include "trees.h"
#include "call.h"
#include "stack.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/single_threaded.h>

#define NOTES 32u

struct tree_slot tree_slots[TREE_SLOTS];

/* What a thread was doing in a tree in which another one was inside. */
static struct note {
    _Atomic bool taken;
    uint16_t slot;            /* 0: not posted yet */
    uint64_t word;            /* of the slot: the stay of the thread inside */
    handle_id root;
    uint32_t root_serial;
    struct violation violation;
} notes[NOTES];

_Atomic uint16_t tree_of[GOOD_SLOTS];

/* Where the C library does not tell (before glibc 2.32) no process is taken to be alone. */
static const char never_alone;
extern char __libc_single_threaded __attribute__((weak));
const volatile char *holdfast_single_thread = &never_alone;

static __attribute__((constructor)) void find_single_thread(void)
{
    if (&__libc_single_threaded != NULL)
        holdfast_single_thread = &__libc_single_threaded;
}

void tree_forget(uintptr_t address)
{
    atomic_store_explicit(&tree_of[good_index(address)], 0, memory_order_relaxed);
}

/* [tracker locked] The root of the tree that this handle is of, 0 if it is of none. */
static handle_id root_of(handle_id id)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL || record->kind >= KIND_COUNT || !kind_table[record->kind].serial)
        return 0;
    for (unsigned depth = 0; depth < 32; depth++)
    {
        handle_id parent = 0;
        for (uint32_t edge = record->first_parent; edge != 0 && parent == 0; edge = tracker_edge(TRACKER, edge)->next_of_child)
        {
            const struct edge_record *link = tracker_edge(TRACKER, edge);
            const struct handle_record *above = tracker_handle(TRACKER, link->parent);
            if ((link->type == EDGE_BORROWED || link->type == EDGE_DEPENDANT) && above->state != HANDLE_BURIED && kind_table[above->kind].serial)
                parent = link->parent;
        }
        if (parent == 0)
            break;
        id = parent;
        record = tracker_handle(TRACKER, id);
    }
    return record->flags & HANDLE_THREADSAFE ? 0 : id;
}

static uint16_t slot_of_root(handle_id root)
{
    return (uint16_t)(1 + root % (TREE_SLOTS - 1));
}

/* The slot of a handle's tree, 0 if it is of none; `use` gets the root when it was looked up. */
static uint16_t find_slot(const struct view *view, uintptr_t address, uint8_t kind, bool remember, struct tree_use *use)
{
    _Atomic uint16_t *memory = &tree_of[good_index(address)];
    uint16_t known = atomic_load_explicit(memory, memory_order_relaxed);
    if (remember && known != 0 && known_good(view, (const void *)address, kind))
        return known == TREE_NONE ? 0 : (uint16_t)(known - 1);
    uintptr_t lender = 0;
    uint8_t lender_kind = 0;
    bool lent = young_lender(address, &lender, &lender_kind) && kind_table[lender_kind].serial;
    if (!lock_near(lent ? lender : address))
        return 0;
    handle_id root = root_of(lent ? find_handle(lender, lender_kind) : find_handle(address, kind));
    use->root = root;
    use->root_serial = root != 0 ? tracker_handle(TRACKER, root)->serial : 0;
    tracker_unlock(TRACKER);
    uint16_t slot = root != 0 ? slot_of_root(root) : 0;
    if (known_good(view, (const void *)address, kind))
        atomic_store_explicit(memory, slot != 0 ? (uint16_t)(slot + 1) : TREE_NONE, memory_order_relaxed);
    if (lent && slot != 0 && known_good(view, (const void *)lender, (enum kind)lender_kind)) /* what it lends next is of the same */
        atomic_store_explicit(&tree_of[good_index(lender)], (uint16_t)(slot + 1), memory_order_relaxed);
    return slot;
}

static uint64_t stay(uint64_t word)
{
    return word & ~TREE_NOTED;
}

/* A note that its stay did not wait for: the thread inside left, with a plain store, while NOTED was being set. */
static bool take_back(struct note *note)
{
    uint32_t number = (uint32_t)(note - notes) + 1;
    return note->slot != 0 && stay(atomic_load(&tree_slots[note->slot].word)) != note->word &&
           atomic_compare_exchange_strong(&tree_slots[note->slot].note, &number, 0);
}

static struct note *take_note(void)
{
    for (unsigned i = 0; i < NOTES; i++)
        if (!atomic_exchange(&notes[i].taken, true))
            return &notes[i];
    for (unsigned i = 0; i < NOTES; i++)
        if (take_back(&notes[i]))
            return &notes[i];
    return NULL;
}

/* Whoever makes the slot's number 0 owns the note: this one, or the thread inside. */
static bool post(struct note *note, uint16_t slot, uint64_t word)
{
    uint32_t number = (uint32_t)(note - notes) + 1, posted = atomic_load(&tree_slots[slot].note);
    if (posted != 0 && notes[posted - 1].slot == slot && take_back(&notes[posted - 1]))
        atomic_store(&notes[posted - 1].taken, false);
    note->slot = slot;
    note->word = stay(word);
    posted = 0;
    if (!atomic_compare_exchange_strong(&tree_slots[slot].note, &posted, number))
        return false;
    uint64_t current = note->word;
    if (atomic_compare_exchange_strong(&tree_slots[slot].word, &current, note->word | TREE_NOTED))
        return true;
    posted = number; /* it came out meanwhile */
    return !atomic_compare_exchange_strong(&tree_slots[slot].note, &posted, 0);
}

/* Another thread is inside, for all that is known: leave a note for it. */
static void leave_note(struct call *call, const struct tree_use *use, uint64_t word)
{
    struct note *note = take_note();
    if (note == NULL)
        return;
    note->slot = 0;
    stack_id stack = call_stack(call);
    bool certain = false;
    if (lock_near(use->handle))
    {
        handle_id id = find_handle(use->handle, use->kind);
        handle_id root = root_of(id);
        if (root != 0 && slot_of_root(root) == use->slot)
        {
            note->root = root;
            note->root_serial = tracker_handle(TRACKER, root)->serial;
            memset(&note->violation, 0, sizeof note->violation);
            violation_describe(&note->violation, 112, (uint16_t)call->function, id, root);
            note->violation.has_death = false;
            note->violation.used = stack;
            note->violation.action = ACTION_logged;
            certain = true;
        }
        tracker_unlock(TRACKER);
    }
    if (!certain || !post(note, use->slot, word))
        atomic_store(&note->taken, false);
}

void tree_enter(struct call *call, const uintptr_t *arguments, struct tree_use *use)
{
    const struct function_info *info = &function_table[call->function];
    if (alone() || info->any_thread)
        return;
    for (unsigned i = 0; i < info->argument_count; i++)
    {
        uint8_t kind = argument_kinds[info->first_argument + i];
        if (kind == 0 || !kind_table[kind].serial || arguments[i] == 0)
            continue;
        struct tree_use found = {.function = (uint16_t)call->function, .caller = call->caller, .handle = arguments[i], .kind = kind};
        /* What this call ends cannot be looked up when it comes out. */
        found.slot = find_slot(call->view, arguments[i], kind, variant_table[info->first_variant].effect_count == 0, &found);
        if (found.slot == 0)
            continue;
        const uint32_t me = (uint32_t)tracker_thread();
        uint64_t word = atomic_load_explicit(&tree_slots[found.slot].word, memory_order_relaxed);
        while ((word & TREE_INSIDE) == 0)
        {
            found.word = tree_next_stay(word, me);
            if (atomic_compare_exchange_weak_explicit(&tree_slots[found.slot].word, &word, found.word, memory_order_acquire, memory_order_relaxed))
            {
                *use = found;
                return;
            }
        }
        if (word >> 32 != me)
            leave_note(call, &found, word);
        return; /* one tree a call: the first handle says which */
    }
}

/* [tracker unlocked] Was this stay in the tree that the note is about? */
static bool same_tree(const struct tree_use *use, const struct note *note)
{
    if (use->root_serial != 0)
        return use->root == note->root && use->root_serial == note->root_serial;
    if (!lock_near(use->handle))
        return false;
    handle_id root = root_of(find_handle(use->handle, use->kind));
    bool same = root == note->root && tracker_handle(TRACKER, root) != NULL && tracker_handle(TRACKER, root)->serial == note->root_serial;
    tracker_unlock(TRACKER);
    return same;
}

void tree_leave_slowly(struct tree_use *use)
{
    struct tree_slot *slot = &tree_slots[use->slot];
    use->slot = 0;
    uint64_t word = atomic_load_explicit(&slot->word, memory_order_acquire);
    if (stay(word) != use->word)
        return; /* somebody's store overwrote this one's, see trees.h: the word is his */
    uint32_t number = atomic_exchange(&slot->note, 0);
    atomic_store_explicit(&slot->word, use->word & ~TREE_INSIDE, memory_order_release);
    if (number == 0)
        return;
    struct note *note = &notes[number - 1];
    if (note->word == use->word && same_tree(use, note))
    {
        char sentence[2 * DESCRIPTION_BYTES];
        note->violation.has_other = true;
        note->violation.other = stack_here(use->caller);
        note->violation.other_function = use->function;
        note->violation.other_thread = (int)tracker_thread();
        report_violation(&note->violation, sentence, sizeof sentence);
    }
    atomic_store(&note->taken, false);
}

void tree_after_fork_child(void)
{
    memset(tree_slots, 0, sizeof tree_slots);
    for (unsigned i = 0; i < NOTES; i++)
        atomic_store(&notes[i].taken, false);
}
