/* Refusals reach the library's own error channel: CPLError, the message handler of a GEOS context, the errno of a PROJ context. */
#ifndef HOLDFAST_SHIM_REFUSE_H
#define HOLDFAST_SHIM_REFUSE_H

#include "effects.h"

void refuse_tell(const struct view *view, enum function function, const uintptr_t *arguments, const char *sentence);
/* A GEOS context got this message handler: `data` form when `has_data`. Context 0 is that of the functions without one. */
void refuse_remember_handler(uintptr_t context, uintptr_t handler, uintptr_t data, bool has_data);

#endif
