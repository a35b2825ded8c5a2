"""What is measured: one window of one scenario against one peer."""

import contextlib
import dataclasses
import http.client
import json
import subprocess

from rig.peers import fetch
from rig.processes import Child, PeakMemory, RigError, machine_busy_ns, usage

LARGE_DIMENSIONS = 5945  # makes an embeddings answer of 65 537 bytes
CHAT_PROBE = json.dumps({"model": "bench-model", "messages": [{"role": "user", "content": "hi"}]})
LARGE_PROBE = json.dumps(
    {"model": "bench-model", "input": "hi", "dimensions": LARGE_DIMENSIONS}
)


# Who takes part in what neither an access log nor a parser of JSON has to do with.
PROXIES = "direct", "nginx", "haproxy", "synapse", "synapse-before"
UPLOAD_PATH = "/stt/transcribe"
UPLOAD_PROBE = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    + b"RIFF" + (40).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    + b"\1\0\1\0" + (24000).to_bytes(4, "little") + (48000).to_bytes(4, "little")
    + b"\2\0\x10\0data" + (4).to_bytes(4, "little") + b"abcd" + b"\r\n--b--\r\n"
)


@dataclasses.dataclass
class Times:
    """Lengths of the windows, in ms, and the shape of streams and uploads."""

    warmup: int
    saturated: int
    single: int
    large: int
    stream_repeat: int
    stream_events: int = 64
    stream_interval_us: int = 20_000
    speech_repeat: int = 3
    speech_frames: int = 50
    uploads: int = 50
    upload_bytes: int = 100_000_000

    def estimate_seconds(self):
        """Of one round with one peer."""
        events = self.stream_repeat * self.stream_events
        frames = self.speech_repeat * (self.speech_frames + 1)
        streams = (events + frames) * self.stream_interval_us / 1e6 + 0.8
        closed = (3 * self.warmup + self.saturated + self.single + self.large) / 1000
        uploads = self.uploads * self.upload_bytes / 1e9
        return streams + closed + uploads + 1.2


NORMAL = Times(warmup=400, saturated=4000, single=2500, large=1500, stream_repeat=2)
QUICK = Times(warmup=200, saturated=1000, single=1000, large=600, stream_repeat=1,
              speech_repeat=1, uploads=10, upload_bytes=20_000_000)
SMOKE = Times(100, 300, 300, 200, 1, stream_events=16, stream_interval_us=5_000,
              speech_repeat=1, speech_frames=16, uploads=4, upload_bytes=1_000_000)


@dataclasses.dataclass
class Scenario:
    name: str
    probe_path: str
    probe_body: str
    arguments: list
    peers: tuple = ()  # names; empty: all
    fixed_size = True  # the answer has the size that the backend itself gives it
    watches_memory = False

    def probe(self, port, timeout, peer):
        """Status and body of one such request."""
        return fetch(port, "POST", self.probe_path, self.probe_body, timeout)

    def arguments_for(self, peer):
        """Of the load generator."""
        return self.arguments


class Stream(Scenario):
    fixed_size = False


class Speech(Scenario):
    """Streamed speech; the gateway has a route and a field of its own for it."""

    fixed_size = False

    def probe(self, port, timeout, peer):
        path, field = peer.speech
        return fetch(port, "POST", path, json.dumps({field: "2 frames"}), timeout)

    def arguments_for(self, peer):
        path, field = peer.speech
        return self.arguments + ["--path", path, "--text-field", field]


class Uploads(Scenario):
    """Forms with a recording, whose answers say how many bytes of it came."""

    fixed_size = False
    watches_memory = True

    def probe(self, port, timeout, peer):
        return fetch(port, "POST", UPLOAD_PATH, UPLOAD_PROBE, timeout,
                     "multipart/form-data; boundary=b")


def all_scenarios(times):
    """In the order they are run."""
    closed = ["--warmup-ms", str(times.warmup)]
    chat = "/v1/chat/completions"
    embeddings = "/v1/embeddings"
    return [
        Scenario("saturated", chat, CHAT_PROBE,
                 closed + ["--connections", "64", "--duration-ms", str(times.saturated)]),
        Scenario("single", chat, CHAT_PROBE,
                 closed + ["--connections", "1", "--duration-ms", str(times.single)]),
        Stream("stream", chat, CHAT_PROBE,
               ["--mode", "stream", "--streams", "100", "--repeat", str(times.stream_repeat),
                "--events", str(times.stream_events)]),
        Scenario("large", embeddings, LARGE_PROBE,
                 closed + ["--path", embeddings, "--dimensions", str(LARGE_DIMENSIONS),
                           "--connections", "16", "--duration-ms", str(times.large)]),
        Speech("speech", "", "",
               ["--mode", "speech", "--streams", "100", "--repeat", str(times.speech_repeat),
                "--events", str(times.speech_frames)], PROXIES),
        Uploads("upload", "", "",
                ["--mode", "upload", "--path", UPLOAD_PATH, "--streams", str(times.uploads),
                 "--file-bytes", str(times.upload_bytes), "--limit-ms", "60000"], PROXIES),
    ]


def expected_sizes(scenarios, stub_port, direct):
    """Sizes of answers as the backend itself gives them."""
    return {s.name: len(s.probe(stub_port, 5, direct)[1]) for s in scenarios if s.fixed_size}


def _read_window(load, pids, stub, peak):
    """Follows the load generator and takes the counters at both ends of its window; within it,
    `peak` is entered."""
    watched = {"peer": pids, "stub": stub.pids(), "load": load.pids()}
    before = result = None
    with contextlib.ExitStack() as window:
        for line in load.stdout:
            message = json.loads(line)
            if message.get("event") == "window":
                before = {k: usage(v) for k, v in watched.items()}, machine_busy_ns()
                window.enter_context(peak)
            else:
                result = message
                break
    if before is None or result is None:
        raise RigError(f"the load generator said nothing: {load.log_tail()}")
    after = {k: usage(v) for k, v in watched.items()}, machine_busy_ns()
    used = {k: after[0][k].since(before[0][k]) for k in watched}
    # The generator may have ended before its counters were read: it is then left out below.
    own = sum(max(0, u.cpu_ns) for u in used.values())
    result["peer_cpu_ns"] = used["peer"].cpu_ns
    result["peer_switches"] = used["peer"].switches
    result["stub_cpu_ns"] = used["stub"].cpu_ns
    busy = after[1] - before[1]
    result["foreign_cores"] = max(0.0, (busy - own) / 1e9 / max(result["seconds"], 1e-9))
    return result


def _probe_problem(scenario, peer, port):
    """The window of a peer that does not even answer one such request, or None."""
    try:
        status, _ = scenario.probe(port, 20, peer)
    except (OSError, http.client.HTTPException) as error:
        return {"void": f"probe: {error}"}
    if status in (404, 405):
        return {"skipped": f"not served ({status})"}
    return None if status == 200 else {"void": f"probe: status {status}"}


def run_window(rig, scenario, peer, port, pids, stub, expected):
    """One window. Returns the load generator's result with the peer's CPU time added, and the most
    memory it had where the scenario is about that.

    The key `void` says why the window counts for nothing; `skipped` says that the peer does not
    serve this scenario at all.
    """
    problem = _probe_problem(scenario, peer, port)
    if problem:
        return problem
    argv = [rig.program("synapse-bench-load"), "--target", f"127.0.0.1:{port}"]
    argv += scenario.arguments_for(peer)
    if peer.exact and scenario.fixed_size:
        argv += ["--expect-bytes", str(expected[scenario.name])]
    peak = PeakMemory(pids) if scenario.watches_memory and pids else contextlib.nullcontext()
    load = Child("load", argv, rig.path("load.log"), pipe_stdout=True)
    try:
        result = _read_window(load, pids, stub, peak)
        load.wait(10)
    except (RigError, subprocess.TimeoutExpired) as error:
        return {"void": str(error)}
    finally:
        load.stop()
    if isinstance(peak, PeakMemory):
        result["peak_kib"] = vars(peak.peak)
        result["memory_samples"] = peak.samples
    done = result.get("requests", result.get("complete", 0))
    if result["errors"] > 0:
        causes = {k: v for k, v in result["error_causes"].items() if v}
        result["void"] = f"{result['errors']} failed: {causes}"
    elif done == 0:
        result["void"] = "no request completed"
    elif result.get("memory_samples") == 0:
        result["void"] = "its memory could not be read"
    return result
