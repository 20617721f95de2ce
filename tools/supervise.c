/* holdfast run --error-exitcode, --html and their like: stand between the program and whoever started it, and be noticed by neither.
 *
 * Rules:
 * 1. The program stays in our process group, so the terminal's signals (Ctrl-C, Ctrl-Z, window changes, hang-up) reach it from the
 *    kernel. Only what a process sends to us alone is passed on, and never what the program itself sent.
 * 2. All signals are blocked here and taken one by one: no handler, no race. The program gets our caller's mask and dispositions.
 * 3. When the program stops, we stop; when we are continued, it is.
 * 4. We keep none of its open files: a reader of its output sees the end when the program closes it. Where a summary is to come, stderr is ours as well.
 * 5. When we are killed without a word (SIGKILL), so is the program.
 */
#include "command.h"
#include "launch.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Those that tell of a fault of this very process stay as they are. */
static void fill_passed_signals(sigset_t *set)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGKILL, SIGSTOP};
    sigfillset(set);
    for (size_t index = 0; index < sizeof own / sizeof own[0]; index++)
        sigdelset(set, own[index]);
}

static void let_go_of_files(bool keeps_stderr)
{
    int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0)
        return;
    for (int descriptor = 0; descriptor <= (keeps_stderr ? 1 : 2); descriptor++)
        dup2(nothing, descriptor);
    close_range(3, ~0u, 0);
}

static void die_by(int signal_number)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0); /* a core pattern that is a pipe does not ask for the limit */
    signal(signal_number, SIG_DFL);
    kill(getpid(), signal_number);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, signal_number);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
}

/* True when the program has ended; `*wait_status` says how. */
static bool look_at_program(pid_t program, int *wait_status)
{
    for (;;) {
        pid_t changed = waitpid(program, wait_status, WNOHANG | WUNTRACED);
        if (changed < 0 && errno == EINTR)
            continue;
        if (changed != program)
            return false;
        if (!WIFSTOPPED(*wait_status))
            return true;
        raise(SIGSTOP);
    }
}

static void pass_on(pid_t program, const siginfo_t *information)
{
    int number = information->si_signo;
    if (number == SIGCONT) {
        kill(program, SIGCONT); /* from the shell's `fg` it came to both: twice does no harm */
        return;
    }
    bool from_process = information->si_code == SI_USER || information->si_code == SI_QUEUE || information->si_code == SI_TKILL;
    if (!from_process || information->si_pid == program)
        return;
    if (information->si_code != SI_QUEUE || sigqueue(program, number, information->si_value) != 0)
        kill(program, number);
}

static int wait_for_program(pid_t program, const sigset_t *passed)
{
    int wait_status = 0;
    while (!look_at_program(program, &wait_status)) {
        siginfo_t information;
        if (sigwaitinfo(passed, &information) > 0 && information.si_signo != SIGCHLD)
            pass_on(program, &information);
    }
    return wait_status;
}

static bool has_content(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && status.st_size > 0;
}

int supervise_program(const char *path, char **arguments, const struct supervision *supervision)
{
    sigset_t passed, before;
    struct sigaction child_before, child_default = {.sa_handler = SIG_DFL};
    fill_passed_signals(&passed);
    sigprocmask(SIG_BLOCK, &passed, &before);
    sigaction(SIGCHLD, &child_default, &child_before); /* inherited as ignored, it would lose the exit status */

    pid_t self = getpid();
    pid_t program = fork();
    if (program < 0) {
        complain("run", "cannot start a process for %s: %s", path, strerror(errno));
        supervision->clean_up();
        return STATUS_NOT_EXECUTABLE;
    }
    if (program == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != self)
            _exit(STATUS_FAILED);
        sigaction(SIGCHLD, &child_before, NULL);
        sigprocmask(SIG_SETMASK, &before, NULL);
        if (supervision->in_child != NULL)
            supervision->in_child();
        _exit(become_program(path, arguments));
    }
    let_go_of_files(supervision->keeps_stderr);
    int wait_status = wait_for_program(program, &passed);
    bool errors = supervision->verdict_path != NULL && has_content(supervision->verdict_path);
    if (supervision->after_end != NULL)
        supervision->after_end(supervision->context);
    supervision->clean_up();
    if (WIFSIGNALED(wait_status)) {
        die_by(WTERMSIG(wait_status));
        return 128 + WTERMSIG(wait_status);
    }
    return errors ? supervision->error_status : WEXITSTATUS(wait_status);
}
