/* See arguments.h. One thread; allocates. */
#include "arguments.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

/* "--name VALUE" or "--name=VALUE" at `*index`, which moves to the last word of it. */
static bool read_option(const struct argument_rules *rules, int count, char **arguments, int *index, void *request)
{
    const char *argument = arguments[*index], *equals = strchr(argument, '=');
    char *name = duplicate_bytes(argument, equals != NULL ? (size_t)(equals - argument) : strlen(argument));
    bool fine = false;
    if (!rules->takes_value(name))
        complain(rules->command, "there is no option '%s'", argument);
    else if (equals == NULL && *index + 1 >= count)
        complain(rules->command, "%s needs a value", name);
    else
        fine = rules->set(request, name, equals != NULL ? equals + 1 : arguments[++*index]);
    free(name);
    return fine;
}

const char *read_one_input(const struct argument_rules *rules, int count, char **arguments, void *request)
{
    const char *input = NULL;
    for (int index = 1; index < count; index++) {
        char *argument = arguments[index];
        if (rules->flag != NULL && rules->flag(request, argument))
            continue;
        if (argument[0] == '-') {
            if (!read_option(rules, count, arguments, &index, request))
                return NULL;
        } else if (input != NULL) {
            complain(rules->command, "%s: '%s' is one too many", rules->too_many, argument);
            return NULL;
        } else {
            input = argument;
        }
    }
    if (input == NULL)
        complain(rules->command, "%s", rules->missing);
    return input;
}
