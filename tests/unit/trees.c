/* Two threads in one tree: shim/trees.c tells of both when it is certain, and of nothing else. Who interrupts whom, and where, is decided here:
 * the other thread's call runs to its end while this one is inside, and what happens in the middle of it happens where it takes its stack. */
#include "call.h"
#include "stack.h"
#include "unit.h"
#include <pthread.h>

struct tracker holdfast_tracker;
struct options holdfast_options;
struct quick_tables quick_tables;

struct call_cell no_cell; /* a thread without one never enters quickly */
__thread struct call_cell *call_cell = &no_cell;

enum { FUNCTION_read = 1, FUNCTION_ask, FUNCTION_draw, FUNCTION_transform, FUNCTION_copy };
const struct function_info function_table[FUNCTION_COUNT + 1] = {
    [FUNCTION_read] = {.argument_count = 1, .first_argument = 0},                  /* (dataset or band) */
    [FUNCTION_ask] = {.argument_count = 1, .first_argument = 0, .any_thread = 1},
    [FUNCTION_draw] = {.argument_count = 2, .first_argument = 1},                  /* (geometry, dataset) */
    [FUNCTION_transform] = {.argument_count = 1, .first_argument = 3},             /* (pj) */
    [FUNCTION_copy] = {.argument_count = 2, .first_argument = 4},                  /* (dataset, dataset) */
};
const uint8_t argument_kinds[] = {KIND_object, KIND_geometry, KIND_object, KIND_pj, KIND_object, KIND_object};
const struct variant_info variant_table[1];
const struct kind_info kind_table[KIND_COUNT] = {
    [KIND_object] = {.serial = 1}, [KIND_dataset] = {.serial = 1}, [KIND_band] = {.serial = 1}, [KIND_pj] = {.serial = 1}, [KIND_proj_context] = {.serial = 1}, [KIND_geometry] = {.words = "geometry"},
};

handle_id find_handle(uintptr_t address, uint8_t expected)
{
    (void)expected;
    return handle_find(TRACKER, address, NULL, NULL);
}

bool young_lock_near(const uintptr_t *addresses, unsigned count) { return tracker_lock_near(TRACKER, addresses, count); }
bool young_lender(uintptr_t address, uintptr_t *lender, uint8_t *kind)
{
    (void)address, (void)lender, (void)kind;
    return false;
}

uint32_t stack_here(uintptr_t return_address)
{
    return (uint32_t)return_address;
}

static void (*meanwhile)(void); /* while the other thread takes its stack */

stack_id call_stack(struct call *call)
{
    if (meanwhile != NULL)
        meanwhile();
    return (stack_id)call->caller;
}

void violation_describe(struct violation *violation, unsigned rule, uint16_t function, handle_id id, handle_id dead)
{
    violation->rule = rule;
    violation->function = function;
    violation->address = tracker_handle(TRACKER, id)->address;
    violation->parent_address = tracker_handle(TRACKER, dead)->address;
}

static struct violation told;
static unsigned reports;

bool report_violation(const struct violation *violation, char *sentence, size_t bytes)
{
    (void)sentence, (void)bytes;
    told = *violation;
    reports++;
    return true;
}

/* ---- what the tests say ------------------------------------------------------------------------------------------------- */

#define DATASET 0x1000u
#define BAND 0x2000u
#define OTHER_DATASET 0x3000u
#define CONTEXT 0x4000u
#define PJ 0x5000u
#define GEOMETRY 0x6000u
static const struct view view = {.number = 1, .tag = (uint64_t)1 << 56};
static handle_id dataset, band, other_dataset;
static struct tree_use inside;

static handle_id make(uintptr_t address, uint8_t kind, handle_id parent, enum edge_type type)
{
    handle_id id = handle_add(TRACKER, address, kind, 1);
    if (parent != 0)
        assert_int_not_equal(edge_add(TRACKER, parent, id, type), 0);
    return id;
}

static int two_datasets(void **state)
{
    static const char several;
    (void)state;
    holdfast_single_thread = &several;
    with_arena(NULL);
    holdfast_tracker = tracker;
    memset(good_cache, 0, sizeof good_cache);
    tree_after_fork_child();
    for (uintptr_t address = DATASET; address <= GEOMETRY; address += 0x1000)
        tree_forget(address);
    meanwhile = NULL;
    reports = 0;
    dataset = make(DATASET, KIND_dataset, 0, EDGE_BORROWED);
    band = make(BAND, KIND_band, dataset, EDGE_BORROWED);
    other_dataset = make(OTHER_DATASET, KIND_dataset, 0, EDGE_BORROWED);
    return 0;
}

static int no_datasets(void **state)
{
    tracker = holdfast_tracker;
    return without_arena(state);
}

static struct tree_use enter(unsigned function, uintptr_t first, uintptr_t second)
{
    struct call call = {.view = &view, .function = (enum function)function, .caller = 100 + function};
    uintptr_t arguments[] = {first, second};
    struct tree_use use = {0};
    tree_enter(&call, arguments, &use);
    return use;
}

struct visit {
    unsigned function;
    uintptr_t first, second;
};

static void *visit(void *context)
{
    const struct visit *visit = context;
    struct tree_use use = enter(visit->function, visit->first, visit->second);
    tree_leave(&use);
    return NULL;
}

/* A whole call of another thread. */
static void another_thread(unsigned function, uintptr_t first, uintptr_t second)
{
    struct visit context = {function, first, second};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, visit, &context), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void is_remembered(uintptr_t address, uint8_t kind)
{
    atomic_store(&good_cache[good_index(address)], good_entry(address, view.number, kind));
    struct tree_use use = enter(FUNCTION_read, address, 0);
    tree_leave(&use);
}

static void gets_another_parent(handle_id id, handle_id parent)
{
    edges_remove_to_parents(TRACKER, id);
    assert_int_not_equal(edge_add(TRACKER, parent, id, EDGE_BORROWED), 0);
}

/* ---- told --------------------------------------------------------------------------------------------------------------- */

static void both_are_told(void **state)
{
    (void)state;
    struct tree_use use = enter(FUNCTION_read, DATASET, 0);
    another_thread(FUNCTION_read, BAND, 0);
    assert_int_equal(reports, 0); /* the one inside tells */
    tree_leave(&use);
    assert_int_equal(reports, 1);
    assert_int_equal(told.rule, 112);
    assert_int_equal(told.address, BAND);
    assert_int_equal(told.parent_address, DATASET);
    assert_true(told.has_other);
    assert_int_equal(told.used, 100 + FUNCTION_read);
    assert_int_equal(told.other_thread, tracker_thread());
    use = enter(FUNCTION_read, DATASET, 0);
    tree_leave(&use);
    assert_int_equal(reports, 1); /* once */
}

static void a_remembered_tree_is_told(void **state)
{
    (void)state;
    is_remembered(BAND, KIND_object);
    struct tree_use use = enter(FUNCTION_read, BAND, 0);
    another_thread(FUNCTION_read, BAND, 0);
    tree_leave(&use);
    assert_int_equal(reports, 1);
}

static void what_depends_is_of_the_tree(void **state)
{
    (void)state;
    make(PJ, KIND_pj, make(CONTEXT, KIND_proj_context, 0, EDGE_BORROWED), EDGE_DEPENDANT);
    struct tree_use use = enter(FUNCTION_read, CONTEXT, 0);
    another_thread(FUNCTION_transform, PJ, 0);
    tree_leave(&use);
    assert_int_equal(reports, 1);
}

static void the_first_handle_of_a_tree_counts(void **state)
{
    (void)state;
    make(GEOMETRY, KIND_geometry, 0, EDGE_BORROWED);
    struct tree_use use = enter(FUNCTION_read, DATASET, 0);
    another_thread(FUNCTION_draw, GEOMETRY, DATASET);
    tree_leave(&use);
    use = enter(FUNCTION_read, DATASET, 0);
    another_thread(FUNCTION_draw, 0, DATASET);
    tree_leave(&use);
    tracker_handle(TRACKER, other_dataset)->flags |= HANDLE_THREADSAFE;
    use = enter(FUNCTION_read, DATASET, 0);
    another_thread(FUNCTION_copy, OTHER_DATASET, DATASET);
    tree_leave(&use);
    assert_int_equal(reports, 3);
}

/* ---- not told ----------------------------------------------------------------------------------------------------------- */

static void a_single_thread_leaves_no_trace(void **state)
{
    static const char alone_now = 1;
    (void)state;
    holdfast_single_thread = &alone_now;
    assert_int_equal(enter(FUNCTION_read, DATASET, 0).slot, 0);
}

static void other_trees_are_not_told(void **state)
{
    (void)state;
    struct tree_use use = enter(FUNCTION_read, DATASET, 0);
    another_thread(FUNCTION_read, OTHER_DATASET, 0);
    tree_leave(&use);
    another_thread(FUNCTION_read, DATASET, 0); /* one after the other */
    assert_int_equal(reports, 0);
}

static void the_same_thread_comes_in_again(void **state)
{
    (void)state;
    struct tree_use use = enter(FUNCTION_read, DATASET, 0), inner = enter(FUNCTION_read, BAND, 0);
    tree_leave(&inner);
    tree_leave(&use);
    assert_int_equal(reports, 0);
}

static void what_never_changes_may_be_asked_by_any_thread(void **state)
{
    (void)state;
    struct tree_use use = enter(FUNCTION_read, DATASET, 0);
    another_thread(FUNCTION_ask, DATASET, 0);
    tree_leave(&use);
    use = enter(FUNCTION_ask, DATASET, 0);
    another_thread(FUNCTION_read, DATASET, 0);
    tree_leave(&use);
    assert_int_equal(reports, 0);
}

static void a_dataset_for_several_threads_is_no_tree(void **state)
{
    (void)state;
    tracker_handle(TRACKER, dataset)->flags |= HANDLE_THREADSAFE;
    struct tree_use use = enter(FUNCTION_read, DATASET, 0);
    another_thread(FUNCTION_read, BAND, 0);
    tree_leave(&use);
    assert_int_equal(reports, 0);
}

static void it_comes_out_and_in_again(void)
{
    meanwhile = NULL;
    tree_leave(&inside);
    inside = enter(FUNCTION_read, DATASET, 0);
}

static void a_note_that_came_too_late_is_not_told(void **state)
{
    (void)state;
    inside = enter(FUNCTION_read, DATASET, 0);
    meanwhile = it_comes_out_and_in_again;
    another_thread(FUNCTION_read, DATASET, 0);
    tree_leave(&inside);
    assert_int_equal(reports, 0);
    inside = enter(FUNCTION_read, DATASET, 0); /* and the note is out of the way of the next */
    another_thread(FUNCTION_read, DATASET, 0);
    tree_leave(&inside);
    assert_int_equal(reports, 1);
}

static void the_one_that_notes_looks_again(void **state)
{
    (void)state;
    is_remembered(BAND, KIND_object);
    gets_another_parent(band, other_dataset);
    struct tree_use use = enter(FUNCTION_read, DATASET, 0);
    another_thread(FUNCTION_read, BAND, 0);
    tree_leave(&use);
    assert_int_equal(reports, 0);
}

static void the_one_inside_looks_again(void **state)
{
    (void)state;
    is_remembered(BAND, KIND_object);
    gets_another_parent(band, other_dataset);
    struct tree_use use = enter(FUNCTION_read, BAND, 0);
    another_thread(FUNCTION_read, DATASET, 0);
    tree_leave(&use);
    assert_int_equal(reports, 0);
}

/* Trees share the words that say who is inside. */
static void the_one_inside_compares_roots(void **state)
{
    (void)state;
    handle_id last = 0;
    uint16_t slot = enter(FUNCTION_read, DATASET, 0).slot;
    tree_after_fork_child();
    for (uintptr_t address = 0x100000; last == 0; address += 16)
    {
        handle_id id = make(address, KIND_dataset, 0, EDGE_BORROWED);
        struct tree_use use = enter(FUNCTION_read, address, 0);
        last = use.slot == slot ? id : 0;
        tree_leave(&use);
    }
    struct tree_use use = enter(FUNCTION_read, DATASET, 0);
    another_thread(FUNCTION_read, tracker_handle(TRACKER, last)->address, 0);
    tree_leave(&use);
    assert_int_equal(reports, 0);
}

static void a_new_handle_is_of_a_new_tree(void **state)
{
    (void)state;
    is_remembered(BAND, KIND_object);
    gets_another_parent(band, other_dataset);
    tree_forget(BAND);
    struct tree_use use = enter(FUNCTION_read, OTHER_DATASET, 0);
    another_thread(FUNCTION_read, BAND, 0);
    tree_leave(&use);
    assert_int_equal(reports, 1);
}

/* ---- without a locked operation ------------------------------------------------------------------------------------------ */

static bool enter_quickly(uintptr_t address, struct tree_use *use)
{
    static __thread struct call_cell mine;
    mine.thread = (uint32_t)tracker_thread();
    call_cell = &mine;
    *use = (struct tree_use){.function = FUNCTION_read, .kind = KIND_object, .caller = 200, .handle = address};
    return tree_enter_quickly(use, good_index(address), true);
}

static void quick_stays_are_told(void **state)
{
    struct tree_use use;
    (void)state;
    is_remembered(BAND, KIND_object);
    for (unsigned stay = 1; stay <= 3; stay++) {
        assert_true(enter_quickly(BAND, &use));
        another_thread(FUNCTION_read, DATASET, 0);
        tree_leave(&use);
        assert_int_equal(reports, stay);
        assert_int_equal(told.other, 200);
    }
    assert_true(enter_quickly(BAND, &use)); /* nobody else: not a word */
    tree_leave(&use);
    assert_int_equal(reports, 3);
}

static void one_after_the_other_is_not_told(void **state)
{
    struct tree_use use;
    (void)state;
    is_remembered(BAND, KIND_object);
    for (unsigned turn = 0; turn < 3; turn++) {
        another_thread(FUNCTION_read, BAND, 0);
        assert_true(enter_quickly(BAND, &use));
        tree_leave(&use);
    }
    assert_int_equal(reports, 0);
}

static void *try_quickly(void *context)
{
    struct tree_use use;
    *(bool *)context = enter_quickly(BAND, &use);
    return NULL;
}

static void what_is_not_certain_goes_slowly(void **state)
{
    struct tree_use use, inner;
    bool entered = true;
    pthread_t thread;
    (void)state;
    assert_false(enter_quickly(BAND, &use)); /* its tree is not known */
    is_remembered(BAND, KIND_object);
    assert_true(enter_quickly(BAND, &use));
    assert_false(enter_quickly(BAND, &inner)); /* inside already */
    assert_int_equal(pthread_create(&thread, NULL, try_quickly, &entered), 0);
    pthread_join(thread, NULL);
    assert_false(entered); /* another one is */
    tree_leave(&use);
    call_cell = &no_cell;
    use = (struct tree_use){.handle = BAND};
    assert_false(tree_enter_quickly(&use, good_index(BAND), true)); /* a thread without a number */
}

static void notes_that_nobody_waited_for_are_used_again(void **state)
{
    (void)state;
    /* The store of the thread that leaves comes between: its word is put back as if NOTED had never been set. */
    for (unsigned turn = 0; turn < 100; turn++) {
        struct tree_use use = enter(FUNCTION_read, DATASET, 0);
        another_thread(FUNCTION_read, BAND, 0);
        atomic_store(&tree_slots[use.slot].word, use.word & ~TREE_INSIDE);
    }
    struct tree_use use = enter(FUNCTION_read, DATASET, 0);
    another_thread(FUNCTION_read, BAND, 0);
    tree_leave(&use);
    assert_int_equal(reports, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, two_datasets, no_datasets)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_are_told),
        TEST(a_remembered_tree_is_told),
        TEST(what_depends_is_of_the_tree),
        TEST(the_first_handle_of_a_tree_counts),
        TEST(a_single_thread_leaves_no_trace),
        TEST(other_trees_are_not_told),
        TEST(the_same_thread_comes_in_again),
        TEST(what_never_changes_may_be_asked_by_any_thread),
        TEST(a_dataset_for_several_threads_is_no_tree),
        TEST(a_note_that_came_too_late_is_not_told),
        TEST(the_one_that_notes_looks_again),
        TEST(the_one_inside_looks_again),
        TEST(the_one_inside_compares_roots),
        TEST(a_new_handle_is_of_a_new_tree),
        TEST(quick_stays_are_told),
        TEST(one_after_the_other_is_not_told),
        TEST(what_is_not_certain_goes_slowly),
        TEST(notes_that_nobody_waited_for_are_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
