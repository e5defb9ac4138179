"""Inboxes: notification records of users, dismissals that stick, snoozes, tombstones, a poller's
status: holdfast/inbox.h."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, Iterable, Iterator, Optional, Sequence, Union, overload

from ._abi import (
    After,
    Bytes,
    Durability,
    Duration,
    Page,
    Payload,
    Raw,
    Result,
    Returning,
    Text,
    Time,
    ZERO,
    alone,
    bound,
    bound_age,
    duration,
    flag,
    given,
    instance,
    instances,
    needed,
    optional,
    struct,
    time_or_none,
    token,
    token_or_none,
    value_of,
    write,
)
from ._domain import Domain, PAGE_SIZE, RETURNED, each
from ._names import names
from ._positions import behind

NO_TOMBSTONE = ZERO
"""As ``tombstone_for`` of a replacing save: what is dropped leaves no tombstone."""
_NO_TOMBSTONE = -1  # HF_INBOX_NO_TOMBSTONE


# --- Structs
# --------------------------------------------------------------------------------------------------


KeyStruct = struct("hf_inbox_key")

InputStruct = struct("hf_inbox_input")
MarkStruct = struct("hf_inbox_mark_args")
MarkAllStruct = struct("hf_inbox_mark_all_args")
LoadStruct = struct("hf_inbox_load_args")

DismissedStruct = struct("hf_inbox_list_dismissed_args")

TombstonesStruct = struct("hf_inbox_list_tombstones_args")

# --- Values
# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InboxInput:
    """A record as a save takes it. The four times and the snooze at the end count with ``restore``
    only."""

    thread: Text
    payload: Payload = b""
    account: Text = "primary"
    unread: bool = False
    dismissed: bool = False
    score: float = 0.0
    updated_at: Time = None
    snapshot_at: Time = None
    seen_at: Time = None
    read_at: Time = None
    dismissed_at: Time = None
    snoozed_until: Time = None


@dataclass(frozen=True)
class InboxRecord:
    """A record as it is, or as :meth:`InboxMutations.put` is to store it."""

    user: str
    thread: str
    account: str = "primary"
    payload: bytes = b""
    unread: bool = False
    dismissed: bool = False
    score: float = 0.0
    updated_at: Optional[datetime] = None
    snapshot_at: Optional[datetime] = None
    """``generated_at`` of the save that last wrote it."""
    seen_at: Optional[datetime] = None
    read_at: Optional[datetime] = None
    dismissed_at: Optional[datetime] = None
    snoozed_until: Optional[datetime] = None
    saved: int = 0
    """LSN of that save: what ``mark_all_read`` and ``dismiss_all`` compare."""
    version: int = 0


@dataclass(frozen=True)
class InboxKey:
    user: str
    account: str
    thread: str


@dataclass(frozen=True)
class Tombstone:
    """What is remembered of a record that went."""

    user: str
    thread: str
    account: str = "primary"
    until: Optional[datetime] = None
    """None, of one that is put: there is none any more."""
    dismissed: bool = False
    """True: the record comes back dismissed; False: it does not come back."""
    dismissed_at: Optional[datetime] = None
    version: int = 0


@dataclass(frozen=True)
class InboxCounts:
    total: int
    unread: int
    """Unread and not dismissed; so is unseen."""
    unseen: int
    dismissed: int


@dataclass(frozen=True)
class InboxStatus:
    status: bytes
    version: int
    """0: never set."""
    extra: bytes = b""
    """What is kept beside it."""


class InboxPage(Page[InboxRecord]):
    """A page of a load, and the newest ``generated_at`` that the inbox has seen (None: never
    saved)."""

    __slots__ = ("generated_at",)

    def __init__(
        self, items: list[InboxRecord], next: Optional[str], generated_at: Optional[datetime]
    ) -> None:  # noqa: A002
        super().__init__(items, next)
        self.generated_at = generated_at


class Loaded(Iterator[InboxRecord]):
    """The records of a load, once, and the newest ``generated_at`` that the inbox has seen (None:
    never saved), as the first page found it."""

    def __init__(self, fetch: Callable[..., InboxPage], after: After) -> None:
        first = fetch(after=after)
        self.generated_at = first.generated_at
        self._records = each(lambda **begin: fetch(**begin) if "page" in begin else first)

    def __iter__(self) -> Loaded:
        return self

    def __next__(self) -> InboxRecord:
        return next(self._records)


def _record(s: Any) -> InboxRecord:
    return value_of(InboxRecord, s)


RETURNED["hf_inbox_got"] = lambda out: _record(out.record)


def _tombstone(s: Any) -> Tombstone:
    return value_of(Tombstone, s)


def _key(user: Text, account: Text, thread: Text) -> Any:
    return KeyStruct(user=user, account=account, thread=thread)


def _input(record: Union[InboxInput, InboxRecord]) -> Any:
    return InputStruct(
        account=record.account,
        thread=record.thread,
        payload=record.payload,
        unread=record.unread,
        dismissed=record.dismissed,
        score=record.score,
        updated_at=record.updated_at,
        snapshot_at=record.snapshot_at,
        seen_at=record.seen_at,
        read_at=record.read_at,
        dismissed_at=record.dismissed_at,
        snoozed_until=record.snoozed_until,
    )


def _span(tombstone_for: Optional[Duration]) -> Raw:
    """None: the library's default."""
    return Raw(0 if tombstone_for is None else duration(tombstone_for) or _NO_TOMBSTONE)


# --- Mutations
# --------------------------------------------------------------------------------------------------


class InboxMutations(Domain):
    """What can be done to inboxes, at once (``store.inbox``) or in a transaction
    (``txn.inbox``)."""

    def save(
        self,
        user: Text,
        records: Iterable[Union[InboxInput, InboxRecord]],
        *,
        generated_at: Time = None,
        replace: bool = False,
        restore: bool = False,
        only_newer: bool = False,
        tombstone_for: Optional[Duration] = None,
        now: Time = None,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Saves what a poller found. What was dismissed stays dismissed, whatever the records say.

        :param generated_at: when the picture was taken
        :param replace: the user's records that are not named go; the dismissed among them leave
        tombstones
        :param restore: new records take all their times from the input (imports)
        :param only_newer: a record whose updated_at is older than the stored one's is left alone,
        and counted in ``left_alone``
        :param tombstone_for: how long such a tombstone stands; None: 30 days; :data:`NO_TOMBSTONE`:
        none is left
        """
        kinds = (InboxInput, InboxRecord)
        structs = [_input(record) for record in instances(records, kinds, "records")]
        return self._mutate(
            "hf_inbox_save",
            write=write(None, durability, returning),
            user=user,
            records=structs,
            generated_at=generated_at,
            mode=int(flag(replace, "replace")),
            restore=restore,
            now=now,
            tombstone_for=_span(tombstone_for),
            only_newer=only_newer,
        )

    def put(
        self,
        record: InboxRecord,
        *,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Stores one record, as a get gave it or as it was built: a new one with all of its times.
        One that is there takes payload, unread, score and updated_at as from a :meth:`save`, which
        never takes a dismissal back."""
        one = instance(record, InboxRecord, "record")
        return self.save(
            one.user,
            [one],
            generated_at=one.snapshot_at,
            restore=True,
            durability=durability,
            returning=returning,
        )

    def set_status(
        self,
        user: Text,
        status: Payload,
        *,
        extra: Optional[Payload] = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Sets the inbox's one opaque value, up to 64 KiB.

        :param extra: opaque bytes kept beside it, as an import does; None: those that are there
        stay
        """
        return self._mutate(
            "hf_inbox_set_status",
            write=write(expect, durability),
            user=user,
            status=status,
            extra=given(extra),
            set_extra=extra is not None,
        )

    def _mark(
        self,
        name: str,
        user: Text,
        thread: Text,
        account: Text,
        now: Time,
        expect: Optional[int],
        durability: Durability,
        returning: Returning,
        missing_ok: bool,
    ) -> Result:
        args = MarkStruct(
            write=write(expect, durability, returning, missing_ok=missing_ok),
            key=_key(user, account, thread),
            now=now,
        )
        return self._mutate(name, args)

    def dismiss(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        now: Time = None,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """No save brings the record back to what is not dismissed."""
        return self._mark(
            "hf_inbox_dismiss",
            user,
            thread,
            account,
            now,
            expect,
            durability,
            returning,
            missing_ok,
        )

    def undismiss(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        now: Time = None,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Takes a dismissal back."""
        return self._mark(
            "hf_inbox_undismiss",
            user,
            thread,
            account,
            now,
            expect,
            durability,
            returning,
            missing_ok,
        )

    def mark_read(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        now: Time = None,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        return self._mark(
            "hf_inbox_mark_read",
            user,
            thread,
            account,
            now,
            expect,
            durability,
            returning,
            missing_ok,
        )

    def mark_unread(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        now: Time = None,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        return self._mark(
            "hf_inbox_mark_unread",
            user,
            thread,
            account,
            now,
            expect,
            durability,
            returning,
            missing_ok,
        )

    def mark_seen(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        now: Time = None,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Seen in a list, which is less than read."""
        return self._mark(
            "hf_inbox_mark_seen",
            user,
            thread,
            account,
            now,
            expect,
            durability,
            returning,
            missing_ok,
        )

    def snooze(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        until: Time,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
        returning: Returning = False,
    ) -> Result:
        """Puts the record off: loads without snoozed ones leave it out until then. None wakes
        it."""
        return self._mutate(
            "hf_inbox_snooze",
            write=write(expect, durability, returning, missing_ok=missing_ok),
            key=_key(user, account, thread),
            until=until,
        )

    def remove(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        tombstone_for: Duration = ZERO,
        expect: Optional[int] = None,
        missing_ok: bool = False,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Removes one record; while the tombstone stands no save brings it back."""
        return self._mutate(
            "hf_inbox_remove",
            write=write(expect, durability, missing_ok=missing_ok),
            key=_key(user, account, thread),
            tombstone_for=tombstone_for,
        )

    @overload
    def put_tombstone(
        self,
        user: Tombstone,
        *,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result: ...

    @overload
    def put_tombstone(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        until: Time,
        dismissed: bool = False,
        dismissed_at: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result: ...

    def put_tombstone(
        self,
        user: Union[Text, Tombstone],
        thread: Optional[Text] = None,
        account: Text = "primary",
        *,
        until: Time = None,
        dismissed: bool = False,
        dismissed_at: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Stores a tombstone as given; or a :class:`Tombstone`, as a list gave it or as it was
        built. A time that is over, or None, lifts the one that stands."""
        if isinstance(user, Tombstone):
            alone(
                "a tombstone",
                thread=thread is not None,
                account=account != "primary",
                until=until is not None,
                dismissed=dismissed is not False,
                dismissed_at=dismissed_at is not None,
            )
            stone = user
            user, thread, account, until = stone.user, stone.thread, stone.account, stone.until
            dismissed, dismissed_at = stone.dismissed, stone.dismissed_at
        return self._mutate(
            "hf_inbox_put_tombstone",
            write=write(expect, durability),
            key=_key(user, account, needed(thread, "thread", user)),
            dismissed=dismissed,
            dismissed_at=dismissed_at,
            until=until,
        )

    def _mark_all(
        self,
        name: str,
        user: Text,
        account: Optional[Text],
        up_to: Optional[int],
        now: Time,
        durability: Durability,
    ) -> Result:
        args = MarkAllStruct(
            write=write(None, durability),
            user=user,
            account=optional(account),
            up_to=bound(up_to, "up_to"),
            now=now,
        )
        return self._mutate(name, args)

    def mark_all_read(
        self,
        user: Text,
        *,
        account: Optional[Text] = None,
        up_to: Optional[int] = None,
        now: Time = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Marks as read, in one entry of the log, every record whose ``saved`` is not beyond
        ``up_to`` (None: all)"""
        return self._mark_all("hf_inbox_mark_all_read", user, account, up_to, now, durability)

    def dismiss_all(
        self,
        user: Text,
        *,
        account: Optional[Text] = None,
        up_to: Optional[int] = None,
        now: Time = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """The same as a dismissal of each."""
        return self._mark_all("hf_inbox_dismiss_all", user, account, up_to, now, durability)

    def prune(
        self,
        user: Text,
        keep_accounts: Sequence[Text],
        *,
        tombstone_for: Optional[Duration] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Removes the records of accounts that are not listed; the dismissed among them leave
        tombstones, as in :meth:`save`. An empty list
        removes nothing."""
        return self._mutate(
            "hf_inbox_prune",
            write=write(None, durability),
            user=user,
            keep_accounts=instances(keep_accounts, (str, bytes), "keep_accounts"),
            tombstone_for=_span(tombstone_for),
        )

    def trim(
        self,
        user: Text,
        *,
        max_records: Optional[int] = None,
        max_age: Optional[Duration] = None,
        dry_run: bool = False,
        tombstone_for: Optional[Duration] = None,
        now: Time = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Drops from the end of load order what lies beyond either bound (None: no such bound);
        dismissed records leave tombstones, as in
        :meth:`save`."""
        return self._mutate(
            "hf_inbox_trim",
            write=write(None, durability),
            user=user,
            max_records=bound(max_records, "max_records"),
            max_age_us=bound_age(max_age, "max_age"),
            dry_run=dry_run,
            now=now,
            tombstone_for=_span(tombstone_for),
        )

    def clear(self, user: Text, *, durability: Durability = Durability.DURABLE) -> Result:
        """Removes all records and tombstones of the user, and the newest generated_at; the status
        stays."""
        return self._mutate("hf_inbox_clear", write=write(None, durability), user=user)


class InboxReads(Domain, reads=True):
    """What can be read, outside a transaction or in one, where it is so at the commit."""

    def get(
        self, user: Text, thread: Text, account: Text = "primary", *, undurable: bool = False
    ) -> InboxRecord:
        """One record.

        :param undurable: of every read: do not wait, show what a crash can still take back
        :raises NotFoundError: there is none
        """
        key = _key(user, account, thread)
        return self._read("hf_inbox_get", key, undurable, lambda out: _record(out.record))

    def load_page(
        self,
        user: Text,
        *,
        account: Optional[Text] = None,
        unread_only: bool = False,
        without_dismissed: bool = False,
        without_snoozed: bool = False,
        limit: int = 0,
        page: Optional[str] = None,
        after: After = None,
        undurable: bool = False,
    ) -> InboxPage:
        """Records by snapshot_at (newest first), score (highest first), account, thread."""
        args = LoadStruct(
            user=user,
            account=optional(account),
            unread_only=unread_only,
            without_dismissed=without_dismissed,
            without_snoozed=without_snoozed,
            limit=limit,
            page=token(page),
            after=behind("hf_inbox_position", after),
        )

        def give(out: Any) -> InboxPage:
            items = [_record(out.items[i]) for i in range(out.count)]
            return InboxPage(items, token_or_none(out.next), time_or_none(out.generated_at))

        return self._read("hf_inbox_load", args, undurable, give)

    def load(
        self,
        user: Text,
        *,
        account: Optional[Text] = None,
        unread_only: bool = False,
        without_dismissed: bool = False,
        without_snoozed: bool = False,
        after: After = None,
        undurable: bool = False,
    ) -> Loaded:
        """The same, all of them, a page at a time. What it gives tells ``generated_at``, too."""
        return Loaded(
            lambda **begin: self.load_page(
                user,
                account=account,
                unread_only=unread_only,
                without_dismissed=without_dismissed,
                without_snoozed=without_snoozed,
                limit=PAGE_SIZE,
                **begin,
                undurable=undurable,
            ),
            after,
        )

    def dismissed_page(
        self,
        user: Text,
        *,
        limit: int = 0,
        page: Optional[str] = None,
        after: After = None,
        undurable: bool = False,
    ) -> Page[InboxKey]:
        """Keys of the dismissed records, in key order."""
        args = DismissedStruct(
            user=user, limit=limit, page=token(page), after=behind("hf_inbox_key", after)
        )

        def give(out: Any) -> Page[InboxKey]:
            keys = (out.items[i] for i in range(out.count))
            items = [
                InboxKey(key.user.text(), key.account.text(), key.thread.text()) for key in keys
            ]
            return Page(items, token_or_none(out.next))

        return self._read("hf_inbox_list_dismissed", args, undurable, give)

    def dismissed(
        self, user: Text, *, after: After = None, undurable: bool = False
    ) -> Iterator[InboxKey]:
        return each(
            lambda **begin: self.dismissed_page(
                user, limit=PAGE_SIZE, undurable=undurable, **begin
            ),
            after,
        )

    def tombstones_page(
        self,
        user: Text,
        *,
        thread: Optional[Text] = None,
        account: Text = "primary",
        limit: int = 0,
        page: Optional[str] = None,
        after: After = None,
        undurable: bool = False,
    ) -> Page[Tombstone]:
        """The tombstones that stand, in key order; with a thread only the one of that key."""
        args = TombstonesStruct(
            user=user,
            account=account,
            thread=optional(thread),
            limit=limit,
            page=token(page),
            after=behind("hf_inbox_key", after),
        )

        def give(out: Any) -> Page[Tombstone]:
            return Page(
                [_tombstone(out.items[i]) for i in range(out.count)], token_or_none(out.next)
            )

        return self._read("hf_inbox_list_tombstones", args, undurable, give)

    def tombstones(
        self, user: Text, *, after: After = None, undurable: bool = False
    ) -> Iterator[Tombstone]:
        return each(
            lambda **begin: self.tombstones_page(
                user, limit=PAGE_SIZE, undurable=undurable, **begin
            ),
            after,
        )

    def counts(self, user: Text, *, undurable: bool = False) -> InboxCounts:
        def give(out: Any) -> InboxCounts:
            return value_of(InboxCounts, out)

        return self._read("hf_inbox_count", Bytes.of(user), undurable, give)

    def status(self, user: Text, *, undurable: bool = False) -> InboxStatus:
        def give(out: Any) -> InboxStatus:
            return value_of(InboxStatus, out)

        return self._read("hf_inbox_get_status", Bytes.of(user), undurable, give)

    def users(self, *, after: After = None, undurable: bool = False) -> Iterator[str]:
        """Whose inbox holds anything, compared as bytes."""
        return names(self, "hf_inbox_names", undurable, after)


class InboxInTransaction(InboxMutations, InboxReads):
    """``txn.inbox``"""

    def guard(self, user: Text, thread: Text, account: Text = "primary", *, expect: int) -> Result:
        """Aborts the transaction unless the record has this version (:data:`ABSENT`: does not
        exist). Writes nothing."""
        return self._mutate("hf_inbox_guard", write=write(expect), key=_key(user, account, thread))


# --- Reads
# --------------------------------------------------------------------------------------------------


class Inbox(InboxMutations, InboxReads):
    """``store.inbox``"""
