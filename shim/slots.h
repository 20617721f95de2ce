/* Places that belong to a thread and outlive it: cells of counters, memories of stacks, chains of Python frames, sets of young handles. Nobody
 * tells when a thread ends (a destructor of thread-local data would have to be registered, and runs when others still call), so whoever needs
 * a place asks the kernel whether the owner of one is still there.
 *
 * Any thread, any context: no lock, nothing is allocated, errno stays.
 */
#ifndef HOLDFAST_SHIM_SLOTS_H
#define HOLDFAST_SHIM_SLOTS_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Is there no thread of this process with this number of the kernel's? Where the kernel does not say (a filter of system calls), it is there. */
static inline bool thread_is_gone(int32_t thread)
{
    int saved_errno = errno;
    bool gone = syscall(SYS_tgkill, getpid(), thread, 0) != 0 && errno == ESRCH;
    errno = saved_errno;
    return gone;
}

/* May the calling thread `self`, which has no place yet, have the one that belongs to `owner`? Its own number there, without its knowing of it, was
 * that of a thread that ended. */
static inline bool slot_is_free(int32_t owner, int32_t self)
{
    return owner == 0 || owner == self || thread_is_gone(owner);
}

/* Make it the calling thread's: what its last owner wrote before he ended is seen then. False: it is somebody's, perhaps since just now. */
static inline bool slot_take(_Atomic int32_t *place, int32_t self)
{
    int32_t owner = atomic_load_explicit(place, memory_order_relaxed);
    return slot_is_free(owner, self) && atomic_compare_exchange_strong(place, &owner, self);
}

/* In fork's child, where of all threads only the one that forked is there, under a new number `self`. */
static inline void slot_after_fork_child(_Atomic int32_t *place, bool own, int32_t self)
{
    atomic_store_explicit(place, own ? self : 0, memory_order_relaxed);
}

#endif
