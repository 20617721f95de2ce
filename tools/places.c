/* See places.h. */
#include "places.h"
#include "findings.h"
#include "text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *source_root(const char *directory)
{
    struct stat status;
    char *path = realpath(directory, NULL);
    if (path == NULL || stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        errno = path != NULL ? ENOTDIR : errno;
        free(path);
        return NULL;
    }
    char *root = compose("%s%s", path, strcmp(path, "/") == 0 ? "" : "/");
    free(path);
    return root;
}

const char *below_root(const char *root, const char *file)
{
    size_t bytes = root != NULL ? strlen(root) : 0;
    if (bytes > 1 && strncmp(file, root, bytes) == 0 && file[bytes] != '\0')
        return file + bytes;
    return strncmp(file, "./", 2) == 0 ? file + 2 : file;
}

char *file_of_place(const char *place, long *line)
{
    const char *colon = strrchr(place, ':');
    if (colon == NULL || colon == place || colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return NULL;
    *line = strtol(colon + 1, NULL, 10);
    return duplicate_bytes(place, (size_t)(colon - place));
}

const json_t *own_frame(const json_t *stack)
{
    static const char *const kinds[] = {"python", "native"};
    const json_t *found = NULL;
    for (size_t kind = 0; kind < 2 && found == NULL; kind++) {
        size_t index;
        json_t *frame;
        json_array_foreach(json_object_get(stack, kinds[kind]), index, frame) {
            if (member(frame, "file")[0] == '\0')
                continue;
            if (!is_installed(member(frame, "file")))
                return frame;
            found = found != NULL ? found : frame;
        }
    }
    return found;
}
