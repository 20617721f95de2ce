/* See picture.h. Allocates; one thread. A damaged record may have circles and wrong numbers: every walk here ends. */
#include "picture.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

struct forest_node {
    uint32_t parent, first_child, last_child, next;
    uint32_t below;           /* handles in its subtree, without itself */
    struct reader_young *young; /* NULL: a handle of the tracker, or none */
    uint8_t edge;
    bool there, on_path;
};

/* ---- the forest -------------------------------------------------------------------------------------------------------------- */

/* What it lives in counts more than what it needs. */
static uint32_t parent_of(const struct reader *reader, uint32_t id, uint8_t *type)
{
    struct reader_edges edges = reader_parents(reader, id);
    const struct edge_record *edge;
    uint32_t chosen = 0;
    *type = EDGE_NONE;
    while ((edge = reader_next_edge(&edges)) != NULL)
        if (edge->child == id && edge->parent != id && (chosen == 0 || (*type != EDGE_BORROWED && edge->type == EDGE_BORROWED))) {
            chosen = edge->parent;
            *type = (uint8_t)edge->type;
        }
    return chosen;
}

static uint32_t count_young(const struct reader *reader)
{
    struct reader_young young;
    uint32_t count = 0;
    for (uint32_t set = 0, index = 0; reader_next_young(reader, &set, &index, &young);)
        count++;
    return count;
}

/* Those of one set name what lent them by its place there. */
static void link_young(struct forest *forest, const uint32_t *nodes, uint32_t places)
{
    for (uint32_t place = 0; place < places; place++) {
        struct forest_node *one = nodes[place] != 0 ? &forest->nodes[nodes[place]] : NULL;
        if (one == NULL || one->young->above >= places || nodes[one->young->above] == 0)
            continue;
        one->parent = nodes[one->young->above];
        one->edge = EDGE_BORROWED;
    }
}

static void add_young(struct forest *forest, uint32_t first)
{
    const struct reader *reader = forest->reader;
    struct reader_young young;
    uint32_t node = first, places = reader->header.own.entries, last_set = 0;
    uint32_t *nodes = allocate(((size_t)places + 1) * sizeof *nodes);
    for (uint32_t set = 0, index = 0; node < forest->count && reader_next_young(reader, &set, &index, &young); node++) {
        if (set != last_set) {
            link_young(forest, nodes, places);
            memset(nodes, 0, (size_t)places * sizeof *nodes);
            last_set = set;
        }
        forest->nodes[node].young = allocate(sizeof young);
        *forest->nodes[node].young = young;
        forest->nodes[node].there = true;
        nodes[index] = node;
    }
    link_young(forest, nodes, places);
    free(nodes);
    forest->count = node;
}

/* Handles by address: the youngest that is not dead. */
struct addresses {
    uint32_t *slots;
    size_t mask;
};

static uint64_t address_of(const struct forest *forest, uint32_t node)
{
    const struct handle_record *record = reader_handle(forest->reader, node);
    return forest->nodes[node].young != NULL ? forest->nodes[node].young->address : record != NULL ? record->address : 0;
}

static size_t slot_of(const struct forest *forest, const struct addresses *addresses, uint64_t address)
{
    size_t slot = (size_t)((address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & addresses->mask;
    while (addresses->slots[slot] != 0 && address_of(forest, addresses->slots[slot]) != address)
        slot = (slot + 1) & addresses->mask;
    return slot;
}

static struct addresses index_addresses(const struct forest *forest)
{
    struct addresses addresses = {.mask = 64};
    while (addresses.mask < 2 * (size_t)forest->count)
        addresses.mask *= 2;
    addresses.slots = allocate(addresses.mask * sizeof *addresses.slots);
    addresses.mask--;
    for (uint32_t node = 1; node < forest->count; node++) {
        const struct handle_record *record = reader_handle(forest->reader, node);
        if (forest->nodes[node].there && (record == NULL || record->state != HANDLE_BURIED))
            addresses.slots[slot_of(forest, &addresses, address_of(forest, node))] = node;
    }
    return addresses;
}

/* Those that nothing young lent. */
static void find_parents_of_young(struct forest *forest)
{
    struct addresses addresses = index_addresses(forest);
    for (uint32_t node = 1; node < forest->count; node++) {
        struct forest_node *one = &forest->nodes[node];
        for (unsigned parent = 0; parent < 2 && one->young != NULL && one->parent == 0; parent++)
            if (one->young->parents[parent].address != 0) {
                one->parent = addresses.slots[slot_of(forest, &addresses, one->young->parents[parent].address)];
                one->edge = one->young->parents[parent].edge;
            }
    }
    free(addresses.slots);
}

/* A circle is cut where it is met again. */
static void break_circles(struct forest *forest)
{
    uint8_t *seen = allocate(forest->count); /* 1: on the way that is being walked, 2: leads to a root */
    for (uint32_t node = 1; node < forest->count; node++) {
        uint32_t step = node;
        while (step != 0 && seen[step] == 0) {
            seen[step] = 1;
            uint32_t parent = forest->nodes[step].parent;
            if (parent != 0 && seen[parent] == 1)
                parent = forest->nodes[step].parent = 0;
            step = parent;
        }
        for (step = node; step != 0 && seen[step] == 1; step = forest->nodes[step].parent)
            seen[step] = 2;
    }
    free(seen);
}

static void link_children(struct forest *forest)
{
    for (uint32_t node = 1; node < forest->count; node++) {
        struct forest_node *one = &forest->nodes[node], *parent = &forest->nodes[one->parent];
        if (!one->there)
            continue;
        if (parent->last_child != 0)
            forest->nodes[parent->last_child].next = node;
        else
            parent->first_child = node;
        parent->last_child = node;
    }
}

/* Every node adds itself to all above it; chains are short, but in a damaged record, where they are cut. */
#define DEEPEST 256u
static void count_below(struct forest *forest)
{
    for (uint32_t node = 1; node < forest->count; node++) {
        if (!forest->nodes[node].there)
            continue;
        uint32_t steps = 0;
        for (uint32_t above = forest->nodes[node].parent; above != 0 && steps < DEEPEST; above = forest->nodes[above].parent, steps++)
            forest->nodes[above].below++;
        forest->nodes[0].below++;
    }
}

void forest_open(struct forest *forest, const struct reader *reader)
{
    uint32_t handles = reader->sections[SECTION_HANDLES].used, young = count_young(reader);
    *forest = (struct forest){.reader = reader, .count = handles + young + (handles == 0)};
    forest->nodes = allocate((size_t)forest->count * sizeof *forest->nodes);
    for (uint32_t id = 0; (id = reader_next_handle(reader, id)) != 0;) {
        forest->nodes[id].there = true;
        forest->nodes[id].parent = parent_of(reader, id, &forest->nodes[id].edge);
    }
    add_young(forest, handles != 0 ? handles : 1);
    find_parents_of_young(forest);
    break_circles(forest);
    link_children(forest);
    count_below(forest);
    for (uint32_t node = 1; node < forest->count; node++)
        if (forest->nodes[node].there) {
            struct pictured handle;
            forest_describe(forest, node, &handle);
            forest->states[handle.state]++;
        }
}

void forest_close(struct forest *forest)
{
    for (uint32_t node = 0; node < forest->count; node++)
        free(forest->nodes[node].young);
    free(forest->nodes);
    *forest = (struct forest){0};
}

static const char *kind_of(const struct reader *reader, unsigned kind)
{
    const char *name = reader_kind_name(reader, kind);
    return name[0] != '\0' ? name : "handle";
}

void forest_describe(const struct forest *forest, uint32_t node, struct pictured *handle)
{
    const struct reader *reader = forest->reader;
    const struct reader_young *young = forest->nodes[node].young;
    *handle = (struct pictured){.kind = "handle", .label = "", .birth_function = "", .death_function = ""};
    if (young != NULL) {
        *handle = (struct pictured){.address = young->address, .kind = kind_of(reader, young->kind), .label = "", .numbered = young->numbered, .number = young->number,
                                    .state = young->held ? HANDLE_HELD : HANDLE_LIVE, .borrowed = young->borrowed, .young = true, .holders = young->holders,
                                    .birth_function = reader_function_name(reader, young->function), .death_function = "", .birth_stack = young->birth_stack, .thread = young->thread};
        return;
    }
    const struct handle_record *record = reader_handle(reader, node);
    if (record == NULL)
        return;
    bool numbered = (record->flags & HANDLE_NUMBER) != 0;
    *handle = (struct pictured){.address = record->address, .kind = kind_of(reader, record->kind), .label = numbered ? "" : reader_string(reader, record->label), .numbered = numbered,
                                .number = numbered ? (int32_t)record->label : 0, .state = (enum handle_state)record->state, .cause = (enum handle_cause)record->cause,
                                .borrowed = (record->flags & HANDLE_BORROWED) != 0, .taken = (record->flags & HANDLE_TAKEN) != 0, .update = (record->flags & HANDLE_UPDATE) != 0,
                                .stale = (record->flags & HANDLE_STALE) != 0, .holders = record->holders, .references = record->references, .provider = record->provider,
                                .birth_function = reader_function_name(reader, record->birth_function), .death_function = reader_function_name(reader, record->death_function),
                                .birth_stack = record->birth_stack, .death_stack = record->death_stack, .thread = record->birth_thread, .id = node};
    if (record->state == HANDLE_LIVE)
        handle->death_function = "";
}

uint32_t forest_find_address(const struct forest *forest, uint64_t address, uint32_t birth_stack)
{
    uint32_t found = 0;
    bool same = false, living = false;
    for (uint32_t node = 1; node < forest->count; node++) {
        struct pictured handle;
        if (!forest->nodes[node].there || address_of(forest, node) != address)
            continue;
        forest_describe(forest, node, &handle);
        bool fits = birth_stack != 0 && handle.birth_stack == birth_stack, lives = handle.state == HANDLE_LIVE;
        if (found == 0 || fits > same || (fits == same && lives >= living)) {
            found = node;
            same = fits;
            living = lives;
        }
    }
    return found;
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), bytes = strlen(end);
    return bytes != 0 && bytes <= length && strcmp(text + length - bytes, end) == 0 && (bytes == length || text[length - bytes - 1] == '/');
}

uint32_t forest_find_label(const struct forest *forest, const char *label)
{
    uint32_t found = 0;
    bool living = false;
    for (uint32_t node = 1; node < forest->count; node++) {
        struct pictured handle;
        if (!forest->nodes[node].there)
            continue;
        forest_describe(forest, node, &handle);
        bool lives = handle.state != HANDLE_BURIED;
        if (ends_in(handle.label, label) && (found == 0 || lives > living || (lives == living && forest->nodes[node].below > forest->nodes[found].below))) {
            found = node;
            living = lives;
        }
    }
    return found;
}

/* ---- the selection ----------------------------------------------------------------------------------------------------------- */

struct making {
    struct picture *picture;
    const struct picture_wishes *wishes;
};

struct brother {
    uint32_t node;
    bool leaf;
    struct pictured handle;
};

static int by_likeness(const void *left, const void *right)
{
    const struct brother *a = left, *b = right;
    if (a->leaf != b->leaf)
        return a->leaf ? 1 : -1;
    int order = strcmp(a->handle.kind, b->handle.kind);
    if (order != 0)
        return order;
    if (a->handle.state != b->handle.state)
        return a->handle.state < b->handle.state ? -1 : 1;
    if (a->handle.birth_stack != b->handle.birth_stack)
        return a->handle.birth_stack < b->handle.birth_stack ? -1 : 1;
    if (a->handle.number != b->handle.number) /* records of bands may lie in any order */
        return a->handle.number < b->handle.number ? -1 : 1;
    return a->node < b->node ? -1 : 1;
}

static bool alike(const struct brother *a, const struct brother *b)
{
    return a->leaf == b->leaf && strcmp(a->handle.kind, b->handle.kind) == 0 && a->handle.state == b->handle.state && a->handle.birth_stack == b->handle.birth_stack;
}

/* With `live`: handles of its subtree that are left out are none; a dead parent whose children live is shown all the same. */
static bool is_wanted(const struct making *making, uint32_t node, unsigned depth)
{
    const struct forest *forest = making->picture->forest;
    struct pictured handle;
    if (!making->wishes->live)
        return true;
    forest_describe(forest, node, &handle);
    if (handle.state != HANDLE_BURIED)
        return true;
    for (uint32_t child = forest->nodes[node].first_child; child != 0; child = forest->nodes[child].next)
        if (depth < DEEPEST && is_wanted(making, child, depth + 1))
            return true;
    return false;
}

static struct picture_entry *add_entry(struct making *making, uint32_t node, uint32_t parent, unsigned depth)
{
    struct picture *picture = making->picture;
    if (picture->count >= making->wishes->limit)
        return NULL;
    if (picture->count == picture->room) {
        picture->room = picture->room != 0 ? 2 * picture->room : 64;
        picture->entries = reallocate(picture->entries, picture->room * sizeof *picture->entries);
    }
    struct picture_entry *entry = &picture->entries[picture->count++];
    *entry = (struct picture_entry){.node = node, .parent = parent, .depth = depth, .edge = (enum edge_type)picture->forest->nodes[node].edge};
    return entry;
}

static void add_children(struct making *making, uint32_t node, uint32_t entry, unsigned depth);

static void add_node(struct making *making, uint32_t node, uint32_t parent, unsigned depth)
{
    const struct forest_node *one = &making->picture->forest->nodes[node];
    if (add_entry(making, node, parent, depth) == NULL) {
        making->picture->cut += 1 + one->below;
        return;
    }
    uint32_t entry = making->picture->count - 1;
    const struct picture_wishes *wishes = making->wishes;
    bool deep = depth + 1 >= DEEPEST || (wishes->depth != 0 && depth >= wishes->depth) || (wishes->focus != 0 && !one->on_path && parent != PICTURE_NONE && making->picture->entries[parent].node != wishes->focus);
    if (deep) {
        making->picture->entries[entry].below = one->below;
        making->picture->cut += wishes->focus == 0 ? one->below : 0;
    } else {
        add_children(making, node, entry, depth + 1);
    }
}

static void add_folded(struct making *making, const struct brother *first, size_t count, uint32_t parent, unsigned depth)
{
    uint32_t below = 0;
    for (size_t index = 0; index < count; index++)
        below += making->picture->forest->nodes[first[index].node].below;
    struct picture_entry *entry = add_entry(making, first->node, parent, depth);
    if (entry == NULL) {
        making->picture->cut += (uint32_t)count + below;
        return;
    }
    entry->folded = (uint32_t)count;
    entry->below = below;
}

/* What leads to the focus comes first in its group. */
static void move_focus_ahead(const struct forest *forest, struct brother *group, size_t count)
{
    for (size_t index = 1; index < count; index++)
        if (forest->nodes[group[index].node].on_path) {
            struct brother chosen = group[index];
            memmove(group + 1, group, index * sizeof *group);
            group[0] = chosen;
            return;
        }
}

static void add_group(struct making *making, struct brother *group, size_t count, uint32_t parent, unsigned depth)
{
    size_t shown = making->wishes->alike != 0 && count > making->wishes->alike + 1 ? making->wishes->alike : count;
    move_focus_ahead(making->picture->forest, group, count);
    for (size_t index = 0; index < shown; index++)
        add_node(making, group[index].node, parent, depth);
    if (shown < count)
        add_folded(making, group + shown, count - shown, parent, depth);
}

static void add_children(struct making *making, uint32_t node, uint32_t entry, unsigned depth)
{
    const struct forest *forest = making->picture->forest;
    size_t count = 0, room = 0;
    struct brother *brothers = NULL;
    for (uint32_t child = forest->nodes[node].first_child; child != 0; child = forest->nodes[child].next) {
        if (!is_wanted(making, child, depth) || (node == 0 && making->wishes->focus != 0 && !forest->nodes[child].on_path))
            continue;
        if (count == room) {
            room = room != 0 ? 2 * room : 16;
            brothers = reallocate(brothers, room * sizeof *brothers);
        }
        brothers[count] = (struct brother){.node = child, .leaf = forest->nodes[child].first_child == 0};
        forest_describe(forest, child, &brothers[count++].handle);
    }
    if (count > 1)
        qsort(brothers, count, sizeof *brothers, by_likeness);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && alike(&brothers[first], &brothers[end]); end++)
            ;
        add_group(making, brothers + first, end - first, entry, depth);
    }
    free(brothers);
}

/* ---- where it stands ---------------------------------------------------------------------------------------------------------- */

/* Leaves stand below each other, a parent in the middle of its children. */
static void place_entries(struct picture *picture)
{
    uint32_t *first = allocate(((size_t)picture->count + 1) * sizeof *first), *last = allocate(((size_t)picture->count + 1) * sizeof *last);
    for (uint32_t index = 0; index < picture->count; index++) {
        first[index] = last[index] = PICTURE_NONE;
        picture->entries[index].column = picture->entries[index].depth;
        if (picture->entries[index].depth + 1 > picture->columns)
            picture->columns = picture->entries[index].depth + 1;
        uint32_t parent = picture->entries[index].parent;
        if (parent != PICTURE_NONE) {
            if (first[parent] == PICTURE_NONE)
                first[parent] = index;
            last[parent] = index;
        }
    }
    for (uint32_t index = 0; index < picture->count; index++) {
        uint32_t parent = picture->entries[index].parent;
        picture->entries[index].last = parent == PICTURE_NONE || last[parent] == index;
        if (first[index] == PICTURE_NONE)
            picture->entries[index].row = PICTURE_ROW * picture->rows++;
    }
    for (uint32_t index = picture->count; index-- > 0;)
        if (first[index] != PICTURE_NONE)
            picture->entries[index].row = (picture->entries[first[index]].row + picture->entries[last[index]].row) / 2;
    free(first);
    free(last);
}

void picture_make(struct picture *picture, const struct forest *forest, const struct picture_wishes *wishes)
{
    struct making making = {picture, wishes};
    *picture = (struct picture){.forest = forest};
    for (uint32_t node = wishes->focus, steps = 0; node != 0 && steps < DEEPEST; node = forest->nodes[node].parent, steps++)
        forest->nodes[node].on_path = true;
    if (wishes->root != 0)
        add_node(&making, wishes->root, PICTURE_NONE, 0);
    else
        add_children(&making, 0, PICTURE_NONE, 0);
    for (uint32_t node = wishes->focus, steps = 0; node != 0 && steps < DEEPEST; node = forest->nodes[node].parent, steps++)
        forest->nodes[node].on_path = false;
    place_entries(picture);
}

void picture_clear(struct picture *picture)
{
    free(picture->entries);
    *picture = (struct picture){0};
}

static uint32_t entry_of(const struct picture *picture, uint32_t node)
{
    for (uint32_t index = 0; index < picture->count; index++)
        if (picture->entries[index].node == node && picture->entries[index].folded == 0)
            return index;
    return PICTURE_NONE;
}

bool picture_next_edge(const struct picture *picture, struct picture_walk *walk, uint32_t *parent, uint32_t *child, enum edge_type *type)
{
    for (; walk->entry < picture->count; walk->entry++, walk->begun = false) {
        const struct picture_entry *entry = &picture->entries[walk->entry];
        if (!walk->begun)
            walk->edges = reader_parents(picture->forest->reader, entry->folded == 0 ? entry->node : 0);
        walk->begun = true;
        const struct edge_record *edge;
        while ((edge = reader_next_edge(&walk->edges)) != NULL) {
            if (edge->child != entry->node || edge->parent == picture->forest->nodes[entry->node].parent || (*parent = entry_of(picture, edge->parent)) == PICTURE_NONE)
                continue;
            *child = walk->entry;
            *type = (enum edge_type)edge->type;
            return true;
        }
    }
    return false;
}

/* ---- words --------------------------------------------------------------------------------------------------------------------- */

const char *state_words(enum handle_state state)
{
    return state == HANDLE_HELD ? "held" : state == HANDLE_BURIED ? "dead" : "live";
}

const char *edge_words(enum edge_type type)
{
    static const char *const words[] = {[EDGE_NONE] = "", [EDGE_BORROWED] = "lives in", [EDGE_DEPENDANT] = "needs", [EDGE_ADVICE] = "should not outlive", [EDGE_NEEDED] = "needs for use"};
    return (unsigned)type < sizeof words / sizeof words[0] ? words[type] : "";
}

char *picture_name(const struct pictured *handle)
{
    if (handle->numbered)
        return compose("%s %d", handle->kind, (int)handle->number);
    return handle->label[0] != '\0' ? compose("%s '%s'", handle->kind, handle->label) : duplicate(handle->kind);
}
