/* The functions of holdfast.h: what the program itself may ask and say.
 *
 * Each is for any thread, with no lock of Holdfast held, and may not be called by a signal handler; one that is called there all the same, and interrupted Holdfast,
 * answers as if nothing was known (tracker_lock() and report_is_interrupted() say so). What is young is shown to all of them.
 */
#define HOLDFAST_IMPLEMENTATION
#include "holdfast.h"
#include "call.h"
#include "dump.h"
#include "kept.h"
#include "labels.h"
#include "leaks.h"
#include "lifecycle.h"
#include "python.h"
#include "rules.h"
#include "who.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *holdfast_version(void)
{
    return HOLDFAST_VERSION;
}

/* [tracker locked by it, unless it returns 0] */
static handle_id lock_handle(const void *handle)
{
    if (!holdfast_is_active() || handle == NULL)
        return 0;
    python_settle_proxies();
    if (!tracker_lock(TRACKER))
        return 0;
    handle_id id = find_any((uintptr_t)handle);
    if (id == 0)
        tracker_unlock(TRACKER);
    return id;
}

/* ---- a handle ------------------------------------------------------------------------------------------------------------- */

static int state_of(const struct handle_record *record)
{
    switch (record->state) {
    case HANDLE_HELD:
        return HOLDFAST_HELD;
    case HANDLE_BURIED:
        return HOLDFAST_BURIED;
    default:
        return (record->flags & HANDLE_STALE) != 0 || record->cause != CAUSE_NONE ? HOLDFAST_STALE : HOLDFAST_LIVE;
    }
}

int holdfast_state(const void *handle)
{
    int error = errno, state = HOLDFAST_UNKNOWN;
    handle_id id = lock_handle(handle);
    if (id != 0) {
        state = state_of(tracker_handle(TRACKER, id));
        tracker_unlock(TRACKER);
    }
    errno = error;
    return state;
}

size_t holdfast_describe(const void *handle, char *buffer, size_t bytes)
{
    int error = errno;
    if (bytes == 0)
        return 0;
    char words[DESCRIPTION_BYTES] = ""; /* whole first: of a name that does not fit its beginning is better than nothing */
    handle_id id = lock_handle(handle);
    if (id != 0) {
        describe_handle(id, words, sizeof words);
        tracker_unlock(TRACKER);
    }
    snprintf(buffer, bytes, "%s", words);
    errno = error;
    return strlen(buffer);
}

int holdfast_label(const void *handle, const char *text)
{
    int error = errno;
    bool noted = false;
    handle_id id = lock_handle(handle);
    if (id != 0) {
        noted = labels_set(id, text);
        tracker_unlock(TRACKER);
    }
    errno = error;
    return noted;
}

/* ---- leaks ------------------------------------------------------------------------------------------------------------------ */

/* A mark is one more than the serial of the handle that became known last, so that 0 is none. Young handles have no serial before they grow up, so they have to. */
uint64_t holdfast_mark(void)
{
    int error = errno;
    if (!holdfast_is_active())
        return 1;
    young_settle_everything();
    errno = error;
    return 1 + (uint64_t)__atomic_load_n(&tracker_header(TRACKER)->last_serial, __ATOMIC_RELAXED);
}

size_t holdfast_leaks_since(uint64_t mark, holdfast_leak_callback callback, void *context)
{
    int error = errno;
    size_t count = 0;
    struct leak leak;
    if (!holdfast_is_active())
        return 0;
    young_settle_everything();
    python_settle_proxies();
    for (handle_id id = 0; (id = leaks_next(id, mark != 0 ? (uint32_t)(mark - 1) : 0, &leak)) != 0;) {
        count++;
        struct holdfast_leak told = {.handle = (const void *)leak.address, .kind = kind_table[leak.kind].words, .description = leak.description, .place = leak.place,
                                     .made = leak.serial, .python = leak.python};
        if (callback != NULL && callback(&told, context) != 0)
            break;
    }
    errno = error;
    return count;
}

size_t holdfast_report_leaks(void)
{
    if (!holdfast_is_active())
        return 0;
    young_settle_everything();
    python_settle_proxies(); /* what the program holds is no leak */
    return leaks_report(LEAKS_all);
}

/* ---- violations ---------------------------------------------------------------------------------------------------------------- */

uint64_t holdfast_error_count(void)
{
    return report_errors();
}

uint64_t holdfast_violation_count(const char *text)
{
    const struct rule *rule = text != NULL ? rule_by_text(text) : NULL;
    return text != NULL && rule == NULL ? 0 : kept_number(rule != NULL ? rule->number : 0);
}

unsigned holdfast_violation_rule(uint64_t number)
{
    return report_rule_of(number);
}

size_t holdfast_violation_text(uint64_t number, char *buffer, size_t bytes)
{
    int error = errno;
    if (bytes > 0)
        buffer[0] = '\0';
    size_t length = report_text_of(number, buffer, bytes);
    errno = error;
    return length;
}

/* ---- words for reports ------------------------------------------------------------------------------------------------------------ */

void holdfast_name_worker(const char *name)
{
    who_name_worker(name);
}

void holdfast_name_task(const char *name)
{
    who_name_task(name);
}

size_t holdfast_dump(void)
{
    int error = errno;
    size_t count = (size_t)dump_write();
    errno = error;
    return count;
}
