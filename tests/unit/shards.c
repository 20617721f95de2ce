/* Shards of handles: two threads at once are inside, what becomes related moves into one shard, what one thread gives back others get, and eight threads that do
 * everything at once to the same handles leave a sound arena. Meant for TSan as well. */
#include "check.h"
#include "unit.h"
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static uint8_t shard(handle_id id)
{
    return tracker_handle(&tracker, id)->shard;
}

static bool near(uint64_t one, uint64_t other)
{
    return tracker_lock_near(&tracker, (const uint64_t[]){one, other}, 2);
}

static handle_id make(uint64_t address)
{
    if (!near(0, 0))
        abort();
    handle_id id = handle_add(&tracker, address, 1, 1);
    tracker_unlock(&tracker);
    return id;
}

static void *make_there(void *address)
{
    return (void *)(uintptr_t)make((uint64_t)(uintptr_t)address);
}

static handle_id made_by_another_thread(uint64_t address)
{
    pthread_t thread;
    void *id;
    assert_int_equal(pthread_create(&thread, NULL, make_there, (void *)(uintptr_t)address), 0);
    pthread_join(thread, &id);
    return (handle_id)(uintptr_t)id;
}

/* ---- who is locked and who is not -------------------------------------------------------------------------------------------- */

static pthread_barrier_t turn;

static void *inside_too(void *address)
{
    pthread_barrier_wait(&turn);
    if (!near((uint64_t)(uintptr_t)address, 0)) /* the other one is inside */
        abort();
    handle_id found = handle_find(&tracker, (uint64_t)(uintptr_t)address, NULL, NULL), others = handle_find(&tracker, 0x1000, NULL, NULL);
    tracker_unlock(&tracker);
    pthread_barrier_wait(&turn);
    return (void *)(uintptr_t)(found != 0 && others == 0);
}

static void two_threads_are_inside_at_once(void **state)
{
    (void)state;
    pthread_t thread;
    void *fine;
    handle_id mine = make(0x1000), others = made_by_another_thread(0x2000);
    assert_int_not_equal(shard(mine), shard(others));
    pthread_barrier_init(&turn, NULL, 2);
    assert_true(near(0x1000, 0));
    assert_int_equal(pthread_create(&thread, NULL, inside_too, (void *)0x2000), 0);
    pthread_barrier_wait(&turn);
    pthread_barrier_wait(&turn); /* it came out again meanwhile */
    assert_int_equal(handle_find(&tracker, 0x1000, NULL, NULL), mine);
    assert_int_equal(handle_find(&tracker, 0x2000, NULL, NULL), 0); /* not locked here */
    tracker_unlock(&tracker);
    pthread_join(thread, &fine);
    assert_true(fine != NULL);
    assert_true(near(0x1000, 0x2000));
    assert_int_equal(handle_find(&tracker, 0x2000, NULL, NULL), others);
    assert_false(tracker_has_all());
    assert_false(tracker_lock(&tracker)); /* as a signal handler would find it */
    assert_false(tracker_queue_lock(&tracker));
    assert_false(tracker_try_lock(&tracker));
    assert_true(tracker_is_mine(&tracker));
    tracker_unlock(&tracker);
    assert_false(tracker_is_mine(&tracker));
    assert_true(tracker_lock(&tracker));
    assert_true(tracker_has_all());
    tracker_unlock(&tracker);
}

/* ---- what is related --------------------------------------------------------------------------------------------------------- */

static void what_becomes_related_moves_into_one_shard(void **state)
{
    (void)state;
    handle_id top = make(0x1000), child = make(0x1100), shared = made_by_another_thread(0x2000), other = made_by_another_thread(0x3000);
    assert_true(near(0x1000, 0x1100));
    edge_add(&tracker, top, child, EDGE_BORROWED);
    tracker_unlock(&tracker);
    assert_true(near(0x2000, 0x3000));
    edge_add(&tracker, shared, other, EDGE_DEPENDANT);
    tracker_unlock(&tracker);
    assert_int_equal(shard(shared), shard(other));
    const uint8_t before = shard(other);
    assert_true(near(0x1100, 0x3000));
    edge_add(&tracker, child, other, EDGE_NEEDED);
    tracker_unlock(&tracker);
    assert_int_equal(shard(shared), shard(top)); /* by two ways, up and down */
    assert_int_equal(shard(other), shard(top));
    assert_int_not_equal(shard(other), before);
    /* One alone goes to the many, whichever is the parent. */
    handle_id alone = made_by_another_thread(0x4000);
    const uint8_t many = shard(top);
    assert_true(near(0x4000, 0x1000));
    edge_add(&tracker, alone, top, EDGE_BORROWED);
    tracker_unlock(&tracker);
    assert_int_equal(shard(alone), many);
    assert_int_equal(shard(top), many);
}

static void *wait_for_it(void *found)
{
    if (!near(0x2000, 0))
        abort();
    *(handle_id *)found = handle_find(&tracker, 0x2000, NULL, NULL);
    tracker_unlock(&tracker);
    return NULL;
}

/* Whoever waits for a shard gets the one where its handle is by then. */
static void what_moved_meanwhile_is_locked_where_it_is(void **state)
{
    (void)state;
    pthread_t thread;
    handle_id found = 0, mine = make(0x1000), moved = made_by_another_thread(0x2000);
    struct tracker_mutex *before = &tracker.shards[shard(moved)];
    assert_true(near(0x1000, 0x2000));
    assert_int_equal(pthread_create(&thread, NULL, wait_for_it, &found), 0);
    while ((__atomic_load_n(&before->word, __ATOMIC_RELAXED) & TRACKER_LOCK_WAITERS) == 0)
        usleep(100);
    edge_add(&tracker, mine, moved, EDGE_BORROWED);
    tracker_unlock(&tracker);
    pthread_join(thread, NULL);
    assert_int_equal(shard(moved), shard(mine));
    assert_int_equal(found, moved);
}

static void *make_many(void *unused)
{
    (void)unused;
    enum { MANY = 3000 };
    handle_id top = make(0x100000);
    for (uint64_t i = 1; i < MANY; i++) {
        make(0x100000 + i * 64);
        if (!near(0x100000, 0x100000 + i * 64))
            abort();
        edge_add(&tracker, top, handle_find(&tracker, 0x100000 + i * 64, NULL, NULL), EDGE_BORROWED);
        tracker_unlock(&tracker);
    }
    make(0x900000); /* related to nothing */
    return (void *)(uintptr_t)top;
}

/* More than can be followed: then all of that shard goes. */
static void many_move_together(void **state)
{
    (void)state;
    pthread_t thread;
    void *top;
    handle_id mine = make(0x1000), below = make(0x1100);
    assert_true(near(0x1000, 0x1100));
    edge_add(&tracker, mine, below, EDGE_BORROWED);
    tracker_unlock(&tracker);
    assert_int_equal(pthread_create(&thread, NULL, make_many, NULL), 0);
    pthread_join(thread, &top);
    assert_int_not_equal(shard((handle_id)(uintptr_t)top), shard(mine));
    assert_true(near(0x1000, 0x100000));
    edge_add(&tracker, mine, (handle_id)(uintptr_t)top, EDGE_DEPENDANT);
    tracker_unlock(&tracker);
    const struct arena_section_header *handles = &tracker_header(&tracker)->sections[SECTION_HANDLES];
    for (handle_id id = 1; id < handles->used; id++)
        assert_int_equal(shard(id), shard(mine));
}

/* ---- what one gives back, others get ----------------------------------------------------------------------------------------- */

static void *forget_all(void *unused)
{
    (void)unused;
    const struct arena_section_header *handles = &tracker_header(&tracker)->sections[SECTION_HANDLES];
    for (handle_id id = 1; id < handles->used; id++) {
        if (!near(tracker_handle(&tracker, id)->address, 0))
            abort();
        handle_forget(&tracker, id);
        tracker_unlock(&tracker);
    }
    return NULL;
}

static void what_another_thread_gave_back_is_shared_out(void **state)
{
    (void)state;
    pthread_t thread;
    const struct arena_header *header = tracker_header(&tracker);
    uint64_t address = 0x1000;
    while (make(address) != 0)
        address += 64;
    assert_int_equal(header->counters[COUNTER_dropped_handles], 1);
    assert_int_equal(pthread_create(&thread, NULL, forget_all, NULL), 0);
    pthread_join(thread, NULL);
    const uint32_t room = header->sections[SECTION_HANDLES].capacity - 1;
    const uint64_t all_locked = header->counters[COUNTER_locks];
    for (uint32_t i = 0; i < room; i++)
        assert_int_not_equal(make(0x10000000 + i * 64), 0);
    assert_true(header->counters[COUNTER_locks] - all_locked < 200); /* its share, and again its share of the rest */
    assert_int_equal(make(0x1000), 0);
    assert_int_equal(header->counters[COUNTER_dropped_handles], 2);
}

/* One makes, another one gives back, for ever: no more records are taken than live at once, and some. */
static void what_others_give_back_is_used_again(void **state)
{
    (void)state;
    pthread_t thread;
    for (unsigned round = 0; round < 50; round++) {
        for (uint64_t i = 0; i < 100; i++)
            assert_int_not_equal(make(0x1000 + i * 64), 0);
        assert_int_equal(pthread_create(&thread, NULL, forget_all, NULL), 0);
        pthread_join(thread, NULL);
    }
    assert_true(tracker_header(&tracker)->sections[SECTION_HANDLES].used <= 102 + 64); /* and 64 for not asking each time */
}

/* ---- all at once ------------------------------------------------------------------------------------------------------------- */

enum { THREADS = 8, ROUNDS = 20000, ADDRESSES = 400 };

static uint64_t random_number(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static uint64_t some_address(uint64_t *seed)
{
    return 0x100000 + random_number(seed) % ADDRESSES * 48;
}

/* What the shim does, at random, to two handles that may be anybody's. */
static void one_round(uint64_t *seed)
{
    const uint64_t one = some_address(seed), other = some_address(seed);
    const unsigned what = (unsigned)(random_number(seed) % 12);
    if (what == 0) {
        if (!tracker_lock(&tracker))
            abort();
        tracker_unlock(&tracker);
        return;
    }
    if (!near(one, other))
        abort();
    handle_id first = handle_find(&tracker, one, NULL, NULL), second = handle_find(&tracker, other, NULL, NULL);
    struct handle_record *record = tracker_handle(&tracker, first);
    if (first == 0)
        handle_add(&tracker, one, 1, 1);
    else if (record->state == HANDLE_BURIED && (record->flags & HANDLE_FENCED) == 0)
        handle_forget_tree(&tracker, first);
    else if (what < 6 && second != 0 && first != second)
        edge_add(&tracker, first, second, what < 4 ? EDGE_BORROWED : EDGE_DEPENDANT);
    else if (what == 6)
        handle_hold(&tracker, first, 1);
    else if (what == 7)
        handle_unhold(&tracker, first);
    else if (what == 8 && record->state == HANDLE_LIVE) {
        handle_bury(&tracker, first, CAUSE_FREED, 1, 0);
        fence_push(&tracker, one, 48, first);
    } else if (what == 9)
        edges_remove_to_parents(&tracker, first);
    else if (what == 10)
        handle_holder_add(&tracker, first, 0);
    else if (what == 11 && handle_holder_drop(&tracker, first) != 0)
        children_alive(&tracker, first, BORROWED_LIVE, NULL);
    tracker_unlock(&tracker);
    while (fence_lift_oldest(&tracker, 100, UINT64_MAX) != 0)
        ;
    if (what == 1 && tracker_queue_lock(&tracker)) {
        uint32_t count = 0;
        for (handle_id id = tracker_header(&tracker)->hold_head; id != 0; id = tracker_hold(&tracker, id)->next)
            count++;
        if (count != tracker_header(&tracker)->hold_count)
            abort();
        tracker_queue_unlock(&tracker);
    }
}

static void *work(void *thread)
{
    uint64_t seed = 88172645463325252u + (uint64_t)(uintptr_t)thread * 7919;
    for (unsigned round = 0; round < ROUNDS; round++)
        one_round(&seed);
    return NULL;
}

static char told[4096];

static void remember(enum arena_fault fault, uint64_t offset, const char *sentence, void *context)
{
    (void)fault, (void)context;
    size_t used = strlen(told);
    snprintf(told + used, sizeof told - used, "at %llu: %s\n", (unsigned long long)offset, sentence);
}

static void eight_threads_at_the_same_handles_leave_it_sound(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    struct arena_image image;
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_true(arena_image_read(&image, arena_path, error, sizeof error));
    told[0] = '\0';
    struct arena_faults faults = arena_check(&image, remember, NULL);
    arena_image_free(&image);
    if (faults.damaged != 0 || faults.unfinished != 0)
        fail_msg("%s", told);
    const struct arena_header *header = tracker_header(&tracker);
    assert_true(header->counters[COUNTER_shard_locks] > header->counters[COUNTER_locks]);
    assert_true(header->fence_head - header->fence_tail <= 100);
    for (unsigned i = 0; i < ARENA_SHARDS; i++)
        assert_int_equal(tracker.shards[i].word, 0);
}

/* ---- one that only looks is in the midst of that while another one forks ------------------------------------------------------ */

static bool looks;

static void *look_and_look(void *nothing)
{
    while (__atomic_load_n(&looks, __ATOMIC_RELAXED))
        if (!handle_is_known(&tracker, 0x5000))
            abort();
    return nothing;
}

static void who_looks_does_not_take_the_arena_from_a_forked_child(void **state)
{
    (void)state;
    pthread_t thread;
    make(0x5000);
    assert_false(handle_is_known(&tracker, 0x5010));
    looks = true;
    assert_int_equal(pthread_create(&thread, NULL, look_and_look, NULL), 0);
    unsigned lost = 0;
    for (int turn_number = 0; turn_number < 300; turn_number++) {
        tracker_before_fork(&tracker);
        pid_t child = fork();
        if (child == 0) {
            bool kept = tracker_after_fork_child(&tracker, NULL, error, sizeof error) && handle_is_known(&tracker, 0x5000) && !tracker.fork_lost;
            _exit(kept ? 0 : 1);
        }
        tracker_after_fork_parent(&tracker);
        int status = 1;
        assert_int_equal(waitpid(child, &status, 0), child);
        lost += status != 0;
    }
    __atomic_store_n(&looks, false, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    assert_int_equal(lost, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_arena, without_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_threads_are_inside_at_once),
        TEST(what_becomes_related_moves_into_one_shard),
        TEST(many_move_together),
        TEST(what_moved_meanwhile_is_locked_where_it_is),
        TEST(what_others_give_back_is_used_again),
        TEST(who_looks_does_not_take_the_arena_from_a_forked_child),
        cmocka_unit_test_setup_teardown(what_another_thread_gave_back_is_shared_out, with_file_arena, without_file_arena),
        cmocka_unit_test_setup_teardown(eight_threads_at_the_same_handles_leave_it_sound, with_file_arena, without_file_arena),
    };
    return cmocka_run_group_tests_name("shards", tests, NULL, NULL);
}
