/* Baselines: see baseline.h. One thread. */
#include "baseline.h"
#include "signature.h"
#include "text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BASELINE_MAX (64u << 20) /* bytes of a file: far more than a report can have */

struct baseline {
    struct baseline_entry *entries;
    size_t count, room;
    struct byte_table numbers;
};

/* ---- entries ---------------------------------------------------------------------------------------------------------- */

/* Several findings of one signature are one entry: their counts are added. */
static void add_entry(struct baseline *baseline, const char *signature, const char *rule, const char *place, const char *message, int64_t count)
{
    uint32_t number = table_find(&baseline->numbers, signature, SIGNATURE_DIGITS);
    if (number != TABLE_NONE) {
        baseline->entries[number].count += count;
        return;
    }
    if (baseline->count == baseline->room) {
        baseline->room = baseline->room != 0 ? 2 * baseline->room : 64;
        baseline->entries = reallocate(baseline->entries, baseline->room * sizeof *baseline->entries);
    }
    table_add(&baseline->numbers, signature, SIGNATURE_DIGITS, (uint32_t)baseline->count);
    struct baseline_entry *entry = &baseline->entries[baseline->count++];
    *entry = (struct baseline_entry){.rule = duplicate(rule), .place = duplicate(place), .message = duplicate(message), .count = count};
    memcpy(entry->signature, signature, SIGNATURE_DIGITS);
}

void baseline_close(struct baseline *baseline)
{
    if (baseline == NULL)
        return;
    for (size_t index = 0; index < baseline->count; index++) {
        free(baseline->entries[index].rule);
        free(baseline->entries[index].place);
        free(baseline->entries[index].message);
    }
    free(baseline->entries);
    table_clear(&baseline->numbers);
    free(baseline);
}

bool baseline_has(const struct baseline *baseline, const char *signature)
{
    return baseline != NULL && table_find(&baseline->numbers, signature, SIGNATURE_DIGITS) != TABLE_NONE;
}

const struct baseline_entry *baseline_find(const struct baseline *baseline, const char *signature)
{
    uint32_t number = table_find(&baseline->numbers, signature, SIGNATURE_DIGITS);
    return number != TABLE_NONE ? &baseline->entries[number] : NULL;
}

const struct baseline_entry *baseline_entries(const struct baseline *baseline, size_t *count)
{
    *count = baseline->count;
    return baseline->entries;
}

struct baseline *baseline_of(const struct findings *findings)
{
    struct baseline *baseline = allocate(sizeof *baseline);
    for (size_t index = 0; index < findings->count + findings->hidden; index++) {
        const struct finding *finding = &findings->items[index];
        add_entry(baseline, finding->signature, member(finding->violation, "rule"), finding->place, member(finding->violation, "message"), finding->count);
    }
    return baseline;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

static bool add_document(struct baseline *baseline, const json_t *document)
{
    const json_t *list = json_object_get(document, "violations");
    size_t index;
    json_t *item;
    if (!json_is_integer(json_object_get(document, "schema")) || member_number(document, "schema") > SCHEMA_VERSION || !json_is_array(list))
        return false;
    json_array_foreach(list, index, item)
        if (is_signature(member(item, "signature")))
            add_entry(baseline, member(item, "signature"), member(item, "rule"), member(item, "place"), member(item, "message"), member_number(item, "count"));
        else
            return false; /* a report of a version without signatures would let everything through */
    return true;
}

/* The number of the first line that is neither a comment, nor empty, nor begins with a signature; 0: none is. */
static size_t add_list(struct baseline *baseline, char *text)
{
    size_t number = 0;
    for (char *line; (line = strsep(&text, "\n")) != NULL;) {
        number++;
        line += strspn(line, " \t\r");
        line[strcspn(line, " \t\r#")] = '\0';
        if (line[0] == '\0')
            continue;
        if (!is_signature(line))
            return number;
        add_entry(baseline, line, "", "", "", 0);
    }
    return 0;
}

static char *whole_file(const char *command, const char *file, size_t *bytes)
{
    struct stat status;
    FILE *stream = stat(file, &status) == 0 && S_ISREG(status.st_mode) ? fopen(file, "re") : NULL;
    if (stream == NULL) {
        complain(command, "the baseline '%s' cannot be read: %s", file, errno != 0 ? strerror(errno) : "it is no file");
        return NULL;
    }
    char *text = allocate(status.st_size < BASELINE_MAX ? (size_t)status.st_size + 1 : 1);
    *bytes = status.st_size < BASELINE_MAX ? fread(text, 1, (size_t)status.st_size, stream) : 0;
    bool fine = status.st_size < BASELINE_MAX && !ferror(stream);
    fclose(stream);
    if (fine)
        return text;
    complain(command, "the baseline '%s' cannot be read: it is %s", file, status.st_size < BASELINE_MAX ? "damaged" : "larger than 64 MiB");
    free(text);
    return NULL;
}

struct baseline *baseline_read(const char *command, const char *file)
{
    size_t bytes = 0;
    errno = 0;
    char *text = whole_file(command, file, &bytes);
    if (text == NULL)
        return NULL;
    struct baseline *baseline = allocate(sizeof *baseline);
    json_error_t error = {.text = "it is no report"};
    char *complaint = NULL;
    if (text[strspn(text, " \t\r\n")] == '{') {
        json_t *document = json_loadb(text, bytes, 0, &error);
        if (document == NULL)
            complaint = compose("line %d, byte %d: %s", error.line, error.position, error.text);
        else if (!add_document(baseline, document))
            complaint = duplicate("it is no JSON report with signatures, and no baseline");
        json_decref(document);
    } else if (memchr(text, '\0', bytes) != NULL) {
        complaint = duplicate("it is no text");
    } else {
        size_t line = add_list(baseline, text);
        if (line != 0)
            complaint = compose("line %zu is no signature: 16 hexadecimal digits are expected", line);
    }
    free(text);
    if (complaint == NULL)
        return baseline;
    complain(command, "the baseline '%s' cannot be used: %s", file, complaint);
    free(complaint);
    baseline_close(baseline);
    return NULL;
}

enum document document_in(const char *file)
{
    char start[4096] = "";
    struct stat status;
    FILE *stream = stat(file, &status) == 0 && S_ISREG(status.st_mode) ? fopen(file, "re") : NULL;
    if (stream == NULL)
        return DOCUMENT_NONE;
    start[fread(start, 1, sizeof start - 1, stream)] = '\0';
    fclose(stream);
    const char *text = start + strspn(start, " \t\r\n");
    char first[SIGNATURE_DIGITS + 1] = "";
    strncat(first, text, SIGNATURE_DIGITS);
    if (text[0] == '#' || is_signature(first))
        return DOCUMENT_BASELINE;
    /* A log's lines are whole objects; a document is spread over lines. */
    const char *type = strstr(text, "\"type\"");
    type = type != NULL ? strchr(type, ':') : NULL;
    type = type != NULL ? type + 1 + strspn(type + 1, " ") : "";
    if (text[0] != '{')
        return DOCUMENT_NONE;
    return strncmp(type, "\"report\"", 8) == 0 ? DOCUMENT_REPORT : strncmp(type, "\"baseline\"", 10) == 0 ? DOCUMENT_BASELINE : DOCUMENT_NONE;
}

/* ---- writing ------------------------------------------------------------------------------------------------------------ */

bool baseline_write(const struct baseline *baseline, const char *file)
{
    json_t *list = json_array();
    for (size_t index = 0; index < baseline->count; index++) {
        const struct baseline_entry *entry = &baseline->entries[index];
        json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o, s:I}", "signature", entry->signature, "rule", json_text(entry->rule), "place", json_text(entry->place), "message",
                                              json_text(entry->message), "count", (json_int_t)entry->count));
    }
    json_t *document = json_pack("{s:i, s:s, s:o}", "schema", SCHEMA_VERSION, "type", "baseline", "violations", list);
    char *other = compose("%s.%d", file, (int)getpid());
    FILE *stream = fopen(other, "wxe");
    bool fine = stream != NULL && json_dumpf(document, stream, JSON_INDENT(1)) == 0 && fputc('\n', stream) != EOF;
    if (stream != NULL && fclose(stream) != 0)
        fine = false;
    fine = fine && rename(other, file) == 0;
    if (!fine) {
        complain("report", "the baseline '%s' cannot be written: %s", file, strerror(errno));
        if (stream != NULL)
            unlink(other);
    }
    free(other);
    json_decref(document);
    return fine;
}
