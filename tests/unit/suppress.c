/* Suppressions: what the language means, and what a mistake in it costs. */
#include "suppress.h"
#include "unit.h"

static struct suppressions all;
static char complaints[8192];
static unsigned complaint_count;

static void remember(const char *sentence, void *context)
{
    (void)context;
    size_t used = strlen(complaints);
    complaint_count++;
    snprintf(complaints + used, sizeof complaints - used, "%s\n", sentence);
}

static void read_text(const char *file, const char *text, size_t bytes)
{
    size_t room;
    char *place = suppressions_room(&all, &room);
    bytes = bytes < room ? bytes : room;
    memcpy(place, text, bytes);
    suppressions_parse(&all, file, bytes, remember, NULL);
}

static void parse(const char *text)
{
    memset(&all, 0, sizeof all);
    complaints[0] = '\0';
    complaint_count = 0;
    read_text("app.supp", text, strlen(text));
}

/* A violation with one frame in each of two stacks. */
struct evidence {
    struct suppression_frame used, obtained;
};
static struct evidence evidence;

static bool matches(const struct suppression_part *part, void *context)
{
    (void)context;
    return ((part->role == ROLE_any || part->role == ROLE_used) && suppression_part_matches(&all, part, &evidence.used)) ||
           ((part->role == ROLE_any || part->role == ROLE_obtained) && suppression_part_matches(&all, part, &evidence.obtained));
}

static int python_violation(void **state)
{
    (void)state;
    evidence = (struct evidence){
        .used = {.function = "Reader.read", .file = "/home/me/app/reader.py", .line = 12, .is_place = true},
        .obtained = {.function = "open_it", .module = "/usr/lib/libgdal.so.32.3", .offset = 0x12ab},
    };
    return 0;
}

static bool hides(const char *line, unsigned rule)
{
    parse(line);
    if (complaint_count != 0)
        fail_msg("\"%s\" was complained of: %s", line, complaints);
    return suppressions_find(&all, rule, matches, NULL) == 0;
}

static void a_line_is_a_rule_and_a_pattern(void **state)
{
    (void)state;
    static const char *const hit[] = {
        "HF101:function:Reader.read", "stale-use:function:Reader.*",   "*:function:*",         "101:fun:Reader.rea?",     "HF101:used:function:Reader.read",
        "HF101:file:reader.py",       "HF101:file:reader.py:12",       "HF101:src:/home/*",    "HF101:file:*/app/*.py:12", "HF101:place:reader.py:12",
        "HF101:module:libgdal.so.*",  "HF101:obj:*/libgdal.so.32.3",   "HF101:obtained:module:libgdal*", "  HF101:function:Reader.read  \r",
    };
    static const char *const miss[] = {
        "HF102:function:Reader.read", "HF101:function:Reader",         "HF101:function:read",  "HF101:obtained:function:Reader.read", "HF101:freed:function:*",
        "HF101:file:reader.py:1",     "HF101:file:reader.py:123",      "HF101:file:/reader.py", "HF101:place:reader.py",  "HF101:place:libgdal*",
        "HF101:module:gdal",          "HF101:used:module:*",           "HF101:function:Reader\\*", "HF101:function:reader.read",
    };
    for (size_t i = 0; i < sizeof hit / sizeof hit[0]; i++)
        if (!hides(hit[i], 101))
            fail_msg("\"%s\" should match", hit[i]);
    for (size_t i = 0; i < sizeof miss / sizeof miss[0]; i++)
        if (hides(miss[i], 101))
            fail_msg("\"%s\" should not match", miss[i]);
}

static void a_native_place_is_module_and_offset(void **state)
{
    (void)state;
    evidence.used = (struct suppression_frame){.module = "/opt/my app/tool", .offset = 0x1f, .is_place = true};
    assert_true(hides("HF101:place:tool+0x1f", 101));
    assert_true(hides("HF101:place:/opt/my app/tool+0x1f", 101));
    assert_false(hides("HF101:place:tool+0x1", 101));
    evidence.used.is_place = false;
    assert_false(hides("HF101:place:tool+0x1f", 101));
}

static void escapes_stand_for_themselves(void **state)
{
    (void)state;
    evidence.used.function = "a*b?c\\d";
    assert_true(hides("HF101:function:a\\*b\\?c\\\\d", 101));
    evidence.used.function = "aXbYc\\d";
    assert_false(hides("HF101:function:a\\*b\\?c\\\\d", 101));
    assert_true(hides("HF101:function:a*b?c\\\\d", 101));
}

static void all_parts_of_a_block_must_match(void **state)
{
    (void)state;
    assert_true(hides("# known\n{\n  the reader\n  stale-use\n  used:file:reader.py\n\n  # where it came from\n  obtained:function:open_it\n}\n", 101));
    assert_string_equal(suppression_text(&all, all.entries[0].name), "the reader");
    assert_string_equal(suppression_text(&all, all.entries[0].file), "app.supp");
    assert_int_equal(all.entries[0].line, 2);
    assert_false(hides("{\n  the reader\n  stale-use\n  used:file:reader.py\n  obtained:function:close_it\n}\n", 101));
}

static void the_first_entry_that_matches_counts(void **state)
{
    (void)state;
    parse("HF102:function:*\nHF101:function:nobody\nHF101:function:Reader.*\nHF101:function:*\n");
    assert_int_equal(all.count, 4);
    assert_int_equal(suppressions_find(&all, 101, matches, NULL), 2);
}

static void what_says_the_same_is_one_entry(void **state)
{
    (void)state;
    parse("HF101:function:a\n{\n other name\n stale-use\n function:a\n}\nHF101:used:function:a\n");
    assert_int_equal(all.count, 2);
    assert_int_equal(complaint_count, 0);
    read_text("again.supp", "HF101:function:a\nHF101:function:b\n", 34);
    assert_int_equal(all.count, 3);
    assert_string_equal(suppression_text(&all, all.entries[2].file), "again.supp");
    assert_string_equal(suppression_text(&all, all.entries[0].file), "app.supp");
}

static void a_mistake_is_told_with_its_line_and_costs_one_entry(void **state)
{
    (void)state;
    static const struct {
        const char *text, *told;
        unsigned line, kept;
    } wrong[] = {
        {"HF999:function:x", "no rule 'HF999'", 1, 0},
        {"\n\nHF101:fnuction:x", "'fnuction:x' is not understood", 3, 0},
        {"HF101:function:", "no pattern", 1, 0},
        {"HF101:used:x", "'x' is not understood", 1, 0},
        {"gibberish", "'gibberish' is not understood", 1, 0},
        {"{\nHF106\nfunction:x\n}", "no rule 'function:x'", 3, 0},
        {"{\nname\nHF106\n}", "no pattern", 4, 0},
        {"{\nname\n}", "has no rule", 3, 0},
        {"}", "no '{'", 1, 0},
        {"{\nname\nHF106\nfunction:x\n", "has no '}'", 4, 0},
        {"{\nname\nHF106\nfunction:x\n{\nsecond\nHF106\nfunction:y\n}", "inside the block that starts in line 1", 5, 1},
        {"{\nname\nHF106\nfunction:x\nbad line\nworse line\n}", "'bad line'", 5, 0},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[400], place[40];
        snprintf(text, sizeof text, "%s\nHF103:function:last\n", wrong[i].text);
        snprintf(place, sizeof place, "app.supp:%u: ", wrong[i].line);
        bool open = strstr(wrong[i].told, "has no '}'") != NULL; /* what follows belongs to the block */
        parse(open ? wrong[i].text : text);
        if (complaint_count != 1 || strncmp(complaints, place, strlen(place)) != 0 || strstr(complaints, wrong[i].told) == NULL)
            fail_msg("\"%s\": expected one complaint at line %u with \"%s\", got %u: %s", wrong[i].text, wrong[i].line, wrong[i].told, complaint_count, complaints);
        assert_int_equal(all.count, wrong[i].kept + (open ? 0 : 1));
        assert_int_equal(all.part_count, wrong[i].kept + (open ? 0 : 1));
    }
}

static void hostile_files_are_survived(void **state)
{
    (void)state;
    static char big[2 * SUPPRESSION_TEXT_BYTES];
    parse("HF101:function:a\0b\nHF101:function:b\n");
    memset(&all, 0, sizeof all);
    complaints[0] = '\0', complaint_count = 0;
    read_text("zero", "HF101:function:a\n\0\0\0\nHF102:function:b\n", 38);
    assert_int_equal(all.count, 1);
    assert_non_null(strstr(complaints, "zero byte"));
    for (unsigned seed = 1; seed < 200; seed++) {
        uint32_t noise = seed * 2654435761u;
        for (size_t i = 0; i < sizeof big; i++) {
            noise = noise * 1664525 + 1013904223;
            big[i] = seed % 2 == 0 ? (char)(noise >> 24) : "HF101:{}\n*?\\functionusedplace:# \t\r"[(noise >> 16) % 35];
        }
        memset(&all, 0, sizeof all);
        complaints[0] = '\0', complaint_count = 0;
        read_text("noise", big, sizeof big);
        read_text("noise", big, sizeof big); /* there is no room left */
        (void)suppressions_find(&all, 101, matches, NULL);
        assert_true(all.count <= SUPPRESSION_MAX && all.part_count <= SUPPRESSION_PART_MAX && all.text_used <= SUPPRESSION_TEXT_BYTES);
    }
}

static void the_tables_are_bounded_and_say_so(void **state)
{
    (void)state;
    static char text[40 * (SUPPRESSION_MAX + 10)];
    size_t used = 0;
    for (unsigned i = 0; i < SUPPRESSION_MAX + 10; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "HF101:function:number%u\n", i);
    parse(text);
    assert_int_equal(all.count, SUPPRESSION_MAX);
    assert_int_equal(complaint_count, 10);
    assert_non_null(strstr(complaints, "more than 512 entries"));
}

static void a_hostile_pattern_is_not_slow(void **state)
{
    (void)state;
    static char name[40000];
    memset(name, 'a', sizeof name - 1);
    evidence.used.function = name;
    assert_false(hides("HF101:function:*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", 101)); /* exponential where each star is tried again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_is_a_rule_and_a_pattern, python_violation),
        cmocka_unit_test_setup(a_native_place_is_module_and_offset, python_violation),
        cmocka_unit_test_setup(escapes_stand_for_themselves, python_violation),
        cmocka_unit_test_setup(all_parts_of_a_block_must_match, python_violation),
        cmocka_unit_test_setup(the_first_entry_that_matches_counts, python_violation),
        cmocka_unit_test_setup(what_says_the_same_is_one_entry, python_violation),
        cmocka_unit_test_setup(a_mistake_is_told_with_its_line_and_costs_one_entry, python_violation),
        cmocka_unit_test_setup(hostile_files_are_survived, python_violation),
        cmocka_unit_test_setup(the_tables_are_bounded_and_say_so, python_violation),
        cmocka_unit_test_setup(a_hostile_pattern_is_not_slow, python_violation),
    };
    return cmocka_run_group_tests_name("suppress", tests, NULL, NULL);
}
