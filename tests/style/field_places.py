#!/usr/bin/env python3
"""field_places.py MEMBER [--lines] [TREE]: in how many places a member of a public struct stands.

Counts the files of a checkout (this one unless TREE is named) that name the member as a word of its
own, by part, and their lines; with --lines also prints each of them. Sources are read without
comments, since a comment need not change with a member; pages are read whole. What a member costs
is what its addition has to touch: docs/adding-a-field.md says which of these places that is.
"""

import os
import re
import subprocess
import sys

PARTS = (
    ("headers", r"engine/include/"),
    ("api table", r"engine/api/"),
    ("engine", r"engine/"),
    ("tool", r"tools/"),
    ("binding", r"bindings/python/holdfast/"),
    ("tests", r"tests/|fuzz/|bindings/python/tests/"),
    ("benches, examples", r"bench/|examples/"),
    ("pages", r".*\.md$"),
)
C_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
PYTHON_COMMENT = re.compile(r'"""(?:.*?)"""|(?<!\S)#[^\n]*', re.S)


def without_comments(path, text):
    comment = {".c": C_COMMENT, ".h": C_COMMENT, ".py": PYTHON_COMMENT}.get(
        os.path.splitext(path)[1]
    )
    return comment.sub(lambda m: "\n" * m[0].count("\n"), text) if comment else text


def main():
    words = [word for word in sys.argv[1:] if word != "--lines"]
    tree = words[1] if len(words) > 1 else os.path.join(os.path.dirname(__file__), "..", "..")
    member = re.compile(rf"\b{re.escape(words[0])}\b")
    names = subprocess.run(
        ["git", "-C", tree, "ls-files"], check=True, capture_output=True, text=True
    ).stdout.split("\n")
    counts, all_files, all_lines = {}, 0, 0
    for name in names:
        part = next((part for part, start in PARTS if re.match(start, name)), None)
        if part is None or not name.endswith((".c", ".h", ".py", ".md", ".sh", ".patch")):
            continue
        with open(os.path.join(tree, name), encoding="utf-8", errors="replace") as file:
            text = without_comments(name, file.read())
        lines = [
            f"{name}:{at}: {line.strip()}"
            for at, line in enumerate(text.split("\n"), 1)
            if member.search(line)
        ]
        if lines:
            found = counts.setdefault(part, [0, 0])
            found[0] += 1
            found[1] += len(lines)
            if "--lines" in sys.argv:
                print("\n".join(lines))
    for part, _ in PARTS:
        files, lines = counts.get(part, (0, 0))
        all_files, all_lines = all_files + files, all_lines + lines
        print(f"{part:20}{files:6} files{lines:6} lines")
    print(f"{'all':20}{all_files:6} files{all_lines:6} lines")


main()
