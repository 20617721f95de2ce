/* holdfast doctor: what a program, a process, a file, a wheel or a machine has of GDAL, GEOS and PROJ, what Holdfast sees of its calls, and what stands in the way. See doctor.h. */
#include "doctor.h"
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
    bool json, verbose, program;
    char **items;
    int count;
};

static bool set_format(struct request *request, const char *format)
{
    if (strcmp(format, "json") != 0 && strcmp(format, "text") != 0) {
        complain("doctor", "--format '%s' is wrong: it must be text or json", format);
        return false;
    }
    request->json = format[0] == 'j';
    return true;
}

static bool read_arguments(struct request *request, int count, char **arguments)
{
    int index = 1;
    for (; index < count && arguments[index][0] == '-'; index++) {
        const char *word = arguments[index];
        if (strcmp(word, "--") == 0) {
            index++;
            request->program = true;
            break;
        }
        if (strcmp(word, "--verbose") == 0 || strcmp(word, "-v") == 0) {
            request->verbose = true;
        } else if (strncmp(word, "--format=", 9) == 0) {
            if (!set_format(request, word + 9))
                return false;
        } else if (strcmp(word, "--format") == 0 && index + 1 < count) {
            if (!set_format(request, arguments[++index]))
                return false;
        } else {
            complain("doctor", strcmp(word, "--format") == 0 ? "%s needs a value: text or json" : "there is no option '%s'", word);
            return false;
        }
    }
    request->items = arguments + index;
    request->count = count - index;
    if (request->program && request->count == 0)
        complain("doctor", "which program? Give it behind the --");
    return !request->program || request->count != 0;
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
    int status = STATUS_USAGE;
    if (!read_arguments(&request, count, arguments)) {
        fputs("\n", stderr);
        fputs(doctor_usage, stderr);
        return STATUS_USAGE;
    }
    diagnosis.verbose = request.verbose;
    doctor_machine(&diagnosis);
    bool fine = true;
    if (request.program) {
        diagnosis.target = request.items[0];
        judge_environment(&diagnosis, own_variable, NULL);
        fine = doctor_program(&diagnosis, request.items, &status);
    } else if (request.count == 0) {
        judge_environment(&diagnosis, own_variable, NULL);
        look_at_machine(&diagnosis);
    }
    for (int index = 0; !request.program && index < request.count; index++) {
        diagnosis.target = request.items[index];
        fine = look_at(&diagnosis, request.items[index]) && fine;
    }
    if (fine || diagnosis.group_count != 0) {
        tell_if_nothing(&diagnosis);
        (request.json ? doctor_print_json : doctor_print_text)(&diagnosis);
    }
    status = fine ? (is_well(&diagnosis) ? STATUS_FINE : STATUS_FAILED) : STATUS_USAGE;
    clear(&diagnosis);
    return status;
}
