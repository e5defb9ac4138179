"""An exception at any instant of the package at which one can come, which is how a signal handler's
comes: closing works afterwards, the lock is free, and nothing is
claimed by nobody. A trace function raises it at the first, the second, the third ... of them, so
that none is left to chance."""

import dis
import pathlib
import sys
import threading
import time
from datetime import timedelta

import pytest

import holdfast

PACKAGE = str(pathlib.Path(holdfast.__file__).parent)


class Now(BaseException):
    pass


CHECKED = {
    dis.opmap[name]
    for name in ("RESUME", "CALL", "CALL_FUNCTION_EX", "JUMP_BACKWARD")
    if name in dis.opmap
}


class At:
    """Raises at the nth instant of the package on this thread at which the interpreter looks for
    signals: when a function begins, behind a call, and when a loop
    goes round (other versions than 3.11 and later look at more instants; there it is at every
    instruction).
    """

    def __init__(self, nth):
        self.left = nth

    def __call__(self, frame, event, arg):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if event == "opcode" and self.may_come(frame):
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                raise Now()
        return self

    @staticmethod
    def may_come(frame):
        """Is the instruction before this one of those behind which it looks?"""
        if sys.version_info < (3, 11):
            return True
        code, at = frame.f_code.co_code, frame.f_lasti - 2
        while at >= 0 and code[at] == dis.opmap["CACHE"]:
            at -= 2
        return at >= 0 and code[at] in CHECKED

    def __enter__(self):
        sys.settrace(self)

    def __exit__(self, *_):
        sys.settrace(None)


def expect_free(tries=2000):
    """The lock is free, now or in a moment: a helper may be at it."""
    for _ in range(tries):
        try:
            return holdfast.open("state")
        except holdfast.LockedError:
            time.sleep(0.005)
    pytest.fail("the store's lock is still held")


CALLS = {
    "commit": lambda store: store.cursors.advance("c", "s", 1, durability=holdfast.OS),
    "transaction": lambda store: transaction(store),
    "claim": lambda store: store.outbox.claim_next("q", "w", durability=holdfast.OS),
    "waiting claim": lambda store: store.outbox.claim_next(
        "q", "w", wait=timedelta(milliseconds=1), durability=holdfast.OS
    ),
    "acquire": lambda store: store.locks.acquire("l", "a", durability=holdfast.OS),
    "waiting acquire": lambda store: store.locks.acquire(
        "l", "a", wait=timedelta(milliseconds=1), durability=holdfast.OS
    ),
    "started claim": lambda store: taken(
        store.outbox.start_claim_next("q", "w", durability=holdfast.OS)
    ),
    "started acquire": lambda store: taken(
        store.locks.start_acquire("l", "a", durability=holdfast.OS)
    ),
    "begin": lambda store: store.idempotency.begin("s", "k", durability=holdfast.OS),
    "drain": lambda store: store.outbox.drain("d", lambda item: None, durability=holdfast.OS),
    "alone": lambda store: store.locks.alone("m", lambda: None),
    "read": lambda store: store.outbox.stats("q"),
    "feed": lambda store: feed(store),
    "close": lambda store: store.close(),
}


GRANT = "claim", "acquire", "begin"


def taken(wait):
    try:
        wait.wait()
        return wait.take()
    except BaseException:
        wait.close()  # the traceback has it
        raise


def transaction(store):
    with store.transaction(holdfast.OS) as txn:
        txn.outbox.claim_next("q", "w")


def feed(store):
    with store.feed() as source:
        source.read(1)
        source.read(wait=timedelta(milliseconds=1))


@pytest.mark.parametrize("name", CALLS)
def test_closing_works_after_an_exception_anywhere(name):
    assert threading.current_thread() is threading.main_thread()
    call, nth, seen = CALLS[name], 1, 0
    store = holdfast.open("state", create=True)
    while nth < 4000:
        if name.endswith("claim"):
            store.outbox.enqueue("q", "1", durability=holdfast.OS)
        if name == "drain":
            store.outbox.enqueue("d", "1", durability=holdfast.OS)
        raised = got = None
        try:
            with At(nth):
                got = call(store)
        except Now as error:
            raised = error
        if raised is None:
            break
        seen += 1
        # With the traceback, and all the frames in it, still there.
        if name.endswith(GRANT):
            expect_nothing_held(store)
        if seen % 8 == 0 or name == "close":
            began = time.monotonic()
            if seen % 16 == 0:  # whoever closes it
                other = threading.Thread(target=store.close)
                other.start()
                other.join(20)
            else:
                store.close()
            assert store.closed and time.monotonic() - began < 10
            store = expect_free()
            store.outbox.clear("q")
        del raised, got
        nth += 1
    store.close()
    expect_free().close()
    assert 20 < seen and nth < 4000


def test_a_feed_can_be_read_after_an_exception_anywhere_in_a_start():
    with holdfast.open("state", create=True) as store, store.feed() as feed:
        for nth in range(1, 4000):
            try:
                with At(nth):
                    wait = feed.start_read()
            except Now:
                started_in_a_moment(feed).close()
            else:
                wait.close()
                break
        assert 20 < nth < 3999


def started_in_a_moment(feed):
    """What the interrupted call started is ended by a helper."""
    until = time.monotonic() + 10
    while True:
        try:
            return feed.start_read()
        except holdfast.InvalidError:
            assert time.monotonic() < until, "the feed is waited for, and no caller has the wait"
            time.sleep(0.005)


def expect_nothing_held(store):
    until = time.monotonic() + 10
    while True:
        held = (
            store.outbox.stats("q").sending.items
            + store.locks.stats().held
            + store.idempotency.count("s").in_progress
        )
        if held == 0:
            return
        assert time.monotonic() < until, "something is held, and nobody has its token"
        time.sleep(0.005)
