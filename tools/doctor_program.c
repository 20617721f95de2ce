/* holdfast doctor -- PROGRAM: runs it once, without Holdfast, and lets the dynamic linker tell what it and all that it starts load. See doctor.h and doctor_audit.c. One thread.
 *
 * The program's output goes to standard error: standard output is the report's. */
#include "doctor.h"
#include "doctor_audit.h"
#include "command.h"
#include "launch.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Beside the command in the build tree, beside libholdfast.so when installed; to be freed. */
static char *find_auditor(const struct diagnosis *diagnosis)
{
    char *command = realpath("/proc/self/exe", NULL), *library = NULL;
    for (int place = 0; place < 2 && library == NULL; place++) {
        const char *beside = place == 0 ? command : diagnosis->library;
        if (beside == NULL)
            continue;
        char *candidate = compose("%.*s" AUDIT_LIBRARY, (int)(base_name(beside) - beside), beside);
        library = access(candidate, R_OK) == 0 ? duplicate(candidate) : NULL;
        free(candidate);
    }
    free(command);
    if (library == NULL)
        complain("doctor", AUDIT_LIBRARY " is neither beside this command nor beside libholdfast.so: build or install it (tools/setup)");
    return library;
}

/* ---- before it runs ------------------------------------------------------------------------------------------------------------- */

/* Of a script the interpreter that its first line names, to be freed. */
static char *interpreter_of(const char *path)
{
    char line[PATH_MAX + 3] = "";
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = descriptor >= 0 ? read(descriptor, line, sizeof line - 1) : 0;
    if (descriptor >= 0)
        close(descriptor);
    if (bytes < 3 || strncmp(line, "#!", 2) != 0)
        return NULL;
    char *start = line + 2 + strspn(line + 2, " \t");
    start[strcspn(start, " \t\n")] = '\0';
    return start[0] == '/' ? duplicate(start) : NULL;
}

static void judge_before(struct diagnosis *diagnosis, struct group *group, const char *path)
{
    char *interpreter = interpreter_of(path), *real = realpath(interpreter != NULL ? interpreter : path, NULL);
    if (real != NULL) {
        struct image *image = image_read_file(real, real);
        group_judge_program(diagnosis, group, image);
        judge_rights(diagnosis, group, real);
        image_free(image);
    }
    free(interpreter);
    free(real);
}

/* ---- running it ----------------------------------------------------------------------------------------------------------------------- */

static pid_t child;

static void pass_on(int number)
{
    if (child > 0)
        kill(child, number);
}

static int run_audited(const char *path, char **arguments, const char *auditor, const char *file)
{
    static const int passed[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    int status = 0;
    fflush(stdout);
    child = fork();
    if (child < 0) {
        complain("doctor", "cannot start %s: %s", path, strerror(errno));
        return -1;
    }
    if (child == 0) {
        const char *others = getenv("LD_AUDIT");
        char *all = others != NULL && others[0] != '\0' ? compose("%s:%s", auditor, others) : duplicate(auditor);
        setenv("LD_AUDIT", all, 1);
        setenv(AUDIT_FILE_VARIABLE, file, 1);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        _exit(become_program(path, arguments));
    }
    for (size_t index = 0; index < sizeof passed / sizeof passed[0]; index++)
        signal(passed[index], pass_on);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* ---- what was told ---------------------------------------------------------------------------------------------------------------------- */

struct told {
    unsigned long long image;
    struct group *group;
    char *program;
};

struct told_list {
    struct told *items;
    size_t count;
};

static struct told *told_of(struct told_list *list, unsigned long long image)
{
    for (size_t index = list->count; index-- > 0;)
        if (list->items[index].image == image)
            return &list->items[index];
    list->items = reallocate(list->items, (list->count + 1) * sizeof *list->items);
    list->items[list->count] = (struct told){.image = image, .group = allocate(sizeof(struct group))};
    list->items[list->count].group->together = true;
    return &list->items[list->count++];
}

static struct image *add_object(struct told *told, const char *path)
{
    struct image *image = group_find(told->group, path);
    if (image == NULL && base_name(path)[0] != '\0' && strcmp(base_name(path), AUDIT_LIBRARY) != 0) {
        image = image_read_file(path, path);
        group_add(told->group, image);
    }
    return image;
}

static void read_line(struct told_list *list, char *line)
{
    char kind;
    unsigned long long number;
    int place = 0;
    if (sscanf(line, "%c %llu %n", &kind, &number, &place) != 2 || place == 0)
        return;
    struct told *told = told_of(list, number);
    char *path = line + place, *name = strchr(path, '\t');
    if (kind == 'L' && name != NULL) {
        *name++ = '\0';
        struct image *image = add_object(told, path);
        if (image != NULL)
            strings_add(&image->dlsymmed, duplicate(name));
    } else if (kind == 'P' || kind == 'O') {
        add_object(told, path);
        if (kind == 'P' && told->program == NULL)
            told->program = duplicate(path);
    }
}

static bool same_objects(const struct group *left, const struct group *right)
{
    bool same = left->image_count == right->image_count;
    for (size_t index = 0; same && index < left->image_count; index++)
        same = group_find(right, left->images[index]->path) != NULL;
    return same;
}

static bool uses_libraries(const struct group *group)
{
    for (size_t index = 0; index < group->image_count; index++)
        if (image_has_any(group->images[index]))
            return true;
    return false;
}

/* Processes that load the same are told of once; those without any of the libraries not at all. */
static void take_over(struct diagnosis *diagnosis, struct told *told, size_t *others)
{
    bool known = false;
    for (size_t index = 0; index < diagnosis->group_count && !known; index++)
        known = same_objects(diagnosis->groups[index], told->group);
    if (known || !uses_libraries(told->group)) {
        *others += !known;
        group_free(told->group);
        return;
    }
    told->group->title = duplicate(told->program != NULL ? told->program : "a process");
    diagnosis->groups = reallocate(diagnosis->groups, (diagnosis->group_count + 1) * sizeof *diagnosis->groups);
    diagnosis->groups[diagnosis->group_count++] = told->group;
    group_judge(diagnosis, told->group);
    judge_numpy(diagnosis, told->group, NULL);
    const char *data = getenv("PROJ_DATA");
    judge_data(diagnosis, told->group, data != NULL ? data : getenv("PROJ_LIB"), getenv("GDAL_DATA"));
}

static size_t read_told(struct diagnosis *diagnosis, const char *file)
{
    struct told_list list = {0};
    char *line = NULL;
    size_t room = 0, others = 0;
    FILE *stream = fopen(file, "re");
    for (ssize_t bytes; stream != NULL && (bytes = getline(&line, &room, stream)) > 0;) {
        line[strcspn(line, "\n")] = '\0';
        read_line(&list, line);
    }
    if (stream != NULL)
        fclose(stream);
    free(line);
    for (size_t index = 0; index < list.count; index++) {
        struct told *told = &list.items[index];
        for (size_t image = 0; image < told->group->image_count; image++)
            strings_sort(&told->group->images[image]->dlsymmed);
        take_over(diagnosis, told, &others);
        free(told->program);
    }
    if (others != 0)
        strings_add(&diagnosis->remarks, compose("%zu process%s used none of the libraries", others, others == 1 ? "" : "es"));
    size_t count = list.count;
    free(list.items);
    return count;
}

static void tell_end(struct diagnosis *diagnosis, int status)
{
    if (WIFSIGNALED(status))
        strings_add(&diagnosis->remarks, compose("the program died of signal %d, %s", WTERMSIG(status), strsignal(WTERMSIG(status))));
    else
        strings_add(&diagnosis->remarks, compose("the program ended with status %d", WEXITSTATUS(status)));
}

bool doctor_program(struct diagnosis *diagnosis, char **arguments, int *status)
{
    char *path = find_program(arguments[0], status), *auditor = path != NULL ? find_auditor(diagnosis) : NULL;
    char file[] = "/tmp/holdfast-doctor-XXXXXX";
    int descriptor = auditor != NULL ? mkstemp(file) : -1, end = -1;
    if (auditor != NULL && descriptor < 0)
        complain("doctor", "cannot make a file in /tmp: %s", strerror(errno));
    if (descriptor >= 0) {
        struct group unseen = {0};
        close(descriptor);
        judge_before(diagnosis, &unseen, path);
        free(unseen.blind);
        end = run_audited(path, arguments, auditor, file);
        if (end >= 0 && read_told(diagnosis, file) == 0)
            add_finding(diagnosis, FINDING_not_observed, "%s", path);
        if (end >= 0)
            tell_end(diagnosis, end);
        unlink(file);
    }
    free(path);
    free(auditor);
    return end >= 0;
}
