"""Package and library fit together, or the import says what does not."""

import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import sys

import holdfast
from holdfast import _abi, _library

HERE = pathlib.Path(__file__).resolve()
HEADERS = HERE.parents[3] / "engine" / "include" / "holdfast"


def test_every_public_struct_has_a_size_in_the_library():
    size = _abi.function("hf_struct_size", ctypes.c_char_p, restype=ctypes.c_size_t)
    text = "".join(path.read_text() for path in sorted(HEADERS.glob("*.h")))
    names = re.findall(
        r"^struct (hf_\w+) \{", re.sub(r"/\*.*?\*/", "", text, flags=re.S), flags=re.M
    )
    assert len(names) > 140
    assert [name for name in names if size(name.encode()) == 0] == []
    assert size(b"hf_nothing") == size(b"") == size(None) == 0
    for struct in _abi.Struct.known:
        assert size(struct.c_name.removeprefix("struct ").encode()) == _abi.ctypes.sizeof(
            struct
        ), struct


def test_the_version_is_the_same_everywhere():
    text = (HEADERS / "version.h").read_text()
    numbers = [
        int(re.search(rf"#define HF_VERSION_{part} (\d+)", text).group(1))
        for part in ("MAJOR", "MINOR", "PATCH")
    ]
    version = ".".join(map(str, numbers))
    assert f'#define HF_VERSION "{version}"' in text
    assert holdfast.__version__ == holdfast.library_version() == version
    assert _library.ABI == int(re.search(r"#define HF_ABI (\d+)u", text).group(1))
    number = _abi.function("hf_version_number", restype=_abi.ctypes.c_uint)()
    assert number == numbers[0] * 1000000 + numbers[1] * 1000 + numbers[2]
    assert f'version = "{version}"' in (HERE.parents[1] / "pyproject.toml").read_text()


def imported_with(tmp_path, source):
    """What an import says of a library that is made of this text."""
    (tmp_path / "other.c").write_text("#include <stddef.h>\n#include <string.h>\n" + source)
    library = tmp_path / "libother.so"
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, tmp_path / "other.c"], check=True)
    environment = dict(os.environ, HOLDFAST_LIBRARY=str(library), PYTHONPATH=str(HERE.parents[1]))
    done = subprocess.run(
        [sys.executable, "-c", "import holdfast"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1 and "ImportError: " in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert str(library) in last and holdfast.__version__ in last
    return last


def test_another_version_is_refused_by_name(tmp_path):
    fits = (
        f"unsigned hf_abi(void) {{ return {_library.ABI}; }} "
        "size_t hf_struct_size(const char *n) { (void)n; return 0; }"
    )
    said = imported_with(tmp_path, f'const char *hf_version(void) {{ return "7.8.9"; }} {fits}')
    assert "7.8.9" in said and "the versions differ" in said
    # A library from before there was a handshake.
    assert "hf_version" in imported_with(tmp_path, "int hf_open(void) { return 0; }")
    # The same words, another layout.
    names = ["hf_options", "hf_write"]
    sizes = "".join(f'if (!strcmp(n, "{name}")) return 1000;' for name in names)
    said = imported_with(
        tmp_path,
        f'const char *hf_version(void) {{ return "{holdfast.__version__}"; }} '
        f"unsigned hf_abi(void) {{ return {_library.ABI}; }}"
        f"size_t hf_struct_size(const char *n) {{ {sizes} return 0; }}",
    )
    assert "struct hf_" in said
    said = imported_with(
        tmp_path,
        f'const char *hf_version(void) {{ return "{holdfast.__version__}"; }} '
        f"unsigned hf_abi(void) {{ return {_library.ABI + 1}; }}"
        "size_t hf_struct_size(const char *n) { (void)n; return 0; }",
    )
    assert f"ABI {_library.ABI + 1}" in said
