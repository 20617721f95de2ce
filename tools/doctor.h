/* holdfast doctor: what its parts share. One thread.
 *
 *     doctor.c            arguments, and which of the following looks at what
 *     doctor_image.c      what one ELF file says of itself: reads files and buffers, believes nothing
 *     doctor_search.c     where the dynamic linker would find a library
 *     doctor_group.c      the objects of one process (or that may meet in one): copies, calls, what Holdfast sees of them
 *     doctor_files.c      FILE, DIRECTORY;  doctor_wheel.c  WHEEL;  doctor_process.c  PID;  doctor_program.c  -- PROGRAM
 *     doctor_numpy.c, doctor_data.c, doctor_machine.c   NumPy's binary interface; databases of PROJ, files of GDAL; the machine and the environment
 *     doctor_findings.c   the findings (doctor_findings.def)
 *     doctor_render.c     text and JSON
 *
 * Nothing that is looked at is ever run, but the PROGRAM behind `--`. */
#ifndef HOLDFAST_TOOLS_DOCTOR_H
#define HOLDFAST_TOOLS_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- libraries --------------------------------------------------------------------------------------------------------- */

enum library { LIBRARY_gdal, LIBRARY_geos, LIBRARY_proj, LIBRARY_COUNT };
#define LIBRARY_NONE LIBRARY_COUNT
extern const char *const library_names[LIBRARY_COUNT];

/* The library whose contract this function has; LIBRARY_NONE: there is none. */
enum library contract_of(const char *function);
/* Why this function has no contract though it has to do with a handle; NULL: it has one, or has nothing to do with any. */
const char *left_out_reason(const char *function);
/* The newest version that a contract names; 10000 * major + 100 * minor. */
unsigned newest_contract(enum library library);

/* ---- text lists ------------------------------------------------------------------------------------------------------------ */

struct strings {
    char **items;
    size_t count, room;
};
void strings_add(struct strings *strings, char *text); /* takes the text over */
bool strings_hold(const struct strings *strings, const char *text);
void strings_sort(struct strings *strings); /* and drop what stands there twice */
void strings_clear(struct strings *strings);

/* ---- one ELF file ------------------------------------------------------------------------------------------------------------ */

/* How a library lies in an object. */
enum presence {
    PRESENCE_NONE,
    PRESENCE_EXPORTED, /* it defines the C functions for others: a copy that Holdfast watches */
    PRESENCE_RENAMED,  /* it does so under other names (internal_proj_create), for one library alone */
    PRESENCE_CORE,     /* it exports the C++ classes alone (libgeos.so below libgeos_c.so) */
    PRESENCE_INSIDE,   /* linked statically, not exported */
};

/* A function, or an object, of another one. */
struct import {
    char *name;
    uint64_t slot; /* address of a word that the dynamic linker fills with the function's address; 0: none */
    bool by_plt;   /* a slot for calls; else its address is taken */
};

/* What another object can bind to. */
struct export {
    char *name;
    bool function;
};

enum image_kind { IMAGE_NONE, IMAGE_PROGRAM, IMAGE_LIBRARY };

struct image {
    char *path;    /* as it is told: of a member of a wheel its name there */
    char *problem; /* why it could not be read (completely), NULL: it could */
    enum image_kind kind;
    unsigned machine, bits;
    bool is_static;    /* no dynamic section */
    char *interpreter; /* the dynamic linker that the program asks for */
    char *build_id, *soname, *rpath, *runpath;
    struct strings needed;
    enum presence presence[LIBRARY_COUNT];
    char *version[LIBRARY_COUNT]; /* of what is in it, NULL: unknown */
    struct import *imports;
    size_t import_count;
    struct export *exports; /* sorted by name; only of an object with a library in it */
    size_t export_count;
    bool looks_up;          /* it calls dlsym */
    struct strings named;   /* functions with a contract whose names stand in its data, and which it does not import; only where looks_up */
    struct strings dlsymmed; /* those that it was seen to look up, in a run */
    unsigned numpy_major;   /* built for NumPy 1 or 2; 0: it uses no NumPy */
    char *numpy_least;      /* the oldest NumPy that it accepts, NULL: not told */
    uint64_t base;          /* of an object in a process: load address minus the file's own; */
    bool mapped;            /* ... and whether it is known */
};

/* Read a file, or what stands in a buffer. Never NULL: what is wrong is in `problem`. kind IMAGE_NONE: no ELF file. */
struct image *image_read_file(const char *path, const char *shown);
struct image *image_read_buffer(const void *bytes, size_t count, const char *shown);
void image_free(struct image *image);
bool image_has_library(const struct image *image, enum library library);
bool image_has_any(const struct image *image);
const struct export *image_export(const struct image *image, const char *name);
/* The machine that this command, and libholdfast.so, are made for. */
bool image_is_native(const struct image *image);
const char *machine_name(unsigned machine);

/* ---- the search of the dynamic linker ------------------------------------------------------------------------------------------- */

/* The path of a needed library for this object, to be freed; NULL: there is none. `library_path`: LD_LIBRARY_PATH, may be NULL. `loader`: who needs the object, whose
 * RPATH counts too; may be NULL. */
char *search_library(const struct image *image, const struct image *loader, const char *needed, const char *library_path);
/* RPATH or RUNPATH entry with $ORIGIN and its like put in, to be freed. */
char *search_expand(const char *entry, size_t bytes, const char *origin);

/* ---- findings --------------------------------------------------------------------------------------------------------------------- */

enum finding_name {
#define FINDING(name, severity, why, remedy) FINDING_##name,
#include "doctor_findings.def"
    FINDING_COUNT
};
enum finding_severity { FINDING_note, FINDING_warning, FINDING_error };

struct doctor_finding {
    enum finding_name name;
    char *what;
};

struct finding_kind {
    const char *name, *why, *remedy;
    enum finding_severity severity;
};
const struct finding_kind *finding_kind(enum finding_name name);
const char *finding_severity_name(enum finding_severity severity);

/* ---- objects that meet in one process -------------------------------------------------------------------------------------------------- */

/* What one object calls of the libraries, and how. Functions are counted once each. */
struct caller {
    struct image *image;
    size_t by_plt, by_address, by_dlsym; /* C functions with a contract, by how they are called */
    size_t cxx, left_out;                /* not seen: functions of classes, and those that cannot be wrapped */
    size_t plain;                        /* functions without a handle: there is nothing to see */
    size_t of_library[LIBRARY_COUNT];
    size_t seen; /* of those with a contract: without those that lead past Holdfast */
    struct strings cxx_names, left_out_names, plain_names, seen_names;
    size_t watched, past, unbound; /* of a process that runs: words of the linker that lead to Holdfast, past it, nowhere yet */
};

struct group {
    char *title;
    char *who; /* process number and the like; NULL: none */
    struct image **images;
    size_t image_count, image_room;
    struct caller *callers;
    size_t caller_count;
    bool together;    /* the objects are in one process; else they may meet in one */
    char *blind;      /* why Holdfast sees nothing here at all, NULL: it does */
    struct strings readers; /* Python files that name functions (ctypes, cffi) */
    size_t reader_functions;
};

struct diagnosis {
    const char *target; /* what was looked at, in words */
    struct group **groups;
    size_t group_count;
    struct doctor_finding *findings;
    size_t finding_count;
    struct strings remarks; /* facts beside the findings */
    char *library;          /* libholdfast.so, NULL: not found */
    bool verbose;
};

__attribute__((format(printf, 3, 4))) void add_finding(struct diagnosis *diagnosis, enum finding_name name, const char *format, ...);
struct group *add_group(struct diagnosis *diagnosis, char *title);
void group_add(struct group *group, struct image *image);
/* Objects that bring this one along, directly or not, and whose RPATH therefore counts for it, too; how many. `loaders` has room for all of the group. */
size_t group_loaders(const struct group *group, const struct image *image, const struct image **loaders);
struct image *group_find(const struct group *group, const char *path);
/* The libraries that the objects need and that are not among them, as the linker would find them; what it does not find is a finding. */
void group_complete(struct diagnosis *diagnosis, struct group *group, const char *library_path);
/* Who calls what; mixed copies, static ones, old ones. After the last object was added. */
void group_judge(struct diagnosis *diagnosis, struct group *group);
/* A program that no preload can reach. */
void group_judge_program(struct diagnosis *diagnosis, struct group *group, const struct image *program);
void group_free(struct group *group);

/* ---- what can be looked at --------------------------------------------------------------------------------------------------------------- */

/* Each returns false when there is nothing to be looked at, after a complaint. */
bool doctor_file(struct diagnosis *diagnosis, const char *path);
bool doctor_directory(struct diagnosis *diagnosis, const char *path);
bool doctor_wheel(struct diagnosis *diagnosis, const char *path);
bool doctor_process(struct diagnosis *diagnosis, const char *pid);
bool doctor_program(struct diagnosis *diagnosis, char **arguments, int *status);
void doctor_machine(struct diagnosis *diagnosis);

/* LD_PRELOAD and the like, of this command's environment or a process's. */
void judge_environment(struct diagnosis *diagnosis, const char *(*variable)(const void *context, const char *name), const void *context);
const char *own_variable(const void *context, const char *name);
/* Rights that come with the file. `path`: where it lies. */
void judge_rights(struct diagnosis *diagnosis, struct group *group, const char *path);

/* The NumPy that extensions of the group meet: the version in it, or below this directory (NULL: not known). */
void judge_numpy(struct diagnosis *diagnosis, const struct group *group, const char *directory);
/* "2.1.0" of the NumPy that is installed in this directory, to be freed; NULL: none. */
char *numpy_installed(const char *directory);
void judge_data(struct diagnosis *diagnosis, const struct group *group, const char *proj_data, const char *gdal_data);
/* The version of a proj.db, to be freed; NULL: unknown. */
char *database_version(const char *path);
char *database_version_of(const void *bytes, size_t count);

/* ---- showing it ---------------------------------------------------------------------------------------------------------------------------- */

void doctor_print_text(const struct diagnosis *diagnosis);
void doctor_print_json(const struct diagnosis *diagnosis);

#endif
