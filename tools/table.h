/* Two hash tables for what a fleet's logs have in common: from bytes to a number, and a set of hashes. One thread. All zero is an empty one. */
#ifndef HOLDFAST_TOOLS_TABLE_H
#define HOLDFAST_TOOLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t count);
uint64_t hash_text(uint64_t seed, const char *text); /* with its end: "ab","c" is not "a","bc" */

/* Keys are compared byte by byte, never by their hash alone: two things are one only if they are equal. */
struct byte_table {
    struct byte_entry {
        uint64_t hash;
        char *key; /* NULL: the slot is free */
        uint32_t bytes, value;
    } *slots;
    size_t room, count;
    size_t key_bytes; /* of all keys together */
};

#define TABLE_NONE UINT32_MAX
uint32_t table_find(const struct byte_table *table, const void *key, size_t bytes); /* TABLE_NONE: it is not in there */
/* Its key stays where it is until table_clear(). NULL: it is not in there. Valid until the next table_add(). */
const struct byte_entry *table_entry(const struct byte_table *table, const void *key, size_t bytes);
void table_add(struct byte_table *table, const void *key, size_t bytes, uint32_t value);
void table_clear(struct byte_table *table);

/* Of what is in here only the hash is known, so it counts, and does not decide what belongs together: of four million one pair in a million such sets is taken for one. */
struct hash_set {
    uint64_t *slots; /* 0: free */
    size_t room, count, most;
};

enum set_result { SET_KNOWN, SET_NEW, SET_FULL };
enum set_result set_add(struct hash_set *set, uint64_t hash);
bool set_has(const struct hash_set *set, uint64_t hash);
void set_clear(struct hash_set *set);

#endif
