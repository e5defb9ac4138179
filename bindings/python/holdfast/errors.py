"""One exception for each of the library's codes.

Catch the one you can act on; :class:`Error` is all of them. Where Python has a word of its own for
the kind of failure
(``ValueError``, ``LookupError``, ``TimeoutError``, ``MemoryError``) the exception is that, too.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn


OPERATION_READ = 2**32 - 1
"""As ``error.operation``: no operation of the transaction, but what a read in it saw."""


class Error(Exception):
    """A call that failed. ``str(error)`` is one sentence that names object and reason."""

    code: ClassVar[int] = 0
    name: ClassVar[str] = "HF_UNKNOWN"
    _by_code: ClassVar[dict[int, type["Error"]]] = {}

    os_errno: int = 0
    """Of the system call that failed, or 0."""
    operation: int = 0
    """Index of the operation that failed inside a transaction, from 0; :data:`OPERATION_READ`: what
    a read in it saw is not so any more."""
    file: str = ""
    """The file of the store that the failure is about, or empty."""
    offset: int = 0
    """The byte in that file."""
    first_lsn: int = 0
    last_lsn: int = 0
    """The range of entries that the failure affects, or 0."""

    granted: Any = None
    """Of a claim or begin that stands although a payload could not be read
    (:class:`ReadFailedError`, :class:`CorruptError`): what it gave, with its tokens; a payload
    that could not be read is empty. Of a transaction such results are there all the same. Else
    None."""

    ticket: Any = None
    """Of a mutation that was not waited for: what the refusal rests on. Else None."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Error._by_code[cls.code] = cls

    @staticmethod
    def of(code: int, text: str, **details: Any) -> "Error":
        error = Error._by_code.get(code, Error)(text)
        for name, value in details.items():
            setattr(error, name, value)
        return error


def raise_for(rc: int, error: Error) -> NoReturn:
    """Raises ``error``; a call that says one code and fills in another would be the library's
    mistake, and is told."""
    if error.code != rc:
        error = Error.of(rc, str(error) or f"code {rc}")
    raise error


class InvalidError(Error, ValueError):
    """An argument breaks the contract: fix the call."""

    code, name = 1, "HF_EINVAL"


class NotFoundError(Error, LookupError):
    """No such object or store."""

    code, name = 2, "HF_ENOTFOUND"


class ConflictError(Error):
    """Version, content or guard: read again, decide."""

    code, name = 3, "HF_ECONFLICT"


class ClaimedError(Error):
    """Somebody else has the item."""

    code, name = 4, "HF_ECLAIMED"


class HeldError(Error):
    """Somebody else has the lock."""

    code, name = 5, "HF_EHELD"


class StaleError(Error):
    """The token is no longer current: stop, you are fenced."""

    code, name = 6, "HF_ESTALE"


class NonMonotonicError(Error):
    """A cursor may only go forward; reset it with a reason."""

    code, name = 7, "HF_ENONMONOTONIC"


class ReasonRequiredError(Error, ValueError):
    """A reason is required and was blank."""

    code, name = 8, "HF_EREASON"


class LockedError(Error):
    """Another process writes this store."""

    code, name = 9, "HF_ELOCKED"


class BlockedError(Error):
    """The item's group is busy."""

    code, name = 10, "HF_EBLOCKED"


class TimedOutError(Error, TimeoutError):
    """The deadline passed."""

    code, name = 11, "HF_ETIMEDOUT"


class CanceledError(Error):
    """The store is closing."""

    code, name = 12, "HF_ECANCELED"


class GoneError(Error, LookupError):
    """Older than what is retained."""

    code, name = 13, "HF_EGONE"


class TooBigError(Error, ValueError):
    """Over a limit; nothing was done."""

    code, name = 14, "HF_ETOOBIG"


class OutOfMemoryError(Error, MemoryError):
    """Out of memory; nothing was done."""

    code, name = 15, "HF_ENOMEM"


class NoSpaceError(Error):
    """No room on the disk; nothing was done."""

    code, name = 16, "HF_ENOSPACE"


class UncertainError(Error):
    """The write or sync failed: it may turn up after reopen; reopen, then look."""

    code, name = 17, "HF_EUNCERTAIN"


class FailedError(Error):
    """The store failed earlier: close and reopen."""

    code, name = 18, "HF_EFAILED"


class ReadFailedError(Error):
    """A read failed: not damage; retry or repair the disk."""

    code, name = 19, "HF_EIO"


class CorruptError(Error):
    """Proven damage: fsck, salvage."""

    code, name = 20, "HF_ECORRUPT"


class NewerVersionError(Error):
    """Written by a newer format; nothing was touched."""

    code, name = 21, "HF_EVERSION"


class UnsafeFilesystemError(Error):
    """A file system that cannot keep promises."""

    code, name = 22, "HF_EUNSAFEFS"


class ReadOnlyError(Error):
    """A write through a read-only handle."""

    code, name = 23, "HF_EREADONLY"


class ForkedError(Error):
    """The store was opened by the parent of this forked process: open it again here."""

    code, name = 24, "HF_EFORK"


class LaggedError(Error):
    """A follower was left behind."""

    code, name = 25, "HF_ELAGGED"


class AccessError(Error, PermissionError):
    """No permission, a read-only medium, or an odd path: fix it; nothing was done."""

    code, name = 26, "HF_EACCESS"
