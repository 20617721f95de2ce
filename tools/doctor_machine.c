/* The machine and the environment, as far as they matter to Holdfast: see doctor.h. One thread. */
#include "doctor.h"
#include "launch.h"
#include "text.h"
#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *own_variable(const void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

/* ---- other preloads -------------------------------------------------------------------------------------------------------------- */

static void judge_preload(struct diagnosis *diagnosis, const char *where, const char *path)
{
    static const struct {
        const char *part;
        enum finding_name finding;
    } kinds[] = {{"libasan", FINDING_sanitizer}, {"libclang_rt.asan", FINDING_sanitizer}, {"libtsan", FINDING_sanitizer}, {"jemalloc", FINDING_allocator}, {"tcmalloc", FINDING_allocator},
                 {"libjsig", FINDING_signal_preload}};
    enum finding_name finding = FINDING_other_preload;
    if (strstr(base_name(path), "libholdfast") != NULL)
        return;
    for (size_t index = 0; index < sizeof kinds / sizeof kinds[0]; index++)
        if (strstr(base_name(path), kinds[index].part) != NULL)
            finding = kinds[index].finding;
    add_finding(diagnosis, finding, "%s names %s", where, path);
}

static void judge_list(struct diagnosis *diagnosis, const char *where, const char *list)
{
    while (list != NULL && *list != '\0') {
        size_t bytes = strcspn(list, " :\t\n");
        char *path = duplicate_bytes(list, bytes);
        if (bytes != 0)
            judge_preload(diagnosis, where, path);
        free(path);
        list += bytes + (list[bytes] != '\0');
    }
}

void judge_environment(struct diagnosis *diagnosis, const char *(*variable)(const void *context, const char *name), const void *context)
{
    judge_list(diagnosis, "LD_PRELOAD", variable(context, "LD_PRELOAD"));
    judge_list(diagnosis, "LD_AUDIT", variable(context, "LD_AUDIT"));
}

static void judge_system_preload(struct diagnosis *diagnosis)
{
    char text[4096];
    FILE *stream = fopen("/etc/ld.so.preload", "re");
    size_t bytes = stream != NULL ? fread(text, 1, sizeof text - 1, stream) : 0;
    text[bytes] = '\0';
    if (stream != NULL)
        fclose(stream);
    for (char *comment = text; (comment = strchr(comment, '#')) != NULL;)
        while (*comment != '\0' && *comment != '\n')
            *comment++ = ' ';
    judge_list(diagnosis, "/etc/ld.so.preload", text);
}

/* ---- what the kernel allows ---------------------------------------------------------------------------------------------------------- */

static int read_number(const char *path, int otherwise)
{
    int number = otherwise;
    FILE *stream = fopen(path, "re");
    if (stream != NULL) {
        if (fscanf(stream, "%d", &number) != 1)
            number = otherwise;
        fclose(stream);
    }
    return number;
}

#define ADDRESS_SPACE_ENOUGH ((rlim_t)1 << 30) /* of which the arena takes its 128 MiB */

static void judge_kernel(struct diagnosis *diagnosis)
{
    struct rlimit limit;
    int scope = read_number("/proc/sys/kernel/yama/ptrace_scope", 0);
    if (access("/proc/self/maps", R_OK) != 0)
        add_finding(diagnosis, FINDING_no_proc, "/proc is not mounted");
    if (scope > 0)
        add_finding(diagnosis, FINDING_attach_restricted, "kernel.yama.ptrace_scope is %d", scope);
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) < 0)
        add_finding(diagnosis, FINDING_no_membarrier, "membarrier is answered by: %s", strerror(errno));
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < ADDRESS_SPACE_ENOUGH)
        add_finding(diagnosis, FINDING_address_space, "the limit of address space (ulimit -v) is %llu MiB", (unsigned long long)(limit.rlim_cur >> 20));
    char line[256];
    FILE *status = fopen("/proc/self/status", "re");
    int filter = 0;
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        sscanf(line, "Seccomp: %d", &filter);
    if (status != NULL)
        fclose(status);
    if (filter == 2)
        add_finding(diagnosis, FINDING_system_call_filter, "system calls of this session are filtered (seccomp)");
}

static void judge_library(struct diagnosis *diagnosis)
{
    diagnosis->library = find_library();
    if (diagnosis->library == NULL) {
        add_finding(diagnosis, FINDING_no_library, "libholdfast.so was not found");
        return;
    }
    struct image *image = image_read_file(diagnosis->library, diagnosis->library);
    if (image->kind == IMAGE_NONE || !image_is_native(image))
        add_finding(diagnosis, FINDING_no_library, "%s is no shared object of this machine", diagnosis->library);
    image_free(image);
}

void doctor_machine(struct diagnosis *diagnosis)
{
    judge_library(diagnosis);
    judge_kernel(diagnosis);
    judge_system_preload(diagnosis);
}
