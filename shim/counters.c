/* What Holdfast knows of its own work: see counters.h. */
#include "counters.h"
#include "context.h"
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CELLS 256u

static struct call_cell cells[CELLS] __attribute__((aligned(64)));
/* For threads beyond the bound: shared, so some counts get lost, and of nobody, so that trees take them by the slow path. */
static struct call_cell crowd = {.budget = CALL_BUDGET};
struct call_cell no_cell;
__thread struct call_cell *call_cell = &no_cell;
static __thread struct call_cell *own_cell __attribute__((tls_model("initial-exec")));

static bool take(struct call_cell *cell, uint32_t owner, uint32_t thread)
{
    if (!atomic_compare_exchange_strong(&cell->owner, &owner, thread))
        return false;
    if (cell->budget == 0)
        cell->budget = CALL_BUDGET;
    cell->thread = thread;
    return true;
}

static struct call_cell *find_cell(uint32_t thread)
{
    static _Atomic unsigned next; /* where the last search ended: threads that come and go find the dead one after the other */
    int saved_errno = errno;
    for (unsigned i = 0; i < CELLS; i++)
        if (atomic_load_explicit(&cells[i].owner, memory_order_relaxed) == 0 && take(&cells[i], 0, thread))
            return &cells[i];
    for (unsigned i = 0; i < CELLS; i++)
    {
        struct call_cell *cell = &cells[atomic_fetch_add(&next, 1) % CELLS];
        uint32_t owner = atomic_load(&cell->owner);
        if (syscall(SYS_tgkill, getpid(), owner, 0) != 0 && errno == ESRCH && take(cell, owner, thread))
        {
            errno = saved_errno;
            return cell;
        }
    }
    errno = saved_errno;
    return &crowd;
}

void counters_enter(void)
{
    if (own_cell == NULL)
        own_cell = find_cell((uint32_t)tracker_thread());
    call_cell = own_cell;
    call_cell->budget--;
}

/* Only the thread that forked is there, and has another number now. */
void counters_after_fork_child(void)
{
    for (unsigned i = 0; i < CELLS; i++)
        if (&cells[i] != own_cell)
            atomic_store(&cells[i].owner, 0);
    if (own_cell != NULL && own_cell != &crowd)
    {
        own_cell->thread = (uint32_t)tracker_thread();
        atomic_store(&own_cell->owner, own_cell->thread);
    }
}
