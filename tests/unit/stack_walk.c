/* Walks of made-up stacks, and the comparison of their words after the memory was damaged at random.
 *
 * The code under test is shim/stack_walk.c alone. Its rows come from here: for each code address a row in any of the shapes there are. A stack
 * is laid out in a buffer between pages that nobody may touch, with old return addresses and frame pointers as its litter. A second walk,
 * written here for the purpose, looks at each place before it reads it, and is what must come:
 *
 *   1. stack_walk() finds the same frames, or says that it cannot;
 *   2. after any damage, words that compare as unchanged mean that a walk would find the same frames again;
 *   3. words that were not damaged compare as unchanged;
 *   4. the comparison reads no place that a walk would not read: it stays inside the buffer, also when the upper part of it is gone.
 *
 * As a program: a number of random inputs from a fixed seed, 200000 unless its argument says otherwise. With clang -fsanitize=fuzzer
 * -DLIBFUZZER: a fuzz target.
 */
#include "../../shim/stack_walk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096u
#define PAGES 4u
#define WORDS (PAGE * PAGES / 8)
#define CODES 24u

static uintptr_t *low;               /* the buffer */
static size_t readable = WORDS;      /* words of it that are there */
static struct unwind_row rows[CODES];
static struct known_frame known[KNOWN_FRAMES];

/* ---- input -------------------------------------------------------------------------------------------------------------- */

static const uint8_t *input;
static size_t left;

static unsigned take(unsigned below)
{
    unsigned value = 0;
    for (unsigned i = 0; i < 2; i++)
        value = value << 8 | (left > 0 ? (left--, (unsigned)*input++) : 0u);
    return value % below;
}

/* ---- code --------------------------------------------------------------------------------------------------------------- */

/* Some share a slot in the table of known frames. */
static uintptr_t code_at(unsigned number)
{
    return 0x10000000u + (number / 4) * 64u + (number % 4) * KNOWN_FRAMES * 0x100000u;
}

static int number_of(uintptr_t instruction)
{
    for (unsigned i = 0; i < CODES; i++)
        if (instruction == code_at(i))
            return (int)i;
    return -1;
}

struct unwind_row unwind_row_at(uintptr_t instruction)
{
    int number = number_of(instruction);
    return number >= 0 ? rows[number] : (struct unwind_row){.kind = ROW_NONE};
}

static int32_t some_offset(unsigned kinds)
{
    return 8 * (int32_t)take(kinds);
}

static void make_rows(void)
{
    for (unsigned i = 0; i < CODES; i++) {
        struct unwind_row *row = &rows[i];
        unsigned kind = take(32);
        memset(row, 0, sizeof *row);
        row->kind = kind == 0 ? ROW_NONE : kind == 1 ? ROW_END : kind == 2 ? ROW_ELABORATE : ROW_PLAIN;
        row->cfa = (take(4) != 0 ? (unsigned)CFA_SP : take(4)) & 15u;
        row->cfa_offset = row->cfa == CFA_SP ? 8 + some_offset(12) : row->cfa == CFA_FP ? 16 : some_offset(6) - 16;
        row->signal = take(16) == 0;
        row->return_place = (uint8_t)(take(24) == 0 ? PLACE_NONE : row->signal ? PLACE_SP : PLACE_CFA);
        row->return_offset = row->return_place == PLACE_CFA ? -8 : some_offset(8);
        row->fp_place = (uint8_t)(take(2) == 0 ? PLACE_NONE : take(6) == 0 ? 1 + take(3) : PLACE_CFA);
        row->fp_offset = row->fp_place == PLACE_CFA ? -16 - some_offset(4) : some_offset(6);
    }
}

/* ---- the walk that must come -------------------------------------------------------------------------------------------------- */

struct expected {
    bool possible; /* it can be walked by rows */
    bool outside;  /* it would leave the buffer */
    bool truncated, changeable;
    unsigned kept;
    uintptr_t instruction[DEPTH_LIMIT];
};

static uintptr_t look(struct expected *expected, uintptr_t place)
{
    uintptr_t start = (uintptr_t)low;
    if (place < start || place > start + readable * 8 - 8 || (place - start) % 8 != 0) {
        expected->outside = true;
        return 0;
    }
    return low[(place - start) / 8];
}

static uintptr_t place_of(unsigned where, int32_t offset, uintptr_t cfa, uintptr_t sp, uintptr_t fp)
{
    return (where == PLACE_CFA ? cfa : where == PLACE_SP ? sp : fp) + (uintptr_t)(intptr_t)offset;
}

static struct expected expect(const struct stack_walk *asked, const uintptr_t *frame)
{
    struct expected expected = {.possible = true};
    uintptr_t sp = (uintptr_t)(frame + 2), fp_place = (uintptr_t)frame, address = look(&expected, (uintptr_t)(frame + 1));
    bool begun = false, interrupted = false;
    for (unsigned own = 1; !expected.outside; own++) {
        if (address == 0)
            break;
        begun |= address == asked->return_address;
        /* Frames of signals may lead in a circle; each frame that is walked costs a word, and of those there are so many. */
        if ((!begun && own > OWN_FRAMES) || own > WORD_LIMIT) {
            expected.possible = false;
            break;
        }
        if (begun && address >= asked->eval_low && address < asked->eval_high)
            break;
        uintptr_t instruction = interrupted ? address : address - 1;
        bool is_own = instruction >= asked->own_low && instruction < asked->own_high;
        if (!is_own && expected.kept == asked->depth) {
            expected.truncated = true;
            break;
        }
        if (begun && !is_own)
            expected.instruction[expected.kept++] = instruction;
        int number = number_of(instruction);
        const struct unwind_row *row = number >= 0 ? &rows[number] : NULL;
        if (row == NULL || row->kind == ROW_NONE || row->kind == ROW_END) {
            expected.changeable = row == NULL || row->kind == ROW_NONE;
            break;
        }
        if (row->kind == ROW_ELABORATE) {
            expected.possible = false;
            break;
        }
        bool needs_fp = row->cfa == CFA_FP || row->cfa == CFA_AT_FP || row->return_place == PLACE_FP || row->fp_place == PLACE_FP;
        uintptr_t fp = needs_fp ? look(&expected, fp_place) : 0;
        uintptr_t cfa = (row->cfa == CFA_SP || row->cfa == CFA_AT_SP ? sp : fp) + (uintptr_t)(intptr_t)row->cfa_offset;
        if (row->cfa == CFA_AT_SP || row->cfa == CFA_AT_FP)
            cfa = look(&expected, cfa);
        if (expected.outside)
            break;
        if (row->return_place != PLACE_NONE && (cfa % 8 != 0 || (cfa <= sp && !row->signal))) {
            expected.possible = false;
            break;
        }
        if (row->return_place == PLACE_NONE)
            address = 0;
        else
            address = look(&expected, place_of(row->return_place, row->return_offset, cfa, sp, fp));
        if (row->fp_place != PLACE_NONE)
            fp_place = place_of(row->fp_place, row->fp_offset, cfa, sp, fp);
        sp = cfa;
        interrupted = row->signal;
    }
    expected.possible = expected.possible && begun;
    return expected;
}

static bool same_frames(const struct expected *expected, const struct stack_walk *walk)
{
    return expected->kept == walk->kept && expected->truncated == walk->truncated && expected->changeable == walk->changeable &&
           memcmp(expected->instruction, walk->instruction, walk->kept * sizeof walk->instruction[0]) == 0;
}

/* ---- stacks and damage ------------------------------------------------------------------------------------------------------- */

static uintptr_t some_value(void)
{
    switch (take(4)) {
    case 0: return code_at(take(CODES)) + 1;                   /* an old return address */
    case 1: return (uintptr_t)low + 8 * take(WORDS);           /* an old frame pointer */
    case 2: return code_at(take(CODES));                       /* an interrupted instruction */
    default: return take(3) == 0 ? 0 : 0x4141414100000000u + take(1000);
    }
}

static void put(uintptr_t place, uintptr_t value)
{
    uintptr_t start = (uintptr_t)low;
    if (place >= start && place < start + WORDS * 8 && (place - start) % 8 == 0)
        low[(place - start) / 8] = value;
}

/* Frame by frame outwards; what an outer frame needs is put where an inner one saved it. */
static void lay_out(const uintptr_t *frame, unsigned frames)
{
    uintptr_t sp = (uintptr_t)(frame + 2), fp_place = (uintptr_t)frame, fp = 0, return_place = (uintptr_t)(frame + 1);
    bool interrupted = false, fp_used = false;
    for (unsigned i = 0; i < frames; i++) {
        unsigned number = take(CODES);
        const struct unwind_row *row = &rows[number];
        put(return_place, code_at(number) + !interrupted);
        if (row->kind != ROW_PLAIN || row->return_place == PLACE_NONE)
            return;
        uintptr_t cfa = sp + 8 + 8 * take(10);
        if (row->cfa == CFA_SP)
            cfa = sp + (uintptr_t)(intptr_t)row->cfa_offset;
        if (!fp_used) { /* free to be chosen still */
            fp = row->cfa == CFA_FP ? cfa - (uintptr_t)(intptr_t)row->cfa_offset : sp + 8 * take(4);
            put(fp_place, fp);
            fp_used = row->cfa == CFA_FP || row->cfa == CFA_AT_FP;
        } else if (row->cfa == CFA_FP) {
            cfa = fp + (uintptr_t)(intptr_t)row->cfa_offset;
        }
        if (row->cfa == CFA_AT_SP || row->cfa == CFA_AT_FP)
            put((row->cfa == CFA_AT_SP ? sp : fp) + (uintptr_t)(intptr_t)row->cfa_offset, cfa);
        return_place = place_of(row->return_place, row->return_offset, cfa, sp, fp);
        if (row->fp_place != PLACE_NONE) {
            fp_place = place_of(row->fp_place, row->fp_offset, cfa, sp, fp);
            fp_used = false;
        }
        sp = cfa;
        interrupted = row->signal;
    }
    put(return_place, 0);
}

static void damage(const struct stack_walk *walk, const uintptr_t *frame)
{
    unsigned times = take(4);
    for (unsigned i = 0; i < times; i++) {
        unsigned place = take(WORDS), other = take(WORDS), words = 1 + take(16);
        switch (take(6)) {
        case 0: low[place] = some_value(); break;
        case 1: /* a word that matters */
            put((uintptr_t)walk->word[take(walk->word_count)].place, some_value());
            break;
        case 2: /* a bit of one */
            place = take(walk->word_count);
            put((uintptr_t)walk->word[place].place, walk->word[place].value ^ (uintptr_t)1 << take(64));
            break;
        case 3: /* another stack at the same place, as after a switch of coroutines */
            lay_out(frame, 1 + take(12));
            break;
        case 4: /* a part of the stack somewhere else */
            if (place + words < WORDS && other + words < WORDS)
                memmove(&low[place], &low[other], words * 8);
            break;
        default: /* two words that matter, exchanged */
            place = take(walk->word_count);
            other = take(walk->word_count);
            put((uintptr_t)walk->word[place].place, walk->word[other].value);
            put((uintptr_t)walk->word[other].place, walk->word[place].value);
        }
    }
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    abort();
}

static struct {
    unsigned long walked, impossible, outside, unchanged, changed, missed, shrunk;
} seen;

static void protect(size_t words)
{
    size_t pages = words / (PAGE / 8);
    if (readable == words)
        return;
    mprotect(low, PAGES * PAGE, PROT_READ | PROT_WRITE);
    if (pages < PAGES)
        mprotect((uint8_t *)low + pages * PAGE, (PAGES - pages) * PAGE, PROT_NONE);
    readable = words;
}

static void one_input(const uint8_t *bytes, size_t count)
{
    if (low == NULL) {
        uint8_t *memory = mmap(NULL, (PAGES + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED || mprotect(memory + PAGE, PAGES * PAGE, PROT_READ | PROT_WRITE) != 0)
            fail("no memory");
        low = (uintptr_t *)(memory + PAGE);
    }
    input = bytes;
    left = count;
    protect(WORDS);
    memset(known, 0, sizeof known);
    make_rows();
    /* Litter: what stacks that are no more have left. */
    uintptr_t litter[16];
    for (unsigned i = 0; i < 16; i++)
        litter[i] = some_value();
    for (unsigned i = 0; i < WORDS; i++)
        low[i] = litter[(i * 7 + (i >> 4)) % 16];
    const uintptr_t *frame = low + take(WORDS - 200);
    lay_out(frame, 1 + take(20));

    static struct stack_walk walk;
    static struct stack_word words[WORD_LIMIT + 1];
    memset(&walk, 0x55, sizeof walk);
    walk.depth = 1 + take(take(2) ? 6 : DEPTH_LIMIT);
    walk.return_address = take(4) ? frame[1] : code_at(take(CODES)) + 1;
    walk.eval_low = take(6) ? 0 : code_at(take(CODES));
    walk.eval_high = walk.eval_low != 0 ? walk.eval_low + 2 : 0;
    walk.own_low = take(4) ? 0 : code_at(take(CODES));
    walk.own_high = walk.own_low != 0 ? code_at(take(CODES)) + 2 : 0; /* also empty ones: an end below the beginning */
    struct expected expected = expect(&walk, frame);
    if (expected.outside) {
        seen.outside++;
        return; /* no unwinder would survive it */
    }
    bool walked = stack_walk(&walk, known, frame);
    if (walked != expected.possible)
        fail(walked ? "walked what cannot be walked" : "a stack of known rows was not walked");
    if (!walked) {
        seen.impossible++;
        return;
    }
    seen.walked++;
    if (!same_frames(&expected, &walk))
        fail("walked other frames than there are");
    memcpy(words, walk.word, walk.word_count * sizeof words[0]);
    stack_words_end(&words[walk.word_count]);
    if (stack_words_compare(words) != &words[walk.word_count])
        fail("nothing has changed, and it is not recognised");

    damage(&walk, frame);
    bool touched = false;
    for (unsigned i = 0; i < walk.word_count; i++)
        touched |= *walk.word[i].place != walk.word[i].value;
    if (take(4) == 0) {
        protect((size_t)take(PAGES) * (PAGE / 8));
        seen.shrunk += readable != WORDS;
    }
    expected = expect(&walk, frame);
    if (expected.outside)
        return; /* a walk would leave the stack as well */
    if (stack_words_compare(words) == &words[walk.word_count]) {
        seen.unchanged++;
        if (!expected.possible || !same_frames(&expected, &walk))
            fail("taken for the stack that was there before");
    } else {
        if (!touched)
            fail("not recognised, though no word of it has changed");
        if (expected.possible && same_frames(&expected, &walk))
            seen.missed++;
        else
            seen.changed++;
    }
}

#ifdef LIBFUZZER
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    one_input(bytes, count);
    return 0;
}
#else
int main(int count, char **arguments)
{
    unsigned long runs = count > 1 ? strtoul(arguments[1], NULL, 10) : 200000;
    uint64_t state = 88172645463325252u;
    for (unsigned long run = 0; run < runs; run++) {
        uint8_t bytes[700];
        for (unsigned i = 0; i < sizeof bytes; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes[i] = (uint8_t)(state >> 24);
        }
        one_input(bytes, sizeof bytes);
    }
    printf("%lu walked, %lu not to be walked, %lu outside; then %lu unchanged, %lu changed, %lu changed without effect, %lu on a smaller stack\n",
           seen.walked, seen.impossible, seen.outside, seen.unchanged, seen.changed, seen.missed, seen.shrunk);
    /* A test of nothing would pass, too. */
    if (runs >= 10000 && (seen.walked < runs / 10 || seen.unchanged < runs / 50 || seen.changed < runs / 50 || seen.shrunk < runs / 100))
        fail("the inputs are no good any more");
    return 0;
}
#endif
