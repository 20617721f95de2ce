/* libholdfast-audit.so: the dynamic linker (rtld-audit(7)) tells it which objects a program loads, and what it looks up by dlsym. It writes that to a file, see doctor_audit.h.
 *
 * Runs inside the program that `holdfast doctor -- PROGRAM` starts, in a name space of its own: its C library is not the program's. Called by the dynamic linker, which
 * holds its locks, in any thread. So: no locks, no dlopen, no stdio; the file is opened for each line, because programs close descriptors that they do not know. */
#include "doctor_audit.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES (2 * PATH_MAX)
#define SEEN_SLOTS 4096u

unsigned la_version(unsigned version);
unsigned la_objopen(struct link_map *map, Lmid_t list, uintptr_t *cookie);
uintptr_t la_symbind64(Elf64_Sym *symbol, unsigned index, uintptr_t *caller, uintptr_t *definer, unsigned *flags, const char *name);

static char file[PATH_MAX];
static unsigned long long image;

static void write_line(char kind, const char *first, const char *second)
{
    char line[LINE_BYTES];
    int saved_errno = errno;
    int length = snprintf(line, sizeof line, "%c %llu %s%s%s\n", kind, image, first, second != NULL ? "\t" : "", second != NULL ? second : "");
    int descriptor = file[0] != '\0' && length > 0 && length < (int)sizeof line && strcspn(line, "\n") == (size_t)length - 1 ? open(file, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (descriptor >= 0) {
        ssize_t written = write(descriptor, line, (size_t)length); /* at once, so that lines of two processes do not mix */
        (void)written;
        close(descriptor);
    }
    errno = saved_errno;
}

static void write_program(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    write_line('P', path, NULL);
}

unsigned la_version(unsigned version)
{
    const char *wanted = getenv(AUDIT_FILE_VARIABLE);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (wanted != NULL && strlen(wanted) < sizeof file)
        strcpy(file, wanted);
    image = (unsigned long long)getpid() << 40 ^ (unsigned long long)now.tv_sec << 30 ^ (unsigned long long)now.tv_nsec;
    write_program();
    return version < LAV_CURRENT ? version : LAV_CURRENT;
}

unsigned la_objopen(struct link_map *map, Lmid_t list, uintptr_t *cookie)
{
    char real[PATH_MAX];
    (void)list;
    *cookie = (uintptr_t)map;
    if (map->l_name != NULL && map->l_name[0] != '\0' && realpath(map->l_name, real) != NULL)
        write_line('O', real, NULL);
    return LA_FLG_BINDFROM | LA_FLG_BINDTO;
}

static bool of_libraries(const char *name)
{
    static const char *const starts[] = {"GDAL", "OGR", "OSR", "OCT", "OPT", "CPL", "CSL", "VSI", "VRT", "GEOS", "proj_", "initGEOS", "finishGEOS", "geos_"};
    for (size_t index = 0; index < sizeof starts / sizeof starts[0]; index++)
        if (strncmp(name, starts[index], strlen(starts[index])) == 0)
            return true;
    return false;
}

/* A program that looks a function up for each call is to fill no disk. What shares a slot is written again and again, which costs nothing but time. */
static bool seen_before(const struct link_map *map, const char *name)
{
    static _Atomic uint64_t seen[SEEN_SLOTS];
    uint64_t hash = (uintptr_t)map;
    for (const char *letter = name; *letter != '\0'; letter++)
        hash = (hash ^ (unsigned char)*letter) * UINT64_C(0x100000001b3);
    return atomic_exchange(&seen[hash % SEEN_SLOTS], hash) == hash;
}

uintptr_t la_symbind64(Elf64_Sym *symbol, unsigned index, uintptr_t *caller, uintptr_t *definer, unsigned *flags, const char *name)
{
    char path[PATH_MAX], real[PATH_MAX];
    const struct link_map *map = caller != NULL ? (const struct link_map *)*caller : NULL;
    (void)index;
    (void)definer;
    if ((*flags & LA_SYMB_DLSYM) != 0 && map != NULL && of_libraries(name) && !seen_before(map, name)) {
        ssize_t length = map->l_name == NULL || map->l_name[0] == '\0' ? readlink("/proc/self/exe", path, sizeof path - 1) : 0;
        path[length > 0 ? length : 0] = '\0';
        if (length > 0 || (map->l_name != NULL && realpath(map->l_name, real) != NULL))
            write_line('L', length > 0 ? path : real, name);
    }
    *flags |= LA_SYMB_NOPLTENTER | LA_SYMB_NOPLTEXIT;
    return symbol->st_value;
}
