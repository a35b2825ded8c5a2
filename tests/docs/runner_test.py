"""The runner of the examples: what it takes for a block, a link, a failure."""

import contextlib
import io
import os
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import documents
import run_readme


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="docs-test-", dir=documents.ROOT / "tests" / "docs")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def document(self, text, name="a.md"):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


class Blocks(Case):
    @staticmethod
    def runs(pid):
        try:  # a zombie is one that nobody has waited for yet
            return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        except (FileNotFoundError, ProcessLookupError):
            return False

    def run_text(self, text):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            counts = run_readme.run_document(self.document(text))
        return counts, said.getvalue()

    def test_a_block_whose_output_matches_passes(self):
        counts, _ = self.run_text("<!-- run alone: expect o.e -->\n```sh\necho one\n```\n")
        self.assertEqual(counts, (1, 0, 0))

    def test_another_output_or_status_fails(self):
        for commands in ("echo two", "echo one; false", "echo one | false"):
            counts, _ = self.run_text(f"<!-- run alone: expect one -->\n```sh\n{commands}\n```\n")
            self.assertEqual(counts, (0, 1, 0), commands)

    def test_a_block_without_a_mark_fails(self):
        counts, said = self.run_text("text\n\n```sh\necho one\n```\n")
        self.assertEqual(counts, (0, 1, 0))
        self.assertIn("says neither", said)

    def test_a_block_with_a_reason_is_left_alone(self):
        counts, _ = self.run_text("<!-- not run: because -->\n```sh\nfalse\n```\n```yaml\na: b\n```\n")
        self.assertEqual(counts, (0, 0, 1))

    def test_comments_elsewhere_are_no_marks(self):
        counts, _ = self.run_text("<!-- other -->\ntext\n\n<!-- not run: because -->\n```sh\nfalse\n```\n")
        self.assertEqual(counts, (0, 0, 1))

    def test_a_block_that_does_not_end_is_ended_with_all_that_it_started(self):
        started = self.folder / "pid"
        name = started.relative_to(documents.ROOT)  # a /tmp in it would mean another folder
        # Time enough to start something on a busy machine.
        with mock.patch.object(run_readme, "LIMIT_SECONDS", 5):
            counts, said = self.run_text("<!-- run alone: expect . -->\n```sh\n"
                                         f"sleep 600 & echo $! >{name}; wait\n```\n")
        self.assertEqual(counts, (0, 1, 0))
        self.assertIn("not done within 5 s", said)
        pid = int(started.read_text())
        deadline = time.monotonic() + 10
        while self.runs(pid):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_the_documented_address_becomes_the_gateways(self):
        with mock.patch.dict(os.environ, {"SYNAPSE_BASE_URL": "http://127.0.0.1:1/"}):
            counts, _ = self.run_text("<!-- run: expect 127.0.0.1:1/health -->\n"
                                      "```sh\necho http://127.0.0.1:8000/health\n```\n")
            self.assertEqual(counts, (1, 0, 0))
            counts, said = self.run_text("<!-- run: expect one -->\n```sh\necho one\n```\n")
        self.assertEqual(counts, (0, 1, 0))
        self.assertIn("would leave the test", said)

    def test_blocks_of_a_document_share_a_folder_that_goes_with_it(self):
        mark = "<!-- run alone: expect one -->\n```sh\n"
        counts, said = self.run_text(f"{mark}echo one >/tmp/x; cat /tmp/x\n```\n{mark}cat /tmp/x\n```\n")
        self.assertEqual(counts, (2, 0, 0), said)
        self.assertFalse(Path("/tmp/x").exists())


class Links(Case):
    def problems(self, text):
        return documents.broken_links(self.document(text))

    def test_files_and_headings_are_found(self):
        self.document("# One `two`: *three*\n\n## Same\n\n## Same\n", "b.md")
        links = "[a](b.md#one-two-three) [b](b.md#same-1) [c](#here) [d](https://x.y/#z)"
        self.assertEqual(self.problems(f"{links}\n\n# Here\n"), [])

    def test_what_is_not_there_is_told(self):
        self.document("# One\n", "b.md")
        self.assertEqual(len(self.problems("[a](c.md) [b](b.md#two) [c](#three)")), 3)

    def test_code_has_no_links_and_no_headings(self):
        self.assertEqual(self.problems("`[a](c.md)`\n\n```text\n[a](c.md)\n# one\n```\n"), [])
        self.assertEqual(len(self.problems("[a](#one)\n\n```text\n# one\n```\n")), 1)


class Tables(unittest.TestCase):
    def test_rows_come_without_heads_and_rulers(self):
        text = "| a | b |\n|---|---|\n| 1 | x\\|y |\n\ntext\n\n| c |\n|---|\n| 2 |\n"
        self.assertEqual(documents.rows(text), [["1", "x|y"], ["2"]])


if __name__ == "__main__":
    unittest.main()
