"""The server as a process: how it ends, who may come, what is left after a kill."""

from __future__ import annotations

import os
import resource
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
import redis

from server import PATIENCE, Server, members, tool


def said(*words: str) -> str:
    """What a server says that does not start."""
    done = tool("serve", *words)
    assert done.returncode not in (0, -11, -6), done
    return done.stderr


def test_it_ends_cleanly(tmp_path: Path) -> None:
    """Waits are given back, what was answered is there, the socket is gone."""
    server = Server(tmp_path)
    client = server.client()
    for i in range(100):
        client.execute_command("OUTBOX.ENQUEUE", "q", i, "p")
    waits = socket.socket(socket.AF_UNIX)
    waits.connect(server.socket)
    words = [b"LOCK.ACQUIRE", b"l", b"w", b"LEASE", b"1h", b"WAIT", b"forever"]
    client.execute_command("LOCK.ACQUIRE", "l", "other", "LEASE", "1h")
    waits.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
    assert server.end() == 0
    assert waits.recv(100) == b""
    assert not os.path.exists(server.socket)
    info = tool("--json", "-C", server.store, "info")
    assert '"last_stop":"clean"' in info.stdout
    stats = tool("--json", "-C", server.store, "outbox", "stats", "q")
    assert '"ready":"100"' in stats.stdout or '"ready":100' in stats.stdout, stats.stdout


@pytest.mark.parametrize("round", range(3))
def test_what_was_answered_survives_a_kill(tmp_path: Path, round: int) -> None:
    server = Server(tmp_path)
    told: list[int] = []

    def put(first: int) -> None:
        client = redis.Redis(unix_socket_path=server.socket)
        try:
            for i in range(first, first + 100000):
                client.execute_command("DOCUMENT.PUT", "c", i, i)
                told.append(i)
        except redis.ConnectionError:
            pass

    writers = [threading.Thread(target=put, args=(n * 1000000,)) for n in range(4)]
    for writer in writers:
        writer.start()
    until = time.monotonic() + PATIENCE
    while len(told) < 300 * (round + 1) and time.monotonic() < until:
        time.sleep(0.001)
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    for writer in writers:
        writer.join(PATIENCE)
    assert len(told) >= 300
    assert os.path.exists(server.socket)  # nobody was there to remove it
    with Server(tmp_path) as again:  # which takes its place
        pipe = again.client().pipeline(transaction=False)
        for i in told:
            pipe.execute_command("DOCUMENT.GET", "c", i)
        assert [int(members(a)["payload"]) for a in pipe.execute()] == told


def test_a_socket_is_as_open_as_its_directory(tmp_path: Path) -> None:
    for mode, wanted in ((0o700, 0o600), (0o750, 0o600), (0o770, 0o660), (0o777, 0o660)):
        directory = tmp_path / oct(mode)
        directory.mkdir()
        assert tool("init", str(directory / "store")).returncode == 0
        os.chmod(directory / "store", mode)
        with Server(directory) as server:
            found = os.stat(server.socket)
            assert stat.S_ISSOCK(found.st_mode) and stat.S_IMODE(found.st_mode) == wanted


def test_what_is_in_the_way_stays(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    assert tool("init", store).returncode == 0
    (tmp_path / "file").write_text("mine")
    assert "is in the way, and is no socket" in said("--resp", str(tmp_path / "file"), store)
    assert (tmp_path / "file").read_text() == "mine"
    assert "HF_EACCESS" in said("--json", "--resp", str(tmp_path / "none" / "s"), store)
    assert "HF_ENOTFOUND" in said("--json", "--resp", str(tmp_path / "s"), str(tmp_path / "no"))
    with Server(tmp_path) as server:
        assert "another process listens" in said("--resp", server.socket, store)
        assert "HF_ELOCKED" in said(
            "--json", "--wait", "0", "--resp", str(tmp_path / "second"), store
        )
        assert server.client().ping()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "store"]


def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    with Server(deep) as server:
        there = os.open(deep, os.O_PATH)
        client = redis.Redis(unix_socket_path=f"/proc/self/fd/{there}/socket")
        assert client.ping()
        client.close()
        os.close(there)
        assert os.path.exists(server.socket)


def test_an_address_is_of_this_host_and_has_a_password(tmp_path: Path) -> None:
    store, secret = str(tmp_path / "store"), tmp_path / "secret"
    assert tool("init", store).returncode == 0
    secret.write_text("open sesame\n")
    secret.chmod(0o644)
    assert "--auth-file" in said("--resp", "127.0.0.1:0", store)
    assert "read by others" in said("--resp", "127.0.0.1:0", "--auth-file", str(secret), store)
    secret.chmod(0o640)
    for place in ("0.0.0.0:0", "192.168.0.1:0", "localhost:0", "[::]:0", "127.0.0.1:x",
                  "127.0.0.1:65536"):  # fmt: skip
        assert "no address of this host alone" in said(
            "--resp", place, "--auth-file", str(secret), store)  # fmt: skip
    with Server(tmp_path, "127.0.0.1:0", "--auth-file", str(secret)) as server:
        port = int(server.place.rpartition(":")[2])
        client = redis.Redis(port=port, password="open sesame")
        assert client.ping()
        client.close()
        with pytest.raises(redis.RedisError, match="invalid username-password pair"):
            redis.Redis(port=port, password="open").ping()
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port).ping()
        with socket.create_connection(("127.0.0.1", port)) as browser:
            browser.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n*1\r\n$4\r\nPING\r\n")
            try:
                assert browser.recv(100) == b""
            except ConnectionResetError:
                pass


@pytest.mark.skipif(os.geteuid() != 0, reason="this needs root: it plays several users")
def test_another_user_is_refused() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as where, Server(Path(where)) as server:
        os.chmod(where, 0o755)
        script = (
            f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({server.socket!r}); "
            "print(s.recv(100))"
        )

        def as_nobody(group: int = 65534) -> str:
            done = subprocess.run(
                ["/usr/bin/python3", "-c", script], user=65534, group=group, extra_groups=[],
                capture_output=True, text=True, timeout=PATIENCE)  # fmt: skip
            return done.stdout + done.stderr

        assert "PermissionError" in as_nobody()
        os.chmod(server.socket, 0o666)  # by its owner
        assert "HF_EACCESS" in as_nobody()
        assert server.client().ping()


def test_with_few_descriptors_who_comes_late_is_told_so(tmp_path: Path) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    with Server(tmp_path, None, limits=few) as server:
        there = []
        for _ in range(60):
            one = socket.socket(socket.AF_UNIX)
            one.settimeout(PATIENCE)
            one.connect(server.socket)
            there.append(one)
        answers = []
        for one in there:
            try:
                one.sendall(b"*1\r\n$4\r\nPING\r\n")
            except BrokenPipeError:
                pass
            try:
                answers.append(one.recv(100))
            except ConnectionResetError:  # it was told so before
                answers.append(b"-HF_ENOSPACE")
        assert answers[:32] == [b"+PONG\r\n"] * 32
        assert all(answer.startswith(b"-HF_ENOSPACE") for answer in answers[32:])
        for one in there:
            one.close()
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                assert server.client().ping()
                break
            except redis.RedisError:
                time.sleep(0.01)
        server.client().execute_command("DOCUMENT.PUT", "c", "1", "p")


def test_redis_cli_speaks_to_it(tmp_path: Path) -> None:
    with Server(tmp_path) as server:

        def cli(*words: str) -> str:
            done = subprocess.run(
                ["redis-cli", "-3", "-s", server.socket, *words],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
            )  # fmt: skip
            return done.stdout

        try:
            assert cli("PING") == "PONG\n"
        except FileNotFoundError:
            pytest.fail("Debian's redis-tools is missing; ./run test installs it")
        assert cli("DOCUMENT.PUT", "c", "1", "hello").startswith("changed (true)\n")
        assert "payload hello\n" in cli("DOCUMENT.GET", "c", "1")
        assert cli("LOCK.GET", "none").startswith("HF_ENOTFOUND ")
        assert "LOCK.GET name" in cli("COMMAND", "DOCS", "lock.get")


def test_hiredis_speaks_to_it(tmp_path: Path) -> None:
    program = str(tmp_path / "client")
    source = str(Path(__file__).parent / "hiredis_client.c")
    subprocess.run(["cc", "-Wall", "-Werror", "-o", program, source, "-lhiredis"], check=True)
    with Server(tmp_path) as server:
        done = subprocess.run(
            [program, server.socket], capture_output=True, text=True, timeout=PATIENCE
        )
        assert (done.returncode, done.stdout) == (0, "all well\n"), done
