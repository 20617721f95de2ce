/* holdfast.h: the interface of a process to the Holdfast that watches it. Look the functions up with dlsym(RTLD_DEFAULT, ...): without
 * Holdfast they are not there. All may be called from any thread, none from a signal handler. */
#ifndef HOLDFAST_H
#define HOLDFAST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HOLDFAST_EXPORT __attribute__((visibility("default")))

/* The version of Holdfast, "1.2.3". */
HOLDFAST_EXPORT const char *holdfast_version(void);
/* Violations of level error or fatal (rules=) found in this process so far, repeats included, those suppressed not. */
HOLDFAST_EXPORT uint64_t holdfast_error_count(void);
/* Report the owned handles that are alive now (HF115), one report for each origin, whatever the option `leaks` says; those of an earlier call are not
 * told again, also not at the end. For the places where a program believes that all is freed, such as the end of a test. Not told of: drivers and
 * contexts, what was made before a fork, what a Python object holds. Returns how many handles were told of, also if a level or a suppression kept it quiet. */
HOLDFAST_EXPORT size_t holdfast_report_leaks(void);
/* Words for a handle, such as "band 1 of dataset 'a.tif'", into `buffer` of `bytes` bytes (cut to fit, always terminated). Returns the
 * length, 0 when the handle is not known. */
HOLDFAST_EXPORT size_t holdfast_describe(const void *handle, char *buffer, size_t bytes);

/* What this process is in a fleet ("worker 3 of tiles"), and what the calling thread works at ("tile 7/12/44"): reports and records name both from then on. Copied, and
 * cut after 255 and 159 bytes; NULL or "" takes it back. The worker may come from the environment, too (worker_env=). A child of fork begins with both. */
HOLDFAST_EXPORT void holdfast_name_worker(const char *name);
HOLDFAST_EXPORT void holdfast_name_task(const char *name);

#ifdef __cplusplus
}
#endif

#endif
