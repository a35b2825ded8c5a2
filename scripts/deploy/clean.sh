# shellcheck shell=bash
# Removing Synapse from the cluster. Part of scripts/deploy.sh.

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
  if has_prometheus_operator; then
    kinds+=,servicemonitors.monitoring.coreos.com,prometheusrules.monitoring.coreos.com
  fi
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
