#!/usr/bin/env bash
# Runs one program of the deployment's tests: tests/deploy/run.sh FILE [ARG]... KUBECTL_BIN names the kubectl
# that came with what they need: not every machine has one, and Debian's is too old.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/help.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/support/installing.sh
source "$here/../support/installing.sh"

python_home deploy-tests "what the deployment's tests need" "$here"
export KUBECTL_BIN="$home/bin/kubectl"
exec "$home/bin/python" -B "$@"
