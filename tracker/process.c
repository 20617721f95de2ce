/* Which process wrote an arena: see process.h. System calls only. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* O_CLOEXEC */
#endif
#include "process.h"
#include "internal.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first bytes of a small file, as text; the length, 0 when it cannot be read. */
static size_t read_text(const char *name, char *text, size_t bytes)
{
    int file = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0)
        return 0;
    ssize_t length = read(file, text, bytes - 1);
    close(file);
    length = length < 0 ? 0 : length;
    text[length] = '\0';
    return (size_t)length;
}

uint64_t process_start(uint32_t pid)
{
    char name[40], text[1024];
    snprintf(name, sizeof name, "/proc/%u/stat", pid);
    if (read_text(name, text, sizeof text) == 0)
        return 0;
    const char *field = strrchr(text, ')'); /* the program's name may hold anything */
    bool dead = field != NULL && field[1] == ' ' && (field[2] == 'Z' || field[2] == 'X');
    uint64_t values[2] = {0}; /* field 20: threads; 22: the start */
    for (unsigned number = 2; field != NULL && number < 22; number++) {
        field = strchr(field + 1, ' ');
        if (field != NULL && (number == 19 || number == 21))
            values[number == 21] = strtoull(field + 1, NULL, 10);
    }
    /* Dead, only its parent does not ask; but its first thread may also have ended before the others. */
    return dead && values[0] <= 1 ? 0 : values[1];
}

uint64_t process_boot(void)
{
    char text[64];
    size_t length = read_text("/proc/sys/kernel/random/boot_id", text, sizeof text);
    return length != 0 ? fnv_1a(FNV_BEGIN, text, length) : 0;
}

uint64_t process_pid_namespace(void)
{
    struct stat status;
    return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

enum process_life process_life(const struct arena_header *header)
{
    if (header->boot == 0 || header->pid_namespace == 0 || header->process_start == 0 || header->boot != process_boot() || header->pid_namespace != process_pid_namespace())
        return PROCESS_UNKNOWN;
    return process_start(header->pid) == header->process_start ? PROCESS_LIVES : PROCESS_GONE;
}
