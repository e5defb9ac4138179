"""The binding over a served store: its calls as commands, by python3-redis.

The binding asks its library for a function by name and calls it with structs. Here the library is
one whose reads, mutations and transactions are commands instead: what the structs hold becomes
words, by the tables of the interface and the rules of docs/operate/resp.md, and the answer becomes
what the call would have filled. So all above is as it is: the same machine, the same binding. What
is no command (openings, upkeep, callbacks, the feed) goes to the store itself.
"""

from __future__ import annotations

import ctypes
import socket
from collections import deque
from functools import lru_cache
from typing import Any, Iterator, NamedTuple, Optional

import library  # finds the package of this tree, so it comes first
import redis
from holdfast import _abi, _api, _library, errors
from holdfast._api import Tag

UNSET = -(2**63)
ABSENT = 2**64 - 1
OPERATION_READ = 2**32 - 1
MEMORY = 1
"""Of answers that were filled here: nothing of the library's."""

CODES = {
    kind.__dict__["name"]: kind.code
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.Error) and "code" in kind.__dict__
}


# --- Tables ---------------------------------------------------------------------------------------


class Row(NamedTuple):
    name: str
    tag: Tag
    size: int
    elements: int
    of: str
    words: dict[int, str]
    zero: bool
    optional: bool


class _Word(ctypes.Structure):
    _fields_ = [("word", ctypes.c_char_p), ("value", ctypes.c_int64)]


def _words(pointer: Any) -> dict[int, str]:
    found = {}
    if pointer:
        at = ctypes.cast(pointer, ctypes.POINTER(_Word))
        index = 0
        while at[index].word is not None:
            found[at[index].value] = at[index].word.decode()
            index += 1
    return found


@lru_cache(maxsize=None)
def rows(struct: str) -> list[Row]:
    table = _api._structs()[struct].members
    found = []
    for index, member in enumerate(_api.members(struct)):
        raw = table[index]
        found.append(Row(*member, _words(raw.words), raw.zero is not None, bool(raw.optional)))
    return found


def _is_flag(struct: str, name: str) -> bool:
    head, _, rest = name.partition("_")
    return head in ("by", "set", "has") and any(row.name == rest for row in rows(struct))


def _flag_of(struct: str, name: str) -> Optional[str]:
    names = [row.name for row in rows(struct)]
    return next((f"{h}_{name}" for h in ("by", "set", "has") if f"{h}_{name}" in names), None)


def _has_place(row: Row, inside: str) -> bool:
    """The rule of the page."""
    if row.zero or row.optional or row.name in ("extra", "priority"):
        return False
    whole = inside not in ("", "key", "filter")
    if row.tag is Tag.KEY:
        return not whole or row.name != "owner"
    return row.tag is Tag.BYTES or (row.tag in (Tag.TOKEN, Tag.TEXT, Tag.INT) and not whole)


class Argument(NamedTuple):
    row: Row
    path: tuple[str, ...]
    """Of the struct that has it, from the outermost one."""
    struct: str
    placed: bool
    count: str
    """The member that counts it."""
    flag: Optional[str]


def _arguments(struct: str, path: tuple[str, ...], inside: str) -> Iterator[Argument]:
    before: Optional[Row] = None
    for index, row in enumerate(rows(struct)):
        counts = before is not None and before.tag is Tag.MANY
        before = row
        if row.tag is Tag.STRUCT and row.of != "hf_write":
            yield from _arguments(row.of, (*path, row.name), row.name)
        elif not (
            counts
            or row.tag in (Tag.STRUCT, Tag.SIZE, Tag.MEMORY, Tag.FUNCTION, Tag.CONTEXT)
            or (row.tag is Tag.BOOL and _is_flag(struct, row.name))
        ):
            count = rows(struct)[index + 1].name if row.tag is Tag.MANY else ""
            flag = _flag_of(struct, row.name)
            yield Argument(row, path, struct, _has_place(row, inside), count, flag)


@lru_cache(maxsize=None)
def arguments(struct: str) -> list[Argument]:
    """What words fill of it, each name once."""
    found: dict[str, Argument] = {}
    for argument in _arguments(struct, (), ""):
        found.setdefault(argument.row.name, argument)
    return list(found.values())


# --- Structs as words -----------------------------------------------------------------------------


def _value(row: Row, value: Any) -> bytes:
    if row.tag in (Tag.KEY, Tag.TEXT, Tag.BYTES):
        return bytes(value.bytes())
    if row.tag is Tag.STRING:
        return bytes(value)
    if row.tag is Tag.ENUM:
        return row.words[value].encode()
    if row.tag is Tag.FLAGS:
        return ",".join(word for bit, word in row.words.items() if value & bit).encode()
    if row.tag is Tag.REAL:
        return repr(value).encode()
    return b"none" if row.tag is Tag.TIME and value == UNSET else b"%d" % int(value)


def _is_given(argument: Argument, holder: Any, value: Any, literal: bool) -> bool:
    row = argument.row
    if argument.flag is not None and getattr(holder, argument.flag):
        return True
    if row.tag in (Tag.KEY, Tag.TEXT, Tag.BYTES):
        return bool(value.len)
    if row.tag is Tag.TIME:
        return bool(value != UNSET and (literal or value != 0))
    if row.tag is Tag.ONE:
        return bool(value)
    if row.tag is Tag.REAL:
        return bool(repr(value) != "0.0")
    return bool(value)


def words_of(struct: str, args: Any, literal: bool) -> list[bytes]:
    placed: list[bytes] = []
    named: list[bytes] = []
    for argument in arguments(struct):
        holder = args
        for step in argument.path:
            holder = getattr(holder, step)
        row, value = argument.row, getattr(holder, argument.row.name)
        if argument.placed:
            placed.append(_value(row, value))
        elif _is_given(argument, holder, value, literal):
            named.append(row.name.removesuffix("_us").upper().encode())
            if row.tag is Tag.MANY:
                named += _elements(row, value, getattr(holder, argument.count), literal)
            elif row.tag is Tag.ONE:
                # In a position there are no times that may be left out.
                inner = words_of(row.of, value.contents, True)
                named += [b"%d" % len(inner), *inner]
            else:
                named.append(_value(row, value))
    return placed + named


def _elements(row: Row, value: Any, count: int, literal: bool) -> list[bytes]:
    found = [b"%d" % count]
    for index in range(count):
        if row.of == "hf_bytes":
            found.append(value[index].bytes())
        else:
            inner = words_of(row.of, value[index], literal)
            found += [b"%d" % len(inner), *inner]
    return found


def _write_words(write: Any) -> list[bytes]:
    found = []
    if write.expect:
        found += [b"EXPECT", b"ABSENT" if write.expect == ABSENT else b"%d" % write.expect]
    if write.durability:
        found += [b"DURABILITY", b"os"]
    for name in ("missing_ok", "returning_payload"):
        if getattr(write, name):
            found += [name.upper().encode(), b"1"]
    return found + ([b"RETURNING", b"1"] if write.returning else [])


# --- Answers as structs ---------------------------------------------------------------------------

_kept: deque[Any] = deque(maxlen=256)
"""What answers point to: the binding copies it at once, or when its transaction has ended."""


def _bytes(target: Any, value: Optional[bytes], keep: list[Any]) -> None:
    buffer = ctypes.create_string_buffer(value or b"", len(value or b"") + 1)
    keep.append(buffer)
    kind = dict(type(target)._fields_)["data"]
    target.data = ctypes.cast(buffer, kind) if value else None
    target.len = len(value or b"")


def as_map(answer: list[Any]) -> dict[str, Any]:
    return {name.decode(): value for name, value in zip(answer[::2], answer[1::2])}


def fill(struct: str, target: Any, found: dict[str, Any], keep: list[Any]) -> None:
    """``target`` from the map of it, all of which must be there."""
    table = rows(struct)
    alike = [row.of for row in table if row.tag is Tag.STRUCT]
    counted = False
    for index, row in enumerate(table):
        if counted or row.tag in (Tag.SIZE, Tag.FUNCTION, Tag.CONTEXT):
            counted = False
            continue
        if row.tag is Tag.MEMORY:
            setattr(target, row.name, MEMORY)
            continue
        if row.tag is Tag.STRUCT:
            inner = found if alike.count(row.of) == 1 else as_map(found[row.name])
            fill(row.of, getattr(target, row.name), inner, keep)
            continue
        value = found[row.name]
        if row.tag in (Tag.KEY, Tag.TEXT, Tag.BYTES):
            _bytes(getattr(target, row.name), value, keep)
        elif row.tag is Tag.MANY:
            counted = True
            _fill_many(row, target, value, table[index + 1].name, keep)
        elif row.tag is Tag.ONE:
            if value is not None:
                one = _abi.struct(row.of)()
                fill(row.of, one, as_map(value), keep)
                keep.append(one)
                setattr(target, row.name, ctypes.pointer(one))
        else:
            setattr(target, row.name, _plain(row, value))


def _plain(row: Row, value: Any) -> Any:
    if row.tag is Tag.STRING:
        return value
    if row.tag is Tag.ENUM:
        return {word: number for number, word in row.words.items()}[value.decode()]
    if row.tag is Tag.FLAGS:
        given = value.decode().split(",") if value else []
        return sum(number for number, word in row.words.items() if word in given)
    if row.tag is Tag.REAL:
        return float(value)
    if value is None:
        return UNSET if row.tag is Tag.TIME else 0
    return bool(value) if row.tag is Tag.BOOL else int(value)


def _fill_many(row: Row, target: Any, values: list[Any], count: str, keep: list[Any]) -> None:
    array = (_abi.struct(row.of) * len(values))()
    for one, value in zip(array, values):
        if row.of == "hf_bytes":
            _bytes(one, value, keep)
        else:
            fill(row.of, one, as_map(value), keep)
    keep.append(array)
    kind = ctypes.POINTER(_abi.struct(row.of))
    setattr(target, row.name, ctypes.cast(array, kind) if values else kind())
    setattr(target, count, len(values))


# --- Calls ----------------------------------------------------------------------------------------


class _Inherited(redis.connection.UnixDomainSocketConnection):  # type: ignore[misc]
    """A connection that is there already."""

    inherited = -1

    def _connect(self) -> socket.socket:
        return socket.socket(fileno=self.inherited)


class Place(NamedTuple):
    """Where the answer of an operation goes."""

    name: str
    args: Any
    out: Any
    result: Any


class Txn:
    """MULTI, begun with its first operation; WATCH before that."""

    def __init__(self, served: "Served") -> None:
        self.served = served
        self.open = False
        self.watched = False
        self.places: list[Place] = []


class Served:
    """A store whose calls are commands."""

    def __init__(self, handle: int) -> None:
        serve = _library.library.hf_model_serve
        serve.argtypes = (ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p),
                          ctypes.POINTER(ctypes.c_int))  # fmt: skip
        self._thread, client = ctypes.c_void_p(), ctypes.c_int()
        assert serve(handle, ctypes.byref(self._thread), ctypes.byref(client)) == 0
        self.connection = _Inherited(path="")
        self.connection.inherited = client.value
        self.connection.connect()

    def end(self) -> None:
        self.connection.disconnect()
        stop = _library.library.hf_model_serve_end
        stop.argtypes, stop.restype = (ctypes.c_void_p,), None
        stop(self._thread)

    def ask(self, *words: bytes) -> Any:
        """The answer, or the refusal as it stands there."""
        self.connection.send_command(*words)
        try:
            return self.connection.read_response()
        except redis.ResponseError as refusal:
            return refusal


stores: dict[int, Served] = {}
txns: dict[int, Txn] = {}
_last_txn = [0x7F000000]


def _number(handle: Any) -> Optional[int]:
    value = getattr(handle, "value", handle)
    return value if isinstance(value, int) else None


def _target(reference: Any) -> Any:
    return getattr(reference, "_obj", None)


def refused(refusal: Exception, error: Any, operation: int = 0) -> int:
    """Fills a hf_error from what stands behind the dash."""
    name, _, text = str(refusal).partition(" ")
    head, _, rest = text.partition(": ")
    if head.startswith("command "):
        operation, text = int(head.removeprefix("command ")), rest
    code = int(CODES[name])
    told = _target(error)
    if told is not None:
        told.code, told.operation, told.text = code, operation, text.encode()[:255]
    return code


def command_of(name: str, args: Any) -> list[bytes]:
    """What its words are; ``args`` is the struct that it takes, None: nothing."""
    word = name.removeprefix("hf_").replace("_", ".", 1).upper().encode()
    if args is None:
        return [word]
    struct = args.c_name.removeprefix("struct ")
    if struct == "hf_bytes":
        return [word, args.bytes()]
    write = getattr(args, "write", None)
    literal = write is None or write.literal_times
    return [word, *words_of(struct, args, literal), *(_write_words(write) if write else [])]


def answered(place: Place, found: dict[str, Any]) -> None:
    """A mutation's answer, put where its caller looks."""
    keep: list[Any] = []
    _kept.append(keep)
    if place.out is not None:
        fill(place.out.c_name.removeprefix("struct "), place.out, found, keep)
    if place.result is not None:
        fill("hf_result", place.result, found | {"available_at": _available(found)}, keep)
    if place.args.write.returning and found["object"] is not None:
        kind = _abi.struct(_api.call(place.name).object)
        got = kind.from_address(place.args.write.returning)
        fill(kind.__name__, got, as_map(found["object"]), keep)


def _available(found: dict[str, Any]) -> Any:
    """0 of what is no item of an outbox, which is null here."""
    return b"0" if found["status"] == 0 else found["available_at"]


def mutate(name: str, store: Served, txn: Optional[Txn], rest: tuple[Any, ...]) -> int:
    args, error = _target(rest[0]), rest[-1]
    out = _target(rest[1]) if len(rest) == 4 else None
    place = Place(name, args, out, _target(rest[-2]))
    words = command_of(name, args)
    if txn is None:
        answer = store.ask(*words)
        if isinstance(answer, Exception):
            return refused(answer, error)
        answered(place, as_map(answer))
        return 0
    if not txn.open:
        assert store.ask(b"MULTI") == b"OK"
        txn.open = True
    answer = store.ask(*words)
    if isinstance(answer, Exception):
        return refused(answer, error, len(txn.places))
    assert answer == b"QUEUED", answer
    txn.places.append(place)
    return 0


def read(name: str, store: Served, txn: Optional[Txn], rest: tuple[Any, ...]) -> int:
    call = _api.call(name)
    args = rest[0] if call.takes else None
    args = _target(args) if _target(args) is not None else args
    out, error = (_target(rest[-2]) if call.fills or call.gives else None), rest[-1]
    words = command_of(name, args)
    if txn is not None:
        assert not txn.open, "a read behind an operation"
        watched = store.ask(b"WATCH", *words)
        if isinstance(watched, Exception):
            return refused(watched, error)
        txn.watched = True
    answer = _whole(store, name, words, args)
    if isinstance(answer, Exception):
        return refused(answer, error)
    if call.fills:
        keep: list[Any] = []
        _kept.append(keep)
        fill(call.fills, out, as_map(answer), keep)
    elif call.gives:
        out.value = UNSET if answer is None else int(answer)
    return 0


def _whole(store: Served, name: str, words: list[bytes], args: Any) -> Any:
    """The library gives all where no limit is given, and the server a page."""
    answer = store.ask(*words)
    if isinstance(answer, Exception) or getattr(args, "limit", 1) != 0:
        return answer
    assert b"next" not in answer or answer[answer.index(b"next") + 1] is None, "a page was full"
    return answer


def begin(store: Any, out: Any, error: Any) -> int:
    _last_txn[0] += 16
    txns[_last_txn[0]] = Txn(stores[_number(store)])
    _target(out).value = _last_txn[0]
    return 0


def abandon(txn: Txn) -> None:
    assert txn.served.ask(b"DISCARD" if txn.open else b"UNWATCH") == b"OK"


def commit(txn: Txn, durability: int, error: Any) -> int:
    if not txn.open:
        assert txn.served.ask(b"MULTI") == b"OK"
    answer = txn.served.ask(b"EXEC", *([b"DURABILITY", b"os"] if durability else []))
    if answer is None:
        conflict = redis.ResponseError("HF_ECONFLICT what was read is another")
        return refused(conflict, error, OPERATION_READ)
    if isinstance(answer, Exception):
        return refused(answer, error)
    for place, one in zip(txn.places, answer):
        answered(place, as_map(one))
    return 0


def transact(store: Any, filling: Any, tries: int, durability: int, error: Any) -> int:
    """What a client does that reads, decides and writes."""
    for _ in range(tries or 100):
        handle = ctypes.c_void_p()
        begin(store, ctypes.byref(handle), error)
        code = int(filling(None, None, handle, error))
        txn = txns.pop(handle.value)
        if code:
            abandon(txn)
            return code
        code = commit(txn, durability, error)
        if code != CODES["HF_ECONFLICT"]:
            return code
    return code


class Call:
    """A function of the library that may be a command."""

    def __init__(self, name: str, real: Any) -> None:
        self.__dict__.update(name=name, real=real)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.real, name, value)

    def __call__(self, *args: Any) -> Any:
        first = _number(args[0])
        if self.name == "hf_release":
            return None if first == MEMORY else self.real(*args)
        if self.name == "hf_close" and first in stores:
            stores.pop(first).end()
        elif self.name == "hf_txn_begin" and first in stores:
            return begin(*args)
        elif self.name == "hf_transact" and first in stores:
            return transact(args[0], args[1], args[3], args[4], args[5])
        elif self.name.startswith("hf_txn_") and first in txns:
            return self._of_txn(first, args)
        elif self.name.startswith(DOMAINS) and not self._takes_callback(args):
            txn = txns.get(_number(args[1]) or 0) if self._mutates() else txns.get(first or 0)
            store = txn.served if txn else stores.get(first or 0)
            of_library = self._mutates() and _number(args[1]) is not None and txn is None
            if store is not None and not of_library:
                rest = args[2:] if self._mutates() else args[1:]
                return (mutate if self._mutates() else read)(self.name, store, txn, rest)
        return self.real(*args)

    def _mutates(self) -> bool:
        return KINDS[self.name] == MUTATION

    def _takes_callback(self, args: tuple[Any, ...]) -> bool:
        given = _target(args[1]) if self.name == "hf_outbox_list" else None
        return KINDS.get(self.name) not in (MUTATION, READ) or bool(getattr(given, "match", None))

    def _of_txn(self, handle: int, args: tuple[Any, ...]) -> Any:
        txn = txns[handle]
        if self.name == "hf_txn_reads":
            return handle
        if self.name == "hf_txn_count":
            return len(txn.places)
        del txns[handle]
        if self.name == "hf_txn_abandon":
            return abandon(txn)
        return commit(txn, args[1], args[-1])


MUTATION, READ = 1, 2
DOMAINS = tuple(
    f"hf_{name}_"
    for name in ("inbox", "cursor", "outbox", "idempotency", "document", "timeline", "lock",
                 "migration", "clock")
)  # fmt: skip


def _kinds() -> dict[str, int]:
    found = {}
    for part in _api._parts():
        index = 0
        while part.calls[index].name is not None:
            found[part.calls[index].name.decode()] = part.calls[index].kind
            index += 1
    return found


KINDS = _kinds()


class Library:
    """Stands where the binding has its library."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self._calls: dict[str, Call] = {}

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("hf_") or name.startswith("hf_model_"):
            return getattr(self._real, name)
        if name not in self._calls:
            self._calls[name] = Call(name, getattr(self._real, name))
        return self._calls[name]


_open_in_process = library.open_store


def open_store(path: str) -> Any:
    store = _open_in_process(path)
    handle = _number(store._gate.handle)
    assert handle is not None
    stores[handle] = Served(handle)
    return store


def install() -> None:
    """From here on stores of the model test are served ones."""
    _library.library = Library(_library.library)  # type: ignore[assignment]
    _library.function.cache_clear()
    library.open_store = open_store
