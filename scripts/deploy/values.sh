# shellcheck shell=bash
# Settings from the environment, checked: they become parts of YAML and of commands. Part of scripts/deploy.sh.

readonly failed=1 unreachable=2 refused=3 unfinished=4 usage_error=64 missing_program=69
readonly gateway_secret=synapse-gateway-secrets huggingface_secret=pyannote-hf-token
readonly part_of=app.kubernetes.io/part-of=synapse
readonly example_secrets=manifests/examples/gateway-secrets.example.yaml
readonly own_images=(whisper-stt pyannote-speaker deepfilter-audio) # the speech and audio backends
# What clean removes. Volumes, Secrets and the namespace stay unless PURGE=1.
readonly removable=(deployments statefulsets daemonsets jobs cronjobs horizontalpodautoscalers
  poddisruptionbudgets ingresses services networkpolicies configmaps rolebindings roles serviceaccounts)
# These are there within seconds; the other backends load or even fetch models first.
readonly quick=(synapse-gateway synapse-terminal-feed-redis local-backends)
declare -rA app=([gateway]=synapse-gateway [embed]=llama-embed [llm]=llama-router [tts]=chatterbox-tts
  [stt]=whisper-stt [speaker]=pyannote-speaker [audio]=deepfilter-audio
  [feed-bus]=synapse-terminal-feed-redis)

fail() { # fail STATUS MESSAGE...
  local status=$1
  shift
  printf 'deploy: %s\n' "$*" >&2
  exit "$status"
}

note() { printf '%s\n' "$*"; }

namespace=${NAMESPACE:-llm-infra}
registry=${REGISTRY:-}
registry=${registry%/}
tag=${GATEWAY_TAG:-}
digest=${GATEWAY_DIGEST:-}
backends_tag=${BACKENDS_TAG:-}
ingress_host=${INGRESS_HOST:-}
ingress_tls=${INGRESS_TLS_SECRET:-}
components=${COMPONENTS:-}
overlay=${OVERLAY:-phase5-audio}
wait=${WAIT:-}
timeout=${TIMEOUT:-300s}
push=${PUSH:-1}
tail=${TAIL:-100}
read -ra kubectl <<<"${KUBECTL:-kubectl}"
read -ra docker <<<"${DOCKER:-docker}"

check() { # check VARIABLE VALUE PATTERN WHAT: the value is to match all of the pattern
  [[ $2 =~ ^($3)$ && $2 != *$'\n'* ]] || fail "$usage_error" "$1='$2' is not $4"
}

check_values() {
  local name='[a-z0-9]([-a-z0-9]*[a-z0-9])?' tag_pattern='[A-Za-z0-9_][A-Za-z0-9._-]{0,127}'
  check NAMESPACE "$namespace" "$name" "a namespace's name (small letters, digits, -)"
  [[ ${#namespace} -le 63 ]] || fail "$usage_error" "NAMESPACE has more than 63 letters"
  [[ $namespace != kube-* ]] || fail "$usage_error" "NAMESPACE=$namespace belongs to Kubernetes itself"
  [[ ${#kubectl[@]} -gt 0 ]] || fail "$usage_error" "KUBECTL names no program"
  [[ ${#docker[@]} -gt 0 ]] || fail "$usage_error" "DOCKER names no program"
  check REGISTRY "$registry" '|[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*' \
    "a registry such as registry.example.org/ai"
  if [[ -z $tag ]]; then
    tag=$(sed -nE 's/^project\(synapse VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)
  fi
  check GATEWAY_TAG "$tag" "$tag_pattern" "an image's tag"
  check GATEWAY_DIGEST "$digest" '|sha256:[0-9a-f]{64}' "sha256: and 64 hexadecimal digits"
  check BACKENDS_TAG "$backends_tag" "|$tag_pattern" "an image's tag"
  check INGRESS_HOST "$ingress_host" "|$name(\\.$name)*" "a host's name"
  check INGRESS_TLS_SECRET "$ingress_tls" "|$name(\\.$name)*" "a Secret's name"
  check COMPONENTS "$components" '|[a-z-]+(,[a-z-]+)*' "a list of names with commas"
  check WAIT "$wait" '|0|1' "0, 1 or empty"
  check TIMEOUT "$timeout" '[0-9]+[smh]' "a time such as 300s or 10m"
  check PUSH "$push" '0|1' "0 or 1"
  check TAIL "$tail" '[0-9]+' "a number"
  check PURGE "${PURGE:-}" '|0|1' "0, 1 or empty"
  check CLUSTER "${CLUSTER:-}" '|0|1' "0, 1 or empty"
  check FROM "${FROM:-}" '|file|cluster|gateway' "file, cluster or gateway"
  if [[ $overlay == */* ]]; then
    [[ -f $overlay/kustomization.yaml ]] || fail "$usage_error" "OVERLAY='$overlay' is not a folder with a" \
      "kustomization.yaml"
  elif [[ ! -f manifests/overlays/$overlay/kustomization.yaml ]]; then
    fail "$usage_error" "no overlay '$overlay'; there are: $(list manifests/overlays)"
  fi
}

list() { # list DIRECTORY: the names in it
  local each names=()
  for each in "$1"/*; do names+=("${each##*/}"); done
  echo "${names[*]}"
}

need() { # need PROGRAM WHY
  command -v "$1" >/dev/null || fail "$missing_program" "$1 is missing: $2"
}
