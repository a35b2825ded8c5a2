# shellcheck shell=bash
# Questions to the cluster, before anything is changed. Part of scripts/deploy.sh.

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

has_prometheus_operator() {
  local kinds
  kinds=$(ask api-resources --api-group=monitoring.coreos.com -o name 2>/dev/null || true)
  [[ $kinds == *servicemonitors* ]]
}
