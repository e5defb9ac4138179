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


class Migrations:
    def __init__(self, world: World) -> None:
        self.w = world

    def version_of(self, name: str, **_: Any) -> Optional[Number]:
        found = self.w.state.get(("migration", name))
        return found.version if found else None

    def applied(self, name: str) -> bool:
        return ("migration", name) in self.w.state

    def record(self, name: str, applied_at: Optional[int] = None, expect: Optional[int] = None) -> Done:
        old = self.w.state.get(("migration", name))
        self.w.expect(expect, old and old.version)
        if old:
            return Done(False, old.version)
        new = Migration(name, self.w.stamp if applied_at is None else applied_at, self.w.version(), self.w.order())
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
        return [fields(m) for m in sorted((m for _, m in self.w.all("migration")), key=lambda m: m._order)]
