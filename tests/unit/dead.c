/* The dead behind the living: walks that look for the living do not step over the thousands that died before, and miss nobody, whatever happened in which order; and
 * who is killed in the midst of a change leaves an arena in which nothing else is broken. */
#include "check.h"
#include "unit.h"
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

static bool is_dead_edge(handle_id parent, handle_id child)
{
    return tracker_edge(&tracker, edge_find(&tracker, parent, child))->dead != 0;
}

static handle_id child_number(handle_id parent, unsigned number)
{
    const struct edge_record *edge = tracker_edge(&tracker, tracker_handle(&tracker, parent)->first_child);
    while (edge != NULL && number-- > 0)
        edge = tracker_edge(&tracker, edge->next_of_parent);
    return edge != NULL ? edge->child : 0;
}

static bool count(struct tracker *unused, handle_id id, void *visits)
{
    (void)unused;
    (void)id;
    return ++*(unsigned *)visits != 0;
}

static unsigned visits_below(handle_id root)
{
    unsigned visits = 0;
    assert_true(tree_walk_all(&tracker, root, count, &visits));
    return visits;
}

static void who_dies_goes_behind_the_living(void **state)
{
    (void)state;
    handle_id feature = born(0x10), first = lent(feature, 0x20), second = lent(feature, 0x30), third = lent(feature, 0x40);
    handle_bury(&tracker, third, CAUSE_INVALIDATED, 1, 1);
    assert_int_equal(child_number(feature, 0), second);
    assert_int_equal(child_number(feature, 1), first);
    assert_int_equal(child_number(feature, 2), third);
    handle_bury(&tracker, first, CAUSE_INVALIDATED, 1, 1);
    handle_id fourth = lent(feature, 0x50);
    assert_int_equal(child_number(feature, 0), fourth);
    assert_int_equal(child_number(feature, 1), second);
    assert_true(is_dead_edge(feature, first) && is_dead_edge(feature, third) && !is_dead_edge(feature, second));
    assert_int_equal(visits_below(feature), 2);
    assert_int_equal(tracker_edge(&tracker, tracker_handle(&tracker, third)->first_parent)->parent, feature); /* where it lived is still told */
}

/* One that has 20,000 dead children and 3 living ones. */
static void nobody_steps_over_the_dead(void **state)
{
    (void)state;
    handle_id feature = born(0x10);
    for (uint64_t i = 0; i < 20000; i++) {
        handle_id geometry = i % 2 == 0 ? lent(feature, 0x1000 + 16 * i) : dependant(feature, 0x1000 + 16 * i);
        handle_bury(&tracker, geometry, CAUSE_INVALIDATED, 1, 1);
    }
    handle_id geometry = lent(feature, 0x20), style = lent(feature, 0x30), below = lent(style, 0x40);
    assert_int_equal(visits_below(feature), 3);
    tracker_handle(&tracker, below)->holders = 1;
    handle_id example = 0;
    assert_int_equal(children_alive(&tracker, feature, BORROWED_DEAD, &example), CHILDREN_HOLDERS);
    assert_int_equal(example, below);
    handle_hold(&tracker, feature, 1);
    assert_true(has_flag(geometry, HANDLE_STALE) && has_flag(below, HANDLE_STALE));
    handle_bury(&tracker, feature, CAUSE_FREED, 1, 1);
    assert_true(state_of(geometry) == HANDLE_BURIED && state_of(style) == HANDLE_BURIED && state_of(below) == HANDLE_BURIED);
    assert_int_equal(visits_below(feature), 0);
}

static void what_lives_below_a_dead_one_is_found(void **state)
{
    (void)state;
    handle_id dataset = born(0x10), layer = lent(dataset, 0x20), group = lent(layer, 0x30), other = lent(dataset, 0x40);
    handle_bury(&tracker, layer, CAUSE_FREED, 1, 1);
    assert_true(is_dead_edge(dataset, layer) && is_dead_edge(layer, group));
    handle_id feature = dependant(group, 0x50); /* of one that is dead: mode report lets such calls through */
    assert_false(is_dead_edge(dataset, layer) || is_dead_edge(layer, group) || is_dead_edge(group, feature));
    assert_int_equal(visits_below(dataset), 4);
    handle_bury(&tracker, other, CAUSE_FREED, 1, 1);
    assert_int_equal(visits_below(dataset), 3);
    handle_id geometry = lent(feature, 0x60);
    handle_bury(&tracker, geometry, CAUSE_FREED, 1, 1);
    assert_true(is_dead_edge(feature, geometry) && !is_dead_edge(group, feature));
    handle_bury(&tracker, feature, CAUSE_FREED, 1, 1); /* the last that lived there */
    assert_true(is_dead_edge(group, feature) && is_dead_edge(layer, group) && is_dead_edge(dataset, layer));
    handle_revive(&tracker, feature);
    assert_int_equal(state_of(feature), HANDLE_LIVE);
    assert_false(is_dead_edge(dataset, layer) || is_dead_edge(layer, group) || is_dead_edge(group, feature));
    handle_forget(&tracker, feature);
    assert_true(is_dead_edge(dataset, layer) && is_dead_edge(layer, group));
}

static void one_of_two_ways_stays_open(void **state)
{
    (void)state;
    /* Both die with root, the shared one by the first way; the second way, and who comes after it, must not be lost then. */
    handle_id root = born(0x10), last = lent(root, 0x20), shared = born(0x30);
    tracker_handle(&tracker, shared)->flags |= HANDLE_BORROWED;
    edge_add(&tracker, root, shared, EDGE_BORROWED);
    handle_id between = lent(root, 0x40);
    edge_add(&tracker, between, shared, EDGE_BORROWED);
    handle_id kept = lent(shared, 0x50);
    tracker_handle(&tracker, kept)->references = 1;
    handle_bury(&tracker, root, CAUSE_FREED, 1, 1);
    assert_true(state_of(last) == HANDLE_BURIED && state_of(shared) == HANDLE_BURIED && state_of(between) == HANDLE_BURIED);
    assert_int_equal(state_of(kept), HANDLE_LIVE);
    assert_true(is_dead_edge(root, last) && is_dead_edge(root, shared) && is_dead_edge(root, between) && is_dead_edge(between, shared));
    assert_int_equal(tracker_handle(&tracker, shared)->burier, 0);
}

static void two_hundred_dead_parents_are_raised_all(void **state)
{
    (void)state;
    enum { PARENTS = 200 };
    handle_id root[PARENTS], parent[PARENTS], child = born(0x10);
    handle_bury(&tracker, child, CAUSE_FREED, 1, 1); /* first, so that each parent goes behind by itself */
    for (unsigned i = 0; i < PARENTS; i++) {
        root[i] = born(0x10000 + 16 * i);
        parent[i] = lent(root[i], 0x20000 + 16 * i);
        edge_add(&tracker, parent[i], child, EDGE_DEPENDANT);
        handle_bury(&tracker, parent[i], CAUSE_FREED, 1, 1);
        assert_true(is_dead_edge(root[i], parent[i]));
    }
    handle_id last = lent(child, 0x20);
    for (unsigned i = 0; i < PARENTS; i++)
        if (visits_below(root[i]) != 3)
            fail_msg("what lives below parent %u is not found", i);
    handle_forget(&tracker, last);
    unsigned visits = 0;
    for (unsigned i = 0; i < PARENTS; i++)
        visits += visits_below(root[i]);
    assert_in_range(visits, 0, 2 * PARENTS); /* some of them may stay in front, which costs time and no more */
}

/* ---- a life at random ------------------------------------------------------------------------------------------------- */

#define KNOWN 32
static handle_id known[KNOWN];
static uint64_t seed;

static unsigned random_below(unsigned limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % limit;
}

static bool lives(handle_id id)
{
    return state_of(id) == HANDLE_LIVE || state_of(id) == HANDLE_HELD;
}

/* By all edges, whatever lists say: marks what is reached below `root`. */
static void reach(handle_id root, bool *reached)
{
    uint32_t edges = tracker_header(&tracker)->sections[SECTION_EDGES].used;
    for (uint32_t id = 1; id < edges; id++) {
        const struct edge_record *edge = tracker_edge(&tracker, id);
        if (edge->type == EDGE_NONE || edge->parent != root || reached[edge->child])
            continue;
        reached[edge->child] = true;
        reach(edge->child, reached);
    }
}

static bool mark(struct tracker *unused, handle_id id, void *visited)
{
    (void)unused;
    return ((bool *)visited)[id] = true;
}

static bool lives_or_below_it(handle_id id)
{
    bool reached[4 * KNOWN] = {false};
    reached[id] = true;
    reach(id, reached);
    for (handle_id each = 1; each < 4 * KNOWN; each++)
        if (reached[each] && lives(each))
            return true;
    return false;
}

static void assert_order(handle_id id)
{
    uint32_t before = 0, first = tracker_handle(&tracker, id)->first_child;
    bool dead = false;
    for (uint32_t at = first; at != 0; at = tracker_edge(&tracker, at)->next_of_parent) {
        const struct edge_record *edge = tracker_edge(&tracker, at);
        assert_true(edge->parent == id && (before == 0 || edge->previous_of_parent == before));
        if (dead && !edge->dead)
            fail_msg("child %u of %u lies behind the dead", edge->child, id);
        if (edge->dead == lives_or_below_it(edge->child))
            fail_msg("child %u of %u: it or something below it %s, and its edge is %s", edge->child, id, edge->dead ? "lives" : "does not live", edge->dead ? "dead" : "not");
        dead = edge->dead;
        before = at;
    }
    assert_true(first == 0 || tracker_edge(&tracker, first)->previous_of_parent == before);
}

/* True if the walk could go all ways. */
static bool walk_finds_all_that_live(handle_id root)
{
    bool reached[4 * KNOWN] = {false}, visited[4 * KNOWN] = {false};
    if (!tree_walk_all(&tracker, root, mark, visited))
        return false;
    reach(root, reached);
    for (handle_id id = 1; id < 4 * KNOWN; id++) {
        if (visited[id] && !reached[id])
            fail_msg("the walk from %u came to %u, which is not below", root, id);
        if (reached[id] && lives(id) && !visited[id])
            fail_msg("the walk from %u missed %u, which lives", root, id);
    }
    return true;
}

static void something_happens(void)
{
    handle_id *one = &known[random_below(KNOWN)], other = known[random_below(KNOWN)];
    if (*one == 0) {
        *one = born(0x10000 + 16 * random_below(1 << 20));
        return;
    }
    struct handle_record *handle = tracker_handle(&tracker, *one);
    switch (random_below(14)) {
    case 0: case 1: case 2: case 3:
        if (handle->parents < 2 && other != 0) {
            enum edge_type type = (enum edge_type)(1 + random_below(4));
            if (edge_add(&tracker, other, *one, type) != 0 && type == EDGE_BORROWED && random_below(2) == 0)
                handle->flags |= HANDLE_BORROWED | (random_below(4) == 0 ? HANDLE_COUNTED : 0);
        }
        break;
    case 4:
        handle_hold(&tracker, *one, 1);
        break;
    case 5:
        handle_unhold(&tracker, *one);
        break;
    case 6: case 7:
        handle_bury(&tracker, *one, CAUSE_FREED, 1, 1);
        break;
    case 8:
        if (handle->state == HANDLE_BURIED && (handle->flags & HANDLE_FENCED) == 0)
            fence_push(&tracker, handle->address, 16, *one);
        break;
    case 9:
        fence_pop(&tracker);
        break;
    case 10:
        if ((handle->flags & HANDLE_FENCED) == 0) {
            if (random_below(2) == 0)
                handle_forget(&tracker, *one);
            else
                handle_forget_tree(&tracker, *one);
        }
        break;
    case 11:
        if ((handle->flags & HANDLE_FENCED) == 0)
            handle_revive(&tracker, *one);
        break;
    case 12:
        if (handle->state == HANDLE_LIVE && handle->first_child == 0)
            handle_died(&tracker, *one);
        break;
    default:
        edges_remove_to_parents(&tracker, *one);
    }
    for (unsigned i = 0; i < KNOWN; i++)
        if (known[i] != 0 && state_of(known[i]) == HANDLE_FREE_RECORD)
            known[i] = 0;
}

static void the_order_holds_whatever_happens(void **state)
{
    (void)state;
    unsigned walks = 0, dead = 0;
    seed = 1;
    memset(known, 0, sizeof known);
    for (unsigned i = 0; i < 20000; i++) {
        something_happens();
        for (unsigned k = 0; k < KNOWN; k++)
            if (known[k] != 0) {
                assert_order(known[k]);
                dead += !lives_or_below_it(known[k]);
            }
        handle_id root = known[random_below(KNOWN)];
        walks += root != 0 && walk_finds_all_that_live(root);
    }
    assert_in_range(walks, 10000, 20000);
    assert_in_range(dead, 20000, 20000 * KNOWN);
}

/* ---- killed at any instant ---------------------------------------------------------------------------------------------- */

static char told[4096];

static void remember(enum arena_fault sort, uint64_t offset, const char *sentence, void *context)
{
    (void)context;
    size_t used = strlen(told);
    snprintf(told + used, sizeof told - used, "%s at %llu: %s\n", sort == FAULT_DAMAGE ? "damage" : "unfinished", (unsigned long long)offset, sentence);
}

/* A family of 50 of which 10 are dead, with a second way to some of them. */
static handle_id family(void)
{
    handle_id root = born(0x10), between = lent(root, 0x20);
    for (uint64_t i = 0; i < 40; i++) {
        handle_id child = lent(i % 3 == 0 ? between : root, 0x1000 + 16 * i);
        if (i % 5 == 0)
            edge_add(&tracker, i % 3 == 0 ? root : between, child, EDGE_BORROWED);
        if (i % 4 == 0)
            handle_bury(&tracker, child, CAUSE_INVALIDATED, 0, 0);
    }
    dependant(between, 0x5000);
    return root;
}

/* With the lock, as everybody: all changes of order. In a process of its own, of which each step is looked at. */
static void change(handle_id root)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    if (!tracker_lock(&tracker))
        _exit(1);
    handle_id geometry = handle_find(&tracker, 0x1010, NULL, NULL);
    handle_bury(&tracker, geometry, CAUSE_INVALIDATED, 0, 0);
    handle_revive(&tracker, geometry);
    handle_bury(&tracker, root, CAUSE_FREED, 0, 0);
    handle_id last = born(0x6000);
    edge_add(&tracker, geometry, last, EDGE_DEPENDANT);
    handle_forget(&tracker, last);
    tracker_unlock(&tracker);
    raise(SIGSTOP);
    _exit(0);
}

static void who_is_killed_in_a_change_leaves_no_damage(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* a sanitizer's own work would be stepped through: a hundred times as many instructions */
#endif
    handle_id root = family();
    pid_t child = fork();
    if (child == 0)
        change(root);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSTOPPED(status)) {
        print_message("ptrace is not allowed here: not tested\n");
        skip();
    }
    unsigned steps = 0, open = 0;
    uint64_t before = 0;
    while (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0 && waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP) {
        /* Looked at when anything changed: the sum of what lies in the records of handles and edges. */
        uint64_t sum = fnv_1a(FNV_BEGIN, tracker_header(&tracker)->shards, sizeof tracker_header(&tracker)->shards);
        sum = fnv_1a(sum, tracker_handle(&tracker, 1), 50 * sizeof(struct handle_record));
        sum = fnv_1a(sum, tracker_edge(&tracker, 1), 64 * sizeof(struct edge_record));
        if (sum == before)
            continue;
        before = sum;
        struct arena_image image;
        told[0] = '\0';
        if (!arena_image_read(&image, arena_path, error, sizeof error))
            fail_msg("the arena is not accepted: %s", error);
        struct arena_faults faults = arena_check(&image, remember, NULL);
        arena_image_free(&image);
        if (faults.damaged != 0) {
            kill(child, SIGKILL);
            fail_msg("killed at change %u it would leave damage:\n%s", steps, told);
        }
        open += faults.unfinished != 0;
        steps++;
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    assert_in_range(steps, 200, 100000);
    assert_in_range(open, 50, steps); /* it was looked at in between, too */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_dies_goes_behind_the_living, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(nobody_steps_over_the_dead, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(what_lives_below_a_dead_one_is_found, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(one_of_two_ways_stays_open, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(two_hundred_dead_parents_are_raised_all, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(the_order_holds_whatever_happens, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(who_is_killed_in_a_change_leaves_no_damage, with_file_arena, without_file_arena),
    };
    return cmocka_run_group_tests_name("dead", tests, NULL, NULL);
}
