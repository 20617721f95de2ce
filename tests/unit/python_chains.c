/* The reader of Python frames and its cache (shim/python_frames.c, shim/python_code.c) against an interpreter that is made of bytes.
 *
 * For each form that frames come in a heap is built with code objects, strings, line tables and a chain of frames, and changed at random as an
 * interpreter would change it: calls, returns, steps, generators, code that dies and is born again at the same address, copies of code
 * that move, forks. After each step the frames must be those of the model, whether they were recalled or read.
 *
 * Then words of the heap are overwritten at random. What comes must be nothing, or what was there before the damage, or what a reading without any
 * memory finds; and nothing may crash.
 *
 * Fixed seeds; HOLDFAST_FUZZ_ROUNDS sets how many steps. With -DFUZZER it is a target for libFuzzer instead:
 *   clang -g -O1 -std=gnu17 -D_GNU_SOURCE -DFUZZER -fsanitize=fuzzer,address -Ishim -Itracker -Ibuild/shim tests/unit/python_chains.c shim/python_code.c
 */
#include "../../shim/python_frames.c"
#include <stdarg.h>

/* ---- stand-ins ------------------------------------------------------------------------------------------------------------ */

struct tracker holdfast_tracker;
struct options holdfast_options;
struct python_runtime python_found;
_Atomic int python_way;
static bool given_up;

void python_give_up_layout(void) { given_up = true; }
const struct python_runtime *python_runtime(bool insist) { (void)insist; return &python_found; }
enum python_way python_prove_layout(const uint8_t *thread) { (void)thread; return WAY_LAYOUT; }
void python_runtime_after_fork_child(void) {}
bool python_dump_frames(const struct python_runtime *python, void *thread, struct python_frames *out, unsigned depth)
{
    (void)python, (void)thread, (void)out, (void)depth;
    return false;
}
int32_t tracker_thread(void) { return (int32_t)syscall(SYS_gettid); }

/* Ids are places in a hash table of what was told, so that equal ids are equal frames. */
#define TOLD_SLOTS (1u << 18)
static struct told {
    char file[20], function[20];
    uint32_t line;
} told[TOLD_SLOTS];
static uint32_t told_count;

uint32_t tracker_python_frame(struct tracker *tracker, const char *file, size_t file_length, const char *function, size_t function_length,
                              uint32_t line)
{
    (void)tracker;
    struct told one = {.line = line};
    memcpy(one.file, file, file_length < sizeof one.file - 1 ? file_length : sizeof one.file - 1);
    memcpy(one.function, function, function_length < sizeof one.function - 1 ? function_length : sizeof one.function - 1);
    uint64_t hash = line;
    for (size_t i = 0; i < sizeof one.file; i++)
        hash = (hash ^ (uint8_t)one.file[i] ^ (uint64_t)(uint8_t)one.function[i] << 8) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t at = (uint32_t)(hash >> 40) % TOLD_SLOTS;
    for (; at == 0 || told[at].function[0] != '\0'; at = (at + 1) % TOLD_SLOTS)
        if (at != 0 && memcmp(&told[at], &one, sizeof one) == 0)
            return at;
    if (one.function[0] == '\0')
        one.function[0] = ' ';
    told[at] = one;
    told_count++;
    return at;
}

static void forget_told(void)
{
    if (told_count < TOLD_SLOTS / 4)
        return;
    memset(told, 0, sizeof told);
    told_count = 0;
    python_frames_after_fork_child(); /* what is remembered are ids of before */
}

/* ---- dice: random numbers, or the fuzzer's bytes ----------------------------------------------------------------------------- */

static uint64_t dice_state;
static const uint8_t *dice_bytes, *dice_end; /* the fuzzer's; NULL: dice_state */

static uint32_t dice(uint32_t sides)
{
    if (dice_bytes != NULL) {
        uint32_t value = 0;
        for (unsigned i = 0; i < (sides > 256 ? 4 : 1); i++)
            value = value << 8 | (dice_bytes < dice_end ? *dice_bytes++ : 0);
        return value % sides;
    }
    dice_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = (dice_state ^ dice_state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((mixed ^ mixed >> 31) % sides);
}

static __attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

/* ---- layouts ------------------------------------------------------------------------------------------------------------------ */

static const struct python_layout tabled[] = {PYTHON_LAYOUTS};
#define PUBLISHED                                                                                                     \
    .runtime_finalizing = 608, .runtime_interpreters = LAYOUT_NONE, .thread_cframe = LAYOUT_NONE, .frame_previous = 8,  \
    .frame_code = 0, .frame_instruction = 56, .instruction_unit = LAYOUT_NONE, .owners_with_code = 3
static const struct python_layout published[] = {
    {.minor = 13, PUBLISHED, PLAIN_HEAD, .thread_identity = 152, .thread_frame = 72, .frame_owner = 70, .code_file = 112, .code_name = 128,
     .code_lines = 136, .code_first_line = 68, .code_traceable = 184, .code_start = 200, .text_ascii = 40, .text_wide = 56},
    {.minor = 15, PUBLISHED, PLAIN_HEAD, .thread_identity = 176, .thread_frame = 80, .frame_owner = 74, .code_file = 112, .code_name = 128,
     .code_lines = 136, .code_first_line = 68, .code_traceable = 192, .code_start = 208, .text_ascii = 40, .text_wide = 56},
    /* 3.14, free-threaded: longer heads, copies of code */
    {.minor = 14, PUBLISHED, .object_type = 24, .object_bytes = 32, .type_dealloc = 64, .frame_copy = 72, .code_copies = 224,
     .bytes_start = 48, .text_state = 48, .text_kind_shift = 8, .thread_identity = 152, .thread_frame = 72, .frame_owner = 78,
     .code_file = 128, .code_name = 144, .code_lines = 152, .code_first_line = 84, .code_traceable = 208, .code_start = 232,
     .text_ascii = 56, .text_wide = 72},
};
#define LAYOUTS (sizeof tabled / sizeof tabled[0] + sizeof published / sizeof published[0])

static const struct python_layout *layout; /* the present one */

/* ---- the heap ------------------------------------------------------------------------------------------------------------------- */

#define CODES 10u
#define FRAMES 90u
#define UNITS 24u
#define CODE_ROOM 512u
#define FRAME_ROOM 128u
#define COPIES 3u

static struct heap {
    _Alignas(16) uint8_t thread[256], cframe[64], runtime[1024], code_type[512], text_type[512], bytes_type[512], interpreters[16];
    uint8_t frame[FRAMES][FRAME_ROOM];
    uint8_t code[CODES][CODE_ROOM];
    uint8_t file[CODES][128], name[CODES][128], lines[CODES][512];
    uint8_t copies[CODES][64];
    uint8_t copy[4096]; /* where copies of code lie, overlapping as time goes by */
    uint8_t beyond[1 << 19]; /* what a damaged length may lead to */
} *heap;

static void put(void *base, unsigned offset, uint64_t word)
{
    memcpy((uint8_t *)base + offset, &word, sizeof word);
}

static void put_number(void *base, unsigned offset, uint32_t number)
{
    memcpy((uint8_t *)base + offset, &number, sizeof number);
}

/* ---- the model ------------------------------------------------------------------------------------------------------------------ */

static struct model_code {
    char file[24], name[24];
    uint32_t line[UNITS];
    unsigned traceable;
    unsigned copy_at[COPIES]; /* in heap->copy */
} codes[CODES];

static struct model_frame {
    unsigned slot, code, unit, copy;
    uint8_t owner;
} chain[FRAMES]; /* outermost first */
static unsigned frames;
static bool slot_taken[FRAMES];
static unsigned births;

static bool has_owners(void) { return layout->frame_owner != LAYOUT_NONE; }
static bool has_marks(void) { return has_owners() && layout->minor >= 12; }
static bool is_mark(const struct model_frame *frame) { return frame->owner >= layout->owners_with_code; }

static void make_text(uint8_t *object, const char *text)
{
    size_t length = strlen(text);
    bool wide = false;
    for (size_t i = 0; i < length; i++)
        wide |= (uint8_t)text[i] >= 128;
    memset(object, 0, 128);
    put(object, layout->object_type, (uintptr_t)heap->text_type);
    put(object, LENGTH_OF(layout), length);
    put_number(object, layout->text_state, (TEXT_COMPACT | 1u | (wide ? 0 : TEXT_ASCII)) << layout->text_kind_shift);
    memcpy(object + (wide ? layout->text_wide : layout->text_ascii), text, length);
}

static unsigned put_varint(uint8_t *at, uint32_t value)
{
    unsigned used = 0;
    for (; value >= 64; value >>= 6)
        at[used++] = (uint8_t)(64 | (value & 63));
    at[used++] = (uint8_t)value;
    return used;
}

/* A line table of random forms, and what it says. */
static void make_lines(unsigned code)
{
    int64_t line = 1 + (int64_t)dice(5000);
    uint8_t *object = heap->lines[code], *at = object + layout->bytes_start;
    memset(object, 0, sizeof heap->lines[code]);
    put(object, layout->object_type, (uintptr_t)heap->bytes_type);
    put_number(heap->code[code], layout->code_first_line, (uint32_t)line);
    for (unsigned unit = 0; unit < UNITS;) {
        unsigned length = 1 + dice(UNITS - unit < 8 ? UNITS - unit : 8), form = dice(16), delta;
        *at++ = (uint8_t)(128 | form << 3 | (length - 1));
        if (form == 13 || form == 14) {
            delta = dice(2000);
            bool back = delta < line && dice(2);
            line += back ? -(int64_t)delta : (int64_t)delta;
            at += put_varint(at, delta << 1 | back);
            if (form == 14) {
                at += put_varint(at, dice(100));
                at += put_varint(at, dice(100));
                at += put_varint(at, dice(5000));
            }
        } else if (form >= 10 && form < 13) {
            line += form - 10;
            *at++ = (uint8_t)dice(128);
            *at++ = (uint8_t)dice(128);
        } else if (form < 10) {
            *at++ = (uint8_t)dice(128);
        }
        for (; length > 0; length--)
            codes[code].line[unit++] = form == 15 ? 0 : (uint32_t)line;
    }
    put(object, LENGTH_OF(layout), (uintptr_t)(at - object - layout->bytes_start));
}

static int stand_in_line_of(void *code, int byte_offset)
{
    size_t distance = (size_t)((uint8_t *)code - heap->code[0]);
    int unit = byte_offset / layout->instruction_unit;
    if (distance >= sizeof heap->code || unit < 0 || unit >= (int)UNITS)
        return -1;
    return (int)codes[distance / CODE_ROOM].line[unit];
}

static void place_copies(unsigned code)
{
    put(heap->copies[code], 0, COPIES);
    for (unsigned i = 0; i < COPIES; i++) {
        codes[code].copy_at[i] = 2 * dice(64);
        put(heap->copies[code], 8 + 8 * i, (uintptr_t)heap->copy + codes[code].copy_at[i]);
    }
}

static void birth(unsigned code)
{
    static const char *const files[] = {"a.py", "b.py", "\xe4\xf6.py"};
    struct model_code *model = &codes[code];
    uint8_t *object = heap->code[code];
    memset(object, 0, CODE_ROOM);
    /* Often a twin of what was there before. */
    const char *file = files[dice(3)];
    births += dice(2);
    snprintf(model->file, sizeof model->file, "%s", file);
    snprintf(model->name, sizeof model->name, "name%u", births % 50);
    make_text(heap->file[code], model->file);
    make_text(heap->name[code], model->name);
    put(object, layout->object_type, (uintptr_t)heap->code_type);
    put(object, 0, 1);
    put(object, layout->code_file, (uintptr_t)heap->file[code]);
    put(object, layout->code_name, (uintptr_t)heap->name[code]);
    if (layout->code_lines == LAYOUT_NONE) {
        for (unsigned unit = 0; unit < UNITS; unit++)
            model->line[unit] = 1 + dice(5000);
        return;
    }
    put(object, LENGTH_OF(layout), UNITS);
    put(object, layout->code_lines, (uintptr_t)heap->lines[code]);
    make_lines(code);
    model->traceable = dice(4);
    put_number(object, layout->code_traceable, model->traceable);
    if (layout->frame_copy != LAYOUT_NONE) {
        put(object, layout->code_copies, (uintptr_t)heap->copies[code]);
        place_copies(code);
    }
}

static void destroy(void *code) { put(code, 0, 0xdead); }

static void write_frame(unsigned index)
{
    struct model_frame *model = &chain[index];
    uint8_t *frame = heap->frame[model->slot], *code = heap->code[model->code];
    put(frame, layout->frame_previous, index == 0 ? 0 : (uintptr_t)heap->frame[chain[index - 1].slot]);
    if (has_owners())
        frame[layout->frame_owner] = model->owner;
    if (is_mark(model)) {
        put(frame, layout->frame_code, (uintptr_t)heap->runtime);
        put(frame, layout->frame_instruction, (uintptr_t)heap->runtime + 16);
        return;
    }
    put(frame, layout->frame_code, (uintptr_t)code | (layout->minor >= 14 ? dice(2) : 0));
    if (layout->instruction_unit != LAYOUT_NONE) {
        put_number(frame, layout->frame_instruction, model->unit * 2u / layout->instruction_unit);
        /* In 3.9 the index counts bytes, in 3.10 instructions of two. */
        if (layout->instruction_unit == 1)
            put_number(frame, layout->frame_instruction, model->unit);
        else
            put_number(frame, layout->frame_instruction, model->unit);
        return;
    }
    uint8_t *start = code + layout->code_start;
    if (layout->frame_copy != LAYOUT_NONE) {
        put_number(frame, layout->frame_copy, model->copy);
        start = heap->copy + codes[model->code].copy_at[model->copy];
    }
    put(frame, layout->frame_instruction, (uintptr_t)start + 2 * model->unit);
    frame[layout->frame_owner] = model->owner;
}

static void write_innermost(void)
{
    uint8_t *holder = heap->thread;
    if (layout->thread_cframe != LAYOUT_NONE) {
        put(heap->thread, layout->thread_cframe, (uintptr_t)heap->cframe);
        holder = heap->cframe;
    }
    put(holder, layout->thread_frame, frames == 0 ? 0 : (uintptr_t)heap->frame[chain[frames - 1].slot]);
}

static void *stand_in_thread(void) { return heap->thread; }
static int never_finalizing(void) { return 0; }

static void begin(const struct python_layout *chosen)
{
    if (heap == NULL)
        heap = mmap(NULL, sizeof *heap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(heap, 0, offsetof(struct heap, beyond));
    layout = chosen;
    frames = 0;
    memset(slot_taken, 0, sizeof slot_taken);
    python_found = (struct python_runtime){
        .layout = layout, .state = heap->runtime, .code_type = heap->code_type, .text_type = heap->text_type, .bytes_type = heap->bytes_type,
        .thread_of_gil_state = stand_in_thread, .is_finalizing = never_finalizing, .line_of = stand_in_line_of,
    };
    put(heap->code_type, layout->type_dealloc, (uintptr_t)destroy);
    python_watch_code_deaths(&python_found);
    python_way = WAY_LAYOUT;
    given_up = false;
    python_frames_after_fork_child(); /* whatever was remembered of another heap is forgotten */
    for (unsigned i = 0; i < CODES; i++)
        birth(i);
    write_innermost();
}

/* ---- steps of the interpreter ------------------------------------------------------------------------------------------------------ */

static void call(void)
{
    if (frames == FRAMES)
        return;
    unsigned slot = frames + dice(3); /* mostly the same address for the same depth, as on a real stack of frames */
    while (slot_taken[slot % FRAMES])
        slot++;
    struct model_frame *frame = &chain[frames];
    *frame = (struct model_frame){.slot = slot % FRAMES, .code = dice(CODES), .unit = dice(UNITS), .copy = dice(COPIES)};
    if (has_owners())
        frame->owner = (uint8_t)(has_marks() && dice(6) == 0 ? 3 : dice(3));
    if (dice(3) != 0)
        frame->unit = UNITS / 2;
    slot_taken[frame->slot] = true;
    frames++;
    write_frame(frames - 1);
}

static void leave(void)
{
    if (frames != 0)
        slot_taken[chain[--frames].slot] = false;
}

static bool runs(unsigned code)
{
    for (unsigned i = 0; i < frames; i++)
        if (chain[i].code == code && !is_mark(&chain[i]))
            return true;
    return false;
}

static void die_and_be_born(void)
{
    unsigned code = dice(CODES);
    /* What runs it is left, and run again at the same place: to the eye the same chain. */
    struct model_frame kept[FRAMES];
    unsigned count = frames, unit_kept = dice(2);
    memcpy(kept, chain, sizeof kept);
    if (runs(code) && !unit_kept)
        return;
    ((void (*)(void *))(uintptr_t)python_word(heap->code_type, layout->type_dealloc))(heap->code[code]);
    birth(code);
    memcpy(chain, kept, sizeof kept);
    frames = count;
    for (unsigned i = 0; i < frames; i++)
        write_frame(i);
}

static void step(void)
{
    forget_told();
    switch (dice(12)) {
    case 0: case 1: case 2: call(); break;
    case 3: case 4: leave(); break;
    case 5:
        if (frames != 0)
            chain[frames - 1].unit = dice(UNITS), write_frame(frames - 1);
        break;
    case 6: /* a frame further out ran on in between */
        if (frames != 0) {
            unsigned index = dice(frames);
            chain[index].unit = dice(UNITS);
            write_frame(index);
        }
        break;
    case 7: die_and_be_born(); break;
    case 8: /* the same frame, owned by another: a generator where there was a call */
        if (frames != 0 && has_owners()) {
            unsigned index = dice(frames);
            if (!is_mark(&chain[index]))
                chain[index].owner = (uint8_t)dice(3), write_frame(index);
        }
        break;
    case 9: /* one frame further out is left out, or another code runs there */
        if (frames > 2) {
            unsigned index = dice(frames);
            if (!is_mark(&chain[index]) && dice(2))
                chain[index].code = dice(CODES), write_frame(index);
            else if (index > 0 && index < frames - 1) {
                slot_taken[chain[index].slot] = false;
                memmove(&chain[index], &chain[index + 1], (frames - index - 1) * sizeof chain[0]);
                frames--;
                write_frame(index);
            }
        }
        break;
    case 10: /* copies of code move, and others come to lie at their place */
        if (layout->frame_copy != LAYOUT_NONE) {
            place_copies(dice(CODES));
            for (unsigned i = 0; i < frames; i++)
                write_frame(i);
        }
        break;
    default:
        if (dice(200) == 0)
            python_frames_after_fork_child();
        break;
    }
    write_innermost();
}

/* ---- what must come ------------------------------------------------------------------------------------------------------------------ */

struct expected {
    uint32_t count;
    bool truncated;
    uint32_t id[PYTHON_DEPTH_LIMIT];
};

static void expect(struct expected *out, unsigned depth)
{
    *out = (struct expected){.count = 0};
    for (unsigned i = frames; i-- > 0;) {
        const struct model_frame *frame = &chain[i];
        const struct model_code *code = &codes[frame->code];
        if (is_mark(frame) || (has_owners() && frame->owner != FRAME_OF_GENERATOR && frame->unit < code->traceable))
            continue;
        if (out->count == depth) {
            out->truncated = true;
            return;
        }
        char file[64] = "";
        for (size_t at = 0, used = 0; code->file[at] != '\0'; at++)
            used += python_put_code_point(file + used, (uint8_t)code->file[at]);
        out->id[out->count++] =
            tracker_python_frame(&holdfast_tracker, file, strlen(file), code->name, strlen(code->name), code->line[frame->unit]);
    }
}

static bool is_same(const struct expected *expected, const struct python_frames *came)
{
    return expected->count == came->count && expected->truncated == came->truncated &&
           memcmp(expected->id, came->id, came->count * sizeof *came->id) == 0;
}

static void print(const char *what, uint32_t count, bool truncated, const uint32_t *id)
{
    fprintf(stderr, "%s: %u frames%s\n", what, count, truncated ? ", truncated" : "");
    for (uint32_t i = 0; i < count; i++)
        fprintf(stderr, "  %s:%u %s\n", told[id[i]].file, told[id[i]].line, told[id[i]].function);
}

static unsigned some_depth(void)
{
    static const unsigned depths[] = {1, 5, 32, 64};
    return depths[dice(4)];
}

static void ask_and_compare(unsigned depth)
{
    struct python_frames came;
    struct expected expected;
    expect(&expected, depth);
    python_frames(&came, depth);
    if (given_up || !is_same(&expected, &came)) {
        print("expected", expected.count, expected.truncated, expected.id);
        print("came", came.count, came.truncated, came.id);
        fail("layout of 3.%u: the frames are not those of the thread%s", layout->minor, given_up ? ", reading was given up" : "");
    }
    struct python_frames same = came;
    same.hash = 0;
    finish(&same);
    if (same.hash != came.hash)
        fail("the hash is not that of these frames");
}

/* ---- damage -------------------------------------------------------------------------------------------------------------------------- */

static uint64_t bad_word(void)
{
    switch (dice(8)) {
    case 0: return 0;
    case 1: return dice(4096);
    case 2: return UINT64_C(0xdeadbeefdeadbeef) + dice(64);
    case 3: return (UINT64_C(1) << (47 + dice(17))) + dice(4096) * 8;
    case 4: return (uintptr_t)heap + dice(offsetof(struct heap, beyond) / 8) * 8;
    case 5: return (uintptr_t)heap + dice(offsetof(struct heap, beyond));
    case 6: return (uintptr_t)heap->frame[dice(FRAMES)];
    default: return (uintptr_t)heap->code[dice(CODES)];
    }
}

static void damage(void)
{
    static const size_t from = offsetof(struct heap, frame), to = offsetof(struct heap, copy);
    size_t at;
    if (dice(2) && frames != 0) /* where it hurts: a word of a frame of the chain */
        at = (size_t)(heap->frame[chain[dice(frames)].slot] - (uint8_t *)heap) + 8 * dice(FRAME_ROOM / 8);
    else if (dice(2))
        at = offsetof(struct heap, code) + dice(CODES) * CODE_ROOM + 8 * dice(32);
    else
        at = from + 8 * dice((uint32_t)((to - from) / 8));
    if (dice(4) == 0)
        ((uint8_t *)heap)[at + dice(8)] ^= (uint8_t)(1u << dice(8));
    else
        put(heap, (unsigned)at, bad_word());
}

static void ask_after_damage(const struct expected *before, unsigned depth)
{
    struct python_frames came, fresh;
    python_frames(&came, depth);
    if (given_up) {
        if (came.count != 0)
            fail("layout of 3.%u: reading was given up, and there are frames", layout->minor);
        return;
    }
    if (is_same(before, &came))
        return;
    /* The reader has told these frames at least: each must run a code object. */
    const uint8_t *frame = innermost_frame(layout, heap->thread, FORM_OTHER);
    for (uint32_t i = 0; i < came.count; i++, frame = (const uint8_t *)python_word(frame, layout->frame_previous)) {
        const uint8_t *code = (const uint8_t *)(python_word(frame, layout->frame_code) & ~UINT64_C(7));
        bool marks = has_owners() && frame[layout->frame_owner] >= layout->owners_with_code;
        if (!marks && python_word(code, layout->object_type) != (uintptr_t)heap->code_type)
            fail("layout of 3.%u: frame %u runs no code object, and was told", layout->minor, i);
    }
    uint8_t *holder = layout->thread_cframe != LAYOUT_NONE ? heap->cframe : heap->thread;
    read_frames(&python_found, (const uint8_t *)python_word(holder, layout->thread_frame), NULL, true, &fresh, depth);
    /* Of a code object whose name was damaged some frames may be known by the name it had. */
    bool fine = fresh.count == came.count && fresh.truncated == came.truncated;
    for (uint32_t i = 0; i < came.count && fine; i++)
        fine = came.id[i] == fresh.id[i] || (before->count == came.count && came.id[i] == before->id[i]);
    if (!fine) {
        print("before", before->count, before->truncated, before->id);
        print("fresh", fresh.count, fresh.truncated, fresh.id);
        print("came", came.count, came.truncated, came.id);
        fail("layout of 3.%u: after damage the frames are neither what was nor what is there", layout->minor);
    }
}

/* True: it was seen, and ended the reading. */
static bool round_of_damage(void)
{
    unsigned depth = some_depth();
    struct expected before;
    ask_and_compare(depth);
    expect(&before, depth);
    damage();
    ask_after_damage(&before, depth);
    bool seen = given_up;
    begin(layout);
    return seen;
}

/* ---- running ----------------------------------------------------------------------------------------------------------------------------- */

static const struct python_layout *some_layout(unsigned number)
{
    return number < sizeof tabled / sizeof tabled[0] ? &tabled[number] : &published[number - sizeof tabled / sizeof tabled[0]];
}

#ifdef FUZZER
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    dice_bytes = data;
    dice_end = data + bytes;
    begin(some_layout(dice(LAYOUTS)));
    while (dice_bytes < dice_end) {
        step();
        if (dice(16) == 0)
            round_of_damage();
        else
            ask_and_compare(some_depth());
    }
    return 0;
}
#else
int main(void)
{
    const char *wanted = getenv("HOLDFAST_FUZZ_ROUNDS");
    unsigned rounds = wanted != NULL ? (unsigned)atoi(wanted) : 40000;
    for (unsigned number = 0; number < LAYOUTS; number++) {
        struct python_frame_counts before = python_frame_counts();
        dice_state = number + 1;
        begin(some_layout(number));
        for (unsigned i = 0; i < rounds; i++) {
            step();
            unsigned depth = some_depth();
            ask_and_compare(depth);
            ask_and_compare(depth);
        }
        struct python_frame_counts after = python_frame_counts();
        uint64_t recalled = after.recalled - before.recalled, read = after.read - before.read;
        if (recalled < rounds || read < rounds / 8)
            fail("3.%u: %u rounds, %lu recalled, %lu read", layout->minor, rounds, recalled, read);
        printf("3.%u: %u chains, %lu recalled, %lu read", layout->minor, rounds, recalled, read);
        unsigned ended = 0, harmless = 0;
        for (unsigned i = 0; i < rounds; i++) {
            for (unsigned steps = 1 + dice(30); steps > 0; steps--)
                step();
            *(round_of_damage() ? &ended : &harmless) += 1;
        }
        printf(", %u damaged: %u seen to be\n", rounds, ended);
        if (ended < rounds / 50 || harmless < rounds / 50)
            fail("3.%u: damage ended the reading %u times of %u", layout->minor, ended, rounds);
    }
    return 0;
}
#endif
