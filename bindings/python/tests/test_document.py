"""Documents and timelines through the package."""

from datetime import timedelta

import pytest

import holdfast
from holdfast import By, Orders

from instants import at


def test_a_document_is_put_found_and_replaced(store):
    first = store.documents.put("jobs", "1", b"\0one", group="new", now=at(10))
    second = store.documents.put("jobs", "1", "two", group="new", now=at(20), expect=first.version)
    found = store.documents.get("jobs", "1")
    assert (found.payload, found.group, found.created_at, found.updated_at) == (
        b"two",
        "new",
        at(10),
        at(20),
    )
    assert found.version == second.version and found.expires_at is None
    with pytest.raises(holdfast.ConflictError):
        store.documents.put("jobs", "1", expect=first.version)
    assert store.documents.regroup("jobs", "1", "done", now=at(30)).changed
    assert (
        store.documents.count("jobs", "done").documents == 1
        and store.documents.count("jobs", "new").documents == 0
    )


def test_lists_go_by_the_orders_of_the_collection(store):
    for number, created in ("1", 30), ("2", 10), ("3", 20):
        store.documents.put(
            "c",
            number,
            created_at=at(created),
            now=at(100 - created),
            orders=Orders.CREATED | Orders.UPDATED,
        )
    assert [d.id for d in store.documents.list("c")] == ["2", "3", "1"]
    assert [d.id for d in store.documents.list("c", by=By.UPDATED, descending=True)] == [
        "2",
        "3",
        "1",
    ]
    page = store.documents.list_page("c", limit=2)
    assert [d.id for d in store.documents.list_page("c", limit=2, page=page.next)] == ["1"]
    with pytest.raises(holdfast.InvalidError):
        store.documents.list_page("c", "group")
    assert store.documents.count("c").orders == Orders.CREATED | Orders.UPDATED
    assert list(store.documents.collections()) == ["c"]
    assert store.documents.clear("c").count == 3


def test_what_has_expired_is_gone(store):
    store.documents.put("c", "1", ttl=timedelta(microseconds=1))
    store.documents.put("c", "2", ttl=timedelta(hours=1))
    while store.documents.has("c", "1"):
        pass
    assert [d.id for d in store.documents.list("c")] == ["2"]
    found = store.documents.get("c", "2")
    assert found.expires_computed
    kept = {"expires_at": found.expires_at, "now": found.updated_at}
    assert not store.documents.put("c", "2", expires_computed=True, **kept).changed
    assert (
        store.documents.put("c", "2", **kept).changed
        and not store.documents.get("c", "2").expires_computed
    )


def test_a_timeline_is_appended_queried_and_cut(store):
    for number in range(5):
        store.timelines.append(
            "t",
            str(number),
            "made" if number % 2 else "sent",
            b"p",
            subject="x",
            happened_at=at(number),
        )
    said = {"subject": "x", "happened_at": at(3)}
    assert not store.timelines.append("t", "3", "made", b"p", **said).changed
    with pytest.raises(holdfast.ConflictError):
        store.timelines.append("t", "3", "made", b"q", subject="x", happened_at=at(3))
    assert [e.id for e in store.timelines.query("t")] == ["4", "3", "2", "1", "0"]
    assert [e.id for e in store.timelines.query("t", type="made", ascending=True)] == ["1", "3"]
    page = store.timelines.query_page("t", subject="x", limit=2)
    assert (page.total, [e.id for e in page]) == (5, ["4", "3"])
    assert [
        e.id for e in store.timelines.query_page("t", subject="x", limit=9, page=page.next)
    ] == ["2", "1", "0"]
    assert (
        store.timelines.count("t", subject="") == 0 and store.timelines.count("t", type="sent") == 3
    )
    assert store.timelines.latest_at("t") == at(4) and store.timelines.latest_at("none") is None
    assert store.timelines.retain("t", max_events=2).count == 3
    assert store.timelines.get("t", "4").happened_at == at(4)
    assert list(store.timelines.timelines()) == ["t"] and store.timelines.clear("t").count == 2
