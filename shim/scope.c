/* The loaded objects and who depends on whom. See scope.h.
 *
 * Any thread, with no lock of Holdfast held. Calls dl_iterate_phdr, mmap and munmap; never malloc (the wrapped
 * program's allocator may be what is calling), never dlsym.
 */
#include "scope.h"
#include "slots.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- locks that a fork left taken ---------------------------------------------------------------------------------- */

/* The linker's locks lie in its private _rtld_global, at a place that differs by version. But inside a dl_iterate_phdr callback the list
 * lock is the recursive mutex there that this thread owns; the main lock (dlopen, dlsym) is the one before it. When this is not found
 * out, nothing is ever taken for stuck. */
static const pthread_mutex_t *_Atomic list_lock;
static _Atomic pid_t home; /* the process in which it was found: there every owner is a live thread */

enum { GLOBAL_BYTES = 8192 };

static uintptr_t linker_globals(uintptr_t *end)
{
    struct elf_place place;
    struct elf_object linker;
    if (!elf_place((uintptr_t)&_r_debug, &place) || !elf_open_place(&linker, &place))
        return 0;
    uintptr_t start = (uintptr_t)elf_symbol(&linker, "_rtld_global");
    *end = linker.high - start < GLOBAL_BYTES ? linker.high : start + GLOBAL_BYTES;
    return start;
}

static void find_list_lock(uintptr_t start, uintptr_t end)
{
    const pthread_mutex_t *found = NULL;
    int self = (int)syscall(SYS_gettid);
    for (uintptr_t place = start; start != 0 && place + sizeof(pthread_mutex_t) <= end; place += sizeof(uintptr_t)) {
        const pthread_mutex_t *mutex = (const pthread_mutex_t *)place;
        if (mutex->__data.__lock != 0 && mutex->__data.__owner == self && mutex->__data.__count > 0 &&
            mutex->__data.__kind == PTHREAD_MUTEX_RECURSIVE_NP)
            found = mutex; /* inside dlopen the main lock is ours as well: the list lock is the later one */
    }
    if (found != NULL) {
        atomic_store(&home, getpid());
        atomic_store(&list_lock, found);
    }
}

static bool owner_is_gone(const pthread_mutex_t *mutex)
{
    int owner = __atomic_load_n(&mutex->__data.__owner, __ATOMIC_RELAXED);
    return __atomic_load_n(&mutex->__data.__lock, __ATOMIC_RELAXED) != 0 && owner != 0 &&
           mutex->__data.__kind == PTHREAD_MUTEX_RECURSIVE_NP && thread_is_gone(owner);
}

bool scope_is_stuck(void)
{
    const pthread_mutex_t *lock = atomic_load(&list_lock);
    if (lock == NULL || atomic_load(&home) == getpid())
        return false;
    return owner_is_gone(lock) || owner_is_gone(lock - 1);
}

/* ---- holding the list -------------------------------------------------------------------------------------------------- */

struct hold {
    uintptr_t globals, globals_end;
    void (*work)(unsigned long long, unsigned long long, void *);
    void *context;
    bool done;
};

static int hold_first(struct dl_phdr_info *info, size_t bytes, void *context)
{
    struct hold *hold = context;
    if (hold->globals != 0)
        find_list_lock(hold->globals, hold->globals_end);
    if (bytes >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof info->dlpi_subs) {
        hold->work(info->dlpi_adds, info->dlpi_subs, hold->context);
        hold->done = true;
    }
    return 1; /* the rest of the list is not asked for */
}

bool scope_hold(void (*work)(unsigned long long adds, unsigned long long subs, void *context), void *context)
{
    struct hold hold = {0, 0, work, context, false};
    if (atomic_load_explicit(&list_lock, memory_order_relaxed) == NULL)
        hold.globals = linker_globals(&hold.globals_end);
    dl_iterate_phdr(hold_first, &hold);
    return hold.done;
}

static uint32_t name_hash(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash | 1u; /* 0 means none */
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* First pass: how much room is needed. */
static int count_object(struct dl_phdr_info *info, size_t bytes, void *context)
{
    (void)bytes;
    struct scope *scope = context;
    scope->adds = info->dlpi_adds;
    scope->subs = info->dlpi_subs;
    scope->count++;
    struct elf_object elf;
    size_t position = 0;
    if (elf_open(&elf, info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum))
        while (elf_needed(&elf, &position) != NULL)
            scope->edge_count++;
    return 0;
}

struct gathering {
    struct scope *scope;
    uint32_t capacity;
};

static void describe_object(struct scope_object *object, const char *name)
{
    object->name = name != NULL ? name : "";
    object->own = elf_is_own(object->elf.low);
    const char *soname = elf_soname(&object->elf);
    object->soname_hash = soname != NULL ? name_hash(soname) : 0;
    object->file_hash = object->name[0] != '\0' ? name_hash(file_name(object->name)) : 0;
    if (object->own)
        return;
    for (unsigned library = 0; library < LIBRARY_COUNT; library++)
        if (elf_symbol(&object->elf, library_table[library].probe) != NULL)
            object->defines |= (uint8_t)(1u << library);
}

/* Second pass: every object by itself. */
static int gather_object(struct dl_phdr_info *info, size_t bytes, void *context)
{
    (void)bytes;
    struct gathering *gathering = context;
    struct scope *scope = gathering->scope;
    if (scope->count >= gathering->capacity || info->dlpi_adds != scope->adds || info->dlpi_subs != scope->subs)
        return 1;
    struct scope_object *object = &scope->objects[scope->count++];
    object->name = "";
    if (elf_open(&object->elf, info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum))
        describe_object(object, info->dlpi_name);
    return 0;
}

/* ld.so takes the first object in its list with that soname or file name: two copies with one soname are told apart as it does. */
static uint32_t find_needed(const struct scope *scope, const char *needed)
{
    uint32_t hash = name_hash(file_name(needed));
    bool whole_path = strchr(needed, '/') != NULL;
    for (uint32_t i = 0; i < scope->count; i++) {
        const struct scope_object *object = &scope->objects[i];
        if (object->soname_hash != hash && object->file_hash != hash)
            continue;
        if (whole_path ? strcmp(object->name, needed) == 0 : strcmp(file_name(object->name), needed) == 0)
            return i;
        const char *soname = object->soname_hash == hash ? elf_soname(&object->elf) : NULL;
        if (soname != NULL && strcmp(soname, needed) == 0)
            return i;
    }
    return SCOPE_NONE;
}

struct third_pass {
    struct scope *scope;
    uint32_t edge_capacity;
    void (*work)(struct scope *, void *);
    void *context;
    bool done;
};

static void connect_objects(struct scope *scope, uint32_t edge_capacity)
{
    scope->edge_count = 0;
    for (uint32_t i = 0; i < scope->count; i++) {
        struct scope_object *object = &scope->objects[i];
        object->first_edge = scope->edge_count;
        const char *needed;
        for (size_t position = 0; (needed = elf_needed(&object->elf, &position)) != NULL;) {
            uint32_t target = find_needed(scope, needed);
            if (target != SCOPE_NONE && scope->edge_count < edge_capacity)
                scope->edges[scope->edge_count++] = target;
        }
        object->edge_count = scope->edge_count - object->first_edge;
    }
}

/* Third pass: the list is still the one that was gathered, and stays so until this returns. */
static void connect_and_work(unsigned long long adds, unsigned long long subs, void *context)
{
    struct third_pass *pass = context;
    struct scope *scope = pass->scope;
    if (adds != scope->adds || subs != scope->subs)
        return;
    const struct link_map *map = _r_debug.r_map;
    for (uint32_t i = 0; i < scope->count; i++) {
        struct scope_object *object = &scope->objects[i];
        /* The link map list has the same order; an object that one of the two leaves out does not derail the other. */
        const struct link_map *candidate = map;
        while (candidate != NULL && (const void *)candidate->l_ld != (const void *)object->elf.dynamic)
            candidate = candidate->l_next;
        if (candidate != NULL && object->elf.dynamic != NULL) {
            object->map = candidate;
            map = candidate->l_next;
        }
    }
    connect_objects(scope, pass->edge_capacity);
    pass->work(scope, pass->context);
    pass->done = true;
}

/* For one snapshot at a time where there is no memory: hundreds of objects fit. */
static uint8_t reserve[256 * 1024] __attribute__((aligned(64)));
static _Atomic bool reserve_taken;

static void *take_reserve(size_t bytes)
{
    if (bytes > sizeof reserve || atomic_exchange(&reserve_taken, true))
        return MAP_FAILED;
    memset(reserve, 0, bytes);
    return reserve;
}

static void give_room(void *memory, size_t bytes)
{
    if (memory == reserve)
        atomic_store(&reserve_taken, false);
    else
        munmap(memory, bytes);
}

/* Room for a snapshot; its size is returned in *bytes. */
static bool make_room(struct scope *scope, uint32_t capacity, uint32_t edge_capacity, size_t *bytes)
{
    *bytes = capacity * (sizeof(struct scope_object) + sizeof(uint32_t)) + edge_capacity * sizeof(uint32_t);
    void *memory = capacity == 0 ? MAP_FAILED : mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED && capacity != 0)
        memory = take_reserve(*bytes);
    if (memory == MAP_FAILED)
        return false;
    scope->objects = memory;
    scope->queue = (uint32_t *)(scope->objects + capacity);
    scope->edges = scope->queue + capacity;
    scope->count = 0;
    return true;
}

/* One try: false, with *again set, when the list changed meanwhile. */
static bool try_snapshot(void (*work)(struct scope *, void *), void *context, bool *again)
{
    struct scope scope = {0};
    dl_iterate_phdr(count_object, &scope);
    uint32_t capacity = scope.count, edge_capacity = scope.edge_count;
    size_t bytes;
    *again = false;
    if (!make_room(&scope, capacity, edge_capacity, &bytes))
        return false;
    struct gathering gathering = {&scope, capacity};
    dl_iterate_phdr(gather_object, &gathering);
    struct third_pass pass = {&scope, edge_capacity, work, context, false};
    if (scope.count == capacity)
        scope_hold(connect_and_work, &pass);
    give_room(scope.objects, bytes);
    *again = !pass.done;
    return pass.done;
}

bool scope_snapshot(void (*work)(struct scope *scope, void *context), void *context)
{
    bool again = true;
    for (unsigned tries = 0; again && tries < 16; tries++)
        if (try_snapshot(work, context, &again))
            return true;
    return false;
}

/* An object that the lost thread was loading is not found by _dl_find_object yet, one that it was unloading no more: what is found is
 * whole and mapped. The chain itself is changed by single stores, and nobody changes it any more. */
static bool open_whole(const struct link_map *map, struct elf_object *elf)
{
    struct elf_place place;
    return elf_place((uintptr_t)map->l_ld, &place) && place.map == map && elf_open_place(elf, &place);
}

bool scope_snapshot_stuck(void (*work)(struct scope *scope, void *context), void *context)
{
    enum { CHAIN_LIMIT = 65536 };
    struct scope scope = {.adds = UINT64_MAX, .subs = UINT64_MAX};
    struct elf_object elf;
    uint32_t capacity = 0, edge_capacity = 0;
    for (const struct link_map *map = _r_debug.r_map; map != NULL && capacity < CHAIN_LIMIT; map = map->l_next)
        if (open_whole(map, &elf)) {
            capacity++;
            for (size_t position = 0; elf_needed(&elf, &position) != NULL;)
                edge_capacity++;
        }
    size_t bytes;
    if (!make_room(&scope, capacity, edge_capacity, &bytes))
        return false;
    for (const struct link_map *map = _r_debug.r_map; map != NULL && scope.count < capacity; map = map->l_next)
        if (open_whole(map, &elf)) {
            struct scope_object *object = &scope.objects[scope.count++];
            object->elf = elf;
            object->map = map;
            describe_object(object, map->l_name);
        }
    connect_objects(&scope, edge_capacity);
    work(&scope, context);
    give_room(scope.objects, bytes);
    return true;
}

static void nothing(unsigned long long adds, unsigned long long subs, void *context)
{
    (void)adds, (void)subs, (void)context;
}

/* The locks must be known before any fork: afterwards it is too late to hold them. */
__attribute__((constructor)) static void know_the_locks(void)
{
    scope_hold(nothing, NULL);
}

uint32_t scope_search(struct scope *scope, uint32_t root, enum library library, uint32_t member)
{
    uint32_t search = ++scope->searches, head = 0, tail = 0, found = SCOPE_NONE;
    bool member_met = member == SCOPE_NONE;
    scope->objects[root].visited = search;
    scope->queue[tail++] = root;
    while (head < tail) {
        uint32_t index = scope->queue[head++];
        const struct scope_object *object = &scope->objects[index];
        if (found == SCOPE_NONE && (object->defines & (1u << library)))
            found = index;
        member_met = member_met || index == member;
        if (found != SCOPE_NONE && member_met)
            return found;
        for (uint32_t i = 0; i < object->edge_count; i++) {
            uint32_t target = scope->edges[object->first_edge + i];
            if (scope->objects[target].visited != search) {
                scope->objects[target].visited = search;
                scope->queue[tail++] = target;
            }
        }
    }
    return SCOPE_NONE;
}

uint32_t scope_find(const struct scope *scope, const struct link_map *map)
{
    for (uint32_t i = 0; map != NULL && i < scope->count; i++)
        if (scope->objects[i].map == map)
            return i;
    return SCOPE_NONE;
}
