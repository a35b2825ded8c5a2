#!/usr/bin/env bash
# Runs the Node SDK tests against SYNAPSE_BASE_URL (scripts/with_local_stack.py sets it); with an argument,
# that program instead. In Debian 12's Node, with the SDK of the lock file.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/help.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/support/installing.sh
source "$here/../../support/installing.sh"
: "${SYNAPSE_BASE_URL:?the address of a running gateway; scripts/with_local_stack.py sets it}"

node_home sdk-node "the Node SDK" "$here"
debian_node
# Modules are looked up beside the importing file, so programs run as a copy beside them.
if [[ $# -gt 0 ]]; then
  cp "$1" "$home/program.mjs"
  cd "$home"
  exec node program.mjs "${@:2}"
fi
rm -f "$home"/*.mjs
cp "$here"/*.mjs "$home"
cd "$home"
exec node --test --test-reporter=tap
