"""Asks the Holdfast that watches this process, and tells it something.

Holdfast is a preloaded library that watches the handles of GDAL, GEOS and PROJ (`holdfast run -- python3 script.py`). Without it all of this does nothing, and costs next to nothing, so
the calls may stay in what is shipped:

    holdfast.active()                 is it there?
    holdfast.state(band)              "live", "stale" (what it lives in was freed), "held" (its free is postponed), "buried" (freed), "unknown"; None without Holdfast
    holdfast.describe(band)           "band 1 of dataset 'a.tif'"; None when it is not known
    holdfast.label(dataset, "cache")  reports say "dataset 'a.tif' (cache)"
    with holdfast.no_violations(allow=("HF106",)): ...       raises ViolationError with the reports of what happened meanwhile
    with holdfast.no_leaks(): ...                            raises LeakError with the handles that were made meanwhile and are still alive
    mark = holdfast.mark(); holdfast.leaks_since(mark)       the same by hand: a list
    holdfast.violation_count("HF101"), holdfast.error_count(), holdfast.violations_since(number)
    with holdfast.task("tile 7/12"): ...                     reports name it, for the calling thread; holdfast.worker("loader 3") for the process
    holdfast.dump()                   what lives, by kind and place, to Holdfast's log

Objects are those of osgeo (bands, datasets, features ...), rasterio, fiona, shapely and pyproj, as far as they have a handle, and addresses: int, ctypes pointers. What has none is a TypeError.
What is counted is counted for the whole process, in whatever thread it happens. All functions may be called from any thread.
"""
import collections
import contextlib
import re
import threading

from . import _library

__all__ = ["active", "address", "describe", "dump", "error_count", "label", "Leak", "LeakError", "leaks_since", "mark", "no_leaks", "no_violations", "state", "task", "version", "Violation",
           "violation_count", "ViolationError", "violations_since", "worker"]

STATES = ("unknown", "live", "stale", "held", "buried")  # by enum holdfast_handle_state

Violation = collections.namedtuple("Violation", "rule name text")
Violation.__doc__ = """What was found: rule ("HF101"), its name ("stale-use"), the report."""
Leak = collections.namedtuple("Leak", "kind description place address made python")
Leak.__doc__ = """A handle that is alive and somebody's to free: kind ("dataset"), description, the place where it was made, its address, the mark of its making, and whether an object of
GDAL's bindings holds it."""


class ViolationError(AssertionError):
    """Holdfast found something. `violations` are those; the text has their reports."""

    def __init__(self, violations):
        self.violations = list(violations)
        super().__init__("\n".join(violation.text for violation in self.violations))


class LeakError(AssertionError):
    """Handles that were made and are still alive: `leaks`."""

    def __init__(self, leaks):
        self.leaks = list(leaks)
        super().__init__(leaks_text(self.leaks))


# ---- is it there? ---------------------------------------------------------------------------------------------------------

def active():
    """Does Holdfast watch this process?"""
    return _library.get() is not None


def version():
    """The version of Holdfast, None without it."""
    library = _library.get()
    return library.holdfast_version().decode() if library is not None else None


# ---- handles ----------------------------------------------------------------------------------------------------------------

def address(obj):
    """The address of the handle behind an object. A TypeError where there is none to be had."""
    from . import _handles
    return _handles.address(obj, _library.get())


def state(obj):
    """"live", "stale", "held", "buried" or "unknown"; None without Holdfast. The handle is not touched."""
    library = _library.get()
    return STATES[library.holdfast_state(address(obj))] if library is not None else None


def describe(obj):
    """"band 1 of dataset 'a.tif'"; None when the handle is not known, or without Holdfast."""
    library = _library.get()
    return _library.describe(library, address(obj)) or None if library is not None else None


def label(obj, text):
    """Say whose a handle is, or what it is for: reports name it. None takes it back. True when it was noted: the handle is known and alive."""
    library = _library.get()
    return library is not None and bool(library.holdfast_label(address(obj), None if text is None else str(text).encode(errors="replace")))


# ---- leaks --------------------------------------------------------------------------------------------------------------------

def mark():
    """This moment, for leaks_since(). 0 without Holdfast."""
    library = _library.get()
    return library.holdfast_mark() if library is not None else 0


def leaks_since(mark=0):
    """The handles made after the mark (0: ever) that are alive and somebody's to free, as a list of Leak. Objects that only the garbage collector can free count until it has run."""
    library = _library.get()
    return _library.leaks(library, mark, Leak) if library is not None else []


def leaks_text(leaks):
    """Leaks in words, a line for each place and kind."""
    groups = collections.OrderedDict()
    for leak in leaks:
        groups.setdefault((leak.place, leak.kind), []).append(leak)
    lines = ["1 handle was made meanwhile and is still alive:" if len(leaks) == 1 else "%d handles were made meanwhile and are still alive:" % len(leaks)]
    for (place, _), group in groups.items():
        first = group[0].description + (", held by a Python object" if group[0].python else "")
        lines.append("  %s, made at %s" % (first if len(group) == 1 else "%d such as %s" % (len(group), first), place))
    return "\n".join(lines)


@contextlib.contextmanager
def no_leaks():
    """Raises LeakError when handles were made inside, in whatever thread, and are still alive behind it, after a garbage collection. An exception of what is inside goes on instead."""
    begin = mark()
    yield
    if begin:
        import gc
        gc.collect()
        leaks = leaks_since(begin)
        if leaks:
            raise LeakError(leaks)


# ---- violations -----------------------------------------------------------------------------------------------------------------

def error_count():
    """Violations of level error or fatal so far."""
    library = _library.get()
    return library.holdfast_error_count() if library is not None else 0


def violation_count(rule=None):
    """Violations of a rule ("HF101" or "stale-use"; None: of all) so far, repeats included."""
    library = _library.get()
    return library.holdfast_violation_count(None if rule is None else rule.encode()) if library is not None else 0


def violations_since(count):
    """What was found since violation_count() was this number, as a list of Violation. Of more than 128 the first ones are not kept: they have no text and rule "unknown"."""
    library = _library.get()
    found = []
    for number in range(count, violation_count()):
        rule = library.holdfast_violation_rule(number)
        text = _library.violation_text(library, number) if rule else "a violation of which Holdfast keeps no report any more: see its log\n"
        name = re.search(r"Holdfast HF\d+ (\S+)", text)
        found.append(Violation("HF%d" % rule if rule else "unknown", name.group(1) if name else "unknown", text))
    return found


def without_allowed(violations, allow):
    """Those whose rule, by id or name, is not allowed."""
    return [violation for violation in violations if violation.rule not in allow and violation.name not in allow]


@contextlib.contextmanager
def no_violations(allow=()):
    """Raises ViolationError when Holdfast found something meanwhile, in whatever thread, but for the rules allowed (a str or several, ids or names). An exception of what is inside goes
    on instead; from Python 3.11 on it has the reports as a note."""
    allow = (allow,) if isinstance(allow, str) else tuple(allow)
    begin = violation_count()

    def found():
        return without_allowed(violations_since(begin), allow) if violation_count() != begin else []
    try:
        yield
    except Exception as error:
        violations = found()
        if violations and hasattr(error, "add_note"):
            error.add_note("Holdfast found meanwhile:\n" + "\n".join(violation.text for violation in violations))
        raise
    violations = found()
    if violations:
        raise ViolationError(violations)


# ---- words for reports --------------------------------------------------------------------------------------------------------------

_here = threading.local()


@contextlib.contextmanager
def task(name):
    """Reports of the calling thread name this as what it works at. Tasks may lie within each other; the innermost counts."""
    before = getattr(_here, "task", None)
    _name_task(name)
    try:
        yield
    finally:
        _name_task(before)


def _name_task(name):
    library = _library.get()
    _here.task = name
    if library is not None:
        library.holdfast_name_task(None if name is None else str(name).encode(errors="replace"))


def worker(name):
    """Reports and records of this process name this as what it is in a fleet. None: nothing any more."""
    library = _library.get()
    if library is not None:
        library.holdfast_name_worker(None if name is None else str(name).encode(errors="replace"))


def dump():
    """What lives, by kind and by place, threads and counters, to Holdfast's log. Returns how many handles are alive or held."""
    library = _library.get()
    return library.holdfast_dump() if library is not None else 0
