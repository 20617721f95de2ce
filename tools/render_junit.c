/* holdfast report --format junit and gitlab: the report as a run of tests, for the test views of GitLab, Jenkins and others. A finding is a test case: failed when it makes the
 * exit status bad, skipped when it does not (its level is below --fail-on, by default error; or the baseline knows it). A crash, and what could not be read, is an error. Where there
 * is nothing to tell one case that passed says so: an empty file looks like a job that did not run.
 *
 * junit keeps to Jenkins' schema (junit-10.xsd), which its xUnit plugin insists on. It has no place for a case's file, which GitLab and others link to the source:
 * gitlab is the same with the attributes file and line. */
#include "places.h"
#include "render.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

/* XML 1.0 has no control characters, not even escaped, and neither U+FFFE nor U+FFFF. */
static void put_xml(FILE *stream, const char *text, bool in_attribute)
{
    for (const unsigned char *byte = (const unsigned char *)text; *byte != '\0'; byte++) {
        switch (*byte) {
        case '&':
            fputs("&amp;", stream);
            break;
        case '<':
            fputs("&lt;", stream);
            break;
        case '>':
            fputs("&gt;", stream);
            break;
        case '"':
            fputs("&quot;", stream);
            break;
        case '\n':
        case '\t': /* in an attribute they would become blanks */
            if (in_attribute)
                fprintf(stream, "&#%u;", (unsigned)*byte);
            else
                fputc(*byte, stream);
            break;
        default:
            if (*byte < 0x20) {
                fprintf(stream, "\\x%02x", (unsigned)*byte);
            } else if (byte[0] == 0xef && byte[1] == 0xbf && byte[2] >= 0xbe) {
                fputc('?', stream);
                byte += 2;
            } else {
                fputc(*byte, stream);
            }
        }
    }
}

static void put_attribute(FILE *stream, const char *name, const char *text)
{
    fprintf(stream, " %s=\"", name);
    put_xml(stream, text, true);
    fputc('"', stream);
}

/* The biography as the text format tells it, without escapes for a terminal, which XML needs none of. */
static char *biography(const struct finding *finding)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *memory = open_memstream(&text, &bytes);
    if (memory == NULL)
        return duplicate(member(finding->violation, "message"));
    render_finding_text(memory, finding);
    fclose(memory);
    return text;
}

static bool is_failure(const struct findings *findings, const struct finding *finding)
{
    int level = findings->fail_on == FAIL_NEVER ? severity_rank("error") : findings->fail_on;
    return !finding->known && severity_rank(member(finding->violation, "severity")) >= level;
}

static void put_case(FILE *stream, const struct findings *findings, const struct finding *finding, bool with_file)
{
    const json_t *violation = finding->violation;
    long line = 0;
    char *file = file_of_place(finding->place, &line), *text = biography(finding);
    char *class = compose("holdfast.%s", member(violation, "rule"));
    char *name = compose("%s %s at %s [%s]", member(violation, "rule"), member(violation, "name"), below_root(findings->source_root, finding->place), finding->signature);
    char *type = compose("%s %s", member(violation, "rule"), member(violation, "severity"));
    fputs("  <testcase", stream);
    put_attribute(stream, "name", name);
    put_attribute(stream, "classname", class);
    fputs(" time=\"0\"", stream);
    if (file != NULL && with_file) {
        char *number = compose("%ld", line);
        put_attribute(stream, "file", below_root(findings->source_root, file));
        put_attribute(stream, "line", number);
        free(number);
    }
    fputs(">\n", stream);
    if (is_failure(findings, finding)) {
        fputs("    <failure", stream);
        put_attribute(stream, "message", member(violation, "message"));
        put_attribute(stream, "type", type);
        fputc('>', stream);
        put_xml(stream, text, false);
        fputs("</failure>\n", stream);
    } else {
        char *message = compose("%s: %s", finding->known ? "known to the baseline" : member(violation, "severity"), member(violation, "message"));
        fputs("    <skipped", stream);
        put_attribute(stream, "message", message);
        fputs("/>\n    <system-out>", stream);
        put_xml(stream, text, false);
        fputs("</system-out>\n", stream);
        free(message);
    }
    fputs("  </testcase>\n", stream);
    free(file);
    free(text);
    free(class);
    free(name);
    free(type);
}

static void put_problem(FILE *stream, const json_t *problem)
{
    fputs("  <testcase", stream);
    put_attribute(stream, "name", member(problem, "file"));
    fputs(" classname=\"holdfast.input\" time=\"0\">\n    <error", stream);
    put_attribute(stream, "message", member(problem, "message"));
    fputs(" type=\"input\"/>\n  </testcase>\n", stream);
}

static void put_crash(FILE *stream, const json_t *crash)
{
    char *text = NULL, *name = compose("crash of process %lld", (long long)member_number(crash, "pid"));
    size_t bytes = 0;
    FILE *memory = open_memstream(&text, &bytes);
    if (memory != NULL) {
        render_crash_text(memory, crash);
        fclose(memory);
    }
    fputs("  <testcase", stream);
    put_attribute(stream, "name", name);
    fputs(" classname=\"holdfast.crash\" time=\"0\">\n    <error", stream);
    put_attribute(stream, "message", member(crash, "message"));
    fputs(" type=\"crash\">", stream);
    put_xml(stream, text != NULL ? text : "", false);
    fputs("</error>\n  </testcase>\n", stream);
    free(text);
    free(name);
}

static void render_cases(FILE *stream, const struct findings *findings, bool with_file)
{
    size_t failures = 0, problems = json_array_size(findings->problems), index;
    size_t crashes = json_array_size(findings->crashes), errors = problems + crashes;
    json_t *problem, *crash;
    for (size_t number = 0; number < findings->count; number++)
        failures += is_failure(findings, &findings->items[number]);
    bool nothing = findings->count == 0 && errors == 0;
    size_t cases = findings->count + errors + nothing;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", stream);
    fprintf(stream, "<testsuites name=\"holdfast\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"0\">\n", cases, failures, errors);
    fprintf(stream, "<testsuite name=\"holdfast\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"0\">\n", cases, failures, errors, findings->count - failures);
    for (size_t number = 0; number < findings->count; number++)
        put_case(stream, findings, &findings->items[number], with_file);
    json_array_foreach(findings->problems, index, problem)
        put_problem(stream, problem);
    json_array_foreach(findings->crashes, index, crash)
        put_crash(stream, crash);
    if (nothing)
        fputs("  <testcase name=\"no violation\" classname=\"holdfast\" time=\"0\"/>\n", stream);
    fputs("</testsuite>\n</testsuites>\n", stream);
}

void render_junit(FILE *stream, const struct findings *findings)
{
    render_cases(stream, findings, false);
}

void render_gitlab(FILE *stream, const struct findings *findings)
{
    render_cases(stream, findings, true);
}
