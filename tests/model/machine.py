"""The state machine that hypothesis drives: each step is done to the models and to the library, and
the answers are compared."""

from __future__ import annotations

import copy
import os
import pickle
import shutil
import signal
import struct
import tempfile
from typing import Any, Callable, Optional

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

import library  # finds the package of this tree, so it comes first
import holdfast
from clock_model import Clock
from cursor_model import Cursors
from document_model import CREATED, UPDATED, Documents
from idempotency_model import Idempotency
from inbox_model import Inboxes
from library import Answer, Operation, Outcome, all_pages, code_of, key_of
from lock_model import Locks
from migration_model import Migrations
from operations import DOMAINS, ROWS, START, From, Token, Version
from outbox_model import Outboxes
from timeline_model import Timelines
from words import ABSENT, DAY, SECOND, Between, Difference, Done, Number, Refused, same
from world import World

PLACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Models:
    """All of them, over one state."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cursors = Cursors(world)
        self.inbox = Inboxes(world)
        self.outbox = Outboxes(world)
        self.idempotency = Idempotency(world)
        self.documents = Documents(world)
        self.timelines = Timelines(world)
        self.locks = Locks(world)
        self.migrations = Migrations(world)
        self.clock = Clock(
            world, [self.inbox, self.outbox, self.idempotency, self.documents, self.locks]
        )

    # --- What is known only when an operation is done ---

    def resolved(self, operation: Operation) -> Operation:
        args = {name: self._value(operation, value) for name, value in operation.args.items()}
        return Operation(
            operation.domain, operation.name, {k: v for k, v in args.items() if v is not KeyError}
        )

    def _value(self, operation: Operation, value: Any) -> Any:
        if isinstance(value, From):
            return self.world.now + value.offset
        if isinstance(value, Token):
            return self._token(operation, value.which)
        if isinstance(value, Version):
            return self._expected(operation, value.which)
        return value

    def _token(self, operation: Operation, which: str) -> int:
        if which == "newest":
            saved = [r.saved.value for _, r in self.world.all("record")]
            # A save of several records tells no version: until a read has shown it nobody can say
            # who is older than a bound.
            return 0 if None in saved else max(saved, default=0)
        known = self.world.tokens._bound
        if which == "current":
            kind = {"outbox": "item", "idempotency": "idem", "locks": "lock"}[operation.domain]
            key = [
                operation.args[part]
                for part in ("queue", "id", "scope", "key", "name")
                if part in operation.args
            ]
            found = self.world.state.get((kind, *key))
            if found is not None and isinstance(found.token, Number) and found.token.value:
                return found.token.value
        return known[0][1] if which == "old" and known else 77

    def _expected(self, operation: Operation, which: str) -> Any:
        if which == "absent":
            return ABSENT
        if which == "wrong":
            return 5_000_000_000
        domain = getattr(self, operation.domain)
        status = {"set_status": "version_of_status", "configure": "version_of_settings",
                  "pause": "version_of_settings",
                  "resume": "version_of_settings",
                  "put_tombstone": "version_of_tombstone"}  # fmt: skip
        args = dict(operation.args)
        if operation.name == "put" and "item" in args:
            args["id"] = args["item"].id
        if operation.name == "put" and "cursor" in args:
            args |= {
                part: getattr(args["cursor"], part) for part in ("consumer", "stream", "subject")
            }
        found = getattr(domain, status.get(operation.name, "version_of"))(**args)
        if found is None:
            return ABSENT
        return (
            found.value or KeyError
        )  # a version that no answer has shown yet: nothing can be expected

    def call(self, operation: Operation) -> Done:
        before = self._object(operation)
        done: Done = getattr(getattr(self, operation.domain), operation.name)(**operation.args)
        early = "object before its operation" in self.world.wrong
        done.object = before if early else self._object(operation)
        return done

    def _object(self, operation: Operation) -> Any:
        """That it is about, as a get tells it now."""
        key = key_of(operation)
        try:
            return getattr(self, operation.domain).get(**key) if key else None
        except Refused:
            return None

    def outcome(self, operations: list[Operation]) -> Any:
        """What the models say: a list of Done, or the refusal."""
        try:
            return self.world.atomically([lambda o=o: self.call(o) for o in operations])
        except Refused as refusal:
            return refusal


def compare(operations: list[Operation], expected: Any, real: Outcome) -> None:
    where = "; ".join(map(repr, operations))
    if isinstance(expected, Refused):
        if (real.code, real.operation) != (expected.code, expected.operation):
            raise Difference(
                f"{where}: model refuses with {expected.code} at {expected.operation}, "
                f"library: {real}"
            )
        return
    if real.code:
        raise Difference(
            f"{where}: model does it: {expected}, "
            f"library refuses with {real.code} at {real.operation}"
        )
    for operation, done, answer in zip(operations, expected, real.answers):
        _compare_one(f"{operation!r}", done, answer)


def _compare_one(where: str, done: Done, answer: Answer) -> None:
    if done.out is not None:
        _compare_out(where, done.out, answer.out)
    if answer.only_out:
        return
    same(done.changed, answer.changed, f"{where}: changed")
    same(done.left_alone, answer.left_alone, f"{where}: left alone")
    if done.count is not None:
        same(done.count, answer.count, f"{where}: count")
    else:
        same(done.version, answer.version, f"{where}: version")
    if isinstance(done.token, Number):
        same(done.token, answer.token, f"{where}: token")
    if answer.asked:
        same(done.object, answer.object, f"{where}: object")


def _compare_out(where: str, out: Any, real: Any) -> None:
    if isinstance(out, dict):  # a begin
        same(out["outcome"], real.outcome.name, f"{where}: outcome")
        same({k: v for k, v in out.items() if k != "outcome"}, real, where)
    else:
        same(out, real if isinstance(real, list) else [real], where)


TICK = 1000


class Machine(RuleBasedStateMachine):
    """One store, from its creation to its end."""

    wrong: frozenset[str] = frozenset()
    kind: type[Models] = Models
    examples = mutations = kills = reopens = 0

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.mkdtemp(prefix="holdfast-model-", dir=PLACE)
        self.path = os.path.join(self.directory, "store")
        self.models = self.kind(World(START, self.wrong))
        self.may_kill = False
        self.compacted = 0
        self.differences = Difference.told
        library.set_clock(START, 0)
        self.store: Optional[holdfast.Store] = library.open_store(self.path)

    @property
    def world(self) -> World:
        return self.models.world

    @initialize(may_kill=st.sampled_from([False] * 15 + [True]))
    def begin(self, may_kill: bool) -> None:
        self.may_kill = may_kill

    # --- Mutations ---

    def perform(self, operations: list[Operation], how: str, together: bool) -> Outcome:
        resolved = [self.models.resolved(o) for o in operations]
        if together:
            # A guard needs something to guard against; and a version that is not known yet cannot
            # be expected.
            resolved = [o for o in resolved if o.name != "guard" or "expect" in o.args]
            if not resolved:
                return Outcome()
        Machine.mutations += 1
        assert self.store is not None
        real = library.perform(self.store, resolved, how, together)
        compare(resolved, self.models.outcome(resolved), real)
        self._look_at_jitter()
        self._tick()
        return real

    def _tick(self) -> None:
        """More than an operation takes, so that nothing that was written lies ahead of the
        clock."""
        self.world.advance(TICK)
        self._set_clock()

    def _set_clock(self, wall_is_ahead: int = 0) -> None:
        library.set_clock(self.world.wall + wall_is_ahead, self.world.boot)

    def _look_at_jitter(self) -> None:
        """What the library drew has to be known before anything is decided by it."""
        for (_, queue, id), item in self.world.all("item"):
            if isinstance(item.available_at, Between) and item.available_at.value is None:
                same(
                    self.models.outbox.get(queue, id),
                    self.store.outbox.get(queue, id),
                    f"item {id}",
                )

    @rule(operations=st.lists(st.one_of([row.strategy() for row in ROWS if not row.alone]),
                              min_size=1, max_size=4),
          how=st.sampled_from(["os", "durable", "later", "transact"]))  # fmt: skip
    def transaction(self, operations: list[Operation], how: str) -> None:
        self.perform(operations, how, True)

    # --- Time, upkeep, openings ---

    @rule(by=st.sampled_from([1, SECOND, 10 * SECOND, 10 * SECOND - 1, 60 * SECOND, DAY, 31 * DAY]))
    def time_passes(self, by: int) -> None:
        self.world.advance(by)
        self._set_clock()

    @rule(by=st.sampled_from([-SECOND, SECOND, 10 * SECOND, DAY]))
    def wall_is_wrong(self, by: int) -> None:
        """For a moment: the store's clock never runs behind what it said before, nor, across
        openings, behind what was written: so something is. It stays
        ahead of a wall clock that was ahead."""
        same(self.world.now, self.store.documents.count("c").as_of, "clock")
        self._set_clock(by)
        self.world.now = max(self.world.now, self.world.wall + by)
        same(self.world.now, self.store.documents.count("c").as_of, "wall clock wrong")
        self.perform(
            [Operation("documents", "put", {"collection": "d", "id": "3", "payload": b"a"})],
            "os",
            False,
        )
        same(self.world.now, self.store.documents.count("c").as_of, "wall clock right")

    @rule()
    def upkeep(self) -> None:
        """What has ended is gone before that is logged and afterwards."""
        self.look_at_everything()
        self.store.maintain()
        self.look_at_everything()
        self._compare_counts()
        self._tick()

    def _compare_counts(self) -> None:
        """Exact after upkeep."""
        same(self.models.outbox.queues(), self.store.outbox.queues(), "queues")
        for queue in "q", "r":
            same(
                self.models.outbox.stats(queue), self.store.outbox.stats(queue), f"stats of {queue}"
            )
        same(len(self.models.locks.list()), self.store.locks.stats().held, "locks held")

    @rule()
    def snapshot(self) -> None:
        """What is opened from here on begins with it."""
        self.store.snapshot()

    @rule()
    def compact(self) -> None:
        """Payloads move, and the log before it goes."""
        self.store.compact()
        self.compacted = self.store.info().last_lsn

    @rule()
    def reopen(self) -> None:
        Machine.reopens += 1
        self.store.close()
        self._open_again()

    def _open_again(self) -> None:
        self.store = library.open_store(self.path)
        self.world.reopened()
        self.look_at_everything()

    @precondition(lambda self: self.may_kill)
    @rule(operations=st.lists(st.one_of([row.strategy() for row in ROWS
                                         if not (row.alone or row.guard)]),
                              min_size=1, max_size=5),
          after=st.integers(0, 5), how=st.sampled_from(["os", "durable", "later"]))  # fmt: skip
    def kill(self, operations: list[Operation], after: int, how: str) -> None:
        """Another process takes the store and is killed at its work: what it had been told is done
        must be there; what it was at when it died is
        there as a whole or not at all."""
        Machine.kills += 1
        self.store.close()
        self.store = None
        told = _killed(lambda: self._work(operations, how), min(after, len(operations)))
        self.world.reopened()
        for operation, real in zip(operations, told):
            resolved = [self.models.resolved(operation)]
            compare(resolved, self.models.outcome(resolved), real)
            self._tick()
        self.store = library.open_store(self.path)
        self.world.reopened()
        if len(told) < len(operations):
            self._settle(operations[len(told)])
            self._tick()
        self.look_at_everything()
        self._look_at_jitter()

    def _work(self, operations: list[Operation], how: str) -> Any:
        """In the process that is killed."""
        self.store = library.open_store(self.path)
        self.world.reopened()
        for operation in operations:
            resolved = [self.models.resolved(operation)]
            real = library.perform(self.store, resolved, how, False)
            compare(
                resolved, self.models.outcome(resolved), real
            )  # binds what later operations refer to
            self._tick()
            yield real

    def _settle(self, operation: Operation) -> None:
        """Was the operation done that nobody was told of?"""
        without = self.models
        self.models = copy.deepcopy(without)
        self.world.incarnation -= 1
        self.models.outcome([self.models.resolved(operation)])
        self.world.incarnation += 1
        try:
            self.look_at_everything()
        except Difference:
            self.models = without
            self.differences = Difference.told

    # --- Reads ---

    def read(self, expected: Callable[[], Any], real: Callable[[], Any], where: str) -> None:
        try:
            value, code = expected(), ""
        except Refused as refusal:
            value, code = None, refusal.code
        real_code, real_value = code_of(real)
        same(code, real_code, where)
        if not code and value is not None:
            same(value, real_value, where)
        elif not code:
            same(value, real_value, where)

    @rule(
        limit=st.integers(1, 3),
        user=st.sampled_from("uv"),
        account=st.sampled_from([None, "b"]),
        flags=st.integers(0, 7),
    )
    def read_inbox(self, limit: int, user: str, account: Optional[str], flags: int) -> None:
        inbox, m = self.store.inbox, self.models.inbox
        args = {"account": account, "unread_only": bool(flags & 1),
                "without_dismissed": bool(flags & 2),
                "without_snoozed": bool(flags & 4)}  # fmt: skip
        same(
            m.load(user, **args),
            all_pages(lambda n, **p: inbox.load_page(user, limit=n, **p, **args), limit),
            "load",
        )
        same(
            m.dismissed(user),
            all_pages(lambda n, **p: inbox.dismissed_page(user, limit=n, **p), limit),
            "dismissed",
        )
        same(
            m.tombstones(user),
            all_pages(lambda n, **p: inbox.tombstones_page(user, limit=n, **p), limit),
            "tombstones",
        )
        same(m.counts(user), inbox.counts(user), "counts")
        same(m.status(user), inbox.status(user), "status")
        same(m.generated_at(user), inbox.load_page(user, limit=1).generated_at, "generated_at")
        for thread in "t1", "t2":
            self.read(
                lambda: m.get(user, thread), lambda: inbox.get(user, thread), f"get {user} {thread}"
            )

    @rule(limit=st.integers(1, 3), stream=st.sampled_from([None, "s"]),
          subject=st.sampled_from([None, "", "j"]),
          head=st.integers(0, 5))  # fmt: skip
    def read_cursors(
        self, limit: int, stream: Optional[str], subject: Optional[str], head: int
    ) -> None:
        cursors, m = self.store.cursors, self.models.cursors
        args = {"stream": stream, "subject": subject}
        same(
            m.list(**args),
            all_pages(lambda n, **p: cursors.list_page(limit=n, **p, **args), limit),
            "cursors",
        )
        lag = all_pages(
            lambda n, **p: cursors.lag_page("s", head, subject=subject, limit=n, **p), limit
        )
        same(m.lag("s", head, subject), lag, "lag")
        self.read(lambda: m.get("a", "s"), lambda: cursors.get("a", "s"), "get cursor")

    @rule(limit=st.integers(1, 3), queue=st.sampled_from("qr"), status=st.integers(0, 3))
    def read_outbox(self, limit: int, queue: str, status: int) -> None:
        outbox, m = self.store.outbox, self.models.outbox
        fetch = lambda n, **p: outbox.list_page(queue, status=status, limit=n, **p)  # noqa: E731
        same(m.list(queue, status), all_pages(fetch, limit), f"list {queue} {status}")
        same([i for i in m.list(queue, status) if i["id"].startswith("1")],
             all_pages(lambda n, **p: fetch(n, id_prefix="1", **p), limit),
             f"list {queue} {status} of a prefix")  # fmt: skip
        wanted = [item for item in m.list(queue, status) if not item["payload"].startswith(b"!")]
        found = outbox.list(
            queue, status=status, match=lambda item: not item.payload.startswith(b"!")
        )
        same(wanted, found, "list with match")
        same(
            m.completed(queue),
            all_pages(lambda n, **p: outbox.completed_page(queue, limit=n, **p), limit),
            "completed",
        )
        for id in "123":
            self.read(lambda: m.get(queue, id), lambda: outbox.get(queue, id), f"get {queue} {id}")

    @rule(queue=st.sampled_from("qr"), most=st.sampled_from([0, 1, 2]))
    def drain(self, queue: str, most: int) -> None:
        def send(item: Any) -> None:
            if item.payload.startswith(b"!"):
                raise ConnectionError("refused")

        expected = self.models.outbox.drain(
            queue, lambda p: p.startswith(b"!"), "ConnectionError: refused", most
        )
        real = self.store.outbox.drain(queue, send, max_attempts=most, durability=holdfast.OS)
        same(expected, real, f"drain {queue}")
        same(
            self.models.outbox.list(queue), self.store.outbox.list(queue), f"{queue} after draining"
        )
        self._tick()

    @rule(limit=st.integers(1, 3), scope=st.sampled_from(["pay", "s2", "s"]))
    def read_idempotency(self, limit: int, scope: str) -> None:
        idem, m = self.store.idempotency, self.models.idempotency
        same(
            m.list(scope),
            all_pages(lambda n, **p: idem.list_page(scope, limit=n, **p), limit),
            f"list {scope}",
        )
        same(m.count(scope), idem.count(scope), f"count {scope}")
        all_scopes = [e for one in m.scopes() for e in m.list(one)]
        same(all_scopes,
             all_pages(lambda n, **p: idem.list_page(everything=True, limit=n, **p), limit),
             "list of all scopes")  # fmt: skip
        same([e for e in all_scopes if e["scope"].startswith("s")],
             all_pages(lambda n, **p: idem.list_page(prefix="s", limit=n, **p), limit),
             "list of a prefix")  # fmt: skip
        same(m.count(everything=True), idem.count(everything=True), "count of all")
        same(m.count(prefix="s"), idem.count(prefix="s"), "count of a prefix")
        for key in "k1", "k:2":
            self.read(lambda: m.get(scope, key), lambda: idem.get(scope, key), f"get {scope}:{key}")
            same(m.has(scope, key), idem.has(scope, key), f"has {scope}:{key}")

    @rule(
        limit=st.integers(1, 3),
        group=st.sampled_from([None, "", "g"]),
        by=st.sampled_from([0, 1, 3]),
        descending=st.booleans(),
        prefix=st.sampled_from([None, None, "1"]),
    )
    def read_documents(
        self, limit: int, group: Optional[str], by: int, descending: bool, prefix: Optional[str]
    ) -> None:
        documents, m = self.store.documents, self.models.documents
        fetch = lambda n, **p: documents.list_page(
            "c", group, by=holdfast.By(by), descending=descending, id_prefix=prefix,
            limit=n, **p
        )  # noqa: E731
        self.read(
            lambda: m.list("c", group, by, descending, prefix),
            lambda: all_pages(fetch, limit),
            f"documents {group!r} {by}",
        )
        self.read(
            lambda: m.count("c", group), lambda: documents.count("c", group), f"count {group!r}"
        )
        for id in "123":
            self.read(lambda: m.get("c", id), lambda: documents.get("c", id), f"get {id}")
            same(m.has("c", id), documents.has("c", id), f"has {id}")

    @rule(
        limit=st.integers(1, 3),
        subject=st.sampled_from([None, "", "x"]),
        type=st.sampled_from([None, "sent"]),
        up=st.booleans(),
    )
    def read_timelines(
        self, limit: int, subject: Optional[str], type: Optional[str], up: bool
    ) -> None:
        timelines, m = self.store.timelines, self.models.timelines
        args = {"subject": subject, "type": type}
        fetch = lambda n, **p: timelines.query_page(
            "t", ascending=up, limit=n, **p, **args
        )  # noqa: E731
        same(m.query("t", ascending=up, **args), all_pages(fetch, limit), f"query {args}")
        same(m.count("t", **args), timelines.count("t", **args), f"count {args}")
        same(
            m.count("t", **args), timelines.query_page("t", limit=1, **args).total, f"total {args}"
        )
        same(m.latest_at("t"), timelines.latest_at("t"), "latest_at")
        for id in "123":
            self.read(lambda: m.get("t", id), lambda: timelines.get("t", id), f"event {id}")

    @rule(limit=st.integers(1, 2), which=st.sampled_from(["current", "old"]))
    def read_locks(self, limit: int, which: str) -> None:
        locks, m = self.store.locks, self.models.locks
        same(m.list(), all_pages(lambda n, **p: locks.list_page(limit=n, **p), limit), "locks")
        for name in "l1", "l2":
            token = self.models._token(Operation("locks", "check", {"name": name}), which)
            self.read(
                lambda: m.check(name, token),
                lambda: locks.check(name, token),
                f"check {name} {token}",
            )
            self.read(lambda: m.get(name), lambda: locks.get(name), f"lock {name}")
            self.read(
                lambda: m.with_lock(name), lambda: locks.alone(name, lambda: True), f"alone {name}"
            )

    @rule(steps=st.lists(st.tuples(st.sampled_from(["m1", "m2", "m3", "fails"]),
                                   st.sampled_from([None, None, 0, 7])),
                         max_size=3, unique_by=lambda step: step[0]))  # fmt: skip
    def migrate(self, steps: list[tuple[str, Optional[int]]]) -> None:
        m = self.models.migrations
        names = [name for name, _ in steps]

        def fill(name: str) -> Any:
            def run(txn: Any) -> None:
                txn.documents.put("migrated", name, b"by it")
                if name == "fails":
                    raise KeyError(name)

            return run

        wrong = m.ends_early(names) or any(m.conflicts(*step) for step in steps)
        applied, ends = 0, "HF_ECONFLICT" if wrong else ""
        for name, checksum in [] if ends else steps:
            if name == "fails":
                ends = "KeyError"
                break
            if not m.applied(name):
                self.world._written = (
                    2 * applied
                )  # each in a transaction of its own, at one instant of the clock
                self.models.documents.put("migrated", name, b"by it")
                self.world._written += 1
                m.record(name, checksum=checksum)
                applied += 1
        self.world._written = 0
        ended = ""
        try:
            done = self.store.migrate([(name, fill(name), checksum) for name, checksum in steps])
            same((applied, len(names) - applied), (done.applied, done.skipped), "migrated")
        except KeyError:
            ended = "KeyError"
        except holdfast.Error as error:
            ended = error.name
        same(ends, ended, f"migrate {steps}")
        self.look_at_migrations()
        self._tick()

    def look_at_migrations(self) -> None:
        same(self.models.migrations.list(), self.store.migrations.list(), "migrations")
        same(
            self.models.migrations.applied("m1"), self.store.migrations.applied("m1"), "applied m1"
        )

    # --- Everything ---

    def look_at_everything(self) -> None:
        s, m = self.store, self.models
        # A set-back whose answer never came is seen by the clock alone.
        same(self.world.now, s.documents.count("c").as_of, "clock")
        for user in "u", "v":
            loaded = s.inbox.load_page(user)
            same(m.inbox.load(user), loaded, f"inbox {user}")
            same(m.inbox.generated_at(user), loaded.generated_at, f"generated_at {user}")
            same(m.inbox.tombstones(user), s.inbox.tombstones(user), f"tombstones {user}")
            same(m.inbox.counts(user), s.inbox.counts(user), f"counts {user}")
            same(m.inbox.status(user), s.inbox.status(user), f"status {user}")
            # An empty save leaves nothing else to be seen.
            same(
                m.inbox.generated_at(user),
                s.inbox.load_page(user, limit=1).generated_at,
                f"generated_at {user}",
            )
        same(m.cursors.list(), s.cursors.list(), "cursors")
        queues = list(s.outbox.queues())
        if not set(m.outbox.queues()) <= set(queues) <= set(m.outbox.queues(lately=True)):
            raise Difference(f"queues: model {m.outbox.queues()}, library {queues}")
        for queue in "q", "r":
            same(m.outbox.list(queue), s.outbox.list(queue), f"queue {queue}")
            same(m.outbox.completed(queue), s.outbox.completed(queue), f"completed {queue}")
            same(m.outbox.settings(queue), s.outbox.stats(queue), f"settings of {queue}")
        same(m.idempotency.scopes(), s.idempotency.scopes(), "scopes")
        for scope in "pay", "s2", "s":
            same(m.idempotency.list(scope), s.idempotency.list(scope), f"scope {scope}")
        same(m.documents.collections(), s.documents.collections(), "collections")
        for collection in "c", "d", "migrated":
            self._look_at_collection(collection)
        same(m.timelines.timelines(), s.timelines.timelines(), "timelines")
        for timeline in "t", "w":
            same(m.timelines.query(timeline), s.timelines.query(timeline), f"timeline {timeline}")
        same(m.locks.list(), s.locks.list(), "locks")
        self.look_at_migrations()

    def _look_at_collection(self, collection: str) -> None:
        kept = self.models.documents._orders(collection)
        same(kept, int(self.store.documents.count(collection).orders), f"orders of {collection}")
        by = holdfast.By.CREATED if kept & CREATED else holdfast.By.UPDATED
        if kept & (CREATED | UPDATED) or not kept:
            expected = self.models.documents.list(collection, by=int(by))
            same(expected, self.store.documents.list(collection, by=by), f"collection {collection}")
        assert kept & 63 == kept

    def teardown(self) -> None:
        Machine.examples += 1
        try:
            if self.store is not None and self.differences == Difference.told:
                self.look_at_everything()
                library.verify(self.store)
                self._follow()
        finally:
            if self.store is not None:
                self.store.close()
            shutil.rmtree(self.directory, ignore_errors=True)

    def _follow(self) -> None:
        """The feed has every change in order, none twice; nothing stands that it does not tell
        of."""
        self.store.sync()
        told, last = set(), 0
        with self.store.feed() as feed:
            while events := feed.read():
                for event in events:
                    if event.lsn <= last:
                        raise Difference(f"feed: {event.lsn} after {last}")
                    last = event.lsn
                    told.add(last)
        for key, value in self.world.state.items():
            version = getattr(value, "version", None)
            if (
                isinstance(version, Number)
                and version.value is not None
                and version.value not in told
                and version.value > self.compacted  # the log before it is gone
            ):
                raise Difference(f"feed: {key} has version {version}, of which it does not tell")


def _killed(work: Callable[[], Any], after: int) -> list[Outcome]:
    """Runs ``work`` in a process of its own, which is killed when it has told of ``after``
    outcomes; gives what it told."""
    (reads, writes), (waits, lives) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(lives)
        _tell(work, writes, waits)
    os.close(writes)
    os.close(waits)
    told: list[Outcome] = []
    with os.fdopen(reads, "rb") as pipe:
        while len(told) < after and (outcome := _told(pipe)) is not None:
            told.append(outcome)
            if isinstance(outcome, str):
                break  # the last it tells: it waits to be killed
        os.kill(child, signal.SIGKILL)
        while (outcome := _told(pipe)) is not None:
            told.append(outcome)
    os.waitpid(child, 0)
    os.close(lives)
    for outcome in told:
        if isinstance(outcome, str):
            raise Difference(f"in the process that was killed: {outcome}")
    return told


def _tell(work: Callable[[], Any], pipe: int, waits: int) -> None:
    """Never returns: it is killed, or ends with its parent."""
    try:
        for outcome in work():
            _send(pipe, outcome)
    except BaseException as error:  # noqa: B902 - told to the parent
        _send(pipe, f"{type(error).__name__}: {error}")
    os.read(waits, 1)
    os._exit(1)


def _send(pipe: int, outcome: Any) -> None:
    data = pickle.dumps(outcome)
    os.write(pipe, struct.pack("I", len(data)) + data)


def _told(pipe: Any) -> Optional[Outcome]:
    head = pipe.read(4)
    if len(head) < 4:
        return None
    data = pipe.read(struct.unpack("I", head)[0])
    outcome: Outcome = pickle.loads(data)
    return outcome


def _rule_for(domain: str) -> Any:
    strategy = st.one_of([row.strategy() for row in DOMAINS[domain] if not row.guard])

    def operate(self: Machine, operation: Operation, how: str) -> None:
        self.perform([operation], how, False)

    operate.__name__ = domain
    return rule(operation=strategy, how=st.sampled_from(["os", "os", "durable", "later"]))(operate)


SINGLE = {
    f"{domain}_{times}": domain
    for domain in DOMAINS
    for times in range(3 if domain == "outbox" else 2)  # as often as there is to do in it
}
"""The rules that do one operation, and of which domain."""
for _name, _domain in SINGLE.items():
    setattr(Machine, _name, _rule_for(_domain))
