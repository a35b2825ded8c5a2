"""What scripts/build_dashboard.sh does where the dashboard cannot be built."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "env", "cut", "dirname", "find", "mkdir", "mktemp", "mv", "rm", "sha256sum", "sort",
         "xargs", "cat")


class WithoutWhatItNeeds(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.root = Path(self.directory.name)
        # A copy without what is installed, so that nothing there is used or harmed.
        (self.root / "scripts").mkdir()
        for name in ("build_dashboard.sh", "help.sh"):
            shutil.copy(ROOT / "scripts" / name, self.root / "scripts")
        shutil.copytree(ROOT / "static", self.root / "static",
                        ignore=shutil.ignore_patterns("node_modules"))
        self.tools = self.root / "bin"
        self.tools.mkdir()
        for tool in TOOLS:
            (self.tools / tool).symlink_to(shutil.which(tool))

    def program(self, name, text):
        path = self.tools / name
        path.write_text("#!/usr/bin/env bash\n" + text)
        path.chmod(0o755)

    def build(self, *arguments):
        return subprocess.run(
            [self.root / "scripts/build_dashboard.sh", *arguments],
            env={"PATH": str(self.tools), "HOME": os.environ.get("HOME", "/")}, text=True, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def expect_no_dashboard(self, reason):
        done = self.build()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(reason, done.stdout)
        self.assertIn("make dashboard", done.stdout)
        self.assertIn("the gateway runs without it", done.stdout)
        self.assertEqual(self.build("--strict").returncode, 1)
        self.assertFalse((self.root / "build/share/synapse/dashboard/index.html").exists())

    def test_no_node(self):
        self.expect_no_dashboard("node is missing")

    def test_no_npm(self):
        self.program("node", "echo v18.0.0")
        self.expect_no_dashboard("npm is missing")

    def test_an_old_node(self):
        self.program("node", "echo v16.20.2")
        self.program("npm", "exit 0")
        self.expect_no_dashboard("v16.20.2 is too old")

    def test_no_network(self):
        self.program("node", "echo v18.0.0")
        self.program("npm", "echo 'npm ERR! network' >&2; exit 1")
        self.expect_no_dashboard("cannot be fetched")

    def test_a_build_that_fails_leaves_the_old_one(self):
        served = self.root / "build/share/synapse/dashboard"
        served.mkdir(parents=True)
        (served / "index.html").write_text("old")
        self.program("npm", "mkdir -p node_modules")
        self.program("node", '[[ $1 == --version ]] && echo v18.0.0 || exit 7')
        self.assertNotEqual(self.build().returncode, 0)
        self.assertEqual((served / "index.html").read_text(), "old")

    def test_unknown_options(self):
        self.assertEqual(self.build("--what").returncode, 2)


if __name__ == "__main__":
    unittest.main()
