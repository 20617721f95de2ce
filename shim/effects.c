/* The interpreter of the contracts' effects: see effects.h.
 *
 * Order inside a call:  uses are checked, frees are judged and recorded, the real function runs, then what it brought and what
 * really died is recorded. Evidence decides wherever there is any: a block that our free() saw is dead, one that it did not see is
 * not certainly dead, and nothing is refused that is not certain.
 *
 * Locking: the tracker is never locked while a stack is taken, a real function runs, the dynamic linker is asked or a report is
 * written. Functions marked [tracker locked] are called between tracker_lock() and tracker_unlock(); all others take it themselves.
 */
#include "call.h"
#include "evidence.h"
#include "hold.h"
#include "python.h"
#include "refuse.h"
#include "stack.h"
#include <unistd.h>

_Atomic uint64_t good_cache[GOOD_SLOTS];
_Atomic uint64_t loan_cache[LOAN_SLOTS];

/* ---- caches --------------------------------------------------------------------------------------------------- */

void good_forget(uintptr_t address)
{
    _Atomic uint64_t *entry = &good_cache[good_index(address)];
    if (atomic_load_explicit(entry, memory_order_relaxed) >> 16 == address)
        atomic_store_explicit(entry, 0, memory_order_relaxed);
}

void good_remember(uintptr_t address, unsigned provider, unsigned kind)
{
    atomic_store_explicit(&good_cache[good_index(address)], good_entry(address, provider, kind), memory_order_relaxed);
}

void loan_forget(uintptr_t parent, uintptr_t child)
{
    uint64_t entry = loan_entry(parent, child);
    if (atomic_load_explicit(&loan_cache[loan_index(entry)], memory_order_relaxed) == entry)
        atomic_store_explicit(&loan_cache[loan_index(entry)], 0, memory_order_relaxed);
}

void loan_remember(uintptr_t parent, uintptr_t child)
{
    if (evidence_wanted())
        return; /* another function may lend the same, and is to be seen doing so */
    uint64_t entry = loan_entry(parent, child);
    atomic_store_explicit(&loan_cache[loan_index(entry)], entry, memory_order_relaxed);
}

bool forget_good_of(struct tracker *tracker, handle_id id, void *context)
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

handle_id find_handle(uintptr_t address, uint8_t expected)
{
    return handle_find(TRACKER, address, kind_accepted, &expected);
}

void call_start(struct call *call, const struct view *view, enum function function, uintptr_t caller)
{
    call->view = view;
    call->caller = caller;
    call->function = function;
    call->stack = 0;
    call->stack_taken = false;
    call->started = true;
    call->silent = TRACKER->base == NULL || view->provider == NULL;
    call->watching = false;
    call->dying_count = 0;
    call->next_descriptor = -1;
    call->passing = (struct passing){.outer_provider = calling_provider};
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

bool condition_holds(const struct effect_info *effect, const uintptr_t *arguments)
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

uintptr_t subject_of(const struct effect_info *effect, const uintptr_t *arguments, uintptr_t result)
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

uintptr_t object_of(const struct effect_info *effect, const uintptr_t *arguments, uintptr_t result)
{
    return effect->object == POSITION_RESULT ? result : effect->object < 0 ? 0 : arguments[effect->object];
}

/* The reference count that the object itself tells, 0 where it cannot be asked. The object must be alive. Tracker unlocked. */
int true_count(const struct view *view, enum kind kind, uintptr_t address)
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

bool call_uses(struct passing *passing, const struct view *view, enum function function, uintptr_t caller,
               const uintptr_t *arguments)
{
    struct call call;
    call_start(&call, view, function, caller);
    *passing = call.passing;
    calling_provider = view->provider;
    if (call.silent)
        return true;
    python_settle_proxies();
    hold_check_age();
    bool fine = uses_are_fine(&call, NULL, arguments);
    *passing = call.passing;
    return fine;
}

void call_passed(struct passing *passing)
{
    calling_provider = passing->outer_provider;
    if (passing->pinned == 0)
        return;
    handle_id id = passing->pinned;
    passing->pinned = 0;
    if (!tracker_lock(TRACKER))
        return;
    if (same_record(id, passing->serial) && tracker_handle(TRACKER, id)->pins > 0)
        tracker_handle(TRACKER, id)->pins--;
    tracker_unlock(TRACKER);
    hold_children_may_be_gone(id, passing->serial);
}

enum call_outcome call_before(struct call *call, const struct view *view, enum function function, uintptr_t caller,
                              const uintptr_t *arguments)
{
    call_start(call, view, function, caller);
    calling_provider = view->provider;
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
        case VERB_hosts:
            view->provider->hosts = true;
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
    calling_provider = view->provider;
    return CALL_GO;
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
    calling_provider = call->passing.outer_provider;
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
    gather_birth(&birth, variant, arguments);
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
    if (!call->started)
        return;
    call_passed(&call->passing);
    if (call->watching)
        dying_end(call);
}
