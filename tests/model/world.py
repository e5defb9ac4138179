"""The state of a whole store, its clock, and transactions over it."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, Optional

from words import ABSENT, Malformed, Number, Refused, Series


class World:
    """What a store holds. ``wrong`` names rules that this model breaks on purpose (see
    planted.py)."""

    def __init__(self, now: int, wrong: frozenset[str] = frozenset()) -> None:
        self.state: dict[tuple[Any, ...], Any] = {}
        self.now = now
        """The store's clock."""
        self.wall = now
        """The machine's, which may be behind: see :meth:`advance`."""
        self.boot = 0
        """Time since the machine was started."""
        self._written = 0
        """Operations of this transaction so far that wrote something: times that are filled in
        differ from one to the next."""
        self.incarnation = 1
        self.wrong = wrong
        self.versions = Series("LSN")
        self.tokens = Series("token")
        self._order = 0

    def advance(self, by: int) -> None:
        """Time passes, for all clocks alike."""
        self.now += by
        self.wall += by
        self.boot += by

    @property
    def stamp(self) -> int:
        """A time that the store fills in. Between two transactions more time passes than they have
        operations: see Machine."""
        return self.now + self._written

    def version(self) -> Number:
        return Number(self.versions)

    def token(self) -> Number:
        return Number(self.tokens)

    def order(self) -> int:
        """A place at the end of whatever is ordered by when it was done."""
        self._order += 1
        return self._order

    def reopened(self) -> None:
        self.incarnation += 1

    def all(self, *prefix: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
        """What is stored under keys that begin like this."""
        n = len(prefix)
        return ((key, value) for key, value in list(self.state.items()) if key[:n] == prefix)

    def ended(self, lease_until: Optional[int], incarnation: int) -> bool:
        """Is a grant over: by its lease, or, having none, with the opening of the store that it
        belongs to?"""
        if lease_until is None:
            return incarnation != self.incarnation
        return lease_until <= self.now

    @staticmethod
    def expect(expected: Optional[int], current: Optional[Number]) -> None:
        """An expected version, compared before anything else."""
        if expected is None:
            return
        if expected == ABSENT:
            if current is not None:
                raise Refused("HF_ECONFLICT")
        elif current is None or current.value != expected:
            raise Refused("HF_ECONFLICT")

    def atomically(self, operations: Iterable[Callable[[], Any]]) -> list[Any]:
        """All of them, or none and the refusal of the first that fails; its ``operation`` says
        which. What is malformed is told before anything
        is tried."""
        saved, now, answers = dict(self.state), self.now, []
        refused: Optional[Refused] = None
        self._written = 0
        for index, operation in enumerate(operations):
            try:
                answers.append(operation())
                self._written += bool(getattr(answers[-1], "changed", False))
            except Malformed as refusal:
                refusal.operation = index
                refused = refusal
                break
            except Refused as refusal:
                if refused is None:
                    refusal.operation = index
                    refused = refusal
        self._written = 0
        if refused is not None:
            self.state, self.now = saved, now  # a set-back of the clock too
            raise refused
        return answers


def malformed_unless(holds: bool, code: str = "HF_EINVAL") -> None:
    if not holds:
        raise Malformed(code)


def page_of(items: list[Any], limit: int) -> list[list[Any]]:
    """A list in pages of ``limit``."""
    return [items[i : i + limit] for i in range(0, len(items), limit)] if limit else [items]


def of_bytes(text: str) -> bytes:
    """Keys are compared as bytes."""
    return text.encode("utf-8", "surrogateescape")
