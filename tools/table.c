/* Open addressing with linear steps, doubled at two thirds: see table.h. */
#include "table.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t hash)
{
    hash = (hash ^ (hash >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    hash = (hash ^ (hash >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return hash ^ (hash >> 32);
}

/* Eight bytes a step: lines of logs are hashed with it. */
uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    uint64_t hash = seed ^ (count * UINT64_C(0x9e3779b97f4a7c15)), word;
    for (; count >= sizeof word; count -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
        hash ^= hash >> 29;
    }
    word = 0;
    memcpy(&word, at, count);
    return mix(hash ^ word);
}

uint64_t hash_text(uint64_t seed, const char *text)
{
    return hash_bytes(seed, text, strlen(text) + 1);
}

/* ---- from bytes to a number ------------------------------------------------------------------------------------------------ */

static size_t find_slot(const struct byte_table *table, uint64_t hash, const void *key, size_t bytes)
{
    size_t slot = hash & (table->room - 1);
    while (table->slots[slot].key != NULL) {
        const struct byte_entry *entry = &table->slots[slot];
        if (entry->hash == hash && entry->bytes == bytes && memcmp(entry->key, key, bytes) == 0)
            break;
        slot = (slot + 1) & (table->room - 1);
    }
    return slot;
}

const struct byte_entry *table_entry(const struct byte_table *table, const void *key, size_t bytes)
{
    if (table->room == 0)
        return NULL;
    const struct byte_entry *entry = &table->slots[find_slot(table, hash_bytes(0, key, bytes), key, bytes)];
    return entry->key != NULL ? entry : NULL;
}

uint32_t table_find(const struct byte_table *table, const void *key, size_t bytes)
{
    const struct byte_entry *entry = table_entry(table, key, bytes);
    return entry != NULL ? entry->value : TABLE_NONE;
}

static void grow(struct byte_table *table)
{
    struct byte_table larger = {.room = table->room != 0 ? table->room * 2 : 256, .count = table->count, .key_bytes = table->key_bytes};
    larger.slots = allocate(larger.room * sizeof *larger.slots);
    for (size_t slot = 0; slot < table->room; slot++) {
        const struct byte_entry *entry = &table->slots[slot];
        if (entry->key != NULL)
            larger.slots[find_slot(&larger, entry->hash, entry->key, entry->bytes)] = *entry;
    }
    free(table->slots);
    *table = larger;
}

void table_add(struct byte_table *table, const void *key, size_t bytes, uint32_t value)
{
    if (3 * (table->count + 1) > 2 * table->room)
        grow(table);
    uint64_t hash = hash_bytes(0, key, bytes);
    struct byte_entry *entry = &table->slots[find_slot(table, hash, key, bytes)];
    if (entry->key == NULL) {
        *entry = (struct byte_entry){.hash = hash, .key = duplicate_bytes(key, bytes), .bytes = (uint32_t)bytes};
        table->count++;
        table->key_bytes += bytes;
    }
    entry->value = value;
}

void table_clear(struct byte_table *table)
{
    for (size_t slot = 0; slot < table->room; slot++)
        free(table->slots[slot].key);
    free(table->slots);
    *table = (struct byte_table){0};
}

/* ---- a set ------------------------------------------------------------------------------------------------------------------ */

static size_t find_place(const uint64_t *slots, size_t room, uint64_t hash)
{
    size_t slot = hash & (room - 1);
    while (slots[slot] != 0 && slots[slot] != hash)
        slot = (slot + 1) & (room - 1);
    return slot;
}

bool set_has(const struct hash_set *set, uint64_t hash)
{
    hash += hash == 0;
    return set->room != 0 && set->slots[find_place(set->slots, set->room, hash)] == hash;
}

enum set_result set_add(struct hash_set *set, uint64_t hash)
{
    hash += hash == 0;
    if (set_has(set, hash))
        return SET_KNOWN;
    if (set->most != 0 && set->count >= set->most)
        return SET_FULL;
    if (3 * (set->count + 1) > 2 * set->room) {
        size_t room = set->room != 0 ? set->room * 2 : 1024;
        uint64_t *slots = allocate(room * sizeof *slots);
        for (size_t slot = 0; slot < set->room; slot++)
            if (set->slots[slot] != 0)
                slots[find_place(slots, room, set->slots[slot])] = set->slots[slot];
        free(set->slots);
        set->slots = slots;
        set->room = room;
    }
    set->slots[find_place(set->slots, set->room, hash)] = hash;
    set->count++;
    return SET_NEW;
}

void set_clear(struct hash_set *set)
{
    free(set->slots);
    *set = (struct hash_set){0};
}
