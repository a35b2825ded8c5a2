#!/usr/bin/env python3
"""The gateway in front of a real llama.cpp router that holds one model at a time.

scripts/real_llama.sh prepares router and models and says what they are. Everything is asked through
the gateway, with the official SDK where it can; the router itself is asked only about what happened.
"""

import http.client
import json
import time
import unittest
from concurrent.futures import ThreadPoolExecutor, as_completed

import openai

from real_stack import DIRECT, RealStack, RouterEvents, eventually, plain_request

# Limits, not expectations: a load takes one second, or thirty while all cores are taken.
REQUEST_SECONDS = 240.0
SOON_SECONDS = 10.0
# A model that has been told to unload while it decodes for a client who left is killed after 10 s.
STUBBORN_SECONDS = 60.0
BOTH = ("gemma-a", "gemma-b")
GATEWAY_ONLY = "what only the gateway does"


def messages(text="Tell me a long story about a gateway."):
    return [{"role": "user", "content": text}]


def parse_stream(raw):
    """(text, finish reason) of a complete stream; fails for one that is not."""
    data = [line[6:] for line in raw.split("\n") if line.startswith("data: ")]
    if not data or data[-1] != "[DONE]":
        raise AssertionError(f"a stream without [DONE]: …{raw[-300:]!r}")
    chunks = [json.loads(each) for each in data[:-1]]
    problems = [chunk["error"] for chunk in chunks if "error" in chunk]
    if problems:
        raise AssertionError(f"a stream with an error: {problems}")
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    reasons = [choice["finish_reason"] for choice in choices if choice["finish_reason"]]
    if len(reasons) != 1:
        raise AssertionError(f"a stream with the finish reasons {reasons}")
    return text, reasons[0]


class Case(unittest.TestCase):
    flags = ("--models-max", "1")

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(RealStack(*cls.flags))
        cls.port = int(cls.stack.base_url.rsplit(":", 1)[1])

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            self.stack.print_logs()

    def setUp(self):
        # The router ends a kept connection behind each answer without a word.
        headers = {"Connection": "close"} if DIRECT else {}
        self.client = openai.OpenAI(base_url=self.stack.base_url + "/v1", api_key="unused",
                                    max_retries=0, timeout=REQUEST_SECONDS,
                                    default_headers=headers)
        self.addCleanup(self.client.close)
        self.events = self.enterContext(RouterEvents(self.stack.router_port))

    def chat(self, model, tokens=8):
        """The text of a whole answer."""
        answer = self.client.chat.completions.create(
            model=model, messages=messages(), max_tokens=tokens, extra_body={"ignore_eos": True})
        self.assertEqual(answer.choices[0].finish_reason, "length")
        self.assertEqual(answer.usage.completion_tokens, tokens)
        return answer.choices[0].message.content

    def chat_stream(self, model, tokens=8, on_first=None):
        """(text, finish reason) of a stream that is complete to its last byte.
        @param on_first called once the first content is there"""
        pieces = []
        with self.client.chat.completions.with_streaming_response.create(
                model=model, messages=messages(), max_tokens=tokens, stream=True,
                extra_body={"ignore_eos": True}) as answer:
            for piece in answer.iter_text():
                pieces.append(piece)
                if on_first and '"content":"' in "".join(pieces):
                    on_first()
                    on_first = None
        return parse_stream("".join(pieces))

    def ask(self, model, number, tokens=8):
        """One of many: whole answers and streams in turn."""
        if number % 2:
            text, reason = self.chat_stream(model, tokens)
            self.assertEqual(reason, "length")
        else:
            text = self.chat(model, tokens)
        self.assertTrue(text)

    def crowd(self, models, tokens):
        """All at once, one client for each entry. @returns the seconds until the last had its answer."""
        begin = time.monotonic()
        with ThreadPoolExecutor(len(models)) as pool:
            asked = [pool.submit(self.ask, model, number, tokens)
                     for number, model in enumerate(models)]
            for each in as_completed(asked, REQUEST_SECONDS):
                each.result()
        return time.monotonic() - begin

    def whole_answer_abandoned(self, model, tokens):
        """A client without a stream that leaves while its answer is being made."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_SECONDS)
        connection.request("POST", "/v1/chat/completions",
                           json.dumps({"model": model, "messages": messages(), "max_tokens": tokens,
                                       "ignore_eos": True}), {"Content-Type": "application/json"})
        self.assertTrue(eventually(lambda: self.stack.is_processing(model), SOON_SECONDS))
        connection.close()

    def begun_stream(self, pool, model, tokens):
        """A stream whose first content has come: its future."""
        begun = []
        stream = pool.submit(self.chat_stream, model, tokens, lambda: begun.append(True))
        eventually(lambda: begun or stream.done(), REQUEST_SECONDS)
        self.assertFalse(stream.done(), "the stream ended at once")
        return stream


class TakingTurns(Case):
    def test_two_models_alternate_under_24_clients(self):
        self.chat("tiny-a")  # neither of the two is loaded
        seconds = self.crowd([BOTH[number // 2 % 2] for number in range(24)], tokens=12)
        loads = self.events.loads() - self.events.loads("tiny-a")
        print(f"24 clients, two models: {loads} loads, all answered in {seconds:.1f} s")
        self.assertGreaterEqual(loads, 2)
        self.assertLessEqual(loads, 12, "the models are exchanged for every other request")

    def test_32_clients_of_a_cold_model_share_one_load(self):
        self.chat("gemma-b")
        seconds = self.crowd(["gemma-a"] * 32, tokens=4)
        print(f"32 clients, one cold model: all answered in {seconds:.1f} s")
        self.assertEqual(self.events.loads("gemma-a"), 1)

    def test_a_long_stream_ends_before_another_model_is_loaded(self):
        self.chat("gemma-a")
        with ThreadPoolExecutor(2) as pool:
            stream = self.begun_stream(pool, "gemma-a", 400)
            other = pool.submit(self.chat, "tiny-a")
            self.assertFalse(other.done() or stream.done())
            text, reason = stream.result(REQUEST_SECONDS)
            self.assertEqual(reason, "length")
            self.assertGreater(len(text), 400)
            self.assertTrue(other.result(REQUEST_SECONDS))
        # The router's own order of events: nothing of tiny-a before gemma-a had gone.
        states = [(model, state) for _, model, state in self.events.events
                  if state in ("loaded", "unloaded")]
        self.assertEqual(states[-2:], [("gemma-a", "unloaded"), ("tiny-a", "loaded")])

    def test_streams_and_whole_answers_of_tiny_models_change_places_40_times(self):
        for number in range(40):
            self.ask(("tiny-a", "tiny-b")[number % 2], number // 2)

    @unittest.skipIf(DIRECT, GATEWAY_ONLY)
    def test_a_load_by_hand_does_not_cut_a_stream(self):
        self.chat("gemma-a")
        with ThreadPoolExecutor(2) as pool:
            stream = self.begun_stream(pool, "gemma-a", 200)
            load = pool.submit(plain_request, self.port, "POST", "/models/load",
                               {"model": "tiny-b"}, REQUEST_SECONDS)
            self.assertEqual(stream.result(REQUEST_SECONDS)[1], "length")
            status, text = load.result(REQUEST_SECONDS)
            self.assertEqual(status, 200, text)
        self.assertTrue(eventually(lambda: self.stack.router_states()["tiny-b"] == "loaded",
                                   STUBBORN_SECONDS))

    @unittest.skipIf(DIRECT, GATEWAY_ONLY)
    def test_an_unload_by_hand_does_not_cut_a_stream(self):
        self.chat("gemma-a")
        with ThreadPoolExecutor(2) as pool:
            stream = self.begun_stream(pool, "gemma-a", 200)
            unload = pool.submit(plain_request, self.port, "POST", "/models/unload",
                                 {"model": "gemma-a"}, REQUEST_SECONDS)
            self.assertEqual(stream.result(REQUEST_SECONDS)[1], "length")
            status, text = unload.result(REQUEST_SECONDS)
            self.assertEqual(status, 200, text)
        self.assertTrue(eventually(lambda: self.stack.router_states()["gemma-a"] == "unloaded",
                                   STUBBORN_SECONDS))
        self.assertTrue(self.chat("gemma-a"))


class Departures(Case):
    def test_a_client_that_leaves_a_stream_ends_the_decoding(self):
        stream = self.client.chat.completions.create(
            model="gemma-a", messages=messages(), max_tokens=900, stream=True,
            extra_body={"ignore_eos": True})
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                break
        self.assertTrue(self.stack.is_processing("gemma-a"))
        stream.close()
        begin = time.monotonic()
        # 900 tokens take 15 s at the very least.
        self.assertTrue(eventually(lambda: not self.stack.is_processing("gemma-a"), 5.0))
        print(f"decoding ended {time.monotonic() - begin:.2f} s after the client's departure")

    def test_an_abandoned_whole_answer_does_not_keep_others_from_their_model(self):
        # The router does not notice this departure: its child decodes to the end, or is killed.
        self.chat("gemma-a")
        self.whole_answer_abandoned("gemma-a", 900)
        begin = time.monotonic()
        self.assertTrue(self.chat("tiny-a"))
        print(f"the other model answered {time.monotonic() - begin:.1f} s after the departure")
        self.assertTrue(self.chat("gemma-a"))  # its killed child was no failure of the model

    def test_clients_that_leave_while_a_model_loads_do_no_harm(self):
        self.chat("tiny-a")
        for _ in range(3):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_SECONDS)
            connection.request("POST", "/v1/chat/completions",
                               json.dumps({"model": "gemma-b", "messages": messages(),
                                           "max_tokens": 4}), {"Content-Type": "application/json"})
            eventually(lambda: self.stack.router_states()["gemma-b"] == "loading", SOON_SECONDS)
            connection.close()
            self.assertTrue(self.chat("tiny-a"))
        self.assertTrue(self.chat("gemma-b"))


class Accidents(Case):
    def test_after_the_router_was_killed_and_started_again_the_next_request_is_answered(self):
        self.chat("gemma-a")
        self.stack.kill_router()
        self.stack.start_router()
        self.assertTrue(self.chat("gemma-a"))

    @unittest.skipIf(DIRECT, GATEWAY_ONLY)
    def test_a_request_during_the_restart_waits_for_it(self):
        self.chat("tiny-a")
        self.stack.kill_router()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.chat, "tiny-a")
            self.stack.start_router()
            self.assertTrue(waiting.result(REQUEST_SECONDS))

    @unittest.skipIf(DIRECT, GATEWAY_ONLY)
    def test_a_stream_under_a_killed_router_is_reported_as_broken(self):
        self.chat("gemma-a")
        with ThreadPoolExecutor(1) as pool:
            stream = self.begun_stream(pool, "gemma-a", 900)
            self.stack.kill_router()
            problem = stream.exception(SOON_SECONDS)
            self.assertIsNotNone(problem, "a stream without its end that looks complete")
            print(f"the client saw: {type(problem).__name__}: {str(problem)[:120]}")
        self.stack.start_router()
        self.assertTrue(self.chat("gemma-a"))

    def test_after_a_models_process_was_killed_the_next_request_is_answered(self):
        self.chat("tiny-a")
        self.stack.kill_model("tiny-a")
        self.assertTrue(eventually(lambda: self.events.count("unloaded", "tiny-a"), SOON_SECONDS))
        self.assertTrue(self.chat("tiny-a"))

    def test_a_model_that_somebody_exchanged_past_the_gateway_is_loaded_again(self):
        self.chat("tiny-a")
        status, text = self.stack.router_request("POST", "/models/load", {"model": "tiny-b"})
        self.assertEqual(status, 200, text)
        self.assertTrue(self.chat("tiny-a"))
        status, text = self.stack.router_request("POST", "/models/unload", {"model": "tiny-a"})
        self.assertEqual(status, 200, text)
        self.assertTrue(self.chat("tiny-a"))

    def test_a_broken_model_is_an_error_in_time_and_harms_nobody(self):
        self.chat("tiny-a")
        with self.assertRaises(openai.InternalServerError):
            self.client.with_options(timeout=SOON_SECONDS * 3).chat.completions.create(
                model="broken", messages=messages())
        self.assertTrue(self.chat("tiny-a"))

    def test_an_unknown_model_is_the_clients_mistake_and_unloads_nothing(self):
        self.chat("tiny-a")
        with self.assertRaises((openai.BadRequestError, openai.NotFoundError)):
            self.client.with_options(timeout=SOON_SECONDS).chat.completions.create(
                model="nobody-has-this", messages=messages())
        self.assertEqual(self.stack.router_states()["tiny-a"], "loaded")


class Listing(Case):
    def test_the_list_says_what_is_loaded(self):
        self.chat("tiny-a")
        status, text = plain_request(self.port, "GET", "/models")
        self.assertEqual(status, 200, text)
        listed = {model["id"]: model["status"]["value"] for model in json.loads(text)["data"]}
        self.assertEqual(listed["tiny-a"], "loaded")
        self.assertEqual(listed["gemma-a"], "unloaded")
        self.assertIn("broken", listed)

    def test_a_model_in_a_folder_of_parts_is_called_by_the_folder(self):
        self.assertTrue(self.chat("tiny-parts"))

    @unittest.skipIf(DIRECT, GATEWAY_ONLY)
    def test_parts_side_by_side_are_one_model(self):
        self.assertTrue(self.chat("tiny-split"))


class Autoload(Case):
    """A router that also loads by itself."""

    flags = ("--models-max", "1", "--models-autoload")

    def test_two_models_alternate_under_12_clients(self):
        self.chat("tiny-a")
        seconds = self.crowd([BOTH[number // 2 % 2] for number in range(12)], tokens=8)
        loads = self.events.loads() - self.events.loads("tiny-a")
        print(f"12 clients, two models, autoload: {loads} loads, all answered in {seconds:.1f} s")
        self.assertLessEqual(loads, 8)


class RoomForTwo(Case):
    flags = ("--models-max", "2")

    def test_two_models_stay_loaded_when_the_router_holds_two(self):
        self.chat("tiny-a")
        self.chat("tiny-b")
        before = self.events.loads()
        for number in range(20):
            self.ask(("tiny-a", "tiny-b")[number % 2], number // 2)
        self.assertEqual(self.events.loads(), before)

    def test_a_third_one_takes_the_place_of_an_idle_one_while_a_stream_runs(self):
        self.chat("gemma-a")
        self.chat("tiny-a")
        with ThreadPoolExecutor(1) as pool:
            stream = self.begun_stream(pool, "gemma-a", 400)
            self.assertTrue(self.chat("tiny-b"))
            self.assertFalse(stream.done(), "the third model waited for the stream")
            self.assertEqual(stream.result(REQUEST_SECONDS)[1], "length")


class Sleeping(Case):
    flags = ("--models-max", "1", "--sleep-idle-seconds", "1")

    def test_a_sleeping_model_answers_and_makes_room(self):
        for _ in range(2):
            self.chat("tiny-a")
            self.assertTrue(eventually(
                lambda: self.stack.router_states()["tiny-a"] == "sleeping", SOON_SECONDS))
        self.assertEqual(self.events.loads("tiny-a"), 1)
        self.assertTrue(self.chat("tiny-b"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
