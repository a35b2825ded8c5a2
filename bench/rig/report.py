"""Figures from windows, tables from figures."""

import statistics

DISTURBED_CORES = 0.10  # CPU used by programs outside the benchmark above which a round is marked


def _get(window, path):
    value = window
    for key in path.split("/"):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def _valid(window):
    return window is not None and "void" not in window and "skipped" not in window


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
        return [figure(w) if _valid(w) else None for w in windows]

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
            if _valid(w) and w["foreign_cores"] > DISTURBED_CORES
        )

    def window_count(self):
        return sum(len(w) for peers in self.windows.values() for w in peers.values())


def _number(value):
    magnitude = abs(value)
    if isinstance(value, int) or magnitude >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    if magnitude >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if magnitude >= 10 else f"{value:.2f}"


def _cell(values):
    """Median and, from two valid rounds on, the range."""
    known = [v for v in values if v is not None]
    if not known:
        return "–"
    whole = all(isinstance(v, int) for v in known)
    text = _number(statistics.median_low(known) if whole else statistics.median(known))
    if len(known) > 1:
        text += f" ({_number(min(known))}–{_number(max(known))})"
    return text


def _ratio(values, reference):
    """Median of the rounds' ratios: slow drift of the machine cancels out."""
    ratios = [a / b for a, b in zip(values, reference) if a is not None and b]
    return _times(statistics.median(ratios)) if ratios else "–"


def _times(ratio):
    return (f"{ratio:.4f}" if ratio < 0.1 else _number(float(ratio))) + "×"


def _ratio_of_differences(values, reference):
    """Ratio of the medians: one round's difference may be near zero and its ratio anything. A
    difference that is not positive is noise, and no ratio is made of it."""
    own = [v for v in values if v is not None]
    other = [v for v in reference if v is not None]
    if not own or not other or min(statistics.median(own), statistics.median(other)) <= 0:
        return "–"
    return _times(statistics.median(own) / statistics.median(other))


def _table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


class _Columns:
    """Builds one table of a scenario; a column is a figure with or without its ratio to nginx."""

    def __init__(self, results, scenario):
        self.results = results
        self.scenario = scenario
        self.columns = []

    def figure(self, title, path, added=False, ratio=False, scale=None):
        def of_window(window):
            return scale(window) if scale else _get(window, path)

        def values(peer):
            source = self.results.added if added else self.results.values
            return source(self.scenario, peer, of_window)

        def shown(peer):
            return "–" if added and peer == "direct" else _cell(values(peer))

        self.columns.append((title, shown))
        if ratio:
            def shown_ratio(peer):
                if peer == "direct":
                    return "–"
                make = _ratio_of_differences if added else _ratio
                return make(values(peer), values("nginx"))

            self.columns.append(("× nginx", shown_ratio))
        return self

    def render(self):
        rows = []
        for peer in self.results.peers:
            windows = self.results.windows.get(self.scenario, {}).get(peer, [])
            if not windows:
                continue
            skipped = [w["skipped"] for w in windows if "skipped" in w]
            if skipped:
                rows.append([peer, skipped[0]] + [""] * len(self.columns))
                continue
            valid = sum(1 for w in windows if _valid(w))
            row = [peer] + [shown(peer) for _, shown in self.columns]
            rows.append(row + [f"{valid}/{len(windows)}" + (" **void**" if valid == 0 else "")])
        return _table(["peer"] + [title for title, _ in self.columns] + ["valid"], rows)


def _per_request(window):
    return cpu_per_unit(window, "requests")


def _per_event(window):
    return cpu_per_unit(window, "events")


def _saturated(results):
    table = _Columns(results, "saturated")
    table.figure("requests/s", "rps", ratio=True)
    table.figure("p50 µs", "latency_us/p50")
    table.figure("p99 µs", "latency_us/p99", ratio=True)
    table.figure("p99.9 µs", "latency_us/p99.9")
    table.figure("CPU µs/request", "", ratio=True, scale=_per_request)
    table.figure("switches/request", "", scale=lambda w: switches_per_unit(w, "requests"))
    return ["### Throughput, 64 connections", ""] + table.render()


def _single(results):
    table = _Columns(results, "single")
    table.figure("p50 µs", "latency_us/p50")
    table.figure("p99 µs", "latency_us/p99")
    table.figure("added p50 µs", "latency_us/p50", added=True, ratio=True)
    table.figure("added p99 µs", "latency_us/p99", added=True, ratio=True)
    table.figure("CPU µs/request", "", ratio=True, scale=_per_request)
    return ["### Latency, one connection", ""] + table.render()


def _stream(results):
    first = _Columns(results, "stream")
    first.figure("first event p50 µs", "first_event_us/p50")
    first.figure("p99 µs", "first_event_us/p99")
    first.figure("added p50 µs", "first_event_us/p50", added=True, ratio=True)
    first.figure("first content p50 µs", "first_content_us/p50")
    first.figure("p99 µs", "first_content_us/p99")
    first.figure("complete", "complete")
    first.figure("broken", "errors")
    each = _Columns(results, "stream")
    each.figure("delay p50 µs", "event_delay_us/p50")
    each.figure("p99 µs", "event_delay_us/p99")
    each.figure("p99.9 µs", "event_delay_us/p99.9")
    each.figure("added p50 µs", "event_delay_us/p50", added=True, ratio=True)
    each.figure("added p99 µs", "event_delay_us/p99", added=True, ratio=True)
    each.figure("CPU µs/event", "", ratio=True, scale=_per_event)
    return (["### Streams, 100 in parallel: first byte", ""] + first.render()
            + ["", "### Streams, 100 in parallel: every event", ""] + each.render())


def _large(results):
    table = _Columns(results, "large")
    table.figure("requests/s", "rps", ratio=True)
    table.figure("p50 µs", "latency_us/p50")
    table.figure("p99 µs", "latency_us/p99", ratio=True)
    table.figure("CPU µs/request", "", ratio=True, scale=_per_request)
    return ["### Answers of 64 KiB, 16 connections", ""] + table.render()


def _memory(results):
    rows = []
    for peer in results.peers:
        samples = results.memory[peer]
        if not samples:
            continue
        cells = [
            _cell([getattr(s[when], kind) / 1024 for s in samples])
            for when, kind in ((0, "rss_kib"), (1, "rss_kib"), (0, "pss_kib"), (1, "pss_kib"))
        ]
        lines = _cell(results.log_lines[peer]) if results.log_lines[peer] else "no log"
        rows.append([peer] + cells + [lines])
    if not rows:
        return []
    header = ["peer", "RSS idle MiB", "RSS after load MiB", "PSS idle MiB", "PSS after load MiB",
              "log lines/answer"]
    return ["### Memory and access log", ""] + _table(header, rows)


def tables(results):
    """All tables as lines of Markdown."""
    lines = []
    for part in (_saturated, _single, _stream, _large, _memory):
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
    return _table(["what", "value"], [[label, text] for label, text in facts])


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
    return _table(["benchmark", "CPU time", "wall time", "rate"], rows)


def replace_block(text, name, lines):
    """`text` with what stands between the markers `<!-- name:begin -->` and `<!-- name:end -->`
    replaced; raises ValueError without exactly one such pair."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ValueError(f"markers {begin} and {end} are not there once, in this order")
    head, rest = text.split(begin)
    _, tail = rest.split(end)
    return head + begin + "\n" + "\n".join(lines) + "\n" + end + tail
