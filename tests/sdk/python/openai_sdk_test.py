"""The official OpenAI SDK for Python against a running gateway with local backends.

SYNAPSE_BASE_URL is the gateway's address; scripts/with_local_stack.py starts one and sets it. The
model local-echo repeats the last user message, so what must come back is known exactly.
"""

import asyncio
import os
import re
import time
import unittest
import urllib.request

import openai

BASE_URL = os.environ["SYNAPSE_BASE_URL"].rstrip("/")
# Several bytes per character, an escape, and enough words for a stream of many events.
SENTENCE = "Ein Satz mit Umlauten äöü, 漢字, \"quotes\" and 🙂: " + " ".join(f"word{i}" for i in range(40))
WAIT_SECONDS = 20.0


def client(**options):
    options.setdefault("max_retries", 0)
    return openai.OpenAI(base_url=BASE_URL + "/v1", api_key="unused", timeout=30.0, **options)


def user(text):
    return [{"role": "user", "content": text}]


def metric_sum(name, **labels):
    """The sum of all series of one metric whose labels include these."""
    with urllib.request.urlopen(BASE_URL + "/metrics", timeout=10) as answer:
        text = answer.read().decode()
    total = 0.0
    for found, value in re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", text, re.MULTILINE):
        if all(f'{key}="{wanted}"' in found for key, wanted in labels.items()):
            total += float(value)
    return total


def eventually(condition):
    """Asks again until true; gives up at a limit, so that a failure is one."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Case(unittest.TestCase):
    def setUp(self):
        self.client = client()
        self.addCleanup(self.client.close)


class Chat(Case):
    def test_answer_has_text_reason_and_usage(self):
        answer = self.client.chat.completions.create(model="local-echo", messages=user(SENTENCE))
        self.assertEqual(answer.object, "chat.completion")
        self.assertEqual(answer.model, "local-echo")
        self.assertEqual(len(answer.choices), 1)
        self.assertEqual(answer.choices[0].message.role, "assistant")
        self.assertEqual(answer.choices[0].message.content, SENTENCE)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertGreater(answer.usage.prompt_tokens, 0)
        self.assertGreater(answer.usage.completion_tokens, 0)
        self.assertEqual(answer.usage.total_tokens,
                         answer.usage.prompt_tokens + answer.usage.completion_tokens)

    def test_length_limit_is_the_reason(self):
        answer = self.client.chat.completions.create(
            model="local-echo", messages=user(SENTENCE), max_tokens=3)
        self.assertEqual(answer.choices[0].finish_reason, "length")
        self.assertEqual(answer.usage.completion_tokens, 3)
        self.assertTrue(SENTENCE.startswith(answer.choices[0].message.content))

    def test_answer_carries_a_request_id(self):
        raw = self.client.chat.completions.with_raw_response.create(
            model="local-echo", messages=user("hello"), extra_headers={"X-Request-Id": "sdk-test-1"})
        self.assertEqual(raw.headers["x-request-id"], "sdk-test-1")
        self.assertEqual(raw.parse().choices[0].message.content, "hello")

    def test_many_requests_over_one_client(self):
        for number in range(25):
            answer = self.client.chat.completions.create(
                model="local-echo", messages=user(f"number {number}"))
            self.assertEqual(answer.choices[0].message.content, f"number {number}")


class ChatStream(Case):
    def stream(self, **options):
        return self.client.chat.completions.create(
            model="local-echo", messages=user(SENTENCE), stream=True, **options)

    def test_pieces_make_up_the_answer(self):
        pieces, reasons = [], []
        for chunk in self.stream():
            self.assertEqual(chunk.object, "chat.completion.chunk")
            for choice in chunk.choices:
                pieces.append(choice.delta.content or "")
                if choice.finish_reason:
                    reasons.append(choice.finish_reason)
        self.assertEqual("".join(pieces), SENTENCE)
        self.assertGreater(len([piece for piece in pieces if piece]), 10)
        self.assertEqual(reasons, ["stop"])

    def test_usage_comes_when_asked_for(self):
        chunks = list(self.stream(stream_options={"include_usage": True}))
        usages = [chunk.usage for chunk in chunks if chunk.usage]
        self.assertEqual(len(usages), 1)
        self.assertIs(usages[0], chunks[-1].usage)
        self.assertEqual(chunks[-1].choices, [])
        whole = self.client.chat.completions.create(model="local-echo", messages=user(SENTENCE))
        self.assertEqual(usages[0].total_tokens, whole.usage.total_tokens)

    def test_no_usage_when_not_asked_for(self):
        self.assertEqual([c.usage for c in self.stream() if c.usage], [])

    def test_closing_early_cancels_the_request(self):
        before = metric_sum("synapse_client_disconnects_total")
        # 200 ms per event: the stream would take seconds, so it is still running when it is closed.
        stream = self.stream(extra_headers={"X-Misbehave": "slow-body:200"})
        for _ in range(2):
            next(iter(stream))
        stream.close()
        self.assertTrue(eventually(
            lambda: metric_sum("synapse_client_disconnects_total") == before + 1))
        self.assertTrue(eventually(
            lambda: metric_sum("synapse_upstream_in_flight", backend="llama-router") == 0))
        answer = self.client.chat.completions.create(model="local-echo", messages=user("still here"))
        self.assertEqual(answer.choices[0].message.content, "still here")


class TornStream(Case):
    """A stream that broke must not look complete, however it broke."""

    def outcome(self, misbehavior):
        text, reasons, error = "", [], None
        try:
            stream = self.client.chat.completions.create(
                model="local-echo", messages=user(SENTENCE), stream=True,
                extra_headers={"X-Misbehave": misbehavior})
            for chunk in stream:
                for choice in chunk.choices:
                    text += choice.delta.content or ""
                    if choice.finish_reason:
                        reasons.append(choice.finish_reason)
        except openai.APIError as caught:
            error = caught
        return text, reasons, error

    def test_every_way_to_break_raises(self):
        for misbehavior in ("cut-clean:3", "cut:300", "reset:300", "bad-chunk:3"):
            with self.subTest(misbehavior):
                text, reasons, error = self.outcome(misbehavior)
                self.assertIsNotNone(error, f"looked complete: {text!r}")
                self.assertEqual(reasons, [])
                self.assertTrue(SENTENCE.startswith(text))
                self.assertNotEqual(text, SENTENCE)

    def test_an_error_event_of_the_backend_raises(self):
        _, reasons, error = self.outcome("error-event:3")
        self.assertIsNotNone(error)
        self.assertEqual(reasons, [])


class Completions(Case):
    def test_legacy_completion(self):
        answer = self.client.completions.create(model="local-echo", prompt="Say it again")
        self.assertEqual(answer.object, "text_completion")
        self.assertIn("Say it again", answer.choices[0].text)
        self.assertEqual(answer.choices[0].finish_reason, "stop")

    def test_legacy_completion_streams(self):
        whole = self.client.completions.create(model="local-echo", prompt=SENTENCE)
        stream = self.client.completions.create(model="local-echo", prompt=SENTENCE, stream=True)
        text = "".join(chunk.choices[0].text for chunk in stream if chunk.choices)
        self.assertEqual(text, whole.choices[0].text)


class Embeddings(Case):
    def test_base64_and_float_are_the_same_vectors(self):
        texts = ["the quick brown fox", "jumps over the lazy dog"]
        # The SDK asks for base64 by itself and decodes it.
        usual = self.client.embeddings.create(model="local-embed", input=texts)
        floats = self.client.embeddings.create(
            model="local-embed", input=texts, encoding_format="float")
        self.assertEqual([item.index for item in usual.data], [0, 1])
        for one, other in zip(usual.data, floats.data, strict=True):
            self.assertEqual(len(one.embedding), len(other.embedding))
            for a, b in zip(one.embedding, other.embedding, strict=True):
                self.assertAlmostEqual(a, b, places=6)
            self.assertAlmostEqual(sum(a * a for a in one.embedding), 1.0, places=4)
        self.assertNotEqual(usual.data[0].embedding, usual.data[1].embedding)
        self.assertGreater(usual.usage.prompt_tokens, 0)

    def test_a_single_text(self):
        answer = self.client.embeddings.create(model="local-embed", input="hello")
        self.assertEqual(len(answer.data), 1)


class Models(Case):
    def test_list_of_both_backends(self):
        names = [model.id for model in self.client.models.list()]
        self.assertLessEqual({"local-embed", "local-docs", "local-echo", "local-coder"}, set(names))
        self.assertEqual(len(names), len(set(names)))


class Errors(Case):
    def test_unknown_model_is_not_found(self):
        with self.assertRaises(openai.NotFoundError) as caught:
            self.client.chat.completions.create(model="no-such-model", messages=user("hello"))
        self.assertEqual(caught.exception.status_code, 404)
        self.assertIn("no-such-model", caught.exception.message)

    def test_unknown_route_is_not_found(self):
        with self.assertRaises(openai.NotFoundError) as caught:
            self.client.fine_tuning.jobs.list()
        self.assertIsInstance(caught.exception.body, dict)
        self.assertTrue(caught.exception.body["message"])

    def test_status_of_the_backend_passes_through(self):
        with self.assertRaises(openai.RateLimitError):
            self.client.chat.completions.create(
                model="local-echo", messages=user("hello"),
                extra_headers={"X-Misbehave": "status:429"})

    def test_garbage_of_the_backend_is_an_internal_server_error(self):
        with self.assertRaises(openai.InternalServerError) as caught:
            self.client.chat.completions.create(
                model="local-echo", messages=user("hello"),
                extra_headers={"X-Misbehave": "garbage-head"})
        self.assertEqual(caught.exception.status_code, 502)
        self.assertIsInstance(caught.exception.body, dict)


class Asynchronous(unittest.IsolatedAsyncioTestCase):
    async def test_streams_side_by_side_do_not_mix(self):
        # unittest has asyncio complain about steps of 0.1 s, which a busy machine takes.
        asyncio.get_running_loop().slow_callback_duration = 10.0

        async def one(number):
            text = f"stream {number}: " + f"w{number} " * 30
            stream = await caller.chat.completions.create(
                model="local-echo", messages=user(text), stream=True)
            parts = [c.choices[0].delta.content or "" async for c in stream if c.choices]
            return text, "".join(parts)

        async with openai.AsyncOpenAI(base_url=BASE_URL + "/v1", api_key="unused",
                                      max_retries=0, timeout=30.0) as caller:
            for sent, received in await asyncio.gather(*(one(n) for n in range(12))):
                self.assertEqual(received, sent)


if __name__ == "__main__":
    unittest.main()
