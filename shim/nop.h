/* What a wrapper of the nop build is made of (nop.c). Only generated code includes this. */
#ifndef HOLDFAST_SHIM_NOP_H
#define HOLDFAST_SHIM_NOP_H

#include "wrap.h"

/* The real functions, found at their first call. */
extern void *_Atomic nop_real[FUNCTION_COUNT] __attribute__((visibility("hidden")));
/* Find, store and return it; where no loaded object defines it the process ends, as it would without the preload. */
void *nop_resolve(enum function function, const char *name) __attribute__((noinline, cold, visibility("hidden")));

#endif
