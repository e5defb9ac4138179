"""Waits that no thread waits for: holdfast/wait.h.

``store.outbox.start_claim_next()``, ``store.locks.start_acquire()`` and ``feed.start_read()``
answer at once with a :class:`Wait`, of which any number may be under way. It can be awaited in
asyncio.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, byref, c_int64, c_size_t, c_void_p
from typing import (
    Any,
    Callable,
    Generator,
    Generic,
    Iterator,
    MutableMapping,
    NoReturn,
    Optional,
    TypeVar,
)

from ._abi import (
    Duration,
    ErrorStruct,
    FOR_EVER,
    ResultStruct,
    check,
    function,
    invalid,
    waiting,
)
from ._calls import Closing, call_back, callback as checked_callback, relayed, unwatch, watch
from ._domain import filled, granted, telling
from .errors import CanceledError, Error, NotFoundError, TimedOutError

T = TypeVar("T")
_Ended = CFUNCTYPE(None, c_void_p, c_void_p)
_SLICE_US = 100_000
_BATCH = 256

Waits = MutableMapping[Optional[int], "Wait[Any]"]
"""Those of a store, by their handles: what the library gives becomes what the caller has."""


class _Handle:
    """What the library made: freed once, when it was closed and no call uses it any more. It is no
    part of its :class:`Wait`: when that is dropped the garbage collector may still run code that
    uses it, such as the end of a coroutine."""

    def __init__(self) -> None:
        self.pointer = c_void_p()  # the library fills it in
        self.closed = False
        self._uses = 0
        self._locks: dict[int, threading.RLock] = {}
        self._once: dict[str, object] = {}

    @property
    def lock(self) -> threading.RLock:
        """That of this process: a thread of the parent may have held the other at a fork. A signal
        handler may come while it is held, and use this wait."""
        here = os.getpid()
        return self._locks.get(here) or self._locks.setdefault(here, threading.RLock())

    @contextmanager
    def use(self) -> Iterator[c_void_p]:
        # Counted before it is looked at: a signal handler may close it between any two steps.
        with self.lock:
            self._uses += 1
        try:
            if self.closed:
                raise ValueError("the wait is closed")
            yield self.pointer
        finally:
            self._leave()

    def _leave(self) -> None:
        me = object()
        with self.lock:
            self._uses -= 1
            last = self.closed and self._uses == 0 and self._once.setdefault("freed", me) is me
        if not last:
            return
        try:
            function("hf_wait_free", c_void_p, restype=None)(self.pointer)
        finally:  # not before: a callback that is just being called is let go with it
            _waiting.pop(self, None)

    def close(self) -> None:
        """Closing twice is fine, also where an exception came in the middle."""
        with self.lock:
            self._uses += 1
            self.closed = True
            others = self._uses > 1 and "freed" not in self._once
        try:
            if others:  # one of them may sleep
                error = ErrorStruct()
                cancel = function("hf_wait_cancel", c_void_p, POINTER(ErrorStruct))
                cancel(self.pointer, byref(error))
        finally:
            self._leave()


class Wait(Closing, Generic[T]):
    """Something waited for without a thread. Taken once; what was granted and not taken goes back
    when it is cancelled, closed, or dropped, or when the store is closed. Its methods may be called
    from several threads at once, and after the store was closed."""

    def __init__(self, take: Callable[[c_void_p], T]) -> None:
        self._handle = _Handle()
        self._take = take
        self._awaiting: list[Callable[[], None]] = []
        self._watched = watch(self, self._handle.close)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a wait cannot be copied")

    def _ask(self, name: str, types: tuple[Any, ...] = (), values: tuple[Any, ...] = ()) -> None:
        error = ErrorStruct()
        call = function(name, c_void_p, *types, POINTER(ErrorStruct))
        with self._handle.use() as handle:
            check(call(handle, *values, byref(error)), error)

    def ended(self) -> bool:
        """Can its answer be taken, or was it? Takes no lock."""
        try:
            self._ask("hf_wait_poll")
        except TimedOutError:
            return False
        return True

    def wait(self, *, timeout: Duration = FOR_EVER) -> bool:
        """The same, once it is so, or when the time is over: then False."""
        span = waiting(timeout)
        interrupted: list[bool] = []

        def body() -> bool:
            left: int = span
            while not interrupted:
                piece = _SLICE_US if left < 0 else min(left, _SLICE_US)
                try:
                    self._ask("hf_wait_block", (c_int64,), (piece,))
                    return True
                except TimedOutError:
                    if left >= 0:
                        left -= piece
                    if left == 0:
                        break
            return False

        return relayed(body, stop=lambda: interrupted.append(True)) if span else self.ended()

    @telling
    def take(self) -> T:
        """What came of it, once.

        :raises BlockedError: it has not ended yet
        :raises CanceledError: it was cancelled, or the store was closed: nothing is held
        :raises NotFoundError: it was taken
        """
        with self._handle.use() as handle:
            return self._take(handle)

    def cancel(self) -> bool:
        """Ends it; what it was granted and was not taken goes back. False: its answer was taken."""
        try:
            self._ask("hf_wait_cancel")
        except NotFoundError:
            return False
        return True

    def when_ended(self, call: Callable[["Wait[T]"], None]) -> None:
        """Calls ``call`` once, when it ends, also by :meth:`cancel`: where those of tickets are
        called. Not after it was closed. What it raises goes to ``sys.unraisablehook``."""
        checked_callback(call, "call")
        key = self._handle

        def told(_: Any, __: Any) -> None:
            found = _waiting.pop(key, None)
            if found is None:
                return  # it was closed
            wait, mine, given = found
            _called.append(mine)
            del _called[:-64]
            call_back(None, given, wait)

        callback = _Ended(told)
        with key.lock:
            if key in _waiting:
                invalid("this wait has a callback")
            # Until it was called, only this holds them; afterwards this holds none of them.
            _waiting[key] = (self, callback, call)
        try:
            self._ask("hf_wait_callback", (_Ended, c_void_p), (callback, None))
        except BaseException:
            _waiting.pop(key, None)
            raise

    def __await__(self) -> Generator[Any, None, T]:
        """In asyncio: what :meth:`take` gives, once it has ended. A task that is cancelled closes
        it; one that is closed meanwhile is a CanceledError for the task."""
        return self._awaited().__await__()

    async def _awaited(self) -> T:
        import asyncio

        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def done() -> None:
            if not future.done():
                future.set_result(None)

        def told(ended: "Wait[T]") -> None:
            try:
                loop.call_soon_threadsafe(done)
            except RuntimeError:  # the loop is closed: its task will not take it
                ended.close()

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(done)
            except RuntimeError:
                pass

        self._awaiting.append(wake)
        try:
            if not self.ended():
                self.when_ended(told)
                await future
            if self._handle.closed:
                raise Error.of(CanceledError.code, "the wait was closed while it was awaited")
            return self.take()
        except BaseException:
            # Unless another task awaits it, or a callback has it.
            if _waiting.get(self._handle, (self, None, told))[2] is told:
                self.close()
            raise
        finally:
            self._awaiting.remove(wake)

    def close(self) -> None:
        """Cancels it unless it was taken. Closing twice is fine."""
        self._handle.close()
        unwatch(self._watched)
        for wake in list(self._awaiting):
            wake()  # its callback is not called any more


_waiting: dict[_Handle, Any] = {}
# What was called is on its way back into the library when it says so: see later.py.
_called: list[Any] = []


def started(
    store: Any, waits: Waits, take: Callable[[c_void_p], T], name: str, *given: Any
) -> Wait[T]:
    """Starts one. It owns what the library makes before that is made: an exception of a signal
    handler can come at any instant."""
    wait, error = Wait(take), ErrorStruct()
    types: tuple[Any, ...] = tuple(type(one) for one in given)
    call = function(name, c_void_p, *types, POINTER(c_void_p), POINTER(ErrorStruct))
    try:
        check(call(store, *given, byref(wait._handle.pointer), byref(error)), error)
        waits[wait._handle.pointer.value] = wait
        return wait
    except BaseException:
        wait.close()
        raise


def take_filled(
    handle: c_void_p,
    name: str,
    like: str,
    give: Callable[[Any], T],
    undo: Callable[[T], None],
) -> T:
    """What such a wait gives, in the struct that the mutation ``like`` fills."""

    def ask(out: Any, result: Any) -> None:
        error = ErrorStruct()
        call = function(
            name, c_void_p, POINTER(type(out)), POINTER(ResultStruct), POINTER(ErrorStruct)
        )
        check(call(handle, byref(out), byref(result), byref(error)), error)

    return granted(ask, filled(like), give, undo)


def ended(store: Any, waits: Waits) -> list[Wait[Any]]:
    """Those that ended and were not given by this yet."""
    found: list[Wait[Any]] = []
    out, count, error = (c_void_p * _BATCH)(), c_size_t(_BATCH), ErrorStruct()
    call = function(
        "hf_waits_ended",
        c_void_p,
        POINTER(c_void_p),
        c_size_t,
        POINTER(c_size_t),
        POINTER(ErrorStruct),
    )
    while count.value == _BATCH:
        check(call(store, out, _BATCH, byref(count), byref(error)), error)
        for handle in out[: count.value]:
            wait = waits.get(handle)
            # One that was dropped meanwhile may have left its handle to another.
            if wait is not None and not wait._handle.closed and wait.ended():
                found.append(wait)
    return found
