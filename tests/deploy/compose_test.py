#!/usr/bin/env python3
"""compose.yaml as Compose itself reads it, profile by profile.

    tests/deploy/run.sh tests/deploy/compose_test.py

No engine is needed: `docker-compose config` validates against the Compose specification, fills in variables
and profiles and prints what would be started.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = Path(sys.executable).parent / "docker-compose"
# Backend of the registry: what its profiles are called.
SHORT = {"llama-embed": "embed", "llama-router": "llm", "chatterbox-tts": "tts", "whisper-stt": "stt",
         "pyannote-speaker": "speaker", "deepfilter-audio": "audio"}
# One-shot helpers; the first has to be root, which is its purpose.
HELPERS = {"own-volumes", "fetch-embed-models", "fetch-llm-models"}
NO_BACKENDS = HELPERS | {"gateway", "synapse-terminal-feed-redis"}


def registry():
    return yaml.safe_load((ROOT / "config/backends.yaml").read_text(encoding="utf-8"))


def compose(*arguments, profiles=None, environment=None, files=()):
    """Compose with nothing of this process's environment that could change the outcome."""
    variables = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")}
    if profiles is not None:
        variables["COMPOSE_PROFILES"] = ",".join(profiles)
    variables.update(environment or {})
    options = [option for file in files for option in ("--file", str(file))]
    return subprocess.run([str(COMPOSE), *options, *arguments], cwd=ROOT, env=variables, check=False,
                          capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


def project(profiles=None, environment=None):
    done = compose("config", "--format", "json", profiles=profiles, environment=environment)
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"{profiles}: status {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def seconds(text):
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)([hms])", text))


def answers_to(service_name, service):
    names = {service_name}
    for network in (service.get("networks") or {}).values():
        names.update((network or {}).get("aliases") or [])
    return names


def listens_on(service):
    """Ports, as far as its command line tells: `--port N`, or what a local backend has not switched off."""
    command = service["command"] or []
    if "--port" in command:
        return {int(command[command.index("--port") + 1])}
    if service["image"].split("/")[-1].startswith("synapse-backends"):
        usual = {name: urlsplit(entry["url"]).port for name, entry in registry()["backends"].items()}
        off = {word[2:] for word, value in zip(command, command[1:]) if value == "off"}
        return {port for name, port in usual.items() if name not in off}
    return {8004} if "chatterbox" in service["image"] else set()


ALL_LOCAL = project(["local"])
REAL = project([*SHORT.values(), "redis"])


def every_service():
    """Of both kinds: together they are the whole file."""
    for name, service in {**ALL_LOCAL["services"], **REAL["services"]}.items():
        yield name, service


class Profiles(unittest.TestCase):
    def test_all_services_of_the_file_are_seen_by_these_tests(self):
        text = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
        self.assertEqual(set(text["services"]), {name for name, _ in every_service()})

    def test_without_a_word_the_gateway_starts_with_local_backends(self):
        started = set(project()["services"])
        self.assertEqual(started, {"gateway", *(f"local-{short}" for short in SHORT.values())})
        self.assertEqual(started, set(ALL_LOCAL["services"]))

    def test_every_backend_has_exactly_one_provider_however_they_are_mixed(self):
        wanted = {name: urlsplit(entry["url"]) for name, entry in registry()["backends"].items()}
        self.assertEqual(set(wanted), set(SHORT), "a backend without a profile")
        for choice in itertools.product((False, True), repeat=len(SHORT)):
            profiles = [short if real else f"local-{short}" for short, real in zip(SHORT.values(), choice)]
            services = project(profiles)["services"]
            for name, url in wanted.items():
                providers = [each for each, service in services.items()
                             if each not in NO_BACKENDS and url.hostname in answers_to(each, service)]
                real = SHORT[name] in profiles
                self.assertEqual(providers, [name if real else f"local-{SHORT[name]}"], profiles)
                self.assertEqual(listens_on(services[providers[0]]), {url.port}, providers)

    def test_two_providers_of_one_backend_are_refused(self):
        for name, short in SHORT.items():
            for profiles in (["local", short], [f"local-{short}", short]):
                done = compose("config", "-q", profiles=profiles)
                self.assertNotEqual(done.returncode, 0, profiles)
                self.assertIn(f'container name "synapse-{name}" is already in use', done.stderr)

    def test_two_projects_do_not_get_in_each_others_way(self):
        names = {service.get("container_name") for service in
                 project(["local"], {"COMPOSE_PROJECT_NAME": "other"})["services"].values()}
        self.assertEqual(names - {None}, {f"other-{name}" for name in SHORT})

    def test_profiles_need_what_they_need_and_no_more(self):
        self.assertEqual(set(project(["embed"])["services"]),
                         {"gateway", "llama-embed", "own-volumes", "fetch-embed-models"})
        self.assertEqual(set(project(["audio"])["services"]), {"gateway", "deepfilter-audio"})
        self.assertEqual(set(project(["redis"])["services"]), {"gateway", "synapse-terminal-feed-redis"})


class Policy(unittest.TestCase):
    def test_nobody_has_rights(self):
        for name, service in every_service():
            with self.subTest(name):
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
                self.assertIs(service["read_only"], True)
                for key in ("privileged", "pid", "ipc", "userns_mode", "devices", "cgroup_parent"):
                    self.assertNotIn(key, service)
                if name == "own-volumes":
                    self.assertEqual((service["user"], service["cap_add"]), ("0:0", ["CHOWN"]))
                    self.assertEqual(service["network_mode"], "none")
                    continue
                self.assertEqual(service["user"], "10001:10001")
                self.assertNotIn("cap_add", service)
                self.assertNotEqual(service.get("network_mode"), "host")

    def test_only_the_gateway_is_published_and_on_this_machine_only(self):
        for name, service in every_service():
            published = [(port["host_ip"], port["published"], port["target"])
                         for port in service.get("ports", [])]
            self.assertEqual(published, [("127.0.0.1", "8000", 8000)] if name == "gateway" else [], name)
        ports = project(["local"], {"PORT": "9000"})["services"]["gateway"]["ports"]
        self.assertEqual([port["published"] for port in ports], ["9000"])

    def test_the_engine_is_out_of_reach(self):
        for name, service in every_service():
            for mount in service.get("volumes", []):
                if mount["type"] == "bind":
                    self.assertTrue(mount["source"].startswith(f"{ROOT}/config/"), (name, mount))
                    self.assertIs(mount["read_only"], True)
                    self.assertTrue(Path(mount["source"]).exists())
                    # A folder of that name would be made otherwise.
                    self.assertIs(mount["bind"].get("create_host_path", False), False)

    def test_logs_are_bounded(self):
        for name, service in every_service():
            self.assertEqual(service["logging"]["driver"], "json-file", name)
            self.assertEqual(set(service["logging"]["options"]), {"max-size", "max-file"}, name)

    def test_who_stays_is_looked_after_and_started_again(self):
        for name, service in every_service():
            if name in HELPERS:
                self.assertEqual(service["restart"], "no", name)
                continue
            self.assertEqual(service["restart"], "unless-stopped", name)
            health = service["healthcheck"]
            self.assertEqual(health["test"][0], "CMD", name)
            self.assertLess(seconds(health["timeout"]), seconds(health["interval"]) + 0.1, name)
        self.assertEqual(ALL_LOCAL["services"]["gateway"]["healthcheck"]["test"],
                         ["CMD", "/usr/bin/synapse-gateway", "--probe"])

    def test_health_checks_ask_the_port_that_is_served(self):
        for name, service in every_service():
            if name in NO_BACKENDS:
                continue
            asked = set(map(int, re.findall(r"(?:127\.0\.0\.1[:/]|127\.0\.0\.1', )(\d+)",
                                            service["healthcheck"]["test"][-1])))
            self.assertEqual(asked, listens_on(service), name)

    def test_a_drain_is_not_cut(self):
        drain = registry()["drain"]
        limit = sum(seconds(str(drain.get(key, "0s"))) for key in ("delay", "limit"))
        self.assertGreater(limit, 0)
        self.assertGreaterEqual(seconds(ALL_LOCAL["services"]["gateway"]["stop_grace_period"]), limit + 15)

    def test_gpus_are_reserved_by_those_that_need_one(self):
        with_gpu = set()
        for name, service in every_service():
            reserved = service.get("deploy", {}).get("resources", {}).get("reservations", {})
            devices = reserved.get("devices", [])
            if devices:
                self.assertEqual(devices, [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}])
                with_gpu.add(name)
        self.assertEqual(with_gpu, {"llama-router", "chatterbox-tts", "whisper-stt", "pyannote-speaker"})

    def test_volumes_that_are_written_to_belong_to_who_writes(self):
        """A new volume belongs to root; the gateway's takes after the image's folder."""
        owned = {mount["source"] for mount in REAL["services"]["own-volumes"]["volumes"]}
        for name, service in every_service():
            written = {mount["source"] for mount in service.get("volumes", [])
                       if mount["type"] == "volume" and not mount.get("read_only")}
            if name not in ("gateway", "own-volumes") and written:
                self.assertLessEqual(written, owned, name)
                self.assertTrue(waits_for(REAL["services"], name, "own-volumes"), name)
            for mount in service.get("volumes", []):
                if mount["type"] == "volume" and name != "gateway":
                    self.assertTrue(mount["volume"]["nocopy"], "the image's owner would come back")
        self.assertEqual(set(REAL["volumes"]), owned | {"voices"})


def waits_for(services, name, other):
    needed = services[name].get("depends_on", {})
    return other in needed or any(waits_for(services, each, other) for each in needed)


class Values(unittest.TestCase):
    def test_no_secret_is_in_the_files(self):
        for file in ("compose.yaml", ".env"):
            text = (ROOT / file).read_text(encoding="utf-8")
            self.assertNotIn("CHANGE_ME", text)
            for name, value in re.findall(r"(?m)^\s*(\w*(?:TOKEN|PASSWORD|SECRET|AUTH|KEY)\w*)[:=]\s*(\S.*)$",
                                          text):
                self.assertRegex(value, r"^\$\{\w+:-\}$", f"{file}: {name}")

    def test_images_are_those_of_the_registry_and_tag_that_are_named(self):
        plain = {service["image"] for service in ALL_LOCAL["services"].values()}
        self.assertEqual(plain, {"synapse-gateway:latest", "synapse-backends:latest"})
        theirs = project(["local"], {"REGISTRY": "registry.example.org/ai", "GATEWAY_TAG": "1.2.3"})
        self.assertEqual({service["image"] for service in theirs["services"].values()},
                         {"registry.example.org/ai/synapse-gateway:1.2.3",
                          "registry.example.org/ai/synapse-backends:1.2.3"})
        real = {name: service["image"] for name, service in REAL["services"].items()}
        self.assertEqual(real["llama-embed"], "ghcr.io/ggml-org/llama.cpp:server")
        self.assertEqual(real["llama-router"], "ghcr.io/ggml-org/llama.cpp:server-cuda")
        self.assertEqual(real["whisper-stt"], "whisper-stt:latest")

    def test_the_dockerfile_has_the_stages_that_are_built(self):
        stages = re.findall(r"(?m)^FROM .* AS (\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
        for name, service in ALL_LOCAL["services"].items():
            self.assertIn(service["build"]["target"], stages, name)
        self.assertEqual(stages[-1], "gateway", "what is built without a target")

    def test_the_registry_is_the_clusters(self):
        mounts = {mount["target"]: mount for mount in ALL_LOCAL["services"]["gateway"]["volumes"]}
        self.assertEqual(mounts["/config/backends.yaml"]["source"], str(ROOT / "config/backends.yaml"))
        self.assertEqual(mounts["/data"]["source"], "voices")

    def test_redis_gets_its_password_and_the_gateway_the_address(self):
        chosen = {"TERMINAL_FEED_REDIS_PASSWORD": "abc123", "SYNAPSE_TERMINAL_FEED_BUS_MODE": "redis"}
        services = project(["local", "redis"], chosen)["services"]
        self.assertEqual(services["gateway"]["environment"]["SYNAPSE_TERMINAL_FEED_REDIS_URL"],
                         "redis://:abc123@synapse-terminal-feed-redis:6379")
        self.assertEqual(services["gateway"]["environment"]["SYNAPSE_TERMINAL_FEED_BUS_MODE"], "redis")
        redis = services["synapse-terminal-feed-redis"]
        self.assertNotIn("abc123", json.dumps([redis["command"], redis["entrypoint"], redis["healthcheck"]]))
        without = project(["local"])["services"]["gateway"]["environment"]
        self.assertEqual(without["SYNAPSE_TERMINAL_FEED_BUS_MODE"], "local")
        self.assertEqual(without["SYNAPSE_TERMINAL_FEED_REDIS_URL"], "")

    def test_redis_refuses_to_start_without_a_usable_password(self):
        script = REAL["services"]["synapse-terminal-feed-redis"]["command"][0].replace("$$", "$")
        with tempfile.TemporaryDirectory() as directory:
            stand_in = Path(directory) / "redis-server"
            stand_in.write_text("#!/bin/sh\ncat \"$1\"\n", encoding="ascii")
            stand_in.chmod(0o755)
            script = script.replace("/run/redis", directory)

            def start(password):
                variables = {"PATH": f"{directory}:{os.environ['PATH']}", "REDISCLI_AUTH": password}
                return subprocess.run(["sh", "-c", script], check=False, capture_output=True, text=True,
                                      env=variables)
            for password in ("", "a b", 'a"b', "a@b", "a/b"):
                done = start(password)
                self.assertEqual(done.returncode, 1, password)
                self.assertIn("TERMINAL_FEED_REDIS_PASSWORD", done.stderr)
            done = start("abc123")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn('requirepass "abc123"\n', done.stdout)
            self.assertIn('save ""\n', done.stdout)

    def test_every_variable_of_the_gateway_is_one_that_it_knows(self):
        known = set(re.findall(r"(?m)^\| `(SYNAPSE_\w+)` \|",
                               (ROOT / "docs/CONFIGURATION.md").read_text(encoding="utf-8")))
        self.assertTrue(known)
        self.assertLessEqual(set(ALL_LOCAL["services"]["gateway"]["environment"]), known)


if __name__ == "__main__":
    unittest.main(verbosity=2)
