/* holdfast.h: what a C or C++ program may ask of the Holdfast that watches it, and tell it.
 *
 * A program that includes this needs nothing of Holdfast to be compiled, linked or run: the functions are looked for when it is loaded, as weak symbols, and where
 * Holdfast is not preloaded each does nothing and returns what stands as "absent" beside it. So the calls may stay in what is shipped. From other languages:
 * dlsym(RTLD_DEFAULT, "holdfast_state"); there they are missing without Holdfast.
 *
 * Threads: any function may be called from any thread, at any time, also before the first handle is made and after the last one is gone.
 * Signals: none may be called from a signal handler. In a handler that interrupted Holdfast they answer as if nothing was known.
 * Errors: none sets errno, none fails but by its answer. Text is UTF-8 as far as the program's own names are; what is copied into a buffer is always terminated.
 * Versions: everything here is there since 0.1 except where a line says otherwise. A function never changes what it takes; one that must gets another name.
 *
 * gcc or clang, Linux, x86-64 or aarch64; elsewhere everything is absent. Fully static programs (-static) cannot be preloaded, so there it is, too.
 */
#ifndef HOLDFAST_H
#define HOLDFAST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- how the functions are found. Nothing here is for the reader who only wants to call them. ---------------------------------------
 * The address is read from the global offset table by an instruction of our own: a plain weak reference is resolved to null for good by the linker where the
 * program is not position-independent. NAME_1 is the same function as NAME: a name of its own, because NAME is an inline function here. */
#ifdef HOLDFAST_IMPLEMENTATION
#define HOLDFAST_FUNCTION(type, name, parameters, arguments, absent)                                                 \
    __attribute__((visibility("default"))) type name parameters;                                                     \
    __attribute__((visibility("default"), alias(#name))) type name##_1 parameters;
#define HOLDFAST_PROCEDURE(name, parameters, arguments) HOLDFAST_FUNCTION(void, name, parameters, arguments, (void)0)
#else
#if defined(__x86_64__) && defined(__LP64__)
#define HOLDFAST_FIND(name, found) __asm__(".weak " name "_1\n\tmovq " name "_1@GOTPCREL(%%rip), %0" : "=r"(found))
#elif defined(__aarch64__)
#define HOLDFAST_FIND(name, found) __asm__(".weak " name "_1\n\tadrp %0, :got:" name "_1\n\tldr %0, [%0, :got_lo12:" name "_1]" : "=r"(found))
#else
#define HOLDFAST_FIND(name, found) ((found) = 0)
#endif
#define HOLDFAST_FUNCTION(type, name, parameters, arguments, absent)                                                 \
    static inline type name parameters                                                                               \
    {                                                                                                                \
        uintptr_t found;                                                                                             \
        HOLDFAST_FIND(#name, found);                                                                                 \
        return found != 0 ? ((type(*) parameters)found)arguments : (absent);                                         \
    }
#define HOLDFAST_PROCEDURE(name, parameters, arguments)                                                              \
    static inline void name parameters                                                                               \
    {                                                                                                                \
        uintptr_t found;                                                                                             \
        HOLDFAST_FIND(#name, found);                                                                                 \
        if (found != 0)                                                                                              \
            ((void(*) parameters)found)arguments;                                                                    \
    }
#endif

/* ---- is it there? ---------------------------------------------------------------------------------------------------------------------- */

/* The version of Holdfast, "1.2.3"; a constant. Absent: NULL. */
HOLDFAST_FUNCTION(const char *, holdfast_version, (void), (), (const char *)0)

/* ---- a handle ---------------------------------------------------------------------------------------------------------------------------- */

/* What is true of a handle at this moment. Another thread may change it the next. */
enum holdfast_handle_state {
    HOLDFAST_ABSENT = -1, /* no Holdfast in this process: nothing can be said */
    HOLDFAST_UNKNOWN = 0, /* never seen, or forgotten: of a freed handle when its memory was given back, of all when Holdfast was switched off */
    HOLDFAST_LIVE = 1,    /* alive; its use is right */
    HOLDFAST_STALE = 2,   /* its memory is there, but what it lives in or depends on was freed, or it was replaced: its use is a violation */
    HOLDFAST_HELD = 3,    /* its free was asked for and is postponed: its memory is there, its use is a violation */
    HOLDFAST_BURIED = 4   /* freed. Its address is kept from being used again, so this is about the handle that you mean */
};
/* One of these. Absent: HOLDFAST_ABSENT. The handle is not touched, so any address will do. */
HOLDFAST_FUNCTION(int, holdfast_state, (const void *handle), (handle), HOLDFAST_ABSENT)
/* Words for a handle, such as "band 1 of dataset 'a.tif'", into `buffer` of `bytes` bytes (cut to fit). Returns the length in bytes, 0 and "" when the handle is not
 * known. Absent: 0 and "". */
HOLDFAST_FUNCTION(size_t, holdfast_describe, (const void *handle, char *buffer, size_t bytes), (handle, buffer, bytes), (bytes > 0 ? (void)(buffer[0] = '\0') : (void)0, (size_t)0))
/* Say whose it is, or what it is for: "tile cache". From then on it is described with that, as "dataset 'a.tif' (tile cache)", in all reports, also as what
 * another handle lives in. Copied, cut after 119 bytes, control characters become '?'; NULL or "" takes it back. Goes when the handle is forgotten. Returns 1 when it was
 * noted, 0 when the handle is not known or dead, or 4096 handles have one. Absent: 0. */
HOLDFAST_FUNCTION(int, holdfast_label, (const void *handle, const char *text), (handle, text), 0)

/* ---- leaks --------------------------------------------------------------------------------------------------------------------------------- */

/* A handle that somebody has to free. Valid, with its texts, until the callback returns. */
struct holdfast_leak {
    const void *handle;
    const char *kind;        /* "dataset" */
    const char *description; /* as from holdfast_describe() */
    const char *place;       /* where it was made: "app.py:3 in load", or "load+0x12 (app+0x1234)" */
    uint64_t made;           /* a mark: it was made between this one and the next, see holdfast_mark() */
    int python;              /* 1: a Python object of GDAL's bindings holds it and would free it */
};
/* Anything but 0 ends the search. May call everything here, and the libraries. */
typedef int (*holdfast_leak_callback)(const struct holdfast_leak *leak, void *context);

/* This moment, as a number above that of every earlier moment at which handles were made: holdfast_leaks_since() tells what was made after it. Needs no end, and costs
 * nothing while it stands. In a child of fork the marks of its parent mean what they meant there. Absent: 0. */
HOLDFAST_FUNCTION(uint64_t, holdfast_mark, (void), (), 0)
/* The handles that this process made after `mark` (0: ever), in whatever thread, and that are alive and somebody's to free: not those lent by others, given away,
 * of the process's lifetime (drivers, PROJ and GEOS contexts), or made before a fork. Returns how many; each is told to `callback`, unless that is NULL. Time: that of a look at
 * every handle that is known. Absent: 0. */
HOLDFAST_FUNCTION(size_t, holdfast_leaks_since, (uint64_t mark, holdfast_leak_callback callback, void *context), (mark, callback, context), 0)
/* Report the owned handles that are alive now (HF115), one report for each origin, whatever the option `leaks` says; those of an earlier call are not
 * told again, also not at the end. For the places where a program believes that all is freed, such as the end of a test. Not told of: drivers and
 * contexts, what was made before a fork, what a Python object holds. Returns how many handles were told of, also if a level or a suppression kept it quiet. Absent: 0. */
HOLDFAST_FUNCTION(size_t, holdfast_report_leaks, (void), (), 0)

/* ---- violations ------------------------------------------------------------------------------------------------------------------------------ */

/* Violations of level error or fatal (rules=) found in this process so far, repeats included, those suppressed not. Absent: 0. */
HOLDFAST_FUNCTION(uint64_t, holdfast_error_count, (void), (), 0)
/* Violations of a rule ("HF106" or "freed-with-live-children"; NULL: of all rules) in this process so far, whatever their level, repeats included; not those that are
 * suppressed, off, or advice that nobody asked for. An unknown rule has none. A child of fork begins with 0. Absent: 0. */
HOLDFAST_FUNCTION(uint64_t, holdfast_violation_count, (const char *rule), (rule), 0)
/* The rule of violation `number`, 106 for HF106. They are numbered in the order in which they happened, from 0 to holdfast_violation_count(NULL) - 1: what the count
 * was at some moment is the number of the next one after it. 0 when it is not kept any more (the last 128 are), or was never. Absent: 0. */
HOLDFAST_FUNCTION(unsigned, holdfast_violation_rule, (uint64_t number), (number), 0)
/* The report of that violation as text, whole also where the log only counts it, into `buffer` of `bytes` bytes (cut to fit). Returns the length of the whole in bytes, so
 * one call with `bytes` 0 tells how much is needed; 0 when it is not kept. It may be 96 KiB long, usually it is 2. Absent: 0 and "". */
HOLDFAST_FUNCTION(size_t, holdfast_violation_text, (uint64_t number, char *buffer, size_t bytes), (number, buffer, bytes), (bytes > 0 ? (void)(buffer[0] = '\0') : (void)0, (size_t)0))

/* ---- words for reports ------------------------------------------------------------------------------------------------------------------------- */

/* What this process is in a fleet ("worker 3 of tiles"), and what the calling thread works at ("tile 7/12/44"): reports and records name both from then on. Copied, and
 * cut after 255 and 159 bytes; NULL or "" takes it back. The worker may come from the environment, too (worker_env=). A child of fork begins with both. */
HOLDFAST_PROCEDURE(holdfast_name_worker, (const char *name), (name))
HOLDFAST_PROCEDURE(holdfast_name_task, (const char *name), (name))

/* Write to the log what is known now: handles that are alive and held by kind and by place, what each thread is in or called last, what was counted. The same as the
 * option dump_signal does on a signal. Returns how many handles are alive or held. Absent: 0. */
HOLDFAST_FUNCTION(size_t, holdfast_dump, (void), (), 0)

#ifdef __cplusplus
}
#endif

#endif
