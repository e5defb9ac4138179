"""`holdfast ui` by an HTTP client: every page, every status, what may not get in or out.

Run by check_ui.sh, with HF_TOOL (the tool), in an empty directory.
"""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time
from urllib.parse import quote, urljoin

import pytest
import stores
from pages import Elements, Ui
from stores import BYTES, ESCAPES, LONG, QUOTES, SCRIPT, TOOL, run

PAGES = ("", "queues", "queue?queue=email", "item?queue=email&id=job-0", "claims", "cursors",
         "inboxes", "inbox?user=ann", "locks", "history", "history?of=outbox/email/job-0")
# Elements that a page of ours has; a name that got out of its place would bring others.
TAGS = set("html head meta title link script body a header div span bdi button nav main h1 h2 p dl "
           "dt dd section figure figcaption svg path table thead tbody tr th td time form label "
           "input pre strong b".split())


@pytest.fixture(scope="module")
def ui(filled):
    with Ui(filled) as one:
        yield one


# --- Pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_whole_and_carries_what_browsers_must_know(ui, path):
    answer = ui.ask(path)
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers and "Server" not in answer.headers
    page = Elements(answer.text)
    assert {tag for tag, _ in page.tags} <= TAGS, {tag for tag, _ in page.tags} - TAGS
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        assert tag != "script" or attributes == {"src": "script.js", "defer": None}
    for link in page.links:  # nothing from elsewhere
        assert not re.match(r"[a-z]+:|//", link), link
    assert ui.key not in answer.text


def test_figures_are_those_of_the_store(ui):
    words = Elements(ui.page()).text
    for label, figure in (("Ready", "13"), ("Delayed", "1"), ("Sending", "2"), ("Failed", "1")):
        assert label + figure in words, (label, words)
    assert "no writer" in words
    assert "job-0" in Elements(ui.page("claims")).text
    queue = Elements(ui.page("queue?queue=webhooks&status=3")).text
    assert "job-0" in queue and "job-1" not in queue and "503" in queue
    item = Elements(ui.page("item?queue=webhooks&id=job-0")).text
    assert "failed" in item and "Payload, 8 bytes" in item and "secret" not in item
    assert "mailer" in Elements(ui.page("cursors")).text
    assert "deploy" in Elements(ui.page("locks")).text
    assert "ann" in Elements(ui.page("inboxes")).text
    history = Elements(ui.page("history?of=outbox/webhooks/job-0")).text
    assert history.index("mark-failed") < history.index("enqueue")  # the newest first
    assert "That is all that the log has." in history


def test_every_link_leads_to_a_page(ui):
    seen, todo = set(), [""]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = ui.ask(path)
        assert answer.status == 200, (path, answer.status)
        if "text/html" in answer.headers["Content-Type"]:
            for link in Elements(answer.text).links:
                if not link.startswith("#"):
                    todo.append(urljoin("/", link.removeprefix("./"))[1:])
    assert {"style.css", "script.js", "icon.svg"} <= seen and len(seen) > 40


def test_lists_are_paged_each_object_once(tmp):
    store = stores.make(tmp + "/paged")
    with open(tmp + "/outbox.json", "w") as file:
        file.write("[" + ",".join('{"id":"i%d","item":1,"status":"queued","attempts":0,'
                                  '"enqueuedAt":1000}' % i for i in range(130)) + "]")
    run(store, "import", tmp + "/outbox.json", "--queue", "q")
    with Ui(store) as ui:
        path, found = "queue?queue=q", []
        while path:
            page = Elements(ui.page(path))
            found += [link for link in page.links if link.startswith("item?")]
            nexts = [a["href"] for tag, a in page.tags if a.get("rel") == "next"]
            path = nexts[0] if nexts else None
        assert len(found) == 130 and len(set(found)) == 130
        assert ui.ask("queue?queue=q&page=nonsense").status == 400
        assert ui.ask("queues?page=AAAA").status == 400
        path, lines = "history?of=outbox/q", 0
        while path:
            page = Elements(ui.page(path))
            lines += page.text.count("q/i")
            nexts = [a["href"] for tag, a in page.tags if a.get("rel") == "next"]
            path = nexts[0] if nexts else None
        assert lines >= 1


# --- Names of any bytes ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", (ESCAPES, SCRIPT, QUOTES, BYTES, LONG))
def test_a_name_of_any_bytes_is_text_and_leads_to_its_object(ui, name):
    shown = "".join(chr(c) if 32 <= c < 127 else f"\\x{c:02x}" for c in name)
    assert shown in Elements(ui.page()).text + Elements(ui.page("queues")).text
    page = ui.page("queue?queue=" + quote(name, safe=""))
    assert shown in Elements(page).text
    assert b"\x1b" not in page.encode() and "<script>alert" not in page
    [link] = [link for link in Elements(page).links if link.startswith("item?")]
    item = Elements(ui.page(link))
    assert shown in item.text and {tag for tag, _ in item.tags} <= TAGS
    [link] = [link for link in item.links if link.startswith("history?of=")]
    assert "enqueue" in Elements(ui.page(link)).text


def test_addresses_are_read_totally(ui):
    for path, status in (
            ("queue?queue=%", 400), ("queue?queue=%4", 400), ("queue?queue=%zz", 400),
            ("queue?queue=", 400), ("queue", 400), ("queue?queue=a%00b", 400),
            ("queue?queue=" + "x" * 513, 400), ("queue?queue=unknown", 200),
            ("queue?queue=email&status=99999999999999999999", 200),
            ("queue?queue=email&status=3", 200),
            ("queue?queue=email&&&", 200), ("queue?queue=%65mail", 200),
            ("queue?" + "&".join(f"a{i}=1" for i in range(40)), 400),
            ("item?queue=email&id=nothing", 404), ("item?queue=email", 400),
            ("inbox?user=nobody", 200), ("inbox", 400), ("nothing", 404), ("queues/", 404),
            ("../queues", 404), ("frame.html", 404), ("queues%00", 400), ("%71ueues", 200),
            ("history?of=x", 400), ("history?of=outbox/%25zz", 400),
            ("history?of=outbox/a%00", 400),
            ("history?of=%3Cscript%3E", 400), ("history?of=outbox/email&below=0", 200),
            ("history?of=outbox/email&below=18446744073709551615", 200),
            ("history?of=outbox/" + "%25ff" * 600, 400), ("queue?queue=" + "%ff" * 3000, 414)):
        answer = ui.ask(path)
        assert answer.status == status, (path[:60], answer.status, answer.text[:300])
        assert "<script>a" not in answer.text


# --- Who gets in ----------------------------------------------------------------------------------


def test_a_host_that_is_not_loopback_is_refused(ui):
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil", "127.0.0.1:80x", "",
                 "localhost:80@evil", "0.0.0.0", "192.168.0.1", None):
        answer = ui.ask(host=host)
        # one without is no HTTP/1.1 at all
        assert answer.status == (400 if host is None else 403), (host, answer.status)
        assert "email" not in answer.text
    for host in ("localhost", "127.0.0.1", f"127.0.0.1:{ui.port}", "LOCALHOST:1", "[::1]:9"):
        assert ui.ask(host=host).status == 200, host
    twice = f"GET /{ui.key}/ HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n"
    assert ui.raw(twice.encode()).split()[1] in (b"403", b"400")


def test_what_could_change_something_is_refused(ui):
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "FOO"):
        answer = ui.ask("queues", method=method, headers={"Content-Length": "0"})
        assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD", method
    long = (f"POST /{ui.key}/ HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Length: 99999999\r\n\r\n").encode()
    assert ui.raw(long + b"x" * 100000).split()[1:2] in ([b"405"], [])
    head = ui.ask("queues", method="HEAD")
    assert head.status == 200 and head.body == b"" and int(head.headers["Content-Length"]) > 1000


def test_without_the_key_nothing_is_told(ui):
    wrong = ["", ui.key[:-1] + "/", ui.key + "0/", "0" * 64 + "/",
             ui.key.upper() + "/queues", "queues", "healthz", "metrics", "style.css",
             "/" + ui.key + "/"]
    for path in wrong:
        answer = ui.ask(path, key=False)
        assert answer.status == 403 and "email" not in answer.text, path
    for bearer in ("Bearer ", "Bearer x", "Basic " + ui.key, ui.key, "Bearer " + ui.key + "x"):
        assert ui.ask("healthz", key=False, headers={"Authorization": bearer}).status == 403
    known = {"Authorization": "Bearer " + ui.key}
    assert ui.ask("healthz", key=False, headers=known).status == 200
    answer = ui.ask(ui.key, key=False)
    assert answer.status == 303 and answer.headers["Location"] == f"/{ui.key}/"


def test_keys_differ_and_have_256_bits(filled):
    with Ui(filled) as a, Ui(filled) as b:
        assert a.key != b.key and a.port != b.port and re.fullmatch("[0-9a-f]{64}", a.key)


def test_a_key_in_a_file_is_kept(filled, tmp):
    path = tmp + "/key"
    with Ui(filled, "--key-file", path) as ui:
        key = ui.key
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with Ui(filled, "--key-file", path) as ui:
        assert ui.key == key and ui.ask("healthz").status == 200
    os.chmod(path, 0o640)
    assert refused(filled, "--key-file", path) == 7
    os.chmod(path, 0o600)
    for content in (b"", b"short\n", b"x" * 200, b"a/../" * 10 + b"\n", b"\xff" * 40):
        with open(path, "wb") as file:
            file.write(content)
        assert refused(filled, "--key-file", path) == 2, content
    os.unlink(path)
    os.symlink("/dev/zero", path)
    assert refused(filled, "--key-file", path) == 7


def refused(store, *words):
    done = subprocess.run([TOOL, "ui", store, *words], capture_output=True, timeout=20,
                          stdin=subprocess.DEVNULL)
    assert done.stdout == b"" and done.stderr.count(b"\n") == 1, done
    return done.returncode


def test_only_this_machine_is_listened_to(filled, tmp):
    for address in ("0.0.0.0:0", "192.168.1.1:80", "[::]:0", "example.org:80", "127.0.0.1", ":80",
                    "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:-1", "::1:80", "127.0.0.2:0", ""):
        assert refused(filled, "--listen", address) == 2, address
    assert refused(filled, "--port", "65536") == 2
    assert refused(filled, "--port", "1", "--listen", "127.0.0.1:1") == 2
    assert refused(filled, "--socket", tmp + "/s", "--port", "1") == 2
    assert refused(tmp + "/nowhere") == 1
    with Ui(filled, "--port", "0") as ui:
        assert ui.port > 0
        assert refused(filled, "--port", str(ui.port)) == 7  # taken
        for address in own_addresses():
            with pytest.raises(OSError):
                socket.create_connection((address, ui.port), 2)


def own_addresses():
    found = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
    return [address for address in found if not address.startswith("127.")][:3]


# --- A unix socket --------------------------------------------------------------------------------


def test_a_unix_socket_has_the_mode_of_the_directory(filled, tmp):
    path = tmp + "/socket"
    for directory, mode in ((0o700, 0o600), (0o750, 0o660), (0o755, 0o660), (0o770, 0o660),
                            (0o701, 0o600)):
        os.chmod(filled, directory)
        with Ui(filled, "--socket", path) as ui:
            assert stat.S_IMODE(os.stat(path).st_mode) == mode, oct(directory)
            assert "email" in ui.page("") and ui.ask("healthz").status == 200
            assert ui.ask(host="evil").status == 403 and ui.ask(method="POST").status == 405
            assert refused(filled, "--socket", path) == 3  # in use
        assert not os.path.exists(path)
    os.chmod(filled, 0o700)
    with open(path, "w") as file:
        file.write("mine")
    assert refused(filled, "--socket", path) == 7 and open(path).read() == "mine"
    os.unlink(path)
    left = socket.socket(socket.AF_UNIX)
    left.bind(path)
    left.close()  # nobody answers there any more
    with Ui(filled, "--socket", path) as ui:
        assert ui.ask("healthz").status == 200
    assert refused(filled, "--socket", tmp + "/" + "x" * 120) == 7
    assert refused(filled, "--socket", tmp + "/no/such") == 7


def as_nobody(code):
    return subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c",
                           code], capture_output=True)


def test_another_user_gets_in_only_with_the_key(filled):
    if os.geteuid() != 0:
        pytest.skip("SKIP: this needs root: it plays several users")
    path = "/tmp/holdfast-ui-" + str(os.getpid())
    with Ui(filled, "--socket", path):
        code = f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})"
        done = as_nobody(code)
        assert b"PermissionError" in done.stderr, done
    with Ui(filled) as ui:
        code = (f"import urllib.request as u\n"
                f"try: u.urlopen('http://127.0.0.1:{ui.port}/')\n"
                f"except Exception as e: print(e.code)\n")
        done = as_nobody(code)
        assert done.stdout == b"403\n", done


# --- Payloads -------------------------------------------------------------------------------------


def test_payloads_are_shown_only_when_asked_for_and_in_part(tmp):
    store = stores.make(tmp + "/payloads")
    with open(tmp + "/big", "wb") as file:
        file.write(SCRIPT + b"\xff\x00" + b"z" * 100000 + b"THE-END")
    run(store, "outbox", "enqueue", "q", "big", "--payload-file", tmp + "/big")
    run(store, "inbox", "save", "ann", "t", "--payload", "secret-words")
    with Ui(store) as ui:
        assert "zzz" not in ui.page("item?queue=q&id=big")
        assert "secret-words" not in ui.page("inbox?user=ann")
        assert "zzz" not in ui.page("history?of=outbox/q")
    with Ui(store, "--payloads") as ui:
        page = ui.page("item?queue=q&id=big")
        assert "zzz" in page and "THE-END" not in page and len(page) < 60000
        assert r"\xff\x00" in page and "<script>a" not in page and "100,034 bytes" in page
        assert "secret-words" in ui.page("inbox?user=ann")


# --- The store meanwhile --------------------------------------------------------------------------


def test_health_follows_the_store(tmp):
    import holdfast

    path = stores.make(tmp + "/health")
    with holdfast.open(path) as store, Ui(path) as ui:
        assert ui.ask("healthz").text.startswith("ok\nwriter at work\n")
        store.outbox.enqueue("q", "a", b"x")
        ui.until(lambda: "Ready1" in Elements(ui.page()).text, "the item is not there")
        store.close()
        ui.until(lambda: "writer none" in ui.ask("healthz").text, "the writer is still there")
        shutil.move(path, path + "-away")
        ui.until(lambda: ui.ask("healthz").status == 503, "it is healthy without a store")
        assert "HF_E" in ui.ask("healthz").text and ui.ask("metrics").status == 503
        page = ui.page()  # as it was, and it says so
        assert 'role="alert"' in page and "not readable" in page and "Ready" in page
        shutil.move(path + "-away", path)
        ui.until(lambda: ui.ask("healthz").status == 200, "it stays ill")
        assert 'role="alert"' not in ui.page()


def test_damage_that_a_look_meets_is_503(tmp):
    path = stores.make(tmp + "/struck")
    code = ("import holdfast, sys, time\n"
            "s = holdfast.open(sys.argv[1])\n"
            "for i in range(200): s.outbox.enqueue('q', str(i), b'x' * 300)\n"
            "print('full', flush=True)\n"
            "time.sleep(60)\n")
    writer = subprocess.Popen(["/usr/bin/python3", "-c", code, path], stdout=subprocess.PIPE)
    assert writer.stdout.readline() == b"full\n"
    with Ui(path) as ui:
        assert ui.ask("healthz").status == 200
        writer.kill()
        writer.wait()
        writer.stdout.close()
        segment = max(name for name in os.listdir(path) if name.startswith("segment"))
        with open(os.path.join(path, segment), "r+b") as file:
            file.seek(20000)
            file.write(b"\xff" * 2000)
        # a handle that is at the end reads what is new; one that begins anew reads all
        with open(os.path.join(path, "WITNESS"), "r+b") as file:
            file.write(b"\x00" * 8192)
        ui.until(lambda: ui.ask("healthz").status == 503, "the damage is not met")
        assert "HF_ECORRUPT" in ui.ask("healthz").text and "not readable" in ui.page()
    assert refused(path) == 5


def test_a_replaced_store_is_shown_and_named(filled, tmp):
    path = stores.make(tmp + "/swapped")
    with open(tmp + "/swapped.jsonl", "wb") as file:
        file.write(run(filled, "export"))
    with Ui(path) as ui:
        shutil.rmtree(path)
        run(path, "init")
        run(path, "import", tmp + "/swapped.jsonl")
        ui.until(lambda: "another store lies here now" in ui.page(), "it was not noticed")
        assert "email" in ui.page("queues") and ui.ask("healthz").status == 200


# --- Many, slow and rude clients ------------------------------------------------------------------


def test_slow_clients_keep_nobody_out(filled):
    with Ui(filled) as ui:
        slow = []
        for _ in range(80):  # more than it takes
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", ui.port))
            slow.append(one)
        end = time.monotonic() + 20
        stop = threading.Event()

        def drip():
            while not stop.is_set():
                for one in slow:
                    try:
                        one.send(b"G")
                    except OSError:
                        pass
                stop.wait(0.3)

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert ui.ask("healthz").status == 200
            assert time.monotonic() < end
        finally:
            stop.set()
            dripping.join()
            for one in slow:
                one.close()
        assert ui.ask("healthz").status == 200


def test_what_is_no_http_is_refused_and_forgotten(ui):
    host = b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for request in (b"\x16\x03\x01" + b"\x00" * 200, b"GET\r\n\r\n", b"\x00" * 5000,
                    b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"/" * 40000 + host,
                    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000, b"GET /" + host):
        got = ui.raw(request, 1)
        assert b"200 OK" not in got and b"email" not in got
    assert ui.ask("healthz").status == 200


def test_several_requests_go_over_one_connection(ui):
    one = ui.connect()
    request = f"GET /{ui.key}/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    one.sendall(request * 20)
    got = b""
    while got.count(b"HTTP/1.1 200") < 20:
        data = one.recv(65536)
        assert data, got
        got += data
    one.close()


def test_it_ends_cleanly_at_each_signal(filled):
    for which in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        ui = Ui(filled)
        idle = ui.connect()
        assert ui.ask("healthz").status == 200
        assert ui.end(which) == 0 and ui.said == b""
        idle.close()


# --- Metrics, and without the library ------------------------------------------------------------


def test_metrics_are_the_library_s(ui, filled):
    answer = ui.ask("metrics", key=False, headers={"Authorization": "Bearer " + ui.key})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# TYPE " in answer.text and "email" in answer.text
    answer = ui.ask("metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


def test_built_without_libmicrohttpd_it_says_so(filled, tmp):
    source, build, bare = os.environ["HF_SOURCE"], os.environ["HF_BUILD"], tmp + "/bare"
    subprocess.run(
        ["cc", "-std=c11", "-D_GNU_SOURCE", "-I", source + "/tools",
         "-I", source + "/engine/include", source + "/tools/cli/main.c",
         source + "/tools/ui/command.c", source + "/tools/top/command.c",
         build + "/libholdfast_tools.a", build + "/libholdfast.a",
         "-lyajl", "-lxxhash", "-lzstd", "-lm", "-lpthread", "-o", bare], check=True)
    assert b"microhttpd" not in subprocess.run(["ldd", bare], capture_output=True).stdout
    done = subprocess.run([bare, "ui", filled], capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 7 and b"built without libmicrohttpd" in done.stderr, done
