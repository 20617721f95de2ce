/* holdfast report --format csv: a row a finding, by RFC 4180 (CRLF, quotes doubled), in UTF-8, for spreadsheets and databases.
 *
 * A spreadsheet takes a field that begins with = + - @ for a formula, and names in reports are chosen by others: such a field gets an apostrophe in front. */
#include "places.h"
#include "render.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

static void put_field(FILE *stream, const char *text, bool last)
{
    fputc('"', stream);
    /* Blanks are skipped by some of them before they look. */
    if (text[0] != '\0' && strchr("=+-@\t\r", text[strspn(text, " ")]) != NULL && text[strspn(text, " ")] != '\0')
        fputc('\'', stream);
    for (const char *byte = text; *byte != '\0'; byte++) {
        if (*byte == '"')
            fputc('"', stream);
        fputc(*byte, stream);
    }
    fputs(last ? "\"\r\n" : "\",", stream);
}

static void put_number(FILE *stream, long long number)
{
    fprintf(stream, "%lld,", number);
}

static void put_time(FILE *stream, int64_t time)
{
    char *text = time_to_text(time);
    put_field(stream, text, false);
    free(text);
}

static void put_finding(FILE *stream, const struct findings *findings, const struct finding *finding)
{
    const json_t *violation = finding->violation, *handle = json_object_get(violation, "handle");
    put_field(stream, finding->signature, false);
    put_field(stream, member(violation, "rule"), false);
    put_field(stream, member(violation, "name"), false);
    put_field(stream, member(violation, "severity"), false);
    put_number(stream, finding->count);
    put_time(stream, finding->first_seen);
    put_time(stream, finding->last_seen);
    put_number(stream, (long long)finding->process_count);
    put_field(stream, below_root(findings->source_root, finding->place), false);
    put_field(stream, member(violation, "function"), false);
    put_field(stream, member(violation, "message"), false);
    put_field(stream, member(handle, "kind"), false);
    put_field(stream, member(handle, "description"), false);
    put_field(stream, member(violation, "action"), false);
    put_field(stream, member(violation, "remedy"), false);
    put_field(stream, member(violation, "program"), false);
    put_field(stream, member(violation, "host"), false);
    put_field(stream, findings->baseline == NULL ? "" : finding->known ? "known" : "new", true);
}

void render_csv(FILE *stream, const struct findings *findings)
{
    fputs("signature,rule,name,severity,count,first_seen,last_seen,processes,place,function,message,handle_kind,handle,action,remedy,program,host,baseline\r\n", stream);
    for (size_t index = 0; index < findings->count; index++)
        put_finding(stream, findings, &findings->items[index]);
}
