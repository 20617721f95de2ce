/* Deaths: what is watched while a real free runs, what it proves, and the fences around what died.
 *
 * Any thread. dying_begin() with the tracker locked, dying_end() without. Evidence decides: a block that our free() saw is dead; a
 * reference-counted handle whose block it did not see lives on; and a child whose parent was seen dying without it is forgotten,
 * because nothing is certain about it.
 */
#include "call.h"
#include "evidence.h"

bool watch_one(struct tracker *tracker, handle_id id, void *context)
{
    const struct handle_record *record = tracker_handle(tracker, id);
    if (record->state == HANDLE_LIVE || record->state == HANDLE_HELD)
    {
        good_forget(record->address);
        fence_watch_add(context, record->address, id, record->serial, CAUSE_PARENT);
    }
    return true;
}

struct watch_below {
    struct fence_watch *watch;
    handle_id root;
};

static bool watch_below(struct tracker *tracker, handle_id id, void *context)
{
    const struct watch_below *below = context;
    return id == below->root || watch_one(tracker, id, below->watch);
}

void watch_start(struct call *call)
{
    if (!call->watching)
    {
        fence_watch_init(&call->watch);
        call->watching = true;
    }
}

/* [tracker locked] While the real free runs, a use by another thread is as certainly wrong as after it, though nothing is fenced yet: `burier` of a
 * buried record names the thread that buries it. That one may come by in a callback of the library, which is not certainly wrong. */
static void mark_burials(struct fence_watch *watch, uint32_t thread)
{
    for (uint32_t i = 0; i < watch->count; i++)
    {
        struct handle_record *record = tracker_handle(TRACKER, watch->entries[i].id);
        if (same_record(watch->entries[i].id, watch->entries[i].serial) && record->state == HANDLE_BURIED && (record->flags & (HANDLE_COUNTED | HANDLE_FENCED)) == 0)
            record->burier = thread;
    }
}

void dying_begin(struct call *call, handle_id id, enum verb verb, enum handle_cause cause)
{
    struct handle_record *record = tracker_handle(TRACKER, id);
    watch_start(call);
    tree_walk(TRACKER, id, false, watch_one, &call->watch);
    /* What it held a reference to may die with it: the last feature deletes a definition that nobody else references. */
    for (uint32_t edge = record->first_parent; edge != 0; edge = tracker_edge(TRACKER, edge)->next_of_child)
    {
        handle_id parent = tracker_edge(TRACKER, edge)->parent;
        const struct handle_record *held = tracker_handle(TRACKER, parent);
        if (tracker_edge(TRACKER, edge)->type != EDGE_BORROWED && kind_table[held->kind].reference != NULL && held->state == HANDLE_LIVE &&
            (held->provider != call->view->number || known_count(call->view, (enum kind)held->kind, held->address) < 2)) /* others hold it: it stays */
        {
            good_forget(held->address);
            fence_watch_add(&call->watch, held->address, parent, held->serial, CAUSE_FREED);
            tree_walk(TRACKER, parent, false, watch_below, &(struct watch_below){.watch = &call->watch, .root = parent});
        }
    }
    if (call->dying_count == DYING_MAX)
        return;
    struct dying *dying = &call->dying[call->dying_count++];
    *dying = (struct dying){.id = id, .serial = record->serial, .verb = (uint8_t)verb, .cause = (uint8_t)cause};
    if (verb == VERB_frees || verb == VERB_closes)
    {
        /* Recorded before the real function runs: another thread may be given the same address at once. */
        stack_id stack = record->death_stack != 0 ? record->death_stack : call->stack;
        uint16_t function = record->death_stack != 0 ? record->death_function : (uint16_t)call->function;
        handle_bury(TRACKER, id, cause, function, stack);
        dying->buried = true;
        mark_burials(&call->watch, (uint32_t)tracker_thread());
    }
}

bool same_record(handle_id id, uint32_t serial)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    return record != NULL && record->serial == serial && record->state != HANDLE_FREE_RECORD;
}

static uintptr_t address_of(handle_id id)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    return record != NULL ? __atomic_load_n(&record->address, __ATOMIC_RELAXED) : 0;
}

bool lock_near_record(handle_id id)
{
    return lock_near(address_of(id));
}

bool lock_near_dying(const struct call *call)
{
    uintptr_t addresses[TRACKER_NEAR_MAX];
    unsigned count = 0;
    if (call->dying_count + call->watch.count > TRACKER_NEAR_MAX)
        return tracker_lock(TRACKER);
    for (unsigned i = 0; i < call->dying_count; i++)
        addresses[count++] = address_of(call->dying[i].id);
    for (uint32_t i = 0; i < call->watch.count; i++)
        addresses[count++] = call->watch.entries[i].address;
    return young_lock_near(addresses, count);
}

/* Forget a handle that may be anything but fenced: held ones leave the queue first. [tracker locked] */
void forget_unseen(handle_id id)
{
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record->flags & HANDLE_FENCED)
        return;
    if (record->state == HANDLE_HELD)
        handle_unhold(TRACKER, id);
    tree_walk(TRACKER, id, false, forget_good_of, NULL);
    handle_forget_tree(TRACKER, id);
}

void forget_freed(uintptr_t block)
{
    handle_id id;
    while ((id = find_any(block)) != 0)
    {
        const struct handle_record *record = tracker_handle(TRACKER, id);
        if (record->flags & HANDLE_FENCED)
            return; /* a second free of what is kept back already */
        if (record->state != HANDLE_BURIED)
            tracker_count(TRACKER, COUNTER_implicit_deaths);
        evidence_freed(id);
        forget_unseen(id);
    }
}

/* [tracker locked] No free of this copy is seen, so nothing is fenced: whatever died in this call may be something else at once. */
static void forget_unproven(struct fence_watch *watch)
{
    for (uint32_t i = 0; i < watch->count; i++)
        if (same_record(watch->entries[i].id, watch->entries[i].serial) && tracker_handle(TRACKER, watch->entries[i].id)->state == HANDLE_BURIED)
            forget_unseen(watch->entries[i].id);
}

/* [tracker locked] The entry's block was seen freed: whatever the record said, it is dead now. */
static void entry_died(struct call *call, struct fence_entry *entry)
{
    if (!same_record(entry->id, entry->serial))
        return;
    struct handle_record *record = tracker_handle(TRACKER, entry->id);
    if (record->state == HANDLE_BURIED)
        return;
    enum handle_cause cause = entry->cause;
    const struct dying *killer = NULL;
    for (unsigned i = 0; i < call->dying_count; i++)
    {
        if (call->dying[i].id == entry->id)
            cause = call->dying[i].cause;
        else if (call->dying[i].cause == cause || killer == NULL)
            killer = &call->dying[i];
    }
    if (record->state == HANDLE_HELD)
        handle_unhold(TRACKER, entry->id);
    handle_bury(TRACKER, entry->id, cause, (uint16_t)call->function, call->stack);
    if (killer != NULL && (cause == CAUSE_PARENT || cause == CAUSE_INVALIDATED) && same_record(killer->id, killer->serial))
    {
        record->killer = killer->id;
        record->killer_serial = killer->serial;
    }
}

/* [tracker locked] */
static void revive(handle_id id)
{
    struct handle_record *record = tracker_handle(TRACKER, id);
    tracker_uncount(TRACKER, COUNTER_deaths);
    handle_revive(TRACKER, id);
    record->cause = CAUSE_NONE;
    record->descriptor = 0;
}

static void revive_if_killed_by(const struct dying *dying, handle_id id)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    if (record->state == HANDLE_BURIED && record->cause == CAUSE_PARENT && (record->flags & HANDLE_FENCED) == 0 && record->killer == dying->id && record->killer_serial == dying->serial)
        revive(id);
}

/* [tracker locked] A handle that its own free did not really free: shared, or referenced by others. With it come those that were buried with it: they
 * were all watched, unless there was no memory for that. */
static void came_back(const struct fence_watch *watch, const struct dying *dying)
{
    struct handle_record *record = tracker_handle(TRACKER, dying->id);
    if (record->state == HANDLE_BURIED)
    {
        revive(dying->id);
        record->death_stack = 0;
        handle_reference_drop(record);
    }
    for (uint32_t i = 0; i < watch->count; i++)
        if (same_record(watch->entries[i].id, watch->entries[i].serial))
            revive_if_killed_by(dying, watch->entries[i].id);
    uint32_t used = watch->incomplete ? tracker_header(TRACKER)->sections[SECTION_HANDLES].used : 0;
    for (handle_id id = 1; id < used; id++)
        revive_if_killed_by(dying, id);
}

/* [tracker locked] Nobody saw this block freed although its parent's was: it is not certain that it died. */
static void settle_unseen(struct call *call, struct fence_entry *entry)
{
    if (entry->seen || !same_record(entry->id, entry->serial))
        return;
    struct handle_record *record = tracker_handle(TRACKER, entry->id);
    for (unsigned i = 0; i < call->dying_count; i++)
        if (call->dying[i].id == entry->id)
            return;
    if (record->state == HANDLE_BURIED && record->cause == CAUSE_PARENT && (record->flags & HANDLE_FENCED) == 0)
        handle_forget(TRACKER, entry->id);
}

/* Fences are pushed before older ones are lifted, which takes other locks: so many beyond the bounds. */
#define FENCED_AT_ONCE 64u

/* [tracker unlocked] */
static void lift_fences(void)
{
    uintptr_t block;
    while ((block = fence_lift_oldest(TRACKER, holdfast_options.fence_max, holdfast_options.fence_bytes)) != 0)
    {
        tracker_count(TRACKER, COUNTER_fence_evictions);
        fence_free_block(block);
    }
}

void dying_end(struct call *call)
{
    if (!call->watching)
        return;
    struct fence_watch *watch = &call->watch;
    fence_watch_disarm(watch);
    call->watching = false;
    bool proven = call->view->provider->frees_seen;
    uint32_t next_hit = 0;
    bool judged = false;
    do
    {
        uintptr_t unkept = 0;
        if (!lock_near_dying(call))
            break;
        if (!judged)
        {
            judged = true;
            for (uint32_t i = 0; i < watch->count; i++)
                if (watch->entries[i].seen)
                    entry_died(call, &watch->entries[i]);
            for (unsigned i = 0; i < call->dying_count; i++)
            {
                struct dying *dying = &call->dying[i];
                struct fence_entry *entry = fence_watch_find(watch, dying->id);
                if (!same_record(dying->id, dying->serial) || entry == NULL || entry->seen)
                    continue;
                struct handle_record *record = tracker_handle(TRACKER, dying->id);
                if (dying->buried && proven && (record->flags & HANDLE_COUNTED))
                    came_back(watch, dying);
            }
            if (proven)
                for (uint32_t i = 0; i < watch->count; i++)
                    settle_unseen(call, &watch->entries[i]);
            else
                forget_unproven(watch);
            evidence_died(watch);
            mark_burials(watch, (uint32_t)tracker_thread()); /* until they are fenced: nobody may take them for let go meanwhile */
        }
        const uint32_t most = next_hit + FENCED_AT_ONCE;
        for (; next_hit < watch->hit_count && unkept == 0 && (next_hit < most || !fences_beyond(TRACKER, holdfast_options.fence_max, holdfast_options.fence_bytes)); next_hit++)
        {
            struct fence_hit *hit = &watch->hits[next_hit];
            if (!hit->kept)
                continue;
            handle_id first = 0;
            for (uint32_t i = hit->first; i < hit->first + hit->count; i++)
                if (same_record(watch->entries[i].id, watch->entries[i].serial))
                {
                    struct handle_record *record = tracker_handle(TRACKER, watch->entries[i].id);
                    if (record->state != HANDLE_BURIED || (record->flags & HANDLE_FENCED))
                        continue;
                    handle_fence(record);
                    record->fence_next = first;
                    first = watch->entries[i].id;
                }
            if (first == 0 || !fence_push(TRACKER, hit->block, hit->bytes, first))
            {
                for (handle_id id = first; id != 0;)
                {
                    /* No room for the fence: the address goes back now, and nothing may be said of it any more. */
                    handle_id unfenced = id;
                    struct handle_record *record = tracker_handle(TRACKER, id);
                    id = record->fence_next;
                    handle_unfence(record);
                    record->fence_next = 0;
                    handle_forget(TRACKER, unfenced);
                }
                unkept = hit->block;
            }
        }
        if (next_hit == watch->hit_count)
            mark_burials(watch, 0);
        tracker_unlock(TRACKER);
        if (unkept != 0)
            fence_free_block(unkept);
        lift_fences();
    } while (next_hit < watch->hit_count);
    fence_watch_release(watch);
}
