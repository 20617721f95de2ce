/* What the arguments of `holdfast report` and `holdfast diff` name: files, directories, patterns, processes. */
#ifndef HOLDFAST_TOOLS_SOURCES_H
#define HOLDFAST_TOOLS_SOURCES_H

#include "findings.h"

/* Read all of it into the findings, each file once, logs before records, which then need not tell again what a log told. Directories are read with all that lies
 * below them; a pattern that the shell left as it is is expanded. On a terminal standard error shows how far it is. False: one was a process without a record; any
 * other trouble is a problem among the findings. */
bool read_sources(struct findings *findings, char **arguments, int count);

/* A number is a process, unless there is a file of that name. The name to read, to be freed; NULL, and said: there is none. */
char *name_of_source(const char *argument);

#endif
