#!/usr/bin/env python3
"""api_table.py SOURCE LIBRARY [HEADER...]: the library's tables say what the headers say.

The tables are those of holdfast/api.h, the headers the public ones and those that are named.

Of every public struct: it stands in the tables, with every member, in the header's order, at the
place and of the size that the compiler gives it; the tag of a member fits its type; nested structs,
lengths of arrays and words of enumerations are the header's; what a zeroed member is said to stand
for is said beside the member there. Of every public function: it stands in the tables, once, with
its address; kind, arguments and answer follow from its parameters.

The headers are read by regular expressions, places and values by a C program that is compiled here.
"""

import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
from ctypes import c_bool, c_char_p, c_int, c_int64, c_size_t, c_uint, c_uint64, c_void_p

COMMENT = re.compile(r"/\*.*?\*/", re.S)
TYPES = {  # the tags that a type of C may have
    "bool": {"bool"}, "double": {"real"}, "hf_time": {"time"}, "hf_lsn": {"lsn"},
    "hf_token": {"token"}, "int": {"int"}, "int32_t": {"int"}, "int64_t": {"int", "span", "wait"},
    "uint8_t": {"uint"}, "uint16_t": {"uint"}, "uint32_t": {"uint", "flags"}, "uint64_t": {"uint"},
    "size_t": {"uint", "size"}, "unsigned": {"uint", "flags"},
    "struct hf_bytes": {"key", "text", "bytes"}, "char *": {"string"}, "char": {"chars"},
    "void *": {"context"},
    "struct hf_memory *": {"memory"}, "function": {"function"},
}  # fmt: skip
# Structs that do not begin with their size although they stand in no other one in place or in a
# row, and why: docs/interface/struct-sizes.md.
FIXED = {
    "hf_error", "hf_ticket", "hf_cancel_flag", "hf_outbox_rerun", "hf_outbox_key", "hf_migration",
    "hf_inbox_position", "hf_cursor_lag_position", "hf_document_position", "hf_timeline_position",
    "hf_api_call", "hf_api_part", "hf_api_struct", "hf_api_member", "hf_api_word",
}  # fmt: skip
GIVES = {"bool": "bool", "uint64_t": "uint", "hf_time": "time", "int": "int"}
complaints = []


def complain(text):
    complaints.append(text)


# --- The headers


class Member:
    def __init__(self, type_, name, elements, comment):
        self.type, self.name, self.elements, self.comment = type_, name, elements, comment


def comment_words(text):
    return " ".join(re.sub(r"^\s*\*", "", line) for line in text[2:-2].split("\n")).split()


def statements(body):
    """(declaration, its comment): the one before it, within it, or behind it on its line."""
    found, code, note = [], "", []
    for part in re.split(r"(/\*.*?\*/|;)", body, flags=re.S):
        if part == ";":
            found.append([" ".join(code.split()), note])
            code, note = "", []
        elif part.startswith("/*"):
            if found and not code.strip() and "\n" not in code:
                found[-1][1] = found[-1][1] + comment_words(part)
            else:
                note = note + comment_words(part) if code.strip() else comment_words(part)
        else:
            code += part
    return [(code.replace(" [", "["), " ".join(note)) for code, note in found]


def members_of(body, functions):
    for code, note in statements(body):
        pointer = re.search(r"\(\*(\w+)\)", code)
        if pointer:
            yield Member("function", pointer[1], None, note)
            continue
        match = re.fullmatch(r"(.*?)(\w+(?:, \w+)*)(?:\[(\w+)\])?", code)
        type_ = match[1].strip().replace("const ", "")
        for name in match[2].split(", "):
            yield Member("function" if type_ in functions else type_, name, match[3], note)


class Headers:
    def __init__(self, folder, more):
        paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))] + more
        texts = [open(path, encoding="utf-8").read() for path in paths]
        text = "\n".join(texts)
        plain = COMMENT.sub("", text)
        functions = set(re.findall(r"typedef [^;(]*\(\*(hf_\w+)\)", plain))
        self.structs = {
            name: list(members_of(body, functions))
            for name, body in re.findall(r"^struct (hf_\w+) \{\n(.*?)\n\};", text, re.S | re.M)
        }
        self.enums = {
            name: re.findall(r"\b(HF_\w+)\s*=", body)
            for name, body in re.findall(r"^enum (hf_\w+) \{\n(.*?)\n\};", plain, re.S | re.M)
        }
        code = re.sub(r"^#.*$", "", plain, flags=re.M)
        self.calls = {
            name: [re.sub(r"\w+$", "", " ".join(p.split())).replace("const ", "").strip()
                   for p in parameters.split(",")]
            for name, parameters in re.findall(r"HF_API [^;{(]*?(hf_\w+)\(([^;]*?)\);", code)
        }  # fmt: skip


def answers(headers, include, more):
    """Places, sizes and values, as the compiler gives them."""
    questions = []
    for name, members in headers.structs.items():
        questions.append(f"sizeof(struct {name})")
        for member in members:
            questions.append(f"offsetof(struct {name}, {member.name})")
            questions.append(f"sizeof(((struct {name} *)0)->{member.name})")
            if member.elements:
                questions.append(member.elements)
    for words in headers.enums.values():
        questions += words
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "ask.c"), os.path.join(folder, "ask")
        lines = "".join(f'\tprintf("%lld\\n", (long long)({q}));\n' for q in questions)
        with open(source, "w", encoding="utf-8") as file:
            file.write(
                "#include <holdfast/holdfast.h>\n#include <stdio.h>\n"
                + "".join(f'#include "{path}"\n' for path in more)
                + f"int main(void)\n{{\n{lines}\treturn 0;\n}}\n"
            )
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        command = [compiler, f"-I{include}", "-D_GNU_SOURCE", "-o", program, source]
        subprocess.run(command, check=True)
        told = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()
    return dict(zip(questions, map(int, told)))


# --- The library's tables


class ApiWord(ctypes.Structure):
    _fields_ = [("word", c_char_p), ("value", c_int64)]


class ApiStruct(ctypes.Structure):
    pass


class ApiMember(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p), ("offset", c_size_t), ("size", c_size_t), ("type", c_int),
        ("elements", c_uint), ("of", ctypes.POINTER(ApiStruct)),
        ("words", ctypes.POINTER(ApiWord)), ("most", c_uint64), ("optional", c_bool),
        ("zero", c_char_p), ("label", c_char_p),
    ]  # fmt: skip


ApiStruct._fields_ = [
    ("name", c_char_p), ("size", c_size_t), ("first", c_size_t),
    ("members", ctypes.POINTER(ApiMember)),
]  # fmt: skip


class ApiCall(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p), ("function", c_void_p), ("kind", c_int),
        ("takes", ctypes.POINTER(ApiStruct)), ("fills", ctypes.POINTER(ApiStruct)),
        ("gives", c_int), ("object", ctypes.POINTER(ApiStruct)),
    ]  # fmt: skip


class ApiPart(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p), ("structs", ctypes.POINTER(ctypes.POINTER(ApiStruct))),
        ("calls", ctypes.POINTER(ApiCall)),
    ]  # fmt: skip


def up_to_null(pointer, ended):
    index = 0
    while not ended(pointer[index]):
        yield pointer[index]
        index += 1


def name_of(pointer):
    return pointer.contents.name.decode() if pointer else None


# --- Compared


def stand_in_others(headers):
    """Structs that are members in place, or elements behind a pointer that the next member counts.
    A string and a count are the only other neighbours of that kind, and no struct."""
    inside = set()
    for members in headers.structs.values():
        for member, after in zip(members, [*members[1:], None]):
            nested = re.fullmatch(r"struct (hf_\w+?)( \*)?", member.type)
            counted = after is not None and after.name.endswith("count")
            if nested and (not nested[2] or counted):
                inside.add(nested[1])
    return inside


def check_size(table, headers, told, inside, tags):
    """A struct that may grow begins with its size, and no other does."""
    name = table.name.decode()
    found = list(up_to_null(table.members, lambda member: not member.name))
    begins = [member.name.decode() for member in found if tags[member.type] == "size"]
    if name in inside or name in FIXED:
        if begins or table.first:
            complain(f"{name}: begins with a size, and cannot grow")
        return
    if begins != ["size"] or found[0].offset != 0:
        complain(f"{name}: does not begin with its size, and may grow")
        return
    # What came later begins behind the struct of the first release, its padding too.
    before = [member for member in found if member.offset < table.first]
    end = max(member.offset + member.size for member in before) if before else 0
    align = 8
    if not before or table.first != (end + align - 1) // align * align or table.first > table.size:
        complain(f"{name}: {table.first} bytes are no size that it could begin with")


def check_struct(table, headers, told, tags):
    name = table.name.decode()
    wanted = headers.structs.get(name)
    if wanted is None:
        return complain(f"{name}: no header has it")
    if table.size != told[f"sizeof(struct {name})"]:
        complain(f"{name}: {table.size} bytes")
    found = list(up_to_null(table.members, lambda member: not member.name))
    if [m.name.decode() for m in found] != [m.name for m in wanted]:
        return complain(f"{name}: members {[m.name.decode() for m in found]}")
    for at, (row, member) in enumerate(zip(found, wanted)):
        check_member(f"{name}.{member.name}", name, row, member, headers, told, tags)
        if tags[row.type] == "many" and tags[found[at + 1].type] != "uint":
            complain(f"{name}.{member.name}: the next member does not count it")


def check_member(place, struct, row, member, headers, told, tags):
    tag = tags.get(row.type)
    if row.offset != told[f"offsetof(struct {struct}, {member.name})"]:
        complain(f"{place}: offset {row.offset}")
    if row.size != told[f"sizeof(((struct {struct} *)0)->{member.name})"]:
        complain(f"{place}: {row.size} bytes")
    elements = told[member.elements] if member.elements and tag != "chars" else 0
    if row.elements != elements:
        complain(f"{place}: {row.elements} elements, not {elements}")
    nested = re.fullmatch(r"struct (hf_\w+?)( \*+)?", member.type)
    enum = re.fullmatch(r"enum (hf_\w+)", member.type)
    if enum:
        wanted = {"enum"}
    elif member.type in TYPES:
        wanted = TYPES[member.type]
    elif nested:
        wanted = {"one", "many"} if nested[2] else {"struct"}
        if name_of(row.of) != nested[1]:
            complain(f"{place}: of {name_of(row.of)}, not {nested[1]}")
    else:
        wanted = set()
    if tag not in wanted:
        complain(f"{place}: {tag} for {member.type}")
    if bool(row.words) != (tag in ("enum", "flags")):
        complain(f"{place}: words beside {tag}")
    if row.words:
        check_words(place, row.words, enum and enum[1], headers, told)
    said = (row.zero or b"").decode()
    if said and struct.startswith("hf_api_") is False and said not in member.comment:
        complain(f'{place}: the header does not say "{said}" there')
    if (row.most or row.optional) and tag not in ("key", "text", "bytes"):
        complain(f"{place}: lengths of {tag}")


def check_words(place, words, enum, headers, told):
    found = [(w.word.decode(), w.value) for w in up_to_null(words, lambda word: not word.word)]
    for name, constants in headers.enums.items():
        if enum not in (None, name):
            continue
        prefix = os.path.commonprefix(constants) if len(constants) > 1 else ""
        prefix = prefix[: prefix.rfind("_") + 1]
        if found == [(c[len(prefix) :].lower(), told[c]) for c in constants]:
            return
    complain(f"{place}: words {found}")


def check_call(call, parameters, tags, kinds):
    name, kind = call.name.decode(), kinds.get(call.kind)
    args = result = gives = None
    if parameters[:2] == ["hf_store *", "hf_txn *"]:
        wanted, args = {"mutation"}, parameters[2]
        result = parameters[3] if len(parameters) == 6 else None
    elif parameters[0] == "hf_store *" and "unsigned" in parameters:
        at = parameters.index("unsigned")
        wanted, args = {"read"}, parameters[1] if at == 2 else None
        result = parameters[at + 1] if parameters[at + 1] != "struct hf_error *" else None
    else:
        wanted = {"wait_call", "plain_call"}
    if kind not in wanted:
        complain(f"{name}: {kind}, not {' or '.join(sorted(wanted))}")
    if kind in ("mutation", "read"):
        if result and not result.startswith("struct "):
            gives, result = GIVES.get(result.removesuffix(" *")), None
        plain = [t and t.removeprefix("struct ").removesuffix(" *") for t in (args, result)]
        said = [name_of(call.takes), name_of(call.fills)]
        if said != plain or tags.get(call.gives) != gives:
            complain(f"{name}: {said}, gives {tags.get(call.gives)}; not {plain}, {gives}")
    else:
        for said in (name_of(call.takes), name_of(call.fills)):
            if said and not any(re.match(rf"struct {said}\b", t) for t in parameters):
                if said != "hf_api_part":
                    complain(f"{name}: no parameter is a {said}")


def main():
    source, path, *more = sys.argv[1:]
    include = os.path.join(source, "engine", "include")
    headers = Headers(os.path.join(include, "holdfast"), more)
    told = answers(headers, include, more)
    # hf_api_type and hf_api_kind say themselves what a tag is called
    tags = {told[c]: c[len("HF_API_") :].lower() for c in headers.enums["hf_api_type"]}
    kinds = {told[c]: c[len("HF_API_") :].lower() for c in headers.enums["hf_api_kind"]}
    library = ctypes.CDLL(path)
    describe = library.hf_api_describe
    describe.argtypes, describe.restype = (c_uint,), ctypes.POINTER(ApiPart)
    structs, calls, parts, members, index = set(), set(), 0, 0, 0
    inside = stand_in_others(headers)
    while describe(index):
        part, index = describe(index).contents, index + 1
        for struct in up_to_null(part.structs, lambda pointer: not pointer):
            structs.add(name_of(struct))
            check_struct(struct.contents, headers, told, tags)
            check_size(struct.contents, headers, told, inside, tags)
        for call in up_to_null(part.calls, lambda call: not call.name):
            name = call.name.decode()
            if name in calls or name not in headers.calls:
                complain(f"{name}: twice, or in no header")
                continue
            calls.add(name)
            if ctypes.cast(getattr(library, name), c_void_p).value != call.function:
                complain(f"{name}: another function's address")
            check_call(call, headers.calls[name], tags, kinds)
    parts, members = index, sum(len(headers.structs[name]) for name in structs)
    for kind, found, wanted in (
        ("struct", structs, set(headers.structs)),
        ("call", calls, set(headers.calls)),
    ):
        for name in sorted(wanted - found):
            complain(f"{name}: no table has this {kind}")
    for complaint in complaints:
        print(complaint)
    print(f"{parts} parts, {len(structs)} structs, {members} members, {len(calls)} calls")
    return 1 if complaints or members < 500 else 0


sys.exit(main())
