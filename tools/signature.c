/* Keys and signatures of violations: see signature.h. Pure functions but for memory. */
#include "signature.h"
#include "findings.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- the key for counting ------------------------------------------------------------------------------------------------ */

static const char *const stack_names[] = {"used", "obtained", "freed", "other"};

static void add_frames(struct buffer *key, const json_t *frames, const char *first, const char *second)
{
    for (size_t index = 0; index < json_array_size(frames); index++) {
        const json_t *frame = json_array_get(frames, index);
        char line[32];
        if (json_is_true(json_object_get(frame, "inlined")))
            continue; /* has module and offset of the one that it was inlined into */
        buffer_add_text(key, member(frame, first));
        buffer_add(key, "\0", 1);
        buffer_add_text(key, member(frame, second));
        buffer_add(key, line, (size_t)snprintf(line, sizeof line, " %lld\n", (long long)member_number(frame, "line")));
    }
}

/* The lines of a text report but those that name the handle, which differs from process to process. */
static void add_lines(struct buffer *key, const char *lines)
{
    while (*lines != '\0') {
        size_t bytes = strcspn(lines, "\n"), blanks = strspn(lines, " ");
        const char *start = lines + (blanks < bytes ? blanks : bytes);
        if (strncmp(start, "died with ", 10) != 0 && strncmp(start, "Holdfast ", 9) != 0) {
            buffer_add(key, start, bytes - (size_t)(start - lines));
            buffer_add(key, "\n", 1);
        }
        lines += bytes + (lines[bytes] == '\n');
    }
}

void grouping_of(struct buffer *key, const json_t *violation)
{
    const json_t *stacks = json_object_get(violation, "stacks");
    const char *text = member(violation, "text");
    buffer_add_line(key, member(violation, "rule"));
    buffer_add_line(key, member(violation, "function"));
    for (size_t which = 0; which < sizeof stack_names / sizeof stack_names[0]; which++) {
        const json_t *stack = json_object_get(stacks, stack_names[which]);
        buffer_add_line(key, stack_names[which]);
        add_frames(key, json_object_get(stack, "python"), "file", "function");
        add_frames(key, json_object_get(stack, "native"), "module", "offset");
    }
    add_lines(key, text);
    if (stacks == NULL && text[0] == '\0')
        buffer_add_line(key, member(violation, "message"));
}

/* ---- a text report's stacks ------------------------------------------------------------------------------------------------ */

/* "FILE:LINE in FUNCTION", "SYMBOL+0x12 (MODULE+0x1234)" or "MODULE+0x1234", as a frame of `stack`. Modules have their paths in lists, not in titles. */
static void add_frame_of_text(json_t *stack, const char *text, size_t bytes)
{
    char *frame = duplicate_bytes(text, bytes), *in = strstr(frame, " in "), *colon = NULL;
    for (; in != NULL; in = strstr(in + 1, " in ")) {
        colon = in;
        while (colon > frame && isdigit((unsigned char)colon[-1]))
            colon--;
        if (colon < in && colon > frame && colon[-1] == ':')
            break;
    }
    if (in != NULL) {
        colon[-1] = *in = '\0';
        json_array_append_new(json_object_get(stack, "python"), json_pack("{s:o, s:o}", "file", json_text(frame), "function", json_text(in + 4)));
    } else {
        char *module = frame[0] != '/' ? strstr(frame, " (") : NULL; /* a path may have brackets, a symbol has none */
        char *symbol = module != NULL ? frame : NULL, *name = module != NULL ? module + 2 : frame, *plus = strrchr(name, '+');
        json_t *native = json_object();
        if (symbol != NULL) {
            *module = '\0';
            json_object_set_new(native, "symbol", json_text(symbol));
        }
        if (plus != NULL) {
            *plus++ = '\0';
            plus[strcspn(plus, ")")] = '\0';
            json_object_set_new(native, "offset", json_text(plus));
        }
        json_object_set_new(native, "module", json_text(name));
        json_array_append_new(json_object_get(stack, "native"), native);
    }
    free(frame);
}

/* "  used      x.py:5 in <module>, by GDALClose:  the line": which stack, and where its place begins. */
static const char *title_of_line(const char *line, bool first, const char **name)
{
    static const struct {
        const char *title, *name;
    } titles[] = {{"used ", "used"}, {"freed now ", "used"}, {"freed again ", "used"}, {"meanwhile (", "other"}, {"obtained ", "obtained"}, {"freed ", "freed"}, {"given ", "freed"}, {"replaced ", "freed"}};
    if (strncmp(line, "  changed ", 10) == 0) {
        *name = first ? "used" : "freed"; /* HF108: the call itself where nothing died, else what killed the pointer */
        return line + 10 + strspn(line + 10, " ");
    }
    for (size_t index = 0; index < sizeof titles / sizeof titles[0]; index++) {
        size_t length = strlen(titles[index].title);
        if (strncmp(line, "  ", 2) != 0 || strncmp(line + 2, titles[index].title, length) != 0)
            continue;
        *name = titles[index].name;
        line += 2 + length;
        return line + strspn(line, " ");
    }
    return NULL;
}

json_t *stacks_of_text(const char *rule, const char *text, char **function)
{
    json_t *stacks = json_object(), *stack = NULL;
    bool listed = false;
    *function = NULL;
    char *place = NULL;
    for (size_t bytes; *text != '\0'; text += bytes + (text[bytes] == '\n')) {
        bytes = strcspn(text, "\n");
        char *line = duplicate_bytes(text, bytes);
        const char *name = NULL, *start = title_of_line(line, json_object_size(stacks) == 0, &name);
        if (start != NULL || line[0] != ' ' || strncmp(line, "  Holdfast ", 11) == 0) {
            if (stack != NULL && !listed && place != NULL)
                add_frame_of_text(stack, place, strlen(place)); /* a stack of one frame stands in its title alone */
            free(place);
            place = NULL;
            stack = NULL;
        }
        if (start != NULL) {
            const char *by = strstr(start, ", by "), *end = by != NULL ? by : start + strlen(start);
            size_t letters = by != NULL ? strspn(by + 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") : 0;
            place = duplicate_bytes(start, (size_t)(end - start));
            stack = json_pack("{s:o, s:[], s:[]}", "function", json_text(""), "python", "native");
            if (letters != 0)
                json_object_set_new(stack, "function", json_stringn(by + 5, letters));
            json_object_set_new(stacks, name, stack);
            listed = false;
        } else if (stack != NULL && strncmp(line, "    #", 5) == 0) {
            const char *frame = line + 5 + strspn(line + 5, "0123456789");
            frame += strspn(frame, " ");
            add_frame_of_text(stack, frame, strlen(frame));
            listed = true;
        }
        free(line);
    }
    if (stack != NULL && !listed && place != NULL)
        add_frame_of_text(stack, place, strlen(place));
    free(place);
    /* The free itself is the mistake: it is told once. */
    if (strcmp(rule, "HF106") == 0 && json_object_get(stacks, "used") == NULL)
        json_object_set(stacks, "used", json_object_get(stacks, "freed"));
    const char *called = member(json_object_get(stacks, "used"), "function");
    if (called[0] != '\0')
        *function = duplicate(called);
    return stacks;
}

/* ---- the stable signature -------------------------------------------------------------------------------------------------- */

/* Of "/home/me/x.py" x.py. A notebook's cell is a file whose name is a number. */
static void add_file(struct buffer *words, const char *file)
{
    const char *name = base_name(file);
    if (strncmp(name, "<ipython-input-", 15) == 0 || (isdigit((unsigned char)name[0]) && strcmp(name + strspn(name, "0123456789"), ".py") == 0))
        name = "<cell>";
    buffer_add_text(words, name);
}

/* "libgdal.so.32.3.6.2" and "libgdal-1a2b3c.so.32" of a wheel are libgdal, "_ogr.cpython-311-x86_64-linux-gnu.so" is _ogr, "python3.11" python. */
static size_t module_length(const char *name)
{
    size_t length = strcspn(name, ".");
    for (size_t index = 1; index < length; index++)
        if (name[index] == '-' && strspn(name + index + 1, "0123456789abcdef") >= 6 && index + 1 + strspn(name + index + 1, "0123456789abcdef") == length)
            length = index;
    while (length > 1 && isdigit((unsigned char)name[length - 1]) && name[strcspn(name, ".")] == '.')
        length--;
    return length;
}

/* Parts that the compiler made of a function are that function. */
static size_t function_length(const char *name)
{
    static const char *const parts[] = {".part.", ".isra.", ".constprop.", ".cold", ".lto_priv.", ".llvm."};
    size_t length = strlen(name);
    for (size_t index = 0; index < sizeof parts / sizeof parts[0]; index++) {
        const char *found = strstr(name, parts[index]);
        if (found != NULL && (size_t)(found - name) < length)
            length = (size_t)(found - name);
    }
    return length;
}

/* What lies around every program: the start code, and Holdfast's own frames. */
static bool is_around(const char *module, const char *function)
{
    static const char *const modules[] = {"libc.", "libc-", "libpthread", "ld-linux", "ld-musl", "libholdfast"};
    if (strcmp(function, "_start") == 0)
        return true;
    for (size_t index = 0; index < sizeof modules / sizeof modules[0]; index++)
        if (strncmp(base_name(module), modules[index], strlen(modules[index])) == 0)
            return true;
    return false;
}

/* Add what `frame` holds, unless the frame before was the same. */
static void add_frame(struct buffer *words, struct buffer *last, struct buffer *frame)
{
    if (last->bytes != frame->bytes || memcmp(last->text, frame->text, frame->bytes) != 0)
        buffer_add(words, frame->text, frame->bytes);
    buffer_clear(last);
    *last = *frame;
    *frame = (struct buffer){0};
}

static void add_python_frames(struct buffer *words, const json_t *frames)
{
    struct buffer last = {0}, one = {0};
    bool only_installed = true;
    size_t index;
    json_t *frame;
    json_array_foreach(frames, index, frame)
        only_installed = only_installed && is_installed(member(frame, "file"));
    json_array_foreach(frames, index, frame) {
        if (!only_installed && is_installed(member(frame, "file")))
            continue;
        add_file(&one, member(frame, "file"));
        buffer_add_text(&one, " ");
        buffer_add_line(&one, member(frame, "function"));
        add_frame(words, &last, &one);
    }
    buffer_clear(&last);
}

static void add_native_frames(struct buffer *words, const json_t *frames)
{
    struct buffer last = {0}, one = {0};
    size_t index;
    json_t *frame;
    json_array_foreach(frames, index, frame) {
        const char *module = member(frame, "module"), *function = member(frame, "function"), *symbol = member(frame, "symbol");
        size_t length = function[0] != '\0' ? function_length(function) : 0;
        if (json_is_true(json_object_get(frame, "inlined")))
            continue; /* what is inlined differs from build to build */
        if (length == 0) {
            function = symbol;
            length = strcspn(symbol, "+");
            length = length < function_length(symbol) ? length : function_length(symbol);
        }
        if (is_around(module, function))
            continue;
        if (length != 0) {
            buffer_add(&one, function, length);
        } else {
            buffer_add_text(&one, "in ");
            buffer_add(&one, base_name(module), module_length(base_name(module)));
        }
        buffer_add_text(&one, "\n");
        add_frame(words, &last, &one);
    }
    buffer_clear(&last);
}

static void add_stack(struct buffer *words, const json_t *stacks, const char *name)
{
    const json_t *stack = json_object_get(stacks, name), *python = json_object_get(stack, "python");
    buffer_add_line(words, name);
    if (json_array_size(python) != 0)
        add_python_frames(words, python);
    else
        add_native_frames(words, json_object_get(stack, "native"));
}

char *signature_of(const char *rule, const char *function, const json_t *stacks)
{
    struct buffer words = {0};
    buffer_add_line(&words, "signature 1"); /* to be raised with the meaning of what follows */
    buffer_add_line(&words, rule);
    /* Where no call was wrong (a leak) a record names the one that made the handle, and logs none. */
    bool no_call = json_is_object(json_object_get(stacks, "obtained")) && !json_is_object(json_object_get(stacks, "used"));
    buffer_add_line(&words, no_call ? "" : function);
    for (size_t which = 0; which < 3; which++)
        add_stack(&words, stacks, stack_names[which]);
    uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t index = 0; index < words.bytes; index++)
        sum = (sum ^ (unsigned char)words.text[index]) * UINT64_C(0x100000001b3);
    buffer_clear(&words);
    return compose("%016" PRIx64, sum);
}

bool is_signature(const char *text)
{
    return strspn(text, "0123456789abcdef") == SIGNATURE_DIGITS && text[SIGNATURE_DIGITS] == '\0';
}
