/* Burying: who dies with a handle, who survives it, and that a later use can be described. */
#include "unit.h"

static void the_dead_tell_who_killed_them(void **state)
{
    (void)state;
    handle_id dataset = born(0x10), layer = lent(dataset, 0x20), definition = lent(layer, 0x30);
    handle_bury(&tracker, dataset, CAUSE_FREED, 42, 7);
    const struct handle_record *dead = tracker_handle(&tracker, dataset);
    assert_int_equal(dead->state, HANDLE_BURIED);
    assert_int_equal(dead->cause, CAUSE_FREED);
    assert_int_equal(dead->killer, 0);
    for (handle_id id = layer; id <= definition; id++) {
        const struct handle_record *below = tracker_handle(&tracker, id);
        assert_int_equal(below->state, HANDLE_BURIED);
        assert_int_equal(below->cause, CAUSE_PARENT);
        assert_int_equal(below->death_function, 42);
        assert_int_equal(below->death_stack, 7);
        assert_int_equal(below->killer, dataset);
        assert_int_equal(below->killer_serial, dead->serial);
    }
    /* The chain of parents is still there: "definition of layer of dataset". */
    assert_int_equal(tracker_edge(&tracker, tracker_handle(&tracker, definition)->first_parent)->parent, layer);
    assert_int_equal(tracker_edge(&tracker, tracker_handle(&tracker, layer)->first_parent)->parent, dataset);
    handle_bury(&tracker, dataset, CAUSE_TEARDOWN, 1, 1); /* dead already: keeps its story */
    assert_int_equal(dead->cause, CAUSE_FREED);
}

static void a_postponed_free_keeps_its_own_stack(void **state)
{
    (void)state;
    handle_id dataset = born(0x10), band = lent(dataset, 0x20);
    tracker_handle(&tracker, dataset)->death_stack = 9;
    tracker_handle(&tracker, dataset)->death_function = 8;
    handle_hold(&tracker, dataset, 1);
    handle_bury(&tracker, dataset, CAUSE_FREED, 0, 0);
    assert_int_equal(tracker_header(&tracker)->hold_count, 0);
    assert_int_equal(tracker_handle(&tracker, dataset)->death_stack, 9);
    assert_int_equal(tracker_handle(&tracker, band)->death_stack, 9);
    assert_int_equal(tracker_handle(&tracker, band)->death_function, 8);
    assert_false(has_flag(band, HANDLE_STALE));
}

static void held_children_die_out_of_the_queue(void **state)
{
    (void)state;
    handle_id dataset = born(0x10), layer = lent(dataset, 0x20);
    handle_hold(&tracker, layer, 1);
    handle_bury(&tracker, dataset, CAUSE_FREED, 1, 1);
    assert_int_equal(state_of(layer), HANDLE_BURIED);
    assert_int_equal(tracker_header(&tracker)->hold_count, 0);
    assert_int_equal(tracker_header(&tracker)->hold_head, 0);
}

static void counted_children_are_let_go(void **state)
{
    (void)state;
    handle_id layer = born(0x10), srs = lent(layer, 0x20), referenced = lent(layer, 0x30), plain = lent(layer, 0x40);
    handle_id below = lent(srs, 0x50);
    tracker_handle(&tracker, srs)->flags |= HANDLE_COUNTED;
    tracker_handle(&tracker, referenced)->references = 1;
    handle_hold(&tracker, layer, 1);
    assert_true(has_flag(srs, HANDLE_STALE) && has_flag(below, HANDLE_STALE));
    handle_bury(&tracker, layer, CAUSE_FREED, 1, 1);
    for (handle_id id = srs; id <= referenced; id++) {
        assert_int_equal(state_of(id), HANDLE_LIVE);
        assert_int_equal(edge_find(&tracker, layer, id), 0);
        assert_false(has_flag(id, HANDLE_STALE)); /* it came with the edge, and goes with it */
    }
    assert_int_equal(state_of(below), HANDLE_LIVE);
    assert_false(has_flag(below, HANDLE_STALE));
    assert_int_equal(state_of(plain), HANDLE_BURIED);
}

static void dependants_live_on_and_are_stale(void **state)
{
    (void)state;
    handle_id dataset = born(0x10), layer = lent(dataset, 0x20), feature = dependant(layer, 0x30);
    handle_id geometry = lent(feature, 0x40), advised = born(0x50);
    edge_add(&tracker, dataset, advised, EDGE_ADVICE);
    handle_bury(&tracker, dataset, CAUSE_FREED, 1, 1);
    assert_int_equal(state_of(layer), HANDLE_BURIED);
    assert_int_equal(state_of(feature), HANDLE_LIVE);
    assert_true(has_flag(feature, HANDLE_STALE));
    assert_int_not_equal(edge_find(&tracker, layer, feature), 0);
    assert_int_equal(state_of(geometry), HANDLE_LIVE);
    assert_true(has_flag(geometry, HANDLE_STALE));
    assert_int_equal(state_of(advised), HANDLE_LIVE);
    assert_false(has_flag(advised, HANDLE_STALE));
    handle_forget(&tracker, layer); /* and now nothing is known of the layer any more */
    assert_int_equal(tracker_handle(&tracker, feature)->first_parent, 0);
}

static void a_million_children_die_at_once(void **state)
{
    (void)state;
    tracker_close(&tracker);
    open_arena(NULL, UINT64_C(512) << 20);
    handle_id root = born(0x10), last = root;
    for (uint64_t i = 0; i < 1000000; i++)
        last = lent(root, 0x1000 + 16 * i);
    handle_bury(&tracker, root, CAUSE_FREED, 1, 1);
    for (handle_id id = root; id <= last; id++)
        if (state_of(id) != HANDLE_BURIED)
            fail_msg("handle %u was not buried with its parent", id);
    handle_forget_tree(&tracker, root);
    assert_int_equal(handle_find(&tracker, 0x1000, NULL, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_arena, without_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_dead_tell_who_killed_them),
        TEST(a_postponed_free_keeps_its_own_stack),
        TEST(held_children_die_out_of_the_queue),
        TEST(counted_children_are_let_go),
        TEST(dependants_live_on_and_are_stale),
        TEST(a_million_children_die_at_once),
    };
    return cmocka_run_group_tests_name("bury", tests, NULL, NULL);
}
