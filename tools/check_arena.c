/* holdfast report --check, and the record of a live process. */
#include "check.h"
#include "command.h"
#include "inputs.h"
#include "target.h"
#include "text.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- checking ------------------------------------------------------------------------------------------------------------- */

static void tell(enum arena_fault fault, uint64_t offset, const char *sentence, void *context)
{
    print_safely(stdout, context);
    printf(": at byte %" PRIu64 "%s: ", offset, fault == FAULT_UNFINISHED ? ", in the middle of a change" : "");
    print_safely(stdout, sentence);
    putchar('\n');
}

enum arena_soundness check_arena(const char *file)
{
    struct arena_image image;
    char error[512];
    if (!arena_image_read(&image, file, error, sizeof error)) {
        print_safely(stdout, error);
        puts("; it cannot be checked");
        return ARENA_DAMAGED;
    }
    struct arena_faults faults = arena_check(&image, tell, (void *)file);
    print_safely(stdout, file);
    if (faults.damaged != 0)
        printf(": damaged in %" PRIu64 " place%s\n", faults.damaged, faults.damaged == 1 ? "" : "s");
    else if (image.moving)
        puts(": sound as far as can be told of one that changes faster than it can be read");
    else if (faults.unfinished != 0)
        printf(": sound; its process was in the middle of a change (%" PRIu64 " place%s)\n", faults.unfinished, faults.unfinished == 1 ? "" : "s");
    else
        puts(": sound");
    arena_image_free(&image);
    return faults.damaged != 0 ? ARENA_DAMAGED : ARENA_SOUND;
}

/* ---- live processes --------------------------------------------------------------------------------------------------------- */

/* By what it has mapped and not by its name: the process may lie in another container, and see another path. */
static char *try_mapping(const char *pid, const char *line)
{
    char range[64];
    size_t bytes = strcspn(line, " ");
    const char *path = strchr(line, '/');
    if (bytes >= sizeof range || path == NULL || strstr(line, " rw-s ") == NULL)
        return NULL;
    snprintf(range, sizeof range, "%.*s", (int)bytes, line);
    char *ways[] = {compose("/proc/%s/map_files/%s", pid, range), compose("/proc/%s/root%.*s", pid, (int)strcspn(path, "\n"), path)};
    char *found = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        FILE *stream = found == NULL ? fopen(ways[i], "re") : NULL;
        if (stream != NULL) {
            if (is_arena(stream))
                found = duplicate(ways[i]);
            fclose(stream);
        }
        free(ways[i]);
    }
    return found;
}

static char *find_mapping(const char *pid, FILE *maps)
{
    char *line = NULL, *found = NULL;
    size_t bytes = 0;
    while (found == NULL && getline(&line, &bytes, maps) >= 0)
        found = try_mapping(pid, line);
    free(line);
    fclose(maps);
    return found;
}

static FILE *open_maps(const char *pid)
{
    char *path = compose("/proc/%s/maps", pid);
    FILE *maps = fopen(path, "re");
    int error = errno;
    free(path);
    errno = error;
    return maps;
}

char *find_record(const char *pid)
{
    FILE *maps = open_maps(pid);
    return maps != NULL ? find_mapping(pid, maps) : NULL;
}

char *record_of_process(const char *asked)
{
    char pid[32];
    long number = strtol(asked, NULL, 10);
    snprintf(pid, sizeof pid, "%ld", number < INT_MAX ? (long)program_of_run((pid_t)number) : number);
    FILE *maps = open_maps(pid);
    if (maps == NULL) {
        complain("report", errno == ENOENT ? "there is no process %s" : "the memory of process %s cannot be looked at: %s", pid, strerror(errno));
        return NULL;
    }
    char *found = find_mapping(pid, maps);
    if (found == NULL)
        complain("report", "process %s has no record: it runs without Holdfast's option record=, or has used no library yet", pid);
    return found;
}
