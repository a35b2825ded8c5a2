#!/usr/bin/env bash
# Formats all C++ files of the project in place, by .clang-format.
#   scripts/format.sh --check    changes nothing, names the files that differ and fails
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -d '' -t files < <(git ls-files -z --cached --others --exclude-standard \
  -- '*.cpp' '*.hpp' | while IFS= read -r -d '' file; do [[ ! -f $file ]] || printf '%s\0' "$file"; done)
[[ ${#files[@]} -gt 0 ]] || { echo "format: no C++ files" >&2; exit 1; }
if [[ ${1:-} != --check ]]; then
  exec clang-format -i --style=file "${files[@]}"
fi

unformatted=0
for file in "${files[@]}"; do
  if ! clang-format --style=file "$file" | cmp -s - "$file"; then
    echo "not formatted: $file"
    unformatted=$((unformatted + 1))
  fi
done
if [[ $unformatted -gt 0 ]]; then
  echo "format: $unformatted of ${#files[@]} files; 'make format' puts them right" >&2
  exit 1
fi
echo "format: ${#files[@]} files are formatted"
