/* Births, loans and transfers: what a call brought. Any thread, the tracker unlocked unless a function says so. Called after the real function
 * ran. */
#include "call.h"
#include "evidence.h"
#include "forks.h"
#include "leaks.h"
#include <string.h>

void gather_birth(struct birth *birth, const struct variant_info *variant, const uintptr_t *arguments)
{
    *birth = (struct birth){0};
    FOR_EACH_EFFECT(effect, variant)
    {
        if (!condition_holds(effect, arguments))
            continue;
        if (effect->verb == VERB_update)
            birth->update = true;
        else if (effect->verb == VERB_shared)
            birth->shared = true;
        else if (effect->verb == VERB_threadsafe)
            birth->threadsafe = true;
        else if (effect->verb == VERB_label && effect->text != NULL)
            birth->label = effect->text;
        else if (effect->verb == VERB_label && effect->counted)
            birth->label = (const char *)arguments[effect->at.position];
        else if (effect->verb == VERB_label)
        {
            birth->number = (int32_t)arguments[effect->at.position];
            birth->has_number = true;
        }
    }
}

/* [tracker locked] */
static void set_label(struct handle_record *record, const struct birth *birth)
{
    if (birth->has_number)
    {
        record->label = (uint32_t)birth->number;
        record->flags |= HANDLE_NUMBER;
    }
    else if (birth->label != NULL && birth->label[0] == '\0')
        record->flags |= HANDLE_NAMELESS;
    else if (birth->label != NULL)
        record->label = tracker_string(TRACKER, birth->label, strnlen(birth->label, 240));
}

/* [tracker locked] A record for something that begins to exist, or begins to be known. */
static handle_id add_handle(struct call *call, uintptr_t address, uint8_t kind)
{
    handle_id id = handle_add(TRACKER, address, kind, call->view->number);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL)
        return 0;
    if (kind_table[kind].harmless)
        record->flags |= HANDLE_HARMLESS;
    return id;
}

void was_born(struct call *call, uintptr_t address, uint8_t kind, const struct birth *birth)
{
    if (address == 0)
        return;
    call_stack(call);
    if (!lock_near(address))
        return;
    handle_id id;
    while ((id = find_any(address)) != 0)
    {
        struct handle_record *record = tracker_handle(TRACKER, id);
        if (record->state == HANDLE_LIVE && birth->shared && record->kind == kind)
        {
            handle_reference_add(record);
            record->flags |= HANDLE_SHARED | HANDLE_COUNTED;
            tracker_unlock(TRACKER);
            return;
        }
        if (record->flags & HANDLE_FENCED)
            break; /* cannot be: its memory is kept back. Believe the library, leave the record to its fence. */
        if (record->state != HANDLE_BURIED)
            tracker_count(TRACKER, COUNTER_implicit_deaths);
        forget_unseen(id);
    }
    id = add_handle(call, address, kind);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record != NULL)
    {
        record->birth_stack = call->stack;
        record->birth_function = (uint16_t)call->function;
        record->flags |= (uint32_t)((birth->update ? HANDLE_UPDATE : 0) | (birth->shared ? HANDLE_SHARED : 0) |
                                    (call->view->exact ? HANDLE_EXACT : 0) | (birth->threadsafe ? HANDLE_THREADSAFE : 0));
        set_label(record, birth);
        tracker_count(TRACKER, COUNTER_births);
        record->descriptor = (uint32_t)(call->next_descriptor + 1); /* for hold.c, should it be held */
        good_remember(address, call->view->number, kind);
    }
    tracker_unlock(TRACKER);
    growth_count_births(1);
}

/* [tracker locked] The record of a parent; one that was made unseen becomes known now. */
static handle_id parent_record(struct call *call, uintptr_t address, uint8_t kind)
{
    handle_id id = find_handle(address, kind);
    return id != 0 ? id : add_handle(call, address, kind);
}

uint8_t kind_of_argument(const struct call *call, int position)
{
    return argument_kinds[function_table[call->function].first_argument + (unsigned)position];
}

/* [tracker locked] What the handle lives in or depends on, else what it came from; itself when neither is known. The memory that it works on is none of these. */
handle_id owner_of(handle_id id)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    handle_id source = id;
    for (uint32_t edge = record != NULL ? record->first_parent : 0; edge != 0; edge = tracker_edge(TRACKER, edge)->next_of_child)
    {
        handle_id parent = tracker_edge(TRACKER, edge)->parent;
        if (tracker_handle(TRACKER, parent)->kind == KIND_buffer)
            continue;
        if (tracker_edge(TRACKER, edge)->type != EDGE_ADVICE)
            return parent;
        if (source == id)
            source = parent;
    }
    return source;
}

void depends_on(struct call *call, const struct effect_info *effect, uintptr_t child, uintptr_t parent)
{
    if (child == 0 || parent == 0 || child == parent || !lock_near(child, parent))
        return;
    handle_id child_id = find_handle(child, effect->kind);
    uint8_t parent_kind = effect->to_kind;
    if (child_id != 0 && effect->at.owner)
        child_id = owner_of(child_id);
    if (child_id != 0 && parent_kind != 0)
    {
        handle_id parent_id = effect->to.owner ? owner_of(find_handle(parent, parent_kind)) : parent_record(call, parent, parent_kind);
        /* What keeps a dataset that is being written open has its share in the loss when it is never released. */
        if (parent_id != 0 && kind_table[tracker_handle(TRACKER, child_id)->kind].valuable && (tracker_handle(TRACKER, parent_id)->flags & HANDLE_UPDATE) != 0 &&
            (kind_table[parent_kind].flush == NULL || tracker_handle(TRACKER, parent_id)->label != 0))
            tracker_handle(TRACKER, child_id)->flags |= HANDLE_UPDATE;
        if (parent_id != 0)
            edge_add(TRACKER, parent_id, child_id,
                     effect->verb == VERB_advises ? EDGE_ADVICE : effect->verb == VERB_needs ? EDGE_NEEDED : EDGE_DEPENDANT);
    }
    tracker_unlock(TRACKER);
}

void forget_loans_of(handle_id child)
{
    struct handle_record *record = tracker_handle(TRACKER, child);
    for (uint32_t edge = record->first_parent; edge != 0; edge = tracker_edge(TRACKER, edge)->next_of_child)
        loan_forget(tracker_handle(TRACKER, tracker_edge(TRACKER, edge)->parent)->address, record->address);
}

void was_lent(struct call *call, const struct effect_info *effect, uintptr_t child, uintptr_t parent,
                     const struct birth *birth)
{
    if (child == 0 || child == parent)
        return;
    bool global = effect->to.position == POSITION_GLOBAL;
    if (!global && parent == 0)
        return;
    call_stack(call);
    if (!lock_near(child, parent))
        return;
    uint8_t parent_kind = global ? 0 : effect->to_kind;
    handle_id parent_id = global || parent_kind == 0 ? 0 : parent_record(call, parent, parent_kind);
    if (effect->to.owner)
        parent_id = owner_of(parent_id);
    handle_id id = find_handle(child, effect->kind);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record != NULL && record->state == HANDLE_BURIED)
    {
        if (record->flags & HANDLE_FENCED)
        {
            /* The library lends what Holdfast keeps back: then the record is wrong. Leave it alone, watch nothing. */
            tracker_unlock(TRACKER);
            return;
        }
        forget_unseen(id);
        record = NULL;
    }
    if (record == NULL)
    {
        id = add_handle(call, child, effect->kind);
        record = tracker_handle(TRACKER, id);
        if (record == NULL)
        {
            tracker_unlock(TRACKER);
            return;
        }
        record->flags |= (uint32_t)(HANDLE_BORROWED | (effect->counted ? HANDLE_COUNTED : 0) | (global ? HANDLE_GLOBAL : 0));
        record->birth_stack = call->stack;
        record->birth_function = (uint16_t)call->function;
        set_label(record, birth);
        tracker_count(TRACKER, COUNTER_loans);
    }
    if (!call->view->exact)
        record->flags |= HANDLE_TRACELESS;
    if (record->flags & HANDLE_RELEASED)
    {
        record->flags &= (uint32_t)~HANDLE_RELEASED; /* it is its new owner's now */
        record->flags |= HANDLE_BORROWED | HANDLE_COUNTED;
        record->birth_stack = call->stack;
        record->birth_function = (uint16_t)call->function;
    }
    if (record->cause == CAUSE_REPLACED)
    {
        record->cause = CAUSE_NONE; /* whoever fetches it again knows what it is now */
        record->death_stack = 0;
        record->birth_stack = call->stack;
    }
    if ((record->flags & HANDLE_BORROWED) && parent_id != 0 && edge_find(TRACKER, parent_id, id) == 0)
    {
        if ((record->flags & HANDLE_COUNTED) == 0)
        {
            forget_loans_of(id);
            edges_remove_to_parents(TRACKER, id);
            if (record->flags & HANDLE_STALE)
            {
                /* Lent by another parent now, and this one lives (or makes it stale again below): the object, or what now has its address. */
                record->flags &= (uint32_t)~HANDLE_STALE;
                handle_mark_stale(TRACKER, id, false);
                record->birth_stack = call->stack;
                record->birth_function = (uint16_t)call->function;
                set_label(record, birth);
            }
        }
        edge_add(TRACKER, parent_id, id, EDGE_BORROWED);
        const struct handle_record *above = tracker_handle(TRACKER, parent_id);
        if ((above->state == HANDLE_HELD || (above->flags & HANDLE_STALE)) && ((record->flags & HANDLE_COUNTED) == 0 || record->parents == 1))
            record->flags |= HANDLE_STALE;
    }
    evidence_lent(call->function, id, parent_id);
    handle_lent_again(TRACKER, id);
    /* What a forked process fetches from a dataset of before is not its own either. */
    if ((record->flags & HANDLE_STALE) == 0 && record->state == HANDLE_LIVE && !opened_before_fork(id))
    {
        good_remember(child, call->view->number, effect->kind);
        loan_remember(parent, child);
    }
    tracker_unlock(TRACKER);
}

/* The result is what the argument lives in: made unseen if it is not known yet. */
void is_owner(struct call *call, const struct effect_info *effect, uintptr_t owner, uintptr_t child)
{
    if (owner == 0 || child == 0 || !lock_near(owner, child))
        return;
    handle_id child_id = find_handle(child, effect->to_kind);
    handle_id owner_id = parent_record(call, owner, effect->kind);
    if (child_id != 0 && owner_id != 0 && tracker_handle(TRACKER, child_id)->first_parent == 0)
        edge_add(TRACKER, owner_id, child_id, EDGE_BORROWED);
    tracker_unlock(TRACKER);
}

void was_taken(struct call *call, const struct effect_info *effect, uintptr_t address, uintptr_t taker, bool failed)
{
    if (address == 0 || !lock_near(address, taker))
        return;
    handle_id id = find_handle(address, effect->kind);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL || record->state != HANDLE_LIVE || (failed && effect->unless_failed))
    {
        tracker_unlock(TRACKER);
        return;
    }
    if (effect->to.position == POSITION_NONE)
        forget_unseen(id);
    else if (effect->to.position == POSITION_GLOBAL && (record->flags & HANDLE_GLOBAL) == 0)
    {
        record->flags |= (uint32_t)(HANDLE_BORROWED | HANDLE_TAKEN | HANDLE_GLOBAL);
        record->flags &= (uint32_t)~HANDLE_TRACELESS;
        record->death_stack = call->stack;
        record->death_function = (uint16_t)call->function;
    }
    else if (taker != 0 && taker != address)
    {
        uint8_t taker_kind = effect->to_kind;
        handle_id parent = taker_kind != 0 ? parent_record(call, taker, taker_kind) : 0;
        /* Members of an array may be claimed by several takers at once: see HANDLE_CLAIMED. */
        if (effect->at.form != FORM_array || (record->flags & HANDLE_CLAIMED) == 0)
            edges_remove_to_parents(TRACKER, id);
        record->flags |= (uint32_t)(HANDLE_BORROWED | HANDLE_TAKEN | (effect->at.form == FORM_array ? HANDLE_CLAIMED : 0));
        record->flags &= (uint32_t)~HANDLE_TRACELESS;
        record->death_stack = call->stack;
        record->death_function = (uint16_t)call->function;
        edge_add(TRACKER, parent, id, EDGE_BORROWED);
        good_remember(address, call->view->number, (uint8_t)record->kind);
    }
    tracker_unlock(TRACKER);
}

void was_stolen(struct call *call, const struct effect_info *effect, uintptr_t address)
{
    if (address == 0)
        return;
    call_stack(call);
    if (!lock_near(address))
        return;
    handle_id id = find_handle(address, effect->kind);
    if (id != 0 && tracker_handle(TRACKER, id)->state == HANDLE_BURIED && (tracker_handle(TRACKER, id)->flags & HANDLE_FENCED) == 0)
    {
        forget_unseen(id); /* the library hands it out: what died there was something else */
        id = 0;
    }
    if (id == 0)
        id = add_handle(call, address, effect->kind);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record != NULL && record->state == HANDLE_LIVE)
    {
        forget_loans_of(id);
        edges_remove_to_parents(TRACKER, id);
        record->flags &= (uint32_t)~(HANDLE_BORROWED | HANDLE_TAKEN | HANDLE_STALE);
        record->death_stack = 0; /* of the call that had taken it */
        record->birth_stack = call->stack;
        record->birth_function = (uint16_t)call->function;
    }
    tracker_unlock(TRACKER);
}

/* Some children of that kind became the caller's, and nobody says which: nothing is certain about any of them. */
void were_handed(const struct effect_info *effect, uintptr_t parent)
{
    if (parent == 0 || !lock_near(parent))
        return;
    handle_id id = find_handle(parent, effect->to_kind);
    struct handle_record *record = tracker_handle(TRACKER, id);
    for (uint32_t edge = record != NULL ? record->first_child : 0, next; edge != 0; edge = next)
    {
        struct edge_record *link = tracker_edge(TRACKER, edge);
        if (link->dead)
            break;
        next = link->next_of_parent;
        struct handle_record *child = tracker_handle(TRACKER, link->child);
        if (link->type == EDGE_BORROWED && child->state == HANDLE_LIVE && child->kind == effect->kind && child->holders == 0)
        {
            handle_id child_id = link->child;
            forget_loans_of(child_id);
            forget_unseen(child_id);
            record = tracker_handle(TRACKER, id);
            next = record->first_child; /* the walk may have removed what came next */
        }
    }
    tracker_unlock(TRACKER);
}

void was_moved(struct call *call, const struct effect_info *effect, uintptr_t address, uintptr_t parent)
{
    if (address == 0 || !lock_near(address, parent))
        return;
    handle_id id = find_handle(address, effect->kind);
    if (id != 0 && tracker_handle(TRACKER, id)->state == HANDLE_LIVE)
    {
        good_forget(address); /* it is part of another tree now */
        edges_remove_to_parents(TRACKER, id);
        tracker_handle(TRACKER, id)->flags &= (uint32_t)~HANDLE_STALE;
        if (parent != 0)
            edge_add(TRACKER, parent_record(call, parent, effect->to_kind), id, EDGE_DEPENDANT);
    }
    tracker_unlock(TRACKER);
}

void change_references(const struct effect_info *effect, uintptr_t address, int change)
{
    if (address == 0 || !lock_near(address))
        return;
    handle_id id = find_handle(address, effect->kind);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record != NULL && record->state != HANDLE_BURIED)
    {
        if (change > 0)
            handle_reference_add(record);
        else if (record->references > 0)
            handle_reference_drop(record);
    }
    tracker_unlock(TRACKER);
}

/* Given away before, and now the caller's again. */
void was_restored(const struct effect_info *effect, uintptr_t address)
{
    if (address == 0 || !lock_near(address))
        return;
    struct handle_record *record = tracker_handle(TRACKER, find_handle(address, effect->kind));
    if (record != NULL && record->state == HANDLE_LIVE)
        record->flags &= (uint32_t)~(HANDLE_BORROWED | HANDLE_TAKEN | HANDLE_GLOBAL);
    tracker_unlock(TRACKER);
}

/* Others hold a reference from now on. */
void was_shared(const struct effect_info *effect, uintptr_t address)
{
    if (address == 0 || !lock_near(address))
        return;
    handle_id id = find_handle(address, effect->kind);
    struct handle_record *record = tracker_handle(TRACKER, effect->at.owner ? owner_of(id) : id);
    if (record != NULL && record->state == HANDLE_LIVE)
        record->flags |= HANDLE_SHARED | HANDLE_COUNTED;
    tracker_unlock(TRACKER);
}

/* Something outside the handles looks whether it is still there: it is freed when its free is asked for. */
void is_prompt(const struct effect_info *effect, uintptr_t address)
{
    if (address == 0 || !lock_near(address))
        return;
    handle_id id = find_handle(address, effect->kind);
    struct handle_record *record = tracker_handle(TRACKER, effect->at.owner ? owner_of(id) : id);
    if (record != NULL)
        record->flags &= (uint32_t)~HANDLE_HARMLESS;
    tracker_unlock(TRACKER);
}
