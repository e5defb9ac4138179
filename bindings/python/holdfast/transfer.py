"""Whole stores as one file: holdfast/transfer.h."""

from __future__ import annotations

import os
import uuid as uuid_module
from ctypes import POINTER, byref, c_char_p, c_int, c_void_p, sizeof
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Optional, Union

from ._abi import (
    Duration,
    ErrorStruct,
    ZERO,
    check,
    flag,
    function,
    invalid,
    number,
    struct,
    value_of,
    wrong_type,
)
from ._calls import Gate
from ._progress import Progress, Teller

Path = Union[str, "os.PathLike[str]"]

FileStruct = struct("hf_snapshot_file")
ExportOptionsStruct = struct("hf_export_options")
VerifyOptionsStruct = struct("hf_verify_options")
ImportOptionsStruct = struct("hf_import_options")


@dataclass(frozen=True)
class SnapshotFile:
    """What a file says about itself."""

    uuid: uuid_module.UUID
    """Of the store that it was exported from; of the new one after an import."""
    epoch: int
    exported: bool
    """False: it is a snapshot out of a store's directory."""
    lsn: int
    """Of the last entry that it holds the effect of; 0: the state is empty."""
    clock: Optional[datetime]
    """Of that entry."""
    entries: int
    bytes: int


def path_bytes(path: Path) -> bytes:
    if not isinstance(path, (str, bytes, os.PathLike)):
        wrong_type("path", "str or os.PathLike", path)
    raw = os.fsencode(path)
    if 0 in raw:
        invalid("the path has a NUL in it")
    return raw


def _file() -> Any:
    return FileStruct(size=sizeof(FileStruct))


def _value(out: Any) -> SnapshotFile:
    return value_of(SnapshotFile, out, uuid=uuid_module.UUID(bytes=bytes(out.uuid)))


def _call(name: str, where: Any, *argtypes: Any) -> Any:
    kind = c_int if isinstance(where, int) else c_char_p
    return function(
        name + "_fd" if kind is c_int else name,
        *argtypes[:1],
        kind,
        *argtypes[1:],
        POINTER(FileStruct),
        POINTER(ErrorStruct),
    )


def _place(path: Union[Path, int], name: str) -> Union[bytes, int]:
    if isinstance(path, bool):
        wrong_type(name, "a path or a descriptor", path)
    return path if isinstance(path, int) else path_bytes(path)


def export(
    gate: Gate, store: Any, path: Union[Path, int], replace: bool, progress: Progress
) -> SnapshotFile:
    where, out, teller = _place(path, "path"), _file(), Teller(progress, gate)
    options = ExportOptionsStruct(
        size=sizeof(ExportOptionsStruct),
        replace=flag(replace, "replace"),
        progress=teller.function,
    )

    def body() -> None:
        error = ErrorStruct()
        call = _call("hf_export", where, c_void_p, POINTER(ExportOptionsStruct))
        check(call(store, where, byref(options), byref(out), byref(error)), error)

    teller.call(body)
    return _value(out)


def import_snapshot(
    path: Union[Path, int],
    directory: Path,
    *,
    replace: bool = False,
    epoch_above: int = 0,
    allow_unsafe_fs: bool = False,
    segment_size: int = 0,
    pad: int = 0,
    wait: Duration = ZERO,
    max_size: int = 0,
    max_bytes: int = 0,
    progress: Progress = None,
) -> SnapshotFile:
    """Makes a store out of a file that :meth:`Store.export` wrote, in ``directory``, which must not
    exist or be empty. All of the file is verified first; the store is built beside and put in its
    place by one rename. It has a uuid of its own and a greater epoch.

    :param path: a path or a descriptor; a pipe is read to its end first
    :param replace: the store that is there goes, in one step
    :param epoch_above: the new epoch is greater than this, too
    :param segment_size: of the new store, in bytes; 0: as the store that goes has it, else 64 MiB
    :param pad: of the new store, 512 or 4096; 0: as the store that goes has it, else none
    :param wait: how long to wait for the lock of the store that goes
    :param max_size: of a file that comes through a pipe, in bytes; 0: 64 GiB
    :param max_bytes: of entries, once decompressed; 0: 64 MiB and 1,000 times the file
    :param progress: called now and then with the bytes so far and how many there will be (0: not
        known yet). What it raises is raised when the import is over
    :raises ConflictError: the directory is not empty
    :raises CorruptError: nothing was done
    :raises LockedError: the store that goes is open
    :raises TooBigError: more than ``max_size`` or ``max_bytes``; nothing was done
    """
    where, out, place = _place(path, "path"), _file(), path_bytes(directory)
    teller = Teller(progress)
    options = ImportOptionsStruct(
        size=sizeof(ImportOptionsStruct),
        replace=flag(replace, "replace"),
        allow_unsafe_fs=flag(allow_unsafe_fs, "allow_unsafe_fs"),
        epoch_above=number(epoch_above, "epoch_above", 0, 0xFFFF),
        segment_size=segment_size,
        pad=pad,
        wait_us=wait,
        max_size=max_size,
        max_bytes=max_bytes,
        progress=teller.function,
    )

    def body() -> None:
        error = ErrorStruct()
        kind = c_int if isinstance(where, int) else c_char_p
        call = function(
            "hf_import_fd" if kind is c_int else "hf_import",
            kind,
            c_char_p,
            POINTER(ImportOptionsStruct),
            POINTER(FileStruct),
            POINTER(ErrorStruct),
        )
        check(call(where, place, byref(options), byref(out), byref(error)), error)

    teller.call(body)
    return _value(out)


def verify_snapshot(
    path: Path, *, max_bytes: int = 0, progress: Progress = None
) -> SnapshotFile:
    """Reads every byte of a file that :meth:`Store.export` wrote, decodes every entry and payload
    and checks every rule of every domain. Writes nothing.

    :param max_bytes: of entries, once decompressed; 0: 64 MiB and 1,000 times the file
    :param progress: called now and then with the bytes that were read and how many there are. What
        it raises is raised when the check is over
    :raises CorruptError: it is damaged, or no such file
    :raises NewerVersionError: a newer version wrote it
    :raises TooBigError: more than ``max_bytes``
    """
    where, out, teller = path_bytes(path), _file(), Teller(progress)
    options = VerifyOptionsStruct(
        size=sizeof(VerifyOptionsStruct), max_bytes=max_bytes, progress=teller.function
    )

    def body() -> None:
        error = ErrorStruct()
        call = function(
            "hf_verify_snapshot",
            c_char_p,
            POINTER(VerifyOptionsStruct),
            POINTER(FileStruct),
            POINTER(ErrorStruct),
        )
        check(call(where, byref(options), byref(out), byref(error)), error)

    teller.call(body)
    return _value(out)
