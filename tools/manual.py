"""Makes the manual page from its source: fills in the options, rules, findings of `holdfast doctor` and version, so that they cannot fall behind the tables.

usage: manual.py SOURCE OPTIONS_TABLE RULES_TABLE FINDINGS_TABLE OUTPUT VERSION
"""
import re
import sys

STRING = r'"(?:[^"\\]|\\.)*"'


def joined(text):
    """The text of adjacent C string literals."""
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text))


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in ".'" else text


def options(table):
    rows = re.findall(r"^OPTION\((\w+), (\w+), ([^,]+), (%s)\)" % STRING, table, re.M)
    for name, kind, default, text in rows:
        default = joined(default) if default.startswith('"') else default.split("_", 1)[-1].lower()
        shown = ", default %s" % roff(default) if default else ""
        yield ".TP\n.BR %s \" (%s%s)\"\n%s." % (roff(name), kind, shown, roff(joined(text)))


def rules(table):
    rows = re.findall(r"^RULE\((\d+), \"([\w-]+)\", (\w+),\s*(%s)," % STRING, table, re.M)
    for number, name, severity, summary in rows:
        yield ".TP\n.BR HF%s \" %s (%s)\"\n%s." % (number, roff(name), severity, roff(joined(summary)))


def findings(table):
    rows = re.findall(r"^FINDING\((\w+), (\w+), (%s),\s*(%s)\)" % (STRING, STRING), table, re.M)
    for name, severity, why, remedy in rows:
        yield ".TP\n.BR %s \" (%s)\"\n%s\n%s" % (roff(name.replace("_", "-")), severity, roff(joined(why)), roff(joined(remedy)))


def main():
    source, options_table, rules_table, findings_table, output, version = sys.argv[1:]
    page = open(source, encoding="utf-8").read()
    for word, rows_of, table in (("OPTION", options, options_table), ("RULE", rules, rules_table), ("FINDING", findings, findings_table)):
        text = open(table, encoding="utf-8").read()
        rows = list(rows_of(text))
        expected = len(re.findall(r"^%s\(" % word, text, re.M))
        if not rows or len(rows) != expected:
            sys.exit("manual.py: understood %d of %d %s lines of the table: adapt manual.py to its form" % (len(rows), expected, word))
        page = page.replace(".\\\" @%sS@" % word, "\n".join(rows))
    page = page.replace("@VERSION@", version)
    with open(output, "w", encoding="utf-8") as stream:
        stream.write(page)


main()
