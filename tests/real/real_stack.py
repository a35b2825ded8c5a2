"""A real llama.cpp router with the gateway in front of it, for the tests beside this file."""

import http.client
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from with_local_stack import LocalStack  # noqa: E402

SCRIPT = ROOT / "scripts" / "real_llama.sh"
BIN_DIR = Path(os.environ.get("SYNAPSE_BIN_DIR", ROOT / "build" / "bin"))
# DIRECT=1: the same requests to the router itself, which then loads models on its own. It shows
# whether something that fails is the gateway's doing.
DIRECT = os.environ.get("DIRECT", "") not in ("", "0")
POLL_SECONDS = 0.02
# One thread and one slot: with as many threads as cores, llama.cpp's threads wait for each other as
# soon as anything else runs, and 60 tokens a second become one.
ROUTER_FLAGS = ("--ctx-size", "1024", "--threads", "1", "--parallel", "1")
CONFIG = """\
backends:
  llama-router:
    url: http://127.0.0.1:{port}
    type: openai-compatible
    health: /health
routes:
  /v1/chat/completions: llama-router
  /models: llama-router
  /models/*: llama-router
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, seconds):
    """Asks again until true; gives up at a limit, so that a failure is one."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


class RealStack(LocalStack):
    """Context manager: router and gateway, from start to ordered stop.

    `base_url` is what clients talk to. What a test has to know of the router itself it asks with
    `router_get` and `RouterEvents`, past the gateway.
    """

    def __init__(self, *flags):
        super().__init__(BIN_DIR)
        self.flags = [*ROUTER_FLAGS, *flags]
        if not DIRECT and "--models-autoload" not in flags:
            self.flags.append("--no-models-autoload")
        self.router_port = 0
        self.router_starts = 0

    def _start(self):
        self.router_port = free_port()
        self.start_router()
        self.base_url = f"http://127.0.0.1:{self.router_port}"
        if not DIRECT:
            self._start_gateway(CONFIG.format(port=self.router_port))

    def start_router(self):
        self.router_starts += 1
        # The script becomes the router, so the process can be signalled like any other.
        self.router = self._spawn_command(
            f"llama-router-{self.router_starts}",
            [str(SCRIPT), "run", "--port", str(self.router_port), *self.flags], dict(os.environ))
        self._await(lambda: self._answers(f"http://127.0.0.1:{self.router_port}/health"), self.router,
                    "answer to /health")

    def kill_router(self):
        """As the kernel does when memory runs out. Its children notice and end by themselves."""
        self.router.kill()
        self.router.wait()
        self.processes = [each for each in self.processes if each[1] is not self.router]

    def kill_model(self, model):
        """Kills the router's child that holds a model."""
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                parent = re.search(r"^PPid:\t(\d+)$", status.read_text(), re.MULTILINE)
                words = (status.parent / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # ended meanwhile
            if int(parent.group(1)) == self.router.pid and model.encode() in words:
                os.kill(int(status.parent.name), signal.SIGKILL)
                return
        raise AssertionError(f"the router has no process for {model}")

    def router_request(self, method, path, body=None, seconds=30.0):
        """(status, text) of the router's own answer."""
        return plain_request(self.router_port, method, path, body, seconds)

    def router_states(self):
        """What the router says of its models: state by id."""
        status, text = self.router_request("GET", "/models")
        if status != 200:
            raise AssertionError(f"GET /models at the router: {status} {text}")
        return {model["id"]: model["status"]["value"] for model in json.loads(text)["data"]}

    def is_processing(self, model):
        """Whether the router's child for a loaded model is decoding."""
        status, text = self.router_request("GET", f"/slots?model={model}")
        if status != 200:
            raise AssertionError(f"GET /slots at the router: {status} {text}")
        return any(slot["is_processing"] for slot in json.loads(text))


def plain_request(port, method, path, body=None, seconds=30.0):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


class RouterEvents:
    """Context manager: what happens to the router's models, from its own event stream.

    Every load is one `model_status` event with `loading`; the others that say so are its progress.
    """

    def __init__(self, port):
        self.events = []  # (event, model, state)
        # The router sends nothing while nothing happens.
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def __enter__(self):
        self.connection.request("GET", "/models/sse")
        self.socket = self.connection.sock
        self.answer = self.connection.getresponse()  # from now on nothing is missed
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        return self

    def __exit__(self, *_):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes the reader
        except OSError:
            pass  # the router has gone
        self.reader.join(10)
        self.connection.close()

    def _read(self):
        try:
            for line in self.answer:
                if line.startswith(b"data: "):
                    event = json.loads(line[6:])
                    self.events.append((event["event"], event["model"],
                                        event["data"].get("status")))
        except (OSError, ValueError, http.client.HTTPException):
            pass  # the end, in whatever way

    def count(self, state, model=None):
        kind = "model_status" if state == "loading" else "status_change"
        return sum(1 for event, whose, what in list(self.events)
                   if (event, what) == (kind, state) and model in (None, whose))

    def loads(self, model=None):
        """How many loads began; waits until each has ended, one way or the other."""
        eventually(lambda: "loading" not in
                   {whose: state for _, whose, state in list(self.events)}.values(), 60)
        return self.count("loading", model)
