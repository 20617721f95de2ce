/* holdfast run: what the processes of a run leave behind, and what is made of it when the program has ended. See collect.c. */
#ifndef HOLDFAST_TOOLS_COLLECT_H
#define HOLDFAST_TOOLS_COLLECT_H

#include <stdbool.h>
#include <time.h>

struct collection {
    char *logs;             /* a pattern of glob(3) for the logs, NULL: they are not in files */
    char *records;          /* the same of the records, NULL: there are none */
    char *json, *html;      /* absolute paths of what is to be written, NULL: not asked for */
    bool quiet;             /* no summary on stderr */
    struct timespec since;  /* what was not touched since then is of other runs */
};

/* A pattern that fits the files of a prefix or of the option `record`, in which % and a letter stand for anything. To be freed. */
char *collect_logs_pattern(const char *prefix);
char *collect_records_pattern(const char *record);

/* The files of this run begin now. */
void collect_begin(struct collection *collection);
/* Write what was asked for, and the summary to stderr. Nothing of it changes the exit status of the run: complains where something cannot be done. */
void collect_finish(const struct collection *collection);

#endif
