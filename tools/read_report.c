/* Reading what `holdfast report --format json` wrote, as one more input: see inputs.h. One thread; allocates.
 *
 * A report of a machine, or of a day, stands for the logs that it was made from, which need not be kept. Its violations are grouped with those of logs and other reports by the same frames, and
 * bring their counts, times and processes along. What a report does not have, nobody can get back: violations that --top left out, and who came behind the first hundred. */
#include "baseline.h"
#include "inputs.h"
#include "text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define REPORT_BYTES_MAX (64u << 20) /* the parser needs several times as much */

static json_t *load(struct findings *findings, const char *file)
{
    struct stat status;
    json_error_t error;
    FILE *stream = stat(file, &status) == 0 ? fopen(file, "re") : NULL;
    json_t *document = NULL;
    if (stream == NULL) {
        findings_add_problem(findings, file, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    if (status.st_size > REPORT_BYTES_MAX)
        findings_add_problem(findings, file, "is a report of more than 64 MiB: make it with --top or --rule, or give the logs");
    else if ((document = json_loadf(stream, 0, &error)) == NULL)
        findings_add_problem(findings, file, "is a damaged report: line %d, at byte %d: %s", error.line, error.position, error.text);
    fclose(stream);
    return document;
}

static bool is_readable(struct findings *findings, const char *file, const json_t *document)
{
    if (member_number(document, "schema") > SCHEMA_VERSION)
        findings_add_problem(findings, file, "has schema %lld, this command knows schema %d: read it with the holdfast that wrote it", (long long)member_number(document, "schema"), SCHEMA_VERSION);
    else if (strcmp(member(document, "type"), "report") != 0 || !json_is_array(json_object_get(document, "violations")))
        findings_add_problem(findings, file, "is a damaged report: it has no violations, not even none");
    else
        return true;
    return false;
}

static void add_violations(struct findings *findings, const char *file, const json_t *violations)
{
    size_t index, damaged = 0;
    json_t *violation;
    json_array_foreach(violations, index, violation) {
        if (is_rule_id(member(violation, "rule")))
            findings_add_reported(findings, violation);
        else
            damaged++;
    }
    if (damaged > 0)
        findings_add_problem(findings, file, "%zu of its violations have no rule; the rest of the report is shown", damaged);
}

static void add_notice(struct findings *findings, const char *file, const char *format, const char *first, const char *second)
{
    char *message = compose(format, file, first, second);
    json_t *notice = json_object();
    json_object_set_new(notice, "schema", json_integer(SCHEMA_VERSION));
    json_object_set_new(notice, "type", json_string("notice"));
    json_object_set_new(notice, "message", json_text(message));
    findings_add_notice(findings, notice);
    free(message);
}

/* What is not known of the program's files is known of the report itself: its own problems are no problems of this command's inputs. */
static void add_rest(struct findings *findings, const char *file, const json_t *document)
{
    size_t index;
    json_t *one;
    json_int_t crashes = 0;
    json_array_foreach(json_object_get(document, "notices"), index, one) {
        bool is_crash = strcmp(member(one, "type"), "crash") == 0;
        crashes += is_crash;
        if (is_crash)
            findings_add_crash(findings, json_incref(one));
        else if (json_is_object(one))
            findings_add_notice(findings, json_incref(one));
    }
    findings_count_crashes(findings, member_number(json_object_get(document, "totals"), "crashes") - crashes);
    json_array_foreach(json_object_get(document, "problems"), index, one)
        add_notice(findings, file, "%s tells of %s: %s", member(one, "file"), member(one, "message"));
    if (json_is_object(json_object_get(document, "totals")))
        findings_add_summary(findings, json_copy(json_object_get(document, "totals")));
    json_int_t hidden = member_number(document, "hidden");
    if (hidden > 0) {
        char *number = compose("%lld", (long long)hidden);
        add_notice(findings, file, "%s was made with --top: %s violations%s are not in it", number, "");
        free(number);
    }
}

void read_json_report(struct findings *findings, const char *file)
{
    json_t *document = load(findings, file);
    if (document != NULL && is_readable(findings, file, document)) {
        findings->files++;
        add_violations(findings, file, json_object_get(document, "violations"));
        add_rest(findings, file, document);
    }
    json_decref(document);
}
