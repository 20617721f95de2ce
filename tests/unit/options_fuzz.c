/* The parser of options with inputs that libFuzzer chooses (tests/programs/options_fuzz_test.py): as HOLDFAST_OPTIONS, as a file of options, as a request to a running
 * process. Whatever they are: nothing outside of them is read, texts end, numbers lie in their bounds, what was understood is understood in the same way when it is said
 * again, and a request changes nothing but what can be changed. */
#include "options.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void demand(bool fine)
{
    if (!fine)
        abort();
}

static void check(const struct options *options, const char *error, size_t error_bytes)
{
    demand(memchr(error, '\0', error_bytes) != NULL);
    demand(options->mode <= MODE_reject && options->log_format <= FORMAT_otlp && options->log.place <= LOG_journald);
    demand(memchr(options->log_path, '\0', sizeof options->log_path) != NULL && memchr(options->log.path, '\0', sizeof options->log.path) != NULL);
    demand(memchr(options->record, '\0', sizeof options->record) != NULL && memchr(options->verdict_path, '\0', sizeof options->verdict_path) != NULL);
    demand(options->suppressions.used <= sizeof options->suppressions.text);
    demand(options->stack_depth >= 1 && options->stack_depth <= 64 && options->exitcode <= 255 && options->young <= 1024);
    demand(options->arena_size >= ARENA_MINIMUM_BYTES && options->log.descriptor >= 0 && options->log_signal >= 0 && options->log_signal <= 64);
}

/* A name that a file system or a device might answer to is not the fuzzer's to open. */
static void without_files(char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '@')
            *text = 'a';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct options options, again, before;
    char error[400];
    if (bytes == 0)
        return 0;
    char *text = malloc(bytes); /* of exactly this size: a byte behind it is noticed */
    demand(text != NULL);
    memcpy(text, data + 1, bytes - 1);
    text[bytes - 1] = '\0';
    options_defaults(&options);
    switch (data[0] % 3) {
    case 0: {
        without_files(text);
        bool fine = options_parse(&options, text, error, sizeof error);
        check(&options, error, sizeof error);
        demand(fine == (error[0] == '\0'));
        again = options;
        again.suppressions.used = 0; /* those add up */
        options_parse(&again, text, error, sizeof error);
        again.suppressions = options.suppressions;
        demand(memcmp(&again.mode, &options.mode, sizeof options.mode) == 0 && again.log.place == options.log.place && again.log_rate == options.log_rate);
        break;
    }
    case 1:
        options_parse_file(&options, "seed.conf", text, bytes - 1, error, sizeof error);
        check(&options, error, sizeof error);
        break;
    default:
        before = options;
        options_parse_request(&options, text, error, sizeof error);
        check(&options, error, sizeof error);
        demand(options.arena_size == before.arena_size && strcmp(options.record, before.record) == 0 && options.suppressions.used == 0 && options.ctl_signal == 0 && !options.help);
        again = before;
        options_take_changes(&again, &options);
        demand(again.mode == options.mode && memcmp(&again.rules, &options.rules, sizeof again.rules) == 0);
    }
    free(text);
    return 0;
}
