"""The Debian packages: what is in them, what Debian's checkers say, and how they behave on a clean Debian.

Builds them through scripts/package.sh (SYNAPSE_PACKAGE_OPTIONS=--no-build: of what is built). What needs
a clean root is skipped, with the reason, where none can be made (tests/package/clean_root.py says what that
takes); what boots systemd is skipped where no container can be started. Everything listens on loopback, on
free ports.
"""

import contextlib
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import clean_root  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 120
GATEWAY, BACKENDS = "synapse-gateway", "synapse-local-backends"
UNITS = {GATEWAY: f"lib/systemd/system/{GATEWAY}.service",
         BACKENDS: f"lib/systemd/system/{BACKENDS}.service"}
FROM_DOCUMENTS = r"Sources:\n- (docs/|README\.md)"  # how local-docs ends an answer
EXPOSURE_LIMIT = 2.0  # systemd-analyze's score: 0 is best, 10 worst
CONFIG = "etc/synapse-gateway/backends.yaml"


def output_of(command, **how):
    """What a command prints on both streams; a failed assertion when it fails."""
    done = subprocess.run([str(each) for each in command], check=False, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=600, **how)
    if done.returncode != 0:
        raise AssertionError(f"{command}: status {done.returncode}\n{done.stdout[-6000:]}")
    return done.stdout


def seconds(text):
    """A duration of the configuration or of a unit."""
    total = 0.0
    for number, unit in re.findall(r"([\d.]+)\s*(ms|s|min|m|h|)", text):
        total += float(number) * {"ms": 0.001, "s": 1, "": 1, "m": 60, "min": 60, "h": 3600}[unit]
    return total


class Unit:
    """A unit file, as far as it is needed to do what it says."""

    def __init__(self, text):
        self.settings = {}
        for line in text.splitlines():
            if "=" in line and not line.startswith(("#", ";")):
                name, value = line.split("=", 1)
                self.settings.setdefault(name, []).append(value)

    def last(self, name, default=""):
        return self.settings.get(name, [default])[-1]

    def words(self, name):
        return [word for line in self.settings.get(name, []) for word in shlex.split(line)]

    def environment(self, root):
        """Environment= and, over it, EnvironmentFile= of the root directory."""
        result = dict(word.split("=", 1) for word in self.words("Environment"))
        for name in self.words("EnvironmentFile"):
            file = root / name.lstrip("-/")
            if not file.exists() and name.startswith("-"):
                continue
            for line in file.read_text().splitlines():
                if "=" in line and not line.startswith("#"):
                    key, value = line.split("=", 1)
                    result[key] = " ".join(shlex.split(value))
        return result


class Packages:
    """Both packages, built and unpacked once."""

    def __init__(self):
        self.place = Path(tempfile.mkdtemp(prefix="synapse-packages."))
        unittest.addModuleCleanup(self.remove)
        begin = time.monotonic()
        options = os.environ.get("SYNAPSE_PACKAGE_OPTIONS", "").split()
        self.printed = output_of([ROOT / "scripts/package.sh", *options, self.place / "built"])
        self.seconds = time.monotonic() - begin
        self.files, self.tree, self.control = {}, {}, {}
        for name in (GATEWAY, BACKENDS):
            found = list((self.place / "built").glob(f"{name}_*.deb"))
            assert len(found) == 1, found
            self.files[name] = found[0]
            self.tree[name] = self.place / name
            output_of(["dpkg-deb", "--raw-extract", found[0], self.tree[name]])
            self.control[name] = self._read_control(name)

    def _read_control(self, name):
        text = (self.tree[name] / "DEBIAN/control").read_text()
        return dict(re.findall(r"^([A-Z][\w-]*): (.*)$", re.sub(r"\n ", " ", text), re.MULTILINE))

    def unit(self, name):
        return Unit((self.tree[name] / UNITS[name]).read_text())

    def entries(self, name):
        """path -> (mode, owner) as they will be installed."""
        result = {}
        for line in output_of(["dpkg-deb", "--contents", self.files[name]]).splitlines():
            mode, owner, _, _, _, path = line.split(None, 5)
            result[path.split(" -> ")[0].removeprefix("./").rstrip("/")] = (mode, owner)
        return result

    def remove(self):
        shutil.rmtree(self.place)


class Roots:
    """Clean roots with packages installed, each made once, when it is first wanted."""

    STEPS = {"gateway": (None, GATEWAY), "both": ("gateway", BACKENDS), "booting": ("both", "systemd")}

    def __init__(self):
        self.made = {}
        self.printed = {}  # by apt

    def get(self, name):
        """@raises unittest.SkipTest where no clean root can be made."""
        if name not in self.made:
            below, package = self.STEPS[name]
            try:
                root = self.get(below).copy() if below else clean_root.CleanRoot()
            except clean_root.Unavailable as reason:
                raise unittest.SkipTest(str(reason)) from None
            self.made[name] = root
            self.printed[name] = root.apt_install(packages.files.get(package, package)).stdout
        return self.made[name]

    def remove(self):
        for root in self.made.values():
            root.remove()


packages = None
roots = None


def setUpModule():
    global packages, roots
    packages = Packages()
    roots = Roots()
    unittest.addModuleCleanup(roots.remove)


class Contents(unittest.TestCase):
    def test_names_have_version_and_architecture(self):
        version = re.search(r"^project\(synapse VERSION ([\d.]+)",
                            (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
        architecture = output_of(["dpkg", "--print-architecture"]).strip()
        for name, file in packages.files.items():
            self.assertEqual(file.name, f"{name}_{version}_{architecture}.deb")
            self.assertEqual(packages.control[name]["Package"], name)
            self.assertEqual(packages.control[name]["Version"], version)

    def test_the_gateway_brings_what_it_needs_and_nothing_more(self):
        entries = packages.entries(GATEWAY)
        for path in ("usr/bin/synapse-gateway", "usr/lib/synapse-gateway/bin/synapse",
                     "usr/lib/synapse-gateway/share/synapse/dashboard/index.html", CONFIG,
                     "etc/default/synapse-gateway", UNITS[GATEWAY], "usr/share/man/man1/synapse-gateway.1.gz",
                     "usr/share/doc/synapse-gateway/README.Debian",
                     "usr/share/doc/synapse-gateway/copyright",
                     "usr/share/doc/synapse-gateway/changelog.gz"):
            self.assertIn(path, entries)
        strange = [path for path in entries if not re.match(
            r"$|(usr|etc|lib|usr/(bin|lib|share)|lib/systemd(/system)?|etc/default"
            r"|usr/share/(doc|man|man/man1|lintian|lintian/overrides))$"
            r"|usr/bin/synapse-gateway$|usr/lib/synapse-gateway|etc/synapse-gateway"
            r"|etc/default/synapse-gateway$|lib/systemd/system/synapse-gateway\.service$"
            r"|usr/share/doc/synapse-gateway|usr/share/man/man1/synapse-gateway\.1\.gz$"
            r"|usr/share/lintian/overrides/synapse-gateway$", path)]
        self.assertEqual(strange, [])
        self.assertEqual(os.readlink(packages.tree[GATEWAY] / "usr/bin/synapse-gateway"),
                         "../lib/synapse-gateway/bin/synapse")

    def test_the_dashboard_is_whole(self):
        built = ROOT / "build/share/synapse/dashboard"
        packed = packages.tree[GATEWAY] / "usr/lib/synapse-gateway/share/synapse/dashboard"
        names = {str(file.relative_to(built)) for file in built.rglob("*") if file.is_file()}
        self.assertEqual({str(file.relative_to(packed)) for file in packed.rglob("*") if file.is_file()},
                         names - {".stamp"})
        self.assertIn("index.html.br", names)

    def test_the_local_backends_bring_the_documents_they_answer_from(self):
        documents = packages.tree[BACKENDS] / "usr/share/synapse-local-backends"
        self.assertEqual((documents / "README.md").read_bytes(), (ROOT / "README.md").read_bytes())
        self.assertEqual({file.name for file in (documents / "docs").iterdir()},
                         {file.name for file in (ROOT / "docs").glob("*.md")})
        self.assertEqual((documents / "local.yaml").read_bytes(), (ROOT / "config/local.yaml").read_bytes())

    def test_the_configuration_is_the_project_s_own(self):
        self.assertEqual((packages.tree[GATEWAY] / CONFIG).read_bytes(),
                         (ROOT / "config/backends.yaml").read_bytes())

    def test_what_administrators_edit_are_conffiles(self):
        conffiles = {name: set((packages.tree[name] / "DEBIAN/conffiles").read_text().split())
                     for name in (GATEWAY, BACKENDS)}
        self.assertEqual(conffiles[GATEWAY], {"/" + CONFIG, "/etc/default/synapse-gateway"})
        self.assertEqual(conffiles[BACKENDS], {"/etc/default/synapse-local-backends"})

    def test_owners_and_permissions(self):
        for name in (GATEWAY, BACKENDS):
            for path, (mode, owner) in packages.entries(name).items():
                with self.subTest(path):
                    self.assertEqual(owner, "root/root")
                    self.assertNotRegex(mode, r"[sStT]", "no set-id, no sticky bit")
                    if not mode.startswith("l"):
                        self.assertEqual(mode[5] + mode[8], "--", "only root writes")
        gateway = packages.entries(GATEWAY)
        self.assertEqual(gateway["etc/default/synapse-gateway"][0], "-rw-r-----", "it may hold secrets")
        self.assertEqual(gateway[CONFIG][0], "-rw-r--r--")
        self.assertEqual(gateway["usr/lib/synapse-gateway/bin/synapse"][0], "-rwxr-xr-x")

    def test_dependencies_are_the_libraries_and_little_else(self):
        depends = {name: [re.split(r"[ (]", each.strip())[0]
                          for each in packages.control[name]["Depends"].split(",")]
                   for name in (GATEWAY, BACKENDS)}
        for library in ("libc6", "libcaf-core0.17", "libssl3", "libyaml-cpp0.7", "libspdlog1.10-fmt9",
                        "libhiredis0.14", "libutf8proc2"):
            self.assertIn(library, depends[GATEWAY])
        self.assertEqual([each for each in depends[GATEWAY] if not each.startswith("lib")], ["adduser"],
                         "a container image installs this package")
        for program in ("flite", "espeak-ng", "ffmpeg", "pocketsphinx", "pocketsphinx-en-us"):
            self.assertIn(program, depends[BACKENDS])
        self.assertNotIn("libcaf-core0.17", depends[BACKENDS])

    def test_programs_are_stripped_and_know_no_build_directory(self):
        for name, path in ((GATEWAY, "usr/lib/synapse-gateway/bin/synapse"),
                           (BACKENDS, "usr/bin/synapse-backends")):
            program = packages.tree[name] / path
            sections = output_of(["readelf", "--wide", "--sections", "--dynamic", program])
            self.assertNotIn(".debug_info", sections)
            self.assertNotIn(".symtab", sections)
            self.assertNotRegex(sections, r"RPATH|RUNPATH")
            self.assertNotIn(os.fsencode(str(ROOT / "build")), program.read_bytes())

    def test_the_same_build_gives_the_same_packages(self):
        # Another moment: whatever takes the time from the clock differs.
        again = packages.place / "again"
        output_of([ROOT / "scripts/package.sh", "--no-build", again])
        for name, file in packages.files.items():
            digests = [hashlib.sha256((folder / file.name).read_bytes()).hexdigest()
                       for folder in (file.parent, again)]
            self.assertEqual(digests[0], digests[1], name)

    def test_the_environment_file_has_every_variable_and_sets_none(self):
        text = (packages.tree[GATEWAY] / "etc/default/synapse-gateway").read_text()
        shown = output_of([ROOT / "build/bin/synapse", "--help"])
        known = set(re.findall(r"^  (SYNAPSE_\w+)$", shown, re.MULTILINE))
        self.assertGreater(len(known), 20)
        self.assertEqual(set(re.findall(r"^#(SYNAPSE_\w+)=", text, re.MULTILINE)), known)
        self.assertEqual([line for line in text.splitlines() if line and not line.startswith("#")], [])
        # With the # taken away nothing changes, because the values are those in force.
        unit = packages.unit(GATEWAY).environment(Path("/nonexistent"))
        for name, value in unit.items():
            self.assertIn(f"\n#{name}={value}\n", text)
        self.assertIn("\n#SYNAPSE_HOST=127.0.0.1\n", text)
        self.assertIn("\n#SYNAPSE_DASHBOARD_ACCESS_TOKEN=\n", text)

    def test_manual_pages_are_true(self):
        programs = {"synapse-gateway": "synapse", "synapse-backends": "synapse-backends"}
        for page, program in programs.items():
            source = (ROOT / "packaging/man" / f"{page}.1").read_text().replace("\\-", "-")
            shown = output_of([ROOT / "build/bin" / program, "--help"])
            options = set(re.findall(r"--[a-z][a-z-]+", shown.split("\nEnvironment:")[0]))
            named = set(re.findall(r"--[a-z][a-z-]+", source))
            self.assertLessEqual(named, options | {"--help", "--version"}, page)
            if page == "synapse-gateway":  # the other one says that it is a choice
                self.assertEqual(options - named, set())
            if shutil.which("man"):
                complaints = subprocess.run(
                    ["man", "--warnings", "-E", "UTF-8", "-l", ROOT / "packaging/man" / f"{page}.1"],
                    check=True, capture_output=True, text=True, env={**os.environ, "MANROFFSEQ": "",
                                                                     "MANWIDTH": "80"}).stderr
                self.assertEqual(complaints, "")


class Checkers(unittest.TestCase):
    def test_lintian_finds_nothing(self):
        if not shutil.which("lintian"):
            self.skipTest("lintian is not installed")
        command = ["lintian", "--fail-on", "error,warning", "--tag-display-limit", "0",
                   *packages.files.values()]
        if os.geteuid() == 0:
            command.insert(1, "--allow-root")
        output_of(command)

    def setUpUnits(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")

    def test_systemd_understands_the_units(self):
        self.setUpUnits()
        # A root with the packages in it: the programs that the units name have to be there.
        root = packages.place / "unpacked"
        for tree in packages.tree.values():
            subprocess.run(["cp", "-a", f"{tree}/.", root], check=True)
        (root / "bin").mkdir(exist_ok=True)
        shutil.copy("/bin/sh", root / "bin/sh")
        for target in ("multi-user", "network", "network-online", "sysinit", "basic", "shutdown"):
            (root / f"lib/systemd/system/{target}.target").write_text(f"[Unit]\nDescription={target}\n")
        for socket in ("systemd-journald", "dbus"):
            (root / f"lib/systemd/system/{socket}.socket").write_text("[Socket]\nListenStream=/run/x\n")
        for slice_ in ("system", "-"):
            (root / f"lib/systemd/system/{slice_}.slice").write_text("[Unit]\n")
        for name in UNITS:
            said = output_of(["systemd-analyze", "verify", f"--root={root}", "--man=no",
                              f"{name}.service"])
            ours = [line for line in said.splitlines() if name in line]
            self.assertEqual(ours, [], said)

    def test_the_units_expose_little(self):
        self.setUpUnits()
        for name, path in UNITS.items():
            # Through a threshold: its status is the verdict. In tenths of the score.
            said = output_of(["systemd-analyze", "security", "--offline=true", "--no-pager",
                              f"--threshold={int(EXPOSURE_LIMIT * 10)}", packages.tree[name] / path])
            score = re.search(r"exposure level for .*: ([\d.]+)", said)
            self.assertIsNotNone(score, said)
            print(f"\n    {name}: exposure {score[1]}", file=sys.stderr)
            self.assertLessEqual(float(score[1]), EXPOSURE_LIMIT)


class UnitSettings(unittest.TestCase):
    def test_a_stop_is_given_more_time_than_draining_takes(self):
        text = (ROOT / "config/backends.yaml").read_text()
        limit = re.search(r"^drain:.*\n(?:^ .*\n)*?^  limit: *(\S+)", text, re.MULTILINE)
        delay = re.search(r"^drain:.*\n(?:^ .*\n)*?^  delay: *(\S+)", text, re.MULTILINE)
        draining = seconds(limit[1] if limit else "30s") + seconds(delay[1] if delay else "0")
        self.assertGreater(seconds(packages.unit(GATEWAY).last("TimeoutStopSec")), draining + 10)

    def test_it_listens_on_loopback_until_it_is_told_otherwise(self):
        environment = packages.unit(GATEWAY).environment(packages.tree[GATEWAY])
        self.assertNotIn("SYNAPSE_HOST", environment)
        configured = output_of(
            [ROOT / "build/bin/synapse", "--check-config", packages.tree[GATEWAY] / CONFIG],
            env={"PATH": os.environ["PATH"]})
        self.assertRegex(configured, r"127\.0\.0\.1:8000")

    def test_the_local_backends_are_for_this_machine(self):
        unit = packages.unit(BACKENDS)
        self.assertEqual(unit.last("IPAddressDeny"), "any")
        self.assertEqual(unit.last("IPAddressAllow"), "localhost")


def ask(url, body=None):
    """(status, body); (0, why) when nobody answers."""
    request = urllib.request.Request(url, data=json.dumps(body).encode() if body else None,
                                     headers={"Content-Type": "application/json"} if body else {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def wait_for(what, holds, process=None, log=None):
    deadline = time.monotonic() + LIMIT_SECONDS
    while not holds():
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() > deadline:
            said = Path(log).read_text(errors="replace")[-3000:] if log else ""
            state = f"ended with {process.returncode}" if ended else "did not happen in time"
            raise AssertionError(f"{what}: {state}\n{said}")
        time.sleep(0.05)


class InCleanRoot(unittest.TestCase):
    """Base: what starts a package's program in `self.root` as its unit says."""

    root = None

    def copy_of(self, name):
        root = roots.get(name).copy()
        self.addCleanup(root.remove)
        return root

    def start(self, name, **environment):
        """Starts the program of an installed unit as the unit says; (process, log, unit's environment)."""
        unit = Unit(self.root.at("/" + UNITS[name]).read_text())
        settings = {**unit.environment(self.root.path), **environment}
        writable = []
        user = "65534:65534" if unit.last("DynamicUser") == "yes" else unit.last("User")
        for state in unit.words("StateDirectory"):
            path = f"/var/lib/{state}"
            if not self.root.at(path).exists():
                self.root.run(["install", "-d", "-o", user, "-m", unit.last("StateDirectoryMode"), path])
            writable.append(path)
        if unit.last("ConfigurationDirectory"):
            self.assertTrue(self.root.at(f"/etc/{unit.last('ConfigurationDirectory')}").is_dir())
        self.assertEqual(unit.last("ProtectSystem"), "strict")
        command = [os.path.expandvars(word) for line in unit.settings["ExecStart"]
                   for word in self.expand(line, settings)]
        log = packages.place / f"{name}.{id(self)}.log"
        with open(log, "wb") as output:
            process = self.root.popen(
                command, user=user, read_only=True, writable=writable,
                directory=unit.last("WorkingDirectory", "/"), environment=settings, stdout=output,
                stderr=output)
        self.addCleanup(self.end, process)
        return process, log, unit

    @staticmethod
    def expand(line, settings):
        for word in shlex.split(line):
            if word.startswith("$"):
                yield from shlex.split(settings.get(word[1:], ""))
            else:
                yield word

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def started_gateway(self, **environment):
        """The gateway on a free port, ready: (process, URL, log)."""
        process, log, unit = self.start(GATEWAY, SYNAPSE_PORT="0", **environment)
        listening = re.compile(r"listening on (http://127\.0\.0\.1:\d+)")
        wait_for("listening", lambda: listening.search(log.read_text(errors="replace")), process, log)
        url = listening.search(log.read_text(errors="replace"))[1]
        wait_for("readiness", lambda: ask(url + "/readyz")[0] == 200, process, log)
        return process, url, log


class Gateway(InCleanRoot):
    def setUp(self):
        self.root = self.copy_of("gateway")

    def test_installs_little(self):
        new = re.search(r"^The following NEW packages will be installed:\n((?:  .*\n)+)",
                        roots.printed["gateway"], re.MULTILINE)[1].split()
        self.assertIn(GATEWAY, new)
        self.assertEqual([each for each in new if each.startswith(("systemd", "dbus", "python", "perl"))],
                         [], "what a container image would carry")
        self.assertLess(len(new), 15, new)

    def test_starts_as_the_unit_says_and_drains(self):
        process, url, log = self.started_gateway()
        status = Path(f"/proc/{process.pid}/status").read_text()
        uid = int(self.root.run(["id", "-u", "synapse"]).stdout)
        self.assertRegex(status, rf"(?m)^Uid:\t{uid}\t{uid}\t")
        self.assertRegex(status, r"(?m)^CapEff:\t0+$")
        code, body = ask(url + "/health")
        self.assertIn(code, (200, 503), body)
        names = json.loads(body)
        self.assertIn("llama-router", json.dumps(names), "the backends of the shipped file")
        code, page = ask(url + "/dashboard")
        self.assertEqual(code, 200)
        self.assertRegex(page, r"/dashboard/assets/main\.\w+\.js",
                         "found beside the program, through the link in /usr/bin")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=LIMIT_SECONDS), 0, log.read_text())
        self.assertNotIn("unknown variable", log.read_text())

    def test_a_reload_takes_a_changed_configuration_over(self):
        process, _, log = self.started_gateway()
        refused = "the new configuration is refused"
        self.root.at("/" + CONFIG).write_text("backends: 1\n")
        wait_for("what the gateway notices by itself", lambda: refused in log.read_text(), process, log)
        reload = Unit(self.root.at("/" + UNITS[GATEWAY]).read_text()).last("ExecReload")
        self.root.run([word.replace("$MAINPID", str(process.pid)) for word in shlex.split(reload)],
                      user="synapse")
        wait_for("the reload", lambda: log.read_text().count(refused) > 1, process, log)
        self.root.at("/" + CONFIG).write_text("backends: {mine: {url: 'http://127.0.0.1:1'}}\n")
        wait_for("the change", lambda: "configuration reloaded: 1 backends" in log.read_text(), process, log)

    def test_writes_only_its_state(self):
        process, url, log = self.started_gateway()
        silence = b"RIFF$>\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80>\0\0\0}\0\0\x02\0\x10\0data\0>\0\0"
        recording = packages.place / "voice.wav"
        recording.write_bytes(silence + b"\0\1" * 8000)
        said = output_of(["curl", "-sS", "--noproxy", "*", url + "/voices", "-F", "name=Anna", "-F",
                          f"files=@{recording}"])
        self.assertIn("voice_id", said, log.read_text())
        voices = self.root.at("/var/lib/synapse-gateway/voices")
        self.assertTrue(any(voices.rglob("*.wav")), list(voices.rglob("*")))

    def test_nothing_is_missing(self):
        said = self.root.run(["ldd", "/usr/bin/synapse-gateway"]).stdout
        self.assertNotIn("not found", said)
        self.assertIn("libcaf_core", said)
        version = re.escape(packages.control[GATEWAY]["Version"])
        self.assertRegex(self.root.run(["synapse-gateway", "--version"]).stdout, version)

    def upgrade_file(self):
        """The same package as a later version, with another configuration."""
        tree = packages.place / "later"
        if not tree.exists():
            shutil.copytree(packages.tree[GATEWAY], tree, symlinks=True)
            control = tree / "DEBIAN/control"
            control.write_text(re.sub(r"(?m)^Version: .*", "Version: 99", control.read_text()))
            with open(tree / CONFIG, "a", encoding="utf-8") as file:
                file.write("# of version 99\n")
            output_of(["dpkg-deb", "--root-owner-group", "--build", tree, packages.place / "later.deb"])
        return packages.place / "later.deb"

    def test_an_upgrade_keeps_what_was_changed_and_renews_what_was_not(self):
        changed = "backends: {mine: {url: 'http://127.0.0.1:1'}}\n"
        later = self.upgrade_file()
        self.root.at("/" + CONFIG).write_text(changed)
        self.root.put(later, "/tmp/later.deb")
        self.root.run(["dpkg", "--force-confold", "-i", "/tmp/later.deb"])
        self.assertEqual(self.root.at("/" + CONFIG).read_text(), changed)
        self.assertIn("99", self.root.run(["dpkg-query", "-W", GATEWAY]).stdout)
        fresh = self.copy_of("gateway")
        fresh.put(later, "/tmp/later.deb")
        fresh.run(["dpkg", "-i", "/tmp/later.deb"])
        self.assertIn("# of version 99", fresh.at("/" + CONFIG).read_text())

    def test_purge_removes_everything_but_data(self):
        before = self.root.at("/etc/passwd").read_text()
        self.assertIn("\nsynapse:", before)
        self.root.apt("remove", GATEWAY)
        self.assertTrue(self.root.at("/" + CONFIG).exists(), "a removal keeps the configuration")
        self.root.apt("purge", GATEWAY)
        left = [path for path in ("/etc/synapse-gateway", "/etc/default/synapse-gateway",
                                  "/usr/lib/synapse-gateway", "/usr/bin/synapse-gateway",
                                  "/var/lib/synapse-gateway", "/lib/systemd/system/synapse-gateway.service")
                if self.root.at(path).exists()]
        self.assertEqual(left, [])
        self.assertNotIn("\nsynapse:", self.root.at("/etc/passwd").read_text())

    def test_purge_keeps_voices_and_the_user_whose_they_are(self):
        voice = self.root.at("/var/lib/synapse-gateway/voices/a/1.wav")
        self.root.run(["install", "-d", "-o", "synapse", "/var/lib/synapse-gateway/voices/a"])
        voice.write_text("somebody's work")
        said = self.root.apt("purge", GATEWAY).stdout
        self.assertEqual(voice.read_text(), "somebody's work")
        self.assertIn("/var/lib/synapse-gateway still holds", said)
        self.assertIn("\nsynapse:", self.root.at("/etc/passwd").read_text())
        self.assertFalse(self.root.at("/" + CONFIG).exists())

    def test_a_user_that_is_there_is_taken(self):
        with clean_root.CleanRoot() as root:
            with open(root.at("/etc/passwd"), "a", encoding="utf-8") as file:
                file.write("synapse:x:10001:10001::/nonexistent:/usr/sbin/nologin\n")
            with open(root.at("/etc/group"), "a", encoding="utf-8") as file:
                file.write("synapse:x:10001:\n")
            root.apt_install(packages.files[GATEWAY])
            self.assertEqual(root.at("/var/lib/synapse-gateway/voices").stat().st_uid, 10001)


class Together(InCleanRoot):
    def test_a_chat_is_answered_from_the_documents(self):
        self.root = roots.get("both")
        # Ports of their own: the unit's are the usual ones, which somebody may use on this machine.
        names = ("llama-embed", "llama-router", "chatterbox-tts", "whisper-stt", "pyannote-speaker",
                 "deepfilter-audio", "vllm", "ollama")
        options = " ".join(f"--{name} 0" for name in names)
        own = re.search(r'(?m)^OPTIONS="(.*)"$',
                        self.root.at("/etc/default/synapse-local-backends").read_text())[1]
        process, log, _ = self.start(BACKENDS, OPTIONS=f"{own} {options}")
        ready = re.compile(r"(?m)^([\w-]+) ready on (http://127\.0\.0\.1:(\d+))")
        wait_for("the local backends", lambda: len(ready.findall(log.read_text())) == len(names), process,
                 log)
        self.assertNotIn("missing", log.read_text())
        text = self.root.at("/usr/share/synapse-local-backends/local.yaml").read_text()
        usual = {"llama-embed": 8081, "llama-router": 8082, "chatterbox-tts": 8004, "whisper-stt": 8010,
                 "pyannote-speaker": 8011, "deepfilter-audio": 8012, "vllm": 8014, "ollama": 8013}
        for name, url, _ in ready.findall(log.read_text()):
            self.assertIn(f"http://127.0.0.1:{usual[name]}", text)
            text = text.replace(f"http://127.0.0.1:{usual[name]}", url)
        self.root.at("/etc/synapse-gateway/local.yaml").write_text(text)
        gateway, url, gateway_log = self.started_gateway(
            SYNAPSE_GATEWAY_CONFIG_PATH="/etc/synapse-gateway/local.yaml")
        code, body = ask(url + "/health")
        self.assertEqual(code, 200, body)
        code, body = ask(url + "/v1/chat/completions", {
            "model": "local-docs", "messages": [{"role": "user", "content": "What is Synapse?"}]})
        self.assertEqual(code, 200, body + gateway_log.read_text())
        self.assertRegex(json.loads(body)["choices"][0]["message"]["content"], FROM_DOCUMENTS)
        speech = output_of(
            ["curl", "-sS", "--noproxy", "*", url + "/tts/stream", "-o", packages.place / "fox.wav", "-w",
             "%{http_code}", "-H", "Content-Type: application/json", "-d", '{"text": "Good morning."}'])
        self.assertEqual(speech, "200")
        heard = output_of(["curl", "-sS", "--noproxy", "*", url + "/v1/audio/transcriptions", "-F",
                           "model=whisper-1", "-F", f"file=@{packages.place}/fox.wav"])
        self.assertIn("good morning", heard)
        for each in (gateway, process):
            each.send_signal(signal.SIGTERM)
            self.assertEqual(each.wait(timeout=LIMIT_SECONDS), 0)


class WithSystemd(unittest.TestCase):
    """The packages on a Debian that systemd has booted, in a container with a network of its own."""

    @classmethod
    def setUpClass(cls):
        if not shutil.which("systemd-nspawn"):
            raise unittest.SkipTest("systemd-nspawn is not installed")
        cls.root = roots.get("booting")
        cls.boot()

    @classmethod
    def boot(cls):
        log = packages.place / "boot.log"
        with open(log, "wb") as output:
            cls.container = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--directory", cls.root.path, "--register=no", "--keep-unit",
                 "--private-network", "--console=pipe", "--kill-signal=SIGRTMIN+3", "/lib/systemd/systemd"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"})
        cls.addClassCleanup(cls.halt)
        cls.init = None
        deadline = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < deadline:
            if cls.container.poll() is not None:
                break
            cls.init = cls.init or cls.find_init()
            if cls.init and cls.inside("systemctl", "is-system-running", check=False).stdout.strip() in (
                    "running", "degraded"):
                return
            time.sleep(0.1)
        raise unittest.SkipTest("systemd does not get up in a container here: "
                                + log.read_text(errors="replace")[-500:].strip())

    @classmethod
    def find_init(cls):
        """Pid of the container's systemd, a child of nspawn."""
        with contextlib.suppress(OSError, ValueError):
            for task in Path(f"/proc/{cls.container.pid}/task").iterdir():
                for pid in (task / "children").read_text().split():
                    if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd":
                        return int(pid)
        return None

    @classmethod
    def halt(cls):
        if cls.container.poll() is None:
            cls.container.terminate()
            try:
                cls.container.wait(timeout=30)
            except subprocess.TimeoutExpired:
                cls.container.kill()
        cls.container.wait()

    @classmethod
    def inside(cls, *command, check=True):
        done = subprocess.run(["nsenter", "--target", str(cls.init), "--all", *map(str, command)],
                              check=False, text=True, errors="replace", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_SECONDS)
        if check and done.returncode != 0:
            journal = subprocess.run(["nsenter", "--target", str(cls.init), "--all", "journalctl",
                                      "--no-pager", "-n", "60"], check=False, capture_output=True,
                                     text=True).stdout
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}\n{journal}")
        return done

    def show(self, name, unit=GATEWAY):
        return self.inside("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def ask_inside(self, path, body=None):
        """The answer's status and body, asked from the container's network."""
        script = ("import sys, json; sys.path.insert(0, sys.argv[1]); import deb_test;"
                  "print(json.dumps(deb_test.ask(sys.argv[2], json.loads(sys.argv[3]))))")
        done = subprocess.run(
            ["nsenter", "--target", str(self.init), "--net", sys.executable, "-c", script,
             str(Path(__file__).parent), "http://127.0.0.1:8000" + path, json.dumps(body)],
            check=True, text=True, stdout=subprocess.PIPE, timeout=LIMIT_SECONDS)
        return tuple(json.loads(done.stdout))

    def log_of(self, unit):
        return self.inside("journalctl", "-u", unit, "--no-pager").stdout

    def test_the_service_is_up_after_the_boot_and_hardened(self):
        # Type=notify: active means that it takes requests.
        self.assertEqual(self.show("ActiveState"), "active", self.log_of(GATEWAY))
        self.assertRegex(self.show("StatusText"), r"listening on http://127\.0\.0\.1:8000")
        self.assertEqual(self.ask_inside("/readyz")[0], 200)
        self.assertEqual(self.show("UnitFileState", BACKENDS), "disabled")
        status = self.inside("cat", f"/proc/{self.show('MainPID')}/status").stdout
        for line in ("CapBnd:\t0+", "CapEff:\t0+", "NoNewPrivs:\t1", "Seccomp:\t2"):
            self.assertRegex(status, f"(?m)^{line}$")
        self.assertEqual(self.inside("stat", "-c", "%U %a", "/var/lib/synapse-gateway/voices")
                         .stdout.strip(), "synapse 750")
        code, page = self.ask_inside("/dashboard")
        self.assertEqual(code, 200)
        self.assertIn("/dashboard/assets/main.", page)

    def test_both_services_as_the_readme_says(self):
        settings = self.root.at("/etc/default/synapse-gateway")
        shipped = settings.read_text()
        readme = self.root.at("/usr/share/doc/synapse-gateway/README.Debian").read_text()
        steps = re.search(r"with the package synapse-local-backends:\n\n((?:  .*\n)+)", readme)[1]
        self.addCleanup(self.inside, "systemctl", "start", GATEWAY)
        self.addCleanup(settings.write_text, shipped)
        self.addCleanup(self.inside, "systemctl", "disable", BACKENDS)
        self.inside("sh", "-ec", steps)
        code, body = self.ask_inside("/v1/chat/completions", {
            "model": "local-docs", "messages": [{"role": "user", "content": "What is Synapse?"}]})
        self.assertEqual(code, 200, body)
        self.assertRegex(json.loads(body)["choices"][0]["message"]["content"], FROM_DOCUMENTS)
        code, body = self.ask_inside("/tts/synthesize", {"text": "Good morning."})
        self.assertEqual(code, 200, body)
        for unit in (GATEWAY, BACKENDS):
            self.inside("systemctl", "stop", unit)
            self.assertEqual(self.show("Result", unit), "success")
            self.assertEqual(self.show("ExecMainStatus", unit), "0")
            # What the sandbox forbids and the program wants would be here.
            self.assertNotRegex(self.log_of(unit), r"(?i)not permitted|permission denied|read-only")

    def test_a_reload_is_taken_over_or_refused(self):
        file = self.root.at("/" + CONFIG)
        self.addCleanup(file.write_text, file.read_text())
        # Not in place: the gateway notices by itself, too, and shall find a whole file.
        replacement = file.with_suffix(".new")
        for text, said in (("backends: {mine: {url: 'http://127.0.0.1:1'}}\n",
                            "configuration reloaded: 1 backends"),
                           ("backends: 1\n", "the new configuration is refused")):
            replacement.write_text(text)
            replacement.rename(file)
            self.inside("systemctl", "reload", GATEWAY)
            wait_for(said, lambda expected=said: expected in self.log_of(GATEWAY))
            self.assertEqual(self.show("ActiveState"), "active")

    def test_a_wrong_configuration_is_said_once_and_not_tried_again(self):
        file = self.root.at("/" + CONFIG)
        self.addCleanup(self.inside, "systemctl", "start", GATEWAY)
        self.addCleanup(file.write_text, file.read_text())
        self.inside("systemctl", "stop", GATEWAY)
        file.write_text("backends: 7\n")
        self.assertNotEqual(self.inside("systemctl", "start", GATEWAY, check=False).returncode, 0)
        self.assertEqual(self.show("ActiveState"), "failed")
        self.assertEqual(self.show("ExecMainStatus"), "2")
        self.assertEqual(self.show("NRestarts"), "0")
        self.assertIn("backends.yaml:1", self.log_of(GATEWAY))

    def test_a_crash_is_followed_by_a_start(self):
        before = self.show("MainPID")
        self.inside("systemctl", "kill", "--signal=KILL", GATEWAY)
        wait_for("another start", lambda: self.show("ActiveState") == "active"
                 and self.show("MainPID") not in (before, "0"))
        self.assertEqual(self.ask_inside("/readyz")[0], 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
