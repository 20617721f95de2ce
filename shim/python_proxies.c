/* The Python side's holders: SWIG proxies that hold a handle, from their birth to their death. See python.h, DESIGN section 8.
 *
 * A SWIG module wraps each handle that it hands to Python into a SwigPyObject. Birth: the module calls _PyObject_New through
 * its import slot, which is redirected here. Its pointer is stored a few instructions later, so the object is *pending* until this
 * thread comes by again, and *known* once its handle was found. Death: tp_dealloc of its type is replaced by proxy_dies().
 *
 * Rules that every line here obeys:
 *  1. Births and deaths run with the GIL, settling may run without. What is shared is guarded by `proxies_lock`; the tracker's
 *     lock may be taken inside it, never the other way round. Nothing else is called with either held: no Python, no
 *     stack, no GDAL, no dynamic linker.
 *  2. An object's memory is read only while it is pending, and it stops being pending before its memory is freed (rule 3), or
 *     when the interpreter has begun to end, since then the interpreter may unmap it without a word.
 *  3. A death first removes the object from everything here, then lets the type's own tp_dealloc run.
 *  4. With the tracker gone, everything is passed through. The list of types is static memory, because types die
 *     later than anything else.
 *  5. fork can stand between any two instructions of another thread: the pending objects and the table are flat, a record is valid
 *     when its `object` is set (written last, cleared first), and what the tracker must agree with is done under the
 *     tracker's lock, which is held while the process forks.
 *
 * No malloc, no signal handlers. Leaves errno alone.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "python.h"
#include "context.h"
#include "elf_object.h"
#include "hold.h"
#include "effects.h"
#include "provider.h"
#include "python_layout.h"
#include "imports.h"
#include "stack.h"
#include "young.h"
#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* SwigPyObject: head, void *ptr, swig_type_info *ty, int own, PyObject *next. */
#define PROXY_POINTER 16
#define PROXY_BYTES 48
#define PROXY_TYPE_NAME "SwigPyObject"

static uintptr_t word_at(const void *base, unsigned offset)
{
    return __atomic_load_n((const uintptr_t *)((const uint8_t *)base + offset), __ATOMIC_RELAXED);
}

static void put_word(void *base, unsigned offset, uintptr_t word)
{
    __atomic_store_n((uintptr_t *)((uint8_t *)base + offset), word, __ATOMIC_RELAXED);
}

/* ---- the lock ------------------------------------------------------------------------------------------------------- */

/* Its address tells threads apart, without a system call. */
static __thread char thread_mark __attribute__((tls_model("initial-exec")));

static struct {
    _Atomic uint32_t word; /* 0 free, 1 taken, 2 taken and waited for */
    const char *_Atomic owner;
} proxies_lock;

static __attribute__((noinline)) void wait_for_lock(void)
{
    int saved_errno = errno;
    while (atomic_exchange_explicit(&proxies_lock.word, 2, memory_order_acquire) != 0)
        syscall(SYS_futex, &proxies_lock.word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
    errno = saved_errno;
}

/* False when this very thread holds it: then a signal handler asks, and must be sent away. */
static inline __attribute__((always_inline)) bool take_lock(void)
{
    if (atomic_load_explicit(&proxies_lock.owner, memory_order_relaxed) == &thread_mark)
        return false;
    if (alone()) { /* nobody to meet, nor to wake: signal handlers are sent away by the owner */
        atomic_store_explicit(&proxies_lock.owner, &thread_mark, memory_order_relaxed);
        atomic_store_explicit(&proxies_lock.word, 1, memory_order_relaxed);
        return true;
    }
    uint32_t expected = 0;
    if (!atomic_compare_exchange_strong_explicit(&proxies_lock.word, &expected, 1, memory_order_acquire,
                                                 memory_order_relaxed))
        wait_for_lock();
    atomic_store_explicit(&proxies_lock.owner, &thread_mark, memory_order_relaxed);
    return true;
}

static inline __attribute__((always_inline)) void give_lock(void)
{
    atomic_store_explicit(&proxies_lock.owner, NULL, memory_order_relaxed);
    if (alone()) {
        atomic_store_explicit(&proxies_lock.word, 0, memory_order_relaxed);
        return;
    }
    if (atomic_exchange_explicit(&proxies_lock.word, 0, memory_order_release) == 2) {
        int saved_errno = errno;
        syscall(SYS_futex, &proxies_lock.word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        errno = saved_errno;
    }
}

/* ---- known proxies: a hash table by address of the object, linear probing, [proxies_lock] --------------------------------- */

struct proxy {
    uintptr_t object; /* 0: empty */
    uint64_t address; /* of the handle */
    handle_id handle; /* 0: it was young when the proxy was made */
    uint32_t serial;  /* of the handle's record, which may have been given to another handle since; of a young one the number of its birth */
};

struct proxy_table {
    uint32_t capacity; /* a power of two */
    uint32_t used;     /* at most half of it */
    struct proxy slots[];
};

#define TABLE_FIRST_CAPACITY 1024u

static struct proxy_table *_Atomic table; /* NULL: no proxy was ever known */

static uint32_t home_slot(const struct proxy_table *in, uintptr_t object)
{
    return (uint32_t)((uint64_t)(object >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (in->capacity - 1);
}

static struct proxy *table_find(struct proxy_table *in, uintptr_t object)
{
    if (in == NULL)
        return NULL;
    for (uint32_t i = home_slot(in, object); in->slots[i].object != 0; i = (i + 1) & (in->capacity - 1))
        if (in->slots[i].object == object)
            return &in->slots[i];
    return NULL;
}

static void write_slot(struct proxy *slot, const struct proxy *proxy)
{
    slot->address = proxy->address;
    slot->handle = proxy->handle;
    slot->serial = proxy->serial;
    __atomic_store_n(&slot->object, proxy->object, __ATOMIC_RELEASE);
}

static void table_insert(struct proxy_table *in, const struct proxy *proxy)
{
    uint32_t i = home_slot(in, proxy->object);
    while (in->slots[i].object != 0 && in->slots[i].object != proxy->object)
        i = (i + 1) & (in->capacity - 1);
    if (in->slots[i].object == 0)
        in->used++;
    write_slot(&in->slots[i], proxy);
}

/* Closes the gap by moving later records up: a record stands twice for a moment, never nowhere (rule 5). */
static void table_remove(struct proxy_table *in, struct proxy *slot)
{
    uint32_t mask = in->capacity - 1, gap = (uint32_t)(slot - in->slots);
    __atomic_store_n(&in->slots[gap].object, 0, __ATOMIC_RELEASE);
    for (uint32_t i = (gap + 1) & mask; in->slots[i].object != 0; i = (i + 1) & mask) {
        if (((i - home_slot(in, in->slots[i].object)) & mask) < ((i - gap) & mask))
            continue; /* the gap lies before its home */
        write_slot(&in->slots[gap], &in->slots[i]);
        __atomic_store_n(&in->slots[i].object, 0, __ATOMIC_RELEASE);
        gap = i;
    }
    in->used--;
}

static size_t table_bytes(uint32_t capacity)
{
    return sizeof(struct proxy_table) + capacity * sizeof(struct proxy);
}

/* Put all records into a new table. False when there is no memory; the old one stays. */
static bool table_rebuild(uint32_t capacity)
{
    struct proxy_table *old = atomic_load_explicit(&table, memory_order_relaxed);
    int saved_errno = errno;
    struct proxy_table *new = mmap(NULL, table_bytes(capacity), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (new == MAP_FAILED) {
        errno = saved_errno;
        return false;
    }
    new->capacity = capacity;
    for (uint32_t i = 0; old != NULL && i < old->capacity; i++)
        if (old->slots[i].object != 0)
            table_insert(new, &old->slots[i]);
    atomic_store_explicit(&table, new, memory_order_release);
    if (old != NULL)
        munmap(old, table_bytes(old->capacity));
    errno = saved_errno;
    return true;
}

static bool table_make_room(void)
{
    struct proxy_table *in = atomic_load_explicit(&table, memory_order_relaxed);
    if (in == NULL)
        return table_rebuild(TABLE_FIRST_CAPACITY);
    if (in->used < in->capacity / 2)
        return true;
    if (in->capacity <= UINT32_MAX / 4 && table_rebuild(in->capacity * 2))
        return true;
    return in->used < in->capacity - in->capacity / 8; /* no memory: slower, while it lasts */
}

/* ---- pending proxies, [proxies_lock] ---------------------------------------------------------------------------------------- */

struct pending {
    uintptr_t object; /* 0: empty */
    const char *thread; /* that made it */
    stack_id stack;
};

/* Each birth settles the earlier ones, so there is hardly ever more than one for each GIL. */
#define PENDING_SLOTS 16u
static struct pending pending[PENDING_SLOTS];
_Atomic uint32_t python_pending_proxies;

static void pending_add(uintptr_t object, stack_id stack)
{
    struct pending *slot = &pending[0];
    for (unsigned i = 0; i < PENDING_SLOTS; i++)
        if (pending[i].object == 0) {
            slot = &pending[i];
            break;
        }
    if (slot->object == 0)
        atomic_fetch_add_explicit(&python_pending_proxies, 1, memory_order_relaxed);
    slot->stack = stack;
    slot->thread = &thread_mark;
    __atomic_store_n(&slot->object, object, __ATOMIC_RELEASE);
}

static void pending_remove(struct pending *slot)
{
    __atomic_store_n(&slot->object, 0, __ATOMIC_RELEASE);
    atomic_fetch_sub_explicit(&python_pending_proxies, 1, memory_order_relaxed);
}

/* Its pointer is stored: find the handle it holds. A pointer that is no handle, or one that is dead already, is nobody's business. */
static void settle(uintptr_t object, uint64_t address, stack_id stack)
{
    struct tracker *tracker = &holdfast_tracker;
    if (tracker->base == NULL || !table_make_room())
        return;
    struct proxy young = {.object = object, .address = address};
    if (young_holder_add(address, stack, &young.serial)) {
        table_insert(atomic_load_explicit(&table, memory_order_relaxed), &young);
        return;
    }
    if (!lock_near(address))
        return;
    handle_id id = find_any(address);
    const struct handle_record *record = id == 0 ? NULL : tracker_handle(tracker, id);
    if (record != NULL && (record->state == HANDLE_LIVE || record->state == HANDLE_HELD)) {
        struct proxy proxy = {.object = object, .address = address, .handle = id, .serial = record->serial};
        handle_holder_add(tracker, id, stack);
        table_insert(atomic_load_explicit(&table, memory_order_relaxed), &proxy);
        tracker_count(tracker, COUNTER_proxies);
    }
    tracker_unlock(tracker);
}

/* `all_made`: no other thread can be making a proxy right now. */
static void settle_all(bool all_made)
{
    const struct python_runtime *python = python_runtime(false);
    bool readable = python != NULL && python->is_initialized() != 0; /* rule 2 */
    uint32_t left = atomic_load_explicit(&python_pending_proxies, memory_order_relaxed);
    for (unsigned i = 0; i < PENDING_SLOTS && left != 0; i++) {
        struct pending *slot = &pending[i];
        if (slot->object == 0)
            continue;
        left--;
        uint64_t address = readable ? word_at((const void *)slot->object, PROXY_POINTER) : 0;
        /* Without a pointer: never to get one, unless another thread is still making it. */
        if (readable && address == 0 && !all_made && slot->thread != &thread_mark)
            continue;
        if (address != 0)
            settle(slot->object, address, slot->stack);
        pending_remove(slot);
    }
}

void python_settle_pending(void)
{
    if (!take_lock())
        return;
    settle_all(false);
    give_lock();
}

/* ---- types ------------------------------------------------------------------------------------------------------------------- */

typedef void (*deallocator)(void *object);

/* Each SWIG module has a type of its own, so this is also the number of modules. A type is never taken out: it may die and
 * its address serve another proxy type, which then gets the same line. */
#define TYPE_SLOTS 64u
static struct {
    const void *_Atomic type;
    _Atomic deallocator dealloc; /* its own, set before `type` */
} proxy_types[TYPE_SLOTS];

static void proxy_dies(void *object);

/* A subtype may have inherited proxy_dies. */
static deallocator own_deallocator(const void *object)
{
    const void *type = (const void *)word_at(object, OBJECT_TYPE);
    /* The type of before, most of the time. */
    static _Atomic unsigned last;
    unsigned hint = atomic_load_explicit(&last, memory_order_relaxed);
    if (atomic_load_explicit(&proxy_types[hint].type, memory_order_acquire) == type)
        return atomic_load_explicit(&proxy_types[hint].dealloc, memory_order_relaxed);
    for (unsigned depth = 0; type != NULL && depth < 32; depth++) {
        for (unsigned i = 0; i < TYPE_SLOTS; i++) {
            const void *known = atomic_load_explicit(&proxy_types[i].type, memory_order_acquire);
            if (known == NULL)
                break;
            if (known == type) {
                atomic_store_explicit(&last, i, memory_order_relaxed);
                return atomic_load_explicit(&proxy_types[i].dealloc, memory_order_relaxed);
            }
        }
        type = (const void *)word_at(type, TYPE_BASE);
    }
    return NULL;
}

static bool has_proxy_name(const void *type)
{
    const char *name = (const char *)word_at(type, TYPE_NAME);
    if (name == NULL)
        return false;
    const char *dot = strrchr(name, '.');
    return strcmp(dot == NULL ? name : dot + 1, PROXY_TYPE_NAME) == 0;
}

/* [proxies_lock] */
static bool patch_type(void *type)
{
    deallocator own = (deallocator)word_at(type, TYPE_DEALLOC);
    if (own == proxy_dies)
        return true;
    for (unsigned i = 0; i < TYPE_SLOTS; i++) {
        const void *known = atomic_load_explicit(&proxy_types[i].type, memory_order_relaxed);
        if (known != NULL && known != type)
            continue;
        atomic_store_explicit(&proxy_types[i].dealloc, own, memory_order_relaxed);
        atomic_store_explicit(&proxy_types[i].type, type, memory_order_release);
        put_word(type, TYPE_DEALLOC, (uintptr_t)proxy_dies);
        return true;
    }
    return false;
}

static bool is_proxy_type(void *type)
{
    if (word_at(type, TYPE_DEALLOC) == (uintptr_t)proxy_dies)
        return true;
    if ((intptr_t)word_at(type, TYPE_SIZE) < PROXY_BYTES || !has_proxy_name(type) || !take_lock())
        return false;
    bool patched = patch_type(type);
    give_lock();
    return patched;
}

/* ---- birth --------------------------------------------------------------------------------------------------------------------- */

typedef void *(*object_maker)(void *type);
static _Atomic object_maker real_object_new;

/* What the modules that are watched call instead of _PyObject_New. Runs with the GIL. */
static void *make_object(void *type)
{
    void *object = atomic_load_explicit(&real_object_new, memory_order_acquire)(type);
    if (object == NULL || !is_proxy_type(type) || !holdfast_is_active())
        return object;
    put_word(object, PROXY_POINTER, 0); /* "not yet", for whoever settles before the module stores it */
    stack_id stack = stack_here((uintptr_t)__builtin_return_address(0));
    /* Asked before the lock is taken (rule 1). One that comes in between is looked at as if there were several. */
    const struct python_runtime *python = atomic_load_explicit(&python_pending_proxies, memory_order_relaxed) != 0 ? python_runtime(false) : NULL;
    bool one_gil = python != NULL && python->first_interpreter != NULL && python->main_interpreter != NULL &&
                   python->first_interpreter() == python->main_interpreter();
    if (!take_lock())
        return object;
    if (atomic_load_explicit(&python_pending_proxies, memory_order_relaxed) != 0)
        settle_all(one_gil);
    pending_add((uintptr_t)object, stack);
    give_lock();
    return object;
}

/* ---- death --------------------------------------------------------------------------------------------------------------------- */

struct waiting {
    handle_id ancestor; /* whose postponed free may be due; 0: none */
    uint32_t serial;
    struct young_due young; /* the same of a young one */
};

/* [proxies_lock] */
static struct waiting drop_holder(struct proxy_table *in, struct proxy *slot)
{
    struct tracker *tracker = &holdfast_tracker;
    struct waiting waiting = {.ancestor = 0};
    if (slot->handle == 0 && young_holder_drop(slot->address, slot->serial, &waiting.young)) {
        table_remove(in, slot);
        return waiting;
    }
    bool locked = tracker->base != NULL && lock_near(slot->address);
    if (locked) {
        handle_id id = slot->handle;
        if (id == 0 && (id = handle_find_birth(tracker, slot->address, slot->serial)) == 0) {
            young_show(slot->address); /* another thread's */
            id = handle_find_birth(tracker, slot->address, slot->serial);
        }
        const struct handle_record *record = tracker_handle(tracker, id);
        if (record != NULL && (slot->handle == 0 || record->serial == slot->serial) && record->address == slot->address &&
            (record->state == HANDLE_LIVE || record->state == HANDLE_HELD))
            waiting.ancestor = handle_holder_drop(tracker, id);
        const struct handle_record *ancestor = waiting.ancestor == 0 ? NULL : tracker_handle(tracker, waiting.ancestor);
        if (ancestor != NULL)
            waiting.serial = ancestor->serial;
    }
    table_remove(in, slot);
    if (locked)
        tracker_unlock(tracker);
    return waiting;
}

static struct waiting forget_proxy(uintptr_t object)
{
    struct waiting waiting = {.ancestor = 0};
    if (!take_lock())
        return waiting;
    uint32_t left = atomic_load_explicit(&python_pending_proxies, memory_order_relaxed);
    for (unsigned i = 0; i < PENDING_SLOTS && left != 0; i++) {
        left -= pending[i].object != 0;
        if (pending[i].object == object)
            pending_remove(&pending[i]);
    }
    struct proxy_table *in = atomic_load_explicit(&table, memory_order_relaxed);
    struct proxy *slot = table_find(in, object);
    if (slot != NULL)
        waiting = drop_holder(in, slot);
    give_lock();
    return waiting;
}

/* The postponed free runs the library's own code: as SWIG does it, without the GIL (another thread of the library may be waiting for
 * it in a Python error handler), and with the exception put aside that may be on its way while this object dies. */
static __attribute__((noinline)) void free_what_waited(struct waiting waiting)
{
    const struct python_runtime *python = python_runtime(false);
    void *exception[3] = {NULL, NULL, NULL}, *thread = NULL;
    bool whole = python != NULL && python->take_exception != NULL && python->give_exception != NULL;
    bool parts = !whole && python != NULL && python->take_exception_parts != NULL && python->give_exception_parts != NULL;
    bool release = python != NULL && python->release_gil != NULL && python->acquire_gil != NULL && python->is_initialized() != 0;
    if (whole)
        exception[0] = python->take_exception();
    else if (parts)
        python->take_exception_parts(&exception[0], &exception[1], &exception[2]);
    if (release)
        thread = python->release_gil();
    hold_children_may_be_gone(waiting.ancestor, waiting.serial);
    if (release)
        python->acquire_gil(thread);
    if (whole)
        python->give_exception(exception[0]);
    else if (parts)
        python->give_exception_parts(exception[0], exception[1], exception[2]);
}

/* tp_dealloc of every proxy type. Runs with the GIL, maybe late in the interpreter's shutdown. */
static __thread unsigned dying __attribute__((tls_model("initial-exec"))); /* deaths of proxies under way on this thread */

bool python_proxy_is_dying(void)
{
    return dying > 0;
}

static void proxy_dies(void *object)
{
    deallocator own = own_deallocator(object);
    struct waiting waiting = forget_proxy((uintptr_t)object);
    dying++;
    if (own != NULL) /* always: proxy_dies is in no other type */
        own(object);
    dying--;
    if (waiting.young.set != NULL)
        young_release(&waiting.young);
    if (waiting.ancestor != 0)
        free_what_waited(waiting);
}

/* ---- redirecting a module's import slot ------------------------------------------------------------------------------------------ */

#define MODULE_SLOTS 4u

struct import_slots {
    const char *name;
    struct import_slot slot[MODULE_SLOTS];
    unsigned count;
};

static bool collect_slot(const struct elf_object *object, const struct import_slot *slot, void *context)
{
    struct import_slots *slots = context;
    if (strcmp(slot->name, slots->name) == 0)
        slots->slot[slots->count++] = *slot;
    (void)object;
    return slots->count < MODULE_SLOTS;
}

/* Does the module bring SWIG's proxy type? Its name stands in the constants then. Other modules use _PyObject_New too, and nothing
 * is known of what they hold. */
static bool has_proxy_type(const struct elf_object *object)
{
    for (unsigned i = 0; i < object->header_count; i++) {
        const ElfW(Phdr) *header = &object->headers[i];
        if (header->p_type == PT_LOAD && (header->p_flags & (PF_R | PF_W)) == PF_R &&
            memmem((const void *)(object->base + header->p_vaddr), header->p_filesz, PROXY_TYPE_NAME,
                   sizeof PROXY_TYPE_NAME) != NULL)
            return true;
    }
    return false;
}

/* [proxies_lock] All watched modules must mean the same _PyObject_New: make_object() cannot tell them apart. */
static bool redirect_all(const struct elf_object *object, const struct import_slots *slots, object_maker python_own)
{
    unsigned redirected = 0;
    for (unsigned i = 0; i < slots->count; i++) {
        uintptr_t *slot = slots->slot[i].address, target = __atomic_load_n(slot, __ATOMIC_RELAXED);
        if (target == (uintptr_t)make_object) {
            redirected++;
            continue;
        }
        object_maker maker = slot_is_unbound(object, &slots->slot[i]) ? python_own : (object_maker)target;
        object_maker expected = NULL;
        if (maker == NULL)
            break;
        if (!atomic_compare_exchange_strong(&real_object_new, &expected, maker) && expected != maker)
            break;
        __atomic_store_n(slot, (uintptr_t)make_object, __ATOMIC_RELEASE);
        redirected++;
    }
    return redirected == slots->count;
}

bool python_watch_module(const struct link_map *object)
{
    if (object == NULL || object->l_ld == NULL)
        return false;
    const struct python_runtime *python = python_runtime(true);
    if (python == NULL || !python->plain_head)
        return false;
    struct elf_place place;
    struct elf_object elf;
    if (!elf_place((uintptr_t)object->l_ld, &place) || place.map != object || !elf_open_place(&elf, &place))
        return false;
    struct import_slots slots = {.name = "_PyObject_New"};
    imports_visit(&elf, SLOTS_CALLED | SLOTS_POINTED, collect_slot, &slots);
    if (slots.count == 0 || !has_proxy_type(&elf) || !take_lock())
        return false;
    int saved_errno = errno;
    bool opened = imports_open(&elf), watched = opened && redirect_all(&elf, &slots, python->object_new);
    if (opened)
        imports_close(&elf);
    errno = saved_errno;
    give_lock();
    return watched;
}

/* ---- fork ------------------------------------------------------------------------------------------------------------------------ */

void python_after_fork_child(void)
{
    python_frames_after_fork_child();
    bool was_taken = atomic_load_explicit(&proxies_lock.word, memory_order_relaxed) != 0;
    bool by_this_thread = atomic_load_explicit(&proxies_lock.owner, memory_order_relaxed) == &thread_mark;
    if (by_this_thread) /* a signal handler forked: the change goes on when it returns */
        return;
    atomic_store_explicit(&proxies_lock.owner, NULL, memory_order_relaxed);
    atomic_store_explicit(&proxies_lock.word, 0, memory_order_relaxed);
    /* No other thread lives on to finish what it was making. */
    uint32_t count = 0;
    for (unsigned i = 0; i < PENDING_SLOTS; i++)
        if (pending[i].object != 0) {
            pending[i].thread = &thread_mark;
            count++;
        }
    atomic_store_explicit(&python_pending_proxies, count, memory_order_relaxed);
    struct proxy_table *in = atomic_load_explicit(&table, memory_order_relaxed);
    if (in != NULL && holdfast_tracker.fork_lost) { /* what they hold is known by numbers of an arena that is not there any more */
        memset(in->slots, 0, in->capacity * sizeof in->slots[0]);
        in->used = 0;
        memset(pending, 0, sizeof pending);
        atomic_store_explicit(&python_pending_proxies, 0, memory_order_relaxed);
    } else if (was_taken && in != NULL) {
        table_rebuild(in->capacity);
    }
}
