/* See stack_place.h. Allocates; one thread. */
#include "stack_place.h"
#include "findings.h"
#include "text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static char *python_place(const struct reader *reader, const struct reader_stack *stack)
{
    struct reader_python_frame frame, chosen = {0};
    for (unsigned index = 0; index < stack->python_count; index++) {
        if (!reader_python_frame(reader, stack->python[index], &frame))
            continue;
        if (chosen.file == NULL || !is_installed(frame.file))
            chosen = frame;
        if (!is_installed(frame.file))
            break;
    }
    return chosen.file != NULL ? compose("%s:%u in %s", chosen.file, chosen.line, chosen.function) : NULL;
}

void build_id_text(const struct module_record *module, char text[static BUILD_ID_TEXT_BYTES])
{
    text[0] = '\0';
    for (size_t index = 0; index < module->build_id_bytes && index < sizeof module->build_id; index++)
        snprintf(text + 2 * index, 3, "%02x", (unsigned)module->build_id[index]);
}

static char *native_place(struct symbolizer *symbolizer, const struct reader *reader, uint64_t word)
{
    uint64_t offset = 0;
    const struct module_record *module = reader_native_frame(reader, word, &offset);
    if (module == NULL)
        return NULL;
    char build_id[BUILD_ID_TEXT_BYTES];
    build_id_text(module, build_id);
    struct symbol symbol = {0};
    const char *path = reader_string(reader, module->path);
    if (symbolize(symbolizer, path, build_id[0] != '\0' ? build_id : NULL, offset, &symbol) != SYMBOL_FOUND)
        return compose("%s+0x%" PRIx64, path, offset);
    const struct symbol_frame *frame = &symbol.frames[0]; /* where it was, be it inlined */
    const char *function = frame->function != NULL ? frame->function : "?";
    return frame->file != NULL ? compose("%s:%d in %s", frame->file, frame->line, function) : compose("%s in %s", function, path);
}

char *place_of_stack(struct symbolizer *symbolizer, const struct reader *reader, uint32_t id)
{
    struct reader_stack stack;
    char *place = NULL;
    if (reader_stack(reader, id, &stack)) {
        place = python_place(reader, &stack);
        if (place == NULL && stack.native_count != 0)
            place = native_place(symbolizer, reader, stack.native[0]);
    }
    return place != NULL ? place : duplicate("an unknown place");
}
