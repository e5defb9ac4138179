"""Lists of containers: holdfast/admin.h."""

from __future__ import annotations

from ctypes import POINTER, c_char_p, c_size_t, c_void_p
from typing import Any, Iterator

from ._abi import Bytes, Page, Struct, token, token_or_none
from ._domain import PAGE_SIZE, Domain, each


class NamesStruct(Struct):
    c_name = "struct hf_names_args"
    _fields_ = [("limit", c_size_t), ("page", c_char_p)]


class NamePageStruct(Struct):
    c_name = "struct hf_name_page"
    _fields_ = [
        ("items", POINTER(Bytes)),
        ("count", c_size_t),
        ("next", c_char_p),
        ("memory", c_void_p),
    ]


def names(domain: Domain, name: str, undurable: bool) -> Iterator[str]:
    """All names that the function ``name`` lists."""

    def give(out: Any) -> Page[str]:
        return Page([out.items[i].text() for i in range(out.count)], token_or_none(out.next))

    return each(
        lambda page: domain._read(
            name, NamesStruct(PAGE_SIZE, token(page)), None, NamePageStruct(), undurable, give
        )
    )
