/* Forks: see forks.h. Any thread. */
#include "forks.h"
#include "call.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pid_t forking_process;

void forks_before_fork(void)
{
    forking_process = getpid();
}

void forget_all_good(void)
{
    for (unsigned i = 0; i < GOOD_SLOTS; i++)
        atomic_store_explicit(&good_cache[i], 0, memory_order_relaxed);
    wide_clear();
    for (unsigned i = 0; i < LOAN_SLOTS; i++)
        atomic_store_explicit(&loan_cache[i], 0, memory_order_relaxed);
}

void forks_after_fork_child(void)
{
    /* What was alive must be looked at again: it belongs to the parent too. */
    forget_all_good();
}

bool is_on_disk(const struct handle_record *dataset)
{
    struct stat status;
    if (dataset->label == 0 || (dataset->flags & HANDLE_NUMBER))
        return false;
    const char *path = tracker_text(TRACKER, dataset->label);
    int error = errno;
    bool found = strncmp(path, "/vsimem/", 8) != 0 && stat(path, &status) == 0;
    errno = error;
    return found;
}

bool opened_before_fork(handle_id id)
{
    uint32_t forks = tracker_header(TRACKER)->forks;
    const struct handle_record *record = tracker_handle(TRACKER, id);
    if (forks == 0 || record->kind >= KIND_COUNT || !kind_table[record->kind].serial)
        return false;
    for (unsigned depth = 0; depth < 32 && kind_table[record->kind].flush == NULL; depth++)
    {
        const struct edge_record *edge = tracker_edge(TRACKER, record->first_parent);
        while (edge != NULL && edge->type != EDGE_BORROWED && edge->type != EDGE_DEPENDANT)
            edge = tracker_edge(TRACKER, edge->next_of_child);
        if (edge == NULL)
            return false;
        record = tracker_handle(TRACKER, edge->parent);
    }
    return kind_table[record->kind].flush != NULL && record->generation != forks && getppid() == forking_process && is_on_disk(record);
}
