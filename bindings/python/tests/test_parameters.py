"""Each member of the library's options and arguments is a parameter of a function of this package
that makes the call, by the library's own table of them; or it stands here with the reason."""

import ast
import dataclasses
import inspect
import pathlib

import pytest

import holdfast
from holdfast import _api as api
from holdfast._api import Tag

PACKAGE = pathlib.Path(holdfast.__file__).parent

# Who takes the options of a call.
TAKES = {
    "hf_open": holdfast.open,
    "hf_open_memory": holdfast.open,
    "hf_open_read": holdfast.open_read,
    "hf_export": holdfast.Store.export,
    "hf_export_fd": holdfast.Store.export,
    "hf_verify_snapshot": holdfast.verify_snapshot,
    "hf_import": holdfast.import_snapshot,
    "hf_import_fd": holdfast.import_snapshot,
    "hf_backup": holdfast.backup,
    "hf_restore": holdfast.restore,
    "hf_salvage": holdfast.salvage,
    "hf_fsck": holdfast.fsck,
    "hf_metrics": holdfast.Store.metrics,
}
# Structs that are given as an object, whose fields are their members.
OBJECTS = {
    "hf_cursor": holdfast.Cursor,
    "hf_inbox_input": holdfast.InboxInput,
    "hf_outbox_backoff": holdfast.Backoff,
    "hf_outbox_input": holdfast.OutboxInput,
    "hf_outbox_item": holdfast.OutboxItem,
}
# What is called otherwise here. Of a member of a call, or of a struct.
RENAMED = {
    ("hf_options", "no_background"): "background",
    ("hf_options", "no_refresh"): "refresh",
    ("hf_salvage_options", "build"): "dry_run",
    ("hf_idempotency_list_args", "over"): "prefix",
    ("hf_idempotency_count_args", "over"): "prefix",
    ("hf_idempotency_clear_args", "over"): "prefix",
    ("hf_inbox_save_args", "mode"): "replace",
    ("hf_outbox_claim_next_args", "queues"): "queue",
}
# What is not offered, and why.
FOR_WRITING = "a handle for reading does no upkeep, waits for nothing and makes nothing"
FOR_READING = "a handle for writing shows the newest state"
ABSENT = {
    ("hf_lock_with_args", "cancel"): "an exception of a signal handler ends the wait",
    ("hf_names_args", "limit"): "names come by an iterator, which reads pages",
    ("hf_names_args", "page"): "names come by an iterator, which reads pages",
    ("hf_outbox_configure_args", "leave"): "what is not given is left as it is",
    ("hf_outbox_resume", "wait_us"): "the struct is that of a pause, which waits",
    ("hf_subscribe_args", "parts"): "how many there are of the key",
    ("hf_inbox_prune_args", "keep_count"): "how many there are of keep_accounts",
    ("hf_open", "no_refresh"): FOR_READING,
    ("hf_open", "at_lsn"): FOR_READING,
    ("hf_open", "at_time"): FOR_READING,
    ("hf_open_memory", "no_refresh"): FOR_READING,
    ("hf_open_memory", "at_lsn"): FOR_READING,
    ("hf_open_memory", "at_time"): FOR_READING,
    ("hf_open_read", "create"): FOR_WRITING,
    ("hf_open_read", "no_background"): FOR_WRITING,
    ("hf_open_read", "allow_unsafe_fs"): FOR_WRITING,
    ("hf_open_read", "pad"): FOR_WRITING,
    ("hf_open_read", "segment_size"): FOR_WRITING,
    ("hf_open_read", "wait_us"): FOR_WRITING,
    ("hf_open_read", "compact_bytes"): FOR_WRITING,
    ("hf_open_read", "compact_rate"): FOR_WRITING,
    ("hf_open_read", "retain_us"): FOR_WRITING,
    ("hf_open_read", "retain_bytes"): FOR_WRITING,
    ("hf_open_read", "scrub_bytes_per_second"): FOR_WRITING,
    ("hf_open_read", "scrub_interval_us"): FOR_WRITING,
}


def _defined():
    """Of every function: its parameters, the words in it, and the names that it uses."""
    found = {}
    for path in sorted(PACKAGE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                args = node.args
                parameters = {one.arg for one in args.posonlyargs + args.args + args.kwonlyargs}
                words, names = set(), set()
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                        words.add(inner.value)
                    elif isinstance(inner, ast.Attribute):
                        names.add(inner.attr)
                    elif isinstance(inner, ast.Name):
                        names.add(inner.id)
                found.setdefault(node.name, []).append((parameters, words, names))
    return found


DEFINED = _defined()


def makers(call):
    """Parameters of the functions that make a call, themselves or by others, and that are
    public."""
    reached, at, found = set(), {call}, []
    while at:
        following = set()
        for name, functions in DEFINED.items():
            for parameters, words, names in functions:
                if id(words) in reached or not (words if call in at else names) & at:
                    continue
                reached.add(id(words))
                if name.startswith("_"):
                    following.add(name)
                else:
                    found.append(parameters)
        at = following
    return found


CALLS = {
    name: call
    for name, call in api._calls().items()
    if call.takes.endswith(("_args", "_options"))
}


def parameters_of(call):
    if call in TAKES:
        return set(inspect.signature(TAKES[call]).parameters)
    return set().union(*makers(call))


def offered(member, have):
    return {member, member.removesuffix("_us")} & have


def missing_of(call, struct, have):
    rows = api.members(struct)
    for before, row in zip([None, *rows], rows):
        whose = [(call, row.name), (struct, row.name)]
        if row.tag in (Tag.SIZE, Tag.CONTEXT) or row.of == "hf_write":
            continue  # said by itself; bound to the callable; test_returning, test_conveniences
        if before is not None and before.tag is Tag.MANY:
            continue  # its length
        if any(key in ABSENT for key in whose):
            continue
        name = next((RENAMED[key] for key in whose if key in RENAMED), row.name)
        if row.of in OBJECTS:
            fields = {field.name for field in dataclasses.fields(OBJECTS[row.of])}
            yield from missing_of(call, row.of, fields | have)
        if offered(name, have):
            continue
        kind, _, flagged = row.name.partition("_")
        if kind in ("by", "set", "has") and offered(flagged, have):
            continue  # whether that was given
        if row.tag is Tag.STRUCT:
            yield from missing_of(call, row.of, have)
        else:
            yield f"{struct}.{row.name}"


@pytest.mark.parametrize("call", sorted(CALLS))
def test_each_member_is_a_parameter(call):
    have = parameters_of(call)
    assert have, f"nothing makes {call}"
    assert not list(missing_of(call, CALLS[call].takes, have))


def test_a_member_of_no_parameter_is_found():
    have = parameters_of("hf_import") - {"max_bytes", "progress"}
    assert list(missing_of("hf_import", "hf_import_options", have)) == [
        "hf_import_options.max_bytes",
        "hf_import_options.progress",
    ]
    have = parameters_of("hf_document_put") - {"ttl", "collection"}
    assert list(missing_of("hf_document_put", "hf_document_put_args", have)) == [
        "hf_document_key.collection",
        "hf_document_put_args.ttl_us",
    ]


def test_all_options_and_arguments_are_of_calls_that_are_looked_at():
    taken = {call.takes for call in CALLS.values()}
    assert {
        name for name in api.names() if name.endswith(("_args", "_options"))
    } == taken
    assert {name for name, call in CALLS.items() if call.takes.endswith("_options")} == set(TAKES)


def test_what_is_named_here_is_there():
    structs = {name: {row.name for row in api.members(name)} for name in api.names()}
    for whose, member in [*RENAMED, *ABSENT]:
        assert member in structs[CALLS[whose].takes if whose in CALLS else whose], whose
    for call, function in TAKES.items():
        assert call in CALLS and callable(function)
