# shellcheck shell=bash
# Sourced by the scripts that run tests in other languages: what those need is installed by lock file or
# hash into the build directory (SYNAPSE_BUILD_DIR), anew only when that file changes.

build=${SYNAPSE_BUILD_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build}

# installed NAME WHAT FILE... : sets `home` to the directory for what these files (and versions on standard
# input) ask for. Returns 1 when it has been made just now and is to be filled; touch "$home/complete" then.
installed() {
  local name=$1 what=$2 key
  shift 2
  key=$(cat - "$@" | sha256sum | cut -c1-16)
  home="$build/$name-$key"
  [[ ! -f $home/complete ]] || return 0
  echo "Installing $what" >&2
  rm -rf "$build/$name"-*
  mkdir -p "$home"
  return 1
}

# node_home NAME WHAT FOLDER: `home` gets the node_modules of the folder's package-lock.json.
node_home() {
  if ! installed "$1" "$2" "$3/package.json" "$3/package-lock.json" </dev/null; then
    cp "$3/package.json" "$3/package-lock.json" "$home"
    (cd "$home" && npm ci --silent --no-audit --no-fund --ignore-scripts)
    touch "$home/complete"
  fi
}

# debian_node: puts the Node that Debian 12 has first in PATH, so that tests find here what they find on a bare
# Debian. Where no such program exists for the processor, the machine's own stays.
debian_node() {
  local home node
  node_home test-node "Debian 12's Node" "$(dirname "${BASH_SOURCE[0]}")/node"
  for node in "$home"/node_modules/node-linux-*/bin; do
    [[ ! -x $node/node ]] || PATH="$node:$PATH"
  done
  export PATH
}

# python_home NAME WHAT FOLDER: `home` becomes a virtual environment with the folder's requirements.txt.
python_home() {
  if ! installed "$1" "$2" "$3/requirements.txt" < <(python3 --version); then
    python3 -m venv "$home"
    "$home/bin/pip" install --quiet --disable-pip-version-check --no-input --require-hashes \
      --only-binary :all: -r "$3/requirements.txt"
    touch "$home/complete"
  fi
}
