/* Handles come and go: born, lent, found by address, forgotten, and the same address born again. */
#include "unit.h"

static bool is_kind(uint16_t kind, void *wanted)
{
    return kind == *(uint16_t *)wanted;
}

static void what_is_born_is_found(void **state)
{
    (void)state;
    handle_id dataset = handle_add(&tracker, 0x1000, 7, 3);
    assert_int_not_equal(dataset, 0);
    assert_int_equal(handle_find(&tracker, 0x1000, NULL, NULL), dataset);
    assert_int_equal(handle_find(&tracker, 0x1010, NULL, NULL), 0);
    const struct handle_record *handle = tracker_handle(&tracker, dataset);
    assert_int_equal(handle->state, HANDLE_LIVE);
    assert_int_equal(handle->kind, 7);
    assert_int_equal(handle->provider, 3);
    assert_int_equal(handle->birth_thread, gettid());
}

static void two_kinds_share_an_address_youngest_first(void **state)
{
    (void)state;
    uint16_t dataset_kind = 1, layer_kind = 2, other = 3;
    handle_id dataset = handle_add(&tracker, 0x2000, dataset_kind, 1);
    handle_id layer = handle_add(&tracker, 0x2000, layer_kind, 1);
    assert_int_equal(handle_find(&tracker, 0x2000, NULL, NULL), layer);
    assert_int_equal(handle_find(&tracker, 0x2000, is_kind, &dataset_kind), dataset);
    assert_int_equal(handle_find(&tracker, 0x2000, is_kind, &layer_kind), layer);
    assert_int_equal(handle_find(&tracker, 0x2000, is_kind, &other), 0);
}

static void a_birth_tells_handles_of_one_address_apart(void **state)
{
    (void)state;
    handle_id first = handle_add(&tracker, 0x2100, 1, 1), second = handle_add(&tracker, 0x2100, 1, 1);
    tracker_handle(&tracker, first)->birth = 5;
    tracker_handle(&tracker, second)->birth = 6;
    assert_int_equal(handle_find_birth(&tracker, 0x2100, 5), first);
    assert_int_equal(handle_find_birth(&tracker, 0x2100, 6), second);
    assert_int_equal(handle_find_birth(&tracker, 0x2100, 7), 0);
    assert_int_equal(handle_find_birth(&tracker, 0x2110, 5), 0);
}

static void what_is_forgotten_is_not_found(void **state)
{
    (void)state;
    handle_id parent = born(0x3000), child = lent(parent, 0x3010);
    handle_forget(&tracker, parent);
    assert_int_equal(handle_find(&tracker, 0x3000, NULL, NULL), 0);
    assert_int_equal(handle_find(&tracker, 0x3010, NULL, NULL), child);
    assert_int_equal(tracker_handle(&tracker, child)->first_parent, 0);
    assert_int_equal(tracker_handle(&tracker, child)->parents, 0);
    handle_forget(&tracker, parent); /* again: nothing happens */
    assert_int_equal(state_of(child), HANDLE_LIVE);
}

static void a_record_used_again_has_a_new_serial(void **state)
{
    (void)state;
    handle_id first = born(0x4000);
    uint32_t serial = tracker_handle(&tracker, first)->serial;
    tracker_handle(&tracker, first)->label = 9;
    handle_forget(&tracker, first);
    handle_id again = born(0x4000);
    assert_int_equal(again, first);
    assert_int_equal(tracker_handle(&tracker, again)->serial, serial + 1);
    assert_int_equal(tracker_handle(&tracker, born(0x5000))->serial, serial + 2); /* also in a record that nobody had before: serials are an order of time */
    assert_int_equal(tracker_handle(&tracker, again)->label, 0);
}

static void an_address_reborn_leaves_the_buried_one_behind_it(void **state)
{
    (void)state;
    handle_id old = born(0x5000);
    handle_bury(&tracker, old, CAUSE_FREED, 1, 1);
    handle_id young = born(0x5000);
    assert_int_equal(handle_find(&tracker, 0x5000, NULL, NULL), young);
    handle_forget(&tracker, young);
    assert_int_equal(handle_find(&tracker, 0x5000, NULL, NULL), old);
}

static void a_hundred_thousand_are_all_found(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 100000; i++)
        assert_int_not_equal(born(i << 4), 0);
    for (uint64_t i = 1; i <= 100000; i += 2)
        handle_forget(&tracker, handle_find(&tracker, i << 4, NULL, NULL));
    for (uint64_t i = 1; i <= 100000; i++)
        assert_int_equal(handle_find(&tracker, i << 4, NULL, NULL) != 0, i % 2 == 0);
}

static void ids_out_of_bounds_are_no_records(void **state)
{
    (void)state;
    assert_null(tracker_handle(&tracker, 0));
    assert_null(tracker_handle(&tracker, 12345));
    assert_null(tracker_edge(&tracker, UINT32_MAX));
    handle_forget(&tracker, 12345);
    handle_bury(&tracker, 12345, CAUSE_FREED, 0, 0);
    handle_hold(&tracker, 0, 0);
    assert_int_equal(edge_add(&tracker, 1, 2, EDGE_BORROWED), 0);
}

static void without_an_arena_nothing_happens(void **state)
{
    (void)state;
    struct tracker none = {0};
    assert_false(tracker_lock(&none));
    assert_int_equal(handle_add(&none, 0x1000, 1, 1), 0);
    assert_int_equal(handle_find(&none, 0x1000, NULL, NULL), 0);
    assert_int_equal(tracker_string(&none, "a", 1), 0);
    assert_string_equal(tracker_text(&none, 1), "");
    assert_int_equal(tracker_stack(&none, (uint64_t[]){1}, 1, NULL, 0, 0), 0);
    assert_int_equal(fence_pop(&none), 0);
    assert_false(fence_push(&none, 1, 1, 1));
    assert_int_equal(children_alive(&none, 1, BORROWED_LIVE, NULL), CHILDREN_NONE);
    tracker_count(&none, COUNTER_births);
    tracker_event(&none, &(struct event_record){0});
    tracker_close(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_born_is_found, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(two_kinds_share_an_address_youngest_first, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(a_birth_tells_handles_of_one_address_apart, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(what_is_forgotten_is_not_found, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(a_record_used_again_has_a_new_serial, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(an_address_reborn_leaves_the_buried_one_behind_it, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(a_hundred_thousand_are_all_found, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(ids_out_of_bounds_are_no_records, with_arena, without_arena),
        cmocka_unit_test(without_an_arena_nothing_happens),
    };
    return cmocka_run_group_tests_name("handles", tests, NULL, NULL);
}
