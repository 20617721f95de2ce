/* The depot: equal input gives the equal id, different input another, and ids resolve to what was put in. */
#include "unit.h"

static string_id string(const char *text)
{
    return tracker_string(&tracker, text, strlen(text));
}

static void equal_strings_are_one(void **state)
{
    (void)state;
    string_id tif = string("a.tif"), shp = string("a.shp");
    assert_int_not_equal(tif, 0);
    assert_int_not_equal(tif, shp);
    assert_int_equal(string("a.tif"), tif);
    assert_int_equal(tracker_string(&tracker, "a.tif and more", 5), tif);
    assert_string_equal(tracker_text(&tracker, tif), "a.tif");
    assert_string_equal(tracker_text(&tracker, shp), "a.shp");
    assert_int_not_equal(string("a.ti"), tif);
}

static void no_text_is_no_string(void **state)
{
    (void)state;
    assert_int_equal(string(""), 0);
    assert_int_equal(tracker_string(&tracker, NULL, 5), 0);
    assert_string_equal(tracker_text(&tracker, 0), "");
    assert_string_equal(tracker_text(&tracker, UINT32_MAX), "");
    assert_int_equal(tracker_string(&tracker, "ab\0cd", 5), string("ab"));
    assert_int_equal(counter(COUNTER_dropped_strings), 0);
}

static void long_strings_are_cut_between_characters(void **state)
{
    (void)state;
    static char text[20000];
    for (size_t i = 1; i + 1 < sizeof text; i += 2) /* one byte, then two-byte characters: the limit falls inside one or not */
        memcpy(text + i, "\xc3\xa9", 2);
    for (unsigned lead = 0; lead < 2; lead++) {
        text[lead] = 'x';
        size_t length = strlen(tracker_text(&tracker, tracker_string(&tracker, text + lead, 15000)));
        assert_in_range(length, TRACKER_STRING_MAXIMUM - 1, TRACKER_STRING_MAXIMUM);
        const char *end = tracker_text(&tracker, tracker_string(&tracker, text + lead, 15000)) + length;
        assert_true((unsigned char)end[-1] == 0xa9);
    }
}

static void equal_stacks_are_one(void **state)
{
    (void)state;
    const uint64_t native[] = {11, 12, 13};
    const uint32_t python[] = {1, 2};
    stack_id id = tracker_stack(&tracker, native, 3, python, 2, 0);
    assert_int_not_equal(id, 0);
    assert_int_equal(tracker_stack(&tracker, native, 3, python, 2, 0), id);
    assert_int_not_equal(tracker_stack(&tracker, native, 3, python, 1, 0), id);
    assert_int_not_equal(tracker_stack(&tracker, native, 2, python, 2, 0), id);
    assert_int_not_equal(tracker_stack(&tracker, native, 3, python, 2, STACK_TRUNCATED_NATIVE), id);
    assert_int_not_equal(tracker_stack(&tracker, (uint64_t[]){11, 12, 14}, 3, python, 2, 0), id);
    assert_int_not_equal(tracker_stack(&tracker, native, 3, (uint32_t[]){1, 3}, 2, 0), id);
    assert_int_equal(tracker_stack(&tracker, NULL, 0, NULL, 0, 0), 0);
    assert_int_equal(counter(COUNTER_dropped_stacks), 0);

    const struct stack_record *record = tracker_record(&tracker, SECTION_STACKS, id);
    const uint64_t expected[] = {1, 2, 11, 12, 13};
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(*(uint64_t *)tracker_record(&tracker, SECTION_WORDS, record->first_word + i), expected[i]);
}

static void many_stacks_stay_apart(void **state)
{
    (void)state;
    stack_id ids[5000];
    for (uint64_t i = 0; i < 5000; i++)
        ids[i] = tracker_stack(&tracker, (uint64_t[]){i, 1, i >> 3}, 3, NULL, 0, 0);
    for (uint64_t i = 0; i < 5000; i++) {
        assert_int_equal(tracker_stack(&tracker, (uint64_t[]){i, 1, i >> 3}, 3, NULL, 0, 0), ids[i]);
        assert_true(i == 0 || ids[i] > ids[i - 1]);
    }
}

static void frames_and_modules_are_one_too(void **state)
{
    (void)state;
    uint32_t frame = tracker_python_frame(&tracker, "a.py", 4, "Cls.run", 7, 12);
    assert_int_not_equal(frame, 0);
    assert_int_equal(tracker_python_frame(&tracker, "a.py", 4, "Cls.run", 7, 12), frame);
    assert_int_not_equal(tracker_python_frame(&tracker, "a.py", 4, "Cls.run", 7, 13), frame);
    assert_int_not_equal(tracker_python_frame(&tracker, "Cls.run", 7, "a.py", 4, 12), frame);

    const uint8_t build_id[40] = {1, 2, 3, [30] = 9};
    uint32_t module = tracker_module(&tracker, "/lib/libgdal.so", 0x1000, 0x9000, build_id, 20);
    assert_int_not_equal(module, 0);
    assert_int_equal(tracker_module(&tracker, "/lib/libgdal.so", 0x1000, 0x9000, build_id, 20), module);
    assert_int_not_equal(tracker_module(&tracker, "/lib/libgdal.so", 0x2000, 0x9000, build_id, 20), module);
    assert_int_not_equal(tracker_module(&tracker, "/lib/libgdal.so", 0x1000, 0x9000, NULL, 0), module);
    uint32_t longest = tracker_module(&tracker, "/lib/other.so", 0x1000, 0x9000, build_id, 40);
    const struct module_record *record = tracker_record(&tracker, SECTION_MODULES, longest);
    assert_int_equal(record->build_id_bytes, 24);
    assert_string_equal(tracker_text(&tracker, record->path), "/lib/other.so");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_arena, without_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(equal_strings_are_one),
        TEST(no_text_is_no_string),
        TEST(long_strings_are_cut_between_characters),
        TEST(equal_stacks_are_one),
        TEST(many_stacks_stay_apart),
        TEST(frames_and_modules_are_one_too),
    };
    return cmocka_run_group_tests_name("depot", tests, NULL, NULL);
}
