/* Evidence for the contracts: does what a line calls borrowed really die with its parent? Only with the option evidence_path, for tests: the
 * answer of each function that lent something is appended to that file when the process ends. */
#ifndef HOLDFAST_SHIM_EVIDENCE_H
#define HOLDFAST_SHIM_EVIDENCE_H

#include "context.h"
#include "fence.h"
#include "functions.h"

static inline bool evidence_wanted(void)
{
    return holdfast_options.evidence_path[0] != '\0';
}

/* [tracker locked] `function` lent `child`; parent 0: nobody's, it lives as long as the library. */
void evidence_lent(enum function function, handle_id child, handle_id parent);
/* [tracker locked] The block of a live handle is freed by nobody's contract. */
void evidence_freed(handle_id id);
/* [tracker locked] A real free is over, and what it killed is recorded. */
void evidence_died(const struct fence_watch *watch);
/* At the end of the process, and in fork's child, which answers for itself. */
void evidence_write(void);
void evidence_after_fork_child(void);

#endif
