/* Reading rows of call frame information: see unwind_row.h.
 *
 * Any thread, no allocation, no system call. The description that counts is the one which the compiler's unwinder would use, so it is
 * found by the unwinder's own function, and executed as that one does, oddities included (DW_CFA_restore forgets the rule; a
 * register without a rule, or declared undefined, keeps its value). Only rows of three registers are kept: the return address, rbp,
 * and rsp. A frame that finds its caller by any other register is ROW_ELABORATE.
 */
#include "unwind_row.h"
#include "elf_object.h"
#include <stddef.h>
#include <string.h>

#if defined(__x86_64__)

/* libgcc's unwind-dw2-fde.h, which is not installed. */
struct dwarf_eh_bases {
    void *text, *data, *function;
};
extern const void *_Unwind_Find_FDE(void *address, struct dwarf_eh_bases *bases);

enum { COLUMN_RBP = 6, COLUMN_RSP = 7, COLUMN_RETURN = 16 };

enum {
    CFA_advance_loc = 0x40, CFA_offset = 0x80, CFA_restore = 0xc0, /* upper two bits */
    CFA_nop = 0x00, CFA_advance_loc1 = 0x02, CFA_advance_loc2 = 0x03, CFA_advance_loc4 = 0x04,
    CFA_offset_extended = 0x05, CFA_restore_extended = 0x06, CFA_undefined = 0x07, CFA_same_value = 0x08, CFA_register = 0x09,
    CFA_remember_state = 0x0a, CFA_restore_state = 0x0b, CFA_def_cfa = 0x0c, CFA_def_cfa_register = 0x0d, CFA_def_cfa_offset = 0x0e,
    CFA_def_cfa_expression = 0x0f, CFA_expression = 0x10, CFA_offset_extended_sf = 0x11, CFA_def_cfa_sf = 0x12,
    CFA_def_cfa_offset_sf = 0x13, CFA_val_offset = 0x14, CFA_val_offset_sf = 0x15, CFA_val_expression = 0x16, CFA_GNU_args_size = 0x2e,
    OP_breg0 = 0x70, OP_deref = 0x06,
};

struct reader {
    const uint8_t *at, *end;
    bool failed;
};

static uint64_t read_fixed(struct reader *reader, unsigned bytes)
{
    uint64_t value = 0;
    if ((size_t)(reader->end - reader->at) < bytes) {
        reader->failed = true;
        return 0;
    }
    memcpy(&value, reader->at, bytes);
    reader->at += bytes;
    return value;
}

static uint64_t read_unsigned(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint64_t byte = read_fixed(reader, 1);
        if (shift < 63)
            value |= (byte & 0x7f) << shift;
        else
            reader->failed = true;
        if ((byte & 0x80) == 0 || reader->failed)
            return value;
    }
}

static int64_t read_signed(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0;;) {
        uint64_t byte = read_fixed(reader, 1);
        if (shift < 63)
            value |= (byte & 0x7f) << shift;
        else
            reader->failed = true;
        shift += 7;
        if ((byte & 0x80) == 0 || reader->failed) {
            if ((byte & 0x40) != 0 && shift < 64)
                value |= ~UINT64_C(0) << shift;
            return (int64_t)value;
        }
    }
}

static const uint8_t *read_block(struct reader *reader, uint64_t bytes)
{
    const uint8_t *block = reader->at;
    if ((uint64_t)(reader->end - reader->at) < bytes) {
        reader->failed = true;
        return NULL;
    }
    reader->at += bytes;
    return block;
}

/* Bytes of a pointer in this encoding, 0: of no fixed size. */
static unsigned encoded_bytes(uint8_t encoding)
{
    if (encoding == 0xff || encoding == 0x50) /* omitted; aligned */
        return 0;
    switch (encoding & 0x07) {
    case 0: case 4: return 8;
    case 2: return 2;
    case 3: return 4;
    default: return 0; /* LEB128 */
    }
}

/* Where a register of the caller is. */
struct rule {
    enum { RULE_KEPT, RULE_UNDEFINED, RULE_AT_CFA, RULE_AT_REGISTER, RULE_OTHER } kind;
    uint8_t base; /* RULE_AT_REGISTER: its column */
    int64_t offset;
};

struct state {
    enum { CFA_BY_REGISTER, CFA_BY_DEREFERENCE, CFA_BY_OTHER } cfa;
    uint64_t cfa_register;
    int64_t cfa_offset;
    struct rule rbp, rsp, return_address;
};

#define REMEMBERED 8u

struct program {
    struct reader reader;
    uint64_t code_align;
    int64_t data_align;
    uintptr_t location, instruction;
    struct state state, remembered[REMEMBERED];
    unsigned depth;
    bool signal;
};

/* "register + offset" and, with `dereference`, the word there: the only expressions that compilers and the C library use for
 * frames in code that calls something. */
static bool read_expression(struct reader *reader, bool dereference, uint8_t *base, int64_t *offset)
{
    uint64_t bytes = read_unsigned(reader);
    const uint8_t *block = read_block(reader, bytes);
    if (block == NULL || bytes == 0)
        return false;
    struct reader inside = {block, block + bytes, false};
    uint8_t operation = (uint8_t)read_fixed(&inside, 1);
    if (operation < OP_breg0 || operation > OP_breg0 + 31)
        return false;
    *base = (uint8_t)(operation - OP_breg0);
    *offset = read_signed(&inside);
    if (dereference && read_fixed(&inside, 1) != OP_deref)
        return false;
    return !inside.failed && inside.at == inside.end;
}

static void set_rule(struct state *state, uint64_t column, struct rule rule)
{
    if (column == COLUMN_RBP)
        state->rbp = rule;
    else if (column == COLUMN_RSP)
        state->rsp = rule;
    else if (column == COLUMN_RETURN)
        state->return_address = rule;
}

static void set_place(struct program *program, uint64_t column, int64_t factored)
{
    set_rule(&program->state, column, (struct rule){.kind = RULE_AT_CFA, .offset = factored * program->data_align});
}

static void execute(struct program *program, const uint8_t *from, const uint8_t *end)
{
    struct reader *reader = &program->reader;
    struct state *state = &program->state;
    *reader = (struct reader){from, end, false};
    while (reader->at < end && !reader->failed && program->location <= program->instruction) {
        uint8_t code = (uint8_t)read_fixed(reader, 1);
        uint64_t column;
        struct rule rule;
        switch (code & 0xc0) {
        case CFA_advance_loc:
            program->location += (code & 0x3fu) * program->code_align;
            continue;
        case CFA_offset:
            set_place(program, code & 0x3f, (int64_t)read_unsigned(reader));
            continue;
        case CFA_restore:
            set_rule(state, code & 0x3f, (struct rule){.kind = RULE_KEPT});
            continue;
        default: break;
        }
        switch (code) {
        case CFA_nop: break;
        case CFA_advance_loc1: program->location += read_fixed(reader, 1) * program->code_align; break;
        case CFA_advance_loc2: program->location += read_fixed(reader, 2) * program->code_align; break;
        case CFA_advance_loc4: program->location += read_fixed(reader, 4) * program->code_align; break;
        case CFA_offset_extended:
            column = read_unsigned(reader);
            set_place(program, column, (int64_t)read_unsigned(reader));
            break;
        case CFA_offset_extended_sf:
            column = read_unsigned(reader);
            set_place(program, column, read_signed(reader));
            break;
        case CFA_restore_extended:
        case CFA_same_value:
            set_rule(state, read_unsigned(reader), (struct rule){.kind = RULE_KEPT});
            break;
        case CFA_undefined: set_rule(state, read_unsigned(reader), (struct rule){.kind = RULE_UNDEFINED}); break;
        case CFA_register:
        case CFA_val_offset:
            column = read_unsigned(reader);
            read_unsigned(reader);
            set_rule(state, column, (struct rule){.kind = RULE_OTHER});
            break;
        case CFA_val_offset_sf:
            column = read_unsigned(reader);
            read_signed(reader);
            set_rule(state, column, (struct rule){.kind = RULE_OTHER});
            break;
        case CFA_val_expression:
            column = read_unsigned(reader);
            read_block(reader, read_unsigned(reader));
            set_rule(state, column, (struct rule){.kind = RULE_OTHER});
            break;
        case CFA_expression:
            column = read_unsigned(reader);
            rule = (struct rule){.kind = RULE_AT_REGISTER};
            if (!read_expression(reader, false, &rule.base, &rule.offset))
                rule.kind = RULE_OTHER;
            set_rule(state, column, rule);
            break;
        case CFA_remember_state:
            if (program->depth == REMEMBERED)
                reader->failed = true;
            else
                program->remembered[program->depth++] = *state;
            break;
        case CFA_restore_state:
            if (program->depth == 0)
                reader->failed = true;
            else
                *state = program->remembered[--program->depth];
            break;
        case CFA_def_cfa:
            state->cfa_register = read_unsigned(reader);
            state->cfa_offset = (int64_t)read_unsigned(reader);
            state->cfa = CFA_BY_REGISTER;
            break;
        case CFA_def_cfa_sf:
            state->cfa_register = read_unsigned(reader);
            state->cfa_offset = read_signed(reader) * program->data_align;
            state->cfa = CFA_BY_REGISTER;
            break;
        case CFA_def_cfa_register:
            state->cfa_register = read_unsigned(reader);
            state->cfa = CFA_BY_REGISTER;
            break;
        case CFA_def_cfa_offset: state->cfa_offset = (int64_t)read_unsigned(reader); break;
        case CFA_def_cfa_offset_sf: state->cfa_offset = read_signed(reader) * program->data_align; break;
        case CFA_def_cfa_expression: {
            uint8_t base = 0;
            state->cfa = read_expression(reader, true, &base, &state->cfa_offset) ? CFA_BY_DEREFERENCE : CFA_BY_OTHER;
            state->cfa_register = base;
            break;
        }
        case CFA_GNU_args_size: read_unsigned(reader); break;
        default: reader->failed = true; break;
        }
    }
}

/* What of the common entry (CIE) matters, up to its instructions. False: not of a sort that is known. */
static bool read_common(const uint8_t *common, struct program *program, uint8_t *encoding, const uint8_t **instructions,
                        const uint8_t **end)
{
    uint32_t length;
    memcpy(&length, common, sizeof length);
    if (length == UINT32_MAX || length < 8)
        return false;
    struct reader reader = {common + 8, common + 4 + length, false};
    *end = reader.end;
    uint64_t version = read_fixed(&reader, 1);
    const char *letters = (const char *)reader.at;
    const uint8_t *terminator = memchr(reader.at, '\0', (size_t)(reader.end - reader.at));
    if (terminator == NULL || letters[0] != 'z' || (version != 1 && version != 3))
        return false;
    reader.at = terminator + 1;
    program->code_align = read_unsigned(&reader);
    program->data_align = read_signed(&reader);
    uint64_t column = version == 1 ? read_fixed(&reader, 1) : read_unsigned(&reader);
    uint64_t bytes = read_unsigned(&reader);
    const uint8_t *block = read_block(&reader, bytes);
    if (block == NULL || column != COLUMN_RETURN)
        return false;
    *instructions = reader.at;
    struct reader data = {block, block + bytes, false};
    *encoding = 0;
    for (const char *letter = letters + 1; *letter != '\0'; letter++) {
        uint8_t pointer;
        switch (*letter) {
        case 'L': read_fixed(&data, 1); break;
        case 'R': *encoding = (uint8_t)read_fixed(&data, 1); break;
        case 'S': program->signal = true; break;
        case 'P':
            pointer = (uint8_t)read_fixed(&data, 1);
            if (encoded_bytes(pointer) == 0)
                return false;
            read_fixed(&data, encoded_bytes(pointer));
            break;
        default: return false;
        }
    }
    return !data.failed && !reader.failed;
}

static bool fits(int64_t offset)
{
    return offset == (int32_t)offset;
}

static bool place_of(const struct rule *rule, uint8_t *place, int32_t *offset)
{
    if (rule->kind == RULE_AT_CFA)
        *place = PLACE_CFA;
    else if (rule->kind == RULE_AT_REGISTER && (rule->base == COLUMN_RSP || rule->base == COLUMN_RBP))
        *place = rule->base == COLUMN_RSP ? PLACE_SP : PLACE_FP;
    else
        return false;
    *offset = (int32_t)rule->offset;
    return fits(rule->offset) && rule->offset % 8 == 0;
}

static struct unwind_row row_of(const struct state *state, bool signal)
{
    const struct unwind_row elaborate = {.kind = ROW_ELABORATE};
    struct unwind_row row = {.kind = ROW_PLAIN, .signal = signal};
    bool by_rsp = state->cfa_register == COLUMN_RSP;
    if (state->cfa == CFA_BY_OTHER || (!by_rsp && state->cfa_register != COLUMN_RBP) || !fits(state->cfa_offset))
        return elaborate;
    row.cfa_offset = (int32_t)state->cfa_offset;
    if (state->cfa == CFA_BY_REGISTER)
        row.cfa = by_rsp ? CFA_SP : CFA_FP;
    else
        row.cfa = by_rsp ? CFA_AT_SP : CFA_AT_FP;
    /* A rule for the stack pointer itself is fine where it says what is so by default: the canonical frame address. */
    bool same = state->rsp.kind == RULE_AT_REGISTER && state->cfa == CFA_BY_DEREFERENCE && state->rsp.base == state->cfa_register &&
                state->rsp.offset == state->cfa_offset;
    if (state->rsp.kind != RULE_KEPT && state->rsp.kind != RULE_UNDEFINED && !same)
        return elaborate;
    if (state->return_address.kind == RULE_UNDEFINED)
        row.return_place = PLACE_NONE;
    else if (!place_of(&state->return_address, &row.return_place, &row.return_offset))
        return elaborate;
    if (state->rbp.kind == RULE_KEPT || state->rbp.kind == RULE_UNDEFINED)
        row.fp_place = PLACE_NONE;
    else if (!place_of(&state->rbp, &row.fp_place, &row.fp_offset))
        return elaborate;
    return row;
}

/* What the unwinder takes for the kernel's frame of a signal handler where nothing is said of it: mov $15,%rax; syscall. It goes on
 * from there. */
static bool looks_like_signal_return(uintptr_t address)
{
    static const uint8_t code[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
    for (unsigned i = 0; i < sizeof code; i++)
        if (((const uint8_t *)address)[i] != code[i])
            return false;
    return true;
}

static struct unwind_row row_without_entry(uintptr_t instruction)
{
    struct elf_place place;
    if (looks_like_signal_return(instruction) || looks_like_signal_return(instruction + 1))
        return (struct unwind_row){.kind = ROW_ELABORATE};
    return (struct unwind_row){.kind = elf_place(instruction, &place) ? ROW_END : ROW_NONE};
}

struct unwind_row unwind_row_at(uintptr_t instruction)
{
    const struct unwind_row elaborate = {.kind = ROW_ELABORATE};
    struct dwarf_eh_bases bases;
    const uint8_t *entry = _Unwind_Find_FDE((void *)instruction, &bases);
    if (entry == NULL)
        return row_without_entry(instruction);
    uint32_t length;
    int32_t distance;
    memcpy(&length, entry, sizeof length);
    memcpy(&distance, entry + 4, sizeof distance);
    if (length == UINT32_MAX || length < 4)
        return elaborate;
    struct program program;
    memset(&program, 0, offsetof(struct program, remembered));
    program.depth = 0;
    program.signal = false;
    program.location = (uintptr_t)bases.function;
    program.instruction = instruction;
    program.state.cfa = CFA_BY_OTHER;
    const uint8_t *common_instructions, *common_end;
    uint8_t encoding;
    if (!read_common(entry + 4 - distance, &program, &encoding, &common_instructions, &common_end))
        return elaborate;
    struct reader reader = {entry + 8, entry + 4 + length, false};
    if (encoded_bytes(encoding) == 0)
        return elaborate;
    read_fixed(&reader, encoded_bytes(encoding));        /* where the function begins: `bases` has it */
    read_fixed(&reader, encoded_bytes(encoding & 0x0f)); /* its length */
    read_block(&reader, read_unsigned(&reader));
    if (reader.failed)
        return elaborate;
    const uint8_t *instructions = reader.at, *end = reader.end;
    execute(&program, common_instructions, common_end);
    if (program.reader.failed)
        return elaborate;
    execute(&program, instructions, end);
    return program.reader.failed ? elaborate : row_of(&program.state, program.signal);
}

#else /* elsewhere every stack is unwound */

struct unwind_row unwind_row_at(uintptr_t instruction)
{
    (void)instruction;
    return (struct unwind_row){.kind = ROW_ELABORATE};
}

#endif
