#!/usr/bin/env python3
"""Checks what the build cannot: includes that go round the layers, and names that have one place.

    scripts/check_layers.py [--root DIRECTORY]

Prints `file:line: what is wrong` for each finding and exits 1 when there is one. The layers are read
from the build description itself: their order from the top CMakeLists.txt, what each may use from the
DEPENDS of its component.cmake. tests/layering/check_layers_test.py shows that every rule can fail.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

SOURCES = (".cpp", ".hpp")
# Folders above the layers: they may include every layer, and no layer may include them.
ABOVE = ("tests", "bench", "cmake")

# What may be named where: (pattern, folders where it is allowed, files it is looked for in, message).
CAF_FOLDERS = ("actors", "http/client", "http/sites", "http/server", "http/proxy", "http/api", "http/dashboard", "http/openapi", "app", "tests", "bench")
PRIVATE_FOLDERS = ("actors/runtime", "tests/actors/runtime")
INCLUDE_RULES = [
    (r"caf/all\.hpp$", ("cmake",), (".hpp",), "caf/all.hpp in a header: include the narrow ones"),
    (r"caf/", CAF_FOLDERS + ("cmake",), SOURCES, "CAF is not used in this layer"),
]
CODE_RULES = [
    (r"\bcaf::infinite\b", ("actors/runtime", "tests"), SOURCES,
     "caf::infinite outside actors/runtime: every request has a deadline"),
    (r"\bspawn_impl\b|\bactivate\s*\(|\bfinalize\s*\(|\bio_actor\b", PRIVATE_FOLDERS, SOURCES,
     "a private part of CAF outside actors/runtime"),
    # Seen: a coroutine whose good path never ended and one that ended in an illegal instruction.
    (r"\bco_await\b[^;?]*[(,=]\s*\{(?!\s*\})", (), SOURCES,
     "a braced temporary inside a co_await expression, which g++ 12 miscompiles: name it first"),
    # Seen: the frame of a coroutine that was never set up, which ended in an illegal instruction.
    (r"\bif\s*\([^;{}]*\bco_await\b[^;{}]*\)\s*co_return\s+[\w.:>-]+\(", (), SOURCES,
     "co_return of a call behind a condition with co_await, which g++ 12 miscompiles: name its result first"),
    (r"\bco_await\b[^;{}]*\?[^;{}]*\bco_await\b|\?[^;{}:]*\bco_await\b[^;{}]*:[^;{}]*\bco_await\b", (),
     SOURCES, "co_await in a conditional expression, which g++ 12 miscompiles: write if and else"),
]
FORBIDDEN_INCLUDES = [  # (folder, pattern, message)
    ("actors/protocol", r"boost/beast", "the actors' protocol knows no HTTP"),
]
# Paths that exist on one machine only. In pieces, so that this file does not contain them itself.
MACHINE_PATHS = re.compile("(?<![\\w.$}{/-])/" + "(?:work|root|Users|home/[a-z][\\w-]*)/")

COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^\s()\\]{0,16})\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"'
    r"|'(?:\\.|[^'\\\n])'", re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)


def inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def blank(match):
    """The same number of lines, without the text."""
    return re.sub(r"[^\n]", " ", match.group())


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


class Layers:
    """Components by folder, in the order of the build."""

    def __init__(self, root):
        self.depends = {}  # component -> set of components
        self.folder = {}  # folder -> component
        self.order = {}  # folder -> rank
        top = strip_cmake((root / "CMakeLists.txt").read_text())
        folders = re.findall(r"include\(\s*([\w/]+)/component\.cmake\s*\)", top)
        for rank, folder in enumerate(folders):
            self.order[folder] = rank
            file = root / folder / "component.cmake"
            if file.exists():
                self._read(folder, strip_cmake(file.read_text()))

    def _read(self, folder, text):
        for body in re.findall(r"synapse_add_component\(([^)]*)\)", text):
            words = body.split()
            keys = {"PATH": [], "SOURCES": [], "DEPENDS": [], "LINK": [], "NO_PCH": []}
            key = None
            for word in words[1:]:
                if word in keys:
                    key = word
                elif key:
                    keys[key].append(word)
            self.depends[words[0]] = set(keys["DEPENDS"])
            self.folder[keys["PATH"][0] if keys["PATH"] else folder] = words[0]

    @staticmethod
    def _longest(table, path):
        return max((f for f in table if inside(path, f)), key=len, default=None)

    def component(self, path):
        return self.folder.get(self._longest(self.folder, path))

    def rank(self, path):
        return self.order.get(self._longest(self.order, path))

    def reachable(self, name):
        seen, todo = set(), [name]
        while todo:
            current = todo.pop()
            if current not in seen:
                seen.add(current)
                todo.extend(self.depends.get(current, ()))
        return seen

    def objection(self, path, included):
        """Why the file `path` may not include the file `included`; None when it may."""
        if inside(path, "tests") or inside(path, "bench"):
            return None
        for folder in ABOVE:
            if inside(included, folder) and not inside(path, folder):
                return f"'{folder}' is above all layers"
        mine, theirs = self.rank(path), self.rank(included)
        if mine is None or theirs is None:
            return None
        if theirs > mine:
            return f"'{self._longest(self.order, included)}' is a higher layer"
        from_component, to_component = self.component(path), self.component(included)
        if from_component and to_component and to_component not in self.reachable(from_component):
            return f"component '{from_component}' does not depend on '{to_component}'"
        return None


def strip_cmake(text):
    return re.sub(r"#[^\n]*", "", text)


def tracked_files(root):
    """What git knows and what it would take; without git, everything but build directories."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if listed.returncode == 0:
        names = listed.stdout.decode().split("\0")
        return sorted(name for name in names if name and (root / name).is_file())
    found = (p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
    return sorted(p for p in found if not p.startswith(("build", ".git/")))


def check_source(path, text, layers, root):
    code = COMMENT_OR_STRING.sub(blank, text)
    for match in INCLUDE.finditer(text):
        line, quote, name = line_of(text, match.start()), match.group(1), match.group(2)
        if code[match.start():match.end()].strip() == "":
            continue  # in a comment
        if ".." in name.split("/"):
            yield line, f'#include "{name}" goes round the layers: write the path from the root'
            continue
        for pattern, allowed, endings, message in INCLUDE_RULES:
            if re.match(pattern, name) and path.endswith(endings) \
                    and not any(inside(path, folder) for folder in allowed):
                yield line, message
                break
        for folder, pattern, message in FORBIDDEN_INCLUDES:
            if inside(path, folder) and re.match(pattern, name):
                yield line, message
        if quote == '"':
            # CMake may write a header from a template of that name.
            if "/" not in name or not ((root / name).exists() or (root / f"{name}.in").exists()):
                yield line, f'#include "{name}": not a path from the root to a file'
                continue
            objection = layers.objection(path, name)
            if objection:
                yield line, f'#include "{name}": {objection}'
    for pattern, allowed, endings, message in CODE_RULES:
        if path.endswith(endings) and not any(inside(path, folder) for folder in allowed):
            for match in re.finditer(pattern, code):
                yield line_of(code, match.start()), message


def check(root):
    layers = Layers(root)
    for path in tracked_files(root):
        try:
            text = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a binary file
        except FileNotFoundError:
            continue  # gone since it was listed
        for match in MACHINE_PATHS.finditer(text):
            yield path, line_of(text, match.start()), f"a path of one machine: {match.group()}"
        if path.endswith(SOURCES):
            for line, message in check_source(path, text, layers, root):
                yield path, line, message


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    options = parser.parse_args()
    findings = sorted(set(check(options.root.resolve())))
    for path, line, message in findings:
        print(f"{path}:{line}: {message}")
    if findings:
        print(f"check_layers: {len(findings)} findings", file=sys.stderr)
        return 1
    print("check_layers: nothing to object to")
    return 0


if __name__ == "__main__":
    sys.exit(main())
