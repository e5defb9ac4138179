"""C sources as the scripts of this folder read them: files, code without comments, functions.

A file is read once; what is derived from it is derived by regular expressions, not by a compiler,
so that a tree of any age can be read without being configured. This relies on the layout that the
style asks for: the body of a function, and nothing else, stands between braces alone in the first
column. tests/style/test_style.c sees functions in the same way.
"""

import os
import re

# Folders that hold what was built or installed, not what was written.
NOT_SOURCE = {"build", "dist", "__pycache__", "node_modules"}

SPECIAL = re.compile(
    r"""(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*)
    |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""",
    re.X | re.S,
)
NAME_BEFORE_PAREN = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
ATTRIBUTE = re.compile(r"__attribute__\s*\(\(.*?\)\)")


def _blank(text):
    return "".join(c if c == "\n" else " " for c in text)


class Function:
    """A function's definition: `first` and `last` are the lines of its braces, from 1."""

    def __init__(self, path, name, static, first, last, body):
        self.path, self.name, self.static = path, name, static
        self.first, self.last, self.body = first, last, body

    def lines(self):
        return self.last - self.first + 1

    def place(self):
        return f"{self.path}:{self.name}"


class Source:
    """One C file: `text` as it is, `plain` without comments, `code` without literals either.

    All three have the same lines and columns.
    """

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.plain = SPECIAL.sub(lambda m: _blank(m[0]) if m["comment"] else m[0], text)
        self.code = SPECIAL.sub(lambda m: _blank(m[0]), text)
        self._functions = None

    def functions(self):
        if self._functions is None:
            self._functions = list(self._find_functions())
        return self._functions

    def _find_functions(self):
        code, plain = self.code.split("\n"), self.plain.split("\n")
        opened = None
        for at, line in enumerate(code):
            if line == "{":
                opened = at
            elif line == "}" and opened is not None:
                name, static = _head(code, opened)
                body = "\n".join(plain[opened : at + 1])
                yield Function(self.path, name, static, opened + 1, at + 1, body)
                opened = None


def _head(code, opened):
    """The name of the function whose brace is line `opened`, and whether it is static."""
    first = opened
    while first > 0:
        line = code[first - 1].rstrip()
        if not line or line[-1] in ";}" or line.startswith("#"):
            break
        first -= 1
    head = ATTRIBUTE.sub("", " ".join(code[first:opened]))
    for match in NAME_BEFORE_PAREN.finditer(head):
        # A word in capitals before the name is a macro that stands for an attribute.
        if not match[1].isupper() or first == opened - 1:
            return match[1], bool(re.search(r"\bstatic\b", head[: match.start()]))
    return "?", True


def read(tree, path):
    with open(os.path.join(tree, path), encoding="utf-8", errors="replace", newline="\n") as file:
        return file.read()


def paths(tree, folder):
    """All files below `folder` of the tree, relative to the tree, in order."""
    found = []
    for where, folders, names in os.walk(os.path.join(tree, folder)):
        folders[:] = sorted(n for n in folders if n[0] != "." and n not in NOT_SOURCE)
        here = os.path.relpath(where, tree)
        found += [os.path.normpath(os.path.join(here, n)) for n in names if n[0] != "."]
    return sorted(found)


def sources(tree, folder):
    """All C files below `folder` of the tree, read."""
    return [Source(p, read(tree, p)) for p in paths(tree, folder) if p.endswith((".c", ".h"))]


def tree_here():
    """The tree that these scripts stand in."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def check_tree(parser, tree):
    if not os.path.isdir(os.path.join(tree, "engine")):
        parser.error(f"{tree}: no folder engine; TREE must name a checkout")
