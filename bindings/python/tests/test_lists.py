"""Lists that begin behind a position: an item of the list, or its sort key (rule 16)."""

import itertools
import os
import threading

import pytest

import holdfast
from holdfast import By, Orders, Status

from instants import at, us

ORDERS = Orders.CREATED | Orders.UPDATED | Orders.GROUP_CREATED | Orders.GROUP_UPDATED


@pytest.fixture
def filled(store):
    with store.transaction() as txn:
        for name in "zyx":
            txn.documents.put("c", name, orders=ORDERS)
            txn.timelines.append("t", name, "kind")
            txn.outbox.enqueue("q", name, b"p")
            txn.inbox.save("u", [holdfast.InboxInput(thread=name, payload=b"p", score=1.5)])
            txn.cursors.advance(name, "s", 7)
            txn.idempotency.put("scope", name)
            txn.inbox.put_tombstone("u", "t" + name, dismissed=True, until=at(2**62))
            txn.migrations.record(name)
            txn.documents.put(name, "1")
    for name in "zyx":
        store.locks.acquire(name, "owner", lease=us(10**9))
        store.inbox.dismiss("u", name)
    store.outbox.configure("q", dedup_window=us(10**12))
    for name in "cba":
        store.outbox.enqueue("done", name, b"p")
    store.outbox.configure("done", dedup_window=us(10**12))
    for item in store.outbox.claim_next("done", "owner", max=3):
        store.outbox.complete("done", item.id, item.token)
    return store


def lists(store):
    """Of each list: the iterator, the page, and an item's sort key."""
    d, t, b = store.documents, store.timelines, store.inbox
    return {
        "created": (
            lambda **a: d.list("c", **a),
            lambda **a: d.list_page("c", **a),
            lambda x: (x.created_at, x.id),
        ),
        "updated down": (
            lambda **a: d.list("c", by=By.UPDATED, descending=True, **a),
            lambda **a: d.list_page("c", by=By.UPDATED, descending=True, **a),
            lambda x: (x.updated_at, x.id),
        ),
        "timeline": (
            lambda **a: t.query("t", **a),
            lambda **a: t.query_page("t", **a),
            lambda x: (x.happened_at, x.id),
        ),
        "timeline up": (
            lambda **a: t.query("t", ascending=True, **a),
            lambda **a: t.query_page("t", ascending=True, **a),
            lambda x: (x.happened_at, x.id),
        ),
        "load": (
            lambda **a: b.load("u", **a),
            lambda **a: b.load_page("u", **a),
            lambda x: (x.snapshot_at, x.score, x.account, x.thread),
        ),
        "dismissed": (
            lambda **a: b.dismissed("u", **a),
            lambda **a: b.dismissed_page("u", **a),
            lambda x: (x.account, x.thread),
        ),
        "tombstones": (
            lambda **a: b.tombstones("u", **a),
            lambda **a: b.tombstones_page("u", **a),
            lambda x: (x.account, x.thread),
        ),
        "cursors": (
            store.cursors.list,
            store.cursors.list_page,
            lambda x: (x.consumer, x.stream, x.subject),
        ),
        "lag": (
            lambda **a: store.cursors.lag("s", 9, **a),
            lambda **a: store.cursors.lag_page("s", 9, **a),
            lambda x: (x.cursor.last_sequence, x.cursor.subject, x.cursor.consumer),
        ),
        "outbox": (
            lambda **a: store.outbox.list("q", **a),
            lambda **a: store.outbox.list_page("q", **a),
            lambda x: x.place,
        ),
        "outbox by match": (
            lambda **a: store.outbox.list("q", match=lambda item: True, **a),
            lambda **a: store.outbox.list_page("q", match=lambda item: True, **a),
            lambda x: x.place,
        ),
        "completed": (
            lambda **a: store.outbox.completed("done", **a),
            lambda **a: store.outbox.completed_page("done", **a),
            lambda x: x.version,
        ),
        "idempotency": (
            lambda **a: store.idempotency.list("scope", **a),
            lambda **a: store.idempotency.list_page("scope", **a),
            lambda x: (x.scope, x.key),
        ),
        "locks": (store.locks.list, store.locks.list_page, lambda x: x.name),
        "migrations": (store.migrations.list, store.migrations.list_page, lambda x: x.version),
    }


def test_every_list_begins_behind_an_item_or_its_sort_key(filled):
    for name, (each, page_of, key_of) in lists(filled).items():
        everything = list(each())
        assert len(everything) == 3, name
        for at, item in enumerate(everything):
            assert list(each(after=item)) == everything[at + 1 :], name
            assert list(each(after=key_of(item))) == everything[at + 1 :], name
            assert list(page_of(after=item, limit=1)) == everything[at + 1 : at + 2], name


def test_lists_of_names_begin_behind_a_name(filled):
    assert list(filled.documents.collections(after="c")) == ["x", "y", "z"]
    assert list(filled.documents.collections(after=b"xx")) == ["y", "z"]
    assert list(filled.outbox.queues(after="done")) == ["q"]
    assert list(filled.inbox.users(after="a")) == ["u"]
    assert list(filled.timelines.timelines(after="t")) == []
    assert list(filled.idempotency.scopes(after="scope")) == []


def test_a_position_and_a_token_are_one_too_many(filled):
    for name, (_, page_of, key_of) in lists(filled).items():
        page = page_of(limit=1)
        with pytest.raises(holdfast.InvalidError):
            page_of(page=page.next, after=key_of(page.items[0]))


def test_what_is_no_position_is_refused(filled):
    for wrong in ("z",), (at(1), "z", 2), (at(1), "z\0"), (at(1), "z" * 513):
        with pytest.raises(holdfast.InvalidError):
            filled.documents.list_page("c", after=wrong)
    for wrong in 5, object(), ["z"], (1, "z"):
        with pytest.raises(TypeError):
            filled.documents.list_page("c", after=wrong)
    for wrong in "7", 1.5, (7,), object():
        with pytest.raises(TypeError):
            filled.outbox.list_page("q", after=wrong)
    with pytest.raises(holdfast.InvalidError):
        filled.outbox.list_page("q", after=-1)
    with pytest.raises(holdfast.InvalidError):
        filled.inbox.load_page("u", after=(None, float("nan"), "", ""))
    with pytest.raises(holdfast.InvalidError):
        filled.idempotency.list_page("scope", after=("other", "k"))


def test_a_place_stays_when_an_item_is_claimed_and_goes_with_it(filled):
    y = list(filled.outbox.list("q"))[1]
    assert filled.outbox.get("q", "y").place == y.place > 0
    claimed = filled.outbox.claim("q", "y", "owner")
    assert claimed.place == 0 and filled.outbox.get("q", "y").place == y.place
    filled.outbox.complete("q", "y", claimed.token)
    assert [item.id for item in filled.outbox.list("q", after=y)] == ["x"]
    assert [item.id for item in filled.outbox.list("q", status=Status.QUEUED, after=y)] == ["x"]


def test_documents_are_listed_by_id_and_by_a_prefix(store):
    for name in ("b/2", "a/1", "b/1", "c", "b"):
        store.documents.put("c", name, group="g", orders=ORDERS | Orders.ID | Orders.GROUP_ID)
    by_id = list(store.documents.list("c", by=By.ID))
    assert [d.id for d in by_id] == ["a/1", "b", "b/1", "b/2", "c"]
    for by in By:
        found = {d.id for d in store.documents.list("c", by=by, id_prefix="b/")}
        assert found == {"b/1", "b/2"}
    down = store.documents.list("c", "g", by=By.ID, descending=True, id_prefix="b")
    assert [d.id for d in down] == ["b/2", "b/1", "b"]
    assert list(store.documents.list("c", by=By.ID, after="b/1")) == by_id[3:]
    assert list(store.documents.list("c", by=By.ID, after=by_id[1])) == by_id[2:]
    assert list(store.documents.list("c", by=By.ID, after=(None, "b/1"))) == by_id[3:]
    page = store.documents.list_page("c", by=By.ID, id_prefix="b/", limit=1)
    assert [d.id for d in page] == ["b/1"]
    with pytest.raises(holdfast.InvalidError):
        store.documents.list_page("c", by=By.ID, id_prefix="b", page=page.next)
    with pytest.raises(holdfast.InvalidError):
        store.documents.list_page("c", id_prefix="")
    store.documents.put("other", "1")
    with pytest.raises(holdfast.InvalidError):
        store.documents.list_page("other", by=By.ID)


def test_items_are_listed_by_a_prefix(store):
    for name in ("b/2", "a/1", "b/1", "b"):
        store.outbox.enqueue("q", name)
    assert [i.id for i in store.outbox.list("q", id_prefix="b/")] == ["b/2", "b/1"]
    matching = store.outbox.list("q", id_prefix="b", match=lambda item: item.id != "b/2")
    assert [i.id for i in matching] == ["b/1", "b"]
    assert [i.id for i in store.outbox.list_page("q", id_prefix="a", limit=5)] == ["a/1"]


def test_a_page_may_be_short_where_much_is_passed_over(store):
    store.outbox.enqueue_many("q", [holdfast.OutboxInput(f"other-{i}") for i in range(5000)])
    store.outbox.enqueue("q", "wanted")
    page = store.outbox.list_page("q", id_prefix="wanted", limit=1)
    assert list(page) == [] and page.next is not None
    rest = store.outbox.list_page("q", id_prefix="wanted", limit=1, page=page.next)
    assert [i.id for i in rest] == ["wanted"]
    assert [i.id for i in store.outbox.list("q", id_prefix="wanted")] == ["wanted"]


def test_keys_of_one_scope_of_a_prefix_and_of_all(store):
    scopes = "a:1", "a:2", "a%", "b"
    for scope in scopes:
        for key in "k1", "k2":
            store.idempotency.put(scope, key)
    keys = lambda **over: [(e.scope, e.key) for e in store.idempotency.list(**over)]  # noqa: E731
    assert keys(scope="a:1") == [("a:1", "k1"), ("a:1", "k2")]
    assert [scope for scope, _ in keys(prefix="a:")] == ["a:1", "a:1", "a:2", "a:2"]
    everything = list(store.idempotency.list(everything=True))
    assert [e.scope for e in everything] == ["a%", "a%", "a:1", "a:1", "a:2", "a:2", "b", "b"]
    for at, entry in enumerate(everything):
        assert list(store.idempotency.list(everything=True, after=entry)) == everything[at + 1 :]
        behind = store.idempotency.list(everything=True, after=(entry.scope, entry.key))
        assert list(behind) == everything[at + 1 :]
    assert store.idempotency.count("a:1").done == 2
    assert store.idempotency.count(prefix="a").done == 6
    assert store.idempotency.count(everything=True).done == 8
    page = store.idempotency.list_page("b", limit=1)
    with pytest.raises(holdfast.InvalidError):
        store.idempotency.list_page(prefix="b", limit=1, page=page.next)
    for wrong in {}, {"scope": "a", "prefix": "a"}, {"scope": "a", "everything": True}:
        for call in store.idempotency.list_page, store.idempotency.count, store.idempotency.clear:
            with pytest.raises(holdfast.InvalidError):
                call(**wrong)
    with pytest.raises(holdfast.InvalidError):
        store.idempotency.clear(prefix="")
    assert store.idempotency.clear(prefix="a:").count == 4
    with store.transaction() as txn:
        cleared = txn.idempotency.clear(everything=True)
    assert cleared.count == 4 and keys(everything=True) == []


def test_a_key_has_a_canonical_text():
    for scope, key in ("s", "k"), ("a:b%", "k:1%"), ("\udcff", "~"), ("é", "k"):
        text = holdfast.idempotency_text(scope, key)
        assert holdfast.idempotency_parse(text) == (scope, key)
    assert holdfast.idempotency_text("a:b%", "k:1") == "a%3Ab%25:k:1"
    assert holdfast.idempotency_text("s" * 512, "k" * 255) == "s" * 512 + ":" + "k" * 255
    assert holdfast.idempotency_parse(b"%3A" * 512 + b":k") == (":" * 512, "k")
    for wrong in "", "k", ":k", "s:", "%41:k", "s%:k", "%3a:k", "s:k k", "s" * 513 + ":k":
        with pytest.raises(holdfast.InvalidError):
            holdfast.idempotency_parse(wrong)
    for scope, key in ("", "k"), ("s", ""), ("s", "k k"), ("s\0", "k"), ("s" * 513, "k"):
        with pytest.raises(holdfast.InvalidError):
            holdfast.idempotency_text(scope, key)


def test_what_was_put_first_is_listed_first(store):
    with store.transaction() as txn:
        for name in "zyx":
            txn.documents.put("c", name, orders=ORDERS)
            txn.timelines.append("t", name, "kind")
            txn.outbox.enqueue("q", name)
            txn.migrations.record(name)
    for _ in range(2):
        for by in By.CREATED, By.UPDATED:
            assert "".join(d.id for d in store.documents.list("c", by=by)) == "zyx"
            down = store.documents.list("c", by=by, descending=True)
            assert "".join(d.id for d in down) == "xyz"
        assert "".join(e.id for e in store.timelines.query("t", ascending=True)) == "zyx"
        assert "".join(e.id for e in store.timelines.query("t")) == "xyz"
        assert "".join(i.id for i in store.outbox.list("q")) == "zyx"
        assert "".join(m.name for m in store.migrations.list()) == "zyx"
        if not os.path.exists("store"):  # in memory: nothing to open again
            break
        store.close()
        store = holdfast.open("store")
    store.close()


def test_a_whole_list_shows_one_moment(store):
    """It is longer than a step, while a thread changes two documents in one transaction."""
    with store.transaction() as txn:
        for number in range(2500):
            txn.documents.put("c", f"{number:04}", b"0")
    ends, stop = ("0000", "2499"), threading.Event()

    def change():
        for turn in itertools.count(1):
            if stop.is_set():
                return
            with store.transaction() as txn:
                txn.documents.put("c", ends[0], str(turn))
                txn.documents.put("c", ends[1], str(-turn))
            stop.wait(0.002)

    writer = threading.Thread(target=change)
    writer.start()
    try:
        for _ in range(20):
            listed = store.documents.list_page("c", limit=0)
            assert listed.next is None and len(listed.items) == 2500
            assert sum(int(document.payload) for document in listed.items) == 0
    finally:
        stop.set()
        writer.join()
    assert int(store.documents.get("c", ends[0]).payload) > 0
