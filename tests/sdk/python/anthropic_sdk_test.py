"""The official Anthropic SDK for Python against a running gateway whose backends speak OpenAI's dialect.

SYNAPSE_BASE_URL is the gateway's address; scripts/with_local_stack.py starts one and sets it. The
model local-echo repeats the last user message, so what must come back is known exactly.
"""

import asyncio
import os
import unittest

import anthropic

BASE_URL = os.environ["SYNAPSE_BASE_URL"].rstrip("/")
SENTENCE = "Ein Satz mit Umlauten äöü, 漢字, \"quotes\" and 🙂: " + " ".join(f"word{i}" for i in range(40))
TOOLS = [{"name": "weather", "description": "Weather of a place",
          "input_schema": {"type": "object", "properties": {"city": {"type": "string"}},
                           "required": ["city"]}}]


def options(**more):
    return {"base_url": BASE_URL, "api_key": "unused", "timeout": 30.0, "max_retries": 0, **more}


def question(text=SENTENCE, **more):
    return {"model": "local-echo", "max_tokens": 1000,
            "messages": [{"role": "user", "content": text}], **more}


class Case(unittest.TestCase):
    def setUp(self):
        self.client = anthropic.Anthropic(**options())
        self.addCleanup(self.client.close)


class Messages(Case):
    def test_answer_has_text_reason_and_usage(self):
        answer = self.client.messages.create(**question())
        self.assertEqual(answer.type, "message")
        self.assertEqual(answer.role, "assistant")
        self.assertEqual(answer.model, "local-echo")
        self.assertEqual([block.type for block in answer.content], ["text"])
        self.assertEqual(answer.content[0].text, SENTENCE)
        self.assertEqual(answer.stop_reason, "end_turn")
        self.assertGreater(answer.usage.input_tokens, 0)
        self.assertGreater(answer.usage.output_tokens, 0)
        self.assertTrue(answer.id.startswith("msg_"))
        self.assertTrue(answer._request_id)

    def test_the_limit_is_the_reason(self):
        answer = self.client.messages.create(**question(max_tokens=3))
        self.assertEqual(answer.stop_reason, "max_tokens")
        self.assertEqual(answer.usage.output_tokens, 3)

    def test_system_and_parts_are_taken(self):
        answer = self.client.messages.create(**question(
            [{"type": "text", "text": "first ", "cache_control": {"type": "ephemeral"}},
             {"type": "text", "text": "second"}],
            system=[{"type": "text", "text": "be brief"}], metadata={"user_id": "somebody"}))
        self.assertIn("second", answer.content[0].text)

    def test_async_client(self):
        async def ask():
            async with anthropic.AsyncAnthropic(**options()) as client:
                return await asyncio.gather(
                    *(client.messages.create(**question(f"number {i}")) for i in range(10)))
        answers = asyncio.run(ask())
        self.assertEqual([one.content[0].text for one in answers], [f"number {i}" for i in range(10)])


class Streams(Case):
    def test_events_come_in_order(self):
        types = []
        with self.client.messages.create(stream=True, **question()) as events:
            for event in events:
                if not types or types[-1] != event.type:
                    types.append(event.type)
        self.assertEqual([one for one in types if one != "ping"],
                         ["message_start", "content_block_start", "content_block_delta",
                          "content_block_stop", "message_delta", "message_stop"])

    def test_pieces_make_up_the_answer(self):
        with self.client.messages.stream(**question()) as stream:
            pieces = list(stream.text_stream)
            final = stream.get_final_message()
        self.assertEqual("".join(pieces), SENTENCE)
        self.assertGreater(len(pieces), 10)
        self.assertEqual(final.content[0].text, SENTENCE)
        self.assertEqual(final.stop_reason, "end_turn")
        self.assertGreater(final.usage.output_tokens, 0)
        self.assertGreater(final.usage.input_tokens, 0)

    def test_one_that_breaks_off_is_no_answer(self):
        whole = []
        with self.assertRaises(Exception) as caught:
            with self.client.messages.create(
                    stream=True, extra_headers={"X-Misbehave": "cut:1500"}, **question()) as events:
                for event in events:
                    whole.append(event.type)
        self.assertIsInstance(caught.exception, (anthropic.APIError, OSError) + tuple(
            kind for kind in type(caught.exception).__mro__ if kind.__name__ == "RemoteProtocolError"))
        self.assertIn("content_block_delta", whole)
        self.assertNotIn("message_stop", whole)


class Tools(Case):
    def test_a_call_and_its_result(self):
        first = self.client.messages.create(**question(
            "weather in Paris", tools=TOOLS, tool_choice={"type": "any"}))
        self.assertEqual(first.stop_reason, "tool_use")
        call = next(block for block in first.content if block.type == "tool_use")
        self.assertEqual(call.name, "weather")
        self.assertIsInstance(call.input, dict)
        answer = self.client.messages.create(
            model="local-echo", max_tokens=100, tools=TOOLS,
            messages=[{"role": "user", "content": "weather in Paris"},
                      {"role": "assistant", "content": first.content},
                      {"role": "user", "content": [
                          {"type": "tool_result", "tool_use_id": call.id, "content": "rain"},
                          {"type": "text", "text": "thank you"}]}])
        self.assertEqual(answer.stop_reason, "end_turn")
        self.assertIn("thank you", answer.content[0].text)

    def test_a_streamed_call(self):
        with self.client.messages.stream(**question(
                "weather in Paris", tools=TOOLS,
                tool_choice={"type": "tool", "name": "weather"})) as stream:
            final = stream.get_final_message()
        whole = self.client.messages.create(**question(
            "weather in Paris", tools=TOOLS, tool_choice={"type": "tool", "name": "weather"}))
        self.assertEqual([block.type for block in final.content],
                         [block.type for block in whole.content])
        self.assertEqual(final.content[-1].input, whole.content[-1].input)
        self.assertEqual(final.stop_reason, "tool_use")


class Counts(Case):
    def test_more_text_has_more_tokens(self):
        few = self.client.messages.count_tokens(
            model="local-echo", messages=[{"role": "user", "content": "hi"}])
        many = self.client.messages.count_tokens(
            model="local-echo", system="be brief", tools=TOOLS,
            messages=[{"role": "user", "content": SENTENCE}])
        self.assertGreater(few.input_tokens, 0)
        self.assertGreater(many.input_tokens, few.input_tokens)


class Refused(Case):
    def expect(self, kind, type_, status, **more):
        with self.assertRaises(kind) as caught:
            self.client.messages.create(**question(**more))
        self.assertEqual(caught.exception.status_code, status)
        body = caught.exception.body
        self.assertEqual(body["type"], "error")
        self.assertEqual(body["error"]["type"], type_)
        self.assertTrue(body["error"]["message"])
        self.assertTrue(caught.exception.request_id)
        return body["error"]["message"]

    def test_a_model_that_is_not_there(self):
        self.expect(anthropic.NotFoundError, "not_found_error", 404, model="nobody-has-it")

    def test_wrong_requests(self):
        for more in ({"messages": []}, {"messages": [{"role": "robot", "content": "x"}]},
                     {"messages": "x"}, {"extra_body": {"temperature": "hot"}},
                     {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
                     {"messages": [{"role": "user", "content": [{"type": "tool_result",
                                                                   "tool_use_id": "nobody",
                                                                   "content": "x"}]}]}):
            with self.subTest(more=more):
                self.expect(anthropic.BadRequestError, "invalid_request_error", 400, **more)


if __name__ == "__main__":
    unittest.main()
