"""Lists of containers: holdfast/admin.h."""

from __future__ import annotations

from typing import Any, Iterator

from ._abi import Page, struct, token, token_or_none
from ._domain import Domain, PAGE_SIZE, each


NamesStruct = struct("hf_names_args")


def names(domain: Domain, name: str, undurable: bool) -> Iterator[str]:
    """All names that the function ``name`` lists."""

    def give(out: Any) -> Page[str]:
        return Page([out.items[i].text() for i in range(out.count)], token_or_none(out.next))

    return each(
        lambda page: domain._read(
            name, NamesStruct(limit=PAGE_SIZE, page=token(page)), undurable, give
        )
    )
