/* Fences: blocks are given back oldest first, their handles forgotten with them, and a full ring says so. */
#include "unit.h"

static handle_id buried(uint64_t address)
{
    handle_id id = born(address);
    handle_bury(&tracker, id, CAUSE_FREED, 1, 1);
    return id;
}

static void the_oldest_block_comes_back_first(void **state)
{
    (void)state;
    handle_id a = buried(0x10), b = buried(0x20);
    assert_true(fence_push(&tracker, 0x10, 100, a));
    assert_true(fence_push(&tracker, 0x20, 50, b));
    assert_true(has_flag(a, HANDLE_FENCED) && has_flag(b, HANDLE_FENCED));
    assert_int_equal(tracker_header(&tracker)->fence_bytes, 150);
    assert_int_equal(fence_pop(&tracker), 0x10);
    assert_int_equal(handle_find(&tracker, 0x10, NULL, NULL), 0);
    assert_int_equal(handle_find(&tracker, 0x20, NULL, NULL), b);
    assert_int_equal(tracker_header(&tracker)->fence_bytes, 50);
    assert_int_equal(fence_pop(&tracker), 0x20);
    assert_int_equal(fence_pop(&tracker), 0);
}

static void a_fence_covers_all_handles_inside_its_block(void **state)
{
    (void)state;
    handle_id dataset = buried(0x1000), srs = buried(0x1040), layer = buried(0x1080);
    tracker_handle(&tracker, dataset)->fence_next = srs;
    tracker_handle(&tracker, srs)->fence_next = layer;
    assert_true(fence_push(&tracker, 0x1000, 256, dataset));
    assert_int_equal(fence_pop(&tracker), 0x1000);
    for (handle_id id = dataset; id <= layer; id++)
        assert_int_equal(state_of(id), HANDLE_FREE_RECORD);
}

static void a_fenced_handle_is_not_forgotten_before(void **state)
{
    (void)state;
    handle_id parent = born(0x10), child = lent(parent, 0x20);
    handle_bury(&tracker, child, CAUSE_FREED, 1, 1);
    assert_true(fence_push(&tracker, 0x20, 16, child));
    handle_forget(&tracker, child);
    handle_forget_tree(&tracker, parent);
    assert_int_equal(state_of(parent), HANDLE_FREE_RECORD);
    assert_int_equal(handle_find(&tracker, 0x20, NULL, NULL), child);
    assert_int_equal(fence_pop(&tracker), 0x20);
    assert_int_equal(handle_find(&tracker, 0x20, NULL, NULL), 0);
}

/* What is kept back cannot be freed nor born again, so free() need not look. */
static void the_filter_counts_no_fenced_handle(void **state)
{
    (void)state;
    const uint64_t address = 0x7700;
    assert_false(handle_may_be_known(address));
    handle_id id = buried(address);
    assert_true(handle_may_be_known(address));
    assert_true(fence_push(&tracker, address, 16, id));
    assert_false(handle_may_be_known(address));
    handle_id other = handle_add(&tracker, address + 8, 1, 1); /* the same slot */
    assert_true(handle_may_be_known(address));
    assert_int_equal(fence_pop(&tracker), address);
    assert_true(handle_may_be_known(address));
    handle_forget(&tracker, other);
    assert_false(handle_may_be_known(address));
}

static void a_chain_in_a_circle_ends(void **state)
{
    (void)state;
    handle_id a = buried(0x10), b = buried(0x20);
    tracker_handle(&tracker, a)->fence_next = b;
    tracker_handle(&tracker, b)->fence_next = a;
    assert_true(fence_push(&tracker, 0x10, 16, a));
    assert_int_equal(fence_pop(&tracker), 0x10);
    assert_int_equal(state_of(a), HANDLE_FREE_RECORD);
    assert_int_equal(state_of(b), HANDLE_FREE_RECORD);
}

static void a_full_ring_refuses_and_goes_round(void **state)
{
    (void)state;
    tracker_close(&tracker);
    open_arena(NULL, ARENA_MINIMUM_BYTES);
    uint32_t room = tracker_header(&tracker)->sections[SECTION_FENCES].capacity - 1;
    for (uint64_t i = 1; i <= room; i++)
        assert_true(fence_push(&tracker, i << 4, 16, buried(i << 4)));
    assert_false(fence_push(&tracker, 0x99990, 16, 0));
    assert_int_equal(tracker_header(&tracker)->fence_bytes, 16 * room);
    for (uint64_t i = 1; i <= 3 * room; i++) { /* several times round */
        assert_int_equal(fence_pop(&tracker), i << 4);
        assert_true(fence_push(&tracker, (i + room) << 4, 16, buried((i + room) << 4)));
    }
    assert_false(fence_push(&tracker, 0x99990, 16, 0));
    assert_false(fence_push(&tracker, 0, 16, 0)); /* 0 could not be told from "none" */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_arena, without_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_oldest_block_comes_back_first),
        TEST(a_fence_covers_all_handles_inside_its_block),
        TEST(a_fenced_handle_is_not_forgotten_before),
        TEST(the_filter_counts_no_fenced_handle),
        TEST(a_chain_in_a_circle_ends),
        TEST(a_full_ring_refuses_and_goes_round),
    };
    return cmocka_run_group_tests_name("fences", tests, NULL, NULL);
}
