# shellcheck shell=bash
# Secrets: checked before they go to the cluster, and never printed. Part of scripts/deploy.sh.

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
