import dataclasses
import pathlib
import resource
import threading
from datetime import timedelta

import pytest

import holdfast
from holdfast import Backoff, BackoffKind, Dedup, OutboxInput, Status

from instants import at, us

in_directory = pytest.mark.parametrize("store", ["store"], indirect=True)


def test_an_item_is_claimed_once_and_completed(store):
    store.outbox.enqueue("mail", "1", b"hi", priority=2)
    assert not store.outbox.enqueue("mail", "1", b"other").changed
    assert store.outbox.enqueue("mail", "1", b"other", dedup=Dedup.REPLACE).changed
    [item] = store.outbox.claim_next("mail", "me", lease=timedelta(minutes=1))
    assert item.payload == b"other" and item.owner == "me" and item.token and item.lease_until
    assert store.outbox.claim_next("mail", "you") == []
    with pytest.raises(holdfast.ClaimedError):
        store.outbox.claim("mail", "1", "you")
    extended = store.outbox.extend("mail", "1", item.token, lease=timedelta(minutes=5))
    assert extended.token == item.token
    with pytest.raises(holdfast.StaleError):
        store.outbox.complete("mail", "1", item.token + 1)
    assert store.outbox.complete("mail", "1", item.token).changed
    with pytest.raises(holdfast.NotFoundError):
        store.outbox.get("mail", "1")


def test_failing_with_backoff(store):
    store.outbox.enqueue("mail", "1", max_attempts=2)
    item = store.outbox.claim("mail", "1", "me")
    store.outbox.fail(
        "mail", "1", item.token, "refused", backoff=Backoff(BackoffKind.FIXED, timedelta(hours=1))
    )
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
    assert (
        store.outbox.enqueue_many(
            "q", [OutboxInput(f"{i:04}", f"p{i}", enqueued_at=at(i + 1)) for i in range(600)]
        ).count
        == 600
    )
    items = store.outbox.claim_next("q", "me", max=3)
    assert [item.id for item in items] == ["0000", "0001", "0002"]
    store.outbox.release("q", "0000", items[0].token)
    listed = list(store.outbox.list("q", status=Status.QUEUED, without_payload=True))
    assert len(listed) == 598 and listed[0].payload == b""
    seen = list(store.outbox.list("q", match=lambda item: item.payload.endswith(b"99")))
    assert [item.id for item in seen] == [f"{i:04}" for i in range(99, 600, 100)]
    stats = store.outbox.stats("q")
    assert (stats.queued.items, stats.sending.items, stats.failed.items, stats.queued.oldest) == (
        598,
        2,
        0,
        at(1),
    )
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
    assert (drained.sent, drained.failed, drained.left, drained.changed) == (4, 2, 0, 0)
    assert sent == [b"0", b"1", b"3", b"5"]
    assert store.outbox.get("q", "2").last_error == "ConnectionError: no route to 2"

    def interrupted(item):
        raise KeyboardInterrupt

    store.outbox.retry("q", "2")
    with pytest.raises(KeyboardInterrupt):
        store.outbox.drain("q", interrupted)


def test_a_put_item_comes_back_as_it_was(store):
    item = holdfast.OutboxItem("1", b"p", Status.FAILED, 3, 4, -5, at(6), at(7), "no")
    store.outbox.put(item, queue="q")
    found = store.outbox.get("q", "1")
    assert dataclasses.replace(found, version=0, queue="", place=0) == item
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


def test_configuring_changes_only_what_is_given(store):
    store.outbox.configure(
        "q",
        max_attempts=9,
        max_lost=holdfast.NO_BOUND,
        dedup_window=timedelta(hours=1),
        dedup_max=77,
    )

    def settings():
        stats = store.outbox.stats("q")
        return stats.max_attempts, stats.dedup_window, stats.dedup_max

    version = store.outbox.configure("q", max_attempts=3).version
    assert settings() == (3, timedelta(hours=1), 77)
    store.outbox.configure("q", dedup_window=us(0), expect=version)
    assert settings() == (3, us(0), 77)
    with pytest.raises(holdfast.ConflictError):
        store.outbox.configure("q", dedup_max=5, expect=version)
    with store.transaction() as txn:
        txn.outbox.configure("q", dedup_max=5)
    assert store.later().outbox.configure("q", max_attempts=0).ticket.wait()
    assert settings() == (5, us(0), 5)
    with store.transaction() as txn:
        txn.outbox.configure("q", dedup_max=6)
        store.outbox.configure("q", max_attempts=4)
    assert settings() == (4, us(0), 6)
    version = store.outbox.stats("q").settings_version
    with pytest.raises(holdfast.ConflictError):
        with store.transaction() as txn:
            txn.outbox.configure("q", dedup_max=7, expect=version)
            store.outbox.configure("q", dedup_max=5)
    assert settings() == (4, us(0), 5)
    assert not store.outbox.configure("q").changed
    assert store.outbox.stats("q").max_lost == holdfast.NO_BOUND
    store.outbox.configure("q", max_lost=3)
    assert store.outbox.stats("q").max_lost == 3 and settings() == (4, us(0), 5)


def test_configuring_goes_on_from_what_the_transaction_did_before(store):
    store.outbox.configure(
        "q", max_attempts=9, max_lost=3, dedup_window=timedelta(seconds=7), dedup_max=77
    )
    with store.transaction() as txn:
        txn.outbox.configure("q", max_attempts=4)
        txn.outbox.pause("q")
        txn.outbox.configure("q", dedup_window=us(0))
        txn.outbox.configure("q", dedup_max=8)
        txn.outbox.configure("new", max_lost=2)
        txn.outbox.configure("new", dedup_max=6)
    stats, new = store.outbox.stats("q"), store.outbox.stats("new")
    assert (
        stats.max_attempts,
        stats.max_lost,
        stats.dedup_window,
        stats.dedup_max,
        stats.paused,
    ) == (4, 3, us(0), 8, True)
    assert (new.max_attempts, new.max_lost, new.dedup_window, new.dedup_max) == (5, 2, us(0), 6)
    with store.transaction() as txn:
        txn.outbox.resume("q")
        txn.outbox.configure("q", max_lost=0)
    assert store.outbox.stats("q").max_lost == 10 and not store.outbox.stats("q").paused


def test_settings_are_changed_by_many_at_once(store):
    """None of them loses what another one set."""
    makes = {"max_attempts": int, "dedup_window": us, "dedup_max": int}
    threads = [
        threading.Thread(
            target=lambda n=n, of=of: [
                store.outbox.configure("q", **{n: of(i)}) for i in range(1, 40)
            ]
        )
        for n, of in makes.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = store.outbox.stats("q")
    assert (stats.max_attempts, stats.dedup_window, stats.dedup_max) == (39, us(39), 39)


@pytest.mark.parametrize("raised", [holdfast.EndPass, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("thread", ["main", "another"])
def test_a_sender_ends_the_pass(store, raised, thread):
    store.outbox.enqueue_many("q", [OutboxInput(f"{i}") for i in range(6)])
    seen, ended = [], []

    def send(item):
        seen.append(item.id)
        if item.id == "2":
            raise raised()

    def drain():
        try:
            ended.append(store.outbox.drain("q", send, max_attempts=1))
        except BaseException as error:
            ended.append(error)

    if thread == "main":
        drain()
    else:
        other = threading.Thread(target=drain)
        other.start()
        other.join()
    assert seen == ["0", "1", "2"]
    left = list(store.outbox.list("q"))
    assert [(item.id, item.status, item.attempts) for item in left] == [
        (f"{i}", Status.QUEUED, 0) for i in range(2, 6)
    ]
    if raised is holdfast.EndPass:
        assert (ended[0].sent, ended[0].failed) == (2, 0)
    else:
        assert isinstance(ended[0], raised)


@in_directory
def test_of_two_failures_in_a_drain_neither_is_lost(store):
    """The sender fails, and so does the store when it is to note that."""
    store.outbox.enqueue("q", "1")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def send(raised):
        def call(item):
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
            raise raised

        return call

    try:
        with pytest.raises(holdfast.Error) as caught:
            store.outbox.drain("q", send(ConnectionError("no route")))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert isinstance(caught.value, (holdfast.UncertainError, holdfast.FailedError))
    assert isinstance(caught.value.__cause__, ConnectionError)
    with pytest.raises(holdfast.FailedError):
        store.close()


def damage(name, what):
    """Other bytes for a payload that lies on disk."""
    found = 0
    for path in pathlib.Path(name).glob("segment-*"):
        data = path.read_bytes()
        at = data.find(what)
        while at >= 0:
            with open(path, "r+b") as file:
                file.seek(at)
                file.write(b"?")
            found, at = found + 1, data.find(what, at + 1)
    assert found > 0


@in_directory
def test_a_claim_whose_payload_cannot_be_read_keeps_its_token(store):
    payload = b"0123456789abcdef" * 64
    for id in ("1", "2", "3"):
        store.outbox.enqueue("q", id, payload)
    store.outbox.enqueue("q", "4", b"short")
    damage("store", payload)
    with pytest.raises((holdfast.CorruptError, holdfast.ReadFailedError)) as caught:
        store.outbox.claim("q", "1", "me")
    assert (
        caught.value.granted.id == "1"
        and store.outbox.complete("q", "1", caught.value.granted.token).changed
    )
    with pytest.raises((holdfast.CorruptError, holdfast.ReadFailedError)) as caught:
        store.outbox.claim_next("q", "me", max=2, wait=us(1000))
    [two, three] = caught.value.granted
    assert (two.id, three.id, two.payload) == ("2", "3", b"")
    for item in (two, three):
        store.outbox.release("q", item.id, item.token)
    # In a transaction its results are there.
    with pytest.raises((holdfast.CorruptError, holdfast.ReadFailedError)):
        with store.transaction() as txn:
            moved = txn.cursors.advance("c", "s", 1)
            claimed = txn.outbox.claim_next("q", "me", max=3)
    assert moved.changed and [item.id for item in claimed.value] == ["2", "3", "4"]
    assert claimed.value[2].payload == b"short"
    for item in claimed.value:
        assert store.outbox.complete("q", item.id, item.token).changed


@in_directory
def test_a_replay_that_cannot_be_read_is_told(store):
    response = b"0123456789abcdef" * 64
    begun = store.idempotency.begin("s", "k")
    store.idempotency.complete("s", "k", begun.token, status=200, response=response)
    damage("store", response)
    with pytest.raises((holdfast.CorruptError, holdfast.ReadFailedError)):
        store.idempotency.begin("s", "k")


def test_the_first_instant_of_1970_is_a_time_and_none_is_now(store):
    box, before = store.outbox, store.clock.show().now
    box.enqueue("q", "zero", enqueued_at=at(0), available_at=at(0))
    box.enqueue("q", "none")
    box.enqueue_many(
        "q", [OutboxInput("both", enqueued_at=at(0), available_at=at(0)), OutboxInput("later")]
    )
    noted = holdfast.Rerun(b"again", at(0), at(0))
    put = holdfast.OutboxItem("put", enqueued_at=at(0), available_at=at(0), rerun=noted)
    box.put(put, queue="q")
    for id in "zero", "both", "put":
        item = box.get("q", id)
        assert (item.enqueued_at, item.available_at) == (at(0), at(0))
    assert box.get("q", "put").rerun == noted
    for id in "none", "later":
        assert box.get("q", id).enqueued_at >= before and box.get("q", id).available_at >= before
    assert box.stats("q").oldest_due == at(0)
    # As a bound it is earlier than everything, and none is no bound.
    assert box.prune("q", status=Status.QUEUED, enqueued_before=at(0), dry_run=True).count == 0
    assert box.prune("q", status=Status.QUEUED, enqueued_before=at(1), dry_run=True).count == 3
    assert box.prune("q", status=Status.QUEUED, dry_run=True).count == 5
    for id in "zero", "both", "put":
        box.mark_failed("q", id)
    assert box.redrive("q", enqueued_before=at(0), dry_run=True).count == 0
    assert box.redrive("q", dry_run=True).count == 3
    assert box.reschedule("q", "none", available_at=at(0)).changed
    assert box.get("q", "none").available_at == at(0)


def test_several_queues_are_claimed_from_in_their_order(store):
    store.outbox.enqueue("b", "1")
    store.outbox.enqueue("a", "2")
    assert [item.queue for item in store.outbox.claim_next(("a", "b"), "me", max=2)] == ["a", "b"]
    for wrong in {"a": 1}, [], ["a", 5], 5:
        with pytest.raises((TypeError, ValueError)):
            store.outbox.claim_next(wrong, "me")


def test_a_result_says_what_the_item_is(store):
    box = store.outbox
    queued = box.enqueue("q", "i")
    assert (queued.status, queued.available_at) == (Status.QUEUED, box.get("q", "i").available_at)
    [item] = box.claim_next("q", "w", lease=us(60_000_000))
    again = box.enqueue("q", "i")
    assert (again.changed, again.status, again.available_at) == (False, Status.SENDING, None)
    later = box.fail("q", "i", item.token, backoff=Backoff(BackoffKind.FIXED, us(10**9)))
    assert (later.status, later.available_at) == (Status.QUEUED, box.get("q", "i").available_at)
    assert box.mark_failed("q", "i").status == Status.FAILED
    gone = box.remove("q", "i")
    assert (gone.status, gone.available_at) == (0, None)
    other = store.cursors.advance("c", "s", 1)
    assert (other.status, other.available_at) == (0, None)


def test_one_completed_id_is_asked_for(store):
    store.outbox.configure("q", dedup_window=timedelta(hours=1))
    for id in ("a", "b"):
        store.outbox.enqueue("q", id)
        store.outbox.complete("q", id, store.outbox.claim("q", id, "me").token)
    assert [one.id for one in store.outbox.completed("q", id="b")] == ["b"]
    assert [one.id for one in store.outbox.completed_page("q", id="a")] == ["a"]
    assert list(store.outbox.completed("q", id="c")) == []
    with pytest.raises(holdfast.InvalidError):
        store.outbox.completed_page("q", id="")
