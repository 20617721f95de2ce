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
#include "control.h"
#include "evidence.h"
#include "hold.h"
#include "python.h"
#include "refuse.h"
#include "buffers.h"
#include "strings.h"
#include "stack.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Atomic uintptr_t lender_cache[GOOD_SLOTS];
_Atomic uint64_t loan_cache[LOAN_SLOTS];

/* ---- caches --------------------------------------------------------------------------------------------------- */

void wide_forget(uintptr_t address)
{
    _Atomic uint64_t *wide = atomic_load_explicit(&wide_cache, memory_order_acquire);
    if (good_address(atomic_load_explicit(&wide[wide_index(address)], memory_order_relaxed)) == address)
        atomic_store_explicit(&wide[wide_index(address)], 0, memory_order_relaxed);
}

_Atomic uint64_t *_Atomic wide_cache;
#define WIDE_BYTES (sizeof(uint64_t) << WIDE_BITS)
#define LEFT_BEFORE_WIDE 16384 /* so many had to leave: a program that uses more handles in turn than the good cache has room for */

void wide_keep(_Atomic uint64_t *slot, uint64_t left)
{
    static _Atomic uint32_t count;
    _Atomic uint64_t *wide = atomic_load_explicit(&wide_cache, memory_order_acquire);
    if (wide != NULL)
    {
        atomic_store_explicit(&wide[wide_index(good_address(left))], left, memory_order_relaxed);
        if (atomic_load(slot) != left) /* forgotten by another thread, which may have looked here too early */
            atomic_store_explicit(&wide[wide_index(good_address(left))], 0, memory_order_relaxed);
    }
    else if (atomic_fetch_add_explicit(&count, 1, memory_order_relaxed) == LEFT_BEFORE_WIDE)
    {
        int saved_errno = errno;
        void *mapping = mmap(NULL, WIDE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        errno = saved_errno;
        if (mapping != MAP_FAILED)
            atomic_store_explicit(&wide_cache, mapping, memory_order_release);
    }
}

void wide_clear(void)
{
    _Atomic uint64_t *wide = atomic_load_explicit(&wide_cache, memory_order_acquire);
    int saved_errno = errno;
    if (wide != NULL && madvise((void *)wide, WIDE_BYTES, MADV_DONTNEED) != 0)
        memset((void *)wide, 0, WIDE_BYTES);
    errno = saved_errno;
}

bool wide_known(const struct view *view, uintptr_t address, uint8_t kind)
{
    _Atomic uint64_t *wide = atomic_load_explicit(&wide_cache, memory_order_acquire);
    uint64_t entry = good_entry(address, view->number, kind);
    if (wide == NULL || atomic_load_explicit(&wide[wide_index(address)], memory_order_relaxed) != entry)
        return false;
    tree_forget(address);
    lender_forget(address);
    good_put(&good_cache[good_index(address)], entry);
    return true;
}

bool wide_fill(const struct view *view, enum function function, const uintptr_t *arguments)
{
    const struct function_info *info = &function_table[function];
    bool filled = false;
    for (unsigned i = 0; i < info->argument_count; i++)
    {
        uint8_t kind = argument_kinds[info->first_argument + i];
        if (kind == 0 || (kind == KIND_string ? known_string((const void *)arguments[i]) : known_good(view, (const void *)arguments[i], kind)))
            continue;
        if (kind == KIND_string || arguments[i] == 0 || !wide_known(view, arguments[i], kind))
            return false;
        filled = true;
    }
    for (unsigned i = 0; filled && i < info->argument_count; i++) /* two that share a slot throw each other out */
    {
        uint8_t kind = argument_kinds[info->first_argument + i];
        filled = kind == 0 || kind == KIND_string || known_good(view, (const void *)arguments[i], kind);
    }
    return filled;
}

void good_remember(uintptr_t address, unsigned provider, unsigned kind)
{
    tree_forget(address);
    lender_forget(address);
    const struct provider *owner = provider_by_number(provider);
    if (owner == NULL || !atomic_load_explicit(&owner->world_ended, memory_order_relaxed))
        good_put(&good_cache[good_index(address)], good_entry(address, provider, kind));
}

void loan_forget(uintptr_t parent, uintptr_t child)
{
    uint64_t entry = loan_entry(parent, child);
    if (atomic_load_explicit(&loan_cache[loan_index(entry)], memory_order_relaxed) == entry)
        atomic_store_explicit(&loan_cache[loan_index(entry)], 0, memory_order_relaxed);
    if (atomic_load_explicit(&lender_cache[good_index(child)], memory_order_relaxed) == parent)
        atomic_store_explicit(&lender_cache[good_index(child)], 0, memory_order_relaxed);
}

void loan_remember(uintptr_t parent, uintptr_t child)
{
    if (evidence_wanted())
        return; /* another function may lend the same, and is to be seen doing so */
    uint64_t entry = loan_entry(parent, child);
    atomic_store_explicit(&loan_cache[loan_index(entry)], entry, memory_order_relaxed);
    if (good_address(atomic_load_explicit(&good_cache[good_index(child)], memory_order_relaxed)) == child)
        atomic_store_explicit(&lender_cache[good_index(child)], parent, memory_order_relaxed);
}

bool known_loan_of_several(uintptr_t parent, uintptr_t child)
{
    uint64_t entry = loan_entry(parent, child);
    if (atomic_load_explicit(&loan_cache[loan_index(entry)], memory_order_relaxed) != entry)
        return false;
    atomic_store_explicit(&lender_cache[good_index(child)], parent, memory_order_relaxed);
    return true;
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
    return kind < KIND_COUNT && kind_accepts(&kind_table[*(const uint8_t *)expected], kind);
}

handle_id find_handle(uintptr_t address, uint8_t expected)
{
    young_show(address);
    return handle_find(TRACKER, address, kind_accepted, &expected);
}

handle_id find_any(uintptr_t address)
{
    young_show(address);
    return handle_find(TRACKER, address, NULL, NULL);
}

handle_id of_another_kind(const struct view *view, uintptr_t address, uint8_t expected)
{
    handle_id id = find_any(address);
    const struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL || (record->state != HANDLE_LIVE && record->state != HANDLE_HELD) || record->kind == KIND_buffer || record->kind >= KIND_COUNT)
        return 0;
    /* A kind that this one is accepted as, or that is accepted as this one, may be the same object. And where frees are not seen, the
     * record may be of what was here before. */
    const struct provider *owner = provider_by_number(record->provider);
    bool related = kind_accepts(&kind_table[expected], record->kind) || kind_accepts(&kind_table[record->kind], expected);
    return related || owner == NULL || !owner->frees_seen || view->number == 0 ? 0 : id;
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
    call->watching = call->only_counts = false;
    call->moved = 0;
    call->dying_count = 0;
    call->next_descriptor = -1;
    call->counts_taken = 0;
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

static const struct variant_info *find_variant(const struct view *view, enum function function)
{
    const struct function_info *info = &function_table[function];
    const struct variant_info *variant = &variant_table[info->first_variant];
    if (info->variant_count == 1 && variant->low == 0 && variant->high == 0)
        return variant;
    unsigned version = provider_version(view->provider);
    for (unsigned i = 0; i < info->variant_count; i++, variant++)
        if (version >= variant->low && (variant->high == 0 || version < variant->high))
            return variant;
    return NULL;
}

static const struct variant_info *variant_of(const struct call *call)
{
    return find_variant(call->view, call->function);
}

unsigned variant_index(const struct view *view, enum function function, unsigned count)
{
    const struct variant_info *variant = view->provider != NULL ? find_variant(view, function) : NULL;
    unsigned index = variant != NULL ? (unsigned)(variant - &variant_table[function_table[function].first_variant]) : 0;
    return index < count ? index : 0;
}

bool condition_holds(const struct effect_info *effect, const uintptr_t *arguments)
{
    if (effect->condition == CONDITION_none)
        return true;
    int32_t value = (int32_t)arguments[effect->condition_argument];
    switch (effect->condition)
    {
    case CONDITION_null:
        return arguments[effect->condition_argument] == 0;
    case CONDITION_contains: /* a text with any of these letters */
        return arguments[effect->condition_argument] != 0 && strpbrk((const char *)arguments[effect->condition_argument], effect->text) != NULL;
    case CONDITION_given:
        return arguments[effect->condition_argument] != 0;
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

/* What is written there, whatever its form: for an array its first address. */
static uintptr_t operand_word(const struct operand *operand, const uintptr_t *arguments, uintptr_t result)
{
    return operand->position == POSITION_RESULT ? result : operand->position < 0 ? 0 : arguments[operand->position];
}

#define MEMBERS_MAX (UINT64_C(1) << 24)

uint64_t operand_count(const struct operand *operand, const uintptr_t *arguments, uintptr_t result)
{
    const uintptr_t *array = (const uintptr_t *)operand_word(operand, arguments, result);
    if (operand->form != FORM_array)
        return 1;
    if (array == NULL)
        return 0;
    uint64_t count = 0;
    if (operand->count == POSITION_NONE)
    {
        while (count < MEMBERS_MAX && array[count] != 0)
            count++;
        return count;
    }
    uintptr_t number = arguments[operand->count];
    if (operand->count_pointed)
        count = number == 0 ? 0 : operand->count_wide ? *(const uint64_t *)number : *(const uint32_t *)number;
    else
        count = operand->count_wide ? number : (uint32_t)number;
    return count < MEMBERS_MAX ? count : 0; /* a negative or absurd number: the library will say so */
}

uintptr_t operand_member(const struct operand *operand, const uintptr_t *arguments, uintptr_t result, uint64_t index)
{
    uintptr_t word = operand_word(operand, arguments, result);
    if (word == 0 || operand->form == FORM_direct)
        return word;
    return ((const uintptr_t *)word)[operand->form == FORM_array ? index : 0];
}

uintptr_t operand_value(const struct operand *operand, const uintptr_t *arguments, uintptr_t result)
{
    return operand_member(operand, arguments, result, 0);
}

static const struct count_functions *find_count_functions(struct provider *provider, enum kind kind)
{
    struct count_functions *known = &provider->counts[kind];
    if (atomic_load_explicit(&known->reference, memory_order_acquire) == NULL)
    {
        atomic_store_explicit(&known->dereference, (int (*)(void *))provider_symbol(provider, kind_table[kind].dereference), memory_order_relaxed);
        atomic_store_explicit(&known->reference, (int (*)(void *))provider_symbol(provider, kind_table[kind].reference), memory_order_release);
    }
    return known;
}

/* The reference count that the object itself tells, 0 where it cannot be asked. The object must be alive. Tracker unlocked. */
int true_count(const struct view *view, enum kind kind, uintptr_t address)
{
    const struct kind_info *info = &kind_table[kind];
    if (info->reference == NULL || view->provider == NULL)
        return 0;
    const struct count_functions *known = find_count_functions(view->provider, kind);
    int (*reference)(void *) = atomic_load_explicit(&known->reference, memory_order_acquire);
    int (*dereference)(void *) = atomic_load_explicit(&known->dereference, memory_order_relaxed);
    if (reference == NULL || dereference == NULL)
        return 0;
    reference((void *)address);
    return dereference((void *)address);
}

int known_count(const struct view *view, enum kind kind, uintptr_t address)
{
    bool ready = kind_table[kind].reference != NULL && view->provider != NULL && atomic_load_explicit(&view->provider->counts[kind].reference, memory_order_acquire) != NULL;
    return ready ? true_count(view, kind, address) : 0;
}

/* As the fast paths do: by its first handle. */
static void note_call(const struct view *view, enum function function, const uintptr_t *arguments)
{
    const struct function_info *info = &function_table[function];
    for (unsigned i = 0; i < info->argument_count; i++)
    {
        uint8_t kind = argument_kinds[info->first_argument + i];
        if (kind == 0 || kind == KIND_string)
            continue;
        call_noted(function, known_entry(view, (const void *)arguments[i], kind));
        return;
    }
    call_noted(function, 0);
}

bool call_uses(struct passing *passing, const struct view *view, enum function function, uintptr_t caller,
               const uintptr_t *arguments)
{
    struct call call;
    call_start(&call, view, function, caller);
    note_call(view, function, arguments);
    /* Field by field: to copy what was just written in smaller pieces costs more than all the rest of a call that is fine. */
    passing->outer_provider = call.passing.outer_provider;
    passing->pinned = 0;
    passing->tree.slot = 0;
    calling_provider = view->provider;
    if (call.silent)
        return true;
    python_settle_proxies();
    hold_check_age();
    control_look();
    bool fine = uses_are_fine(&call, NULL, arguments) && !world_is_over(&call, NULL, arguments);
    passing->pinned = call.passing.pinned;
    passing->serial = call.passing.serial;
    if (fine)
        tree_enter(&call, arguments, &passing->tree);
    return fine;
}

void call_passed(struct passing *passing)
{
    tree_leave(&passing->tree);
    calling_provider = passing->outer_provider;
    if (passing->pinned == 0)
        return;
    handle_id id = passing->pinned;
    passing->pinned = 0;
    if (!lock_near_record(id))
        return;
    struct hold_record *hold = same_record(id, passing->serial) ? tracker_hold(TRACKER, id) : NULL;
    if (hold != NULL && hold->pins > 0)
        __atomic_fetch_sub(&hold->pins, 1, __ATOMIC_RELAXED);
    tracker_unlock(TRACKER);
    hold_children_may_be_gone(id, passing->serial);
}

static enum call_outcome member_before(struct call *call, const struct effect_info *effect, uintptr_t address, const uintptr_t *arguments)
{
    switch (effect->verb)
    {
    case VERB_frees:
    case VERB_closes:
    case VERB_releases:
        return judge_and_free(call, effect, address, arguments);
    case VERB_takes:
    case VERB_consumes:
        return judge_and_take(call, effect, address, arguments);
    case VERB_alters:
        return judge_alteration(call, effect, arguments);
    case VERB_discards:
        return buffer_discarded(call, address, arguments);
    }
    return CALL_GO;
}

/* What an effect does, or forbids, before the real function runs. */
static enum call_outcome effect_before(struct call *call, const struct effect_info *effect, const uintptr_t *arguments)
{
    switch (effect->verb)
    {
    case VERB_frees:
    case VERB_closes:
    case VERB_releases:
        if (effect->at.form == FORM_pointed)
            return CALL_GO;
        break;
    case VERB_takes:
    case VERB_consumes:
    case VERB_alters:
    case VERB_discards:
        break;
    case VERB_invalidates:
        judge_invalidation(call, effect, arguments);
        return CALL_GO;
    case VERB_replaces:
        if (effect->kind == KIND_string)
            strings_replaced(call, operand_value(&effect->to, arguments, 0));
        return CALL_GO;
    case VERB_hosts:
        call->view->provider->hosts = true;
        return CALL_GO;
    case VERB_ends:
        end_world(call, effect);
        return CALL_GO;
    default:
        return CALL_GO;
    }
    enum call_outcome outcome = CALL_GO;
    uint64_t count = operand_count(&effect->at, arguments, 0);
    for (uint64_t i = 0; i < count && outcome == CALL_GO; i++)
        outcome = member_before(call, effect, operand_member(&effect->at, arguments, 0, i), arguments);
    return outcome;
}

/* What `depends P if counted` asks: the counts before the call, of so many handles at most; beyond them nothing is certain. */
static void take_counts(struct call *call, const struct effect_info *effect, const uintptr_t *arguments)
{
    for (uint64_t i = 0, count = operand_count(&effect->to, arguments, 0); i < count && call->counts_taken < COUNTS_MAX; i++)
    {
        uintptr_t address = operand_member(&effect->to, arguments, 0, i);
        if (address != 0)
            call->counts[call->counts_taken++] = (struct count_before){.address = address, .count = true_count(call->view, (enum kind)effect->to_kind, address)};
    }
}

static bool count_rose(const struct call *call, const struct effect_info *effect, uintptr_t address)
{
    for (unsigned i = 0; i < call->counts_taken; i++)
        if (call->counts[i].address == address)
            return true_count(call->view, (enum kind)effect->to_kind, address) > call->counts[i].count;
    return false;
}

/* Its handles may be young from now on, when all that young.h asks for is so. */
static void allow_young(struct provider *provider)
{
    if (!atomic_load_explicit(&provider->young, memory_order_relaxed) && provider->version != 0 && provider->frees_seen && holdfast_options.young != 0 &&
        holdfast_options.fence_max != 0 && !evidence_wanted() &&
        !atomic_load_explicit(&provider->world_ended, memory_order_relaxed))
    {
        for (unsigned kind = 0; kind < KIND_COUNT; kind++) /* for known_count(), which must not look them up */
            if (kind_table[kind].reference != NULL)
                find_count_functions(provider, (enum kind)kind);
        atomic_store_explicit(&provider->young, true, memory_order_relaxed);
    }
}

/* Whoever judges what this call ends or changes must see what depends on it. */
static void settle_young(const struct variant_info *variant, const uintptr_t *arguments)
{
    FOR_EACH_EFFECT(effect, variant)
        switch (effect->verb)
        {
        case VERB_new:
        case VERB_borrows:
        case VERB_lends:
        case VERB_depends:
        case VERB_needs:
        case VERB_advises:
        case VERB_label:
        case VERB_update:
        case VERB_shared:
        case VERB_threadsafe:
        case VERB_touches:
        case VERB_returns:
            break;
        case VERB_invalidates:
            if (effect->at.position == POSITION_NONE && effect->to.position >= 0 && young_is_bare(operand_value(&effect->to, arguments, 0)))
                break;
            __attribute__((fallthrough));
        default:
            for (uint64_t i = 0, count = operand_count(&effect->at, arguments, 0); effect->at.position != POSITION_RESULT && i < count; i++)
                young_settle_dependants(operand_member(&effect->at, arguments, 0, i));
            if (effect->to.position >= 0)
                young_settle_dependants(operand_value(&effect->to, arguments, 0));
        }
}

enum call_outcome call_before(struct call *call, const struct view *view, enum function function, uintptr_t caller,
                              const uintptr_t *arguments)
{
    call_start(call, view, function, caller);
    note_call(view, function, arguments);
    calling_provider = view->provider;
    if (call->silent)
        return CALL_GO;
    python_settle_proxies();
    hold_check_age();
    control_look();
    /* Asked while nothing is locked, for whoever compares copies later, and before the call: after the library's end it must not be asked. */
    if (view->provider->version == 0)
        provider_version(view->provider);
    allow_young(view->provider);
    const struct variant_info *variant = variant_of(call);
    if (variant == NULL)
        return CALL_GO;
    settle_young(variant, arguments);
    if (hold_any())
        FOR_EACH_EFFECT(effect, variant)
        {
            if (effect->verb == VERB_touches)
                hold_settle_file((const char *)arguments[effect->at.position]);
            else if (effect->verb == VERB_settles && condition_holds(effect, arguments))
                hold_settle_all(false);
            else if (effect->verb == VERB_alters)
                hold_settle_all(true); /* for the program those features are gone; freed after it, they would be read by the new definition */
        }
    if (!uses_are_fine(call, variant, arguments) || world_is_over(call, variant, arguments))
        return CALL_REFUSED;
    tree_enter(call, arguments, &call->passing.tree);
    FOR_EACH_EFFECT(effect, variant)
    {
        enum call_outcome outcome = condition_holds(effect, arguments) ? effect_before(call, effect, arguments) : CALL_GO;
        if (outcome != CALL_GO)
        {
            dying_end(call);
            return outcome;
        }
    }
    FOR_EACH_EFFECT(effect, variant)
        if (effect->verb == VERB_new && kind_table[effect->kind].flush != NULL)
            call->next_descriptor = hold_next_descriptor();
        else if (effect->counted && (effect->verb == VERB_depends || effect->verb == VERB_needs || effect->verb == VERB_advises) && condition_holds(effect, arguments))
            take_counts(call, effect, arguments);
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
    if (call->dying_count == 0 || !hold_any() || !lock_near_dying(call))
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

static bool has_failed(const struct variant_info *variant, uintptr_t result)
{
    switch (variant->fails_by)
    {
    case FAILS_BY_null:
        return result == 0;
    case FAILS_BY_nonzero:
        return (int)result != 0;
    case FAILS_BY_value:
        return (int)result == variant->fails_value;
    default:
        return false;
    }
}

/* A handler of messages belongs to the context that the function is about. */
static void handler_was_set(const struct call *call, uintptr_t handler, const struct effect_info *effect, const uintptr_t *arguments, uintptr_t result)
{
    const struct function_info *info = &function_table[call->function];
    uintptr_t context = info->argument_count > 0 && kind_of_argument(call, 0) == KIND_geos_context ? arguments[0]
                        : info->result_kind == KIND_geos_context                                   ? result
                                                                                                   : 0;
    refuse_remember_handler(context, handler, operand_value(&effect->to, arguments, result), effect->to.position != POSITION_NONE);
}

/* What came of one handle of an effect. */
static void member_after(struct call *call, const struct effect_info *effect, uintptr_t subject, const uintptr_t *arguments, uintptr_t result, const struct birth *birth)
{
    uintptr_t object = effect->to.form == FORM_array ? 0 : operand_value(&effect->to, arguments, result);
    switch (effect->verb)
    {
    case VERB_new:
        was_born(call, subject, effect->kind, birth);
        break;
    case VERB_depends:
    case VERB_advises:
    case VERB_needs:
        for (uint64_t i = 0, count = operand_count(&effect->to, arguments, result); i < count; i++)
        {
            uintptr_t parent = operand_member(&effect->to, arguments, result, i);
            if (!effect->counted || count_rose(call, effect, parent))
                depends_on(call, effect, subject, parent);
        }
        break;
    case VERB_borrows:
        was_lent(call, effect, subject, object, birth);
        break;
    case VERB_owner:
        is_owner(call, effect, subject, object);
        break;
    case VERB_steals:
        was_stolen(call, effect, subject);
        break;
    case VERB_hands:
        were_handed(effect, object);
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
    case VERB_restores:
        was_restored(effect, subject);
        break;
    case VERB_prompt:
        is_prompt(effect, subject);
        break;
    case VERB_shares:
        was_shared(effect, subject);
        break;
    case VERB_replaces:
        were_replaced(call, effect, object, arguments);
        break;
    case VERB_alters:
        was_altered(call, effect, subject, arguments);
        break;
    case VERB_begins_world:
    case VERB_ends_world:
        world_ended(call, effect->verb == VERB_ends_world);
        break;
    case VERB_lends:
        string_lent(call, subject, object);
        break;
    case VERB_buffer:
        buffer_used(call, subject, object);
        break;
    case VERB_buffer_named:
        buffer_named(call, subject, effect->counted, object);
        break;
    case VERB_buffer_file:
        buffer_of_file(call, subject, (const char *)object, effect->counted);
        break;
    case VERB_removes:
        buffer_file_removed((const char *)subject);
        break;
    case VERB_handler:
        handler_was_set(call, subject, effect, arguments, result);
        break;
    }
}

/* Is the result one of the arguments? Then nothing is new. */
static bool is_argument(const struct variant_info *variant, const uintptr_t *arguments, uintptr_t result)
{
    FOR_EACH_EFFECT(effect, variant)
        if ((effect->verb == VERB_returns || effect->verb == VERB_consumes) && effect->at.position >= 0 && result != 0 &&
            operand_value(&effect->at, arguments, result) == result)
            return true;
    return false;
}

/* Transfers last: the new owner may be the result, which has to be known first. */
static void were_taken(struct call *call, const struct variant_info *variant, const uintptr_t *arguments, uintptr_t result, bool failed)
{
    FOR_EACH_EFFECT(effect, variant)
        if (effect->verb == VERB_takes && condition_holds(effect, arguments))
            for (uint64_t i = 0, count = operand_count(&effect->at, arguments, result); i < count; i++)
                was_taken(call, effect, operand_member(&effect->at, arguments, result, i), operand_value(&effect->to, arguments, result), failed);
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
    buffers_settle();
    struct birth birth;
    gather_birth(&birth, variant, arguments);
    bool failed = has_failed(variant, result), same = is_argument(variant, arguments, result);
    FOR_EACH_EFFECT(effect, variant)
    {
        /* Out parameters of a failed call may be anything. */
        if ((failed && (effect->unless_failed || (effect->at.form != FORM_direct && effect->verb != VERB_uses))) || (same && effect->at.position == POSITION_RESULT) ||
            effect->verb == VERB_takes || !condition_holds(effect, arguments))
            continue;
        for (uint64_t i = 0, count = operand_count(&effect->at, arguments, result); i < count; i++)
            member_after(call, effect, operand_member(&effect->at, arguments, result, i), arguments, result, &birth);
    }
    were_taken(call, variant, arguments, result, failed);
    for (unsigned i = 0; i < waiting.count; i++)
        hold_children_may_be_gone(waiting.id[i], waiting.serial[i]);
}

uintptr_t call_brought(const struct view *view, enum function function, uintptr_t caller, const uintptr_t *arguments, uintptr_t result)
{
    struct call call;
    call_start(&call, view, function, caller);
    call_after(&call, arguments, result);
    return result;
}

void call_gave(struct call *call, const uintptr_t *arguments, uintptr_t result, bool born)
{
    const struct variant_info *variant = variant_of(call);
    if (!born)
        call_after(call, arguments, result);
    else if (variant != NULL)
        were_taken(call, variant, arguments, result, false);
}

void call_abandon(struct call *call)
{
    if (!call->started)
        return;
    call_passed(&call->passing);
    if (call->watching)
        dying_end(call);
}
