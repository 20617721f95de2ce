/* Where callgrind counts: between begin and end alone, so that a count holds the calls that are measured and nothing of the set-up.
 * Without valgrind's header, or outside valgrind, all of it does nothing. Any thread; counting is of one thread. */
#ifndef BENCH_MARKS_H
#define BENCH_MARKS_H

/* Forget what was counted before. */
void marks_clear(void);
/* Count, or stop: each call changes over. Starts stopped (valgrind --collect-atstart=no). */
void marks_toggle(void);
/* Write what was counted to callgrind's next file, under this name. */
void marks_write(const char *name);

#endif
