#!/usr/bin/env bash
# Runs the Python SDK tests against SYNAPSE_BASE_URL (scripts/with_local_stack.py sets it); with an
# argument, that program instead, which may do without. The SDK is installed by hash into the build
# directory, anew only when requirements.txt changes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${SYNAPSE_BUILD_DIR:-$here/../../../build}
key=$( (python3 --version; cat "$here/requirements.txt") | sha256sum | cut -c1-16)
venv="$build/sdk-python-$key"
if [[ ! -f $venv/complete ]]; then
  echo "Installing the Python SDK"
  rm -rf "$build"/sdk-python-*
  mkdir -p "$build"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input --require-hashes \
    --only-binary :all: -r "$here/requirements.txt"
  touch "$venv/complete"
fi
if [[ $# -gt 0 ]]; then
  exec "$venv/bin/python" -B "$@"
fi
: "${SYNAPSE_BASE_URL:?the address of a running gateway; scripts/with_local_stack.py sets it}"
exec "$venv/bin/python" -B -m unittest discover --verbose --start-directory "$here" --pattern '*_test.py'
