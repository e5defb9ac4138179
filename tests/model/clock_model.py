"""The store's clock, as the contract has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from words import SPACE, Done, Number
from world import World, malformed_unless


@dataclass(frozen=True)
class SetBack:
    """The newest one."""

    version: Number


class Clock:
    def __init__(self, world: World, domains: list[Any]) -> None:
        self.w = world
        self.domains = domains
        """What has ends of time."""

    def version_of(self, **_: Any) -> Optional[Number]:
        found = self.w.state.get(("clock",))
        return found.version if found else None

    def set_back(self, reason: str, by: Optional[int] = None, expect: Optional[int] = None) -> Done:
        """To the wall clock at the farthest. What has ended has ended; what lasts and was computed
        moves along."""
        malformed_unless(bool(reason.strip(SPACE)), "HF_EREASON")
        old = self.version_of()
        self.w.expect(expect, old)
        difference = self.w.now - max(self.w.wall, self.w.wall if by is None else self.w.now - by)
        if difference <= 0:
            return Done(False, old or 0)
        if "a set-back revives" not in self.w.wrong:
            for domain in self.domains:
                domain.end()
        for domain in self.domains:
            domain.move(difference)
        self.w.now -= difference
        version = self.w.version()
        self.w.state[("clock",)] = SetBack(version)
        return Done(True, version)
