"""Waits that no thread waits for, by themselves and in an asyncio loop."""

import asyncio
import gc
import os
import threading
from datetime import timedelta

import pytest

import holdfast

LEASE = timedelta(minutes=1)
MOMENT = timedelta(milliseconds=1)


def test_a_wait_gets_what_comes_and_gives_it_once(store):
    wait = store.outbox.start_claim_next("q", "w", lease=LEASE)
    assert not wait.ended() and not wait.wait(timeout=MOMENT)
    with pytest.raises(holdfast.BlockedError):
        wait.take()
    store.outbox.enqueue("q", "1", b"x")
    assert wait.wait() and wait.ended()
    [item] = wait.take()
    assert (item.id, item.payload) == ("1", b"x")
    with pytest.raises(holdfast.NotFoundError):
        wait.take()
    assert not wait.cancel()
    store.outbox.complete("q", "1", item.token)


def test_what_was_cancelled_goes_back(store):
    store.outbox.enqueue("q", "1")
    item = store.outbox.start_claim_next("q", "w", lease=LEASE)
    lock = store.locks.start_acquire("l", "a", lease=LEASE)
    assert item.wait() and lock.wait() and item.cancel() and lock.cancel()
    for wait in item, lock:
        with pytest.raises(holdfast.CanceledError):
            wait.take()
    queued = store.outbox.get("q", "1")
    assert (queued.status, queued.attempts, queued.lost) == (holdfast.Status.QUEUED, 0, 0)
    assert store.locks.acquire("l", "b").token


def test_what_was_dropped_or_closed_goes_back(store):
    store.outbox.enqueue("q", "1")
    with store.outbox.start_claim_next("q", "w", lease=LEASE) as wait:
        assert wait.wait()
    with pytest.raises(ValueError, match="closed"):
        wait.take()
    dropped = store.outbox.start_claim_next("q", "w", lease=LEASE)
    assert dropped.wait()
    del dropped
    gc.collect()
    [item] = store.outbox.claim_next("q", "w", lease=LEASE, wait=holdfast.FOR_EVER)
    assert item.lost == 0


def test_time_that_is_over(store):
    token = store.locks.acquire("l", "a").token
    lock = store.locks.start_acquire("l", "b", wait=MOMENT)
    item = store.outbox.start_claim_next("q", "w", wait=MOMENT)
    assert lock.wait() and item.wait() and item.take() == []
    with pytest.raises(holdfast.TimedOutError):
        lock.take()
    store.locks.release("l", token)


def test_closing_ends_it():
    store = holdfast.open("other", create=True)
    store.outbox.enqueue("q", "1")
    granted = store.outbox.start_claim_next("q", "w")
    waits = store.outbox.start_claim_next("q", "w")
    assert granted.wait()
    store.close()
    for wait in granted, waits:
        assert wait.ended()
        with pytest.raises(holdfast.CanceledError):
            wait.take()
        wait.close()
    with holdfast.open("other") as store:
        assert store.outbox.get("q", "1").lost == 0


def test_a_wait_calls_back_once(store):
    told, calls = threading.Event(), []
    wait = store.locks.start_acquire("l", "a")

    def call(ended):
        calls.append(ended.take().token)
        told.set()

    wait.when_ended(call)
    with pytest.raises(holdfast.InvalidError):
        wait.when_ended(call)
    assert told.wait(30) and calls[0] and store.ended_waits() == []


def test_a_feed_is_waited_for(store):
    with store.feed() as feed:
        wait = feed.start_read()
        with pytest.raises(holdfast.InvalidError, match="already"):
            feed.start_read()
        store.cursors.advance("c", "s", 1)
        assert wait.wait() and [event.domain for event in wait.take()] == ["cursor"]
        late = feed.start_read(wait=MOMENT)
        assert late.wait() and late.take() == []
        woken = feed.start_read()
        feed.wake()
        assert woken.wait()
        with pytest.raises(holdfast.CanceledError):
            woken.take()


def test_a_feed_without_an_entry_to_give_is_waited_for(store):
    """Neither an empty store nor one that was just imported keeps a loop from sleeping."""
    with store.feed() as feed:
        wait = feed.start_read()
        assert not wait.ended()
        store.cursors.advance("c", "s", 1)
        assert wait.wait() and len(wait.take()) == 1
    store.export("exported")
    holdfast.import_snapshot("exported", "imported")
    with holdfast.open("imported") as imported, imported.feed() as feed:
        assert feed.read() == []
        wait = feed.start_read()
        assert not wait.ended()
        imported.cursors.advance("c", "s", 2)
        assert wait.wait() and [event.lsn for event in wait.take()] == [2]
        with imported.feed(feed.next) as again:
            assert not again.start_read().ended()


def test_an_event_loop_watches_the_descriptor(store):
    """What asyncio is told: by its reader of the eventfd, with a future for each wait."""

    async def main():
        loop, futures = asyncio.get_running_loop(), {}
        descriptor = store.eventfd()

        def readable():
            os.read(descriptor, 8)
            for wait in store.ended_waits():
                future = futures.pop(wait, None)
                if future is not None and not future.done():
                    future.set_result(None)

        async def claim():
            wait = store.outbox.start_claim_next("q", "w", lease=LEASE)
            futures[wait] = loop.create_future()
            try:
                await futures[wait]
                return wait.take()[0].id
            finally:
                wait.close()

        loop.add_reader(descriptor, readable)
        try:
            tasks = [asyncio.ensure_future(claim()) for _ in range(10)]
            await asyncio.sleep(0.01)
            for task in tasks[:5]:
                task.cancel()
            await asyncio.gather(*tasks[:5], return_exceptions=True)
            for n in range(5):
                store.later().outbox.enqueue("q", str(n))
            assert await asyncio.wait_for(asyncio.gather(*tasks[5:]), 30) == list("01234")
        finally:
            loop.remove_reader(descriptor)

    asyncio.run(main())
    assert store.outbox.stats("q").sending.items == 5


def test_a_wait_can_be_awaited_and_a_task_cancelled(store):
    async def main():
        mine = await store.locks.start_acquire("l", "a", lease=LEASE)
        waits = [asyncio.ensure_future(_awaited(store, n)) for n in range(3)]
        await asyncio.sleep(0.01)
        waits[0].cancel()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(store.locks.start_acquire("l", "z"), 0.01)
        store.locks.release("l", mine.token)
        result = await asyncio.wait_for(waits[1], 30)
        store.locks.release("l", result.token)
        result = await asyncio.wait_for(waits[2], 30)
        assert store.locks.get("l").owner == "2"
        with pytest.raises(asyncio.CancelledError):
            await waits[0]

    asyncio.run(main())


async def _awaited(store, n):
    return await store.locks.start_acquire("l", str(n), lease=LEASE)


def test_thousands_of_one_thread(store):
    waits = [store.outbox.start_claim_next("q", "w", lease=LEASE) for _ in range(2000)]
    threads = threading.active_count()
    for wait in waits[::2]:
        assert wait.cancel()
    store.outbox.enqueue_many("q", [holdfast.OutboxInput(str(n)) for n in range(1000)])
    assert all(wait.wait() for wait in waits)
    assert [wait.take()[0].id for wait in waits[1::2]] == [str(n) for n in range(1000)]
    assert threading.active_count() == threads


def test_without_threads_upkeep_serves_them():
    with holdfast.open("other", create=True, background=False) as store:
        wait, called = store.locks.start_acquire("l", "a"), []
        wait.when_ended(called.append)
        store.maintain()
        assert called == [wait] and wait.take().token
        other = store.locks.start_acquire("l", "b", wait=MOMENT)
        assert other.wait()
        with pytest.raises(holdfast.TimedOutError):
            other.take()
