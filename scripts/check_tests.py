#!/usr/bin/env python3
"""Checks that the tests of http/ and actors/ lie where their sources do, under the same names.

    scripts/check_tests.py [--root DIRECTORY] [--least PERCENT] [--own PERCENT]

A source `http/core/head/field.cpp` is tested by `tests/http/core/head/field_test.cpp` or by one of its
aspects, `field_<aspect>_test.cpp`. A test belongs to the longest name of its folder that it begins with.
What is tested as part of something else stands in tests/subjects.txt, a source or a folder (without those
below it) with where and why; so does a test that is about no single source. A line there that names what
does not exist, or that is not needed, is a finding, and so is a test whose source has gone.

Prints the shares, the sources that have neither test nor line, and `file:line: what is wrong`; exits 1
when there is a finding or a share is too small. tests/layering/check_tests_test.py shows that every rule
can fail.
"""

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path

from check_layers import inside, tracked_files

FOLDERS = ("http", "actors")
TABLE = "tests/subjects.txt"
SUBJECT = re.compile(r"(?P<what>\S+) -> (?P<where>tests/\S+): (?P<why>\S.*)")
ALONE = re.compile(r"(?P<what>tests/\S+_test\.cpp): (?P<why>\S.*)")


def parent(path):
    return path.rpartition("/")[0]


class Tree:
    """Sources and tests of one checkout, and which belong to each other."""

    def __init__(self, root):
        files = tracked_files(root)
        self.folders = {path[:at] for path in files for at, c in enumerate(path) if c == "/"}
        self.files = set(files)
        self.sources = [path for path in files if path.startswith(tuple(f + "/" for f in FOLDERS))
                        and path.endswith(".cpp")]
        self.tested = defaultdict(list)  # source without its ending -> its tests
        self.strays = []  # tests that no source's name begins
        names = defaultdict(set)  # folder -> names of its sources, headers included
        for path in files:
            if path.startswith(tuple(f + "/" for f in FOLDERS)) and path.endswith((".cpp", ".hpp")):
                names[parent(path)].add(Path(path).stem)
        for path in files:
            if not path.startswith(tuple(f"tests/{f}/" for f in FOLDERS)) or not path.endswith("_test.cpp"):
                continue
            folder, name = parent(path)[len("tests/"):], Path(path).stem
            fitting = [each for each in names[folder] if name.startswith(each + "_")]
            if fitting:
                self.tested[f"{folder}/{max(fitting, key=len)}"].append(path)
            else:
                self.strays.append(path)

    def exists(self, path):
        return path in self.files or path in self.folders

    def has_own(self, source):
        return source[:-len(".cpp")] in self.tested


def read_table(root):
    """Lines of the table: (number, what, where or None); and findings."""
    lines, findings = [], []
    file = root / TABLE
    for number, text in enumerate(file.read_text().splitlines() if file.exists() else [], 1):
        if not text.strip() or text.startswith("#"):
            continue
        if match := SUBJECT.fullmatch(text):
            lines.append((number, match["what"], match["where"]))
        elif match := ALONE.fullmatch(text):
            lines.append((number, match["what"], None))
        else:
            findings.append((TABLE, number, "neither 'source -> tests/folder: why' nor 'tests/x_test.cpp: why'"))
    return lines, findings


def check(root):
    """Sources with a test of their name, sources with a line, sources with neither, findings."""
    tree = Tree(root)
    lines, findings = read_table(root)
    own = [source for source in tree.sources if tree.has_own(source)]
    left = [source for source in tree.sources if not tree.has_own(source)]
    told, alone = set(), set()
    for number, what, where in lines:
        missing = [path for path in (what, where) if path and not tree.exists(path)]
        for path in missing:
            findings.append((TABLE, number, f"there is no {path}"))
        if missing:
            continue
        if where is None:
            alone.add(what)
            if what not in tree.strays:
                findings.append((TABLE, number, f"{what} has a source of its name: the line is not needed"))
            continue
        if not any(path.endswith("_test.cpp") and inside(path, where) for path in tree.files):
            findings.append((TABLE, number, f"there are no tests in {where}"))
        covered = {source for source in left if what in (source, parent(source))} - told
        if not covered:
            findings.append((TABLE, number, f"all of {what} is tested by its name or told of before: "
                                            "the line is not needed"))
        told |= covered
    for path in tree.strays:
        if path not in alone:
            findings.append((path, 1, "there is no source of this name in the folder it mirrors"))
    return own, sorted(told), [source for source in left if source not in told], findings


def share(part, whole):
    return 100.0 * part / whole if whole else 100.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--least", type=float, default=95,
                        help="percent of the sources that have a test of their name or a line (default: %(default)s)")
    parser.add_argument("--own", type=float, default=55,
                        help="percent of the sources that have a test of their name (default: %(default)s)")
    options = parser.parse_args()
    own, told, neither, findings = check(options.root.resolve())
    for path, line, message in sorted(findings):
        print(f"{path}:{line}: {message}")
    for source in neither:
        print(f"{source}: has neither a test of its name nor a line in {TABLE}")
    whole = len(own) + len(told) + len(neither)
    print(f"check_tests: of {whole} sources {len(own)} ({share(len(own), whole):.0f} %) have a test of their "
          f"name, {len(told)} ({share(len(told), whole):.0f} %) are told of in {TABLE}")
    bad = bool(findings)
    if share(len(own), whole) < options.own:
        print(f"check_tests: fewer than {options.own:g} % have a test of their name", file=sys.stderr)
        bad = True
    if share(len(own) + len(told), whole) < options.least:
        print(f"check_tests: fewer than {options.least:g} % have a test of their name or a line", file=sys.stderr)
        bad = True
    if findings:
        print(f"check_tests: {len(findings)} findings", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
