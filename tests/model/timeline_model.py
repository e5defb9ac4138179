"""Timelines, as the contract has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from words import Done, Number, Refused, fields
from world import World, of_bytes


@dataclass(frozen=True)
class Event:
    timeline: str
    id: str
    type: str
    subject: str
    happened_at: int
    payload: bytes
    version: Number


class Timelines:
    def __init__(self, world: World) -> None:
        self.w = world

    def version_of(self, timeline: str, id: str, **_: Any) -> Optional[Number]:
        found = self.w.state.get(("event", timeline, id))
        return found.version if found else None

    def append(
        self,
        timeline: str,
        id: str,
        type: str,
        payload: bytes = b"",
        subject: str = "",
        happened_at: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        old = self.w.state.get(("event", timeline, id))
        self.w.expect(expect, old and old.version)
        if old:
            alike = (type, subject, payload) == (old.type, old.subject, old.payload)
            # A time that was left to the clock is none that could be repeated.
            if alike and happened_at in (None, old.happened_at):
                return Done(False, old.version)
            raise Refused("HF_ECONFLICT")
        at = self.w.stamp if happened_at is None else happened_at
        new = Event(timeline, id, type, subject, at, payload, self.w.version())
        self.w.state["event", timeline, id] = new
        return Done(True, new.version)

    def retain(
        self,
        timeline: str,
        max_events: int = 0,
        max_age: int = 0,
        dry_run: bool = False,
        now: Optional[int] = None,
    ) -> Done:
        oldest = ((self.w.now if now is None else now)) - max_age
        gone = [
            e
            for place, e in enumerate(self._matching(timeline, None, None))
            if 0 < max_events <= place or max_age and e.happened_at < oldest
        ]
        for e in gone if not dry_run else []:
            del self.w.state["event", timeline, e.id]
        return Done(bool(gone) and not dry_run, count=len(gone))

    def clear(self, timeline: str) -> Done:
        keys = [key for key, _ in self.w.all("event", timeline)]
        for key in keys:
            del self.w.state[key]
        return Done(bool(keys), count=len(keys))

    def guard(self, timeline: str, id: str, expect: Optional[int] = None) -> Done:
        version = self.version_of(timeline, id)
        self.w.expect(expect, version)
        return Done(False, version or 0)

    # --- Reads ---

    def _matching(self, timeline: str, subject: Optional[str], type: Optional[str]) -> list[Event]:
        """Newest first."""
        found = [
            e
            for _, e in self.w.all("event", timeline)
            if subject in (None, e.subject) and type in (None, e.type)
        ]
        return sorted(found, key=lambda e: (e.happened_at, of_bytes(e.id)), reverse=True)

    def get(self, timeline: str, id: str) -> Any:
        found = self.w.state.get(("event", timeline, id))
        if found is None:
            raise Refused("HF_ENOTFOUND")
        return fields(found)

    def query(
        self,
        timeline: str,
        subject: Optional[str] = None,
        type: Optional[str] = None,
        ascending: bool = False,
    ) -> list[Any]:
        found = [fields(e) for e in self._matching(timeline, subject, type)]
        return found[::-1] if ascending else found

    def count(
        self, timeline: str, subject: Optional[str] = None, type: Optional[str] = None
    ) -> int:
        return len(self._matching(timeline, subject, type))

    def latest_at(self, timeline: str) -> Optional[int]:
        return max((e.happened_at for _, e in self.w.all("event", timeline)), default=None)

    def timelines(self) -> list[str]:
        return sorted({key[1] for key, _ in self.w.all("event")}, key=of_bytes)
