"""Whole stores as one file."""

import os
import threading

import pytest

import holdfast


def fill(store):
    store.documents.put("c", "big", b"x" * 5000)
    store.outbox.enqueue("mail", "m1", b"hello")
    store.locks.acquire("leader", "me")


def test_a_store_is_exported_and_the_file_verified():
    with holdfast.open("s", create=True) as store:
        fill(store)
        made = store.export("a.snapshot")
        info = store.info()
        assert (made.uuid, made.epoch, made.lsn) == (info.uuid, info.epoch, info.last_lsn)
        assert made.exported and made.bytes == os.stat("a.snapshot").st_size
        with pytest.raises(holdfast.ConflictError):
            store.export("a.snapshot")
        assert store.export("a.snapshot", replace=True) == made
    assert holdfast.verify_snapshot("a.snapshot") == made


def test_a_pipe_takes_the_same_bytes():
    with holdfast.open("s", create=True) as store:
        fill(store)
        store.export("a.snapshot")
        read_end, write_end = os.pipe()
        got = []
        reader = threading.Thread(target=lambda: got.append(os.fdopen(read_end, "rb").read()))
        reader.start()
        made = store.export(write_end)
        os.close(write_end)
        reader.join()
    with open("a.snapshot", "rb") as file:
        assert got == [file.read()]
    assert made.bytes == len(got[0])


def test_an_empty_store_has_no_clock():
    with holdfast.open("s", create=True) as store:
        made = store.export("a.snapshot")
    assert (made.lsn, made.clock, made.entries) == (0, None, 0)


def test_a_file_that_was_cut_is_damaged():
    with holdfast.open("s", create=True) as store:
        fill(store)
        store.export("a.snapshot")
    os.truncate("a.snapshot", os.stat("a.snapshot").st_size - 8)
    with pytest.raises(holdfast.CorruptError):
        holdfast.verify_snapshot("a.snapshot")


def test_what_is_no_path_is_refused():
    with holdfast.open("s", create=True) as store:
        with pytest.raises(TypeError):
            store.export(True)
        with pytest.raises(holdfast.AccessError):
            store.export("missing/a.snapshot")
    with pytest.raises(holdfast.InvalidError):
        holdfast.verify_snapshot("a\0b")


def test_a_file_becomes_a_store_with_a_greater_epoch():
    with holdfast.open("s", create=True) as store:
        fill(store)
        old = store.locks.get("leader").token
        made = store.export("a.snapshot")
    new = holdfast.import_snapshot("a.snapshot", "t", epoch_above=3)
    assert (new.epoch, new.lsn, new.entries) == (4, made.lsn, made.entries)
    assert new.uuid != made.uuid
    # without a thread that would log the end of the lock, which goes with the opening that had it
    with holdfast.open("t", background=False) as store:
        info = store.info()
        assert (info.uuid, info.epoch, info.last_lsn) == (new.uuid, 4, made.lsn)
        assert store.documents.get("c", "big").payload == b"x" * 5000
        lock = store.locks.acquire("leader", "you")
        assert lock.token > old and lock.token >> 48 == 4


def test_a_store_that_is_there_goes_only_if_asked():
    for name in ("s", "t"):
        with holdfast.open(name, create=True) as store:
            store.documents.put("c", name, name.encode())
            store.export(f"{name}.snapshot")
    with pytest.raises(holdfast.ConflictError):
        holdfast.import_snapshot("s.snapshot", "t")
    with holdfast.open("t") as store:
        assert store.documents.has("c", "t")
        with pytest.raises(holdfast.LockedError):
            holdfast.import_snapshot("s.snapshot", "t", replace=True)
    holdfast.import_snapshot("s.snapshot", "t", replace=True)
    with holdfast.open("t") as store:
        assert store.documents.has("c", "s") and not store.documents.has("c", "t")
    assert sorted(os.listdir(".")) == ["s", "s.snapshot", "t", "t.snapshot"]


def test_a_pipe_is_imported():
    with holdfast.open("s", create=True) as store:
        fill(store)
        store.export("a.snapshot")
    read_end, write_end = os.pipe()

    def feed():
        with open("a.snapshot", "rb") as file, os.fdopen(write_end, "wb") as pipe:
            pipe.write(file.read())

    writer = threading.Thread(target=feed)
    writer.start()
    made = holdfast.import_snapshot(read_end, "t")
    writer.join()
    os.close(read_end)
    assert made.epoch == 2
    assert sorted(os.listdir(".")) == ["a.snapshot", "s", "t"]


def test_a_handle_for_reading_exports_beside_the_writer():
    with holdfast.open("s", create=True) as store, holdfast.open_read("s") as reader:
        fill(store)
        assert reader.export("r.snapshot") == store.export("w.snapshot")
    with open("r.snapshot", "rb") as one, open("w.snapshot", "rb") as other:
        assert one.read() == other.read()


def test_a_new_store_has_what_was_asked_for():
    with holdfast.open("s", create=True) as store:
        fill(store)
        store.export("a.snapshot")
    holdfast.import_snapshot("a.snapshot", "t", segment_size=1 << 14, pad=4096)
    with holdfast.open("t") as store:
        for number in range(9):
            store.documents.put("c", f"k{number}", b"x" * 5000)
        segments = [segment for segment in store.segments() if not segment.snapshot]
        assert len(segments) > 2 and all(one.bytes <= 1 << 15 for one in segments)
    for wrong in ({"pad": 5}, {"segment_size": 1}, {"max_bytes": -1}, {"max_size": 2**64}):
        with pytest.raises(holdfast.InvalidError):
            holdfast.import_snapshot("a.snapshot", "u", **wrong)
    assert not os.path.exists("u")


def test_what_is_too_big_names_the_bound():
    with holdfast.open("s", create=True) as store:
        fill(store)
        made = store.export("a.snapshot")
    with pytest.raises(holdfast.TooBigError, match="max_bytes"):
        holdfast.verify_snapshot("a.snapshot", max_bytes=10)
    with pytest.raises(holdfast.TooBigError, match="max_bytes"):
        holdfast.import_snapshot("a.snapshot", "t", max_bytes=10)
    assert holdfast.verify_snapshot("a.snapshot", max_bytes=1 << 20) == made
    with open("a.snapshot", "rb") as file:
        read_end, write_end = os.pipe()
        os.write(write_end, file.read())
        os.close(write_end)
    with pytest.raises(holdfast.TooBigError, match="max_size"):
        holdfast.import_snapshot(read_end, "t", max_size=100)
    os.close(read_end)
    assert holdfast.import_snapshot("a.snapshot", "t", max_bytes=1 << 30).lsn == made.lsn
