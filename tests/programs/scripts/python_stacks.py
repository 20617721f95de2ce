"""Makes violations in every situation a Python stack can be in, and writes down which frames the interpreter itself shows there.

    python_stacks.py truth FILE [SEED]    each place once; FILE gets JSON: {place: [[file, line, function], ... innermost first]}
    python_stacks.py many COUNT [SEED]    COUNT allocations and frees in random situations, no violation

A place is a function of its own, `event`, in a file of its own, `<event 17>`: so its report can be told from all the others. It frees two handles and
then one of them again, all three by the same instruction: the first stack is read, the others are recalled. It needs only ctypes and
GEOS, so it runs with any interpreter from 3.7 on.
"""
import contextlib
import ctypes
import functools
import gc
import json
import os
import random
import re
import sys
import threading
import weakref

geos = ctypes.CDLL("libgeos_c.so.1")
geos_with_gil = ctypes.PyDLL("libgeos_c.so.1")
geos.GEOS_init_r.restype = ctypes.c_void_p
for library in (geos, geos_with_gil):
    library.GEOSGeom_createEmptyPoint_r.restype = ctypes.c_void_p
    library.GEOSGeom_createEmptyPoint_r.argtypes = [ctypes.c_void_p]
    library.GEOSGeom_destroy_r.argtypes = [ctypes.c_void_p, ctypes.c_void_p]


class Mine(threading.local):
    """A context for each thread: none may be used by two at once."""

    def __init__(self):
        context = geos.GEOS_init_r()
        self.make = functools.partial(geos.GEOSGeom_createEmptyPoint_r, context)
        self.free = functools.partial(geos.GEOSGeom_destroy_r, context)
        self.make_with_gil = functools.partial(geos_with_gil.GEOSGeom_createEmptyPoint_r, context)
        self.free_with_gil = functools.partial(geos_with_gil.GEOSGeom_destroy_r, context)


mine = Mine()
places = {}      # place: frames
situation = {}   # place: in which function below
current = "?"


def name_of(code):
    return code.co_name if "HOLDFAST_PLAIN_NAMES" in os.environ else getattr(code, "co_qualname", code.co_name)


def note(place, frame):
    frames = []
    while frame is not None:
        frames.append([frame.f_code.co_filename, frame.f_lineno or 0, name_of(frame.f_code)])
        frame = frame.f_back
    places[place] = frames
    situation[place] = current


def thrice(make):
    once, twice = make(), make()
    return [once, twice, twice]


EVENT = "%sdef event(): note(%d, sys._getframe()), list(map(mine.%s, thrice(mine.%s)))\n"
counter = 0
lock = threading.Lock()


def new_event(padding=0, with_gil=False):
    global counter
    with lock:
        counter += 1
        place = counter
    scope = dict(globals())
    names = ("free_with_gil", "make_with_gil") if with_gil else ("free", "make")
    exec(compile(EVENT % ("\n" * padding, place, *names), "<event %d>" % place, "exec"), scope)
    return scope["event"]


def quiet_event():
    """What `many` does instead: births and deaths, some of them again and again at the same place."""
    for _ in range(6):
        one = mine.make()
        mine.free(mine.make())
        mine.free(one)


EVENTS_OF_QUIET = 24


class Truth:
    """Each call is an event at a new place."""

    def __call__(self, *ignored):
        new_event()()


# ---- situations: each calls `event` at least once ---------------------------------------------------------------------------------

def plain(event, dice):
    def deeper(rest):
        if rest == 0:
            event()
        elif rest % 2:
            deeper(rest - 1)
        else:
            return [deeper(rest - 1)]
    deeper(dice.randrange(60))


def same_line(event, dice):
    one, two = (lambda: event()), (lambda: (event(), event()))
    one(), two(); (lambda: one())(); [one() for _ in range(2)], {two() for _ in range(1)}, {1: one() for _ in "x"}, list(one() for _ in "xy")


def over_lines(event, dice):
    (event(),
     event(

     ), [
        event()
        for _ in range(2)
        if event() or True
    ])


def generators(event, dice):
    def inner(rest):
        event()
        yield rest
        if rest:
            yield from inner(rest - 1)
        event()

    def careful():
        try:
            yield 1
            yield 2
        except ValueError:
            event()
            yield 3
        finally:
            event()
    for _ in inner(dice.randrange(12)):
        event()
    one = careful()
    next(one)
    one.throw(ValueError())
    one.close()
    two = careful()
    next(two)
    del two
    three = careful()
    next(three)
    sum(1 for _ in three)


def coroutines(event, dice):
    import asyncio

    async def leaf(rest):
        event()
        await asyncio.sleep(0)
        event()
        if rest:
            await leaf(rest - 1)

    async def numbers(rest):
        for number in range(rest):
            event()
            yield number
            await asyncio.sleep(0)

    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon(event)
        await asyncio.gather(*(leaf(dice.randrange(6)) for _ in range(4)))
        async for _ in numbers(3):
            event()
        future = loop.create_future()
        future.add_done_callback(event)
        future.set_result(1)
        await future
        await asyncio.sleep(0)
    asyncio.run(main())


def threads(event, dice):
    def work(rest):
        event()
        if rest:
            work(rest - 1)
    started = [threading.Thread(target=work, args=(dice.randrange(20),)) for _ in range(4)]
    for one in started:
        one.start()
    work(3)
    for one in started:
        one.join()
    again = threading.Thread(target=work, args=(2,))
    again.start()
    again.join()


class Surprising:
    """Runs code wherever the interpreter lets an object do so."""

    def __init__(self, event, made=True):
        self.event = event
        if made:
            event()

    def __del__(self):
        self.event()

    def __getattr__(self, name):
        self.event()
        return name

    def __add__(self, other):
        self.event()
        return self

    def __iter__(self):
        self.event()
        return iter([1])

    def __lt__(self, other):
        self.event()
        return False

    def __hash__(self):
        self.event()
        return 1

    def __enter__(self):
        self.event()
        return self

    def __exit__(self, *error):
        self.event()
        return True

    @property
    def value(self):
        self.event()

    @classmethod
    def make(cls, event):
        event()
        return cls(event)


def objects(event, dice):
    one, two = Surprising(event), Surprising.make(event)
    one.anything, one.value, one + two, list(one), sorted([one, two, one]), {one: 1}
    with one:
        raise ValueError
    kept = [weakref.ref(one, event), weakref.finalize(two, event)]
    del one, two
    circle = [Surprising(event)]
    circle.append(circle)
    del circle
    gc.collect()
    del kept

    class Body:
        event()

        def __init_subclass__(cls):
            event()

        def __set_name__(self, owner, name):
            event()

    class Below(Body):
        attribute = Body()


def decorated(event, dice):
    def decorator(function):
        event()

        @functools.wraps(function)
        def wrapper(*arguments):
            event()
            return function(*arguments)
        return wrapper

    @decorator
    @functools.lru_cache(maxsize=None)
    @decorator
    def decorated_function(number, nothing=event()):
        event()
        return number
    decorated_function(1), decorated_function(1), functools.partial(decorated_function, 2)()


def callbacks(event, dice):
    sorted([3, 1, 2], key=lambda number: event() or number)
    list(map(lambda _: event(), "xy")), list(filter(event, "x")), re.sub("x", lambda _: event() or "y", "axbx")
    max([1, 2], key=lambda number: (event(), number)[1])
    functools.reduce(lambda left, right: event(), [1, 2, 3])
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda left, right: event() or 0)
    ctypes.CDLL(None).qsort((ctypes.c_int * 4)(), 4, 4, compare)
    # C calls Python calls C calls Python ...
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)

    def nested(rest):
        def again(left, right):
            event()
            if rest:
                nested(rest - 1)
            return 0
        ctypes.CDLL(None).qsort((ctypes.c_int * 2)(), 2, 4, kind(again))
    nested(dice.randrange(4))


def gdal_callbacks(event, dice):
    """Progress functions and error handlers, called without the GIL by GDAL and with it by the bindings."""
    from osgeo import gdal
    source = gdal.GetDriverByName("MEM").Create("", 10, 10)

    def progress(part, text, data):
        event()
        return 1

    def handler(severity, number, text):
        event()
    gdal.GetDriverByName("MEM").CreateCopy("", source, callback=progress)
    gdal.Translate("", source, format="MEM", callback=progress)
    gdal.PushErrorHandler(handler)
    gdal.Error(gdal.CE_Warning, 1, "text")
    gdal.Translate("", source, format="MEM", width=0, callback=progress)
    gdal.PopErrorHandler()


def exceptions(event, dice):
    def fails(rest):
        try:
            if rest:
                fails(rest - 1)
            raise KeyError(rest)
        except KeyError as error:
            event()
            raise ValueError from error
        finally:
            event()
    with contextlib.suppress(ValueError):
        fails(dice.randrange(5))
    try:
        try:
            1 / 0
        finally:
            event()
    except ZeroDivisionError:
        event()
    else:
        event()
    with contextlib.ExitStack() as stack:
        stack.callback(event)
        stack.enter_context(Surprising(event, made=False))
        raise OSError


def reborn(event, dice):
    """Code that dies and comes again at the same addresses, a line further down each time, twice at the same."""
    source = "def inner():\n%s    event()\ndef outer():\n    inner()\nouter()\n"
    for round in range(40):
        scope = {"event": event}
        exec(compile(source % ("\n" * (round // 2)), "<reborn>", "exec"), scope)
        scope.clear()
        eval("event()", {"event": event})
        eval(compile("(" + "\n" * (round % 7) + "event())", "<eval>", "eval"), {"event": event})


def traced(event, dice):
    """Within functions that are traced, within the tracing function itself, with and without monitoring of lines."""
    busy = []

    def tracer(frame, what, argument):
        if frame.f_code.co_name == "seen" and not busy:
            busy.append(1)
            event()
            busy.pop()
        return tracer

    def profiler(frame, what, argument):
        if frame.f_code.co_name == "seen" and not busy:
            busy.append(1)
            event()
            busy.pop()

    def seen(rest):
        event()
        for _ in range(2):
            event(); event()
        if rest: seen(rest - 1)
        return [event()
                for _ in "xy"]
    seen(1)
    for install, function in ((sys.settrace, tracer), (sys.setprofile, profiler)):
        install(function)
        try:
            seen(1)
        finally:
            install(None)
    seen(1)
    if hasattr(sys, "monitoring"):
        events = sys.monitoring.events

        def on_line(code, line):
            if code.co_name == "seen" and not busy:
                busy.append(1)
                event()
                busy.pop()
        sys.monitoring.use_tool_id(2, "test")
        sys.monitoring.register_callback(2, events.LINE, on_line)
        sys.monitoring.register_callback(2, events.PY_START, lambda code, offset: None)
        sys.monitoring.set_events(2, events.LINE | events.PY_START | events.INSTRUCTION)
        seen(1)
        sys.monitoring.set_events(2, 0)
        sys.monitoring.free_tool_id(2)
        seen(1)


def jumping(event, dice):
    """A debugger that sets the next line."""
    def jumper(frame, what, argument):
        if what == "line" and frame.f_lineno == first + 2:
            frame.f_lineno = first + 4
        return jumper

    def jumped():
        event()
        event()
        event()
        event()
        event()
    first = jumped.__code__.co_firstlineno
    sys.settrace(jumper)
    try:
        jumped()
    finally:
        sys.settrace(None)


def deep(event, dice):
    """Far deeper than any stack that is kept; on a thread with room for it."""
    def down(rest):
        if rest == 0 or rest % 2500 == 0:
            event()
        if rest:
            down(rest - 1)

    def work():
        down(10000)
    before, limit = threading.stack_size(512 << 20), sys.getrecursionlimit()
    sys.setrecursionlimit(20000)
    one = threading.Thread(target=work)
    one.start()
    one.join()
    sys.setrecursionlimit(limit)
    threading.stack_size(before)


def forked(event, dice):
    """The child goes on under a new depot; it writes its own truth and log."""
    event()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            places.clear()
            event()
            plain(event, dice)
            save(sys.argv[2] + ".child")
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status == 0
    event()


def odd_names(event, dice):
    for name in ("umlaut_ä", "omega_Ω", "smile_\U0001f600", "quote\", line 7 in x", "nothing", "long_" + "x" * 200):
        scope = {"event": event}
        exec(compile("def ünder():\n  event()\nünder()\n", "<%s>" % name, "exec"), scope)


def long_function(event, dice):
    """Line tables with long jumps, back and forth."""
    lines = ["def long(event):", "    total = 0"]
    for _ in range(60):
        lines += [""] * dice.choice([0, 1, 3, 40, 300]) + [dice.choice([
            "    event()", "    total += (1 +" + "\n" * dice.choice([1, 50]) + " 2)", "    for _ in range(2): event()",
            "    kept = [\n event(),\n\n\n event()]", "    " + "total = total + 1; " * 40 + "event()"])]
    scope = {}
    exec(compile("\n".join(lines), "<long>", "exec"), scope)
    scope["long"](event)


SITUATIONS = [plain, same_line, over_lines, generators, coroutines, threads, objects, decorated, callbacks, exceptions, reborn, traced,
              jumping, odd_names, long_function]
ONCE = [deep, forked]
with contextlib.suppress(ImportError):
    import osgeo
    if not hasattr(sys, "gettotalrefcount"):  # a debug build fails an assertion there, without Holdfast too
        SITUATIONS.append(gdal_callbacks)


SUB = """
import sys
sys.path[:] = %r
sys.argv = [%r, "none"]
import python_stacks as own
own.counter = %d
def work(rest):
    own.current = "subinterpreter"
    own.new_event(with_gil=True)()
    own.current = "without the GIL, several interpreters"
    own.new_event()()
    if rest:
        work(rest - 1)
work(3)
own.save(%r)
"""


def subinterpreters(path):
    """They have no part in `many`: each writes its own truth."""
    global counter, current
    try:
        import _interpreters as interpreters
        options = ("legacy",)
        run = lambda one, source: interpreters.run_string(one, source)
    except ImportError:
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            return False
        options = ()
        run = interpreters.run_string
    create = functools.partial(interpreters.create, *options)
    if not options and sys.version_info >= (3, 9):
        create = functools.partial(interpreters.create, isolated=False)
    truth = Truth()
    for number in range(2):
        counter += 100
        one = create()
        failed = run(one, SUB % ([os.path.dirname(os.path.abspath(__file__))] + sys.path, __file__, counter, "%s.sub%d" % (path, number)))
        assert not failed, failed
        counter += 100
        current = "without the GIL, several interpreters"
        truth()
        current = "subinterpreters"
        new_event(with_gil=True)()
        interpreters.destroy(one)
    truth()
    return True


def save(path):
    with open(path, "w") as out:
        json.dump({"places": places, "situation": situation}, out)


def main():
    global current
    what, argument = sys.argv[1], sys.argv[2]
    dice = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 4711)
    if what == "truth":
        for function in SITUATIONS + ONCE:
            current = function.__name__
            function(Truth(), dice)
        current = "subinterpreters"
        if not subinterpreters(argument):
            print("no subinterpreters here")
        save(argument)
    else:
        done = 0

        def event(*ignored):
            nonlocal done
            done += 1
            quiet_event()
        while EVENTS_OF_QUIET * done < int(argument):
            dice.choice(SITUATIONS)(event, dice)
    if "HOLDFAST_COUNTS" in os.environ:
        tell_counts(int(os.environ["HOLDFAST_COUNTS"]))


def tell_counts(offset):
    """Of Holdfast: how many stacks it recalled, read, had written down, and did not know; for the test that started this."""
    class Counts(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint64) for name in ("recalled", "read", "dumped", "uncertain")]
    with open("/proc/self/maps") as maps:
        base = next(int(line.split("-")[0], 16) for line in maps if "libholdfast.so" in line)
    counts = ctypes.CFUNCTYPE(Counts)(base + offset)()
    print("counts", counts.recalled, counts.read, counts.dumped, counts.uncertain)


if __name__ == "__main__":
    main()
