/* The one process-wide state of the shim: tracker and options, made by lifecycle.c. */
#ifndef HOLDFAST_SHIM_CONTEXT_H
#define HOLDFAST_SHIM_CONTEXT_H

#include "options.h"
#include "tracker.h"

extern struct tracker holdfast_tracker __attribute__((visibility("hidden")));
extern struct options holdfast_options __attribute__((visibility("hidden")));

#endif
