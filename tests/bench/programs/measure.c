/* Runs a program a number of times and writes what each run took. A small process of its own, because the kernel counts the memory that a
 * process had before exec() into its peak: a driver in Python would hide the peak of every small program.
 *
 *   measure RESULTS TIMES PRELOAD PROGRAM [ARGUMENT ...]
 *
 * RESULTS: file; a line a run: wall, user and system time in ns, peak memory in bytes, wait status.  PRELOAD: LD_PRELOAD of the program alone,
 * "" for none. Ends with 0, or 2 if it cannot start or write something.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t wall_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static int64_t ns_of(struct timeval time)
{
    return time.tv_sec * 1000000000L + time.tv_usec * 1000L;
}

static void measure(FILE *results, const char *preload, char **argv)
{
    struct rusage usage;
    int status;
    int64_t start_ns = wall_ns();
    pid_t child = fork();
    if (child < 0)
        exit(2);
    if (child == 0) {
        if (preload[0] != '\0')
            setenv("LD_PRELOAD", preload, 1);
        execvp(argv[0], argv);
        _exit(127);
    }
    while (wait4(child, &status, 0, &usage) < 0)
        if (errno != EINTR)
            exit(2);
    fprintf(results, "%ld %ld %ld %ld %d\n", (long)(wall_ns() - start_ns), (long)ns_of(usage.ru_utime), (long)ns_of(usage.ru_stime),
            usage.ru_maxrss * 1024L, status);
}

int main(int count, char **arguments)
{
    FILE *results = count > 4 ? fopen(arguments[1], "we") : NULL;
    if (results == NULL)
        return 2;
    for (int i = atoi(arguments[2]); i > 0; i--)
        measure(results, arguments[3], arguments + 4);
    return fclose(results) == 0 ? 0 : 2;
}
