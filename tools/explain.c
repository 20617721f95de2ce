/* holdfast explain: what a rule means and what to do, from the table tracker/rules.def, with the programs of tools/examples. */
#include "arguments.h"
#include "command.h"
#include "examples.h"
#include "rules.h"
#include "text.h"
#include <stdint.h>
#include <string.h>

#define EXPLAIN_COLUMNS 88

const char explain_usage[] =
    "usage: holdfast explain [RULE...]\n\n"
    "Explains each RULE: HF101, 101 or stale-use, and shows a wrong program, its right twin and what to do. Without one, lists all rules.\n";

static void print_example(const struct example *example)
{
    printf("\n  %s, in %s:\n\n", example->right ? "Right" : "Wrong", example->language);
    for (const char *line = example->text; *line != '\0'; line += strcspn(line, "\n") + 1)
        printf("%s%.*s\n", *line != '\n' ? "      " : "", (int)strcspn(line, "\n"), line);
}

static void print_rule(const struct rule *rule)
{
    printf("HF%u %s (%s)\n", rule->number, rule->name, severity_name(rule->severity));
    print_wrapped(stdout, rule->summary, 2, EXPLAIN_COLUMNS);
    putchar('\n');
    print_wrapped(stdout, rule->explanation, 2, EXPLAIN_COLUMNS);
    fputs("\n  What to do:\n", stdout);
    print_wrapped(stdout, rule->mending, 2, EXPLAIN_COLUMNS);
    for (size_t index = 0; index < example_count; index++)
        if (examples[index].rule == rule->number)
            print_example(&examples[index]);
}

static void print_all(void)
{
    for (size_t index = 0; index < rule_count; index++)
        printf("HF%u  %-32s  %-7s  %s\n", rules[index].number, rules[index].name, severity_name(rules[index].severity),
               rules[index].summary);
}

static void complain_unknown(const char *text)
{
    const struct rule *closest = NULL;
    unsigned closest_distance = UINT32_MAX;
    for (size_t index = 0; index < rule_count && strlen(text) <= EDIT_LONGEST; index++) {
        unsigned distance = edit_distance(text, rules[index].name);
        if (distance < closest_distance) {
            closest_distance = distance;
            closest = &rules[index];
        }
    }
    if (closest != NULL && closest_distance <= 4 && closest_distance < strlen(text))
        complain("explain", "there is no rule '%s'; did you mean HF%u %s? `holdfast explain` lists all", text,
                 closest->number, closest->name);
    else
        complain("explain", "there is no rule '%s'; the rules are HF%u to HF%u, `holdfast explain` lists them", text,
                 rules[0].number, rules[rule_count - 1].number);
}

int explain_command(int count, char **arguments)
{
    const struct argument_rules none = {"explain", NULL};
    struct argument_words words;
    int status = read_arguments(&none, count, arguments, NULL, &words);
    if (status != STATUS_FINE)
        return status;
    if (words.count == 0)
        print_all();
    for (int index = 0; index < words.count; index++) {
        const struct rule *rule = rule_by_text(words.items[index]);
        if (rule == NULL) {
            complain_unknown(words.items[index]);
            status = STATUS_USAGE;
            continue;
        }
        if (index > 0)
            putchar('\n');
        print_rule(rule);
    }
    return status;
}
