#!/usr/bin/env bash
# Runs clang-tidy (.clang-tidy says what, and why not the rest) over the C++ files that changed.
#
#   scripts/lint.sh [FILE]...   these files; without any: what differs from BASE, and what is new
#   BASE=COMMIT                 default: where this branch left origin/main, else the last commit
#   ALL=1                       every file of the project
#   JOBS=N                      how many at once; default: one per core
#
# clang cannot read the precompiled header that g++ makes, so this works in a directory of its own,
# build-lint, configured without one and never built.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cmake --preset lint --log-level=WARNING >/dev/null

existing() { # reads names, writes those that exist
  while IFS= read -r file; do [[ ! -f $file ]] || printf '%s\n' "$file"; done
}
changed() {
  local base=${BASE:-}
  [[ -n $base ]] || base=$(git merge-base HEAD origin/main 2>/dev/null || true)
  # On main itself there is nothing between the two: take the last commit.
  if [[ -z $base || $base == "$(git rev-parse HEAD)" ]]; then
    base=$(git rev-parse --verify --quiet HEAD~1 || git rev-parse HEAD)
  fi
  git diff --name-only "$base" -- '*.cpp' '*.hpp'
  git ls-files --others --exclude-standard -- '*.cpp' '*.hpp'
}
with_sources() { # a header is read through a source: its own, or one that includes it
  while IFS= read -r file; do
    if [[ $file == *.cpp ]]; then
      printf '%s\n' "$file"
    elif [[ -f ${file%.hpp}.cpp ]]; then
      printf '%s\n' "${file%.hpp}.cpp"
    else
      git grep -lF --untracked "#include \"$file\"" -- '*.cpp' | head -n 1 || true
    fi
  done
}
compiled() { # only what the build knows: clang-tidy has no flags for the rest
  while IFS= read -r file; do
    if grep -qF "\"file\": \"$PWD/$file\"" build-lint/compile_commands.json; then
      printf '%s\n' "$file"
    else
      echo "lint: $file belongs to no target, left out" >&2
    fi
  done
}

if [[ $# -gt 0 ]]; then
  candidates=$(printf '%s\n' "$@")
elif [[ ${ALL:-} == 1 ]]; then
  candidates=$(git ls-files -- '*.cpp')
else
  candidates=$(changed)
fi
mapfile -t files < <(sed '/^$/d' <<<"$candidates" | existing | with_sources | sort -u | compiled)
if [[ ${#files[@]} -eq 0 ]]; then
  echo "lint: no C++ file to look at"
  exit 0
fi
echo "lint: clang-tidy over ${#files[@]} files"
# clang-tidy counts the warnings of system headers on stderr; what it found stands on stdout.
printf '%s\0' "${files[@]}" \
  | xargs -0 -n 1 -P "${JOBS:-$(nproc)}" clang-tidy -p build-lint --quiet 2>/dev/null
echo "lint: nothing found"
