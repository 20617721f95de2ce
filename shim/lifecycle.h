/* The life of the shim itself: load, activation, fork, exit. */
#ifndef HOLDFAST_SHIM_LIFECYCLE_H
#define HOLDFAST_SHIM_LIFECYCLE_H

#include <stdbool.h>

/* Something was put into the queue of postponed frees: make sure that the exit handler runs before everything that the libraries
 * have registered so far. */
void lifecycle_expect_exit(void);

/* The program's name as it was at load: servers write their state over their arguments later (PostgreSQL), where the name lies too. */
const char *lifecycle_program(void);

#endif
