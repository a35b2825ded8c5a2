"""Every make target that has to do with a cluster, an image or another machine, against stand-ins.

What is compared: the calls, word by word and in order, and the objects that go to the cluster. Then the
ways in which it can go wrong: a clear message, a status that is not zero, and nothing changed.
"""

import base64
import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent / "stand_ins"))
from project import GATEWAY_BIN, RSYNC_BIN, ROOT, SERVER, Project  # noqa: E402

REGISTRY = "registry.example.org/ai"
VERSION = re.search(r"project\(synapse VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
DIGEST = "sha256:" + "5" * 64
APPS = {"gateway": "synapse-gateway", "embed": "llama-embed", "llm": "llama-router", "tts": "chatterbox-tts",
        "stt": "whisper-stt", "speaker": "pyannote-speaker", "audio": "deepfilter-audio",
        "feed-bus": "synapse-terminal-feed-redis"}
GATEWAY_OBJECTS = {
    ("ServiceAccount", "synapse-gateway"), ("Role", "synapse-gateway-llama-router-runtime"),
    ("RoleBinding", "synapse-gateway-llama-router-runtime"), ("ConfigMap", "synapse-gateway-config"),
    ("Service", "synapse-gateway"), ("Service", "synapse-gateway-headless"), ("Deployment", "synapse-gateway"),
    ("PodDisruptionBudget", "synapse-gateway")}
VOLUMES = {"synapse-voices", "synapse-models", "chatterbox-model-cache", "chatterbox-hf-cache",
           "whisper-model-cache", "pyannote-model-cache"}

# What a deployment asks before it changes anything.
LOOK = ["config current-context", "config view --minify -o jsonpath={.clusters[0].cluster.server}",
        "--request-timeout=15s version"]
RENDER = "kustomize build/deploy/X"
NAMESPACE = "--request-timeout=15s get namespace llm-infra -o name"
SECRET = "--request-timeout=15s get secret synapse-gateway-secrets -o name --namespace llm-infra"
TOKEN = "--request-timeout=15s get secret pyannote-hf-token -o name --namespace llm-infra"
AUTOSCALER = "--request-timeout=15s get horizontalpodautoscaler synapse-gateway -o name --namespace llm-infra"
APPLY = "apply -f -"
APPLY_SECRET = ("apply --server-side --force-conflicts --field-manager=synapse-make --namespace llm-infra -f -")
READ_SECRET = "annotate --local -f gateway-secrets.yaml -o json checked-by=synapse"
READ_TOKEN = "annotate --local -f huggingface-token.yaml -o json checked-by=synapse"


def rollout(name, timeout="300s"):
    return f"--namespace llm-infra rollout status deployment/{name} --timeout={timeout}"


class Deploying(Project):
    covered = set()  # of the Makefile's targets, by all tests of this file
    begun = set()  # the classes of this file

    @classmethod
    def setUpClass(cls):
        Deploying.begun.add(cls)

    def target(self, name, *words, **env):
        Deploying.covered.add(name)
        return self.make(name, f"REGISTRY={REGISTRY}", *words, **env)

    def applied(self):
        """The objects of each `apply`, in order."""
        return [[each for each in yaml.safe_load_all(call["stdin"]) if each]
                for call in self.raw_calls() if call["program"] == "kubectl" and "apply" in call["argv"]]

    @staticmethod
    def names(objects):
        return {(each["kind"], each["metadata"]["name"]) for each in objects}

    @staticmethod
    def images(objects):
        found = set()
        for each in objects:
            pod = each.get("spec", {}).get("template", {}).get("spec", {})
            found |= {container["image"] for container in pod.get("containers", [])}
        return found

    def expect_namespace(self, objects, namespace):
        for each in objects:
            if each["kind"] != "Namespace":
                self.assertEqual(each["metadata"].get("namespace"), namespace, each["metadata"]["name"])


class SingleParts(Deploying):
    def expect_part(self, part, target, objects, image, waits):
        self.cluster()
        done = self.target(target)
        self.assertEqual(done.status, 0, done.output)
        needed = {"gateway": [SECRET, AUTOSCALER], "feed-bus": [SECRET], "speaker": [TOKEN]}.get(part, [])
        name = APPS[part]
        self.assertEqual(self.kubectl(), [RENDER, *LOOK, NAMESPACE, *needed, APPLY,
                                          *([rollout(name)] if waits else [])])
        (sent,) = self.applied()
        self.assertEqual(self.names(sent), objects)
        self.assertEqual(self.images(sent), {image})
        self.expect_namespace(sent, "llm-infra")
        self.assertIn(f"Cluster: context test-context, {SERVER}, namespace llm-infra", done.output)
        self.assertEqual("Not waited for" in done.output, not waits)

    def expect_backend(self, part, image, waits=False):
        name = APPS[part]
        target = "deploy-terminal-feed-bus" if part == "feed-bus" else f"deploy-{part}"
        self.expect_part(part, target, {("Deployment", name), ("Service", name)}, image, waits)

    def test_gateway(self):
        self.expect_part("gateway", "deploy-gateway", GATEWAY_OBJECTS, f"{REGISTRY}/synapse-gateway:{VERSION}", True)

    def test_embed(self):
        self.expect_backend("embed", "ghcr.io/ggml-org/llama.cpp:server")

    def test_llm(self):
        self.expect_backend("llm", "ghcr.io/ggml-org/llama.cpp:server-cuda")

    def test_tts(self):
        self.expect_backend("tts", "ghcr.io/devnen/chatterbox-tts-server:latest")

    def test_stt(self):
        self.expect_backend("stt", f"{REGISTRY}/whisper-stt")

    def test_speaker(self):
        self.expect_backend("speaker", f"{REGISTRY}/pyannote-speaker")

    def test_audio(self):
        self.expect_backend("audio", f"{REGISTRY}/deepfilter-audio")

    def test_terminal_feed_bus(self):
        self.expect_backend("feed-bus", "redis:7-alpine", waits=True)

    def test_infra(self):
        self.cluster(there=False)
        done = self.target("deploy-infra", "INGRESS_HOST=ai.example.org", "INGRESS_TLS_SECRET=ai-tls")
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.kubectl(), [RENDER, *LOOK, APPLY])
        (sent,) = self.applied()
        self.assertEqual({name for kind, name in self.names(sent) if kind == "PersistentVolumeClaim"}, VOLUMES)
        self.assertIn(("Namespace", "llm-infra"), self.names(sent))
        self.expect_namespace(sent, "llm-infra")
        (ingress,) = [each["spec"] for each in sent if each["kind"] == "Ingress"]
        self.assertEqual([rule["host"] for rule in ingress["rules"]], ["ai.example.org"])
        self.assertEqual(ingress["tls"], [{"hosts": ["ai.example.org"], "secretName": "ai-tls"}])

    def test_gpu_time_slicing_is_outside_of_the_namespace(self):
        self.cluster(there=False)
        done = self.target("deploy-gpu-time-slicing")
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.kubectl(), [RENDER, *LOOK, APPLY])
        (sent,) = self.applied()
        self.assertIn(("DaemonSet", "nvidia-device-plugin-daemonset"), self.names(sent))
        self.assertNotIn("llm-infra", json.dumps(sent))

    def test_traefik_timeouts_are_outside_of_the_namespace(self):
        self.cluster(there=False)
        done = self.target("deploy-traefik-timeouts")
        self.assertEqual(done.status, 0, done.output)
        (sent,) = self.applied()
        self.assertEqual([(each["kind"], each["metadata"]["namespace"]) for each in sent],
                         [("HelmChartConfig", "kube-system")])

    def monitored(self, kinds):
        self.cluster()
        self.answer("kubectl", "api-resources", stdout=kinds)
        done = self.target("deploy-monitoring")
        self.assertEqual(done.status, 0, done.output)
        (sent,) = self.applied()
        (gateway,) = [each for each in sent if each["kind"] == "Deployment"]
        self.assertEqual(gateway["spec"]["template"]["metadata"]["annotations"]["prometheus.io/scrape"], "true")
        return self.names(sent)

    def test_monitoring(self):
        self.assertEqual(self.monitored(""), GATEWAY_OBJECTS)

    def test_monitoring_by_the_prometheus_operator(self):
        self.assertEqual(self.monitored("prometheusrules.monitoring.coreos.com\nservicemonitors.monitoring.coreos.com\n"),
                         GATEWAY_OBJECTS | {("ServiceMonitor", "synapse-gateway"), ("PrometheusRule", "synapse-gateway")})

    def test_variables_reach_what_is_sent(self):
        self.cluster("other")
        done = self.target("deploy-gateway", "NAMESPACE=other", "GATEWAY_TAG=9.9", "TIMEOUT=7m",
                           "COMPONENTS=autoscaling")
        self.assertEqual(done.status, 0, done.output)
        (sent,) = self.applied()
        self.expect_namespace(sent, "other")
        self.assertEqual(self.images(sent), {f"{REGISTRY}/synapse-gateway:9.9"})
        self.assertEqual(self.names(sent) - GATEWAY_OBJECTS, {("HorizontalPodAutoscaler", "synapse-gateway")})
        self.assertEqual(self.kubectl()[-1],
                         "--namespace other rollout status deployment/synapse-gateway --timeout=7m")

    def test_an_autoscaler_that_is_there_keeps_its_replicas(self):
        self.cluster()
        for target in ("deploy-gateway", "deploy-phase1"):
            self.answer("kubectl", "get horizontalpodautoscaler", stdout="horizontalpodautoscaler.autoscaling/synapse-gateway\n")
            done = self.target(target)
            self.assertEqual(done.status, 0, done.output)
            (gateway,) = [each for each in self.applied()[-1] if each["metadata"]["name"] == "synapse-gateway"
                          and each["kind"] == "Deployment"]
            self.assertNotIn("replicas", gateway["spec"])
            self.assertIn("An autoscaler is in the cluster", done.output)
            self.not_found("horizontalpodautoscaler", "synapse-gateway")
            self.target(target)
            (gateway,) = [each for each in self.applied()[-1] if each["metadata"]["name"] == "synapse-gateway"
                          and each["kind"] == "Deployment"]
            self.assertEqual(gateway["spec"]["replicas"], 1)

    def test_a_digest_pins_the_image(self):
        self.cluster()
        self.target("deploy-gateway", f"GATEWAY_DIGEST={DIGEST}")
        self.assertEqual(self.images(self.applied()[0]), {f"{REGISTRY}/synapse-gateway@{DIGEST}"})

    def test_images_that_the_nodes_have(self):
        self.cluster()
        self.make("deploy-gateway", "REGISTRY=none")
        self.assertEqual(self.images(self.applied()[0]), {f"synapse-gateway:{VERSION}"})

    def test_values_of_deploy_mk(self):
        self.cluster("mine")
        (self.root / "deploy.mk").write_text("NAMESPACE := mine\nREGISTRY := reg.example.org:5000\n")
        done = self.make("deploy-gateway")
        self.assertEqual(done.status, 0, done.output)
        self.expect_namespace(self.applied()[0], "mine")
        self.assertEqual(self.images(self.applied()[0]), {f"reg.example.org:5000/synapse-gateway:{VERSION}"})

    def test_waiting_for_all_and_for_none(self):
        self.cluster()
        self.assertEqual(self.target("deploy-embed", "WAIT=1").status, 0)
        self.assertEqual(self.kubectl()[-1], rollout("llama-embed"))
        self.assertEqual(self.target("deploy-gateway", "WAIT=0").status, 0)
        self.assertEqual(self.kubectl()[-1], APPLY)

    def test_kubectl_may_be_several_words(self):
        self.cluster()
        done = self.target("deploy-embed", "KUBECTL=sudo kubectl")
        self.assertEqual(done.status, 0, done.output)
        self.assertIn(("sudo", "kubectl apply -f -"), self.calls("sudo"))


class Secrets(Deploying):
    def test_the_gateways_secret(self):
        self.cluster()
        self.secrets_file()
        done = self.target("deploy-gateway-secrets")
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.kubectl(), [READ_SECRET, *LOOK, NAMESPACE, APPLY_SECRET])
        ((secret,),) = self.applied()
        self.assertEqual((secret["metadata"]["name"], secret["metadata"]["namespace"]),
                         ("synapse-gateway-secrets", "llm-infra"))
        self.assertEqual({key: base64.b64decode(value).decode() for key, value in secret["data"].items()},
                         {"dashboard_access_token": "dash-token-value",
                          "terminal_feed_redis_password": "redis-pass-value",
                          "terminal_feed_redis_url": "redis://:redis-pass-value@synapse-terminal-feed-redis:6379/0",
                          "cluster_secret": "cluster-secret-value-0123"})

    def test_values_are_neither_printed_nor_on_a_command_line(self):
        self.cluster()
        self.secrets_file()
        done = self.target("deploy-gateway-secrets")
        lines = " ".join(text for _, text in self.calls())
        for value in ("dash-token-value", "redis-pass-value", "cluster-secret-value"):
            self.assertNotIn(value, done.output + lines)

    def test_the_huggingface_token(self):
        self.cluster()
        self.token_file()
        done = self.target("deploy-huggingface-secret")
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.kubectl(), [READ_TOKEN, *LOOK, NAMESPACE, APPLY_SECRET])
        ((secret,),) = self.applied()
        self.assertEqual(base64.b64decode(secret["data"]["HF_TOKEN"]).decode(), "hf_value")
        self.assertNotIn("hf_value", done.output)

    def refused(self, message, *words, target="deploy-gateway-secrets"):
        self.cluster()
        done = self.target(target, *words)
        self.expect_refused(done, 3, message)
        for value in ("dash-token-value", "redis-pass-value", "cluster-secret-value", "hf_value"):
            self.assertNotIn(value, done.output)
        return done.output

    def test_the_example_is_refused(self):
        output = self.refused("the placeholder CHANGE_ME is still in: cluster_secret, dashboard_access_token, "
                              "terminal_feed_redis_password, terminal_feed_redis_url")
        self.assertIn("manifests/examples/gateway-secrets.example.yaml", output)
        self.assertIn("cp manifests/examples/gateway-secrets.example.yaml gateway-secrets.yaml", output)

    def test_one_placeholder_is_enough(self):
        self.secrets_file(dashboard_access_token="x-CHANGE_ME-x")
        self.refused("gateway-secrets.yaml: the placeholder CHANGE_ME is still in: dashboard_access_token")

    def test_a_placeholder_in_base64(self):
        encoded = base64.b64encode(b"CHANGE_ME").decode()
        self.secrets_file(cluster_secret=None)
        with open(self.root / "gateway-secrets.yaml", "a") as file:
            file.write(f"data:\n  cluster_secret: {encoded}\n")
        self.refused("the placeholder CHANGE_ME is still in: cluster_secret")

    def test_a_missing_file(self):
        self.refused("there is no file my own.yaml", "GATEWAY_SECRETS_FILE=my own.yaml")

    def test_a_missing_and_an_empty_key(self):
        self.secrets_file(cluster_secret=None)
        self.refused("cluster_secret is missing or empty")
        self.secrets_file(dashboard_access_token="  ")
        self.refused("dashboard_access_token is missing or empty")

    def test_another_secret(self):
        self.token_file(name="gateway-secrets.yaml")
        self.refused("is to hold the Secret synapse-gateway-secrets, not pyannote-hf-token")

    def test_something_else_than_a_secret(self):
        (self.root / "gateway-secrets.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
        self.refused("is to hold one Secret named synapse-gateway-secrets; it holds: ConfigMap")

    def test_two_objects(self):
        self.secrets_file()
        text = (self.root / "gateway-secrets.yaml").read_text()
        (self.root / "gateway-secrets.yaml").write_text(f"{text}---\n{text}")
        self.refused("it holds: Secret, Secret")

    def test_no_yaml(self):
        (self.root / "gateway-secrets.yaml").write_text("stringData: {dash-token-value\n")
        self.refused("gateway-secrets.yaml: kubectl cannot read it as YAML")

    def test_another_namespace(self):
        self.secrets_file()
        text = (self.root / "gateway-secrets.yaml").read_text()
        (self.root / "gateway-secrets.yaml").write_text(text.replace("metadata:\n", "metadata:\n  namespace: other\n"))
        self.refused("is made for the namespace other, not for llm-infra")

    def test_passwords_that_differ(self):
        self.secrets_file(terminal_feed_redis_password="other-value")
        self.assertNotIn("other-value", self.refused("the password in terminal_feed_redis_url is not"))

    def test_a_password_with_signs_that_a_url_encodes(self):
        self.cluster()
        self.secrets_file(terminal_feed_redis_password="p/a:s@s%",
                          terminal_feed_redis_url="redis://:p%2Fa%3As%40s%25@synapse-terminal-feed-redis:6379")
        done = self.target("deploy-gateway-secrets")
        self.assertEqual(done.status, 0, done.output)

    def test_a_short_cluster_secret(self):
        self.secrets_file(cluster_secret="short")
        self.refused("cluster_secret has fewer than 16 bytes")

    def test_a_number_is_no_text(self):
        self.secrets_file(dashboard_access_token=12345)
        self.refused("dashboard_access_token is not text; put quotes around it")

    def test_the_huggingface_example_and_no_file_at_all(self):
        self.refused("HUGGINGFACE_SECRET_FILE is not set", target="deploy-huggingface-secret")
        self.refused("the placeholder CHANGE_ME is still in: HF_TOKEN",
                     "HUGGINGFACE_SECRET_FILE=manifests/examples/huggingface-token.example.yaml",
                     target="deploy-huggingface-secret")

    def test_a_namespace_that_is_not_there(self):
        self.cluster(there=False)
        self.secrets_file()
        self.expect_refused(self.target("deploy-gateway-secrets"), 3, "there is no namespace llm-infra",
                            "make deploy-infra")


class Whole(Deploying):
    PHASE1 = ["synapse-terminal-feed-redis", "llama-embed", "chatterbox-tts", "synapse-gateway"]
    ALL = [*PHASE1, "llama-router", "whisper-stt", "pyannote-speaker", "deepfilter-audio"]

    def deployments(self, objects):
        return sorted(name for kind, name in self.names(objects) if kind == "Deployment")

    def expect_whole(self, target, deployments, *words, questions=(AUTOSCALER,)):
        """With secrets in the cluster."""
        self.cluster()
        done = self.target(target, *words)
        self.assertEqual(done.status, 0, done.output)
        quick = [name for name in self.kubectl() if "rollout status" in name]
        self.assertEqual(self.kubectl(), [RENDER, *LOOK, SECRET, *questions, APPLY, *quick])
        (sent,) = self.applied()
        self.assertEqual(self.deployments(sent), sorted(deployments))
        self.expect_namespace(sent, "llm-infra")
        self.assertIn(("Namespace", "llm-infra"), self.names(sent))
        self.assertIn("secret/synapse-gateway-secrets stays as it is", done.output)
        return done, quick, sent

    def test_deploy(self):
        done, quick, sent = self.expect_whole("deploy", self.ALL, questions=[TOKEN, AUTOSCALER])
        self.assertEqual(sorted(quick), sorted(map(rollout, ("synapse-gateway", "synapse-terminal-feed-redis"))))
        self.assertEqual(self.images(sent), {
            f"{REGISTRY}/synapse-gateway:{VERSION}", f"{REGISTRY}/whisper-stt", f"{REGISTRY}/pyannote-speaker",
            f"{REGISTRY}/deepfilter-audio", "ghcr.io/ggml-org/llama.cpp:server", "redis:7-alpine",
            "ghcr.io/ggml-org/llama.cpp:server-cuda", "ghcr.io/devnen/chatterbox-tts-server:latest"})

    def test_deploy_of_a_phase(self):
        self.expect_whole("deploy", [*self.PHASE1, "llama-router"], "OVERLAY=phase2-llm")

    def test_deploy_of_ones_own_folder(self):
        _, _, sent = self.expect_whole("deploy", [name for name in self.ALL if "redis" not in name],
                                       "OVERLAY=manifests/examples/my-cluster", questions=[TOKEN])
        self.assertIn("registry.example.org/synapse-gateway:0.1.0", self.images(sent))

    def test_phase1(self):
        self.expect_whole("deploy-phase1", self.PHASE1)

    def test_local_needs_no_gpu_and_no_token(self):
        _, quick, sent = self.expect_whole("deploy-local", ["local-backends", "synapse-gateway",
                                                            "synapse-terminal-feed-redis"])
        self.assertEqual(len(quick), 3)
        self.assertIn(f"{REGISTRY}/synapse-backends:{VERSION}", self.images(sent))
        self.assertNotIn("nvidia", json.dumps(sent))

    def test_a_new_cluster_gets_namespace_then_secrets_then_the_rest(self):
        self.cluster(there=False)
        self.secrets_file()
        self.token_file()
        done = self.target("deploy")
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.kubectl()[:10], [RENDER, READ_SECRET, READ_TOKEN, *LOOK, AUTOSCALER, APPLY,
                                               APPLY_SECRET, APPLY_SECRET])
        first, secret, token, rest = self.applied()
        self.assertEqual(self.names(first), {("Namespace", "llm-infra")})
        self.assertEqual(self.names(secret), {("Secret", "synapse-gateway-secrets")})
        self.assertEqual(self.names(token), {("Secret", "pyannote-hf-token")})
        self.assertEqual(self.deployments(rest), sorted(self.ALL))

    def test_without_any_secret_nothing_is_begun(self):
        self.cluster(there=False)
        for target in ("deploy", "deploy-phase1", "deploy-local"):
            self.expect_refused(self.target(target), 3, "there is no Secret synapse-gateway-secrets",
                                "openssl rand -hex 32")

    def test_a_placeholder_stops_it_before_anything_is_begun(self):
        self.cluster(there=False)
        self.secrets_file(cluster_secret="CHANGE_ME_CLUSTER_SECRET")
        for target in ("deploy", "deploy-phase1", "deploy-local"):
            self.expect_refused(self.target(target), 3, "the placeholder CHANGE_ME is still in: cluster_secret")

    def test_without_the_token_nothing_is_begun(self):
        self.cluster(secrets=["synapse-gateway-secrets"])
        self.expect_refused(self.target("deploy"), 3, "there is no Secret pyannote-hf-token")

    def test_an_overlay_that_is_not_there(self):
        self.cluster()
        self.expect_refused(self.target("deploy", "OVERLAY=phase9"), 64, "no overlay 'phase9'; there are: local")
        self.expect_refused(self.target("deploy", "OVERLAY=/no/where"), 64, "is not a folder with a kustomization")

    def test_a_component_that_is_not_there(self):
        self.cluster()
        self.expect_refused(self.target("deploy", "COMPONENTS=nothing"), 64, "no component 'nothing'; there are: ")


class Looking(Deploying):
    def test_status(self):
        self.cluster()
        self.answer("kubectl", "get events", stdout="LAST SEEN  REASON\n" + "".join(f"{n}m  Failed{n}\n" for n in range(12)))
        self.answer("kubectl", "get deployments,pods", stdout="pod/synapse-gateway-1 Running\n")
        done = self.target("status")
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.kubectl(), [
            *LOOK, NAMESPACE,
            "--request-timeout=15s --namespace llm-infra get deployments,pods,services,ingresses,"
            "horizontalpodautoscalers,persistentvolumeclaims -o wide",
            "--request-timeout=15s --namespace llm-infra get events --field-selector type=Warning "
            "--sort-by=.lastTimestamp"])
        self.assertIn("pod/synapse-gateway-1 Running", done.output)
        self.assertIn("Failed11", done.output)
        self.assertNotIn("Failed1\n", done.output)  # the last ten only

    def expect_logs(self, target, selector):
        self.cluster()
        self.answer("kubectl", r"get pods -l", stdout="pod/one\n")
        self.answer("kubectl", r"logs --follow", stdout="[pod/one] a line\n")
        done = self.target(target)
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.kubectl(), [
            *LOOK, NAMESPACE, f"--request-timeout=15s --namespace llm-infra get pods -l {selector} -o name",
            f"--namespace llm-infra logs --follow --selector {selector} --all-containers --prefix --tail 100 "
            "--max-log-requests 50"])
        self.assertIn("[pod/one] a line", done.output)

    def test_logs(self):
        self.expect_logs("logs", "app.kubernetes.io/part-of=synapse")

    def test_logs_of_one_service(self):
        for part, name in APPS.items():
            with self.subTest(part):
                self.expect_logs(f"logs-{part}", f"app={name}")

    def test_logs_where_one_pod_plays_all_backends(self):
        self.cluster()
        self.answer("kubectl", "get pods -l app=local-backends", stdout="pod/local-backends-1\n")
        self.assertEqual(self.target("logs-tts").status, 0)
        self.assertIn("logs --follow --selector app=local-backends", self.kubectl()[-1])

    def test_logs_of_what_does_not_run(self):
        self.cluster()
        self.expect_refused(self.target("logs-tts"), 1, "no pod of chatterbox-tts is in the namespace llm-infra")

    def test_validate(self):
        done = self.target("validate")
        self.assertEqual(done.status, 0, done.output)
        directories = sorted(str(path.parent.relative_to(ROOT)) for path in (ROOT / "manifests").rglob("kustomization.yaml")
                             if "kind: Kustomization" in path.read_text())
        self.assertEqual(sorted(self.kubectl()), sorted(f"kustomize {each}" for each in directories))
        self.assertIn(f"{len(directories)} kustomizations are good.", done.output)

    def test_validate_finds_what_cannot_be_rendered(self):
        with open(self.root / "manifests/apps/gateway/kustomization.yaml", "a") as file:
            file.write("  - not-there.yaml\n")
        self.expect_refused(self.target("validate"), 1, "manifests/apps/gateway cannot be rendered", "not-there.yaml")

    def test_validate_asks_the_cluster(self):
        self.cluster()
        done = self.target("validate", "CLUSTER=1")
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.changes(), [])
        self.assertIn("apply --dry-run=client -f -", self.kubectl())
        self.assertNotIn("not K3s", done.output)
        # Only what is K3s's own may be unknown to a cluster.
        self.answer("kubectl", "dry-run", stdin="HelmChartConfig", status=1,
                    stderr='no matches for kind "HelmChartConfig"\n')
        done = self.target("validate", "CLUSTER=1")
        self.assertEqual(done.status, 0, done.output)
        self.assertIn("manifests/infra/k3s: renders; this cluster is not K3s", done.output)
        self.answer("kubectl", "dry-run", status=1, stderr='no matches for kind "Deployment"\n')
        self.expect_refused(self.target("validate", "CLUSTER=1"), 1, "the cluster would refuse", "no matches for kind")

    @unittest.skipUnless(GATEWAY_BIN.exists(), f"{GATEWAY_BIN} is not built")
    def test_show_routes(self):
        self.gateway_binary()
        done = self.target("show-routes")
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.calls(), [("install_dependencies.sh", "build"), ("build.sh", "release synapse")])
        rows = {line.split()[0]: line.split()[2:] for line in done.output.splitlines()}
        config = yaml.safe_load((ROOT / "config/backends.yaml").read_text())
        # All that the file says, each with the address of its backend.
        for path, backend in config["routes"].items():
            self.assertEqual(rows[path], [backend, config["backends"][backend]["url"]])

    def gateway_binary(self):
        (self.root / "build/bin").mkdir(parents=True)
        (self.root / "build/bin/synapse").symlink_to(GATEWAY_BIN.resolve())

    @unittest.skipUnless(GATEWAY_BIN.exists(), f"{GATEWAY_BIN} is not built")
    def test_show_routes_of_another_file_and_of_the_cluster(self):
        self.gateway_binary()
        text = ("backends:\n  mine:\n    url: http://mine:1234\n    type: openai-compatible\n"
                "routes:\n  /v1/embeddings: mine\ncatalog: {big: {deployments: [{backend: mine, model: m}]}}\n")
        (self.root / "other file.yaml").write_text(text)
        done = self.target("show-routes", "CONFIG=other file.yaml", SYNAPSE_LOG_LEVEL="nonsense")
        self.assertEqual(done.status, 0, done.output)
        self.assertRegex(done.output, r"(?m)^/v1/embeddings +-> mine +http://mine:1234")
        self.assertRegex(done.output, r"(?m)^names\n  big .*\n    tier 1  mine  m$")
        self.assertNotIn("llama", done.output)
        self.cluster()
        self.answer("kubectl", "get configmap synapse-gateway-config", stdout=text)
        done = self.target("show-routes", "FROM=cluster")
        self.assertRegex(done.output, r"(?m)^/v1/embeddings +-> mine +http://mine:1234")
        self.assertEqual(self.kubectl(), [*LOOK, NAMESPACE, "--request-timeout=15s --namespace llm-infra get configmap "
                                          r"synapse-gateway-config -o jsonpath={.data.backends\.yaml}"])

    @unittest.skipUnless(GATEWAY_BIN.exists(), f"{GATEWAY_BIN} is not built")
    def test_show_routes_of_a_file_with_a_mistake(self):
        self.gateway_binary()
        (self.root / "bad.yaml").write_text("backends:\n  a: {urll: http://a}\n")
        self.expect_refused(self.target("show-routes", "CONFIG=bad.yaml"), 1, "bad.yaml is refused", "urll")
        self.expect_refused(self.target("show-routes", "CONFIG=none.yaml"), 3, "none.yaml cannot be read")

    def test_show_routes_of_a_gateway_that_is_not_there(self):
        done = self.target("show-routes", "FROM=gateway", "SYNAPSE_URL=http://127.0.0.1:9")
        self.expect_refused(done, 2, "nothing answers at http://127.0.0.1:9")
        self.assertEqual(self.calls(), [])  # nothing has to be built for it

    def test_the_tests_of_a_gateway_that_is_not_there(self):
        self.cluster()
        for target, words in (("test-health", "does not answer"), ("test-embed", "does not answer"),
                              ("test-tts", "does not answer")):
            self.expect_refused(self.target(target, "SYNAPSE_URL=http://127.0.0.1:9"), 2, words)


class Cleaning(Deploying):
    KINDS = ("deployments,statefulsets,daemonsets,jobs,cronjobs,horizontalpodautoscalers,poddisruptionbudgets,"
             "ingresses,services,networkpolicies,configmaps,rolebindings,roles,serviceaccounts")
    FOUND = "deployment.apps/synapse-gateway\nservice/synapse-gateway\nconfigmap/synapse-gateway-config\n"
    QUESTIONS = ["--request-timeout=15s api-resources --api-group=monitoring.coreos.com -o name",
                 f"--request-timeout=15s --namespace llm-infra get {KINDS} -l app.kubernetes.io/part-of=synapse -o name",
                 "--request-timeout=15s --namespace llm-infra get persistentvolumeclaims "
                 "-l app.kubernetes.io/part-of=synapse -o name"]

    def full(self):
        self.cluster()
        self.answer("kubectl", rf"get {self.KINDS}", stdout=self.FOUND)
        self.answer("kubectl", r"get persistentvolumeclaims -l", stdout="persistentvolumeclaim/synapse-voices\n")

    def test_it_removes_exactly_what_it_showed(self):
        self.full()
        done = self.target("clean", "CONFIRM=llm-infra")
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.kubectl(), [
            *LOOK, NAMESPACE, *self.QUESTIONS,
            "--namespace llm-infra delete deployment.apps/synapse-gateway service/synapse-gateway "
            "configmap/synapse-gateway-config --ignore-not-found --timeout=300s"])
        for line in ("context test-context", SERVER, "namespace llm-infra", *self.FOUND.splitlines()):
            self.assertIn(line, done.output)
        self.assertIn("volumes and its Secrets stay", done.output)

    def test_the_namespaces_name_typed(self):
        self.full()
        done = self.typed("llm-infra\n")
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(len(self.changes()), 1)

    def typed(self, answer):
        """At a terminal: `script` is not everywhere, a pseudo-terminal is."""
        helper = ("import os, pty, sys\n"
                  "pid, terminal = pty.fork()\n"
                  "if pid == 0: os.execvp('make', ['make', '--no-print-directory', 'clean'])\n"
                  "os.write(terminal, sys.argv[1].encode())\n"
                  "try:\n"
                  "    while block := os.read(terminal, 4096): os.write(1, block)\n"
                  "except OSError: pass\n"
                  "sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n")
        Deploying.covered.add("clean")
        return self.run_command("python3", "-c", helper, answer)

    def test_another_name_typed(self):
        self.full()
        self.expect_refused(self.typed("yes\n"), 3, "Type the namespace's name", "'yes' is not the namespace's name",
                            "Nothing was removed")

    def test_nobody_to_ask(self):
        self.full()
        self.expect_refused(self.target("clean"), 3, "CONFIRM=llm-infra", "Nothing was removed")
        self.expect_refused(self.target("clean", "PURGE=1"), 3, "Nothing was removed")

    def test_the_wrong_confirmation(self):
        self.full()
        self.expect_refused(self.target("clean", "CONFIRM=yes"), 3, "'yes' is not the namespace's name")
        self.expect_refused(self.target("clean", "CONFIRM=default", "PURGE=1"), 3, "Nothing was removed")

    def test_purge_takes_the_namespace_and_says_what_is_lost(self):
        self.full()
        self.answer("kubectl", r"part-of!=synapse", stdout="deployment.apps/somebody-elses\n")
        done = self.target("clean", "PURGE=1", "CONFIRM=llm-infra")
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.changes(), [("kubectl", "delete namespace llm-infra --timeout=300s")])
        for line in ("voices, model settings and downloaded models are LOST", "persistentvolumeclaim/synapse-voices",
                     "NOT Synapse's", "deployment.apps/somebody-elses"):
            self.assertIn(line, done.output)

    def test_a_namespace_without_synapse_is_left_alone(self):
        self.cluster()
        for words in ((), ("PURGE=1",)):
            done = self.target("clean", "CONFIRM=llm-infra", *words)
            self.assertEqual(done.status, 0, done.output)
            self.assertIn("Nothing of Synapse is in the namespace llm-infra", done.output)
            self.assertEqual(self.changes(), [])

    def test_no_such_namespace(self):
        self.cluster(there=False)
        done = self.target("clean", "CONFIRM=llm-infra")
        self.assertEqual((done.status, self.changes()), (0, []), done.output)
        self.assertIn("There is no namespace llm-infra", done.output)

    def test_what_cannot_be_listed_is_not_removed(self):
        self.full()
        self.answer("kubectl", rf"get {self.KINDS}", status=1, stderr="Error from server (Forbidden): no\n")
        self.expect_refused(self.target("clean", "CONFIRM=llm-infra"), 1, "cannot list what is there")

    def test_namespaces_of_kubernetes_itself(self):
        self.expect_refused(self.target("clean", "NAMESPACE=kube-system", "PURGE=1", "CONFIRM=kube-system"), 64,
                            "belongs to Kubernetes itself")

    def test_everything_deployed_has_the_label_by_which_it_is_found(self):
        for what in ("all", "local", "monitoring"):
            done = self.run_command("scripts/deploy.sh", "render", what, REGISTRY=REGISTRY)
            self.assertEqual(done.status, 0, done.output)
            for each in yaml.safe_load_all(done.output):
                labels = each["metadata"].get("labels", {})
                self.assertEqual(labels.get("app.kubernetes.io/part-of"), "synapse",
                                 f"{what}: {each['kind']} {each['metadata']['name']}")

    def test_the_build_directories_have_a_target_of_their_own(self):
        (self.root / "build-asan").mkdir()
        (self.root / "build").mkdir()
        done = self.target("clean-build")
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.calls(), [])
        self.assertFalse((self.root / "build").exists() or (self.root / "build-asan").exists())
        self.assertTrue((self.root / "scripts").exists())


class Images(Deploying):
    def expect_image(self, target, stage, name, *words, pushed=True):
        done = self.target(target, *words)
        self.assertEqual(done.status, 0, done.output)
        (_, build), *rest = self.calls("docker", "podman")
        self.assertRegex(build, rf"^build --target {stage} --build-arg VERSION=\S+ "
                                rf"--build-arg REVISION=\w+ --tag {re.escape(name)} \.$")
        self.assertEqual([text for _, text in rest], [f"push {name}"] if pushed else [])
        self.assertEqual(self.kubectl(), [])

    def test_build_gateway(self):
        self.expect_image("build-gateway", "gateway", f"{REGISTRY}/synapse-gateway:{VERSION}")

    def test_build_local_backends(self):
        self.expect_image("build-local-backends", "backends", f"{REGISTRY}/synapse-backends:{VERSION}")

    def test_only_build(self):
        self.expect_image("build-gateway", "gateway", "synapse-gateway:7", "REGISTRY=", "GATEWAY_TAG=7", "PUSH=0",
                          pushed=False)

    def test_another_engine(self):
        self.expect_image("build-gateway", "gateway", f"{REGISTRY}/synapse-gateway:{VERSION}", "DOCKER=podman")
        self.assertEqual(self.calls("docker"), [])

    def test_stages_and_arguments_are_those_of_the_dockerfile(self):
        text = (ROOT / "Dockerfile").read_text()
        self.assertLessEqual({"gateway", "backends"}, set(re.findall(r"(?im)^FROM\s+.*\s+AS\s+(\S+)", text)))
        self.assertLessEqual({"VERSION", "REVISION"}, set(re.findall(r"(?m)^ARG (\w+)", text)))

    def test_no_registry(self):
        for target in ("build-gateway", "build-local-backends"):
            self.expect_refused(self.make(target), 64, "REGISTRY is not set")
            self.expect_refused(self.make(target, "REGISTRY=none"), 64, "nowhere to push")

    def test_a_failed_build_is_not_pushed(self):
        self.answer("docker", "^build", status=1, stderr="no space left on device\n")
        self.expect_refused(self.target("build-gateway"), 1, "could not be built", "no space left")

    def test_a_refused_push(self):
        self.answer("docker", "^push", status=1, stderr="denied\n")
        done = self.target("build-gateway")
        self.assertEqual(done.script_status, 1)
        self.assertIn("docker login registry.example.org", done.output)

    def test_no_docker(self):
        self.without("docker")
        for target in ("build-gateway", "build-local-backends"):
            self.expect_refused(self.target(target), 69, "docker is missing")

    def test_package(self):
        self.assertEqual(self.target("package").status, 0)
        self.assertEqual([name for name, _ in self.calls()], ["install_dependencies.sh", "package.sh"])


@unittest.skipUnless(RSYNC_BIN, "rsync is not installed")
class RemoteRelease(Deploying):
    """The other machine is played by a folder: what ssh is to do there is done, with stand-ins."""

    REPOSITORY = f"{REGISTRY}/synapse-gateway"

    def setUp(self):
        super().setUp()
        (self.root / ".gitignore").write_text("/build*/\n/gateway-secrets.yaml\n/deploy.mk\n__pycache__/\n")
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("add", "--all")
        self.git("-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "--message=all")
        self.commit = self.git("rev-parse", "HEAD").strip()
        self.cluster()
        self.answer("docker", "image inspect", stdout=f"other.example.org/x@sha256:{'1' * 64}\n{self.REPOSITORY}@{DIGEST}\n")
        self.running(DIGEST, DIGEST)

    def git(self, *words):
        return subprocess.run(["git", *words], cwd=self.root, check=True, text=True, stdout=subprocess.PIPE,
                              env={**self.env, "PATH": "/usr/bin:/bin"}).stdout

    def running(self, *digests):
        lines = "".join(f"synapse-gateway-{n} {self.REPOSITORY}@{each}\n" for n, each in enumerate(digests))
        self.answer("kubectl", "get pods -l app=synapse-gateway -o go-template", stdout=lines)

    def release(self, *words, **env):
        return self.target("release-gateway-remote", "FORGE_HOST=ada@forge", *words, **env)

    def there(self, *programs):
        return [(call["program"], self.plain(call)) for call in self.raw_calls()
                if call["host"] and (not programs or call["program"] in programs)]

    def test_the_whole_way(self):
        done = self.release("GATEWAY_REMOTE_TAG=r7")
        self.assertEqual(done.status, 0, done.output)
        image = f"{self.REPOSITORY}:r7"
        self.assertEqual(self.there("docker"), [
            ("docker", f"build --target gateway --build-arg VERSION=r7 --build-arg REVISION={self.commit} "
                       f"--tag {image} ."),
            ("docker", f"push {image}"),
            ("docker", "image inspect --format {{range .RepoDigests}}{{println .}}{{end}} " + image)])
        kubectl = [text for _, text in self.there("kubectl")]
        self.assertEqual(kubectl[:9], [RENDER, *LOOK, NAMESPACE, SECRET, AUTOSCALER, APPLY, rollout("synapse-gateway")])
        self.assertIn("get pods -l app=synapse-gateway", kubectl[-1])
        # Through sudo, as K3s wants it; and never from here.
        self.assertEqual(len(self.there("sudo")), len(kubectl))
        self.assertEqual(len(self.kubectl()), len(kubectl))
        (sent,) = self.applied()
        self.assertEqual(self.names(sent), GATEWAY_OBJECTS)
        self.assertEqual(self.images(sent), {f"{self.REPOSITORY}@{DIGEST}"})
        self.assertIn(f"Released: {self.REPOSITORY}@{DIGEST}", done.output)

    def test_only_what_git_tracks_is_copied_and_what_is_gone_here_goes_there(self):
        (self.root / "gateway-secrets.yaml").write_text("secret")
        (self.root / "untracked.txt").write_text("not committed")
        (self.root / "build").mkdir(exist_ok=True)
        (self.root / "build" / "big").write_text("binary")
        self.assertEqual(self.release().status, 0)
        copied = {str(path.relative_to(self.remote_home / "synapse-build"))
                  for path in (self.remote_home / "synapse-build").rglob("*") if path.is_file() or path.is_symlink()}
        tracked = set(self.git("ls-files").split("\n")) - {""}
        self.assertEqual({name for name in copied if not name.startswith("build/")}, tracked | {".synapse-release"})
        (self.remote_home / "synapse-build" / "left-over.txt").write_text("of an older release")
        self.assertEqual(self.release().status, 0)
        self.assertFalse((self.remote_home / "synapse-build" / "left-over.txt").exists())

    def test_the_tag_says_when_and_which_commit(self):
        done = self.release()
        self.assertRegex(done.output, rf"{self.REPOSITORY}:20\d{{12}}-{self.commit[:12]} on ada@forge")

    def test_settings_reach_the_deployment_there(self):
        self.cluster("other")
        done = self.release("NAMESPACE=other", "TIMEOUT=9m", "COMPONENTS=autoscaling", "REMOTE_DIR=src/gateway",
                            "REMOTE_KUBECTL=kubectl", "REMOTE_DOCKER=podman")
        self.assertEqual(done.script_status, 1, done.output)  # podman's stand-in tells no digest
        self.answer("podman", "image inspect", stdout=f"{self.REPOSITORY}@{DIGEST}\n")
        done = self.release("NAMESPACE=other", "TIMEOUT=9m", "COMPONENTS=autoscaling", "REMOTE_DIR=src/gateway",
                            "REMOTE_KUBECTL=kubectl", "REMOTE_DOCKER=podman")
        self.assertEqual(done.status, 0, done.output)
        self.expect_namespace(self.applied()[0], "other")
        self.assertIn(("HorizontalPodAutoscaler", "synapse-gateway"), self.names(self.applied()[0]))
        self.assertIn(("kubectl", "--namespace other rollout status deployment/synapse-gateway --timeout=9m"),
                      self.there("kubectl"))
        self.assertEqual(self.there("sudo") + self.there("docker"), [])
        self.assertTrue((self.remote_home / "src/gateway/Makefile").exists())

    def test_deploying_from_here(self):
        done = self.release("DEPLOY_FROM=local")
        self.assertEqual(done.status, 0, done.output)
        self.assertEqual(self.there("kubectl"), [])
        self.assertEqual(self.images(self.applied()[0]), {f"{self.REPOSITORY}@{DIGEST}"})

    def test_uncommitted_changes_are_refused_unless_allowed(self):
        with open(self.root / "Makefile", "a") as file:
            file.write("# changed\n")
        self.expect_refused(self.release(), 3, "changes that are not committed", "Makefile", "ALLOW_DIRTY=1")
        self.assertEqual(self.there(), [])
        done = self.release("ALLOW_DIRTY=1")
        self.assertEqual(done.status, 0, done.output)
        self.assertIn("# changed", (self.remote_home / "synapse-build/Makefile").read_text())
        self.assertIn("-dirty on", done.output)
        self.assertEqual(self.git("stash", "list"), "")
        self.assertIn("# changed", (self.root / "Makefile").read_text())

    def deploys(self):
        return [text for program, text in self.changes() if program == "kubectl"]

    def expect_not_deployed(self, done, status, *messages):
        self.assertEqual(done.script_status, status, done.output)
        for message in messages:
            self.assertIn(message, done.output)
        self.assertEqual(self.deploys(), [])

    def test_a_host_that_does_not_answer(self):
        self.answer("ssh", status=255, stderr="ssh: connect to host forge port 22: No route to host\n")
        self.expect_refused(self.release(), 2, "ada@forge does not answer", "No route to host", "Nothing was changed")

    def test_a_folder_with_something_else_in_it_is_not_touched(self):
        (self.remote_home / "synapse-build").mkdir()
        (self.remote_home / "synapse-build" / "thesis.txt").write_text("years of work")
        self.expect_refused(self.release(), 3, "holds something that no release put there")
        self.assertEqual((self.remote_home / "synapse-build" / "thesis.txt").read_text(), "years of work")

    def test_the_home_folder_is_refused(self):
        (self.remote_home / "notes.txt").write_text("mine")
        self.expect_refused(self.release(f"REMOTE_DIR={self.remote_home}"), 3, "is or holds the home directory")
        self.expect_refused(self.release(f"REMOTE_DIR={self.remote_home.parent}"), 3, "is or holds the home directory")
        self.assertEqual((self.remote_home / "notes.txt").read_text(), "mine")

    def test_a_copy_that_breaks_off(self):
        self.answer("rsync", "--archive", status=12, stderr="rsync: connection unexpectedly closed\n")
        self.expect_not_deployed(self.release(), 1, "the copy failed", "The running gateway is untouched")

    def test_a_build_that_fails(self):
        self.answer("docker", "^build", status=1, stderr="compiler error\n")
        self.expect_not_deployed(self.release(), 1, "building or pushing failed", "compiler error")
        self.assertFalse([text for _, text in self.there("docker") if text.startswith("push")])

    def test_a_refused_push(self):
        self.answer("docker", "^push", status=1, stderr="denied\n")
        self.expect_not_deployed(self.release(), 1, "building or pushing failed", "denied")

    def test_no_docker_there(self):
        self.expect_not_deployed(self.release("REMOTE_DOCKER=nerdctl"), 1, "nerdctl is missing on")

    def test_a_digest_of_something_else(self):
        for answer in ("", f"other.example.org/x@{DIGEST}\n", f"{self.REPOSITORY}@sha256:short\n", "; reboot\n"):
            self.answer("docker", "image inspect", stdout=answer)
            self.expect_not_deployed(self.release(), 1, f"no digest of {self.REPOSITORY} came back")

    def test_a_cluster_that_does_not_answer(self):
        self.unreachable()
        self.expect_not_deployed(self.release(), 2, "no cluster answers")

    def test_a_namespace_that_is_not_there(self):
        self.cluster(there=False)
        self.expect_not_deployed(self.release(), 3, "there is no namespace llm-infra", "The running gateway is untouched")

    def test_a_rollout_that_does_not_finish(self):
        self.answer("kubectl", "rollout status", status=1, stderr="error: timed out waiting for the condition\n")
        done = self.release()
        self.assertEqual(done.script_status, 4, done.output)
        self.assertIn("rollout undo deployment/synapse-gateway", done.output)
        self.assertIn("The pods that ran before go on serving", done.output)
        self.assertEqual(len(self.deploys()), 1)  # nothing is taken back by itself

    def test_pods_that_run_something_else(self):
        self.running(DIGEST, "sha256:" + "6" * 64)
        done = self.release()
        self.assertEqual(done.script_status, 1, done.output)
        self.assertIn(f"synapse-gateway-1 runs {self.REPOSITORY}@sha256:666", done.output)
        self.assertIn("rollout undo deployment/synapse-gateway", done.output)
        self.assertNotIn("Released", done.output)
        self.running()
        self.assertIn("no pod of the gateway runs", self.release().output)

    def test_missing_programs(self):
        for program in ("rsync", "ssh"):
            self.without(program)
            self.expect_refused(self.release(), 69, f"{program} is missing")

    def test_hostile_values(self):
        marker = self.top / "pwned"
        attacks = (f"x; touch {marker}", f"x'; touch {marker}; '", f'x"; touch {marker}; "', f"x && touch {marker}",
                   f"-oProxyCommand=touch {marker}", f"x|touch {marker}", "x\ny", f"`touch {marker}`")
        names = ("FORGE_HOST", "REGISTRY", "REMOTE_DIR", "GATEWAY_REMOTE_TAG", "NAMESPACE", "REMOTE_KUBECTL",
                 "REMOTE_DOCKER", "COMPONENTS", "INGRESS_HOST", "INGRESS_TLS_SECRET", "TIMEOUT", "DEPLOY_FROM")
        good = {"FORGE_HOST": "forge", "REGISTRY": REGISTRY}
        for name in names:
            for attack in attacks:
                with self.subTest(f"{name}={attack}"):
                    # By the environment: make would take a $ in a word of its command line for its own.
                    done = self.make("release-gateway-remote", **{**good, name: attack})
                    self.expect_refused(done, 64, f"{name}='")
                    self.assertEqual(self.there(), [])
        self.assertFalse(marker.exists())

    def test_folders_that_are_too_dangerous(self):
        for folder in ("/", "/home", "/home/", "/etc/x/../..", "..", "../x", ".", "~", "/var/..", "-x", "/home/ada"):
            with self.subTest(folder):
                self.expect_refused(self.release(f"REMOTE_DIR={folder}"), 64, "REMOTE_DIR=")
                self.assertEqual(self.there(), [])

    def test_missing_values(self):
        self.expect_refused(self.make("release-gateway-remote", f"REGISTRY={REGISTRY}"), 64, "FORGE_HOST is not set")
        self.expect_refused(self.make("release-gateway-remote", "FORGE_HOST=forge"), 64, "REGISTRY is not set")


class BadInput(Deploying):
    """What holds for every target that talks to a cluster."""

    TARGETS = ("deploy", "deploy-phase1", "deploy-local", "deploy-infra", "deploy-gpu-time-slicing",
               "deploy-traefik-timeouts", "deploy-gateway-secrets", "deploy-huggingface-secret",
               "deploy-terminal-feed-bus", "deploy-monitoring", "deploy-gateway", "deploy-embed", "deploy-llm",
               "deploy-tts", "deploy-stt", "deploy-speaker", "deploy-audio", "status", "logs", "logs-gateway",
               "logs-embed", "logs-llm", "logs-tts", "logs-stt", "logs-speaker", "logs-audio", "logs-feed-bus", "clean")
    OUTSIDE = ("deploy-gpu-time-slicing", "deploy-traefik-timeouts", "deploy-infra", "clean")

    def setUp(self):
        super().setUp()
        self.secrets_file()
        self.token_file()

    def test_no_kubectl(self):
        self.without("kubectl")
        for target in (*self.TARGETS, "validate"):
            with self.subTest(target):
                self.expect_refused(self.target(target, "CONFIRM=llm-infra"), 69, "kubectl is missing")

    def test_an_unreachable_cluster(self):
        self.unreachable()
        for target in self.TARGETS:
            with self.subTest(target):
                self.expect_refused(self.target(target, "CONFIRM=llm-infra", "PURGE=1"), 2, "no cluster answers",
                                    "was refused", "Nothing was changed")

    def test_a_namespace_that_is_not_there(self):
        self.cluster(there=False)
        for target in set(self.TARGETS) - set(self.OUTSIDE) - {"deploy", "deploy-phase1", "deploy-local"}:
            with self.subTest(target):
                self.expect_refused(self.target(target), 3, "there is no namespace llm-infra", "make deploy-infra")

    def test_a_cluster_that_answers_with_an_error(self):
        self.cluster()
        self.answer("kubectl", "get namespace", status=1, stderr="error: You must be logged in (Unauthorized)\n")
        for target in ("deploy-gateway", "deploy-embed", "status", "logs", "clean", "deploy-gateway-secrets"):
            with self.subTest(target):
                self.expect_refused(self.target(target, "CONFIRM=llm-infra"), 1, "cannot look for namespace", "Unauthorized")

    def test_somebody_who_may_not_look_at_namespaces_may_still_deploy(self):
        self.cluster()
        self.answer("kubectl", "get (namespace|secret)", status=1, stderr="Error from server (Forbidden): no\n")
        self.assertEqual(self.target("deploy-gateway").status, 0)

    def test_the_gateway_before_its_secret(self):
        self.cluster(secrets=[])
        for target in ("deploy-gateway", "deploy-monitoring", "deploy-terminal-feed-bus"):
            self.expect_refused(self.target(target), 3, "there is no Secret synapse-gateway-secrets",
                                "make deploy-gateway-secrets")
        self.expect_refused(self.target("deploy-speaker"), 3, "there is no Secret pyannote-hf-token",
                            "make deploy-huggingface-secret")

    def test_no_registry_where_an_image_of_ours_is_used(self):
        self.cluster()
        for target, image in (("deploy", "deepfilter-audio pyannote-speaker synapse-gateway whisper-stt"),
                              ("deploy-phase1", "synapse-gateway"), ("deploy-gateway", "synapse-gateway"),
                              ("deploy-local", "synapse-backends synapse-gateway"), ("deploy-stt", "whisper-stt"),
                              ("deploy-speaker", "pyannote-speaker"), ("deploy-audio", "deepfilter-audio")):
            with self.subTest(target):
                self.expect_refused(self.make(target), 64, f"REGISTRY is not set, and these images come from it: {image}.")
        for target in ("deploy-embed", "deploy-llm", "deploy-tts", "deploy-terminal-feed-bus", "deploy-infra"):
            self.assertEqual(self.make(target).status, 0, target)

    def test_a_cluster_that_takes_only_a_part(self):
        self.cluster()
        self.answer("kubectl", "^apply -f -$", status=1, stdout="service/synapse-gateway created\n",
                    stderr="Error from server (Forbidden): deployments is forbidden\n")
        done = self.target("deploy-gateway")
        self.assertEqual(done.script_status, 1, done.output)
        self.assertIn("the cluster did not take all of it", done.output)
        self.assertFalse([text for text in self.kubectl() if "rollout" in text])

    def test_a_rollout_that_does_not_finish(self):
        self.cluster()
        self.answer("kubectl", "rollout status", status=1, stderr="error: timed out waiting for the condition\n")
        for target in ("deploy", "deploy-phase1", "deploy-local", "deploy-gateway"):
            with self.subTest(target):
                done = self.target(target, "TIMEOUT=5s")
                self.assertEqual(done.script_status, 4, done.output)
                for message in ("did not finish within 5s", "make status", "make logs", "rollout undo"):
                    self.assertIn(message, done.output)
                self.assertFalse([text for text in self.kubectl() if "undo" in text or "delete" in text])

    def test_hostile_and_wrong_values(self):
        marker = self.top / "pwned"
        names = ("NAMESPACE", "REGISTRY", "GATEWAY_TAG", "GATEWAY_DIGEST", "BACKENDS_TAG", "INGRESS_HOST",
                 "INGRESS_TLS_SECRET", "COMPONENTS", "OVERLAY", "WAIT", "TIMEOUT", "TAIL", "FROM")
        self.cluster()
        for name in names:
            for attack in (f"x; touch {marker}", f"x'; touch {marker}; '", f'x"; touch {marker} #', "x\ny: z",
                           f"`touch {marker}`", "$(touch pwned)", "{}", "X_!"):
                with self.subTest(f"{name}={attack}"):
                    done = self.make("deploy-gateway", **{"REGISTRY": REGISTRY, name: attack})
                    self.expect_refused(done, 64, attack.split("\n")[0])
        self.assertFalse(marker.exists() or (self.root / "pwned").exists())

    def test_hostile_words_on_the_command_line(self):
        marker = self.top / "pwned"
        self.cluster()
        for name in ("NAMESPACE", "REGISTRY", "SYNAPSE_URL", "GATEWAY_SECRETS_FILE", "CONFIRM", "CONFIG", "KUBECTL"):
            for target in ("clean", "deploy-gateway-secrets", "show-routes", "test-health", "deploy-embed"):
                self.target(target, f"{name}=x'; touch {marker}; echo '", "FROM=gateway")
        self.assertFalse(marker.exists())

    def test_files_with_blanks_and_quotes_in_their_names(self):
        self.cluster()
        name = self.secrets_file("my own 'secrets'.yaml")
        done = self.target("deploy-gateway-secrets", f"GATEWAY_SECRETS_FILE={name}")
        self.assertEqual(done.status, 0, done.output)

    def test_nothing_is_left_in_the_build_directory(self):
        self.cluster()
        self.target("deploy-gateway")
        self.assertEqual(list((self.root / "build/deploy").iterdir()), [])

    def test_wrong_words_to_the_script(self):
        for words in ((), ("nonsense",), ("apply",), ("apply", "nothing"), ("apply", "gateway", "more"), ("logs", "nothing"),
                      ("image", "nothing"), ("status", "more"), ("verify-image", "sha256:short")):
            done = self.run_command("scripts/deploy.sh", *words, REGISTRY=REGISTRY)
            self.assertEqual(done.status, 64, done.output)
            self.assertIn("deploy: ", done.output)


ALL_OF_THEM = {SingleParts, Secrets, Whole, Looking, Cleaning, Images, RemoteRelease, BadInput}


class Coverage(unittest.TestCase):
    ELSEWHERE = {"help", "help-deploy", "deps", "build", "dashboard", "run", "test", "test-quick", "test-asan", "test-tsan", "test-bare", "test-real",
                 "bench", "microbench", "lint", "format", "format-check"}
    WANTED = set("deploy deploy-phase1 deploy-infra deploy-gateway deploy-gateway-secrets deploy-llm deploy-embed "
                 "deploy-tts deploy-stt deploy-speaker deploy-audio deploy-terminal-feed-bus build-gateway "
                 "release-gateway-remote test-health test-embed test-tts logs logs-gateway logs-embed logs-llm logs-tts "
                 "logs-stt logs-speaker logs-audio logs-feed-bus status show-routes validate clean deploy-local "
                 "deploy-gpu-time-slicing deploy-monitoring package build-local-backends clean-build".split())

    @staticmethod
    def targets():
        """As make itself sees them."""
        printed = subprocess.run(["make", "-prRn", "help"], cwd=ROOT, text=True, check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        (phony,) = re.findall(r"(?m)^\.PHONY: (.*)$", printed)
        return set(phony.split())

    def test_every_target_that_users_know_is_there(self):
        self.assertLessEqual(self.WANTED, self.targets())

    def test_every_target_was_run(self):
        if not ALL_OF_THEM <= Deploying.begun:
            self.skipTest("only some of the tests of this file were asked for")
        self.assertEqual(self.targets() - self.ELSEWHERE - Deploying.covered, set())

    def test_help_names_every_target(self):
        named = set()
        for target in ("help", "help-deploy"):
            printed = subprocess.run(["make", "--no-print-directory", target], cwd=ROOT, text=True, check=True,
                                     stdout=subprocess.PIPE).stdout
            self.assertLess(max(map(len, printed.splitlines())), 135, printed)
            named |= set(re.findall(r"(?m)^  make (\S+)", printed))
        short = {name for name in self.targets() if name.startswith("logs-")}
        self.assertEqual(self.targets() - short - {"help"}, named)


def load_tests(loader, _, __):
    """In the order of this file: the last class looks at what the others ran."""
    suite = unittest.TestSuite()
    for case in (SingleParts, Secrets, Whole, Looking, Cleaning, Images, RemoteRelease, BadInput, Coverage):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    unittest.main()
