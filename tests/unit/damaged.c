/* The reader on bad files: each is refused with a sentence that says why, or read without a crash and without an endless walk. */
#include "unit.h"

static uint8_t *image;
static size_t image_bytes;

/* A small arena with something of everything, closed, and its bytes in `image`. */
static int with_image(void **state)
{
    with_file_arena(state);
    handle_id dataset = born(0x10);
    for (unsigned i = 0; i < 50; i++) {
        char text[32];
        size_t length = (size_t)snprintf(text, sizeof text, "band %u", i);
        handle_id band = lent(dataset, 0x100 + 16 * i);
        uint32_t frame = tracker_python_frame(&tracker, text, length, text, length, i);
        tracker_handle(&tracker, band)->label = tracker_string(&tracker, text, length);
        tracker_module(&tracker, text, i, i + 1, NULL, 0);
        stack_id stack = tracker_stack(&tracker, (uint64_t[]){UINT64_C(1) << 48 | i, i}, 2, &frame, 1, 0);
        tracker_handle(&tracker, band)->birth_stack = stack;
        tracker_event(&tracker, &(struct event_record){.type = EVENT_violation, .stack = stack, .label = 1});
        handle_hold(&tracker, band, i);
    }
    tracker_close(&tracker);
    int file = open(arena_path, O_RDONLY);
    image_bytes = ARENA_MINIMUM_BYTES;
    image = malloc(image_bytes);
    assert_int_equal(read(file, image, image_bytes), image_bytes);
    close(file);
    return 0;
}

static int without_image(void **state)
{
    (void)state;
    free(image);
    remove_arena_path();
    return 0;
}

static void write_file(size_t bytes)
{
    int file = open(arena_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(file, image, bytes), bytes);
    close(file);
}

static void assert_refused(const char *why)
{
    struct reader reader;
    error[0] = '\0';
    if (reader_open(&reader, arena_path, error, sizeof error))
        fail_msg("a bad file was accepted; expected \"%s\"", why);
    if (strstr(error, why) == NULL || strstr(error, arena_path) == NULL)
        fail_msg("expected \"%s\" about %s, got \"%s\"", why, arena_path, error);
}

static struct arena_header *header(void)
{
    return (struct arena_header *)(void *)image;
}

static void other_files_are_refused(void **state)
{
    (void)state;
    write_file(0);
    assert_refused("is empty");
    memcpy(image, "\x7f" "ELF\2\1\1\0", 8);
    write_file(image_bytes);
    assert_refused("is no arena of Holdfast");
    write_file(3);
    assert_refused("is no arena of Holdfast");
    unlink(arena_path);
    assert_refused("cannot open");
    assert_int_equal(mkfifo(arena_path, 0600), 0);
    assert_refused("is not a regular file");
}

static void another_version_is_named(void **state)
{
    (void)state;
    header()->version = ARENA_VERSION + 1;
    write_file(image_bytes);
    char expected[128];
    snprintf(expected, sizeof expected, "written by Holdfast with arena version %u; this build reads %u", ARENA_VERSION + 1, ARENA_VERSION);
    assert_refused(expected);
    write_file(20);
    snprintf(expected, sizeof expected, "arena version %u", ARENA_VERSION + 1);
    assert_refused(expected);
}

static void truncated_files_are_refused(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes < image_bytes; bytes += bytes < 5000 ? 7 : 1999) {
        write_file(bytes);
        assert_refused("is truncated");
    }
    write_file(image_bytes - 1);
    assert_refused("it has 262143 of 262144 bytes");
}

static void torn_headers_are_refused(void **state)
{
    (void)state;
    header()->state = ARENA_BUILDING;
    write_file(image_bytes);
    assert_refused("is not finished");
    header()->state = ARENA_LIVE;
    header()->sections[SECTION_EVENTS].capacity++;
    write_file(image_bytes);
    assert_refused("has a damaged header");
    header()->sections[SECTION_EVENTS].capacity--;
    header()->total_bytes = UINT64_MAX;
    write_file(image_bytes);
    assert_refused("is truncated");
    /* A valid sum over sections that do not fit: made on purpose. */
    header()->total_bytes = 70000;
    write_file(image_bytes);
    assert_refused("its sections do not fit");
    header()->total_bytes = image_bytes;
    header()->sections[SECTION_FENCES].capacity += 10000;
    header()->sections[SECTION_FENCES].used += 10000;
    header()->layout_sum = arena_layout_sum(header()->sections);
    write_file(image_bytes);
    assert_refused("its sections do not fit");
    header()->sections[SECTION_FENCES].capacity = 4;
    header()->sections[SECTION_FENCES].record_bytes = 8;
    header()->layout_sum = arena_layout_sum(header()->sections);
    write_file(image_bytes);
    assert_refused("its sections do not fit");
}

/* All that a tool would do; ends only if every walk does. */
static void read_everything(const struct reader *reader)
{
    size_t sum = 0;
    uint32_t limit = reader->sections[SECTION_HANDLES].used + reader->sections[SECTION_EDGES].used;
    for (uint32_t id = 0; (id = reader_next_handle(reader, id)) != 0;) {
        const struct handle_record *handle = reader_handle(reader, id);
        assert_in_range(handle->state, HANDLE_LIVE, HANDLE_BURIED);
        assert_in_range(handle->cause, CAUSE_NONE, CAUSE_REPLACED);
        sum += strlen(reader_string(reader, handle->label)) + (reader_killer(reader, handle) != NULL);
        struct reader_edges edges[] = {reader_children(reader, id), reader_parents(reader, id)};
        for (unsigned i = 0; i < 2; i++)
            for (uint32_t steps = 0; reader_next_edge(&edges[i]) != NULL; steps++)
                assert_true(steps <= limit);
        struct reader_stack stack;
        if (!reader_stack(reader, handle->birth_stack, &stack))
            continue;
        struct reader_python_frame frame;
        for (unsigned i = 0; i < stack.python_count; i++)
            if (reader_python_frame(reader, stack.python[i], &frame))
                sum += strlen(frame.file) + strlen(frame.function);
        uint64_t offset;
        for (unsigned i = 0; i < stack.native_count; i++) {
            const struct module_record *module = reader_native_frame(reader, stack.native[i], &offset);
            if (module == NULL)
                continue;
            assert_true(module->build_id_bytes <= sizeof module->build_id);
            sum += strlen(reader_string(reader, module->path));
        }
    }
    uint32_t steps = 0;
    for (uint32_t id = 0; (id = reader_next_held(reader, id, &steps)) != 0;)
        assert_true(steps <= limit);
    struct event_record event;
    for (uint64_t number = reader->event_begin; number < reader->event_end; number++) {
        assert_true(reader_event(reader, number, &event));
        assert_in_range(event.type, 0, EVENT_TYPE_COUNT - 1);
        assert_in_range(event.action, 0, ACTION_COUNT - 1);
    }
    assert_true(sum < SIZE_MAX);
}

/* Write `bytes` of `value` over the file at `offset`, read it, and put the file right again. */
static unsigned try_damage(int file, size_t offset, const void *value, size_t bytes)
{
    struct reader reader;
    assert_int_equal(pwrite(file, value, bytes, (off_t)offset), bytes);
    bool opened = reader_open(&reader, arena_path, error, sizeof error);
    if (opened) {
        read_everything(&reader);
        reader_close(&reader);
    }
    assert_int_equal(pwrite(file, image + offset, bytes, (off_t)offset), bytes);
    return opened;
}

static void no_damage_crashes_the_reader(void **state)
{
    (void)state;
    int file = open(arena_path, O_RDWR);
    unsigned opened = 0, tried = 0;
    uint64_t random = 0x243f6a8885a308d3;
    /* Header: every 8 bytes. Behind it every 8 bytes of what is in use, that is of the start of each section. */
    for (int section = -1; section < SECTION_COUNT; section++) {
        size_t begin = section < 0 ? 0 : header()->sections[section].offset;
        size_t end = begin + (section < 0 ? sizeof(struct arena_header) : 1024);
        for (size_t offset = begin; offset + 8 <= end && offset + 8 <= image_bytes; offset += 8) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            const uint64_t values[] = {random, UINT64_MAX, random & 0x3f0000003f, 1 | UINT64_C(1) << 32};
            for (unsigned i = 0; i < 4; i++, tried++)
                opened += try_damage(file, offset, &values[i], 8);
        }
    }
    assert_true(opened > tried / 2);
    for (size_t offset = ARENA_HEADER_BYTES; offset < image_bytes; offset += 4096) { /* and whole pages of noise */
        uint64_t noise[512];
        for (unsigned i = 0; i < 512; i++)
            noise[i] = (random = random * 6364136223846793005u + 1442695040888963407u) >> (i % 3 * 20);
        assert_true(try_damage(file, offset, noise, sizeof noise));
    }
    close(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_image, without_image)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(other_files_are_refused), TEST(another_version_is_named),   TEST(truncated_files_are_refused),
        TEST(torn_headers_are_refused), TEST(no_damage_crashes_the_reader),
    };
    return cmocka_run_group_tests_name("damaged", tests, NULL, NULL);
}
