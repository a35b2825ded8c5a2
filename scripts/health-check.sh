#!/usr/bin/env bash
# Is Synapse well? Asks the pods, when there is a cluster with it, then the gateway and its backends.
#
#   scripts/health-check.sh [--url URL] [--namespace NAME] [--no-cluster] [--timeout SECONDS]
#
#   --url URL         the gateway; default: SYNAPSE_URL, else http://127.0.0.1:8000
#   --namespace NAME  default: NAMESPACE, else llm-infra
#   --no-cluster      leave the pods out
#   --timeout N       seconds for one answer; default 15
#
# A cluster that does not answer, or that has no such namespace, is said and left out. KUBECTL=kubectl.
#
# Exit status: 0 healthy; 1 degraded: the gateway answers, but a backend or a pod is not well; 2 the gateway
# does not answer or takes no requests; 64 wrong usage; 69 a program is missing.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"

self=$(readlink -f "${BASH_SOURCE[0]}")
options='url namespace timeout --no-cluster'
url=${SYNAPSE_URL:-http://127.0.0.1:8000}
namespace=${NAMESPACE:-llm-infra}
cluster=true
timeout=15
read -ra kubectl <<<"${KUBECTL:-kubectl}"
# shellcheck source=scripts/asking.sh
. "$(dirname "$self")/asking.sh"
[[ $namespace =~ ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$ ]] || fail 64 "'$namespace' is not a namespace's name"

degraded=0

# One line per pod: is it ready, and if not, why.
pods() {
  local listed
  echo "Pods in the namespace $namespace"
  if ! command -v "${kubectl[0]:-kubectl}" >/dev/null; then
    echo "  left out: ${kubectl[0]:-kubectl} is not installed"
  elif ! "${kubectl[@]}" --request-timeout=10s get namespace "$namespace" -o name >/dev/null 2>&1; then
    echo "  left out: no cluster answers, or it has no such namespace"
  elif ! listed=$("${kubectl[@]}" --request-timeout=15s --namespace "$namespace" get pods \
    -l app.kubernetes.io/part-of=synapse -o json 2>&1); then
    echo "  cannot be listed: $(tail -n 1 <<<"$listed")"
    degraded=1
  else
    python3 -c '
import json, sys
try:
    pods = json.load(sys.stdin)["items"]
except (ValueError, KeyError):
    print("  cannot be read: kubectl gave no list of pods")
    sys.exit(1)
bad = not pods
if not pods:
    print("  none")
for pod in pods:
    status, name = pod.get("status", {}), pod["metadata"]["name"]
    all_states = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])
    conditions = {each["type"]: each for each in status.get("conditions", [])}
    ready = conditions.get("Ready", {}).get("status") == "True"
    done = status.get("phase") == "Succeeded"
    restarts = sum(each.get("restartCount", 0) for each in all_states)
    why = [each["state"]["waiting"].get("reason", "") for each in all_states
           if "waiting" in each.get("state", {})]
    why += [each.get("message", "") for each in conditions.values()
            if each["type"] == "PodScheduled" and each.get("status") == "False"]
    leaving = "deletionTimestamp" in pod["metadata"]
    text = "done" if done else "leaving" if leaving else "ready" if ready else "NOT READY"
    if text == "NOT READY":
        bad = True
        text += ": " + ", ".join(each for each in why if each) if any(why) else ""
    print(f"  {name:<50} {text}" + (f", {restarts} restarts" if restarts else ""))
sys.exit(1 if bad else 0)' <<<"$listed" || degraded=1
  fi
}

if $cluster; then
  pods
fi

echo "Gateway at $url"
curl_options=(--silent --show-error --max-time "$timeout")
if ! ready=$(curl "${curl_options[@]}" --output /dev/null --write-out '%{http_code}' "$url/readyz" 2>&1); then
  echo "  does not answer: ${ready%000}"
  echo "  In a cluster: ${kubectl[*]} -n $namespace port-forward service/synapse-gateway 8000" >&2
  exit 2
fi
if [[ $ready != 200 ]]; then
  echo "  takes no requests: /readyz answers $ready"
  exit 2
fi
echo "  takes requests"
health=$(curl "${curl_options[@]}" "$url/health" 2>&1) || fail 2 "/health does not answer: $health"
status=0
python3 -c '
import json, sys
try:
    answer = json.load(sys.stdin)
    backends, state = answer["backends"], answer["status"]
    lines = []
    for name, backend in sorted(backends.items()):
        state_of, code = backend["status"], backend.get("code")
        detail = backend.get("error") or (f"it answers {code}" if state_of != "healthy" else "")
        lines.append(f"  {name:<20} {state_of}" + (f": {detail}" if detail else ""))
except (ValueError, KeyError, TypeError, AttributeError):
    print("  /health is not that of a Synapse gateway")
    sys.exit(2)
print("Backends")
print("\n".join(lines) if lines else "  none")
print(f"Gateway: {state}")
sys.exit(0 if state == "healthy" else 1)' <<<"$health" || status=$?
[[ $status -ne 0 ]] || status=$degraded
exit "$status"
