#!/usr/bin/env python3
"""A real Ollama as the second tier behind a real llama-server, asked by its native routes.

REAL_OLLAMA names the program, else it is looked for in PATH; without one this is left out. It gets a
directory of its own and the model that scripts/real_llama.sh has prepared.
"""

import hashlib
import http.client
import json
import os
import shutil
import unittest
from pathlib import Path

import openai

from real_engines import EngineStack
from real_stack import free_port, plain_request

OLLAMA = os.environ.get("REAL_OLLAMA") or shutil.which("ollama")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "synapse" / "real-llama"
MODEL = Path(os.environ.get("REAL_LLAMA_DIR") or CACHE) / "models" / "gemma-a.gguf"
SECONDS = 240.0
QUESTION = [{"role": "user", "content": "Tell me a story about a gateway."}]
# Ollama lets a model use tools whose template speaks of them.
TEMPLATE = ("{{ range .Messages }}{{ .Role }}: {{ .Content }}{{ range .ToolCalls }}"
            '{"name": "{{ .Function.Name }}", "parameters": {{ .Function.Arguments }}}{{ end }}\n'
            "{{ end }}{{ if .Tools }}tools: {{ .Tools }}\n{{ end }}assistant: ")
CONFIG = """\
backends:
  engine-a: {{url: "http://127.0.0.1:{a}", type: openai-compatible, health: /health}}
  ollama: {{url: "http://127.0.0.1:{ollama}", type: ollama}}
catalog:
  two-tiers:
    deployments:
      - {{id: first, backend: engine-a, model: gemma-on-a, order: 1}}
      - {{id: second, backend: ollama, model: "gemma:latest", order: 2}}
  numbers: {{deployments: [{{backend: ollama, model: "gemma:latest"}}]}}
"""


class OllamaStack(EngineStack):
    config = CONFIG

    def _start(self):
        self.ports = {"a": free_port(), "ollama": free_port()}
        self.start_ollama()
        self.start_engine("a")
        self._start_gateway(self.config.format(**self.ports))

    def start_ollama(self):
        home = self.directory / "ollama"
        home.mkdir()
        env = {"PATH": os.environ["PATH"], "HOME": str(home), "OLLAMA_MODELS": str(home / "models"),
               "OLLAMA_HOST": f"127.0.0.1:{self.ports['ollama']}", "OLLAMA_KEEP_ALIVE": "10m",
               "OLLAMA_CONTEXT_LENGTH": "1024", "OLLAMA_NO_CLOUD": "1", "LC_ALL": "C.UTF-8"}
        process = self._spawn_command("ollama", [OLLAMA, "serve"], env)
        self._await(lambda: self._answers(f"http://127.0.0.1:{self.ports['ollama']}/api/version"), process,
                    "answer to /api/version")
        _, self.version = plain_request(self.ports["ollama"], "GET", "/api/version")
        self.create_model()

    def create_model(self):
        digest = "sha256:" + hashlib.sha256(MODEL.read_bytes()).hexdigest()
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["ollama"], timeout=SECONDS)
        with open(MODEL, "rb") as file:
            connection.request("POST", f"/api/blobs/{digest}", file,
                               {"Content-Length": str(MODEL.stat().st_size)})
            answer = connection.getresponse()
            answer.read()
        connection.close()
        if answer.status not in (200, 201):
            raise AssertionError(f"POST /api/blobs at Ollama: {answer.status}")
        status, text = plain_request(self.ports["ollama"], "POST", "/api/create", {
            "model": "gemma", "files": {"gemma.gguf": digest}, "template": TEMPLATE,
            "parameters": {"num_thread": 1}, "stream": False}, SECONDS)
        if status != 200:
            raise AssertionError(f"POST /api/create at Ollama: {status} {text}")


@unittest.skipUnless(OLLAMA, "no Ollama: neither REAL_OLLAMA nor in PATH")
class Ollama(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(OllamaStack(("--ctx-size", "4096", "--parallel", "2")))
        print(f"Ollama {cls.stack.version}")
        cls.stack.kill_engine("a")  # what is asked for has to come from the second tier

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            self.stack.print_logs()

    def setUp(self):
        self.client = openai.OpenAI(base_url=self.stack.base_url + "/v1", api_key="unused",
                                    max_retries=0, timeout=SECONDS)
        self.addCleanup(self.client.close)

    def test_a_whole_answer(self):
        raw = self.client.chat.completions.with_raw_response.create(
            model="two-tiers", messages=QUESTION, max_tokens=8)
        self.assertEqual(raw.headers["X-Synapse-Deployment"], "second")
        answer = raw.parse()
        self.assertTrue(answer.choices[0].message.content)
        self.assertIn(answer.choices[0].finish_reason, ("length", "stop"))
        self.assertGreater(answer.usage.prompt_tokens, 0)
        self.assertLessEqual(answer.usage.completion_tokens, 8)

    def test_a_stream(self):
        chunks = list(self.client.chat.completions.create(
            model="two-tiers", messages=QUESTION, max_tokens=8, stream=True,
            stream_options={"include_usage": True}))
        self.assertEqual(len({chunk.id for chunk in chunks}), 1)
        self.assertTrue("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices))
        reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
        self.assertEqual(len(reasons), 1)
        self.assertGreater(chunks[-1].usage.completion_tokens, 0)

    def test_a_schema_is_kept_to(self):
        schema = {"type": "object", "required": ["sunny"], "properties": {"sunny": {"type": "boolean"}}}
        answer = self.client.chat.completions.create(
            model="two-tiers", messages=QUESTION, max_tokens=100,
            response_format={"type": "json_schema", "json_schema": {"name": "w", "schema": schema}})
        self.assertIsInstance(json.loads(answer.choices[0].message.content)["sunny"], bool)

    def test_tools_are_accepted(self):
        """Whether this model calls one is its own affair: it was never taught to."""
        answer = self.client.chat.completions.create(
            model="two-tiers", messages=QUESTION, max_tokens=8,
            tools=[{"type": "function", "function": {"name": "look", "parameters": {
                "type": "object", "properties": {"where": {"type": "string"}}}}}])
        message = answer.choices[0].message
        self.assertTrue(message.content or message.tool_calls)

    def test_embeddings_of_a_chat_model_are_made_or_refused_with_a_reason(self):
        """Newer Ollamas have embeddings only of models that are made for them."""
        try:
            answer = self.client.embeddings.create(model="numbers", input=["one", "two"])
        except openai.APIStatusError as error:
            self.assertIn("embeddings", str(error))
        else:
            self.assertEqual(len(answer.data), 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
