/* Changes: calls that free nothing but make what was fetched before wrong. Fields that change under features (HF108), results that are replaced in
 * place (HF107), and a library's own context that ends (HF118). Any thread, the tracker unlocked unless a function says so. */
#include "call.h"
#include <stdio.h>
#include <string.h>

/* ---- fields ----------------------------------------------------------------------------------------------------- */

struct altering {
    handle_id found; /* a feature that lives */
    uint32_t count;
    const struct call *call; /* mark them all: NULL only to look */
    handle_id root;
    uint32_t root_serial;
};

static bool visit_feature(struct tracker *tracker, handle_id id, void *context)
{
    struct altering *altering = context;
    struct handle_record *record = tracker_handle(tracker, id);
    if (record->kind != KIND_feature || record->state != HANDLE_LIVE || record->cause != CAUSE_NONE)
        return true;
    altering->found = id;
    altering->count++;
    if (altering->call == NULL)
        return true;
    good_forget(record->address);
    record->cause = CAUSE_ALTERED;
    record->death_stack = altering->call->stack;
    record->death_function = (uint16_t)altering->call->function;
    record->killer = altering->root;
    record->killer_serial = altering->root_serial;
    return true;
}

/* [tracker locked] The features of what is altered: of a layer and its definition, or of a definition and the layer that it is of. */
static void visit_features(struct altering *altering, handle_id id)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    altering->root = id;
    altering->root_serial = record->serial;
    for (uint32_t edge = record->kind == KIND_featuredefn ? record->first_parent : 0; edge != 0; edge = tracker_edge(TRACKER, edge)->next_of_child)
    {
        handle_id parent = tracker_edge(TRACKER, edge)->parent;
        if (tracker_edge(TRACKER, edge)->type == EDGE_BORROWED && tracker_handle(TRACKER, parent)->kind == KIND_layer)
            tree_walk_all(TRACKER, parent, visit_feature, altering);
    }
    tree_walk_all(TRACKER, id, visit_feature, altering);
}

static void tell_alteration(struct call *call, const struct altering *altering, const uintptr_t *arguments, bool refuse)
{
    char note[100];
    struct finding finding = {.rule = 108, .dead = altering->root, .action = refuse ? ACTION_refused : ACTION_logged, .refuse = refuse, .note = note};
    snprintf(note, sizeof note, "%u feature%s of it alive", altering->count, altering->count == 1 ? "" : "s");
    tell(call, &finding, altering->found, false, arguments);
}

/* How many fields the handle has, -1 where it cannot be asked. It must be alive. Tracker unlocked. */
static int count_fields(const struct view *view, enum kind kind, uintptr_t address)
{
    const struct kind_info *info = &kind_table[kind];
    if (info->fields == NULL || view->provider == NULL)
        return -1;
    void *(*defined_by)(void *) = info->defined_by != NULL ? (void *(*)(void *))provider_symbol(view->provider, info->defined_by) : NULL;
    int (*fields)(void *) = (int (*)(void *))provider_symbol(view->provider, info->fields);
    int (*geometry_fields)(void *) = (int (*)(void *))provider_symbol(view->provider, info->geometry_fields);
    if ((info->defined_by != NULL && defined_by == NULL) || fields == NULL || geometry_fields == NULL)
        return -1;
    void *definition = defined_by != NULL ? defined_by((void *)address) : (void *)address;
    /* Both in one number: a field for a geometry field is a change, too. */
    return definition != NULL ? (fields(definition) & 0xffff) << 15 | (geometry_fields(definition) & 0x7fff) : -1;
}

enum call_outcome judge_alteration(struct call *call, const struct effect_info *effect, const uintptr_t *arguments)
{
    uintptr_t address = operand_value(&effect->at, arguments, 0);
    call_stack(call);
    if (effect->counted) /* whether it alters anything is known afterwards */
    {
        call->fields = address != 0 ? count_fields(call->view, (enum kind)effect->kind, address) : -1;
        return CALL_GO;
    }
    if (holdfast_options.mode != MODE_reject || address == 0 || !tracker_lock(TRACKER))
        return CALL_GO;
    struct altering altering = {0};
    handle_id id = find_handle(address, effect->kind);
    if (id != 0)
        visit_features(&altering, id);
    if (altering.found == 0)
    {
        tracker_unlock(TRACKER);
        return CALL_GO;
    }
    tell_alteration(call, &altering, arguments, true);
    return CALL_REFUSED;
}

void was_altered(struct call *call, const struct effect_info *effect, uintptr_t address, const uintptr_t *arguments)
{
    if (address == 0 || (effect->counted && count_fields(call->view, (enum kind)effect->kind, address) == call->fields) || !tracker_lock(TRACKER))
        return;
    struct altering altering = {0};
    handle_id id = find_handle(address, effect->kind);
    uint32_t serial = id != 0 ? tracker_handle(TRACKER, id)->serial : 0;
    if (id != 0)
        visit_features(&altering, id);
    if (altering.found == 0)
    {
        tracker_unlock(TRACKER);
        return;
    }
    tell_alteration(call, &altering, arguments, false);
    if (!tracker_lock(TRACKER))
        return;
    if (same_record(id, serial))
        visit_features(&(struct altering){.call = call}, id);
    tracker_unlock(TRACKER);
}

/* ---- replaced in place -------------------------------------------------------------------------------------------- */

struct replacing {
    const struct call *call;
    const uintptr_t *arguments;
    uint8_t kind;
    handle_id parent;
    uint32_t parent_serial;
};

static bool replace_one(struct tracker *tracker, handle_id id, void *context)
{
    const struct replacing *replacing = context;
    struct handle_record *record = tracker_handle(tracker, id);
    if (id == replacing->parent || record->state != HANDLE_LIVE || record->cause != CAUSE_NONE || (record->flags & (HANDLE_BORROWED | HANDLE_TAKEN)) != HANDLE_BORROWED ||
        (replacing->kind != 0 && record->kind != replacing->kind))
        return true;
    for (unsigned i = 0; i < function_table[replacing->call->function].argument_count; i++)
        if (replacing->arguments[i] == record->address)
            return true; /* replaced by itself */
    good_forget(record->address);
    record->cause = CAUSE_REPLACED;
    record->death_stack = replacing->call->stack;
    record->death_function = (uint16_t)replacing->call->function;
    record->killer = replacing->parent;
    record->killer_serial = replacing->parent_serial;
    return true;
}

void were_replaced(struct call *call, const struct effect_info *effect, uintptr_t parent, const uintptr_t *arguments)
{
    if (parent == 0 || effect->kind == KIND_string) /* for strings see strings.c */
        return;
    call_stack(call);
    if (!tracker_lock(TRACKER))
        return;
    handle_id id = find_handle(parent, effect->to_kind);
    if (id != 0)
    {
        struct replacing replacing = {.call = call, .arguments = arguments, .kind = effect->kind, .parent = id, .parent_serial = tracker_handle(TRACKER, id)->serial};
        tree_walk(TRACKER, id, false, replace_one, &replacing);
    }
    tracker_unlock(TRACKER);
}

/* ---- a library's own context ----------------------------------------------------------------------------------------- */

void world_ended(struct call *call, bool ended)
{
    struct provider *provider = call->view->provider;
    call_stack(call);
    provider->world_stack = call->stack;
    provider->world_function = call->function;
    atomic_store(&provider->world_ended, ended);
    if (ended)
        atomic_store(&provider->young, false);
    for (unsigned i = 0; i < GOOD_SLOTS && ended; i++) /* from here on every use of this copy takes the slow path */
        atomic_store_explicit(&good_cache[i], 0, memory_order_relaxed);
    if (ended)
        wide_clear();
}

static bool only_frees(const struct variant_info *variant)
{
    bool frees = false;
    if (variant != NULL)
        FOR_EACH_EFFECT(effect, variant)
        {
            if (effect->verb == VERB_begins_world || effect->verb == VERB_ends_world)
                return true;
            frees = frees || effect->verb == VERB_frees || effect->verb == VERB_discards;
        }
    return frees;
}

bool world_is_over(struct call *call, const struct variant_info *variant, const uintptr_t *arguments)
{
    const struct function_info *info = &function_table[call->function];
    const struct provider *provider = call->view->provider;
    if (!info->worldly || provider == NULL || !atomic_load_explicit(&provider->world_ended, memory_order_relaxed) || only_frees(variant))
        return false;
    uintptr_t handle = 0;
    for (unsigned i = 0; i < info->argument_count && handle == 0; i++)
        if (argument_kinds[info->first_argument + i] != 0 && argument_kinds[info->first_argument + i] != KIND_string)
            handle = arguments[i];
    if (handle == 0 && info->result_kind == 0)
        return false; /* a version, a setting: no object is touched */
    struct violation violation = {0};
    if (handle != 0 && tracker_lock(TRACKER))
    {
        handle_id id = find_any(handle);
        violation_describe(&violation, 118, (uint16_t)call->function, id, id);
        tracker_unlock(TRACKER);
    }
    violation.rule = 118;
    violation.function = (uint16_t)call->function;
    violation.address = handle;
    violation.provider = provider->number;
    if (violation.handle[0] == '\0')
    {
        violation.kind = library_table[call->view->library].context;
        snprintf(violation.handle, sizeof violation.handle, "%s of the functions without one", kind_table[violation.kind].words);
    }
    violation.has_death = true;
    violation.freed = provider->world_stack;
    violation.death_function = (uint16_t)provider->world_function;
    violation.used = call_stack(call);
    bool refuse = holdfast_options.mode != MODE_report;
    violation.action = refuse ? ACTION_refused : ACTION_logged;
    tell_violation(call, &violation, refuse, arguments);
    return refuse;
}
