#!/usr/bin/env python3
"""The runner's own rules: what voids a window, what a ratio is, what a port check finds."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))

# pylint: disable=wrong-import-position
import run  # noqa: E402
from rig import peers, report, scenarios  # noqa: E402
from rig.processes import (  # noqa: E402
    Child, PeakMemory, RigError, free_port, memory, port_taken, refuse_taken,
)


def window(rps, p50, cpu_ns=0, foreign=0.0):
    return {"rps": rps, "requests": 100, "errors": 0, "seconds": 1, "peer_cpu_ns": cpu_ns,
            "peer_switches": 50, "foreign_cores": foreign,
            "latency_us": {"p50": p50, "p99": 2 * p50, "p99.9": 3 * p50}}


def speech(first, delay):
    times = {"p50": first, "p99": 2 * first}
    delays = {"p50": delay, "p99": 2 * delay, "p99.9": 3 * delay}
    return dict(window(0, 0, cpu_ns=1_000_000), parallel=7, complete=7, events=100,
                first_event_us=times, event_delay_us=delays)


def uploads(peak_mib, **other):
    return dict(window(0, 0, cpu_ns=2_000_000_000), parallel=10, complete=10, mb_per_s=500.0,
                file_bytes=200_000_000, idle_kib={"rss_kib": 5 * 1024, "pss_kib": 2 * 1024},
                peak_kib={"rss_kib": peak_mib * 1024, "pss_kib": peak_mib * 1024}, **other)


def results_of(scenario, **rounds):
    results = report.Results(list(rounds), 3)
    for peer, windows in rounds.items():
        for w in windows:
            results.add(scenario, peer, w)
    return results


def row_of(lines, peer):
    return next(line for line in lines if line.startswith(f"| {peer} |")).split("|")[1:-1]


class Report(unittest.TestCase):
    def test_a_ratio_is_the_median_of_the_rounds_ratios(self):
        # The machine is twice as slow in the last round, for both alike.
        results = results_of(
            "saturated",
            nginx=[window(1000, 10), window(1000, 10), window(500, 20)],
            ours=[window(1100, 9), window(1200, 9), window(575, 18)],
        )
        row = [cell.strip() for cell in row_of(report.tables(results), "ours")]
        self.assertEqual(row[1], "1 100 (575–1 200)")
        self.assertEqual(row[2], "1.15×")

    def test_a_void_window_counts_for_nothing_and_is_named(self):
        results = results_of(
            "saturated",
            nginx=[window(1000, 10)] * 3,
            ours=[window(1100, 9), {"void": "3 failed", "rps": 9e9}, window(1100, 9)],
        )
        lines = report.tables(results)
        row = [cell.strip() for cell in row_of(lines, "ours")]
        self.assertEqual(row[1], "1 100 (1 100–1 100)")
        self.assertEqual(row[-1], "2/3")
        self.assertIn("- void: saturated, ours: 3 failed", lines)

    def test_added_time_is_the_difference_within_a_round(self):
        results = results_of(
            "single",
            direct=[window(1, 10), window(1, 50), {"void": "x"}],
            nginx=[window(1, 30), window(1, 70), window(1, 99)],
        )
        added = results.added("single", "nginx", lambda w: w["latency_us"]["p50"])
        self.assertEqual(added, [20, 20, None])

    def test_no_ratio_is_made_of_an_added_time_that_is_noise(self):
        floor = [window(1, 10), window(1, 10), window(1, 10)]
        results = results_of(
            "single",
            direct=floor,
            nginx=[window(1, 30), window(1, 10.001), window(1, 30)],
            ours=[window(1, 50), window(1, 50), window(1, 50)],
        )
        row = [cell.strip() for cell in row_of(report.tables(results), "ours")]
        self.assertEqual(row[4], "2.00×")
        results = results_of("single", direct=floor, nginx=[window(1, 9)] * 3,
                             ours=[window(1, 50)] * 3)
        row = [cell.strip() for cell in row_of(report.tables(results), "ours")]
        self.assertEqual(row[4], "–")

    def test_speech_shows_what_is_added_to_its_first_byte_and_to_each_frame(self):
        results = results_of("speech", direct=[speech(20, 5)], nginx=[speech(60, 25)],
                             ours=[speech(40, 15)])
        lines = report.tables(results)
        first = lines.index("### Speech, 7 in parallel: first audio")
        each = lines.index("### Speech, 7 in parallel: every frame")
        row = [cell.strip() for cell in row_of(lines[first:], "ours")]
        self.assertEqual(row[1:7], ["40", "80", "20", "0.50×", "40", "0.50×"])
        row = [cell.strip() for cell in row_of(lines[each:], "ours")]
        self.assertEqual(row[1:8], ["15", "30", "45", "10", "0.50×", "20", "0.50×"])
        self.assertEqual(row[8], "10.0")

    def test_uploads_show_memory_above_idle_and_per_upload(self):
        results = results_of("upload", nginx=[uploads(25)], ours=[uploads(15)])
        lines = report.tables(results)
        row = [cell.strip() for cell in
               row_of(lines[lines.index("### Uploads of 20 MB, 10 in parallel: memory"):], "ours")]
        self.assertEqual(row[1:5], ["10.0", "1.00", "0.50×", "13.0"])
        self.assertEqual(row[7], "10.0")  # 2 s of processor time for 0.2 GB

    def test_a_void_upload_counts_for_nothing(self):
        results = results_of("upload", nginx=[uploads(25)], ours=[uploads(99, void="2 failed")])
        lines = report.tables(results)
        row = row_of(lines[lines.index("### Uploads of 20 MB, 10 in parallel: memory"):], "ours")
        self.assertEqual(row[1].strip(), "–")
        self.assertIn("**void**", row[-1])

    def test_a_scenario_a_peer_does_not_serve_is_no_failure(self):
        results = results_of("large", nginx=[window(1, 1)], ours=[{"skipped": "not served (404)"}])
        self.assertIn("not served (404)", row_of(report.tables(results), "ours")[1])
        self.assertEqual(results.failures, [])

    def test_disturbed_windows_are_counted(self):
        results = results_of("single", direct=[window(1, 1, foreign=0.5), window(1, 1)])
        self.assertEqual(results.disturbed(), 1)

    def test_only_the_marked_block_is_replaced(self):
        text = "a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nb\n"
        self.assertEqual(report.replace_block(text, "bench", ["new", "er"]),
                         "a\n<!-- bench:begin -->\nnew\ner\n<!-- bench:end -->\nb\n")
        for broken in ("", text + text, "<!-- bench:end --><!-- bench:begin -->"):
            with self.assertRaises(ValueError):
                report.replace_block(broken, "bench", [])

    def test_the_document_has_both_blocks(self):
        with open(os.path.join(ROOT, "docs", "PERFORMANCE.md"), encoding="utf-8") as f:
            text = f.read()
        for name in ("bench", "microbench"):
            self.assertIn("\nnew\n", report.replace_block(text, name, ["new"]))


class Choice(unittest.TestCase):
    def names(self, text):
        rig = peers.Rig(ROOT, "/nonexistent", "/nonexistent")
        chosen, left_out = run.chosen_peers(text, rig)
        return {p.name for p in chosen} | {x.split(":")[0] for x in left_out}

    def test_optional_peers_are_added_and_default_ones_narrow_down(self):
        self.assertEqual(self.names(""), set(peers.DEFAULT))
        self.assertEqual(self.names("litellm"), set(peers.DEFAULT) | {"litellm"})
        self.assertEqual(self.names("haproxy"), {"direct", "nginx", "haproxy"})
        self.assertEqual(self.names("direct"), {"direct"})
        with self.assertRaises(RigError):
            self.names("apache")


class Scenarios(unittest.TestCase):
    def test_the_gateway_gets_speech_on_its_own_route(self):
        for scenario in scenarios.all_scenarios(scenarios.SMOKE):
            if scenario.name == "speech":
                self.assertIn("/tts/stream", scenario.arguments_for(peers.ALL["synapse"]))
                self.assertIn("/v1/audio/speech", scenario.arguments_for(peers.ALL["nginx"]))

    def test_the_estimate_grows_with_what_is_uploaded(self):
        self.assertGreater(scenarios.NORMAL.estimate_seconds(),
                           scenarios.QUICK.estimate_seconds() + 4)


class Smoke(unittest.TestCase):
    """The shortest run, with the gateway where it is built: BUILD_DIR says where."""

    @unittest.skipUnless(
        os.access(os.path.join(os.environ.get("BUILD_DIR", ""), "bin", "synapse"), os.X_OK),
        "no gateway in BUILD_DIR")
    def test_every_scenario_has_a_valid_window_of_the_gateway(self):
        with tempfile.TemporaryDirectory() as folder:
            found = os.path.join(folder, "windows.json")
            done = subprocess.run(
                [sys.executable, os.path.join(ROOT, "bench", "run.py"), "--peers", "synapse",
                 "--smoke", "--build-dir", os.environ["BUILD_DIR"], "--json", found],
                capture_output=True, text=True, timeout=100, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(found, encoding="utf-8") as f:
                windows = json.load(f)["windows"]
        for scenario in scenarios.all_scenarios(scenarios.SMOKE):
            for peer in ("direct", "synapse"):
                self.assertNotIn("void", windows[scenario.name][peer][0])
        self.assertIn("Uploads of 1 MB, 4 in parallel: memory", done.stdout)
        upload = windows["upload"]["synapse"][0]
        self.assertEqual(upload["file_bytes"], 4_000_000)
        self.assertGreaterEqual(upload["peak_kib"]["rss_kib"], upload["idle_kib"]["rss_kib"])


class Processes(unittest.TestCase):
    def test_the_peak_of_memory_outlives_what_was_freed(self):
        with PeakMemory([os.getpid()]) as watched:
            before = memory([os.getpid()]).rss_kib
            block = bytearray(os.urandom(1)) * (64 * 2**20)
            while watched.peak.rss_kib < before + 60 * 1024:
                pass
            del block
        self.assertGreaterEqual(watched.peak.rss_kib, before + 60 * 1024)

    def test_memory_of_a_process_that_has_ended_is_no_peak(self):
        child = Child("short", ["true"], os.devnull)
        child.wait(5)
        child.stop()
        with PeakMemory([child.pid]) as watched:
            pass
        self.assertEqual(watched.samples, 0)

    def test_a_port_that_someone_shares_is_taken(self):
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            self.assertTrue(port_taken(port))
            with self.assertRaises(RigError):
                refuse_taken(port)
            child = Child("sleeper", ["sleep", "60"], os.devnull)
            try:
                with self.assertRaises(RigError):
                    child.check_owns(port)
            finally:
                child.stop()
        self.assertFalse(port_taken(free_port()))

    def test_a_child_is_alone_in_its_session_and_ends_with_its_children(self):
        child = Child("shell", ["sh", "-c", "sleep 60 & echo up; wait"], os.devnull,
                      pipe_stdout=True)
        child.stdout.readline()
        self.assertEqual(os.getsid(child.pid), child.pid)
        self.assertEqual(len(child.pids()), 2)
        child.stop()
        self.assertFalse(child.running())
        self.assertEqual(child.left_behind(), [])


if __name__ == "__main__":
    unittest.main()
