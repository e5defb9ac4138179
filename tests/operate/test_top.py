"""`holdfast top` on a terminal, beside a writer, and where there is no terminal.

Run by check_top.sh, with HF_TOOL (the tool), in an empty directory.
"""

import json
import os
import shutil
import signal
import subprocess
import termios
import time

import stores
from stores import TOOL, run
from terminal import Terminal

FAST = ("--interval", "100ms")


def top(store, *words, **terminal):
    return Terminal([TOOL, "top", store, *FAST, *words], **terminal)


def ended(terminal, keys="q"):
    terminal.type(keys)
    assert terminal.ends() == 0, terminal.text()


# --- What stands where ----------------------------------------------------------------------------


def test_on_80_by_24_every_part_has_its_line(filled):
    with top(filled) as t:
        t.shows("quit").shows("email")
        lines = t.lines()
        assert len(lines) == 24 and all(len(line) <= 80 for line in lines)
        assert lines[0].startswith(" holdfast top  ") and lines[0].endswith("Z")
        assert "no writer" in lines[0] and "  ./filled  " in lines[0]
        assert lines[1].startswith(" changes ") and " LSN " in lines[1] and "locks 1" in lines[1]
        assert lines[2].startswith(" disk ") and "clock ahead" in lines[2]
        assert "fault none" in lines[2]
        assert lines[3].startswith(
            " queues 9   ready 13   sending 2   failed 1   stuck 0   delayed 1   blocked 0")
        assert lines[4] == ""
        assert lines[5].split() == ["QUEUE", "READY", "DELAYED", "BLOCKED", "SENDING", "FAILED",
                                    "OLDEST", "DUEv", "STATE"]
        # email was enqueued first: its oldest item is due for longest
        assert lines[6].split()[:6] == ["email", "3", "1", "0", "2", "0"], lines[6]
        assert t.line_with("push").split()[-1] == "paused"
        head = next(i for i, line in enumerate(lines) if line.startswith(" CLAIMED FROM"))
        assert lines[head + 1].split()[:2] == ["email", "job-0"]
        assert lines[head + 1].split()[-1] in ("1h59m", "2h00m")
        assert lines[23].startswith(" q quit  p pause  s sort: oldest")
        # figures stand below the ends of their titles
        for title in ("READY", "DELAYED", "BLOCKED", "SENDING", "FAILED"):
            end = lines[5].index(title) + len(title)
            assert lines[6][end - 1].isdigit() and lines[6][end:end + 1] in (" ", ""), title
        ended(t)


def test_every_size_is_drawn_within_itself(filled):
    with top(filled) as t:
        t.shows("quit")
        for rows, columns in ((10, 40), (6, 30), (50, 200), (12, 79), (200, 31), (24, 80)):
            t.resize(rows, columns)
            t.until(lambda t: t.lines()[0].startswith(" holdfast top") and
                    t.lines()[rows - 1].startswith(" q quit"), f"{rows}x{columns} is not drawn")
        for rows, columns in ((3, 80), (24, 12), (1, 1)):
            t.resize(rows, columns)
            if columns > 1:
                t.shows("too small")
        t.resize(24, 80)
        t.shows("s sort: oldest")
        ended(t)


def test_an_empty_store_says_so(tmp):
    with top(stores.make(tmp + "/empty")) as t:
        t.shows("no queue holds anything").shows("no item is claimed")
        ended(t)


# --- Names ----------------------------------------------------------------------------------------


def test_no_byte_of_a_name_controls_the_terminal(filled):
    with top(filled, rows=40, columns=120) as t:
        t.shows(r"esc\x1b[31mred\x1b]0;pwned\x07").shows(r"a\xff\x0a\x09b").shows(r"w\x1b[2J")
        t.shows("<script>alert(1)</script>").shows("日本語の待ち行列".replace("", " ")[1:2])
        ended(t)
    assert b"pwned\x07" not in t.raw and b"\x1b[31mred" not in t.raw and b"\xffb" not in t.raw


def test_a_terminal_of_ascii_gets_ascii(filled):
    with top(filled, rows=40, columns=120, locale="C") as t:
        t.shows(r"\xe6\x97\xa5")
        ended(t)
    assert all(byte < 0x80 for byte in t.raw)


def test_without_colour_where_that_is_asked_for(filled):
    with top(filled, extra={"NO_COLOR": "1"}) as t:
        t.shows("quit")
        ended(t)
    assert b"\x1b[31m" not in t.raw and b";31m" not in t.raw


# --- Keys -----------------------------------------------------------------------------------------


def test_keys_sort_reverse_pause_and_scroll(tmp):
    store = stores.make(tmp + "/keys")
    for i in range(30):
        run(store, "outbox", "enqueue", f"q{i:02}", "a")
    run(store, "outbox", "enqueue", "q17", "b")
    with top(store) as t:
        t.shows("q00")
        first = lambda t: t.lines()[6].split()[0]
        t.until(lambda t: first(t) == "q00", "not by the oldest")
        t.type("s")
        t.until(lambda t: "sort: name" in t.text() and "QUEUEv" in t.text(), "not by name")
        t.type("r")
        t.until(lambda t: first(t) == "q29", "not reversed")
        t.type("s")
        t.until(lambda t: first(t) == "q17", "not by what is ready")
        t.type("S")
        t.until(lambda t: first(t) == "q00", "not back to the name")
        t.type("j")
        t.until(lambda t: first(t) == "q01", "not scrolled by a line")
        t.type("\x1b[6~")
        t.until(lambda t: first(t) > "q01", "not scrolled by a page")
        t.type("G")
        t.shows("17-30 of 30").shows("q29")
        t.type("g" + "k" * 5)
        t.until(lambda t: first(t) == "q00", "not back at the beginning")
        t.type("p")
        t.shows("paused").shows("go on")
        run(store, "outbox", "enqueue", "a-new-one", "a")
        time.sleep(0.4)
        t.read()
        assert "a-new-one" not in t.text()
        t.type("p")
        t.shows("queues 31")
        t.type("+")
        t.shows("every 0.2s")
        t.type("-----")
        t.shows("every 0.1s")
        ended(t, "Q")


# --- The store meanwhile --------------------------------------------------------------------------


def test_what_a_writer_does_shows_with_its_rate(tmp):
    import holdfast

    path = stores.make(tmp + "/live")
    with holdfast.open(path) as store, top(path) as t:
        t.shows("writer at work")
        moved = False
        for i in range(2000):
            store.outbox.enqueue("busy", str(i), b"x" * 100)
            if i % 20 == 0:
                t.read(0)
                moved = moved or not t.lines()[1].startswith((" changes 0/s", " changes -"))
        t.until(lambda t: moved or " changes 0/s" not in t.lines()[1], "no rate")
        t.until(lambda t: t.line_with("busy").split()[1] == "2,000", "not all of them")
        [item] = store.outbox.claim_next("busy", owner="w")
        t.until(lambda t: t.line_with("busy").split()[4] == "1", "the claim is not there")
        t.line_with("none")
        t.type("q")
        assert t.ends() == 0


def test_a_claim_held_for_long_is_stuck(filled):
    with top(filled, "--older", "1ms") as t:
        t.shows("stuck 2").shows("!email")
        ended(t)
    with top(filled, "--older", "1h") as t:
        t.shows("stuck 0")
        ended(t)


def test_a_store_that_is_replaced_goes_on_and_says_so(tmp, filled):
    path = stores.make(tmp + "/other")
    run(path, "outbox", "enqueue", "theirs", "a")
    lines = run(filled, "export")
    with open(tmp + "/all.jsonl", "wb") as file:
        file.write(lines)
    with top(path) as t:
        t.shows("theirs")
        shutil.move(path, tmp + "/away")
        t.until(lambda t: "NOT READABLE" in t.text() and "HF_E" in t.text(), "not missed")
        assert "theirs" in t.text()  # the newest state that there was
        run(path, "init")
        run(path, "import", tmp + "/all.jsonl")
        t.shows("another store lies here now").shows("email")
        assert "NOT READABLE" not in t.text() and "theirs" not in t.text()
        ended(t)


def test_a_writer_that_is_killed_and_a_compaction_show(tmp):
    path = stores.make(tmp + "/killed")
    run(path, "outbox", "enqueue", "q", "a")
    code = ("import holdfast, os, sys, time\n"
            "s = holdfast.open(sys.argv[1])\n"
            "s.outbox.claim_next('q', owner='w')\n"
            "print('held', flush=True)\n"
            "time.sleep(60)\n")
    writer = subprocess.Popen(["/usr/bin/python3", "-c", code, path], stdout=subprocess.PIPE)
    assert writer.stdout.readline() == b"held\n"
    with top(path) as t:
        t.until(lambda t: t.line_with(" q ").split()[4] == "1", "not held")
        writer.kill()
        writer.wait()
        t.shows("its writer has ended")
        t.until(lambda t: t.line_with(" q ").split()[4] == "0", "still held")
        run(path, "compact")
        t.until(lambda t: "compacted" in t.text(), "no word of the compaction")
        ended(t)
    writer.stdout.close()


def test_damage_is_told_with_the_file(tmp):
    path = stores.fill(tmp + "/damaged")
    segment = next(name for name in sorted(os.listdir(path)) if name.startswith("segment"))
    with open(os.path.join(path, segment), "r+b") as file:
        file.seek(700)
        file.write(b"\x00" * 64)
    done = subprocess.run([TOOL, "top", path], capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 5 and segment.encode() in done.stderr and done.stdout == b"", done


# --- Ends, and no terminal ------------------------------------------------------------------------


def test_signals_end_it_and_the_terminal_is_as_before(filled):
    for which in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with top(filled) as t:
            t.shows("quit")
            assert not termios.tcgetattr(t.file)[3] & termios.ECHO
            os.kill(t.pid, which)
            assert t.ends() == 0
            both = termios.ECHO | termios.ICANON
            assert termios.tcgetattr(t.file)[3] & both == both
        assert b"\x1b[?1049l" in t.raw  # the screen from before is back


def test_a_terminal_that_is_gone_ends_it(filled):
    t = top(filled)
    t.shows("quit")
    os.close(t.file)
    end = time.monotonic() + 20
    while os.waitpid(t.pid, os.WNOHANG) == (0, 0):
        assert time.monotonic() < end, "it runs on"
        time.sleep(0.02)


def test_a_terminal_that_is_not_known_is_refused_in_words(filled):
    for kind in ("no-such-terminal", ""):
        with top(filled, term=kind) as t:
            assert t.ends() == 7
            assert "--once" in t.text().replace("\n", "")


def test_without_a_terminal_it_gives_one_look(filled):
    out = run(filled, "top")
    assert b"\x1b" not in out and b"ready " in out and rb"esc\x1b[31mred" in out
    out = run(filled, "top", "--interval", "100ms", json=True)
    lines = [json.loads(line) for line in out.splitlines()]
    [store] = [line for line in lines if line["schema"] == "holdfast.top/1"]
    assert store["ready"] == "13" and store["failed"] == "1" and store["claims"] == "2"
    assert store["changes_per_second"] == "0.0"
    assert len([line for line in lines if line["schema"] == "holdfast.top-queue/1"]) == 9
    assert len([line for line in lines if line["schema"] == "holdfast.top-claim/1"]) == 2


def test_built_without_ncurses_it_says_so_and_gives_one_look(filled, tmp):
    source, build, bare = os.environ["HF_SOURCE"], os.environ["HF_BUILD"], tmp + "/bare"
    # without HOLDFAST_TOP; everything else comes from the archives
    subprocess.run(
        ["cc", "-std=c11", "-D_GNU_SOURCE", "-I", source + "/tools",
         "-I", source + "/engine/include",
         source + "/tools/cli/main.c", source + "/tools/top/command.c",
         source + "/tools/ui/command.c",
         build + "/libholdfast_tools.a", build + "/libholdfast.a",
         "-lyajl", "-lxxhash", "-lzstd", "-lm", "-lpthread", "-o", bare], check=True)
    assert b"ncurses" not in subprocess.run(["ldd", bare], capture_output=True).stdout
    with Terminal([bare, "top", filled]) as t:
        assert t.ends() == 7
        assert "built without ncurses" in t.text()
    done = subprocess.run([bare, "top", filled], capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and b"ready " in done.stdout


def test_wrong_calls_are_refused(filled, tmp):
    for words, status in ((("top", "--at", "5"), 2), (("top", "--interval", "0"), 2),
                          (("top", "a", "b"), 2), (("top", tmp + "/nowhere"), 1)):
        done = subprocess.run([TOOL, "-C", filled, *words], capture_output=True,
                              stdin=subprocess.DEVNULL)
        assert done.returncode == status and done.stderr.count(b"\n") == 1, (words, done)
