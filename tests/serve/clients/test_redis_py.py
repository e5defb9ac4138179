"""What users of python3-redis do."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import redis

from server import Server, members


def test_any_bytes_come_back(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        client = server.client()
        assert client.ping()
        for payload in (b"", b"\0\r\n$-1\r\n", bytes(range(256)) * 4096):
            client.execute_command("DOCUMENT.PUT", b"c\xff", b"\r\n", payload)
            found = members(client.execute_command("DOCUMENT.GET", b"c\xff", b"\r\n"))
            assert found["payload"] == payload
            assert (found["collection"], found["id"]) == (b"c\xff", b"\r\n")


def test_a_payload_is_at_most_16_mib(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        client = server.client()
        client.execute_command("DOCUMENT.PUT", "c", "1", b"x" * (16 << 20))
        found = members(client.execute_command("DOCUMENT.GET", "c", "1"))
        assert len(found["payload"]) == 16 << 20
        with pytest.raises(redis.ResponseError, match="^HF_ETOOBIG "):
            client.execute_command("DOCUMENT.PUT", "c", "1", b"x" * ((16 << 20) + 1))
        assert client.ping()


def test_a_worker_claims_and_completes(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        client = server.client()
        for i in range(10):
            client.execute_command("OUTBOX.ENQUEUE", "mail", i, f"letter {i}", "PRIORITY", -i)
        got = client.execute_command(
            "OUTBOX.CLAIM_NEXT", "mail", "worker", "MAX", 3, "LEASE", "30s"
        )
        items = [members(item) for item in members(got)["items"]]
        assert [item["id"] for item in items] == [b"9", b"8", b"7"]
        for item in items:
            client.execute_command("OUTBOX.COMPLETE", "mail", item["id"], item["token"])
        with pytest.raises(redis.ResponseError, match="^HF_ENOTFOUND "):
            client.execute_command("OUTBOX.COMPLETE", "mail", "9", items[0]["token"])
        stats = members(client.execute_command("OUTBOX.GET_STATS", "mail"))
        assert stats["ready"] == 7 and members(stats["sending"])["items"] == 0


def test_a_pipeline_keeps_its_order(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        pipe = server.client().pipeline(transaction=False)
        for i in range(1000):
            pipe.execute_command("DOCUMENT.PUT", "c", "1", i)
            pipe.execute_command("DOCUMENT.GET", "c", "1")
        answers = pipe.execute()
        assert [members(a)["payload"] for a in answers[1::2]] == [b"%d" % i for i in range(1000)]
        info = server.client().info()
        assert info["syncs"] < 500  # commits of one connection share groups


def test_a_transaction_is_one(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        client = server.client()
        pipe = client.pipeline()
        pipe.execute_command("OUTBOX.ENQUEUE", "q", "1", "p")
        pipe.execute_command("OUTBOX.CLAIM", "q", "1", "w", "LEASE", "30s")
        pipe.execute_command("DOCUMENT.PUT", "c", "1", "p")
        pipe.execute_command("OUTBOX.COMPLETE", "q", "1", "@1")
        assert len(pipe.execute()) == 4
        pipe.execute_command("DOCUMENT.PUT", "c", "2", "p")
        pipe.execute_command("LOCK.RELEASE", "l", 7)
        with pytest.raises(redis.ResponseError, match="^HF_ESTALE command 1: "):
            pipe.execute()
        assert client.execute_command("DOCUMENT.HAS", "c", "2") == 0


def test_what_is_watched_is_a_guard(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        client, other = server.client(), server.client()
        client.execute_command("DOCUMENT.PUT", "sums", "a", 1)
        tries = 0
        with client.pipeline() as pipe:
            while True:
                tries += 1
                pipe.watch("DOCUMENT", "sums", "a")
                got = members(pipe.execute_command("DOCUMENT.GET", "sums", "a"))
                if tries < 3:
                    other.execute_command("DOCUMENT.PUT", "sums", "a", 10 * tries)
                pipe.multi()
                pipe.execute_command("DOCUMENT.PUT", "sums", "a", int(got["payload"]) + 1)
                try:
                    pipe.execute()
                    break
                except redis.WatchError:
                    continue
        assert tries == 3
        got = members(client.execute_command("DOCUMENT.GET", "sums", "a"))
        assert got["payload"] == b"21"


def test_waits_of_many_connections(tmp_path: Path) -> None:
    """Each is given one item, and no item is given twice."""
    with Server(tmp_path) as server:
        given: list[bytes] = []

        def work() -> None:
            client = server.client()
            got = client.execute_command(
                "OUTBOX.CLAIM_NEXT", "q", "w", "LEASE", "1m", "WAIT", "forever"
            )
            given.extend(members(item)["id"] for item in members(got)["items"])

        workers = [threading.Thread(target=work) for _ in range(20)]
        for worker in workers:
            worker.start()
        client = server.client()
        for i in range(20):
            client.execute_command("OUTBOX.ENQUEUE", "q", i, "p")
        for worker in workers:
            worker.join(60)
        assert sorted(given) == sorted(b"%d" % i for i in range(20))


def test_messages(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        heard = server.client().pubsub()
        heard.subscribe("outbox:q")
        assert heard.get_message(timeout=20)["type"] == "subscribe"
        server.client().execute_command("OUTBOX.ENQUEUE", "q", "1", "p")
        message: Any = heard.get_message(timeout=20)
        assert message["channel"] == b"outbox:q" and b'"operation":"enqueue"' in message["data"]
        heard.close()


def test_the_history_is_read_to_its_end(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        client = server.client()
        for i in range(300):
            client.execute_command("DOCUMENT.PUT", "c", i, "p")
        at, seen = b"0", 0
        while True:
            batch = members(client.execute_command("FEED.READ", at, "LIMIT", 100))
            if not batch["events"]:
                break
            seen += len(batch["events"])
            at = batch["next"]
        assert seen == 300
