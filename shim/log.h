/* Where reports are written: stderr, or PREFIX.PID. Any thread, no lock of the tracker needed. */
#ifndef HOLDFAST_SHIM_LOG_H
#define HOLDFAST_SHIM_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Remember what stderr is, so that reports never end up in a file of the program that got descriptor 2 later. At load. */
void log_remember_stderr(void);
/* One write of a whole report: no report is torn by another. False when it could not be written anywhere. */
bool log_write(const char *text, size_t bytes);
/* A line straight to stderr, whatever log_path says: "holdfast: TEXT". */
void log_complain(const char *text);
/* Say once if log_path cannot be written. */
void log_check_path(void);
/* Append one line to a file, creating it. */
void log_append_line(const char *path, const char *line);

#endif
