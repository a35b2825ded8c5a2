#!/usr/bin/env bash
# Builds the gateway's image on another machine, pushes it there, and deploys exactly that image.
#
#   FORGE_HOST=forge REGISTRY=registry.example.org/ai scripts/release-gateway-remote.sh
#
# 1. What git tracks is copied to REMOTE_DIR there: no secrets, no build directories.
# 2. The image is built and pushed there; the digest of what was pushed is read.
# 3. The gateway is deployed with that digest, and the rollout is waited for.
# 4. The running pods are asked whether they run that digest.
#
# Settings come from the environment (make passes its variables on):
#   FORGE_HOST=           host or user@host; ssh's own configuration applies
#   REGISTRY=             where the image is pushed to
#   GATEWAY_REMOTE_TAG=   its tag; default: time and commit
#   REMOTE_DIR=synapse-build   below the home directory there, or a whole path; a release's own: what is in
#                         it and not in the tree is deleted. A directory that holds something else is refused.
#   REMOTE_DOCKER=docker  there
#   REMOTE_KUBECTL="sudo kubectl"  there; DEPLOY_FROM=local takes KUBECTL here instead
#   NAMESPACE=llm-infra TIMEOUT=300s ALLOW_DIRTY=
#   ALLOW_DIRTY=1         release changes that are not committed, too
#   COMPONENTS= INGRESS_HOST= INGRESS_TLS_SECRET=  as in scripts/deploy.sh
#
# Exit status: 0 released and verified; 1 a step failed; 2 the host does not answer; 3 refused before
# anything was changed; 4 the rollout did not finish; 64 wrong usage or value; 69 a program is missing.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"

self=$(readlink -f "${BASH_SOURCE[0]}")
root=$(dirname "$(dirname "$self")")
cd "$root"
usage() { awk 'NR > 1 && !/^#/ {exit} NR > 1 {sub(/^# ?/, ""); print}' "$self"; }
fail() {
  printf 'release: %s\n' "${*:2}" >&2
  exit "$1"
}
step() { printf '\n[%s] %s\n' "$1" "$2"; }

case ${1:-} in
  '') ;;
  -h | --help)
    usage
    exit 0
    ;;
  *) fail 64 "takes no arguments; --help says what it is told by" ;;
esac

# --- values: they become words of a command line on the other machine, so nothing odd is let through ------

check() { # check VARIABLE VALUE PATTERN WHAT
  [[ $2 =~ ^($3)$ && $2 != *$'\n'* ]] || fail 64 "$1='$2' is not $4"
}

host=${FORGE_HOST:-}
registry=${REGISTRY:-}
registry=${registry%/}
directory=${REMOTE_DIR:-synapse-build}
namespace=${NAMESPACE:-llm-infra}
timeout=${TIMEOUT:-300s}
remote_docker=${REMOTE_DOCKER:-docker}
remote_kubectl=${REMOTE_KUBECTL:-sudo kubectl}
deploy_from=${DEPLOY_FROM:-remote}
words='[A-Za-z0-9/._-]+( [A-Za-z0-9/._=-]+)*'
[[ -n $host ]] || fail 64 "FORGE_HOST is not set: which machine builds? For example FORGE_HOST=user@forge"
[[ -n $registry && $registry != none ]] || fail 64 "REGISTRY is not set: where is the image to be pushed to?"
check FORGE_HOST "$host" '([A-Za-z0-9_][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*' "a host or user@host"
check REGISTRY "$registry" '[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*' \
  "a registry such as registry.example.org/ai"
check REMOTE_DIR "$directory" '/?[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*/?' \
  "a directory's name (letters, digits, . _ - and no .. in it)"
directory=${directory%/}
[[ $directory != /* || $directory == /*/*/* ]] ||
  fail 64 "REMOTE_DIR='$directory' is too near to the root: files are deleted in it"
check NAMESPACE "$namespace" '[a-z0-9]([-a-z0-9]*[a-z0-9])?' "a namespace's name"
check TIMEOUT "$timeout" '[0-9]+[smh]' "a time such as 300s or 10m"
check REMOTE_DOCKER "$remote_docker" "$words" "a command"
check REMOTE_KUBECTL "$remote_kubectl" "$words" "a command"
check DEPLOY_FROM "$deploy_from" 'remote|local' "remote or local"
check ALLOW_DIRTY "${ALLOW_DIRTY:-}" '|0|1' "0, 1 or empty"
check INGRESS_HOST "${INGRESS_HOST:-}" '[a-z0-9.-]*' "a host's name"
check INGRESS_TLS_SECRET "${INGRESS_TLS_SECRET:-}" '[a-z0-9.-]*' "a Secret's name"
check COMPONENTS "${COMPONENTS:-}" '[a-z,-]*' "a list of names with commas"
for program in ssh rsync git tar; do
  command -v "$program" >/dev/null || fail 69 "$program is missing: it is needed to release on another machine"
done
git rev-parse --verify --quiet HEAD >/dev/null || fail 3 "this is no git work tree; what git tracks is released"
commit=$(git rev-parse --short=12 HEAD)
dirty=$(git status --porcelain --untracked-files=no)
if [[ -n $dirty && ${ALLOW_DIRTY:-0} != 1 ]]; then
  fail 3 "there are changes that are not committed (ALLOW_DIRTY=1 releases them, too):
$dirty
Nothing was changed."
fi
image_tag=${GATEWAY_REMOTE_TAG:-$(date -u +%Y%m%d%H%M%S)-$commit${dirty:+-dirty}}
check GATEWAY_REMOTE_TAG "$image_tag" '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}' "an image's tag"
repository=$registry/synapse-gateway

# --- the other machine ----------------------------------------------------------------------------------

remote() { # remote WORD...: runs bash there with these words as arguments and our input as the script
  ssh -o ConnectTimeout=15 -- "$host" bash -s -- "$@"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step 1/4 "Copying what git tracks ($commit${dirty:+ and uncommitted changes}) to $host:$directory"
# A directory of a release has a mark; rsync deletes only where the mark is, or where nothing was.
answer=0
remote "$directory" <<'REMOTE' || answer=$?
set -eu
dir=$1
mkdir -p -- "$dir"
here=$(cd -- "$dir" && pwd -P)
home=$(cd && pwd -P)
case $home/ in
  "$here"/*) echo "release: $here is or holds the home directory there" >&2; exit 3 ;;
esac
if [ ! -e "$here/.synapse-release" ] && [ -n "$(ls -A -- "$here")" ]; then
  echo "release: $here holds something that no release put there; choose another REMOTE_DIR" >&2
  exit 3
fi
: >"$here/.synapse-release"
REMOTE
case $answer in
  0) ;;
  3) fail 3 "$directory on $host is not touched. Nothing was changed." ;;
  255) fail 2 "$host does not answer or lets nobody in (ssh, above). Nothing was changed." ;;
  *) fail 1 "$directory on $host cannot be made (above). Nothing was changed." ;;
esac
tree=HEAD
if [[ -n $dirty ]]; then
  # A commit of the changed files that is on no branch; the work tree stays as it is.
  tree=$(git -c user.name=release -c user.email=release@localhost stash create)
fi
mkdir "$work/tree"
git archive "$tree" | tar -x -C "$work/tree"
rsync --archive --compress --delete --exclude=/.synapse-release -e 'ssh -o ConnectTimeout=15' \
  "$work/tree/" "$host:$directory/" ||
  fail 1 "the copy failed (rsync, above). The running gateway is untouched."

step 2/4 "Building and pushing $repository:$image_tag on $host"
remote "$directory" "$repository:$image_tag" "$image_tag" "$(git rev-parse HEAD)" "$remote_docker" \
  >"$work/digests" <<'REMOTE' || fail 1 "building or pushing failed (above). The running gateway is untouched."
set -eu
dir=$1 image=$2 tag=$3 revision=$4
shift 4
cd -- "$dir"
command -v "$1" >/dev/null || { echo "release: $1 is missing on $(hostname)" >&2; exit 69; }
"$@" build --target gateway --build-arg "VERSION=$tag" --build-arg "REVISION=$revision" \
  --tag "$image" . >&2 </dev/null
"$@" push "$image" >&2 </dev/null
"$@" image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image" </dev/null
REMOTE
# A login script there may print something as well; and Docker leaves its own registry's name out.
digest=$(awk -F @ -v name="$repository" -v short="${repository#docker.io/}" '$1 == name || $1 == short {print $2}' \
  "$work/digests" | tail -n 1)
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] ||
  fail 1 "no digest of $repository came back, but: '$(head -c 300 "$work/digests")'." \
    "The running gateway is untouched."
echo "Pushed $repository@$digest"

back="To go back to the version before: kubectl -n $namespace rollout undo deployment/synapse-gateway"

# deploy WORD...: scripts/deploy.sh there (with the tree that was copied) or here.
deploy() {
  if [[ $deploy_from == local ]]; then
    GATEWAY_DIGEST=$digest NAMESPACE=$namespace REGISTRY=$registry TIMEOUT=$timeout WAIT=1 scripts/deploy.sh "$@"
    return
  fi
  # Empty ones are left out: a word of its own is lost on the way through the shell there.
  local settings=("NAMESPACE=$namespace" "REGISTRY=$registry" "TIMEOUT=$timeout" "GATEWAY_DIGEST=$digest" WAIT=1)
  local name
  for name in COMPONENTS INGRESS_HOST INGRESS_TLS_SECRET; do
    [[ -z ${!name:-} ]] || settings+=("$name=${!name}")
  done
  remote "$directory" "${settings[@]}" -- "$@" -- "$remote_kubectl" <<'REMOTE'
set -eu
cd -- "$1"
shift
while [ "$1" != -- ]; do export "$1"; shift; done
shift
command=
while [ "$1" != -- ]; do command="$command $1"; shift; done
shift
export KUBECTL="$*"
exec scripts/deploy.sh $command </dev/null
REMOTE
}

step 3/4 "Deploying $repository@$digest"
answer=0
deploy apply gateway || answer=$?
case $answer in
  0) ;;
  3) fail 3 "the gateway was not deployed (above). The running gateway is untouched." ;;
  4)
    echo "$back" >&2
    fail 4 "the rollout did not finish (above). The pods that ran before go on serving."
    ;;
  *)
    echo "$back" >&2
    fail "$answer" "the deployment failed (above)."
    ;;
esac

step 4/4 "Verifying what runs"
deploy verify-image "$digest" || {
  echo "$back" >&2
  fail 1 "the running gateway is not the one that was built (above)."
}
printf '\nReleased: %s@%s\n' "$repository" "$digest"
