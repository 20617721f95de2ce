/* The dispositions of the deadly signals, and of dump_signal: what the program thinks they are. See crash.h and dump.h.
 *
 * The C library's functions that set a signal's handler are exported here and keep what the program asks for these signals to themselves:
 * the kernel's handler is crash_on_signal(), or dump_on_signal(), with the program's mask and flags, so that the kernel does what these ask for. Who asks gets
 * the program's own answer. What is ignored is ignored by the kernel, because that outlives an exec. All other signals, and these five before Holdfast is
 * active, go through as they are.
 *
 * What was installed by a system call, or by the C library for itself (abort(), posix_spawn()), is not seen, and need not be: when the kernel has
 * another handler than ours, that is the truth. Nor is anything kept in a child that shares the memory of its parent (vfork).
 *
 * Any thread, any context: these functions are async-signal-safe, as the C library's are. No lock is held while a signal can come.
 */
#include "crash.h"
#include "dump.h"
#include "provider.h"
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

typedef int sigaction_function(int, const struct sigaction *, struct sigaction *);
typedef void (*handler_function)(int);

static const int numbers[CRASH_SIGNAL_COUNT] = {
#define X(name) name,
    CRASH_SIGNALS(X)
#undef X
};

/* One more, if dump_signal= names one; the same as an index of the tables here. */
#define DUMP_INDEX CRASH_SIGNAL_COUNT
static _Atomic int dump_signal; /* 0: none */
static _Atomic bool five_kept;  /* with dump_signal=, crash=0 leaves the five alone */

/* What the program has. The handler is read by the kernel's handler, which may interrupt whoever writes it. */
static struct {
    _Atomic uintptr_t handler;
    _Atomic int flags;
    sigset_t mask;
} virtual[CRASH_SIGNAL_COUNT + 1];
static _Atomic pid_t active_in; /* the process whose signals these are, 0: not active */
static _Atomic int lock;        /* of changes; with all signals blocked */

int sigchain_index(int signal)
{
    for (int i = 0; i < CRASH_SIGNAL_COUNT; i++)
        if (numbers[i] == signal)
            return i;
    return -1;
}

/* Where this signal stands in the tables, -1: it is not Holdfast's. */
static int kept_index(int signal)
{
    if (signal != 0 && signal == atomic_load_explicit(&dump_signal, memory_order_relaxed))
        return DUMP_INDEX;
    return atomic_load_explicit(&five_kept, memory_order_relaxed) ? sigchain_index(signal) : -1;
}

/* ---- the real functions ------------------------------------------------------------------------------------------------ */

/* Found at the first call, which is never one of a signal handler's: at_load() makes it. */
static void *real(_Atomic(void *) *place, const char *name)
{
    void *found = atomic_load_explicit(place, memory_order_relaxed);
    if (found == NULL) {
        found = next_symbol(name);
        atomic_store_explicit(place, found, memory_order_relaxed);
    }
    return found;
}

static _Atomic(void *) real_sigaction_place, real_signal_place, real_bsd_place, real_ssignal_place, real_sysv_place, real_sysv_too_place, real_sigset_place,
    real_sigignore_place, real_interrupt_place, real_stack_place;

static int real_sigaction(int signal, const struct sigaction *action, struct sigaction *old)
{
    return ((sigaction_function *)real(&real_sigaction_place, "sigaction"))(signal, action, old);
}

static int real_sigaltstack(const stack_t *stack, stack_t *old)
{
    return ((int (*)(const stack_t *, stack_t *))real(&real_stack_place, "sigaltstack"))(stack, old);
}

/* ---- the five --------------------------------------------------------------------------------------------------------------- */

static bool is_ours(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) != 0 && (action->sa_sigaction == crash_on_signal || action->sa_sigaction == dump_on_signal);
}

#if defined(__x86_64__)
#define RESTORER 0x04000000 /* the C library always sets it */
#else
#define RESTORER 0
#endif
/* Of flags that are not these the kernel knows whether it keeps them. */
#define KNOWN_FLAGS ((int)(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND | RESTORER))

/* What the kernel is to have where the program has this. */
static struct sigaction kernel_action(int index, const struct sigaction *wanted)
{
    struct sigaction action = *wanted;
    if (wanted->sa_handler == SIG_IGN)
        return action;
    action.sa_sigaction = index == DUMP_INDEX ? dump_on_signal : crash_on_signal;
    action.sa_flags = SA_SIGINFO | (wanted->sa_flags & (SA_ONSTACK | SA_NODEFER | SA_RESTART)) | (wanted->sa_flags & ~KNOWN_FLAGS);
    if (wanted->sa_handler != SIG_DFL)
        return action;
    /* The report wants a stack, no interruption but by what is its own fault, and that at once. */
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | (index == DUMP_INDEX ? 0 : SA_NODEFER) | SA_RESTART | (wanted->sa_flags & ~KNOWN_FLAGS);
    sigfillset(&action.sa_mask);
    for (int i = 0; i < CRASH_SIGNAL_COUNT; i++)
        sigdelset(&action.sa_mask, numbers[i]);
    return action;
}

static void keep(int index, const struct sigaction *action)
{
    virtual[index].mask = action->sa_mask;
    sigdelset(&virtual[index].mask, SIGKILL); /* as the kernel does */
    sigdelset(&virtual[index].mask, SIGSTOP);
    atomic_store(&virtual[index].flags, action->sa_flags);
    atomic_store(&virtual[index].handler, (uintptr_t)action->sa_handler);
}

static void tell(int index, struct sigaction *action)
{
    action->sa_mask = virtual[index].mask;
    action->sa_flags = (atomic_load(&virtual[index].flags) & KNOWN_FLAGS) | (action->sa_flags & ~KNOWN_FLAGS);
    action->sa_handler = (handler_function)atomic_load(&virtual[index].handler);
}

static void enter(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
    /* Bounded: in a child that came about unseen (a clone by a system call) the owner may not be there. */
    for (unsigned turn = 0; atomic_exchange_explicit(&lock, 1, memory_order_acquire) != 0 && turn < 100000; turn++)
        sched_yield();
}

static void leave(const sigset_t *before)
{
    int error = errno;
    atomic_store_explicit(&lock, 0, memory_order_release);
    pthread_sigmask(SIG_SETMASK, before, NULL);
    errno = error;
}

static bool is_kept(int signal)
{
    return atomic_load_explicit(&active_in, memory_order_acquire) != 0 && kept_index(signal) >= 0;
}

static int change(int signal, const struct sigaction *action, struct sigaction *old)
{
    int index = kept_index(signal);
    struct sigaction before = {0}, wanted, given;
    sigset_t mask;
    /* vfork's child: the kernel has its own table for it, and the one here is its parent's. */
    bool stranger = atomic_load(&active_in) != getpid();
    if (action != NULL)
        wanted = *action; /* before anything is locked: it may not be there */
    enter(&mask);
    int result = real_sigaction(signal, NULL, &before);
    if (result == 0 && is_ours(&before))
        tell(index, &before);
    if (result == 0 && action != NULL) {
        given = stranger ? wanted : kernel_action(index, &wanted);
        wanted.sa_flags |= RESTORER;
        if (!stranger)
            keep(index, &wanted);
        result = real_sigaction(signal, &given, NULL);
    }
    leave(&mask);
    if (result == 0 && old != NULL)
        *old = before;
    return result;
}

struct sigchain_handler sigchain_handler(int signal)
{
    int index = kept_index(signal);
    return (struct sigchain_handler){atomic_load(&virtual[index].handler), atomic_load(&virtual[index].flags)};
}

void sigchain_reset(int signal)
{
    struct sigaction action;
    change(signal, NULL, &action);
    action.sa_handler = SIG_DFL;
    change(signal, &action, NULL);
}

void sigchain_give_up(int signal)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    real_sigaction(signal, &action, NULL);
}

void sigchain_activate(void)
{
    struct sigaction before;
    atomic_store(&five_kept, true);
    atomic_store(&active_in, getpid());
    for (int i = 0; i < CRASH_SIGNAL_COUNT; i++)
        if (real_sigaction(numbers[i], NULL, &before) == 0 && !is_ours(&before)) {
            change(numbers[i], &before, NULL);
            atomic_store(&virtual[i].flags, before.sa_flags);
        }
}

void sigchain_watch(int signal)
{
    struct sigaction before;
    atomic_store(&dump_signal, signal);
    atomic_store(&active_in, getpid());
    if (real_sigaction(signal, NULL, &before) == 0 && !is_ours(&before)) {
        change(signal, &before, NULL);
        atomic_store(&virtual[DUMP_INDEX].flags, before.sa_flags);
    }
}

void sigchain_after_fork_child(void)
{
    if (atomic_load(&active_in) == 0)
        return;
    atomic_store(&lock, 0);
    atomic_store(&active_in, getpid());
}

/* ---- the exported functions --------------------------------------------------------------------------------------------------- */

static __attribute__((constructor)) void at_load(void)
{
    real(&real_sigaction_place, "sigaction");
    real(&real_stack_place, "sigaltstack");
}

EXPORTED int sigaction(int signal, const struct sigaction *action, struct sigaction *old)
{
    return is_kept(signal) ? change(signal, action, old) : real_sigaction(signal, action, old);
}

static _Atomic bool interrupts[CRASH_SIGNAL_COUNT + 1]; /* siginterrupt(3) was asked for */

static handler_function set_handler(int signal, handler_function handler, int flags, bool blocks_itself)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags}, old;
    if (handler == SIG_ERR) {
        errno = EINVAL;
        return SIG_ERR;
    }
    if (blocks_itself)
        sigaddset(&action.sa_mask, signal);
    return change(signal, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

static handler_function bsd(int number, handler_function handler, _Atomic(void *) *place, const char *name)
{
    if (!is_kept(number))
        return ((handler_function(*)(int, handler_function))real(place, name))(number, handler);
    return set_handler(number, handler, atomic_load(&interrupts[kept_index(number)]) ? 0 : SA_RESTART, true);
}

EXPORTED handler_function signal(int number, handler_function handler)
{
    return bsd(number, handler, &real_signal_place, "signal");
}

handler_function bsd_signal(int number, handler_function handler);
EXPORTED handler_function bsd_signal(int number, handler_function handler)
{
    return bsd(number, handler, &real_bsd_place, "bsd_signal");
}

EXPORTED handler_function ssignal(int number, handler_function handler)
{
    return bsd(number, handler, &real_ssignal_place, "ssignal");
}

#define SA_INTERRUPT_FLAG 0x20000000

static handler_function system_v(int number, handler_function handler, _Atomic(void *) *place, const char *name)
{
    if (!is_kept(number))
        return ((handler_function(*)(int, handler_function))real(place, name))(number, handler);
    return set_handler(number, handler, (int)SA_RESETHAND | SA_NODEFER | SA_INTERRUPT_FLAG, false);
}

EXPORTED handler_function sysv_signal(int number, handler_function handler)
{
    return system_v(number, handler, &real_sysv_place, "sysv_signal");
}

EXPORTED handler_function __sysv_signal(int number, handler_function handler)
{
    return system_v(number, handler, &real_sysv_too_place, "__sysv_signal");
}

EXPORTED handler_function sigset(int number, handler_function handler)
{
    if (!is_kept(number))
        return ((handler_function(*)(int, handler_function))real(&real_sigset_place, "sigset"))(number, handler);
    sigset_t this_one, before;
    sigemptyset(&this_one);
    sigaddset(&this_one, number);
    handler_function old;
    if (handler == SIG_HOLD) {
        struct sigaction action;
        pthread_sigmask(SIG_BLOCK, &this_one, &before);
        old = change(number, NULL, &action) == 0 ? action.sa_handler : SIG_ERR;
    } else {
        old = set_handler(number, handler, 0, false);
        if (old == SIG_ERR)
            return SIG_ERR;
        pthread_sigmask(SIG_UNBLOCK, &this_one, &before);
    }
    return sigismember(&before, number) == 1 ? SIG_HOLD : old;
}

EXPORTED int sigignore(int number)
{
    if (!is_kept(number))
        return ((int (*)(int))real(&real_sigignore_place, "sigignore"))(number);
    return set_handler(number, SIG_IGN, 0, false) == SIG_ERR ? -1 : 0;
}

EXPORTED int siginterrupt(int number, int interrupt)
{
    if (!is_kept(number))
        return ((int (*)(int, int))real(&real_interrupt_place, "siginterrupt"))(number, interrupt);
    struct sigaction action;
    if (change(number, NULL, &action) != 0)
        return -1;
    atomic_store(&interrupts[kept_index(number)], interrupt != 0);
    action.sa_flags = interrupt ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
    return change(number, &action, NULL);
}

/* The alternate stack that a thread got from Holdfast is none of the program's: it has none then. */
EXPORTED int sigaltstack(const stack_t *stack, stack_t *old)
{
    stack_t before;
    bool gives_up = stack != NULL && (stack->ss_flags & SS_DISABLE) != 0;
    int result = real_sigaltstack(stack, &before);
    if (result != 0)
        return result;
    if (crash_stack_is_ours(&before))
        before = (stack_t){.ss_flags = SS_DISABLE};
    if (gives_up)
        crash_stack_again();
    if (old != NULL)
        *old = before;
    return 0;
}
