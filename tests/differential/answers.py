"""What backends answer: tables from which the cases take one side."""

import gzip
import json

from backend import answer, close, hold, pause, pieces, reset, send, wait
from client import in_chunks

JSON = "application/json"
EVENTS = "text/event-stream"
REASONS = {200: "OK", 201: "Created", 204: "No Content", 302: "Found", 304: "Not Modified",
           307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
           422: "Unprocessable Entity", 429: "Too Many Requests", 500: "Internal Server Error",
           502: "Bad Gateway", 503: "Service Unavailable"}


def dump(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def http(body=b"", status=200, fields=(), framing="length", kind=JSON, reason=None, version="1.1"):
    """An answer's bytes. `framing`: length, chunked, none, or the length that is announced."""
    reason = REASONS.get(status, "Odd") if reason is None else reason
    lines = [f"HTTP/{version} {status} {reason}"]
    if kind:
        lines.append(f"Content-Type: {kind}")
    lines += fields
    if framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
        body = in_chunks(body, max(1000, len(body) // 200))
    elif framing != "none":
        lines.append(f"Content-Length: {len(body) if framing == 'length' else framing}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


# ---- whole answers ----

COMPLETION = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1790000000, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop",
                 "message": {"role": "assistant", "content": "Grüße, \"Welt\""}}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
}
GOOD = dump(COMPLETION)
LARGE = dump({**COMPLETION, "padding": "xyz-" * 30000})
ERROR = dump({"error": {"message": "the slot failed", "type": "server_error", "code": 500}})
LARGE_ERROR = dump({"error": {"message": "no", "code": 500}, "padding": "xyz-" * 30000})


def error(status, message="the backend says no", **more):
    return dump({"error": {"code": status, "message": message, "type": "some_error", **more}})


def cut(data, at):
    """The first bytes of an answer; negative: all but the last ones."""
    return data[:at]


WHOLE = {
    "length": answer(http(GOOD)),
    "chunked": answer(http(GOOD, framing="chunked")),
    "chunks-of-one": answer(http(kind=JSON, framing="none", fields=["Transfer-Encoding: chunked"])
                            + in_chunks(GOOD, 1)),
    "chunk-extensions": answer(http(framing="none", fields=["Transfer-Encoding: chunked"])
                               + in_chunks(GOOD, 50, b";name=\"a;b\"")),
    "trailers": answer(http(framing="none", fields=["Transfer-Encoding: chunked", "Trailer: X-Sum"])
                       + in_chunks(GOOD, 50, trailers=b"X-Sum: 1\r\nSet-Cookie: a=b\r\n")),
    "until-close": answer(http(GOOD, framing="none"), close()),
    "until-reset": answer(http(GOOD, framing="none"), pause(0.05), reset()),
    "in-pieces": answer(pieces(http(GOOD), 23)),
    "chunked-in-pieces": answer(pieces(http(GOOD, framing="chunked"), 31)),
    "head-then-body": answer(cut(http(GOOD), -len(GOOD)), pause(0.05), GOOD),
    "last-byte-late": answer(http(GOOD)[:-1], pause(0.08), http(GOOD)[-1:]),
    "last-chunk-late": answer(http(GOOD, framing="chunked")[:-5], pause(0.08), b"0\r\n\r\n"),
    "no-type": answer(http(GOOD, kind="")),
    "type-charset": answer(http(GOOD, kind="application/json; charset=utf-8")),
    "type-json-suffix": answer(http(GOOD, kind="application/problem+json")),
    "type-binary": answer(http(bytes(range(256)), kind="application/octet-stream")),
    "html": answer(http(b"<html><body>Login</body></html>", kind="text/html")),
    "plain-text": answer(http(b"proxy error: gone", kind="text/plain")),
    "empty": answer(http(b"")),
    "empty-chunked": answer(http(b"", framing="chunked")),
    "empty-until-close": answer(http(b"", framing="none"), close()),
    "blank": answer(http(b"  \r\n ")),
    "null": answer(http(b"null")),
    "array": answer(http(b"[1,2]")),
    "half-json": answer(http(GOOD[:60])),
    "half-json-chunked": answer(http(GOOD[:60], framing="chunked")),
    "half-json-until-close": answer(http(GOOD[:60], framing="none"), close()),
    "json-and-more": answer(http(GOOD + b" trailing")),
    "error-in-200": answer(http(ERROR)),
    "error-in-200-chunked": answer(http(ERROR, framing="chunked")),
    "error-text-in-200": answer(http(dump({"error": "model 'x' not found"}))),
    "error-null-in-200": answer(http(dump({**COMPLETION, "error": None}))),
    "large": answer(http(LARGE)),
    "large-chunked": answer(http(LARGE, framing="chunked")),
    "large-until-close": answer(http(LARGE, framing="none"), close()),
    "large-error-in-200": answer(http(LARGE_ERROR)),
    "large-half": answer(http(LARGE[:-1])),
    "large-half-chunked": answer(http(LARGE[:-1], framing="chunked")),
    "large-html": answer(http(b"<p>no</p>" * 10000, kind="text/html")),
    "gzip": answer(http(gzip.compress(GOOD, mtime=0), fields=["Content-Encoding: gzip"])),
    "identity": answer(http(GOOD, fields=["Content-Encoding: identity"])),
    "created": answer(http(GOOD, 201)),
    "no-content": answer(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "no-content-with-length": answer(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
    "not-modified": answer(b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 99\r\n\r\n"),
    "redirect-own": answer(http(b"", 302, ["Location: http://{authority}/other?x=1"])),
    "redirect-other": answer(http(b"", 307, ["Location: https://elsewhere.example/x"])),
    "redirect-path": answer(http(b"", 302, ["Location: /base/there", "Content-Location: /base/x"])),
    "bad-request": answer(http(error(400), 400)),
    "unauthorized": answer(http(error(401), 401, ["WWW-Authenticate: Bearer"])),
    "not-found": answer(http(error(404, "no such model"), 404)),
    "unprocessable": answer(http(dump({"detail": [{"msg": "x", "loc": ["body"]}]}), 422)),
    "too-many": answer(http(error(429), 429, ["Retry-After: 7"])),
    "too-many-date": answer(http(error(429), 429, ["Retry-After: Fri, 01 Jan 2027 00:00:00 GMT"])),
    "failure": answer(http(error(500), 500)),
    "failure-html": answer(http(b"<h1>500</h1>", 500, kind="text/html")),
    "failure-chunked": answer(http(error(500), 500, framing="chunked")),
    "failure-large": answer(http(LARGE_ERROR, 500)),
    "failure-until-close": answer(http(error(500), 500, framing="none"), close()),
    "failure-cut": answer(http(error(500), 500)[:-10], close()),
    "unavailable": answer(http(error(503), 503, ["Retry-After: 3"])),
    "unavailable-empty": answer(http(b"", 503, kind="")),
    "status-599": answer(http(b"x", 599, kind="text/plain", reason="Odd Thing")),
    "hop-by-hop": answer(http(GOOD, fields=[
        "Connection: X-Private, keep-alive", "X-Private: 1", "Keep-Alive: timeout=5",
        "Proxy-Authenticate: Basic", "Upgrade: h2c", "X-Kept: yes"])),
    "set-cookie": answer(http(GOOD, fields=["Set-Cookie: a=1; Path=/", "Set-Cookie: b=2",
                                            "Set-Cookie: synapse_dash_token=evil; Path=/"])),
    "cors": answer(http(GOOD, fields=["Access-Control-Allow-Origin: *", "Vary: Origin",
                                      "Access-Control-Allow-Credentials: true"])),
    "own-fields": answer(http(GOOD, fields=[
        "Date: Tue, 01 Dec 2026 00:00:00 GMT", "Server: llama.cpp", "X-Request-Id: theirs",
        "X-Synapse-Backend: liar", "Cache-Control: no-store", "x-lower: 1", "X-Dup: 1", "X-Dup: 2",
        "X-Empty:", "X-Blanks:    some   "])),
    "says-close": answer(http(GOOD, fields=["Connection: close"]), close()),
    "http-1.0": answer(http(GOOD, version="1.0"), close()),
    "http-1.0-keep": answer(http(GOOD, version="1.0", fields=["Connection: keep-alive"])),
    "http-1.0-unframed": answer(http(GOOD, version="1.0", framing="none"), close()),
    "no-reason": answer(http(GOOD, reason="")),
    "bare-newlines": answer(b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", hold()),
    "interim-100": answer(b"HTTP/1.1 100 Continue\r\n\r\n" + http(GOOD)),
    "interim-several": answer(b"HTTP/1.1 102 Processing\r\n\r\n", pause(0.02),
                              b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", pause(0.02),
                              http(GOOD)),
    "interim-then-close": answer(b"HTTP/1.1 102 Processing\r\n\r\n", close()),
    "switching": answer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", hold()),
    "no-http": answer(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", hold()),
    "bad-status": answer(b"HTTP/1.1 9x9 What\r\n\r\n", hold()),
    "two-lengths": answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", hold()),
    "same-lengths": answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
    "length-and-chunked": answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                                 b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", hold()),
    "bad-length": answer(b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}", hold()),
    "other-coding": answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", hold()),
    "bad-chunk": answer(http(framing="none", fields=["Transfer-Encoding: chunked"])
                        + b"5\r\n{\"a\":\r\nzz\r\n", hold()),
    "head-large": answer(http(GOOD, fields=["X-Long: " + "y" * 30000])),
    "head-too-large": answer(http(GOOD, fields=[f"X-{i}: " + "y" * 7000 for i in range(12)]), hold()),
    "close-first": answer(close()),
    "reset-first": answer(reset()),
    "close-within-head": answer(http(GOOD)[:30], close()),
    "reset-within-head": answer(http(GOOD)[:30], pause(0.05), reset()),
    "close-within-body": answer(http(GOOD)[:-10], close()),
    "reset-within-body": answer(http(GOOD)[:-10], pause(0.05), reset()),
    "close-within-chunk": answer(http(GOOD, framing="chunked")[:-20], close()),
    "reset-within-chunk": answer(http(GOOD, framing="chunked")[:-20], pause(0.05), reset()),
    "close-before-last-chunk": answer(http(GOOD, framing="chunked")[:-5], close()),
    "large-close-within": answer(http(LARGE)[:-10], close()),
    "large-chunked-close-within": answer(http(LARGE, framing="chunked")[:-500], close()),
    "more-than-announced": answer(http(GOOD) + b"HTTP/1.1 200 OK\r\n\r\n"),
    "silence": answer(hold()),
    "silence-within-head": answer(http(GOOD)[:30], hold()),
    "silence-within-body": answer(http(GOOD)[:-10], hold()),
    "silence-within-large": answer(http(LARGE)[:-10], hold()),
    "silence-within-chunked": answer(http(GOOD, framing="chunked")[:-20], hold()),
    "before-the-body": answer(http(error(413), 413), hold(), read="head"),
}
"""Name to answer, for one request that wants JSON."""

SLOW = {name for name in WHOLE if name.startswith("silence")}
"""Those that end with one of the gateway's clocks."""

TYPICAL = ("length", "chunked", "until-close", "failure", "empty", "close-within-body", "says-close")

RETRIED = {
    "close-then-good": [WHOLE["close-first"], WHOLE["length"]],
    "reset-then-good": [WHOLE["reset-first"], WHOLE["length"]],
    "close-twice-then-good": [WHOLE["close-first"], WHOLE["close-first"], WHOLE["length"]],
    "close-for-ever": [WHOLE["close-first"]] * 4,
    "close-then-failure": [WHOLE["close-first"], WHOLE["failure"]],
    "close-then-silence-within": [WHOLE["close-first"], WHOLE["close-within-body"]],
}
"""Several answers to what is sent again where that may be."""


# ---- event streams ----

def event(value, end=b"\n"):
    return b"data: " + (value if isinstance(value, bytes) else dump(value)) + end + end


def chunk_of(delta, finish=None, index=0, **more):
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1790000000, "model": "m",
            "choices": [{"index": index, "delta": delta, "finish_reason": finish}], **more}


def text_chunk(text, finish=None):
    return {"id": "cmpl-1", "object": "text_completion", "created": 1790000000, "model": "m",
            "choices": [{"index": 0, "text": text, "finish_reason": finish, "logprobs": None}]}


ROLE = event(chunk_of({"role": "assistant", "content": None}))
HELLO = event(chunk_of({"content": "Hallo, "}))
WORLD = event(chunk_of({"content": "Wörld €"}))
STOP = event(chunk_of({}, "stop"))
USAGE = event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [],
               "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}})
DONE = event(b"[DONE]")
USUAL = [ROLE, HELLO, WORLD, STOP, DONE]
ERROR_EVENT = event({"error": {"code": 503, "message": "the slot failed", "type": "unavailable_error"}})
STREAM_HEAD = http(framing="none", kind=EVENTS, fields=["Transfer-Encoding: chunked"])
END = b"0\r\n\r\n"


def chunked(*events):
    return b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in events)


def stream(*events, end=END):
    return STREAM_HEAD + chunked(*events) + end


def with_line_ends(end, events=USUAL):
    return [one.replace(b"\n", end) for one in events]


MANY = [ROLE, *(event(chunk_of({"content": f"word {i} " + "w" * (i % 90)})) for i in range(400)), STOP, DONE]

STREAMS = {
    "usual": answer(stream(*USUAL)),
    "event-by-event": answer(STREAM_HEAD, *(step for one in USUAL for step in
                                            (send(chunked(one)), pause(0.02))), END),
    "small-pieces": answer(pieces(stream(*USUAL), 17, 0.001)),
    "chunks-of-one": answer(STREAM_HEAD + in_chunks(b"".join(USUAL), 1)),
    "one-chunk": answer(STREAM_HEAD + in_chunks(b"".join(USUAL), 100000)),
    "cut-in-utf-8": answer(*(step for half in (stream(*USUAL)[:stream(*USUAL).index("ö".encode()) + 1],
                                               stream(*USUAL)[stream(*USUAL).index("ö".encode()) + 1:])
                             for step in (send(half), pause(0.03)))),
    "cut-in-blank-line": answer(STREAM_HEAD + chunked(ROLE, HELLO[:-1]), pause(0.03),
                                chunked(HELLO[-1:], WORLD, STOP, DONE) + END),
    "cut-in-done": answer(STREAM_HEAD + chunked(ROLE, HELLO, STOP, DONE[:9]), pause(0.03),
                          chunked(DONE[9:]) + END),
    "crlf": answer(stream(*with_line_ends(b"\r\n"))),
    "crlf-cut-within": answer(STREAM_HEAD + chunked(*with_line_ends(b"\r\n", [ROLE, HELLO]))
                              + chunked(STOP.replace(b"\n", b"\r\n")[:-1]), pause(0.03),
                              chunked(b"\n", DONE.replace(b"\n", b"\r\n")) + END),
    "cr": answer(stream(*with_line_ends(b"\r"))),
    "with-length": answer(http(b"".join(USUAL), kind=EVENTS)),
    "until-close": answer(http(b"".join(USUAL), kind=EVENTS, framing="none"), close()),
    "until-reset-after-done": answer(http(b"".join(USUAL), kind=EVENTS, framing="none"), pause(0.05),
                                     reset()),
    "charset": answer(http(b"".join(USUAL), kind=EVENTS + "; charset=utf-8", framing="chunked")),
    "no-done": answer(stream(ROLE, HELLO, WORLD, STOP)),
    "no-done-until-close": answer(http(b"".join([ROLE, HELLO, STOP]), kind=EVENTS, framing="none"), close()),
    "no-finish": answer(stream(ROLE, HELLO, WORLD)),
    "no-finish-until-close": answer(http(ROLE + HELLO, kind=EVENTS, framing="none"), close()),
    "done-without-finish": answer(stream(ROLE, HELLO, DONE)),
    "nothing": answer(stream()),
    "nothing-until-close": answer(http(kind=EVENTS, framing="none"), close()),
    "role-alone": answer(stream(ROLE)),
    "done-alone": answer(stream(DONE)),
    "role-and-done": answer(stream(ROLE, DONE)),
    "finish-alone": answer(stream(ROLE, STOP, DONE)),
    "comments": answer(stream(b": ping\n\n", ROLE, b":\n\n", HELLO, b": x\n\n", STOP, DONE)),
    "comments-alone": answer(stream(b": ping\n\n", b": ping\n\n")),
    "comment-before-pause": answer(STREAM_HEAD + chunked(b": ping\n\n"), pause(0.05),
                                   chunked(*USUAL) + END),
    "other-fields": answer(stream(b"retry: 100\nid: 7\n" + HELLO, b"event: message\n" + WORLD, STOP, DONE)),
    "no-blank-after-colon": answer(stream(*(one.replace(b"data: ", b"data:") for one in USUAL))),
    "several-data-lines": answer(stream(ROLE, b"data: {\"choices\":[{\"index\":0,\n"
                                        b"data: \"delta\":{\"content\":\"x\"}}]}\n\n", STOP, DONE)),
    "byte-order-mark": answer(stream(b"\xef\xbb\xbf" + ROLE, HELLO, STOP, DONE)),
    "usage": answer(stream(ROLE, HELLO, STOP, USAGE, DONE)),
    "usage-and-no-done": answer(stream(ROLE, HELLO, STOP, USAGE)),
    "two-choices": answer(stream(ROLE, HELLO, event(chunk_of({"content": "b"}, index=1)), STOP,
                                 event(chunk_of({}, "length", 1)))),
    "two-choices-one-finished": answer(stream(HELLO, event(chunk_of({"content": "b"}, index=1)), STOP)),
    "tool-calls": answer(stream(ROLE, event(chunk_of({"tool_calls": [
        {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\":"}}]})),
        event(chunk_of({}, "tool_calls")), DONE)),
    "reasoning": answer(stream(ROLE, event(chunk_of({"reasoning_content": "hm"})), HELLO, STOP, DONE)),
    "last-blank-line-missing": answer(stream(ROLE, HELLO, STOP, DONE[:-1])),
    "last-line-end-missing": answer(stream(ROLE, HELLO, STOP, DONE[:-2])),
    "error-first": answer(stream(ERROR_EVENT)),
    "error-first-without-code": answer(stream(event({"error": {"message": "what"}}))),
    "error-first-text": answer(stream(event({"error": "out of memory"}))),
    "error-after-role": answer(stream(ROLE, ERROR_EVENT)),
    "error-after-content": answer(STREAM_HEAD + chunked(ROLE, HELLO), pause(0.03), chunked(ERROR_EVENT) + END),
    "error-and-done": answer(stream(ROLE, HELLO, ERROR_EVENT, DONE)),
    "error-by-name": answer(stream(ROLE, b"event: error\ndata: it broke\n\n")),
    "error-field-line": answer(stream(HELLO, b"error: {\"code\":500,\"message\":\"old style\"}\n\n")),
    "proxy-error-text": answer(STREAM_HEAD + chunked(ROLE, HELLO, b"proxy error: Failed to read connection")
                               + END),
    "no-json-first": answer(stream(event(b"hello"), HELLO, STOP, DONE)),
    "no-json-within": answer(stream(ROLE, HELLO, event(b"{half"), STOP, DONE)),
    "huge-event": answer(stream(ROLE, event(chunk_of({"content": "z" * 150000})), STOP, DONE)),
    "many": answer(stream(*MANY)),
    "many-in-pieces": answer(pieces(stream(*MANY), 4000, 0.001)),
    "named-plain-text": answer(http(b"".join(USUAL), kind="text/plain", framing="chunked")),
    "without-type": answer(http(b"".join(USUAL), kind="", framing="chunked")),
    "named-json": answer(http(b"".join(USUAL))),
    "named-json-cut": answer(http(ROLE + HELLO)),
    "completion-instead": answer(http(GOOD)),
    "error-instead": answer(http(error(400), 400)),
    "too-many-instead": answer(http(error(429), 429, ["Retry-After: 7"])),
    "events-with-500": answer(http(ERROR_EVENT, 500, kind=EVENTS, framing="chunked")),
    "gzip": answer(http(gzip.compress(b"".join(USUAL), mtime=0), kind=EVENTS,
                        fields=["Content-Encoding: gzip"])),
    "own-cache-fields": answer(http(b"".join(USUAL), kind=EVENTS,
                                    fields=["Cache-Control: no-store", "X-Accel-Buffering: yes"])),
    "trailers": answer(stream(*USUAL, end=b"0\r\nX-Sum: 1\r\n\r\n")),
    "close-after-role": answer(stream(ROLE, end=b""), close()),
    "close-after-content": answer(STREAM_HEAD + chunked(ROLE, HELLO), pause(0.03), close()),
    "reset-after-content": answer(STREAM_HEAD + chunked(ROLE, HELLO), pause(0.05), reset()),
    "close-within-event": answer(STREAM_HEAD + chunked(ROLE, HELLO, WORLD[:20]), pause(0.03), close()),
    "close-after-finish": answer(STREAM_HEAD + chunked(ROLE, HELLO, STOP), pause(0.03), close()),
    "close-after-done": answer(STREAM_HEAD + chunked(*USUAL), pause(0.03), close()),
    "last-chunk-late": answer(STREAM_HEAD + chunked(*USUAL), pause(0.1), END),
    "last-chunk-never": answer(STREAM_HEAD + chunked(*USUAL), hold()),
    "more-after-done": answer(stream(*USUAL, HELLO)),
    "bad-chunk-after-content": answer(STREAM_HEAD + chunked(ROLE, HELLO), pause(0.03), b"zz\r\n", hold()),
    "interim-before": answer(b"HTTP/1.1 102 Processing\r\n\r\n" + stream(*USUAL)),
    "silence-after-head": answer(STREAM_HEAD, hold()),
    "silence-after-role": answer(STREAM_HEAD + chunked(ROLE), hold()),
    "silence-after-content": answer(STREAM_HEAD + chunked(ROLE, HELLO), hold()),
    "waits-for-reader": answer(STREAM_HEAD + chunked(ROLE, HELLO), wait("seen"), chunked(WORLD, STOP, DONE) + END),
}
"""Name to answer, for one request that wants a stream of chat chunks."""

TEXT_STREAM = answer(stream(event(text_chunk("a")), event(text_chunk("b")), event(text_chunk("", "stop")), DONE))


# ---- recordings ----

def wav(size=3200, rate=24000, promised=None):
    """Mono, 16 bit."""
    data = bytes(i % 251 for i in range(size))
    said = size if promised is None else promised
    return (b"RIFF" + (36 + said).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
            + (1).to_bytes(2, "little") * 2 + rate.to_bytes(4, "little") + (rate * 2).to_bytes(4, "little")
            + (2).to_bytes(2, "little") + (16).to_bytes(2, "little") + b"data" + said.to_bytes(4, "little")
            + data)


MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(i % 253 for i in range(3000))
DETAIL = dump({"detail": "the backend says no"})

RECORDINGS = {
    "length": answer(http(wav(), kind="audio/wav")),
    "chunked": answer(http(wav(), kind="audio/wav", framing="chunked")),
    "until-close": answer(http(wav(), kind="audio/wav", framing="none"), close()),
    "until-close-cut": answer(http(wav(promised=9000), kind="audio/wav", framing="none"), close()),
    "in-pieces": answer(pieces(http(wav(400), kind="audio/wav"), 60)),
    "large": answer(http(wav(200000), kind="audio/wav")),
    "attachment": answer(http(wav(), kind="audio/x-wav",
                              fields=["Content-Disposition: attachment; filename=\"tts_output.wav\""])),
    "mp3": answer(http(MP3, kind="audio/mp3")),
    "text": answer(http(b"this is no recording at all, but some text", kind="audio/wav")),
    "json": answer(http(DETAIL)),
    "short": answer(http(b"RIFF", kind="audio/wav")),
    "empty": answer(http(b"", kind="audio/wav")),
    "gzip": answer(http(gzip.compress(wav(), mtime=0), kind="audio/wav", fields=["Content-Encoding: gzip"])),
    "detail-400": answer(http(DETAIL, 400)),
    "detail-list-422": answer(http(dump({"detail": [{"loc": ["body", "text"], "msg": "Field required"}]}), 422)),
    "error-500": answer(http(ERROR, 500)),
    "html-500": answer(http(b"<h1>Internal Server Error</h1>", 500, kind="text/html")),
    "text-500": answer(http(b"Internal Server Error", 500, kind="text/plain")),
    "empty-503": answer(http(b"", 503, ["Retry-After: 5"], kind="")),
    "not-found": answer(http(DETAIL, 404)),
    "redirect": answer(http(b"", 302, ["Location: /x"])),
    "no-content": answer(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "close-within": answer(http(wav(), kind="audio/wav")[:-100], close()),
    "reset-within": answer(http(wav(), kind="audio/wav")[:-100], pause(0.05), reset()),
    "close-first": answer(close()),
    "silence": answer(hold()),
    "silence-within": answer(http(wav(), kind="audio/wav")[:-100], hold()),
}
"""Name to answer, for one request that wants a WAV file."""


# ---- transcriptions ----

SEGMENTS = [{"id": 0, "text": " Guten Tag.", "start": 0.0, "end": 1.5,
             "words": [{"word": " Guten", "start": 0.0, "end": 0.6, "probability": 0.9},
                       {"word": " Tag.", "start": 0.6, "end": 1.5, "probability": 0.8}]},
            {"id": 1, "text": " Bis bald.", "start": 1.5, "end": 3.25,
             "words": [{"word": " Bis", "start": 1.5, "end": 2.0, "probability": 0.7},
                       {"word": " bald.", "start": 2.0, "end": 3.25, "probability": 0.95}]}]
TRANSCRIPT = {"text": "Guten Tag. Bis bald.", "language": "de", "language_probability": 0.98,
              "duration": 3.25, "segments": SEGMENTS}


def named(name, value, end=b"\r\n"):
    return b"event: " + name.encode() + end + b"data: " + dump(value) + end + end


SEGMENT_EVENTS = [named("segment", one) for one in SEGMENTS]
DONE_EVENT = named("done", {})

TRANSCRIPTIONS = {
    "length": answer(http(dump(TRANSCRIPT))),
    "chunked": answer(http(dump(TRANSCRIPT), framing="chunked")),
    "without-words": answer(http(dump({**TRANSCRIPT, "segments": [{**one, "words": None} for one in SEGMENTS]}))),
    "without-segments": answer(http(dump({**TRANSCRIPT, "segments": []}))),
    "odd-shape": answer(http(b"[1,2,3]")),
    "half": answer(http(dump(TRANSCRIPT)[:50])),
    "empty": answer(http(b"")),
    "html": answer(http(b"<h1>x</h1>", kind="text/html")),
    "detail-400": answer(http(DETAIL, 400)),
    "detail-500": answer(http(DETAIL, 500)),
    "text-500": answer(http(b"Internal Server Error", 500, kind="text/plain")),
    "error-503": answer(http(ERROR, 503, ["Retry-After: 9"])),
    "close-within": answer(http(dump(TRANSCRIPT))[:-30], close()),
    "close-first": answer(close()),
    "silence": answer(hold()),
}

SEGMENT_STREAMS = {
    "usual": answer(stream(*SEGMENT_EVENTS, DONE_EVENT)),
    "pings": answer(stream(b": ping\r\n\r\n", SEGMENT_EVENTS[0], b": ping\r\n\r\n", SEGMENT_EVENTS[1], DONE_EVENT)),
    "newlines": answer(stream(*(named("segment", one, b"\n") for one in SEGMENTS), named("done", {}, b"\n"))),
    "until-close": answer(http(b"".join([*SEGMENT_EVENTS, DONE_EVENT]), kind=EVENTS, framing="none"), close()),
    "no-done": answer(stream(*SEGMENT_EVENTS)),
    "done-alone": answer(stream(DONE_EVENT)),
    "nothing": answer(stream()),
    "error-event": answer(stream(SEGMENT_EVENTS[0], named("error", {"detail": "it broke"}))),
    "no-events": answer(http(dump(TRANSCRIPT))),
    "detail-400": answer(http(DETAIL, 400)),
    "close-within": answer(STREAM_HEAD + chunked(SEGMENT_EVENTS[0]), pause(0.03), close()),
    "silence-within": answer(STREAM_HEAD + chunked(SEGMENT_EVENTS[0]), hold()),
}
