"""`holdfast ui` in Chromium: hostile names run nothing, the script runs, and nothing is asked for
that is not ours.

Run by check_browser.sh, with HF_TOOL (the tool) and HF_CHROMIUM, in an empty directory.
"""

import http.client
import os
import shutil
import struct
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
import stores
from pages import Elements, Ui
from stores import run

# Each would change the title, if anything of it ran.
HOSTILE = (
    "<script>document.title='PWNED'</script>",
    "<img src=x onerror=\"document.title='PWNED'\">",
    "\"><svg onload=document.title='PWNED'>",
    "' onfocus=document.title='PWNED' autofocus '",
    "javascript:document.title='PWNED'",
    "</td></table></main><script src=//evil.example/x.js></script>",
    "<link rel=stylesheet href=http://evil.example/x.css>",
    "{{main}}", "{{nav}}",
)
LOCK = quote("lock/" + HOSTILE[0].replace("/", "%2F"), safe="")


class Between:
    """A server in front of the pages that notes what a browser asks for."""

    def __init__(self, ui):
        seen = self.seen = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append(self.path)
                connection = http.client.HTTPConnection("127.0.0.1", ui.port)
                connection.request("GET", self.path, headers={"Host": self.headers["Host"]})
                answer = connection.getresponse()
                body = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name not in ("Date", "Connection"):
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/{ui.key}/"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def hostile(tmp):
    store = stores.make(tmp + "/hostile")
    for name in HOSTILE:
        run(store, "outbox", "enqueue", name, name, "--payload", name)
        run(store, "outbox", "claim", name, name, "--owner", name, "--lease", "1h")
        run(store, "cursor", "advance", "c" + name, name, "1")
        run(store, "cursor", "error", "c" + name, name, name)
        run(store, "inbox", "save", name, name, "--payload", name)
        run(store, "lock", "acquire", name, name, "--lease", "1h")
    return store


@pytest.fixture(scope="module")
def between(hostile):
    with Ui(hostile, "--payloads") as ui:
        one = Between(ui)
        yield one
        one.close()


def browse(url, *words):
    """Output and console of a browser that stays on the page for 12 s of its own time."""
    shutil.rmtree("profile", ignore_errors=True)
    done = subprocess.run(
        [os.environ["HF_CHROMIUM"], "--headless", "--no-sandbox", "--disable-gpu",
         "--user-data-dir=" + os.path.abspath("profile"), "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
         "--enable-logging=stderr", "--virtual-time-budget=12000", *words, url],
        capture_output=True, timeout=120)
    console = [line for line in done.stderr.decode("utf-8", "replace").splitlines()
               if "CONSOLE" in line]
    return done.stdout.decode("utf-8", "replace"), console


@pytest.mark.parametrize("path", ("", "queues", "claims", "cursors", "inboxes", "locks",
                                  "history?of=" + LOCK, "queue?queue=%7B%7Bmain%7D%7D"))
def test_hostile_names_run_nothing_and_bring_nothing(between, path):
    del between.seen[:]
    page, console = browse(between.url + path, "--dump-dom")
    elements = Elements(page)
    assert "PWNED" in elements.text or path.startswith("queue?")
    title = page.split("<title>")[1].split("</title>")[0]
    assert title.endswith(" · holdfast") and console == [], (title, console)
    assert [a for tag, a in elements.tags if tag == "script"] == [{"src": "script.js", "defer": ""}]
    assert not [a for tag, a in elements.tags if tag in ("img", "iframe", "object")]
    key = between.url.split("/")[3]
    assert all(one.startswith(f"/{key}/") for one in between.seen), between.seen
    # the script runs: its button is there, and it asks for the page again
    [live] = [a for tag, a in elements.tags if a.get("id") == "live"]
    assert "hidden" not in live
    again = between.seen.count(f"/{key}/{path}")
    assert again == 1 if path.startswith("history") else again >= 2, between.seen


def test_items_of_each_hostile_queue_run_nothing(between):
    page, _ = browse(between.url + "queues", "--dump-dom")
    for link in [a for a in Elements(page).links if a.startswith("queue?")]:
        inner, console = browse(between.url + link, "--dump-dom")
        assert inner.split("<title>")[1].startswith("Queue · ") and console == []
        break  # the others differ in nothing but the name


@pytest.mark.parametrize("width", (1280, 500))
def test_a_picture_of_the_page_can_be_taken(between, width):
    browse(between.url, f"--window-size={width},900", "--screenshot=" + os.path.abspath("shot.png"))
    with open("shot.png", "rb") as file:
        head = file.read(24)
        size = file.seek(0, os.SEEK_END)
    assert head[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", head[16:24]) == (width, 900)
    assert size > 20000  # something is on it
