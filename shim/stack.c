/* Stacks: native frames from the call frame information, Python frames by python.h, kept in the tracker's depot. See stack.h.
 *
 * Any thread, with the tracker unlocked; not from a signal handler that interrupted this very code (it gets no stack). Takes no lock but
 * the tracker's, never calls malloc, makes no system call but with a thread's first stack. (With a C library before 2.35 the unwinder
 * takes the dynamic linker's list lock.)
 *
 * Three ways, each a good deal slower than the one before:
 *   1. the words that an earlier walk depended on are compared with what they were: the stack is the same. stack_walk.h says why.
 *   2. the stack is walked by rows of its code that are known from earlier walks, and looked up in the depot.
 *   3. where a frame is too elaborate for that, the compiler's unwinder walks.
 * What is known is each thread's own, so nothing of it is ever locked or shared.
 *
 * Why not libunwind: Debian's libunwind.a is not position-independent and cannot be part of a preload; as a shared library it would put its
 * own _Unwind_* functions in front of those that C++ exceptions of the program use; and it opens a pipe at its first use (to
 * probe addresses by write(2)), which shifts the program's descriptor numbers and may end up writing into one of its
 * files. _Unwind_Backtrace of libgcc_eh (-static-libgcc, hidden) has no locks, descriptors or memory of its own.
 */
#include "stack.h"
#include "context.h"
#include "crash.h"
#include "dlsym.h"
#include "dump.h"
#include "elf_object.h"
#include "log.h"
#include "python.h"
#include "python_layout.h"
#include "scope.h"
#include "slots.h"
#include "stack_walk.h"
#include "unloads.h"
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unwind.h>

/* ---- what a thread remembers ------------------------------------------------------------------------------------------- */

/* A native stack: the words that it depended on. */
struct cached_stack {
    uintptr_t return_address; /* of the wrapped call; 0: empty */
    uintptr_t key_frame;      /* address of stack_here's frame, | 1 when the stack is cut at the evaluation function */
    const struct stack_word *word, *end;
    uint32_t stack;  /* the tracker's id of it without Python frames; 0 where there are some */
    uint32_t serial; /* tells it from what was in this place before */
    uint64_t chain;  /* the Python frames that it was met with last: python_frames.chain, 0: none */
    uint32_t chain_stack; /* and the id with those */
};

/* The same with certain Python frames. */
struct cached_mix {
    uint64_t hash;
    const uint32_t *id;  /* of the Python frames */
    uint32_t count;      /* of them, << 1 | truncated */
    uint32_t native;     /* serial of the cached_stack; 0: empty */
    uint32_t stack;
};

#define SETS 128u
#define WAYS 4u   /* stacks that begin alike: one call in a function that several others call */
#define MIXES 512u
#define ROOM_BYTES (128u * 1024)

/* All that one thread remembers. Zero is empty. The mapping stays when the thread ends, and serves a later one. */
struct memory {
    _Atomic int32_t owner; /* kernel's number of the thread; 0: nobody */
    bool unfinished;       /* its owner is changing it: not to be trusted when he ends here */
    uint64_t unloads;      /* unloads_word when this was learnt */
    uint64_t fast;         /* stacks that were remembered; written by the owner alone */
    uint32_t serial, room_used;
    uint8_t next_way[SETS];
    struct cached_stack stack[SETS][WAYS];
    struct cached_mix mix[MIXES];
    struct known_frame frame[KNOWN_FRAMES];
    uint64_t room[ROOM_BYTES / 8]; /* words and Python frames of the stacks, one behind the other; all stacks are forgotten when it is full */
};

#define MEMORIES 256u /* threads beyond that walk each stack with a small table on their own stack */
static struct memory *_Atomic memories[MEMORIES];
static _Atomic unsigned memory_count;

static __thread struct {
    struct memory *ready; /* what stack_here may look into: `memory`, or one of the two below */
    struct memory *memory; /* NULL: none yet, or none to be had */
    uint32_t refused;      /* stacks until it is asked for again */
} mine __attribute__((tls_model("initial-exec")));
#define NOT_READY ((struct memory *)0) /* the slow path must see to it */
/* The unwinder and the linker may call free() and the like, which are ours, and a signal handler anything: no stack is taken while one is. */
#define TAKING ((struct memory *)1)

/* `code`: what is known of code, too. */
static void memory_clear(struct memory *memory, bool code)
{
    memset(memory->next_way, 0, sizeof memory->next_way);
    memset(memory->stack, 0, sizeof memory->stack);
    memset(memory->mix, 0, sizeof memory->mix);
    if (code)
        memset(memory->frame, 0, sizeof memory->frame);
    memory->serial = 0;
    memory->room_used = 0;
}

/* The memory of a thread that has ended, else a new one. */
static __attribute__((noinline, cold)) struct memory *memory_claim(void)
{
    enum { TRIES = 8, PATIENCE = 1000 };
    static _Atomic unsigned hand;
    if (mine.refused != 0) {
        mine.refused--;
        return NULL;
    }
    int32_t thread = tracker_thread();
    unsigned count = atomic_load_explicit(&memory_count, memory_order_acquire);
    for (unsigned i = 0; i < TRIES && i < count; i++) {
        struct memory *memory = atomic_load_explicit(&memories[atomic_fetch_add(&hand, 1) % count], memory_order_acquire);
        if (memory != NULL && slot_take(&memory->owner, thread)) {
            if (memory->unfinished) {
                memory_clear(memory, true);
                memory->unfinished = false;
            }
            return mine.memory = memory;
        }
    }
    void *fresh = count < MEMORIES ? mmap(NULL, sizeof(struct memory), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                                   : MAP_FAILED;
    unsigned place = fresh != MAP_FAILED ? atomic_fetch_add(&memory_count, 1) : MEMORIES;
    if (place >= MEMORIES) {
        if (fresh != MAP_FAILED) {
            atomic_fetch_sub(&memory_count, 1);
            munmap(fresh, sizeof(struct memory));
        }
        mine.refused = PATIENCE;
        return NULL;
    }
    struct memory *memory = fresh;
    atomic_store_explicit(&memory->owner, thread, memory_order_relaxed);
    memory->unloads = unloads_now();
    atomic_store_explicit(&memories[place], memory, memory_order_release);
    return mine.memory = memory;
}

uint64_t stacks_fast_taken(void)
{
    uint64_t taken = 0;
    for (unsigned i = 0; i < MEMORIES; i++) {
        const struct memory *memory = atomic_load_explicit(&memories[i], memory_order_acquire);
        if (memory != NULL)
            taken += __atomic_load_n(&memory->fast, __ATOMIC_RELAXED);
    }
    return taken;
}

/* ---- native frame words: | module : 16 | offset : 48 | -------------------------------------------------------------- */

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

static uint64_t word_of(uintptr_t instruction)
{
    struct elf_place place;
    uint32_t module = elf_place(instruction, &place) ? module_of(&place) : 0;
    if (module == 0 || module > UINT16_MAX)
        return instruction & STACK_OFFSET_MASK; /* code made at run time: no module */
    return (uint64_t)module << STACK_MODULE_SHIFT | ((instruction - place.map->l_addr) & STACK_OFFSET_MASK);
}

uint64_t stack_native_word(uintptr_t instruction)
{
    return word_of(instruction);
}

static uint64_t known_word(struct known_frame *known, uintptr_t instruction)
{
    struct known_frame *slot = stack_known_frame(known, instruction);
    if (slot->instruction != instruction)
        return word_of(instruction);
    if (slot->word != 0)
        return slot->word;
    uint64_t word = word_of(instruction);
    if (word >> STACK_MODULE_SHIFT != 0) /* else an object may be loaded there */
        slot->word = word;
    return word;
}

/* ---- the compiler's unwinder -------------------------------------------------------------------------------------------- */

static _Unwind_Reason_Code visit_frame(struct _Unwind_Context *context, void *argument, bool *begun, unsigned *met)
{
    struct stack_walk *walk = argument;
    int interrupted = 0;
    uintptr_t address = _Unwind_GetIPInfo(context, &interrupted);
    if (address == 0)
        return _URC_END_OF_STACK;
    if (!*begun) {
        *begun = address == walk->return_address;
        if (!*begun && ++*met > OWN_FRAMES)
            return _URC_END_OF_STACK; /* this is not the stack that the call came from */
        if (!*begun)
            return _URC_NO_REASON;
    }
    if (address >= walk->eval_low && address < walk->eval_high)
        return _URC_END_OF_STACK;
    uintptr_t instruction = interrupted ? address : address - 1;
    if (instruction >= walk->own_low && instruction < walk->own_high)
        return _URC_NO_REASON;
    if (walk->kept == walk->depth) {
        walk->truncated = true;
        return _URC_END_OF_STACK;
    }
    walk->instruction[walk->kept++] = instruction;
    return _URC_NO_REASON;
}

struct visit {
    struct stack_walk *walk;
    bool begun, any; /* any: begin with the first frame outside Holdfast */
    unsigned met;
};

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *argument)
{
    struct visit *visit = argument;
    if (visit->any && !visit->begun) {
        if (elf_is_own(_Unwind_GetIP(context)))
            return _URC_NO_REASON;
        visit->walk->return_address = _Unwind_GetIP(context);
    }
    return visit_frame(context, visit->walk, &visit->begun, &visit->met);
}

static void unwind(struct stack_walk *walk)
{
    uintptr_t return_address = walk->return_address;
    struct visit state = {.walk = walk};
    walk->kept = 0;
    walk->truncated = false;
    _Unwind_Backtrace(visit, &state);
    if (!state.begun) { /* never met the wrapped call: a tail call, a return address given by hand */
        state = (struct visit){.walk = walk, .any = true};
        _Unwind_Backtrace(visit, &state);
    }
    if (walk->kept == 0 && return_address != 0) /* what is certain in any case */
        walk->instruction[walk->kept++] = return_address - 1;
}

/* ---- remembering and recalling ------------------------------------------------------------------------------------------ */

struct question {
    uintptr_t return_address, key_frame;
    const struct python_frames *python;
};

static inline struct cached_stack *set_of(struct memory *memory, uintptr_t return_address, uintptr_t key_frame)
{
    uint64_t mixed = (return_address ^ key_frame << 8) * UINT64_C(0x9e3779b97f4a7c15);
    return memory->stack[mixed >> 57];
}
_Static_assert(SETS == 1u << (64 - 57), "set_of takes the upper bits");

static inline struct cached_stack *recall_native(struct memory *memory, uintptr_t return_address, uintptr_t key_frame)
{
    struct cached_stack *way = set_of(memory, return_address, key_frame);
    for (unsigned i = 0; i < WAYS; i++, way++)
        if (way->return_address == return_address && way->key_frame == key_frame && stack_words_compare(way->word) == way->end)
            return way;
    return NULL;
}

static struct cached_mix *mix_slot(struct memory *memory, const struct cached_stack *native, uint64_t hash)
{
    return &memory->mix[((hash ^ native->serial) * UINT64_C(0x9e3779b97f4a7c15)) >> 55];
}
_Static_assert(MIXES == 1u << (64 - 55), "mix_slot takes the upper bits");

static uint32_t packed_count(const struct python_frames *python)
{
    return python->count << 1 | python->truncated;
}

/* The hash finds the place; what says that the frames are the same is the frames. */
static inline uint32_t recall_mix(struct memory *memory, const struct cached_stack *native, const struct python_frames *python)
{
    const struct cached_mix *mix = mix_slot(memory, native, python->hash);
    if (mix->hash != python->hash || mix->native != native->serial || mix->count != packed_count(python))
        return 0;
    for (uint32_t i = 0; i < python->count; i++)
        if (mix->id[i] != python->id[i])
            return 0;
    return mix->stack;
}

static void *room_for(struct memory *memory, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (bytes > sizeof memory->room - memory->room_used)
        return NULL;
    void *room = (uint8_t *)memory->room + memory->room_used;
    memory->room_used += (uint32_t)bytes;
    return room;
}

/* `native`: what is known of it already, else NULL. */
static void remember(struct memory *memory, const struct question *question, struct cached_stack *native,
                     const struct stack_walk *walk, uint32_t stack)
{
    const struct python_frames *python = question->python;
    size_t word_bytes = (walk->word_count + 1) * sizeof(struct stack_word), id_bytes = python->count * sizeof python->id[0];
    if (word_bytes + id_bytes + 32 > sizeof memory->room - memory->room_used || memory->serial == UINT32_MAX) {
        memory_clear(memory, false);
        native = NULL;
    }
    if (native == NULL) {
        struct stack_word *word = room_for(memory, word_bytes);
        memcpy(word, walk->word, walk->word_count * sizeof *word);
        stack_words_end(&word[walk->word_count]);
        struct cached_stack *set = set_of(memory, question->return_address, question->key_frame);
        uint8_t *next = &memory->next_way[(set - memory->stack[0]) / WAYS];
        native = &set[(*next)++ % WAYS];
        *native = (struct cached_stack){
            .return_address = question->return_address,
            .key_frame = question->key_frame,
            .word = word,
            .end = word + walk->word_count,
            .stack = python->count == 0 ? stack : 0,
            .serial = ++memory->serial,
        };
    }
    if (python->count != 0) {
        uint32_t *id = room_for(memory, id_bytes);
        memcpy(id, python->id, id_bytes);
        *mix_slot(memory, native, python->hash) = (struct cached_mix){python->hash, id, packed_count(python), native->serial, stack};
    }
}

/* ---- is it true? (verify_stacks=1) -------------------------------------------------------------------------------------- */

static struct {
    _Atomic uint64_t recalled, walked, unwound;
} verified;

static _Noreturn void tell_difference(const char *way, const struct stack_walk *walk, const struct stack_record *stack)
{
    char text[400];
    snprintf(text, sizeof text, "a stack %s is not the one that the unwinder finds: %u frames instead of %u, innermost 0x%lx", way,
             stack != NULL ? stack->native_count : 0u, walk->kept, (unsigned long)(walk->kept != 0 ? walk->instruction[0] : 0));
    log_complain(text);
    abort();
}

/* Does the depot have under this id what the unwinder finds now? */
static void verify(uint32_t id, const struct question *question, const struct stack_walk *asked, const char *way)
{
    struct stack_walk walk;
    walk.return_address = question->return_address;
    walk.eval_low = asked->eval_low;
    walk.eval_high = asked->eval_high;
    walk.own_low = asked->own_low;
    walk.own_high = asked->own_high;
    walk.depth = asked->depth;
    unwind(&walk);
    const struct python_frames *python = question->python;
    const struct stack_record *stack = tracker_record(&holdfast_tracker, SECTION_STACKS, id);
    uint32_t flags = (walk.truncated ? STACK_TRUNCATED_NATIVE : 0) | (python->truncated ? STACK_TRUNCATED_PYTHON : 0);
    if (stack == NULL || stack->native_count != walk.kept || stack->python_count != python->count || stack->flags != flags)
        tell_difference(way, &walk, stack);
    for (unsigned i = 0; i < stack->python_count + stack->native_count; i++) {
        uint64_t found = *(const uint64_t *)tracker_record(&holdfast_tracker, SECTION_WORDS, stack->first_word + i);
        if (found != (i < stack->python_count ? python->id[i] : word_of(walk.instruction[i - stack->python_count])))
            tell_difference(way, &walk, stack);
    }
}

void stack_tell_verified(void)
{
    if (!holdfast_options.verify_stacks)
        return;
    char text[200];
    snprintf(text, sizeof text, "stacks verified: %lu recalled, %lu walked, %lu unwound", (unsigned long)verified.recalled,
             (unsigned long)verified.walked, (unsigned long)verified.unwound);
    log_complain(text);
}

/* ---- taking a stack ------------------------------------------------------------------------------------------------------ */

static void ask(struct stack_walk *walk, const struct question *question)
{
    unsigned depth = holdfast_options.stack_depth;
    walk->return_address = question->return_address;
    elf_own_range(&walk->own_low, &walk->own_high);
    walk->depth = depth == 0 ? 1 : depth < DEPTH_LIMIT ? depth : DEPTH_LIMIT;
    if (question->python->count == 0 || !python_eval_range(&walk->eval_low, &walk->eval_high))
        walk->eval_low = walk->eval_high = 0;
}

/* Not one that is remembered. Noinline: its room on the stack is not the fast path's. */
static __attribute__((noinline)) uint32_t take_stack(const struct question *question)
{
    struct memory *memory = mine.memory != NULL ? mine.memory : memory_claim();
    uint64_t unloads = unloads_now();
    if (unloads_under_way(unloads))
        memory = NULL; /* nothing is certain, nothing is to be learnt */
    if (memory != NULL) {
        memory->unfinished = true;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        if (memory->unloads != unloads) {
            memory_clear(memory, true);
            memory->unloads = unloads;
        }
    }
    tracker_count(&holdfast_tracker, COUNTER_stacks_slow);
    struct stack_walk walk;
    uint64_t words[DEPTH_LIMIT];
    ask(&walk, question);
    bool walked = memory != NULL && stack_walk(&walk, memory->frame, (const uintptr_t *)(question->key_frame & ~(uintptr_t)1));
    if (!walked)
        unwind(&walk);
    for (unsigned i = 0; i < walk.kept; i++)
        words[i] = memory != NULL ? known_word(memory->frame, walk.instruction[i]) : word_of(walk.instruction[i]);
    const struct python_frames *python = question->python;
    uint32_t flags = (walk.truncated ? STACK_TRUNCATED_NATIVE : 0) | (python->truncated ? STACK_TRUNCATED_PYTHON : 0);
    uint32_t stack = tracker_stack(&holdfast_tracker, words, walk.kept, python->id, python->count, flags);
    if (stack != 0 && holdfast_options.verify_stacks) {
        verify(stack, question, &walk, "that was walked");
        *(walked ? &verified.walked : &verified.unwound) += 1;
    }
    if (memory == NULL)
        return stack;
    if (unloads_now() != unloads)
        memory->unloads = UINT64_MAX; /* what was learnt just now may be of either: forget all with the next stack */
    else if (walked && !walk.changeable && stack != 0)
        remember(memory, question, recall_native(memory, question->return_address, question->key_frame), &walk, stack);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    memory->unfinished = false;
    return stack;
}

/* The id of what is remembered under this question, 0 if nothing is. */
static inline __attribute__((always_inline)) uint32_t recall(struct memory *memory, uintptr_t return_address, uintptr_t key_frame,
                                                             const struct python_frames *python)
{
    if (unlikely(memory->unloads != unloads_now()))
        return 0;
    struct cached_stack *native = recall_native(memory, return_address, key_frame);
    if (unlikely(native == NULL))
        return 0;
    if (python->count == 0)
        return native->stack;
    if (likely(native->chain == python->chain && python->chain != 0))
        return native->chain_stack;
    uint32_t stack = recall_mix(memory, native, python);
    if (stack != 0) {
        native->chain = python->chain;
        native->chain_stack = stack;
    }
    return stack;
}

static unsigned depth_wanted(void)
{
    return holdfast_options.stack_depth != 0 ? holdfast_options.stack_depth : 1;
}

/* Not remembered, or the first of its thread, or to be verified. `frame`: of stack_here. */
static __attribute__((noinline, cold)) uint32_t take_slowly(uintptr_t return_address, uintptr_t frame)
{
    if (mine.ready == TAKING || holdfast_tracker.base == NULL)
        return 0;
    mine.ready = TAKING;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    int saved_errno = errno;
    struct python_frames python;
    python_frames(&python, depth_wanted());
    const struct question question = {return_address, frame | (python.count != 0), &python};
    uint32_t stack = mine.memory != NULL ? recall(mine.memory, return_address, question.key_frame, &python) : 0;
    if (stack == 0) {
        stack = take_stack(&question);
    } else {
        mine.memory->fast++;
        if (holdfast_options.verify_stacks) {
            struct stack_walk walk;
            ask(&walk, &question);
            verify(stack, &question, &walk, "that was recalled");
            verified.recalled++;
        }
    }
    errno = saved_errno;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    mine.ready = holdfast_options.verify_stacks ? NOT_READY : mine.memory;
    return stack;
}

/* Frames that need care, or that this stack was not met with the last time. */
static __attribute__((noinline)) uint32_t recall_frames(struct memory *memory, uintptr_t return_address, uintptr_t frame, const struct python_chain *chain)
{
    struct python_frames python;
    if (chain != NULL)
        python_chain_tell(chain, &python);
    else
        python_frames(&python, depth_wanted());
    return recall(memory, return_address, frame | (python.count != 0), &python);
}

/* What is remembered, with Python frames if there are any; 0: nothing. Apart, so that a process without Python saves no register for it. */
static __attribute__((noinline)) uint32_t recall_with_python(struct memory *memory, uintptr_t return_address, uintptr_t frame)
{
    const struct python_chain *chain = python_chain_recall(depth_wanted());
    if (likely(chain != NULL && chain->count != 0 && memory->unloads == unloads_now())) {
        const struct cached_stack *native = recall_native(memory, return_address, frame | 1);
        if (likely(native != NULL && native->chain == chain->number))
            return native->chain_stack;
    }
    return recall_frames(memory, return_address, frame, chain);
}

/* A process in which nobody has found an interpreter, and this is no question to look for one. */
static inline bool is_without_python(void)
{
    return python_way_now() == WAY_UNKNOWN && likely(!python_worth_a_look());
}

static inline __attribute__((always_inline)) uint32_t recall_without_python(struct memory *memory, uintptr_t return_address, uintptr_t frame)
{
    if (unlikely(memory->unloads != unloads_now()))
        return 0;
    const struct cached_stack *native = recall_native(memory, return_address, frame);
    return likely(native != NULL) ? native->stack : 0;
}

__attribute__((noinline)) uint32_t stack_here(uintptr_t return_address)
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    struct memory *memory = mine.ready;
    if (likely(memory > TAKING)) {
        mine.ready = TAKING;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        uint32_t stack = is_without_python() ? recall_without_python(memory, return_address, frame) : recall_with_python(memory, return_address, frame);
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        mine.ready = memory;
        if (likely(stack != 0)) {
            memory->fast++;
            return stack;
        }
    }
    uint32_t stack = take_slowly(return_address, frame);
    __asm__ volatile("" : "+r"(stack)); /* no jump: the frame must still be there */
    return stack;
}

uint32_t stack_of_caller(uintptr_t return_address)
{
    if (return_address == 0 || mine.ready == TAKING || holdfast_tracker.base == NULL)
        return 0;
    int saved_errno = errno;
    uint64_t word = word_of(return_address - 1);
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
    /* Of the threads only this one is here, under a new number. */
    for (unsigned i = 0; i < MEMORIES; i++) {
        struct memory *memory = atomic_load_explicit(&memories[i], memory_order_relaxed);
        if (memory != NULL)
            slot_after_fork_child(&memory->owner, memory == mine.memory, tracker_thread());
    }
    mine.ready = NOT_READY;
    unloads_after_fork_child();
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
    if (crash_is_reporting())
        return crash_native_name(address, path, name, name_bytes);
    if (dump_is_in_handler())
        return path;
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
