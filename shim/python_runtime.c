/* Finding the interpreter of this process, learning its layout, and proving it before anything relies on it. See python.h.
 *
 * Any thread, with or without the GIL, except from a signal handler; no lock of Holdfast may be held (the dynamic linker has one of its
 * own). Of the interpreter's functions only those are called that read a few words. Leaves errno alone.
 *
 * Where the layout comes from: for 3.9 to 3.12 from a table by version; from 3.13 on from what the interpreter publishes, of which only
 * the form is known by version: 3.13, 3.14 and 3.15, with the GIL or free-threaded. A final release of these versions is asked for, what
 * is published must fit together, and the first chain of frames is read with the kernel's help and must consist of code objects with
 * readable strings, run by this thread. Any other interpreter, or one that fails in this, writes its frames down
 * itself (python_dump.c), if it exports a function for it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "python.h"
#include "elf_object.h"
#include "python_layout.h"
#include "scope.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static const struct python_layout known_layouts[] = {PYTHON_LAYOUTS};
static const struct published_words known_words[] = {PUBLISHED_WORDS};

struct python_runtime python_found;
_Atomic int python_way;
static atomic_bool runtime_being_found;

/* ---- finding the interpreter ---------------------------------------------------------------------------------------- */

struct interpreter_search {
    struct elf_object program, interpreter;
    bool program_seen, found;
    bool maybe_later;       /* an interpreter is loaded that is not initialized yet */
    unsigned long long adds; /* loaded objects so far */
};

/* | how many objects had been loaded when a search met no interpreter | 1 |: until there are more, none needs to be looked at again. 0: no such search. */
static _Atomic unsigned long long searched_in_vain;

static int consider_object(struct dl_phdr_info *info, size_t bytes, void *context)
{
    struct interpreter_search *search = context;
    struct elf_object object;
    if (search->adds == 0 && bytes >= offsetof(struct dl_phdr_info, dlpi_adds) + sizeof info->dlpi_adds) {
        search->adds = info->dlpi_adds;
        if (atomic_load_explicit(&searched_in_vain, memory_order_relaxed) == (search->adds << 1 | 1))
            return 1;
    }
    if (!elf_open(&object, info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum))
        return 0;
    if (!search->program_seen) {
        search->program_seen = true;
        search->program = object;
    }
    if (elf_symbol(&object, "PyGILState_GetThisThreadState") == NULL)
        return 0;
    int (*is_initialized)(void) = (int (*)(void))elf_symbol(&object, "Py_IsInitialized");
    if (is_initialized == NULL || is_initialized() == 0) {
        search->maybe_later = true;
        return 0;
    }
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

/* ---- the layout --------------------------------------------------------------------------------------------------------- */

#define OFFSET_LIMIT 4096u /* of a field inside its structure, if the structure is what we think */

static bool reads_published(struct python_layout *layout, const struct published_words *words, const uint8_t *state)
{
#define X(field)                                                                                                     \
    uintptr_t field = python_word(state, 8u * words->field);                                                         \
    if (field >= OFFSET_LIMIT)                                                                                       \
        return false;                                                                                                \
    layout->field = (uint16_t)field;
    PUBLISHED_FIELDS(X)
#undef X
    uintptr_t free_threaded = python_word(state, 8u * PUBLISHED_FREE_THREADED);
    uint16_t head = layout->object_bytes;
    if (free_threaded > 1 || head != (free_threaded ? 32 : 16) || layout->object_type != head - 8u ||
        python_word(state, 8u * words->type_name) != head + 8u || python_word(state, 8u * words->bytes_length) != head ||
        layout->bytes_start != head + 16u || python_word(state, 8u * words->text_length) != head ||
        layout->text_state != head + 16u || layout->text_ascii != head + 24u)
        return false;
    layout->minor = words->minor;
    layout->type_dealloc = (uint16_t)(head + 32u);
    layout->text_wide = (uint16_t)(layout->text_ascii + 16u);
    layout->text_kind_shift = 2;
    layout->runtime_interpreters = layout->thread_cframe = layout->instruction_unit = layout->frame_copy = layout->code_copies = LAYOUT_NONE;
    layout->owners_with_code = words->owners_with_code;
    layout->code_traceable = (uint16_t)(layout->code_start - 16u);
    if (free_threaded && words->code_copies != 0) {
        uintptr_t copies = python_word(state, 8u * words->code_copies), copy = python_word(state, 8u * words->frame_copy);
        if (copies != layout->code_start - 8u || copy >= OFFSET_LIMIT)
            return false;
        layout->code_copies = (uint16_t)copies;
        layout->frame_copy = (uint16_t)copy;
        layout->code_traceable = (uint16_t)(layout->code_start - 24u);
        layout->text_kind_shift = 8; /* "interned" has a byte of its own where it is changed without a lock */
    }
    return true;
}

static const struct python_layout *layout_for(uint32_t version, const uint8_t *state, bool plain_head)
{
    static struct python_layout published; /* only ever written with the same values: there is one interpreter */
    uint32_t minor = version >> 16 & 0xff;
    if (version >> 24 != 3 || state == NULL)
        return NULL;
    for (size_t i = 0; plain_head && i < sizeof known_layouts / sizeof known_layouts[0]; i++)
        if (known_layouts[i].minor == minor)
            return &known_layouts[i];
    if (minor < PUBLISHED_SINCE_MINOR || memcmp(state, PUBLISHED_COOKIE, sizeof PUBLISHED_COOKIE - 1) != 0 ||
        python_word(state, 8) != version)
        return NULL;
    for (size_t i = 0; i < sizeof known_words / sizeof known_words[0]; i++)
        if (known_words[i].minor == minor) {
            struct python_layout layout;
            if (!reads_published(&layout, &known_words[i], state))
                return NULL;
            published = layout;
            return &published;
        }
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
    if (!search.found) {
        if (!search.maybe_later && search.adds != 0)
            atomic_store_explicit(&searched_in_vain, search.adds << 1 | 1, memory_order_relaxed);
        return false;
    }
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
    FUNCTION(dump, "_Py_DumpTraceback");
    if (python->dump == NULL)
        FUNCTION(dump, "PyUnstable_DumpTraceback");
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
    python->bytes_type = data_of(&search, "PyBytes_Type");
    /* The type of all types is its own type, by static initialisation: where that word stands tells how objects begin. */
    const void *type_type = data_of(&search, "PyType_Type");
    uint32_t version = version_of(&search);
    python->many_states = version < 0x030c0000;
    python->plain_head = version >> 24 == 3 && type_type != NULL && python_word(type_type, OBJECT_TYPE) == (uintptr_t)type_type;
    find_evaluation(python, function_of(&search, "_PyEval_EvalFrameDefault"));
    bool asks = python->is_finalizing != NULL && python->thread_with_gil != NULL && python->first_interpreter != NULL &&
                python->main_interpreter != NULL;
    const struct python_layout *layout = layout_for(version, python->state, python->plain_head);
    if (asks && layout != NULL && python->code_type != NULL && python->text_type != NULL && python->bytes_type != NULL &&
        python->line_of != NULL && type_type != NULL && python_word(type_type, layout->object_type) == (uintptr_t)type_type)
        python->layout = layout;
    if (!asks)
        python->dump = NULL;
    return true;
}

static __attribute__((noinline, cold)) const struct python_runtime *runtime_look(bool insist)
{
    if (!insist && !python_worth_a_look())
        return NULL;
    if (scope_is_stuck())
        return NULL; /* in fork's child the linker's lock may be that of a thread which is not there */
    struct python_runtime found;
    int saved_errno = errno;
    bool is_there = runtime_find(&found);
    errno = saved_errno;
    if (!is_there)
        return NULL;
    if (!atomic_exchange_explicit(&runtime_being_found, true, memory_order_acquire)) {
        python_found = found;
        python_watch_code_deaths(&python_found);
        enum python_way way = found.layout != NULL ? WAY_UNPROVEN : found.dump != NULL ? WAY_DUMP : WAY_NONE;
        atomic_store_explicit(&python_way, way, memory_order_release);
    }
    /* Who loses the race waits for a handful of instructions: python_watch_module() asks once and must get the answer. */
    while (python_way_now() == WAY_UNKNOWN)
        sched_yield();
    return &python_found;
}

const struct python_runtime *python_runtime(bool insist)
{
    if (python_way_now() != WAY_UNKNOWN)
        return &python_found;
    return runtime_look(insist);
}

void python_runtime_after_fork_child(void)
{
    atomic_store(&runtime_being_found, python_way_now() != WAY_UNKNOWN);
}

/* ---- is the layout what we think? --------------------------------------------------------------------------------------- */

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

static bool has_type_warily(const struct python_layout *layout, const void *object, const void *type)
{
    const void *found;
    return read_pointer_warily(&found, object, layout->object_type) && found == type;
}

static bool is_text_warily(const struct python_runtime *python, const void *object)
{
    const struct python_layout *layout = python->layout;
    const void *state;
    if (!has_type_warily(layout, object, python->text_type) || !read_pointer_warily(&state, object, layout->text_state))
        return false;
    unsigned bits = (unsigned)((uintptr_t)state >> layout->text_kind_shift), kind = bits & TEXT_KIND_MASK;
    return (bits & TEXT_COMPACT) != 0 && (kind == 1 || ((kind == 2 || kind == 4) && (bits & TEXT_ASCII) == 0));
}

static bool is_code_warily(const struct python_runtime *python, const void *code)
{
    const struct python_layout *layout = python->layout;
    const void *part;
    return has_type_warily(layout, code, python->code_type) && read_pointer_warily(&part, code, layout->code_file) &&
           is_text_warily(python, part) && read_pointer_warily(&part, code, layout->code_name) && is_text_warily(python, part) &&
           (layout->code_lines == LAYOUT_NONE ||
            (read_pointer_warily(&part, code, layout->code_lines) && has_type_warily(layout, part, python->bytes_type)));
}

/* Of a pointer into the code: is it into this code? */
static bool instruction_is_of_code(const struct python_layout *layout, const void *frame, const uint8_t *code)
{
    const void *instruction, *units;
    if (layout->instruction_unit != LAYOUT_NONE || layout->frame_copy != LAYOUT_NONE)
        return true;
    if (!read_pointer_warily(&instruction, frame, layout->frame_instruction) || !read_pointer_warily(&units, code, LENGTH_OF(layout)))
        return false;
    const uint8_t *start = code + layout->code_start;
    return (const uint8_t *)instruction >= start - 2 && (uintptr_t)((const uint8_t *)instruction - (start - 2)) <= 2 * (uintptr_t)units;
}

#define PROOF_FRAMES 256

/* `tells`: there was a frame with code in it. */
static bool chain_is_plausible(const struct python_runtime *python, const uint8_t *thread, bool *tells)
{
    const struct python_layout *layout = python->layout;
    const void *holder = thread, *frame, *code, *word;
    if (!read_pointer_warily(&word, thread, layout->thread_identity) || (uintptr_t)word != (uintptr_t)pthread_self())
        return false;
    if ((python_word(python->state, layout->runtime_finalizing) != 0) != (python->is_finalizing() != 0))
        return false;
    if (layout->runtime_interpreters != LAYOUT_NONE &&
        (python_word(python->state, layout->runtime_interpreters) != (uintptr_t)python->first_interpreter() ||
         python_word(python->state, layout->runtime_interpreters + 8u) != (uintptr_t)python->main_interpreter()))
        return false;
    if (layout->thread_cframe != LAYOUT_NONE && !read_pointer_warily(&holder, thread, layout->thread_cframe))
        return false;
    if (!read_pointer_warily(&frame, holder, layout->thread_frame))
        return false;
    for (unsigned i = 0; frame != NULL && i < PROOF_FRAMES; i++) {
        uint8_t owner = 0;
        if (layout->frame_owner != LAYOUT_NONE && !read_warily(&owner, (const uint8_t *)frame + layout->frame_owner, 1))
            return false;
        if (owner > layout->owners_with_code + 1)
            return false;
        if (owner < layout->owners_with_code) {
            if (!read_pointer_warily(&code, frame, layout->frame_code))
                return false;
            code = (const void *)((uintptr_t)code & ~(uintptr_t)7);
            if (!is_code_warily(python, code) || !instruction_is_of_code(layout, frame, code))
                return false;
            *tells = true;
        }
        if (!read_pointer_warily(&frame, frame, layout->frame_previous))
            return false;
    }
    return true;
}

__attribute__((noinline, cold)) enum python_way python_prove_layout(const uint8_t *thread)
{
    int saved_errno = errno;
    bool tells = false, plausible = chain_is_plausible(&python_found, thread, &tells);
    errno = saved_errno;
    if (plausible && !tells)
        return WAY_UNPROVEN;
    int way = WAY_UNPROVEN;
    atomic_compare_exchange_strong(&python_way, &way, plausible ? WAY_LAYOUT : python_found.dump != NULL ? WAY_DUMP : WAY_NONE);
    return python_way_now();
}

void python_give_up_layout(void)
{
    atomic_store_explicit(&python_way, WAY_NONE, memory_order_release);
}

/* ---- what the others ask -------------------------------------------------------------------------------------------------- */

static bool frames_are_readable(void)
{
    return python_runtime(false) != NULL && python_way_now() != WAY_NONE;
}

bool python_present(void)
{
    return frames_are_readable();
}

bool python_eval_range(uintptr_t *low, uintptr_t *high)
{
    if (!frames_are_readable() || python_found.eval_low == python_found.eval_high)
        return false;
    *low = python_found.eval_low;
    *high = python_found.eval_high;
    return true;
}
