"""Metrics that the documents name, against those that the sources register."""

import re
import unittest

import documents
from documents import ROOT

CALL = re.compile(r'\b(counters|gauges|histograms|callback|add)\(\s*"((?:synapse|process)_\w+)"')
LABELS = re.compile(r'\{((?:"\w+"(?:,\s*)?)*)\}')
ALERTS = ROOT / "manifests" / "components" / "prometheus-operator" / "alerts.yaml"
NAMED = re.compile(r"\b((?:synapse|process)_[a-z0-9_]+)(\{[^}`]*\})?")
# Words of the API and of file names that look like metrics.
OTHER = {"synapse_defaults", "synapse_family_defaults", "synapse_profile", "synapse_waits_for",
         "synapse_tts", "synapse_interpolate", "synapse_dash_token"}
OF_SCRAPES = {"le", "pod", "job", "instance"}


def arguments(text, begin):
    """What stands between the parenthesis that was opened before `begin` and its end."""
    depth, end = 1, begin
    for piece in re.finditer(r'"(?:[^"\\]|\\.)*"|[()]', text[begin:]):
        depth += {"(": 1, ")": -1}.get(piece.group(), 0)
        end = begin + piece.start()
        if depth == 0:
            break
    return text[begin:end]


def registered():
    """Names with their labels."""
    found = {}
    for path in documents.tracked("telemetry/*.cpp", "app/*.cpp", "actors/*.cpp", "http/*.cpp"):
        text = (ROOT / path).read_text(encoding="utf-8")
        for call in CALL.finditer(text):
            kind, name = call.groups()
            lists = LABELS.findall(arguments(text, call.end()))
            own = set(re.findall(r"\w+", lists[0])) if lists else set()
            found[name] = own
            if kind == "histograms":
                found.update({f"{name}_{part}": own for part in ("bucket", "sum", "count")})
    return found


class Metrics(unittest.TestCase):
    def test_the_sources_are_read_rightly(self):
        there = registered()
        self.assertEqual({"route", "code"}, there["synapse_requests_total"])
        self.assertEqual({"backend"}, there["synapse_model_wait_seconds_bucket"])
        self.assertEqual({"result"}, there["synapse_cluster_lines_total"])
        self.assertIn("process_open_fds", there)

    def test_every_metric_that_is_named_exists_with_these_labels(self):
        there = registered()
        named = 0
        for path in documents.files():
            for name, labels in NAMED.findall(path.read_text(encoding="utf-8")):
                if name in OTHER or name.endswith("_") or name.startswith("synapse_model") and (
                        path.name == "INTEGRATION-GUIDE.md" and name == "synapse_model"):
                    continue
                where = path.relative_to(ROOT)
                self.assertIn(name, there, f"{where}: there is no such metric")
                for label in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*\\?"', labels):
                    self.assertIn(label, there[name] | OF_SCRAPES, f"{where}: {name}")
                named += 1
        self.assertGreater(named, 30)

    def test_queries_aggregate_by_labels_that_their_metric_has(self):
        there = registered()
        for path in documents.files():
            for query in re.findall(r"`([^`]*synapse_[^`]*)`", path.read_text(encoding="utf-8")):
                names = [name for name, _ in NAMED.findall(query) if name in there]
                for labels in re.findall(r"\bby \(([^)]*)\)", query):
                    for label in re.split(r"\s*,\s*", labels):
                        for name in names:
                            self.assertIn(label, there[name] | OF_SCRAPES,
                                          f"{path.relative_to(ROOT)}: {query}")

    def test_alerts_of_the_manifests_are_explained_and_ask_for_what_there_is(self):
        there = registered()
        text = ALERTS.read_text(encoding="utf-8")
        for name, _ in NAMED.findall(re.sub(r"^#.*", "", text, flags=re.MULTILINE)):
            self.assertIn(name, there, ALERTS.name)
        operations = (ROOT / "docs" / "OPERATIONS.md").read_text(encoding="utf-8")
        explained = [row[0] for row in documents.rows(operations) if row[0].startswith("Synapse")]
        self.assertEqual(re.findall(r"- alert: (\w+)", text), explained)


if __name__ == "__main__":
    unittest.main()
