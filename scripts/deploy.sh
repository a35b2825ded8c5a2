#!/usr/bin/env bash
# Brings Synapse to a Kubernetes cluster and looks after it there. The make targets call it.
#
#   scripts/deploy.sh apply WHAT      render and apply, then wait for what starts within seconds
#   scripts/deploy.sh render WHAT     print what apply would send; asks no cluster
#   scripts/deploy.sh secrets         apply the gateway's Secret from GATEWAY_SECRETS_FILE
#   scripts/deploy.sh huggingface-secret  apply pyannote-speaker's Secret from HUGGINGFACE_SECRET_FILE
#   scripts/deploy.sh status          what is there, and the last warnings
#   scripts/deploy.sh logs [SERVICE]  follow the log of one service, or of all
#   scripts/deploy.sh routes          what the registry file routes where
#   scripts/deploy.sh validate        render everything and check the registry file
#   scripts/deploy.sh image WHAT      build and push an image: gateway, local-backends
#   scripts/deploy.sh verify-image DIGEST  are the gateway's pods running that image?
#   scripts/deploy.sh clean           remove Synapse from the namespace; asks first
#
# WHAT to apply: all, phase1, phase2-llm, phase3-stt, phase4-speaker, phase5-audio, local, infra, gpu,
# monitoring, gateway, embed, llm, tts, stt, speaker, audio, feed-bus. SERVICE: gateway and what follows.
#
# Settings come from the environment (make passes its variables on):
#   NAMESPACE=llm-infra        where Synapse lives
#   KUBECTL=kubectl            may be several words: "sudo k3s kubectl"
#   REGISTRY=                  where images of ours come from, such as registry.example.org/ai; none: they
#                              are on the nodes already
#   GATEWAY_TAG=               tag of the gateway's image and the local backends'; default: the version
#   GATEWAY_DIGEST=            sha256:…, instead of the tag
#   BACKENDS_TAG=              tag of the speech and audio backends' images; default: as in the manifests
#   GATEWAY_SECRETS_FILE=      default: gateway-secrets.yaml if it exists, else the example (refused)
#   HUGGINGFACE_SECRET_FILE=   default: huggingface-token.yaml if it exists
#   INGRESS_HOST= INGRESS_TLS_SECRET=  host name and certificate of the Ingress
#   COMPONENTS=                of manifests/components, with commas: autoscaling,monitoring
#   OVERLAY=phase5-audio       what `apply all` is
#   WAIT=                      1: wait for every rollout, 0: for none; default: not for model servers
#   TIMEOUT=300s               how long one rollout may take
#   DOCKER=docker PUSH=1       image: 0 builds only
#   TAIL=100                   logs: lines of each container to begin with
#   CONFIG=config/backends.yaml FROM=  routes: that file; FROM=cluster: the cluster's ConfigMap;
#                              FROM=gateway: the gateway at SYNAPSE_URL (SYNAPSE_DASHBOARD_ACCESS_TOKEN)
#   CLUSTER=                   validate: 1 asks the cluster, too
#   CONFIRM= PURGE=            clean: CONFIRM=<namespace> answers the question; PURGE=1 takes the volumes too
#
# Exit status: 0 done, 1 the cluster or a program refused something, 2 the cluster or gateway does not
# answer, 3 refused before anything was changed (secret, namespace, no confirmation), 4 a rollout did not
# finish, 64 wrong usage or value, 69 a program is missing.
set -euo pipefail

self=$(readlink -f "${BASH_SOURCE[0]}")
root=$(dirname "$(dirname "$self")")
cd "$root"

readonly failed=1 unreachable=2 refused=3 unfinished=4 usage_error=64 missing_program=69
readonly gateway_secret=synapse-gateway-secrets huggingface_secret=pyannote-hf-token
readonly part_of=app.kubernetes.io/part-of=synapse
readonly example_secrets=manifests/examples/gateway-secrets.example.yaml
readonly overlays=(phase1 phase2-llm phase3-stt phase4-speaker phase5-audio local)
readonly own_images=(whisper-stt pyannote-speaker deepfilter-audio) # the speech and audio backends
# What clean removes. Volumes, Secrets and the namespace stay unless PURGE=1.
readonly removable=(deployments statefulsets daemonsets jobs cronjobs horizontalpodautoscalers
  poddisruptionbudgets ingresses services networkpolicies configmaps rolebindings roles serviceaccounts)
# These are there within seconds; the other backends load or even fetch models first.
readonly quick=(synapse-gateway synapse-terminal-feed-redis)
declare -rA app=([gateway]=synapse-gateway [embed]=llama-embed [llm]=llama-router [tts]=chatterbox-tts
  [stt]=whisper-stt [speaker]=pyannote-speaker [audio]=deepfilter-audio
  [feed-bus]=synapse-terminal-feed-redis)

usage() { awk 'NR > 1 && !/^#/ {exit} NR > 1 {sub(/^# ?/, ""); print}' "$self"; }

fail() { # fail STATUS MESSAGE...
  local status=$1
  shift
  printf 'deploy: %s\n' "$*" >&2
  exit "$status"
}

note() { printf '%s\n' "$*"; }

# --- values ---------------------------------------------------------------------------------------------

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
  local each
  for each in "${overlays[@]}"; do
    [[ $each != "$overlay" ]] || return 0
  done
  fail "$usage_error" "no overlay '$overlay'; there are: ${overlays[*]}"
}

need() { # need PROGRAM WHY
  command -v "$1" >/dev/null || fail "$missing_program" "$1 is missing: $2"
}

# --- the cluster ----------------------------------------------------------------------------------------

ask() { "${kubectl[@]}" --request-timeout=15s "$@"; } # a short question
here() { ask --namespace "$namespace" "$@"; }

need_kubectl() {
  need "${kubectl[0]}" "it is needed to talk to the cluster (KUBECTL names another one)"
}

last_line() { sed -e '/^[[:space:]]*$/d' <<<"$1" | tail -n 1; }

# Does a cluster answer? Says which, so that nobody deploys into the wrong one unawares.
need_cluster() {
  need_kubectl
  local context server answer
  context=$("${kubectl[@]}" config current-context 2>/dev/null || true)
  server=$("${kubectl[@]}" config view --minify -o 'jsonpath={.clusters[0].cluster.server}' 2>/dev/null ||
    true)
  note "Cluster: context ${context:-(none)}, ${server:-address unknown}, namespace $namespace"
  if ! answer=$(ask version 2>&1); then
    fail "$unreachable" "no cluster answers: $(last_line "$answer")
Nothing was changed. '${kubectl[*]} config get-contexts' shows the contexts, KUBECONFIG picks a file."
  fi
}

# exists KIND NAME [ARG]...: prints yes, no or unknown (no right to look).
exists() {
  local answer
  if answer=$(ask get "$1" "$2" -o name "${@:3}" 2>&1); then
    echo yes
  elif [[ $answer == *NotFound* || $answer == *"not found"* ]]; then
    echo no
  elif [[ $answer == *orbidden* ]]; then
    echo unknown
  else
    printf 'deploy: cannot look for %s %s: %s\n' "$1" "$2" "$(last_line "$answer")" >&2
    echo error
  fi
}

need_namespace() {
  case $(exists namespace "$namespace") in
    no) fail "$refused" "there is no namespace $namespace in this cluster: run 'make deploy-infra' first," \
      "or set NAMESPACE. Nothing was changed." ;;
    error) exit "$failed" ;;
  esac
}

need_secret() { # need_secret NAME TARGET
  case $(exists secret "$1" --namespace "$namespace") in
    no) fail "$refused" "there is no Secret $1 in the namespace $namespace:" \
      "run 'make $2' first. Nothing was changed." ;;
    error) exit "$failed" ;;
  esac
}

# --- secrets --------------------------------------------------------------------------------------------

secret_json() { # secret_json FILE NAME KEYS: the checked Secret as JSON
  local file=$1 text
  need python3 "it checks secrets"
  [[ -f $file ]] || fail "$refused" "there is no file $file. Nothing was changed."
  [[ -r $file ]] || fail "$refused" "$file cannot be read. Nothing was changed."
  # kubectl reads the YAML, so that it is read as the cluster reads it. What it complains about is not
  # shown: it may hold a value.
  if ! text=$("${kubectl[@]}" annotate --local -f "$file" -o json checked-by=synapse 2>/dev/null); then
    fail "$refused" "$file: kubectl cannot read it as YAML. Nothing was changed."
  fi
  scripts/check_secret.py --file "$file" --name "$2" --namespace "$namespace" --keys "$3" <<<"$text" ||
    fail "$refused" "the Secret $2 is refused. Nothing was changed."
}

apply_secret() { # apply_secret JSON NAME
  # Server-side: kubectl would otherwise write the values into an annotation, too.
  "${kubectl[@]}" apply --server-side --force-conflicts --field-manager=synapse-make \
    --namespace "$namespace" -f - <<<"$1" >/dev/null ||
    fail "$failed" "the cluster did not take the Secret $2"
  note "secret/$2 applied"
}

gateway_keys=dashboard_access_token,terminal_feed_redis_url,terminal_feed_redis_password,cluster_secret

gateway_secrets_file() {
  if [[ -n ${GATEWAY_SECRETS_FILE:-} ]]; then
    printf '%s' "$GATEWAY_SECRETS_FILE"
  elif [[ -e gateway-secrets.yaml ]]; then
    printf 'gateway-secrets.yaml'
  else
    printf '%s' "$example_secrets"
  fi
}

huggingface_file() {
  if [[ -n ${HUGGINGFACE_SECRET_FILE:-} ]]; then
    printf '%s' "$HUGGINGFACE_SECRET_FILE"
  elif [[ -e huggingface-token.yaml ]]; then
    printf 'huggingface-token.yaml'
  fi
}

own_file_hint() {
  note "Make your own: cp $example_secrets gateway-secrets.yaml, then replace each CHANGE_ME" >&2
  note "('openssl rand -hex 32' makes a good value). git ignores gateway-secrets.yaml." >&2
}

secrets() {
  local file json
  need_kubectl
  file=$(gateway_secrets_file)
  json=$(secret_json "$file" "$gateway_secret" "$gateway_keys") || {
    local status=$?
    [[ $file != "$example_secrets" ]] || own_file_hint
    exit "$status"
  }
  need_cluster
  need_namespace
  apply_secret "$json" "$gateway_secret"
  note "Running gateways take it over when they start anew:" \
    "${kubectl[*]} -n $namespace rollout restart deployment/synapse-gateway"
}

huggingface() {
  local file json
  need_kubectl
  file=$(huggingface_file)
  [[ -n $file ]] || fail "$refused" "HUGGINGFACE_SECRET_FILE is not set and there is no" \
    "huggingface-token.yaml. manifests/examples/huggingface-token.example.yaml is an example." \
    "Nothing was changed."
  json=$(secret_json "$file" "$huggingface_secret" HF_TOKEN) || exit $?
  need_cluster
  need_namespace
  apply_secret "$json" "$huggingface_secret"
}

# --- rendering ------------------------------------------------------------------------------------------

work=
cleanup() { [[ -z $work ]] || rm -rf "$work"; }
trap cleanup EXIT

directories_of() { # directories_of WHAT: under manifests/
  case $1 in
    all) echo "overlays/$overlay" ;;
    phase1 | phase2-llm | phase3-stt | phase4-speaker | phase5-audio | local) echo "overlays/$1" ;;
    infra) echo infra ;;
    gpu) echo infra/gpu ;;
    monitoring) echo components/monitoring ;;
    *)
      [[ -n ${app[$1]:-} ]] ||
        fail "$usage_error" "nothing is called '$1'; scripts/deploy.sh --help says what there is"
      echo "apps/${app[$1]#synapse-}"
      ;;
  esac
}

# make_kustomization WHAT: sets work to a directory that kustomize can render.
make_kustomization() {
  local what=$1 directory each up
  directory=$(directories_of "$what")
  [[ -d manifests/$directory ]] || fail "$failed" "manifests/$directory is missing"
  cleanup
  mkdir -p build/deploy
  work=$(mktemp -d build/deploy/XXXXXX)
  up=$(realpath --relative-to="$work" manifests) # kustomize takes relative paths only
  {
    echo "apiVersion: kustomize.config.k8s.io/v1beta1"
    echo "kind: Kustomization"
    [[ $what == gpu ]] || echo "namespace: $namespace"
    if [[ $directory == components/* ]]; then
      echo "components:"
      echo "- $up/$directory"
    else
      echo "resources:"
      echo "- $up/$directory"
      if [[ -n $components && ($directory == overlays/* || $what == gateway) ]]; then
        echo "components:"
        for each in ${components//,/ }; do
          [[ -d manifests/components/$each ]] || fail "$usage_error" "no component '$each'; there are:" \
            "$(cd manifests/components && echo *)"
          echo "- $up/components/$each"
        done
      fi
    fi
    images
    ingress_patch
  } >"$work/kustomization.yaml"
}

images() {
  local prefix=
  [[ -z $registry || $registry == none ]] || prefix=$registry/
  echo "images:"
  echo "- name: synapse-gateway"
  echo "  newName: ${prefix}synapse-gateway"
  if [[ -n $digest ]]; then echo "  digest: $digest"; else echo "  newTag: \"$tag\""; fi
  echo "- name: synapse-backends"
  echo "  newName: ${prefix}synapse-backends"
  echo "  newTag: \"$tag\""
  local each
  for each in "${own_images[@]}"; do
    echo "- name: $each"
    echo "  newName: $prefix$each"
    [[ -z $backends_tag ]] || echo "  newTag: \"$backends_tag\""
  done
}

# Only what is set; a kustomization without an Ingress is not changed by it.
ingress_patch() {
  [[ -n $ingress_host || -n $ingress_tls ]] || return 0
  echo "patches:"
  echo "- target:"
  echo "    kind: Ingress"
  echo "  patch: |-"
  if [[ -n $ingress_host ]]; then
    echo "    - op: replace"
    echo "      path: /spec/rules/0/host"
    echo "      value: $ingress_host"
    echo "    - op: replace"
    echo "      path: /spec/tls/0/hosts/0"
    echo "      value: $ingress_host"
  fi
  if [[ -n $ingress_tls ]]; then
    echo "    - op: replace"
    echo "      path: /spec/tls/0/secretName"
    echo "      value: $ingress_tls"
  fi
}

rendered=
render() { # render WHAT: sets rendered; refuses images that nobody could pull
  make_kustomization "$1"
  rendered=$("${kubectl[@]}" kustomize "$work") ||
    fail "$failed" "the manifests could not be rendered (kubectl kustomize). Nothing was changed."
  local ours
  if [[ -z $registry ]]; then
    ours=$(grep -oE "^[[:space:]-]*image: \"?(synapse-(gateway|backends)|$(
      IFS='|'
      echo "${own_images[*]}"
    ))[:@\"]?" <<<"$rendered" | sed -E 's/.*image: "?([a-z0-9-]+).*/\1/' | sort -u | paste -sd' ' || true)
    [[ -z $ours ]] || fail "$usage_error" "REGISTRY is not set, and these images come from it: $ours." \
      "For example: make … REGISTRY=registry.example.org/ai, or in deploy.mk;" \
      "REGISTRY=none when the nodes have them already."
  fi
}

deployments_of() { # names of the Deployments in what was rendered
  awk '/^---/ {kind = ""; meta = 0} /^kind: / {kind = $2} /^[a-z]/ {meta = /^metadata:/}
    meta && /^  name: / && kind == "Deployment" {print $2}' <<<"$rendered"
}

# --- apply ----------------------------------------------------------------------------------------------

send() { # send WHAT: what was rendered goes to the cluster
  "${kubectl[@]}" apply -f - <<<"$rendered" ||
    fail "$failed" "the cluster did not take all of it. What is listed above is there; the rest is not." \
      "The same command may be given again."
}

short_name() { # short_name APP: as in logs-<name>
  local each
  for each in "${!app[@]}"; do
    [[ ${app[$each]} != "$1" ]] || echo "$each"
  done
}

wait_for() { # wait_for WHAT
  local each left=()
  for each in $(deployments_of); do
    if [[ $wait == 0 || (-z $wait && $1 != local && " ${quick[*]} " != *" $each "*) ]]; then
      left+=("$each")
      continue
    fi
    "${kubectl[@]}" --namespace "$namespace" rollout status "deployment/$each" --timeout="$timeout" ||
      fail "$unfinished" "the rollout of $each did not finish within $timeout. It goes on by itself if it" \
        "can; nothing was taken back.
  make status                  what its pods wait for
  make logs-$(short_name "$each")
  ${kubectl[*]} -n $namespace rollout undo deployment/$each   back to the version before"
  done
  if [[ ${#left[@]} -gt 0 && $wait != 0 ]]; then
    note "Not waited for (they load models first; WAIT=1 waits): ${left[*]}"
  fi
}

apply_whole() { # apply_whole WHAT: an overlay, with the namespace and the secrets it needs
  local what=$1 file json='' token='' there token_there=unneeded whole
  render "$what"
  whole=$rendered
  file=$(gateway_secrets_file)
  # Everything that can be refused is looked at before the first change.
  if [[ $file != "$example_secrets" ]]; then
    json=$(secret_json "$file" "$gateway_secret" "$gateway_keys") || exit $?
  fi
  if [[ $what != local && $(deployments_of) == *"${app[speaker]}"* ]]; then
    token_there=
    [[ -z $(huggingface_file) ]] ||
      token=$(secret_json "$(huggingface_file)" "$huggingface_secret" HF_TOKEN) || exit $?
  fi
  need_cluster
  if [[ -z $json ]]; then
    there=$(exists secret "$gateway_secret" --namespace "$namespace")
    [[ $there != error ]] || exit "$failed"
    if [[ $there == no ]]; then
      printf 'deploy: %s\n' "there is no Secret $gateway_secret in the namespace $namespace, and no file" \
        "for it: $file is only an example, with the placeholder CHANGE_ME. Nothing was changed." >&2
      own_file_hint
      exit "$refused"
    fi
    note "secret/$gateway_secret stays as it is"
  fi
  if [[ -z $token && $token_there != unneeded ]]; then
    token_there=$(exists secret "$huggingface_secret" --namespace "$namespace")
    [[ $token_there != error ]] || exit "$failed"
    [[ $token_there != no ]] || fail "$refused" "there is no Secret $huggingface_secret in the namespace" \
      "$namespace: pyannote-speaker cannot fetch its models. Fill in a copy of" \
      "manifests/examples/huggingface-token.example.yaml as huggingface-token.yaml" \
      "(or set HUGGINGFACE_SECRET_FILE). Nothing was changed."
  fi
  if [[ -n $json$token ]]; then # Secrets need the namespace first, and pods the Secrets
    render infra
    send
    [[ -z $json ]] || apply_secret "$json" "$gateway_secret"
    [[ -z $token ]] || apply_secret "$token" "$huggingface_secret"
  fi
  rendered=$whole
  send
  wait_for "$what"
  note "Deployed. 'make status' shows the pods, 'make test-health' asks the gateway at SYNAPSE_URL."
}

apply() {
  local what=$1
  need_kubectl
  case $what in
    all | phase1 | phase2-llm | phase3-stt | phase4-speaker | phase5-audio | local)
      apply_whole "$what"
      return
      ;;
  esac
  render "$what"
  need_cluster
  case $what in
    infra | gpu) ;;
    *) need_namespace ;;
  esac
  case $what in
    gateway | feed-bus) need_secret "$gateway_secret" deploy-gateway-secrets ;;
    speaker) need_secret "$huggingface_secret" deploy-huggingface-secret ;;
  esac
  send
  wait_for "$what"
}

# --- looking --------------------------------------------------------------------------------------------

status() {
  need_cluster
  need_namespace
  here get deployments,pods,services,ingresses,horizontalpodautoscalers,persistentvolumeclaims -o wide ||
    exit "$failed"
  local warnings
  # The last ones tell why a rollout does not go on.
  warnings=$(here get events --field-selector type=Warning --sort-by=.lastTimestamp 2>/dev/null || true)
  if [[ $(wc -l <<<"$warnings") -gt 1 ]]; then
    note ""
    note "Last warnings:"
    head -n 1 <<<"$warnings"
    tail -n +2 <<<"$warnings" | tail -n 10
  fi
}

logs() { # logs [SERVICE]
  local selector=$part_of what="Synapse" pods
  if [[ -n ${1:-} ]]; then
    [[ -n ${app[$1]:-} ]] || fail "$usage_error" "no service '$1'; there are: $(service_names)"
    selector="app=${app[$1]}" what=${app[$1]}
  fi
  need_cluster >&2
  need_namespace
  pods=$(here get pods -l "$selector" -o name) || exit "$failed"
  [[ -n $pods ]] || fail "$failed" "no pod of $what runs in the namespace $namespace; 'make status' shows what does"
  # Every replica, with its name before each line.
  exec "${kubectl[@]}" --namespace "$namespace" logs --follow --selector "$selector" --all-containers \
    --prefix --tail "$tail" --max-log-requests 50
}

service_names() { printf '%s\n' "${!app[@]}" | sort | paste -sd' '; }

routes() {
  local file=${CONFIG:-config/backends.yaml} binary=${SYNAPSE_BINARY:-build/bin/synapse} summary
  if [[ ${FROM:-} == gateway ]]; then
    exec scripts/show_routes.py "${SYNAPSE_URL:-http://127.0.0.1:8000}"
  fi
  [[ -x $binary ]] || fail "$missing_program" "$binary is missing; 'make build' builds it"
  if [[ ${FROM:-} == cluster ]]; then
    need_cluster
    need_namespace
    mkdir -p build/deploy
    work=$(mktemp -d build/deploy/XXXXXX)
    file=$work/backends.yaml
    here get configmap synapse-gateway-config -o 'jsonpath={.data.backends\.yaml}' >"$file" ||
      fail "$failed" "the ConfigMap synapse-gateway-config cannot be read"
  fi
  [[ -r $file ]] || fail "$refused" "$file cannot be read"
  # Without SYNAPSE_…: those are the gateway's settings, and this is about the file.
  local name
  for name in "${!SYNAPSE_@}"; do unset "$name"; done
  summary=$("$(realpath "$binary")" --check-config "$file") || fail "$failed" "$file is refused (above)"
  awk '/^[a-z]/ {part = $1}
    part == "backends" && /^  [^ ]/ {backend = $1}
    part == "backends" && $1 == "url" {url[backend] = $2}
    part == "routes" && /^  / {printf "%-30s -> %-18s %s\n", $1, $3, url[$3]}' <<<"$summary"
}

validate() {
  local each count=0 checked
  need_kubectl
  local all=(infra gpu "${overlays[@]}" "${!app[@]}")
  registry=${registry:-registry.invalid}
  [[ ${CLUSTER:-} != 1 ]] || need_cluster
  for each in "${all[@]}"; do
    render "$each"
    checked="renders"
    if [[ ${CLUSTER:-} == 1 ]]; then
      "${kubectl[@]}" apply --dry-run=client -f - <<<"$rendered" >/dev/null ||
        fail "$failed" "the cluster would refuse $(directories_of "$each") (above). Nothing was changed."
      checked="renders, and the cluster knows its kinds"
    fi
    note "manifests/$(directories_of "$each"): $checked"
    count=$((count + 1))
  done
  if [[ -x build/bin/synapse ]]; then
    routes >/dev/null
    note "${CONFIG:-config/backends.yaml}: the gateway reads it"
  else
    note "${CONFIG:-config/backends.yaml}: not checked, build/bin/synapse is not built ('make build')"
  fi
  note "$count kustomizations are good."
}

verify_image() { # verify_image DIGEST
  local pods wrong=0 name image count=0
  need_cluster
  need_namespace
  # Pods that are leaving still have the image before.
  local template='{{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}}'
  template+='{{range .status.containerStatuses}}{{if eq .name "gateway"}} {{.imageID}}{{end}}{{end}}'
  template+='{{"\n"}}{{end}}{{end}}'
  pods=$(here get pods -l app=synapse-gateway -o "go-template=$template") ||
    fail "$failed" "the gateway's pods cannot be listed"
  while read -r name image; do
    [[ -n $name ]] || continue
    count=$((count + 1))
    if [[ ${image##*@} == "$1" ]]; then
      note "$name runs $1"
    else
      note "$name runs ${image:-nothing yet}" >&2
      wrong=1
    fi
  done <<<"$pods"
  [[ $count -gt 0 ]] || fail "$failed" "no pod of the gateway runs in the namespace $namespace"
  [[ $wrong -eq 0 ]] || fail "$failed" "not every pod runs the image $1.
  make status                  what the pods are at
  ${kubectl[*]} -n $namespace rollout undo deployment/synapse-gateway   back to the version before"
}

# --- images ---------------------------------------------------------------------------------------------

image() { # image WHAT
  local target name reference revision
  case $1 in
    gateway) target=gateway name=synapse-gateway ;;
    local-backends) target=backends name=synapse-backends ;;
    *) fail "$usage_error" "no image '$1'; there are: gateway, local-backends" ;;
  esac
  if [[ $push == 1 ]]; then
    [[ -n $registry ]] || fail "$usage_error" "REGISTRY is not set: where is the image to be pushed to?" \
      "For example REGISTRY=registry.example.org/ai; PUSH=0 only builds."
    [[ $registry != none ]] || fail "$usage_error" "REGISTRY=none: there is nowhere to push to; PUSH=0 only builds"
  fi
  need "${docker[0]}" "it builds images (DOCKER names another one, such as podman)"
  if [[ -z $registry || $registry == none ]]; then reference=$name:$tag; else reference=$registry/$name:$tag; fi
  revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
  note "Building $reference"
  "${docker[@]}" build --target "$target" --label "org.opencontainers.image.version=$tag" \
    --label "org.opencontainers.image.revision=$revision" --tag "$reference" . ||
    fail "$failed" "the image could not be built (above)"
  if [[ $push == 0 ]]; then
    note "Built $reference; not pushed (PUSH=0)."
    return
  fi
  "${docker[@]}" push "$reference" ||
    fail "$failed" "the image could not be pushed; '${docker[*]} login ${registry%%/*}' may be needed"
  note "Pushed $reference"
}

# --- clean ----------------------------------------------------------------------------------------------

indented() { [[ -z $1 ]] || printf '  %s\n' "${1//$'\n'/$'\n'  }"; }

confirm() {
  local answer=${CONFIRM:-}
  if [[ -z $answer ]]; then
    [[ -t 0 ]] || fail "$refused" "nobody to ask: CONFIRM=$namespace answers. Nothing was removed."
    read -rp "Type the namespace's name to go on: " answer || true
  fi
  [[ $answer == "$namespace" ]] ||
    fail "$refused" "'$answer' is not the namespace's name ($namespace). Nothing was removed."
}

clean() {
  local kinds found volumes others
  need_cluster
  case $(exists namespace "$namespace") in
    no) note "There is no namespace $namespace: nothing to remove." && return ;;
    error) exit "$failed" ;;
  esac
  kinds=$(IFS=,; echo "${removable[*]}")
  found=$(here get "$kinds" -l "$part_of" -o name) || fail "$failed" "cannot list what is there. Nothing was removed."
  volumes=$(here get persistentvolumeclaims -l "$part_of" -o name) ||
    fail "$failed" "cannot list the volumes. Nothing was removed."
  if [[ -z $found && (${PURGE:-0} != 1 || -z $volumes) ]]; then
    note "Nothing of Synapse is in the namespace $namespace: nothing to remove."
    return
  fi
  if [[ ${PURGE:-0} == 1 ]]; then
    note "PURGE=1 removes the namespace $namespace and everything in it, the volumes too:"
    note "voices, model settings and downloaded models are LOST."
    indented "$volumes"
    indented "$found"
    others=$(here get deployments,statefulsets,daemonsets,jobs,cronjobs,persistentvolumeclaims \
      -l "${part_of/=/!=}" -o name) || fail "$failed" "cannot list what else is there. Nothing was removed."
    if [[ -n $others ]]; then
      note "Also in this namespace, and NOT Synapse's:"
      indented "$others"
    fi
    confirm
    "${kubectl[@]}" delete namespace "$namespace" --timeout="$timeout" ||
      fail "$failed" "the namespace is not gone yet; '${kubectl[*]} get namespace $namespace' shows its state"
    return
  fi
  note "This removes from the namespace $namespace:"
  indented "$found"
  note "The namespace, its volumes and its Secrets stay (PURGE=1 takes them, too)."
  confirm
  local names
  mapfile -t names <<<"$found"
  # Exactly what was shown.
  "${kubectl[@]}" --namespace "$namespace" delete "${names[@]}" --ignore-not-found --timeout="$timeout" ||
    fail "$failed" "not everything could be removed; the same command may be given again"
}

# --- command --------------------------------------------------------------------------------------------

command=${1:-}
case $command in
  -h | --help | help)
    usage
    exit 0
    ;;
  apply | render | image | verify-image)
    [[ $# -eq 2 ]] || fail "$usage_error" "$command takes one argument; scripts/deploy.sh --help says which"
    ;;
  logs) [[ $# -le 2 ]] || fail "$usage_error" "logs takes one service" ;;
  secrets | huggingface-secret | status | routes | validate | clean)
    [[ $# -eq 1 ]] || fail "$usage_error" "$command takes no argument"
    ;;
  '') fail "$usage_error" "do what? scripts/deploy.sh --help says what there is" ;;
  *) fail "$usage_error" "no command '$command'; scripts/deploy.sh --help says what there is" ;;
esac
check_values
case $command in
  render)
    need_kubectl
    render "$2"
    printf '%s\n' "$rendered"
    ;;
  huggingface-secret) huggingface ;;
  verify-image)
    check DIGEST "$2" 'sha256:[0-9a-f]{64}' "sha256: and 64 hexadecimal digits"
    verify_image "$2"
    ;;
  apply | image) "$command" "$2" ;;
  logs) logs "${2:-}" ;;
  *) "$command" ;;
esac
