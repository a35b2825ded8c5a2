"""The audio routes beside OpenAI's, against local backends with real engines: voices are cloned,
speakers told apart, noise removed, formats converted, and the sound is looked at afterwards.
"""

import array
import io
import json
import math
import os
import random
import subprocess
import unittest
import wave

import httpx2 as httpx

BASE_URL = os.environ["SYNAPSE_BASE_URL"].rstrip("/")
FIRST = "Good morning everybody and welcome to this meeting about the new project."
SECOND = "Thank you very much. I have looked at all the numbers from last week."


def decode(content, rate=16000):
    """Samples of any recording, mono, by ffmpeg."""
    run = subprocess.run(["ffmpeg", "-v", "error", "-i", "pipe:0", "-f", "s16le", "-ac", "1", "-ar",
                          str(rate), "pipe:1"], input=content, capture_output=True, check=True)
    return array.array("h", run.stdout)


def wav(samples, rate=16000):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(array.array("h", samples).tobytes())
    return out.getvalue()


def median_pitch(samples, rate=16000):
    """Hz; by autocorrelation over frames with a voice in them."""
    frame, pitches = rate // 25, []
    loudest = max(map(abs, samples))
    for at in range(0, len(samples) - 2 * frame, 2 * frame):
        part = samples[at:at + 2 * frame:2]  # 8 kHz will do
        if max(map(abs, part)) < loudest / 4:
            continue
        energy = sum(x * x for x in part)
        best, lag = max((sum(a * b for a, b in zip(part, part[shift:])), shift)
                        for shift in range(rate // 2 // 330, rate // 2 // 65))
        if best > 0.4 * energy:
            pitches.append(rate / 2 / lag)
    return sorted(pitches)[len(pitches) // 2]


class Case(unittest.TestCase):
    def setUp(self):
        self.client = httpx.Client(base_url=BASE_URL, timeout=120.0)
        self.addCleanup(self.client.close)

    def post(self, path, **what):
        answer = self.client.post(path, **what)
        self.assertEqual(answer.status_code, 200, answer.text[:500])
        return answer

    def say(self, text, voice="Alice.wav"):
        """With one of the backend's own voices."""
        return self.post("/v1/audio/speech", json={"model": "tts", "input": text, "voice": voice,
                                                   "response_format": "wav"}).content

    def own_voices(self):
        """Two of the backend's voices that differ: a woman's and a man's."""
        return "Alice.wav", "Henry.wav"


class Speech(Case):
    def test_languages_are_all_spoken(self):
        for language in self.client.get("/tts/languages").json():
            sound = self.post("/tts/synthesize",
                              json={"text": "1, 2, 3.", "language": language["code"]})
            self.assertEqual(sound.headers["content-type"], "audio/wav")
            self.assertGreater(max(map(abs, decode(sound.content))), 1000, language)

    def test_speed_changes_the_length(self):
        slow, fast = (len(decode(self.post("/tts/synthesize", json={"text": FIRST, "speed": speed})
                                 .content)) for speed in (0.7, 1.5))
        self.assertGreater(slow, 1.6 * fast)

    def test_a_cloned_voice_has_the_pitch_of_its_reference(self):
        for name in self.own_voices():
            reference = self.say(SECOND, name)
            voice = self.client.post("/voices", data={"name": f"clone of {name}"},
                                     files={"files": ("reference.wav", reference)})
            self.assertEqual(voice.status_code, 201, voice.text)
            self.addCleanup(self.client.delete, "/voices/" + voice.json()["voice_id"])
            for path in ("/tts/synthesize", "/tts/stream"):
                clone = self.post(path, json={"text": FIRST,
                                              "voice_id": voice.json()["voice_id"]}).content
                wanted, heard = (median_pitch(decode(sound)) for sound in (reference, clone))
                self.assertAlmostEqual(heard / wanted, 1.0, delta=0.15,
                                       msg=f"{name}: {wanted:.0f} Hz became {heard:.0f} Hz")

    def test_interpolation_clones_the_heaviest(self):
        voices = []
        for name, weight in zip(self.own_voices(), (0.2, 0.8)):
            voice = self.client.post("/voices", data={"name": name},
                                     files={"files": ("a.wav", self.say(SECOND, name))}).json()
            self.addCleanup(self.client.delete, "/voices/" + voice["voice_id"])
            voices.append({"voice_id": voice["voice_id"], "weight": weight})
        mixed = self.post("/tts/interpolate", json={"text": FIRST, "voices": voices}).content
        alone = self.post("/tts/synthesize",
                          json={"text": FIRST, "voice_id": voices[1]["voice_id"]}).content
        self.assertEqual(decode(mixed), decode(alone))


class Recognition(Case):
    def test_what_was_spoken_is_heard_with_times(self):
        answer = self.post("/stt/transcribe", data={"word_timestamps": "true", "language": "en"},
                           files={"file": ("a.wav", self.say(FIRST))}).json()
        words = [word["word"].strip() for one in answer["segments"] for word in one["words"]]
        wanted = FIRST.lower().strip(".").split()
        found = sum(word in words for word in wanted)
        self.assertGreaterEqual(found, 0.7 * len(wanted), words)

    def test_events_end_with_done(self):
        answer = self.post("/stt/stream", files={"file": ("a.wav", self.say("Good morning."))})
        self.assertTrue(answer.text.rstrip().endswith("event: done\r\ndata: {}"), answer.text)
        self.assertIn("event: segment\r\n", answer.text)

    def test_compressed_recordings_are_heard_as_well(self):
        ogg = self.post("/audio/convert", data={"output_format": "ogg"},
                        files={"file": ("a.wav", self.say("Good morning everybody."))}).content
        text = self.post("/stt/transcribe", files={"file": ("a.ogg", ogg)}).json()["text"]
        self.assertIn("morning", text)

    def test_the_language_is_told(self):
        answer = self.post("/stt/detect-language", files={"file": ("a.wav", self.say(FIRST))})
        self.assertEqual(answer.json()["detected_language"], "en")


class Speakers(Case):
    def test_two_voices_in_one_recording_are_two_speakers(self):
        first, second = (decode(self.say(text, voice))
                         for text, voice in zip((FIRST, SECOND), self.own_voices()))
        silence = array.array("h", [0] * 8000)
        both = wav(first + silence + second)
        answer = self.post("/speakers/diarize", files={"file": ("a.wav", both)}).json()
        self.assertEqual(answer["num_speakers"], 2, answer)
        change = (len(first) + len(silence) / 2) / 16000
        for segment in answer["segments"]:
            early = segment["start"] < change
            self.assertEqual(segment["speaker"] == answer["segments"][0]["speaker"], early, answer)
            self.assertLess(segment["end"] - change if early else change - segment["start"], 0.5)

    def test_number_of_speakers_can_be_told(self):
        sound = self.say(FIRST + " " + SECOND)
        for count in ("1", "2"):
            answer = self.post("/speakers/diarize", data={"num_speakers": count},
                               files={"file": ("a.wav", sound)}).json()
            self.assertEqual(answer["num_speakers"], int(count), answer)

    def test_same_and_different_speakers(self):
        one, other = self.own_voices()
        same = self.post("/speakers/verify", files={"file1": ("a.wav", self.say(FIRST, one)),
                                                    "file2": ("b.wav", self.say(SECOND, one))})
        self.assertTrue(same.json()["is_same_speaker"], same.text)
        different = self.post("/speakers/verify",
                              files={"file1": ("a.wav", self.say(FIRST, one)),
                                     "file2": ("b.wav", self.say(FIRST, other))})
        self.assertFalse(different.json()["is_same_speaker"], different.text)
        self.assertGreater(same.json()["similarity_score"], different.json()["similarity_score"])


class Audio(Case):
    def test_denoising_raises_the_signal_to_noise_ratio(self):
        rate, rng = 48000, random.Random(1)
        speech = decode(self.say(FIRST), rate)
        clean = [0.5 * x + (3000 * math.sin(2 * math.pi * 440 * i / rate) if i < rate else 0)
                 for i, x in enumerate(speech)]
        noisy = [max(-32768, min(32767, round(x + rng.gauss(0, 900)))) for x in clean]
        out = self.post("/audio/denoise", files={"file": ("a.wav", wav(noisy, rate))})
        self.assertEqual(out.headers["content-disposition"], 'attachment; filename="denoised.wav"')
        denoised = decode(out.content, rate)
        # Where nobody speaks there is noise alone: its power before and after, beside the speech's.
        quiet = [i for i in range(0, min(len(clean), len(denoised)) - 480, 480)
                 if max(map(abs, clean[i:i + 480])) < 60]
        loud = [i for i in range(0, min(len(clean), len(denoised)) - 480, 480)
                if max(map(abs, clean[i:i + 480])) > 3000]
        self.assertGreater(len(quiet), 10)

        def power(samples, frames):
            return sum(x * x for i in frames for x in samples[i:i + 480]) / len(frames) / 480

        def ratio(samples):
            return 10 * math.log10(power(samples, loud) / power(samples, quiet))

        self.assertGreater(ratio(denoised), ratio(noisy) + 3.0)

    def test_formats_in_a_circle_keep_the_length(self):
        sound = self.say(FIRST)
        length = len(decode(sound))
        for target, head in (("mp3", b"ID3"), ("flac", b"fLaC"), ("ogg", b"OggS"),
                             ("wav", b"RIFF")):
            answer = self.post("/audio/convert", data={"output_format": target},
                               files={"file": ("a", sound)})
            sound = answer.content
            self.assertEqual(sound[:len(head)], head)
            self.assertEqual(answer.headers["content-disposition"],
                             f'attachment; filename="converted.{target}"')
            self.assertAlmostEqual(len(decode(sound)), length, delta=16000 * 0.15)

    def test_sample_rate_and_bit_rate_are_heeded(self):
        sound = self.say(FIRST)
        converted = self.post("/audio/convert", data={"sample_rate": "8000"},
                              files={"file": ("a.wav", sound)}).content
        with wave.open(io.BytesIO(converted)) as file:
            self.assertEqual(file.getframerate(), 8000)
        low, high = (len(self.post("/audio/convert",
                                   data={"output_format": "mp3", "bitrate": rate},
                                   files={"file": ("a.wav", sound)}).content)
                     for rate in ("32k", "128k"))
        self.assertGreater(high, 2 * low)


class Errors(Case):
    def test_what_the_backend_cannot_read_is_no_success(self):
        answer = self.client.post("/stt/transcribe",
                                  files={"file": ("a.ogg", b"OggS" + bytes(random.Random(2).
                                                                           randbytes(5000)))})
        self.assertEqual(answer.status_code, 502, answer.text)
        self.assertEqual(answer.json()["error"], "STT backend error")

    def test_a_stream_that_breaks_off_says_so(self):
        # The backend is told to take its time and to forget the end of its next stream.
        port = os.environ["LOCAL_STACK_WHISPER_STT_PORT"]
        httpx.post(f"http://127.0.0.1:{port}/__misbehave",
                   json={"spec": "slow-body:300,no-done@/stream", "times": 1}).raise_for_status()
        silence = array.array("h", [0] * 16000)  # makes two segments of it
        both = wav(decode(self.say(FIRST)) + silence + decode(self.say(SECOND)))
        received = ""
        with self.assertRaises(httpx.RemoteProtocolError):
            with self.client.stream("POST", "/stt/stream",
                                    files={"file": ("a.wav", both)}) as answer:
                for text in answer.iter_text():
                    received += text
        self.assertIn("event: error\n", received)
        self.assertNotIn("event: done", received)
        self.assertIn("whisper-stt", json.loads(received.rsplit("data: ", 1)[1])["detail"])

    def test_references_that_the_backend_lost_are_given_again(self):
        port = os.environ["LOCAL_STACK_CHATTERBOX_TTS_PORT"]
        voice = self.client.post("/voices", data={"name": "lost"},
                                 files={"files": ("a.wav", self.say(SECOND))}).json()["voice_id"]
        self.addCleanup(self.client.delete, "/voices/" + voice)
        request = {"text": "Hello.", "voice_id": voice}
        first = self.post("/tts/synthesize", json=request).content
        httpx.post(f"http://127.0.0.1:{port}/__misbehave",
                   json={"spec": "lose-references@/tts", "times": 1}).raise_for_status()
        self.assertEqual(self.post("/tts/synthesize", json=request).content, first)


if __name__ == "__main__":
    unittest.main()
