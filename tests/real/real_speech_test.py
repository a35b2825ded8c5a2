#!/usr/bin/env python3
"""A real Piper and a real whisper.cpp: what they answer is what the gateway takes them to answer, and
speech and transcriptions come through a name of the catalog.

scripts/real_speech.sh prepares and runs both. The recordings are made here, by the one for the other.
"""

import http.client
import io
import json
import os
import re
import struct
import unittest
import wave
from concurrent.futures import ThreadPoolExecutor

import openai

from real_stack import BIN_DIR, ROOT, LocalStack, free_port, plain_request

SCRIPT = ROOT / "scripts" / "real_speech.sh"
SECONDS = 240.0
VOICE = "en_US-joe-medium"
TEXT = "Please schedule the meeting for Thursday morning."
WORDS = {"schedule", "meeting", "thursday", "morning"}
CONFIG = """\
backends:
  piper: {{url: "http://127.0.0.1:{piper}", type: piper}}
  whisper: {{url: "http://127.0.0.1:{whisper}", type: whisper-cpp}}
catalog:
  voice: {{deployments: [{{backend: piper, model: {voice}}}]}}
  ears: {{deployments: [{{backend: whisper, model: tiny.en}}]}}
"""


class SpeechStack(LocalStack):
    """Context manager: Piper, whisper.cpp and the gateway."""

    def __init__(self):
        super().__init__(BIN_DIR)
        self.ports = {}

    def _start(self):
        self.start_server("piper", "/voices")
        self.start_server("whisper", "/health")
        self._start_gateway(CONFIG.format(**self.ports, voice=VOICE))

    def start_server(self, name, ready):
        self.ports[name] = free_port()
        process = self._spawn_command(name, [str(SCRIPT), name, "--port", str(self.ports[name])],
                                      dict(os.environ))
        self._await(lambda: self._answers(f"http://127.0.0.1:{self.ports[name]}{ready}"), process,
                    f"answer to {ready}")

    def _stop(self, check):
        # Neither of the two ends orderly at SIGTERM, nor has anything to lose.
        for name, process in self.processes:
            if name in self.ports and process.poll() is None:
                process.kill()
                process.wait()
        self.processes = [each for each in self.processes if each[0] not in self.ports]
        super()._stop(check)

    def ask(self, name, method, path, body=None, content_type="application/json"):
        """(status, content type, bytes) of a server's own answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[name], timeout=SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": content_type} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", ""), answer.read()
        finally:
            connection.close()

    def say(self, **fields):
        return self.ask("piper", "POST", "/synthesize", json.dumps(fields))

    def hear(self, recording, **fields):
        """POST /inference of whisper.cpp."""
        fields = {name: (None, str(value).encode()) for name, value in fields.items()}
        if recording is not None:
            fields["file"] = ("speech.wav", recording)
        body = b""
        for name, (file, value) in fields.items():
            head = f'form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
            body += b"--limit\r\nContent-Disposition: " + head.encode() + b"\r\n\r\n" + value + b"\r\n"
        return self.ask("whisper", "POST", "/inference", body + b"--limit--\r\n",
                        "multipart/form-data; boundary=limit")


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(SpeechStack())
        _, _, cls.recording = cls.stack.say(text=TEXT)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            self.stack.print_logs()

    def assert_heard(self, text):
        heard = WORDS & set(re.findall(r"[a-z]+", text.lower()))
        self.assertGreaterEqual(len(heard), 3, text)


class Piper(Case):
    def test_the_newest_routes_are_told_by_the_root(self):
        status, kind, body = self.stack.ask("piper", "GET", "/")
        self.assertEqual((status, kind), (200, "text/html; charset=utf-8"))
        self.assertIn(b"<html", body)
        self.assertEqual(self.stack.ask("piper", "POST", "/", "{}")[0], 405)

    def test_voices_and_the_default_one_are_told(self):
        status, kind, body = self.stack.ask("piper", "GET", "/voices")
        self.assertEqual((status, kind), (200, "application/json"))
        voice = json.loads(body)[VOICE]
        self.assertEqual(voice["audio"]["sample_rate"], 22050)
        self.assertEqual(voice["espeak"]["voice"], "en-us")
        self.assertEqual((voice["num_speakers"], voice["speaker_id_map"]), (1, {}))
        info = json.loads(self.stack.ask("piper", "GET", "/info")[2])
        self.assertEqual(info["voice"], {"name": VOICE, "language": "en-us", "num_speakers": 1})

    def test_a_recording_is_a_whole_wav_that_is_called_a_page(self):
        status, kind, body = self.stack.say(text=TEXT, voice=VOICE)
        self.assertEqual((status, kind), (200, "text/html; charset=utf-8"))
        self.assertEqual((body[:4], body[8:16], struct.unpack("<I", body[4:8])[0]),
                         (b"RIFF", b"WAVEfmt ", len(body) - 8))
        with wave.open(io.BytesIO(body)) as recording:
            self.assertEqual(recording.getparams()[:3], (1, 2, 22050))

    def test_half_the_length_is_about_half_the_recording(self):
        slow, fast = (len(self.stack.say(text=TEXT, length_scale=scale)[2]) for scale in (1.0, 0.5))
        self.assertLess(fast, 0.75 * slow)

    def test_an_unknown_voice_is_silently_the_default_one(self):
        status, _, body = self.stack.say(text="Hello.", voice="nobody")
        self.assertEqual((status, body[:4]), (200, b"RIFF"))

    def test_no_text_is_a_page_about_a_failure(self):
        for body in ('{"text": " "}', "{}", "no json"):
            status, kind, text = self.stack.ask("piper", "POST", "/synthesize", body)
            self.assertEqual((status, kind), (500, "text/html; charset=utf-8"))
            self.assertIn(b"<title>500 Internal Server Error</title>", text)

    def test_there_is_no_health(self):
        self.assertEqual(self.stack.ask("piper", "GET", "/health")[0], 404)


class WhisperCpp(Case):
    def test_health_is_json(self):
        self.assertEqual(self.stack.ask("whisper", "GET", "/health"),
                         (200, "application/json", b'{"status":"ok"}'))

    def test_json_is_the_text_alone(self):
        status, kind, body = self.stack.hear(self.recording)
        self.assertEqual((status, kind), (200, "application/json"))
        self.assertEqual(set(json.loads(body)), {"text"})
        self.assert_heard(json.loads(body)["text"])

    def test_verbose_json_has_segments_with_words(self):
        status, kind, body = self.stack.hear(self.recording, response_format="verbose_json")
        self.assertEqual((status, kind), (200, "application/json"))
        said = json.loads(body)
        self.assertLessEqual({"task", "language", "duration", "text", "segments"}, set(said))
        self.assertEqual((said["task"], said["language"]), ("transcribe", "english"))
        for segment in said["segments"]:
            self.assertLessEqual({"id", "text", "start", "end", "tokens", "words", "temperature",
                                  "avg_logprob", "no_speech_prob"}, set(segment))
            for word in segment["words"]:
                self.assertLessEqual({"word", "start", "end", "probability"}, set(word))
        self.assert_heard(said["text"])

    def test_the_other_forms(self):
        for form, kind, begin in (("text", "text/html; charset=utf-8", ""), ("vtt", "text/vtt", "WEBVTT"),
                                  ("srt", "application/x-subrip", "1\n")):
            status, said_kind, body = self.stack.hear(self.recording, response_format=form)
            self.assertEqual((status, said_kind), (200, kind), form)
            self.assertTrue(body.decode().startswith(begin), body)

    def test_what_the_client_did_wrong_is_plain_text(self):
        for recording in (None, b"no recording"):
            status, kind, body = self.stack.hear(recording)
            self.assertEqual((status, kind, body), (400, "text/plain", b"Invalid request"))

    def test_an_unknown_path_is_plain_text(self):
        status, kind, body = self.stack.ask("whisper", "GET", "/nothing")
        self.assertEqual((status, kind, body), (404, "text/plain", b"File Not Found (/nothing)"))


class ThroughTheGateway(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        body = {"model": "voice", "voice": VOICE, "input": TEXT, "response_format": "wav"}
        port = int(cls.stack.base_url.rsplit(":", 1)[1])
        status, text = plain_request(port, "POST", "/v1/audio/speech", body, SECONDS)
        if status in (404, 405, 501):
            raise unittest.SkipTest(f"this gateway has no speech by names of a catalog: {text[:200]}")

    def setUp(self):
        self.client = openai.OpenAI(base_url=self.stack.base_url + "/v1", api_key="unused",
                                    max_retries=0, timeout=SECONDS)
        self.addCleanup(self.client.close)

    def say(self, form="wav", **fields):
        return self.client.audio.speech.create(model="voice", voice=VOICE, input=TEXT,
                                               response_format=form, **fields)

    def hear(self, form="json", **fields):
        return self.client.audio.transcriptions.create(
            model="ears", file=("speech.wav", self.recording, "audio/wav"), response_format=form, **fields)

    def test_speech_is_a_wav(self):
        answer = self.say()
        self.assertEqual(answer.response.headers["content-type"], "audio/wav")
        with wave.open(io.BytesIO(answer.read())) as recording:
            self.assertEqual(recording.getparams()[:3], (1, 2, 22050))

    def test_speech_as_pcm_has_the_same_duration_at_24_khz(self):
        with wave.open(io.BytesIO(self.say().read())) as recording:
            seconds = recording.getnframes() / recording.getframerate()
        samples = len(self.say("pcm").read()) / 2
        # Two readings of one text differ a little.
        self.assertAlmostEqual(samples / 24000, seconds, delta=0.25 * seconds)

    def test_a_transcription_has_the_words(self):
        self.assert_heard(self.hear().text)

    def test_a_transcription_as_text(self):
        self.assert_heard(self.hear("text"))

    def test_a_verbose_transcription_has_segments_and_words(self):
        said = self.hear("verbose_json", timestamp_granularities=["word", "segment"])
        self.assert_heard(said.text)
        self.assert_heard(" ".join(segment.text for segment in said.segments))
        self.assertLessEqual({"schedule", "meeting"}, {word.word.lower().strip(" ,.") for word in said.words})
        self.assertTrue(all(word.start <= word.end <= said.duration + 1 for word in said.words))

    def test_a_transcription_as_subtitles(self):
        self.assertTrue(self.hear("srt").startswith("1\n00:00:0"))
        self.assertTrue(self.hear("vtt").startswith("WEBVTT\n"))

    def test_a_transcription_as_a_stream(self):
        events = list(self.hear(stream=True))
        self.assertEqual(events[-1].type, "transcript.text.done")
        self.assert_heard(events[-1].text)

    def test_no_recording_is_the_clients_mistake(self):
        with self.assertRaises(openai.BadRequestError):
            self.client.audio.transcriptions.create(model="ears", file=("a.wav", b"no recording", "audio/wav"))

    def test_eight_clients_at_once_are_all_heard(self):
        with ThreadPoolExecutor(8) as pool:
            for each in [pool.submit(self.hear) for _ in range(8)]:
                self.assert_heard(each.result(SECONDS).text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
