"""What a case looked like on one side, as lines of text: only what must be the same on the other."""

import difflib
import hashlib
import os
import re

LONG_LINE = 120
CONTEXT = 30  # characters of what is the same before a difference
LONGEST = 1200  # bytes of a body that are shown; of a longer one its ends, its length and its digest
TIMES = ("dur_us", "overhead_us", "ttfb_us")
OWN_BOUNDARY = re.compile(rb"(?i)content-type: multipart/form-data; boundary=\"?([^\s\";]+)")
GENERATED_ID = re.compile(r"req-[0-9a-f]{8}[0-9a-f-]*")
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(_[0-9a-f]{10,}(?=\.wav))?")
UUID_TEXT = re.compile(UUID.pattern.decode())
DATE = re.compile(r"(?im)^date: [A-Z][a-z]{2}, \d.* GMT$")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?")
LOG_TIME = re.compile(r"^\S*\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S* ?")
WORD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')


class Names:
    """Puts names in the place of ports and of what a gateway makes up."""

    def __init__(self, gateway_port, backend_ports):
        self._ports = {str(port): f"<{name}>" for name, port in backend_ports.items()}
        self._ports[str(gateway_port)] = "<gateway>"
        self._pattern = re.compile(r"(?<!\d)(" + "|".join(self._ports) + r")(?!\d)")

    def clean(self, text):
        text = self._pattern.sub(lambda found: self._ports[found.group()], text)
        text = GENERATED_ID.sub("<id>", text)
        text = UUID_TEXT.sub("<uuid>", text)
        return STAMP.sub("<time>", text)


def shown(data):
    data = UUID.sub(b"<uuid>", data)
    text = data.decode("utf-8", "backslashreplace")
    if len(data) <= LONGEST:
        return text
    digest = hashlib.sha256(data).hexdigest()[:16]
    return f"{text[:300]}\n… {len(data)} bytes, sha256 {digest} …\n{text[-200:]}"


def body_lines(head, data):
    """An event stream event by event, anything else in lines; line ends stay visible."""
    if re.search(rb"(?im)^content-type: *text/event-stream", head):
        events = re.split(rb"(?<=\n\n)|(?<=\r\n\r\n)|(?<=\r\r)", data)
        return [f"event {shown(one)!r}" for one in events if one]
    return [repr(line) for line in shown(data).splitlines(keepends=True)] or ["(empty)"]


def head_lines(head):
    text = head.decode("utf-8", "backslashreplace").removesuffix("\r\n\r\n")
    text = DATE.sub("Date: <date>", text.replace("\r\n", "\n"))
    return [line.replace("\r", "\\r") for line in text.split("\n")]


def reply_lines(reply):
    lines = []
    for one in reply.interim:
        lines += [f"interim {line}" for line in head_lines(one)]
    lines += head_lines(reply.head)
    lines += [f"framing: {reply.framing}", *body_lines(reply.head, reply.body)]
    lines += [f"trailer {line!r}" for line in reply.trailers]
    lines.append(f"end: {reply.end}")
    return lines


def request_lines(request, loose):
    boundary = OWN_BOUNDARY.search(request.head)
    head, body = request.head, request.body
    if boundary and boundary.group(1) != b"a-boundary":
        head = head.replace(boundary.group(1), b"<boundary>")
        body = body.replace(boundary.group(1), b"<boundary>")
    lines = [f"connection {request.connection}", *head_lines(head)]
    given_up = "body" in loose  # how much of it has come, and whether that makes a reset of its end
    lines += [f"framing: {request.framing}", *([] if given_up else body_lines(b"", body))]
    if request.end:
        lines.append("end: some" if given_up else f"end: {request.end}")
    return lines


def log_line(line, framing_bytes, loose):
    """A line of the access log without what is time, nor the chunks' own bytes."""
    words = []
    for name, value in WORD.findall(line):
        if name == "ts":
            continue
        if name in TIMES:
            value = "-" if value == "-" else "some"
        elif name in loose:
            value = "*"
        elif name == "out" and value.isdigit():
            identity = re.search(r" id=(\S+)", line)
            value = str(int(value) - framing_bytes.get(identity.group(1) if identity else "", 0))
        words.append(f"{name}={value}")
    return " ".join(words)


def counter_lines(before, after, framing_bytes, loose):
    lines = []
    for name in sorted(after.keys() | before.keys()):
        change = after.get(name, 0) - before.get(name, 0)
        plain = name.split("{", 1)[0]
        if name == 'synapse_bytes_total{direction="out"}':
            change -= sum(framing_bytes.values())
        if plain in loose or (plain == "synapse_bytes_total" and {"in", "out"} & set(loose)):
            continue
        if change:
            lines.append(f"{name} +{change:g}")
    return lines


def error_lines(text, case_id):
    """Lines of the other log that speak of the case's requests."""
    mark = re.compile(rf"{re.escape(case_id)}-(?:\d+|probe)(?![\w/])")
    return [LOG_TIME.sub("", line) for line in text.splitlines() if mark.search(line)]


def narrowed(one, other):
    """Two long lines that differ in a few words, without what they have in common."""
    words, others = one.split(" "), other.split(" ")
    if len(one) < LONG_LINE or len(words) != len(others):
        return [f"-{one}", f"+{other}"]
    changed = [(a, b) for a, b in zip(words, others, strict=True) if a != b]
    one, other = (" ".join(pair[side] for pair in changed) for side in (0, 1))
    same = max(0, len(os.path.commonprefix([one, other])) - CONTEXT)
    return [f"-… {one[same:]}", f"+… {other[same:]}"]


def differences(before, after):
    """Pairs of section and small diff, for two tables of sections."""
    found = []
    for section in list(dict.fromkeys([*before, *after])):
        one, other = before.get(section, ["(none)"]), after.get(section, ["(none)"])
        if one == other:
            continue
        changed = []
        matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
        for kind, i1, i2, j1, j2 in matcher.get_opcodes():
            if kind == "replace" and i2 - i1 == j2 - j1:
                for a, b in zip(one[i1:i2], other[j1:j2], strict=True):
                    changed += narrowed(a, b)
            elif kind != "equal":
                changed += [f"-{line}" for line in one[i1:i2]] + [f"+{line}" for line in other[j1:j2]]
        found.append((section, changed))
    return found
