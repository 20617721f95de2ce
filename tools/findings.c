/* The collection behind `holdfast report`: see findings.h. One thread. */
#include "findings.h"
#include "baseline.h"
#include "signature.h"
#include "text.h"
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

json_int_t member_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* ---- times -------------------------------------------------------------------------------------------------------------- */

/* `digits` digits at `*at`, followed by what stands in `ends`; -1 if not. */
static int digits_at(const char **at, const char *end, int digits)
{
    int number = 0;
    for (; digits > 0; digits--, ++*at) {
        if (*at >= end || **at < '0' || **at > '9')
            return -1;
        number = number * 10 + (**at - '0');
    }
    return number;
}

static bool skip_sign(const char **at, const char *end, char sign)
{
    if (*at >= end || **at != sign)
        return false;
    ++*at;
    return true;
}

/* The days since 1970 of a date, by the 400 years after which the calendar repeats itself; years begin in March. */
static int64_t days_of(int year, int month, int day)
{
    int64_t of_march = year - (month <= 2), era = of_march / 400, of_era = of_march - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* "Z", "+01:00", "" : minutes before UTC; false: something else. */
static bool read_zone(const char **at, const char *end, int *minutes)
{
    bool east = *at < end && **at == '+';
    *minutes = 0;
    if (*at == end || skip_sign(at, end, 'Z'))
        return *at == end;
    if (!skip_sign(at, end, '+') && !skip_sign(at, end, '-'))
        return false;
    int hours = digits_at(at, end, 2);
    skip_sign(at, end, ':');
    int rest = digits_at(at, end, 2);
    *minutes = (hours * 60 + rest) * (east ? 1 : -1);
    return hours >= 0 && rest >= 0 && *at == end;
}

int64_t time_from_bytes(const char *text, size_t bytes)
{
    const char *at = text, *end = text + bytes;
    int hour = 0, minute = 0, second = 0, zone = 0;
    int64_t milliseconds = 0;
    int year = digits_at(&at, end, 4);
    bool fine = year >= 1970 && skip_sign(&at, end, '-');
    int month = fine ? digits_at(&at, end, 2) : 0;
    fine = fine && month >= 1 && month <= 12 && skip_sign(&at, end, '-');
    int day = fine ? digits_at(&at, end, 2) : 0;
    fine = fine && day >= 1 && day <= 31;
    if (fine && (skip_sign(&at, end, 'T') || skip_sign(&at, end, ' '))) {
        hour = digits_at(&at, end, 2);
        fine = hour >= 0 && hour < 24 && skip_sign(&at, end, ':');
        minute = fine ? digits_at(&at, end, 2) : -1;
        if (minute >= 0 && skip_sign(&at, end, ':'))
            second = digits_at(&at, end, 2);
        fine = fine && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
        if (fine && skip_sign(&at, end, '.'))
            for (int64_t unit = 100; at < end && *at >= '0' && *at <= '9'; unit /= 10)
                milliseconds += unit * (*at++ - '0');
    }
    if (!fine || !read_zone(&at, end, &zone))
        return 0;
    return ((days_of(year, month, day) * 24 + hour) * 60 + minute - zone) * 60000 + second * 1000 + milliseconds;
}

int64_t time_from_text(const char *text)
{
    return time_from_bytes(text, strlen(text));
}

char *time_to_text(int64_t milliseconds)
{
    time_t seconds = (time_t)(milliseconds / 1000);
    struct tm parts;
    char text[40];
    if (milliseconds <= 0 || gmtime_r(&seconds, &parts) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        return duplicate("");
    return compose("%s.%03dZ", text, (int)(milliseconds % 1000));
}

json_t *json_text(const char *text)
{
    json_t *string = json_string(text);
    if (string == NULL) {
        char *plain = duplicate(text);
        for (char *byte = plain; *byte != '\0'; byte++)
            if ((unsigned char)*byte >= 0x80)
                *byte = '?';
        string = json_string(plain);
        free(plain);
    }
    return string;
}

void findings_open(struct findings *findings)
{
    memset(findings, 0, sizeof *findings);
    findings->notices = json_array();
    findings->crashes = json_array();
    findings->problems = json_array();
    findings->totals = json_object();
    findings->symbolizer = symbolizer_open();
    findings->people.most = findings->told.most = FINDINGS_PEOPLE_MAX;
}

static void clear_finding(struct finding *finding)
{
    json_decref(finding->violation);
    json_decref(finding->processes);
    json_decref(finding->workers);
    free(finding->signature);
    free(finding->place);
}

void findings_close(struct findings *findings)
{
    for (size_t index = 0; index < findings->count + findings->hidden; index++)
        clear_finding(&findings->items[index]);
    free(findings->items);
    free(findings->variants);
    table_clear(&findings->groups);
    table_clear(&findings->signatures);
    set_clear(&findings->people);
    set_clear(&findings->told);
    json_decref(findings->notices);
    json_decref(findings->crashes);
    json_decref(findings->problems);
    json_decref(findings->totals);
    json_decref(findings->arenas);
    json_decref(findings->pictures);
    symbolizer_close(findings->symbolizer);
}

/* ---- places ------------------------------------------------------------------------------------------------------------- */

bool is_installed(const char *file)
{
    static const char *const signs[] = {"/osgeo/", "/site-packages/", "/dist-packages/", "/lib/python3", "<frozen"};
    for (size_t index = 0; index < sizeof signs / sizeof signs[0]; index++)
        if (strstr(file, signs[index]) != NULL)
            return true;
    return false;
}

static char *python_place(const json_t *frames)
{
    const json_t *chosen = json_array_get(frames, 0);
    for (size_t index = 0; index < json_array_size(frames); index++) {
        const json_t *frame = json_array_get(frames, index);
        if (!is_installed(member(frame, "file"))) {
            chosen = frame;
            break;
        }
    }
    return chosen != NULL ? compose("%s:%lld", member(chosen, "file"), (long long)member_number(chosen, "line")) : NULL;
}

static char *native_place(const json_t *frames)
{
    const json_t *first = json_array_get(frames, 0);
    for (size_t index = 0; index < json_array_size(frames); index++) {
        const json_t *frame = json_array_get(frames, index);
        if (member(frame, "file")[0] != '\0')
            return compose("%s:%lld", member(frame, "file"), (long long)member_number(frame, "line"));
    }
    if (first == NULL)
        return NULL;
    const char *name = member(first, "function");
    if (name[0] == '\0')
        name = member(first, "symbol");
    if (name[0] == '\0')
        return compose("%s+%s", base_name(member(first, "module")), member(first, "offset"));
    return compose("%s in %s", name, base_name(member(first, "module")));
}

/* FILE:LINE in a line of a text log: the file has a dot or slash, so that no time of day is taken for it. */
static char *place_in_line(const char *line, size_t bytes)
{
    for (size_t start = 0; start < bytes;) {
        size_t end = start;
        while (end < bytes && strchr(" \t\"'(),", line[end]) == NULL)
            end++;
        size_t colon = end;
        while (colon > start && isdigit((unsigned char)line[colon - 1]))
            colon--;
        if (colon > start + 1 && colon < end && line[colon - 1] == ':' &&
            (memchr(line + start, '.', colon - 1 - start) != NULL || memchr(line + start, '/', colon - 1 - start) != NULL) &&
            memchr(line + start, ':', colon - 1 - start) == NULL)
            return duplicate_bytes(line + start, end - start);
        start = end + 1;
    }
    return NULL;
}

/* The line of a text report that starts with this title; NULL if there is none. */
static const char *titled_line(const char *text, const char *title)
{
    while (*text != '\0') {
        const char *start = text + strspn(text, " ");
        if (strncmp(start, title, strlen(title)) == 0 && start[strlen(title)] == ' ')
            return start + strlen(title);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return NULL;
}

/* "used      x.py:5 in <module>, by GDALClose:  the line" */
static char *place_from_text(const char *text)
{
    static const char *const titles[] = {"used", "freed now", "freed", "obtained"};
    const char *line = NULL;
    for (size_t index = 0; index < sizeof titles / sizeof titles[0] && line == NULL; index++)
        line = titled_line(text, titles[index]);
    if (line == NULL)
        line = text;
    line += strspn(line, " ");
    size_t bytes = strcspn(line, "\n");
    char *place = place_in_line(line, bytes);
    if (place != NULL || bytes == 0)
        return place;
    char *whole = duplicate_bytes(line, bytes);
    char *end = strstr(whole, ", by ");
    if (end != NULL)
        *end = '\0';
    return whole;
}

static char *place_of(const json_t *violation)
{
    const json_t *stacks = json_object_get(violation, "stacks"), *stack = json_object_get(stacks, "used");
    if (!json_is_object(stack))
        stack = json_object_get(stacks, "obtained"); /* a leak: nothing used it */
    char *place = python_place(json_object_get(stack, "python"));
    if (place == NULL)
        place = native_place(json_object_get(stack, "native"));
    if (place == NULL)
        place = place_from_text(member(violation, "text"));
    if (place == NULL && member(violation, "function")[0] != '\0')
        place = compose("in %s", member(violation, "function"));
    return place != NULL ? place : duplicate("(place unknown)");
}

/* Marks the number of a finding that a violation counts with although it was at other lines, because there is no room for more of its signature. */
#define ELSEWHERE (UINT32_C(1) << 31)

/* ---- bounds ------------------------------------------------------------------------------------------------------------- */

/* About what an object takes in memory: jansson allocates each value, and a table for each object. */
static size_t weight_of(const json_t *value)
{
    size_t weight = 48, index;
    const char *name;
    json_t *part;
    if (json_is_string(value))
        weight += json_string_length(value);
    json_array_foreach(value, index, part)
        weight += 8 + weight_of(part);
    if (json_is_object(value))
        weight += 176;
    json_object_foreach((json_t *)(uintptr_t)value, name, part)
        weight += 72 + strlen(name) + weight_of(part);
    return weight;
}

static bool can_keep(struct findings *findings, const json_t *value)
{
    size_t weight = weight_of(value);
    if (findings->kept_bytes + weight > FINDINGS_BYTES)
        return false;
    findings->kept_bytes += weight;
    return true;
}

/* ---- adding ------------------------------------------------------------------------------------------------------------- */

bool findings_want_time(const struct findings *findings, int64_t time)
{
    const struct selection *selection = &findings->selection;
    return time == 0 || ((selection->since == 0 || time >= selection->since) && (selection->until == 0 || time < selection->until));
}

static bool wants_rule(const struct findings *findings, const json_t *violation)
{
    const struct selection *selection = &findings->selection;
    for (size_t index = 0; index < selection->rule_count; index++)
        if (fnmatch(selection->rules[index], member(violation, "rule"), FNM_CASEFOLD) == 0 || fnmatch(selection->rules[index], member(violation, "name"), FNM_CASEFOLD) == 0)
            return true;
    return selection->rule_count == 0;
}

static void note_time(struct finding *finding, int64_t time)
{
    if (time == 0)
        return;
    if (finding->first_seen == 0 || time < finding->first_seen)
        finding->first_seen = time;
    if (time > finding->last_seen)
        finding->last_seen = time;
}

static struct sighting_text text_of(const json_t *violation, const char *name)
{
    const char *text = member(violation, name);
    return (struct sighting_text){text, strlen(text)};
}

static struct sighting sighting_of(const json_t *violation)
{
    return (struct sighting){.time = time_from_text(member(violation, "time")), .pid = member_number(violation, "pid"), .has_pid = json_is_integer(json_object_get(violation, "pid")),
                             .host = text_of(violation, "host"), .worker = text_of(violation, "worker"), .task = text_of(violation, "task")};
}

static uint64_t hash_part(uint64_t hash, struct sighting_text text)
{
    return hash_bytes(hash, text.text, text.bytes);
}

static void set_part(json_t *who, const char *name, struct sighting_text text)
{
    if (text.bytes != 0)
        json_object_set_new(who, name, json_stringn(text.text, text.bytes));
}

/* What tells that a log told of a mistake of this process; `host` is part of it where it is known. `where` is the place, and of a text log also the signature of
 * what it told, since it does not say lines of C. */
static uint64_t hash_of_told(const struct finding *finding, const char *where, json_int_t pid, struct sighting_text host)
{
    uint64_t hash = hash_text(hash_text(3, member(finding->violation, "rule")), where);
    return hash_part(hash_bytes(hash, &pid, sizeof pid), host);
}

static const struct sighting_text any_host = {"*", 1};

static void name_worker(struct finding *finding, const struct sighting *sighting)
{
    finding->worker_count++;
    if (json_array_size(finding->workers) >= FINDING_WHO_MAX)
        return;
    json_t *who = json_object();
    if (sighting->has_pid)
        json_object_set_new(who, "pid", json_integer(sighting->pid));
    set_part(who, "host", sighting->host);
    set_part(who, "worker", sighting->worker);
    set_part(who, "task", sighting->task);
    json_array_append_new(finding->workers, who);
}

static void name_process(struct finding *finding, const struct sighting *sighting)
{
    size_t index;
    json_t *other;
    finding->process_count += sighting->has_pid;
    json_array_foreach(finding->processes, index, other)
        if (json_integer_value(other) == sighting->pid)
            return; /* of another host */
    if (sighting->has_pid && index < FINDING_WHO_MAX)
        json_array_append_new(finding->processes, json_integer(sighting->pid));
}

/* Who it was is kept of the first ones, and counted of all. A process that said no name of worker or task, as most, needs one place in the set. */
static void add_who(struct findings *findings, uint32_t number, const struct sighting *sighting)
{
    struct finding *finding = &findings->items[number];
    uint64_t process = hash_part(hash_bytes(hash_bytes(1, &number, sizeof number), &sighting->pid, sizeof sighting->pid), sighting->host);
    bool named = sighting->worker.bytes != 0 || sighting->task.bytes != 0;
    bool is_new = set_add(&findings->people, process) == SET_NEW;
    if (is_new)
        name_process(finding, sighting);
    if (named ? set_add(&findings->people, hash_part(hash_part(process ^ 2, sighting->worker), sighting->task)) == SET_NEW : is_new)
        name_worker(finding, sighting);
    if (is_new && finding->logged && findings->has_records) {
        const char *const where[] = {finding->place, member(finding->violation, "text")[0] != '\0' ? finding->signature : NULL};
        for (size_t index = 0; index < sizeof where / sizeof where[0] && where[index] != NULL; index++) {
            set_add(&findings->told, hash_of_told(finding, where[index], sighting->pid, sighting->host));
            set_add(&findings->told, hash_of_told(finding, where[index], sighting->pid, any_host));
        }
    }
}

void findings_add_again(struct findings *findings, uint32_t number, const struct sighting *sighting)
{
    struct finding *finding = &findings->items[number & ~ELSEWHERE];
    findings->records++;
    finding->count++;
    finding->elsewhere += (number & ELSEWHERE) != 0;
    note_time(finding, sighting->time);
    add_who(findings, number & ~ELSEWHERE, sighting);
}

/* Room for one more item. */
static void make_room(struct findings *findings)
{
    if (findings->count < findings->room)
        return;
    findings->room = findings->room != 0 ? 2 * findings->room : 64;
    findings->items = reallocate(findings->items, findings->room * sizeof *findings->items);
    findings->variants = reallocate(findings->variants, findings->room * sizeof *findings->variants);
}

/* Of a symbolized violation; what a text log tells in words is read for it. */
static char *stable_signature(struct findings *findings, const json_t *violation)
{
    const char *rule = member(violation, "rule"), *text = member(violation, "text");
    if (text[0] == '\0')
        return signature_of(rule, member(violation, "function"), json_object_get(violation, "stacks"));
    char *function = NULL;
    json_t *stacks = stacks_of_text(rule, text, &function);
    symbolize_stacks(findings->symbolizer, stacks);
    char *signature = signature_of(rule, function != NULL ? function : "", stacks);
    json_decref(stacks);
    free(function);
    return signature;
}

/* The finding for a violation that is not like any before: a new one, or the first of its signature, marked, when there cannot be one more. */
static uint32_t new_finding(struct findings *findings, json_t *violation)
{
    symbolize_violation(findings->symbolizer, violation);
    char *signature = stable_signature(findings, violation);
    uint32_t first = table_find(&findings->signatures, signature, SIGNATURE_DIGITS), number = (uint32_t)findings->count;
    bool fits = (first == TABLE_NONE || findings->variants[first] < FINDINGS_SIGNATURE_MAX) && can_keep(findings, violation);
    if (!fits) {
        free(signature);
        return first == TABLE_NONE ? FINDING_NONE : first | ELSEWHERE;
    }
    make_room(findings);
    if (first == TABLE_NONE)
        table_add(&findings->signatures, signature, SIGNATURE_DIGITS, first = number);
    findings->variants[number] = 0;
    findings->variants[first]++;
    findings->items[findings->count++] = (struct finding){.violation = json_incref(violation), .processes = json_array(), .workers = json_array(), .signature = signature,
                                                          .place = place_of(violation), .suppression = suppressor_find(findings->suppressor, violation)};
    return number;
}

/* `count`: times that it is told of. FINDING_NONE: it cannot be kept, and is counted as one that was left out. */
static uint32_t find_or_add(struct findings *findings, json_t *violation, const struct buffer *key, bool logged, json_int_t count)
{
    uint32_t number = table_find(&findings->groups, key->text, key->bytes);
    if (number == TABLE_NONE) {
        number = new_finding(findings, violation);
        if (number != FINDING_NONE && findings->groups.key_bytes + key->bytes <= FINDINGS_KEYS_BYTES)
            table_add(&findings->groups, key->text, key->bytes, number);
    }
    if (number == FINDING_NONE) {
        findings->records += (uint64_t)count;
        findings->violations_left_out += (uint64_t)count;
    } else {
        findings->items[number & ~ELSEWHERE].logged |= logged;
    }
    return number;
}

static uint32_t add_violation(struct findings *findings, json_t *violation, const struct buffer *key, bool logged)
{
    struct sighting sighting = sighting_of(violation);
    uint32_t number = find_or_add(findings, violation, key, logged, 1);
    if (number != FINDING_NONE)
        findings_add_again(findings, number, &sighting);
    return number;
}

uint32_t findings_add_violation(struct findings *findings, json_t *violation)
{
    uint32_t number = FINDING_NONE;
    if (!wants_rule(findings, violation)) {
        number = FINDING_PASSED_OVER;
    } else if (findings_want_time(findings, time_from_text(member(violation, "time")))) {
        struct buffer key = {0};
        grouping_of(&key, violation);
        number = add_violation(findings, violation, &key, true);
        buffer_clear(&key);
    }
    json_decref(violation);
    return number;
}

/* Did a log tell that this process made this mistake? Hosts are compared where both are known. */
static bool is_told(const struct findings *findings, const struct finding *like, const char *where)
{
    struct sighting sighting = sighting_of(like->violation);
    if (sighting.host.bytes == 0)
        return set_has(&findings->told, hash_of_told(like, where, sighting.pid, any_host));
    return set_has(&findings->told, hash_of_told(like, where, sighting.pid, sighting.host)) ||
           set_has(&findings->told, hash_of_told(like, where, sighting.pid, (struct sighting_text){"", 0}));
}

bool findings_add_recorded(struct findings *findings, json_t *violation)
{
    bool is_repeat = false;
    if (wants_rule(findings, violation) && findings_want_time(findings, time_from_text(member(violation, "time")))) {
        struct buffer key = {0};
        grouping_of(&key, violation);
        uint32_t number = table_find(&findings->groups, key.text, key.bytes);
        bool is_shown = number < ELSEWHERE; /* then its finding has the same frames, with their symbols */
        if (!is_shown)
            symbolize_violation(findings->symbolizer, violation);
        struct finding like = {.violation = violation,
                               .place = is_shown ? findings->items[number].place : place_of(violation),
                               .signature = is_shown ? findings->items[number].signature : stable_signature(findings, violation)};
        if (!is_told(findings, &like, like.place) && !is_told(findings, &like, like.signature)) {
            add_violation(findings, violation, &key, false);
        } else {
            struct sighting sighting = sighting_of(violation);
            uint64_t once = hash_of_told(&like, like.place, sighting.pid, sighting.host) ^ 5;
            is_repeat = set_add(&findings->told, once) != SET_NEW; /* a log tells the first at a place, and counts the others */
        }
        if (!is_shown) {
            free(like.place);
            free(like.signature);
        }
        buffer_clear(&key);
    }
    json_decref(violation);
    return is_repeat;
}

/* ---- reports of before --------------------------------------------------------------------------------------------------- */

#define REPORTED_MAX (INT64_C(1) << 48) /* so that no sum of them overflows */

static json_int_t number_within(const json_t *object, const char *name, json_int_t least, json_int_t most)
{
    json_int_t number = member_number(object, name);
    return number < least ? least : number > most ? most : number;
}

/* How many processes the list of workers names: the same one may have had several tasks. */
static uint64_t processes_named(const json_t *workers)
{
    struct hash_set named = {0};
    uint64_t count = 0;
    size_t index;
    json_t *who;
    json_array_foreach(workers, index, who) {
        struct sighting sighting = sighting_of(who);
        count += sighting.has_pid && set_add(&named, hash_part(hash_bytes(13, &sighting.pid, sizeof sighting.pid), sighting.host)) == SET_NEW;
    }
    set_clear(&named);
    return count;
}

static void add_counted(struct findings *findings, uint32_t number, const json_t *reported)
{
    struct finding *finding = &findings->items[number & ~ELSEWHERE];
    const json_t *workers = json_object_get(reported, "workers");
    json_int_t count = number_within(reported, "count", 1, REPORTED_MAX);
    uint64_t processes = (uint64_t)number_within(reported, "process_count", 0, count), people = (uint64_t)number_within(reported, "worker_count", 0, count);
    uint64_t named = processes_named(workers), listed = json_array_size(workers);
    size_t index;
    json_t *who;
    findings->records += (uint64_t)count;
    finding->count += count;
    finding->elsewhere += (number & ELSEWHERE) != 0 ? count : number_within(reported, "elsewhere", 0, count);
    note_time(finding, time_from_text(member(reported, "first_seen")));
    note_time(finding, time_from_text(member(reported, "last_seen")));
    json_array_foreach(workers, index, who) {
        struct sighting sighting = sighting_of(who);
        add_who(findings, number & ~ELSEWHERE, &sighting);
    }
    finding->process_count += processes > named ? processes - named : 0;
    finding->worker_count += people > listed ? people - listed : 0;
}

/* Of a finding only the first and the last time are known: any time between them may have had some. */
static bool wants_span(const struct findings *findings, const json_t *reported)
{
    int64_t first = time_from_text(member(reported, "first_seen")), last = time_from_text(member(reported, "last_seen"));
    const struct selection *selection = &findings->selection;
    return (selection->since == 0 || last == 0 || last >= selection->since) && (selection->until == 0 || first == 0 || first < selection->until);
}

void findings_add_reported(struct findings *findings, const json_t *reported)
{
    static const char *const added[] = {"count", "first_seen", "last_seen", "processes", "workers", "process_count", "worker_count", "place", "signature", "elsewhere", "baseline"};
    if (!wants_rule(findings, reported) || !wants_span(findings, reported))
        return;
    struct buffer key = {0};
    json_t *violation = json_copy((json_t *)(uintptr_t)reported);
    for (size_t index = 0; index < sizeof added / sizeof added[0]; index++)
        json_object_del(violation, added[index]);
    grouping_of(&key, violation);
    uint32_t number = find_or_add(findings, violation, &key, true, number_within(reported, "count", 1, REPORTED_MAX));
    if (number != FINDING_NONE)
        add_counted(findings, number, reported);
    buffer_clear(&key);
    json_decref(violation);
}

/* ---- the end ------------------------------------------------------------------------------------------------------------ */

static void take_out_suppressed(struct findings *findings)
{
    size_t kept = 0;
    json_int_t suppressed = member_number(findings->totals, "suppressed");
    for (size_t index = 0; index < findings->count; index++) {
        struct finding finding = findings->items[index];
        if (finding.suppression < 0) {
            findings->items[kept++] = finding;
            continue;
        }
        suppressor_count(findings->suppressor, finding.suppression, (uint64_t)finding.count);
        suppressed += finding.count;
        clear_finding(&finding);
    }
    findings->count = kept;
    if (findings->suppressor != NULL || suppressed > 0)
        json_object_set_new(findings->totals, "suppressed", json_integer(suppressed));
}

__attribute__((format(printf, 2, 3))) static void add_own_notice(struct findings *findings, const char *format, ...)
{
    va_list values;
    char *message = NULL;
    va_start(values, format);
    int bytes = vasprintf(&message, format, values);
    va_end(values);
    if (bytes < 0)
        return;
    json_array_append_new(findings->notices, json_pack("{s:i, s:s, s:o}", "schema", SCHEMA_VERSION, "type", "notice", "message", json_text(message)));
    complain("report", "%s", message);
    free(message);
}

void findings_settle(struct findings *findings)
{
    take_out_suppressed(findings);
    for (size_t index = 0; index < findings->count; index++)
        findings->items[index].known = baseline_has(findings->baseline, findings->items[index].signature);
    if (findings->violations_left_out > 0)
        add_own_notice(findings, "%llu violations are counted only: those above are more different ones than can be kept; read fewer files at once, or ask for some with --rule or --since",
                       (unsigned long long)findings->violations_left_out);
    if (findings->crash_count > json_array_size(findings->crashes))
        add_own_notice(findings, "%llu more crashes are counted only", (unsigned long long)(findings->crash_count - json_array_size(findings->crashes)));
    if (findings->notices_left_out > 0)
        add_own_notice(findings, "%llu more notices are not shown", (unsigned long long)findings->notices_left_out);
    if (findings->problems_left_out > 0)
        add_own_notice(findings, "%llu more files are damaged or foreign", (unsigned long long)findings->problems_left_out);
    if (findings->people.most != 0 && findings->people.count >= findings->people.most)
        add_own_notice(findings, "more than %zu processes: the numbers of processes and workers are too small", findings->people.most);
}

bool is_rule_id(const char *text)
{
    return strncmp(text, "HF", 2) == 0 && strspn(text + 2, "0123456789") == 3;
}

int severity_rank(const char *severity)
{
    static const char *const names[] = {"advice", "warning", "error", "fatal"};
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++)
        if (strcmp(names[index], severity) == 0)
            return (int)index;
    return 2; /* a word of a later version: better taken seriously */
}

/* Positive where the right one comes first. */
static int compare_findings(const void *left, const void *right, void *context)
{
    const struct finding *one = left, *other = right;
    switch (*(const enum findings_order *)context) {
    case ORDER_COUNT:
        return (one->count < other->count) - (one->count > other->count);
    case ORDER_FIRST: /* what nobody knows the time of comes last */
        return ((uint64_t)one->first_seen - 1 > (uint64_t)other->first_seen - 1) - ((uint64_t)one->first_seen - 1 < (uint64_t)other->first_seen - 1);
    case ORDER_LAST: /* the latest first */
        return (one->last_seen < other->last_seen) - (one->last_seen > other->last_seen);
    case ORDER_RULE:
        return strcmp(member(one->violation, "rule"), member(other->violation, "rule"));
    case ORDER_PLACE:
        return strverscmp(one->place, other->place);
    case ORDER_MET:
        break;
    }
    return 0;
}

/* Merging, so that equal ones stay in the order in which they were met. */
static void sort_findings(struct finding *items, struct finding *spare, size_t count, enum findings_order order)
{
    if (count < 2)
        return;
    size_t half = count / 2, left = 0, right = half;
    sort_findings(items, spare, half, order);
    sort_findings(items + half, spare, count - half, order);
    for (size_t index = 0; index < count; index++)
        spare[index] = right == count || (left < half && compare_findings(&items[left], &items[right], &order) <= 0) ? items[left++] : items[right++];
    memcpy(items, spare, count * sizeof *items);
}

void findings_sort(struct findings *findings, enum findings_order order, size_t top)
{
    struct finding *spare = allocate(findings->count * sizeof *spare);
    sort_findings(findings->items, spare, findings->count, order);
    free(spare);
    if (top != 0 && top < findings->count) {
        findings->hidden = findings->count - top;
        findings->count = top;
    }
}

/* ---- what else a file tells ----------------------------------------------------------------------------------------------- */

void findings_add_notice(struct findings *findings, json_t *notice)
{
    bool wanted = findings_want_time(findings, time_from_text(member(notice, "time")));
    if (wanted && json_array_size(findings->notices) < NOTICES_MAX && can_keep(findings, notice)) {
        json_array_append_new(findings->notices, notice);
        return;
    }
    findings->notices_left_out += wanted;
    json_decref(notice);
}

void findings_count_crashes(struct findings *findings, json_int_t more)
{
    if (more < 1)
        return;
    findings->crash_count += (uint64_t)(more < REPORTED_MAX ? more : REPORTED_MAX);
    json_object_set_new(findings->totals, "crashes", json_integer((json_int_t)findings->crash_count));
}

void findings_add_crash(struct findings *findings, json_t *crash)
{
    if (findings_want_time(findings, time_from_text(member(crash, "time")))) {
        findings_count_crashes(findings, 1);
        if (json_array_size(findings->crashes) < CRASHES_MAX && can_keep(findings, crash)) {
            symbolize_crash(findings->symbolizer, crash);
            json_array_append(findings->crashes, crash);
        }
    }
    json_decref(crash);
}

/* Hosts are compared where both are known. */
static bool is_of_same_process(const json_t *one, const json_t *other)
{
    const char *host = member(one, "host"), *other_host = member(other, "host");
    return member_number(one, "pid") == member_number(other, "pid") && (host[0] == '\0' || other_host[0] == '\0' || strcmp(host, other_host) == 0);
}

void findings_add_recorded_crash(struct findings *findings, json_t *crash)
{
    size_t index;
    json_t *told;
    json_array_foreach(findings->crashes, index, told)
        if (is_of_same_process(told, crash)) {
            json_decref(crash);
            return;
        }
    findings_add_crash(findings, crash);
}

/* What tells that a log summed this process up, with what was held or without. With a count, because in containers many a process has the number 1. */
static uint64_t hash_of_summary(const json_t *summary, bool with_held, const char *host)
{
    const json_int_t parts[] = {member_number(summary, "pid"), member_number(summary, "refused"), with_held};
    return hash_text(hash_bytes(4, parts, sizeof parts), host);
}

static bool is_summed(const struct findings *findings, const json_t *summary, bool with_held)
{
    const char *host = member(summary, "host");
    if (host[0] == '\0')
        return set_has(&findings->told, hash_of_summary(summary, with_held, any_host.text));
    return set_has(&findings->told, hash_of_summary(summary, with_held, host)) || set_has(&findings->told, hash_of_summary(summary, with_held, ""));
}

void findings_add_recorded_summary(struct findings *findings, json_t *summary)
{
    if (is_summed(findings, summary, true)) {
        json_decref(summary);
        return;
    }
    if (is_summed(findings, summary, false)) {
        json_object_del(summary, "refused");
        json_object_del(summary, "repeats");
    }
    findings_add_summary(findings, summary);
}

void findings_add_summary(struct findings *findings, json_t *summary)
{
    static const char *const names[] = {"repeats", "refused", "held", "suppressed"};
    bool wanted = findings_want_time(findings, time_from_text(member(summary, "time")));
    for (size_t index = 0; wanted && index < sizeof names / sizeof names[0]; index++) {
        json_int_t sum = member_number(findings->totals, names[index]) + member_number(summary, names[index]);
        if (json_object_get(summary, names[index]) == NULL && strcmp(names[index], "suppressed") == 0)
            continue; /* nobody asked for suppressions, or the log is older than they are */
        json_object_set_new(findings->totals, names[index], json_integer(sum));
    }
    if (findings->has_records) {
        bool with_held = json_object_get(summary, "held") != NULL;
        set_add(&findings->told, hash_of_summary(summary, with_held, member(summary, "host")));
        set_add(&findings->told, hash_of_summary(summary, with_held, any_host.text));
    }
    json_decref(summary);
}

void findings_add_problem(struct findings *findings, const char *file, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    char *message = NULL;
    int bytes = vasprintf(&message, format, values);
    va_end(values);
    if (bytes < 0)
        message = duplicate("cannot be described: out of memory");
    if (json_array_size(findings->problems) >= PROBLEMS_MAX) {
        findings->problems_left_out++;
        free(message);
        return;
    }
    complain("report", "%s: %s", file, message);
    json_t *problem = json_object();
    json_object_set_new(problem, "file", json_text(file));
    json_object_set_new(problem, "message", json_text(message));
    json_array_append_new(findings->problems, problem);
    free(message);
}

/* ---- tables --------------------------------------------------------------------------------------------------------------- */

/* The row whose member `name` is that value; a new one where there is none. `numbers` knows where they are. */
static json_t *row_with(json_t *rows, struct byte_table *numbers, const char *name, const char *value)
{
    uint32_t number = table_find(numbers, value, strlen(value));
    if (number != TABLE_NONE)
        return json_array_get(rows, number);
    json_t *row = json_object();
    json_object_set_new(row, name, json_text(value));
    table_add(numbers, value, strlen(value), (uint32_t)json_array_size(rows));
    json_array_append_new(rows, row);
    return row;
}

static void add_to(json_t *object, const char *name, json_int_t addition)
{
    json_object_set_new(object, name, json_integer(member_number(object, name) + addition));
}

struct ranked {
    json_t *row;
    size_t met;
};

static int by_count(const void *left, const void *right)
{
    const struct ranked *one = left, *other = right;
    json_int_t first = member_number(one->row, "count"), second = member_number(other->row, "count");
    return first != second ? (first < second ? 1 : -1) : (one->met > other->met) - (one->met < other->met);
}

/* Rows of equal count stay in the order in which they were met. */
static json_t *most_frequent_first(json_t *rows)
{
    size_t count = json_array_size(rows);
    struct ranked *ranked = allocate(count * sizeof *ranked);
    json_t *sorted = json_array();
    for (size_t index = 0; index < count; index++)
        ranked[index] = (struct ranked){json_array_get(rows, index), index};
    qsort(ranked, count, sizeof *ranked, by_count);
    for (size_t index = 0; index < count; index++)
        json_array_append(sorted, ranked[index].row);
    free(ranked);
    json_decref(rows);
    return sorted;
}

json_t *findings_by_rule(const struct findings *findings)
{
    json_t *rows = json_array();
    struct byte_table numbers = {0};
    for (size_t index = 0; index < findings->count + findings->hidden; index++) {
        const struct finding *finding = &findings->items[index];
        json_t *row = row_with(rows, &numbers, "rule", member(finding->violation, "rule"));
        json_object_set_new(row, "name", json_string(member(finding->violation, "name")));
        json_object_set_new(row, "severity", json_string(member(finding->violation, "severity")));
        add_to(row, "count", finding->count);
    }
    table_clear(&numbers);
    return most_frequent_first(rows);
}

json_t *findings_by_place(const struct findings *findings)
{
    json_t *rows = json_array();
    struct byte_table numbers = {0};
    for (size_t index = 0; index < findings->count + findings->hidden; index++) {
        const struct finding *finding = &findings->items[index];
        json_t *row = row_with(rows, &numbers, "place", finding->place);
        json_t *rules = json_object_get(row, "rules");
        if (rules == NULL) {
            rules = json_object();
            json_object_set_new(row, "rules", rules);
        }
        add_to(rules, member(finding->violation, "rule"), finding->count);
        add_to(row, "count", finding->count);
    }
    table_clear(&numbers);
    return most_frequent_first(rows);
}
