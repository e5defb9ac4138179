import math
import time
from datetime import timedelta

import pytest

import holdfast
from holdfast import InboxInput

from instants import at, us


def test_what_was_dismissed_stays_dismissed(store):
    assert (
        store.inbox.save(
            "ada", [InboxInput("t1", "hello", unread=True), InboxInput("t2")], generated_at=at(10)
        ).count
        == 2
    )
    assert store.inbox.dismiss("ada", "t1", now=at(11)).changed
    assert not store.inbox.dismiss("ada", "t1").changed
    store.inbox.save("ada", [InboxInput("t1", "again")], generated_at=at(12))
    record = store.inbox.get("ada", "t1")
    assert (
        record.dismissed
        and record.dismissed_at == at(11)
        and record.payload == b"again"
        and record.snapshot_at == at(12)
    )
    assert [key.thread for key in store.inbox.dismissed("ada")] == ["t1"]
    store.inbox.undismiss("ada", "t1")
    assert not store.inbox.get("ada", "t1").dismissed


def test_marks_and_counts(store):
    store.inbox.save("ada", [InboxInput(f"t{i}", unread=True, account="a") for i in range(5)])
    store.inbox.mark_read("ada", "t0", "a", now=at(7))
    store.inbox.mark_seen("ada", "t1", "a", now=at(8))
    store.inbox.mark_unread("ada", "t0", "a")
    counts = store.inbox.counts("ada")
    assert (counts.total, counts.unread, counts.unseen, counts.dismissed) == (5, 5, 4, 0)
    assert store.inbox.get("ada", "t1", "a").seen_at == at(8)
    with pytest.raises(holdfast.NotFoundError):
        store.inbox.mark_read("ada", "t9", "a")


def test_load_filters_and_pages(store):
    records = [
        InboxInput(f"t{i:03}", unread=i % 2 == 0, dismissed=i % 3 == 0, score=i) for i in range(600)
    ]
    store.inbox.save("ada", records, generated_at=at(5))
    store.inbox.snooze("ada", "t001", until=at(2**62))
    loaded = [record.thread for record in store.inbox.load("ada")]
    assert loaded == [f"t{i:03}" for i in reversed(range(600))]
    wanted = [
        record for record in store.inbox.load("ada") if record.unread and not record.dismissed
    ]
    assert list(store.inbox.load("ada", unread_only=True, without_dismissed=True)) == wanted
    assert len(list(store.inbox.load("ada", without_snoozed=True))) == 599
    first = store.inbox.load_page("ada", limit=10)
    assert first.generated_at == at(5) and len(first) == 10 and first.next
    second = store.inbox.load_page("ada", limit=10, page=first.next)
    assert [record.thread for record in second] == loaded[10:20]
    with pytest.raises(holdfast.InvalidError):
        store.inbox.load_page("bob", limit=10, page=first.next)
    with pytest.raises(holdfast.InvalidError):
        store.inbox.load_page("ada", page="é")


def test_a_snooze_ends_by_itself(store):
    store.inbox.save("ada", [InboxInput("t")])
    store.inbox.snooze("ada", "t", until=at(time.time_ns() // 1000 + 200_000))
    assert list(store.inbox.load("ada", without_snoozed=True)) == []
    deadline = time.monotonic() + 10
    while not list(store.inbox.load("ada", without_snoozed=True)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    store.inbox.snooze("ada", "t", until=None)
    assert store.inbox.get("ada", "t").snoozed_until is None


def test_marks_of_all_spare_what_came_later(store):
    store.inbox.save("ada", [InboxInput("a", unread=True), InboxInput("b", unread=True)])
    shown = max(record.saved for record in store.inbox.load("ada"))
    store.inbox.save("ada", [InboxInput("c", unread=True)])
    result = store.inbox.mark_all_read("ada", up_to=shown)
    assert result.changed and result.count == 2
    assert [record.thread for record in store.inbox.load("ada", unread_only=True)] == ["c"]
    assert store.inbox.dismiss_all("ada", account="primary").count == 3
    assert not store.inbox.dismiss_all("ada").changed


def test_tombstones(store):
    store.inbox.save(
        "ada",
        [InboxInput("a"), InboxInput("b", dismissed=True), InboxInput("c", dismissed=True)],
        now=at(3),
    )
    store.inbox.remove("ada", "a", tombstone_for=timedelta(hours=1))
    store.inbox.save("ada", [InboxInput("c")], replace=True)
    store.inbox.save("ada", [InboxInput("a"), InboxInput("b")])
    assert [(record.thread, record.dismissed) for record in store.inbox.load("ada")] == [
        ("b", True),
        ("c", True),
    ]
    assert store.inbox.get("ada", "b").dismissed_at == at(3)
    [tombstone] = store.inbox.tombstones("ada")
    assert tombstone.thread == "a" and not tombstone.dismissed
    assert store.inbox.tombstones_page("ada", thread="a").items == [tombstone]
    with pytest.raises(holdfast.ConflictError):
        store.inbox.put_tombstone("ada", "b", until=at(2**62))
    store.inbox.put_tombstone("ada", "a", until=None)
    assert list(store.inbox.tombstones("ada")) == []
    store.inbox.save("ada", [], replace=True, tombstone_for=us(0))
    assert list(store.inbox.tombstones("ada")) == []
    store.inbox.put_tombstone("ada", "z", until=at(2**62), dismissed=True, dismissed_at=at(9))
    assert store.inbox.clear("ada").changed and not store.inbox.clear("ada").changed


def test_prune_trim_remove(store):
    store.inbox.save(
        "ada",
        [InboxInput(f"t{i}", account=account) for account in ("a", "b") for i in range(4)],
        generated_at=at(5),
    )
    assert not store.inbox.prune("ada", []).changed
    assert store.inbox.prune("ada", ["a"]).count == 4
    assert store.inbox.trim("ada", max_records=1, dry_run=True).count == 3
    assert store.inbox.trim("ada", max_records=3).count == 1
    assert store.inbox.trim("ada", max_age=timedelta(days=1)).count == 3
    with pytest.raises(holdfast.NotFoundError):
        store.inbox.remove("ada", "t0", "a")


def test_status_and_users(store):
    assert store.inbox.status("ada").version == 0
    version = store.inbox.set_status("ada", b"\0ok", expect=holdfast.ABSENT).version
    assert store.inbox.status("ada") == holdfast.InboxStatus(b"\0ok", version)
    store.inbox.save("bob", [InboxInput("t")])
    assert list(store.inbox.users()) == ["ada", "bob"]


def test_a_restored_record_has_all_its_times(store):
    record = InboxInput(
        "t",
        b"p",
        "a",
        True,
        True,
        -0.5,
        updated_at=at(1),
        snapshot_at=at(2),
        seen_at=at(3),
        read_at=at(4),
        dismissed_at=at(5),
        snoozed_until=at(6),
    )
    store.inbox.save("ada", [record], restore=True)
    found = store.inbox.get("ada", "t", "a")
    assert (
        found.updated_at,
        found.snapshot_at,
        found.seen_at,
        found.read_at,
        found.dismissed_at,
        found.snoozed_until,
    ) == tuple(map(at, range(1, 7)))
    assert found.score == -0.5 and found.unread and found.dismissed
    with pytest.raises(holdfast.InvalidError):
        store.inbox.save("ada", [InboxInput("t", score=math.nan)])
