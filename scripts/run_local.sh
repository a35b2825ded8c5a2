#!/usr/bin/env bash
# Starts the gateway on this machine, in the foreground, until Ctrl-C: with local backends, or with your own.
#
#   CONFIG=           the configuration file with your own backends; without one, local ones are started
#   PORT=             the gateway's port; default: what the file says, 8000 without a file
#   BIN_DIR=build/bin where the programs are
#
# With your own backends, voices and models' settings are kept in $XDG_DATA_HOME/synapse (by default
# ~/.local/share/synapse). With local ones they are in build/local-data, and these variables count, too:
#
#   EMBED_PORT=8081   local embedding backend (llama-embed)
#   ROUTER_PORT=8082  local chat backend (llama-router)
#   TTS_PORT=8004     local speech backend (chatterbox-tts)
#   STT_PORT=8010     local speech recognition backend (whisper-stt)
#   SPEAKER_PORT=8011 local speaker backend (pyannote-speaker)
#   AUDIO_PORT=8012   local audio backend (deepfilter-audio)
#   GPU_PORT=8014     local stand-in for a vLLM (local-gpu)
#   CPU_PORT=8013     local stand-in for an Ollama (local-cpu)
#   LOAD_MS=300       how long the chat backend takes to load a model, in milliseconds
#
# Local backends, and the gateway with them, listen on 127.0.0.1. Ctrl-C or SIGTERM drains the gateway, then
# stops the backends; a second one stops at once. The exit status is 0 after such a stop, 1 when a program
# failed, also when one had to be killed.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
own=${CONFIG:-}
port=${PORT:-}
embed_port=${EMBED_PORT:-8081}
router_port=${ROUTER_PORT:-8082}
tts_port=${TTS_PORT:-8004}
stt_port=${STT_PORT:-8010}
speaker_port=${SPEAKER_PORT:-8011}
audio_port=${AUDIO_PORT:-8012}
gpu_port=${GPU_PORT:-8014}
cpu_port=${CPU_PORT:-8013}
load_ms=${LOAD_MS:-300}
bin_dir=${BIN_DIR:-$root/build/bin}
config=${own:-$root/config/local.yaml}
ready_seconds=30
stop_seconds=40 # a little above the gateway's own drain limit of 30 s

fail() {
  echo "run_local: $*" >&2
  exit 1
}

check_port() { # check_port VARIABLE PORT
  [[ $2 =~ ^[0-9]+$ && $2 -ge 1 && $2 -le 65535 ]] || fail "$1=$2 is not a port (1 to 65535)"
  # A connection tells more than a bind would: with SO_REUSEPORT a second gateway could bind as well
  # and would silently take half of the connections.
  if (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then
    fail "port $2 is in use; choose another one: make run $1=$(($2 + 100))"
  fi
}
programs=(synapse)
if [[ -z $own ]]; then
  programs+=(synapse-backends)
  port=${port:-8000}
  check_port EMBED_PORT "$embed_port"
  check_port ROUTER_PORT "$router_port"
  check_port TTS_PORT "$tts_port"
  check_port STT_PORT "$stt_port"
  check_port SPEAKER_PORT "$speaker_port"
  check_port AUDIO_PORT "$audio_port"
  check_port GPU_PORT "$gpu_port"
  check_port CPU_PORT "$cpu_port"
fi
[[ -z $port ]] || check_port PORT "$port"
for program in "${programs[@]}"; do
  [[ -x $bin_dir/$program ]] || fail "$bin_dir/$program is missing; 'make build' builds it"
done
export SYNAPSE_TERMINAL_FEED_MODE=${SYNAPSE_TERMINAL_FEED_MODE:-live}
[[ -z $port ]] || export SYNAPSE_PORT=$port
address=127.0.0.1
if [[ -n $own ]]; then
  # Says what is wrong with the file, and where the gateway will listen.
  summary=$("$bin_dir/synapse" --check-config "$own") || fail "$own cannot be used (above)"
  address=$(sed -nE '1s|^listener +(https?)://(.*):[0-9]+,.*|\1 \2|p; 1s|^listener +(https?)://([^,]*),.*|\1 \2|p' \
    <<<"$summary")
  scheme=${address%% *} address=${address#* }
  case $address in 0.0.0.0 | '[::]') address=127.0.0.1 ;; esac
fi

work=$(mktemp -d)
backends=
gateway=
stopping=false
killed=false

running() { [[ -n $1 ]] && kill -0 "$1" 2>/dev/null; }

# shellcheck disable=SC2317 # called by the trap
stop() { # stop PID: SIGTERM, and SIGKILL when that is not heeded in time
  local waited=0
  running "$1" || return 0
  kill -TERM "$1" 2>/dev/null || true
  while running "$1"; do
    if [[ $waited -ge $((stop_seconds * 20)) ]]; then
      echo "run_local: process $1 did not stop in $stop_seconds s; killing it" >&2
      kill -KILL "$1" 2>/dev/null || true
      killed=true
      break
    fi
    sleep 0.05
    waited=$((waited + 1))
  done
}
# shellcheck disable=SC2317
cleanup() {
  trap - EXIT
  trap 'kill -KILL $gateway $backends 2>/dev/null || true' INT TERM
  stop "$gateway"
  stop "$backends"
  rm -rf "$work"
  ! $killed || exit 1
}
trap cleanup EXIT
trap 'stopping=true; exit 0' INT TERM

make_data() { # make_data DIRECTORY: says so when it is new
  [[ -d $1/voices ]] || echo "run_local: making $1 for voices and models' settings"
  mkdir -p "$1/voices"
}
if [[ -n $own ]]; then
  data=${XDG_DATA_HOME:-$HOME/.local/share}/synapse
else
  # All at once: a port may be the usual one of another backend.
  sed -e "s|127\.0\.0\.1:8081$|127.0.0.1:$embed_port|; t" \
    -e "s|127\.0\.0\.1:8082$|127.0.0.1:$router_port|; t" \
    -e "s|127\.0\.0\.1:8004$|127.0.0.1:$tts_port|; t" \
    -e "s|127\.0\.0\.1:8010$|127.0.0.1:$stt_port|; t" \
    -e "s|127\.0\.0\.1:8011$|127.0.0.1:$speaker_port|; t" \
    -e "s|127\.0\.0\.1:8014$|127.0.0.1:$gpu_port|; t" \
    -e "s|127\.0\.0\.1:8013$|127.0.0.1:$cpu_port|; t" \
    -e "s|127\.0\.0\.1:8012$|127.0.0.1:$audio_port|" "$config" >"$work/local.yaml"
  config="$work/local.yaml"
  data="$root/build/local-data"
fi
[[ -n ${SYNAPSE_VOICE_LIBRARY_DIR:-} && -n ${SYNAPSE_MODEL_PROFILES_PATH:-} ]] || make_data "$data"
export SYNAPSE_VOICE_LIBRARY_DIR=${SYNAPSE_VOICE_LIBRARY_DIR:-$data/voices}
export SYNAPSE_MODEL_PROFILES_PATH=${SYNAPSE_MODEL_PROFILES_PATH:-$data/model-profiles.json}

# A session of their own keeps the terminal's Ctrl-C from the programs, so that this script alone
# decides the order in which they stop; should the script be killed, the kernel stops them.
# To be called in the background only: exec makes the program's pid the one in $!.
start() { exec setsid setpriv --pdeathsig TERM "$@"; }

if [[ -z $own ]]; then
  # Room for one of three models that only the gateway loads: like a graphics card with a router on it.
  start "$bin_dir/synapse-backends" --llama-embed "$embed_port" --llama-router "$router_port" \
    --chatterbox-tts "$tts_port" --whisper-stt "$stt_port" \
    --pyannote-speaker "$speaker_port" --deepfilter-audio "$audio_port" \
    --vllm "$gpu_port" --ollama "$cpu_port" \
    --models-max 1 --no-models-autoload --load-time "$load_ms" --tokens-per-second 400 \
    --docs "$root/README.md" --docs "$root/docs" &
  backends=$!
  export SYNAPSE_HOST=127.0.0.1
fi

wait_ready() { # wait_ready URL PID NAME
  local tries=$((ready_seconds * 20))
  until curl -fsk -o /dev/null --max-time 1 "$1"; do
    running "$2" || fail "$3 ended while starting (see above)"
    tries=$((tries - 1))
    [[ $tries -gt 0 ]] || fail "$3 did not answer $1 in $ready_seconds s"
    sleep 0.05
  done
}
if [[ -z $own ]]; then
  wait_ready "http://127.0.0.1:$embed_port/health" "$backends" synapse-backends
  wait_ready "http://127.0.0.1:$router_port/health" "$backends" synapse-backends
  wait_ready "http://127.0.0.1:$tts_port/api/ui/initial-data" "$backends" synapse-backends
  for each in "$stt_port" "$speaker_port" "$audio_port" "$gpu_port"; do
    wait_ready "http://127.0.0.1:$each/health" "$backends" synapse-backends
  done
  wait_ready "http://127.0.0.1:$cpu_port/api/version" "$backends" synapse-backends
fi
# Behind them: it would find backends away that are just starting, and say so.
start "$bin_dir/synapse" --config "$config" --port-file "$work/port" &
gateway=$!
tries=$((ready_seconds * 20))
until [[ -s $work/port ]]; do
  running "$gateway" || fail "synapse ended while starting (see above)"
  tries=$((tries - 1))
  [[ $tries -gt 0 ]] || fail "synapse did not listen in $ready_seconds s"
  sleep 0.05
done
url="${scheme:-http}://$address:$(<"$work/port")"
wait_ready "$url/readyz" "$gateway" synapse

cat <<TEXT

Synapse is ready: $url   (Ctrl-C stops it)

  dashboard: $url/dashboard

TEXT
if [[ -z $own ]]; then
  cat <<TEXT
  curl $url/v1/models
  curl $url/v1/embeddings -H 'Content-Type: application/json' -d '{"model":"local-embed","input":"hello"}'
  curl $url/v1/chat/completions -H 'Content-Type: application/json' -d '{"model":"auto","messages":[{"role":"user","content":"Which command runs the tests?"}]}'
  curl -i $url/v1/chat/completions -H 'Content-Type: application/json' -d '{"model":"local-chat","messages":[{"role":"user","content":"Who answers?"}]}'
  curl http://127.0.0.1:$gpu_port/stand-in/fail -d '{"status": 500, "for": "1m"}'    # now somebody else answers
  curl -N $url/v1/chat/completions -H 'Content-Type: application/json' -d '{"model":"local-docs","stream":true,"messages":[{"role":"user","content":"What is Synapse?"}]}'

TEXT
else
  cat <<TEXT
  its models: curl $url/v1/models
  its health: curl $url/health

TEXT
fi

# Whichever program ends first, without being asked to, ends the run. Looked at once a second: bash's
# `wait -n` never returns for a child that had ended a moment before it was called.
while running "$gateway" && { [[ -n $own ]] || running "$backends"; }; do
  sleep 1 &
  wait $! || true
done
$stopping && exit 0
status=0
if running "$gateway"; then
  ended=synapse-backends
  wait "$backends" || status=$?
else
  ended=synapse
  wait "$gateway" || status=$?
fi
fail "$ended ended by itself (status $status)"
