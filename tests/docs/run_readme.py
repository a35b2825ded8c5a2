#!/usr/bin/env python3
"""Runs the examples of README.md and of the integration guide against SYNAPSE_BASE_URL
(scripts/with_local_stack.py sets it).

Above every block of sh, python or js stands what is to be done with it:

    <!-- run: expect REGEX -->    run it; its output must match (dots match line ends)
    <!-- not run: REASON -->      leave it alone

A block with neither is a failure, so that no example is forgotten. Links to files of the project must
lead somewhere. The last line says `N passed, N failed, N skipped`.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "INTEGRATION-GUIDE.md")
DOCUMENTED_URL = "http://127.0.0.1:8000"
LIMIT_SECONDS = 60
INSTALL_SECONDS = 900
INTERPRETERS = {
    "sh": ["bash", "-euo", "pipefail"],
    "python": [str(ROOT / "tests/sdk/python/run.sh")],
    "js": [str(ROOT / "tests/sdk/node/run.sh")],
}
BLOCK = re.compile(r"^(?:<!-- (?P<mark>.*?) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$",
                   re.MULTILINE | re.DOTALL)


def run_block(language, text, expected):
    """What went wrong; empty when nothing did."""
    if DOCUMENTED_URL not in text:
        return f"names no {DOCUMENTED_URL}, so it would leave the test"
    text = text.replace(DOCUMENTED_URL, os.environ["SYNAPSE_BASE_URL"].rstrip("/"))
    with tempfile.NamedTemporaryFile("w", suffix=f".{language}") as file:
        file.write(text)
        file.flush()
        try:
            done = subprocess.run([*INTERPRETERS[language], file.name], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  errors="replace", timeout=LIMIT_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"not done within {LIMIT_SECONDS} s"
    if done.returncode != 0:
        return f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    if not re.search(expected, done.stdout, re.DOTALL):
        return f"output does not match {expected}\n{done.stdout}"
    return ""


def install_interpreters():
    """The SDKs are installed with the first program that needs them: not within its time limit."""
    for language in ("python", "js"):
        with tempfile.NamedTemporaryFile("w", suffix=f".{language}") as nothing:
            subprocess.run([*INTERPRETERS[language], nothing.name], stdin=subprocess.DEVNULL,
                           timeout=INSTALL_SECONDS, check=True)


def broken_links(path, document):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document):
        if "://" not in target and not (path.parent / target).exists():
            yield target


def run_document(path):
    """How many blocks passed, failed and were left alone."""
    document = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT)
    passed = failed = skipped = 0
    for block in BLOCK.finditer(document):
        language, mark = block["language"], block["mark"] or ""
        if language not in INTERPRETERS:
            continue
        line = document.count("\n", 0, block.start("text"))
        if mark.startswith("not run: "):
            skipped += 1
            continue
        if mark.startswith("run: expect "):
            problem = run_block(language, block["text"], mark.removeprefix("run: expect "))
        else:
            problem = "says neither 'run: expect' nor 'not run:'"
        failed += bool(problem)
        passed += not problem
        print(f"{'not ok' if problem else 'ok'} - {name}:{line} ({language}) {problem}")
    for target in broken_links(path, document):
        failed += 1
        print(f"not ok - {name}: no such file: {target}")
    return passed, failed, skipped


def main():
    install_interpreters()
    results = [run_document(path) for path in DOCUMENTS]
    passed, failed, skipped = (sum(each) for each in zip(*results))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
