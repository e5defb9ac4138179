"""Lists of containers: holdfast/admin.h."""

from __future__ import annotations

from typing import Any, Iterator, Optional

from ._abi import After, Page, struct, token, token_or_none
from ._domain import Domain, PAGE_SIZE, each
from ._positions import behind_name


NamesStruct = struct("hf_names_args")


def names(domain: Domain, name: str, undurable: bool, after: After = None) -> Iterator[str]:
    """All names that the function ``name`` lists, or those behind one."""

    def give(out: Any) -> Page[str]:
        return Page([out.items[i].text() for i in range(out.count)], token_or_none(out.next))

    def fetch(page: Optional[str] = None, after: After = None) -> Page[str]:
        args = NamesStruct(limit=PAGE_SIZE, page=token(page), after=behind_name(after))
        return domain._read(name, args, undurable, give)

    return each(fetch, after)
