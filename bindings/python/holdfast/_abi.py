"""The words of holdfast/types.h: structs that every domain uses, and how Python's values become
C's.

Every struct of the library is a subclass of :class:`Struct`, made from the library's own table of
it, and compared with the headers by a test. Conversions: keys and texts are ``str`` (UTF-8 with
surrogateescape, so that any bytes go through unharmed)
or ``bytes``; payloads come back as ``bytes``; times are ``datetime`` with a time zone (given ones
of any, those that come back of UTC), ``None`` is unset; durations are ``timedelta``. Numbers of
microseconds are neither.
"""

from __future__ import annotations

import ctypes
import dataclasses
import enum
import functools
import operator
import struct as packing
from ctypes import (
    POINTER,
    byref,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_int16,
    c_int32,
    c_int64,
    c_int8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_uint8,
    c_void_p,
)
from functools import lru_cache
from datetime import datetime, timedelta, timezone
from typing import (
    Any,
    Callable,
    ClassVar,
    Generic,
    Iterable,
    Iterator,
    Literal,
    NoReturn,
    Optional,
    TypeVar,
    Union,
)

from . import _api as api
from ._api import Member, Tag
from ._library import function
from .errors import Error, InvalidError, raise_for

T = TypeVar("T")
Text = Union[str, bytes]
Payload = Union[str, bytes, bytearray, memoryview]
Time = Optional[datetime]
Duration = timedelta
After = Optional[object]
"""Where a list begins behind: an item of it, or its sort key (:mod:`holdfast._positions`)."""

UNSET = -(2**63)
ABSENT = 2**64 - 1
"""As an expected version: the object must not exist."""
FOR_EVER = timedelta.max
"""As a time to wait."""
ZERO = timedelta(0)

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


class FarTime(datetime):
    """An instant that ``datetime`` cannot hold, before the year 1 or behind the year 9999: it shows
    and compares as the first or last one that it can. ``microseconds`` since 1970 say which it is,
    so that what was read can be put back unchanged."""

    microseconds: int

    def __new__(cls, microseconds: int) -> "FarTime":
        number(microseconds, "microseconds", UNSET + 1, 2**63 - 1)
        edge = datetime.min if microseconds < 0 else datetime.max
        found = super().__new__(
            cls, *edge.timetuple()[:6], edge.microsecond, tzinfo=timezone.utc
        )
        found.microseconds = microseconds
        return found

    def __reduce_ex__(self, protocol: Any) -> Any:
        return FarTime, (self.microseconds,)

    def __repr__(self) -> str:
        return f"holdfast.FarTime({self.microseconds})"


class Durability(enum.IntEnum):
    """How far a commit must have got before it is answered."""

    DURABLE = 0
    """Survives kill -9 and power loss."""
    OS = 1
    """Handed to the kernel: survives kill -9, not power loss."""


# --- Structs
# --------------------------------------------------------------------------------------------------


# ctypes cuts integers to their width, takes anything for a bool and ends a text at its first NUL.
# So every value that goes into a struct is looked at here, by the type of its member; what is a
# plain argument of a function goes through the same functions.


def invalid(text: str) -> NoReturn:
    """A value of the right type that cannot be meant: refused before the library sees it."""
    raise Error.of(InvalidError.code, text)


def wrong_type(name: str, wanted: str, value: object) -> NoReturn:
    raise TypeError(f"{name}: {wanted} expected, not {type(value).__name__}")


def number(value: Any, name: str, low: int = 0, high: int = 2**64 - 1) -> int:
    """An integer of this range. True and False are none, neither are floats."""
    if isinstance(value, bool):
        wrong_type(name, "int", value)
    try:
        found = operator.index(value)
    except TypeError:
        wrong_type(name, "int", value)
    if not low <= found <= high:
        invalid(
            f"{name} must be from {low} to {high}, "
            f"not {found if abs(found) < 10**40 else 'that large'}"
        )
    return found


def flag(value: Any, name: str) -> bool:
    if value is not True and value is not False:
        wrong_type(name, "bool", value)
    return bool(value)


def real(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        wrong_type(name, "float", value)
    try:
        return float(value)
    except OverflowError:
        invalid(f"{name} is no number that a float holds")


def member(kind: type[enum.IntEnum], value: Any, name: str) -> int:
    """One of an enumeration."""
    found = number(value, name, -(2**31), 2**31 - 1)
    if found not in kind._value2member_map_:
        invalid(f"{name}: there is no {kind.__name__} {found}")
    return found


@lru_cache(maxsize=None)
def _all_of(kind: type[enum.IntFlag]) -> int:
    return functools.reduce(operator.or_, [int(one) for one in kind])


def flags(kind: type[enum.IntFlag], value: Any, name: str) -> int:
    """Any of some flags."""
    found = number(value, name, 0, 2**31 - 1)
    if found & ~_all_of(kind):
        invalid(f"{name}: there is no {kind.__name__} {found}")
    return found


def c_text(value: Any, name: str, encoding: str = "utf-8") -> Optional[bytes]:
    """A text for a ``const char *``; None stays None."""
    if value is None:
        return None
    if not isinstance(value, str):
        wrong_type(name, "str", value)
    try:
        raw = str.encode(value, encoding)
    except UnicodeEncodeError:
        invalid(f"{name} has a character that it cannot have")
    if 0 in raw:
        invalid(f"{name} has a NUL in it")
    return bytes(raw)


def instances(values: Any, kind: Any, name: str) -> list[Any]:
    """All of an iterable, each of them one of ``kind``. A text is an iterable of something else
    than was meant."""
    if isinstance(values, (str, bytes, bytearray, memoryview, dict)) or not isinstance(
        values, Iterable
    ):
        wrong_type(name, "an iterable", values)
    found = list(values)
    for value in found:
        if not isinstance(value, kind):
            wrong_type(f"one of {name}", getattr(kind, "__name__", "str or bytes"), value)
    return found


def instance(value: Any, kind: type[T], name: str) -> T:
    if not isinstance(value, kind):
        wrong_type(name, kind.__name__, value)
    return value


def _range_of(kind: Any) -> tuple[int, int]:
    bits = ctypes.sizeof(kind) * 8
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if kind(-1).value < 0 else (0, 2**bits - 1)


_SIGNED = {1: c_int8, 2: c_int16, 4: c_int32, 8: c_int64}
_UNSIGNED = {1: c_uint8, 2: c_uint16, 4: c_uint32, 8: c_uint64}
_INTEGERS = {kind: _range_of(kind) for kind in (*_SIGNED.values(), *_UNSIGNED.values())}
_UNSIGNED_TAGS = (Tag.UINT, Tag.LSN, Tag.TOKEN, Tag.FLAGS, Tag.SIZE)
_BYTES_TAGS = (Tag.KEY, Tag.TEXT, Tag.BYTES)
_PLAIN: dict[Tag, Any] = {
    Tag.BOOL: c_bool,
    Tag.REAL: c_double,
    Tag.STRING: c_char_p,
    Tag.MEMORY: c_void_p,
    Tag.FUNCTION: c_void_p,
    Tag.CONTEXT: c_void_p,
}


def _kind_of(row: Member) -> Any:
    """The type of ctypes that a member has."""
    size = row.size // (row.elements or 1)
    kind: Any
    if row.tag in _PLAIN:
        kind = _PLAIN[row.tag]
    elif row.tag in _BYTES_TAGS:
        kind = Bytes
    elif row.tag is Tag.CHARS:
        kind = c_char * size
    elif row.tag is Tag.STRUCT:
        kind = struct(row.of)
    elif row.tag in (Tag.ONE, Tag.MANY):
        kind = POINTER(struct(row.of))
    else:
        kind = (_UNSIGNED if row.tag in _UNSIGNED_TAGS else _SIGNED)[size]
    return kind * row.elements if row.elements else kind


class Struct(ctypes.Structure):
    """A struct of the library, laid out as it says. ``c_name`` is how C calls it. Members are given
    by name, as Python has them: texts and bytes, times, durations and lists become C's here. What
    they borrow lives as long as the struct does: the library copies what it keeps before the call
    returns. One that begins with its size says it."""

    c_name: ClassVar[str] = ""
    rows: ClassVar[dict[str, Member]] = {}
    known: ClassVar[list[type["Struct"]]] = []
    takers: ClassVar[dict[str, Callable[[Any, Any], None]]] = {}
    """How each member is given."""
    kinds: ClassVar[dict[str, Any]] = {}
    """Of members that ctypes is to know otherwise than they are."""
    own_size: ClassVar[int] = 0
    """What it says of its size; 0: nothing."""

    def __init__(self, **given: Any) -> None:
        self._kept: list[Any] = []
        if self.own_size:
            self.size = self.own_size
        takers = self.takers
        for name, value in given.items():
            takers[name](self, value)

    def _keep(self, value: Any) -> Any:
        self._kept.append(value)
        return value


def _taker(of: type[Struct], row: Member, after: Optional[Member]) -> Callable[[Any, Any], None]:
    """Looks at what a member is given, makes it C's and stores it. Made once: a call fills a dozen
    members. ``after`` is the next member, which counts the elements of this one."""
    name, store = row.name, getattr(of, row.name).__set__
    change = _CHANGES.get(row.tag)
    if row.elements or row.tag is Tag.STRUCT:
        take = _kept_as_it_is(store)
    elif row.tag is Tag.ONE:
        take = _by_pointer(store)
    elif row.tag is Tag.MANY:
        assert after is not None
        take = _counted(store, struct(row.of), getattr(of, after.name).__set__)
    elif row.tag in _BYTES_TAGS:
        take = _borrowed(store)
    elif row.tag is Tag.FUNCTION:
        take = _called(store)
    elif change is not None:
        take = _changed(name, store, change)
    elif row.tag in _PLAIN or row.tag is Tag.CHARS:
        take = store
    else:
        take = _counting(name, store, *_INTEGERS[_kind_of(row)])
    return take


Take = Callable[[Any, Any], None]


def _kept_as_it_is(store: Take) -> Take:
    def take(s: Any, value: Any) -> None:
        s._kept.append(value)
        store(s, value)

    return take


def _by_pointer(store: Take) -> Take:
    def take(s: Any, value: Any) -> None:
        s._kept.append(value)
        store(s, ctypes.pointer(value) if isinstance(value, Struct) else value)

    return take


def _counted(store: Take, kind: Any, count: Take) -> Take:
    def take(s: Any, value: Any) -> None:
        values = [one if isinstance(one, Struct) else Bytes.of(one) for one in value]
        count(s, len(values))
        if values:
            s._kept.append(values)
            store(s, s._keep((kind * len(values))(*values)))

    return take


def _borrowed(store: Take) -> Take:
    def take(s: Any, value: Any) -> None:
        if type(value) is str and not value:
            return  # as it is
        found = value if isinstance(value, Struct) else Bytes.of(value)
        s._kept.append(found)
        store(s, found)

    return take


def _called(store: Take) -> Take:
    def take(s: Any, value: Any) -> None:
        store(s, None if value is None else ctypes.cast(s._keep(value), c_void_p))

    return take


def _changed(name: str, store: Take, change: Callable[[str, Any], Any]) -> Take:
    def take(s: Any, value: Any) -> None:
        store(s, change(name, value))

    return take


def _counting(name: str, store: Take, low: int, high: int) -> Take:
    def take(s: Any, value: Any) -> None:
        fits = type(value) is int and low <= value <= high
        store(s, value if fits else number(value, name, low, high))

    return take


def _string(name: str, value: Any) -> Any:
    if value is not None:
        if not isinstance(value, bytes):
            wrong_type(name, "bytes", value)
        if 0 in value:
            invalid(f"{name} has a NUL in it")
    return value


def _time(name: str, value: Any) -> int:
    if value is None:
        return UNSET
    return value if type(value) is Raw else time(value)


_CHANGES: dict[Tag, Callable[[str, Any], Any]] = {
    Tag.BOOL: lambda name, value: flag(value, name),
    Tag.REAL: lambda name, value: real(value, name),
    Tag.TIME: _time,
    Tag.SPAN: lambda name, value: value if type(value) is Raw else duration(value),
    Tag.WAIT: lambda name, value: value if type(value) is Raw else waiting(value),
    Tag.STRING: _string,
}


def _described(kind: type[Struct]) -> None:
    """Lays a struct out. Afterwards it is known."""
    rows = api.members(kind.c_name.removeprefix("struct "))
    kind.rows = {row.name: row for row in rows}
    _by_name[kind.c_name] = kind
    kind._fields_ = [(row.name, kind.kinds.get(row.name) or _kind_of(row)) for row in rows]
    kind.own_size = ctypes.sizeof(kind) if rows[0].tag is Tag.SIZE else 0
    kind.takers = {
        row.name: _taker(kind, row, after) for row, after in zip(rows, [*rows[1:], None])
    }
    Struct.known.append(kind)


_by_name: dict[str, Any] = {}


def struct(name: str) -> Any:
    """The struct of this name, as a class."""
    c_name = f"struct {name}"
    if c_name not in _by_name:
        _described(type(name, (Struct,), {"c_name": c_name}))
    return _by_name[c_name]


class Bytes(Struct):
    c_name = "struct hf_bytes"
    kinds = {"data": c_char_p}  # which keeps what it points to

    @classmethod
    def of(cls, value: Payload) -> "Bytes":
        raw = encode(value)
        found = cls.__new__(cls)
        found._kept = []
        if raw:
            found.data = raw  # kept by it, and by all that it is copied into
            found.len = len(raw)
        return found

    def bytes(self) -> bytes:
        at = c_void_p.from_buffer(self)  # its first member; as a text it would end at a NUL
        return ctypes.string_at(at, self.len) if self.len else b""

    def text(self) -> str:
        return self.bytes().decode("utf-8", "surrogateescape")


class ErrorStruct(Struct):
    c_name = "struct hf_error"

    def error(self) -> Error:
        return Error.of(
            self.code,
            self.text.decode("utf-8", "replace"),
            os_errno=self.os_errno,
            operation=self.operation,
            file=self.file.decode("utf-8", "replace"),
            offset=self.offset,
            first_lsn=self.first_lsn,
            last_lsn=self.last_lsn,
        )


_described(Bytes)
_described(ErrorStruct)
# All of them now: an exception of a signal handler could leave one half made.
for _one in api.names():
    struct(_one)
CancelStruct = struct("hf_cancel_flag")
TicketStruct = struct("hf_ticket")
ResultStruct = struct("hf_result")
Write = struct("hf_write")


def check(rc: int, error: ErrorStruct) -> None:
    """Raises what a call answered, unless it is HF_OK."""
    if rc != 0:
        raise_for(rc, error.error())


# --- From Python to C
# --------------------------------------------------------------------------------------------------


def optional(value: Optional[Payload]) -> Payload:
    """Of a filter: None is none. An empty one would be taken for none, and is refused."""
    if value is None:
        return b""
    if not encode(value):
        invalid("a filter must not be empty; None is no filter")
    return value


def given(value: Optional[Payload]) -> Payload:
    """Of a filter beside which a flag says whether it was given: an empty one means what is
    empty."""
    return b"" if value is None else value


def encode(value: Payload) -> bytes:
    """What it holds, whatever methods a subclass has."""
    if type(value) is bytes:
        return value
    if isinstance(value, str):
        try:
            return str.encode(value, "utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            invalid(f"a text with a lone surrogate is no text: {error.reason}")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return memoryview(value).tobytes()
    raise TypeError(f"str or bytes expected, not {type(value).__name__}")


Returning = Union[bool, Literal["without_payload"]]
"""Is the object to be given back as it is afterwards? Without its payload: that is empty in it."""


def alone(what: str, **others: bool) -> None:
    """Beside an object that says all of itself nothing else is said."""
    for name, said in others.items():
        if said:
            raise TypeError(f"{name} stands in {what} that is put: it cannot be given as well")


def needed(value: Optional[Text], name: str, beside: Any) -> Text:
    """What is given beside a name, unless that is a whole object."""
    if value is None:
        encode(beside)
        raise TypeError(f"{name} is missing")
    return value


def write(
    expect: Optional[int] = None,
    durability: Durability = Durability.DURABLE,
    returning: Returning = False,
    missing_ok: bool = False,
) -> Any:
    if expect is not None and number(expect, "expect") == 0:
        invalid(
            "expect: 0 is no version; None is no expectation, "
            "holdfast.ABSENT is that there is no object"
        )
    asks = returning == "without_payload" or flag(returning, "returning")
    # A time of 0 is the first instant of 1970; one that is not given is UNSET.
    return Write(
        expect=0 if expect is None else expect,
        durability=member(Durability, durability, "durability"),
        literal_times=True,
        # Where it goes is up to the call: Domain._mutate.
        returning=_TO_COME if asks else None,
        returning_payload=returning is True,
        missing_ok=missing_ok,
    )


_TO_COME = 1


class Raw(int):
    """Microseconds that are ready for a struct."""


def time(value: Time, unset: int = UNSET) -> Raw:
    """Microseconds; ``unset`` for None. A number could be seconds as well, and a datetime without a
    zone could be anywhere: neither is taken."""
    if value is None:
        return Raw(unset)
    if not isinstance(value, datetime):
        wrong_type("a time", "datetime with a time zone, or None", value)
    if isinstance(value, FarTime):
        found = value.microseconds
    elif value.utcoffset() is None:
        invalid("a datetime without a time zone is no instant")
    else:
        found = (value - _EPOCH) // _MICROSECOND
    if found == unset:
        invalid("the first instant of 1970 cannot be told from none here")
    return Raw(found)


def duration(value: Duration) -> Raw:
    """Microseconds. A number could be seconds as well: it is not taken."""
    if not isinstance(value, timedelta):
        wrong_type("a duration", "timedelta", value)
    if value < ZERO:
        invalid("a duration must not be negative")
    return Raw(number(value // _MICROSECOND, "a duration", 0, 2**63 - 1))


def waiting(value: Duration) -> Raw:
    """The same for a time to wait, which may be :data:`FOR_EVER`: -1."""
    return Raw(-1) if value == FOR_EVER else duration(value)


def bound(value: Optional[int], name: str, high: int = 2**64 - 1) -> int:
    """A bound that is none when it is None: C takes 0 for that, which here would be the opposite of
    what was asked."""
    if value is None:
        return 0
    if number(value, name, 0, high) == 0:
        invalid(f"{name} must not be 0; None is no bound")
    return value


def bound_age(value: Optional[Duration], name: str) -> Raw:
    """The same for a duration."""
    return Raw(0 if value is None else bound(duration(value), name, 2**63 - 1))


def token(page: Optional[str]) -> Optional[bytes]:
    return c_text(page, "page", "ascii")


# --- From C to Python
# --------------------------------------------------------------------------------------------------


def moment(value: int) -> datetime:
    """An instant of the library's."""
    try:
        return _EPOCH + timedelta(microseconds=value)
    except OverflowError:
        return FarTime(value)


def time_or_none(value: int) -> Optional[datetime]:
    return None if value == UNSET else moment(value)


def span(value: int) -> timedelta:
    """A duration of the library's."""
    return timedelta(microseconds=value)


_CODES = {
    (Tag.BOOL, 1): "?", (Tag.REAL, 8): "d",
    **{(tag, size): code for tag in Tag for size, code in ((1, "b"), (2, "h"), (4, "i"), (8, "q"))
       if tag in (Tag.INT, Tag.TIME, Tag.SPAN, Tag.WAIT, Tag.ENUM)},
    **{(tag, size): code for tag in _UNSIGNED_TAGS
       for size, code in ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))},
    **{(tag, 16): "QQ" for tag in _BYTES_TAGS},
}  # fmt: skip


def _bytes_at(values: Any, at: int) -> bytes:
    return ctypes.string_at(values[at], values[at + 1]) if values[at + 1] else b""


def _text_at(values: Any, at: int) -> str:
    return _bytes_at(values, at).decode("utf-8", "surrogateescape")


def _time_at(values: Any, at: int) -> Optional[datetime]:
    return time_or_none(values[at])


def _span_at(values: Any, at: int) -> timedelta:
    return span(values[at])


def _chars(name: str) -> Callable[[Any], str]:
    return lambda s: (getattr(s, name) or b"").decode("utf-8", "surrogateescape")


_FROM = {
    Tag.TIME: _time_at, Tag.SPAN: _span_at, Tag.BYTES: _bytes_at, Tag.KEY: _text_at,
    Tag.TEXT: _text_at,
}  # fmt: skip


class _Giver:
    """How the fields of a dataclass are read from a struct: all plain members at once, by their
    offsets, since ctypes makes an object for each member that it is asked for."""

    def __init__(self, kind: Any, of: Any) -> None:
        self.others: list[tuple[str, Callable[[Any], Any]]] = []
        self.fields: list[tuple[str, int, Any]] = []
        found = []
        for field, name, in_key, row in _sources(kind, of):
            parent = struct(of.rows["key"].of) if in_key else of
            offset = (of.key.offset if in_key else 0) + getattr(parent, name).offset
            code = _CODES.get((row.tag, row.size)) if not row.elements else None
            if code is not None:
                found.append((offset, row.size, code, field, _FROM.get(row.tag)))
            elif row.tag in (Tag.STRING, Tag.CHARS):
                self.others.append((field, _chars(name)))
            else:
                self.others.append((field, operator.attrgetter(name)))
        at, index, layout = 0, 0, "="
        for offset, size, code, field, convert in sorted(found, key=operator.itemgetter(0)):
            layout += f"{offset - at}x{code}"
            self.fields.append((field, index, convert))
            at, index = offset + size, index + len(code)
        self.unpack = packing.Struct(layout).unpack_from

    def values(self, s: Any, said: Any) -> dict[str, Any]:
        read = self.unpack(s)
        values = {
            field: read[at] if convert is None else convert(read, at)
            for field, at, convert in self.fields
            if field not in said
        }
        for field, give in self.others:
            if field not in said:
                values[field] = give(s)
        return values


_giver = lru_cache(maxsize=None)(_Giver)


def _sources(kind: Any, of: Any) -> list[tuple[str, str, bool, Member]]:
    """Of the fields of a dataclass: where in the struct, whether in its key, and what it is."""
    found = []
    row = of.rows.get("key")
    key = struct(row.of).rows if row is not None and row.tag is Tag.STRUCT else {}
    for field in dataclasses.fields(kind):
        for name in (field.name, field.name + "_us"):
            row = of.rows.get(name)
            if row is not None and row.tag is not Tag.STRUCT:
                found.append((field.name, name, False, row))
            elif name in key:
                found.append((field.name, name, True, key[name]))
    return found


def value_of(kind: Callable[..., T], s: Any, **said: Any) -> T:
    """A dataclass of the members of a struct, or of the key in it, that are called like its fields;
    a span loses its ``_us``. What is to be something else than such a member is ``said``."""
    of: Any = type(s)
    return kind(**_giver(kind, of).values(s, said), **said)


class Result:
    """What a mutation did. In a transaction it is known once that is committed; asking before is a
    RuntimeError."""

    __slots__ = ("_struct", "_known", "_object", "_place", "ticket")

    def __init__(self, struct: Any, known: bool, place: Any = None) -> None:
        self._struct = struct
        self._known = known
        self._place = place  # its transaction, and its index there
        self._object: Any = None
        self.ticket: Any = None
        """Of a mutation that was not waited for (:class:`holdfast.later.Ticket`); else None."""

    def _get(self) -> Any:
        if not self._known:
            raise RuntimeError("the transaction is not committed: nothing has happened yet")
        return self._struct

    @property
    def changed(self) -> bool:
        """False: there was nothing to do, and nothing was written."""
        return bool(self._get().changed)

    @property
    def version(self) -> int:
        """Of the object afterwards; 0 if it is gone or there are many."""
        return int(self._get().version)

    @property
    def object(self) -> Any:
        """The object as this operation left it, with ``returning=True``: what the get of this kind
        of object gives; None if it was not asked for, or there is none afterwards."""
        self._get()
        return self._object

    @property
    def token(self) -> int:
        """Granted or kept by a claim; else 0."""
        return int(self._get().token)

    @property
    def count(self) -> int:
        """Objects that a many-object operation changed; for one object 0 or 1."""
        return int(self._get().count)

    @property
    def status(self) -> int:
        """Of an item of an outbox afterwards, also of one that was left as it is: a
        :class:`holdfast.Status`; else 0."""
        return int(self._get().status)

    @property
    def available_at(self) -> Optional[datetime]:
        """From when on ``claim_next`` can give that item, if it is queued."""
        return time_or_none(self._get().available_at) if self._get().status else None

    @property
    def left_alone(self) -> int:
        """Records that ``only_newer`` of an inbox's save kept as they were."""
        return int(self._get().left_alone)

    def __repr__(self) -> str:
        if not self._known:
            return "Result(not committed)"
        return (
            f"Result(changed={self.changed}, version={self.version}, "
            f"token={self.token}, count={self.count})"
        )


class Deferred(Generic[T]):
    """What an operation of a transaction gives: its ``value`` is there once the transaction is
    committed. It stands for its token in later operations of the same transaction."""

    __slots__ = ("_value", "_known", "_place", "_struct")

    def __init__(self, place: Any = None, struct: Any = None) -> None:
        self._known = False
        self._value: Optional[T] = None
        self._place = place
        self._struct = struct

    def _set(self, value: T) -> None:
        self._value = value
        self._known = True

    @property
    def value(self) -> T:
        if not self._known:
            raise RuntimeError("the transaction is not committed: nothing has happened yet")
        return self._value  # type: ignore[return-value]

    @property
    def token(self) -> int:
        """That it granted; else 0."""
        if not self._known:
            raise RuntimeError("the transaction is not committed: nothing has happened yet")
        return int(self._struct.token)


GivenToken = Union[int, Result, Deferred[Any]]
"""A token, or what an earlier operation of the same transaction gave, which will have one."""


class Page(Generic[T]):
    """Some items of a list, and the token that gives the next ones (None at the end)."""

    __slots__ = ("items", "next")

    def __init__(
        self, items: list[T], next: Optional[str]
    ) -> None:  # noqa: A002 - as the library calls it
        self.items = items
        self.next = next

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"Page({self.items!r}, next={self.next!r})"


def release(memory: Any) -> None:
    function("hf_release", c_void_p, restype=None)(memory)


def token_or_none(value: Optional[bytes]) -> Optional[str]:
    return None if value is None else value.decode("ascii")


READ_UNDURABLE = 1

__all__ = [
    "ABSENT",
    "After",
    "Bytes",
    "CancelStruct",
    "Deferred",
    "Duration",
    "Durability",
    "ErrorStruct",
    "FOR_EVER",
    "FarTime",
    "GivenToken",
    "POINTER",
    "Page",
    "Payload",
    "READ_UNDURABLE",
    "Raw",
    "Result",
    "Returning",
    "ResultStruct",
    "Struct",
    "Text",
    "TicketStruct",
    "Time",
    "UNSET",
    "Write",
    "ZERO",
    "alone",
    "bound",
    "bound_age",
    "byref",
    "c_text",
    "check",
    "duration",
    "encode",
    "flag",
    "flags",
    "function",
    "given",
    "instance",
    "instances",
    "invalid",
    "member",
    "moment",
    "needed",
    "number",
    "optional",
    "release",
    "span",
    "struct",
    "time",
    "time_or_none",
    "token",
    "token_or_none",
    "value_of",
    "waiting",
    "write",
    "wrong_type",
]
