"""Backups: holdfast/backup.h."""

from __future__ import annotations

import uuid as uuid_module
from ctypes import POINTER, byref, c_char_p, sizeof
from dataclasses import dataclass

from ._abi import (
    Duration,
    ErrorStruct,
    ZERO,
    check,
    flag,
    function,
    number,
    struct,
    value_of,
)
from ._progress import Progress, Teller
from .transfer import FileStruct, Path, SnapshotFile, path_bytes

BackupOptionsStruct = struct("hf_backup_options")
BackupFactsStruct = struct("hf_backup_facts")
RestoreOptionsStruct = struct("hf_restore_options")


@dataclass(frozen=True)
class BackupFacts:
    """What a backup is, and what was done for it."""

    uuid: uuid_module.UUID
    """Of the store."""
    epoch: int
    incremental: bool
    """It took the place of an older one."""
    lsn: int
    """Of the newest entry in it; 0: the state is empty."""
    files: int
    """Of log and snapshots."""
    bytes: int
    copied: int
    shared: int
    """Shared with the store as blocks."""
    linked: int
    """With a second name in the store."""
    kept: int
    """From the older backup."""


def backup(
    path: Path, dest: Path, *, link: bool = False, progress: Progress = None
) -> BackupFacts:
    """Copies the store in directory ``path`` to directory ``dest``, beside its writer. It
    holds everything that was acknowledged before, is verified, and then put in its place in one
    step. It is read with :func:`open_read`, and never written: :func:`restore` makes a store of it.

    :param dest: must not exist, be empty, or hold an older backup of this store, which goes
    :param link: what is never written again gets a second name instead of a copy
    :param progress: called now and then with the bytes so far and how many there will be (0: not
        known yet). What it raises is raised when the backup is over
    :raises ConflictError: ``dest`` holds something else
    :raises CorruptError: the store is damaged
    """
    source, place, teller = path_bytes(path), path_bytes(dest), Teller(progress)
    options = BackupOptionsStruct(
        size=sizeof(BackupOptionsStruct), link=flag(link, "link"), progress=teller.function
    )
    out = BackupFactsStruct(size=sizeof(BackupFactsStruct))

    def body() -> None:
        error = ErrorStruct()
        call = function(
            "hf_backup",
            c_char_p,
            c_char_p,
            POINTER(BackupOptionsStruct),
            POINTER(BackupFactsStruct),
            POINTER(ErrorStruct),
        )
        check(call(source, place, byref(options), byref(out), byref(error)), error)

    teller.call(body)
    return value_of(BackupFacts, out, uuid=uuid_module.UUID(bytes=bytes(out.uuid)))


def restore(
    backup: Path,
    directory: Path,
    *,
    replace: bool = False,
    epoch_above: int = 0,
    allow_unsafe_fs: bool = False,
    wait: Duration = ZERO,
    progress: Progress = None,
) -> SnapshotFile:
    """Makes a store of the state in directory ``backup``, in ``directory``, which must not exist or
    be empty. It has a uuid of its own and a greater epoch. The backup stays as it is.

    :param backup: a backup, or a store that was copied in another way
    :param replace: the store that is there goes, in one step
    :param epoch_above: the new epoch is greater than this, too
    :param wait: how long to wait for the lock of the store that goes
    :param progress: called now and then with the bytes so far and how many there will be (0: not
        known yet). What it raises is raised when the store is made
    :raises ConflictError: the directory is not empty
    :raises LockedError: the store that goes is open
    """
    source, place, teller = path_bytes(backup), path_bytes(directory), Teller(progress)
    options = RestoreOptionsStruct(
        size=sizeof(RestoreOptionsStruct),
        replace=flag(replace, "replace"),
        allow_unsafe_fs=flag(allow_unsafe_fs, "allow_unsafe_fs"),
        epoch_above=number(epoch_above, "epoch_above", 0, 0xFFFF),
        wait_us=wait,
        progress=teller.function,
    )
    out = FileStruct(size=sizeof(FileStruct))

    def body() -> None:
        error = ErrorStruct()
        call = function(
            "hf_restore",
            c_char_p,
            c_char_p,
            POINTER(RestoreOptionsStruct),
            POINTER(FileStruct),
            POINTER(ErrorStruct),
        )
        check(call(source, place, byref(options), byref(out), byref(error)), error)

    teller.call(body)
    return value_of(SnapshotFile, out, uuid=uuid_module.UUID(bytes=bytes(out.uuid)))
