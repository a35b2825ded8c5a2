"""Settings, variables and reasons that the documents name, against those that there are."""

import re
import unittest
from pathlib import Path

import documents
from documents import ROOT

CONFIGURATION = (ROOT / "docs" / "CONFIGURATION.md").read_text(encoding="utf-8")
DETAILS = (ROOT / "http" / "core" / "response_detail.cpp").read_text(encoding="utf-8")


def keys():
    return {row[0].strip("`") for row in documents.rows(CONFIGURATION) if len(row) > 2}


def texts():
    """Documents for users, without their code."""
    for path in documents.files():
        if path.parent in (ROOT, ROOT / "docs"):
            yield path.relative_to(ROOT), documents.FENCED.sub("", path.read_text(encoding="utf-8"))


class Names(unittest.TestCase):
    def test_settings_exist(self):
        there = keys()
        self.assertIn("limits.max_upload_bytes", there)
        sections = sorted({re.escape(key.split(".")[0]) for key in there if "." in key})
        shape = re.compile(rf"`((?:{'|'.join(sections)})\.[a-z_]+(?:\.[a-z_]+)?)`")
        files = re.compile(r"\.(?:yaml|cmake|md|sh|py|cpp|hpp)$")
        named = 0
        for name, text in texts():
            for key in shape.findall(text):
                if not files.search(key):
                    # Below a heading about `cluster`, `tls.ca` is `cluster.tls.ca`.
                    known = key in there or any(each.startswith(key + ".") or each.endswith("." + key)
                                                for each in there)
                    self.assertTrue(known, f"{name}: {key}")
                    named += 1
        self.assertGreater(named, 50)

    def test_variables_exist(self):
        there = {key for key in keys() if key.startswith("SYNAPSE_")}
        # Of make and of the scripts, not of the gateway.
        others = {"SYNAPSE_URL", "SYNAPSE_BASE_URL", "SYNAPSE_BUILD_DIR"}
        others |= set(re.findall(r"^option\((SYNAPSE_\w+)", (ROOT / "CMakeLists.txt").read_text("utf-8"), re.M))
        for name, text in texts():
            for variable in re.findall(r"\bSYNAPSE_[A-Z_]+[A-Z]\b(?!\.)", text):
                known = variable in there | others or any(each.startswith(variable + "_") for each in there)
                self.assertTrue(known, f"{name}: {variable}")

    def test_reasons_exist(self):
        there = set(re.findall(r"\{d::\w+, +\"(\w+)\"", DETAILS)) | set(re.findall(r'"([a-z_]+)"', DETAILS))
        self.assertIn("upstream_overflow", there)
        text = dict(texts())[Path("docs/OPERATIONS.md")]
        section = text.split("\n## Troubleshooting\n", 1)[1]
        named = [word for row in documents.rows(section)
                 for word in re.findall(r"^\d{3} .*?`([a-z]+(?:_[a-z]+)+)`", row[0])]
        self.assertGreater(len(named), 8)
        for word in named:
            self.assertIn(word, there)

    def test_sentences_of_the_gateway_are_its_own(self):
        """What the first column quotes as a sentence stands somewhere in the sources."""
        sources = "".join((ROOT / path).read_text(encoding="utf-8", errors="replace")
                          for path in documents.tracked("http/*.cpp", "app/*.cpp", "actors/*.cpp"))
        sources = re.sub(r'"\s*\n\s*"', "", sources)
        text = dict(texts())[Path("docs/OPERATIONS.md")]
        section = text.split("\n## Troubleshooting\n", 1)[1]
        pieces = [piece.strip() for row in documents.rows(section)
                  for quoted in re.findall(r"`([^`]* [^`]*)`", row[0]) for piece in quoted.split("…")]
        self.assertGreater(len(pieces), 5)
        for piece in filter(None, pieces):
            if piece not in (": Address already in use", "event: dropped"):  # the kernel's, a frame
                self.assertIn(piece.rstrip(":"), sources)


if __name__ == "__main__":
    unittest.main()
