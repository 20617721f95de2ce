/* Levels of rules: each begins at its severity, a list changes those that it names, and a mistake in it costs only itself. */
#include "levels.h"
#include "unit.h"

static struct rule_levels levels;
static char mistake[300];

static unsigned apply(const char *text)
{
    mistake[0] = '\0';
    return rule_levels_apply(&levels, text, strlen(text), mistake, sizeof mistake);
}

static int at_defaults(void **state)
{
    (void)state;
    rule_levels_default(&levels);
    return 0;
}

static void a_rule_begins_at_its_severity(void **state)
{
    (void)state;
    for (size_t i = 0; i < rule_count; i++) {
        enum rule_level wanted = rules[i].severity == SEVERITY_error ? LEVEL_error : rules[i].severity == SEVERITY_warning ? LEVEL_warn : LEVEL_advice;
        assert_int_equal(rule_level(&levels, rules[i].number), wanted);
        assert_string_equal(level_word(wanted), severity_name(rules[i].severity));
    }
}

static void a_list_changes_what_it_names(void **state)
{
    (void)state;
    assert_int_equal(apply("HF106=off,leaked=fatal,119=warn,hf101=warning"), 0);
    assert_int_equal(rule_level(&levels, 106), LEVEL_off);
    assert_int_equal(rule_level(&levels, 115), LEVEL_fatal);
    assert_int_equal(rule_level(&levels, 119), LEVEL_warn);
    assert_int_equal(rule_level(&levels, 101), LEVEL_warn);
    assert_int_equal(rule_level(&levels, 102), LEVEL_error);
}

static void lists_add_up_and_the_last_word_counts(void **state)
{
    (void)state;
    assert_int_equal(apply("HF106=off,HF101=fatal"), 0);
    assert_int_equal(apply("HF106=warn"), 0);
    assert_int_equal(rule_level(&levels, 106), LEVEL_warn);
    assert_int_equal(rule_level(&levels, 101), LEVEL_fatal);
    assert_int_equal(apply("all=off,HF103=error"), 0);
    assert_int_equal(rule_level(&levels, 101), LEVEL_off);
    assert_int_equal(rule_level(&levels, 103), LEVEL_error);
}

static void a_mistake_is_named_and_the_rest_holds(void **state)
{
    (void)state;
    static const struct {
        const char *list, *named;
    } wrong[] = {
        {"HF106=off,HF999=off", "'HF999'"},   {"nonsense=off,HF106=off", "'nonsense'"}, {"HF106=off,HF103=loud", "'loud'"},
        {"HF106=off,HF103", "'HF103'"},       {"HF103=,HF106=off", "''"},               {"=off,HF106=off", "''"},
        {"HF106=off,HF103=off=off", "'off=off'"}, {"HF106=off,ALL=off", "'ALL'"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        rule_levels_default(&levels);
        assert_int_equal(apply(wrong[i].list), 1);
        if (strstr(mistake, wrong[i].named) == NULL)
            fail_msg("\"%s\": the message does not name %s: %s", wrong[i].list, wrong[i].named, mistake);
        assert_int_equal(rule_level(&levels, 106), LEVEL_off);
        assert_int_equal(rule_level(&levels, 103), LEVEL_error);
    }
    assert_int_equal(apply("a=b,c=d,HF101=off"), 2);
    assert_non_null(strstr(mistake, "'a'"));
    assert_int_equal(apply(""), 1);
}

static void only_the_given_bytes_are_read(void **state)
{
    (void)state;
    assert_int_equal(rule_levels_apply(&levels, "HF106=offHF101=off", 9, mistake, sizeof mistake), 0);
    assert_int_equal(rule_level(&levels, 106), LEVEL_off);
    assert_int_equal(rule_level(&levels, 101), LEVEL_error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_rule_begins_at_its_severity, at_defaults),
        cmocka_unit_test_setup(a_list_changes_what_it_names, at_defaults),
        cmocka_unit_test_setup(lists_add_up_and_the_last_word_counts, at_defaults),
        cmocka_unit_test_setup(a_mistake_is_named_and_the_rest_holds, at_defaults),
        cmocka_unit_test_setup(only_the_given_bytes_are_read, at_defaults),
    };
    return cmocka_run_group_tests_name("levels", tests, NULL, NULL);
}
