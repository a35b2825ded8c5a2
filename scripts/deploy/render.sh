# shellcheck shell=bash
# What goes to the cluster: a kustomization is made that refers to manifests/, and rendered. Part of scripts/deploy.sh.

work=
cleanup() { [[ -z $work ]] || rm -rf "$work"; }
trap cleanup EXIT

is_whole() { [[ $1 == all || $1 == phase1 || $1 == local ]]; }

directory_of() { # directory_of WHAT
  case $1 in
    all) if [[ $overlay == */* ]]; then echo "$overlay"; else echo "manifests/overlays/$overlay"; fi ;;
    phase1 | local) echo "manifests/overlays/$1" ;;
    infra) echo manifests/infra ;;
    gpu | k3s) echo "manifests/infra/$1" ;;
    monitoring) echo manifests/apps/gateway ;;
    *)
      [[ -n ${app[$1]:-} ]] ||
        fail "$usage_error" "nothing is called '$1'; scripts/deploy.sh --help says what there is"
      echo "manifests/apps/${app[$1]#synapse-}"
      ;;
  esac
}

# Components of `apply monitoring`.
monitoring=monitoring
# Not empty: the cluster has an autoscaler that is not rendered; how many replicas there are stays its own.
autoscaled=

# make_kustomization WHAT: sets work to a directory that kustomize can render.
make_kustomization() {
  local what=$1 directory each parts=$components
  directory=$(directory_of "$what")
  [[ -d $directory ]] || fail "$failed" "$directory is missing"
  cleanup
  mkdir -p build/deploy
  work=$(mktemp -d build/deploy/XXXXXX)
  [[ $what != monitoring ]] || parts="$parts,$monitoring"
  {
    echo "apiVersion: kustomize.config.k8s.io/v1beta1"
    echo "kind: Kustomization"
    [[ $what == gpu || $what == k3s ]] || echo "namespace: $namespace"
    # kustomize takes relative paths only.
    printf 'resources:\n- %s\n' "$(realpath --relative-to="$work" "$directory")"
    if [[ -n $parts ]] && { is_whole "$what" || [[ $what == gateway || $what == monitoring ]]; }; then
      echo "components:"
      for each in $(tr , '\n' <<<"$parts" | awk 'NF && !seen[$0]++'); do
        [[ -d manifests/components/$each ]] || fail "$usage_error" "no component '$each'; there are:" \
          "$(list manifests/components)"
        echo "- $(realpath --relative-to="$work" "manifests/components/$each")"
      done
    fi
    images
    patches
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
patches() {
  [[ -n $ingress_host$ingress_tls$autoscaled ]] || return 0
  echo "patches:"
  if [[ -n $autoscaled ]]; then
    echo "- target: {kind: Deployment, name: ${app[gateway]}}"
    printf '  patch: |-\n    - op: remove\n      path: /spec/replicas\n'
  fi
  [[ -n $ingress_host$ingress_tls ]] || return 0
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

namespace_alone() { # namespace_alone YAML: only the Namespace of it
  awk '/^---$/ {print_it(); next} {text = text $0 "\n"} /^kind: Namespace$/ {wanted = 1} END {print_it()}
    function print_it() {if (wanted) printf "%s", text; text = ""; wanted = 0}' <<<"$1"
}
