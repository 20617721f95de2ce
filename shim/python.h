/* Python side of the shim: the interpreter's frames, and the SWIG proxies that hold handles.
 *
 * Holdfast links no Python. Everything is found at run time in the interpreter of the process (its exported symbols)
 * and read from its own structures. Nothing here takes the GIL, allocates Python objects or can raise.
 */
#ifndef HOLDFAST_SHIM_PYTHON_H
#define HOLDFAST_SHIM_PYTHON_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link_map;

#define PYTHON_DEPTH_LIMIT 64u

/* The Python frames of a thread, each an id of tracker_python_frame(). */
struct python_frames {
    uint32_t count;       /* frames in `id`, innermost first */
    bool truncated;       /* the chain was longer than that */
    uint64_t chain;       /* never the same for other frames; 0: these have none */
    uint64_t hash;        /* of count, truncated and the ids; 0 when count is 0 and nothing is left out */
    const uint32_t *id;   /* `room`, or memory that stays as it is until the same thread asks again: do not copy the structure */
    uint32_t room[PYTHON_DEPTH_LIMIT];
};

/* Fill `out` with the Python frames of the calling thread, innermost first, at most `depth`. Leaves count 0 when there is no
 * interpreter, the thread has no Python frame, or its frames are not known for certain.
 * Any thread, with or without the GIL; must not be called from a signal handler. */
void python_frames(struct python_frames *out, unsigned depth);

/* What python_frames() would recall, for who only wants to know whether they are the frames of before: never the same number for other frames. NULL: ask
 * python_frames(). Valid until the same thread asks again. */
struct python_chain {
    uint64_t number;
    uint32_t count;
};
const struct python_chain *python_chain_recall(unsigned depth);
void python_chain_tell(const struct python_chain *chain, struct python_frames *out);

/* What python_frames() did so far in this process. `uncertain`: there may have been frames, and none were told. Any thread; exact
 * when no other thread is inside python_frames(). */
struct python_frame_counts {
    uint64_t recalled, read, dumped, uncertain;
};
struct python_frame_counts python_frame_counts(void);

/* True when this process runs a Python interpreter whose frames can be read. */
bool python_present(void);

/* Addresses [*low, *high) of the interpreter's evaluation function (_PyEval_EvalFrameDefault): native frames from the first one
 * inside it outwards are replaced by Python frames in the default view. False when there is none. */
bool python_eval_range(uintptr_t *low, uintptr_t *high);

/* Called once for each loaded object that calls a wrapped function for the first time (with no lock of Holdfast held). Where the
 * object is a SWIG extension module, its import slot of _PyObject_New is redirected and the deaths of its SwigPyObjects are
 * seen. Returns true when the holders of this module's handles are known exactly from now on. */
bool python_watch_module(const struct link_map *object);

/* Bring the proxies that this thread made since the last call to the tracker: their `ptr` is set only after the allocation. Called
 * at the start of every slow path and before every verdict on a free. Cheap when there is nothing pending. */
void python_settle_pending(void);
extern _Atomic uint32_t python_pending_proxies __attribute__((visibility("hidden")));
static inline void python_settle_proxies(void)
{
    if (__builtin_expect(atomic_load_explicit(&python_pending_proxies, memory_order_relaxed) != 0, 0))
        python_settle_pending();
}

/* Is this thread inside the death of a proxy? Then that proxy holds nothing any more. */
bool python_proxy_is_dying(void);

/* In fork's child. */
void python_after_fork_child(void);

#endif
