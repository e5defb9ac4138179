"""Documents: small keyed state with an ordered listing: holdfast/document.h."""

from __future__ import annotations

import enum
from ctypes import POINTER, c_bool, c_char_p, c_int, c_int64, c_size_t, c_uint, c_uint64, c_void_p
from dataclasses import dataclass
from typing import Any, Iterator, Optional

from ._abi import (
    Borrow,
    Bytes,
    Duration,
    Durability,
    Page,
    Payload,
    Result,
    Struct,
    Text,
    Time,
    Write,
    bound_age,
    flags,
    member,
    time,
    time_or_none,
    token,
    token_or_none,
    write,
)
from ._domain import PAGE_SIZE, Domain, each
from ._names import names


class Orders(enum.IntFlag):
    """The orders that a collection can keep; its first put says which."""

    CREATED = 1
    """All documents by created_at."""
    UPDATED = 2
    GROUP_CREATED = 4
    """Those of each group by created_at."""
    GROUP_UPDATED = 8


class By(enum.IntEnum):
    """What a list goes by."""

    CREATED = 0
    UPDATED = 1


# --- Structs
# --------------------------------------------------------------------------------------------------


class KeyStruct(Struct):
    c_name = "struct hf_document_key"
    _fields_ = [("collection", Bytes), ("id", Bytes)]


class DocumentStruct(Struct):
    c_name = "struct hf_document"
    _fields_ = [
        ("key", KeyStruct),
        ("group", Bytes),
        ("payload", Bytes),
        ("created_at", c_int64),
        ("updated_at", c_int64),
        ("expires_at", c_int64),
        ("expires_computed", c_bool),
        ("version", c_uint64),
    ]


class PutStruct(Struct):
    c_name = "struct hf_document_put_args"
    _fields_ = [
        ("write", Write),
        ("key", KeyStruct),
        ("payload", Bytes),
        ("group", Bytes),
        ("created_at", c_int64),
        ("expires_at", c_int64),
        ("ttl_us", c_int64),
        ("expires_computed", c_bool),
        ("orders", c_uint),
        ("now", c_int64),
    ]


class RegroupStruct(Struct):
    c_name = "struct hf_document_regroup_args"
    _fields_ = [("write", Write), ("key", KeyStruct), ("group", Bytes), ("now", c_int64)]


class RemoveStruct(Struct):
    c_name = "struct hf_document_remove_args"
    _fields_ = [("write", Write), ("key", KeyStruct)]


class ClearStruct(Struct):
    c_name = "struct hf_document_clear_args"
    _fields_ = [("write", Write), ("collection", Bytes)]


class GuardStruct(Struct):
    c_name = "struct hf_document_guard_args"
    _fields_ = [("write", Write), ("key", KeyStruct)]


class GotStruct(Struct):
    c_name = "struct hf_document_got"
    _fields_ = [("document", DocumentStruct), ("memory", c_void_p)]


class CountStruct(Struct):
    c_name = "struct hf_document_count_args"
    _fields_ = [("collection", Bytes), ("group", Bytes), ("by_group", c_bool)]


class CountedStruct(Struct):
    c_name = "struct hf_document_counts"
    _fields_ = [("documents", c_uint64), ("orders", c_uint), ("as_of", c_int64)]


class ListStruct(Struct):
    c_name = "struct hf_document_list_args"
    _fields_ = [
        ("collection", Bytes),
        ("group", Bytes),
        ("by_group", c_bool),
        ("by", c_int),
        ("descending", c_bool),
        ("without_payload", c_bool),
        ("limit", c_size_t),
        ("page", c_char_p),
    ]


class PageStruct(Struct):
    c_name = "struct hf_document_page"
    _fields_ = [
        ("items", POINTER(DocumentStruct)),
        ("count", c_size_t),
        ("next", c_char_p),
        ("memory", c_void_p),
    ]


# --- Values
# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Document:
    """A document as it is."""

    collection: str
    id: str
    group: str
    """Empty: none."""
    payload: bytes
    created_at: int
    updated_at: int
    """Of the newest put or regroup."""
    expires_at: Optional[int]
    """None: never."""
    version: int
    expires_computed: bool = False
    """The store computed expires_at, from a ttl: a set-back of its clock moves it."""


@dataclass(frozen=True)
class DocumentCount:
    documents: int
    orders: Orders
    """That the collection keeps; 0: it holds no documents."""
    as_of: int


def _document(s: DocumentStruct) -> Document:
    return Document(
        collection=s.key.collection.text(),
        id=s.key.id.text(),
        group=s.group.text(),
        payload=s.payload.bytes(),
        created_at=s.created_at,
        updated_at=s.updated_at,
        expires_at=time_or_none(s.expires_at),
        version=s.version,
        expires_computed=s.expires_computed,
    )


def _key(
    borrow: Borrow, collection: Text, id: Text
) -> KeyStruct:  # noqa: A002 - as the library calls it
    return KeyStruct(borrow.bytes(collection), borrow.bytes(id))


# --- Mutations
# --------------------------------------------------------------------------------------------------


class DocumentMutations(Domain):
    """What can be done to documents, at once (``store.documents``) or in a transaction
    (``txn.documents``)."""

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
    ) -> Result:
        """Stores a document in place of the one there, of which nothing stays but created_at.

        :param ttl: expires that long from now; instead of ``expires_at``. None: never
        :param expires_computed: ``expires_at`` is one that the store computed, as a document says:
        for what was read and is put back
        :param orders: that the collection is to keep; 0: those it has, or by created_at for a first
        put
        :raises ConflictError: the version is not the expected one, or the collection keeps other
        orders
        """
        borrow = Borrow()
        args = PutStruct(
            write(expect, durability),
            _key(borrow, collection, id),
            borrow.bytes(payload),
            borrow.bytes(group),
            time(created_at),
            time(expires_at),
            bound_age(ttl, "ttl"),
            expires_computed,
            flags(Orders, orders, "orders"),
            time(now),
        )
        return self._mutate("hf_document_put", args)

    def regroup(
        self,
        collection: Text,
        id: Text,  # noqa: A002
        group: Text,
        *,
        now: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Moves a document into another group without sending its payload again."""
        borrow = Borrow()
        args = RegroupStruct(
            write(expect, durability), _key(borrow, collection, id), borrow.bytes(group), time(now)
        )
        return self._mutate("hf_document_regroup", args)

    def remove(
        self,
        collection: Text,
        id: Text,  # noqa: A002
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        borrow = Borrow()
        args = RemoveStruct(write(expect, durability), _key(borrow, collection, id))
        return self._mutate("hf_document_remove", args)

    def clear(self, collection: Text, *, durability: Durability = Durability.DURABLE) -> Result:
        """Removes every document of a collection."""
        borrow = Borrow()
        return self._mutate(
            "hf_document_clear", ClearStruct(write(None, durability), borrow.bytes(collection))
        )


class DocumentsInTransaction(DocumentMutations):
    """``txn.documents``"""

    def guard(self, collection: Text, id: Text, *, expect: int) -> Result:  # noqa: A002
        """Aborts the transaction unless the document has this version (:data:`ABSENT`: does not
        exist). Writes nothing."""
        borrow = Borrow()
        return self._mutate(
            "hf_document_guard", GuardStruct(write(expect), _key(borrow, collection, id))
        )


class Documents(DocumentMutations):
    """``store.documents``"""

    def get(self, collection: Text, id: Text, *, undurable: bool = False) -> Document:  # noqa: A002
        """One document.

        :raises NotFoundError: there is none, or it has expired
        """
        borrow = Borrow()
        key = _key(borrow, collection, id)
        return self._read(
            "hf_document_get",
            key,
            None,
            GotStruct(),
            undurable,
            lambda out: _document(out.document),
        )

    def has(self, collection: Text, id: Text, *, undurable: bool = False) -> bool:  # noqa: A002
        borrow = Borrow()
        return bool(
            self._read_plain("hf_document_has", _key(borrow, collection, id), c_bool(), undurable)
        )

    def count(
        self, collection: Text, group: Optional[Text] = None, *, undurable: bool = False
    ) -> DocumentCount:
        """How many documents a collection holds, or a group of it (``""``: those without one)."""
        borrow = Borrow()

        def give(out: Any) -> DocumentCount:
            return DocumentCount(out.documents, Orders(out.orders), out.as_of)

        args = CountStruct(borrow.bytes(collection), borrow.given(group), group is not None)
        return self._read("hf_document_count", args, None, CountedStruct(), undurable, give)

    def list_page(
        self,
        collection: Text,
        group: Optional[Text] = None,
        *,
        by: By = By.CREATED,
        descending: bool = False,
        without_payload: bool = False,
        limit: int = 0,
        page: Optional[str] = None,
        undurable: bool = False,
    ) -> Page[Document]:
        """Documents by time, then by id; of one group (``""``: those without one) or all."""
        borrow = Borrow()
        args = ListStruct(
            borrow.bytes(collection),
            borrow.given(group),
            group is not None,
            member(By, by, "by"),
            descending,
            without_payload,
            limit,
            token(page),
        )

        def give(out: Any) -> Page[Document]:
            return Page(
                [_document(out.items[i]) for i in range(out.count)], token_or_none(out.next)
            )

        return self._read("hf_document_list", args, None, PageStruct(), undurable, give)

    def list(
        self,
        collection: Text,
        group: Optional[Text] = None,
        *,
        by: By = By.CREATED,
        descending: bool = False,
        without_payload: bool = False,
        undurable: bool = False,
    ) -> Iterator[Document]:
        """The same, all of them, a page at a time."""
        return each(
            lambda page: self.list_page(
                collection,
                group,
                by=by,
                descending=descending,
                without_payload=without_payload,
                limit=PAGE_SIZE,
                page=page,
                undurable=undurable,
            )
        )

    def collections(self, *, undurable: bool = False) -> Iterator[str]:
        """The collections that hold documents, compared as bytes."""
        return names(self, "hf_document_names", undurable)
