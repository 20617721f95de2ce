/* The holdfast command: what its sub-commands share.
 *
 * One file a sub-command (run.c, report.c, diff.c, ctl.c, explain.c, contracts.c); main.c finds the one asked for. Everything here runs in a process of
 * its own, never inside the watched program: it may allocate, block and end the process as any command may. */
#ifndef HOLDFAST_TOOLS_COMMAND_H
#define HOLDFAST_TOOLS_COMMAND_H

#include <stdio.h>

/* Exit statuses. Those of `holdfast run` beyond 2 are the ones a shell uses. */
enum exit_status {
    STATUS_FINE = 0,
    STATUS_FAILED = 1, /* an input was damaged, missing or foreign */
    STATUS_USAGE = 2,  /* wrong arguments */
    STATUS_FOUND = 3,  /* report --fail-on, diff: there is what must not be there */
    STATUS_NOT_EXECUTABLE = 126,
    STATUS_NOT_FOUND = 127,
    /* No exit statuses: main.c shows the command's usage. */
    STATUS_HELP = -1,        /* it was asked for */
    STATUS_WRONG_USAGE = -2, /* after a complaint: STATUS_USAGE */
};

/* Each takes the arguments from its own name on (arguments[0] is "run") and returns the exit status. */
int run_command(int count, char **arguments);
int report_command(int count, char **arguments);
int diff_command(int count, char **arguments);
int explain_command(int count, char **arguments);
int contracts_command(int count, char **arguments);
int ctl_command(int count, char **arguments);
int doctor_command(int count, char **arguments);
int graph_command(int count, char **arguments);
int top_command(int count, char **arguments);

extern const char run_usage[];
void run_print_options(FILE *stream); /* the rest of its usage: a flag for each option of the library */
extern const char report_usage[];
extern const char diff_usage[];
extern const char explain_usage[];
extern const char contracts_usage[];
extern const char ctl_usage[];
extern const char doctor_usage[];
extern const char graph_usage[];
extern const char top_usage[];

#endif
