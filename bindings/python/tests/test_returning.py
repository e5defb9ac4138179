"""Mutations that give the object back as it is afterwards."""

import threading

import holdfast
import pytest

from instants import at, us


def gives(asked, get):
    """What ``asked`` gave back is what ``get`` gives."""
    assert asked.object is not None and asked.object == get()


def test_each_kind_of_object_comes_back(store):
    s = store
    inbox, item = s.inbox, s.outbox
    s.idempotency.begin("s", "k", fingerprint=b"f")
    token = s.idempotency.get("s", "k").token
    gives(s.cursors.advance("c", "s", 5, returning=True), lambda: s.cursors.get("c", "s"))
    gives(s.cursors.record_error("c", "s", "x", returning=True), lambda: s.cursors.get("c", "s"))
    reset = s.cursors.reset("c", "s", 1, reason="r", returning=True)
    gives(reset, lambda: s.cursors.get("c", "s"))
    gives(s.documents.put("c", "d", b"p", returning=True), lambda: s.documents.get("c", "d"))
    gives(s.documents.regroup("c", "d", "g", returning=True), lambda: s.documents.get("c", "d"))
    gives(s.timelines.append("t", "e", "made", returning=True), lambda: s.timelines.get("t", "e"))
    gives(s.locks.acquire("l", "me", lease=us(10**8), returning=True), lambda: s.locks.get("l"))
    gives(
        s.idempotency.complete("s", "k", token, response=b"r", returning=True),
        lambda: s.idempotency.get("s", "k"),
    )
    record = holdfast.InboxInput(thread="t", payload=b"p")
    saved = inbox.save("u", [record], generated_at=at(1), returning=True)
    gives(saved, lambda: inbox.get("u", "t"))
    for mark in inbox.dismiss, inbox.undismiss, inbox.mark_read, inbox.mark_unread, inbox.mark_seen:
        gives(mark("u", "t", returning=True), lambda: inbox.get("u", "t"))
    gives(inbox.snooze("u", "t", until=at(7), returning=True), lambda: inbox.get("u", "t"))
    gives(item.enqueue("q", "i", b"p", returning=True), lambda: item.get("q", "i"))
    claimed = item.claim("q", "i", "w", lease=us(10**8)).token
    extended = item.extend("q", "i", claimed, lease=us(10**9), returning=True)
    gives(extended, lambda: item.get("q", "i"))
    gives(item.fail("q", "i", claimed, reason="x", returning=True), lambda: item.get("q", "i"))
    gives(item.mark_failed("q", "i", reason="x", returning=True), lambda: item.get("q", "i"))
    gives(item.retry("q", "i", returning=True), lambda: item.get("q", "i"))
    claimed = item.claim("q", "i", "w").token
    assert item.complete("q", "i", claimed, returning=True).object is None  # it is gone


def test_what_changed_nothing_comes_back_as_it_stands(store):
    first = store.documents.put("c", "d", b"p" * 5000, now=at(7), returning=True)
    again = store.documents.put("c", "d", b"p" * 5000, now=at(7), returning=True)
    assert not again.changed and again.object == first.object
    bare = store.documents.put("c", "d", b"p" * 5000, now=at(7), returning="without_payload")
    assert bare.object.payload == b"" and bare.object.version == first.version
    assert store.documents.put("c", "d", b"p", now=at(8)).object is None  # it was not asked for


def test_several_records_have_no_one_object(store):
    records = [holdfast.InboxInput(thread=name) for name in "ab"]
    with pytest.raises(holdfast.InvalidError):
        store.inbox.save("u", records, generated_at=at(1), returning=True)
    for wrong in 1, "payload", None:
        with pytest.raises(TypeError):
            store.cursors.advance("c", "s", 1, returning=wrong)
    assert store.inbox.counts("u").total == 0


def test_in_a_transaction_it_is_there_after_the_commit(store):
    with store.transaction() as txn:
        one = txn.cursors.record_error("c", "s", "x", returning=True)
        two = txn.cursors.record_error("c", "s", "y", returning=True)
        gone = txn.locks.acquire("l", "me", returning=True)
        with pytest.raises(RuntimeError):
            one.object  # noqa: B018
    assert (one.object.error_count, two.object.error_count) == (1, 2)
    assert gone.object == store.locks.get("l")
    txn = store.transaction()
    never = txn.cursors.record_error("c", "s", "z", returning=True)
    txn.abandon()
    with pytest.raises(RuntimeError):
        never.object  # noqa: B018
    with pytest.raises(holdfast.ConflictError):
        with store.transaction() as txn:
            txn.cursors.record_error("c", "s", "z", returning=True)
            txn.cursors.guard("c", "s", expect=holdfast.ABSENT)
    assert store.cursors.get("c", "s").error_count == 2


def test_later_it_is_there_at_once(store):
    result = store.later().documents.put("c", "d", b"p", returning=True)
    assert result.object.payload == b"p" and result.ticket.wait()


def test_threads_get_the_state_that_each_of_them_made(store):
    counts, each = [], 40
    how = {"durability": holdfast.OS, "returning": True}

    def count():
        for _ in range(each):
            counts.append(store.cursors.record_error("c", "s", "x", **how).object.error_count)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == list(range(1, 8 * each + 1))
