"""The store's clock."""

import datetime

import pytest

import holdfast

from instants import at, us


def test_a_clock_that_is_not_ahead_is_not_set_back(store):
    shown = store.clock.show()
    assert shown.ahead >= us(0) and shown.now == shown.wall + shown.ahead
    assert shown.version == 0 and shown.set_back_at is None and shown.set_back == us(0)
    result = store.clock.set_back(reason="to be sure", to=shown.now + us(10**12))
    assert not result.changed
    assert store.clock.show().now >= shown.now
    assert store.info().clock >= shown.now and store.info().clock_ahead >= us(0)


def test_a_set_back_needs_a_reason_and_one_target(store):
    with pytest.raises(holdfast.ReasonRequiredError):
        store.clock.set_back(reason="  ")
    with pytest.raises(ValueError):
        store.clock.set_back(reason="why", by=us(0))
    with pytest.raises(holdfast.InvalidError):
        store.clock.set_back(reason="why", by=datetime.timedelta(hours=1), to=at(5))
    with store.transaction() as txn:
        result = txn.clock.set_back(reason="why", by=datetime.timedelta(days=1))
    assert result.version == store.clock.show().version
