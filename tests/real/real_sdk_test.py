#!/usr/bin/env python3
"""The official SDK asks names of a catalog that real llama-servers serve."""

import json
import unittest

import openai

from real_engines import CONFIG, EngineStack, engine_is_idle
from real_stack import eventually, free_port

REQUEST_SECONDS = 240.0  # a limit, not an expectation
SOON_SECONDS = 20.0
QUESTION = [{"role": "user", "content": "What is the weather in Oslo?"}]
WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "Tells the weather of a city.",
    "parameters": {"type": "object", "required": ["city"], "additionalProperties": False,
                   "properties": {"city": {"type": "string", "enum": ["Oslo", "Rome"]}}}}}


class SdkStack(EngineStack):
    """With a third server, for embeddings."""

    config = CONFIG.replace("catalog:\n", """\
  embedder: {{url: "http://127.0.0.1:{embedder}", type: openai-compatible, health: /health}}
catalog:
  numbers: {{deployments: [{{backend: embedder, model: tiny-a}}]}}
""")

    def _start(self):
        self.ports["embedder"] = free_port()
        self.start_server("embedder", "tiny-a", "--embeddings", "--pooling", "mean", "--ctx-size", "512")
        super()._start()


class Sdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(SdkStack(("--ctx-size", "4096", "--parallel", "2")))

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            self.stack.print_logs()

    def setUp(self):
        self.client = openai.OpenAI(base_url=self.stack.base_url + "/v1", api_key="unused",
                                    max_retries=0, timeout=REQUEST_SECONDS)
        self.addCleanup(self.client.close)

    def chat(self, **fields):
        fields = {"model": "two-tiers", "messages": QUESTION, "max_tokens": 8, **fields}
        return self.client.chat.completions.create(**fields)

    def test_the_names_are_listed(self):
        names = {model.id for model in self.client.models.list()}
        self.assertLessEqual({"side-by-side", "two-tiers", "numbers"}, names)

    def test_a_whole_answer_comes_from_the_first_tier(self):
        raw = self.client.chat.completions.with_raw_response.create(
            model="two-tiers", messages=QUESTION, max_tokens=8, extra_body={"ignore_eos": True})
        self.assertEqual(raw.headers["X-Synapse-Deployment"], "first")
        answer = raw.parse()
        self.assertEqual((answer.model, answer.usage.completion_tokens), ("gemma-on-a", 8))
        self.assertTrue(answer.choices[0].message.content)

    def test_a_stream_is_one_answer_with_its_usage(self):
        chunks = list(self.chat(stream=True, stream_options={"include_usage": True},
                                extra_body={"ignore_eos": True}))
        self.assertEqual({chunk.model for chunk in chunks}, {"gemma-on-a"})
        self.assertEqual(len({chunk.id for chunk in chunks}), 1)
        self.assertEqual(chunks[-1].usage.completion_tokens, 8)
        self.assertTrue("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices))

    def test_a_stream_that_asks_for_no_usage_has_none(self):
        self.assertTrue(all(chunk.choices and chunk.usage is None for chunk in self.chat(stream=True)))

    def test_a_client_that_leaves_a_stream_ends_the_decoding(self):
        stream = self.chat(stream=True, max_tokens=1500, extra_body={"ignore_eos": True})
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                break
        stream.close()
        self.assertTrue(eventually(lambda: engine_is_idle(self.stack.ports["a"]), SOON_SECONDS))

    def test_tools_are_accepted(self):
        """Whether this model calls one is its own affair: it was never taught to."""
        for stream in (False, True):
            answer = self.chat(tools=[WEATHER], tool_choice="required", max_tokens=60, stream=stream)
            choices = [choice for chunk in answer for choice in chunk.choices] if stream else answer.choices
            reasons = [choice.finish_reason for choice in choices if choice.finish_reason]
            self.assertIn(reasons, (["tool_calls"], ["length"], ["stop"]))

    def test_a_schema_is_kept_to(self):
        schema = {"type": "object", "required": ["sunny"], "additionalProperties": False,
                  "properties": {"sunny": {"type": "boolean"}}}
        answer = self.chat(max_tokens=100, response_format={
            "type": "json_schema", "json_schema": {"name": "weather", "strict": True, "schema": schema}})
        self.assertIsInstance(json.loads(answer.choices[0].message.content)["sunny"], bool)

    def test_a_completion_is_answered(self):
        answer = self.client.completions.create(model="side-by-side", prompt="Once upon a time",
                                                max_tokens=8)
        self.assertTrue(answer.choices[0].text)

    def test_embeddings_are_the_same_as_numbers_and_packed(self):
        texts = ["ba be bi", "do du"]
        packed = self.client.embeddings.create(model="numbers", input=texts)
        plain = self.client.embeddings.create(model="numbers", input=texts, encoding_format="float")
        self.assertEqual([each.index for each in packed.data], [0, 1])
        for one, other in zip(packed.data, plain.data):
            self.assertEqual(len(one.embedding), 64)
            for a, b in zip(one.embedding, other.embedding):
                self.assertAlmostEqual(a, b, places=5)

    def test_a_name_that_nobody_has_is_not_found(self):
        with self.assertRaises(openai.NotFoundError):
            self.chat(model="nobody-has-this")

    def test_a_prompt_that_is_too_long_for_both_is_said_to_be_so(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.chat(messages=[{"role": "user", "content": "word " * 9000}])
        self.assertEqual(caught.exception.code, "context_length_exceeded")


if __name__ == "__main__":
    unittest.main(verbosity=2)
