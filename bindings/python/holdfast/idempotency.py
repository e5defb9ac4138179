"""Idempotency: each piece of work is done once per key, and who asks again gets the same response:
holdfast/idempotency.h."""

from __future__ import annotations

import enum
from ctypes import POINTER, c_bool, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from dataclasses import dataclass
from typing import Any, Iterator, Optional, Union

from ._abi import (
    Borrow,
    Bytes,
    Deferred,
    Duration,
    Durability,
    Page,
    Payload,
    Result,
    Struct,
    Text,
    Time,
    Write,
    duration,
    time,
    time_or_none,
    token as page_token,
    token_or_none,
    write,
)
from ._domain import Domain, PAGE_SIZE, answered, deferred, each, unless_refused
from ._names import names


class Never(enum.Enum):
    """As a time at which something expires."""

    NEVER = "never"


NEVER = Never.NEVER

_TTL = 24 * 3600 * 1_000_000  # HF_IDEMPOTENCY_TTL_US


class Outcome(enum.IntEnum):
    """What a begin found."""

    NEW = 1
    """The work is the caller's: do it, then complete or abandon with the token."""
    MISMATCH = 2
    """The key was used with another fingerprint."""
    IN_PROGRESS = 3
    """Somebody owns it."""
    REPLAY = 4
    """It is done: here are status and response."""


# --- Structs
# --------------------------------------------------------------------------------------------------


class KeyStruct(Struct):
    c_name = "struct hf_idempotency_key"
    _fields_ = [("scope", Bytes), ("key", Bytes)]


class EntryStruct(Struct):
    c_name = "struct hf_idempotency_entry"
    _fields_ = [
        ("key", KeyStruct),
        ("fingerprint", Bytes),
        ("done", c_bool),
        ("status", c_int32),
        ("response", Bytes),
        ("created_at", c_int64),
        ("expires_at", c_int64),
        ("expires_computed", c_bool),
        ("token", c_uint64),
        ("lease_until", c_int64),
        ("version", c_uint64),
    ]


class BeginStruct(Struct):
    c_name = "struct hf_idempotency_begin_args"
    _fields_ = [
        ("write", Write),
        ("key", KeyStruct),
        ("fingerprint", Bytes),
        ("lease_us", c_int64),
        ("ttl_us", c_int64),
    ]


class BegunStruct(Struct):
    c_name = "struct hf_idempotency_begun"
    _fields_ = [
        ("outcome", c_int),
        ("token", c_uint64),
        ("lease_until", c_int64),
        ("status", c_int32),
        ("response", Bytes),
        ("created_at", c_int64),
        ("expires_at", c_int64),
        ("expires_computed", c_bool),
        ("version", c_uint64),
        ("memory", c_void_p),
    ]


class CompleteStruct(Struct):
    c_name = "struct hf_idempotency_complete_args"
    _fields_ = [
        ("write", Write),
        ("key", KeyStruct),
        ("token", c_uint64),
        ("status", c_int32),
        ("response", Bytes),
        ("ttl_us", c_int64),
    ]


class AbandonStruct(Struct):
    c_name = "struct hf_idempotency_abandon_args"
    _fields_ = [("write", Write), ("key", KeyStruct), ("token", c_uint64)]


class PutStruct(Struct):
    c_name = "struct hf_idempotency_put_args"
    _fields_ = [
        ("write", Write),
        ("key", KeyStruct),
        ("fingerprint", Bytes),
        ("status", c_int32),
        ("response", Bytes),
        ("created_at", c_int64),
        ("expires_at", c_int64),
        ("ttl_us", c_int64),
        ("expires_computed", c_bool),
    ]


class RemoveStruct(Struct):
    c_name = "struct hf_idempotency_remove_args"
    _fields_ = [("write", Write), ("key", KeyStruct)]


class ClearStruct(Struct):
    c_name = "struct hf_idempotency_clear_args"
    _fields_ = [("write", Write), ("scope", Bytes)]


class GuardStruct(Struct):
    c_name = "struct hf_idempotency_guard_args"
    _fields_ = [("write", Write), ("key", KeyStruct)]


class GuardOwnerStruct(Struct):
    c_name = "struct hf_idempotency_guard_owner_args"
    _fields_ = [("write", Write), ("key", KeyStruct), ("token", c_uint64)]


class GotStruct(Struct):
    c_name = "struct hf_idempotency_got"
    _fields_ = [("entry", EntryStruct), ("memory", c_void_p)]


class ListStruct(Struct):
    c_name = "struct hf_idempotency_list_args"
    _fields_ = [
        ("scope", Bytes),
        ("without_response", c_bool),
        ("limit", c_size_t),
        ("page", c_char_p),
    ]


class PageStruct(Struct):
    c_name = "struct hf_idempotency_page"
    _fields_ = [
        ("items", POINTER(EntryStruct)),
        ("count", c_size_t),
        ("next", c_char_p),
        ("memory", c_void_p),
    ]


class CountsStruct(Struct):
    c_name = "struct hf_idempotency_counts"
    _fields_ = [("in_progress", c_uint64), ("done", c_uint64), ("as_of", c_int64)]


# --- Values
# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class IdempotencyEntry:
    """An entry as it is."""

    scope: str
    key: str
    fingerprint: bytes
    done: bool
    """False: somebody owns it and is at work."""
    status: int
    response: bytes
    created_at: int
    expires_at: Optional[int]
    """None: never."""
    token: int
    """Until it is done; so is lease_until."""
    lease_until: Optional[int]
    version: int
    expires_computed: bool = False
    """The store computed expires_at, from a ttl: a set-back of its clock moves it."""


@dataclass(frozen=True)
class Begun:
    """What a begin found. Only NEW changed anything."""

    outcome: Outcome
    token: int
    """NEW; else 0."""
    lease_until: Optional[int]
    status: int
    """REPLAY: the very same ones; so is response."""
    response: bytes
    created_at: Optional[int]
    expires_at: Optional[int]
    version: int
    expires_computed: bool = False
    """As in an entry."""


@dataclass(frozen=True)
class IdempotencyCounts:
    in_progress: int
    done: int
    as_of: int


def _entry(s: EntryStruct) -> IdempotencyEntry:
    return IdempotencyEntry(
        scope=s.key.scope.text(),
        key=s.key.key.text(),
        fingerprint=s.fingerprint.bytes(),
        done=s.done,
        status=s.status,
        response=s.response.bytes(),
        created_at=s.created_at,
        expires_at=time_or_none(s.expires_at),
        token=s.token,
        lease_until=time_or_none(s.lease_until),
        version=s.version,
        expires_computed=s.expires_computed,
    )


def _begun(s: BegunStruct) -> Begun:
    return Begun(
        outcome=Outcome(s.outcome),
        token=s.token,
        lease_until=time_or_none(s.lease_until),
        status=s.status,
        response=s.response.bytes(),
        created_at=time_or_none(s.created_at),
        expires_at=time_or_none(s.expires_at),
        version=s.version,
        expires_computed=s.expires_computed,
    )


def _key(borrow: Borrow, scope: Text, key: Text) -> KeyStruct:
    return KeyStruct(borrow.bytes(scope), borrow.bytes(key))


# --- Mutations
# --------------------------------------------------------------------------------------------------


class IdempotencyMutations(Domain):
    """What can be done to keys, at once (``store.idempotency``) or in a transaction
    (``txn.idempotency``)."""

    def complete(
        self,
        scope: Text,
        key: Text,
        token: int,
        *,
        status: int = 0,
        response: Payload = b"",
        ttl: Duration = 0,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """The work is done: keeps status and response for everyone who asks again.

        :param ttl: for how long; 0: 24 hours
        :raises StaleError: the token does not own the key (any more)
        """
        borrow = Borrow()
        args = CompleteStruct(
            write(expect, durability),
            _key(borrow, scope, key),
            token,
            status,
            borrow.bytes(response),
            duration(ttl),
        )
        return self._mutate("hf_idempotency_complete", args)

    def abandon(
        self,
        scope: Text,
        key: Text,
        token: int,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """The work was not done: forgets the key, so that the next begin is NEW."""
        borrow = Borrow()
        args = AbandonStruct(write(expect, durability), _key(borrow, scope, key), token)
        return self._mutate("hf_idempotency_abandon", args)

    def put(
        self,
        scope: Text,
        key: Text,
        *,
        fingerprint: Payload = b"",
        status: int = 0,
        response: Payload = b"",
        created_at: Time = None,
        expires_at: Union[Time, Never] = None,
        expires_computed: bool = False,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Stores a done entry as given, in place of whatever is there.

        :param created_at: None: that of the entry that is there, else now
        :param expires_at: None: 24 hours from now; :data:`NEVER`
        :param expires_computed: ``expires_at`` is one that the store computed, as an entry says:
        for what was read and is put back
        """
        borrow = Borrow()
        expires = None if isinstance(expires_at, Never) else expires_at
        args = PutStruct(
            write(expect, durability),
            _key(borrow, scope, key),
            borrow.bytes(fingerprint),
            status,
            borrow.bytes(response),
            time(created_at),
            time(expires),
            _TTL if expires_at is None else 0,
            expires_computed,
        )
        return self._mutate("hf_idempotency_put", args)

    def remove(
        self,
        scope: Text,
        key: Text,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Forgets the key, whoever owns it."""
        borrow = Borrow()
        args = RemoveStruct(write(expect, durability), _key(borrow, scope, key))
        return self._mutate("hf_idempotency_remove", args)

    def clear(self, scope: Text, *, durability: Durability = Durability.DURABLE) -> Result:
        """Forgets every key of the scope."""
        borrow = Borrow()
        return self._mutate(
            "hf_idempotency_clear", ClearStruct(write(None, durability), borrow.bytes(scope))
        )


def _begin_args(
    scope: Text,
    key: Text,
    fingerprint: Payload,
    lease: Duration,
    ttl: Duration,
    expect: Optional[int],
    durability: Durability,
) -> tuple[Borrow, BeginStruct]:
    borrow = Borrow()
    return borrow, BeginStruct(
        write(expect, durability),
        _key(borrow, scope, key),
        borrow.bytes(fingerprint),
        duration(lease),
        duration(ttl),
    )


class IdempotencyInTransaction(IdempotencyMutations):
    """``txn.idempotency``"""

    def begin(
        self,
        scope: Text,
        key: Text,
        *,
        fingerprint: Payload = b"",
        lease: Duration = 0,
        ttl: Duration = 0,
        expect: Optional[int] = None,
    ) -> Deferred[Begun]:
        """Asks for the work; its value is there after the commit. ``expect=ABSENT`` aborts the
        transaction unless it is NEW."""
        borrow, args = _begin_args(scope, key, fingerprint, lease, ttl, expect, Durability.DURABLE)
        return deferred(self._owner, "hf_idempotency_begin", args, BegunStruct(), _begun)

    def guard(self, scope: Text, key: Text, *, expect: int) -> Result:
        """Aborts the transaction unless the entry has this version (:data:`ABSENT`: does not
        exist). Writes nothing."""
        borrow = Borrow()
        return self._mutate(
            "hf_idempotency_guard", GuardStruct(write(expect), _key(borrow, scope, key))
        )

    def guard_owner(self, scope: Text, key: Text, token: int) -> Result:
        """Aborts the transaction unless the token owns the key: write only while the work is still
        mine."""
        borrow = Borrow()
        args = GuardOwnerStruct(write(), _key(borrow, scope, key), token)
        return self._mutate("hf_idempotency_guard_owner", args)


class Idempotency(IdempotencyMutations):
    """``store.idempotency``"""

    def begin(
        self,
        scope: Text,
        key: Text,
        *,
        fingerprint: Payload = b"",
        lease: Duration = 0,
        ttl: Duration = 0,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Begun:
        """Asks for the work.

        :param fingerprint: what the request amounts to, up to 64 bytes: another one under the same
        key is a MISMATCH
        :param lease: for how long the caller owns it; 0: until the store is closed
        :param ttl: without a lease, when the entry ends if nobody completes it; 0: 24 hours
        """
        borrow, args = _begin_args(scope, key, fingerprint, lease, ttl, expect, durability)

        def undo(begun: Begun) -> None:
            if begun.outcome is Outcome.NEW:
                unless_refused(lambda: self.abandon(scope, key, begun.token))

        return answered(self._owner, "hf_idempotency_begin", args, BegunStruct(), _begun, undo)

    def get(self, scope: Text, key: Text, *, undurable: bool = False) -> IdempotencyEntry:
        """One entry.

        :raises NotFoundError: there is none
        """
        borrow = Borrow()
        args = _key(borrow, scope, key)
        return self._read(
            "hf_idempotency_get", args, None, GotStruct(), undurable, lambda out: _entry(out.entry)
        )

    def has(self, scope: Text, key: Text, *, undurable: bool = False) -> bool:
        """Is there an entry, owned or done?"""
        borrow = Borrow()
        return bool(
            self._read_plain("hf_idempotency_has", _key(borrow, scope, key), c_bool(), undurable)
        )

    def list_page(
        self,
        scope: Text,
        *,
        without_response: bool = False,
        limit: int = 0,
        page: Optional[str] = None,
        undurable: bool = False,
    ) -> Page[IdempotencyEntry]:
        """The entries of a scope, by key."""
        borrow = Borrow()

        def give(out: Any) -> Page[IdempotencyEntry]:
            return Page([_entry(out.items[i]) for i in range(out.count)], token_or_none(out.next))

        args = ListStruct(borrow.bytes(scope), without_response, limit, page_token(page))
        return self._read("hf_idempotency_list", args, None, PageStruct(), undurable, give)

    def list(
        self, scope: Text, *, without_response: bool = False, undurable: bool = False
    ) -> Iterator[IdempotencyEntry]:
        """The same, all of them, a page at a time."""
        return each(
            lambda page: self.list_page(
                scope,
                without_response=without_response,
                limit=PAGE_SIZE,
                page=page,
                undurable=undurable,
            )
        )

    def count(self, scope: Text, *, undurable: bool = False) -> IdempotencyCounts:
        borrow = Borrow()

        def give(out: Any) -> IdempotencyCounts:
            return IdempotencyCounts(out.in_progress, out.done, out.as_of)

        return self._read(
            "hf_idempotency_count", borrow.bytes(scope), Bytes, CountsStruct(), undurable, give
        )

    def scopes(self, *, undurable: bool = False) -> Iterator[str]:
        """The scopes that hold entries, compared as bytes."""
        return names(self, "hf_idempotency_names", undurable)
