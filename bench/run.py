#!/usr/bin/env python3
"""Compares the gateway with other reverse proxies on one machine, in one run.

    bench/run.py [--build-dir build] [--write docs/PERFORMANCE.md] [--json FILE]

Environment, each with an option of the same meaning: PEERS (comma-separated; only optional ones, as
in PEERS=litellm, are added to the default ones), ROUNDS, QUICK=1. Status 0: every window is valid;
1: some are void; 2: the benchmark could not run.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

# pylint: disable=wrong-import-position
from rig import machine, peers, report, scenarios  # noqa: E402
from rig.processes import (  # noqa: E402
    Child, RigError, free_port, memory, refuse_taken, wait_until_quiet,
)

ROOT = os.path.dirname(HERE)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", default=os.path.join(ROOT, "build"))
    parser.add_argument("--peers", default=os.environ.get("PEERS", ""))
    parser.add_argument("--against", metavar="PROGRAM",
                        help="another build of the gateway, measured in turn with this one")
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("ROUNDS", "0")))
    parser.add_argument("--quick", action="store_true", default=os.environ.get("QUICK") == "1")
    parser.add_argument("--smoke", action="store_true", help="shortest run, to test the runner")
    parser.add_argument("--write", metavar="FILE", help="replace the marked blocks of this file")
    parser.add_argument("--json", metavar="FILE", help="write every window there")
    parser.add_argument("--wait-quiet", metavar="S", type=int, default=0,
                        help="before each window wait up to S seconds for an idle machine")
    parser.add_argument("--base-port", type=int, default=0, help="0: any free ports")
    parser.add_argument("--keep", action="store_true", help="keep configurations and logs")
    return parser.parse_args()


def chosen_peers(text, rig):
    """The peers to run and why others are left out."""
    names = [x for x in text.split(",") if x]
    unknown = [x for x in names if x not in peers.ALL]
    if unknown:
        raise RigError(f"unknown peer {unknown[0]}; known: {', '.join(peers.ALL)}")
    if not set(names) & set(peers.DEFAULT):
        names = peers.DEFAULT + names
    elif names != ["direct"]:
        # The floor and the reference of every ratio belong to each comparison.
        names = ["direct", "nginx"] + [x for x in names if x not in ("direct", "nginx")]
    chosen, left_out = [], []
    for name in names:
        missing = peers.ALL[name].missing(rig)
        if missing:
            left_out.append(f"{name}: {missing}")
        else:
            chosen.append(peers.ALL[name])
    return chosen, left_out


def start_stub(rig, times, port):
    """The stub backend; sets the rig's stub_port."""
    if port:
        refuse_taken(port)
    argv = [rig.program("synapse-bench-stub"), "--listen", f"127.0.0.1:{port or free_port()}"]
    argv += ["--events", str(times.stream_events), "--interval-us", str(times.stream_interval_us)]
    stub = Child("stub", argv, rig.path("stub.log"), pipe_stdout=True)
    try:
        words = stub.stdout.readline().split()
        if len(words) != 2:
            raise RigError(f"the stub did not start: {stub.log_tail()}")
        rig.stub_port = int(words[1])
        stub.check_owns(rig.stub_port)
    except BaseException:
        stub.stop()
        raise
    return stub


def count_lines(path):
    with open(path, "rb") as f:
        return sum(block.count(b"\n") for block in iter(lambda: f.read(1 << 20), b""))


class Round:
    """All peers up at once, each idle while another one is measured."""

    def __init__(self, rig, stub, results, base_port, wait_quiet):
        self.wait_quiet = wait_quiet
        self.rig = rig
        self.stub = stub
        self.results = results
        self.base_port = base_port
        self.running = {}  # name → (child, port, pids)
        self.idle = {}
        self.answered = {}
        self.lines_before = {}

    def start(self, chosen):
        for offset, peer in enumerate(chosen, start=1):
            if peer.name == "direct":
                self.running["direct"] = None, self.rig.stub_port, []
                continue
            port = self.base_port + offset if self.base_port else free_port()
            child = peer.start_ready(self.rig, port)
            self.running[peer.name] = child, port, child.pids()
        time.sleep(0.3)  # workers settle before their idle memory is read
        for name, (child, _, pids) in self.running.items():
            if child:
                self.idle[name] = memory(pids)
                self.lines_before[name] = self._log_lines(peers.ALL[name])
                self.answered[name] = 0

    def run(self, chosen, scenario, expected):
        for peer in chosen:
            if scenario.peers and peer.name not in scenario.peers:
                continue
            child, port, pids = self.running[peer.name]
            wait_until_quiet(self.wait_quiet, report.DISTURBED_CORES)
            if child:
                pids = child.pids()
            window = scenarios.run_window(
                self.rig, scenario, peer, port, pids, self.stub, expected
            )
            if child and not child.running():
                window = {"void": f"{peer.name} ended: {child.log_tail()}"}
            if child:
                self.answered[peer.name] += window.get("answered", 0) + 1  # and the probe
                window["idle_kib"] = vars(self.idle[peer.name])
            self.results.add(scenario.name, peer.name, window)

    def finish(self):
        time.sleep(1.2)  # access logs may be written in batches
        for name, (child, _, _) in self.running.items():
            if not child or not child.running():
                continue
            self.results.memory[name].append((self.idle[name], memory(child.pids())))
            if peers.ALL[name].access_log and self.answered[name]:
                lines = self._log_lines(peers.ALL[name]) - self.lines_before[name]
                self.results.log_lines[name].append(lines / self.answered[name])

    def stop(self):
        for child, _, _ in self.running.values():
            if child:
                child.stop()

    def _log_lines(self, peer):
        return count_lines(self.rig.path(peer.access_log)) if peer.access_log else 0


def measure(rig, chosen, rounds, times, base_port, wait_quiet):
    results = report.Results([p.name for p in chosen], rounds)
    stub = start_stub(rig, times, base_port)
    try:
        todo = scenarios.all_scenarios(times)
        expected = scenarios.expected_sizes(todo, rig.stub_port, peers.ALL["direct"])
        for number in range(1, rounds + 1):
            current = Round(rig, stub, results, base_port, wait_quiet)
            try:
                current.start(chosen)
                # In turn from either end: what warms up within a round favours nobody.
                order = chosen if number % 2 else chosen[::-1]
                for scenario in todo:
                    say(f"round {number}/{rounds}: {scenario.name}")
                    current.run(order, scenario, expected)
                current.finish()
            finally:
                current.stop()
    finally:
        stub.stop()
    return results


def run_micro(rig):
    """Google Benchmark's report of the micro-benchmarks, or None when they are not built."""
    program = rig.program("synapse-microbench")
    if not os.access(program, os.X_OK):
        return None
    say("micro-benchmarks")
    out = rig.path("micro.json")
    argv = [program, "--benchmark_min_time=0.1", f"--benchmark_out={out}"]
    argv += ["--benchmark_out_format=json", "--benchmark_repetitions=3"]
    argv += ["--benchmark_report_aggregates_only=true"]
    child = Child("microbench", argv, rig.path("micro.log"))
    try:
        if child.wait(180) != 0:
            raise RigError(f"micro-benchmarks failed: {child.log_tail()}")
    except subprocess.TimeoutExpired as error:
        raise RigError("micro-benchmarks took longer than three minutes") from error
    finally:
        child.stop()
    with open(out, encoding="utf-8") as f:
        return json.load(f)


def say(text):
    print(text, file=sys.stderr, flush=True)


def write_document(path, lines, micro):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    text = report.replace_block(text, "bench", lines)
    if micro:
        text = report.replace_block(text, "microbench", report.micro_table(micro))
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def save_json(path, results, facts, micro):
    everything = {
        "machine": dict(facts), "rounds": results.rounds, "windows": results.windows,
        "memory_kib": {p: [[vars(a), vars(b)] for a, b in m] for p, m in results.memory.items()},
        "log_lines_per_answer": results.log_lines, "void": results.failures, "micro": micro,
    }
    with open(path, "w", encoding="utf-8") as f:
        json.dump(everything, f, indent=1)


def run(arguments, rig):
    chosen, left_out = chosen_peers(arguments.peers, rig)
    for program in ("synapse-bench-stub", "synapse-bench-load"):
        if not os.access(rig.program(program), os.X_OK):
            raise RigError(f"{rig.program(program)} is not built (option SYNAPSE_BUILD_BENCH)")
    for peer in chosen:
        if hasattr(peer, "prepare"):
            peer.prepare(rig)
    times = scenarios.QUICK if arguments.quick else scenarios.NORMAL
    times = scenarios.SMOKE if arguments.smoke else times
    rounds = arguments.rounds or (1 if arguments.quick or arguments.smoke else 3)
    estimate = rounds * (len(chosen) * times.estimate_seconds() + 2)
    if "litellm" in [p.name for p in chosen]:
        estimate += rounds * 60
    estimate += rounds * len(chosen) * 6 * arguments.wait_quiet
    limit = "at most " if arguments.wait_quiet else "about "
    say(f"{limit}{estimate:.0f} s: {', '.join(p.name for p in chosen)}; {rounds} round(s)")
    signal.alarm(int(2 * estimate + 120))
    results = measure(rig, chosen, rounds, times, arguments.base_port,
                      arguments.wait_quiet)
    signal.alarm(240)
    micro = None if arguments.smoke else run_micro(rig)
    signal.alarm(0)
    facts = machine.describe(rig, chosen)
    lines = report.machine_table(facts) + [""] + report.tables(results)
    lines += [f"- left out: {text}" for text in left_out]
    print("\n".join(lines))
    if micro:
        print("\n".join(["", "### Micro-benchmarks", ""] + report.micro_table(micro)))
    if arguments.json:
        save_json(arguments.json, results, facts, micro)
    if arguments.write:
        write_document(arguments.write, lines, micro)
    return 1 if results.failures else 0


def on_signal(number, _frame):
    # An exception, so that every finally block ends what it started.
    raise RigError("took too long" if number == signal.SIGALRM else "interrupted")


def main():
    arguments = parse_arguments()
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_signal)
    work_dir = tempfile.mkdtemp(prefix="synapse-bench-")
    if arguments.against:
        peers.ALL["synapse-before"].program = os.path.abspath(arguments.against)
        arguments.peers = ",".join(filter(None, [arguments.peers, "synapse-before"]))
    rig = peers.Rig(ROOT, os.path.abspath(arguments.build_dir), work_dir)
    try:
        return run(arguments, rig)
    except (RigError, ValueError, subprocess.CalledProcessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    finally:
        if arguments.keep:
            say(f"configurations and logs: {work_dir}")
        else:
            shutil.rmtree(work_dir, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
