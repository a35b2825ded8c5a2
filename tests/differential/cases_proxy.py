"""Chat, completions, embeddings and what is only passed on, before backends that do all kinds of things."""

import time

import answers
import clients
from answers import GOOD, RETRIED, STREAMS, TYPICAL, WHOLE, dump, http
from backend import answer, close, hold, pause, wait
from case import Case
from clients import ask, chat, post
from worlds import LATE, PLAIN

CHAT = "/v1/chat/completions"
EMBEDDING = dump({"model": "e", "input": ["a", "b"]})
VECTORS = dump(
    {
        "object": "list",
        "model": "e",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -1e-3]}],
        "usage": {"prompt_tokens": 2, "total_tokens": 2},
    }
)
COMPLETE = dump({"model": "m", "prompt": "Once"})
LONG_BODY = b"0123456789abcdef" * 4096
HUGE_BODY = b"x" * 8_000_000  # more than sockets take unread


def cases():
    yield from whole()
    yield from streams()
    yield from aside()
    yield from bodies()
    yield from departures()
    yield from credentials()
    yield from failing_connections()


def whole():
    for name, one in WHOLE.items():
        yield Case(f"chat/whole/{name}", PLAIN, post(CHAT, chat()), [one])
    for name, script in RETRIED.items():
        yield Case(f"chat/again/{name}", PLAIN, post(CHAT, chat()), script)
    for way, how in (clients.SINGLE | clients.BODY).items():
        for name in TYPICAL:
            yield Case(f"chat/{way}/{name}", PLAIN, post(CHAT, chat(), way=how), [WHOLE[name]] * 2)
    for way, how in clients.DOUBLE.items():
        for name in TYPICAL:
            yield Case(f"chat/{way}/{name}", PLAIN, post(CHAT, chat(), way=how), [WHOLE[name]] * 2)
    for name in ("large", "large-chunked", "large-until-close", "interim-several", "gzip", "no-content"):
        yield Case(f"chat/http-1.0/{name}", PLAIN, post(CHAT, chat(), way=clients.http_1_0), [WHOLE[name]])
    for name in ("length", "error-in-200", "half-json", "html", "unavailable", "not-found", "silence"):
        yield Case(f"completions/whole/{name}", PLAIN, post("/v1/completions", COMPLETE), [WHOLE[name]])
    for name in (
        "error-in-200",
        "half-json",
        "half-json-chunked",
        "html",
        "empty",
        "unavailable",
        "large",
        "large-half",
        "silence",
        "close-within-body",
        "gzip",
        "too-many",
        "trailers",
    ):
        yield Case(f"embeddings/whole/{name}", PLAIN, post("/v1/embeddings", EMBEDDING), [WHOLE[name]])
    yield Case("embeddings/vectors", PLAIN, post("/v1/embeddings", EMBEDDING), [answer(http(VECTORS))])
    for way, how in (clients.SINGLE | clients.BODY | clients.DOUBLE).items():
        yield Case(
            f"embeddings/{way}",
            PLAIN,
            post("/v1/embeddings", EMBEDDING, way=how),
            [answer(http(VECTORS))] * 2,
        )
    kept = [WHOLE["length"], WHOLE["close-first"]]  # the kept connection ends under the second request
    for target, body in ((CHAT, chat()), ("/v1/embeddings", EMBEDDING)):
        yield Case(
            f"stale{target}/once", PLAIN, post(target, body, way=clients.pair), [*kept, WHOLE["length"]]
        )
        yield Case(
            f"stale{target}/twice",
            PLAIN,
            post(target, body, way=clients.pair),
            [*kept, WHOLE["close-first"], WHOLE["length"]],
        )
        yield Case(
            f"stale{target}/reset",
            PLAIN,
            post(target, body, way=clients.pair),
            [WHOLE["length"], WHOLE["reset-first"], WHOLE["length"]],
        )
    for name, fields in (("query", ()), ("many-fields", tuple(f"X-{i}: {i}" for i in range(60)))):
        target = CHAT + ("?api-version=1&x=%2f" if name == "query" else "")
        yield Case(f"chat/request/{name}", PLAIN, post(target, chat(), *fields), [WHOLE["length"]])
    for name, text in {
        "synapse-field": chat(synapse={"wait": False}),
        "alias": chat(model="gpt-4o"),
        "auto": chat(model="auto"),
        "no-model": chat(model=None),
        "stream-null": chat(stream=None),
        "stream-text": chat(stream="true"),
        "blanks": b" \r\n\t" + chat() + b"\n\n",
        "double-keys": b'{"model":"a","model":"b","stream":true,"stream":false}',
        "unicode": chat(text="Grüße €\u2028"),
        "large": chat(text="y" * 300_000),
        "array": b"[]",
    }.items():
        yield Case(f"chat/body/{name}", PLAIN, post(CHAT, text), [WHOLE["length"]])


def streams():
    body = chat(stream=True)
    for name, one in STREAMS.items():
        if name == "waits-for-reader":
            continue
        yield Case(f"stream/{name}", PLAIN, post(CHAT, body), [one])
    for name in (
        "usual",
        "event-by-event",
        "no-done",
        "no-finish",
        "error-first",
        "error-after-content",
        "close-after-content",
        "until-close",
        "completion-instead",
        "large-until-close",
        "nothing",
    ):
        one = STREAMS.get(name) or WHOLE[name]
        yield Case(f"stream/http-1.0/{name}", PLAIN, post(CHAT, body, way=clients.http_1_0), [one])
    for way, how in (clients.SINGLE | clients.BODY | clients.DOUBLE).items():
        for name in ("usual", "no-done", "error-after-content"):
            if way in ("usual", "http-1.0"):
                continue
            yield Case(f"stream/{way}/{name}", PLAIN, post(CHAT, body, way=how), [STREAMS[name]] * 2)
    for name in (
        "close-first",
        "reset-first",
        "silence",
        "empty",
        "html",
        "half-json",
        "large",
        "unavailable",
        "error-in-200",
        "interim-several",
        "no-content",
        "hop-by-hop",
        "set-cookie",
        "redirect-own",
    ):
        yield Case(f"stream/whole/{name}", PLAIN, post(CHAT, body), [WHOLE[name]])
    for name, one in {
        "usual": answers.TEXT_STREAM,
        "chat-chunks": STREAMS["usual"],
        "error-first": STREAMS["error-first"],
        "no-finish": STREAMS["no-finish"],
    }.items():
        yield Case(
            f"stream/completions/{name}",
            PLAIN,
            post("/v1/completions", dump({"model": "m", "prompt": "x", "stream": True})),
            [one],
        )
    yield Case(
        "stream/reads-on",
        PLAIN,
        clients.reads_on("POST", CHAT, body, b"Hallo", (clients.JSON_TYPE,)),
        [STREAMS["waits-for-reader"]],
    )
    yield Case(
        "stream/reads-on-half-closed",
        PLAIN,
        clients.reads_on("POST", CHAT, body, b"Hallo", (clients.JSON_TYPE,), way="half-closes"),
        [STREAMS["waits-for-reader"]],
    )
    yield Case(
        "stream/stale-connection",
        PLAIN,
        post(CHAT, body, way=clients.pair),
        [STREAMS["usual"], WHOLE["close-first"], STREAMS["usual"]],
    )
    yield Case("stream/unasked", PLAIN, post(CHAT, chat()), [STREAMS["usual"]])
    yield Case("stream/unasked-error", PLAIN, post(CHAT, chat()), [STREAMS["error-first"]])
    yield Case("stream/of-embeddings", PLAIN, post("/v1/embeddings", EMBEDDING), [STREAMS["usual"]])
    yield Case(
        "stream/accepts-gzip",
        PLAIN,
        post(CHAT, body, "Accept-Encoding: gzip, br", "Accept: text/event-stream"),
        [STREAMS["usual"]],
    )


def aside():
    """Paths that only the configuration knows."""
    for name, one in WHOLE.items():
        yield Case(f"pass/get/{name}", PLAIN, ask("GET", "/raw/x?y=1"), [one] * 3)
    for name, script in RETRIED.items():
        for method in ("GET", "POST", "PUT", "DELETE"):
            yield Case(
                f"pass/again/{method.lower()}-{name}",
                PLAIN,
                ask(method, "/raw/x", None if method in ("GET", "DELETE") else b"body"),
                script,
            )
    for name in (
        "length",
        "chunked",
        "until-close",
        "no-content",
        "not-modified",
        "failure",
        "large",
        "gzip",
        "redirect-own",
        "close-first",
    ):
        head = _without_body(WHOLE[name])
        yield Case(f"pass/head/{name}", PLAIN, ask("HEAD", "/raw/x"), [head] * 3)
    yield Case(
        "pass/head/pair", PLAIN, ask("HEAD", "/raw/x", way=clients.pair), [_without_body(WHOLE["length"])] * 2
    )
    for way, how in (clients.SINGLE | clients.DOUBLE).items():
        for name in ("length", "chunked", "until-close", "large-chunked", "close-within-chunk"):
            yield Case(f"pass/{way}/{name}", PLAIN, ask("GET", "/raw/x", way=how), [WHOLE[name]] * 2)
    for name in STREAMS.keys() & {"usual", "error-first", "no-done", "crlf", "gzip", "close-after-content"}:
        yield Case(f"pass/stream/{name}", PLAIN, ask("GET", "/raw/x"), [STREAMS[name]])
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "TRACE", "CONNECT"):
        yield Case(f"pass/method/{method.lower()}", PLAIN, ask(method, "/trunk/m"), [WHOLE["length"]])
    for name, target in {
        "prefix-itself": "/raw",
        "prefix-with-slash": "/raw/",
        "query-alone": "/raw?x",
        "dots": "/raw/a/../b/./c",
        "dots-out": "/raw/../../x",
        "dots-to-other": "/raw/../trunk/x",
        "slashes": "//raw///x",
        "escapes": "/raw/%7Ex%2D",
        "escaped-slash": "/raw/a%2Fb",
        "escaped-dots": "/raw/%2e%2e/trunk/x",
        "bad-escape": "/raw/%zz",
        "control": "/raw/%00",
        "backslash": "/raw/a\\b",
        "semicolon": "/raw/a;b=c/..;x/d",
        "utf-8": "/raw/ä",
        "overlong": "/raw/%c0%af",
        "absolute": "http://gateway.localhost/raw/x",
        "fragment": "/raw/x#y",
        "token-in-query": "/raw/x?access_token=t&b=2",
        "space": "/raw/x%20y",
        "long": "/raw/" + "z" * 3000,
        "unpooled": "/unpooled/x",
        "root": "/trunk/a",
        "nowhere": "/raws/x",
    }.items():
        yield Case(f"pass/path/{name}", PLAIN, ask("GET", target), [WHOLE["length"]])
    for name in ("redirect-own", "redirect-other", "redirect-path"):
        yield Case(f"pass/location/{name}", PLAIN, ask("GET", "/trunk/x"), [WHOLE[name]])
    yield Case(
        "pass/stale/get",
        PLAIN,
        ask("GET", "/raw/x", way=clients.pair),
        [WHOLE["length"], WHOLE["close-first"], WHOLE["length"]],
    )
    yield Case(
        "pass/stale/post",
        PLAIN,
        ask("POST", "/raw/x", b"body", way=clients.pair),
        [WHOLE["length"], WHOLE["length"]],
    )
    yield Case(
        "pass/unpooled/pair", PLAIN, ask("GET", "/unpooled/x", way=clients.pair), [WHOLE["length"]] * 2
    )
    yield Case("pass/total/slow", PLAIN, ask("GET", "/brief/x"), [answer(hold())] * 3)
    yield Case(
        "pass/total/within",
        PLAIN,
        ask("GET", "/brief/x"),
        [answer(http(b"x" * 40, kind="text/plain")[:-5], hold())] * 3,
    )


def _without_body(one):
    """The same answer to HEAD."""
    steps = tuple(
        ("send", step[1].partition(b"\r\n\r\n")[0] + b"\r\n\r\n") if step[0] == "send" else step
        for step in one.steps
    )
    return answer(*steps)


def bodies():
    """Request bodies that go on while they come in."""
    for size, body in {"empty": b"", "small": b"some bytes", "long": LONG_BODY}.items():
        for way, how in (clients.SINGLE | clients.BODY | clients.DOUBLE).items():
            if (size, way) == ("empty", "expects"):
                continue  # nobody is told to continue
            yield Case(
                f"upload/{size}/{way}",
                PLAIN,
                ask("POST", "/raw/up", body, ("Content-Type: x/y",), how),
                [WHOLE["length"]] * 2,
            )
    for name in (
        "close-first",
        "reset-first",
        "failure",
        "before-the-body",
        "silence",
        "interim-several",
        "close-within-body",
        "no-content",
        "chunked",
        "says-close",
    ):
        early = name == "before-the-body"
        body, loose = (HUGE_BODY, ("in", "out", "body")) if early else (LONG_BODY, ())
        yield Case(f"upload/answer/{name}", PLAIN, ask("POST", "/raw/up", body), [WHOLE[name]] * 3, loose)
        if not early:
            yield Case(
                f"upload/chunked-answer/{name}",
                PLAIN,
                ask("PUT", "/raw/up", body, way=clients.chunked_body),
                [WHOLE[name]] * 3,
            )
    yield Case(
        "upload/backend-continues",
        PLAIN,
        ask("POST", "/raw/up", b"some bytes", way=clients.expects),
        [answer(http(GOOD), interim=(("send", b"HTTP/1.1 100 Continue\r\n\r\n"),))],
    )
    yield Case("upload/huge", PLAIN, ask("POST", "/raw/up", HUGE_BODY), [WHOLE["length"]])
    yield Case("upload/huge-chat", PLAIN, post(CHAT, chat(text="y" * 8_000_000)), [WHOLE["length"]])
    for name, text in {
        "bad-size": b"zz\r\nabc\r\n0\r\n\r\n",
        "no-end": b"3\r\nabcX\r\n0\r\n\r\n",
        "too-long-size": b"fffffffffffffffff\r\n",
    }.items():
        for target in ("/raw/up", CHAT):
            yield Case(
                f"upload/chunks/{name}{target}",
                PLAIN,
                clients.bytes_of(
                    b"POST "
                    + target.encode()
                    + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    b"X-Request-Id: {id}-1\r\nTransfer-Encoding: chunked\r\n\r\n",
                    0.05,
                    text,
                    method="POST",
                ),
                [WHOLE["length"]],
            )
    yield Case(
        "upload/client-leaves",
        PLAIN,
        clients.leaves_within_body("POST", "/raw/up", LONG_BODY),
        [WHOLE["length"]],
        loose=("in",),
    )
    yield Case(
        "upload/client-leaves-chat",
        PLAIN,
        clients.leaves_within_body("POST", CHAT, chat(text="y" * 9000), (clients.JSON_TYPE,)),
        [WHOLE["length"]],
        loose=("in",),
    )


def canceled(method, target, body, mark=None):
    """Somebody at the dashboard gives the request up."""

    def client(talk):
        one = talk.connect()
        one.send(talk.request(method, target, body, (clients.JSON_TYPE,)))
        reply = None if mark is None else one.read_reply(method, until=mark)
        talk.wait("whole")
        other = talk.connect()
        identity = f"{talk.case_id}-1".replace("/", "%2F")
        other.send(
            talk.request(
                "POST",
                f"/api/requests/{identity}/cancel",
                b"",
                ("X-Synapse-Dashboard: 1",),
                number=2,
                host=b"localhost",
            )
        )
        other.read_reply("POST")
        if reply is None:
            one.read_reply(method)
        elif not one.end:
            one.read_on(reply)
        talk.wait("gateway closed")

    return client


def reads_late(method, target, body, fields=()):
    """A client that lets the gateway wait before it reads."""

    def client(talk):
        one = talk.connect()
        one.send(talk.request(method, target, body, fields))
        time.sleep(0.4)
        one.read_reply(method)

    return client


def slow_readers():
    huge = dump({"padding": "xyz-" * 2_000_000})
    for name, one in {
        "length": answer(http(huge)),
        "chunked": answer(http(huge, framing="chunked")),
        "until-close": answer(http(huge, framing="none"), close()),
    }.items():
        yield Case(f"reads-late/pass/{name}", PLAIN, reads_late("GET", "/raw/x", None), [one])
        yield Case(
            f"reads-late/chat/{name}", PLAIN, reads_late("POST", CHAT, chat(), (clients.JSON_TYPE,)), [one]
        )
    events = [answers.event(answers.chunk_of({"content": "w" * 5000})) for _ in range(1500)]
    yield Case(
        "reads-late/stream",
        PLAIN,
        reads_late("POST", CHAT, chat(True), (clients.JSON_TYPE,)),
        [answer(answers.stream(answers.ROLE, *events, answers.STOP, answers.DONE))],
    )


def departures():
    for name, method, target, body in (
        ("chat", "POST", CHAT, chat()),
        ("stream", "POST", CHAT, chat(True)),
        ("pass", "GET", "/raw/x", None),
    ):
        yield Case(f"canceled/{name}", PLAIN, canceled(method, target, body), [answer(hold())])
    yield Case(
        "canceled/within-stream",
        PLAIN,
        canceled("POST", CHAT, chat(True), b"Hallo"),
        [answer(answers.STREAM_HEAD + answers.chunked(answers.ROLE, answers.HELLO), hold())],
    )
    yield from slow_readers()
    fields = (clients.JSON_TYPE,)
    silent = [answer(hold())]
    for hard in (False, True):
        how = "reset" if hard else "close"
        for name, method, target, body in (
            ("chat", "POST", CHAT, chat()),
            ("stream", "POST", CHAT, chat(True)),
            ("embeddings", "POST", "/v1/embeddings", EMBEDDING),
            ("pass", "GET", "/raw/x", None),
        ):
            yield Case(
                f"leaves/{how}/{name}",
                PLAIN,
                clients.leaves_before_answer(method, target, body, fields, hard),
                silent,
            )
        yield Case(
            f"leaves/{how}/within-stream",
            PLAIN,
            clients.leaves_within("POST", CHAT, chat(True), b"Hallo", fields, hard),
            [answer(answers.STREAM_HEAD + answers.chunked(answers.ROLE, answers.HELLO), hold())],
        )
        yield Case(
            f"leaves/{how}/within-large",
            PLAIN,
            clients.leaves_within("GET", "/raw/x", None, b"xyz-", (), hard),
            [answer(http(answers.LARGE)[:2000], hold())],
        )
        yield Case(
            f"leaves/{how}/within-chunks",
            PLAIN,
            clients.leaves_within("GET", "/raw/x", None, b"Hallo", (), hard),
            [answer(answers.STREAM_HEAD + answers.chunked(answers.ROLE, answers.HELLO), hold())],
        )


CREDENTIALS = (
    "Authorization: Bearer sk-of-the-client-000000",
    "Proxy-Authorization: Basic dTpw",
    "Cookie: a=1; b=2",
    "X-Api-Key: k-anthropic",
    "Api-Key: k-azure",
    "X-Goog-Api-Key: k-gemini",
    "Ocp-Apim-Subscription-Key: k-apim",
    "Xi-Api-Key: k-eleven",
    "X-Auth-Token: k-auth",
    "X-Access-Token: k-access",
    "X-Amz-Security-Token: k-amz",
)


def credentials():
    for name, target, body in (
        ("chat", CHAT, chat()),
        ("pass", "/raw/x", b"{}"),
        ("keyed", "/keyed/x", b"{}"),
        ("withheld", "/withheld/x", b"{}"),
        ("tts", "/tts/synthesize", dump({"text": "x"})),
    ):
        for one in CREDENTIALS:
            kind = one.split(":")[0].lower()
            if name in ("keyed", "tts") and kind not in (
                "authorization",
                "cookie",
                "x-api-key",
                "x-amz-security-token",
            ):
                continue
            yield Case(f"credentials/{name}/{kind}", PLAIN, post(target, body, one), [WHOLE["length"]])
        yield Case(f"credentials/{name}/all", PLAIN, post(target, body, *CREDENTIALS), [WHOLE["length"]])
        yield Case(
            f"credentials/{name}/twice",
            PLAIN,
            post(target, body, *CREDENTIALS[:1] * 2, "COOKIE: c=3", "cookie: d"),
            [WHOLE["length"]],
        )
    echo = answer(http(dump({"error": {"message": "bad key sk-of-the-client-000000", "code": 401}})))
    yield Case("credentials/masked/error-in-200", PLAIN, post(CHAT, chat(), CREDENTIALS[0]), [echo])
    yield Case(
        "credentials/masked/stream",
        PLAIN,
        post(CHAT, chat(True), CREDENTIALS[0]),
        [
            answer(
                answers.stream(
                    answers.event({"error": {"message": "bad key sk-of-the-client-000000", "code": 401}})
                )
            )
        ],
    )
    yield Case(
        "credentials/hop-by-hop",
        PLAIN,
        post(
            "/raw/x",
            b"{}",
            "Connection: Authorization, X-Mine",
            "X-Mine: 1",
            CREDENTIALS[0],
            "Keep-Alive: 5",
            "TE: trailers",
            "Proxy-Connection: keep-alive",
        ),
        [WHOLE["length"]],
    )
    yield Case(
        "credentials/forwarded",
        PLAIN,
        post(
            "/raw/x",
            b"{}",
            "X-Forwarded-For: 1.2.3.4",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: evil",
            "Forwarded: for=1.2.3.4",
            "Via: 1.1 x",
            "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "User-Agent: test/1",
        ),
        [WHOLE["length"]],
    )
    yield Case(
        "credentials/forwarded-tts",
        PLAIN,
        post(
            "/tts/synthesize",
            dump({"text": "x"}),
            "X-Forwarded-For: 1.2.3.4",
            "Accept: */*",
            "X-Other: 1",
            "Tracestate: a=b",
            "User-Agent: test/1",
        ),
        [answers.RECORDINGS["length"]],
    )


def failing_connections():
    for method in ("GET", "POST"):
        body = b"body" if method == "POST" else None
        yield Case(f"connect/refused/{method.lower()}", PLAIN, ask(method, "/down/x", body))
        yield Case(f"connect/timeout/{method.lower()}", PLAIN, ask(method, "/deaf/x", body))

        def opens(talk, method=method, body=body):
            one = talk.connect()
            one.send(talk.request(method, "/later/x", body))
            time.sleep(0.2)
            talk.backend.listeners["later"].open()
            one.read_reply(method)

        yield Case(f"connect/refused-then-good/{method.lower()}", LATE, opens, [WHOLE["length"]])
    yield Case("connect/once/close", PLAIN, ask("GET", "/once/x"), [WHOLE["close-first"]])
    yield Case("connect/once/good", PLAIN, ask("GET", "/once/x"), [WHOLE["length"]])

    def early_reset(talk):
        one = talk.connect()
        one.send(talk.request("POST", CHAT, chat(text="y" * 8_000_000), (clients.JSON_TYPE,)))
        one.read_reply("POST")

    yield Case(
        "connect/reset-within-request",
        PLAIN,
        early_reset,
        [answer(pause(0.2), ("reset",), read="head"), WHOLE["length"]],
    )

    def queued(talk, target, count, order):
        """`count` requests at a backend that takes one at once; the first is let go when all are there."""
        ones = []
        for number in range(1, count + 1):
            one = talk.connect()
            ones.append(one)
            one.send(talk.request("GET", target, number=number))
            if number == 1:
                talk.wait("whole")
            else:
                time.sleep(0.06)
        for index in order:
            if index == 0:
                talk.tell("go")
            ones[index].read_reply()

    held = [answer(wait("go"), *WHOLE["says-close"].steps), WHOLE["says-close"], WHOLE["says-close"]]
    yield Case("queue/waits", PLAIN, lambda talk: queued(talk, "/narrow/x", 2, (0, 1)), held)
    yield Case("queue/overflow", PLAIN, lambda talk: queued(talk, "/narrow/x", 3, (2, 0, 1)), held)
    yield Case("queue/none", PLAIN, lambda talk: queued(talk, "/single/x", 2, (1, 0)), held)
    yield Case("queue/timeout", PLAIN, lambda talk: queued(talk, "/narrow/x", 2, (1, 0)), held)

    def leaves_queue(talk):
        first, second = talk.connect(), None
        first.send(talk.request("GET", "/narrow/x"))
        talk.wait("whole")
        second = talk.connect()
        second.send(talk.request("GET", "/narrow/x", number=2))
        time.sleep(0.06)
        second.leave()
        time.sleep(0.06)
        talk.tell("go")
        first.read_reply()

    yield Case("queue/leaves", PLAIN, leaves_queue, held)
