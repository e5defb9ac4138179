"""Locks, as the contract has them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Optional

from words import SPACE, Done, Number, Refused, fields, moved
from world import World, malformed_unless, of_bytes


@dataclass(frozen=True)
class Lock:
    name: str
    owner: str
    token: Number
    acquired_at: int
    lease_until: Optional[int]
    version: Number
    _incarnation: int


class Locks:
    def __init__(self, world: World) -> None:
        self.w = world

    def _find(self, name: str) -> Optional[Lock]:
        found = self.w.state.get(("lock", name))
        return found if found and not self.w.ended(found.lease_until, found._incarnation) else None

    # --- The clock is set back ---

    def end(self) -> None:
        for key, lock in self.w.all("lock"):
            if self._find(lock.name) is None:
                del self.w.state[key]

    def move(self, by: int) -> None:
        for key, lock in self.w.all("lock"):
            self.w.state[key] = replace(lock, lease_until=moved(lock.lease_until, by))

    def version_of(self, name: str, **_: Any) -> Optional[Number]:
        found = self._find(name)
        return found.version if found else None

    def _held_by(self, name: str, token: int) -> Lock:
        found = self._find(name)
        if found is None or found.token.value != token and "any token" not in self.w.wrong:
            raise Refused("HF_ESTALE")
        return found

    def _grant(self, name: str, owner: str, acquired_at: int, lease_until: Optional[int]) -> Done:
        new = Lock(
            name,
            owner,
            self.w.token(),
            acquired_at,
            lease_until,
            self.w.version(),
            self.w.incarnation,
        )
        self.w.state["lock", name] = new
        return Done(True, new.version, new.token)

    # --- Mutations ---

    def acquire(self, name: str, owner: str, lease: int = 0, expect: Optional[int] = None) -> Done:
        self.w.expect(expect, self.version_of(name))
        held = self._find(name)
        if held and held.owner != owner:
            raise Refused("HF_EHELD")
        return self._grant(name, owner, self.w.stamp, self.w.now + lease if lease else None)

    def renew(self, name: str, token: int, lease: int, expect: Optional[int] = None) -> Done:
        self.w.expect(expect, self.version_of(name))
        held = self._held_by(name, token)
        until = self.w.now + lease if lease else None
        if until == held.lease_until:
            return Done(False, held.version)
        new = replace(
            held, lease_until=until, version=self.w.version(), _incarnation=self.w.incarnation
        )
        self.w.state["lock", name] = new
        return Done(True, new.version, new.token)

    def release(self, name: str, token: int, expect: Optional[int] = None) -> Done:
        self.w.expect(expect, self.version_of(name))
        self._held_by(name, token)
        del self.w.state["lock", name]
        return Done(True, 0)

    def force_release(self, name: str, reason: str, expect: Optional[int] = None) -> Done:
        malformed_unless(reason.strip(SPACE) != "", "HF_EREASON")
        self.w.expect(expect, self.version_of(name))
        if self._find(name) is None:
            return Done(False, 0)
        del self.w.state["lock", name]
        return Done(True, 0)

    def put(
        self,
        name: str,
        owner: str,
        acquired_at: int,
        lease_until: int,
        expect: Optional[int] = None,
    ) -> Done:
        self.w.expect(expect, self.version_of(name))
        held = self._find(name)
        if lease_until <= self.w.now:
            return Done(False, held.version if held else 0)
        if held and held.owner != owner:
            raise Refused("HF_EHELD")
        if held and (held.acquired_at, held.lease_until) == (acquired_at, lease_until):
            return Done(False, held.version)
        return self._grant(name, owner, acquired_at, lease_until)

    def guard(self, name: str, expect: Optional[int] = None) -> Done:
        version = self.version_of(name)
        self.w.expect(expect, version)
        return Done(False, version or 0)

    def guard_held(self, name: str, token: int) -> Done:
        held = self._held_by(name, token)
        return Done(False, held.version)

    # --- Reads ---

    def check(self, name: str, token: int) -> None:
        self._held_by(name, token)

    def with_lock(self, name: str) -> bool:
        """Would a callback be called?"""
        if self._find(name):
            raise Refused("HF_EHELD")
        return True

    def get(self, name: str) -> Any:
        found = self._find(name)
        if found is None:
            raise Refused("HF_ENOTFOUND")
        return fields(found)

    def list(self) -> list[Any]:
        held = [lock for _, lock in self.w.all("lock") if self._find(lock.name)]
        return [fields(lock) for lock in sorted(held, key=lambda lock: of_bytes(lock.name))]
