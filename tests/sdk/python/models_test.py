"""Models that take turns, seen by the official OpenAI SDK and by the gateway's own routes.

The local llama-router holds one of three models at a time and loads none by itself
(scripts/with_local_stack.py), so every switch here is the gateway's doing.
"""

import json
import os
import unittest
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import openai

BASE_URL = os.environ["SYNAPSE_BASE_URL"].rstrip("/")
MODELS = ("local-docs", "local-coder", "local-echo")
LIMIT_SECONDS = 60.0


def user(text):
    return [{"role": "user", "content": text}]


def ask(method, path, body=None):
    """Status and JSON of one request to the gateway's own routes."""
    request = urllib.request.Request(
        BASE_URL + path, method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def states():
    _, answer = ask("GET", "/models")
    return {model["id"]: model["status"]["value"] for model in answer["data"]}


class Models(unittest.TestCase):
    def setUp(self):
        self.client = openai.OpenAI(base_url=BASE_URL + "/v1", api_key="unused", max_retries=0,
                                    timeout=LIMIT_SECONDS)
        self.addCleanup(self.client.close)

    def chat(self, model, text="hello", **more):
        return self.client.chat.completions.create(model=model, messages=user(text), max_tokens=16,
                                                   **more)

    def test_clients_of_all_models_are_served_and_no_stream_is_cut(self):
        def one(number):
            model = MODELS[number % len(MODELS)]
            if number % 2:
                return self.chat(model).choices[0].finish_reason
            reasons = [chunk.choices[0].finish_reason for chunk in self.chat(model, stream=True)
                       if chunk.choices]
            return reasons[-1]

        with ThreadPoolExecutor(12) as clients:
            ends = list(clients.map(one, range(24)))
        self.assertEqual(set(ends) - {"stop", "length"}, set())

    def test_the_text_chooses_the_model(self):
        self.assertEqual(self.chat("auto", "What is Synapse?").model, "local-docs")
        self.assertEqual(self.chat("auto", "Show me a bash function").model, "local-coder")

    def test_who_does_not_wait_hears_at_once(self):
        self.chat("local-docs")
        with self.assertRaises(openai.InternalServerError) as refused:
            self.chat("local-echo", extra_body={"synapse": {"wait": False}})
        self.assertEqual(refused.exception.status_code, 503)
        self.assertEqual(refused.exception.code, "model_loading")
        self.assertGreaterEqual(int(refused.exception.response.headers["Retry-After"]), 1)
        self.chat("local-echo")  # who waits has it

    def test_an_unknown_model_is_the_clients_mistake(self):
        with self.assertRaises(openai.NotFoundError) as refused:
            self.chat("nobody-knows-it")
        self.assertEqual(refused.exception.code, "model_not_found")
        self.assertEqual(refused.exception.param, "model")

    def test_load_and_unload_by_hand(self):
        status, answer = ask("POST", "/models/load", {"model": "local-coder"})
        self.assertEqual((status, answer["success"]), (200, True), answer)
        self.assertIn("temperature", answer["synapse_family_defaults"])
        self.chat("local-coder")
        self.assertEqual(states()["local-coder"], "loaded")
        status, answer = ask("POST", "/models/unload", {"model": "local-coder"})
        self.assertEqual((status, answer["success"]), (200, True), answer)

    def test_what_is_stored_is_filled_in(self):
        path = "/models/local-echo/profile"
        self.addCleanup(ask, "PUT", path, {"values": {}, "replace": True})
        self.assertEqual(ask("PUT", path, {"max_tokens": 2})[0], 200)
        answer = self.client.chat.completions.create(
            model="local-echo", messages=user("one two three four five six seven eight"))
        self.assertEqual(answer.usage.completion_tokens, 2)
        self.assertEqual(answer.choices[0].finish_reason, "length")
        self.assertEqual(ask("PUT", path, {"max_tokens": 0})[0], 400)
        self.assertEqual(ask("GET", path)[1]["values"], {"max_tokens": 2})


if __name__ == "__main__":
    unittest.main(verbosity=2)
