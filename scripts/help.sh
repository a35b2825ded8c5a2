# shellcheck shell=bash
# Sourced first by scripts: with --help or -h as its first argument the caller prints the comment at its
# top and ends, before it has done anything.
if [[ ${1:-} == --help || ${1:-} == -h ]]; then
  sed -n '2,${/^#/!q; s/^# \{0,1\}//; p}' "${BASH_SOURCE[1]}"
  exit 0
fi
