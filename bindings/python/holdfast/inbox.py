"""Inboxes: notification records of users, dismissals that stick, snoozes, tombstones, a poller's
status: holdfast/inbox.h."""

from __future__ import annotations

from ctypes import POINTER, c_bool, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint64, c_void_p
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Optional, Sequence

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
    bound,
    bound_age,
    flag,
    instances,
    duration,
    time,
    time_or_none,
    token,
    token_or_none,
    write,
)
from ._domain import PAGE_SIZE, Domain, each
from ._names import names

NO_TOMBSTONE = -1
"""As ``tombstone_for`` of a replacing save: what is dropped leaves no tombstone."""


# --- Structs
# --------------------------------------------------------------------------------------------------


class KeyStruct(Struct):
    c_name = "struct hf_inbox_key"
    _fields_ = [("user", Bytes), ("account", Bytes), ("thread", Bytes)]


class RecordStruct(Struct):
    c_name = "struct hf_inbox_record"
    _fields_ = [
        ("key", KeyStruct),
        ("payload", Bytes),
        ("unread", c_bool),
        ("dismissed", c_bool),
        ("score", c_double),
        ("updated_at", c_int64),
        ("snapshot_at", c_int64),
        ("seen_at", c_int64),
        ("read_at", c_int64),
        ("dismissed_at", c_int64),
        ("snoozed_until", c_int64),
        ("saved", c_uint64),
        ("version", c_uint64),
    ]


class InputStruct(Struct):
    c_name = "struct hf_inbox_input"
    _fields_ = [
        ("account", Bytes),
        ("thread", Bytes),
        ("payload", Bytes),
        ("unread", c_bool),
        ("dismissed", c_bool),
        ("score", c_double),
        ("updated_at", c_int64),
        ("snapshot_at", c_int64),
        ("seen_at", c_int64),
        ("read_at", c_int64),
        ("dismissed_at", c_int64),
        ("snoozed_until", c_int64),
    ]


class SaveStruct(Struct):
    c_name = "struct hf_inbox_save_args"
    _fields_ = [
        ("write", Write),
        ("user", Bytes),
        ("records", POINTER(InputStruct)),
        ("count", c_size_t),
        ("generated_at", c_int64),
        ("mode", c_int),
        ("restore", c_bool),
        ("now", c_int64),
        ("tombstone_for", c_int64),
        ("only_newer", c_bool),
    ]


class SetStatusStruct(Struct):
    c_name = "struct hf_inbox_set_status_args"
    _fields_ = [
        ("write", Write),
        ("user", Bytes),
        ("status", Bytes),
        ("extra", Bytes),
        ("set_extra", c_bool),
    ]


class MarkStruct(Struct):
    c_name = "struct hf_inbox_mark_args"
    _fields_ = [("write", Write), ("key", KeyStruct), ("now", c_int64)]


class SnoozeStruct(Struct):
    c_name = "struct hf_inbox_snooze_args"
    _fields_ = [("write", Write), ("key", KeyStruct), ("until", c_int64)]


class RemoveStruct(Struct):
    c_name = "struct hf_inbox_remove_args"
    _fields_ = [("write", Write), ("key", KeyStruct), ("tombstone_for", c_int64)]


class PutTombstoneStruct(Struct):
    c_name = "struct hf_inbox_put_tombstone_args"
    _fields_ = [
        ("write", Write),
        ("key", KeyStruct),
        ("dismissed", c_bool),
        ("dismissed_at", c_int64),
        ("until", c_int64),
    ]


class GuardStruct(Struct):
    c_name = "struct hf_inbox_guard_args"
    _fields_ = [("write", Write), ("key", KeyStruct)]


class MarkAllStruct(Struct):
    c_name = "struct hf_inbox_mark_all_args"
    _fields_ = [
        ("write", Write),
        ("user", Bytes),
        ("account", Bytes),
        ("up_to", c_uint64),
        ("now", c_int64),
    ]


class PruneStruct(Struct):
    c_name = "struct hf_inbox_prune_args"
    _fields_ = [
        ("write", Write),
        ("user", Bytes),
        ("keep_accounts", POINTER(Bytes)),
        ("keep_count", c_size_t),
        ("tombstone_for", c_int64),
    ]


class TrimStruct(Struct):
    c_name = "struct hf_inbox_trim_args"
    _fields_ = [
        ("write", Write),
        ("user", Bytes),
        ("max_records", c_uint64),
        ("max_age_us", c_int64),
        ("dry_run", c_bool),
        ("now", c_int64),
        ("tombstone_for", c_int64),
    ]


class ClearStruct(Struct):
    c_name = "struct hf_inbox_clear_args"
    _fields_ = [("write", Write), ("user", Bytes)]


class GotStruct(Struct):
    c_name = "struct hf_inbox_got"
    _fields_ = [("record", RecordStruct), ("memory", c_void_p)]


class LoadStruct(Struct):
    c_name = "struct hf_inbox_load_args"
    _fields_ = [
        ("user", Bytes),
        ("account", Bytes),
        ("unread_only", c_bool),
        ("without_dismissed", c_bool),
        ("without_snoozed", c_bool),
        ("limit", c_size_t),
        ("page", c_char_p),
    ]


class PageStruct(Struct):
    c_name = "struct hf_inbox_page"
    _fields_ = [
        ("generated_at", c_int64),
        ("items", POINTER(RecordStruct)),
        ("count", c_size_t),
        ("next", c_char_p),
        ("memory", c_void_p),
    ]


class DismissedStruct(Struct):
    c_name = "struct hf_inbox_list_dismissed_args"
    _fields_ = [("user", Bytes), ("limit", c_size_t), ("page", c_char_p)]


class KeysStruct(Struct):
    c_name = "struct hf_inbox_key_page"
    _fields_ = [
        ("items", POINTER(KeyStruct)),
        ("count", c_size_t),
        ("next", c_char_p),
        ("memory", c_void_p),
    ]


class TombstonesStruct(Struct):
    c_name = "struct hf_inbox_list_tombstones_args"
    _fields_ = [
        ("user", Bytes),
        ("account", Bytes),
        ("thread", Bytes),
        ("limit", c_size_t),
        ("page", c_char_p),
    ]


class TombstoneStruct(Struct):
    c_name = "struct hf_inbox_tombstone"
    _fields_ = [
        ("key", KeyStruct),
        ("dismissed", c_bool),
        ("dismissed_at", c_int64),
        ("until", c_int64),
        ("version", c_uint64),
    ]


class TombstonePageStruct(Struct):
    c_name = "struct hf_inbox_tombstone_page"
    _fields_ = [
        ("items", POINTER(TombstoneStruct)),
        ("count", c_size_t),
        ("next", c_char_p),
        ("memory", c_void_p),
    ]


class CountsStruct(Struct):
    c_name = "struct hf_inbox_counts"
    _fields_ = [
        ("total", c_uint64),
        ("unread", c_uint64),
        ("unseen", c_uint64),
        ("dismissed", c_uint64),
    ]


class StatusStruct(Struct):
    c_name = "struct hf_inbox_status"
    _fields_ = [("status", Bytes), ("extra", Bytes), ("version", c_uint64), ("memory", c_void_p)]


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
    """A record as it is."""

    user: str
    account: str
    thread: str
    payload: bytes
    unread: bool
    dismissed: bool
    score: float
    updated_at: Optional[int]
    snapshot_at: Optional[int]
    """``generated_at`` of the save that last wrote it."""
    seen_at: Optional[int]
    read_at: Optional[int]
    dismissed_at: Optional[int]
    snoozed_until: Optional[int]
    saved: int
    """LSN of that save: what ``mark_all_read`` and ``dismiss_all`` compare."""
    version: int


@dataclass(frozen=True)
class InboxKey:
    user: str
    account: str
    thread: str


@dataclass(frozen=True)
class Tombstone:
    """What is remembered of a record that went."""

    user: str
    account: str
    thread: str
    dismissed: bool
    """True: the record comes back dismissed; False: it does not come back."""
    dismissed_at: Optional[int]
    until: int
    version: int


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
        self, items: list[InboxRecord], next: Optional[str], generated_at: Optional[int]
    ) -> None:  # noqa: A002
        super().__init__(items, next)
        self.generated_at = generated_at


def _record(s: RecordStruct) -> InboxRecord:
    return InboxRecord(
        user=s.key.user.text(),
        account=s.key.account.text(),
        thread=s.key.thread.text(),
        payload=s.payload.bytes(),
        unread=s.unread,
        dismissed=s.dismissed,
        score=s.score,
        updated_at=time_or_none(s.updated_at),
        snapshot_at=time_or_none(s.snapshot_at),
        seen_at=time_or_none(s.seen_at),
        read_at=time_or_none(s.read_at),
        dismissed_at=time_or_none(s.dismissed_at),
        snoozed_until=time_or_none(s.snoozed_until),
        saved=s.saved,
        version=s.version,
    )


def _tombstone(s: TombstoneStruct) -> Tombstone:
    return Tombstone(
        user=s.key.user.text(),
        account=s.key.account.text(),
        thread=s.key.thread.text(),
        dismissed=s.dismissed,
        dismissed_at=time_or_none(s.dismissed_at),
        until=s.until,
        version=s.version,
    )


def _key(borrow: Borrow, user: Text, account: Text, thread: Text) -> KeyStruct:
    return KeyStruct(borrow.bytes(user), borrow.bytes(account), borrow.bytes(thread))


def _input(borrow: Borrow, record: InboxInput) -> InputStruct:
    return InputStruct(
        borrow.bytes(record.account),
        borrow.bytes(record.thread),
        borrow.bytes(record.payload),
        record.unread,
        record.dismissed,
        record.score,
        time(record.updated_at),
        time(record.snapshot_at),
        time(record.seen_at),
        time(record.read_at),
        time(record.dismissed_at),
        time(record.snoozed_until),
    )


def _span(tombstone_for: Optional[Duration]) -> int:
    """None: the library's default."""
    return 0 if tombstone_for is None else duration(tombstone_for) or NO_TOMBSTONE


# --- Mutations
# --------------------------------------------------------------------------------------------------


class InboxMutations(Domain):
    """What can be done to inboxes, at once (``store.inbox``) or in a transaction
    (``txn.inbox``)."""

    def save(
        self,
        user: Text,
        records: Iterable[InboxInput],
        *,
        generated_at: Time = None,
        replace: bool = False,
        restore: bool = False,
        only_newer: bool = False,
        tombstone_for: Optional[Duration] = None,
        now: Time = None,
        durability: Durability = Durability.DURABLE,
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
        borrow = Borrow()
        structs = [_input(borrow, record) for record in instances(records, InboxInput, "records")]
        args = SaveStruct(
            write(None, durability),
            borrow.bytes(user),
            borrow.array(InputStruct, structs),
            len(structs),
            time(generated_at),
            int(flag(replace, "replace")),
            restore,
            time(now),
            _span(tombstone_for),
            only_newer,
        )
        return self._mutate("hf_inbox_save", args)

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
        borrow = Borrow()
        args = SetStatusStruct(
            write(expect, durability),
            borrow.bytes(user),
            borrow.bytes(status),
            borrow.given(extra),
            extra is not None,
        )
        return self._mutate("hf_inbox_set_status", args)

    def _mark(
        self,
        name: str,
        user: Text,
        thread: Text,
        account: Text,
        now: Time,
        expect: Optional[int],
        durability: Durability,
    ) -> Result:
        borrow = Borrow()
        args = MarkStruct(write(expect, durability), _key(borrow, user, account, thread), time(now))
        return self._mutate(name, args)

    def dismiss(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        now: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """No save brings the record back to what is not dismissed."""
        return self._mark("hf_inbox_dismiss", user, thread, account, now, expect, durability)

    def undismiss(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        now: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Takes a dismissal back."""
        return self._mark("hf_inbox_undismiss", user, thread, account, now, expect, durability)

    def mark_read(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        now: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        return self._mark("hf_inbox_mark_read", user, thread, account, now, expect, durability)

    def mark_unread(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        now: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        return self._mark("hf_inbox_mark_unread", user, thread, account, now, expect, durability)

    def mark_seen(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        now: Time = None,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Seen in a list, which is less than read."""
        return self._mark("hf_inbox_mark_seen", user, thread, account, now, expect, durability)

    def snooze(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        until: Time,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Puts the record off: loads without snoozed ones leave it out until then. None wakes
        it."""
        borrow = Borrow()
        args = SnoozeStruct(
            write(expect, durability), _key(borrow, user, account, thread), time(until)
        )
        return self._mutate("hf_inbox_snooze", args)

    def remove(
        self,
        user: Text,
        thread: Text,
        account: Text = "primary",
        *,
        tombstone_for: Duration = 0,
        expect: Optional[int] = None,
        durability: Durability = Durability.DURABLE,
    ) -> Result:
        """Removes one record; while the tombstone stands no save brings it back."""
        borrow = Borrow()
        args = RemoveStruct(
            write(expect, durability), _key(borrow, user, account, thread), duration(tombstone_for)
        )
        return self._mutate("hf_inbox_remove", args)

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
    ) -> Result:
        """Stores a tombstone as given; a time that is over, or None, lifts the one that stands."""
        borrow = Borrow()
        args = PutTombstoneStruct(
            write(expect, durability),
            _key(borrow, user, account, thread),
            dismissed,
            time(dismissed_at),
            time(until),
        )
        return self._mutate("hf_inbox_put_tombstone", args)

    def _mark_all(
        self,
        name: str,
        user: Text,
        account: Optional[Text],
        up_to: Optional[int],
        now: Time,
        durability: Durability,
    ) -> Result:
        borrow = Borrow()
        args = MarkAllStruct(
            write(None, durability),
            borrow.bytes(user),
            borrow.optional(account),
            bound(up_to, "up_to"),
            time(now),
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
        borrow = Borrow()
        accounts = [
            borrow.bytes(account)
            for account in instances(keep_accounts, (str, bytes), "keep_accounts")
        ]
        args = PruneStruct(
            write(None, durability),
            borrow.bytes(user),
            borrow.array(Bytes, accounts),
            len(accounts),
            _span(tombstone_for),
        )
        return self._mutate("hf_inbox_prune", args)

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
        borrow = Borrow()
        args = TrimStruct(
            write(None, durability),
            borrow.bytes(user),
            bound(max_records, "max_records"),
            bound_age(max_age, "max_age"),
            dry_run,
            time(now),
            _span(tombstone_for),
        )
        return self._mutate("hf_inbox_trim", args)

    def clear(self, user: Text, *, durability: Durability = Durability.DURABLE) -> Result:
        """Removes all records and tombstones of the user, and the newest generated_at; the status
        stays."""
        borrow = Borrow()
        return self._mutate(
            "hf_inbox_clear", ClearStruct(write(None, durability), borrow.bytes(user))
        )


class InboxInTransaction(InboxMutations):
    """``txn.inbox``"""

    def guard(self, user: Text, thread: Text, account: Text = "primary", *, expect: int) -> Result:
        """Aborts the transaction unless the record has this version (:data:`ABSENT`: does not
        exist). Writes nothing."""
        borrow = Borrow()
        return self._mutate(
            "hf_inbox_guard", GuardStruct(write(expect), _key(borrow, user, account, thread))
        )


# --- Reads
# --------------------------------------------------------------------------------------------------


class Inbox(InboxMutations):
    """``store.inbox``"""

    def get(
        self, user: Text, thread: Text, account: Text = "primary", *, undurable: bool = False
    ) -> InboxRecord:
        """One record.

        :param undurable: of every read: do not wait, show what a crash can still take back
        :raises NotFoundError: there is none
        """
        borrow = Borrow()
        key = _key(borrow, user, account, thread)
        return self._read(
            "hf_inbox_get", key, None, GotStruct(), undurable, lambda out: _record(out.record)
        )

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
        undurable: bool = False,
    ) -> InboxPage:
        """Records by snapshot_at (newest first), score (highest first), account, thread."""
        borrow = Borrow()
        args = LoadStruct(
            borrow.bytes(user),
            borrow.optional(account),
            unread_only,
            without_dismissed,
            without_snoozed,
            limit,
            token(page),
        )

        def give(out: Any) -> InboxPage:
            items = [_record(out.items[i]) for i in range(out.count)]
            return InboxPage(items, token_or_none(out.next), time_or_none(out.generated_at))

        return self._read("hf_inbox_load", args, None, PageStruct(), undurable, give)

    def load(
        self,
        user: Text,
        *,
        account: Optional[Text] = None,
        unread_only: bool = False,
        without_dismissed: bool = False,
        without_snoozed: bool = False,
        undurable: bool = False,
    ) -> Iterator[InboxRecord]:
        """The same, all of them, a page at a time."""
        return each(
            lambda page: self.load_page(
                user,
                account=account,
                unread_only=unread_only,
                without_dismissed=without_dismissed,
                without_snoozed=without_snoozed,
                limit=PAGE_SIZE,
                page=page,
                undurable=undurable,
            )
        )

    def dismissed_page(
        self, user: Text, *, limit: int = 0, page: Optional[str] = None, undurable: bool = False
    ) -> Page[InboxKey]:
        """Keys of the dismissed records, in key order."""
        borrow = Borrow()
        args = DismissedStruct(borrow.bytes(user), limit, token(page))

        def give(out: Any) -> Page[InboxKey]:
            keys = (out.items[i] for i in range(out.count))
            items = [
                InboxKey(key.user.text(), key.account.text(), key.thread.text()) for key in keys
            ]
            return Page(items, token_or_none(out.next))

        return self._read("hf_inbox_list_dismissed", args, None, KeysStruct(), undurable, give)

    def dismissed(self, user: Text, *, undurable: bool = False) -> Iterator[InboxKey]:
        return each(
            lambda page: self.dismissed_page(user, limit=PAGE_SIZE, page=page, undurable=undurable)
        )

    def tombstones_page(
        self,
        user: Text,
        *,
        thread: Optional[Text] = None,
        account: Text = "primary",
        limit: int = 0,
        page: Optional[str] = None,
        undurable: bool = False,
    ) -> Page[Tombstone]:
        """The tombstones that stand, in key order; with a thread only the one of that key."""
        borrow = Borrow()
        args = TombstonesStruct(
            borrow.bytes(user), borrow.bytes(account), borrow.optional(thread), limit, token(page)
        )

        def give(out: Any) -> Page[Tombstone]:
            return Page(
                [_tombstone(out.items[i]) for i in range(out.count)], token_or_none(out.next)
            )

        return self._read(
            "hf_inbox_list_tombstones", args, None, TombstonePageStruct(), undurable, give
        )

    def tombstones(self, user: Text, *, undurable: bool = False) -> Iterator[Tombstone]:
        return each(
            lambda page: self.tombstones_page(user, limit=PAGE_SIZE, page=page, undurable=undurable)
        )

    def counts(self, user: Text, *, undurable: bool = False) -> InboxCounts:
        borrow = Borrow()

        def give(out: Any) -> InboxCounts:
            return InboxCounts(out.total, out.unread, out.unseen, out.dismissed)

        return self._read(
            "hf_inbox_count", borrow.bytes(user), Bytes, CountsStruct(), undurable, give
        )

    def status(self, user: Text, *, undurable: bool = False) -> InboxStatus:
        borrow = Borrow()

        def give(out: Any) -> InboxStatus:
            return InboxStatus(out.status.bytes(), out.version, out.extra.bytes())

        return self._read(
            "hf_inbox_get_status", borrow.bytes(user), Bytes, StatusStruct(), undurable, give
        )

    def users(self, *, undurable: bool = False) -> Iterator[str]:
        """Whose inbox holds anything, compared as bytes."""
        return names(self, "hf_inbox_names", undurable)
