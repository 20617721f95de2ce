/* Stacks: native frames by the compiler's unwinder, Python frames by python.h, kept in the tracker's depot. See stack.h.
 *
 * Any thread, with the tracker unlocked; not from a signal handler. Takes no lock but the tracker's, makes no system call, never
 * calls malloc. (With a C library before 2.35 the unwinder takes the dynamic linker's list lock.)
 *
 * Unwinding costs microseconds, so whole stacks are cached under the return address and the stack pointer, together with the
 * places in stack memory where the return addresses lie: if those words are still the same, so is the stack.
 *
 * Why not libunwind: Debian's libunwind.a is not position-independent and cannot be part of a preload; as a shared library it would put its
 * own _Unwind_* functions in front of those that C++ exceptions of the program use; and it opens a pipe at its first use (to
 * probe addresses by write(2)), which shifts the program's descriptor numbers and may end up writing into one of its
 * files. _Unwind_Backtrace of libgcc_eh (-static-libgcc, hidden) has no locks, descriptors or memory of its own.
 */
#include "stack.h"
#include "context.h"
#include "dlsym.h"
#include "elf_object.h"
#include "python.h"
#include "scope.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unwind.h>

#define DEPTH_LIMIT 64u /* of holdfast_options.stack_depth */
#define OWN_FRAMES 24u  /* Holdfast's frames inside the caller's are fewer than this */
#define MODULE_LIMIT 4096u
#define WORD_SLOTS 4096u
#define STACK_SLOTS 1024u

/* The unwinder and the linker may call free() and the like, which are ours: no stack is taken while one is being taken. */
static __thread bool taking __attribute__((tls_model("initial-exec")));
/* Names this thread in the cache: a dead thread's stack memory may be another's. 0: not given yet. */
static __thread uint32_t thread_serial __attribute__((tls_model("initial-exec")));

/* ---- native frame words: | module : 16 | offset : 48 | -------------------------------------------------------------- */

/* Run-time base of each module plus one, 0: unknown. Word and base give the address back, so that a cached word proves itself. */
static _Atomic uintptr_t module_base[MODULE_LIMIT];
/* Words by hash of their address. */
static _Atomic uint64_t word_cache[WORD_SLOTS];
static _Atomic unsigned cached_generation;

static unsigned word_slot(uintptr_t address)
{
    return (unsigned)((address ^ (address >> 12)) % WORD_SLOTS);
}

/* After an unload other code may lie at the same addresses. Modules are told to the tracker anew; equal ones keep their ids. */
static void forget_after_unload(void)
{
    unsigned generation = atomic_load_explicit(&objects_generation, memory_order_acquire);
    if (atomic_load_explicit(&cached_generation, memory_order_relaxed) == generation)
        return;
    for (unsigned i = 0; i < MODULE_LIMIT; i++)
        atomic_store_explicit(&module_base[i], 0, memory_order_relaxed);
    for (unsigned i = 0; i < WORD_SLOTS; i++)
        atomic_store_explicit(&word_cache[i], 0, memory_order_relaxed);
    atomic_store_explicit(&cached_generation, generation, memory_order_release);
}

static uint32_t module_of(const struct elf_place *place)
{
    struct elf_object object;
    const uint8_t *build_id = NULL;
    unsigned build_id_bytes = 0;
    uintptr_t end = place->end;
    if (elf_open_place(&object, place)) {
        build_id_bytes = elf_build_id(&object, &build_id);
        end = object.high;
    }
    if (build_id_bytes > sizeof((struct module_record *)NULL)->build_id)
        build_id_bytes = sizeof((struct module_record *)NULL)->build_id;
    return tracker_module(&holdfast_tracker, elf_path(place->map), place->map->l_addr, end, build_id, build_id_bytes);
}

static uint64_t frame_word(uintptr_t return_address)
{
    uintptr_t address = return_address - 1; /* inside the calling instruction */
    _Atomic uint64_t *slot = &word_cache[word_slot(address)];
    uint64_t word = atomic_load_explicit(slot, memory_order_relaxed);
    uint32_t module = (uint32_t)(word >> STACK_MODULE_SHIFT);
    if (word != 0 && module < MODULE_LIMIT &&
        atomic_load_explicit(&module_base[module], memory_order_relaxed) + (word & STACK_OFFSET_MASK) == return_address)
        return word;
    struct elf_place place;
    if (!elf_place(address, &place))
        return address & STACK_OFFSET_MASK; /* code made at run time: no module */
    module = module_of(&place);
    if (module == 0 || module > UINT16_MAX)
        return address & STACK_OFFSET_MASK;
    word = (uint64_t)module << STACK_MODULE_SHIFT | ((address - place.map->l_addr) & STACK_OFFSET_MASK);
    if (module < MODULE_LIMIT) {
        atomic_store_explicit(&module_base[module], place.map->l_addr + 1, memory_order_relaxed);
        atomic_store_explicit(slot, word, memory_order_relaxed);
    }
    return word;
}

/* ---- unwinding --------------------------------------------------------------------------------------------------------- */

/* A word of stack memory that the course of the stack depends on. */
struct stack_word {
    const uintptr_t *place;
    uintptr_t value;
};
#define WORD_LIMIT (3 * (DEPTH_LIMIT + OWN_FRAMES))

/* What a walk gathers. */
struct walk {
    uintptr_t return_address;     /* of the wrapped call */
    uintptr_t eval_low, eval_high; /* the interpreter's evaluation function; empty without Python frames */
    unsigned depth, met;          /* frames wanted; frames met so far */
    unsigned kept;                /* frames in `address` */
    bool begun, truncated;
    uintptr_t address[DEPTH_LIMIT]; /* return addresses */
    /* For the cache: see trace(). */
    uintptr_t frame; /* of stack_here */
    bool tracing, traceable; /* traceable: all the words are known, so that the stack may be cached */
    uintptr_t sp, frame_pointer;     /* of the frame inside the present one */
    const uintptr_t *frame_pointer_place;
    unsigned word_count;
    struct stack_word word[WORD_LIMIT];
};

#if defined(__x86_64__) /* elsewhere no rule is known to be safe: every stack is unwound */
static void note_word(struct walk *walk, const uintptr_t *place)
{
    if (place == NULL || walk->word_count == WORD_LIMIT) {
        walk->traceable = false;
        return;
    }
    walk->word[walk->word_count++] = (struct stack_word){place, *place};
}

/* Note the words on which it depends that the walk came from the frame inside to this one.
 *
 * When are two stacks the same? Start from equal stack pointers in stack_here. A frame with a constant size leads from an equal
 * instruction and stack pointer to an equal next stack pointer, below which the return address lies: that word says the next
 * instruction. A frame of variable size (alloca) is left by its frame pointer: then the place where a frame further in
 * saved that register must hold the same value, too. Return addresses alone would not do: old ones survive in the room that alloca left
 * untouched. A realigned frame finds its caller by the word below its frame pointer. Whatever fits none of this is not cached. */
static void trace(struct walk *walk, uintptr_t address, uintptr_t sp, uintptr_t frame_pointer)
{
    const uintptr_t *return_place = (const uintptr_t *)sp - 1;
    if (!walk->tracing) {
        if (sp != walk->frame + 2 * sizeof(uintptr_t))
            return; /* not out of stack_here yet */
        walk->tracing = true;
        walk->frame_pointer_place = (const uintptr_t *)walk->frame;
        walk->traceable = *walk->frame_pointer_place == frame_pointer;
    } else {
        if (walk->frame_pointer >= walk->sp && walk->frame_pointer < sp) {
            note_word(walk, walk->frame_pointer_place);
            if (sp - walk->frame_pointer != 2 * sizeof(uintptr_t)) {
                const uintptr_t *below = (const uintptr_t *)walk->frame_pointer - 1;
                if ((uintptr_t)below >= walk->sp && *below == sp)
                    note_word(walk, below);
            }
        }
        /* Registers are saved next to the return address: rbp among at most six. */
        const uintptr_t *saved = NULL;
        for (unsigned i = 1; i <= 7 && (uintptr_t)(return_place - i) >= walk->sp && saved == NULL; i++)
            if (return_place[-(int)i] == frame_pointer)
                saved = return_place - i;
        if (saved != NULL)
            walk->frame_pointer_place = saved;
        else if (frame_pointer != walk->frame_pointer)
            walk->frame_pointer_place = NULL; /* matters only if a frame further out is left by it */
    }
    if (*return_place != address)
        walk->traceable = false; /* a signal frame, or a shadow of something unknown */
    note_word(walk, return_place);
    walk->sp = sp;
    walk->frame_pointer = frame_pointer;
}
#endif

static _Unwind_Reason_Code visit_frame(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    uintptr_t address = _Unwind_GetIP(context);
    if (address == 0)
        return _URC_END_OF_STACK;
#if defined(__x86_64__)
    enum { RBP = 6 }; /* in DWARF's numbers */
    trace(walk, address, _Unwind_GetCFA(context), _Unwind_GetGR(context, RBP));
#endif
    if (!walk->begun) {
        walk->begun = address == walk->return_address;
        if (!walk->begun && ++walk->met > OWN_FRAMES)
            return _URC_END_OF_STACK; /* this is not the stack that the call came from */
        if (!walk->begun)
            return _URC_NO_REASON;
    }
    if (address >= walk->eval_low && address < walk->eval_high)
        return _URC_END_OF_STACK;
    if (walk->kept == walk->depth) {
        walk->truncated = true;
        return _URC_END_OF_STACK;
    }
    walk->address[walk->kept++] = address;
    return _URC_NO_REASON;
}

/* Never met the wrapped call (a tail call, a return address given by hand): all frames outside Holdfast. */
static _Unwind_Reason_Code visit_any_frame(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    if (!walk->begun && !elf_is_own(_Unwind_GetIP(context))) {
        walk->begun = true;
        walk->return_address = _Unwind_GetIP(context);
    }
    return walk->begun ? visit_frame(context, argument) : _URC_NO_REASON;
}

static void unwind(struct walk *walk)
{
    uintptr_t return_address = walk->return_address;
    _Unwind_Backtrace(visit_frame, walk);
    if (!walk->begun) {
        walk->met = 0;
        _Unwind_Backtrace(visit_any_frame, walk);
        walk->traceable = false;
    }
    if (walk->kept == 0 && return_address != 0) { /* what is certain in any case */
        walk->address[walk->kept++] = return_address;
        walk->traceable = false;
    }
}

/* ---- the cache of stacks ------------------------------------------------------------------------------------------------- */

/* Readers and writers of one entry meet only through `sequence`: odd while it is written; unchanged means that all was read of one
 * stack. A writer that finds it taken gives up. */
struct cached_stack {
    _Atomic uint32_t sequence;
    uint32_t thread;
    uintptr_t return_address, frame; /* of the wrapped call; of stack_here */
    uintptr_t shim_address;          /* the place in the shim that asked */
    uint32_t generation;             /* objects_generation: code may have been replaced since */
    uint32_t depth;                  /* frames wanted */
    uint32_t with_python;            /* cut at the evaluation function */
    uint32_t stack;                  /* tracker's id of it all with the Python frames of this hash */
    uint64_t python_hash;
    uint32_t kept, word_count, flags;
    struct stack_word word[WORD_LIMIT];
    uint64_t native[DEPTH_LIMIT];
};
static struct cached_stack cached_stacks[STACK_SLOTS];

static struct cached_stack *stack_slot(uintptr_t return_address, uintptr_t frame)
{
    uint64_t mixed = (return_address ^ (frame << 7) ^ (frame >> 9)) * UINT64_C(0x9e3779b97f4a7c15);
    return &cached_stacks[(mixed >> 32) % STACK_SLOTS];
}

struct question {
    uintptr_t return_address, frame, shim_address;
    uint32_t thread, generation, depth, with_python;
    uint64_t python_hash;
};

static bool same_question(const struct cached_stack *entry, const struct question *question)
{
    return entry->return_address == question->return_address && entry->frame == question->frame &&
           entry->shim_address == question->shim_address && entry->thread == question->thread &&
           entry->generation == question->generation && entry->depth == question->depth &&
           entry->with_python == question->with_python;
}

enum recall { RECALL_NOTHING, RECALL_FRAMES, RECALL_STACK };

/* RECALL_STACK: *stack is it. RECALL_FRAMES: the native part is in `words`, the Python frames are others. */
static enum recall recall_stack(const struct question *question, uint32_t *stack, uint64_t *words, uint32_t *kept,
                                uint32_t *flags)
{
    struct cached_stack *entry = stack_slot(question->return_address, question->frame);
    uint32_t sequence = atomic_load_explicit(&entry->sequence, memory_order_acquire);
    if ((sequence & 1u) || sequence == 0 || !same_question(entry, question))
        return RECALL_NOTHING;
    uint32_t word_count = entry->word_count;
    if (word_count > WORD_LIMIT)
        return RECALL_NOTHING;
    /* From the inside out: a place is only looked at when all below it are as they were, so it is stack memory still. */
    for (uint32_t i = 0; i < word_count; i++) {
        const uintptr_t *place = __atomic_load_n(&entry->word[i].place, __ATOMIC_RELAXED);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&entry->sequence, memory_order_relaxed) != sequence || *place != entry->word[i].value)
            return RECALL_NOTHING;
    }
    enum recall recall = entry->python_hash == question->python_hash ? RECALL_STACK : RECALL_FRAMES;
    *stack = entry->stack;
    *flags = entry->flags;
    *kept = entry->kept <= DEPTH_LIMIT ? entry->kept : 0;
    if (recall == RECALL_FRAMES)
        memcpy(words, entry->native, *kept * sizeof *words);
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&entry->sequence, memory_order_relaxed) == sequence ? recall : RECALL_NOTHING;
}

static void remember_stack(const struct question *question, const struct walk *walk, const uint64_t *words,
                           uint32_t flags, uint32_t stack)
{
    struct cached_stack *entry = stack_slot(question->return_address, question->frame);
    uint32_t sequence = atomic_load_explicit(&entry->sequence, memory_order_relaxed);
    if ((sequence & 1u) || !atomic_compare_exchange_strong(&entry->sequence, &sequence, sequence + 1))
        return;
    atomic_thread_fence(memory_order_release);
    entry->thread = question->thread;
    entry->return_address = question->return_address;
    entry->frame = question->frame;
    entry->shim_address = question->shim_address;
    entry->generation = question->generation;
    entry->depth = question->depth;
    entry->with_python = question->with_python;
    entry->python_hash = question->python_hash;
    entry->stack = stack;
    entry->flags = flags;
    entry->kept = walk->kept;
    entry->word_count = walk->word_count;
    memcpy(entry->word, walk->word, walk->word_count * sizeof walk->word[0]);
    memcpy(entry->native, words, walk->kept * sizeof *words);
    atomic_store_explicit(&entry->sequence, sequence + 2 != 0 ? sequence + 2 : 2, memory_order_release);
}

/* Native frames changed or unknown. Noinline: its room on the stack is not the fast path's. */
static __attribute__((noinline)) uint32_t take_stack(const struct question *question, const struct python_frames *python,
                                                     uint32_t flags)
{
    struct walk walk;
    memset(&walk, 0, offsetof(struct walk, word));
    walk.return_address = question->return_address;
    walk.depth = question->depth;
    walk.frame = question->frame;
    uint64_t words[DEPTH_LIMIT];
    if (question->with_python && !python_eval_range(&walk.eval_low, &walk.eval_high))
        walk.eval_low = walk.eval_high = 0;
    unwind(&walk);
    forget_after_unload();
    for (unsigned i = 0; i < walk.kept; i++)
        words[i] = frame_word(walk.address[i]);
    if (walk.truncated)
        flags |= STACK_TRUNCATED_NATIVE;
    uint32_t stack = tracker_stack(&holdfast_tracker, words, walk.kept, python->id, python->count, flags);
    if (walk.traceable && stack != 0)
        remember_stack(question, &walk, words, flags & STACK_TRUNCATED_NATIVE, stack);
    return stack;
}

static uint32_t name_thread(void)
{
    static _Atomic uint32_t threads;
    while (thread_serial == 0)
        thread_serial = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) + 1;
    return thread_serial;
}

__attribute__((noinline)) uint32_t stack_here(uintptr_t return_address)
{
    if (taking || holdfast_tracker.base == NULL)
        return 0;
    taking = true;
    int saved_errno = errno;
    unsigned depth = holdfast_options.stack_depth;
    struct python_frames python;
    python.count = 0;
    python.truncated = false;
    python.hash = 0;
    python.id = python.room;
    struct question question = {
        .return_address = return_address,
        .frame = (uintptr_t)__builtin_frame_address(0),
        .shim_address = (uintptr_t)__builtin_return_address(0),
        .thread = thread_serial != 0 ? thread_serial : name_thread(),
        .generation = atomic_load_explicit(&objects_generation, memory_order_acquire),
        .depth = depth == 0 ? 1 : depth < DEPTH_LIMIT ? depth : DEPTH_LIMIT,
    };
    if (python_present())
        python_frames(&python, question.depth);
    question.with_python = python.count != 0;
    question.python_hash = python.hash;

    uint32_t stack = 0, kept = 0, flags = 0;
    uint64_t words[DEPTH_LIMIT];
    uint32_t python_flags = python.truncated ? STACK_TRUNCATED_PYTHON : 0;
    switch (recall_stack(&question, &stack, words, &kept, &flags)) {
    case RECALL_STACK: break;
    case RECALL_FRAMES:
        stack = tracker_stack(&holdfast_tracker, words, kept, python.id, python.count, flags | python_flags);
        break;
    case RECALL_NOTHING: stack = take_stack(&question, &python, python_flags); break;
    }
    errno = saved_errno;
    taking = false;
    return stack;
}

uint32_t stack_of_caller(uintptr_t return_address)
{
    if (return_address == 0 || taking || holdfast_tracker.base == NULL)
        return 0;
    int saved_errno = errno;
    uint64_t word = frame_word(return_address);
    uint32_t stack = tracker_stack(&holdfast_tracker, &word, 1, NULL, 0, 0);
    errno = saved_errno;
    return stack;
}

uint32_t stack_without_libraries(uint32_t id)
{
    const struct stack_record *stack = tracker_record(&holdfast_tracker, SECTION_STACKS, id);
    if (stack == NULL)
        return 0;
    uint64_t words[DEPTH_LIMIT];
    uint32_t python[DEPTH_LIMIT];
    unsigned natives = 0, pythons = 0;
    for (unsigned i = 0; i < stack->python_count && pythons < DEPTH_LIMIT; i++)
        python[pythons++] = (uint32_t)*(const uint64_t *)tracker_record(&holdfast_tracker, SECTION_WORDS, stack->first_word + i);
    for (unsigned i = 0; i < stack->native_count && natives < DEPTH_LIMIT; i++) {
        uint64_t word = *(const uint64_t *)tracker_record(&holdfast_tracker, SECTION_WORDS, stack->first_word + stack->python_count + i);
        const struct module_record *module = tracker_record(&holdfast_tracker, SECTION_MODULES, (uint32_t)(word >> STACK_MODULE_SHIFT));
        if (natives == 0 && module != NULL &&
            (address_is_internal(module->base + (word & STACK_OFFSET_MASK)) || elf_is_own(module->base + (word & STACK_OFFSET_MASK)) || strstr(tracker_text(&holdfast_tracker, module->path), "/libstdc++.so") != NULL))
            continue;
        words[natives++] = word;
    }
    return tracker_stack(&holdfast_tracker, words, natives, python, pythons, stack->flags);
}

void stack_after_fork_child(void)
{
    taking = false;
    /* An entry that another thread was writing stays odd, and unused, in the child; nobody waits for it. */
}

/* ---- names for the live log ---------------------------------------------------------------------------------------------- */

const char *stack_native_name(uint64_t word, char *name, unsigned name_bytes)
{
    if (name_bytes != 0)
        name[0] = '\0';
    const struct module_record *module =
        tracker_record(&holdfast_tracker, SECTION_MODULES, (uint32_t)(word >> STACK_MODULE_SHIFT));
    if (module == NULL)
        return "";
    const char *path = tracker_text(&holdfast_tracker, module->path);
    uintptr_t address = module->base + (word & STACK_OFFSET_MASK);
    struct elf_place place;
    /* A module that was unloaded has no names any more, and another one may lie there. */
    if (name_bytes == 0 || !elf_place(address, &place) || place.map->l_addr != module->base ||
        strcmp(elf_path(place.map), path) != 0 || scope_is_stuck()) /* dladdr takes the linker's main lock */
        return path;
    int saved_errno = errno;
    Dl_info info;
    if (dladdr((void *)address, &info) != 0 && info.dli_sname != NULL)
        snprintf(name, name_bytes, "%s+%#lx", info.dli_sname, (unsigned long)(address - (uintptr_t)info.dli_saddr));
    errno = saved_errno;
    return path;
}
