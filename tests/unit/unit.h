/* What the unit tests share: cmocka, an arena that comes and goes with its test, and short words for common steps. */
#ifndef HOLDFAST_TESTS_UNIT_H
#define HOLDFAST_TESTS_UNIT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "internal.h" /* arena_layout_sum(): a hostile file has a right sum */
#include "reader.h"
#include "rules.h"
#include "tracker.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))
#define TEST_ARENA_BYTES (UINT64_C(64) << 20)

static struct tracker tracker;
static char arena_path[256];
static char error[512];

UNUSED static void open_arena(const char *path, uint64_t bytes)
{
    tracker = (struct tracker){0};
    error[0] = '\0';
    if (!tracker_open(&tracker, path, bytes, "unit test", error, sizeof error))
        fail_msg("the arena did not open: %s", error);
}

UNUSED static int with_arena(void **state)
{
    (void)state;
    open_arena(NULL, TEST_ARENA_BYTES);
    return 0;
}

UNUSED static int without_arena(void **state)
{
    (void)state;
    tracker_close(&tracker);
    return 0;
}

/* A path that does not exist yet, alone in a new directory. */
UNUSED static void make_arena_path(void)
{
    char directory[] = "/tmp/holdfast-unit-XXXXXX";
    assert_non_null(mkdtemp(directory));
    snprintf(arena_path, sizeof arena_path, "%s/arena", directory);
}

UNUSED static void remove_arena_path(void)
{
    unlink(arena_path);
    *strrchr(arena_path, '/') = '\0';
    assert_int_equal(rmdir(arena_path), 0);
}

UNUSED static int with_file_arena(void **state)
{
    (void)state;
    make_arena_path();
    open_arena(arena_path, ARENA_MINIMUM_BYTES);
    return 0;
}

UNUSED static int without_file_arena(void **state)
{
    (void)state;
    tracker_close(&tracker);
    remove_arena_path();
    return 0;
}

UNUSED static handle_id born(uint64_t address)
{
    return handle_add(&tracker, address, 1, 1);
}

UNUSED static handle_id lent(handle_id parent, uint64_t address)
{
    handle_id id = born(address);
    tracker_handle(&tracker, id)->flags |= HANDLE_BORROWED;
    assert_int_not_equal(edge_add(&tracker, parent, id, EDGE_BORROWED), 0);
    return id;
}

UNUSED static handle_id dependant(handle_id parent, uint64_t address)
{
    handle_id id = born(address);
    assert_int_not_equal(edge_add(&tracker, parent, id, EDGE_DEPENDANT), 0);
    return id;
}

UNUSED static uint8_t state_of(handle_id id)
{
    return tracker_handle(&tracker, id)->state;
}

UNUSED static bool has_flag(handle_id id, enum handle_flag flag)
{
    return (tracker_handle(&tracker, id)->flags & flag) != 0;
}

UNUSED static uint64_t counter(enum arena_counter which)
{
    return tracker_header(&tracker)->counters[which];
}

#endif
