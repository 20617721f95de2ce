/* Forks: datasets that a process opened before it forked (HF113). */
#ifndef HOLDFAST_SHIM_FORKS_H
#define HOLDFAST_SHIM_FORKS_H

#include "tracker.h"
#include <stdbool.h>

/* [tracker locked] Is this a dataset on a file, or something inside one, that was opened by a process which forked this one and still runs?
 * MEM datasets and /vsimem files are copied with the process; a daemon whose parent is gone has its files for itself. */
bool opened_before_fork(handle_id id);
/* [tracker locked] Is the dataset one on a file that others can see? Also for leaks: only such a one can lose data. */
bool is_on_disk(const struct handle_record *dataset);
/* Every handle is looked at again when it is used the next time. */
void forget_all_good(void);
void forks_before_fork(void);
void forks_after_fork_child(void);

#endif
