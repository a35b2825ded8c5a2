"""Shows that every rule of scripts/check_tests.py can fail, on small trees made for it."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check_tests.py"

# A good tree: two sources with tests of their names, one that is told of, and a test of no source.
GOOD = {
    "http/core/field.cpp": "",
    "http/core/field.hpp": "",
    "http/core/field_list.cpp": "",
    "http/core/limits.hpp": "",
    "actors/link/door.cpp": "",
    "app/main.cpp": "",
    "tests/http/core/field_test.cpp": "",
    "tests/http/core/field_list_wide_test.cpp": "",
    "tests/http/core/limits_test.cpp": "",
    "tests/http/core/allocation_test.cpp": "",
    "tests/http/core/support.hpp": "",
    "tests/app/anything_test.cpp": "",
    "tests/whole/replicas_test.cpp": "",
    "tests/subjects.txt": "# words\n\nactors/link -> tests/whole: as a whole\n"
                          "tests/http/core/allocation_test.cpp: all sources\n",
}
TABLE = GOOD["tests/subjects.txt"]


def table(line):
    return {"tests/subjects.txt": TABLE + line + "\n"}


# Each bad tree: what is added to the good one, arguments, and what must come of it.
BAD = {
    "a source that has neither": (
        {"http/core/body.cpp": ""}, ["--least", "100"],
        "http/core/body.cpp: has neither a test of its name nor a line in tests/subjects.txt\n"),
    "too few of either": (
        {"http/core/body.cpp": ""}, ["--least", "80"],
        "check_tests: fewer than 80 % have a test of their name or a line"),
    "too few of their own": (
        {}, ["--own", "70"], "check_tests: fewer than 70 % have a test of their name"),
    "a test of the folder above is not one of the source": (
        {"http/core/body/field.cpp": ""}, ["--least", "100"], "http/core/body/field.cpp: has neither"),
    "a line for a folder is not one for those below it": (
        {"actors/link/deep/wire.cpp": ""}, ["--least", "100"], "actors/link/deep/wire.cpp: has neither"),
    "a test that belongs to a longer name is not that of the shorter one": (
        {"http/core/status.cpp": "", "http/core/status_line.cpp": "",
         "tests/http/core/status_line_test.cpp": ""}, ["--least", "100"],
        "http/core/status.cpp: has neither"),
    "a test whose source has gone": (
        {"tests/http/core/old_test.cpp": ""}, [],
        "tests/http/core/old_test.cpp:1: there is no source of this name in the folder it mirrors"),
    "a line for a source that is not there": (
        table("http/core/gone.cpp -> tests/whole: why"), [],
        "tests/subjects.txt:5: there is no http/core/gone.cpp"),
    "a line to tests that are not there": (
        table("http/core -> tests/gone: why"), [], "tests/subjects.txt:5: there is no tests/gone"),
    "a line to a folder without tests": (
        {"http/core/body.cpp": "", "tests/empty/support.hpp": "",
         **table("http/core -> tests/empty: why")}, [],
        "tests/subjects.txt:5: there are no tests in tests/empty"),
    "a line for what is tested by its name": (
        table("http/core/field.cpp -> tests/whole: why"), [],
        "tests/subjects.txt:5: all of http/core/field.cpp is tested by its name or told of before"),
    "a line twice": (
        table("actors/link/door.cpp -> tests/whole: why"), [],
        "tests/subjects.txt:5: all of actors/link/door.cpp is tested by its name or told of before"),
    "a line for a test that has a source": (
        table("tests/http/core/field_test.cpp: why"), [],
        "tests/subjects.txt:5: tests/http/core/field_test.cpp has a source of its name"),
    "a line for a test that is not there": (
        table("tests/http/core/gone_test.cpp: why"), [],
        "tests/subjects.txt:5: there is no tests/http/core/gone_test.cpp"),
    "a line without a reason": (
        table("http/core -> tests/whole"), [], "tests/subjects.txt:5: neither"),
}


def run(files, *arguments):
    """The check's exit status and output on a tree of these files."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in files.items():
            path = Path(directory) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, str(SCRIPT), "--root", directory, *arguments],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class CheckTests(unittest.TestCase):
    def test_accepts_the_good_tree(self):
        status, output = run(GOOD, "--least", "100", "--own", "66")
        self.assertEqual(output.strip(), "check_tests: of 3 sources 2 (67 %) have a test of their name, "
                                         "1 (33 %) are told of in tests/subjects.txt")
        self.assertEqual(status, 0)

    def test_rejects_each_bad_tree(self):
        for name, (extra, arguments, expected) in BAD.items():
            with self.subTest(name):
                status, output = run({**GOOD, **extra}, "--own", "0", "--least", "0", *arguments)
                self.assertEqual(status, 1, output)
                self.assertIn(expected, output)

    def test_a_tree_without_sources_and_table_lacks_nothing(self):
        status, output = run({"app/main.cpp": ""})
        self.assertEqual(status, 0, output)


if __name__ == "__main__":
    unittest.main()
