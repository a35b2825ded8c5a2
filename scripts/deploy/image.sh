# shellcheck shell=bash
# Building and pushing images. Part of scripts/deploy.sh.

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
  "${docker[@]}" build --target "$target" --build-arg "VERSION=$tag" \
    --build-arg "REVISION=$revision" --tag "$reference" . ||
    fail "$failed" "the image could not be built (above)"
  if [[ $push == 0 ]]; then
    note "Built $reference; not pushed (PUSH=0)."
    return
  fi
  "${docker[@]}" push "$reference" ||
    fail "$failed" "the image could not be pushed; '${docker[*]} login ${registry%%/*}' may be needed"
  note "Pushed $reference"
}
