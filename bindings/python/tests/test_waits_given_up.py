"""Waits that are given up: at each moment, by loops that end, forks, exits and the garbage
collector. What was granted and did not reach a caller goes back, uncounted."""

import asyncio
import copy
import gc
import os
import pickle
import random
import subprocess
import sys
import textwrap
import threading
import time
from datetime import timedelta

import pytest

import holdfast

LEASE = timedelta(minutes=1)
SOON = timedelta(seconds=20)


def is_free(store, name):
    """What goes back may do so on another thread, and what a thread that just tells of it still
    refers to is only collected the next time."""
    until = time.monotonic() + 20
    while True:
        try:
            token = store.locks.acquire(name, "probe", wait=timedelta(milliseconds=50)).token
        except holdfast.TimedOutError:
            if time.monotonic() > until:
                return False
            gc.collect()
            continue
        store.locks.release(name, token)
        return True


def is_held_by(store, name, owner):
    return [lock.owner for lock in store.locks.list() if lock.name == name] == [owner]


async def _acquired(store, name):
    return await store.locks.start_acquire(name, "task", lease=LEASE)


@pytest.mark.parametrize("moment", range(6))
def test_a_task_is_cancelled_so_many_steps_after_the_grant(store, moment):
    held = store.locks.acquire("l", "a")
    with asyncio.Runner() if hasattr(asyncio, "Runner") else _Loop() as runner:
        loop = runner.get_loop()
        wait = store.locks.start_acquire("l", "b", lease=LEASE)

        async def one():
            return await wait

        task = loop.create_task(one())
        loop.run_until_complete(asyncio.sleep(0))
        store.locks.release("l", held.token)
        assert wait.wait()
        for _ in range(moment):
            loop.run_until_complete(asyncio.sleep(0))
        task.cancel()
        [answer] = loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        if isinstance(answer, asyncio.CancelledError):
            assert is_free(store, "l")
        else:
            store.locks.release("l", answer.token)


class _Loop:
    """asyncio.Runner, which Python has since 3.11."""

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        return self

    def get_loop(self):
        return self._loop

    def __exit__(self, *_):
        self._loop.close()


@pytest.mark.filterwarnings("ignore:coroutine")  # those that are cancelled before they begin
def test_tasks_are_cancelled_and_run_out_of_time_while_items_come(store):
    """Each item reaches exactly one task, or is in the queue as if it never had left."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    got = []

    async def claim():
        wait = store.outbox.start_claim_next("q", "w", lease=LEASE)
        got.extend(item.id for item in await wait)

    async def main():
        tasks = []
        for number in range(300):
            late = asyncio.wait_for(claim(), chance.uniform(0, 0.01))
            tasks.append(asyncio.ensure_future(late))
            store.later().outbox.enqueue("q", str(number))
            if chance.random() < 0.5:
                tasks[chance.randrange(len(tasks))].cancel()
            if chance.random() < 0.3:
                await asyncio.sleep(chance.uniform(0, 0.002))
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(main())
    gc.collect()
    until = time.monotonic() + 20
    while store.outbox.stats("q").sending.items > len(got) and time.monotonic() < until:
        time.sleep(0.01)
        gc.collect()
    left = [item for item in store.outbox.list("q") if item.status is holdfast.Status.QUEUED]
    assert sorted(got + [item.id for item in left]) == sorted(map(str, range(300))), f"seed {seed}"
    assert all((item.attempts, item.lost) == (0, 0) for item in left), f"seed {seed}"


def test_a_second_task_is_refused_and_the_first_goes_on(store):
    held = store.locks.acquire("l", "a")

    async def main():
        wait = store.locks.start_acquire("l", "b", lease=LEASE)

        async def one():
            return await wait

        first = asyncio.ensure_future(one())
        await asyncio.sleep(0)
        with pytest.raises(holdfast.InvalidError, match="has a callback"):
            await wait
        store.locks.release("l", held.token)
        return await asyncio.wait_for(first, 20)

    assert asyncio.run(main()).token == store.locks.get("l").token


def test_what_is_closed_while_it_is_awaited_wakes_its_task(store):
    store.locks.acquire("l", "a")

    async def main(close):
        wait = store.locks.start_acquire("l", "b")

        async def one():
            return await wait

        task = asyncio.ensure_future(one())
        await asyncio.sleep(0)
        close(wait)
        with pytest.raises(holdfast.CanceledError):
            await asyncio.wait_for(task, 20)

    def elsewhere(wait):
        closer = threading.Thread(target=wait.close)
        closer.start()
        closer.join()

    for close in (holdfast.Wait.close, holdfast.Wait.cancel, elsewhere):
        asyncio.run(main(close))


def test_a_store_that_is_closed_wakes_all_tasks():
    async def main():
        store = holdfast.open(":memory:")
        store.locks.acquire("l", "a")
        tasks = [asyncio.ensure_future(_acquired(store, "l")) for _ in range(50)]
        await asyncio.sleep(0)
        await asyncio.get_running_loop().run_in_executor(None, store.close)
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert {type(answer) for answer in asyncio.run(main())} == {holdfast.CanceledError}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("granted", [False, True])
def test_a_loop_that_is_closed_leaves_nothing_behind(store, granted):
    """Its task is never run again, and what the collector makes of it comes in any order."""
    for _ in range(3):
        held = store.locks.acquire("l", "a", wait=SOON)
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda *_: None)
        loop.create_task(_acquired(store, "l"))
        loop.run_until_complete(asyncio.sleep(0))
        if granted:
            store.locks.release("l", held.token)
            until = time.monotonic() + 20
            while not is_held_by(store, "l", "task") and time.monotonic() < until:
                time.sleep(0.001)
            loop.close()
        else:
            loop.close()
            store.locks.release("l", held.token)
        del loop
        gc.collect()
        assert is_free(store, "l")


class _Late:
    """Uses a wait when it is collected together with it."""

    def __init__(self, wait):
        self.wait, self.me = wait, self

    def __del__(self):
        try:
            _ended.append(self.wait.cancel())
        except ValueError as error:
            _ended.append(error)
        self.wait.close()


_ended = []


def test_what_uses_a_wait_while_it_is_collected_is_refused(store):
    for number in range(20):
        _Late(store.locks.start_acquire("l", str(number), lease=LEASE))
        gc.collect()
    assert len(_ended) == 20 and is_free(store, "l")
    _ended.clear()


def test_threads_wait_cancel_and_close_at_once(store):
    store.locks.acquire("l", "a")
    for _ in range(20):
        wait = store.locks.start_acquire("l", "b")
        answers = []

        def use(call, wait=wait, answers=answers):
            try:
                answers.append(call())
            except (holdfast.Error, ValueError) as error:
                answers.append(type(error))

        calls = [wait.wait, wait.wait, wait.cancel, wait.close, wait.take, wait.close]
        threads = [threading.Thread(target=use, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(answers) == len(calls)


def test_a_signal_handler_may_use_a_wait_that_is_in_use(store):
    wait = store.locks.start_acquire("l", "b")
    with wait._handle.lock:  # where a handler may come
        assert wait.cancel()
        with wait._handle.use():
            wait.close()
    with pytest.raises(ValueError, match="closed"):
        wait.ended()


def test_a_wait_is_not_copied(store):
    wait = store.locks.start_acquire("l", "b")
    for make in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot be copied"):
            make(wait)


def test_no_descriptor_stays(store):
    def rounds():
        for number in range(200):
            with store.outbox.start_claim_next("q", "w") as wait:
                wait.cancel()
            store.locks.start_acquire(str(number), "a", wait=timedelta(0)).wait()
            asyncio.run(_timed_out(store))

    async def _timed_out(store):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(store.outbox.start_claim_next("q", "w"), 0.0001)

    rounds_before = len(os.listdir("/proc/self/fd"))
    rounds()
    assert len(os.listdir("/proc/self/fd")) <= rounds_before + 1


# --- Processes


def test_a_forked_child_has_no_part_in_it(store):
    """Not even when a thread was just using the wait."""
    held = store.locks.acquire("l", "a")
    wait = store.locks.start_acquire("l", "b", lease=LEASE)
    locked, forked = threading.Event(), threading.Event()

    def hold():
        with wait._handle.lock:
            locked.set()
            forked.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    assert locked.wait(20)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for call in (wait.ended, wait.wait, wait.take, wait.cancel):
                try:
                    call()
                except holdfast.ForkedError:
                    status += 1
            wait.close()
            gc.collect()
        finally:
            os._exit(0 if status == 5 else status)
    forked.set()
    thread.join()
    until = time.monotonic() + 20
    found, status = os.waitpid(child, os.WNOHANG)
    while found == 0 and time.monotonic() < until:
        time.sleep(0.01)
        found, status = os.waitpid(child, os.WNOHANG)
    if found == 0:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert found == child and status == 0
    store.locks.release("l", held.token)
    assert wait.wait() and wait.take().token == store.locks.get("l").token


EXITS = {
    "waits are left": """
        waits = [store.outbox.start_claim_next("q", "w") for _ in range(3)]
    """,
    "waits in a cycle are left": """
        cycle = [store.outbox.start_claim_next("q", "w")]
        cycle.append(cycle)
        del cycle
    """,
    "a callback is owed": """
        store.locks.acquire("l", "a")
        store.locks.start_acquire("l", "b").when_ended(lambda wait: wait.close())
        store.outbox.start_claim_next("q", "w").when_ended(lambda wait: None)
    """,
    "a thread sleeps in it": """
        wait = store.locks.start_acquire("l", "b") if store.locks.acquire("l", "a") else None
        threading.Thread(target=wait.wait, daemon=True).start()
        time.sleep(0.05)
    """,
    "a loop of another thread awaits it": """
        async def main():
            store.locks.acquire("l", "a")
            started.set()
            await asyncio.gather(claim(), claim(), lock())

        async def claim():
            await store.outbox.start_claim_next("q", "w")

        async def lock():
            await store.locks.start_acquire("l", "b")

        started = threading.Event()
        threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
        started.wait(20)
        time.sleep(0.05)
    """,
    "a loop was left": """
        loop = asyncio.new_event_loop()

        async def claim():
            await store.outbox.start_claim_next("q", "w")

        task = loop.create_task(claim())
        loop.run_until_complete(asyncio.sleep(0))
    """,
    "the main task fails": """
        async def main():
            task = asyncio.ensure_future(claim())
            await asyncio.sleep(0.01)
            sys.exit(0)

        async def claim():
            await store.locks.start_acquire("l", "b")

        store.locks.acquire("l", "a")
        asyncio.run(main())
    """,
    "a child of multiprocessing has them": """
        waits = [store.outbox.start_claim_next("r", "w") for _ in range(3)]
        child = multiprocessing.get_context("fork").Process(target=waits.clear)
        child.start()
        child.join(20)
        assert child.exitcode == 0
        store.outbox.enqueue("r", "1")
        assert waits[0].wait() and waits[0].take()[0].id == "1"
        store.outbox.remove("r", "1")
    """,
}


@pytest.mark.parametrize("how", EXITS)
def test_an_interpreter_ends_while_it_waits(how):
    code = (
        "import asyncio, multiprocessing, sys, threading, time\n"
        "import holdfast\n"
        "store = holdfast.open('left', create=True)\n"
        "store.outbox.enqueue('q', '1')\n" + textwrap.dedent(EXITS[how])
    )
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path), PYTHONWARNINGS="ignore")
    ran = subprocess.run(
        [sys.executable, "-c", code], env=env, timeout=60, stderr=subprocess.PIPE, text=True
    )
    assert ran.returncode == 0, ran.stderr
    with holdfast.open("left") as store:
        assert not store.info().recovered
        [item] = store.outbox.list("q")
        assert item.lost <= 1 and item.attempts == 0
