"""Cells, columns and tables of Markdown, from the figures of windows."""

import statistics


def valid(window):
    """Whether the window counts."""
    return window is not None and "void" not in window and "skipped" not in window


def _get(window, path):
    value = window
    for key in path.split("/"):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def _number(value):
    magnitude = abs(value)
    if isinstance(value, int) or magnitude >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    if magnitude >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if magnitude >= 10 else f"{value:.2f}"


def cell(values):
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


def table(header, rows):
    """Lines of Markdown."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


class Columns:
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
            return "–" if added and peer == "direct" else cell(values(peer))

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
            whole = sum(1 for w in windows if valid(w))
            row = [peer] + [shown(peer) for _, shown in self.columns]
            rows.append(row + [f"{whole}/{len(windows)}" + (" **void**" if whole == 0 else "")])
        return table(["peer"] + [title for title, _ in self.columns] + ["valid"], rows)
