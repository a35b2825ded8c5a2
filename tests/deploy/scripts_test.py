"""The scripts that look whether everything works, and the one that fetches models.

Against servers of their own on loopback; with SYNAPSE_BASE_URL (scripts/with_local_stack.py sets it)
against a real gateway as well. And shellcheck over every shell script of the project.
"""

import hashlib
import http.server
import json
import math
import os
import re
import shutil
import struct
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
BASE_URL = os.environ.get("SYNAPSE_BASE_URL", "")
LIMIT_SECONDS = 60
NOWHERE = "http://127.0.0.1:9"  # "discard": nobody listens there


class Server:
    """Answers as a function says; notes the requests."""

    def __init__(self, case, answer):
        requests = self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                requests.append((self.command, self.path, dict(self.headers), body))
                status, headers, content, *cut = answer(self.command, self.path, self.headers, body)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content[:cut[0]] if cut else content)
                if cut:
                    self.close_connection = True

            do_GET = do_POST = do_HEAD = handle_any  # noqa: N815

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        case.addCleanup(lambda: (server.shutdown(), server.server_close(), thread.join()))
        self.url = f"http://127.0.0.1:{server.server_address[1]}"


def as_json(value, status=200):
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


class Script(unittest.TestCase):
    maxDiff = None
    name = ""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def run_script(self, *words, env=None, without=()):
        """(status, what was printed). `without`: programs that are not there."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.directory), "KUBECTL": "no-such-kubectl", **(env or {})}
        if without:
            env["PATH"] = self.path_without(without)
        done = subprocess.run([str(SCRIPTS / self.name), *map(str, words)], env=env, text=True, check=False,
                              timeout=LIMIT_SECONDS, cwd=self.directory, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def path_without(self, programs):
        folder = self.directory / "bin"
        folder.mkdir(exist_ok=True)
        for tool in ("bash", "env", "cat", "readlink", "awk", "dirname", "mktemp", "rm", "head", "python3", "curl"):
            if tool not in programs and not (folder / tool).exists():
                (folder / tool).symlink_to(shutil.which(tool))
        return str(folder)

    def expect(self, status, message, *words, **how):
        found, printed = self.run_script(*words, **how)
        self.assertEqual(found, status, printed)
        self.assertIn(message, printed)
        return printed


class ToAGateway:
    """What the scripts that ask a gateway have in common."""

    def test_help_names_every_exit_status(self):
        printed = self.expect(0, "Exit status: 0", "--help")
        for status in ("0", "1", "2", "64", "69"):
            self.assertRegex(printed, rf"\b{status}\b")
        self.assertNotIn("#", printed)

    def test_wrong_usage(self):
        self.expect(64, "unknown argument '--nonsense'", "--nonsense")
        self.expect(64, "--url needs a value", "--url")
        self.expect(64, "is not an address", "--url", "ftp://x")
        self.expect(64, "is not an address", env={"SYNAPSE_URL": "'; touch x #"})
        self.expect(64, "is not a number of seconds", "--timeout", "soon")

    def test_nobody_answers(self):
        self.expect(2, "does not answer", "--url", NOWHERE)
        self.expect(2, "does not answer", env={"SYNAPSE_URL": NOWHERE})

    def test_missing_programs(self):
        for program in ("curl", "python3"):
            self.expect(69, f"{program} is missing", "--url", NOWHERE, without=(program,))
            shutil.rmtree(self.directory / "bin")


class HealthCheck(ToAGateway, Script):
    name = "health-check.sh"

    def gateway(self, backends, status="healthy", ready=200):
        def answer(_, path, *__):
            if path == "/readyz":
                return as_json({}, ready)
            return as_json({"status": status, "backends": backends})
        return Server(self, answer).url

    def test_healthy(self):
        url = self.gateway({"llama-embed": {"status": "healthy", "code": 200}})
        printed = self.expect(0, "takes requests", "--no-cluster", "--url", url + "/")
        self.assertRegex(printed, r"(?m)^  llama-embed +healthy$")
        self.assertNotIn("Pods", printed)

    def test_degraded_says_which_backend_and_why(self):
        url = self.gateway({"a": {"status": "healthy", "code": 200}, "b": {"status": "unhealthy", "code": 503},
                            "c": {"status": "unreachable", "error": "connection refused"}}, "degraded")
        printed = self.expect(1, "Gateway: degraded", "--no-cluster", "--url", url)
        self.assertRegex(printed, r"(?m)^  b +unhealthy: it answers 503$")
        self.assertRegex(printed, r"(?m)^  c +unreachable: connection refused$")

    def test_not_ready(self):
        self.expect(2, "takes no requests: /readyz answers 503", "--no-cluster", "--url", self.gateway({}, ready=503))

    def test_something_else_answers(self):
        url = Server(self, lambda *_: (200, {}, b"<html>hello</html>")).url
        self.expect(2, "not that of a Synapse gateway", "--no-cluster", "--url", url)

    def kubectl(self, pods, namespace=True):
        """A stand-in; its path, in an environment."""
        path = self.directory / "kubectl"
        (self.directory / "pods.json").write_text(json.dumps({"items": pods}))
        path.write_text("#!/bin/sh\ncase \"$*\" in\n"
                        f"  *'get namespace other-ns'*) exit {0 if namespace else 1} ;;\n"
                        f"  *'--namespace other-ns get pods'*) cat '{self.directory}/pods.json' ;;\n"
                        "  *) exit 1 ;;\nesac\n")
        path.chmod(0o755)
        return {"KUBECTL": str(path), "NAMESPACE": "other-ns"}

    @staticmethod
    def pod(name, ready, restarts=0, waiting=None, **metadata):
        state = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
        return {"metadata": {"name": name, **metadata},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
                           "containerStatuses": [{"restartCount": restarts, "state": state}]}}

    def test_pods(self):
        url = self.gateway({})
        env = self.kubectl([self.pod("gateway-1", True, restarts=2),
                            self.pod("gateway-0", False, deletionTimestamp="2026-01-01T00:00:00Z")])
        printed = self.expect(0, "Pods in the namespace other-ns", "--url", url, env=env)
        self.assertRegex(printed, r"(?m)^  gateway-1 +ready, 2 restarts$")
        self.assertRegex(printed, r"(?m)^  gateway-0 +leaving$")

    def test_a_pod_that_is_not_ready(self):
        url = self.gateway({})
        env = self.kubectl([self.pod("tts-1", False, waiting="ImagePullBackOff")])
        printed = self.expect(1, "Gateway: healthy", "--url", url, env=env)
        self.assertRegex(printed, r"(?m)^  tts-1 +NOT READY: ImagePullBackOff$")

    def test_a_pod_that_fits_nowhere(self):
        pod = self.pod("llm-1", False)
        pod["status"] = {"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "message": "0/1 nodes: Insufficient nvidia.com/gpu"}]}
        self.expect(1, "NOT READY: 0/1 nodes: Insufficient nvidia.com/gpu", "--url", self.gateway({}),
                    env=self.kubectl([pod]))

    def test_without_a_cluster_it_says_so_and_goes_on(self):
        url = self.gateway({})
        self.expect(0, "left out: no-such-kubectl is not installed", "--url", url)
        self.expect(0, "left out: no cluster answers, or it has no such namespace", "--url", url,
                    env=self.kubectl([], namespace=False))

    def test_a_namespace_without_pods(self):
        self.expect(1, "  none", "--url", self.gateway({}), env=self.kubectl([]))

    @unittest.skipUnless(BASE_URL, "no SYNAPSE_BASE_URL")
    def test_a_real_gateway(self):
        printed = self.expect(0, "Gateway: healthy", "--no-cluster", env={"SYNAPSE_URL": BASE_URL})
        for name in ("llama-embed", "llama-router", "chatterbox-tts", "whisper-stt", "pyannote-speaker", "deepfilter-audio"):
            self.assertRegex(printed, rf"(?m)^  {name} +healthy$")


class TestEmbeddings(ToAGateway, Script):
    name = "test-embeddings.sh"

    def gateway(self, vectors=None, models=("Qwen3-8B", "mxbai-embed-large"), change=None, status=200):
        """`vectors`: of the four texts; the second is near the first, the fourth the same."""
        vectors = vectors or [[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1], [1, 0, 0]]

        def answer(_, path, __, body):
            if path == "/v1/models":
                return as_json({"object": "list", "data": [{"id": name} for name in models]})
            self.asked = json.loads(body)
            data = [{"object": "embedding", "index": i, "embedding": each} for i, each in enumerate(vectors)]
            return as_json(change(data) if change else {"object": "list", "data": data}, status)
        return Server(self, answer).url

    def test_good_ones(self):
        url = self.gateway()
        printed = self.expect(0, "Embeddings work: mxbai-embed-large, 3 numbers, of length 1", "--url", url)
        self.assertIn("same meaning 0.800, other meaning 0.000", printed)
        self.assertEqual(self.asked["model"], "mxbai-embed-large")
        self.assertEqual(len(self.asked["input"]), 4)

    def test_a_named_model(self):
        url = self.gateway()
        self.expect(0, "Embeddings work: it's \"mine\"", "--url", url, "--model", "it's \"mine\"")
        self.assertEqual(self.asked["model"], "it's \"mine\"")

    def test_no_model_for_embeddings(self):
        self.expect(1, "--model names one; there are: Qwen3-8B", "--url", self.gateway(models=("Qwen3-8B",)))
        self.expect(1, "there are: none", "--url", self.gateway(models=()))

    def test_the_wrong_dimension(self):
        url = self.gateway()
        self.expect(0, "3 numbers", "--url", url, "--dimension", "3")
        self.expect(1, "have 3 numbers, not 1024", "--url", url, "--dimension", "1024")

    def test_vectors_that_are_none(self):
        same = [1, 0, 0]
        for vectors, message in (([same, same, same, same], "different texts gave the same vector"),
                                 ([same, [0.8, 0.6, 0], [0, 0, 1], [0, 1, 0]], "the same text gave two vectors"),
                                 ([same, [0, 0, 1], [0.8, 0.6, 0], same], "is not nearer"),
                                 ([[0, 0, 0], [0.8, 0.6, 0], [0, 0, 1], [0, 0, 0]], "is all zero"),
                                 ([same, [1, 0], [0, 0, 1], same], "different dimensions"),
                                 ([[], [], [], []], "different dimensions"),
                                 ([same, [math.nan, 0, 0], [0, 0, 1], same], "no finite number"),
                                 ([same, [None, 0, 0], [0, 0, 1], same], "no finite number"),
                                 ([same, same], "four texts were sent, and vectors for [0, 1] came")):
            with self.subTest(message):
                self.expect(1, message, "--url", self.gateway(vectors))

    def test_answers_that_are_none(self):
        for change in (lambda _: {"data": "nothing"}, lambda _: {"error": "no"}, lambda _: []):
            self.expect(1, "the answer holds no embeddings", "--url", self.gateway(change=change))
        self.expect(1, "/v1/embeddings answers 503", "--url", self.gateway(change=lambda _: {"error": "away"}, status=503))

    @unittest.skipUnless(BASE_URL, "no SYNAPSE_BASE_URL")
    def test_a_real_gateway(self):
        self.expect(0, "Embeddings work: local-embed", env={"SYNAPSE_URL": BASE_URL})


def wav(samples, coding=1, bits=16, rate=24000, cut=0, data_size=None):
    kind, scale = {(1, 16): ("h", 32767), (3, 32): ("f", 1.0), (1, 8): ("B", 127)}[coding, bits]
    values = [each * scale for each in samples]
    if kind == "h":
        values = [int(each) for each in values]
    if kind == "B":
        values = [int(each) + 128 for each in values]
    sound = struct.pack(f"<{len(values)}{kind}", *values)
    form = struct.pack("<HHIIHH", coding, 1, rate, rate * bits // 8, bits // 8, bits)
    size = len(sound) if data_size is None else data_size
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size) + sound
    whole = b"RIFF" + struct.pack("<I", len(body)) + body
    return whole[:len(whole) - cut]


TONE = [0.5 * math.sin(2 * math.pi * 440 * n / 24000) for n in range(24000)]


class TestTts(ToAGateway, Script):
    name = "test-tts.sh"

    def gateway(self, body, status=200):
        self.server = Server(self, lambda *_: (status, {"Content-Type": "audio/wav"}, body))
        return self.server.url

    def test_sound(self):
        for forms in ({}, {"coding": 3, "bits": 32}, {"bits": 8}, {"data_size": 0xFFFFFFFF}):
            with self.subTest(forms):
                printed = self.expect(0, "Speech works: 1.0 s, 24000 Hz", "--url", self.gateway(wav(TONE, **forms)))
                self.assertIn("level -9 dB", printed)

    def test_what_is_said_and_what_is_kept(self):
        url = self.gateway(wav(TONE))
        self.expect(0, "Kept as it's.wav", "--url", url, "--text", 'Say "it\'s"; $HOME', "--output", "it's.wav")
        self.assertEqual(json.loads(self.server.requests[0][3])["text"], 'Say "it\'s"; $HOME')
        self.assertEqual((self.directory / "it's.wav").read_bytes(), wav(TONE))

    def test_what_is_no_sound(self):
        for body, message in ((wav([0.0] * 24000), "1.0 s of silence"), (wav([]), "no sound in it"),
                              (wav(TONE, cut=1000), "is cut off: 47000 of 48000 bytes"), (wav(TONE[:100]), "lasts 0.00 s only"),
                              (b"", "is no WAV file"), (b'{"error": "no"}', "is no WAV file"),
                              (wav([0.25] * 24000), "of silence"), (wav([0.1] + [0.0] * 23999), "of silence"), (wav(TONE)[:40], "no sound in it")):
            with self.subTest(message):
                self.expect(1, message, "--url", self.gateway(body))

    def test_an_error(self):
        self.expect(1, '/tts/synthesize answers 503: {"error": "away"}', "--url", self.gateway(b'{"error": "away"}', 503))

    @unittest.skipUnless(BASE_URL, "no SYNAPSE_BASE_URL")
    def test_a_real_gateway(self):
        printed = self.expect(0, "Speech works: ", env={"SYNAPSE_URL": BASE_URL})
        self.assertRegex(printed, r"Speech works: [2-9]\.\d s")


@unittest.skipUnless(BASE_URL, "no SYNAPSE_BASE_URL")
class ShowRoutes(Script):
    name = "show_routes.py"

    def test_a_real_gateway(self):
        printed = self.expect(0, "-> whisper-stt", BASE_URL)
        self.assertRegex(printed, r"(?m)^POST /v1/chat/completions +-> llama-router")
        self.assertRegex(printed, r"(?m)^POST /tts/synthesize +-> chatterbox-tts")


class ShowRoutesElsewhere(Script):
    name = "show_routes.py"

    def test_the_token_is_sent_and_its_lack_is_said(self):
        def answer(_, __, headers, ___):
            if headers.get("Authorization") != "Bearer secret":
                return as_json({"error": "no"}, 401)
            return as_json({"one": {"title": "One", "groups": [{"name": "x", "routes": [{"method": "GET", "path": "/a"}]}]}})
        url = Server(self, answer).url
        self.expect(0, "GET /a  -> one (One)", url, env={"SYNAPSE_DASHBOARD_ACCESS_TOKEN": "secret"})
        self.expect(1, "answers 401 (SYNAPSE_DASHBOARD_ACCESS_TOKEN is not set", url)

    def test_names_follow_with_their_deployments(self):
        def deployment(tier, backend, state, reason):
            return {"tier": tier, "backend": backend, "model": "m", "state": state, "reason": reason}
        name = {"name": "big", "aliases": ["gpt-4o"], "fallbacks": {"any": ["small"], "context": ["small"], "policy": []},
                "deployments": [deployment(1, "gpu", "ready", ""), deployment(1, "gpu2", "half_open", "it timed out"),
                                deployment(2, "cpu", "drained", "taken out by hand")]}

        def answer(_, path, *__):
            return as_json({"names": [name], "total": 1} if path == "/api/catalog" else {})
        printed = self.expect(0, "names", Server(self, answer).url)
        self.assertEqual(printed.splitlines(), [
            "names", "  big, also gpt-4o", "    tier 1  gpu  m  (ready)", "            gpu2  m  (half open: it timed out)",
            "    tier 2  cpu  m  (drained: taken out by hand)", "    then small"])

    def test_a_gateway_without_a_catalog_has_none(self):
        def answer(_, path, *__):
            return as_json({"detail": "no"}, 404) if path == "/api/catalog" else as_json({})
        self.assertNotIn("names", self.expect(0, "", Server(self, answer).url))

    def test_something_else_answers(self):
        self.expect(1, "is no Synapse gateway", Server(self, lambda *_: (200, {}, b"hello")).url)
        self.expect(1, "is no Synapse gateway", Server(self, lambda *_: as_json({"a": {}})).url)
        self.expect(2, "nothing answers", NOWHERE)
        self.expect(64, "usage", "nonsense")


class PullModels(Script):
    name = "pull-models.sh"
    MODEL = b"GGUF" + bytes(range(256)) * 400

    def setUp(self):
        super().setUp()
        self.files = {"/one.gguf": self.MODEL, "/two.gguf": self.MODEL[::-1].replace(b"FUGG", b"") + b"x"}
        self.files["/two.gguf"] = b"GGUF" + self.files["/two.gguf"]
        self.cut = {}  # path: bytes after which the connection ends, once
        self.server = Server(self, self.serve)
        self.models = self.directory / "models"
        self.write_list(("embed", "embeddings/one.gguf", "/one.gguf"), ("llm", "llm/two.gguf", "/two.gguf"))

    def serve(self, method, path, headers, _):
        if path not in self.files:
            return 404, {}, b"no such file"
        content = self.files[path]
        found = re.fullmatch(r"bytes=(\d+)-", headers.get("Range", ""))
        if found:
            begin = int(found.group(1))
            if begin >= len(content):
                return 416, {"Content-Range": f"bytes */{len(content)}"}, b""
            return 206, {"Content-Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"}, content[begin:]
        if path in self.cut and method == "GET":
            return 200, {"Accept-Ranges": "bytes"}, content, self.cut.pop(path)
        return 200, {"Accept-Ranges": "bytes"}, content

    def write_list(self, *rows):
        self.list = self.directory / "models.txt"
        self.list.write_text("# a comment\n\n" + "".join(
            f"{group} {file} {self.server.url}{path} {' '.join(rest)}\n" for group, file, path, *rest in rows))

    def pull(self, status, message, *words, **how):
        return self.expect(status, message, "--models", self.list, "--dir", self.models, *words, **how)

    def there(self):
        return sorted(str(path.relative_to(self.models)) for path in self.models.rglob("*") if path.is_file())

    def test_help_names_every_exit_status(self):
        printed = self.expect(0, "Exit status: 0", "--help")
        for status in ("0", "1", "3", "64", "69"):
            self.assertRegex(printed, rf"\b{status}\b")

    def test_all_models(self):
        self.pull(0, "llm/two.gguf is there")
        self.assertEqual(self.there(), ["embeddings/one.gguf", "llm/two.gguf"])
        self.assertEqual((self.models / "embeddings/one.gguf").read_bytes(), self.MODEL)
        asked = len(self.server.requests)
        self.pull(0, "embeddings/one.gguf is there")
        self.assertEqual(len(self.server.requests), asked)  # what is there is not fetched again

    def test_one_group_and_one_model(self):
        self.pull(0, "one.gguf is there", "embed")
        self.assertEqual(self.there(), ["embeddings/one.gguf"])
        self.pull(0, "two.gguf is there", "two.g")
        self.pull(64, "is called three", "three")

    def test_list_and_dry_run_fetch_nothing(self):
        self.assertRegex(self.pull(0, "", "--list"), r"(?m)^embed  missing  embeddings/one\.gguf$")
        self.pull(0, f"would fetch {self.server.url}/one.gguf into {self.models}/embeddings/one.gguf", "--dry-run")
        self.assertEqual(self.server.requests, [])
        self.assertFalse(self.models.exists())
        self.pull(0, "", "embed")
        self.assertRegex(self.pull(0, "", "--list"), r"(?m)^embed  there    embeddings/one\.gguf$")

    def test_a_download_that_broke_off_goes_on(self):
        part = self.models / "embeddings/one.gguf.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(self.MODEL[:5000])
        self.assertRegex(self.pull(0, "", "--list"), r"(?m)^embed  begun    embeddings/one\.gguf$")
        self.pull(0, "one.gguf is there", "embed")
        self.assertEqual([request[2].get("Range") for request in self.server.requests], ["bytes=5000-"])
        self.assertEqual((self.models / "embeddings/one.gguf").read_bytes(), self.MODEL)
        self.assertEqual(self.there(), ["embeddings/one.gguf"])

    def test_a_connection_that_is_cut_leaves_what_came(self):
        self.cut["/one.gguf"] = 7000
        printed = self.pull(1, "could not be fetched", "embed")
        self.assertIn("goes on from here", printed)
        self.assertEqual(self.there(), ["embeddings/one.gguf.part"])
        self.pull(0, "one.gguf is there", "embed")
        self.assertEqual(self.server.requests[-1][2].get("Range"), "bytes=7000-")
        self.assertEqual((self.models / "embeddings/one.gguf").read_bytes(), self.MODEL)

    def test_a_whole_part_only_gets_its_name(self):
        part = self.models / "embeddings/one.gguf.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(self.MODEL)
        self.pull(0, "one.gguf is there", "embed")
        self.assertEqual((self.models / "embeddings/one.gguf").read_bytes(), self.MODEL)

    def test_one_that_fails_does_not_keep_the_others(self):
        del self.files["/one.gguf"]
        self.pull(1, "one.gguf could not be fetched")
        self.assertEqual(self.there(), ["llm/two.gguf"])

    def test_what_is_no_model_is_thrown_away(self):
        self.files["/one.gguf"] = b"<html>log in first</html>"
        self.pull(3, "what came is no GGUF file", "embed")
        self.assertEqual(self.there(), [])

    def test_the_checksum(self):
        good = hashlib.sha256(self.MODEL).hexdigest()
        self.write_list(("embed", "one.gguf", "/one.gguf", "0" * 64))
        self.pull(3, f"has the SHA-256 {good}, not 000")
        self.assertEqual(self.there(), [])
        self.write_list(("embed", "one.gguf", "/one.gguf", good))
        self.pull(0, "one.gguf is there")

    def test_lists_with_mistakes(self):
        for row, message in (("embed ../evil.gguf http://x/y", "is not the name of a file below"),
                             ("embed /etc/evil http://x/y", "is not the name of a file below"),
                             ("embed a/../../b http://x/y", "is not the name of a file below"),
                             ("embed a.gguf file:///etc/passwd", "is to be: group file address"),
                             ("embed a.gguf", "is to be: group file address"),
                             ("embed a.gguf http://x/y abc", "is not a SHA-256")):
            with self.subTest(row):
                self.list.write_text(row + "\n")
                self.pull(64, f"models.txt:1: {message}" if "is to be" in message else message)
        self.assertFalse(self.models.exists())

    def test_the_token_goes_to_hugging_face_alone_and_on_no_command_line(self):
        """Through a stand-in for curl, which notes its arguments and the file of headers."""
        folder = self.directory / "tools"
        folder.mkdir()
        (folder / "curl").write_text(
            "#!/bin/sh\nprintf '%s\\n' \"$*\" >>\"$HOME/curl.log\"\n[ -z \"$HF_TOKEN\" ] || echo LEAK >>\"$HOME/curl.log\"\n"
            "for word in \"$@\"; do case $word in @*) cat \"${word#@}\" >>\"$HOME/headers.log\"; "
            "stat -c %a \"${word#@}\" >>\"$HOME/headers.log\" ;; esac; done\n"
            "while [ $# -gt 0 ]; do [ \"$1\" != --output ] || printf 'GGUFx' >\"$2\"; shift; done\n")
        (folder / "curl").chmod(0o755)
        self.list.write_text("a a.gguf https://huggingface.co/x/a.gguf\nb b.gguf https://huggingface.co.evil.example/b.gguf\n")
        printed = self.pull(0, "b.gguf is there", env={"HF_TOKEN": "hf_secret", "PATH": f"{folder}:{os.environ['PATH']}"})
        calls = (self.directory / "curl.log").read_text()
        self.assertNotIn("hf_secret", calls + printed)
        self.assertNotIn("LEAK", calls)
        first, second = calls.splitlines()
        self.assertIn("--header @", first)
        self.assertNotIn("--header", second)
        self.assertEqual((self.directory / "headers.log").read_text(), "Authorization: Bearer hf_secret\n600\n")
        self.pull(64, "HF_TOKEN has signs in it", env={"HF_TOKEN": "a\r\nHost: x"})

    def test_wrong_usage(self):
        self.expect(64, "unknown argument", "--nonsense")
        self.expect(64, "--dir needs a value", "--dir")
        self.expect(64, "cannot be read", "--models", "/no/such/list")
        self.expect(69, "curl is missing", without=("curl",))

    def test_the_projects_own_list(self):
        printed = self.expect(0, "mxbai-embed-large-v1", "--list", "--dir", self.models)
        for name in ("Qwen3-8B-Q4_K_M.gguf", "Qwen2.5-Coder-7B-Instruct-Q4_K_M.gguf"):
            self.assertIn(name, printed)


def shell_scripts():
    """Every tracked or new file that is a shell script, by name or first line."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True,
                            check=True, stdout=subprocess.PIPE).stdout.splitlines()
    found = []
    for name in listed:
        path = ROOT / name
        if not path.is_file() or path.is_symlink():
            continue
        with open(path, "rb") as file:
            first = file.readline(100)
        if name.endswith(".sh") or re.match(rb"#!\s*/\S*(/env\s+)?(ba|da)?sh\b|#!\s*/usr/bin/env (ba)?sh\b", first):
            found.append(name)
    return found


class Shellcheck(unittest.TestCase):
    def test_every_shell_script(self):
        self.assertIsNotNone(shutil.which("shellcheck"), "scripts/install_dependencies.sh test installs it")
        scripts = shell_scripts()
        self.assertGreater(len(scripts), 15)
        self.assertIn(".ci/run", scripts)
        # Parts of another script are read with that.
        whole = [name for name in scripts if not name.startswith("scripts/deploy/")]
        done = subprocess.run(["shellcheck", "--external-sources", "--check-sourced", *whole], cwd=ROOT, text=True,
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_parts_of_a_script_are_read_with_it(self):
        text = (SCRIPTS / "deploy.sh").read_text()
        for path in sorted((SCRIPTS / "deploy").glob("*.sh")):
            self.assertIn(f"# shellcheck source=scripts/deploy/{path.name}\n. scripts/deploy/{path.name}\n", text)


if __name__ == "__main__":
    unittest.main()
