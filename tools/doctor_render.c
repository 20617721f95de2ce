/* What `holdfast doctor` found, as text and as JSON: see doctor.h. One thread. Names come from files of others: nothing of them reaches a terminal unchanged. */
#include "doctor.h"
#include "text.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINDINGS_SHOWN 6 /* of one name; --verbose shows all */

static const char *known(const char *text)
{
    return text != NULL ? text : "";
}

static const char *presence_words(enum presence presence)
{
    static const char *const words[] = {"", "", "renamed, for the library beside it alone", "its C++ classes alone", "linked statically"};
    return words[presence];
}

static const char *presence_name(enum presence presence)
{
    static const char *const names[] = {"none", "exported", "renamed", "core", "inside"};
    return names[presence];
}

static size_t functions_of(const struct caller *caller)
{
    return caller->of_library[LIBRARY_gdal] + caller->of_library[LIBRARY_geos] + caller->of_library[LIBRARY_proj];
}

/* Of the functions that have to do with handles; for the others there is nothing to see. */
static size_t watchable(const struct caller *caller)
{
    return functions_of(caller) - caller->plain;
}

static double percent(size_t seen, size_t all)
{
    return all != 0 ? 100.0 * (double)seen / (double)all : 100.0;
}

static size_t seen_of(const struct group *group, const struct caller *caller)
{
    return group->blind != NULL ? 0 : caller->seen;
}

/* ---- text ------------------------------------------------------------------------------------------------------------------------- */

static void print_line(char *line)
{
    print_safely(stdout, line);
    putchar('\n');
    free(line);
}

static void print_copies(const struct group *group)
{
    bool any = false;
    for (size_t library = 0; library < LIBRARY_COUNT; library++)
        for (size_t index = 0; index < group->image_count; index++) {
            const struct image *image = group->images[index];
            enum presence presence = image->presence[library];
            if (presence == PRESENCE_NONE || presence == PRESENCE_CORE)
                continue;
            if (!any)
                printf("  copies\n");
            any = true;
            print_line(compose("    %-5s %-8s %s%s%s%s%s%s", library_names[library], image->version[library] != NULL ? image->version[library] : "?", image->path, image->build_id != NULL ? "  build-id " : "",
                               known(image->build_id), presence_words(presence)[0] != '\0' ? "  (" : "", presence_words(presence), presence_words(presence)[0] != '\0' ? ")" : ""));
        }
}

static void print_names(const char *title, const struct strings *names)
{
    if (names->count == 0)
        return;
    char *list = compose("%s:", title);
    for (size_t index = 0; index < names->count; index++) {
        char *longer = compose("%s %s", list, names->items[index]);
        free(list);
        list = longer;
    }
    print_wrapped(stdout, list, 8, 160);
    free(list);
}

static void print_caller(const struct diagnosis *diagnosis, const struct group *group, const struct caller *caller)
{
    size_t all = watchable(caller), seen = seen_of(group, caller);
    print_line(compose("    %5.1f %%  %6zu %6zu %6zu %6zu %6zu %6zu  %s", percent(seen, all), caller->by_plt, caller->by_address, caller->by_dlsym, caller->cxx, caller->left_out, caller->plain, caller->image->path));
    if (caller->watched + caller->past != 0)
        printf("           of the linker's words %zu lead to Holdfast, %zu past it, %zu nowhere yet\n", caller->watched, caller->past, caller->unbound);
    if (!diagnosis->verbose)
        return;
    print_names("not seen, C++", &caller->cxx_names);
    print_names("not seen, cannot be wrapped", &caller->left_out_names);
    print_names("without a handle", &caller->plain_names);
}

static void print_group(const struct diagnosis *diagnosis, const struct group *group)
{
    size_t all = 0, seen = 0;
    print_line(duplicate(group->title));
    print_copies(group);
    if (group->caller_count != 0)
        printf("  functions that they call\n       seen     PLT address  dlsym    C++ unwrap no handle\n");
    for (size_t index = 0; index < group->caller_count; index++) {
        const struct caller *caller = &group->callers[index];
        print_caller(diagnosis, group, caller);
        all += watchable(caller);
        seen += seen_of(group, caller);
    }
    if (group->blind != NULL)
        print_line(compose("  Holdfast sees nothing of it, for %s", group->blind));
    else if (all != 0)
        printf("  under Holdfast %zu of %zu functions with handles are seen: %.1f %%\n", seen, all, percent(seen, all));
    putchar('\n');
}

static void print_finding(const struct doctor_finding *finding)
{
    const struct finding_kind *kind = finding_kind(finding->name);
    char *name = duplicate(kind->name);
    for (char *letter = name; *letter != '\0'; letter++)
        *letter = *letter == '_' ? '-' : *letter;
    char *line = compose("%s %s: %s", finding_severity_name(kind->severity), name, finding->what);
    print_safely(stdout, line);
    putchar('\n');
    free(line);
    free(name);
}

/* Those of one name stand together, and what is true of all of them is said once. Worst first. */
static void print_findings(const struct diagnosis *diagnosis)
{
    for (int severity = FINDING_error; severity >= FINDING_note; severity--)
        for (size_t name = 0; name < FINDING_COUNT; name++) {
            const struct finding_kind *kind = finding_kind((enum finding_name)name);
            size_t count = 0;
            for (size_t index = 0; index < diagnosis->finding_count; index++)
                if ((int)kind->severity == severity && diagnosis->findings[index].name == name && (count++ < FINDINGS_SHOWN || diagnosis->verbose))
                    print_finding(&diagnosis->findings[index]);
            if (count == 0)
                continue;
            if (count > FINDINGS_SHOWN && !diagnosis->verbose)
                printf("    and %zu more (--verbose)\n", count - FINDINGS_SHOWN);
            char *why = compose("Why: %s", kind->why), *remedy = compose("Do: %s", kind->remedy);
            print_wrapped(stdout, why, 4, 140);
            print_wrapped(stdout, remedy, 4, 140);
            putchar('\n');
            free(why);
            free(remedy);
        }
}

static void print_counts(const struct diagnosis *diagnosis)
{
    size_t counts[3] = {0};
    for (size_t index = 0; index < diagnosis->finding_count; index++)
        counts[finding_kind(diagnosis->findings[index].name)->severity]++;
    printf("Summary: %zu error%s, %zu warning%s, %zu note%s\n", counts[FINDING_error], counts[FINDING_error] == 1 ? "" : "s", counts[FINDING_warning], counts[FINDING_warning] == 1 ? "" : "s", counts[FINDING_note],
           counts[FINDING_note] == 1 ? "" : "s");
}

void doctor_print_text(const struct diagnosis *diagnosis)
{
    for (size_t index = 0; index < diagnosis->group_count; index++)
        print_group(diagnosis, diagnosis->groups[index]);
    for (size_t index = 0; index < diagnosis->remarks.count; index++)
        print_line(duplicate(diagnosis->remarks.items[index]));
    if (diagnosis->remarks.count != 0)
        putchar('\n');
    print_findings(diagnosis);
    print_counts(diagnosis);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------------------------------- */

static json_t *text(const char *value)
{
    json_t *string = json_string(known(value));
    if (string == NULL) {
        char *plain = duplicate(value);
        for (char *byte = plain; *byte != '\0'; byte++)
            if ((unsigned char)*byte >= 0x80)
                *byte = '?';
        string = json_string(plain);
        free(plain);
    }
    return string;
}

static json_t *json_strings(const struct strings *strings)
{
    json_t *array = json_array();
    for (size_t index = 0; index < strings->count; index++)
        json_array_append_new(array, text(strings->items[index]));
    return array;
}

static json_t *json_number(size_t number)
{
    return json_integer((json_int_t)number);
}

static json_t *json_copies(const struct group *group)
{
    json_t *array = json_array();
    for (size_t library = 0; library < LIBRARY_COUNT; library++)
        for (size_t index = 0; index < group->image_count; index++) {
            const struct image *image = group->images[index];
            if (image->presence[library] == PRESENCE_NONE || image->presence[library] == PRESENCE_CORE)
                continue;
            json_array_append_new(array, json_pack("{s:s, s:o, s:o, s:o, s:s}", "library", library_names[library], "version", text(image->version[library]), "path", text(image->path), "build_id",
                                                   text(image->build_id), "presence", presence_name(image->presence[library])));
        }
    return array;
}

static json_t *json_caller(const struct group *group, const struct caller *caller)
{
    json_t *object = json_object(), *libraries = json_object();
    const struct {
        const char *name;
        size_t number;
    } numbers[] = {{"functions", functions_of(caller)}, {"seen", seen_of(group, caller)}, {"plt", caller->by_plt}, {"address", caller->by_address}, {"dlsym", caller->by_dlsym}, {"cxx", caller->cxx},
                   {"left_out", caller->left_out}, {"no_handle", caller->plain}, {"named", caller->image->named.count}};
    json_object_set_new(object, "path", text(caller->image->path));
    json_object_set_new(object, "build_id", text(caller->image->build_id));
    for (size_t index = 0; index < sizeof numbers / sizeof numbers[0]; index++)
        json_object_set_new(object, numbers[index].name, json_number(numbers[index].number));
    for (size_t library = 0; library < LIBRARY_COUNT; library++)
        json_object_set_new(libraries, library_names[library], json_number(caller->of_library[library]));
    json_object_set_new(object, "of_library", libraries);
    json_object_set_new(object, "percent", json_real(percent(seen_of(group, caller), watchable(caller))));
    json_object_set_new(object, "seen_functions", json_strings(&caller->seen_names));
    json_object_set_new(object, "cxx_functions", json_strings(&caller->cxx_names));
    json_object_set_new(object, "left_out_functions", json_strings(&caller->left_out_names));
    json_object_set_new(object, "no_handle_functions", json_strings(&caller->plain_names));
    if (caller->watched + caller->past != 0)
        json_object_set_new(object, "bound", json_pack("{s:o, s:o, s:o}", "holdfast", json_number(caller->watched), "past", json_number(caller->past), "not_yet", json_number(caller->unbound)));
    return object;
}

static json_t *json_groups(const struct diagnosis *diagnosis)
{
    json_t *array = json_array();
    for (size_t index = 0; index < diagnosis->group_count; index++) {
        const struct group *group = diagnosis->groups[index];
        json_t *object = json_object(), *callers = json_array();
        size_t all = 0, seen = 0;
        for (size_t number = 0; number < group->caller_count; number++) {
            json_array_append_new(callers, json_caller(group, &group->callers[number]));
            all += watchable(&group->callers[number]);
            seen += seen_of(group, &group->callers[number]);
        }
        json_object_set_new(object, "title", text(group->title));
        json_object_set_new(object, "together", json_boolean(group->together));
        json_object_set_new(object, "copies", json_copies(group));
        json_object_set_new(object, "callers", callers);
        json_object_set_new(object, "functions", json_number(all));
        json_object_set_new(object, "seen", json_number(seen));
        json_object_set_new(object, "blind", text(group->blind));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *json_findings(const struct diagnosis *diagnosis)
{
    json_t *array = json_array();
    for (size_t index = 0; index < diagnosis->finding_count; index++) {
        const struct finding_kind *kind = finding_kind(diagnosis->findings[index].name);
        char *name = duplicate(kind->name);
        for (char *letter = name; *letter != '\0'; letter++)
            *letter = *letter == '_' ? '-' : *letter;
        json_array_append_new(array, json_pack("{s:s, s:s, s:o, s:s, s:s}", "name", name, "severity", finding_severity_name(kind->severity), "what", text(diagnosis->findings[index].what), "why", kind->why,
                                               "remedy", kind->remedy));
        free(name);
    }
    return array;
}

void doctor_print_json(const struct diagnosis *diagnosis)
{
    json_t *document = json_pack("{s:i, s:s, s:o, s:o, s:o, s:o}", "schema", 1, "type", "doctor", "target", text(diagnosis->target), "groups", json_groups(diagnosis), "findings", json_findings(diagnosis),
                                 "remarks", json_strings(&diagnosis->remarks));
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(document);
}
