"""Do README.md and shim/contracts/README.md say what the tables and the generator of the contracts say?

usage: documentation_test.py BUILD_DIRECTORY

1. README.md has every option with its default, and every rule with its name and severity, and none that there is not; help=1 and the manual page have
   every option, the manual page every function of holdfast.h.
2. The tables of shim/contracts/README.md have every word that generate.py knows, and no other; each effect and condition that they show is understood,
   and so is none with a further word.
"""
import ast
import importlib.util
import re
import sys

from support import BUILD, COMMAND, FOLDER, PYTHON, check, check_equal, finish, run

ROOT = FOLDER.parents[1]
CONTRACTS = ROOT / "shim" / "contracts"
OWN_DEFAULTS = {"record": "none"}  # README says it in words
UNITS = {"8 MiB": "8388608", "16 MiB": "16777216", "128 MiB": "134217728"}
FOR_TESTS = {"evidence_path", "scatter", "verify_stacks"}
# Prototypes between which the examples of the table find what they need.
PROTOTYPES = ["GDALDatasetH f(GDALDatasetH P, GDALDatasetH Q)", "GDALDatasetH f(GDALDatasetH *P, int N, GDALDatasetH Q)", "GDALDatasetH f(GDALDatasetH P, GDALDatasetH *Q)",
              "GDALDatasetH f(const char *P, const char *Q)", "GDALDatasetH f(int P, GDALDatasetH Q)", "GDALDatasetH *f(GDALDatasetH P, int *N)", "GDALDatasetH f(void *P, const char *Q)",
              "int f(GDALDatasetH P, int Q)", "GDALDatasetH f(const char *P, GDALDatasetH Q)", "char *f(GDALDatasetH P, char **Q)"]


def load_generator():
    spec = importlib.util.spec_from_file_location("generate", CONTRACTS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.parse([str(CONTRACTS / "kinds.contract")])
    return module


def rows_of(text, head):
    """The cells of the table whose first line begins with `| HEAD |`."""
    lines = text.split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith("| %s |" % head))
    rows = []
    for line in lines[start + 2:]:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line[1:-1].split("|")])
    return rows


def spans(cell):
    return re.findall(r"`([^`]+)`", cell)


def words(text):
    """The words of the language in an example: not what stands for something else (P, KIND), nor texts."""
    return set(re.findall(r"(?<![\w-])[a-z][a-z-]*(?![\w-])", re.sub(r'"[^"]*"', " ", text)))


def test_options():
    table = {}
    for name, default in re.findall(r'^OPTION\((\w+), \w+, ([^,]+), "', (ROOT / "shim" / "options.def").read_text(), re.M):
        table[name] = OWN_DEFAULTS.get(name, default.strip('"').rsplit("_", 1)[-1].lower() if not default.startswith('"') else default.strip('"'))
    found = {}
    for cells in rows_of((ROOT / "README.md").read_text(), "option"):
        names, defaults = spans(cells[0]), [UNITS.get(text, text) for text in cells[1].replace("`", "").split(", ")]
        check("README.md: as many defaults as options in the row of %s" % names, len(names) == len(defaults), cells)
        found.update(zip(names, defaults))
    check_equal("README.md has every option with its default", sorted((name, value) for name, value in table.items() if name not in FOR_TESTS), sorted(found.items()))
    printed = run([PYTHON, "-c", "from osgeo import osr; osr.SpatialReference()"], options={"help": 1}).stderr
    check_equal("help=1 prints every option", sorted(table), sorted(re.findall(r"^  (\w+) +\(default", printed, re.M)))
    page = (BUILD / "tools" / "holdfast.1").read_text()
    check_equal("and the manual page has it", sorted(table), sorted(set(re.findall(r'^\.BR (\w+) " \(', page, re.M)) & set(table)))
    header = re.findall(r"^HOLDFAST_(?:FUNCTION\(.*?, |PROCEDURE\()(holdfast_\w+), ", (ROOT / "shim" / "holdfast.h").read_text(), re.M)
    check("and every function of holdfast.h", header and all(name + "(" in page for name in header), header)
    check("the command names the manual page", "man holdfast" in run([COMMAND, "help", "run"], preload=False).stdout)


def test_rules():
    rules = re.findall(r'^RULE\((\d+), "([\w-]+)", (\w+),', (ROOT / "tracker" / "rules.def").read_text(), re.M)
    rows = rows_of((ROOT / "README.md").read_text(), "id")
    check_equal("README.md has every rule with its name and level", [["HF" + number, name, severity] for number, name, severity in rules], [[cells[0], cells[1], cells[2]] for cells in rows])
    check("every rule says in words what happens", all(len(cell) > 5 for cells in rows for cell in cells[3:]) and {len(cells) for cells in rows} == {5}, rows)


def literals(node):
    return [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def words_of_effects():
    """The words with which generate.py compares those of an effect."""
    tree = ast.parse((CONTRACTS / "generate.py").read_text())
    parts = [part for part in ast.walk(tree) if isinstance(part, ast.FunctionDef) and part.name in ("effects_of", "parse_effect", "place", "condition")]
    known = set()
    for node in (inner for part in parts for inner in ast.walk(part)):
        if isinstance(node, ast.Compare) and isinstance(node.left, (ast.Name, ast.Subscript)) and ast.unparse(node.left).split("[")[0] in ("verb", "words", "word", "phrase"):
            known |= words(" ".join(literals(node)))
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Constant):
            known |= words(str(node.left.value))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("accept", "expect", "phrase.partition", "phrase.startswith"):
            known |= words(" ".join(literals(node)))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "re.match" and "contains" in literals(node)[0]:
            known.add("contains")
    return known


def test_words(generator, text):
    shown = set().union(*(words(span) for head in ("effect", "condition") for cells in rows_of(text, head) for span in spans(cells[0])))
    known = words_of_effects() | {"result"}
    check("more than fifty words of effects are found in generate.py", len(known) > 50, sorted(known))
    check_equal("every word of an effect that generate.py knows is in the table, and no other", sorted(known), sorted(shown))


def understood(generator, effect):
    for prototype in PROTOTYPES:
        for beside in ("", ", returns P", ", owner of P"):
            try:
                generator.Function("%s : %s%s" % (prototype, effect, beside), "gdal", "here")
                return True
            except (generator.Mistake, IndexError, ValueError):
                pass
    return False


def filled(span):
    return span.replace("KIND", "band").replace("MASK", "0x4").replace(" V", " 1")


def test_examples(generator, text):
    effects = [filled(span) for cells in rows_of(text, "effect") for span in spans(cells[0])]
    effects += ["touches P " + filled(span) for cells in rows_of(text, "condition") for span in spans(cells[0])]
    check_equal("every example of the tables is understood", [], [effect for effect in effects if not understood(generator, effect)])
    free = ("label", "error handler", "fails", "succeeds", "unused")  # take what follows as it is
    wrong = [effect + " sideways" for effect in effects if not effect.startswith(free)]
    lax = [effect for effect in wrong if understood(generator, effect)]
    check_equal("with a further word it is not", [], [effect for effect in lax if " ".join(effect.split()[:-1]) not in ("use", "any thread")])


def test_kinds(generator, text):
    shown = {span.split()[0] for cells in rows_of(text, "line") for span in spans(cells[0])}
    source = (CONTRACTS / "generate.py").read_text()
    declaration = next(part for part in ast.walk(ast.parse(source)) if isinstance(part, ast.FunctionDef) and part.name == "parse_declaration")
    known = set(generator.KIND_FLAGS) | {"library", "type", "enum", "pointer"}
    for node in ast.walk(declaration):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id == "word":
            known |= set(literals(node))
    check_equal("every word of a kind that generate.py knows is in the table", sorted(known | {"kind"}), sorted(shown))
    head = next(line for line in (CONTRACTS / "kinds.contract").read_text().split("\n") if line.startswith('# kind NAME "words"'))
    check_equal("and at the head of kinds.contract", sorted(known - {"library", "type", "enum", "pointer"}), sorted(part.split()[0] for part in re.findall(r"\[([^\]]+)\]", head)))
    library = spans(next(cells[0] for cells in rows_of(text, "line") if "library" in cells[0]))[0].split()
    check_equal("the fields of a library", sorted(next(iter(generator.LIBRARIES.values()))), sorted(library[2::2]))


def main():
    generator, text = load_generator(), (CONTRACTS / "README.md").read_text()
    test_options()
    test_rules()
    test_words(generator, text)
    test_examples(generator, text)
    test_kinds(generator, text)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
