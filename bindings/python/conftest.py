"""Every test, and every example of the documentation, gets an empty directory of its own as working
directory."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import holdfast  # noqa: E402 - from this tree


@pytest.fixture(autouse=True)
def in_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=["store", ":memory:"])
def store(request):
    """In a directory, and in memory. A test of the directory itself says that it wants only that
    (``in_directory`` in its file)."""
    with holdfast.open(request.param, create=True) as opened:
        yield opened
