#!/usr/bin/env bash
# Does speech work? Lets the gateway say a sentence and listens whether there is sound in it.
#
#   scripts/test-tts.sh [--url URL] [--text TEXT] [--output FILE] [--timeout SECONDS]
#
#   --url URL      the gateway; default: SYNAPSE_URL, else http://127.0.0.1:8000
#   --text TEXT    what is said
#   --output FILE  keep the WAV file; default: it is thrown away
#   --timeout N    seconds for the answer; default 120
#
# Good means: POST /tts/synthesize answers with a whole WAV file that lasts a while and is not silent.
#
# Exit status: 0 good; 1 no such file, or an error was answered; 2 the gateway does not answer; 64 wrong
# usage; 69 a program is missing.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"

self=$(readlink -f "${BASH_SOURCE[0]}")
options='url text output timeout'
url=${SYNAPSE_URL:-http://127.0.0.1:8000}
text="Hello from Synapse. This sentence is long enough to be heard."
output=
timeout=120
# shellcheck source=scripts/asking.sh
. "$(dirname "$self")/asking.sh"
[[ -n $text ]] || fail 64 "--text is empty"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -c '
import json, sys
json.dump({"text": sys.argv[1], "language": "en"}, sys.stdout)' "$text" >"$work/request"
code=$(curl --silent --show-error --max-time "$timeout" --output "$work/speech.wav" --write-out '%{http_code}' \
  --header 'Content-Type: application/json' --data-binary "@$work/request" "$url/tts/synthesize" \
  2>"$work/error") || fail 2 "$url does not answer: $(cat "$work/error")"
[[ $code == 200 ]] || fail 1 "/tts/synthesize answers $code: $(head -c 500 "$work/speech.wav")"

# Chunk by chunk and by hand: Python's own reader knows no 32 bit floats, which Chatterbox may send.
python3 -c '
import math, struct, sys

def wrong(what):
    sys.exit(f"test-tts: {what}")

data = open(sys.argv[1], "rb").read()
if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
    wrong(f"the answer is no WAV file: {data[:16]!r}")
position, form, sound = 12, None, None
while position + 8 <= len(data):
    name, size = struct.unpack_from("<4sI", data, position)
    body = data[position + 8:position + 8 + size]
    if name == b"fmt " and len(body) >= 16:
        form = struct.unpack_from("<HHIIHH", body)
        if form[0] == 0xFFFE and len(body) >= 26:
            form = (struct.unpack_from("<H", body, 24)[0], *form[1:])
    elif name == b"data":
        if size != 0xFFFFFFFF and len(body) < size:
            wrong(f"the WAV file is cut off: {len(body)} of {size} bytes of sound")
        sound = body
        break
    position += 8 + size + size % 2
if form is None or not sound:
    wrong("the WAV file has no sound in it")
coding, channels, rate, _, frame, bits = form
kinds = {(1, 8): ("B", 128), (1, 16): ("h", 1 << 15), (1, 32): ("i", 1 << 31), (3, 32): ("f", 1)}
if (coding, bits) not in kinds or channels == 0 or rate == 0:
    wrong(f"the WAV file has a form that this check does not know: coding {coding}, {bits} bits")
kind, scale = kinds[coding, bits]
count = len(sound) // (bits // 8)
samples = struct.unpack(f"<{count}{kind}", sound[:count * bits // 8])
offset = 128 if bits == 8 else 0
values = [(each - offset) / scale for each in samples]
seconds = count / channels / rate
level = math.sqrt(sum(each * each for each in values) / count)
if not math.isfinite(level) or max(values) - min(values) < 0.01 or level < 0.001:
    wrong(f"{seconds:.1f} s of silence")
if seconds < 0.3:
    wrong(f"the sound lasts {seconds:.2f} s only")
decibels = 20 * math.log10(level)
print(f"Speech works: {seconds:.1f} s, {rate} Hz, {channels} channel(s), level {decibels:.0f} dB.")' \
  "$work/speech.wav" || exit 1
if [[ -n $output ]]; then
  cp -- "$work/speech.wav" "$output" || fail 1 "$output could not be written"
  echo "Kept as $output"
fi
