"""Outboxes: durable work queues, from which each item is claimed by one worker at a time:
holdfast/outbox.h."""

from __future__ import annotations

import enum
from ctypes import CFUNCTYPE, POINTER, byref, c_bool, c_size_t, c_uint32, c_void_p, memmove, pointer
from dataclasses import dataclass
from functools import partial
from datetime import datetime, timedelta
from typing import (
    Any,
    Callable,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Union,
    cast,
    overload,
)

from ._abi import (
    After,
    Bytes,
    Deferred,
    Durability,
    Duration,
    ErrorStruct,
    FOR_EVER,
    GivenToken,
    Page,
    Payload,
    Result,
    Returning,
    Text,
    Time,
    ZERO,
    alone,
    bound,
    bound_age,
    function,
    instance,
    instances,
    member,
    number,
    optional,
    struct,
    token,
    token_or_none,
    value_of,
    waiting,
    write,
)
from ._calls import call_back, callback as checked_callback, relayed
from ._domain import (
    Domain,
    PAGE_SIZE,
    RETURNED,
    answered,
    deferred,
    each,
    taken,
    unless_refused,
    waited,
)
from ._names import names
from ._positions import behind_number
from .waits import Wait, started, take_filled


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


RerunStruct = struct("hf_outbox_rerun")
ItemStruct = struct("hf_outbox_item")

InputStruct = struct("hf_outbox_input")
BackoffStruct = struct("hf_outbox_backoff")
KeyStruct = struct("hf_outbox_key")

_Match = CFUNCTYPE(c_bool, c_void_p, POINTER(ItemStruct))
_LEAVE = (1, 2, 4, 8)  # HF_OUTBOX_LEAVE_MAX_ATTEMPTS, _MAX_LOST, _DEDUP_WINDOW, _DEDUP_MAX
_GIVEN_BACK = 2 | 4  # HF_OUTBOX_SEND_RELEASE | HF_OUTBOX_SEND_END
_Send = CFUNCTYPE(c_uint32, c_void_p, POINTER(ItemStruct), c_void_p, c_size_t)
ListStruct = struct("hf_outbox_list_args")

DrainStruct = struct("hf_outbox_drain_args")
DrainedStruct = struct("hf_outbox_drained")


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

    payload: bytes = b""
    enqueued_at: Optional[datetime] = None
    available_at: Optional[datetime] = None
    available_computed: bool = False


@dataclass(frozen=True)
class OutboxItem:
    """An item as it is, as a claim gives it, or as :meth:`OutboxMutations.put` is to store it."""

    id: str
    payload: bytes = b""
    status: Status = Status.QUEUED
    attempts: int = 0
    max_attempts: int = 0
    priority: int = 0
    enqueued_at: Optional[datetime] = None
    """None, where it is to be put: now; so is available_at."""
    available_at: Optional[datetime] = None
    last_error: str = ""
    group: str = ""
    queue: str = ""
    extra: bytes = b""
    """Opaque bytes beside the payload."""
    lost: int = 0
    """Claims that ended without an answer since it was last queued by hand."""
    available_computed: bool = False
    """The store computed available_at: a set-back of its clock moves it."""
    run_until: Optional[datetime] = None
    """Only while sending: no extension goes beyond."""
    rerun: Optional[Rerun] = None
    token: int = 0
    """Only while sending; so are owner and lease_until."""
    owner: str = ""
    lease_until: Optional[datetime] = None
    version: int = 0
    place: int = 0
    """Where it stands in its queue, as ``get`` and ``list`` tell it; else 0."""


@dataclass(frozen=True)
class Backoff:
    """How long an item waits after a failed attempt. Exponential: a random time up to delay, then
    twice that, and so on up to cap."""

    kind: BackoffKind = BackoffKind.NONE
    delay: Duration = ZERO
    cap: Duration = ZERO

    def _struct(self) -> Any:
        return BackoffStruct(
            kind=member(BackoffKind, self.kind, "kind"), delay_us=self.delay, cap_us=self.cap
        )


@dataclass(frozen=True)
class StatusCount:
    items: int
    oldest: Optional[datetime]
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
    oldest_due: Optional[datetime]
    """Since when the oldest item that is ready is due."""
    as_of: datetime
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
    dedup_window: timedelta
    """For how long a completed id goes on blocking; zero: not at all."""
    dedup_max: int
    completed: int
    """Ids that still block."""
    dropped: int
    """Completed ids that dedup_max cut short, ever."""


@dataclass(frozen=True)
class CompletedId:
    id: str
    until: datetime
    """It blocks before this time."""
    version: int = 0


@dataclass(frozen=True)
class Drained:
    sent: int
    failed: int
    left: int
    """Still there for a later pass."""
    changed: int
    """Changed, taken or removed by others meanwhile."""


def _item(s: Any, place: int = 0) -> OutboxItem:
    return value_of(
        OutboxItem,
        s,
        status=Status(s.status),
        rerun=value_of(Rerun, s.rerun.contents) if s.rerun else None,
        place=place,
    )


RETURNED["hf_outbox_got"] = lambda out: _item(out.item, out.place)


def _items(s: Any) -> list[OutboxItem]:
    return [_item(s.items[i]) for i in range(s.count)]


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
        returning: Returning = False,
    ) -> Result:
        """Adds an item. An id that is live already is left as it is, unless ``dedup`` says
        otherwise; one that was completed goes on blocking
        for the queue's ``dedup_window``.

        :param group: of one group one item at a time is given by :meth:`Outbox.claim_next`, in the
        order of enqueueing
        """
        return self._mutate(
            "hf_outbox_enqueue",
            write=write(expect, durability, returning),
            queue=queue,
            id=id,
            payload=payload,
            enqueued_at=enqueued_at,
            available_at=available_at,
            priority=priority,
            max_attempts=max_attempts,
            dedup=member(Dedup, dedup, "dedup"),
            group=group,
            extra=extra,
        )

    def enqueue_many(
        self,
        queue: Text,
        items: Iterable[OutboxInput],
        *,
        dedup: Dedup = Dedup.KEEP,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Adds all or none, in the order given."""
        structs = [
            InputStruct(
                id=item.id,
                payload=item.payload,
                enqueued_at=item.enqueued_at,
                available_at=item.available_at,
                priority=item.priority,
                max_attempts=item.max_attempts,
                group=item.group,
                extra=item.extra,
            )
            for item in instances(items, OutboxInput, "items")
        ]
        return self._mutate(
            "hf_outbox_enqueue_many",
            write=write(None, durability),
            queue=queue,
            items=structs,
            dedup=member(Dedup, dedup, "dedup"),
        )

    def _now(self) -> datetime:
        """What the store's clock shows."""
        owner = cast(Any, self._owner)
        now: datetime = getattr(owner, "_store", owner).clock.show(undurable=True).now
        return now

    def put(
        self,
        item: OutboxItem,
        *,
        queue: Optional[Text] = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Stores an item, as a get gave it or as it was built, but for token, owner, lease, version
        and place. One that was held becomes queued.

        :param queue: another one than its own
        """
        instance(item, OutboxItem, "item")
        noted = None if item.rerun is None else instance(item.rerun, Rerun, "rerun")
        times = [item.enqueued_at, item.available_at]
        times += [] if noted is None else [noted.enqueued_at, noted.available_at]
        if None in times:
            now = self._now()
            times = [now if one is None else one for one in times]
        rerun = None
        if noted is not None:
            rerun = RerunStruct(
                payload=noted.payload,
                enqueued_at=times[2],
                available_at=times[3],
                available_computed=noted.available_computed,
            )
        struct = ItemStruct(
            queue=item.queue,
            id=item.id,
            payload=item.payload,
            status=member(Status, item.status, "status"),
            extra=item.extra,
            attempts=item.attempts,
            lost=item.lost,
            available_computed=item.available_computed,
            max_attempts=item.max_attempts,
            priority=item.priority,
            enqueued_at=times[0],
            available_at=times[1],
            last_error=item.last_error,
            group=item.group,
            rerun=rerun,
        )
        return self._mutate(
            "hf_outbox_put",
            write=write(expect, durability, returning),
            queue=item.queue if queue is None else queue,
            item=struct,
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
        given = (max_attempts, max_lost, dedup_window, dedup_max)
        return self._mutate(
            "hf_outbox_configure",
            write=write(expect, durability),
            queue=queue,
            max_attempts=0 if max_attempts is None else max_attempts,
            max_lost=0 if max_lost is None else max_lost,
            dedup_window_us=ZERO if dedup_window is None else dedup_window,
            dedup_max=0 if dedup_max is None else dedup_max,
            leave=sum(leave for leave, value in zip(_LEAVE, given) if value is None),
        )

    def pause(
        self,
        queue: Text,
        *,
        wait: Duration = ZERO,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """From now on ``claim_next`` gives nothing, until :meth:`resume`; survives closing.

        :param wait: then wait so long until nothing of it is sending
        """
        span = waiting(wait)
        args = taken("hf_outbox_pause", write=write(expect, durability), queue=queue, wait_us=span)

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
        return self._mutate("hf_outbox_resume", write=write(expect, durability), queue=queue)

    @overload
    def put_completed(
        self,
        queue: Text,
        id: CompletedId,  # noqa: A002
        *,
        durability: Durability = Durability.DURABLE,
    ) -> Result: ...

    @overload
    def put_completed(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        *,
        until: Time,
        durability: Durability = Durability.DURABLE,
    ) -> Result: ...

    def put_completed(
        self,
        queue: Text,
        id: Union[Text, CompletedId],  # noqa: A002
        *,
        until: Time = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Notes an id as completed: it blocks until then (import); or a :class:`CompletedId`, as a
        list gave it or as it was built."""
        if isinstance(id, CompletedId):
            alone("a completed id", until=until is not None)
            completed = id
            id, until = completed.id, completed.until
        return self._mutate(
            "hf_outbox_put_completed",
            write=write(None, durability),
            queue=queue,
            id=id,
            until=until,
        )

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
        return self._mutate(
            "hf_outbox_redrive",
            write=write(None, durability),
            queue=queue,
            group=group,
            error=error,
            enqueued_before=enqueued_before,
            attempts_below=bound(attempts_below, "attempts_below", 2**32 - 1),
            limit=limit,
            reset_attempts=reset_attempts,
            dry_run=dry_run,
        )

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
        return self._mutate(
            "hf_outbox_prune",
            write=write(None, durability),
            queue=queue,
            status=member(Status, status, "status"),
            enqueued_before=enqueued_before,
            limit=limit,
            dry_run=dry_run,
        )

    def reschedule(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        *,
        available_at: Time = None,
        priority: Optional[int] = None,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Moves a queued item in time or priority without claiming it; what is None stays."""
        return self._mutate(
            "hf_outbox_reschedule",
            write=write(expect, durability, returning, missing_ok=missing_ok),
            queue=queue,
            id=id,
            set_available_at=available_at is not None,
            available_at=available_at,
            set_priority=priority is not None,
            priority=0 if priority is None else priority,
        )

    def clear(self, queue: Text, *, durability: Durability = Durability.DURABLE) -> Result:
        """Removes every item of the queue, held ones too."""
        return self._mutate("hf_outbox_clear", write=write(None, durability), queue=queue)

    def extend(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        token: GivenToken,
        *,
        lease: Duration,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """A heartbeat: the lease now ends ``lease`` from now (0: no lease any more).

        :raises StaleError: the token is not the current one, or its lease is over; of all that take
        a token
        """
        return self._mutate(
            "hf_outbox_extend",
            write=write(expect, durability, returning),
            queue=queue,
            id=id,
            token=token,
            lease_us=lease,
        )

    def complete(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        token: GivenToken,
        *,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Delivered: the item goes."""
        return self._mutate(
            "hf_outbox_complete",
            write=write(expect, durability, returning, missing_ok=missing_ok),
            queue=queue,
            id=id,
            token=token,
        )

    def fail(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        token: GivenToken,
        reason: Text = "",
        *,
        max_attempts: int = 0,
        backoff: Backoff = Backoff(),
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """An attempt failed: queued again after the backoff, or failed for good at max_attempts."""
        return self._mutate(
            "hf_outbox_fail",
            write=write(expect, durability, returning, missing_ok=missing_ok),
            queue=queue,
            id=id,
            token=token,
            max_attempts=max_attempts,
            reason=reason,
            backoff=instance(backoff, Backoff, "backoff")._struct(),
        )

    def release(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        token: GivenToken,
        *,
        delay: Duration = ZERO,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Gives the item back without counting an attempt."""
        return self._mutate(
            "hf_outbox_release",
            write=write(expect, durability, returning, missing_ok=missing_ok),
            queue=queue,
            id=id,
            token=token,
            delay_us=delay,
        )

    def remove(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        *,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """The item goes, also while it is held."""
        return self._mutate(
            "hf_outbox_remove",
            write=write(expect, durability, missing_ok=missing_ok),
            queue=queue,
            id=id,
        )

    def mark_failed(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        reason: Text = "",
        *,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Attempts + 1 and failed, whatever the count, also while it is held."""
        return self._mutate(
            "hf_outbox_mark_failed",
            write=write(expect, durability, returning, missing_ok=missing_ok),
            queue=queue,
            id=id,
            reason=reason,
        )

    def retry(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        *,
        reset_attempts: bool = False,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Queued again, attempts kept unless asked."""
        return self._mutate(
            "hf_outbox_retry",
            write=write(expect, durability, returning, missing_ok=missing_ok),
            queue=queue,
            id=id,
            reset_attempts=reset_attempts,
        )


def _claim_args(
    queue: Text,
    id: Text,  # noqa: A002
    owner: Text,
    lease: Duration,
    max_run: Optional[Duration],
    expect: Optional[int],
    durability: Durability,
) -> Any:
    return taken(
        "hf_outbox_claim",
        write=write(expect, durability),
        queue=queue,
        id=id,
        owner=owner,
        lease_us=lease,
        max_run_us=bound_age(max_run, "max_run"),
    )


def _claim_next_args(
    queue: Union[Text, Sequence[Text]],
    owner: Text,
    lease: Duration,
    max_run: Optional[Duration],
    max: int,  # noqa: A002
    durability: Durability,
    wait: Duration,
) -> Any:
    one = isinstance(queue, (str, bytes))
    return taken(
        "hf_outbox_claim_next",
        write=write(None, durability),
        queue=queue if one else "",
        queues=[] if one else instances(queue, (str, bytes), "queue"),
        max=number(max, "max", 1, 2**32 - 1),
        owner=owner,
        lease_us=lease,
        max_run_us=bound_age(max_run, "max_run"),
        wait_us=wait,
    )


class OutboxReads(Domain, reads=True):
    """What can be read, outside a transaction or in one, where it is so at the commit."""

    def get(self, queue: Text, id: Text, *, undurable: bool = False) -> OutboxItem:  # noqa: A002
        """One item.

        :raises NotFoundError: there is none
        """
        key = KeyStruct(queue=queue, id=id)
        return self._read("hf_outbox_get", key, undurable, lambda out: _item(out.item, out.place))

    def list_page(
        self,
        queue: Text,
        *,
        status: Status = Status.ANY,
        match: Optional[Callable[[OutboxItem], bool]] = None,
        id_prefix: Optional[Text] = None,
        without_payload: bool = False,
        limit: int = 0,
        page: Optional[str] = None,
        after: After = None,
        undurable: bool = False,
    ) -> Page[OutboxItem]:
        """Items in enqueue order. ``match`` says which are wanted; it may call holdfast.

        :param id_prefix: only ids that begin with it. A page with a limit passes over 4,096 items
        at most that do not, and may be short or empty although ``next`` is given
        """
        caught, owner = _Caught(), cast(Any, self._owner)
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

        callback = _Match(wanted) if match is not None else None
        args = ListStruct(
            queue=queue,
            status=member(Status, status, "status"),
            match=callback,
            match_ctx=None,
            id_prefix=optional(id_prefix),
            without_payload=without_payload,
            limit=limit,
            page=token(page),
            after=behind_number(after, "place"),
        )

        def give(out: Any) -> Page[OutboxItem]:
            items = [_item(out.items[i], out.places[i].place) for i in range(out.count)]
            return Page(items, token_or_none(out.next))

        def body() -> Page[OutboxItem]:
            found = self._read("hf_outbox_list", args, undurable, give)
            caught.again()
            return found

        return body() if match is None else relayed(body, gate=owner._gate, calls_back=True)

    def list(
        self,
        queue: Text,
        *,
        status: Status = Status.ANY,
        match: Optional[Callable[[OutboxItem], bool]] = None,
        id_prefix: Optional[Text] = None,
        without_payload: bool = False,
        after: After = None,
        undurable: bool = False,
    ) -> Iterator[OutboxItem]:
        """The same, all of them, a page at a time."""
        return each(
            lambda **begin: self.list_page(
                queue,
                status=status,
                match=match,
                id_prefix=id_prefix,
                without_payload=without_payload,
                limit=PAGE_SIZE,
                **begin,
                undurable=undurable,
            ),
            after,
        )

    def stats(self, queue: Text, *, undurable: bool = False) -> OutboxStats:
        def give(out: Any) -> OutboxStats:
            return value_of(
                OutboxStats,
                out,
                queued=value_of(StatusCount, out.queued),
                sending=value_of(StatusCount, out.sending),
                failed=value_of(StatusCount, out.failed),
            )

        return self._read("hf_outbox_get_stats", Bytes.of(queue), undurable, give)

    def completed_page(
        self,
        queue: Text,
        *,
        id: Optional[Text] = None,  # noqa: A002 - as everywhere here
        limit: int = 0,
        page: Optional[str] = None,
        after: After = None,
        undurable: bool = False,
    ) -> Page[CompletedId]:
        """The completed ids that still block, in the order in which they were completed.

        :param id: only this one, if it blocks
        """

        def give(out: Any) -> Page[CompletedId]:
            ids = [value_of(CompletedId, s) for s in out.ids[: out.count]]
            return Page(ids, token_or_none(out.next))

        args = taken(
            "hf_outbox_list_completed",
            queue=queue,
            id=optional(id),
            limit=limit,
            page=token(page),
            after=behind_number(after, "version"),
        )
        return self._read("hf_outbox_list_completed", args, undurable, give)

    def completed(
        self,
        queue: Text,
        *,
        id: Optional[Text] = None,  # noqa: A002
        after: After = None,
        undurable: bool = False,
    ) -> Iterator[CompletedId]:
        return each(
            lambda **begin: self.completed_page(
                queue, id=id, limit=PAGE_SIZE, undurable=undurable, **begin
            ),
            after,
        )

    def queues(self, *, after: After = None, undurable: bool = False) -> Iterator[str]:
        """The queues that hold items or were ever configured, compared as bytes."""
        return names(self, "hf_outbox_names", undurable, after)


class OutboxInTransaction(OutboxMutations, OutboxReads):
    """``txn.outbox``"""

    _in_transaction = True

    def claim(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        owner: Text,
        *,
        lease: Duration = ZERO,
        max_run: Optional[Duration] = None,
        expect: Optional[int] = None,
    ) -> Deferred[OutboxItem]:
        """Claims one item by name; its value is there after the commit."""
        args = _claim_args(queue, id, owner, lease, max_run, expect, Durability.DURABLE)
        return deferred(self._owner, "hf_outbox_claim", args, lambda out: _items(out)[0])

    def claim_next(
        self,
        queue: Union[Text, Sequence[Text]],
        owner: Text,
        *,
        lease: Duration = ZERO,
        max_run: Optional[Duration] = None,
        max: int = 1,  # noqa: A002
    ) -> Deferred[list[OutboxItem]]:
        """Claims what is next; its value is there after the commit."""
        args = _claim_next_args(queue, owner, lease, max_run, max, Durability.DURABLE, ZERO)
        return deferred(self._owner, "hf_outbox_claim_next", args, _items)

    def guard(self, queue: Text, id: Text, *, expect: int) -> Result:  # noqa: A002
        """Aborts the transaction unless the item has this version (:data:`ABSENT`: does not exist).
        Writes nothing."""
        return self._mutate("hf_outbox_guard", write=write(expect), queue=queue, id=id)

    def guard_claim(self, queue: Text, id: Text, token: GivenToken) -> Result:  # noqa: A002
        """Aborts the transaction unless the token holds the item: write only while the work is
        still mine."""
        return self._mutate("hf_outbox_guard_claim", write=write(), queue=queue, id=id, token=token)


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


class Outbox(OutboxMutations, OutboxReads):
    """``store.outbox``"""

    def claim(
        self,
        queue: Text,
        id: Text,  # noqa: A002
        owner: Text,
        *,
        lease: Duration = ZERO,
        max_run: Optional[Duration] = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> OutboxItem:
        """Claims one item by name, delayed or failed ones too. Of any number of concurrent claims
        exactly one wins.

        :param lease: how long it is mine; 0: until the store is closed
        :raises ClaimedError: another claim holds it
        """
        args = _claim_args(queue, id, owner, lease, max_run, expect, durability)
        return answered(
            self._owner,
            "hf_outbox_claim",
            args,
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
        lease: Duration = ZERO,
        max_run: Optional[Duration] = None,
        max: int = 1,  # noqa: A002 - as the library calls it
        wait: Duration = ZERO,
        durability: Durability = Durability.DURABLE,
    ) -> list[OutboxItem]:
        """Claims up to ``max`` items by priority, available_at, enqueue order; an empty list when
        there is no work.
        Of several queues what is in the first goes before what is in the second, and so on.

        :param wait: how long to wait for work; or :data:`FOR_EVER`. Those who wait are served in
        the order of arrival
        """
        args = _claim_next_args(queue, owner, lease, max_run, max, durability, wait)

        def body() -> List[OutboxItem]:
            return answered(self._owner, "hf_outbox_claim_next", args, _items, self._give_back)

        # What was claimed for a call that was interrupted is released: no attempt.
        return waited(self._owner, int(args.wait_us), args.write, body, self._give_back)

    def start_claim_next(
        self,
        queue: Union[Text, Sequence[Text]],
        owner: Text,
        *,
        lease: Duration = ZERO,
        max_run: Optional[Duration] = None,
        max: int = 1,  # noqa: A002 - as the library calls it
        wait: Duration = FOR_EVER,
        durability: Durability = Durability.DURABLE,
    ) -> Wait[list[OutboxItem]]:
        """As :meth:`claim_next`, waited for by no thread; in line with those that wait in one. The
        lease runs from the grant."""
        args = _claim_next_args(queue, owner, lease, max_run, max, durability, wait)
        owner_: Any = self._owner

        def take(handle: c_void_p) -> List[OutboxItem]:
            name, like = "hf_outbox_claim_next_take", "hf_outbox_claim_next"
            return take_filled(handle, name, like, _items, self._give_back)

        with owner_._call() as (store, _):
            return started(store, owner_._waits, take, "hf_outbox_claim_next_start", pointer(args))

    def drain(
        self,
        queue: Text,
        send: Callable[[OutboxItem], None],
        *,
        max_attempts: int = 0,
        backoff: Backoff = Backoff(),
        owner: Text = "",
        lease: Duration = ZERO,
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
        caught, owner_ = _Caught(), cast(Any, self._owner)
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
            queue=queue,
            send=_Send(deliver),
            ctx=None,
            max_attempts=max_attempts,
            backoff=instance(backoff, Backoff, "backoff")._struct(),
            owner=owner,
            lease_us=lease,
            with_delayed=with_delayed,
            with_paused=with_paused,
            durability=member(Durability, durability, "durability"),
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
            return value_of(Drained, out)

        return relayed(body, gate=owner_._gate, calls_back=True)
