"""The store's clock, by which everything that has to do with time is judged: holdfast/clock.h."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Optional

from ._abi import Durability, Duration, Result, Text, Time, ZERO, value_of, write
from ._domain import Domain


@dataclass(frozen=True)
class Shown:
    """What the clock shows."""

    now: datetime
    wall: datetime
    """The machine's wall clock, at the same moment."""
    ahead: timedelta
    """``now - wall``, never below 0."""
    set_back: timedelta
    """By how much it was ever set back, all in all."""
    version: int
    """Of the newest set-back; 0: none."""
    set_back_at: Optional[datetime]
    """What the clock showed before the newest set-back."""
    difference: timedelta
    reason: str


def _shown(s: Any) -> Shown:
    return value_of(Shown, s)


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
        if by == ZERO:
            raise ValueError("by must be more than 0")
        return self._mutate(
            "hf_clock_set_back",
            write=write(expect, durability),
            reason=reason,
            by_us=ZERO if by is None else by,
            to=to,
        )


class ClockReads(Domain, reads=True):
    """What can be read, outside a transaction or in one, where it is so at the commit."""

    def show(self, *, undurable: bool = False) -> Shown:
        """What the clock shows, how far it is ahead of the wall clock, and the newest set-back."""
        return self._read("hf_clock_get", None, undurable, _shown)


class Clock(ClockMutations, ClockReads):
    """``store.clock``."""


class ClockInTransaction(ClockMutations, ClockReads):
    """``txn.clock``."""
