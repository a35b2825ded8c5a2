# shellcheck shell=bash
# Applying and waiting. Part of scripts/deploy.sh.

send() { # what was rendered goes to the cluster
  "${kubectl[@]}" apply -f - <<<"$rendered" ||
    fail "$failed" "the cluster did not take all of it. What is listed above is there; the rest is not." \
      "The same command may be given again."
}

# look_for_autoscaler WHAT: a component that is left out once is not taken back, for apply removes nothing.
# What then says one replica would end those that the autoscaler wants, again and again.
look_for_autoscaler() {
  local ours="deployment/${app[gateway]}"
  [[ " $(deployments_of) " == *"${app[gateway]}"* ]] || return 0
  ! grep -qx 'kind: HorizontalPodAutoscaler' <<<"$rendered" || return 0
  [[ $(exists horizontalpodautoscaler "${app[gateway]}" --namespace "$namespace") == yes ]] || return 0
  autoscaled=1
  render "$1"
  note "An autoscaler is in the cluster: the replicas of $ours stay as many as it says. COMPONENTS := autoscaling" \
    "in deploy.mk keeps it up to date; '${kubectl[*]} -n $namespace delete hpa ${app[gateway]}' gives it up."
}

target_suffix() { # target_suffix APP: as in logs-<name>
  local each
  for each in "${!app[@]}"; do
    [[ ${app[$each]} != "$1" ]] || echo "-$each"
  done
}

wait_for() { # the Deployments of what was rendered
  local each left=()
  for each in $(deployments_of); do
    if [[ $wait == 0 || (-z $wait && " ${quick[*]} " != *" $each "*) ]]; then
      left+=("$each")
      continue
    fi
    "${kubectl[@]}" --namespace "$namespace" rollout status "deployment/$each" --timeout="$timeout" ||
      fail "$unfinished" "the rollout of $each did not finish within $timeout. It goes on by itself if it" \
        "can; nothing was taken back.
  make status                  what its pods wait for
  make logs$(target_suffix "$each")
  ${kubectl[*]} -n $namespace rollout undo deployment/$each   back to the version before"
  done
  if [[ ${#left[@]} -gt 0 && $wait != 0 ]]; then
    note "Not waited for (they load models first; WAIT=1 waits): ${left[*]}"
  fi
}

apply_whole() { # apply_whole WHAT: an overlay, with the namespace and the secrets it needs
  local what=$1 file json='' token='' there token_there=unneeded whole
  render "$what"
  file=$(gateway_secrets_file)
  # Everything that can be refused is looked at before the first change.
  if [[ $file != "$example_secrets" ]]; then
    json=$(secret_json "$file" "$gateway_secret" "$gateway_keys") || exit $?
  fi
  if [[ $(deployments_of) == *"${app[speaker]}"* ]]; then
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
  look_for_autoscaler "$what"
  whole=$rendered
  if [[ -n $json$token ]]; then # Secrets need the namespace first, and pods the Secrets
    rendered=$(namespace_alone "$whole")
    if [[ -z $rendered ]]; then # an overlay of somebody's own need not have it
      need_namespace
    else
      "${kubectl[@]}" apply -f - <<<"$rendered" ||
        fail "$failed" "the namespace $namespace cannot be made. Nothing was changed."
    fi
    [[ -z $json ]] || apply_secret "$json" "$gateway_secret"
    [[ -z $token ]] || apply_secret "$token" "$huggingface_secret"
  fi
  rendered=$whole
  send
  wait_for
  note "Deployed. 'make status' shows the pods, 'make test-health' asks the gateway at SYNAPSE_URL."
}

apply() {
  local what=$1
  need_kubectl
  if is_whole "$what"; then
    apply_whole "$what"
    return
  fi
  if [[ $what == monitoring ]]; then
    need_cluster
    # What the Prometheus Operator reads, if the cluster has one.
    if has_prometheus_operator; then monitoring=monitoring,prometheus-operator; fi
  fi
  render "$what"
  [[ $what == monitoring ]] || need_cluster
  case $what in
    infra | gpu | k3s) ;;
    *) need_namespace ;;
  esac
  case $what in
    gateway | monitoring | feed-bus) need_secret "$gateway_secret" deploy-gateway-secrets ;;
    speaker) need_secret "$huggingface_secret" deploy-huggingface-secret ;;
  esac
  look_for_autoscaler "$what"
  send
  wait_for
  [[ $what != monitoring ]] ||
    note "It stays so with COMPONENTS := $monitoring in deploy.mk; a deploy-gateway without it takes it back."
}
