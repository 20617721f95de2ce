/* The loaded objects and who depends on whom: a snapshot, looked at while the dynamic linker's list is held still.
 *
 * dl_iterate_phdr holds the list's lock (dl_load_write_lock) while it calls back. That lock is held for the few instructions that
 * change the list, never while constructors run, so waiting for it cannot meet the application's locks. All that
 * provider.c changes, it changes inside such a callback: one thread at a time, and objects cannot go away under it.
 */
#ifndef HOLDFAST_SHIM_SCOPE_H
#define HOLDFAST_SHIM_SCOPE_H

#include "elf_object.h"
#include "functions.h"

#pragma GCC visibility push(hidden)

#define SCOPE_NONE UINT32_MAX

struct scope_object {
    struct elf_object elf;
    const struct link_map *map; /* NULL: in no list that is known (never a caller or provider) */
    const char *name;           /* l_name; "" for the main program */
    uint32_t soname_hash, file_hash; /* of DT_SONAME and of the last part of `name`; 0: none */
    uint32_t first_edge, edge_count; /* its DT_NEEDED that are loaded, in order */
    uint32_t visited;                /* number of the search that met it */
    uint8_t defines;                 /* bit a library: it defines the probe symbol, and is not Holdfast */
    bool own;                        /* libholdfast.so */
};

struct scope {
    uint32_t count, edge_count;
    struct scope_object *objects; /* in the order of loading: main program, preloads, their dependencies, later ones */
    uint32_t *edges, *queue;
    uint32_t searches;
    unsigned long long adds, subs; /* of the dynamic linker: objects ever added, removed */
};

/* Call `work` once with the list held; adds and subs tell whether anything changed since the last time. `work` must not call
 * anything of the dynamic linker and must be short. False when it could not be called. */
bool scope_hold(void (*work)(unsigned long long adds, unsigned long long subs, void *context), void *context);

/* True in fork's child when the thread that held the linker's list or main lock was not forked along: both would be waited for for ever.
 * Then the child cannot load or unload anything either, so what is known of the loaded objects stays true. */
bool scope_is_stuck(void);

/* Take a snapshot and call `work` with it and the list held. False when there was no memory, or the list would not keep still. */
bool scope_snapshot(void (*work)(struct scope *scope, void *context), void *context);

/* The same in a child where scope_is_stuck(): without the lock, of the objects that are whole. adds and subs mean nothing then. */
bool scope_snapshot_stuck(void (*work)(struct scope *scope, void *context), void *context);

/* The first object that defines the library in the breadth-first dependency tree of `root` (itself first); SCOPE_NONE if there is none.
 * With `member` not SCOPE_NONE only if that object is in the same tree. */
uint32_t scope_search(struct scope *scope, uint32_t root, enum library library, uint32_t member);
uint32_t scope_find(const struct scope *scope, const struct link_map *map);

#pragma GCC visibility pop

#endif
