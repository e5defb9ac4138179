"""Watching what changed: the change feed and subscriptions: holdfast/feed.h."""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    byref,
    c_char_p,
    c_int64,
    c_size_t,
    c_uint64,
    c_void_p,
    create_string_buffer,
)
from dataclasses import dataclass
from time import monotonic
from datetime import datetime
from typing import Any, Callable, Iterator, Optional, Sequence, TypeVar

from ._abi import (
    Bytes,
    Duration,
    ErrorStruct,
    FOR_EVER,
    Text,
    ZERO,
    c_text,
    check,
    function,
    instances,
    invalid,
    number,
    release,
    struct,
    value_of,
    waiting,
)
from ._calls import Closing, Gate, Relay, call_back, callback as checked_callback, on_main
from .errors import CanceledError, Error
from .waits import Wait, Waits, started


EventStruct = struct("hf_event")
BatchStruct = struct("hf_event_batch")


_Event = CFUNCTYPE(None, c_void_p, POINTER(EventStruct))
SubscribeStruct = struct("hf_subscribe_args")


T = TypeVar("T")
_SLICE_US = 50_000


@dataclass(frozen=True)
class Event:
    """One entry of the log: what was done to which object."""

    lsn: int
    at: datetime
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


def _event(s: Any) -> Event:
    line = create_string_buffer(1024)
    function("hf_event_text", POINTER(EventStruct), c_char_p, c_size_t, restype=None)(
        byref(s), line, len(line)
    )
    return value_of(
        Event,
        s,
        key=tuple((s.key[i].text() for i in range(s.parts))),
        text=line.value.decode("utf-8", "replace"),
    )


def _take(name: str, handle: Any, limit: int, wait: int) -> tuple[list[Event], int]:
    out, error = BatchStruct(), ErrorStruct()
    call = function(name, c_void_p, c_size_t, c_int64, POINTER(BatchStruct), POINTER(ErrorStruct))
    try:
        check(call(handle, limit, wait, byref(out), byref(error)), error)
        return [_event(out.events[i]) for i in range(out.count)], int(out.next)
    finally:
        release(out.memory)


def _taken(wait: c_void_p) -> tuple[list[Event], int]:
    out, error = BatchStruct(), ErrorStruct()
    call = function("hf_feed_next_take", c_void_p, POINTER(BatchStruct), POINTER(ErrorStruct))
    try:
        check(call(wait, byref(out), byref(error)), error)
        return [_event(out.events[i]) for i in range(out.count)], int(out.next)
    finally:
        release(out.memory)


class _Kept:
    """Events that were taken for a call that was interrupted: they come first in the next one."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._relay: Optional[Relay[Any]] = None

    def run(self, relay: Relay[T]) -> T:
        self._relay = relay
        value = relay.run()
        self._relay = None  # what it gave is on its way to the caller
        return value

    def settle(self) -> None:
        """The helper of an interrupted call may still be at it, or about to give back what that
        call did not get: in front of what
        comes next."""
        if self._relay is not None and on_main():
            self._relay.settle()
            self._relay = None

    def add(self, events: list[Event]) -> None:
        self._events += events

    def take(self, limit: int) -> list[Event]:
        found = self._events[: limit or None]
        del self._events[: len(found)]
        return found


class Feed(Closing):
    """Every entry of the log from one LSN on, in order, each once, once it is durable. One thread
    at a time; close it, or use ``with``."""

    def __init__(self, handle: c_void_p, first: int, waits: Optional[Waits] = None) -> None:
        self._waits: Waits = {} if waits is None else waits
        self._gate = Gate("the feed", handle, _wake, _close_feed)
        self._gate.watch(self)
        self._kept = _Kept()
        self._woken = False  # by the host
        self._ended = False  # by this class, for a call that was interrupted
        self.next = first
        """A feed that is opened with this goes on behind what was given; 0: at the oldest there
        is."""

    def read(self, limit: int = 0, *, wait: Duration = ZERO) -> list[Event]:
        """What comes next; an empty list when there is nothing within ``wait``.

        :raises CanceledError: the store was closed, or another thread called :meth:`wake` or
        :meth:`close`
        :raises GoneError: what comes next is not retained any more
        """
        most, span = number(limit, "limit"), waiting(wait)
        self._kept.settle()
        kept = self._kept.take(most)
        if kept:
            self.next = kept[-1].lsn + 1
            return kept

        interrupted: list[bool] = []

        def body() -> tuple[list[Event], int]:
            while True:
                try:
                    with self._gate.use() as (handle, _):
                        return _take("hf_feed_next", handle, most, span)
                except CanceledError:
                    # What was to end an earlier call can come late.
                    if self._woken or not self._ended or interrupted:
                        self._woken = False
                        raise
                    self._ended = False

        def stop() -> None:
            interrupted.append(True)
            self._ended = True
            try:
                with self._gate.use() as (handle, _):
                    _wake(handle)
            except ValueError:
                pass

        def undo(taken: tuple[list[Event], int]) -> None:
            self._kept.add(taken[0])

        events, self.next = (
            self._kept.run(Relay(body, stop, undo)) if span and on_main() else body()
        )
        return events

    def start_read(self, limit: int = 0, *, wait: Duration = FOR_EVER) -> Wait[list[Event]]:
        """As :meth:`read`, waited for by no thread. What it takes is read when it is taken, so the
        feed moves by that alone. One at a time.

        :raises ReadOnlyError: the store is not open for writing by this process
        """
        most, span = number(limit, "limit"), waiting(wait)
        self._kept.settle()
        kept = self._kept.take(most)
        self._kept.add(kept)

        def take(handle: c_void_p) -> list[Event]:
            events, self.next = _taken(handle)
            return self._kept.take(0) + events

        given = c_size_t(most), c_int64(0 if kept else span)
        with self._gate.use() as (handle, _):
            return started(handle, self._waits, take, "hf_feed_next_start", *given)

    def wake(self) -> None:
        """Ends a :meth:`read` that waits in another thread, with CanceledError; if none does, the
        next one that finds nothing. The feed stays open."""
        with self._gate.use() as (handle, _):
            self._woken = True
            _wake(handle)

    def __iter__(self) -> Iterator[Event]:
        """All that is to come, forever: ends when the store is closed."""
        while True:
            try:
                events = self.read(wait=FOR_EVER)
            except CanceledError:
                return
            except ValueError:
                if self._gate.closing:
                    return
                raise
            yield from events

    def close(self) -> None:
        """A read that waits in another thread ends with CanceledError."""
        self._gate.close()


class Subscription(Closing):
    """Changes from now on, through a ring of bounded size, or a callback. Close it, or use
    ``with``."""

    def __init__(self, handle: c_void_p, background: bool, store: Gate, callback: Any) -> None:
        self._background = background
        self._store = store
        self._callback = callback
        self._kept = _Kept()
        self._gate = Gate("the subscription", handle, _cancel_nothing, _unsubscribe)
        self._gate.watch(self)

    def fileno(self) -> int:
        """For ``select`` and event loops: readable while changes wait, and once the store was
        closed."""
        with self._gate.use() as (handle, _):
            return int(function("hf_subscription_eventfd", c_void_p)(handle))

    def read(self, limit: int = 0, *, wait: Duration = ZERO) -> list[Event]:
        """Takes what is in the ring; an empty list when there is nothing within ``wait``. Where the
        ring was full stands one event with ``lost``.

        :raises CanceledError: the store was closed, or another thread called :meth:`close`
        """
        most, span = number(limit, "limit"), waiting(wait)
        self._kept.settle()
        kept = self._kept.take(most)
        if kept:
            return kept
        until = None if span < 0 else monotonic() + span / 1e6
        interrupted: list[bool] = []

        def body() -> list[Event]:
            while True:
                left = _SLICE_US if until is None else max(0, int((until - monotonic()) * 1e6))
                with self._gate.use() as (handle, _):
                    events = _take("hf_subscription_next", handle, most, min(left, _SLICE_US))[0]
                    ended = self._gate.closing
                if not events and ended:
                    raise Error.of(CanceledError.code, "the subscription was ended")
                if (
                    events
                    or interrupted
                    or left <= 0
                    or (until is not None and monotonic() >= until)
                ):
                    return events

        if on_main() and not (span == 0 and self._background):

            def stop() -> None:
                interrupted.append(True)

            return self._kept.run(
                Relay(body, stop, self._kept.add, self._store, not self._background)
            )
        return body()

    def __iter__(self) -> Iterator[Event]:
        """All that is to come, forever: ends when the store is closed."""
        while True:
            try:
                events = self.read(wait=FOR_EVER)
            except CanceledError:
                return
            except ValueError:
                if self._gate.closing:
                    return
                raise
            yield from events

    def close(self) -> None:
        """After this no callback comes any more. A read that waits in another thread ends with
        CanceledError."""
        self._gate.close()


def _wake(handle: Any) -> None:
    function("hf_feed_wake", c_void_p, restype=None)(handle)


def _close_feed(handle: Any) -> None:
    function("hf_feed_close", c_void_p, restype=None)(handle)


def _cancel_nothing(handle: Any) -> None:
    """Its readers wait in slices, and look by themselves."""


def _unsubscribe(handle: Any) -> None:
    function("hf_unsubscribe", c_void_p, restype=None)(handle)


def open_feed(store: Any, first: int, waits: Waits) -> Feed:
    handle, error = c_void_p(), ErrorStruct()
    call = function("hf_feed_open", c_void_p, c_uint64, POINTER(c_void_p), POINTER(ErrorStruct))
    check(call(store, first, byref(handle), byref(error)), error)
    return Feed(handle, first, waits)


def open_feed_of(path: bytes, first: int) -> Feed:
    handle, error = c_void_p(), ErrorStruct()
    call = function(
        "hf_feed_open_path", c_char_p, c_uint64, POINTER(c_void_p), POINTER(ErrorStruct)
    )
    check(call(path, first, byref(handle), byref(error)), error)
    return Feed(handle, first)


def subscribe(
    gate: Gate,
    store: Any,
    background: bool,
    domain: Optional[str],
    key: Sequence[Text],
    ring: int,
    callback: Optional[Callable[[Event], None]],
) -> Subscription:
    handle, error = c_void_p(), ErrorStruct()
    if callback is not None:
        checked_callback(callback, "callback")

    def told(_: Any, event: Any) -> None:
        if callback is not None:
            call_back(gate, callback, _event(event.contents))

    function_ = _Event(told) if callback is not None else _Event(0)
    given = instances(key, (str, bytes), "key")
    if len(given) > 3:
        invalid("key has at most 3 parts")
    parts = (Bytes * 3)(*[Bytes.of(part) for part in given])
    args = SubscribeStruct(
        domain=c_text(domain, "domain"),
        key=parts,
        parts=len(given),
        ring=ring,
        callback=function_,
        ctx=None,
    )
    call = function(
        "hf_subscribe", c_void_p, POINTER(SubscribeStruct), POINTER(c_void_p), POINTER(ErrorStruct)
    )
    check(call(store, byref(args), byref(handle), byref(error)), error)
    return Subscription(handle, background, gate, function_)
