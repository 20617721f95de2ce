/* The arguments of a command that looks at one process or record: options with a value, flags, and what to look at. */
#ifndef HOLDFAST_TOOLS_ARGUMENTS_H
#define HOLDFAST_TOOLS_ARGUMENTS_H

#include <stdbool.h>

struct argument_rules {
    const char *command;
    const char *too_many, *missing; /* complaints: "one process at a time", "which process?" */
    bool (*takes_value)(const char *name);
    bool (*set)(void *request, const char *name, const char *value); /* false after a complaint */
    bool (*flag)(void *request, const char *argument); /* false: it is none; NULL: there are none */
};

/* What to look at; NULL after a complaint. */
const char *read_one_input(const struct argument_rules *rules, int count, char **arguments, void *request);

#endif
