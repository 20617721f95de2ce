/* The contracts as `holdfast contracts` prints them. The data is generated from shim/contracts by describe.py there, from the same lines as
 * libholdfast.so of this build. A text that there is nothing to say in is NULL. */
#ifndef HOLDFAST_TOOLS_CONTRACTS_TABLE_H
#define HOLDFAST_TOOLS_CONTRACTS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define CONTRACT_RESULT (-1)
#define CONTRACT_NONE (-2)

struct contract_kind {
    const char *name, *words;
    const char *const *frees; /* functions that end a handle of it, up to NULL */
};

/* One effect of one line. A handle argument without any other effect has the effect "use". */
struct contract_effect {
    const char *verb, *words; /* words: as in the line */
    int8_t argument;          /* position, CONTRACT_RESULT or CONTRACT_NONE */
    const char *name;         /* of the argument: "hDS", "*phOut", "result" */
    const struct contract_kind *kind;
    int8_t parent; /* the other side: what is borrowed from, depended on, given to */
    const char *parent_name;
    const struct contract_kind *parent_kind;
    uint8_t owned; /* from here on the caller has to free it, by one of kind->frees */
};

/* One line: a function, or a range of its versions. Sorted by function, then version. */
struct contract_line {
    const char *function, *library, *prototype;
    const char *since, *before; /* versions of the library: since <= version < before */
    const char *fails;          /* what a refused call returns, NULL for void */
    const char *evidence;       /* the comment above the line */
    const char *place;          /* FILE:LINE */
    uint32_t first_effect, effect_count;
};

/* A function that has to do with a handle and cannot be wrapped. */
struct contract_left_out {
    const char *function, *reason;
};

extern const struct contract_left_out contract_left_out[]; /* sorted */
extern const size_t contract_left_out_count;
extern const struct contract_kind contract_kinds[];
extern const size_t contract_kind_count;
extern const struct contract_effect contract_effects[];
extern const size_t contract_effect_count;
extern const struct contract_line contract_lines[];
extern const size_t contract_line_count;
extern const char *const contract_libraries[];

#endif
