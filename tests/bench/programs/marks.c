/* See marks.h. A shared object as well, which Python programs load. */
#include "marks.h"

#if __has_include(<valgrind/callgrind.h>)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <valgrind/callgrind.h>

void marks_clear(void)
{
    CALLGRIND_ZERO_STATS;
}

void marks_toggle(void)
{
    CALLGRIND_TOGGLE_COLLECT;
}

void marks_write(const char *name)
{
    CALLGRIND_DUMP_STATS_AT(name);
}
#pragma GCC diagnostic pop

#else

void marks_clear(void)
{
}

void marks_toggle(void)
{
}

void marks_write(const char *name)
{
    (void)name;
}

#endif
