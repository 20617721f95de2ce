/* The lock: it knows its owner, also when a signal comes in between, and turns waiters away when the arena closes. */
#include "unit.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static void the_owner_is_turned_away(void **state)
{
    (void)state;
    assert_true(tracker_lock(&tracker));
    assert_false(tracker_lock(&tracker));
    tracker_unlock(&tracker);
    assert_true(tracker_lock(&tracker));
    tracker_unlock(&tracker);
}

static void the_depot_works_inside_and_outside(void **state)
{
    (void)state;
    string_id outside = tracker_string(&tracker, "a.tif", 5);
    assert_true(tracker_lock(&tracker));
    assert_int_equal(tracker_string(&tracker, "a.tif", 5), outside);
    tracker_event(&tracker, &(struct event_record){0});
    assert_false(tracker_lock(&tracker)); /* still ours */
    tracker_unlock(&tracker);
    assert_int_equal(tracker.shards[0].word, 0);
}

static void what_the_depot_knows_is_found_without_its_lock(void **state)
{
    (void)state;
    const uint64_t frames[] = {1, 2, 3};
    string_id text = tracker_string(&tracker, "a.tif", 5);
    stack_id stack = tracker_stack(&tracker, frames, 3, NULL, 0, 0);
    uint32_t frame = tracker_python_frame(&tracker, "a.py", 4, "f", 1, 7);
    uint64_t locks = counter(COUNTER_depot_locks);
    assert_true(locks >= 4);
    assert_true(depot_enter(&tracker)); /* as if a signal had come in between: what asks now is a handler on this thread */
    assert_int_equal(tracker_string(&tracker, "a.tif", 5), text);
    assert_int_equal(tracker_stack(&tracker, frames, 3, NULL, 0, 0), stack);
    assert_int_equal(tracker_python_frame(&tracker, "a.py", 4, "f", 1, 7), frame);
    assert_int_equal(tracker_string(&tracker, "b.tif", 5), 0);
    assert_int_equal(tracker_stack(&tracker, frames, 2, NULL, 0, 0), 0);
    assert_int_equal(tracker_module(&tracker, "b.so", 1, 2, NULL, 0), 0);
    tracker_event(&tracker, &(struct event_record){0});
    assert_int_equal(tracker_header(&tracker)->event_count, 0);
    depot_leave(&tracker);
    assert_int_not_equal(tracker_string(&tracker, "b.tif", 5), 0);
    assert_int_equal(counter(COUNTER_depot_locks), locks + 2);
    assert_int_equal(counter(COUNTER_depot_waits), 0);
}

static volatile sig_atomic_t taken, refused;

static void on_signal(int number)
{
    (void)number;
    if (tracker_lock(&tracker)) {
        taken++;
        tracker_unlock(&tracker);
    } else {
        refused++;
    }
}

static void a_signal_never_waits_for_its_own_thread(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGALRM, &action, NULL);
    const struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
    taken = refused = 0;
    setitimer(ITIMER_REAL, &often, NULL);
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do { /* for a second or two: signals must hit inside and outside, and no hit may hang */
        for (unsigned i = 0; i < 1000; i++) {
            assert_true(tracker_lock(&tracker));
            tracker_unlock(&tracker);
        }
        assert_true(tracker_lock(&tracker));
        raise(SIGALRM);
        tracker_unlock(&tracker);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - start.tv_sec < 2 || taken == 0);
    setitimer(ITIMER_REAL, &never, NULL);
    assert_true(refused > 0);
    assert_int_equal(tracker.shards[0].word, 0);
}

static void *wait_for_lock(void *result)
{
    errno = 77;
    bool got = tracker_lock(&tracker);
    *(int *)result = errno == 77 ? got : -1;
    if (got)
        tracker_unlock(&tracker);
    return NULL;
}

static void a_sleeper_is_woken_and_keeps_its_errno(void **state)
{
    (void)state;
    pthread_t threads[4];
    int results[4] = {-2, -2, -2, -2};
    assert_true(tracker_lock(&tracker));
    for (unsigned i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, wait_for_lock, &results[i]);
    usleep(50000); /* they spin, then sleep */
    assert_true((__atomic_load_n(&tracker.shards[0].word, __ATOMIC_RELAXED) & TRACKER_LOCK_WAITERS) != 0);
    tracker_unlock(&tracker);
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(results[i], 1);
    }
    assert_int_equal(counter(COUNTER_locks), 5);
    assert_int_equal(counter(COUNTER_lock_waits), 4);
    assert_int_equal(tracker.shards[0].word, 0);
}

static void closing_turns_waiters_away(void **state)
{
    (void)state;
    pthread_t thread;
    int result = -2;
    assert_true(tracker_lock(&tracker));
    pthread_create(&thread, NULL, wait_for_lock, &result);
    usleep(20000);
    tracker_close(&tracker); /* by the owner */
    tracker_unlock(&tracker);
    pthread_join(thread, NULL);
    assert_int_equal(result, 0);
    assert_null(tracker.base);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_arena, without_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_owner_is_turned_away),
        TEST(the_depot_works_inside_and_outside),
        TEST(what_the_depot_knows_is_found_without_its_lock),
        TEST(a_signal_never_waits_for_its_own_thread),
        TEST(a_sleeper_is_woken_and_keeps_its_errno),
        TEST(closing_turns_waiters_away),
    };
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
