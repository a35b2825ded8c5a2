#!/usr/bin/env python3
"""What viewers of the terminal feed cost: memory of idle ones, and what a busy feed does to requests.

    bench/viewers.py [--viewers 10000] [--seconds 5]

Starts build/bin/synapse on a free loopback port, opens idle viewers and prints the growth of the
gateway's resident memory per viewer; then has lines logged as fast as failing requests log them, once
without a viewer, once with viewers of which one never reads, and prints requests/s and latencies side
by side. Every process is ended by its pid. Prints figures and asserts nothing.
"""

import argparse
import os
import resource
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "bench-dashboard-token"
VIEW = (f"GET /events/terminal?backlog=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {TOKEN}\r\n\r\n").encode()
BODY = b'{"model":"m","messages":[]}'
CHAT = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(BODY)) + BODY


class Gateway:
    """The gateway in front of a backend that is not there: each chat fails, and that is logged."""

    def __init__(self, mode):
        self.directory = tempfile.TemporaryDirectory()
        folder = Path(self.directory.name)
        config = folder / "backends.yaml"
        config.write_text(
            "threads: 2\nlimits: {max_connections: 100000}\nbackends:\n  llama-router: {url: "
            "'http://127.0.0.1:9', retry: {attempts: 1}, breaker: {enabled: false}, "
            "manage_models: false}\n")
        port_file = folder / "port"
        environment = {
            "SYNAPSE_GATEWAY_CONFIG_PATH": str(config), "SYNAPSE_PORT": "0",
            "SYNAPSE_TERMINAL_FEED_MODE": mode, "SYNAPSE_DASHBOARD_ACCESS_TOKEN": TOKEN,
            "SYNAPSE_TERMINAL_FEED_KEEPALIVE_SECONDS": "600",
            "SYNAPSE_VOICE_LIBRARY_DIR": str(folder / "voices"),
            "SYNAPSE_MODEL_PROFILES_PATH": str(folder / "profiles.json")}
        self.process = subprocess.Popen(
            ["setsid", str(ROOT / "build/bin/synapse"), "--port-file", str(port_file)],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not port_file.exists() and time.monotonic() < until:
            time.sleep(0.02)
        self.port = int(port_file.read_text())

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def resident(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no VmRSS")

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.directory.cleanup()


def viewer(gateway):
    connection = gateway.connect()
    connection.sendall(VIEW)
    head = b""
    while b"event: meta" not in head:
        head += connection.recv(4096)
    return connection


def idle(count):
    gateway = Gateway("live")
    viewers = []
    try:
        for _ in range(200):  # what grows once
            viewers.append(viewer(gateway))
        before = gateway.resident()
        for _ in range(count):
            viewers.append(viewer(gateway))
        after = gateway.resident()
        print(f"{count} idle viewers: {(after - before) / count / 1024:.1f} KiB each "
              f"(resident {before / 2**20:.1f} -> {after / 2**20:.1f} MiB)")
    finally:
        for one in viewers:
            one.close()
        gateway.stop()


def load(gateway, seconds):
    connection = gateway.connect()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    times = []
    cpu = gateway.processor_seconds()
    begin = time.monotonic()
    while time.monotonic() < begin + seconds:
        start = time.perf_counter()
        for _ in range(8):
            connection.sendall(CHAT)
            answer = b""
            while b"\r\n\r\n" not in answer or not answer.endswith(b"}"):
                answer += connection.recv(65536)
        times.append((time.perf_counter() - start) / 8)
    took = time.monotonic() - begin
    connection.close()
    count = len(times) * 8
    cpu = gateway.processor_seconds() - cpu
    cuts = statistics.quantiles(times, n=100)
    return count / took, cuts[49] * 1e6, cuts[98] * 1e6, cpu / count * 1e6


def busy(seconds):
    print(f"{'':34}{'req/s':>8}{'p50 us':>9}{'p99 us':>9}{'cpu us':>9}")
    for name, mode, open_viewers in (
            ("no feed (mock)", "mock", 0), ("live, no viewer", "live", 0),
            ("live, 1 viewer that never reads", "live", 1),
            ("live, 20 viewers that never read", "live", 20)):
        gateway = Gateway(mode)
        viewers = [viewer(gateway) for _ in range(open_viewers)]
        try:
            load(gateway, 0.5)
            rate, p50, p99, cpu = load(gateway, seconds)
            print(f"{name:34}{rate:8.0f}{p50:9.1f}{p99:9.1f}{cpu:9.1f}")
        finally:
            for one in viewers:
                one.close()
            gateway.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--viewers", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=5)
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = arguments.viewers + 1000
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise SystemExit(f"viewers.py: {wanted} descriptors are needed, the limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    busy(arguments.seconds)
    idle(arguments.viewers)


if __name__ == "__main__":
    main()
