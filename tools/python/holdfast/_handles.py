"""The handle behind a Python object: see address().

osgeo's proxies and shapely 1 tell it. rasterio, fiona, pyproj and shapely 2 keep it in the C structure of their objects and tell nobody; there the words of the structure are compared with what Holdfast
knows. A word that is the address of a known handle is that handle: nothing else lies at such an address, and what Holdfast forgot is not found.
"""
import ctypes
import sys

_PACKAGES = ("rasterio", "fiona", "pyogrio", "pyproj", "shapely")
# The attributes of CRS, Transformer and Collection whose objects have the handle. Of other packages none: rasterio's datasets have a `_crs`, too, which is another thing.
_INNER = {"pyproj": ("_crs", "_transformer"), "fiona": ("session",)}


def _of_swig(obj):
    try:
        this = obj.this
    except AttributeError:
        return None
    if this is None or not type(this).__name__.startswith("SwigPyObject"):
        return None
    return int(this)


def _words(obj):
    """The words of its C structure behind what every object has."""
    word = ctypes.sizeof(ctypes.c_void_p)
    begin, end = object.__basicsize__, type(obj).__basicsize__ // word * word
    if sys.implementation.name != "cpython" or begin >= end:
        return []
    return (ctypes.c_uint64 * ((end - begin) // word)).from_address(id(obj) + begin)


def _of_structure(obj, library):
    from . import _library
    known = [word for word in _words(obj) if word > 4096 and library.holdfast_state(word) > 0]
    # A PJ stands beside its context: what the object is about is not the context.
    known.sort(key=lambda word: _library.describe(library, word).partition(" of ")[0].endswith("context"))
    return known[0] if known else None


def address(obj, library):
    kind = "%s.%s" % (type(obj).__module__, type(obj).__qualname__)
    if isinstance(obj, int) and not isinstance(obj, bool):
        if not 0 <= obj < 1 << 64:
            raise TypeError("%d is no address" % obj)
        return obj
    if isinstance(obj, (ctypes.c_void_p, ctypes._Pointer)):
        return ctypes.cast(obj, ctypes.c_void_p).value or 0
    swig = _of_swig(obj)
    if swig is not None:
        return swig
    package = type(obj).__module__.partition(".")[0]
    if package == "osgeo":
        raise TypeError("this %s has no handle any more: it was closed or destroyed" % kind)
    told = getattr(obj, "_geom", None) if package == "shapely" else None  # shapely 1
    if isinstance(told, int) and told:
        return told
    if any(base.__module__.partition(".")[0] in _PACKAGES for base in type(obj).__mro__):
        if library is None:
            raise TypeError("the handle of a %s cannot be told without Holdfast" % kind)
        for one in [obj] + [getattr(obj, name) for name in _INNER.get(package, ()) if getattr(obj, name, None) is not None]:
            found = _of_structure(one, library)
            if found is not None:
                return found
        raise TypeError("this %s has no handle that Holdfast knows: it is closed, was made before Holdfast, or keeps it elsewhere" % kind)
    raise TypeError("a %s has no handle: expected an object of osgeo, rasterio, fiona, shapely or pyproj, an address, or a ctypes pointer" % kind)
