/* Where reports are written: stderr, PREFIX.PID, a descriptor, syslog, journald. Any thread, no lock of the tracker needed. */
#ifndef HOLDFAST_SHIM_LOG_H
#define HOLDFAST_SHIM_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* What is written, for those places that want more than its text. */
struct log_entry {
    int priority;     /* of syslog: 3 error, 4 warning, 5 notice, 6 information */
    const char *rule; /* "HF101"; NULL: it is no violation */
    const char *file, *function; /* of the line to change; NULL: not known */
    unsigned line;
};
enum { PRIORITY_error = 3, PRIORITY_warning = 4, PRIORITY_notice = 5, PRIORITY_information = 6 };

/* Remember what stderr is, so that reports never end up in a file of the program that got descriptor 2 later. At load. */
void log_remember_stderr(void);
/* One write of a whole report: no report is torn by another. False when it could not be written anywhere. */
bool log_write(const char *text, size_t bytes, const struct log_entry *entry);
/* A line straight to stderr, whatever the options say: "holdfast: TEXT". */
void log_complain(const char *text);
/* Say once if nothing can be written there. At activation, and when the place was changed. */
void log_check_path(void);
/* The next report begins a new file; the one so far becomes PREFIX.PID.1. Any context, also a signal handler. */
void log_begin_new_file(void);
/* Append one line to a file, creating it. */
void log_append_line(const char *path, const char *line);

#endif
