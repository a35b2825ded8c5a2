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
# They run in Debian 12's Node, with what the lock file names.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/help.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/support/installing.sh
source "$here/../support/installing.sh"
export SYNAPSE_URL=${SYNAPSE_URL:-${SYNAPSE_BASE_URL:-}}
SYNAPSE_PROGRAM=$(realpath "${SYNAPSE_BIN_DIR:-$build/bin}/synapse")
export SYNAPSE_PROGRAM
: "${SYNAPSE_URL:?the address of a running gateway; scripts/with_local_stack.py sets SYNAPSE_BASE_URL}"
: "${SYNAPSE_DASHBOARD_TOKEN:?the token that opens the dashboard}"

node_home dashboard-tests "what drives the browser" "$here"
debian_node
# Modules are looked up beside the importing file, so the tests run as a copy beside them.
rm -rf "$home"/*.mjs "$home/support" "$home/sections"
cp -r "$here"/*.mjs "$here/support" "$here/sections" "$home"
IMAGES_DIR=$(realpath -m "${IMAGES_DIR:-$here/../../docs/images}")
STATIC_DIR=$(realpath "$here/../../static")
export IMAGES_DIR STATIC_DIR
cd "$home"
if [[ $# -gt 0 ]]; then
  exec node "$@"
fi
# The types are part of what is tested; the build itself only strips them.
if [[ -x $here/../../static/node_modules/.bin/tsc ]]; then
  (cd "$here/../../static" && node_modules/.bin/tsc --noEmit)
fi
exec node --test --test-reporter=tap dashboard.test.mjs
