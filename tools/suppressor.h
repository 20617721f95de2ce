/* holdfast report --suppressions: violations that the user does not want to see. The language is in suppress.h of the tracker; here native frames
 * have source lines too, so it can name what the running process could not know. */
#ifndef HOLDFAST_TOOLS_SUPPRESSOR_H
#define HOLDFAST_TOOLS_SUPPRESSOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct suppressor;

struct suppressor *suppressor_open(void);
void suppressor_close(struct suppressor *suppressor); /* NULL is fine */

/* Take in one more file; what is wrong in it is said on stderr, the rest holds. False when it cannot be read. */
bool suppressor_read(struct suppressor *suppressor, const char *file);

/* The entry that suppresses a symbolized violation, -1 if none does; `suppressor` may be NULL. */
int suppressor_find(const struct suppressor *suppressor, const json_t *violation);
void suppressor_count(struct suppressor *suppressor, int entry, uint64_t number);

struct suppression_count {
    const char *name, *file;
    unsigned line;
    uint64_t count;
};
/* False when there is no entry `index`; `suppressor` may be NULL. */
bool suppressor_entry(const struct suppressor *suppressor, unsigned index, struct suppression_count *entry);

#endif
