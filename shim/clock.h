/* Time for bounds, ages and rates: milliseconds that only ever rise, right to a few of them. Any context. */
#ifndef HOLDFAST_SHIM_CLOCK_H
#define HOLDFAST_SHIM_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
