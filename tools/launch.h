/* holdfast run: finding the library and the program, and starting the program. See launch.c and supervise.c. */
#ifndef HOLDFAST_TOOLS_LAUNCH_H
#define HOLDFAST_TOOLS_LAUNCH_H

#include <stdbool.h>

/* The absolute path of libholdfast.so. On failure complains and returns NULL. */
char *find_library(void);

/* The file that a shell would run for `name`. On failure complains, returns NULL and sets `*status` to 126 or 127. */
char *find_program(const char *name, int *status);

/* Say so on stderr where the loader will not preload anything into `path`: set-user-ID or static. */
void warn_if_not_preloadable(const char *path);

/* Become the program. Comes back only on failure: complains and returns 126 or 127. */
int become_program(const char *path, char **arguments);

/* What is to be done around a program that runs as a child. */
struct supervision {
    const char *verdict_path;    /* NULL: errors do not change the status */
    int error_status;
    bool keeps_stderr;           /* after_end() writes there */
    void (*in_child)(void);      /* in the process that becomes the program; may be NULL */
    void (*after_end)(void *);   /* when the program has ended; may be NULL */
    void *context;
    void (*clean_up)(void);      /* whatever happens, at last */
};

/* Run the program as a child and wait for it. The exit status is its own, or `error_status` where a process of its tree has appended
 * to `verdict_path`. When a signal killed the program, the same signal kills this process. */
int supervise_program(const char *path, char **arguments, const struct supervision *supervision);

#endif
