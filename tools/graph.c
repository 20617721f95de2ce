/* holdfast graph: what lives in what, of a running process, or of a record. See picture.h for what is shown. */
#include "arguments.h"
#include "census.h"
#include "command.h"
#include "inputs.h"
#include "picture.h"
#include "process.h"
#include "symbolize.h"
#include "target.h"
#include "text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char graph_usage[] =
    "usage: holdfast graph [--format tree|dot|svg|json] [--root HANDLE|PATH] [--live] [--depth N] [--limit N] [--alike N] PID|FILE\n\n"
    "Shows the handles of a running process, which is not stopped, or of a record (option record=): which lives in which or needs which, what is live, held\n"
    "(its free is postponed) or dead, who holds it, and where it was made and freed.\n\n"
    "  --format FORMAT   tree (default), dot for graphviz, svg, json\n"
    "  --root WHAT       only this handle and what hangs on it: its address (0x...), or its name or the end of its path (roads.gpkg)\n"
    "  --live            leave out what was freed\n"
    "  --depth N         levels below the roots (default: all)\n"
    "  --limit N         handles that are shown at most (default: tree 1000, dot and svg 400, json 100000)\n"
    "  --alike N         of handles of one kind, state and birthplace below the same parent, so many are shown and the others counted (default 3; 0: all are shown)\n"
    "Exit status: 0, 1 when the process or file is not to be had or has no such handle, 2 for wrong arguments.\n"
    "Example:  holdfast graph --root roads.gpkg 4711\n"
    "          holdfast graph --format dot app.record | dot -Tsvg > handles.svg\n";

struct request {
    void (*render)(FILE *stream, const struct graph_context *context);
    uint32_t default_limit;
    const char *root, *input;
    struct picture_wishes wishes;
    bool limited;
};

static const struct {
    void (*render)(FILE *stream, const struct graph_context *context);
    uint32_t limit;
} formats[] = {{render_tree, 1000}, {render_dot, 400}, {render_svg, 400}, {render_graph_json, 100000}};

static bool read_number(const char *option, const char *text, uint32_t least, uint32_t *number)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < least || value > 10000000) {
        complain("graph", "%s '%s' is wrong: it must be a number from %u to 10000000", option, text, least);
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

static bool set_format(void *wanted, const char *value)
{
    static const char *const names[] = {"tree", "dot", "svg", "json", NULL}; /* as `formats` */
    struct request *request = wanted;
    int format = word_among("graph", "--format", value, names);
    if (format < 0)
        return false;
    request->render = formats[format].render;
    request->default_limit = formats[format].limit;
    return true;
}

static bool set_root(void *wanted, const char *value)
{
    ((struct request *)wanted)->root = value;
    return true;
}

static bool set_live(void *wanted, const char *value)
{
    (void)value;
    return ((struct request *)wanted)->wishes.live = true;
}

static bool set_limit(void *wanted, const char *value)
{
    struct request *request = wanted;
    request->limited = true;
    return read_number("--limit", value, 1, &request->wishes.limit);
}

static bool set_depth(void *wanted, const char *value)
{
    return read_number("--depth", value, 1, &((struct request *)wanted)->wishes.depth);
}

static bool set_alike(void *wanted, const char *value)
{
    return read_number("--alike", value, 0, &((struct request *)wanted)->wishes.alike);
}

static const struct argument_option options[] = {
    {"--format", "tree, dot, svg or json", set_format}, {"--root", "a handle or a path", set_root}, {"--live", NULL, set_live},     {"--limit", "a number of handles", set_limit},
    {"--depth", "a number of levels", set_depth},       {"--alike", "a number of handles", set_alike}, {NULL, NULL, NULL},
};

/* 0: all. False after a complaint. */
static bool find_root(const struct request *request, const struct forest *forest, uint32_t *root)
{
    char *end;
    *root = 0;
    if (request->root == NULL)
        return true;
    if (strncmp(request->root, "0x", 2) == 0) {
        uint64_t address = strtoull(request->root, &end, 16);
        if (*end == '\0')
            *root = forest_find_address(forest, address, 0);
    }
    if (*root == 0)
        *root = forest_find_label(forest, request->root);
    if (*root == 0)
        complain("graph", "%s has no handle '%s'", request->input, request->root);
    return *root != 0;
}

static const char *fate_of(const struct reader *reader, bool from_memory)
{
    const struct arena_header *header = &reader->header;
    if (from_memory)
        return "running";
    enum process_life life = header->state == ARENA_LIVE ? process_life(header) : PROCESS_UNKNOWN;
    return header->state == ARENA_CLOSED ? "ended" : header->state == ARENA_REPLACED ? "replaced by another program" : life == PROCESS_LIVES ? "running" : life == PROCESS_GONE ? (census_crashed(reader) ? "crashed" : "killed") : "of another machine or container";
}

static int show(struct request *request, const struct reader *reader, bool young_missing)
{
    struct forest forest;
    struct graph_context context = {.reader = reader, .symbolizer = symbolizer_open(), .fate = fate_of(reader, young_missing), .source = request->input, .young_missing = young_missing};
    forest_open(&forest, reader);
    bool fine = find_root(request, &forest, &request->wishes.root);
    if (fine) {
        if (!request->limited)
            request->wishes.limit = request->default_limit;
        picture_make(&context.picture, &forest, &request->wishes);
        request->render(stdout, &context);
        picture_clear(&context.picture);
    }
    forest_close(&forest);
    symbolizer_close(context.symbolizer);
    return fine ? STATUS_FINE : STATUS_FAILED;
}

int graph_command(int count, char **arguments)
{
    struct request request = {.render = render_tree, .default_limit = 1000, .wishes.alike = 3};
    struct reader reader;
    bool young_missing = false;
    const struct argument_rules rules = {"graph", options};
    int status = read_one_input(&rules, count, arguments, &request, "which process, or which record?", "one process or file at a time", &request.input);
    if (status != STATUS_FINE)
        return status;
    if (!open_input("graph", request.input, &reader, &young_missing))
        return STATUS_FAILED;
    status = show(&request, &reader, young_missing);
    reader_close(&reader);
    return status;
}
