"""What clients do: functions that take a conversation, from which the cases take the other side."""

import time

from answers import dump
from client import in_chunks

HALF_CLOSE_SECONDS = 0.05
JSON_TYPE = "Content-Type: application/json"
FORM_TYPE = "Content-Type: multipart/form-data; boundary=a-boundary"


def chat(stream=False, model="m", text="hi", **more):
    body = {"model": model, "messages": [{"role": "user", "content": text}], "stream": stream, **more}
    return dump({key: value for key, value in body.items() if value is not None})


def form(*parts):
    """A multipart body. A part is (name, text) or (name, filename, bytes)."""
    made = b""
    for name, *rest in parts:
        made += b"--a-boundary\r\nContent-Disposition: form-data; name=\"" + name.encode() + b"\""
        if len(rest) == 2:
            made += b"; filename=\"" + rest[0].encode() + b"\"\r\nContent-Type: audio/wav"
        value = rest[-1]
        made += b"\r\n\r\n" + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
    return made + b"--a-boundary--\r\n"


# ---- ways to send one request ----

def usual(talk, method, target, body, fields=()):
    one = talk.connect()
    one.send(talk.request(method, target, body, fields))
    one.read_reply(method)


def http_1_0(talk, method, target, body, fields=()):
    one = talk.connect()
    one.send(talk.request(method, target, body, fields, version="1.0"))
    one.read_reply(method)


def http_1_0_keep(talk, method, target, body, fields=()):
    one = talk.connect()
    one.send(talk.request(method, target, body, (*fields, "Connection: keep-alive"), version="1.0"))
    one.read_reply(method)


def says_close(talk, method, target, body, fields=()):
    one = talk.connect()
    one.send(talk.request(method, target, body, (*fields, "Connection: close")))
    one.read_reply(method)


def chunked_body(talk, method, target, body, fields=()):
    one = talk.connect()
    one.send(talk.request(method, target, body or b"", fields, framing="chunked"))
    one.read_reply(method)


def odd_chunks(talk, method, target, body, fields=()):
    one = talk.connect()
    head = talk.request(method, target, None, (*fields, "Transfer-Encoding: chunked"))
    size = max(7, len(body or b"") // 60)  # there is a limit to what extensions may add
    one.send(head + in_chunks(body or b"", size, b" ;x=\"1\"", b"X-Trailer: 1\r\nAuthorization: Bearer t\r\n"))
    one.read_reply(method)


def in_pieces(talk, method, target, body, fields=()):
    one = talk.connect()
    data = talk.request(method, target, body, fields)
    size = max(90, len(data) // 40)
    for at in range(0, len(data), size):
        one.send(data[at:at + size])
        time.sleep(0.005)
    one.read_reply(method)


def body_late(talk, method, target, body, fields=()):
    one = talk.connect()
    data = talk.request(method, target, body, fields)
    at = data.index(b"\r\n\r\n") + 4
    one.send(data[:at])
    time.sleep(0.06)
    one.send(data[at:])
    one.read_reply(method)


def expects(talk, method, target, body, fields=()):
    one = talk.connect()
    data = talk.request(method, target, body or b"", (*fields, "Expect: 100-continue"))
    at = data.index(b"\r\n\r\n") + 4
    one.send(data[:at])
    interim = one.read_interim()
    one.send(data[at:])
    one.read_reply(method, [interim])


def half_closes(talk, method, target, body, fields=()):
    """The backend answers when the gateway has noticed."""
    talk.delay_answers(HALF_CLOSE_SECONDS)
    one = talk.connect()
    one.send(talk.request(method, target, body, fields))
    one.half_close()
    one.read_reply(method)


def pair(talk, method, target, body, fields=()):
    one = talk.connect()
    for number in (1, 2):
        one.send(talk.request(method, target, body, fields, number=number))
        one.read_reply(method)


def pipelined(talk, method, target, body, fields=()):
    one = talk.connect()
    one.send(b"".join(talk.request(method, target, body, fields, number=number) for number in (1, 2)))
    one.read_reply(method)
    one.read_reply(method)


def one_after_the_other(talk, method, target, body, fields=()):
    for number in (1, 2):
        one = talk.connect()
        one.send(talk.request(method, target, body, fields, number=number))
        one.read_reply(method)


SINGLE = {"usual": usual, "http-1.0": http_1_0, "http-1.0-keep": http_1_0_keep, "says-close": says_close,
          "half-closes": half_closes}
"""Ways to ask once, with or without a body."""
BODY = {"chunked-body": chunked_body, "odd-chunks": odd_chunks, "in-pieces": in_pieces, "body-late": body_late,
        "expects": expects}
"""Further ways to ask once, with a body."""
DOUBLE = {"pair": pair, "pipelined": pipelined, "one-after-the-other": one_after_the_other}
"""Ways to ask twice."""


def ask(method, target, body=None, fields=(), way=usual):
    """A client function of one of these ways."""
    return lambda talk: way(talk, method, target, body, fields)


def post(target, body, *fields, way=usual):
    return ask("POST", target, body, (JSON_TYPE, *fields), way)


def post_form(target, *parts, fields=(), way=usual):
    return ask("POST", target, form(*parts), (FORM_TYPE, *fields), way)


def bytes_of(*pieces, method="GET", replies=1):
    """Sends bytes as they are. `{id}` stands for the case's id."""
    def client(talk):
        one = talk.connect()
        for piece in pieces:
            if isinstance(piece, float):
                time.sleep(piece)
            else:
                one.send(piece.replace(b"{id}", talk.case_id.encode()))
        for _ in range(replies):
            one.read_reply(method)
    return client


# ---- clients that leave ----

def leaves_before_answer(method, target, body, fields=(), hard=False):
    """When the backend has the request, and is silent."""
    def client(talk):
        one = talk.connect()
        one.send(talk.request(method, target, body, fields))
        talk.wait("whole")
        time.sleep(0.03)
        one.leave_with_reset() if hard else one.leave()
        talk.wait("gateway closed")
    return client


def leaves_within(method, target, body, mark, fields=(), hard=False):
    """When it has read the mark."""
    def client(talk):
        one = talk.connect()
        one.send(talk.request(method, target, body, fields))
        one.read_reply(method, until=mark)
        one.leave_with_reset() if hard else one.leave()
        talk.wait("gateway closed")
    return client


def leaves_within_body(method, target, body, fields=()):
    """When half of its own body is with the gateway."""
    def client(talk):
        one = talk.connect()
        data = talk.request(method, target, body, fields)
        one.send(data[:-(len(body) // 2)])
        time.sleep(0.1)
        one.leave()
        time.sleep(0.05)
    return client


def reads_on(method, target, body, mark, fields=(), version="1.1", way=None):
    """Reads up to the mark, tells the backend so, and reads the rest."""
    def client(talk):
        one = talk.connect()
        one.send(talk.request(method, target, body, fields, version=version))
        if way == "half-closes":
            one.half_close()
        reply = one.read_reply(method, until=mark)
        talk.tell("seen")
        if not one.end:
            one.read_on(reply)
    return client
