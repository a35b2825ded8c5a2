"""The configurations under which cases run, and the router that some of them have.

A configuration is written as JSON, which is YAML as well. Times are short, so that a case that ends with one of
the gateway's clocks takes less than a second; waits have no jitter; one thread, so that one log has all lines in
their order.
"""

import copy
import dataclasses
import json
import threading

CLOCK = "800ms"  # of what is meant to end by time
OPEN, REFUSING, DEAF = "open", "refusing", "deaf"


@dataclasses.dataclass(frozen=True)
class World:
    """A configuration. `fresh`: each case gets gateways of its own."""

    name: str
    settings: dict
    kinds: dict = dataclasses.field(default_factory=dict)  # of backends that are not just open
    environment: tuple = ()
    fresh: bool = False
    router: bool = False
    paths: dict = dataclasses.field(default_factory=dict)  # base paths of the backends' URLs

    def config(self, ports):
        made = copy.deepcopy(self.settings)
        for name, one in made["backends"].items():
            one.setdefault("url", f"http://127.0.0.1:{ports[name]}{self.paths.get(name, '')}")
        return json.dumps(made, indent=1)

    def backends(self):
        """Name to kind."""
        return {name: self.kinds.get(name, OPEN) for name in self.settings["backends"]}


def backend(kind="openai-compatible", **more):
    """One backend's settings, without its URL."""
    usual = {
        "type": kind,
        "health": {"path": "/health", "timeout": CLOCK},
        "timeouts": {"connect": "400ms", "response": CLOCK, "first_token": CLOCK, "idle": CLOCK},
        "retry": {"attempts": 3, "waits": ["20ms"], "jitter": 0},
        "breaker": {"failures": 10000},
        "pool": {"idle_timeout": "1h"},
        "concurrency": {"max_requests": 0},
    }
    if kind == "openai-compatible":
        usual["manage_models"] = False
    for key, value in more.items():
        usual[key] = {**usual[key], **value} if isinstance(usual.get(key), dict) else value
    return usual


def aside(**more):
    """A backend for paths that are only passed on."""
    return backend(list_models=False, **more)


def settings(backends, routes=None, **more):
    made = {"threads": 1, "drain": {"limit": "1s"}, "health": {"max_age": 0},
            "limits": {"stream_keepalive": 0}, "backends": backends}
    if routes:
        made["routes"] = routes
    for key, value in more.items():
        made[key] = {**made.get(key, {}), **value} if isinstance(value, dict) else value
    return made


ALL = {
    "llama-router": backend(),
    "llama-embed": backend(),
    "chatterbox-tts": backend("chatterbox"),
    "whisper-stt": backend("faster-whisper"),
    "pyannote-speaker": backend("pyannote"),
    "deepfilter-audio": backend("deepfilter"),
}
ASIDE = {
    "raw": aside(),
    "trunk": aside(),
    "once": aside(retry={"attempts": 1}),
    "keyed": aside(authorization={"bearer_env": "DIFFERENTIAL_KEY"}),
    "withheld": aside(authorization={"forward": False}),
    "down": aside(),
    "later": aside(retry={"attempts": 2, "waits": ["500ms"]}),
    "deaf": aside(retry={"attempts": 1}),
    "brief": aside(timeouts={"total": "300ms"}),
    "narrow": aside(concurrency={"max_requests": 1, "max_waiting": 1, "queue_timeout": "400ms"}),
    "single": aside(concurrency={"max_requests": 1, "max_waiting": 0}),
    "unpooled": aside(pool={"max_idle": 0}),
}
ASIDE_ROUTES = {f"/{name}/*": name for name in ASIDE} | {"/raw": "raw"}
KEY = (("DIFFERENTIAL_KEY", "sk-of-the-gateway"),)
ASIDE_KINDS = {"down": REFUSING, "later": REFUSING, "deaf": DEAF}
ASIDE_PATHS = {"raw": "/base"}

PLAIN = World("plain", settings({**ALL, **ASIDE}, ASIDE_ROUTES), ASIDE_KINDS, KEY, paths=ASIDE_PATHS)
# Its backends are refusing: a case that opens one needs gateways of its own.
LATE = World("late", settings({**ALL, **ASIDE}, ASIDE_ROUTES), ASIDE_KINDS, KEY, fresh=True, paths=ASIDE_PATHS)

KEEPALIVE = World("keepalive", settings(
    {**ALL, "llama-router": backend(timeouts={"response": "900ms", "first_token": "5s", "idle": "5s"})},
    limits={"stream_keepalive": "250ms"}))

NARROW = World("narrow", settings(
    {**ALL, "llama-router": backend(concurrency={"max_requests": 1, "max_waiting": 1, "queue_timeout": "400ms"}),
     "chatterbox-tts": backend("chatterbox", concurrency={"max_requests": 1, "queue_timeout": "400ms"})}))

BRIEF = World("brief", settings(
    {**ALL, "llama-router": backend(timeouts={"total": "300ms"}),
     "chatterbox-tts": backend("chatterbox", timeouts={"total": "300ms"}),
     "whisper-stt": backend("faster-whisper", timeouts={"total": "300ms"})}))

OUTAGE = World("outage", settings(
    {**ALL, "nameless": aside(url="http://nobody.invalid:1")}, {"/nameless/*": "nameless"}),
    {name: REFUSING for name in ALL})

TIGHT = World("tight", settings(
    {**ALL, "raw": aside(), "narrow-upload": aside()}, {"/raw/*": "raw"},
    limits={"max_header_bytes": "4KiB", "max_uri_bytes": 256, "max_header_fields": 12,
            "max_json_body_bytes": "1KiB", "max_upload_bytes": "1MiB", "max_stream_event_bytes": "1KiB",
            "header_timeout": "300ms", "body_timeout": "300ms", "idle_timeout": "400ms"}))

GUARDED = World("guarded", settings(
    {**ALL, "raw": aside(), "keyed": aside(authorization={"bearer_env": "DIFFERENTIAL_KEY"})},
    {"/raw/*": "raw", "/keyed/*": "keyed"}, cors={"origins": ["https://app.example"]}),
    environment=KEY + (("SYNAPSE_DASHBOARD_ACCESS_TOKEN", "the-dashboards-own-token"),
                       ("SYNAPSE_TRUSTED_PROXIES", "127.0.0.0/8")), paths={"raw": "/base"})

SPEAKING = World("speaking", settings(
    {"all-in-one": backend(), "other-voice": backend(list_models=False)},
    {"/v1/audio/speech": "all-in-one", "/v1/audio/transcriptions": "all-in-one",
     "/v1/audio/translations": "all-in-one", "/v1/chat/completions": "all-in-one", "/tts/*": "other-voice",
     "/stt/*": "other-voice"}))

BY_MODEL = World("by-model", settings(
    {"one": backend(), "two": backend(), "three": backend(list_models=False)},
    {"/v1/chat/completions": "*", "/v1/embeddings": "*", "/v1/completions": "*"},
    models={"aliases": {"gpt-4o": "alpha"}, "refresh": "1h",
            "auto": {"general": "alpha", "rules": [{"model": "beta", "words": ["code", "c++"]}]}}),
    fresh=True)

BREAKER = World("breaker", settings(
    {**ALL, "llama-router": backend(breaker={"failures": 2, "cooldown": "1h"}, retry={"attempts": 1}),
     "raw": aside(breaker={"failures": 2, "cooldown": "500ms"}, retry={"attempts": 1}),
     "down": aside(breaker={"failures": 2, "cooldown": "1h"})},
    {"/raw/*": "raw", "/down/*": "down"}), {"down": REFUSING}, fresh=True)

MANAGED = World("managed", settings(
    {"llama-router": backend(manage_models=True, retry={"attempts": 1})},
    models={"linger": "10ms", "poll": "20ms", "refresh": "1h", "restart_patience": "300ms", "batch_window": 0,
            "max_wait": "5s", "load_timeout": "1500ms", "keepalive": 0,
            "aliases": {"gpt-4o": "a"}, "auto": {"general": "a", "rules": [{"model": "b", "words": ["code"]}]}}),
    fresh=True, router=True)
MANAGED_TALKING = dataclasses.replace(MANAGED, name="managed-talking", settings={
    **MANAGED.settings, "models": {**MANAGED.settings["models"], "keepalive": "400ms", "max_wait": "900ms"}})
MANAGED_FULL = dataclasses.replace(MANAGED, name="managed-full", settings={
    **MANAGED.settings, "models": {**MANAGED.settings["models"], "max_waiting": 1, "max_wait": "900ms"}})


class Router:
    """A llama.cpp router of one model at a time, as far as the gateway asks it by itself."""

    PATHS = ("/models", "/props", "/models/sse", "/models/load", "/models/unload")

    def __init__(self, models=None, failing="", held=False, refusals=None, props=None, none=False,
                 entries=None):
        self.models = dict(models or {"a": "unloaded", "b": "unloaded", "c": "unloaded"})
        self._failing = failing
        self._held = held
        self._refusals = refusals or {}
        self._props = props or {"role": "router", "max_instances": 1}
        self._none = none  # it is no router at all
        self._entries = entries or []  # further ones, as they are
        self._failed = ""
        self._lock = threading.Lock()
        self._asked = set()

    def was_asked(self):
        """Whether the gateway has had its first look."""
        return {"/models", "/props", "/models/sse"} <= self._asked

    def is_own(self, request):
        return request.target.split("?")[0] in self.PATHS

    def forget(self):
        """As after a restart."""
        with self._lock:
            self.models = dict.fromkeys(self.models, "unloaded")

    def release(self):
        with self._lock:
            self._held = False
            self._finish()

    def serve(self, wire, request, stage):
        path = request.target.split("?")[0]
        if request.method == "POST" and stage is not None:
            stage.commands.append(request)
            stage.events.tell("command")
        with self._lock:
            status, value = self._answer(path, request)
            self._asked.add(path)
        body = json.dumps(value).encode()
        wire.sock.sendall(f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def _answer(self, path, request):
        if path in self._refusals:
            status, message = self._refusals[path]
            return status, {"error": {"code": status, "message": message}}
        if self._none or path == "/models/sse":
            return 404, {"error": {"code": 404, "message": "File Not Found"}}
        if path == "/props":
            return 200, self._props
        if path == "/models":
            return 200, {"object": "list", "data": [*map(self._entry, self.models), *self._entries]}
        model = json.loads(request.body).get("model")
        if model not in self.models:
            return 404, {"error": {"code": 404, "message": "File Not Found"}}
        if path == "/models/unload":
            self.models[model] = "unloaded"
            return 200, {"success": True}
        if self.models[model] != "unloaded":
            return 400, {"error": {"code": 400, "message": "model is already running"}}
        self.models = dict.fromkeys(self.models, "unloaded") | {model: "loading"}
        self._failed = ""
        if not self._held:
            self._finish()
        return 200, {"success": True}

    def _entry(self, name):
        status = {"value": self.models[name], "args": ["llama-server", "--ctx-size", "4096"]}
        if name == self._failed:
            status |= {"failed": True, "exit_code": 7}
        return {"id": name, "object": "model", "owned_by": "llamacpp", "created": 1790000000, "status": status}

    def _finish(self):
        for name, state in self.models.items():
            if state == "loading":
                self.models[name] = "unloaded" if name == self._failing else "loaded"
                if name == self._failing:
                    self._failed = name
