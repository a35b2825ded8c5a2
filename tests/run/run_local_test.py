"""`make run`'s script, as somebody at a terminal meets it: ports, readiness, what it prints, its end.

SYNAPSE_BIN_DIR is where the programs are. Everything on loopback, on ports that were free a moment ago.
"""

import os
import re
import select
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "run_local.sh"
BIN_DIR = os.environ["SYNAPSE_BIN_DIR"]
LIMIT_SECONDS = 60
PORTS = ("PORT", "EMBED_PORT", "ROUTER_PORT", "TTS_PORT", "STT_PORT", "SPEAKER_PORT", "AUDIO_PORT",
         "GPU_PORT", "CPU_PORT")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def children(pid):
    """Pids of the direct children by program name."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
            # Not the Name field: that is cut after 15 characters.
            command = (status.parent / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # ended meanwhile
        if re.search(rf"^PPid:\t{pid}$", text, re.MULTILINE):
            for word in command[:2]:
                found[os.path.basename(word.decode())] = int(status.parent.name)
    return found


class RunLocal(unittest.TestCase):
    def start(self, **ports):
        env = {k: v for k, v in os.environ.items() if not k.startswith("SYNAPSE_")}
        env.update({"BIN_DIR": BIN_DIR}, **{name: str(port) for name, port in ports.items()})
        process = subprocess.Popen([str(SCRIPT)], env=env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   start_new_session=True,
                                   # A shell cannot trap what its parent ignored, as background jobs do.
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=LIMIT_SECONDS)

    def started(self):
        """A running stack: (process, ports, what it printed)."""
        ports = free_ports(len(PORTS))
        process = self.start(**dict(zip(PORTS, ports, strict=True)))
        printed = self.read_until(process, b"stream")
        return process, ports, printed

    def read_until(self, process, mark):
        printed = b""
        deadline = time.monotonic() + LIMIT_SECONDS
        # Up to the line after the mark's, so that the whole line is there.
        while mark not in printed or not printed.endswith(b"\n"):
            ready, _, _ = select.select([process.stdout], [], [], deadline - time.monotonic())
            piece = os.read(process.stdout.fileno(), 65536) if ready else b""
            if not piece:
                self.fail(f"no {mark!r} in: {printed.decode(errors='replace')}")
            printed += piece
        return printed.decode()

    def test_what_it_suggests_works_and_sigterm_ends_all(self):
        process, ports, printed = self.started()
        self.assertIn(f"http://127.0.0.1:{ports[0]} ", printed)
        commands = re.findall(r"^  (curl .*)$", printed, re.MULTILINE)
        self.assertEqual(len(commands), 6, printed)
        for command in commands:
            with self.subTest(command):
                done = subprocess.run(["bash", "-c", command.replace("curl ", "curl -fsS ", 1)],
                                      capture_output=True, text=True, check=False,
                                      timeout=LIMIT_SECONDS)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stdout, r'"object":\s*"(list|chat\.completion(\.chunk)?)"|"fault":"status"')
        process.terminate()
        output, _ = process.communicate(timeout=LIMIT_SECONDS)
        self.assertEqual(process.returncode, 0, output)
        self.assertEqual([port for port in ports if is_open(port)], [])

    def test_a_healthy_start_warns_of_nothing(self):
        process, _, printed = self.started()
        process.terminate()
        output, _ = process.communicate(timeout=LIMIT_SECONDS)
        self.assertEqual(process.returncode, 0)
        for line in (printed + output.decode()).splitlines():
            self.assertNotRegex(line, r"(?i)\b(warn|warning|error|critical)\b", printed)

    def test_own_backends_are_served_with_voices_where_the_user_may_write(self):
        (port,) = free_ports(1)
        with tempfile.TemporaryDirectory() as home:
            file = Path(home, "my-backends.yaml")
            file.write_text("backends:\n  mine: {url: \"http://127.0.0.1:9/v1\"}\n", encoding="utf-8")
            process = self.start(CONFIG=file, PORT=port, XDG_DATA_HOME=Path(home, "data"))
            printed = self.read_until(process, b"its health")
            self.assertIn("/v1/chat/completions, /v1/completions, /v1/embeddings -> mine", printed)
            self.assertIn(f"making {home}/data/synapse", printed)
            self.assertTrue(Path(home, "data", "synapse", "voices").is_dir())
            self.assertNotIn("synapse-backends", children(process.pid))
            done = subprocess.run(["curl", "-fsS", f"http://127.0.0.1:{port}/voices"], capture_output=True,
                                  text=True, check=False, timeout=LIMIT_SECONDS)
            self.assertEqual(done.stdout, "[]", done.stderr)
            process.terminate()
            process.communicate(timeout=LIMIT_SECONDS)
            self.assertEqual(process.returncode, 0)

    def test_a_file_that_cannot_be_used_is_said_and_nothing_starts(self):
        with tempfile.TemporaryDirectory() as home:
            file = Path(home, "my-backends.yaml")
            file.write_text("backends:\n\tmine: {url: \"http://127.0.0.1:9\"}\n", encoding="utf-8")
            process = self.start(CONFIG=file, XDG_DATA_HOME=Path(home, "data"))
            output, _ = process.communicate(timeout=LIMIT_SECONDS)
            self.assertEqual(process.returncode, 1)
            self.assertIn(f"{file}:2: not valid YAML: a tab", output.decode())
            self.assertFalse(Path(home, "data").exists())

    def test_ctrl_c_ends_all_without_an_error(self):
        process, ports, _ = self.started()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        output, _ = process.communicate(timeout=LIMIT_SECONDS)
        self.assertEqual(process.returncode, 0, output)
        self.assertEqual([port for port in ports if is_open(port)], [])

    def test_a_program_that_ends_takes_the_other_along(self):
        for name in ("synapse-backends", "synapse"):
            with self.subTest(name):
                process, ports, _ = self.started()
                os.kill(children(process.pid)[name], signal.SIGKILL)
                output, _ = process.communicate(timeout=LIMIT_SECONDS)
                self.assertEqual(process.returncode, 1)
                self.assertIn(f"{name} ended by itself", output.decode())
                self.assertEqual([port for port in ports if is_open(port)], [])

    def test_a_killed_script_leaves_nothing_behind(self):
        process, ports, _ = self.started()
        process.kill()
        process.communicate(timeout=LIMIT_SECONDS)
        deadline = time.monotonic() + LIMIT_SECONDS
        while any(is_open(port) for port in ports) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual([port for port in ports if is_open(port)], [])

    def test_a_taken_port_is_named_with_the_way_round_it(self):
        for variable in PORTS:
            with self.subTest(variable), socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                taken.listen()
                port = taken.getsockname()[1]
                ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
                process = self.start(**{**ports, variable: port})
                output, _ = process.communicate(timeout=LIMIT_SECONDS)
                self.assertEqual(process.returncode, 1)
                self.assertIn(f"port {port} is in use", output.decode())
                self.assertIn(f"make run {variable}=", output.decode())


if __name__ == "__main__":
    unittest.main()
