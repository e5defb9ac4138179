"""Ctrl-C and SIGTERM while a call waits, at any instant, and closing whatever happens. Each program
runs on its own, for a bounded time."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[2]
BOUND = 30
"""Seconds after which a program counts as hung, on a busy machine."""

BEGIN = """
import os, signal, sys, threading, time
from datetime import timedelta
import holdfast
def ready():
    print("ready", flush=True)
def say(*words):
    print(*words, flush=True)
store = holdfast.open("state", create=True)
"""


def start(program, begin=BEGIN):
    environment = dict(os.environ, PYTHONPATH=str(PACKAGE))
    return subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", begin + program],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    try:
        out, err = process.communicate(timeout=BOUND)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        out, err = process.communicate()
        pytest.fail(f"it hangs:\n{out}\n{err}")
    return process.returncode, out.split("ready\n", 1)[-1], err


def run(program, begin=BEGIN):
    code, out, err = finish(start(program, begin))
    assert code == 0, err
    return out


def interrupted(program, number=signal.SIGINT, rest=0.3):
    """Starts it, and sends the signal some time after it said that it is ready. Seconds that it
    took to end, and what it said."""
    process = start(program)
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    time.sleep(rest)
    began = time.monotonic()
    process.send_signal(number)
    code, out, err = finish(process)
    return time.monotonic() - began, code, out, err


WAITS = {
    "claim_next": 'store.outbox.claim_next("q", "w", wait=holdfast.FOR_EVER)',
    "claim_next, long": 'store.outbox.claim_next("q", "w", wait=timedelta(days=10))',
    "acquire": 'store.locks.acquire("l", "b", wait=holdfast.FOR_EVER)',
    "alone": 'store.locks.alone("l", lambda: None, wait=holdfast.FOR_EVER)',
    "in a callback": 'store.locks.alone("m", lambda: time.sleep(1000))',
    "feed": "store.feed(store.info().last_lsn + 1).read(wait=holdfast.FOR_EVER)",
    "feed, iterating": "[event for event in store.feed()]",
    "feed from outside": (
        'holdfast.feed("state", store.info().last_lsn + 1).read(wait=holdfast.FOR_EVER)'
    ),
    "subscription": "store.subscribe().read(wait=holdfast.FOR_EVER)",
    "open": 'holdfast.open("state", wait=holdfast.FOR_EVER)',
    "pause": '(store.outbox.claim("d", "1", "w"), store.outbox.pause("d", wait=holdfast.FOR_EVER))',
    "drain": 'store.outbox.drain("d", lambda item: time.sleep(1000))',
    "migrate": 'store.migrate([("m", lambda txn: time.sleep(1000))])',
}


@pytest.mark.parametrize("name", WAITS)
def test_ctrl_c_ends_a_call_that_waits(name, tmp_path):
    program = f"""
store.locks.acquire("l", "a")
store.outbox.enqueue("d", "1")
ready()
try:
    {WAITS[name]}
except KeyboardInterrupt:
    say("interrupted")
store.close()
say("closed", store.closed)
"""
    took, code, out, err = interrupted(program)
    assert (code, out) == (0, "interrupted\nclosed True\n"), err
    assert took < 10


def test_a_handler_of_sigterm_runs_while_a_call_waits():
    program = """
def stop(number, frame):
    say("handler", number)
    raise SystemExit(3)
signal.signal(signal.SIGTERM, stop)
with store:
    ready()
    store.outbox.claim_next("q", "w", wait=holdfast.FOR_EVER)
"""
    took, code, out, err = interrupted(program, signal.SIGTERM)
    assert (code, out) == (3, "handler 15\n"), err
    assert took < 10


def test_a_handler_that_raises_nothing_leaves_the_call_waiting_in_its_place():
    program = """
seen = []
def handler(*_):
    seen.append(1)
    threading.Timer(0.3, lambda: store.outbox.enqueue("q", "1")).start()
signal.signal(signal.SIGUSR1, handler)
with store:
    ready()
    items = store.outbox.claim_next("q", "w", wait=holdfast.FOR_EVER)
say(len(seen), items[0].id)
"""
    assert interrupted(program, signal.SIGUSR1)[1:3] == (0, "1 1\n")


def test_a_handler_may_close_the_store():
    """While a call waits, or in the middle of one: it is closed when that is over."""
    program = """
signal.signal(signal.SIGTERM, lambda *_: store.close())
store.outbox.enqueue("q", "1")
ready()
try:
    if sys.argv[-1:] == ["-"]:
        pass
    store.locks.acquire("l", "a")
    store.locks.acquire("l", "b", wait=holdfast.FOR_EVER)
except holdfast.CanceledError as error:
    say("canceled")
store.close()
holdfast.open("state").close()
say("free")
"""
    took, code, out, err = interrupted(program, signal.SIGTERM)
    assert (code, out) == (0, "canceled\nfree\n"), err


def test_what_was_granted_to_an_interrupted_call_is_not_lost():
    """An item comes at the moment of the signal: it is claimed by nobody afterwards, or by the one
    who has it."""
    program = """
import random
me = os.getpid()
for i in range(60):
    got = []
    def feed():
        time.sleep(0.002)
        if i % 3 == 0:
            os.kill(me, signal.SIGINT)
        store.outbox.enqueue("q", f"{i}", durability=holdfast.OS)
        if i % 3 == 1:
            os.kill(me, signal.SIGINT)
        if i % 3 == 2:
            time.sleep(random.random() / 200)
            os.kill(me, signal.SIGINT)
    thread = threading.Thread(target=feed)
    try:
        try:
            thread.start()
            got = store.outbox.claim_next("q", "w", wait=holdfast.FOR_EVER)
            time.sleep(1)
        finally:
            while thread.is_alive():
                try:
                    thread.join()
                except KeyboardInterrupt:
                    pass
    except KeyboardInterrupt:
        pass
    until = time.monotonic() + 5
    while True:
        stats = store.outbox.stats("q")
        if stats.sending.items == len(got) or time.monotonic() > until:
            break
        time.sleep(0.01)
    assert stats.sending.items == len(got) and stats.queued.items == 1 - len(got), (i, got, stats)
    assert store.outbox.get("q", f"{i}").attempts == 0
    store.outbox.clear("q")
store.close()
say("done")
"""
    assert run(program) == "done\n"


def test_an_interrupted_read_of_a_feed_or_subscription_loses_nothing():
    program = """
me = os.getpid()
feed, subscription = store.feed(), store.subscribe(ring=100000)
stop, seen, told = [], [], []
def write():
    for i in range(1, 300):
        store.cursors.advance("c", "s", i, durability=holdfast.OS)
        if i % 10 == 0:
            store.sync()
    store.sync()
    stop.append(1)
def disturb():
    while not stop:
        time.sleep(0.003)
        os.kill(me, signal.SIGUSR1)
class Now(Exception):
    pass
def handler(*_):
    raise Now
threads = [threading.Thread(target=write), threading.Thread(target=disturb)]
signal.signal(signal.SIGUSR1, handler)
events, told = [], []
def take(source, into, wait):
    taken = None
    try:
        taken = source.read(wait=wait)
    finally:
        if taken:
            into += taken
try:
    for thread in threads:
        thread.start()
except Now:
    pass
while len(threads) and (threads[0].ident is None or threads[1].ident is None):
    try:
        [thread.start() for thread in threads if thread.ident is None]
    except Now:
        pass
lost = 0
while not stop:
    try:
        take(feed, events, timedelta(milliseconds=20))
        take(subscription, told, timedelta(milliseconds=20))
    except Now:
        lost += 1
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
for thread in threads:
    thread.join()
while more := feed.read():
    events += more
while more := subscription.read():
    told += more
got = [event.lsn for event in events]
assert got == sorted(set(got)) and lost > 3, lost
say(len(got) >= 290, len(told) >= 290)
"""
    out = run(program)
    assert out == "True True\n"


# --- Closing
# --------------------------------------------------------------------------------------------------


def test_closing_after_ctrl_c_at_any_time_does_not_hang():
    """Programs that do many short calls, interrupted at random, then close; all of them must
    end."""
    program = """
import random, itertools
def work():
    for i in itertools.count(1):
        store.cursors.advance("c", "s", i, durability=holdfast.OS)
        store.outbox.enqueue("q", f"{i}", durability=holdfast.OS)
        for item in store.outbox.claim_next("q", "w", durability=holdfast.OS):
            store.outbox.complete("q", item.id, item.token, durability=holdfast.OS)
        with store.transaction(holdfast.OS) as txn:
            txn.cursors.advance("d", "s", i)
ended = 0
for life in range(40):
    try:
        try:
            after = 0.005 + random.random() / 50
            threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT)).start()
            with store:
                work()
        finally:
            store.close()
    except KeyboardInterrupt:
        pass
    until = time.monotonic() + 10
    while True:
        try:
            store.close()
            store = holdfast.open("state")
            break
        except holdfast.LockedError:
            assert time.monotonic() < until
            time.sleep(0.01)
    ended += 1
    store.cursors.remove("c", "s")
    store.cursors.remove("d", "s")
    store.outbox.clear("q")
store.close()
say(ended)
"""
    program = program.replace(
        '    store.cursors.remove("c", "s")\n    store.cursors.remove("d", "s")\n',
        "    for cursor in list(store.cursors.list()):\n"
        "        store.cursors.remove(cursor.consumer, cursor.stream)\n",
    )
    assert run(program) == "40\n"


def test_closing_in_a_forked_child_does_not_hang():
    """Also while other threads of the parent are inside, and while one of them closes."""
    program = """
store.locks.acquire("l", "a")
feed, subscription = store.feed(store.info().last_lsn + 1), store.subscribe()
def wait(call):
    try:
        call()
    except (holdfast.Error, ValueError):
        pass
threads = [
    threading.Thread(target=wait, args=(call,), daemon=True)
    for call in (
        lambda: store.locks.acquire("l", "b", wait=holdfast.FOR_EVER),
        lambda: store.outbox.claim_next("q", "w", wait=holdfast.FOR_EVER),
        lambda: feed.read(wait=holdfast.FOR_EVER),
        lambda: subscription.read(wait=holdfast.FOR_EVER),
    )
]
for thread in threads:
    thread.start()
time.sleep(0.2)
for i in range(5):
    child = os.fork()
    if child == 0:
        try:
            store.cursors.advance("c", "s", 1)
        except holdfast.ForkedError:
            pass
        else:
            os._exit(2)
        feed.close()
        subscription.close()
        store.close()
        store.close()
        os._exit(7)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 7, code
store.cursors.advance("c", "s", 1)
store.close()
for thread in threads:
    thread.join()
say("closed")
"""
    assert run(program) == "closed\n"


def test_forking_inside_a_callback():
    program = """
store.outbox.enqueue("q", "1")
def send(item):
    child = os.fork()
    if child == 0:
        return
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
try:
    store.outbox.drain("q", send)
except holdfast.ForkedError:
    store.close()
    os._exit(7)
store.close()
say("sent")
"""
    assert run(program) == "sent\n"


@pytest.mark.parametrize("thread", ["main", "another"])
def test_closing_inside_a_callback_is_an_error(thread):
    program = f"""
store.outbox.enqueue("q", "1")
store.later().cursors.advance("c", "s", 1).ticket.wait()
said = []
def close(*_):
    try:
        store.close()
    except RuntimeError as error:
        said.append("callback" in str(error))
def work():
    store.outbox.drain("q", close)
    store.locks.alone("l", close)
    store.migrate([("m", close)])
    store.outbox.enqueue("q", "2")
    store.outbox.list_page("q", match=close)
    with store.subscribe("cursor", callback=close):
        store.cursors.advance("c", "s", 2)
        while len(said) < 5:
            time.sleep(0.01)
    told = threading.Event()
    ticket = store.later().cursors.advance("c", "s", 3).ticket
    ticket.when_answered(lambda *_: (close(), told.set()))
    told.wait(20)
if {thread!r} == "main":
    work()
else:
    other = threading.Thread(target=work)
    other.start()
    other.join()
assert not store.closed
store.close()
say(said)
"""
    assert run(program) == "[True, True, True, True, True, True]\n"


def test_closing_what_another_thread_reads():
    program = """
for i in range(30):
    ended = []
    feed, subscription = store.feed(store.info().last_lsn + 1), store.subscribe()
    outside = holdfast.feed("state", store.info().last_lsn + 1)
    def read(source):
        try:
            source.read(wait=holdfast.FOR_EVER)
        except (holdfast.CanceledError, ValueError) as error:
            ended.append(type(error).__name__)
    sources = (feed, subscription, outside)
    threads = [threading.Thread(target=read, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    if i % 2:
        time.sleep(0.01)
    closers = [threading.Thread(target=source.close) for source in sources for _ in range(2)]
    for closer in closers:
        closer.start()
    subscription.close()
    for thread in threads + closers:
        thread.join()
    assert len(ended) == 3, ended
store.close()
say("closed")
"""
    assert run(program) == "closed\n"


def test_a_feed_is_woken_by_another_thread():
    program = """
feed = store.feed()
threading.Timer(0.2, feed.wake).start()
try:
    feed.read(wait=holdfast.FOR_EVER)
except holdfast.CanceledError:
    say("woken")
store.cursors.advance("c", "s", 1)
say([event.lsn for event in feed.read()])
feed.close()
store.close()
"""
    assert run(program) == "woken\n[1]\n"


def test_a_subscription_ends_itself_in_its_callback():
    for background in (True, False):
        program = f"""
store.close()
store = holdfast.open("state", background={background})
called = []
subscriptions = []
def told(event):
    called.append(event.lsn)
    subscriptions[0].close()
subscriptions.append(store.subscribe("cursor", callback=told))
store.cursors.advance("c{background}", "s", 1)
store.cursors.advance("c{background}", "s", 2)
until = time.monotonic() + 10
while not called and time.monotonic() < until:
    if not {background}:
        store.maintain()
    time.sleep(0.01)
for i in range(5):
    store.maintain()
store.close()
say(len(called))
"""
        assert run(program) == "1\n"


@pytest.mark.parametrize("left", ["open", "waiting", "callback", "dropped", "transaction"])
def test_the_interpreter_ends_with_a_store_that_nobody_closed(left):
    program = f"""
left = {left!r}
store.cursors.advance("c", "s", 1, durability=holdfast.OS)
if left == "waiting":
    claim = lambda: store.outbox.claim_next("q", "w", wait=holdfast.FOR_EVER)
    threading.Thread(target=claim, daemon=True).start()
    feed = store.feed(2)
    threading.Thread(target=lambda: feed.read(wait=holdfast.FOR_EVER), daemon=True).start()
    time.sleep(0.2)
if left == "callback":
    subscription = store.subscribe(callback=lambda event: time.sleep(0.2))
    store.cursors.advance("c", "s", 2)
if left == "dropped":
    del store
if left == "transaction":
    txn = store.transaction()
    txn.cursors.advance("c", "s", 3)
ready()
"""
    began = time.monotonic()
    code, out, err = finish(start(program))
    assert code == 0 and time.monotonic() - began < 20, err
    # It was closed: the next opening finds no unclean stop.
    assert (
        run("say(store.info().recovered, len(list(store.cursors.list())))\nstore.close()\n")
        == "False 1\n"
    )


def test_a_handle_that_is_dropped_is_closed_with_a_warning():
    program = """
import gc, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    del store
    gc.collect()
    holdfast.open("state").close()
say([w.category.__name__ for w in caught])
"""
    assert run(program) == "['ResourceWarning']\n"
