/* The arguments of a command, read the same way by all but `run`, whose options are those of the library and end where the program begins.
 *
 * Options stand before, between and behind the words; "--" ends them. A value is the next argument or behind "=". --help anywhere among them is the usage. */
#ifndef HOLDFAST_TOOLS_ARGUMENTS_H
#define HOLDFAST_TOOLS_ARGUMENTS_H

#include <stdbool.h>

struct argument_option {
    const char *name;
    const char *value; /* what it must be, in words ("a file"); NULL: it takes none */
    bool (*set)(void *request, const char *value); /* false after a complaint; `value` is NULL where it takes none */
};

struct argument_rules {
    const char *command;
    const struct argument_option *options; /* the last one has no name; NULL: there are none */
};

/* What is no option, in the order in which it was given. */
struct argument_words {
    char **items; /* in the room of the arguments, with a NULL behind them */
    int count;
    int before_end; /* so many of them stand before the "--"; -1: there is none */
};

/* The place of `word` among `words`, which end with NULL; -1 after a complaint. */
int word_among(const char *command, const char *option, const char *word, const char *const *words);

/* STATUS_FINE; else what the command returns at once. */
int read_arguments(const struct argument_rules *rules, int count, char **arguments, void *request, struct argument_words *words);
/* The same of a command that looks at one thing. `missing` and `too_many`: "which process?", "one process at a time". */
int read_one_input(const struct argument_rules *rules, int count, char **arguments, void *request, const char *missing, const char *too_many, const char **input);

#endif
