"""A gateway that runs for the comparison: its start, its metrics, its logs and its end."""

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from backend import PATIENCE, Wire

START_SECONDS = 30.0
STOP_SECONDS = 10.0
REST_SECONDS = 8.0  # until everything that a case has begun is over
PR_SET_PDEATHSIG = 1

# What moves by itself, or with the time that something takes.
TIMED = ("process_", "synapse_event_loop_delay", "synapse_build_info")
# What has to be at its resting value before a case is over; the scrape itself is one request.
AT_REST = {
    "synapse_requests_in_flight": 1,
    "synapse_upstream_in_flight": 0,
    "synapse_upstream_waiting": 0,
    "synapse_model_requests_waiting": 0,
    'synapse_pool_connections{state="active"}': 0,
    'synapse_connections{state="open"}': 1,
}


class GatewayError(Exception):
    """A program cannot be used; the text says why."""


def _die_with_parent():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def parse_metrics(text):
    """Counters, and counts of histograms, by their whole names; gauges apart."""
    kinds, counters, gauges = {}, {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ", 3)
            kinds[name] = kind
        if not line or line[0] == "#" or line.startswith(TIMED):
            continue
        name, _, value = line.rpartition(" ")
        plain = name.split("{", 1)[0]
        if kinds.get(plain) == "gauge":
            gauges[name] = float(value)
        elif kinds.get(plain) == "counter":
            counters[name] = float(value)
        elif plain.endswith("_count") and kinds.get(plain[:-6]) == "histogram":
            counters[name] = float(value)
    return counters, gauges


class Gateway:
    """One process with a directory of its own.

    To be made on a thread that outlives it: the kernel takes that thread's end for the parent's.
    """

    def __init__(self, program, config, environment, directory):
        self._directory = Path(tempfile.mkdtemp(dir=directory))
        self._scraper = None
        self.scraped_out = self.scraped_in = 0
        config_file = self._directory / "backends.yaml"
        config_file.write_text(config)
        (self._directory / "voices").mkdir()
        env = {k: v for k, v in os.environ.items() if not k.startswith("SYNAPSE_")}
        env.update({
            "SYNAPSE_GATEWAY_CONFIG_PATH": str(config_file),
            "SYNAPSE_HOST": "127.0.0.1",
            "SYNAPSE_PORT": "0",
            "SYNAPSE_VOICE_LIBRARY_DIR": str(self._directory / "voices"),
            "SYNAPSE_MODEL_PROFILES_PATH": str(self._directory / "model-profiles.json"),
            **environment,
        })
        with (open(self._directory / "stdout", "wb") as out,
              open(self._directory / "stderr", "wb") as err):
            self._process = subprocess.Popen(
                [program, "--port-file", str(self._directory / "port")], env=env,
                cwd=self._directory, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True, preexec_fn=_die_with_parent)
        self.port = 0

    def await_ready(self):
        deadline = time.monotonic() + START_SECONDS
        port_file = self._directory / "port"
        while True:
            text = port_file.read_text().strip() if port_file.exists() else ""
            if text.isdigit() and self._ready(int(text)):
                self.port = int(text)
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise GatewayError(f"the gateway did not become ready: {self.errors()[-800:]}")
            time.sleep(0.01)

    @staticmethod
    def _ready(port):
        try:
            with socket.create_connection(("127.0.0.1", port), 2) as sock:
                sock.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: start\r\n"
                             b"Connection: close\r\n\r\n")
                return sock.recv(65536).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def running(self):
        return self._process.poll() is None

    def status(self):
        return self._process.returncode

    # ---- metrics ----

    def scrape(self, mark):
        """Counters and gauges; the access log gets a line with `mark` as its id."""
        for attempt in (1, 2):
            if self._scraper is None:
                self._scraper = Wire(socket.create_connection(("127.0.0.1", self.port), PATIENCE))
            request = f"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {mark}\r\n\r\n".encode()
            try:
                self._scraper.sock.sendall(request)
                head = self._scraper.until(b"\r\n\r\n", PATIENCE)
                break
            except Exception:
                self._scraper.sock.close()
                self._scraper = None
                if attempt == 2 or not self.running():
                    raise
        length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        body = bytearray()
        self._scraper.exactly(length, body, PATIENCE)
        before = self.scraped_in, self.scraped_out
        self.scraped_in += len(request)
        self.scraped_out += len(head) + length
        counters, gauges = parse_metrics(body.decode())
        # Its own bytes are counted when it has ended.
        for direction, bytes_before in zip(("in", "out"), before, strict=True):
            name = f'synapse_bytes_total{{direction="{direction}"}}'
            if name in counters:
                counters[name] -= bytes_before
        return {k: v for k, v in counters.items() if 'route="/metrics"' not in k}, gauges

    def rest(self, mark, idle=None):
        """Scrapes until nothing is under way. Returns counters, gauges and what did not come to rest.

        @param idle the number of kept connections to wait for; None: any
        """
        deadline = time.monotonic() + REST_SECONDS
        while True:
            counters, gauges = self.scrape(mark)
            busy = [f"{what} is {have:g}" for what, have, want in self._looks(gauges, idle)
                    if have != want]
            if not busy or time.monotonic() > deadline:
                return counters, gauges, busy
            time.sleep(0.005)

    @staticmethod
    def _looks(gauges, idle):
        for what, want in AT_REST.items():
            yield what, total(gauges, what), want
        if idle is not None:
            what = 'synapse_pool_connections{state="idle"}'
            yield what, total(gauges, what), idle

    # ---- logs and the end ----

    def errors(self):
        return (self._directory / "stderr").read_text(errors="replace")

    def access_log(self):
        return (self._directory / "stdout").read_text(errors="replace")

    def stop(self):
        """Ends the process. Returns its status, negative for a signal."""
        if self._scraper is not None:
            self._scraper.sock.close()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        return self._process.returncode

    def remove(self):
        shutil.rmtree(self._directory, ignore_errors=True)


def total(values, what):
    """Sum over all children of `name` or `name{label="value"}`."""
    name, _, label = what.partition("{")
    label = label.rstrip("}")
    return sum(v for k, v in values.items() if k.split("{", 1)[0] == name and label in k)
