/* Host, worker and task: see who.h.
 *
 * The environment is read once, when the process is activated: later a thread may be in the midst of setenv(), which moves the table. A host that learns its name
 * later (after a fork, from its master) says it by holdfast_name_worker().
 */
#include "who.h"
#include "context.h"
#include "lifecycle.h"
#include "record.h"
#include "report.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static char host[65];
static char worker[WHO_WORKER_BYTES]; /* [report lock] */
static __thread char task[WHO_TASK_BYTES] __attribute__((tls_model("initial-exec")));

/* One line of a text log must stay one. */
static void copy_line(char *to, size_t bytes, const char *from)
{
    size_t used = 0;
    for (; from != NULL && from[used] != '\0' && used + 1 < bytes; used++)
        to[used] = (unsigned char)from[used] < 0x20 || from[used] == 0x7f ? '?' : from[used];
    to[used] = '\0';
}

/* The values of all variables that are set, with a blank between them. */
static void read_environment(const char *names, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = '\0';
    while (*names != '\0') {
        char name[128];
        size_t length = strcspn(names, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, names);
        names += length + (names[length] == ',');
        const char *value = secure_getenv(name);
        if (value == NULL || value[0] == '\0' || used + 2 >= bytes)
            continue;
        if (used > 0)
            text[used++] = ' ';
        copy_line(text + used, bytes - used, value);
        used += strlen(text + used);
    }
}

void who_activate(void)
{
    struct utsname machine = {0};
    uname(&machine);
    copy_line(host, sizeof host, machine.nodename);
    if (worker[0] == '\0')
        read_environment(holdfast_options.worker_env, worker, sizeof worker);
}

void who_identify(void)
{
    struct arena_header *header = tracker_header(&holdfast_tracker);
    memcpy(header->host, host, sizeof header->host - 1);
    memcpy(header->worker, worker, sizeof header->worker);
}

const char *who_host(void)
{
    return host;
}

const char *who_worker(void)
{
    return worker;
}

const char *who_task(void)
{
    return task;
}

void who_name_worker(const char *name)
{
    if (report_is_interrupted())
        return;
    report_hold();
    copy_line(worker, sizeof worker, name);
    if (holdfast_is_active())
        who_identify();
    report_let_go();
}

void who_name_task(const char *name)
{
    copy_line(task, sizeof task, name);
}
