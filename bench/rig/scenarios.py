"""What is measured: one window of one scenario against one peer."""

import dataclasses
import http.client
import json
import subprocess

from rig.peers import fetch
from rig.processes import Child, RigError, machine_busy_ns, usage

LARGE_DIMENSIONS = 5945  # makes an embeddings answer of 65 537 bytes
CHAT_PROBE = json.dumps({"model": "bench-model", "messages": [{"role": "user", "content": "hi"}]})
LARGE_PROBE = json.dumps(
    {"model": "bench-model", "input": "hi", "dimensions": LARGE_DIMENSIONS}
)


@dataclasses.dataclass
class Times:
    """Lengths of the windows, in ms, and the shape of a stream."""

    warmup: int
    saturated: int
    single: int
    large: int
    stream_repeat: int
    stream_events: int = 64
    stream_interval_us: int = 20_000

    def estimate_seconds(self):
        """Of one round with one peer."""
        stream = self.stream_repeat * self.stream_events * self.stream_interval_us / 1e6 + 0.4
        closed = (3 * self.warmup + self.saturated + self.single + self.large) / 1000
        return stream + closed + 0.8


NORMAL = Times(warmup=400, saturated=4000, single=2500, large=1500, stream_repeat=2)
QUICK = Times(warmup=200, saturated=1000, single=1000, large=600, stream_repeat=1)
SMOKE = Times(100, 300, 300, 200, 1, stream_events=16, stream_interval_us=5_000)


@dataclasses.dataclass
class Scenario:
    name: str
    probe_path: str
    probe_body: str
    arguments: list

    def probe(self, port, timeout):
        return fetch(port, "POST", self.probe_path, self.probe_body, timeout)


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
        Scenario("stream", chat, CHAT_PROBE,
                 ["--mode", "stream", "--streams", "100", "--repeat", str(times.stream_repeat),
                  "--events", str(times.stream_events)]),
        Scenario("large", embeddings, LARGE_PROBE,
                 closed + ["--path", embeddings, "--dimensions", str(LARGE_DIMENSIONS),
                           "--connections", "16", "--duration-ms", str(times.large)]),
    ]


def expected_sizes(scenarios, stub_port):
    """Body size of every scenario's answer, as the backend itself gives it."""
    return {s.name: len(s.probe(stub_port, 5)[1]) for s in scenarios}


def _read_window(load, pids, stub):
    """Follows the load generator and takes the counters at both ends of its window."""
    watched = {"peer": pids, "stub": stub.pids(), "load": load.pids()}
    before = result = None
    for line in load.stdout:
        message = json.loads(line)
        if message.get("event") == "window":
            before = {k: usage(v) for k, v in watched.items()}, machine_busy_ns()
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


def run_window(rig, scenario, peer, port, pids, stub, expected):
    """One window. Returns the load generator's result with the peer's CPU time added.

    The key `void` says why the window counts for nothing; `skipped` says that the peer does not
    serve this scenario at all.
    """
    try:
        status, _ = scenario.probe(port, 20)
    except (OSError, http.client.HTTPException) as error:
        return {"void": f"probe: {error}"}
    if status in (404, 405):
        return {"skipped": f"not served ({status})"}
    if status != 200:
        return {"void": f"probe: status {status}"}
    argv = [rig.program("synapse-bench-load"), "--target", f"127.0.0.1:{port}"]
    argv += scenario.arguments
    if peer.exact and scenario.name != "stream":
        argv += ["--expect-bytes", str(expected[scenario.name])]
    load = Child("load", argv, rig.path("load.log"), pipe_stdout=True)
    try:
        result = _read_window(load, pids, stub)
        load.wait(10)
    except (RigError, subprocess.TimeoutExpired) as error:
        return {"void": str(error)}
    finally:
        load.stop()
    done = result.get("requests", result.get("complete", 0))
    if result["errors"] > 0:
        causes = {k: v for k, v in result["error_causes"].items() if v}
        result["void"] = f"{result['errors']} failed: {causes}"
    elif done == 0:
        result["void"] = "no request completed"
    return result
