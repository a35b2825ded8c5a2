#!/usr/bin/env python3
"""Runs the examples of README.md and docs/*.md against SYNAPSE_BASE_URL (scripts/with_local_stack.py
sets it), checks the links of all Markdown files, and runs the tests of this folder (*_test.py).

    tests/docs/run_readme.py [DOCUMENT]...    without arguments: all of it; else these documents only

Above every block of sh, python or js stands what is to be done with it:

    <!-- run: expect REGEX -->        run it; its output must match (dots match line ends)
    <!-- run alone: expect REGEX -->  the same for one that needs nothing of that gateway: it starts what
                                      it needs by itself, or only looks at files
    <!-- not run: REASON -->          leave it alone

A block with none of them is a failure, so that no example is forgotten. Blocks run one after the other,
in the project's folder, with an empty folder of the document's own as TMPDIR; /tmp in a text means that
folder. Links to files of the project must lead somewhere, with their #anchors. The last line says
`N passed, N failed, N skipped`.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import documents

ROOT = documents.ROOT
HERE = Path(__file__).resolve().parent
DOCUMENTED_URL = "http://127.0.0.1:8000"
DOCUMENTED_VLLM = "http://127.0.0.1:8014"
LIMIT_SECONDS = 60
INSTALL_SECONDS = 900
INTERPRETERS = {
    "sh": ["bash", "-euo", "pipefail"],
    "python": [str(ROOT / "tests/sdk/python/run.sh")],
    "js": [str(ROOT / "tests/sdk/node/run.sh")],
}
BLOCK = re.compile(r"^(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$",
                   re.MULTILINE | re.DOTALL)
WITH_GATEWAY, ALONE, NOT = "run: expect ", "run alone: expect ", "not run: "


def run_block(language, text, mark, folder):
    """What went wrong; empty when nothing did."""
    with_gateway = mark.startswith(WITH_GATEWAY)
    expected = mark.removeprefix(WITH_GATEWAY if with_gateway else ALONE)
    if with_gateway and DOCUMENTED_URL not in text:
        return f"names no {DOCUMENTED_URL}, so it would leave the test"
    if with_gateway:
        text = text.replace(DOCUMENTED_URL, os.environ["SYNAPSE_BASE_URL"].rstrip("/"))
        # A stand-in that is told to fail.
        text = text.replace(DOCUMENTED_VLLM, f"http://127.0.0.1:{os.environ['LOCAL_STACK_VLLM_PORT']}")
    text = re.sub(r"(?<![\w/.])/tmp(?=/)", folder, text)
    with tempfile.NamedTemporaryFile("w", suffix=f".{language}", dir=folder) as file:
        file.write(text)
        file.flush()
        with subprocess.Popen([*INTERPRETERS[language], file.name], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", cwd=ROOT, env={**os.environ, "TMPDIR": folder},
                              start_new_session=True) as process:
            try:
                output, errors = process.communicate(timeout=LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # what it has started, too
                return f"not done within {LIMIT_SECONDS} s"
    if process.returncode != 0:
        return f"exit status {process.returncode}\n{output}\n{errors}"
    if not re.search(expected, output, re.DOTALL):
        return f"output does not match {expected}\n{output}\n{errors}"
    return ""


def install_interpreters():
    """The SDKs are installed with the first program that needs them: not within its time limit."""
    for language in ("python", "js"):
        with tempfile.NamedTemporaryFile("w", suffix=f".{language}") as nothing:
            subprocess.run([*INTERPRETERS[language], nothing.name], stdin=subprocess.DEVNULL,
                           timeout=INSTALL_SECONDS, check=True)


def run_document(path):
    """How many blocks passed, failed and were left alone."""
    document = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT)
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="synapse-docs-") as folder:
        for block in BLOCK.finditer(document):
            language, mark = block["language"], block["mark"] or ""
            if language not in INTERPRETERS:
                continue
            line = document.count("\n", 0, block.start("text"))
            if mark.startswith(NOT):
                skipped += 1
                continue
            begin = time.monotonic()
            if mark.startswith((WITH_GATEWAY, ALONE)):
                problem = run_block(language, block["text"], mark, folder)
            else:
                problem = "says neither 'run: expect', 'run alone: expect' nor 'not run:'"
            failed += bool(problem)
            passed += not problem
            took = f"{time.monotonic() - begin:.1f} s"
            print(f"{'not ok' if problem else 'ok'} - {name}:{line} ({language}, {took}) {problem}",
                  flush=True)
    return passed, failed, skipped


def check_links(files):
    """Every file is one test."""
    failed = 0
    for path in files:
        name = path.relative_to(ROOT)
        problems = documents.broken_links(path)
        failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} - links of {name} {'; '.join(problems)}")
    return len(files) - failed, failed, 0


class Lines(unittest.TestResult):
    """One line per test, in the form of the others."""

    def __init__(self):
        super().__init__()
        self.passed = 0

    def _say(self, test, problem=""):
        print(f"{'not ok' if problem else 'ok'} - {test.id()} {problem}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1
        self._say(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._say(test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._say(test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._say(subtest, (self.failures + self.errors)[-1][1])


def run_tests():
    result = Lines()
    unittest.defaultTestLoader.discover(str(HERE), pattern="*_test.py").run(result)
    return result.passed, len(result.failures) + len(result.errors), len(result.skipped)


def main():
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__.strip())
        return 0
    install_interpreters()
    if len(sys.argv) > 1:
        results = [run_document(Path(name).resolve()) for name in sys.argv[1:]]
    else:
        paths = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
        results = [run_tests(), check_links(documents.files()),
                   *(run_document(path) for path in paths)]
    passed, failed, skipped = (sum(each) for each in zip(*results))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
