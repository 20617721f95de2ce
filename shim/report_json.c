/* A violation as one line of JSON (schema 1, described in tools/holdfast.1): see report_parts.h. */
#include "lifecycle.h"
#include "report_parts.h"
#include "context.h"
#include "stack.h"
#include "who.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRACKER (&holdfast_tracker)

unsigned utf8_length(const unsigned char *text)
{
    unsigned length = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 : text[0] >= 0xe0 && text[0] < 0xf0 ? 3 : text[0] >= 0xf0 && text[0] < 0xf5 ? 4 : 0;
    for (unsigned i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
        return 0;
    return length;
}

void put_json_text(const char *text)
{
    for (; *text != '\0'; text++)
    {
        unsigned char c = (unsigned char)*text;
        unsigned length = utf8_length((const unsigned char *)text);
        if (length != 1)
        {
            if (length == 0)
                put("\\ufffd");
            else
                put("%.*s", (int)length, text);
            text += length > 1 ? length - 1 : 0;
            continue;
        }
        if (c == '"' || c == '\\')
            put("\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            put("\\u%04x", c);
        else
            put("%c", c);
    }
}

void put_json_string(const char *text)
{
    put("\"");
    put_json_text(text);
    put("\"");
}

void put_json_python_frame(bool first, const struct python_frame_record *frame)
{
    put("%s{\"file\":", first ? "" : ",");
    put_json_string(frame != NULL ? tracker_text(TRACKER, frame->file) : "");
    put(",\"line\":%u,\"function\":", frame != NULL ? frame->line : 0);
    put_json_string(frame != NULL ? tracker_text(TRACKER, frame->function) : "");
    put("}");
}

/* The file at the module's path may be another one when the log is read: its build-id tells. */
void put_json_native_frame(bool first, const char *module, const uint8_t *build_id, unsigned build_id_bytes, uint64_t offset, const char *symbol)
{
    put("%s{\"module\":", first ? "" : ",");
    put_json_string(module);
    if (build_id_bytes != 0)
    {
        put(",\"build_id\":\"");
        for (unsigned i = 0; i < build_id_bytes; i++)
            put("%02x", build_id[i]);
        put("\"");
    }
    put(",\"offset\":\"0x%lx\",\"symbol\":", (unsigned long)offset);
    put_json_string(symbol);
    put("}");
}

static void put_json_module_frame(bool first, uint64_t word)
{
    char symbol[96];
    const char *path = stack_native_name(word, symbol, sizeof symbol);
    const struct module_record *module = tracker_record(TRACKER, SECTION_MODULES, (uint32_t)(word >> STACK_MODULE_SHIFT));
    unsigned bytes = module == NULL ? 0 : module->build_id_bytes < sizeof module->build_id ? module->build_id_bytes : sizeof module->build_id;
    put_json_native_frame(first, path, bytes != 0 ? module->build_id : NULL, bytes, word & STACK_OFFSET_MASK, symbol);
}

/* Days since the epoch as a date, by the 400 years after which the calendar repeats itself; years begin in March, so that leap days come last. */
struct clock_parts clock_parts(int64_t seconds)
{
    int64_t days = seconds / 86400 + 719468, rest = seconds % 86400;
    int64_t era = days / 146097, of_era = days % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    return (struct clock_parts){.year = (int)(year + era * 400 + (month >= 10)), .month = (int)(month < 10 ? month + 3 : month - 9),
                                .day = (int)(of_year - (153 * month + 2) / 5 + 1), .hour = (int)(rest / 3600), .minute = (int)(rest / 60 % 60), .second = (int)(rest % 60)};
}

/* `thread`: 0 where it is that of the report. */
void put_json_stack(const char *name, stack_id id, uint16_t function, bool present, int thread)
{
    const struct stack_record *stack = stack_of(id);
    put("\"%s\":", name);
    if (!present || stack == NULL)
    {
        put("null");
        return;
    }
    put("{\"function\":\"%s\",", function_table[function].name);
    if (thread != 0)
        put("\"thread\":%d,", thread);
    put("\"python\":[");
    for (unsigned i = 0; i < stack->python_count; i++)
    {
        const struct python_frame_record *frame = python_frame(stack, i);
        put_json_python_frame(i == 0, frame);
    }
    put("],\"native\":[");
    for (unsigned i = 0; i < stack->native_count; i++)
        put_json_module_frame(i == 0, stack_word(stack, stack->python_count + i));
    put("]}");
}

void put_json_head(const char *type)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const struct clock_parts parts = clock_parts(now.tv_sec);
    put("{\"schema\":1,\"type\":\"%s\",\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\",\"pid\":%d,\"thread\":%d,\"program\":", type,
        parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second, now.tv_nsec / 1000000,
        (int)getpid(), (int)gettid());
    put_json_string(lifecycle_program());
    const char *const who[][2] = {{"host", who_host()}, {"worker", who_worker()}, {"task", who_task()}};
    for (unsigned i = 0; i < sizeof who / sizeof who[0]; i++)
        if (who[i][1][0] != '\0')
        {
            put(",\"%s\":", who[i][0]);
            put_json_string(who[i][1]);
        }
}

static void put_json_group(const struct violation *violation)
{
    put(",\"handle_count\":%u,\"examples\":[", violation->count);
    for (const char *line = violation->examples; *line != '\0';)
    {
        char words[DESCRIPTION_BYTES];
        int bytes = (int)strcspn(line, "\n");
        snprintf(words, sizeof words, "%.*s", bytes, line);
        put("%s", line != violation->examples ? "," : "");
        put_json_string(words);
        line += bytes + (line[bytes] == '\n');
    }
    put("]");
}

void put_json(const struct violation *violation, const struct rule *rule, const char *severity, const char *message, const char *remedy_words,
              const struct remedy *remedy, const char *suppression)
{
    static const char *const modes[] = {"report", "defer", "reject"};
    put_json_head("violation");
    put(",\"rule\":\"HF%u\",\"name\":\"%s\",\"severity\":\"%s\",\"message\":", rule->number, rule->name, severity);
    put_json_string(message);
    put(",\"mode\":\"%s\",\"action\":\"%s\",\"function\":\"%s\"", modes[holdfast_options.mode], action_name(violation->action),
        violation->no_call ? "" : function_table[violation->function].name);
    if (violation->count > 0)
        put_json_group(violation);
    if (violation->expected != NULL)
    {
        put(",\"expected\":");
        put_json_string(violation->expected);
    }
    put(",\"note\":");
    put_json_string(violation->note);
    const struct provider *provider = provider_by_number(violation->provider);
    put(",\"handle\":{\"kind\":\"%s\",\"address\":\"0x%lx\",\"description\":", kind_table[violation->kind].name, (unsigned long)violation->address);
    put_json_string(violation->handle);
    put(",\"library\":");
    put_json_string(provider != NULL ? provider->path : "");
    put("},\"parents\":[");
    if (violation->parent[0] != '\0')
    {
        put("{\"kind\":\"%s\",\"address\":\"0x%lx\",\"description\":", kind_table[violation->parent_kind].name, (unsigned long)violation->parent_address);
        put_json_string(violation->parent);
        put("}");
    }
    put("],\"change\":");
    struct place place = {0};
    if (remedy != NULL)
        place = place_of(stack_to_change(violation, remedy));
    if (place.found && place.python)
    {
        put("{\"file\":");
        put_json_string(place.file);
        put(",\"line\":%u,\"text\":", place.line);
        put_json_string(place.text);
        put("}");
    }
    else
        put("null");
    put(",\"remedy\":");
    put_json_string(remedy_words);
    put(",\"stacks\":{");
    put_json_stack("used", violation->used, violation->function, !violation->no_call, 0);
    put(",");
    put_json_stack("obtained", violation->obtained, violation->birth_function, violation->has_birth, 0);
    put(",");
    put_json_stack("freed", violation->freed, violation->death_function, violation->has_death, 0);
    if (violation->has_other)
    {
        put(",");
        put_json_stack("other", violation->other, violation->other_function, true, violation->other_thread);
    }
    put("}");
    if (suppression[0] != '\0')
    {
        put(",\"suppression\":");
        put_json_string(suppression);
    }
    put("}\n");
}
