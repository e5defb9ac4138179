"""Cursors: the confirmed delivery position of a consumer on a stream, or on one subject of it:
holdfast/cursor.h."""

from __future__ import annotations

from ctypes import POINTER, c_bool, c_char_p, c_int64, c_size_t, c_uint64, c_void_p
from dataclasses import dataclass
from typing import Any, Iterator, Optional

from ._abi import (
    Borrow,
    Bytes,
    Durability,
    Page,
    Result,
    Struct,
    Text,
    Time,
    Write,
    instance,
    time,
    time_or_none,
    token,
    token_or_none,
    write,
)
from ._domain import PAGE_SIZE, Domain, each


class KeyStruct(Struct):
    c_name = "struct hf_cursor_key"
    _fields_ = [("consumer", Bytes), ("stream", Bytes), ("subject", Bytes)]


class CursorStruct(Struct):
    c_name = "struct hf_cursor"
    _fields_ = [
        ("key", KeyStruct),
        ("last_sequence", c_int64),
        ("last_delivery_id", Bytes),
        ("last_delivered_at", c_int64),
        ("last_error", Bytes),
        ("error_count", c_uint64),
        ("updated_at", c_int64),
        ("reset_reason", Bytes),
        ("reset_at", c_int64),
        ("version", c_uint64),
    ]


class AdvanceStruct(Struct):
    c_name = "struct hf_cursor_advance_args"
    _fields_ = [
        ("write", Write),
        ("key", KeyStruct),
        ("sequence", c_int64),
        ("delivery_id", Bytes),
        ("delivered_at", c_int64),
        ("now", c_int64),
    ]


class ResetStruct(Struct):
    c_name = "struct hf_cursor_reset_args"
    _fields_ = [
        ("write", Write),
        ("key", KeyStruct),
        ("sequence", c_int64),
        ("delivery_id", Bytes),
        ("delivered_at", c_int64),
        ("reason", Bytes),
        ("now", c_int64),
    ]


class RecordErrorStruct(Struct):
    c_name = "struct hf_cursor_record_error_args"
    _fields_ = [("write", Write), ("key", KeyStruct), ("message", Bytes), ("now", c_int64)]


class PutStruct(Struct):
    c_name = "struct hf_cursor_put_args"
    _fields_ = [("write", Write), ("cursor", CursorStruct)]


class RemoveStruct(Struct):
    c_name = "struct hf_cursor_remove_args"
    _fields_ = [("write", Write), ("key", KeyStruct)]


class GuardStruct(Struct):
    c_name = "struct hf_cursor_guard_args"
    _fields_ = [("write", Write), ("key", KeyStruct)]


class GotStruct(Struct):
    c_name = "struct hf_cursor_got"
    _fields_ = [("cursor", CursorStruct), ("memory", c_void_p)]


class ListStruct(Struct):
    c_name = "struct hf_cursor_list_args"
    _fields_ = [
        ("consumer", Bytes),
        ("stream", Bytes),
        ("subject", Bytes),
        ("by_subject", c_bool),
        ("limit", c_size_t),
        ("page", c_char_p),
    ]


class PageStruct(Struct):
    c_name = "struct hf_cursor_page"
    _fields_ = [
        ("items", POINTER(CursorStruct)),
        ("count", c_size_t),
        ("next", c_char_p),
        ("memory", c_void_p),
    ]


class LagStruct(Struct):
    c_name = "struct hf_cursor_list_lag_args"
    _fields_ = [
        ("stream", Bytes),
        ("subject", Bytes),
        ("by_subject", c_bool),
        ("head", c_int64),
        ("limit", c_size_t),
        ("page", c_char_p),
    ]


class LagItemStruct(Struct):
    c_name = "struct hf_cursor_lag_item"
    _fields_ = [("cursor", CursorStruct), ("lag", c_int64)]


class LagPageStruct(Struct):
    c_name = "struct hf_cursor_lag_page"
    _fields_ = [
        ("items", POINTER(LagItemStruct)),
        ("count", c_size_t),
        ("next", c_char_p),
        ("memory", c_void_p),
    ]


@dataclass(frozen=True)
class Cursor:
    """A cursor as it is."""

    consumer: str
    stream: str
    subject: str
    last_sequence: int
    """Confirmed up to here; 0: nothing yet."""
    last_delivery_id: str
    last_delivered_at: Optional[int]
    last_error: str
    """Empty when the last thing that happened was no error."""
    error_count: int
    updated_at: int
    reset_reason: str
    """Of the newest reset; empty: there was none."""
    reset_at: Optional[int]
    version: int


@dataclass(frozen=True)
class CursorLag:
    """How far a consumer is behind; negative when it is ahead."""

    cursor: Cursor
    lag: int


def _cursor(s: CursorStruct) -> Cursor:
    return Cursor(
        consumer=s.key.consumer.text(),
        stream=s.key.stream.text(),
        subject=s.key.subject.text(),
        last_sequence=s.last_sequence,
        last_delivery_id=s.last_delivery_id.text(),
        last_delivered_at=time_or_none(s.last_delivered_at),
        last_error=s.last_error.text(),
        error_count=s.error_count,
        updated_at=s.updated_at,
        reset_reason=s.reset_reason.text(),
        reset_at=time_or_none(s.reset_at),
        version=s.version,
    )


def _key(borrow: Borrow, consumer: Text, stream: Text, subject: Text) -> KeyStruct:
    return KeyStruct(borrow.bytes(consumer), borrow.bytes(stream), borrow.bytes(subject))


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
    ) -> Result:
        """Confirms a delivery. The same sequence and delivery id again is a replay.

        :param delivered_at: None means now
        :raises NonMonotonicError: the cursor stands further, or there with another id
        """
        borrow = Borrow()
        args = AdvanceStruct(
            write(expect, durability),
            _key(borrow, consumer, stream, subject),
            sequence,
            borrow.bytes(delivery_id),
            time(delivered_at),
            time(now),
        )
        return self._mutate("hf_cursor_advance", args)

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
    ) -> Result:
        """Puts the cursor anywhere, back included, and clears its error. The reason stays in the
        log and in the cursor.

        :raises ReasonRequiredError: the reason is blank
        """
        borrow = Borrow()
        args = ResetStruct(
            write(expect, durability),
            _key(borrow, consumer, stream, subject),
            sequence,
            borrow.bytes(delivery_id),
            time(delivered_at),
            borrow.bytes(reason),
            time(now),
        )
        return self._mutate("hf_cursor_reset", args)

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
    ) -> Result:
        """Notes a failed delivery; the position stays."""
        borrow = Borrow()
        args = RecordErrorStruct(
            write(expect, durability),
            _key(borrow, consumer, stream, subject),
            borrow.bytes(message),
            time(now),
        )
        return self._mutate("hf_cursor_record_error", args)

    def put(
        self,
        cursor: Cursor,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Stores a whole cursor as given but for its version (import, migration). Never puts one
        back."""
        borrow = Borrow()
        instance(cursor, Cursor, "cursor")
        struct = CursorStruct(
            _key(borrow, cursor.consumer, cursor.stream, cursor.subject),
            cursor.last_sequence,
            borrow.bytes(cursor.last_delivery_id),
            time(cursor.last_delivered_at),
            borrow.bytes(cursor.last_error),
            cursor.error_count,
            time(cursor.updated_at),
            borrow.bytes(cursor.reset_reason),
            time(cursor.reset_at),
        )
        return self._mutate("hf_cursor_put", PutStruct(write(expect, durability), struct))

    def remove(
        self,
        consumer: Text,
        stream: Text,
        *,
        subject: Text = "",
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Forgets the cursor."""
        borrow = Borrow()
        return self._mutate(
            "hf_cursor_remove",
            RemoveStruct(write(expect, durability), _key(borrow, consumer, stream, subject)),
        )


class CursorsInTransaction(CursorMutations):
    """``txn.cursors``"""

    def guard(self, consumer: Text, stream: Text, *, subject: Text = "", expect: int) -> Result:
        """Aborts the transaction unless the cursor has this version (:data:`ABSENT`: does not
        exist). Writes nothing."""
        borrow = Borrow()
        return self._mutate(
            "hf_cursor_guard", GuardStruct(write(expect), _key(borrow, consumer, stream, subject))
        )


class Cursors(CursorMutations):
    """``store.cursors``"""

    def get(
        self, consumer: Text, stream: Text, *, subject: Text = "", undurable: bool = False
    ) -> Cursor:
        """One cursor.

        :raises NotFoundError: there is none
        """
        borrow = Borrow()
        key = _key(borrow, consumer, stream, subject)
        return self._read(
            "hf_cursor_get", key, None, GotStruct(), undurable, lambda out: _cursor(out.cursor)
        )

    def list_page(
        self,
        *,
        consumer: Optional[Text] = None,
        stream: Optional[Text] = None,
        subject: Optional[Text] = None,
        limit: int = 0,
        page: Optional[str] = None,
        undurable: bool = False,
    ) -> Page[Cursor]:
        """Cursors by stream, subject, consumer. ``subject=""`` selects those without one; None:
        any."""
        borrow = Borrow()
        args = ListStruct(
            borrow.optional(consumer),
            borrow.optional(stream),
            borrow.given(subject),
            subject is not None,
            limit,
            token(page),
        )

        def give(out: Any) -> Page[Cursor]:
            return Page([_cursor(out.items[i]) for i in range(out.count)], token_or_none(out.next))

        return self._read("hf_cursor_list", args, None, PageStruct(), undurable, give)

    def list(
        self,
        *,
        consumer: Optional[Text] = None,
        stream: Optional[Text] = None,
        subject: Optional[Text] = None,
        undurable: bool = False,
    ) -> Iterator[Cursor]:
        """The same, all of them, a page at a time."""
        return each(
            lambda page: self.list_page(
                consumer=consumer,
                stream=stream,
                subject=subject,
                limit=PAGE_SIZE,
                page=page,
                undurable=undurable,
            )
        )

    def lag_page(
        self,
        stream: Text,
        head: int,
        *,
        subject: Optional[Text] = None,
        limit: int = 0,
        page: Optional[str] = None,
        undurable: bool = False,
    ) -> Page[CursorLag]:
        """How far the consumers of a stream are behind ``head``, the slowest first."""
        borrow = Borrow()
        args = LagStruct(
            borrow.bytes(stream),
            borrow.given(subject),
            subject is not None,
            head,
            limit,
            token(page),
        )

        def give(out: Any) -> Page[CursorLag]:
            items = [
                CursorLag(_cursor(out.items[i].cursor), out.items[i].lag) for i in range(out.count)
            ]
            return Page(items, token_or_none(out.next))

        return self._read("hf_cursor_list_lag", args, None, LagPageStruct(), undurable, give)

    def lag(
        self, stream: Text, head: int, *, subject: Optional[Text] = None, undurable: bool = False
    ) -> Iterator[CursorLag]:
        """The same, all of them, a page at a time."""
        return each(
            lambda page: self.lag_page(
                stream, head, subject=subject, limit=PAGE_SIZE, page=page, undurable=undurable
            )
        )
