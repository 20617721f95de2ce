/* The formats of `holdfast graph`: a tree for the terminal, DOT, SVG, JSON. Names come from the program: each format writes them as data. */
#include "findings.h"
#include "picture.h"
#include "stack_place.h"
#include "text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BOX_WIDTH 236
#define BOX_HEIGHT 46
#define COLUMN_STEP 292
#define ROW_STEP 58
#define MARGIN 24
#define LETTERS_IN_BOX 34u

/* ---- what is said of each ----------------------------------------------------------------------------------------------------- */

static void describe(const struct graph_context *context, uint32_t entry, struct pictured *handle)
{
    forest_describe(context->picture.forest, context->picture.entries[entry].node, handle);
}

static char *plural(uint64_t count, const char *word)
{
    return compose("%" PRIu64 " %s%s", count, word, count == 1 ? "" : "s");
}

/* "held, stale, 2 proxies" */
static char *state_text(const struct pictured *handle)
{
    char holders[32] = "", references[32] = "";
    if (handle->holders != 0)
        snprintf(holders, sizeof holders, ", %u prox%s", handle->holders, handle->holders == 1 ? "y" : "ies");
    if (handle->references != 0)
        snprintf(references, sizeof references, ", %u reference%s", handle->references, handle->references == 1 ? "" : "s");
    return compose("%s%s%s%s%s%s%s", state_words(handle->state), handle->stale ? ", stale" : "", handle->taken ? ", given away" : "", handle->update ? ", open for update" : "", holders, references,
                   handle->young ? ", young" : "");
}

/* "made by OGR_F_Create at x.py:3 in <module>"; empty when nothing is known. */
static char *event_text(const struct graph_context *context, const char *verb, const char *function, uint32_t stack)
{
    struct reader_stack known;
    bool placed = reader_stack(context->reader, stack, &known);
    if (function[0] == '\0' && !placed)
        return duplicate("");
    char *place = placed ? place_of_stack(context->symbolizer, context->reader, stack) : duplicate("");
    char *text = compose("%s%s%s%s%s", verb, function[0] != '\0' ? " by " : "", function, place[0] != '\0' ? " at " : "", place);
    free(place);
    return text;
}

static char *birth_text(const struct graph_context *context, const struct pictured *handle)
{
    return event_text(context, handle->borrowed ? "lent" : "made", handle->birth_function, handle->birth_stack);
}

static char *death_text(const struct graph_context *context, const struct pictured *handle)
{
    if (handle->state == HANDLE_LIVE)
        return duplicate("");
    return event_text(context, handle->state == HANDLE_HELD ? "free postponed, asked for" : handle->cause == CAUSE_PARENT ? "died with its parent, freed" : "freed", handle->death_function, handle->death_stack);
}

/* "and 27 more like it, with 54 on them" */
static char *folded_text(const struct picture_entry *entry)
{
    char *on_them = entry->below != 0 ? compose(", with %u on them", entry->below) : duplicate("");
    char *text = compose("and %u more like it%s", entry->folded, on_them);
    free(on_them);
    return text;
}

/* ---- the terminal -------------------------------------------------------------------------------------------------------------- */

static void print_part(FILE *stream, const char *before, const char *text)
{
    if (text[0] == '\0')
        return;
    fputs(before, stream);
    print_line_safely(stream, text);
}

/* "│  ├─ " */
static void print_branches(FILE *stream, const struct picture *picture, uint32_t entry)
{
    const struct picture_entry *one = &picture->entries[entry];
    uint32_t way[64];
    unsigned count = 0;
    for (uint32_t above = one->parent; above != PICTURE_NONE && picture->entries[above].depth > 0 && count < sizeof way / sizeof way[0]; above = picture->entries[above].parent)
        way[count++] = above;
    while (count-- > 0)
        fputs(picture->entries[way[count]].last ? "   " : "\u2502  ", stream);
    if (one->depth > 0)
        fputs(one->last ? "\u2514\u2500 " : "\u251c\u2500 ", stream);
}

static void print_entry(FILE *stream, const struct graph_context *context, uint32_t entry)
{
    const struct picture_entry *one = &context->picture.entries[entry];
    struct pictured handle;
    describe(context, entry, &handle);
    print_branches(stream, &context->picture, entry);
    if (one->folded != 0) {
        char *text = folded_text(one);
        fprintf(stream, "%s\n", text);
        free(text);
        return;
    }
    char *name = picture_name(&handle), *state = state_text(&handle), *birth = birth_text(context, &handle), *death = death_text(context, &handle);
    print_line_safely(stream, name);
    fprintf(stream, "  0x%" PRIx64 "  [%s]", handle.address, state);
    print_part(stream, one->edge == EDGE_BORROWED || one->depth == 0 ? "" : "  ", one->edge == EDGE_BORROWED || one->depth == 0 ? "" : edge_words(one->edge));
    print_part(stream, "  ", birth);
    print_part(stream, "; ", death);
    if (one->below != 0)
        fprintf(stream, "  (%u below)", one->below);
    fputc('\n', stream);
    free(name);
    free(state);
    free(birth);
    free(death);
}

/* "python3, process 12, is running: 3 live, 1 held, 2 dead" */
static char *title_of(const struct graph_context *context)
{
    const uint32_t *states = context->picture.forest->states;
    return compose("%s, process %u, %s: %u live, %u held, %u dead", context->reader->header.program, context->reader->header.pid, context->fate, states[HANDLE_LIVE], states[HANDLE_HELD], states[HANDLE_BURIED]);
}

static char *left_out(const struct graph_context *context)
{
    char *cut = context->picture.cut != 0 ? plural(context->picture.cut, "handle") : NULL;
    char *text = compose("%s%s%s%s", cut != NULL ? cut : "", cut != NULL ? " left out: --limit, --depth and --root choose others" : "", cut != NULL && context->young_missing ? "; " : "",
                         context->young_missing ? "the youngest handles of each thread are missing: only a process with a record (option record=) shows them" : "");
    free(cut);
    return text;
}

void render_tree(FILE *stream, const struct graph_context *context)
{
    char *title = title_of(context), *missing = left_out(context);
    print_line_safely(stream, title);
    fputs("\n\n", stream);
    for (uint32_t entry = 0; entry < context->picture.count; entry++)
        print_entry(stream, context, entry);
    if (missing[0] != '\0')
        fprintf(stream, "\n%s\n", missing);
    free(title);
    free(missing);
}

/* ---- DOT ------------------------------------------------------------------------------------------------------------------------ */

static void dot_text(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            fprintf(stream, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            fputc(' ', stream);
        else
            fputc(byte, stream);
    }
}

static void dot_edge(FILE *stream, uint32_t parent, uint32_t child, enum edge_type type)
{
    const char *style = type == EDGE_BORROWED ? "solid" : type == EDGE_ADVICE ? "dotted" : "dashed";
    fprintf(stream, "  n%u -> n%u [style=%s, tooltip=\"%s\"];\n", parent, child, style, edge_words(type));
}

void render_dot(FILE *stream, const struct graph_context *context)
{
    static const char *const styles[] = {[HANDLE_LIVE] = "solid", [HANDLE_HELD] = "dashed,bold", [HANDLE_BURIED] = "dotted"};
    const struct picture *picture = &context->picture;
    char *title = title_of(context), *missing = left_out(context);
    fputs("digraph holdfast {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\", fontsize=10];\n  label=\"", stream);
    dot_text(stream, title);
    if (missing[0] != '\0') {
        fputs("\\n", stream);
        dot_text(stream, missing);
    }
    fputs("\";\n", stream);
    for (uint32_t entry = 0; entry < picture->count; entry++) {
        const struct picture_entry *one = &picture->entries[entry];
        struct pictured handle;
        describe(context, entry, &handle);
        char *name = one->folded != 0 ? folded_text(one) : picture_name(&handle), *state = state_text(&handle), *birth = birth_text(context, &handle);
        const char *style = (unsigned)handle.state < sizeof styles / sizeof styles[0] && styles[handle.state] != NULL ? styles[handle.state] : "solid";
        fprintf(stream, "  n%u [style=\"%s\"%s, label=\"", entry, style, handle.state == HANDLE_BURIED ? ", fontcolor=gray30" : "");
        dot_text(stream, name);
        if (one->folded == 0) {
            fprintf(stream, "\\n0x%" PRIx64 "  ", handle.address);
            dot_text(stream, state);
        }
        fputs("\", tooltip=\"", stream);
        dot_text(stream, birth);
        fputs("\"];\n", stream);
        if (one->parent != PICTURE_NONE)
            dot_edge(stream, one->parent, entry, one->edge);
        free(name);
        free(state);
        free(birth);
    }
    struct picture_walk walk = {0};
    uint32_t parent, child;
    enum edge_type type;
    while (picture_next_edge(picture, &walk, &parent, &child, &type))
        dot_edge(stream, parent, child, type);
    fputs("}\n", stream);
    free(title);
    free(missing);
}

/* ---- SVG ------------------------------------------------------------------------------------------------------------------------ */

/* XML has no way to write most control characters, nor what is no UTF-8. */
static void xml_text(FILE *stream, const char *text)
{
    json_t *checked = json_text(text);
    for (const char *at = json_string_value(checked); at != NULL && *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        bool noncharacter = byte == 0xef && (unsigned char)at[1] == 0xbf && ((unsigned char)at[2] == 0xbe || (unsigned char)at[2] == 0xbf); /* U+FFFE, U+FFFF */
        const char *entity = byte == '<' ? "&lt;" : byte == '>' ? "&gt;" : byte == '&' ? "&amp;" : byte == '"' ? "&quot;" : byte < 0x20 || byte == 0x7f ? " " : noncharacter ? "?" : NULL;
        if (noncharacter)
            at += 2;
        if (entity != NULL)
            fputs(entity, stream);
        else
            fputc(byte, stream);
    }
    json_decref(checked);
}

/* At most so many letters, the end shown: the names of files differ there. */
static char *shortened(const char *text, unsigned letters)
{
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at++)
        count += ((unsigned char)*at & 0xc0) != 0x80;
    if (count <= letters)
        return duplicate(text);
    size_t head = letters / 2, skip = count - (letters - head - 1), at_letter = 0;
    char *out = allocate(strlen(text) + 4), *to = out;
    for (const char *at = text; *at != '\0'; at++) {
        at_letter += ((unsigned char)*at & 0xc0) != 0x80;
        if (at_letter == head + 1 && ((unsigned char)*at & 0xc0) != 0x80)
            to = stpcpy(to, "\u2026");
        if (at_letter <= head || at_letter > skip)
            *to++ = *at;
    }
    return out;
}

static int svg_x(const struct picture_entry *entry)
{
    return MARGIN + (int)entry->column * COLUMN_STEP;
}

static int svg_y(const struct picture_entry *entry)
{
    return 2 * MARGIN + 24 + (int)(entry->row * ROW_STEP / PICTURE_ROW);
}

static void svg_edge(FILE *stream, const struct picture *picture, uint32_t parent, uint32_t child, enum edge_type type)
{
    const struct picture_entry *from = &picture->entries[parent], *to = &picture->entries[child];
    int x1 = svg_x(from) + BOX_WIDTH, y1 = svg_y(from) + BOX_HEIGHT / 2, x2 = svg_x(to), y2 = svg_y(to) + BOX_HEIGHT / 2, middle = (x1 + x2) / 2;
    fprintf(stream, "<path class=\"edge %s\" d=\"M%d %dC%d %d %d %d %d %d\"><title>%s</title></path>\n", type == EDGE_BORROWED ? "lives" : "needs", x1, y1, middle, y1, middle, y2, x2, y2, edge_words(type));
}

static void svg_box(FILE *stream, const struct graph_context *context, uint32_t entry)
{
    const struct picture_entry *one = &context->picture.entries[entry];
    struct pictured handle;
    describe(context, entry, &handle);
    char *name = picture_name(&handle), *state = state_text(&handle), *birth = birth_text(context, &handle), *death = death_text(context, &handle);
    char *first = one->folded != 0 ? compose("+ %u more %s", one->folded, handle.kind) : duplicate(name);
    char *second = one->folded != 0 ? compose("%s%s", state_words(handle.state), one->below != 0 ? ", with what is on them" : "")
                                    : compose("%s%s", state, one->below != 0 ? " \u2026" : "");
    char *short_name = shortened(first, LETTERS_IN_BOX), *short_state = shortened(second, LETTERS_IN_BOX + 6);
    int x = svg_x(one), y = svg_y(one);
    fprintf(stream, "<g class=\"%s%s\"><title>", state_words(handle.state), one->folded != 0 ? " folded" : "");
    xml_text(stream, name);
    fprintf(stream, "\n0x%" PRIx64 "\n", handle.address);
    xml_text(stream, birth);
    fputc('\n', stream);
    xml_text(stream, death);
    fprintf(stream, "</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/><text x=\"%d\" y=\"%d\">", x, y, BOX_WIDTH, BOX_HEIGHT, handle.state == HANDLE_BURIED ? 0 : 8, x + 12, y + 19);
    xml_text(stream, short_name);
    fprintf(stream, "</text><text class=\"small\" x=\"%d\" y=\"%d\">", x + 12, y + 36);
    xml_text(stream, short_state);
    fputs("</text></g>\n", stream);
    free(name);
    free(state);
    free(birth);
    free(death);
    free(first);
    free(second);
    free(short_name);
    free(short_state);
}

static const char svg_style[] =
    "<style>svg{background:#fff;font:13px system-ui,sans-serif}text{fill:#1b1f24}.small{font-size:11px;fill:#57606a}rect{fill:#eef6f1;stroke:#1a7f4b;stroke-width:1.5}"
    ".held rect{fill:#fff4dd;stroke:#9a6700;stroke-dasharray:6 3;stroke-width:2}.dead rect{fill:#f3f3f4;stroke:#6e7781;stroke-dasharray:2 3}.dead text{fill:#57606a}"
    ".dead text:not(.small){text-decoration:line-through}.folded rect{stroke-width:4}.edge{fill:none;stroke:#8c959f;stroke-width:1.4}.needs{stroke-dasharray:5 4}"
    "@media(prefers-color-scheme:dark){svg{background:#0f1216}text{fill:#e6edf3}.small{fill:#9aa4af}rect{fill:#12281c;stroke:#3fb976}.held rect{fill:#33270b;stroke:#d9a441}"
    ".dead rect{fill:#1b1f24;stroke:#8b949e}.dead text{fill:#9aa4af}.edge{stroke:#59626c}}</style>\n";

void render_svg(FILE *stream, const struct graph_context *context)
{
    const struct picture *picture = &context->picture;
    char *title = title_of(context), *missing = left_out(context);
    int width = 2 * MARGIN + (int)(picture->columns != 0 ? picture->columns : 1) * COLUMN_STEP - (COLUMN_STEP - BOX_WIDTH);
    int height = 3 * MARGIN + 24 + (int)picture->rows * ROW_STEP + (missing[0] != '\0' ? 20 : 0);
    fprintf(stream, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n<title>", width < 640 ? 640 : width, height, width < 640 ? 640 : width, height);
    xml_text(stream, title);
    fprintf(stream, "</title>\n%s<text x=\"%d\" y=\"%d\">", svg_style, MARGIN, MARGIN + 8);
    xml_text(stream, title);
    fputs("</text>\n", stream);
    for (uint32_t entry = 0; entry < picture->count; entry++)
        if (picture->entries[entry].parent != PICTURE_NONE)
            svg_edge(stream, picture, picture->entries[entry].parent, entry, picture->entries[entry].edge);
    struct picture_walk walk = {0};
    uint32_t parent, child;
    enum edge_type type;
    while (picture_next_edge(picture, &walk, &parent, &child, &type))
        svg_edge(stream, picture, parent, child, type);
    for (uint32_t entry = 0; entry < picture->count; entry++)
        svg_box(stream, context, entry);
    if (missing[0] != '\0') {
        fprintf(stream, "<text class=\"small\" x=\"%d\" y=\"%d\">", MARGIN, height - MARGIN);
        xml_text(stream, missing);
        fputs("</text>\n", stream);
    }
    fputs("</svg>\n", stream);
    free(title);
    free(missing);
}

/* ---- JSON ----------------------------------------------------------------------------------------------------------------------- */

static void set_unless_empty(json_t *object, const char *name, char *text)
{
    if (text[0] != '\0')
        json_object_set_new(object, name, json_text(text));
    free(text);
}

static json_t *entry_object(const struct graph_context *context, uint32_t entry)
{
    const struct picture_entry *one = &context->picture.entries[entry];
    struct pictured handle;
    json_t *object = json_object();
    describe(context, entry, &handle);
    json_object_set_new(object, "id", json_integer(entry));
    json_object_set_new(object, "kind", json_text(handle.kind));
    json_object_set_new(object, "state", json_string(state_words(handle.state)));
    if (one->folded != 0)
        json_object_set_new(object, "more", json_integer(one->folded));
    if (one->below != 0)
        json_object_set_new(object, "below", json_integer(one->below));
    if (one->parent != PICTURE_NONE)
        json_object_set_new(object, "parent", json_integer(one->parent));
    if (one->folded != 0)
        return object;
    set_unless_empty(object, "address", compose("0x%" PRIx64, handle.address));
    if (handle.numbered)
        json_object_set_new(object, "number", json_integer(handle.number));
    else
        set_unless_empty(object, "label", duplicate(handle.label));
    json_object_set_new(object, "owned", json_boolean(!handle.borrowed));
    json_object_set_new(object, "stale", json_boolean(handle.stale));
    json_object_set_new(object, "young", json_boolean(handle.young));
    json_object_set_new(object, "holders", json_integer(handle.holders));
    json_object_set_new(object, "references", json_integer(handle.references));
    json_object_set_new(object, "thread", json_integer(handle.thread));
    set_unless_empty(object, "made_by", duplicate(handle.birth_function));
    set_unless_empty(object, "freed_by", duplicate(handle.death_function));
    if (handle.birth_stack != 0)
        set_unless_empty(object, "made_at", place_of_stack(context->symbolizer, context->reader, handle.birth_stack));
    if (handle.death_stack != 0 && handle.state != HANDLE_LIVE)
        set_unless_empty(object, "freed_at", place_of_stack(context->symbolizer, context->reader, handle.death_stack));
    return object;
}

static json_t *edge_object(uint32_t parent, uint32_t child, enum edge_type type)
{
    static const char *const names[] = {[EDGE_NONE] = "none", [EDGE_BORROWED] = "borrowed", [EDGE_DEPENDANT] = "dependant", [EDGE_ADVICE] = "advice", [EDGE_NEEDED] = "needed"};
    return json_pack("{s:I, s:I, s:s}", "parent", (json_int_t)parent, "child", (json_int_t)child, "type", (unsigned)type < sizeof names / sizeof names[0] ? names[type] : "none");
}

void render_graph_json(FILE *stream, const struct graph_context *context)
{
    const struct picture *picture = &context->picture;
    const uint32_t *states = picture->forest->states;
    json_t *document = json_object(), *nodes = json_array(), *edges = json_array();
    for (uint32_t entry = 0; entry < picture->count; entry++) {
        json_array_append_new(nodes, entry_object(context, entry));
        if (picture->entries[entry].parent != PICTURE_NONE)
            json_array_append_new(edges, edge_object(picture->entries[entry].parent, entry, picture->entries[entry].edge));
    }
    struct picture_walk walk = {0};
    uint32_t parent, child;
    enum edge_type type;
    while (picture_next_edge(picture, &walk, &parent, &child, &type))
        json_array_append_new(edges, edge_object(parent, child, type));
    json_object_set_new(document, "schema", json_integer(SCHEMA_VERSION));
    json_object_set_new(document, "type", json_string("graph"));
    json_object_set_new(document, "pid", json_integer(context->reader->header.pid));
    json_object_set_new(document, "program", json_text(context->reader->header.program));
    json_object_set_new(document, "process", json_string(context->fate));
    json_object_set_new(document, "handles", json_pack("{s:I, s:I, s:I}", "live", (json_int_t)states[HANDLE_LIVE], "held", (json_int_t)states[HANDLE_HELD], "dead", (json_int_t)states[HANDLE_BURIED]));
    json_object_set_new(document, "left_out", json_integer(picture->cut));
    json_object_set_new(document, "young_missing", json_boolean(context->young_missing));
    json_object_set_new(document, "nodes", nodes);
    json_object_set_new(document, "edges", edges);
    json_dumpf(document, stream, JSON_INDENT(1));
    fputc('\n', stream);
    json_decref(document);
}
