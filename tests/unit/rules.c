/* The rules: each is found by its number and every way to write its name, and ids never change. */
#include "unit.h"

static void rules_are_found_however_they_are_written(void **state)
{
    (void)state;
    const struct rule *rule = rule_by_number(101);
    assert_non_null(rule);
    assert_string_equal(rule->name, "stale-use");
    assert_int_equal(rule->severity, SEVERITY_error);
    static const char *const spellings[] = {"HF101", "hf101", "101", "stale-use"};
    for (unsigned i = 0; i < 4; i++)
        assert_ptr_equal(rule_by_text(spellings[i]), rule);
}

static void what_is_no_rule_is_not_found(void **state)
{
    (void)state;
    static const char *const nonsense[] = {"", "H", "HF", "HF1", "HF1010", "HF999", "F101", "101x", "1O1", "stale", "-101", "0101", "00101"};
    for (unsigned i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++)
        if (rule_by_text(nonsense[i]) != NULL)
            fail_msg("\"%s\" was taken for a rule", nonsense[i]);
    assert_null(rule_by_text(NULL));
    assert_null(rule_by_number(0));
}

static void ids_and_names_are_unique_and_in_order(void **state)
{
    (void)state;
    assert_int_equal(rule_count, 19);
    for (size_t i = 0; i < rule_count; i++) {
        assert_int_equal(rules[i].number, 101 + i);
        assert_ptr_equal(rule_by_text(rules[i].name), &rules[i]);
        assert_true(strlen(rules[i].summary) > 10 && strlen(rules[i].explanation) > 80 && strlen(rules[i].mending) > 20);
    }
}

static void severities_and_actions_have_names(void **state)
{
    (void)state;
    assert_string_equal(severity_name(SEVERITY_advice), "advice");
    assert_string_equal(severity_name(SEVERITY_warning), "warning");
    assert_string_equal(severity_name(SEVERITY_error), "error");
    assert_string_equal(action_name(ACTION_refused), "refused");
    assert_string_equal(action_words(ACTION_refused), "the call was refused");
    assert_string_equal(action_name(ACTION_COUNT), "unknown");
    assert_string_equal(action_words((enum report_action)-1), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_found_however_they_are_written),
        cmocka_unit_test(what_is_no_rule_is_not_found),
        cmocka_unit_test(ids_and_names_are_unique_and_in_order),
        cmocka_unit_test(severities_and_actions_have_names),
    };
    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
