"""What scripts/run_tests.py makes of the output of each kind of test program."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.dont_write_bytecode = True
sys.path.insert(0, str(SCRIPTS))

import run_tests  # noqa: E402  (found through the path above)


def numbers(counts):
    return counts.passed, counts.failed, counts.skipped


class Parsers(unittest.TestCase):
    def test_ctest_counts_what_did_not_run_as_failed(self):
        cases = {
            '<testcase name="a" status="run"/>': (1, 0, 0),
            '<testcase name="a" status="fail"><failure message=""/></testcase>': (0, 1, 0),
            '<testcase name="a" status="disabled"/>': (0, 0, 1),
            '<testcase name="a" status="notrun">'
            '<skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>': (0, 0, 1),
            '<testcase name="a" status="notrun">'
            '<skipped message="Unable to find executable: a"/></testcase>': (0, 1, 0),
        }
        for text, expected in cases.items():
            with self.subTest(text), tempfile.NamedTemporaryFile("w") as file:
                file.write(f"<testsuite>{text}</testsuite>")
                file.flush()
                self.assertEqual(numbers(run_tests.parse_junit(file.name)), expected)

    def test_unittest(self):
        for text, expected in {
            "Ran 5 tests in 0.1s\n\nOK\n": (5, 0, 0),
            "Ran 1 test in 0.1s\n\nOK (skipped=1)\n": (0, 0, 1),
            "Ran 9 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=3)\n": (3, 3, 3),
            "Traceback (most recent call last):\n": (0, 0, 0),
        }.items():
            with self.subTest(text):
                self.assertEqual(numbers(run_tests.parse_unittest(text)), expected)

    def test_tap(self):
        text = "ok 1 - a\n# tests 6\n# pass 2\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 1\n"
        self.assertEqual(numbers(run_tests.parse_tap(text)), (2, 2, 2))

    def test_plain(self):
        self.assertEqual(numbers(run_tests.parse_plain("x\n3 passed, 1 failed, 2 skipped\n")),
                         (3, 1, 2))
        self.assertEqual(numbers(run_tests.parse_plain("3 passed, 0 failed\n")), (3, 0, 0))


class Sum(unittest.TestCase):
    def total(self, *runs):
        with tempfile.NamedTemporaryFile("w") as file:
            for passed, failed, skipped in runs:
                file.write(json.dumps(vars(run_tests.Counts(passed, failed, skipped))) + "\n")
            file.flush()
            done = subprocess.run([sys.executable, str(SCRIPTS / "run_tests.py"), "--sum", file.name],
                                  capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def test_of_good_runs(self):
        self.assertEqual(self.total((3, 0, 1), (4, 0, 0)), (0, "7 passed, 0 failed, 1 skipped\n"))

    def test_one_failure_fails(self):
        self.assertEqual(self.total((3, 0, 0), (4, 1, 0)), (1, "7 passed, 1 failed, 0 skipped\n"))

    def test_nothing_run_fails(self):
        self.assertEqual(self.total()[0], 1)
        self.assertEqual(self.total((0, 0, 5))[0], 1)


if __name__ == "__main__":
    unittest.main()
