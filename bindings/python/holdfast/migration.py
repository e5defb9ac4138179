"""Migrations of the caller's own data, each made exactly once in the life of a store:
holdfast/migration.h."""

from __future__ import annotations

from ctypes import CFUNCTYPE, POINTER, byref, c_int, c_size_t, c_void_p, memmove, sizeof
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, Iterator, List, Optional, Sequence, TYPE_CHECKING, Tuple, Union

from ._abi import (
    After,
    Bytes,
    Durability,
    ErrorStruct,
    Page,
    Result,
    Text,
    Time,
    alone,
    check,
    encode,
    function,
    instances,
    invalid,
    moment,
    number,
    struct,
    token,
    token_or_none,
    value_of,
    write,
)
from ._calls import Gate, call_back, callback as checked_callback, relayed
from ._domain import Domain, PAGE_SIZE, each
from ._positions import behind_number
from .errors import Error

if TYPE_CHECKING:
    from .store import Transaction

_CANCELED = 12
_Fill = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, POINTER(ErrorStruct))
MigrationStruct = struct("hf_migration")
MigratedStruct = struct("hf_migrated")
ListStruct = struct("hf_migration_list_args")


@dataclass(frozen=True)
class Migration:
    """One that was applied."""

    name: str
    applied_at: Optional[datetime] = None
    """None, of one that is recorded: now."""
    version: int = 0
    checksum: Optional[int] = None
    """Of what it does, as it was given then; None: none was."""


@dataclass(frozen=True)
class Migrated:
    applied: int
    """By this call."""
    skipped: int
    """Applied before."""


Step = Union[
    Tuple[Text, Callable[["Transaction"], object]],
    Tuple[Text, Callable[["Transaction"], object], Optional[int]],
]
"""A name, what fills a transaction, and optionally a checksum of what that does."""


def _checksum(value: Optional[int]) -> dict[str, Any]:
    return {} if value is None else {"has_checksum": True, "checksum": number(value, "checksum")}


class MigrationMutations(Domain):
    """What can be done to the names of migrations, at once (``store.migrations``) or in a
    transaction (``txn.migrations``)."""

    def record(
        self,
        name: Union[Text, Migration],
        *,
        applied_at: Time = None,
        checksum: Optional[int] = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Records a migration as applied without doing anything; or a :class:`Migration`, as a list
        gave it or as it was built.

        :raises ConflictError: it was applied with another checksum
        """
        if isinstance(name, Migration):
            alone(
                "a migration", applied_at=applied_at is not None, checksum=checksum is not None
            )
            given = name
            name, applied_at, checksum = given.name, given.applied_at, given.checksum
        return self._mutate(
            "hf_migration_record",
            write=write(expect, durability),
            name=name,
            applied_at=applied_at,
            **_checksum(checksum),
        )

    def forget(
        self,
        name: Text,
        *,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Forgets that it was applied; its effects stay."""
        return self._mutate(
            "hf_migration_forget",
            write=write(expect, durability, missing_ok=missing_ok),
            name=name,
        )


class MigrationReads(Domain, reads=True):
    """What can be read, outside a transaction or in one, where it is so at the commit."""

    def applied(self, name: Text, *, undurable: bool = False) -> bool:
        """Was it applied?"""
        return bool(self._read_plain("hf_migration_applied", Bytes.of(name), undurable))

    def list_page(
        self,
        *,
        limit: int = 0,
        page: Optional[str] = None,
        after: After = None,
        undurable: bool = False,
    ) -> Page[Migration]:
        """What was applied, in the order in which it was."""

        def give(out: Any) -> Page[Migration]:
            entries = (out.items[i] for i in range(out.count))
            items = [
                Migration(
                    entry.name.text(),
                    moment(entry.applied_at),
                    entry.version,
                    entry.checksum if entry.has_checksum else None,
                )
                for entry in entries
            ]
            return Page(items, token_or_none(out.next))

        args = ListStruct(limit=limit, page=token(page), after=behind_number(after, "version"))
        return self._read("hf_migration_list", args, undurable, give)

    def list(self, *, after: After = None, undurable: bool = False) -> Iterator[Migration]:
        """The same, all of them, a page at a time."""
        return each(
            lambda **begin: self.list_page(limit=PAGE_SIZE, undurable=undurable, **begin), after
        )


class MigrationsInTransaction(MigrationMutations, MigrationReads):
    """``txn.migrations``"""

    def guard(self, name: Text, *, expect: int) -> Result:
        """Aborts the transaction unless the name was recorded at this version (:data:`ABSENT`: was
        not). Writes nothing."""
        return self._mutate("hf_migration_guard", write=write(expect), name=name)


class Migrations(MigrationMutations, MigrationReads):
    """``store.migrations``; :meth:`holdfast.Store.migrate` applies them."""


def migrate(
    owner: Any,
    gate: Gate,
    list: Sequence[Step],  # noqa: A002
    lend: Callable[[Any], "Transaction"],
) -> Migrated:
    """``lend`` makes a Transaction of a handle that the library commits."""
    raised: List[BaseException] = []
    lent: List["Transaction"] = []
    # All of them before any is applied.
    steps = instances(list, tuple, "list")
    for step in steps:
        if len(step) not in (2, 3):
            raise TypeError("one of list: a name and a callable expected, and perhaps a checksum")
        encode(step[0])
        checked_callback(step[1], "one of list")
        _checksum(step[2] if len(step) == 3 else None)

    def callback(fill: Callable[["Transaction"], object]) -> Any:
        def run(_: Any, store: Any, txn: Any, told: Any) -> int:
            transaction = lend(txn)
            lent.append(transaction)  # its results are filled in by the commit
            try:
                call_back(gate, fill, transaction)
                if transaction._spoiled is not None:
                    invalid("an operation was refused when it was added: nothing was done")
                if transaction._given_up:
                    invalid("the migration abandoned its transaction: nothing was done")
                return 0
            except BaseException as error:  # noqa: B902 - it must not pass through the library
                raised.append(error)
                code = error.code if isinstance(error, Error) else _CANCELED
                text = str(error).encode("utf-8", "replace").replace(b"\0", b"?")[:255]
                struct = ErrorStruct(code=code, text=text)
                memmove(told, byref(struct), sizeof(struct))
                return code
            finally:
                transaction._txn = None

        return _Fill(run)

    structs = [
        MigrationStruct(name=name, fill=callback(fill), **_checksum(given[0] if given else None))
        for name, fill, *given in steps
    ]
    array = (MigrationStruct * len(structs))(*structs) if structs else None
    out, error = MigratedStruct(), ErrorStruct()
    call = function(
        "hf_migrate",
        c_void_p,
        POINTER(MigrationStruct),
        c_size_t,
        POINTER(MigratedStruct),
        POINTER(ErrorStruct),
    )

    def body() -> Migrated:
        with owner._call() as (store, _):
            rc = call(
                store,
                array,
                len(structs),
                byref(out),
                byref(error),
            )
        for index, transaction in enumerate(lent):
            transaction._ended(rc == 0 or index < len(lent) - 1)
        if rc != 0 and raised:
            raise raised[-1]
        check(rc, error)
        return value_of(Migrated, out)

    return relayed(body, gate=gate, calls_back=True)
