/* Which loaded copy of which library a call belongs to. See provider.h for the words.
 *
 * Any thread and any time after relocation of libholdfast, constructors of other objects included. May wait for the dynamic linker's
 * list lock (scope.h), and with several copies of one library for its main lock (dlsym); so never with a lock of
 * Holdfast held. Never calls malloc: memory comes from mmap and is never given back.
 *
 * Who writes what: providers and bindings are made, changed and retired only inside settle(), which runs with the list
 * lock held, hence by one thread at a time. Everybody else only reads. A record is filled before it is published by a
 * release store, and never moves. Retired records stay readable; their memory is reused for new ones.
 *
 * When objects go away: those that call the libraries, and the copies that are called, are kept loaded (keep_loaded): return addresses,
 * function pointers and postponed frees point into them, and code that is in use must not go whoever unloads it. What never called
 * anything may go; the linker's counter of removals (dlpi_subs) is compared in every search for a new caller.
 */
#include "dlsym.h" /* includes provider.h */
#include "context.h"
#include "control.h"
#include "fence.h"
#include "imports.h"
#include "python.h"
#include "scope.h"
#include "unloads.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROVIDER_LIMIT 256u  /* numbers are bytes; 0 is none */
#define BINDING_HASH_SLOTS (2 * BINDING_LIMIT)

/* How a binding came to its provider. From REACH_ONLY down a copy that is loaded later may be the better one. */
enum reach {
    REACH_NONE,   /* no copy is loaded */
    REACH_GUESS,  /* several are, none related to the caller: the oldest, and nothing is recorded */
    REACH_ONLY,   /* there is but one: not asked how the caller came to it */
    REACH_COUSIN, /* an object depends on both the caller and the copy */
    REACH_TREE,   /* the caller's own dependency tree */
    REACH_GLOBAL, /* the global scope */
};

enum proof { PROOF_NONE, PROOF_BEGUN };
enum introduction { INTRODUCTION_NONE, INTRODUCTION_BEGUN, INTRODUCTION_DONE };

struct provider_entry {
    struct provider provider; /* first: a struct provider * is a struct provider_entry * */
    struct elf_object elf;
    _Atomic uintptr_t low, high; /* empty when unloaded */
    _Atomic bool loaded;
    _Atomic int proof;
    _Atomic bool kept; /* keep_loaded was called, or need not be */
    _Atomic bool bound; /* its calls of its own functions were bound, or are to stay as they are */
    struct view outside;
};

struct binding_entry {
    struct binding binding; /* first */
    uintptr_t start;        /* of the calling object's mapping: with the link map pointer it tells a reload */
    uint16_t number;
    uint8_t reach[LIBRARY_COUNT];
    _Atomic bool retired;
    _Atomic int introduced;    /* enum introduction */
    _Atomic unsigned unsettled; /* bit a library: its view must be searched (again) before it is used */
};

struct quick_tables quick_tables;
__thread const struct dlsym_slot *dlsym_slot_used;
__thread struct provider *calling_provider;
_Atomic unsigned objects_generation;

static struct provider_entry *_Atomic providers[PROVIDER_LIMIT];
static _Atomic unsigned highest_provider;
static _Atomic unsigned binding_count; /* numbers handed out are 1 .. binding_count */
static _Atomic uint32_t binding_hash[BINDING_HASH_SLOTS];
static unsigned binding_hash_used;

static void *_Atomic no_functions[FUNCTION_COUNT]; /* of views without a provider: always NULL */
#define ALL_LIBRARIES ((1u << LIBRARY_COUNT) - 1)

#define NO_VIEW(name) [LIBRARY_##name] = {.real = no_functions, .library = LIBRARY_##name}
#define NO_VIEWS {NO_VIEW(gdal), NO_VIEW(geos), NO_VIEW(proj)}

/* Callers in no loaded object: code made at run time. */
static struct binding_entry unknown_caller = {
    .binding.view = NO_VIEWS, .unsettled = ALL_LIBRARIES, .introduced = INTRODUCTION_DONE};
/* All callers beyond the bound. Internal: nothing of theirs is checked or recorded. */
static struct binding_entry overflow = {
    .binding.provider = true, .binding.view = NO_VIEWS, .introduced = INTRODUCTION_DONE, .unsettled = ALL_LIBRARIES};

static unsigned long long known_adds, known_subs; /* the linker's counters at the last full look; written by settle() */
static _Atomic bool looked;                       /* there was a full look */
static _Atomic bool free_is_ours;                 /* the global scope's first `free` is libholdfast's */

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* The first chunk is there from the start: where a process has no memory to map, its calls must reach their functions all the same, and without a table of
 * the copies nobody knows where those are. */
enum { CHUNK_BYTES = 256 * 1024 };
static uint8_t first_chunk[CHUNK_BYTES] __attribute__((aligned(64)));
static uint8_t *chunk = first_chunk;
static size_t chunk_left = CHUNK_BYTES;

/* Zeroed, for ever. Only inside settle(). */
static void *allocate(size_t bytes)
{
    bytes = (bytes + 63) & ~(size_t)63;
    if (bytes > chunk_left) {
        size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            return NULL;
        chunk = memory;
        chunk_left = size;
    }
    void *block = chunk;
    chunk += bytes;
    chunk_left -= bytes;
    return block;
}

/* ---- sites and bindings: the readers' side ------------------------------------------------------------------------ */

static struct binding_entry *entry_of(const struct view *view)
{
    const struct view *first = view - view->library;
    return (struct binding_entry *)(uintptr_t)((const char *)first - offsetof(struct binding_entry, binding.view));
}

static unsigned binding_slot(const struct link_map *map)
{
    uint64_t mixed = ((uintptr_t)map >> 4) * UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(mixed >> 40) % BINDING_HASH_SLOTS;
}

static struct binding_entry *find_binding(const struct link_map *map, uintptr_t start)
{
    for (unsigned slot = binding_slot(map), steps = 0; steps < BINDING_HASH_SLOTS; steps++) {
        uint32_t number = atomic_load_explicit(&binding_hash[slot], memory_order_acquire);
        if (number == 0)
            return NULL;
        struct binding_entry *entry = (struct binding_entry *)binding_table[number];
        if (!atomic_load_explicit(&entry->retired, memory_order_acquire) && entry->binding.object == map &&
            entry->start == start)
            return entry;
        slot = (slot + 1) % BINDING_HASH_SLOTS;
    }
    return NULL;
}

static struct binding_entry *cached_binding(uintptr_t return_address)
{
    uint64_t packed = atomic_load_explicit(&site_cache[site_index(return_address)], memory_order_acquire);
    return packed >> 16 == return_address && packed != 0 ? (struct binding_entry *)binding_table[packed & 0xffff] : NULL;
}

/* `generation` is that of before the binding was looked up: a flush meanwhile must win. */
static void cache_site(uintptr_t return_address, const struct binding_entry *entry, unsigned generation)
{
    if (entry->number == 0 || return_address >> 48 != 0)
        return;
    _Atomic uint64_t *slot = &site_cache[site_index(return_address)];
    atomic_store_explicit(slot, (uint64_t)return_address << 16 | entry->number, memory_order_seq_cst);
    if (atomic_load_explicit(&objects_generation, memory_order_seq_cst) != generation)
        atomic_store_explicit(slot, 0, memory_order_relaxed);
}

void provider_look_again(void)
{
    atomic_fetch_add_explicit(&objects_generation, 1, memory_order_seq_cst);
    for (unsigned i = 0; i < SITE_SLOTS; i++)
        atomic_store_explicit(&site_cache[i], 0, memory_order_relaxed);
}

static void flush_sites(void)
{
    unloads_seen();
    provider_look_again();
}

/* ---- providers: the readers' side ---------------------------------------------------------------------------------- */

static struct provider_entry *entry_by_number(unsigned number)
{
    return number < PROVIDER_LIMIT ? atomic_load_explicit(&providers[number], memory_order_acquire) : NULL;
}

static struct provider_entry *loaded_entry(unsigned number)
{
    struct provider_entry *entry = entry_by_number(number);
    return entry != NULL && atomic_load_explicit(&entry->loaded, memory_order_acquire) ? entry : NULL;
}

static struct provider_entry *entry_at(uintptr_t address)
{
    unsigned highest = atomic_load_explicit(&highest_provider, memory_order_acquire);
    for (unsigned number = 1; number <= highest; number++) {
        struct provider_entry *entry = entry_by_number(number);
        if (entry != NULL && address >= atomic_load_explicit(&entry->low, memory_order_relaxed) &&
            address < atomic_load_explicit(&entry->high, memory_order_relaxed))
            return entry;
    }
    return NULL;
}

/* One object may hold two libraries (GDAL with its own PROJ inside, exported): the entry of the right one. */
static struct provider_entry *entry_of_library_at(uintptr_t address, enum library library)
{
    for (unsigned number = 1; number <= atomic_load(&highest_provider); number++) {
        struct provider_entry *entry = loaded_entry(number);
        if (entry != NULL && entry->provider.library == library && address >= entry->elf.low && address < entry->elf.high)
            return entry;
    }
    return NULL;
}

struct provider *provider_by_number(unsigned number)
{
    struct provider_entry *entry = entry_by_number(number);
    return entry != NULL ? &entry->provider : NULL;
}

unsigned provider_count(void)
{
    return atomic_load_explicit(&highest_provider, memory_order_acquire);
}

uintptr_t provider_address(unsigned number)
{
    const struct provider_entry *entry = loaded_entry(number);
    return entry != NULL ? atomic_load(&entry->low) : 0;
}

bool address_is_internal(uintptr_t address)
{
    return entry_at(address) != NULL;
}

const struct view *provider_outside_view(const struct provider *provider)
{
    return &((const struct provider_entry *)provider)->outside;
}

void *provider_symbol(const struct provider *provider, const char *name)
{
    const struct provider_entry *entry = (const struct provider_entry *)provider;
    return atomic_load_explicit(&entry->loaded, memory_order_acquire) ? elf_symbol(&entry->elf, name) : NULL;
}

void *find_real(struct provider *provider, enum function function)
{
    void *real = atomic_load_explicit(&provider->real[function], memory_order_relaxed);
    if (real == NULL || !atomic_load_explicit(&((struct provider_entry *)provider)->loaded, memory_order_acquire)) {
        real = provider_symbol(provider, function_table[function].name);
        if (real != NULL)
            atomic_store_explicit(&provider->real[function], real, memory_order_relaxed);
    }
    return real;
}

/* ---- settling: everything that changes the tables ------------------------------------------------------------------- */

/* What a look at the loaded objects is for. */
struct request {
    const struct elf_place *caller;  /* make its binding; NULL: nobody's */
    struct binding_entry *entry;     /* in: settle its views; out: the caller's binding */
    bool search;                     /* also answer: which copy of `library` is in the caller's scope? */
    enum library library;
    struct provider_entry *found;    /* the answer */
    /* Where the global scope has the probe symbols. Only dlsym knows, which must not be called with the list held: a settle that
     * needs it says so in `global_wanted`, and is called again. */
    unsigned global_known, global_wanted;
    uintptr_t global[LIBRARY_COUNT];
    bool stuck; /* the list cannot be held: settle with what is known */
    bool done;
};

/* A signal handler that calls a wrapped function while its own thread is inside settle() finds the list lock open to it. */
static bool settling;

static void set_view(struct binding_entry *entry, enum library library, struct provider_entry *provider, enum reach reach)
{
    struct view *view = &entry->binding.view[library];
    entry->reach[library] = (uint8_t)reach;
    view->library = (uint8_t)library;
    view->internal = entry->binding.provider || reach == REACH_GUESS;
    view->exact = entry->binding.exact;
    view->number = provider != NULL ? provider->provider.number : 0;
    /* Of number 0 no handle is good: what a library calls for itself is neither checked nor noted as the call that its thread is in. */
    view->tag = view_tag(view->internal ? 0 : view->number);
    /* Readers that already hold this view see either nothing or a provider whose fields above are set. */
    __atomic_store_n(&view->provider, provider != NULL ? &provider->provider : NULL, __ATOMIC_RELEASE);
    __atomic_store_n(&view->real, provider != NULL ? provider->provider.real : no_functions, __ATOMIC_RELEASE);
}

static void for_each_binding(void (*work)(struct binding_entry *entry, void *context), void *context)
{
    work(&unknown_caller, context);
    work(&overflow, context);
    unsigned count = atomic_load_explicit(&binding_count, memory_order_relaxed);
    for (unsigned number = 1; number <= count; number++) {
        struct binding_entry *entry = (struct binding_entry *)binding_table[number];
        if (!atomic_load_explicit(&entry->retired, memory_order_relaxed))
            work(entry, context);
    }
}

static void unsettle_for_new_provider(struct binding_entry *entry, void *context)
{
    const enum library *library = context;
    if (entry->reach[*library] <= REACH_ONLY)
        atomic_fetch_or_explicit(&entry->unsettled, 1u << *library, memory_order_release);
}

static void unbind_from_dead_provider(struct binding_entry *entry, void *context)
{
    const struct provider_entry *dead = context;
    enum library library = dead->provider.library;
    if (entry->binding.view[library].provider != &dead->provider)
        return;
    set_view(entry, library, NULL, REACH_NONE);
    atomic_fetch_or_explicit(&entry->unsettled, 1u << library, memory_order_release);
}

static void retire_if_gone(struct binding_entry *entry, void *context)
{
    const struct scope *scope = context;
    if (entry->number == 0)
        return;
    uint32_t index = scope_find(scope, entry->binding.object);
    if (index != SCOPE_NONE && entry->start <= scope->objects[index].elf.low &&
        scope->objects[index].elf.low < entry->binding.high)
        return;
    atomic_store_explicit(&entry->retired, true, memory_order_release);
}

/* A record for a new copy: the old one of the same file that was unloaded, so that trampolines handed out for it work
 * again and reloading in a loop needs no new numbers; else a new record; else any unloaded one. */
static struct provider_entry *provider_record(enum library library, const char *path)
{
    struct provider_entry *unloaded = NULL;
    unsigned highest = atomic_load(&highest_provider);
    for (unsigned number = 1; number <= highest; number++) {
        struct provider_entry *entry = entry_by_number(number);
        if (atomic_load(&entry->loaded) || entry->provider.library != library)
            continue;
        if (strncmp(entry->provider.path, path, sizeof entry->provider.path - 1) == 0)
            return entry;
        unloaded = entry;
    }
    if (highest + 1 < PROVIDER_LIMIT) {
        struct provider_entry *entry = allocate(sizeof *entry);
        if (entry != NULL) {
            entry->provider.number = (uint8_t)(highest + 1);
            entry->provider.library = library;
            return entry;
        }
    }
    return unloaded;
}

static void add_provider(enum library library, const struct scope_object *object)
{
    const char *path = elf_path(object->map);
    struct provider_entry *entry = provider_record(library, path);
    if (entry == NULL)
        return; /* 255 copies at once, or no memory: its callers are treated as if another copy were theirs, unrecorded */
    struct provider *provider = &entry->provider;
    for (unsigned i = 0; i < FUNCTION_COUNT; i++)
        atomic_store_explicit(&provider->real[i], NULL, memory_order_relaxed);
    provider->object = object->map;
    provider->version = 0;
    provider->frees_seen = false;
    strncpy(provider->path, path, sizeof provider->path - 1);
    entry->elf = object->elf;
    entry->outside = (struct view){.real = provider->real, .provider = provider, .library = (uint8_t)library,
                                   .number = provider->number, .tag = view_tag(provider->number)};
    atomic_store(&entry->proof, PROOF_NONE);
    atomic_store(&entry->kept, false);
    atomic_store(&entry->low, object->elf.low);
    atomic_store(&entry->high, object->elf.high);
    atomic_store(&entry->loaded, true);
    atomic_store(&providers[provider->number], entry);
    if (provider->number > atomic_load(&highest_provider))
        atomic_store(&highest_provider, provider->number);
    for_each_binding(unsettle_for_new_provider, &library);
}

static bool same_object(const struct provider_entry *entry, const struct scope_object *object)
{
    return entry->provider.object == object->map && entry->elf.low == object->elf.low &&
           entry->elf.dynamic == object->elf.dynamic && entry->elf.headers == object->elf.headers;
}

static bool retire_providers(const struct scope *scope)
{
    bool any = false;
    for (unsigned number = 1; number <= atomic_load(&highest_provider); number++) {
        struct provider_entry *entry = loaded_entry(number);
        if (entry == NULL)
            continue;
        uint32_t index = scope_find(scope, entry->provider.object);
        if (index != SCOPE_NONE && same_object(entry, &scope->objects[index]))
            continue;
        atomic_store(&entry->loaded, false);
        atomic_store(&entry->low, 0);
        atomic_store(&entry->high, 0);
        for_each_binding(unbind_from_dead_provider, entry);
        any = true;
    }
    return any;
}

static bool add_providers(const struct scope *scope)
{
    bool any = false;
    for (uint32_t i = 0; i < scope->count; i++) {
        const struct scope_object *object = &scope->objects[i];
        if (object->defines == 0 || object->map == NULL)
            continue;
        for (unsigned library = 0; library < LIBRARY_COUNT; library++) {
            if (!(object->defines & (1u << library)))
                continue;
            bool known = false;
            for (unsigned number = 1; number <= atomic_load(&highest_provider); number++) {
                const struct provider_entry *entry = loaded_entry(number);
                known = known || (entry != NULL && entry->provider.library == library && same_object(entry, object));
            }
            if (!known) {
                add_provider((enum library)library, object);
                any = true;
            }
        }
    }
    return any;
}

/* What the program itself needs was loaded with it and stays. To be told so once more is dear: the linker goes through all that the copy needs,
 * which is some hundred objects for GDAL. */
static void mark_loaded_at_start(struct scope *scope)
{
    for (unsigned library = 0; library < LIBRARY_COUNT; library++) {
        uint32_t index = scope_search(scope, 0, (enum library)library, SCOPE_NONE);
        for (unsigned number = 1; index != SCOPE_NONE && number <= atomic_load(&highest_provider); number++) {
            struct provider_entry *entry = loaded_entry(number);
            if (entry != NULL && same_object(entry, &scope->objects[index]))
                atomic_store(&entry->kept, true);
        }
    }
}

static void update_tables(struct scope *scope)
{
    bool changed = false;
    if (scope->subs != known_subs && atomic_load(&looked)) {
        for_each_binding(retire_if_gone, (void *)(uintptr_t)scope);
        retire_providers(scope);
        changed = true;
    }
    if ((scope->adds != known_adds || !atomic_load(&looked)) && add_providers(scope)) {
        mark_loaded_at_start(scope);
        changed = true;
    }
    if (!atomic_load(&looked)) {
        /* The order of the list is the order of the global scope up to the objects loaded at start. */
        for (uint32_t i = 0; i < scope->count; i++)
            if (scope->objects[i].own || elf_symbol(&scope->objects[i].elf, "free") != NULL) {
                atomic_store(&free_is_ours,
                             scope->objects[i].own && elf_symbol(&scope->objects[i].elf, "free") != NULL);
                break;
            }
    }
    known_adds = scope->adds;
    known_subs = scope->subs;
    atomic_store(&looked, true);
    if (changed)
        flush_sites();
}

static unsigned loaded_copies(enum library library, struct provider_entry **first)
{
    unsigned count = 0;
    *first = NULL;
    for (unsigned number = 1; number <= atomic_load(&highest_provider); number++) {
        struct provider_entry *entry = loaded_entry(number);
        if (entry == NULL || entry->provider.library != library)
            continue;
        if (count++ == 0)
            *first = entry;
    }
    return count;
}

/* The copy that the dynamic linker would have bound the caller to, as far as that can be told from outside. */
static struct provider_entry *search_scopes(struct scope *scope, struct request *request, const struct link_map *caller,
                                            enum library library, enum reach *reach)
{
    *reach = REACH_GLOBAL;
    if (scope->objects[0].defines & (1u << library)) /* the main program itself comes before the preloads */
        return entry_of_library_at(scope->objects[0].elf.low, library);
    if (request->stuck) { /* no dlsym: of the global scope only what was loaded at start */
        uint32_t global = scope_search(scope, 0, library, SCOPE_NONE);
        if (global != SCOPE_NONE)
            return entry_of_library_at(scope->objects[global].elf.low, library);
    } else if (!(request->global_known & (1u << library))) {
        request->global_wanted |= 1u << library;
        return NULL;
    }
    if (request->global[library] != 0)
        return entry_of_library_at(request->global[library], library);
    *reach = REACH_TREE;
    uint32_t index = scope_find(scope, caller);
    if (index == SCOPE_NONE)
        return NULL;
    uint32_t found = scope_search(scope, index, library, SCOPE_NONE);
    for (uint32_t root = 0; found == SCOPE_NONE && root < scope->count; root++) {
        *reach = REACH_COUSIN;
        found = scope_search(scope, root, library, index);
    }
    return found != SCOPE_NONE ? entry_of_library_at(scope->objects[found].elf.low, library) : NULL;
}

/* False when a snapshot is needed and `scope` is NULL. */
static bool settle_view(struct scope *scope, struct request *request, struct binding_entry *entry, enum library library)
{
    struct provider_entry *first;
    unsigned copies = loaded_copies(library, &first);
    enum reach reach = copies == 0 ? REACH_NONE : copies == 1 ? REACH_ONLY : REACH_GUESS;
    if (copies > 1 && entry != &overflow) {
        if (scope == NULL)
            return false;
        enum reach better;
        struct provider_entry *found = search_scopes(scope, request, entry->binding.object, library, &better);
        if (request->global_wanted & (1u << library))
            return true; /* asked again with the answer */
        if (found != NULL) {
            first = found;
            reach = better;
        }
    }
    set_view(entry, library, first, reach);
    atomic_fetch_and_explicit(&entry->unsettled, ~(1u << library), memory_order_release);
    return true;
}

static bool belongs_to_library(const struct elf_place *caller)
{
    if (elf_is_own(caller->start))
        return true;
    for (unsigned number = 1; number <= atomic_load(&highest_provider); number++) {
        const struct provider_entry *entry = loaded_entry(number);
        if (entry != NULL && entry->provider.object == caller->map)
            return true;
    }
    /* Driver plugins are GDAL in files of their own. */
    return caller->map->l_name != NULL && strstr(caller->map->l_name, "/gdalplugins/") != NULL;
}

static struct binding_entry *unused_binding(void)
{
    unsigned count = atomic_load(&binding_count);
    if (count + 1 < BINDING_LIMIT) {
        struct binding_entry *entry = allocate(sizeof *entry);
        if (entry == NULL)
            return NULL;
        entry->number = (uint16_t)(count + 1);
        binding_table[count + 1] = &entry->binding;
        atomic_store(&entry->retired, true);
        atomic_store(&binding_count, count + 1);
        return entry;
    }
    /* No thread can be inside a call from an object that is no longer mapped: its record is free for another. */
    for (unsigned number = 1; number <= count; number++)
        if (atomic_load(&((struct binding_entry *)binding_table[number])->retired))
            return (struct binding_entry *)binding_table[number];
    return NULL;
}

static void publish_binding(struct binding_entry *entry)
{
    unsigned slot = binding_slot(entry->binding.object);
    for (unsigned steps = 0; steps < BINDING_HASH_SLOTS; steps++, slot = (slot + 1) % BINDING_HASH_SLOTS) {
        uint32_t number = atomic_load_explicit(&binding_hash[slot], memory_order_relaxed);
        if (number != 0 && number != entry->number)
            continue;
        binding_hash_used += number == 0;
        atomic_store_explicit(&entry->retired, false, memory_order_release);
        atomic_store_explicit(&binding_hash[slot], entry->number, memory_order_release);
        return;
    }
}

static struct binding_entry *make_binding(const struct elf_place *caller)
{
    /* One slot always stays empty, so that a search ends. */
    struct binding_entry *entry = binding_hash_used + 1 < BINDING_HASH_SLOTS ? unused_binding() : NULL;
    if (entry == NULL)
        return &overflow;
    entry->binding = (struct binding){.object = caller->map, .low = caller->start, .high = caller->end,
                                      .provider = belongs_to_library(caller)};
    entry->start = caller->start;
    atomic_store(&entry->introduced, INTRODUCTION_NONE);
    atomic_store(&entry->unsettled, ALL_LIBRARIES);
    for (unsigned library = 0; library < LIBRARY_COUNT; library++)
        set_view(entry, (enum library)library, NULL, REACH_NONE);
    publish_binding(entry);
    return entry;
}

/* With the list held; `scope` is NULL in the quick try, which works when nothing was loaded since and no library has two copies. */
static bool settle(struct scope *scope, struct request *request)
{
    if (settling) { /* see there: never change tables that are being changed */
        request->entry = &overflow;
        return true;
    }
    settling = true;
    if (scope != NULL)
        update_tables(scope);
    if (request->caller != NULL && request->entry == NULL) {
        request->entry = find_binding(request->caller->map, request->caller->start);
        if (request->entry == NULL)
            request->entry = make_binding(request->caller);
    }
    bool complete = true;
    request->global_wanted = 0;
    if (request->entry != NULL) {
        unsigned unsettled = atomic_load(&request->entry->unsettled);
        for (unsigned library = 0; library < LIBRARY_COUNT; library++)
            if (unsettled & (1u << library))
                complete = settle_view(scope, request, request->entry, (enum library)library) && complete;
    }
    if (request->search) {
        enum reach reach;
        complete = complete && scope != NULL;
        if (scope != NULL)
            request->found = search_scopes(scope, request, request->caller != NULL ? request->caller->map : NULL,
                                           request->library, &reach);
    }
    settling = false;
    return complete && request->global_wanted == 0;
}

static void settle_quickly(unsigned long long adds, unsigned long long subs, void *context)
{
    struct request *request = context;
    if (atomic_load(&looked) && adds == known_adds && subs == known_subs)
        request->done = settle(NULL, request);
}

static void settle_fully(struct scope *scope, void *context)
{
    struct request *request = context;
    request->done = settle(scope, request);
}

static void look_up_global(struct request *request)
{
    for (unsigned library = 0; library < LIBRARY_COUNT; library++) {
        if (!(request->global_wanted & (1u << library)))
            continue;
        request->global[library] = (uintptr_t)next_in_global_scope(library_table[library].probe);
        request->global_known |= 1u << library;
    }
}

static void unsettle_all(struct binding_entry *entry, void *context)
{
    for (unsigned library = 0; library < LIBRARY_COUNT; library++)
        unsettle_for_new_provider(entry, &(enum library){(enum library)library});
    (void)context;
}

/* The lost thread may have been inside settle(). What it had published is whole; what it had not is done again, in fresh memory. */
static void recover_from_lost_thread(void)
{
    if (!settling)
        return;
    settling = false;
    chunk_left = 0;
    for_each_binding(unsettle_all, NULL);
}

/* In a forked child that can never hold the list again. Nothing else serialises its threads, so one that comes second goes
 * unrecorded. */
static void settle_stuck(struct request *request)
{
    static _Atomic bool busy;
    static _Atomic pid_t recovered;
    request->stuck = true;
    if (!atomic_exchange(&busy, true)) {
        if (atomic_exchange(&recovered, getpid()) != getpid())
            recover_from_lost_thread();
        scope_snapshot_stuck(settle_fully, request);
        atomic_store(&busy, false);
    }
    request->done = true;
    if (request->entry == NULL)
        request->entry = &overflow;
}

static void carry_out(struct request *request)
{
    if (scope_is_stuck()) {
        settle_stuck(request);
        return;
    }
    real_dlsym(); /* known before any fork: finding it needs the list */
    scope_hold(settle_quickly, request);
    for (unsigned tries = 0; !request->done && tries < 4; tries++) {
        if (!scope_snapshot(settle_fully, request))
            break;
        look_up_global(request);
    }
    if (!request->done && request->entry == NULL)
        request->entry = &overflow; /* no memory, or the list never kept still */
}

struct provider *provider_holding(uintptr_t address)
{
    struct provider_entry *entry = entry_at(address);
    if (entry == NULL) {
        struct request request = {0};
        carry_out(&request);
        entry = entry_at(address);
    }
    return entry != NULL ? &entry->provider : NULL;
}

struct provider *provider_in_scope(uintptr_t return_address, enum library library)
{
    struct elf_place place;
    struct request request = {.search = true, .library = library};
    if (elf_place(return_address, &place))
        request.caller = &place;
    carry_out(&request);
    return request.found != NULL ? &request.found->provider : NULL;
}

/* ---- off and on again -------------------------------------------------------------------------------------------------- */

static _Atomic bool passing; /* all calls pass unwatched */

/* Each binding comes by here, because no site is cached when it changes. */
static void agree_with_passing(struct binding_entry *entry)
{
    bool now;
    do {
        now = atomic_load(&passing);
        for (unsigned library = 0; library < LIBRARY_COUNT; library++) {
            bool internal = now || entry->binding.provider || entry->reach[library] == REACH_GUESS;
            if (entry->binding.view[library].internal != internal)
                __atomic_store_n(&entry->binding.view[library].internal, internal, __ATOMIC_SEQ_CST);
        }
    } while (atomic_load(&passing) != now); /* another thread changed it, and may have come by before what is written here */
}

void provider_pass_all(bool pass)
{
    atomic_store(&passing, pass);
    unsigned highest = atomic_load(&highest_provider);
    for (unsigned number = 1; number <= highest; number++) {
        struct provider_entry *entry = entry_by_number(number);
        if (entry != NULL)
            __atomic_store_n(&entry->outside.internal, pass, __ATOMIC_RELAXED);
    }
    provider_look_again();
}

/* ---- the slow path of a call ------------------------------------------------------------------------------------------ */

/* Does a free by this copy reach our free()? Its own allocator answers. Others meanwhile see "no", which is the careful answer. */
static void prove_frees(struct provider_entry *entry)
{
    int none = PROOF_NONE;
    if (!atomic_compare_exchange_strong(&entry->proof, &none, PROOF_BEGUN))
        return;
    /* The C++ libraries' objects go through operator delete. The standard one ends in free(); that of another allocator does not. */
    void *deleter = real_dlsym()(RTLD_DEFAULT, "_ZdlPv");
    Dl_info info;
    if (deleter != NULL && dladdr(deleter, &info) != 0 && strstr(info.dli_fname, "libstdc++") == NULL && strstr(info.dli_fname, "libc++") == NULL)
        return;
    const struct library_info *library = &library_table[entry->provider.library];
    if (library->deallocates == NULL) { /* plain operator delete, which ends in the global scope's free */
        entry->provider.frees_seen = atomic_load(&free_is_ours);
        return;
    }
    void (*deallocate)(void *) = (void (*)(void *))provider_symbol(&entry->provider, library->deallocates);
    void *(*allocate_block)(size_t) = malloc; /* the process's, also when it comes before Holdfast in the search order */
    if (library->allocates != NULL)
        allocate_block = (void *(*)(size_t))provider_symbol(&entry->provider, library->allocates);
    void *block = deallocate != NULL && allocate_block != NULL ? allocate_block(64) : NULL;
    if (block == NULL)
        return;
    struct fence_watch probe;
    bool armed = fence_probe_begin(&probe, block);
    deallocate(block);
    entry->provider.frees_seen = armed && fence_probe_end(&probe);
}

/* The object stays mapped from now on, also after the program's last dlclose of it. */
static void keep_loaded(const struct link_map *object)
{
    const char *path = object != NULL ? object->l_name : NULL;
    if (path == NULL || path[0] == '\0' || scope_is_stuck())
        return; /* the main program; or a child that can unload nothing anyway */
    void *handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    if (handle != NULL)
        dlclose(handle); /* the mark stays, the reference need not */
}

void provider_keep_loaded(struct provider *provider)
{
    struct provider_entry *entry = (struct provider_entry *)provider;
    if (!atomic_load_explicit(&entry->kept, memory_order_relaxed) && !atomic_exchange(&entry->kept, true))
        keep_loaded(provider->object);
}

/* Things to be done once for a calling object outside the libraries. Other threads of the same caller wait: what they record depends on
 * whether its holders are known exactly. */
static void introduce(struct binding_entry *entry)
{
    if (!holdfast_is_active())
        holdfast_activate();
    int state = INTRODUCTION_NONE;
    if (atomic_load_explicit(&entry->introduced, memory_order_acquire) == INTRODUCTION_DONE)
        return;
    if (!atomic_compare_exchange_strong(&entry->introduced, &state, INTRODUCTION_BEGUN)) {
        /* Bounded, because the thread that began may be this very one, in a constructor or a signal handler further up. */
        for (unsigned turn = 0; turn < 2000 && atomic_load_explicit(&entry->introduced, memory_order_acquire) != INTRODUCTION_DONE; turn++)
            usleep(50);
        return;
    }
    keep_loaded(entry->binding.object);
    if (python_watch_module(entry->binding.object)) {
        entry->binding.exact = true;
        for (unsigned library = 0; library < LIBRARY_COUNT; library++)
            entry->binding.view[library].exact = true;
    }
    atomic_store_explicit(&entry->introduced, INTRODUCTION_DONE, memory_order_release);
}

static struct binding_entry *binding_at(uintptr_t return_address, enum library library)
{
    struct binding_entry *entry = cached_binding(return_address);
    unsigned generation = atomic_load_explicit(&objects_generation, memory_order_seq_cst);
    struct elf_place place;
    bool cached = entry != NULL;
    struct request request = {0};
    if (entry == NULL && elf_place(return_address, &place)) {
        request.caller = &place;
        entry = find_binding(place.map, place.start);
    } else if (entry == NULL) {
        entry = &unknown_caller;
    }
    if (entry == NULL || (atomic_load_explicit(&entry->unsettled, memory_order_acquire) & (1u << library))) {
        request.entry = entry;
        carry_out(&request);
        entry = request.entry;
        generation = atomic_load_explicit(&objects_generation, memory_order_seq_cst);
        cached = false;
    }
    agree_with_passing(entry);
    if (!cached && !elf_is_own(return_address) && !atomic_load_explicit(&entry->unsettled, memory_order_acquire))
        cache_site(return_address, entry, generation);
    return entry;
}

/* The copy calls a function of its own, so the linker has done with it: from now on it reaches them without us. */
static void bind_own_calls(struct provider_entry *entry)
{
    if (!holdfast_is_active() || !holdfast_options.own_calls || atomic_load_explicit(&entry->bound, memory_order_relaxed) || atomic_exchange(&entry->bound, true))
        return;
    if (!imports_bind_own_calls(&entry->elf, library_table[entry->provider.library].deallocates))
        atomic_store(&entry->bound, false);
}

const struct view *enter_call_slowly(uintptr_t return_address, enum library library)
{
    int saved_errno = errno;
    const struct dlsym_slot *slot = dlsym_slot_used;
    dlsym_slot_used = NULL;
    if (call_cell->budget < 1)
        counters_enter();
    if (elf_is_own(return_address) && calling_provider != NULL)
        return_address = (uintptr_t)calling_provider->object->l_ld; /* as good as any address inside it */
    struct binding_entry *entry = binding_at(return_address, library);
    const struct view *view = &entry->binding.view[library];
    if (!entry->binding.provider) {
        introduce(entry);
        control_look(); /* where all else passes, and for places that call for the first time */
        agree_with_passing(entry);
        if (slot != NULL && slot->view_outside->library == library)
        {
            view = slot->view_outside;
            if (view->internal != atomic_load(&passing)) /* found since */
                __atomic_store_n(&((struct view *)(uintptr_t)view)->internal, atomic_load(&passing), __ATOMIC_RELAXED);
        }
        if (view->provider != NULL && !view->internal) {
            provider_keep_loaded(view->provider);
            prove_frees((struct provider_entry *)view->provider);
        }
    }
    if (view->provider != NULL && view->provider->object == entry->binding.object)
        bind_own_calls((struct provider_entry *)view->provider);
    errno = saved_errno;
    return view;
}

/* ---- the libraries' functions ------------------------------------------------------------------------------------------- */

int function_by_name(const char *name)
{
    int low = 0, high = FUNCTION_COUNT - 1;
    while (low <= high) {
        int middle = (low + high) / 2;
        int order = elf_compare_names(name, function_table[middle].name);
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return -1;
}

/* ---- real functions ---------------------------------------------------------------------------------------------------- */

/* The words and the status of ld.so, which would have ended the process at this very call. */
static _Noreturn void symbol_lookup_error(const struct view *view, const char *name)
{
    char text[1024];
    const char *where = program_invocation_name;
    if (view->provider != NULL && view == provider_outside_view(view->provider))
        where = view->provider->path;
    else if (entry_of(view)->binding.object != NULL && entry_of(view)->binding.object->l_name[0] != '\0')
        where = entry_of(view)->binding.object->l_name;
    int length = snprintf(text, sizeof text, "%s: symbol lookup error: %s: undefined symbol: %s\n",
                          program_invocation_name, where, name);
    if (length > (int)sizeof text - 1)
        length = (int)sizeof text - 1;
    if (length > 0 && write(STDERR_FILENO, text, (size_t)length) < 0) {
        /* nobody to tell */
    }
    _exit(127);
}

void *resolve_real(const struct view *view, enum function function)
{
    int saved_errno = errno;
    void *real = NULL;
    if (view->provider == NULL) {
        /* A copy may have been loaded since this caller was bound: the caller's view is completed in place. */
        struct request request = {.entry = entry_of(view)};
        atomic_fetch_or(&request.entry->unsettled, 1u << view->library);
        carry_out(&request);
        agree_with_passing(entry_of(view));
    }
    if (view->provider != NULL)
        real = find_real(view->provider, function);
    struct provider_entry *any;
    if (view->provider == NULL && loaded_copies((enum library)view->library, &any) != 0)
        real = find_real(&any->provider, function); /* the tables could not be settled: unrecorded, but it works */
    if (real == NULL && !scope_is_stuck()) {
        /* Another object of the global scope may define it alone (a compatibility library). */
        real = next_in_global_scope(function_table[function].name);
    }
    if (real == NULL)
        symbol_lookup_error(view, function_table[function].name);
    errno = saved_errno;
    return real;
}

/* ---- versions -------------------------------------------------------------------------------------------------------------- */

struct proj_version { /* PJ_INFO of proj.h, the same since PROJ 5 */
    int major, minor, patch;
    const char *release, *version, *searchpath, *const *paths;
    size_t path_count;
};

static unsigned read_version(const struct provider *provider)
{
    void *function = provider_symbol(provider, library_table[provider->library].version);
    if (function == NULL)
        return 0;
    if (provider->library == LIBRARY_gdal) { /* "3060200" */
        const char *text = ((const char *(*)(const char *))function)("VERSION_NUM");
        return text != NULL ? (unsigned)(strtoul(text, NULL, 10) / 100) : 0;
    }
    if (provider->library == LIBRARY_geos) { /* "3.11.1-CAPI-1.17.1" */
        const char *text = ((const char *(*)(void))function)();
        unsigned number[3] = {0};
        char *end = (char *)(uintptr_t)text;
        for (unsigned i = 0; i < 3 && end != NULL; i++) {
            number[i] = (unsigned)strtoul(end, &end, 10);
            if (*end != '.')
                break;
            end++;
        }
        return number[0] * 10000 + number[1] * 100 + number[2];
    }
    struct proj_version version = ((struct proj_version(*)(void))function)();
    return (unsigned)(version.major * 10000 + version.minor * 100 + version.patch);
}

unsigned provider_version(struct provider *provider)
{
    unsigned version = __atomic_load_n(&provider->version, __ATOMIC_RELAXED);
    if (version == 0) {
        int saved_errno = errno;
        version = read_version(provider);
        errno = saved_errno;
        __atomic_store_n(&provider->version, version, __ATOMIC_RELAXED);
    }
    return version;
}
