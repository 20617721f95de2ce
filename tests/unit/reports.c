/* Reports as the shim words them: every rule has a sentence and a remedy; groups, another thread and what was expected are in text and JSON. The
 * sources of the shim are linked as they are; the tables of the contracts and the process around them are stood in for. */
#include "report_parts.h"
#include "context.h"
#include "control.h"
#include "crash.h"
#include "lifecycle.h"
#include "log.h"
#include "stack.h"
#include "suppressions.h"
#include "young.h"
#include "unit.h"
#include "who.h"
#include <ctype.h>

struct tracker holdfast_tracker;
struct options holdfast_options;
#define RECORDS (&holdfast_tracker)

enum { FUNCTION_now = 1, FUNCTION_birth = 2, FUNCTION_death = 3, FUNCTION_meanwhile = 4 };
const struct function_info function_table[FUNCTION_COUNT + 1] = {
    [0] = {.name = "FunctionZero"}, {.name = "GDALRasterIO"}, {.name = "GDALOpen"}, {.name = "GDALClose"}, {.name = "GDALFlushCache"}};
const struct kind_info kind_table[KIND_COUNT] = {
    [KIND_none] = {.name = "none", .words = "handle"},
    [KIND_dataset] = {.name = "dataset", .words = "dataset"},
    [KIND_geometry] = {.name = "geometry", .words = "geometry"},
};

const char *who_host(void)
{
    return "host";
}

const char *who_worker(void)
{
    return "";
}

void who_name_task(const char *name)
{
    (void)name;
}

const char *who_task(void)
{
    return "";
}

const char *lifecycle_program(void)
{
    return "program";
}

struct provider *provider_by_number(unsigned number)
{
    (void)number;
    return NULL;
}

int crash_signal(void)
{
    return 0;
}

const char *stack_native_name(uint64_t word, char *name, unsigned bytes)
{
    snprintf(name, bytes, "function_at+0x%x", (unsigned)(word & STACK_OFFSET_MASK));
    return "/opt/tool";
}

static char written[256 * 1024];

bool log_write(const char *text, size_t bytes, const struct log_entry *entry)
{
    (void)entry;
    size_t used = strlen(written);
    memcpy(written + used, text, bytes);
    written[used + bytes] = '\0';
    return true;
}

void log_check_path(void) {}
struct control_block holdfast_control;
void control_measure(void) {}
void control_attend(enum attention what) { (void)what; }
void young_settle_everything(void) {}
void log_complain(const char *text) { (void)text; }
void log_append_line(const char *path, const char *line) { (void)path, (void)line; }

/* ---- a violation of every shape ------------------------------------------------------------------------------------------ */

static struct violation violation;
static unsigned next_offset;

static stack_id new_stack(void)
{
    uint64_t word = UINT64_C(1) << STACK_MODULE_SHIFT | ++next_offset;
    return tracker_stack(RECORDS, &word, 1, NULL, 0, 0);
}

static handle_id labelled(uintptr_t address, const char *label)
{
    assert_true(tracker_lock(RECORDS));
    handle_id id = handle_add(RECORDS, address, KIND_dataset, 1);
    struct handle_record *record = tracker_handle(RECORDS, id);
    record->birth_function = FUNCTION_birth;
    record->label = tracker_string(RECORDS, label, strlen(label));
    tracker_unlock(RECORDS);
    return id;
}

static void fill(unsigned rule)
{
    violation = (struct violation){.rule = rule, .function = FUNCTION_now, .kind = KIND_dataset, .has_birth = true, .birth_function = FUNCTION_birth};
    snprintf(violation.handle, sizeof violation.handle, "dataset 'a.tif'");
    violation.used = new_stack();
    violation.obtained = new_stack();
}

static const char *report(void)
{
    char sentence[2 * DESCRIPTION_BYTES];
    written[0] = '\0';
    report_violation(&violation, sentence, sizeof sentence);
    return written;
}

static void expect(const char *text)
{
    if (strstr(written, text) == NULL)
        fail_msg("expected \"%s\" in:\n%s", text, written);
}

static void expect_not(const char *text)
{
    if (strstr(written, text) != NULL)
        fail_msg("did not expect \"%s\" in:\n%s", text, written);
}

static int ready(void **state)
{
    char problem[300];
    (void)state;
    options_defaults(&holdfast_options);
    holdfast_options.advice = true;
    assert_true(tracker_open(RECORDS, NULL, TEST_ARENA_BYTES, "unit test", problem, sizeof problem));
    return 0;
}

static int over(void **state)
{
    (void)state;
    tracker_close(RECORDS);
    return 0;
}

/* ---- words ------------------------------------------------------------------------------------------------------------------ */

static void every_rule_has_a_sentence_and_a_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < rule_count; i++) {
        char message[2 * DESCRIPTION_BYTES], words[300];
        const struct remedy *remedy;
        fill(rules[i].number);
        message_text(&violation, message, sizeof message);
        remedy_text(&violation, words, sizeof words, &remedy);
        if (strstr(message, "dataset 'a.tif'") == NULL || strchr(message, '%') != NULL)
            fail_msg("HF%u: the sentence does not name the handle: %s", rules[i].number, message);
        if (remedy == NULL || strlen(words) < 15 || strchr(words, '%') != NULL)
            fail_msg("HF%u: the remedy says too little: %s", rules[i].number, words);
    }
}

static void sentences_tell_what_happened(void **state)
{
    (void)state;
    static const struct {
        unsigned rule;
        bool freeing, has_death, has_other;
        const char *expected, *sentence;
    } cases[] = {
        {108, false, false, false, NULL, "the fields of layer 'l' were changed while dataset 'a.tif' was alive"},
        {108, false, true, false, NULL, "dataset 'a.tif' was used after GDALClose changed the fields of its definition"},
        {109, false, false, false, "object", "dataset 'a.tif' was passed where an object is expected"},
        {109, false, false, false, "layer", "dataset 'a.tif' was passed where a layer is expected"},
        {110, true, false, false, "GDALClose", "dataset 'a.tif' was freed by GDALRasterIO, which is not how it is freed"},
        {112, false, false, true, NULL, "dataset 'a.tif' was used while thread 77 was inside GDALFlushCache"},
        {113, false, false, false, NULL, "dataset 'a.tif' was used in a forked child of the process that opened it"},
        {113, true, false, false, NULL, "dataset 'a.tif' was freed in a forked child of the process that opened it"},
        {115, false, false, false, NULL, "dataset 'a.tif' was never freed"},
        {117, true, false, false, NULL, "the buffer under dataset 'a.tif' was freed while in use"},
        {117, false, true, false, NULL, "dataset 'a.tif' was used after the buffer under it was freed"},
        {119, true, false, false, NULL, "dataset 'a.tif' was alive when layer 'l' was released"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char message[2 * DESCRIPTION_BYTES];
        fill(cases[i].rule);
        snprintf(violation.parent, sizeof violation.parent, "layer 'l'");
        violation.freeing = cases[i].freeing;
        violation.has_death = cases[i].has_death;
        violation.death_function = FUNCTION_death;
        violation.has_other = cases[i].has_other;
        violation.other_function = FUNCTION_meanwhile;
        violation.other_thread = 77;
        violation.expected = cases[i].expected;
        message_text(&violation, message, sizeof message);
        assert_string_equal(message, cases[i].sentence);
    }
}

/* ---- shapes ----------------------------------------------------------------------------------------------------------------- */

static void a_group_is_counted_with_examples_and_without_a_call(void **state)
{
    (void)state;
    static const char *const names[] = {"a.tif", "b.tif", "c.tif", "d.tif"};
    violation = (struct violation){0};
    for (unsigned i = 0; i < 37; i++) {
        handle_id id = labelled(0x1000 + 16 * i, names[i < 4 ? i : 3]);
        assert_true(tracker_lock(RECORDS));
        if (i == 0)
            violation_describe_group(&violation, 115, id);
        else
            violation_add_to_group(&violation, id);
        tracker_unlock(RECORDS);
    }
    assert_int_equal(violation.count, 37);
    violation.obtained = new_stack();
    violation.has_birth = true;
    violation.birth_function = FUNCTION_birth;
    report();
    expect("HF115 leaked (warning): 37 datasets were never freed, e.g. dataset 'a.tif', dataset 'b.tif', dataset 'c.tif'\n");
    expect("obtained  ");
    expect(", by GDALOpen");
    expect("Holdfast  logged only\n");
    expect("change    function_at");
    expect_not("  used ");
    expect_not("call went through");
    expect_not("'d.tif'");

    holdfast_options.log_format = FORMAT_json;
    violation.obtained = new_stack();
    report();
    expect("\"handle_count\":37,\"examples\":[\"dataset 'a.tif'\",\"dataset 'b.tif'\",\"dataset 'c.tif'\"]");
    expect("\"stacks\":{\"used\":null,\"obtained\":{");
    expect("\"severity\":\"warning\"");
    expect("\"function\":\"\"");
    expect("\"description\":\"dataset 'a.tif'\"");
    expect_not("\"other\"");
}

static void a_group_of_geometries_has_their_plural(void **state)
{
    (void)state;
    char message[2 * DESCRIPTION_BYTES];
    fill(115);
    violation.kind = KIND_geometry;
    violation.count = 2;
    message_text(&violation, message, sizeof message);
    assert_string_equal(message, "2 geometries were never freed");
}

static void another_thread_has_its_own_stack(void **state)
{
    (void)state;
    fill(112);
    violation.has_other = true;
    violation.other = new_stack();
    violation.other_function = FUNCTION_meanwhile;
    violation.other_thread = 4711;
    report();
    expect("meanwhile (thread 4711) function_at");
    expect(", by GDALFlushCache\n");

    holdfast_options.log_format = FORMAT_json;
    violation.other = new_stack();
    report();
    expect("\"other\":{\"function\":\"GDALFlushCache\",\"thread\":4711,\"python\":[]");
    expect("\"freed\":null,");
}

static void what_was_expected_is_in_the_log(void **state)
{
    (void)state;
    holdfast_options.log_format = FORMAT_json;
    fill(110);
    violation.expected = "GDALClose";
    report();
    expect("\"expected\":\"GDALClose\"");
    expect("\"remedy\":\"free the dataset with GDALClose\"");
}

static void the_same_two_calls_of_two_threads_are_one_report_and_others_are_not(void **state)
{
    (void)state;
    fill(112);
    violation.has_other = true;
    violation.other = new_stack();
    assert_true(strlen(report()) > 0);
    assert_true(strlen(report()) == 0);
    violation.other = new_stack();
    assert_true(strlen(report()) > 0);
}

static void the_level_decides_what_is_logged_and_counted(void **state)
{
    (void)state;
    char sentence[2 * DESCRIPTION_BYTES];
    static const struct {
        enum rule_level level;
        bool advice, logged, error;
        const char *severity;
    } cases[] = {
        {LEVEL_off, true, false, false, NULL},          {LEVEL_advice, false, false, false, NULL},  {LEVEL_advice, true, true, false, "(advice)"},
        {LEVEL_warn, false, true, false, "(warning)"}, {LEVEL_error, false, true, true, "(error)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fill(103);
        holdfast_options.advice = cases[i].advice;
        holdfast_options.rules.of[3] = (uint8_t)cases[i].level;
        uint64_t before = report_errors();
        written[0] = sentence[0] = '\0';
        assert_int_equal(report_violation(&violation, sentence, sizeof sentence), cases[i].logged);
        assert_int_equal(written[0] != '\0', cases[i].logged);
        assert_int_equal(report_errors() - before, cases[i].error);
        assert_true(strncmp(sentence, "Holdfast HF103 double-free: ", 28) == 0); /* a refused call needs it all the same */
        if (cases[i].severity != NULL)
            expect(cases[i].severity);
    }
}

int main(void)
{
#define WITH_RECORDS(test) cmocka_unit_test_setup_teardown(test, ready, over)
    const struct CMUnitTest tests[] = {
        WITH_RECORDS(every_rule_has_a_sentence_and_a_remedy),
        WITH_RECORDS(sentences_tell_what_happened),
        WITH_RECORDS(a_group_is_counted_with_examples_and_without_a_call),
        WITH_RECORDS(a_group_of_geometries_has_their_plural),
        WITH_RECORDS(another_thread_has_its_own_stack),
        WITH_RECORDS(what_was_expected_is_in_the_log),
        WITH_RECORDS(the_same_two_calls_of_two_threads_are_one_report_and_others_are_not),
        WITH_RECORDS(the_level_decides_what_is_logged_and_counted),
    };
    return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
