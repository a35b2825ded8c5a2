"""The pictures of the diagrams are those of their sources."""

import hashlib
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import documents
from documents import ROOT

PICTURES = ROOT / "docs" / "images" / "diagrams"
SOURCE = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"\]\(images/diagrams/([a-z0-9-]+)\.svg\)")


def diagrams():
    """Source and picture's name, by document; the picture stands before the source."""
    found = []
    for path in sorted((ROOT / "docs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        end = 0
        for block in SOURCE.finditer(text):
            names = PICTURE.findall(text, end, block.start())
            found.append((path.name, names, block.group(1)))
            end = block.end()
    return found


def words(path):
    """All that a picture says, in any order: how lines break depends on the fonts of the machine."""
    root = ElementTree.parse(path).getroot()
    texts = (text for each in root.iter() if each.tag.endswith(("}text", "}tspan"))
             for text in (each.text, each.tail) if text)
    return sorted(word for text in texts for word in text.split())


class Diagrams(unittest.TestCase):
    def test_every_source_has_its_picture_before_it(self):
        for document, names, source in diagrams():
            self.assertEqual(len(names), 1, f"{document}: {names} before\n{source}")

    def test_every_picture_is_of_the_present_source(self):
        for document, (name,), source in diagrams():
            text = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
            digest = hashlib.sha256(source.encode()).hexdigest()
            self.assertTrue(text.startswith(f"<!-- source sha256:{digest} -->\n"),
                            f"{document}: {name}.svg is old; scripts/render_diagrams.sh")

    def test_no_picture_is_left_over(self):
        self.assertEqual(sorted(name for _, names, _ in diagrams() for name in names),
                         sorted(path.stem for path in PICTURES.iterdir()))

    def test_mermaid_stands_in_no_other_document(self):
        for path in documents.files():
            if path.parent != ROOT / "docs":
                self.assertNotIn("```mermaid", path.read_text(encoding="utf-8"), path)

    def test_rendering_works_and_says_what_the_pictures_say(self):
        with tempfile.TemporaryDirectory(prefix="synapse-diagrams-") as folder:
            done = subprocess.run([str(ROOT / "scripts/render_diagrams.sh"), folder], check=False,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stderr)
            fresh = sorted(path.name for path in Path(folder).iterdir())
            self.assertEqual(fresh, sorted(path.name for path in PICTURES.iterdir()))
            for name in fresh:
                self.assertEqual(words(Path(folder) / name), words(PICTURES / name), name)
                self.assertGreater(len(words(PICTURES / name)), 3, name)

    def test_pictures_have_a_background_and_no_html(self):
        for path in PICTURES.iterdir():
            text = path.read_text(encoding="utf-8")
            self.assertIn('fill="#ffffff"', text, path)
            self.assertNotIn("foreignObject", text, path)


if __name__ == "__main__":
    unittest.main()
