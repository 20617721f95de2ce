/* What a process under Holdfast and `holdfast ctl` have in common: one block of the process's memory, which the command finds in the data of libholdfast.so by its magic,
 * and reads and writes through /proc/PID/mem. So nothing is kept open, no file, socket or thread is needed, and whoever may do that is whom the kernel lets read and write the
 * process's memory anyway: the same user where ptrace_scope allows it, and root.
 *
 *   the command      writes `text` and `sum`, and last `request`, a number that differs from `answered`
 *   the process      sees on a slow path that they differ, carries the request out, writes `answer` and what comes behind it, and last `answered`
 *
 * A request that does not fit its sum is not looked at: it is still being written. Neither side believes the other one anything else: texts are bounded, and numbers are
 * compared with what they must lie in.
 */
#ifndef HOLDFAST_TRACKER_CONTROL_H
#define HOLDFAST_TRACKER_CONTROL_H

#include <stddef.h>
#include <stdint.h>

/* Not a text, so that no copy of it in the command's own memory or in a log is taken for the block; the bytes are stored complemented in the command. */
#define CONTROL_MAGIC {0x9f, 'h', 'f', 'c', 0x03, 't', 'r', 'l', 0xe7, 0x15, 0xd2, 0x6b, 0x81, 0x4c, 0xf0, 0x3a}
#define CONTROL_VERSION 3u
#define CONTROL_ALIGNMENT 64u
#define CONTROL_TEXT_BYTES 2048u
#define CONTROL_ANSWER_BYTES 1024u

enum control_outcome { CONTROL_NONE, CONTROL_APPLIED, CONTROL_REFUSED };

/* Memory of Holdfast's own, in bytes. */
#define CONTROL_MEMORY(X)                                                                                            \
    X(arena_bound, "bound of the arena")                                                                             \
    X(arena, "of the arena (resident)")                                                                                   \
    X(tables, "tables of Holdfast in use (resident)")                                                                \
    X(young, "sets of young handles (resident)")                                                                     \
    X(fenced, "kept back by fences")

struct control_block {
    uint8_t magic[16];
    uint32_t version;  /* CONTROL_VERSION */
    uint32_t bytes;    /* sizeof this */
    uint32_t pid;      /* 0: no handle was made in this process yet */
    uint32_t request;  /* number of the request */
    uint32_t sum;      /* control_sum() of its text */
    uint32_t answered; /* number of the last one that was carried out */
    uint32_t outcome;  /* enum control_outcome */
    uint32_t signal;   /* that makes the process look at once, 0: none */
    uint32_t mode;     /* enum mode */
    uint32_t passing;  /* 1: Holdfast is switched off */
    uint32_t refuses;  /* 1: ctl=0 */
    uint32_t attention; /* the process's own: bits of what is to be done on the next slow path beside requests */
    uint64_t answered_ns; /* CLOCK_REALTIME */
    uint64_t arena;    /* where it is mapped, 0: there is none */
    uint64_t arena_bytes;
#define X(name, words) uint64_t memory_##name; /* as of the last look */
    CONTROL_MEMORY(X)
#undef X
    char text[CONTROL_TEXT_BYTES];
    char answer[CONTROL_ANSWER_BYTES];
    /* What the numbers of kinds and functions in the arena mean: tables whose records begin with the address of a name. Only a record has the names themselves. */
    uint64_t kinds, functions;
    uint32_t kind_count, kind_bytes, function_count, function_bytes; /* bytes: from one record to the next */
    uint64_t young_held; /* frees of young handles that are postponed, as of the last look; those in the arena are not among them */
};
_Static_assert(offsetof(struct control_block, request) == 28 && offsetof(struct control_block, text) == 128, "the block changed: raise CONTROL_VERSION");

/* FNV-1a over the text and its number. */
static inline uint32_t control_sum(uint32_t number, const char *text, size_t bytes)
{
    uint32_t sum = 2166136261u ^ number;
    for (size_t i = 0; i < bytes; i++)
        sum = (sum ^ (uint8_t)text[i]) * 16777619u;
    return sum;
}

#endif
