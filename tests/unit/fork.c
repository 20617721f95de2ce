/* fork(): the child goes on with its own arena as it was at the fork, and the parent's is untouched by it. */
#include "unit.h"
#include <pthread.h>
#include <sys/wait.h>

/* Run `child` in a forked process; it returns 0 when all is well, else the number of what failed. */
static void in_child(int (*child)(void), bool prepared)
{
    if (prepared)
        tracker_before_fork(&tracker);
    pid_t pid = fork();
    if (pid == 0)
        _exit(child());
    if (prepared)
        tracker_after_fork_parent(&tracker);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the child failed at step %d (status %#x)", WEXITSTATUS(status), (unsigned)status);
}

static int change_and_check(void)
{
    if (handle_find(&tracker, 0x10, NULL, NULL) != 1 || strcmp(tracker_text(&tracker, 1), "before the fork") != 0)
        return 2;
    if (!tracker_lock(&tracker))
        return 3;
    handle_bury(&tracker, 1, CAUSE_FREED, 1, 1);
    if (born(0x20) != 2)
        return 4;
    tracker_unlock(&tracker);
    if (tracker_string(&tracker, "in the child", 12) == 0)
        return 5;
    return tracker_header(&tracker)->pid == (uint32_t)getpid() ? 0 : 6;
}

static int go_on_anonymously(void)
{
    return tracker_after_fork_child(&tracker, NULL, error, sizeof error) ? change_and_check() : 1;
}

static int go_on_in_new_file(void)
{
    char path[300];
    snprintf(path, sizeof path, "%s.child", arena_path);
    if (!tracker_after_fork_child(&tracker, path, error, sizeof error) || !tracker.shared_file)
        return 1;
    int failure = change_and_check();
    tracker_close(&tracker);
    return failure;
}

static int go_on_without_the_file(void)
{
    if (tracker_after_fork_child(&tracker, "/nonexistent/arena", error, sizeof error) || tracker.shared_file)
        return 1;
    return strstr(error, "/nonexistent/arena") != NULL ? change_and_check() : 7;
}

static int begin_empty(void)
{
    if (!tracker_after_fork_child(&tracker, NULL, error, sizeof error))
        return 1;
    if (handle_find(&tracker, 0x10, NULL, NULL) != 0 || !tracker_lock(&tracker))
        return 2;
    tracker_unlock(&tracker);
    return born(0x30) == 1 && strcmp(tracker_header(&tracker)->program, "unit test") == 0 ? 0 : 3;
}

static void one_handle(void)
{
    born(0x10);
    tracker_string(&tracker, "before the fork", 15);
}

static void assert_parent_untouched(void)
{
    assert_int_equal(tracker.shards[0].word, 0);
    assert_null(tracker.fork_snapshot);
    assert_int_equal(tracker_header(&tracker)->pid, getpid());
    assert_int_equal(state_of(1), HANDLE_LIVE);
    assert_int_equal(handle_find(&tracker, 0x20, NULL, NULL), 0);
    assert_int_not_equal(born(0x40), 0);
}

static void an_anonymous_arena_is_the_childs_own(void **state)
{
    (void)state;
    one_handle();
    in_child(go_on_anonymously, true);
    in_child(go_on_anonymously, false);
    assert_parent_untouched();
}

static void a_file_arena_goes_on_in_another_file(void **state)
{
    (void)state;
    one_handle();
    in_child(go_on_in_new_file, true);
    assert_parent_untouched();
    char path[300];
    snprintf(path, sizeof path, "%s.child", arena_path);
    struct reader reader;
    if (!reader_open(&reader, path, error, sizeof error))
        fail_msg("the child's arena cannot be read: %s", error);
    assert_int_equal(reader_handle(&reader, 1)->state, HANDLE_BURIED);
    assert_int_not_equal(reader.header.pid, getpid());
    reader_close(&reader);
    unlink(path);
}

static void a_file_arena_goes_on_in_memory(void **state)
{
    (void)state;
    one_handle();
    in_child(go_on_anonymously, true);
    in_child(go_on_without_the_file, true);
    assert_parent_untouched();
}

static void a_shared_state_that_may_have_gone_on_is_not_used(void **state)
{
    (void)state;
    one_handle();
    in_child(begin_empty, false);
    assert_parent_untouched();
}

static int end_pipe[2];

static void *hold_lock(void *unused)
{
    char byte;
    tracker_lock(&tracker);
    (void)!read(end_pipe[0], &byte, 1);
    tracker_unlock(&tracker);
    return unused;
}

static void what_another_thread_was_changing_is_not_used(void **state)
{
    (void)state;
    one_handle();
    assert_int_equal(pipe(end_pipe), 0);
    pthread_t thread;
    pthread_create(&thread, NULL, hold_lock, NULL);
    while (__atomic_load_n(&tracker.shards[0].word, __ATOMIC_RELAXED) == 0)
        usleep(100);
    in_child(begin_empty, false);
    (void)!write(end_pipe[1], "e", 1);
    pthread_join(thread, NULL);
    close(end_pipe[0]);
    close(end_pipe[1]);
    assert_parent_untouched();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_anonymous_arena_is_the_childs_own, with_arena, without_arena),
        cmocka_unit_test_setup_teardown(a_file_arena_goes_on_in_another_file, with_file_arena, without_file_arena),
        cmocka_unit_test_setup_teardown(a_file_arena_goes_on_in_memory, with_file_arena, without_file_arena),
        cmocka_unit_test_setup_teardown(a_shared_state_that_may_have_gone_on_is_not_used, with_file_arena, without_file_arena),
        cmocka_unit_test_setup_teardown(what_another_thread_was_changing_is_not_used, with_arena, without_arena),
    };
    return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
