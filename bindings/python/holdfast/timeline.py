"""Timelines: append-only histories: holdfast/timeline.h."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Iterator, Optional, Union, overload

from ._abi import (
    After,
    Bytes,
    Durability,
    Duration,
    Page,
    Payload,
    Result,
    Returning,
    Text,
    Time,
    alone,
    bound,
    bound_age,
    given,
    needed,
    optional,
    struct,
    time_or_none,
    token,
    token_or_none,
    value_of,
    write,
)
from ._domain import Domain, PAGE_SIZE, RETURNED, each
from ._names import names
from ._positions import behind


KeyStruct = struct("hf_timeline_key")

FilterStruct = struct("hf_timeline_filter")
QueryStruct = struct("hf_timeline_query_args")
CountStruct = struct("hf_timeline_count_args")


@dataclass(frozen=True)
class TimelineEvent:
    """An event as it is, which never changes, or as :meth:`TimelineMutations.append` is to add
    it."""

    timeline: str
    id: str
    type: str
    payload: bytes = b""
    subject: str = ""
    """Empty: of no subject."""
    happened_at: Optional[datetime] = None
    """None, where it is to be added: now."""
    version: int = 0


class TimelinePage(Page[TimelineEvent]):
    """A page of a query, and how many events match on whatever page."""

    __slots__ = ("total",)

    def __init__(
        self, items: list[TimelineEvent], next: Optional[str], total: int
    ) -> None:  # noqa: A002
        super().__init__(items, next)
        self.total = total


def _event(s: Any) -> TimelineEvent:
    return value_of(TimelineEvent, s)


RETURNED["hf_timeline_got"] = lambda out: _event(out.event)


def _key(timeline: Text, id: Text) -> Any:  # noqa: A002 - as the library calls it
    return KeyStruct(timeline=timeline, id=id)


def _filter(timeline: Text, subject: Optional[Text], type: Optional[Text]) -> Any:  # noqa: A002
    return FilterStruct(
        timeline=timeline,
        subject=given(subject),
        by_subject=subject is not None,
        type=optional(type),
    )


class TimelineMutations(Domain):
    """What can be done to timelines, at once (``store.timelines``) or in a transaction
    (``txn.timelines``)."""

    @overload
    def append(
        self,
        timeline: TimelineEvent,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result: ...

    @overload
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
        returning: Returning = False,
    ) -> Result: ...

    def append(
        self,
        timeline: Union[Text, TimelineEvent],
        id: Optional[Text] = None,  # noqa: A002
        type: Optional[Text] = None,  # noqa: A002
        payload: Payload = b"",
        *,
        subject: Text = "",
        happened_at: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Adds an event; or a :class:`TimelineEvent`, as a get gave it or as it was built.
        Appending the same again changes nothing.

        :param happened_at: None: now
        :raises ConflictError: the id is there with other content
        """
        if isinstance(timeline, TimelineEvent):
            alone(
                "an event",
                id=id is not None,
                type=type is not None,
                payload=payload != b"",
                subject=subject != "",
                happened_at=happened_at is not None,
            )
            event = timeline
            timeline, id, type = event.timeline, event.id, event.type
            payload, subject, happened_at = event.payload, event.subject, event.happened_at
        return self._mutate(
            "hf_timeline_append",
            write=write(expect, durability, returning),
            key=_key(timeline, needed(id, "id", timeline)),
            type=needed(type, "type", timeline),
            subject=subject,
            happened_at=happened_at,
            payload=payload,
        )

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
        return self._mutate(
            "hf_timeline_retain",
            write=write(None, durability),
            timeline=timeline,
            max_events=bound(max_events, "max_events"),
            max_age_us=bound_age(max_age, "max_age"),
            dry_run=dry_run,
            now=now,
        )

    def clear(self, timeline: Text, *, durability: Durability = Durability.DURABLE) -> Result:
        """Removes every event."""
        return self._mutate("hf_timeline_clear", write=write(None, durability), timeline=timeline)


class TimelineReads(Domain, reads=True):
    """What can be read, outside a transaction or in one, where it is so at the commit."""

    def get(
        self, timeline: Text, id: Text, *, undurable: bool = False
    ) -> TimelineEvent:  # noqa: A002
        """One event.

        :raises NotFoundError: there is none
        """
        key = _key(timeline, id)
        return self._read("hf_timeline_get", key, undurable, lambda out: _event(out.event))

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
        after: After = None,
        undurable: bool = False,
    ) -> TimelinePage:
        """Events by happened_at, then id, newest first; of one subject (``""``: those of none), of
        one type."""
        args = QueryStruct(
            filter=_filter(timeline, subject, type),
            ascending=ascending,
            without_payload=without_payload,
            limit=limit,
            page=token(page),
            after=behind("hf_timeline_position", after),
        )

        def give(out: Any) -> TimelinePage:
            items = [_event(out.items[i]) for i in range(out.count)]
            return TimelinePage(items, token_or_none(out.next), out.total)

        return self._read("hf_timeline_query", args, undurable, give)

    def query(
        self,
        timeline: Text,
        *,
        subject: Optional[Text] = None,
        type: Optional[Text] = None,  # noqa: A002
        ascending: bool = False,
        without_payload: bool = False,
        after: After = None,
        undurable: bool = False,
    ) -> Iterator[TimelineEvent]:
        """The same, all of them, a page at a time."""
        return each(
            lambda **begin: self.query_page(
                timeline,
                subject=subject,
                type=type,
                ascending=ascending,
                without_payload=without_payload,
                limit=PAGE_SIZE,
                **begin,
                undurable=undurable,
            ),
            after,
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
        args = CountStruct(filter=_filter(timeline, subject, type))
        return int(self._read_plain("hf_timeline_count", args, undurable))

    def latest_at(self, timeline: Text, *, undurable: bool = False) -> Optional[datetime]:
        """The newest happened_at; None for an empty timeline."""
        found = self._read_plain("hf_timeline_latest_at", Bytes.of(timeline), undurable)
        return time_or_none(found)

    def timelines(self, *, after: After = None, undurable: bool = False) -> Iterator[str]:
        """The names of all timelines that hold events, compared as bytes."""
        return names(self, "hf_timeline_names", undurable, after)


class TimelinesInTransaction(TimelineMutations, TimelineReads):
    """``txn.timelines``"""

    def guard(self, timeline: Text, id: Text, *, expect: int) -> Result:  # noqa: A002
        """Aborts the transaction unless the event has this version (:data:`ABSENT`: does not
        exist). Writes nothing."""
        return self._mutate("hf_timeline_guard", write=write(expect), key=_key(timeline, id))


class Timelines(TimelineMutations, TimelineReads):
    """``store.timelines``"""
