"""holdfast: what a service must not forget, in one directory.

>>> import holdfast
>>> from datetime import timedelta
>>> with holdfast.open("state", create=True) as store:
...     with store.transaction() as txn:
...         _ = txn.outbox.enqueue("mail", "welcome-7", '{"to": 7}')
...         _ = txn.cursors.advance("mailer", "signups", 7)
...     [item] = store.outbox.claim_next("mail", "worker 1", lease=timedelta(seconds=30))
...     item.payload
b'{"to": 7}'

What a call has done when it returns survives ``kill -9`` and power loss; what it refused (an
exception) left nothing behind.
"""

from ._abi import (
    ABSENT,
    Deferred,
    Durability,
    FOR_EVER,
    FarTime,
    Page,
    Result,
    Returning,
)
from .backups import BackupFacts, backup, restore
from .checking import Affected, Checked, CheckedDomain, Finding, How, LastStop, Severity, fsck
from .cursor import Cursor, CursorLag
from ._library import VERSION as __version__
from ._library import library_version
from .document import By, Document, DocumentCount, Orders
from .errors import (
    OPERATION_READ,
    AccessError,
    BlockedError,
    CanceledError,
    ClaimedError,
    ConflictError,
    CorruptError,
    Error,
    FailedError,
    ForkedError,
    GoneError,
    HeldError,
    InvalidError,
    LaggedError,
    LockedError,
    NewerVersionError,
    NonMonotonicError,
    NoSpaceError,
    NotFoundError,
    OutOfMemoryError,
    ReadFailedError,
    ReadOnlyError,
    ReasonRequiredError,
    StaleError,
    TimedOutError,
    TooBigError,
    UncertainError,
    UnsafeFilesystemError,
)
from .feed import Event, Feed, Subscription
from .idempotency import (
    NEVER,
    Begun,
    IdempotencyCounts,
    IdempotencyEntry,
    Outcome,
    idempotency_parse,
    idempotency_text,
)
from .inbox import (
    NO_TOMBSTONE,
    InboxCounts,
    InboxInput,
    InboxKey,
    InboxPage,
    InboxRecord,
    InboxStatus,
    Loaded,
    Tombstone,
)
from .later import Answered, Later, Ticket
from .lock import Lock, LockStats
from .migration import Migrated, Migration
from .outbox import (
    NO_BOUND,
    Backoff,
    BackoffKind,
    CompletedId,
    Dedup,
    Drained,
    EndPass,
    OutboxInput,
    OutboxItem,
    OutboxStats,
    Rerun,
    Status,
    StatusCount,
)
from .rescue import LostObject, Loss, Salvaged, SalvagedDomain, salvage
from .segments import Keeper, Segment, segments
from .store import (
    METRICS_TYPES,
    Info,
    MetricsFormat,
    Store,
    Transaction,
    feed,
    open,
    open_read,
)
from .timeline import TimelineEvent, TimelinePage
from .transfer import SnapshotFile, import_snapshot, verify_snapshot
from .waits import Wait

DURABLE = Durability.DURABLE
OS = Durability.OS

# Written out: type checkers and readers see it.
__all__ = [
    "ABSENT",
    "Affected",
    "Answered",
    "Backoff",
    "BackoffKind",
    "BackupFacts",
    "Begun",
    "BlockedError",
    "By",
    "CanceledError",
    "Checked",
    "CheckedDomain",
    "ClaimedError",
    "CompletedId",
    "ConflictError",
    "CorruptError",
    "Cursor",
    "CursorLag",
    "DURABLE",
    "Dedup",
    "Deferred",
    "Document",
    "DocumentCount",
    "Drained",
    "EndPass",
    "Durability",
    "Error",
    "Event",
    "FOR_EVER",
    "FailedError",
    "FarTime",
    "Feed",
    "Finding",
    "ForkedError",
    "GoneError",
    "HeldError",
    "How",
    "IdempotencyCounts",
    "IdempotencyEntry",
    "InboxCounts",
    "InboxInput",
    "InboxKey",
    "InboxPage",
    "InboxRecord",
    "InboxStatus",
    "Info",
    "InvalidError",
    "LaggedError",
    "Keeper",
    "LastStop",
    "Later",
    "Lock",
    "LockStats",
    "LockedError",
    "Loaded",
    "LostObject",
    "Loss",
    "METRICS_TYPES",
    "MetricsFormat",
    "Migrated",
    "Migration",
    "NEVER",
    "NO_BOUND",
    "NO_TOMBSTONE",
    "NewerVersionError",
    "NoSpaceError",
    "NonMonotonicError",
    "NotFoundError",
    "OS",
    "Orders",
    "OPERATION_READ",
    "OutOfMemoryError",
    "OutboxInput",
    "OutboxItem",
    "OutboxStats",
    "Outcome",
    "Page",
    "ReadFailedError",
    "ReadOnlyError",
    "ReasonRequiredError",
    "Rerun",
    "Result",
    "Returning",
    "SalvagedDomain",
    "Salvaged",
    "Segment",
    "Severity",
    "SnapshotFile",
    "StaleError",
    "Status",
    "StatusCount",
    "Store",
    "Subscription",
    "Ticket",
    "TimedOutError",
    "TimelineEvent",
    "TimelinePage",
    "Tombstone",
    "TooBigError",
    "Transaction",
    "UncertainError",
    "UnsafeFilesystemError",
    "Wait",
    "backup",
    "feed",
    "fsck",
    "idempotency_parse",
    "idempotency_text",
    "import_snapshot",
    "library_version",
    "open",
    "open_read",
    "restore",
    "salvage",
    "segments",
    "verify_snapshot",
]
