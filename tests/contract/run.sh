#!/usr/bin/env bash
# Holds the gateway at SYNAPSE_BASE_URL (scripts/with_local_stack.py sets it) against its own OpenAPI document.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/help.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/support/installing.sh
source "$here/../support/installing.sh"

python_home contract-tests "schemathesis" "$here"
: "${SYNAPSE_BASE_URL:?the address of a running gateway; scripts/with_local_stack.py sets it}"
exec "$home/bin/python" -B "$here/contract_test.py" "$@"
