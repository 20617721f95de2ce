"""The variants of a measurement: the same program as it is, and with one preload or another.

    bare      without any preload
    nop       with the nop build: wrappers that only pass the call on, so that the price of interposition itself is known
    report    with Holdfast, in these modes
    defer
    reject
    NAME      --also NAME=LIBRARY[,OPTIONS]: with another build, or with other options, to compare two states of Holdfast in one run

Only the standard library.
"""
import dataclasses
import pathlib

import harness

NAMES = ("bare", "nop", "report", "defer", "reject")
DEFAULT = ("bare", "nop", "report", "defer")
LIMIT = "a limit was reached: "  # programs with more handles than the usual arena holds


@dataclasses.dataclass
class Variant:
    """library: what is preloaded, None for nothing; options: HOLDFAST_OPTIONS."""
    name: str
    library: str = None
    options: str = ""

    def environment(self, scratch, extra=None):
        """Of a program. What Holdfast logs comes to files in `scratch`, which logged() reads."""
        environment = harness.clean_environment(extra)
        if self.library:
            environment["LD_PRELOAD"] = self.library
            environment["HOLDFAST_OPTIONS"] = ":".join(word for word in (self.options, "log_path=%s/log-%s" % (scratch, self.name)) if word)
        return environment

    def logged(self, scratch):
        """What Holdfast had to say so far, taken away: a measured program is right, so there should be nothing but that a bound was reached."""
        words = []
        for path in pathlib.Path(scratch).glob("log-%s.*" % self.name):
            words.append(path.read_text(errors="replace"))
            path.unlink()
        return "".join(line for line in "".join(words).splitlines(True) if LIMIT not in line)


def choose(names, also, build, nop):
    """The variants of these names; sentences about those that are not there."""
    library = pathlib.Path(build) / "shim" / "libholdfast.so"
    nop = pathlib.Path(nop) if nop else library.with_name("libholdfast_nop.so")
    chosen, notes = [], []
    for name in names:
        if name not in NAMES:
            raise SystemExit("there is no variant %s: they are %s" % (name, " ".join(NAMES)))
        if name == "bare":
            chosen.append(Variant(name))
            continue
        path = nop if name == "nop" else library
        if not path.exists():
            notes.append("variant %s is left out: %s is not there" % (name, path))
            continue
        chosen.append(Variant(name, str(path.resolve()), "" if name == "nop" else "mode=" + name))
    for text in also:
        name, _, rest = text.partition("=")
        path, _, options = rest.partition(",")
        if not name or not pathlib.Path(path).exists():
            raise SystemExit("--also %s: expected NAME=LIBRARY[,OPTIONS] with a library that is there" % text)
        if name in [variant.name for variant in chosen]:
            raise SystemExit("--also %s: there is a variant of that name" % text)
        chosen.append(Variant(name, str(pathlib.Path(path).resolve()), options))
    if not chosen:
        raise SystemExit("no variant is left to measure")
    return chosen, notes
