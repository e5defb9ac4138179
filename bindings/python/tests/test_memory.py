"""Stores in memory: for tests of programs that use the package."""

import os
import threading
from datetime import timedelta

import pytest

import holdfast


def test_each_is_a_store_of_its_own_and_ends_with_its_handle():
    with holdfast.open(":memory:") as one, holdfast.open(":memory:") as other:
        one.documents.put("c", "d", b"x")
        assert one.documents.get("c", "d").payload == b"x"
        assert not other.documents.has("c", "d")
        assert one.info().uuid != other.info().uuid
        assert one.info().volatile_fs and one.info().writer
    with holdfast.open(":memory:", create=True, wait=timedelta(seconds=1)) as again:
        assert not again.documents.has("c", "d")
    with pytest.raises(ValueError, match="closed"):
        one.documents.has("c", "d")


def test_nothing_is_made_or_opened(tmp_path):
    before = os.listdir("/proc/self/fd")
    with holdfast.open(":memory:") as store:
        for number in range(300):
            store.outbox.enqueue("q", str(number), b"x" * 1000)
        assert len(store.outbox.claim_next("q", "w", max=300)) == 300
        store.snapshot()
        store.compact()
        store.scrub()
        assert os.listdir("/proc/self/fd") == before
    assert os.listdir(tmp_path) == []


def test_an_export_of_it_becomes_a_directory():
    with holdfast.open(":memory:") as store:
        store.documents.put("c", "d", b"x" * 10000)
        made = store.export("state.snapshot")
        assert made.uuid == store.info().uuid
        read, write = os.pipe()
        reader = threading.Thread(target=holdfast.import_snapshot, args=(read, "piped"))
        reader.start()
        store.export(write)
        os.close(write)
        reader.join()
        os.close(read)
    holdfast.import_snapshot("state.snapshot", "state")
    for path in ("state", "piped"):
        with holdfast.open(path) as store:
            assert store.documents.get("c", "d").payload == b"x" * 10000


@pytest.mark.parametrize(
    "call",
    [
        lambda: holdfast.open_read(":memory:"),
        lambda: holdfast.feed(":memory:"),
        lambda: holdfast.backup(":memory:", "backup"),
        lambda: holdfast.salvage(":memory:", "saved"),
    ],
)
def test_what_takes_a_path_says_what_it_cannot_do(call):
    with holdfast.open(":memory:"):
        with pytest.raises(holdfast.InvalidError, match="is no directory: a store in memory"):
            call()


def test_closing_sends_away_who_waits_and_threads_share_it():
    store = holdfast.open(":memory:")
    got, ended = [], []

    def work():
        try:
            while True:
                for item in store.outbox.claim_next("q", "w", wait=holdfast.FOR_EVER):
                    store.outbox.complete("q", item.id, item.token)
                    got.append(item.id)
        except (holdfast.CanceledError, ValueError):
            ended.append(True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    with store.subscribe("outbox", callback=None) as subscription:
        for number in range(100):
            store.outbox.enqueue("q", str(number))
        assert subscription.read(wait=holdfast.FOR_EVER)
    while len(got) < 100:
        pass
    store.close()
    for thread in threads:
        thread.join()
    assert len(ended) == 4 and sorted(got) == sorted(str(number) for number in range(100))
