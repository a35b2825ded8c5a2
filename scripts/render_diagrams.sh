#!/usr/bin/env bash
# Renders the Mermaid diagrams of docs/*.md into docs/images/diagrams, and removes files there that
# belong to no diagram.
#
#   scripts/render_diagrams.sh [OUTPUT_FOLDER]
#
#   CHROMIUM           the browser; default: chromium
#   SYNAPSE_BUILD_DIR  where what is needed is installed, by the lock file; default: build
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
parts="$root/scripts/diagrams"
build=${SYNAPSE_BUILD_DIR:-$root/build}
output=$(realpath -m "${1:-$root/docs/images/diagrams}")
CHROMIUM=$(command -v "${CHROMIUM:-chromium}") || {
  echo "render_diagrams: there is no browser; scripts/install_dependencies.sh test installs Chromium" >&2
  exit 1
}
export CHROMIUM

key=$(cat "$parts/package.json" "$parts/package-lock.json" | sha256sum | cut -c1-16)
home="$build/diagrams-$key"
if [[ ! -f $home/complete ]]; then
  echo "Installing what renders the diagrams" >&2
  rm -rf "$build"/diagrams-*
  mkdir -p "$home"
  cp "$parts/package.json" "$parts/package-lock.json" "$home"
  (cd "$home" && npm ci --silent --no-audit --no-fund --ignore-scripts)
  touch "$home/complete"
fi
cp "$parts/render.mjs" "$home" # modules are looked up beside the importing file

names=$(node "$home/render.mjs" "$root/docs" "$output")
for file in "$output"/*.svg; do
  grep -qxF -- "$(basename "$file" .svg)" <<<"$names" || rm -- "$file"
done
echo "$(wc -w <<<"$names") diagrams in ${output#"$root"/}"
