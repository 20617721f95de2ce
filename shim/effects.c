/* The interpreter of the contracts' effects: see effects.h.
 *
 * Order inside a call:  uses are checked, frees are judged and recorded, the real function runs, then what it brought and what
 * really died is recorded. Evidence decides wherever there is any: a block that our free() saw is dead, one that it did not see is
 * not certainly dead, and nothing is refused that is not certain.
 *
 * Locking: tracker_lock() is held only between the marked lines; never while a stack is taken, a real function runs, the dynamic
 * linker is asked or a report is written.
 */
#include "effects.h"
#include "context.h"
#include "hold.h"
#include "python.h"
#include "refuse.h"
#include "report.h"
#include "stack.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Atomic uint64_t good_cache[GOOD_SLOTS];
_Atomic uint64_t loan_cache[LOAN_SLOTS];

#define TRACKER (&holdfast_tracker)

/* ---- caches --------------------------------------------------------------------------------------------------- */

void good_forget(uintptr_t address)
{
    _Atomic uint64_t *entry = &good_cache[good_index(address)];
    if (atomic_load_explicit(entry, memory_order_relaxed) >> 16 == address)
        atomic_store_explicit(entry, 0, memory_order_relaxed);
}

static void good_remember(uintptr_t address, unsigned provider, unsigned kind)
{
    atomic_store_explicit(&good_cache[good_index(address)], good_entry(address, provider, kind), memory_order_relaxed);
}

static void loan_forget(uintptr_t parent, uintptr_t child)
{
    uint64_t entry = loan_entry(parent, child);
    if (atomic_load_explicit(&loan_cache[loan_index(entry)], memory_order_relaxed) == entry)
        atomic_store_explicit(&loan_cache[loan_index(entry)], 0, memory_order_relaxed);
}

static void loan_remember(uintptr_t parent, uintptr_t child)
{
    uint64_t entry = loan_entry(parent, child);
    atomic_store_explicit(&loan_cache[loan_index(entry)], entry, memory_order_relaxed);
}

static bool forget_good_of(struct tracker *tracker, handle_id id, void *context)
{
    (void)context;
    good_forget(tracker_handle(tracker, id)->address);
    return true;
}

/* ---- small helpers ---------------------------------------------------------------------------------------------- */

static bool kind_accepted(uint16_t kind, void *expected)
{
    return kind < KIND_COUNT && (kind_table[*(const uint8_t *)expected].accepts >> kind & 1) != 0;
}

static handle_id find_handle(uintptr_t address, uint8_t expected)
{
    return handle_find(TRACKER, address, kind_accepted, &expected);
}

/* The kernel's number of this thread; asked once, because births are frequent. */
static uint32_t thread_number(void)
{
    static __thread uint32_t number __attribute__((tls_model("initial-exec")));
    static __thread pid_t process __attribute__((tls_model("initial-exec")));
    if (number == 0 || process != holdfast_process)
    {
        process = holdfast_process;
        number = (uint32_t)gettid();
    }
    return number;
}

void call_start(struct call *call, const struct view *view, enum function function, uintptr_t caller)
{
    call->view = view;
    call->caller = caller;
    call->function = function;
    call->stack = 0;
    call->stack_taken = false;
    call->silent = TRACKER->base == NULL || view->provider == NULL;
    call->watching = false;
    call->dying_count = 0;
    call->next_descriptor = -1;
}

stack_id call_stack(struct call *call)
{
    if (!call->stack_taken)
    {
        call->stack_taken = true;
        call->stack = stack_here(call->caller);
    }
    return call->stack;
}

static const struct variant_info *variant_of(const struct call *call)
{
    const struct function_info *info = &function_table[call->function];
    const struct variant_info *variant = &variant_table[info->first_variant];
    if (info->variant_count == 1 && variant->low == 0 && variant->high == 0)
        return variant;
    unsigned version = provider_version(call->view->provider);
    for (unsigned i = 0; i < info->variant_count; i++, variant++)
        if (version >= variant->low && (variant->high == 0 || version < variant->high))
            return variant;
    return NULL;
}

static bool condition_holds(const struct effect_info *effect, const uintptr_t *arguments)
{
    int32_t value = effect->condition == CONDITION_none ? 0 : (int32_t)arguments[effect->condition_argument];
    switch (effect->condition)
    {
    case CONDITION_mask:
        return (value & effect->condition_value) != 0;
    case CONDITION_equal:
        return value == effect->condition_value;
    case CONDITION_unequal:
        return value != effect->condition_value;
    default:
        return true;
    }
}

static uintptr_t subject_of(const struct effect_info *effect, const uintptr_t *arguments, uintptr_t result)
{
    if (effect->subject == POSITION_RESULT)
        return result;
    if (effect->subject < 0)
        return 0;
    uintptr_t value = arguments[effect->subject];
    if (effect->form == FORM_pointed && value != 0)
        return *(uintptr_t *)value;
    return value;
}

static uintptr_t object_of(const struct effect_info *effect, const uintptr_t *arguments, uintptr_t result)
{
    return effect->object == POSITION_RESULT ? result : effect->object < 0 ? 0 : arguments[effect->object];
}

#define FOR_EACH_EFFECT(effect, variant)                                                                             \
    for (const struct effect_info *effect = &effect_table[(variant)->first_effect],                                  \
                                  *effect##_end = effect + (variant)->effect_count;                                  \
         effect < effect##_end; effect++)

/* The reference count that the object itself tells, 0 where it cannot be asked. The object must be alive. Tracker unlocked. */
static int true_count(const struct view *view, enum kind kind, uintptr_t address)
{
    const struct kind_info *info = &kind_table[kind];
    if (info->reference == NULL || view->provider == NULL)
        return 0;
    int (*reference)(void *) = (int (*)(void *))provider_symbol(view->provider, info->reference);
    int (*dereference)(void *) = (int (*)(void *))provider_symbol(view->provider, info->dereference);
    if (reference == NULL || dereference == NULL)
        return 0;
    reference((void *)address);
    return dereference((void *)address);
}

/* ---- violations --------------------------------------------------------------------------------------------------- */

/* What a use or free of this handle violates, if anything. */
struct finding {
    unsigned rule; /* 0: nothing */
    handle_id dead;
    enum report_action action;
    bool refuse;
    const char *note;
};

static unsigned rule_of_dead(const struct handle_record *record)
{
    switch (record->cause)
    {
    case CAUSE_PARENT:
        return 101;
    case CAUSE_INVALIDATED:
        return 107;
    case CAUSE_TAKEN:
        return 105;
    case CAUSE_TEARDOWN:
        return 118;
    default:
        return 102;
    }
}

static handle_id killer_of(handle_id id)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    const struct handle_record *killer = tracker_handle(TRACKER, record->killer);
    return killer != NULL && killer->serial == record->killer_serial ? record->killer : id;
}

/* A dead handle is passed: refused where its memory is fenced, let through where that is not certain. */
static void judge_dead(struct finding *finding, const struct handle_record *record, handle_id id)
{
    finding->dead = killer_of(id);
    finding->refuse = holdfast_options.mode != MODE_report && (record->flags & HANDLE_FENCED) != 0;
    finding->action = finding->refuse ? ACTION_refused : ACTION_logged;
    if (holdfast_options.mode != MODE_report && !finding->refuse)
        finding->note = "its memory was not seen freed, so the call was let through";
}

/* [tracker locked] */
static struct finding judge_use(const struct view *view, handle_id id)
{
    struct finding finding = {.rule = 0, .dead = id, .action = ACTION_logged};
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record->state == HANDLE_BURIED)
    {
        finding.rule = rule_of_dead(record);
        judge_dead(&finding, record, id);
    }
    else if (record->state == HANDLE_HELD)
    {
        finding.rule = 102;
        finding.action = record->flags & HANDLE_REFUSED ? ACTION_free_refused : ACTION_kept;
    }
    else if (record->flags & HANDLE_STALE)
    {
        handle_id ancestor = handle_waiting_ancestor(TRACKER, id);
        struct handle_record *waiting = tracker_handle(TRACKER, ancestor);
        if (waiting == NULL)
        {
            /* Its parent is gone for good: only what depends on a parent outlives it. */
            uint32_t edge = record->first_parent;
            finding.dead = edge != 0 ? tracker_edge(TRACKER, edge)->parent : id;
            finding.rule = finding.dead != id ? 101 : 0;
        }
        else
        {
            bool dependant = (record->flags & HANDLE_BORROWED) == 0;
            if (!(dependant && (waiting->flags & HANDLE_REPORTED)))
                finding.rule = dependant ? 106 : 101;
            waiting->flags |= HANDLE_REPORTED;
            finding.dead = ancestor;
            finding.action = waiting->flags & HANDLE_REFUSED ? ACTION_free_refused : ACTION_kept;
        }
    }
    if (finding.rule == 0 && record->provider != view->number && record->provider != 0 && view->number != 0)
    {
        finding.rule = 111;
        finding.dead = 0;
    }
    return finding;
}

/* Log the finding; when the call is refused also tell the library's error channel. Tracker locked on entry, unlocked on return. */
static void tell(struct call *call, const struct finding *finding, handle_id id, bool freeing,
                 const uintptr_t *arguments)
{
    struct violation violation = {0};
    violation_describe(&violation, finding->rule, (uint16_t)call->function, id, finding->dead);
    tracker_unlock(TRACKER);
    violation.used = call_stack(call);
    violation.action = finding->action;
    violation.freeing = freeing;
    if (finding->note != NULL)
        snprintf(violation.note, sizeof violation.note, "%s", finding->note);
    char sentence[2 * DESCRIPTION_BYTES];
    report_violation(&violation, sentence, sizeof sentence);
    if (finding->refuse)
    {
        tracker_count(TRACKER, COUNTER_refusals);
        refuse_tell(call->view, call->function, arguments, sentence);
    }
}

/* One handle argument: true when the call may go on. */
static bool use_is_fine(struct call *call, uintptr_t address, uint8_t kind, const uintptr_t *arguments)
{
    if (address == 0 || known_good(call->view, (const void *)address, kind))
        return true;
    if (!tracker_lock(TRACKER))
        return true;
    handle_id id = find_handle(address, kind);
    if (id == 0)
    {
        /* Nobody knows it: made unseen, or by something without a contract. Remember that until its address is born. */
        good_remember(address, call->view->number, kind);
        tracker_unlock(TRACKER);
        return true;
    }
    struct finding finding = judge_use(call->view, id);
    if (finding.rule == 0)
    {
        const struct handle_record *record = tracker_handle(TRACKER, id);
        if ((record->flags & HANDLE_STALE) == 0 && record->state == HANDLE_LIVE)
            good_remember(address, call->view->number, kind);
        tracker_unlock(TRACKER);
        return true;
    }
    tell(call, &finding, id, false, arguments);
    return !finding.refuse;
}

static bool uses_are_fine(struct call *call, const struct variant_info *variant, const uintptr_t *arguments)
{
    const struct function_info *info = &function_table[call->function];
    uint32_t judged = 0; /* arguments that an effect judges more strictly than a use */
    if (variant != NULL)
        FOR_EACH_EFFECT(effect, variant)
            if (effect->subject >= 0 && effect->form == FORM_direct)
                switch (effect->verb)
                {
                case VERB_frees:
                case VERB_closes:
                case VERB_releases:
                case VERB_takes:
                case VERB_consumes:
                    judged |= 1u << effect->subject;
                }
    for (unsigned i = 0; i < info->argument_count; i++)
    {
        uint8_t kind = argument_kinds[info->first_argument + i];
        if (kind != 0 && (judged >> i & 1) == 0 && !use_is_fine(call, arguments[i], kind, arguments))
            return false;
    }
    return true;
}

bool call_uses(const struct view *view, enum function function, uintptr_t caller, const uintptr_t *arguments)
{
    struct call call;
    call_start(&call, view, function, caller);
    if (call.silent)
        return true;
    python_settle_proxies();
    hold_check_age();
    return uses_are_fine(&call, NULL, arguments);
}

/* ---- deaths ------------------------------------------------------------------------------------------------------- */

static bool watch_one(struct tracker *tracker, handle_id id, void *context)
{
    const struct handle_record *record = tracker_handle(tracker, id);
    if (record->state == HANDLE_LIVE || record->state == HANDLE_HELD)
    {
        good_forget(record->address);
        fence_watch_add(context, record->address, id, record->serial, CAUSE_PARENT);
    }
    return true;
}

static void watch_start(struct call *call)
{
    if (!call->watching)
    {
        fence_watch_init(&call->watch);
        call->watching = true;
    }
}

void dying_begin(struct call *call, handle_id id, enum verb verb, enum handle_cause cause)
{
    struct handle_record *record = tracker_handle(TRACKER, id);
    watch_start(call);
    tree_walk(TRACKER, id, false, watch_one, &call->watch);
    /* What it held a reference to may die with it: the last feature deletes a definition that nobody else references. */
    for (uint32_t edge = record->first_parent; edge != 0; edge = tracker_edge(TRACKER, edge)->next_of_child)
    {
        handle_id parent = tracker_edge(TRACKER, edge)->parent;
        const struct handle_record *held = tracker_handle(TRACKER, parent);
        if (tracker_edge(TRACKER, edge)->type != EDGE_BORROWED && kind_table[held->kind].reference != NULL && held->state == HANDLE_LIVE)
            fence_watch_add(&call->watch, held->address, parent, held->serial, CAUSE_FREED);
    }
    if (call->dying_count == DYING_MAX)
        return;
    struct dying *dying = &call->dying[call->dying_count++];
    *dying = (struct dying){.id = id, .serial = record->serial, .verb = (uint8_t)verb, .cause = (uint8_t)cause};
    if (verb == VERB_frees || verb == VERB_closes)
    {
        /* Recorded before the real function runs: another thread may be given the same address at once. */
        stack_id stack = record->death_stack != 0 ? record->death_stack : call->stack;
        uint16_t function = record->death_stack != 0 ? record->death_function : (uint16_t)call->function;
        handle_bury(TRACKER, id, cause, function, stack);
        dying->buried = true;
    }
}

static bool same_record(handle_id id, uint32_t serial)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    return record != NULL && record->serial == serial && record->state != HANDLE_FREE_RECORD;
}

/* Forget a handle that may be anything but fenced: held ones leave the queue first. [tracker locked] */
static void forget_unseen(handle_id id)
{
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record->flags & HANDLE_FENCED)
        return;
    if (record->state == HANDLE_HELD)
        handle_unhold(TRACKER, id);
    tree_walk(TRACKER, id, false, forget_good_of, NULL);
    handle_forget_tree(TRACKER, id);
}

/* [tracker locked] The entry's block was seen freed: whatever the record said, it is dead now. */
static void entry_died(struct call *call, struct fence_entry *entry)
{
    if (!same_record(entry->id, entry->serial))
        return;
    struct handle_record *record = tracker_handle(TRACKER, entry->id);
    if (record->state == HANDLE_BURIED)
        return;
    enum handle_cause cause = entry->cause;
    const struct dying *killer = NULL;
    for (unsigned i = 0; i < call->dying_count; i++)
    {
        if (call->dying[i].id == entry->id)
            cause = call->dying[i].cause;
        else if (call->dying[i].cause == cause || killer == NULL)
            killer = &call->dying[i];
    }
    if (record->state == HANDLE_HELD)
        handle_unhold(TRACKER, entry->id);
    handle_bury(TRACKER, entry->id, cause, (uint16_t)call->function, call->stack);
    if (killer != NULL && (cause == CAUSE_PARENT || cause == CAUSE_INVALIDATED) && same_record(killer->id, killer->serial))
    {
        record->killer = killer->id;
        record->killer_serial = killer->serial;
    }
}

/* [tracker locked] A handle that its own free did not really free: shared, or referenced by others. */
static void came_back(struct dying *dying)
{
    struct handle_record *record = tracker_handle(TRACKER, dying->id);
    if (record->state != HANDLE_BURIED)
        return;
    record->state = HANDLE_LIVE;
    record->cause = CAUSE_NONE;
    record->death_stack = 0;
    if (record->references > 0)
        record->references--;
}

static bool revive_borrowed(struct tracker *tracker, handle_id id, void *context)
{
    struct handle_record *record = tracker_handle(tracker, id);
    if (record->state == HANDLE_BURIED && record->cause == CAUSE_PARENT && (record->flags & HANDLE_FENCED) == 0)
    {
        record->state = HANDLE_LIVE;
        record->cause = CAUSE_NONE;
    }
    (void)context;
    return true;
}

/* [tracker locked] Nobody saw this block freed although its parent's was: it is not certain that it died. */
static void settle_unseen(struct call *call, struct fence_entry *entry)
{
    if (entry->seen || !same_record(entry->id, entry->serial))
        return;
    struct handle_record *record = tracker_handle(TRACKER, entry->id);
    for (unsigned i = 0; i < call->dying_count; i++)
        if (call->dying[i].id == entry->id)
            return;
    if (record->state == HANDLE_BURIED && record->cause == CAUSE_PARENT && (record->flags & HANDLE_FENCED) == 0)
        handle_forget(TRACKER, entry->id);
}

#define EVICTED_MAX 64

void dying_end(struct call *call)
{
    if (!call->watching)
        return;
    struct fence_watch *watch = &call->watch;
    fence_watch_disarm(watch);
    call->watching = false;
    bool proven = call->view->provider->frees_seen;
    uintptr_t evicted[EVICTED_MAX];
    uint32_t next_hit = 0;
    bool judged = false;
    do
    {
        unsigned evictions = 0;
        if (!tracker_lock(TRACKER))
            break;
        if (!judged)
        {
            judged = true;
            for (uint32_t i = 0; i < watch->count; i++)
                if (watch->entries[i].seen)
                    entry_died(call, &watch->entries[i]);
            for (unsigned i = 0; i < call->dying_count; i++)
            {
                struct dying *dying = &call->dying[i];
                struct fence_entry *entry = fence_watch_find(watch, dying->id);
                if (!same_record(dying->id, dying->serial) || entry == NULL || entry->seen)
                    continue;
                struct handle_record *record = tracker_handle(TRACKER, dying->id);
                if (dying->buried && proven && (record->flags & HANDLE_COUNTED))
                {
                    came_back(dying);
                    tree_walk(TRACKER, dying->id, false, revive_borrowed, NULL);
                }
            }
            if (proven)
                for (uint32_t i = 0; i < watch->count; i++)
                    settle_unseen(call, &watch->entries[i]);
        }
        struct arena_header *header = tracker_header(TRACKER);
        for (; next_hit < watch->hit_count && evictions < EVICTED_MAX - 4; next_hit++)
        {
            struct fence_hit *hit = &watch->hits[next_hit];
            if (!hit->kept)
                continue;
            handle_id first = 0;
            for (uint32_t i = hit->first; i < hit->first + hit->count; i++)
                if (same_record(watch->entries[i].id, watch->entries[i].serial))
                {
                    struct handle_record *record = tracker_handle(TRACKER, watch->entries[i].id);
                    if (record->state != HANDLE_BURIED || (record->flags & HANDLE_FENCED))
                        continue;
                    record->flags |= HANDLE_FENCED;
                    record->fence_next = first;
                    first = watch->entries[i].id;
                }
            if (first == 0 || !fence_push(TRACKER, hit->block, hit->bytes, first))
            {
                for (handle_id id = first; id != 0;)
                {
                    struct handle_record *record = tracker_handle(TRACKER, id);
                    id = record->fence_next;
                    record->flags &= (uint16_t)~HANDLE_FENCED;
                    record->fence_next = 0;
                }
                evicted[evictions++] = hit->block;
            }
            while (evictions < EVICTED_MAX && (header->fence_head - header->fence_tail > holdfast_options.fence_max ||
                                               header->fence_bytes > holdfast_options.fence_bytes))
            {
                uintptr_t block = fence_pop(TRACKER);
                if (block == 0)
                    break;
                evicted[evictions++] = block;
            }
        }
        tracker_unlock(TRACKER);
        for (unsigned i = 0; i < evictions; i++)
            fence_free_block(evicted[i]);
    } while (next_hit < watch->hit_count);
    fence_watch_release(watch);
}

/* ---- before the call ------------------------------------------------------------------------------------------------ */

/* The second free of a handle, or the free of one that is not the caller's. [tracker locked] */
static struct finding judge_free(const struct view *view, handle_id id, enum verb verb)
{
    struct finding finding = {.rule = 0, .dead = id, .action = ACTION_refused,
                              .refuse = holdfast_options.mode != MODE_report};
    struct handle_record *record = tracker_handle(TRACKER, id);
    bool give_away = verb == VERB_takes || verb == VERB_consumes;
    if (record->state == HANDLE_BURIED)
    {
        finding.rule = rule_of_dead(record);
        if (finding.rule == 102 && !give_away)
            finding.rule = 103;
        else if (finding.rule == 101 && (record->flags & HANDLE_TAKEN))
            finding.rule = 105;
        else if (finding.rule == 101 && (record->flags & HANDLE_BORROWED))
            finding.rule = 104;
        judge_dead(&finding, record, id);
    }
    else if (record->state == HANDLE_HELD && (record->flags & HANDLE_REFUSED) == 0)
        finding.rule = give_away ? 102 : 103;
    else if (record->flags & HANDLE_TAKEN)
        finding.rule = 105;
    else if ((record->flags & HANDLE_BORROWED) && (verb != VERB_releases || record->references == 0))
        finding.rule = verb == VERB_releases ? 114 : 104;
    else if (record->provider != view->number && record->provider != 0 && view->number != 0)
        finding = (struct finding){.rule = 111, .dead = 0, .action = ACTION_logged};
    if (finding.rule != 0 && !finding.refuse)
        finding.action = ACTION_logged;
    return finding;
}

/* HF106 with its evidence, for a free that is logged at once. Tracker locked on entry, unlocked on return. */
static void tell_live_children(struct call *call, handle_id parent, handle_id child, enum report_action action,
                               const char *note, const uintptr_t *arguments)
{
    struct finding finding = {.rule = 106, .dead = parent, .action = action, .refuse = action == ACTION_refused, .note = note};
    tell(call, &finding, child, true, arguments);
}

/* [tracker locked] What an owned handle depends on, when its free was postponed because of such dependants and nobody was told yet. */
static handle_id postponed_parent(const struct handle_record *record)
{
    if ((record->flags & (HANDLE_BORROWED | HANDLE_STALE)) != HANDLE_STALE)
        return 0;
    for (uint32_t edge = record->first_parent; edge != 0; edge = tracker_edge(TRACKER, edge)->next_of_child)
    {
        handle_id ancestor = tracker_edge(TRACKER, edge)->type == EDGE_DEPENDANT ? handle_waiting_ancestor(TRACKER, tracker_edge(TRACKER, edge)->parent) : 0;
        if (ancestor != 0 && (tracker_handle(TRACKER, ancestor)->flags & HANDLE_REPORTED) == 0)
            return ancestor;
    }
    return 0;
}

/* One effect that frees or drops a reference. */
static enum call_outcome judge_and_free(struct call *call, const struct effect_info *effect, const uintptr_t *arguments)
{
    uintptr_t address = subject_of(effect, arguments, 0);
    enum verb verb = effect->verb;
    if (address == 0 || effect->form != FORM_direct || !condition_holds(effect, arguments))
        return CALL_GO;
    call_stack(call);
    if (!tracker_lock(TRACKER))
        return CALL_GO;
    handle_id id = find_handle(address, effect->kind);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL)
    {
        good_forget(address);
        tracker_unlock(TRACKER);
        return CALL_GO;
    }
    uint32_t serial = record->serial;
    struct finding finding = judge_free(call->view, id, verb);
    bool counted_borrow = (finding.rule == 104 || finding.rule == 114) && record->state == HANDLE_LIVE && kind_table[record->kind].reference != NULL;
    if (counted_borrow)
    {
        /* References may have been taken where Holdfast does not see it: the object itself knows. A free after the last reference
         * was dropped (OSRDereference() == 0, then OSRDestroySpatialReference()) is how bindings end theirs. */
        unsigned rule = finding.rule;
        tracker_unlock(TRACKER);
        int count = true_count(call->view, record->kind, address);
        if ((rule == 114 && count != 1) || !tracker_lock(TRACKER))
            return CALL_GO;
        if (!same_record(id, serial) || record->state != HANDLE_LIVE)
        {
            tracker_unlock(TRACKER);
            return CALL_GO;
        }
        if (rule == 104 && count == 0)
        {
            dying_begin(call, id, VERB_frees, CAUSE_FREED);
            tracker_unlock(TRACKER);
            return CALL_GO;
        }
    }
    if (finding.rule != 0)
    {
        bool dead = record->state == HANDLE_BURIED;
        tell(call, &finding, id, true, arguments);
        if (finding.refuse)
            return CALL_REFUSED;
        if (dead || !tracker_lock(TRACKER))
            return CALL_GO;
        if (same_record(id, serial) && record->state == HANDLE_LIVE)
            dying_begin(call, id, VERB_frees, CAUSE_FREED);
        tracker_unlock(TRACKER);
        return CALL_GO;
    }
    if (record->flags & HANDLE_BORROWED)
    {
        record->references--;
        tracker_unlock(TRACKER);
        return CALL_GO;
    }
    bool counted = verb == VERB_releases || (verb == VERB_closes && (record->flags & HANDLE_SHARED));
    if (counted)
    {
        tracker_unlock(TRACKER);
        int count = true_count(call->view, record->kind, address);
        if (!tracker_lock(TRACKER))
            return CALL_GO;
        if (!same_record(id, serial) || record->state == HANDLE_BURIED)
        {
            tracker_unlock(TRACKER);
            return CALL_GO;
        }
        if (count > 1 || (count == 0 && record->references > 0))
        {
            if (record->references > 0)
                record->references--;
            tracker_unlock(TRACKER);
            return CALL_GO;
        }
    }
    record->death_stack = call->stack;
    record->death_function = (uint16_t)call->function;
    if (record->state == HANDLE_HELD)
        handle_unhold(TRACKER, id); /* mode reject: freed again, now perhaps without live children */
    handle_id child = 0;
    enum children children = children_alive(TRACKER, id, holdfast_options.borrowed, &child);
    bool may_hold = holdfast_options.mode != MODE_report && children != CHILDREN_NONE && hold_allowed(record);
    if (children == CHILDREN_DEPENDANTS && holdfast_options.mode == MODE_reject)
    {
        record->flags |= HANDLE_REPORTED;
        tell_live_children(call, id, child, ACTION_refused, NULL, arguments);
        return CALL_REFUSED;
    }
    if (may_hold && (children != CHILDREN_GRACE || holdfast_options.mode != MODE_report))
    {
        bool refused = holdfast_options.mode == MODE_reject && children == CHILDREN_HOLDERS;
        tree_walk(TRACKER, id, true, forget_good_of, NULL);
        hold_push(call, id, arguments, children == CHILDREN_GRACE, refused);
        tracker_unlock(TRACKER);
        hold_pushed(call->view, id);
        return refused ? CALL_REFUSED : CALL_DONE;
    }
    if (children == CHILDREN_DEPENDANTS)
    {
        enum report_action action = holdfast_options.mode != MODE_report && (record->flags & HANDLE_UPDATE) ? ACTION_flushed : ACTION_logged;
        record->flags |= HANDLE_REPORTED;
        tell_live_children(call, id, child, action, NULL, arguments);
        if (!tracker_lock(TRACKER))
            return CALL_GO;
        if (!same_record(id, serial) || record->state != HANDLE_LIVE)
        {
            tracker_unlock(TRACKER);
            return CALL_GO;
        }
    }
    handle_id waiting = postponed_parent(record);
    if (waiting != 0)
    {
        /* A dependant is freed after its parent's free was postponed: the moment to tell, if nobody used it in between. */
        tracker_handle(TRACKER, waiting)->flags |= HANDLE_REPORTED;
        tell_live_children(call, waiting, id, ACTION_kept, NULL, arguments);
        if (!tracker_lock(TRACKER))
            return CALL_GO;
        if (!same_record(id, serial) || record->state != HANDLE_LIVE)
        {
            tracker_unlock(TRACKER);
            return CALL_GO;
        }
    }
    tree_walk(TRACKER, id, true, forget_good_of, NULL);
    dying_begin(call, id, VERB_frees, CAUSE_FREED);
    if (counted)
        record->flags |= HANDLE_COUNTED;
    tracker_unlock(TRACKER);
    return CALL_GO;
}

/* [tracker locked] */
static bool is_child_of(handle_id id, uintptr_t parent)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    for (uint32_t edge = record->state == HANDLE_LIVE ? record->first_parent : 0; edge != 0; edge = tracker_edge(TRACKER, edge)->next_of_child)
        if (tracker_handle(TRACKER, tracker_edge(TRACKER, edge)->parent)->address == parent)
            return true;
    return false;
}

/* One handle that is given away or used up. */
static enum call_outcome judge_and_take(struct call *call, const struct effect_info *effect, uintptr_t address,
                                        const uintptr_t *arguments)
{
    if (address == 0)
        return CALL_GO;
    if (effect->object >= 0 && arguments[effect->object] == 0)
        return CALL_GO; /* a NULL taker takes nothing */
    call_stack(call);
    if (!tracker_lock(TRACKER))
        return CALL_GO;
    handle_id id = find_handle(address, effect->kind);
    if (id == 0)
    {
        tracker_unlock(TRACKER);
        return CALL_GO;
    }
    struct finding finding = judge_free(call->view, id, effect->verb);
    if (finding.rule != 0 && effect->object >= 0 && is_child_of(id, arguments[effect->object]))
        finding.rule = 0; /* given to whom it belongs already: the libraries take that for a no-op */
    if (finding.rule != 0)
    {
        tell(call, &finding, id, true, arguments);
        return finding.refuse ? CALL_REFUSED : CALL_GO;
    }
    dying_begin(call, id, effect->verb, CAUSE_TAKEN);
    tracker_unlock(TRACKER);
    return CALL_GO;
}

struct invalidation {
    struct call *call;
    uint8_t kind; /* 0: all */
    handle_id parent;
};

static bool invalidate_one(struct tracker *tracker, handle_id id, void *context)
{
    struct invalidation *invalidation = context;
    struct handle_record *record = tracker_handle(tracker, id);
    if (id == invalidation->parent || record->state != HANDLE_LIVE || (record->flags & HANDLE_BORROWED) == 0)
        return true;
    if (invalidation->kind != 0 && record->kind != invalidation->kind)
        return true;
    good_forget(record->address);
    watch_start(invalidation->call);
    fence_watch_add(&invalidation->call->watch, record->address, id, record->serial, CAUSE_INVALIDATED);
    return true;
}

static void judge_invalidation(struct call *call, const struct effect_info *effect, const uintptr_t *arguments)
{
    uintptr_t parent = object_of(effect, arguments, 0);
    if (parent == 0 || !condition_holds(effect, arguments))
        return;
    const struct function_info *info = &function_table[call->function];
    uint8_t parent_kind = argument_kinds[info->first_argument + (unsigned)effect->object];
    if (!tracker_lock(TRACKER))
        return;
    handle_id id = find_handle(parent, parent_kind);
    struct invalidation invalidation = {.call = call, .kind = effect->kind, .parent = id};
    bool any = id != 0 && tracker_handle(TRACKER, id)->first_child != 0;
    if (any)
    {
        tree_walk(TRACKER, id, false, invalidate_one, &invalidation);
        if (call->watching && call->dying_count < DYING_MAX)
        {
            struct handle_record *record = tracker_handle(TRACKER, id);
            call->dying[call->dying_count++] = (struct dying){.id = id, .serial = record->serial, .verb = VERB_invalidates,
                                                              .cause = CAUSE_INVALIDATED};
        }
    }
    tracker_unlock(TRACKER);
    if (any)
        call_stack(call);
}

static void end_world(struct call *call, const struct effect_info *effect)
{
    hold_settle_all(true);
    call_stack(call);
    if (!tracker_lock(TRACKER))
        return;
    uint32_t used = tracker_header(TRACKER)->sections[SECTION_HANDLES].used;
    watch_start(call);
    for (handle_id id = 1; id < used; id++)
    {
        struct handle_record *record = tracker_handle(TRACKER, id);
        if (record->state != HANDLE_LIVE || record->provider != call->view->number)
            continue;
        if (effect->kind != 0 && record->kind != effect->kind)
            continue;
        tree_walk(TRACKER, id, false, watch_one, &call->watch);
        handle_bury(TRACKER, id, CAUSE_TEARDOWN, (uint16_t)call->function, call->stack);
    }
    tracker_unlock(TRACKER);
}

enum call_outcome call_before(struct call *call, const struct view *view, enum function function, uintptr_t caller,
                              const uintptr_t *arguments)
{
    call_start(call, view, function, caller);
    if (call->silent)
        return CALL_GO;
    python_settle_proxies();
    hold_check_age();
    const struct variant_info *variant = variant_of(call);
    if (variant == NULL)
        return CALL_GO;
    if (hold_any())
        FOR_EACH_EFFECT(effect, variant)
        {
            if (effect->verb == VERB_touches)
                hold_settle_file((const char *)arguments[effect->subject]);
            else if (effect->verb == VERB_settles && condition_holds(effect, arguments))
                hold_settle_all(false);
        }
    if (!uses_are_fine(call, variant, arguments))
        return CALL_REFUSED;
    enum call_outcome outcome = CALL_GO;
    FOR_EACH_EFFECT(effect, variant)
    {
        switch (effect->verb)
        {
        case VERB_frees:
        case VERB_closes:
        case VERB_releases:
            outcome = judge_and_free(call, effect, arguments);
            break;
        case VERB_takes:
            if (!condition_holds(effect, arguments))
                break;
            if (effect->form == FORM_array)
            {
                const uintptr_t *array = (const uintptr_t *)arguments[effect->subject];
                for (uintptr_t i = 0; array != NULL && i < (uint32_t)arguments[effect->count] && outcome == CALL_GO; i++)
                    outcome = judge_and_take(call, effect, array[i], arguments);
            }
            else
                outcome = judge_and_take(call, effect, subject_of(effect, arguments, 0), arguments);
            break;
        case VERB_consumes:
            outcome = judge_and_take(call, effect, subject_of(effect, arguments, 0), arguments);
            break;
        case VERB_invalidates:
            judge_invalidation(call, effect, arguments);
            break;
        case VERB_ends:
            end_world(call, effect);
            break;
        }
        if (outcome != CALL_GO)
        {
            dying_end(call);
            return outcome;
        }
    }
    FOR_EACH_EFFECT(effect, variant)
        if (effect->verb == VERB_new && kind_table[effect->kind].flush != NULL)
            call->next_descriptor = hold_next_descriptor();
    if (call->watching)
        fence_watch_arm(&call->watch);
    return CALL_GO;
}

/* ---- after the call ------------------------------------------------------------------------------------------------- */

struct birth {
    uint8_t kind;
    bool update, shared;
    const char *label;
    int32_t number;
    bool has_number;
};

static void gather_birth(struct birth *birth, const struct variant_info *variant, const uintptr_t *arguments,
                         const struct function_info *info)
{
    (void)info;
    *birth = (struct birth){0};
    FOR_EACH_EFFECT(effect, variant)
    {
        if (effect->verb == VERB_update && condition_holds(effect, arguments))
            birth->update = true;
        else if (effect->verb == VERB_shared && condition_holds(effect, arguments))
            birth->shared = true;
        else if (effect->verb == VERB_label && effect->text != NULL)
            birth->label = effect->text;
        else if (effect->verb == VERB_label && effect->counted)
            birth->label = (const char *)arguments[effect->subject];
        else if (effect->verb == VERB_label)
        {
            birth->number = (int32_t)arguments[effect->subject];
            birth->has_number = true;
        }
    }
}

/* [tracker locked] */
static void set_label(struct handle_record *record, const struct birth *birth)
{
    if (birth->has_number)
    {
        record->label = (uint32_t)birth->number;
        record->flags |= HANDLE_NUMBER;
    }
    else if (birth->label != NULL)
        record->label = tracker_string(TRACKER, birth->label, strnlen(birth->label, 240));
}

/* [tracker locked] A record for something that begins to exist, or begins to be known. */
static handle_id add_handle(struct call *call, uintptr_t address, uint8_t kind)
{
    handle_id id = handle_add(TRACKER, address, kind, call->view->number);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL)
        return 0;
    if (kind_table[kind].harmless)
        record->flags |= HANDLE_HARMLESS;
    return id;
}

static void was_born(struct call *call, uintptr_t address, uint8_t kind, const struct birth *birth)
{
    if (address == 0)
        return;
    call_stack(call);
    if (!tracker_lock(TRACKER))
        return;
    handle_id id;
    while ((id = handle_find(TRACKER, address, NULL, NULL)) != 0)
    {
        struct handle_record *record = tracker_handle(TRACKER, id);
        if (record->state == HANDLE_LIVE && birth->shared && record->kind == kind)
        {
            record->references++;
            record->flags |= HANDLE_SHARED | HANDLE_COUNTED;
            tracker_unlock(TRACKER);
            return;
        }
        if (record->flags & HANDLE_FENCED)
            break; /* cannot be: its memory is kept back. Believe the library, leave the record to its fence. */
        if (record->state != HANDLE_BURIED)
            tracker_count(TRACKER, COUNTER_implicit_deaths);
        forget_unseen(id);
    }
    id = add_handle(call, address, kind);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record != NULL)
    {
        record->birth_stack = call->stack;
        record->birth_function = (uint16_t)call->function;
        record->birth_thread = thread_number();
        record->flags |= (uint16_t)((birth->update ? HANDLE_UPDATE : 0) | (birth->shared ? HANDLE_SHARED : 0) |
                                    (call->view->exact ? HANDLE_EXACT : 0));
        set_label(record, birth);
        tracker_count(TRACKER, COUNTER_births);
        record->arguments[0] = (uint64_t)(call->next_descriptor + 1); /* for hold.c, should it be held */
        good_remember(address, call->view->number, kind);
    }
    tracker_unlock(TRACKER);
}

/* [tracker locked] The record of a parent; one that was made unseen becomes known now. */
static handle_id parent_record(struct call *call, uintptr_t address, uint8_t kind)
{
    handle_id id = find_handle(address, kind);
    return id != 0 ? id : add_handle(call, address, kind);
}

static uint8_t kind_of_argument(const struct call *call, int position)
{
    return argument_kinds[function_table[call->function].first_argument + (unsigned)position];
}

static void depends_on(struct call *call, const struct effect_info *effect, uintptr_t child, uintptr_t parent)
{
    if (child == 0 || parent == 0 || child == parent || !tracker_lock(TRACKER))
        return;
    handle_id child_id = find_handle(child, effect->kind);
    if (child_id != 0 && kind_of_argument(call, effect->object) != 0)
    {
        handle_id parent_id = parent_record(call, parent, kind_of_argument(call, effect->object));
        edge_add(TRACKER, parent_id, child_id,
                 effect->verb == VERB_advises ? EDGE_ADVICE : effect->verb == VERB_needs ? EDGE_NEEDED : EDGE_DEPENDANT);
    }
    tracker_unlock(TRACKER);
}

static void forget_loans_of(handle_id child)
{
    struct handle_record *record = tracker_handle(TRACKER, child);
    for (uint32_t edge = record->first_parent; edge != 0; edge = tracker_edge(TRACKER, edge)->next_of_child)
        loan_forget(tracker_handle(TRACKER, tracker_edge(TRACKER, edge)->parent)->address, record->address);
}

static void was_lent(struct call *call, const struct effect_info *effect, uintptr_t child, uintptr_t parent,
                     const struct birth *birth)
{
    if (child == 0 || child == parent)
        return;
    bool global = effect->object == POSITION_GLOBAL;
    if (!global && parent == 0)
        return;
    call_stack(call);
    if (!tracker_lock(TRACKER))
        return;
    uint8_t parent_kind = global ? 0 : kind_of_argument(call, effect->object);
    handle_id parent_id = global || parent_kind == 0 ? 0 : parent_record(call, parent, parent_kind);
    handle_id id = find_handle(child, effect->kind);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record != NULL && record->state == HANDLE_BURIED)
    {
        if (record->flags & HANDLE_FENCED)
        {
            /* The library lends what Holdfast keeps back: then the record is wrong. Leave it alone, watch nothing. */
            tracker_unlock(TRACKER);
            return;
        }
        forget_unseen(id);
        record = NULL;
    }
    if (record == NULL)
    {
        id = add_handle(call, child, effect->kind);
        record = tracker_handle(TRACKER, id);
        if (record == NULL)
        {
            tracker_unlock(TRACKER);
            return;
        }
        record->flags |= (uint16_t)(HANDLE_BORROWED | (effect->counted ? HANDLE_COUNTED : 0) | (global ? HANDLE_GLOBAL : 0));
        record->birth_stack = call->stack;
        record->birth_function = (uint16_t)call->function;
        record->birth_thread = thread_number();
        set_label(record, birth);
        tracker_count(TRACKER, COUNTER_loans);
    }
    if (!call->view->exact)
        record->flags |= HANDLE_TRACELESS;
    if ((record->flags & HANDLE_BORROWED) && parent_id != 0 && edge_find(TRACKER, parent_id, id) == 0)
    {
        if ((record->flags & HANDLE_COUNTED) == 0)
        {
            forget_loans_of(id);
            edges_remove_to_parents(TRACKER, id);
        }
        edge_add(TRACKER, parent_id, id, EDGE_BORROWED);
        handle_id waiting = handle_waiting_ancestor(TRACKER, parent_id);
        if (waiting != 0)
            record->flags |= HANDLE_STALE;
    }
    if ((record->flags & HANDLE_STALE) == 0 && record->state == HANDLE_LIVE)
    {
        good_remember(child, call->view->number, effect->kind);
        loan_remember(parent, child);
    }
    tracker_unlock(TRACKER);
}

/* The result is what the argument lives in: made unseen if it is not known yet. */
static void is_owner(struct call *call, const struct effect_info *effect, uintptr_t owner, uintptr_t child)
{
    if (owner == 0 || child == 0 || !tracker_lock(TRACKER))
        return;
    handle_id child_id = find_handle(child, kind_of_argument(call, effect->object));
    handle_id owner_id = parent_record(call, owner, effect->kind);
    if (child_id != 0 && owner_id != 0 && tracker_handle(TRACKER, child_id)->first_parent == 0)
        edge_add(TRACKER, owner_id, child_id, EDGE_BORROWED);
    tracker_unlock(TRACKER);
}

static void was_taken(struct call *call, const struct effect_info *effect, uintptr_t address, uintptr_t taker, bool failed)
{
    if (address == 0 || !tracker_lock(TRACKER))
        return;
    handle_id id = find_handle(address, effect->kind);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL || record->state != HANDLE_LIVE || (failed && effect->unless_failed))
    {
        tracker_unlock(TRACKER);
        return;
    }
    if (effect->object == POSITION_NONE)
        forget_unseen(id);
    else if (taker != 0 && taker != address)
    {
        uint8_t taker_kind = effect->object == POSITION_RESULT ? function_table[call->function].result_kind
                                                               : kind_of_argument(call, effect->object);
        handle_id parent = taker_kind != 0 ? parent_record(call, taker, taker_kind) : 0;
        edges_remove_to_parents(TRACKER, id);
        record->flags |= HANDLE_BORROWED | HANDLE_TAKEN;
        record->flags &= (uint16_t)~HANDLE_TRACELESS;
        record->death_stack = call->stack;
        record->death_function = (uint16_t)call->function;
        edge_add(TRACKER, parent, id, EDGE_BORROWED);
        good_remember(address, call->view->number, (uint8_t)record->kind);
    }
    tracker_unlock(TRACKER);
}

static void was_stolen(struct call *call, const struct effect_info *effect, uintptr_t address)
{
    if (address == 0)
        return;
    call_stack(call);
    if (!tracker_lock(TRACKER))
        return;
    handle_id id = find_handle(address, effect->kind);
    if (id == 0)
        id = add_handle(call, address, effect->kind);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record != NULL && record->state == HANDLE_LIVE)
    {
        forget_loans_of(id);
        edges_remove_to_parents(TRACKER, id);
        record->flags &= (uint16_t)~(HANDLE_BORROWED | HANDLE_TAKEN | HANDLE_STALE);
        record->birth_stack = call->stack;
        record->birth_function = (uint16_t)call->function;
    }
    tracker_unlock(TRACKER);
}

/* Some children of that kind became the caller's, and nobody says which: nothing is certain about any of them. */
static void were_handed(struct call *call, const struct effect_info *effect, uintptr_t parent)
{
    if (parent == 0 || !tracker_lock(TRACKER))
        return;
    handle_id id = find_handle(parent, kind_of_argument(call, effect->object));
    struct handle_record *record = tracker_handle(TRACKER, id);
    for (uint32_t edge = record != NULL ? record->first_child : 0, next; edge != 0; edge = next)
    {
        struct edge_record *link = tracker_edge(TRACKER, edge);
        next = link->next_of_parent;
        struct handle_record *child = tracker_handle(TRACKER, link->child);
        if (link->type == EDGE_BORROWED && child->state == HANDLE_LIVE && child->kind == effect->kind && child->holders == 0)
        {
            handle_id child_id = link->child;
            forget_loans_of(child_id);
            forget_unseen(child_id);
            record = tracker_handle(TRACKER, id);
            next = record->first_child; /* the walk may have removed what came next */
        }
    }
    tracker_unlock(TRACKER);
}

static void was_moved(struct call *call, const struct effect_info *effect, uintptr_t address, uintptr_t parent)
{
    if (address == 0 || !tracker_lock(TRACKER))
        return;
    handle_id id = find_handle(address, effect->kind);
    if (id != 0 && tracker_handle(TRACKER, id)->state == HANDLE_LIVE)
    {
        edges_remove_to_parents(TRACKER, id);
        tracker_handle(TRACKER, id)->flags &= (uint16_t)~HANDLE_STALE;
        if (parent != 0)
            edge_add(TRACKER, parent_record(call, parent, kind_of_argument(call, effect->object)), id, EDGE_DEPENDANT);
    }
    tracker_unlock(TRACKER);
}

static void change_references(const struct effect_info *effect, uintptr_t address, int change)
{
    if (address == 0 || !tracker_lock(TRACKER))
        return;
    handle_id id = find_handle(address, effect->kind);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record != NULL && record->state != HANDLE_BURIED)
    {
        if (change > 0)
            record->references++;
        else if (record->references > 0)
            record->references--;
    }
    tracker_unlock(TRACKER);
}

/* Parents whose postponed free may be due once this call's handles are gone; asked before they die. */
struct waiting {
    handle_id id[DYING_MAX];
    uint32_t serial[DYING_MAX];
    unsigned count;
};

static void waiting_of(struct call *call, struct waiting *waiting)
{
    waiting->count = 0;
    if (call->dying_count == 0 || !hold_any() || !tracker_lock(TRACKER))
        return;
    for (unsigned i = 0; i < call->dying_count; i++)
    {
        if (!same_record(call->dying[i].id, call->dying[i].serial))
            continue;
        struct handle_record *record = tracker_handle(TRACKER, call->dying[i].id);
        for (uint32_t edge = record->first_parent; edge != 0 && waiting->count < DYING_MAX;
             edge = tracker_edge(TRACKER, edge)->next_of_child)
        {
            handle_id ancestor = handle_waiting_ancestor(TRACKER, tracker_edge(TRACKER, edge)->parent);
            if (ancestor == 0)
                continue;
            waiting->id[waiting->count] = ancestor;
            waiting->serial[waiting->count++] = tracker_handle(TRACKER, ancestor)->serial;
        }
    }
    tracker_unlock(TRACKER);
}

static bool has_failed(const struct function_info *info, uintptr_t result)
{
    switch (info->fails_by)
    {
    case FAILS_BY_null:
        return result == 0;
    case FAILS_BY_nonzero:
        return (int)result != 0;
    case FAILS_BY_value:
        return (int)result == info->fails_value;
    default:
        return false;
    }
}

void call_after(struct call *call, const uintptr_t *arguments, uintptr_t result)
{
    if (call->silent)
        return;
    const struct variant_info *variant = variant_of(call);
    if (variant == NULL)
        return;
    struct waiting waiting;
    waiting.count = 0;
    if (call->watching)
    {
        fence_watch_disarm(&call->watch); /* what Holdfast itself does from here on is no evidence */
        waiting_of(call, &waiting);
    }
    dying_end(call);
    struct birth birth;
    gather_birth(&birth, variant, arguments, &function_table[call->function]);
    bool failed = has_failed(&function_table[call->function], result);
    bool same = false; /* the result is an argument: nothing new */
    FOR_EACH_EFFECT(effect, variant)
        if ((effect->verb == VERB_returns || effect->verb == VERB_consumes) && effect->subject >= 0 &&
            result != 0 && subject_of(effect, arguments, result) == result)
            same = true;
    FOR_EACH_EFFECT(effect, variant)
    {
        if (failed && effect->form == FORM_pointed)
            continue; /* out parameters of a failed call may be anything */
        uintptr_t subject = subject_of(effect, arguments, result);
        uintptr_t object = object_of(effect, arguments, result);
        bool is_same = same && effect->subject == POSITION_RESULT;
        switch (effect->verb)
        {
        case VERB_new:
            if (!is_same)
                was_born(call, subject, effect->kind, &birth);
            break;
        case VERB_depends:
        case VERB_advises:
        case VERB_needs:
            if (!is_same)
                depends_on(call, effect, subject, object);
            break;
        case VERB_borrows:
            if (!is_same)
                was_lent(call, effect, subject, object, &birth);
            break;
        case VERB_owner:
            is_owner(call, effect, subject, object);
            break;
        case VERB_steals:
            was_stolen(call, effect, subject);
            break;
        case VERB_hands:
            if (condition_holds(effect, arguments))
                were_handed(call, effect, object);
            break;
        case VERB_moves:
            was_moved(call, effect, subject, object);
            break;
        case VERB_references:
            change_references(effect, subject, +1);
            break;
        case VERB_dereferences:
            change_references(effect, subject, -1);
            break;
        case VERB_handler:
            refuse_remember_handler(function_table[call->function].argument_count > 0 && kind_of_argument(call, 0) == KIND_geos_context ? arguments[0]
                                    : function_table[call->function].result_kind == KIND_geos_context                                  ? result
                                                                                                                                        : 0,
                                    subject, object, effect->object != POSITION_NONE);
            break;
        }
    }
    /* Transfers last: the new owner may be the result, which has to be known first. */
    FOR_EACH_EFFECT(effect, variant)
        if (effect->verb == VERB_takes && condition_holds(effect, arguments))
        {
            uintptr_t taker = object_of(effect, arguments, result);
            if (effect->form == FORM_array)
            {
                const uintptr_t *array = (const uintptr_t *)arguments[effect->subject];
                for (uintptr_t i = 0; array != NULL && i < (uint32_t)arguments[effect->count]; i++)
                    was_taken(call, effect, array[i], taker, failed);
            }
            else
                was_taken(call, effect, subject_of(effect, arguments, result), taker, failed);
        }
    for (unsigned i = 0; i < waiting.count; i++)
        hold_children_may_be_gone(waiting.id[i], waiting.serial[i]);
}

void call_abandon(struct call *call)
{
    if (call->watching)
        dying_end(call);
}
