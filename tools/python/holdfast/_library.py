"""The functions of holdfast.h by ctypes, and where libholdfast.so may be found.

Nothing is loaded: the functions are there when Holdfast was preloaded, and missing otherwise. ctypes itself is imported with the first question, because every run of pytest imports this module.
"""
import functools
import os
import shutil
import sys

NAME = "libholdfast.so"
_library = False  # not looked for yet; None: not there


def get():
    """The functions, None without Holdfast."""
    global _library
    if _library is False:
        _library = _find_functions()
    return _library


def _find_functions():
    if not sys.platform.startswith("linux"):
        return None
    import ctypes
    process = ctypes.CDLL(None)
    handle, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint64
    signatures = {
        "holdfast_version": (text, ()), "holdfast_state": (ctypes.c_int, (handle,)), "holdfast_describe": (ctypes.c_size_t, (handle, text, ctypes.c_size_t)),
        "holdfast_label": (ctypes.c_int, (handle, text)), "holdfast_mark": (number, ()), "holdfast_leaks_since": (ctypes.c_size_t, (number, handle, handle)),
        "holdfast_error_count": (number, ()), "holdfast_violation_count": (number, (text,)), "holdfast_violation_rule": (ctypes.c_uint, (number,)),
        "holdfast_violation_text": (ctypes.c_size_t, (number, text, ctypes.c_size_t)), "holdfast_name_task": (None, (text,)), "holdfast_name_worker": (None, (text,)),
        "holdfast_dump": (ctypes.c_size_t, ()),
    }
    for name, (result, arguments) in signatures.items():
        try:
            function = getattr(process, name)
        except AttributeError:
            return None  # not there, or too old for this package
        function.restype, function.argtypes = result, arguments
    return process


def describe(library, address):
    import ctypes
    room = ctypes.create_string_buffer(320)
    library.holdfast_describe(address, room, len(room))
    return room.value.decode(errors="replace")


def violation_text(library, number):
    import ctypes
    room = ctypes.create_string_buffer(library.holdfast_violation_text(number, None, 0) + 1)
    library.holdfast_violation_text(number, room, len(room))
    return room.value.decode(errors="replace")


def leaks(library, mark, leak_type):
    if library.holdfast_leaks_since(mark, None, None) == 0:
        return []
    structure, callback = _leak_types()
    import ctypes
    found = []

    def tell(told, _):
        leak = ctypes.cast(told, ctypes.POINTER(structure)).contents
        found.append(leak_type(leak.kind.decode(), leak.description.decode(errors="replace"), leak.place.decode(errors="replace"), leak.handle, leak.made, bool(leak.python)))
        return 0
    function = callback(tell)
    library.holdfast_leaks_since(mark, ctypes.cast(function, ctypes.c_void_p), None)
    return found


@functools.lru_cache(maxsize=None)
def _leak_types():
    import ctypes

    class Leak(ctypes.Structure):  # struct holdfast_leak
        _fields_ = [("handle", ctypes.c_void_p), ("kind", ctypes.c_char_p), ("description", ctypes.c_char_p), ("place", ctypes.c_char_p), ("made", ctypes.c_uint64), ("python", ctypes.c_int)]
    return Leak, ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


def find_command():
    """The command `holdfast`, None if it is not on the PATH."""
    return shutil.which("holdfast")


def places(wish=None):
    """Where libholdfast.so may be, best first: (what names it, path)."""
    if wish:
        yield "--holdfast-library", wish
        return
    if os.environ.get("HOLDFAST_LIBRARY"):
        yield "HOLDFAST_LIBRARY", os.environ["HOLDFAST_LIBRARY"]
        return
    command = find_command()
    if command is not None:
        folder = os.path.dirname(os.path.realpath(command))
        for place in ("../shim", "../lib/%s-linux-gnu" % os.uname().machine, "../lib", "../lib64"):
            yield "beside the command", os.path.normpath(os.path.join(folder, place, NAME))
    package = os.path.dirname(os.path.realpath(__file__))
    yield "in the package", os.path.join(package, NAME)
    yield "in the source tree", os.path.normpath(os.path.join(package, "../../../build/shim", NAME))
    for folder in ("/usr/local/lib/%s-linux-gnu" % os.uname().machine, "/usr/local/lib", "/usr/lib/%s-linux-gnu" % os.uname().machine, "/usr/lib64", "/usr/lib"):
        yield "installed", os.path.join(folder, NAME)


def find_library(wish=None):
    """The path of libholdfast.so. A FileNotFoundError that says where it was looked for."""
    tried = []
    for named_by, path in places(wish):
        if os.path.isfile(path):
            path = os.path.realpath(path)
            if " " in path or ":" in path:
                raise FileNotFoundError("the path '%s' has a blank or colon in it, which LD_PRELOAD cannot hold: put %s elsewhere" % (path, NAME))
            return path
        tried.append("%s (%s)" % (path, named_by))
    raise FileNotFoundError("%s is not there: build Holdfast (tools/setup), install it, or name the file by HOLDFAST_LIBRARY. Looked for %s" % (NAME, ", ".join(tried)))
