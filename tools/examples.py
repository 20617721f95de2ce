"""Makes a C table of the example programs of tools/examples, which `holdfast explain` shows.

usage: examples.py OUTPUT FILE...          each FILE is named HFnnn.wrong.c, HFnnn.right.c, HFnnn.wrong.py or HFnnn.right.py
"""
import pathlib
import re
import sys

LANGUAGES = {"c": "C", "py": "Python"}


def literal(line):
    return '"%s\\n"' % line.replace("\\", "\\\\").replace('"', '\\"')


def row(path):
    name = re.fullmatch(r"HF(\d{3})\.(wrong|right)\.(c|py)", path.name)
    if not name:
        sys.exit("%s is not named HFnnn.wrong.c or alike" % path)
    number, kind, suffix = name.groups()
    lines = "\n     ".join(literal(line) for line in path.read_text(encoding="utf-8").splitlines())
    return "    {%s, %s, \"%s\",\n     %s},\n" % (number, "true" if kind == "right" else "false", LANGUAGES[suffix], lines)


def order(path):
    number, kind, suffix = path.name.split(".")
    return number, suffix, kind != "wrong"


def main():
    output, paths = sys.argv[1], sorted((pathlib.Path(name) for name in sys.argv[2:]), key=order)
    pairs = {path.name.replace(".wrong.", ".").replace(".right.", ".") for path in paths}
    if len(paths) != 2 * len(pairs):
        sys.exit("an example without its wrong or right twin: " + ", ".join(path.name for path in paths))
    with open(output, "w", encoding="utf-8") as stream:
        stream.write("/* Generated from tools/examples by examples.py. */\n#include \"examples.h\"\n\nconst struct example examples[] = {\n")
        stream.writelines(row(path) for path in paths)
        stream.write("};\nconst size_t example_count = sizeof examples / sizeof examples[0];\n")


main()
