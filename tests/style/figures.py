#!/usr/bin/env python3
"""Figures of the tree's layout, by floor: sizes, comments, widths, folders, circles, equal bodies.

    figures.py [TREE] [--why]
    figures.py [TREE] --no-circles FLOOR...

Reads the checkout TREE (this one unless named), of any age, and prints a table. Columns:

    files      C files (.c, .h); in other rows what the row's name says
    lines      lines of them, empty ones included
    longest    lines of the longest file
    functions  functions defined, and of their lines the
    median     and the 90th percentile, from { to } both included; in Python from def to the end
    comment %  lines that hold nothing but comment, of all that are not empty; in Python also
               docstrings
    > 100      lines of more than 100 columns, a tab being up to 4
    folder     files in the fullest folder: sources (C, Python, shell, Markdown), no data
    circle     files in circles, and
    units      units in circles, see below
    equal      functions with equal bodies, and
    redundant  those beyond one of each kind, as equal_bodies.py counts them within the row

A file needs each header of its floor that it includes, and each file of its floor that defines a
function which it calls or takes the address of. A circle is a strongly connected component of more
than one file. Units are the same taken coarser, X.c and X.h being one: a circle of units without a
circle of files means a header that holds what belongs to others. Circles are listed below the
table; with --why, also what each member needs of the others. With --no-circles nothing else is
printed, and a circle of files on one of these floors is a failure (check_circles). Calls that
macros make, calls through pointers and shared data are not seen.

The last line is JSON: the figures of each row, the sizes of the circles of each floor, and the
folders that are too full.
"""

import argparse
import ast
import collections
import io
import json
import math
import os
import re
import signal
import sys
import tokenize

import c_source
import equal_bodies

WIDTH = 100
FOLDER_FILES = 30
FLOORS = ("base", "os", "log", "object", "api", "store", "domains", "include")
C_FOLDERS = ("tools", "tests", "bench", "fuzz", "bindings", "examples")
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
SOURCE_ENDS = (".c", ".h", ".py", ".sh", ".md")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
DIRECTIVE = re.compile(r"^[ \t]*#.*(?:\\\n.*)*", re.M)
WORD = re.compile(r"(?<![\w.])(?<!->)[A-Za-z_]\w*")

# --- Sizes ------------------------------------------------------------------------------------


def percentile(numbers, share):
    """The smallest number that `share` of all numbers do not exceed."""
    return sorted(numbers)[math.ceil(share * len(numbers)) - 1] if numbers else 0


def count_lines(text):
    return text.count("\n") + (not text.endswith("\n") and text != "")


class Sizes:
    """What a row of the table adds up over its files."""

    def __init__(self):
        self.files = self.lines = self.longest = self.wide = self.comment = self.filled = 0
        self.functions = []
        self.folders = collections.Counter()

    def add(self, path, text):
        lines = text.split("\n")
        self.files += 1
        self.lines += count_lines(text)
        self.longest = max(self.longest, count_lines(text))
        self.wide += sum(len(line.expandtabs(4)) > WIDTH for line in lines)
        self.filled += sum(bool(line.strip()) for line in lines)
        self.folders[os.path.dirname(path)] += 1

    def row(self):
        counted = {"files": self.files, "lines": self.lines, "longest": self.longest}
        if self.functions:
            counted["functions"] = len(self.functions)
            counted["median"] = percentile(self.functions, 0.5)
            counted["p90"] = percentile(self.functions, 0.9)
        if self.comment:
            counted["comment"] = round(100 * self.comment / self.filled, 1)
        counted["wide"] = self.wide
        return counted


def c_sizes(files):
    sizes = Sizes()
    for file in files:
        sizes.add(file.path, file.text)
        sizes.functions += [function.lines() for function in file.functions()]
        pairs = zip(file.text.split("\n"), file.plain.split("\n"))
        sizes.comment += sum(bool(text.strip()) and not plain.strip() for text, plain in pairs)
    return sizes


def python_comments(text, tree):
    """Lines of nothing but comment or docstring."""
    lines, found = text.split("\n"), set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and token.line.lstrip().startswith("#"):
            found.add(token.start[0])
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, (ast.Module, ast.ClassDef) + FUNCTION) and body:
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", 0), str):
                found.update(range(first.lineno, first.end_lineno + 1))
    return sum(bool(lines[number - 1].strip()) for number in found)


def python_sizes(tree, paths):
    sizes = Sizes()
    for path in paths:
        text = c_source.read(tree, path)
        sizes.add(path, text)
        parsed = ast.parse(text, path)
        sizes.comment += python_comments(text, parsed)
        for node in ast.walk(parsed):
            if isinstance(node, FUNCTION):
                sizes.functions.append(node.end_lineno - node.lineno + 1)
    return sizes


def text_sizes(tree, paths):
    sizes = Sizes()
    for path in paths:
        sizes.add(path, c_source.read(tree, path))
    return sizes


# --- Circles ----------------------------------------------------------------------------------


def unit_of(path):
    return os.path.splitext(path)[0]


def file_needs(files, floor):
    """What each file of the floor needs of each other one: {(path, path): [names]}."""
    by_path = {file.path: file for file in files}
    owner = {}
    for file in files:
        for function in file.functions():
            if not function.static and file.path.endswith(".c"):
                owner[function.name] = file.path
    found = collections.defaultdict(list)

    def note(one, other, name):
        if one != other and name not in found[one, other]:
            found[one, other].append(name)

    for file in files:
        for name in INCLUDE.findall(file.plain):
            for folder in (os.path.dirname(file.path), "engine", "engine/include"):
                path = os.path.normpath(os.path.join(folder, name))
                if path in by_path:
                    note(file.path, path, f'"{os.path.basename(path)}"')
                    break
        if file.path.endswith(".c"):
            own = {function.name for function in file.functions() if function.static}
            for name in dict.fromkeys(WORD.findall(DIRECTIVE.sub("", file.code))):
                if name in owner and name not in own:
                    note(file.path, owner[name], name)
    return {pair: names for pair, names in found.items() if names}


def unit_needs(needed):
    found = collections.defaultdict(list)
    for (one, other), names in needed.items():
        if unit_of(one) != unit_of(other):
            found[unit_of(one), unit_of(other)] += names
    return found


def circles(edges):
    """Strongly connected components of more than one node (Tarjan), the largest first."""
    follows = collections.defaultdict(list)
    for one, other in sorted(edges):
        follows[one].append(other)
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in follows.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in list(follows):
        if node not in index:
            visit(node)
    return sorted(found, key=lambda circle: (-len(circle), circle))


def floor_circles(files, floor):
    """The circles of files and of units, each with what its members need."""
    by_file = file_needs(files, floor)
    by_unit = unit_needs(by_file)
    return {"files": (circles(by_file), by_file), "units": (circles(by_unit), by_unit)}


# --- Rows -------------------------------------------------------------------------------------


def c_row(files, rounds=None):
    row = c_sizes(files).row()
    if rounds:
        row["circle"] = sum(map(len, rounds["files"][0]))
        row["units"] = sum(map(len, rounds["units"][0]))
    functions = [function for file in files for function in file.functions()]
    same = equal_bodies.counts(equal_bodies.classes(functions))
    return dict(row, equal=same["equal"], redundant=same["redundant"])


def is_script(tree, path):
    if path.endswith(".sh"):
        return True
    if os.path.splitext(path)[1] or os.path.getsize(os.path.join(tree, path)) > 100000:
        return False
    with open(os.path.join(tree, path), "rb") as file:
        return re.match(rb"#!.*\b(ba|da)?sh\b", file.readline(80)) is not None


def is_cmake(path):
    return os.path.basename(path) == "CMakeLists.txt" or path.endswith(".cmake")


def full_folders(paths, below, ends):
    folders = collections.Counter(
        os.path.dirname(p) for p in paths if p.startswith(below) and p.endswith(ends)
    )
    return sorted(folders.items(), key=lambda item: (-item[1], item[0]))


def engine_floors(tree):
    there = sorted(os.listdir(os.path.join(tree, "engine")))
    there = [n for n in there if os.path.isdir(os.path.join(tree, "engine", n)) and n[0] != "."]
    return sorted(there, key=lambda n: FLOORS.index(n) if n in FLOORS else len(FLOORS))


def top_files(tree):
    return [n for n in sorted(os.listdir(tree)) if os.path.isfile(os.path.join(tree, n))]


def figures(tree):
    """The rows of the table by name, the circles by floor, the folders that are too full."""
    rows, rounds = {}, {}
    paths = [p for p in top_files(tree) if p[0] != "."]
    for folder in ("engine", "docs") + C_FOLDERS:
        paths += c_source.paths(tree, folder)

    engine = c_source.sources(tree, "engine")
    for floor in engine_floors(tree):
        name = f"engine/{floor}"
        files = [file for file in engine if file.path.startswith(name + "/")]
        if files:
            rounds[name] = floor_circles(files, name)
            rows[name] = c_row(files, rounds[name])
    rows["engine"] = c_row(engine)
    for name in C_FOLDERS:
        files = c_source.sources(tree, name)
        if files:
            rows[name] = c_row(files)
    for row in rows:
        fullest = full_folders(paths, row + "/", SOURCE_ENDS)
        rows[row]["folder"] = fullest[0][1]

    for name in ("tests", "bindings"):
        python = [p for p in paths if p.startswith(name + "/") and p.endswith(".py")]
        if python:
            rows[f"{name} (Python)"] = python_sizes(tree, python).row()
    rows["shell"] = text_sizes(tree, [p for p in paths if is_script(tree, p)]).row()
    cmake = [p for p in paths + c_source.paths(tree, "cmake") if is_cmake(p)]
    rows["CMake"] = text_sizes(tree, cmake).row()
    rows["Markdown"] = text_sizes(tree, [p for p in paths if p.endswith(".md")]).row()

    full = [(p, n) for p, n in full_folders(paths, "", SOURCE_ENDS) if n > FOLDER_FILES]
    return rows, rounds, full


# --- Output -----------------------------------------------------------------------------------

COLUMNS = (
    ("files", "files"),
    ("lines", "lines"),
    ("longest", "longest"),
    ("functions", "functions"),
    ("median", "median"),
    ("p90", "p90"),
    ("comment", "comment %"),
    ("wide", f"> {WIDTH}"),
    ("folder", "folder"),
    ("circle", "circle"),
    ("units", "units"),
    ("equal", "equal"),
    ("redundant", "redundant"),
)


def print_table(rows):
    first = max(map(len, rows)) + 1
    print(" " * first + " ".join(f"{title:>{max(len(title), 6)}}" for _, title in COLUMNS))
    for name, row in rows.items():
        cells = (f"{row.get(key, ''):>{max(len(title), 6)}}" for key, title in COLUMNS)
        print((f"{name:<{first}}" + " ".join(cells)).rstrip())


def print_circles(floor, rounds, why):
    for kind, (found, needed) in rounds.items():
        for circle in found:
            short = {member: member[len(floor) + 1 :] for member in circle}
            print(f"\n{floor}: circle of {len(circle)} {kind}: {', '.join(short.values())}")
            for (one, other), names in sorted(needed.items()) if why else ():
                if one in short and other in short:
                    print(f"    {short[one]} -> {short[other]}: {' '.join(names)}")


def has_circle(tree, floor):
    """Prints the circles of files on this floor, and what their members need."""
    found = floor_circles(c_source.sources(tree, floor), floor)["files"]
    print_circles(floor, {"files": found}, True)
    return bool(found[0])


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    about, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", nargs="?", default=c_source.tree_here(), metavar="TREE")
    parser.add_argument("--why", action="store_true", help="what the units in circles need")
    parser.add_argument(
        "--no-circles", nargs="+", metavar="FLOOR", help="fails if files of these form a circle"
    )
    args = parser.parse_args()
    c_source.check_tree(parser, args.tree)
    if args.no_circles:
        sys.exit(any([has_circle(args.tree, floor) for floor in args.no_circles]))

    rows, rounds, full = figures(args.tree)
    print_table(rows)
    for floor, found in rounds.items():
        print_circles(floor, found, args.why)
    if full:
        print(f"\nfolders of more than {FOLDER_FILES} sources:")
    for path, count in full:
        print(f"    {count:4} {path}")
    sizes = {
        floor: {kind: [len(circle) for circle in found] for kind, (found, _) in parts.items()}
        for floor, parts in rounds.items()
    }
    print(json.dumps({"rows": rows, "circles": sizes, "full_folders": dict(full)}))


if __name__ == "__main__":
    main()
