/* What the files of the Python side share: where the interpreter keeps what, and the interpreter that was found.
 * Private to python_runtime.c (finding it), python_code.c (what a code object says), python_frames.c (chains of frames),
 * python_dump.c (frames of an interpreter whose layout is not known) and python_proxies.c.
 *
 * Glossary
 *   runtime   the CPython of this process: its exported functions and the addresses of its static objects
 *   layout    byte offsets inside the structures of this interpreter
 *   published said by the interpreter itself, at the head of _PyRuntime (3.13 and later)
 *   head      what every object begins with: reference count, type; more of it with free threading
 */
#ifndef HOLDFAST_SHIM_PYTHON_LAYOUT_H
#define HOLDFAST_SHIM_PYTHON_LAYOUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the same in every CPython 3 whose head is {count, type}: struct python_runtime.plain_head ----------------------- */

enum {
    OBJECT_COUNT = 0,
    OBJECT_TYPE = 8,
    TYPE_NAME = 24,    /* const char * */
    TYPE_SIZE = 32,    /* Py_ssize_t, bytes of an instance */
    TYPE_DEALLOC = 48, /* void (*)(object) */
    TYPE_BASE = 256,   /* the type it inherits from */
};

/* ---- what differs by version and build ------------------------------------------------------------------------------ */

#define LAYOUT_NONE 0xffffu /* there is no such field */

#define FRAME_OF_GENERATOR 1 /* owner of an interpreter frame, 3.11 and later */

#define LAYOUT_FIELDS(X)                                                                                             \
    X(object_type)                                                                                                   \
    X(object_bytes)                                                                                                  \
    X(type_dealloc)                                                                                                  \
    X(runtime_finalizing) /* the thread state that runs Py_Finalize, NULL before */                                  \
    X(runtime_interpreters) /* the first and the main interpreter; NONE since 3.12 */                                \
    X(thread_identity)    /* pthread_t of the thread that a thread state belongs to */                               \
    X(thread_frame)       /* innermost frame, or with thread_cframe where to find it */                              \
    X(thread_cframe)      /* NONE, or a pointer to what holds the innermost frame at thread_frame (3.11, 3.12) */    \
    X(frame_previous)                                                                                                \
    X(frame_code)        /* a pointer whose lowest three bits may be tags (3.14) */                                  \
    X(frame_instruction) /* a pointer into the code; with instruction_unit an index */                               \
    X(instruction_unit)  /* NONE, or bytes an index counts (3.9, 3.10) */                                            \
    X(frame_owner)       /* NONE before 3.11 */                                                                      \
    X(owners_with_code)  /* owners below this one have code; the others mark where C called Python */                \
    X(frame_copy)        /* NONE, or which copy of the code the instruction lies in (free threading, 3.14) */        \
    X(code_copies)       /* where those copies are listed: {count, pointers ...} */                                  \
    X(code_file)                                                                                                     \
    X(code_name)       /* qualified where the code knows it (3.11) */                                                \
    X(code_lines)      /* bytes object: which instruction stems from which line; NONE before 3.11 */                 \
    X(code_first_line)                                                                                               \
    X(code_traceable)  /* index of the first instruction after the frame is complete; NONE before 3.11 */            \
    X(code_start)      /* first instruction; NONE before 3.11 */                                                     \
    X(bytes_start)     /* contents of a bytes object; its length lies behind the head */                             \
    X(text_state)      /* | ... | ascii : 1 | compact : 1 | kind : 3 | below text_kind_shift: others | */            \
    X(text_kind_shift)                                                                                               \
    X(text_ascii)      /* where the characters of a compact ASCII string begin */                                    \
    X(text_wide)       /* the same for a compact string that is not ASCII */

struct python_layout {
    uint16_t minor; /* of 3.minor */
#define X(name) uint16_t name;
    LAYOUT_FIELDS(X)
#undef X
};

/* The length of a variable object (of code: instructions, two bytes each; 3.11) and of a string lies right behind the head. */
#define LENGTH_OF(layout) ((layout)->object_bytes)

#define TEXT_KIND_MASK 7u /* kind: bytes of one code point, 1, 2 or 4 */
#define TEXT_COMPACT 8u   /* the code points follow the structure at once */
#define TEXT_ASCII 16u

/* CPython freezes these with the first release candidate, so one row serves all of 3.11.x, --with-pydebug included. */
#define PLAIN_HEAD                                                                                                   \
    .object_type = OBJECT_TYPE, .object_bytes = 16, .type_dealloc = TYPE_DEALLOC, .frame_copy = LAYOUT_NONE,        \
    .code_copies = LAYOUT_NONE, .bytes_start = 32, .text_state = 32, .text_kind_shift = 2
#define BEFORE_3_11                                                                                                  \
    .frame_owner = LAYOUT_NONE, .owners_with_code = LAYOUT_NONE, .code_lines = LAYOUT_NONE, .code_first_line = LAYOUT_NONE, \
    .code_traceable = LAYOUT_NONE, .code_start = LAYOUT_NONE, .thread_cframe = LAYOUT_NONE

#define PYTHON_LAYOUTS                                                                                               \
    {                                                                                                                \
        .minor = 9, PLAIN_HEAD, .runtime_interpreters = 32, BEFORE_3_11, .runtime_finalizing = 16, .thread_identity = 176, .thread_frame = 24,   \
        .frame_previous = 24, .frame_code = 32, .frame_instruction = 104, .instruction_unit = 1, .code_file = 104,   \
        .code_name = 112, .text_ascii = 48, .text_wide = 72,                                                         \
    },                                                                                                               \
    {                                                                                                                \
        .minor = 10, PLAIN_HEAD, .runtime_interpreters = 32, BEFORE_3_11, .runtime_finalizing = 16, .thread_identity = 176, .thread_frame = 24,  \
        .frame_previous = 24, .frame_code = 32, .frame_instruction = 96, .instruction_unit = 2, .code_file = 104,    \
        .code_name = 112, .text_ascii = 48, .text_wide = 72,                                                         \
    },                                                                                                               \
    {                                                                                                                \
        .minor = 11, PLAIN_HEAD, .runtime_interpreters = 40, .runtime_finalizing = 24, .thread_identity = 152, .thread_frame = 8,                \
        .thread_cframe = 56, .frame_previous = 48, .frame_code = 32, .frame_instruction = 56,                        \
        .instruction_unit = LAYOUT_NONE, .frame_owner = 69, .owners_with_code = 3, .code_file = 112,                 \
        .code_name = 128, .code_lines = 136, .code_first_line = 72, .code_traceable = 168, .code_start = 184,        \
        .text_ascii = 48, .text_wide = 72,                                                                           \
    },                                                                                                               \
    {                                                                                                                \
        .minor = 12, PLAIN_HEAD, .runtime_interpreters = LAYOUT_NONE, .runtime_finalizing = 24, .thread_identity = 136, .thread_frame = 0,                \
        .thread_cframe = 56, .frame_previous = 8, .frame_code = 0, .frame_instruction = 56,                          \
        .instruction_unit = LAYOUT_NONE, .frame_owner = 70, .owners_with_code = 3, .code_file = 112,                 \
        .code_name = 128, .code_lines = 136, .code_first_line = 68, .code_traceable = 176, .code_start = 192,        \
        .text_ascii = 40, .text_wide = 56,                                                                           \
    },

/* ---- what 3.13 and later publish ------------------------------------------------------------------------------------ */

/* _PyRuntime begins with this text, then 64-bit words: version as PY_VERSION_HEX, free threading or not, then offsets. */
#define PUBLISHED_COOKIE "xdebugpy"
#define PUBLISHED_SINCE_MINOR 13

/* Which word says what. Not published, hence part of what is known of a version: that code_traceable is the last field but one before
 * the code (but two where there are copies of it), and the order of the fields of strings, types and bytes. */
#define PUBLISHED_FIELDS(X)                                                                                          \
    X(runtime_finalizing)                                                                                            \
    X(thread_frame)                                                                                                  \
    X(thread_identity)                                                                                               \
    X(frame_previous)                                                                                                \
    X(frame_code)                                                                                                    \
    X(frame_instruction)                                                                                             \
    X(frame_owner)                                                                                                   \
    X(code_file)                                                                                                     \
    X(code_name)                                                                                                     \
    X(code_lines)                                                                                                    \
    X(code_first_line)                                                                                               \
    X(code_start)                                                                                                    \
    X(object_bytes)                                                                                                  \
    X(object_type)                                                                                                   \
    X(bytes_start)                                                                                                   \
    X(text_state)                                                                                                    \
    X(text_ascii)
#define PUBLISHED_FREE_THREADED 2 /* in every version so far */

struct published_words {
    uint8_t minor;
#define X(name) uint8_t name;
    PUBLISHED_FIELDS(X)
#undef X
    uint8_t type_name, bytes_length, text_length; /* to be checked against their neighbours */
    uint8_t frame_copy, code_copies;              /* 0: no such word */
    uint8_t owners_with_code;                     /* itself, not a word */
};

#define PUBLISHED_WORDS                                                                                              \
    {13, 4, 23, 24, 29, 30, 31, 33, 35, 37, 38, 39, 43, 44, 45, 66, 68, 70, 47, 65, 69, 0, 0, 3},                    \
    {14, 4, 26, 27, 32, 33, 34, 36, 40, 42, 43, 44, 48, 50, 51, 76, 78, 80, 53, 75, 79, 38, 49, 3},                  \
    {15, 4, 26, 30, 40, 41, 42, 44, 48, 50, 51, 52, 56, 58, 59, 88, 90, 92, 61, 87, 91, 46, 57, 3},

/* ---- the interpreter of this process ------------------------------------------------------------------------------ */

struct python_runtime {
    const struct python_layout *layout; /* NULL: not known */
    bool plain_head;                    /* objects begin with {count, type}: no reference tracing, no free threading */
    bool many_states;    /* before 3.12: a thread may run under another state than thread_of_gil_state() says */
    const uint8_t *state; /* _PyRuntime, NULL if not exported */
    uint8_t *code_type;
    const uint8_t *text_type, *bytes_type;
    uintptr_t eval_low, eval_high;      /* _PyEval_EvalFrameDefault */

    int (*is_initialized)(void);
    int (*is_finalizing)(void);
    void *(*thread_of_gil_state)(void); /* the thread state of this thread, with or without the GIL */
    void *(*thread_with_gil)(void);     /* the thread state that holds the GIL, NULL: none; may be another thread's */
    void *(*first_interpreter)(void);
    void *(*main_interpreter)(void);
    int (*line_of)(void *code, int byte_offset); /* allocates nothing, raises nothing; may lock with free threading */
    void (*dump)(int descriptor, void *thread);  /* the frames of a thread state as text; NULL if not exported */
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

/* How frames are read. It only ever goes down this list. */
enum python_way {
    WAY_UNKNOWN,  /* no interpreter was found yet */
    WAY_UNPROVEN, /* there is a layout; the first chain will show whether it is right */
    WAY_LAYOUT,
    WAY_DUMP,     /* the interpreter itself writes them down */
    WAY_NONE,
};
extern _Atomic int python_way __attribute__((visibility("hidden")));
extern struct python_runtime python_found __attribute__((visibility("hidden"))); /* constant once python_way is not WAY_UNKNOWN */

static inline enum python_way python_way_now(void)
{
    return (enum python_way)atomic_load_explicit(&python_way, memory_order_acquire);
}

/* A process without Python asks at every stack: each thread's 1st, 2nd, 4th, 8th ... question is worth a look. A count that all threads share would cost more
 * than the question. */
extern __thread uint32_t python_questions __attribute__((visibility("hidden"), tls_model("initial-exec")));
static inline bool python_worth_a_look(void)
{
    uint32_t number = ++python_questions;
    return (number & (number - 1)) == 0;
}

/* WAY_UNPROVEN: read a chain with the kernel's help (a bad pointer is an error, not a fault) and decide. */
enum python_way python_prove_layout(const uint8_t *thread);
/* Memory is not what the layout says: no frame is ever read again. */
void python_give_up_layout(void);

/* From now on the deaths of code objects are counted (python_frames.c). Once, when the interpreter was found. */
void python_watch_code_deaths(const struct python_runtime *python);

/* In fork's child; parts of python_after_fork_child(). */
void python_frames_after_fork_child(void);
void python_runtime_after_fork_child(void);

/* ---- reading ----------------------------------------------------------------------------------------------------------- */

static inline uintptr_t python_word(const void *base, unsigned offset)
{
    return __atomic_load_n((const uintptr_t *)((const uint8_t *)base + offset), __ATOMIC_RELAXED);
}

static inline int32_t python_number(const void *base, unsigned offset)
{
    return __atomic_load_n((const int32_t *)((const uint8_t *)base + offset), __ATOMIC_RELAXED);
}

#if defined(__x86_64__)
#define ADDRESS_BITS 47
#else
#define ADDRESS_BITS 48
#endif

/* Can there be a frame or an object? Whether there is memory at all: python_is_readable(). */
static inline bool python_is_address(const void *pointer)
{
    return ((uintptr_t)pointer & 7) == 0 && (uintptr_t)pointer - 4096 < (UINT64_C(1) << ADDRESS_BITS) - 4096;
}

/* ---- python_code.c ------------------------------------------------------------------------------------------------------ */

/* Is there memory from `start` on, and was there when it was asked first? */
bool python_is_readable(const void *start, size_t bytes);
/* Is the offset one of an instruction of this code, or just in front of them? */
bool python_code_has(const struct python_runtime *python, const uint8_t *code, intptr_t byte_offset);
/* The line of this instruction, 0: none. */
uint32_t python_code_line(const struct python_runtime *python, const uint8_t *code, int byte_offset);
/* File, function and line as a frame id of the tracker, 0: no room there. */
uint32_t python_code_frame(const struct python_runtime *python, const uint8_t *code, int byte_offset);
/* Write a code point as UTF-8, a lone surrogate as \udc80; at most PYTHON_CODE_POINT_ROOM bytes. Returns how many. */
size_t python_put_code_point(char *to, uint32_t point);
#define PYTHON_CODE_POINT_ROOM 6u

/* ---- python_dump.c ------------------------------------------------------------------------------------------------------ */

struct python_frames;
/* Fill `out` from what the interpreter writes down of this thread state. False when nothing could be read. */
bool python_dump_frames(const struct python_runtime *python, void *thread, struct python_frames *out, unsigned depth);

#endif
