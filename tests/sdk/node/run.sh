#!/usr/bin/env bash
# Runs the Node SDK tests against SYNAPSE_BASE_URL (scripts/with_local_stack.py sets it); with an
# argument, that program instead. The SDK is installed by the lock file into the build directory, anew
# only when that changes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${SYNAPSE_BUILD_DIR:-$here/../../../build}
: "${SYNAPSE_BASE_URL:?the address of a running gateway; scripts/with_local_stack.py sets it}"

key=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum | cut -c1-16)
home="$build/sdk-node-$key"
if [[ ! -f $home/complete ]]; then
  echo "Installing the Node SDK"
  rm -rf "$build"/sdk-node-*
  mkdir -p "$home"
  cp "$here/package.json" "$here/package-lock.json" "$home"
  (cd "$home" && npm ci --silent --no-audit --no-fund --ignore-scripts)
  touch "$home/complete"
fi
# Modules are looked up beside the importing file, so programs run as a copy beside them.
if [[ $# -gt 0 ]]; then
  cp "$1" "$home/program.mjs"
  cd "$home"
  exec node program.mjs "${@:2}"
fi
rm -f "$home"/*.test.mjs
cp "$here"/*.test.mjs "$home"
cd "$home"
exec node --test --test-reporter=tap
