import dataclasses
import threading
from datetime import timedelta

import pytest

import holdfast
from holdfast import Backoff, BackoffKind, Dedup, OutboxInput, Status


def test_an_item_is_claimed_once_and_completed(store):
    store.outbox.enqueue("mail", "1", b"hi", priority=2)
    assert not store.outbox.enqueue("mail", "1", b"other").changed
    assert store.outbox.enqueue("mail", "1", b"other", dedup=Dedup.REPLACE).changed
    [item] = store.outbox.claim_next("mail", "me", lease=timedelta(minutes=1))
    assert item.payload == b"other" and item.owner == "me" and item.token and item.lease_until
    assert store.outbox.claim_next("mail", "you") == []
    with pytest.raises(holdfast.ClaimedError):
        store.outbox.claim("mail", "1", "you")
    assert store.outbox.extend("mail", "1", item.token, timedelta(minutes=5)).token == item.token
    with pytest.raises(holdfast.StaleError):
        store.outbox.complete("mail", "1", item.token + 1)
    assert store.outbox.complete("mail", "1", item.token).changed
    with pytest.raises(holdfast.NotFoundError):
        store.outbox.get("mail", "1")


def test_failing_with_backoff(store):
    store.outbox.enqueue("mail", "1", max_attempts=2)
    item = store.outbox.claim("mail", "1", "me")
    store.outbox.fail("mail", "1", item.token, "refused", backoff=Backoff(BackoffKind.FIXED, timedelta(hours=1)))
    found = store.outbox.get("mail", "1")
    assert (found.status, found.attempts, found.last_error) == (Status.QUEUED, 1, "refused")
    assert store.outbox.claim_next("mail", "me") == []
    item = store.outbox.claim("mail", "1", "me")
    store.outbox.fail("mail", "1", item.token, "again")
    assert store.outbox.get("mail", "1").status is Status.FAILED
    store.outbox.retry("mail", "1")
    store.outbox.mark_failed("mail", "1", "given up")
    assert store.outbox.get("mail", "1").attempts == 3


def test_many_at_once_lists_and_stats(store):
    assert store.outbox.enqueue_many("q", [OutboxInput(f"{i:04}", f"p{i}", enqueued_at=i + 1) for i in range(600)]).count == 600
    items = store.outbox.claim_next("q", "me", max=3)
    assert [item.id for item in items] == ["0000", "0001", "0002"]
    store.outbox.release("q", "0000", items[0].token)
    listed = list(store.outbox.list("q", status=Status.QUEUED, without_payload=True))
    assert len(listed) == 598 and listed[0].payload == b""
    seen = list(store.outbox.list("q", match=lambda item: item.payload.endswith(b"99")))
    assert [item.id for item in seen] == [f"{i:04}" for i in range(99, 600, 100)]
    stats = store.outbox.stats("q")
    assert (stats.queued.items, stats.sending.items, stats.failed.items, stats.queued.oldest) == (598, 2, 0, 1)
    store.outbox.configure("q", max_attempts=9, expect=holdfast.ABSENT)
    assert store.outbox.stats("q").max_attempts == 9
    assert list(store.outbox.queues()) == ["q"]
    assert store.outbox.clear("q").count == 600


def test_what_a_match_raises_is_raised(store):
    store.outbox.enqueue_many("q", [OutboxInput("1"), OutboxInput("2")])
    with pytest.raises(ZeroDivisionError):
        list(store.outbox.list("q", match=lambda item: 1 / 0))


def test_draining(store):
    store.outbox.enqueue_many("q", [OutboxInput(f"{i}", f"{i}") for i in range(6)])
    sent = []

    def send(item):
        if item.id in "24":
            raise ConnectionError(f"no route to {item.id}")
        sent.append(item.payload)

    drained = store.outbox.drain("q", send, max_attempts=1)
    assert (drained.sent, drained.failed, drained.requeued, drained.skipped) == (4, 2, 0, 0)
    assert sent == [b"0", b"1", b"3", b"5"]
    assert store.outbox.get("q", "2").last_error == "ConnectionError: no route to 2"

    def interrupted(item):
        raise KeyboardInterrupt

    store.outbox.retry("q", "2")
    with pytest.raises(KeyboardInterrupt):
        store.outbox.drain("q", interrupted)


def test_a_put_item_comes_back_as_it_was(store):
    item = holdfast.OutboxItem("1", b"p", Status.FAILED, 3, 4, -5, 6, 7, "no")
    store.outbox.put("q", item)
    found = store.outbox.get("q", "1")
    assert dataclasses.replace(found, version=0) == item
    store.outbox.remove("q", "1")


def test_a_claim_guards_a_transaction(store):
    store.outbox.enqueue("q", "1")
    token = store.outbox.claim("q", "1", "me").token
    with store.transaction() as txn:
        txn.outbox.guard_claim("q", "1", token)
        txn.cursors.advance("c", "s", 1)
        txn.outbox.complete("q", "1", token)
    with pytest.raises(holdfast.NotFoundError):
        with store.transaction() as txn:
            txn.outbox.guard_claim("q", "1", token)


def test_of_many_threads_one_gets_each_item(store):
    store.outbox.enqueue_many("q", [OutboxInput(f"{i}") for i in range(60)])
    got = []

    def work(name):
        while items := store.outbox.claim_next("q", name, max=2, durability=holdfast.OS):
            for item in items:
                got.append(item.id)
                store.outbox.complete("q", item.id, item.token, durability=holdfast.OS)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=int) == [f"{i}" for i in range(60)]
