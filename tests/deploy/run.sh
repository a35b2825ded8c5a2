#!/usr/bin/env bash
# Runs one program of the deployment's tests: tests/deploy/run.sh FILE [ARG]... What it needs is installed
# by hash into the build directory, anew only when requirements.txt changes. KUBECTL_BIN names the kubectl
# that came with it: not every machine has one, and Debian's is too old.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${SYNAPSE_BUILD_DIR:-$here/../../build}
key=$( (python3 --version; cat "$here/requirements.txt") | sha256sum | cut -c1-16)
venv="$build/deploy-tests-$key"
if [[ ! -f $venv/complete ]]; then
  echo "Installing what the deployment's tests need"
  rm -rf "$build"/deploy-tests-*
  mkdir -p "$build"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input --require-hashes \
    --only-binary :all: -r "$here/requirements.txt"
  touch "$venv/complete"
fi
export KUBECTL_BIN="$venv/bin/kubectl"
exec "$venv/bin/python" -B "$@"
