/* From (module file, offset) to function, source file and line, by libdw. */
#ifndef HOLDFAST_TOOLS_SYMBOLIZE_H
#define HOLDFAST_TOOLS_SYMBOLIZE_H

#include <stddef.h>
#include <stdint.h>

enum symbol_result {
    SYMBOL_FOUND,
    SYMBOL_UNKNOWN,     /* the file is there, but knows nothing of the offset */
    SYMBOL_NO_FILE,     /* the module's file is not on this machine, or is no ELF file */
    SYMBOL_OTHER_BUILD, /* the file there now is not the one that ran */
};

struct symbol {
    char *function; /* demangled; NULL if unknown */
    char *file;     /* NULL without debug information */
    int line;
};

struct symbolizer;

struct symbolizer *symbolizer_open(void);
void symbolizer_close(struct symbolizer *symbolizer);

/* `offset` is relative to the module's load address. `build_id` is the lower-case hexadecimal id of the module that ran, NULL if
 * unknown. Fill in `symbol` for SYMBOL_FOUND; symbol_clear() frees it. */
enum symbol_result symbolize(struct symbolizer *symbolizer, const char *module, const char *build_id, uint64_t offset,
                             struct symbol *symbol);
void symbol_clear(struct symbol *symbol);

#endif
