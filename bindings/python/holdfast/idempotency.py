"""Idempotency: each piece of work is done once per key, and who asks again gets the same response:
holdfast/idempotency.h."""

from __future__ import annotations

import ctypes
import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Iterator, Optional, Union, overload

from ._abi import (
    After,
    Bytes,
    Deferred,
    Durability,
    Duration,
    ErrorStruct,
    GivenToken,
    POINTER,
    Page,
    Payload,
    Result,
    Returning,
    Text,
    Time,
    ZERO,
    alone,
    byref,
    check,
    flag,
    function,
    invalid,
    needed,
    struct,
    token as page_token,
    token_or_none,
    value_of,
    write,
)
from ._domain import Domain, PAGE_SIZE, RETURNED, answered, deferred, each, unless_refused
from ._names import names
from ._positions import behind


class Never(enum.Enum):
    """As a time at which something expires."""

    NEVER = "never"


NEVER = Never.NEVER

_OVER_SCOPE, _OVER_PREFIX, _OVER_ALL = 0, 1, 2
_KEY_MAX = 512  # HF_KEY_MAX
_TEXT_MAX = 3 * _KEY_MAX + 1 + 255  # HF_IDEMPOTENCY_TEXT_MAX
_TTL = timedelta(hours=24)  # HF_IDEMPOTENCY_TTL_US


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


KeyStruct = struct("hf_idempotency_key")

BeginStruct = struct("hf_idempotency_begin_args")

ListStruct = struct("hf_idempotency_list_args")

CountStruct = struct("hf_idempotency_count_args")

# --- Values
# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class IdempotencyEntry:
    """An entry as it is, or as :meth:`IdempotencyMutations.put` is to store it."""

    scope: str
    key: str
    fingerprint: bytes = b""
    done: bool = True
    """False: a caller owns it and is at work. Such a one cannot be put."""
    status: int = 0
    response: bytes = b""
    created_at: Optional[datetime] = None
    """None, where it is to be put: kept, or now."""
    expires_at: Optional[datetime] = None
    """None: never, also where it is put."""
    token: int = 0
    """Until it is done; so is lease_until."""
    lease_until: Optional[datetime] = None
    version: int = 0
    expires_computed: bool = False
    """The store computed expires_at, from a ttl: a set-back of its clock moves it."""


@dataclass(frozen=True)
class Begun:
    """What a begin found. Only NEW changed anything."""

    outcome: Outcome
    token: int
    """NEW; else 0."""
    lease_until: Optional[datetime]
    status: int
    """REPLAY: the very same ones; so is response."""
    response: bytes
    created_at: Optional[datetime]
    expires_at: Optional[datetime]
    version: int
    expires_computed: bool = False
    """As in an entry."""


@dataclass(frozen=True)
class IdempotencyCounts:
    in_progress: int
    done: int
    as_of: datetime


def _entry(s: Any) -> IdempotencyEntry:
    return value_of(IdempotencyEntry, s)


RETURNED["hf_idempotency_got"] = lambda out: _entry(out.entry)


def _begun(s: Any) -> Begun:
    return value_of(Begun, s, outcome=Outcome(s.outcome))


def _key(scope: Text, key: Text) -> Any:
    return KeyStruct(scope=scope, key=key)


def _over(scope: Optional[Text], prefix: Optional[Text], everything: bool) -> dict[str, Any]:
    """The members that say over which scopes."""
    said = [scope is not None, prefix is not None, flag(everything, "everything")]
    if sum(said) != 1:
        invalid("one of scope, prefix and everything=True says over which scopes")
    if everything:
        return {"over": _OVER_ALL}
    if prefix is not None:
        return {"scope": prefix, "over": _OVER_PREFIX}
    return {"scope": scope, "over": _OVER_SCOPE}


def idempotency_text(scope: Text, key: Text) -> str:
    """The canonical text of a key, ``scope:key``, in which ``%`` and ``:`` of the scope are written
    ``%25`` and ``%3A``."""
    out, error = ctypes.create_string_buffer(_TEXT_MAX + 1), ErrorStruct()
    call = function(
        "hf_idempotency_text", POINTER(KeyStruct), ctypes.c_char_p, POINTER(ErrorStruct)
    )
    check(call(byref(_key(scope, key)), out, byref(error)), error)
    return out.value.decode("utf-8", "surrogateescape")


def idempotency_parse(text: Text) -> tuple[str, str]:
    """The scope and the key of such a text.

    :raises InvalidError: it is none
    """
    scope, key, error = ctypes.create_string_buffer(_KEY_MAX), KeyStruct(), ErrorStruct()
    call = function(
        "hf_idempotency_parse",
        Bytes,
        ctypes.c_char_p,
        POINTER(KeyStruct),
        POINTER(ErrorStruct),
    )
    given = Bytes.of(text)
    check(call(given, scope, byref(key), byref(error)), error)
    return key.scope.text(), key.key.text()


# --- Mutations
# --------------------------------------------------------------------------------------------------


class IdempotencyMutations(Domain):
    """What can be done to keys, at once (``store.idempotency``) or in a transaction
    (``txn.idempotency``)."""

    def complete(
        self,
        scope: Text,
        key: Text,
        token: GivenToken,
        *,
        status: int = 0,
        response: Payload = b"",
        ttl: Duration = ZERO,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """The work is done: keeps status and response for everyone who asks again.

        :param ttl: for how long; 0: 24 hours
        :raises StaleError: the token does not own the key (any more)
        """
        return self._mutate(
            "hf_idempotency_complete",
            write=write(expect, durability, returning),
            key=_key(scope, key),
            token=token,
            status=status,
            response=response,
            ttl_us=ttl,
        )

    def abandon(
        self,
        scope: Text,
        key: Text,
        token: GivenToken,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """The work was not done: forgets the key, so that the next begin is NEW."""
        return self._mutate(
            "hf_idempotency_abandon",
            write=write(expect, durability),
            key=_key(scope, key),
            token=token,
        )

    @overload
    def put(
        self,
        scope: IdempotencyEntry,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result: ...

    @overload
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
        returning: Returning = False,
    ) -> Result: ...

    def put(
        self,
        scope: Union[Text, IdempotencyEntry],
        key: Optional[Text] = None,
        *,
        fingerprint: Payload = b"",
        status: int = 0,
        response: Payload = b"",
        created_at: Time = None,
        expires_at: Union[Time, Never] = None,
        ttl: Duration = ZERO,
        expires_computed: bool = False,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Stores a done entry as given, in place of whatever is there; or an
        :class:`IdempotencyEntry`, as a get gave it or as it was built.

        :param created_at: None: that of the entry that is there, else now
        :param expires_at: None: 24 hours from now; :data:`NEVER`
        :param ttl: above 0: it expires that long from now, and ``expires_at`` is not given
        :param expires_computed: ``expires_at`` is one that the store computed, as an entry says:
        for what was read and is put back
        """
        if isinstance(scope, IdempotencyEntry):
            alone(
                "an entry",
                key=key is not None,
                fingerprint=fingerprint != b"",
                status=status != 0,
                response=response != b"",
                created_at=created_at is not None,
                expires_at=expires_at is not None,
                ttl=ttl != ZERO,
                expires_computed=expires_computed is not False,
            )
            entry = scope
            if not flag(entry.done, "done"):
                invalid("an entry that is not done belongs to its owner: it cannot be put")
            scope, key, fingerprint = entry.scope, entry.key, entry.fingerprint
            status, response, created_at = entry.status, entry.response, entry.created_at
            expires_at = NEVER if entry.expires_at is None else entry.expires_at
            expires_computed = entry.expires_computed
        if expires_at is None:
            ttl = _TTL if ttl == ZERO else ttl
        elif ttl != ZERO:
            invalid("expires_at and ttl say the same thing: give one of them")
        expires = None if isinstance(expires_at, Never) else expires_at
        return self._mutate(
            "hf_idempotency_put",
            write=write(expect, durability, returning),
            key=_key(scope, needed(key, "key", scope)),
            fingerprint=fingerprint,
            status=status,
            response=response,
            created_at=created_at,
            expires_at=expires,
            ttl_us=ttl,
            expires_computed=expires_computed,
        )

    def remove(
        self,
        scope: Text,
        key: Text,
        *,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Forgets the key, whoever owns it."""
        return self._mutate(
            "hf_idempotency_remove",
            write=write(expect, durability, missing_ok=missing_ok),
            key=_key(scope, key),
        )

    def clear(
        self,
        scope: Optional[Text] = None,
        *,
        prefix: Optional[Text] = None,
        everything: bool = False,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Forgets every key of the scope, of the scopes that begin with ``prefix``, or of all."""
        return self._mutate(
            "hf_idempotency_clear",
            write=write(None, durability),
            **_over(scope, prefix, everything),
        )


def _begin_args(
    scope: Text,
    key: Text,
    fingerprint: Payload,
    lease: Duration,
    ttl: Duration,
    expect: Optional[int],
    durability: Durability,
) -> Any:
    return BeginStruct(
        write=write(expect, durability),
        key=_key(scope, key),
        fingerprint=fingerprint,
        lease_us=lease,
        ttl_us=ttl,
    )


class IdempotencyReads(Domain, reads=True):
    """What can be read, outside a transaction or in one, where it is so at the commit."""

    def get(self, scope: Text, key: Text, *, undurable: bool = False) -> IdempotencyEntry:
        """One entry.

        :raises NotFoundError: there is none
        """
        args = _key(scope, key)
        return self._read("hf_idempotency_get", args, undurable, lambda out: _entry(out.entry))

    def has(self, scope: Text, key: Text, *, undurable: bool = False) -> bool:
        """Is there an entry, owned or done?"""
        return bool(self._read_plain("hf_idempotency_has", _key(scope, key), undurable))

    def list_page(
        self,
        scope: Optional[Text] = None,
        *,
        prefix: Optional[Text] = None,
        everything: bool = False,
        without_response: bool = False,
        limit: int = 0,
        page: Optional[str] = None,
        after: After = None,
        undurable: bool = False,
    ) -> Page[IdempotencyEntry]:
        """The entries of a scope, of the scopes that begin with ``prefix``, or of all; by scope and
        key."""

        def give(out: Any) -> Page[IdempotencyEntry]:
            return Page([_entry(out.items[i]) for i in range(out.count)], token_or_none(out.next))

        args = ListStruct(
            without_response=without_response,
            limit=limit,
            page=page_token(page),
            after=behind("hf_idempotency_key", after),
            **_over(scope, prefix, everything),
        )
        return self._read("hf_idempotency_list", args, undurable, give)

    def list(
        self,
        scope: Optional[Text] = None,
        *,
        prefix: Optional[Text] = None,
        everything: bool = False,
        without_response: bool = False,
        after: After = None,
        undurable: bool = False,
    ) -> Iterator[IdempotencyEntry]:
        """The same, all of them, a page at a time."""
        return each(
            lambda **begin: self.list_page(
                scope,
                prefix=prefix,
                everything=everything,
                without_response=without_response,
                limit=PAGE_SIZE,
                undurable=undurable,
                **begin,
            ),
            after,
        )

    def count(
        self,
        scope: Optional[Text] = None,
        *,
        prefix: Optional[Text] = None,
        everything: bool = False,
        undurable: bool = False,
    ) -> IdempotencyCounts:
        """How many entries a scope holds, the scopes that begin with ``prefix``, or all."""

        def give(out: Any) -> IdempotencyCounts:
            return value_of(IdempotencyCounts, out)

        args = CountStruct(**_over(scope, prefix, everything))
        return self._read("hf_idempotency_count_over", args, undurable, give)

    def scopes(self, *, after: After = None, undurable: bool = False) -> Iterator[str]:
        """The scopes that hold entries, compared as bytes."""
        return names(self, "hf_idempotency_names", undurable, after)


class IdempotencyInTransaction(IdempotencyMutations, IdempotencyReads):
    """``txn.idempotency``"""

    def begin(
        self,
        scope: Text,
        key: Text,
        *,
        fingerprint: Payload = b"",
        lease: Duration = ZERO,
        ttl: Duration = ZERO,
        expect: Optional[int] = None,
    ) -> Deferred[Begun]:
        """Asks for the work; its value is there after the commit. ``expect=ABSENT`` aborts the
        transaction unless it is NEW."""
        args = _begin_args(scope, key, fingerprint, lease, ttl, expect, Durability.DURABLE)
        return deferred(self._owner, "hf_idempotency_begin", args, _begun)

    def guard(self, scope: Text, key: Text, *, expect: int) -> Result:
        """Aborts the transaction unless the entry has this version (:data:`ABSENT`: does not
        exist). Writes nothing."""
        return self._mutate("hf_idempotency_guard", write=write(expect), key=_key(scope, key))

    def guard_owner(self, scope: Text, key: Text, token: GivenToken) -> Result:
        """Aborts the transaction unless the token owns the key: write only while the work is still
        mine."""
        return self._mutate(
            "hf_idempotency_guard_owner", write=write(), key=_key(scope, key), token=token
        )


class Idempotency(IdempotencyMutations, IdempotencyReads):
    """``store.idempotency``"""

    def begin(
        self,
        scope: Text,
        key: Text,
        *,
        fingerprint: Payload = b"",
        lease: Duration = ZERO,
        ttl: Duration = ZERO,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Begun:
        """Asks for the work.

        :param fingerprint: what the request amounts to, up to 64 bytes: another one under the same
        key is a MISMATCH
        :param lease: for how long the caller owns it; 0: until the store is closed
        :param ttl: without a lease, when the entry ends if nobody completes it; 0: 24 hours
        """
        args = _begin_args(scope, key, fingerprint, lease, ttl, expect, durability)

        def undo(begun: Begun) -> None:
            if begun.outcome is Outcome.NEW:
                unless_refused(lambda: self.abandon(scope, key, begun.token))

        return answered(self._owner, "hf_idempotency_begin", args, _begun, undo)
