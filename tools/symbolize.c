/* Symbols by libdw: see symbolize.h. One thread.
 *
 * Each module is opened once, by itself, as libdw sees a file that is not loaded anywhere. Separate debug files are found where
 * the distribution puts them (/usr/lib/debug); nothing is fetched from the network: a report must not wait for a server. */
#include "symbolize.h"
#include "text.h"
#include <dlfcn.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct module_file {
    struct module_file *next;
    char *path;
    char *build_id; /* hexadecimal, NULL: none */
    Dwfl *session;
    Dwfl_Module *module; /* NULL: not there, or no ELF file */
    GElf_Addr bias;      /* libdw's address minus the file's own */
    GElf_Addr first;     /* the lowest address of the file: not zero for a program linked at a fixed place */
};

typedef char *(*demangler)(const char *name, char *buffer, size_t *bytes, int *status);

struct symbolizer {
    struct module_file *modules;
    void *cxx_library;
    demangler demangle;
};

static char *debug_path; /* NULL: libdw's default places */
static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = &debug_path,
};

struct symbolizer *symbolizer_open(void)
{
    unsetenv("DEBUGINFOD_URLS");
    return allocate(sizeof(struct symbolizer));
}

void symbolizer_close(struct symbolizer *symbolizer)
{
    while (symbolizer->modules != NULL) {
        struct module_file *file = symbolizer->modules;
        symbolizer->modules = file->next;
        if (file->session != NULL)
            dwfl_end(file->session);
        free(file->path);
        free(file->build_id);
        free(file);
    }
    if (symbolizer->cxx_library != NULL)
        dlclose(symbolizer->cxx_library);
    free(symbolizer);
}

static char *hexadecimal(const unsigned char *bytes, int count)
{
    char *text = allocate((size_t)count * 2 + 1);
    for (int index = 0; index < count; index++)
        snprintf(text + index * 2, 3, "%02x", (unsigned)bytes[index]);
    return text;
}

static GElf_Addr lowest_address(Elf *elf)
{
    size_t count = 0;
    if (elf == NULL || elf_getphdrnum(elf, &count) != 0)
        return 0;
    for (size_t index = 0; index < count; index++) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf, (int)index, &segment) != NULL && segment.p_type == PT_LOAD)
            return segment.p_vaddr & ~(GElf_Addr)0xFFF;
    }
    return 0;
}

static struct module_file *open_module(struct symbolizer *symbolizer, const char *path)
{
    for (struct module_file *file = symbolizer->modules; file != NULL; file = file->next)
        if (strcmp(file->path, path) == 0)
            return file;
    struct module_file *file = allocate(sizeof *file);
    file->path = duplicate(path);
    file->next = symbolizer->modules;
    symbolizer->modules = file;
    if (path[0] != '/' || (file->session = dwfl_begin(&callbacks)) == NULL)
        return file;
    file->module = dwfl_report_offline(file->session, path, path, -1);
    dwfl_report_end(file->session, NULL, NULL);
    if (file->module == NULL)
        return file;
    file->first = lowest_address(dwfl_module_getelf(file->module, &file->bias));
    const unsigned char *bytes = NULL;
    GElf_Addr place = 0;
    int count = dwfl_module_build_id(file->module, &bytes, &place);
    if (count > 0)
        file->build_id = hexadecimal(bytes, count);
    return file;
}

/* C++ names are demangled by the C++ library of the machine when there is one; the command does not depend on it. */
static char *readable_name(struct symbolizer *symbolizer, const char *name)
{
    if (strncmp(name, "_Z", 2) != 0)
        return duplicate(name);
    if (symbolizer->cxx_library == NULL) {
        symbolizer->cxx_library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL);
        void *address = symbolizer->cxx_library != NULL ? dlsym(symbolizer->cxx_library, "__cxa_demangle") : NULL;
        memcpy(&symbolizer->demangle, &address, sizeof address);
    }
    int status = -1;
    char *clear = symbolizer->demangle != NULL ? symbolizer->demangle(name, NULL, NULL, &status) : NULL;
    return clear != NULL ? clear : duplicate(name);
}

enum symbol_result symbolize(struct symbolizer *symbolizer, const char *module, const char *build_id, uint64_t offset,
                             struct symbol *symbol)
{
    memset(symbol, 0, sizeof *symbol);
    struct module_file *file = open_module(symbolizer, module);
    if (file->module == NULL)
        return SYMBOL_NO_FILE;
    if (build_id != NULL && file->build_id != NULL && strcmp(build_id, file->build_id) != 0)
        return SYMBOL_OTHER_BUILD;
    /* A program at a fixed place may be recorded relative to where it is mapped, not to zero. */
    GElf_Addr address = (offset < file->first ? offset + file->first : offset) + file->bias;
    const char *name = dwfl_module_addrname(file->module, address);
    Dwfl_Line *line = dwfl_module_getsrc(file->module, address);
    if (name == NULL && line == NULL)
        return SYMBOL_UNKNOWN;
    if (name != NULL)
        symbol->function = readable_name(symbolizer, name);
    const char *source = line != NULL ? dwfl_lineinfo(line, NULL, &symbol->line, NULL, NULL, NULL) : NULL;
    if (source != NULL)
        symbol->file = duplicate(source);
    return SYMBOL_FOUND;
}

void symbol_clear(struct symbol *symbol)
{
    free(symbol->function);
    free(symbol->file);
    memset(symbol, 0, sizeof *symbol);
}
