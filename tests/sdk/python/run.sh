#!/usr/bin/env bash
# Runs the Python SDK tests against SYNAPSE_BASE_URL (scripts/with_local_stack.py sets it); with an
# argument, that program instead, which may do without.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/help.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/support/installing.sh
source "$here/../../support/installing.sh"

python_home sdk-python "the Python SDK" "$here"
if [[ $# -gt 0 ]]; then
  exec "$home/bin/python" -B "$@"
fi
: "${SYNAPSE_BASE_URL:?the address of a running gateway; scripts/with_local_stack.py sets it}"
exec "$home/bin/python" -B -m unittest discover --verbose --start-directory "$here" --pattern '*_test.py'
