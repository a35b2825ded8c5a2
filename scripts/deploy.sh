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
# WHAT to apply: all, phase1, local (whole); infra, gpu, k3s, monitoring; gateway, embed, llm, tts, stt,
# speaker, audio, feed-bus. The last eight are also what SERVICE may be.
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
#   OVERLAY=phase5-audio       what `apply all` is: of manifests/overlays, or the path of a folder of yours
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

usage() { awk 'NR > 1 && !/^#/ {exit} NR > 1 {sub(/^# ?/, ""); print}' "$self"; }

# shellcheck source=scripts/deploy/values.sh
. scripts/deploy/values.sh
# shellcheck source=scripts/deploy/cluster.sh
. scripts/deploy/cluster.sh
# shellcheck source=scripts/deploy/secrets.sh
. scripts/deploy/secrets.sh
# shellcheck source=scripts/deploy/render.sh
. scripts/deploy/render.sh
# shellcheck source=scripts/deploy/apply.sh
. scripts/deploy/apply.sh
# shellcheck source=scripts/deploy/look.sh
. scripts/deploy/look.sh
# shellcheck source=scripts/deploy/image.sh
. scripts/deploy/image.sh
# shellcheck source=scripts/deploy/clean.sh
. scripts/deploy/clean.sh

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
  logs) logs "${@:2}" ;;
  *) "$command" ;;
esac
