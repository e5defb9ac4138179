"""Is a store sound? As the library checks it."""

import os

import pytest

import holdfast
from holdfast import How, LastStop, Severity


def fill():
    with holdfast.open("s", create=True) as store:
        for number in range(20):
            store.documents.put("c", f"d{number}", b"x" * 5000)
        return store.info()


def test_a_sound_store_is_counted():
    info = fill()
    with open("s/segment-stray", "wb") as file:
        file.write(b"x")
    found = holdfast.fsck("s")
    assert found.error is None and (found.uuid, found.epoch) == (info.uuid, info.epoch)
    assert found.last_stop is LastStop.CLEAN and found.state_checked and found.clock is not None
    assert [finding.severity for finding in found.findings] == [Severity.LEFTOVER]
    [documents] = [one for one in found.domains if one.name == "document"]
    assert (documents.entries, documents.objects) == (20, 20)
    assert found.entries >= 20 and found.last_lsn >= info.last_lsn


def test_damage_is_an_answer():
    fill()
    with open("s/segment-00000001", "r+b") as file:
        file.seek(30000)
        file.write(b"y")
    found = holdfast.fsck("s", max_objects=1)
    assert isinstance(found.error, holdfast.CorruptError)
    assert found.error.file == "segment-00000001" and not found.state_checked
    damage = [one for one in found.findings if one.severity is Severity.DAMAGE]
    assert damage[0].file == "segment-00000001" and damage[0].first_lsn > 0
    assert len(damage[0].objects) == 1 and damage[0].objects[0].how in How
    assert damage[0].objects[0].domain == "document"
    assert found.clock is None and found.entries_after_damage > 0


def test_a_store_in_use_is_checked_beside_its_writer():
    with holdfast.open("s", create=True) as store:
        store.documents.put("c", "d")
        found = holdfast.fsck("s")
        assert found.error is None and found.last_stop is LastStop.NONE
        store.documents.put("c", "e")


def test_without_a_check_there_is_no_verdict():
    with pytest.raises(holdfast.NotFoundError):
        holdfast.fsck("missing")
    with pytest.raises(holdfast.InvalidError):
        holdfast.fsck("s", max_objects=-1)
    assert os.listdir(".") == []
