/* A full arena: each section refuses with 0, counts what it dropped, and what was there before stays right. */
#include "unit.h"

static int with_small_arena(void **state)
{
    (void)state;
    open_arena(NULL, ARENA_MINIMUM_BYTES);
    return 0;
}

static uint32_t room_in(enum arena_section section)
{
    return tracker_header(&tracker)->sections[section].capacity - 1;
}

static void handles(void **state)
{
    (void)state;
    uint32_t room = room_in(SECTION_HANDLES);
    assert_in_range(room, 500, 5000);
    for (uint64_t i = 1; i <= room; i++)
        assert_int_not_equal(born(i << 4), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(born(0xffff0), 0);
    assert_int_equal(counter(COUNTER_dropped_handles), 3);
    for (uint64_t i = 1; i <= room; i++)
        assert_int_not_equal(handle_find(&tracker, i << 4, NULL, NULL), 0);
    handle_forget(&tracker, handle_find(&tracker, 0x10, NULL, NULL));
    assert_int_not_equal(born(0xffff0), 0);
    assert_int_equal(counter(COUNTER_dropped_handles), 3);
}

static void edges(void **state)
{
    (void)state;
    uint32_t room = room_in(SECTION_EDGES), edge_count = 0, refused = 0;
    handle_id hub[8], child = 0;
    for (unsigned i = 0; i < 8; i++)
        hub[i] = born(0x10 + i);
    while (refused == 0) {
        child = born(0x1000 + edge_count);
        assert_int_not_equal(child, 0);
        for (unsigned i = 0; i < 8; i++)
            if (edge_add(&tracker, hub[i], child, EDGE_BORROWED) != 0)
                edge_count++;
            else
                refused++;
    }
    assert_int_equal(edge_count, room);
    assert_int_equal(counter(COUNTER_dropped_edges), refused);
    handle_forget(&tracker, hub[0]); /* frees as many edges as it had children */
    assert_int_not_equal(edge_add(&tracker, hub[1], born(0x99), EDGE_DEPENDANT), 0);
    handle_bury(&tracker, hub[1], CAUSE_FREED, 1, 1);
    assert_int_equal(state_of(child - 1), HANDLE_BURIED);
}

static void postponed_frees(void **state)
{
    (void)state;
    uint32_t room = room_in(SECTION_HOLDS);
    assert_in_range(room, 50, 200);
    handle_id first = born(0x10), band = lent(first, 0x20), last = 0;
    assert_non_null(handle_hold(&tracker, first, 1));
    for (uint64_t i = 1; i < room; i++)
        assert_non_null(handle_hold(&tracker, last = born(0x1000 + i), i));
    handle_id more = born(0x30), below = lent(more, 0x40);
    assert_null(handle_hold(&tracker, more, 1));
    assert_int_equal(counter(COUNTER_dropped_holds), 1);
    assert_int_equal(state_of(more), HANDLE_LIVE);
    assert_false(has_flag(below, HANDLE_STALE));
    assert_int_equal(tracker_header(&tracker)->hold_tail, last);
    handle_unhold(&tracker, first);
    assert_false(has_flag(band, HANDLE_STALE));
    assert_non_null(handle_hold(&tracker, more, 7));
    assert_int_equal(tracker_hold(&tracker, more)->held_at_ms, 7);
    assert_int_equal(tracker_hold(&tracker, more)->arguments[0], 0);
    assert_int_equal(tracker_hold(&tracker, more)->previous, last);
}

static void strings(void **state)
{
    (void)state;
    char text[32];
    unsigned stored = 0;
    string_id first = tracker_string(&tracker, "s0", 2);
    for (unsigned i = 0; counter(COUNTER_dropped_strings) == 0; i++, stored++)
        tracker_string(&tracker, text, (size_t)snprintf(text, sizeof text, "s%u", i));
    assert_in_range(stored, 50, 100000);
    assert_int_equal(tracker_string(&tracker, "new", 3), 0);
    assert_int_equal(counter(COUNTER_dropped_strings), 2);
    assert_int_equal(tracker_string(&tracker, "s0", 2), first);
    /* Frames and modules without their names are still frames and modules. */
    assert_int_not_equal(tracker_python_frame(&tracker, "lost.py", 7, "lost", 4, 1), 0);
    assert_int_not_equal(tracker_module(&tracker, "lost.so", 1, 2, NULL, 0), 0);
}

static void string_bytes(void **state)
{
    (void)state;
    static char text[9000];
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; counter(COUNTER_dropped_strings) == 0; i++) {
        text[i] = 'y';
        tracker_string(&tracker, text, 4000);
    }
    string_id small = tracker_string(&tracker, "z", 1); /* what still fits is still taken */
    assert_string_equal(tracker_text(&tracker, small), "z");
}

static void stacks_and_words(void **state)
{
    (void)state;
    uint64_t native[100] = {0}, i = 0;
    uint32_t words = room_in(SECTION_WORDS);
    for (; counter(COUNTER_dropped_stacks) == 0; i++) {
        native[0] = i;
        tracker_stack(&tracker, native, 100, NULL, 0, 0);
    }
    assert_int_equal(i - 1, words / 100);
    native[0] = 0;
    assert_int_equal(tracker_stack(&tracker, native, 100, NULL, 0, 0), 1); /* the first is still found */
    for (uint64_t j = 0; counter(COUNTER_dropped_stacks) == 1; j++)
        tracker_stack(&tracker, &j, 1, NULL, 0, 0);
    assert_int_equal(tracker_header(&tracker)->sections[SECTION_WORDS].used - 1 <= words, 1);
}

static void stack_records_frames_and_modules(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < room_in(SECTION_STACKS); i++)
        assert_int_not_equal(tracker_stack(&tracker, &i, 1, NULL, 0, 0), 0);
    assert_int_equal(tracker_stack(&tracker, (uint64_t[]){1234567}, 1, NULL, 0, 0), 0);
    for (uint32_t i = 0; i < room_in(SECTION_PYTHON_FRAMES); i++)
        assert_int_not_equal(tracker_python_frame(&tracker, "a", 1, "b", 1, i), 0);
    assert_int_equal(tracker_python_frame(&tracker, "a", 1, "b", 1, UINT32_MAX), 0);
    for (uint64_t i = 0; i < room_in(SECTION_MODULES); i++)
        assert_int_not_equal(tracker_module(&tracker, "m", i, i, NULL, 0), 0);
    assert_int_equal(tracker_module(&tracker, "m", 1, 999999, NULL, 0), 0);
    assert_int_equal(counter(COUNTER_dropped_stacks), 3);
}

static void too_small_or_too_large_is_said_clearly(void **state)
{
    (void)state;
    struct tracker other = {0};
    assert_false(tracker_open(&other, NULL, ARENA_MINIMUM_BYTES - 1, "x", error, sizeof error));
    assert_non_null(strstr(error, "at least 262144 bytes"));
    assert_false(tracker_open(&other, NULL, UINT64_C(1) << 60, "x", error, sizeof error));
    assert_non_null(strstr(error, "Cannot allocate memory"));
    assert_null(other.base);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_small_arena, without_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(handles),      TEST(edges),
        TEST(postponed_frees),
        TEST(strings),      TEST(string_bytes),
        TEST(stacks_and_words), TEST(stack_records_frames_and_modules),
        TEST(too_small_or_too_large_is_said_clearly),
    };
    return cmocka_run_group_tests_name("full", tests, NULL, NULL);
}
