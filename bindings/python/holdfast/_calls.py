"""Handles that are counted, calls that a signal may end, and callbacks.

**Ctrl-C.** Python runs signal handlers on its main thread, between two instructions, so never while
that thread is inside the library. Whatever may take long
there (a call that waits) or calls back is therefore made by a helper thread, while the main thread
waits in Python and runs the callbacks: :class:`Relay`. An
exception of a handler then cancels the wait. What the call was granted all the same is given back
by the helper, which no signal interrupts. Other
threads than the main one call the library themselves.

**Handles.** :class:`Gate` counts the calls that use a handle, and closing waits for them. An
exception may come between any two instructions, also between the
one that counts and the one that was to take it back; so a use notes its frame, and one whose frame
does not run any more does not count. Closing is done by a helper
too, once, so that an exception while it is waited for leaves it going on.
"""

from __future__ import annotations

import atexit
import functools
import inspect
import os
import sys
import threading
import time
import warnings
import weakref
from _thread import start_new_thread
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Callable, Generic, Optional, TypeVar

from .errors import Error, ForkedError

T = TypeVar("T")

_LOOK = 0.2
"""Seconds after which a waiting call looks again by itself, should a signal have come at the
wrong instant."""
_PATIENCE = 2.0
"""Seconds that an interrupted call has to come back before it is left to itself."""
_EXIT_PATIENCE = 5.0
"""Seconds that calls of other threads have to come back when the interpreter ends."""
_SURE = 5
"""A use of another thread is forgotten when its frame was not found so many times."""

_local = threading.local()


class _Grants(threading.local):
    def __init__(self) -> None:
        self.undo: list[Callable[[], None]] = []


grants = _Grants()
"""What gives back what the public call that is running was granted: for an exception that comes
before its caller has it."""


def on_main() -> bool:
    """Is this the thread that signal handlers run on?"""
    return threading.get_ident() == threading.main_thread().ident


def _runs(frame: FrameType, start: Optional[FrameType]) -> bool:
    at = start
    while at is not None and at is not frame:
        at = at.f_back
    return at is not None


# --- Callbacks
# --------------------------------------------------------------------------------------------------


def callback(call: Any, name: str) -> Any:
    """What can be called back; TypeError for what would only make a coroutine or a generator, and
    do nothing."""
    if not callable(call):
        raise TypeError(f"{name}: a callable expected, not {type(call).__name__}")
    found: Any = call
    for _ in range(32):
        if _lazy(found):
            raise TypeError(
                f"{name}: {call!r} is a coroutine or generator function: "
                "calling it would do nothing"
            )
        inner = getattr(type(found), "__call__", None)
        if isinstance(found, functools.partial):
            found = found.func
        elif inspect.ismethod(found):
            found = found.__func__
        elif inspect.isroutine(found) or isinstance(found, type) or not inspect.isfunction(inner):
            break
        else:
            found = inner
    return call


def _lazy(call: Any) -> bool:
    return (
        inspect.iscoroutinefunction(call)
        or inspect.isasyncgenfunction(call)
        or inspect.isgeneratorfunction(call)
    )


def _refuse_lazy(value: Any, call: Any) -> None:
    """A callback's answer that is still to be run is no answer."""
    if inspect.isgenerator(value) or inspect.iscoroutine(value):
        value.close()
    elif inspect.isawaitable(value):
        cancel = getattr(value, "cancel", None)
        if callable(cancel):
            try:
                cancel()
            except Exception:  # of another thread's loop: it is no answer all the same
                pass
    elif not inspect.isasyncgen(value):
        return
    raise TypeError(
        f"the callback {call!r} gave {type(value).__name__}, which has not run: "
        "it must do its work itself"
    )


def _inside(gate: Optional["Gate"], call: Callable[..., T], args: tuple[Any, ...]) -> T:
    value = call(*args)
    _refuse_lazy(value, call)
    return value


def call_back(gate: Optional["Gate"], call: Callable[..., T], *args: Any) -> T:
    """Calls the host back: on the thread whose call this is about, or on this one."""
    relay: Optional[Relay[Any]] = getattr(_local, "relay", None)
    if relay is not None:
        value: T = relay.ask(_inside, (gate, call, args))
        return value
    return _inside(gate, call, args)


class Interrupted(BaseException):
    """To a callback: the call that it belongs to is over, since a signal handler raised
    something."""


# --- Calls that a signal may end
# --------------------------------------------------------------------------------------------


class Relay(Generic[T]):
    """One call, made by a helper thread for the one that made this.

    :param body: makes it
    :param stop: ends it early; None: it comes back by itself, and is not waited for
    :param undo: gives back what it gave, if nobody is there any more to take it
    """

    def __init__(
        self,
        body: Callable[[], T],
        stop: Optional[Callable[[], None]] = None,
        undo: Optional[Callable[[T], None]] = None,
        gate: Optional["Gate"] = None,
        calls_back: bool = False,
    ) -> None:
        self._body, self._stop, self._undo = body, stop, undo
        self.gate = gate if calls_back else None
        self._asked: SimpleQueue[Any] = SimpleQueue()
        self._fate: dict[str, object] = {}
        self._value: Any = None
        self._ok = False
        self._given = False
        self._failure: Optional[BaseException] = None
        self._over = False
        self._reply: Optional[SimpleQueue[Any]] = None
        self._grants = grants.undo
        self._pid = os.getpid()
        self.interrupted = False
        """Its caller is gone: it should come to an end."""

    def run(self) -> T:
        try:
            try:
                start_new_thread(self._work, ())
            except RuntimeError:  # no more threads, or the interpreter ends
                self._fate["fate"], self._over, self._undo = "done", True, None
                return self._body()
            self._serve()
            if self._failure is not None:
                raise self._failure
            value: T = self._value
            return value
        except BaseException:
            self._interrupt()
            raise
        finally:
            # A failure's traceback leads back to this frame.
            self._failure = None

    # --- On the helper
    # ----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        _local.relay = self
        grants.undo = self._grants
        if self._fate.setdefault("start", "begun") != "begun":
            return  # its caller was interrupted before this thread ran, and does not wait for it
        try:
            self._value = self._body()
            self._ok = True
        except BaseException as error:  # noqa: B902 - it is raised again on the other thread
            self._failure = error
        if self._fate.setdefault("fate", "done") == "abandoned" and self._ok:
            self._give_back()
        self._over = True
        self._asked.put(None)

    def _give_back(self) -> None:
        """Once, however often it is called; on a helper, where no signal interrupts it."""
        mine = object()
        if self._fate.setdefault("given", mine) is not mine:
            return
        try:
            if self._undo is not None:
                self._undo(self._value)
        except Exception:  # the lease, or closing the store, gives it back
            pass
        self._given = True

    def ask(self, call: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        reply: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
        if self.interrupted:
            raise Interrupted()
        self._asked.put((call, args, reply))
        while True:
            try:
                ok, value = reply.get(timeout=_LOOK)
            except Empty:
                if self.interrupted:
                    raise Interrupted() from None
                continue
            if ok is None:
                value()
            elif ok:
                return value
            else:
                raise value

    # --- On the caller's thread
    # ----------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        while not self._over:
            try:
                asked = self._asked.get(timeout=_LOOK)
            except Empty:
                asked = None
            if asked is not None:
                self._reply = asked[2]
                _answer(*asked)
                self._reply = None
            if os.getpid() != self._pid:
                raise Error.of(
                    ForkedError.code,
                    "this process was forked inside a callback: the call goes on in its parent",
                )

    def settle(self) -> None:
        """After it was interrupted, at whatever instant and perhaps more than once: until its
        helper is back and has given back
        what its caller did not get."""
        if os.getpid() != self._pid:
            return  # the helper is one of the parent's threads
        self.interrupted = True
        if self._fate.setdefault("start", "never") == "never":
            return
        self._fate.setdefault("fate", "abandoned")
        while not self._over:
            if self._stop is not None:
                self._stop()
            time.sleep(0.002)
        while self._ok and not self._given:
            if "given" not in self._fate:
                Relay(self._give_back).run()
            else:
                time.sleep(0.002)

    def run_there(self, body: Callable[[], None]) -> None:
        """Within a callback: does something on the helper, which waits for the callback."""
        if self._reply is None:
            body()
        else:
            self._reply.put((None, body))

    def _interrupt(self) -> None:
        if os.getpid() != self._pid:
            return
        self.interrupted = True
        if self._fate.setdefault("fate", "abandoned") == "done":
            if self._ok and self._undo is not None:
                Relay(self._give_back).run()
            return
        if self._stop is not None:
            try:
                self._stop()
            except Error:
                pass
            until = time.monotonic() + _PATIENCE
            while not self._over and time.monotonic() < until:
                time.sleep(0.002)


def _answer(
    call: Callable[..., Any], args: tuple[Any, ...], reply: "SimpleQueue[tuple[bool, Any]]"
) -> None:
    try:
        value = call(*args)
    except (
        BaseException
    ) as error:  # noqa: B902 - it is raised again on the helper, whose call it ends
        reply.put((False, error))
    else:
        reply.put((True, value))


def interrupted() -> bool:
    """On a helper: is the caller gone that it makes its call for?"""
    relay: Optional[Relay[Any]] = getattr(_local, "relay", None)
    return relay is not None and relay.interrupted


def _relay_here() -> Optional[Relay[Any]]:
    """Whose callback this thread runs."""
    frame: Optional[FrameType] = sys._getframe()
    while frame is not None:
        if frame.f_code is Relay._serve.__code__:
            relay: Relay[Any] = frame.f_locals["self"]
            return relay
        frame = frame.f_back
    return None


def relayed(
    body: Callable[[], T],
    *,
    stop: Optional[Callable[[], None]] = None,
    undo: Optional[Callable[[T], None]] = None,
    gate: Optional["Gate"] = None,
    calls_back: bool = False,
) -> T:
    """Makes a call that may take long, or that calls back, so that Ctrl-C ends it."""
    return Relay(body, stop, undo, gate, calls_back).run() if on_main() else body()


def unrelayed(body: Callable[[], None]) -> None:
    """Does something that no signal may interrupt."""
    if on_main():
        Relay(body).run()
    else:
        body()


# --- What is dropped
# --------------------------------------------------------------------------------------------------

# An exception of a signal handler that comes in a __del__ is swallowed by Python, and Ctrl-C with
# it. So there is none here: the interpreter itself puts what was dropped into a queue, and a thread
# ends it.
_dropped: SimpleQueue[Any] = SimpleQueue()
_watched: dict[Any, Callable[[], None]] = {}
_reaping: list[bool] = []
_reapers: dict[int, bool] = {}


def watch(owner: Any, end: Callable[[], None]) -> Any:
    """Calls ``end``, which must not refer to it, once nobody refers to ``owner`` any more; unless
    :func:`unwatch` came before."""
    ref = weakref.ref(owner, _dropped.put)
    _watched[ref] = end
    if os.getpid() not in _reapers:
        try:
            start_new_thread(_reap, ())
        except RuntimeError:
            pass
    return ref


def unwatch(ref: Any) -> None:
    _watched.pop(ref, None)


def _reap() -> None:
    if _reapers.setdefault(os.getpid(), True) and len(_reapers) > 1:
        for pid in list(_reapers):
            if pid != os.getpid():
                _reapers.pop(pid, None)
    while True:
        _reap_one(_dropped.get())


def _reap_one(ref: Any) -> None:
    _reaping.append(True)
    try:
        end = _watched.pop(ref, None)
        if end is not None:
            end()
    except Exception:  # nobody is there to hear of it
        pass
    finally:
        _reaping.pop()


def settle_dropped() -> None:
    """Until what was dropped by now has been ended: a store gives its lock up."""
    until = time.monotonic() + _EXIT_PATIENCE
    while (_reaping or any(ref() is None for ref in list(_watched))) and time.monotonic() < until:
        time.sleep(0.001)


# --- Handles
# --------------------------------------------------------------------------------------------------


C = TypeVar("C", bound="Closing")


class Closing:
    """What ``with`` closes."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self: C) -> C:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        value: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()


class Use:
    """One call that uses a handle."""

    __slots__ = ("_gate", "_beside", "missed", "__weakref__")

    def __init__(self, gate: "Gate", beside: Any = None) -> None:
        self._gate = gate
        self._beside = beside
        self.missed = 0

    def __enter__(self) -> tuple[Any, Any]:
        gate = self._gate
        # Noted before the handle is looked at: from then on closing waits.
        gate.uses[self] = (threading.get_ident(), sys._getframe(1))
        if gate.closing:
            gate.uses.pop(self, None)
            raise ValueError(f"{gate.what} is closed")
        return gate.handle, self._beside

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        value: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._gate.uses.pop(self, None)


class Gate:
    """A handle of the library, and who uses it.

    :param cancel: ends what waits with it
    :param finish: frees it; raises what the library answers
    """

    known: dict["Gate", bool] = {}
    """Those that are not closed yet."""

    def __init__(
        self,
        what: str,
        handle: Any,
        cancel: Callable[[Any], None],
        finish: Callable[[Any], None],
        first: int = 0,
    ) -> None:
        self.what = what
        self.handle = handle
        self._cancel, self._finish = cancel, finish
        self.first = first
        """At the end of the interpreter those with less are closed before."""
        self.uses: dict[Use, tuple[int, FrameType]] = {}
        self.closing = False
        self.closed = False
        self._once: dict[str, object] = {}
        self._failures: list[BaseException] = []
        self._gave_up = False
        self._pid = os.getpid()
        Gate.known[self] = True

    def use(self, beside: Any = None) -> Use:
        return Use(self, beside)

    # --- Who is inside
    # ----------------------------------------------------------------------------------------------

    def _mine(self) -> bool:
        """Is this thread inside a call itself? A signal handler can be, or what the garbage
        collector calls."""
        here, frame, found = threading.get_ident(), sys._getframe(), False
        for use, (thread, running) in list(self.uses.items()):
            if thread != here:
                continue
            if _runs(running, frame):
                found = True
            else:
                self.uses.pop(use, None)  # an exception came before it could leave
        return found

    def _busy(self) -> bool:
        frames = sys._current_frames()
        for use, (thread, running) in list(self.uses.items()):
            # A frame that returns while we look at its callers can hide them, so once is not
            # enough.
            use.missed = 0 if _runs(running, frames.get(thread)) else use.missed + 1
            if use.missed >= _SURE:
                self.uses.pop(use, None)
        return bool(self.uses)

    def called_back(self) -> bool:
        """Does this thread run a callback of it, or wait for a call that calls back?"""
        frame: Optional[FrameType] = sys._getframe()
        while frame is not None:
            if frame.f_code is _inside.__code__ and frame.f_locals.get("gate") is self:
                return True
            if frame.f_code is Relay._serve.__code__ and frame.f_locals["self"].gate is self:
                return True
            frame = frame.f_back
        return False

    # --- Closing
    # ----------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Ends what waits, waits for what runs, then frees the handle; once. A second call waits
        for the first one."""
        if self.closed:
            return
        if self.called_back():
            raise RuntimeError(f"{self.what} cannot be closed from within a callback of it")
        if os.getpid() != self._pid:
            self._close_copy()
            return
        self.closing = True
        self._send_away()
        nested = self._mine()
        relay = _relay_here()
        if relay is not None and not nested:
            # In a callback: the library knows its thread, which may end a subscription in its own
            # callback.
            relay.run_there(self._end)
        elif nested or on_main():
            try:
                start_new_thread(self._end, ())
            except RuntimeError:  # the interpreter ends
                if not nested:
                    self._end()
        else:
            self._end()
        while not nested and not self.closed:
            time.sleep(0.0005 if not self.uses else 0.005)
        if self._failures:
            raise self._failures.pop()

    def _send_away(self) -> None:
        use = Use(self)
        try:
            self.uses[use] = (threading.get_ident(), sys._getframe())
            if not self._once:  # else the handle may be gone
                self._cancel(self.handle)
        finally:
            self.uses.pop(use, None)

    def _end(self, patience: float = float("inf")) -> None:
        me = object()
        if self._once.setdefault("closer", me) is not me:
            return
        until = time.monotonic() + patience
        pause = 0.0
        while self._busy():
            if time.monotonic() > until:
                self._gave_up = True
                return
            time.sleep(pause)
            pause = min(pause + 0.0005, 0.01)
        try:
            self._finish(self.handle)
        except BaseException as error:  # noqa: B902 - for who closes it
            self._failures.append(error)
        self.closed = True
        Gate.known.pop(self, None)

    def _close_copy(self) -> None:
        """In a forked child. Nobody else is here; the memory is all that there is to free."""
        if self._mine():
            raise RuntimeError(
                f"{self.what} cannot be closed from within a call of it, in a forked child"
            )
        self.closing = True
        me = object()
        if self._once.setdefault("closer", me) is me:
            try:
                self._finish(self.handle)
            except ForkedError:
                pass
        self.closed = True
        Gate.known.pop(self, None)

    def watch(self, owner: object, name: str = "") -> None:
        """Closes it once nobody refers to its owner any more; with a warning, if it has a name."""
        watch(owner, functools.partial(self._drop, name))

    def _drop(self, name: str) -> None:
        if self.closing or os.getpid() != self._pid:
            return
        if name:
            warnings.warn(f"{name} was never closed", ResourceWarning, stacklevel=2)
        self.closing = True
        self._end()


def _at_exit() -> None:
    gates = sorted(list(Gate.known), key=lambda gate: gate.first)
    for gate in gates:
        if gate.closed or gate._pid != os.getpid():
            continue
        gate.closing = True
        try:
            gate._send_away()
            gate._mine()
            gate._end(_EXIT_PATIENCE)
        except Exception:  # the process ends in any case; what was acknowledged is safe
            pass
        until = time.monotonic() + _EXIT_PATIENCE
        while not gate.closed and not gate._gave_up and time.monotonic() < until:
            time.sleep(0.005)


atexit.register(_at_exit)
