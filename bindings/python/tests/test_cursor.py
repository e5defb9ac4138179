import dataclasses

import pytest

import holdfast

from instants import at


def test_a_cursor_only_goes_forward(store):
    assert store.cursors.advance(
        "mailer", "events", 42, delivery_id="d-42", delivered_at=at(7), now=at(8)
    ).changed
    with pytest.raises(holdfast.NonMonotonicError, match="at 42, refused 41"):
        store.cursors.advance("mailer", "events", 41)
    with pytest.raises(holdfast.NonMonotonicError):
        store.cursors.advance("mailer", "events", 42, delivery_id="other")
    store.cursors.record_error("mailer", "events", "timed out", now=at(9))
    cursor = store.cursors.get("mailer", "events")
    assert (cursor.last_sequence, cursor.last_error, cursor.error_count, cursor.updated_at) == (
        42,
        "timed out",
        1,
        at(9),
    )
    store.cursors.advance("mailer", "events", 42, delivery_id="d-42", now=at(10))  # a replay
    cursor = store.cursors.get("mailer", "events")
    assert (cursor.last_delivered_at, cursor.last_error, cursor.error_count, cursor.updated_at) == (
        at(7),
        "",
        0,
        at(10),
    )


def test_a_reset_needs_a_reason_and_keeps_it(store):
    store.cursors.advance("c", "s", 9)
    with pytest.raises(holdfast.ReasonRequiredError):
        store.cursors.reset("c", "s", 3, reason=" \t")
    store.cursors.reset("c", "s", 3, reason="replay after an outage", now=at(5))
    cursor = store.cursors.get("c", "s")
    assert (cursor.last_sequence, cursor.reset_reason, cursor.reset_at) == (
        3,
        "replay after an outage",
        at(5),
    )
    assert cursor.last_delivered_at is None


def test_lists_and_lag(store):
    for stream in ("a", "b"):
        for i in range(300):
            store.cursors.advance(f"c{i:03}", stream, i + 1, durability=holdfast.OS)
    store.cursors.advance("x", "a", 5, subject="one")
    assert len(list(store.cursors.list())) == 601
    assert [cursor.consumer for cursor in store.cursors.list(stream="a", subject="one")] == ["x"]
    assert len(list(store.cursors.list(stream="a", subject=""))) == 300
    lags = [item.lag for item in store.cursors.lag("a", 300)]
    assert lags == sorted(lags, reverse=True) and len(lags) == 301
    page = store.cursors.list_page(consumer="c007", limit=1)
    assert page.items[0].stream == "a"
    assert store.cursors.list_page(consumer="c007", limit=1, page=page.next).items[0].stream == "b"


def test_put_stores_a_cursor_whole(store):
    store.cursors.reset(
        "c", "s", 3, reason="because", subject="x", delivery_id="d", delivered_at=at(4)
    )
    store.cursors.record_error("c", "s", "no", subject="x")
    cursor = store.cursors.get("c", "s", subject="x")
    copy = dataclasses.replace(cursor, consumer="copy")
    store.cursors.put(copy, expect=holdfast.ABSENT)
    found = store.cursors.get("copy", "s", subject="x")
    assert dataclasses.replace(found, version=0) == dataclasses.replace(copy, version=0)
    assert not store.cursors.put(copy).changed
    with pytest.raises(holdfast.NonMonotonicError):
        store.cursors.put(dataclasses.replace(copy, last_sequence=2))
    store.cursors.remove("copy", "s", subject="x")
    with pytest.raises(holdfast.NotFoundError):
        store.cursors.get("copy", "s", subject="x")
