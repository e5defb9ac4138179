"""What a store's directory is made of, and what keeps each file: holdfast/admin.h."""

from __future__ import annotations

import enum
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_void_p
from dataclasses import dataclass
from typing import Any, Optional

from ._abi import ErrorStruct, check, function, struct, value_of
from ._calls import Gate, relayed
from .transfer import Path, path_bytes


class Keeper(enum.IntEnum):
    """Why a file is there."""

    HEAD = 0
    """It is being written."""
    LOG = 1
    """Its entries lie behind the newest snapshot."""
    PAYLOADS = 2
    """Objects have payloads in it."""
    BASE = 3
    """A snapshot that openings begin with."""
    COVERED = 4
    """Nothing: a compaction removes it."""
    RETAINED = 5
    """Of the past that is to be retained."""
    SUBSCRIBED = 6
    """A subscription was not given it yet."""
    READERS = 7
    """It was removed, and takes room until processes that have it open let go of it."""


SegmentStruct = struct("hf_segment")

_Each = CFUNCTYPE(None, c_void_p, POINTER(SegmentStruct))


@dataclass(frozen=True)
class Segment:
    """A segment of the log, or a snapshot."""

    file: str
    snapshot: bool
    number: int
    """Of a segment; 0 for a snapshot."""
    bytes: int
    first_lsn: int
    """Of the entries in it; 0: none, and of a snapshot."""
    last_lsn: int
    entries: int
    entry_bytes: int
    live_entries: int
    """That gave an object its newest change."""
    live_bytes: int
    payload_bytes: int
    """Of objects whose payload is read from here."""
    keeper: Keeper
    open_by: int
    """Other processes that have it open, as far as this one may see."""


def _segment(s: Any) -> Segment:
    return value_of(Segment, s, keeper=Keeper(s.keeper))


def segments_of(gate: Gate, store: Any) -> list[Segment]:
    return _all("hf_segments_of", c_void_p, store, gate)


def segments(path: Path) -> list[Segment]:
    """The files of the store in directory ``path``, snapshots first, each kind by number. Reads all
    of its log; beside a writer figures of the newest entries may lag.

    :raises NotFoundError: there is no store
    """
    return _all("hf_segments_each", c_char_p, path_bytes(path), None)


def _all(name: str, kind: Any, where: Any, gate: Optional[Gate]) -> list[Segment]:
    found: list[Segment] = []
    each = _Each(lambda _ctx, segment: found.append(_segment(segment.contents)))

    def body() -> None:
        error = ErrorStruct()
        call = function(name, kind, _Each, c_void_p, POINTER(ErrorStruct))
        check(call(where, each, None, byref(error)), error)

    relayed(body, gate=gate)
    return found
