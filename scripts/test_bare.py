#!/usr/bin/env python3
"""Runs the README's two commands where nothing is installed: in a bare Debian 12.

    scripts/test_bare.py [--only run|test] [--port N] [--keep]

A minimal root directory (debootstrap) with git and make gets a clone of what is committed here. In it
`make run` has to answer a chat and to end well at Ctrl-C, and `make test` has to pass; how long each step
took is printed. The root is removed afterwards, unless --keep. Needs root, debootstrap, and the network that
this machine's apt, pip and npm have; takes about as long as .ci/run's first two rounds. Ctrl-C ends it all.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "package"))
import clean_root  # noqa: E402

HOME = "/srv/synapse"  # of the clone, in the root
RUN_LIMIT_SECONDS = 60 * 60  # installing, building and starting
TEST_LIMIT_SECONDS = 3 * 60 * 60
STOP_LIMIT_SECONDS = 60
QUESTION = {"model": "local-docs", "messages": [{"role": "user", "content": "What is Synapse?"}]}


def say(text):
    print(f"##### {text}", flush=True)


class Failed(Exception):
    """Why a step is no success."""


class Bare:
    """The root with the clone, and the commands in it."""

    def __init__(self, root):
        self.root = root
        self.environment = root.network_environment()
        root.apt_install("git", "make", "ca-certificates")
        # How this machine's clients reach their registries.
        for file, inside in ((Path("/etc/pip.conf"), "/etc/pip.conf"),
                             (Path.home() / ".npmrc", "/etc/host-npmrc")):
            if file.is_file():
                shutil.copy(file, root.at(inside))
        self.environment["NPM_CONFIG_USERCONFIG"] = "/etc/host-npmrc"
        bundle = clean_root.HOST_BUNDLE
        if bundle.is_file():
            shutil.copy(bundle, root.at(bundle))
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(root.at(HOME))],
                       check=True)
        revision = subprocess.run(["git", "-C", str(ROOT), "log", "-1", "--format=%h %s"], check=True,
                                  capture_output=True, text=True).stdout.strip()
        say(f"a bare root with {revision}")

    def start(self, *command):
        """In a process group of its own, which a Ctrl-C reaches as a whole."""
        line = self.root.command(command, directory=HOME, environment={
            **self.environment, "TERM": "dumb"})
        # Whoever runs this in the background may have Ctrl-C ignored, which would be inherited.
        return subprocess.Popen(line, stdin=subprocess.DEVNULL, start_new_session=True,
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def test(self):
        begin = time.monotonic()
        process = self.start("make", "test")
        try:
            status = process.wait(TEST_LIMIT_SECONDS)
        except BaseException:
            stop(process)
            raise
        say(f"make test: status {status} after {time.monotonic() - begin:.0f} s")
        if status != 0:
            raise Failed(f"make test ended with status {status}")

    def run(self, port):
        begin = time.monotonic()
        process = self.start("make", "run", f"PORT={port}")
        try:
            url = f"http://127.0.0.1:{port}"
            while not answers(f"{url}/readyz"):
                if process.poll() is not None:
                    raise Failed(f"make run ended with status {process.returncode}")
                if time.monotonic() - begin > RUN_LIMIT_SECONDS:
                    raise Failed("make run serves nothing")
                time.sleep(0.2)
            say(f"make run: served after {time.monotonic() - begin:.0f} s")
            asked = time.monotonic()
            request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(QUESTION).encode(),
                                             {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=120) as answer:
                text = json.load(answer)["choices"][0]["message"]["content"]
            say(f"the README's first question was answered after {time.monotonic() - asked:.1f} s:\n{text}")
        finally:
            status = stop(process)
        say(f"make run: status {status} after Ctrl-C")
        if status not in (0, 130, 2, -signal.SIGINT):  # make's own for an interrupted target
            raise Failed(f"make run ended with status {status} after Ctrl-C")
        size = subprocess.run(["du", "-sm", str(self.root.path)], check=True, capture_output=True,
                              text=True).stdout.split()[0]
        say(f"the root with all that was installed and built: {size} MB")


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def stop(process):
    """Ctrl-C, and a harder end for what does not heed it. Returns the exit status."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            try:
                process.wait(STOP_LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                continue
    return process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", choices=["run", "test"])
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    if answers(f"http://127.0.0.1:{options.port}/livez"):
        sys.exit(f"test_bare: something serves port {options.port}; --port takes another one")
    try:
        root = clean_root.CleanRoot()
    except clean_root.Unavailable as why:
        sys.exit(f"test_bare: {why}")
    problems = []
    try:
        bare = Bare(root)
        for name, step in (("run", lambda: bare.run(options.port)), ("test", bare.test)):
            if options.only in (None, name):
                try:
                    step()
                except Failed as why:
                    say(str(why))
                    problems.append(name)
    finally:
        if options.keep:
            say(f"kept: {root.path}")
        else:
            root.remove()
    print(f"{2 - len(problems) if options.only is None else 1 - len(problems)} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
