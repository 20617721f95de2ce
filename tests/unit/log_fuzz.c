/* Reading logs that libFuzzer makes up: whatever a file holds, the reader ends, stays in bounded memory, and shows in each format what it took for violations; and a
 * line that is recognised without the parser counts as the parser would count it. For tests/programs/log_fuzz_test.py. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "baseline.h"
#include "glance.h"
#include "inputs.h"
#include "render.h"
#include "signature.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void require(bool fine)
{
    if (!fine)
        abort();
}

static int file_with(const uint8_t *bytes, size_t count)
{
    int descriptor = memfd_create("log", MFD_CLOEXEC);
    require(descriptor >= 0 && write(descriptor, bytes, count) == (ssize_t)count && lseek(descriptor, 0, SEEK_SET) == 0);
    return descriptor;
}

/* What glance.c says of a line, the parser must say too. */
static void compare_with_parser(struct glances *glances, const char *line, size_t bytes)
{
    struct glance glance;
    if (memchr(line, '\0', bytes) != NULL || !glance_at(glances, line, bytes, &glance))
        return;
    json_t *object = json_loadb(line, bytes, 0, NULL);
    require(object != NULL && strcmp(member(object, "type"), "violation") == 0 && member_number(object, "schema") == SCHEMA_VERSION);
    require(member_number(object, "pid") == glance.sighting.pid && time_from_text(member(object, "time")) == glance.sighting.time);
    const struct {
        const char *name;
        struct sighting_text text;
    } members[] = {{"rule", glance.rule}, {"function", glance.function}, {"host", glance.sighting.host}, {"worker", glance.sighting.worker}, {"task", glance.sighting.task}};
    for (size_t index = 0; index < sizeof members / sizeof members[0]; index++)
        require(strlen(member(object, members[index].name)) == members[index].text.bytes && memcmp(member(object, members[index].name), members[index].text.text, members[index].text.bytes) == 0);
    json_t *stacks = json_loadb(glance.stacks.text, glance.stacks.bytes, 0, NULL);
    require(stacks != NULL && json_equal(stacks, json_object_get(object, "stacks")));
    glance_remember(glances, &glance, 1);
    require(glance_find(glances, &glance) == 1);
    json_decref(stacks);
    json_decref(object);
}

static void compare_lines(const uint8_t *bytes, size_t count)
{
    struct glances *glances = glances_open();
    const char *text = (const char *)bytes;
    while (count > 0) {
        const char *end = memchr(text, '\n', count);
        size_t length = end != NULL ? (size_t)(end - text) : count;
        compare_with_parser(glances, text, length);
        text += length + (end != NULL);
        count -= length + (end != NULL);
    }
    glances_close(glances);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static FILE *nowhere;
    if (nowhere == NULL) {
        nowhere = fopen("/dev/null", "w");
        require(nowhere != NULL);
    }
    compare_lines(bytes, count);
    struct findings findings;
    struct log_reading reading = {0};
    findings_open(&findings);
    findings.fail_on = FAIL_NEVER;
    findings.has_records = true;
    read_log(&findings, &reading, "log", file_with(bytes, count), false);
    read_log(&findings, &reading, "log", file_with(bytes, count), false); /* again: all of it is known by now */
    require(findings.records % 2 == 0);
    read_log(&findings, &reading, "log", file_with(bytes, count), true);
    log_reading_end(&reading);
    uint64_t counted = findings.violations_left_out;
    for (size_t index = 0; index < findings.count; index++) {
        const struct finding *finding = &findings.items[index];
        counted += (uint64_t)finding->count;
        require(is_signature(finding->signature) && finding->elsewhere < finding->count && finding->first_seen <= finding->last_seen);
        require(json_array_size(finding->workers) <= finding->worker_count && json_array_size(finding->processes) <= finding->process_count);
    }
    require(counted == findings.records);
    findings_settle(&findings);
    findings_sort(&findings, ORDER_COUNT, 0);
    void (*const renderers[])(FILE *, const struct findings *) = {render_text, render_json, render_otlp, render_sarif, render_junit, render_csv};
    for (size_t index = 0; index < sizeof renderers / sizeof renderers[0]; index++)
        renderers[index](nowhere, &findings);
    baseline_close(baseline_of(&findings));
    findings_close(&findings);
    return 0;
}
