"""Idempotency through the package: the four outcomes, fencing, the raw store, transactions."""

from datetime import datetime, timedelta, timezone

import pytest

import holdfast

from instants import at, us


def test_work_is_done_once_and_replayed(store):
    begun = store.idempotency.begin("pay", "k-1", fingerprint=b"f", lease=us(60_000_000))
    assert begun.outcome is holdfast.Outcome.NEW and begun.token and begun.lease_until
    again = store.idempotency.begin("pay", "k-1", fingerprint=b"f")
    assert (
        again.outcome is holdfast.Outcome.IN_PROGRESS
        and again.lease_until == begun.lease_until
        and again.token == 0
    )
    assert (
        store.idempotency.begin("pay", "k-1", fingerprint=b"g").outcome is holdfast.Outcome.MISMATCH
    )
    store.idempotency.complete("pay", "k-1", begun.token, status=201, response=b"\0done")
    replay = store.idempotency.begin("pay", "k-1", fingerprint=b"f")
    assert (replay.outcome, replay.status, replay.response) == (
        holdfast.Outcome.REPLAY,
        201,
        b"\0done",
    )
    with pytest.raises(holdfast.StaleError):
        store.idempotency.complete("pay", "k-1", begun.token)


def test_an_effect_and_its_completion_are_one(store):
    with store.transaction() as txn:
        begun = txn.idempotency.begin("pay", "k", expect=holdfast.ABSENT)
        txn.outbox.enqueue("mail", "receipt")
    assert begun.value.outcome is holdfast.Outcome.NEW
    with pytest.raises(holdfast.StaleError) as refused:
        with store.transaction() as txn:
            txn.outbox.enqueue("mail", "other")
            txn.idempotency.guard_owner("pay", "k", begun.value.token + 1)
    assert refused.value.operation == 1
    assert [item.id for item in store.outbox.list("mail")] == ["receipt"]


def test_the_raw_store(store):
    store.idempotency.put("s", "a", status=1, expires_at=holdfast.NEVER)
    store.idempotency.put("s", "b", response=b"x", created_at=at(5), expires_at=at(2**62))
    assert [(e.key, e.status, e.response, e.expires_at) for e in store.idempotency.list("s")] == [
        ("a", 1, b"", None),
        ("b", 0, b"x", at(2**62)),
    ]
    assert (
        store.idempotency.get("s", "b").created_at == at(5)
        and not store.idempotency.get("s", "b").expires_computed
    )
    assert store.idempotency.put(
        "s", "b", response=b"x", expires_at=at(2**62), expires_computed=True
    ).changed
    assert store.idempotency.get("s", "b").expires_computed
    assert store.idempotency.has("s", "a") and not store.idempotency.has("s", "c")
    assert store.idempotency.count("s").done == 2 and list(store.idempotency.scopes()) == ["s"]
    page = store.idempotency.list_page("s", limit=1)
    assert [e.key for e in store.idempotency.list_page("s", limit=1, page=page.next)] == ["b"]
    store.idempotency.remove("s", "a")
    assert store.idempotency.clear("s").count == 1
    with pytest.raises(holdfast.NotFoundError):
        store.idempotency.get("s", "a")


def test_what_nobody_did_can_be_begun_again(store):
    begun = store.idempotency.begin("s", "k")
    store.idempotency.abandon("s", "k", begun.token)
    assert store.idempotency.begin("s", "k").outcome is holdfast.Outcome.NEW


def test_a_put_says_how_long_it_lasts(store):
    store.idempotency.put("s", "k", ttl=timedelta(hours=2))
    left = store.idempotency.get("s", "k").expires_at - store.info().clock
    assert timedelta(hours=1) < left <= timedelta(hours=2)
    for at in (holdfast.NEVER, datetime(2030, 1, 1, tzinfo=timezone.utc)):
        with pytest.raises(holdfast.InvalidError):
            store.idempotency.put("s", "other", expires_at=at, ttl=timedelta(hours=2))
    with pytest.raises(TypeError, match="ttl"):
        store.idempotency.put(store.idempotency.get("s", "k"), ttl=timedelta(hours=2))
    assert not store.idempotency.has("s", "other")
