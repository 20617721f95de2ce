/* What a code object says: file, function, and the line of an instruction. See python_layout.h.
 *
 * Any thread, with or without the GIL, not from a signal handler; takes the tracker's lock for a moment. The object must be alive while it
 * is read (it is: a frame of the calling thread runs it), and what is read here never changes: name, file and line table are set when
 * the object is made. Reads no further than the lengths that stand there, and only objects of the right type.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "context.h"
#include "python.h"
#include "python_layout.h"
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- is there memory? ------------------------------------------------------------------------------------------------------
 *
 * A pointer that the program has damaged must not be followed into nothing. Only the kernel knows what is mapped, so it is asked once a page and the
 * page remembered, by number plus one. (A page may go away later: a pointer that is damaged after that, and leads there, is fatal still.) */

#define PAGE_BITS 12
#define PAGE_SLOTS 2048u

static _Atomic uintptr_t readable_pages[PAGE_SLOTS];

static __attribute__((noinline)) bool ask_for_page(uintptr_t page)
{
    int saved_errno = errno;
    char byte;
    struct iovec local = {&byte, 1}, remote = {(void *)(page << PAGE_BITS), 1};
    ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    bool readable = got == 1 || (got < 0 && errno != EFAULT); /* where the call is forbidden nothing can be known */
    errno = saved_errno;
    if (readable)
        atomic_store_explicit(&readable_pages[page % PAGE_SLOTS], page + 1, memory_order_relaxed);
    return readable;
}

bool python_is_readable(const void *start, size_t bytes)
{
    uintptr_t page = (uintptr_t)start >> PAGE_BITS, last = ((uintptr_t)start + bytes - 1) >> PAGE_BITS;
    for (; page <= last; page++)
        if (atomic_load_explicit(&readable_pages[page % PAGE_SLOTS], memory_order_relaxed) != page + 1 && !ask_for_page(page))
            return false;
    return true;
}

/* An object of this type, of which `bytes` can be read. */
static bool is_object(const struct python_layout *layout, const uint8_t *object, const uint8_t *type, size_t bytes)
{
    return python_is_address(object) && python_is_readable(object, bytes) && python_word(object, layout->object_type) == (uintptr_t)type;
}

/* ---- strings ---------------------------------------------------------------------------------------------------------- */

struct text {
    const char *bytes;
    size_t length;
};

#define FILE_ROOM 3072u
#define FUNCTION_ROOM 768u

size_t python_put_code_point(char *to, uint32_t point)
{
    static const char hex[] = "0123456789abcdef";
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (char)(0xc0 | point >> 6);
        to[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point >= 0xd800 && point < 0xe000) { /* a byte of a file name that is no UTF-8; as Python's own messages put it */
        to[0] = '\\';
        to[1] = 'u';
        for (unsigned i = 0; i < 4; i++)
            to[2 + i] = hex[point >> (12 - 4 * i) & 15];
        return 6;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xe0 | point >> 12);
        to[1] = (char)(0x80 | (point >> 6 & 0x3f));
        to[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | (point >> 18 & 7));
    to[1] = (char)(0x80 | (point >> 12 & 0x3f));
    to[2] = (char)(0x80 | (point >> 6 & 0x3f));
    to[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

static uint32_t code_point(const uint8_t *data, size_t index, unsigned kind)
{
    uint16_t two;
    uint32_t four;
    switch (kind) {
    case 1: return data[index];
    case 2: memcpy(&two, data + 2 * index, 2); return two;
    default: memcpy(&four, data + 4 * index, 4); return four;
    }
}

#define TEXT_LONGEST (UINT64_C(1) << 16) /* code points: a longer name is none */

/* A Python string as UTF-8: the string itself where it is that already, else in `buffer`. Of a very long one only the end, up to
 * a NUL. */
static struct text text_of(const struct python_runtime *python, const uint8_t *object, char *buffer, size_t room)
{
    static const struct text unknown = {"?", 1};
    const struct python_layout *layout = python->layout;
    if (!is_object(layout, object, python->text_type, layout->text_ascii))
        return unknown;
    unsigned bits = (unsigned)python_number(object, layout->text_state) >> layout->text_kind_shift, kind = bits & TEXT_KIND_MASK;
    size_t length = python_word(object, LENGTH_OF(layout));
    if ((bits & TEXT_COMPACT) == 0 || (kind != 1 && kind != 2 && kind != 4) || length > TEXT_LONGEST ||
        !python_is_readable(object, (bits & TEXT_ASCII) != 0 ? layout->text_ascii + length : layout->text_wide + length * kind))
        return unknown;
    if (bits & TEXT_ASCII) {
        const char *bytes = (const char *)object + layout->text_ascii;
        if (length > room) {
            bytes += length - room;
            length = room;
        }
        return (struct text){bytes, strnlen(bytes, length)};
    }
    const uint8_t *data = object + layout->text_wide;
    size_t first = length > room / PYTHON_CODE_POINT_ROOM ? length - room / PYTHON_CODE_POINT_ROOM : 0, used = 0;
    for (size_t i = first; i < length; i++) {
        uint32_t point = code_point(data, i, kind);
        if (point == 0)
            break;
        used += python_put_code_point(buffer + used, point);
    }
    return (struct text){buffer, used};
}

/* ---- lines ------------------------------------------------------------------------------------------------------------- */

#define CODE_UNITS_MOST (UINT64_C(1) << 26)

bool python_code_has(const struct python_runtime *python, const uint8_t *code, intptr_t byte_offset)
{
    const struct python_layout *layout = python->layout;
    if (layout->instruction_unit != LAYOUT_NONE) /* its length stands in the bytecode object: line_of() bounds it */
        return byte_offset >= -2 && (uintptr_t)(byte_offset + 2) < 2 * CODE_UNITS_MOST;
    uintptr_t units = python_word(code, LENGTH_OF(layout));
    return units <= CODE_UNITS_MOST && byte_offset >= -2 && byte_offset < (intptr_t)(2 * units);
}

#define LINE_ENTRY_MOST 32u /* bytes; each entry is about one instruction at least */

struct line_table {
    const uint8_t *at, *end;
};

static uint32_t number_in(struct line_table *table)
{
    uint32_t value = 0;
    for (unsigned shift = 0; table->at < table->end && shift < 32; shift += 6) {
        uint8_t byte = *table->at++;
        value |= (uint32_t)(byte & 63) << shift;
        if ((byte & 64) == 0)
            break;
    }
    return value;
}

/* Since 3.11: entries | 1 : 1 | form : 4 | instructions - 1 : 3 |, then bytes below 128 as the form wants. A line is told as
 * the difference to the entry before. Read here rather than by PyCode_Addr2Line, which may wait for a lock in a free-threaded
 * interpreter. */
static uint32_t line_in_table(const struct python_runtime *python, const uint8_t *code, int byte_offset)
{
    enum { FORM_ONE_LINE = 10, FORM_NO_COLUMNS = 13, FORM_LONG = 14, FORM_NO_LINE = 15 };
    const struct python_layout *layout = python->layout;
    int64_t line = python_number(code, layout->code_first_line);
    if (byte_offset < 0)
        return line < 0 ? 0 : (uint32_t)line;
    const uint8_t *bytes = (const uint8_t *)python_word(code, layout->code_lines);
    if (!is_object(layout, bytes, python->bytes_type, layout->bytes_start))
        return 0;
    uintptr_t length = python_word(bytes, LENGTH_OF(layout));
    if (length > LINE_ENTRY_MOST * (python_word(code, LENGTH_OF(layout)) + 1) || !python_is_readable(bytes, layout->bytes_start + length))
        return 0;
    struct line_table table = {bytes + layout->bytes_start, bytes + layout->bytes_start + length};
    intptr_t reached = 0; /* bytes of code that the entries so far are about */
    while (table.at < table.end) {
        uint8_t first = *table.at++;
        unsigned form = first >> 3 & 15;
        if (form == FORM_NO_COLUMNS || form == FORM_LONG) {
            uint32_t coded = number_in(&table);
            line += coded & 1 ? -(int64_t)(coded >> 1) : (int64_t)(coded >> 1);
        } else if (form >= FORM_ONE_LINE && form < FORM_NO_COLUMNS) {
            line += form - FORM_ONE_LINE;
        }
        while (table.at < table.end && (*table.at & 128) == 0)
            table.at++;
        reached += 2 * ((first & 7) + 1);
        if (byte_offset < reached)
            return form == FORM_NO_LINE || line < 0 || line > INT32_MAX ? 0 : (uint32_t)line;
    }
    return 0;
}

uint32_t python_code_line(const struct python_runtime *python, const uint8_t *code, int byte_offset)
{
    if (python->layout->code_lines != LAYOUT_NONE)
        return line_in_table(python, code, byte_offset);
    int line = python->line_of((void *)(uintptr_t)code, byte_offset);
    return line < 0 ? 0 : (uint32_t)line;
}

__attribute__((noinline)) uint32_t python_code_frame(const struct python_runtime *python, const uint8_t *code, int byte_offset)
{
    char file_buffer[FILE_ROOM], function_buffer[FUNCTION_ROOM];
    const struct python_layout *layout = python->layout;
    struct text file = text_of(python, (const uint8_t *)python_word(code, layout->code_file), file_buffer, sizeof file_buffer);
    struct text function =
        text_of(python, (const uint8_t *)python_word(code, layout->code_name), function_buffer, sizeof function_buffer);
    return tracker_python_frame(&holdfast_tracker, file.bytes, file.length, function.bytes, function.length,
                                python_code_line(python, code, byte_offset));
}
