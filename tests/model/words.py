"""What every model uses: refusals, numbers that the library chooses, answers, and how an answer is
compared.

The models know nothing of the library. They are written from the contract: what each operation
answers and what the state is
afterwards. The state of all domains is one flat dict of immutable values, so that a transaction is
a copy of it, kept or dropped, and every
list is a sort of what matches: nothing here is clever enough to be wrong in the way an index is
wrong.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, is_dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Optional

# All that Unicode gives the property White_Space. str.strip() alone would take four separators
# more.
SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

ABSENT = 2**64 - 1
SECOND = 1_000_000
DAY = 86_400 * SECOND


class Difference(AssertionError):
    """The library did not answer what the model says."""

    told = 0

    def __init__(self, text: str) -> None:
        super().__init__(text)
        Difference.told += 1


class Refused(Exception):
    """An operation that is not done, and left nothing behind."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Malformed(Refused):
    """The call itself breaks the contract, whatever the state: in a transaction it is told when it
    is added."""


class Number:
    """A number that the library chooses: a version or a token. It is taken from the first answer
    that shows it; every later answer has to show it
    again."""

    __slots__ = ("series", "serial", "value")

    def __init__(self, series: "Series") -> None:
        series.serial += 1
        self.series, self.serial = series, series.serial
        self.value: Optional[int] = None

    def __repr__(self) -> str:
        return f"{self.series.name}({'?' if self.value is None else self.value})"


class Series:
    """Numbers that are given out in increasing order, never twice."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.serial = 0
        self._bound: list[tuple[int, int]] = []

    def bind(self, number: Number, value: int, where: str) -> None:
        at = bisect.bisect_left(self._bound, (number.serial, 0))
        if (
            at
            and self._bound[at - 1][1] >= value
            or at < len(self._bound)
            and self._bound[at][1] <= value
        ):
            raise Difference(
                f"{where}: {self.name} {value} is out of order "
                f"among {self._bound[max(0, at - 1):at + 1]}"
            )
        if value <= 0:
            raise Difference(f"{where}: {self.name} {value} is none")
        self._bound.insert(at, (number.serial, value))
        number.value = value


class Between:
    """A time that the library draws (jitter): anything from ``low`` to ``high``, taken from the
    first answer that shows it."""

    __slots__ = ("low", "high", "value")

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.value: Optional[int] = None


def moved(value: Any, by: int) -> Any:
    """A time that the store computed, when its clock is set back ``by`` so much."""
    if value is None:
        return None
    if not isinstance(value, Between):
        return value - by
    between = Between(value.low - by, value.high - by)
    between.value = None if value.value is None else value.value - by
    return between


def time_of(value: Any) -> Any:
    if isinstance(value, Between):
        return value.low if value.value is None else value.value
    return value


@dataclass
class Done:
    """What a mutation answers. ``count`` None is not compared: it is only told for operations on
    many objects."""

    changed: bool
    version: Any = 0
    token: Any = 0
    count: Optional[int] = None
    out: Any = None
    left_alone: int = 0
    object: Any = None
    """As this operation left it; None: there is none."""


EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def instant(value: int) -> datetime:
    """Of the models, for the library."""
    return EPOCH + timedelta(microseconds=value)


def number_of(real: Any) -> Any:
    """The models count microseconds."""
    if isinstance(real, datetime):
        real -= EPOCH
    return real // timedelta(microseconds=1) if isinstance(real, timedelta) else real


def same(expected: Any, real: Any, where: str) -> None:
    """Raises Difference unless the library's value is what the model says. A model's dict names the
    attributes that are compared."""
    real = number_of(real)
    if isinstance(expected, Number):
        if expected.value is None:
            expected.series.bind(expected, real, where)
        elif expected.value != real:
            raise Difference(f"{where}: model {expected!r}, library {real!r}")
    elif isinstance(expected, Between):
        if expected.value is None and expected.low <= real <= expected.high:
            expected.value = real
        elif expected.value != real:
            raise Difference(
                f"{where}: model {expected.low}..{expected.high} ({expected.value}), "
                f"library {real!r}"
            )
    elif isinstance(expected, dict):
        if real is None:
            raise Difference(f"{where}: model {expected!r}, library None")
        for name, value in expected.items():
            same(value, getattr(real, name), f"{where}.{name}")
    elif isinstance(expected, (list, tuple)):
        items = list(real)
        if len(items) != len(expected):
            raise Difference(
                f"{where}: model has {len(expected)}: {expected!r}, library {len(items)}: {items!r}"
            )
        for index, (one, other) in enumerate(zip(expected, items)):
            same(one, other, f"{where}[{index}]")
    elif expected != real or isinstance(expected, bool) != isinstance(real, bool):
        raise Difference(f"{where}: model {expected!r}, library {real!r}")


def fields(value: Any, *without: str, **others: Any) -> dict[str, Any]:
    """The fields of one of the models' values, as :func:`same` takes them; names with a leading
    underscore are the model's own."""
    assert is_dataclass(value)
    return {k: v for k, v in vars(value).items() if k[0] != "_" and k not in without} | others
