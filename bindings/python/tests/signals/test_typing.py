"""Type checkers see the package: it has no error of its own under --strict, and what its users do
is checked."""

import os
import pathlib
import shutil
import subprocess

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[2]

USE = """
import holdfast
from holdfast import EndPass, Store, Status

def work(store: Store) -> int:
    items: list[holdfast.OutboxItem] = store.outbox.claim_next("q", "me", wait=holdfast.FOR_EVER)
    if items[0].status is Status.FAILED:
        raise EndPass
    store.outbox.enqueue("q", 5)
    return store.cursors.get("c", "s").consumer
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
    assert (
        len(errors) == 2 and 'has incompatible type "int"' in errors[0] and "return" in errors[1]
    ), errors
    assert (PACKAGE / "holdfast" / "py.typed").exists()
