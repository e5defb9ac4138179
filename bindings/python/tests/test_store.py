"""Opening, closing, transactions, errors: what all domains have in common."""

import gc
import os
import subprocess
import sys
import threading
import warnings
from datetime import datetime, timedelta, timezone

import pytest

import holdfast
from holdfast import _calls

from instants import at, us

in_directory = pytest.mark.parametrize("store", ["store"], indirect=True)


def test_what_was_acknowledged_is_there_after_reopening():
    with holdfast.open("s", create=True) as store:
        store.cursors.advance("c", "s", 1)
        uuid = store.info().uuid
    with holdfast.open("s") as store:
        assert store.cursors.get("c", "s").last_sequence == 1
        assert store.info().uuid == uuid and not store.info().recovered


def test_what_was_acknowledged_is_there_after_a_kill():
    program = (
        "import holdfast, os, signal\n"
        "store = holdfast.open('s', create=True)\n"
        "store.cursors.advance('c', 's', 7)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = os.pathsep.join(
        [os.path.dirname(os.path.dirname(holdfast.__file__)), os.environ.get("PYTHONPATH", "")]
    )
    ended = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path})
    assert ended.returncode == -9
    with holdfast.open("s") as store:
        assert store.info().recovered
        assert store.cursors.get("c", "s").last_sequence == 7


def test_a_store_that_is_not_there_is_made_only_when_asked():
    with pytest.raises(holdfast.NotFoundError) as caught:
        holdfast.open("nowhere")
    assert isinstance(caught.value, LookupError) and str(caught.value)
    assert not os.path.exists("nowhere")


@in_directory
def test_one_process_writes_at_a_time(store):
    with pytest.raises(holdfast.LockedError):
        holdfast.open("store")
    with pytest.raises(holdfast.LockedError):
        holdfast.open("store", wait=timedelta(milliseconds=20))


def test_a_closed_store_refuses_and_closes_twice():
    store = holdfast.open("s", create=True)
    store.close()
    store.close()
    assert store.closed and "closed" in repr(store)
    with pytest.raises(ValueError, match="closed"):
        store.cursors.advance("c", "s", 1)
    with pytest.raises(ValueError, match="closed"):
        store.transaction()


def test_a_store_that_is_forgotten_warns_and_is_closed():
    store = holdfast.open("s", create=True)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        del store
        gc.collect()
        _calls.settle_dropped()  # a thread does it
    assert [warning.category for warning in seen] == [ResourceWarning]
    holdfast.open("s").close()


def test_close_waits_for_calls_in_other_threads():
    store = holdfast.open("s", create=True)
    done, errors = [], []

    def work(name):
        for i in range(1, 2000):
            try:
                store.cursors.advance(name, "s", i)
                done.append((name, i))
            except ValueError:
                return
            except BaseException as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=work, args=(f"c{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    while len(done) < 20:
        pass
    store.close()
    for thread in threads:
        thread.join()
    assert not errors
    with holdfast.open("s") as store:
        for cursor in store.cursors.list():
            assert cursor.last_sequence == max(i for name, i in done if name == cursor.consumer)


def test_a_forked_child_is_told(store):
    child = os.fork()
    if child == 0:
        try:
            store.cursors.advance("c", "s", 1)
        except holdfast.ForkedError:
            os._exit(7)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    store.cursors.advance("c", "s", 1)


# --- Transactions
# --------------------------------------------------------------------------------------------------


def test_a_transaction_happens_as_a_whole(store):
    with store.transaction() as txn:
        saved = txn.inbox.save("ada", [holdfast.InboxInput("t", b"x")])
        moved = txn.cursors.advance("c", "s", 3)
        claim = None
        added = txn.outbox.enqueue("q", "1", b"y")
        claim = txn.outbox.claim("q", "1", "me", lease=timedelta(minutes=1))
        with pytest.raises(RuntimeError):
            saved.changed
        with pytest.raises(RuntimeError):
            claim.value
        assert "not committed" in repr(saved)
    assert saved.changed and saved.count == 1 and moved.version and added.changed
    assert claim.value.payload == b"y" and claim.value.status is holdfast.Status.SENDING
    store.outbox.complete("q", "1", claim.value.token)
    assert store.inbox.get("ada", "t").payload == b"x"


def test_the_operation_that_fails_is_named_and_nothing_happens(store):
    store.cursors.advance("c", "s", 5)
    with pytest.raises(holdfast.NonMonotonicError) as caught:
        with store.transaction() as txn:
            result = txn.inbox.save("ada", [holdfast.InboxInput("t")])
            claimed = txn.outbox.claim_next("q", "me")
            txn.cursors.advance("c", "s", 4)
    assert caught.value.operation == 2
    with pytest.raises(RuntimeError):
        result.changed
    with pytest.raises(RuntimeError):
        claimed.value
    assert list(store.inbox.load("ada")) == []


def test_an_exception_abandons_the_transaction(store):
    with pytest.raises(KeyError):
        with store.transaction() as txn:
            txn.cursors.advance("c", "s", 1)
            raise KeyError("mine")
    assert list(store.cursors.list()) == []
    with pytest.raises(ValueError, match="ended"):
        txn.cursors.advance("c", "s", 1)
    txn.abandon()


def test_an_operation_that_cannot_be_added_spoils_the_commit(store):
    with pytest.raises(holdfast.InvalidError):
        with store.transaction() as txn:
            txn.cursors.advance("c", "s", 1)
            with pytest.raises(holdfast.InvalidError):
                txn.cursors.advance("c", "s", 0)
    assert list(store.cursors.list()) == []


def test_guards_hold_a_transaction_to_what_was_read(store):
    version = store.cursors.advance("c", "s", 1).version
    store.cursors.advance("c", "s", 2)
    with pytest.raises(holdfast.ConflictError):
        with store.transaction() as txn:
            txn.cursors.guard("c", "s", expect=version)
            txn.outbox.enqueue("q", "1")
    with store.transaction(holdfast.OS) as txn:
        txn.inbox.guard("ada", "t", expect=holdfast.ABSENT)
        txn.outbox.guard("q", "1", expect=holdfast.ABSENT)
        txn.outbox.enqueue("q", "1")
    assert [item.id for item in store.outbox.list("q")] == ["1"]


def test_an_expected_version_is_compared(store):
    first = store.cursors.advance("c", "s", 1, expect=holdfast.ABSENT)
    with pytest.raises(holdfast.ConflictError):
        store.cursors.advance("c", "s", 2, expect=first.version + 1)
    assert store.cursors.advance("c", "s", 2, expect=first.version).changed


# --- Values
# --------------------------------------------------------------------------------------------------


def test_keys_of_any_bytes_go_through_unharmed(store):
    odd = b"\xff\x01 \xc3\xa9".decode("utf-8", "surrogateescape")
    store.cursors.advance(odd, b"\xfe", 1, delivery_id="d\udcff")
    [cursor] = store.cursors.list()
    assert (
        cursor.consumer == odd
        and cursor.stream == "\udcfe"
        and cursor.last_delivery_id == "d\udcff"
    )
    assert store.cursors.get(odd, "\udcfe") == cursor
    for payload in (b"a\0b", bytearray(b"ba"), memoryview(b"mv"), "text", b""):
        store.outbox.enqueue("q", "i", payload, dedup=holdfast.Dedup.REPLACE)
        wanted = payload.encode() if isinstance(payload, str) else bytes(payload)
        assert store.outbox.get("q", "i").payload == wanted
    with pytest.raises(TypeError):
        store.outbox.enqueue("q", "j", 5)
    with pytest.raises(holdfast.InvalidError):
        store.cursors.advance("a\0b", "s", 1)


def test_times_are_datetimes_with_a_zone(store):
    instant = datetime(2026, 11, 20, 10, 30, 0, 1, tzinfo=timezone(timedelta(hours=1)))
    store.cursors.advance("c", "s", 1, delivered_at=instant, now=at(5))
    cursor = store.cursors.get("c", "s")
    assert cursor.last_delivered_at == at(1795167000000001) and cursor.updated_at == at(5)
    assert cursor.last_delivered_at == instant
    with pytest.raises(ValueError, match="time zone"):
        store.cursors.advance("c", "s", 2, delivered_at=datetime(2026, 1, 1))


def test_limits_are_told(store):
    with pytest.raises(holdfast.TooBigError):
        store.inbox.set_status("ada", b"x" * 65537)
    with pytest.raises(ValueError):
        store.cursors.advance("c" * 513, "s", 1)


def test_upkeep_by_the_host():
    with holdfast.open("s", create=True, background=False) as store:
        store.cursors.advance("c", "s", 1, durability=holdfast.OS)
        store.sync()
        assert store.info().durable_lsn == 1
        store.maintain()
        store.maintain(budget=timedelta(milliseconds=1))


def test_the_past_is_read_as_it_was():
    with holdfast.open("s", create=True) as store:
        store.cursors.advance("c", "s", 1)
        store.cursors.advance("c", "s", 2)
    with holdfast.open_read("s", at_lsn=1) as store:
        assert store.cursors.get("c", "s").last_sequence == 1
        assert not store.refresh()
    with holdfast.open_read("s", at_time=at(1)) as store:
        assert list(store.cursors.list()) == []
    with pytest.raises(holdfast.InvalidError):
        holdfast.open_read("s", at_lsn=3)


def test_a_compaction_removes_what_its_snapshot_covers():
    with holdfast.open("s", create=True) as store:
        for number in range(300):
            store.documents.put("c", "big", bytes([number % 256]) * 4000)
        assert os.path.exists("s/segment-00000001")
        store.compact()
        assert not os.path.exists("s/segment-00000001")
        assert store.info().compactions == 1
        assert store.documents.get("c", "big").payload == bytes([299 % 256]) * 4000
    with holdfast.open("s") as store:
        assert store.documents.get("c", "big").payload == bytes([299 % 256]) * 4000


def flip(path, place):
    with open(path, "r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))
        os.fsync(file.fileno())


def test_a_scrub_finds_what_changed_on_the_disk():
    with holdfast.open("s", create=True) as store:
        for number in range(300):
            store.documents.put("c", "big", bytes([number % 256]) * 4000)
        store.scrub()
        assert (store.info().scrub_rounds, store.info().scrub_file) == (1, "")
        flip("s/segment-00000001", 5000)
        with pytest.raises(holdfast.CorruptError, match="segment-00000001"):
            store.scrub(bytes_per_second=1 << 30)
        info = store.info()
        assert (info.scrub_findings, info.scrub_file) == (1, "segment-00000001")
        assert info.scrub_at is not None and info.scrub_bytes > 0
        flip("s/segment-00000001", 5000)
        store.scrub()
    with holdfast.open("s", scrub_bytes_per_second=1 << 30, scrub_interval=us(3600)) as store:
        assert store.info().scrub_findings == 0
    with pytest.raises(holdfast.InvalidError):
        holdfast.open("s", scrub_bytes_per_second=-1)


def test_an_opening_begins_with_the_snapshot():
    big = b"x" * 5000
    with holdfast.open("s", create=True) as store:
        store.documents.put("c", "before", big)
        store.snapshot()
        taken = store.info().last_lsn
        store.documents.put("c", "behind", b"y")
    with holdfast.open("s") as store:
        info = store.info()
        assert (info.snapshot_lsn, info.replayed, info.snapshots_damaged) == (taken, 1, 0)
        assert store.documents.get("c", "before").payload == big
        assert store.documents.get("c", "behind").payload == b"y"


def test_an_opening_says_what_a_compaction_keeps():
    def lsns(store):
        with store.feed(1) as feed:
            return [event.lsn for event in feed.read()]

    def work(**options):
        with holdfast.open("s", create=True, segment_size=1 << 14, **options) as store:
            for name in "abcd":
                store.documents.put("c", name, os.urandom(9000))
            store.compact()
            return lsns(store)

    kept = work(retain=timedelta(hours=1), compact_bytes=2**64 - 1, compact_rate=2**64 - 1)
    assert kept == [1, 2, 3, 4]
    with holdfast.open_read("s", at_lsn=2) as then:
        assert then.documents.count("c").documents == 2
    assert work(retain_bytes=1 << 30) == list(range(1, 9))
    with pytest.raises(holdfast.GoneError):
        work()
    for options in ({"retain": timedelta(-1)}, {"retain_bytes": -1}, {"compact_bytes": 2**64}):
        with pytest.raises(holdfast.InvalidError):
            holdfast.open("s", **options)


def test_an_import_is_kept_as_what_the_log_begins_with():
    with holdfast.open("source", create=True) as store:
        store.documents.put("c", "x", b"")
        store.export("file")
    holdfast.import_snapshot("file", "s")
    for _ in range(2):
        with holdfast.open("s", retain=timedelta(hours=1)) as store:
            for name in "abcd":
                store.documents.put("c", name, os.urandom(300000))
            store.compact()
            with store.feed(2) as feed:
                assert feed.read(1)[0].lsn == 2
    for lsn in range(1, 6):
        with holdfast.open_read("s", at_lsn=lsn) as then:
            assert then.documents.count("c").documents == lsn
    with holdfast.open("s", retain_bytes=1) as store:
        store.compact()
    with pytest.raises(holdfast.GoneError):
        holdfast.open_read("s", at_lsn=1)
