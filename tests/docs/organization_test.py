"""What the documents say of files and folders, against those that there are."""

import re
import subprocess
import unittest

import diagrams_test
import documents
from documents import ROOT


def section(name, heading):
    text = (ROOT / name).read_text(encoding="utf-8")
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def closure(uses):
    """With what is used by what is used."""
    def all_of(name):
        return uses[name].union(*(all_of(each) for each in uses[name]))
    return {name: all_of(name) for name in uses}


def first_cells(text):
    return [cells[0].strip("`") for cells in documents.rows(text)]


class Folders(unittest.TestCase):
    def test_every_top_entry_has_its_row_and_none_is_invented(self):
        there = {path.split("/", 1)[0] + ("/" if "/" in path else "")
                 for path in documents.tracked(new_ones=False)}
        named = first_cells(section("docs/REPOSITORY-ORGANIZATION.md", "The top"))
        self.assertEqual(sorted(set(named)), sorted(named), "an entry is there twice")
        self.assertEqual(sorted(there), sorted(named))

    def test_every_library_has_its_row_and_none_is_invented(self):
        declared = {}
        for path in documents.tracked("*component.cmake"):
            if path.startswith(("tests/", "bench/", "backends/")):
                continue
            text = (ROOT / path).read_text(encoding="utf-8")
            for name, folder in re.findall(r"synapse_add_component\((\w+)(?: NO_PCH)?\s+PATH (\S+)", text):
                declared[name] = folder + "/"
        rows = documents.rows(section("docs/ARCHITECTURE.md", "Layers"))
        named = {row[0]: row[1].strip("`") for row in rows}
        self.assertEqual(declared, named)

    def test_the_diagram_of_layers_has_the_dependencies_of_the_build(self):
        uses = {}
        for path in documents.tracked("*component.cmake"):
            for call in re.findall(r"synapse_add_component\((\w+)(.*?)\)\n",
                                   (ROOT / path).read_text(encoding="utf-8"), re.DOTALL):
                listed = re.search(r"\bDEPENDS\s+([a-z_\s]+)", call[1])
                uses[call[0]] = set(listed.group(1).split()) if listed else set()
        source = next(source for _, names, source in diagrams_test.diagrams() if names == ["layers"])
        drawn = {name: set() for name in re.findall(r"^  (\w+)$", source, re.MULTILINE)}
        for lower, upper in re.findall(r"^  (\w+) --> (\w+)$", source, re.MULTILINE):
            drawn[upper].add(lower)
        self.assertIn("app", drawn)
        self.assertEqual(closure({name: uses[name] for name in drawn}), closure(drawn))

    def test_layers_stand_in_the_order_of_the_build(self):
        order = re.findall(r"^include\((\S+)/component\.cmake\)", (ROOT / "CMakeLists.txt").read_text(),
                           re.MULTILINE)
        rows = documents.rows(section("docs/ARCHITECTURE.md", "Layers"))
        named = [row[1].strip("`").rstrip("/") for row in rows]
        self.assertEqual([folder for folder in order if folder in named], named)

    def test_files_that_are_named_in_backquotes_exist(self):
        folders = ("actors|app|backends|bench|cmake|config|docs|http|manifests|packaging|scripts|static|"
                   "telemetry|tests")
        for name in ("docs/REPOSITORY-ORGANIZATION.md", "docs/ARCHITECTURE.md", "docs/OPERATIONS.md",
                     "docs/INTEGRATION-GUIDE.md", "docs/API.md", "CONTRIBUTING.md", "README.md"):
            text = documents.FENCED.sub("", (ROOT / name).read_text(encoding="utf-8"))
            for path in re.findall(rf"`((?:{folders})/[\w./*-]*)`", text):
                if path == "static/node_modules/":  # is made
                    continue
                found = list(ROOT.glob(path.rstrip("/"))) if path.rstrip("/") else []
                self.assertTrue(found, f"{name}: there is no {path}")

    def test_make_targets_that_are_named_exist(self):
        # Its own list of rules: some names are made by functions of make.
        known = subprocess.run(["make", "-C", str(ROOT), "-pRrq", "help"], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, check=False).stdout
        there = set(re.findall(r"^([a-z][a-z0-9-]*):", known, re.MULTILINE))
        self.assertIn("run", there)
        for path in documents.files():
            text = path.read_text(encoding="utf-8")
            for words in re.findall(r"(?:`|^)make ((?:[a-z][a-z0-9-]*(?: (?=[a-z])|(?![\w=./-])))+)", text,
                                    re.MULTILINE):
                for target in words.split():
                    self.assertIn(target, there, f"{path.relative_to(ROOT)}: make {target}")


if __name__ == "__main__":
    unittest.main()
