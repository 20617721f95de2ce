/* Checking an arena file: every structural promise of layout.h and of the tracker, without trusting anything. For tools and tests; allocates.
 *
 * What is wrong is told one sentence at a time, with the place in the file. A process that was killed, or that goes on while we read, may be in the
 * midst of a change: the arena's header says so (`changes`), and then what a single change can leave open is told as unfinished and is no damage. */
#ifndef HOLDFAST_TRACKER_CHECK_H
#define HOLDFAST_TRACKER_CHECK_H

#include "layout.h"
#include <stdbool.h>
#include <stddef.h>

/* A copy of a file, of all that is in use in it. */
struct arena_image {
    uint8_t *bytes;
    uint64_t size;
    bool moving;         /* it was changed while it was read, each time that was tried */
    uint8_t *moving_set; /* the same of each set of young handles; own.sets of them, NULL for none */
};
/* On failure false and one sentence in `error`; nothing to free then. */
bool arena_image_read(struct arena_image *image, const char *path, char *error, size_t error_bytes);
void arena_image_free(struct arena_image *image);

enum arena_fault { FAULT_DAMAGE, FAULT_UNFINISHED };
typedef void (*arena_teller)(enum arena_fault fault, uint64_t offset, const char *sentence, void *context);

struct arena_faults {
    uint64_t damaged, unfinished; /* how many; of each, the first few are told */
};
/* The header was checked by arena_image_read(), the rest is checked here. NULL `tell`: only counted. */
struct arena_faults arena_check(const struct arena_image *image, arena_teller tell, void *context);

#endif
