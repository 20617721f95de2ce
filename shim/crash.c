/* The handler of the deadly signals: see crash.h.
 *
 * A handler of the program's runs first, as if the kernel had called it: mask and flags are in the kernel's hands, so all that happens before it is some
 * stores. It may repair the fault, jump away, or never come back; then nothing is told. Where the program has none, the report is written, and then the
 * kernel gets SIG_DFL: a fault happens again when the handler returns, and a signal that somebody sent is sent again with all that came with it. So the
 * process dies of the same signal, with the same registers in its core.
 *
 * abort() kills the process also when a handler of its signal returns, by ways of its own that are not seen here: then the report is written when that handler has
 * returned. A handler of the program's that gives up sets SIG_DFL, or an earlier handler, and returns or raises the signal again. What the report is about
 * is what it was first called for.
 *
 * Stacks: the handler begins on the thread's alternate stack, which may be the program's and tiny, and goes on at once on one of its own. A handler of the
 * program's that asked for the alternate stack in a thread to which only Holdfast gave one runs where it would have run: on the stack that was interrupted.
 *
 * One thread reports. Its own faults meanwhile end the part of the report in which they happen; another thread that crashes waits, with a bound, until the report is
 * written. All of the report together has a bound in time, by a timer that sends the very signal that is being reported.
 */
#include "crash.h"
#include "context.h"
#include "counters.h"
#include "provider.h"
#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define ALTERNATE_BYTES (128u * 1024) /* also for handlers of other signals that asked for one */
#define EMERGENCY_BYTES (512u * 1024)
#define GUARD_BYTES 4096u
#define RED_ZONE 128u
#define REPORT_SECONDS 5
#define WAIT_SECONDS 8
#define FAULTS_MAX 64u

/* A signal for which a handler of the program's runs. Lives on the stack of run_handler(). */
struct delivery {
    struct delivery *outer;
    struct crash crash;
};

static __thread struct {
    struct delivery *deliveries; /* innermost; those that a longjmp left are there still */
    struct crash last;           /* the first of a signal that may come again when its handler has returned */
    uintptr_t stack;             /* the alternate stack that it was given, 0: none */
    bool reporting;
} here __attribute__((tls_model("initial-exec")));

static _Atomic pid_t process;        /* in which the handler is installed */
static _Atomic int32_t reporter;     /* number of the thread that reports */
static _Atomic int32_t finished;     /* futex word: 1 when the report is written */
static uint8_t *emergency;           /* its upper end; NULL: not active */
static void *alternates[THREAD_RECORDS + 1]; /* by call cell */
static struct crash reported;

/* A child that shares its parent's memory (vfork), or came about unseen, has nothing to tell. */
static bool is_in_force(void)
{
    return emergency != NULL && atomic_load(&process) == getpid();
}

bool crash_is_reporting(void)
{
    return here.reporting;
}

int crash_signal(void)
{
    return reported.signal;
}

/* ---- alternate stacks ---------------------------------------------------------------------------------------------------- */

static void *new_stack(size_t bytes)
{
    uint8_t *stack = mmap(NULL, bytes + GUARD_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return NULL;
    mprotect(stack, GUARD_BYTES, PROT_NONE);
    return stack + GUARD_BYTES;
}

static int kernel_stack(const stack_t *stack, stack_t *old)
{
    return (int)syscall(SYS_sigaltstack, stack, old);
}

/* The stack of a cell goes with it from a thread that ended to the next. */
void crash_enter_thread(unsigned number)
{
    stack_t old;
    int error = errno;
    if (emergency != NULL && number <= THREAD_RECORDS && kernel_stack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE) != 0) {
        if (alternates[number] == NULL)
            alternates[number] = new_stack(ALTERNATE_BYTES);
        if (alternates[number] != NULL) {
            here.stack = (uintptr_t)alternates[number];
            if (kernel_stack(&(stack_t){.ss_sp = alternates[number], .ss_size = ALTERNATE_BYTES}, NULL) != 0)
                here.stack = 0;
        }
    }
    errno = error;
}

bool crash_stack_is_ours(const stack_t *stack)
{
    return here.stack != 0 && (stack->ss_flags & SS_DISABLE) == 0 && (uintptr_t)stack->ss_sp == here.stack;
}

void crash_stack_again(void)
{
    int error = errno;
    if (here.stack != 0)
        kernel_stack(&(stack_t){.ss_sp = (void *)here.stack, .ss_size = ALTERNATE_BYTES}, NULL);
    errno = error;
}

static bool on_our_stack(uintptr_t address)
{
    return here.stack != 0 && address - here.stack < ALTERNATE_BYTES;
}

/* ---- what came ------------------------------------------------------------------------------------------------------------ */

static bool was_sent(const siginfo_t *info)
{
    /* A hardware error that the kernel found by itself does not come again by itself either. */
    return info->si_code <= 0 || (info->si_signo == SIGBUS && info->si_code == BUS_MCEERR_AO);
}

static void look(struct crash *crash, int signal, const siginfo_t *info, const ucontext_t *context)
{
    memset(crash, 0, sizeof *crash);
    crash->signal = crash->first_signal = signal;
    crash->code = info->si_code;
    crash->sender = info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE ? info->si_pid : 0;
    crash->has_address = info->si_code > 0 && info->si_code != SI_KERNEL && signal != SIGABRT;
    crash->address = crash->has_address ? (uintptr_t)info->si_addr : 0;
#if defined(__x86_64__)
    crash->instruction = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    crash->sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
    crash->fp = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
#else
    crash->instruction = context->uc_mcontext.pc;
    crash->sp = context->uc_mcontext.sp;
    crash->fp = context->uc_mcontext.regs[29];
#endif
}

/* ---- the program's own handlers ---------------------------------------------------------------------------------------------- */

static bool is_readable(uintptr_t address)
{
    char byte;
    struct iovec local = {&byte, 1}, remote = {(void *)address, 1};
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1 || errno != EFAULT;
}

/* Is there no stack left on which the kernel could have called a handler? Asked where a fault is near the stack pointer only. */
static bool has_overflown(const struct crash *crash)
{
    const uintptr_t near = 65536;
    if (!crash->has_address || crash->address + near < crash->sp || crash->address > crash->sp + GUARD_BYTES)
        return false;
    return !is_readable(crash->sp - RED_ZONE - 8);
}

static void call_handler(void *handler, void *info, void *context)
{
    ((void (*)(int, siginfo_t *, void *))handler)(((siginfo_t *)info)->si_signo, info, context);
}

static void report_abort(siginfo_t *info, void *context);

static __attribute__((noinline)) void run_handler(struct delivery *delivery, const struct sigchain_handler *handler, siginfo_t *info, void *context)
{
    /* One that lies deeper in the same stack than this was left by a jump. */
    delivery->outer = (uintptr_t)here.deliveries > (uintptr_t)delivery ? here.deliveries : NULL;
    here.deliveries = delivery;
    here.last = delivery->crash;
    if (handler->flags & (int)SA_RESETHAND)
        sigchain_reset(info->si_signo);
    if (on_our_stack((uintptr_t)delivery) && !on_our_stack(delivery->crash.sp))
        crash_call_on_stack((void *)((delivery->crash.sp - RED_ZONE) & ~(uintptr_t)15), call_handler, (void *)handler->handler, info, context);
    else
        call_handler((void *)handler->handler, info, context);
    here.deliveries = delivery->outer;
    if (info->si_signo == SIGABRT && info->si_code == SI_TKILL && info->si_pid == getpid())
        report_abort(info, context);
}

/* ---- the report, guarded -------------------------------------------------------------------------------------------------------- */

struct guard {
    void *jump[5];
    struct guard *outer;
};
static struct guard *_Atomic innermost, *_Atomic outermost;
static unsigned faults;

static void set_mask(void)
{
    uint64_t mask = ~UINT64_C(0);
#define X(name) mask &= ~(UINT64_C(1) << (name - 1));
    CRASH_SIGNALS(X)
#undef X
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
}

__attribute__((noinline)) bool crash_guarded(void (*work)(void *), void *context)
{
    struct guard guard;
    struct guard *volatile outer = atomic_load(&innermost);
    volatile bool whole = false;
    if (__builtin_setjmp(guard.jump) == 0) {
        atomic_store(&innermost, &guard);
        work(context);
        whole = true;
    } else {
        set_mask(); /* the kernel's for this fault is in force */
    }
    atomic_store(&innermost, outer);
    return whole;
}

static __attribute__((noinline)) void within_time(void (*work)(void *), void *context)
{
    struct guard guard;
    if (__builtin_setjmp(guard.jump) == 0) {
        atomic_store(&outermost, &guard);
        crash_guarded(work, context);
    } else {
        set_mask();
    }
    atomic_store(&outermost, NULL);
    atomic_store(&innermost, NULL);
}

static void end(int signal, siginfo_t *info, bool again);

/* A fault of the report itself, or its time is up. */
static void interrupted(int signal, siginfo_t *info)
{
    struct guard *guard = NULL;
    if (info->si_code == SI_TIMER)
        guard = atomic_load(&outermost);
    else if (was_sent(info) && signal != SIGABRT)
        return; /* from elsewhere: this process is dying already */
    else if (faults++ < FAULTS_MAX)
        guard = atomic_load(&innermost);
    if (guard != NULL)
        __builtin_longjmp(guard->jump, 1);
    siginfo_t first = {.si_signo = reported.signal, .si_code = SI_TKILL};
    end(reported.signal, &first, true);
    uint64_t none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
    _exit(128 + reported.signal); /* never reached */
}

/* What `reported` says of the first signal: of the outermost one for which a handler of the program's runs, or ran until just now. */
static void prefer_first(void *info)
{
    const struct crash *first = NULL;
    struct delivery *delivery = here.deliveries;
    for (unsigned depth = 0; delivery != NULL && depth < 8; depth++, delivery = delivery->outer)
        if (crash_walk_meets(&reported, (uintptr_t)delivery))
            first = &delivery->crash;
    if (first == NULL && was_sent(info) && here.last.signal == reported.signal && here.last.instruction == reported.instruction && here.last.sp == reported.sp)
        first = &here.last;
    if (first == NULL)
        return;
    int signal = reported.signal;
    reported = *first;
    reported.signal = signal;
}

static bool wanted; /* of a report after a handler of SIGABRT: it was abort() that raised it */

static void look_for_abort(void *unused)
{
    (void)unused;
    wanted = crash_walk_finds(&reported, "abort");
}

static void write_report(void *info)
{
    if (!wanted)
        crash_guarded(look_for_abort, NULL);
    if (!wanted)
        return;
    crash_guarded(prefer_first, info);
    crash_report(&reported);
}

static void report_on_own_stack(void *info, void *unused, void *unused_too)
{
    (void)unused;
    (void)unused_too;
    /* Nested faults come onto this stack, and not over what the kernel saved on the other one. When the handler returns the kernel sets the old one again. */
    kernel_stack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    set_mask();
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = reported.signal};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    int timer = 0;
    bool timed = syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0;
    if (timed) {
        const struct itimerspec time = {.it_value.tv_sec = REPORT_SECONDS, .it_interval.tv_sec = 1};
        syscall(SYS_timer_settime, timer, 0, &time, NULL);
    }
    within_time(write_report, info);
    if (timed)
        syscall(SYS_timer_delete, timer);
}

/* ---- the end -------------------------------------------------------------------------------------------------------------------- */

/* What would have happened without us happens when the handler returns: the fault once more, or the signal, `again`. */
static void end(int signal, siginfo_t *info, bool again)
{
    sigchain_give_up(signal);
    if (!again)
        return;
    uint64_t one = UINT64_C(1) << (signal - 1);
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &one, NULL, sizeof one);
    pid_t pid = getpid(), thread = (pid_t)syscall(SYS_gettid);
    if (syscall(SYS_rt_tgsigqueueinfo, pid, thread, signal, info) != 0)
        syscall(SYS_tgkill, pid, thread, signal);
}

static void wait_for_report(void)
{
    const struct timespec patience = {.tv_sec = WAIT_SECONDS};
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    for (time_t until = now.tv_sec + WAIT_SECONDS; atomic_load(&finished) == 0 && now.tv_sec < until; clock_gettime(CLOCK_MONOTONIC, &now))
        syscall(SYS_futex, &finished, FUTEX_WAIT_PRIVATE, 0, &patience, NULL, 0);
}

/* By the thread that has become the reporter. */
static void report(int signal, siginfo_t *info, void *context, bool for_certain)
{
    look(&reported, signal, info, context);
    wanted = for_certain;
    here.reporting = true;
    crash_call_on_stack(emergency, report_on_own_stack, info, NULL, NULL);
    here.reporting = false;
    if (!wanted) {
        memset(&reported, 0, sizeof reported);
        atomic_store(&reporter, 0);
        return;
    }
    atomic_store(&finished, 1);
    syscall(SYS_futex, &finished, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

static bool take_waiting_abort(siginfo_t *waiting)
{
    const uint64_t abort_only = UINT64_C(1) << (SIGABRT - 1);
    const struct timespec now = {0};
    return syscall(SYS_rt_sigtimedwait, &abort_only, waiting, &now, sizeof abort_only) == SIGABRT; /* the C library's changes who sent it */
}

static __attribute__((noinline)) void report_abort(siginfo_t *info, void *context)
{
    int32_t nobody = 0, self = (int32_t)syscall(SYS_gettid);
    int error = errno;
    sigset_t mask;
    if (!is_in_force() || !atomic_compare_exchange_strong(&reporter, &nobody, self))
        return;
    pthread_sigmask(SIG_SETMASK, NULL, &mask); /* the kernel sets the alternate stack again by itself */
    /* One more that the handler sent, as crash reporters do when they have put back the disposition of before: it waits for the handler's end, and is not to be
     * taken for an abort of the report's own, which unblocks the signal. */
    siginfo_t waiting;
    bool waited = take_waiting_abort(&waiting);
    report(SIGABRT, info, context, false);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (waited)
        syscall(SYS_rt_tgsigqueueinfo, getpid(), self, SIGABRT, &waiting);
    errno = error;
}

/* `overflown`: the kernel wanted to call a handler of the program's, and there was no stack for it. */
static __attribute__((noinline)) void die(int signal, siginfo_t *info, void *context, bool overflown)
{
    siginfo_t by_kernel = {.si_signo = SIGSEGV, .si_code = SI_KERNEL};
    siginfo_t *last = overflown ? &by_kernel : info;
    const bool again = overflown || was_sent(info);
    int32_t nobody = 0, self = (int32_t)syscall(SYS_gettid);
    int error = errno;
    if (is_in_force()) {
        if (atomic_compare_exchange_strong(&reporter, &nobody, self))
            report(signal, info, context, true);
        else
            wait_for_report();
    }
    end(last->si_signo, last, again);
    errno = error;
}

void crash_on_signal(int signal, siginfo_t *info, void *context)
{
    if (signal == SIGSEGV && info->si_code == SI_KERNEL && counters_forgive_clock(context))
        return;
    if (unlikely(here.reporting)) {
        interrupted(signal, info);
        return;
    }
    struct sigchain_handler handler = sigchain_handler(signal);
    struct delivery delivery;
    if (handler.handler == (uintptr_t)SIG_IGN)
        return;
    if (handler.handler != (uintptr_t)SIG_DFL) {
        look(&delivery.crash, signal, info, context);
        if (!on_our_stack((uintptr_t)&delivery) || on_our_stack(delivery.crash.sp) || !has_overflown(&delivery.crash)) {
            run_handler(&delivery, &handler, info, context);
            return;
        }
        /* The kernel could not have called it. */
    }
    die(signal, info, context, handler.handler != (uintptr_t)SIG_DFL);
}

/* ---- beginning ------------------------------------------------------------------------------------------------------------------- */

void crash_activate(void)
{
    if (!holdfast_options.crash)
        return;
    uint8_t *stack = new_stack(EMERGENCY_BYTES);
    if (stack == NULL)
        return;
    crash_report_prepare();
    atomic_store(&process, getpid());
    emergency = stack + EMERGENCY_BYTES;
    sigchain_activate();
}

void crash_after_fork_child(void)
{
    if (emergency == NULL)
        return;
    sigchain_after_fork_child();
    memset(&reported, 0, sizeof reported);
    here.reporting = false;
    atomic_store(&reporter, 0);
    atomic_store(&finished, 0);
    faults = 0;
    atomic_store(&process, getpid());
}
