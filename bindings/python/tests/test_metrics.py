"""Figures for monitoring systems."""

import os
import re
from datetime import datetime, timedelta, timezone

import pytest

import holdfast

LINE = re.compile(
    r'^(holdfast_[a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (-?[0-9.]+)$'
)
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def parsed(text):
    """By name and labels, as a sorted tuple; each line is a comment or a sample."""
    found = {}
    for line in text.split("\n")[:-1]:
        if line.startswith("# "):
            continue
        match = LINE.match(line)
        assert match, line
        labels = tuple(
            sorted(
                (name, re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], value))
                for name, value in LABEL.findall(match[2] or "")
            )
        )
        assert (match[1], labels) not in found
        found[match[1], labels] = float(match[3])
    return found


def test_what_is_there_is_counted():
    with holdfast.open(":memory:") as store:
        store.outbox.enqueue("jobs", "1", b"x")
        later = datetime(2999, 1, 1, tzinfo=timezone.utc)
        store.outbox.enqueue('we"ird\\\n', "1", b"x", available_at=later)
        store.outbox.claim("jobs", "1", "me", lease=timedelta(minutes=1))
        store.cursors.advance("slow", "events", 40)
        store.cursors.advance("fast", "events", 42)
        store.locks.acquire("only", "me", lease=timedelta(minutes=1))
        figures = parsed(store.metrics())
        assert figures["holdfast_queue_items", (("queue", "jobs"), ("state", "sending"))] == 1
        weird = (("queue", 'we"ird\\\n'), ("state", "delayed"))
        assert figures["holdfast_queue_items", weird] == 1
        slow = (("consumer", "slow"), ("stream", "events"), ("subject", ""))
        assert figures["holdfast_cursor_lag", slow] == 2
        assert figures["holdfast_locks_held", ()] == 1
        assert figures["holdfast_commit_seconds_count", (("mode", "durable"),)] == 6
        assert figures["holdfast_fault", ()] == 0


def test_what_a_reader_cannot_know_is_absent():
    with holdfast.open("state", create=True) as store:
        store.outbox.enqueue("jobs", "1", b"x")
        with holdfast.open_read("state") as reader:
            seen, own = parsed(reader.metrics()), parsed(store.metrics())
    ready = ("holdfast_queue_items", (("queue", "jobs"), ("state", "ready")))
    assert seen[ready] == own[ready] == 1
    assert seen["holdfast_writer_open", ()] == 1 and seen["holdfast_read_only", ()] == 1
    missing = {name for name, _ in own} - {name for name, _ in seen}
    assert {"holdfast_fault", "holdfast_commit_seconds_count"} <= missing
    assert not {name for name, _ in seen} - {name for name, _ in own}


def test_the_other_format_says_where_it_ends():
    with holdfast.open(":memory:") as store:
        text = store.metrics(holdfast.MetricsFormat.OPENMETRICS)
        assert text.endswith("\n# EOF\n") and "# TYPE holdfast_syncs counter\n" in text
        assert set(holdfast.METRICS_TYPES) == set(holdfast.MetricsFormat)
        for wrong in (2, -1, "openmetrics", None):
            with pytest.raises((TypeError, holdfast.InvalidError)):
                store.metrics(wrong)


def test_parsers_of_others_take_both_formats():
    parser = pytest.importorskip("prometheus_client.parser")
    openmetrics = pytest.importorskip("prometheus_client.openmetrics.parser")
    with holdfast.open(":memory:") as store:
        for name in ("a", '"\\\n', "\u2028\r\t\x01", "ü", "\N{GRINNING FACE}"):
            store.outbox.enqueue(name, "1", b"x")
            store.cursors.advance(name, name, 1)
        plain = list(parser.text_string_to_metric_families(store.metrics()))
        other = list(
            openmetrics.text_string_to_metric_families(
                store.metrics(holdfast.MetricsFormat.OPENMETRICS)
            )
        )
        assert len(plain) == len(other) > 30
        queues = {
            sample.labels["queue"]
            for family in plain
            for sample in family.samples
            if sample.name == "holdfast_queue_paused"
        }
        assert queues == {"a", '"\\\n', "\u2028\r\t\x01", "ü", "\N{GRINNING FACE}"}


def test_a_child_is_refused():
    with holdfast.open(":memory:") as store:
        child = os.fork()
        if child == 0:
            try:
                store.metrics()
                os._exit(1)
            except holdfast.ForkedError:
                os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
