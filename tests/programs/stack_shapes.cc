// Makes and frees geometries from stacks of every shape that a cache of stacks might take for another: stack_truth_test.py runs it, and
// Holdfast compares each stack with what the compiler's unwinder finds (verify_stacks=1).
//
// usage: stack_shapes SHAPE SEED ROUNDS [PLUGIN PLUGIN]     prints how many pairs of calls it made
//
// Random, but from the seed: what a shape does does not depend on time. (Where timer signals arrive does; whatever they interrupt, the stacks
// must be right.)
#include <alloca.h>
#include <dlfcn.h>
#include <ogr_api.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define APART __attribute__((noinline))

static thread_local uint64_t state = 1;
static thread_local uint64_t pairs;

static unsigned pick(unsigned below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % below;
}

// ---- calls: the same two from several places

typedef int (*work)(int depth);

static APART int call_here()
{
    OGRGeometryH geometry = OGR_G_CreateGeometry(wkbPoint);
    OGR_G_DestroyGeometry(geometry);
    pairs++;
    return geometry != nullptr;
}

static APART int call_there()
{
    volatile char room[72];
    room[0] = 1;
    OGRGeometryH geometry = OGR_G_CreateGeometry(wkbPolygon);
    OGR_G_DestroyGeometry(geometry);
    pairs++;
    return room[0];
}

// ---- frames

static int go(int depth);

static APART int by_one_place(int depth) { return go(depth - 1) + 1; }
static APART int by_two_places(int depth) { return (depth & 1 ? go(depth - 1) + 3 : go(depth - 1) * 2) + 1; }

static APART __attribute__((optimize("no-omit-frame-pointer"))) int with_frame_pointer(int depth)
{
    volatile int kept = depth;
    return go(depth - 1) + kept;
}

static APART int many_registers(int depth)
{
    int a = pick(9), b = pick(9), c = pick(9), d = pick(9), e = pick(9);
    int result = go(depth - 1);
    return result + a * b + c * d + e;
}

// Old return addresses survive in the room that nobody writes to.
static APART int variable_size(int depth)
{
    char *room = (char *)alloca(16 + 16 * pick(40));
    __asm__ volatile("" : : "r"(room) : "memory");
    return go(depth - 1) + (room != nullptr);
}

static APART int realigned(int depth)
{
    alignas(64) volatile char room[64];
    room[0] = 1;
    return go(depth - 1) + room[0];
}

static APART int realigned_and_variable(int depth)
{
    alignas(64) volatile char fixed[64];
    char *room = (char *)alloca(16 + 16 * pick(20));
    __asm__ volatile("" : : "r"(room) : "memory");
    fixed[0] = 1;
    return go(depth - 1) + fixed[0] + (room != nullptr);
}

static APART int by_tail_call(int depth) { return by_one_place(depth); }

static thread_local int sort_depth;

static int compare(const void *left, const void *right)
{
    if (sort_depth > 0) {
        int depth = sort_depth;
        sort_depth = 0;
        go(depth);
    }
    return *(const int *)left - *(const int *)right;
}

static APART int through_libc(int depth)
{
    int items[3] = {(int)pick(5), (int)pick(5), (int)pick(5)};
    sort_depth = depth - 1;
    qsort(items, 3, sizeof items[0], compare);
    return items[0];
}

static thread_local jmp_buf *target;

static APART int jump_out(int depth)
{
    jmp_buf *outer = target, here;
    target = &here;
    volatile int result = 0;
    if (setjmp(here) == 0)
        result = go(depth - 1);
    target = outer;
    return result + call_there();
}

struct caller_when_destroyed {
    ~caller_when_destroyed() { call_here(); }
};

static APART int thrower(int depth)
{
    caller_when_destroyed one;
    if (depth <= 1)
        throw depth;
    return go(depth - 1) + 1;
}

static APART int catcher(int depth)
{
    try {
        caller_when_destroyed one;
        return thrower(pick((unsigned)depth) + 1);
    } catch (int thrown) {
        return call_there() + thrown;
    }
}

static APART int by_signal(int depth);

static const work frames[] = {by_one_place, by_two_places,          with_frame_pointer, many_registers, variable_size, realigned,
                              realigned_and_variable, by_tail_call, through_libc,       jump_out,       catcher};

static thread_local bool jumping = true; // a longjmp across coroutines, signal handlers or foreign code would be the program's own mistake

static int go(int depth)
{
    int result = pick(2) ? call_here() : call_there();
    if (depth <= 0) {
        if (jumping && target != nullptr && pick(8) == 0)
            longjmp(*target, 1);
        return result;
    }
    for (unsigned i = 0; i < 1 + (pick(6) == 0); i++)
        result += frames[pick(sizeof frames / sizeof frames[0])](depth);
    return result + (pick(2) ? call_here() : call_there());
}

static int go_caught(int depth)
{
    jmp_buf *outer = target;
    target = nullptr;
    int result = 0;
    try {
        result = go(depth);
    } catch (int thrown) {
        result = thrown;
    }
    target = outer;
    return result;
}

static void plain(int rounds)
{
    for (int i = 0; i < rounds; i++)
        go_caught((int)pick(12));
}

// One place far down, over and over, as programs do.
static APART int far(int depth)
{
    volatile int kept = depth;
    for (int i = 0; depth == 0 && i < 50; i++)
        call_here();
    return depth > 0 ? far(depth - 1) + kept : kept;
}

static void deep(int rounds)
{
    for (int i = 0; i < rounds; i++)
        far((int)pick(100));
}

// ---- coroutines

#define COROUTINES 6
#define STACK_BYTES (256 * 1024)

static ucontext_t scheduler, coroutine[COROUTINES];
static char *stack_of[COROUTINES];
static int running;
static bool finished[COROUTINES];

static APART void give_way() { swapcontext(&coroutine[running], &scheduler); }

static APART int wander(int depth)
{
    volatile char room[40];
    room[0] = (char)depth;
    call_here();
    if (pick(3) == 0)
        give_way();
    call_there();
    if (depth > 0)
        (pick(2) ? wander(depth - 1) : wander(depth - 1) + 1);
    if (pick(3) == 0)
        give_way();
    return call_here() + room[0];
}

static void coroutine_main()
{
    wander((int)pick(9));
    finished[running] = true;
    setcontext(&scheduler);
}

static void start(int number)
{
    getcontext(&coroutine[number]);
    coroutine[number].uc_stack.ss_sp = stack_of[number];
    coroutine[number].uc_stack.ss_size = STACK_BYTES;
    coroutine[number].uc_link = nullptr;
    makecontext(&coroutine[number], coroutine_main, 0);
    finished[number] = false;
}

// Each with a stack of its own; when one ends another begins on its stack.
static void coroutines(int rounds)
{
    jumping = false;
    for (int i = 0; i < COROUTINES; i++) {
        stack_of[i] = (char *)mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        start(i);
    }
    for (int i = 0; i < rounds; i++) {
        running = (int)pick(COROUTINES);
        if (finished[running])
            start(running);
        swapcontext(&scheduler, &coroutine[running]);
    }
}

// As greenlets do it: all run on the same stack, which is copied away and back.
static void copied_coroutines(int rounds)
{
    static char saved[COROUTINES][STACK_BYTES];
    jumping = false;
    char *stack = (char *)mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < COROUTINES; i++) {
        stack_of[i] = stack;
        start(i);
        memcpy(saved[i], stack, STACK_BYTES);
    }
    for (int i = 0; i < rounds; i++) {
        running = (int)pick(COROUTINES);
        memcpy(stack, saved[running], STACK_BYTES);
        if (finished[running])
            start(running);
        swapcontext(&scheduler, &coroutine[running]);
        memcpy(saved[running], stack, STACK_BYTES);
    }
}

// ---- signals

static volatile sig_atomic_t may_interrupt;
static volatile int spun;

static void on_signal(int)
{
    call_here();
    call_there();
}

static void on_timer(int)
{
    if (may_interrupt) // not inside malloc, which the calls need
        on_signal(0);
}

static APART int leaf(int value) { return value * 7 + spun; }
static APART int spin(int depth)
{
    int sum = depth;
    for (int i = 0; i < 2000; i++)
        sum += leaf(sum + i);
    spun = sum;
    return depth > 0 ? spin(depth - 1) + sum : sum;
}

static APART int by_signal(int depth)
{
    volatile char room[24];
    room[0] = 1;
    if (depth > 0)
        return by_signal(depth - 1) + room[0];
    return pick(2) ? raise(SIGUSR1) + 1 : raise(SIGUSR2);
}

static void signals(int rounds)
{
    jumping = false;
    stack_t other = {};
    other.ss_sp = malloc(1 << 18);
    other.ss_size = 1 << 18;
    sigaltstack(&other, nullptr);
    struct sigaction action = {};
    action.sa_handler = on_signal;
    sigaction(SIGUSR1, &action, nullptr);
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR2, &action, nullptr);
    action.sa_handler = on_timer;
    sigaction(SIGALRM, &action, nullptr);
    itimerval often = {{0, 500}, {0, 500}};
    setitimer(ITIMER_REAL, &often, nullptr);
    for (int i = 0; i < rounds; i++) {
        by_signal((int)pick(6));
        call_here();
        may_interrupt = 1;
        spin((int)pick(6));
        may_interrupt = 0;
        go_caught((int)pick(5));
    }
    itimerval never = {};
    setitimer(ITIMER_REAL, &never, nullptr);
}

// ---- threads: short ones, on the stacks of those before them

static void *one_thread(void *seed)
{
    state = (uint64_t)(uintptr_t)seed;
    plain(20);
    return (void *)(uintptr_t)pairs;
}

static void threads(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        pthread_t thread[4];
        for (pthread_t &one : thread)
            pthread_create(&one, nullptr, one_thread, (void *)(uintptr_t)(pick(1u << 30) + 1));
        for (pthread_t &one : thread) {
            void *made;
            pthread_join(one, &made);
            pairs += (uint64_t)(uintptr_t)made;
        }
    }
}

// ---- forks

static void forks(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        plain(5);
        pid_t child = fork();
        if (child == 0) {
            plain(10);
            _exit(pairs == 0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        if (status != 0)
            abort();
    }
}

// ---- code that no object holds: push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret

static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};

static void back() { call_here(); }

static void generated(int rounds)
{
    unsigned char *page = (unsigned char *)mmap(nullptr, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(page, 0x90, 8192);
    for (int i = 0; i < rounds; i++) {
        unsigned char *place = page + 64 * pick(64);
        memcpy(place, code, sizeof code);
        ((void (*)(void (*)()))place)(back);
        call_there();
    }
}

// ---- objects that come and go at the same address

static void plugins(int rounds, char **path)
{
    void *before = nullptr;
    int same = 0;
    for (int i = 0; i < rounds; i++) {
        void *plugin = dlopen(path[pick(2)], RTLD_NOW);
        void (*through)(void (*)()) = plugin ? (void (*)(void (*)()))dlsym(plugin, "through") : nullptr;
        if (!through)
            abort();
        same += (void *)through == before;
        before = (void *)through;
        for (volatile int k = 0; k < 3; k++) // volatile: three calls from one place
            through(back);
        dlclose(plugin);
    }
    printf("%d times where the one before it was\n", same);
}

int main(int, char **arguments)
{
    const char *shape = arguments[1];
    state = strtoull(arguments[2], nullptr, 10) * 2 + 1;
    int rounds = atoi(arguments[3]);
    static const struct {
        const char *name;
        void (*run)(int);
    } shapes[] = {{"plain", plain},     {"deep", deep},   {"coroutines", coroutines}, {"copied_coroutines", copied_coroutines},
                  {"signals", signals}, {"threads", threads}, {"forks", forks},       {"generated", generated}};
    if (strcmp(shape, "plugins") == 0)
        plugins(rounds, arguments + 4);
    for (const auto &one : shapes)
        if (strcmp(one.name, shape) == 0)
            one.run(rounds);
    printf("%llu pairs\n", (unsigned long long)pairs);
    fflush(stdout);
    return pairs == 0;
}
