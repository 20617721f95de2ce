/* The rules as data (rules.def), and finding them. Pure functions over constants: any thread, any context, signal handlers too. */
#include "rules.h"
#include <string.h>

const struct rule rules[] = {
#define RULE(number, name, severity, summary, explanation, mending) {number, name, SEVERITY_##severity, summary, explanation, mending},
#include "rules.def"
#undef RULE
};
const size_t rule_count = sizeof rules / sizeof rules[0];

const struct rule *rule_by_number(unsigned number)
{
    for (size_t i = 0; i < rule_count; i++)
        if (rules[i].number == number)
            return &rules[i];
    return NULL;
}

const struct rule *rule_by_text(const char *text)
{
    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < rule_count; i++)
        if (strcmp(rules[i].name, text) == 0)
            return &rules[i];

    if ((text[0] == 'H' || text[0] == 'h') && (text[1] == 'F' || text[1] == 'f'))
        text += 2;
    unsigned number = 0;
    size_t digits = 0;
    for (; text[digits] >= '0' && text[digits] <= '9' && digits < 4; digits++)
        number = number * 10 + (unsigned)(text[digits] - '0');
    return digits == 3 && text[digits] == '\0' ? rule_by_number(number) : NULL;
}

const char *severity_name(enum rule_severity severity)
{
    switch (severity) {
    case SEVERITY_advice:
        return "advice";
    case SEVERITY_warning:
        return "warning";
    case SEVERITY_error:
        return "error";
    }
    return "unknown";
}

static const struct {
    const char *name, *words;
} actions[ACTION_COUNT] = {
#define X(name, words) {#name, words},
    REPORT_ACTIONS(X)
#undef X
};

const char *action_name(enum report_action action)
{
    return (unsigned)action < ACTION_COUNT ? actions[action].name : "unknown";
}

const char *action_words(enum report_action action)
{
    return (unsigned)action < ACTION_COUNT ? actions[action].words : "";
}
