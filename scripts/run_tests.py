#!/usr/bin/env python3
"""Runs the test suites of a build and sums them up.

    scripts/run_tests.py [--preset release|dev|asan|tsan] [--suites ctest,sdk-python,...]
                         [--programs "config_test ..."] [--totals FILE]
    scripts/run_tests.py --sum FILE

The last line of the output is `N passed, N failed, N skipped` over all suites. Before it stand the end
of what each failed test printed, and their names: whoever keeps only the end of the output can tell
what failed. The exit status is 0 only when something passed and nothing failed. A suite that ends
with an error without naming a failed test, or that runs no test, counts as one failure.

Suites that wait more than they compute, `contract` and `package`, run beside the others, unless JOBS=1; what they
print follows when they are done.

--programs limits ctest to these GoogleTest programs (the others need not be built). --totals (or the
variable SYNAPSE_TEST_TOTALS) adds the counts and failures to FILE, one JSON line per run; --sum prints
such a file like the end of one run.
"""

import argparse
import concurrent.futures
import io
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUPPORT = ROOT / "tests" / "support"
JOBS = os.environ.get("JOBS") or "2"
OUTPUT_LINES = 60  # of a failed test, from its end
LINE_CHARACTERS = 300
SHOWN_OUTPUTS = 8  # more failures than these have one cause, or the log is read anyway
SHOWN_NAMES = 60
MAX_RANDOM_BITS = 28  # g++ 12's ThreadSanitizer cannot map its shadow where the kernel uses more

SANITIZER_ENV = {
    "asan": {
        "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "LSAN_OPTIONS": f"suppressions={SUPPORT}/lsan.supp",
    },
    "tsan": {"TSAN_OPTIONS": f"suppressions={SUPPORT}/tsan.supp:second_deadlock_stack=1"},
}


class Counts:
    def __init__(self, passed=0, failed=0, skipped=0, failures=()):
        self.passed, self.failed, self.skipped = passed, failed, skipped
        self.failures = list(failures)  # [name, end of its output]

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def last_lines(text):
    return [line[:LINE_CHARACTERS] for line in text.rstrip().splitlines()[-OUTPUT_LINES:]]


def describe_failures(failures):
    """The outputs first and the names last: the end of a log is what is kept of it."""
    lines = []
    for name, output in [each for each in failures if each[1]][:SHOWN_OUTPUTS]:
        lines += [f"--- the last lines of {name} ---", *output]
    if failures:
        lines.append(f"--- failed: {len(failures)} ---")
        lines += [f"  {name}" for name, _ in failures[:SHOWN_NAMES]]
    if len(failures) > SHOWN_NAMES:
        lines.append(f"  and {len(failures) - SHOWN_NAMES} more")
    return "".join(line + "\n" for line in lines)


def parse_junit(path):
    """Counts of a ctest JUnit file. Only what a test itself asked for counts as skipped: ctest also
    writes <skipped> for a program that it could not start."""
    counts = Counts()
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        skipped = case.find("skipped")
        failure = case.find("failure")
        message = skipped.get("message", "") if skipped is not None else ""
        status = case.get("status")
        if status == "run" and skipped is None and failure is None:
            counts.passed += 1
        elif status == "disabled" or message.startswith("SKIP_"):
            counts.skipped += 1
        else:
            counts.failed += 1
            why = failure.get("message", "") if failure is not None else message
            output = case.findtext("system-out") or ""
            counts.failures.append([case.get("name"), last_lines(f"{output.rstrip()}\n{why}")])
    return counts


def last_number(pattern, text):
    found = re.findall(pattern, text, re.MULTILINE)
    return int(found[-1]) if found else 0


def parse_unittest(text):
    """Counts of Python's unittest: `Ran 3 tests in 0.1s`, `FAILED (failures=1, skipped=1)`."""
    closing = re.findall(r"^(?:OK|FAILED)\b.*$", text, re.MULTILINE)
    detail = closing[-1] if closing else ""
    number = lambda word: last_number(rf"\b{word}=(\d+)", detail)
    failed = number("failures") + number("errors") + number("unexpected successes")
    skipped = number("skipped")
    ran = last_number(r"^Ran (\d+) tests? in", text)
    # A line of equal signs, the name, a line of dashes, the traceback; as the last one, the sum.
    blocks = re.findall(r"^={70}\n(?:FAIL|ERROR|UNEXPECTED SUCCESS): (.*)\n"
                        r"((?:(?!={70}\n|Ran \d+ tests? in).*\n)*)", text, re.MULTILINE)
    return Counts(max(ran - failed - skipped, 0), failed, skipped,
                  [[name, last_lines(output)] for name, output in blocks])


def parse_tap(text):
    """Counts of Node's test runner with its TAP reporter."""
    number = lambda word: last_number(rf"^# {word} (\d+)$", text)
    # The description of a failure is indented once more than its line.
    blocks = re.findall(r"^( *)not ok \d+ - (.*)\n((?:\1  .*\n)*)", text, re.MULTILINE)
    failures = [[name, last_lines(output)] for _, name, output in blocks
                if "failureType: 'subtestsFailed'" not in output
                and not re.search(r"# (SKIP|TODO)\b", name)]
    return Counts(number("pass"), number("fail") + number("cancelled"),
                  number("skipped") + number("todo"), failures)


def parse_plain(text):
    found = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", text, re.MULTILINE)
    blocks = re.findall(r"^not ok - (.*)\n((?:(?!(?:not )?ok - |\d+ passed, ).*\n)*)", text,
                        re.MULTILINE)
    return Counts(*(int(number or 0) for number in found[-1]) if found else (),
                  failures=[[name, last_lines(output)] for name, output in blocks])


class Runner:
    """The suites; what they print goes to `out`, or to the standard output."""

    def __init__(self, preset, programs, out=None):
        self.preset = preset
        self.out = out or sys.stdout
        self.programs = programs
        self.build = ROOT / ("build" if preset == "release" else f"build-{preset}")
        self.results = self.build / "test-results"
        self.env = {**os.environ, **SANITIZER_ENV.get(preset, {})}
        self.prefix = tsan_prefix() if preset == "tsan" else []

    def run_and_copy(self, command, env):
        """Runs a command, copies its output through, and returns (exit status, output)."""
        with subprocess.Popen(command, env=env, cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                              errors="replace", stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            lines = []
            for line in process.stdout:
                self.out.write(line)
                self.out.flush()
                lines.append(line)
        return process.returncode, "".join(lines)

    def ctest(self):
        junit = self.results / "ctest.xml"
        junit.unlink(missing_ok=True)
        command = [*self.prefix, "ctest", "--test-dir", str(self.build), "--output-on-failure",
                   "--no-tests=error", "-j", JOBS, "--output-junit", str(junit)]
        missing = [p for p in self.programs if not (self.build / "bin" / p).exists()]
        if missing:
            problem = f"run_tests: not built: {' '.join(missing)}"
            print(problem)
            return 1, Counts(), problem
        if self.programs:
            command += ["-E", "_NOT_BUILT$"]
        if self.preset in SANITIZER_ENV:
            command += ["-LE", "source"]  # checks of the source text: the same in every build
        status = subprocess.run(command, cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL,
                                check=False).returncode
        return status, parse_junit(junit) if junit.exists() else Counts(), ""

    def against_stack(self, command, parse, gateway_env=(), **more_env):
        stack = [sys.executable, str(ROOT / "scripts" / "with_local_stack.py"),
                 "--bin-dir", str(self.build / "bin")]
        if self.prefix:
            stack += ["--prefix", " ".join(self.prefix)]
        for pair in gateway_env:
            stack += ["--gateway-env", pair]
        env = {**self.env, "SYNAPSE_BUILD_DIR": str(ROOT / "build"), **more_env}
        status, output = self.run_and_copy([*stack, *command], env)
        return status, parse(output), output

    def sdk_python(self):
        return self.against_stack([str(ROOT / "tests/sdk/python/run.sh")], parse_unittest)

    def sdk_node(self):
        return self.against_stack([str(ROOT / "tests/sdk/node/run.sh")], parse_tap)

    def contract(self):
        token = secrets.token_urlsafe(24)
        return self.against_stack(
            [str(ROOT / "tests/contract/run.sh")], parse_plain,
            [f"SYNAPSE_DASHBOARD_ACCESS_TOKEN={token}"], SYNAPSE_DASHBOARD_TOKEN=token)

    def dashboard(self):
        built = [str(ROOT / "scripts/build_dashboard.sh"), "--strict",
                 str(self.build / "share/synapse/dashboard")]
        status, output = self.run_and_copy(built, self.env)
        if status != 0:
            return status, Counts(), output
        token = secrets.token_urlsafe(24)
        return self.against_stack(
            [str(ROOT / "tests/dashboard/run.sh")], parse_tap,
            [f"SYNAPSE_DASHBOARD_ACCESS_TOKEN={token}", "SYNAPSE_TERMINAL_FEED_MODE=live"],
            SYNAPSE_DASHBOARD_TOKEN=token)

    def real(self):
        env = {**self.env, "SYNAPSE_BIN_DIR": str(self.build / "bin"),
               "SYNAPSE_BUILD_DIR": str(ROOT / "build")}
        # DIRECT leaves the gateway out; only the router's tests can do without.
        pattern = "real_router_test.py" if env.get("DIRECT", "") not in ("", "0") else "*_test.py"
        status, output = self.run_and_copy(
            [str(ROOT / "tests/sdk/python/run.sh"), "-m", "unittest", "discover", "--verbose",
             "--start-directory", str(ROOT / "tests/real"), "--pattern", pattern], env)
        return status, parse_unittest(output), output

    def run_local(self):
        env = {**self.env, "SYNAPSE_BIN_DIR": str(self.build / "bin")}
        status, output = self.run_and_copy(
            [sys.executable, str(ROOT / "tests" / "run" / "run_local_test.py"), "--verbose"], env)
        return status, parse_unittest(output), output

    def deploy(self):
        return self.against_stack(
            [str(ROOT / "tests/deploy/run.sh"), str(ROOT / "tests/deploy/run_all.py")], parse_plain)

    def package(self):
        status, output = self.run_and_copy(
            [sys.executable, "-B", "-m", "unittest", "discover", "--verbose",
             "--start-directory", str(ROOT / "tests/package"), "--pattern", "*_test.py"], self.env)
        return status, parse_unittest(output), output

    def readme(self):
        return self.against_stack(
            [sys.executable, str(ROOT / "tests" / "docs" / "run_readme.py")], parse_plain)


def tsan_prefix():
    """`setarch -R` where the kernel spreads mappings wider than ThreadSanitizer can follow."""
    try:
        bits = int(Path("/proc/sys/vm/mmap_rnd_bits").read_text())
    except (OSError, ValueError):
        bits = 0
    if bits and bits <= MAX_RANDOM_BITS:
        return []
    setarch = shutil.which("setarch")
    works = setarch and subprocess.run([setarch, "-R", "true"], check=False,
                                       stderr=subprocess.DEVNULL).returncode == 0
    if not works:
        print("run_tests: vm.mmap_rnd_bits is above 28 or unknown and 'setarch -R' is not allowed "
              "here; if programs end with 'unexpected memory mapping', "
              "run: sysctl vm.mmap_rnd_bits=28")
    return [setarch, "-R"] if works else []


SUITES = {"ctest": Runner.ctest, "sdk-python": Runner.sdk_python, "sdk-node": Runner.sdk_node,
          "contract": Runner.contract, "dashboard": Runner.dashboard, "run-local": Runner.run_local,
          "readme": Runner.readme, "deploy": Runner.deploy, "package": Runner.package, "real": Runner.real}
ASIDE = {"contract", "package"}  # one processor at a time, and waiting
ON_REQUEST = {"real"}  # needs what scripts/real_speech.sh prepares


def run_suite(name, runner):
    """Returns the suite's counts and its line of the summary."""
    begin = time.monotonic()
    status, counts, output = SUITES[name](runner)
    note = ""
    if counts.failed == 0 and status != 0:
        note = f" (exit status {status})"
    elif counts.failed == 0 and counts.passed == 0:
        note = " (no test passed)"
    if note:
        counts.failed = 1
    if counts.failed and not counts.failures:  # the end of all that was printed has to do
        counts.failures = [[f"the suite{note}", last_lines(output)]]
    counts.failures = [[f"{name} ({runner.preset}): {test}", lines] for test, lines in counts.failures]
    return counts, f"  {name:<11} {counts}{note}, {time.monotonic() - begin:.1f} s"


def run_suites(options):
    names = options.suites.split(",")
    for name in names:
        if name not in SUITES:
            sys.exit(f"run_tests: no suite '{name}'; there are {', '.join(SUITES)}")
    places = range(len(names))  # a suite may be named twice
    # ctest's tests have all processors to themselves.
    alone = [place for place in places if names[place] == "ctest"]
    aside = [place for place in places if names[place] in ASIDE and JOBS != "1"]
    others = [place for place in places if place not in alone + aside]
    if not others:  # nothing to run beside
        others, aside = aside, []
    programs = options.programs.split()
    runner = Runner(options.preset, programs)
    runner.results.mkdir(parents=True, exist_ok=True)
    done = {}

    def run_here(place):
        print(f"=== {names[place]} ({options.preset}) ===", flush=True)
        done[place] = run_suite(names[place], runner)

    def begin_aside(place, pool):
        print(f"=== {names[place]} ({options.preset}): begins, beside the others ===", flush=True)
        out = io.StringIO()
        return out, pool.submit(run_suite, names[place], Runner(options.preset, programs, out))

    for place in alone:
        run_here(place)
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
        begun = {place: begin_aside(place, pool) for place in aside}
        for place in others:
            run_here(place)
        for place, (out, result) in begun.items():
            if not result.done():
                print(f"=== {names[place]} ({options.preset}): still running ===", flush=True)
            done[place] = result.result()
            print(f"=== {names[place]} ({options.preset}) ===\n{out.getvalue()}", end="", flush=True)
    total = Counts()
    for counts, _ in done.values():
        total.add(counts)
    if options.totals:
        with open(options.totals, "a", encoding="utf-8") as file:
            file.write(json.dumps(vars(total)) + "\n")
    print(f"=== {options.preset} ===")
    print("\n".join(done[place][1] for place in places))
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--preset", default="release", choices=["release", "dev", "asan", "tsan"])
    parser.add_argument("--suites", default=",".join(each for each in SUITES if each not in ON_REQUEST))
    parser.add_argument("--programs", default="")
    parser.add_argument("--totals", default=os.environ.get("SYNAPSE_TEST_TOTALS"))
    parser.add_argument("--sum", metavar="FILE")
    options = parser.parse_args()
    if options.sum:
        total = Counts()
        for line in Path(options.sum).read_text().splitlines():
            total.add(Counts(**json.loads(line)))
    else:
        total = run_suites(options)
    print(describe_failures(total.failures), end="")
    print(total, flush=True)
    return 0 if total.failed == 0 and total.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
