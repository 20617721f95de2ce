/* Which loaded copy of which library a call belongs to (DESIGN sections 4 and 5).
 *
 * Glossary
 *   provider   one loaded copy of GDAL, GEOS or PROJ: an object that defines the library's probe symbol
 *   view       a provider's function pointers, as one sort of caller sees them: from outside, or from inside a provider
 *   binding    what one calling object (executable, extension module, plugin ...) is bound to: a view a library
 *   site       one return address of a call, with the binding of the object it lies in
 *
 * The fast path (site_binding) reads one packed word of the site cache, lock-free. Everything else here may take the dynamic
 * linker's lock, so it must never be called with a lock of Holdfast held.
 */
#ifndef HOLDFAST_SHIM_PROVIDER_H
#define HOLDFAST_SHIM_PROVIDER_H

#include "counters.h"
#include "functions.h" /* generated: enum library, enum function, LIBRARY_COUNT, FUNCTION_COUNT */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

struct link_map;
struct provider;

/* What a wrapper needs of a provider. One static array of pointers serves both views of a provider. */
struct view {
    void *_Atomic *real;       /* FUNCTION_COUNT pointers, filled lazily; NULL: not resolved yet */
    struct provider *provider; /* NULL in the view of a caller for which no copy is loaded */
    uint64_t tag;              /* view_tag(number): what the entries of the good cache have of it */
    uint8_t library;           /* enum library */
    uint8_t number;            /* 1 .. 255: the provider's number in handle records; 0 for none */
    bool internal;             /* the caller is itself a provider: nothing is checked or recorded */
    bool exact;                /* the caller's holders are known exactly (python_watch_module) */
};

/* Functions that change the reference count of a kind of handle, once they were looked up (true_count() of effects.c). */
struct count_functions {
    int (*_Atomic reference)(void *);
    int (*_Atomic dereference)(void *);
};

struct provider {
    enum library library;
    uint8_t number;
    const struct link_map *object;
    char path[256];
    unsigned version;      /* major * 10000 + minor * 100 + patch; 0 until it is asked for */
    _Atomic bool hosts;    /* files may be served by the program itself: its datasets are closed when they are closed */
    _Atomic bool world_ended; /* the context of its functions without one was ended (changes.c) */
    uint32_t world_stack;  /* where, and by which function */
    unsigned world_function;
    _Atomic bool young;    /* its handles may be young: see young.h */
    bool frees_seen;       /* its frees reach our free(): proven by a call of its own allocator */
    struct count_functions counts[KIND_COUNT];
    void *_Atomic real[FUNCTION_COUNT];
};

struct binding {
    const struct link_map *object; /* the calling object */
    uintptr_t low, high;           /* its addresses */
    bool provider;                 /* it is a copy of one of the libraries itself */
    bool exact;
    struct view view[LIBRARY_COUNT];
};

/* Site cache: direct-mapped by return address.  | return address : 48 | binding number : 16 |, 0 when empty. */
#define SITE_BITS 13
#define SITE_SLOTS (1u << SITE_BITS)
#define BINDING_LIMIT 65536u /* numbers are 16 bits; 0 is the overflow binding */
/* Good cache: see effects.h. */
#define GOOD_BITS 16
#define GOOD_SLOTS (1u << GOOD_BITS)
/* The tables that every call looks into: one object, because its address then costs an instruction once and not once a table. */
struct quick_tables {
    _Atomic uint64_t site[SITE_SLOTS];
    struct binding *binding[BINDING_LIMIT];
    _Atomic uint64_t good[GOOD_SLOTS];
};
extern struct quick_tables quick_tables __attribute__((visibility("hidden")));
static inline __attribute__((always_inline)) struct quick_tables *quick(void)
{
#if defined(__x86_64__)
    /* gcc would compute an address for each of them. */
    struct quick_tables *tables;
    __asm__("leaq quick_tables(%%rip), %0" : "=r"(tables));
    return tables;
#else
    return &quick_tables;
#endif
}
#define site_cache (quick()->site)
#define binding_table (quick()->binding)
#define good_cache (quick()->good)

/* Set by a trampoline that dlsym() handed out, for the wrapper it jumps to: this very call is for that provider's copy. */
struct dlsym_slot {
    const struct view *view_outside; /* the provider's view for callers from outside */
    void *wrapper;
};
extern __thread const struct dlsym_slot *dlsym_slot_used
    __attribute__((visibility("hidden"), tls_model("initial-exec")));

/* The copy whose real function a wrapper of this thread is inside of. The library may reach another of its functions by a jump instead of
 * a call; then that wrapper sees a return address in libholdfast, and the caller is this copy. */
extern __thread struct provider *calling_provider __attribute__((visibility("hidden"), tls_model("initial-exec")));

/* Good cache entries begin with the provider (effects.h). */
static inline uint64_t view_tag(unsigned number)
{
    return (uint64_t)number << 56;
}

/* The product's upper bits depend on all lower bits of the address, and 32 of those tell two call sites of a process apart. */
static inline unsigned site_index(uintptr_t return_address)
{
    return (uint32_t)return_address * UINT32_C(0x9e3779b1) >> (32 - SITE_BITS);
}

const struct view *enter_call_slowly(uintptr_t return_address, enum library library)
    __attribute__((noinline, cold, visibility("hidden")));

/* Number of the binding at this site; beyond 16 bits when it is not cached. */
static inline uint64_t site_binding(uintptr_t return_address)
{
    uint64_t number = (uint64_t)return_address << 16;
#if defined(__x86_64__)
    /* gcc never makes an atomic load part of another instruction. */
    __asm__("xorq %1, %0" : "+r"(number) : "m"(site_cache[site_index(return_address)]) : "cc");
#else
    number ^= atomic_load_explicit(&site_cache[site_index(return_address)], memory_order_relaxed);
#endif
    return number;
}

/* The view that the caller at `return_address` has of `library`. On a slow path: a fast one looks at the site alone, and then asks
 * call_counted(), which says no whenever this would see more. */
static inline const struct view *enter_call(uintptr_t return_address, enum library library)
{
    uint64_t number = site_binding(return_address);
    if (likely(number <= UINT16_MAX && call_cell->budget > 0))
        return &binding_table[number]->view[library];
    return enter_call_slowly(return_address, library);
}

/* Resolve, store and return the real function. Where the library lacks it: says so as the dynamic linker would, and ends the
 * process with status 127, because that is what happens without Holdfast. */
void *resolve_real(const struct view *view, enum function function)
    __attribute__((noinline, cold, visibility("hidden")));

static inline void *real_function(const struct view *view, enum function function)
{
    void *real = atomic_load_explicit(&view->real[function], memory_order_relaxed);
    return likely(real != NULL) ? real : resolve_real(view, function);
}

/* enum function of a wrapped function's name; -1 when the name is none of ours. Any context. */
int function_by_name(const char *name);
/* As resolve_real, but NULL where the library lacks the function. */
void *find_real(struct provider *provider, enum function function);
/* Any symbol of a provider by name, NULL if it has none: for functions without a contract (CPLError). */
void *provider_symbol(const struct provider *provider, const char *name);
unsigned provider_version(struct provider *provider);
struct provider *provider_by_number(unsigned number); /* NULL if there is none */
unsigned provider_count(void);
/* Where its file is mapped, 0: it is not loaded (any more). */
uintptr_t provider_address(unsigned number);
/* True when `address` lies in a provider. */
bool address_is_internal(uintptr_t address);

/* The C library's own functions, found past our interposed ones; ready from the first call on. */
void *next_symbol(const char *name);

/* Holdfast is switched off, or on again: to callers from outside the libraries every copy looks as it does to itself, so that nothing is checked or recorded. */
void provider_pass_all(bool pass);
/* The next call from every place in the program goes the slow way. Any context, any lock held. */
void provider_look_again(void);

/* Called once, by the first call of a wrapped function that comes from outside the libraries (lifecycle.c). */
void holdfast_activate(void);
bool holdfast_is_active(void);

#endif
