"""Every configuration that the recipes and the README show is one that the gateway takes."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from documents import ROOT

BIN_DIR = Path(os.environ.get("SYNAPSE_BIN_DIR", ROOT / "build" / "bin"))
LIMIT_SECONDS = 30


def configurations(name, beginning=r"^backends:"):
    text = (ROOT / name).read_text(encoding="utf-8")
    for block in re.finditer(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if re.search(beginning, block[1], re.MULTILINE):
            yield f"{name}:{text.count(chr(10), 0, block.start()) + 1}", block[1]


class Recipes(unittest.TestCase):
    def check(self, text):
        """(exit status, notes and warnings, the summary) for a file with this text."""
        keys = re.findall(r"bearer_env: *(\w+)", text)
        env = {name: value for name, value in os.environ.items() if not name.startswith("SYNAPSE_")}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "my-backends.yaml")
            file.write_text(text, encoding="utf-8")
            done = subprocess.run([BIN_DIR / "synapse", "--check-config", file], text=True, check=False,
                                  capture_output=True, timeout=LIMIT_SECONDS,
                                  env={**env, **dict.fromkeys(keys, "a-key")})
        return done.returncode, done.stderr, done.stdout

    def test_are_taken_and_leave_no_backend_without_a_route(self):
        shown = [*configurations("docs/RECIPES.md"), *configurations("README.md")]
        self.assertGreater(len(shown), 9)
        for place, text in shown:
            with self.subTest(place):
                status, said, summary = self.check(text)
                self.assertEqual(status, 0, said)
                self.assertNotIn("warning:", said)
                self.assertRegex(summary, r"/v1/chat/completions|(?m:^names$)")

    def test_a_wrong_one_would_be_found(self):
        status, said, _ = self.check("backends: {a: {url: \"http://a\", tipe: chatterbox}}\n")
        self.assertEqual(status, 2)
        self.assertIn("type", said)


if __name__ == "__main__":
    unittest.main()
