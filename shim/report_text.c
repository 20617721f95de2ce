/* A violation as text for people: see report_parts.h. */
#include "report_parts.h"
#include "context.h"
#include "who.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRACKER (&holdfast_tracker)

void put_stack_text(const char *title, stack_id id, uint16_t function, bool has_function)
{
    int pid = (int)getpid();
    const struct stack_record *stack = stack_of(id);
    struct place place = place_of(id);
    char where[400];
    place_text(&place, where, sizeof where);
    put("==%d==   %-9s %s%s%s%s%s\n", pid, title, where, has_function ? ", by " : "", has_function ? function_table[function].name : "",
        place.text[0] != '\0' ? ":  " : "", place.text);
    if (stack == NULL)
        return;
    unsigned natives = stack->native_count;
    if (stack->python_count <= 1 && natives == 0)
        return; /* the title has said it all; of a native frame it has not the path */
    unsigned number = 0;
    for (unsigned i = 0; i < stack->python_count; i++)
    {
        const struct python_frame_record *frame = python_frame(stack, i);
        if (frame != NULL)
            put("==%d==     #%-2u %s:%u in %s\n", pid, number++, tracker_text(TRACKER, frame->file), frame->line,
                tracker_text(TRACKER, frame->function));
    }
    if (stack->python_count > 0 && natives > 0)
        put("==%d==     and there in native code\n", pid);
    for (unsigned i = 0; i < natives; i++)
    {
        char native[500];
        native_frame_text(stack_word(stack, stack->python_count + i), native, sizeof native);
        if (strstr(native, "libholdfast.so") != NULL)
            continue; /* between the interpreter and a proxy's death: no news for anybody */
        put("==%d==     #%-2u %s\n", pid, number++, native);
    }
    if (stack->flags != 0)
        put("==%d==     ... (deeper frames left out: stack_depth=%u)\n", pid, holdfast_options.stack_depth);
}

static const char *title_of_use(const struct violation *violation)
{
    return violation->rule == 108 && !violation->has_death ? "changed" : violation->freeing ? "freed now" : "used";
}

static const char *title_of_death(const struct violation *violation)
{
    switch (violation->rule)
    {
    case 105:
        return violation->by_member ? "freed" : "given";
    case 107:
        return "replaced";
    case 108:
        return "changed";
    default:
        return "freed";
    }
}

void put_text(const struct violation *violation, const struct rule *rule, const char *severity, const char *message, const char *remedy_words,
              const struct remedy *remedy, const char *suppression)
{
    int pid = (int)getpid();
    put("==%d== Holdfast HF%u %s (%s): %s\n", pid, rule->number, rule->name, severity, message);
    if (!violation->no_call && (violation->rule != 106 || violation->used != violation->freed))
        put_stack_text(title_of_use(violation), violation->used, violation->function, true);
    if (violation->has_other)
    {
        char title[32];
        snprintf(title, sizeof title, "meanwhile (thread %d)", violation->other_thread);
        put_stack_text(title, violation->other, violation->other_function, true);
    }
    if (violation->has_birth)
        put_stack_text("obtained", violation->obtained, violation->birth_function, true);
    if (violation->has_death)
        put_stack_text(title_of_death(violation), violation->freed, violation->death_function, !violation->no_death_function);
    put("==%d==   Holdfast  %s%s%s\n", pid, violation->no_call ? "logged only" : action_words(violation->action), violation->note[0] != '\0' ? "; " : "", violation->note);
    if (who_worker()[0] != '\0' || who_task()[0] != '\0')
    {
        const char *const who[][2] = {{"worker", who_worker()}, {"task", who_task()}, {"host", who_host()}};
        for (unsigned i = 0; i < sizeof who / sizeof who[0]; i++)
            if (who[i][1][0] != '\0')
                put("==%d==   %-9s %s\n", pid, who[i][0], who[i][1]);
    }
    if (remedy != NULL)
    {
        struct place place = place_of(stack_to_change(violation, remedy));
        char where[400];
        place_text(&place, where, sizeof where);
        put("==%d==   change    %s:  %s\n", pid, where, remedy_words);
    }
    put("==%d== \n%s", pid, suppression); /* bare, to be copied into a file */
}
