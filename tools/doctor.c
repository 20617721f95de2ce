/* holdfast doctor: what a program, a process, a file, a wheel or a machine has of GDAL, GEOS and PROJ, what Holdfast sees of its calls, and what stands in the way. See doctor.h. */
#include "doctor.h"
#include "arguments.h"
#include "command.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char doctor_usage[] =
    "usage: holdfast doctor [--format text|json] [--verbose] [PID | FILE | WHEEL | DIRECTORY]...\n"
    "       holdfast doctor [--format text|json] [--verbose] -- PROGRAM [ARGUMENT...]\n\n"
    "Which copies of GDAL, GEOS and PROJ there are, who calls which of their functions and how, how much of that Holdfast sees, and what stands in its\n"
    "way or in the program's: each finding with its reason and a remedy.\n\n"
    "  PID         a process that runs; it is not stopped\n"
    "  FILE        a program or shared object, with what it needs as the dynamic linker would find it\n"
    "  WHEEL       a .whl that is not installed; nothing of it is unpacked to disk\n"
    "  DIRECTORY   all objects and Python files below it, such as a site-packages\n"
    "  -- PROGRAM  run it once to its end, without Holdfast, and look at what it and its children load; its output goes to standard error\n"
    "  (nothing)   this machine, and the python3 and GDAL programs in PATH\n\n"
    "--verbose also names the functions that are not seen. Nothing but PROGRAM is ever run.\n"
    "Examples:  holdfast doctor -- python3 script.py     holdfast doctor rasterio-1.4.4-cp311-cp311-manylinux_2_28_x86_64.whl\n"
    "Exit status: 0 when all is seen and well (notes do not count), 1 when there are warnings or errors, 2 for wrong arguments and what cannot be looked at.\n";

struct request {
    bool json, verbose;
};

static bool set_format(void *request, const char *format)
{
    static const char *const names[] = {"text", "json", NULL};
    int chosen = word_among("doctor", "--format", format, names);
    ((struct request *)request)->json = chosen == 1;
    return chosen >= 0;
}

static bool set_verbose(void *request, const char *value)
{
    (void)value;
    return ((struct request *)request)->verbose = true;
}

static const struct argument_option options[] = {{"--format", "text or json", set_format}, {"--verbose", NULL, set_verbose}, {"-v", NULL, set_verbose}, {NULL, NULL, NULL}};

/* Things to look at, or behind "--" a program with its arguments. */
static int read_request(struct request *request, int count, char **arguments, struct argument_words *words)
{
    const struct argument_rules rules = {"doctor", options};
    int status = read_arguments(&rules, count, arguments, request, words);
    if (status != STATUS_FINE || words->before_end < 0)
        return status;
    if (words->before_end > 0)
        complain("doctor", "'%s' stands before the --: either what is to be looked at, or a program behind it", words->items[0]);
    else if (words->count == 0)
        complain("doctor", "which program? Give it behind the --");
    return words->before_end == 0 && words->count != 0 ? STATUS_FINE : STATUS_WRONG_USAGE;
}

/* ---- the machine's programs ---------------------------------------------------------------------------------------------------------- */

/* The next file of this name in PATH, to be freed; NULL: there is none any more. `entry`: where to go on, at first PATH itself. */
static char *next_in_path(const char **entry, const char *name)
{
    while (*entry != NULL) {
        size_t bytes = strcspn(*entry, ":");
        char *candidate = compose("%.*s/%s", (int)bytes, *entry, name);
        *entry = (*entry)[bytes] != '\0' ? *entry + bytes + 1 : NULL;
        if (bytes != 0 && access(candidate, X_OK) == 0)
            return candidate;
        free(candidate);
    }
    return NULL;
}

static void look_at_folder(struct diagnosis *diagnosis, char *path)
{
    char *folder = realpath(path, NULL);
    bool known = folder == NULL;
    for (size_t index = 0; index < diagnosis->group_count && !known; index++)
        known = strcmp(diagnosis->groups[index]->title, folder) == 0;
    if (!known)
        doctor_directory(diagnosis, folder);
    free(folder);
    free(path);
}

/* Folders of packages of an interpreter, from where it lies: PREFIX/bin/python3 has PREFIX/lib/python3.N/site-packages. */
static void look_at_packages(struct diagnosis *diagnosis, const char *python)
{
    char *real = realpath(python, NULL);
    const char *const interpreters[] = {python, real}; /* that of a virtual environment is a link */
    for (size_t index = 0; index < sizeof interpreters / sizeof interpreters[0] && interpreters[index] != NULL; index++) {
        int bytes = (int)(base_name(interpreters[index]) - interpreters[index]);
        look_at_folder(diagnosis, compose("%.*s../lib/python3/dist-packages", bytes, interpreters[index]));
        for (unsigned minor = 9; minor < 20; minor++) {
            look_at_folder(diagnosis, compose("%.*s../lib/python3.%u/site-packages", bytes, interpreters[index], minor));
            look_at_folder(diagnosis, compose("%.*s../local/lib/python3.%u/dist-packages", bytes, interpreters[index], minor));
        }
    }
    free(real);
}

/* A folder or program without any of the libraries is no news of the machine. */
static void drop_empty_groups(struct diagnosis *diagnosis)
{
    size_t kept = 0;
    for (size_t index = 0; index < diagnosis->group_count; index++) {
        struct group *group = diagnosis->groups[index];
        bool any = group->caller_count != 0;
        for (size_t image = 0; image < group->image_count && !any; image++)
            any = image_has_any(group->images[image]);
        if (any)
            diagnosis->groups[kept++] = group;
        else
            group_free(group);
    }
    diagnosis->group_count = kept;
}

static void look_at_machine(struct diagnosis *diagnosis)
{
    static const char *const programs[] = {"gdalinfo", "ogr2ogr", "gdal", "mapserv", "qgis"};
    diagnosis->target = "this machine";
    for (size_t index = 0; index < sizeof programs / sizeof programs[0]; index++) {
        const char *entry = getenv("PATH");
        char *path = next_in_path(&entry, programs[index]);
        struct image *image = path != NULL ? image_read_file(path, path) : NULL;
        if (image != NULL && image->kind != IMAGE_NONE)
            doctor_file(diagnosis, path);
        if (image != NULL)
            image_free(image);
        free(path);
    }
    const char *entry = getenv("PATH");
    for (char *python; (python = next_in_path(&entry, "python3")) != NULL; free(python))
        look_at_packages(diagnosis, python);
    drop_empty_groups(diagnosis);
}

/* ---- what was asked for ------------------------------------------------------------------------------------------------------------------ */

/* Zip archives begin with a member, empty ones with their directory. */
static bool is_archive(const char *path)
{
    char start[4] = "";
    FILE *stream = fopen(path, "re");
    bool read = stream != NULL && fread(start, 1, sizeof start, stream) == sizeof start;
    if (stream != NULL)
        fclose(stream);
    size_t bytes = strlen(path);
    return (read && (memcmp(start, "PK\3\4", 4) == 0 || memcmp(start, "PK\5\6", 4) == 0)) || (bytes > 4 && strcmp(path + bytes - 4, ".whl") == 0);
}

static bool look_at(struct diagnosis *diagnosis, const char *item)
{
    struct stat status;
    bool there = stat(item, &status) == 0;
    if (!there && item[0] != '\0' && strspn(item, "0123456789") == strlen(item))
        return doctor_process(diagnosis, item);
    if (there && S_ISDIR(status.st_mode))
        return doctor_directory(diagnosis, item);
    return there && S_ISREG(status.st_mode) && is_archive(item) ? doctor_wheel(diagnosis, item) : doctor_file(diagnosis, item);
}

static bool is_well(const struct diagnosis *diagnosis)
{
    for (size_t index = 0; index < diagnosis->finding_count; index++)
        if (finding_kind(diagnosis->findings[index].name)->severity != FINDING_note)
            return false;
    return true;
}

static void tell_if_nothing(struct diagnosis *diagnosis)
{
    for (size_t index = 0; index < diagnosis->group_count; index++) {
        const struct group *group = diagnosis->groups[index];
        bool any = group->caller_count != 0 || group->readers.count != 0;
        for (size_t image = 0; image < group->image_count && !any; image++)
            any = image_has_any(group->images[image]) || group->images[image]->named.count != 0;
        if (any)
            return;
    }
    add_finding(diagnosis, FINDING_nothing_found, "%s", diagnosis->target);
}

static void clear(struct diagnosis *diagnosis)
{
    for (size_t index = 0; index < diagnosis->group_count; index++)
        group_free(diagnosis->groups[index]);
    for (size_t index = 0; index < diagnosis->finding_count; index++)
        free(diagnosis->findings[index].what);
    strings_clear(&diagnosis->remarks);
    free(diagnosis->groups);
    free(diagnosis->findings);
    free(diagnosis->library);
}

int doctor_command(int count, char **arguments)
{
    struct request request = {0};
    struct diagnosis diagnosis = {.target = "this machine"};
    struct argument_words words;
    int status = read_request(&request, count, arguments, &words);
    if (status != STATUS_FINE)
        return status;
    bool program = words.before_end >= 0;
    diagnosis.verbose = request.verbose;
    doctor_machine(&diagnosis);
    bool fine = true;
    if (program) {
        diagnosis.target = words.items[0];
        judge_environment(&diagnosis, own_variable, NULL);
        fine = doctor_program(&diagnosis, words.items, &status);
    } else if (words.count == 0) {
        judge_environment(&diagnosis, own_variable, NULL);
        look_at_machine(&diagnosis);
    }
    for (int index = 0; !program && index < words.count; index++) {
        diagnosis.target = words.items[index];
        fine = look_at(&diagnosis, words.items[index]) && fine;
    }
    if (fine || diagnosis.group_count != 0) {
        tell_if_nothing(&diagnosis);
        (request.json ? doctor_print_json : doctor_print_text)(&diagnosis);
    }
    status = fine ? (is_well(&diagnosis) ? STATUS_FINE : STATUS_FAILED) : STATUS_USAGE;
    clear(&diagnosis);
    return status;
}
