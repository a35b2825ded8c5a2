#!/usr/bin/env python3
"""Asks every operation of the gateway's OpenAPI document what it promises, by schemathesis.

    tests/contract/run.sh [SCHEMATHESIS-OPTION]...

Requests are made up from the schemas, good ones and bad ones, always the same: schemathesis.toml says what is
asked, hooks.py what they are made of. An answer has to have a status, a media type and a form that the document
names, no bad request may be taken, and nothing may fail inside. One test per operation; the last line is
`N passed, N failed`. SYNAPSE_DASHBOARD_TOKEN opens the gated ones.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
METHODS = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}
OUTPUT_LINES = 40


def operations(base_url):
    with urllib.request.urlopen(base_url + "/openapi.json", timeout=30) as answer:
        document = json.load(answer)
    return {f"{method.upper()} {path}" for path, item in document["paths"].items()
            for method in item if method in METHODS and path != "/openapi.json"}  # that is asked first of all


def run(base_url, report, options):
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file",
               str(HERE / "schemathesis.toml"), "run", base_url + "/openapi.json",
               "--report", "junit", "--report-junit-path", str(report), *options]
    if token := os.environ.get("SYNAPSE_DASHBOARD_TOKEN"):
        command += ["--header", f"Authorization: Bearer {token}"]
    env = {**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"), "NO_COLOR": "1"}
    return subprocess.run(command, cwd=report.parent, env=env, stdin=subprocess.DEVNULL, check=False).returncode


def results(report):
    """What was tested: name to what is wrong with it, nothing where all is well."""
    found = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        faults = [each.text or each.get("message") or each.tag for each in case
                  if each.tag in ("failure", "error")]
        found.setdefault(case.get("name"), []).extend(faults)
    return found


def main():
    base_url = os.environ["SYNAPSE_BASE_URL"]
    with tempfile.TemporaryDirectory(prefix="synapse-contract-") as folder:
        report = Path(folder) / "report.xml"
        status = run(base_url, report, sys.argv[1:])
        found = results(report) if report.exists() else {}
    expected = set() if sys.argv[1:] else operations(base_url)
    for name in expected - found.keys():
        found[name] = ["it was not tested"]
    if status != 0 and not any(found.values()):
        found["schemathesis"] = [f"ended with status {status}"]
    failed = 0
    for name, faults in sorted(found.items()):
        failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} - {name}")
        for line in "\n".join(faults).splitlines()[:OUTPUT_LINES]:
            print(f"  {line}")
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
