"""Real llama-servers, one model each, as deployments of one name of a gateway's catalog.

scripts/real_llama.sh prepares server and model. Both servers have the same model under names of their
own (--alias), so that every answer, and every piece of a stream, tells who made it.
"""

import http.client
import json
import os
import signal
import threading
import time
from dataclasses import dataclass, field

from real_stack import BIN_DIR, SCRIPT, LocalStack, eventually, free_port, plain_request

# One thread: with as many threads as cores llama.cpp's threads wait for each other as soon as anything
# else runs. A slot for every client, so that a busy server is slow and nobody waits behind others.
COMMON_FLAGS = ("--threads", "1", "--threads-batch", "1", "--no-webui")
CROWD_FLAGS = ("--ctx-size", "6144", "--parallel", "24")
HOLD_SECONDS = 40  # what a frozen engine costs a request; above what a busy machine takes for an answer
# All clients may wait for the one that dies: more attempts at once than a name has by default.
CONFIG = """\
routing: {{retry_floor: 100}}
backends:
  engine-a: {{url: "http://127.0.0.1:{a}", type: openai-compatible, health: /health, timeouts: {timeouts}}}
  engine-b: {{url: "http://127.0.0.1:{b}", type: openai-compatible, health: /health, timeouts: {timeouts}}}
catalog:
  side-by-side:
    deployments:
      - {{id: beside-a, backend: engine-a, model: gemma-on-a}}
      - {{id: beside-b, backend: engine-b, model: gemma-on-b}}
  two-tiers:
    deployments:
      - {{id: first, backend: engine-a, model: gemma-on-a, order: 1}}
      - {{id: second, backend: engine-b, model: gemma-on-b, order: 2}}
"""
TIMEOUTS = f"{{response: {HOLD_SECONDS}s, first_token: {HOLD_SECONDS}s, idle: {HOLD_SECONDS}s}}"
MODEL_OF = {"beside-a": "gemma-on-a", "beside-b": "gemma-on-b",
            "first": "gemma-on-a", "second": "gemma-on-b"}
DEPLOYMENT_OF = {("side-by-side", "gemma-on-a"): "beside-a", ("side-by-side", "gemma-on-b"): "beside-b",
                 ("two-tiers", "gemma-on-a"): "first", ("two-tiers", "gemma-on-b"): "second"}


class EngineStack(LocalStack):
    """Context manager: two engines, `a` and `b`, and the gateway."""

    config = CONFIG

    def __init__(self, flags=CROWD_FLAGS, timeouts="{}"):
        super().__init__(BIN_DIR)
        self.flags = flags
        self.timeouts = timeouts
        self.ports = {}
        self.engines = {}
        self.frozen = set()
        self.starts = 0

    def _start(self):
        for letter in "ab":
            self.ports[letter] = free_port()
            self.start_engine(letter)
        self._start_gateway(self.config.format(**self.ports, timeouts=self.timeouts))

    def start_engine(self, letter):
        """Returns when it answers; it refuses connections before, and is 503 while it loads."""
        self.engines[letter] = self.start_server(letter, "gemma-a", "--alias", f"gemma-on-{letter}",
                                                 *self.flags)

    def start_server(self, name, model, *flags):
        """A llama-server at the port of that name. @returns its process, once it answers"""
        self.starts += 1
        process = self._spawn_command(
            f"engine-{name}-{self.starts}",
            [str(SCRIPT), "serve", model, "--port", str(self.ports[name]), *COMMON_FLAGS, *flags],
            dict(os.environ))
        self._await(lambda: self._answers(f"http://127.0.0.1:{self.ports[name]}/health"), process,
                    "answer to /health")
        return process

    def kill_engine(self, letter):
        process = self.engines[letter]
        process.kill()
        process.wait()
        self.processes = [each for each in self.processes if each[1] is not process]

    def freeze(self, letter):
        """As a driver does that hangs: connections are taken and nothing is said."""
        self.frozen.add(letter)
        self.engines[letter].send_signal(signal.SIGSTOP)

    def thaw(self, letter):
        self.engines[letter].send_signal(signal.SIGCONT)
        self.frozen.discard(letter)

    def _stop(self, check):
        for letter in list(self.frozen):
            self.thaw(letter)  # or SIGTERM waits
        super()._stop(check)

    @property
    def port(self):
        return int(self.base_url.rsplit(":", 1)[1])


@dataclass
class Outcome:
    """What one client of the crowd has seen."""

    stream: bool
    began: float  # monotonic seconds, as all times
    ended: float = 0.0
    status: int = 0
    deployment: str = ""
    attempts: int = 0
    content: bool = False  # some of the answer came
    pieces: int = 0  # of a stream, so far
    complete: bool = False
    reported: bool = False  # an error event, or a connection that broke off
    problem: str = ""  # what should not be, whatever has happened to an engine
    text: str = ""

    @property
    def cut(self):
        return self.content and not self.complete

    @property
    def failed_before_it_began(self):
        return not self.content and not self.complete

    def __str__(self):
        kind = "stream" if self.stream else "whole answer"
        return (f"{kind} of {self.deployment or 'nobody'}, attempts {self.attempts}, status {self.status}, "
                f"after {self.ended - self.began:.1f} s: {self.problem or self.text[-300:]!r}")


@dataclass
class _Pieces:
    """A stream as it comes: which answers it is made of."""

    ids: set = field(default_factory=set)
    models: set = field(default_factory=set)
    prints: set = field(default_factory=set)
    reasons: list = field(default_factory=list)
    usage: dict | None = None
    done: bool = False
    error: bool = False
    late: bool = False  # something behind [DONE]

    def take(self, line, outcome):
        if not line.startswith("data: "):
            self.error = self.error or line.startswith("event: error")
            return
        self.late = self.late or self.done
        if line == "data: [DONE]":
            self.done = True
            return
        chunk = json.loads(line[6:])
        if "error" in chunk:
            self.error = True
            return
        self.ids.add(chunk["id"])
        self.models.add(chunk["model"])
        self.prints.add(chunk.get("system_fingerprint"))
        self.usage = chunk.get("usage") or self.usage
        for choice in chunk["choices"]:
            outcome.content = outcome.content or bool(choice["delta"].get("content"))
            outcome.pieces += 1
            if choice["finish_reason"]:
                self.reasons.append(choice["finish_reason"])


class Crowd:
    """Context manager: clients that ask one name, streams and whole answers in turn, until it is left."""

    def __init__(self, port, name, clients, tokens, seconds=120.0):
        self.port, self.name, self.tokens, self.seconds = port, name, tokens, seconds
        self.outcomes = []
        self.running = [None] * clients  # each client's request
        self.lock = threading.Lock()
        self.leaving = threading.Event()
        self.threads = [threading.Thread(target=self._client, args=(number,), daemon=True)
                        for number in range(clients)]
        self.latest_end = time.monotonic() + 300.0  # nobody asks for longer

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.leaving.set()
        for thread in self.threads:
            thread.join(self.seconds)

    def all(self):
        with self.lock:
            return list(self.outcomes)

    def wait_for(self, condition, seconds):
        """Until the condition holds of all outcomes so far. @returns whether it did"""
        return eventually(lambda: condition(self.all()), seconds)

    def answered(self, count, by=None, since=0.0, seconds=120.0):
        """Waits for so many complete answers that began later."""
        return self.wait_for(lambda those: sum(
            1 for each in those if each.complete and each.began >= since
            and by in (None, each.deployment)) >= count, seconds)

    def begun_stream(self, by, seconds):
        """Waits for a stream of that deployment of which the first half is under way."""
        def found():
            return any(each and each.stream and each.content and each.deployment == by
                       and each.pieces < self.tokens / 2 and not each.ended for each in self.running)
        return eventually(found, seconds)

    def _client(self, place):
        number = place
        while not self.leaving.is_set() and time.monotonic() < self.latest_end:
            outcome = Outcome(stream=number % 2 == 1, began=time.monotonic())
            self.running[place] = outcome
            number += 1
            try:
                self._ask(outcome)
            except (OSError, http.client.HTTPException) as error:
                outcome.reported = True
                outcome.text += f" [{type(error).__name__}: {error}]"
            except (KeyError, IndexError, TypeError, ValueError) as error:
                outcome.problem = f"{type(error).__name__}: {error}"
            outcome.ended = time.monotonic()
            with self.lock:
                self.outcomes.append(outcome)

    def _ask(self, outcome):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.seconds)
        try:
            body = {"model": self.name, "max_tokens": self.tokens, "ignore_eos": True,
                    "messages": [{"role": "user", "content": "Tell me a story about a gateway."}]}
            if outcome.stream:
                body |= {"stream": True, "stream_options": {"include_usage": True}}
            connection.request("POST", "/v1/chat/completions", json.dumps(body),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            outcome.status = answer.status
            outcome.deployment = answer.getheader("X-Synapse-Deployment", "")
            outcome.attempts = int(answer.getheader("X-Synapse-Attempts", "0"))
            if answer.status != 200:
                outcome.text = answer.read().decode(errors="replace")
            elif outcome.stream:
                self._read_stream(answer, outcome)
            else:
                self._read_whole(answer, outcome)
        finally:
            connection.close()

    def _read_whole(self, answer, outcome):
        outcome.content = True  # the head of a whole answer is its beginning
        whole = json.loads(answer.read())
        outcome.text = whole["choices"][0]["message"]["content"]
        outcome.complete = True
        self._check(outcome, {whole["id"]}, {whole["model"]},
                    [each["finish_reason"] for each in whole["choices"]], whole["usage"])

    def _read_stream(self, answer, outcome):
        pieces = _Pieces()
        try:
            for line in answer:
                outcome.text += line.decode(errors="replace")
                pieces.take(line.decode().rstrip("\r\n"), outcome)
        finally:
            outcome.complete = pieces.done and not pieces.error
            outcome.reported = pieces.error
            if not outcome.deployment and len(pieces.models) == 1:
                # The head came before the answer, with a comment: it cannot say who would answer.
                outcome.deployment = DEPLOYMENT_OF.get((self.name, *pieces.models), "")
            if len(pieces.ids) > 1 or len(pieces.models) > 1 or len(pieces.prints) > 1:
                outcome.problem = f"two answers in one stream: {pieces.ids} {pieces.models}"
            elif pieces.late or (pieces.done and pieces.error):
                outcome.problem = "something behind the end"
            elif outcome.content and pieces.models != {MODEL_OF.get(outcome.deployment)}:
                outcome.problem = f"{pieces.models} in an answer of {outcome.deployment}"
        if outcome.complete:
            self._check(outcome, pieces.ids, pieces.models, pieces.reasons, pieces.usage)
        elif outcome.content and not outcome.reported:
            outcome.problem = "a stream that ends without its end and without a word"

    def _check(self, outcome, ids, models, reasons, usage):
        """Of a complete answer: it is one, and has all of it."""
        if len(ids) != 1 or models != {MODEL_OF.get(outcome.deployment)}:
            outcome.problem = f"{ids} {models} in an answer of {outcome.deployment}"
        elif reasons != ["length"] or usage["completion_tokens"] != self.tokens:
            outcome.problem = f"not all of an answer: {reasons} {usage}"


def engine_is_idle(port):
    """Whether a server decodes nothing."""
    status, text = plain_request(port, "GET", "/slots")
    return status == 200 and not any(slot["is_processing"] for slot in json.loads(text))
