/* The objects of one process: which copies of the libraries are among them, who calls what of them and how, and what Holdfast sees of that. See doctor.h. One thread. */
#include "doctor.h"
#include "text.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS_MAXIMUM 20000u

struct group *add_group(struct diagnosis *diagnosis, char *title)
{
    struct group *group = allocate(sizeof *group);
    group->title = title;
    diagnosis->groups = reallocate(diagnosis->groups, (diagnosis->group_count + 1) * sizeof *diagnosis->groups);
    diagnosis->groups[diagnosis->group_count++] = group;
    return group;
}

void group_add(struct group *group, struct image *image)
{
    if (group->image_count == OBJECTS_MAXIMUM) {
        image_free(image);
        return;
    }
    if (group->image_count == group->image_room) {
        group->image_room = group->image_room != 0 ? 2 * group->image_room : 64;
        group->images = reallocate(group->images, group->image_room * sizeof *group->images);
    }
    group->images[group->image_count++] = image;
}

void group_free(struct group *group)
{
    for (size_t index = 0; index < group->image_count; index++)
        image_free(group->images[index]);
    for (size_t index = 0; index < group->caller_count; index++) {
        strings_clear(&group->callers[index].cxx_names);
        strings_clear(&group->callers[index].left_out_names);
        strings_clear(&group->callers[index].plain_names);
        strings_clear(&group->callers[index].seen_names);
    }
    strings_clear(&group->readers);
    free(group->callers);
    free(group->images);
    free(group->title);
    free(group->who);
    free(group->blind);
    free(group);
}

struct image *group_find(const struct group *group, const char *path)
{
    for (size_t index = 0; index < group->image_count; index++)
        if (strcmp(group->images[index]->path, path) == 0)
            return group->images[index];
    return NULL;
}

/* ---- what they need ---------------------------------------------------------------------------------------------------------- */

static const struct image *named(const struct group *group, const char *needed)
{
    for (size_t index = 0; index < group->image_count; index++) {
        const struct image *image = group->images[index];
        if ((image->soname != NULL && strcmp(image->soname, needed) == 0) || strcmp(base_name(image->path), needed) == 0)
            return image;
    }
    return NULL;
}

static bool brings(const struct image *image, const struct image *needed)
{
    for (size_t index = 0; index < image->needed.count; index++)
        if ((needed->soname != NULL && strcmp(image->needed.items[index], needed->soname) == 0) || strcmp(image->needed.items[index], base_name(needed->path)) == 0)
            return true;
    return false;
}

size_t group_loaders(const struct group *group, const struct image *image, const struct image **loaders)
{
    const struct image **found = allocate((group->image_count + 1) * sizeof *found); /* in the order in which they were found */
    bool *known = allocate(group->image_count * sizeof *known);
    size_t count = 0, with_path = 0;
    found[count++] = image;
    for (size_t next = 0; next < count; next++)
        for (size_t index = 0; index < group->image_count; index++)
            if (!known[index] && group->images[index] != image && brings(group->images[index], found[next])) {
                known[index] = true;
                found[count++] = group->images[index];
            }
    for (size_t index = 1; index < count; index++)
        if (found[index]->rpath != NULL && found[index]->runpath == NULL)
            loaders[with_path++] = found[index];
    free(found);
    free(known);
    return with_path;
}

/* By the RPATH of one that brings it along. */
static char *search_by_loaders(const struct group *group, const struct image *image, const char *needed)
{
    const struct image **loaders = allocate(group->image_count * sizeof *loaders);
    size_t count = image->runpath == NULL ? group_loaders(group, image, loaders) : 0;
    char *found = NULL;
    for (size_t index = 0; index < count && found == NULL; index++)
        found = search_library(image, loaders[index], needed, NULL);
    free(loaders);
    return found;
}

static bool belongs_to_libraries(const char *needed)
{
    return strncmp(needed, "libgdal", 7) == 0 || strncmp(needed, "libgeos", 7) == 0 || strncmp(needed, "libproj", 7) == 0;
}

/* Libraries of the C library and the compiler say nothing of the three. */
static bool is_plain(const char *needed)
{
    static const char *const starts[] = {"libc.so", "libm.so", "libpthread.so", "libdl.so", "librt.so", "libgcc_s.so", "libstdc++.so", "ld-linux", "libutil.so"};
    for (size_t index = 0; index < sizeof starts / sizeof starts[0]; index++)
        if (strncmp(needed, starts[index], strlen(starts[index])) == 0)
            return true;
    return false;
}

static const char *known(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

/* An object brings another one with it; one of a package finds that of the package first, so the search comes before what has the name already. */
static void complete_one(struct diagnosis *diagnosis, struct group *group, struct image *image, const char *library_path)
{
    for (size_t index = 0; index < image->needed.count; index++) {
        const char *needed = image->needed.items[index];
        char *found = search_library(image, group->together ? group->images[0] : NULL, needed, library_path);
        if (found == NULL)
            found = search_by_loaders(group, image, needed);
        char *real = found != NULL ? realpath(found, NULL) : NULL;
        /* In one process, what was loaded under that name is taken, wherever it lies. */
        bool loaded = group->together && named(group, needed) != NULL;
        if (found == NULL && !loaded && !(is_plain(needed) && !image_is_native(image)))
            add_finding(diagnosis, FINDING_unresolved_library, "%s needs %s, which is not found (%s %s)%s", image->path, needed, image->runpath != NULL ? "RUNPATH" : "RPATH",
                        known(image->runpath, known(image->rpath, "none")), belongs_to_libraries(needed) ? "" : ": so it cannot be loaded");
        if (real != NULL && group_find(group, real) == NULL && !is_plain(needed))
            group_add(group, image_read_file(real, real));
        free(found);
        free(real);
    }
}

void group_complete(struct diagnosis *diagnosis, struct group *group, const char *library_path)
{
    /* Objects that are added on the way have their turn, too. Those of the system are complete, or nothing on the machine would run. */
    for (size_t index = 0; index < group->image_count; index++)
        if (group->images[index]->kind != IMAGE_NONE && !group->images[index]->is_static)
            complete_one(diagnosis, group, group->images[index], library_path);
}

/* ---- who calls what ------------------------------------------------------------------------------------------------------------ */

static bool defines(const struct image *image)
{
    for (size_t library = 0; library < LIBRARY_COUNT; library++)
        if (image->presence[library] == PRESENCE_EXPORTED || image->presence[library] == PRESENCE_RENAMED || image->presence[library] == PRESENCE_CORE)
            return true;
    return false;
}

static enum library library_of(const struct image *image, const char *name)
{
    static const char *const geos[] = {"GEOS", "4geos"}, *const proj[] = {"proj_", "pj_", "5osgeo4proj"};
    for (size_t library = 0; library < LIBRARY_COUNT; library++) {
        bool only = image_has_library(image, (enum library)library);
        for (size_t other = 0; other < LIBRARY_COUNT; other++)
            only = only && (other == library || !image_has_library(image, (enum library)other));
        if (only)
            return (enum library)library;
    }
    for (size_t index = 0; index < sizeof geos / sizeof geos[0]; index++)
        if (strstr(name, geos[index]) != NULL)
            return LIBRARY_geos;
    for (size_t index = 0; index < sizeof proj / sizeof proj[0]; index++)
        if (strstr(name, proj[index]) != NULL)
            return LIBRARY_proj;
    return LIBRARY_gdal;
}

/* The copy of the group that has this function, and which library of it; NULL: none. A copy may also have functions of libraries of its own in it, exported: those that are no
 * part of the three are told by their names, and C++ ones by who needs the copy. */
static const struct export *exported(const struct group *group, const struct image *caller, const char *name, enum library *library)
{
    for (size_t index = 0; index < group->image_count; index++) {
        const struct image *image = group->images[index];
        const struct export *export = defines(image) && brings(caller, image) ? image_export(image, name) : NULL;
        if (export != NULL) {
            *library = library_of(image, name);
            return export;
        }
    }
    return NULL;
}

/* Where no copy is at hand: how the libraries name things. */
static enum library library_by_name(const char *name)
{
    static const struct {
        const char *part;
        enum library library;
        bool first;
    } parts[] = {{"4geos", LIBRARY_geos, false}, {"5osgeo4proj", LIBRARY_proj, false}, {"GEOS", LIBRARY_geos, true}, {"proj_", LIBRARY_proj, true}, {"11GDALDataset", LIBRARY_gdal, false},
                 {"10OGRFeature", LIBRARY_gdal, false}, {"OGRGeometry", LIBRARY_gdal, false}, {"OGRSpatialReference", LIBRARY_gdal, false}, {"GDALRasterBand", LIBRARY_gdal, false},
                 {"GDAL", LIBRARY_gdal, true}, {"CPL", LIBRARY_gdal, true}, {"VSI", LIBRARY_gdal, true}, {"OGR", LIBRARY_gdal, true}, {"OSR", LIBRARY_gdal, true}, {"OCT", LIBRARY_gdal, true}, {"CSL", LIBRARY_gdal, true}, {"initGEOS", LIBRARY_geos, true}, {"finishGEOS", LIBRARY_geos, true},
                 {"geod_", LIBRARY_proj, true}};
    bool mangled = strncmp(name, "_ZN", 3) == 0;
    for (size_t index = 0; index < sizeof parts / sizeof parts[0]; index++) {
        const char *place = strstr(name, parts[index].part);
        if (place != NULL && (parts[index].first ? place == name : mangled))
            return parts[index].library;
    }
    return LIBRARY_NONE;
}

/* The allocator and the runtime of C++ come with every object. */
static bool is_runtime(const char *name)
{
    return strncmp(name, "_ZTV", 4) == 0 || strncmp(name, "_ZTI", 4) == 0 || strncmp(name, "_ZTS", 4) == 0 || strncmp(name, "_ZSt", 4) == 0 || strncmp(name, "_ZNSt", 5) == 0 || strncmp(name, "_ZNKSt", 6) == 0 ||
           strncmp(name, "_Zn", 3) == 0 || strncmp(name, "_Zd", 3) == 0 || strncmp(name, "_init", 5) == 0 || strncmp(name, "_fini", 5) == 0;
}

static void count_import(const struct group *group, bool copies, struct caller *caller, const struct import *import)
{
    const char *name = import->name;
    bool mangled = strncmp(name, "_Z", 2) == 0;
    if (is_runtime(name))
        return;
    enum library library = contract_of(name);
    if (library != LIBRARY_NONE) {
        caller->of_library[library]++;
        *(import->by_plt || import->slot == 0 ? &caller->by_plt : &caller->by_address) += 1;
        caller->seen++;
        strings_add(&caller->seen_names, duplicate(name));
        return;
    }
    const struct export *export = exported(group, caller->image, name, &library);
    enum library named_after = library_by_name(name);
    if (export != NULL ? !export->function || (!mangled && named_after == LIBRARY_NONE) : copies || named_after == LIBRARY_NONE)
        return;
    if (export == NULL || !mangled)
        library = named_after;
    caller->of_library[library]++;
    bool left_out = left_out_reason(name) != NULL;
    *(mangled ? &caller->cxx : left_out ? &caller->left_out : &caller->plain) += 1;
    strings_add(mangled ? &caller->cxx_names : left_out ? &caller->left_out_names : &caller->plain_names, duplicate(name));
}

static size_t functions_of(const struct caller *caller)
{
    size_t sum = 0;
    for (size_t library = 0; library < LIBRARY_COUNT; library++)
        sum += caller->of_library[library];
    return sum;
}

static void count_looked_up(struct caller *caller)
{
    strings_sort(&caller->image->dlsymmed);
    for (size_t index = 0; index < caller->image->dlsymmed.count; index++) {
        const char *name = caller->image->dlsymmed.items[index];
        enum library library = contract_of(name);
        bool counted = strings_hold(&caller->seen_names, name) || strings_hold(&caller->plain_names, name) || strings_hold(&caller->left_out_names, name);
        if (counted || (library == LIBRARY_NONE && (library = library_by_name(name)) == LIBRARY_NONE))
            continue;
        bool seen = contract_of(name) != LIBRARY_NONE, left_out = left_out_reason(name) != NULL;
        caller->of_library[library]++;
        *(seen ? &caller->by_dlsym : left_out ? &caller->left_out : &caller->plain) += 1;
        caller->seen += seen;
        strings_add(seen ? &caller->seen_names : left_out ? &caller->left_out_names : &caller->plain_names, duplicate(name));
    }
}

static bool is_holdfast(const struct image *image)
{
    return strncmp(base_name(image->path), "libholdfast", 11) == 0;
}

static void count_calls(struct group *group)
{
    bool copies = false;
    for (size_t index = 0; index < group->image_count; index++)
        copies = copies || defines(group->images[index]);
    for (size_t index = 0; index < group->image_count; index++) {
        struct image *image = group->images[index];
        if (defines(image) || image->kind == IMAGE_NONE || is_holdfast(image))
            continue;
        struct caller caller = {.image = image};
        for (size_t import = 0; import < image->import_count; import++)
            count_import(group, copies, &caller, &image->imports[import]);
        count_looked_up(&caller);
        if (functions_of(&caller) == 0)
            continue;
        strings_sort(&caller.cxx_names);
        strings_sort(&caller.left_out_names);
        strings_sort(&caller.plain_names);
        strings_sort(&caller.seen_names);
        group->callers = reallocate(group->callers, (group->caller_count + 1) * sizeof *group->callers);
        group->callers[group->caller_count++] = caller;
    }
}

/* ---- copies -------------------------------------------------------------------------------------------------------------------------- */

static bool is_copy(const struct image *image, size_t library)
{
    return image->presence[library] != PRESENCE_NONE && image->presence[library] != PRESENCE_CORE;
}

/* Two paths of one file, or a copy of it, are one copy as far as its version goes; but not for the linker. */
static void judge_mixed(struct diagnosis *diagnosis, const struct group *group, size_t library)
{
    char *list = duplicate("");
    size_t count = 0;
    for (size_t index = 0; index < group->image_count; index++) {
        const struct image *image = group->images[index];
        if (image->presence[library] != PRESENCE_EXPORTED)
            continue;
        char *longer = compose("%s%s%s %s", list, count++ != 0 ? ", " : "", known(image->version[library], "of unknown version"), image->path);
        free(list);
        list = longer;
    }
    if (count > 1)
        add_finding(diagnosis, FINDING_mixed_copies, "%zu copies of %s %s: %s", count, library_names[library], group->together ? "in one process" : "meet where a program loads all of this", list);
    free(list);
}

static bool is_older(const char *version, unsigned major, unsigned minor)
{
    char *end = NULL;
    unsigned long has_major = strtoul(version, &end, 10), has_minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    return has_major < major || (has_major == major && has_minor < minor);
}

static void judge_copy(struct diagnosis *diagnosis, const struct image *image, size_t library)
{
    static const struct {
        unsigned major, minor;
    } oldest[LIBRARY_COUNT] = {{2, 4}, {3, 8}, {6, 0}};
    const char *version = image->version[library];
    if (image->presence[library] == PRESENCE_EXPORTED && version != NULL && is_older(version, oldest[library].major, oldest[library].minor))
        add_finding(diagnosis, FINDING_old_version, "%s is %s %s", image->path, library_names[library], version);
    unsigned newest = newest_contract((enum library)library);
    if (image->presence[library] == PRESENCE_EXPORTED && version != NULL && !is_older(version, newest / 10000, newest / 100 % 100 + 1))
        add_finding(diagnosis, FINDING_new_version, "%s is %s %s, the contracts know %u.%u", image->path, library_names[library], version, newest / 10000, newest / 100 % 100);
    bool exported_by_program = image->presence[library] == PRESENCE_EXPORTED && image->kind == IMAGE_PROGRAM;
    /* Inside another of the three it is called by that alone: no handle of it comes out. */
    if (exported_by_program || (image->presence[library] == PRESENCE_INSIDE && !defines(image)))
        add_finding(diagnosis, FINDING_static_library, "%s%s%s is linked statically into %s", library_names[library], version != NULL ? " " : "", known(version, ""), image->path);
}

/* ---- all together ---------------------------------------------------------------------------------------------------------------------- */

static void judge_calls(struct diagnosis *diagnosis, const struct group *group)
{
    for (size_t index = 0; index < group->caller_count; index++) {
        const struct caller *caller = &group->callers[index];
        if (caller->cxx != 0)
            add_finding(diagnosis, FINDING_cxx_calls, "%s calls %zu C++ function%s of the libraries", caller->image->path, caller->cxx, caller->cxx == 1 ? "" : "s");
        for (size_t name = 0; name < caller->left_out_names.count; name++)
            add_finding(diagnosis, FINDING_not_wrapped, "%s calls %s: %s", caller->image->path, caller->left_out_names.items[name], left_out_reason(caller->left_out_names.items[name]));
    }
}

static void judge_by_name(struct diagnosis *diagnosis, const struct group *group)
{
    for (size_t index = 0; index < group->image_count; index++) {
        const struct image *image = group->images[index];
        if (image->named.count != 0 && !is_holdfast(image))
            add_finding(diagnosis, FINDING_by_name, "%s calls dlsym, and the names of %zu functions stand in it that it does not import", image->path, image->named.count);
    }
    if (group->readers.count != 0)
        add_finding(diagnosis, FINDING_by_name, "%zu Python file%s (%s%s) name%s %zu functions for ctypes or cffi", group->readers.count, group->readers.count == 1 ? "" : "s", group->readers.items[0],
                    group->readers.count == 1 ? "" : ", ...", group->readers.count == 1 ? "s" : "", group->reader_functions);
}

static void judge_readable(struct diagnosis *diagnosis, const struct group *group)
{
    for (size_t index = 0; index < group->image_count; index++)
        if (group->images[index]->problem != NULL)
            add_finding(diagnosis, FINDING_unreadable, "%s: %s", group->images[index]->path, group->images[index]->problem);
}

void group_judge(struct diagnosis *diagnosis, struct group *group)
{
    count_calls(group);
    for (size_t library = 0; library < LIBRARY_COUNT; library++) {
        judge_mixed(diagnosis, group, library);
        for (size_t index = 0; index < group->image_count; index++)
            if (is_copy(group->images[index], library))
                judge_copy(diagnosis, group->images[index], library);
    }
    judge_calls(diagnosis, group);
    judge_by_name(diagnosis, group);
    judge_readable(diagnosis, group);
}

static void set_blind(struct group *group, const char *why)
{
    if (group->blind == NULL)
        group->blind = duplicate(why);
}

void group_judge_program(struct diagnosis *diagnosis, struct group *group, const struct image *program)
{
    if (program->kind == IMAGE_NONE)
        return;
    if (!image_is_native(program)) {
        add_finding(diagnosis, FINDING_other_architecture, "%s is for %s, %u bits", program->path, machine_name(program->machine), program->bits);
        set_blind(group, "it is for another processor");
    }
    if (program->kind != IMAGE_PROGRAM)
        return;
    if (program->interpreter == NULL) {
        add_finding(diagnosis, FINDING_static_program, "%s is linked statically", program->path);
        set_blind(group, "it is linked statically");
    } else if (strstr(program->interpreter, "ld-linux") == NULL) {
        add_finding(diagnosis, FINDING_foreign_loader, "%s asks for the dynamic linker %s", program->path, program->interpreter);
        set_blind(group, "its dynamic linker is not glibc's");
    }
}
