"""What the tests of the documents know about Markdown: files, headings, links, tables."""

import os
import re
import subprocess
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1[`~]*\s*?$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.*?) *#*$", re.MULTILINE)
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)")


def tracked(*patterns, new_ones=True):
    """Paths that git knows (and those that it would add), relative to the project; without git what
    lies there. A `*` in a pattern means folders, too."""
    others = ("--others", "--exclude-standard") if new_ones else ()
    done = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", *others, "-z", "--", *patterns],
                          capture_output=True, check=False, text=True)
    if done.returncode == 0:
        return sorted(path for path in set(done.stdout.split("\0")) if path and (ROOT / path).exists())
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders
                      if name != ".git" and not name.startswith("build") and name != "node_modules"]
        found += [str((Path(folder) / name).relative_to(ROOT)) for name in names]
    return sorted(path for path in found
                  if not patterns or any(fnmatch(path, pattern) for pattern in patterns))


def files():
    return [ROOT / path for path in tracked("*.md")]


def without_code(text):
    return INLINE_CODE.sub("", FENCED.sub("", text))


@lru_cache(maxsize=None)
def anchors(path):
    """The fragments that GitHub gives the headings of a file, and explicit ones."""
    text = FENCED.sub("", path.read_text(encoding="utf-8"))
    found, count = set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text)), {}
    for heading in HEADING.findall(text):
        plain = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number = count[slug] = count.get(slug, -1) + 1
        found.add(f"{slug}-{number}" if number else slug)
    return frozenset(found)


def broken_links(path):
    """What is wrong with the links of a file."""
    problems = []
    for target in LINK.findall(without_code(path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        name, _, fragment = target.partition("#")
        to = (path.parent / name).resolve() if name else path
        if not to.exists():
            problems.append(f"no such file: {target}")
        elif fragment and to.suffix == ".md" and fragment not in anchors(to):
            problems.append(f"no such heading: {target}")
    return problems


def rows(text):
    """The rows of all tables, as lists of cells, without heads and rulers."""
    found, previous = [], []
    for line in FENCED.sub("", text).splitlines():
        if not line.startswith("|"):
            previous = []
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            if previous:
                found.remove(previous)
            continue
        found.append(cells)
        previous = cells
    return found
