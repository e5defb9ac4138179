"""The structs of this package are those of the headers: size and every offset, told by the
compiler; so are codes and constants."""

import ctypes
import pathlib
import re
import shutil
import subprocess

import pytest

import holdfast
from holdfast import _abi, errors, inbox, outbox

HEADERS = pathlib.Path(__file__).resolve().parents[3] / "engine" / "include"


def run_c(tmp_path, lines):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    assert compiler, "no C compiler"
    source = tmp_path / "layout.c"
    body = "\n".join(f"\t{line}" for line in lines)
    source.write_text(
        "#include <holdfast/holdfast.h>\n#include <inttypes.h>\n#include <stdio.h>\n"
        f"int main(void)\n{{\n{body}\n\treturn 0;\n}}\n"
    )
    program = tmp_path / "layout"
    subprocess.run([compiler, f"-I{HEADERS}", "-D_GNU_SOURCE", "-o", program, source], check=True)
    return subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()


def test_every_struct_is_laid_out_as_in_the_headers(tmp_path):
    wanted, lines = [], []
    for struct in _abi.Struct.known:
        assert struct.c_name.startswith("struct hf_"), struct
        wanted.append(f"{struct.c_name} {_abi.ctypes.sizeof(struct)}")
        lines.append(f'printf("{struct.c_name} %zu\\n", sizeof({struct.c_name}));')
        for name, *_ in struct._fields_:
            field = getattr(struct, name)
            wanted.append(f"{struct.c_name}.{name} {field.offset} {field.size}")
            lines.append(
                f'printf("{struct.c_name}.{name} %zu %zu\\n", offsetof({struct.c_name}, {name}), '
                f"sizeof((({struct.c_name} *)0)->{name}));"
            )
    assert len(wanted) > 900
    assert run_c(tmp_path, lines) == wanted


def test_every_struct_says_all_members_of_the_headers():
    text = "".join(path.read_text() for path in sorted((HEADERS / "holdfast").glob("*.h")))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    found = dict(re.findall(r"(struct hf_\w+) \{\n(.*?)\n\};", text, flags=re.S))
    for struct in _abi.Struct.known:
        members = []
        for line in found[struct.c_name].split(";"):
            declared = " ".join(line.split())
            if not declared:
                continue
            pointer = re.search(r"\(\*(\w+)\)", declared)
            members.append(
                pointer.group(1) if pointer else re.findall(r"(\w+)(?: ?\[[^\]]*\])?$", declared)[0]
            )
            # "size_t a, b;" declares two.
            for more in re.findall(r"(\w+),", declared) if not pointer else []:
                members.insert(-1, more)
        assert [name for name, *_ in struct._fields_] == members, struct.c_name


def test_there_is_an_exception_for_every_code(tmp_path):
    text = (HEADERS / "holdfast" / "types.h").read_text()
    codes = {name: int(number) for name, number in re.findall(r"(HF_E\w+) = (\d+)", text)}
    assert len(codes) >= 25
    assert {kind.name: code for code, kind in errors.Error._by_code.items()} == codes
    name = _abi.function("hf_code_name", ctypes.c_int, restype=ctypes.c_char_p)
    for kind in errors.Error._by_code.values():
        assert name(kind.code).decode() == kind.name
        assert getattr(holdfast, kind.__name__) is kind


def test_constants_are_those_of_the_headers(tmp_path):
    names = {
        "HF_UNSET": _abi.UNSET,
        "(uint64_t)HF_ABSENT": _abi.ABSENT,
        "HF_READ_UNDURABLE": _abi.READ_UNDURABLE,
        "HF_DURABLE": holdfast.Durability.DURABLE,
        "HF_OS": holdfast.Durability.OS,
        "HF_INBOX_NO_TOMBSTONE": inbox._NO_TOMBSTONE,
        "HF_INBOX_REPLACE": 1,
        "HF_OUTBOX_SENDING": holdfast.Status.SENDING,
        "HF_OUTBOX_FAILED": holdfast.Status.FAILED,
        "HF_OUTBOX_REPLACE": holdfast.Dedup.REPLACE,
        "HF_OUTBOX_LEAVE_MAX_ATTEMPTS": outbox._LEAVE[0],
        "HF_OUTBOX_LEAVE_MAX_LOST": outbox._LEAVE[1],
        "HF_OUTBOX_LEAVE_DEDUP_WINDOW": outbox._LEAVE[2],
        "HF_OUTBOX_LEAVE_DEDUP_MAX": outbox._LEAVE[3],
        "HF_OUTBOX_BACKOFF_EXPONENTIAL": holdfast.BackoffKind.EXPONENTIAL,
    }
    lines = [f'printf("%" PRId64 "\\n", (int64_t)({name}));' for name in names]
    assert [int(line) % 2**64 for line in run_c(tmp_path, lines)] == [
        int(value) % 2**64 for value in names.values()
    ]


@pytest.mark.parametrize("kind", sorted(errors.Error._by_code.values(), key=lambda kind: kind.code))
def test_every_exception_says_what_to_do(kind):
    assert kind.__doc__ and issubclass(kind, holdfast.Error)
