/* The life of the shim itself: load, activation, fork, exit. */
#ifndef HOLDFAST_SHIM_LIFECYCLE_H
#define HOLDFAST_SHIM_LIFECYCLE_H

#include <stdbool.h>

/* Something was put into the queue of postponed frees: make sure that the exit handler runs before everything that the libraries
 * have registered so far. */
void lifecycle_expect_exit(void);

#endif
