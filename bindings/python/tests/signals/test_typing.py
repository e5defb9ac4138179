"""Type checkers see the package: it has no error of its own under --strict, and what its users do
is checked."""

import os
import pathlib
import shutil
import subprocess

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[2]

USE = """
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Optional

import holdfast
from holdfast import EndPass, Store, Status

def work(store: Store) -> int:
    items: list[holdfast.OutboxItem] = store.outbox.claim_next("q", "me", wait=holdfast.FOR_EVER)
    if items[0].status is Status.FAILED:
        raise EndPass
    store.outbox.enqueue("q", 5)
    return store.cursors.get("c", "s").consumer

def late(store: Store) -> bool:
    store.locks.acquire("l", "me", lease=30_000_000)
    return store.inbox.dismiss("ada", "t", now=1_795_167_000_000_000).changed

def objects(store: Store) -> Optional[datetime]:
    now = datetime.now(timezone.utc)
    store.documents.put(holdfast.Document("c", "d", b"x", expires_at=now + timedelta(hours=1)))
    found = store.documents.get("c", "d")
    store.documents.put(replace(found, group="g"), expect=found.version)
    store.documents.put("c", "e", "text", ttl=timedelta(days=1))
    store.timelines.append(holdfast.TimelineEvent("t", "1", "made"))
    store.idempotency.put(holdfast.IdempotencyEntry("s", "k", response=b"r"))
    store.outbox.put(holdfast.OutboxItem("i", queue="q"), queue="r")
    store.cursors.put(holdfast.Cursor("c", "s", last_sequence=1, updated_at=now))
    store.inbox.put(holdfast.InboxRecord("ada", "t", score=1.0))
    with store.transaction() as txn:
        txn.inbox.mark_read("ada", "none", missing_ok=True)
    store.scrub(progress=lambda done, total: None)
    holdfast.verify_snapshot("f", max_bytes=1 << 30, progress=lambda done, total: None)
    checked: holdfast.Checked = holdfast.fsck("s", max_objects=5)
    kept: list[holdfast.Segment] = store.segments()
    loaded = store.inbox.load("ada")
    records: list[holdfast.InboxRecord] = list(loaded)
    with holdfast.open(":memory:") as scratch:
        scratch.documents.remove("c", kept[0].file + records[0].thread, missing_ok=True)
    return loaded.generated_at
"""


def mypy(where, *args):
    program = shutil.which("mypy")
    if not program:
        pytest.skip("no mypy")
    environment = dict(os.environ, MYPYPATH=str(PACKAGE))
    done = subprocess.run(
        [program, "--strict", "--cache-dir", str(where / "cache"), *args],
        env=environment,
        cwd=where,
        capture_output=True,
        text=True,
    )
    return [line for line in done.stdout.splitlines() if ": error: " in line]


def test_the_package_has_no_error(tmp_path):
    assert mypy(tmp_path, str(PACKAGE / "holdfast")) == []


def test_what_a_user_does_is_checked(tmp_path):
    (tmp_path / "use.py").write_text(USE)
    errors = mypy(tmp_path, "use.py")
    wrong = ['incompatible type "int"', "return", 'incompatible type "int"', 'type "int"']
    assert len(errors) == len(wrong) and all(map(str.__contains__, errors, wrong)), errors
    assert (PACKAGE / "holdfast" / "py.typed").exists()
