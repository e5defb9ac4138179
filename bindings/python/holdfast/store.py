"""Opening and closing a store, and transactions over it: holdfast/store.h."""

from __future__ import annotations

import enum
import os
import uuid as uuid_module
from contextlib import AbstractContextManager
from functools import partial
from ctypes import (
    CFUNCTYPE,
    POINTER,
    byref,
    c_bool,
    c_char_p,
    c_int,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
    sizeof,
    string_at,
)
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from datetime import datetime, timedelta
from typing import Any, Callable, List, Optional, Sequence, TypeVar, Union
from weakref import WeakValueDictionary

from ._abi import (
    Durability,
    Duration,
    ErrorStruct,
    Result,
    ResultStruct,
    Text,
    TicketStruct,
    Time,
    ZERO,
    check,
    duration,
    flag,
    function,
    invalid,
    member,
    number,
    struct,
    time,
    value_of,
    waiting,
    wrong_type,
)
from ._calls import (
    Closing,
    Gate,
    Relay,
    Use,
    interrupted,
    on_main,
    relayed,
    settle_dropped,
    unwatch,
    watch,
)
from ._domain import NO_TICKET
from ._progress import Function as ProgressFunction, Progress, Teller
from .clock import Clock, ClockInTransaction
from .cursor import Cursors, CursorsInTransaction
from .errors import CorruptError, Error, InvalidError, LockedError, ReadFailedError, raise_for
from .document import Documents, DocumentsInTransaction
from .feed import Event, Feed, Subscription, open_feed, open_feed_of, subscribe as open_subscription
from .idempotency import Idempotency, IdempotencyInTransaction
from .inbox import Inbox, InboxInTransaction
from .later import Later, Ticket
from .lock import Locks, LocksInTransaction
from .migration import Migrated, Migrations, MigrationsInTransaction, Step, migrate
from .outbox import Outbox, OutboxInTransaction
from .segments import Segment, segments_of
from .timeline import Timelines, TimelinesInTransaction
from .transact import transact
from .transfer import SnapshotFile, export
from .waits import Wait, ended as ended_waits


T = TypeVar("T")
OptionsStruct = struct("hf_options")
InfoStruct = struct("hf_info")


_SLICE_US = 100_000
_MEMORY = b":memory:"


@dataclass(frozen=True)
class Info:
    """Figures of an open store."""

    uuid: uuid_module.UUID
    epoch: int
    format: int
    last_lsn: int
    """The newest entry that was handed to the kernel."""
    durable_lsn: int
    """Everything up to here survives power loss."""
    recovered: bool
    """This opening followed an unclean stop."""
    replayed: int
    snapshot_lsn: int
    """Of the snapshot that this opening began with; 0: of none."""
    snapshots_damaged: int
    """Newer ones that this opening had to pass over."""
    compactions: int
    """That ended well since open."""
    log_bytes: int
    """Of log behind the newest snapshot: what an opening replays."""
    snapshot_bytes: int
    """Of the newest snapshot; 0: there is none."""
    entries: int
    """Written since open; so are groups and syncs."""
    groups: int
    syncs: int
    fault: int
    """0, or the code that failed the store for good."""
    volatile_fs: bool
    """The file system lives in memory or ignores syncs: nothing survives the machine's end."""
    clock: datetime
    """What the store's clock shows: see :class:`holdfast.clock.Clock`."""
    clock_ahead: timedelta
    """By how much that is ahead of the wall clock."""
    read_only: bool
    """It was opened with :func:`open_read`."""
    writer: bool
    """The store is open for writing somewhere."""
    scrub_rounds: int
    """Since open; so are the two below: see :meth:`Store.scrub`."""
    scrub_bytes: int
    scrub_findings: int
    """Files that did not verify or could not be read; the same finding counts once."""
    scrub_file: str
    """Of the newest finding; empty: there is none."""
    scrub_offset: int
    scrub_code: int
    scrub_at: datetime
    """What the store's clock showed then."""


class MetricsFormat(enum.IntEnum):
    """How figures are written."""

    PROMETHEUS = 0
    """Text format 0.0.4."""
    OPENMETRICS = 1
    """OpenMetrics 1.0."""


METRICS_TYPES = {
    MetricsFormat.PROMETHEUS: "text/plain; version=0.0.4; charset=utf-8",
    MetricsFormat.OPENMETRICS: "application/openmetrics-text; version=1.0.0; charset=utf-8",
}
"""What an HTTP answer calls them."""


MetricsOptionsStruct = struct("hf_metrics_options")
_Write = CFUNCTYPE(c_bool, c_void_p, c_void_p, c_size_t)


def _metrics(gate: Gate, store: Any, format: MetricsFormat) -> str:
    options = MetricsOptionsStruct(
        size=sizeof(MetricsOptionsStruct), format=member(MetricsFormat, format, "format")
    )
    pieces: list[bytes] = []

    def take(_: Any, text: Any, length: int) -> bool:
        pieces.append(string_at(text, length))
        return True

    write = _Write(take)

    def body() -> None:
        error = ErrorStruct()
        types = (c_void_p, _Write, c_void_p, POINTER(MetricsOptionsStruct), POINTER(ErrorStruct))
        call = function("hf_metrics", *types)
        check(call(store, write, None, byref(options), byref(error)), error)

    relayed(body, gate=gate)
    return b"".join(pieces).decode("utf-8")


class Store(Closing):
    """An open store. Its methods may be called from several threads at once, :meth:`close`
    included.

    Use :func:`open` to make one, and ``with`` to close it.
    """

    def __init__(self, handle: c_void_p, path: str, background: bool = True) -> None:
        self._path = path
        self._background = background
        self._waits: WeakValueDictionary[Optional[int], Wait[Any]] = WeakValueDictionary()
        self._gate = Gate("the store", handle, _cancel_waits, _close, first=1)
        self._gate.watch(self, f"the store {path!r}")
        self.inbox = Inbox(self)
        """Notification records of users: :class:`holdfast.inbox.Inbox`."""
        self.cursors = Cursors(self)
        """Confirmed delivery positions: :class:`holdfast.cursor.Cursors`."""
        self.outbox = Outbox(self)
        """Durable work queues: :class:`holdfast.outbox.Outbox`."""
        self.idempotency = Idempotency(self)
        """Work that is done once per key: :class:`holdfast.idempotency.Idempotency`."""
        self.documents = Documents(self)
        """Small keyed state with an ordered listing: :class:`holdfast.document.Documents`."""
        self.timelines = Timelines(self)
        """Append-only histories: :class:`holdfast.timeline.Timelines`."""
        self.locks = Locks(self)
        """One holder at a time, fenced: :class:`holdfast.lock.Locks`."""
        self.clock = Clock(self)
        """The store's clock: :class:`holdfast.clock.Clock`."""
        self.migrations = Migrations(self)
        """Names of what :meth:`migrate` applied: :class:`holdfast.migration.Migrations`."""

    def _call(self) -> Use:
        return self._gate.use()

    def _result(self) -> tuple[Any, Result]:
        struct = ResultStruct()
        return struct, Result(struct, True)

    def _ticket(self, write: Any) -> AbstractContextManager[None]:
        return NO_TICKET

    def close(self) -> None:
        """Makes everything durable, marks the stop clean and gives up the lock. Calls that are
        running in other threads are awaited, those that wait
        for a lock or for work raise :class:`CanceledError`, later ones are refused. Closing twice
        is fine. In a forked child it only frees memory. In a
        signal handler that came in the middle of a call it is done once that call is over.

        :raises UncertainError: the final sync failed
        :raises FailedError: the store had failed before; all acknowledged durable changes are safe
        even then
        :raises RuntimeError: within a callback of the store
        """
        self._gate.close()

    @property
    def closed(self) -> bool:
        return self._gate.closing

    def __repr__(self) -> str:
        return f"<holdfast.Store {self._path!r}{' closed' if self.closed else ''}>"

    def _plain(self, name: str, *argtypes: Any, args: tuple[Any, ...] = ()) -> None:
        error = ErrorStruct()
        with self._call() as (store, _):
            check(
                function(name, c_void_p, *argtypes, POINTER(ErrorStruct))(
                    store, *args, byref(error)
                ),
                error,
            )

    def _relayed(self, body: Callable[[], None]) -> None:
        """A call that calls back, unless a thread of the library's does."""
        if self._background:
            body()
        else:
            relayed(body, gate=self._gate, calls_back=True)

    def sync(self) -> None:
        """Makes every change made so far, of either durability, survive power loss."""
        self._plain("hf_sync")

    def snapshot(self) -> None:
        """Writes a snapshot of the state as it is now, while writers go on: the next opening reads
        it and what the log has behind it."""
        self._plain("hf_snapshot")

    def compact(self) -> None:
        """Takes a snapshot and removes the log that it covers: the store then takes as much room as
        what lives in it."""
        self._plain("hf_compact")

    def scrub(
        self,
        *,
        bytes_per_second: int = 0,
        progress: Progress = None,
    ) -> None:
        """Reads every snapshot and every segment that the log has left once, past the system's
        cache where that is possible, and verifies them, while writers go on.

        :param bytes_per_second: at most so many; 0: as fast as it goes
        :param progress: called behind each piece with the bytes that were read, and how many there
            will be; it must not use the store. What it raises is raised when the scrub is over
        :raises CorruptError: the first finding; :meth:`info` counts them
        :raises ReadFailedError: something could not be read
        """
        rate = number(bytes_per_second, "bytes_per_second", 0, 2**64 - 1)
        teller = Teller(progress, self._gate)
        given = (rate, teller.function, None)
        teller.call(
            lambda: self._plain("hf_scrub", c_uint64, ProgressFunction, c_void_p, args=given)
        )

    def segments(self) -> List[Segment]:
        """The files of the store, and what keeps each: its retention and subscriptions, too."""
        with self._call() as (store, _):
            return segments_of(self._gate, store)

    def export(
        self,
        path: Union[str, "os.PathLike[str]", int],
        *,
        replace: bool = False,
        progress: Progress = None,
    ) -> SnapshotFile:
        """Writes the state as it is now as one file, while writers go on: written beside, synced,
        read back and verified, then renamed. Into a descriptor (a pipe) it is written in one pass.

        :param replace: a file of that name goes
        :param progress: called now and then with the bytes so far and how many there will be (0:
            not known yet); it must not use the store. What it raises is raised when the export is
            over
        :raises ConflictError: there is one, and ``replace`` was not asked
        :raises CanceledError: the store is being closed
        """
        with self._call() as (store, _):
            return export(self._gate, store, path, replace, progress)

    def maintain(self, *, budget: Duration = ZERO) -> None:
        """Does up to ``budget`` of upkeep (0: all that is due). Needed only for stores opened with
        ``background=False``."""
        span = duration(budget)
        self._relayed(lambda: self._plain("hf_maintain", c_int64, args=(span,)))

    def info(self) -> Info:
        """Figures, without waiting for durability."""
        out = InfoStruct()
        self._plain("hf_get_info", POINTER(InfoStruct), args=(byref(out),))
        return value_of(Info, out, uuid=uuid_module.UUID(bytes=bytes(out.uuid)))

    def metrics(self, format: MetricsFormat = MetricsFormat.PROMETHEUS) -> str:
        """All figures of the store as text for a monitoring system, without waiting for durability;
        also after the store has failed. A store that was opened with :func:`open_read` gives what a
        reader can know.

        :param format: :data:`METRICS_TYPES` has what an HTTP answer calls it
        """
        with self._call() as (store, _):
            return _metrics(self._gate, store, format)

    def refresh(self) -> bool:
        """Of a store that was opened with :func:`open_read`: looks what is new, as each call does
        by itself unless ``refresh=False``. Whether it shows something that it did not."""
        out = c_bool()
        self._plain("hf_refresh", POINTER(c_bool), args=(byref(out),))
        return out.value

    def later(self) -> Later:
        """The domains again, for mutations that are not waited for: each answers at once, with a
        ticket."""
        return Later(self)

    def flush(self) -> None:
        """Until every ticket that is out now is answered. With ``background=False`` it is this that
        calls back."""
        self._relayed(lambda: self._plain("hf_flush"))

    def eventfd(self) -> int:
        """A descriptor for an event loop: readable when tickets were answered since its eight bytes
        were last read. It belongs to the store."""
        out = c_int()
        self._plain("hf_eventfd", POINTER(c_int), args=(byref(out),))
        return out.value

    def ended_waits(self) -> List[Wait[Any]]:
        """What was started, has ended, has no callback and was not given by this yet: for an event
        loop that watches :meth:`eventfd`."""
        with self._call() as (store, _):
            return ended_waits(store, self._waits)

    def feed(self, first: int = 0) -> Feed:
        """Every durable entry of the log from LSN ``first`` on; 0: from the oldest there is.

        :raises GoneError: older than what is retained
        :raises InvalidError: beyond the one that comes next
        """
        with self._call() as (store, _):
            return open_feed(store, number(first, "first"), self._waits)

    def subscribe(
        self,
        domain: Optional[str] = None,
        key: Sequence[Text] = (),
        *,
        ring: int = 0,
        callback: Optional[Callable[[Event], None]] = None,
    ) -> Subscription:
        """Tells of what becomes durable from now on.

        :param domain: "outbox"; None: all
        :param key: only what concerns objects whose key begins with these parts
        :param ring: how many changes it holds before it is read; 0: 1,024
        :param callback: called on a thread of the library's instead; what it raises goes to
        ``sys.unraisablehook``
        """
        with self._call() as (store, _):
            return open_subscription(
                self._gate, store, self._background, domain, key, ring, callback
            )

    def migrate(self, migrations: Sequence[Step]) -> Migrated:
        """Applies, in order, those that were not applied yet: each is a name and what fills a
        transaction, which is committed together with the
        name, and perhaps a checksum (an int of 64 bits) of what it does. The first that raises ends
        it; the store is then as before that one.

        :raises ConflictError: one was applied with another checksum, or the list ends before what
        was applied
        """
        return migrate(self, self._gate, migrations, lambda txn: Transaction(self, _lent=txn))

    def transaction(self, durability: Durability = Durability.DURABLE) -> "Transaction":
        """A transaction, to be used in a ``with`` block: committed at its end, abandoned when it is
        left by an exception."""
        return Transaction(self, durability)

    def transact(
        self,
        call: Callable[["Transaction"], T],
        *,
        tries: int = 0,
        durability: Durability = Durability.DURABLE,
    ) -> T:
        """Calls ``call`` with a transaction, commits that, and gives what ``call`` gave. When what
        it read is not so any more by then, or an operation expected otherwise, it is called again
        with a new one: read, decide, write, as if no other caller were there. It should do nothing
        else that lasts. What it raises ends it: then nothing is committed.

        :param tries: how often at most; 0: 100
        :raises ConflictError: others were faster each time
        """
        return transact(
            self, self._gate, call, tries, durability, lambda txn: Transaction(self, _lent=txn)
        )


class Transaction:
    """Mutations of any domains that happen together or not at all.

    Each call adds an operation; nothing happens before the commit, which checks them in order, each
    against the state that
    the earlier ones left. The first that fails aborts all, and ``error.operation`` is its index.
    What the operations answered is
    known after the commit. A transaction belongs to one thread.

    Reads show what is committed, and must be so at the commit: else that raises
    :class:`ConflictError`, whose ``operation`` is :data:`OPERATION_READ`. What they show is durable
    once the commit has succeeded. What a claim, an acquire or a begin gives stands for its token in
    later operations of the same transaction.
    """

    def __init__(
        self, store: Store, durability: Durability = Durability.DURABLE, *, _lent: Any = None
    ) -> None:
        self._store = store
        self._gate = store._gate
        self._durability = member(Durability, durability, "durability")
        self._spoiled: Optional[int] = None
        self._results: list[Result] = []
        self._after: list[Callable[[bool], None]] = []
        self._txn: Optional[Any] = _lent
        self._lent = _lent is not None
        self._given_up = False
        self._watched: Any = None
        if not self._lent:
            txn, error = c_void_p(), ErrorStruct()
            with store._call() as (handle, _):
                begin = function("hf_txn_begin", c_void_p, POINTER(c_void_p), POINTER(ErrorStruct))
                check(begin(handle, byref(txn), byref(error)), error)
            self._txn = txn
            self._watched = watch(self, partial(_abandon, txn, self._after))
        self.inbox = InboxInTransaction(self)
        self.cursors = CursorsInTransaction(self)
        self.outbox = OutboxInTransaction(self)
        self.idempotency = IdempotencyInTransaction(self)
        self.documents = DocumentsInTransaction(self)
        self.timelines = TimelinesInTransaction(self)
        self.locks = LocksInTransaction(self)
        self.clock = ClockInTransaction(self)
        self.migrations = MigrationsInTransaction(self)

    def _ticket(self, write: Any) -> AbstractContextManager[None]:
        return NO_TICKET

    def _call(self) -> Use:
        if self._txn is None:
            raise ValueError("the transaction has ended")
        return self._store._gate.use(self._txn)

    def _refused(self, index: int) -> None:
        """An operation could not be added, the one of that index: the rest is not committed without
        it."""
        if self._txn is not None and self._spoiled is None:
            self._spoiled = index

    def _result(self) -> tuple[Any, Result]:
        struct = ResultStruct()
        place = None
        if self._txn is not None:
            place = (self, function("hf_txn_count", c_void_p, restype=c_uint32)(self._txn))
        result = Result(struct, False, place)
        self._results.append(result)
        return struct, result

    def _at_end(self, callback: Callable[[bool], None]) -> None:
        """Calls it when the transaction has ended, with whether it was committed."""
        self._after.append(callback)

    def commit(self) -> None:
        """Commits, and ends the transaction in every case. On failure nothing happened
        (:class:`UncertainError`: all or nothing may turn up after
        reopening)."""
        error, rc = ErrorStruct(), -1
        call = function("hf_txn_commit", c_void_p, c_int, POINTER(ErrorStruct))
        with self._committing() as (_, txn):
            try:
                self._txn = None
                unwatch(self._watched)
                rc = call(txn, self._durability, byref(error))
            finally:
                self._ended(self._stands(rc))
        check(rc, error)

    def commit_later(self) -> Ticket:
        """The same, at once: what was refused is raised, what the operations answered is known, and
        may be relied on when the ticket says so."""
        error, struct, rc = ErrorStruct(), TicketStruct(), -1
        call = function(
            "hf_txn_commit_async", c_void_p, c_int, POINTER(TicketStruct), POINTER(ErrorStruct)
        )
        with self._committing() as (_, txn):
            try:
                self._txn = None
                unwatch(self._watched)
                rc = call(txn, self._durability, byref(struct), byref(error))
            finally:
                self._ended(self._stands(rc))
        ticket = Ticket(self._store, struct)
        if rc != 0:
            refusal = error.error()
            refusal.ticket = ticket
            raise_for(rc, refusal)
        return ticket

    def _committing(self) -> Use:
        if self._lent:
            raise ValueError("who called with this transaction commits it")
        if self._spoiled is not None:
            self.abandon()
            error = Error.of(
                InvalidError.code, "an operation was refused when it was added: nothing was done"
            )
            error.operation = self._spoiled
            raise error
        return self._call()

    def _stands(self, rc: int) -> bool:
        """Was it committed? Also when a payload could not be read afterwards, or a signal handler
        raised something before we heard: then results are not zero."""
        results = (result._struct for result in self._results)
        told = rc in (-1, ReadFailedError.code, CorruptError.code)
        return rc == 0 or (
            told and any(s.changed or s.version or s.token or s.count for s in results)
        )

    def _ended(self, committed: bool) -> None:
        while self._after:
            self._after.pop(0)(committed)
        if committed:
            for result in self._results:
                result._known = True

    def abandon(self) -> None:
        """Ends the transaction without a trace; fine after its end."""
        txn, self._txn = self._txn, None
        if txn is None:
            return
        if self._lent:
            self._given_up = True  # it is not this one's to end: migrate() undoes it
            return
        unwatch(self._watched)
        _abandon(txn, self._after)

    def __enter__(self) -> "Transaction":
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        value: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if kind is not None:
            self.abandon()
        elif self._txn is not None:
            self.commit()


def _abandon(txn: Any, after: List[Callable[[bool], None]]) -> None:
    function("hf_txn_abandon", c_void_p, restype=None)(txn)
    while after:
        after.pop(0)(False)


def open(  # noqa: A001 - the module's own word, as in gzip.open
    path: Union[str, "os.PathLike[str]"],
    *,
    create: bool = False,
    background: bool = True,
    allow_unsafe_fs: bool = False,
    pad: int = 0,
    segment_size: int = 0,
    inline_max: int = 0,
    wait: Duration = ZERO,
    scrub_bytes_per_second: int = 0,
    scrub_interval: Duration = ZERO,
    compact_bytes: int = 0,
    compact_rate: int = 0,
    retain: Duration = ZERO,
    retain_bytes: int = 0,
    progress: Progress = None,
) -> Store:
    """Opens the store in directory ``path`` for writing and takes its lock.

    ``":memory:"`` makes a new store that lives in memory and ends with :meth:`Store.close`: for
    tests. It answers as any other, touches no file, and :meth:`Store.export` copies it into one.

    :param create: make the store if the directory holds none
    :param background: do upkeep in a thread of the library's; otherwise call :meth:`Store.maintain`
    :param allow_unsafe_fs: open on a file system that cannot keep the promises
    :param pad: at creation: groups of the log end at multiples of so many bytes, 0, 512 or 4096
    :param segment_size: of a full-grown log segment, in bytes; 0 is 64 MiB
    :param inline_max: payloads up to so many bytes are kept in memory; 0 is 256
    :param wait: how long to wait for another process to close the store, or :data:`FOR_EVER`
    :param scrub_bytes_per_second: of cold files, that upkeep reads again and verifies; 0: none
    :param scrub_interval: from the beginning of one such round to that of the next; 0 is a day
    :param compact_bytes: of log up to which no compaction begins by itself; 0 is 64 MiB, 2**64 - 1
        never
    :param compact_rate: bytes a second that a compaction writes; 0 is 64 MiB for one that began by
        itself and no bound for :meth:`Store.compact`, 2**64 - 1 no bound for either
    :param retain: how old entries may be that a compaction keeps, for feeds and states of the past
    :param retain_bytes: how many bytes of them; 0 with ``retain`` no bound, 0 without it nothing
    :param progress: called now and then, while it is opened, with the bytes of its files that were
        read and how many there are. What it raises is raised at the end, and the store closed
    :raises NotFoundError: there is no store and ``create`` was not asked
    :raises LockedError: another process has it open
    :raises CorruptError: nothing was changed
    """
    teller = Teller(progress)
    options = OptionsStruct(
        create=flag(create, "create"),
        no_background=not flag(background, "background"),
        allow_unsafe_fs=flag(allow_unsafe_fs, "allow_unsafe_fs"),
        pad=pad,
        segment_size=segment_size,
        inline_max=inline_max,
        scrub_bytes_per_second=number(
            scrub_bytes_per_second, "scrub_bytes_per_second", 0, 2**64 - 1
        ),
        scrub_interval_us=duration(scrub_interval),
        compact_bytes=number(compact_bytes, "compact_bytes", 0, 2**64 - 1),
        compact_rate=number(compact_rate, "compact_rate", 0, 2**64 - 1),
        retain_us=duration(retain),
        retain_bytes=number(retain_bytes, "retain_bytes", 0, 2**64 - 1),
        progress=teller.function,
    )
    name, span = _path(path), waiting(wait)
    if name == _MEMORY:
        memory = partial(_open, name, options, background, "hf_open_memory")
        return teller.call(memory, Store.close)
    if on_main():  # recovery may take its time, too
        return teller.call(partial(_open_patiently, name, options, background, span), Store.close)
    options.wait_us = span
    return teller.call(partial(_open, name, options, background), Store.close)


def open_read(
    path: Union[str, "os.PathLike[str]"],
    *,
    refresh: bool = True,
    inline_max: int = 0,
    at_lsn: int = 0,
    at_time: Time = None,
    progress: Progress = None,
) -> Store:
    """Opens the store in directory ``path`` for reading only, beside its writer: takes no
    lock, changes nothing, and needs no permission to write. Reads are as on any store; everything
    that would write raises :class:`ReadOnlyError`.

    :param refresh: each call looks first what became durable; otherwise only
        :meth:`Store.refresh` does
    :param inline_max: payloads up to so many bytes are kept in memory; 0 is 256
    :param at_lsn: the state as it was behind the transaction with this entry
    :param at_time: the state as it was at this instant
    :param progress: as in :func:`open`
    :raises NotFoundError: there is no store
    :raises GoneError: that state is not kept any more
    :raises CorruptError: proven damage
    :raises LaggedError: its files change faster than they can be read: try again
    """
    teller = Teller(progress)
    options = OptionsStruct(
        no_refresh=not flag(refresh, "refresh"),
        inline_max=inline_max,
        at_lsn=at_lsn,
        at_time=time(at_time, 0),
        progress=teller.function,
    )
    return teller.call(partial(_open, _path(path), options, False, "hf_open_read"), Store.close)


def _open(path: bytes, options: Any, background: bool, by: str = "hf_open") -> Store:
    settle_dropped()
    handle, error = c_void_p(), ErrorStruct()
    where = () if by == "hf_open_memory" else (path,)
    call = function(
        by,
        *(c_char_p for _ in where),
        POINTER(OptionsStruct),
        POINTER(c_void_p),
        POINTER(ErrorStruct),
    )
    try:
        check(call(*where, byref(options), byref(handle), byref(error)), error)
        return Store(handle, os.fsdecode(path), background)
    except Error:
        raise
    except BaseException:
        # A signal handler raised something in between: nobody else would give the lock up.
        if handle:
            Relay(lambda: _close(handle)).run()
        raise


def _open_patiently(path: bytes, options: Any, background: bool, span: int) -> Store:
    """Waits in slices, so that an interrupted caller is not followed by one who still waits for the
    lock."""
    until = None if span < 0 else monotonic() + span / 1e6
    while True:
        left = _SLICE_US if until is None else max(0, int((until - monotonic()) * 1e6))
        options.wait_us = min(left, _SLICE_US)
        try:
            return _open(path, options, background)
        except LockedError:
            if interrupted() or (until is not None and monotonic() >= until):
                raise


def feed(path: Union[str, "os.PathLike[str]"], first: int = 0) -> Feed:
    """The feed of the store in directory ``path``, which another process of this host may be
    writing: takes no lock and changes nothing."""
    return open_feed_of(_path(path), number(first, "first"))


def _path(path: Union[str, "os.PathLike[str]"]) -> bytes:
    if not isinstance(path, (str, bytes, os.PathLike)):
        wrong_type("path", "str or os.PathLike", path)
    raw = os.fsencode(path)
    if 0 in raw:
        invalid("the path has a NUL in it")
    return raw


def _cancel_waits(handle: Any) -> None:
    error = ErrorStruct()
    function("hf_cancel_waits", c_void_p, POINTER(ErrorStruct))(handle, byref(error))


def _close(handle: Any) -> None:
    error = ErrorStruct()
    check(function("hf_close", c_void_p, POINTER(ErrorStruct))(handle, byref(error)), error)
