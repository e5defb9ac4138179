"""Stores for the tests of `top` and `ui`, filled by the tool as a shell would."""

import os
import shutil
import subprocess

TOOL = os.environ["HF_TOOL"]

# What must harm no terminal and no page.
ESCAPES = b"esc\x1b[31mred\x1b]0;pwned\x07"
SCRIPT = b"<script>alert(1)</script>"
QUOTES = b"\" onmouseover=\"x' y"
BYTES = b"a\xff\n\tb"
LONG = b"L" * 512
WIDE = "日本語の待ち行列".encode()


def run(store, *words, status=0, json=False):
    """The tool's output."""
    command = [TOOL, "-C", store] + (["--json"] if json else []) + list(words)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert done.returncode == status, (command, done)
    return done.stdout


def make(store):
    shutil.rmtree(store, ignore_errors=True)
    run(store, "init")
    return store


def fill(store):
    """Queues with hostile names, claims, what failed, and some of every other kind."""
    make(store)
    for queue, items in ((b"email", 5), (b"push", 2), (b"webhooks", 3)):
        for item in range(items):
            run(store, "outbox", "enqueue", queue, f"job-{item}", "--payload", f"secret {item}")
    for name in (ESCAPES, SCRIPT, QUOTES, BYTES, LONG, WIDE):
        run(store, "outbox", "enqueue", name, name, "--payload", b"<b>" + SCRIPT)
    run(store, "outbox", "claim", "email", "job-0", "--owner", b"worker" + SCRIPT, "--lease", "2h")
    run(store, "outbox", "claim", "email", "job-1", "--owner", b"w\x1b[2J", "--lease", "1h")
    run(store, "outbox", "mark-failed", "webhooks", "job-0", "--reason", b"503 " + SCRIPT + ESCAPES)
    run(store, "outbox", "enqueue", "email", "later", "--available-at", "2090-01-01T00:00:00Z")
    run(store, "queue", "pause", "push")
    run(store, "cursor", "advance", "mailer", "events", "42", "--delivery-id", "d-42")
    run(store, "cursor", "advance", SCRIPT, BYTES, "7")
    run(store, "inbox", "save", "ann", "t1", "t2", "--payload", "secret", "--unread")
    run(store, "inbox", "save", SCRIPT, QUOTES, "--payload", SCRIPT)
    run(store, "lock", "acquire", "deploy", SCRIPT, "--lease", "1h")
    return store
