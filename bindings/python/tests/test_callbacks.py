"""What calls back takes functions that do their work when they are called, and nothing that would
only make a coroutine."""

import functools
import gc
import threading
import warnings
from unittest import mock

import pytest

import holdfast
from holdfast import OutboxInput, Status


async def coroutine(*_):
    raise AssertionError("it ran")


async def async_generator(*_):
    yield


def generator(*_):
    yield


class Sender:
    async def __call__(self, *_):
        raise AssertionError("it ran")

    async def send(self, *_):
        raise AssertionError("it ran")

    @classmethod
    async def of_class(cls, *_):
        raise AssertionError("it ran")

    @staticmethod
    async def static(*_):
        raise AssertionError("it ran")


LAZY = {
    "coroutine": coroutine,
    "async generator": async_generator,
    "generator": generator,
    "partial": functools.partial(coroutine, 1),
    "partial of a partial": functools.partial(functools.partial(Sender().send), 1),
    "bound method": Sender().send,
    "class method": Sender.of_class,
    "static method": Sender.static,
    "callable object": Sender(),
    "partial of an object": functools.partial(Sender(), 1),
    "lambda in a partial": functools.partial(functools.partial(async_generator)),
    "mock": mock.AsyncMock(),
}


class Awaitable:
    def __await__(self):
        yield


RESULTS = {
    "coroutine": lambda *_: coroutine(),
    "async generator": lambda *_: async_generator(),
    "generator": lambda *_: generator(),
    "awaitable": lambda *_: Awaitable(),
}

NOT_CALLABLE = [None, 5, "send", [], b""]


def before(store):
    store.outbox.enqueue_many("q", [OutboxInput("1"), OutboxInput("2")])
    return store.info().last_lsn


@pytest.mark.parametrize(
    "call", [*LAZY.values(), *NOT_CALLABLE], ids=[*LAZY, *map(repr, NOT_CALLABLE)]
)
def test_what_would_not_run_is_refused_before_anything_changes(store, call):
    last = before(store)
    ticket = store.later().cursors.advance("c", "s", 1).ticket
    assert ticket.wait() and store.info().last_lsn == last + 1
    last += 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        calls = [
            lambda: store.outbox.drain("q", call),
            lambda: store.locks.alone("l", call),
            lambda: store.migrate(
                [("fine", lambda txn: txn.cursors.advance("c", "s", 9)), ("name", call)]
            ),
            lambda: ticket.when_answered(call),
        ]
        if call is not None:
            calls += [
                lambda: store.outbox.list_page("q", match=call),
                lambda: next(store.outbox.list("q", match=call)),
                lambda: store.subscribe(callback=call),
            ]
        for refused in calls:
            with pytest.raises(TypeError):
                refused()
        gc.collect()
    assert store.info().last_lsn == last
    assert [item.status for item in store.outbox.list("q")] == [Status.QUEUED] * 2
    assert list(store.migrations.list()) == []


@pytest.mark.parametrize("call", RESULTS.values(), ids=RESULTS)
def test_an_answer_that_has_not_run_is_no_success(store, call):
    before(store)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drained = store.outbox.drain("q", call, max_attempts=9)
        assert drained.sent == 0
        for item in store.outbox.list("q"):
            assert item.status is Status.QUEUED and "TypeError" in item.last_error
        with pytest.raises(TypeError):
            store.locks.alone("l", call)
        with pytest.raises(TypeError):
            list(store.outbox.list("q", match=call))
        with pytest.raises(TypeError):
            store.migrate([("name", call)])
        gc.collect()
    assert list(store.migrations.list()) == []


def test_an_answer_of_a_subscriber_that_has_not_run_is_told(store, monkeypatch):
    told, told_of = threading.Event(), []

    def hook(unraisable):
        told_of.append(unraisable.exc_value)
        told.set()

    monkeypatch.setattr("sys.unraisablehook", hook)
    with store.subscribe("cursor", callback=lambda event: coroutine()):
        store.cursors.advance("c", "s", 1)
        assert told.wait(30) and isinstance(told_of[0], TypeError)


def test_what_runs_is_called():
    class Fine:
        def __call__(self, item):
            self.seen = item

    called = []
    fine = Fine()
    with holdfast.open("s", create=True) as store:
        for call in (
            fine,
            called.append,
            functools.partial(lambda a, item: None, 1),
            mock.Mock(return_value=None),
            fine.__call__,
        ):
            store.outbox.enqueue("q", "1")
            assert store.outbox.drain("q", call).sent == 1
    assert fine.seen.id == "1" and called[0].id == "1"


def test_of_two_failures_neither_is_lost(store):
    """The sender raises what is no Exception, and the store cannot note it: the lease is over by
    then."""
    store.outbox.enqueue("q", "1")
    other = []

    def send(item):
        raise KeyboardInterrupt("mine")

    with pytest.raises(KeyboardInterrupt, match="mine"):
        store.outbox.drain("q", send)
    assert other == []


def test_a_migration_that_abandons_its_transaction_did_not_happen(store):
    def plainly(txn):
        txn.documents.put("c", "1")
        txn.abandon()

    def by_leaving(txn):
        try:
            with txn:
                txn.documents.put("c", "2")
                raise KeyError("changed its mind")
        except KeyError:
            pass

    for fill in (plainly, by_leaving):
        with pytest.raises(holdfast.InvalidError, match="abandoned"):
            store.migrate([("m", fill)])
        assert not list(store.documents.list("c")) and not list(store.migrations.list())
    assert store.migrate([("m", lambda txn: txn.documents.put("c", "3") and None)]).applied == 1
