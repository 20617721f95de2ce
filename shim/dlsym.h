/* What dlsym.c, arch.S and provider.c need of each other. Nobody else includes this. */
#ifndef HOLDFAST_SHIM_DLSYM_H
#define HOLDFAST_SHIM_DLSYM_H

/* Trampolines in arch.S, and slots in dlsym.c: one for each (provider, function) that was ever asked for. */
#define TRAMPOLINE_COUNT 4096
#define TRAMPOLINE_BYTES 16
#define SLOT_BYTES 16
#define SLOT_WRAPPER 8 /* offset of dlsym_slot.wrapper */

#ifndef __ASSEMBLER__

#include <stddef.h>
#include "provider.h"

#pragma GCC visibility push(hidden)

_Static_assert(sizeof(struct dlsym_slot) == SLOT_BYTES && offsetof(struct dlsym_slot, wrapper) == SLOT_WRAPPER,
               "arch.S reads the slots");

/* arch.S */
extern struct dlsym_slot dlsym_slots[TRAMPOLINE_COUNT];
extern const char dlsym_trampolines[TRAMPOLINE_COUNT][TRAMPOLINE_BYTES];

/* dlsym.c, for arch.S: the function to tail-jump to with the caller's own return address, NULL when dlsym_slowly must decide. */
void *dlsym_route(void *handle, const char *name, uintptr_t return_address);
void *dlsym_slowly(void *handle, const char *name, uintptr_t return_address);

/* dlsym.c, for provider.c: what the real dlsym finds in the global scope behind libholdfast, objects added by
 * dlopen(RTLD_GLOBAL) included. Takes the dynamic linker's main lock and changes dlerror's state. */
void *next_in_global_scope(const char *name);
typedef void *dlsym_function(void *handle, const char *name);
dlsym_function *real_dlsym(void);

/* provider.c, for dlsym.c. All may take the dynamic linker's list lock. */
/* The provider whose object holds the address; looks at newly loaded objects first where needed. NULL if there is none. */
struct provider *provider_holding(uintptr_t address);
/* The provider that a symbol search from the calling object would meet (global scope, then dependencies); NULL if none. */
struct provider *provider_in_scope(uintptr_t return_address, enum library library);
const struct view *provider_outside_view(const struct provider *provider);
/* The copy stays mapped from now on. Takes the linker's main lock once a copy. */
void provider_keep_loaded(struct provider *provider);

/* Raised whenever objects were seen to have gone: caches of addresses (stack.c) compare it with what they remember. */
extern _Atomic unsigned objects_generation;

#pragma GCC visibility pop

#endif
#endif
