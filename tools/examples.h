/* The programs of tools/examples, made into a table by examples.py: for each rule a wrong one and its right twin, in C and, where Python can make
 * the mistake, in Python. tests/programs/examples_test.py runs them all. */
#ifndef HOLDFAST_TOOLS_EXAMPLES_H
#define HOLDFAST_TOOLS_EXAMPLES_H

#include <stdbool.h>
#include <stddef.h>

struct example {
    unsigned rule;
    bool right;
    const char *language, *text;
};

/* By rule, then language; the wrong one first. */
extern const struct example examples[];
extern const size_t example_count;

#endif
