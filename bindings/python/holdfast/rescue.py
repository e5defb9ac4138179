"""A new store of a damaged one: holdfast/salvage.h."""

from __future__ import annotations

import uuid as uuid_module
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_void_p, sizeof
from dataclasses import dataclass
from typing import Any, Optional

from ._abi import ErrorStruct, check, flag, function, number, struct, value_of
from ._progress import Progress, Teller
from .transfer import Path, path_bytes

SalvageOptionsStruct = struct("hf_salvage_options")
SalvageSummaryStruct = struct("hf_salvage_summary")
FindingStruct = struct("hf_fsck_finding")

_Report = CFUNCTYPE(None, c_void_p, POINTER(FindingStruct))


@dataclass(frozen=True)
class LostObject:
    """What a loss affects."""

    lsn: int
    """Of the entry that names it."""
    domain: str
    text: str
    """The entry in one line, which names the object."""


@dataclass(frozen=True)
class Loss:
    """Something of a damaged store that is not in the new one."""

    file: str
    offset: int
    length: int
    """0: not known."""
    first_lsn: int
    """0: not known."""
    last_lsn: int
    what: str
    objects: tuple[LostObject, ...]
    objects_left_out: int
    """More of them."""


@dataclass(frozen=True)
class SalvagedDomain:
    """Objects of one kind."""

    name: str
    kept: int
    lost: int
    """Left out, because their payload is damaged."""


@dataclass(frozen=True)
class Salvaged:
    """What was kept and lost."""

    uuid: uuid_module.UUID
    """Of the damaged store."""
    epoch: int
    losses: tuple[Loss, ...]
    """Empty: nothing is lost."""
    end_unknown: bool
    """If the newest entries are gone, nothing shows that they were there."""
    identity_lost: bool
    snapshot_lsn: int
    """The state of this place was taken from a snapshot; 0: from the log."""
    entries: int
    """Whole ones in the log that was read."""
    entries_left_out: int
    """Of them: they need something that was lost."""
    domains: tuple[SalvagedDomain, ...]
    made: Optional[uuid_module.UUID]
    """The new store; None after a dry run."""
    made_epoch: int


def _loss(finding: Any) -> Loss:
    objects = finding.objects[: finding.object_count]
    return value_of(Loss, finding, objects=tuple(value_of(LostObject, o) for o in objects))


def salvage(
    source: Path,
    target: Path,
    *,
    dry_run: bool = True,
    epoch_above: int = 0,
    max_objects: int = 0,
    allow_unsafe_fs: bool = False,
    progress: Progress = None,
) -> Salvaged:
    """Looks at everything that verifies in the store in directory ``source``, and says what is
    lost. With ``dry_run=False`` it makes a new store of the rest in ``target``, which must not
    exist or be empty. The source is only read, and stays as it is.

    :param epoch_above: the new epoch is greater than this, too
    :param max_objects: named with one loss; 0: 100
    :param progress: called now and then with the bytes so far and how many there will be (0: not
        known yet); each pass over the files counts anew. What it raises is raised at the end
    :raises LockedError: a writer has the source open
    :raises ConflictError: the target is not empty
    :raises ReadFailedError: the source cannot be read; copy it first
    """
    from_, to, teller = path_bytes(source), path_bytes(target), Teller(progress)
    options = SalvageOptionsStruct(
        size=sizeof(SalvageOptionsStruct),
        build=not flag(dry_run, "dry_run"),
        allow_unsafe_fs=flag(allow_unsafe_fs, "allow_unsafe_fs"),
        epoch_above=number(epoch_above, "epoch_above", 0, 0xFFFF),
        max_objects=number(max_objects, "max_objects", 0, 0xFFFFFFFF),
        progress=teller.function,
    )
    out = SalvageSummaryStruct(size=sizeof(SalvageSummaryStruct))
    losses: list[Loss] = []
    report = _Report(lambda _ctx, finding: losses.append(_loss(finding.contents)))

    def body() -> None:
        error = ErrorStruct()
        call = function(
            "hf_salvage",
            c_char_p,
            c_char_p,
            POINTER(SalvageOptionsStruct),
            _Report,
            POINTER(SalvageSummaryStruct),
            POINTER(ErrorStruct),
        )
        check(call(from_, to, byref(options), report, byref(out), byref(error)), error)

    teller.call(body)
    return value_of(
        Salvaged,
        out,
        uuid=uuid_module.UUID(bytes=bytes(out.uuid)),
        losses=tuple(losses),
        domains=tuple(value_of(SalvagedDomain, d) for d in out.domains[: out.domain_count]),
        made=uuid_module.UUID(bytes=bytes(out.made_uuid)) if out.built else None,
    )
