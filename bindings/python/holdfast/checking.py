"""Is a store sound? hf_fsck of holdfast/admin.h."""

from __future__ import annotations

import enum
import uuid as uuid_module
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_void_p, sizeof
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Optional

from ._abi import ErrorStruct, check, function, moment, number, struct, value_of
from ._progress import Progress, Teller
from .errors import Error
from .transfer import Path, path_bytes

OptionsStruct = struct("hf_fsck_options")
SummaryStruct = struct("hf_fsck_summary")
FindingStruct = struct("hf_fsck_finding")

_Report = CFUNCTYPE(None, c_void_p, POINTER(FindingStruct))


class Severity(enum.IntEnum):
    """Of a finding, the gravest last."""

    LEFTOVER = 0
    """Harmless: no part of the store."""
    TORN = 1
    """Harmless: what a crash left behind the log's end."""
    IO = 2
    """Could not be read: not damage."""
    NEWER = 3
    """Written by a newer format."""
    DAMAGE = 4
    """Bytes that were durable are not there, or a state breaks its own rules."""


class How(enum.IntEnum):
    """In which way a finding affects something."""

    UNREADABLE = 0
    """The entry itself is damaged: its text may be wrong in part."""
    CUT_OFF = 1
    """The entry is whole, in a group that is not."""
    PRESUPPOSED = 2
    """A later, whole entry needs something that was lost."""


class LastStop(enum.IntEnum):
    """How the last writer left the store."""

    UNKNOWN = 0
    CLEAN = 1
    UNCLEAN = 2
    """A crash, a kill."""
    NONE = 3
    """A writer has it open."""


@dataclass(frozen=True)
class Affected:
    """Something that a finding affects."""

    how: How
    lsn: int
    """Of the entry that names it."""
    domain: str
    text: str
    """The entry in one line, which names the object."""


@dataclass(frozen=True)
class Finding:
    severity: Severity
    file: str
    """Empty: it is about the state that the log gives."""
    offset: int
    length: int
    """0: not known, or not bytes."""
    first_lsn: int
    """Of the entries that are lost or affected; 0: none."""
    last_lsn: int
    """2**64 - 1: how far it goes is not known."""
    what: str
    objects: tuple[Affected, ...]
    objects_left_out: int
    """More of them."""


@dataclass(frozen=True)
class CheckedDomain:
    """What was counted of one kind."""

    name: str
    entries: int
    objects: int
    """0 unless ``state_checked``."""


@dataclass(frozen=True)
class Checked:
    """What a check found and counted."""

    error: Optional[Error]
    """The gravest finding, as what opens the store would raise it; None: the store is sound."""
    findings: tuple[Finding, ...]
    """Harmless ones, too."""
    uuid: uuid_module.UUID
    epoch: int
    format: int
    files: int
    bytes: int
    segments: int
    groups: int
    transactions: int
    entries: int
    groups_after_damage: int
    """Of them: whole, but behind damage."""
    entries_after_damage: int
    first_lsn: int
    """Of whole entries; 0: none."""
    last_lsn: int
    torn_bytes: int
    """Behind the log's end."""
    last_stop: LastStop
    clock: Optional[datetime]
    """What the store's clock would show; None unless ``state_checked``."""
    clock_ahead: timedelta
    state_checked: bool
    """The log was whole: it was replayed, and every rule of every domain checked."""
    domains: tuple[CheckedDomain, ...]


def _affected(of: Any) -> Affected:
    return value_of(Affected, of, how=How(of.how))


def _finding(of: Any) -> Finding:
    objects = tuple(_affected(one) for one in of.objects[: of.object_count])
    return value_of(Finding, of, severity=Severity(of.severity), objects=objects)


def fsck(path: Path, *, max_objects: int = 0, progress: Progress = None) -> Checked:
    """Reads every byte of every file of the store in directory ``path``, beside its writer, and
    checks every rule of every domain. Changes nothing. Damage is an answer and no exception.

    :param max_objects: named with one finding; 0: 100
    :param progress: called between files with the bytes that were read and how many there are. What
        it raises is raised when the check is over
    :raises NotFoundError: there is no store
    :raises CanceledError: a writer changed too much meanwhile: try again
    """
    where, teller = path_bytes(path), Teller(progress)
    options = OptionsStruct(
        size=sizeof(OptionsStruct),
        max_objects=number(max_objects, "max_objects", 0, 0xFFFFFFFF),
        progress=teller.function,
    )
    out, error = SummaryStruct(size=sizeof(SummaryStruct)), ErrorStruct()
    findings: list[Finding] = []
    report = _Report(lambda _ctx, finding: findings.append(_finding(finding.contents)))

    def body() -> None:
        call = function(
            "hf_fsck",
            c_char_p,
            POINTER(OptionsStruct),
            _Report,
            c_void_p,
            POINTER(SummaryStruct),
            POINTER(ErrorStruct),
        )
        rc = call(where, byref(options), report, None, byref(out), byref(error))
        if not out.checked:
            check(rc, error)

    teller.call(body)
    return value_of(
        Checked,
        out,
        error=error.error() if out.verdict else None,
        findings=tuple(findings),
        uuid=uuid_module.UUID(bytes=bytes(out.uuid)),
        last_stop=LastStop(out.last_stop),
        clock=moment(out.clock) if out.state_checked else None,
        domains=tuple(value_of(CheckedDomain, d) for d in out.domains[: out.domain_count]),
    )
