"""What the gateway answers by itself: its own routes, heads that are none, limits, pages of other origins."""

import answers
import clients
from answers import WHOLE, dump, http, wav
from backend import answer
from case import Case
from clients import JSON_TYPE, ask, bytes_of, chat, form, post, post_form
from worlds import GUARDED, NARROW, OUTAGE, PLAIN, TIGHT

HEALTHY = answer(http(b'{"status":"ok"}'))
LIST = answer(
    http(dump({"object": "list", "data": [{"id": "m", "object": "model", "owned_by": "x", "created": 1}]}))
)
OTHER_LIST = answer(
    http(
        dump({"object": "list", "data": [{"id": "org/e", "object": "model"}, {"id": "m", "object": "model"}]})
    )
)
LISTS = {"llama-router": [LIST] * 3, "llama-embed": [OTHER_LIST] * 3}
ROUTES = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/tts/synthesize",
    "/tts/stream",
    "/tts/interpolate",
    "/v1/audio/speech",
    "/models/load",
    "/models/unload",
)
FORM_ROUTES = (
    "/stt/transcribe",
    "/stt/detect-language",
    "/stt/stream",
    "/v1/audio/transcriptions",
    "/v1/audio/translations",
    "/speakers/diarize",
    "/speakers/verify",
    "/audio/denoise",
    "/audio/convert",
    "/voices",
)
READ_ROUTES = (
    "/v1/models",
    "/v1/models/m",
    "/models",
    "/voices",
    "/tts/languages",
    "/health",
    "/livez",
    "/readyz",
    "/openapi.json",
    "/docs",
    "/favicon.ico",
    "/dashboard/login",
    "/dashboard/login.css",
    "/ui",
    "/cluster",
)


def cases():
    yield from routes()
    yield from heads()
    yield from tight()
    yield from pages()
    yield from outage()


def routes():
    script = {**LISTS, "": [HEALTHY] * 60}
    for target in READ_ROUTES:
        if target in ("/cluster",):
            continue
        for way, how in clients.SINGLE.items():
            if target == "/health" and way != "usual":
                continue
            yield Case(
                f"local/get{target}/{way}",
                NARROW if target == "/health" else PLAIN,
                ask("GET", target, way=how),
                script,
                asks_health=target == "/health",
            )
        if target == "/health":
            yield Case("local/head/health", NARROW, ask("HEAD", target), script, asks_health=True)
        else:
            yield Case(f"local/head{target}", PLAIN, ask("HEAD", target), script)
    yield Case("local/pipelined", PLAIN, ask("GET", "/livez", way=clients.pipelined))
    yield Case("local/pair", PLAIN, ask("GET", "/v1/models", way=clients.pair), script)
    for target in (
        *ROUTES,
        *FORM_ROUTES,
        "/livez",
        "/v1/models",
        "/models/m/profile",
        "/nothing",
        "/v1/nothing",
    ):
        for method in ("OPTIONS", "DELETE", "TRACE", "PATCH"):
            yield Case(f"local/method/{method.lower()}{target}", PLAIN, ask(method, target))
        if target not in ("/livez", "/v1/models", "/models/m/profile"):
            yield Case(f"local/method/get{target}", PLAIN, ask("GET", target))
    for name in ("llama-router", "llama-embed"):
        for kind in (
            "failure",
            "html",
            "close-first",
            "half-json",
            "not-found",
            "unauthorized",
            "array",
            "empty",
        ):
            yield Case(
                f"local/models/{name}-{kind}",
                PLAIN,
                ask("GET", "/v1/models"),
                {**LISTS, name: [WHOLE[kind]] * 4},
            )
    for target in (
        "/v1/models/org%2Fe",
        "/v1/models/org/e",
        "/v1/models/nobody",
        "/v1/models/",
        "/models/m/schema",
        "/models/gpt-oss-20b/schema",
        "/models/m/profile",
        "/models/nothing/else",
    ):
        yield Case(f"local/model/{name_of(target)}", PLAIN, ask("GET", target), script)
    yield Case("local/profile/put", PLAIN, _profile, script)
    for kind in ("failure", "html", "close-first", "no-content", "redirect-path", "silence"):
        yield Case(
            f"local/health/{kind}",
            NARROW,
            ask("GET", "/health"),
            {"": [HEALTHY] * 60, "llama-embed": [WHOLE[kind]] * 4},
            asks_health=True,
        )
    yield Case("local/health/with-dead-ones", PLAIN, ask("GET", "/health"), script, asks_health=True)
    for target in ROUTES:
        for name, (body, fields) in {
            "no-body": (None, (JSON_TYPE,)),
            "empty": (b"", (JSON_TYPE,)),
            "no-json": (b"{", (JSON_TYPE,)),
            "array": (b"[1]", (JSON_TYPE,)),
            "text": (b"hello", ("Content-Type: text/plain",)),
            "xml": (b"<a/>", ("Content-Type: application/xml",)),
            "form-type": (b"{}", ("Content-Type: application/x-www-form-urlencoded",)),
            "no-type": (b"{}", ()),
            "utf-16": (b"{}", ("Content-Type: application/json; charset=utf-16",)),
            "suffix": (b"{}", ("Content-Type: a/b+json",)),
            "gzip": (b"{}", (JSON_TYPE, "Content-Encoding: gzip")),
            "identity": (b"{}", (JSON_TYPE, "Content-Encoding: identity")),
            "bad-utf-8": (b'{"model":"\xff"}', (JSON_TYPE,)),
            "deep": (b"[" * 2000, (JSON_TYPE,)),
        }.items():
            yield Case(
                f"local/json/{name}{target}", PLAIN, ask("POST", target, body, fields), [WHOLE["length"]]
            )
    for target in FORM_ROUTES:
        for name, (body, fields) in {
            "no-body": (None, ()),
            "json": (b"{}", (JSON_TYPE,)),
            "gzip": (form(("file", "a.wav", wav())), (clients.FORM_TYPE, "Content-Encoding: gzip")),
        }.items():
            yield Case(f"local/form/{name}{target}", PLAIN, ask("POST", target, body, fields), loose=("in",))
    for target in (
        "/nothing",
        "/v1/nothing",
        "/v1/chat/completion",
        "/v1/chat/completions/",
        "/tts",
        "/tts/other",
        "/stt/x/y",
        "/V1/models",
        "/",
        "/v1",
        "/..",
        "/a/../../b",
        "/%",
        "/%2e%2e",
        "/a%5cb",
        "/a\\b",
        "/v1//models",
        "/v1/./models",
        "/livez?x=1",
        "/livez;x",
        "/%6civez",
        "/models/a%2Fb/schema",
        "*",
    ):
        yield Case(f"local/path/{name_of(target)}", PLAIN, ask("GET", target), script)
    yield Case("local/expects-refused", PLAIN, _expects_refused)
    yield Case(
        "local/ids/bad",
        PLAIN,
        bytes_of(b'GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: a b"c\r\n\r\n'),
    )
    yield Case(
        "local/ids/long",
        PLAIN,
        bytes_of(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: " + b"i" * 129 + b"\r\n\r\n"),
    )
    yield Case(
        "local/ids/none-to-backend",
        PLAIN,
        bytes_of(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
            method="POST",
        ),
        [WHOLE["length"]],
    )


def name_of(target):
    """A path as a part of a case's name."""
    words = {
        "\\": "-backslash-",
        "%": "-pc-",
        "*": "star",
        "?": "-query-",
        ";": "-semicolon-",
        "=": "-is-",
        "//": "-two-",
    }
    for character, word in words.items():
        target = target.replace(character, word)
    return target.strip("/") or "root"


def _profile(talk):
    one = talk.connect()
    for number, (method, body) in enumerate(
        (
            ("PUT", b'{"temperature":0.5}'),
            ("GET", None),
            ("PUT", b'{"temperature":9}'),
            ("PUT", b'{"values":{},"replace":true}'),
        ),
        1,
    ):
        one.send(talk.request(method, "/models/m/profile", body, (JSON_TYPE,), number=number))
        one.read_reply(method)


def _expects_refused(talk):
    one = talk.connect()
    one.send(talk.request("POST", "/nothing", None, ("Expect: 100-continue", "Content-Length: 500")))
    one.read_reply("POST")


def line(text):
    return text + b"\r\nHost: localhost\r\nX-Request-Id: {id}-1\r\n\r\n"


def field(text):
    return b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {id}-1\r\n" + text + b"\r\n\r\n"


HEADS = {
    "lf-lines": b"GET /livez HTTP/1.1\nHost: gateway\n\n",
    "blank-first": line(b" GET /livez HTTP/1.1"),
    "no-method": line(b"/livez HTTP/1.1"),
    "two-blanks": line(b"GET  /livez HTTP/1.1"),
    "tab": line(b"GET\t/livez HTTP/1.1"),
    "blank-in-target": line(b"GET /li vez HTTP/1.1"),
    "control-in-target": line(b"GET /li\x01vez HTTP/1.1"),
    "relative": line(b"GET livez HTTP/1.1"),
    "asterisk": line(b"GET * HTTP/1.1"),
    "options-asterisk": line(b"OPTIONS * HTTP/1.1"),
    "ftp": line(b"GET ftp://host/livez HTTP/1.1"),
    "absolute": line(b"GET http://localhost/livez HTTP/1.1"),
    "absolute-other": line(b"GET http://evil.example/livez HTTP/1.1"),
    "connect": line(b"CONNECT localhost:1 HTTP/1.1"),
    "connect-bad": line(b"CONNECT host HTTP/1.1"),
    "no-version": line(b"GET /livez"),
    "small-version": line(b"GET /livez http/1.1"),
    "version-1.2": line(b"GET /livez HTTP/1.2"),
    "version-0.9": line(b"GET /livez HTTP/0.9"),
    "http-2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "odd-method": line(b"GE(T /livez HTTP/1.1"),
    "unknown-method": line(b"FROB /livez HTTP/1.1"),
    "long-method": line(b"A" * 40 + b" /livez HTTP/1.1"),
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "one-empty-line": b"\r\n" + line(b"GET /livez HTTP/1.1"),
    "many-empty-lines": b"\r\n" * 6 + line(b"GET /livez HTTP/1.1"),
    "no-host": b"GET /livez HTTP/1.1\r\n\r\n",
    "two-hosts": field(b"Host: localhost"),
    "host-list": b"GET /livez HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "host-other": b"GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nX-Request-Id: {id}-1\r\n\r\n",
    "host-empty": b"GET /v1/models HTTP/1.1\r\nHost:\r\nX-Request-Id: {id}-1\r\n\r\n",
    "no-colon": field(b"Accept"),
    "no-name": field(b": value"),
    "blank-before-colon": field(b"Accept : */*"),
    "odd-name": field(b"Acc(ept: */*"),
    "folded": field(b"X-Long: one\r\n two"),
    "nul": field(b"X-Value: a\0b"),
    "cr": field(b"X-Value: a\rb"),
    "length-negative": field(b"Content-Length: -1"),
    "length-sign": field(b"Content-Length: +1"),
    "length-empty": field(b"Content-Length:"),
    "length-list": field(b"Content-Length: 1, 1"),
    "length-huge": field(b"Content-Length: 99999999999999999999"),
    "two-lengths": field(b"Content-Length: 1\r\nContent-Length: 2"),
    "length-and-chunks": field(b"Content-Length: 1\r\nTransfer-Encoding: chunked"),
    "two-codings": field(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    "chunked-twice": field(b"Transfer-Encoding: chunked, chunked"),
    "gzip-chunked": field(b"Transfer-Encoding: gzip, chunked"),
    "identity": field(b"Transfer-Encoding: identity"),
    "chunks-of-1.0": b"GET /livez HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "bad-connection": field(b"Connection: clo(se"),
    "upgrade": field(b"Connection: Upgrade\r\nUpgrade: websocket"),
    "expect-other": field(b"Expect: something"),
    "http-1.0": b"GET /livez HTTP/1.0\r\n\r\n",
    "get-with-body": field(b"Content-Length: 3") + b"abc",
    "early-close": b"GET /livez HT",
    "latin-1": field(b"X-Name: \xe4"),
}


def heads():
    for name, data in HEADS.items():
        if name == "early-close":

            def client(talk, data=data):
                one = talk.connect()
                one.send(data)
                one.half_close()
                one.read_reply()

            yield Case(f"head/{name}", PLAIN, client)
        else:
            yield Case(f"head/{name}", PLAIN, bytes_of(data))
    yield Case(
        "head/good-then-bad", PLAIN, bytes_of(line(b"GET /livez HTTP/1.1") + b"BAD\r\n\r\n", replies=2)
    )
    yield Case(
        "head/in-bytes",
        PLAIN,
        bytes_of(*(one for c in line(b"GET /livez HTTP/1.1") for one in (bytes([c]),))),
    )


def tight():
    small, large = chat(), chat(text="y" * 1100)
    for name, client in {
        "json-too-large": post("/v1/chat/completions", large),
        "json-fits": post("/v1/chat/completions", small),
        "json-chunked-too-large": post("/v1/chat/completions", large, way=clients.chunked_body),
        "pass-has-no-limit": ask("POST", "/raw/x", b"y" * 4000),
        "uri-too-long": ask("GET", "/raw/" + "z" * 300),
        "head-too-large": ask("GET", "/raw/x", fields=("X-Long: " + "z" * 5000,)),
        "fields-too-many": ask("GET", "/raw/x", fields=[f"X-{i}: 1" for i in range(20)]),
        "upload-too-large": ask(
            "POST", "/stt/transcribe", b"", (clients.FORM_TYPE, "Content-Length: 3000000"), _head_alone
        ),
        "upload-too-large-chunked": post_form(
            "/stt/transcribe", ("file", "a.wav", wav(1_200_000)), way=clients.chunked_body
        ),
        "expect-too-large": ask(
            "POST",
            "/v1/chat/completions",
            b"",
            (JSON_TYPE, "Expect: 100-continue", "Content-Length: 5000"),
            _head_alone,
        ),
    }.items():
        yield Case(
            f"tight/{name}",
            TIGHT,
            client,
            [WHOLE["length"]],
            loose=("in", "out", "body") if "chunked" in name else ("in",),
        )
    for name, content in {"event": "w" * 2000, "fits": "w" * 200}.items():
        script = [
            answer(
                answers.stream(
                    answers.ROLE,
                    answers.event(answers.chunk_of({"content": content})),
                    answers.STOP,
                    answers.DONE,
                )
            )
        ]
        yield Case(f"tight/stream/{name}", TIGHT, post("/v1/chat/completions", chat(True)), script)
        script = [
            answer(
                answers.stream(
                    answers.HELLO,
                    answers.event(answers.chunk_of({"content": content})),
                    answers.STOP,
                    answers.DONE,
                )
            )
        ]
        yield Case(
            f"tight/stream/{name}-after-content", TIGHT, post("/v1/chat/completions", chat(True)), script
        )
        yield Case(
            f"tight/stt/{name}",
            TIGHT,
            post_form("/stt/stream", ("file", "a.wav", wav())),
            [answer(answers.stream(answers.named("segment", {"text": content}), answers.DONE_EVENT))],
        )
    head = b'POST %s HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {id}-1\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"model"'
    for target in (b"/v1/chat/completions", b"/raw/x", b"/tts/synthesize"):
        yield Case(
            f"tight/body-stops{target.decode()}",
            TIGHT,
            bytes_of(head % target, method="POST"),
            [WHOLE["length"]],
        )
    yield Case(
        "tight/body-stops/stt",
        TIGHT,
        bytes_of(
            b"POST /stt/transcribe HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {id}-1\r\nContent-Type: multipart/form-data; boundary=a-boundary\r\n"
            b"Content-Length: 9000\r\n\r\n" + form(("file", "a.wav", wav(4000)))[:2000],
            method="POST",
        ),
        [WHOLE["length"]],
    )
    yield Case("tight/head-stops", TIGHT, bytes_of(b"GET /livez HTTP/1.1\r\nHost:"))
    yield Case("tight/idle", TIGHT, _idle)
    yield Case("tight/silent-connection", TIGHT, bytes_of(b""))


def _head_alone(talk, method, target, body, fields=()):
    one = talk.connect()
    one.send(talk.request(method, target, None, fields))
    one.read_reply(method)


def _idle(talk):
    one = talk.connect()
    one.send(talk.request("GET", "/livez"))
    one.read_reply()
    one.read_reply()  # the connection ends instead


def pages():
    """A gateway with a dashboard's token, trusted proxies and an origin."""
    own, foreign = "Origin: https://app.example", "Origin: https://evil.example"
    for name, fields in {
        "own": (own,),
        "foreign": (foreign,),
        "null": ("Origin: null",),
        "same-site": ("Sec-Fetch-Site: same-site",),
        "cross-site": ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"),
        "none": (),
    }.items():
        for target, method, body in (
            ("/v1/chat/completions", "POST", chat()),
            ("/v1/models", "GET", None),
            ("/raw/x", "GET", None),
            ("/raw/x", "POST", b"{}"),
            ("/livez", "GET", None),
            ("/docs", "GET", None),
            ("/nothing", "GET", None),
        ):
            script = LISTS if target == "/v1/models" else [WHOLE["length"]]
            yield Case(
                f"pages/{name}/{method.lower()}{target}",
                GUARDED,
                ask(method, target, body, (JSON_TYPE, *fields)),
                script,
            )
        yield Case(
            f"pages/{name}/stream", GUARDED, post("/v1/chat/completions", chat(True), *fields), [_stream()]
        )
        yield Case(
            f"pages/{name}/error",
            GUARDED,
            post("/v1/chat/completions", chat(), *fields),
            [WHOLE["close-first"]],
        )
    for name, origin in (("own", own), ("foreign", foreign)):
        for target in ("/v1/chat/completions", "/raw/x", "/dashboard", "/nothing"):
            yield Case(
                f"pages/preflight/{name}{target}",
                GUARDED,
                ask(
                    "OPTIONS",
                    target,
                    None,
                    (
                        origin,
                        "Access-Control-Request-Method: POST",
                        "Access-Control-Request-Headers: content-type",
                    ),
                ),
            )
    token = "the-dashboards-own-token"
    for name, field_ in {
        "bearer": f"Authorization: Bearer {token}",
        "cookie": f"Cookie: a=1; synapse_dash_token={token}; b=2",
        "cookie-alone": f"Cookie: synapse_dash_token={token}",
        "api-key": f"X-Api-Key: {token}",
        "other": "Authorization: Bearer sk-x",
    }.items():
        for target, body in (
            ("/v1/chat/completions", chat()),
            ("/raw/x", b"{}"),
            ("/keyed/x", b"{}"),
            ("/tts/synthesize", dump({"text": "x"})),
        ):
            yield Case(f"pages/token/{name}{target}", GUARDED, post(target, body, field_), [WHOLE["length"]])
    yield Case(
        "pages/token/query", GUARDED, ask("GET", f"/raw/x?a=1&access_token={token}&b=2"), [WHOLE["length"]]
    )
    yield Case(
        "pages/token/query-alone", GUARDED, ask("GET", f"/raw/x?access_token={token}"), [WHOLE["length"]]
    )
    yield Case(
        "pages/token/echoed",
        GUARDED,
        post("/v1/chat/completions", chat(), f"Authorization: Bearer {token}"),
        [answer(http(dump({"error": {"message": f"bad {token}"}})))],
    )
    for name, fields in {
        "for": ("X-Forwarded-For: 1.2.3.4",),
        "two": ("X-Forwarded-For: 1.2.3.4, 5.6.7.8", "X-Forwarded-For: 9.9.9.9"),
        "proto": ("X-Forwarded-Proto: https", "X-Forwarded-Host: api.example"),
        "forwarded": ("Forwarded: for=1.2.3.4",),
        "garbage": ("X-Forwarded-For: nobody",),
    }.items():
        yield Case(f"pages/proxy/{name}", GUARDED, post("/raw/x", b"{}", *fields), [WHOLE["length"]])
        yield Case(
            f"pages/proxy/{name}-tts",
            GUARDED,
            post("/tts/synthesize", dump({"text": "x"}), *fields),
            [WHOLE["failure"]],
        )
    for target in ("/dashboard", "/api/session", "/cluster"):
        yield Case(f"pages/gate{target}", GUARDED, ask("GET", target))


def _stream():
    return answers.STREAMS["usual"]


def outage():
    for target in ("/v1/models", "/health", "/v1/models/m", "/models"):
        yield Case(f"outage/get{target}", OUTAGE, ask("GET", target), asks_health=target == "/health")
    yield Case("outage/nameless", OUTAGE, ask("GET", "/nameless/x"))
    for target, body in (
        ("/v1/chat/completions", chat()),
        ("/v1/chat/completions", chat(True)),
        ("/v1/embeddings", b'{"input":"x"}'),
        ("/tts/synthesize", b'{"text":"x"}'),
        ("/tts/stream", b'{"text":"x"}'),
        ("/v1/audio/speech", b'{"input":"x","voice":"alloy"}'),
    ):
        yield Case(
            f"outage/post{target}" + ("-stream" if b"true" in body else ""), OUTAGE, post(target, body)
        )
    for target in ("/stt/transcribe", "/stt/stream", "/speakers/diarize", "/audio/denoise"):
        yield Case(f"outage/form{target}", OUTAGE, post_form(target, ("file", "a.wav", wav())), loose=("in",))
