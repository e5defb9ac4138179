#!/usr/bin/env python3
"""Functions whose bodies are equal but for the names in them.

    equal_bodies.py [TREE] [--folder FOLDER] [--lines N] [--literals] [--top N]

Reads the C files below FOLDER (engine unless named) of the checkout TREE (this one unless named)
and prints the classes of equal bodies, those that repeat most lines first, each with its places.

Two bodies are equal if the same tokens follow each other once every identifier is replaced by its
number in the order of first occurrence within the body: variables, members, types, functions and
macros may have other names, but one name here must be one name there. Kept as they are: keywords,
NULL, true, false, punctuation, numbers, strings. Comments, line breaks and the function's head do
not count. With --literals, numbers and strings are taken for equal too.

A body's lines are those of its block from { to }, both included, as everywhere in this folder's
figures; bodies of fewer than N lines (5) are left out. "Equal" counts all members of classes of two
or more, "redundant" what would go if each class kept one: members less classes.

The last line is JSON.
"""

import argparse
import collections
import json
import re
import signal

import c_source

KEYWORDS = set(
    """auto break case char const continue default do double else enum extern float for goto if
    inline int long register restrict return short signed sizeof static struct switch typedef union
    unsigned void volatile while _Alignas _Alignof _Atomic _Bool _Generic _Noreturn _Static_assert
    _Thread_local NULL true false""".split()
)

TOKEN = re.compile(
    r"""(?P<word>[A-Za-z_]\w*)
    |(?P<literal>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\.?\d(?:[eEpP][+-]|[\w.])*)
    |->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\.\.\.|\#\#|\S""",
    re.X | re.S,
)


def normalised(body, literals=False):
    """The body's tokens with every identifier replaced by the number of its first occurrence."""
    numbers, tokens = {}, []
    for match in TOKEN.finditer(body):
        token = match[0]
        if match["word"] and token not in KEYWORDS:
            token = f"${numbers.setdefault(token, len(numbers))}"
        elif match["literal"] and literals:
            token = '""' if token[0] == '"' else "0"
        tokens.append(token)
    return " ".join(tokens)


def classes(functions, lines=5, literals=False):
    """Lists of two and more functions with equal bodies; what repeats most lines comes first."""
    same = collections.defaultdict(list)
    for function in functions:
        if function.lines() >= lines:
            same[normalised(function.body, literals)].append(function)
    found = [members for members in same.values() if len(members) > 1]
    found.sort(key=lambda m: (-repeated_lines(m), -len(m), m[0].place()))
    return found


def repeated_lines(members):
    """Lines that would go if the class kept its first member."""
    return sum(function.lines() for function in members[1:])


def counts(found):
    equal = sum(len(members) for members in found)
    return {
        "classes": len(found),
        "equal": equal,
        "redundant": equal - len(found),
        "redundant_lines": sum(repeated_lines(members) for members in found),
    }


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    about, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", nargs="?", default=c_source.tree_here(), metavar="TREE")
    parser.add_argument("--folder", default="engine", help="only what lies below it (engine)")
    parser.add_argument("--lines", type=int, default=5, help="from { to }, at least (5)")
    parser.add_argument("--literals", action="store_true", help="numbers and strings may differ")
    parser.add_argument("--top", type=int, help="print only the first N classes")
    args = parser.parse_args()
    c_source.check_tree(parser, args.tree)

    files = c_source.sources(args.tree, args.folder)
    if not files:
        parser.error(f"{args.folder}: no C file below it")
    functions = [function for file in files for function in file.functions()]
    found = classes(functions, args.lines, args.literals)
    for number, members in enumerate(found[: args.top], 1):
        repeated = repeated_lines(members)
        print(f"{number}. {len(members)} times {members[0].lines()} lines, {repeated} repeated")
        for function in members:
            print(f"    {function.path}:{function.first} {function.name}")
    result = {"folder": args.folder, "lines": args.lines, "functions": len(functions)}
    result.update(counts(found))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
