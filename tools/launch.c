/* holdfast run: finding the library and the program the way the loader and a shell find them. See launch.h. */
#include "launch.h"
#include "command.h"
#include "text.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY_NAME "libholdfast.so"

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* `path` as it stands in the file system, when it is a file. */
static char *real_file(const char *path)
{
    return is_file(path) ? realpath(path, NULL) : NULL;
}

static char *library_from_environment(const char *path)
{
    char *library = real_file(path);
    if (library == NULL)
        complain("run", "HOLDFAST_LIBRARY is '%s', which is no file: set it to the path of " LIBRARY_NAME ", or unset it", path);
    return library;
}

/* Beside the command in the build tree, below the same prefix when installed (also when the tree was moved), where it was configured. */
static char *library_beside_command(void)
{
    static const char *const places[] = {
        "../shim/" LIBRARY_NAME,
        "../" HOLDFAST_LIBDIR "/" LIBRARY_NAME,
        "../lib/" LIBRARY_NAME,
        "../lib64/" LIBRARY_NAME,
    };
    char *library = NULL;
    char *command = realpath("/proc/self/exe", NULL);
    if (command != NULL) {
        command[base_name(command) - command] = '\0';
        for (size_t index = 0; index < sizeof places / sizeof places[0] && library == NULL; index++) {
            char *candidate = compose("%s%s", command, places[index]);
            library = real_file(candidate);
            free(candidate);
        }
        free(command);
    }
    return library != NULL ? library : real_file(HOLDFAST_LIBRARY);
}

char *find_library(void)
{
    const char *wish = getenv("HOLDFAST_LIBRARY");
    char *library = wish != NULL && wish[0] != '\0' ? library_from_environment(wish) : library_beside_command();
    if (library == NULL) {
        if (wish == NULL || wish[0] == '\0')
            complain("run", LIBRARY_NAME " is neither beside this command nor in " HOLDFAST_LIBRARY
                            ": build it (tools/setup), install it, or set HOLDFAST_LIBRARY to its path");
        return NULL;
    }
    if (strpbrk(library, " :") != NULL) {
        complain("run", "the path '%s' has a blank or colon in it, which LD_PRELOAD cannot hold: put " LIBRARY_NAME
                        " elsewhere and set HOLDFAST_LIBRARY", library);
        free(library);
        return NULL;
    }
    return library;
}

enum candidate { CANDIDATE_MISSING, CANDIDATE_UNUSABLE, CANDIDATE_FINE };

static enum candidate judge(const char *path, const char **reason)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        *reason = strerror(errno);
        return errno == ENOENT || errno == ENOTDIR ? CANDIDATE_MISSING : CANDIDATE_UNUSABLE;
    }
    if (S_ISDIR(status.st_mode)) {
        *reason = "it is a directory";
        return CANDIDATE_UNUSABLE;
    }
    if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0) {
        *reason = errno == EACCES ? "it may not be executed (chmod +x, or name its interpreter first)" : strerror(errno);
        return CANDIDATE_UNUSABLE;
    }
    return CANDIDATE_FINE;
}

static char *search_path(void)
{
    const char *path = getenv("PATH");
    if (path != NULL)
        return duplicate(path);
    char standard[PATH_MAX];
    size_t bytes = confstr(_CS_PATH, standard, sizeof standard);
    return duplicate(bytes != 0 && bytes <= sizeof standard ? standard : "/bin:/usr/bin");
}

/* As a shell does: the first that can be run; else what was found but cannot. */
static char *find_in_path(const char *name, int *status)
{
    char *unusable = NULL;
    const char *unusable_reason = NULL;
    char *places = search_path();
    for (char *place = places;;) {
        size_t bytes = strcspn(place, ":");
        bool last = place[bytes] == '\0';
        place[bytes] = '\0';
        char *candidate = compose("%s/%s", bytes != 0 ? place : ".", name);
        const char *reason = NULL;
        enum candidate verdict = judge(candidate, &reason);
        if (verdict == CANDIDATE_FINE) {
            free(unusable);
            free(places);
            return candidate;
        }
        if (verdict == CANDIDATE_UNUSABLE && unusable == NULL) {
            unusable = candidate;
            unusable_reason = reason;
        } else {
            free(candidate);
        }
        if (last)
            break;
        place += bytes + 1;
    }
    free(places);
    if (unusable != NULL) {
        complain("run", "%s: cannot be executed: %s", unusable, unusable_reason);
        *status = STATUS_NOT_EXECUTABLE;
    } else {
        complain("run", "%s: program not found in PATH", name);
        *status = STATUS_NOT_FOUND;
    }
    free(unusable);
    return NULL;
}

char *find_program(const char *name, int *status)
{
    if (name[0] == '\0') {
        complain("run", "the name of the program is empty");
        *status = STATUS_NOT_FOUND;
        return NULL;
    }
    if (strchr(name, '/') == NULL)
        return find_in_path(name, status);
    const char *reason = NULL;
    switch (judge(name, &reason)) {
    case CANDIDATE_FINE:
        return duplicate(name);
    case CANDIDATE_UNUSABLE:
        complain("run", "%s: cannot be executed: %s", name, reason);
        *status = STATUS_NOT_EXECUTABLE;
        return NULL;
    case CANDIDATE_MISSING:
        break;
    }
    complain("run", "%s: %s", name, reason);
    *status = STATUS_NOT_FOUND;
    return NULL;
}

/* True for an ELF program without an interpreter: there is no loader that could preload anything. */
static bool is_static_program(int descriptor)
{
    Elf64_Ehdr header;
    if (pread(descriptor, &header, sizeof header, 0) != (ssize_t)sizeof header ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0)
        return false;
    for (unsigned index = 0; index < header.e_phnum; index++) {
        Elf64_Phdr segment;
        off_t place = (off_t)(header.e_phoff + index * sizeof segment);
        if (pread(descriptor, &segment, sizeof segment, place) != (ssize_t)sizeof segment || segment.p_type == PT_INTERP)
            return false;
    }
    return true;
}

void warn_if_not_preloadable(const char *path)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0)
        return;
    if (fstat(descriptor, &status) == 0) {
        bool other_user = (status.st_mode & S_ISUID) != 0 && status.st_uid != getuid();
        bool other_group = (status.st_mode & S_ISGID) != 0 && status.st_gid != getgid();
        if (other_user || other_group)
            complain("run", "%s runs with the rights of another user: the loader preloads nothing into it, Holdfast sees nothing", path);
        else if (is_static_program(descriptor))
            complain("run", "%s is linked statically: nothing can be preloaded into it, Holdfast sees nothing", path);
    }
    close(descriptor);
}

/* A script without #! line: a shell runs it with sh. */
static void become_shell_script(const char *path, char **arguments)
{
    size_t count = 0;
    while (arguments[count] != NULL)
        count++;
    char **all = allocate((count + 3) * sizeof *all);
    all[0] = duplicate("sh");
    all[1] = duplicate(path);
    for (size_t index = 1; index <= count; index++)
        all[index + 1] = arguments[index];
    execv("/bin/sh", all);
    free(all[0]);
    free(all[1]);
    free(all);
}

int become_program(const char *path, char **arguments)
{
    execv(path, arguments);
    if (errno == ENOEXEC)
        become_shell_script(path, arguments);
    if (errno == ENOENT && is_file(path))
        complain("run", "%s: cannot be executed: the interpreter that its first line or its ELF header names does not exist", path);
    else
        complain("run", "%s: cannot be executed: %s", path, strerror(errno));
    return errno == ENOENT && !is_file(path) ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
}
