/* See census.h. Allocates; one thread. */
#include "census.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

static int by_origin(const void *left, const void *right)
{
    const struct census_site *a = left, *b = right;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->function != b->function)
        return a->function < b->function ? -1 : 1;
    if (a->stack != b->stack)
        return a->stack < b->stack ? -1 : 1;
    return (a->label == 0) - (b->label == 0);
}

static int by_number(const void *left, const void *right)
{
    const struct census_site *a = left, *b = right;
    uint64_t first = a->live + a->held, second = b->live + b->held;
    return first != second ? (first > second ? -1 : 1) : by_origin(left, right);
}

static int kinds_by_number(const void *left, const void *right)
{
    const struct census_kind *a = left, *b = right;
    uint64_t first = a->live + a->held, second = b->live + b->held;
    if (first != second)
        return first > second ? -1 : 1;
    return a->dead != b->dead ? (a->dead > b->dead ? -1 : 1) : (a->kind > b->kind) - (a->kind < b->kind);
}

static void count(struct census *census, size_t *room, struct census_site site, enum handle_state state, unsigned copy)
{
    struct census_kind *kind = &census->kinds[site.kind < CENSUS_KINDS - 1 ? site.kind : CENSUS_KINDS - 1];
    kind->live += site.live = state == HANDLE_LIVE;
    kind->held += site.held = state == HANDLE_HELD;
    kind->dead += state == HANDLE_BURIED;
    census->live += site.live;
    census->held += site.held;
    census->dead += state == HANDLE_BURIED;
    if (state == HANDLE_BURIED)
        return;
    if (copy < ARENA_COPIES)
        census->copies[copy]++;
    if (census->site_count == *room) {
        *room = *room != 0 ? 2 * *room : 256;
        census->sites = reallocate(census->sites, *room * sizeof *census->sites);
    }
    census->sites[census->site_count++] = site;
}

/* Handles of one origin become one. */
static void gather(struct census *census)
{
    size_t kept = 0;
    if (census->site_count > 1)
        qsort(census->sites, census->site_count, sizeof *census->sites, by_origin);
    for (size_t index = 0; index < census->site_count; index++) {
        struct census_site *site = &census->sites[index], *last = kept != 0 ? &census->sites[kept - 1] : NULL;
        if (last != NULL && last->kind == site->kind && last->function == site->function && last->stack == site->stack) {
            last->live += site->live;
            last->held += site->held;
        } else {
            census->sites[kept++] = *site;
        }
    }
    census->site_count = kept;
    if (kept > 1)
        qsort(census->sites, kept, sizeof *census->sites, by_number);
}

void census_take(struct census *census, const struct reader *reader)
{
    size_t room = 0;
    struct reader_young young;
    *census = (struct census){0};
    for (unsigned kind = 0; kind < CENSUS_KINDS; kind++)
        census->kinds[kind].kind = kind;
    for (uint32_t id = 0; (id = reader_next_handle(reader, id)) != 0;) {
        const struct handle_record *handle = reader_handle(reader, id);
        count(census, &room, (struct census_site){.stack = handle->birth_stack, .kind = handle->kind, .function = handle->birth_function, .borrowed = (handle->flags & HANDLE_BORROWED) != 0,
                                                  .label = (handle->flags & HANDLE_NUMBER) != 0 ? 0 : handle->label}, (enum handle_state)handle->state, handle->provider);
    }
    for (uint32_t set = 0, index = 0; reader_next_young(reader, &set, &index, &young);)
        count(census, &room, (struct census_site){.stack = young.birth_stack, .kind = young.kind, .function = young.function, .borrowed = young.borrowed}, young.held ? HANDLE_HELD : HANDLE_LIVE, young.provider);
    gather(census);
    qsort(census->kinds, CENSUS_KINDS, sizeof census->kinds[0], kinds_by_number);
    while (census->kind_count < CENSUS_KINDS && census->kinds[census->kind_count].live + census->kinds[census->kind_count].held + census->kinds[census->kind_count].dead != 0)
        census->kind_count++;
}

void census_clear(struct census *census)
{
    free(census->sites);
    *census = (struct census){0};
}

void census_counters(const struct reader *reader, uint64_t counters[COUNTER_COUNT])
{
    uint64_t calls = 0, visits = 0;
    memcpy(counters, reader->header.counters, sizeof reader->header.counters);
    for (uint32_t id = 1; id < reader->sections[SECTION_THREADS].used; id++) {
        const struct thread_record *thread = reader_record(reader, SECTION_THREADS, id);
        if (thread->budget <= 0)
            continue;
        calls += (uint64_t)(INT64_MAX - thread->budget);
        visits += thread->visits;
    }
    if (calls > counters[COUNTER_calls])
        counters[COUNTER_calls] = calls;
    if (visits <= counters[COUNTER_visits])
        return;
    if (counters[COUNTER_visits] != 0) /* the later ones are taken to have cost what the others did */
        counters[COUNTER_inside_ns] = (uint64_t)((double)counters[COUNTER_inside_ns] * (double)visits / (double)counters[COUNTER_visits]);
    counters[COUNTER_visits] = visits;
}

bool census_crashed(const struct reader *reader)
{
    struct event_record event;
    for (uint64_t number = reader->event_end; number > reader->event_begin; number--)
        if (reader_event(reader, number - 1, &event) && event.type == EVENT_crash)
            return true;
    return false;
}
