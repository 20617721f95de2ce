/* Ways to die, and faults that somebody handles: death_test.py runs each of them with and without Holdfast. The argument names one.
 *
 * What stands in stacks is not static, so that its name is known. Each first makes handles, and says so, so that there is something to tell of. What is printed must be the same with Holdfast. */
#include <assert.h>
#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_virtualmem.h>
#include <errno.h>
#include <fcntl.h>
#include <gdal.h>
#include <ogr_api.h>
#include <proj.h>
#include <geos_c.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WILD ((void *)0x123456789000)

static OGRFeatureDefnH definition;
static OGRFeatureH feature;
static GDALDatasetH raster;
static GDALRasterBandH band;
static volatile int zero;
static volatile char *volatile nowhere;

static void prepare(void)
{
    GDALAllRegister();
    definition = OGR_FD_Create("roads");
    OGR_FD_Reference(definition);
    OGRFieldDefnH field = OGR_Fld_Create("name", OFTString);
    OGR_FD_AddFieldDefn(definition, field);
    OGR_Fld_Destroy(field);
    feature = OGR_F_Create(definition);
    raster = GDALCreate(GDALGetDriverByName("MEM"), "grid", 64, 64, 2, GDT_Byte, NULL);
    band = GDALGetRasterBand(raster, 2);
    long number = (long)OGR_F_GetFID(feature);
    printf("ready %ld", number);
    printf(" %d\n", GDALGetRasterBandXSize(band));
    fflush(stdout);
}

/* ---- outside the libraries */

void null_outside(void) { *nowhere = 1; }
void wild_outside(void) { *(volatile char *)WILD = 1; }
void noncanonical(void) { *(volatile char *)0xdeadbeefdeadbeef = 1; }
void call_null(void) { ((void (*volatile)(void))nowhere)(); }
void call_wild(void) { ((void (*volatile)(void))WILD)(); }
void divide(void) { printf("%d\n", 7 / zero); }
void illegal(void) { __builtin_trap(); }
void write_constant(void) { *(volatile char *)(uintptr_t)"constant" = 1; }
void inside_handle(void) { *(volatile char *)((uintptr_t)feature + (1ul << 46)) = 1; }

void truncated(void)
{
    char name[] = "/tmp/holdfast_death_XXXXXX";
    int file = mkstemp(name);
    unlink(name);
    if (ftruncate(file, 8192) != 0)
        return;
    volatile char *map = mmap(NULL, 8192, PROT_READ, MAP_SHARED, file, 0);
    if (ftruncate(file, 0) == 0)
        printf("%d\n", map[4096]);
}

/* ---- inside them */

void null_inside(void) { printf("%d\n", GDALRasterIO(band, GF_Read, 0, 0, 64, 64, (void *)16, 64, 64, GDT_Byte, 0, 0)); }
void wild_inside(void) { OGR_F_SetFieldString(feature, 0, WILD); }

void geos_inside(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSWKBReader *reader = GEOSWKBReader_create_r(context);
    GEOSWKBReader_read_r(context, reader, WILD, 1000);
}

void proj_inside(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ *pj = proj_create(context, "+proj=utm +zone=32");
    proj_trans_array(pj, PJ_FWD, 1000, WILD);
}

int crash_in_progress(double done, const char *message, void *data)
{
    (void)done, (void)message, (void)data;
    *nowhere = 1;
    return 1;
}

void callback(void) { GDALComputeRasterStatistics(band, 0, NULL, NULL, NULL, NULL, crash_in_progress, NULL); }

void error_handler_aborts(CPLErr class, CPLErrorNum number, const char *message)
{
    (void)class, (void)number, (void)message;
    abort();
}

void abort_inside(void)
{
    CPLSetErrorHandler(error_handler_aborts);
    printf("%p\n", GDALOpen("/nonexistent.tif", GA_ReadOnly));
}

void null_handle(void)
{
    signal(SIGSEGV, SIG_DFL);
    OGR_F_GetFieldAsString(feature, 0);
    kill(getpid(), SIGSEGV);
    pause();
}

void corrupt_free(void)
{
    *(void **)feature = WILD; /* the virtual table of the object */
    OGR_F_Destroy(feature);
}

/* ---- signals that are sent */

void aborts(void) { abort(); }
static void returns(int number)
{
    static const char text[] = "aborting\n";
    if (number != SIGABRT || write(STDOUT_FILENO, text, sizeof text - 1) < 0)
        _exit(9);
}
void aborts_against_handler(void)
{
    signal(SIGABRT, returns);
    raise(SIGABRT); /* that alone kills nobody */
    abort();
}
void asserts(void) { assert(zero == 1); }
void raises(void) { raise(SIGSEGV); }
void kills(void) { kill(getpid(), SIGBUS); pause(); }
void kills_hard(void) { raise(SIGKILL); }
void terminates(void) { raise(SIGTERM); }

void queues(void)
{
    sigqueue(getpid(), SIGILL, (union sigval){.sival_int = 42});
    pause();
}

void waits(void)
{
    for (;;)
        pause();
}

/* ---- no memory */

void out_of_memory(void)
{
    setrlimit(RLIMIT_AS, &(struct rlimit){600u << 20, 600u << 20});
    while (CPLMalloc(16 << 20) != NULL) /* ends by abort() in CPLError's fatal way */
        ;
}

void eats_memory(void)
{
    OGRFeatureH own = OGR_F_Create(definition);
    for (long i = 0;; i++) {
        OGR_F_SetFID(own, i);
        char *block = malloc(1 << 20);
        if (block != NULL)
            memset(block, 1, 1 << 20);
    }
}

/* ---- stacks */

__attribute__((noinline)) int deeper(int depth)
{
    volatile char room[1000];
    memset((void *)(uintptr_t)room, depth, sizeof room);
    return deeper(depth + 1) + room[depth % 1000];
}
void overflow(void) { printf("%d\n", deeper(0)); }

static void *overflow_in_thread(void *unused)
{
    (void)unused;
    printf("%d\n", OGR_F_GetFieldCount(feature));
    fflush(stdout);
    overflow();
    return NULL;
}

static void run_thread(void *(*function)(void *))
{
    pthread_t thread;
    pthread_create(&thread, NULL, function, NULL);
    pthread_join(thread, NULL);
}
void thread_overflow(void) { run_thread(overflow_in_thread); }

void *crash_in_thread(void *unused)
{
    (void)unused;
    pthread_setname_np(pthread_self(), "crasher");
    OGRFeatureH own = OGR_F_Create(definition);
    printf("%d\n", OGR_F_GetFieldCount(own));
    fflush(stdout);
    *nowhere = 1;
    return NULL;
}
void thread_null(void) { run_thread(crash_in_thread); }

void destroyed_stack(void)
{
#if defined(__x86_64__)
    __asm__ volatile("movq $0x1238, %%rsp; movq $0x4567, %%rbp; movq 0, %%rax" ::: "memory");
#else
    *nowhere = 1;
#endif
}

static _Atomic int busy;
static void *work(void *number)
{
    char name[16];
    snprintf(name, sizeof name, "worker %ld", (long)(intptr_t)number);
    pthread_setname_np(pthread_self(), name);
    OGRFeatureH own = OGR_F_Create(definition);
    for (int i = 0;; i++) {
        OGR_F_SetFID(own, i);
        if (i == 100)
            busy++;
    }
    return NULL;
}

void many_threads(void)
{
    pthread_t thread;
    for (intptr_t i = 0; i < 4; i++)
        pthread_create(&thread, NULL, work, (void *)i);
    while (busy != 4)
        sched_yield();
    *nowhere = 1;
}

void *crash_together(void *unused)
{
    OGR_F_GetFieldCount(feature);
    busy++;
    while (busy < 8)
        ;
    *nowhere = 1;
    return unused;
}

void all_at_once(void)
{
    pthread_t thread[8];
    for (int i = 0; i < 8; i++)
        pthread_create(&thread[i], NULL, crash_together, NULL);
    for (int i = 0; i < 8; i++)
        pthread_join(thread[i], NULL);
}

/* ---- in the midst of Holdfast's own work: the signal comes from another thread at any instant */

static pthread_t main_thread;
static void *shoot(void *unused)
{
    while (busy < 1000)
        sched_yield();
    pthread_kill(main_thread, SIGSEGV);
    return unused;
}

static void under_fire(void (*once)(void))
{
    pthread_t thread;
    main_thread = pthread_self();
    pthread_create(&thread, NULL, shoot, NULL);
    for (;; busy++)
        once();
}

static void make_and_free(void)
{
    OGR_F_Destroy(OGR_F_Create(definition));
    GDALDatasetH other = GDALCreate(GDALGetDriverByName("MEM"), "", 1, 1, 1, GDT_Byte, NULL);
    GDALGetRasterBand(other, 1);
    GDALClose(other);
}
void in_free(void) { under_fire(make_and_free); }

static void hold_once(void)
{
    PJ_CONTEXT *context = proj_context_create();
    PJ *pj = proj_create(context, "+proj=noop");
    proj_context_destroy(context);
    (void)pj;
}
void in_hold(void) { under_fire(hold_once); }

static __attribute__((noinline)) void from_depth(int depth)
{
    if (depth > 0)
        from_depth(depth - 1);
    else
        OGR_G_DestroyGeometry(OGR_G_CreateGeometry(wkbPoint));
    __asm__ volatile("");
}
static void stack_once(void) { from_depth((int)(busy % 60)); }
void in_stack(void) { under_fire(stack_once); }

static void fork_once(void)
{
    busy += 100;
    pid_t child = fork();
    if (child == 0) {
        OGR_F_GetFID(feature);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}
void in_fork(void) { under_fire(fork_once); }

/* ---- children, and the end */

static void tell_child(pid_t child)
{
    int status = 0;
    waitpid(child, &status, 0);
    printf("child: signal %d, core %d, status %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0, WIFSIGNALED(status) && WCOREDUMP(status), WIFEXITED(status) ? WEXITSTATUS(status) : 0);
    printf("%ld\n", (long)OGR_F_GetFID(feature));
}

void fork_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        OGR_F_GetFieldCount(feature);
        *nowhere = 1;
    }
    tell_child(child);
}

void vfork_child(void)
{
    pid_t child = vfork();
    if (child == 0) {
        *nowhere = 1;
        _exit(1);
    }
    tell_child(child);
    *nowhere = 1; /* and the parent has not lost its report */
}

void vfork_sets_signals(void)
{
    pid_t child = vfork();
    if (child == 0) {
        signal(SIGSEGV, SIG_IGN);
        signal(SIGABRT, SIG_IGN);
        execl("/bin/sh", "sh", "-c", "kill -ABRT $$; echo the shell lives", NULL);
        _exit(1);
    }
    tell_child(child);
    *nowhere = 1;
}

void ignored_by_exec(void)
{
    signal(SIGABRT, SIG_IGN);
    execl("/bin/sh", "sh", "-c", "kill -ABRT $$; echo still here", NULL);
}

static void crash_in_child_handler(void) { *nowhere = 1; }
void atfork_child(void)
{
    pthread_atfork(NULL, NULL, crash_in_child_handler);
    tell_child(fork());
}

void crash_at_exit(void) { *nowhere = 1; }
void at_the_exit(void)
{
    atexit(crash_at_exit);
    exit(3);
}

static bool crash_late;
__attribute__((destructor)) void late(void)
{
    if (crash_late)
        *nowhere = 1;
}
void in_destructor(void)
{
    crash_late = true;
    exit(3);
}

/* ---- faults that somebody handles */

static sigjmp_buf back;
static volatile int handled;
static char *page;

static void jump_back(int number)
{
    (void)number;
    handled++;
    siglongjmp(back, 1);
}

void jumps(void)
{
    signal(SIGSEGV, jump_back);
    for (int i = 0; i < 1000; i++)
        if (sigsetjmp(back, 1) == 0)
            *nowhere = 1;
    printf("handled %d\n", handled);
}

void jumps_then_dies(void)
{
    jumps();
    signal(SIGSEGV, SIG_DFL);
    from_depth(3);
    *nowhere = 1;
}

static void open_page(int number, siginfo_t *info, void *context)
{
    (void)context;
    handled += number == SIGSEGV && info->si_addr == page && info->si_code == SEGV_ACCERR;
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

void repairs(void)
{
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction action = {.sa_sigaction = open_page, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    *page = 7;
    printf("handled %d %d\n", handled, *page);
}

void repairs_once(void)
{
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction action = {.sa_sigaction = open_page, .sa_flags = SA_SIGINFO | SA_RESETHAND}, now;
    sigaction(SIGSEGV, &action, NULL);
    *page = 7;
    sigaction(SIGSEGV, NULL, &now);
    printf("handled %d, reset %d\n", handled, now.sa_handler == SIG_DFL);
    fflush(stdout);
    *nowhere = 1;
}

char *main_frame;
static void show_mask(int number, siginfo_t *info, void *context)
{
    sigset_t mask;
    stack_t stack;
    char here;
    (void)info, (void)context;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    sigaltstack(NULL, &stack);
    /* Where does it run? Far from main's frames only on an alternate stack. */
    bool away = labs((long)((uintptr_t)&here - (uintptr_t)main_frame)) > 65536;
    printf("in the handler of %d: itself %d, usr1 %d, usr2 %d, stack %s, away %d\n", number, sigismember(&mask, number), sigismember(&mask, SIGUSR1), sigismember(&mask, SIGUSR2),
           stack.ss_flags & SS_DISABLE ? "none" : stack.ss_flags & SS_ONSTACK ? "alternate" : "set", away);
    fflush(stdout);
    siglongjmp(back, 1);
}

static char own_stack[1 << 16];
void flags(void)
{
    static const int wanted[] = {0, SA_NODEFER, SA_ONSTACK, SA_ONSTACK | SA_NODEFER | SA_RESTART};
    for (int own = 0; own < 2; own++) {
        if (own)
            sigaltstack(&(stack_t){.ss_sp = own_stack, .ss_size = sizeof own_stack}, NULL);
        for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
            struct sigaction action = {.sa_sigaction = show_mask, .sa_flags = SA_SIGINFO | wanted[i]}, now;
            sigaddset(&action.sa_mask, SIGUSR2);
            sigaction(SIGSEGV, &action, NULL);
            sigaction(SIGSEGV, NULL, &now);
            printf("flags %x, mask %d %d, same %d\n", now.sa_flags, sigismember(&now.sa_mask, SIGUSR2), sigismember(&now.sa_mask, SIGUSR1), now.sa_sigaction == show_mask);
            if (sigsetjmp(back, 1) == 0)
                *nowhere = 1;
        }
        if (own) {
            stack_t old;
            printf("give up %d", sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, &old));
            printf(", was %d\n", old.ss_sp == own_stack);
            printf("now %d\n", sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE) != 0);
        }
    }
}

static void other_handler(int number) { (void)number; }

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
typedef void (*handler)(int);
extern handler bsd_signal(int, handler), sysv_signal(int, handler), ssignal(int, handler);
static const char *word(handler one) { return one == SIG_DFL ? "default" : one == SIG_IGN ? "ignore" : one == SIG_ERR ? "error" : one == SIG_HOLD ? "hold" : one == jump_back ? "jump" : one == other_handler ? "other" : "?"; }

void family(void)
{
    static const int numbers[] = {SIGSEGV, SIGABRT, SIGUSR1, 0, 65};
    for (unsigned i = 0; i < 5; i++) {
        int number = numbers[i];
        struct sigaction now;
        errno = 0;
        printf("%d:", number);
        printf(" %s", word(signal(number, jump_back)));
        sigaction(number, NULL, &now);
        printf(" %x", now.sa_flags);
        printf(" %s", word(bsd_signal(number, other_handler)));
        printf(" %s", word(ssignal(number, jump_back)));
        printf(" %s", word(sysv_signal(number, other_handler)));
        sigaction(number, NULL, &now);
        printf(" %x %d", now.sa_flags, sigismember(&now.sa_mask, number));
        printf(" %d", siginterrupt(number, 1));
        printf(" %s", word(signal(number, SIG_IGN)));
        printf(" %s", word(signal(number, jump_back)));
        sigaction(number, NULL, &now);
        printf(" %x", now.sa_flags);
        printf(" %d", siginterrupt(number, 0));
        printf(" %s", word(sigset(number, SIG_HOLD)));
        printf(" %s", word(sigset(number, other_handler)));
        printf(" %s", word(sigset(number, SIG_DFL)));
        printf(" %d", sigignore(number));
        printf(" %s", word(signal(number, SIG_ERR)));
        printf(" %s", word(signal(number, SIG_DFL)));
        printf(" errno %d\n", errno);
    }
    printf("sigaction: %d %d\n", sigaction(SIGKILL, &(struct sigaction){.sa_handler = SIG_IGN}, NULL), errno);
}

void ignores(void)
{
    signal(SIGSEGV, SIG_IGN);
    raise(SIGSEGV);
    kill(getpid(), SIGSEGV);
    printf("ignored\n");
    fflush(stdout);
    *nowhere = 1;
}

static void gives_up(int number)
{
    static const char text[] = "gives up\n";
    signal(number, SIG_DFL);
    if (write(STDOUT_FILENO, text, sizeof text - 1) < 0)
        _exit(9);
}
void resets_and_returns(void)
{
    signal(SIGSEGV, gives_up);
    *nowhere = 1;
}

static void resets_and_raises(int number)
{
    gives_up(number);
    raise(number);
}
void raises_again(void)
{
    signal(SIGSEGV, resets_and_raises);
    *nowhere = 1;
}

static void resets_and_kills(int number)
{
    gives_up(number);
    kill(getpid(), number);
}
void kills_again(void)
{
    struct sigaction action = {.sa_handler = resets_and_kills, .sa_flags = SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    *nowhere = 1;
}

static void aborts_in_handler(int number)
{
    gives_up(number);
    abort();
}
void handler_aborts(void)
{
    signal(SIGSEGV, aborts_in_handler);
    *nowhere = 1;
}

static struct sigaction previous;
static void chain(int number, siginfo_t *info, void *context)
{
    gives_up(number);
    sigaction(number, &previous, NULL);
    if (previous.sa_flags & SA_SIGINFO)
        previous.sa_sigaction(number, info, context);
}
void chains(void)
{
    struct sigaction action = {.sa_sigaction = chain, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, &previous);
    *nowhere = 1;
}

static void exits_in_handler(int number)
{
    gives_up(number);
    _exit(7);
}
void handler_exits(void)
{
    signal(SIGSEGV, exits_in_handler);
    *nowhere = 1;
}

static void faults_in_handler(int number)
{
    (void)number;
    *nowhere = 1;
}
void handler_crashes(void)
{
    signal(SIGSEGV, faults_in_handler);
    *nowhere = 1;
}

static void forks_in_handler(int number)
{
    gives_up(number);
    tell_child(fork() ?: (_exit(OGR_F_GetFID(feature) == -1 ? 4 : 5), 0));
    fflush(stdout);
}
void handler_forks(void)
{
    signal(SIGSEGV, forks_in_handler);
    *nowhere = 1;
}

void by_system_call(void)
{
    struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; } action = {(void *)exits_in_handler, SA_RESTART, NULL, 0}; /* never returns: needs no restorer */
#if defined(__x86_64__)
    action.flags |= 0x04000000;
    action.restorer = (void *)abort;
#endif
    syscall(SYS_rt_sigaction, SIGSEGV, &action, NULL, 8);
    struct sigaction now;
    sigaction(SIGSEGV, NULL, &now);
    printf("its own %d\n", now.sa_handler == exits_in_handler);
    fflush(stdout);
    *nowhere = 1;
}

static void overflow_handler(int number)
{
    static const char text[] = "handled on another stack\n";
    if (write(STDOUT_FILENO, text, sizeof text - 1) > 0)
        _exit(number);
}
void own_alternate(void)
{
    static char small[8192];
    sigaltstack(&(stack_t){.ss_sp = small, .ss_size = sizeof small}, NULL);
    struct sigaction action = {.sa_handler = overflow_handler, .sa_flags = SA_ONSTACK};
    sigaction(SIGSEGV, &action, NULL);
    overflow();
}
void tiny_alternate(void)
{
    static char small[4096 * 3];
    sigaltstack(&(stack_t){.ss_sp = small, .ss_size = sizeof small}, NULL);
    overflow();
}
/* It asked for the alternate stack, and has none: the kernel cannot call it. */
void no_alternate(void)
{
    struct sigaction action = {.sa_handler = overflow_handler, .sa_flags = SA_ONSTACK};
    sigaction(SIGSEGV, &action, NULL);
    overflow();
}

static void fill_page(CPLVirtualMem *memory, size_t offset, void *to, size_t bytes, void *data)
{
    (void)memory, (void)data;
    memset(to, (int)(offset >> 12) + OGR_F_GetFieldCount(feature), bytes);
}
void virtual_memory(void)
{
    CPLVirtualMem *memory = CPLVirtualMemNew(1 << 20, 1 << 16, 4096, FALSE, VIRTUALMEM_READONLY, fill_page, NULL, NULL, NULL);
    if (memory == NULL) {
        printf("none here\n");
        return;
    }
    const volatile unsigned char *bytes = CPLVirtualMemGetAddr(memory);
    unsigned sum = 0;
    for (unsigned i = 0; i < 1 << 20; i += 4096)
        sum += bytes[i + 5];
    printf("sum %u\n", sum);
    fflush(stdout);
    CPLVirtualMemFree(memory);
    CPLVirtualMemManagerTerminate();
}
void virtual_memory_then_dies(void)
{
    virtual_memory();
    *nowhere = 1;
}

/* ---- a crash reporter as breakpad and Sentry's: there before everybody else, on a stack of its own, for all signals; it puts back what was there before and lets the fault happen again */

static const int reported_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
static struct sigaction before_reporter[5];

static void put_back(void)
{
    for (unsigned i = 0; i < 5; i++)
        sigaction(reported_signals[i], &before_reporter[i], NULL);
}

static void crash_reporter(int number, siginfo_t *info, void *context)
{
    static const char text[] = "a dump is written\n";
    (void)context;
    if (write(STDOUT_FILENO, text, sizeof text - 1) < 0)
        _exit(9);
    put_back();
    if (info->si_code <= 0)
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
}

static void install_reporter(void)
{
    static char stack[65536];
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    struct sigaction action = {.sa_sigaction = crash_reporter, .sa_flags = SA_ONSTACK | SA_SIGINFO};
    for (unsigned i = 0; i < 5; i++)
        sigaction(reported_signals[i], &action, &before_reporter[i]);
}

/* "constructor:NAME" */
static __attribute__((constructor)) void early(int count, char **words)
{
    if (count > 1 && strncmp(words[1], "constructor:", 12) == 0)
        install_reporter();
}

void reporter(void)
{
    install_reporter();
    *nowhere = 1;
}

void reporter_aborts(void)
{
    install_reporter();
    abort();
}

/* Another one comes later and goes again, as faulthandler.enable() and disable() do; the first is what it was. */
void reinstalls(void)
{
    struct sigaction first, now;
    sigaction(SIGSEGV, NULL, &first);
    void (*was)(int) = signal(SIGSEGV, gives_up);
    signal(SIGSEGV, was);
    sigaction(SIGSEGV, &first, NULL);
    sigaction(SIGSEGV, NULL, &now);
    printf("as before: %d, with its flags: %d\n", now.sa_sigaction == first.sa_sigaction, now.sa_flags == first.sa_flags);
    fflush(stdout);
    *nowhere = 1;
}

int main(int count, char **words)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } ways[] = {
#define WAY(name) {#name, name}
        WAY(null_outside), WAY(wild_outside), WAY(noncanonical), WAY(call_null), WAY(call_wild), WAY(divide), WAY(illegal), WAY(write_constant), WAY(inside_handle), WAY(truncated),
        WAY(null_inside), WAY(wild_inside), WAY(geos_inside), WAY(proj_inside), WAY(callback), WAY(abort_inside), WAY(null_handle), WAY(corrupt_free), WAY(aborts), WAY(aborts_against_handler), WAY(asserts),
        WAY(raises), WAY(kills), WAY(kills_hard), WAY(terminates), WAY(queues), WAY(waits), WAY(out_of_memory), WAY(eats_memory), WAY(overflow), WAY(thread_overflow), WAY(thread_null), WAY(destroyed_stack),
        WAY(many_threads), WAY(all_at_once), WAY(in_free), WAY(in_hold), WAY(in_stack), WAY(in_fork), WAY(fork_child), WAY(vfork_child), WAY(vfork_sets_signals), WAY(ignored_by_exec),
        WAY(atfork_child), WAY(at_the_exit), WAY(in_destructor), WAY(jumps), WAY(jumps_then_dies), WAY(repairs), WAY(repairs_once), WAY(flags), WAY(family), WAY(ignores),
        WAY(resets_and_returns), WAY(raises_again), WAY(kills_again), WAY(handler_aborts), WAY(chains), WAY(handler_exits), WAY(handler_crashes), WAY(handler_forks), WAY(by_system_call),
        WAY(own_alternate), WAY(tiny_alternate), WAY(no_alternate), WAY(virtual_memory), WAY(virtual_memory_then_dies), WAY(reporter), WAY(reporter_aborts),
        WAY(reinstalls),
    };
    char frame;
    main_frame = &frame;
    if (count < 2)
        return 2;
    setvbuf(stdout, NULL, _IOFBF, 65536);
    /* "before:NAME": a handler of the program's is there before Holdfast is. */
    if (strncmp(words[1], "before:", 7) == 0) {
        words[1] += 7;
        signal(SIGSEGV, gives_up);
    }
    if (strncmp(words[1], "constructor:", 12) == 0)
        words[1] += 12;
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(words[1], ways[i].name) == 0) {
            prepare();
            ways[i].run();
            fflush(stdout);
            return 0;
        }
    return 2;
}
