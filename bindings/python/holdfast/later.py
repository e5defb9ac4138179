"""Commits that are not waited for: holdfast/async.h.

``store.later()`` has the domains of a store, but each mutation of it answers as soon as it is
decided. The state in memory has it, every
later call sees it; what is missing is that a crash can still take it back, and the answer's
``ticket`` says until when.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, byref, c_int, c_int64, c_void_p, pointer
from typing import Any, Callable, Generic, Iterator, Optional, Sequence, TypeVar, Union

from ._abi import (
    Durability,
    Duration,
    ErrorStruct,
    FOR_EVER,
    Payload,
    Result,
    Returning,
    ResultStruct,
    Text,
    TicketStruct,
    ZERO,
    check,
    function,
    waiting,
)
from ._calls import call_back, callback as checked_callback, relayed
from ._domain import Owner, answered
from .clock import ClockMutations
from .cursor import CursorMutations
from .document import DocumentMutations
from .errors import Error, TimedOutError
from .idempotency import Begun, IdempotencyMutations, _begin_args, _begun
from .inbox import InboxMutations
from .lock import LockMutations
from .migration import MigrationMutations
from .outbox import OutboxItem, OutboxMutations, _claim_args, _claim_next_args, _items
from .timeline import TimelineMutations

T = TypeVar("T")
_Told = CFUNCTYPE(None, c_void_p, POINTER(TicketStruct), c_int)


class Ticket:
    """When an answer that was given at once may be relied on."""

    __slots__ = ("_owner", "_struct")

    def __init__(self, owner: Owner, struct: Any) -> None:
        self._owner = owner
        self._struct = struct

    def poll(self) -> bool:
        """Is what the answer rests on as durable as was asked? Takes no lock.

        :raises UncertainError: a write or sync failed: it may turn up after reopening
        """
        return self._ask("hf_ticket_poll", (), ())

    def wait(self, *, timeout: Duration = FOR_EVER) -> bool:
        """The same, once that is known, or when the time is over: then False."""
        span = waiting(timeout)
        return (
            relayed(lambda: self._ask("hf_ticket_wait", (c_int64,), (span,)))
            if span
            else self.poll()
        )

    def _ask(self, name: str, types: tuple[Any, ...], values: tuple[Any, ...]) -> bool:
        call = function(name, c_void_p, POINTER(TicketStruct), *types, POINTER(ErrorStruct))
        error = ErrorStruct()
        with self._owner._call() as (store, _):
            rc = call(store, byref(self._struct), *values, byref(error))
        if rc == TimedOutError.code:
            return False
        check(rc, error)
        return True

    def when_answered(self, call: Callable[["Ticket", Optional[Error]], None]) -> None:
        """Calls ``call`` once, with None or an UncertainError: on the thread of the library that
        flushes, or in :meth:`Store.flush`. What it raises
        goes to ``sys.unraisablehook``."""
        error, key = ErrorStruct(), object()
        checked_callback(call, "call")
        owner: Any = self._owner

        def told(_: Any, __: Any, code: int) -> None:
            _called.append(_waiting.pop(key))
            failure = (
                Error.of(code, "a write or sync failed: it may turn up after reopening")
                if code
                else None
            )
            call_back(owner._gate, call, self, failure)

        callback = _Told(told)
        _waiting[key] = callback  # until it was called, nobody else holds it
        ask = function(
            "hf_ticket_callback",
            c_void_p,
            POINTER(TicketStruct),
            _Told,
            c_void_p,
            POINTER(ErrorStruct),
        )
        try:
            with self._owner._call() as (store, ___):
                check(ask(store, byref(self._struct), callback, None, byref(error)), error)
        except BaseException:
            _waiting.pop(key, None)
            raise

    def __repr__(self) -> str:
        return f"Ticket(changed={self._struct.changed}, due={self._struct.due})"


_waiting: dict[object, Any] = {}
# What was called is on its way back into the library when it says so: it is let go when others were
# called after it.
_called: deque[Any] = deque(maxlen=64)


class Answered(Generic[T]):
    """A value, and the ticket that it rests on."""

    __slots__ = ("value", "ticket")

    def __init__(self, value: T, ticket: Ticket) -> None:
        self.value = value
        self.ticket = ticket

    def __repr__(self) -> str:
        return f"Answered({self.value!r}, {self.ticket!r})"


class OutboxLater(OutboxMutations):
    """``store.later().outbox``"""

    def claim(
        self,
        queue: Text,
        id: Text,  # noqa: A002 - as the library calls it
        owner: Text,
        *,
        lease: Duration = ZERO,
        max_run: Optional[Duration] = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Answered[OutboxItem]:
        """Claims one item by name. Wait for the ticket before acting on it."""
        args = _claim_args(queue, id, owner, lease, max_run, expect, durability)
        item = answered(self._owner, "hf_outbox_claim", args, lambda out: _items(out)[0])
        return Answered(item, _ticket_of(self._owner))

    def claim_next(
        self,
        queue: Union[Text, Sequence[Text]],
        owner: Text,
        *,
        lease: Duration = ZERO,
        max_run: Optional[Duration] = None,
        max: int = 1,  # noqa: A002
        durability: Durability = Durability.DURABLE,
    ) -> Answered[list[OutboxItem]]:
        """Claims what is next. Wait for the ticket before acting on it."""
        args = _claim_next_args(queue, owner, lease, max_run, max, durability, ZERO)
        items = answered(self._owner, "hf_outbox_claim_next", args, _items)
        return Answered(items, _ticket_of(self._owner))


class IdempotencyLater(IdempotencyMutations):
    """``store.later().idempotency``"""

    def begin(
        self,
        scope: Text,
        key: Text,
        *,
        fingerprint: Payload = b"",
        lease: Duration = ZERO,
        ttl: Duration = ZERO,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Answered[Begun]:
        """Asks for the work. Wait for the ticket before doing it."""
        args = _begin_args(scope, key, fingerprint, lease, ttl, expect, durability)
        begun = answered(self._owner, "hf_idempotency_begin", args, _begun)
        return Answered(begun, _ticket_of(self._owner))


class LocksLater(LockMutations):
    """``store.later().locks``"""

    def acquire(
        self,
        name: Text,
        owner: Text,
        *,
        lease: Duration = ZERO,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Grants the lock if it is free or held by the same owner."""
        return self._acquire(name, owner, lease, ZERO, expect, durability, returning)


class Later:
    """The domains of a store, for mutations that are not waited for; each result has a ``ticket``,
    and so has what is raised. Belongs to one thread."""

    def __init__(self, store: Owner) -> None:
        self._store = store
        self._newest: Optional[Ticket] = None
        self.inbox = InboxMutations(self)
        self.cursors = CursorMutations(self)
        self.outbox = OutboxLater(self)
        self.idempotency = IdempotencyLater(self)
        self.documents = DocumentMutations(self)
        self.timelines = TimelineMutations(self)
        self.locks = LocksLater(self)
        self.clock = ClockMutations(self)
        self.migrations = MigrationMutations(self)

    def _call(self) -> Any:
        return self._store._call()

    def _result(self) -> tuple[Any, Result]:
        struct = ResultStruct()
        result = Result(struct, True)
        result.ticket = self._newest
        return struct, result

    @contextmanager
    def _ticket(self, write: Any) -> Iterator[None]:
        struct = TicketStruct()
        write.ticket = pointer(struct)
        self._newest = Ticket(self._store, struct)
        try:
            yield
        except Error as error:
            error.ticket = self._newest
            raise


def _ticket_of(owner: Any) -> Ticket:
    ticket: Ticket = owner._newest
    return ticket
