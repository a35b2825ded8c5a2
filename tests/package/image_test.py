#!/usr/bin/env python3
"""The images, built by the real Dockerfile and run as compose.yaml and the manifests run them.

buildah and podman do what a container engine does, without its service; the base image is a Debian root that
debootstrap made, under the name that the Dockerfile asks for, so nothing is pulled. Images and caches are
kept in ${XDG_CACHE_HOME:-~/.cache}/synapse/images, apart from the machine's own; the compiler's cache is the
machine's. KEEP_IMAGE_CACHE=0 begins with nothing.

Containers have no network but their own loopback; questions to them are asked from inside of it.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import clean_root  # noqa: E402  (found through the path above)

BASE = "docker.io/library/debian:12-slim"  # what the Dockerfile's FROM means
GATEWAY, BACKENDS = "localhost/synapse-gateway:test", "localhost/synapse-backends:test"
PROGRAM = "/usr/lib/synapse-gateway/bin/synapse"
USER = 10001
PATIENCE = 60  # seconds for whatever has to happen
SERVICES = {"llama-embed": 8081, "llama-router": 8082, "chatterbox-tts": 8004, "whisper-stt": 8010,
            "pyannote-speaker": 8011, "deepfilter-audio": 8012}
# debian:12-slim leaves these out as well.
SLIM = """path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/info/*
"""


def run(command, *, check=True, timeout=600, **options):
    done = subprocess.run([str(each) for each in command], check=False, timeout=timeout, text=True,
                          errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: status {done.returncode}\n"
                             f"{done.stdout[-3000:]}\n{done.stderr[-6000:]}")
    return done


def say(text):
    print(f"    {text}", file=sys.stderr, flush=True)


class Engine:
    """buildah and podman with settings and storage of their own."""

    def __init__(self):
        for program in ("buildah", "podman", "runc", "netavark", "nsenter", "curl"):
            if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/lib/podman"):
                raise clean_root.Unavailable(f"{program} is not installed")
        clean_root.check_machine()
        self.home = clean_root.cache_directory().parent / "images"
        self.home.mkdir(parents=True, exist_ok=True)
        # One at a time: the storage is one, and it is emptied of containers at the end.
        self.lock = open(self.home / "lock", "w", encoding="ascii")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.work = Path(tempfile.mkdtemp(prefix="synapse-image."))
        self.temporary = self.home / "tmp"  # buildah keeps its cache mounts there
        self.temporary.mkdir(exist_ok=True)
        self._share("cache/ccache", run(["ccache", "-k", "cache_dir"]).stdout.strip())
        self._share("cache/npm", run(["npm", "config", "get", "cache"]).stdout.strip())
        # Limits that need no rights beyond those this process has.
        pids = int(Path("/proc/sys/kernel/pid_max").read_text(encoding="ascii"))
        processes = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        processes = pids if processes == resource.RLIM_INFINITY else min(pids, processes)
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        (self.work / "containers.conf").write_text(
            f'[containers]\ndefault_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]\n'
            'netns = "none"\nlog_driver = "k8s-file"\n'
            f'[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "{self.work}/networks"\n'
            '[engine]\ncgroup_manager = "cgroupfs"\nruntime = "runc"\nevents_logger = "file"\n')
        (self.work / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{self.home}/storage"\n'
            f'runroot = "{self.work}/run"\n')
        (self.work / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        self.environment = {**os.environ, "TMPDIR": str(self.temporary),
                            "CONTAINERS_CONF": str(self.work / "containers.conf"),
                            "CONTAINERS_STORAGE_CONF": str(self.work / "storage.conf")}
        # What a run left that was killed.
        self.podman("rm", "--all", "--force", "--time", "1", check=False)
        self.buildah("rm", "--all", check=False)
        for left in self.temporary.glob("buildah[0-9]*"):
            shutil.rmtree(left, ignore_errors=True)
        if os.environ.get("KEEP_IMAGE_CACHE") == "0":
            self.podman("image", "rm", "--all", "--force", check=False)

    def _share(self, inside, outside):
        """What the Dockerfile calls a cache at /`inside` is the machine's own one."""
        Path(outside).mkdir(parents=True, exist_ok=True)
        place = self.temporary / "buildah-cache" / inside
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        place.symlink_to(outside)

    def podman(self, *arguments, **options):
        return run(["podman", *arguments], env=self.environment, **options)

    def buildah(self, *arguments, **options):
        return run(["buildah", *arguments], env=self.environment, **options)

    def inspect(self, image):
        return json.loads(self.podman("image", "inspect", image).stdout)[0]

    def make_base(self):
        """Imports the clean root, unless the image is the one of that root already."""
        stamp = clean_root.cache_directory() / f"{clean_root.SUITE}-{platform.machine()}.complete"

        def key():
            made = stamp.stat().st_mtime if stamp.exists() else None
            return hashlib.sha256(repr((SLIM, made)).encode()).hexdigest()[:16]
        known = self.podman("image", "inspect", "--format", "{{.Comment}}", BASE, check=False)
        if key() in known.stdout:
            return
        with clean_root.CleanRoot() as root:
            root.at("/etc/dpkg/dpkg.cfg.d/docker").write_text(SLIM, encoding="ascii")
            for pattern in ("var/lib/apt/lists/*", "var/cache/apt/*.bin", "var/cache/apt/archives/*",
                            "usr/share/man/*", "usr/share/locale/*", "usr/share/info/*", "var/log/*"):
                for each in root.path.glob(pattern):
                    shutil.rmtree(each) if each.is_dir() else each.unlink()
            # As in the real one: apt removes what it fetched.
            root.at("/etc/apt/apt.conf.d/docker-clean").write_text(
                'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };\n', encoding="ascii")
            changes = [option for name, value in root.network_environment().items()
                       for option in ("--change", f"ENV {name}={value}")]
            archive = self.work / "base.tar"
            run(["tar", "-C", root.path, "-cf", archive, "."])
            self.podman("import", "--message", key(), *changes, archive, BASE)
            archive.unlink()

    def build(self, target, tag, *arguments):
        # Below its own name: a killed build leaves containers of this storage only.
        begin = time.monotonic()
        done = self.buildah(
            "bud", "--layers", "--isolation", "chroot", "--network", "host", "--pull-never", "--format",
            "docker", "--target", target, "--tag", tag, *arguments, ROOT, timeout=3000)
        say(f"{target}: built in {time.monotonic() - begin:.0f} s, "
            f"{self.inspect(tag)['Size'] / 1e6:.0f} MB, base included")
        return done

    def close(self):
        self.podman("rm", "--all", "--force", "--time", "1", check=False)
        self.podman("volume", "prune", "--force", check=False)
        self.podman("image", "prune", "--force", check=False)
        shutil.rmtree(self.work, ignore_errors=True)
        self.lock.close()


ENGINE = None


def setUpModule():
    global ENGINE
    try:
        ENGINE = Engine()
    except clean_root.Unavailable as reason:
        raise unittest.SkipTest(str(reason)) from reason
    unittest.addModuleCleanup(ENGINE.close)
    ENGINE.make_base()
    before = compiled()
    # With a name of its own it stays when what is left of the build is thrown away.
    ENGINE.build("tools", "localhost/synapse-tools:test")
    ENGINE.build("backends", BACKENDS)
    ENGINE.build("gateway", GATEWAY, "--build-arg", "VERSION=1.2.3", "--build-arg", "REVISION=abc",
                 "--build-arg", "SOURCE=https://example.org/synapse")
    after = compiled()
    say(f"compiler's cache: {after[0] - before[0]} hits, {after[1] - before[1]} misses")


def compiled():
    numbers = dict(line.split("\t") for line in run(["ccache", "--print-stats"]).stdout.splitlines())
    hits = int(numbers["direct_cache_hit"]) + int(numbers["preprocessed_cache_hit"])
    return hits, int(numbers["cache_miss"])


@contextlib.contextmanager
def mounted(image):
    path = Path(ENGINE.podman("image", "mount", image).stdout.strip())
    try:
        yield path
    finally:
        ENGINE.podman("image", "unmount", image)


class Container:
    """A running one, hardened as in compose.yaml; it goes away at the end."""

    def __init__(self, image, *command, options=(), network="none"):
        self.id = ENGINE.podman(
            "run", "--detach", "--pull", "never", "--network", network, "--read-only",
            "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt", "no-new-privileges",
            *options, image, *command).stdout.strip()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        ENGINE.podman("rm", "--force", "--volumes", "--time", "1", self.id, check=False)

    def state(self):
        return json.loads(ENGINE.podman("container", "inspect", self.id).stdout)[0]["State"]

    @property
    def pid(self):
        return self.state()["Pid"]

    def logs(self):
        done = ENGINE.podman("logs", self.id)
        return done.stdout + done.stderr

    def curl(self, *arguments, check=True):
        return run(["nsenter", "--target", self.pid, "--net", "curl", "-sS", "--max-time", "30", *arguments],
                   check=check)

    def healthy(self):
        return ENGINE.podman("healthcheck", "run", self.id, check=False).returncode == 0

    def wait_healthy(self):
        self.wait(self.healthy, "it did not become healthy")

    def wait(self, holds, what):
        due = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > due or not self.state()["Running"]:
                raise AssertionError(f"{what}:\n{self.logs()[-4000:]}")
            time.sleep(0.05)

    def stop(self):
        """SIGTERM and the status that follows, and the seconds it took."""
        begin = time.monotonic()
        ENGINE.podman("stop", "--time", "50", self.id)
        return self.state()["ExitCode"], time.monotonic() - begin


class Gateway(unittest.TestCase):
    """What runs in the image of the gateway."""

    def test_lives_with_a_read_only_root_and_no_rights(self):
        with Container(GATEWAY) as gateway:
            gateway.wait_healthy()
            status = Path(f"/proc/{gateway.pid}/status").read_text(encoding="ascii")
            for line in (f"Uid:\t{USER}\t{USER}\t{USER}\t{USER}", f"Gid:\t{USER}\t{USER}\t{USER}\t{USER}",
                         "CapPrm:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"):
                self.assertIn(line, status)
            self.assertEqual(os.readlink(f"/proc/{gateway.pid}/exe"), PROGRAM)
            mounts = Path(f"/proc/{gateway.pid}/mounts").read_text(encoding="ascii")
            self.assertRegex(mounts, r"(?m)^overlay / overlay ro,")
            self.assertNotRegex(mounts, r"(?m)^\S+ /tmp ")
            # It writes, and only there: a voice is stored for good.
            wav = b"RIFF" + (36 + 64000).to_bytes(4, "little") + b"WAVEfmt " + bytes.fromhex(
                "10000000010001 00803e0000007d000002001000".replace(" ", "")) + b"data" + \
                (64000).to_bytes(4, "little") + b"\1\2" * 32000
            with tempfile.NamedTemporaryFile(suffix=".wav") as recording:
                recording.write(wav)
                recording.flush()
                told = json.loads(gateway.curl("-F", "name=Anna", "-F", f"files=@{recording.name}",
                                               "http://127.0.0.1:8000/voices").stdout)
            self.assertIn("voice_id", told)
            stored = list(Path(f"/proc/{gateway.pid}/root/data/voices").iterdir())
            self.assertTrue(stored)
            self.assertEqual({each.stat().st_uid for each in stored}, {USER})
            # The dashboard came with it, and is closed without a token: it listens on all addresses.
            self.assertEqual(gateway.curl("-o", "/dev/null", "-w", "%{http_code}",
                                          "http://127.0.0.1:8000/dashboard").stdout, "403")
            self.assertNotRegex(gateway.logs(), r"(?m)^\S+ (ERROR|CRITICAL) ")

    def test_opens_the_dashboard_to_who_has_the_token(self):
        with Container(GATEWAY, options=["--env", "SYNAPSE_DASHBOARD_ACCESS_TOKEN=token"]) as gateway:
            gateway.wait_healthy()
            page = gateway.curl("-H", "Authorization: Bearer token", "-L",
                                "http://127.0.0.1:8000/dashboard").stdout
            self.assertIn("<script", page)

    def test_tells_its_health(self):
        with Container(GATEWAY) as gateway:
            gateway.wait_healthy()
            for what in ("livez", "readyz"):
                ENGINE.podman("exec", gateway.id, "/usr/bin/synapse-gateway", "--probe", what)
        with Container(GATEWAY, options=["--entrypoint", '["/bin/sleep", "60"]']) as idle:
            self.assertFalse(idle.healthy())
            done = ENGINE.podman("exec", idle.id, "/usr/bin/synapse-gateway", "--probe", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("0.0.0.0:8000: cannot connect: Connection refused", done.stderr)

    def test_drains_when_it_is_stopped(self):
        client = r"""
import socket, sys
with socket.create_connection(("127.0.0.1", 8000), 50) as s:
    body = b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}'
    s.sendall(b"POST /v1/embeddings HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n"
              b"Content-Length: %d\r\n\r\n" % len(body) + body[:10])
    print("begun", flush=True)
    sys.stdin.readline()
    s.sendall(body[10:])
    print(s.makefile("rb").readline().decode().strip(), flush=True)
"""
        with Container(GATEWAY) as gateway:
            gateway.wait_healthy()
            with subprocess.Popen(
                    ["nsenter", "--target", str(gateway.pid), "--net", sys.executable, "-c", client],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asking:
                self.addCleanup(asking.kill)
                self.assertEqual(asking.stdout.readline(), "begun\n")
                gateway.wait(lambda: re.search(
                    r'(?m)^synapse_requests_in_flight\{[^}]*/v1/embeddings[^}]*\} 1$',
                    gateway.curl("http://127.0.0.1:8000/metrics").stdout), "the request did not arrive")
                ENGINE.podman("kill", "--signal", "TERM", gateway.id)
                gateway.wait(lambda: "draining" in gateway.logs(), "it did not begin to drain")
                self.assertTrue(gateway.state()["Running"], "it did not wait for the request")
                asking.stdin.write("\n")
                asking.stdin.flush()
                self.assertRegex(asking.stdout.readline(), r"^HTTP/1\.1 50[234] ")  # no such backend here
            ended = ENGINE.podman("wait", gateway.id, timeout=PATIENCE).stdout.strip()
            self.assertEqual(ended, "0", gateway.logs()[-3000:])

    def test_stops_at_once_when_nothing_runs(self):
        with Container(GATEWAY) as gateway:
            gateway.wait_healthy()
            status, seconds = gateway.stop()
            self.assertEqual(status, 0)
            self.assertLess(seconds, 10)

    def test_refuses_a_wrong_configuration(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write("backends: {one: {url: ftp://x}}\n")
            file.flush()
            os.chmod(file.name, 0o644)
            done = ENGINE.podman("run", "--rm", "--read-only", "--volume",
                                 f"{file.name}:/config/backends.yaml:ro", GATEWAY, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("/config/backends.yaml:1", done.stderr)


class Together(unittest.TestCase):
    """Gateway and local backends with the configuration of a cluster."""

    def test_answer_by_the_names_of_the_cluster(self):
        with contextlib.ExitStack() as stack:
            hosts = stack.enter_context(tempfile.NamedTemporaryFile("w"))
            hosts.write("127.0.0.1 localhost " + " ".join(SERVICES) + "\n")
            hosts.flush()
            os.chmod(hosts.name, 0o644)
            backends = stack.enter_context(Container(
                BACKENDS, options=["--tmpfs", "/tmp:mode=1777,size=256m"]))
            gateway = stack.enter_context(Container(
                GATEWAY, network=f"container:{backends.id}",
                options=["--volume", f"{hosts.name}:/etc/hosts:ro"]))
            gateway.wait_healthy()

            def all_healthy():
                return json.loads(gateway.curl("http://127.0.0.1:8000/health").stdout)["status"] == "healthy"
            gateway.wait(all_healthy, "the backends did not become healthy")

            def post(path, *arguments):
                return gateway.curl("--fail-with-body", f"http://127.0.0.1:8000{path}", *arguments)
            json_type = ("-H", "Content-Type: application/json", "-d")
            question = {"role": "user", "content": "What is Synapse?"}
            answer = json.loads(post("/v1/chat/completions", *json_type, json.dumps(
                {"model": "local-docs", "messages": [question]})).stdout)
            self.assertIn("synapse", answer["choices"][0]["message"]["content"].lower())
            answer = json.loads(post("/v1/embeddings", *json_type,
                                     '{"model": "local-embed", "input": "a cat"}').stdout)
            self.assertGreater(len(answer["data"][0]["embedding"]), 10)
            with tempfile.TemporaryDirectory() as directory:
                speech = f"{directory}/speech.wav"
                post("/v1/audio/speech", *json_type, json.dumps(
                    {"model": "tts-1", "voice": "alloy", "input": "good morning", "response_format": "wav"}),
                     "-o", speech)
                heard = json.loads(post("/v1/audio/transcriptions", "-F", "model=whisper-1",
                                        "-F", f"file=@{speech}").stdout)
                self.assertEqual(heard["text"].strip().lower(), "good morning")
                self.assertIn("num_speakers", post("/speakers/diarize", "-F", f"file=@{speech}").stdout)
                post("/audio/convert", "-F", f"file=@{speech}", "-F", "output_format=ogg",
                     "-o", f"{directory}/speech.ogg")
                self.assertEqual(Path(f"{directory}/speech.ogg").read_bytes()[:4], b"OggS")
            self.assertEqual(gateway.stop()[0], 0)
            status, seconds = backends.stop()
            self.assertEqual(status, 0)
            self.assertLess(seconds, 20)


class Compose(unittest.TestCase):
    """compose.yaml started by Docker Compose, with podman as its engine."""

    def test_starts_everything_and_stops_it_well(self):
        program = run([ROOT / "tests/deploy/run.sh", "-c",
                       "import pathlib, sys; print(pathlib.Path(sys.executable).parent)"])
        program = f"{program.stdout.splitlines()[-1]}/docker-compose"
        # Compose looks for the images by the names that it would give them.
        for image in (GATEWAY, BACKENDS):
            name = image.split("/")[-1].split(":")[0]
            ENGINE.podman("tag", image, f"docker.io/library/{name}:test")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        address = f"unix://{ENGINE.work}/engine.sock"
        service = subprocess.Popen(
            ["podman", "system", "service", "--time", "0", address], env=ENGINE.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(service.wait, PATIENCE)
        self.addCleanup(service.terminate)
        self.wait(lambda: Path(f"{ENGINE.work}/engine.sock").exists(), "podman's service did not come up")
        environment = {"PATH": os.environ["PATH"], "HOME": str(ENGINE.work), "DOCKER_HOST": address,
                       "COMPOSE_PROJECT_NAME": f"synapse-test-{os.getpid()}", "PORT": str(port),
                       "GATEWAY_TAG": "test"}

        def compose(*arguments):
            return run([program, *arguments], env=environment, cwd=ROOT, timeout=120)
        self.addCleanup(compose, "--profile", "*", "down", "--volumes", "--timeout", "5")
        begin = time.monotonic()
        compose("up", "--detach", "--no-build", "--pull", "never")
        # podman leaves the rhythm of health checks to systemd: here each is asked for.
        names = compose("ps", "--all", "--format", "{{.Name}}").stdout.split()
        self.assertEqual(len(names), 1 + len(SERVICES))
        for name in names:
            self.wait(lambda each=name: ENGINE.podman(
                "healthcheck", "run", each, check=False).returncode == 0, f"{name} did not become healthy")

        def ask(path, *arguments):
            return run(["curl", "-sS", "--max-time", "30", f"http://127.0.0.1:{port}{path}", *arguments],
                       check=False).stdout
        self.wait(lambda: '"status":"healthy","backends"' in ask("/health").replace(" ", ""),
                  "the gateway does not reach all backends")
        question = {"role": "user", "content": "What is Synapse?"}
        answer = json.loads(ask("/v1/chat/completions", "-H", "Content-Type: application/json", "-d",
                                json.dumps({"model": "local-docs", "messages": [question]})))
        say(f"compose: everything up and a question answered in {time.monotonic() - begin:.0f} s")
        self.assertIn("choices", answer)
        compose("stop")
        states = {name: json.loads(ENGINE.podman("container", "inspect", name).stdout)[0]["State"]
                  for name in names}
        self.assertEqual({name: state["ExitCode"] for name, state in states.items()},
                         dict.fromkeys(names, 0))
        # What the real backends wait for.
        compose("run", "--rm", "--pull", "never", "own-volumes")
        for name in ("models", "chatterbox-models", "chatterbox-hf", "whisper", "pyannote"):
            volume = ENGINE.podman("volume", "inspect", "--format", "{{.Mountpoint}}",
                                   f"{environment['COMPOSE_PROJECT_NAME']}_{name}").stdout.strip()
            self.assertEqual(Path(volume).stat().st_uid, USER, name)

    def wait(self, holds, what):
        due = time.monotonic() + PATIENCE
        while not holds():
            self.assertLess(time.monotonic(), due, what)
            time.sleep(0.05)


class Contents(unittest.TestCase):
    """What is in the images, and what is not."""

    def test_settings_are_those_that_engines_need(self):
        config = ENGINE.inspect(GATEWAY)["Config"]
        self.assertEqual(config["User"], "10001:10001")
        self.assertEqual(config["Entrypoint"], ["/usr/bin/synapse-gateway"])
        self.assertFalse(config.get("Cmd"))
        self.assertEqual(list(config["ExposedPorts"]), ["8000/tcp"])
        self.assertEqual(list(config["Volumes"]), ["/data"])
        self.assertEqual(config["StopSignal"], "SIGTERM")
        self.assertIn("SYNAPSE_HOST=0.0.0.0", config["Env"])
        health = ENGINE.inspect(GATEWAY)["Healthcheck"]
        self.assertEqual(health["Test"], ["CMD", "/usr/bin/synapse-gateway", "--probe"])
        labels = config["Labels"]
        for name, value in {"version": "1.2.3", "revision": "abc", "title": "Synapse",
                            "source": "https://example.org/synapse", "licenses": "MIT"}.items():
            self.assertEqual(labels[f"org.opencontainers.image.{name}"], value)

        config = ENGINE.inspect(BACKENDS)["Config"]
        self.assertEqual(config["User"], "10001:10001")
        self.assertEqual(config["Entrypoint"], ["/usr/bin/synapse-backends"])
        self.assertEqual({int(port.split("/")[0]) for port in config["ExposedPorts"]},
                         set(SERVICES.values()))

    def test_no_program_gives_rights(self):
        for image in (GATEWAY, BACKENDS):
            with self.subTest(image), mounted(image) as root:
                found = run(["find", root, "-xdev", "-type", "f", "-perm", "/6000"]).stdout
                self.assertEqual(found, "")
                # Capabilities of files would do the same.
                self.assertEqual(run(["getfattr", "-R", "-n", "security.capability", root / "usr"],
                                     check=False).stdout if shutil.which("getfattr") else "", "")

    def test_nobody_else_can_write(self):
        for image in (GATEWAY, BACKENDS):
            with self.subTest(image), mounted(image) as root:
                found = run(["find", root, "-xdev", "(", "-type", "f", "-o", "-type", "d", "!", "-perm",
                             "-1000", ")", "-perm", "-0002"]).stdout
                self.assertEqual(found, "")
                theirs = run(["find", root, "-xdev", "-uid", str(USER), "-printf", "/%P %m\n"]).stdout
                wanted = ["/data 750", "/data/voices 750", "/var/lib/synapse-gateway 750",
                          "/var/lib/synapse-gateway/voices 750"] if image == GATEWAY else []
                self.assertEqual(sorted(theirs.splitlines()), wanted)

    def test_nothing_of_the_build_is_left(self):
        for image in (GATEWAY, BACKENDS):
            with self.subTest(image), mounted(image) as root:
                for name in ("gcc", "g++", "cc", "ld", "cmake", "ninja", "make", "node", "npm", "ccache",
                             "dpkg-buildpackage"):
                    self.assertEqual([str(each) for each in root.glob(f"usr/bin/{name}")], [])
                self.assertFalse((root / "src").exists())
                self.assertFalse((root / "packages").is_dir() and any((root / "packages").iterdir()))
                for folder in ("var/lib/apt/lists", "var/cache/apt/archives", "root", "tmp"):
                    left = [str(each.relative_to(root)) for each in (root / folder).rglob("*")
                            if each.is_file() and each.name not in ("lock", ".bashrc", ".profile")]
                    self.assertEqual(left, [])

    def test_every_library_is_there_and_none_is_for_nothing(self):
        for image, program in ((GATEWAY, PROGRAM), (BACKENDS, "/usr/bin/synapse-backends")):
            with self.subTest(image), mounted(image) as root:
                listed = run(["chroot", root, "ldd", program]).stdout
                self.assertNotIn("not found", listed)
                self.assertIn("libssl.so.3", listed)
        with mounted(GATEWAY) as root:
            # Packages that neither the base nor the gateway's own dependencies bring.
            installed = set(run(["chroot", root, "dpkg-query", "-W", "-f", "${Package}\n"]).stdout.split())
            for name in ("libboost-dev", "libstdc++-12-dev", "ffmpeg", "python3", "perl"):
                self.assertNotIn(name, installed)
            broken = run(["chroot", root, "dpkg", "--audit"]).stdout
            self.assertEqual(broken, "")

    def test_configuration_is_the_repositorys(self):
        with mounted(GATEWAY) as root:
            self.assertEqual((root / "config/backends.yaml").read_bytes(),
                             (ROOT / "config/backends.yaml").read_bytes())
            self.assertTrue((root / "etc/ssl/certs/ca-certificates.crt").stat().st_size > 1000)

    def test_sizes_are_bounded(self):
        base = ENGINE.inspect(BASE)["Size"]
        for image, most in ((GATEWAY, 60e6), (BACKENDS, 800e6)):
            own = ENGINE.inspect(image)["Size"] - base
            say(f"{image}: {own / 1e6:.0f} MB on top of the base's {base / 1e6:.0f} MB")
            self.assertLess(own, most)


class Context(unittest.TestCase):
    """What a build is given of a working tree."""

    def test_has_no_secret_and_no_waste(self):
        with tempfile.TemporaryDirectory() as directory:
            tree = Path(directory) / "tree"
            tree.mkdir()
            shutil.copy(ROOT / ".dockerignore", tree)
            for name in ("README.md", "CMakeLists.txt", "app/main.cpp", "static/src/x.ts",
                         "packaging/debian/rules", "scripts/package.sh", "tests/component.cmake",
                         "docs/images/a.png", "packaging/debian/source/format"):
                self.put(tree / name)
            kept = self.files(tree) - {".dockerignore"}
            for name in (".env", ".env.local", ".git/config", "gateway-secrets.yaml",
                         "huggingface-token.yaml", "deploy.mk", "build/bin/synapse", "build-asan/x",
                         "app/tls.key", "config/ca.pem", "config/my-secrets.yaml",
                         "static/node_modules/x/index.js", "scripts/__pycache__/a.pyc",
                         "tests/app/process/probe_test.cpp", "manifests/a.yaml", "app/.cache/x", "Dockerfile",
                         "config/.env", "key.pem", "compose.yaml"):
                self.put(tree / name)
            file = Path(directory) / "Containerfile"
            file.write_text("FROM scratch\nCOPY . /\n", encoding="ascii")
            tag = "localhost/context:test"
            ENGINE.buildah("bud", "--isolation", "chroot", "--file", file, "--tag", tag, tree)
            with mounted(tag) as root:
                self.assertEqual(self.files(root), kept)
            ENGINE.podman("image", "rm", tag)

    @staticmethod
    def put(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="ascii")

    @staticmethod
    def files(root):
        return {str(each.relative_to(root)) for each in root.rglob("*") if each.is_file()}


if __name__ == "__main__":
    unittest.main(verbosity=2)
