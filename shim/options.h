/* Options of HOLDFAST_OPTIONS, from the table options.def. */
#ifndef HOLDFAST_SHIM_OPTIONS_H
#define HOLDFAST_SHIM_OPTIONS_H

#include "leaks.h"
#include "levels.h"
#include "tracker.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mode { MODE_report, MODE_defer, MODE_reject };
enum format { FORMAT_text, FORMAT_json, FORMAT_otlp };

#define OPTION_PATH_BYTES 1024
typedef enum mode option_mode;
typedef enum borrowed_policy option_borrowed;
typedef enum format option_format;
typedef enum leaks option_leaks;
typedef char option_path[OPTION_PATH_BYTES];
typedef struct {
    size_t used;
    char text[4096]; /* paths, each with its '\0' */
} option_files;
/* Where the log goes. */
enum log_place { LOG_stderr, LOG_file, LOG_descriptor, LOG_syslog, LOG_journald };
typedef struct {
    enum log_place place;
    int descriptor;                 /* LOG_descriptor */
    char path[OPTION_PATH_BYTES];   /* of a file its prefix, of the two services their socket */
} option_destination;
#define LOG_SYSLOG_SOCKET "/dev/log"
#define LOG_JOURNALD_SOCKET "/run/systemd/journal/socket"
typedef int option_signal; /* 0: none */
typedef bool option_flag;
typedef uint32_t option_count;
typedef uint32_t option_seconds;
typedef uint64_t option_bytes;
typedef struct rule_levels option_levels;

struct options {
#define OPTION(name, type, fallback, help) option_##type name;
#include "options.def"
#undef OPTION
};

/* All options at their defaults. */
void options_defaults(struct options *options);
/* Parse `text` (NULL: nothing) over `options`. `@PATH` stands for what that file holds. Every mistake leaves its option at the value it had; the first one is
 * described in one sentence in `error` (with the number of further ones). Returns false when there was a mistake. Never reads more than the
 * first 64 KiB of text, and of a file, allocates nothing. */
bool options_parse(struct options *options, const char *text, char *error, size_t error_bytes);
/* The same of the contents of a file: a line holds pairs as above, or a comment that begins with #. */
bool options_parse_file(struct options *options, const char *name, const char *text, size_t length, char *error, size_t error_bytes);
/* The same of what a running process is asked to change: nothing is read, and an option that cannot change is a mistake, as is one that is given no sense. */
bool options_parse_request(struct options *options, const char *text, char *error, size_t error_bytes);
/* Take over all that options_parse_request() can have changed. Others may be reading `options`: a field is written only where it differs. */
void options_take_changes(struct options *options, const struct options *changed);
/* The table as text for `help=1` and the command, written with write(2) to `descriptor`. */
void options_print(int descriptor);

#endif
