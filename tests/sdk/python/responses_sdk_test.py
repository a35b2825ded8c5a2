"""The Responses of the official OpenAI SDK for Python against a running gateway whose backends answer chats.

SYNAPSE_BASE_URL is the gateway's address; scripts/with_local_stack.py starts one and sets it. The
model local-echo repeats the last user message, so what must come back is known exactly.
"""

import json
import os
import unittest

import openai

BASE_URL = os.environ["SYNAPSE_BASE_URL"].rstrip("/")
SENTENCE = "Ein Satz mit Umlauten äöü, 漢字, \"quotes\" and 🙂: " + " ".join(f"word{i}" for i in range(40))
TOOLS = [{"type": "function", "name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}]


class Case(unittest.TestCase):
    def setUp(self):
        self.client = openai.OpenAI(base_url=BASE_URL + "/v1", api_key="unused", timeout=30.0, max_retries=0)
        self.addCleanup(self.client.close)


class Responses(Case):
    def test_a_response_has_text_status_and_usage(self):
        answer = self.client.responses.create(model="local-echo", input=SENTENCE, instructions="be brief")
        self.assertEqual(answer.output_text, SENTENCE)
        self.assertEqual(answer.status, "completed")
        self.assertGreater(answer.usage.input_tokens, 0)
        self.assertGreater(answer.usage.output_tokens, 0)

    def test_the_limit_leaves_it_incomplete(self):
        answer = self.client.responses.create(model="local-echo", input=SENTENCE, max_output_tokens=3)
        self.assertEqual(answer.status, "incomplete")
        self.assertEqual(answer.incomplete_details.reason, "max_output_tokens")

    def test_the_events_make_up_the_response(self):
        pieces, numbers, types = [], [], []
        for event in self.client.responses.create(model="local-echo", input=SENTENCE, stream=True):
            numbers.append(event.sequence_number)
            types.append(event.type)
            if event.type == "response.output_text.delta":
                pieces.append(event.delta)
        self.assertEqual("".join(pieces), SENTENCE)
        self.assertEqual(numbers, list(range(len(numbers))))
        self.assertEqual(types[0], "response.created")
        self.assertEqual(types[-1], "response.completed")

    def test_the_sdk_s_own_collector_takes_them(self):
        with self.client.responses.stream(model="local-echo", input=SENTENCE) as stream:
            stream.until_done()
            self.assertEqual(stream.get_final_response().output_text, SENTENCE)

    def test_one_that_breaks_off_is_not_complete(self):
        types = []
        try:
            for event in self.client.responses.create(model="local-echo", input=SENTENCE, stream=True,
                                                      extra_headers={"X-Misbehave": "cut:1500"}):
                types.append(event.type)
        except (openai.APIError, Exception):  # pylint: disable=broad-exception-caught
            pass
        self.assertIn("response.output_text.delta", types)
        self.assertNotIn("response.completed", types)

    def test_a_call_and_its_result(self):
        first = self.client.responses.create(
            model="local-echo", input="weather in Paris", tools=TOOLS, tool_choice="required")
        call = next(item for item in first.output if item.type == "function_call")
        self.assertEqual(call.name, "weather")
        self.assertIsInstance(json.loads(call.arguments), dict)
        answer = self.client.responses.create(model="local-echo", tools=TOOLS, input=[
            {"role": "user", "content": "weather in Paris"}, call,
            {"type": "function_call_output", "call_id": call.call_id, "output": "rain"},
            {"role": "user", "content": "thank you"}])
        self.assertIn("thank you", answer.output_text)

    def test_what_is_not_kept_is_refused(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.client.responses.create(model="local-echo", input="x", previous_response_id="resp_1")
        self.assertEqual(caught.exception.param, "previous_response_id")
        with self.assertRaises(openai.NotFoundError):
            self.client.responses.create(model="nobody-has-it", input="x")


if __name__ == "__main__":
    unittest.main()
