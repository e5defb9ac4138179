"""Finds libholdfast and gives its functions.

The library is looked for in this order: the file that HOLDFAST_LIBRARY names, then what the system's loader finds as
``libholdfast.so.0``. It is loaded when the package is imported; a function is looked up when it is first used, so that a
library which lacks one of a later version can still be used for all others.
"""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache
from typing import Any, Callable

SONAME = "libholdfast.so.0"


def _load() -> ctypes.CDLL:
    path = os.environ.get("HOLDFAST_LIBRARY") or SONAME
    try:
        # CDLL lets other threads run during every call: commits and waiting calls block nobody.
        return ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(
            f"cannot load {path}: {error}; install libholdfast, or name the file in HOLDFAST_LIBRARY"
        ) from error


library = _load()


@lru_cache(maxsize=None)
def function(name: str, *argtypes: Any, restype: Any = ctypes.c_int) -> Callable[..., Any]:
    """The function ``name``, declared. Each name must be asked for with one signature only."""
    found: Any = getattr(library, name)
    found.argtypes = argtypes
    found.restype = restype
    typed: Callable[..., Any] = found
    return typed
