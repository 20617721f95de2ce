/* The reader on good files: a live process's, which goes on meanwhile, and one that was closed. */
#include "unit.h"
#include <signal.h>
#include <sys/wait.h>

static struct reader reader;

static void open_reader(void)
{
    if (!reader_open(&reader, arena_path, error, sizeof error))
        fail_msg("the arena cannot be read: %s", error);
}

static void everything_is_there(void **state)
{
    (void)state;
    handle_id dataset = born(0x10), gone = born(0x99), band = lent(dataset, 0x20), held = born(0x30);
    handle_forget(&tracker, gone);
    tracker_handle(&tracker, dataset)->label = tracker_string(&tracker, "a.tif", 5);
    uint32_t module = tracker_module(&tracker, "/lib/libgdal.so", 0x1000, 0x2000, (const uint8_t *)"\1\2", 2);
    uint32_t frame = tracker_python_frame(&tracker, "a.py", 4, "main", 4, 3);
    const uint64_t native = (uint64_t)module << STACK_MODULE_SHIFT | 0x123;
    stack_id stack = tracker_stack(&tracker, &native, 1, &frame, 1, STACK_TRUNCATED_PYTHON);
    handle_bury(&tracker, dataset, CAUSE_FREED, 5, stack);
    handle_hold(&tracker, held, 1);
    tracker_close(&tracker);

    open_reader();
    assert_int_equal(reader.header.state, ARENA_CLOSED);
    assert_string_equal(reader.header.program, "unit test");
    assert_int_equal(reader_next_handle(&reader, 0), dataset);
    assert_int_equal(reader_next_handle(&reader, dataset), band);
    assert_int_equal(reader_next_handle(&reader, band), held);
    assert_int_equal(reader_next_handle(&reader, held), 0);
    assert_int_equal(reader_next_handle(&reader, UINT32_MAX), 0);
    assert_null(reader_handle(&reader, gone));
    const struct handle_record *dead = reader_handle(&reader, band);
    assert_ptr_equal(reader_killer(&reader, dead), reader_handle(&reader, dataset));
    assert_string_equal(reader_string(&reader, reader_killer(&reader, dead)->label), "a.tif");
    struct reader_edges up = reader_parents(&reader, band), down = reader_children(&reader, dataset);
    assert_int_equal(reader_next_edge(&up)->parent, dataset);
    assert_null(reader_next_edge(&up));
    assert_int_equal(reader_next_edge(&down)->child, band);
    assert_null(reader_next_edge(&down));
    uint32_t steps = 0;
    assert_int_equal(reader_next_held(&reader, 0, &steps), held);
    assert_int_equal(reader_next_held(&reader, held, &steps), 0);

    struct reader_stack frames;
    struct reader_python_frame python;
    uint64_t offset;
    assert_true(reader_stack(&reader, dead->death_stack, &frames));
    assert_int_equal(frames.flags, STACK_TRUNCATED_PYTHON);
    assert_int_equal(frames.python_count, 1);
    assert_true(reader_python_frame(&reader, frames.python[0], &python));
    assert_string_equal(python.file, "a.py");
    assert_string_equal(python.function, "main");
    assert_int_equal(python.line, 3);
    assert_int_equal(frames.native_count, 1);
    const struct module_record *where = reader_native_frame(&reader, frames.native[0], &offset);
    assert_string_equal(reader_string(&reader, where->path), "/lib/libgdal.so");
    assert_int_equal(offset, 0x123);
    reader_close(&reader);
}

static void a_killer_whose_record_is_another_handles_is_not_named(void **state)
{
    (void)state;
    handle_id dataset = born(0x10), layer = lent(dataset, 0x20);
    handle_bury(&tracker, dataset, CAUSE_FREED, 1, 1);
    handle_forget(&tracker, dataset);
    assert_int_equal(born(0x30), dataset); /* the record is used again */
    open_reader();
    assert_int_equal(reader_handle(&reader, layer)->killer, dataset);
    assert_null(reader_killer(&reader, reader_handle(&reader, layer)));
    reader_close(&reader);
}

static void events_come_oldest_first_and_the_last_stay(void **state)
{
    (void)state;
    uint32_t slots = tracker_header(&tracker)->sections[SECTION_EVENTS].capacity - 1;
    struct event_record event;
    for (uint64_t i = 0; i < 5; i++)
        tracker_event(&tracker, &(struct event_record){.type = EVENT_violation, .address = i, .rule = 101});
    open_reader();
    assert_int_equal(reader.event_begin, 0);
    assert_int_equal(reader.event_end, 5);
    for (uint64_t i = 0; i < 5; i++) {
        assert_true(reader_event(&reader, i, &event));
        assert_int_equal(event.address, i);
        assert_int_equal(event.thread, gettid());
        assert_true(event.time_ns >= reader.header.started_ns);
    }
    assert_false(reader_event(&reader, 5, &event));
    reader_close(&reader);

    for (uint64_t i = 5; i < 3 * (uint64_t)slots; i++)
        tracker_event(&tracker, &(struct event_record){.type = EVENT_violation, .address = i});
    open_reader();
    assert_int_equal(reader.event_end, 3 * slots);
    assert_int_equal(reader.event_begin, 2 * slots + 1); /* but for the one that is next in turn */
    for (uint64_t i = reader.event_begin; i < reader.event_end; i++) {
        assert_true(reader_event(&reader, i, &event));
        assert_int_equal(event.address, i);
    }
    assert_false(reader_event(&reader, reader.event_begin - 1, &event));
    reader_close(&reader);
}

/* Each handle's label is its address as text and its stack its address twice: whatever is read must agree. */
static void write_without_end(void)
{
    for (uint64_t i = 1;; i = i % 5000 + 1) {
        char text[32];
        string_id label = tracker_string(&tracker, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)i));
        stack_id stack = tracker_stack(&tracker, (uint64_t[]){i, i}, 2, NULL, 0, 0);
        tracker_event(&tracker, &(struct event_record){.address = label, .label = label, .stack = stack});
    }
}

static void a_live_process_is_read_without_stopping_it(void **state)
{
    (void)state;
    pid_t writer = fork();
    if (writer == 0)
        write_without_end();
    uint64_t seen = 0;
    for (unsigned i = 0; i < 300 || seen < 1000; i++) {
        open_reader();
        struct event_record event;
        struct reader_stack stack;
        for (uint64_t number = reader.event_begin; number < reader.event_end; number++, seen++) {
            assert_true(reader_event(&reader, number, &event));
            assert_int_equal(event.address, event.label);
            if (event.label == 0 || event.stack == 0)
                continue; /* the small arena was full */
            assert_true(reader_stack(&reader, event.stack, &stack));
            assert_int_equal(stack.native[0], stack.native[1]);
            assert_int_equal(stack.native[0], strtoull(reader_string(&reader, event.label), NULL, 10));
        }
        reader_close(&reader);
    }
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    open_reader(); /* and after it was killed */
    assert_int_equal(reader.header.state, ARENA_LIVE);
    reader_close(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_is_there, with_file_arena, without_file_arena),
        cmocka_unit_test_setup_teardown(a_killer_whose_record_is_another_handles_is_not_named, with_file_arena,
                                        without_file_arena),
        cmocka_unit_test_setup_teardown(events_come_oldest_first_and_the_last_stay, with_file_arena, without_file_arena),
        cmocka_unit_test_setup_teardown(a_live_process_is_read_without_stopping_it, with_file_arena, without_file_arena),
    };
    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
