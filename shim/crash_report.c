/* What is said of a crash: see crash.h. Runs once, on the emergency stack, in the thread that crashed.
 *
 * First all facts are gathered, each guarded for itself, then they are put into words, each part guarded again: a part that faults is left out, and the
 * report says so. The tracker is locked if that can be had soon, because the depot is written to (Python frames, the event); where this very thread was
 * inside the tracker, or somebody does not give it back, the tracker is read as it is and nothing is written.
 */
#include "call.h"
#include "counters.h"
#include "crash.h"
#include "elf_object.h"
#include "log.h"
#include "python.h"
#include "report_parts.h"
#include "stack.h"
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREADS_SHOWN 64u
#define EVENTS_SHOWN 5u
#define NEAR 4096u

/* A handle and what became of it. */
struct story {
    bool known;
    enum handle_state state;
    struct violation of; /* its description, birth and death */
};

/* A call of a thread: the one that it is in, or its last. */
struct last_call {
    bool any;
    uint16_t function;
    uint64_t handle; /* as in the call cell */
};

static struct {
    const struct crash *crash;
    uint32_t thread;
    char thread_name[16];
    bool writable; /* the tracker is locked by this thread, and whole */
    bool locked;   /* and was not before */
    struct crash_stack stack;
    bool stack_whole;
    struct python_frames python;
    uintptr_t eval_low, eval_high;
    struct last_call call;
    bool inside;           /* the crash is inside that call */
    struct story handle;   /* of the call */
    struct story nearby;   /* at the fault address */
    char nearby_words[64]; /* "12 bytes into" */
    char what[1000];       /* the first line */
} facts;

static const char *signal_name(int signal)
{
    switch (signal) {
#define X(name) case name: return #name;
        CRASH_SIGNALS(X)
#undef X
    default: return "a signal";
    }
}

static const struct {
    int signal, code;
    const char *name, *words;
} codes[] = {
    {SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR", "nothing is mapped there"},
    {SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR", "that access is not allowed there"},
    {SIGBUS, BUS_ADRALN, "BUS_ADRALN", "the address is not aligned"},
    {SIGBUS, BUS_ADRERR, "BUS_ADRERR", "there is no memory behind it: a mapped file was cut, or its disk is full"},
    {SIGBUS, BUS_OBJERR, "BUS_OBJERR", "the hardware failed"},
    {SIGILL, ILL_ILLOPC, "ILL_ILLOPC", "no instruction of this processor"},
    {SIGILL, ILL_ILLOPN, "ILL_ILLOPN", "no operand of that instruction"},
    {SIGFPE, FPE_INTDIV, "FPE_INTDIV", "an integer was divided by zero"},
    {SIGFPE, FPE_INTOVF, "FPE_INTOVF", "an integer overflowed"},
    {SIGFPE, FPE_FLTDIV, "FPE_FLTDIV", "a number was divided by zero"},
    {SIGFPE, FPE_FLTINV, "FPE_FLTINV", "an invalid operation with numbers"},
};

static const char *code_words(const struct crash *crash, const char **name, char *room, size_t bytes)
{
    *name = "";
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].signal == crash->first_signal && codes[i].code == crash->code) {
            *name = codes[i].name;
            return codes[i].words;
        }
    if (crash->code == SI_KERNEL) {
        *name = "SI_KERNEL";
        return "by an address that no pointer can have";
    }
    if (crash->code == SI_QUEUE) {
        *name = "SI_QUEUE";
        snprintf(room, bytes, "sent by process %d", (int)crash->sender);
        return room;
    }
    if (crash->code == SI_TKILL || (crash->sender == getpid() && crash->code <= 0)) {
        *name = crash->code == SI_TKILL ? "SI_TKILL" : "SI_USER";
        return crash->first_signal == SIGABRT ? "the program aborted" : "the program raised it itself";
    }
    if (crash->code <= 0) {
        *name = "SI_USER";
        snprintf(room, bytes, "sent by process %d", (int)crash->sender);
        return room;
    }
    snprintf(room, bytes, "code %d", crash->code);
    return room;
}

/* ---- handles -------------------------------------------------------------------------------------------------------------- */

static void tell_record(handle_id id, struct story *story)
{
    const struct handle_record *record = tracker_handle(TRACKER, id);
    if (record == NULL)
        return;
    handle_id killer = killer_of(id);
    violation_describe(&story->of, 0, 0, id, killer);
    story->state = (enum handle_state)record->state;
    if (record->state == HANDLE_LIVE && (record->flags & HANDLE_STALE) == 0 && record->cause == CAUSE_NONE)
        story->of.has_death = false;
    story->known = true;
}

static void tell_handle(uintptr_t address, struct story *story)
{
    memset(story, 0, sizeof *story);
    if (address == 0)
        return;
    handle_id id = handle_find(TRACKER, address, NULL, NULL);
    bool dead = id != 0 && tracker_handle(TRACKER, id)->state == HANDLE_BURIED;
    if ((id == 0 || dead) && young_tell(address, 0, &story->of, &story->state)) {
        story->known = true;
        return;
    }
    memset(story, 0, sizeof *story);
    tell_record(id, story);
}

static const char *state_words(const struct story *story)
{
    return story->state == HANDLE_BURIED ? "freed" : story->state == HANDLE_HELD ? "held: its free is postponed" : "alive";
}

/* The block that Holdfast keeps back, and that the address lies in. */
static bool near_fenced(uintptr_t address)
{
    const struct arena_header *header = tracker_header(TRACKER);
    uint32_t slots = header->sections[SECTION_FENCES].capacity - 1;
    for (uint64_t i = header->fence_tail; i < header->fence_head; i++) {
        const struct fence_record *fence = tracker_record(TRACKER, SECTION_FENCES, (uint32_t)(1 + i % slots));
        if (fence == NULL || address < fence->block || address >= fence->block + fence->bytes)
            continue;
        tell_record(fence->first_handle, &facts.nearby);
        snprintf(facts.nearby_words, sizeof facts.nearby_words, "%lu bytes into the memory of", (unsigned long)(address - fence->block));
        return facts.nearby.known;
    }
    return false;
}

static void find_nearby(void *unused)
{
    (void)unused;
    uintptr_t address = facts.crash->address, nearest = NEAR + 1, at = 0;
    if (!facts.crash->has_address || address < NEAR)
        return;
    if (near_fenced(address))
        return;
    const struct arena_section_header *section = &tracker_header(TRACKER)->sections[SECTION_HANDLES];
    handle_id best = 0;
    for (handle_id id = 1; id < section->used; id++) {
        const struct handle_record *record = tracker_handle(TRACKER, id);
        uintptr_t distance = record->address > address ? record->address - address : address - record->address;
        if (record->state == HANDLE_FREE_RECORD || distance >= nearest)
            continue;
        nearest = distance;
        best = id;
    }
    struct story young = {0};
    if (young_tell(address, nearest - 1, &young.of, &young.state)) {
        young.known = true;
        facts.nearby = young;
    } else {
        tell_record(best, &facts.nearby);
    }
    if (!facts.nearby.known)
        return;
    at = facts.nearby.of.address;
    if (address >= at)
        snprintf(facts.nearby_words, sizeof facts.nearby_words, "%lu bytes behind the beginning of", (unsigned long)(address - at));
    else
        snprintf(facts.nearby_words, sizeof facts.nearby_words, "%lu bytes before", (unsigned long)(at - address));
}

/* ---- calls ------------------------------------------------------------------------------------------------------------------ */

static uintptr_t handle_address(uint64_t handle)
{
    return (uintptr_t)(handle << 8 >> 16);
}

static struct last_call call_of(const struct call_cell *cell)
{
    struct last_call call = {0};
    if (cell == NULL || cell->function == 0 || cell->function > FUNCTION_COUNT)
        return call;
    return (struct last_call){true, (uint16_t)(cell->function - 1), cell->handle};
}

/* What the instruction before this return address called, where that is a wrapper by way of a procedure linkage table; -1: it is not to be seen. */
static int function_called_before(uintptr_t return_address)
{
#if defined(__x86_64__)
    const uint8_t *at = (const uint8_t *)return_address;
    uintptr_t slot = 0;
    int32_t distance;
    memcpy(&distance, at - 4, sizeof distance);
    if (at[-6] == 0xff && at[-5] == 0x15) { /* call *slot(%rip) */
        slot = return_address + (uintptr_t)(intptr_t)distance;
    } else if (at[-5] == 0xe8) { /* call entry of the table: [endbr64] [bnd] jmp *slot(%rip) */
        at = (const uint8_t *)(return_address + (uintptr_t)(intptr_t)distance);
        at += at[0] == 0xf3 && at[1] == 0x0f && at[2] == 0x1e ? 4 : 0;
        at += at[0] == 0xf2;
        if (at[0] != 0xff || at[1] != 0x25)
            return -1;
        memcpy(&distance, at + 2, sizeof distance);
        slot = (uintptr_t)at + 6 + (uintptr_t)(intptr_t)distance;
    }
    const void *called = slot != 0 ? *(void *const *)slot : NULL;
    for (int i = 0; called != NULL && i < FUNCTION_COUNT; i++)
        if (wrapper_table[i] == called)
            return i;
#else
    (void)return_address;
#endif
    return -1;
}

/* The innermost frame of a library that was called from outside. A call that made a callback which called again: the cell has that one still, and the
 * place that it was called from tells better, or else the frame's own name. */
static void find_call(void *unused)
{
    (void)unused;
    facts.call = call_of(counters_cell(counters_own()));
    const struct crash_stack *stack = &facts.stack;
    for (unsigned i = 0; i < stack->count && !facts.inside; i++) {
        unsigned outer = i + 1;
        if (!address_is_internal(stack->instruction[i]))
            continue;
        while (outer < stack->count && elf_is_own(stack->instruction[outer]))
            outer++;
        if (outer >= stack->count || address_is_internal(stack->instruction[outer]))
            continue;
        facts.inside = true;
        const char *module;
        char symbol[128];
        uintptr_t offset, distance;
        crash_symbol(stack->instruction[i], &module, &offset, symbol, sizeof symbol, &distance);
        int function = function_called_before(stack->instruction[outer] + 1);
        if (function < 0)
            function = function_by_name(symbol);
        if (function >= 0 && (!facts.call.any || function != facts.call.function))
            facts.call = (struct last_call){true, (uint16_t)function, 0};
    }
    if (facts.call.any)
        tell_handle(handle_address(facts.call.handle), &facts.handle);
}

static void call_words(const struct last_call *call, const struct story *story, char *out, size_t bytes)
{
    const char *name = function_table[call->function].name;
    unsigned kind = (unsigned)(call->handle & 0xff);
    if (call->handle == 0)
        snprintf(out, bytes, "%s", name);
    else if (story->known)
        snprintf(out, bytes, "%s on %s%s%s", name, story->of.handle, story->state == HANDLE_LIVE ? "" : ", which is ", story->state == HANDLE_LIVE ? "" : state_words(story));
    else if (handle_address(call->handle) == 0)
        snprintf(out, bytes, "%s on a null %s", name, kind_table[kind < KIND_COUNT ? kind : 0].words);
    else
        snprintf(out, bytes, "%s on 0x%lx, a %s that Holdfast does not know", name, (unsigned long)handle_address(call->handle), kind_table[kind < KIND_COUNT ? kind : 0].words);
}

/* ---- stacks ------------------------------------------------------------------------------------------------------------------ */

static void walk(void *unused)
{
    (void)unused;
    crash_walk(&facts.stack, facts.crash);
    facts.stack_whole = !facts.stack.incomplete;
}

static void read_python(void *unused)
{
    (void)unused;
    python_frames(&facts.python, holdfast_options.stack_depth != 0 ? holdfast_options.stack_depth : 1);
    if (facts.python.count != 0 && !python_eval_range(&facts.eval_low, &facts.eval_high))
        facts.eval_low = facts.eval_high = 0;
}

/* Up to the interpreter, whose frames are told as Python's. */
static unsigned native_count(void)
{
    unsigned count = 0;
    while (count < facts.stack.count && !(facts.stack.instruction[count] >= facts.eval_low && facts.stack.instruction[count] < facts.eval_high))
        count++;
    return count;
}

static const struct python_frame_record *python_frame_of(unsigned i)
{
    return tracker_record(TRACKER, SECTION_PYTHON_FRAMES, facts.python.id[i]);
}

static bool has_overflown(void)
{
    const struct crash *crash = facts.crash;
    return crash->has_address && crash->first_signal == SIGSEGV && crash->address + 65536 >= crash->sp && crash->address < crash->sp + 4096 && crash->address >= NEAR;
}

static void say_what(void *unused)
{
    (void)unused;
    const struct crash *crash = facts.crash;
    const char *code;
    char room[64], call[2 * DESCRIPTION_BYTES], at[80] = "", again[80] = "";
    const char *words = code_words(crash, &code, room, sizeof room);
    if (crash->has_address && (crash->first_signal == SIGSEGV || crash->first_signal == SIGBUS))
        snprintf(at, sizeof at, " at address 0x%lx%s", (unsigned long)crash->address, crash->address < NEAR ? ", near null" : has_overflown() ? ", where the stack ends: it overflowed" : "");
    if (crash->signal != crash->first_signal)
        snprintf(again, sizeof again, "; its handler ended the process by %s", signal_name(crash->signal));
    snprintf(facts.what, sizeof facts.what, "%s%s (%s)%s in thread %u '%.15s'", signal_name(crash->first_signal), at, words, again, facts.thread, facts.thread_name);
    if (!facts.call.any)
        return;
    size_t used = strlen(facts.what);
    call_words(&facts.call, &facts.handle, call, sizeof call);
    snprintf(facts.what + used, sizeof facts.what - used, "%s %s", facts.inside ? ", in" : ", after", call);
}

/* ---- as text ------------------------------------------------------------------------------------------------------------------- */

static void put_crash_stack_text(void *unused)
{
    (void)unused;
    int pid = (int)getpid();
    unsigned number = 0;
    put("==%d==   crashed\n", pid);
    for (unsigned i = 0; i < facts.python.count; i++) {
        const struct python_frame_record *frame = python_frame_of(i);
        if (frame != NULL)
            put("==%d==     #%-2u %s:%u in %s\n", pid, number++, tracker_text(TRACKER, frame->file), frame->line, tracker_text(TRACKER, frame->function));
    }
    if (number > 0)
        put("==%d==     and there in native code\n", pid);
    for (unsigned i = 0; i < native_count(); i++) {
        const char *module;
        char symbol[96];
        uintptr_t offset, distance;
        crash_symbol(facts.stack.instruction[i], &module, &offset, symbol, sizeof symbol, &distance);
        const char *slash = strrchr(module, '/');
        if (symbol[0] != '\0')
            put("==%d==     #%-2u %s+0x%lx (%s+0x%lx)\n", pid, number++, symbol, (unsigned long)distance, slash != NULL ? slash + 1 : module, (unsigned long)offset);
        else if (module[0] != '\0')
            put("==%d==     #%-2u %s+0x%lx\n", pid, number++, slash != NULL ? slash + 1 : module, (unsigned long)offset);
        else
            put("==%d==     #%-2u 0x%lx, which is in no loaded object\n", pid, number++, (unsigned long)offset);
    }
    if (facts.stack.truncated)
        put("==%d==     ... (deeper frames left out)\n", pid);
    else if (!facts.stack_whole && (facts.python.count == 0 || native_count() == facts.stack.count))
        put("==%d==     ... (the stack cannot be followed further)\n", pid);
}

static void put_story_text(const struct story *story)
{
    if (story->of.has_birth)
        put_stack_text("obtained", story->of.obtained, story->of.birth_function, true);
    if (story->of.has_death)
        put_stack_text("freed", story->of.freed, story->of.death_function, !story->of.no_death_function);
}

static void put_handle_text(void *unused)
{
    (void)unused;
    if (!facts.handle.known)
        return;
    put("==%d==   handle    %s at 0x%lx, %s\n", (int)getpid(), facts.handle.of.handle, (unsigned long)facts.handle.of.address, state_words(&facts.handle));
    put_story_text(&facts.handle);
}

static void put_nearby_text(void *unused)
{
    (void)unused;
    if (!facts.nearby.known)
        return;
    put("==%d==   address   0x%lx is %s %s, %s\n", (int)getpid(), (unsigned long)facts.crash->address, facts.nearby_words, facts.nearby.of.handle, state_words(&facts.nearby));
    if (!facts.handle.known || facts.handle.of.address != facts.nearby.of.address)
        put_story_text(&facts.nearby);
}

/* The other threads that are there still. */
static const struct call_cell *next_thread(unsigned *number)
{
    while (++*number <= counters_last()) {
        const struct call_cell *cell = counters_cell(*number);
        uint32_t owner = cell != NULL ? atomic_load(&cell->owner) : 0;
        if (owner != 0 && owner != facts.thread && cell->function != 0 && syscall(SYS_tgkill, getpid(), owner, 0) == 0)
            return cell;
    }
    return NULL;
}

static void put_threads_text(void *unused)
{
    (void)unused;
    const struct call_cell *cell;
    struct story story;
    char words[2 * DESCRIPTION_BYTES];
    for (unsigned number = 0, shown = 0; shown < THREADS_SHOWN && (cell = next_thread(&number)) != NULL; shown++) {
        struct last_call call = call_of(cell);
        tell_handle(handle_address(call.handle), &story);
        call_words(&call, &story, words, sizeof words);
        put("==%d==   thread    %u '%.15s' is in, or called last: %s\n", (int)getpid(), atomic_load(&cell->owner), cell->name, words);
    }
}

static const struct event_record *event_of_thread(uint64_t *number)
{
    const struct arena_header *header = tracker_header(TRACKER);
    uint32_t slots = header->sections[SECTION_EVENTS].capacity - 1;
    uint64_t oldest = header->event_count > slots ? header->event_count - slots : 0;
    while (*number > oldest) {
        --*number;
        const struct event_record *event = tracker_record(TRACKER, SECTION_EVENTS, (uint32_t)(1 + *number % slots));
        if (event != NULL && event->thread == facts.thread && event->type != EVENT_crash && event->type < EVENT_TYPE_COUNT)
            return event;
    }
    return NULL;
}

static const char *const event_words[] = {
#define X(name, words) words,
    EVENT_TYPES(X)
#undef X
};

static void put_events_text(void *unused)
{
    (void)unused;
    const struct event_record *event;
    uint64_t number = tracker_header(TRACKER)->event_count;
    for (unsigned shown = 0; shown < EVENTS_SHOWN && (event = event_of_thread(&number)) != NULL; shown++) {
        char rule[16] = "";
        if (event->rule != 0)
            snprintf(rule, sizeof rule, " HF%u", event->rule);
        put("==%d==   before    %s%s: %s, by %s\n", (int)getpid(), event_words[event->type], rule, tracker_text(TRACKER, event->label), tracker_text(TRACKER, event->function_name));
    }
}

/* ---- as JSON ----------------------------------------------------------------------------------------------------------------------- */

static void put_story_json(const char *name, const struct story *story)
{
    put(",\"%s\":", name);
    if (!story->known) {
        put("null");
        return;
    }
    const struct provider *provider = provider_by_number(story->of.provider);
    static const char *const states[] = {"unknown", "live", "held", "buried"};
    put("{\"kind\":\"%s\",\"address\":\"0x%lx\",\"description\":", kind_table[story->of.kind < KIND_COUNT ? story->of.kind : 0].name, (unsigned long)story->of.address);
    put_json_string(story->of.handle);
    put(",\"state\":\"%s\",\"library\":", states[story->state & 3]);
    put_json_string(provider != NULL ? provider->path : "");
    put(",\"stacks\":{");
    put_json_stack("obtained", story->of.obtained, story->of.birth_function, story->of.has_birth, 0);
    put(",");
    put_json_stack("freed", story->of.freed, story->of.death_function, story->of.has_death, 0);
    put("}}");
}

static void put_call_json(const struct last_call *call, const struct story *story)
{
    if (!call->any) {
        put("null");
        return;
    }
    char words[2 * DESCRIPTION_BYTES];
    call_words(call, story, words, sizeof words);
    put("{\"function\":\"%s\",\"handle_address\":\"0x%lx\",\"words\":", function_table[call->function].name, (unsigned long)handle_address(call->handle));
    put_json_string(words);
    put("}");
}

static void put_head_json(void *unused)
{
    (void)unused;
    const char *code;
    char room[64];
    const struct crash *crash = facts.crash;
    const char *words = code_words(crash, &code, room, sizeof room);
    put_json_head("crash");
    put(",\"name\":\"crash\",\"severity\":\"error\",\"message\":");
    put_json_string(facts.what);
    put(",\"signal\":\"%s\",\"first_signal\":\"%s\",\"code\":\"%s\",\"code_number\":%d,\"code_words\":", signal_name(crash->signal), signal_name(crash->first_signal), code, crash->code);
    put_json_string(words);
    if (crash->has_address)
        put(",\"address\":\"0x%lx\"", (unsigned long)crash->address);
    else
        put(",\"address\":null");
    put(",\"thread_name\":");
    put_json_string(facts.thread_name);
    put(",\"inside_call\":%s,\"call\":", facts.inside ? "true" : "false");
    put_call_json(&facts.call, &facts.handle);
}

static void put_handle_json(void *unused)
{
    (void)unused;
    put_story_json("handle", &facts.handle);
}

static void put_nearby_json(void *unused)
{
    (void)unused;
    put_story_json("nearby", &facts.nearby);
    put(",\"nearby_words\":");
    put_json_string(facts.nearby_words);
}

/* Read from the loaded object itself: the arena's table of modules may be what is broken. */
static unsigned build_id_at(uintptr_t address, const uint8_t **build_id)
{
    struct elf_place place;
    struct elf_object object;
    return elf_place(address, &place) && elf_open_place(&object, &place) ? elf_build_id(&object, build_id) : 0;
}

static void put_crash_stack_json(void *unused)
{
    (void)unused;
    put(",\"stacks\":{\"crashed\":{\"python\":[");
    for (unsigned i = 0; i < facts.python.count; i++)
        put_json_python_frame(i == 0, python_frame_of(i));
    put("],\"native\":[");
    for (unsigned i = 0; i < native_count(); i++) {
        const char *module;
        char symbol[96], name[128] = "";
        uintptr_t offset, distance;
        crash_symbol(facts.stack.instruction[i], &module, &offset, symbol, sizeof symbol, &distance);
        if (symbol[0] != '\0')
            snprintf(name, sizeof name, "%s+0x%lx", symbol, (unsigned long)distance);
        const uint8_t *build_id = NULL;
        unsigned bytes = build_id_at(facts.stack.instruction[i], &build_id);
        put_json_native_frame(i == 0, module, build_id, bytes, offset, name);
    }
    put("],\"whole\":%s}}", facts.stack_whole ? "true" : "false");
}

static void put_threads_json(void *unused)
{
    (void)unused;
    const struct call_cell *cell;
    struct story story;
    put(",\"threads\":[");
    for (unsigned number = 0, shown = 0; shown < THREADS_SHOWN && (cell = next_thread(&number)) != NULL; shown++) {
        struct last_call call = call_of(cell);
        tell_handle(handle_address(call.handle), &story);
        put("%s{\"thread\":%u,\"name\":", shown > 0 ? "," : "", atomic_load(&cell->owner));
        put_json_string(cell->name);
        put(",\"call\":");
        put_call_json(&call, &story);
        put("}");
    }
    put("]");
}

static void put_events_json(void *unused)
{
    (void)unused;
    const struct event_record *event;
    uint64_t number = tracker_header(TRACKER)->event_count;
    put(",\"events\":[");
    for (unsigned shown = 0; shown < EVENTS_SHOWN && (event = event_of_thread(&number)) != NULL; shown++) {
        put("%s{\"event\":", shown > 0 ? "," : "");
        put_json_string(event_words[event->type]);
        put(",\"rule\":%u,\"handle\":", event->rule);
        put_json_string(tracker_text(TRACKER, event->label));
        put(",\"function\":");
        put_json_string(tracker_text(TRACKER, event->function_name));
        put("}");
    }
    put("]");
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------------------ */

static void put_part(void (*part)(void *), bool json)
{
    size_t before = report_position();
    if (crash_guarded(part, NULL))
        return;
    if (json)
        report_rewind(before);
    else
        put("\n==%d==   (a part of this could not be read)\n", (int)getpid());
}

static void put_all_json(void)
{
    put_part(put_head_json, true);
    put_part(put_handle_json, true);
    put_part(put_nearby_json, true);
    put_part(put_crash_stack_json, true);
    put_part(put_threads_json, true);
    put_part(put_events_json, true);
    put("}\n");
}

/* ---- as an OpenTelemetry log record ------------------------------------------------------------------------------------------------- */

static void put_head_otlp(void *unused)
{
    (void)unused;
    const char *code;
    char room[64];
    put_otlp_string("exception.type", signal_name(facts.crash->signal));
    put_otlp_string("exception.message", facts.what);
    put_otlp_string("holdfast.crash.reason", code_words(facts.crash, &code, room, sizeof room));
    put_otlp_string("holdfast.function", facts.call.any ? function_table[facts.call.function].name : "");
    put_otlp_string("thread.name", facts.thread_name);
}

static void put_handle_otlp(void *unused)
{
    (void)unused;
    char address[32];
    if (!facts.handle.known)
        return;
    snprintf(address, sizeof address, "0x%lx", (unsigned long)facts.handle.of.address);
    put_otlp_string("holdfast.handle.kind", kind_table[facts.handle.of.kind < KIND_COUNT ? facts.handle.of.kind : 0].name);
    put_otlp_string("holdfast.handle.description", facts.handle.of.handle);
    put_otlp_string("holdfast.handle.address", address);
}

/* Where it crashed: the innermost Python line, or the innermost native function of which a name is known. */
static void put_code_otlp(void *unused)
{
    (void)unused;
    const struct python_frame_record *frame = NULL;
    for (unsigned i = 0; i < facts.python.count && frame == NULL; i++)
        frame = python_frame_of(i);
    if (frame != NULL) {
        put_otlp_string("code.file.path", tracker_text(TRACKER, frame->file));
        put_otlp_number("code.line.number", frame->line);
        put_otlp_string("code.function.name", tracker_text(TRACKER, frame->function));
        return;
    }
    for (unsigned i = 0; i < native_count(); i++) {
        const char *module;
        char symbol[96];
        uintptr_t offset, distance;
        crash_symbol(facts.stack.instruction[i], &module, &offset, symbol, sizeof symbol, &distance);
        if (symbol[0] != '\0') {
            put_otlp_string("code.function.name", symbol);
            return;
        }
    }
}

/* As the stacks of a violation, which `holdfast report` reads again. */
static void put_trace_otlp(void *unused)
{
    (void)unused;
    put_otlp_text_begin("exception.stacktrace");
    put("crashed:\\n");
    for (unsigned i = 0; i < facts.python.count; i++)
        put_otlp_python_line(python_frame_of(i));
    for (unsigned i = 0; i < native_count(); i++) {
        const char *module;
        char symbol[96];
        uintptr_t offset, distance;
        crash_symbol(facts.stack.instruction[i], &module, &offset, symbol, sizeof symbol, &distance);
        put("  at ");
        if (symbol[0] != '\0') {
            put_json_text(symbol);
            put("+0x%lx (", (unsigned long)distance);
        }
        put_json_text(module);
        put("+0x%lx%s\\n", (unsigned long)offset, symbol[0] != '\0' ? ")" : "");
    }
    put_otlp_text_end();
}

static void put_all_otlp(void)
{
    put_otlp_begin("holdfast.crash", 21, facts.what); /* severity FATAL */
    put_part(put_head_otlp, true);
    put_part(put_handle_otlp, true);
    put_part(put_code_otlp, true);
    put_part(put_trace_otlp, true);
    put_otlp_end();
}

static void put_all_text(void)
{
    int pid = (int)getpid();
    put("==%d== Holdfast crash (error): %s\n", pid, facts.what);
    put_part(put_crash_stack_text, false);
    put_part(put_handle_text, false);
    put_part(put_nearby_text, false);
    put_part(put_threads_text, false);
    put_part(put_events_text, false);
    put("==%d==   Holdfast  the process dies of %s now, as without Holdfast\n==%d== \n", pid, signal_name(facts.crash->signal), pid);
}

static void write_event(void *unused)
{
    (void)unused;
    uint64_t words[CRASH_DEPTH];
    unsigned natives = native_count();
    for (unsigned i = 0; i < natives; i++)
        words[i] = stack_native_word(facts.stack.instruction[i]);
    const char *function = facts.call.any ? function_table[facts.call.function].name : "";
    struct event_record event = {.type = EVENT_crash,
                                 .address = facts.crash->address,
                                 .stack = tracker_stack(TRACKER, words, natives, facts.python.id, facts.python.count, facts.stack.truncated ? STACK_TRUNCATED_NATIVE : 0),
                                 .function = facts.call.function,
                                 .kind = facts.handle.of.kind,
                                 .birth_stack = facts.handle.of.obtained,
                                 .death_stack = facts.handle.of.freed,
                                 .label = tracker_string(TRACKER, facts.handle.of.handle, strlen(facts.handle.of.handle)),
                                 .detail = tracker_string(TRACKER, facts.what, strlen(facts.what)),
                                 .function_name = tracker_string(TRACKER, function, strlen(function))};
    tracker_event(TRACKER, &event);
}

static void lock_tracker(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    if (tracker_is_mine(TRACKER))
        return; /* in the midst of a change */
    for (unsigned turn = 0; turn < 300 && !facts.locked; turn++) {
        facts.locked = tracker_try_lock(TRACKER);
        if (!facts.locked)
            nanosleep(&moment, NULL);
    }
    for (unsigned turn = 0; turn < 300 && facts.locked && !facts.writable; turn++) {
        facts.writable = tracker_depot_is_free(TRACKER);
        if (!facts.writable)
            nanosleep(&moment, NULL);
    }
}

static void write_summary(void *unused)
{
    (void)unused;
    report_crash_summary();
}

void crash_report(const struct crash *crash)
{
    memset(&facts, 0, sizeof facts);
    facts.crash = crash;
    facts.thread = (uint32_t)syscall(SYS_gettid);
    facts.python.id = facts.python.room;
    prctl(PR_GET_NAME, facts.thread_name, 0, 0, 0);
    lock_tracker();
    crash_guarded(walk, NULL);
    if (facts.writable && !crash_guarded(read_python, NULL))
        facts.python.count = 0;
    crash_guarded(find_call, NULL);
    crash_guarded(find_nearby, NULL);
    crash_guarded(say_what, NULL);
    if (facts.writable)
        crash_guarded(write_event, NULL);
    report_crash_begin();
    void (*const writers[])(void) = {[FORMAT_text] = put_all_text, [FORMAT_json] = put_all_json, [FORMAT_otlp] = put_all_otlp};
    writers[holdfast_options.log_format]();
    report_crash_write();
    crash_guarded(write_summary, NULL);
    if (facts.locked && tracker_is_mine(TRACKER))
        tracker_unlock(TRACKER);
}

/* What is slow, or allocates, the first time. */
void crash_report_prepare(void)
{
    const char *module;
    uintptr_t offset, distance;
    char symbol[96], text[64];
    crash_symbol((uintptr_t)&crash_report_prepare, &module, &offset, symbol, sizeof symbol, &distance);
    struct crash_stack stack;
    struct crash here = {.instruction = (uintptr_t)__builtin_return_address(0), .sp = (uintptr_t)__builtin_frame_address(0) + 16, .fp = *(uintptr_t *)__builtin_frame_address(0)};
    crash_walk(&stack, &here);
    snprintf(text, sizeof text, "%s 0x%lx %u %-2u", module, (unsigned long)offset, stack.count, stack.count);
}
