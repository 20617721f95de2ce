/* See arguments.h. One thread; allocates. */
#include "arguments.h"
#include "command.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

static const struct argument_option *find_option(const struct argument_rules *rules, const char *name)
{
    for (const struct argument_option *option = rules->options; option != NULL && option->name != NULL; option++)
        if (strcmp(option->name, name) == 0)
            return option;
    return NULL;
}

static void complain_unknown(const struct argument_rules *rules, const char *name)
{
    const char *nearest = NULL;
    unsigned least = 4;
    for (const struct argument_option *option = rules->options; option != NULL && option->name != NULL; option++) {
        unsigned distance = strlen(name) > 4 ? edit_distance(name, option->name) : least;
        if (distance < least) {
            least = distance;
            nearest = option->name;
        }
    }
    complain(rules->command, "there is no option '%s'%s%s%s", name, nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
}

/* "--name", "--name VALUE" or "--name=VALUE" at `*index`, which moves to the last word of it. */
static int read_option(const struct argument_rules *rules, int count, char **arguments, int *index, void *request)
{
    const char *argument = arguments[*index], *equals = strchr(argument, '=');
    char *name = duplicate_bytes(argument, equals != NULL ? (size_t)(equals - argument) : strlen(argument));
    const struct argument_option *option = find_option(rules, name);
    int status = STATUS_WRONG_USAGE;
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
        status = STATUS_HELP;
    else if (option == NULL)
        complain_unknown(rules, name);
    else if (option->value == NULL && equals != NULL)
        complain(rules->command, "%s takes no value, and '%s' was given", name, equals + 1);
    else if (option->value != NULL && equals == NULL && *index + 1 >= count)
        complain(rules->command, "%s needs a value: %s", name, option->value);
    else if (option->set(request, option->value == NULL ? NULL : equals != NULL ? equals + 1 : arguments[++*index]))
        status = STATUS_FINE;
    free(name);
    return status;
}

int read_arguments(const struct argument_rules *rules, int count, char **arguments, void *request, struct argument_words *words)
{
    *words = (struct argument_words){.items = arguments + 1, .before_end = -1};
    for (int index = 1; index < count; index++) {
        char *argument = arguments[index];
        if (words->before_end >= 0 || argument[0] != '-' || argument[1] == '\0') { /* "-" is the standard input */
            words->items[words->count++] = argument;
        } else if (strcmp(argument, "--") == 0) {
            words->before_end = words->count;
        } else {
            int status = read_option(rules, count, arguments, &index, request);
            if (status != STATUS_FINE)
                return status;
        }
    }
    words->items[words->count] = NULL; /* as it was behind the last argument */
    return STATUS_FINE;
}

int word_among(const char *command, const char *option, const char *word, const char *const *words)
{
    char *names = duplicate("");
    for (int index = 0; words[index] != NULL; index++) {
        if (strcmp(words[index], word) == 0) {
            free(names);
            return index;
        }
        char *longer = compose("%s%s%s", names, index == 0 ? "" : words[index + 1] != NULL ? ", " : " or ", words[index]);
        free(names);
        names = longer;
    }
    complain(command, "%s '%s' is wrong: it must be %s", option, word, names);
    free(names);
    return -1;
}

int read_one_input(const struct argument_rules *rules, int count, char **arguments, void *request, const char *missing, const char *too_many, const char **input)
{
    struct argument_words words;
    int status = read_arguments(rules, count, arguments, request, &words);
    if (status != STATUS_FINE)
        return status;
    if (words.count > 1)
        complain(rules->command, "%s: '%s' is one too many", too_many, words.items[1]);
    else if (words.count == 0)
        complain(rules->command, "%s", missing);
    *input = words.items[0];
    return words.count == 1 ? STATUS_FINE : STATUS_WRONG_USAGE;
}
