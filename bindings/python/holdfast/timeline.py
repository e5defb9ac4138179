"""Timelines: append-only histories: holdfast/timeline.h."""

from __future__ import annotations

from ctypes import POINTER, c_bool, c_char_p, c_int64, c_size_t, c_uint64, c_void_p
from dataclasses import dataclass
from typing import Any, Iterator, Optional

from ._abi import (
    Borrow,
    Bytes,
    Duration,
    Durability,
    Page,
    Payload,
    Result,
    Struct,
    Text,
    Time,
    Write,
    bound,
    bound_age,
    duration,
    time,
    time_or_none,
    token,
    token_or_none,
    write,
)
from ._domain import PAGE_SIZE, Domain, each
from ._names import names


class KeyStruct(Struct):
    c_name = "struct hf_timeline_key"
    _fields_ = [("timeline", Bytes), ("id", Bytes)]


class EventStruct(Struct):
    c_name = "struct hf_timeline_event"
    _fields_ = [
        ("key", KeyStruct),
        ("type", Bytes),
        ("subject", Bytes),
        ("happened_at", c_int64),
        ("payload", Bytes),
        ("version", c_uint64),
    ]


class AppendStruct(Struct):
    c_name = "struct hf_timeline_append_args"
    _fields_ = [
        ("write", Write),
        ("key", KeyStruct),
        ("type", Bytes),
        ("subject", Bytes),
        ("happened_at", c_int64),
        ("payload", Bytes),
    ]


class RetainStruct(Struct):
    c_name = "struct hf_timeline_retain_args"
    _fields_ = [
        ("write", Write),
        ("timeline", Bytes),
        ("max_events", c_uint64),
        ("max_age_us", c_int64),
        ("dry_run", c_bool),
        ("now", c_int64),
    ]


class ClearStruct(Struct):
    c_name = "struct hf_timeline_clear_args"
    _fields_ = [("write", Write), ("timeline", Bytes)]


class GuardStruct(Struct):
    c_name = "struct hf_timeline_guard_args"
    _fields_ = [("write", Write), ("key", KeyStruct)]


class GotStruct(Struct):
    c_name = "struct hf_timeline_got"
    _fields_ = [("event", EventStruct), ("memory", c_void_p)]


class FilterStruct(Struct):
    c_name = "struct hf_timeline_filter"
    _fields_ = [("timeline", Bytes), ("subject", Bytes), ("by_subject", c_bool), ("type", Bytes)]


class QueryStruct(Struct):
    c_name = "struct hf_timeline_query_args"
    _fields_ = [
        ("filter", FilterStruct),
        ("ascending", c_bool),
        ("without_payload", c_bool),
        ("limit", c_size_t),
        ("page", c_char_p),
    ]


class PageStruct(Struct):
    c_name = "struct hf_timeline_page"
    _fields_ = [
        ("items", POINTER(EventStruct)),
        ("count", c_size_t),
        ("total", c_uint64),
        ("next", c_char_p),
        ("memory", c_void_p),
    ]


@dataclass(frozen=True)
class TimelineEvent:
    """An event; it never changes."""

    timeline: str
    id: str
    type: str
    subject: str
    """Empty: of no subject."""
    happened_at: int
    payload: bytes
    version: int


class TimelinePage(Page[TimelineEvent]):
    """A page of a query, and how many events match on whatever page."""

    __slots__ = ("total",)

    def __init__(
        self, items: list[TimelineEvent], next: Optional[str], total: int
    ) -> None:  # noqa: A002
        super().__init__(items, next)
        self.total = total


def _event(s: EventStruct) -> TimelineEvent:
    return TimelineEvent(
        timeline=s.key.timeline.text(),
        id=s.key.id.text(),
        type=s.type.text(),
        subject=s.subject.text(),
        happened_at=s.happened_at,
        payload=s.payload.bytes(),
        version=s.version,
    )


def _key(
    borrow: Borrow, timeline: Text, id: Text
) -> KeyStruct:  # noqa: A002 - as the library calls it
    return KeyStruct(borrow.bytes(timeline), borrow.bytes(id))


def _filter(
    borrow: Borrow, timeline: Text, subject: Optional[Text], type: Optional[Text]  # noqa: A002
) -> FilterStruct:
    return FilterStruct(
        borrow.bytes(timeline), borrow.given(subject), subject is not None, borrow.optional(type)
    )


class TimelineMutations(Domain):
    """What can be done to timelines, at once (``store.timelines``) or in a transaction
    (``txn.timelines``)."""

    def append(
        self,
        timeline: Text,
        id: Text,  # noqa: A002
        type: Text,  # noqa: A002
        payload: Payload = b"",
        *,
        subject: Text = "",
        happened_at: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Adds an event. Appending the same again changes nothing.

        :param happened_at: None: now
        :raises ConflictError: the id is there with other content
        """
        borrow = Borrow()
        args = AppendStruct(
            write(expect, durability),
            _key(borrow, timeline, id),
            borrow.bytes(type),
            borrow.bytes(subject),
            time(happened_at),
            borrow.bytes(payload),
        )
        return self._mutate("hf_timeline_append", args)

    def retain(
        self,
        timeline: Text,
        *,
        max_events: Optional[int] = None,
        max_age: Optional[Duration] = None,
        dry_run: bool = False,
        now: Time = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Removes from the old end what lies beyond either bound (None: no such bound)"""
        borrow = Borrow()
        args = RetainStruct(
            write(None, durability),
            borrow.bytes(timeline),
            bound(max_events, "max_events"),
            bound_age(max_age, "max_age"),
            dry_run,
            time(now),
        )
        return self._mutate("hf_timeline_retain", args)

    def clear(self, timeline: Text, *, durability: Durability = Durability.DURABLE) -> Result:
        """Removes every event."""
        borrow = Borrow()
        return self._mutate(
            "hf_timeline_clear", ClearStruct(write(None, durability), borrow.bytes(timeline))
        )


class TimelinesInTransaction(TimelineMutations):
    """``txn.timelines``"""

    def guard(self, timeline: Text, id: Text, *, expect: int) -> Result:  # noqa: A002
        """Aborts the transaction unless the event has this version (:data:`ABSENT`: does not
        exist). Writes nothing."""
        borrow = Borrow()
        return self._mutate(
            "hf_timeline_guard", GuardStruct(write(expect), _key(borrow, timeline, id))
        )


class Timelines(TimelineMutations):
    """``store.timelines``"""

    def get(
        self, timeline: Text, id: Text, *, undurable: bool = False
    ) -> TimelineEvent:  # noqa: A002
        """One event.

        :raises NotFoundError: there is none
        """
        borrow = Borrow()
        key = _key(borrow, timeline, id)
        return self._read(
            "hf_timeline_get", key, None, GotStruct(), undurable, lambda out: _event(out.event)
        )

    def query_page(
        self,
        timeline: Text,
        *,
        subject: Optional[Text] = None,
        type: Optional[Text] = None,  # noqa: A002
        ascending: bool = False,
        without_payload: bool = False,
        limit: int = 0,
        page: Optional[str] = None,
        undurable: bool = False,
    ) -> TimelinePage:
        """Events by happened_at, then id, newest first; of one subject (``""``: those of none), of
        one type."""
        borrow = Borrow()
        args = QueryStruct(
            _filter(borrow, timeline, subject, type), ascending, without_payload, limit, token(page)
        )

        def give(out: Any) -> TimelinePage:
            items = [_event(out.items[i]) for i in range(out.count)]
            return TimelinePage(items, token_or_none(out.next), out.total)

        return self._read("hf_timeline_query", args, None, PageStruct(), undurable, give)

    def query(
        self,
        timeline: Text,
        *,
        subject: Optional[Text] = None,
        type: Optional[Text] = None,  # noqa: A002
        ascending: bool = False,
        without_payload: bool = False,
        undurable: bool = False,
    ) -> Iterator[TimelineEvent]:
        """The same, all of them, a page at a time."""
        return each(
            lambda page: self.query_page(
                timeline,
                subject=subject,
                type=type,
                ascending=ascending,
                without_payload=without_payload,
                limit=PAGE_SIZE,
                page=page,
                undurable=undurable,
            )
        )

    def count(
        self,
        timeline: Text,
        *,
        subject: Optional[Text] = None,
        type: Optional[Text] = None,  # noqa: A002
        undurable: bool = False,
    ) -> int:
        """How many events match."""
        borrow = Borrow()
        args = _filter(borrow, timeline, subject, type)
        return int(self._read_plain("hf_timeline_count", args, c_uint64(), undurable))

    def latest_at(self, timeline: Text, *, undurable: bool = False) -> Optional[int]:
        """The newest happened_at; None for an empty timeline."""
        borrow = Borrow()
        found = self._read_plain(
            "hf_timeline_latest_at", borrow.bytes(timeline), c_int64(), undurable, kind=Bytes
        )
        return time_or_none(found)

    def timelines(self, *, undurable: bool = False) -> Iterator[str]:
        """The names of all timelines that hold events, compared as bytes."""
        return names(self, "hf_timeline_names", undurable)
