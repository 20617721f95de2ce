/* What the program says of its handles (holdfast_label): whose they are, or what they are for. [tracker locked], but for labels_after_fork_child(). */
#ifndef HOLDFAST_SHIM_LABELS_H
#define HOLDFAST_SHIM_LABELS_H

#include "tracker.h"

#define LABEL_BYTES 120 /* with its end */

/* NULL or "" takes the label back. False: the handle is dead, or there is no room. */
bool labels_set(handle_id id, const char *text);
/* "" if it has none. */
const char *labels_of(handle_id id);
void labels_after_fork_child(void);

#endif
