/* The arena's layout: what writer, reader and every later tool share. Nothing else belongs here.
 *
 * Glossary
 *   arena    one mapped file (or anonymous memory) in which all tracker state lives
 *   section  an array of fixed-size records inside the arena, named by enum arena_section
 *   id       index of a record in its section; 0 is "none" in every section, record 0 is never used
 *
 * Everything is valid when zero. All numbers are little-endian, as the processors that Holdfast runs on.
 * A change of any record or section needs a new ARENA_VERSION; the static asserts below stop a silent drift.
 */
#ifndef HOLDFAST_TRACKER_LAYOUT_H
#define HOLDFAST_TRACKER_LAYOUT_H

#include <stdint.h>

#define ARENA_MAGIC "HOLDFAST"
#define ARENA_VERSION 7u
#define ARENA_HEADER_BYTES 4096u

enum arena_section {
    SECTION_HANDLES,
    SECTION_HANDLE_BUCKETS, /* uint32_t: handle id, by hash of address */
    SECTION_HOLDS, /* of held handles, what only those need */
    SECTION_EDGES,
    SECTION_STACKS,
    SECTION_STACK_BUCKETS, /* uint32_t: stack id */
    SECTION_WORDS,         /* uint64_t: the frames of stacks */
    SECTION_PYTHON_FRAMES,
    SECTION_PYTHON_BUCKETS, /* uint32_t: python frame id */
    SECTION_STRINGS,        /* bytes: NUL-terminated, id = byte offset */
    SECTION_STRING_BUCKETS, /* uint32_t: index entry id */
    SECTION_STRING_INDEX,
    SECTION_MODULES,
    SECTION_EVENTS, /* a ring */
    SECTION_FENCES, /* a ring */
    SECTION_THREADS, /* one for each thread that called the libraries */
    SECTION_SAMPLES, /* how many handles lived, from time to time, oldest first */
    SECTION_OWN,    /* units of ARENA_OWN_UNIT bytes, from unit 0 on: what the caller of the tracker keeps there, see struct arena_own */
    SECTION_COUNT
};

/* Sections that fill up, in the words of reports; NULL for buckets and rings, which are as large as they are. */
static const char *const arena_section_words[SECTION_COUNT] __attribute__((unused)) = {
    [SECTION_HANDLES] = "handles", [SECTION_HOLDS] = "postponed frees", [SECTION_EDGES] = "relations", [SECTION_STACKS] = "stacks", [SECTION_WORDS] = "words of stacks",
    [SECTION_PYTHON_FRAMES] = "Python frames", [SECTION_STRINGS] = "bytes of strings", [SECTION_STRING_INDEX] = "strings", [SECTION_MODULES] = "modules",
};

struct arena_section_header {
    uint64_t offset;       /* bytes from the start of the arena */
    uint32_t record_bytes; /* size of one record */
    uint32_t capacity;     /* records that fit, record 0 included */
    uint32_t used;         /* high-water mark: records 1 .. used-1 were handed out at least once */
    uint32_t reserved;
};

/* Handles belong to shards, each with a lock of its own; a relation only joins what is in the same shard (so all that can be reached from a handle is
 * locked with it). Each shard has the records that were given back by whoever works in it. A line of the caches for each, since different threads write them. */
#define ARENA_SHARDS 16u
struct arena_shard {
    uint64_t changes; /* raised when its lock is taken, and again when it is given back: odd in the midst of a change */
    uint32_t free_handles, free_holds, free_edges; /* first records of the lists, 0 when empty */
    uint32_t reserved[11];
};
_Static_assert(sizeof(struct arena_shard) == 64, "arena layout changed: raise ARENA_VERSION");

enum arena_state {
    ARENA_BUILDING = 0,
    ARENA_LIVE = 1, /* its process lives, or was killed */
    ARENA_CLOSED = 2,
    ARENA_REPLACED = 3, /* its process called exec: another program goes on */
    ARENA_STATE_COUNT
};

/* What a recorded process keeps in SECTION_OWN, so that it survives it: the names of kinds and functions (the numbers in records mean something
 * to one build only), what may be born young, and the young handles of each thread. Where things lie in a set and an entry is told
 * here, as the writer's compiler laid them out: a reader needs no more than these fields. All zero: nothing of it is there. */
#define ARENA_OWN_UNIT 64u
struct arena_own {
    uint64_t births_address;            /* in the process: entries point to what their birth was */
    uint32_t names_offset, names_bytes; /* from the start of the section: NUL-terminated, first the kinds, then the functions */
    uint32_t kinds, functions;
    uint32_t births_offset, births;     /* struct arena_birth */
    uint32_t birth_bytes;               /* from one birth to the next in the process */
    uint32_t sets_offset, set_bytes;    /* sets lie behind each other */
    uint32_t sets;                      /* that are in use */
    uint16_t at_thread;                 /* in a set: int32_t, 0: nobody's */
    uint16_t at_busy;                   /* bool: in the midst of a change */
    uint16_t at_unused;                 /* uint16_t: entries 1 .. unused-1 were used */
    uint16_t entry_bytes;
    uint32_t entries, at_entries;       /* how many in a set, and where they begin */
    uint16_t at_address, at_birth, at_stack, at_loan_stack, at_serial, at_above, at_state, at_number, at_holders, at_provider;
    uint8_t state_live, state_held;     /* values of an entry's state */
    uint16_t at_counts, at_published;   /* in a set: uint64_t, what it counted, and how much of that the header's counters have */
    uint16_t counts;                    /* how many of each */
    uint8_t counter[8];                 /* which of enum arena_counter */
    uint16_t at_flags;                  /* in an entry: uint8_t */
    uint16_t at_parents, parents;       /* in an entry, if its flags have a bit of flag_parents: so many addresses of what it needs or lives in, 0: none */
    uint8_t flag_parents;
    uint8_t reserved;
};

struct arena_birth {
    uint16_t function;
    uint8_t kind;
    uint8_t flags; /* ARENA_BIRTH_*, and the edges to two parents */
};
#define ARENA_BIRTH_BORROWED 1u
#define ARENA_BIRTH_NUMBERED 2u
#define ARENA_BIRTH_EDGE_SHIFT(parent) (2u + 3u * (parent)) /* enum edge_type, three bits */

/* Counters of the whole arena. Names are what reports print. */
#define ARENA_COUNTERS(X)                                                                                            \
    X(births, "handles born")                                                                                        \
    X(loans, "borrowed handles lent for the first time")                                                             \
    X(deaths, "handles freed")                                                                                       \
    X(implicit_deaths, "handles whose address was born again unseen")                                                \
    X(violations, "violations")                                                                                      \
    X(repeats, "violations already logged, counted only")                                                            \
    X(refusals, "calls refused")                                                                                     \
    X(held, "frees postponed")                                                                                       \
    X(released, "postponed frees carried out")                                                                       \
    X(fenced, "blocks fenced")                                                                                       \
    X(fence_evictions, "fences lifted because of their bound")                                                       \
    X(proxies, "Python proxies seen")                                                                                \
    X(calls, "calls looked at")                                                                                      \
    X(visits, "visits off the fast path")                                                                            \
    X(inside_ns, "nanoseconds in those, estimated from a sample of them")                                            \
    X(stacks_fast, "stacks taken by comparing")                                                                      \
    X(stacks_slow, "stacks taken by unwinding")                                                                      \
    X(locks, "times all handles were locked")                                                                        \
    X(shard_locks, "times some of the handles were locked")                                                          \
    X(lock_waits, "of both, times it had to be waited for")                                                          \
    X(depot_locks, "times the lock of stacks and strings was taken")                                                 \
    X(depot_waits, "of those, times it had to be waited for")                                                        \
    X(unjudged, "uses let through unjudged: a signal handler interrupted Holdfast")                                  \
    X(left_out, "reports not written: log_rate, or a signal handler interrupted another report")                     \
    X(dropped_handles, "handles not recorded: arena full")                                                           \
    X(dropped_holds, "frees not postponed: arena full")                                                              \
    X(dropped_edges, "relations not recorded: arena full")                                                           \
    X(dropped_stacks, "stacks not recorded: arena full")                                                             \
    X(dropped_strings, "strings not recorded: arena full")                                                           \
    X(dropped_reports, "reports that could not be written")

enum arena_counter {
#define X(name, words) COUNTER_##name,
    ARENA_COUNTERS(X)
#undef X
    COUNTER_COUNT
};

/* One loaded copy of a library. */
#define ARENA_COPIES 32u
struct arena_copy {
    char library[8];  /* "gdal", "geos", "proj", "": there is none with this number */
    uint32_t version; /* major * 10000 + minor * 100 + patch, 0: nobody asked for it */
    uint32_t module;  /* id */
};

struct arena_header {
    char magic[8];          /* ARENA_MAGIC, not terminated */
    uint32_t version;       /* ARENA_VERSION of the writer */
    uint32_t header_bytes;  /* ARENA_HEADER_BYTES */
    uint64_t total_bytes;   /* of the whole arena; a shorter file is truncated */
    uint64_t layout_sum;    /* FNV-1a over the constant part of `sections`: a torn header does not match */
    uint32_t state;         /* enum arena_state */
    uint32_t pid;           /* of the process that writes */
    uint64_t started_ns;    /* CLOCK_REALTIME when the arena was made */
    uint64_t event_count;   /* events ever written; the ring holds the last ones */
    uint64_t fence_head;    /* fences ever pushed */
    uint64_t fence_tail;    /* fences ever lifted */
    uint64_t fence_bytes;   /* bytes kept back now */
    uint32_t hold_head;     /* handle id: the oldest postponed free */
    uint32_t hold_tail;     /* handle id: the youngest */
    uint32_t hold_count;    /* postponed frees now */
    uint32_t forks;         /* that this process has behind it: the generation of the handles that are born now */
    uint64_t depot_changes; /* as the changes of a shard, of strings, stacks, modules and events */
    uint64_t ended_ns;      /* CLOCK_REALTIME of the end, for states behind ARENA_LIVE; 0: not known */
    uint64_t process_start; /* of the process: ticks since the machine's start, as in /proc/PID/stat; 0: not known */
    uint64_t boot;          /* hash of the machine's boot id, 0: not known */
    uint64_t pid_namespace; /* what `pid` counts in: inode of /proc/PID/ns/pid, 0: not known */
    uint32_t keep;          /* 1: kept also when there was nothing to find */
    uint32_t last_serial;   /* of the handle that became known last, from 1 on: younger ones have higher numbers */
    struct arena_section_header sections[SECTION_COUNT];
    struct arena_own own;
    struct arena_copy copies[ARENA_COPIES]; /* by the number that handles have as `provider` */
    uint64_t counters[COUNTER_COUNT];
    char program[256]; /* name of the program, for people */
    char host[64];     /* of the machine or container, "": not known */
    char worker[256];  /* what the process is in a fleet, "": nobody said so */
    struct arena_shard shards[ARENA_SHARDS] __attribute__((aligned(64)));
};

_Static_assert(sizeof(struct arena_section_header) == 24, "arena layout changed: raise ARENA_VERSION");
_Static_assert(sizeof(struct arena_header) <= ARENA_HEADER_BYTES, "the header must fit its page");

enum handle_state {
    HANDLE_FREE_RECORD = 0,
    HANDLE_LIVE = 1,
    HANDLE_HELD = 2,   /* its free was asked for and is postponed */
    HANDLE_BURIED = 3, /* freed for real */
};

/* Why a handle is no longer the caller's to use: decides the rule of a late use. */
enum handle_cause {
    CAUSE_NONE = 0,
    CAUSE_FREED = 1,        /* by its own free */
    CAUSE_PARENT = 2,       /* died with what it lived in */
    CAUSE_INVALIDATED = 3,  /* replaced by a call that is no free */
    CAUSE_TAKEN = 4,        /* given away, and destroyed by the taker */
    CAUSE_TEARDOWN = 5,     /* its library's world was ended */
    CAUSE_MEMBER = 6,       /* of a live handle: a member that it had taken was freed by somebody else */
    CAUSE_ALTERED = 7,      /* of a live handle: the definition that it is laid out after was changed */
    CAUSE_REPLACED = 8,     /* of a live handle: what it pointed to was replaced in place */
    CAUSE_COUNT
};

enum handle_flag {
    HANDLE_BORROWED = 1u << 0,  /* lives inside a parent; else owned by the caller */
    HANDLE_TAKEN = 1u << 1,     /* was owned, then given to its parent */
    HANDLE_UPDATE = 1u << 2,    /* open for writing: never held */
    HANDLE_SHARED = 1u << 3,    /* handed out by a shared open: `closes` drops one reference */
    HANDLE_COUNTED = 1u << 4,   /* reference-counted: evidence decides whether it died */
    HANDLE_TRACELESS = 1u << 5, /* lent at least once to a caller that leaves no trace of what it keeps */
    HANDLE_EXACT = 1u << 6,     /* its holders are known exactly (Python proxies) */
    HANDLE_STALE = 1u << 7,     /* live, but below a held or refused free: its use is a violation */
    HANDLE_REPORTED = 1u << 8,  /* the postponed free was reported already */
    HANDLE_REFUSED = 1u << 9,   /* its free was refused (mode reject); it stays usable */
    HANDLE_FENCED = 1u << 10,   /* buried, and its memory is kept back */
    HANDLE_GLOBAL = 1u << 11,   /* belongs to the library: lives as long as it */
    HANDLE_GRACE = 1u << 12,    /* held without a violation, for a caller that leaves no trace */
    HANDLE_NUMBER = 1u << 13,   /* `label` is a number, not a string id */
    HANDLE_HARMLESS = 1u << 14, /* may be held: nothing others can see changes */
    HANDLE_CLAIMED = 1u << 15,  /* taken as a member of an array: freeing it all the same is no mistake until its taker is touched again */
    HANDLE_THREADSAFE = 1u << 16, /* several threads at once may use it */
    HANDLE_TOLD = 1u << 17,     /* named in a report of leaks already */
    HANDLE_LET_GO = 1u << 18,   /* its free was asked for in a wrong way and refused: for the program it is gone */
    HANDLE_NAMELESS = 1u << 19, /* made with an empty name: it is on no disk (a MEM dataset) */
    HANDLE_RELEASED = 1u << 20, /* the caller gave his reference up, others hold it still */
    HANDLE_LABELLED = 1u << 21, /* the program said whose it is: see shim/labels.h */
};

struct handle_record {
    uint64_t address;
    uint32_t next;         /* in its bucket; in the free list for a free record */
    uint32_t serial;       /* another one, and higher, each time a record is given to a handle */
    uint8_t kind;          /* index into the kinds of the build */
    uint8_t shard;         /* that it belongs to; changed with the locks of both held */
    uint8_t state;         /* enum handle_state */
    uint8_t cause;         /* enum handle_cause */
    uint8_t provider;      /* which loaded copy of the library */
    uint8_t parents;       /* edges to parents, saturating */
    uint16_t generation;   /* forks that this process had behind it when the handle was born, saturating */
    uint32_t flags;        /* enum handle_flag */
    uint32_t birth;        /* number of its birth, 0: has none. What the writer kept of it outside the arena knows it by that */
    uint32_t first_child;  /* edge id */
    uint32_t first_parent; /* edge id */
    uint16_t holders;      /* Python proxies alive; saturated it stays: nobody knows any more how many it stands for, so some may be alive */
    uint16_t references;   /* references taken by the caller beyond the first; saturated it stays */
    uint32_t label;        /* string id, or a number with HANDLE_NUMBER */
    uint32_t birth_stack;  /* stack id of its creation or first loan */
    uint32_t loan_stack;   /* of the youngest proxy, 0: as birth */
    uint32_t death_stack;  /* of the free that was asked for, or that killed it */
    uint16_t birth_function; /* contract index */
    uint16_t death_function;
    uint32_t killer;       /* handle id of what died (or was changed) and took it along, 0: itself */
    uint32_t killer_serial;
    uint32_t birth_thread;
    union {
        uint32_t descriptor; /* live: one more than the lowest free file descriptor when it was born, 0 when nobody looked: see shim/hold.c */
        uint32_t hold;       /* held: id of its hold record */
        uint32_t burier;     /* buried, and not fenced yet: the thread on which its real free is under way, 0 when none is */
        uint32_t fence_next; /* fenced: the next handle covered by the same fence */
    };
};
_Static_assert(sizeof(struct handle_record) == 80, "arena layout changed: raise ARENA_VERSION");

/* Of a free that waits. Few handles are ever held, so what they need stands beside them. */
struct hold_record {
    uint64_t held_at_ms;     /* CLOCK_MONOTONIC milliseconds */
    uint64_t arguments[2];   /* of the postponed free: see shim/hold.c */
    uint32_t previous, next; /* queue of postponed frees: handle ids; in the free list `next` is a hold record's */
    uint32_t pins;           /* calls that use what hangs on this handle right now: it is not released under them */
    uint32_t handle;         /* whose, 0: a free record */
    uint32_t serial;         /* of the handle */
    uint32_t grace;          /* as HANDLE_GRACE */
};
_Static_assert(sizeof(struct hold_record) == 48, "arena layout changed: raise ARENA_VERSION");

enum edge_type {
    EDGE_NONE = 0,
    EDGE_BORROWED = 1,  /* child lives inside parent */
    EDGE_DEPENDANT = 2, /* child is owned but needs parent */
    EDGE_ADVICE = 3,    /* as dependant, but outliving works in practice */
    EDGE_NEEDED = 4,    /* child is owned and needs parent for every use but its own free (a prepared geometry) */
};

struct edge_record {
    uint32_t parent, child;                  /* handle ids */
    uint32_t next_of_parent, previous_of_parent; /* among the children of the parent; `previous` of the first is the last. Those that are `dead` lie behind the others */
    uint32_t next_of_child;                  /* among the parents of the child; free list for a free record */
    uint16_t type;                           /* enum edge_type */
    uint16_t dead;                           /* 1: the child is buried, and so is all below it by any sort of edge */
};
_Static_assert(sizeof(struct edge_record) == 24, "arena layout changed: raise ARENA_VERSION");

/* A stack: `python_count` Python frame ids, then `native_count` native frames, both innermost first, in SECTION_WORDS.
 * Native frame word:  | module id : 16 | offset in the module's file image : 48 |
 * The offset is that of the return address minus one, so that it lies inside the calling instruction. */
struct stack_record {
    uint64_t hash;
    uint32_t next; /* in its bucket */
    uint32_t first_word;
    uint16_t native_count, python_count;
    uint32_t flags; /* STACK_TRUNCATED_* */
};
_Static_assert(sizeof(struct stack_record) == 24, "arena layout changed: raise ARENA_VERSION");
#define STACK_TRUNCATED_NATIVE 1u
#define STACK_TRUNCATED_PYTHON 2u
#define STACK_MODULE_SHIFT 48
#define STACK_OFFSET_MASK ((UINT64_C(1) << STACK_MODULE_SHIFT) - 1)

struct python_frame_record {
    uint32_t file, function; /* string ids; function is the qualified name */
    uint32_t line;
    uint32_t next; /* in its bucket */
};
_Static_assert(sizeof(struct python_frame_record) == 16, "arena layout changed: raise ARENA_VERSION");

struct string_index_record {
    uint32_t string; /* byte offset */
    uint32_t hash;
    uint32_t next;
    uint32_t length; /* without the NUL */
};
_Static_assert(sizeof(struct string_index_record) == 16, "arena layout changed: raise ARENA_VERSION");

struct module_record {
    uint64_t base; /* load address: run-time address minus file-image offset */
    uint64_t end;  /* run-time end of its last loaded segment */
    uint32_t path; /* string id */
    uint32_t build_id_bytes;
    uint8_t build_id[24];
};
_Static_assert(sizeof(struct module_record) == 48, "arena layout changed: raise ARENA_VERSION");

/* Kinds of events. Names are what reports print. */
#define EVENT_TYPES(X)                                                                                               \
    X(none, "none")                                                                                                  \
    X(provider, "copy of a library found")                                                                           \
    X(violation, "violation")                                                                                        \
    X(held, "free postponed")                                                                                        \
    X(released, "postponed free carried out")                                                                        \
    X(refused, "call refused")                                                                                       \
    X(settled, "held handles really freed for another call")                                                         \
    X(bound, "a bound was reached")                                                                                  \
    X(crash, "crash")                                                                                              \
    X(fork, "forked")                                                                                                \
    X(exit, "process ended")

enum event_type {
#define X(name, words) EVENT_##name,
    EVENT_TYPES(X)
#undef X
    EVENT_TYPE_COUNT
};

struct event_record {
    uint64_t time_ns; /* CLOCK_REALTIME */
    uint64_t address; /* of the handle, or 0 */
    uint32_t type;    /* enum event_type */
    uint32_t thread;
    uint32_t stack; /* stack id */
    uint32_t label; /* string id: what the handle was */
    uint16_t rule;  /* number of the rule (101 ...), or 0 */
    uint16_t function;
    uint16_t kind;
    uint16_t action; /* enum report_action of tracker/rules.h */
    uint32_t birth_stack, death_stack;
    uint32_t detail; /* string id: free text */
    uint32_t function_name; /* string id: arenas outlive the build whose index `function` is */
    uint32_t task;          /* string id: what the thread was at, as it said itself */
    uint32_t reserved;
};
_Static_assert(sizeof(struct event_record) == 64, "arena layout changed: raise ARENA_VERSION");

struct fence_record {
    uint64_t block;
    uint64_t bytes;
    uint32_t first_handle; /* chain by fence_next */
    uint32_t reserved;
};
_Static_assert(sizeof(struct fence_record) == 24, "arena layout changed: raise ARENA_VERSION");

/* What a thread does: written by its owner alone, with plain stores, so that it is there also after a SIGKILL. The first line of the caches is all that a
 * call touches; shim/counters.h says what the numbers of the first half mean, and has them under another name. */
struct thread_record {
    int64_t budget; /* INT64_MAX less the calls that went by quickly; below 1: the record was never used */
    uint64_t visits, timed_visits, timed_ticks;
    uint32_t thread;      /* kernel's number of the owner */
    uint32_t owner;       /* the same, 0: the record is free. A record is handed on when its owner is gone */
    uint32_t until_timed;
    uint32_t function;    /* contract index of the call that it made last, plus one; 0: none yet */
    uint64_t handle;      /* the first handle of that call: | provider : 8 | address : 48 | kind : 8 |, 0: it takes none */
    uint32_t reserved[2];
    char name[16];        /* of the thread, terminated */
    uint32_t more_reserved[12];
};
_Static_assert(sizeof(struct thread_record) == 128, "arena layout changed: raise ARENA_VERSION");
#define THREAD_RECORDS 256u /* at most; record 0 is none, as everywhere */

/* How many handles lived at a moment. When the section is full every second one goes, and from then on they are taken half as often: so they cover all of the process's life. */
#define SAMPLE_TOP 6u
struct sample_record {
    uint64_t time_ns; /* CLOCK_REALTIME */
    uint64_t alive;   /* born and lent less those that died */
    struct sample_kind {
        uint32_t kind, count;
    } kinds[SAMPLE_TOP]; /* most first; count 0: no more */
    struct sample_site {
        uint32_t stack, count;
        uint32_t kind;
    } sites[SAMPLE_TOP]; /* the same by where they were born: of the living only those that are the caller's to free */
};
_Static_assert(sizeof(struct sample_record) == 136, "arena layout changed: raise ARENA_VERSION");
#define SAMPLE_RECORDS 256u /* at most */

#endif
