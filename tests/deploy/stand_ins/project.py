"""A copy of what deploys, in a folder of its own, with stand-ins for every program that reaches out.

The copy's PATH has the stand-ins and a few ordinary tools, and nothing else: whatever a script does, no
real cluster, container engine or other machine is reached.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
STAND_IN = Path(__file__).resolve().parent / "stand_in.py"
KUBECTL_BIN = os.environ.get("KUBECTL_BIN") or shutil.which("kubectl")
RSYNC_BIN = shutil.which("rsync")
GATEWAY_BIN = Path(os.environ.get("SYNAPSE_BIN_DIR", ROOT / "build/bin")) / "synapse"
LIMIT_SECONDS = 120
TOOLS = ("awk", "basename", "bash", "cat", "chmod", "cp", "curl", "cut", "date", "dirname", "env", "false",
         "find", "git", "grep", "gzip", "head", "hostname", "id", "ln", "ls", "make", "mkdir", "mktemp",
         "mv", "paste", "pwd", "readlink", "realpath", "rm", "sed", "sh", "sha256sum", "sleep", "sort",
         "stat", "tail", "tar", "tee", "touch", "tr", "true", "uname", "wc", "xargs")
STOOD_IN = ("kubectl", "docker", "ssh", "rsync", "sudo", "podman")
COPIED = ("Makefile", "CMakeLists.txt", "scripts", "manifests", "config/backends.yaml", "config/local.yaml",
          "config/kustomization.yaml", "config/models")
# What changes something, wherever it is.
CHANGES = {"kubectl": re.compile(r"\b(apply|create|delete|patch|replace|scale|edit|label|annotate|set|drain|"
                                 r"cordon|taint|exec|cp|run|expose|autoscale|rollout (undo|restart|pause))\b"),
           "docker": re.compile(r"^(push|rmi|system|image (rm|prune))\b"),
           "podman": re.compile(r"^push\b"), "rsync": re.compile("")}
HARMLESS = re.compile(r"^(kustomize |annotate --local |apply --dry-run=)")
SERVER = "https://192.0.2.1:6443"


class Done:
    """What a command printed and how it ended."""

    def __init__(self, status, output):
        self.status, self.output = status, output

    @property
    def script_status(self):
        """make ends with 2 whatever its recipe ended with; it says with what."""
        found = re.search(r"^make: \*\*\* .*Error (\d+)", self.output, re.MULTILINE)
        return int(found.group(1)) if found else self.status


class Project(unittest.TestCase):
    """Base of tests that run the Makefile or a script of the copy."""

    maxDiff = None

    def setUp(self):
        if not KUBECTL_BIN:
            self.fail("KUBECTL_BIN is not set: run this with tests/deploy/run.sh")
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.top = Path(directory.name).resolve()
        self.root = self.top / "project"
        self.remote_home = self.top / "home" / "ada"
        self.stand_in_dir = self.top / "stand-in"
        self.bin = self.top / "bin"
        for each in (self.root, self.remote_home, self.stand_in_dir, self.bin):
            each.mkdir(parents=True)
        for name in COPIED:
            source, target = ROOT / name, self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
            else:
                shutil.copy(source, target)
        for name in TOOLS:
            found = shutil.which(name)
            if found:
                (self.bin / name).symlink_to(found)
        (self.bin / "python3").symlink_to(os.path.realpath(sys.executable))
        for name in STOOD_IN:
            self.stand_in(name)
        # These would build for minutes; that they are called is noted.
        for name in ("build.sh", "install_dependencies.sh", "package.sh", "build_dashboard.sh"):
            path = self.root / "scripts" / name
            path.unlink(missing_ok=True)
            path.symlink_to(self.bin / name)
            self.stand_in(name)
        self.rules = []
        self.env = {"PATH": str(self.bin), "HOME": str(self.top), "LC_ALL": "C.UTF-8",
                    "STAND_IN_DIR": str(self.stand_in_dir), "STAND_IN_REMOTE_HOME": str(self.remote_home),
                    "KUBECTL_BIN": KUBECTL_BIN, "RSYNC_BIN": RSYNC_BIN or ""}

    def stand_in(self, name):
        path = self.bin / name
        # A name of its own for each, so that the program knows what it is called as.
        links = self.top / "links"
        links.mkdir(exist_ok=True)
        (links / name).symlink_to(STAND_IN)
        path.write_text(f"#!/bin/sh\nexec '{self.bin}/python3' -IS '{links}/{name}' \"$@\"\n")
        path.chmod(0o755)

    def without(self, *programs):
        for name in programs:
            (self.bin / name).unlink()

    # --- what the stand-ins answer ---

    def answer(self, program, match="", **what):
        """A rule; later ones go before earlier ones."""
        self.rules.insert(0, {"program": program, "match": match, **what})

    def not_found(self, kind, name):
        self.answer("kubectl", rf"get {kind} {name}\b", status=1,
                    stderr=f'Error from server (NotFound): {kind}s "{name}" not found\n')

    def cluster(self, namespace="llm-infra", there=True, secrets=("synapse-gateway-secrets",
                                                                 "pyannote-hf-token")):
        """A cluster with a namespace, and what is in it."""
        self.answer("kubectl", r"^config current-context$", stdout="test-context\n")
        self.answer("kubectl", r"^config view ", stdout=SERVER)
        self.answer("kubectl", r" version$", stdout="Client Version: v1\nServer Version: v1.32.4\n")
        if there:
            self.answer("kubectl", rf"get namespace {namespace}\b", stdout=f"namespace/{namespace}\n")
        else:
            self.not_found("namespace", namespace)
        self.not_found("horizontalpodautoscaler", "synapse-gateway")
        for name in ("synapse-gateway-secrets", "pyannote-hf-token"):
            if there and name in secrets:
                self.answer("kubectl", rf"get secret {name}\b", stdout=f"secret/{name}\n")
            else:
                self.not_found("secret", name)

    def unreachable(self):
        self.answer("kubectl", r"^--request-timeout", status=1,
                    stderr="The connection to the server 192.0.2.1:6443 was refused - did you specify the "
                           "right host or port?\n")

    # --- running ---

    def run_command(self, *command, cwd=None, stdin=None, **env):
        (self.stand_in_dir / "answers.json").write_text(json.dumps(self.rules))
        (self.stand_in_dir / "calls.jsonl").write_text("")
        (self.stand_in_dir / "used.json").unlink(missing_ok=True)
        done = subprocess.run(
            [str(each) for each in command], cwd=cwd or self.root, env={**self.env, **env}, text=True,
            input=stdin, stdin=subprocess.DEVNULL if stdin is None else None, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=LIMIT_SECONDS, check=False)
        return Done(done.returncode, done.stdout)

    def make(self, *words, **env):
        return self.run_command("make", "--no-print-directory", *words, **env)

    def calls(self, *programs):
        """[(program, arguments joined)], with the names of temporary folders taken out."""
        return [(call["program"], self.plain(call)) for call in self.raw_calls()
                if not programs or call["program"] in programs]

    def plain(self, call):
        text = " ".join(call["argv"])
        return re.sub(r"build/deploy/\w{6}\b", "build/deploy/X", text)

    def raw_calls(self):
        return [json.loads(line) for line in (self.stand_in_dir / "calls.jsonl").read_text().splitlines()]

    def kubectl(self):
        return [text for _, text in self.calls("kubectl")]

    def changes(self):
        return [(program, text) for program, text in self.calls()
                if program in CHANGES and CHANGES[program].search(text) and not HARMLESS.search(text)]

    def expect_refused(self, done, status, *messages):
        """Nothing was changed, it was said why, and the status tells."""
        self.assertNotEqual(done.status, 0, done.output)
        self.assertEqual(done.script_status, status, done.output)
        for message in messages:
            self.assertIn(message, done.output)
        self.assertEqual(self.changes(), [], done.output)

    def secrets_file(self, name="gateway-secrets.yaml", **values):
        """A good one, but for `values`."""
        filled = {"dashboard_access_token": "dash-token-value", "terminal_feed_redis_password": "redis-pass-value",
                  "terminal_feed_redis_url": "redis://:redis-pass-value@synapse-terminal-feed-redis:6379/0",
                  "cluster_secret": "cluster-secret-value-0123", **values}
        lines = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in filled.items() if value is not None)
        (self.root / name).write_text("apiVersion: v1\nkind: Secret\nmetadata:\n  name: synapse-gateway-secrets\n"
                                      f"type: Opaque\nstringData:\n{lines}")
        return name

    def token_file(self, value="hf_value", name="huggingface-token.yaml"):
        (self.root / name).write_text("apiVersion: v1\nkind: Secret\nmetadata:\n  name: pyannote-hf-token\n"
                                      f"stringData:\n  HF_TOKEN: {value}\n")
        return name
