"""A new store of a damaged one."""

import os

import pytest

import holdfast


def fill(path):
    with holdfast.open(path, create=True) as store:
        for i in range(20):
            store.documents.put("c", f"d{i}", b"x" * 5000)
        store.locks.acquire("leader", "me")


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))


def test_a_whole_store_loses_nothing():
    fill("s")
    looked = holdfast.salvage("s", "t")
    assert looked.losses == () and looked.made is None and not os.path.exists("t")
    made = holdfast.salvage("s", "t", dry_run=False, epoch_above=6)
    assert made.losses == () and made.made is not None and made.made_epoch == 7
    with holdfast.open("t") as store:
        assert store.documents.get("c", "d7").payload == b"x" * 5000
    with pytest.raises(holdfast.ConflictError):
        holdfast.salvage("s", "t", dry_run=False)


def test_what_is_lost_is_named():
    fill("s")
    flip("s/segment-00000001", 30000)
    with pytest.raises(holdfast.CorruptError):
        holdfast.open("s")
    made = holdfast.salvage("s", "t", dry_run=False)
    assert len(made.losses) == 1
    loss = made.losses[0]
    assert loss.file == "segment-00000001" and loss.first_lsn == loss.last_lsn > 0
    assert [o.domain for o in loss.objects] == ["document"]
    with holdfast.open("t") as store:
        assert store.documents.count("c").documents == 19


def test_a_store_in_use_is_refused():
    with holdfast.open("s", create=True):
        with pytest.raises(holdfast.LockedError):
            holdfast.salvage("s", "t")
