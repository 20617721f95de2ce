/* What one ELF file says of itself: see doctor.h. One thread; reads by libelf of elfutils, which bounds what a damaged file asks for.
 *
 * Calls of other objects are what the dynamic symbol table leaves undefined, and the relocations tell by which words of memory. A library that is linked statically leaves no
 * undefined symbols; it is recognised by its own definitions where the file has a symbol table, else by the names of its C++ classes, which the compiler stores for exceptions and casts. */
#include "doctor.h"
#include "contracts_table.h"
#include "text.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYMBOLS_MAXIMUM (4u << 20)
#define NAME_MAXIMUM 1024u

const char *const library_names[LIBRARY_COUNT] = {"gdal", "geos", "proj"};

/* How each library is recognised. */
static const struct sign {
    const char *probe;      /* kinds.contract: whoever defines it is a copy */
    const char *renamed;    /* the same in copies that hide from others */
    const char *class_name; /* as the compiler stores it */
    const char *class_info; /* the symbol that an object has which exports the classes */
} signs[LIBRARY_COUNT] = {
    {"GDALAllRegister", "internal_GDALAllRegister", "11GDALDataset", "_ZTI11GDALDataset"},
    {"GEOSversion", "internal_GEOSversion", "N4geos4geom8GeometryE", "_ZTIN4geos4geom8GeometryE"},
    {"proj_context_create", "internal_proj_context_create", "N5osgeo4proj3crs3CRSE", "_ZTIN5osgeo4proj3crs3CRSE"},
};

enum library contract_of(const char *function)
{
    size_t begin = 0, end = contract_line_count;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        int order = strcmp(function, contract_lines[middle].function);
        if (order == 0)
            for (size_t library = 0; library < LIBRARY_COUNT; library++)
                if (strcmp(contract_lines[middle].library, library_names[library]) == 0)
                    return (enum library)library;
        if (order == 0)
            return LIBRARY_NONE;
        if (order < 0)
            end = middle;
        else
            begin = middle + 1;
    }
    return LIBRARY_NONE;
}

const char *left_out_reason(const char *function)
{
    for (size_t index = 0; index < contract_left_out_count; index++)
        if (strcmp(contract_left_out[index].function, function) == 0)
            return contract_left_out[index].reason;
    return NULL;
}

unsigned newest_contract(enum library library)
{
    unsigned newest = 0;
    for (size_t index = 0; index < contract_line_count; index++) {
        unsigned major = 0, minor = 0;
        if (contract_lines[index].since != NULL && strcmp(contract_lines[index].library, library_names[library]) == 0 && sscanf(contract_lines[index].since, "%u.%u", &major, &minor) == 2 &&
            10000 * major + 100 * minor > newest)
            newest = 10000 * major + 100 * minor;
    }
    return newest;
}

bool image_has_library(const struct image *image, enum library library)
{
    return image->presence[library] != PRESENCE_NONE;
}

bool image_has_any(const struct image *image)
{
    return image_has_library(image, LIBRARY_gdal) || image_has_library(image, LIBRARY_geos) || image_has_library(image, LIBRARY_proj);
}

bool image_is_native(const struct image *image)
{
#if defined(__x86_64__)
    return image->machine == EM_X86_64 && image->bits == 64;
#else
    return image->machine == EM_AARCH64 && image->bits == 64;
#endif
}

const char *machine_name(unsigned machine)
{
    static const struct {
        unsigned machine;
        const char *name;
    } names[] = {{EM_X86_64, "x86-64"}, {EM_386, "x86"}, {EM_AARCH64, "aarch64"}, {EM_ARM, "ARM"}, {EM_PPC64, "PowerPC 64"}, {EM_S390, "S/390"}, {EM_RISCV, "RISC-V"}};
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++)
        if (names[index].machine == machine)
            return names[index].name;
    return "another processor";
}

/* ---- bytes ------------------------------------------------------------------------------------------------------------------- */

struct bytes {
    const char *begin;
    size_t count;
};

static bool has_bytes(struct bytes bytes, const char *text)
{
    return bytes.begin != NULL && memmem(bytes.begin, bytes.count, text, strlen(text)) != NULL;
}

/* A C string of exactly this text: nothing that could belong to a longer name stands before it. */
static bool has_string(struct bytes bytes, const char *text)
{
    size_t length = strlen(text);
    const char *end = bytes.begin + bytes.count;
    for (const char *place = bytes.begin; place != NULL && (place = memmem(place, (size_t)(end - place), text, length)) != NULL; place++)
        if (place + length < end && place[length] == '\0' && place > bytes.begin && !isalnum((unsigned char)place[-1]) && place[-1] != '_')
            return true;
    return false;
}

/* "3.11.1" at this place, to be freed; NULL: there is none. `end`: of the bytes. */
static char *version_at(const char *place, const char *end)
{
    const char *stop = place;
    unsigned dots = 0;
    while (stop < end && stop - place < 16 && (isdigit((unsigned char)*stop) || (*stop == '.' && stop > place && isdigit((unsigned char)stop[-1]))))
        dots += *stop++ == '.';
    if (dots != 2 || stop == end || stop[-1] == '.' || isalpha((unsigned char)*stop))
        return NULL;
    return duplicate_bytes(place, (size_t)(stop - place));
}

/* The version behind the first of these words that has one. */
static char *version_behind(struct bytes bytes, const char *word)
{
    size_t length = strlen(word);
    const char *end = bytes.begin + bytes.count;
    for (const char *place = bytes.begin; place != NULL && (place = memmem(place, (size_t)(end - place), word, length)) != NULL; place++) {
        char *version = version_at(place + length, end);
        if (version != NULL)
            return version;
    }
    return NULL;
}

/* GEOS: "3.11.1-CAPI-1.17.1"; with "GEOS_VERSION=" before it, it is what GDAL was built with. */
static char *version_of_geos(struct bytes bytes)
{
    static const char word[] = "-CAPI-";
    const char *end = bytes.begin + bytes.count;
    for (const char *place = bytes.begin; place != NULL && (place = memmem(place, (size_t)(end - place), word, sizeof word - 1)) != NULL; place++) {
        const char *start = place;
        while (start > bytes.begin && place - start < 16 && (isdigit((unsigned char)start[-1]) || start[-1] == '.'))
            start--;
        if (start == place || start == bytes.begin || start[-1] == '=')
            continue;
        char *version = duplicate_bytes(start, (size_t)(place - start));
        if (strchr(version, '.') != NULL)
            return version;
        free(version);
    }
    return NULL;
}

/* libgdal.so.32.3.6.2 */
static char *version_in_name(const char *path)
{
    const char *so = strstr(base_name(path), ".so.");
    const char *dot = so != NULL ? strchr(so + 4, '.') : NULL;
    unsigned dots = 0;
    for (const char *letter = dot != NULL ? dot + 1 : ""; *letter != '\0'; letter++) {
        if (!isdigit((unsigned char)*letter) && *letter != '.')
            return NULL;
        dots += *letter == '.';
    }
    return dot != NULL && dots == 2 ? duplicate(dot + 1) : NULL;
}

static char *find_version(const struct image *image, struct bytes bytes, enum library library)
{
    if (bytes.begin == NULL)
        return NULL;
    char *version = NULL;
    if (library == LIBRARY_geos)
        version = version_of_geos(bytes);
    else if (library == LIBRARY_proj)
        version = version_behind(bytes, "Rel. ");
    else if ((version = version_behind(bytes, "GDAL/")) == NULL)
        version = version_behind(bytes, "GDAL ");
    if (version == NULL && image->presence[library] == PRESENCE_EXPORTED && library == LIBRARY_gdal)
        version = version_in_name(image->path);
    return version;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------ */

struct reading {
    struct image *image;
    Elf *elf;
    struct bytes bytes; /* the whole file */
    bool exported[LIBRARY_COUNT], renamed[LIBRARY_COUNT], classes[LIBRARY_COUNT], defined[LIBRARY_COUNT];
    size_t *import_of; /* of a dynamic symbol: number of its import plus one */
    size_t symbol_count;
};

static void set_problem(struct image *image, const char *problem)
{
    if (image->problem == NULL)
        image->problem = duplicate(problem);
}

static void set_text(char **text, const char *value)
{
    if (*text == NULL && value != NULL)
        *text = duplicate(value);
}

static void read_segments(struct reading *reading)
{
    size_t count = 0;
    bool dynamic = false;
    if (elf_getphdrnum(reading->elf, &count) != 0)
        count = 0;
    for (size_t index = 0; index < count; index++) {
        GElf_Phdr segment;
        if (gelf_getphdr(reading->elf, (int)index, &segment) == NULL)
            break;
        dynamic = dynamic || segment.p_type == PT_DYNAMIC;
        if (segment.p_type == PT_INTERP && segment.p_filesz > 1 && segment.p_filesz < 4096 && segment.p_offset < reading->bytes.count &&
            segment.p_filesz <= reading->bytes.count - segment.p_offset && reading->image->interpreter == NULL)
            reading->image->interpreter = duplicate_bytes(reading->bytes.begin + segment.p_offset, strnlen(reading->bytes.begin + segment.p_offset, segment.p_filesz));
        if (segment.p_type == PT_LOAD && !reading->image->mapped) {
            reading->image->mapped = true;
            reading->image->base = segment.p_vaddr & ~UINT64_C(0xFFF); /* doctor_process.c makes the load address of it */
        }
    }
    reading->image->mapped = false;
    reading->image->is_static = count != 0 && !dynamic;
}

static void read_dynamic(struct reading *reading, Elf_Scn *section, const GElf_Shdr *header)
{
    struct image *image = reading->image;
    Elf_Data *data = elf_getdata(section, NULL);
    GElf_Dyn entry;
    for (int index = 0; data != NULL && gelf_getdyn(data, index, &entry) != NULL && entry.d_tag != DT_NULL; index++) {
        bool is_text = entry.d_tag == DT_NEEDED || entry.d_tag == DT_SONAME || entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH;
        const char *text = is_text ? elf_strptr(reading->elf, header->sh_link, (size_t)entry.d_un.d_val) : NULL;
        if (text == NULL)
            continue;
        switch (entry.d_tag) {
        case DT_NEEDED:
            if (!strings_hold(&image->needed, text))
                strings_add(&image->needed, duplicate(text));
            break;
        case DT_SONAME: set_text(&image->soname, text); break;
        case DT_RPATH: set_text(&image->rpath, text); break;
        case DT_RUNPATH: set_text(&image->runpath, text); break;
        default: break;
        }
    }
}

static void read_notes(struct reading *reading, Elf_Scn *section)
{
    Elf_Data *data = elf_getdata(section, NULL);
    GElf_Nhdr note;
    size_t place = 0, next, name, description;
    while (data != NULL && (next = gelf_getnote(data, place, &note, &name, &description)) > 0) {
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp((char *)data->d_buf + name, "GNU", 4) == 0 && note.n_descsz > 0 && note.n_descsz <= 64 && reading->image->build_id == NULL) {
            char *text = allocate(2 * note.n_descsz + 1);
            for (size_t index = 0; index < note.n_descsz; index++)
                snprintf(text + 2 * index, 3, "%02x", (unsigned)((unsigned char *)data->d_buf)[description + index]);
            reading->image->build_id = text;
        }
        place = next;
    }
}

static void note_definition(struct reading *reading, const char *name, bool dynamic)
{
    for (size_t library = 0; library < LIBRARY_COUNT; library++) {
        bool is_probe = strcmp(name, signs[library].probe) == 0;
        reading->exported[library] = reading->exported[library] || (dynamic && is_probe);
        reading->defined[library] = reading->defined[library] || is_probe;
        reading->renamed[library] = reading->renamed[library] || (dynamic && strcmp(name, signs[library].renamed) == 0);
        reading->classes[library] = reading->classes[library] || (dynamic && strcmp(name, signs[library].class_info) == 0);
    }
}

static size_t symbols_in(Elf_Data *data, const GElf_Shdr *header)
{
    size_t count = data != NULL && header->sh_entsize != 0 ? data->d_size / header->sh_entsize : 0;
    return count < SYMBOLS_MAXIMUM ? count : SYMBOLS_MAXIMUM;
}

static void add_import(struct image *image, const char *name)
{
    if ((image->import_count & (image->import_count - 1)) == 0)
        image->imports = reallocate(image->imports, (image->import_count != 0 ? 2 * image->import_count : 1) * sizeof *image->imports);
    image->imports[image->import_count++] = (struct import){.name = duplicate(name)};
}

static void add_export(struct image *image, const char *name, bool function)
{
    if ((image->export_count & (image->export_count - 1)) == 0)
        image->exports = reallocate(image->exports, (image->export_count != 0 ? 2 * image->export_count : 1) * sizeof *image->exports);
    image->exports[image->export_count++] = (struct export){duplicate(name), function};
}

static void read_symbols(struct reading *reading, Elf_Scn *section, const GElf_Shdr *header, bool dynamic)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count = symbols_in(data, header);
    if (dynamic && reading->import_of == NULL) {
        reading->import_of = allocate((count + 1) * sizeof *reading->import_of);
        reading->symbol_count = count;
    }
    for (size_t index = 1; index < count; index++) {
        GElf_Sym symbol;
        const char *name = gelf_getsym(data, (int)index, &symbol) != NULL ? elf_strptr(reading->elf, header->sh_link, symbol.st_name) : NULL;
        if (name == NULL || name[0] == '\0' || strnlen(name, NAME_MAXIMUM) == NAME_MAXIMUM)
            continue;
        if (symbol.st_shndx != SHN_UNDEF) {
            note_definition(reading, name, dynamic);
        } else if (dynamic && index < reading->symbol_count) {
            add_import(reading->image, name);
            reading->import_of[index] = reading->image->import_count;
        }
    }
}

/* Of an object with a library in it. */
static void read_exports(struct reading *reading, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count = symbols_in(data, header);
    for (size_t index = 1; index < count; index++) {
        GElf_Sym symbol;
        const char *name = gelf_getsym(data, (int)index, &symbol) != NULL && symbol.st_shndx != SHN_UNDEF ? elf_strptr(reading->elf, header->sh_link, symbol.st_name) : NULL;
        int type = name != NULL ? GELF_ST_TYPE(symbol.st_info) : STT_NOTYPE;
        /* Templates and inline functions are everybody's: whoever comes first has them. */
        if (name != NULL && name[0] != '\0' && strnlen(name, NAME_MAXIMUM) < NAME_MAXIMUM && (GELF_ST_BIND(symbol.st_info) == STB_GLOBAL || strncmp(name, "_Z", 2) != 0))
            add_export(reading->image, name, type == STT_FUNC || type == STT_GNU_IFUNC);
    }
}

static bool is_call_slot(unsigned machine, unsigned type)
{
    return machine == EM_X86_64 ? type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT
           : machine == EM_AARCH64 ? type == R_AARCH64_JUMP_SLOT || type == R_AARCH64_GLOB_DAT
                                   : true;
}

static void note_slot(struct reading *reading, size_t symbol, uint64_t place, unsigned type)
{
    if (symbol >= reading->symbol_count || reading->import_of == NULL || reading->import_of[symbol] == 0)
        return;
    struct import *import = &reading->image->imports[reading->import_of[symbol] - 1];
    bool call = is_call_slot(reading->image->machine, type);
    if (import->slot == 0 || (call && !import->by_plt))
        import->slot = place;
    import->by_plt = import->by_plt || call;
}

static void read_relocations(struct reading *reading, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count = data != NULL && header->sh_entsize != 0 ? data->d_size / header->sh_entsize : 0;
    for (size_t index = 0; index < count && index <= INT32_MAX; index++) {
        GElf_Rela with;
        GElf_Rel without;
        if (header->sh_type == SHT_RELA && gelf_getrela(data, (int)index, &with) != NULL)
            note_slot(reading, GELF_R_SYM(with.r_info), with.r_offset, (unsigned)GELF_R_TYPE(with.r_info));
        else if (header->sh_type == SHT_REL && gelf_getrel(data, (int)index, &without) != NULL)
            note_slot(reading, GELF_R_SYM(without.r_info), without.r_offset, (unsigned)GELF_R_TYPE(without.r_info));
    }
}

typedef void section_visitor(struct reading *reading, Elf_Scn *section, const GElf_Shdr *header);

static void visit_sections(struct reading *reading, section_visitor *visit)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(reading->elf, section)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) != NULL)
            visit(reading, section, &header);
    }
}

static void first_look(struct reading *reading, Elf_Scn *section, const GElf_Shdr *header)
{
    switch (header->sh_type) {
    case SHT_DYNAMIC: read_dynamic(reading, section, header); break;
    case SHT_NOTE: read_notes(reading, section); break;
    case SHT_DYNSYM: read_symbols(reading, section, header, true); break;
    case SHT_SYMTAB: read_symbols(reading, section, header, false); break;
    default: break;
    }
}

static void look_for_slots(struct reading *reading, Elf_Scn *section, const GElf_Shdr *header)
{
    if (header->sh_type == SHT_REL || header->sh_type == SHT_RELA)
        read_relocations(reading, section, header);
}

static void look_for_exports(struct reading *reading, Elf_Scn *section, const GElf_Shdr *header)
{
    if (header->sh_type == SHT_DYNSYM)
        read_exports(reading, section, header);
}

/* Names of functions with a contract among the constants of an object that looks functions up. */
static void look_for_names(struct reading *reading, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = header->sh_type == SHT_PROGBITS && (header->sh_flags & SHF_ALLOC) != 0 && (header->sh_flags & SHF_EXECINSTR) == 0 ? elf_rawdata(section, NULL) : NULL;
    if (data == NULL || data->d_buf == NULL)
        return;
    const char *text = data->d_buf, *end = text + data->d_size;
    while (text < end) {
        size_t length = strnlen(text, (size_t)(end - text));
        if (length > 4 && length < 80 && text + length < end && contract_of(text) != LIBRARY_NONE)
            strings_add(&reading->image->named, duplicate(text));
        text += length + 1;
    }
}

/* ---- what it is ---------------------------------------------------------------------------------------------------------------- */

static void judge_presence(struct reading *reading)
{
    if (reading->image->soname != NULL && strcmp(reading->image->soname, "libholdfast.so") == 0)
        return; /* its wrappers have the names of all three */
    for (size_t library = 0; library < LIBRARY_COUNT; library++) {
        enum presence presence = reading->exported[library]  ? PRESENCE_EXPORTED
                                 : reading->renamed[library] ? PRESENCE_RENAMED
                                 : reading->classes[library] ? PRESENCE_CORE
                                 : reading->defined[library] || has_string(reading->bytes, signs[library].class_name) ? PRESENCE_INSIDE
                                                                                                                     : PRESENCE_NONE;
        reading->image->presence[library] = presence;
        if (presence != PRESENCE_NONE && presence != PRESENCE_CORE)
            reading->image->version[library] = find_version(reading->image, reading->bytes, (enum library)library);
    }
}

/* What NumPy's header puts into each extension. Headers of version 2 look for numpy._core first. */
static void judge_numpy_use(struct reading *reading)
{
    struct bytes bytes = reading->bytes;
    static const char message[] = "(NumPy ";
    if (!has_string(bytes, "_ARRAY_API") || !has_bytes(bytes, "module compiled against ABI version"))
        return;
    reading->image->numpy_major = has_bytes(bytes, "numpy._core._multiarray_umath") ? 2 : 1;
    const char *place = memmem(bytes.begin, bytes.count, message, sizeof message - 1);
    const char *end = bytes.begin + bytes.count, *stop = place != NULL ? place + sizeof message - 1 : end;
    while (stop < end && (isdigit((unsigned char)*stop) || *stop == '.'))
        stop++;
    if (place != NULL && stop < end && *stop == ')')
        reading->image->numpy_least = duplicate_bytes(place + sizeof message - 1, (size_t)(stop - place) - (sizeof message - 1));
}

static bool imports_name(const struct image *image, const char *name)
{
    for (size_t index = 0; index < image->import_count; index++)
        if (strcmp(image->imports[index].name, name) == 0)
            return true;
    return false;
}

static int by_export_name(const void *left, const void *right)
{
    return strcmp(((const struct export *)left)->name, ((const struct export *)right)->name);
}

const struct export *image_export(const struct image *image, const char *name)
{
    struct export wanted = {.name = (char *)(uintptr_t)name};
    return image->export_count != 0 ? bsearch(&wanted, image->exports, image->export_count, sizeof wanted, by_export_name) : NULL;
}

static void drop_imported_names(struct image *image)
{
    size_t kept = 0;
    for (size_t index = 0; index < image->named.count; index++)
        if (!imports_name(image, image->named.items[index]))
            image->named.items[kept++] = image->named.items[index];
        else
            free(image->named.items[index]);
    image->named.count = kept;
}

static void read_elf(struct reading *reading)
{
    struct image *image = reading->image;
    GElf_Ehdr header;
    if (elf_kind(reading->elf) != ELF_K_ELF || gelf_getehdr(reading->elf, &header) == NULL)
        return;
    image->kind = IMAGE_LIBRARY;
    image->machine = header.e_machine;
    image->bits = header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
        image->kind = IMAGE_NONE; /* object files and core dumps are not loaded */
        return;
    }
    reading->bytes.begin = elf_rawfile(reading->elf, &reading->bytes.count);
    if (header.e_shoff >= reading->bytes.count)
        set_problem(image, header.e_shoff == 0 ? "it has no section headers" : "it is cut off: its section headers are missing");
    read_segments(reading);
    if (header.e_type == ET_EXEC || image->interpreter != NULL)
        image->kind = IMAGE_PROGRAM;
    visit_sections(reading, first_look);
    visit_sections(reading, look_for_slots);
    judge_presence(reading);
    judge_numpy_use(reading);
    image->looks_up = imports_name(image, "dlsym") && !image_has_any(image);
    if (image_has_any(image)) {
        visit_sections(reading, look_for_exports);
        if (image->export_count != 0)
            qsort(image->exports, image->export_count, sizeof image->exports[0], by_export_name);
    }
    if (image->looks_up) {
        visit_sections(reading, look_for_names);
        strings_sort(&image->named);
        drop_imported_names(image);
    }
    free(reading->import_of);
}

static struct image *new_image(const char *shown)
{
    struct image *image = allocate(sizeof *image);
    image->path = duplicate(shown);
    elf_version(EV_CURRENT);
    return image;
}

struct image *image_read_file(const char *path, const char *shown)
{
    struct image *image = new_image(shown);
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) {
        set_problem(image, strerror(errno));
        return image;
    }
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > EI_NIDENT) {
        struct reading reading = {.image = image, .elf = elf_begin(descriptor, ELF_C_READ_MMAP, NULL)};
        if (reading.elf != NULL)
            read_elf(&reading);
        elf_end(reading.elf);
    }
    close(descriptor);
    return image;
}

struct image *image_read_buffer(const void *bytes, size_t count, const char *shown)
{
    struct image *image = new_image(shown);
    struct reading reading = {.image = image, .elf = elf_memory((char *)(uintptr_t)bytes, count)};
    if (reading.elf != NULL)
        read_elf(&reading);
    elf_end(reading.elf);
    return image;
}

void image_free(struct image *image)
{
    for (size_t index = 0; index < image->import_count; index++)
        free(image->imports[index].name);
    for (size_t index = 0; index < image->export_count; index++)
        free(image->exports[index].name);
    for (size_t library = 0; library < LIBRARY_COUNT; library++)
        free(image->version[library]);
    strings_clear(&image->needed);
    strings_clear(&image->named);
    strings_clear(&image->dlsymmed);
    free(image->imports);
    free(image->exports);
    free(image->path);
    free(image->problem);
    free(image->interpreter);
    free(image->build_id);
    free(image->soname);
    free(image->rpath);
    free(image->runpath);
    free(image->numpy_least);
    free(image);
}
