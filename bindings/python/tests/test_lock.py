"""Locks and migrations through the package."""

import threading

import pytest

import holdfast

from instants import us


def test_a_lock_has_one_holder_and_fences_the_one_before(store):
    held = store.locks.acquire("leader", "a", lease=us(60_000_000))
    with pytest.raises(holdfast.HeldError):
        store.locks.acquire("leader", "b")
    with pytest.raises(holdfast.TimedOutError):
        store.locks.acquire("leader", "b", wait=us(1000))
    again = store.locks.acquire("leader", "a")
    assert again.token > held.token
    with pytest.raises(holdfast.StaleError):
        store.locks.check("leader", held.token)
    store.locks.check("leader", again.token)
    lock = store.locks.get("leader")
    assert (lock.owner, lock.token, lock.lease_until) == ("a", again.token, None)
    with pytest.raises(holdfast.ReasonRequiredError):
        store.locks.force_release("leader", reason=" ")
    store.locks.force_release("leader", reason="stuck")
    assert list(store.locks.list()) == [] and store.locks.stats().held == 0


def test_who_waits_gets_it(store):
    held = store.locks.acquire("l", "a")
    got = []
    waiter = threading.Thread(
        target=lambda: got.append(store.locks.acquire("l", "b", wait=holdfast.FOR_EVER).token)
    )
    waiter.start()
    store.locks.release("l", held.token)
    waiter.join()
    assert got[0] > held.token


def test_a_guard_writes_only_while_it_is_held(store):
    held = store.locks.acquire("l", "a")
    with store.transaction() as txn:
        txn.locks.guard_held("l", held.token)
        txn.documents.put("c", "1")
    store.locks.release("l", held.token)
    with pytest.raises(holdfast.StaleError):
        with store.transaction() as txn:
            txn.locks.guard_held("l", held.token)
            txn.documents.put("c", "2")
    assert not store.documents.has("c", "2")


def test_alone_gives_what_it_gave_or_raises_what_it_raised(store):
    assert store.locks.alone("l", lambda: 7) == 7
    with pytest.raises(KeyError):
        store.locks.alone("l", lambda: {}["missing"])
    store.locks.acquire("l", "a")
    with pytest.raises(holdfast.HeldError):
        store.locks.alone("l", lambda: 7)


def test_migrations_are_made_once_or_not_at_all(store):
    def fill(txn):
        txn.documents.put("c", "1", b"new")
        txn.outbox.enqueue("q", "1")
        txn.outbox.claim("q", "1", "it")

    def fails(txn):
        txn.documents.put("c", "2")
        raise KeyError("no")

    assert store.migrate([("one", fill)]) == holdfast.Migrated(applied=1, skipped=0)
    with pytest.raises(KeyError):
        store.migrate([("one", fill), ("two", fails)])
    assert not store.documents.has("c", "2") and not store.migrations.applied("two")
    assert [m.name for m in store.migrations.list()] == ["one"]
    with pytest.raises(ValueError):
        store.migrate([("three", lambda txn: txn.commit())])
    assert store.migrate([("one", fill), ("two", lambda txn: None)]) == holdfast.Migrated(
        applied=1, skipped=1
    )
    store.migrations.forget("one")
    assert not store.migrations.applied("one")


def test_a_migration_is_known_by_its_checksum_and_an_older_list_is_refused(store):
    def nothing(txn):
        pass

    for wrong in -1, 2**64, 1.5, "7", True:
        with pytest.raises((TypeError, ValueError)):
            store.migrate([("one", nothing, wrong)])
    with pytest.raises(TypeError):
        store.migrate([("one", nothing, 7, 8)])
    assert store.migrate([("one", nothing, 2**64 - 1), ("two", nothing, None)]).applied == 2
    store.migrations.record("three", checksum=0)
    assert [m.checksum for m in store.migrations.list()] == [2**64 - 1, None, 0]
    steps = [("one", nothing, 2**64 - 1), ("two", nothing, 5), ("three", nothing)]
    assert store.migrate(steps) == holdfast.Migrated(applied=0, skipped=3)
    with pytest.raises(holdfast.ConflictError):
        store.migrate([("one", nothing, 5)] + steps[1:])
    with pytest.raises(holdfast.ConflictError):
        store.migrate([("zero", nothing)] + steps[:2] + [("three", nothing, 1)])
    assert not store.migrations.applied("zero")
    with pytest.raises(holdfast.ConflictError):
        store.migrations.record("three", checksum=1)
    with pytest.raises(holdfast.ConflictError):
        store.migrate(steps[:2])
    assert store.migrate(iter(steps)) == holdfast.Migrated(applied=0, skipped=3)


def test_closing_wakes_those_who_wait(tmp_path):
    store = holdfast.open(tmp_path / "s", create=True)
    store.locks.acquire("l", "a")
    told, waits = [], threading.Barrier(4)

    def wait(call):
        waits.wait()
        try:
            call()
        except (holdfast.CanceledError, ValueError) as error:
            told.append(error)

    calls = [
        lambda: store.locks.acquire("l", "b", wait=holdfast.FOR_EVER),
        lambda: store.locks.alone("l", lambda: None, wait=holdfast.FOR_EVER),
        lambda: store.outbox.claim_next("q", "w", wait=holdfast.FOR_EVER),
    ]
    threads = [threading.Thread(target=wait, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    waits.wait()
    while (
        len(store._gate.uses) < 3
    ):  # all of them are on their way in; where exactly must not matter
        pass
    store.close()
    for thread in threads:
        thread.join()
    assert [type(error) for error in told] == [holdfast.CanceledError] * 3
