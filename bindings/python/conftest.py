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


@pytest.fixture
def store():
    with holdfast.open("store", create=True) as opened:
        yield opened
