/* Eight threads at once: births, deaths, loans, strings, stacks, events and counters stay consistent. Meant for TSan as well. */
#include "unit.h"
#include <pthread.h>

enum { THREADS = 8, ROUNDS = 3000 };

static void one_round(uint64_t thread, uint64_t round)
{
    uint64_t address = (thread + 1) << 32 | round << 8;
    char text[32];
    size_t length = (size_t)snprintf(text, sizeof text, "label %llu", (unsigned long long)(round % 100));
    string_id label = tracker_string(&tracker, text, length);
    stack_id stack = tracker_stack(&tracker, (uint64_t[]){round % 50, 1}, 2, NULL, 0, 0);
    if (strcmp(tracker_text(&tracker, label), text) != 0)
        abort();

    if (!tracker_lock(&tracker))
        abort();
    handle_id parent = handle_add(&tracker, address, 1, 1), child = handle_add(&tracker, address + 16, 2, 1);
    edge_add(&tracker, parent, child, EDGE_BORROWED);
    tracker_handle(&tracker, parent)->label = label;
    tracker_handle(&tracker, parent)->birth_stack = stack;
    handle_holder_add(&tracker, child, stack);
    handle_hold(&tracker, parent, round);
    tracker_unlock(&tracker);

    tracker_event(&tracker, &(struct event_record){.type = EVENT_held, .address = address, .label = label});
    tracker_count(&tracker, COUNTER_births);

    if (!tracker_lock(&tracker))
        abort();
    if (handle_find(&tracker, address, NULL, NULL) != parent || handle_holder_drop(&tracker, child) != parent ||
        children_alive(&tracker, parent, BORROWED_LIVE, NULL) != CHILDREN_NONE)
        abort();
    handle_unhold(&tracker, parent);
    handle_bury(&tracker, parent, CAUSE_FREED, 1, stack);
    fence_push(&tracker, address, 32, parent);
    if (round % 2 == 1) {
        fence_pop(&tracker);
        fence_pop(&tracker);
    }
    handle_forget(&tracker, child);
    tracker_unlock(&tracker);
}

static void *work(void *thread)
{
    for (uint64_t round = 0; round < ROUNDS; round++)
        one_round((uint64_t)(uintptr_t)thread, round);
    return NULL;
}

static void eight_threads_leave_nothing_behind(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);

    while (fence_pop(&tracker) != 0)
        ;
    const struct arena_header *header = tracker_header(&tracker);
    for (handle_id id = 1; id < header->sections[SECTION_HANDLES].used; id++)
        assert_int_equal(state_of(id), HANDLE_FREE_RECORD);
    assert_int_equal(header->event_count, THREADS * ROUNDS);
    assert_int_equal(header->counters[COUNTER_births], THREADS * ROUNDS);
    assert_int_equal(header->hold_count, 0);
    assert_int_equal(header->fence_bytes, 0);
    assert_int_equal(header->sections[SECTION_STRING_INDEX].used, 101);
    assert_int_equal(header->sections[SECTION_STACKS].used, 51);
    assert_int_equal(tracker.shards[0].word, 0);
}

enum { RACERS = 4, RACE = 20000 };
static stack_id race_stacks[RACERS][RACE];
static string_id race_strings[RACERS][RACE];
static pthread_barrier_t race_begins;

static void *race(void *argument)
{
    unsigned racer = (unsigned)(uintptr_t)argument;
    char text[32];
    pthread_barrier_wait(&race_begins);
    for (uint64_t i = 0; i < RACE; i++) {
        race_stacks[racer][i] = tracker_stack(&tracker, (uint64_t[]){i, ~i}, 2, (uint32_t[]){(uint32_t)i}, 1, 0);
        race_strings[racer][i] = tracker_string(&tracker, text, (size_t)snprintf(text, sizeof text, "racer's %u", (unsigned)i));
        if (strcmp(tracker_text(&tracker, race_strings[racer][i]), text) != 0)
            abort();
    }
    return NULL;
}

static void what_several_threads_meet_first_at_once_is_kept_once(void **state)
{
    (void)state;
    pthread_t threads[RACERS];
    pthread_barrier_init(&race_begins, NULL, RACERS);
    for (uintptr_t i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, (void *)i), 0);
    for (unsigned i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < RACE; i++)
        for (unsigned racer = 1; racer < RACERS; racer++) {
            assert_int_equal(race_stacks[racer][i], race_stacks[0][i]);
            assert_int_equal(race_strings[racer][i], race_strings[0][i]);
        }
    assert_int_equal(tracker_header(&tracker)->sections[SECTION_STACKS].used, RACE + 1);
    assert_int_equal(tracker_header(&tracker)->sections[SECTION_STRING_INDEX].used, RACE + 1);
    assert_int_equal(tracker.depot.word, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(eight_threads_leave_nothing_behind, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(what_several_threads_meet_first_at_once_is_kept_once, with_arena, without_arena),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
