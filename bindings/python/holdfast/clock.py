"""The store's clock, by which everything that has to do with time is judged: holdfast/clock.h."""

from __future__ import annotations

from ctypes import POINTER, byref, c_int64, c_uint, c_uint64, c_void_p
from dataclasses import dataclass
from typing import Optional

from ._abi import (
    READ_UNDURABLE,
    Borrow,
    Bytes,
    Duration,
    Durability,
    ErrorStruct,
    Result,
    Struct,
    Text,
    Time,
    Write,
    check,
    duration,
    flag,
    function,
    release,
    time,
    time_or_none,
    write,
)
from ._domain import Domain


class ClockStruct(Struct):
    c_name = "struct hf_clock"
    _fields_ = [
        ("now", c_int64),
        ("wall", c_int64),
        ("ahead_us", c_int64),
        ("set_back_us", c_int64),
        ("version", c_uint64),
        ("set_back_at", c_int64),
        ("difference_us", c_int64),
        ("reason", Bytes),
        ("memory", c_void_p),
    ]


class SetBackStruct(Struct):
    c_name = "struct hf_clock_set_back_args"
    _fields_ = [("write", Write), ("reason", Bytes), ("by_us", c_int64), ("to", c_int64)]


@dataclass(frozen=True)
class Shown:
    """What the clock shows. Times and durations are microseconds."""

    now: int
    wall: int
    """The machine's wall clock, at the same moment."""
    ahead: int
    """``now - wall``, never below 0."""
    set_back: int
    """By how much it was ever set back, all in all."""
    version: int
    """Of the newest set-back; 0: none."""
    set_back_at: Optional[int]
    """What the clock showed before the newest set-back."""
    difference: int
    reason: str


def _shown(s: ClockStruct) -> Shown:
    return Shown(
        now=s.now,
        wall=s.wall,
        ahead=s.ahead_us,
        set_back=s.set_back_us,
        version=s.version,
        set_back_at=time_or_none(s.set_back_at),
        difference=s.difference_us,
        reason=s.reason.text(),
    )


class ClockMutations(Domain):
    """What can be done to the clock, at once (``store.clock``) or in a transaction
    (``txn.clock``)."""

    def set_back(
        self,
        *,
        reason: Text,
        by: Optional[Duration] = None,
        to: Optional[Time] = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Sets the clock back ``by`` so much or ``to`` an instant, or to the wall clock, which is
        as far as it goes. What the store computed (ends of
        leases, ttl, backoff, tombstones) moves along, instants that were named stay. What has ended
        by then is logged first and stays so.

        :raises ReasonRequiredError: the reason is blank
        """
        borrow = Borrow()
        if by is not None and duration(by) == 0:
            raise ValueError("by must be more than 0")
        args = SetBackStruct(
            write(expect, durability),
            borrow.bytes(reason),
            0 if by is None else duration(by),
            time(to),
        )
        return self._mutate("hf_clock_set_back", args)


class Clock(ClockMutations):
    """``store.clock``."""

    def show(self, *, undurable: bool = False) -> Shown:
        """What the clock shows, how far it is ahead of the wall clock, and the newest set-back."""
        out, error = ClockStruct(), ErrorStruct()
        call = function(
            "hf_clock_get", c_void_p, c_uint, POINTER(ClockStruct), POINTER(ErrorStruct)
        )
        with self._owner._call() as (store, _):
            check(call(store, READ_UNDURABLE if flag(undurable, "undurable") else 0, byref(out), byref(error)), error)
            try:
                return _shown(out)
            finally:
                release(out.memory)


class ClockInTransaction(ClockMutations):
    """``txn.clock``."""
