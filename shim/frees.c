/* Frees: is this free, release or transfer the caller's to make, and does it happen now? Any thread, the tracker unlocked unless a function says
 * so. Called before the real function runs. */
#include "call.h"
#include "hold.h"
#include "python.h"

/* [tracker locked] */
static bool is_child_of(handle_id id, uintptr_t parent)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    for (uint32_t edge = record->state == HANDLE_LIVE ? record->first_parent : 0; edge != 0; edge = tracker_edge(TRACKER, edge)->next_of_child)
        if (tracker_handle(TRACKER, tracker_edge(TRACKER, edge)->parent)->address == parent)
            return true;
    return false;
}

/* The second free of a handle, or the free of one that is not the caller's. `of`: what it must depend on, 0: anything. [tracker locked] */
static struct finding judge_free(const struct view *view, handle_id id, enum verb verb, uintptr_t of)
{
    struct finding finding = {.rule = 0, .dead = id, .action = ACTION_refused,
                              .refuse = holdfast_options.mode != MODE_report};
    struct handle_record *record = tracker_handle(TRACKER, id);
    bool give_away = verb == VERB_takes || verb == VERB_consumes;
    if (record->state == HANDLE_BURIED)
    {
        finding.rule = rule_of_dead(record);
        if (finding.rule == 102 && !give_away)
            finding.rule = 103;
        else if (finding.rule == 101 && (record->flags & HANDLE_TAKEN))
            finding.rule = 105;
        else if (finding.rule == 101 && (record->flags & HANDLE_BORROWED))
            finding.rule = 104;
        judge_dead(&finding, record, id);
    }
    else if (record->state == HANDLE_HELD && (record->flags & HANDLE_REFUSED) == 0)
        finding.rule = give_away ? 102 : 103;
    else if (record->cause == CAUSE_MEMBER)
        finding.rule = 105;
    else if (of != 0 && record->first_parent != 0 && ((record->flags & HANDLE_BORROWED) || !is_child_of(id, of)))
        finding.rule = 110;
    else if (record->flags & HANDLE_TAKEN)
        finding.rule = (record->flags & (HANDLE_CLAIMED | HANDLE_STALE)) == HANDLE_CLAIMED ? 0 : 105; /* stale: its taker was freed, which is postponed */
    else if ((record->flags & HANDLE_BORROWED) && (verb != VERB_releases || record->references == 0))
        finding.rule = verb == VERB_releases ? 114 : 104;
    else if (record->provider != view->number && record->provider != 0 && view->number != 0)
        finding = (struct finding){.rule = 111, .dead = 0, .action = ACTION_refused, .refuse = certainly_foreign(view, record)};
    if (finding.rule != 0 && !finding.refuse)
        finding.action = ACTION_logged;
    return finding;
}

/* One that can be moved may get another parent in time (QGIS does that with the PROJ objects of threads that ended): there the next use or free
 * without one is the mistake. */
bool is_due_at_free(handle_id child)
{
    const struct handle_record *record = tracker_handle(TRACKER, child);
    return record == NULL || !kind_table[record->kind].movable;
}

/* HF106 with its evidence, for a free that is logged at once. Tracker locked on entry, unlocked on return. */
static void tell_live_children(struct call *call, handle_id parent, handle_id child, enum report_action action,
                               const uintptr_t *arguments)
{
    struct finding finding = {.rule = 106, .dead = parent, .action = action, .refuse = action == ACTION_refused};
    tell(call, &finding, child, true, arguments);
}

/* [tracker locked] What an owned handle depends on, when its free was postponed because of such dependants and nobody was told yet. */
static handle_id postponed_parent(const struct handle_record *record)
{
    if ((record->flags & (HANDLE_BORROWED | HANDLE_STALE)) != HANDLE_STALE)
        return 0;
    for (uint32_t edge = record->first_parent; edge != 0; edge = tracker_edge(TRACKER, edge)->next_of_child)
    {
        handle_id ancestor = tracker_edge(TRACKER, edge)->type == EDGE_DEPENDANT ? handle_waiting_ancestor(TRACKER, tracker_edge(TRACKER, edge)->parent) : 0;
        if (ancestor == 0 && kind_table[record->kind].movable && tracker_handle(TRACKER, tracker_edge(TRACKER, edge)->parent)->state == HANDLE_BURIED)
            ancestor = tracker_edge(TRACKER, edge)->parent; /* really freed, and nothing was told then */
        if (ancestor != 0 && (tracker_handle(TRACKER, ancestor)->flags & HANDLE_REPORTED) == 0)
            return ancestor;
    }
    return 0;
}

/* [tracker locked] A member of an array that others took is freed by its old owner. As long as the takers are never touched again (some
 * bindings build a collection for one call and forget it) nothing is wrong; the next touch of one is. */
static void spoil_takers(struct call *call, handle_id id)
{
    struct handle_record *record = tracker_handle(TRACKER, id);
    for (uint32_t edge = record->first_parent; edge != 0; edge = tracker_edge(TRACKER, edge)->next_of_child)
    {
        struct handle_record *taker = tracker_handle(TRACKER, tracker_edge(TRACKER, edge)->parent);
        if (tracker_edge(TRACKER, edge)->type != EDGE_BORROWED || taker->state != HANDLE_LIVE)
            continue;
        good_forget(taker->address);
        taker->cause = CAUSE_MEMBER;
        taker->death_stack = call->stack;
        taker->death_function = (uint16_t)call->function;
    }
    edges_remove_to_parents(TRACKER, id);
    record->flags &= (uint32_t)~(HANDLE_BORROWED | HANDLE_TAKEN | HANDLE_CLAIMED);
}

/* Others that should have been freed before it are looked for among all handles. */
static bool lock_for_free(uintptr_t address)
{
    return report_wanted(119) ? tracker_lock(TRACKER) : lock_near(address);
}

/* A handle that a free is about, and what was known of it when its judgement began. */
struct freeing {
    handle_id id;
    uint32_t serial;
    struct handle_record *record;
    uintptr_t address;
    bool one_of_many; /* of an array: its free cannot be postponed alone */
};

/* Lock again after the tracker was unlocked: true, and locked, when the handle is still the same and alive. */
static bool lock_again(const struct freeing *freeing)
{
    if (!lock_for_free(freeing->address))
        return false;
    if (same_record(freeing->id, freeing->serial) && freeing->record->state == HANDLE_LIVE)
        return true;
    tracker_unlock(TRACKER);
    return false;
}

/* A free or release of a counted handle that is only borrowed. References may have been taken where Holdfast does not see it: the object itself
 * knows. A free after the last reference was dropped (OSRDereference() == 0, then OSRDestroySpatialReference()) is how bindings
 * end theirs. Tracker locked on entry; on return locked if the finding stands, else unlocked and settled. */
static bool borrow_is_really_wrong(struct call *call, const struct freeing *freeing, unsigned rule)
{
    tracker_unlock(TRACKER);
    int count = true_count(call->view, freeing->record->kind, freeing->address);
    if ((rule == 114 && count != 1) || !lock_again(freeing))
        return false;
    if (rule == 114 || count != 0)
        return true;
    dying_begin(call, freeing->id, VERB_frees, CAUSE_FREED);
    tracker_unlock(TRACKER);
    return false;
}

/* A wrong free is told, and refused or watched. Tracker locked on entry, unlocked on return. */
static enum call_outcome tell_wrong_free(struct call *call, const struct freeing *freeing, const struct finding *finding,
                                         const uintptr_t *arguments)
{
    if (finding->refuse && finding->rule == 110 && (freeing->record->flags & HANDLE_BORROWED) == 0)
        freeing->record->flags |= HANDLE_LET_GO;
    tell(call, finding, freeing->id, true, arguments);
    if (finding->refuse)
        return CALL_REFUSED;
    if (lock_again(freeing))
    {
        freeing->record->death_stack = call->stack; /* where it was taken is told; from here on this is where it died */
        freeing->record->death_function = (uint16_t)call->function;
        dying_begin(call, freeing->id, VERB_frees, CAUSE_FREED);
        tracker_unlock(TRACKER);
    }
    return CALL_GO;
}

/* Is this the last reference, as far as the object itself can tell? Tracker locked on entry, on return locked if it is, else unlocked. */
static bool last_reference(struct call *call, const struct freeing *freeing)
{
    struct handle_record *record = freeing->record;
    tracker_unlock(TRACKER);
    int count = true_count(call->view, record->kind, freeing->address);
    if (!lock_for_free(freeing->address))
        return false;
    bool same = same_record(freeing->id, freeing->serial) && record->state != HANDLE_BURIED;
    bool last = same && count <= 1 && (count != 0 || record->references == 0);
    if (same && !last && record->references > 0)
        handle_reference_drop(record);
    else if (same && !last && (record->flags & HANDLE_BORROWED) == 0)
        record->flags |= HANDLE_RELEASED;
    if (!last)
        tracker_unlock(TRACKER);
    return last;
}

/* [tracker locked] What still lives below it, the caller's own proxy left out: a free that Python asks for by name (ds.Destroy()) comes through
 * a proxy of the handle itself, which keeps nothing thereby. */
static enum children children_of(const struct call *call, const struct freeing *freeing, handle_id *child)
{
    struct handle_record *record = freeing->record;
    uint16_t own = call->view->exact && !python_proxy_is_dying() && record->holders > 0 ? 1 : 0;
    record->holders = (uint16_t)(record->holders - own);
    enum children children = children_alive(TRACKER, freeing->id, holdfast_options.borrowed, child);
    record->holders = (uint16_t)(record->holders + own);
    return children;
}

/* Put the free into the queue. Tracker locked on entry, unlocked on return. */
static enum call_outcome postpone(struct call *call, const struct freeing *freeing, enum children children,
                                  const uintptr_t *arguments)
{
    bool refused = holdfast_options.mode == MODE_reject && children == CHILDREN_HOLDERS;
    if (kind_table[freeing->record->kind].flush != NULL)
    {
        tracker_unlock(TRACKER);
        hold_flush(call->view, freeing->record->kind, freeing->address);
        if (!lock_again(freeing))
            return CALL_GO;
    }
    tree_walk(TRACKER, freeing->id, true, forget_good_of, NULL);
    bool held = hold_push(call, freeing->id, arguments, children == CHILDREN_GRACE, refused);
    tracker_unlock(TRACKER);
    if (!held)
        return CALL_GO; /* the arena is full */
    /* The last child may have gone while nothing was in the queue yet. */
    hold_children_may_be_gone(freeing->id, freeing->serial);
    hold_enforce_bounds();
    return refused ? CALL_REFUSED : CALL_DONE;
}

/* HF106, where this free is the moment to tell it: dependants live and the free cannot wait, or it is itself a dependant whose parent's free
 * was postponed. Tracker locked on entry; on return locked if the free may go on, else unlocked. */
static bool tell_before_burial(struct call *call, const struct freeing *freeing, enum children children, handle_id child,
                               const uintptr_t *arguments)
{
    struct handle_record *record = freeing->record;
    if (children == CHILDREN_DEPENDANTS && is_due_at_free(child))
    {
        bool flushed = holdfast_options.mode != MODE_report && (record->flags & HANDLE_UPDATE);
        record->flags |= HANDLE_REPORTED;
        tell_live_children(call, freeing->id, child, flushed ? ACTION_flushed : ACTION_logged, arguments);
        if (!lock_again(freeing))
            return false;
    }
    handle_id waiting = postponed_parent(record);
    if (waiting == 0)
        return true;
    tracker_handle(TRACKER, waiting)->flags |= HANDLE_REPORTED;
    tell_live_children(call, waiting, freeing->id, tracker_handle(TRACKER, waiting)->state == HANDLE_BURIED ? ACTION_logged : ACTION_kept, arguments);
    return lock_again(freeing);
}

/* HF119, for those who ask for it: by the documentation others should have been freed before this one. Tracker locked on entry; on return locked if
 * the free may go on, else unlocked. */
static bool tell_order(struct call *call, const struct freeing *freeing, const uintptr_t *arguments)
{
    uint8_t first = kind_table[freeing->record->kind].after;
    if (first == 0 || !report_wanted(119))
        return true;
    uint32_t used = tracker_header(TRACKER)->sections[SECTION_HANDLES].used;
    for (handle_id id = 1; id < used; id++)
    {
        const struct handle_record *record = tracker_handle(TRACKER, id);
        if (record->kind != first || record->state != HANDLE_LIVE || (record->flags & (HANDLE_BORROWED | HANDLE_GLOBAL)) != 0 || record->birth_stack == 0)
            continue;
        struct finding finding = {.rule = 119, .dead = freeing->id, .action = ACTION_logged};
        tell(call, &finding, id, true, arguments);
        return lock_again(freeing);
    }
    return true;
}

/* The free of an owned, live handle: refused, postponed, or on its way. Tracker locked on entry, unlocked on return. */
static enum call_outcome free_owned(struct call *call, const struct freeing *freeing, bool counted, const uintptr_t *arguments)
{
    struct handle_record *record = freeing->record;
    record->death_stack = call->stack;
    record->death_function = (uint16_t)call->function;
    if (record->state == HANDLE_HELD)
        handle_unhold(TRACKER, freeing->id); /* mode reject: freed again, now perhaps without live children */
    handle_id child = 0;
    enum children children = children_of(call, freeing, &child);
    if (children == CHILDREN_DEPENDANTS && holdfast_options.mode == MODE_reject && is_due_at_free(child))
    {
        record->flags |= HANDLE_REPORTED;
        tell_live_children(call, freeing->id, child, ACTION_refused, arguments);
        return CALL_REFUSED;
    }
    if (holdfast_options.mode != MODE_report && children != CHILDREN_NONE && !freeing->one_of_many && hold_allowed(record))
        return postpone(call, freeing, children, arguments);
    if (!tell_before_burial(call, freeing, children, child, arguments))
        return CALL_GO;
    if (!tell_order(call, freeing, arguments))
        return CALL_GO;
    tree_walk(TRACKER, freeing->id, true, forget_good_of, NULL);
    dying_begin(call, freeing->id, VERB_frees, CAUSE_FREED);
    if (counted)
        record->flags |= HANDLE_COUNTED;
    tracker_unlock(TRACKER);
    return CALL_GO;
}

/* What is held references other handles in ways that no edge tells (a geometry its spatial reference, a feature its definition), and for the
 * program it is gone: it may delete those, whatever their counts say. Then what is held must really go first, or its own free
 * would touch what is dead. Tracker unlocked. */
static void release_referrers(struct call *call, const struct effect_info *effect, uintptr_t address)
{
    if (effect->verb != VERB_frees || kind_table[effect->kind].reference == NULL)
        return;
    young_settle_held();
    if (!hold_any() || !lock_near(address))
        return;
    const struct handle_record *record = tracker_handle(TRACKER, find_handle(address, effect->kind));
    bool known = record != NULL, alive = known && record->state == HANDLE_LIVE;
    tracker_unlock(TRACKER);
    if (!known || (alive && true_count(call->view, (enum kind)effect->kind, address) > 1))
        hold_settle_all(true);
}

/* A handle that is none of the kind which this function frees, or takes. Tracker locked on entry, unlocked on return. */
static enum call_outcome judge_stranger(struct call *call, const struct effect_info *effect, uintptr_t address, unsigned rule, const uintptr_t *arguments)
{
    handle_id id = of_another_kind(call->view, address, effect->kind);
    if (id == 0)
    {
        good_forget(address);
        tracker_unlock(TRACKER);
        return CALL_GO;
    }
    struct finding finding = {.rule = rule, .refuse = holdfast_options.mode != MODE_report};
    finding.expected = rule == 109 ? kind_table[effect->kind].words : kind_table[tracker_handle(TRACKER, id)->kind].freed_by;
    finding.action = finding.refuse ? ACTION_refused : ACTION_logged;
    tell(call, &finding, id, rule == 110, arguments);
    return finding.refuse ? CALL_REFUSED : CALL_GO;
}

/* A feature whose definition was changed since: its own free reads what is not there. Nothing can be freed rightly any more, so it is kept for
 * good. Tracker locked on entry, unlocked on return. */
static enum call_outcome keep_for_good(struct call *call, const struct freeing *freeing, const uintptr_t *arguments)
{
    struct finding finding = {.rule = 108, .dead = killer_of(freeing->id), .action = ACTION_kept, .note = "its memory is not freed any more, because freeing it reads fields that it has not"};
    tell(call, &finding, freeing->id, true, arguments);
    if (!lock_near(freeing->address))
        return CALL_DONE;
    if (same_record(freeing->id, freeing->serial) && freeing->record->state == HANDLE_LIVE)
    {
        tree_walk(TRACKER, freeing->id, false, forget_good_of, NULL);
        handle_bury(TRACKER, freeing->id, CAUSE_FREED, (uint16_t)call->function, call->stack);
        freeing->record->burier = UINT32_MAX; /* no thread's number: its memory is never given away, so a late use is certain */
    }
    tracker_unlock(TRACKER);
    return CALL_DONE;
}

/* [tracker locked] One that a program may have taken out of its owner by hand is the caller's when he frees it or gives it away. */
static void believe_caller(handle_id id)
{
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (!kind_table[record->kind].open || record->state != HANDLE_LIVE || (record->flags & HANDLE_BORROWED) == 0)
        return;
    forget_loans_of(id);
    edges_remove_to_parents(TRACKER, id);
    record->flags &= (uint32_t)~(HANDLE_BORROWED | HANDLE_TAKEN | HANDLE_STALE);
}

/* One handle of an effect that frees or drops a reference. */
enum call_outcome judge_and_free(struct call *call, const struct effect_info *effect, uintptr_t address, const uintptr_t *arguments)
{
    struct freeing freeing = {.address = address, .one_of_many = effect->at.form != FORM_direct};
    if (freeing.address == 0)
        return CALL_GO;
    if (!hold_any() && young_is_unknown(freeing.address))
    {
        good_forget(freeing.address);
        return CALL_GO;
    }
    call_stack(call);
    release_referrers(call, effect, freeing.address);
    if (!lock_for_free(freeing.address))
        return CALL_GO;
    freeing.id = find_handle(freeing.address, effect->kind);
    struct handle_record *record = freeing.record = tracker_handle(TRACKER, freeing.id);
    if (record == NULL)
        return judge_stranger(call, effect, address, 110, arguments);
    freeing.serial = record->serial;
    believe_caller(freeing.id);
    if (record->state == HANDLE_LIVE && record->cause == CAUSE_ALTERED && holdfast_options.mode != MODE_report)
        return keep_for_good(call, &freeing, arguments);
    struct finding finding = judge_free(call->view, freeing.id, effect->verb, operand_value(&effect->to, arguments, 0));
    bool counted_borrow = (finding.rule == 104 || finding.rule == 114) && record->state == HANDLE_LIVE && kind_table[record->kind].reference != NULL;
    if (counted_borrow && !borrow_is_really_wrong(call, &freeing, finding.rule))
        return CALL_GO;
    if (finding.rule != 0)
        return tell_wrong_free(call, &freeing, &finding, arguments);
    if (record->flags & HANDLE_CLAIMED)
        spoil_takers(call, freeing.id);
    else if (record->flags & HANDLE_BORROWED)
    {
        handle_reference_drop(record);
        tracker_unlock(TRACKER);
        return CALL_GO;
    }
    bool counted = effect->verb == VERB_releases || (effect->verb == VERB_closes && (record->flags & HANDLE_SHARED));
    if (counted && !last_reference(call, &freeing))
        return CALL_GO;
    return free_owned(call, &freeing, counted, arguments);
}

/* One handle that is given away or used up. */
enum call_outcome judge_and_take(struct call *call, const struct effect_info *effect, uintptr_t address,
                                        const uintptr_t *arguments)
{
    if (address == 0)
        return CALL_GO;
    uintptr_t taker = effect->to.position >= 0 ? arguments[effect->to.position] : 0;
    if (effect->to.position >= 0 && taker == 0)
        return CALL_GO; /* a NULL taker takes nothing */
    call_stack(call);
    if (!lock_near(address, taker))
        return CALL_GO;
    handle_id id = find_handle(address, effect->kind);
    if (id == 0)
        return judge_stranger(call, effect, address, 109, arguments);
    believe_caller(id);
    struct finding finding = judge_free(call->view, id, effect->verb, 0);
    bool is_global = effect->to.position == POSITION_GLOBAL && (tracker_handle(TRACKER, id)->flags & HANDLE_GLOBAL) && tracker_handle(TRACKER, id)->state == HANDLE_LIVE;
    if (finding.rule != 0 && (is_global || (taker != 0 && is_child_of(id, taker))))
        finding.rule = 0; /* given to whom it belongs already: the libraries take that for a no-op */
    finding.giving = true;
    struct freeing giving = {.id = id, .serial = tracker_handle(TRACKER, id)->serial, .record = tracker_handle(TRACKER, id), .address = address};
    if (finding.rule == 104 && giving.record->state == HANDLE_LIVE && holdfast_options.mode == MODE_defer)
    {
        /* Two owners from now on, which harms nobody unless both free it: shapely 2 gives the sequence of a line to a ring and forgets the
         * line. So the call goes through, and it is the old owner that must not be touched any more. */
        finding.refuse = false;
        finding.action = ACTION_logged;
        finding.note = "its old owner must not be used or freed any more";
        tell(call, &finding, id, true, arguments);
        if (!lock_again(&giving))
            return CALL_GO;
        spoil_takers(call, id);
        finding.rule = 0;
    }
    if (finding.rule != 0)
    {
        tell(call, &finding, id, true, arguments);
        return finding.refuse ? CALL_REFUSED : CALL_GO;
    }
    dying_begin(call, id, effect->verb, CAUSE_TAKEN);
    tracker_unlock(TRACKER);
    return CALL_GO;
}

struct invalidation {
    struct call *call;
    uint8_t kind; /* 0: all */
    handle_id parent;
};

static bool invalidate_one(struct tracker *tracker, handle_id id, void *context)
{
    struct invalidation *invalidation = context;
    struct handle_record *record = tracker_handle(tracker, id);
    if (id == invalidation->parent || record->state != HANDLE_LIVE || (record->flags & HANDLE_BORROWED) == 0)
        return true;
    if (invalidation->kind != 0 && record->kind != invalidation->kind)
        return true;
    good_forget(record->address);
    watch_start(invalidation->call);
    fence_watch_add(&invalidation->call->watch, record->address, id, record->serial, CAUSE_INVALIDATED);
    return true;
}

void judge_invalidation(struct call *call, const struct effect_info *effect, const uintptr_t *arguments)
{
    uintptr_t parent = operand_value(&effect->to, arguments, 0);
    if (parent == 0 || (!effect->to.owner && young_is_bare(parent)) || !lock_near(parent))
        return;
    handle_id id = effect->to.owner ? owner_of(find_handle(parent, effect->to_kind)) : find_handle(parent, effect->to_kind);
    struct invalidation invalidation = {.call = call, .kind = effect->kind, .parent = id};
    bool any = id != 0 && tracker_handle(TRACKER, id)->first_child != 0;
    if (any)
    {
        tree_walk(TRACKER, id, false, invalidate_one, &invalidation);
        if (call->watching && call->dying_count < DYING_MAX)
        {
            struct handle_record *record = tracker_handle(TRACKER, id);
            call->dying[call->dying_count++] = (struct dying){.id = id, .serial = record->serial, .verb = VERB_invalidates,
                                                              .cause = CAUSE_INVALIDATED};
        }
    }
    tracker_unlock(TRACKER);
    if (any)
        call_stack(call);
}

void end_world(struct call *call, const struct effect_info *effect)
{
    young_settle_everything();
    hold_settle_all(true);
    call_stack(call);
    if (!tracker_lock(TRACKER))
        return;
    uint32_t used = tracker_header(TRACKER)->sections[SECTION_HANDLES].used;
    watch_start(call);
    for (handle_id id = 1; id < used; id++)
    {
        struct handle_record *record = tracker_handle(TRACKER, id);
        if (record->state != HANDLE_LIVE || record->provider != call->view->number)
            continue;
        if (effect->kind != 0 && record->kind != effect->kind)
            continue;
        tree_walk(TRACKER, id, false, watch_one, &call->watch);
        handle_bury(TRACKER, id, CAUSE_TEARDOWN, (uint16_t)call->function, call->stack);
    }
    tracker_unlock(TRACKER);
}
