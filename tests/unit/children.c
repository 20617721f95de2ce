/* children_alive(): which children keep a parent from being freed, and which answer is the strongest. */
#include "unit.h"

static handle_id example;

static enum children ask(handle_id id, enum borrowed_policy policy)
{
    example = 0;
    return children_alive(&tracker, id, policy, &example);
}

static void without_children_nothing_lives(void **state)
{
    (void)state;
    assert_int_equal(ask(born(0x10), BORROWED_LIVE), CHILDREN_NONE);
    assert_int_equal(example, 0);
}

static void a_borrowed_child_lives_while_it_has_a_holder(void **state)
{
    (void)state;
    handle_id dataset = born(0x10), band = lent(dataset, 0x20);
    assert_int_equal(ask(dataset, BORROWED_LIVE), CHILDREN_NONE);
    handle_holder_add(&tracker, band, 5);
    assert_true(has_flag(band, HANDLE_EXACT));
    assert_int_equal(tracker_handle(&tracker, band)->loan_stack, 5);
    assert_int_equal(ask(dataset, BORROWED_DEAD), CHILDREN_HOLDERS);
    assert_int_equal(example, band);
    handle_holder_drop(&tracker, band);
    assert_int_equal(ask(dataset, BORROWED_GRACE), CHILDREN_NONE);
}

static void for_a_traceless_caller_the_policy_decides(void **state)
{
    (void)state;
    handle_id dataset = born(0x10), band = lent(dataset, 0x20);
    tracker_handle(&tracker, band)->flags |= HANDLE_TRACELESS;
    assert_int_equal(ask(dataset, BORROWED_GRACE), CHILDREN_GRACE);
    assert_int_equal(ask(dataset, BORROWED_LIVE), CHILDREN_HOLDERS);
    assert_int_equal(ask(dataset, BORROWED_DEAD), CHILDREN_NONE);
}

static void another_proxy_of_the_handle_itself_counts(void **state)
{
    (void)state;
    handle_id dataset = born(0x10);
    handle_holder_add(&tracker, dataset, 0);
    assert_int_equal(ask(dataset, BORROWED_DEAD), CHILDREN_HOLDERS);
    assert_int_equal(example, dataset);
}

static void a_dependant_lives_until_it_is_freed(void **state)
{
    (void)state;
    handle_id context = born(0x10), pj = dependant(context, 0x20);
    assert_int_equal(ask(context, BORROWED_DEAD), CHILDREN_DEPENDANTS);
    assert_int_equal(example, pj);
    handle_bury(&tracker, pj, CAUSE_FREED, 1, 1);
    assert_int_equal(ask(context, BORROWED_LIVE), CHILDREN_NONE);
}

static void an_exact_dependant_lives_by_its_holders(void **state)
{
    (void)state;
    handle_id context = born(0x10), pj = dependant(context, 0x20);
    handle_holder_add(&tracker, pj, 0);
    assert_int_equal(ask(context, BORROWED_DEAD), CHILDREN_DEPENDANTS);
    handle_holder_drop(&tracker, pj);
    assert_int_equal(ask(context, BORROWED_LIVE), CHILDREN_NONE);
}

static void advice_does_not_count(void **state)
{
    (void)state;
    handle_id dataset = born(0x10);
    edge_add(&tracker, dataset, born(0x20), EDGE_ADVICE);
    assert_int_equal(ask(dataset, BORROWED_LIVE), CHILDREN_NONE);
}

static void the_strongest_answer_wins_wherever_it_lies(void **state)
{
    (void)state;
    handle_id dataset = born(0x10), layer = lent(dataset, 0x20), band = lent(dataset, 0x30);
    handle_id statement = dependant(layer, 0x40), held = lent(layer, 0x50);
    tracker_handle(&tracker, band)->flags |= HANDLE_TRACELESS;
    handle_holder_add(&tracker, held, 0);
    assert_int_equal(ask(dataset, BORROWED_GRACE), CHILDREN_DEPENDANTS);
    assert_int_equal(example, statement);
    handle_bury(&tracker, statement, CAUSE_FREED, 0, 0);
    assert_int_equal(ask(dataset, BORROWED_GRACE), CHILDREN_HOLDERS);
    assert_int_equal(example, held);
    handle_id weaker = lent(held, 0x60); /* visited after it */
    tracker_handle(&tracker, weaker)->flags |= HANDLE_TRACELESS;
    assert_int_equal(ask(dataset, BORROWED_GRACE), CHILDREN_HOLDERS);
    handle_forget(&tracker, weaker);
    handle_holder_drop(&tracker, held);
    assert_int_equal(ask(dataset, BORROWED_GRACE), CHILDREN_GRACE);
    assert_int_equal(example, band);
}

static void what_has_references_of_its_own_survives_and_does_not_count(void **state)
{
    (void)state;
    handle_id layer = born(0x10), srs = lent(layer, 0x20);
    handle_holder_add(&tracker, srs, 0);
    tracker_handle(&tracker, srs)->references = 1;
    assert_int_equal(ask(layer, BORROWED_LIVE), CHILDREN_NONE);
}

static void below_a_held_dependant_life_still_counts(void **state)
{
    (void)state;
    handle_id context = born(0x10), pj = dependant(context, 0x20), part = lent(pj, 0x30);
    handle_holder_add(&tracker, part, 0);
    handle_hold(&tracker, pj, 1);
    assert_int_equal(ask(context, BORROWED_DEAD), CHILDREN_HOLDERS);
    assert_int_equal(example, part);
    handle_holder_drop(&tracker, part);
    assert_int_equal(ask(context, BORROWED_DEAD), CHILDREN_NONE);
    tracker_handle(&tracker, part)->flags |= HANDLE_TRACELESS;
    assert_int_equal(ask(context, BORROWED_LIVE), CHILDREN_HOLDERS);
    handle_hold(&tracker, part, 2); /* freed by its caller, who therefore keeps nothing */
    assert_int_equal(ask(context, BORROWED_LIVE), CHILDREN_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_arena, without_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_children_nothing_lives),
        TEST(a_borrowed_child_lives_while_it_has_a_holder),
        TEST(for_a_traceless_caller_the_policy_decides),
        TEST(another_proxy_of_the_handle_itself_counts),
        TEST(a_dependant_lives_until_it_is_freed),
        TEST(an_exact_dependant_lives_by_its_holders),
        TEST(advice_does_not_count),
        TEST(the_strongest_answer_wins_wherever_it_lies),
        TEST(what_has_references_of_its_own_survives_and_does_not_count),
        TEST(below_a_held_dependant_life_still_counts),
    };
    return cmocka_run_group_tests_name("children", tests, NULL, NULL);
}
