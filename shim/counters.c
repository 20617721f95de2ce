/* What Holdfast knows of its own work: see counters.h. */
#include "counters.h"
#include "context.h"
#include "crash.h"
#include "leaks.h"
#include "limits.h"
#include "provider.h"
#include "slots.h"
#include "stack.h"
#include "young.h"
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <ucontext.h>

static struct call_cell *cells; /* of the arena, by number from 1 on; NULL: there is none yet */
static unsigned cell_count;     /* the highest number */
/* For threads beyond the bound: shared, so some counts get lost, and of nobody, so that trees take them by the slow path. */
static struct call_cell crowd __attribute__((aligned(64))) = {.budget = CALL_BUDGET};
/* For all threads as long as there is no arena, because nobody outside the libraries called them. What it counted is lost. */
static struct call_cell early __attribute__((aligned(64))) = {.budget = CALL_BUDGET};
struct call_cell no_cell;
__thread struct call_cell *call_cell = &no_cell;
static __thread struct call_cell *own_cell __attribute__((tls_model("initial-exec")));

static bool take(struct call_cell *cell, uint32_t owner, uint32_t thread)
{
    if (!atomic_compare_exchange_strong(&cell->owner, &owner, thread))
        return false;
    if (cell->budget == 0)
        cell->budget = CALL_BUDGET;
    cell->until_timed = 16; /* not its very first visit, which finds out much that is known later */
    cell->thread = thread;
    return true;
}

static struct call_cell *find_cell(uint32_t thread)
{
    static _Atomic unsigned next; /* where the last search ended: threads that come and go find the dead one after the other */
    for (unsigned i = 1; i <= cell_count; i++)
        if (atomic_load_explicit(&cells[i].owner, memory_order_relaxed) == 0 && take(&cells[i], 0, thread))
            return &cells[i];
    for (unsigned i = 0; i < cell_count; i++)
    {
        struct call_cell *cell = &cells[atomic_fetch_add(&next, 1) % cell_count + 1];
        uint32_t owner = atomic_load(&cell->owner);
        if (slot_is_free((int32_t)owner, (int32_t)thread) && take(cell, owner, thread))
            return cell;
    }
    return &crowd;
}

static __attribute__((noinline)) struct call_cell *get_cell(void)
{
    struct call_cell *cell = find_cell((uint32_t)tracker_thread());
    if (cell != &crowd)
    {
        cell->function = 0;
        cell->handle = 0;
        prctl(PR_GET_NAME, cell->name, 0, 0, 0);
        crash_enter_thread((unsigned)(cell - cells));
    }
    return cell;
}

void counters_enter(void)
{
    if (unlikely(__atomic_load_n(&cells, __ATOMIC_ACQUIRE) == NULL))
    {
        call_cell = &early;
        early.budget--;
        return;
    }
    if (own_cell == NULL)
    {
        own_cell = &crowd; /* whatever interrupts */
        own_cell = get_cell();
    }
    call_cell = own_cell;
    call_cell->budget--;
}

unsigned counters_own(void)
{
    return own_cell != NULL && own_cell != &crowd ? (unsigned)(own_cell - cells) : 0;
}

const struct call_cell *counters_cell(unsigned number)
{
    return number != 0 && number <= cell_count && cells[number].budget != 0 ? &cells[number] : NULL;
}

unsigned counters_last(void)
{
    return cell_count;
}

/* ---- time ------------------------------------------------------------------------------------------------------------- */

#define TIMED_DISTANCE 64u
#define PUBLISH_DISTANCE 16u /* timed visits between two */

static uint64_t first_ticks, first_ns;
static bool clock_is_forbidden;

#if __has_attribute(noclone)
#define ONE_COPY __attribute__((noinline, noclone))
#else
#define ONE_COPY __attribute__((noinline)) /* clang makes no clones */
#endif

/* In one place, so that a fault there is known. */
static ONE_COPY uint64_t processor_ticks(void)
{
#if defined(__x86_64__)
    uint32_t low, high;
    __asm__ volatile(".globl counters_read_clock\n"
                     ".hidden counters_read_clock\n"
                     "counters_read_clock: rdtsc"
                     : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
#else
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#endif
}

bool counters_forgive_clock(void *context)
{
#if defined(__x86_64__)
    extern const uint8_t counters_read_clock[] __attribute__((visibility("hidden")));
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    if (registers[REG_RIP] != (greg_t)(uintptr_t)counters_read_clock)
        return false;
    registers[REG_RIP] += 2; /* bytes of rdtsc */
    registers[REG_RAX] = registers[REG_RDX] = 0;
    clock_is_forbidden = true;
    return true;
#else
    (void)context;
    return false;
#endif
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void counters_activate(void)
{
    first_ticks = processor_ticks();
    first_ns = now_ns();
    const struct arena_section_header *section = &tracker_header(&holdfast_tracker)->sections[SECTION_THREADS];
    cell_count = section->capacity - 1;
    __atomic_store_n(&cells, (struct call_cell *)(holdfast_tracker.base + section->offset), __ATOMIC_RELEASE);
    early.budget = 0; /* whoever has it comes by */
}

/* The distances' low bits are those of the clock: no pattern of the program can keep step with them. */
uint64_t visit_timed_begin(void)
{
    uint64_t start = clock_is_forbidden ? 0 : processor_ticks();
    call_cell->until_timed = TIMED_DISTANCE / 2 + (uint32_t)start % TIMED_DISTANCE;
    return clock_is_forbidden ? 0 : start | 1;
}

void visit_timed_end(uint64_t start)
{
    struct call_cell *cell = call_cell;
    uint64_t ticks = processor_ticks() - start;
    if (clock_is_forbidden)
        return; /* and the C library's clocks with it */
    if (ticks >> 40 == 0) { /* not one that slept for minutes in a signal handler, nor one whose clock went backwards */
        cell->timed_ticks += ticks;
        cell->timed_visits++;
    }
    if (cell->timed_visits % PUBLISH_DISTANCE == 1)
        counters_publish();
}

static void add_cell(const struct call_cell *cell, uint64_t *calls, uint64_t *visits, double *ticks)
{
    if (cell->budget == 0)
        return;
    *calls += (uint64_t)(CALL_BUDGET - cell->budget);
    *visits += cell->visits;
    if (cell->timed_visits != 0)
        *ticks += (double)cell->timed_ticks * (double)cell->visits / (double)cell->timed_visits;
}

/* Which copies of the libraries there are, for who reads the arena. What is known of them grows. */
static void tell_copies(void)
{
    struct arena_header *header = tracker_header(&holdfast_tracker);
    for (unsigned number = 1; number <= provider_count() && number < ARENA_COPIES; number++) {
        uintptr_t address = provider_address(number);
        if (address == 0)
            continue;
        const struct provider *provider = provider_by_number(number);
        struct arena_copy *copy = &header->copies[number];
        __atomic_store_n(&copy->version, __atomic_load_n(&provider->version, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
        if (__atomic_load_n(&copy->module, __ATOMIC_RELAXED) != 0)
            continue;
        strncpy(copy->library, library_table[provider->library].name, sizeof copy->library - 1);
        __atomic_store_n(&copy->module, (uint32_t)(stack_native_word(address) >> STACK_MODULE_SHIFT), __ATOMIC_RELEASE);
    }
}

void counters_publish(void)
{
    uint64_t calls = 0, visits = 0;
    double ticks = 0;
    if (holdfast_tracker.base == NULL)
        return;
    for (unsigned i = 1; i <= cell_count; i++)
        add_cell(&cells[i], &calls, &visits, &ticks);
    add_cell(&crowd, &calls, &visits, &ticks);
    young_publish();
    limits_look();
    tell_copies();
    growth_sample();
    uint64_t *counters = tracker_header(&holdfast_tracker)->counters, passed = processor_ticks() - first_ticks;
    __atomic_store_n(&counters[COUNTER_calls], calls, __ATOMIC_RELAXED);
    __atomic_store_n(&counters[COUNTER_visits], visits, __ATOMIC_RELAXED);
    __atomic_store_n(&counters[COUNTER_stacks_fast], stacks_fast_taken(), __ATOMIC_RELAXED);
    if (passed != 0)
        __atomic_store_n(&counters[COUNTER_inside_ns], (uint64_t)(ticks * (double)(now_ns() - first_ns) / (double)passed), __ATOMIC_RELAXED);
}

/* Only the thread that forked is there, and has another number now. Where the child's arena is a new one, or none, what it has is another thread's. */
void counters_after_fork_child(void)
{
    if (cells == NULL)
        return;
    if (holdfast_tracker.base == NULL)
    {
        call_cell = own_cell = &crowd;
        cell_count = 0;
        return;
    }
    for (unsigned i = 1; i <= cell_count; i++)
        if (&cells[i] != own_cell)
            atomic_store(&cells[i].owner, 0);
    if (counters_own() == 0)
        return;
    if (own_cell->budget == 0)
        own_cell->budget = CALL_BUDGET;
    own_cell->thread = (uint32_t)tracker_thread();
    atomic_store(&own_cell->owner, own_cell->thread);
}
