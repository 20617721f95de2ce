/* Finding the interpreter, and reading the Python frames of the calling thread. See python.h.
 *
 * Any thread, with or without the GIL, except from a signal handler; no lock of Holdfast may be held (the depot and the dynamic
 * linker have locks of their own). Must not call anything of Python that allocates, raises or takes the GIL: of the
 * interpreter's functions only those are called that read a few words. Leaves errno alone.
 *
 * Why it is safe to read frames without the GIL: a thread that runs a C function has a frame chain that nobody else changes,
 * each frame owns its code object, and a code object owns its strings, which never change. What can take them away is the end
 * of the interpreter: once it has begun, only the thread that ends it is asked for frames.
 *
 * Why a frame read here is right or absent: the layout comes from a table by version; before it is trusted, the first chain is
 * read with the kernel's help (a bad pointer is an error, not a fault) and must consist of code objects and strings; and each
 * later code object must be one, or reading frames is given up for good.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "python.h"
#include "context.h"
#include "elf_object.h"
#include "python_layout.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static const struct python_layout known_layouts[] = {PYTHON_LAYOUTS};

static struct python_runtime runtime; /* constant once runtime_found is set */
static atomic_bool runtime_found;
static atomic_bool runtime_being_found;

static uintptr_t word_at(const void *base, unsigned offset)
{
    return __atomic_load_n((const uintptr_t *)((const uint8_t *)base + offset), __ATOMIC_RELAXED);
}

static int32_t number_at(const void *base, unsigned offset)
{
    return __atomic_load_n((const int32_t *)((const uint8_t *)base + offset), __ATOMIC_RELAXED);
}

/* ---- finding the interpreter ---------------------------------------------------------------------------------------- */

struct interpreter_search {
    struct elf_object program, interpreter;
    bool program_seen, found;
};

static int consider_object(struct dl_phdr_info *info, size_t bytes, void *context)
{
    (void)bytes;
    struct interpreter_search *search = context;
    struct elf_object object;
    if (!elf_open(&object, info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum))
        return 0;
    if (!search->program_seen) {
        search->program_seen = true;
        search->program = object;
    }
    if (elf_symbol(&object, "PyGILState_GetThisThreadState") == NULL)
        return 0;
    int (*is_initialized)(void) = (int (*)(void))elf_symbol(&object, "Py_IsInitialized");
    if (is_initialized == NULL || is_initialized() == 0)
        return 0;
    search->interpreter = object;
    search->found = true;
    return 1;
}

static void *function_of(const struct interpreter_search *search, const char *name)
{
    return elf_symbol(&search->interpreter, name);
}

/* A program linked against libpython may hold the only copy of a data object itself (copy relocation). */
static void *data_of(const struct interpreter_search *search, const char *name)
{
    void *own = elf_symbol(&search->program, name);
    return own != NULL ? own : elf_symbol(&search->interpreter, name);
}

/* | major : 8 | minor : 8 | micro : 8 | level : 4 | serial : 4 | as PY_VERSION_HEX; 0 if unknown or no final release. */
static uint32_t version_of(const struct interpreter_search *search)
{
    const unsigned long *constant = data_of(search, "Py_Version");
    if (constant != NULL)
        return (*constant & 0xf0) == 0xf0 ? (uint32_t)*constant : 0;
    const char *(*get_version)(void) = (const char *(*)(void))function_of(search, "Py_GetVersion");
    if (get_version == NULL)
        return 0;
    uint32_t parts[3] = {0, 0, 0};
    const char *text = get_version();
    for (unsigned i = 0; i < 3; i++) {
        if (*text < '0' || *text > '9')
            return 0;
        while (*text >= '0' && *text <= '9' && parts[i] < 256)
            parts[i] = parts[i] * 10 + (uint32_t)(*text++ - '0');
        if (i < 2 && *text++ != '.')
            return 0;
    }
    if (*text != ' ' && *text != '+') /* an alpha, beta or candidate */
        return 0;
    return parts[0] << 24 | parts[1] << 16 | parts[2] << 8 | 0xf0;
}

static bool published_offsets_agree(const struct python_layout *layout, const uint8_t *state, uint32_t version)
{
    if (layout->minor < PUBLISHED_SINCE_MINOR)
        return true;
    if (state == NULL || memcmp(state, PUBLISHED_COOKIE, sizeof PUBLISHED_COOKIE - 1) != 0 || word_at(state, 8) != version)
        return false;
#define X(index, field)                                                                                              \
    if (word_at(state, 8 * (index)) != layout->field)                                                                \
        return false;
    PUBLISHED_3_13(X)
#undef X
    return true;
}

static const struct python_layout *layout_for(uint32_t version)
{
    for (size_t i = 0; i < sizeof known_layouts / sizeof known_layouts[0]; i++)
        if (version >> 16 == (3u << 8 | known_layouts[i].minor))
            return &known_layouts[i];
    return NULL;
}

static void find_evaluation(struct python_runtime *python, const void *evaluate)
{
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    if (evaluate == NULL || dladdr1(evaluate, &info, (void **)&symbol, RTLD_DL_SYMENT) == 0 || symbol == NULL ||
        info.dli_saddr != evaluate)
        return;
    python->eval_low = (uintptr_t)evaluate;
    python->eval_high = python->eval_low + symbol->st_size;
}

static bool runtime_find(struct python_runtime *python)
{
    struct interpreter_search search = {.found = false};
    dl_iterate_phdr(consider_object, &search);
    if (!search.found)
        return false;
    memset(python, 0, sizeof *python);
#define FUNCTION(field, name) python->field = (__typeof__(python->field))function_of(&search, name)
    FUNCTION(is_initialized, "Py_IsInitialized");
    FUNCTION(is_finalizing, "Py_IsFinalizing");
    if (python->is_finalizing == NULL)
        FUNCTION(is_finalizing, "_Py_IsFinalizing");
    FUNCTION(thread_of_gil_state, "PyGILState_GetThisThreadState");
    FUNCTION(thread_with_gil, "PyThreadState_GetUnchecked");
    if (python->thread_with_gil == NULL)
        FUNCTION(thread_with_gil, "_PyThreadState_UncheckedGet");
    FUNCTION(first_interpreter, "PyInterpreterState_Head");
    FUNCTION(main_interpreter, "PyInterpreterState_Main");
    FUNCTION(line_of, "PyCode_Addr2Line");
    FUNCTION(object_new, "_PyObject_New");
    FUNCTION(release_gil, "PyEval_SaveThread");
    FUNCTION(acquire_gil, "PyEval_RestoreThread");
    FUNCTION(take_exception, "PyErr_GetRaisedException");
    FUNCTION(give_exception, "PyErr_SetRaisedException");
    FUNCTION(take_exception_parts, "PyErr_Fetch");
    FUNCTION(give_exception_parts, "PyErr_Restore");
#undef FUNCTION
    python->state = data_of(&search, "_PyRuntime");
    python->code_type = data_of(&search, "PyCode_Type");
    python->text_type = data_of(&search, "PyUnicode_Type");
    /* The type of all types is its own type, by static initialisation: where that word stands tells how objects begin. */
    const void *type_type = data_of(&search, "PyType_Type");
    uint32_t version = version_of(&search);
    python->plain_head = version >> 24 == 3 && type_type != NULL && word_at(type_type, OBJECT_TYPE) == (uintptr_t)type_type;
    if (!python->plain_head || python->state == NULL || python->code_type == NULL || python->text_type == NULL ||
        python->is_finalizing == NULL || python->line_of == NULL || python->thread_with_gil == NULL ||
        python->first_interpreter == NULL || python->main_interpreter == NULL)
        return true;
    const struct python_layout *layout = layout_for(version);
    if (layout != NULL && published_offsets_agree(layout, python->state, version))
        python->layout = layout;
    find_evaluation(python, function_of(&search, "_PyEval_EvalFrameDefault"));
    return true;
}

static void watch_code_deaths(void);

static __attribute__((noinline, cold)) const struct python_runtime *runtime_look(bool insist)
{
    /* A process without Python asks here at every stack: look at its 1st, 2nd, 4th, 8th ... question only. */
    static _Atomic uint32_t questions;
    uint32_t number = atomic_load_explicit(&questions, memory_order_relaxed) + 1;
    atomic_store_explicit(&questions, number, memory_order_relaxed);
    if (!insist && (number & (number - 1)) != 0)
        return NULL;
    struct python_runtime found;
    int saved_errno = errno;
    bool is_there = runtime_find(&found);
    errno = saved_errno;
    if (!is_there)
        return NULL;
    if (!atomic_exchange_explicit(&runtime_being_found, true, memory_order_acquire)) {
        runtime = found;
        watch_code_deaths();
        atomic_store_explicit(&runtime_found, true, memory_order_release);
    }
    /* Who loses the race waits for a handful of instructions: python_watch_module() asks once and must get the answer. */
    while (!atomic_load_explicit(&runtime_found, memory_order_acquire))
        sched_yield();
    return &runtime;
}

const struct python_runtime *python_runtime(bool insist)
{
    if (atomic_load_explicit(&runtime_found, memory_order_acquire))
        return &runtime;
    return runtime_look(insist);
}

/* ---- frames --------------------------------------------------------------------------------------------------------- */

struct frame {
    const uint8_t *address; /* NULL: past the outermost */
    uint8_t *code;
    int byte_offset; /* of the instruction inside the code */
    bool visible;    /* the interpreter would show it */
};

static const void *innermost_frame(const struct python_layout *layout, const uint8_t *thread)
{
    const void *holder = thread;
    if (layout->thread_cframe != LAYOUT_NONE)
        holder = (const void *)word_at(thread, layout->thread_cframe);
    return holder == NULL ? NULL : (const void *)word_at(holder, layout->thread_frame);
}

static struct frame frame_at(const struct python_layout *layout, const void *address)
{
    struct frame frame = {.address = address};
    if (address == NULL)
        return frame;
    uint8_t owner = 0;
    if (layout->frame_owner != LAYOUT_NONE)
        owner = frame.address[layout->frame_owner];
    if (layout->minor >= 12 && owner == FRAME_OF_C_STACK) /* marks where C called Python; it has no code of its own */
        return frame;
    frame.code = (uint8_t *)word_at(address, layout->frame_code);
    frame.visible = true;
    if (frame.code == NULL) {
        frame.visible = false;
    } else if (layout->instruction_unit != LAYOUT_NONE) {
        frame.byte_offset = number_at(address, layout->frame_instruction) * layout->instruction_unit;
    } else {
        intptr_t offset = (intptr_t)(word_at(address, layout->frame_instruction) - (uintptr_t)frame.code - layout->code_start);
        frame.byte_offset = (int)offset;
        /* Still making its cells or its generator: the interpreter does not show such a frame. */
        frame.visible = owner == FRAME_OF_GENERATOR || offset >= 2 * (intptr_t)number_at(frame.code, layout->code_traceable);
    }
    return frame;
}

/* The thread state whose frames are those of the calling thread; NULL when there is none that may be read. */
static const uint8_t *this_thread(const struct python_runtime *python)
{
    /* Safe before initialisation and after finalisation: it is NULL then. */
    const uint8_t *thread = python->thread_of_gil_state();
    /* In a subinterpreter the thread may run under another state than the first one it got. Only whoever holds the GIL can tell,
     * so the state that holds it is looked at, and taken if it is this thread's. */
    if (python->first_interpreter() != python->main_interpreter()) {
        const uint8_t *holder = python->thread_with_gil();
        if (holder != NULL && word_at(holder, python->layout->thread_identity) == (uintptr_t)pthread_self())
            thread = holder;
    }
    /* Finalisation frees the states of all threads but its own, also of those that are still busy in C. */
    if (thread != NULL && python->is_finalizing() != 0 &&
        word_at(python->state, python->layout->runtime_finalizing) != (uintptr_t)thread)
        return NULL;
    return thread;
}

/* ---- is the layout what we think? --------------------------------------------------------------------------------------- */

enum proof { UNPROVEN, PROVEN, REFUTED };
static _Atomic int layout_proof;

/* Copy memory that may not be there. */
static bool read_warily(void *to, const void *from, size_t bytes)
{
    struct iovec local = {to, bytes}, remote = {(void *)(uintptr_t)from, bytes};
    ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    if (got == (ssize_t)bytes)
        return true;
    if (got < 0 && errno != EFAULT) { /* a sandbox forbids the call: the version has to be proof enough */
        memcpy(to, from, bytes);
        return true;
    }
    return false;
}

static bool read_pointer_warily(const void **to, const void *base, unsigned offset)
{
    return base != NULL && read_warily(to, (const uint8_t *)base + offset, sizeof *to);
}

static bool has_type_warily(const void *object, const void *type)
{
    const void *found;
    return read_pointer_warily(&found, object, OBJECT_TYPE) && found == type;
}

#define PROOF_FRAMES 256

static bool chain_is_plausible(const struct python_runtime *python, const uint8_t *thread)
{
    const struct python_layout *layout = python->layout;
    const void *holder = thread, *frame, *code, *text;
    if (layout->thread_cframe != LAYOUT_NONE && !read_pointer_warily(&holder, thread, layout->thread_cframe))
        return false;
    if (!read_pointer_warily(&frame, holder, layout->thread_frame))
        return false;
    for (unsigned i = 0; frame != NULL && i < PROOF_FRAMES; i++) {
        uint8_t owner = 0;
        if (layout->frame_owner != LAYOUT_NONE && !read_warily(&owner, (const uint8_t *)frame + layout->frame_owner, 1))
            return false;
        if (owner > FRAME_OF_C_STACK)
            return false;
        if (owner != FRAME_OF_C_STACK) {
            if (!read_pointer_warily(&code, frame, layout->frame_code) || !has_type_warily(code, python->code_type))
                return false;
            if (!read_pointer_warily(&text, code, layout->code_file) || !has_type_warily(text, python->text_type) ||
                !read_pointer_warily(&text, code, layout->code_name) || !has_type_warily(text, python->text_type))
                return false;
        }
        if (!read_pointer_warily(&frame, frame, layout->frame_previous))
            return false;
    }
    return true;
}

static __attribute__((noinline, cold)) bool prove_layout(const struct python_runtime *python, const uint8_t *thread)
{
    int saved_errno = errno;
    bool proven = chain_is_plausible(python, thread);
    errno = saved_errno;
    atomic_store_explicit(&layout_proof, proven ? PROVEN : REFUTED, memory_order_relaxed);
    return proven;
}

/* ---- strings ---------------------------------------------------------------------------------------------------------- */

struct text {
    const char *bytes;
    size_t length;
};

#define FILE_ROOM 3072u
#define FUNCTION_ROOM 768u
#define LONGEST_CODE_POINT 6u /* bytes that put_code_point() writes at most */

static size_t put_code_point(char *to, uint32_t point)
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

/* A Python string as UTF-8: the string itself where it is that already, else in `buffer`. Of a very long one only the end, up to
 * a NUL. */
static struct text text_of(const struct python_runtime *python, const uint8_t *object, char *buffer, size_t room)
{
    static const struct text unknown = {"?", 1};
    if (object == NULL || word_at(object, OBJECT_TYPE) != (uintptr_t)python->text_type)
        return unknown;
    uint32_t state = (uint32_t)number_at(object, TEXT_STATE);
    size_t length = word_at(object, TEXT_LENGTH);
    unsigned kind = state >> TEXT_KIND_SHIFT & TEXT_KIND_MASK;
    if ((state & TEXT_COMPACT) == 0 || (kind != 1 && kind != 2 && kind != 4))
        return unknown;
    if (state & TEXT_ASCII) {
        const char *bytes = (const char *)object + python->layout->text_ascii;
        if (length > room) {
            bytes += length - room;
            length = room;
        }
        return (struct text){bytes, strnlen(bytes, length)};
    }
    const uint8_t *data = object + python->layout->text_wide;
    size_t first = length > room / LONGEST_CODE_POINT ? length - room / LONGEST_CODE_POINT : 0, used = 0;
    for (size_t i = first; i < length; i++) {
        uint32_t point = code_point(data, i, kind);
        if (point == 0)
            break;
        used += put_code_point(buffer + used, point);
    }
    return (struct text){buffer, used};
}

static __attribute__((noinline)) uint32_t record_frame(const struct python_runtime *python, const struct frame *frame)
{
    char file_buffer[FILE_ROOM], function_buffer[FUNCTION_ROOM];
    const struct python_layout *layout = python->layout;
    struct text file =
        text_of(python, (const uint8_t *)word_at(frame->code, layout->code_file), file_buffer, sizeof file_buffer);
    struct text function =
        text_of(python, (const uint8_t *)word_at(frame->code, layout->code_name), function_buffer, sizeof function_buffer);
    int line = python->line_of(frame->code, frame->byte_offset);
    return tracker_python_frame(&holdfast_tracker, file.bytes, file.length, function.bytes, function.length,
                                line < 0 ? 0 : (uint32_t)line);
}

/* ---- the cache: (code, instruction) -> frame id --------------------------------------------------------------------------
 *
 * A code object may die and another be made at its address, even with the same names and first line (exec in a loop, a
 * notebook cell run again). So the deaths of code objects are counted, by address in DEATH_SLOTS counters: an entry is right as
 * long as the counter of its address stands where it stood when the entry was made. The counter is raised before the memory is
 * free, the thread that asks runs the code it asks about, and a code object reaches another thread through the GIL: so
 * whoever runs a younger code object sees the raised counter. tp_dealloc of the code type is where they are counted;
 * should somebody put the old one back, the cache is not used.
 *
 * Entries are written by any thread: `sequence` is odd meanwhile, and a reader that saw it change has a miss. */

#define CACHE_SLOTS 2048u
#define DEATH_SLOTS 256u

struct cache_entry {
    _Atomic uint32_t sequence;
    _Atomic uint32_t id; /* 0: empty */
    _Atomic uintptr_t code;
    _Atomic uint64_t deaths;
    _Atomic int32_t byte_offset;
};

static struct cache_entry cache[CACHE_SLOTS];
static _Atomic uint64_t code_deaths[DEATH_SLOTS];
static void (*code_type_dealloc)(void *);

static _Atomic uint64_t *deaths_at(const void *code)
{
    uintptr_t address = (uintptr_t)code >> 4;
    return &code_deaths[(address ^ address >> 8) % DEATH_SLOTS];
}

static void code_dies(void *code)
{
    atomic_fetch_add_explicit(deaths_at(code), 1, memory_order_release);
    code_type_dealloc(code);
}

static void watch_code_deaths(void)
{
    if (runtime.layout == NULL)
        return;
    code_type_dealloc = (void (*)(void *))word_at(runtime.code_type, TYPE_DEALLOC);
    __atomic_store_n((uintptr_t *)(runtime.code_type + TYPE_DEALLOC), (uintptr_t)code_dies, __ATOMIC_RELEASE);
}

static struct cache_entry *cache_slot(const struct frame *frame)
{
    uint64_t mixed = ((uint64_t)(uintptr_t)frame->code ^ (uint64_t)(uint32_t)frame->byte_offset << 40) * UINT64_C(0x9e3779b97f4a7c15);
    return &cache[mixed >> 32 & (CACHE_SLOTS - 1)];
}

static uint32_t cache_get(struct cache_entry *entry, const struct frame *frame, uint64_t deaths)
{
    uint32_t before = atomic_load_explicit(&entry->sequence, memory_order_acquire);
    uint32_t id = atomic_load_explicit(&entry->id, memory_order_relaxed);
    bool same = atomic_load_explicit(&entry->code, memory_order_relaxed) == (uintptr_t)frame->code &&
                atomic_load_explicit(&entry->byte_offset, memory_order_relaxed) == frame->byte_offset &&
                atomic_load_explicit(&entry->deaths, memory_order_relaxed) == deaths;
    atomic_thread_fence(memory_order_acquire);
    uint32_t after = atomic_load_explicit(&entry->sequence, memory_order_relaxed);
    return same && before == after && (before & 1) == 0 ? id : 0;
}

static void cache_put(struct cache_entry *entry, const struct frame *frame, uint64_t deaths, uint32_t id)
{
    uint32_t sequence = atomic_load_explicit(&entry->sequence, memory_order_relaxed);
    if ((sequence & 1) != 0 || !atomic_compare_exchange_strong_explicit(&entry->sequence, &sequence, sequence + 1,
                                                                        memory_order_acquire, memory_order_relaxed))
        return;
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&entry->code, (uintptr_t)frame->code, memory_order_relaxed);
    atomic_store_explicit(&entry->byte_offset, frame->byte_offset, memory_order_relaxed);
    atomic_store_explicit(&entry->deaths, deaths, memory_order_relaxed);
    atomic_store_explicit(&entry->id, id, memory_order_relaxed);
    atomic_store_explicit(&entry->sequence, sequence + 2, memory_order_release);
}

static uint32_t frame_id(const struct python_runtime *python, const struct frame *frame)
{
    if (word_at(python->code_type, TYPE_DEALLOC) != (uintptr_t)code_dies)
        return record_frame(python, frame);
    uint64_t deaths = atomic_load_explicit(deaths_at(frame->code), memory_order_acquire);
    struct cache_entry *entry = cache_slot(frame);
    uint32_t id = cache_get(entry, frame, deaths);
    if (id == 0) {
        id = record_frame(python, frame);
        if (id != 0)
            cache_put(entry, frame, deaths, id);
    }
    return id;
}

void python_frames_after_fork_child(void)
{
    atomic_store(&runtime_being_found, atomic_load(&runtime_found));
    /* Entries that another thread was writing when the process forked. */
    for (unsigned i = 0; i < CACHE_SLOTS; i++)
        if (atomic_load_explicit(&cache[i].sequence, memory_order_relaxed) & 1) {
            atomic_store_explicit(&cache[i].id, 0, memory_order_relaxed);
            atomic_fetch_add_explicit(&cache[i].sequence, 1, memory_order_relaxed);
        }
}

/* ---- what the others call -------------------------------------------------------------------------------------------------- */

static bool frames_are_readable(const struct python_runtime *python)
{
    return python != NULL && python->layout != NULL &&
           atomic_load_explicit(&layout_proof, memory_order_relaxed) != REFUTED;
}

#define HIDDEN_FRAMES 4096u /* a chain with more frames that are not shown is no chain */

void python_frames(struct python_frames *out, unsigned depth)
{
    out->count = 0;
    out->hash = 0;
    out->truncated = false;
    const struct python_runtime *python = python_runtime(false);
    if (!frames_are_readable(python))
        return;
    const struct python_layout *layout = python->layout;
    const uint8_t *thread = this_thread(python);
    if (thread == NULL || innermost_frame(layout, thread) == NULL)
        return;
    if (atomic_load_explicit(&layout_proof, memory_order_relaxed) == UNPROVEN && !prove_layout(python, thread))
        return;
    if (depth > sizeof out->id / sizeof out->id[0])
        depth = sizeof out->id / sizeof out->id[0];
    unsigned hidden = 0;
    for (struct frame frame = frame_at(layout, innermost_frame(layout, thread)); frame.address != NULL && hidden < HIDDEN_FRAMES;
         frame = frame_at(layout, (const void *)word_at(frame.address, layout->frame_previous))) {
        /* A code object that is being destroyed still names its frame for a moment. */
        if (!frame.visible || (intptr_t)word_at(frame.code, OBJECT_COUNT) <= 0) {
            hidden++;
            continue;
        }
        if (word_at(frame.code, OBJECT_TYPE) != (uintptr_t)python->code_type) {
            atomic_store_explicit(&layout_proof, REFUTED, memory_order_relaxed);
            out->count = 0;
            return;
        }
        if (out->count == depth) {
            out->truncated = true;
            return;
        }
        uint32_t id = frame_id(python, &frame);
        if (id != 0) {
            out->id[out->count++] = id;
            out->hash = (out->hash ^ id) * UINT64_C(0x9e3779b97f4a7c15);
        }
        else
            out->truncated = true; /* the depot is full */
    }
}

bool python_present(void)
{
    return frames_are_readable(python_runtime(false));
}

bool python_eval_range(uintptr_t *low, uintptr_t *high)
{
    const struct python_runtime *python = python_runtime(false);
    if (!frames_are_readable(python) || python->eval_low == python->eval_high)
        return false;
    *low = python->eval_low;
    *high = python->eval_high;
    return true;
}
