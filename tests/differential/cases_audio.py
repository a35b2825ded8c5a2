"""Speech, recordings, speakers, audio and voices: what the gateway translates."""

import json
import time

import answers
import clients
from answers import (
    DONE_EVENT,
    MP3,
    RECORDINGS,
    SEGMENT_EVENTS,
    SEGMENT_STREAMS,
    SEGMENTS,
    TRANSCRIPT,
    TRANSCRIPTIONS,
    WHOLE,
    dump,
    error,
    http,
    stream,
    wav,
)
from backend import answer, close, hold, pause, reset
from case import Case
from clients import FORM_TYPE, ask, form, post, post_form
from worlds import BRIEF, NARROW, PLAIN, SPEAKING

TEXT = dump({"text": "Guten Morgen."})
SPEECH = dump({"model": "tts-1", "voice": "alloy", "input": "Good morning."})
EVENT_SPEECH = dump({"model": "tts-1", "voice": "alloy", "input": "Hi.", "stream_format": "sse"})
FILE = ("file", "a.wav", wav(8000, 16000))
HUGE_FILE = ("file", "a.wav", wav(1000, 16000, 8_000_000) + b"x" * 8_000_000)  # more than sockets take unread
LONG_FILE = ("file", "a.wav", wav(400_000, 16000))
TWO_FILES = (("file1", "a.wav", wav(8000, 16000)), ("file2", "b.wav", wav(4000, 16000)))
DIARIZATION = dump({"num_speakers": 1, "segments": [{"speaker": "A", "start": 0, "end": 1}], "duration": 1})
VERIFIED = dump({"is_same_speaker": True, "similarity_score": 0.9, "threshold": 0.5})
MP3_ANSWER = answer(http(MP3, kind="audio/mp3"))


def cases():
    yield from speech()
    yield from voices()
    yield from openai_speech()
    yield from transcriptions()
    yield from forms()
    yield from speaking()


def speech():
    for name, one in RECORDINGS.items():
        yield Case(f"tts/synthesize/{name}", PLAIN, post("/tts/synthesize", TEXT), [one] * 3)
        yield Case(f"tts/stream/{name}", PLAIN, post("/tts/stream", TEXT), [one] * 3)
    for way, how in (clients.SINGLE | clients.BODY | clients.DOUBLE).items():
        for name in ("length", "chunked", "detail-400"):
            yield Case(
                f"tts/{way}/{name}", PLAIN, post("/tts/synthesize", TEXT, way=how), [RECORDINGS[name]] * 2
            )
    for name, body in {
        "empty": {},
        "no-text": {"text": ""},
        "long": {"text": "x" * 5001},
        "number": {"text": 7},
        "language": {"text": "x", "language": "de"},
        "bad-language": {"text": "x", "language": "xx"},
        "speed": {"text": "x", "speed": 1.5},
        "bad-speed": {"text": "x", "speed": 9},
        "split": {"text": "x", "split_sentences": False},
        "unknown-voice": {"text": "x", "voice_id": "nobody"},
        "further-fields": {"text": "x", "seed": 3},
    }.items():
        for route in ("synthesize", "stream"):
            yield Case(
                f"tts/{route}/body/{name}",
                PLAIN,
                post(f"/tts/{route}", dump(body)),
                [RECORDINGS["length"]] * 2,
            )
    for name, body in {
        "empty": {},
        "one": {"text": "x", "voices": [{"voice_id": "a", "weight": 1}]},
        "weights": {
            "text": "x",
            "voices": [{"voice_id": "a", "weight": 0.9}, {"voice_id": "b", "weight": 0.9}],
        },
        "unknown": {
            "text": "x",
            "voices": [{"voice_id": "a", "weight": 0.4}, {"voice_id": "b", "weight": 0.6}],
        },
    }.items():
        yield Case(f"tts/interpolate/body/{name}", PLAIN, post("/tts/interpolate", dump(body)))
    yield Case(
        "tts/leaves",
        PLAIN,
        clients.leaves_before_answer("POST", "/tts/synthesize", TEXT, (clients.JSON_TYPE,)),
        [answer(hold())],
    )
    yield Case(
        "tts/leaves-within",
        PLAIN,
        clients.leaves_within("POST", "/tts/stream", TEXT, b"RIFF", (clients.JSON_TYPE,)),
        [answer(http(wav(40000), kind="audio/wav")[:20000], hold())],
    )
    yield Case("tts/total", BRIEF, post("/tts/synthesize", TEXT), [answer(hold())] * 3)
    yield Case(
        "tts/total-within",
        BRIEF,
        post("/tts/synthesize", TEXT),
        [answer(http(wav(), kind="audio/wav")[:-100], hold())],
    )

    def at_once(talk, order):
        ones = []
        for number in (1, 2):
            ones.append(talk.connect())
            ones[-1].send(talk.request("POST", "/tts/synthesize", TEXT, (clients.JSON_TYPE,), number=number))
            talk.wait("whole") if number == 1 else time.sleep(0.06)
        for index in order:
            if index == 0:
                talk.tell("go")
            ones[index].read_reply("POST")

    last = (http(wav(), kind="audio/wav", fields=["Connection: close"]), close())
    held = [answer(("wait", "go"), *last), answer(*last)]
    yield Case("tts/turns", NARROW, lambda talk: at_once(talk, (0, 1)), held)
    yield Case("tts/turn-timeout", NARROW, lambda talk: at_once(talk, (1, 0)), held)


def voices():
    upload = answer(http(dump({"uploaded_files": ["kept.wav"], "errors": []})))
    refused = answer(http(dump({"uploaded_files": [], "errors": [{"filename": "x", "error": "too long"}]})))

    def with_voice(*work, files=1):
        """Makes a voice, does the work with its id, and removes it."""

        def client(talk):
            one = talk.connect()
            parts = [("name", "Anna"), *(("files", f"{i}.wav", wav(4000 + i)) for i in range(files))]
            one.send(talk.request("POST", "/voices", form(*parts), (FORM_TYPE,), number=1))
            made = one.read_reply("POST")
            if made.status != 201:
                return
            voice = json.loads(made.body)["voice_id"]
            for number, (method, target, body, fields) in enumerate(work, 2):
                data = json.dumps(body).replace("{voice}", voice).encode() if isinstance(body, dict) else body
                one.send(talk.request(method, target.replace("{voice}", voice), data, fields, number=number))
                one.read_reply(method)
            one.send(talk.request("DELETE", f"/voices/{voice}", number=90))
            one.read_reply("DELETE")

        return client

    def say(target="/tts/synthesize", **more):
        body = {"text": "x", "voice_id": "{voice}", **more}
        return "POST", target, body, (clients.JSON_TYPE,)

    yield Case("voices/list", PLAIN, with_voice(("GET", "/voices", None, ())))
    yield Case(
        "voices/references",
        PLAIN,
        with_voice(
            ("POST", "/voices/{voice}/references", form(("files", "b.wav", wav(3000))), (FORM_TYPE,)),
            ("GET", "/voices", None, ()),
        ),
    )
    for name, parts in {
        "no-name": [("files", "a.wav", wav())],
        "no-files": [("name", "x")],
        "no-wav": [("name", "x"), ("files", "a.wav", b"x" * 99)],
        "short": [("name", "x"), ("files", "a.wav", b"RIFF")],
        "other-name": [("name", "x"), ("files", "a.txt", wav())],
        "two-names": [("name", "x"), ("name", "y"), ("files", "a.wav", wav())],
        "too-many": [("name", "x"), *([("files", "a.wav", wav())] * 11)],
        "nothing": [],
    }.items():
        yield Case(f"voices/create/{name}", PLAIN, post_form("/voices", *parts), loose=("in",))
    for way, how in clients.BODY.items():
        yield Case(
            f"voices/create/{way}",
            PLAIN,
            post_form("/voices", ("name", ""), ("files", "a.wav", wav()), way=how),
        )
    yield Case("voices/delete-unknown", PLAIN, ask("DELETE", "/voices/nobody"))
    yield Case(
        "voices/references-unknown",
        PLAIN,
        post_form("/voices/nobody/references", ("files", "a.wav", wav())),
        loose=("in",),
    )
    good = RECORDINGS["length"]
    for route in ("synthesize", "stream"):
        yield Case(f"voices/clone/{route}", PLAIN, with_voice(say(f"/tts/{route}")), [upload, good])
    yield Case("voices/clone/twice", PLAIN, with_voice(say(), say()), [upload, good, good])
    yield Case("voices/clone/by-name", PLAIN, with_voice(say(voice_id="Anna")), [upload, good])
    yield Case(
        "voices/clone/interpolate",
        PLAIN,
        with_voice(
            (
                "POST",
                "/tts/interpolate",
                {
                    "text": "x",
                    "voices": [{"voice_id": "{voice}", "weight": 0.6}, {"voice_id": "nobody", "weight": 0.4}],
                },
                (clients.JSON_TYPE,),
            )
        ),
        [upload, good],
    )
    yield Case(
        "voices/clone/openai",
        PLAIN,
        with_voice(("POST", "/v1/audio/speech", {"input": "x", "voice": "{voice}"}, (clients.JSON_TYPE,))),
        [upload, MP3_ANSWER],
    )
    yield Case(
        "voices/clone/lost-once",
        PLAIN,
        with_voice(say(), say()),
        [upload, good, RECORDINGS["not-found"], upload, good],
    )
    yield Case(
        "voices/clone/lost-twice",
        PLAIN,
        with_voice(say()),
        [upload, RECORDINGS["not-found"], upload, RECORDINGS["not-found"]],
    )
    yield Case("voices/clone/upload-refused", PLAIN, with_voice(say()), [refused])
    for name in (
        "failure",
        "failure-html",
        "half-json",
        "empty",
        "html",
        "close-within-body",
        "unavailable",
        "silence",
    ):
        yield Case(f"voices/clone/upload-{name}", PLAIN, with_voice(say()), [WHOLE[name]] * 3)
    yield Case(
        "voices/clone/upload-early-answer",
        PLAIN,
        with_voice(say()),
        [answer(http(dump({"uploaded_files": ["x"]})), pause(0.05), close(), read="head")],
        loose=("in", "out"),
    )
    yield Case("voices/clone/upload-again", PLAIN, with_voice(say()), [WHOLE["close-first"], upload, good])
    for name in ("detail-400", "error-500", "text", "empty", "close-within", "close-first", "silence"):
        yield Case(
            f"voices/clone/speech-{name}",
            PLAIN,
            with_voice(say()),
            [upload, RECORDINGS[name], RECORDINGS[name]],
        )


def openai_speech():
    for name, one in RECORDINGS.items():
        yield Case(
            f"speech/wav/{name}",
            PLAIN,
            post("/v1/audio/speech", dump({"input": "x", "voice": "alloy", "response_format": "wav"})),
            [one] * 3,
        )
        yield Case(
            f"speech/pcm/{name}",
            PLAIN,
            post("/v1/audio/speech", dump({"input": "x", "voice": "alloy", "response_format": "pcm"})),
            [one] * 3,
        )
    for name in (
        "mp3",
        "length",
        "error-500",
        "close-within",
        "until-close",
        "html-500",
        "silence",
        "not-found",
    ):
        yield Case(f"speech/mp3/{name}", PLAIN, post("/v1/audio/speech", SPEECH), [RECORDINGS[name]] * 3)
    for name, one in {
        "mp3": MP3_ANSWER,
        "until-close": answer(http(MP3, kind="audio/mp3", framing="none"), close()),
        "cut": answer(http(MP3, kind="audio/mp3")[:-50], pause(0.05), close()),
        "reset": answer(http(MP3, kind="audio/mp3")[:-50], pause(0.05), reset()),
        "text": RECORDINGS["text"],
        "error": RECORDINGS["error-500"],
        "empty": RECORDINGS["empty"],
        "silence": RECORDINGS["silence"],
    }.items():
        yield Case(f"speech/events/{name}", PLAIN, post("/v1/audio/speech", EVENT_SPEECH), [one] * 3)
    for way, how in (clients.SINGLE | clients.BODY | clients.DOUBLE).items():
        yield Case(f"speech/{way}/mp3", PLAIN, post("/v1/audio/speech", SPEECH, way=how), [MP3_ANSWER] * 2)
        yield Case(
            f"speech/{way}/events", PLAIN, post("/v1/audio/speech", EVENT_SPEECH, way=how), [MP3_ANSWER] * 2
        )
    for name, body in {
        "empty": {},
        "no-voice": {"input": "x"},
        "own-voice": {"input": "x", "voice": "Emily.wav"},
        "voice-object": {"input": "x", "voice": {"id": "Emily.wav"}},
        "speed": {"input": "x", "voice": "alloy", "speed": 2},
        "bad-speed": {"input": "x", "voice": "alloy", "speed": 5},
        "flac": {"input": "x", "voice": "alloy", "response_format": "flac"},
        "opus": {"input": "x", "voice": "alloy", "response_format": "opus"},
        "language": {"input": "x", "voice": "alloy", "language": "fr"},
        "long": {"input": "x" * 4097, "voice": "alloy"},
        "bad-stream-format": {"input": "x", "voice": "alloy", "stream_format": "x"},
    }.items():
        yield Case(f"speech/body/{name}", PLAIN, post("/v1/audio/speech", dump(body)), [MP3_ANSWER])
    yield Case(
        "speech/voice-not-found",
        PLAIN,
        post("/v1/audio/speech", dump({"input": "x", "voice": "nobody"})),
        [RECORDINGS["not-found"]],
    )


def transcriptions():
    for name, one in TRANSCRIPTIONS.items():
        yield Case(f"stt/transcribe/{name}", PLAIN, post_form("/stt/transcribe", FILE), [one] * 3)
        yield Case(
            f"stt/openai/{name}",
            PLAIN,
            post_form("/v1/audio/transcriptions", FILE, ("model", "whisper-1")),
            [one] * 3,
        )
    for name, one in SEGMENT_STREAMS.items():
        yield Case(f"stt/stream/{name}", PLAIN, post_form("/stt/stream", FILE), [one] * 3)
        yield Case(
            f"stt/openai-stream/{name}",
            PLAIN,
            post_form("/v1/audio/transcriptions", ("stream", "true"), ("model", "whisper-1"), FILE),
            [one] * 3,
        )
        yield Case(
            f"stt/http-1.0/{name}", PLAIN, post_form("/stt/stream", FILE, way=clients.http_1_0), [one] * 3
        )
    full = TRANSCRIPTIONS["length"]
    for kind in ("json", "text", "srt", "vtt", "verbose_json", "xml"):
        for name in ("length", "without-words", "without-segments", "detail-400"):
            yield Case(
                f"stt/format/{kind}/{name}",
                PLAIN,
                post_form("/v1/audio/transcriptions", FILE, ("model", "w"), ("response_format", kind)),
                [TRANSCRIPTIONS[name]],
            )
    for name, parts in {
        "words": (
            FILE,
            ("model", "w"),
            ("response_format", "verbose_json"),
            ("timestamp_granularities[]", "word"),
        ),
        "words-of-json": (FILE, ("model", "w"), ("timestamp_granularities[]", "word")),
        "stream-behind-file": (FILE, ("model", "w"), ("stream", "true")),
        "no-model": (FILE,),
        "no-file": (("model", "w"),),
        "temperature": (FILE, ("model", "w"), ("temperature", "2")),
        "language": (("language", "german"), ("model", "w"), FILE),
        "bad-language": (("language", "xx"), ("model", "w"), FILE),
        "unknown-field": (FILE, ("model", "w"), ("prompt", "x")),
        "two-files": (FILE, FILE, ("model", "w")),
    }.items():
        yield Case(
            f"stt/fields/{name}", PLAIN, post_form("/v1/audio/transcriptions", *parts), [full], loose=("in",)
        )
    for name, parts in {
        "no-file": (),
        "language": (FILE, ("language", "de")),
        "words": (FILE, ("word_timestamps", "true")),
        "bad-words": (FILE, ("word_timestamps", "perhaps")),
        "empty-file": (("file", "a.wav", b""),),
        "text-file": (("file", "a.wav", b"hello, this is text" * 20),),
        "mp3-file": (("file", "a.mp3", MP3),),
        "long-file": (LONG_FILE,),
        "fields-first": (("language", "de"), ("word_timestamps", "1"), FILE),
        "wav-without-data": (("file", "a.wav", wav(0)),),
    }.items():
        yield Case(
            f"stt/native-fields/{name}", PLAIN, post_form("/stt/transcribe", *parts), [full], loose=("in",)
        )
    for way, how in (clients.SINGLE | clients.BODY | clients.DOUBLE).items():
        yield Case(f"stt/{way}/transcribe", PLAIN, post_form("/stt/transcribe", FILE, way=how), [full] * 2)
        yield Case(
            f"stt/{way}/stream",
            PLAIN,
            post_form("/stt/stream", FILE, way=how),
            [SEGMENT_STREAMS["usual"]] * 2,
        )
        yield Case(
            f"stt/{way}/openai",
            PLAIN,
            post_form("/v1/audio/transcriptions", FILE, ("model", "w"), way=how),
            [full] * 2,
        )
    detected = answer(
        http(dump({"detected_language": "de", "probability": 0.9, "all_languages": {"de": 0.9}}))
    )
    yield Case("stt/detect", PLAIN, post_form("/stt/detect-language", FILE), [detected])
    yield Case("stt/detect-failure", PLAIN, post_form("/stt/detect-language", FILE), [WHOLE["failure"]])
    yield Case(
        "stt/translations", PLAIN, post_form("/v1/audio/translations", FILE, ("model", "w")), loose=("in",)
    )
    for name, data in {
        "no-boundary": (b"x", ("Content-Type: multipart/form-data",)),
        "json": (b"{}", (clients.JSON_TYPE,)),
        "cut": (form(FILE)[:-20], (FORM_TYPE,)),
        "garbage": (b"no form at all", (FORM_TYPE,)),
        "empty": (b"", (FORM_TYPE,)),
        "no-type": (form(FILE), ()),
    }.items():
        for target in ("/stt/transcribe", "/speakers/diarize"):
            yield Case(
                f"stt/bad-form/{name}{target}",
                PLAIN,
                ask("POST", target, data[0], data[1]),
                [full],
                loose=("in",),
            )
    yield Case(
        "stt/early-answer",
        PLAIN,
        post_form("/stt/transcribe", HUGE_FILE),
        [answer(http(dump(TRANSCRIPT)), pause(0.05), close(), read="head")],
        loose=("in", "out", "body"),
    )
    yield Case(
        "stt/early-error",
        PLAIN,
        post_form("/stt/transcribe", HUGE_FILE),
        [answer(http(error(413), 413), pause(0.05), close(), read="head")],
        loose=("in", "out", "body"),
    )
    yield Case(
        "stt/leaves",
        PLAIN,
        clients.leaves_before_answer("POST", "/stt/transcribe", form(FILE), (FORM_TYPE,)),
        [answer(hold())],
    )
    yield Case(
        "stt/leaves-within-body",
        PLAIN,
        clients.leaves_within_body("POST", "/stt/transcribe", form(LONG_FILE), (FORM_TYPE,)),
        [full],
        loose=("in",),
    )
    yield Case(
        "stt/leaves-stream",
        PLAIN,
        clients.leaves_within("POST", "/stt/stream", form(FILE), b"Guten", (FORM_TYPE,)),
        [answer(answers.STREAM_HEAD + answers.chunked(SEGMENT_EVENTS[0]), hold())],
    )
    yield Case(
        "stt/pauses",
        PLAIN,
        post_form("/stt/stream", FILE),
        [
            answer(
                answers.STREAM_HEAD + answers.chunked(SEGMENT_EVENTS[0][:30]),
                pause(0.05),
                answers.chunked(SEGMENT_EVENTS[0][30:]),
                pause(0.05),
                answers.chunked(SEGMENT_EVENTS[1], DONE_EVENT) + answers.END,
            )
        ],
    )
    yield Case(
        "stt/many-segments",
        PLAIN,
        post_form("/v1/audio/transcriptions", ("stream", "true"), ("model", "w"), FILE),
        [
            answer(
                stream(*(answers.named("segment", {**SEGMENTS[0], "id": i}) for i in range(60)), DONE_EVENT)
            )
        ],
    )
    yield Case("stt/total", BRIEF, post_form("/stt/transcribe", FILE), [answer(hold())] * 3)


def forms():
    for name in (
        "length",
        "chunked",
        "until-close",
        "failure",
        "failure-html",
        "empty",
        "half-json",
        "close-within-body",
        "close-first",
        "unavailable",
        "silence",
        "html",
        "gzip",
        "too-many",
    ):
        yield Case(f"speakers/diarize/{name}", PLAIN, post_form("/speakers/diarize", FILE), [WHOLE[name]] * 3)
    yield Case(
        "speakers/diarized",
        PLAIN,
        post_form("/speakers/diarize", FILE, ("num_speakers", "2")),
        [answer(http(DIARIZATION))],
    )
    for name, parts in {
        "range": (FILE, ("min_speakers", "3"), ("max_speakers", "2")),
        "no-number": (FILE, ("num_speakers", "x")),
        "zero": (("num_speakers", "0"), FILE),
    }.items():
        yield Case(
            f"speakers/fields/{name}",
            PLAIN,
            post_form("/speakers/diarize", *parts),
            [answer(http(DIARIZATION))],
            loose=("in",),
        )
    yield Case(
        "speakers/verified", PLAIN, post_form("/speakers/verify", *TWO_FILES), [answer(http(VERIFIED))]
    )
    yield Case(
        "speakers/verified-swapped",
        PLAIN,
        post_form("/speakers/verify", *TWO_FILES[::-1]),
        [answer(http(VERIFIED))],
    )
    yield Case(
        "speakers/verify-one",
        PLAIN,
        post_form("/speakers/verify", TWO_FILES[0]),
        [answer(http(VERIFIED))],
        loose=("in",),
    )
    for name, one in RECORDINGS.items():
        yield Case(f"audio/denoise/{name}", PLAIN, post_form("/audio/denoise", FILE), [one] * 3)
    for name, parts, one in (
        ("mp3", (FILE, ("output_format", "mp3"), ("bitrate", "192k")), MP3_ANSWER),
        ("wav", (FILE, ("sample_rate", "16000")), RECORDINGS["length"]),
        ("format-first", (("output_format", "MP3"), FILE), MP3_ANSWER),
        ("wrong-answer", (FILE, ("output_format", "flac")), MP3_ANSWER),
        ("aac", (FILE, ("output_format", "aac")), MP3_ANSWER),
        ("bad-rate", (("sample_rate", "1"), FILE), MP3_ANSWER),
        ("bad-bitrate", (FILE, ("bitrate", "9k9")), MP3_ANSWER),
    ):
        yield Case(f"audio/convert/{name}", PLAIN, post_form("/audio/convert", *parts), [one], loose=("in",))
    for way, how in (clients.SINGLE | clients.BODY | clients.DOUBLE).items():
        yield Case(
            f"audio/{way}/denoise",
            PLAIN,
            post_form("/audio/denoise", FILE, way=how),
            [RECORDINGS["length"]] * 2,
        )
        yield Case(
            f"speakers/{way}/verify",
            PLAIN,
            post_form("/speakers/verify", *TWO_FILES, way=how),
            [answer(http(VERIFIED))] * 2,
        )


def speaking():
    """A backend that speaks OpenAI's dialect gets these as they came."""
    for name in ("mp3", "chunked", "error-500", "close-within", "until-close", "empty", "text"):
        yield Case(
            f"speaking/speech/{name}", SPEAKING, post("/v1/audio/speech", SPEECH), [RECORDINGS[name]] * 3
        )
        yield Case(
            f"speaking/speech-events/{name}",
            SPEAKING,
            post("/v1/audio/speech", EVENT_SPEECH),
            [RECORDINGS[name]] * 3,
        )
    for name in ("length", "detail-400", "half", "close-within", "text-500"):
        yield Case(
            f"speaking/transcriptions/{name}",
            SPEAKING,
            post_form("/v1/audio/transcriptions", FILE, ("model", "w")),
            [TRANSCRIPTIONS[name]] * 3,
        )
        yield Case(
            f"speaking/translations/{name}",
            SPEAKING,
            post_form("/v1/audio/translations", FILE, ("model", "w")),
            [TRANSCRIPTIONS[name]] * 3,
        )
    for way, how in (clients.SINGLE | clients.BODY | clients.DOUBLE).items():
        yield Case(
            f"speaking/{way}/transcriptions",
            SPEAKING,
            post_form("/v1/audio/transcriptions", LONG_FILE, way=how),
            [TRANSCRIPTIONS["length"]] * 2,
        )
        yield Case(
            f"speaking/{way}/speech", SPEAKING, post("/v1/audio/speech", SPEECH, way=how), [MP3_ANSWER] * 2
        )
    for target, body in (("/tts/synthesize", TEXT), ("/stt/transcribe", form(FILE))):
        fields = (clients.JSON_TYPE,) if body is TEXT else (FORM_TYPE,)
        yield Case(
            f"speaking/other-kind{target}",
            SPEAKING,
            ask("POST", target, body, fields),
            [WHOLE["length"]],
            loose=("in",),
        )
    yield Case("speaking/chat", SPEAKING, post("/v1/chat/completions", clients.chat()), [WHOLE["length"]])
