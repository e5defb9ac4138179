"""`holdfast ui` as a process, and an HTTP client that sends what it is told to send."""

import http.client
import os
import re
import select
import signal
import socket
import subprocess
import time
from html.parser import HTMLParser

from stores import TOOL

PATIENCE = 20.0


class Ui:
    """The server on a store; ends with the block."""

    def __init__(self, store, *words, status=0):
        self.process = subprocess.Popen(
            [TOOL, "ui", store, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.status = status
        self.socket = words[words.index("--socket") + 1] if "--socket" in words else None
        line = self.process.stdout.readline().decode()
        assert line, self.process.stderr.read()
        if not self.socket:
            found = re.fullmatch(r"url +http://(.+):(\d+)/([\w-]+)/\n", line)
            assert found, line
            self.host, self.port, self.key = found[1], int(found[2]), found[3]
        else:
            self.host, self.port, self.key = "localhost", 0, None

    def connect(self):
        if self.socket:
            one = socket.socket(socket.AF_UNIX)
            one.settimeout(PATIENCE)
            one.connect(self.socket)
            return one
        return socket.create_connection((self.host.strip("[]"), self.port), PATIENCE)

    def ask(self, path="", method="GET", headers=None, host="localhost", key=True):
        """One request for `path` behind the key; the answer, with its body in `text`."""
        connection = http.client.HTTPConnection("localhost", timeout=PATIENCE)
        connection.sock = self.connect()
        target = "/" + (f"{self.key}/" if key and self.key else "") + path
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        if host is not None:
            connection.putheader("Host", host)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        answer.body = answer.read()
        answer.text = answer.body.decode("utf-8", "strict")
        connection.close()
        return answer

    def page(self, path="", status=200):
        """The page's body; it must be what a browser may be given."""
        answer = self.ask(path)
        assert answer.status == status, (path, answer.status, answer.text)
        return answer.text

    def raw(self, request, seconds=PATIENCE):
        """All that comes back for these bytes."""
        one = self.connect()
        one.settimeout(seconds)
        got = b""
        try:
            one.sendall(request)
            while True:
                data = one.recv(65536)
                if not data:
                    break
                got += data
        except (TimeoutError, ConnectionError):
            pass
        one.close()
        return got

    def until(self, holds, what):
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, what
            time.sleep(0.1)

    def end(self, which=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(which)
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.said = self.process.stderr.read()
        self.process.stderr.close()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        status = self.end()
        assert kind or status == self.status, (status, self.said)


class Elements(HTMLParser):
    """Every element and attribute of a page, and its text: what a browser would make of it."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.links, self.words = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        for name, value in attributes:
            if name in ("href", "src", "action"):
                self.links.append(value)

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return "".join(self.words)
