"""The library under test: the same operations as the models, by the binding, with a clock that the
test sets."""

from __future__ import annotations

import inspect
import os
import sys
from ctypes import POINTER, byref, c_char_p, c_int64, c_void_p
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bindings" / "python"))

import holdfast  # noqa: E402 - from this tree
from holdfast import _abi, store as stores  # noqa: E402

import cursor_model  # noqa: E402
import inbox_model  # noqa: E402
import outbox_model  # noqa: E402
from words import instant  # noqa: E402


def set_clock(now: int, since_boot: int) -> None:
    _abi.function("hf_model_clock", c_int64, c_int64, restype=None)(now, since_boot)


def open_store(path: str) -> holdfast.Store:
    """No threads: upkeep is a step of the test, and the process can be forked."""
    options = stores.OptionsStruct(
        create=True,
        no_background=True,
        allow_unsafe_fs=True,
        segment_size=16384,
        inline_max=32,
    )
    handle, error = c_void_p(), _abi.ErrorStruct()
    call = _abi.function(
        "hf_model_open",
        c_char_p,
        POINTER(stores.OptionsStruct),
        POINTER(c_void_p),
        POINTER(_abi.ErrorStruct),
    )
    _abi.check(call(os.fsencode(path), byref(options), byref(handle), byref(error)), error)
    return holdfast.Store(handle, path)


def verify(store: holdfast.Store) -> None:
    """Every invariant of every domain."""
    store._plain("hf_model_verify")


@dataclass(frozen=True)
class Operation:
    """A mutation: what both the models and the library are asked to do."""

    domain: str
    name: str
    args: dict[str, Any]

    def __repr__(self) -> str:
        return f"{self.domain}.{self.name}({', '.join(f'{k}={v!r}' for k, v in self.args.items())})"


@dataclass(frozen=True)
class Answer:
    """What the library answered to one mutation."""

    changed: bool = False
    version: int = 0
    token: int = 0
    count: int = 0
    out: Any = None
    left_alone: int = 0
    only_out: bool = False
    """The binding gives nothing but ``out`` for this one."""
    asked: bool = False
    """It was to give its object back."""
    object: Any = None


@dataclass(frozen=True)
class Outcome:
    """Of mutations that are committed together: what each answered, or the refusal."""

    answers: tuple[Answer, ...] = ()
    code: str = ""
    operation: int = 0


SPANS = {"by", "delay", "lease", "max_age", "max_run", "tombstone_for", "ttl", "wait"}
SPANS |= {"dedup_window"}
INSTANTS = {"enqueued_before", "now", "to", "until"}


def _timed(args: dict[str, Any]) -> dict[str, Any]:
    """The models count microseconds, where the binding takes datetime and timedelta."""
    found = dict(args)
    for name, value in args.items():
        if type(value) is not int:
            continue
        if name in SPANS:
            found[name] = timedelta(microseconds=value)
        elif name in INSTANTS or name.endswith(("_at", "_until")):
            found[name] = instant(value)
    return found


def for_library(value: Any) -> Any:
    """An argument of the models as the binding takes it."""
    if isinstance(value, inbox_model.Input):
        return holdfast.InboxInput(**_timed(vars(value)))
    if isinstance(value, outbox_model.Input):
        return holdfast.OutboxInput(**_timed(vars(value)))
    if isinstance(value, outbox_model.Item):
        return _item(value)
    if isinstance(value, cursor_model.Cursor):
        return holdfast.Cursor(**_timed(vars(value)))
    if isinstance(value, list):
        return [for_library(item) for item in value]
    return value


def _item(item: outbox_model.Item) -> holdfast.OutboxItem:
    args = _timed({name: value for name, value in vars(item).items() if name[0] != "_"})
    args["rerun"] = item.rerun and holdfast.Rerun(**_timed(vars(item.rerun)))
    args["status"] = holdfast.Status(item.status)
    return holdfast.OutboxItem(**args)


BOUNDS = {"attempts_below", "max_age", "max_events", "max_records", "up_to"}
"""0 is none for the models, as in C; the binding has None for that."""


def _arguments(operation: Operation) -> dict[str, Any]:
    args = {name: for_library(value) for name, value in operation.args.items()}
    for name in BOUNDS & args.keys():
        args[name] = args[name] or None
    if "backoff" in args:
        kind, delay, cap = args["backoff"]
        spans = (timedelta(microseconds=delay), timedelta(microseconds=cap))
        args["backoff"] = holdfast.Backoff(kind, *spans)
    return _timed(args)


KEYS = {
    "cursors": ("consumer", "stream", "subject"),
    "documents": ("collection", "id"),
    "idempotency": ("scope", "key"),
    "inbox": ("user", "thread", "account"),
    "locks": ("name",),
    "outbox": ("queue", "id"),
    "timelines": ("timeline", "id"),
}


def key_of(operation: Operation) -> dict[str, Any]:
    """Of the object that it is about; empty: of none, or of several."""
    args = dict(operation.args)
    whole = [args.get("cursor"), args.get("item"), *args.get("records", ())]
    for given in whole:
        args = vars(given) | args if given is not None else args
    key = {name: args[name] for name in KEYS.get(operation.domain, ()) if name in args}
    needed = set(KEYS.get(operation.domain, ())) - {"account", "subject"}
    return key if needed <= key.keys() and len(args.get("records", "1")) == 1 else {}


def _returning(call: Any, operation: Operation) -> dict[str, Any]:
    """Whatever can give its object back does."""
    can = "returning" in inspect.signature(call).parameters
    return {"returning": True} if can and key_of(operation) else {}


def _check_object(store: holdfast.Store, operation: Operation, given: Any) -> None:
    """What was given back is what a get right after it gives."""
    key = key_of(operation)
    code, found = code_of(lambda: getattr(store, operation.domain).get(**key))
    assert code in ("", "HF_ENOTFOUND"), code
    assert found == given.object, f"{operation} gave {given.object}, a get gives {found}"


def _answer(given: Any, asked: bool) -> Answer:
    if isinstance(given, holdfast.Answered):
        given = given.value
    if isinstance(given, holdfast.Deferred):
        given = given.value
    if isinstance(given, holdfast.Result):
        return Answer(
            given.changed,
            given.version,
            given.token,
            given.count,
            left_alone=given.left_alone,
            asked=asked,
            object=given.object,
        )
    return Answer(out=given, only_out=True)


def perform(
    store: holdfast.Store, operations: list[Operation], how: str, together: bool
) -> Outcome:
    """One mutation, or a transaction of several. ``how``: "durable", "os", "later", for which
    the ticket is waited for at once, or "transact": in a function that reads, too."""
    answers: list[tuple[Any, bool]] = []
    try:
        if how == "transact":
            return _transact(store, operations)
        if together:
            txn = store.transaction(holdfast.OS if how == "os" else holdfast.DURABLE)
            try:
                for operation in operations:
                    answers.append(_added(txn, operation))
            except holdfast.Error as error:
                txn.abandon()
                return Outcome(code=error.name, operation=len(answers))
            if how == "later":
                assert txn.commit_later().wait()
            else:
                txn.commit()
        else:
            (operation,) = operations
            where = store.later() if how == "later" else store
            call = getattr(getattr(where, operation.domain), operation.name)
            durability = holdfast.OS if how == "os" else holdfast.DURABLE
            asked = _returning(call, operation)
            given = call(**_arguments(operation), **asked, durability=durability)
            if how == "later":
                ticket = getattr(given, "ticket")
                assert ticket.wait()
            if asked:
                _check_object(store, operation, given)
            answers.append((given, bool(asked)))
    except holdfast.Error as error:
        if error.ticket is not None:
            assert error.ticket.wait()
        return Outcome(code=error.name, operation=error.operation if together else 0)
    return Outcome(tuple(_answer(*given) for given in answers))


def _added(txn: holdfast.Transaction, operation: Operation) -> tuple[Any, bool]:
    call = getattr(getattr(txn, operation.domain), operation.name)
    asked = _returning(call, operation)
    return call(**_arguments(operation), **asked), bool(asked)


def _transact(store: holdfast.Store, operations: list[Operation]) -> Outcome:
    answers: list[tuple[Any, bool]] = []

    def fill(txn: holdfast.Transaction) -> None:
        answers.clear()
        _look(txn)  # nothing comes in between: it changes no answer
        for operation in operations:
            answers.append(_added(txn, operation))

    try:
        store.transact(fill, tries=2)
    except holdfast.Error as error:
        assert error.operation != holdfast.OPERATION_READ
        return Outcome(code=error.name, operation=error.operation)
    return Outcome(tuple(_answer(*given) for given in answers))


def _look(txn: holdfast.Transaction) -> None:
    txn.documents.count("c")
    txn.outbox.stats("q")
    txn.idempotency.count("s")
    try:
        list(txn.documents.list("d"))
    except holdfast.InvalidError:  # the collection keeps another order
        pass
    for found in (
        txn.outbox.list("q"),
        txn.inbox.load("u"),
        txn.cursors.list(),
        txn.locks.list(),
        txn.timelines.query("t"),
        txn.migrations.list(),
        txn.documents.collections(),
    ):
        for _ in found:
            pass


def code_of(call: Any) -> tuple[str, Any]:
    """A read: its refusal, or what it gave."""
    try:
        return "", call()
    except holdfast.Error as error:
        return error.name, None


def all_pages(fetch: Any, limit: int) -> list[Any]:
    """Everything of a list in pages of ``limit``, each of which must be full but for the last. It
    is walked by tokens and by positions, which must give the same. ``fetch`` is told where a page
    begins by name."""
    walks: list[list[Any]] = []
    for by_position in (False, True):
        items: list[Any] = []
        begin: dict[str, Any] = {}
        while True:
            found = fetch(limit, **begin)
            items += found.items
            if found.next is None:
                break
            assert len(found.items) == limit, f"a page of {len(found.items)} instead of {limit}"
            begin = {"after": items[-1]} if by_position else {"page": found.next}
        walks.append(items)
    assert walks[0] == walks[1], "behind positions it is another list than by tokens"
    return walks[0]
