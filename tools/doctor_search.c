/* Where the dynamic linker would find a library: see doctor.h, and ld.so(8) for the order. One thread. */
#include "doctor.h"
#include "text.h"
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the cache of ldconfig ------------------------------------------------------------------------------------------------ */

#define CACHE_FILE "/etc/ld.so.cache"
#define CACHE_MAGIC "glibc-ld.so.cache1.1"

struct cache_header {
    char magic[sizeof CACHE_MAGIC - 1];
    uint32_t count, string_bytes;
    uint32_t unused[5];
};

struct cache_entry {
    int32_t flags;
    uint32_t name, path; /* from the start of the header */
    uint32_t system;
    uint64_t hardware;
};

static const char *cache;
static size_t cache_bytes;

static void open_cache(void)
{
    static bool tried;
    struct stat status;
    int descriptor = tried ? -1 : open(CACHE_FILE, O_RDONLY | O_CLOEXEC);
    tried = true;
    if (descriptor < 0)
        return;
    void *memory = fstat(descriptor, &status) == 0 && status.st_size > 0 ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0) : MAP_FAILED;
    close(descriptor);
    if (memory == MAP_FAILED)
        return;
    /* An old cache may stand before the new one. */
    const char *found = memmem(memory, (size_t)status.st_size, CACHE_MAGIC, sizeof CACHE_MAGIC - 1);
    if (found != NULL && ((uintptr_t)found & 3) == 0) {
        cache = found;
        cache_bytes = (size_t)status.st_size - (size_t)(found - (const char *)memory);
    }
}

static const char *cache_text(uint32_t place)
{
    return place < cache_bytes && memchr(cache + place, '\0', cache_bytes - place) != NULL ? cache + place : NULL;
}

/* ---- one candidate -------------------------------------------------------------------------------------------------------------- */

static bool fits(const struct image *image, const char *path)
{
    struct stat status;
    unsigned char header[EI_NIDENT + 4];
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        return false;
    bool read = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && pread(descriptor, header, sizeof header, 0) == (ssize_t)sizeof header;
    close(descriptor);
    unsigned machine = read ? header[EI_NIDENT + 2] | (unsigned)header[EI_NIDENT + 3] << 8 : 0; /* both machines are little-endian */
    return read && memcmp(header, ELFMAG, SELFMAG) == 0 && machine == image->machine && header[EI_CLASS] == (image->bits == 64 ? ELFCLASS64 : ELFCLASS32);
}

static char *try_in(const struct image *image, const char *directory, const char *needed)
{
    char *path = compose("%s/%s", directory[0] != '\0' ? directory : ".", needed);
    if (fits(image, path))
        return path;
    free(path);
    return NULL;
}

static char *directory_of(const char *path)
{
    char *real = realpath(path, NULL);
    char *directory = real != NULL ? real : duplicate(path);
    char *slash = strrchr(directory, '/');
    if (slash == NULL)
        strcpy(directory, ".");
    else
        slash[slash == directory] = '\0';
    return directory;
}

char *search_expand(const char *entry, size_t bytes, const char *origin)
{
    static const struct {
        const char *word;
        const char *value; /* NULL: the origin */
    } words[] = {{"$ORIGIN", NULL}, {"${ORIGIN}", NULL}, {"$LIB", HOLDFAST_LIBDIR}, {"${LIB}", HOLDFAST_LIBDIR}};
    char *text = duplicate("");
    for (size_t place = 0; place < bytes;) {
        size_t word = 0;
        while (word < sizeof words / sizeof words[0] && (strlen(words[word].word) > bytes - place || strncmp(entry + place, words[word].word, strlen(words[word].word)) != 0))
            word++;
        bool known = word < sizeof words / sizeof words[0];
        char *longer = known ? compose("%s%s", text, words[word].value != NULL ? words[word].value : origin) : compose("%s%c", text, entry[place]);
        free(text);
        text = longer;
        place += known ? strlen(words[word].word) : 1;
    }
    return text;
}

static char *try_path(const struct image *image, const char *path, const char *owner, const char *needed)
{
    char *origin = path != NULL ? directory_of(owner) : NULL, *found = NULL;
    for (const char *entry = path; entry != NULL && found == NULL;) {
        size_t bytes = strcspn(entry, ":;");
        char *directory = search_expand(entry, bytes, origin);
        found = try_in(image, directory, needed);
        free(directory);
        entry = entry[bytes] != '\0' ? entry + bytes + 1 : NULL;
    }
    free(origin);
    return found;
}

static char *try_cache(const struct image *image, const char *needed)
{
    open_cache();
    const struct cache_header *header = (const struct cache_header *)(const void *)cache;
    const struct cache_entry *entries = (const struct cache_entry *)(const void *)(cache + sizeof *header);
    size_t room = cache != NULL && cache_bytes > sizeof *header ? (cache_bytes - sizeof *header) / sizeof *entries : 0;
    for (size_t index = 0; index < room && index < header->count; index++) {
        const char *name = cache_text(entries[index].name), *path = cache_text(entries[index].path);
        if (name != NULL && path != NULL && strcmp(name, needed) == 0 && fits(image, path))
            return duplicate(path);
    }
    return NULL;
}

static char *try_defaults(const struct image *image, const char *needed)
{
    static const char *const directories[] = {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"};
    char *found = NULL;
    for (size_t index = 0; index < sizeof directories / sizeof directories[0] && found == NULL; index++)
        found = try_in(image, directories[index], needed);
    return found;
}

char *search_library(const struct image *image, const struct image *loader, const char *needed, const char *library_path)
{
    if (strchr(needed, '/') != NULL)
        return fits(image, needed) ? duplicate(needed) : NULL;
    char *found = image->runpath == NULL ? try_path(image, image->rpath, image->path, needed) : NULL;
    if (found == NULL && image->runpath == NULL && loader != NULL && loader->runpath == NULL)
        found = try_path(image, loader->rpath, loader->path, needed);
    if (found == NULL && library_path != NULL && library_path[0] != '\0')
        found = try_path(image, library_path, image->path, needed);
    if (found == NULL)
        found = try_path(image, image->runpath, image->path, needed);
    if (found == NULL)
        found = try_cache(image, needed);
    return found != NULL ? found : try_defaults(image, needed);
}
