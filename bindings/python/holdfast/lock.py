"""Locks: one holder at a time, fenced: holdfast/lock.h."""

from __future__ import annotations

from ctypes import CFUNCTYPE, POINTER, byref, c_void_p, pointer
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Callable, Iterator, Optional, TypeVar, Union, cast, overload

from ._abi import (
    After,
    Bytes,
    CancelStruct,
    Durability,
    Duration,
    ErrorStruct,
    FOR_EVER,
    GivenToken,
    Page,
    Result,
    ResultStruct,
    Returning,
    Text,
    Time,
    ZERO,
    alone,
    check,
    function,
    needed,
    struct,
    token as page_token,
    token_or_none,
    value_of,
    waiting,
    write,
)
from ._calls import call_back, callback as checked_callback, grants, relayed
from ._domain import (
    Domain,
    PAGE_SIZE,
    RETURNED,
    cancelling,
    each,
    taken,
    undo_token,
    unless_refused,
    waited,
)
from ._positions import behind_name
from .waits import Wait, started

T = TypeVar("T")

AcquireStruct = struct("hf_lock_acquire_args")
WithStruct = struct("hf_lock_with_args")

ListStruct = struct("hf_lock_list_args")

_Alone = CFUNCTYPE(None, c_void_p)


@dataclass(frozen=True)
class Lock:
    """A lock that is held, or that :meth:`LockMutations.put` is to hold."""

    name: str
    owner: str
    token: int = 0
    acquired_at: Optional[datetime] = None
    lease_until: Optional[datetime] = None
    """None: no lease, held until the store is closed; such a one cannot be put."""
    version: int = 0


@dataclass(frozen=True)
class LockStats:
    held: int
    next_ending: Optional[datetime]
    """When the first of them ends; None: none ends by time."""
    as_of: datetime


def _lock(s: Any) -> Lock:
    return value_of(Lock, s)


RETURNED["hf_lock_got"] = lambda out: _lock(out.lock)


class LockMutations(Domain):
    """What can be done to locks, at once (``store.locks``) or in a transaction (``txn.locks``)."""

    def _acquire(
        self,
        name: Text,
        owner: Text,
        lease: Duration,
        wait: Duration,
        expect: Optional[int],
        durability: Durability,
        returning: Returning,
    ) -> Result:
        span = waiting(wait)
        args = AcquireStruct(
            write=write(expect, durability, returning),
            name=name,
            owner=owner,
            lease_us=lease,
            wait_us=span,
        )

        undo = self._giving_back(name)

        def body() -> Result:
            return self._mutate("hf_lock_acquire", args, None if self._in_transaction else undo)

        return waited(self._owner, span, args.write, body, undo)

    def _giving_back(self, name: Text) -> Callable[[Result], None]:
        """What does it with a grant whose caller is not there any more to take it."""
        return lambda got: unless_refused(lambda: self.release(name, got.token))

    def renew(
        self,
        name: Text,
        token: GivenToken,
        *,
        lease: Duration,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """The lease now ends ``lease`` from now (0: no lease any more); the token stays.

        :raises StaleError: the token does not hold the lock any more: stop
        """
        return self._mutate(
            "hf_lock_renew",
            write=write(expect, durability, returning),
            name=name,
            token=token,
            lease_us=lease,
        )

    def release(
        self,
        name: Text,
        token: GivenToken,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Gives the lock back."""
        return self._mutate(
            "hf_lock_release", write=write(expect, durability), name=name, token=token
        )

    def force_release(
        self,
        name: Text,
        *,
        reason: Text,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Frees the lock whoever holds it; the reason stays in the log.

        :raises ReasonRequiredError: the reason is blank
        """
        return self._mutate(
            "hf_lock_force_release", write=write(expect, durability), name=name, reason=reason
        )

    @overload
    def put(
        self,
        name: Lock,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result: ...

    @overload
    def put(
        self,
        name: Text,
        owner: Text,
        *,
        acquired_at: Time,
        lease_until: Time,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result: ...

    def put(
        self,
        name: Union[Text, Lock],
        owner: Optional[Text] = None,
        *,
        acquired_at: Time = None,
        lease_until: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Holds a lock as told, with a new token (import, migration); or a :class:`Lock`, as a get
        gave it or as it was built, with both times."""
        if isinstance(name, Lock):
            alone(
                "a lock",
                owner=owner is not None,
                acquired_at=acquired_at is not None,
                lease_until=lease_until is not None,
            )
            lock = name
            name, owner = lock.name, lock.owner
            acquired_at, lease_until = lock.acquired_at, lock.lease_until
        return self._mutate(
            "hf_lock_put",
            write=write(expect, durability, returning),
            name=name,
            owner=needed(owner, "owner", name),
            acquired_at=acquired_at,
            lease_until=lease_until,
        )


class LockReads(Domain, reads=True):
    """What can be read, outside a transaction or in one, where it is so at the commit."""

    def check(self, name: Text, token: int, *, undurable: bool = False) -> None:
        """Nothing while the token holds the lock.

        :raises StaleError: it does not. To write only if it does, use
        :meth:`LocksInTransaction.guard_held`
        """
        self._ask("hf_lock_check", taken("hf_lock_check", name=name, token=token), undurable)

    def get(self, name: Text, *, undurable: bool = False) -> Lock:
        """A lock that is held.

        :raises NotFoundError: it is free
        """
        give: Callable[[Any], Lock] = lambda out: _lock(out.lock)  # noqa: E731
        return self._read("hf_lock_get", Bytes.of(name), undurable, give)

    def list_page(
        self,
        *,
        limit: int = 0,
        page: Optional[str] = None,
        after: After = None,
        undurable: bool = False,
    ) -> Page[Lock]:
        """The locks that are held, by name."""

        def give(out: Any) -> Page[Lock]:
            return Page([_lock(out.items[i]) for i in range(out.count)], token_or_none(out.next))

        args = ListStruct(limit=limit, page=page_token(page), after=behind_name(after))
        return self._read("hf_lock_list", args, undurable, give)

    def list(self, *, after: After = None, undurable: bool = False) -> Iterator[Lock]:
        """The same, all of them, a page at a time."""
        return each(
            lambda **begin: self.list_page(limit=PAGE_SIZE, undurable=undurable, **begin), after
        )

    def stats(self, *, undurable: bool = False) -> LockStats:
        def give(out: Any) -> LockStats:
            return value_of(LockStats, out)

        return self._read("hf_lock_get_stats", None, undurable, give)


class LocksInTransaction(LockMutations, LockReads):
    """``txn.locks``"""

    _in_transaction = True

    def acquire(
        self,
        name: Text,
        owner: Text,
        *,
        lease: Duration = ZERO,
        expect: Optional[int] = None,
        returning: Returning = False,
    ) -> Result:
        """Grants the lock if it is free or held by the same owner; ``result.token`` is there after
        the commit."""
        return self._acquire(name, owner, lease, ZERO, expect, Durability.DURABLE, returning)

    def guard(self, name: Text, *, expect: int) -> Result:
        """Aborts the transaction unless the lock has this version (:data:`ABSENT`: is free). Writes
        nothing."""
        return self._mutate("hf_lock_guard", write=write(expect), name=name)

    def guard_held(self, name: Text, token: GivenToken) -> Result:
        """Aborts the transaction unless the token holds the lock: write only if I still hold it."""
        return self._mutate("hf_lock_guard_held", write=write(), name=name, token=token)


class Locks(LockMutations, LockReads):
    """``store.locks``"""

    def acquire(
        self,
        name: Text,
        owner: Text,
        *,
        lease: Duration = ZERO,
        wait: Duration = ZERO,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Grants the lock if it is free or held by the same owner, whose old token is stale from
        then on; ``result.token`` is the new one.

        :param lease: for how long; 0: until the store is closed
        :param wait: how long to wait for it; or :data:`FOR_EVER`. Those who wait are served in
        the order of arrival
        :raises HeldError: another owner holds it, and no wait was asked
        :raises TimedOutError: nor could it be had in that time
        """
        return self._acquire(name, owner, lease, wait, expect, durability, returning)

    def start_acquire(
        self,
        name: Text,
        owner: Text,
        *,
        lease: Duration = ZERO,
        wait: Duration = FOR_EVER,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Wait[Result]:
        """As :meth:`acquire`, waited for by no thread; in line with those that wait in one. The
        lease runs from the grant."""
        args = AcquireStruct(
            write=write(expect, durability),
            name=name,
            owner=owner,
            lease_us=lease,
            wait_us=waiting(wait),
        )
        owner_: Any = self._owner

        def take(handle: c_void_p) -> Result:
            struct, error = ResultStruct(), ErrorStruct()
            call = function(
                "hf_lock_acquire_take", c_void_p, POINTER(ResultStruct), POINTER(ErrorStruct)
            )
            result = Result(struct, True)
            grants.undo.append(partial(undo_token, struct, result, self._giving_back(name)))
            check(call(handle, byref(struct), byref(error)), error)
            return result

        with owner_._call() as (store, _):
            return started(store, owner_._waits, take, "hf_lock_acquire_start", pointer(args))

    def alone(self, name: Text, call: Callable[[], T], *, wait: Duration = ZERO) -> T:
        """Calls ``call`` alone for that name in this process and against all holders, without a
        write to the log; gives what it gave."""
        answers: list[T] = []
        errors: list[BaseException] = []
        owner = cast(Any, self._owner)
        checked_callback(call, "call")

        def run(_: Any) -> None:
            try:
                answers.append(call_back(owner._gate, call))
            except BaseException as error:  # noqa: B902 - it must not pass through the library
                errors.append(error)

        args = WithStruct(name=name, wait_us=wait)
        stop = cancelling(self._owner, args, CancelStruct())

        def body() -> T:
            callback, error = _Alone(run), ErrorStruct()
            call_it = function(
                "hf_lock_with",
                c_void_p,
                POINTER(WithStruct),
                _Alone,
                c_void_p,
                POINTER(ErrorStruct),
            )
            with owner._call() as (store, _):
                check(call_it(store, byref(args), callback, None, byref(error)), error)
            if errors:
                raise errors[0]
            return answers[0]

        return relayed(body, stop=stop, gate=owner._gate, calls_back=True)
