"""Every call that can say how far it is does so, on the thread that made it; what the callable
raises is raised once the call is over."""

import contextlib
import os
import shutil
import threading

import pytest

import holdfast


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    where = tmp_path_factory.mktemp("template")
    with holdfast.open(where / "s", create=True, segment_size=1 << 20) as store:
        with store.transaction() as txn:
            for number in range(30):
                txn.documents.put("c", f"d{number}", os.urandom(60000))
        store.snapshot()
        store.documents.put("c", "last", os.urandom(60000))
        store.export(where / "f")
    holdfast.backup(where / "s", where / "b")
    return where


@pytest.fixture(autouse=True)
def made(template, tmp_path):
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)


def opened(how, **options):
    with how("s", **options) as store:
        assert store.documents.has("c", "last")
    return store.closed


def with_store(what):
    with holdfast.open("s") as store:
        return what(store)


def piped_out(progress):
    read_end, write_end = os.pipe()
    reader = threading.Thread(target=lambda: os.fdopen(read_end, "rb").read())
    reader.start()
    try:
        return with_store(lambda store: store.export(write_end, progress=progress))
    finally:
        os.close(write_end)
        reader.join()


def piped_in(progress):
    read_end, write_end = os.pipe()

    def write():
        with open("f", "rb") as file, contextlib.suppress(BrokenPipeError):
            with os.fdopen(write_end, "wb") as pipe:
                pipe.write(file.read())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return holdfast.import_snapshot(read_end, "new", progress=progress)
    finally:
        os.close(read_end)  # what was refused before it was read
        writer.join()


CALLS = {
    "open": lambda progress: opened(holdfast.open, progress=progress),
    "open_read": lambda progress: opened(holdfast.open_read, progress=progress),
    "scrub": lambda progress: with_store(lambda store: store.scrub(progress=progress)),
    "export": lambda progress: with_store(lambda store: store.export("new", progress=progress)),
    "export into a pipe": piped_out,
    "verify_snapshot": lambda progress: holdfast.verify_snapshot("f", progress=progress),
    "import_snapshot": lambda progress: holdfast.import_snapshot("f", "new", progress=progress),
    "import out of a pipe": piped_in,
    "backup": lambda progress: holdfast.backup("s", "new", progress=progress),
    "restore": lambda progress: holdfast.restore("b", "new", progress=progress),
    "salvage": lambda progress: holdfast.salvage("s", "new", dry_run=False, progress=progress),
    "fsck": lambda progress: holdfast.fsck("s", progress=progress),
}
MAKE = [name for name in CALLS if name[:2] in ("im", "ba", "re", "sa") or name == "export"]
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


def in_thread(call):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    thread.join()
    return answers[0]


@each_call
@pytest.mark.parametrize("where", [lambda call: call(), in_thread], ids=["main", "thread"])
def test_a_call_tells_its_caller_how_far_it_is(call, where):
    def work():
        told, me = [], threading.get_ident()
        call(lambda done, total: told.append((done, total, threading.get_ident() == me)))
        return told

    told = where(work)
    assert told and all(there for _, _, there in told)
    if call is not CALLS["salvage"]:  # which looks first, and then begins again to build
        assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1][0] > 0 and all(done <= total for done, total, _ in told if total)


@pytest.mark.parametrize("name", CALLS)
def test_what_it_raises_is_raised_when_the_call_is_over(name):
    told = []

    def progress(done, total):
        told.append(done)
        raise KeyError("seen")

    with pytest.raises(KeyError, match="seen") as caught:
        CALLS[name](progress)
    assert len(told) == 1 and caught.value.__context__ is None
    assert os.path.exists("new") == (name in MAKE)
    with holdfast.open("s"):  # nobody has kept it open
        pass


@each_call
def test_what_would_not_run_is_refused_before_anything_is_made(call):
    async def coroutine(done, total):
        raise AssertionError("it ran")

    def generator(done, total):
        yield

    for wrong in (coroutine, generator, 5, "progress"):
        with pytest.raises(TypeError, match="progress"):
            call(wrong)
    assert not os.path.exists("new")
    with pytest.raises(TypeError, match="has not run"):
        call(lambda done, total: generator(done, total))


def test_of_two_failures_neither_is_lost():
    def progress(done, total):
        raise KeyError("mine")

    with open("f", "r+b") as file:
        file.seek(-200000, os.SEEK_END)
        file.write(b"changed")
    with pytest.raises(holdfast.CorruptError) as caught:
        holdfast.verify_snapshot("f", progress=progress)
    assert isinstance(caught.value.__context__, KeyError)


def test_a_store_cannot_be_closed_by_what_it_tells():
    def closing(done, total):
        store.close()

    with holdfast.open("s") as store:
        for call in (store.scrub, lambda **told: store.export("new", **told)):
            with pytest.raises(RuntimeError, match="callback"):
                call(progress=closing)
            assert not store.closed and store.documents.has("c", "last")


def test_an_opening_within_an_opening_is_no_deadlock():
    inner = []

    def progress(done, total):
        if not inner:
            inner.append(holdfast.verify_snapshot("f", progress=lambda done, total: None).lsn)
            with holdfast.open_read("b", progress=lambda done, total: inner.append(done)) as copy:
                assert copy.documents.has("c", "last")

    with holdfast.open("s", progress=progress) as store:
        assert inner[0] == store.info().last_lsn and len(inner) > 1


def test_a_store_in_memory_has_nothing_to_tell_of():
    with holdfast.open(":memory:", progress=lambda done, total: None) as store:
        assert store.info().last_lsn == 0
