/* The parts of report.c, one file each, for themselves alone (report.h is for everybody else):
 *   report.c         what is logged, counted, written: the interface
 *   report_words.c   a violation as a sentence, the remedy
 *   report_places.c  a stack as lines of somebody's code
 *   report_text.c    the whole as text
 *   report_json.c    the whole as JSON
 *   report_otlp.c    the whole as OpenTelemetry log records
 * The report being built lies in one static buffer: whoever calls put() holds the lock of report.c.
 */
#ifndef HOLDFAST_SHIM_REPORT_PARTS_H
#define HOLDFAST_SHIM_REPORT_PARTS_H

#include "report.h"

/* ---- report.c */

/* Append to the report being built; what does not fit is cut. [report lock held] */
void put(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A piece of the log that is no violation: begin, put(), write. [report lock held] */
void report_begin(void);
void report_write(void);
/* As report_hold(), for a signal handler: with a bound, and false where this thread has it already. */
bool report_try_hold(void);

/* Reports of this rule that differ only in the function that used the handle are one. */
bool report_joins_functions(unsigned rule);

/* Of a crash, by the thread that crashed alone: no lock is held then, and one that is held is not waited for without end. */
void report_crash_begin(void);
void report_crash_write(void);
size_t report_position(void);
void report_rewind(size_t position);
void report_crash_summary(void);

/* ---- report_places.c */

/* One place in somebody's code: a Python line, or a native frame. */
struct place {
    bool python, found;
    const char *file, *function;
    uint32_t line;
    char native[160];
    char text[200]; /* the line itself, "" if it cannot be read */
};

const struct stack_record *stack_of(stack_id id);
/* Python frames come first, then native ones. */
uint64_t stack_word(const struct stack_record *stack, unsigned index);
const struct python_frame_record *python_frame(const struct stack_record *stack, unsigned index);
/* "symbol+0x12 (module+0x34)" */
void native_text(uint64_t word, char *out, size_t bytes);
/* The same for a list of frames: the module with its path, by which a reader of the log finds the functions that the module does not export. */
void native_frame_text(uint64_t word, char *out, size_t bytes);
/* The line of the user's code in a stack: the innermost Python frame that is not a library's, else the innermost native frame. */
struct place find_place(stack_id id);
/* The same with the text of the line, read from the file. */
struct place place_of(stack_id id);
void place_text(const struct place *place, char *out, size_t bytes);
/* What makes two reports the same: the user's line, not the library frames above it. */
uint64_t place_key(stack_id id);

/* ---- report_words.c */

/* Which stack holds the line to change, and what to do there. %P: the parent's kind, %H: the handle's kind, %E: what was expected. */
struct remedy {
    unsigned rule;
    enum { CHANGE_FREED, CHANGE_USED, CHANGE_OBTAINED } where;
    const char *text;
};

/* `chosen` becomes NULL where there is none. */
void remedy_text(const struct violation *violation, char *out, size_t bytes, const struct remedy **chosen);
/* "band 1 of dataset 'r.tif' was used after dataset 'r.tif' was freed" */
void message_text(const struct violation *violation, char *out, size_t bytes);

/* The stack that holds the line to change. */
stack_id stack_to_change(const struct violation *violation, const struct remedy *remedy);

/* ---- report_text.c, report_json.c, report_otlp.c [report lock held] `suppression`: a block that suppresses this, or "" */

void put_text(const struct violation *violation, const struct rule *rule, const char *severity, const char *message, const char *remedy_words, const struct remedy *remedy, const char *suppression);
void put_json(const struct violation *violation, const struct rule *rule, const char *severity, const char *message, const char *remedy_words, const struct remedy *remedy, const char *suppression);
void put_stack_text(const char *title, stack_id id, uint16_t function, bool has_function);
void put_json_stack(const char *name, stack_id id, uint16_t function, bool present, int thread);
void put_otlp(const struct violation *violation, const struct rule *rule, const char *severity, const char *message, const char *remedy_words, const struct remedy *remedy, const char *suppression);
/* A record that is no violation: begin, attributes, end. */
void put_otlp_begin(const char *event, int severity, const char *body);
void put_otlp_number(const char *key, uint64_t value);
void put_otlp_string(const char *key, const char *value);
/* A string of several parts, put between the two; what they put must be JSON text already. */
void put_otlp_text_begin(const char *key);
void put_otlp_text_end(void);
void put_otlp_python_line(const struct python_frame_record *frame); /* NULL: nothing */
void put_otlp_end(void);
/* The name of the service, from the environment: at activation. */
void otlp_activate(void);
/* Schema, type, time, process: what every line begins with. */
void put_json_head(const char *type);
void put_json_string(const char *text);
/* Elements of the arrays "python" and "native" of a stack; `first`: of its array. */
void put_json_python_frame(bool first, const struct python_frame_record *frame);
void put_json_native_frame(bool first, const char *module, const uint8_t *build_id, unsigned build_id_bytes, uint64_t offset, const char *symbol);
/* Its inside alone. */
void put_json_text(const char *text);
/* UTC, without libc's tables of time zones, whose lock a signal handler may have interrupted. */
struct clock_parts {
    int year, month, day, hour, minute, second;
};
struct clock_parts clock_parts(int64_t seconds);
/* Bytes of the UTF-8 sequence that starts here, 0 if it is not one: file names may be anything. */
unsigned utf8_length(const unsigned char *text);

#endif
