#!/usr/bin/env python3
"""Runs every *_test.py beside it, two at a time, and sums them up.

Most of what they do is waiting for programs that they start; side by side they take half the time. What a
program prints comes as a whole when it has ended. The last line says `N passed, N failed, N skipped`; before
it stands `not ok - NAME` with the end of what each failed test printed (scripts/run_tests.py reads both).
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "scripts"))
from run_tests import Counts, parse_unittest  # noqa: E402

AT_ONCE = 2
LIMIT_SECONDS = 900


def run(path):
    """The program's output and its counts."""
    try:
        done = subprocess.run([sys.executable, "-B", str(path), "--verbose"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=LIMIT_SECONDS, check=False)
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode(errors="replace") + f"\nnot done within {LIMIT_SECONDS} s\n"
        status = 1
    counts = parse_unittest(output)
    if not counts.failed and (status != 0 or not counts.passed):
        counts.add(Counts(0, 1, 0, [[path.name, output.splitlines()[-20:]]]))
    return output, counts


def main():
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__.strip())
        return 0
    # The longest first.
    paths = sorted(HERE.glob("*_test.py"), key=lambda path: -path.stat().st_size)
    total = Counts()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for path, (output, counts) in zip(paths, pool.map(run, paths)):
            print(f"--- {path.name}\n{output}", flush=True)
            counts.failures = [[f"{path.name}: {name}", lines] for name, lines in counts.failures]
            total.add(counts)
    for name, lines in total.failures:
        print(f"not ok - {name}", *lines, sep="\n")
    print(total)
    return 0 if total.passed and not total.failed else 1


if __name__ == "__main__":
    sys.exit(main())
