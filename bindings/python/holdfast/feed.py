"""Watching what changed: the change feed and subscriptions: holdfast/feed.h."""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    byref,
    c_bool,
    c_char_p,
    c_int,
    c_int64,
    c_size_t,
    c_uint,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
    create_string_buffer,
)
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, Iterator, Optional, Sequence

from ._abi import FOR_EVER, Borrow, Bytes, Duration, ErrorStruct, Struct, Text, check, duration, function, release
from .errors import CanceledError


class EventStruct(Struct):
    c_name = "struct hf_event"
    _fields_ = [
        ("lsn", c_uint64),
        ("at", c_int64),
        ("domain", c_char_p),
        ("operation", c_char_p),
        ("key", Bytes * 3),
        ("parts", c_uint),
        ("removed", c_bool),
        ("many", c_bool),
        ("transaction_end", c_bool),
        ("reason", Bytes),
        ("lost", c_uint64),
        ("domain_id", c_uint8),
        ("kind", c_uint8),
        ("body", Bytes),
    ]


class BatchStruct(Struct):
    c_name = "struct hf_event_batch"
    _fields_ = [("events", POINTER(EventStruct)), ("count", c_size_t), ("next", c_uint64), ("memory", c_void_p)]


_Event = CFUNCTYPE(None, c_void_p, POINTER(EventStruct))


class SubscribeStruct(Struct):
    c_name = "struct hf_subscribe"
    _fields_ = [
        ("domain", c_char_p),
        ("key", Bytes * 3),
        ("parts", c_uint),
        ("ring", c_uint32),
        ("callback", _Event),
        ("ctx", c_void_p),
    ]


@dataclass(frozen=True)
class Event:
    """One entry of the log: what was done to which object."""

    lsn: int
    at: int
    domain: str
    """Empty for a gap marker."""
    operation: str
    key: tuple[str, ...]
    """The object's key parts; of an entry about a whole container the first ones only."""
    removed: bool
    """The object is gone after it."""
    many: bool
    """It concerns several objects of the container that the key names."""
    transaction_end: bool
    reason: str
    lost: int
    """Not 0: a gap marker of a subscription: so many changes from ``lsn`` on are not told."""
    text: str
    """One line of what it did."""


def _event(s: EventStruct) -> Event:
    line = create_string_buffer(1024)
    function("hf_event_text", POINTER(EventStruct), c_char_p, c_size_t, restype=None)(byref(s), line, len(line))
    return Event(
        lsn=s.lsn,
        at=s.at,
        domain=(s.domain or b"").decode(),
        operation=(s.operation or b"").decode(),
        key=tuple(s.key[i].text() for i in range(s.parts)),
        removed=s.removed,
        many=s.many,
        transaction_end=s.transaction_end,
        reason=s.reason.text(),
        lost=s.lost,
        text=line.value.decode("utf-8", "replace"),
    )


def _take(name: str, handle: Any, limit: int, wait: Duration) -> tuple[list[Event], int]:
    out, error = BatchStruct(), ErrorStruct()
    call = function(name, c_void_p, c_size_t, c_int64, POINTER(BatchStruct), POINTER(ErrorStruct))
    check(call(handle, limit, duration(wait), byref(out), byref(error)), error)
    try:
        return [_event(out.events[i]) for i in range(out.count)], out.next
    finally:
        release(out.memory)


class Feed:
    """Every entry of the log from one LSN on, in order, each once, once it is durable. One thread at a time; close it, or use ``with``."""

    def __init__(self, handle: c_void_p, first: int) -> None:
        self._handle: Optional[c_void_p] = handle
        self.next = first
        """A feed that is opened with this goes on behind what was given; 0: at the oldest there is."""

    def read(self, limit: int = 0, *, wait: Duration = 0) -> list[Event]:
        """What comes next; an empty list when there is nothing within ``wait``.

        :raises CanceledError: the store was closed
        :raises GoneError: what comes next is not retained any more
        """
        if self._handle is None:
            raise ValueError("the feed is closed")
        events, self.next = _take("hf_feed_next", self._handle, limit, wait)
        return events

    def __iter__(self) -> Iterator[Event]:
        """All that is to come, for ever: ends when the store is closed."""
        while True:
            try:
                events = self.read(wait=FOR_EVER)
            except CanceledError:
                return
            yield from events

    def close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            function("hf_feed_close", c_void_p, restype=None)(handle)

    def __enter__(self) -> "Feed":
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class Subscription:
    """Changes from now on, through a ring of bounded size, or a callback. Close it, or use ``with``."""

    def __init__(self, handle: c_void_p, callback: Any) -> None:
        self._handle: Optional[c_void_p] = handle
        self._callback = callback

    def fileno(self) -> int:
        """For ``select`` and event loops: readable while changes wait, and once the store was closed."""
        return int(function("hf_subscription_eventfd", c_void_p)(self._open()))

    def read(self, limit: int = 0, *, wait: Duration = 0) -> list[Event]:
        """Takes what is in the ring; an empty list when there is nothing within ``wait``. Where the ring was full stands one event with ``lost``."""
        return _take("hf_subscription_next", self._open(), limit, wait)[0]

    def _open(self) -> c_void_p:
        if self._handle is None:
            raise ValueError("the subscription has ended")
        return self._handle

    def __iter__(self) -> Iterator[Event]:
        """All that is to come, for ever: ends when the store is closed."""
        while True:
            try:
                events = self.read(wait=FOR_EVER)
            except CanceledError:
                return
            yield from events

    def close(self) -> None:
        """After this no callback comes any more."""
        handle, self._handle = self._handle, None
        if handle is not None:
            function("hf_unsubscribe", c_void_p, restype=None)(handle)

    def __enter__(self) -> "Subscription":
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def open_feed(store: Any, first: int) -> Feed:
    handle, error = c_void_p(), ErrorStruct()
    call = function("hf_feed_open", c_void_p, c_uint64, POINTER(c_void_p), POINTER(ErrorStruct))
    check(call(store, first, byref(handle), byref(error)), error)
    return Feed(handle, first)


def open_feed_of(path: bytes, first: int) -> Feed:
    handle, error = c_void_p(), ErrorStruct()
    call = function("hf_feed_open_path", c_char_p, c_uint64, POINTER(c_void_p), POINTER(ErrorStruct))
    check(call(path, first, byref(handle), byref(error)), error)
    return Feed(handle, first)


def subscribe(
    store: Any,
    domain: Optional[str],
    key: Sequence[Text],
    ring: int,
    callback: Optional[Callable[[Event], None]],
) -> Subscription:
    borrow, handle, error = Borrow(), c_void_p(), ErrorStruct()

    def told(_: Any, event: Any) -> None:
        if callback is not None:
            callback(_event(event.contents))

    function_ = _Event(told) if callback is not None else _Event(0)
    parts = (Bytes * 3)(*[borrow.bytes(part) for part in key])
    args = SubscribeStruct(domain.encode() if domain is not None else None, parts, len(key), ring, function_, None)
    call = function("hf_subscribe", c_void_p, POINTER(SubscribeStruct), POINTER(c_void_p), POINTER(ErrorStruct))
    check(call(store, byref(args), byref(handle), byref(error)), error)
    return Subscription(handle, function_)
