"""A router whose models the gateway loads, and backends that are chosen by the models they list."""

import time

import clients
from answers import RECORDINGS, STREAMS, WHOLE, dump, error, http
from backend import answer, do, wait
from case import Case
from clients import JSON_TYPE, ask, chat, post
from worlds import BY_MODEL, MANAGED, MANAGED_FULL, MANAGED_TALKING

CHAT = "/v1/chat/completions"
GOOD = WHOLE["length"]
NOT_LOADED = answer(http(error(400, "model is not loaded"), 400))
LOADED_A = {"models": {"a": "loaded", "b": "unloaded", "c": "unloaded"}}
SPLIT = [{"id": f"big-0000{i}-of-00002", "object": "model", "status": {"value": "unloaded"}} for i in (1, 2)]


def cases():
    yield from chats()
    yield from healing()
    yield from waiting()
    yield from management()
    yield from chosen()


def not_waiting(body, *fields):
    """A client that does not wait for its model, which is loaded all the same."""

    def client(talk):
        one = talk.connect()
        one.send(talk.request("POST", CHAT, body, (JSON_TYPE, *fields)))
        one.read_reply("POST")
        talk.wait("command")
        time.sleep(0.2)

    return client


def chats():
    for name, body in {
        "named": chat(model="a"),
        "cold": chat(model="b"),
        "stream": chat(True, "a"),
        "stream-cold": chat(True, "b"),
        "auto": chat(model="auto"),
        "auto-code": chat(model="auto", text="some code"),
        "none": chat(model=None),
        "empty": chat(model=""),
        "alias": chat(model="gpt-4o"),
        "unknown": chat(model="nobody"),
        "near": chat(model="aa"),
        "number": chat(model=7),
        "synapse": chat(model="a", synapse={"wait": True}),
        "no-wait": chat(model="a", synapse={"wait": False}),
        "long-name": chat(model="x" * 100_000),
    }.items():
        script = [STREAMS["usual"] if name.startswith("stream") else GOOD]
        yield Case(f"managed/chat/{name}", MANAGED, post(CHAT, body), script, router=LOADED_A)

    yield Case(
        "managed/chat/no-wait-cold",
        MANAGED,
        not_waiting(chat(model="b", synapse={"wait": False})),
        [GOOD],
        router=LOADED_A,
    )
    yield Case(
        "managed/chat/wait-field",
        MANAGED,
        not_waiting(chat(model="b"), "X-Synapse-Wait: 0"),
        [GOOD],
        router=LOADED_A,
    )
    yield Case(
        "managed/completions",
        MANAGED,
        post("/v1/completions", dump({"model": "b", "prompt": "x"})),
        [GOOD],
        router=LOADED_A,
    )
    yield Case(
        "managed/embeddings",
        MANAGED,
        post("/v1/embeddings", dump({"model": "b", "input": "x"})),
        [GOOD],
        router=LOADED_A,
    )
    for name in (
        "failure",
        "bad-request",
        "empty",
        "html",
        "error-in-200",
        "close-first",
        "close-within-body",
        "silence",
        "large",
        "unavailable",
        "until-close",
        "failure-large",
        "too-many",
    ):
        yield Case(
            f"managed/answer/{name}", MANAGED, post(CHAT, chat(model="a")), [WHOLE[name]] * 5, router=LOADED_A
        )
    for name in (
        "no-done",
        "no-finish",
        "error-first",
        "error-after-content",
        "proxy-error-text",
        "close-after-content",
        "completion-instead",
        "error-instead",
        "nothing",
    ):
        yield Case(
            f"managed/stream/{name}",
            MANAGED,
            post(CHAT, chat(True, "a")),
            [STREAMS[name]] * 5,
            router=LOADED_A,
        )
    for way, how in (clients.SINGLE | clients.BODY | clients.DOUBLE).items():
        yield Case(
            f"managed/{way}", MANAGED, post(CHAT, chat(model="a"), way=how), [GOOD] * 2, router=LOADED_A
        )
    yield Case("managed/no-router", MANAGED, post(CHAT, chat(model="zzz")), [GOOD], router={"none": True})
    yield Case(
        "managed/split", MANAGED, post(CHAT, chat(model="big")), [GOOD], router={**LOADED_A, "entries": SPLIT}
    )

    def profile(talk):
        one = talk.connect()
        one.send(
            talk.request(
                "PUT",
                "/models/a/profile",
                b'{"temperature":0.25,"system_prompt":"Be brief.","max_tokens":9}',
                (JSON_TYPE,),
            )
        )
        one.read_reply("PUT")
        for number, body in enumerate((chat(model="a"), chat(model="a", temperature=1), chat(True, "a")), 2):
            one.send(talk.request("POST", CHAT, body, (JSON_TYPE,), number=number))
            one.read_reply("POST")

    yield Case("managed/profile", MANAGED, profile, [GOOD, GOOD, STREAMS["usual"]], router=LOADED_A)


def healing():
    for name, missing in {
        "not-loaded": NOT_LOADED,
        "not-running": answer(http(error(400, "model is not running"), 400)),
        "loading": answer(http(error(503, "Loading model"), 503)),
        "no-connection": answer(http(error(500, "proxy error: Could not establish connection"), 500)),
        "no-read": answer(http(error(500, "proxy error: Failed to read connection"), 500)),
        "other-400": answer(http(error(400, "model is too small"), 400)),
    }.items():
        forgetting = answer(do(lambda stage: stage.router.forget()), *missing.steps)
        yield Case(f"healed/{name}", MANAGED, post(CHAT, chat(model="a")), [missing, GOOD], router=LOADED_A)
        yield Case(
            f"healed/{name}-forgotten",
            MANAGED,
            post(CHAT, chat(model="a")),
            [forgetting, GOOD],
            router=LOADED_A,
        )
        yield Case(
            f"healed/{name}-stream",
            MANAGED,
            post(CHAT, chat(True, "a")),
            [missing, STREAMS["usual"]],
            router=LOADED_A,
        )
        yield Case(
            f"healed/{name}-twice",
            MANAGED,
            post(CHAT, chat(model="a")),
            [missing, missing, GOOD],
            router=LOADED_A,
        )
        yield Case(
            f"healed/{name}-for-ever", MANAGED, post(CHAT, chat(model="a")), [missing] * 8, router=LOADED_A
        )
    yield Case(
        "healed/no-wait",
        MANAGED,
        not_waiting(chat(model="a"), "X-Synapse-Wait: 0"),
        [answer(do(lambda stage: stage.router.forget()), *NOT_LOADED.steps)],
        router=LOADED_A,
    )
    yield Case(
        "healed/load-fails",
        MANAGED,
        post(CHAT, chat(model="a")),
        [answer(do(lambda stage: stage.router.forget()), *NOT_LOADED.steps)],
        router={**LOADED_A, "failing": "a"},
    )
    yield Case(
        "healed/stale-connection",
        MANAGED,
        post(CHAT, chat(model="a"), way=clients.pair),
        [GOOD, WHOLE["close-first"], GOOD],
        router=LOADED_A,
    )


def waiting():
    yield Case(
        "load/fails", MANAGED, post(CHAT, chat(model="b")), [GOOD], router={**LOADED_A, "failing": "b"}
    )
    yield Case(
        "load/fails-stream", MANAGED, post(CHAT, chat(True, "b")), [GOOD], router={**LOADED_A, "failing": "b"}
    )
    yield Case(
        "load/never-ends", MANAGED, post(CHAT, chat(model="b")), [GOOD], router={**LOADED_A, "held": True}
    )
    for path, refusals in {
        "load": {"/models/load": (500, "out of memory")},
        "load-401": {"/models/load": (401, "Invalid API Key")},
        "list-403": {"/models": (403, "keep out")},
        "list-500": {"/models": (500, "broken")},
    }.items():
        yield Case(
            f"load/refused-{path}",
            MANAGED,
            post(CHAT, chat(model="b")),
            [GOOD],
            router={**LOADED_A, "refusals": refusals},
        )
    yield Case(
        "load/refused-unload",
        MANAGED,
        post(CHAT, chat(model="b")),
        [GOOD],
        router={
            **LOADED_A,
            "refusals": {"/models/unload": (401, "Invalid API Key")},
            "props": {"role": "router"},
        },
    )
    yield Case(
        "load/makes-room",
        MANAGED,
        post(CHAT, chat(model="b")),
        [GOOD],
        router={**LOADED_A, "props": {"role": "router"}},
    )

    def while_loading(stream, then):
        def client(talk):
            one = talk.connect()
            one.send(talk.request("POST", CHAT, chat(stream, "b"), (JSON_TYPE,)))
            talk.wait("command")
            then(talk, one)

        return client

    def released(talk, one):
        time.sleep(0.1)
        talk.backend.router.release()
        one.read_reply("POST")

    def after_comment(talk, one):
        reply = one.read_reply("POST", until=b"\n\n")
        talk.backend.router.release()
        one.read_on(reply)

    def leaves(talk, one):
        time.sleep(0.05)
        one.leave()
        time.sleep(0.1)
        talk.backend.router.release()
        time.sleep(0.1)

    held = {**LOADED_A, "held": True}
    yield Case("load/waits", MANAGED, while_loading(False, released), [GOOD], router=held)
    yield Case("load/waits-stream", MANAGED, while_loading(True, released), [STREAMS["usual"]], router=held)
    yield Case("load/leaves", MANAGED, while_loading(False, leaves), [GOOD], router=held)
    for name, one in {
        "usual": STREAMS["usual"],
        "no-done": STREAMS["no-done"],
        "failure": WHOLE["failure"],
        "error-first": STREAMS["error-first"],
        "completion": STREAMS["completion-instead"],
        "close-first": WHOLE["close-first"],
        "not-loaded": NOT_LOADED,
        "close-after-content": STREAMS["close-after-content"],
        "large": WHOLE["large"],
        "html": WHOLE["html"],
    }.items():
        yield Case(
            f"load/comment-then/{name}",
            MANAGED_TALKING,
            while_loading(True, after_comment),
            [one] * 8,
            router=held,
        )
    yield Case(
        "load/comment-then/load-fails",
        MANAGED_TALKING,
        while_loading(True, after_comment),
        [GOOD],
        router={**held, "failing": "b"},
    )
    yield Case("load/max-wait", MANAGED_FULL, post(CHAT, chat(model="b")), [GOOD], router=held)

    def crowd(talk):
        ones = []
        for number in (1, 2, 3):
            ones.append(talk.connect())
            ones[-1].send(talk.request("POST", CHAT, chat(model="b"), (JSON_TYPE,), number=number))
            talk.wait("command") if number == 1 else time.sleep(0.06)
        ones[2].read_reply("POST")
        ones[1].read_reply("POST")
        talk.backend.router.release()
        ones[0].read_reply("POST")

    yield Case("load/queue-full", MANAGED_FULL, crowd, [GOOD] * 3, router=held)

    def turns(talk):
        """A running request keeps its model while another is asked for."""
        first = talk.connect()
        first.send(talk.request("POST", CHAT, chat(model="a"), (JSON_TYPE,)))
        talk.wait("whole")
        second = talk.connect()
        second.send(talk.request("POST", CHAT, chat(model="b"), (JSON_TYPE,), number=2))
        time.sleep(0.1)
        talk.tell("go")
        first.read_reply("POST")
        second.read_reply("POST")

    yield Case("load/turns", MANAGED, turns, [answer(wait("go"), *GOOD.steps), GOOD], router=LOADED_A)


def management():
    body = {"model": "b"}
    for name, (method, target, data) in {
        "list": ("GET", "/models", None),
        "load": ("POST", "/models/load", body),
        "load-again": ("POST", "/models/load", {"model": "a"}),
        "load-unknown": ("POST", "/models/load", {"model": "nobody"}),
        "load-none": ("POST", "/models/load", {}),
        "load-fields": ("POST", "/models/load", {"model": "b", "temperature": 0.5}),
        "load-bad": ("POST", "/models/load", {"model": "b", "temperature": 99}),
        "unload": ("POST", "/models/unload", {"model": "a"}),
        "unload-idle": ("POST", "/models/unload", body),
        "unload-unknown": ("POST", "/models/unload", {"model": "x"}),
        "schema": ("GET", "/models/a/schema", None),
        "schema-unknown": ("GET", "/models/x/schema", None),
        "profile": ("GET", "/models/a/profile", None),
        "profile-unknown": ("GET", "/models/x/profile", None),
        "put": ("PUT", "/models/a/profile", {"top_k": 5}),
        "put-bad": ("PUT", "/models/a/profile", {"top_k": "x"}),
        "put-unknown-field": ("PUT", "/models/a/profile", {"nothing": 1}),
        "apply": ("POST", "/models/a/profile/apply", {}),
        "apply-load": ("POST", "/models/b/profile/apply", {"load_model": True}),
        "v1-models": ("GET", "/v1/models", None),
        "v1-model": ("GET", "/v1/models/gpt-4o", None),
        "ctx-size": ("PUT", "/models/a/profile", {"runtime_ctx_size": 8192}),
    }.items():
        fields = (JSON_TYPE,) if data is not None else ()
        yield Case(
            f"models/{name}",
            MANAGED,
            ask(method, target, None if data is None else dump(data), fields),
            [answer(http(dump({"object": "list", "data": [{"id": "a"}, {"id": "b"}]})))],
            router={**LOADED_A, "entries": SPLIT},
        )
    for name, refusals in {
        "list": {"/models": (500, "broken")},
        "load": {"/models/load": (500, "out of memory")},
        "unload": {"/models/unload": (400, "what")},
    }.items():
        yield Case(
            f"models/refused/{name}",
            MANAGED,
            (
                ask("GET", "/models")
                if name == "list"
                else post(f"/models/{name}", dump({"model": "b" if name == "load" else "a"}))
            ),
            router={**LOADED_A, "refusals": refusals},
        )


def listing(*names, status=200):
    return answer(
        http(dump({"object": "list", "data": [{"id": name, "object": "model"} for name in names]}), status)
    )


def chosen():
    lists = {"one": [listing("alpha", "both")], "two": [listing("beta", "both")]}

    def script(one=(), two=()):
        return {"one": [*lists["one"], *one], "two": [*lists["two"], *two]}

    for name, body, then in (
        ("first", chat(model="alpha"), script([GOOD])),
        ("second", chat(model="beta"), script((), [GOOD])),
        ("both", chat(model="both"), script([GOOD])),
        ("alias", chat(model="gpt-4o"), script([GOOD])),
        ("auto", chat(model="auto"), script([GOOD])),
        ("none", chat(model=None), script([GOOD])),
        ("auto-code", chat(model="auto", text="some C++"), script((), [GOOD])),
        ("unknown", chat(model="gamma"), script([listing("alpha")] * 2, [listing("beta")] * 2)),
        ("near", chat(model="alpah"), script([listing("alpha")] * 2, [listing("beta")] * 2)),
        ("stream", chat(True, "beta"), script((), [STREAMS["usual"]])),
        ("failure", chat(model="beta"), script((), [WHOLE["failure"]])),
        ("close-first", chat(model="beta"), script((), [WHOLE["close-first"]] * 3)),
        ("number", chat(model=5), script()),
        ("html", chat(model="beta"), script((), [WHOLE["html"]])),
        ("stream-cut", chat(True, "beta"), script((), [STREAMS["no-finish"]])),
    ):
        yield Case(f"by-model/{name}", BY_MODEL, post(CHAT, body), then)
    gone = WHOLE["not-found"]
    yield Case(
        "by-model/not-found",
        BY_MODEL,
        post(CHAT, chat(model="alpha")),
        {"one": [listing("alpha"), gone, listing("alpha")], "two": [listing("beta"), listing("beta")]},
    )
    yield Case(
        "by-model/moved",
        BY_MODEL,
        post(CHAT, chat(model="alpha")),
        {"one": [listing("alpha"), gone, listing()], "two": [listing("beta"), listing("alpha"), GOOD]},
    )
    yield Case(
        "by-model/embeddings",
        BY_MODEL,
        post("/v1/embeddings", dump({"model": "beta", "input": "x"})),
        script((), [GOOD]),
    )
    yield Case(
        "by-model/pair", BY_MODEL, post(CHAT, chat(model="alpha"), way=clients.pair), script([GOOD, GOOD])
    )
    for name in ("failure", "html", "close-first", "half-json", "unauthorized"):
        yield Case(
            f"by-model/list-{name}",
            BY_MODEL,
            post(CHAT, chat(model="alpha")),
            {"one": [listing("alpha"), GOOD], "two": [WHOLE[name]] * 4},
        )
        yield Case(
            f"by-model/own-list-{name}",
            BY_MODEL,
            post(CHAT, chat(model="beta")),
            {"one": [listing("alpha")] * 3, "two": [WHOLE[name]] * 4},
        )
    yield Case("by-model/audio", BY_MODEL, post("/v1/audio/speech", b"{}"), [RECORDINGS["length"]])
