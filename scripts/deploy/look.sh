# shellcheck shell=bash
# Looking at what is deployed, and at what would be. Part of scripts/deploy.sh.

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
  if [[ -z $pods && $# -eq 1 ]]; then
    # `make deploy-local`: one pod plays all of them.
    pods=$(here get pods -l app=local-backends -o name) || exit "$failed"
    selector=app=local-backends
  fi
  [[ -n $pods ]] ||
    fail "$failed" "no pod of $what is in the namespace $namespace; 'make status' shows what is"
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
  # Nor about the keys for the backends, which only the gateway has.
  while read -r name; do
    [[ -n ${!name:-} ]] || export "$name=placeholder"
  done < <(sed -nE 's/^[^#]*bearer_env: *["'\'']?([A-Za-z_][A-Za-z0-9_]*).*/\1/p' "$file")
  summary=$("$(realpath "$binary")" --check-config "$file") || fail "$failed" "$file is refused (above)"
  awk '/^[a-z]/ {part = $1}
    part == "backends" && /^  [^ ]/ {backend = $1}
    part == "backends" && $1 == "url" {url[backend] = $2}
    part == "names" {names = names $0 "\n"}
    part == "routes" && /^  / {printf "%-30s -> %-18s %s\n", $1, $3, $3 == "*" ? "by model" : url[$3]}
    END {printf "%s", names}' <<<"$summary"
}

validate() {
  local file directory count=0 checked="renders" answer
  need_kubectl
  [[ ${CLUSTER:-} != 1 ]] || need_cluster
  while read -r file; do
    directory=${file%/kustomization.yaml}
    rendered=$("${kubectl[@]}" kustomize "$directory") || fail "$failed" "$directory cannot be rendered (above)"
    if [[ ${CLUSTER:-} == 1 ]]; then
      checked="renders, and the cluster knows its kinds"
      if ! answer=$("${kubectl[@]}" apply --dry-run=client -f - <<<"$rendered" 2>&1 >/dev/null); then
        # What is for K3s alone need not be known elsewhere.
        [[ $directory == manifests/infra/k3s && $answer == *"no matches for kind"* ]] || {
          printf '%s\n' "$answer" >&2
          fail "$failed" "the cluster would refuse $directory (above). Nothing was changed."
        }
        checked="renders; this cluster is not K3s"
      fi
    fi
    note "$directory: $checked"
    count=$((count + 1))
  done < <(grep -rlx 'kind: Kustomization' --include=kustomization.yaml manifests | sort)
  [[ $count -gt 0 ]] || fail "$failed" "there is nothing under manifests/"
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
