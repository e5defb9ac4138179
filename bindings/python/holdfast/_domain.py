"""What the modules of the domains have in common: how a mutation, a guard and a read are called.

A module of a domain has dataclasses for what it gives, and up to three classes: ``XMutations``
with all that works at once and in a transaction alike; ``X(XMutations)``, which is ``store.x`` and
adds reads; ``XInTransaction(XMutations)``, which is ``txn.x`` and adds guards. They differ in their
owner only.
"""

from __future__ import annotations

import functools
import inspect
from contextlib import AbstractContextManager, nullcontext
from ctypes import addressof, c_bool, c_int64, c_uint, c_uint64, c_void_p, pointer
from functools import lru_cache
from typing import Any, Callable, Iterator, Optional, Protocol, TypeVar, cast

from ._abi import (
    After,
    Bytes,
    CancelStruct,
    Deferred,
    ErrorStruct,
    POINTER,
    Page,
    READ_UNDURABLE,
    Result,
    ResultStruct,
    Struct,
    byref,
    check,
    flag,
    function,
    invalid,
    release,
    struct,
)
from ._api import Tag, call as call_of
from ._calls import grants, on_main, relayed, unrelayed
from .errors import CorruptError, Error, ReadFailedError

T = TypeVar("T")
Call = TypeVar("Call", bound=Callable[..., Any])
PAGE_SIZE = 256
"""Items that an iterator over a list reads at once."""


NO_TICKET = nullcontext()


class Owner(Protocol):
    """A store, or a transaction of one."""

    def _call(self) -> AbstractContextManager[tuple[Any, Any]]:
        """For the time of a call: the handles of store and transaction (None for a store).
        ValueError when it is closed."""

    def _result(self) -> tuple[Any, Result]:
        """Where a mutation's result goes, and what the caller gets."""

    def _ticket(self, write: Any) -> AbstractContextManager[None]:
        """Around a mutation with these arguments: gives it a ticket, if it is not to be waited
        for."""
        return NO_TICKET


def telling(method: Call) -> Call:
    """Around every public method of a domain, and around what takes a grant.

    A call whose arguments are refused before the library sees them spoils a transaction like one
    that the library refuses: the rest is not committed without it.
    What was granted is given back when an exception of a signal handler comes before the caller has
    it.
    """

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        outer = grants.undo
        undo: list[Callable[[], None]] = []
        grants.undo = undo
        owner = getattr(self, "_owner", None)
        results = getattr(owner, "_results", ())
        index = len(results)
        try:
            answer = method(self, *args, **kwargs)
            return answer
        except BaseException as error:
            refused = getattr(owner, "_refused", None)
            if refused is not None:
                refused(index)
                if isinstance(error, Error):
                    error.operation = (
                        index  # the library says so, too; but what it never saw it cannot name
                    )
            if undo and (
                not isinstance(error, Exception) or (on_main() and not isinstance(error, Error))
            ):
                unrelayed(functools.partial(_undo_all, undo))
            raise
        finally:
            grants.undo = outer

    return cast(Call, call)


def _undo_all(undo: list[Callable[[], None]]) -> None:
    for one in undo:
        unless_refused(one)


class Domain:
    """A domain of a store or of a transaction."""

    _in_transaction = False

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def __init_subclass__(cls, reads: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if reads:  # what a read refuses does not spoil a transaction
            return
        for name, value in list(vars(cls).items()):
            if not name.startswith("_") and inspect.isfunction(value):
                setattr(cls, name, telling(value))

    def _mutate(
        self,
        name: str,
        /,
        args: Optional[Struct] = None,
        undo: Optional[Callable[[Result], None]] = None,
        **given: Any,
    ) -> Result:
        """Its arguments are ``args``, or made of members that are ``given``. ``undo`` gives back a
        token that the caller did not come to have."""
        if args is None:
            if "token" in given:
                given["token"] = token_given(self._owner, given["token"])
            args = taken(name, **given)
        kind: Any = type(args)
        call = _mutation(name, kind)
        error = ErrorStruct()
        got = _object_of(name, args)
        with self._owner._call() as (store, txn):
            with self._owner._ticket(args.write):
                struct, result = self._owner._result()
                if undo is not None:
                    grants.undo.append(functools.partial(undo_token, struct, result, undo))
                later = getattr(self._owner, "_at_end", None)
                if got is not None and later is not None:
                    later(functools.partial(_take_object, result, got))
                try:
                    check(call(store, txn, byref(args), byref(struct), byref(error)), error)
                except (ReadFailedError, CorruptError) as failure:
                    # The change stands, and its payload could not be read.
                    if got is not None and later is None and got.memory:
                        _take_object(result, got, True)
                        failure.granted = result._object
                    raise
                if got is not None and later is None:
                    _take_object(result, got, True)
        return result

    def _read(self, name: str, args: Any, undurable: bool, give: Callable[[Any], T]) -> T:
        """Calls ``name``; ``give`` makes Python's values of what it fills, whose memory is released
        afterwards."""
        out = filled(name)
        self._ask(name, args, undurable, out)
        try:
            return give(out)
        finally:
            if hasattr(out, "memory"):
                release(out.memory)

    def _read_plain(self, name: str, args: Any, undurable: bool) -> Any:
        """The same for an answer that is a plain value."""
        out = _PLAIN_ANSWERS[call_of(name).gives]()
        self._ask(name, args, undurable, out)
        return out.value

    def _ask(self, name: str, args: Any, undurable: bool, out: Any = None) -> None:
        given = [] if args is None else [args if isinstance(args, Bytes) else byref(args)]
        filled_in = [] if out is None else [byref(out)]
        kinds: Any = type(args), type(out)
        call = _reading(name, *kinds)
        error = ErrorStruct()
        flags = READ_UNDURABLE if flag(undurable, "undurable") else 0
        with self._owner._call() as (store, txn):
            seen = reads_of(store, txn)
            check(call(seen, *given, flags, *filled_in, byref(error)), error)


@lru_cache(maxsize=None)
def _mutation(name: str, args: Any) -> Callable[..., int]:
    """The function of that name, by the type of its arguments."""
    return function(
        name, c_void_p, c_void_p, POINTER(args), POINTER(ResultStruct), POINTER(ErrorStruct)
    )


@lru_cache(maxsize=None)
def _reading(name: str, args: Any, out: Any) -> Callable[..., int]:
    """The same of a read, and of what it fills; NoneType: of none."""
    kinds = [] if args is type(None) else [args if args is Bytes else POINTER(args)]
    fills = [] if out is type(None) else [POINTER(out)]
    return function(name, c_void_p, *kinds, c_uint, *fills, POINTER(ErrorStruct))


def reads_of(store: Any, txn: Any) -> Any:
    """The store as a transaction reads it; the store itself without one."""
    return store if txn is None else function("hf_txn_reads", c_void_p, restype=c_void_p)(txn)


def token_given(owner: Owner, token: Any) -> Any:
    """A token, or what an operation of the same transaction gave, which will have one."""
    if not isinstance(token, (Result, Deferred)):
        return token
    if token._known:
        return token.token
    if token._place is None or token._place[0] is not owner:
        invalid("the token belongs to another transaction, which is not committed")
    return _TOKEN_OF | token._place[1]


_TOKEN_OF = 1 << 47  # HF_TOKEN_OF(0)

RETURNED: dict[str, Callable[[Any], Any]] = {}
"""What a struct that a get fills becomes: of an object that a mutation gives back."""


def _object_of(name: str, args: Any) -> Any:
    """Where the object goes that the arguments ask for; None: they ask for none."""
    if not args.write.returning:
        return None
    got = struct(call_of(name).object)()
    args.write.returning = addressof(got)
    return got


def _take_object(result: Result, got: Any, committed: bool) -> None:
    try:
        if committed and got.memory:
            result._object = RETURNED[type(got).__name__](got)
    finally:
        release(got.memory)


_PLAIN_ANSWERS: dict[Any, Any] = {Tag.BOOL: c_bool, Tag.UINT: c_uint64, Tag.TIME: c_int64}


def taken(name: str, /, **members: Any) -> Any:
    """The arguments of the call ``name``."""
    return struct(call_of(name).takes)(**members)


def filled(name: str) -> Any:
    """What it fills."""
    return struct(call_of(name).fills)()


def each(fetch: Callable[..., Page[T]], after: After = None) -> Iterator[T]:
    """Everything of a list behind a position, a page at a time. What exists through the whole walk
    and does not move in the order is given exactly once. ``fetch`` is told where a page begins:
    ``after`` or ``page``."""
    page = fetch(after=after)
    yield from page.items
    while page.next is not None:
        page = fetch(page=page.next)
        yield from page.items


def answer_of(owner: Owner, name: str, args: Any, out: Any, result: Any) -> None:
    """Calls a mutation that fills ``out`` beside its result."""
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
        check(call(store, txn, byref(args), byref(out), byref(result), byref(error)), error)


def undo_token(struct: Any, result: Result, undo: Callable[[Result], None]) -> None:
    if struct.token:
        undo(result)


def _undo(undo: Callable[[T], None], give: Callable[[Any], T], out: Any) -> None:
    undo(give(out))


def answered(
    owner: Owner,
    name: str,
    args: Any,
    give: Callable[[Any], T],
    undo: Optional[Callable[[T], None]] = None,
) -> T:
    """The answer of such a mutation that commits at once."""
    return granted(functools.partial(answer_of, owner, name, args), filled(name), give, undo)


def granted(
    ask: Callable[[Any, Any], None],
    out: Any,
    give: Callable[[Any], T],
    undo: Optional[Callable[[T], None]] = None,
) -> T:
    """What a call grants, which fills ``out`` and a result. ``undo`` gives it back, when a signal
    handler raised something before it could be handed on. A grant that stands although its payload
    could not be read goes with the exception."""
    result = ResultStruct()
    try:
        ask(out, result)
        value = give(out)
        if undo is not None:
            grants.undo.append(functools.partial(undo, value))
        return value
    except (ReadFailedError, CorruptError) as error:
        if result.changed:
            error.granted = give(out)
        raise
    except Error:
        raise
    except BaseException:
        if undo is not None and result.changed and on_main():
            unrelayed(functools.partial(_undo, undo, give, out))
        raise
    finally:
        release(out.memory)


def cancelling(owner: Owner, args: Any, cancel: Any) -> Callable[[], None]:
    """Makes a call that waits one that can be ended: what this gives ends it."""
    args.cancel = pointer(cancel)

    def stop() -> None:
        error = ErrorStruct()
        try:
            with owner._call() as (store, _):
                check(
                    function("hf_cancel", c_void_p, POINTER(CancelStruct), POINTER(ErrorStruct))(
                        store, byref(cancel), byref(error)
                    ),
                    error,
                )
        except (Error, ValueError):  # it is being closed, which ends it as well
            pass

    return stop


def unless_refused(undo: Callable[[], Any]) -> None:
    """Gives back what may be somebody else's by now."""
    try:
        undo()
    except (Error, ValueError):
        pass


def waited(
    owner: Owner, wait: int, write: Any, body: Callable[[], T], undo: Callable[[T], None]
) -> T:
    """A claim or an acquire, which waits unless ``wait`` is 0."""
    if wait == 0:
        return body()
    return relayed(body, stop=cancelling(owner, write, CancelStruct()), undo=undo)


def deferred(owner: Any, name: str, args: Any, give: Callable[[Any], T]) -> Deferred[T]:
    """The answer of such a mutation in a transaction."""
    (result, told), out = owner._result(), filled(name)
    answer_of(owner, name, args, out, result)
    later: Deferred[T] = Deferred(told._place, result)

    def ended(committed: bool) -> None:
        if committed:
            later._set(give(out))
        release(out.memory)

    owner._at_end(ended)
    return later
