"""The official Ollama client for Python against a running gateway whose backends speak OpenAI's dialect.

SYNAPSE_BASE_URL is the gateway's address; scripts/with_local_stack.py starts one and sets it. The
model local-echo repeats the last user message, so what must come back is known exactly.
"""

import os
import unittest

import httpx
import ollama

BASE_URL = os.environ["SYNAPSE_BASE_URL"].rstrip("/")
SENTENCE = "Ein Satz mit Umlauten äöü, 漢字, \"quotes\" and 🙂: " + " ".join(f"word{i}" for i in range(40))


def weather(city: str) -> str:
    """Weather of a place.

    Args:
      city: its name
    """
    return f"rain in {city}"


def user(text=SENTENCE):
    return [{"role": "user", "content": text}]


class Case(unittest.TestCase):
    def setUp(self):
        self.client = self.new_client()

    def new_client(self, **options):
        client = ollama.Client(host=BASE_URL, timeout=30.0, **options)
        self.addCleanup(client._client.close)
        return client


class Chat(Case):
    def test_answer_has_text_reason_and_counts(self):
        answer = self.client.chat(model="local-echo", messages=user())
        self.assertEqual(answer.message.content, SENTENCE)
        self.assertEqual(answer.message.role, "assistant")
        self.assertEqual(answer.model, "local-echo")
        self.assertTrue(answer.done)
        self.assertEqual(answer.done_reason, "stop")
        self.assertGreater(answer.prompt_eval_count, 0)
        self.assertGreater(answer.eval_count, 0)
        self.assertGreater(answer.total_duration, 0)

    def test_the_limit_is_the_reason(self):
        answer = self.client.chat(model="local-echo", messages=user(), options={"num_predict": 3})
        self.assertEqual(answer.done_reason, "length")
        self.assertEqual(answer.eval_count, 3)

    def test_pieces_make_up_the_answer(self):
        pieces = list(self.client.chat(model="local-echo", messages=user(), stream=True))
        self.assertEqual("".join(one.message.content or "" for one in pieces), SENTENCE)
        self.assertGreater(len(pieces), 10)
        self.assertEqual([one.done for one in pieces], [False] * (len(pieces) - 1) + [True])
        self.assertGreater(pieces[-1].eval_count, 0)

    def test_a_stream_that_breaks_off_is_no_answer(self):
        client = self.new_client(headers={"X-Misbehave": "cut:1500"})
        seen = []
        with self.assertRaises((ollama.ResponseError, httpx.HTTPError)):
            for one in client.chat(model="local-echo", messages=user(), stream=True):
                seen.append(one.done)
        self.assertTrue(seen)
        self.assertNotIn(True, seen)

    def test_tools_are_called_and_their_results_read(self):
        question = "weather in Paris"
        answer = self.client.chat(model="local-echo", messages=user(question), tools=[weather])
        self.assertTrue(answer.message.tool_calls, answer)
        call = answer.message.tool_calls[0]
        self.assertEqual(call.function.name, "weather")
        again = self.client.chat(
            model="local-echo", tools=[weather],
            messages=user(question) + [answer.message,
                                       {"role": "tool", "tool_name": "weather", "content": "rain"},
                                       {"role": "user", "content": "thank you"}])
        self.assertIn("thank you", again.message.content)

    def test_nothing_asked_is_answered_at_once(self):
        answer = self.client.chat(model="local-echo", messages=[])
        self.assertTrue(answer.done)
        self.assertEqual(answer.done_reason, "load")


class Generate(Case):
    def test_a_prompt(self):
        answer = self.client.generate(model="local-echo", prompt=SENTENCE, system="be brief")
        self.assertEqual(answer.response, SENTENCE)
        self.assertEqual(answer.done_reason, "stop")

    def test_a_streamed_one(self):
        pieces = list(self.client.generate(model="local-echo", prompt=SENTENCE, stream=True))
        self.assertEqual("".join(one.response for one in pieces), SENTENCE)
        self.assertTrue(pieces[-1].done)


class Embeddings(Case):
    def test_of_several_texts(self):
        answer = self.client.embed(model="local-embed", input=["the quick brown fox", "the lazy dog"])
        self.assertEqual(len(answer.embeddings), 2)
        self.assertNotEqual(answer.embeddings[0], answer.embeddings[1])
        one = self.client.embed(model="local-embed", input="the quick brown fox")
        for a, b in zip(one.embeddings[0], answer.embeddings[0], strict=True):
            self.assertAlmostEqual(a, b, places=5)

    def test_as_of_old(self):
        answer = self.client.embeddings(model="local-embed", prompt="the quick brown fox")
        self.assertGreater(len(answer.embedding), 0)


class Models(Case):
    def test_the_list_has_all_of_them(self):
        names = [one.model for one in self.client.list().models]
        self.assertIn("local-echo", names)
        self.assertIn("local-embed", names)

    def test_one_is_shown(self):
        shown = self.client.show("local-echo")
        self.assertIn("completion", shown.capabilities)
        self.assertIsNotNone(shown.modelinfo)

    def test_those_in_memory(self):
        self.client.chat(model="local-echo", messages=user("hi"))
        self.assertIsNotNone(self.client.ps().models)

    def test_the_version_is_three_numbers(self):
        version = httpx.get(BASE_URL + "/api/version").json()["version"]
        self.assertRegex(version, r"^\d+\.\d+\.\d+$")


class Refused(Case):
    def test_a_model_that_is_not_there(self):
        for call in (lambda: self.client.chat(model="nobody-has-it", messages=user()),
                     lambda: self.client.show("nobody-has-it")):
            with self.assertRaises(ollama.ResponseError) as caught:
                call()
            self.assertEqual(caught.exception.status_code, 404)
            self.assertTrue(caught.exception.error)

    def test_wrong_requests(self):
        for body in ({"model": "local-echo", "messages": "x"}, {"model": 5, "messages": []},
                     {"messages": user()}, {"model": "local-echo", "messages": [{"role": "robot"}]},
                     {"model": "local-echo", "messages": user(), "options": "none"}):
            with self.subTest(body=body):
                answer = httpx.post(BASE_URL + "/api/chat", json=body)
                self.assertEqual(answer.status_code, 400, answer.text)
                self.assertEqual(list(answer.json()), ["error"])
        answer = httpx.post(BASE_URL + "/api/chat", content=b"{", headers={"Content-Type": "application/json"})
        self.assertEqual(answer.status_code, 400)
        self.assertIsInstance(answer.json()["error"], str)


if __name__ == "__main__":
    unittest.main()
