/* Strings that the libraries lend: see strings.h. */
#include "strings.h"
#include "call.h"
#include "stack.h"
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define DEAD_SLOTS 256u
#define DEAD_BYTES_MAX 4096u /* longer ones are given back at once */

struct lent_string lent_strings[LENT_SLOTS];
_Atomic uint32_t dead_tags[LENT_SLOTS];

/* Strings that the library freed, kept back in the order of their deaths. */
struct dead_string {
    uintptr_t text, parent, caller;
    uint16_t function, replaced_in; /* the second of a string that only tells of what was before */
    uint32_t stack; /* of the free, or of the replacement */
};
static struct dead_string dead[DEAD_SLOTS];
static uint32_t deaths; /* ever */
static _Atomic bool locked;

/* Short enough to spin for; who interrupts itself by a signal goes without. */
static bool lock(void)
{
    for (unsigned i = 0; i < 1000; i++)
        if (!atomic_exchange_explicit(&locked, true, memory_order_acquire))
            return true;
    return false;
}

static void unlock(void)
{
    atomic_store_explicit(&locked, false, memory_order_release);
}

/* Where an allocator keeps the size of a block: what was lent from the midst of one has something else there. Its lower bits change while the block
 * lives. 0 where that is another page. */
static uint64_t word_before(uintptr_t text)
{
    return (text & 4095) < sizeof(uint64_t) ? 0 : *(const uint64_t *)(text - sizeof(uint64_t)) & ~UINT64_C(7);
}

/* ---- loans ---------------------------------------------------------------------------------------------------------- */

/* Whether anything was lent by a parent of this hash since strings_replaced() found nothing: most of what gets another content lent nothing. */
#define LENDER_SLOTS 4096u
static _Atomic uint8_t lenders[LENDER_SLOTS];

static unsigned lender_slot(uintptr_t parent)
{
    return (unsigned)((uint32_t)parent * UINT32_C(0x9e3779b1) >> 20) % LENDER_SLOTS;
}

static void mark(uintptr_t text, uint8_t lent)
{
    __atomic_store_n(&handle_filter[handle_filter_slot(text)].others, lent, __ATOMIC_RELAXED);
}

/* A torn entry names a wrong lender at the worst, for an address that was lent. */
void string_remember_slowly(uintptr_t text, uintptr_t parent, enum function function, uintptr_t caller)
{
    struct lent_string *entry = &lent_strings[lent_slot(text)];
    uintptr_t old = atomic_load_explicit(&entry->text, memory_order_relaxed);
    if (old != text)
    {
        if (old != 0)
            mark(old, 0);
        atomic_store_explicit(&entry->text, text, memory_order_relaxed);
    }
    atomic_store_explicit(&entry->parent, parent, memory_order_relaxed);
    atomic_store_explicit(&entry->caller, caller, memory_order_relaxed);
    atomic_store_explicit(&entry->function, function, memory_order_relaxed);
    if (parent == 0)
        atomic_store_explicit(&entry->before, word_before(text), memory_order_relaxed);
    else
        atomic_store_explicit(&lenders[lender_slot(parent)], 1, memory_order_relaxed);
    mark(text, 1);
}

static bool is_replaced(const struct lent_string *entry)
{
    return (atomic_load(&entry->function) & LENT_REPLACED) != 0;
}

void string_lent(const struct call *call, uintptr_t text, uintptr_t parent)
{
    if (text != 0)
        string_remember_slowly(text, parent, call->function, call->caller);
}

/* The loan of exactly this string; false if it was overwritten. */
static bool find_loan(uintptr_t text, struct dead_string *loan)
{
    const struct lent_string *entry = &lent_strings[lent_slot(text)];
    if (atomic_load(&entry->text) != text)
        return false;
    *loan = (struct dead_string){.text = text, .parent = atomic_load(&entry->parent), .caller = atomic_load(&entry->caller), .function = (uint16_t)(atomic_load(&entry->function) & ~LENT_REPLACED)};
    return true;
}

static void forget_loan(uintptr_t text)
{
    mark(text, 0);
    atomic_store(&lent_strings[lent_slot(text)].text, 0);
}

void string_moved(uintptr_t block)
{
    struct dead_string loan;
    if (find_loan(block, &loan))
        forget_loan(block);
}


bool string_freed(uintptr_t block, uintptr_t caller)
{
    struct dead_string loan;
    if (!find_loan(block, &loan))
        return false;
    forget_loan(block);
    /* Freed by something that is no copy of a library: the address says nothing any more, and it is not certain whose free it was. */
    if (!address_is_internal(caller) || malloc_usable_size((void *)block) > DEAD_BYTES_MAX)
        return false;
    loan.stack = stack_here(caller);
    if (!lock())
        return false;
    struct dead_string *slot = &dead[deaths++ % DEAD_SLOTS];
    uintptr_t oldest = slot->text;
    *slot = loan;
    if (oldest != 0 && !known_string((const void *)oldest))
        atomic_store(&dead_tags[lent_slot(oldest)], 0);
    atomic_store(&dead_tags[lent_slot(block)], dead_tag(block));
    unlock();
    fence_free_block(oldest);
    return true;
}

static bool find_dead(uintptr_t text, struct dead_string *found)
{
    bool any = false;
    if (!lock())
        return false;
    for (uint32_t i = 0; i < DEAD_SLOTS && !any; i++)
        if (dead[i].text == text)
        {
            *found = dead[i];
            any = true;
        }
    unlock();
    return any;
}

/* A report about a string: what it was comes from the loan alone. */
static bool tell_string(struct call *call, const struct dead_string *loan, unsigned rule, bool is_dead, bool freeing, const uintptr_t *arguments)
{
    bool refuse = holdfast_options.mode != MODE_report && loan->replaced_in == 0;
    struct violation violation = {.rule = rule, .function = (uint16_t)call->function, .address = loan->text, .kind = KIND_string, .provider = call->view->number, .freeing = freeing,
                                  .has_birth = true, .birth_function = loan->function, .has_death = is_dead, .death_function = loan->replaced_in != 0 ? loan->replaced_in : loan->function,
                                  .no_death_function = loan->replaced_in == 0, .action = refuse ? ACTION_refused : ACTION_logged};
    size_t used = (size_t)snprintf(violation.handle, sizeof violation.handle, "string");
    handle_id parent = 0;
    if (loan->parent != 0 && tracker_lock(TRACKER))
    {
        parent = find_any(loan->parent);
        if (parent != 0)
        {
            used += (size_t)snprintf(violation.handle + used, sizeof violation.handle - used, " of ");
            describe_handle(parent, violation.handle + used, sizeof violation.handle - used);
            const struct handle_record *record = tracker_handle(TRACKER, parent);
            if (is_dead && !freeing && loan->replaced_in == 0 && record->state == HANDLE_BURIED)
                violation.rule = 101;
            describe_handle(parent, violation.parent, sizeof violation.parent);
            violation.parent_kind = record->kind;
            violation.parent_address = record->address;
        }
        tracker_unlock(TRACKER);
    }
    violation.freed = is_dead ? stack_without_libraries(loan->stack) : 0;
    violation.used = call_stack(call);
    violation.obtained = stack_of_caller(loan->caller);
    tell_violation(call, &violation, refuse, arguments);
    return refuse;
}

/* A string in the midst of a block (a short std::string of its lender, a buffer of a thread) goes back with that block, and nobody sees it: then the
 * address may be a block of the caller's own. So its lender must live, and be a thing that this function can have got it from. */
static bool lender_lives(const struct dead_string *loan)
{
    const struct function_info *info = &function_table[loan->function];
    bool lives = false;
    if (!tracker_lock(TRACKER))
        return false;
    const struct handle_record *record = tracker_handle(TRACKER, find_any(loan->parent));
    for (unsigned i = 0; i < info->argument_count && record != NULL && record->state != HANDLE_BURIED; i++)
    {
        uint8_t kind = argument_kinds[info->first_argument + i];
        lives = lives || (kind != 0 && kind_accepts(&kind_table[kind], record->kind));
    }
    tracker_unlock(TRACKER);
    return lives;
}

/* What the library itself lent, or what its lender may have dropped since, must lie where it lay. */
static bool is_surely_lent(const struct dead_string *loan)
{
    const struct lent_string *entry = &lent_strings[lent_slot(loan->text)];
    if (loan->parent != 0 && !lender_lives(loan))
        return false;
    return (loan->parent != 0 && !is_replaced(entry)) || atomic_load(&entry->before) == word_before(loan->text);
}

#define CONTENT_BYTES 64u

static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;
    for (unsigned i = 0; i < CONTENT_BYTES && text[i] != '\0'; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash;
}

/* The first bytes of a string that may be gone, with its memory: the kernel reads them, and says so. */
static bool read_content(uintptr_t text, char content[CONTENT_BYTES])
{
    size_t first = 4096 - text % 4096;
    struct iovec here = {content, CONTENT_BYTES};
    struct iovec there[2] = {{(void *)text, first < CONTENT_BYTES ? first : CONTENT_BYTES}, {(void *)(text + first), first < CONTENT_BYTES ? CONTENT_BYTES - first : 0}};
    memset(content, 0, CONTENT_BYTES);
    int saved_errno = errno;
    bool any = process_vm_readv(getpid(), &here, 1, there, 2, 0) > 0;
    errno = saved_errno;
    return any;
}

/* One string of a lender that is about to be something else. */
static void replace(struct lent_string *entry, struct call *call)
{
    uintptr_t text = atomic_load_explicit(&entry->text, memory_order_relaxed);
    char content[CONTENT_BYTES];
    if (text == 0 || is_replaced(entry) || !read_content(text, content))
        return;
    atomic_store(&entry->content, hash_of(content));
    atomic_store(&entry->before, word_before(text));
    atomic_store(&entry->replaced_in, (uint32_t)call->function);
    atomic_store(&entry->replaced_by, call_stack(call));
    atomic_fetch_or(&entry->function, LENT_REPLACED);
    atomic_store(&dead_tags[lent_slot(text)], dead_tag(text)); /* that it is looked at */
}

void strings_replaced(struct call *call, uintptr_t parent)
{
    if (parent == 0 || atomic_load_explicit(&lenders[lender_slot(parent)], memory_order_relaxed) == 0)
        return;
    /* What others of the same hash lend meanwhile is marked again. */
    atomic_store(&lenders[lender_slot(parent)], 0);
    bool others = false;
    for (unsigned i = 0; i < LENT_SLOTS; i++)
    {
        uintptr_t lender = atomic_load_explicit(&lent_strings[i].parent, memory_order_relaxed);
        if (lender == parent)
            replace(&lent_strings[i], call);
        else if (lender != 0 && lender_slot(lender) == lender_slot(parent) && atomic_load_explicit(&lent_strings[i].text, memory_order_relaxed) != 0)
            others = true;
    }
    if (others)
        atomic_store(&lenders[lender_slot(parent)], 1);
}

/* A string that is sound memory, but tells of what its lender was before. */
static void judge_replaced(struct call *call, uintptr_t text, const uintptr_t *arguments)
{
    struct dead_string loan;
    const struct lent_string *entry = &lent_strings[lent_slot(text)];
    if (!find_loan(text, &loan) || !is_replaced(entry) || !is_surely_lent(&loan) || atomic_load(&entry->content) != hash_of((const char *)text))
        return;
    loan.stack = atomic_load(&entry->replaced_by);
    loan.replaced_in = (uint16_t)atomic_load(&entry->replaced_in);
    tell_string(call, &loan, 107, true, false, arguments);
}

bool string_is_fine(struct call *call, uintptr_t text, const uintptr_t *arguments)
{
    struct dead_string found;
    if (known_string((const void *)text))
        return true;
    if (find_dead(text, &found))
        return !tell_string(call, &found, 107, true, false, arguments);
    judge_replaced(call, text, arguments);
    return true;
}

bool string_discarded(struct call *call, uintptr_t text, const uintptr_t *arguments, bool *refused)
{
    struct dead_string found;
    bool live = find_loan(text, &found);
    if (live && !is_surely_lent(&found))
    {
        forget_loan(text);
        return false;
    }
    if (!live && (known_string((const void *)text) || !find_dead(text, &found)))
        return false;
    *refused = tell_string(call, &found, 104, !live, true, arguments);
    if (!*refused)
        forget_loan(text); /* the function may jump to free(), which is not to tell it again */
    return true;
}

void strings_after_fork_child(void)
{
    if (TRACKER->fork_lost) { /* their stacks went with the arena, and the filter that leads to them */
        memset((void *)lent_strings, 0, sizeof lent_strings);
        memset((void *)dead_tags, 0, sizeof dead_tags);
        memset(dead, 0, sizeof dead);
        deaths = 0;
    }
    unlock();
}
