/* See target.h. One thread; allocates. */
#include "target.h"
#include "inputs.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool read_memory(const struct target *target, uint64_t address, void *buffer, size_t bytes)
{
    return reader_read_at(target->memory, buffer, bytes, address) == bytes;
}

bool target_refresh(struct target *target)
{
    static const uint8_t magic[] = CONTROL_MAGIC;
    bool read = read_memory(target, target->block, &target->copy, sizeof target->copy) && memcmp(target->copy.magic, magic, sizeof magic) == 0;
    target->copy.text[CONTROL_TEXT_BYTES - 1] = '\0';
    target->copy.answer[CONTROL_ANSWER_BYTES - 1] = '\0';
    return read;
}

/* ---- finding it ---------------------------------------------------------------------------------------------------------- */

/* In this mapping of the process? Its data are small. */
#define DATA_MAXIMUM (UINT64_C(16) << 20)

static bool find_block_in(struct target *target, uint64_t from, uint64_t end)
{
    static const uint8_t magic[] = CONTROL_MAGIC;
    if (end <= from || end - from > DATA_MAXIMUM)
        return false;
    uint8_t *data = allocate(end - from);
    bool found = false;
    if (read_memory(target, from, data, end - from))
        for (uint64_t offset = 0; offset + sizeof(struct control_block) <= end - from && !found; offset += CONTROL_ALIGNMENT)
            if (memcmp(data + offset, magic, sizeof magic) == 0) {
                target->block = from + offset;
                found = true;
            }
    free(data);
    return found;
}

/* False after a complaint. */
static bool find_block(struct target *target, const char *command)
{
    char path[64], line[8192], access[8];
    bool loaded = false, found = false;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)target->pid);
    FILE *maps = fopen(path, "re");
    if (maps == NULL) {
        complain(command, "process %d: %s", (int)target->pid, errno == ENOENT ? "there is none with this number" : strerror(errno));
        return false;
    }
    while (!found && fgets(line, sizeof line, maps) != NULL) {
        uint64_t from, end;
        const char *file = strchr(line, '/');
        if (file == NULL || strncmp(base_name(file), "libholdfast.", 12) != 0 || sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &end, access) != 3)
            continue;
        loaded = true;
        if (strncmp(access, "rw", 2) == 0)
            found = find_block_in(target, from, end);
    }
    int error = ferror(maps) ? errno : 0;
    fclose(maps);
    if (found)
        return true;
    if (loaded)
        complain(command, "process %d: this libholdfast.so knows no requests, or its memory cannot be read; use the holdfast that belongs to it", (int)target->pid);
    else
        complain(command, "process %d %s", (int)target->pid, error != 0 ? strerror(error) : "does not run under Holdfast: start it with holdfast run");
    return false;
}

pid_t program_of_run(pid_t pid)
{
    char path[64], own[4096], other[sizeof own];
    int program = 0;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    ssize_t bytes = readlink("/proc/self/exe", own, sizeof own);
    if (bytes <= 0 || readlink(path, other, sizeof other) != bytes || memcmp(own, other, (size_t)bytes) != 0)
        return pid;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *children = fopen(path, "re");
    if (children == NULL)
        return pid;
    bool found = fscanf(children, "%d", &program) == 1 && program > 0;
    fclose(children);
    return found ? program : pid;
}

bool target_open(struct target *target, const char *command, bool write)
{
    char path[64];
    target->pid = program_of_run(target->pid);
    snprintf(path, sizeof path, "/proc/%d/mem", (int)target->pid);
    target->memory = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (target->memory < 0) {
        complain(command, "process %d: %s", (int)target->pid,
                 errno == ENOENT ? "there is none with this number"
                 : errno == EACCES || errno == EPERM
                     ? "its memory may not be read: this needs the same user (and /proc/sys/kernel/yama/ptrace_scope 0), or root"
                     : strerror(errno));
        return false;
    }
    if (!find_block(target, command))
        return false;
    if (!target_refresh(target) || target->copy.version != CONTROL_VERSION || target->copy.bytes != sizeof target->copy) {
        complain(command, "process %d runs under another version of Holdfast: use the holdfast that belongs to it", (int)target->pid);
        return false;
    }
    return true;
}

void target_close(struct target *target)
{
    if (target->memory >= 0)
        close(target->memory);
    target->memory = -1;
}

/* ---- what is read without the process ------------------------------------------------------------------------------------ */

bool target_header(const struct target *target, struct arena_header *header)
{
    return target->copy.arena != 0 && read_memory(target, target->copy.arena, header, sizeof *header) && memcmp(header->magic, ARENA_MAGIC, sizeof header->magic) == 0 &&
           header->version == ARENA_VERSION && header->total_bytes <= UINT64_C(1) << 40;
}

#define CHUNK_BYTES (1u << 20)

/* In the order of the sections: what a record names lies in a later one, so that it is there when it is copied. */
bool target_copy_arena(const struct target *target, int file)
{
    struct arena_header header;
    char *chunk = allocate(CHUNK_BYTES);
    bool fine = target_header(target, &header) && ftruncate(file, (off_t)header.total_bytes) == 0;
    for (unsigned section = 0; section < SECTION_COUNT && fine; section++) {
        fine = target_header(target, &header);
        const struct arena_section_header *part = &header.sections[section];
        uint64_t bytes = (uint64_t)(section == SECTION_EVENTS || section == SECTION_FENCES ? part->capacity : part->used) * part->record_bytes;
        fine = fine && part->offset <= header.total_bytes && bytes <= header.total_bytes - part->offset;
        for (uint64_t done = 0; done < bytes && fine; done += CHUNK_BYTES) {
            size_t count = bytes - done < CHUNK_BYTES ? (size_t)(bytes - done) : CHUNK_BYTES;
            fine = read_memory(target, target->copy.arena + part->offset + done, chunk, count) && pwrite(file, chunk, count, (off_t)(part->offset + done)) == (ssize_t)count;
        }
    }
    fine = fine && pwrite(file, &header, sizeof header, 0) == (ssize_t)sizeof header;
    free(chunk);
    return fine;
}

#define NAMES_MAXIMUM 65536u
#define NAME_BYTES_MAXIMUM 128u

/* The name that each record of a table begins with; false: it cannot be read. */
static bool read_names(const struct target *target, FILE *names, uint64_t table, uint32_t count, uint32_t bytes)
{
    if (count > NAMES_MAXIMUM || bytes < sizeof(uint64_t) || bytes > 4096)
        return false;
    uint8_t *records = allocate((size_t)count * bytes);
    bool fine = read_memory(target, table, records, (size_t)count * bytes);
    for (uint32_t index = 0; index < count && fine; index++) {
        char name[NAME_BYTES_MAXIMUM + 1] = "";
        uint64_t address;
        memcpy(&address, records + (size_t)index * bytes, sizeof address);
        reader_read_at(target->memory, name, NAME_BYTES_MAXIMUM, address); /* it may be the last of its mapping */
        fwrite(name, 1, strlen(name) + 1, names);
    }
    free(records);
    return fine;
}

static void name_numbers(const struct target *target, struct reader *reader)
{
    const struct control_block *block = &target->copy;
    char *text = NULL;
    size_t bytes = 0;
    FILE *names = open_memstream(&text, &bytes);
    if (names == NULL)
        return;
    bool fine = read_names(target, names, block->kinds, block->kind_count, block->kind_bytes) && read_names(target, names, block->functions, block->function_count, block->function_bytes);
    if (fclose(names) == 0 && fine && bytes <= UINT32_MAX / 2)
        reader_set_names(reader, text, (uint32_t)bytes, block->kind_count, block->function_count);
    else
        free(text);
}

static bool open_copy(struct target *target, const char *command, struct reader *reader)
{
    char path[64], error[512];
    bool fine = false;
    int file = target->copy.pid != 0 ? memfd_create("arena", MFD_CLOEXEC) : -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (target->copy.pid == 0)
        complain(command, "process %d runs under Holdfast, but it has made no handle yet", (int)target->pid);
    else if (file < 0 || !target_copy_arena(target, file))
        complain(command, "process %d: its arena cannot be read", (int)target->pid);
    else if (!(fine = reader_open(reader, path, error, sizeof error)))
        complain(command, "process %d: its arena cannot be understood; use the holdfast that belongs to it", (int)target->pid);
    if (file >= 0)
        close(file);
    if (fine && reader->header.own.kinds == 0)
        name_numbers(target, reader);
    return fine;
}

static bool open_file(const char *command, const char *path, struct reader *reader)
{
    char error[512];
    bool fine = reader_open(reader, path, error, sizeof error);
    if (!fine)
        complain(command, "%s", error);
    return fine;
}

bool open_input(const char *command, const char *input, struct reader *reader, bool *young_missing)
{
    bool is_number = input[0] != '\0' && strlen(input) < 10 && strspn(input, "0123456789") == strlen(input);
    *young_missing = false;
    if (!is_number || access(input, F_OK) == 0)
        return open_file(command, input, reader);
    char *record = find_record(input);
    if (record != NULL) {
        bool fine = open_file(command, record, reader);
        free(record);
        return fine;
    }
    struct target target = {.pid = (pid_t)atoi(input), .memory = -1};
    bool fine = target_open(&target, command, false) && open_copy(&target, command, reader);
    *young_missing = true;
    target_close(&target);
    return fine;
}
