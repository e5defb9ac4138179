"""The words of holdfast/types.h: structs that every domain uses, and how Python's values become C's.

Every struct of the library is a subclass of :class:`Struct` that says its C name, so that a test can compare size and offsets of all
of them with what the headers say. Conversions: keys and texts are ``str`` (UTF-8 with surrogateescape, so that any bytes go through unharmed)
or ``bytes``; payloads come back as ``bytes``; times are microseconds since 1970 or ``datetime``, ``None`` is unset; durations are
microseconds or ``timedelta``.
"""

from __future__ import annotations

import ctypes
import enum
from ctypes import POINTER, byref, c_bool, c_char, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar, Generic, Iterator, Optional, Sequence, TypeVar, Union

from ._library import function
from .errors import Error, raise_for

Text = Union[str, bytes]
Payload = Union[str, bytes, bytearray, memoryview]
Time = Union[int, datetime, None]
Duration = Union[int, timedelta]

UNSET = -(2**63)
ABSENT = 2**64 - 1
"""As an expected version: the object must not exist."""
FOR_EVER = -1
"""As a time to wait."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


class Durability(enum.IntEnum):
    """How far a commit must have got before it is answered."""

    DURABLE = 0
    """Survives kill -9 and power loss."""
    OS = 1
    """Handed to the kernel: survives kill -9, not power loss."""


# --- Structs ----------------------------------------------------------------------------------------------------------------


class Struct(ctypes.Structure):
    """A struct of the library. ``c_name`` is how C calls it."""

    c_name: ClassVar[str] = ""
    known: ClassVar[list[type["Struct"]]] = []

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Struct.known.append(cls)


class Bytes(Struct):
    c_name = "struct hf_bytes"
    _fields_ = [("data", c_void_p), ("len", c_size_t)]

    def bytes(self) -> bytes:
        return ctypes.string_at(self.data, self.len) if self.len else b""

    def text(self) -> str:
        return self.bytes().decode("utf-8", "surrogateescape")


class CancelStruct(Struct):
    c_name = "struct hf_cancel"
    _fields_ = [("cancelled", c_uint32)]


class Write(Struct):
    c_name = "struct hf_write"
    _fields_ = [
        ("expect", c_uint64),
        ("durability", c_int),
        ("literal_times", c_bool),
        ("ticket", c_void_p),
        ("cancel", c_void_p),
    ]


class TicketStruct(Struct):
    c_name = "struct hf_ticket"
    _fields_ = [("changed", c_uint64), ("due", c_uint64)]


class ResultStruct(Struct):
    c_name = "struct hf_result"
    _fields_ = [("changed", c_bool), ("version", c_uint64), ("token", c_uint64), ("count", c_uint64), ("left_alone", c_uint64)]


class ErrorStruct(Struct):
    c_name = "struct hf_error"
    _fields_ = [
        ("code", c_int),
        ("os_errno", c_int),
        ("operation", c_uint32),
        ("file", c_char * 48),
        ("offset", c_uint64),
        ("first_lsn", c_uint64),
        ("last_lsn", c_uint64),
        ("text", c_char * 256),
    ]

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


def check(rc: int, error: ErrorStruct) -> None:
    """Raises what a call answered, unless it is HF_OK."""
    if rc != 0:
        raise_for(rc, error.error())


# --- From Python to C -------------------------------------------------------------------------------------------------------


class Borrow:
    """Keeps the memory alive that a call borrows: the library copies what it keeps before the call returns."""

    def __init__(self) -> None:
        self._kept: list[object] = []

    def keep(self, value: Any) -> Any:
        self._kept.append(value)
        return value

    def bytes(self, value: Union[Payload, None]) -> Bytes:
        if value is None:
            return Bytes()
        raw = encode(value)
        if not raw:
            return Bytes()
        self.keep(raw)
        return Bytes(ctypes.cast(c_char_p(raw), c_void_p), len(raw))

    def array(self, kind: type[Struct], values: Sequence[Struct]) -> Any:
        """A C array of copies; None for no values."""
        return self.keep((kind * len(values))(*values)) if values else None


def encode(value: Payload) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"str or bytes expected, not {type(value).__name__}")


def write(expect: Optional[int] = None, durability: Durability = Durability.DURABLE) -> Write:
    # A time of 0 is the first instant of 1970; one that is not given is UNSET.
    return Write(0 if expect is None else expect, int(durability), True)


def time(value: Time, unset: int = UNSET) -> int:
    """Microseconds; ``unset`` for None."""
    if value is None:
        return unset
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone is no instant")
        return (value - _EPOCH) // _MICROSECOND
    return int(value)


def duration(value: Duration) -> int:
    return value // _MICROSECOND if isinstance(value, timedelta) else int(value)


def token(page: Optional[str]) -> Optional[bytes]:
    return None if page is None else page.encode("ascii", "replace")


# --- From C to Python -------------------------------------------------------------------------------------------------------


def time_or_none(value: int) -> Optional[int]:
    return None if value == UNSET else value


def to_datetime(value: Optional[int]) -> Optional[datetime]:
    """An instant of the library's as a datetime in UTC; None stays None. OverflowError beyond the years 1 to 9999."""
    return None if value is None else _EPOCH + timedelta(microseconds=value)


class Result:
    """What a mutation did. In a transaction it is known once that is committed; asking before is a RuntimeError."""

    __slots__ = ("_struct", "_known", "ticket")

    def __init__(self, struct: ResultStruct, known: bool) -> None:
        self._struct = struct
        self._known = known
        self.ticket: Any = None
        """Of a mutation that was not waited for (:class:`holdfast.later.Ticket`); else None."""

    def _get(self) -> ResultStruct:
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
    def token(self) -> int:
        """Granted or kept by a claim; else 0."""
        return int(self._get().token)

    @property
    def count(self) -> int:
        """Objects that a many-object operation changed; for one object 0 or 1."""
        return int(self._get().count)

    @property
    def left_alone(self) -> int:
        """Records that ``only_newer`` of an inbox's save kept as they were."""
        return int(self._get().left_alone)

    def __repr__(self) -> str:
        if not self._known:
            return "Result(not committed)"
        return f"Result(changed={self.changed}, version={self.version}, token={self.token}, count={self.count})"


T = TypeVar("T")


class Deferred(Generic[T]):
    """What an operation of a transaction gives: its ``value`` is there once the transaction is committed."""

    __slots__ = ("_value", "_known")

    def __init__(self) -> None:
        self._known = False
        self._value: Optional[T] = None

    def _set(self, value: T) -> None:
        self._value = value
        self._known = True

    @property
    def value(self) -> T:
        if not self._known:
            raise RuntimeError("the transaction is not committed: nothing has happened yet")
        return self._value  # type: ignore[return-value]


class Page(Generic[T]):
    """Some items of a list, and the token that gives the next ones (None at the end)."""

    __slots__ = ("items", "next")

    def __init__(self, items: list[T], next: Optional[str]) -> None:  # noqa: A002 - as the library calls it
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
    "Borrow",
    "Bytes",
    "Deferred",
    "Duration",
    "Durability",
    "ErrorStruct",
    "FOR_EVER",
    "POINTER",
    "Page",
    "Payload",
    "READ_UNDURABLE",
    "Result",
    "ResultStruct",
    "Struct",
    "Text",
    "TicketStruct",
    "Time",
    "UNSET",
    "Write",
    "byref",
    "check",
    "duration",
    "encode",
    "function",
    "release",
    "time",
    "time_or_none",
    "to_datetime",
    "token",
    "token_or_none",
    "write",
]
