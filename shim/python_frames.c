/* The Python frames of the calling thread, and the cache that knows a chain of frames again. See python.h.
 *
 * Any thread, with or without the GIL, except from a signal handler; no lock of Holdfast may be held (the depot and the dynamic
 * linker have locks of their own). Must not call anything of Python that allocates, raises or takes the GIL: of the
 * interpreter's functions only those are called that read a few words. No malloc. Leaves errno alone.
 *
 * Why it is safe to read frames without the GIL: a thread that runs a C function has a frame chain that nobody else changes,
 * each frame owns its code object, and a code object owns its strings, which never change. What can take them away is the end
 * of the interpreter: once it has begun, only the thread that ends it is asked for frames.
 *
 * Why a frame read here is right or absent: the layout was proven (python_runtime.c); each code object that was not met before must be
 * one, and its instruction one of its own, or reading frames is given up for good.
 *
 * What it survives when the program has damaged its frames: pointers that are null, small, misaligned, no addresses, or to nothing;
 * pointers to memory that holds something else; wrong owners, instructions, lengths, types; cycles. All of that ends the reading. What it does
 * not: memory that was there when it was read first, and is gone by the time when a damaged pointer leads there. Nor can it be seen that a
 * pointer was bent from one good frame to another. A chain that is recalled is one whose every word was looked at before, so nothing new
 * is followed there.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "python.h"
#include "context.h"
#include "python_layout.h"
#include "slots.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

static _Atomic uint64_t read_without_cache, dumped, uncertain;

static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- one frame --------------------------------------------------------------------------------------------------------- */

static unsigned frame_bytes, code_bytes; /* what is read of them lies within; no more, since memory may end right behind */

struct frame {
    const uint8_t *code;
    intptr_t byte_offset; /* of the instruction inside the code */
    uint8_t owner;
    bool visible;       /* the interpreter would show it */
    bool owner_decides; /* so it would or would not, at the same instruction, with another owner */
    bool passing;       /* the next moment it may look otherwise with the same words */
};

static uintptr_t instruction_word(const struct python_layout *layout, const uint8_t *frame)
{
    return layout->instruction_unit != LAYOUT_NONE ? (uintptr_t)(intptr_t)python_number(frame, layout->frame_instruction)
                                                   : python_word(frame, layout->frame_instruction);
}

/* Where the instructions begin that the frame runs; NULL: nowhere. The list of copies is replaced by a longer one when another thread
 * runs the code first, and the old one freed while this thread does not count as running Python: what was read of it holds if it is
 * the list still. */
static const uint8_t *code_start(const struct python_layout *layout, const uint8_t *frame, const uint8_t *code)
{
    if (layout->frame_copy == LAYOUT_NONE)
        return code + layout->code_start;
    int32_t copy = python_number(frame, layout->frame_copy);
    if (copy < 0 || copy > UINT16_MAX)
        return NULL;
    for (unsigned attempts = 0; attempts < 100; attempts++) {
        const uint8_t *copies = (const uint8_t *)__atomic_load_n((const uintptr_t *)(code + layout->code_copies), __ATOMIC_ACQUIRE);
        bool listed = python_is_address(copies) && python_is_readable(copies, 16u + 8u * (unsigned)copy) &&
                      (uintptr_t)copy < python_word(copies, 0);
        const uint8_t *start = listed ? (const uint8_t *)python_word(copies, 8u + 8u * (unsigned)copy) : NULL;
        atomic_thread_fence(memory_order_acquire);
        if (python_word(code, layout->code_copies) == (uintptr_t)copies)
            return start;
    }
    return NULL;
}

/* False: this is no frame. */
static bool frame_at(const struct python_runtime *python, const uint8_t *address, struct frame *frame)
{
    const struct python_layout *layout = python->layout;
    *frame = (struct frame){.code = NULL};
    if (!python_is_address(address) || !python_is_readable(address, frame_bytes))
        return false;
    if (layout->frame_owner != LAYOUT_NONE) {
        frame->owner = address[layout->frame_owner];
        if (frame->owner >= layout->owners_with_code) /* marks where C called Python */
            return frame->owner <= layout->owners_with_code + 1;
    }
    const uint8_t *code = (const uint8_t *)(python_word(address, layout->frame_code) & ~(uintptr_t)7);
    if (!python_is_address(code) || !python_is_readable(code, code_bytes) || python_word(code, layout->object_type) != (uintptr_t)python->code_type)
        return false;
    uintptr_t instruction = instruction_word(layout, address);
    if (layout->instruction_unit != LAYOUT_NONE) {
        frame->byte_offset = (intptr_t)instruction * layout->instruction_unit;
    } else {
        const uint8_t *start = code_start(layout, address, code);
        if (start == NULL)
            return false;
        frame->byte_offset = (intptr_t)(instruction - (uintptr_t)start);
    }
    if (!python_code_has(python, code, frame->byte_offset))
        return false;
    frame->code = code;
    frame->visible = true;
    if (layout->code_traceable != LAYOUT_NONE) {
        /* Still making its cells or its generator: the interpreter does not show such a frame. */
        bool complete = frame->byte_offset >= 2 * (intptr_t)python_number(code, layout->code_traceable);
        frame->visible = complete || frame->owner == FRAME_OF_GENERATOR;
        frame->owner_decides = !complete;
    }
    /* Up to 3.11 a frame is taken off the chain only after it was cleared: code that is being destroyed names its frame for a moment. */
    if (layout->minor <= 11 && (intptr_t)python_word(code, OBJECT_COUNT) <= 0) {
        frame->visible = false;
        frame->passing = true;
    }
    return true;
}

/* ---- the deaths of code objects ----------------------------------------------------------------------------------------
 *
 * A code object may die and another be made at its address, even with the same names and first line (exec in a loop, a
 * notebook cell run again). So the deaths of code objects are counted, all together and by address in DEATH_SLOTS counters: what is
 * remembered of a code object is right as long as the counter of its address stands where it stood then. The counters are raised before the
 * memory is free, the thread that asks runs the code it asks about, and a code object reaches another thread through the GIL
 * (free-threaded: through whatever lock or atomic word the program passes it by): so whoever runs a younger code object sees the raised
 * counters. tp_dealloc of the code type is where they are counted; should somebody put the old one back, nothing that is
 * remembered is used.
 *
 * The same counters make everything be forgotten in fork's child, whose depot may have begun anew. */

#define DEATH_SLOTS 256u
#define FORKED (UINT64_C(1) << 40)

static _Atomic uint64_t all_deaths;
static _Atomic uint64_t code_deaths[DEATH_SLOTS];
static void (*code_type_dealloc)(void *);
static const uintptr_t *dealloc_place; /* in the code type */
static const uintptr_t *finalizing_place;   /* in _PyRuntime */
static const uintptr_t *interpreters_place; /* in _PyRuntime: first, main; NULL: a thread runs under one state at a time */

static _Atomic uint64_t *deaths_at(const void *code)
{
    uintptr_t address = (uintptr_t)code >> 4;
    return &code_deaths[(address ^ address >> 8) % DEATH_SLOTS];
}

static uint64_t deaths_of(const void *code)
{
    return atomic_load_explicit(deaths_at(code), memory_order_acquire);
}

static void code_dies(void *code)
{
    atomic_fetch_add_explicit(deaths_at(code), 1, memory_order_release);
    atomic_fetch_add_explicit(&all_deaths, 1, memory_order_release);
    code_type_dealloc(code);
}

static bool deaths_are_seen(void)
{
    return __atomic_load_n(dealloc_place, __ATOMIC_RELAXED) == (uintptr_t)code_dies;
}

/* ---- (code, instruction) -> frame id -----------------------------------------------------------------------------------
 *
 * Entries are written by any thread: `sequence` is odd meanwhile, and a reader that saw it change has a miss. */

#define FRAME_SLOTS 2048u

struct known_frame {
    _Atomic uint32_t sequence;
    _Atomic uint32_t id; /* 0: empty */
    _Atomic uintptr_t code;
    _Atomic uint64_t deaths;
    _Atomic int32_t byte_offset;
};

static struct known_frame known_frames[FRAME_SLOTS];

static struct known_frame *frame_slot(const struct frame *frame)
{
    uint64_t mixed = ((uint64_t)(uintptr_t)frame->code ^ (uint64_t)(uint32_t)frame->byte_offset << 40) * UINT64_C(0x9e3779b97f4a7c15);
    return &known_frames[mixed >> 32 & (FRAME_SLOTS - 1)];
}

static uint32_t known_id(struct known_frame *entry, const struct frame *frame, uint64_t deaths)
{
    uint32_t before = atomic_load_explicit(&entry->sequence, memory_order_acquire);
    uint32_t id = atomic_load_explicit(&entry->id, memory_order_relaxed);
    bool same = atomic_load_explicit(&entry->code, memory_order_relaxed) == (uintptr_t)frame->code &&
                atomic_load_explicit(&entry->byte_offset, memory_order_relaxed) == (int32_t)frame->byte_offset &&
                atomic_load_explicit(&entry->deaths, memory_order_relaxed) == deaths;
    atomic_thread_fence(memory_order_acquire);
    uint32_t after = atomic_load_explicit(&entry->sequence, memory_order_relaxed);
    return same && before == after && (before & 1) == 0 ? id : 0;
}

static void remember_id(struct known_frame *entry, const struct frame *frame, uint64_t deaths, uint32_t id)
{
    uint32_t sequence = atomic_load_explicit(&entry->sequence, memory_order_relaxed);
    if ((sequence & 1) != 0 || !atomic_compare_exchange_strong_explicit(&entry->sequence, &sequence, sequence + 1,
                                                                        memory_order_acquire, memory_order_relaxed))
        return;
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&entry->code, (uintptr_t)frame->code, memory_order_relaxed);
    atomic_store_explicit(&entry->byte_offset, (int32_t)frame->byte_offset, memory_order_relaxed);
    atomic_store_explicit(&entry->deaths, deaths, memory_order_relaxed);
    atomic_store_explicit(&entry->id, id, memory_order_relaxed);
    atomic_store_explicit(&entry->sequence, sequence + 2, memory_order_release);
}

static uint32_t frame_id(const struct python_runtime *python, const struct frame *frame, uint64_t deaths)
{
    struct known_frame *entry = frame_slot(frame);
    uint32_t id = known_id(entry, frame, deaths);
    if (id == 0) {
        id = python_code_frame(python, frame->code, (int)frame->byte_offset);
        if (id != 0)
            remember_id(entry, frame, deaths, id);
    }
    return id;
}

/* ---- chains that were met before ------------------------------------------------------------------------------------------
 *
 * When are two chains the same? Start from the same innermost frame address. From 3.11 on an instruction is a pointer into its code
 * object, and a frame runs no other code as long as it lives: so where no code object died meanwhile, an equal instruction word means the
 * same code at the same line, and an equal `previous` word the same next frame address, where the same argument holds. Before 3.11
 * the instruction is an index: there the word that names the code is compared, too. With copies of code for each thread (free threading, 3.14)
 * the instruction alone says nothing either: there each frame is looked at as if it were new, and code and offset are compared.
 * What decides whether a frame is shown is told by the instruction as well, but for frames not yet complete: where there is one,
 * the owners are compared, too.
 *
 * Each thread has its own chains, so nothing here is shared while it is used. They lie in a mapping that belongs to a thread number; a thread
 * that has none takes one over whose thread is no more. (What is remembered there stays right: nothing in it says whose frames they were.)
 * There are THREADS_AT_MOST of them; who gets none reads its frames each time. */

#define LINK_LIMIT 76u /* frames of a chain, those that are not shown included */
#define CHAIN_SETS 16u
#define CHAIN_WAYS 4u /* so that the calls of one small loop do not drive each other out, whatever their addresses */
#define THREADS_AT_MOST 256u

#define NEVER UINT64_MAX

struct link {
    uintptr_t instruction, previous;
};

struct chain {
    struct python_chain told; /* its number: other frames, by whatever thread, get another one */
    uintptr_t innermost;   /* address of the innermost frame, 0: empty */
    uint64_t deaths;       /* of all code objects, when this was last known to be right; NEVER: to be looked at with care each time */
    uint64_t shown_deaths; /* the sum of deaths_of() over the frames shown; no counter ever goes down, so equal sums are equal counts */
    uint64_t hash;
    bool truncated, owners_decide;
    uint8_t depth; /* frames wanted */
    uint8_t links;
    struct link link[LINK_LIMIT]; /* innermost first; of a truncated chain up to the first frame that was left out */
    uint32_t id[PYTHON_DEPTH_LIMIT];
    uintptr_t code[LINK_LIMIT]; /* 0: marks where C called Python */
    intptr_t byte_offset[LINK_LIMIT]; /* only with copies of code */
    uint8_t owner[LINK_LIMIT];
    uint64_t apart; /* so that the first words of neighbours do not compete for the same line of the processor's cache */
};

struct chains {
    _Atomic int32_t owner; /* thread id, 0: nobody's */
    uint64_t recalled, read; /* written by the owner */
    uint8_t older[CHAIN_SETS];       /* the way that is replaced next */
    struct chain chain[CHAIN_SETS][CHAIN_WAYS];
};

static struct chains *_Atomic all_chains[THREADS_AT_MOST];
static __thread struct chains *own_chains __attribute__((tls_model("initial-exec")));
static __thread bool without_chains __attribute__((tls_model("initial-exec"))); /* there were none to be had */

/* The forms in which frames come, each with its offsets as constants: finding the innermost frame and the loop over the links are where
 * the time goes. */
#define FRAME_FORMS(X) X(FORM_3_9) X(FORM_3_10) X(FORM_3_11) X(FORM_3_12) X(FORM_3_13) X(FORM_OTHER) X(FORM_COPIES)
enum frame_form {
#define FORM(name) name,
    FRAME_FORMS(FORM)
#undef FORM
};

struct offsets {
    unsigned cframe, frame, previous, code, instruction;
    bool indexed;
};

static inline __attribute__((always_inline)) struct offsets offsets_of_form(const struct python_layout *layout, enum frame_form form)
{
    switch (form) {
    case FORM_3_9: return (struct offsets){LAYOUT_NONE, 24, 24, 32, 104, true};
    case FORM_3_10: return (struct offsets){LAYOUT_NONE, 24, 24, 32, 96, true};
    case FORM_3_11: return (struct offsets){56, 8, 48, 32, 56, false};
    case FORM_3_12: return (struct offsets){56, 0, 8, 0, 56, false};
    case FORM_3_13: return (struct offsets){LAYOUT_NONE, 72, 8, 0, 56, false};
    default:
        return (struct offsets){layout->thread_cframe, layout->thread_frame, layout->frame_previous, layout->frame_code,
                                layout->frame_instruction, layout->instruction_unit != LAYOUT_NONE};
    }
}

static enum frame_form form_of(const struct python_layout *layout)
{
    if (layout->frame_copy != LAYOUT_NONE)
        return FORM_COPIES;
    struct offsets real = offsets_of_form(layout, FORM_OTHER);
    for (enum frame_form form = FORM_3_9; form < FORM_OTHER; form++) {
        struct offsets offsets = offsets_of_form(layout, form);
        if (offsets.cframe == real.cframe && offsets.frame == real.frame && offsets.previous == real.previous &&
            offsets.code == real.code && offsets.instruction == real.instruction && offsets.indexed == real.indexed)
            return form;
    }
    return FORM_OTHER;
}

static inline __attribute__((always_inline)) bool links_hold(const struct chain *chain, const uint8_t *frame, unsigned previous,
                                                             unsigned instruction)
{
    const struct link *link = chain->link, *end = link + chain->links;
#define STEP                                                                                                          \
    if (python_word(frame, instruction) != link->instruction)                                                        \
        return false;                                                                                                \
    frame = (const uint8_t *)python_word(frame, previous);                                                           \
    if ((uintptr_t)frame != link->previous)                                                                          \
        return false;                                                                                                \
    link++;
    for (; end - link >= 4;) {
        STEP STEP STEP STEP
    }
    for (; link != end;) {
        STEP
    }
#undef STEP
    return true;
}

/* Before 3.11. */
static inline __attribute__((always_inline)) bool indexed_links_hold(const struct chain *chain, const uint8_t *frame, unsigned previous,
                                                                     unsigned code, unsigned index)
{
    for (unsigned i = 0; i < chain->links; i++) {
        if ((uintptr_t)(intptr_t)python_number(frame, index) != chain->link[i].instruction ||
            python_word(frame, code) != chain->code[i])
            return false;
        frame = (const uint8_t *)python_word(frame, previous);
        if ((uintptr_t)frame != chain->link[i].previous)
            return false;
    }
    return true;
}

static __attribute__((noinline)) bool copied_links_hold(const struct python_runtime *python, const struct chain *chain,
                                                        const uint8_t *address)
{
    for (unsigned i = 0; i < chain->links; i++) {
        struct frame frame;
        if (!frame_at(python, address, &frame) || (uintptr_t)frame.code != chain->code[i] || frame.owner != chain->owner[i] ||
            frame.byte_offset != chain->byte_offset[i])
            return false;
        address = (const uint8_t *)python_word(address, python->layout->frame_previous);
        if ((uintptr_t)address != chain->link[i].previous)
            return false;
    }
    return true;
}

static __attribute__((noinline)) bool owners_hold(const struct python_layout *layout, const struct chain *chain, const uint8_t *frame)
{
    for (unsigned i = 0; i < chain->links; i++) {
        if (frame[layout->frame_owner] != chain->owner[i])
            return false;
        frame = (const uint8_t *)python_word(frame, layout->frame_previous);
    }
    return true;
}

/* A code object died since, most likely none of these. */
static __attribute__((noinline)) bool codes_live(const struct python_layout *layout, struct chain *chain, const uint8_t *frame,
                                                 uint64_t deaths)
{
    uint64_t shown_deaths = 0;
    for (unsigned i = 0; i < chain->links; i++) {
        if (chain->code[i] != 0) {
            if ((python_word(frame, layout->frame_code) & ~(uintptr_t)7) != chain->code[i])
                return false;
            shown_deaths += deaths_of((const void *)chain->code[i]);
        }
        frame = (const uint8_t *)python_word(frame, layout->frame_previous);
    }
    if (shown_deaths != chain->shown_deaths)
        return false;
    if (chain->deaths != NEVER)
        chain->deaths = deaths;
    return true;
}

static inline struct chain (*chain_set(struct chains *mine, const uint8_t *innermost, uintptr_t instruction))[CHAIN_WAYS]
{
    uint64_t mixed = ((uintptr_t)innermost ^ instruction << 17) * UINT64_C(0x9e3779b97f4a7c15);
    return &mine->chain[mixed >> 60];
}
_Static_assert(CHAIN_SETS == 1u << (64 - 60), "chain_set takes that many bits");

static inline __attribute__((always_inline)) uintptr_t instruction_at(const uint8_t *frame, struct offsets at)
{
    return at.indexed ? (uintptr_t)(intptr_t)python_number(frame, at.instruction) : python_word(frame, at.instruction);
}

static inline __attribute__((always_inline)) bool links_of_form_hold(const struct chain *chain, const uint8_t *innermost,
                                                                     struct offsets at, enum frame_form form)
{
    return form == FORM_COPIES ? copied_links_hold(&python_found, chain, innermost)
           : at.indexed        ? indexed_links_hold(chain, innermost, at.previous, at.code, at.instruction)
                               : links_hold(chain, innermost, at.previous, at.instruction);
}

/* The chain that begins with this frame, if it is remembered and still the same. Looks at whatever needs care. */
static __attribute__((noinline)) const struct chain *recall_with_care(struct chains *mine, const uint8_t *innermost, unsigned depth)
{
    const struct python_layout *layout = python_found.layout;
    enum frame_form form = layout->frame_copy != LAYOUT_NONE ? FORM_COPIES : FORM_OTHER;
    struct offsets at = offsets_of_form(layout, form);
    uint64_t deaths = atomic_load_explicit(&all_deaths, memory_order_acquire);
    struct chain *chain = *chain_set(mine, innermost, instruction_at(innermost, at));
    for (unsigned way = 0; way < CHAIN_WAYS; way++, chain++)
        if (chain->innermost == (uintptr_t)innermost && chain->depth == depth && links_of_form_hold(chain, innermost, at, form) &&
            codes_live(layout, chain, innermost, deaths) && (!chain->owners_decide || owners_hold(layout, chain, innermost)))
            return chain;
    return NULL;
}

/* ---- whose chains ----------------------------------------------------------------------------------------------------------- */

static struct chains *make_chains(_Atomic(struct chains *) *slot, int32_t thread)
{
    struct chains *made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *none = NULL;
    if (made == MAP_FAILED)
        return NULL;
    atomic_store_explicit(&made->owner, thread, memory_order_relaxed);
    if (atomic_compare_exchange_strong_explicit(slot, &none, made, memory_order_acq_rel, memory_order_relaxed))
        return made;
    munmap(made, sizeof *made);
    return NULL;
}

static __attribute__((noinline, cold)) void find_chains(void)
{
    int saved_errno = errno;
    int32_t thread = tracker_thread();
    for (unsigned i = 0; i < THREADS_AT_MOST && own_chains == NULL; i++) {
        struct chains *chains = atomic_load_explicit(&all_chains[i], memory_order_acquire);
        if (chains == NULL)
            own_chains = make_chains(&all_chains[i], thread);
        else if (slot_take(&chains->owner, thread))
            own_chains = chains;
    }
    without_chains = own_chains == NULL;
    errno = saved_errno;
}

/* ---- the whole chain -------------------------------------------------------------------------------------------------------- */

#define HIDDEN_FRAMES 4096u /* a chain with more frames that are not shown is no chain */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static void no_frames(struct python_frames *out)
{
    out->count = 0;
    out->truncated = false;
    out->hash = out->chain = 0;
    out->id = out->room;
}

static void finish(struct python_frames *out)
{
    if (out->count == 0 && !out->truncated)
        return;
    uint64_t hash = mix(out->count, out->truncated);
    for (uint32_t i = 0; i < out->count; i++)
        hash = mix(hash, out->id[i]);
    out->hash = hash;
}

static void note_link(struct chain *chain, const struct frame *frame, uintptr_t instruction, uintptr_t previous, uint64_t deaths)
{
    unsigned i = chain->links++;
    chain->link[i] = (struct link){instruction, previous};
    chain->code[i] = (uintptr_t)frame->code;
    chain->byte_offset[i] = frame->byte_offset;
    chain->owner[i] = frame->owner;
    chain->owners_decide |= frame->owner_decides;
    chain->shown_deaths += deaths;
}

/* Read all frames. With `chain`, an empty one, remember them there if they may be; with `anew`, make use of nothing remembered. */
static __attribute__((noinline)) void read_frames(const struct python_runtime *python, const uint8_t *innermost, struct chain *chain,
                                                  bool anew, struct python_frames *out, unsigned depth)
{
    const struct python_layout *layout = python->layout;
    uint64_t all = atomic_load_explicit(&all_deaths, memory_order_acquire);
    uint32_t *id = chain != NULL ? chain->id : out->room;
    no_frames(out);
    bool seen = !anew && deaths_are_seen(), ended = false;
    unsigned hidden = 0;
    out->id = id;
    if (chain != NULL) {
        chain->links = 0;
        chain->shown_deaths = 0;
        chain->owners_decide = false;
    }
    for (const uint8_t *address = innermost; address != NULL && !ended;) {
        struct frame frame;
        if (!frame_at(python, address, &frame) || hidden == HIDDEN_FRAMES) {
            python_give_up_layout();
            count(&uncertain);
            no_frames(out);
            return;
        }
        uint64_t deaths = frame.code != NULL ? deaths_of(frame.code) : 0;
        const uint8_t *previous = (const uint8_t *)python_word(address, layout->frame_previous);
        if (chain != NULL && (frame.passing || chain->links == LINK_LIMIT))
            chain = NULL;
        if (chain != NULL)
            note_link(chain, &frame, instruction_word(layout, address), (uintptr_t)previous, deaths);
        address = previous;
        if (!frame.visible) {
            hidden++;
            continue;
        }
        if (out->count == depth) {
            out->truncated = true;
            break;
        }
        uint32_t found = seen ? frame_id(python, &frame, deaths) : python_code_frame(python, frame.code, (int)frame.byte_offset);
        if (found == 0) { /* the depot is full */
            out->truncated = true;
            chain = NULL;
            continue;
        }
        id[out->count++] = found;
    }
    finish(out);
    if (chain == NULL || !seen || chain->links == 0)
        return;
    chain->told.count = out->count;
    chain->truncated = out->truncated;
    chain->depth = (uint8_t)depth;
    chain->hash = out->hash;
    chain->deaths = chain->owners_decide || holdfast_options.verify_stacks ? NEVER : all;
    static _Atomic uint64_t numbers;
    out->chain = chain->told.number = atomic_fetch_add_explicit(&numbers, 1, memory_order_relaxed) + 1;
    chain->innermost = (uintptr_t)innermost;
}

/* For tests: what was recalled, read once more by every means but the cache. */
static __attribute__((noinline, cold)) void verify(const struct python_runtime *python, const uint8_t *innermost,
                                                   const struct python_frames *recalled, unsigned depth)
{
    struct python_frames fresh;
    read_frames(python, innermost, NULL, true, &fresh, depth);
    if (fresh.count == recalled->count && fresh.truncated == recalled->truncated && fresh.hash == recalled->hash &&
        memcmp(fresh.id, recalled->id, fresh.count * sizeof *fresh.id) == 0)
        return;
    char text[200];
    int length = snprintf(text, sizeof text, "Holdfast: the Python frames that were recalled are not those of the thread (%u, %u)\n",
                          recalled->count, fresh.count);
    if (write(STDERR_FILENO, text, (size_t)length) == length)
        abort();
    abort();
}

static __attribute__((noinline)) void read_and_remember(const struct python_runtime *python, const uint8_t *innermost,
                                                        struct python_frames *out, unsigned depth)
{
    if (own_chains == NULL && !without_chains)
        find_chains();
    struct chain *chain = NULL;
    if (own_chains != NULL && python_is_address(innermost)) {
        struct chain(*set)[CHAIN_WAYS] = chain_set(own_chains, innermost, instruction_word(python->layout, innermost));
        uint8_t *older = &own_chains->older[set - own_chains->chain];
        chain = &(*set)[*older];
        *older = (uint8_t)((*older + 1) % CHAIN_WAYS);
        chain->innermost = 0;
        own_chains->read++;
    } else {
        count(&read_without_cache);
    }
    read_frames(python, innermost, chain, false, out, depth);
}

/* ---- which thread state ------------------------------------------------------------------------------------------------------ */

/* Before 3.12, with subinterpreters, a thread may run under another state than the first one it got. Only whoever holds the GIL can tell:
 * the state that holds it, if it is this thread's. Without the GIL there is no telling. */
static __attribute__((noinline)) const uint8_t *thread_of_many(const struct python_runtime *python)
{
    const uint8_t *holder = python->thread_with_gil();
    if (holder != NULL && python_word(holder, python->layout->thread_identity) == (uintptr_t)pthread_self())
        return holder;
    count(&uncertain);
    return NULL;
}

/* The thread state whose frames are those of the calling thread; NULL when there is none that may be read. */
static inline const uint8_t *this_thread(const struct python_runtime *python)
{
    /* Safe before initialisation and after finalisation: it is NULL then. Since 3.12 it is the state that the thread last ran under. */
    const uint8_t *thread = python->thread_of_gil_state();
    const uintptr_t *interpreters = interpreters_place;
    if (interpreters != NULL && unlikely(__atomic_load_n(&interpreters[0], __ATOMIC_RELAXED) != __atomic_load_n(&interpreters[1], __ATOMIC_RELAXED)))
        thread = thread_of_many(python);
    /* Finalisation frees the states of all threads but its own, also of those that are still busy in C. */
    uintptr_t finalizing = __atomic_load_n(finalizing_place, __ATOMIC_RELAXED);
    if (unlikely(finalizing != 0) && finalizing != (uintptr_t)thread)
        return NULL;
    return thread;
}

static inline __attribute__((always_inline)) const uint8_t *innermost_frame(const struct python_layout *layout, const uint8_t *thread,
                                                                            enum frame_form form)
{
    struct offsets at = offsets_of_form(layout, form);
    const uint8_t *holder = thread;
    if (at.cframe != LAYOUT_NONE)
        holder = (const uint8_t *)python_word(thread, at.cframe);
    return holder == NULL ? NULL : (const uint8_t *)python_word(holder, at.frame);
}

/* ---- what the others call -------------------------------------------------------------------------------------------------- */

static void dump_frames(const struct python_runtime *python, struct python_frames *out, unsigned depth)
{
    void *thread = python->thread_of_gil_state();
    if (thread == NULL)
        return;
    bool sure = python->is_finalizing() == 0 && (!python->many_states || python->first_interpreter() == python->main_interpreter());
    if (!sure || !python_dump_frames(python, thread, out, depth)) {
        count(&uncertain);
        return;
    }
    count(&dumped);
    finish(out);
}

__thread uint32_t python_questions __attribute__((tls_model("initial-exec")));

/* Whatever is not the usual case. */
static __attribute__((noinline)) void frames_otherwise(struct python_frames *out, unsigned depth)
{
    no_frames(out);
    const struct python_runtime *python = python_runtime(true); /* python_frames() found it worth a look */
    if (python == NULL)
        return;
    enum python_way way = python_way_now();
    if (way == WAY_UNPROVEN) {
        const uint8_t *thread = this_thread(python);
        if (thread == NULL || innermost_frame(python->layout, thread, FORM_OTHER) == NULL)
            return;
        way = python_prove_layout(thread);
    }
    if (way == WAY_LAYOUT)
        python_frames(out, depth);
    else if (way == WAY_DUMP)
        dump_frames(python, out, depth);
}

static inline void tell_chain(struct chains *mine, const struct chain *chain, struct python_frames *out)
{
    python_chain_tell(&chain->told, out);
    mine->recalled++;
}

/* What frames_of_form() could not tell at once. */
static __attribute__((noinline)) void frames_with_care(const uint8_t *innermost, struct python_frames *out, unsigned depth)
{
    struct chains *mine = own_chains;
    const struct chain *chain =
        mine != NULL && python_is_address(innermost) && deaths_are_seen() ? recall_with_care(mine, innermost, depth) : NULL;
    if (chain == NULL) {
        read_and_remember(&python_found, innermost, out, depth);
        return;
    }
    tell_chain(mine, chain, out);
    if (holdfast_options.verify_stacks)
        verify(&python_found, innermost, out, depth);
}

/* The chain of this thread, if nothing about it needs care. */
static inline __attribute__((always_inline)) const struct chain *chain_of_form(const uint8_t *innermost, unsigned depth, enum frame_form form)
{
    struct chains *mine = own_chains;
    if (likely(mine != NULL) && likely(python_is_address(innermost)) && likely(deaths_are_seen())) {
        struct offsets at = offsets_of_form(python_found.layout, form);
        uint64_t deaths = atomic_load_explicit(&all_deaths, memory_order_acquire);
        const struct chain *chain = *chain_set(mine, innermost, instruction_at(innermost, at));
        for (unsigned way = 0; way < CHAIN_WAYS; way++, chain++)
            if (chain->innermost == (uintptr_t)innermost && likely(chain->deaths == deaths) && likely(chain->depth == depth) &&
                links_of_form_hold(chain, innermost, at, form))
                return chain;
    }
    return NULL;
}

/* The rest of python_frames(). The way back from the usual case is without a call, so that no register is saved for one. */
static inline __attribute__((always_inline)) void frames_of_form(const uint8_t *thread, struct python_frames *out, unsigned depth,
                                                                 enum frame_form form)
{
    const uint8_t *innermost = innermost_frame(python_found.layout, thread, form);
    if (unlikely(innermost == NULL)) {
        no_frames(out);
        return;
    }
    const struct chain *chain = chain_of_form(innermost, depth, form);
    if (likely(chain != NULL))
        tell_chain(own_chains, chain, out);
    else
        frames_with_care(innermost, out, depth);
}

typedef void frames_function(const uint8_t *thread, struct python_frames *out, unsigned depth);

#define FORM(name)                                                                                                   \
    static __attribute__((noinline)) void frames_##name(const uint8_t *thread, struct python_frames *out, unsigned depth) \
    {                                                                                                                \
        frames_of_form(thread, out, depth, name);                                                                    \
    }
FRAME_FORMS(FORM)
#undef FORM

typedef const struct python_chain *chain_function(const uint8_t *thread, unsigned depth);

#define FORM(name)                                                                                                   \
    static __attribute__((noinline)) const struct python_chain *chain_##name(const uint8_t *thread, unsigned depth)  \
    {                                                                                                                \
        const uint8_t *innermost = innermost_frame(python_found.layout, thread, name);                               \
        const struct chain *chain = likely(innermost != NULL) ? chain_of_form(innermost, depth, name) : NULL;        \
        if (unlikely(chain == NULL))                                                                                 \
            return NULL;                                                                                             \
        own_chains->recalled++;                                                                                      \
        return &chain->told;                                                                                         \
    }
FRAME_FORMS(FORM)
#undef FORM

static chain_function *const chain_functions[] = {
#define FORM(name) chain_##name,
    FRAME_FORMS(FORM)
#undef FORM
};
static chain_function *chain_of_thread; /* as frames_of_thread */

static frames_function *const functions[] = {
#define FORM(name) frames_##name,
    FRAME_FORMS(FORM)
#undef FORM
};
static frames_function *frames_of_thread; /* one of these, before python_way says WAY_UNPROVEN */

void python_frames(struct python_frames *out, unsigned depth)
{
    if (unlikely(depth > PYTHON_DEPTH_LIMIT))
        depth = PYTHON_DEPTH_LIMIT;
    enum python_way way = python_way_now();
    if (unlikely(way != WAY_LAYOUT)) {
        if (way == WAY_UNKNOWN && !python_worth_a_look())
            no_frames(out);
        else
            frames_otherwise(out, depth);
        return;
    }
    const uint8_t *thread = this_thread(&python_found);
    if (unlikely(thread == NULL)) {
        no_frames(out);
        return;
    }
    frames_of_thread(thread, out, depth);
}

const struct python_chain *python_chain_recall(unsigned depth)
{
    if (unlikely(python_way_now() != WAY_LAYOUT || depth > PYTHON_DEPTH_LIMIT))
        return NULL;
    const uint8_t *thread = this_thread(&python_found);
    return likely(thread != NULL) ? chain_of_thread(thread, depth) : NULL;
}

void python_chain_tell(const struct python_chain *told, struct python_frames *out)
{
    const struct chain *chain = (const struct chain *)told; /* its first member */
    out->count = told->count;
    out->truncated = chain->truncated;
    out->hash = chain->hash;
    out->chain = told->number;
    out->id = chain->id;
}

struct python_frame_counts python_frame_counts(void)
{
    struct python_frame_counts counts = {
        .read = atomic_load_explicit(&read_without_cache, memory_order_relaxed),
        .dumped = atomic_load_explicit(&dumped, memory_order_relaxed),
        .uncertain = atomic_load_explicit(&uncertain, memory_order_relaxed),
    };
    for (unsigned i = 0; i < THREADS_AT_MOST; i++) {
        const struct chains *chains = atomic_load_explicit(&all_chains[i], memory_order_acquire);
        if (chains == NULL)
            continue;
        counts.recalled += __atomic_load_n(&chains->recalled, __ATOMIC_RELAXED);
        counts.read += __atomic_load_n(&chains->read, __ATOMIC_RELAXED);
    }
    return counts;
}

static void reach(unsigned *bytes, unsigned offset, unsigned field_bytes)
{
    if (offset != LAYOUT_NONE && offset + field_bytes > *bytes)
        *bytes = offset + field_bytes;
}

void python_watch_code_deaths(const struct python_runtime *python)
{
    const struct python_layout *layout = python->layout;
    if (layout == NULL)
        return;
    frame_bytes = code_bytes = 0;
    reach(&frame_bytes, layout->frame_previous, 8);
    reach(&frame_bytes, layout->frame_code, 8);
    reach(&frame_bytes, layout->frame_instruction, layout->instruction_unit == LAYOUT_NONE ? 8 : 4);
    reach(&frame_bytes, layout->frame_owner, 1);
    reach(&frame_bytes, layout->frame_copy, 4);
    reach(&code_bytes, layout->object_type, 8);
    reach(&code_bytes, layout->code_file, 8);
    reach(&code_bytes, layout->code_name, 8);
    reach(&code_bytes, layout->code_lines, 8);
    reach(&code_bytes, layout->code_copies, 8);
    reach(&code_bytes, layout->code_traceable, 4);
    frames_of_thread = functions[form_of(layout)];
    chain_of_thread = chain_functions[form_of(layout)];
    if (layout->runtime_interpreters != LAYOUT_NONE)
        interpreters_place = (const uintptr_t *)(python->state + layout->runtime_interpreters);
    finalizing_place = (const uintptr_t *)(python->state + layout->runtime_finalizing);
    dealloc_place = (const uintptr_t *)(python->code_type + layout->type_dealloc);
    code_type_dealloc = (void (*)(void *))python_word(python->code_type, layout->type_dealloc);
    __atomic_store_n((uintptr_t *)(python->code_type + layout->type_dealloc), (uintptr_t)code_dies, __ATOMIC_RELEASE);
}

void python_frames_after_fork_child(void)
{
    python_runtime_after_fork_child();
    atomic_fetch_add(&all_deaths, FORKED);
    for (unsigned i = 0; i < DEATH_SLOTS; i++)
        atomic_fetch_add_explicit(&code_deaths[i], FORKED, memory_order_relaxed);
    /* Entries that another thread was writing when the process forked. */
    for (unsigned i = 0; i < FRAME_SLOTS; i++)
        if (atomic_load_explicit(&known_frames[i].sequence, memory_order_relaxed) & 1) {
            atomic_store_explicit(&known_frames[i].id, 0, memory_order_relaxed);
            atomic_fetch_add_explicit(&known_frames[i].sequence, 1, memory_order_relaxed);
        }
    /* The thread that forked has another number here; the others are gone. */
    for (unsigned i = 0; i < THREADS_AT_MOST; i++) {
        struct chains *chains = atomic_load_explicit(&all_chains[i], memory_order_relaxed);
        if (chains != NULL)
            slot_after_fork_child(&chains->owner, chains == own_chains, tracker_thread());
    }
}
