/* Buffers: memory of the caller's on which a MEM dataset or a /vsimem file works (HF117), and the frees of plain memory.
 * Any thread; the tracker unlocked unless a function says so. */
#ifndef HOLDFAST_SHIM_BUFFERS_H
#define HOLDFAST_SHIM_BUFFERS_H

#include "effects.h"

/* `user` (a dataset) works on the memory at `memory` until it dies. */
void buffer_used(struct call *call, uintptr_t memory, uintptr_t user);
/* The same; the address stands in a text (DATAPOINTER=0x...), or in one of a list of texts. */
void buffer_named(struct call *call, uintptr_t texts, bool list, uintptr_t user);
/* A file of that name works on it until it is removed; `taken`: the library frees it then. */
void buffer_of_file(struct call *call, uintptr_t memory, const char *path, bool taken);
void buffer_file_removed(const char *path);
/* The caller frees this memory by one of the libraries' functions for memory. */
enum call_outcome buffer_discarded(struct call *call, uintptr_t memory, const uintptr_t *arguments);
/* free() of a block that is a known buffer, by the code at `caller`: true when it is kept back. Not [tracker locked]. */
bool buffer_freed(uintptr_t block, uintptr_t caller);
/* realloc() of a block: if it is a known buffer, nothing is said of its old address any more. Not [tracker locked]. */
void buffer_moved(uintptr_t block);
/* Free what was kept back for users that are gone now. Cheap when nothing is. */
void buffers_settle(void);

#endif
