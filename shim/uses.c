/* Uses: what is wrong with a handle that is passed to a call, and how it is told. Any thread; the tracker unlocked unless a function says so. */
#include "call.h"
#include "forks.h"
#include "refuse.h"
#include "strings.h"
#include <stdio.h>

unsigned rule_of_dead(const struct handle_record *record)
{
    switch (record->cause)
    {
    case CAUSE_PARENT:
        return 101;
    case CAUSE_INVALIDATED:
        return 107;
    case CAUSE_TAKEN:
    case CAUSE_MEMBER:
        return 105;
    case CAUSE_TEARDOWN:
        return 118;
    case CAUSE_ALTERED:
        return 108;
    case CAUSE_REPLACED:
        return 107;
    default:
        return 102;
    }
}

handle_id killer_of(handle_id id)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    const struct handle_record *killer = tracker_handle(TRACKER, record->killer);
    return killer != NULL && killer->serial == record->killer_serial ? record->killer : id;
}

/* A dead handle is passed: refused where its memory is fenced, let through where that is not certain. */
void judge_dead(struct finding *finding, const struct handle_record *record, handle_id id)
{
    finding->dead = killer_of(id);
    finding->refuse = holdfast_options.mode != MODE_report && ((record->flags & HANDLE_FENCED) != 0 || (record->burier != 0 && record->burier != (uint32_t)tracker_thread()));
    finding->action = finding->refuse ? ACTION_refused : ACTION_logged;
    if (holdfast_options.mode != MODE_report && !finding->refuse)
        finding->note = "its memory was not seen freed, so the call was let through";
}

/* A copy of the same version may understand the object, by luck; another version lays it out in another way. */
bool certainly_foreign(const struct view *view, const struct handle_record *record)
{
    const struct provider *owner = provider_by_number(record->provider);
    return holdfast_options.mode != MODE_report && owner != NULL && view->provider != NULL && owner->version != 0 && view->provider->version != 0 &&
           owner->version != view->provider->version;
}

/* [tracker locked] */
struct finding judge_use(const struct call *call, handle_id id)
{
    const struct view *view = call->view;
    struct finding finding = {.rule = 0, .dead = id, .action = ACTION_logged};
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record->state == HANDLE_BURIED)
    {
        finding.rule = rule_of_dead(record);
        judge_dead(&finding, record, id);
    }
    else if (record->cause == CAUSE_MEMBER)
    {
        /* It holds memory that was freed, but is itself alive: its address is certain. */
        finding.rule = 105;
        finding.refuse = holdfast_options.mode != MODE_report;
        finding.action = finding.refuse ? ACTION_refused : ACTION_logged;
    }
    else if (record->cause == CAUSE_ALTERED || record->cause == CAUSE_REPLACED)
    {
        finding.rule = rule_of_dead(record);
        finding.dead = killer_of(id);
        /* What was replaced in place is sound memory with another content. */
        finding.refuse = holdfast_options.mode != MODE_report && record->cause == CAUSE_ALTERED;
        finding.action = finding.refuse ? ACTION_refused : ACTION_logged;
        if (record->cause == CAUSE_REPLACED)
            finding.note = "its content was replaced in place: the call sees the new one";
    }
    else if (record->state == HANDLE_HELD)
    {
        finding.rule = 102;
        finding.action = record->flags & HANDLE_REFUSED ? ACTION_free_refused : ACTION_kept;
        record->flags |= HANDLE_REPORTED; /* that it had live children is no second violation */
    }
    else if ((record->flags & HANDLE_STALE) != 0 && record->address != call->moved)
    {
        handle_id ancestor = handle_waiting_ancestor(TRACKER, id);
        struct handle_record *waiting = tracker_handle(TRACKER, ancestor);
        if (waiting == NULL)
        {
            /* Its parent is gone for good: only what depends on a parent outlives it. */
            uint32_t edge = record->first_parent;
            while (edge != 0 && tracker_handle(TRACKER, tracker_edge(TRACKER, edge)->parent)->state == HANDLE_LIVE && tracker_edge(TRACKER, edge)->next_of_child != 0)
                edge = tracker_edge(TRACKER, edge)->next_of_child;
            finding.dead = edge != 0 ? tracker_edge(TRACKER, edge)->parent : id;
            finding.rule = finding.dead != id ? 101 : 0;
            if (finding.rule != 0)
                tracker_handle(TRACKER, finding.dead)->flags |= HANDLE_REPORTED;
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
    if (finding.rule == 0 && !call->only_counts && opened_before_fork(id))
    {
        finding.rule = 113;
        finding.dead = 0;
        finding.refuse = holdfast_options.mode == MODE_reject;
        finding.action = finding.refuse ? ACTION_refused : ACTION_logged;
        finding.note = "the process that opened it shares its file position";
    }
    if (finding.rule == 0 && record->provider != view->number && record->provider != 0 && view->number != 0)
    {
        finding.rule = 111;
        finding.dead = 0;
        finding.refuse = certainly_foreign(view, record);
        finding.action = finding.refuse ? ACTION_refused : ACTION_logged;
    }
    return finding;
}

/* Log it; when the call is refused also tell the library's error channel, whatever is logged. Tracker unlocked. */
void tell_violation(struct call *call, const struct violation *violation, bool refused, const uintptr_t *arguments)
{
    char sentence[2 * DESCRIPTION_BYTES];
    bool told = report_violation(violation, sentence, sizeof sentence);
    if (told && (refused || violation->action == ACTION_free_refused))
        tracker_count(TRACKER, COUNTER_refusals);
    if (!refused)
        return;
    refuse_tell(call->view, call->function, arguments, sentence);
}

/* Log the finding; when the call is refused also tell the library's error channel. Tracker locked on entry, unlocked on return. */
void tell(struct call *call, const struct finding *finding, handle_id id, bool freeing,
                 const uintptr_t *arguments)
{
    struct violation violation = {0};
    violation_describe(&violation, finding->rule, (uint16_t)call->function, id, finding->dead);
    violation.by_member = tracker_handle(TRACKER, id)->cause == CAUSE_MEMBER;
    tracker_unlock(TRACKER);
    violation.used = call_stack(call);
    violation.action = finding->action;
    violation.freeing = freeing;
    violation.giving = finding->giving;
    violation.expected = finding->expected;
    if (finding->note != NULL)
        snprintf(violation.note, sizeof violation.note, "%s", finding->note);
    tell_violation(call, &violation, finding->refuse, arguments);
}

/* [tracker locked] What this handle hangs on is held: no other thread may carry that free out under this call. */
static void keep_while_used(struct call *call, handle_id id)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    if (call->passing.pinned != 0 || (record->state != HANDLE_HELD && (record->flags & HANDLE_STALE) == 0))
        return;
    handle_id held = handle_waiting_ancestor(TRACKER, id);
    struct hold_record *waiting = tracker_hold(TRACKER, held);
    if (waiting == NULL)
        return;
    __atomic_fetch_add(&waiting->pins, 1, __ATOMIC_RELAXED);
    call->passing.pinned = held;
    call->passing.serial = tracker_handle(TRACKER, held)->serial;
}

/* A counted handle that is stale by the parents that are known: does anybody else hold it? Only the object itself knows. It is alive, because
 * what it hangs on is held and pinned. Tracker locked on entry and on return; the answer is about `id` only while its record is the same. */
static bool kept_by_others(struct call *call, handle_id id)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    if (record->state != HANDLE_LIVE || (record->flags & (HANDLE_COUNTED | HANDLE_STALE)) != (HANDLE_COUNTED | HANDLE_STALE) || call->passing.pinned == 0)
        return false;
    enum kind kind = (enum kind)record->kind;
    uintptr_t address = record->address;
    int parents = record->parents;
    tracker_unlock(TRACKER);
    bool kept = true_count(call->view, kind, address) > parents;
    return !lock_near(address) || kept;
}

/* One handle argument: true when the call may go on. */
static bool use_is_fine(struct call *call, uintptr_t address, uint8_t kind, const uintptr_t *arguments)
{
    if (address == 0 || known_good(call->view, (const void *)address, kind) || wide_known(call->view, address, kind))
        return true;
    if (kind == KIND_string)
        return string_is_fine(call, address, arguments);
    if (young_is_unknown(address))
    {
        good_remember(address, call->view->number, kind);
        return true;
    }
    if (!lock_near(address))
    {
        tracker_count(TRACKER, COUNTER_unjudged); /* a signal handler inside Holdfast: let through, but not unsaid */
        return true;
    }
    handle_id id = find_handle(address, kind);
    if (id == 0 && (id = of_another_kind(call->view, address, kind)) != 0)
    {
        struct finding finding = {.rule = 109, .refuse = holdfast_options.mode != MODE_report, .expected = kind_table[kind].words};
        finding.action = finding.refuse ? ACTION_refused : ACTION_logged;
        tell(call, &finding, id, false, arguments);
        return !finding.refuse;
    }
    if (id == 0)
    {
        /* Nobody knows it: made unseen, or by something without a contract. Remember that until its address is born. */
        good_remember(address, call->view->number, kind);
        tracker_unlock(TRACKER);
        return true;
    }
    struct finding finding = judge_use(call, id);
    uint32_t serial = tracker_handle(TRACKER, id)->serial;
    keep_while_used(call, id);
    if (finding.rule == 101 && kept_by_others(call, id))
    {
        tracker_unlock(TRACKER);
        return true;
    }
    if (!same_record(id, serial)) /* it went while the object was asked */
    {
        tracker_unlock(TRACKER);
        return true;
    }
    if (finding.rule == 0)
    {
        const struct handle_record *record = tracker_handle(TRACKER, id);
        /* What was opened before a fork is looked at again by a call that reads more. */
        bool whole = !call->only_counts || !opened_before_fork(id);
        if ((record->flags & HANDLE_STALE) == 0 && record->state == HANDLE_LIVE && whole)
            good_remember(address, call->view->number, kind);
        tracker_unlock(TRACKER);
        return true;
    }
    tell(call, &finding, id, false, arguments);
    return !finding.refuse;
}

bool uses_are_fine(struct call *call, const struct variant_info *variant, const uintptr_t *arguments)
{
    const struct function_info *info = &function_table[call->function];
    uint32_t judged = 0; /* arguments that an effect judges more strictly than a use */
    call->only_counts = info->any_thread;
    if (variant != NULL)
        FOR_EACH_EFFECT(effect, variant)
            if (effect->at.position >= 0 && effect->at.form == FORM_direct)
                switch (effect->verb)
                {
                case VERB_discards:
                case VERB_frees:
                case VERB_closes:
                case VERB_releases:
                case VERB_takes:
                case VERB_consumes:
                    call->only_counts = call->only_counts || effect->verb != VERB_takes;
                    judged |= 1u << effect->at.position;
                    break;
                case VERB_moves:
                    call->moved = arguments[effect->at.position];
                    break;
                case VERB_references:
                case VERB_dereferences:
                    call->only_counts = true;
                }
    for (unsigned i = 0; i < info->argument_count; i++)
    {
        uint8_t kind = argument_kinds[info->first_argument + i];
        if (kind != 0 && (judged >> i & 1) == 0 && !use_is_fine(call, arguments[i], kind, arguments))
            return false;
    }
    if (variant != NULL)
        FOR_EACH_EFFECT(effect, variant)
            if (effect->verb == VERB_uses)
                for (uint64_t i = 0, count = operand_count(&effect->at, arguments, 0); i < count; i++)
                    if (!use_is_fine(call, operand_member(&effect->at, arguments, 0, i), effect->kind, arguments))
                        return false;
    return true;
}
