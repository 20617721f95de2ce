/* The frames of an interpreter whose layout is not known: the interpreter writes them down itself, and the text is read. See python_layout.h.
 *
 * The function is what faulthandler uses in a crashed process (_Py_DumpTraceback, exported up to 3.8 and by 3.11 and 3.12;
 * PyUnstable_DumpTraceback since 3.15). Of the calling thread it needs neither the GIL nor any lock, allocates nothing and
 * raises nothing: it reads and calls write(2). So this works in any thread, not from a signal handler (the tracker's lock). What it cannot do:
 *   - it costs microseconds, and nothing of it can be remembered: the next chain may look the same from here and be another;
 *   - it tells plain names, not qualified ones, 500 characters of each at most, and 100 frames;
 *   - which of several thread states a thread runs under before 3.12 (subinterpreters) is not to be known then: no frames;
 *   - it reads what the end of the interpreter frees: no frames once that has begun.
 *
 * The text goes to a file in memory, not to a pipe: a pipe may be too small for it, and half a line would be a wrong frame. The
 * descriptor lives as long as one call: one that stayed would shift the numbers that the program gets, and might be closed by it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "context.h"
#include "python.h"
#include "python_layout.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_ROOM 2048u       /* 500 characters and "..." */
#define DUMP_MOST (1u << 20) /* bytes */

struct line {
    const char *at, *end; /* without the newline */
};

static bool skip(struct line *line, const char *text)
{
    size_t length = strlen(text);
    if ((size_t)(line->end - line->at) < length || memcmp(line->at, text, length) != 0)
        return false;
    line->at += length;
    return true;
}

static bool hex_number(const char *at, const char *end, unsigned digits, uint32_t *number)
{
    *number = 0;
    if ((size_t)(end - at) < digits)
        return false;
    for (unsigned i = 0; i < digits; i++) {
        char digit = at[i];
        if (!((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f')))
            return false;
        *number = *number << 4 | (uint32_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return true;
}

/* Everything but printable ASCII stands there as \x0a, \u20ac or \U0001f600: make it UTF-8, as python_code.c does. */
static size_t decode(char *to, size_t room, const char *at, const char *end)
{
    size_t used = 0;
    while (at < end && used + PYTHON_CODE_POINT_ROOM <= room) {
        uint32_t point;
        if (at[0] == '\\' && end - at >= 4 && at[1] == 'x' && hex_number(at + 2, end, 2, &point) && (point < ' ' || point > '~')) {
            at += 4;
        } else if (at[0] == '\\' && end - at >= 6 && at[1] == 'u' && hex_number(at + 2, end, 4, &point) && point > 0xff) {
            at += 6;
        } else if (at[0] == '\\' && end - at >= 10 && at[1] == 'U' && hex_number(at + 2, end, 8, &point) && point > 0xffff &&
                   point <= 0x10ffff) {
            at += 10;
        } else {
            to[used++] = *at++;
            continue;
        }
        used += python_put_code_point(to + used, point);
    }
    return used;
}

/* '  File "NAME", line NUMBER in FUNCTION'; what is not known is ???, without quotes. 0: no frame, or no room in the depot. */
static uint32_t frame_of_line(struct line line)
{
    char file[NAME_ROOM], function[NAME_ROOM];
    size_t file_bytes = 1, function_bytes;
    file[0] = '?';
    if (!skip(&line, "  File "))
        return 0;
    if (!skip(&line, "???")) {
        static const char behind[] = "\", line ";
        if (!skip(&line, "\""))
            return 0;
        const char *end = memmem(line.at, (size_t)(line.end - line.at), behind, sizeof behind - 1);
        if (end == NULL)
            return 0;
        /* Quotes are not escaped: of a name that has all this in it nobody can say where it ends. */
        if (memmem(end + 1, (size_t)(line.end - end - 1), behind, sizeof behind - 1) != NULL)
            return tracker_python_frame(&holdfast_tracker, "?", 1, "?", 1, 0);
        file_bytes = decode(file, sizeof file, line.at, end);
        line.at = end + 1;
    }
    uint32_t number = 0;
    if (!skip(&line, ", line "))
        return 0;
    if (!skip(&line, "???"))
        while (line.at < line.end && *line.at >= '0' && *line.at <= '9' && number < UINT32_MAX / 10 - 1)
            number = number * 10 + (uint32_t)(*line.at++ - '0');
    if (!skip(&line, " in "))
        return 0;
    if (line.end - line.at == 3 && memcmp(line.at, "???", 3) == 0)
        line.at += 2; /* as python_code.c says it */
    function_bytes = decode(function, sizeof function, line.at, line.end);
    return tracker_python_frame(&holdfast_tracker, file, file_bytes, function, function_bytes, number);
}

static void read_dump(const char *text, size_t bytes, struct python_frames *out, unsigned depth)
{
    const char *end = text + bytes;
    for (const char *at = text; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        struct line line = {at, newline != NULL ? newline : end};
        at = newline != NULL ? newline + 1 : end;
        struct line rest = line;
        if (!skip(&rest, "  File ")) {
            if (skip(&rest, "  ...")) /* more frames than it writes */
                out->truncated = true;
            continue;
        }
        if (out->count == depth) {
            out->truncated = true;
            return;
        }
        uint32_t id = newline != NULL ? frame_of_line(line) : 0;
        if (id != 0)
            out->room[out->count++] = id;
        else
            out->truncated = true;
    }
}

/* A program may have forbidden itself large files: then a write would be a deadly signal. */
static bool may_write(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= DUMP_MOST);
}

bool python_dump_frames(const struct python_runtime *python, void *thread, struct python_frames *out, unsigned depth)
{
    int saved_errno = errno, descriptor = may_write() ? memfd_create("holdfast", MFD_CLOEXEC) : -1;
    if (descriptor < 0) {
        errno = saved_errno;
        return false;
    }
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state); /* write() would be the place where a thread ends */
    python->dump(descriptor, thread);
    struct stat status;
    void *text = MAP_FAILED;
    size_t bytes = 0;
    if (fstat(descriptor, &status) == 0 && status.st_size > 0) {
        bytes = status.st_size < DUMP_MOST ? (size_t)status.st_size : DUMP_MOST;
        text = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
    }
    close(descriptor);
    pthread_setcancelstate(cancel_state, NULL);
    if (text != MAP_FAILED) {
        read_dump(text, bytes, out, depth);
        munmap(text, bytes);
    }
    errno = saved_errno;
    return out->count != 0;
}
