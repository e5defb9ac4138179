"""No value of a wrong type or out of range is silently taken, whichever function and argument it is
given for.

The functions are found by looking at the classes; for each argument its type says which values are
wrong. A wrong one is refused with TypeError or
ValueError (InvalidError is one), nothing is written, and a transaction that it was to go into is
not committed without it.
"""

import dataclasses
import enum
import inspect
import types
import typing
from datetime import datetime, timedelta, timezone

import pytest

import holdfast
from holdfast import _abi, _api
from holdfast.clock import Clock, ClockInTransaction
from holdfast.cursor import Cursor, Cursors, CursorsInTransaction
from holdfast.document import Document, Documents, DocumentsInTransaction
from holdfast.idempotency import Idempotency, IdempotencyEntry, IdempotencyInTransaction
from holdfast.inbox import Inbox, InboxInput, InboxInTransaction, InboxRecord, Tombstone
from holdfast.later import IdempotencyLater, LocksLater, OutboxLater
from holdfast.lock import Lock, Locks, LocksInTransaction
from holdfast.migration import Migration, Migrations, MigrationsInTransaction
from holdfast.outbox import (
    Backoff,
    CompletedId,
    Outbox,
    OutboxInput,
    OutboxInTransaction,
    OutboxItem,
)
from holdfast.timeline import TimelineEvent, Timelines, TimelinesInTransaction

from instants import at, us

DOMAINS = {
    "store.inbox": Inbox,
    "store.cursors": Cursors,
    "store.outbox": Outbox,
    "store.idempotency": Idempotency,
    "store.documents": Documents,
    "store.timelines": Timelines,
    "store.locks": Locks,
    "store.migrations": Migrations,
    "store.clock": Clock,
    "txn.inbox": InboxInTransaction,
    "txn.cursors": CursorsInTransaction,
    "txn.outbox": OutboxInTransaction,
    "txn.idempotency": IdempotencyInTransaction,
    "txn.documents": DocumentsInTransaction,
    "txn.timelines": TimelinesInTransaction,
    "txn.locks": LocksInTransaction,
    "txn.migrations": MigrationsInTransaction,
    "txn.clock": ClockInTransaction,
    "later.outbox": OutboxLater,
    "later.idempotency": IdempotencyLater,
    "later.locks": LocksLater,
}

NO_TEXT = [5, 1.5, None, ["a"], object(), "\ud800"]
NO_TIME = [
    0,
    5,
    -1,
    1.5,
    "5",
    b"5",
    True,
    2**63,
    -(2**63),
    -(2**63) - 1,
    timedelta(1),
    datetime(2026, 1, 1),
    [5],
    float("nan"),
]
NO_DURATION = [
    0,
    5,
    -1,
    1.5,
    "5",
    None,
    True,
    2**63,
    2**64 + 5,
    -(2**63) - 1,
    timedelta(-1),
    timedelta(microseconds=-1),
    timedelta.max,
    [5],
]
NO_INT = [1.5, "5", b"5", True, 2**64, 2**64 + 5, -(2**63) - 1, [5], float("nan"), 10**60]
NO_INT += [0.0, "", b"", False, [], {}]  # what is false is no 0
NO_BOOL = [1, 0, "yes", "", None, [], 1.0]
NO_FLOAT = ["1", True, None, 10**400, float("nan"), [1.0]]
NO_AFTER = [1.5, [1], {"a": 1}, (1, 2), (1.5,), ("a",) * 9, "a\0", True]
NO_PAGE = [5, b"token", "\u00e9", "token\0junk", "not a token", 1.5, b"", 0, False]


def object_in(hint):
    """Of an argument that is a name or a whole object: the object's class."""
    kinds = [kind for kind in typing.get_args(hint) if dataclasses.is_dataclass(kind)]
    return kinds[0] if kinds and typing.get_origin(hint) is typing.Union else None


ONE_OR_SEVERAL = typing.Union[_abi.Text, typing.Sequence[_abi.Text]]


def wrong_values(hint, name):
    """Values that are wrong for an argument of this type."""
    if hint == _abi.GivenToken:
        hint = int
    if hint == ONE_OR_SEVERAL:
        return NO_TEXT[:3] + NO_TEXT[4:] + [[], [5], [None], ["q", 5], ["\ud800"], {"q": 1}]
    if hint in (_abi.Text, _abi.Payload):
        return NO_TEXT
    if hint == _abi.Time:
        return NO_TIME
    if hint in (_abi.Duration, typing.Optional[_abi.Duration]):
        waits = [holdfast.FOR_EVER] if name in ("wait", "timeout") else []
        none = [None] if hint != _abi.Duration else []
        return [value for value in NO_DURATION if value not in waits + none]
    if hint == _abi.After:
        return NO_AFTER
    if hint == typing.Optional[str] and name == "page":
        return NO_PAGE
    if hint in (typing.Optional[_abi.Text], typing.Optional[_abi.Payload]):
        return [value for value in NO_TEXT if value is not None]
    if hint is bool:
        return NO_BOOL
    if hint is float:
        return NO_FLOAT
    if hint is int or hint == typing.Optional[int]:
        return (
            NO_INT
            + [
                -1
                if name not in ("priority", "sequence", "last_sequence", "status", "head")
                else 2**63
            ]
            + ([None] if hint is int else [])
        )
    if hint == _abi.Returning:
        return [None, 1, 0, "payload", "", b"without_payload"]
    if inspect.isclass(hint) and issubclass(hint, enum.IntEnum):
        return ["DURABLE", 99, -1, 2**32, 1.0, None, True]
    if inspect.isclass(hint) and issubclass(hint, enum.IntFlag):
        return ["x", 1 << 20, -1, 1.0, None]
    if hint is Backoff:
        return [5, None] + [
            dataclasses.replace(Backoff(), **{field: value})
            for field, values in (
                ("kind", [99, "FIXED", 1.0]),
                ("delay", NO_DURATION),
                ("cap", NO_DURATION),
            )
            for value in values
        ]
    if inspect.isclass(hint) and dataclasses.is_dataclass(hint):
        return [5, None, "x"] + list(wrong_instances(hint))
    if object_in(hint):
        return NO_TEXT + list(wrong_instances(object_in(hint)))
    if "Callable" in str(hint):
        return [5, "f"]
    if "Never" in str(hint):
        return [value for value in NO_TIME if value is not None]
    origin = typing.get_origin(hint)
    if inspect.isclass(origin) and issubclass(origin, typing.get_origin(typing.Iterable[int])):
        [inner] = typing.get_args(hint)
        if inner == _abi.Text:
            return ["text", b"bytes", 5, None, [5], [None], {"a": 1}]
        kinds = typing.get_args(inner) or (inner,)
        wrong = [
            [value]
            for kind in kinds
            for value in wrong_instances(kind)
            if getattr(value, "user", "u") == "u"  # a save says itself whose they are
        ]
        return ["text", 5, None, [5], [None]] + wrong
    raise AssertionError(f"what is wrong for {hint} of {name}?")


def instance(kind):
    return {
        OutboxInput: OutboxInput("i"),
        InboxInput: InboxInput("t"),
        OutboxItem: OutboxItem("i", enqueued_at=at(5), available_at=at(5)),
        Cursor: Cursor("c", "s", "", 5, "d", at(5), "", 0, at(5), "", None, 0),
        Document: Document("c", "i"),
        IdempotencyEntry: IdempotencyEntry("s", "k"),
        InboxRecord: InboxRecord("u", "t"),
        Lock: Lock("l", "o", acquired_at=at(5), lease_until=at(6)),
        TimelineEvent: TimelineEvent("t", "i", "made"),
        Tombstone: Tombstone("u", "t"),
        CompletedId: CompletedId("i", at(5)),
        Migration: Migration("m"),
    }[kind]


IGNORED = {
    "token",
    "owner",
    "lease_until",
    "version",
    "place",
    "rerun",
    "run_until",
    "available_computed",
    "saved",
}
"""Members of an item or cursor that a put does not take."""


def wrong_instances(kind):
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if field.name in IGNORED and (kind, field.name) != (Lock, "owner"):
            continue
        hint = hints[field.name]
        # They say what comes out; what goes in is a payload, a time.
        if kind not in (InboxInput, OutboxInput):
            times = field.name.endswith(("_at", "until"))
            hint = _abi.Time if times else _abi.Text if hint in (str, bytes) else hint
        for value in wrong_values(hint, field.name):
            yield dataclasses.replace(instance(kind), **{field.name: value})


def right_value(hint, name):
    if (
        hint in (_abi.Text, _abi.Payload)
        or hint == typing.Optional[_abi.Text]
        or hint == ONE_OR_SEVERAL
    ):
        return "x"
    if object_in(hint):
        return "x"
    if hint == _abi.Time or "Never" in str(hint):
        return at(5)
    if hint in (_abi.Duration, typing.Optional[_abi.Duration]):
        return us(5)
    if hint is bool:
        return False
    if hint is float:
        return 1.0
    if hint is int or hint in (typing.Optional[int], _abi.GivenToken):
        return 5
    if inspect.isclass(hint) and dataclasses.is_dataclass(hint):
        return instance(hint)
    if inspect.isclass(hint) and issubclass(hint, enum.Enum):
        return list(hint)[0]
    if "Callable" in str(hint):
        return lambda *_: None
    [inner] = typing.get_args(hint)
    kinds = typing.get_args(inner)
    if kinds and dataclasses.is_dataclass(kinds[0]):
        inner = kinds[0]
    return ["x"] if inner == _abi.Text else [instance(inner)]


def methods():
    for owner, kind in DOMAINS.items():
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                yield owner, name, method


def is_read(method):
    """What a read refuses does not spoil a transaction: it adds nothing."""
    return method.__qualname__.split(".")[0].endswith("Reads")


def arguments(method):
    hints = typing.get_type_hints(
        inspect.unwrap(method), vars(__import__(method.__module__, fromlist=["x"]))
    )
    for name, parameter in list(inspect.signature(method).parameters.items())[1:]:
        yield name, parameter, hints[name]


def owner_of(path, store, txn, later):
    base, domain = path.split(".")
    return getattr({"store": store, "txn": txn, "later": later}[base], domain)


def use_all(answer):
    if isinstance(answer, (types.GeneratorType, typing.get_origin(typing.Iterator[int]))):
        next(answer, None)
    return answer


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One store for all: nothing is ever written to it."""
    with holdfast.open(tmp_path_factory.mktemp("shared") / "store", create=True) as opened:
        opened.cursors.advance("c", "s", 1)
        yield opened


CASES = [(owner, name, method) for owner, name, method in methods()]
EMPTY = ("optional filters", ["", b""])


@pytest.mark.parametrize(
    "owner, name, method", CASES, ids=[f"{owner}.{name}" for owner, name, _ in CASES]
)
def test_no_wrong_value_is_silently_taken(shared, owner, name, method):
    store = shared
    last = store.info().last_lsn
    count = 0
    for argument, parameter, hint in arguments(method):
        given = {
            other: right_value(other_hint, other)
            for other, other_parameter, other_hint in arguments(method)
            if other_parameter.default is inspect.Parameter.empty
            or (other in ("id", "key", "type") and other_hint == typing.Optional[_abi.Text])
        }
        for value in wrong_values(hint, argument):
            if value is None and parameter.default is None:
                continue
            txn = store.transaction()
            later = store.later()
            call = getattr(owner_of(owner, store, txn, later), name)
            try:
                taken = use_all(call(**{**given, argument: value}))
            except (TypeError, ValueError):
                taken = None
            else:
                pytest.fail(f"{owner}.{name}({argument}={value!r}) was taken and gave {taken!r}")
            finally:
                count += 1
                if owner.startswith("txn") and not is_read(method):
                    with pytest.raises(holdfast.InvalidError):
                        txn.commit()
                else:
                    txn.abandon()
    assert store.info().last_lsn == last and (count > 0 or not list(arguments(method)))


def test_there_are_enough_of_them():
    assert len(CASES) > 150 and len({name for _, name, _ in CASES}) > 60


def test_members_of_structs_are_checked_by_their_types():
    checked = 0
    for struct in map(_abi.struct, _api.names()):
        for name, kind, *_ in struct._fields_:
            if kind in _abi._INTEGERS and struct.rows[name].tag is not _api.Tag.SIZE:
                low, high = _abi._INTEGERS[kind]
                if struct.rows[name].tag in (_api.Tag.TIME, _api.Tag.SPAN, _api.Tag.WAIT):
                    with pytest.raises(TypeError):
                        struct(**{name: 5})
                    continue
                assert (
                    getattr(struct(**{name: low}), name) == low
                    and getattr(struct(**{name: high}), name) == high
                )
                for wrong, error in (
                    (low - 1, ValueError),
                    (high + 1, ValueError),
                    (True, TypeError),
                    (1.0, TypeError),
                    ("1", TypeError),
                ):
                    with pytest.raises(error):
                        struct(**{name: wrong})
                checked += 1
            elif kind is _abi.c_bool:
                with pytest.raises(TypeError):
                    struct(**{name: 1})
            elif struct.rows[name].tag is _api.Tag.STRING:
                with pytest.raises(ValueError):
                    struct(**{name: b"a\0b"})
                with pytest.raises(TypeError):
                    struct(**{name: "text"})
    assert checked > 200


@pytest.mark.parametrize("path", ["a\0b", b"a\0b", 5, None, ["a"]])
def test_paths_are_whole(path, tmp_path):
    for call in (lambda: holdfast.open(path, create=True), lambda: holdfast.feed(path)):
        with pytest.raises((TypeError, ValueError)):
            call()
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"create": 1},
        {"background": None},
        {"allow_unsafe_fs": "no"},
        {"segment_size": 2**32 + 65536},
        {"segment_size": 1.5},
        {"inline_max": -1},
    ]
    + [{"wait": value} for value in [-2, 0.5, "1", 2**63, None, True, timedelta(-1)]],
    ids=repr,
)
def test_options_are_checked(wrong):
    with pytest.raises((TypeError, ValueError)):
        holdfast.open("s", **{"create": True, **wrong})


def test_an_empty_filter_is_not_none(store):
    store.inbox.save("ada", [InboxInput("t", unread=True)])
    for call in (
        lambda: store.inbox.mark_all_read("ada", account=""),
        lambda: store.inbox.mark_all_read("ada", up_to=0),
        lambda: store.inbox.dismiss_all("ada", up_to=0),
        lambda: store.inbox.trim("ada", max_records=0),
        lambda: store.inbox.trim("ada", max_age=timedelta(0)),
        lambda: store.inbox.prune("ada", "primary"),
        lambda: store.timelines.retain("t", max_events=0),
        lambda: store.outbox.redrive("q", attempts_below=0),
        lambda: store.outbox.claim_next("q", "w", max=0),
        lambda: store.outbox.claim_next("q", "w", max_run=us(0)),
        lambda: store.outbox.claim("q", "i", "w", max_run=timedelta(0)),
        lambda: store.documents.put("c", "i", ttl=us(0)),
        lambda: store.documents.put("c", "i", ttl=timedelta(0)),
        lambda: store.cursors.list_page(consumer=""),
        lambda: list(store.timelines.query("t", type="")),
        lambda: store.subscribe("outbox", "mail"),
        lambda: store.subscribe("outbox\0junk"),
        lambda: store.subscribe("outbox", ["a", "b", "c", "d"]),
        lambda: store.feed(2**64 + 1),
        lambda: store.feed(-1),
        lambda: store.maintain(budget=0.5),
    ):
        with pytest.raises((TypeError, ValueError)):
            call()
    assert store.inbox.counts("ada").unread == 1


def test_an_expected_version_of_zero_is_refused(store):
    with pytest.raises(holdfast.InvalidError, match="ABSENT"):
        store.cursors.advance("c", "s", 1, expect=0)
    with pytest.raises(holdfast.InvalidError):
        store.cursors.advance("c", "s", 1, expect=2**64)
    assert list(store.cursors.list()) == []


def test_a_refused_operation_spoils_its_transaction(store):
    with pytest.raises(holdfast.InvalidError) as caught:
        with store.transaction() as txn:
            txn.cursors.advance("c", "s", 1)
            with pytest.raises(TypeError):
                txn.outbox.enqueue("q", "1", available_at=1.5)
            txn.cursors.advance("c", "s", 2)
    assert caught.value.operation == 1 and list(store.cursors.list()) == []


def test_what_a_transaction_refuses_is_named_in_every_domain(store):
    """Whether the binding refuses it or the library, in the call and when it is committed all the
    same."""
    wrong = [
        lambda txn: txn.inbox.save("", [holdfast.InboxInput("t")]),
        lambda txn: txn.inbox.dismiss("u", ""),
        lambda txn: txn.inbox.set_status("u", 5),
        lambda txn: txn.cursors.advance("", "s", 1),
        lambda txn: txn.cursors.reset("c", "s", 2**64, "r"),
        lambda txn: txn.outbox.enqueue("q", ""),
        lambda txn: txn.outbox.claim("q", "", "w"),
        lambda txn: txn.outbox.claim_next("q", "w", max=0),
        lambda txn: txn.outbox.configure("q", max_lost=-1),
        lambda txn: txn.outbox.configure("q", dedup_window=us(-1)),
        lambda txn: txn.outbox.guard("q", "", expect=1),
        lambda txn: txn.idempotency.begin("", "k"),
        lambda txn: txn.documents.put("c", "", b""),
        lambda txn: txn.timelines.append("t", "", "type"),
        lambda txn: txn.locks.acquire("", "o"),
        lambda txn: txn.migrations.record(""),
    ]
    for operation in wrong:
        for before in (0, 2):
            with pytest.raises(holdfast.InvalidError) as at_end:
                with store.transaction() as txn:
                    for i in range(before):
                        txn.outbox.enqueue("q", f"{i}")
                    with pytest.raises((holdfast.InvalidError, ValueError, TypeError)) as caught:
                        operation(txn)
                    assert getattr(caught.value, "operation", before) == before
                    txn.outbox.enqueue("q", "behind")
            assert at_end.value.operation == before
    assert list(store.outbox.list("q")) == []


def test_the_ends_of_the_ranges_are_taken(store):
    item = OutboxItem(
        "i",
        priority=-(2**31),
        attempts=2**32 - 1,
        enqueued_at=at(-(2**63) + 1),
        available_at=at(2**63 - 1),
    )
    store.outbox.put(item, queue="q")
    found = store.outbox.get("q", "i")
    assert found.priority == -(2**31)
    assert found.enqueued_at.microseconds == -(2**63) + 1
    assert found.available_at.microseconds == 2**63 - 1
    instant = datetime(1, 1, 1, tzinfo=timezone.utc)
    store.cursors.advance("c", "s", 2**63 - 1, delivered_at=instant)
    assert store.cursors.get("c", "s").last_delivered_at == instant
