/* What lies at an address of a module: the function of the symbol table; by the debug information the line, and the functions inlined there. See symbolize_module.h. One thread.
 *
 * libdw's own searches by address go through a whole symbol table or a whole compilation unit each time. Here both are sorted once, when they are first asked, and of the tree of
 * debug entries only one function's part is walked for an address. */
#include "symbolize_module.h"
#include "text.h"
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAXIMUM 64     /* of entries inside each other: hostile files nest without end */
#define OVERLAPS_MAXIMUM 64  /* ranges that begin before an address and do not hold it, before the search ends */

/* ---- ranges -------------------------------------------------------------------------------------------------------------- */

static void add_range(struct code_ranges *ranges, uint64_t low, uint64_t high, size_t owner)
{
    if (high <= low)
        return;
    if (ranges->count == ranges->room) {
        ranges->room = ranges->room != 0 ? 2 * ranges->room : 64;
        ranges->items = reallocate(ranges->items, ranges->room * sizeof *ranges->items);
    }
    ranges->items[ranges->count++] = (struct code_range){low, high, owner};
}

static void add_ranges_of(struct code_ranges *ranges, Dwarf_Die *die, size_t owner)
{
    Dwarf_Addr base = 0, low = 0, high = 0;
    ptrdiff_t position = 0;
    while ((position = dwarf_ranges(die, position, &base, &low, &high)) > 0)
        add_range(ranges, low, high, owner);
}

static int by_low(const void *left, const void *right)
{
    const struct code_range *a = left, *b = right;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    return a->high != b->high ? (a->high > b->high ? -1 : 1) : 0;
}

static void sort_ranges(struct code_ranges *ranges)
{
    if (ranges->count != 0)
        qsort(ranges->items, ranges->count, sizeof *ranges->items, by_low);
}

/* The innermost range that holds the address; NULL: none. */
static const struct code_range *find_range(const struct code_ranges *ranges, uint64_t address)
{
    size_t begin = 0, end = ranges->count;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (ranges->items[middle].low <= address)
            begin = middle + 1;
        else
            end = middle;
    }
    for (size_t steps = 0; begin > 0 && steps < OVERLAPS_MAXIMUM; begin--, steps++)
        if (address < ranges->items[begin - 1].high)
            return &ranges->items[begin - 1];
    return NULL;
}

/* ---- the symbol table --------------------------------------------------------------------------------------------------------- */

static int preference_of(const GElf_Sym *symbol)
{
    int binding = GELF_ST_BIND(symbol->st_info);
    int preference = binding == STB_GLOBAL ? 3 : binding == STB_WEAK ? 2 : 1;
    return 2 * preference + (symbol->st_size != 0);
}

static int by_address(const void *left, const void *right)
{
    const struct code_symbol *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return a->preference - b->preference;
}

static bool is_function(const GElf_Sym *symbol, const char *name)
{
    int type = GELF_ST_TYPE(symbol->st_info);
    return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS && name != NULL && name[0] != '\0' && name[0] != '$' &&
           (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE);
}

static void read_symbols(struct module_file *file)
{
    file->symbols_read = true;
    int count = dwfl_module_getsymtab(file->module);
    if (count <= 0)
        return;
    file->symbols = allocate((size_t)count * sizeof *file->symbols);
    for (int index = 0; index < count; index++) {
        GElf_Sym symbol;
        GElf_Addr address = 0;
        const char *name = dwfl_module_getsym_info(file->module, index, &symbol, &address, NULL, NULL, NULL);
        if (name != NULL && is_function(&symbol, name))
            file->symbols[file->symbol_count++] = (struct code_symbol){address, symbol.st_size, name, preference_of(&symbol)};
    }
    if (file->symbol_count != 0)
        qsort(file->symbols, file->symbol_count, sizeof *file->symbols, by_address);
}

const char *module_symbol(struct module_file *file, uint64_t address)
{
    if (!file->symbols_read)
        read_symbols(file);
    size_t begin = 0, end = file->symbol_count;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (file->symbols[middle].address <= address)
            begin = middle + 1;
        else
            end = middle;
    }
    for (size_t steps = 0; begin > 0 && steps < OVERLAPS_MAXIMUM; begin--, steps++) {
        const struct code_symbol *symbol = &file->symbols[begin - 1];
        if (address - symbol->address < symbol->bytes || (symbol->bytes == 0 && steps == 0)) /* without a size: up to the next one */
            return symbol->name;
    }
    return NULL;
}

/* ---- units and functions ---------------------------------------------------------------------------------------------------------- */

static void read_units(struct module_file *file)
{
    size_t room = 0;
    Dwarf_Addr bias = 0;
    file->units_read = true;
    for (Dwarf_Die *die = NULL; (die = dwfl_module_nextcu(file->module, die, &bias)) != NULL;) {
        if (file->unit_count == room) {
            room = room != 0 ? 2 * room : 64;
            file->units = reallocate(file->units, room * sizeof *file->units);
        }
        file->units[file->unit_count] = (struct code_unit){.die = *die};
        file->debug_bias = bias;
        add_ranges_of(&file->unit_ranges, die, file->unit_count++);
    }
    sort_ranges(&file->unit_ranges);
}

static void add_functions(struct code_unit *unit, Dwarf_Die *parent, unsigned depth)
{
    Dwarf_Die child;
    if (depth >= DEPTH_MAXIMUM || dwarf_child(parent, &child) != 0)
        return;
    do {
        switch (dwarf_tag(&child)) {
        case DW_TAG_subprogram:
            if (unit->function_count == unit->function_room) {
                unit->function_room = unit->function_room != 0 ? 2 * unit->function_room : 64;
                unit->functions = reallocate(unit->functions, unit->function_room * sizeof *unit->functions);
            }
            unit->functions[unit->function_count] = child;
            add_ranges_of(&unit->ranges, &child, unit->function_count++);
            add_functions(unit, &child, depth + 1); /* nested functions, classes of a function's own */
            break;
        case DW_TAG_namespace:
        case DW_TAG_module:
        case DW_TAG_class_type:
        case DW_TAG_structure_type:
        case DW_TAG_union_type:
        case DW_TAG_lexical_block:
            add_functions(unit, &child, depth + 1);
            break;
        default:
            break;
        }
    } while (dwarf_siblingof(&child, &child) == 0);
}

static void read_functions(struct code_unit *unit)
{
    Dwarf_Die root = unit->die, split;
    unit->indexed = true;
    if (dwarf_tag(&root) == DW_TAG_skeleton_unit && dwarf_cu_info(root.cu, NULL, NULL, NULL, &split, NULL, NULL, NULL) == 0 && dwarf_tag(&split) != DW_TAG_invalid)
        root = split;
    add_functions(unit, &root, 0);
    sort_ranges(&unit->ranges);
}

/* ---- frames ------------------------------------------------------------------------------------------------------------------------ */

static const char *name_of(Dwarf_Die *die)
{
    static const unsigned attributes[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name};
    for (size_t index = 0; index < sizeof attributes / sizeof attributes[0]; index++) {
        Dwarf_Attribute attribute;
        const char *name = dwarf_formstring(dwarf_attr_integrate(die, attributes[index], &attribute));
        if (name != NULL)
            return name;
    }
    return NULL;
}

/* The inlined functions that hold the address, from the outside in, behind `count` that are known. */
static size_t find_inlined(Dwarf_Die *parent, uint64_t address, Dwarf_Die *inlined, size_t count, size_t room, unsigned depth)
{
    Dwarf_Die child;
    if (depth >= DEPTH_MAXIMUM || count >= room || dwarf_child(parent, &child) != 0)
        return count;
    do {
        int tag = dwarf_tag(&child);
        if (tag == DW_TAG_subprogram || dwarf_haspc(&child, address) <= 0)
            continue;
        if (tag == DW_TAG_inlined_subroutine)
            inlined[count++] = child;
        return find_inlined(&child, address, inlined, count, room, depth + 1);
    } while (dwarf_siblingof(&child, &child) == 0);
    return count;
}

/* Where the function was called into which this one was inlined. */
static void set_call_place(struct code_unit *unit, Dwarf_Die *inlined, struct symbol_frame *frame)
{
    Dwarf_Attribute attribute;
    Dwarf_Word file = 0, line = 0;
    Dwarf_Files *files = NULL;
    size_t count = 0;
    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file) == 0 && dwarf_getsrcfiles(&unit->die, &files, &count) == 0 && file < count)
        frame->file = dwarf_filesrc(files, file, NULL, NULL);
    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) == 0 && frame->file != NULL)
        frame->line = (int)line;
}

size_t module_frames(struct module_file *file, uint64_t libdw_address, struct symbol_frame *frames, size_t room)
{
    if (!file->units_read)
        read_units(file);
    uint64_t address = libdw_address - file->debug_bias;
    const struct code_range *range = find_range(&file->unit_ranges, address);
    if (range == NULL)
        return 0;
    struct code_unit *unit = &file->units[range->owner];
    if (!unit->indexed)
        read_functions(unit);
    struct symbol_frame place = {0};
    Dwarf_Line *line = dwarf_getsrc_die(&unit->die, address);
    if (line != NULL) {
        place.file = dwarf_linesrc(line, NULL, NULL);
        dwarf_lineno(line, &place.line);
    }
    range = find_range(&unit->ranges, address);
    if (range == NULL) { /* assembly has lines, and no functions */
        frames[0] = place;
        return line != NULL;
    }
    Dwarf_Die inlined[SYMBOL_FRAMES_MAXIMUM];
    Dwarf_Die *function = &unit->functions[range->owner];
    size_t depth = find_inlined(function, address, inlined, 0, (room < SYMBOL_FRAMES_MAXIMUM ? room : SYMBOL_FRAMES_MAXIMUM) - 1, 0), count = 0;
    while (depth > 0) {
        Dwarf_Die *die = &inlined[--depth];
        frames[count] = place;
        frames[count++].function = name_of(die);
        place = (struct symbol_frame){0};
        set_call_place(unit, die, &place);
    }
    frames[count] = place;
    frames[count++].function = name_of(function);
    return count;
}
