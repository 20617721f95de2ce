/* Postponed frees: their queue, the staleness below them, and which of them may be due when a holder goes. */
#include "unit.h"

static void assert_queue(const handle_id *expected, unsigned count)
{
    const struct arena_header *header = tracker_header(&tracker);
    assert_int_equal(header->hold_count, count);
    handle_id id = header->hold_head, previous = 0;
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(id, expected[i]);
        assert_int_equal(tracker_hold(&tracker, id)->previous, previous);
        previous = id;
        id = tracker_hold(&tracker, id)->next;
    }
    assert_int_equal(id, 0);
    assert_int_equal(header->hold_tail, previous);
}

static void the_oldest_is_first_wherever_one_leaves(void **state)
{
    (void)state;
    handle_id a = born(0x10), b = born(0x20), c = born(0x30), d = born(0x40);
    for (handle_id id = a; id <= d; id++)
        handle_hold(&tracker, id, 100 + id);
    handle_hold(&tracker, b, 999); /* held already: keeps its place and time */
    assert_int_equal(tracker_hold(&tracker, b)->held_at_ms, 100 + b);
    assert_queue((handle_id[]){a, b, c, d}, 4);
    handle_unhold(&tracker, b);
    assert_queue((handle_id[]){a, c, d}, 3);
    handle_bury(&tracker, d, CAUSE_FREED, 0, 0); /* straight from the queue */
    assert_queue((handle_id[]){a, c}, 2);
    handle_forget(&tracker, a);
    assert_queue((handle_id[]){c}, 1);
    handle_hold(&tracker, b, 1);
    assert_queue((handle_id[]){c, b}, 2);
    handle_unhold(&tracker, c);
    handle_unhold(&tracker, b);
    assert_queue(NULL, 0);
}

static void below_a_held_handle_all_is_stale(void **state)
{
    (void)state;
    handle_id context = born(0x10), pj = dependant(context, 0x20), part = lent(pj, 0x30), other = born(0x40);
    edge_add(&tracker, context, other, EDGE_ADVICE);
    handle_hold(&tracker, context, 1);
    assert_int_equal(state_of(context), HANDLE_HELD);
    assert_false(has_flag(context, HANDLE_STALE));
    assert_true(has_flag(pj, HANDLE_STALE) && has_flag(part, HANDLE_STALE));
    assert_false(has_flag(other, HANDLE_STALE));
    handle_unhold(&tracker, context);
    assert_int_equal(state_of(context), HANDLE_LIVE);
    assert_false(has_flag(pj, HANDLE_STALE) || has_flag(part, HANDLE_STALE));
}

static void staleness_goes_only_with_its_last_reason(void **state)
{
    (void)state;
    handle_id one = born(0x10), two = born(0x20), child = lent(one, 0x30), below = lent(child, 0x40);
    edge_add(&tracker, two, child, EDGE_DEPENDANT);
    handle_hold(&tracker, one, 1);
    handle_hold(&tracker, two, 2);
    handle_unhold(&tracker, one);
    assert_true(has_flag(child, HANDLE_STALE) && has_flag(below, HANDLE_STALE));
    handle_unhold(&tracker, two);
    assert_false(has_flag(child, HANDLE_STALE) || has_flag(below, HANDLE_STALE));
}

static void two_ways_to_a_child_are_one_reason(void **state)
{
    (void)state;
    handle_id root = born(0x10), left = lent(root, 0x20), right = lent(root, 0x30), child = lent(left, 0x40);
    edge_add(&tracker, right, child, EDGE_BORROWED);
    edge_add(&tracker, root, child, EDGE_BORROWED);
    tracker_handle(&tracker, root)->flags |= HANDLE_REFUSED;
    handle_mark_stale(&tracker, root, true);
    assert_true(has_flag(child, HANDLE_STALE));
    handle_mark_stale(&tracker, root, false);
    assert_false(has_flag(left, HANDLE_STALE) || has_flag(right, HANDLE_STALE) || has_flag(child, HANDLE_STALE));
}

static void a_held_child_keeps_what_is_below_it_stale(void **state)
{
    (void)state;
    handle_id outer = born(0x10), inner = dependant(outer, 0x20), leaf = lent(inner, 0x30);
    handle_hold(&tracker, inner, 1);
    handle_hold(&tracker, outer, 2);
    handle_unhold(&tracker, outer);
    assert_true(has_flag(leaf, HANDLE_STALE));
    handle_hold(&tracker, outer, 3);
    handle_unhold(&tracker, inner);
    assert_true(has_flag(leaf, HANDLE_STALE)); /* still by `outer` */
    handle_unhold(&tracker, outer);
    assert_false(has_flag(leaf, HANDLE_STALE));
}

static void the_last_holder_names_who_waits(void **state)
{
    (void)state;
    handle_id dataset = born(0x10), band = lent(dataset, 0x20), mask = lent(band, 0x30);
    handle_holder_add(&tracker, mask, 0);
    assert_int_equal(handle_waiting_ancestor(&tracker, mask), 0);
    handle_hold(&tracker, dataset, 1);
    assert_int_equal(handle_waiting_ancestor(&tracker, mask), dataset);
    assert_int_equal(handle_waiting_ancestor(&tracker, dataset), dataset);
    handle_hold(&tracker, band, 2);
    assert_int_equal(handle_holder_drop(&tracker, mask), band);
    assert_int_equal(tracker_handle(&tracker, mask)->holders, 0);
    assert_int_equal(handle_holder_drop(&tracker, mask), 0); /* one too many: nothing happens */
    assert_int_equal(tracker_handle(&tracker, mask)->holders, 0);
}

static void a_buried_child_still_names_who_waits(void **state)
{
    (void)state;
    handle_id context = born(0x10), pj = dependant(context, 0x20);
    handle_hold(&tracker, context, 1);
    handle_bury(&tracker, pj, CAUSE_FREED, 1, 1);
    assert_int_equal(handle_waiting_ancestor(&tracker, pj), context);
}

/* What only the held, the buried or the fenced have lies in one place of the record: none may take another's for its own. */
static void nothing_of_a_held_handle_is_left_when_it_is_buried(void **state)
{
    (void)state;
    handle_id context = born(0x10), pj = dependant(context, 0x20);
    tracker_handle(&tracker, context)->descriptor = 77;
    struct hold_record *hold = handle_hold(&tracker, context, 1);
    hold->pins = 2;
    hold->arguments[0] = 0x1234;
    handle_bury(&tracker, context, CAUSE_FREED, 1, 1);
    assert_null(tracker_hold(&tracker, context));
    assert_int_equal(tracker_handle(&tracker, context)->burier, 0);
    tracker_handle(&tracker, pj)->descriptor = 77;
    handle_bury(&tracker, pj, CAUSE_FREED, 1, 1);
    assert_int_equal(tracker_handle(&tracker, pj)->burier, 0);
    handle_id next = born(0x30);
    hold = handle_hold(&tracker, next, 2);
    assert_int_equal(hold->pins, 0);
    assert_int_equal(hold->arguments[0], 0);
}

static void more_holders_or_references_than_are_counted_stay_for_good(void **state)
{
    (void)state;
    handle_id dataset = born(0x10), band = lent(dataset, 0x20);
    struct handle_record *record = tracker_handle(&tracker, band);
    for (unsigned i = 0; i < UINT16_MAX + 5u; i++) {
        handle_holder_add(&tracker, band, 0);
        handle_reference_add(record);
    }
    handle_hold(&tracker, dataset, 1);
    for (unsigned i = 0; i < UINT16_MAX + 5u; i++) {
        assert_int_equal(handle_holder_drop(&tracker, band), 0);
        handle_reference_drop(record);
    }
    assert_int_equal(record->holders, UINT16_MAX);
    assert_int_equal(record->references, UINT16_MAX);
    record->references = 2;
    handle_reference_drop(record);
    handle_reference_add(record);
    handle_reference_drop(record);
    assert_int_equal(record->references, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_arena, without_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_oldest_is_first_wherever_one_leaves),
        TEST(below_a_held_handle_all_is_stale),
        TEST(staleness_goes_only_with_its_last_reason),
        TEST(two_ways_to_a_child_are_one_reason),
        TEST(a_held_child_keeps_what_is_below_it_stale),
        TEST(the_last_holder_names_who_waits),
        TEST(a_buried_child_still_names_who_waits),
        TEST(nothing_of_a_held_handle_is_left_when_it_is_buried),
        TEST(more_holders_or_references_than_are_counted_stay_for_good),
    };
    return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
