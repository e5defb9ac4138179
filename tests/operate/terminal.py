"""A terminal of a given size with a program on it: what stands where, and every byte that was sent.

The screen is pyte's, an emulator of a VT100 in Python (Debian: python3-pyte).
"""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import pyte

PATIENCE = 20.0


class Terminal:
    def __init__(self, words, rows=24, columns=80, term="xterm-256color", locale="C.UTF-8",
                 extra=None):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.status = None
        environment = dict(os.environ, TERM=term, LC_ALL=locale, **(extra or {}))
        environment.pop("LINES", None)
        environment.pop("COLUMNS", None)
        # a terminal that has its size before the program begins
        self.file, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.pid = os.fork()
        if self.pid == 0:
            self._login(end)
            os.execvpe(words[0], words, environment)
        os.close(end)

    @staticmethod
    def _login(end):
        os.setsid()
        fcntl.ioctl(end, termios.TIOCSCTTY, 0)
        for number in (0, 1, 2):
            os.dup2(end, number)

    def read(self, seconds=0.05):
        """Takes what comes within so long; False once the program's end of it is closed."""
        if not select.select([self.file], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.file, 65536)
        except OSError:
            return False
        self.raw += data
        self.stream.feed(data)
        return bool(data)

    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def text(self):
        return "\n".join(self.lines())

    def until(self, holds, what):
        """Reads until holds(self); fails with the screen after a while."""
        end = time.monotonic() + PATIENCE
        while not holds(self):
            if time.monotonic() > end or not self.read():
                raise AssertionError(f"{what}; the screen:\n{self.text()}")
        return self

    def shows(self, part):
        return self.until(lambda t: part in t.text(), f"no {part!r} on the screen")

    def line_with(self, part):
        self.shows(part)
        return next(line for line in self.lines() if part in line)

    def type(self, keys):
        os.write(self.file, keys.encode())

    def resize(self, rows, columns):
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def ends(self):
        """Waits for the program's end; its exit status, or minus the signal."""
        end = time.monotonic() + PATIENCE
        while self.status is None:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise AssertionError(f"it does not end; the screen:\n{self.text()}")
        while self.read(0.02) and select.select([self.file], [], [], 0)[0]:
            pass
        return self.status

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.file)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
