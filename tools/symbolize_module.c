/* Finding and opening the file of a module: see symbolize.h. One thread; may wait for a debuginfod server, no longer than WAIT_SECONDS in all. */
#include "symbolize_module.h"
#include "text.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DEBUG_ROOT "/usr/lib/debug"
#define BUILD_ID_LONGEST 128 /* hexadecimal digits: what is longer was not written by a linker */

/* Seconds that servers may take: each answer, by default, and all answers together, whatever the environment says. */
#define ANSWER_SECONDS "10"
#define WAIT_SECONDS 30.0

static const char **directories; /* up to NULL */
static size_t directory_count;
static char *debug_path;
static double waited_seconds;
static bool servers_given_up;

int symbolizer_add_path(const char *command, const char *directory)
{
    struct stat status;
    if (stat(directory, &status) != 0 || !S_ISDIR(status.st_mode)) {
        complain(command, "%s: %s", directory, errno != 0 && stat(directory, &status) != 0 ? strerror(errno) : "is no directory");
        return false;
    }
    directories = reallocate(directories, (directory_count + 2) * sizeof *directories);
    directories[directory_count++] = realpath(directory, NULL);
    directories[directory_count] = NULL;
    return true;
}

const char *const *symbol_paths(void)
{
    static const char *const none[] = {NULL};
    return directories != NULL ? directories : none;
}

/* ---- servers ------------------------------------------------------------------------------------------------------------- */

static bool servers_configured(void)
{
    const char *servers = getenv("DEBUGINFOD_URLS");
    return servers != NULL && servers[strspn(servers, " ")] != '\0' && !servers_given_up;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void count_wait(double begin)
{
    waited_seconds += seconds_now() - begin;
    if (waited_seconds > WAIT_SECONDS && !servers_given_up) {
        servers_given_up = true;
        unsetenv("DEBUGINFOD_URLS"); /* libdw asks them by itself */
    }
}

/* libdw looks for separate debug files, and asks the servers last. */
static int find_debug_information(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, const char *file, const char *link, GElf_Word sum, char **found)
{
    double begin = seconds_now();
    int descriptor = dwfl_standard_find_debuginfo(module, data, name, base, file, link, sum, found);
    if (servers_configured())
        count_wait(begin);
    return descriptor;
}

/* The debug file (it has the symbols, too) of a module that is not on this machine. libdw asks only for modules that it has, so the server's library is asked here. */
static char *fetch(const char *build_id)
{
    typedef void *begin_function(void);
    typedef int find_function(void *client, const unsigned char *build_id, int bytes, char **path);
    typedef void end_function(void *client);
    static void *library;
    if (!servers_configured())
        return NULL;
    if (library == NULL)
        library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return NULL;
    begin_function *begin;
    find_function *find;
    end_function *end;
    void *address = dlsym(library, "debuginfod_begin");
    memcpy(&begin, &address, sizeof begin);
    address = dlsym(library, "debuginfod_find_debuginfo");
    memcpy(&find, &address, sizeof find);
    address = dlsym(library, "debuginfod_end");
    memcpy(&end, &address, sizeof end);
    void *client = begin != NULL && find != NULL && end != NULL ? begin() : NULL;
    if (client == NULL)
        return NULL;
    char *path = NULL;
    double start = seconds_now();
    int descriptor = find(client, (const unsigned char *)build_id, 0, &path); /* 0: it is hexadecimal */
    count_wait(start);
    if (descriptor >= 0)
        close(descriptor);
    end(client);
    return path;
}

/* ---- candidates ------------------------------------------------------------------------------------------------------------ */

static char *hexadecimal(const unsigned char *bytes, int count)
{
    char *text = allocate((size_t)count * 2 + 1);
    for (int index = 0; index < count; index++)
        snprintf(text + index * 2, 3, "%02x", (unsigned)bytes[index]);
    return text;
}

static GElf_Addr lowest_address(Elf *elf)
{
    size_t count = 0;
    if (elf == NULL || elf_getphdrnum(elf, &count) != 0)
        return 0;
    for (size_t index = 0; index < count; index++) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf, (int)index, &segment) != NULL && segment.p_type == PT_LOAD)
            return segment.p_vaddr & ~(GElf_Addr)0xFFF;
    }
    return 0;
}

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = find_debug_information,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = &debug_path,
};

static void set_reason(struct module_file *file, enum symbol_result state, char *reason)
{
    free(file->reason);
    file->reason = reason;
    file->state = state;
}

static void end_session(struct module_file *file)
{
    if (file->session != NULL)
        dwfl_end(file->session);
    file->session = NULL;
    file->module = NULL;
}

/* Files that the kernel makes up as they are read are none of a module, whatever a log says. */
static bool is_made_up(const char *path)
{
    static const char *const roots[] = {"/proc/", "/sys/", "/dev/"};
    for (size_t index = 0; index < sizeof roots / sizeof roots[0]; index++)
        if (strncmp(path, roots[index], strlen(roots[index])) == 0)
            return true;
    return false;
}

/* An open descriptor of a regular file, -1 with errno. */
static int open_regular(const char *path)
{
    struct stat status;
    char *real = realpath(path, NULL);
    if (real == NULL)
        return -1;
    int descriptor = is_made_up(real) ? -1 : open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool regular = descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    if (is_made_up(real) || (descriptor >= 0 && !regular))
        errno = EINVAL;
    free(real);
    if (descriptor >= 0 && !regular) {
        close(descriptor);
        errno = EINVAL;
        return -1;
    }
    return descriptor;
}

/* Take this file, if it is the one that ran. The first reason against a file is the one that is told. */
static bool try_file(struct module_file *file, const char *path)
{
    int descriptor = open_regular(path);
    if (descriptor < 0) {
        if (file->reason == NULL)
            set_reason(file, SYMBOL_NO_FILE, duplicate(errno == ENOENT || errno == ENOTDIR ? "there is no such file here" : errno == EINVAL ? "is no file" : strerror(errno)));
        return false;
    }
    file->session = dwfl_begin(&callbacks);
    file->module = file->session != NULL ? dwfl_report_offline(file->session, file->path, path, descriptor) : NULL;
    if (file->module == NULL)
        close(descriptor); /* else it is libdw's */
    if (file->session != NULL)
        dwfl_report_end(file->session, NULL, NULL);
    if (file->module == NULL) {
        if (file->reason == NULL || file->state == SYMBOL_NO_FILE)
            set_reason(file, SYMBOL_NO_FILE, compose("%s is no ELF file, or damaged", path));
        end_session(file);
        return false;
    }
    file->first = lowest_address(dwfl_module_getelf(file->module, &file->bias));
    const unsigned char *bytes = NULL;
    GElf_Addr place = 0;
    int count = dwfl_module_build_id(file->module, &bytes, &place);
    char *found = count > 0 ? hexadecimal(bytes, count) : NULL;
    bool same = file->build_id == NULL || (found != NULL && strcmp(file->build_id, found) == 0);
    if (same) {
        set_reason(file, SYMBOL_FOUND, NULL);
        file->file = duplicate(path);
    } else {
        set_reason(file, SYMBOL_OTHER_BUILD, found != NULL ? compose("%s is another build, %s", path, found) : compose("%s is another build, without an id", path));
        end_session(file);
    }
    free(found);
    return same;
}

static bool try_composed(struct module_file *file, char *path)
{
    bool fine = try_file(file, path);
    free(path);
    return fine;
}

static bool is_build_id(const char *text)
{
    size_t digits = text != NULL ? strspn(text, "0123456789abcdef") : 0;
    return digits > 4 && digits <= BUILD_ID_LONGEST && text[digits] == '\0';
}

static bool try_by_build_id(struct module_file *file, const char *root)
{
    return try_composed(file, compose("%s/.build-id/%.2s/%s.debug", root, file->build_id, file->build_id + 2)) ||
           try_composed(file, compose("%s/.build-id/%.2s/%s", root, file->build_id, file->build_id + 2));
}

static bool try_directory(struct module_file *file, const char *directory, bool has_id)
{
    return (file->path[0] == '/' && strstr(file->path, "/../") == NULL && try_composed(file, compose("%s%s", directory, file->path))) ||
           (file->path[0] != '[' && try_composed(file, compose("%s/%s", directory, base_name(file->path)))) ||
           (has_id && (try_by_build_id(file, directory) || try_composed(file, compose("%s" DEBUG_ROOT "/.build-id/%.2s/%s.debug", directory, file->build_id, file->build_id + 2))));
}

/* What is said of the file at its own path is said, not that other places have none. */
static bool find_file(struct module_file *file)
{
    bool has_id = is_build_id(file->build_id);
    for (const char *const *directory = symbol_paths(); *directory != NULL; directory++)
        if (try_directory(file, *directory, has_id))
            return true;
    bool here = file->path[0] == '/';
    if (here && try_file(file, file->path))
        return true;
    if (file->reason == NULL)
        set_reason(file, SYMBOL_NO_FILE, duplicate("is no file"));
    if (has_id && try_by_build_id(file, DEBUG_ROOT))
        return true;
    char *fetched = has_id ? fetch(file->build_id) : NULL;
    bool found = fetched != NULL && try_file(file, fetched);
    free(fetched);
    if (!found && has_id && (servers_given_up || servers_configured())) {
        char *longer = compose("%s; the debuginfod servers %s", file->reason, servers_given_up ? "did not answer in time" : "have none of its build");
        set_reason(file, file->state, longer);
    }
    return found;
}

/* Beside the module's own folder, and below each directory that was named. */
static void set_debug_path(void)
{
    char *path = duplicate(":.debug:" DEBUG_ROOT);
    for (const char *const *directory = symbol_paths(); *directory != NULL; directory++) {
        char *longer = compose("%s:%s:%s" DEBUG_ROOT, path, *directory, *directory);
        free(path);
        path = longer;
    }
    free(debug_path);
    debug_path = path;
}

struct module_file *module_open(const char *path, const char *build_id)
{
    struct module_file *file = allocate(sizeof *file);
    file->path = duplicate(path);
    file->build_id = build_id != NULL ? duplicate(build_id) : NULL;
    if (debug_path == NULL) {
        set_debug_path();
        setenv("DEBUGINFOD_TIMEOUT", ANSWER_SECONDS, 0);
        setenv("DEBUGINFOD_MAXTIME", ANSWER_SECONDS, 0);
        unsetenv("DEBUGINFOD_PROGRESS");
    }
    find_file(file);
    return file;
}

void module_close(struct module_file *file)
{
    end_session(file);
    for (size_t index = 0; index < file->unit_count; index++) {
        free(file->units[index].functions);
        free(file->units[index].ranges.items);
    }
    free(file->units);
    free(file->unit_ranges.items);
    free(file->symbols);
    free(file->path);
    free(file->build_id);
    free(file->file);
    free(file->reason);
    free(file);
}
