"""Cursors, as the contract has them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Optional

from words import SPACE, Done, Number, Refused, fields
from world import World, malformed_unless, of_bytes

ERROR_MAX = 4096


@dataclass(frozen=True)
class Cursor:
    consumer: str
    stream: str
    subject: str
    last_sequence: int
    last_delivery_id: str
    last_delivered_at: Optional[int]
    last_error: str
    error_count: int
    updated_at: int
    reset_reason: str
    reset_at: Optional[int]
    version: Number


def cut(text: str, most: int) -> str:
    """At most so many bytes, cut between characters."""
    return text.encode()[:most].decode("utf-8", "ignore")


class Cursors:
    def __init__(self, world: World) -> None:
        self.w = world

    def _key(self, consumer: str, stream: str, subject: str) -> tuple[str, ...]:
        key = consumer.strip(SPACE), stream.strip(SPACE), subject.strip(SPACE)
        malformed_unless(bool(key[0] and key[1]))
        return ("cursor", *key)

    def version_of(
        self, consumer: str, stream: str, subject: str = "", **_: Any
    ) -> Optional[Number]:
        found = self.w.state.get(
            ("cursor", consumer.strip(SPACE), stream.strip(SPACE), subject.strip(SPACE))
        )
        return found.version if found else None

    def _store(self, key: tuple[str, ...], old: Optional[Cursor], new: Cursor) -> Done:
        if old == new:
            return Done(False, old.version)
        new = replace(new, version=self.w.version())
        self.w.state[key] = new
        return Done(True, new.version)

    def advance(
        self,
        consumer: str,
        stream: str,
        sequence: int,
        subject: str = "",
        delivery_id: str = "",
        delivered_at: Optional[int] = None,
        now: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        key = self._key(consumer, stream, subject)
        malformed_unless(sequence > 0)
        now = self.w.stamp if now is None else now
        delivered_at = now if delivered_at is None else delivered_at
        old = self.w.state.get(key)
        self.w.expect(expect, old and old.version)
        if old is None:
            return self._store(
                key,
                None,
                Cursor(*key[1:], sequence, delivery_id, delivered_at, "", 0, now, "", None, None),
            )
        if sequence > old.last_sequence:
            new = replace(
                old,
                last_sequence=sequence,
                last_delivery_id=delivery_id,
                last_delivered_at=delivered_at,
            )
        elif sequence == old.last_sequence and (
            delivery_id == old.last_delivery_id or "equal sequence, other id" in self.w.wrong
        ):
            new = (
                old
                if old.last_delivered_at is not None
                else replace(old, last_delivered_at=delivered_at)
            )
        else:
            raise Refused("HF_ENONMONOTONIC")
        return self._store(key, old, replace(new, last_error="", error_count=0, updated_at=now))

    def reset(
        self,
        consumer: str,
        stream: str,
        sequence: int,
        reason: str,
        subject: str = "",
        delivery_id: str = "",
        delivered_at: Optional[int] = None,
        now: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        key = self._key(consumer, stream, subject)
        malformed_unless(sequence >= 0)
        malformed_unless(reason.strip(SPACE) != "", "HF_EREASON")
        now = self.w.stamp if now is None else now
        old = self.w.state.get(key)
        self.w.expect(expect, old and old.version)
        new = Cursor(
            *key[1:],
            sequence,
            delivery_id,
            delivered_at,
            "",
            0,
            now,
            reason,
            now,
            old and old.version,
        )
        return self._store(key, old, new)

    def record_error(
        self,
        consumer: str,
        stream: str,
        message: str,
        subject: str = "",
        now: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        key = self._key(consumer, stream, subject)
        malformed_unless(message.strip(SPACE) != "")
        now = self.w.stamp if now is None else now
        old = self.w.state.get(key)
        self.w.expect(expect, old and old.version)
        base = old or Cursor(*key[1:], 0, "", None, "", 0, now, "", None, None)
        return self._store(
            key,
            None,
            replace(
                base,
                last_error=cut(message, ERROR_MAX),
                error_count=base.error_count + 1,
                updated_at=now,
            ),
        )

    def put(self, cursor: Cursor, expect: Optional[int] = None) -> Done:
        key = self._key(cursor.consumer, cursor.stream, cursor.subject)
        malformed_unless((cursor.error_count == 0) == (cursor.last_error == ""))
        malformed_unless((cursor.reset_at is None) == (cursor.reset_reason == ""))
        old = self.w.state.get(key)
        self.w.expect(expect, old and old.version)
        if old and old.last_sequence > cursor.last_sequence:
            raise Refused("HF_ENONMONOTONIC")
        new = replace(
            cursor, consumer=key[1], stream=key[2], subject=key[3], version=old and old.version
        )
        return self._store(key, old, new)

    def remove(
        self, consumer: str, stream: str, subject: str = "", expect: Optional[int] = None
    ) -> Done:
        key = self._key(consumer, stream, subject)
        old = self.w.state.get(key)
        self.w.expect(expect, old and old.version)
        if old is None:
            raise Refused("HF_ENOTFOUND")
        del self.w.state[key]
        return Done(True, 0)

    def guard(
        self, consumer: str, stream: str, subject: str = "", expect: Optional[int] = None
    ) -> Done:
        key = self._key(consumer, stream, subject)
        old = self.w.state.get(key)
        self.w.expect(expect, old and old.version)
        return Done(False, old.version if old else 0)

    # --- Reads ---

    def get(self, consumer: str, stream: str, subject: str = "") -> Any:
        found = self.w.state.get(self._key(consumer, stream, subject))
        if found is None:
            raise Refused("HF_ENOTFOUND")
        return fields(found)

    def _matching(
        self, consumer: Optional[str], stream: Optional[str], subject: Optional[str]
    ) -> list[Cursor]:
        found = [
            c
            for _, c in self.w.all("cursor")
            if consumer in (None, c.consumer)
            and stream in (None, c.stream)
            and subject in (None, c.subject)
        ]
        return sorted(
            found, key=lambda c: (of_bytes(c.stream), of_bytes(c.subject), of_bytes(c.consumer))
        )

    def list(
        self,
        consumer: Optional[str] = None,
        stream: Optional[str] = None,
        subject: Optional[str] = None,
    ) -> list[Any]:
        return [fields(c) for c in self._matching(consumer, stream, subject)]

    def lag(self, stream: str, head: int, subject: Optional[str] = None) -> list[Any]:
        found = [(head - c.last_sequence, c) for c in self._matching(None, stream, subject)]
        found.sort(key=lambda pair: -pair[0])  # stable: equally slow ones by subject, consumer
        return [{"cursor": fields(c), "lag": lag} for lag, c in found]
