/* holdfast doctor PID: the objects of a process that runs, from /proc alone. See doctor.h. One thread.
 *
 * The process is not stopped. Under Holdfast its linker's words are read too: they tell which calls really lead to Holdfast, whatever loaded the object. */
#include "doctor.h"
#include "text.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct mapping {
    uint64_t from, end;
    struct image *image;
};

struct process {
    const char *pid;
    struct group *group;
    struct mapping *mappings;
    size_t mapping_count;
    char *environment; /* NAME=VALUE, each with its zero */
    size_t environment_bytes;
    bool watched;
};

static char *proc_path(const struct process *process, const char *what)
{
    return compose("/proc/%s/%s", process->pid, what);
}

/* All of a file of /proc, which has no size, up to 16 MiB; NULL with errno. A zero follows. */
static char *read_all(const struct process *process, const char *what, size_t *count)
{
    char *path = proc_path(process, what), *text = NULL;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    *count = 0;
    if (descriptor < 0)
        return NULL;
    for (ssize_t step = 1; step > 0 && *count < ((size_t)16 << 20); *count += step > 0 ? (size_t)step : 0) {
        text = reallocate(text, *count + 65537);
        step = read(descriptor, text + *count, 65536);
    }
    close(descriptor);
    text[*count] = '\0';
    return text;
}

static const char *variable(const void *context, const char *name)
{
    const struct process *process = context;
    size_t bytes = strlen(name);
    for (const char *line = process->environment; line != NULL && line < process->environment + process->environment_bytes; line += strlen(line) + 1)
        if (strncmp(line, name, bytes) == 0 && line[bytes] == '=')
            return line + bytes + 1;
    return NULL;
}

/* ---- objects ---------------------------------------------------------------------------------------------------------------------- */

static struct image *read_mapped(struct process *process, char *path, uint64_t from, uint64_t end)
{
    static const char deleted[] = " (deleted)";
    size_t bytes = strlen(path);
    bool gone = bytes > sizeof deleted && strcmp(path + bytes - (sizeof deleted - 1), deleted) == 0;
    /* Its own root: the process may live in a container. */
    char *place = gone ? compose("/proc/%s/map_files/%" PRIx64 "-%" PRIx64, process->pid, from, end) : compose("/proc/%s/root%s", process->pid, path);
    if (gone)
        path[bytes - (sizeof deleted - 1)] = '\0';
    struct image *image = image_read_file(place, path);
    free(place);
    return image;
}

static struct image *image_of(struct diagnosis *diagnosis, struct process *process, char *path, uint64_t from, uint64_t end)
{
    struct image *image = group_find(process->group, path);
    if (image != NULL)
        return image;
    bool gone = strstr(path, " (deleted)") != NULL;
    image = read_mapped(process, path, from, end);
    struct image *same = gone ? group_find(process->group, image->path) : NULL;
    if (image->kind == IMAGE_NONE || same != NULL) {
        image_free(image);
        return same;
    }
    if (gone)
        add_finding(diagnosis, FINDING_deleted_file, "%s", image->path);
    group_add(process->group, image);
    return image;
}

static void read_maps(struct diagnosis *diagnosis, struct process *process)
{
    size_t count;
    char *text = read_all(process, "maps", &count);
    for (char *line = text, *next; line != NULL && *line != '\0'; line = next) {
        uint64_t from, end, offset;
        int place = 0;
        size_t bytes = strcspn(line, "\n");
        next = line + bytes + (line[bytes] == '\n');
        line[bytes] = '\0';
        char *path = strchr(line, '/');
        if (path == NULL || sscanf(line, "%" SCNx64 "-%" SCNx64 " %*4s %" SCNx64 "%n", &from, &end, &offset, &place) != 3 || strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/memfd:", 7) == 0)
            continue;
        struct image *image = image_of(diagnosis, process, path, from, end);
        if (image == NULL)
            continue;
        if (offset == 0 && !image->mapped) {
            image->mapped = true;
            image->base = from - image->base; /* it was the lowest address of the file */
        }
        process->mappings = reallocate(process->mappings, (process->mapping_count + 1) * sizeof *process->mappings);
        process->mappings[process->mapping_count++] = (struct mapping){from, end, image};
        process->watched = process->watched || strcmp(base_name(image->path), "libholdfast.so") == 0;
    }
    free(text);
}

/* ---- the linker's words -------------------------------------------------------------------------------------------------------------------- */

static const struct image *image_at(const struct process *process, uint64_t address)
{
    for (size_t index = 0; index < process->mapping_count; index++)
        if (address >= process->mappings[index].from && address < process->mappings[index].end)
            return process->mappings[index].image;
    return NULL;
}

static void look_at_word(const struct process *process, int memory, struct caller *caller, const struct import *import)
{
    uint64_t target = 0;
    if (import->slot == 0 || contract_of(import->name) == LIBRARY_NONE || pread(memory, &target, sizeof target, (off_t)(caller->image->base + import->slot)) != (ssize_t)sizeof target)
        return;
    const struct image *image = image_at(process, target);
    if (image == NULL || image == caller->image) /* its own PLT: not called yet */
        caller->unbound++;
    else if (strcmp(base_name(image->path), "libholdfast.so") == 0)
        caller->watched++;
    else
        caller->past++;
}

static void look_at_words(const struct process *process)
{
    char *path = proc_path(process, "mem");
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    for (size_t index = 0; memory >= 0 && index < process->group->caller_count; index++) {
        struct caller *caller = &process->group->callers[index];
        for (size_t import = 0; caller->image->mapped && import < caller->image->import_count; import++)
            look_at_word(process, memory, caller, &caller->image->imports[import]);
        caller->seen -= caller->past < caller->seen ? caller->past : caller->seen;
    }
    if (memory >= 0)
        close(memory);
}

/* ---- its limits ------------------------------------------------------------------------------------------------------------------------------ */

static void judge_limits(struct diagnosis *diagnosis, struct process *process)
{
    size_t count;
    char *text = read_all(process, "limits", &count);
    const char *line = text != NULL ? strstr(text, "Max address space") : NULL;
    unsigned long long bytes;
    if (line != NULL && sscanf(line, "Max address space %llu", &bytes) == 1 && bytes < (1ull << 30))
        add_finding(diagnosis, FINDING_address_space, "process %s may have %llu MiB of address space", process->pid, bytes >> 20);
    free(text);
    text = read_all(process, "status", &count);
    line = text != NULL ? strstr(text, "\nSeccomp:") : NULL;
    if (line != NULL && strtoul(line + 9, NULL, 10) == 2)
        add_finding(diagnosis, FINDING_system_call_filter, "system calls of process %s are filtered (seccomp)", process->pid);
    free(text);
    text = read_all(process, "auxv", &count);
    for (size_t place = 0; text != NULL && place + sizeof(Elf64_auxv_t) <= count; place += sizeof(Elf64_auxv_t)) {
        Elf64_auxv_t entry;
        memcpy(&entry, text + place, sizeof entry);
        if (entry.a_type == AT_SECURE && entry.a_un.a_val != 0)
            add_finding(diagnosis, FINDING_privileged_program, "process %s was started with other rights than its user's (AT_SECURE)", process->pid);
    }
    free(text);
}

static void judge_process(struct diagnosis *diagnosis, struct process *process)
{
    struct group *group = process->group;
    for (size_t index = 0; index < group->image_count; index++)
        if (group->images[index]->kind == IMAGE_PROGRAM)
            group_judge_program(diagnosis, group, group->images[index]);
    group_judge(diagnosis, group);
    if (process->watched) {
        look_at_words(process);
        for (size_t index = 0; index < group->caller_count; index++)
            if (group->callers[index].past != 0)
                add_finding(diagnosis, FINDING_past_holdfast, "%s: %zu of %zu bound functions lead past Holdfast", group->callers[index].image->path, group->callers[index].past,
                            group->callers[index].past + group->callers[index].watched);
    } else {
        add_finding(diagnosis, FINDING_not_watched, "process %s does not run under Holdfast", process->pid);
    }
    judge_numpy(diagnosis, group, NULL);
    const char *data = variable(process, "PROJ_DATA");
    judge_data(diagnosis, group, data != NULL ? data : variable(process, "PROJ_LIB"), variable(process, "GDAL_DATA"));
    judge_environment(diagnosis, variable, process);
    judge_limits(diagnosis, process);
}

bool doctor_process(struct diagnosis *diagnosis, const char *pid)
{
    struct process process = {.pid = pid};
    size_t count;
    char *name = read_all(&process, "comm", &count);
    if (name == NULL) {
        complain("doctor", "process %s: %s", pid, errno == ENOENT ? "there is none with this number" : strerror(errno));
        return false;
    }
    name[strcspn(name, "\n")] = '\0';
    process.group = add_group(diagnosis, compose("process %s, %s", pid, name));
    process.group->together = true;
    process.environment = read_all(&process, "environ", &process.environment_bytes);
    free(name);
    read_maps(diagnosis, &process);
    bool readable = process.mapping_count != 0;
    if (readable)
        judge_process(diagnosis, &process);
    else
        complain("doctor", "process %s: its memory map is empty (it has ended), or may not be read: that needs the same user (and /proc/sys/kernel/yama/ptrace_scope 0), or root", pid);
    free(process.environment);
    free(process.mappings);
    return readable;
}
