"""`--help` of every script: it says what the script does, and nothing else happens."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 30

# Sourced by others, never run.
PARTS = {"scripts/asking.sh", "scripts/help.sh"}
PATTERNS = ("scripts/*.sh", "scripts/*.py", "bench/*.py", "tests/**/run.sh", "tests/docs/run_readme.py",
            "tests/deploy/run_all.py", "tests/real/tiny_model.py", "config/models/*.sh", ".ci/run")


def scripts():
    found = {path.relative_to(ROOT).as_posix() for pattern in PATTERNS for path in ROOT.glob(pattern)}
    return sorted(found - PARTS)


def state(folder):
    """Every file below, with its size and time of change; what Git and builds keep aside."""
    return {path: (path.stat().st_size, path.stat().st_mtime_ns)
            for path in folder.rglob("*")
            if path.is_file() and not {".git", "__pycache__"} & set(path.parts)
            and not path.relative_to(folder).parts[0].startswith("build")}


class Help(unittest.TestCase):
    def test_is_printed_and_nothing_is_done(self):
        known = scripts()
        self.assertGreater(len(known), 25)
        with tempfile.TemporaryDirectory() as home:
            # No program that could build, install, fetch or deploy is found there.
            tools = Path(home) / "bin"
            tools.mkdir()
            for name in ("bash", "sh", "dirname", "readlink", "sed", "env", "cat", "awk", "grep", "python3"):
                (tools / name).symlink_to(sys.executable if name == "python3" else f"/bin/{name}")
            empty = Path(home) / "empty"
            empty.mkdir()
            env = {"PATH": str(tools), "HOME": str(empty), "TMPDIR": str(empty), "LC_ALL": "C.UTF-8",
                   "PYTHONDONTWRITEBYTECODE": "1"}
            before = state(ROOT)
            for name in known:
                with self.subTest(name):
                    start = [sys.executable, "-B"] if name.endswith(".py") else \
                        ["/bin/sh" if name.startswith("config/") else "/bin/bash"]
                    done = subprocess.run([*start, str(ROOT / name), "--help"], cwd=empty, env=env,
                                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                          timeout=LIMIT_SECONDS, check=False)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertGreater(len(done.stdout.split()), 10, done.stdout)
                    self.assertNotIn("#!/", done.stdout)
                    self.assertEqual(sorted(os.listdir(empty)), [])
            self.assertEqual(state(ROOT), before)


if __name__ == "__main__":
    unittest.main()
