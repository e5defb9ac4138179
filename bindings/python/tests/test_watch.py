"""Commits that are not waited for, the feed and subscriptions through the package."""

import select
import threading

import pytest

import holdfast

from instants import us

in_directory = pytest.mark.parametrize("store", ["store"], indirect=True)


def test_many_commits_of_one_thread_are_on_their_way(store):
    later = store.later()
    results = [later.cursors.advance("c", "s", n) for n in range(1, 65)]
    assert [r.changed for r in results] == [True] * 64
    assert all(r.ticket.wait() and r.ticket.poll() for r in results)
    assert store.cursors.get("c", "s").last_sequence == 64


def test_what_a_later_call_gives_has_a_ticket_too(store):
    later = store.later()
    later.outbox.enqueue("q", "1")
    claimed = later.outbox.claim_next("q", "w")
    assert claimed.value[0].id == "1" and claimed.ticket.wait()
    begun = later.idempotency.begin("s", "k")
    assert begun.value.outcome is holdfast.Outcome.NEW and begun.ticket.wait()
    with pytest.raises(holdfast.ClaimedError) as refused:
        later.outbox.claim("q", "1", "w")
    assert refused.value.ticket.wait()


def test_a_transaction_can_be_committed_later(store):
    txn = store.transaction()
    result = txn.cursors.advance("c", "s", 1)
    ticket = txn.commit_later()
    assert result.changed and ticket.wait()
    txn = store.transaction()
    txn.cursors.advance("c", "s", 1, delivery_id="other")
    with pytest.raises(holdfast.NonMonotonicError) as refused:
        txn.commit_later()
    assert refused.value.ticket.wait()


def test_a_ticket_calls_back(store):
    told = threading.Event()
    store.later().cursors.advance("c", "s", 1).ticket.when_answered(
        lambda ticket, error: error or told.set()
    )
    assert told.wait(30)


def test_an_event_loop_is_told(store):
    descriptor = store.eventfd()
    ticket = store.later().cursors.advance("c", "s", 1).ticket
    while not ticket.poll():
        assert select.select([descriptor], [], [], 30)[0]


@in_directory
def test_the_feed_has_every_change_in_order(store):
    with store.transaction() as txn:
        txn.cursors.advance("c", "s", 1, subject="j")
        txn.locks.acquire("l", "a")
    store.cursors.remove("c", "s", subject="j")
    with store.feed() as feed:
        events = feed.read()
        assert [(e.domain, e.key, e.removed, e.transaction_end) for e in events] == [
            ("cursor", ("c", "s", "j"), False, False),
            ("lock", ("l",), False, True),
            ("cursor", ("c", "s", "j"), True, True),
        ]
        assert feed.read() == [] and feed.next == events[-1].lsn + 1 and "c" in events[0].text
    with store.feed(events[-1].lsn) as feed:
        assert [e.lsn for e in feed.read()] == [events[-1].lsn]
    with pytest.raises(holdfast.InvalidError, match="1000"):
        store.feed(1000)
    with pytest.raises(holdfast.InvalidError, match="1000"):
        holdfast.feed("store", 1000)


def test_a_subscription_tells_of_what_it_was_asked_for(store):
    with store.subscribe("outbox", ["mail"]) as subscription:
        store.outbox.enqueue("other", "1")
        store.outbox.enqueue("mail", "1")
        assert select.select([subscription], [], [], 30)[0]
        events = subscription.read(wait=us(30_000_000))
        assert [(e.operation, e.key) for e in events] == [("enqueue", ("mail", "1"))]


def test_a_slow_subscriber_is_told_what_it_lost(store):
    with store.subscribe("cursor", ring=2) as subscription:
        for number in range(1, 10):
            store.cursors.advance("c", "s", number)
        seen = []
        while sum(e.lost or 1 for e in seen) < 9:
            seen += subscription.read(wait=us(30_000_000))
        assert [e for e in seen if e.lost] and sum(e.lost or 1 for e in seen) == 9


def test_a_callback_is_called(store):
    told = threading.Event()
    with store.subscribe("cursor", callback=lambda event: told.set()):
        store.cursors.advance("c", "s", 1)
        assert told.wait(30)


def test_iterating_ends_when_the_store_is_closed(tmp_path):
    store = holdfast.open(tmp_path / "s", create=True)
    subscription, feed, seen = store.subscribe(), store.feed(), []
    threads = [
        threading.Thread(target=lambda watch=watch: seen.extend(e.lsn for e in watch))
        for watch in (subscription, feed)
    ]
    for thread in threads:
        thread.start()
    store.cursors.advance("c", "s", 1)
    while seen != [1, 1]:
        pass
    store.close()
    for thread in threads:
        thread.join()
    subscription.close()
    feed.close()
