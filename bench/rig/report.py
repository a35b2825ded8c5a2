"""Figures from windows, tables from figures."""

from rig.columns import Columns, cell, table, valid

DISTURBED_CORES = 0.10  # CPU used by programs outside the benchmark above which a round is marked


def cpu_per_unit(window, unit):
    """CPU microseconds of the peer per request or event."""
    count = window.get(unit, 0)
    return window["peer_cpu_ns"] / 1000 / count if count and window["peer_cpu_ns"] else None


def switches_per_unit(window, unit):
    count = window.get(unit, 0)
    return window["peer_switches"] / count if count and window["peer_cpu_ns"] else None


class Results:
    """All windows: `windows[scenario][peer]` is a list with one entry per round."""

    def __init__(self, peers, rounds):
        self.peers = peers
        self.rounds = rounds
        self.windows = {}
        self.memory = {peer: [] for peer in peers}
        self.log_lines = {peer: [] for peer in peers}
        self.failures = []

    def add(self, scenario, peer, window):
        self.windows.setdefault(scenario, {}).setdefault(peer, []).append(window)
        if "void" in window:
            self.failures.append(f"{scenario}, {peer}: {window['void']}")

    def values(self, scenario, peer, figure):
        """One value per round; None where the window is void."""
        windows = self.windows.get(scenario, {}).get(peer, [])
        return [figure(w) if valid(w) else None for w in windows]

    def added(self, scenario, peer, figure):
        """The figure minus that of the direct run of the same round."""
        floor = self.values(scenario, "direct", figure)
        own = self.values(scenario, peer, figure)
        return [a - b if a is not None and b is not None else None for a, b in zip(own, floor)]

    def disturbed(self):
        """Windows during which other programs used the machine."""
        return sum(
            1
            for peers in self.windows.values()
            for windows in peers.values()
            for w in windows
            if valid(w) and w["foreign_cores"] > DISTURBED_CORES
        )

    def window_count(self):
        return sum(len(w) for peers in self.windows.values() for w in peers.values())


def _per_request(window):
    return cpu_per_unit(window, "requests")


def _per_event(window):
    return cpu_per_unit(window, "events")


def _cpu_per_gb(window):
    us_per_byte = cpu_per_unit(window, "file_bytes")
    return us_per_byte * 1e3 if us_per_byte else None


def _saturated(results):
    columns = Columns(results, "saturated")
    columns.figure("requests/s", "rps", ratio=True)
    columns.figure("p50 µs", "latency_us/p50")
    columns.figure("p99 µs", "latency_us/p99", ratio=True)
    columns.figure("p99.9 µs", "latency_us/p99.9")
    columns.figure("CPU µs/request", "", ratio=True, scale=_per_request)
    columns.figure("switches/request", "", scale=lambda w: switches_per_unit(w, "requests"))
    return ["### Throughput, 64 connections", ""] + columns.render()


def _single(results):
    columns = Columns(results, "single")
    columns.figure("p50 µs", "latency_us/p50")
    columns.figure("p99 µs", "latency_us/p99")
    columns.figure("added p50 µs", "latency_us/p50", added=True, ratio=True)
    columns.figure("added p99 µs", "latency_us/p99", added=True, ratio=True)
    columns.figure("CPU µs/request", "", ratio=True, scale=_per_request)
    return ["### Latency, one connection", ""] + columns.render()


def _stream(results):
    first = Columns(results, "stream")
    first.figure("first event p50 µs", "first_event_us/p50")
    first.figure("p99 µs", "first_event_us/p99")
    first.figure("added p50 µs", "first_event_us/p50", added=True, ratio=True)
    first.figure("first content p50 µs", "first_content_us/p50")
    first.figure("p99 µs", "first_content_us/p99")
    first.figure("complete", "complete")
    first.figure("broken", "errors")
    each = Columns(results, "stream")
    each.figure("delay p50 µs", "event_delay_us/p50")
    each.figure("p99 µs", "event_delay_us/p99")
    each.figure("p99.9 µs", "event_delay_us/p99.9")
    each.figure("added p50 µs", "event_delay_us/p50", added=True, ratio=True)
    each.figure("added p99 µs", "event_delay_us/p99", added=True, ratio=True)
    each.figure("CPU µs/event", "", ratio=True, scale=_per_event)
    return (["### Streams, 100 in parallel: first byte", ""] + first.render()
            + ["", "### Streams, 100 in parallel: every event", ""] + each.render())


def _large(results):
    columns = Columns(results, "large")
    columns.figure("requests/s", "rps", ratio=True)
    columns.figure("p50 µs", "latency_us/p50")
    columns.figure("p99 µs", "latency_us/p99", ratio=True)
    columns.figure("CPU µs/request", "", ratio=True, scale=_per_request)
    return ["### Answers of 64 KiB, 16 connections", ""] + columns.render()


def _shape(results, scenario, figure):
    """A number that all windows of a scenario share, as text; `?` when none is valid."""
    windows = [w for peer in results.windows.get(scenario, {}).values() for w in peer if valid(w)]
    return f"{figure(windows[0]):.0f}" if windows else "?"


def _speech(results):
    parallel = _shape(results, "speech", lambda w: w["parallel"])
    first = Columns(results, "speech")
    first.figure("first byte p50 µs", "first_event_us/p50")
    first.figure("p99 µs", "first_event_us/p99")
    first.figure("added p50 µs", "first_event_us/p50", added=True, ratio=True)
    first.figure("added p99 µs", "first_event_us/p99", added=True, ratio=True)
    first.figure("complete", "complete")
    first.figure("broken", "errors")
    each = Columns(results, "speech")
    each.figure("delay p50 µs", "event_delay_us/p50")
    each.figure("p99 µs", "event_delay_us/p99")
    each.figure("p99.9 µs", "event_delay_us/p99.9")
    each.figure("added p50 µs", "event_delay_us/p50", added=True, ratio=True)
    each.figure("added p99 µs", "event_delay_us/p99", added=True, ratio=True)
    each.figure("CPU µs/frame", "", ratio=True, scale=_per_event)
    return ([f"### Speech, {parallel} in parallel: first audio", ""] + first.render()
            + ["", f"### Speech, {parallel} in parallel: every frame", ""] + each.render())


def _grown(kind, each=False):
    """How many MiB more than idle the peer had at most, in all or per upload."""
    def of_window(window):
        if "peak_kib" not in window:
            return None
        more = (window["peak_kib"][kind] - window["idle_kib"][kind]) / 1024
        return more / window["parallel"] if each else more

    return of_window


def _uploads(results):
    parallel = _shape(results, "upload", lambda w: w["parallel"])
    size = _shape(results, "upload", lambda w: w["file_bytes"] / w["complete"] / 1e6)
    columns = Columns(results, "upload")
    columns.figure("RSS peak − idle MiB", "", scale=_grown("rss_kib"))
    columns.figure("per upload MiB", "", ratio=True, scale=_grown("rss_kib", each=True))
    columns.figure("PSS peak − idle MiB", "", scale=_grown("pss_kib"))
    columns.figure("MB/s", "mb_per_s", ratio=True)
    columns.figure("CPU s/GB", "", ratio=True, scale=_cpu_per_gb)
    columns.figure("complete", "complete")
    columns.figure("broken", "errors")
    return ([f"### Uploads of {size} MB, {parallel} in parallel: memory", ""]
            + columns.render())


def _memory(results):
    rows = []
    for peer in results.peers:
        samples = results.memory[peer]
        if not samples:
            continue
        cells = [
            cell([getattr(s[when], kind) / 1024 for s in samples])
            for when, kind in ((0, "rss_kib"), (1, "rss_kib"), (0, "pss_kib"), (1, "pss_kib"))
        ]
        lines = cell(results.log_lines[peer]) if results.log_lines[peer] else "no log"
        rows.append([peer] + cells + [lines])
    if not rows:
        return []
    header = ["peer", "RSS idle MiB", "RSS after load MiB", "PSS idle MiB", "PSS after load MiB",
              "log lines/answer"]
    return ["### Memory and access log", ""] + table(header, rows)


def tables(results):
    """All tables as lines of Markdown."""
    lines = []
    for part in (_saturated, _single, _stream, _large, _speech, _uploads, _memory):
        lines += part(results) + [""]
    count = results.window_count()
    lines.append(
        f"{results.rounds} round(s), peers in turn; median (min–max). {len(results.failures)} of "
        f"{count} windows void; during {results.disturbed()} of them other programs used more than "
        f"{DISTURBED_CORES:.2f} of a processor."
    )
    lines += [f"- void: {text}" for text in results.failures]
    return lines


def machine_table(facts):
    return table(["what", "value"], [[label, text] for label, text in facts])


def micro_table(report):
    """From Google Benchmark's JSON; aggregates other than the median are left out."""
    rows = []
    for entry in report.get("benchmarks", []):
        if entry.get("run_type") == "aggregate" and entry.get("aggregate_name") != "median":
            continue
        if entry.get("error_occurred"):
            rows.append([f"`{entry['name']}`", "failed", entry.get("error_message", ""), ""])
            continue
        rate = ""
        if "bytes_per_second" in entry:
            rate = f"{entry['bytes_per_second'] / 2**20:,.0f} MiB/s".replace(",", " ")
        elif "items_per_second" in entry:
            rate = f"{entry['items_per_second']:,.0f}/s".replace(",", " ")
        unit = entry["time_unit"]
        rows.append([f"`{entry['run_name']}`", f"{entry['cpu_time']:.1f} {unit}",
                     f"{entry['real_time']:.1f} {unit}", rate])
    return table(["benchmark", "CPU time", "wall time", "rate"], rows)


def replace_block(text, name, lines):
    """`text` with what stands between the markers `<!-- name:begin -->` and `<!-- name:end -->`
    replaced; raises ValueError without exactly one such pair."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ValueError(f"markers {begin} and {end} are not there once, in this order")
    head, rest = text.split(begin)
    _, tail = rest.split(end)
    return head + begin + "\n" + "\n".join(lines) + "\n" + end + tail
