/* The NumPy that extensions were built for, and the one that they meet: see doctor.h. Read from files alone. One thread. */
#include "doctor.h"
#include "text.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* "numpy-2.1.0.dist-info", "numpy-1.24.2.egg-info" */
static char *version_in_folder(const char *name)
{
    static const char start[] = "numpy-";
    if (strncmp(name, start, sizeof start - 1) != 0)
        return NULL;
    const char *version = name + sizeof start - 1, *end = strstr(version, ".dist-info");
    if (end == NULL)
        end = strstr(version, ".egg-info");
    return end != NULL ? duplicate_bytes(version, strcspn(version, "-") < (size_t)(end - version) ? strcspn(version, "-") : (size_t)(end - version)) : NULL;
}

char *numpy_installed(const char *directory)
{
    DIR *folder = directory != NULL ? opendir(directory) : NULL;
    char *version = NULL;
    for (struct dirent *entry; version == NULL && folder != NULL && (entry = readdir(folder)) != NULL;)
        version = version_in_folder(entry->d_name);
    if (folder != NULL)
        closedir(folder);
    return version;
}

/* The folder of packages above NumPy's own extension in a process. */
static char *numpy_in_group(const struct group *group)
{
    for (size_t index = 0; index < group->image_count; index++) {
        const char *path = group->images[index]->path;
        const char *place = strstr(path, "/numpy/_core/_multiarray_umath");
        if (place == NULL)
            place = strstr(path, "/numpy/core/_multiarray_umath");
        if (place != NULL)
            return duplicate_bytes(path, (size_t)(place - path));
    }
    return NULL;
}

static bool is_newer(const char *left, const char *right)
{
    for (;;) {
        char *left_end, *right_end;
        unsigned long a = strtoul(left, &left_end, 10), b = strtoul(right, &right_end, 10);
        if (a != b)
            return a > b;
        if (*left_end != '.' || *right_end != '.')
            return false;
        left = left_end + 1;
        right = right_end + 1;
    }
}

/* Of those that call the libraries: others are none of ours. */
static bool meets_numpy(const struct group *group, const struct image *image)
{
    if (image->numpy_major == 0)
        return false;
    for (size_t index = 0; index < group->caller_count; index++)
        if (group->callers[index].image == image)
            return true;
    return false;
}

void judge_numpy(struct diagnosis *diagnosis, const struct group *group, const char *directory)
{
    char *loaded = numpy_in_group(group), *version = numpy_installed(loaded != NULL ? loaded : directory);
    for (size_t index = 0; version != NULL && index < group->image_count; index++) {
        const struct image *image = group->images[index];
        if (!meets_numpy(group, image))
            continue;
        unsigned long major = strtoul(version, NULL, 10);
        if (image->numpy_major == 1 && major >= 2)
            add_finding(diagnosis, FINDING_numpy_abi, "%s was built for NumPy 1, and NumPy %s is installed", image->path, version);
        else if (image->numpy_least != NULL && is_newer(image->numpy_least, version))
            add_finding(diagnosis, FINDING_numpy_abi, "%s needs NumPy %s or newer, and NumPy %s is installed", image->path, image->numpy_least, version);
    }
    free(version);
    free(loaded);
}
