#!/usr/bin/env python3
"""Runs a command against a gateway with local backends of its own.

    scripts/with_local_stack.py [--bin-dir build/bin] [--gateway-env NAME=VALUE]... COMMAND [ARG]...

Starts synapse-backends and synapse on free loopback ports, waits until both answer, and runs COMMAND
with SYNAPSE_BASE_URL set to the gateway's address and LOCAL_STACK_<BACKEND>_PORT (such as
LOCAL_STACK_WHISPER_STT_PORT) to the backends' ports. Then stops both by pid. The exit status is the
command's; when a program cannot start, ends too early or stops with an error (a sanitizer's report
is one), that is a failure as well, and the programs' logs are printed.
"""

import argparse
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0  # generous: sanitizer builds on a busy machine
STOP_SECONDS = 45.0  # above the gateway's drain limit
POLL_SECONDS = 0.02
LOG_LINES = 200
PR_SET_PDEATHSIG = 1
# What config/local.yaml names; replaced by the ports that the backends really have.
LOCAL_PORTS = {"llama-embed": 8081, "llama-router": 8082, "chatterbox-tts": 8004,
               "whisper-stt": 8010, "pyannote-speaker": 8011, "deepfilter-audio": 8012,
               "vllm": 8014, "ollama": 8013}


class StackError(Exception):
    """A program did not start, or did not stop as it should."""


def _die_with_parent():
    """Between fork and exec: the kernel stops the child when this process is killed."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class LocalStack:
    """Context manager: the two programs, from start to ordered stop."""

    def __init__(self, bin_dir, gateway_env=None, prefix=()):
        self.bin_dir = Path(bin_dir)
        self.gateway_env = gateway_env or {}
        self.prefix = list(prefix)  # e.g. setarch -R, for ThreadSanitizer
        self.processes = []  # (name, Popen), in the order they were started
        self.base_url = ""
        self.ports = {}  # of the backends, by name

    def __enter__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="synapse-stack-"))
        try:
            self._start()
        except BaseException:
            self._stop(check=False)
            self.print_logs()
            shutil.rmtree(self.directory, ignore_errors=True)
            raise
        return self

    def __exit__(self, kind, value, traceback):
        try:
            self._stop(check=kind is None)
        except StackError:
            self.print_logs()
            raise
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def print_logs(self):
        for name, _ in self.processes:
            lines = (self.directory / f"{name}.log").read_text(errors="replace").splitlines()
            print(f"--- log of {name} ({len(lines)} lines) ---", file=sys.stderr)
            print("\n".join(lines[-LOG_LINES:]), file=sys.stderr)
        sys.stderr.flush()

    def _start(self):
        ports_file = self.directory / "ports"
        backends = self._spawn(
            "synapse-backends",
            [*(word for name in LOCAL_PORTS for word in (f"--{name}", "0")),
             "--ports-file", str(ports_file),
             "--docs", str(ROOT / "docs"), "--docs", str(ROOT / "README.md"),
             "--tokens-per-second", "0", "--allow-misbehave",
             # As `make run` does, but quicker: room for one model, which only the gateway loads.
             "--models-max", "1", "--no-models-autoload", "--load-time", "200"])
        ports = self._await(lambda: self._read_ports(ports_file), backends, "its ports file")
        self.ports = ports
        config = (ROOT / "config" / "local.yaml").read_text()
        # All at once: a free port may be the usual one of another backend.
        by_port = {str(usual): str(ports[name]) for name, usual in LOCAL_PORTS.items()}
        for name, usual in LOCAL_PORTS.items():
            if not re.search(rf"127\.0\.0\.1:{usual}\b", config):
                raise StackError(f"config/local.yaml does not name 127.0.0.1:{usual} ({name})")
        config = re.sub(r"(?<=127\.0\.0\.1:)\d+\b",
                        lambda found: by_port.get(found.group(), found.group()), config)
        self._start_gateway(config)

    def _start_gateway(self, config):
        """@param config the text of its configuration file."""
        config_file = self.directory / "gateway.yaml"
        config_file.write_text(config)
        voices = self.directory / "voices"
        voices.mkdir()
        port_file = self.directory / "port"
        gateway = self._spawn("synapse", ["--port-file", str(port_file)], {
            "SYNAPSE_HOST": "127.0.0.1",
            "SYNAPSE_PORT": "0",
            "SYNAPSE_GATEWAY_CONFIG_PATH": str(config_file),
            "SYNAPSE_VOICE_LIBRARY_DIR": str(voices),
            "SYNAPSE_MODEL_PROFILES_PATH": str(self.directory / "model-profiles.json"),
            **self.gateway_env,
        })
        port = self._await(lambda: self._read_port(port_file), gateway, "its port file")
        self.base_url = f"http://127.0.0.1:{port}"
        self._await(lambda: self._answers(self.base_url + "/readyz"), gateway, "readiness")

    def _spawn(self, name, arguments, extra_env=None):
        program = self.bin_dir / name
        if not os.access(program, os.X_OK):
            raise StackError(f"{program} is missing; 'make build' builds it")
        # Nothing of the caller's settings may reach the programs.
        env = {k: v for k, v in os.environ.items() if not k.startswith("SYNAPSE_")}
        env.update(extra_env or {})
        return self._spawn_command(name, [*self.prefix, str(program), *arguments], env)

    def _spawn_command(self, name, command, env):
        with open(self.directory / f"{name}.log", "wb") as log:
            process = subprocess.Popen(
                command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True, preexec_fn=_die_with_parent)
        self.processes.append((name, process))
        return process

    @staticmethod
    def _read_ports(path):
        try:
            ports = json.loads(path.read_text())
        except (OSError, ValueError):
            return None  # not there yet, or not whole yet
        return ports if all(ports.get(name) for name in LOCAL_PORTS) else None

    @staticmethod
    def _read_port(path):
        text = path.read_text().strip() if path.exists() else ""
        return int(text) if text.isdigit() else None

    @staticmethod
    def _answers(url):
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _await(self, probe, process, what):
        deadline = time.monotonic() + START_SECONDS
        name = next(name for name, each in self.processes if each is process)
        while True:
            value = probe()
            if value:
                return value
            if process.poll() is not None:
                raise StackError(f"{name} ended with status {process.returncode} before {what}")
            if time.monotonic() > deadline:
                raise StackError(f"{name}: no {what} within {START_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)

    def _stop(self, check):
        problems = []
        for name, process in reversed(self.processes):  # the gateway first
            if process.poll() is not None:
                problems.append(f"{name} had ended with status {process.returncode}")
                continue
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                problems.append(f"{name} did not stop within {STOP_SECONDS:.0f} s of SIGTERM")
                continue
            if process.returncode != 0:
                problems.append(f"{name} stopped with status {process.returncode}")
        if check and problems:
            raise StackError("; ".join(problems))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin-dir", default=str(ROOT / "build" / "bin"))
    parser.add_argument("--gateway-env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--prefix", default="", help="put before both programs, e.g. 'setarch -R'")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.command:
        parser.error("which command?")
    # SIGTERM ends the command and the programs like Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    env = dict(pair.split("=", 1) for pair in options.gateway_env)
    try:
        with LocalStack(options.bin_dir, env, options.prefix.split()) as stack:
            ports = {f"LOCAL_STACK_{name.upper().replace('-', '_')}_PORT": str(port)
                     for name, port in stack.ports.items()}
            child_env = {**os.environ, **ports, "SYNAPSE_BASE_URL": stack.base_url}
            status = subprocess.run(options.command, env=child_env, check=False).returncode
            if status != 0:
                stack.print_logs()
    except StackError as error:
        print(f"with_local_stack: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
