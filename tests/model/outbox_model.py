"""Outboxes, as the contract has them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Optional

from words import SECOND, Between, Done, Number, Refused, fields, time_of, moved
from world import World, malformed_unless, of_bytes

ATTEMPTS = 5
LOST = 10
NO_BOUND = 2**32 - 1
DEDUP_MAX = 1_000_000
QUEUED, SENDING, FAILED = 1, 2, 3
KEEP, REPLACE, RERUN = 0, 1, 2
NONE, FIXED, EXPONENTIAL = 0, 1, 2


@dataclass(frozen=True)
class Input:
    """An item as an enqueue takes it."""

    id: str
    payload: bytes = b""
    enqueued_at: Optional[int] = None
    available_at: Optional[int] = None
    priority: int = 0
    max_attempts: int = 0
    group: str = ""


@dataclass(frozen=True)
class Note:
    """What RERUN left beside a held item."""

    payload: bytes
    enqueued_at: int
    available_at: int
    available_computed: bool = False


@dataclass(frozen=True)
class Item:
    id: str
    payload: bytes
    status: int
    attempts: int
    max_attempts: int
    priority: int
    enqueued_at: int
    available_at: Any
    last_error: str
    group: str
    rerun: Optional[Note]
    token: Any
    owner: str
    lease_until: Optional[int]
    version: Any
    _order: int
    _incarnation: int
    lost: int = 0
    _claimed_at: int = 0
    available_computed: bool = False


@dataclass(frozen=True)
class Settings:
    max_attempts: int = 0
    max_lost: int = 0
    dedup_window: int = 0
    dedup_max: int = 0
    paused: bool = False
    version: Any = None


@dataclass(frozen=True)
class Completed:
    id: str
    until: int
    version: Number
    _order: int


FREE: dict[str, Any] = dict(token=0, owner="", lease_until=None)


class Outboxes:
    def __init__(self, world: World) -> None:
        self.w = world

    # --- The clock is set back ---

    def end(self) -> None:
        for key, item in self.w.all("item"):
            self.w.state[key] = self._view(key[1], item)
        for key, completed in self.w.all("completed"):
            if completed.until <= self.w.now:
                del self.w.state[key]

    def move(self, by: int) -> None:
        for key, item in self.w.all("item"):
            available_at = (
                moved(item.available_at, by) if item.available_computed else item.available_at
            )
            rerun = item.rerun
            if rerun and rerun.available_computed:
                rerun = replace(rerun, available_at=moved(rerun.available_at, by))
            self.w.state[key] = replace(item, available_at=available_at, rerun=rerun,
                                        lease_until=moved(item.lease_until, by),
                                        _claimed_at=moved(item._claimed_at, by))  # fmt: skip
        for key, completed in self.w.all("completed"):
            self.w.state[key] = replace(completed, until=moved(completed.until, by))

    # --- What is there ---

    def _view(self, queue: str, item: Item) -> Item:
        """An item as everyone sees it now: a claim that is over has ended, logged or not."""
        if item.status == SENDING and self.w.ended(item.lease_until, item._incarnation):
            return self._lost(queue, item)
        return item

    def _lost(self, queue: str, item: Item) -> Item:
        """What a claim that ended without an answer leaves."""
        lost, most = item.lost + 1, self._settings(queue).max_lost or LOST
        if most != NO_BOUND and lost >= most:
            error = f"lost {lost} times: the worker died or let the lease pass, without an answer"
            return replace(item, status=FAILED, lost=lost, last_error=error, **FREE)
        back = min(2 ** max(lost - 2, 0), 600) * SECOND if lost >= 2 else 0
        if not back:
            return replace(item, status=QUEUED, lost=lost, **FREE)
        # Without a lease it ended with the newest entry of the opening that held it: after the
        # claim, and not after now.
        if item.lease_until is not None:
            if item.lease_until + back <= time_of(item.available_at):
                return replace(item, status=QUEUED, lost=lost, **FREE)
            available = item.lease_until + back
        else:
            known = self.w.state.get(("ended", queue, item.id, item.token.serial))
            available = known or Between(item._claimed_at + back, self.w.now + back)
            self.w.state["ended", queue, item.id, item.token.serial] = available
        return replace(
            item, status=QUEUED, lost=lost, available_at=available, available_computed=True, **FREE
        )

    def _find(self, queue: str, id: str) -> Optional[Item]:
        found = self.w.state.get(("item", queue, id))
        return self._view(queue, found) if found else None

    def _items(self, queue: str) -> list[Item]:
        """In enqueue order."""
        return sorted(
            (self._view(queue, i) for _, i in self.w.all("item", queue)), key=lambda i: i._order
        )

    def _found(self, queue: str, id: str) -> Item:
        found = self._find(queue, id)
        if found is None:
            raise Refused("HF_ENOTFOUND")
        return found

    def _held(self, queue: str, id: str, token: int) -> Item:
        found = self._found(queue, id)
        if (
            found.status != SENDING
            or found.token.value != token
            and "any token" not in self.w.wrong
        ):
            raise Refused("HF_ESTALE")
        return found

    def _settings(self, queue: str) -> Settings:
        return self.w.state.get(("queue", queue), Settings())

    def version_of(self, queue: str, id: str, **_: Any) -> Optional[Number]:
        found = self._find(queue, id)
        return found.version if found else None

    def version_of_settings(self, queue: str, **_: Any) -> Optional[Number]:
        return self._settings(queue).version

    def _store(self, queue: str, old: Optional[Item], new: Item, **answer: Any) -> Done:
        """Stores it with a new version, unless it is there like that."""
        if old is not None and old == new:
            return Done(False, old.version, **answer)
        new = replace(new, version=answer.pop("lsn", None) or self.w.version())
        self.w.state["item", queue, new.id] = new
        return Done(True, new.version, **answer)

    # --- Filling a queue ---

    def _add(self, queue: str, given: Input, dedup: int) -> Done:
        enqueued_at = self.w.stamp if given.enqueued_at is None else given.enqueued_at
        computed = given.available_at is None
        available_at = self.w.now if given.available_at is None else given.available_at
        old = self._find(queue, given.id)
        if old is None:
            if self._blocks(queue, given.id):
                return Done(False, 0)
            new = Item(given.id, given.payload, QUEUED, 0, given.max_attempts, given.priority,
                       enqueued_at,
                       available_at, "", given.group, None, **FREE, version=None,
                       _order=self.w.order(),
                       _incarnation=0, available_computed=computed)  # fmt: skip
            return self._store(queue, None, new)
        if dedup == RERUN and old.status == SENDING:
            return self._store(
                queue,
                old,
                replace(old, rerun=Note(given.payload, enqueued_at, available_at, computed)),
            )
        if dedup in (REPLACE, RERUN) and old.status == QUEUED:
            new = replace(
                old,
                payload=given.payload,
                enqueued_at=enqueued_at,
                available_at=available_at,
                rerun=None,
                attempts=0,
                lost=0,
                last_error="",
                available_computed=computed,
            )
            return self._store(queue, old, new)
        return Done(False, old.version)

    def enqueue(
        self,
        queue: str,
        id: str,
        payload: bytes = b"",
        enqueued_at: Optional[int] = None,
        available_at: Optional[int] = None,
        priority: int = 0,
        max_attempts: int = 0,
        dedup: int = KEEP,
        group: str = "",
        expect: Optional[int] = None,
    ) -> Done:
        self.w.expect(expect, self.version_of(queue, id))
        given = Input(id, payload, enqueued_at, available_at, priority, max_attempts, group)
        return self._add(queue, given, dedup)

    def enqueue_many(self, queue: str, items: list[Input], dedup: int = KEEP) -> Done:
        count = sum(self._add(queue, given, dedup).changed for given in items)
        return Done(count > 0, count=count)

    def put(self, queue: str, item: Any, expect: Optional[int] = None) -> Done:
        self.w.expect(expect, self.version_of(queue, item.id))
        old = self._find(queue, item.id)
        new = Item(
            item.id, item.payload, FAILED if item.status == FAILED else QUEUED, item.attempts,
            item.max_attempts,
            item.priority, item.enqueued_at, item.available_at, item.last_error, item.group,
            item.rerun, **FREE,
            version=old and old.version, _order=old._order if old else self.w.order(),
            _incarnation=old._incarnation if old else 0, _claimed_at=old._claimed_at if old else 0,
            available_computed=item.available_computed,
        )  # fmt: skip
        self.w.state.pop(("completed", queue, item.id), None)
        return self._store(queue, old, new)

    # --- Settings and completed ids ---

    def _end_queue(self, queue: str) -> None:
        """Claims that are over have ended by the bound of then, not by the one that comes."""
        for key, item in self.w.all("item", queue):
            self.w.state[key] = self._view(queue, item)

    def _set(self, queue: str, expect: Optional[int], **changes: Any) -> Done:
        old = self._settings(queue)
        self.w.expect(expect, old.version)
        new = replace(old, **changes)
        if new == old:
            return Done(False, old.version or 0)
        if new.max_lost != old.max_lost:
            self._end_queue(queue)
        version = self.w.version()
        self.w.state["queue", queue] = replace(new, version=version)
        self._drop_beyond(queue)
        if replace(new, version=None) == Settings() and not self.w.state.get(("dropped", queue)):
            del self.w.state["queue", queue]  # settings that are the defaults are none
            return Done(True, 0)
        return Done(True, version)

    def configure(
        self,
        queue: str,
        max_attempts: int = 0,
        max_lost: int = 0,
        dedup_window: int = 0,
        dedup_max: int = 0,
        expect: Optional[int] = None,
    ) -> Done:
        # 0 is the default: who says the default in full says nothing new.
        max_attempts = 0 if max_attempts == ATTEMPTS else max_attempts
        max_lost = 0 if max_lost == LOST else max_lost
        dedup_max = 0 if dedup_max == DEDUP_MAX else dedup_max
        return self._set(
            queue,
            expect,
            max_attempts=max_attempts,
            max_lost=max_lost,
            dedup_window=dedup_window,
            dedup_max=dedup_max,
        )

    def pause(self, queue: str, expect: Optional[int] = None) -> Done:
        return self._set(queue, expect, paused=True)

    def resume(self, queue: str, expect: Optional[int] = None) -> Done:
        return self._set(queue, expect, paused=False)

    def _blocks(self, queue: str, id: str) -> bool:
        found = self.w.state.get(("completed", queue, id))
        return found is not None and found.until > self.w.now

    def _completed(self, queue: str) -> list[Completed]:
        """Those that still block, in the order in which they were completed."""
        found = [c for _, c in self.w.all("completed", queue) if c.until > self.w.now]
        return sorted(found, key=lambda c: c._order)

    def _drop_beyond(self, queue: str) -> None:
        """The oldest go where there are more than the queue remembers; only they count as
        dropped."""
        beyond = self._completed(queue)[: -(self._settings(queue).dedup_max or DEDUP_MAX)]
        for c in beyond:
            del self.w.state["completed", queue, c.id]
        if beyond:
            self.w.state["dropped", queue] = self.w.state.get(("dropped", queue), 0) + len(beyond)

    def _note_completed(self, queue: str, id: str, until: int) -> Done:
        version = self.w.version()
        self.w.state["completed", queue, id] = Completed(id, until, version, self.w.order())
        self._drop_beyond(queue)
        return Done(True)

    def put_completed(self, queue: str, id: str, until: int) -> Done:
        old = self.w.state.get(("completed", queue, id))
        if (
            old
            and self._blocks(queue, id)
            and old.until == until
            or until <= self.w.now
            or self._find(queue, id)
        ):
            return Done(False)
        return self._note_completed(queue, id, until)

    def clear(self, queue: str) -> Done:
        items, blocked = [key for key, _ in self.w.all("item", queue)], self._completed(queue)
        for key in items + [key for key, _ in self.w.all("completed", queue)]:
            del self.w.state[key]
        return Done(bool(items or blocked), count=len(items))

    # --- Claiming ---

    def _grant(self, queue: str, item: Item, owner: str, lease: int) -> Item:
        until = self.w.now + lease if lease else None
        new = replace(item, status=SENDING, token=self.w.token(), owner=owner, lease_until=until,
                      version=self.w.version(), _incarnation=self.w.incarnation,
                      _claimed_at=self.w.now)  # fmt: skip
        self.w.state["item", queue, item.id] = new
        return new

    def _group_is_busy(self, queue: str, group: str) -> bool:
        return group != "" and any(
            i.group == group and i.status == SENDING for i in self._items(queue)
        )

    def claim(
        self, queue: str, id: str, owner: str, lease: int = 0, expect: Optional[int] = None
    ) -> Done:
        self.w.expect(expect, self.version_of(queue, id))
        item = self._found(queue, id)
        if item.status == SENDING:
            raise Refused("HF_ECLAIMED")
        if self._group_is_busy(queue, item.group):
            raise Refused("HF_EBLOCKED")
        new = self._grant(queue, item, owner, lease)
        return Done(True, new.version, new.token, out=[item_fields(new)])

    def _next(self, queue: str) -> list[Item]:
        """What can be claimed now: of each group only its first, by priority, available_at, enqueue
        order."""
        heads, seen = [], set()
        for item in self._items(queue):
            if item.status != QUEUED or item.group and item.group in seen:
                continue
            seen.add(item.group)
            if time_of(item.available_at) <= self.w.now and not self._group_is_busy(
                queue, item.group
            ):
                heads.append(item)
        return sorted(heads, key=lambda i: (i.priority, time_of(i.available_at), i._order))

    def claim_next(self, queue: str, owner: str, lease: int = 0, max: int = 1) -> Done:
        found = [] if self._settings(queue).paused else self._next(queue)[:max]
        items = [self._grant(queue, item, owner, lease) for item in found]
        return Done(bool(items), out=[item_fields(item) for item in items])

    # --- While holding an item ---

    def extend(
        self, queue: str, id: str, token: int, lease: int, expect: Optional[int] = None
    ) -> Done:
        self.w.expect(expect, self.version_of(queue, id))
        item = self._held(queue, id, token)
        until = self.w.now + lease if lease else None
        if until == item.lease_until:
            return Done(False, item.version, item.token)
        return self._store(
            queue,
            None,
            replace(item, lease_until=until, _incarnation=self.w.incarnation),
            token=item.token,
        )

    def complete(self, queue: str, id: str, token: int, expect: Optional[int] = None) -> Done:
        self.w.expect(expect, self.version_of(queue, id))
        item = self._held(queue, id, token)
        return self._complete(queue, item)

    def _complete(self, queue: str, item: Item) -> Done:
        if item.rerun:
            note = item.rerun
            new = replace(item, payload=note.payload, enqueued_at=note.enqueued_at,
                          available_at=note.available_at,
                          available_computed=note.available_computed,
                          status=QUEUED, attempts=0, lost=0, last_error="", rerun=None,
                          _order=self.w.order(), **FREE)  # fmt: skip
            return self._store(queue, None, new)
        del self.w.state["item", queue, item.id]
        window = self._settings(queue).dedup_window
        if window:
            self._note_completed(queue, item.id, self.w.now + window)
        return Done(True, 0)

    def _max_attempts(self, queue: str, item: Item, given: int) -> int:
        return given or item.max_attempts or self._settings(queue).max_attempts or ATTEMPTS

    def fail(
        self,
        queue: str,
        id: str,
        token: int,
        reason: str = "",
        max_attempts: int = 0,
        backoff: tuple[int, int, int] = (NONE, 0, 0),
        expect: Optional[int] = None,
    ) -> Done:
        self.w.expect(expect, self.version_of(queue, id))
        item = self._held(queue, id, token)
        return self._fail(queue, item, reason, max_attempts, backoff)

    def _fail(
        self, queue: str, item: Item, reason: str, most: int, backoff: tuple[int, int, int]
    ) -> Done:
        attempts = item.attempts + (2 if "fail counts twice" in self.w.wrong else 1)
        new = replace(item, attempts=attempts, last_error=reason, **FREE)
        if attempts >= self._max_attempts(queue, item, most):
            return self._store(queue, None, replace(new, status=FAILED))
        kind, delay, cap = backoff
        if kind == EXPONENTIAL:
            longest = delay * 2 ** (attempts - 1)
            available_at: Any = Between(
                self.w.now, self.w.now + (min(longest, cap) if cap else longest)
            )
        else:
            available_at = self.w.now + (delay if kind == FIXED else 0)
        return self._store(
            queue,
            None,
            replace(new, status=QUEUED, available_at=available_at, available_computed=True),
        )

    def release(
        self, queue: str, id: str, token: int, delay: int = 0, expect: Optional[int] = None
    ) -> Done:
        self.w.expect(expect, self.version_of(queue, id))
        item = self._held(queue, id, token)
        if delay:
            item = replace(item, available_at=self.w.now + delay, available_computed=True)
        return self._store(queue, None, replace(item, status=QUEUED, **FREE))

    # --- From outside ---

    def remove(self, queue: str, id: str, expect: Optional[int] = None) -> Done:
        self.w.expect(expect, self.version_of(queue, id))
        self._found(queue, id)
        del self.w.state["item", queue, id]
        return Done(True, 0)

    def mark_failed(
        self, queue: str, id: str, reason: str = "", expect: Optional[int] = None
    ) -> Done:
        self.w.expect(expect, self.version_of(queue, id))
        item = self._found(queue, id)
        new = replace(item, status=FAILED, attempts=item.attempts + 1, last_error=reason, **FREE)
        return self._store(queue, None, new)

    def _retried(self, item: Item) -> Item:
        if time_of(item.available_at) > self.w.now:
            item = replace(item, available_at=self.w.now, available_computed=True)
        return replace(item, status=QUEUED, lost=0, **FREE)

    def retry(self, queue: str, id: str, expect: Optional[int] = None) -> Done:
        self.w.expect(expect, self.version_of(queue, id))
        item = self._found(queue, id)
        if item.status == QUEUED:
            return Done(False, item.version)
        return self._store(queue, None, self._retried(item))

    def redrive(
        self,
        queue: str,
        group: str = "",
        error: str = "",
        enqueued_before: Optional[int] = None,
        attempts_below: int = 0,
        limit: int = 0,
    ) -> Done:
        found = [
            i
            for i in self._items(queue)
            if i.status == FAILED
            and (not group or i.group == group)
            and error in i.last_error
            and (enqueued_before is None or i.enqueued_at < enqueued_before)
            and (not attempts_below or i.attempts < attempts_below)
        ]
        found, lsn = found[: limit or None], self.w.version()
        for item in found:
            self._store(queue, None, self._retried(item), lsn=lsn)
        return Done(bool(found), count=len(found))

    def prune(
        self,
        queue: str,
        status: int = FAILED,
        enqueued_before: Optional[int] = None,
        limit: int = 0,
    ) -> Done:
        found = [
            i
            for i in self._items(queue)
            if i.status == status and (enqueued_before is None or i.enqueued_at < enqueued_before)
        ][: limit or None]
        for item in found:
            del self.w.state["item", queue, item.id]
        return Done(bool(found), count=len(found))

    def reschedule(
        self,
        queue: str,
        id: str,
        available_at: Optional[int] = None,
        priority: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        self.w.expect(expect, self.version_of(queue, id))
        item = self._found(queue, id)
        if item.status == SENDING:
            raise Refused("HF_ECLAIMED")
        if item.status == FAILED:
            raise Refused("HF_ECONFLICT")
        new = item if priority is None else replace(item, priority=priority)
        if available_at is not None:
            new = replace(new, available_at=available_at, available_computed=False)
        return self._store(queue, item, new)

    def guard(self, queue: str, id: str, expect: Optional[int] = None) -> Done:
        version = self.version_of(queue, id)
        self.w.expect(expect, version)
        return Done(False, version or 0)

    def guard_claim(self, queue: str, id: str, token: int) -> Done:
        item = self._held(queue, id, token)
        return Done(False, item.version)

    # --- Draining ---

    def drain(self, queue: str, refuses: Any, reason: str, max_attempts: int = 0) -> Any:
        """One pass with a ``send`` that fails for payloads that ``refuses``."""
        told = {"sent": 0, "failed": 0, "left": 0, "changed": 0}
        behind: set[str] = set()
        for listed in [i for i in self._items(queue) if i.status == QUEUED]:
            group = listed.group
            if time_of(listed.available_at) > self.w.now:
                behind.add(group)  # what is delayed holds up its group
                continue
            if (
                self._settings(queue).paused
                or group
                and (group in behind or self._group_is_busy(queue, group))
            ):
                told["left"] += 1
                continue
            item = self._grant(queue, listed, "drain", 0)
            if not refuses(item.payload):
                self._complete(queue, item)
                told["sent"] += 1
                if item.rerun:
                    behind.discard(group)
                continue
            self._fail(queue, item, reason, max_attempts, (NONE, 0, 0))
            failed = self.w.state["item", queue, item.id].status == FAILED
            told["failed" if failed else "left"] += 1
            if group and not failed:
                behind.add(group)
        return told

    # --- Reads ---

    def get(self, queue: str, id: str) -> Any:
        return item_fields(self._found(queue, id))

    def list(self, queue: str, status: int = 0) -> list[Any]:
        return [item_fields(i) for i in self._items(queue) if status in (0, i.status)]

    def completed(self, queue: str) -> list[Any]:
        return [fields(c) for c in self._completed(queue)]

    def stats(self, queue: str) -> Any:
        """Exact once upkeep has logged what ended."""
        items = self._items(queue)

        def counted(status: int) -> Any:
            found = [i.enqueued_at for i in items if i.status == status]
            return {"items": len(found), "oldest": min(found, default=None)}

        groups = {i.group for i in items if i.group and i.status != FAILED}
        busy = {i.group for i in items if i.group and i.status == SENDING}
        free = len(groups - busy)
        return {
            "queued": counted(QUEUED),
            "sending": counted(SENDING),
            "failed": counted(FAILED),
            "as_of": self.w.now,
            "groups": len(groups),
            "busy_groups": len(busy),
            "blocked": sum(1 for i in items if i.group and i.status == QUEUED) - free,
            "completed": len(self._completed(queue)),
        } | self.settings(queue)

    def settings(self, queue: str) -> Any:
        """That part of the stats that does not lag."""
        settings = self._settings(queue)
        return {
            "max_attempts": settings.max_attempts or ATTEMPTS,
            "max_lost": settings.max_lost or LOST,
            "settings_version": settings.version or 0,
            "paused": settings.paused,
            "dedup_window": settings.dedup_window,
            "dedup_max": settings.dedup_max or DEDUP_MAX,
            "dropped": self.w.state.get(("dropped", queue), 0),
        }

    def queues(self, lately: bool = False) -> list[str]:
        """The queues that hold items or completed ids, or were ever configured; ``lately``: also
        those whose last completed id blocks no more, which
        upkeep need not have noticed."""
        named = {key[1] for what in ("item", "queue") for key, _ in self.w.all(what)}
        named |= {key[1] for key, c in self.w.all("completed") if lately or c.until > self.w.now}
        return sorted(named, key=of_bytes)


def item_fields(item: Item) -> Any:
    return fields(item, rerun=item.rerun and fields(item.rerun))
