/* holdfast doctor FILE | DIRECTORY: see doctor.h. Nothing of what is looked at is run. One thread. */
#include "doctor.h"
#include "text.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

void judge_rights(struct diagnosis *diagnosis, struct group *group, const char *path)
{
    struct stat status;
    const char *what = NULL;
    if (stat(path, &status) != 0)
        return;
    if ((status.st_mode & S_ISUID) != 0)
        what = "is set-user-ID";
    else if ((status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0)
        what = "is set-group-ID";
    else if (getxattr(path, "security.capability", NULL, 0) > 0)
        what = "has file capabilities";
    if (what == NULL)
        return;
    add_finding(diagnosis, FINDING_privileged_program, "%s %s", path, what);
    if (group->blind == NULL)
        group->blind = compose("it %s", what);
}

/* site-packages above this file, to be freed; NULL: it lies in none. */
static char *packages_above(const char *path)
{
    static const char *const names[] = {"/site-packages/", "/dist-packages/"};
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        const char *place = strstr(path, names[index]);
        if (place != NULL)
            return duplicate_bytes(path, (size_t)(place - path) + strlen(names[index]) - 1);
    }
    return NULL;
}

static void judge_data_of_environment(struct diagnosis *diagnosis, const struct group *group)
{
    const char *data = getenv("PROJ_DATA");
    judge_data(diagnosis, group, data != NULL ? data : getenv("PROJ_LIB"), getenv("GDAL_DATA"));
}

bool doctor_file(struct diagnosis *diagnosis, const char *path)
{
    char *real = realpath(path, NULL);
    if (real == NULL) {
        complain("doctor", "%s: %s", path, strerror(errno));
        return false;
    }
    struct image *image = image_read_file(real, real);
    if (image->kind == IMAGE_NONE) {
        complain("doctor", "%s: %s; name a program, a shared object, a wheel, a directory or a process", path, image->problem != NULL ? image->problem : "is no program and no shared object");
        image_free(image);
        free(real);
        return false;
    }
    struct group *group = add_group(diagnosis, duplicate(real));
    group->together = true;
    group_add(group, image);
    group_judge_program(diagnosis, group, image);
    if (image->kind == IMAGE_PROGRAM)
        judge_rights(diagnosis, group, real);
    if (!image->is_static && image_is_native(image))
        group_complete(diagnosis, group, getenv("LD_LIBRARY_PATH"));
    group_judge(diagnosis, group);
    char *packages = packages_above(real);
    judge_numpy(diagnosis, group, packages);
    judge_data_of_environment(diagnosis, group);
    free(packages);
    free(real);
    return true;
}

/* ---- directories ------------------------------------------------------------------------------------------------------------------ */

#define FILES_MAXIMUM 200000
#define SOURCE_MAXIMUM (1 << 20)

/* nftw gives its callback nothing of ours. */
static struct {
    struct diagnosis *diagnosis;
    struct group *group;
    size_t files;
} walk;

static bool ends_with(const char *name, const char *end)
{
    size_t bytes = strlen(name), wanted = strlen(end);
    return bytes >= wanted && strcmp(name + bytes - wanted, end) == 0;
}

/* Functions that a Python file names for ctypes or cffi. */
static size_t names_in_source(const char *path)
{
    size_t found = 0;
    FILE *stream = fopen(path, "re");
    char *text = stream != NULL ? allocate(SOURCE_MAXIMUM + 1) : NULL;
    size_t bytes = stream != NULL ? fread(text, 1, SOURCE_MAXIMUM, stream) : 0;
    if (bytes != 0 && (memmem(text, bytes, "ctypes", 6) != NULL || memmem(text, bytes, "cffi", 4) != NULL))
        for (char *place = text; place < text + bytes;) {
            char *end = place;
            while (end < text + bytes && (isalnum((unsigned char)*end) || *end == '_'))
                end++;
            char after = *end;
            *end = '\0';
            found += end - place > 4 && contract_of(place) != LIBRARY_NONE;
            *end = after;
            place = end + 1;
        }
    free(text);
    if (stream != NULL)
        fclose(stream);
    return found;
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)place;
    if (type != FTW_F || !S_ISREG(status->st_mode))
        return 0;
    if (walk.files++ == FILES_MAXIMUM) {
        add_finding(walk.diagnosis, FINDING_unreadable, "there are more than %d files: the rest was not looked at", FILES_MAXIMUM);
        return 1;
    }
    if (ends_with(path, ".py") || ends_with(path, ".pyi")) {
        size_t names = names_in_source(path);
        if (names != 0) {
            strings_add(&walk.group->readers, duplicate(path));
            walk.group->reader_functions += names;
        }
        return 0;
    }
    if (strcmp(base_name(path), "proj.db") == 0) {
        char *version = database_version(path);
        strings_add(&walk.diagnosis->remarks, compose("database of PROJ %s: %s", version != NULL ? version : "of unknown version", path));
        free(version);
        return 0;
    }
    struct image *image = image_read_file(path, path);
    if (image->kind == IMAGE_NONE && image->problem == NULL)
        image_free(image);
    else
        group_add(walk.group, image);
    return 0;
}

/* Objects that neither have the libraries in them nor call them say nothing here; a whole environment has thousands. */
static void keep_users(struct group *group)
{
    size_t kept = 0;
    for (size_t index = 0; index < group->image_count; index++) {
        struct image *image = group->images[index];
        bool keep = image_has_any(image) || image->named.count != 0 || image->numpy_major != 0 || strstr(image->path, ".libs/") != NULL || (image->problem != NULL && strstr(image->path, ".so") != NULL);
        for (size_t needed = 0; needed < image->needed.count && !keep; needed++)
            keep = strstr(image->needed.items[needed], "gdal") != NULL || strstr(image->needed.items[needed], "geos") != NULL || strstr(image->needed.items[needed], "proj") != NULL;
        for (size_t import = 0; import < image->import_count && !keep; import++)
            keep = contract_of(image->imports[import].name) != LIBRARY_NONE;
        if (keep)
            group->images[kept++] = image;
        else
            image_free(image);
    }
    group->image_count = kept;
}

bool doctor_directory(struct diagnosis *diagnosis, const char *path)
{
    char *real = realpath(path, NULL);
    if (real == NULL || access(real, R_OK | X_OK) != 0) {
        complain("doctor", "%s: %s", path, strerror(errno));
        free(real);
        return false;
    }
    walk.diagnosis = diagnosis;
    walk.group = add_group(diagnosis, duplicate(real));
    walk.files = 0;
    nftw(real, visit, 32, FTW_PHYS); /* links are not followed: what they lead to is found where it lies */
    struct group *group = walk.group;
    for (size_t index = 0; index < group->image_count; index++) {
        group_judge_program(diagnosis, group, group->images[index]);
        if (group->images[index]->kind == IMAGE_PROGRAM)
            judge_rights(diagnosis, group, group->images[index]->path);
    }
    free(group->blind); /* it is about single files here */
    group->blind = NULL;
    keep_users(group);
    if (group->image_count != 0)
        group_complete(diagnosis, group, getenv("LD_LIBRARY_PATH"));
    group_judge(diagnosis, group);
    char *packages = packages_above(real);
    judge_numpy(diagnosis, group, packages != NULL ? packages : real);
    judge_data_of_environment(diagnosis, group);
    free(packages);
    free(real);
    return true;
}
