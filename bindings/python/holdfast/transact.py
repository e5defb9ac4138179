"""Read, decide, write, and again: hf_transact() of holdfast/store.h."""

from __future__ import annotations

from ctypes import CFUNCTYPE, POINTER, byref, c_int, c_uint32, c_void_p, memmove, sizeof
from typing import TYPE_CHECKING, Any, Callable, List, TypeVar

from ._abi import (
    Durability,
    ErrorStruct,
    check,
    function,
    invalid,
    member,
    number,
)
from ._calls import Gate, call_back, callback as checked_callback, relayed
from .errors import CanceledError, Error

if TYPE_CHECKING:
    from .store import Transaction

T = TypeVar("T")
_Fill = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, POINTER(ErrorStruct))


def transact(
    owner: Any,
    gate: Gate,
    call: Callable[["Transaction"], T],
    tries: int,
    durability: Durability,
    lend: Callable[[Any], "Transaction"],
) -> T:
    """``lend`` makes a Transaction of a handle that the library commits."""
    lent: List["Transaction"] = []
    answers: List[T] = []
    raised: List[BaseException] = []
    checked_callback(call, "call")
    most = number(tries, "tries", 0, 2**32 - 1)
    durable = member(Durability, durability, "durability")

    def fill(transaction: "Transaction") -> None:
        answers.append(call_back(gate, call, transaction))
        if transaction._spoiled is not None:
            invalid("an operation was refused when it was added: nothing was done")
        if transaction._given_up:
            invalid("the function abandoned its transaction: nothing was done")

    def run(_: Any, __: Any, txn: Any, told: Any) -> int:
        if raised and not isinstance(raised[-1], Exception):
            return CanceledError.code  # to be stopped is no reason to be called again
        while lent:
            lent.pop()._ended(False)
        answers.clear()
        raised.clear()
        transaction = lend(txn)
        lent.append(transaction)  # its results are filled in by the commit
        try:
            fill(transaction)
            return 0
        except BaseException as error:  # noqa: B902 - it must not pass through the library
            raised.append(error)
            code = error.code if isinstance(error, Error) else CanceledError.code
            text = str(error).encode("utf-8", "replace").replace(b"\0", b"?")[:255]
            memmove(told, byref(ErrorStruct(code=code, text=text)), sizeof(ErrorStruct))
            return code
        finally:
            transaction._txn = None

    def body() -> T:
        error = ErrorStruct()
        transact_it = function(
            "hf_transact", c_void_p, _Fill, c_void_p, c_uint32, c_int, POINTER(ErrorStruct)
        )
        filling = _Fill(run)
        with owner._call() as (store, _):
            rc = transact_it(store, filling, None, most, durable, byref(error))
        while lent:
            last = lent.pop()
            last._ended(last._stands(rc))
        if rc != 0 and raised and rc == getattr(raised[-1], "code", CanceledError.code):
            raise raised[-1]
        check(rc, error)
        return answers[-1]

    return relayed(body, gate=gate, calls_back=True)
