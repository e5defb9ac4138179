"""What the machine can do: every mutation of every domain, with values small enough that they meet.

A row says which arguments an operation takes and which values each can have. Three kinds of value
are known only when the operation is
done: :class:`From` (a time so far from the store's clock), :class:`Token` and :class:`Version`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from cursor_model import Cursor
from inbox_model import Input as InboxInput
from outbox_model import Input as OutboxInput
from outbox_model import Item as OutboxItem
from outbox_model import Note
from words import DAY, SECOND
from library import Operation

START = 1_800_000_000 * SECOND


@dataclass(frozen=True)
class From:
    """So far from the store's clock."""

    offset: int


@dataclass(frozen=True)
class Token:
    """Of the holder of the object now ("current"), the oldest one ever given ("old"), or one of
    nobody ("none")."""

    which: str


@dataclass(frozen=True)
class Version:
    """The object's own ("right"), another ("wrong"), or none ("absent")."""

    which: str


@dataclass(frozen=True)
class Row:
    domain: str
    name: str
    args: dict[str, Any]
    guard: bool = False
    """Only in a transaction."""
    alone: bool = False
    """Never in a transaction."""

    def strategy(self) -> Any:
        @st.composite
        def operation(draw: Any) -> Operation:
            return Operation(
                self.domain,
                self.name,
                _some({name: draw(values) for name, values in self.args.items()}),
            )

        return operation()


LEFT_OUT = object()


def _some(args: dict[str, Any]) -> dict[str, Any]:
    """Without the arguments that are left out."""
    flat = {}
    for name, value in args.items():
        if name[0] == "*":
            flat.update(value)  # several arguments that are drawn together
        elif value is not LEFT_OUT:
            flat[name] = value
    return flat


def one(*values: Any) -> Any:
    return st.sampled_from(values)


def often(usual: Any, *others: Any) -> Any:
    """Mostly ``usual``."""
    return st.sampled_from([usual] * (2 * len(others) + 1) + list(others))


EXPECT = often(LEFT_OUT, Version("right"), Version("wrong"), Version("absent"))
RIGHT = often(Version("right"), Version("wrong"), Version("absent"))
TOKEN = often(Token("current"), Token("old"), Token("none"))
PAYLOAD = one(b"a", b"!b", b"\0\xff" * 40, b"")
NOW = often(
    LEFT_OUT, START - 5 * SECOND, START + 5 * SECOND, 0
)  # 0 is the first instant of 1970, not "none"
LEASE = one(0, 10 * SECOND, 60 * SECOND)
TIMES = one(None, 0, START, START + SECOND, START + 2 * SECOND)


# --- Cursors ---

CURSOR = {
    "*key": one(
        *(
            {"consumer": c, "stream": s, "subject": j}
            for c in (" a", "b ")
            for s in ("s", "z")
            for j in ("", "j")
        )
    )
}
BAD_CURSOR = {
    "*key": often(
        {"consumer": "a", "stream": "s", "subject": "j"},
        {"consumer": " \t\u3000", "stream": "s\u2003"},
    )
}
DELIVERED = one(LEFT_OUT, START, START + 7, 0)

WHOLE_CURSOR = st.tuples(one("a", " b"), one("s", "z"), one("", "j"), one(0, 2, 4), one("d1", ""),
                         often(None, START),
                         often(("", 0), ("bad", 3), ("", 3)), one(START, START + 1),
                         often(("", None), ("why", START))).map(
    lambda p: Cursor(p[0], p[1], p[2], p[3], p[4], p[5], *p[6], p[7], *p[8], 0))  # fmt: skip

CURSORS = [
    Row("cursors", "advance", CURSOR | {
        "sequence": one(1, 2, 3, 4, 0), "delivery_id": one("d1", "d2", ""),
        "delivered_at": DELIVERED, "now": NOW, "expect": EXPECT}),
    Row("cursors", "reset", CURSOR | {
        "sequence": one(0, 1, 3, -1), "delivery_id": one("d1", "d2", ""), "delivered_at": DELIVERED,
        "now": NOW,
        "reason": often("moved back", "  \t\xa0"), "expect": EXPECT}),
    Row("cursors", "record_error", CURSOR | {
        "message": often("refused", " ", "\u00e9" * 2047 + "xyz\u00e9"), "now": NOW,
        "expect": EXPECT}),
    Row("cursors", "put", {"cursor": WHOLE_CURSOR, "expect": EXPECT}),
    Row("cursors", "remove", BAD_CURSOR | {"expect": EXPECT}),
    Row("cursors", "guard", CURSOR | {"expect": RIGHT}, guard=True),
]  # fmt: skip

# --- Inboxes ---

USER = often("u", "v")
RECORD = {
    "user": USER,
    "*key": one(
        *(
            {"thread": t, "account": a}
            for t, a in (("t1", "primary"), ("t1", "primary"), ("t2", "primary"), ("t1", "b"))
        )
    ),
}
INPUT = st.tuples(
    one("t1", "t2"),
    often("primary", "b"),
    PAYLOAD,
    st.booleans(),
    often(False, True),
    one(0.0, 1.5, -2.0),
    TIMES,
).map(lambda parts: InboxInput(*parts))

STONE = often({}, {"tombstone_for": 0}, {"tombstone_for": 10 * SECOND})

INBOX = [
    *(Row("inbox", "save", {
        "user": USER, "records": st.lists(INPUT, max_size=3), "generated_at": TIMES,
        "replace": often(False, True),
        "only_newer": one(False, True),
        "*stone": often({}, {"tombstone_for": 0}, {"tombstone_for": 10 * SECOND},
                        {"now": START - SECOND}, {"now": 0})}) for _ in range(3)),
    Row("inbox", "set_status",
        {"user": USER, "status": one(b"ok", b"late", b""), "expect": EXPECT}),
    *(Row("inbox", name, RECORD | {"now": NOW, "expect": EXPECT})
      for name in ("dismiss", "dismiss", "undismiss", "mark_read", "mark_unread", "mark_seen")),
    Row("inbox", "snooze",
        RECORD | {"until": one(None, From(10 * SECOND), From(-SECOND)), "expect": EXPECT}),
    Row("inbox", "remove", RECORD | {"tombstone_for": one(0, 10 * SECOND, DAY), "expect": EXPECT}),
    Row("inbox", "put_tombstone", RECORD | {
        "until": one(From(10 * SECOND), From(DAY), From(-1)),
        "*dismissal": one({"dismissed": True, "dismissed_at": START}, {"dismissed": True},
                          {"dismissed": False},
                          {"dismissed": False, "dismissed_at": START}), "expect": EXPECT}),
    Row("inbox", "guard", RECORD | {"expect": RIGHT}, guard=True),
    *(Row("inbox", name,
          {"user": USER, "up_to": one(0, Token("newest")), "account": one(None, "b"), "now": NOW})
      for name in ("mark_all_read", "dismiss_all")),
    Row("inbox", "prune",
        {"user": USER, "keep_accounts": one([], ["b"], ["primary", "c"]), "*stone": STONE}),
    Row("inbox", "trim", {
        "user": USER, "max_records": one(0, 1, 2), "max_age": one(0, SECOND, DAY),
        "dry_run": often(False, True),
        "now": one(LEFT_OUT, START + 3 * SECOND, 0), "*stone": STONE}),
    Row("inbox", "clear", {"user": USER}),
]  # fmt: skip

# --- Outboxes ---

QUEUE = often("q", "r")
ITEM = {"queue": QUEUE, "id": one("1", "2", "3")}
HELD = ITEM | {"token": TOKEN, "expect": EXPECT}
AVAILABLE = often(LEFT_OUT, From(-SECOND), From(10 * SECOND))
GIVEN = st.tuples(
    one("1", "2", "3", "4"),
    PAYLOAD,
    one(None, START, 0),
    one(None, START + DAY, 0),
    one(0, -1, 5),
    one(0, 1),
    one("", "g"),
).map(lambda parts: OutboxInput(*parts))
WHOLE = st.tuples(
    one("1", "2", "5"), PAYLOAD, one(1, 2, 3), one(0, 3), one("", "bad"), one("", "g"),
    often(None, Note(b"again", START, START + 1)),
).map(lambda p: OutboxItem(p[0], p[1], p[2], p[3], 2, 1, START, START + 5, p[4], p[5], p[6], 0, "",
                           None, 0, 0, 0))  # fmt: skip

OUTBOX = [
    *(Row("outbox", "enqueue", ITEM | {
        "payload": PAYLOAD,
        "*times": often({}, {"enqueued_at": START}, {"enqueued_at": 0, "available_at": 0},
                        {"available_at": START - SECOND},
                                            {"available_at": START + DAY}),
        "priority": one(0, 1), "max_attempts": one(0, 1, 2), "dedup": one(0, 1, 2),
        "group": one("", "g", "h"),
        "expect": EXPECT}) for _ in range(3)),
    Row("outbox", "enqueue_many",
        {"queue": QUEUE, "items": st.lists(GIVEN, max_size=3), "dedup": one(0, 1, 2)}),
    Row("outbox", "put", {"queue": QUEUE, "item": WHOLE, "expect": EXPECT}),
    Row("outbox", "configure", {
        "queue": QUEUE, "max_attempts": one(0, 1, 5), "max_lost": one(0, 1, 2, 10),
        "dedup_window": one(0, 10 * SECOND, DAY), "dedup_max": one(0, 1, 2),
        "expect": EXPECT}),
    Row("outbox", "pause", {"queue": QUEUE, "expect": EXPECT}),
    Row("outbox", "resume", {"queue": QUEUE, "expect": EXPECT}),
    Row("outbox", "put_completed", ITEM | {"until": one(From(10 * SECOND), From(-1), START + DAY)}),
    Row("outbox", "clear", {"queue": QUEUE}),
    *(Row("outbox", "claim",
          ITEM | {"owner": one("w1", "w2"), "lease": LEASE, "expect": EXPECT}) for _ in range(2)),
    *(Row("outbox", "claim_next",
          {"queue": QUEUE, "owner": one("w1", "w2"), "lease": LEASE, "max": one(1, 2, 5)})
      for _ in range(2)),
    Row("outbox", "extend", HELD | {"lease": LEASE}),
    *(Row("outbox", "complete", HELD) for _ in range(2)),
    *(Row("outbox", "fail", HELD | {
        "reason": one("bad", ""), "max_attempts": one(0, 0, 1),
        "backoff": one((0, 0, 0), (1, 10 * SECOND, 0))}) for _ in range(2)),
    Row("outbox", "fail", HELD | {
        "reason": one("jitter"),
        "backoff": one((2, 10 * SECOND, 0), (2, 20 * SECOND, 30 * SECOND))}, alone=True),
    Row("outbox", "release", HELD | {"delay": one(0, 10 * SECOND)}),
    Row("outbox", "remove", ITEM | {"expect": EXPECT}),
    Row("outbox", "mark_failed", ITEM | {"reason": one("bad", ""), "expect": EXPECT}),
    Row("outbox", "retry", ITEM | {"expect": EXPECT}),
    Row("outbox", "redrive", {
        "queue": QUEUE, "group": one("", "g"), "error": one("", "ad"),
        "enqueued_before": one(None, START + 1, 0),
        "attempts_below": one(0, 2), "limit": one(0, 1)}),
    Row("outbox", "prune",
        {"queue": QUEUE, "status": one(1, 3), "enqueued_before": one(None, START + 1, 0),
         "limit": one(0, 1)}),
    Row("outbox", "reschedule", ITEM | {
        "*what": one({"priority": 1}, {"available_at": START + DAY},
                     {"available_at": START, "priority": 0}), "expect": EXPECT}),
    Row("outbox", "guard", ITEM | {"expect": RIGHT}, guard=True),
    Row("outbox", "guard_claim", ITEM | {"token": TOKEN}, guard=True),
]  # fmt: skip

# --- Idempotency ---

KEY = {"*key": one(*({"scope": s, "key": k} for s in ("pay", "s2", "s") for k in ("k1", "k:2")))}
OVER = {"*over": one({"scope": "pay"}, {"scope": "s2"}, {"prefix": "s"}, {"prefix": "s2"},
                     {"everything": True})}  # fmt: skip

IDEMPOTENCY = [
    *(Row("idempotency", "begin", KEY | {
        "fingerprint": one(b"f", b"f", b"other"), "lease": LEASE, "ttl": one(0, 10 * SECOND),
        "expect": EXPECT}) for _ in range(2)),
    Row("idempotency", "complete", KEY | {
        "token": TOKEN, "status": one(200, -1), "response": PAYLOAD, "ttl": one(0, 10 * SECOND),
        "expect": EXPECT}),
    Row("idempotency", "abandon", KEY | {"token": TOKEN, "expect": EXPECT}),
    Row("idempotency", "put", KEY | {
        "fingerprint": one(b"f", b"other"), "status": one(0, 7), "response": PAYLOAD,
        "created_at": one(LEFT_OUT, START, 0),
        "*end": one({}, {"expires_at": From(10 * SECOND)}, {"expires_at": From(-1)},
                    {"expires_at": 0},
                    {"expires_at": From(10 * SECOND), "expires_computed": True}),
        "expect": EXPECT}),
    Row("idempotency", "remove", KEY | {"expect": EXPECT}),
    Row("idempotency", "clear", OVER),
    Row("idempotency", "guard", KEY | {"expect": RIGHT}, guard=True),
    Row("idempotency", "guard_owner", KEY | {"token": TOKEN}, guard=True),
]  # fmt: skip

# --- Documents ---

DOCUMENT = {"collection": one("c", "d"), "id": one("1", "2", "3")}

DOCUMENTS = [
    *(Row("documents", "put", DOCUMENT | {
        "payload": PAYLOAD, "group": one("", "g", "h"),
        "created_at": often(LEFT_OUT, START, START + 1, 0),
        "*end": one({}, {}, {"ttl": 10 * SECOND}, {"expires_at": From(60 * SECOND)},
                    {"expires_at": From(-1)},
                    {"ttl": 1, "expires_at": START},
                    {"expires_at": From(60 * SECOND), "expires_computed": True},
                    {"expires_computed": True}),
        "orders": often(0, 5, 63, 2, 48), "now": NOW, "expect": EXPECT}) for _ in range(3)),
    Row("documents", "regroup",
        DOCUMENT | {"group": one("", "g", "h"), "now": NOW, "expect": EXPECT}),
    Row("documents", "remove", DOCUMENT | {"expect": EXPECT}),
    Row("documents", "clear", {"collection": one("c", "d")}),
    Row("documents", "guard", DOCUMENT | {"expect": RIGHT}, guard=True),
]  # fmt: skip

# --- Timelines ---

EVENT = {"timeline": often("t", "w"), "id": one("1", "2", "3", "4")}

TIMELINES = [
    *(Row("timelines", "append", EVENT | {
        "type": one("made", "sent"), "payload": one(b"a", b"b"), "subject": one("", "x", "y"),
        "happened_at": one(LEFT_OUT, START, START + 1, 0), "expect": EXPECT}) for _ in range(3)),
    Row("timelines", "retain", {
        "timeline": often("t", "w"), "max_events": one(0, 1, 3), "max_age": one(0, SECOND, DAY),
        "dry_run": often(False, True)}),
    Row("timelines", "clear", {"timeline": often("t", "w")}),
    Row("timelines", "guard", EVENT | {"expect": RIGHT}, guard=True),
]  # fmt: skip

# --- Locks and migrations ---

NAME = {"name": one("l1", "l2")}

LOCKS = [
    *(Row("locks", "acquire",
          NAME | {"owner": one("w1", "w2"), "lease": LEASE, "expect": EXPECT}) for _ in range(2)),
    Row("locks", "renew", NAME | {"token": TOKEN, "lease": LEASE, "expect": EXPECT}),
    Row("locks", "release", NAME | {"token": TOKEN, "expect": EXPECT}),
    Row("locks", "force_release", NAME | {"reason": often("stuck", " "), "expect": EXPECT}),
    Row("locks", "put", NAME | {
        "owner": one("w1", "w2"), "acquired_at": one(START),
        "lease_until": one(From(10 * SECOND), START + DAY, From(-1)),
        "expect": EXPECT}),
    Row("locks", "guard", NAME | {"expect": RIGHT}, guard=True),
    Row("locks", "guard_held", NAME | {"token": TOKEN}, guard=True),
]  # fmt: skip

MIGRATION = {"name": one("m1", "m2", "m3")}

CLOCK = [
    Row(
        "clock",
        "set_back",
        {
            "reason": often("it was wrong", " "),
            "by": one(LEFT_OUT, LEFT_OUT, 1, SECOND, DAY),
            "expect": EXPECT,
        },
    )
]
MIGRATIONS = [
    Row(
        "migrations",
        "record",
        MIGRATION
        | {
            "applied_at": one(LEFT_OUT, START, 0),
            "checksum": one(LEFT_OUT, 0, 7),
            "expect": EXPECT,
        },
    ),
    Row("migrations", "forget", MIGRATION | {"expect": EXPECT}),
    Row("migrations", "guard", MIGRATION | {"expect": RIGHT}, guard=True),
]

DOMAINS = {
    "cursors": CURSORS,
    "inbox": INBOX,
    "outbox": OUTBOX,
    "idempotency": IDEMPOTENCY,
    "documents": DOCUMENTS,
    "timelines": TIMELINES,
    "locks": LOCKS,
    "migrations": MIGRATIONS,
    "clock": CLOCK,
}
ROWS = [row for rows in DOMAINS.values() for row in rows]

HEADERS = Path(__file__).resolve().parents[2] / "engine" / "include" / "holdfast"


def left_out() -> set[str]:
    """Mutations of the headers that no row has."""
    text = "".join(header.read_text() for header in HEADERS.glob("*.h"))
    public = set(re.findall(r"int (hf_\w+)\(hf_store \*store, hf_txn \*txn,", text))
    names = {
        "cursors": "cursor",
        "documents": "document",
        "timelines": "timeline",
        "locks": "lock",
        "migrations": "migration",
    }
    assert len(public) > 60
    return public - {f"hf_{names.get(row.domain, row.domain)}_{row.name}" for row in ROWS}
