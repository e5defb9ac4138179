"""Cursors: the confirmed delivery position of a consumer on a stream, or on one subject of it:
holdfast/cursor.h."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Iterator, Optional

from ._abi import (
    After,
    Durability,
    Page,
    Result,
    Returning,
    Text,
    Time,
    given,
    instance,
    optional,
    struct,
    token,
    token_or_none,
    value_of,
    write,
)
from ._domain import Domain, PAGE_SIZE, RETURNED, each
from ._positions import behind


KeyStruct = struct("hf_cursor_key")
CursorStruct = struct("hf_cursor")
ListStruct = struct("hf_cursor_list_args")

LagStruct = struct("hf_cursor_list_lag_args")


@dataclass(frozen=True)
class Cursor:
    """A cursor as it is, or as :meth:`CursorMutations.put` is to store it."""

    consumer: str
    stream: str
    subject: str = ""
    last_sequence: int = 0
    """Confirmed up to here; 0: nothing yet."""
    last_delivery_id: str = ""
    last_delivered_at: Optional[datetime] = None
    last_error: str = ""
    """Empty when the last thing that happened was no error."""
    error_count: int = 0
    updated_at: Optional[datetime] = None
    """None, where it is to be put: now."""
    reset_reason: str = ""
    """Of the newest reset; empty: there was none."""
    reset_at: Optional[datetime] = None
    version: int = 0


@dataclass(frozen=True)
class CursorLag:
    """How far a consumer is behind; negative when it is ahead."""

    cursor: Cursor
    lag: int


def _cursor(s: Any) -> Cursor:
    return value_of(Cursor, s)


RETURNED["hf_cursor_got"] = lambda out: _cursor(out.cursor)


def _key(consumer: Text, stream: Text, subject: Text) -> Any:
    return KeyStruct(consumer=consumer, stream=stream, subject=subject)


class CursorMutations(Domain):
    """What can be done to cursors, at once (``store.cursors``) or in a transaction
    (``txn.cursors``)."""

    def advance(
        self,
        consumer: Text,
        stream: Text,
        sequence: int,
        *,
        subject: Text = "",
        delivery_id: Text = "",
        delivered_at: Time = None,
        now: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Confirms a delivery. The same sequence and delivery id again is a replay.

        :param delivered_at: None means now
        :raises NonMonotonicError: the cursor stands further, or there with another id
        """
        return self._mutate(
            "hf_cursor_advance",
            write=write(expect, durability, returning),
            key=_key(consumer, stream, subject),
            sequence=sequence,
            delivery_id=delivery_id,
            delivered_at=delivered_at,
            now=now,
        )

    def reset(
        self,
        consumer: Text,
        stream: Text,
        sequence: int,
        *,
        reason: Text,
        subject: Text = "",
        delivery_id: Text = "",
        delivered_at: Time = None,
        now: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Puts the cursor anywhere, back included, and clears its error. The reason stays in the
        log and in the cursor.

        :raises ReasonRequiredError: the reason is blank
        """
        return self._mutate(
            "hf_cursor_reset",
            write=write(expect, durability, returning),
            key=_key(consumer, stream, subject),
            sequence=sequence,
            delivery_id=delivery_id,
            delivered_at=delivered_at,
            reason=reason,
            now=now,
        )

    def record_error(
        self,
        consumer: Text,
        stream: Text,
        message: Text,
        *,
        subject: Text = "",
        now: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Notes a failed delivery; the position stays."""
        return self._mutate(
            "hf_cursor_record_error",
            write=write(expect, durability, returning),
            key=_key(consumer, stream, subject),
            message=message,
            now=now,
        )

    def put(
        self,
        cursor: Cursor,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Stores a whole cursor as given but for its version (import, migration). Never puts one
        back."""
        instance(cursor, Cursor, "cursor")
        struct = CursorStruct(
            key=_key(cursor.consumer, cursor.stream, cursor.subject),
            last_sequence=cursor.last_sequence,
            last_delivery_id=cursor.last_delivery_id,
            last_delivered_at=cursor.last_delivered_at,
            last_error=cursor.last_error,
            error_count=cursor.error_count,
            updated_at=cursor.updated_at,
            reset_reason=cursor.reset_reason,
            reset_at=cursor.reset_at,
        )
        return self._mutate(
            "hf_cursor_put", write=write(expect, durability, returning), cursor=struct
        )

    def remove(
        self,
        consumer: Text,
        stream: Text,
        *,
        subject: Text = "",
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Forgets the cursor."""
        return self._mutate(
            "hf_cursor_remove",
            write=write(expect, durability, missing_ok=missing_ok),
            key=_key(consumer, stream, subject),
        )


class CursorReads(Domain, reads=True):
    """What can be read, outside a transaction or in one, where it is so at the commit."""

    def get(
        self, consumer: Text, stream: Text, *, subject: Text = "", undurable: bool = False
    ) -> Cursor:
        """One cursor.

        :raises NotFoundError: there is none
        """
        key = _key(consumer, stream, subject)
        return self._read("hf_cursor_get", key, undurable, lambda out: _cursor(out.cursor))

    def list_page(
        self,
        *,
        consumer: Optional[Text] = None,
        stream: Optional[Text] = None,
        subject: Optional[Text] = None,
        limit: int = 0,
        page: Optional[str] = None,
        after: After = None,
        undurable: bool = False,
    ) -> Page[Cursor]:
        """Cursors by stream, subject, consumer. ``subject=""`` selects those without one; None:
        any."""
        args = ListStruct(
            consumer=optional(consumer),
            stream=optional(stream),
            subject=given(subject),
            by_subject=subject is not None,
            limit=limit,
            page=token(page),
            after=behind("hf_cursor_key", after),
        )

        def give(out: Any) -> Page[Cursor]:
            return Page([_cursor(out.items[i]) for i in range(out.count)], token_or_none(out.next))

        return self._read("hf_cursor_list", args, undurable, give)

    def list(
        self,
        *,
        consumer: Optional[Text] = None,
        stream: Optional[Text] = None,
        subject: Optional[Text] = None,
        after: After = None,
        undurable: bool = False,
    ) -> Iterator[Cursor]:
        """The same, all of them, a page at a time."""
        return each(
            lambda **begin: self.list_page(
                consumer=consumer,
                stream=stream,
                subject=subject,
                limit=PAGE_SIZE,
                **begin,
                undurable=undurable,
            ),
            after,
        )

    def lag_page(
        self,
        stream: Text,
        head: int,
        *,
        subject: Optional[Text] = None,
        limit: int = 0,
        page: Optional[str] = None,
        after: After = None,
        undurable: bool = False,
    ) -> Page[CursorLag]:
        """How far the consumers of a stream are behind ``head``, the slowest first."""
        args = LagStruct(
            stream=stream,
            subject=given(subject),
            by_subject=subject is not None,
            head=head,
            limit=limit,
            page=token(page),
            after=behind("hf_cursor_lag_position", getattr(after, "cursor", after)),
        )

        def give(out: Any) -> Page[CursorLag]:
            items = [
                CursorLag(_cursor(out.items[i].cursor), out.items[i].lag) for i in range(out.count)
            ]
            return Page(items, token_or_none(out.next))

        return self._read("hf_cursor_list_lag", args, undurable, give)

    def lag(
        self,
        stream: Text,
        head: int,
        *,
        subject: Optional[Text] = None,
        after: After = None,
        undurable: bool = False,
    ) -> Iterator[CursorLag]:
        """The same, all of them, a page at a time."""
        return each(
            lambda **begin: self.lag_page(
                stream, head, subject=subject, limit=PAGE_SIZE, undurable=undurable, **begin
            ),
            after,
        )


class CursorsInTransaction(CursorMutations, CursorReads):
    """``txn.cursors``"""

    def guard(self, consumer: Text, stream: Text, *, subject: Text = "", expect: int) -> Result:
        """Aborts the transaction unless the cursor has this version (:data:`ABSENT`: does not
        exist). Writes nothing."""
        return self._mutate(
            "hf_cursor_guard", write=write(expect), key=_key(consumer, stream, subject)
        )


class Cursors(CursorMutations, CursorReads):
    """``store.cursors``"""


