/* Sets of young handles, from inside: one source of the shim is part of the test, with stand-ins for what lies around it. What whole programs meet
 * too seldom to show: an address that is somebody else's by now, a handle that may not come back from the tracker, and two threads at one set. */
#include "../../shim/young.c"
#include "unit.h"
#include <pthread.h>

struct tracker holdfast_tracker;
struct options holdfast_options;
struct quick_tables quick_tables;
_Atomic uint64_t *_Atomic wide_cache;
_Atomic uintptr_t lender_cache[GOOD_SLOTS];
_Atomic uint16_t tree_of[GOOD_SLOTS];
__thread struct fence_watch *fence_watching;
__thread struct provider *calling_provider;
static const volatile char single_thread; /* 0: there may be several */
const volatile char *holdfast_single_thread = &single_thread;
const struct function_info function_table[FUNCTION_COUNT + 1] = {[1] = {.argument_count = 1}, [2] = {.argument_count = 1}};
const struct kind_info kind_table[KIND_COUNT] = {[KIND_geometry] = {.harmless = 1, .many = 1, .accepts = {UINT64_C(1) << KIND_geometry}}};

uint32_t stack_here(uintptr_t return_address) { return (uint32_t)return_address; }
void fence_light_arm_slowly(struct fence_watch *watch) { (void)watch; }
void fence_light_disarm_slowly(struct fence_watch *watch) { (void)watch; }
bool fence_light_is_armed(const struct fence_watch *watch) { return watch->arming != 0; }
void fence_free_block(uintptr_t block) { (void)block; }
void *find_real(struct provider *provider, enum function function) { (void)provider, (void)function; return NULL; }
struct provider *provider_by_number(unsigned number) { (void)number; return NULL; }
/* Ends of gifts that go another way than the usual one: programs/young_test.py has them. */
void call_gave(struct call *call, const uintptr_t *arguments, uintptr_t result, bool born) { (void)call, (void)arguments, (void)result, (void)born; }
void call_start(struct call *call, const struct view *of, enum function function, uintptr_t caller) { (void)of, (void)function, (void)caller; memset(call, 0, sizeof *call); }
void dying_end(struct call *call) { (void)call; }
void watch_start(struct call *call) { call->watch.entries = call->watch.inline_entries, call->watch.hits = call->watch.inline_hits; }
uint64_t operand_count(const struct operand *operand, const uintptr_t *arguments, uintptr_t result) { (void)operand, (void)arguments, (void)result; return 1; }
uintptr_t operand_member(const struct operand *operand, const uintptr_t *arguments, uintptr_t result, uint64_t index) { (void)result, (void)index; return arguments[operand->position]; }
void wide_forget(uintptr_t address) { (void)address; }
void wide_keep(_Atomic uint64_t *slot, uint64_t left) { (void)slot, (void)left; }
bool wide_known(const struct view *view, uintptr_t address, uint8_t kind) { (void)view, (void)address, (void)kind; return false; }
void growth_count_births(unsigned grown_up) { (void)grown_up; }
bool hold_any(void) { return false; }
void hold_children_may_be_gone(uint32_t ancestor, uint32_t serial) { (void)ancestor, (void)serial; }
void hold_grown_up(handle_id id, uintptr_t argument, bool grace) { (void)argument, (void)grace; handle_hold(TRACKER, id, 1); }
void lifecycle_expect_exit(void) {}
void loan_remember(uintptr_t parent, uintptr_t child) { (void)parent, (void)child; }
_Atomic uint32_t python_pending_proxies;
void python_settle_pending(void) {}
void tree_forget(uintptr_t address) { (void)address; }
struct control_block holdfast_control;
void control_look_slowly(void) {}
uint64_t memory_resident(const volatile void *memory, size_t bytes) { (void)memory, (void)bytes; return 0; }
handle_id owner_of(handle_id id) { return id; }
void describe_handle(handle_id id, char *buffer, size_t bytes) { (void)id, (void)buffer, (void)bytes; }
int true_count(const struct view *view, enum kind kind, uintptr_t address) { (void)view, (void)kind, (void)address; return 1; }

static BIRTH struct young_birth plain = {.function = 1, .kind = KIND_geometry};
static const struct view view = {.number = 1};
#define POINT UINT64_C(0x10000)

static int with_tracker(void **state)
{
    (void)state;
    mine = NULL; /* the sets stay, and one is taken over empty */
    for (unsigned i = 0; i < SETS && sets[i] != NULL; i++)
        reset(sets[i]);
    holdfast_tracker = (struct tracker){0};
    holdfast_options = (struct options){.young = 1024, .fence_max = 8192, .fence_bytes = 1 << 20, .grace_max = 16, .hold_max = 64};
    return tracker_open(TRACKER, NULL, TEST_ARENA_BYTES, "unit test", error, sizeof error) ? 0 : -1;
}

static int without_tracker(void **state)
{
    (void)state;
    tracker_close(TRACKER);
    return 0;
}

static void is_born(uintptr_t caller)
{
    assert_true(young_born(&view, &plain, caller, POINT, 0, 0, 0));
}

static void a_proxy_lets_go_of_its_own_handle_alone(void **state)
{
    (void)state;
    uint32_t former = 0, present = 0;
    struct young_due due;
    is_born(1);
    assert_true(young_holder_add(POINT, 1, &former));
    is_born(2); /* the first died unseen, and this one has its address */
    assert_true(young_holder_add(POINT, 1, &present));
    assert_int_not_equal(former, present);
    assert_false(young_holder_drop(POINT, former, &due));
    assert_int_equal(mine->entries[lookup(mine, POINT)].holders, 1);
    assert_true(young_holder_drop(POINT, present, &due));
    assert_int_equal(mine->entries[lookup(mine, POINT)].holders, 0);
}

static enum young_outcome try_to_free(void)
{
    struct young_death death;
    enum young_outcome outcome = young_dying(&death, &view, (enum function)2, KIND_geometry, 3, POINT, false);
    young_died(&death);
    return outcome;
}

/* It grew up, and is alone in the tracker: then it may die here all the same, unless the tracker has more to say of it. */
static void only_what_lives_comes_back_to_die_young(void **state)
{
    (void)state;
    is_born(1);
    young_settle();
    handle_id id = handle_find(TRACKER, POINT, NULL, NULL);
    assert_int_not_equal(id, 0);
    assert_non_null(handle_hold(TRACKER, id, 1)); /* its free waits: freed again it is a mistake, not a death */
    assert_int_equal(try_to_free(), YOUNG_NO);
    assert_int_equal(tracker_handle(TRACKER, id)->state, HANDLE_HELD);
    assert_int_equal(tracker_header(TRACKER)->hold_count, 1);
    handle_unhold(TRACKER, id);
    tracker_handle(TRACKER, id)->references = 1;
    assert_int_equal(try_to_free(), YOUNG_NO);
    tracker_handle(TRACKER, id)->references = 0;
    assert_int_equal(try_to_free(), YOUNG_GOES);
    assert_int_equal(tracker_handle(TRACKER, id)->state, HANDLE_BURIED); /* no block was seen freed: nothing keeps the address */
}

static void what_lent_something_is_not_bare(void **state)
{
    (void)state;
    static BIRTH struct young_birth lent = {.function = 2, .kind = KIND_geometry, .borrowed = true};
    assert_false(young_is_bare(POINT));
    is_born(1);
    assert_true(young_is_bare(POINT));
    assert_true(young_lent(&view, &lent, 1, POINT + 64, POINT, 0));
    assert_false(young_is_bare(POINT));
    assert_true(young_is_bare(POINT + 64));
    assert_true(young_born(&view, &plain, 1, POINT + 256, POINT + 64, 0, 0)); /* depends on it */
    assert_false(young_is_bare(POINT + 64));
    young_settle();
    assert_false(young_is_bare(POINT + 256));
}

static void only_what_hangs_on_a_handle_grows_up_with_its_end(void **state)
{
    (void)state;
    const uintptr_t lender = 0x900000, other = 0xa00000, hanging = POINT + 64, below = POINT + 128, apart = POINT + 192;
    is_born(1); /* on nothing */
    assert_true(young_born(&view, &plain, 1, hanging, lender, 0, 0));
    assert_true(young_born(&view, &plain, 1, below, hanging, 0, 0));
    assert_true(young_born(&view, &plain, 1, apart, other, lender + 4096 * 16, 0));
    young_settle_dependants(POINT);
    assert_int_equal(atomic_load(&mine->live), 4);
    young_settle_dependants(lender);
    assert_int_not_equal(handle_find(TRACKER, hanging, NULL, NULL), 0);
    assert_int_not_equal(handle_find(TRACKER, below, NULL, NULL), 0); /* by what hangs on the first */
    assert_int_equal(handle_find(TRACKER, apart, NULL, NULL), 0);
    assert_int_equal(handle_find(TRACKER, POINT, NULL, NULL), 0);
    assert_int_equal(atomic_load(&mine->outside), 1);
    young_settle();
    for (unsigned i = 0; i < HANGING_SLOTS; i++)
        assert_int_equal(mine->hanging[i].count, 0);
}

static const uintptr_t stranger = 0x900000;

static void *one_that_hangs(void *set)
{
    assert_true(young_born(&view, &plain, 1, POINT + 64, stranger, 0, 0));
    *(struct young_set **)set = mine;
    return NULL;
}

static struct young_set *of_another_thread(void)
{
    pthread_t owner;
    struct young_set *set = NULL;
    assert_int_equal(pthread_create(&owner, NULL, one_that_hangs, &set), 0);
    pthread_join(owner, NULL);
    return set;
}

/* Two addresses have the same slot now and then; a set that gave nothing must not be punished for it, and is not even entered. */
static void what_hangs_on_something_else_is_left_alone(void **state)
{
    (void)state;
    struct young_set *set = of_another_thread();
    uintptr_t alike = stranger + 16;
    while (hanging_slot(alike) != hanging_slot(stranger))
        alike += 16;
    struct hanging wanted = {.count = 0};
    look_for(&wanted, alike);
    assert_false(seems_to_hang(set, &wanted));
    set->hanging[hanging_slot(stranger)].tag = TAG_MIXED; /* as if both had hung there at once */
    young_settle_dependants(alike);
    assert_int_equal(atomic_load(&set->live), 1);
    assert_int_equal(set->resting, 0);
    young_settle_dependants(stranger);
    assert_int_equal(atomic_load(&set->live), 0);
    assert_int_equal(set->resting, 32);
}

/* More handles than are listed: then by their slots, and no less is found. */
static void what_hangs_on_one_of_many_is_found(void **state)
{
    (void)state;
    struct young_set *set = of_another_thread();
    handle_id root = handle_add(TRACKER, 0x700000, KIND_geometry, 1);
    for (unsigned i = 0; i < 2 * WANTED_LISTED; i++)
        edge_add(TRACKER, root, handle_add(TRACKER, i == 0 ? stranger : 0x1000000 + i * 64, KIND_geometry, 1), EDGE_BORROWED);
    young_settle_dependants(0x700000);
    assert_int_equal(atomic_load(&set->live), 0);
}

static void who_is_seldom_taken_from_rests_briefly(void **state)
{
    (void)state;
    struct young_set *set = of_another_thread();
    for (unsigned i = 0; i < 10; i++)
        leave_other(set, true);
    assert_int_equal(set->resting, 1024);
    set->counts[COUNT_LOANS] += STEALS_FEW;
    leave_other(set, true);
    assert_int_equal(set->resting, 1024);
    set->counts[COUNT_LOANS] += STEALS_FEW + 1;
    leave_other(set, true);
    assert_int_equal(set->resting, 32);
}

/* ---- one thread in its set without an atomic operation, another one that wants in ------------------------------------------ */

#define TRIES 1000
#define FAR_BYTES (UINT32_C(64) << 20)
static uint8_t far_away[FAR_BYTES];
static struct young_set *_Atomic shared;
static _Atomic bool stop;
static _Atomic bool inside; /* the owner is */
static _Atomic uint32_t rounds; /* of the owner */

static void wait_for(unsigned turns)
{
    for (unsigned i = 0; i < turns; i++)
        __asm__ volatile("");
}

/* Writes to memory that no cache has keep what is written next from being seen for a while, as they would in a program that fills what it made. */
static void *own(void *unused)
{
    (void)unused;
    for (uint32_t round = 1; !atomic_load_explicit(&stop, memory_order_relaxed); round++) {
        for (uint32_t i = 0; i < 12; i++)
            *(volatile uint8_t *)&far_away[(round * 12 + i) * UINT32_C(2654435761) % FAR_BYTES] = 1;
        struct young_set *set = enter();
        if (set == NULL)
            continue;
        atomic_store_explicit(&inside, true, memory_order_relaxed);
        atomic_store(&shared, set);
        wait_for(1000);
        atomic_store_explicit(&inside, false, memory_order_relaxed);
        leave(set);
        atomic_store(&rounds, round);
    }
    return NULL;
}

/* Without the barrier the owner's `busy` may still be on its way to memory when it already looked at `wanted`: then both are in. */
static void two_threads_are_never_in_one_set(void **state)
{
    (void)state;
    pthread_t owner;
    atomic_store(&shared, NULL);
    atomic_store(&stop, false);
    memset(far_away, 1, sizeof far_away); /* pages that are there: to get them would take longer than all the rest */
    assert_int_equal(pthread_create(&owner, NULL, own, NULL), 0);
    while (atomic_load(&shared) == NULL)
        sched_yield();
    struct young_set *set = shared;
    unsigned both = 0, entered = 0, last = 0;
    for (unsigned i = 0; i < TRIES; i++) {
        for (unsigned spins = 0; atomic_load(&rounds) == last; spins++) /* so that it is about to go in once more */
            if (spins > 10000)
                sched_yield();
        last = atomic_load(&rounds);
        wait_for(i * 7 % 3001);
        if (!enter_other(set))
            continue;
        entered++;
        for (unsigned look = 0; look < 300; look++)
            both += atomic_load_explicit(&inside, memory_order_relaxed);
        leave_other(set, true);
    }
    atomic_store(&stop, true);
    pthread_join(owner, NULL);
    assert_true(entered > 0);
    assert_int_equal(both, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_tracker, without_tracker)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_proxy_lets_go_of_its_own_handle_alone),
        TEST(only_what_lives_comes_back_to_die_young),
        TEST(what_lent_something_is_not_bare),
        TEST(only_what_hangs_on_a_handle_grows_up_with_its_end),
        TEST(what_hangs_on_something_else_is_left_alone),
        TEST(what_hangs_on_one_of_many_is_found),
        TEST(who_is_seldom_taken_from_rests_briefly),
        TEST(two_threads_are_never_in_one_set),
    };
    return cmocka_run_group_tests_name("young_sets", tests, NULL, NULL);
}
