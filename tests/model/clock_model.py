"""The store's clock, as the contract has it. Here the wall clock is all the time there is, and never behind: see clock.c."""

from __future__ import annotations

from typing import Any, Optional

from words import SPACE, Done, Number
from world import World, malformed_unless


class Clock:
    def __init__(self, world: World) -> None:
        self.w = world

    def version_of(self, **_: Any) -> Optional[Number]:
        return None

    def set_back(self, reason: str, by: Optional[int] = None) -> Done:
        """To the wall clock at the farthest, so by nothing."""
        malformed_unless(bool(reason.strip(SPACE)), "HF_EREASON")
        return Done(False)
