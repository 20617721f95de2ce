/* The files that the libraries read beside themselves: PROJ's database, GDAL's tables. See doctor.h. One thread. */
#include "doctor.h"
#include "text.h"
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A row of the table `metadata` is stored as its texts behind each other. */
char *database_version_of(const void *bytes, size_t count)
{
    static const char key[] = "PROJ.VERSION";
    const char *begin = bytes, *end = begin + count;
    for (const char *place = begin; (place = memmem(place, (size_t)(end - place), key, sizeof key - 1)) != NULL; place++) {
        const char *stop = place + sizeof key - 1;
        while (stop < end && (isdigit((unsigned char)*stop) || *stop == '.'))
            stop++;
        size_t length = (size_t)(stop - place) - (sizeof key - 1);
        if (length >= 5 && length < 16)
            return duplicate_bytes(place + sizeof key - 1, length);
    }
    return NULL;
}

char *database_version(const char *path)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    void *bytes = descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0
                      ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0) : MAP_FAILED;
    if (descriptor >= 0)
        close(descriptor);
    if (bytes == MAP_FAILED)
        return NULL;
    char *version = database_version_of(bytes, (size_t)status.st_size);
    munmap(bytes, (size_t)status.st_size);
    return version;
}

/* Major and minor: a bug-fix release reads the database of another one. */
static bool same_release(const char *left, const char *right)
{
    const char *dot = strchr(left, '.'), *second = dot != NULL ? strchr(dot + 1, '.') : NULL;
    size_t bytes = second != NULL ? (size_t)(second - left) : strlen(left);
    return strncmp(left, right, bytes) == 0 && (right[bytes] == '.' || right[bytes] == '\0');
}

static void judge_proj_data(struct diagnosis *diagnosis, const struct group *group, const char *directory)
{
    char *path = compose("%s/proj.db", directory), *version = database_version(path);
    if (access(path, R_OK) != 0)
        add_finding(diagnosis, FINDING_other_database, "PROJ_DATA or PROJ_LIB names %s, where there is no proj.db", directory);
    for (size_t index = 0; version != NULL && index < group->image_count; index++) {
        const struct image *image = group->images[index];
        if (image->presence[LIBRARY_proj] != PRESENCE_NONE && image->version[LIBRARY_proj] != NULL && !same_release(version, image->version[LIBRARY_proj]))
            add_finding(diagnosis, FINDING_other_database, "PROJ_DATA or PROJ_LIB names %s, a database of PROJ %s; PROJ %s in %s would read it, too", path, version, image->version[LIBRARY_proj], image->path);
    }
    free(version);
    free(path);
}

/* A copy in the folder of another package than the data. */
static void judge_gdal_data(struct diagnosis *diagnosis, const struct group *group, const char *directory)
{
    char *real = realpath(directory, NULL);
    if (real == NULL) {
        add_finding(diagnosis, FINDING_other_data, "GDAL_DATA names %s, which is not there", directory);
        return;
    }
    char *slash = strrchr(real, '/');
    size_t package = slash != NULL ? (size_t)(slash - real) : 0; /* site-packages/rasterio, of site-packages/rasterio/gdal_data */
    bool vendored = strstr(real, "/site-packages/") != NULL || strstr(real, "/dist-packages/") != NULL;
    for (size_t index = 0; index < group->image_count; index++) {
        const struct image *image = group->images[index];
        if (image->presence[LIBRARY_gdal] == PRESENCE_EXPORTED && vendored != (strncmp(image->path, real, package) == 0))
            add_finding(diagnosis, FINDING_other_data, "GDAL_DATA names %s, which is not that of %s", real, image->path);
    }
    free(real);
}

void judge_data(struct diagnosis *diagnosis, const struct group *group, const char *proj_data, const char *gdal_data)
{
    if (proj_data != NULL && proj_data[0] != '\0')
        judge_proj_data(diagnosis, group, proj_data);
    if (gdal_data != NULL && gdal_data[0] != '\0')
        judge_gdal_data(diagnosis, group, gdal_data);
}
