/* How a refusal becomes an error of the library itself: see refuse.h. Any thread, no lock held. */
#include "refuse.h"
#include "effects.h"
#include "context.h"
#include "tracker.h"
#include <stdatomic.h>

#define CE_FAILURE 3
#define CPLE_APPLICATION_DEFINED 1
#define PROJ_ERR_OTHER_API_MISUSE 4097

/* Message handlers by GEOS context: a context that shares its slot with another just loses its handler, and the refusal shows
 * by the return value alone. */
#define HANDLER_SLOTS 1024u
static struct {
    _Atomic uintptr_t context, handler, data;
    _Atomic bool has_data;
} handlers[HANDLER_SLOTS];

static unsigned handler_slot(uintptr_t context)
{
    return (unsigned)((context >> 4) ^ (context >> 14)) & (HANDLER_SLOTS - 1);
}

void refuse_remember_handler(uintptr_t context, uintptr_t handler, uintptr_t data, bool has_data)
{
    unsigned slot = handler_slot(context);
    atomic_store(&handlers[slot].handler, 0);
    atomic_store(&handlers[slot].context, context);
    atomic_store(&handlers[slot].data, data);
    atomic_store(&handlers[slot].has_data, has_data);
    atomic_store(&handlers[slot].handler, handler);
}

static void tell_geos(uintptr_t context, const char *sentence)
{
    unsigned slot = handler_slot(context);
    uintptr_t handler = atomic_load(&handlers[slot].handler);
    if (handler == 0 || atomic_load(&handlers[slot].context) != context)
        return;
    if (atomic_load(&handlers[slot].has_data))
        ((void (*)(const char *, void *))handler)(sentence, (void *)atomic_load(&handlers[slot].data));
    else
        ((void (*)(const char *, ...))handler)("%s", sentence);
}

/* An argument of this kind that is certainly alive, 0 if there is none. */
static uintptr_t live_argument(enum function function, const uintptr_t *arguments, enum kind kind)
{
    const struct function_info *info = &function_table[function];
    for (unsigned i = 0; i < info->argument_count; i++)
    {
        if (argument_kinds[info->first_argument + i] != kind || arguments[i] == 0 || !tracker_lock(&holdfast_tracker))
            continue;
        handle_id id = find_any(arguments[i]);
        const struct handle_record *record = tracker_handle(&holdfast_tracker, id);
        bool alive = record == NULL || record->state != HANDLE_BURIED;
        tracker_unlock(&holdfast_tracker);
        if (alive)
            return arguments[i];
    }
    return 0;
}

void refuse_tell(const struct view *view, enum function function, const uintptr_t *arguments, const char *sentence)
{
    if (view->provider == NULL)
        return;
    switch (library_table[view->library].channel)
    {
    case CHANNEL_cpl:
    {
        void (*error)(int, int, const char *, ...) = (void (*)(int, int, const char *, ...))provider_symbol(view->provider, "CPLError");
        if (error != NULL)
            error(CE_FAILURE, CPLE_APPLICATION_DEFINED, "%s", sentence);
        break;
    }
    case CHANNEL_geos:
        tell_geos(live_argument(function, arguments, KIND_geos_context), sentence);
        break;
    case CHANNEL_proj:
    {
        void (*set)(void *, int) = (void (*)(void *, int))provider_symbol(view->provider, "proj_context_errno_set");
        if (set != NULL)
            set((void *)live_argument(function, arguments, KIND_proj_context), PROJ_ERR_OTHER_API_MISUSE);
        break;
    }
    }
}
