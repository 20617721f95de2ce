/* The levels of rules: see levels.h. */
#include "levels.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *word;
} level_table[LEVEL_COUNT] = {
#define X(name, word) {#name, word},
    RULE_LEVELS(X)
#undef X
};

const char *level_word(enum rule_level level)
{
    return (unsigned)level < LEVEL_COUNT ? level_table[level].word : "unknown";
}

void rule_levels_default(struct rule_levels *levels)
{
    static const enum rule_level of_severity[] = {[SEVERITY_advice] = LEVEL_advice, [SEVERITY_warning] = LEVEL_warn, [SEVERITY_error] = LEVEL_error};
    memset(levels, LEVEL_error, sizeof *levels);
    for (size_t i = 0; i < rule_count; i++)
        levels->of[(rules[i].number - 100) & (RULE_SLOTS - 1)] = (uint8_t)of_severity[rules[i].severity];
}

enum rule_level rule_level(const struct rule_levels *levels, unsigned number)
{
    return (enum rule_level)levels->of[(number - 100) & (RULE_SLOTS - 1)];
}

/* By its name, or by the word that the log has for it. */
static bool level_by_text(const char *text, size_t length, enum rule_level *level)
{
    for (unsigned i = 0; i < LEVEL_COUNT; i++)
        if ((strlen(level_table[i].name) == length && memcmp(level_table[i].name, text, length) == 0) ||
            (strlen(level_table[i].word) == length && memcmp(level_table[i].word, text, length) == 0))
        {
            *level = (enum rule_level)i;
            return true;
        }
    return false;
}

static void set_level(struct rule_levels *levels, const struct rule *rule, enum rule_level level)
{
    if (rule != NULL)
        levels->of[(rule->number - 100) & (RULE_SLOTS - 1)] = (uint8_t)level;
    else
        memset(levels->of, (int)level, sizeof levels->of);
}

/* "HF106=off": false after describing what is wrong with it. */
static bool apply_one(struct rule_levels *levels, const char *text, size_t length, char *error, size_t error_bytes)
{
    char name[40];
    enum rule_level level;
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals != NULL ? (size_t)(equals - text) : length, level_length = equals != NULL ? length - name_length - 1 : 0;
    snprintf(name, sizeof name, "%.*s", (int)(name_length < sizeof name ? name_length : sizeof name), text);
    bool all = strcmp(name, "all") == 0;
    const struct rule *rule = name_length < sizeof name ? rule_by_text(name) : NULL;
    if (equals == NULL)
        snprintf(error, error_bytes, "'%s' has no level: write RULE=LEVEL, separated by commas", name);
    else if (rule == NULL && !all)
        snprintf(error, error_bytes, "there is no rule '%s': HF%u to HF%u, their names, or all", name, rules[0].number, rules[rule_count - 1].number);
    else if (!level_by_text(equals + 1, level_length, &level))
        snprintf(error, error_bytes, "'%.*s' is no level for %s: off, advice, warn, error or fatal", (int)(level_length < 40 ? level_length : 40), equals + 1,
                 name);
    else
    {
        set_level(levels, rule, level);
        return true;
    }
    return false;
}

unsigned rule_levels_apply(struct rule_levels *levels, const char *text, size_t length, char *error, size_t error_bytes)
{
    unsigned mistakes = 0;
    char ignored[200];
    if (length == 0)
    {
        snprintf(error, error_bytes, "it is empty: write RULE=LEVEL, separated by commas");
        return 1;
    }
    for (const char *end = text + length; text < end;)
    {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        size_t bytes = (size_t)((comma != NULL ? comma : end) - text);
        if (bytes > 0)
            mistakes += !apply_one(levels, text, bytes, mistakes == 0 ? error : ignored, mistakes == 0 ? error_bytes : sizeof ignored);
        text += bytes + 1;
    }
    return mistakes;
}
