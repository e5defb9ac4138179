"""Documents: small keyed state with an ordered listing: holdfast/document.h."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Iterator, Optional, Union, overload

from ._abi import (
    After,
    Durability,
    Duration,
    Page,
    Payload,
    Result,
    Returning,
    Text,
    Time,
    alone,
    bound_age,
    flags,
    given,
    member,
    needed,
    optional,
    struct,
    token,
    token_or_none,
    value_of,
    write,
)
from ._domain import Domain, PAGE_SIZE, RETURNED, each
from ._names import names
from ._positions import behind


class Orders(enum.IntFlag):
    """The orders that a collection can keep; its first put says which."""

    CREATED = 1
    """All documents by created_at."""
    UPDATED = 2
    GROUP_CREATED = 4
    """Those of each group by created_at."""
    GROUP_UPDATED = 8
    ID = 16
    """All documents by id."""
    GROUP_ID = 32


class By(enum.IntEnum):
    """What a list goes by."""

    CREATED = 0
    UPDATED = 1
    ID = 3


_TIMES = {By.CREATED: "created_at", By.UPDATED: "updated_at"}

# --- Structs
# --------------------------------------------------------------------------------------------------


KeyStruct = struct("hf_document_key")

CountStruct = struct("hf_document_count_args")

ListStruct = struct("hf_document_list_args")

# --- Values
# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Document:
    """A document as it is, or as :meth:`DocumentMutations.put` is to store it."""

    collection: str
    id: str
    payload: bytes = b""
    group: str = ""
    """Empty: none."""
    created_at: Optional[datetime] = None
    """None, where it is to be put: kept, or now; so is updated_at, which is then now."""
    updated_at: Optional[datetime] = None
    """Of the newest put or regroup."""
    expires_at: Optional[datetime] = None
    """None: never."""
    version: int = 0
    """Of no meaning where it is put: ``expect`` says what must be there."""
    expires_computed: bool = False
    """The store computed expires_at, from a ttl: a set-back of its clock moves it."""


@dataclass(frozen=True)
class DocumentCount:
    documents: int
    orders: Orders
    """That the collection keeps; 0: it holds no documents."""
    as_of: datetime


def _document(s: Any) -> Document:
    return value_of(Document, s)


RETURNED["hf_document_got"] = lambda out: _document(out.document)


def _key(collection: Text, id: Text) -> Any:  # noqa: A002 - as the library calls it
    return KeyStruct(collection=collection, id=id)


# --- Mutations
# --------------------------------------------------------------------------------------------------


class DocumentMutations(Domain):
    """What can be done to documents, at once (``store.documents``) or in a transaction
    (``txn.documents``)."""

    @overload
    def put(
        self,
        collection: Document,
        *,
        orders: Orders = Orders(0),
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result: ...

    @overload
    def put(
        self,
        collection: Text,
        id: Text,  # noqa: A002
        payload: Payload = b"",
        *,
        group: Text = "",
        created_at: Time = None,
        expires_at: Time = None,
        ttl: Optional[Duration] = None,
        expires_computed: bool = False,
        orders: Orders = Orders(0),
        now: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result: ...

    def put(
        self,
        collection: Union[Text, Document],
        id: Optional[Text] = None,  # noqa: A002
        payload: Payload = b"",
        *,
        group: Text = "",
        created_at: Time = None,
        expires_at: Time = None,
        ttl: Optional[Duration] = None,
        expires_computed: bool = False,
        orders: Orders = Orders(0),
        now: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Stores a document in place of the one there, of which nothing stays but created_at; or a
        :class:`Document`, as a get gave it or as it was built.

        :param ttl: expires that long from now; instead of ``expires_at``. None: never
        :param expires_computed: ``expires_at`` is one that the store computed, as a document says:
        for what was read and is put back
        :param orders: that the collection is to keep; 0: those it has, or by created_at for a first
        put
        :raises ConflictError: the version is not the expected one, or the collection keeps other
        orders
        """
        if isinstance(collection, Document):
            alone(
                "a document",
                id=id is not None,
                payload=payload != b"",
                group=group != "",
                created_at=created_at is not None,
                expires_at=expires_at is not None,
                ttl=ttl is not None,
                expires_computed=expires_computed is not False,
                now=now is not None,
            )
            given = collection
            collection, id, payload, group = given.collection, given.id, given.payload, given.group
            created_at, expires_at, now = given.created_at, given.expires_at, given.updated_at
            expires_computed = given.expires_computed
        return self._mutate(
            "hf_document_put",
            write=write(expect, durability, returning),
            key=_key(collection, needed(id, "id", collection)),
            payload=payload,
            group=group,
            created_at=created_at,
            expires_at=expires_at,
            ttl_us=bound_age(ttl, "ttl"),
            expires_computed=expires_computed,
            orders=flags(Orders, orders, "orders"),
            now=now,
        )

    def regroup(
        self,
        collection: Text,
        id: Text,  # noqa: A002
        group: Text,
        *,
        now: Time = None,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Moves a document into another group without sending its payload again."""
        return self._mutate(
            "hf_document_regroup",
            write=write(expect, durability, returning, missing_ok=missing_ok),
            key=_key(collection, id),
            group=group,
            now=now,
        )

    def remove(
        self,
        collection: Text,
        id: Text,  # noqa: A002
        *,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        return self._mutate(
            "hf_document_remove",
            write=write(expect, durability, missing_ok=missing_ok),
            key=_key(collection, id),
        )

    def clear(self, collection: Text, *, durability: Durability = Durability.DURABLE) -> Result:
        """Removes every document of a collection."""
        return self._mutate(
            "hf_document_clear", write=write(None, durability), collection=collection
        )


class DocumentReads(Domain, reads=True):
    """What can be read, outside a transaction or in one, where it is so at the commit."""

    def get(self, collection: Text, id: Text, *, undurable: bool = False) -> Document:  # noqa: A002
        """One document.

        :raises NotFoundError: there is none, or it has expired
        """
        key = _key(collection, id)
        return self._read(
            "hf_document_get",
            key,
            undurable,
            lambda out: _document(out.document),
        )

    def has(self, collection: Text, id: Text, *, undurable: bool = False) -> bool:  # noqa: A002
        return bool(self._read_plain("hf_document_has", _key(collection, id), undurable))

    def count(
        self, collection: Text, group: Optional[Text] = None, *, undurable: bool = False
    ) -> DocumentCount:
        """How many documents a collection holds, or a group of it (``""``: those without one)."""

        def give(out: Any) -> DocumentCount:
            return value_of(DocumentCount, out, orders=Orders(out.orders))

        args = CountStruct(collection=collection, group=given(group), by_group=group is not None)
        return self._read("hf_document_count", args, undurable, give)

    def list_page(
        self,
        collection: Text,
        group: Optional[Text] = None,
        *,
        by: By = By.CREATED,
        descending: bool = False,
        id_prefix: Optional[Text] = None,
        without_payload: bool = False,
        limit: int = 0,
        page: Optional[str] = None,
        after: After = None,
        undurable: bool = False,
    ) -> Page[Document]:
        """Documents by time, then by id, or by id alone; of one group (``""``: those without one)
        or all.

        :param id_prefix: only ids that begin with it. Unless the list goes by id, a page with a
        limit passes over 4,096 documents at most that do not, and may be short or empty although
        ``next`` is given
        :param after: a document, or its time and id; where the list goes by id, the id
        """
        if by == By.ID and isinstance(after, (str, bytes)):
            after = (None, after)
        args = ListStruct(
            collection=collection,
            group=given(group),
            by_group=group is not None,
            by=member(By, by, "by"),
            descending=descending,
            id_prefix=optional(id_prefix),
            without_payload=without_payload,
            limit=limit,
            page=token(page),
            after=behind("hf_document_position", after, at=_TIMES.get(by, "created_at")),
        )

        def give(out: Any) -> Page[Document]:
            return Page(
                [_document(out.items[i]) for i in range(out.count)], token_or_none(out.next)
            )

        return self._read("hf_document_list", args, undurable, give)

    def list(
        self,
        collection: Text,
        group: Optional[Text] = None,
        *,
        by: By = By.CREATED,
        descending: bool = False,
        id_prefix: Optional[Text] = None,
        without_payload: bool = False,
        after: After = None,
        undurable: bool = False,
    ) -> Iterator[Document]:
        """The same, all of them, a page at a time."""
        return each(
            lambda **begin: self.list_page(
                collection,
                group,
                by=by,
                descending=descending,
                id_prefix=id_prefix,
                without_payload=without_payload,
                limit=PAGE_SIZE,
                **begin,
                undurable=undurable,
            ),
            after,
        )

    def collections(self, *, after: After = None, undurable: bool = False) -> Iterator[str]:
        """The collections that hold documents, compared as bytes."""
        return names(self, "hf_document_names", undurable, after)


class DocumentsInTransaction(DocumentMutations, DocumentReads):
    """``txn.documents``"""

    def guard(self, collection: Text, id: Text, *, expect: int) -> Result:  # noqa: A002
        """Aborts the transaction unless the document has this version (:data:`ABSENT`: does not
        exist). Writes nothing."""
        return self._mutate("hf_document_guard", write=write(expect), key=_key(collection, id))


class Documents(DocumentMutations, DocumentReads):
    """``store.documents``"""
