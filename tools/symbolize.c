/* Symbols by libdw: see symbolize.h. One thread.
 *
 * Answers are cached by (module, address) in a table of fixed size: stacks of a fleet repeat themselves. Names are demangled once each. */
#include "symbolize_module.h"
#include "text.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_BITS 17
#define CACHE_SLOTS (1u << CACHE_BITS)
#define CACHE_WAYS 4u /* neighbouring slots in which an answer may stand */
#define MODULE_SLOTS 1024u
#define NAME_LONGEST 8192u /* a mangled name longer than that is shown as it is: demangling may take time and memory without end */

typedef char *demangler(const char *name, char *buffer, size_t *bytes, int *status);

struct cached {
    const struct module_file *file; /* NULL: empty */
    uint64_t offset;
    uint8_t count;
    struct symbol_frame *frames;
};

/* A mangled name and what a person reads for it. */
struct name {
    const char *mangled; /* libdw's memory */
    char *clear;
};

struct symbolizer {
    struct module_file *modules[MODULE_SLOTS];
    struct module_file *last; /* most frames lie in the module of the one before */
    struct cached *cache;
    struct name *names; /* open addressing, half full at most */
    size_t name_count, name_room;
    void *cxx_library;
    demangler *demangle;
};

struct symbolizer *symbolizer_open(void)
{
    struct symbolizer *symbolizer = allocate(sizeof *symbolizer);
    symbolizer->cache = allocate(CACHE_SLOTS * sizeof *symbolizer->cache);
    return symbolizer;
}

void symbolizer_close(struct symbolizer *symbolizer)
{
    for (size_t slot = 0; slot < MODULE_SLOTS; slot++)
        while (symbolizer->modules[slot] != NULL) {
            struct module_file *file = symbolizer->modules[slot];
            symbolizer->modules[slot] = file->next;
            module_close(file);
        }
    for (size_t slot = 0; slot < CACHE_SLOTS; slot++)
        free(symbolizer->cache[slot].frames);
    free(symbolizer->cache);
    for (size_t slot = 0; slot < symbolizer->name_room; slot++)
        free(symbolizer->names[slot].clear);
    free(symbolizer->names);
    if (symbolizer->cxx_library != NULL)
        dlclose(symbolizer->cxx_library);
    free(symbolizer);
}

/* ---- modules ------------------------------------------------------------------------------------------------------------- */

static size_t hash_text(const char *text, size_t hash)
{
    for (; text != NULL && *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * (size_t)0x100000001b3;
    return hash;
}

static bool same_text(const char *left, const char *right)
{
    return left == right || (left != NULL && right != NULL && strcmp(left, right) == 0);
}

static bool is_asked(const struct module_file *file, const char *path, const char *build_id)
{
    return strcmp(file->path, path) == 0 && same_text(file->build_id, build_id);
}

static struct module_file *find_module(struct symbolizer *symbolizer, const char *path, const char *build_id)
{
    if (symbolizer->last != NULL && is_asked(symbolizer->last, path, build_id))
        return symbolizer->last;
    struct module_file **slot = &symbolizer->modules[hash_text(build_id, hash_text(path, 0)) % MODULE_SLOTS];
    struct module_file *file = *slot;
    while (file != NULL && !is_asked(file, path, build_id))
        file = file->next;
    if (file == NULL) {
        file = module_open(path, build_id);
        file->next = *slot;
        *slot = file;
    }
    symbolizer->last = file;
    return file;
}

/* ---- names ---------------------------------------------------------------------------------------------------------------- */

static struct name *name_slot(struct symbolizer *symbolizer, const char *mangled)
{
    size_t slot = hash_text(mangled, 0) & (symbolizer->name_room - 1);
    while (symbolizer->names[slot].mangled != NULL && strcmp(symbolizer->names[slot].mangled, mangled) != 0)
        slot = (slot + 1) & (symbolizer->name_room - 1);
    return &symbolizer->names[slot];
}

static void make_room_for_names(struct symbolizer *symbolizer)
{
    struct name *old = symbolizer->names;
    size_t room = symbolizer->name_room;
    symbolizer->name_room = room != 0 ? 2 * room : 1024;
    symbolizer->names = allocate(symbolizer->name_room * sizeof *symbolizer->names);
    for (size_t slot = 0; slot < room; slot++)
        if (old[slot].mangled != NULL)
            *name_slot(symbolizer, old[slot].mangled) = old[slot];
    free(old);
}

/* By the C++ library of the machine when there is one: the command does not depend on it. NULL: it cannot be read. */
static char *demangle(struct symbolizer *symbolizer, const char *name)
{
    if (symbolizer->cxx_library == NULL) {
        symbolizer->cxx_library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL);
        void *address = symbolizer->cxx_library != NULL ? dlsym(symbolizer->cxx_library, "__cxa_demangle") : NULL;
        memcpy(&symbolizer->demangle, &address, sizeof address);
    }
    int status = -1;
    return symbolizer->demangle != NULL && strnlen(name, NAME_LONGEST) < NAME_LONGEST ? symbolizer->demangle(name, NULL, NULL, &status) : NULL;
}

static const char *readable_name(struct symbolizer *symbolizer, const char *name)
{
    if (name == NULL || strncmp(name, "_Z", 2) != 0)
        return name;
    if (2 * symbolizer->name_count >= symbolizer->name_room)
        make_room_for_names(symbolizer);
    struct name *entry = name_slot(symbolizer, name);
    if (entry->mangled == NULL) {
        *entry = (struct name){name, demangle(symbolizer, name)};
        symbolizer->name_count++;
    }
    return entry->clear != NULL ? entry->clear : name;
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------ */

static void look_up(struct symbolizer *symbolizer, struct module_file *file, uint64_t offset, struct symbol *symbol)
{
    /* A program at a fixed place may be recorded relative to where it is mapped, not to zero. */
    uint64_t address = (offset < file->first ? offset + file->first : offset) + file->bias;
    symbol->count = module_frames(file, address, symbol->frames, SYMBOL_FRAMES_MAXIMUM);
    struct symbol_frame *outermost = symbol->count != 0 ? &symbol->frames[symbol->count - 1] : &symbol->frames[0];
    if (outermost->function == NULL)
        outermost->function = module_symbol(file, address);
    if (symbol->count == 0 && outermost->function != NULL)
        symbol->count = 1;
    for (size_t index = 0; index < symbol->count; index++)
        symbol->frames[index].function = readable_name(symbolizer, symbol->frames[index].function);
}

/* The slot of this answer, or the one that it is to take. */
static struct cached *cache_slot(struct symbolizer *symbolizer, const struct module_file *file, uint64_t offset)
{
    uint64_t mixed = (offset ^ (uint64_t)(uintptr_t)file) * UINT64_C(0x9e3779b97f4a7c15);
    struct cached *slots = &symbolizer->cache[(mixed >> (64 - CACHE_BITS)) & ~(uint64_t)(CACHE_WAYS - 1)], *chosen = NULL;
    for (unsigned way = 0; way < CACHE_WAYS; way++) {
        if (slots[way].file == file && slots[way].offset == offset)
            return &slots[way];
        if (slots[way].file == NULL && chosen == NULL)
            chosen = &slots[way];
    }
    return chosen != NULL ? chosen : &slots[mixed % CACHE_WAYS];
}

enum symbol_result symbolize(struct symbolizer *symbolizer, const char *module, const char *build_id, uint64_t offset,
                             struct symbol *symbol)
{
    memset(symbol, 0, sizeof *symbol);
    struct module_file *file = find_module(symbolizer, module, build_id);
    if (file->state != SYMBOL_FOUND) {
        file->unanswered++;
        return file->state;
    }
    struct cached *slot = cache_slot(symbolizer, file, offset);
    if (slot->file != file || slot->offset != offset) {
        look_up(symbolizer, file, offset, symbol);
        free(slot->frames);
        *slot = (struct cached){.file = file, .offset = offset, .count = (uint8_t)symbol->count, .frames = allocate(symbol->count * sizeof symbol->frames[0])};
        memcpy(slot->frames, symbol->frames, symbol->count * sizeof symbol->frames[0]);
    } else {
        symbol->count = slot->count;
        memcpy(symbol->frames, slot->frames, slot->count * sizeof symbol->frames[0]);
    }
    bool no_lines = file->unit_count == 0; /* where there are some, what has none is assembly */
    if (symbol->count == 0 || (symbol->frames[0].file == NULL && no_lines))
        file->unanswered++;
    return symbol->count != 0 ? SYMBOL_FOUND : SYMBOL_UNKNOWN;
}

/* ---- what is missing -------------------------------------------------------------------------------------------------------------- */

static int most_frames_first(const void *left, const void *right)
{
    const struct module_file *a = *(struct module_file *const *)left, *b = *(struct module_file *const *)right;
    if (a->unanswered != b->unanswered)
        return a->unanswered > b->unanswered ? -1 : 1;
    return strcmp(a->path, b->path);
}

/* Modules with frames that got less than function and line; to be freed. */
static struct module_file **collect_missing(struct symbolizer *symbolizer, size_t *count)
{
    struct module_file **files = NULL;
    *count = 0;
    for (size_t slot = 0; slot < MODULE_SLOTS; slot++)
        for (struct module_file *file = symbolizer->modules[slot]; file != NULL; file = file->next)
            if (file->unanswered != 0) {
                files = reallocate(files, (*count + 1) * sizeof *files);
                files[(*count)++] = file;
            }
    if (*count != 0)
        qsort(files, *count, sizeof *files, most_frames_first);
    return files;
}

static const char *reason_of(const struct module_file *file)
{
    if (file->reason != NULL)
        return file->reason;
    return file->unit_count == 0 ? "it has no debug information, and there is no separate file with it: names of functions alone" : "its debug information does not cover all of it";
}

static const char *known(const char *text)
{
    return text != NULL ? text : "";
}

json_t *symbolizer_missing(struct symbolizer *symbolizer)
{
    size_t count;
    struct module_file **files = collect_missing(symbolizer, &count);
    json_t *rows = json_array();
    for (size_t index = 0; index < count; index++) {
        const struct module_file *file = files[index];
        const char *const texts[][2] = {{"module", file->path}, {"build_id", known(file->build_id)}, {"reason", reason_of(file)}};
        json_t *row = json_object();
        for (size_t text = 0; text < sizeof texts / sizeof texts[0]; text++) {
            json_t *value = json_string(texts[text][1]);
            json_object_set_new(row, texts[text][0], value != NULL ? value : json_string("(no text)"));
        }
        json_object_set_new(row, "frames", json_integer((json_int_t)file->unanswered));
        json_array_append_new(rows, row);
    }
    free(files);
    return rows;
}

#define ROWS_SHOWN 20

void symbolizer_print_missing(FILE *stream, struct symbolizer *symbolizer)
{
    size_t count;
    struct module_file **files = collect_missing(symbolizer, &count);
    if (count != 0)
        fprintf(stream, "\nFrames without function or line:\n  %6s  %-16s %s\n", "frames", "build-id", "module, and why");
    for (size_t index = 0; index < count && index < ROWS_SHOWN; index++) {
        const struct module_file *file = files[index];
        char *line = compose("  %6llu  %-16.16s %s: %s", (unsigned long long)file->unanswered, file->build_id != NULL ? file->build_id : "-", file->path, reason_of(file));
        print_safely(stream, line);
        fputc('\n', stream);
        free(line);
    }
    if (count > ROWS_SHOWN)
        fprintf(stream, "  and %zu modules more\n", count - ROWS_SHOWN);
    free(files);
}
