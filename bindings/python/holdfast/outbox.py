"""Outboxes: durable work queues, from which each item is claimed by one worker at a time:
holdfast/outbox.h."""

from __future__ import annotations

import ctypes
import enum
from ctypes import (
    CFUNCTYPE,
    POINTER,
    byref,
    c_bool,
    c_char_p,
    c_int,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
    memmove,
)
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Iterable, Iterator, List, Optional, Sequence, Union, cast

from ._abi import (
    Borrow,
    Bytes,
    Deferred,
    Duration,
    Durability,
    ErrorStruct,
    Page,
    Payload,
    Result,
    Struct,
    Text,
    Time,
    Write,
    bound,
    bound_age,
    check,
    instance,
    instances,
    member,
    number,
    duration,
    function,
    time,
    time_or_none,
    token,
    token_or_none,
    write,
)
from ._calls import call_back, callback as checked_callback, relayed
from ._domain import PAGE_SIZE, Domain, answered, deferred, each, unless_refused, waited
from ._names import names


NO_BOUND = 2**32 - 1
"""As ``max_lost``: however many are lost, the item is not failed."""


class Status(enum.IntEnum):
    """Of an item. As a filter ANY is all of them."""

    ANY = 0
    QUEUED = 1
    SENDING = 2
    FAILED = 3


class Dedup(enum.IntEnum):
    """What becomes of an enqueue whose id is live already."""

    KEEP = 0
    """The item is left exactly as it is."""
    REPLACE = 1
    """A queued one takes the new payload and times."""
    RERUN = 2
    """The same; beside one that is held they are noted, and it is queued again with them
    once it is completed."""


class BackoffKind(enum.IntEnum):
    NONE = 0
    FIXED = 1
    EXPONENTIAL = 2


# --- Structs
# --------------------------------------------------------------------------------------------------


class RerunStruct(Struct):
    c_name = "struct hf_outbox_rerun"
    _fields_ = [
        ("payload", Bytes),
        ("enqueued_at", c_int64),
        ("available_at", c_int64),
        ("available_computed", c_bool),
    ]


class ItemStruct(Struct):
    c_name = "struct hf_outbox_item"
    _fields_ = [
        ("queue", Bytes),
        ("id", Bytes),
        ("payload", Bytes),
        ("extra", Bytes),
        ("status", c_int),
        ("attempts", c_uint32),
        ("lost", c_uint32),
        ("max_attempts", c_uint32),
        ("priority", c_int32),
        ("enqueued_at", c_int64),
        ("available_at", c_int64),
        ("available_computed", c_bool),
        ("last_error", Bytes),
        ("group", Bytes),
        ("rerun", POINTER(RerunStruct)),
        ("token", c_uint64),
        ("owner", Bytes),
        ("lease_until", c_int64),
        ("run_until", c_int64),
        ("version", c_uint64),
    ]


class ItemsStruct(Struct):
    c_name = "struct hf_outbox_items"
    _fields_ = [
        ("items", POINTER(ItemStruct)),
        ("count", c_size_t),
        ("next", c_char_p),
        ("memory", c_void_p),
    ]


class EnqueueStruct(Struct):
    c_name = "struct hf_outbox_enqueue_args"
    _fields_ = [
        ("write", Write),
        ("queue", Bytes),
        ("id", Bytes),
        ("payload", Bytes),
        ("enqueued_at", c_int64),
        ("available_at", c_int64),
        ("priority", c_int32),
        ("max_attempts", c_uint32),
        ("dedup", c_int),
        ("group", Bytes),
        ("extra", Bytes),
    ]


class InputStruct(Struct):
    c_name = "struct hf_outbox_input"
    _fields_ = [
        ("id", Bytes),
        ("payload", Bytes),
        ("enqueued_at", c_int64),
        ("available_at", c_int64),
        ("priority", c_int32),
        ("max_attempts", c_uint32),
        ("group", Bytes),
        ("extra", Bytes),
    ]


class EnqueueManyStruct(Struct):
    c_name = "struct hf_outbox_enqueue_many_args"
    _fields_ = [
        ("write", Write),
        ("queue", Bytes),
        ("items", POINTER(InputStruct)),
        ("count", c_size_t),
        ("dedup", c_int),
    ]


class PutStruct(Struct):
    c_name = "struct hf_outbox_put_args"
    _fields_ = [("write", Write), ("queue", Bytes), ("item", ItemStruct)]


class ConfigureStruct(Struct):
    c_name = "struct hf_outbox_configure_args"
    _fields_ = [
        ("write", Write),
        ("queue", Bytes),
        ("max_attempts", c_uint32),
        ("max_lost", c_uint32),
        ("dedup_window_us", c_int64),
        ("dedup_max", c_uint32),
        ("leave", c_uint32),
    ]


class PauseStruct(Struct):
    c_name = "struct hf_outbox_pause_args"
    _fields_ = [("write", Write), ("queue", Bytes), ("wait_us", c_int64)]


class PutCompletedStruct(Struct):
    c_name = "struct hf_outbox_put_completed_args"
    _fields_ = [("write", Write), ("queue", Bytes), ("id", Bytes), ("until", c_int64)]


class RedriveStruct(Struct):
    c_name = "struct hf_outbox_redrive_args"
    _fields_ = [
        ("write", Write),
        ("queue", Bytes),
        ("group", Bytes),
        ("error", Bytes),
        ("enqueued_before", c_int64),
        ("attempts_below", c_uint32),
        ("limit", c_size_t),
        ("reset_attempts", c_bool),
        ("dry_run", c_bool),
    ]


class PruneStruct(Struct):
    c_name = "struct hf_outbox_prune_args"
    _fields_ = [
        ("write", Write),
        ("queue", Bytes),
        ("status", c_int),
        ("enqueued_before", c_int64),
        ("limit", c_size_t),
        ("dry_run", c_bool),
    ]


class RescheduleStruct(Struct):
    c_name = "struct hf_outbox_reschedule_args"
    _fields_ = [
        ("write", Write),
        ("queue", Bytes),
        ("id", Bytes),
        ("set_available_at", c_bool),
        ("available_at", c_int64),
        ("set_priority", c_bool),
        ("priority", c_int32),
    ]


class ClearStruct(Struct):
    c_name = "struct hf_outbox_clear_args"
    _fields_ = [("write", Write), ("queue", Bytes)]


class ClaimStruct(Struct):
    c_name = "struct hf_outbox_claim_args"
    _fields_ = [
        ("write", Write),
        ("queue", Bytes),
        ("id", Bytes),
        ("owner", Bytes),
        ("lease_us", c_int64),
        ("max_run_us", c_int64),
    ]


class ClaimNextStruct(Struct):
    c_name = "struct hf_outbox_claim_next_args"
    _fields_ = [
        ("write", Write),
        ("queue", Bytes),
        ("queues", POINTER(Bytes)),
        ("queue_count", c_size_t),
        ("max", c_uint32),
        ("owner", Bytes),
        ("lease_us", c_int64),
        ("max_run_us", c_int64),
        ("wait_us", c_int64),
    ]


class ExtendStruct(Struct):
    c_name = "struct hf_outbox_extend_args"
    _fields_ = [
        ("write", Write),
        ("queue", Bytes),
        ("id", Bytes),
        ("token", c_uint64),
        ("lease_us", c_int64),
    ]


class CompleteStruct(Struct):
    c_name = "struct hf_outbox_complete_args"
    _fields_ = [("write", Write), ("queue", Bytes), ("id", Bytes), ("token", c_uint64)]


class BackoffStruct(Struct):
    c_name = "struct hf_outbox_backoff"
    _fields_ = [("kind", c_int), ("delay_us", c_int64), ("cap_us", c_int64)]


class FailStruct(Struct):
    c_name = "struct hf_outbox_fail_args"
    _fields_ = [
        ("write", Write),
        ("queue", Bytes),
        ("id", Bytes),
        ("token", c_uint64),
        ("max_attempts", c_uint32),
        ("reason", Bytes),
        ("backoff", BackoffStruct),
    ]


class ReleaseStruct(Struct):
    c_name = "struct hf_outbox_release_args"
    _fields_ = [
        ("write", Write),
        ("queue", Bytes),
        ("id", Bytes),
        ("token", c_uint64),
        ("delay_us", c_int64),
    ]


class RemoveStruct(Struct):
    c_name = "struct hf_outbox_remove_args"
    _fields_ = [("write", Write), ("queue", Bytes), ("id", Bytes)]


class MarkFailedStruct(Struct):
    c_name = "struct hf_outbox_mark_failed_args"
    _fields_ = [("write", Write), ("queue", Bytes), ("id", Bytes), ("reason", Bytes)]


class RetryStruct(Struct):
    c_name = "struct hf_outbox_retry_args"
    _fields_ = [("write", Write), ("queue", Bytes), ("id", Bytes), ("reset_attempts", c_bool)]


class GuardStruct(Struct):
    c_name = "struct hf_outbox_guard_args"
    _fields_ = [("write", Write), ("queue", Bytes), ("id", Bytes)]


class GuardClaimStruct(Struct):
    c_name = "struct hf_outbox_guard_claim_args"
    _fields_ = [("write", Write), ("queue", Bytes), ("id", Bytes), ("token", c_uint64)]


class KeyStruct(Struct):
    c_name = "struct hf_outbox_key"
    _fields_ = [("queue", Bytes), ("id", Bytes)]


class GotStruct(Struct):
    c_name = "struct hf_outbox_got"
    _fields_ = [("item", ItemStruct), ("memory", c_void_p)]


_Match = CFUNCTYPE(c_bool, c_void_p, POINTER(ItemStruct))
_LEAVE = (1, 2, 4, 8)  # HF_OUTBOX_LEAVE_MAX_ATTEMPTS, _MAX_LOST, _DEDUP_WINDOW, _DEDUP_MAX
_GIVEN_BACK = 2 | 4  # HF_OUTBOX_SEND_RELEASE | HF_OUTBOX_SEND_END
_Send = CFUNCTYPE(c_uint32, c_void_p, POINTER(ItemStruct), c_void_p, c_size_t)


class ListStruct(Struct):
    c_name = "struct hf_outbox_list_args"
    _fields_ = [
        ("queue", Bytes),
        ("status", c_int),
        ("match", _Match),
        ("match_ctx", c_void_p),
        ("without_payload", c_bool),
        ("limit", c_size_t),
        ("page", c_char_p),
    ]


class CountStruct(Struct):
    c_name = "struct hf_outbox_status_stats"
    _fields_ = [("items", c_uint64), ("oldest", c_int64)]


class StatsStruct(Struct):
    c_name = "struct hf_outbox_stats"
    _fields_ = [
        ("queued", CountStruct),
        ("sending", CountStruct),
        ("failed", CountStruct),
        ("ready", c_uint64),
        ("delayed", c_uint64),
        ("blocked", c_uint64),
        ("oldest_due", c_int64),
        ("as_of", c_int64),
        ("max_attempts", c_uint32),
        ("max_lost", c_uint32),
        ("settings_version", c_uint64),
        ("paused", c_bool),
        ("groups", c_uint64),
        ("busy_groups", c_uint64),
        ("dedup_window_us", c_int64),
        ("dedup_max", c_uint32),
        ("completed", c_uint64),
        ("dropped", c_uint64),
    ]


class CompletedIdStruct(Struct):
    c_name = "struct hf_outbox_completed_id"
    _fields_ = [("id", Bytes), ("until", c_int64), ("version", c_uint64)]


class CompletedPageStruct(Struct):
    c_name = "struct hf_outbox_completed_page"
    _fields_ = [
        ("ids", POINTER(CompletedIdStruct)),
        ("count", c_size_t),
        ("next", c_char_p),
        ("memory", c_void_p),
    ]


class CompletedListStruct(Struct):
    c_name = "struct hf_outbox_list_completed_args"
    _fields_ = [("queue", Bytes), ("id", Bytes), ("limit", c_size_t), ("page", c_char_p)]


class DrainStruct(Struct):
    c_name = "struct hf_outbox_drain_args"
    _fields_ = [
        ("queue", Bytes),
        ("send", _Send),
        ("ctx", c_void_p),
        ("max_attempts", c_uint32),
        ("backoff", BackoffStruct),
        ("owner", Bytes),
        ("lease_us", c_int64),
        ("with_delayed", c_bool),
        ("with_paused", c_bool),
        ("durability", c_int),
    ]


class DrainedStruct(Struct):
    c_name = "struct hf_outbox_drained"
    _fields_ = [("sent", c_uint64), ("failed", c_uint64), ("left", c_uint64), ("changed", c_uint64)]


# --- Values
# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OutboxInput:
    """An item as an enqueue takes it."""

    id: Text
    payload: Payload = b""
    enqueued_at: Time = None
    """None: now, by the store's clock; so is available_at."""
    available_at: Time = None
    priority: int = 0
    """Lower first."""
    max_attempts: int = 0
    """0: the queue's."""
    extra: Payload = b""
    """Opaque bytes beside the payload; 64 KiB at most."""
    group: Text = ""
    """Of one group one item at a time is given, in the order of enqueueing; empty: none."""


@dataclass(frozen=True)
class Rerun:
    """What is noted beside an item that is held: once it is completed it is queued again
    with this."""

    payload: bytes
    enqueued_at: Optional[int]
    available_at: Optional[int]
    available_computed: bool = False


@dataclass(frozen=True)
class OutboxItem:
    """An item as it is, or as a claim gives it."""

    id: str
    payload: bytes = b""
    status: Status = Status.QUEUED
    attempts: int = 0
    max_attempts: int = 0
    priority: int = 0
    enqueued_at: Optional[int] = None
    available_at: Optional[int] = None
    last_error: str = ""
    group: str = ""
    queue: str = ""
    extra: bytes = b""
    """Opaque bytes beside the payload."""
    lost: int = 0
    """Claims that ended without an answer since it was last queued by hand."""
    available_computed: bool = False
    """The store computed available_at: a set-back of its clock moves it."""
    run_until: Optional[int] = None
    """Only while sending: no extension goes beyond."""
    rerun: Optional[Rerun] = None
    token: int = 0
    """Only while sending; so are owner and lease_until."""
    owner: str = ""
    lease_until: Optional[int] = None
    version: int = 0


@dataclass(frozen=True)
class Backoff:
    """How long an item waits after a failed attempt. Exponential: a random time up to delay, then
    twice that, and so on up to cap."""

    kind: BackoffKind = BackoffKind.NONE
    delay: Duration = 0
    cap: Duration = 0

    def _struct(self) -> BackoffStruct:
        return BackoffStruct(
            member(BackoffKind, self.kind, "kind"), duration(self.delay), duration(self.cap)
        )


@dataclass(frozen=True)
class StatusCount:
    items: int
    oldest: Optional[int]
    """Smallest enqueued_at among them."""


@dataclass(frozen=True)
class OutboxStats:
    queued: StatusCount
    sending: StatusCount
    failed: StatusCount
    ready: int
    """Queued, due and next."""
    delayed: int
    """Queued and not due yet."""
    blocked: int
    """Queued items that wait for another one of their group."""
    oldest_due: Optional[int]
    """Since when the oldest item that is ready is due."""
    as_of: int
    max_attempts: int
    max_lost: int
    """Claims that end without an answer until an item is failed; NO_BOUND: never."""
    settings_version: int
    """0: never configured nor paused."""
    paused: bool
    groups: int
    """That have queued or sending items."""
    busy_groups: int
    """Of those, the ones of which an item is held."""
    dedup_window: int
    """Microseconds for which a completed id goes on blocking; 0: not at all."""
    dedup_max: int
    completed: int
    """Ids that still block."""
    dropped: int
    """Completed ids that dedup_max cut short, ever."""


@dataclass(frozen=True)
class CompletedId:
    id: str
    until: int
    """It blocks before this time."""
    version: int


@dataclass(frozen=True)
class Drained:
    sent: int
    failed: int
    left: int
    """Still there for a later pass."""
    changed: int
    """Changed, taken or removed by others meanwhile."""


def _rerun(s: RerunStruct) -> Rerun:
    return Rerun(
        s.payload.bytes(),
        time_or_none(s.enqueued_at),
        time_or_none(s.available_at),
        s.available_computed,
    )


def _item(s: ItemStruct) -> OutboxItem:
    return OutboxItem(
        id=s.id.text(),
        payload=s.payload.bytes(),
        status=Status(s.status),
        attempts=s.attempts,
        max_attempts=s.max_attempts,
        priority=s.priority,
        enqueued_at=time_or_none(s.enqueued_at),
        available_at=time_or_none(s.available_at),
        last_error=s.last_error.text(),
        group=s.group.text(),
        queue=s.queue.text(),
        extra=s.extra.bytes(),
        lost=s.lost,
        available_computed=s.available_computed,
        run_until=time_or_none(s.run_until),
        rerun=_rerun(s.rerun.contents) if s.rerun else None,
        token=s.token,
        owner=s.owner.text(),
        lease_until=time_or_none(s.lease_until),
        version=s.version,
    )


def _items(s: ItemsStruct) -> list[OutboxItem]:
    return [_item(s.items[i]) for i in range(s.count)]


def _count(s: CountStruct) -> StatusCount:
    return StatusCount(s.items, time_or_none(s.oldest))


# --- Mutations
# --------------------------------------------------------------------------------------------------


class OutboxMutations(Domain):
    """What can be done to queues, at once (``store.outbox``) or in a transaction
    (``txn.outbox``)."""

    def enqueue(
        self,
        queue: Text,
        id: Text,  # noqa: A002 - as the library calls it
        payload: Payload = b"",
        *,
        enqueued_at: Time = None,
        available_at: Time = None,
        priority: int = 0,
        max_attempts: int = 0,
        dedup: Dedup = Dedup.KEEP,
        group: Text = "",
        extra: Payload = b"",
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Adds an item. An id that is live already is left as it is, unless ``dedup`` says
        otherwise; one that was completed goes on blocking
        for the queue's ``dedup_window``.

        :param group: of one group one item at a time is given by :meth:`Outbox.claim_next`, in the
        order of enqueueing
        """
        borrow = Borrow()
        args = EnqueueStruct(
            write(expect, durability),
            borrow.bytes(queue),
            borrow.bytes(id),
            borrow.bytes(payload),
            time(enqueued_at),
            time(available_at),
            priority,
            max_attempts,
            member(Dedup, dedup, "dedup"),
            borrow.bytes(group),
            borrow.bytes(extra),
        )
        return self._mutate("hf_outbox_enqueue", args)

    def enqueue_many(
        self,
        queue: Text,
        items: Iterable[OutboxInput],
        *,
        dedup: Dedup = Dedup.KEEP,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Adds all or none, in the order given."""
        borrow = Borrow()
        structs = [
            InputStruct(
                borrow.bytes(item.id),
                borrow.bytes(item.payload),
                time(item.enqueued_at),
                time(item.available_at),
                item.priority,
                item.max_attempts,
                borrow.bytes(item.group),
                borrow.bytes(item.extra),
            )
            for item in instances(items, OutboxInput, "items")
        ]
        args = EnqueueManyStruct(
            write(None, durability),
            borrow.bytes(queue),
            borrow.array(InputStruct, structs),
            len(structs),
            member(Dedup, dedup, "dedup"),
        )
        return self._mutate("hf_outbox_enqueue_many", args)

    def put(
        self,
        queue: Text,
        item: OutboxItem,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Stores an item as given but for token, owner, lease and version (import, migration); its
        own ``queue`` says where it came from, and
        decides nothing. enqueued_at and available_at must be given; 0 is the first instant of 1970.
        """
        borrow = Borrow()
        instance(item, OutboxItem, "item")
        struct = ItemStruct(
            queue=borrow.bytes(item.queue),
            id=borrow.bytes(item.id),
            payload=borrow.bytes(item.payload),
            status=member(Status, item.status, "status"),
            extra=borrow.bytes(item.extra),
            attempts=item.attempts,
            lost=item.lost,
            available_computed=item.available_computed,
            max_attempts=item.max_attempts,
            priority=item.priority,
            enqueued_at=time(item.enqueued_at),
            available_at=time(item.available_at),
            last_error=borrow.bytes(item.last_error),
            group=borrow.bytes(item.group),
        )
        if item.rerun is not None:
            noted = instance(item.rerun, Rerun, "rerun")
            rerun = RerunStruct(
                borrow.bytes(noted.payload),
                time(noted.enqueued_at),
                time(noted.available_at),
                noted.available_computed,
            )
            struct.rerun = ctypes.pointer(borrow.keep(rerun))
        return self._mutate(
            "hf_outbox_put", PutStruct(write(expect, durability), borrow.bytes(queue), struct)
        )

    def configure(
        self,
        queue: Text,
        *,
        max_attempts: Optional[int] = None,
        max_lost: Optional[int] = None,
        dedup_window: Optional[Duration] = None,
        dedup_max: Optional[int] = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Settings of a queue; ``expect`` is their own version. What is not given stays as it is;
        in a transaction, as the operations before it left it.

        :param max_attempts: attempts until an item is failed; 0: 5
        :param max_lost: claims that end without an answer until it is failed; 0: 10;
        :data:`NO_BOUND`: never
        :param dedup_window: for how long the id of a completed item goes on blocking; 0: not at all
        :param dedup_max: at most so many completed ids, the oldest are dropped; 0: a million
        """
        borrow = Borrow()
        given = (max_attempts, max_lost, dedup_window, dedup_max)
        args = ConfigureStruct(
            write=write(expect, durability),
            queue=borrow.bytes(queue),
            max_attempts=0 if max_attempts is None else max_attempts,
            max_lost=0 if max_lost is None else max_lost,
            dedup_window_us=0 if dedup_window is None else duration(dedup_window),
            dedup_max=0 if dedup_max is None else dedup_max,
            leave=sum(leave for leave, value in zip(_LEAVE, given) if value is None),
        )
        return self._mutate("hf_outbox_configure", args)

    def pause(
        self,
        queue: Text,
        *,
        wait: Duration = 0,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """From now on ``claim_next`` gives nothing, until :meth:`resume`; survives closing.

        :param wait: then wait so long until nothing of it is sending
        """
        borrow, span = Borrow(), duration(wait)
        args = PauseStruct(write(expect, durability), borrow.bytes(queue), span)

        def body() -> Result:
            return self._mutate("hf_outbox_pause", args)

        # Who is interrupted leaves the queue paused.
        return (
            body()
            if self._in_transaction
            else waited(self._owner, span, args.write, body, lambda result: None)
        )

    def resume(
        self,
        queue: Text,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        borrow = Borrow()
        return self._mutate(
            "hf_outbox_resume", PauseStruct(write(expect, durability), borrow.bytes(queue))
        )

    def put_completed(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        until: Time,
        *,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Notes an id as completed: it blocks until then (import)."""
        borrow = Borrow()
        args = PutCompletedStruct(
            write(None, durability), borrow.bytes(queue), borrow.bytes(id), time(until)
        )
        return self._mutate("hf_outbox_put_completed", args)

    def redrive(
        self,
        queue: Text,
        *,
        group: Text = "",
        error: Text = "",
        enqueued_before: Time = None,
        attempts_below: Optional[int] = None,
        limit: int = 0,
        reset_attempts: bool = False,
        dry_run: bool = False,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Queues the failed items that match again, attempts kept, in one transaction. Every
        condition that is given must hold.

        :param error: part of the last error
        :param limit: at most so many, the first in the order of enqueueing; 0: all
        """
        borrow = Borrow()
        args = RedriveStruct(
            write(None, durability),
            borrow.bytes(queue),
            borrow.bytes(group),
            borrow.bytes(error),
            time(enqueued_before),
            bound(attempts_below, "attempts_below", 2**32 - 1),
            limit,
            reset_attempts,
            dry_run,
        )
        return self._mutate("hf_outbox_redrive", args)

    def prune(
        self,
        queue: Text,
        *,
        status: Status = Status.FAILED,
        enqueued_before: Time = None,
        limit: int = 0,
        dry_run: bool = False,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Removes failed or queued items that nobody will deliver any more, in one transaction."""
        borrow = Borrow()
        args = PruneStruct(
            write(None, durability),
            borrow.bytes(queue),
            member(Status, status, "status"),
            time(enqueued_before),
            limit,
            dry_run,
        )
        return self._mutate("hf_outbox_prune", args)

    def reschedule(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        *,
        available_at: Time = None,
        priority: Optional[int] = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Moves a queued item in time or priority without claiming it; what is None stays."""
        borrow = Borrow()
        args = RescheduleStruct(
            write(expect, durability),
            borrow.bytes(queue),
            borrow.bytes(id),
            available_at is not None,
            time(available_at),
            priority is not None,
            0 if priority is None else priority,
        )
        return self._mutate("hf_outbox_reschedule", args)

    def clear(self, queue: Text, *, durability: Durability = Durability.DURABLE) -> Result:
        """Removes every item of the queue, held ones too."""
        borrow = Borrow()
        return self._mutate(
            "hf_outbox_clear", ClearStruct(write(None, durability), borrow.bytes(queue))
        )

    def extend(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        token: int,
        lease: Duration,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """A heartbeat: the lease now ends ``lease`` from now (0: no lease any more).

        :raises StaleError: the token is not the current one, or its lease is over; of all that take
        a token
        """
        borrow = Borrow()
        args = ExtendStruct(
            write(expect, durability), borrow.bytes(queue), borrow.bytes(id), token, duration(lease)
        )
        return self._mutate("hf_outbox_extend", args)

    def complete(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        token: int,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Delivered: the item goes."""
        borrow = Borrow()
        args = CompleteStruct(
            write(expect, durability), borrow.bytes(queue), borrow.bytes(id), token
        )
        return self._mutate("hf_outbox_complete", args)

    def fail(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        token: int,
        reason: Text = "",
        *,
        max_attempts: int = 0,
        backoff: Backoff = Backoff(),
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """An attempt failed: queued again after the backoff, or failed for good at max_attempts."""
        borrow = Borrow()
        args = FailStruct(
            write(expect, durability),
            borrow.bytes(queue),
            borrow.bytes(id),
            token,
            max_attempts,
            borrow.bytes(reason),
            instance(backoff, Backoff, "backoff")._struct(),
        )
        return self._mutate("hf_outbox_fail", args)

    def release(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        token: int,
        *,
        delay: Duration = 0,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Gives the item back without counting an attempt."""
        borrow = Borrow()
        args = ReleaseStruct(
            write(expect, durability), borrow.bytes(queue), borrow.bytes(id), token, duration(delay)
        )
        return self._mutate("hf_outbox_release", args)

    def remove(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """The item goes, also while it is held."""
        borrow = Borrow()
        args = RemoveStruct(write(expect, durability), borrow.bytes(queue), borrow.bytes(id))
        return self._mutate("hf_outbox_remove", args)

    def mark_failed(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        reason: Text = "",
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Attempts + 1 and failed, whatever the count, also while it is held."""
        borrow = Borrow()
        args = MarkFailedStruct(
            write(expect, durability), borrow.bytes(queue), borrow.bytes(id), borrow.bytes(reason)
        )
        return self._mutate("hf_outbox_mark_failed", args)

    def retry(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        *,
        reset_attempts: bool = False,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Queued again, attempts kept unless asked."""
        borrow = Borrow()
        args = RetryStruct(
            write(expect, durability), borrow.bytes(queue), borrow.bytes(id), reset_attempts
        )
        return self._mutate("hf_outbox_retry", args)


def _claim_args(
    queue: Text,
    id: Text,  # noqa: A002
    owner: Text,
    lease: Duration,
    max_run: Optional[Duration],
    expect: Optional[int],
    durability: Durability,
) -> tuple[Borrow, ClaimStruct]:
    borrow = Borrow()
    return borrow, ClaimStruct(
        write(expect, durability),
        borrow.bytes(queue),
        borrow.bytes(id),
        borrow.bytes(owner),
        duration(lease),
        bound_age(max_run, "max_run"),
    )


def _claim_next_args(
    queue: Union[Text, Sequence[Text]],
    owner: Text,
    lease: Duration,
    max_run: Optional[Duration],
    max: int,  # noqa: A002
    durability: Durability,
    wait: Duration,
) -> tuple[Borrow, ClaimNextStruct]:
    borrow = Borrow()
    several = (
        []
        if isinstance(queue, (str, bytes))
        else [borrow.bytes(name) for name in instances(queue, (str, bytes), "queue")]
    )
    queues = (Bytes * len(several))(*several)
    args = ClaimNextStruct(
        write(None, durability),
        borrow.bytes(queue if isinstance(queue, (str, bytes)) else ""),
        queues if several else None,
        len(several),
        number(max, "max", 1, 2**32 - 1),
        borrow.bytes(owner),
        duration(lease),
        bound_age(max_run, "max_run"),
        duration(wait),
    )
    return borrow, args


class OutboxInTransaction(OutboxMutations):
    """``txn.outbox``"""

    _in_transaction = True

    def claim(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        owner: Text,
        *,
        lease: Duration = 0,
        max_run: Optional[Duration] = None,
        expect: Optional[int] = None,
    ) -> Deferred[OutboxItem]:
        """Claims one item by name; its value is there after the commit."""
        borrow, args = _claim_args(queue, id, owner, lease, max_run, expect, Durability.DURABLE)
        return deferred(
            self._owner, "hf_outbox_claim", args, ItemsStruct(), lambda out: _items(out)[0]
        )

    def claim_next(
        self,
        queue: Union[Text, Sequence[Text]],
        owner: Text,
        *,
        lease: Duration = 0,
        max_run: Optional[Duration] = None,
        max: int = 1,  # noqa: A002
    ) -> Deferred[list[OutboxItem]]:
        """Claims what is next; its value is there after the commit."""
        borrow, args = _claim_next_args(queue, owner, lease, max_run, max, Durability.DURABLE, 0)
        return deferred(self._owner, "hf_outbox_claim_next", args, ItemsStruct(), _items)

    def guard(self, queue: Text, id: Text, *, expect: int) -> Result:  # noqa: A002
        """Aborts the transaction unless the item has this version (:data:`ABSENT`: does not exist).
        Writes nothing."""
        borrow = Borrow()
        return self._mutate(
            "hf_outbox_guard", GuardStruct(write(expect), borrow.bytes(queue), borrow.bytes(id))
        )

    def guard_claim(self, queue: Text, id: Text, token: int) -> Result:  # noqa: A002
        """Aborts the transaction unless the token holds the item: write only while the work is
        still mine."""
        borrow = Borrow()
        args = GuardClaimStruct(write(), borrow.bytes(queue), borrow.bytes(id), token)
        return self._mutate("hf_outbox_guard_claim", args)


# --- Reads, claims, draining
# --------------------------------------------------------------------------------------------------


class _Caught:
    """Carries an exception of a callback past the library, which knows none."""

    def __init__(self) -> None:
        self.error: Optional[BaseException] = None

    def again(self) -> None:
        if self.error is not None:
            raise self.error


class EndPass(Exception):
    """Raised by a sender: the item is released, which is no attempt, and :meth:`Outbox.drain` ends
    without sending any more."""


class Outbox(OutboxMutations):
    """``store.outbox``"""

    def claim(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        owner: Text,
        *,
        lease: Duration = 0,
        max_run: Optional[Duration] = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> OutboxItem:
        """Claims one item by name, delayed or failed ones too. Of any number of concurrent claims
        exactly one wins.

        :param lease: how long it is mine; 0: until the store is closed
        :raises ClaimedError: another claim holds it
        """
        borrow, args = _claim_args(queue, id, owner, lease, max_run, expect, durability)
        return answered(
            self._owner,
            "hf_outbox_claim",
            args,
            ItemsStruct(),
            lambda out: _items(out)[0],
            lambda item: self._give_back([item]),
        )

    def _give_back(self, items: "Iterable[OutboxItem]") -> None:
        for item in items:
            release = partial(self.release, item.queue, item.id, item.token)
            unless_refused(release)

    def claim_next(
        self,
        queue: Union[Text, Sequence[Text]],
        owner: Text,
        *,
        lease: Duration = 0,
        max_run: Optional[Duration] = None,
        max: int = 1,  # noqa: A002 - as the library calls it
        wait: Duration = 0,
        durability: Durability = Durability.DURABLE,
    ) -> list[OutboxItem]:
        """Claims up to ``max`` items by priority, available_at, enqueue order; an empty list when
        there is no work.
        Of several queues what is in the first goes before what is in the second, and so on.

        :param wait: how long to wait for work; :data:`FOR_EVER` is -1. Those who wait are served in
        the order of arrival
        """
        borrow, args = _claim_next_args(queue, owner, lease, max_run, max, durability, wait)

        def undo(items: Iterable[OutboxItem]) -> None:
            self._give_back(items)

        def body() -> List[OutboxItem]:
            return answered(self._owner, "hf_outbox_claim_next", args, ItemsStruct(), _items, undo)

        # What was claimed for a call that was interrupted is released: no attempt.
        return waited(self._owner, int(args.wait_us), args.write, body, undo)

    def get(self, queue: Text, id: Text, *, undurable: bool = False) -> OutboxItem:  # noqa: A002
        """One item.

        :raises NotFoundError: there is none
        """
        borrow = Borrow()
        key = KeyStruct(borrow.bytes(queue), borrow.bytes(id))
        return self._read(
            "hf_outbox_get", key, None, GotStruct(), undurable, lambda out: _item(out.item)
        )

    def list_page(
        self,
        queue: Text,
        *,
        status: Status = Status.ANY,
        match: Optional[Callable[[OutboxItem], bool]] = None,
        without_payload: bool = False,
        limit: int = 0,
        page: Optional[str] = None,
        undurable: bool = False,
    ) -> Page[OutboxItem]:
        """Items in enqueue order. ``match`` says which are wanted; it may call holdfast."""
        borrow, caught, owner = Borrow(), _Caught(), cast(Any, self._owner)
        if match is not None:
            checked_callback(match, "match")

        def wanted(_: Any, item: Any) -> bool:
            if caught.error is not None or match is None:
                return False
            try:
                return bool(call_back(owner._gate, match, _item(item.contents)))
            except (
                BaseException
            ) as error:  # noqa: B902 - it is raised again behind the library's call
                caught.error = error
                return False

        callback = _Match(wanted) if match is not None else _Match(0)
        args = ListStruct(
            borrow.bytes(queue),
            member(Status, status, "status"),
            callback,
            None,
            without_payload,
            limit,
            token(page),
        )

        def give(out: Any) -> Page[OutboxItem]:
            return Page(_items(out), token_or_none(out.next))

        def body() -> Page[OutboxItem]:
            found = self._read("hf_outbox_list", args, None, ItemsStruct(), undurable, give)
            caught.again()
            return found

        return body() if match is None else relayed(body, gate=owner._gate, calls_back=True)

    def list(
        self,
        queue: Text,
        *,
        status: Status = Status.ANY,
        match: Optional[Callable[[OutboxItem], bool]] = None,
        without_payload: bool = False,
        undurable: bool = False,
    ) -> Iterator[OutboxItem]:
        """The same, all of them, a page at a time."""
        return each(
            lambda page: self.list_page(
                queue,
                status=status,
                match=match,
                without_payload=without_payload,
                limit=PAGE_SIZE,
                page=page,
                undurable=undurable,
            )
        )

    def stats(self, queue: Text, *, undurable: bool = False) -> OutboxStats:
        borrow = Borrow()

        def give(out: Any) -> OutboxStats:
            return OutboxStats(
                queued=_count(out.queued),
                sending=_count(out.sending),
                failed=_count(out.failed),
                ready=out.ready,
                delayed=out.delayed,
                blocked=out.blocked,
                oldest_due=time_or_none(out.oldest_due),
                as_of=out.as_of,
                max_attempts=out.max_attempts,
                max_lost=out.max_lost,
                settings_version=out.settings_version,
                paused=out.paused,
                groups=out.groups,
                busy_groups=out.busy_groups,
                dedup_window=out.dedup_window_us,
                dedup_max=out.dedup_max,
                completed=out.completed,
                dropped=out.dropped,
            )

        return self._read(
            "hf_outbox_get_stats", borrow.bytes(queue), Bytes, StatsStruct(), undurable, give
        )

    def completed_page(
        self, queue: Text, *, limit: int = 0, page: Optional[str] = None, undurable: bool = False
    ) -> Page[CompletedId]:
        """The completed ids that still block, in the order in which they were completed."""
        borrow = Borrow()

        def give(out: Any) -> Page[CompletedId]:
            ids = (out.ids[i] for i in range(out.count))
            return Page(
                [CompletedId(s.id.text(), s.until, s.version) for s in ids], token_or_none(out.next)
            )

        args = CompletedListStruct(queue=borrow.bytes(queue), limit=limit, page=token(page))
        return self._read(
            "hf_outbox_list_completed", args, None, CompletedPageStruct(), undurable, give
        )

    def completed(self, queue: Text, *, undurable: bool = False) -> Iterator[CompletedId]:
        return each(
            lambda page: self.completed_page(queue, limit=PAGE_SIZE, page=page, undurable=undurable)
        )

    def queues(self, *, undurable: bool = False) -> Iterator[str]:
        """The queues that hold items or were ever configured, compared as bytes."""
        return names(self, "hf_outbox_names", undurable)

    def drain(
        self,
        queue: Text,
        send: Callable[[OutboxItem], None],
        *,
        max_attempts: int = 0,
        backoff: Backoff = Backoff(),
        owner: Text = "",
        lease: Duration = 0,
        with_delayed: bool = False,
        with_paused: bool = False,
        durability: Durability = Durability.DURABLE,
    ) -> Drained:
        """One pass over what is queued: claim, ``send``, then complete, or fail when ``send``
        raised. What it raised becomes the item's last
        error. A sender ends the pass by raising :class:`EndPass`; what is no ``Exception`` (a
        KeyboardInterrupt) ends it too, and is raised again. The item
        that it was about is released then, which is no attempt, and what is left stays queued and
        counts as left.

        A failure of the store ends the pass and is raised, with what the sender raised last as its
        ``__cause__``.
        """
        borrow, caught, owner_ = Borrow(), _Caught(), cast(Any, self._owner)
        checked_callback(send, "send")
        ended: List[bool] = []
        last: List[BaseException] = []

        def deliver(_: Any, item: Any, reason: Any, size: int) -> int:
            try:
                if ended:
                    raise EndPass()
                last.clear()
                call_back(owner_._gate, send, _item(item.contents))
                return True
            except BaseException as error:  # noqa: B902 - it must not pass through the library
                if isinstance(error, EndPass) or not isinstance(error, Exception):
                    ended.append(True)
                    if not isinstance(error, Exception):
                        caught.error = caught.error or error
                    return _GIVEN_BACK
                last.append(error)
                text = f"{type(error).__name__}: {error}".encode("utf-8", "replace").replace(
                    b"\0", b"?"
                )[: size - 1]
                memmove(reason, text + b"\0", len(text) + 1)
                return False

        args = DrainStruct(
            borrow.bytes(queue),
            _Send(deliver),
            None,
            max_attempts,
            instance(backoff, Backoff, "backoff")._struct(),
            borrow.bytes(owner),
            duration(lease),
            with_delayed,
            with_paused,
            member(Durability, durability, "durability"),
        )
        out, error = DrainedStruct(), ErrorStruct()
        call = function(
            "hf_outbox_drain",
            c_void_p,
            POINTER(DrainStruct),
            POINTER(DrainedStruct),
            POINTER(ErrorStruct),
        )

        def body() -> Drained:
            with self._owner._call() as (store, _):
                rc = call(store, byref(args), byref(out), byref(error))
            # Of two failures neither is lost.
            failure = error.error() if rc != 0 else None
            if caught.error is not None:
                raise caught.error from failure
            if failure is not None:
                raise failure from (last[0] if last else None)
            return Drained(out.sent, out.failed, out.left, out.changed)

        return relayed(body, gate=owner_._gate, calls_back=True)
