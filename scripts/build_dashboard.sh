#!/usr/bin/env bash
# Builds the dashboard's files from static/, for the gateway to serve; does nothing when they are up to
# date.
#
#   scripts/build_dashboard.sh [--strict] [OUTDIR]     default: build/share/synapse/dashboard
#
# Needs node (18 or newer) and npm, and the package registry once, when static/package-lock.json is new.
# Where one of them is missing it says so and succeeds: the gateway runs without the dashboard. With
# --strict that is a failure.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
strict=false
outdir=
for argument in "$@"; do
  case $argument in
    --strict) strict=true ;;
    -*)
      echo "usage: scripts/build_dashboard.sh [--strict] [OUTDIR]" >&2
      exit 2
      ;;
    *) outdir=$argument ;;
  esac
done
outdir=${outdir:-$root/build/share/synapse/dashboard}
case $outdir in /*) ;; *) outdir=$PWD/$outdir ;; esac

give_up() { # give_up REASON ADVICE
  echo "dashboard: $1; $2, then 'make dashboard'" >&2
  if $strict; then
    exit 1
  fi
  if [[ -f $outdir/index.html ]]; then
    echo "dashboard: the gateway serves the one that was built before" >&2
  else
    echo "dashboard: the gateway runs without it" >&2
  fi
  exit 0
}

cd "$root/static"
# Names count as well as contents: a file that was moved makes another bundle.
key=$(find . -path ./node_modules -prune -o -type f -print0 | LC_ALL=C sort -z \
  | xargs -0 sha256sum | sha256sum | cut -c1-32)
if [[ -f $outdir/.stamp && $(<"$outdir/.stamp") == "$key" ]]; then
  echo "dashboard: up to date"
  exit 0
fi

for program in node npm; do
  command -v "$program" >/dev/null || give_up "$program is missing" "install nodejs (18 or newer) and npm"
done
version=$(node --version)
major=${version#v}
[[ ${major%%.*} -ge 18 ]] || give_up "node $version is too old" "install nodejs 18 or newer"

# The folder may be there from a build that was broken off: only the stamp says that it is whole.
lock=$(sha256sum <package-lock.json | cut -c1-32)
if [[ ! -f node_modules/.stamp || $(<node_modules/.stamp) != "$lock" ]]; then
  echo "dashboard: installing what builds it"
  npm ci --silent --no-audit --no-fund --ignore-scripts \
    || give_up "its packages cannot be fetched" "see to it that npm reaches its registry"
  printf '%s\n' "$lock" >node_modules/.stamp
fi

mkdir -p "$(dirname "$outdir")"
fresh=$(mktemp -d "$(dirname "$outdir")/.dashboard-XXXXXX")
trap 'rm -rf "$fresh"' EXIT
mkdir "$fresh/new"
node build.mjs --outdir "$fresh/new"
printf '%s\n' "$key" >"$fresh/new/.stamp"
if [[ -e $outdir ]]; then
  mv "$outdir" "$fresh/old"
fi
mv "$fresh/new" "$outdir"
echo "dashboard: built"
