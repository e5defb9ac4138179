"""Reads in a transaction, ``transact``, and tokens of earlier operations: holdfast/store.h."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Iterator, List

import pytest

import holdfast


@pytest.fixture
def store(tmp_path: Path) -> Iterator[holdfast.Store]:
    with holdfast.open(tmp_path / "store", create=True) as opened:
        yield opened


def put(store: holdfast.Store, id: str, text: str) -> None:
    store.documents.put("c", id, text)


# --- Reads
# --------------------------------------------------------------------------------------------------


def test_a_read_shows_what_is_committed_and_not_what_the_transaction_will_do(
    store: holdfast.Store,
) -> None:
    put(store, "a", "old")
    with store.transaction() as txn:
        txn.documents.put("c", "a", "new")
        assert txn.documents.get("c", "a").payload == b"old"
    assert store.documents.get("c", "a").payload == b"new"


READS = [
    lambda s: s.documents.get("c", "a").version,
    lambda s: s.documents.has("c", "b"),
    lambda s: s.documents.count("c").documents,
    lambda s: [d.id for d in s.documents.list("c")],
    lambda s: list(s.documents.collections()),
    lambda s: s.outbox.stats("q").ready,
    lambda s: [i.id for i in s.outbox.list("q")],
    lambda s: [i.id for i in s.outbox.list_page("q", match=lambda item: True)],
    lambda s: s.inbox.counts("u").total,
    lambda s: [r.thread for r in s.inbox.load("u")],
    lambda s: s.timelines.count("t"),
    lambda s: s.timelines.latest_at("t"),
    lambda s: [c.last_sequence for c in s.cursors.list()],
    lambda s: [k.name for k in s.locks.list()],
    lambda s: s.locks.stats().held,
    lambda s: s.idempotency.has("s", "k"),
    lambda s: s.migrations.applied("m"),
]


def change_everything(store: holdfast.Store) -> None:
    put(store, "a", "2")
    put(store, "b", "2")
    store.documents.put("d", "a", "2")
    store.outbox.enqueue("q", "b", "")
    store.inbox.save("u", [holdfast.InboxInput("th2", b"")])
    store.timelines.append("t", "2", "kind")
    store.cursors.advance("c", "s", 9)
    store.locks.acquire("l2", "me")
    store.idempotency.begin("s", "k")
    store.migrations.record("m")


@pytest.mark.parametrize("read", range(len(READS)))
def test_what_every_read_saw_must_be_so_at_the_commit(store: holdfast.Store, read: int) -> None:
    put(store, "a", "1")
    store.outbox.enqueue("q", "a", "")
    store.cursors.advance("c", "s", 1)
    store.timelines.append("t", "1", "kind")
    with store.transaction() as txn:
        READS[read](txn)  # nothing happens
    with pytest.raises(holdfast.ConflictError) as refused:
        with store.transaction() as txn:
            READS[read](txn)
            change_everything(store)
            txn.documents.put("c", "effect", "")
    assert refused.value.operation == holdfast.OPERATION_READ
    assert not store.documents.has("c", "effect")


def test_what_is_not_there_is_no_failure_of_the_transaction(store: holdfast.Store) -> None:
    with store.transaction() as txn:
        with pytest.raises(holdfast.NotFoundError):
            txn.documents.get("c", "a")
        put(store, "other", "")  # it is still not there
        txn.documents.put("c", "a", "mine")
    assert store.documents.get("c", "a").payload == b"mine"
    with pytest.raises(holdfast.ConflictError):
        with store.transaction() as txn:
            assert not txn.documents.has("c", "b")
            put(store, "b", "theirs")
            txn.documents.put("c", "b", "mine")
    assert store.documents.get("c", "b").payload == b"theirs"


# --- Transact
# --------------------------------------------------------------------------------------------------


def test_a_function_runs_again_until_nobody_was_in_its_way(store: holdfast.Store) -> None:
    put(store, "n", "0")
    seen: List[bytes] = []

    def add(txn: holdfast.Transaction) -> int:
        seen.append(txn.documents.get("c", "n").payload)
        if len(seen) < 3:
            put(store, "n", str(10 * len(seen)))
        number = int(seen[-1]) + 1
        txn.documents.put("c", "n", str(number))
        return number

    assert store.transact(add) == 21
    assert seen == [b"0", b"10", b"20"]
    assert store.documents.get("c", "n").payload == b"21"


def test_tries_end(store: holdfast.Store) -> None:
    put(store, "n", "0")
    calls: List[int] = []

    def never(txn: holdfast.Transaction) -> None:
        txn.documents.get("c", "n")
        put(store, "n", "1")
        calls.append(1)

    with pytest.raises(holdfast.ConflictError):
        store.transact(never, tries=3)
    assert len(calls) == 3


def test_what_the_function_raises_ends_it_and_nothing_is_committed(store: holdfast.Store) -> None:
    class Poor(Exception):
        pass

    put(store, "n", "0")

    def refuse(txn: holdfast.Transaction) -> None:
        txn.documents.put("c", "n", "1")
        if txn.documents.get("c", "n").payload == b"0":
            raise Poor("no money")

    with pytest.raises(Poor, match="no money"):
        store.transact(refuse)
    assert store.documents.get("c", "n").payload == b"0"


def test_a_refusal_by_what_is_not_so_any_more_is_thought_over(store: holdfast.Store) -> None:
    put(store, "n", "0")
    calls: List[int] = []

    def refuse(txn: holdfast.Transaction) -> str:
        calls.append(1)
        poor = txn.documents.get("c", "n").payload == b"0"
        if len(calls) == 1:
            put(store, "n", "7")
        if poor:
            raise ValueError("no money")
        return "rich"

    assert store.transact(refuse) == "rich"
    assert len(calls) == 2


def test_sums_never_differ_while_threads_move_amounts(store: holdfast.Store) -> None:
    names = [f"a{i}" for i in range(10)]
    for name in names:
        put(store, name, "100")
    sums: List[int] = []

    def move(txn: holdfast.Transaction, source: str, target: str) -> None:
        a = int(txn.documents.get("c", source).payload)
        b = int(txn.documents.get("c", target).payload)
        txn.documents.put("c", source, str(a - 1))
        txn.documents.put("c", target, str(b + 1))

    def total(txn: holdfast.Transaction) -> int:
        return sum(int(document.payload) for document in txn.documents.list("c"))

    def work(number: int) -> None:
        for i in range(10):
            source, target = names[number], names[(number + i + 1) % 10]
            if source != target:
                store.transact(lambda txn: move(txn, source, target), tries=10_000)
            sums.append(store.transact(total, tries=10_000))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [1000] * 40


def test_a_transaction_that_was_lent_cannot_be_used_afterwards(store: holdfast.Store) -> None:
    kept: List[holdfast.Transaction] = []
    store.transact(kept.append)
    with pytest.raises(ValueError):
        kept[0].documents.put("c", "a", "")
    with pytest.raises(ValueError):
        kept[0].documents.has("c", "a")
    with pytest.raises(ValueError):
        store.transact(lambda txn: txn.commit())


# --- Tokens
# --------------------------------------------------------------------------------------------------


def test_a_claim_and_its_completion_are_one_transaction(store: holdfast.Store) -> None:
    store.outbox.enqueue("q", "a", "payload")
    with store.transaction() as txn:
        claim = txn.outbox.claim("q", "a", "me")
        txn.documents.put("c", "a", "done")
        txn.outbox.complete("q", "a", claim)
    assert claim.value.payload == b"payload"
    assert claim.token == claim.value.token != 0
    with pytest.raises(holdfast.NotFoundError):
        store.outbox.get("q", "a")


def test_each_kind_of_token_can_be_named(store: holdfast.Store) -> None:
    store.outbox.enqueue("q", "a", "")
    with store.transaction() as txn:
        claim = txn.outbox.claim("q", "a", "me", lease=timedelta(seconds=9))
        txn.outbox.fail("q", "a", claim, "broken")
        lock = txn.locks.acquire("l", "me")
        txn.locks.guard_held("l", lock)
        txn.locks.renew("l", lock, lease=timedelta(seconds=9))
        begun = txn.idempotency.begin("s", "k")
        txn.idempotency.complete("s", "k", begun, response="answer")
    assert store.outbox.get("q", "a").attempts == 1
    assert store.locks.get("l").token == lock.token
    store.locks.release("l", lock)  # committed: it is the token itself
    assert store.idempotency.get("s", "k").response == b"answer"
    assert begun.value.token == begun.token


def test_a_token_of_another_transaction_is_refused(store: holdfast.Store) -> None:
    store.outbox.enqueue("q", "a", "")
    other = store.transaction()
    claim = other.outbox.claim("q", "a", "me")
    with pytest.raises(holdfast.InvalidError):
        store.outbox.complete("q", "a", claim)
    with pytest.raises(holdfast.InvalidError):
        with store.transaction() as txn:
            txn.outbox.complete("q", "a", claim)
    with pytest.raises(holdfast.InvalidError):  # grants none
        with store.transaction() as txn:
            put_ = txn.documents.put("c", "a", "")
            txn.outbox.complete("q", "a", put_)
    other.abandon()
    assert store.outbox.get("q", "a").status == holdfast.Status.QUEUED
