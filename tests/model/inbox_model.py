"""Inboxes, as the contract has them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Optional

from words import DAY, Done, Number, Refused, fields, moved
from world import World, malformed_unless, of_bytes

TOMBSTONE = 30 * DAY


@dataclass(frozen=True)
class Input:
    """A record as a save takes it."""

    thread: str
    account: str = "primary"
    payload: bytes = b""
    unread: bool = False
    dismissed: bool = False
    score: float = 0.0
    updated_at: Optional[int] = None


@dataclass(frozen=True)
class Record:
    user: str
    account: str
    thread: str
    payload: bytes
    unread: bool
    dismissed: bool
    score: float
    updated_at: Optional[int]
    snapshot_at: Optional[int]
    seen_at: Optional[int]
    read_at: Optional[int]
    dismissed_at: Optional[int]
    snoozed_until: Optional[int]
    saved: Number
    version: Number


@dataclass(frozen=True)
class Tombstone:
    user: str
    account: str
    thread: str
    dismissed: bool
    dismissed_at: Optional[int]
    until: int
    version: Number


def older(time: Optional[int], than: Optional[int]) -> bool:
    """None is older than all times."""
    return than is not None and (time is None or time < than)


class Inboxes:
    def __init__(self, world: World) -> None:
        self.w = world

    # --- The clock is set back ---

    def end(self) -> None:
        """Nothing ends with a snooze: it is an instant, for each read to look at."""
        for key, stone in self.w.all("tombstone"):
            if stone.until <= self.w.now:
                del self.w.state[key]

    def move(self, by: int) -> None:
        for key, stone in self.w.all("tombstone"):
            self.w.state[key] = replace(stone, until=moved(stone.until, by))

    # --- What is there ---

    def _records(self, user: str) -> list[Record]:
        """In load order."""
        found = [record for _, record in self.w.all("record", user)]
        return sorted(
            found,
            key=lambda r: (
                r.snapshot_at is None,
                -(r.snapshot_at or 0),
                -r.score,
                of_bytes(r.account),
                of_bytes(r.thread),
            ),
        )

    def _record(self, user: str, account: str, thread: str) -> Record:
        found = self.w.state.get(("record", user, account, thread))
        if found is None:
            raise Refused("HF_ENOTFOUND")
        return found

    def _tombstone(self, key: tuple[str, str, str]) -> Optional[Tombstone]:
        found = self.w.state.get(("tombstone", *key))
        return found if found and found.until > self.w.now else None

    def version_of(
        self, user: str, thread: str, account: str = "primary", **_: Any
    ) -> Optional[Number]:
        found = self.w.state.get(("record", user, account, thread))
        return found.version if found else None

    def version_of_status(self, user: str, **_: Any) -> Optional[Number]:
        return self.w.state.get(("status", user), (b"", None))[1]

    # --- Saving ---

    def save(
        self,
        user: str,
        records: list[Input],
        generated_at: Optional[int] = None,
        replace: bool = False,
        tombstone_for: Optional[int] = None,
        only_newer: bool = False,
        now: Optional[int] = None,
    ) -> Done:
        malformed_unless(len({(r.account, r.thread) for r in records}) == len(records))
        malformed_unless(all(r.score == r.score for r in records))
        lsn, count, left_alone = self.w.version(), 0, 0
        now = self.w.stamp if now is None else now
        for given in records:
            there = self.w.state.get(("record", user, given.account, given.thread))
            if only_newer and there and older(given.updated_at, there.updated_at):
                left_alone += 1
                continue
            count += self._save_one(user, given, generated_at, now, lsn)
        if replace:
            named = {(r.account, r.thread) for r in records}
            count += self._drop(
                [r for r in self._records(user) if (r.account, r.thread) not in named],
                TOMBSTONE if tombstone_for is None else tombstone_for,
                lsn,
            )
        newest = self.w.state.get(("generated", user))
        moved = generated_at is not None and (newest is None or generated_at > newest)
        if moved:
            self.w.state["generated", user] = generated_at
        return Done(count > 0 or moved, count=count, left_alone=left_alone)

    def _save_one(
        self, user: str, given: Input, generated_at: Optional[int], now: int, lsn: Number
    ) -> int:
        key = user, given.account, given.thread
        old = self.w.state.get(("record", *key))
        taken = dict(
            payload=given.payload,
            unread=given.unread,
            score=given.score,
            updated_at=given.updated_at,
            snapshot_at=generated_at,
        )
        if old is None:
            stone = self._tombstone(key)
            if stone and not stone.dismissed:
                return 0
            self.w.state.pop(("tombstone", *key), None)
            dismissed_at = now if given.dismissed else None
            if stone and stone.dismissed_at is not None:
                dismissed_at = stone.dismissed_at
            new = Record(*key, **taken, seen_at=None, read_at=None, snoozed_until=None,
                         dismissed=bool(stone) or given.dismissed, dismissed_at=dismissed_at,
                         saved=lsn, version=lsn)  # fmt: skip
        else:
            new = replace(old, **taken)
            if given.dismissed and not old.dismissed:
                new = replace(new, dismissed=True, dismissed_at=now)
            if "save undismisses" in self.w.wrong and not given.dismissed:
                new = replace(new, dismissed=False, dismissed_at=None)
            if new == old:
                return 0
            new = replace(new, saved=lsn, version=lsn)
        self.w.state["record", *key] = new
        return 1

    def _drop(self, records: list[Record], tombstone_for: int, lsn: Number) -> int:
        for r in records:
            key = r.user, r.account, r.thread
            del self.w.state["record", *key]
            if r.dismissed and tombstone_for > 0:
                self.w.state["tombstone", *key] = Tombstone(
                    *key, True, r.dismissed_at, self.w.now + tombstone_for, lsn
                )
        return len(records)

    def set_status(self, user: str, status: bytes, expect: Optional[int] = None) -> Done:
        old, version = self.w.state.get(("status", user), (b"", None))
        self.w.expect(expect, version)
        if version and old == status:  # one that was never set has no value, not even an empty one
            return Done(False, version)
        version = self.w.version()
        self.w.state["status", user] = (status, version)
        return Done(True, version)

    # --- One record ---

    def _mark(
        self,
        user: str,
        account: str,
        thread: str,
        expect: Optional[int],
        change: Callable[[Record], Record],
    ) -> Done:
        self.w.expect(expect, self.version_of(user, thread, account))
        old = self._record(user, account, thread)
        new = change(old)
        if new == old:
            return Done(False, old.version)
        new = replace(new, version=self.w.version())
        self.w.state["record", user, account, thread] = new
        return Done(True, new.version)

    def dismiss(
        self,
        user: str,
        thread: str,
        account: str = "primary",
        now: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        return self._mark(
            user,
            account,
            thread,
            expect,
            lambda r: _dismissed(r, (self.w.stamp if now is None else now)),
        )

    def undismiss(
        self,
        user: str,
        thread: str,
        account: str = "primary",
        now: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        return self._mark(
            user, account, thread, expect, lambda r: replace(r, dismissed=False, dismissed_at=None)
        )

    def mark_read(
        self,
        user: str,
        thread: str,
        account: str = "primary",
        now: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        return self._mark(
            user,
            account,
            thread,
            expect,
            lambda r: _read(r, (self.w.stamp if now is None else now)),
        )

    def mark_unread(
        self,
        user: str,
        thread: str,
        account: str = "primary",
        now: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        def change(r: Record) -> Record:
            return r if r.unread else replace(r, unread=True, read_at=None)

        return self._mark(user, account, thread, expect, change)

    def mark_seen(
        self,
        user: str,
        thread: str,
        account: str = "primary",
        now: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        def change(r: Record) -> Record:
            return (
                r
                if r.seen_at is not None
                else replace(r, seen_at=(self.w.stamp if now is None else now))
            )

        return self._mark(user, account, thread, expect, change)

    def snooze(
        self,
        user: str,
        thread: str,
        account: str = "primary",
        until: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        return self._mark(user, account, thread, expect, lambda r: replace(r, snoozed_until=until))

    def remove(
        self,
        user: str,
        thread: str,
        account: str = "primary",
        tombstone_for: int = 0,
        expect: Optional[int] = None,
    ) -> Done:
        self.w.expect(expect, self.version_of(user, thread, account))
        old = self._record(user, account, thread)
        key = user, account, thread
        del self.w.state["record", *key]
        if tombstone_for:
            # What a removal leaves keeps the record away, so that it matters no more whether it was
            # dismissed.
            stone = Tombstone(*key, False, None, self.w.now + tombstone_for, self.w.version())
            self.w.state["tombstone", *key] = stone
        return Done(True, 0)

    def put_tombstone(
        self,
        user: str,
        thread: str,
        account: str = "primary",
        until: int = 0,
        dismissed: bool = True,
        dismissed_at: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        key = user, account, thread
        malformed_unless(dismissed or dismissed_at is None)
        old = self._tombstone(key)
        self.w.expect(expect, old and old.version)
        if ("record", *key) in self.w.state:
            raise Refused("HF_ECONFLICT")
        if until <= self.w.now:
            self.w.state.pop(("tombstone", *key), None)
            return Done(old is not None, 0)
        new = Tombstone(*key, dismissed, dismissed_at, until, old and old.version)
        if new == old:
            return Done(False, old.version)
        new = replace(new, version=self.w.version())
        self.w.state["tombstone", *key] = new
        return Done(True, new.version)

    def version_of_tombstone(
        self, user: str, thread: str, account: str = "primary", **_: Any
    ) -> Optional[Number]:
        found = self._tombstone((user, account, thread))
        return found.version if found else None

    def guard(
        self, user: str, thread: str, account: str = "primary", expect: Optional[int] = None
    ) -> Done:
        version = self.version_of(user, thread, account)
        self.w.expect(expect, version)
        return Done(False, version or 0)

    # --- Many records ---

    def _mark_all(
        self, user: str, account: Optional[str], up_to: int, change: Callable[[Record], Record]
    ) -> Done:
        lsn, count = self.w.version(), 0
        for r in self._records(user):
            if (
                account not in (None, r.account)
                or up_to
                and (r.saved.value is None or r.saved.value > up_to)
            ):
                continue
            new = change(r)
            if new != r:
                self.w.state["record", user, r.account, r.thread] = replace(new, version=lsn)
                count += 1
        return Done(count > 0, count=count)

    def mark_all_read(
        self, user: str, up_to: int = 0, account: Optional[str] = None, now: Optional[int] = None
    ) -> Done:
        return self._mark_all(
            user, account, up_to, lambda r: _read(r, (self.w.stamp if now is None else now))
        )

    def dismiss_all(
        self, user: str, up_to: int = 0, account: Optional[str] = None, now: Optional[int] = None
    ) -> Done:
        return self._mark_all(
            user, account, up_to, lambda r: _dismissed(r, (self.w.stamp if now is None else now))
        )

    def prune(
        self, user: str, keep_accounts: list[str], tombstone_for: Optional[int] = None
    ) -> Done:
        gone = [r for r in self._records(user) if keep_accounts and r.account not in keep_accounts]
        count = self._drop(
            gone, TOMBSTONE if tombstone_for is None else tombstone_for, self.w.version()
        )
        return Done(count > 0, count=count)

    def trim(
        self,
        user: str,
        max_records: int = 0,
        max_age: int = 0,
        dry_run: bool = False,
        tombstone_for: Optional[int] = None,
        now: Optional[int] = None,
    ) -> Done:
        oldest = ((self.w.now if now is None else now)) - max_age

        def beyond(place: int, r: Record) -> bool:
            too_old = max_age > 0 and (r.snapshot_at is None or r.snapshot_at < oldest)
            return too_old or 0 < max_records <= place

        gone = [r for place, r in enumerate(self._records(user)) if beyond(place, r)]
        if not dry_run:
            self._drop(
                gone, TOMBSTONE if tombstone_for is None else tombstone_for, self.w.version()
            )
        return Done(len(gone) > 0 and not dry_run, count=len(gone))

    def clear(self, user: str) -> Done:
        records = [key for key, _ in self.w.all("record", user)]
        stones = [key for key, stone in self.w.all("tombstone", user) if stone.until > self.w.now]
        for key in records + [key for key, _ in self.w.all("tombstone", user)]:
            del self.w.state[key]
        newest = self.w.state.pop(("generated", user), None)
        return Done(bool(records or stones) or newest is not None, count=len(records))

    # --- Reads ---

    def get(self, user: str, thread: str, account: str = "primary") -> Any:
        return fields(self._record(user, account, thread))

    def load(
        self,
        user: str,
        account: Optional[str] = None,
        unread_only: bool = False,
        without_dismissed: bool = False,
        without_snoozed: bool = False,
    ) -> list[Any]:
        def wanted(r: Record) -> bool:
            snoozed = r.snoozed_until is not None and r.snoozed_until > self.w.now
            return (
                account in (None, r.account)
                and not (unread_only and not r.unread)
                and not (without_dismissed and r.dismissed)
                and not (without_snoozed and snoozed)
            )

        return [fields(r) for r in self._records(user) if wanted(r)]

    def generated_at(self, user: str) -> Optional[int]:
        return self.w.state.get(("generated", user))

    def _by_key(self, what: str, user: str) -> list[Any]:
        return [
            v
            for _, v in sorted(
                self.w.all(what, user), key=lambda i: [of_bytes(part) for part in i[0]]
            )
        ]

    def dismissed(self, user: str) -> list[Any]:
        return [
            {"user": r.user, "account": r.account, "thread": r.thread}
            for r in self._by_key("record", user)
            if r.dismissed
        ]

    def tombstones(self, user: str) -> list[Any]:
        return [
            fields(stone) for stone in self._by_key("tombstone", user) if stone.until > self.w.now
        ]

    def counts(self, user: str) -> Any:
        records = self._records(user)
        live = [r for r in records if not r.dismissed]
        return {
            "total": len(records),
            "unread": sum(r.unread for r in live),
            "unseen": sum(r.seen_at is None for r in live),
            "dismissed": len(records) - len(live),
        }

    def status(self, user: str) -> Any:
        status, version = self.w.state.get(("status", user), (b"", None))
        return {"status": status, "version": version or 0}


def _dismissed(r: Record, now: int) -> Record:
    return r if r.dismissed else replace(r, dismissed=True, dismissed_at=now)


def _read(r: Record, now: int) -> Record:
    return r if not r.unread else replace(r, unread=False, read_at=now)
