"""Documents, as the contract has them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Optional

from words import Done, Number, Refused, fields, moved
from world import World, malformed_unless, of_bytes

CREATED, UPDATED, GROUP_CREATED, GROUP_UPDATED, ID, GROUP_ID = 1, 2, 4, 8, 16, 32
GROUPED = GROUP_CREATED | GROUP_UPDATED | GROUP_ID
DEFAULT = CREATED | GROUP_CREATED


@dataclass(frozen=True)
class Document:
    collection: str
    id: str
    group: str
    payload: bytes
    created_at: int
    updated_at: int
    expires_at: Optional[int]
    version: Number
    expires_computed: bool = False


class Documents:
    def __init__(self, world: World) -> None:
        self.w = world

    def _find(self, collection: str, id: str) -> Optional[Document]:
        found = self.w.state.get(("document", collection, id))
        if found and self._expired(found) and "expired documents stay" not in self.w.wrong:
            return None
        return found

    def _expired(self, document: Document) -> bool:
        return document.expires_at is not None and document.expires_at <= self.w.now

    # --- The clock is set back ---

    def end(self) -> None:
        for key, document in self.w.all("document"):
            if self._expired(document):
                del self.w.state[key]

    def move(self, by: int) -> None:
        for key, document in self.w.all("document"):
            if document.expires_computed:
                self.w.state[key] = replace(document, expires_at=moved(document.expires_at, by))

    def _all(self, collection: str) -> list[Document]:
        return [d for _, d in self.w.all("document", collection) if self._find(collection, d.id)]

    def _orders(self, collection: str) -> int:
        """What the collection keeps while it holds documents."""
        return self.w.state.get(("orders", collection), 0) if self._all(collection) else 0

    def version_of(self, collection: str, id: str, **_: Any) -> Optional[Number]:
        found = self._find(collection, id)
        return found.version if found else None

    def _found(self, collection: str, id: str) -> Document:
        found = self._find(collection, id)
        if found is None:
            raise Refused("HF_ENOTFOUND")
        return found

    # --- Mutations ---

    def put(
        self,
        collection: str,
        id: str,
        payload: bytes,
        group: str = "",
        created_at: Optional[int] = None,
        expires_at: Optional[int] = None,
        ttl: int = 0,
        expires_computed: bool = False,
        orders: int = 0,
        now: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        malformed_unless(not (ttl and expires_at is not None))
        malformed_unless(not (expires_computed and expires_at is None))
        now = self.w.stamp if now is None else now
        old = self._find(collection, id)
        self.w.expect(expect, old and old.version)
        kept = self._orders(collection)
        if kept and orders and kept != orders:
            raise Refused("HF_ECONFLICT")
        if ttl:
            expires_at = self.w.now + ttl
        if created_at is None:
            created_at = old.created_at if old else now
        new = Document(collection, id, group, payload, created_at, now, expires_at,
                       old and old.version,
                       ttl > 0 or expires_computed)  # fmt: skip
        if old == new or old is None and self._expired(new):
            return Done(False, old.version if old else 0)
        if self._expired(new):
            del self.w.state["document", collection, id]
            return Done(True, 0)
        new = replace(new, version=self.w.version())
        self.w.state["orders", collection] = kept or orders or DEFAULT
        self.w.state["document", collection, id] = new
        return Done(True, new.version)

    def regroup(
        self,
        collection: str,
        id: str,
        group: str,
        now: Optional[int] = None,
        expect: Optional[int] = None,
    ) -> Done:
        self.w.expect(expect, self.version_of(collection, id))
        old = self._found(collection, id)
        if old.group == group:
            return Done(False, old.version)
        new = replace(
            old,
            group=group,
            updated_at=(self.w.stamp if now is None else now),
            version=self.w.version(),
        )
        self.w.state["document", collection, id] = new
        return Done(True, new.version)

    def remove(self, collection: str, id: str, expect: Optional[int] = None) -> Done:
        self.w.expect(expect, self.version_of(collection, id))
        self._found(collection, id)
        del self.w.state["document", collection, id]
        return Done(True, 0)

    def clear(self, collection: str) -> Done:
        count = len(self._all(collection))
        for key, _ in self.w.all("document", collection):
            del self.w.state[key]
        return Done(count > 0, count=count)

    def guard(self, collection: str, id: str, expect: Optional[int] = None) -> Done:
        version = self.version_of(collection, id)
        self.w.expect(expect, version)
        return Done(False, version or 0)

    # --- Reads ---

    def get(self, collection: str, id: str) -> Any:
        return fields(self._found(collection, id))

    def has(self, collection: str, id: str) -> bool:
        return self._find(collection, id) is not None

    def count(self, collection: str, group: Optional[str] = None) -> Any:
        orders = self._orders(collection)
        malformed_unless(
            group is None or not orders or bool(orders & GROUPED)
        )
        found = [d for d in self._all(collection) if group in (None, d.group)]
        return {"documents": len(found), "orders": orders, "as_of": self.w.now}

    def list(
        self,
        collection: str,
        group: Optional[str] = None,
        by: int = 0,
        descending: bool = False,
        id_prefix: Optional[str] = None,
    ) -> list[Any]:
        orders = self._orders(collection)
        of_all, of_group = {
            0: (CREATED, GROUP_CREATED),
            1: (UPDATED, GROUP_UPDATED),
            3: (ID, GROUP_ID),
        }[by]
        malformed_unless(not orders or bool(orders & (of_all if group is None else of_group)))
        found = [
            d
            for d in self._all(collection)
            if group in (None, d.group) and d.id.startswith(id_prefix or "")
        ]
        found.sort(
            key=lambda d: ((d.created_at, d.updated_at, 0, 0)[by], of_bytes(d.id)),
            reverse=descending,
        )
        return [fields(d) for d in found]

    def collections(self) -> list[str]:
        return sorted(
            {key[1] for key, d in self.w.all("document") if self._find(d.collection, d.id)},
            key=of_bytes,
        )
