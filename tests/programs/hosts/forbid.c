/* forbid ACTION NAME... -- PROGRAM ARGUMENTS: runs the program under a seccomp filter in which the named calls fail with EPERM or ENOSYS, or kill ("kill"). */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned number;
} calls[] = {
    {"membarrier", SYS_membarrier},   {"process_vm_readv", SYS_process_vm_readv}, {"perf_event_open", SYS_perf_event_open}, {"memfd_create", SYS_memfd_create},
    {"userfaultfd", SYS_userfaultfd}, {"ptrace", SYS_ptrace},                     {"kcmp", SYS_kcmp},                       {"personality", SYS_personality},
    {"bpf", SYS_bpf},                 {"name_to_handle_at", SYS_name_to_handle_at}, {"fallocate", SYS_fallocate},           {"flock", SYS_flock},
};

static unsigned number_of(const char *name)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].number;
    fprintf(stderr, "forbid: no call %s\n", name);
    exit(125);
}

int main(int count, char **arguments)
{
    struct sock_filter filter[64];
    unsigned short length = 0;
    unsigned action = strcmp(arguments[1], "kill") == 0     ? SECCOMP_RET_KILL_PROCESS
                      : strcmp(arguments[1], "ENOSYS") == 0 ? SECCOMP_RET_ERRNO | ENOSYS
                                                            : SECCOMP_RET_ERRNO | EPERM;
    int i = 2;
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (; i < count && strcmp(arguments[i], "--") != 0; i++) {
        filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number_of(arguments[i]), 0, 1);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {length, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        perror("forbid: seccomp");
        return 125;
    }
    execvp(arguments[i + 1], arguments + i + 1);
    perror(arguments[i + 1]);
    return 127;
}
