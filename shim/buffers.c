/* Buffers: see buffers.h.
 *
 * A buffer is a handle of kind `buffer` at the address of the memory. Its users (datasets) depend on it by an edge; a /vsimem file has no
 * handle: its name is the buffer's label for as long as the file exists. A buffer that is freed while in use is kept back until its last user
 * is gone, in the modes that keep programs alive.
 */
#include "buffers.h"
#include "call.h"
#include "stack.h"
#include "strings.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 64u
static uintptr_t kept[KEPT_MAX]; /* [tracker locked] */
static _Atomic uint32_t kept_count;
static _Atomic uint32_t files; /* buffers of files, ever */

/* [tracker locked] */
static handle_id find_buffer(uintptr_t memory)
{
    handle_id id = find_handle(memory, KIND_buffer);
    const struct handle_record *record = tracker_handle(TRACKER, id);
    return record != NULL && record->state == HANDLE_LIVE ? id : 0;
}

/* [tracker locked] The record of a buffer, made now if it is not known. */
static handle_id make_buffer(struct call *call, uintptr_t memory)
{
    handle_id id = find_buffer(memory);
    if (id != 0)
        return id;
    id = handle_add(TRACKER, memory, KIND_buffer, call->view->number);
    struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL)
        return 0;
    record->flags |= HANDLE_GLOBAL; /* nobody's to free by a contract, no leak */
    record->birth_stack = call->stack;
    record->birth_function = (uint16_t)call->function;
    return id;
}

void buffer_used(struct call *call, uintptr_t memory, uintptr_t user)
{
    if (memory == 0 || user == 0)
        return;
    call_stack(call);
    if (!tracker_lock(TRACKER))
        return;
    handle_id user_id = find_any(user);
    handle_id id = user_id != 0 ? make_buffer(call, memory) : 0;
    if (id != 0)
    {
        edge_add(TRACKER, id, user_id, EDGE_NEEDED);
        tracker_handle(TRACKER, user_id)->flags &= (uint32_t)~HANDLE_HARMLESS; /* held, it would go on using memory that may rightly be gone */
    }
    tracker_unlock(TRACKER);
}

static uintptr_t address_in(const char *text)
{
    static const char name[] = "DATAPOINTER=";
    const char *found = text != NULL ? strcasestr(text, name) : NULL;
    return found != NULL ? (uintptr_t)strtoull(found + sizeof name - 1, NULL, 0) : 0;
}

void buffer_named(struct call *call, uintptr_t texts, bool list, uintptr_t user)
{
    if (texts == 0)
        return;
    if (!list)
        buffer_used(call, address_in((const char *)texts), user);
    else
        for (const char *const *text = (const char *const *)texts; *text != NULL; text++)
            buffer_used(call, address_in(*text), user);
}

void buffer_of_file(struct call *call, uintptr_t memory, const char *path, bool taken)
{
    if (memory == 0 || path == NULL)
        return;
    buffer_file_removed(path); /* a file of that name is replaced */
    call_stack(call);
    if (!tracker_lock(TRACKER))
        return;
    struct handle_record *record = tracker_handle(TRACKER, make_buffer(call, memory));
    if (record != NULL)
    {
        record->label = tracker_string(TRACKER, path, strnlen(path, 1024));
        record->flags |= taken ? HANDLE_TAKEN : 0;
        atomic_fetch_add(&files, 1);
    }
    tracker_unlock(TRACKER);
}

/* [tracker locked] A dataset that works on it. */
static handle_id user_of(handle_id id)
{
    const struct edge_record *link;
    for (uint32_t edge = tracker_handle(TRACKER, id)->first_child; (link = tracker_edge(TRACKER, edge)) != NULL && !link->dead; edge = link->next_of_parent)
        if (tracker_handle(TRACKER, link->child)->state != HANDLE_BURIED)
            return link->child;
    return 0;
}

static bool in_use(handle_id id)
{
    return tracker_handle(TRACKER, id)->label != 0 || user_of(id) != 0;
}

static bool is_at_or_below(const char *path, const char *other)
{
    size_t length = strlen(path);
    return strncmp(path, other, length) == 0 && (other[length] == '\0' || other[length] == '/' || (length > 0 && path[length - 1] == '/'));
}

void buffer_file_removed(const char *path)
{
    if (path == NULL || *path == '\0' || atomic_load(&files) == 0 || !tracker_lock(TRACKER))
        return;
    uint32_t used = tracker_header(TRACKER)->sections[SECTION_HANDLES].used;
    for (handle_id id = 1; id < used; id++)
    {
        struct handle_record *record = tracker_handle(TRACKER, id);
        if (record->state == HANDLE_LIVE && record->kind == KIND_buffer && record->label != 0 && is_at_or_below(path, tracker_text(TRACKER, record->label)))
        {
            record->label = 0;
            record->flags &= (uint32_t)~HANDLE_TAKEN;
        }
    }
    tracker_unlock(TRACKER);
    buffers_settle();
}

void buffers_settle(void)
{
    while (atomic_load_explicit(&kept_count, memory_order_relaxed) > 0)
    {
        uintptr_t block = 0;
        if (!tracker_lock(TRACKER))
            return;
        for (unsigned i = 0; i < KEPT_MAX && block == 0; i++)
        {
            handle_id id = kept[i] != 0 ? find_handle(kept[i], KIND_buffer) : 0;
            if (kept[i] == 0 || (id != 0 && in_use(id)))
                continue;
            block = kept[i];
            kept[i] = 0;
            atomic_fetch_sub(&kept_count, 1);
            if (id != 0)
                handle_forget(TRACKER, id);
        }
        tracker_unlock(TRACKER);
        if (block == 0)
            return;
        fence_free_block(block);
    }
}

/* [tracker locked] */
static bool keep(uintptr_t block)
{
    for (unsigned i = 0; i < KEPT_MAX; i++)
        if (kept[i] == 0)
        {
            kept[i] = block;
            atomic_fetch_add(&kept_count, 1);
            return true;
        }
    return false;
}

/* The report, in the name of who uses it. Tracker locked on entry, unlocked on return. */
static void tell_buffer(handle_id id, uint16_t function, stack_id stack, enum report_action action)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    struct violation violation = {0};
    handle_id user = user_of(id);
    violation_describe(&violation, 117, function, id, id);
    violation.has_death = false;
    if (record->flags & HANDLE_TAKEN)
    {
        snprintf(violation.handle, sizeof violation.handle, "file '%.200s'", tracker_text(TRACKER, record->label));
        snprintf(violation.note, sizeof violation.note, "the file owns it and frees it itself");
    }
    else if (user != 0)
    {
        describe_handle(user, violation.handle, sizeof violation.handle);
    }
    else
        snprintf(violation.handle, sizeof violation.handle, "file '%.200s'", tracker_text(TRACKER, record->label));
    tracker_unlock(TRACKER);
    violation.used = stack;
    violation.freeing = true;
    violation.action = action;
    char sentence[2 * DESCRIPTION_BYTES];
    report_violation(&violation, sentence, sizeof sentence);
}

bool buffer_freed(uintptr_t block, uintptr_t caller)
{
    if (TRACKER->base == NULL || !lock_near(block))
        return false;
    bool known = find_buffer(block) != 0;
    tracker_unlock(TRACKER);
    if (!known || !tracker_lock(TRACKER))
        return false;
    handle_id id = find_buffer(block);
    bool used = id != 0 && in_use(id) && !address_is_internal(caller);
    if (id == 0 || !used)
    {
        if (id != 0)
            handle_forget(TRACKER, id);
        tracker_unlock(TRACKER);
        return false;
    }
    /* A buffer that was given away is the library's to free: keeping back the caller's free is all that it takes. */
    bool given = (tracker_handle(TRACKER, id)->flags & HANDLE_TAKEN) != 0;
    bool kept_back = holdfast_options.mode != MODE_report && (given || keep(block));
    if (!kept_back && !given)
        tracker_handle(TRACKER, id)->label = 0;
    tracker_unlock(TRACKER);
    stack_id stack = stack_here(caller);
    if (!tracker_lock(TRACKER))
        return kept_back;
    id = find_buffer(block);
    if (id == 0)
    {
        tracker_unlock(TRACKER);
        return kept_back;
    }
    tell_buffer(id, FUNCTION_free, stack, kept_back ? ACTION_held : ACTION_logged);
    return kept_back;
}

void buffer_moved(uintptr_t block)
{
    if (TRACKER->base == NULL || !tracker_lock(TRACKER))
        return;
    handle_id id = find_buffer(block);
    if (id != 0)
        handle_forget(TRACKER, id);
    tracker_unlock(TRACKER);
}

enum call_outcome buffer_discarded(struct call *call, uintptr_t memory, const uintptr_t *arguments)
{
    bool refused = false;
    if (memory == 0)
        return CALL_GO;
    if (string_discarded(call, memory, arguments, &refused))
        return refused ? CALL_REFUSED : CALL_GO;
    if (!handle_may_be_known(memory))
        return CALL_GO;
    call_stack(call);
    if (!tracker_lock(TRACKER))
        return CALL_GO;
    handle_id id = find_any(memory);
    const struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL || record->state == HANDLE_BURIED)
    {
        tracker_unlock(TRACKER);
        return CALL_GO; /* the address says nothing any more, or its memory is kept back: then the free is a second one, which free() swallows */
    }
    if (record->kind == KIND_buffer)
    {
        if (!in_use(id))
        {
            tracker_unlock(TRACKER);
            return CALL_GO;
        }
        bool given = (record->flags & HANDLE_TAKEN) != 0;
        bool kept_back = holdfast_options.mode != MODE_report && (given || keep(memory));
        tell_buffer(id, (uint16_t)call->function, call->stack, kept_back ? ACTION_held : ACTION_logged);
        if (kept_back)
            return CALL_DONE;
        /* The function may jump to free(), which then would see the program as its caller and tell it again. */
        if (tracker_lock(TRACKER))
        {
            if ((id = find_buffer(memory)) != 0)
                handle_forget(TRACKER, id);
            tracker_unlock(TRACKER);
        }
        return CALL_GO;
    }
    if (kind_table[record->kind].plain)
    {
        /* A free like any other. osgeo takes the members of an array over, each for itself, and frees the rest. */
        struct effect_info freeing = {.verb = VERB_frees, .kind = (uint8_t)record->kind, .to = {.position = POSITION_NONE}};
        tracker_unlock(TRACKER);
        return judge_and_free(call, &freeing, memory, arguments);
    }
    struct finding finding = {.rule = 110, .refuse = holdfast_options.mode != MODE_report, .expected = kind_table[record->kind].freed_by};
    finding.action = finding.refuse ? ACTION_refused : ACTION_logged;
    tell(call, &finding, id, true, arguments);
    return finding.refuse ? CALL_REFUSED : CALL_GO;
}
