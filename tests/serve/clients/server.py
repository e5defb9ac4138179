"""A `holdfast serve` of its own for each test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Optional

import redis

TOOL = os.environ["HOLDFAST_TOOL"]
PATIENCE = 60


def tool(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [TOOL, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
    )


class Server:
    """:param place: where it listens; None: a socket beside the store"""

    def __init__(self, directory: Path, place: Optional[str] = None, *more: str,
                 limits: Any = None) -> None:  # fmt: skip
        self.store = str(directory / "store")
        self.socket = str(directory / "socket")
        if not os.path.exists(self.store):
            made = tool("init", self.store)
            assert made.returncode == 0, made.stderr
        self.process = subprocess.Popen(
            [TOOL, "--json", "serve", "--resp", place or self.socket, *more, self.store],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=limits)  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.place = json.loads(line)["resp"]
        self._clients: list[Any] = []

    def client(self, **how: Any) -> Any:
        made = redis.Redis(unix_socket_path=self.socket, socket_timeout=PATIENCE, **how)
        self._clients.append(made)
        return made

    def end(self, how: int = signal.SIGTERM) -> int:
        for client in self._clients:
            client.close()
        self.process.send_signal(how)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *error: Any) -> None:
        if self.process.poll() is None:
            assert self.end() == 0


def members(answer: list[Any]) -> dict[str, Any]:
    """A map as RESP2 has it."""
    return {name.decode(): value for name, value in zip(answer[::2], answer[1::2])}
