"""The client's side of a case: raw sockets, and what came back over them."""

import dataclasses
import select
import socket
import struct

from backend import PATIENCE, Ended, Wire

BODILESS = (204, 304)
CLOSE_PAUSE = 0.02  # a gateway that closes does so together with the last byte


@dataclasses.dataclass
class Reply:
    """One answer as it came. `framing_bytes` are those of it that are neither head nor body."""

    interim: list = dataclasses.field(default_factory=list)
    head: bytes = b""
    body: bytes = b""
    framing: str = ""
    trailers: list = dataclasses.field(default_factory=list)
    end: str = "whole"
    framing_bytes: int = 0

    @property
    def status(self):
        words = self.head.split(b" ", 2)
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0

    def field(self, name):
        wanted = name.lower().encode()
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == wanted:
                return value.strip().decode("latin-1")
        return ""


class Connection:
    """One connection to the gateway."""

    def __init__(self, port):
        self.wire = Wire(socket.create_connection(("127.0.0.1", port), PATIENCE))
        self.replies = []
        self.end = ""  # how the connection ended, seen from here
        self._taken = 0  # bytes of the body that is being read, with its framing

    def send(self, data):
        """What the gateway does not take any more is no matter of this side."""
        try:
            self.wire.sock.settimeout(PATIENCE)
            self.wire.sock.sendall(data)
        except OSError:
            pass

    def half_close(self):
        self.wire.sock.shutdown(socket.SHUT_WR)

    def leave(self):
        self.end = "left"
        self.wire.sock.close()

    def leave_with_reset(self):
        self.end = "left with a reset"
        self.wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.wire.sock.close()

    def read_interim(self):
        """The head of one 1xx answer, which belongs to the reply that follows."""
        try:
            return self.wire.until(b"\r\n\r\n", PATIENCE)
        except Ended as end:
            return f"{end} instead".encode()

    def read_reply(self, method="GET", interim=(), until=None):
        """Reads an answer to its end, or until its body holds `until`."""
        reply = Reply(interim=list(interim))
        self.replies.append(reply)
        try:
            while True:
                reply.head = self.wire.until(b"\r\n\r\n", PATIENCE)
                if not 100 <= reply.status < 200:
                    break
                reply.interim.append(reply.head)
                reply.head = b""
        except Ended as end:
            reply.head, self.wire.buffer = self.wire.buffer, b""
            reply.end = f"{end} within the head" if reply.head else f"{end} instead of an answer"
            self.end = str(end)
            return reply
        into = bytearray()
        try:
            self._read_body(reply, method, into, until)
        except Ended as end:
            if reply.framing == "until close" and str(end) == "FIN":
                self.end = "FIN"
            else:
                reply.end, self.end = f"{end} within the body", str(end)
        except ValueError as fault:
            reply.end = f"malformed: {fault}"
        reply.body = bytes(into)
        if reply.framing == "chunked":
            reply.framing_bytes = self._taken - len(self.wire.buffer) - len(reply.body)
        return reply

    def _read_body(self, reply, method, into, until):
        self._taken = len(self.wire.buffer)
        counted = _Counting(self.wire, self)
        if method == "HEAD" or reply.status in BODILESS:
            reply.framing = "none"
        elif reply.field("transfer-encoding").lower() == "chunked":
            reply.framing = "chunked"
            if until is None:
                reply.trailers = counted.chunks(into, PATIENCE)
            else:
                _chunks_until(counted, into, until)
        elif reply.field("content-length"):
            reply.framing = "length"
            counted.exactly(int(reply.field("content-length")), into, PATIENCE)
        else:
            reply.framing = "until close"
            while until is None or until not in into:
                if not self.wire.buffer:
                    counted.more(PATIENCE)
                into += self.wire.buffer
                self.wire.buffer = b""

    def read_on(self, reply):
        """Goes on with an answer that was read up to a mark."""
        rest = bytearray(reply.body)
        before = reply.framing_bytes
        self._taken = len(self.wire.buffer)
        counted = _Counting(self.wire, self)
        try:
            if reply.framing == "chunked":
                reply.trailers = counted.chunks(rest, PATIENCE)
            else:
                while True:
                    rest += self.wire.buffer
                    self.wire.buffer = b""
                    counted.more(PATIENCE)
        except Ended as end:
            if reply.framing == "until close" and str(end) == "FIN":
                self.end = "FIN"
            else:
                reply.end, self.end = f"{end} within the body", str(end)
        except ValueError as fault:
            reply.end = f"malformed: {fault}"
        grown = len(rest) - len(reply.body)
        reply.body = bytes(rest)
        if reply.framing == "chunked":
            reply.framing_bytes = before + self._taken - len(self.wire.buffer) - grown
        return reply

    def finish(self, probe):
        """Finds out how the connection ended; `probe` is a request that shows whether it was kept."""
        if self.end:
            self._close()
            return
        last = self.replies[-1] if self.replies else None
        if self.wire.buffer:
            self.end = "further bytes"
            self._close()
            return
        closing = last is None or last.field("connection").lower() == "close"
        if not closing and last.status < 400:
            select.select([self.wire.sock], [], [], CLOSE_PAUSE)
        try:
            if not closing and not _readable(self.wire.sock):
                self.send(probe)
            self.wire.more(PATIENCE if not closing else 2.0)
            self.end = "kept" if b"alive" in self.wire.buffer else "further bytes"
        except Ended as end:
            self.end = str(end)
        self._close()

    def _close(self):
        try:
            self.wire.sock.close()
        except OSError:
            pass


class _Counting:
    """A wire whose bytes are counted on their way in."""

    def __init__(self, wire, connection):
        self._wire = wire
        self._connection = connection

    def more(self, seconds):
        before = len(self._wire.buffer)
        self._wire.more(seconds)
        self._connection._taken += len(self._wire.buffer) - before

    @property
    def buffer(self):
        return self._wire.buffer

    @buffer.setter
    def buffer(self, value):
        self._wire.buffer = value

    until = Wire.until
    exactly = Wire.exactly
    chunks = Wire.chunks


def _chunks_until(wire, into, mark):
    while mark not in into:
        size = int(wire.until(b"\r\n", PATIENCE).split(b";")[0], 16)
        if size == 0:
            raise ValueError("the body ended before its mark")
        wire.exactly(size, into, PATIENCE)
        wire.exactly(2, bytearray(), PATIENCE)


def _readable(sock):
    return bool(select.select([sock], [], [], 0)[0])


class Conversation:
    """What a case's client function is given."""

    def __init__(self, port, stage, backend, case_id):
        self.port = port
        self.backend = backend
        self.case_id = case_id
        self._stage = stage
        self.connections = []
        self.notes = []

    def connect(self):
        self.connections.append(Connection(self.port))
        return self.connections[-1]

    def tell(self, name):
        self._stage.events.tell(name)

    def delay_answers(self, seconds):
        self._stage.delay = seconds

    def wait(self, name, times=1):
        if not self._stage.events.wait(name, times):
            self.notes.append(f"{name} did not come")

    def request(self, method, target, body=None, fields=(), version="1.1", number=1, framing="length",
                host=b"gateway.localhost"):
        """A request with the case's id."""
        lines = [f"{method} {target} HTTP/{version}".encode("latin-1")]
        if host is not None:
            lines.append(b"Host: " + host)
        lines.append(f"X-Request-Id: {self.case_id}-{number}".encode())
        lines += [f if isinstance(f, bytes) else f.encode("latin-1") for f in fields]
        if body is None:
            return b"\r\n".join(lines) + b"\r\n\r\n"
        if framing == "chunked":
            lines.append(b"Transfer-Encoding: chunked")
            body = in_chunks(body)
        elif framing == "length":
            lines.append(b"Content-Length: " + str(len(body)).encode())
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


def in_chunks(body, size=37, extension=b"", trailers=b""):
    parts = [body[at:at + size] for at in range(0, len(body), size)]
    made = b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in parts)
    return made + b"0\r\n" + trailers + b"\r\n"
