#!/usr/bin/env bash
# Runs the dashboard's browser tests against a running gateway, as scripts/run_tests.py does:
#
#   SYNAPSE_URL              its address; else SYNAPSE_BASE_URL, which scripts/with_local_stack.py sets
#   SYNAPSE_DASHBOARD_TOKEN  the token that opens the dashboard
#   CHROMIUM                 the browser; default: chromium
#
# Some tests tell the local chat backend to be slow, at LOCAL_STACK_LLAMA_ROUTER_PORT. With an argument,
# that program of this folder runs instead of the tests:
#
#   tests/dashboard/run.sh screenshots.mjs   writes docs/images/dashboard-*.png (IMAGES_DIR: elsewhere)
#
# What is needed is installed by the lock file into the build directory, anew only when that changes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${SYNAPSE_BUILD_DIR:-$here/../../build}
export SYNAPSE_URL=${SYNAPSE_URL:-${SYNAPSE_BASE_URL:-}}
: "${SYNAPSE_URL:?the address of a running gateway; scripts/with_local_stack.py sets SYNAPSE_BASE_URL}"
: "${SYNAPSE_DASHBOARD_TOKEN:?the token that opens the dashboard}"

key=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum | cut -c1-16)
home="$build/dashboard-tests-$key"
if [[ ! -f $home/complete ]]; then
  echo "Installing what drives the browser"
  rm -rf "$build"/dashboard-tests-*
  mkdir -p "$home"
  cp "$here/package.json" "$here/package-lock.json" "$home"
  (cd "$home" && npm ci --silent --no-audit --no-fund --ignore-scripts)
  touch "$home/complete"
fi
# Modules are looked up beside the importing file, so the tests run as a copy beside them.
rm -rf "$home"/*.mjs "$home/support" "$home/sections"
cp -r "$here"/*.mjs "$here/support" "$here/sections" "$home"
IMAGES_DIR=$(realpath -m "${IMAGES_DIR:-$here/../../docs/images}")
export IMAGES_DIR
cd "$home"
if [[ $# -gt 0 ]]; then
  exec node "$@"
fi
# The types are part of what is tested; the build itself only strips them.
if [[ -x $here/../../static/node_modules/.bin/tsc ]]; then
  (cd "$here/../../static" && node_modules/.bin/tsc --noEmit)
fi
exec node --test --test-reporter=tap dashboard.test.mjs
