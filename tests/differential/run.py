#!/usr/bin/env python3
"""Compares two gateway programs case by case, from both of their ends.

    tests/differential/run.py --before PROGRAM --after PROGRAM [--only PATTERN] [--list] [--jobs N] [--report FILE]

Both programs run with the same configuration before a scripted backend. A case is what a client sends and what
the backend answers, byte by byte. Compared are what the client gets (heads, bodies, framing, how the connection
ends), what the backend gets (every request, in its order), the lines in both logs and the counters of /metrics.
Prints each difference; exit status 0 when there is none, 1 when there are some, 2 when a program cannot be used.
"""

import argparse
import fnmatch
import json
import os
import queue
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import transcript  # noqa: E402
from backend import Backend, Events, Stage  # noqa: E402
from cases import all_cases  # noqa: E402
from client import Conversation  # noqa: E402
from gateway import Gateway, GatewayError, total  # noqa: E402
from worlds import Router  # noqa: E402

GROUP = 40  # cases that share their gateways, at most
SHOWN_LINES = 6
SHOWN_WIDTH = 160
FIRST_LOOK_SECONDS = 1.0
LOOK_PAUSE = 0.05
CONNECTS = "synapse_upstream_connect_seconds_count"
IDLE = 'synapse_pool_connections{state="idle"}'


class Side:
    """One of the two programs, with its backend, for the cases of one group."""

    def __init__(self, program, world, router, directory):
        self._world = world
        self.backend = Backend(world.backends())
        if world.router:
            self.backend.router = Router(**router)
        try:
            config = world.config(self.backend.ports())
            self.gateway = Gateway(program, config, dict(world.environment), directory)
        except BaseException:
            self.backend.stop()
            raise
        self.names = None
        self.counters = {}
        self._pending = []  # (case, sections, framing bytes), whose log lines come at the end

    def begin(self):
        self.gateway.await_ready()
        self.names = transcript.Names(self.gateway.port, self.backend.ports())
        if self._world.router:
            # Until it knows what its router has.
            deadline = time.monotonic() + FIRST_LOOK_SECONDS
            while time.monotonic() < deadline and not self.backend.router.was_asked():
                time.sleep(0.01)
            time.sleep(LOOK_PAUSE)
        self.counters, _, _ = self.gateway.rest("mark-first")

    def run(self, case):
        """Notes what the case looks like here, but for its logs."""
        stage = Stage(case.script, Events(), self.backend.router, case.asks_health)
        self.backend.stage = stage
        talk = Conversation(self.gateway.port, stage, self.backend, case.name)
        sections = {}
        try:
            case.client(talk)
        except OSError as fault:
            talk.notes.append(f"client: {type(fault).__name__}")
        probe = f"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {case.name}-probe\r\n\r\n".encode()
        for number, one in enumerate(talk.connections, 1):
            one.finish(probe)
            for count, reply in enumerate(one.replies, 1):
                sections[f"client {number} reply {count}"] = transcript.reply_lines(reply)
            sections[f"client {number} end"] = [one.end]
        framing = {}
        for one in talk.connections:
            for reply in one.replies:
                identity = reply.field("x-request-id")
                framing[identity] = framing.get(identity, 0) + reply.framing_bytes
        try:
            counters, gauges, busy = self.gateway.rest(f"mark-{case.name}")
            kept = total(gauges, IDLE)
            if not self._world.router:
                made = total(counters, CONNECTS) - total(self.counters, CONNECTS)
                self.backend.await_connections(made, kept)
            if kept:
                self.backend.close_connections()
                self.backend.await_connections(0, 0)
                counters, _, open_still = self.gateway.rest(f"mark-{case.name}", idle=0)
                busy += open_still
            sections["kept backend connections"] = [f"{kept:g}"]
            sections["not at rest"] = busy
            sections["breakers"] = sorted(f"{k} {v:g}" for k, v in gauges.items()
                                          if k.startswith("synapse_breaker_state") and v)
            sections["counters"] = transcript.counter_lines(self.counters, counters, framing, case.loose)
            self.counters = counters
        except Exception as fault:
            sections["counters"] = [f"/metrics does not answer: {type(fault).__name__}"]
        self.backend.stage = None
        requests = {}
        for one in stage.received:
            requests.setdefault(one.backend, []).append(one)
        for name in sorted(requests):
            for number, one in enumerate(requests[name], 1):
                sections[f"{name} request {number}"] = transcript.request_lines(one, case.loose)
        sections["commands to the router"] = [f"{one.target} {one.body.decode()}" for one in stage.commands]
        if talk.notes:
            sections["notes"] = talk.notes
        self._pending.append((case, sections, framing))

    def finish(self):
        """Ends the gateway. Returns the cases' transcripts by name."""
        status = self.gateway.stop()
        self.backend.stop()
        log = self.gateway.access_log().splitlines()
        errors = self.gateway.errors()
        lines, found = [], {}
        for line in log:
            words = line.split(" id=", 1)
            identity = words[1].split(" ", 1)[0] if len(words) > 1 else ""
            if identity.startswith("mark-"):
                found.setdefault(identity[5:], []).extend(lines)
                lines = []
            elif identity != "start":
                lines.append(line)
        done = {}
        for case, sections, framing in self._pending:
            sections["access log"] = [transcript.log_line(line, framing, case.loose)
                                      for line in found.get(case.name, [])]
            sections["error log"] = transcript.error_lines(errors, case.name)
            if status != 0 and case is self._pending[-1][0]:
                sections["the program's end"] = [f"status {status}"]
            done[case.name] = {name: [self.names.clean(line) for line in text]
                               for name, text in sections.items()}
        self.gateway.remove()
        return done


def groups_of(cases):
    """Cases that share their gateways, one list each."""
    by_world = {}
    for case in cases:
        by_world.setdefault(case.world.name, []).append(case)
    made = []
    for same in by_world.values():
        size = 1 if same[0].world.fresh else GROUP
        made += [same[at:at + size] for at in range(0, len(same), size)]
    return sorted(made, key=len, reverse=True)


def both(work):
    """Calls work("before") and work("after") side by side. Returns both results."""
    results, faults = {}, []

    def one(name):
        try:
            results[name] = work(name)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=one, args=(name,), daemon=True) for name in ("before", "after")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return results


class Comparison:
    """All groups, and what differs."""

    def __init__(self, programs, report, directory):
        self._programs = programs
        self._directory = directory
        self._report_file = report
        self._report = []
        self._lock = threading.Lock()
        self.compared = 0
        self.differing = 0
        self.fault = None

    def run(self, groups, jobs):
        waiting = queue.SimpleQueue()
        for group in groups:
            waiting.put(group)

        def work():
            while self.fault is None:
                try:
                    group = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    if rest := self._compare(group):
                        waiting.put(rest)
                except Exception as fault:
                    self.fault = self.fault or fault

        # Where this process is interrupted, they end with it, and their gateways with them.
        threads = [threading.Thread(target=work, daemon=True) for _ in range(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._report_file:
            Path(self._report_file).write_text(json.dumps(self._report, indent=1, ensure_ascii=False))

    def _compare(self, group):
        """Returns the cases that are left over because a program has ended."""
        world = group[0].world
        rest = []
        sides, refused = {}, {}

        def begin(name):
            try:
                sides[name].begin()
            except GatewayError as fault:
                refused[name] = str(fault)

        try:
            for name, program in self._programs.items():
                sides[name] = Side(program, world, group[0].router, self._directory)
            both(begin)
            if len(refused) == 2:
                raise GatewayError(f"{world.name}: {refused['before']}")
            for number, case in enumerate(group if not refused else (), 1):
                both(lambda name, case=case: sides[name].run(case))
                if not all(side.gateway.running() for side in sides.values()):
                    group, rest = group[:number], group[number:]
                    break
        finally:
            done = both(lambda name: sides[name].finish() if name in sides else {})
        for case in group:
            if refused:
                # One of the programs does not take the configuration: that is what differs.
                done = {name: {case.name: {"start": [refused.get(name, "ready")]}} for name in sides}
            self._tell(case.name, done["before"][case.name], done["after"][case.name])
        return rest

    def _tell(self, name, before, after):
        found = transcript.differences(before, after)
        with self._lock:
            self.compared += 1
            if self._report_file:
                self._report.append({"case": name, "differs": bool(found), "before": before, "after": after})
            if not found:
                return
            self.differing += 1
            for section, lines in found:
                short = [line if len(line) <= SHOWN_WIDTH else line[:SHOWN_WIDTH] + "…" for line in lines]
                if len(short) > SHOWN_LINES:
                    short[SHOWN_LINES:] = [f"… {len(short) - SHOWN_LINES} more lines"]
                print(f"{name}: {section}: " + " | ".join(short), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--before", metavar="PROGRAM")
    parser.add_argument("--after", metavar="PROGRAM")
    parser.add_argument("--only", metavar="PATTERN", help="cases whose names fit, such as 'chat/*'")
    parser.add_argument("--list", action="store_true", help="print the cases' names and do nothing")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="pairs of gateways at once (2)")
    parser.add_argument("--report", metavar="FILE", help="write what was seen of every case there, as JSON")
    options = parser.parse_args()
    cases = [case for case in all_cases() if not options.only or fnmatch.fnmatch(case.name, options.only)]
    if options.list:
        print("\n".join(case.name for case in cases))
        return 0
    for program in (options.before, options.after):
        if not program or not os.access(program, os.X_OK):
            parser.error(f"--before and --after are two programs; {program or 'one'} is missing")
    if not cases:
        parser.error("no case has such a name")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    programs = {"before": os.path.abspath(options.before), "after": os.path.abspath(options.after)}
    with tempfile.TemporaryDirectory(prefix="synapse-differential-", ignore_cleanup_errors=True) as directory:
        comparison = Comparison(programs, options.report, directory)
        comparison.run(groups_of(cases), max(1, options.jobs))
    if comparison.fault is not None:
        print(f"run: {type(comparison.fault).__name__}: {comparison.fault}", file=sys.stderr)
        return 2 if isinstance(comparison.fault, (GatewayError, OSError)) else 3
    print(f"{comparison.compared} cases, {comparison.differing} differ")
    return 1 if comparison.differing else 0


if __name__ == "__main__":
    sys.exit(main())
