/* How much of Holdfast's own memory is really there. */
#ifndef HOLDFAST_SHIM_MEMORY_H
#define HOLDFAST_SHIM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the pages of this memory that are resident; pages of others at its ends count as well. Any context. */
uint64_t memory_resident(const volatile void *memory, size_t bytes) __attribute__((visibility("hidden")));

#endif
