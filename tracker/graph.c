/* The handle table and the graph of who lives in whom.
 *
 * [locked] Every function here is called with the tracker's lock held, from any thread. Nothing here allocates or calls anything
 * but memory: all room is in the arena or in small arrays on the stack.
 *
 * Edges of a parent form a doubly linked list, since a dataset may have a million features that die in any order. Edges of a child form
 * a singly linked list, since nothing has more than a few parents.
 *
 * The buried stay in the graph as long as their memory is kept back, because reports tell where they lived: a feature that lives on may have
 * thousands. So that nobody who looks for the living steps over them, an edge below which nothing lives is marked `dead` and lies behind those that are
 * not, and walks end at the first of them. What is buried and has somebody living below stays in front, and walks go through it. Two rules:
 *
 *   an edge is dead only if its child is buried, and all edges below that one are dead. This holds whenever the lock is free, and is what
 *       walks rely on: what is not visited is not alive. So handle_sink() begins at the bottom, and raise_edges() is complete.
 *   an edge is dead if that is so. Only time is lost where it does not hold: while handle_bury() is at work, and where handle_sink() had no room.
 */
#include "internal.h"
#include <string.h>
#include <sys/mman.h>

/* Deep enough for any real tree (geometry collections nest 32 deep at the most in WKB); what lies deeper is left alone. */
#define WALK_DEPTH 256u
#define ANCESTORS_MAXIMUM 128u

/* ---- handles -------------------------------------------------------------------------------------------------------- */

union handle_filter_slot handle_filter[HANDLE_FILTER_SLOTS];

/* The pages go back: to write zeros would make memory of what nobody uses, and take milliseconds. */
void handle_filter_clear(void)
{
    const uintptr_t page = 4096, start = (uintptr_t)handle_filter, end = start + sizeof handle_filter;
    uintptr_t first = (start + page - 1) & ~(page - 1), last = end & ~(page - 1);
    static bool used;
    if (!used) { /* it is as it was loaded */
        used = true;
        return;
    }
    if (madvise((void *)first, last - first, MADV_DONTNEED) != 0)
        first = last = end;
    memset((void *)start, 0, first - start);
    memset((void *)last, 0, end - last);
}

/* Saturated counts stay: nobody knows any more how many they stand for. */
void handle_filter_add(uint64_t address)
{
    uint8_t *slot = &handle_filter[handle_filter_slot(address)].handles;
    uint8_t count = __atomic_load_n(slot, __ATOMIC_RELAXED);
    while (count != UINT8_MAX && !__atomic_compare_exchange_n(slot, &count, (uint8_t)(count + 1), true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

void handle_filter_remove(uint64_t address)
{
    uint8_t *slot = &handle_filter[handle_filter_slot(address)].handles;
    uint8_t count = __atomic_load_n(slot, __ATOMIC_RELAXED);
    while (count != UINT8_MAX && count != 0 && !__atomic_compare_exchange_n(slot, &count, (uint8_t)(count - 1), true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

void handle_fence(struct handle_record *handle)
{
    if ((handle->flags & HANDLE_FENCED) == 0)
        handle_filter_remove(handle->address);
    handle->flags |= HANDLE_FENCED;
}

void handle_unfence(struct handle_record *handle)
{
    if ((handle->flags & HANDLE_FENCED) != 0)
        handle_filter_add(handle->address);
    handle->flags &= (uint32_t)~HANDLE_FENCED;
}

static uint32_t *handle_bucket(const struct tracker *tracker, uint64_t address)
{
    return section_bucket(tracker, SECTION_HANDLE_BUCKETS, handle_hash(address));
}

/* Chains are changed with some shard and their stripe locked; so who has all shards may read them as they are. */
static struct tracker_mutex *stripe_of(struct tracker *tracker, uint64_t address)
{
    return &tracker->stripes[handle_hash(address) % TRACKER_STRIPES];
}

static struct tracker_mutex *read_chain(const struct tracker *tracker, uint64_t address)
{
    struct tracker_mutex *stripe = tracker_has_all() ? NULL : stripe_of((struct tracker *)(uintptr_t)tracker, address);
    if (stripe != NULL)
        mutex_lock(stripe);
    return stripe;
}

static void chain_was_read(struct tracker_mutex *stripe)
{
    if (stripe != NULL)
        mutex_unlock(stripe);
}

static bool is_locked(const struct tracker *tracker, const struct handle_record *handle)
{
    bool locked = holds_shard(shard_of(handle));
    if (!locked && tracker->scatter) /* by a test without other threads: whoever looks forgot to lock it */
        __builtin_trap();
    return locked;
}

handle_id handle_find(const struct tracker *tracker, uint64_t address, kind_test same, void *context)
{
    if (tracker->base == NULL)
        return 0;
    struct tracker_mutex *stripe = read_chain(tracker, address);
    handle_id id = *handle_bucket(tracker, address);
    const struct handle_record *handle;
    for (; (handle = tracker_handle(tracker, id)) != NULL; id = handle->next)
        if (handle->address == address && is_locked(tracker, handle) && (same == NULL || same(handle->kind, context)))
            break;
    chain_was_read(stripe);
    return handle != NULL ? id : 0;
}

handle_id handle_find_birth(const struct tracker *tracker, uint64_t address, uint32_t birth)
{
    if (tracker->base == NULL)
        return 0;
    struct tracker_mutex *stripe = read_chain(tracker, address);
    handle_id id = *handle_bucket(tracker, address);
    const struct handle_record *handle;
    for (; (handle = tracker_handle(tracker, id)) != NULL; id = handle->next)
        if (handle->address == address && is_locked(tracker, handle) && handle->birth == birth)
            break;
    chain_was_read(stripe);
    return handle != NULL ? id : 0;
}

uint32_t handle_shards(struct tracker *tracker, uint64_t address)
{
    uint32_t shards = 0;
    if (address == 0)
        return 0;
    struct tracker_mutex *stripe = stripe_of(tracker, address);
    mutex_lock(stripe);
    const struct handle_record *handle;
    if (__atomic_load_n(&tracker->base, __ATOMIC_ACQUIRE) != NULL)
        for (handle_id id = *handle_bucket(tracker, address); (handle = tracker_handle(tracker, id)) != NULL; id = handle->next)
            if (handle->address == address)
                shards |= UINT32_C(1) << shard_of(handle);
    mutex_unlock(stripe);
    return shards & HELD_ALL;
}

bool handle_is_known(struct tracker *tracker, uint64_t address)
{
    if (!tracker_begin(tracker)) /* a signal handler, in the midst of this or of something else: let it be looked at */
        return true;
    bool known = handle_shards(tracker, address) != 0;
    tracker_end();
    return known;
}

handle_id handle_add(struct tracker *tracker, uint64_t address, uint16_t kind, uint8_t provider)
{
    handle_id id = tracker_take_record(tracker, SECTION_HANDLES);
    struct handle_record *handle = tracker_handle(tracker, id);
    if (handle == NULL)
        return 0;
    uint32_t *bucket = handle_bucket(tracker, address);
    handle->address = address;
    handle->kind = (uint8_t)kind;
    __atomic_store_n(&handle->shard, tracker_home(), __ATOMIC_RELAXED);
    handle->provider = provider;
    handle->birth_thread = (uint32_t)tracker_thread();
    uint32_t forks = tracker_header(tracker)->forks;
    handle->generation = forks < UINT16_MAX ? (uint16_t)forks : UINT16_MAX;
    handle->state = HANDLE_LIVE;
    struct tracker_mutex *stripe = stripe_of(tracker, address);
    mutex_lock(stripe);
    handle->next = *bucket;
    *bucket = id;
    mutex_unlock(stripe);
    handle_filter_add(address);
    return id;
}

static void leave_bucket(struct tracker *tracker, handle_id id, const struct handle_record *handle)
{
    struct tracker_mutex *stripe = stripe_of(tracker, handle->address);
    mutex_lock(stripe);
    uint32_t *link = handle_bucket(tracker, handle->address);
    struct handle_record *before;
    while (*link != id && (before = tracker_handle(tracker, *link)) != NULL)
        link = &before->next;
    if (*link == id)
        *link = handle->next;
    mutex_unlock(stripe);
}

void handle_forget(struct tracker *tracker, handle_id id)
{
    struct handle_record *handle = tracker_handle(tracker, id);
    if (handle == NULL || handle->state == HANDLE_FREE_RECORD || (handle->flags & HANDLE_FENCED) != 0)
        return;
    if (handle->state == HANDLE_HELD)
        hold_leave(tracker, handle);
    edges_remove_to_parents(tracker, id);
    while (handle->first_child != 0)
        edge_remove(tracker, handle->first_child);
    leave_bucket(tracker, id, handle);
    handle_filter_remove(handle->address);
    tracker_give_record(tracker, SECTION_HANDLES, id);
}

void handle_forget_tree(struct tracker *tracker, handle_id root)
{
    /* Down along first children, forgetting leaves on the way back. `path` is only a short cut back: when the tree is deeper, the
     * way down is taken again from the root. */
    handle_id path[64], id = root;
    unsigned depth = 0;
    for (;;) {
        const struct handle_record *handle = tracker_handle(tracker, id);
        if (handle == NULL)
            return;
        const struct edge_record *edge = tracker_edge(tracker, handle->first_child);
        if (edge == NULL) {
            handle_forget(tracker, id);
            if (id == root)
                return;
            id = depth > 0 ? path[--depth] : root;
            continue;
        }
        const struct handle_record *child = tracker_handle(tracker, edge->child);
        if (edge->type != EDGE_BORROWED || (child->flags & HANDLE_FENCED) != 0) {
            edge_remove(tracker, handle->first_child);
            continue;
        }
        if (depth < sizeof path / sizeof path[0])
            path[depth++] = id;
        id = edge->child;
    }
}

/* ---- edges ---------------------------------------------------------------------------------------------------------- */

unsigned graph_ancestors(const struct tracker *tracker, handle_id id, handle_id *ancestors, unsigned room, bool *complete)
{
    unsigned count = 0;
    *complete = true;
    if (tracker_handle(tracker, id) != NULL)
        ancestors[count++] = id;
    for (unsigned next = 0; next < count; next++) {
        const struct edge_record *edge = tracker_edge(tracker, tracker_handle(tracker, ancestors[next])->first_parent);
        for (; edge != NULL; edge = tracker_edge(tracker, edge->next_of_child)) {
            unsigned known = 0;
            while (known < count && ancestors[known] != edge->parent)
                known++;
            if (known < count)
                continue;
            if (count == room) {
                *complete = false;
                return count;
            }
            ancestors[count++] = edge->parent;
        }
    }
    return count;
}

static bool would_close_circle(const struct tracker *tracker, handle_id parent, handle_id child)
{
    if (parent == child)
        return true;
    if (tracker_handle(tracker, child)->first_child == 0)
        return false;
    handle_id ancestors[ANCESTORS_MAXIMUM];
    bool complete;
    unsigned count = graph_ancestors(tracker, parent, ancestors, ANCESTORS_MAXIMUM, &complete);
    for (unsigned i = 0; i < count; i++)
        if (ancestors[i] == child)
            return true;
    return !complete; /* not known is as good as yes: a circle would never end */
}

uint32_t edge_find(const struct tracker *tracker, handle_id parent, handle_id child)
{
    const struct handle_record *handle = tracker_handle(tracker, child);
    uint32_t id = handle != NULL ? handle->first_parent : 0;
    for (const struct edge_record *edge; (edge = tracker_edge(tracker, id)) != NULL; id = edge->next_of_child)
        if (edge->parent == parent)
            return id;
    return 0;
}

/* ---- shards: what is related is in the same -------------------------------------------------------------------------- */

#define MOVING_MAX 512u

struct moving {
    uint8_t from, to;
    unsigned count;
    bool overflow;
    handle_id left[MOVING_MAX];
};

static void move_one(struct tracker *tracker, struct moving *moving, handle_id id)
{
    struct handle_record *handle = tracker_handle(tracker, id);
    if (handle == NULL || shard_of(handle) != moving->from)
        return;
    if (moving->count == MOVING_MAX) {
        moving->overflow = true;
        return;
    }
    __atomic_store_n(&handle->shard, moving->to, __ATOMIC_RELAXED);
    moving->left[moving->count++] = id;
}

/* All that is related to `id`, in any way, goes to the other shard; when that is too much to follow, all of its shard does. Both are locked. */
static void move_related(struct tracker *tracker, handle_id id, uint8_t to)
{
    struct moving moving = {.from = shard_of(tracker_handle(tracker, id)), .to = to, .count = 0};
    move_one(tracker, &moving, id);
    while (moving.count != 0 && !moving.overflow) {
        const struct handle_record *handle = tracker_handle(tracker, moving.left[--moving.count]);
        const struct edge_record *edge;
        for (uint32_t up = handle->first_parent; (edge = tracker_edge(tracker, up)) != NULL && !moving.overflow; up = edge->next_of_child)
            move_one(tracker, &moving, edge->parent);
        for (uint32_t down = handle->first_child; (edge = tracker_edge(tracker, down)) != NULL && !moving.overflow; down = edge->next_of_parent)
            move_one(tracker, &moving, edge->child);
    }
    if (!moving.overflow)
        return;
    const uint32_t used = __atomic_load_n(&section_header(tracker, SECTION_HANDLES)->used, __ATOMIC_ACQUIRE);
    for (handle_id each = 1; each < used; each++) {
        uint8_t from = moving.from; /* a record that somebody else is just making something of may look like one of these */
        __atomic_compare_exchange_n(&tracker_handle(tracker, each)->shard, &from, to, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    }
}

static void join_shards(struct tracker *tracker, handle_id parent, handle_id child)
{
    const struct handle_record *above = tracker_handle(tracker, parent), *below = tracker_handle(tracker, child);
    if (shard_of(above) == shard_of(below))
        return;
    if ((above->first_child | above->first_parent) == 0 && (below->first_child | below->first_parent) != 0)
        move_related(tracker, parent, shard_of(below));
    else
        move_related(tracker, child, shard_of(above));
}

/* In front of the others, or behind them if it is dead. It is whole before it can be reached: who is killed in between leaves a list of which only
 * this edge is missing. */
static void join_parent(struct tracker *tracker, uint32_t id, struct edge_record *edge)
{
    struct handle_record *parent = tracker_handle(tracker, edge->parent);
    struct edge_record *first = tracker_edge(tracker, parent->first_child);
    const uint32_t last = first != NULL ? first->previous_of_parent : id;
    edge->previous_of_parent = last;
    edge->next_of_parent = edge->dead ? 0 : parent->first_child;
    __atomic_store_n(first != NULL && edge->dead ? &tracker_edge(tracker, last)->next_of_parent : &parent->first_child, id, __ATOMIC_RELEASE);
    if (first != NULL)
        first->previous_of_parent = id;
}

static void leave_parent(struct tracker *tracker, uint32_t id, const struct edge_record *edge)
{
    struct handle_record *parent = tracker_handle(tracker, edge->parent);
    struct edge_record *next = tracker_edge(tracker, edge->next_of_parent);
    if (parent->first_child == id)
        parent->first_child = edge->next_of_parent;
    else
        tracker_edge(tracker, edge->previous_of_parent)->next_of_parent = edge->next_of_parent;
    if (next == NULL)
        next = tracker_edge(tracker, parent->first_child); /* it was the last */
    if (next != NULL)
        next->previous_of_parent = edge->previous_of_parent;
}

/* ---- the dead behind the living -------------------------------------------------------------------------------------- */

static bool has_living_edge(const struct tracker *tracker, const struct handle_record *handle)
{
    const struct edge_record *first = tracker_edge(tracker, handle->first_child);
    return first != NULL && !first->dead;
}

static bool is_dead_throughout(const struct tracker *tracker, const struct handle_record *handle)
{
    return handle->state == HANDLE_BURIED && !has_living_edge(tracker, handle);
}

/* Handles whose edges to their parents are looked at next. What has a single parent, as most have, needs one place however deep it lies. */
struct upwards {
    handle_id ids[64];
    unsigned count;
    bool lost; /* one found no place */
};

static inline void upwards_begin(struct upwards *upwards, handle_id id)
{
    upwards->ids[0] = id; /* the rest is not read: this is on the way of every free */
    upwards->count = 1;
    upwards->lost = false;
}

static void upwards_add(struct upwards *upwards, handle_id id)
{
    if (upwards->count < sizeof upwards->ids / sizeof upwards->ids[0])
        upwards->ids[upwards->count++] = id;
    else
        upwards->lost = true;
}

/* All edges from `id` to its parents, to where they belong now. Buried parents, for which that may change something, come next. */
static void move_edges(struct tracker *tracker, handle_id id, bool dead, struct upwards *upwards)
{
    struct edge_record *edge;
    for (uint32_t at = tracker_handle(tracker, id)->first_parent; (edge = tracker_edge(tracker, at)) != NULL; at = edge->next_of_child) {
        if (edge->dead == dead)
            continue;
        leave_parent(tracker, at, edge);
        edge->dead = dead;
        join_parent(tracker, at, edge);
        if (tracker_handle(tracker, edge->parent)->state == HANDLE_BURIED)
            upwards_add(upwards, edge->parent);
    }
}

void handle_sink(struct tracker *tracker, handle_id id)
{
    struct upwards upwards;
    upwards_begin(&upwards, id);
    while (upwards.count != 0) {
        id = upwards.ids[--upwards.count];
        if (is_dead_throughout(tracker, tracker_handle(tracker, id)))
            move_edges(tracker, id, true, &upwards);
    }
}

/* Somebody lives, or is about to, in `id` or below it: no edge above is dead any more. */
static void raise_edges(struct tracker *tracker, handle_id id)
{
    const uint8_t shard = shard_of(tracker_handle(tracker, id)); /* all that is above is in it, too */
    struct upwards upwards;
    upwards_begin(&upwards, id);
    while (upwards.count != 0) {
        id = upwards.ids[--upwards.count];
        move_edges(tracker, id, false, &upwards);
    }
    /* So many parents by so many ways that nobody knows any more which are left: each that has an edge in front of its dead ones. */
    while (upwards.lost) {
        upwards.lost = false;
        for (uint32_t at = 1; at < section_header(tracker, SECTION_EDGES)->used; at++) {
            const struct edge_record *edge = tracker_edge(tracker, at);
            const struct handle_record *parent = edge->type == EDGE_NONE || edge->dead ? NULL : tracker_handle(tracker, edge->parent);
            if (parent == NULL || shard_of(parent) != shard)
                continue;
            upwards.count = 0;
            move_edges(tracker, edge->parent, false, &upwards);
            upwards.lost = upwards.lost || upwards.count != 0;
        }
    }
}

void handle_died(struct tracker *tracker, handle_id id)
{
    struct handle_record *handle = tracker_handle(tracker, id);
    if (handle == NULL || handle->state == HANDLE_FREE_RECORD)
        return;
    handle->state = HANDLE_BURIED;
    handle_sink(tracker, id);
}

void handle_revive(struct tracker *tracker, handle_id id)
{
    struct handle_record *handle = tracker_handle(tracker, id);
    if (handle == NULL || handle->state != HANDLE_BURIED)
        return;
    raise_edges(tracker, id);
    handle->state = HANDLE_LIVE;
}

/* ---- adding and removing --------------------------------------------------------------------------------------------- */

uint32_t edge_add(struct tracker *tracker, handle_id parent, handle_id child, enum edge_type type)
{
    struct handle_record *above = tracker_handle(tracker, parent), *below = tracker_handle(tracker, child);
    if (above == NULL || below == NULL || above->state == HANDLE_FREE_RECORD || below->state == HANDLE_FREE_RECORD)
        return 0;
    uint32_t id = edge_find(tracker, parent, child);
    if (id != 0) {
        tracker_edge(tracker, id)->type = (uint16_t)type;
        return id;
    }
    if (would_close_circle(tracker, parent, child))
        return 0;
    id = tracker_take_record(tracker, SECTION_EDGES);
    struct edge_record *edge = tracker_edge(tracker, id);
    if (edge == NULL)
        return 0;
    join_shards(tracker, parent, child);
    *edge = (struct edge_record){.parent = parent, .child = child, .next_of_child = below->first_parent, .type = (uint16_t)type, .dead = is_dead_throughout(tracker, below)};
    if (!edge->dead)
        raise_edges(tracker, parent);
    join_parent(tracker, id, edge);
    below->first_parent = id;
    if (below->parents < UINT8_MAX)
        below->parents++;
    return id;
}

/* Out of the child's list, counting what stays, because `parents` may have been saturated. */
static void leave_child(struct tracker *tracker, uint32_t id, const struct edge_record *edge)
{
    struct handle_record *child = tracker_handle(tracker, edge->child);
    uint32_t *link = &child->first_parent;
    unsigned stay = 0;
    while (*link != 0) {
        if (*link == id) {
            *link = edge->next_of_child;
        } else {
            link = &tracker_edge(tracker, *link)->next_of_child;
            stay++;
        }
    }
    child->parents = stay < UINT8_MAX ? (uint8_t)stay : UINT8_MAX;
}

void edge_remove_in_walk(struct tracker *tracker, uint32_t id)
{
    const struct edge_record *edge = tracker_edge(tracker, id);
    if (edge == NULL || edge->type == EDGE_NONE)
        return;
    leave_parent(tracker, id, edge);
    leave_child(tracker, id, edge);
    tracker_give_record(tracker, SECTION_EDGES, id);
}

void edge_remove(struct tracker *tracker, uint32_t id)
{
    const struct edge_record *edge = tracker_edge(tracker, id);
    if (edge == NULL || edge->type == EDGE_NONE)
        return;
    handle_id parent = edge->dead ? 0 : edge->parent;
    edge_remove_in_walk(tracker, id);
    if (parent != 0 && tracker_handle(tracker, parent)->state == HANDLE_BURIED)
        handle_sink(tracker, parent); /* it may have been the last that lived below */
}

void edges_remove_to_parents(struct tracker *tracker, handle_id child)
{
    const struct handle_record *handle = tracker_handle(tracker, child);
    while (handle != NULL && handle->first_parent != 0)
        edge_remove(tracker, handle->first_parent);
}

/* ---- walks ---------------------------------------------------------------------------------------------------------- */

bool graph_walk(struct tracker *tracker, handle_id root, unsigned types, walk_visitor visit, void *context)
{
    const struct handle_record *handle = tracker_handle(tracker, root);
    if (handle == NULL || handle->first_child == 0)
        return true;
    /* Next edge to follow on each level. Read before the visit, which may remove the edge that led to it. */
    uint32_t path[WALK_DEPTH];
    path[0] = handle->first_child;
    unsigned depth = 0;
    bool whole = true;
    /* Where much is shared there are far more ways than handles; nothing real comes near this. */
    uint64_t budget = 64 + UINT64_C(16) * section_header(tracker, SECTION_EDGES)->used;

    for (;;) {
        uint32_t id = path[depth];
        const struct edge_record *edge = tracker_edge(tracker, id);
        if (edge == NULL || edge->dead) {
            if (depth-- == 0)
                return whole;
            continue;
        }
        path[depth] = edge->next_of_parent;
        if ((types & WALK_TYPE(edge->type)) == 0)
            continue;
        if (budget-- == 0)
            return false;
        handle_id child = edge->child;
        enum walk_step step = visit(tracker, id, (enum edge_type)edge->type, child, context);
        if (step == WALK_STOP)
            return false;
        if (step == WALK_PAST)
            continue;
        uint32_t first_child = tracker_handle(tracker, child)->first_child;
        if (first_child == 0)
            continue;
        if (depth + 1 < WALK_DEPTH)
            path[++depth] = first_child;
        else
            whole = false;
    }
}

struct tree_visit {
    tree_visitor visit;
    void *context;
};

static enum walk_step visit_tree(struct tracker *tracker, uint32_t edge, enum edge_type type, handle_id child, void *context)
{
    (void)edge;
    (void)type;
    const struct tree_visit *tree = context;
    return tree->visit(tracker, child, tree->context) ? WALK_INTO : WALK_STOP;
}

bool tree_walk(struct tracker *tracker, handle_id root, bool dependants, tree_visitor visit, void *context)
{
    if (tracker_handle(tracker, root) == NULL)
        return true;
    struct tree_visit tree = {visit, context};
    return visit(tracker, root, context) &&
           graph_walk(tracker, root, dependants ? WALK_NEEDED : WALK_BORROWED, visit_tree, &tree);
}

bool tree_walk_all(struct tracker *tracker, handle_id root, tree_visitor visit, void *context)
{
    struct tree_visit tree = {visit, context};
    return graph_walk(tracker, root, WALK_NEEDED | WALK_TYPE(EDGE_ADVICE), visit_tree, &tree);
}
