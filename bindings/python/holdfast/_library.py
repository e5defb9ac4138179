"""Finds libholdfast and gives its functions.

The library is looked for in this order: the file that HOLDFAST_LIBRARY names, then what the
system's loader finds as
``libholdfast.so.0``. It is loaded when the package is imported; a function is looked up when it is
first used, so that a
library which lacks one of a later version can still be used for all others.

A library of another version may lay its structs out in another way, which would corrupt memory. So
version and ABI number are compared when it is loaded, and the sizes of the structs by which it
describes all others (:func:`check_layout`): ImportError names both versions and the file.
"""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache
from typing import Any, Callable, Iterable

SONAME = "libholdfast.so.0"
VERSION = "0.1.0"
"""Of this package, and of the library that it fits."""
ABI = 1


def _load() -> ctypes.CDLL:
    path = os.environ.get("HOLDFAST_LIBRARY") or SONAME
    try:
        # CDLL lets other threads run during every call: commits and waiting calls block nobody.
        found = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(
            f"cannot load {path}: {error}; "
            "install libholdfast, or name the file in HOLDFAST_LIBRARY"
        ) from error
    _compare(found)
    return found


def _refuse(found: ctypes.CDLL, version: str, why: str) -> ImportError:
    return ImportError(
        f"holdfast {VERSION} (Python package, ABI {ABI}) does not fit the library {version} "
        f"in {_file_of(found)}: {why}; "
        "install the same version of both, or name the file in HOLDFAST_LIBRARY"
    )


def _file_of(found: ctypes.CDLL) -> str:
    """Where the loader found it, as far as the system tells."""
    name = str(found._name)
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            files = {line.split(maxsplit=5)[5].strip() for line in maps if line.count("/")}
    except OSError:
        return name
    return next(
        (
            file
            for file in sorted(files)
            if os.path.basename(file).startswith(os.path.basename(name))
        ),
        name,
    )


def _version_of(found: ctypes.CDLL) -> str:
    call = found.hf_version
    call.argtypes, call.restype = (), ctypes.c_char_p
    return str(call().decode("utf-8", "replace"))


def _compare(found: ctypes.CDLL) -> None:
    try:
        version = _version_of(found)
        abi, _ = found.hf_abi, found.hf_struct_size
    except AttributeError as error:
        raise _refuse(
            found, "of unknown version", f"it is older, or none of holdfast ({error})"
        ) from None
    abi.argtypes, abi.restype = (), ctypes.c_uint
    if version != VERSION:
        raise _refuse(found, version, "the versions differ")
    if abi() != ABI:
        raise _refuse(found, version, f"its binary interface is ABI {abi()}")


def check_layout(structs: Iterable[tuple[str, int]]) -> None:
    """ImportError unless the library has each of these structs, of this size."""
    size_of = library.hf_struct_size
    size_of.argtypes, size_of.restype = (ctypes.c_char_p,), ctypes.c_size_t
    for name, size in structs:
        theirs = size_of(name.removeprefix("struct ").encode())
        if theirs != size:
            raise _refuse(
                library, _version_of(library), f"{name} has {theirs} bytes there and {size} here"
            )


library = _load()


def library_version() -> str:
    """The version of the library that is in use."""
    return _version_of(library)


@lru_cache(maxsize=None)
def function(name: str, *argtypes: Any, restype: Any = ctypes.c_int) -> Callable[..., Any]:
    """The function ``name``, declared. Each name must be asked for with one signature only."""
    found: Any = getattr(library, name)
    found.argtypes = argtypes
    found.restype = restype
    typed: Callable[..., Any] = found
    return typed
