/* Lifetimes: what still lives below a handle, the queue of postponed frees, burying, holders, and the ring of fences.
 *
 * [locked] Every function here is called with the tracker's lock held, from any thread. Nothing here allocates or frees: fence_pop()
 * names the block whose time has come, and its caller frees it, without the lock.
 */
#include "internal.h"

#define ANCESTORS_MAXIMUM 128u

static bool is_undead(const struct handle_record *handle)
{
    return handle->state == HANDLE_LIVE || handle->state == HANDLE_HELD;
}

/* ---- who lives ------------------------------------------------------------------------------------------------------ */

struct alive {
    enum borrowed_policy borrowed;
    enum children answer;
    handle_id example;
};

static enum children borrowed_alive(const struct handle_record *child, enum borrowed_policy borrowed)
{
    if (child->holders > 0)
        return CHILDREN_HOLDERS;
    /* A held child was freed by its caller, who therefore keeps nothing. */
    if (child->state == HANDLE_HELD || (child->flags & HANDLE_TRACELESS) == 0)
        return CHILDREN_NONE;
    return borrowed == BORROWED_GRACE ? CHILDREN_GRACE : borrowed == BORROWED_LIVE ? CHILDREN_HOLDERS : CHILDREN_NONE;
}

static enum walk_step look_for_life(struct tracker *tracker, uint32_t edge, enum edge_type type, handle_id id, void *context)
{
    struct alive *alive = context;
    const struct handle_record *child = tracker_handle(tracker, id);
    if (!is_undead(child))
        return WALK_PAST;
    /* What depends on a counted object holds a reference to it: that one does not die with what lends it. */
    const uint32_t lent_and_counted = HANDLE_BORROWED | HANDLE_COUNTED;
    if (type != EDGE_BORROWED && (tracker_handle(tracker, tracker_edge(tracker, edge)->parent)->flags & lent_and_counted) == lent_and_counted)
        return WALK_PAST;

    enum children found;
    if (type == EDGE_BORROWED) {
        if (child->references > 0) /* survives its parent, with all that it holds */
            return WALK_PAST;
        found = borrowed_alive(child, alive->borrowed);
    } else {
        bool wanted = child->state == HANDLE_LIVE && (child->flags & HANDLE_LET_GO) == 0 && ((child->flags & HANDLE_EXACT) == 0 || child->holders > 0);
        found = !wanted ? CHILDREN_NONE : type == EDGE_NEEDED ? CHILDREN_HOLDERS : CHILDREN_DEPENDANTS;
    }
    if (found > alive->answer) {
        alive->answer = found;
        alive->example = id;
    }
    return found == CHILDREN_DEPENDANTS ? WALK_STOP : WALK_INTO;
}

enum children children_alive(struct tracker *tracker, handle_id id, enum borrowed_policy borrowed, handle_id *example)
{
    struct alive alive = {borrowed, CHILDREN_NONE, 0};
    const struct handle_record *handle = tracker_handle(tracker, id);
    if (handle != NULL && handle->holders > 0)
        alive = (struct alive){borrowed, CHILDREN_HOLDERS, id};
    graph_walk(tracker, id, WALK_NEEDED, look_for_life, &alive);
    if (example != NULL)
        *example = alive.example;
    return alive.answer;
}

/* ---- staleness ------------------------------------------------------------------------------------------------------ */

static bool is_sound(const struct handle_record *parent)
{
    return parent->state == HANDLE_LIVE && (parent->flags & (HANDLE_STALE | HANDLE_REFUSED)) == 0;
}

/* Is there a parent, other than `exempt`, whose end makes `id` stale? What is counted lives as long as any of its parents does. */
static bool stale_by_a_parent(const struct tracker *tracker, handle_id id, handle_id exempt)
{
    const struct handle_record *handle = tracker_handle(tracker, id);
    const bool counted = (handle->flags & (HANDLE_BORROWED | HANDLE_COUNTED)) == (HANDLE_BORROWED | HANDLE_COUNTED);
    const struct edge_record *edge = tracker_edge(tracker, handle->first_parent);
    bool stale = false;
    for (; edge != NULL; edge = tracker_edge(tracker, edge->next_of_child)) {
        if ((WALK_TYPE(edge->type) & WALK_NEEDED) == 0)
            continue;
        bool sound = edge->parent == exempt || is_sound(tracker_handle(tracker, edge->parent));
        if (counted && sound)
            return false;
        stale = stale || !sound;
    }
    return stale;
}

static enum walk_step make_stale(struct tracker *tracker, uint32_t edge, enum edge_type type, handle_id id, void *context)
{
    (void)edge;
    (void)type;
    (void)context;
    struct handle_record *handle = tracker_handle(tracker, id);
    if (!is_undead(handle) || ((handle->flags & HANDLE_BORROWED) != 0 && handle->references > 0))
        return WALK_PAST; /* with a reference of the caller's it survives its parent, with all that it holds */
    if (!stale_by_a_parent(tracker, id, 0))
        return WALK_PAST; /* counted, and another parent keeps it */
    handle->flags |= HANDLE_STALE;
    return WALK_INTO;
}

/* What is reached by several ways stays stale until the last of them: then all its parents have been visited. */
static enum walk_step lift_stale(struct tracker *tracker, uint32_t edge, enum edge_type type, handle_id id, void *root)
{
    (void)edge;
    (void)type;
    struct handle_record *handle = tracker_handle(tracker, id);
    if (!is_undead(handle) || stale_by_a_parent(tracker, id, *(handle_id *)root))
        return WALK_PAST;
    handle->flags &= (uint32_t)~HANDLE_STALE;
    return WALK_INTO;
}

void handle_mark_stale(struct tracker *tracker, handle_id id, bool stale)
{
    const struct handle_record *handle = tracker_handle(tracker, id);
    if (handle == NULL)
        return;
    if (stale)
        graph_walk(tracker, id, WALK_NEEDED, make_stale, NULL);
    else if ((handle->flags & HANDLE_STALE) == 0)
        graph_walk(tracker, id, WALK_NEEDED, lift_stale, &id);
}

void handle_lent_again(struct tracker *tracker, handle_id id)
{
    struct handle_record *handle = tracker_handle(tracker, id);
    if (handle == NULL || handle->state != HANDLE_LIVE || (handle->flags & (HANDLE_COUNTED | HANDLE_STALE)) != (HANDLE_COUNTED | HANDLE_STALE) ||
        stale_by_a_parent(tracker, id, 0))
        return;
    handle->flags &= (uint32_t)~HANDLE_STALE;
    handle_mark_stale(tracker, id, false);
}

/* ---- the queue of postponed frees ----------------------------------------------------------------------------------- */

static void hold_join(struct tracker *tracker, handle_id id, struct hold_record *hold)
{
    struct arena_header *header = tracker_header(tracker);
    mutex_lock(&tracker->queue);
    hold->previous = header->hold_tail;
    if (header->hold_tail != 0)
        tracker_hold(tracker, header->hold_tail)->next = id;
    else
        header->hold_head = id;
    header->hold_tail = id;
    __atomic_store_n(&header->hold_count, header->hold_count + 1, __ATOMIC_RELAXED);
    mutex_unlock(&tracker->queue);
}

void hold_leave(struct tracker *tracker, struct handle_record *handle)
{
    struct arena_header *header = tracker_header(tracker);
    mutex_lock(&tracker->queue);
    const struct hold_record *hold = tracker_record(tracker, SECTION_HOLDS, handle->hold);
    if (hold->previous != 0)
        tracker_hold(tracker, hold->previous)->next = hold->next;
    else
        header->hold_head = hold->next;
    if (hold->next != 0)
        tracker_hold(tracker, hold->next)->previous = hold->previous;
    else
        header->hold_tail = hold->previous;
    tracker_give_record(tracker, SECTION_HOLDS, handle->hold);
    handle->hold = 0;
    __atomic_store_n(&header->hold_count, header->hold_count - 1, __ATOMIC_RELAXED);
    mutex_unlock(&tracker->queue);
}

struct hold_record *handle_hold(struct tracker *tracker, handle_id id, uint64_t now_ms)
{
    struct handle_record *handle = tracker_handle(tracker, id);
    if (handle == NULL || handle->state != HANDLE_LIVE)
        return NULL;
    uint32_t place = tracker_take_record(tracker, SECTION_HOLDS);
    struct hold_record *hold = tracker_record(tracker, SECTION_HOLDS, place);
    if (hold == NULL)
        return NULL;
    handle->state = HANDLE_HELD;
    handle->hold = place;
    hold->held_at_ms = now_ms;
    hold->handle = id;
    hold->serial = handle->serial;
    hold_join(tracker, id, hold);
    handle_mark_stale(tracker, id, true);
    return hold;
}

void handle_unhold(struct tracker *tracker, handle_id id)
{
    struct handle_record *handle = tracker_handle(tracker, id);
    if (handle == NULL || handle->state != HANDLE_HELD)
        return;
    hold_leave(tracker, handle);
    handle->state = HANDLE_LIVE;
    handle_mark_stale(tracker, id, false);
}

/* ---- burying -------------------------------------------------------------------------------------------------------- */

struct burial {
    handle_id last; /* of those that it buried: a chain by fence_next, which nobody needs of them yet */
    handle_id killer;
    uint32_t killer_serial;
    uint16_t function;
    stack_id stack;
};

static void bury_one(struct tracker *tracker, handle_id id, struct handle_record *handle, enum handle_cause cause, struct burial *burial)
{
    if (handle->state == HANDLE_HELD)
        hold_leave(tracker, handle);
    tracker_count(tracker, COUNTER_deaths);
    handle->state = HANDLE_BURIED;
    handle->fence_next = burial->last;
    burial->last = id;
    handle->cause = (uint8_t)cause;
    handle->flags &= (uint32_t) ~(HANDLE_STALE | HANDLE_REFUSED);
    handle->killer = burial->killer;
    handle->killer_serial = burial->killer_serial;
    if (burial->function != 0)
        handle->death_function = burial->function;
    if (burial->stack != 0)
        handle->death_stack = burial->stack;
}

/* A reference-counted child goes its own way: with its edge goes the staleness that came by it. */
static void let_go(struct tracker *tracker, uint32_t edge, handle_id id, struct handle_record *child)
{
    edge_remove_in_walk(tracker, edge);
    if ((child->flags & HANDLE_STALE) == 0 || stale_by_a_parent(tracker, id, 0))
        return;
    child->flags &= (uint32_t)~HANDLE_STALE;
    if (child->state == HANDLE_LIVE)
        handle_mark_stale(tracker, id, false);
}

static enum walk_step bury_below(struct tracker *tracker, uint32_t edge, enum edge_type type, handle_id id, void *context)
{
    struct handle_record *child = tracker_handle(tracker, id);
    if (!is_undead(child))
        return WALK_PAST;
    if (type != EDGE_BORROWED) {
        child->flags |= HANDLE_STALE;
        handle_mark_stale(tracker, id, true);
        return WALK_PAST;
    }
    if ((child->flags & HANDLE_COUNTED) != 0 || child->references > 0) {
        let_go(tracker, edge, id, child);
        return WALK_PAST;
    }
    bury_one(tracker, id, child, CAUSE_PARENT, context);
    return WALK_INTO;
}

/* Behind the living: children before their parents, because they were buried after them. Not while the walk goes on: it would lose its way. */
static void settle_buried(struct tracker *tracker, handle_id last)
{
    while (last != 0) {
        struct handle_record *handle = tracker_handle(tracker, last);
        handle_sink(tracker, last);
        last = handle->fence_next;
        handle->burier = 0;
    }
}

void handle_bury(struct tracker *tracker, handle_id id, enum handle_cause cause, uint16_t function, stack_id stack)
{
    struct handle_record *handle = tracker_handle(tracker, id);
    if (handle == NULL || !is_undead(handle))
        return;
    struct burial burial = {.function = function, .stack = stack};
    bury_one(tracker, id, handle, cause, &burial);
    burial.killer = id;
    burial.killer_serial = handle->serial;
    burial.function = handle->death_function;
    burial.stack = handle->death_stack;
    graph_walk(tracker, id, WALK_NEEDED, bury_below, &burial);
    settle_buried(tracker, burial.last);
}

/* ---- holders -------------------------------------------------------------------------------------------------------- */

void handle_holder_add(struct tracker *tracker, handle_id id, stack_id stack)
{
    struct handle_record *handle = tracker_handle(tracker, id);
    if (handle == NULL || handle->state == HANDLE_FREE_RECORD)
        return;
    if (handle->holders != UINT16_MAX)
        handle->holders++;
    handle->flags |= HANDLE_EXACT;
    handle->loan_stack = stack;
}

handle_id handle_holder_drop(struct tracker *tracker, handle_id id)
{
    struct handle_record *handle = tracker_handle(tracker, id);
    if (handle == NULL || handle->holders == 0 || handle->holders == UINT16_MAX)
        return 0;
    handle->holders--;
    return is_undead(handle) ? handle_waiting_ancestor(tracker, id) : 0;
}

handle_id handle_waiting_ancestor(struct tracker *tracker, handle_id id)
{
    handle_id ancestors[ANCESTORS_MAXIMUM];
    bool complete;
    unsigned count = graph_ancestors(tracker, id, ancestors, ANCESTORS_MAXIMUM, &complete);
    for (unsigned i = 0; i < count; i++) {
        const struct handle_record *handle = tracker_handle(tracker, ancestors[i]);
        const unsigned refused_and_stale = HANDLE_REFUSED | HANDLE_STALE;
        if (handle->state == HANDLE_HELD ||
            (handle->state == HANDLE_LIVE && (handle->flags & refused_and_stale) == refused_and_stale))
            return ancestors[i];
    }
    return 0;
}

/* ---- fences --------------------------------------------------------------------------------------------------------- */

/* Fence number n lies in record 1 + n % (capacity - 1). */
static struct fence_record *fence_slot(struct tracker *tracker, uint64_t number)
{
    uint32_t slots = section_header(tracker, SECTION_FENCES)->capacity - 1;
    return tracker_record(tracker, SECTION_FENCES, 1 + (uint32_t)(number % slots));
}

bool fence_push(struct tracker *tracker, uint64_t block, uint64_t bytes, handle_id first)
{
    struct arena_header *header = tracker_header(tracker);
    if (tracker->base == NULL || block == 0)
        return false;
    mutex_lock(&tracker->fences);
    bool room = header->fence_head - header->fence_tail < header->sections[SECTION_FENCES].capacity - 1;
    if (room) {
        *fence_slot(tracker, header->fence_head) = (struct fence_record){.block = block, .bytes = bytes, .first_handle = first};
        __atomic_store_n(&header->fence_head, header->fence_head + 1, __ATOMIC_RELAXED);
        __atomic_store_n(&header->fence_bytes, header->fence_bytes + bytes, __ATOMIC_RELAXED);
    }
    mutex_unlock(&tracker->fences);
    if (!room)
        return false;
    struct handle_record *handle;
    for (handle_id id = first; (handle = tracker_handle(tracker, id)) != NULL; id = handle->fence_next) {
        if ((handle->flags & HANDLE_FENCED) != 0) /* covered already: following its chain would join two fences, or never end */
            break;
        handle_fence(handle);
    }
    return true;
}

bool fences_beyond(const struct tracker *tracker, uint64_t count, uint64_t bytes)
{
    const struct arena_header *header = tracker_header(tracker);
    return __atomic_load_n(&header->fence_head, __ATOMIC_RELAXED) - __atomic_load_n(&header->fence_tail, __ATOMIC_RELAXED) > count ||
           __atomic_load_n(&header->fence_bytes, __ATOMIC_RELAXED) > bytes;
}

/* [fences locked] */
static uint64_t lift_oldest(struct tracker *tracker, struct fence_record *fence)
{
    struct arena_header *header = tracker_header(tracker);
    *fence = *fence_slot(tracker, header->fence_tail);
    *fence_slot(tracker, header->fence_tail) = (struct fence_record){0};
    __atomic_store_n(&header->fence_tail, header->fence_tail + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&header->fence_bytes, header->fence_bytes - fence->bytes, __ATOMIC_RELAXED);
    return fence->block;
}

static void forget_fenced(struct tracker *tracker, handle_id first)
{
    for (handle_id id = first, next; id != 0; id = next) {
        struct handle_record *handle = tracker_handle(tracker, id);
        if (handle == NULL || (handle->flags & HANDLE_FENCED) == 0)
            break;
        next = handle->fence_next;
        handle_unfence(handle);
        handle_forget(tracker, id);
    }
}

uint64_t fence_pop(struct tracker *tracker)
{
    struct arena_header *header = tracker_header(tracker);
    if (tracker->base == NULL)
        return 0;
    struct fence_record fence = {0};
    mutex_lock(&tracker->fences);
    uint64_t block = header->fence_head != header->fence_tail ? lift_oldest(tracker, &fence) : 0;
    mutex_unlock(&tracker->fences);
    forget_fenced(tracker, fence.first_handle);
    return block;
}

/* [fences locked] What the oldest fence covers: who it belongs to is not locked, but as long as it is not lifted that stays as it is. */
static unsigned covered_addresses(const struct tracker *tracker, handle_id first, uint64_t addresses[TRACKER_NEAR_MAX + 1])
{
    unsigned count = 0;
    const struct handle_record *handle;
    for (handle_id id = first; count <= TRACKER_NEAR_MAX && (handle = tracker_handle(tracker, id)) != NULL; id = handle->fence_next)
        addresses[count++] = handle->address;
    return count;
}

static bool holds_all_of(const struct tracker *tracker, handle_id first)
{
    const struct handle_record *handle;
    for (handle_id id = first; (handle = tracker_handle(tracker, id)) != NULL; id = handle->fence_next)
        if (!holds_shard(shard_of(handle)))
            return false;
    return true;
}

uint64_t fence_lift_oldest(struct tracker *tracker, uint64_t most, uint64_t most_bytes)
{
    struct arena_header *header = tracker_header(tracker);
    uint64_t block = 0;
    for (unsigned attempt = 0; block == 0 && tracker->base != NULL && fences_beyond(tracker, most, most_bytes); attempt++) {
        uint64_t addresses[TRACKER_NEAR_MAX + 1];
        if (!tracker_begin(tracker))
            return 0;
        mutex_lock(&tracker->fences);
        uint64_t number = header->fence_tail;
        handle_id first = number != header->fence_head ? fence_slot(tracker, number)->first_handle : 0;
        unsigned count = attempt < 4 ? covered_addresses(tracker, first, addresses) : TRACKER_NEAR_MAX + 1; /* then all */
        mutex_unlock(&tracker->fences);
        tracker_end();
        if (!tracker_lock_near(tracker, addresses, count))
            return 0;
        struct fence_record fence = {0};
        mutex_lock(&tracker->fences);
        if (header->fence_tail == number && number != header->fence_head && holds_all_of(tracker, first))
            block = lift_oldest(tracker, &fence);
        mutex_unlock(&tracker->fences);
        forget_fenced(tracker, fence.first_handle);
        tracker_unlock(tracker);
    }
    return block;
}
