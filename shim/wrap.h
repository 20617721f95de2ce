/* What every generated wrapper is made of: enter, check, real, effects. Only generated code includes this.
 *
 * A wrapper of a function NAME is up to three functions. NAME itself is the fast path, which saves no register: one look at the site cache,
 * one at the good cache for each handle, one at the table of real functions, and a jump. threads_NAME is what it is in a process of several
 * threads, where the call enters the tree of its handle (trees.h). slow_NAME is everything else, by the functions of effects.h. Each is a function of
 * its own, not inlined, because the compiler would save for the fast path what only the slow one needs.
 *
 * The machine types below have the size and register class of the real ones; no header of a wrapped
 * library is included anywhere in the shim.
 */
#ifndef HOLDFAST_SHIM_WRAP_H
#define HOLDFAST_SHIM_WRAP_H

#include "effects.h"
#include "strings.h"
#include "young.h"
#include <math.h>
#include <stddef.h>

#define WRAPPER __attribute__((visibility("default")))
#define APART static __attribute__((noinline))
#define CALLER ((uintptr_t)__builtin_extract_return_addr(__builtin_return_address(0)))

/* A visit to a slow path, counted and now and then timed (counters.h). */
#define VISIT(call) ({ uint64_t visit_ = visit_begin(); __auto_type answer_ = (call); visit_end(visit_); answer_; })
#define VISIT_VOID(call) do { uint64_t visit_ = visit_begin(); (call); visit_end(visit_); } while (0)

/* The view of the caller, NULL where the slow path must find it. */
static inline __attribute__((always_inline)) const struct view *known_view(uintptr_t caller, enum library library)
{
    uint64_t number = site_binding(caller);
    return likely(number <= UINT16_MAX) ? &binding_table[number]->view[library] : NULL;
}
static inline __attribute__((always_inline)) void *known_real(const struct view *view, enum function function)
{
    return atomic_load_explicit(&view->real[function], memory_order_relaxed);
}

/* PROJ's structures that are passed or returned by value: layouts of proj.h, the same since PROJ 5. */
struct pj_coord { double v[4]; };
struct pj_factors { double v[12]; };
struct pj_proj_info { const char *id, *description, *definition; int has_inverse; double accuracy; };
struct pj_lp { double v[2]; };
struct pj_lpz { double v[3]; };
struct pj_xy { double v[2]; };
struct pj_uv { double v[2]; };
struct pj_grid_info { char gridname[32], filename[260], format[8]; double lowerleft[2], upperright[2]; int n_lon, n_lat; double cs_lon, cs_lat; };
struct pj_info { int major, minor, patch; const char *release, *version, *searchpath, *const *paths; size_t path_count; };
struct pj_init_info { char name[32], filename[260], version[32], origin[32], lastupdate[16]; };
_Static_assert(sizeof(struct pj_coord) == 32 && sizeof(struct pj_factors) == 96 && sizeof(struct pj_proj_info) == 40, "PROJ layout");
_Static_assert(sizeof(struct pj_grid_info) == 360 && sizeof(struct pj_info) == 56 && sizeof(struct pj_init_info) == 372, "PROJ layout");

static inline __attribute__((unused)) struct pj_coord failed_coordinate(void)
{
    return (struct pj_coord){{HUGE_VAL, HUGE_VAL, HUGE_VAL, HUGE_VAL}};
}

#endif
