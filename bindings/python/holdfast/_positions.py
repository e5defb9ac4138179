"""Where a list begins: behind a position of it, which is the sort key of an item, kept by the
caller. docs/interface/lists.md says what each list is sorted by.

A position is given as an item of the list (its key may be gone meanwhile), or as a tuple of the
sort key in the order of the C struct, from which parts in front that the list says itself may be
left out.
"""

from __future__ import annotations

from typing import Any, Optional

from ._abi import After, invalid, number, struct, wrong_type
from ._api import Tag


def behind(name: str, value: After, **called: str) -> Optional[Any]:
    """The struct ``name`` of a position; None is none. ``called`` says how an item calls a member
    of it."""
    if value is None:
        return None
    kind = struct(name)
    members = list(kind.rows)
    if isinstance(value, (str, bytes)):
        value = (value,)
    if isinstance(value, tuple):
        left_out = members[: len(members) - len(value)]
        if len(value) > len(members) or any(kind.rows[one].tag is not Tag.KEY for one in left_out):
            invalid(f"after: the position of this list is ({', '.join(members)})")
        return kind(**dict(zip(members[len(left_out) :], value)))
    try:
        return kind(**{one: getattr(value, called.get(one, one)) for one in members})
    except AttributeError:
        wrong_type("after", f"an item of the list or ({', '.join(members)})", value)


def behind_number(value: After, member: str) -> int:
    """The same where a position is a number: that of an item is its ``member``."""
    if value is None:
        return 0
    return number(getattr(value, member, value), "after")


def behind_name(value: After) -> Any:
    """The same where it is a name, which an item may have."""
    name: Any = value
    return b"" if name is None else getattr(name, "name", name)
