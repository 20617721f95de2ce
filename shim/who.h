/* Who a report is about, beside process and thread: the host, the worker that this process is in a fleet, the task that a thread is at.
 * Nothing of it is guessed: the worker is what the variables of worker_env= say, or what the program says itself, the task what the thread says
 * (holdfast.h). Empty strings where nobody said anything. */
#ifndef HOLDFAST_SHIM_WHO_H
#define HOLDFAST_SHIM_WHO_H

#define WHO_WORKER_BYTES 256
#define WHO_TASK_BYTES 160

void who_activate(void);
/* Into the record of this process, where it has one. */
void who_identify(void);

/* As the program says: see holdfast.h. */
void who_name_worker(const char *name);
void who_name_task(const char *name);

const char *who_host(void);
const char *who_worker(void); /* [report lock held] */
const char *who_task(void);   /* of the calling thread */

#endif
