"""What depends on what was before or on how long something takes: early heads, turns, breakers, clocks."""

import time

import clients
from answers import (
    END,
    HELLO,
    RECORDINGS,
    ROLE,
    SEGMENT_STREAMS,
    STOP,
    STREAM_HEAD,
    STREAMS,
    TRANSCRIPTIONS,
    WHOLE,
    DONE,
    WORLD,
    chunked,
    dump,
    error,
    http,
    wav,
)
from backend import answer, close, hold, reset, wait
from case import Case
from clients import FORM_TYPE, JSON_TYPE, ask, chat, form, post
from worlds import BREAKER, BRIEF, KEEPALIVE, NARROW

CHAT = "/v1/chat/completions"
COMMENT = b": keepalive\n\n"
FILE = ("file", "a.wav", wav(8000, 16000))


def cases():
    yield from early_heads()
    yield from turns()
    yield from breakers()
    yield from clocks()


def after_comment(target=CHAT, body=None, fields=(JSON_TYPE,), version="1.1", way=None, mark=b"\n\n"):
    """The backend goes on when the client has had a comment."""
    return clients.reads_on("POST", target, chat(True) if body is None else body, mark, fields, version, way)


def late(one):
    """The same answer, once the client has seen a comment."""
    return answer(wait("seen"), *one.steps)


def early_heads():
    for name in (
        "usual",
        "crlf",
        "no-done",
        "no-finish",
        "error-first",
        "error-first-text",
        "error-after-content",
        "completion-instead",
        "error-instead",
        "nothing",
        "role-alone",
        "done-alone",
        "until-close",
        "close-after-role",
        "close-after-content",
        "named-json",
        "named-plain-text",
        "events-with-500",
        "gzip",
        "huge-event",
        "no-json-first",
        "interim-before",
    ):
        yield Case(f"early/{name}", KEEPALIVE, after_comment(), [late(STREAMS[name])] * 2)
    for name in (
        "chunked",
        "failure",
        "failure-html",
        "failure-large",
        "too-many",
        "unavailable",
        "empty",
        "html",
        "half-json",
        "error-in-200",
        "large",
        "close-first",
        "reset-first",
        "close-within-head",
        "close-within-body",
        "no-content",
        "redirect-own",
        "no-http",
        "gzip",
    ):
        yield Case(f"early/whole/{name}", KEEPALIVE, after_comment(), [late(WHOLE[name])] * 2)
    for name in ("usual", "error-first", "completion-instead", "close-after-content"):
        yield Case(f"early/http-1.0/{name}", KEEPALIVE, after_comment(version="1.0"), [late(STREAMS[name])])
        yield Case(
            f"early/half-closed/{name}",
            KEEPALIVE,
            after_comment(way="half-closes", mark=COMMENT),
            [late(STREAMS[name])],
        )
        yield Case(
            f"early/completions/{name}",
            KEEPALIVE,
            after_comment("/v1/completions", dump({"prompt": "x", "stream": True})),
            [late(STREAMS[name])],
        )
    yield Case("early/no-answer", KEEPALIVE, post(CHAT, chat(True)), [answer(hold())])
    yield Case(
        "early/leaves",
        KEEPALIVE,
        clients.leaves_within("POST", CHAT, chat(True), COMMENT, (JSON_TYPE,)),
        [answer(hold())],
    )
    yield Case(
        "early/not-for-whole",
        KEEPALIVE,
        post(CHAT, chat()),
        [answer(("pause", 0.4), *WHOLE["failure"].steps)],
    )
    yield Case(
        "early/pause-after-head",
        KEEPALIVE,
        after_comment(),
        [answer(STREAM_HEAD, wait("seen"), chunked(ROLE, HELLO, STOP, DONE) + END)],
    )
    yield Case(
        "early/pause-after-role",
        KEEPALIVE,
        after_comment(mark=COMMENT),
        [answer(STREAM_HEAD + chunked(ROLE), wait("seen"), chunked(HELLO, STOP, DONE) + END)],
    )
    yield Case(
        "early/pause-after-content",
        KEEPALIVE,
        after_comment(mark=COMMENT),
        [answer(STREAM_HEAD + chunked(ROLE, HELLO), wait("seen"), chunked(WORLD, STOP, DONE) + END)],
    )
    yield Case(
        "early/pause-within-event",
        KEEPALIVE,
        after_comment(mark=COMMENT),
        [
            answer(
                STREAM_HEAD + chunked(ROLE, HELLO, WORLD[:20]),
                wait("seen"),
                chunked(WORLD[20:], STOP, DONE) + END,
            )
        ],
    )
    yield Case(
        "early/error-after-pause",
        KEEPALIVE,
        after_comment(mark=COMMENT),
        [answer(STREAM_HEAD + chunked(ROLE), wait("seen"), close())],
    )
    for name in ("usual", "no-done", "error-event", "no-events", "detail-400", "close-within"):
        yield Case(
            f"early/stt/{name}",
            KEEPALIVE,
            after_comment("/stt/stream", form(FILE), (FORM_TYPE,)),
            [late(SEGMENT_STREAMS[name])] * 3,
        )
        yield Case(
            f"early/stt-openai/{name}",
            KEEPALIVE,
            after_comment(
                "/v1/audio/transcriptions", form(("stream", "true"), ("model", "w"), FILE), (FORM_TYPE,)
            ),
            [late(SEGMENT_STREAMS[name])] * 3,
        )
    for name in ("mp3", "text", "error-500", "close-within", "close-first"):
        yield Case(
            f"early/speech-events/{name}",
            KEEPALIVE,
            after_comment("/v1/audio/speech", dump({"input": "x", "voice": "alloy", "stream_format": "sse"})),
            [late(RECORDINGS[name])] * 3,
        )


def turns():
    def crowd(count, order, stream=False, leaves=None):
        def client(talk):
            ones = []
            for number in range(1, count + 1):
                ones.append(talk.connect())
                ones[-1].send(talk.request("POST", CHAT, chat(stream), (JSON_TYPE,), number=number))
                talk.wait("whole") if number == 1 else time.sleep(0.06)
            if leaves is not None:
                ones[leaves].leave()
                time.sleep(0.06)
            for index in order:
                if index == 0:
                    talk.tell("go")
                ones[index].read_reply("POST")

        return client

    # Nothing is kept: which comes first, the permit or the connection, is left to the gateway.
    rest = WHOLE["says-close"]
    held = answer(wait("go"), *rest.steps)
    yield Case("turns/waits", NARROW, crowd(2, (0, 1)), [held, rest])
    yield Case("turns/overflow", NARROW, crowd(3, (2, 0, 1)), [held, rest])
    yield Case("turns/timeout", NARROW, crowd(2, (1, 0)), [held, rest])
    yield Case("turns/leaves", NARROW, crowd(2, (0,), leaves=1), [held, rest])
    yield Case("turns/first-leaves", NARROW, crowd(2, (1,), leaves=0), [answer(hold()), rest])
    yield Case("turns/first-fails", NARROW, crowd(2, (0, 1)), [answer(wait("go"), reset()), rest])
    yield Case(
        "turns/streams",
        NARROW,
        crowd(2, (0, 1), stream=True),
        [answer(wait("go"), *STREAMS["usual"].steps), STREAMS["usual"]],
    )
    yield Case(
        "turns/stream-overflow",
        NARROW,
        crowd(3, (2, 0, 1), stream=True),
        [answer(wait("go"), *STREAMS["usual"].steps), STREAMS["usual"]],
    )
    yield Case(
        "turns/stream-timeout",
        NARROW,
        crowd(2, (1, 0), stream=True),
        [answer(wait("go"), *STREAMS["usual"].steps)],
    )


def breakers():
    def repeatedly(count, method, target, body, fields=(), pauses=()):
        def client(talk):
            one = talk.connect()
            for number in range(1, count + 1):
                time.sleep(0.7 if number in pauses else 0.03)  # until the last failure is known
                one.send(talk.request(method, target, body, fields, number=number))
                one.read_reply(method)
                if one.end:
                    one = talk.connect()

        return client

    fields = (JSON_TYPE,)
    for name in (
        "close-first",
        "reset-first",
        "silence",
        "close-within-body",
        "close-within-chunk",
        "large-close-within",
        "failure",
        "no-http",
        "close-within-head",
        "half-json",
        "error-in-200",
        "unavailable",
    ):
        yield Case(
            f"breaker/chat/{name}", BREAKER, repeatedly(3, "POST", CHAT, chat(), fields), [WHOLE[name]] * 3
        )
    for name in (
        "close-after-content",
        "no-finish",
        "error-first",
        "error-after-content",
        "silence-after-role",
        "silence-after-content",
        "done-alone",
    ):
        yield Case(
            f"breaker/stream/{name}",
            BREAKER,
            repeatedly(3, "POST", CHAT, chat(True), fields),
            [STREAMS[name]] * 3,
        )
    bad, good = WHOLE["close-first"], WHOLE["length"]
    yield Case(
        "breaker/series-ends",
        BREAKER,
        repeatedly(5, "POST", CHAT, chat(), fields),
        [bad, good, bad, bad, bad, good],
    )
    yield Case(
        "breaker/half-open-good",
        BREAKER,
        repeatedly(5, "GET", "/raw/x", None, pauses=(4,)),
        [bad, bad, good, good],
    )
    yield Case(
        "breaker/half-open-bad", BREAKER, repeatedly(5, "GET", "/raw/x", None, pauses=(4,)), [bad, bad, bad]
    )
    yield Case(
        "breaker/half-open-leaves",
        BREAKER,
        repeatedly(4, "POST", "/raw/x", b"x", pauses=(4,)),
        [bad, bad, WHOLE["failure"]],
    )
    yield Case("breaker/refused", BREAKER, repeatedly(2, "GET", "/down/x", None))
    for name, one in {"close-within": RECORDINGS["close-within"], "text": RECORDINGS["text"]}.items():
        yield Case(
            f"breaker/tts/{name}",
            BREAKER,
            repeatedly(3, "POST", "/tts/synthesize", dump({"text": "x"}), fields),
            [one] * 3,
        )


def clocks():
    """`timeouts.total` runs out in different moments."""
    for name in (
        "silence",
        "silence-within-head",
        "silence-within-body",
        "silence-within-large",
        "silence-within-chunked",
    ):
        yield Case(f"total/chat/{name}", BRIEF, post(CHAT, chat()), [WHOLE[name]] * 3)
    for name in ("silence-after-head", "silence-after-role", "silence-after-content", "last-chunk-never"):
        yield Case(f"total/stream/{name}", BRIEF, post(CHAT, chat(True)), [STREAMS[name]] * 3)
    yield Case("total/again", BRIEF, post(CHAT, chat()), [WHOLE["close-first"], WHOLE["length"]])
    yield Case(
        "total/stt",
        BRIEF,
        ask("POST", "/stt/stream", form(FILE), (FORM_TYPE,)),
        [SEGMENT_STREAMS["silence-within"]],
    )
    yield Case(
        "total/good",
        BRIEF,
        ask("POST", "/stt/transcribe", form(FILE), (FORM_TYPE,)),
        [TRANSCRIPTIONS["length"]],
    )
    yield Case("total/error", BRIEF, post(CHAT, chat()), [answer(http(error(400), 400))])
