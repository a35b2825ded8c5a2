"""The audio routes of the official OpenAI SDK for Python, against local backends with real engines:
what is spoken is heard again.
"""

import io
import os
import unittest
import wave

import openai

BASE_URL = os.environ["SYNAPSE_BASE_URL"].rstrip("/")
SENTENCE = "The quick brown fox jumps over the lazy dog."
WORDS = {"the", "quick", "brown", "fox", "over", "lazy", "dog"}


def client():
    return openai.OpenAI(base_url=BASE_URL + "/v1", api_key="unused", timeout=120.0, max_retries=0)


def spoken(text=SENTENCE):
    with client() as api:
        return api.audio.speech.create(model="tts-1", voice="alloy", input=text,
                                       response_format="wav").content


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sound = spoken()

    def setUp(self):
        self.client = client()
        self.addCleanup(self.client.close)

    def hear(self, **options):
        options.setdefault("file", ("fox.wav", self.sound))
        return self.client.audio.transcriptions.create(model="whisper-1", **options)

    def expect_sentence(self, text):
        heard = {word.strip(".,").lower() for word in text.split()}
        self.assertGreaterEqual(len(WORDS & heard), len(WORDS) - 1, text)


class Speech(Case):
    def test_wav_is_one(self):
        with wave.open(io.BytesIO(self.sound)) as file:
            self.assertEqual((file.getnchannels(), file.getsampwidth(), file.getframerate()),
                             (1, 2, 24000))
            self.assertGreater(file.getnframes(), 24000)

    def test_pcm_is_the_samples_alone(self):
        samples = self.client.audio.speech.create(
            model="tts-1", voice="alloy", input=SENTENCE, response_format="pcm").content
        with wave.open(io.BytesIO(self.sound)) as file:
            self.assertEqual(samples, file.readframes(file.getnframes()))

    def test_mp3_is_the_default_and_opus_there(self):
        mp3 = self.client.audio.speech.create(model="tts-1", voice="alloy", input="Hello.")
        self.assertEqual(mp3.response.headers["content-type"], "audio/mpeg")
        self.assertTrue(mp3.content[:3] == b"ID3" or mp3.content[0] == 0xFF)
        opus = self.client.audio.speech.create(
            model="tts-1", voice="alloy", input="Hello.", response_format="opus")
        self.assertEqual(opus.content[:4], b"OggS")

    def test_streams_pieces(self):
        with self.client.audio.speech.with_streaming_response.create(
                model="tts-1", voice="alloy", input=SENTENCE, response_format="wav") as answer:
            self.assertEqual(b"".join(answer.iter_bytes()), self.sound)

    def test_unknown_voice_is_a_bad_request(self):
        with self.assertRaises(openai.BadRequestError) as raised:
            self.client.audio.speech.create(model="tts-1", voice="nobody", input="Hello.")
        self.assertEqual(raised.exception.param, "voice")

    def test_bad_fields_are_bad_requests(self):
        for field, value in (("input", ""), ("input", "x" * 4097), ("speed", 9.0),
                             ("response_format", "flac")):
            options = {"model": "tts-1", "voice": "alloy", "input": "Hello.", field: value}
            with self.assertRaises(openai.BadRequestError) as raised:
                self.client.audio.speech.create(**options)
            self.assertEqual(raised.exception.param, field)


class Transcriptions(Case):
    def test_what_was_spoken_is_heard(self):
        answer = self.hear()
        self.expect_sentence(answer.text)
        self.assertEqual(answer.usage.type, "duration")

    def test_text(self):
        self.expect_sentence(self.hear(response_format="text"))

    def test_subtitles(self):
        srt = self.hear(response_format="srt")
        self.assertTrue(srt.startswith("1\n00:00:0"), srt)
        vtt = self.hear(response_format="vtt")
        self.assertTrue(vtt.startswith("WEBVTT\n\n00:00:0"), vtt)

    def test_words_and_segments(self):
        answer = self.hear(response_format="verbose_json",
                           timestamp_granularities=["word", "segment"])
        self.expect_sentence(" ".join(word.word for word in answer.words))
        self.assertEqual(answer.language, "english")
        self.assertGreater(answer.duration, 1.0)
        last = 0.0
        for word in answer.words:
            self.assertLessEqual(last, word.start + 0.001)
            self.assertLess(word.start, word.end)
            last = word.end
        self.assertLess(answer.segments[0].avg_logprob, 0.0)

    def test_stream(self):
        events = list(self.hear(stream=True))
        self.assertEqual(events[-1].type, "transcript.text.done")
        self.expect_sentence(events[-1].text)
        self.assertEqual("".join(event.delta for event in events[:-1]), events[-1].text)

    def test_file_that_is_no_recording_is_a_bad_request(self):
        for content in (b"", b"no recording", b"RIFF\x00\x00\x00\x00WAVEfmt "):
            with self.assertRaises(openai.BadRequestError) as raised:
                self.hear(file=("fox.wav", content))
            self.assertEqual(raised.exception.param, "file")

    def test_recording_that_ends_too_early_is_heard_as_far_as_it_goes(self):
        self.expect_sentence(self.hear(file=("fox.wav", self.sound[: len(self.sound) - 4000])).text)

    def test_unknown_format_and_language_are_bad_requests(self):
        for field, value in (("response_format", "diarized_json"), ("language", "xx")):
            with self.assertRaises(openai.BadRequestError) as raised:
                self.hear(**{field: value})
            self.assertEqual(raised.exception.param, field)

    def test_translations_are_not_implemented(self):
        with self.assertRaises(openai.APIStatusError) as raised:
            self.client.audio.translations.create(model="whisper-1", file=("a.wav", self.sound))
        self.assertEqual(raised.exception.status_code, 501)


if __name__ == "__main__":
    unittest.main()
