"""What spares callers code of their own: what may be missing, objects that can be put, instants and
durations, what a load tells, files of a store, progress."""

import dataclasses
import enum
import inspect
import pickle
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone, tzinfo

import pytest

import holdfast
from holdfast import Document, IdempotencyEntry, InboxInput, InboxRecord, OutboxItem, TimelineEvent

from instants import at, us

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=timezone.utc)

# --- What may be missing

MISSING = {
    "dismiss": lambda o, **k: o.inbox.dismiss("u", "t", **k),
    "undismiss": lambda o, **k: o.inbox.undismiss("u", "t", **k),
    "mark_read": lambda o, **k: o.inbox.mark_read("u", "t", **k),
    "mark_unread": lambda o, **k: o.inbox.mark_unread("u", "t", **k),
    "mark_seen": lambda o, **k: o.inbox.mark_seen("u", "t", **k),
    "snooze": lambda o, **k: o.inbox.snooze("u", "t", until=NOW, **k),
    "remove record": lambda o, **k: o.inbox.remove("u", "t", **k),
    "remove cursor": lambda o, **k: o.cursors.remove("c", "s", **k),
    "remove item": lambda o, **k: o.outbox.remove("q", "1", **k),
    "complete item": lambda o, **k: o.outbox.complete("q", "1", 77, **k),
    "fail item": lambda o, **k: o.outbox.fail("q", "1", 77, **k),
    "release item": lambda o, **k: o.outbox.release("q", "1", 77, **k),
    "mark_failed": lambda o, **k: o.outbox.mark_failed("q", "1", **k),
    "retry": lambda o, **k: o.outbox.retry("q", "1", **k),
    "reschedule": lambda o, **k: o.outbox.reschedule("q", "1", available_at=NOW, **k),
    "remove entry": lambda o, **k: o.idempotency.remove("s", "k", **k),
    "remove document": lambda o, **k: o.documents.remove("c", "d", **k),
    "regroup": lambda o, **k: o.documents.regroup("c", "d", "g", **k),
    "forget": lambda o, **k: o.migrations.forget("m", **k),
}


@pytest.mark.parametrize("what", MISSING)
def test_what_is_missing_is_no_refusal_where_the_caller_says_so(store, what):
    call = MISSING[what]
    with pytest.raises(holdfast.NotFoundError):
        call(store)
    result = call(store, missing_ok=True)
    assert (result.changed, result.version, result.count) == (False, 0, 0)
    later = call(store.later(), missing_ok=True)
    assert not later.changed and later.ticket.wait()
    with store.transaction() as txn:
        before = txn.documents.put("c", "before")
        nothing = call(txn, missing_ok=True)
        behind = txn.documents.put("c", "behind")
    assert before.changed and behind.changed and not nothing.changed
    with pytest.raises(holdfast.NotFoundError) as refused:
        with store.transaction() as txn:
            txn.documents.put("c", "lost")
            call(txn)
    assert refused.value.operation == 1 and not store.documents.has("c", "lost")
    with pytest.raises(TypeError):
        call(store, missing_ok=1)


def test_what_an_earlier_operation_made_is_not_missing(store):
    with store.transaction() as txn:
        txn.documents.put("c", "d")
        removed = txn.documents.remove("c", "d", missing_ok=True)
        again = txn.documents.remove("c", "d", missing_ok=True)
    assert removed.changed and not again.changed and not store.documents.has("c", "d")


def test_an_expected_version_of_what_is_missing_conflicts_all_the_same(store):
    with pytest.raises(holdfast.ConflictError):
        store.documents.remove("c", "d", expect=5, missing_ok=True)


# --- Objects that can be put


def test_a_document_goes_round(store):
    store.documents.put("c", "d", b"\0x", group="g", expires_at=NOW + timedelta(days=9999))
    found = store.documents.get("c", "d")
    assert not store.documents.put(found).changed
    store.documents.remove("c", "d")
    assert store.documents.put(found).changed
    assert replace(store.documents.get("c", "d"), version=found.version) == found
    with holdfast.open(":memory:") as other:
        other.documents.put(found)
        assert replace(other.documents.get("c", "d"), version=found.version) == found
    store.documents.put(replace(found, payload=b"y"), expect=store.documents.get("c", "d").version)
    assert store.documents.get("c", "d").payload == b"y"
    assert store.documents.put(Document("c", "built")).changed
    built = store.documents.get("c", "built")
    assert (built.payload, built.group, built.expires_at) == (b"", "", None)
    with pytest.raises(holdfast.ConflictError):
        store.documents.put(Document("c", "built"), expect=holdfast.ABSENT)
    for wrong in (
        lambda: store.documents.put(found, "d"),
        lambda: store.documents.put(found, group="g"),
        lambda: store.documents.put(found, ttl=us(1)),
        lambda: store.documents.put("c"),
        lambda: store.documents.put(replace(found, payload=5)),
        lambda: store.documents.put(replace(found, created_at=5)),
    ):
        with pytest.raises(TypeError):
            wrong()


def test_an_item_goes_round(store):
    store.outbox.enqueue("q", "1", b"p", priority=3, group="g", extra=b"e", max_attempts=7)
    found = store.outbox.get("q", "1")
    assert not store.outbox.put(found).changed
    store.outbox.put(found, queue="r")
    there = store.outbox.get("r", "1")
    assert replace(there, queue="q", version=found.version, place=found.place) == found
    store.outbox.put(OutboxItem("2", b"built", queue="q"))
    [first, second] = store.outbox.claim_next("q", "w", max=2)
    assert {first.id, second.id} == {"1", "2"} and second.enqueued_at is not None
    assert store.outbox.put(second).changed, "it was held, and is queued again"
    assert store.outbox.get("q", second.id).status is holdfast.Status.QUEUED
    with store.transaction() as txn:
        txn.outbox.put(OutboxItem("3", queue="q"))
    assert store.later().outbox.put(OutboxItem("4", queue="q")).ticket.wait()
    assert store.outbox.stats("q").queued.items == 3
    with pytest.raises(holdfast.InvalidError):
        store.outbox.put(OutboxItem("no queue"))


def test_a_record_goes_round(store):
    store.inbox.save("u", [InboxInput("t", b"p", "a", unread=True, score=2.5)], generated_at=NOW)
    store.inbox.mark_seen("u", "t", "a")
    found = store.inbox.get("u", "t", "a")
    assert not store.inbox.put(found).changed
    with holdfast.open(":memory:") as other:
        other.inbox.put(found)
        there = other.inbox.get("u", "t", "a")
        assert replace(there, version=found.version, saved=found.saved) == found
        other.inbox.put(InboxRecord("u", "built"))
        assert other.inbox.get("u", "built").account == "primary"
        other.inbox.save("v", list(store.inbox.load("u")), restore=True)
        assert other.inbox.get("v", "t", "a").seen_at == found.seen_at


def test_events_entries_cursors_and_locks_go_round(store):
    store.timelines.append(TimelineEvent("t", "1", "made", b"p", "subject", NOW))
    assert store.timelines.get("t", "1").happened_at == NOW
    assert not store.timelines.append(store.timelines.get("t", "1")).changed
    store.idempotency.put(IdempotencyEntry("s", "k", b"f", status=201, response=b"r"))
    entry = store.idempotency.get("s", "k")
    assert entry.expires_at is None and not store.idempotency.put(entry).changed
    store.idempotency.begin("s", "busy")
    with pytest.raises(holdfast.InvalidError, match="belongs to its owner"):
        store.idempotency.put(store.idempotency.get("s", "busy"))
    store.cursors.put(holdfast.Cursor("c", "s", last_sequence=7))
    assert not store.cursors.put(store.cursors.get("c", "s")).changed
    store.locks.acquire("l", "me", lease=timedelta(hours=1))
    lock = store.locks.get("l")
    with holdfast.open(":memory:") as other:
        other.locks.put(lock)
        assert other.locks.get("l").lease_until == lock.lease_until


def test_tombstones_completed_ids_and_migrations_go_round(store):
    store.inbox.save("u", [InboxInput("t", account="a")])
    store.inbox.remove("u", "t", "a", tombstone_for=timedelta(days=3))
    [stone] = store.inbox.tombstones("u")
    assert not store.inbox.put_tombstone(stone).changed
    store.outbox.configure("q", dedup_window=timedelta(days=3))
    store.outbox.enqueue("q", "1")
    store.outbox.complete("q", "1", store.outbox.claim("q", "1", "w").token)
    [blocking] = store.outbox.completed("q")
    assert not store.outbox.put_completed("q", blocking).changed
    store.migrations.record("m", applied_at=NOW, checksum=7)
    [applied] = store.migrations.list()
    assert not store.migrations.record(applied).changed
    with holdfast.open(":memory:") as other:
        with other.transaction() as txn:
            txn.inbox.put_tombstone(stone)
            txn.outbox.configure("q", dedup_window=timedelta(days=3))
            txn.outbox.put_completed("q", blocking)
            txn.migrations.record(applied)
        assert [replace(s, version=stone.version) for s in other.inbox.tombstones("u")] == [
            stone
        ]
        assert [i.until for i in other.outbox.completed("q")] == [blocking.until]
        [there] = other.migrations.list()
        assert (there.name, there.applied_at, there.checksum) == ("m", NOW, 7)
        other.inbox.put_tombstone(replace(stone, until=None))
        assert list(other.inbox.tombstones("u")) == []
        built = other.inbox.put_tombstone(holdfast.Tombstone("u", "built", until=stone.until))
        assert built.changed and other.migrations.record(holdfast.Migration("built")).changed
    for wrong in (
        lambda: store.inbox.put_tombstone(stone, "t"),
        lambda: store.inbox.put_tombstone(stone, until=None, dismissed=True),
        lambda: store.inbox.put_tombstone("u"),
        lambda: store.outbox.put_completed("q", blocking, until=blocking.until),
        lambda: store.migrations.record(applied, checksum=7),
        lambda: store.documents.put(stone),
        lambda: store.documents.put(Document),
    ):
        with pytest.raises(TypeError, match="stands in|missing|str or bytes expected"):
            wrong()


def test_a_class_of_the_caller_is_put_as_the_one_that_it_extends(store):
    @dataclasses.dataclass(frozen=True)
    class Setting(Document):
        note: str = "not kept"

    class Bare(OutboxItem):
        __slots__ = ()

    setting = Setting("c", "d", b"p", note="here")
    assert store.documents.put(setting).changed and store.documents.get("c", "d").payload == b"p"
    store.outbox.put(Bare("1", b"p", queue="q", rerun=holdfast.Rerun(b"next")))
    found = store.outbox.get("q", "1")
    assert found.rerun.payload == b"next" and not store.outbox.put(found).changed
    assert store.documents.put(pickle.loads(pickle.dumps(store.documents.get("c", "d")))).count == 0
    again = Document(**dataclasses.asdict(store.documents.get("c", "d")))
    assert again == store.documents.get("c", "d") and not store.documents.put(again).changed


class _Text(str):
    def encode(self, *_):
        return b"another"


class _Bytes(bytes):
    def __bytes__(self):
        return b"another"


class _Kind(str, enum.Enum):
    RED = "red"


def test_a_subclass_of_text_or_bytes_is_what_it_holds(store):
    store.documents.put(_Text("c"), _Text("d"), _Bytes(b"p\0q"))
    assert store.documents.get("c", "d").payload == b"p\0q"
    store.documents.put("c", _Kind.RED, memoryview(b"abcd")[::2])
    assert store.documents.get("c", "red").payload == b"ac"


# --- Instants and durations


def test_instants_and_durations_are_named_by_keywords():
    """No call takes one by its place: in which unit a bare number is says neither."""
    looked = 0
    owners = [holdfast.Store, holdfast.Transaction, holdfast.Wait, holdfast.Ticket, holdfast.Feed]
    with holdfast.open(":memory:") as store:
        for made in (store, store.transaction(), store.later()):
            owners += [type(part) for part in vars(made).values() if hasattr(part, "_mutate")]
    for method in [getattr(o, name) for o in owners for name in dir(o) if name[0] != "_"]:
        if not inspect.isfunction(method):
            continue
        for name, parameter in inspect.signature(method).parameters.items():
            if re.search(r"\b(Time|Duration)\b", str(parameter.annotation)):
                looked += 1
                assert parameter.kind is parameter.KEYWORD_ONLY, (method, name)
            assert not name.endswith(("_us", "_ms", "_s", "seconds")), (method, name)
    assert looked > 100


class _NoZone(tzinfo):
    def utcoffset(self, _):
        return None


def test_a_zone_that_tells_no_offset_is_none(store):
    for wrong in (NOW.replace(tzinfo=_NoZone()), datetime(2026, 11, 20)):
        with pytest.raises(holdfast.InvalidError, match="without a time zone"):
            store.documents.put("c", "d", now=wrong)
    assert not store.documents.has("c", "d")


def test_numbers_are_no_instants_and_no_durations(store):
    for wrong in (
        lambda: store.locks.acquire("l", "me", lease=30_000_000),
        lambda: store.locks.acquire("l", "me", wait=0),
        lambda: store.outbox.claim_next("q", "w", wait=-1),
        lambda: store.outbox.claim_next("q", "w", lease=30.0),
        lambda: store.documents.put("c", "d", ttl=60),
        lambda: store.documents.put("c", "d", now=1_795_167_000_000_000),
        lambda: store.cursors.advance("c", "s", 1, delivered_at="2026-11-20"),
        lambda: store.inbox.save("u", [InboxInput("t", updated_at=5)]),
        lambda: store.outbox.fail("q", "1", 7, backoff=holdfast.Backoff(delay=5)),
        lambda: holdfast.open(":memory:", wait=5),
        lambda: store.maintain(budget=1000),
        lambda: store.feed().read(wait=5),
    ):
        with pytest.raises(TypeError, match="timedelta|datetime"):
            wrong()
    for wrong in (
        lambda: store.documents.put("c", "d", now=datetime(2026, 11, 20)),
        lambda: store.locks.acquire("l", "me", lease=timedelta(seconds=-1)),
        lambda: store.locks.acquire("l", "me", lease=holdfast.FOR_EVER),
        lambda: store.locks.acquire("l", "me", wait=timedelta(microseconds=-1)),
    ):
        with pytest.raises(holdfast.InvalidError):
            wrong()


def test_an_instant_of_any_zone_comes_back_in_utc(store):
    there = timezone(timedelta(hours=5, minutes=45))
    store.cursors.advance("c", "s", 1, delivered_at=NOW.astimezone(there))
    found = store.cursors.get("c", "s").last_delivered_at
    assert found == NOW and found.tzinfo is timezone.utc


def test_instants_that_a_datetime_cannot_hold_are_kept(store):
    for number in (2**62, -(2**62), -(2**63) + 1, 2**63 - 1):
        far = holdfast.FarTime(number)
        store.documents.put("c", "d", now=far)
        found = store.documents.get("c", "d").updated_at
        assert isinstance(found, holdfast.FarTime) and found.microseconds == number
        assert not store.documents.put(store.documents.get("c", "d")).changed
        assert found in (at(number), datetime.max.replace(tzinfo=timezone.utc)) or number < 0
        assert pickle.loads(pickle.dumps(found)).microseconds == number
        assert str(number) in repr(found)
    for wrong in (2**63, -(2**63)):
        with pytest.raises(holdfast.InvalidError):
            holdfast.FarTime(wrong)


# --- The rest


def test_a_load_tells_when_its_newest_picture_was_taken(store):
    assert store.inbox.load("u").generated_at is None
    store.inbox.save("u", [InboxInput(f"t{i:04}") for i in range(600)], generated_at=NOW)
    loaded = store.inbox.load("u")
    assert loaded.generated_at == NOW and len(list(loaded)) == 600 and list(loaded) == []
    store.inbox.save("u", [], replace=True, generated_at=NOW + us(5))
    assert store.inbox.load("u").generated_at == NOW + us(5)


@pytest.mark.parametrize("store", ["store"], indirect=True)
def test_the_files_of_a_store_are_told_with_what_keeps_them(store):
    store.documents.put("c", "d", b"x" * 10_000)
    store.compact()
    store.documents.put("c", "e")
    kinds = {segment.keeper for segment in store.segments()}
    assert holdfast.Keeper.HEAD in kinds and holdfast.Keeper.BASE in kinds
    outside = holdfast.segments("store")
    assert {s.file for s in outside} == {s.file for s in store.segments()}
    assert [s.payload_bytes for s in outside if s.snapshot] == [10_000]
    with pytest.raises(holdfast.NotFoundError):
        holdfast.segments("nowhere")
    with holdfast.open_read("store") as reader, pytest.raises(holdfast.ReadOnlyError):
        reader.segments()


def test_a_store_in_memory_has_files_too():
    with holdfast.open(":memory:") as store:
        store.documents.put("c", "d")
        assert [s.keeper for s in store.segments() if s.entries] == [holdfast.Keeper.HEAD]
        with pytest.raises(holdfast.InvalidError, match="is no directory"):
            holdfast.segments(":memory:")


def test_a_scrub_tells_how_far_it_is(store):
    for number in range(30):
        store.documents.put("c", str(number), b"x" * 300_000)
    told = []
    store.scrub(progress=lambda done, total: told.append((done, total)))
    assert told and all(total > 0 for _, total in told) and told[-1][0] > 0
    store.scrub(bytes_per_second=1 << 40)
    with pytest.raises(KeyError):
        store.scrub(progress=lambda done, total: {}[done])
    with pytest.raises(TypeError):
        store.scrub(progress=5)
    assert store.info().scrub_rounds == 3
