/* One module that frames are asked of: its file, its functions by address, its lines. Only for symbolize*.c. */
#ifndef HOLDFAST_TOOLS_SYMBOLIZE_MODULE_H
#define HOLDFAST_TOOLS_SYMBOLIZE_MODULE_H

#include "symbolize.h"
#include <elfutils/libdwfl.h>
#include <stdbool.h>

/* A function of the symbol table. */
struct code_symbol {
    uint64_t address, bytes; /* bytes 0: not told */
    const char *name;        /* mangled, libdw's memory */
    int preference;          /* of several at one address the highest is shown */
};

/* A range of instructions of a compilation unit, or of a function. */
struct code_range {
    uint64_t low, high;
    size_t owner; /* index into the units, or into the unit's functions */
};

struct code_ranges {
    struct code_range *items; /* sorted by low, of equal ones the longest first */
    size_t count, room;
};

struct code_unit {
    Dwarf_Die die;
    bool indexed;
    Dwarf_Die *functions;
    size_t function_count, function_room;
    struct code_ranges ranges;
};

struct module_file {
    struct module_file *next;
    char *path, *build_id;  /* as asked for; build_id NULL: unknown */
    char *file;             /* what was opened, NULL: nothing */
    char *reason;           /* why there is nothing, or less than there should be; NULL: all is there */
    enum symbol_result state; /* SYMBOL_FOUND: it can be asked */
    uint64_t unanswered;    /* frames that it could not answer completely */
    Dwfl *session;
    Dwfl_Module *module;
    GElf_Addr bias;  /* libdw's address minus the file's own */
    GElf_Addr first; /* the lowest address of the file: not zero for a program linked at a fixed place */
    bool symbols_read, units_read;
    struct code_symbol *symbols; /* sorted by address */
    size_t symbol_count;
    Dwarf_Addr debug_bias; /* libdw's address minus that of the debug information */
    struct code_unit *units;
    size_t unit_count;
    struct code_ranges unit_ranges;
};

struct module_file *module_open(const char *path, const char *build_id);
void module_close(struct module_file *file);

/* Name of the function at libdw's address, NULL: none. */
const char *module_symbol(struct module_file *file, uint64_t address);
/* The frames at libdw's address, with mangled names; the number of them, 0 without debug information there. */
size_t module_frames(struct module_file *file, uint64_t address, struct symbol_frame *frames, size_t room);

/* Directories of symbolizer_add_path(), up to NULL. */
const char *const *symbol_paths(void);

#endif
