"""What scripts/run_tests.py makes of the output of each kind of test program."""

import argparse
import io
import json
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.dont_write_bytecode = True
sys.path.insert(0, str(SCRIPTS))

import run_tests  # noqa: E402  (found through the path above)

PATIENCE = 60  # seconds for whatever has to happen


def numbers(counts):
    return counts.passed, counts.failed, counts.skipped


def names(counts):
    return [name for name, _ in counts.failures]


def output_of(counts, name):
    return "\n".join(dict(counts.failures)[name])


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

    def test_ctest_names_what_failed_with_its_output(self):
        cases = ('<testcase name="a.good" status="run"><system-out>fine</system-out></testcase>'
                 '<testcase name="a.bad" status="fail"><failure message="Timeout"/>'
                 '<system-out>first\nexpected: 1 &lt; 2\n</system-out></testcase>'
                 '<testcase name="a.missing" status="notrun"><skipped message="Unable to find"/>'
                 '</testcase>')
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(f"<testsuite>{cases}</testsuite>")
            file.flush()
            counts = run_tests.parse_junit(file.name)
        self.assertEqual(names(counts), ["a.bad", "a.missing"])
        self.assertEqual(output_of(counts, "a.bad"), "first\nexpected: 1 < 2\nTimeout")
        self.assertIn("Unable to find", output_of(counts, "a.missing"))

    def test_unittest_names_what_failed_with_its_traceback(self):
        program = ("import unittest\n"
                   "class A(unittest.TestCase):\n"
                   "    def test_good(self): pass\n"
                   "    def test_bad(self): self.assertEqual(1, 2, 'one is not two')\n"
                   "    def test_broken(self): raise KeyError('no key')\n"
                   "    def test_parts(self):\n"
                   "        with self.subTest('part'): self.fail('in a part')\n"
                   "unittest.main()\n")
        done = subprocess.run([sys.executable, "-c", program, "-v"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        counts = run_tests.parse_unittest(done.stdout)
        self.assertEqual(numbers(counts), (1, 3, 0))
        self.assertEqual(sorted(name.split()[0] for name in names(counts)),
                         ["test_bad", "test_broken", "test_parts"])
        for word, text in (("bad", "one is not two"), ("broken", "no key"), ("parts", "in a part")):
            name = next(name for name in names(counts) if name.startswith(f"test_{word} "))
            self.assertIn(text, output_of(counts, name))
            self.assertEqual(output_of(counts, name).count("Traceback"), 1)

    def test_tap_names_the_innermost_that_failed(self):
        text = ("TAP version 13\n"
                "# Subtest: all\n"
                "    ok 1 - good\n      ---\n      duration_ms: 1\n      ...\n"
                "    not ok 2 - bad\n      ---\n      failureType: 'testCodeFailure'\n"
                "      error: 'one is not two'\n      ...\n"
                "    1..2\n"
                "not ok 1 - all\n  ---\n  failureType: 'subtestsFailed'\n  ...\n"
                "not ok 2 - later # TODO\n  ---\n  ...\n"
                "# pass 1\n# fail 1\n# todo 1\n")
        counts = run_tests.parse_tap(text)
        self.assertEqual(names(counts), ["bad"])
        self.assertIn("one is not two", output_of(counts, "bad"))

    def test_plain_names_what_failed_with_what_follows(self):
        counts = run_tests.parse_plain("ok - A:1 \nnot ok - A:2 exit status 1\nwhy\n"
                                       "ok - A:3 \nnot ok - A:4 no\n2 passed, 2 failed, 0 skipped\n")
        self.assertEqual(names(counts), ["A:2 exit status 1", "A:4 no"])
        self.assertEqual(output_of(counts, "A:2 exit status 1"), "why")

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


class Suites(unittest.TestCase):
    def setUp(self):
        self.begun = {name: threading.Event() for name in ("ctest", "deploy", "readme", "package")}
        self.waits = {}  # for what another one has begun before it ends
        self.order = []

    def suite(self, name):
        def run(runner):
            self.order.append(name)
            self.begun[name].set()
            print(f"{name} says", file=runner.out)
            met = name not in self.waits or self.begun[self.waits[name]].wait(PATIENCE)
            return (0, run_tests.Counts(1), "") if met else (1, run_tests.Counts(), "alone")
        return run

    def run_named(self, names, jobs="2"):
        self.said = io.StringIO()
        options = argparse.Namespace(preset="release", programs="", suites=names, totals=None)
        suites = {name: self.suite(name) for name in self.begun}
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(run_tests, "SUITES", suites), \
                mock.patch.object(run_tests, "ROOT", Path(folder)), mock.patch.object(run_tests, "JOBS", jobs), \
                mock.patch.object(sys, "stdout", self.said):
            return run_tests.run_suites(options)

    def test_what_waits_runs_beside_the_others(self):
        self.waits = {"deploy": "package", "package": "readme"}
        counts = self.run_named("ctest,deploy,package,readme")
        self.assertEqual(numbers(counts), (4, 0, 0), self.said.getvalue())
        self.assertEqual(self.order[0], "ctest")
        self.assertEqual([line.split()[0] for line in self.said.getvalue().splitlines()[-4:]],
                         ["ctest", "deploy", "package", "readme"])

    def test_what_it_says_is_not_mixed_with_theirs(self):
        self.run_named("deploy,package,readme")
        said = self.said.getvalue()
        self.assertIn("=== deploy (release) ===\ndeploy says\n", said)
        self.assertIn("=== package (release) ===\npackage says\n", said)
        self.assertLess(said.index("readme says"), said.index("package says"))

    def test_its_failure_is_one_of_the_run(self):
        self.waits = {"package": "ctest"}  # which never begins
        with mock.patch.dict(globals(), {"PATIENCE": 0}):
            counts = self.run_named("deploy,package")
        self.assertEqual(numbers(counts), (1, 1, 0))
        self.assertEqual(names(counts), ["package (release): the suite (exit status 1)"])

    def test_one_named_twice_counts_twice(self):
        results = [(1, run_tests.Counts(), "it failed"), (0, run_tests.Counts(1), "")]
        with mock.patch.object(self, "suite", lambda name: lambda runner: results.pop(0)):
            counts = self.run_named("readme,readme")
        self.assertEqual(numbers(counts), (1, 1, 0))

    def test_one_job_is_one_after_the_other(self):
        self.run_named("deploy,package,readme", jobs="1")
        self.assertEqual(self.order, ["deploy", "package", "readme"])

    def test_unknown_ones_are_named(self):
        with self.assertRaisesRegex(SystemExit, "no suite 'other'"):
            self.run_named("deploy,other")
        self.assertEqual(self.order, [])


class Sum(unittest.TestCase):
    def total(self, *runs):
        with tempfile.NamedTemporaryFile("w") as file:
            for run in runs:
                file.write(json.dumps(vars(run_tests.Counts(*run))) + "\n")
            file.flush()
            done = subprocess.run([sys.executable, str(SCRIPTS / "run_tests.py"), "--sum", file.name],
                                  capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def test_of_good_runs(self):
        self.assertEqual(self.total((3, 0, 1), (4, 0, 0)), (0, "7 passed, 0 failed, 1 skipped\n"))

    def test_one_failure_fails(self):
        self.assertEqual(self.total((3, 0, 0), (4, 1, 0)), (1, "7 passed, 1 failed, 0 skipped\n"))

    def test_names_what_failed_before_its_last_line(self):
        status, output = self.total((3, 1, 0, [["suite: one", ["it says", "why"]]]), (1, 0, 0),
                                    (0, 1, 0, [["suite: two", []]]))
        self.assertEqual(status, 1)
        self.assertEqual(output, "--- the last lines of suite: one ---\nit says\nwhy\n"
                                 "--- failed: 2 ---\n  suite: one\n  suite: two\n"
                                 "4 passed, 2 failed, 0 skipped\n")

    def test_says_no_more_than_is_kept_of_a_log(self):
        long = run_tests.last_lines("\n".join(["x" * 5000] * 5000))
        _, output = self.total((0, 500, 0, [[f"test {i}", long] for i in range(500)]))
        self.assertLess(len(output), 160_000)
        end = output[-4000:]  # the names are not lost behind the outputs
        self.assertIn("--- failed: 500 ---\n  test 0\n  test 1\n", end)
        self.assertTrue(end.endswith("  and 440 more\n0 passed, 500 failed, 0 skipped\n"), end)

    def test_nothing_run_fails(self):
        self.assertEqual(self.total()[0], 1)
        self.assertEqual(self.total((0, 0, 5))[0], 1)


if __name__ == "__main__":
    unittest.main()
