"""Migrations, as the contract has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from words import Done, Number, Refused, fields
from world import World


@dataclass(frozen=True)
class Migration:
    name: str
    applied_at: int
    version: Number
    _order: int
    checksum: Optional[int] = None


class Migrations:
    def __init__(self, world: World) -> None:
        self.w = world

    def version_of(self, name: str, **_: Any) -> Optional[Number]:
        found = self.w.state.get(("migration", name))
        return found.version if found else None

    def applied(self, name: str) -> bool:
        return ("migration", name) in self.w.state

    def conflicts(self, name: str, checksum: Optional[int]) -> bool:
        """Was it applied with another checksum? One that was not given, then or now, says
        nothing."""
        old = self.w.state.get(("migration", name))
        return old is not None and None not in (old.checksum, checksum) and old.checksum != checksum

    def ends_early(self, names: list[str]) -> bool:
        """Does the list end before what was applied?"""
        applied = sorted((m for _, m in self.w.all("migration")), key=lambda m: m._order)
        return bool(applied) and all(map(self.applied, names)) and applied[-1].name not in names

    def record(
        self,
        name: str,
        applied_at: Optional[int] = None,
        checksum: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        old = self.w.state.get(("migration", name))
        self.w.expect(expect, old and old.version)
        if self.conflicts(name, checksum):
            raise Refused("HF_ECONFLICT")
        if old:
            return Done(False, old.version)
        new = Migration(
            name,
            self.w.stamp if applied_at is None else applied_at,
            self.w.version(),
            self.w.order(),
            checksum,
        )
        self.w.state["migration", name] = new
        return Done(True, new.version)

    def forget(self, name: str, expect: Optional[int] = None) -> Done:
        self.w.expect(expect, self.version_of(name))
        if not self.applied(name):
            raise Refused("HF_ENOTFOUND")
        del self.w.state["migration", name]
        return Done(True, 0)

    def guard(self, name: str, expect: Optional[int] = None) -> Done:
        version = self.version_of(name)
        self.w.expect(expect, version)
        return Done(False, version or 0)

    def list(self) -> list[Any]:
        """In the order in which they were applied."""
        return [
            fields(m)
            for m in sorted((m for _, m in self.w.all("migration")), key=lambda m: m._order)
        ]
