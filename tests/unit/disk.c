/* A file arena takes all its space when it is opened: what cannot be had is said then, naming the path, and leaves no file behind. */
#include "unit.h"
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

static void assert_not_opened(const char *path, uint64_t bytes, const char *why)
{
    struct tracker other = {0};
    error[0] = '\0';
    assert_false(tracker_open(&other, path, bytes, "unit test", error, sizeof error));
    assert_null(other.base);
    if (strstr(error, why) == NULL || strstr(error, path) == NULL)
        fail_msg("expected \"%s\" about %s, got \"%s\"", why, path, error);
}

static void all_space_is_taken_at_once(void **state)
{
    (void)state;
    make_arena_path();
    open_arena(arena_path, UINT64_C(4) << 20);
    struct stat about;
    assert_int_equal(stat(arena_path, &about), 0);
    assert_int_equal(about.st_size, 4 << 20);
    assert_true(about.st_blocks * 512 >= 4 << 20);
    assert_int_equal(about.st_mode & 07777, 0600);
    without_file_arena(NULL);
}

static void an_existing_file_or_link_is_left_alone(void **state)
{
    (void)state;
    make_arena_path();
    assert_int_equal(symlink("/nonexistent", arena_path), 0);
    assert_not_opened(arena_path, ARENA_MINIMUM_BYTES, "File exists");
    remove_arena_path();
}

static void a_missing_directory_is_named(void **state)
{
    (void)state;
    assert_not_opened("/nonexistent/arena", ARENA_MINIMUM_BYTES, "No such file or directory");
}

static void a_full_disk_is_said_at_once(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    make_arena_path();
    char directory[256];
    snprintf(directory, sizeof directory, "%s", arena_path);
    *strrchr(directory, '/') = '\0';
    if (mount("tmpfs", directory, "tmpfs", 0, "size=512k") != 0) {
        remove_arena_path();
        skip();
    }
    assert_not_opened(arena_path, UINT64_C(1) << 20, "No space left on device");
    bool left_behind = access(arena_path, F_OK) == 0;
    open_arena(arena_path, ARENA_MINIMUM_BYTES); /* a smaller one fits */
    memset(tracker.base + ARENA_HEADER_BYTES, 1, tracker.bytes - ARENA_HEADER_BYTES);
    tracker_close(&tracker);
    umount(directory);
    remove_arena_path();
    assert_false(left_behind);
}

static void a_limit_on_file_size_does_not_kill(void **state)
{
    (void)state;
    make_arena_path();
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 300000;
    setrlimit(RLIMIT_FSIZE, &small);
    assert_not_opened(arena_path, UINT64_C(1) << 20, "File too large"); /* SIGXFSZ would end this program */
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_not_equal(access(arena_path, F_OK), 0);
    remove_arena_path();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_space_is_taken_at_once),
        cmocka_unit_test(an_existing_file_or_link_is_left_alone),
        cmocka_unit_test(a_missing_directory_is_named),
        cmocka_unit_test(a_full_disk_is_said_at_once),
        cmocka_unit_test(a_limit_on_file_size_does_not_kill),
    };
    return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
