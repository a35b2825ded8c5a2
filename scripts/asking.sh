# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034
# What the scripts that ask a gateway have in common. They set `self`, `options` (names of those that take a
# value, which goes into the variable of that name; --no-cluster if there is that one) and their defaults,
# `url` and `timeout` among them, and source this with their arguments.

usage() { awk 'NR > 1 && !/^#/ {exit} NR > 1 {sub(/^# ?/, ""); print}' "$self"; }
fail() { # fail STATUS MESSAGE...
  local name=${self##*/}
  printf '%s: %s\n' "${name%.sh}" "${*:2}" >&2
  exit "$1"
}

while [[ $# -gt 0 ]]; do
  if [[ $1 == -h || $1 == --help ]]; then
    usage
    exit 0
  elif [[ $1 == --no-cluster && " $options " == *" --no-cluster "* ]]; then
    cluster=false
  elif [[ $1 =~ ^--[a-z]+$ && " $options " == *" ${1#--} "* ]]; then
    [[ $# -ge 2 ]] || fail 64 "$1 needs a value"
    printf -v "${1#--}" '%s' "$2"
    shift
  else
    fail 64 "unknown argument '$1'; --help says what there is"
  fi
  shift
done
[[ $url =~ ^https?://[^[:space:]]+$ ]] || fail 64 "'$url' is not an address such as http://127.0.0.1:8000"
[[ $timeout =~ ^[1-9][0-9]*$ ]] || fail 64 "--timeout '$timeout' is not a number of seconds"
url=${url%/}
for program in curl python3; do
  command -v "$program" >/dev/null || fail 69 "$program is missing"
done
