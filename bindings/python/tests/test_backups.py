"""Backups of a store beside its writer, and stores of backups."""

import os

import pytest

import holdfast


def test_a_backup_beside_the_writer_becomes_a_store():
    with holdfast.open("s", create=True) as store:
        store.documents.put("c", "k", b"x" * 5000)
        token = store.locks.acquire("leader", "me").token
        made = holdfast.backup("s", "b")
        info = store.info()
        assert (made.uuid, made.epoch, made.lsn) == (info.uuid, info.epoch, info.last_lsn)
        assert not made.incremental and made.copied + made.shared == made.bytes
        store.documents.put("c", "later", b"y")
        assert holdfast.backup("s", "b", link=True).incremental
    with pytest.raises(holdfast.ReadOnlyError):
        holdfast.open("b")
    with holdfast.open_read("b") as copy:
        assert copy.documents.get("c", "later").payload == b"y"
    new = holdfast.restore("b", "t")
    assert (new.epoch, new.uuid != made.uuid) == (2, True)
    with holdfast.open("t") as store:
        assert store.documents.get("c", "k").payload == b"x" * 5000
        assert store.locks.acquire("leader", "you").token > token
    with pytest.raises(holdfast.ConflictError):
        holdfast.restore("b", "t")
    assert holdfast.restore("b", "t", replace=True, epoch_above=8).epoch == 9
    assert sorted(os.listdir(".")) == ["b", "s", "t"]


def test_what_is_no_backup_of_this_store_stays():
    for name in ("s", "t"):
        with holdfast.open(name, create=True):
            pass
    with pytest.raises(holdfast.ConflictError):
        holdfast.backup("s", "t")
    with pytest.raises(holdfast.NotFoundError):
        holdfast.backup("missing", "b")
    with pytest.raises(holdfast.NotFoundError):
        holdfast.restore("missing", "b")
    assert sorted(os.listdir(".")) == ["s", "t"]
