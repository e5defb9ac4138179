"""The library's own description of its structs and calls: holdfast/api.h.

The structs of these tables are the only ones that are laid out by hand. Their sizes are compared
with the library's when they are first read, after version and ABI number. Every other struct is
made from its table when the package is imported (:func:`holdfast._abi.struct`), so that a member
that the library has is a member here.
"""

from __future__ import annotations

import ctypes
import enum
from ctypes import c_bool, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p
from functools import lru_cache
from typing import Any, Iterator, NamedTuple, Optional

from ._library import check_layout, library


class Tag(enum.IntEnum):
    """What a member is: enum hf_api_type."""

    BOOL = 1
    INT = 2
    UINT = 3
    REAL = 4
    TIME = 5
    SPAN = 6
    WAIT = 7
    LSN = 8
    TOKEN = 9
    ENUM = 10
    FLAGS = 11
    KEY = 12
    TEXT = 13
    BYTES = 14
    STRING = 15
    CHARS = 16
    STRUCT = 17
    ONE = 18
    MANY = 19
    MEMORY = 20
    FUNCTION = 21
    CONTEXT = 22
    SIZE = 23


class Member(NamedTuple):
    name: str
    tag: Tag
    size: int
    elements: int
    of: str
    """The nested struct; "" for none."""


class Call(NamedTuple):
    name: str
    takes: str
    fills: str
    """A struct, or "": then it gives a plain value of this tag, or nothing."""
    gives: Optional[Tag]
    object: str = ""
    """The struct that a mutation fills with the object as it is afterwards, or ""."""


class _Struct(ctypes.Structure):
    pass


class _Member(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p),
        ("offset", c_size_t),
        ("size", c_size_t),
        ("type", c_int),
        ("elements", c_uint),
        ("of", ctypes.POINTER(_Struct)),
        ("words", c_void_p),
        ("most", c_uint64),
        ("optional", c_bool),
        ("zero", c_char_p),
        ("label", c_char_p),
    ]


_Struct._fields_ = [
    ("name", c_char_p),
    ("size", c_size_t),
    ("first", c_size_t),
    ("members", ctypes.POINTER(_Member)),
]


class _Call(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p),
        ("function", c_void_p),
        ("kind", c_int),
        ("takes", ctypes.POINTER(_Struct)),
        ("fills", ctypes.POINTER(_Struct)),
        ("gives", c_int),
        ("object", ctypes.POINTER(_Struct)),
    ]


class _Part(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p),
        ("structs", ctypes.POINTER(ctypes.POINTER(_Struct))),
        ("calls", ctypes.POINTER(_Call)),
    ]


def _parts() -> Iterator[Any]:
    check_layout(
        ("struct hf_api" + kind.__name__.lower(), ctypes.sizeof(kind))
        for kind in (_Member, _Struct, _Call, _Part)
    )
    describe = library.hf_api_describe
    describe.argtypes, describe.restype = (c_uint,), ctypes.POINTER(_Part)
    index = 0
    while describe(index):
        yield describe(index).contents
        index += 1


def _name(pointer: Any) -> str:
    return str(pointer.contents.name.decode()) if pointer else ""


def _members(table: Any) -> Iterator[Member]:
    index = 0
    while table[index].name is not None:
        row = table[index]
        yield Member(row.name.decode(), Tag(row.type), row.size, row.elements, _name(row.of))
        index += 1


@lru_cache(maxsize=None)
def _structs() -> dict[str, Any]:
    found = {}
    for part in _parts():
        index = 0
        while part.structs[index]:
            found[_name(part.structs[index])] = part.structs[index].contents
            index += 1
    return found


def names() -> list[str]:
    """Of all structs."""
    return list(_structs())


def members(name: str) -> list[Member]:
    """Of one struct, in its order."""
    return list(_members(_structs()[name].members))


@lru_cache(maxsize=None)
def _calls() -> dict[str, Call]:
    found = {}
    for part in _parts():
        index = 0
        while part.calls[index].name is not None:
            row = part.calls[index]
            name = row.name.decode()
            gives = Tag(row.gives) if row.gives else None
            found[name] = Call(
                name, _name(row.takes), _name(row.fills), gives, _name(row.object)
            )
            index += 1
    return found


def call(name: str) -> Call:
    return _calls()[name]
