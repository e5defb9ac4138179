"""The toy domain from Python: two methods, which name calls and members. What they are comes from
the library's tables."""

import sys
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import holdfast
from holdfast._abi import value_of, write
from holdfast._domain import Domain


@dataclass(frozen=True)
class Note:
    name: str
    text: str
    written_at: datetime
    version: int


class Notes(Domain):
    def put(self, name, text="", *, expect=None):
        return self._mutate("hf_note_put", write=write(expect), name=name, text=text)

    def list(self):
        def give(out):
            return [value_of(Note, out.items[i]) for i in range(out.count)]

        return self._read("hf_note_list", None, False, give)


with holdfast.open(sys.argv[1], create=True) as store:
    notes = Notes(store)
    first = notes.put("a", "one")
    assert first.changed and not notes.put("b").changed
    with store.transaction() as txn:
        Notes(txn).put("b", "two")
        Notes(txn).put("a", "eins", expect=first.version)
    found = notes.list()
    assert [(note.name, note.text) for note in found] == [("a", "eins"), ("b", "two")]
    lately = datetime.now(timezone.utc) - timedelta(days=1)
    assert all(note.version > first.version and note.written_at > lately for note in found)
    try:
        notes.put("a", "x" * 513)
    except holdfast.TooBigError as error:
        assert "the text has 513 bytes" in str(error)
    else:
        raise AssertionError("too long, and taken")
