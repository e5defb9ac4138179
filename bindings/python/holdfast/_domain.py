"""What the modules of the domains have in common: how a mutation, a guard and a read are called.

A module of a domain has the structs of its header, dataclasses for what it gives, and up to three classes: ``XMutations`` with all that
works at once and in a transaction alike; ``X(XMutations)``, which is ``store.x`` and adds reads; ``XInTransaction(XMutations)``, which is
``txn.x`` and adds guards. They differ in their owner only.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import Any, Callable, Iterator, Optional, Protocol, TypeVar

from ._abi import (
    POINTER,
    READ_UNDURABLE,
    Deferred,
    ErrorStruct,
    Page,
    Result,
    ResultStruct,
    Struct,
    byref,
    check,
    function,
    release,
)
from ctypes import c_uint, c_void_p

T = TypeVar("T")
PAGE_SIZE = 256
"""Items that an iterator over a list reads at once."""


class Owner(Protocol):
    """A store, or a transaction of one."""

    def _call(self) -> AbstractContextManager[tuple[Any, Any]]:
        """For the time of a call: the handles of store and transaction (None for a store). ValueError when it is closed."""

    def _result(self) -> tuple[ResultStruct, Result]:
        """Where a mutation's result goes, and what the caller gets."""

    @contextmanager
    def _ticket(self, write: Any) -> Iterator[None]:
        """Around a mutation with these arguments: gives it a ticket, if it is not to be waited for."""
        yield


class Domain:
    """A domain of a store or of a transaction."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def _mutate(self, name: str, args: Struct) -> Result:
        call = function(name, c_void_p, c_void_p, POINTER(type(args)), POINTER(ResultStruct), POINTER(ErrorStruct))
        error = ErrorStruct()
        with self._owner._call() as (store, txn):
            with self._owner._ticket(args.write):
                struct, result = self._owner._result()
                check(call(store, txn, byref(args), byref(struct), byref(error)), error)
        return result

    def _read(self, name: str, args: Any, kind: Any, out: Struct, undurable: bool, give: Callable[[Any], T]) -> T:
        """Calls ``name``; ``give`` makes Python's values of ``out``, whose memory is released afterwards. ``args`` is a struct, of which the
        address is passed, or a plain value."""
        by_address = isinstance(args, Struct) and kind is None
        call = function(
            name, c_void_p, POINTER(type(args)) if by_address else kind, c_uint, POINTER(type(out)), POINTER(ErrorStruct)
        )
        error = ErrorStruct()
        flags = READ_UNDURABLE if undurable else 0
        with self._owner._call() as (store, _):
            check(call(store, byref(args) if by_address else args, flags, byref(out), byref(error)), error)
            try:
                return give(out)
            finally:
                if hasattr(out, "memory"):
                    release(out.memory)

    def _read_plain(self, name: str, args: Any, out: Any, undurable: bool, kind: Any = None) -> Any:
        """The same for an answer that is a plain value."""
        call = function(name, c_void_p, kind or POINTER(type(args)), c_uint, POINTER(type(out)), POINTER(ErrorStruct))
        error = ErrorStruct()
        flags = READ_UNDURABLE if undurable else 0
        with self._owner._call() as (store, _):
            check(call(store, args if kind else byref(args), flags, byref(out), byref(error)), error)
        return out.value


def each(fetch: Callable[[Optional[str]], Page[T]]) -> Iterator[T]:
    """Everything of a list, a page at a time. What exists through the whole walk and does not move in the order is given exactly once."""
    page = fetch(None)
    yield from page.items
    while page.next is not None:
        page = fetch(page.next)
        yield from page.items


def answer_of(owner: Owner, name: str, args: Any, out: Any) -> None:
    """Calls a mutation that fills ``out`` beside its result, which nobody asks for."""
    call = function(
        name,
        c_void_p,
        c_void_p,
        POINTER(type(args)),
        POINTER(type(out)),
        POINTER(ResultStruct),
        POINTER(ErrorStruct),
    )
    error = ErrorStruct()
    with owner._call() as (store, txn), owner._ticket(args.write):
        check(call(store, txn, byref(args), byref(out), None, byref(error)), error)


def answered(owner: Owner, name: str, args: Any, out: Any, give: Callable[[Any], T]) -> T:
    """The answer of such a mutation that commits at once."""
    answer_of(owner, name, args, out)
    try:
        return give(out)
    finally:
        release(out.memory)


def deferred(owner: Any, name: str, args: Any, out: Any, give: Callable[[Any], T]) -> Deferred[T]:
    """The answer of such a mutation in a transaction."""
    answer_of(owner, name, args, out)
    later: Deferred[T] = Deferred()

    def ended(committed: bool) -> None:
        if committed:
            later._set(give(out))
        release(out.memory)

    owner._at_end(ended)
    return later
