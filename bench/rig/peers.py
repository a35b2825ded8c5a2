"""The programs that are compared: how each is configured, started and found ready.

All get as many workers or threads as the machine has processors, keep connections to the backend
open, and pass answers on as they arrive.
"""

import dataclasses
import http.client
import os
import shutil
import subprocess
import sys
import time

from rig.processes import Child, RigError, refuse_taken

CORES = len(os.sched_getaffinity(0))


@dataclasses.dataclass
class Rig:
    """Where things are, for one run."""

    root: str
    build_dir: str
    work_dir: str
    stub_port: int = 0

    def program(self, name):
        return os.path.join(self.build_dir, "bin", name)

    def path(self, name):
        return os.path.join(self.work_dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)


def fetch(port, method, path, body=None, timeout=5, media_type="application/json"):
    """Status and body of one request; raises OSError or HTTPException."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        headers = {"Content-Type": media_type} if body else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Peer:
    """One compared program. `exact` says that it must pass bodies on byte for byte."""

    name = ""
    description = ""
    ready_path = "/health"
    ready_seconds = 15
    exact = True
    speech = "/v1/audio/speech", "input"  # its route for speech, and the field with the text
    access_log = None  # name of a file in the work directory, one line per request

    def missing(self, rig):
        """Why it cannot run, or None."""
        return None

    def version(self, rig):
        return ""

    def start(self, rig, port):
        raise NotImplementedError

    def start_ready(self, rig, port):
        """The started child, once it answers and is alone on its port."""
        refuse_taken(port)
        child = self.start(rig, port)
        try:
            self._wait_ready(child, port)
            child.check_owns(port)
        except BaseException:
            child.stop()
            raise
        return child

    def _wait_ready(self, child, port):
        deadline = time.monotonic() + self.ready_seconds
        while True:
            if not child.running():
                raise RigError(f"{self.name} ended at start: {child.log_tail()}")
            try:
                if fetch(port, "GET", self.ready_path, timeout=2)[0] == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            if time.monotonic() > deadline:
                raise RigError(f"{self.name} was not ready in time: {child.log_tail()}")
            time.sleep(0.05)


def first_line(argv):
    result = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    return (result.stdout or result.stderr).strip().splitlines()[0]


class Direct(Peer):
    """No proxy: what load generator and stub cost by themselves."""

    name = "direct"
    description = "no proxy, the rig's floor"

    def start(self, rig, port):
        return None


class Nginx(Peer):
    name = "nginx"
    description = "unbuffered, upstream keep-alive, access log off"

    def missing(self, rig):
        return None if shutil.which("nginx") else "nginx is not installed"

    def version(self, rig):
        return first_line(["nginx", "-v"]).replace("nginx version: ", "")

    def start(self, rig, port):
        log = f"access_log {rig.path(self.access_log)}" if self.access_log else "access_log off"
        user = "user root;\n" if os.geteuid() == 0 else ""  # only root may name a user
        temp = "".join(
            f"  {kind}_temp_path {rig.path(self.name + '-' + kind)};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        config = f"""{user}daemon off;
worker_processes {CORES};
pid {rig.path(self.name + ".pid")};
error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  {log};
{temp}  keepalive_requests 1000000000;
  upstream stub {{
    server 127.0.0.1:{rig.stub_port};
    keepalive 256;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} reuseport;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_buffering off;
    location / {{ proxy_pass http://stub; }}
    location /stt/ {{
      proxy_pass http://stub;
      proxy_request_buffering off;
      client_max_body_size 0;
    }}
  }}
}}
"""
        path = rig.write(f"{self.name}.conf", config)
        argv = ["nginx", "-e", "stderr", "-p", rig.work_dir, "-c", path]
        return Child(self.name, argv, rig.path(f"{self.name}.log"))


class NginxLog(Nginx):
    name = "nginx-log"
    description = "the same, with its access log written to a file"
    access_log = "nginx-log.access"


class Haproxy(Peer):
    name = "haproxy"
    description = "http-no-delay, connections reused, log off"

    def missing(self, rig):
        return None if shutil.which("haproxy") else "haproxy is not installed"

    def version(self, rig):
        return first_line(["haproxy", "-v"]).split(" - ")[0]

    def start(self, rig, port):
        config = f"""global
  nbthread {CORES}
  maxconn 4096
defaults
  mode http
  option http-no-delay
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend bench
  bind 127.0.0.1:{port} shards by-thread
  default_backend stub
backend stub
  server stub 127.0.0.1:{rig.stub_port}
"""
        path = rig.write("haproxy.cfg", config)
        return Child(self.name, ["haproxy", "-db", "-f", path], rig.path("haproxy.log"))


class Synapse(Peer):
    name = "synapse"
    speech = "/tts/stream", "text"
    description = "this gateway: request ids, access log to a file, metrics and breaker on"
    ready_path = "/readyz"
    access_log = "synapse.log"

    def binary(self, rig):
        return os.environ.get("SYNAPSE_BIN", rig.program("synapse"))

    def version(self, rig):
        return first_line([self.binary(rig), "--version"])

    def missing(self, rig):
        return None if os.access(self.binary(rig), os.X_OK) else "synapse is not built"

    def more_config(self, rig):
        return ""

    def more_backend(self):
        return ""

    def start(self, rig, port):
        config = f"""backends:
  llama-router:
    url: http://127.0.0.1:{rig.stub_port}
    type: openai-compatible
    health: /health{self.more_backend()}
  chatterbox-tts:
    url: http://127.0.0.1:{rig.stub_port}
    type: chatterbox
    health: /health
    concurrency: {{max_requests: 0}}
  whisper-stt:
    url: http://127.0.0.1:{rig.stub_port}
    type: faster-whisper
    health: /health
routes:
  /v1/chat/completions: llama-router
  /v1/embeddings: llama-router
  /tts/*: chatterbox-tts
  /stt/*: whisper-stt
""" + self.more_config(rig)
        os.makedirs(rig.path(f"{self.name}-voices"), exist_ok=True)
        env = {k: v for k, v in os.environ.items() if not k.startswith("SYNAPSE_")}
        env.update(
            SYNAPSE_GATEWAY_CONFIG_PATH=rig.write(f"{self.name}.yaml", config),
            SYNAPSE_HOST="127.0.0.1",
            SYNAPSE_PORT=str(port),
            SYNAPSE_VOICE_LIBRARY_DIR=rig.path(f"{self.name}-voices"),
            SYNAPSE_MODEL_PROFILES_PATH=rig.path(f"{self.name}-profiles.json"),
        )
        return Child(self.name, [self.binary(rig)], rig.path(self.access_log), env=env)


class SynapseCatalog(Synapse):
    """The same with a catalog: each request is picked a deployment, and the model is rewritten."""

    name = "synapse-catalog"
    description = "this gateway with 500 names of 4 deployments each; the one that is asked for is the last"
    access_log = "synapse-catalog.log"
    names = 500
    deployments = 4

    def more_backend(self):
        return "\n    manage_models: false" # its models are not those that the router lists

    def more_config(self, rig):
        lines = ["catalog:"]
        for number in range(self.names):
            name = "bench-model" if number + 1 == self.names else f"name-{number}"
            lines.append(f"  {name}:")
            lines.append("    deployments:")
            for place in range(self.deployments):
                lines.append(f"      - {{backend: llama-router, model: served-{place}, weight: {place + 1}}}")
        return "\n".join(lines) + "\n"


class SynapseBefore(Synapse):
    """The gateway as another revision built it, measured in the same run: whether a change made it slower."""

    name = "synapse-before"
    description = "this gateway, of the program named by --against"
    access_log = "synapse-before.log"
    program = None  # set by --against

    def binary(self, rig):
        return self.program

    def missing(self, rig):
        if not self.program:
            return "--against names its program"
        return None if os.access(self.program, os.X_OK) else f"{self.program} cannot be run"


class Litellm(Peer):
    """Installed on first use into a virtual environment under the build directory."""

    name = "litellm"
    description = "one worker per processor, no database, default logging"
    ready_path = "/health/liveliness"
    ready_seconds = 180
    exact = False  # it parses answers and writes its own

    def _venv(self, rig):
        return os.path.join(rig.build_dir, "bench-litellm")

    def version(self, rig):
        pip = os.path.join(self._venv(rig), "bin", "pip")
        result = subprocess.run(
            [pip, "show", "litellm"], capture_output=True, text=True, timeout=60, check=False
        )
        lines = [x for x in result.stdout.splitlines() if x.startswith("Version: ")]
        return "LiteLLM proxy " + lines[0].split()[1] if lines else "LiteLLM proxy"

    def prepare(self, rig):
        """Installs the pinned version unless that has been done."""
        wanted = os.path.join(rig.root, "bench", "requirements-litellm.txt")
        marker = os.path.join(self._venv(rig), "installed")
        with open(wanted, encoding="utf-8") as f:
            text = f.read()
        if os.path.exists(marker):
            with open(marker, encoding="utf-8") as f:
                if f.read() == text:
                    return
        print("installing LiteLLM (some minutes, once) …", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", self._venv(rig)], check=True)
        pip = [os.path.join(self._venv(rig), "bin", "pip"), "install", "--quiet", "-r", wanted]
        subprocess.run(pip, check=True)
        with open(marker, "w", encoding="utf-8") as f:
            f.write(text)

    def start(self, rig, port):
        config = f"""model_list:
  - model_name: bench-model
    litellm_params:
      model: openai/bench-model
      api_base: http://127.0.0.1:{rig.stub_port}/v1
      api_key: none
      allowed_openai_params: ["dimensions"]
"""
        argv = [os.path.join(self._venv(rig), "bin", "litellm"), "--host", "127.0.0.1"]
        argv += ["--port", str(port), "--num_workers", str(CORES)]
        argv += ["--config", rig.write("litellm.yaml", config), "--telemetry", "False"]
        # Its workers take longer to start on a busy machine than their supervisor would wait.
        argv += ["--timeout_worker_healthcheck", "120"]
        env = dict(os.environ, LITELLM_LOCAL_MODEL_COST_MAP="True", PYTHONUNBUFFERED="1")
        # No keys on loopback: the gateway it is compared with checks none either.
        env["LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY"] = "true"
        return Child(self.name, argv, rig.path("litellm.log"), env=env, cwd=rig.work_dir)


EVERY = Direct(), Nginx(), NginxLog(), Haproxy(), Synapse(), SynapseCatalog(), SynapseBefore(), Litellm()
ALL = {peer.name: peer for peer in EVERY}
DEFAULT = ["direct", "nginx", "nginx-log", "haproxy", "synapse"]
