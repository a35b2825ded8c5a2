"""The backend that both gateways talk to: raw sockets, a script for each case, and everything it was sent.

Each gateway has a backend of its own, on one port for each name in its configuration, so that it is known
who asks. A script is a list of answers, one for each request in the order in which they come, or a table of
such lists by the backend's name. An answer is a list of steps:

    send(bytes)           these bytes, in one write
    pieces(bytes, size)   the same in pieces, each on its own
    pause(seconds)
    wait(name)            until the client's side of the case has told `name`
    tell(name)            the other way
    do(function)          called with the stage: something happens to the router behind it
    close(), reset()      FIN or RST
    hold()                until the gateway closes

Without one of the last three the connection is kept, and the next request on it gets the next answer.
"""

import dataclasses
import socket
import struct
import threading
import time

PATIENCE = 6.0  # for everything that has to come, on a busy machine
PIECE_PAUSE = 0.004
RECEIVE_BYTES = 128 * 1024
HEALTH = "/health"


def send(data):
    return "send", data


def pieces(data, size, seconds=PIECE_PAUSE):
    return "pieces", data, size, seconds


def pause(seconds):
    return "pause", seconds


def wait(name):
    return "wait", name


def tell(name):
    return "tell", name


def do(function):
    return "do", function


def close():
    return ("close",)


def reset():
    return ("reset",)


def hold():
    return ("hold",)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What one request gets. `read` says how much of it is read first: all of it, or its head."""

    steps: tuple
    read: str = "all"
    interim: tuple = ()  # steps between the head and the body of the request


def answer(*steps, read="all", interim=()):
    """Bytes stand for `send` of them."""
    made = tuple(send(step) if isinstance(step, bytes) else step for step in steps)
    return Answer(made, read, tuple(interim))


class Events:
    """What the two ends of a case tell each other."""

    def __init__(self):
        self._condition = threading.Condition()
        self._told = {}

    def tell(self, name):
        with self._condition:
            self._told[name] = self._told.get(name, 0) + 1
            self._condition.notify_all()

    def wait(self, name, times=1):
        with self._condition:
            return self._condition.wait_for(lambda: self._told.get(name, 0) >= times, PATIENCE)


@dataclasses.dataclass
class Received:
    """One request as it came."""

    backend: str
    connection: int
    head: bytes = b""
    body: bytes = b""
    framing: str = "none"
    end: str = ""  # "" whole; else what happened instead of its rest

    @property
    def method(self):
        return self.head.split(b" ", 1)[0].decode("latin-1")

    @property
    def target(self):
        words = self.head.split(b"\r\n", 1)[0].split(b" ")
        return words[1].decode("latin-1") if len(words) > 1 else ""

    def field(self, name):
        wanted = name.lower().encode()
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == wanted:
                return value.strip().decode("latin-1")
        return ""


class Ended(Exception):
    """The other side has closed; the text says how."""


class Wire:
    """A socket with a buffer for what has been read too far."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def more(self, seconds=None):
        self.sock.settimeout(seconds)
        try:
            data = self.sock.recv(65536)
        except socket.timeout:
            raise Ended("timeout") from None
        except ConnectionResetError:
            raise Ended("RST") from None
        except OSError:
            raise Ended("closed here") from None
        if not data:
            raise Ended("FIN")
        self.buffer += data

    def until(self, mark, seconds=None):
        while mark not in self.buffer:
            self.more(seconds)
        data, _, self.buffer = self.buffer.partition(mark)
        return data + mark

    def exactly(self, count, into, seconds=None):
        """Appends so many bytes to the bytearray, as they come."""
        while count > 0:
            if not self.buffer:
                self.more(seconds)
            piece, self.buffer = self.buffer[:count], self.buffer[count:]
            into += piece
            count -= len(piece)

    def chunks(self, into, seconds=None):
        """Appends a chunked body, decoded. Returns its trailer lines."""
        while True:
            line = self.until(b"\r\n", seconds)
            size = int(line.split(b";")[0].strip(), 16)
            if size == 0:
                break
            self.exactly(size, into, seconds)
            end = bytearray()
            self.exactly(2, end, seconds)
            if end != b"\r\n":
                raise ValueError("a chunk does not end where it should")
        trailers = []
        while (line := self.until(b"\r\n", seconds)) != b"\r\n":
            trailers.append(line[:-2])
        return trailers

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class Stage:
    """One case on one side: its script, and what came of it."""

    def __init__(self, script, events, router=None, asks_health=False):
        self.events = events
        self.asks_health = asks_health
        self.router = router
        self.delay = 0.0  # before each answer
        self.received = []
        self.commands = []  # that the gateway gave a router by itself
        self._lock = threading.Lock()
        self._connections = {}
        self._asked_for_health = set()
        self._script = script if isinstance(script, dict) else {"": script or []}
        self._script = {name: list(answers) for name, answers in self._script.items()}

    def connection(self, backend):
        """The next number of a connection to it."""
        with self._lock:
            self._connections[backend] = self._connections.get(backend, 0) + 1
            return self._connections[backend]

    def connections(self):
        return sum(self._connections.values())

    def is_wanted(self, request):
        """Whether it belongs to the case: the gateway asks for the health of all every now and then."""
        if request.target != HEALTH:
            return True
        with self._lock:
            first = request.backend not in self._asked_for_health
            self._asked_for_health.add(request.backend)
        return self.asks_health and first

    def take(self, request):
        """Notes a request. Returns its answer."""
        with self._lock:
            self.received.append(request)
            answers = self._script.get(request.backend, self._script.get("", []))
            chosen = answers.pop(0) if answers else None
        self.events.tell("request")
        return chosen or answer(b"HTTP/1.1 599 Beyond The Script\r\nContent-Length: 0\r\n\r\n")


class Listener:
    """One name's port. `refusing`: bound, but nobody listens until `open` is called."""

    def __init__(self, backend, name, kind):
        self.name = name
        self._backend = backend
        self._sock = socket.socket()
        # What is not read stays with the gateway, as far as the kernel lets it.
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        self._sock.bind(("127.0.0.1", 0))
        self.port = self._sock.getsockname()[1]
        self._queued = []
        if kind == "open":
            self.open()
        elif kind == "deaf":
            self._fill()

    def _fill(self):
        """Until the kernel takes no further connection."""
        self._sock.listen(0)
        for _ in range(16):
            one = socket.socket()
            self._queued.append(one)
            one.settimeout(0.2)
            try:
                one.connect(("127.0.0.1", self.port))
            except OSError:
                return

    def open(self):
        self._sock.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self._sock.accept()
            except OSError:
                return
            threading.Thread(target=self._backend.serve, args=(self.name, sock), daemon=True).start()

    def stop(self):
        for one in (self._sock, *self._queued):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()


class Backend:
    """All backends of one gateway."""

    def __init__(self, kinds):
        """@param kinds name to "open", "refusing" or "deaf"."""
        self.listeners = {name: Listener(self, name, kind) for name, kind in kinds.items()}
        self.stage = None
        self.router = None  # answers what the gateway asks by itself
        self._lock = threading.Lock()
        self._open = set()
        self._aside = set()  # on which the gateway asks for health

    def ports(self):
        return {name: one.port for name, one in self.listeners.items()}

    def stop(self):
        for one in self.listeners.values():
            one.stop()
        self.close_connections()

    def close_connections(self):
        """All that the gateway has kept; it sees a FIN."""
        with self._lock:
            open_now = [*self._open, *self._aside]
        for wire in open_now:
            try:
                wire.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def await_connections(self, made, kept, seconds=1.0):
        """Until all that were made have been seen, and it is noted how those that are not kept have ended."""
        deadline = time.monotonic() + seconds
        stage = self.stage
        while time.monotonic() < deadline and (stage.connections() < made or len(self._open) > kept):
            time.sleep(0.002)

    def serve(self, name, sock):
        wire = Wire(sock)
        with self._lock:
            self._open.add(wire)
        try:
            self._serve(name, wire)
        except (Ended, OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open.discard(wire)
                self._aside.discard(wire)
            try:
                wire.sock.close()
            except OSError:
                pass

    def _serve(self, name, wire):
        number = 0
        while True:
            if not wire.buffer:
                wire.more()
            stage = self.stage
            request = Received(name, number)
            try:
                request.head = wire.until(b"\r\n\r\n")
            except Ended as end:
                request.head, request.end = wire.buffer, f"{end} within its head"
                if stage:
                    stage.take(request)
                raise
            if self.router and self.router.is_own(request):
                self._read_body(wire, request)
                self.router.serve(wire, request, stage)
                continue
            if request.target == HEALTH:
                with self._lock:
                    self._open.discard(wire)
                    self._aside.add(wire)
            if stage is None or not stage.is_wanted(request):
                self._read_body(wire, request)
                wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                continue
            if number == 0:
                number = request.connection = stage.connection(name)
            if not self._converse(wire, request, stage):
                return

    def _converse(self, wire, request, stage):
        """One request and its answer. Returns whether the connection is kept."""
        chosen = stage.take(request)
        if chosen.read == "all":
            if chosen.interim:
                self._play(wire, chosen.interim, stage, request)
            try:
                self._read_body(wire, request)
            except Ended as end:
                request.end = f"{end} within its body"
                stage.events.tell("broken")
                raise
            stage.events.tell("whole")
        time.sleep(stage.delay)
        return self._play(wire, chosen.steps, stage, request)

    @staticmethod
    def _read_body(wire, request):
        if request.field("transfer-encoding").lower() == "chunked":
            request.framing = "chunked"
            into = bytearray()
            try:
                trailers = wire.chunks(into)
                if trailers:
                    request.framing += f" with trailers {trailers}"
            finally:
                request.body = bytes(into)
        elif request.field("content-length"):
            request.framing = "length"
            into = bytearray()
            try:
                wire.exactly(int(request.field("content-length")), into)
            finally:
                request.body = bytes(into)

    @staticmethod
    def _play(wire, steps, stage, request):
        for what, *with_ in steps:
            if what == "send":
                own = request.field("host").encode("latin-1")
                wire.sock.sendall(with_[0].replace(b"{authority}", own))
            elif what == "pieces":
                data, size, seconds = with_
                for at in range(0, len(data), size):
                    wire.sock.sendall(data[at:at + size])
                    time.sleep(seconds)
            elif what == "pause":
                time.sleep(with_[0])
            elif what == "wait":
                stage.events.wait(with_[0])
            elif what == "tell":
                stage.events.tell(with_[0])
            elif what == "do":
                with_[0](stage)
            elif what == "close":
                # What is unread would make a reset of it.
                wire.sock.shutdown(socket.SHUT_WR)
                try:
                    while True:
                        wire.more(PATIENCE)
                except Ended:
                    return False
            elif what == "reset":
                wire.reset()
                return False
            elif what == "hold":
                try:
                    while True:
                        wire.more(PATIENCE)
                except Ended as end:
                    request.end = request.end or f"gateway closed: {end}"
                    stage.events.tell("gateway closed")
                return False
        return True
