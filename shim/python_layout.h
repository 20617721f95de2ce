/* What python_frames.c and python_proxies.c share: where the interpreter keeps what, and the interpreter that was found.
 * Private to these two files.
 *
 * Glossary
 *   runtime   the CPython of this process: its exported functions and the addresses of its static objects
 *   layout    byte offsets inside the structures of one minor version. CPython freezes them with the first release
 *             candidate, so one row serves all of 3.11.x. A version without a row has no frames, never wrong ones.
 *   head      what every object begins with: reference count, type
 */
#ifndef HOLDFAST_SHIM_PYTHON_LAYOUT_H
#define HOLDFAST_SHIM_PYTHON_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the same in every CPython 3 whose head is {count, type}; runtime_find() checks that it is ---------------------- */

enum {
    OBJECT_COUNT = 0,
    OBJECT_TYPE = 8,
    TYPE_NAME = 24,      /* const char * */
    TYPE_SIZE = 32,      /* Py_ssize_t, bytes of an instance */
    TYPE_DEALLOC = 48,   /* void (*)(object) */
    TYPE_BASE = 256,     /* the type it inherits from */
    TEXT_LENGTH = 16,    /* Py_ssize_t, code points */
    TEXT_STATE = 32,     /* | ... | ascii : 1 | compact : 1 | kind : 3 | interned : 2 | */
    TEXT_KIND_SHIFT = 2, /* kind: bytes of one code point, 1, 2 or 4 */
    TEXT_KIND_MASK = 7,
    TEXT_COMPACT = 1 << 5, /* the code points follow the structure at once */
    TEXT_ASCII = 1 << 6,
};

/* ---- what differs by version ------------------------------------------------------------------------------------ */

#define LAYOUT_NONE 0xffffu /* this version has no such field */

/* Who owns an interpreter frame, 3.11 and later. */
enum { FRAME_OF_GENERATOR = 1, FRAME_OF_C_STACK = 3 };

#define LAYOUT_FIELDS(X)                                                                                             \
    X(runtime_finalizing) /* the thread state that runs Py_Finalize, NULL before */                                  \
    X(thread_identity)    /* pthread_t of the thread that a thread state belongs to */                               \
    X(thread_frame)       /* innermost frame, or with thread_cframe where to find it */                              \
    X(thread_cframe)      /* NONE, or a pointer to what holds the innermost frame at thread_frame (3.11, 3.12) */    \
    X(frame_previous)                                                                                                \
    X(frame_code)                                                                                                    \
    X(frame_instruction) /* a pointer into the code; with instruction_unit an index */                               \
    X(instruction_unit)  /* NONE, or bytes an index counts (3.9, 3.10) */                                            \
    X(frame_owner)       /* NONE before 3.11 */                                                                      \
    X(code_file)                                                                                                     \
    X(code_name)      /* qualified where the code knows it (3.11) */                                                 \
    X(code_traceable) /* index of the first instruction after the frame is complete; NONE before 3.11 */             \
    X(code_start)     /* first instruction; NONE before 3.11 */                                                      \
    X(text_ascii)     /* where the characters of a compact ASCII string begin */                                     \
    X(text_wide)      /* the same for a compact string that is not ASCII */

struct python_layout {
    uint16_t minor; /* of 3.minor */
#define X(name) uint16_t name;
    LAYOUT_FIELDS(X)
#undef X
};

#define PYTHON_LAYOUTS                                                                                               \
    {                                                                                                                \
        .minor = 9, .runtime_finalizing = 16, .thread_identity = 176, .thread_frame = 24,                            \
        .thread_cframe = LAYOUT_NONE, .frame_previous = 24, .frame_code = 32, .frame_instruction = 104,              \
        .instruction_unit = 1, .frame_owner = LAYOUT_NONE, .code_file = 104, .code_name = 112,                       \
        .code_traceable = LAYOUT_NONE, .code_start = LAYOUT_NONE, .text_ascii = 48, .text_wide = 72,                 \
    },                                                                                                               \
    {                                                                                                                \
        .minor = 10, .runtime_finalizing = 16, .thread_identity = 176, .thread_frame = 24,                           \
        .thread_cframe = LAYOUT_NONE, .frame_previous = 24, .frame_code = 32, .frame_instruction = 96,               \
        .instruction_unit = 2, .frame_owner = LAYOUT_NONE, .code_file = 104, .code_name = 112,                       \
        .code_traceable = LAYOUT_NONE, .code_start = LAYOUT_NONE, .text_ascii = 48, .text_wide = 72,                 \
    },                                                                                                               \
    {                                                                                                                \
        .minor = 11, .runtime_finalizing = 24, .thread_identity = 152, .thread_frame = 8, .thread_cframe = 56,       \
        .frame_previous = 48, .frame_code = 32, .frame_instruction = 56, .instruction_unit = LAYOUT_NONE,            \
        .frame_owner = 69, .code_file = 112, .code_name = 128, .code_traceable = 168, .code_start = 184,             \
        .text_ascii = 48, .text_wide = 72,                                                                           \
    },                                                                                                               \
    {                                                                                                                \
        .minor = 12, .runtime_finalizing = 24, .thread_identity = 136, .thread_frame = 0, .thread_cframe = 56,       \
        .frame_previous = 8, .frame_code = 0, .frame_instruction = 56, .instruction_unit = LAYOUT_NONE,              \
        .frame_owner = 70, .code_file = 112, .code_name = 128, .code_traceable = 176, .code_start = 192,             \
        .text_ascii = 40, .text_wide = 56,                                                                           \
    },                                                                                                               \
    {                                                                                                                \
        .minor = 13, .runtime_finalizing = 608, .thread_identity = 152, .thread_frame = 72,                          \
        .thread_cframe = LAYOUT_NONE, .frame_previous = 8, .frame_code = 0, .frame_instruction = 56,                 \
        .instruction_unit = LAYOUT_NONE, .frame_owner = 70, .code_file = 112, .code_name = 128,                      \
        .code_traceable = 184, .code_start = 200, .text_ascii = 40, .text_wide = 56,                                 \
    },

/* 3.13 publishes some of its offsets at the start of _PyRuntime, as 64-bit words behind this text and this version: what it
 * says must agree with the table. */
#define PUBLISHED_COOKIE "xdebugpy"
#define PUBLISHED_SINCE_MINOR 13
#define PUBLISHED_3_13(X)                                                                                            \
    X(4, runtime_finalizing)                                                                                         \
    X(23, thread_frame)                                                                                              \
    X(29, frame_previous)                                                                                            \
    X(30, frame_code)                                                                                                \
    X(31, frame_instruction)                                                                                         \
    X(33, frame_owner)                                                                                               \
    X(35, code_file)                                                                                                 \
    X(37, code_name)                                                                                                 \
    X(43, code_start)

/* ---- the interpreter of this process ------------------------------------------------------------------------------ */

struct python_runtime {
    const struct python_layout *layout; /* NULL: frames cannot be read */
    bool plain_head;                    /* objects begin with {count, type}: no reference tracing, no free threading */
    const uint8_t *state;               /* _PyRuntime, NULL if not exported */
    uint8_t *code_type;
    const uint8_t *text_type;
    uintptr_t eval_low, eval_high;      /* _PyEval_EvalFrameDefault */

    int (*is_initialized)(void);
    int (*is_finalizing)(void);
    void *(*thread_of_gil_state)(void); /* the thread state of this thread, with or without the GIL */
    void *(*thread_with_gil)(void);     /* the thread state that holds the GIL, NULL: none; may be another thread's */
    void *(*first_interpreter)(void);
    void *(*main_interpreter)(void);
    int (*line_of)(void *code, int byte_offset); /* allocates nothing, raises nothing */
    void *(*object_new)(void *type);
    void *(*release_gil)(void); /* returns what acquire_gil() wants */
    void (*acquire_gil)(void *);
    /* Put aside and bring back the exception that is being raised: in one piece since 3.12, in three before. */
    void *(*take_exception)(void);
    void (*give_exception)(void *);
    void (*take_exception_parts)(void **, void **, void **);
    void (*give_exception_parts)(void *, void *, void *);
};

/* The interpreter, NULL while none was found. With `insist`, objects loaded since the last call are looked at; without it, that is
 * done now and then. May take the dynamic linker's lock. */
const struct python_runtime *python_runtime(bool insist);

/* In fork's child; part of python_after_fork_child(). */
void python_frames_after_fork_child(void);

#endif
