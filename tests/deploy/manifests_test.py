#!/usr/bin/env python3
"""The manifests as a cluster would see them: every overlay is built with `kubectl kustomize`, checked against
the schemas of two versions of Kubernetes, and held to the rules that the documents promise.

Needs what tests/deploy/run.sh installs. No cluster and no network.
"""

import json
import os
import re
import subprocess
import tempfile
import unittest
from functools import lru_cache
from pathlib import Path

import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "manifests"
KUBECTL = os.environ.get("KUBECTL_BIN", "kubectl")
# The newest that the package knows, and one that is a year older.
VERSIONS = ("1.33", "1.37")
PHASES = ["phase1", "phase2-llm", "phase3-stt", "phase4-speaker", "phase5-audio"]
BACKENDS = {"llama-embed": 8081, "llama-router": 8082, "chatterbox-tts": 8004, "whisper-stt": 8010,
            "pyannote-speaker": 8011, "deepfilter-audio": 8012}
# Kinds that an operator brings; no schema of Kubernetes has them.
FOREIGN_KINDS = {"HelmChartConfig", "ServiceMonitor", "PrometheusRule"}
# Containers without a limit of CPU, each with its reason in the manifest.
WITHOUT_CPU_LIMIT = {"gateway"}


def folders():
    """All folders with a kustomization that can be built alone."""
    for path in sorted(MANIFESTS.rglob("kustomization.yaml")):
        if yaml.safe_load(path.read_text())["kind"] == "Kustomization":
            yield path.parent.relative_to(MANIFESTS).as_posix()


def component(name):
    """The objects that a component adds, by kind and name."""
    folder = MANIFESTS / "components" / name
    found = {}
    for resource in yaml.safe_load((folder / "kustomization.yaml").read_text()).get("resources", []):
        for thing in yaml.safe_load_all((folder / resource).read_text()):
            found[key(thing)] = thing
    return found


@lru_cache(maxsize=None)
def build(folder):
    """The objects of a folder below manifests/."""
    done = subprocess.run([KUBECTL, "kustomize", str(MANIFESTS / folder)], capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{folder} cannot be built: {done.stderr}")
    if done.stderr:
        raise AssertionError(f"{folder} is built with a complaint: {done.stderr}")
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def key(thing):
    return f"{thing['kind']}/{thing['metadata']['name']}"


def by_key(folder):
    return {key(each): each for each in build(folder)}


def pod_spec(thing):
    return thing["spec"]["template"]["spec"]


def workloads(folder):
    return [each for each in build(folder) if each["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job")]


def containers(spec):
    return [*spec.get("initContainers", []), *spec["containers"]]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def registry():
    return yaml.safe_load(read("config/backends.yaml"))


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)?", str(text)).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600, None: 1}[unit]


def environment(container):
    return {each["name"]: each for each in container.get("env", [])}


class EachFolder(unittest.TestCase):
    """What holds for everything that can be applied."""

    def test_every_folder_can_be_built(self):
        found = list(folders())
        for expected in ["infra", "infra/gpu", "infra/k3s", "apps/gateway", "overlays/local",
                         "overlays/monitoring", "examples/my-cluster", *(f"overlays/{each}" for each in PHASES)]:
            self.assertIn(expected, found)
        for folder in found:
            with self.subTest(folder):
                self.assertTrue(build(folder))

    def test_every_object_fits_the_schemas_of_two_versions(self):
        checked = set()
        for folder in folders():
            for thing in build(folder):
                text = json.dumps(thing, sort_keys=True)
                if thing["kind"] in FOREIGN_KINDS or text in checked:
                    continue
                checked.add(text)
                for version in VERSIONS:
                    with self.subTest(f"{folder}: {key(thing)} in {version}"):
                        kubernetes_validate.validate(thing, version, strict=True)
        self.assertGreater(len(checked), 40)

    def test_the_schemas_refuse_a_misspelt_key(self):
        thing = json.loads(json.dumps(by_key("apps/gateway")["Deployment/synapse-gateway"]))
        thing["spec"]["template"]["spec"]["containers"][0]["readinessProb"] = {}
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(thing, VERSIONS[0], strict=True)

    def test_no_object_is_there_twice(self):
        for folder in folders():
            keys = [key(each) for each in build(folder)]
            self.assertEqual(len(keys), len(set(keys)), folder)

    def test_every_object_says_that_it_is_ours(self):
        for folder in folders():
            for thing in build(folder):
                with self.subTest(f"{folder}: {key(thing)}"):
                    self.assertEqual(thing["metadata"].get("labels", {}).get("app.kubernetes.io/part-of"),
                                     "synapse")

    def test_all_that_has_a_namespace_is_in_ours(self):
        for folder in folders():
            for thing in build(folder):
                if thing["kind"] in ("Namespace", "RuntimeClass"):
                    continue
                outside = folder in ("infra/gpu", "infra/k3s")
                with self.subTest(f"{folder}: {key(thing)}"):
                    self.assertEqual(thing["metadata"].get("namespace"),
                                     "kube-system" if outside else "llm-infra")

    def test_another_namespace_reaches_every_object(self):
        (ROOT / "build").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
            overlay = os.path.relpath(MANIFESTS / "overlays/phase5-audio", folder)
            (Path(folder) / "kustomization.yaml").write_text(
                f"namespace: elsewhere\nresources: [{json.dumps(overlay)}]\n")
            done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True, timeout=60,
                                  check=True)
        things = {key(each): each for each in yaml.safe_load_all(done.stdout) if each}
        self.assertIn("Namespace/elsewhere", things)
        for name, thing in things.items():
            if thing["kind"] != "Namespace":
                self.assertEqual(thing["metadata"]["namespace"], "elsewhere", name)
        binding = things["RoleBinding/synapse-gateway-llama-router-runtime"]
        self.assertEqual(binding["subjects"][0]["namespace"], "elsewhere")
        self.assertNotIn("llm-infra", done.stdout.replace("llama-router", ""))

    def test_no_secret_is_among_them(self):
        for folder in folders():
            self.assertEqual([key(each) for each in build(folder) if each["kind"] == "Secret"], [], folder)

    def test_what_is_referred_to_is_there(self):
        """Names of ConfigMaps, volumes, service accounts and Services, in what is applied as a whole."""
        secrets = set()
        for path in (MANIFESTS / "examples").glob("*.yaml"):
            for thing in yaml.safe_load_all(path.read_text()):
                secrets.add((thing["metadata"]["name"], *sorted(thing["stringData"])))
        known = {name: set(keys) for name, *keys in secrets}
        for folder in [f"overlays/{each}" for each in [*PHASES, "local", "monitoring"]]:
            things = by_key(folder)
            for work in workloads(folder):
                spec = pod_spec(work)
                with self.subTest(f"{folder}: {key(work)}"):
                    if "serviceAccountName" in spec:
                        self.assertIn("ServiceAccount/" + spec["serviceAccountName"], things)
                    for volume in spec.get("volumes", []):
                        if "configMap" in volume:
                            self.assertIn("ConfigMap/" + volume["configMap"]["name"], things)
                        if "persistentVolumeClaim" in volume:
                            self.assertIn("PersistentVolumeClaim/"
                                          + volume["persistentVolumeClaim"]["claimName"], things)
                    names = {each["name"] for each in spec.get("volumes", [])}
                    for container in containers(spec):
                        for mount in container.get("volumeMounts", []):
                            self.assertIn(mount["name"], names)
                        for variable in container.get("env", []):
                            source = variable.get("valueFrom", {}).get("secretKeyRef")
                            if source:
                                self.assertIn(source["key"], known[source["name"]])
            for ingress in (each for each in things.values() if each["kind"] == "Ingress"):
                for rule in ingress["spec"]["rules"]:
                    for path in rule["http"]["paths"]:
                        service = path["backend"]["service"]
                        ports = things["Service/" + service["name"]]["spec"]["ports"]
                        self.assertIn(service["port"]["name"], [each["name"] for each in ports])


class EachPod(unittest.TestCase):
    """The rules of a pod; every container of every overlay, also those of the examples."""

    def each_container(self):
        for folder in folders():
            for work in workloads(folder):
                for container in containers(pod_spec(work)):
                    yield f"{folder}: {key(work)}/{container['name']}", work, pod_spec(work), container

    def ours(self):
        """Without the device plugin, which belongs to the node and not to us."""
        return (each for each in self.each_container() if not each[0].startswith("infra/gpu"))

    def test_none_runs_as_root_or_may_become_it(self):
        count = 0
        for name, _, spec, container in self.ours():
            count += 1
            with self.subTest(name):
                pod = spec["securityContext"]
                self.assertIs(pod["runAsNonRoot"], True)
                self.assertGreater(pod["runAsUser"], 0)
                self.assertEqual(pod["seccompProfile"], {"type": "RuntimeDefault"})
                own = container["securityContext"]
                self.assertIs(own["allowPrivilegeEscalation"], False)
                self.assertIs(own["readOnlyRootFilesystem"], True)
                self.assertEqual(own["capabilities"], {"drop": ["ALL"]})
                self.assertNotIn("privileged", own)
        self.assertGreater(count, 10)

    def test_none_shares_what_is_the_nodes(self):
        for name, _, spec, container in self.ours():
            with self.subTest(name):
                for field in ("hostNetwork", "hostPID", "hostIPC"):
                    self.assertNotIn(field, spec)
                self.assertEqual([v["name"] for v in spec.get("volumes", []) if "hostPath" in v], [])
                self.assertEqual([p for p in container.get("ports", []) if "hostPort" in p], [])

    def test_all_say_what_they_need_and_what_they_may_take(self):
        for name, _, _, container in self.each_container():
            with self.subTest(name):
                resources = container["resources"]
                self.assertLessEqual({"cpu", "memory"}, set(resources["requests"]))
                self.assertIn("memory", resources["limits"])
                if container["name"] not in WITHOUT_CPU_LIMIT:
                    self.assertIn("cpu", resources["limits"])

    def test_all_are_probed_and_have_time_to_start(self):
        for name, work, spec, container in self.ours():
            if container in spec.get("initContainers", []):
                continue
            with self.subTest(name):
                for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                    self.assertIn(probe, container)
                ports = {each["name"] for each in container["ports"]}
                for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                    for way in ("httpGet", "tcpSocket"):
                        if way in container[probe]:
                            self.assertIn(container[probe][way]["port"], ports)
                # A backend that fetches its model with the first start takes minutes.
                start = container["startupProbe"]
                if key(work).split("/")[1] in BACKENDS:
                    self.assertGreaterEqual(start["periodSeconds"] * start["failureThreshold"], 300)

    def test_what_hangs_is_not_given_the_time_of_a_drain(self):
        """The period of a pod's end counts for a failed probe, too, unless the probe has its own."""
        for name, work, spec, container in self.ours():
            if container in spec.get("initContainers", []):
                continue
            with self.subTest(name):
                for probe in ("startupProbe", "livenessProbe"):
                    period = container[probe].get("terminationGracePeriodSeconds",
                                                  spec["terminationGracePeriodSeconds"])
                    self.assertLessEqual(period, 15)

    def test_health_is_asked_where_the_registry_says(self):
        for name, backend in registry()["backends"].items():
            health = backend["health"]
            path = health if isinstance(health, str) else health["path"]
            container = pod_spec(by_key(f"apps/{name}")[f"Deployment/{name}"])["containers"][0]
            self.assertEqual(container["startupProbe"]["httpGet"]["path"], path, name)

    def test_only_the_gateway_has_a_key_to_the_cluster(self):
        for name, work, spec, _ in self.each_container():
            with self.subTest(name):
                if key(work) == "Deployment/synapse-gateway":
                    self.assertEqual(spec["serviceAccountName"], "synapse-gateway")
                else:
                    self.assertIs(spec["automountServiceAccountToken"], False)

    def test_images_have_a_name_and_no_latest_of_ours(self):
        for name, _, _, container in self.each_container():
            image = container["image"]
            with self.subTest(name):
                self.assertRegex(image, r"^[a-z0-9./:_@-]+$")
                if "/" not in image and image != "redis:7-alpine":  # named by `make deploy`: REGISTRY, GATEWAY_TAG
                    self.assertIn(image, {"synapse-gateway", "synapse-backends", "whisper-stt",
                                          "pyannote-speaker", "deepfilter-audio"})

    def test_selectors_find_their_own_pods_only(self):
        for folder in folders():
            works = workloads(folder)
            for work in works:
                selector = work["spec"]["selector"]["matchLabels"].items()
                found = [key(each) for each in works
                         if selector <= each["spec"]["template"]["metadata"]["labels"].items()]
                self.assertEqual(found, [key(work)], folder)


class Gateway(unittest.TestCase):
    def setUp(self):
        self.things = by_key("apps/gateway")
        self.deployment = self.things["Deployment/synapse-gateway"]
        self.spec = pod_spec(self.deployment)
        self.container = self.spec["containers"][0]
        self.env = environment(self.container)

    def test_its_registry_is_the_one_file(self):
        data = self.things["ConfigMap/synapse-gateway-config"]["data"]
        self.assertEqual(data, {"backends.yaml": read("config/backends.yaml")})

    def test_a_change_of_the_registry_reaches_the_running_pod(self):
        mount = next(each for each in self.container["volumeMounts"] if each["name"] == "config")
        self.assertNotIn("subPath", mount)
        self.assertEqual(f"{mount['mountPath']}/backends.yaml", self.env["SYNAPSE_GATEWAY_CONFIG_PATH"]["value"])

    def test_every_variable_is_one_that_the_gateway_knows(self):
        source = read("config/environment.cpp")
        for folder in folders():
            for work in workloads(folder):
                for container in containers(pod_spec(work)):
                    for name in environment(container):
                        if name.startswith("SYNAPSE_"):
                            self.assertIn(f'{{"{name}",', source, folder)

    def test_its_stop_is_given_the_time_that_the_drain_may_take(self):
        drain = registry()["drain"]
        wait = int(self.container["lifecycle"]["preStop"]["exec"]["command"][1])
        needed = wait + seconds(drain.get("delay", 0)) + seconds(drain["limit"])
        self.assertGreaterEqual(self.spec["terminationGracePeriodSeconds"], needed + 10)

    def test_its_probes_do_not_depend_on_backends(self):
        self.assertEqual(self.container["livenessProbe"]["httpGet"]["path"], "/livez")
        self.assertEqual(self.container["readinessProbe"]["httpGet"]["path"], "/readyz")

    def test_an_update_never_leaves_the_service_empty(self):
        self.assertEqual(self.deployment["spec"]["strategy"]["rollingUpdate"],
                         {"maxSurge": 1, "maxUnavailable": 0})

    def test_it_may_touch_one_deployment_and_nothing_else(self):
        roles = [each for each in self.things.values() if each["kind"] in ("Role", "ClusterRole")]
        self.assertEqual([each["rules"] for each in roles],
                         [[{"apiGroups": ["apps"], "resources": ["deployments"],
                            "resourceNames": ["llama-router"], "verbs": ["get", "patch"]}]])
        bindings = [each for each in self.things.values() if each["kind"].endswith("Binding")]
        self.assertEqual([each["kind"] for each in bindings], ["RoleBinding"])
        self.assertEqual(bindings[0]["roleRef"]["name"], roles[0]["metadata"]["name"])
        self.assertEqual([each["name"] for each in bindings[0]["subjects"]], [self.spec["serviceAccountName"]])

    def test_the_deployment_that_it_may_change_is_the_one_it_is_told_of(self):
        source = read("config/environment.cpp")
        self.assertIn('"SYNAPSE_LLAMA_ROUTER_DEPLOYMENT_NAME", "llama-router"', source)
        self.assertIn('"SYNAPSE_LLAMA_ROUTER_CONTAINER_NAME", "llama-server"', source)
        router = pod_spec(by_key("apps/llama-router")["Deployment/llama-router"])
        container = next(each for each in router["containers"] if each["name"] == "llama-server")
        self.assertIn("--ctx-size", container["args"])
        self.assertEqual(self.env["SYNAPSE_LLAMA_ROUTER_DEPLOYMENT_NAMESPACE"]["valueFrom"]["fieldRef"]["fieldPath"],
                         "metadata.namespace")

    def test_secrets_come_from_the_secret(self):
        for name in ("SYNAPSE_DASHBOARD_ACCESS_TOKEN", "SYNAPSE_TERMINAL_FEED_REDIS_URL"):
            source = self.env[name]["valueFrom"]["secretKeyRef"]
            self.assertEqual(source["name"], "synapse-gateway-secrets")
            self.assertNotIn("optional", source)

    def test_replicas_find_each_other_by_the_headless_service(self):
        service = self.things["Service/synapse-gateway-headless"]["spec"]
        self.assertEqual(service["clusterIP"], "None")
        self.assertIs(service["publishNotReadyAddresses"], True)
        ports = {each["name"]: each["containerPort"] for each in self.container["ports"]}
        self.assertEqual(ports[service["ports"][0]["targetPort"]], 7946)

    def test_the_budget_lets_a_node_be_emptied(self):
        budget = self.things["PodDisruptionBudget/synapse-gateway"]["spec"]
        self.assertEqual(budget["maxUnavailable"], 1)
        labels = self.deployment["spec"]["template"]["metadata"]["labels"]
        self.assertLessEqual(budget["selector"]["matchLabels"].items(), labels.items())


class Backends(unittest.TestCase):
    def test_every_backend_of_the_registry_is_served_by_its_name_and_port(self):
        for folder in ("overlays/phase5-audio", "overlays/local"):
            things = by_key(folder)
            works = workloads(folder)
            for name, backend in registry()["backends"].items():
                with self.subTest(f"{folder}: {name}"):
                    self.assertEqual(backend["url"], f"http://{name}:{BACKENDS[name]}")
                    service = things[f"Service/{name}"]["spec"]
                    port = next(each for each in service["ports"] if each["port"] == BACKENDS[name])
                    pods = [each for each in works
                            if service["selector"].items() <= each["spec"]["template"]["metadata"]["labels"].items()]
                    self.assertEqual(len(pods), 1)
                    ports = {each["name"] for each in pod_spec(pods[0])["containers"][0]["ports"]}
                    self.assertIn(port["targetPort"], ports)

    def test_servers_listen_where_their_ports_say(self):
        for name in ("llama-embed", "llama-router"):
            container = pod_spec(by_key(f"apps/{name}")[f"Deployment/{name}"])["containers"][0]
            args = container["args"]
            self.assertEqual(int(args[args.index("--port") + 1]), container["ports"][0]["containerPort"])

    def test_whoever_has_a_gpu_gives_it_back_before_the_next_one_starts(self):
        found = []
        for work in workloads("overlays/phase5-audio"):
            limits = [each["resources"]["limits"] for each in pod_spec(work)["containers"]]
            if any("nvidia.com/gpu" in each for each in limits):
                found.append(work["metadata"]["name"])
                self.assertEqual(work["spec"]["strategy"], {"type": "Recreate"})
                self.assertEqual(pod_spec(work)["runtimeClassName"], "nvidia")
        self.assertEqual(sorted(found), ["chatterbox-tts", "llama-router", "pyannote-speaker", "whisper-stt"])

    def test_a_gpu_is_sliced_often_enough_for_all_who_want_one(self):
        things = by_key("infra/gpu")
        config = yaml.safe_load(things["ConfigMap/nvidia-device-plugin-config"]["data"]["config.yaml"])
        slices = config["sharing"]["timeSlicing"]["resources"][0]
        self.assertEqual(slices["name"], "nvidia.com/gpu")
        self.assertGreaterEqual(slices["replicas"], 4)
        self.assertIn(things["DaemonSet/nvidia-device-plugin-daemonset"]["spec"]["template"]["spec"]["runtimeClassName"],
                      [each["metadata"]["name"] for each in things.values() if each["kind"] == "RuntimeClass"])

    def test_models_that_a_server_is_told_to_load_are_fetched_before(self):
        files = [line.split()[:2] for line in read("config/models/models.txt").splitlines()
                 if line and not line.startswith("#")]
        embed = pod_spec(by_key("apps/llama-embed")["Deployment/llama-embed"])
        args = embed["containers"][0]["args"]
        self.assertIn(args[args.index("--model") + 1], [f"/models/{name}" for group, name in files if group == "embed"])
        router = pod_spec(by_key("apps/llama-router")["Deployment/llama-router"])
        args = router["containers"][0]["args"]
        for group, name in files:
            if group == "llm":
                self.assertEqual(f"/models/{Path(name).parent}", args[args.index("--models-dir") + 1])
        for spec, group in ((embed, "embed"), (router, "llm")):
            self.assertEqual(spec["initContainers"][0]["command"][-1], group)

    def test_models_that_the_gateway_chooses_by_itself_are_among_them(self):
        names = {Path(line.split()[1]).stem for line in read("config/models/models.txt").splitlines()
                 if line.startswith("llm ")}
        source = read("config/settings.hpp") + read("config/defaults/model_defaults.cpp")
        for name in ("Qwen3-8B-Q4_K_M", "Qwen2.5-Coder-7B-Instruct-Q4_K_M"):
            self.assertIn(f'"{name}"', source)
            self.assertIn(name, names)


class Network(unittest.TestCase):
    @staticmethod
    def selects(selector, labels):
        return selector.get("matchLabels", {}).items() <= labels.items()

    def test_ports_of_policies_say_their_protocol(self):
        """Left out it is TCP, but `kubectl apply` would find a difference each time."""
        for folder in folders():
            for thing in build(folder):
                if thing["kind"] == "NetworkPolicy":
                    for rule in thing["spec"].get("ingress", []):
                        for port in rule["ports"]:
                            self.assertEqual(port.get("protocol"), "TCP", key(thing))

    def may_connect(self, things, source, target, port):
        """What the policies say: is `source` (labels) let in at the port of that name?"""
        policies = [each["spec"] for each in things if each["kind"] == "NetworkPolicy"
                    and self.selects(each["spec"]["podSelector"], target)]
        self.assertTrue(policies, "nothing protects it")
        for policy in policies:
            for rule in policy.get("ingress", []):
                ports = [each["port"] for each in rule.get("ports", [])]
                froms = rule.get("from")
                if port in ports and (froms is None or any(self.selects(each["podSelector"], source)
                                                           for each in froms)):
                    return True
        return False

    def test_only_the_gateway_reaches_backends_and_redis(self):
        gateway = {"app": "synapse-gateway"}
        for folder in [f"overlays/{each}" for each in [*PHASES, "local"]]:
            things = build(folder)
            checked = 0
            for work in workloads(folder):
                labels = work["spec"]["template"]["metadata"]["labels"]
                if key(work) == "Deployment/synapse-gateway":
                    continue
                for container in pod_spec(work)["containers"]:
                    for port in container["ports"]:
                        checked += 1
                        with self.subTest(f"{folder}: {key(work)} {port['name']}"):
                            self.assertTrue(self.may_connect(things, gateway, labels, port["name"]))
                            for stranger in ({"app": "stranger"}, {"app": "llama-router"}, {}):
                                self.assertFalse(self.may_connect(things, stranger, labels, port["name"]))
            self.assertGreater(checked, 2)

    def test_the_gateway_is_open_to_all_but_its_port_for_replicas_is_not(self):
        things = build("overlays/phase1")
        labels = {"app": "synapse-gateway"}
        self.assertTrue(self.may_connect(things, {"app": "anybody"}, labels, "http"))
        self.assertTrue(self.may_connect(things, labels, labels, "cluster"))
        self.assertFalse(self.may_connect(things, {"app": "anybody"}, labels, "cluster"))

    def test_what_nobody_thought_of_is_closed(self):
        deny = by_key("infra")["NetworkPolicy/default-deny-ingress"]["spec"]
        self.assertEqual(deny, {"podSelector": {}, "policyTypes": ["Ingress"]})

    def test_no_service_opens_a_port_of_the_node(self):
        for folder in folders():
            for thing in build(folder):
                if thing["kind"] == "Service":
                    self.assertEqual(thing["spec"].get("type", "ClusterIP"), "ClusterIP", key(thing))

    def test_the_ingress_neither_collects_nor_gives_up_streams(self):
        ingress = by_key("infra")["Ingress/synapse-ingress"]
        notes = ingress["metadata"]["annotations"]
        nginx = "nginx.ingress.kubernetes.io/"
        self.assertEqual(notes[nginx + "proxy-buffering"], "off")
        self.assertEqual(notes[nginx + "proxy-request-buffering"], "off")
        self.assertEqual(notes[nginx + "proxy-next-upstream"], "off")
        # No backend is given more time than this.
        self.assertGreaterEqual(int(notes[nginx + "proxy-read-timeout"]), 600)
        self.assertIn("max_upload_bytes: 2GiB", read("config/backends.yaml"))
        self.assertEqual(notes[nginx + "proxy-body-size"], "2g")
        self.assertEqual(notes["traefik.ingress.kubernetes.io/router.entrypoints"], "websecure")
        hosts = [each["host"] for each in ingress["spec"]["rules"]]
        self.assertEqual(ingress["spec"]["tls"][0]["hosts"], hosts)
        self.assertTrue(ingress["spec"]["tls"][0]["secretName"])


class Phases(unittest.TestCase):
    def test_each_phase_adds_to_the_one_before_and_changes_nothing(self):
        added = {"phase2-llm": "llama-router", "phase3-stt": "whisper-stt", "phase4-speaker": "pyannote-speaker",
                 "phase5-audio": "deepfilter-audio"}
        for before, after in zip(PHASES, PHASES[1:]):
            old, new = by_key(f"overlays/{before}"), by_key(f"overlays/{after}")
            self.assertEqual({name: new.get(name) for name in old}, old)
            name = added[after]
            self.assertEqual(set(new) - set(old), {f"Deployment/{name}", f"Service/{name}"})

    def test_the_last_phase_has_every_app(self):
        apps = {each.name for each in (MANIFESTS / "apps").iterdir()} - {"local-backends"}
        things = set(by_key("overlays/phase5-audio"))
        for app in apps:
            for name in by_key(f"apps/{app}"):
                self.assertIn(name, things)

    def test_what_can_be_kept_is_asked_for_before_anything_else(self):
        claims = {name for name in by_key("overlays/phase1") if name.startswith("PersistentVolumeClaim/")}
        self.assertEqual(claims, {name for name in by_key("infra") if name.startswith("PersistentVolumeClaim/")})

    def test_the_local_overlay_needs_no_gpu_no_models_and_no_other_images(self):
        for work in workloads("overlays/local"):
            spec = pod_spec(work)
            self.assertNotIn("runtimeClassName", spec)
            for container in containers(spec):
                self.assertNotIn("nvidia.com/gpu", container["resources"]["limits"])
                self.assertIn(container["image"], {"synapse-gateway", "synapse-backends", "redis:7-alpine"})
        claims = [name for name in by_key("overlays/local") if name.startswith("PersistentVolumeClaim/")]
        self.assertEqual(claims, ["PersistentVolumeClaim/synapse-voices"])

    def test_the_local_overlay_has_the_gateway_as_it_is(self):
        self.assertEqual(by_key("overlays/local")["Deployment/synapse-gateway"],
                         by_key("overlays/phase5-audio")["Deployment/synapse-gateway"])

    def test_monitoring_changes_the_gateways_notes_and_nothing_else(self):
        plain, watched = by_key("overlays/phase5-audio"), by_key("overlays/monitoring")
        changed = [name for name in watched if watched[name] != plain.get(name)]
        self.assertEqual(changed, ["Deployment/synapse-gateway"])
        notes = watched[changed[0]]["spec"]["template"]["metadata"]["annotations"]
        self.assertEqual(notes["prometheus.io/path"], "/metrics")
        port = pod_spec(watched[changed[0]])["containers"][0]["ports"][0]["containerPort"]
        self.assertEqual(notes["prometheus.io/port"], str(port))


class Components(unittest.TestCase):
    def setUp(self):
        self.things = by_key("examples/my-cluster")
        self.gateway = self.things["Deployment/synapse-gateway"]
        self.env = environment(pod_spec(self.gateway)["containers"][0])

    def test_the_autoscaler_alone_says_how_many_replicas_there_are(self):
        self.assertNotIn("replicas", self.gateway["spec"])
        scaler = self.things["HorizontalPodAutoscaler/synapse-gateway"]["spec"]
        self.assertEqual((scaler["scaleTargetRef"]["kind"], scaler["scaleTargetRef"]["name"]),
                         ("Deployment", "synapse-gateway"))
        self.assertGreaterEqual(scaler["minReplicas"], 2)
        self.assertGreater(scaler["maxReplicas"], scaler["minReplicas"])
        self.assertEqual(scaler["behavior"]["scaleDown"]["policies"][0]["value"], 1)
        # A share of what is asked for, so it has to be asked for.
        self.assertIn("cpu", pod_spec(self.gateway)["containers"][0]["resources"]["requests"])

    def test_replicas_that_connect_directly_need_no_redis(self):
        self.assertEqual(self.env["SYNAPSE_TERMINAL_FEED_BUS_MODE"]["value"], "caf")
        self.assertNotIn("SYNAPSE_TERMINAL_FEED_REDIS_URL", self.env)
        self.assertEqual([name for name in self.things if "redis" in name], [])
        self.assertEqual(self.env["SYNAPSE_CLUSTER_LISTEN"]["valueFrom"]["fieldRef"]["fieldPath"], "status.podIP")
        self.assertIn("Service/" + self.env["SYNAPSE_CLUSTER_DNS"]["value"], self.things)
        spec = pod_spec(self.gateway)
        volume = next(each for each in spec["volumes"] if each["name"] == "cluster-secret")
        mount = next(each for each in spec["containers"][0]["volumeMounts"] if each["name"] == "cluster-secret")
        self.assertEqual(self.env["SYNAPSE_CLUSTER_SECRET_FILE"]["value"],
                         f"{mount['mountPath']}/{volume['secret']['items'][0]['path']}")
        # Readable for the group that the pod's volumes belong to.
        self.assertEqual(volume["secret"]["defaultMode"], 0o440)
        example = yaml.safe_load(read("manifests/examples/gateway-secrets.example.yaml"))
        self.assertIn(volume["secret"]["items"][0]["key"], example["stringData"])

    def test_alerts_speak_of_metrics_and_values_that_there_are(self):
        sources = "".join(path.read_text() for path in (ROOT / "telemetry").glob("*.[ch]pp"))
        texts = "".join((ROOT / path).read_text()
                        for path in ("telemetry/metric_labels.hpp", "routing/failure/verdict_words.hpp"))
        groups = component("prometheus-operator")["PrometheusRule/synapse-gateway"]["spec"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        self.assertGreater(len(rules), 5)
        for rule in rules:
            with self.subTest(rule["alert"]):
                for metric in re.findall(r"\bsynapse_\w+", rule["expr"]):
                    self.assertIn(f'"{metric}"', sources)
                for label, values in re.findall(r'(\w+)(?:=~|!~|!=|=)"([^"]*)"', rule["expr"]):
                    self.assertIn(f'"{label}"', sources)
                    for value in values.split("|"):
                        if label != "code":
                            self.assertTrue(f'"{value}"' in texts or f'"{value}"' in sources, value)

    def test_every_alert_is_explained_in_the_operations_guide(self):
        guide = read("docs/OPERATIONS.md")
        for group in component("prometheus-operator")["PrometheusRule/synapse-gateway"]["spec"]["groups"]:
            for rule in group["rules"]:
                self.assertTrue(rule["alert"] in guide, rule["alert"])

    def test_what_an_operator_reads_is_ours_and_in_our_namespace(self):
        for name, thing in component("prometheus-operator").items():
            self.assertEqual(thing["metadata"]["namespace"], "llm-infra", name)
            self.assertEqual(thing["metadata"]["labels"]["app.kubernetes.io/part-of"], "synapse", name)

    def test_the_component_for_an_operator_can_be_built(self):
        (ROOT / "build").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
            path = os.path.relpath(MANIFESTS, folder)
            (Path(folder) / "kustomization.yaml").write_text(
                f"resources: [{path}/overlays/phase1]\ncomponents: [{path}/components/prometheus-operator]\n")
            done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True, timeout=60,
                                  check=True)
        found = {key(each) for each in yaml.safe_load_all(done.stdout) if each}
        self.assertLessEqual(set(component("prometheus-operator")), found)

    def test_the_monitor_finds_the_service_that_serves_requests_and_only_that(self):
        monitor = component("prometheus-operator")["ServiceMonitor/synapse-gateway"]["spec"]
        found = [each for each in self.things.values() if each["kind"] == "Service"
                 and monitor["selector"]["matchLabels"].items() <= each["metadata"]["labels"].items()
                 and monitor["endpoints"][0]["port"] in [port["name"] for port in each["spec"]["ports"]]]
        self.assertEqual([key(each) for each in found], ["Service/synapse-gateway"])


class FetchModels(unittest.TestCase):
    """The init containers' script, with a curl that is a program of the test's."""

    CURL = """#!/bin/sh
echo "$@" >>"$CALLS"
case " $* " in
  *" --head "*) [ -z "$SIZE" ] || printf 'HTTP/1.1 302 Found\\r\\nContent-Length: 3\\r\\n\\r\\nContent-Length: %s\\r\\n' "$SIZE"; exit 0 ;;
esac
while [ "$1" != --output ]; do shift; done
printf '%s' "$BODY" >>"$2"
exit "$STATUS"
"""

    def fetch(self, group="embed", body="GGUF-model", status=0, size="", before=None):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            (folder / "curl").write_text(self.CURL)
            (folder / "curl").chmod(0o755)
            calls = folder / "calls"
            calls.write_text("")
            listing = folder / "list.txt"
            listing.write_text("# a comment\nembed embeddings/a.gguf http://models.test/a.gguf\n"
                               "llm llm/b.gguf http://models.test/b.gguf\n")
            models = folder / "models"
            (models / "embeddings").mkdir(parents=True)
            for name, text in (before or {}).items():
                (models / name).write_text(text)
            done = subprocess.run(
                ["sh", str(ROOT / "config/models/fetch-models.sh"), str(listing), str(models), group],
                env={"PATH": f"{folder}:/usr/bin:/bin", "CALLS": str(calls), "BODY": body, "STATUS": str(status),
                     "SIZE": str(size)},
                capture_output=True, text=True, timeout=30, check=False)
            files = {path.relative_to(models).as_posix(): path.read_text()
                     for path in models.rglob("*") if path.is_file()}
            return done, files, calls.read_text().splitlines()

    def test_a_model_is_fetched_and_gets_its_name_when_it_is_whole(self):
        done, files, calls = self.fetch()
        self.assertEqual((done.returncode, files), (0, {"embeddings/a.gguf": "GGUF-model"}), done.stderr)
        self.assertTrue(all("b.gguf" not in each for each in calls))

    def test_what_is_there_is_not_fetched_again(self):
        done, files, calls = self.fetch(before={"embeddings/a.gguf": "GGUF-old"})
        self.assertEqual((done.returncode, files, calls), (0, {"embeddings/a.gguf": "GGUF-old"}, []))

    def test_a_broken_download_fails_and_goes_on_with_the_next_try(self):
        done, files, _ = self.fetch(body="GGUF-ha", status=18)
        self.assertEqual((done.returncode, files), (1, {"embeddings/a.gguf.part": "GGUF-ha"}))
        done, files, calls = self.fetch(body="lf", size=9, before={"embeddings/a.gguf.part": "GGUF-ha"})
        self.assertEqual((done.returncode, files), (0, {"embeddings/a.gguf": "GGUF-half"}), done.stderr)
        self.assertIn("--continue-at -", calls[-1])

    def test_a_whole_file_that_lacks_only_its_name_is_not_asked_for_again(self):
        done, files, calls = self.fetch(size=10, status=22, before={"embeddings/a.gguf.part": "GGUF-model"})
        self.assertEqual((done.returncode, files), (0, {"embeddings/a.gguf": "GGUF-model"}), done.stderr)
        self.assertEqual(len(calls), 1)

    def test_a_page_instead_of_a_model_is_no_model(self):
        done, files, _ = self.fetch(body="<html>sign in</html>")
        self.assertEqual((done.returncode, files), (1, {}))
        self.assertIn("is no GGUF file", done.stderr)

    def test_a_group_that_does_not_exist_is_an_error(self):
        done, _, _ = self.fetch(group="speech")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no group 'speech'", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
