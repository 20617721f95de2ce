/* Symbols into the stacks of a violation: see symbolize.h. One thread. */
#include "symbolize.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* Sources and functions may be named in any bytes; JSON takes only UTF-8. */
static void set_text(json_t *frame, const char *name, const char *text)
{
    json_t *string = text != NULL ? json_string(text) : NULL;
    if (string == NULL && text != NULL) {
        size_t bytes = strlen(text);
        char *plain = malloc(bytes + 1);
        for (size_t index = 0; plain != NULL && index <= bytes; index++)
            plain[index] = (unsigned char)text[index] < 0x80 ? text[index] : '?';
        string = plain != NULL ? json_string(plain) : NULL;
        free(plain);
    }
    if (string != NULL)
        json_object_set_new(frame, name, string);
}

static void set_frame(json_t *frame, const struct symbol_frame *found)
{
    set_text(frame, "function", found->function);
    set_text(frame, "file", found->file);
    if (found->file != NULL)
        json_object_set_new(frame, "line", json_integer(found->line));
}

/* How many frames it became. */
static size_t symbolize_frame(struct symbolizer *symbolizer, json_t *native, size_t index)
{
    struct symbol symbol;
    json_t *frame = json_array_get(native, index);
    const char *text = text_of(frame, "offset"), *build_id = json_string_value(json_object_get(frame, "build_id"));
    char *end = NULL;
    errno = 0;
    unsigned long long offset = strtoull(text, &end, 16);
    if (end == text || *end != '\0' || errno != 0 || text_of(frame, "module")[0] == '\0' || json_object_get(frame, "function") != NULL)
        return 1; /* nothing to go by, or done already */
    enum symbol_result result = symbolize(symbolizer, text_of(frame, "module"), build_id, offset, &symbol);
    if (result == SYMBOL_OTHER_BUILD)
        json_object_set_new(frame, "remark", json_string("the file there now is another build"));
    if (result != SYMBOL_FOUND)
        return 1;
    for (size_t inner = 0; inner + 1 < symbol.count; inner++) {
        json_t *inlined = json_object();
        set_text(inlined, "module", text_of(frame, "module"));
        set_text(inlined, "offset", text);
        json_object_set_new(inlined, "inlined", json_true());
        set_frame(inlined, &symbol.frames[inner]);
        json_array_insert_new(native, index + inner, inlined);
    }
    set_frame(frame, &symbol.frames[symbol.count - 1]);
    return symbol.count;
}

void symbolize_stacks(struct symbolizer *symbolizer, json_t *stacks)
{
    const char *name;
    json_t *stack;
    json_object_foreach(stacks, name, stack) {
        json_t *native = json_object_get(stack, "native");
        for (size_t index = 0; index < json_array_size(native);)
            index += symbolize_frame(symbolizer, native, index);
    }
}

void symbolize_violation(struct symbolizer *symbolizer, json_t *violation)
{
    symbolize_stacks(symbolizer, json_object_get(violation, "stacks"));
}

void symbolize_crash(struct symbolizer *symbolizer, json_t *crash)
{
    symbolize_stacks(symbolizer, json_object_get(crash, "stacks"));
    symbolize_stacks(symbolizer, json_object_get(json_object_get(crash, "handle"), "stacks"));
    symbolize_stacks(symbolizer, json_object_get(json_object_get(crash, "nearby"), "stacks"));
}
