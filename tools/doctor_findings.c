/* The findings of `holdfast doctor`, and lists of text: see doctor.h. */
#include "doctor.h"
#include "text.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct finding_kind kinds[FINDING_COUNT] = {
#define FINDING(name, severity, why, remedy) {#name, why, remedy, FINDING_##severity},
#include "doctor_findings.def"
};

const struct finding_kind *finding_kind(enum finding_name name)
{
    return &kinds[name];
}

const char *finding_severity_name(enum finding_severity severity)
{
    static const char *const names[] = {"note", "warning", "error"};
    return names[severity];
}

/* The same sentence is said once. */
void add_finding(struct diagnosis *diagnosis, enum finding_name name, const char *format, ...)
{
    char *what = NULL;
    va_list values;
    va_start(values, format);
    int bytes = vasprintf(&what, format, values);
    va_end(values);
    if (bytes < 0)
        what = duplicate(kinds[name].name);
    for (size_t index = 0; index < diagnosis->finding_count; index++)
        if (diagnosis->findings[index].name == name && strcmp(diagnosis->findings[index].what, what) == 0) {
            free(what);
            return;
        }
    diagnosis->findings = reallocate(diagnosis->findings, (diagnosis->finding_count + 1) * sizeof *diagnosis->findings);
    diagnosis->findings[diagnosis->finding_count++] = (struct doctor_finding){name, what};
}

/* ---- lists of text --------------------------------------------------------------------------------------------------------- */

void strings_add(struct strings *strings, char *text)
{
    if (strings->count == strings->room) {
        strings->room = strings->room != 0 ? 2 * strings->room : 8;
        strings->items = reallocate(strings->items, strings->room * sizeof *strings->items);
    }
    strings->items[strings->count++] = text;
}

bool strings_hold(const struct strings *strings, const char *text)
{
    for (size_t index = 0; index < strings->count; index++)
        if (strcmp(strings->items[index], text) == 0)
            return true;
    return false;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

void strings_sort(struct strings *strings)
{
    size_t kept = 0;
    if (strings->count != 0)
        qsort(strings->items, strings->count, sizeof *strings->items, by_text);
    for (size_t index = 0; index < strings->count; index++)
        if (kept == 0 || strcmp(strings->items[index], strings->items[kept - 1]) != 0)
            strings->items[kept++] = strings->items[index];
        else
            free(strings->items[index]);
    strings->count = kept;
}

void strings_clear(struct strings *strings)
{
    for (size_t index = 0; index < strings->count; index++)
        free(strings->items[index]);
    free(strings->items);
    *strings = (struct strings){0};
}
