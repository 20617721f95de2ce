/* The handles of a record as a picture: what lives in what, folded and cut so that a person can look at it. For `holdfast graph` and the HTML report.
 *
 * A forest comes first: each handle below one of its parents, the others are kept as further edges. Then a selection of it, in the order in which a tree is
 * printed: handles that are alike (same kind, state and place of birth, below the same parent) are shown a few times and then told as a number. */
#ifndef HOLDFAST_TOOLS_PICTURE_H
#define HOLDFAST_TOOLS_PICTURE_H

#include "reader.h"
#include <stdio.h>

/* What is shown of a handle, young or not. */
struct pictured {
    uint64_t address;
    const char *kind;  /* "handle" where the record does not say */
    const char *label; /* "" without one, or with a number */
    bool numbered;
    int32_t number;
    enum handle_state state;
    enum handle_cause cause;
    bool borrowed, taken, update, stale, young;
    unsigned holders, references, provider;
    const char *birth_function, *death_function; /* "" not known */
    uint32_t birth_stack, death_stack, thread;
    uint32_t id; /* in the record, 0: young */
};

struct forest {
    const struct reader *reader;
    struct forest_node *nodes; /* by handle id, then the young ones; node 0 is the parent of all roots */
    uint32_t count;
    uint32_t states[HANDLE_BURIED + 1]; /* how many handles are so */
};

void forest_open(struct forest *forest, const struct reader *reader);
void forest_close(struct forest *forest);
void forest_describe(const struct forest *forest, uint32_t node, struct pictured *handle);
/* The node of this handle; 0: there is none. With several handles under one address: one of these stacks of births, else the last. */
uint32_t forest_find_address(const struct forest *forest, uint64_t address, uint32_t birth_stack);
/* Of the handles with this label, or whose label ends in it behind a slash, one that lives and has most below it. */
uint32_t forest_find_label(const struct forest *forest, const char *label);

struct picture_wishes {
    uint32_t root;   /* node, 0: all */
    uint32_t focus;  /* node that must be shown, and only what leads to it and hangs on it is shown in full; 0: none */
    unsigned depth;  /* levels below the roots, 0: without bound */
    uint32_t limit;  /* entries */
    unsigned alike;  /* of those that are alike, so many are shown */
    bool live;       /* leave out what was freed */
};

struct picture_entry {
    uint32_t node;
    uint32_t parent;    /* entry, PICTURE_NONE: a root */
    unsigned depth;
    uint32_t folded;    /* not 0: stands for so many handles like `node`, with `below` on them */
    uint32_t below;     /* handles below it that are not shown */
    bool last;          /* among its brothers */
    unsigned column;    /* where it stands, for drawings: PICTURE_ROW steps are a row */
    unsigned row;
    enum edge_type edge; /* to the parent */
};
#define PICTURE_NONE UINT32_MAX
#define PICTURE_ROW 2u

struct picture {
    const struct forest *forest;
    struct picture_entry *entries;
    uint32_t count, room;
    uint32_t cut; /* handles that the limit or the depth left out */
    unsigned columns, rows;
};

void picture_make(struct picture *picture, const struct forest *forest, const struct picture_wishes *wishes);
void picture_clear(struct picture *picture);

/* The next edge between two entries that is not drawn as parent and child: start with *entry 0 and a zero walk. */
struct picture_walk {
    struct reader_edges edges;
    uint32_t entry;
    bool begun;
};
bool picture_next_edge(const struct picture *picture, struct picture_walk *walk, uint32_t *parent, uint32_t *child, enum edge_type *type);

const char *state_words(enum handle_state state); /* "live", "held", "dead" */
const char *edge_words(enum edge_type type);      /* "lives in", "needs" ... */
/* "band 2", "dataset 'a.tif'", "feature"; new text. */
char *picture_name(const struct pictured *handle);

/* Renderers of graph_render.c. */
struct graph_context {
    struct picture picture;
    const struct reader *reader;
    struct symbolizer *symbolizer;
    const char *fate, *source; /* what became of the process; what was read */
    bool young_missing;        /* the young handles of this process are not in its arena */
};
void render_tree(FILE *stream, const struct graph_context *context);
void render_dot(FILE *stream, const struct graph_context *context);
void render_svg(FILE *stream, const struct graph_context *context);
void render_graph_json(FILE *stream, const struct graph_context *context);

#endif
