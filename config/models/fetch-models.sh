#!/bin/sh
# Fetches the models of one group of models.txt that are not there yet, in an init container: POSIX shell and
# curl, nothing else. A download that broke off goes on where it stopped; a file gets its name when it is
# whole and begins as a GGUF file does.
#
#   fetch-models.sh LIST DIRECTORY GROUP
set -eu
case ${1:-} in -h | --help) sed -n "2,/^set/{/^#/s/^# \{0,1\}//p}" "$0"; exit 0 ;; esac

list=$1 directory=$2 group=$3
found=0
while read -r name file url _; do
  [ "$name" = "$group" ] || continue
  found=1
  target=$directory/$file
  if [ -f "$target" ]; then
    echo "$file is there"
    continue
  fi
  mkdir -p "$(dirname "$target")"
  # The end of a file that is whole already cannot be asked for: its size tells, where the server says it.
  size=$(curl --fail --location --silent --head "$url" \
    | awk 'tolower($1) == "content-length:" {n = $2 + 0} END {print n + 0}') || size=0
  if [ ! -f "$target.part" ] || [ "$size" = 0 ] || [ "$(wc -c <"$target.part")" -ne "$size" ]; then
    echo "Fetching $file ($size bytes)"
    if ! curl --fail --location --silent --show-error --retry 5 --retry-delay 5 --continue-at - \
      --output "$target.part" "$url"; then
      echo "$file could not be fetched whole; the next try goes on from there" >&2
      exit 1
    fi
  fi
  if [ "$(head -c 4 "$target.part")" != GGUF ]; then
    rm -f "$target.part"
    echo "$file is no GGUF file: the address gave something else" >&2
    exit 1
  fi
  mv "$target.part" "$target"
done <"$list"
if [ "$found" = 0 ]; then
  echo "$list has no group '$group'" >&2
  exit 1
fi
