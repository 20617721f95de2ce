/* Has the code that lies in memory changed? Caches of what is known of code by its address compare one word.
 *
 * Any thread, no lock.
 */
#ifndef HOLDFAST_SHIM_UNLOADS_H
#define HOLDFAST_SHIM_UNLOADS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* | unloads seen : 48 | calls of dlclose under way : 16 |
 * What was learnt while the word was W, and no thread was inside dlclose, is true as long as the word is W: an unload that is under way
 * changes it before anything goes away, and when something is gone it does not become W again. */
extern _Atomic uint64_t unloads_word;

static inline uint64_t unloads_now(void)
{
    return atomic_load_explicit(&unloads_word, memory_order_acquire);
}
static inline bool unloads_under_way(uint64_t word)
{
    return (word & 0xffff) != 0;
}
/* Objects were seen to have gone in another way. */
void unloads_seen(void);
/* In fork's child. */
void unloads_after_fork_child(void);

#pragma GCC visibility pop

#endif
