"""Stores that are opened for reading only."""

import pytest

import holdfast

from instants import us

in_directory = pytest.mark.parametrize("store", ["store"], indirect=True)


@in_directory
def test_it_shows_what_the_writer_wrote(store):
    store.cursors.advance("c", "s", 1)
    with holdfast.open_read("store") as reader:
        assert reader.cursors.get("c", "s").last_sequence == 1
        assert reader.info().read_only and reader.info().writer
        assert not store.info().read_only and store.info().writer
        store.cursors.advance("c", "s", 2)
        assert reader.cursors.get("c", "s").last_sequence == 2


@in_directory
def test_it_stays_where_it_was_opened_until_it_is_refreshed(store):
    store.documents.put("c", "d", b"1")
    with holdfast.open_read("store", refresh=False) as reader:
        store.documents.put("c", "d", b"2" * 1000)
        assert reader.documents.get("c", "d").payload == b"1"
        assert reader.refresh() and not reader.refresh()
        assert reader.documents.get("c", "d").payload == b"2" * 1000
    assert not store.refresh()


@in_directory
def test_everything_that_writes_is_refused(store):
    with holdfast.open_read("store") as reader:
        for write in (
            lambda: reader.cursors.advance("c", "s", 1),
            lambda: reader.outbox.claim_next("q", "w"),
            lambda: reader.locks.acquire("l", "o"),
            reader.sync,
            reader.flush,
            reader.maintain,
            reader.snapshot,
            reader.compact,
            reader.subscribe,
        ):
            with pytest.raises(holdfast.ReadOnlyError):
                write()
        with pytest.raises(holdfast.ReadOnlyError):
            with reader.transaction() as txn:
                txn.cursors.advance("c", "s", 1)


@in_directory
def test_it_has_a_feed(store):
    with holdfast.open_read("store") as reader, reader.feed() as feed:
        store.cursors.advance("c", "s", 1)
        assert [event.operation for event in feed.read(wait=us(2_000_000))] == ["advance"]


def test_it_outlives_the_writer():
    with holdfast.open("s", create=True) as writer:
        writer.outbox.enqueue("q", "a", b"x")
        writer.outbox.claim("q", "a", "w")
        reader = holdfast.open_read("s")
        assert reader.outbox.get("q", "a").status == holdfast.Status.SENDING
    assert reader.outbox.get("q", "a").status == holdfast.Status.QUEUED
    assert not reader.info().writer
    reader.close()


def test_there_has_to_be_a_store():
    with pytest.raises(holdfast.NotFoundError):
        holdfast.open_read("nowhere")
