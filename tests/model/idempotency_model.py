"""Idempotency, as the contract has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Optional

from words import DAY, Done, Number, Refused, fields, moved
from world import World, of_bytes


@dataclass(frozen=True)
class Entry:
    scope: str
    key: str
    fingerprint: bytes
    done: bool
    status: int
    response: bytes
    created_at: int
    expires_at: Optional[int]
    token: Any
    lease_until: Optional[int]
    version: Number
    _incarnation: int
    expires_computed: bool = True


class Idempotency:
    def __init__(self, world: World) -> None:
        self.w = world

    def _find(self, scope: str, key: str) -> Optional[Entry]:
        found = self.w.state.get(("idem", scope, key))
        if found is None or found.expires_at is not None and found.expires_at <= self.w.now:
            return None
        if not found.done and self.w.ended(found.lease_until, found._incarnation):
            return None
        return found

    # --- The clock is set back ---

    def end(self) -> None:
        for key, entry in self.w.all("idem"):
            if self._find(entry.scope, entry.key) is None:
                del self.w.state[key]

    def move(self, by: int) -> None:
        for key, entry in self.w.all("idem"):
            ends = moved(entry.expires_at, by) if entry.expires_computed else entry.expires_at
            self.w.state[key] = replace(
                entry, expires_at=ends, lease_until=moved(entry.lease_until, by)
            )

    def version_of(self, scope: str, key: str, **_: Any) -> Optional[Number]:
        found = self._find(scope, key)
        return found.version if found else None

    def _owned(self, scope: str, key: str, token: int) -> Entry:
        found = self._find(scope, key)
        if found is None or found.done or found.token.value != token:
            raise Refused("HF_ESTALE")
        return found

    # --- Doing work once ---

    def begin(
        self,
        scope: str,
        key: str,
        fingerprint: bytes = b"",
        lease: int = 0,
        ttl: int = 0,
        expect: Optional[int] = None,
    ) -> Done:
        old = self._find(scope, key)
        self.w.expect(expect, old and old.version)
        if old is None:
            return self._begin_new(scope, key, fingerprint, lease, ttl)
        if fingerprint != old.fingerprint and not (
            "replay other fingerprint" in self.w.wrong and old.done
        ):
            outcome = "MISMATCH"
        else:
            outcome = "REPLAY" if old.done else "IN_PROGRESS"
        replayed = outcome == "REPLAY"
        found = {
            "outcome": outcome,
            "token": 0,
            "lease_until": old.lease_until if outcome == "IN_PROGRESS" else None,
            "status": old.status if replayed else 0,
            "response": old.response if replayed else b"",
            "created_at": old.created_at,
            "expires_at": old.expires_at,
            "expires_computed": old.expires_computed,
            "version": old.version,
        }
        return Done(False, old.version, out=found)

    def _begin_new(self, scope: str, key: str, fingerprint: bytes, lease: int, ttl: int) -> Done:
        now = self.w.now
        until = now + lease if lease else None
        expires_at = max(now + (ttl or DAY), until or 0)  # never ends a lease
        new = Entry(scope, key, fingerprint, False, 0, b"", self.w.stamp, expires_at,
                    self.w.token(), until,
                    self.w.version(), self.w.incarnation)  # fmt: skip
        self.w.state["idem", scope, key] = new
        found = fields(new, "scope", "key", "fingerprint", "done") | {"outcome": "NEW"}
        return Done(True, new.version, new.token, out=found)

    def complete(
        self,
        scope: str,
        key: str,
        token: int,
        status: int = 0,
        response: bytes = b"",
        ttl: int = 0,
        expect: Optional[int] = None,
    ) -> Done:
        self.w.expect(expect, self.version_of(scope, key))
        old = self._owned(scope, key, token)
        new = replace(old, done=True, status=status, response=response,
                      expires_at=self.w.now + (ttl or DAY), expires_computed=True,
                      token=0, lease_until=None, version=self.w.version())  # fmt: skip
        self.w.state["idem", scope, key] = new
        return Done(True, new.version)

    def abandon(self, scope: str, key: str, token: int, expect: Optional[int] = None) -> Done:
        self.w.expect(expect, self.version_of(scope, key))
        self._owned(scope, key, token)
        del self.w.state["idem", scope, key]
        return Done(True, 0)

    # --- The raw store ---

    def put(
        self,
        scope: str,
        key: str,
        fingerprint: bytes = b"",
        status: int = 0,
        response: bytes = b"",
        created_at: Optional[int] = None,
        expires_at: Optional[int] = None,
        expires_computed: bool = False,
        expect: Optional[int] = None,
    ) -> Done:
        """``expires_at`` None: the default of a day from now."""
        old = self._find(scope, key)
        self.w.expect(expect, old and old.version)
        if created_at is None:
            created_at = old.created_at if old else self.w.stamp
        if expires_at is None:
            expires_at, expires_computed = self.w.now + DAY, True
        if expires_at <= self.w.now:
            if old:
                del self.w.state["idem", scope, key]
            return Done(old is not None, 0)
        new = Entry(scope, key, fingerprint, True, status, response, created_at, expires_at, 0,
                    None,
                    old and old.version, 0, expires_computed)  # fmt: skip
        if old and replace(old, _incarnation=0) == new:
            return Done(False, old.version)
        new = replace(new, version=self.w.version())
        self.w.state["idem", scope, key] = new
        return Done(True, new.version)

    def remove(self, scope: str, key: str, expect: Optional[int] = None) -> Done:
        self.w.expect(expect, self.version_of(scope, key))
        if self._find(scope, key) is None:
            raise Refused("HF_ENOTFOUND")
        del self.w.state["idem", scope, key]
        return Done(True, 0)

    def clear(
        self, scope: str = "", prefix: Optional[str] = None, everything: bool = False
    ) -> Done:
        over = self._over(scope, prefix, everything)
        count = sum(len(self.list(one)) for one in over)
        for one in over:
            for key, _ in self.w.all("idem", one):
                del self.w.state[key]
        return Done(count > 0, count=count)

    def _over(self, scope: str, prefix: Optional[str], everything: bool) -> list[str]:
        """The scopes that a call is about."""
        if prefix is not None and "a prefix is one scope" in self.w.wrong:
            return [prefix]
        if prefix is None and not everything:
            return [scope]
        return [one for one in self.scopes() if one.startswith(prefix or "")]

    def guard(self, scope: str, key: str, expect: Optional[int] = None) -> Done:
        version = self.version_of(scope, key)
        self.w.expect(expect, version)
        return Done(False, version or 0)

    def guard_owner(self, scope: str, key: str, token: int) -> Done:
        return Done(False, self._owned(scope, key, token).version)

    # --- Reads ---

    def get(self, scope: str, key: str) -> Any:
        found = self._find(scope, key)
        if found is None:
            raise Refused("HF_ENOTFOUND")
        return fields(found)

    def has(self, scope: str, key: str) -> bool:
        return self._find(scope, key) is not None

    def list(self, scope: str) -> list[Any]:
        found = [e for _, e in self.w.all("idem", scope) if self._find(scope, e.key)]
        return [fields(e) for e in sorted(found, key=lambda e: of_bytes(e.key))]

    def count(
        self, scope: str = "", prefix: Optional[str] = None, everything: bool = False
    ) -> Any:
        """As of now: what ends is never counted."""
        found = [e for one in self._over(scope, prefix, everything) for e in self.list(one)]
        done = sum(e["done"] for e in found)
        return {"in_progress": len(found) - done, "done": done}

    def scopes(self) -> list[str]:
        return sorted(
            {key[1] for key, e in self.w.all("idem") if self._find(e.scope, e.key)}, key=of_bytes
        )
