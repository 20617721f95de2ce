/* Checking arenas: a sound one has no fault in whatever state it is left, each broken promise is found and told with its place, and what one change leaves open is
 * told as that. */
#include "check.h"
#include "unit.h"

static handle_id dataset, band, feature, held, buried;
static stack_id stack;

/* A small arena with something of everything. */
static int with_everything(void **state)
{
    with_file_arena(state);
    dataset = born(0x1000);
    band = lent(dataset, 0x1100);
    feature = dependant(dataset, 0x1200);
    held = born(0x1300);
    buried = born(0x1400);
    uint32_t frame = tracker_python_frame(&tracker, "file.py", 7, "function", 8, 12);
    uint32_t module = tracker_module(&tracker, "/lib/lib.so", 0x10000, 0x20000, NULL, 0);
    stack = tracker_stack(&tracker, (uint64_t[]){(uint64_t)module << 48 | 0x123, (uint64_t)module << 48 | 0x456}, 2, &frame, 1, 0);
    tracker_handle(&tracker, band)->birth_stack = stack;
    tracker_handle(&tracker, dataset)->label = tracker_string(&tracker, "a.tif", 5);
    handle_hold(&tracker, held, 1);
    handle_hold(&tracker, feature, 2);
    handle_bury(&tracker, buried, CAUSE_FREED, 1, stack);
    assert_true(fence_push(&tracker, 0x1400, 64, buried));
    handle_forget(&tracker, born(0x1500));
    edge_remove(&tracker, edge_add(&tracker, dataset, held, EDGE_ADVICE));
    tracker_event(&tracker, &(struct event_record){.type = EVENT_violation, .stack = stack, .label = tracker_handle(&tracker, dataset)->label});
    return 0;
}

static char told[4096];

static void remember(enum arena_fault fault, uint64_t offset, const char *sentence, void *context)
{
    (void)context;
    size_t used = strlen(told);
    snprintf(told + used, sizeof told - used, "%s at %llu: %s\n", fault == FAULT_DAMAGE ? "damage" : "unfinished", (unsigned long long)offset, sentence);
}

static struct arena_faults check(void)
{
    struct arena_image image;
    told[0] = '\0';
    if (!arena_image_read(&image, arena_path, error, sizeof error))
        fail_msg("the arena is not accepted: %s", error);
    assert_false(image.moving);
    struct arena_faults faults = arena_check(&image, remember, NULL);
    arena_image_free(&image);
    return faults;
}

static void assert_sound(void)
{
    struct arena_faults faults = check();
    if (faults.damaged != 0 || faults.unfinished != 0)
        fail_msg("a sound arena is said to have faults:\n%s", told);
}

static void nothing_is_wrong_with_a_sound_one(void **state)
{
    (void)state;
    assert_sound();
    while (fence_pop(&tracker) != 0)
        continue;
    assert_sound();
    handle_forget_tree(&tracker, dataset);
    assert_sound();
    uint64_t random = 1; /* a life at random */
    handle_id known[64] = {0};
    for (unsigned i = 0; i < 20000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        handle_id *one = &known[random >> 32 & 63], other = known[random >> 40 & 63];
        if (*one == 0)
            *one = born(0x10000 + (random >> 24 & 0xffff) * 16);
        else if ((random >> 60) < 7)
            edge_add(&tracker, other, *one, (enum edge_type)(1 + (random >> 50 & 3)));
        else if ((random >> 60) < 9)
            handle_hold(&tracker, *one, i);
        else if ((random >> 60) < 11 && (tracker_handle(&tracker, *one)->flags & HANDLE_FENCED) == 0) {
            handle_forget(&tracker, *one);
            *one = 0;
        } else if ((random >> 60) == 11 && tracker_handle(&tracker, *one)->state != HANDLE_BURIED) {
            handle_bury(&tracker, *one, CAUSE_FREED, 0, 0);
        }
        if (i % 1000 == 0)
            assert_sound();
    }
    assert_sound();
}

/* Change a number in the file; it must be found, and named by these words; then all is put right. */
static void assert_found(void *where, uint32_t value, const char *words)
{
    uint32_t before = *(uint32_t *)where;
    assert_int_not_equal(before, value);
    *(uint32_t *)where = value;
    struct arena_faults faults = check();
    *(uint32_t *)where = before;
    if (faults.damaged == 0 || strstr(told, words) == NULL)
        fail_msg("expected damage with \"%s\", found:\n%s", words, told[0] != '\0' ? told : "nothing");
}

static void each_broken_promise_is_found(void **state)
{
    (void)state;
    struct arena_header *header = tracker_header(&tracker);
    struct handle_record *one = tracker_handle(&tracker, dataset), *queued = tracker_handle(&tracker, held), *dead = tracker_handle(&tracker, buried);
    struct hold_record *waiting = tracker_hold(&tracker, held);
    struct arena_shard *home = &header->shards[one->shard]; /* one thread made all of it */
    uint32_t *kind_and_shard = (uint32_t *)(void *)&one->kind;
    uint32_t edge_id = one->first_child;
    struct edge_record *edge = tracker_edge(&tracker, edge_id);
    struct stack_record *stacked = tracker_record(&tracker, SECTION_STACKS, stack);
    uint64_t *words = section_data(&tracker, SECTION_WORDS);
    char *strings = section_data(&tracker, SECTION_STRINGS);
    struct string_index_record *index = tracker_record(&tracker, SECTION_STRING_INDEX, 1);

    assert_found(&header->sections[SECTION_HANDLES].used, header->sections[SECTION_HANDLES].capacity + 1, "records in use and room for");
    assert_found(&home->free_handles, 77777, "the list of free handles leads to");
    assert_found(&home->free_handles, 0, "not in the list of free ones: it is lost");
    assert_found(&home->free_edges, edge_id, "in use, and in the list of free ones");
    assert_found(&header->sections[SECTION_EVENTS].used, 5, "handed out as a whole");
    assert_found(&one->next, dataset, "its chain is a circle");
    assert_found((uint32_t *)&one->address, 0x77770, "where its hash does not lead");
    assert_found(&one->birth_stack, 999, "names a stack that is not there");
    assert_found(&one->label, one->label + 1, "the label of handle");
    assert_found(kind_and_shard, *kind_and_shard ^ 0x100, "joins handles of two shards");
    assert_found(kind_and_shard, *kind_and_shard | 0xff00, "in a shard that there is not");
    assert_found(&one->killer, 1u << 30, "names a handle that is not there");
    assert_found(&one->first_child, 0, "in no list of its parent");
    assert_found(&one->first_child, 4000000, "relation 4000000 does not belong there");
    assert_found(&edge->next_of_parent, edge_id, "does not belong there, or is linked wrongly");
    assert_found(&edge->previous_of_parent, edge_id, "linked wrongly");
    assert_found(&edge->parent, band, "does not belong there");
    assert_found(&edge->child, held, "does not belong there");
    assert_found(&edge->type, 77, "of a sort that there is not");
    assert_found(&edge->type, edge->type | 1u << 16, "has it among the dead"); /* `dead` lies behind the type */
    assert_found(&edge->type, edge->type | 1u << 16, "lies behind those to the dead");
    assert_found(&edge->type, edge->type | 2u << 16, "neither dead nor not");
    assert_found(&waiting->next, 0, "the queue of postponed frees has");
    assert_found(&waiting->previous, dataset, "linked wrongly");
    assert_found(&waiting->handle, dataset, "of a handle that is not held");
    assert_found(&queued->hold, 1000, "does not belong there, or is linked wrongly");
    assert_found(&home->free_holds, queued->hold, "in use, and in the list of free ones");
    assert_found(&header->hold_count, 7, "should have 7");
    assert_found(&dead->flags, dead->flags & ~(uint32_t)HANDLE_FENCED, "which is not fenced");
    assert_found(&one->flags, one->flags | HANDLE_FENCED, "is fenced, and not buried");
    assert_found((uint32_t *)&header->fence_bytes, 65, "bytes, and 65 are counted");
    assert_found((uint32_t *)&header->fence_tail, 1, "fences cover 0");
    assert_found(&stacked->first_word, 0x10000000, "and there are");
    assert_found((uint32_t *)&words[stacked->first_word], 999, "names a Python frame that is not there");
    assert_found((uint32_t *)&words[stacked->first_word + 1] + 1, 0x7fff0000, "names a module that is not there");
    assert_found((uint32_t *)(void *)(strings + 1), 0x41414141, "string 1");
    assert_found(&index->length, 100000, "and there are");
    assert_found(&index->next, 1, "its chain is a circle");
    assert_found(&((struct event_record *)section_data(&tracker, SECTION_EVENTS))[1].type, 1000, "event 0 has an unknown type");
    assert_found(&((struct module_record *)tracker_record(&tracker, SECTION_MODULES, 1))->build_id_bytes, 25, "a build id of 25 bytes");
    /* Two that live in each other: each list is right by itself. */
    handle_id inner = lent(band, 0x1600);
    uint32_t back = edge_add(&tracker, inner, born(0x1700), EDGE_BORROWED);
    struct edge_record *link = tracker_edge(&tracker, back);
    struct handle_record *outer = tracker_handle(&tracker, band);
    handle_id stranger = link->child;
    edge_remove(&tracker, back);
    handle_forget(&tracker, stranger);
    assert_sound();
    uint32_t circle = tracker_take_record(&tracker, SECTION_EDGES);
    *tracker_edge(&tracker, circle) = (struct edge_record){.parent = inner, .child = band, .previous_of_parent = circle, .next_of_child = outer->first_parent, .type = EDGE_BORROWED};
    tracker_handle(&tracker, inner)->first_child = circle;
    outer->first_parent = circle;
    outer->parents++;
    assert_true(check().damaged == 1 && strstr(told, "inside itself") != NULL);
}

/* Killed with the lock held: the same is no damage, unless it is more than one change can leave. */
static void a_change_that_was_not_finished_is_no_damage(void **state)
{
    (void)state;
    assert_true(tracker_lock(&tracker));
    tracker_header(&tracker)->hold_count++;
    struct arena_faults faults = check();
    assert_true(faults.damaged == 0 && faults.unfinished == 1);
    assert_non_null(strstr(told, "unfinished at "));
    tracker_handle(&tracker, dataset)->birth_stack = 999; /* no change leaves that */
    assert_true(check().damaged == 1);
    tracker_handle(&tracker, dataset)->birth_stack = 0;
    for (uint32_t id = 1; id < 40; id++)
        born(0x2000 + 16 * id);
    memset(section_data(&tracker, SECTION_HANDLE_BUCKETS), 0, tracker_header(&tracker)->sections[SECTION_HANDLE_BUCKETS].capacity * sizeof(uint32_t));
    assert_true(check().damaged != 0);
    tracker_unlock(&tracker);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_everything, without_file_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_wrong_with_a_sound_one), TEST(each_broken_promise_is_found), TEST(a_change_that_was_not_finished_is_no_damage),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
