/* holdfast graph: what lives in what, of a running process, or of a record. See picture.h for what is shown. */
#include "arguments.h"
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
    const char *name;
    void (*render)(FILE *stream, const struct graph_context *context);
    uint32_t limit;
} formats[] = {{"tree", render_tree, 1000}, {"dot", render_dot, 400}, {"svg", render_svg, 400}, {"json", render_graph_json, 100000}};

static int wrong_usage(void)
{
    fputs("\n", stderr);
    fputs(graph_usage, stderr);
    return STATUS_USAGE;
}

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

static bool set_option(void *wanted, const char *name, const char *value)
{
    struct request *request = wanted;
    if (strcmp(name, "--format") == 0) {
        for (size_t index = 0; index < sizeof formats / sizeof formats[0]; index++)
            if (strcmp(formats[index].name, value) == 0) {
                request->render = formats[index].render;
                request->default_limit = formats[index].limit;
                return true;
            }
        complain("graph", "--format '%s' is wrong: it must be tree, dot, svg or json", value);
        return false;
    }
    if (strcmp(name, "--root") == 0) {
        request->root = value;
        return true;
    }
    if (strcmp(name, "--limit") == 0) {
        request->limited = true;
        return read_number(name, value, 1, &request->wishes.limit);
    }
    return read_number(name, value, strcmp(name, "--depth") == 0, strcmp(name, "--depth") == 0 ? &request->wishes.depth : &request->wishes.alike);
}

static bool takes_value(const char *name)
{
    static const char *const names[] = {"--format", "--root", "--limit", "--depth", "--alike"};
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++)
        if (strcmp(names[index], name) == 0)
            return true;
    return false;
}

static bool set_flag(void *wanted, const char *argument)
{
    bool known = strcmp(argument, "--live") == 0;
    ((struct request *)wanted)->wishes.live |= known;
    return known;
}

static bool read_arguments(struct request *request, int count, char **arguments)
{
    static const struct argument_rules rules = {"graph", "one process or file at a time", "which process, or which record?", takes_value, set_option, set_flag};
    request->input = read_one_input(&rules, count, arguments, request);
    return request->input != NULL;
}

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

static const char *fate_of(const struct arena_header *header, bool from_memory)
{
    if (from_memory)
        return "running";
    enum process_life life = header->state == ARENA_LIVE ? process_life(header) : PROCESS_UNKNOWN;
    return header->state == ARENA_CLOSED ? "ended" : header->state == ARENA_REPLACED ? "replaced by another program" : life == PROCESS_LIVES ? "running" : life == PROCESS_GONE ? "killed" : "of another machine or container";
}

static int show(struct request *request, const struct reader *reader, bool young_missing)
{
    struct forest forest;
    struct graph_context context = {.reader = reader, .symbolizer = symbolizer_open(), .fate = fate_of(&reader->header, young_missing), .source = request->input, .young_missing = young_missing};
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
    if (!read_arguments(&request, count, arguments))
        return wrong_usage();
    if (!open_input("graph", request.input, &reader, &young_missing))
        return STATUS_FAILED;
    int status = show(&request, &reader, young_missing);
    reader_close(&reader);
    return status;
}
