/* holdfast doctor WHEEL: what a wheel that is not installed has in it. See doctor.h. One thread.
 *
 * A wheel is a zip archive. Members are read into memory one at a time; nothing is written to disk and nothing is run, so that names like ../../etc/x lead nowhere. How large
 * a member may become is bounded by what is really read, not by what the archive says of itself. */
#include "doctor.h"
#include "text.h"
#include <minizip/unzip.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MEMBER_MAXIMUM ((size_t)1 << 30)
#define TOTAL_MAXIMUM ((size_t)4 << 30)
#define MEMBERS_MAXIMUM 200000u
#define RATIO_MAXIMUM 200u /* of a member's contents to its compressed size: deflate reaches 1032, for zeros; real objects 2 to 20 */
#define NAME_BYTES 1024u

struct wheel {
    struct diagnosis *diagnosis;
    struct group *group;
    unzFile archive;
    size_t total;
    struct strings names; /* of all members */
    bool numpy_known;
};

static bool leads_out(const char *name)
{
    return name[0] == '/' || strncmp(name, "../", 3) == 0 || strstr(name, "/../") != NULL || strchr(name, '\\') != NULL;
}

/* The bytes of the current member; NULL, and said: they are not to be had. */
static unsigned char *read_member(struct wheel *wheel, const char *name, const unz_file_info64 *info, size_t *count)
{
    size_t room = info->uncompressed_size < MEMBER_MAXIMUM ? (size_t)info->uncompressed_size : MEMBER_MAXIMUM;
    *count = 0;
    if (info->uncompressed_size > MEMBER_MAXIMUM || info->uncompressed_size / RATIO_MAXIMUM > info->compressed_size + 1024 || wheel->total + room > TOTAL_MAXIMUM) {
        add_finding(wheel->diagnosis, FINDING_hostile_archive, "%s: %llu bytes out of %llu: not unpacked", name, (unsigned long long)info->uncompressed_size, (unsigned long long)info->compressed_size);
        return NULL;
    }
    if (unzOpenCurrentFile(wheel->archive) != UNZ_OK) {
        add_finding(wheel->diagnosis, FINDING_unreadable, "%s: the archive is damaged there, or compressed in a way that wheels are not", name);
        return NULL;
    }
    unsigned char *bytes = malloc(room + 1); /* what the archive says may be more than there is memory */
    int step = 0;
    while (bytes != NULL && *count < room && (step = unzReadCurrentFile(wheel->archive, bytes + *count, (unsigned)(room - *count < (1u << 24) ? room - *count : (1u << 24)))) > 0)
        *count += (size_t)step;
    bool sound = unzCloseCurrentFile(wheel->archive) == UNZ_OK && step >= 0; /* the former compares the check sum */
    if (!sound || bytes == NULL)
        add_finding(wheel->diagnosis, FINDING_unreadable, "%s: %s", name, bytes == NULL ? "there is no memory for it" : "the archive is damaged there");
    wheel->total += *count;
    return bytes;
}

static bool ends_with(const char *name, const char *end)
{
    size_t bytes = strlen(name), wanted = strlen(end);
    return bytes >= wanted && strcasecmp(name + bytes - wanted, end) == 0;
}

static void look_at_member(struct wheel *wheel, const char *name, const unz_file_info64 *info)
{
    bool is_object = strstr(base_name(name), ".so") != NULL, is_database = strcmp(base_name(name), "proj.db") == 0;
    if (ends_with(name, ".pyd") || ends_with(name, ".dll") || ends_with(name, ".dylib"))
        add_finding(wheel->diagnosis, FINDING_other_architecture, "%s: the wheel is for another system", name);
    /* Programs have no ending: all that lies in a folder of scripts. */
    if (!is_object && !is_database && strstr(name, ".data/scripts/") == NULL && strstr(name, "/bin/") == NULL)
        return;
    size_t count;
    unsigned char *bytes = read_member(wheel, name, info, &count);
    if (bytes != NULL && is_database) {
        char *version = database_version_of(bytes, count);
        strings_add(&wheel->diagnosis->remarks, compose("database of PROJ %s: %s", version != NULL ? version : "of unknown version", name));
        free(version);
    } else if (bytes != NULL) {
        struct image *image = image_read_buffer(bytes, count, name);
        if (image->kind == IMAGE_NONE)
            image_free(image);
        else
            group_add(wheel->group, image);
    }
    free(bytes);
}

static void look_at_members(struct wheel *wheel)
{
    int step = unzGoToFirstFile(wheel->archive);
    for (unsigned number = 0; step == UNZ_OK && number < MEMBERS_MAXIMUM; number++, step = unzGoToNextFile(wheel->archive)) {
        char name[NAME_BYTES] = "";
        unz_file_info64 info;
        if (unzGetCurrentFileInfo64(wheel->archive, &info, name, sizeof name - 1, NULL, 0, NULL, 0) != UNZ_OK) {
            add_finding(wheel->diagnosis, FINDING_unreadable, "%s: the archive's directory is damaged", wheel->group->title);
            return;
        }
        if (leads_out(name)) {
            add_finding(wheel->diagnosis, FINDING_hostile_archive, "the name of the member '%s' leads out of the wheel", name);
            continue;
        }
        strings_add(&wheel->names, duplicate(name));
        look_at_member(wheel, name, &info);
    }
    if (step != UNZ_OK && step != UNZ_END_OF_LIST_OF_FILE)
        add_finding(wheel->diagnosis, FINDING_unreadable, "%s: the archive's directory is damaged", wheel->group->title);
}

/* ---- what its objects need -------------------------------------------------------------------------------------------------------- */

/* "rasterio/../rasterio.libs/x" without "NAME/..", in place. */
static void plain_path(char *path)
{
    for (char *up; (up = strstr(path, "/../")) != NULL;) {
        char *before = up;
        while (before > path && before[-1] != '/')
            before--;
        memmove(before, up + 4, strlen(up + 4) + 1);
    }
}

static bool lies_in(const struct wheel *wheel, const struct image *image, const char *needed)
{
    const char *path = image->runpath != NULL ? image->runpath : image->rpath;
    char *origin = duplicate_bytes(image->path, (size_t)(base_name(image->path) - image->path));
    bool found = false;
    for (const char *entry = path; entry != NULL && !found;) {
        size_t bytes = strcspn(entry, ":");
        char *directory = search_expand(entry, bytes, "."), *place = compose("%s%s/%s", origin, strncmp(directory, "./", 2) == 0 ? directory + 2 : strcmp(directory, ".") == 0 ? "" : directory, needed);
        for (char *twice; (twice = strstr(place, "//")) != NULL;)
            memmove(twice, twice + 1, strlen(twice));
        plain_path(place);
        found = strings_hold(&wheel->names, place);
        free(directory);
        free(place);
        entry = entry[bytes] != '\0' ? entry + bytes + 1 : NULL;
    }
    free(origin);
    return found;
}

/* Brought along by the wheel, though elsewhere? Else it is to be had on the machine. */
static bool is_brought(const struct wheel *wheel, const char *needed)
{
    for (size_t index = 0; index < wheel->names.count; index++)
        if (strcmp(base_name(wheel->names.items[index]), needed) == 0)
            return true;
    return false;
}

/* By its own path, or by that of one that brings it along. */
static bool is_led_to(const struct wheel *wheel, const struct image *image, const char *needed)
{
    if (lies_in(wheel, image, needed))
        return true;
    const struct image **loaders = allocate(wheel->group->image_count * sizeof *loaders);
    size_t count = image->runpath == NULL ? group_loaders(wheel->group, image, loaders) : 0;
    bool found = false;
    for (size_t index = 0; index < count && !found; index++)
        found = lies_in(wheel, loaders[index], needed);
    free(loaders);
    return found;
}

static void judge_needed(struct wheel *wheel, const struct image *image)
{
    for (size_t index = 0; index < image->needed.count; index++) {
        const char *needed = image->needed.items[index], *path = image->runpath != NULL ? image->runpath : image->rpath;
        if (is_led_to(wheel, image, needed) || !image_is_native(image))
            continue;
        char *found = is_brought(wheel, needed) ? NULL : search_library(image, NULL, needed, NULL);
        if (is_brought(wheel, needed))
            add_finding(wheel->diagnosis, FINDING_unresolved_library, "%s needs %s, which the wheel brings along, but %s (%s) does not lead to it", image->path, needed,
                        image->runpath != NULL ? "RUNPATH" : "RPATH", path != NULL ? path : "none");
        else if (found == NULL)
            add_finding(wheel->diagnosis, FINDING_unresolved_library, "%s needs %s, which is neither in the wheel nor on this machine", image->path, needed);
        free(found);
    }
}

bool doctor_wheel(struct diagnosis *diagnosis, const char *path)
{
    struct wheel wheel = {.diagnosis = diagnosis, .archive = unzOpen64(path)};
    if (wheel.archive == NULL) {
        complain("doctor", "%s: is no zip archive, or its directory is cut off", path);
        return false;
    }
    wheel.group = add_group(diagnosis, duplicate(path));
    look_at_members(&wheel);
    for (size_t index = 0; index < wheel.group->image_count; index++) {
        judge_needed(&wheel, wheel.group->images[index]);
        group_judge_program(diagnosis, wheel.group, wheel.group->images[index]);
    }
    group_judge(diagnosis, wheel.group);
    unzClose(wheel.archive);
    strings_clear(&wheel.names);
    return true;
}
