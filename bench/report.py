#!/usr/bin/env python3
"""Puts together what benchmarks found: bench/RESULTS.md, and plots beside it.

    report.py DIRECTORY-OF-REPORTS BENCH-DIRECTORY HOW

Reads DIRECTORY/NAME.tsv, as bench/lib/report.h writes them, in the order of BENCHES. HOW is how
./run was called. Plots are made by gnuplot where that is installed.
"""

import collections
import os
import shutil
import subprocess
import sys
import textwrap
import time

BENCHES = ("memory", "crash", "put", "gather", "async", "queue", "read", "growth", "load")
WIDTH = 100

Plot = collections.namedtuple("Plot", "name title axis column tables log")
PLOTS = (
    Plot("put-rate", "durable puts of one row", "rows a second", "rows/s",
         ("put, 1 thread", "put, 4 threads", "put, 16 threads", "put, 64 threads"), True),
    Plot("put-p99", "durable puts of one row: p99", "microseconds", "p99 us",
         ("put, 1 thread", "put, 4 threads", "put, 16 threads", "put, 64 threads"), True),
    Plot("gather", "gathering over greedy, by think time", "rate over that of the greedy mode",
         "ratio", ("gather, 1 thread", "gather, 4 threads", "gather, 64 threads"), False),
    Plot("open", "openings", "rows a second", "rows/s", ("crash-open", "load"), True),
    Plot("batch", "one batch of 1,024 rows", "rows a second", "rows/s", ("batch",), True),
    Plot("queue", "enqueue, claim, complete by 16 workers", "cycles a second", "cycles/s",
         ("queue",), True),
    Plot("get", "gets among a million rows: p50", "microseconds", "p50 us", ("get",), False),
    Plot("memory", "memory of an object beyond its own bytes", "bytes", "bytes", ("memory",),
         False),
)


class Report:
    """One file: its lines, by kind."""

    def __init__(self, path):
        self.machine, self.notes, self.bars, self.absent = [], [], [], []
        self.workload = ""
        self.tables = {}
        with open(path, encoding="utf-8") as file:
            for line in file:
                self.take(line.rstrip("\n").split("\t"))

    def take(self, fields):
        kind, rest = fields[0], fields[1:]
        if kind == "machine":
            self.machine.append(rest[0])
        elif kind == "workload":
            self.workload = rest[0]
        elif kind == "note":
            self.notes.append(rest[0])
        elif kind == "bar":
            self.bars.append(rest)
        elif kind == "absent":
            self.absent.append(rest)
        elif kind == "cell":
            table, row, column, value = rest
            self.tables.setdefault(table, {}).setdefault(row, {})[column] = float(value)


def number(value):
    """A figure with three digits that count, and commas."""
    value = float(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table_lines(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "|".join("---:" if i else "---" for i in range(len(head))) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def bar_rows(reports):
    for report in reports.values():
        for bar, what, value, low, high, sign, required, verdict in report.bars:
            measured = number(value)
            if low != high:
                measured += f" ({number(low)} to {number(high)})"
            short = verdict if verdict in ("met", "NOT MET") else "not judged"
            yield bar, what, measured, f"{sign} {number(required)}", short
        for bar, what, _ in report.absent:
            yield bar, what, "-", "-", "not measured"


def section(name, report):
    """Of one benchmark: what it did, what it says, its tables."""
    lines = [f"## {name}", ""]
    lines += textwrap.wrap(report.workload[:1].upper() + report.workload[1:] + ".", WIDTH) + [""]
    for note in report.notes:
        lines += textwrap.wrap(note, WIDTH, initial_indent="- ", subsequent_indent="  ")
    for bar in report.bars:
        if bar[7].startswith("not judged"):
            lines.append(f"- {bar[7]}")
            break
    for absent in report.absent:
        lines += textwrap.wrap(f"- not measured: {absent[1]}: {absent[2]}", WIDTH,
                               subsequent_indent="  ")
    for title, rows in report.tables.items():
        columns = list(dict.fromkeys(column for row in rows.values() for column in row))
        cells = ([label] + [number(row[c]) if c in row else "" for c in columns]
                 for label, row in rows.items())
        lines += ["", *table_lines([title, *columns], cells)]
    return lines + [""]


def commit_of(directory):
    """The newest commit, and whether the tree differs from it."""
    git = ["git", "-C", directory]
    try:
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True,
                              text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "status", "--porcelain", "--untracked-files=no"],
                                 capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "an unknown commit"
    return head + (" with changes" if changed else "")


def page(reports, directory, how, plots):
    rows = list(bar_rows(reports))
    count = collections.Counter(row[4] for row in rows)
    lines = ["# Results", ""]
    lines += textwrap.wrap(
        f"Written by `./run bench {how}` on {time.strftime('%Y-%m-%d', time.gmtime())} at "
        f"{commit_of(directory)}. What is compared, and how: "
        "[benchmarks](../docs/benchmarks.md). A bar shows the median of the rounds and, in "
        "brackets, the least and the greatest.", WIDTH) + [""]
    first = next(iter(reports.values()))
    for line in first.machine:
        what, _, text = line.partition(" ")
        lines += textwrap.wrap(f"- {what}: {text.strip()}", WIDTH, subsequent_indent="  ")
    lines += [""]
    lines += textwrap.wrap(", ".join(f"{n} {verdict}" for verdict, n in count.items()) + ".",
                           WIDTH) + ["", "## Bars", ""]
    lines += [*table_lines(["bar", "what", "measured", "required", ""], rows), ""]
    for name, report in reports.items():
        lines += section(name, report)
    if plots:
        lines += ["## Plots", ""] + [f"![{p.title}](plots/{p.name}.svg)" for p in plots] + [""]
    return "\n".join(lines)


def rows_of(plot, reports):
    """{row: [value of each table]} of a plot; rows without any value are left out."""
    tables = [report.tables[title] for title in plot.tables for report in reports.values()
              if title in report.tables]
    labels = dict.fromkeys(label for table in tables for label in table)
    values = {label: [table.get(label, {}).get(plot.column) for table in tables]
              for label in labels if not label.startswith("R, group")}
    return {label: row for label, row in values.items() if any(row)}


def draw(plot, reports, directory):
    """False: there is nothing to draw."""
    rows = rows_of(plot, reports)
    if not rows:
        return False
    titles = [title for title in plot.tables
              if any(title in report.tables for report in reports.values())]
    script = [
        'set terminal svg size 900,420 font "sans,11" background "white"',
        f'set output "{directory}/{plot.name}.svg"', f'set title "{plot.title}"',
        f'set ylabel "{plot.axis}"', "set style data histograms",
        "set style histogram clustered gap 1", "set style fill solid 0.8 border -1",
        "set key outside right", "set grid ytics", "set xtics rotate by -25",
        "set logscale y" if plot.log else "set yrange [0:*]", "$data << END"]
    for label, row in rows.items():
        script.append(f'"{label}" ' + " ".join("?" if v is None else f"{v:.6g}" for v in row))
    columns = [f'$data using {i + 2}:xtic(1) title "{title}"' for i, title in enumerate(titles)]
    script += ["END", 'set datafile missing "?"', "plot " + ", ".join(columns)]
    subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True)
    return True


def main():
    source, target, how = sys.argv[1:4]
    reports = {}
    for name in BENCHES:
        path = os.path.join(source, name + ".tsv")
        if os.path.exists(path):
            reports[name] = Report(path)
    if not reports:
        sys.exit("no benchmark has written anything")
    plots = []
    if shutil.which("gnuplot"):
        directory = os.path.join(target, "plots")
        os.makedirs(directory, exist_ok=True)
        plots = [plot for plot in PLOTS if draw(plot, reports, directory)]
    with open(os.path.join(target, "RESULTS.md"), "w", encoding="utf-8") as file:
        file.write(page(reports, target, how, plots))
    print(f"written: {os.path.join(target, 'RESULTS.md')}, {len(plots)} plots")


if __name__ == "__main__":
    main()
