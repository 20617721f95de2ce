/* The graph: edges are found, changed and removed without harm to their neighbours, circles are refused, walks see everything. */
#include "unit.h"
#include <time.h>

static void an_edge_is_found_until_it_is_removed(void **state)
{
    (void)state;
    handle_id dataset = born(0x10), band = lent(dataset, 0x20);
    uint32_t edge = edge_find(&tracker, dataset, band);
    assert_int_not_equal(edge, 0);
    assert_int_equal(edge_find(&tracker, band, dataset), 0);
    assert_int_equal(edge_add(&tracker, dataset, band, EDGE_ADVICE), edge);
    assert_int_equal(tracker_edge(&tracker, edge)->type, EDGE_ADVICE);
    assert_int_equal(tracker_handle(&tracker, band)->parents, 1);
    edge_remove(&tracker, edge);
    edge_remove(&tracker, edge); /* again: nothing happens */
    assert_int_equal(edge_find(&tracker, dataset, band), 0);
    assert_int_equal(tracker_handle(&tracker, dataset)->first_child, 0);
    assert_int_equal(tracker_handle(&tracker, band)->parents, 0);
}

static void neighbours_stay_linked(void **state)
{
    (void)state;
    handle_id parent = born(0x10), child[5];
    for (unsigned i = 0; i < 5; i++)
        child[i] = lent(parent, 0x100 + i);
    static const unsigned removed[] = {2, 4, 0}; /* middle, head, tail of the list */
    for (unsigned i = 0; i < 3; i++)
        edge_remove(&tracker, edge_find(&tracker, parent, child[removed[i]]));
    const struct edge_record *first = tracker_edge(&tracker, tracker_handle(&tracker, parent)->first_child);
    assert_int_equal(first->child, child[3]);
    const struct edge_record *second = tracker_edge(&tracker, first->next_of_parent);
    assert_ptr_equal(tracker_edge(&tracker, first->previous_of_parent), second);
    assert_int_equal(second->child, child[1]);
    assert_ptr_equal(tracker_edge(&tracker, second->previous_of_parent), first);
    assert_int_equal(second->next_of_parent, 0);
}

static void removing_one_of_100000_children_costs_nothing(void **state)
{
    (void)state;
    enum { CHILDREN = 100000 };
    handle_id parent = born(0x10), first = 0;
    for (unsigned i = 0; i < CHILDREN; i++) {
        handle_id id = lent(parent, 0x1000 + 16 * i);
        first = first != 0 ? first : id;
    }
    clock_t start = clock();
    for (unsigned i = 0; i < CHILDREN; i++) /* the oldest first: they lie at the far end of the list */
        handle_forget(&tracker, first + i);
    assert_int_equal(tracker_handle(&tracker, parent)->first_child, 0);
    if (clock() - start > 2 * CLOCKS_PER_SEC)
        fail_msg("removing 100000 children took more than two seconds: it is not O(1) each");
}

static void circles_are_refused(void **state)
{
    (void)state;
    handle_id a = born(0x10), b = lent(a, 0x20), c = lent(b, 0x30);
    assert_int_equal(edge_add(&tracker, a, a, EDGE_BORROWED), 0);
    assert_int_equal(edge_add(&tracker, c, a, EDGE_BORROWED), 0);
    assert_int_equal(edge_add(&tracker, c, b, EDGE_DEPENDANT), 0);
    assert_int_not_equal(edge_add(&tracker, a, c, EDGE_DEPENDANT), 0); /* two ways to c are no circle */
}

static void parents_count_up_to_255_and_back(void **state)
{
    (void)state;
    handle_id child = born(0x10);
    for (unsigned i = 0; i < 300; i++)
        edge_add(&tracker, born(0x1000 + i), child, EDGE_ADVICE);
    assert_int_equal(tracker_handle(&tracker, child)->parents, 255);
    for (unsigned i = 0; i < 298; i++)
        edge_remove(&tracker, tracker_handle(&tracker, child)->first_parent);
    assert_int_equal(tracker_handle(&tracker, child)->parents, 2);
    edges_remove_to_parents(&tracker, child);
    assert_int_equal(tracker_handle(&tracker, child)->parents, 0);
}

static bool note(struct tracker *unused, handle_id id, void *seen)
{
    (void)unused;
    char *end = (char *)seen + strlen(seen);
    *end = (char)('a' + id - 1);
    return *end != 'e';
}

static void a_walk_visits_parents_first_and_stops_when_told(void **state)
{
    (void)state;
    handle_id a = born(0x10), b = lent(a, 0x20), c = dependant(a, 0x30), d = lent(b, 0x40);
    edge_add(&tracker, a, born(0x50), EDGE_ADVICE); /* e: never visited here */
    (void)c;
    char seen[16] = "";
    assert_true(tree_walk(&tracker, a, false, note, seen));
    assert_string_equal(seen, "abd");
    memset(seen, 0, sizeof seen);
    assert_true(tree_walk(&tracker, a, true, note, seen));
    assert_string_equal(seen, "acbd");
    edge_add(&tracker, d, 5, EDGE_BORROWED);
    lent(5, 0x60);
    memset(seen, 0, sizeof seen);
    assert_false(tree_walk(&tracker, a, false, note, seen));
    assert_string_equal(seen, "abde");
}

static bool count(struct tracker *unused, handle_id id, void *visits)
{
    (void)unused;
    (void)id;
    return ++*(unsigned *)visits != 0;
}

static void a_tree_too_deep_is_walked_as_far_as_it_goes(void **state)
{
    (void)state;
    handle_id root = born(0x10), id = root;
    for (unsigned i = 0; i < 1000; i++)
        id = lent(id, 0x1000 + i);
    unsigned visits = 0;
    assert_false(tree_walk(&tracker, root, false, count, &visits));
    assert_in_range(visits, 100, 1000);
    handle_forget_tree(&tracker, root); /* has no such bound */
    for (handle_id each = 1; each <= id; each++)
        assert_int_equal(state_of(each), HANDLE_FREE_RECORD);
}

static void a_tree_is_forgotten_but_for_dependants(void **state)
{
    (void)state;
    handle_id root = born(0x10), band = lent(root, 0x20), pj = dependant(root, 0x30), mask = lent(band, 0x40);
    handle_id shared = lent(band, 0x50);
    edge_add(&tracker, root, shared, EDGE_BORROWED);
    handle_forget_tree(&tracker, root);
    assert_int_equal(state_of(root), HANDLE_FREE_RECORD);
    assert_int_equal(state_of(band), HANDLE_FREE_RECORD);
    assert_int_equal(state_of(mask), HANDLE_FREE_RECORD);
    assert_int_equal(state_of(shared), HANDLE_FREE_RECORD);
    assert_int_equal(state_of(pj), HANDLE_LIVE);
    assert_int_equal(tracker_handle(&tracker, pj)->parents, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_edge_is_found_until_it_is_removed, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(neighbours_stay_linked, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(removing_one_of_100000_children_costs_nothing, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(circles_are_refused, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(parents_count_up_to_255_and_back, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(a_walk_visits_parents_first_and_stops_when_told, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(a_tree_too_deep_is_walked_as_far_as_it_goes, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(a_tree_is_forgotten_but_for_dependants, with_arena, without_arena),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
