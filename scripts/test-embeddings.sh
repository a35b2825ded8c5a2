#!/usr/bin/env bash
# Do embeddings work? Asks for some through the gateway and looks at the vectors.
#
#   scripts/test-embeddings.sh [--url URL] [--model NAME] [--dimension N] [--timeout SECONDS]
#
#   --url URL      the gateway; default: SYNAPSE_URL, else http://127.0.0.1:8000
#   --model NAME   default: the model of /v1/models whose name says that it makes embeddings
#   --dimension N  the vectors are to have so many numbers; default: as many as they have
#   --timeout N    seconds for one answer; default 60
#
# Good means: one vector for each text, in order, all of one dimension, every number finite and not all
# zero, the same text gives the same vector, a text of the same meaning is nearer than one of another.
#
# Exit status: 0 good; 1 the vectors are wrong, or an error was answered; 2 the gateway does not answer;
# 64 wrong usage; 69 a program is missing.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"

self=$(readlink -f "${BASH_SOURCE[0]}")
options='url model dimension timeout'
url=${SYNAPSE_URL:-http://127.0.0.1:8000}
model=
dimension=
timeout=60
# shellcheck source=scripts/asking.sh
. "$(dirname "$self")/asking.sh"
[[ $dimension =~ ^([1-9][0-9]*)?$ ]] || fail 64 "--dimension '$dimension' is not a number"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ask() { # ask PATH [CURL OPTION]...: the body; ends the script when it is no 200
  local code
  code=$(curl --silent --show-error --max-time "$timeout" --output "$work/body" --write-out '%{http_code}' \
    "${@:2}" "$url$1" 2>"$work/error") || fail 2 "$url does not answer: $(cat "$work/error")"
  [[ $code == 200 ]] || fail 1 "$1 answers $code: $(head -c 500 "$work/body")"
  cat "$work/body"
}

if [[ -z $model ]]; then
  models=$(ask /v1/models) || exit $?
  model=$(python3 -c '
import json, sys
try:
    names = [each["id"] for each in json.load(sys.stdin)["data"]]
except (ValueError, KeyError, TypeError):
    sys.exit("test-embeddings: /v1/models is no list of models")
marks = ("embed", "bge", "gte-", "e5-", "minilm")
fitting = [name for name in names if any(mark in name.lower() for mark in marks)]
if not fitting:
    sys.exit("test-embeddings: no model looks like one for embeddings, --model names one; there are: "
             + (", ".join(names) or "none"))
print(fitting[0])' <<<"$models") || exit 1
fi

python3 -c '
import json, sys
texts = ["A cat sleeps on the sofa.", "The cat is asleep on the couch.",
         "Interest rates rose by half a percent.", "A cat sleeps on the sofa."]
json.dump({"model": sys.argv[1], "input": texts, "encoding_format": "float"}, sys.stdout)' \
  "$model" >"$work/request"
answer=$(ask /v1/embeddings --header 'Content-Type: application/json' --data-binary "@$work/request") || exit $?

MODEL=$model DIMENSION=$dimension python3 -c '
import json, math, os, sys

def wrong(what):
    sys.exit(f"test-embeddings: {what}")

try:
    data = json.load(sys.stdin)["data"]
    vectors = [each["embedding"] for each in data]
    order = [each["index"] for each in data]
except (ValueError, KeyError, TypeError):
    wrong("the answer holds no embeddings")
if order != [0, 1, 2, 3]:
    wrong(f"four texts were sent, and vectors for {order} came")
dimensions = {len(each) for each in vectors}
if len(dimensions) != 1 or 0 in dimensions:
    wrong(f"the vectors have different dimensions: {sorted(dimensions)}")
dimension = dimensions.pop()
wanted = os.environ["DIMENSION"]
if wanted and dimension != int(wanted):
    wrong(f"the vectors have {dimension} numbers, not {wanted}")
for each in vectors:
    if not all(isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x) for x in each):
        wrong("a vector has something in it that is no finite number")
lengths = [math.sqrt(sum(x * x for x in each)) for each in vectors]
if min(lengths) < 1e-6:
    wrong("a vector is all zero")

def similarity(a, b):
    return sum(x * y for x, y in zip(vectors[a], vectors[b])) / (lengths[a] * lengths[b])

near, far, same = similarity(0, 1), similarity(0, 2), similarity(0, 3)
if same < 0.999:
    wrong(f"the same text gave two vectors (similarity {same:.3f})")
if near > 0.9999 or far > 0.9999:
    wrong("different texts gave the same vector")
if near <= far:
    wrong(f"a text of the same meaning is not nearer ({near:.3f}) than one of another ({far:.3f})")
unit = "of length 1" if all(abs(each - 1) < 0.01 for each in lengths) else "not of length 1"
model = os.environ["MODEL"]
print(f"Embeddings work: {model}, {dimension} numbers, {unit}; "
      f"same meaning {near:.3f}, other meaning {far:.3f}.")' <<<"$answer" || exit 1
