/* Labels: see labels.h.
 *
 * Few handles have one, so they lie in a table beside the handles' records. A slot is known by the record's serial as well, so one whose handle was forgotten is nobody's and is taken
 * by the next that needs it: nothing has to be told of an end. HANDLE_LABELLED saves all other handles the look.
 */
#include "labels.h"
#include "context.h"
#include <string.h>

#define TRACKER (&holdfast_tracker)
#define SLOTS 4096u
#define PROBES 64u

static struct {
    handle_id handle; /* 0: free */
    uint32_t serial;
    string_id text;
} labels[SLOTS];

static bool is_there(unsigned slot)
{
    const struct handle_record *record = tracker_handle(TRACKER, labels[slot].handle);
    return record != NULL && record->serial == labels[slot].serial && record->state != HANDLE_FREE_RECORD;
}

/* The handle's slot, else the first that it may have; SLOTS: none. */
static unsigned find_slot(handle_id id)
{
    unsigned room = SLOTS;
    for (unsigned probe = 0; probe < PROBES; probe++) {
        unsigned slot = (id * UINT32_C(2654435769) + probe) % SLOTS;
        if (labels[slot].handle == id)
            return slot;
        if (room == SLOTS && !is_there(slot))
            room = slot;
    }
    return room;
}

bool labels_set(handle_id id, const char *text)
{
    struct handle_record *record = tracker_handle(TRACKER, id);
    unsigned slot = find_slot(id);
    char line[LABEL_BYTES];
    size_t bytes = 0;
    if (record == NULL || (record->state != HANDLE_LIVE && record->state != HANDLE_HELD) || slot == SLOTS)
        return false;
    for (; text != NULL && text[bytes] != '\0' && bytes + 1 < sizeof line; bytes++)
        line[bytes] = (unsigned char)text[bytes] < 0x20 || text[bytes] == 0x7f ? '?' : text[bytes]; /* one line of a log must stay one */
    string_id id_of_text = bytes != 0 ? tracker_string(TRACKER, line, bytes) : 0;
    labels[slot].handle = id_of_text != 0 ? id : 0;
    labels[slot].serial = record->serial;
    labels[slot].text = id_of_text;
    record->flags = id_of_text != 0 ? record->flags | HANDLE_LABELLED : record->flags & (uint32_t)~HANDLE_LABELLED;
    return bytes == 0 || id_of_text != 0;
}

const char *labels_of(handle_id id)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL || (record->flags & HANDLE_LABELLED) == 0)
        return "";
    unsigned slot = find_slot(id);
    return slot != SLOTS && labels[slot].handle == id && labels[slot].serial == record->serial ? tracker_text(TRACKER, labels[slot].text) : "";
}

/* Ids of before the fork mean something else now. */
void labels_after_fork_child(void)
{
    if (TRACKER->fork_lost)
        memset(labels, 0, sizeof labels);
}
