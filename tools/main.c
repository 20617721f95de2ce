/* The holdfast command: finds the sub-command asked for. See command.h. */
#include "command.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

#ifndef HOLDFAST_VERSION
#error "HOLDFAST_VERSION is set by tools/meson.build"
#endif

struct command {
    const char *name;
    const char *summary;
    const char *usage;
    int (*perform)(int count, char **arguments);
};

static const struct command commands[] = {
    {"run", "run a program under Holdfast", run_usage, run_command},
    {"report", "show what logs and arena files tell", report_usage, report_command},
    {"diff", "say what two reports have more or less than each other", diff_usage, diff_command},
    {"graph", "show which handle lives in which, of a process or a record", graph_usage, graph_command},
    {"top", "show again and again how a running process fares", top_usage, top_command},
    {"ctl", "change what Holdfast does in a running process", ctl_usage, ctl_command},
    {"doctor", "what of GDAL, GEOS and PROJ is there, and what Holdfast sees of it", doctor_usage, doctor_command},
    {"explain", "explain a rule, or list all rules", explain_usage, explain_command},
    {"contracts", "show what the library knows of each C function", contracts_usage, contracts_command},
};
static const size_t command_count = sizeof commands / sizeof commands[0];

static const struct command *find_command(const char *name)
{
    for (size_t index = 0; index < command_count; index++)
        if (strcmp(commands[index].name, name) == 0)
            return &commands[index];
    return NULL;
}

static void print_usage(FILE *stream)
{
    fputs("Holdfast finds GDAL, GEOS and PROJ handles that are used too late, freed too early, twice or never.\n\n"
          "usage: holdfast COMMAND ARGUMENTS...\n\n",
          stream);
    for (size_t index = 0; index < command_count; index++)
        fprintf(stream, "  %-10s %s\n", commands[index].name, commands[index].summary);
    fputs("  help       show the usage of a command: holdfast help COMMAND\n\n"
          "Start with:  holdfast run -- python3 script.py\n"
          "The whole story is in the manual page: man holdfast\n",
          stream);
}

static int unknown_command(const char *name)
{
    char *names = duplicate("");
    for (size_t index = 0; index < command_count; index++) {
        char *longer = compose("%s%s, ", names, commands[index].name);
        free(names);
        names = longer;
    }
    complain(NULL, "there is no command '%s'; the commands are %shelp. To run a program: holdfast run -- %s", name, names, name);
    free(names);
    return STATUS_USAGE;
}

/* The flags of `run` are as many as there are options. */
static void print_command_usage(const struct command *command)
{
    fputs(command->usage, stdout);
    if (command->perform == run_command)
        run_print_options(stdout);
}

static int perform(const struct command *command, int count, char **arguments)
{
    int status = command->perform(count, arguments);
    if (status == STATUS_HELP) {
        print_command_usage(command);
        return STATUS_FINE;
    }
    if (status != STATUS_WRONG_USAGE)
        return status;
    fprintf(stderr, "\n%s", command->usage);
    return STATUS_USAGE;
}

static int help_command(int count, char **arguments)
{
    if (count < 2) {
        print_usage(stdout);
        return STATUS_FINE;
    }
    const struct command *command = find_command(arguments[1]);
    if (command == NULL)
        return unknown_command(arguments[1]);
    print_command_usage(command);
    return STATUS_FINE;
}

/* What could not be written was not said: `holdfast report ... > /dev/full` must not end with status 0. */
static int finish(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        complain(NULL, "the output could not be written completely: is the disk full?");
        return status != STATUS_FINE ? status : STATUS_FAILED;
    }
    return status;
}

int main(int count, char **arguments)
{
    if (count < 2) {
        print_usage(stderr);
        return STATUS_USAGE;
    }
    const char *name = arguments[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return finish(help_command(count - 1, arguments + 1));
    if (strcmp(name, "--version") == 0) {
        puts("holdfast " HOLDFAST_VERSION);
        return finish(STATUS_FINE);
    }
    const struct command *command = find_command(name);
    if (command == NULL)
        return unknown_command(name);
    return finish(perform(command, count - 1, arguments + 1));
}
