#!/usr/bin/env bash
# Fetches the GGUF models that the manifests expect into a directory, for a machine that serves models
# without a cluster or for a volume that is filled beforehand. In the cluster the init containers of
# llama-embed and llama-router do it by themselves.
#
#   scripts/pull-models.sh [OPTION]... [NAME]...
#
#   NAME            a group (embed, llm) or a file's name or a part of it; default: every model
#   --dir DIR       where to; default: SYNAPSE_MODELS_DIR, else models
#   --models FILE   the list; default: config/models/models.txt
#   --list          say what there is and what is there already; fetch nothing
#   --dry-run       say what would be fetched
#   --help
#
# A line of the list: group, file below DIR, address, and optionally the file's SHA-256. A download that
# broke off goes on where it stopped (FILE.part); a file gets its name when it is whole, begins as a GGUF
# file does, and has the right SHA-256 if one is given. HF_TOKEN is sent to huggingface.co alone, and
# through a file that only you can read: command lines can be seen by others.
#
# Exit status: 0 everything is there; 1 something could not be fetched (the rest was); 3 what came is not
# what was asked for; 64 wrong usage or list; 69 a program is missing.
set -euo pipefail

self=$(readlink -f "${BASH_SOURCE[0]}")
root=$(dirname "$(dirname "$self")")
usage() { awk 'NR > 1 && !/^#/ {exit} NR > 1 {sub(/^# ?/, ""); print}' "$self"; }
fail() {
  printf 'pull-models: %s\n' "${*:2}" >&2
  exit "$1"
}

dir=${SYNAPSE_MODELS_DIR:-models}
models=$root/config/models/models.txt
action=fetch
names=()
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --list) action=list ;;
    --dry-run) action=dry-run ;;
    --dir | --models)
      [[ -n ${2:-} ]] || fail 64 "$1 needs a value"
      printf -v "${1#--}" '%s' "$2"
      shift
      ;;
    -*) fail 64 "unknown argument '$1'; --help says what there is" ;;
    *) names+=("$1") ;;
  esac
  shift
done
command -v curl >/dev/null || fail 69 "curl is missing"
[[ -r $models ]] || fail 64 "$models cannot be read"

# --- the list -------------------------------------------------------------------------------------------

groups=() files=() urls=() sums=()
number=0
while read -r group file url sum rest || [[ -n ${group:-} ]]; do
  number=$((number + 1))
  [[ -n $group && $group != \#* ]] || continue
  [[ $url =~ ^https?://[^[:space:]]+$ && -z $rest ]] ||
    fail 64 "$models:$number: is to be: group file address [sha256]"
  # The list may come from somebody else: it must not write outside of the directory.
  [[ $file =~ ^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$ ]] ||
    fail 64 "$models:$number: '$file' is not the name of a file below the models' directory"
  [[ $sum =~ ^([0-9a-f]{64})?$ ]] || fail 64 "$models:$number: '$sum' is not a SHA-256"
  if [[ ${#names[@]} -gt 0 ]]; then
    wanted=false
    for name in "${names[@]}"; do
      if [[ $group == "$name" || $file == *"$name"* ]]; then wanted=true; fi
    done
    $wanted || continue
  fi
  groups+=("$group") files+=("$file") urls+=("$url") sums+=("$sum")
done <"$models"
[[ ${#files[@]} -gt 0 ]] || fail 64 "no model in $models is called ${names[*]:-anything}"

if [[ $action != fetch ]]; then
  for i in "${!files[@]}"; do
    if [[ -f $dir/${files[i]} ]]; then
      state="there"
    elif [[ -f $dir/${files[i]}.part ]]; then
      state="begun"
    else
      state="missing"
    fi
    if [[ $action == list ]]; then
      printf '%-6s %-8s %s\n' "${groups[i]}" "$state" "${files[i]}"
    elif [[ $state != there ]]; then
      printf 'would fetch %s into %s/%s\n' "${urls[i]}" "$dir" "${files[i]}"
    else
      printf '%s/%s is there\n' "$dir" "${files[i]}"
    fi
  done
  exit 0
fi

# --- fetching -------------------------------------------------------------------------------------------

headers=
trap '[[ -z $headers ]] || rm -f "$headers"' EXIT
if [[ -n ${HF_TOKEN:-} ]]; then
  [[ $HF_TOKEN =~ ^[A-Za-z0-9_-]+$ ]] || fail 64 "HF_TOKEN has signs in it that no such token has"
  headers=$(mktemp) # mode 600
  printf 'Authorization: Bearer %s\n' "$HF_TOKEN" >"$headers"
fi
unset HF_TOKEN

status=0
# worse STATUS: the worst that happened is the exit status; the next models are fetched all the same.
worse() { [[ $status -ge $1 ]] || status=$1; }

fetch() { # fetch FILE URL SUM
  local target=$dir/$1 part=$dir/$1.part curl_status=0 found options=()
  if [[ -f $target ]]; then
    echo "$target is there"
    return
  fi
  mkdir -p "$(dirname "$target")" || fail 1 "$dir cannot be written to"
  # curl does not pass the field on when it is sent to another host.
  if [[ -n $headers && $2 == https://huggingface.co/* ]]; then options+=(--header "@$headers"); fi
  echo "Fetching $1 from $2"
  [[ -t 2 ]] && options+=(--progress-bar) || options+=(--silent)
  curl --fail --location --show-error --retry 3 --retry-delay 2 --connect-timeout 30 \
    --speed-limit 1024 --speed-time 60 --continue-at - --output "$part" ${options[@]+"${options[@]}"} -- "$2" ||
    curl_status=$?
  # A whole file that only lacks its name: there is nothing after its end to ask for.
  if [[ $curl_status -ne 0 ]] && ! complete "$2" "$part" "$curl_status"; then
    echo "pull-models: $1 could not be fetched (curl: $curl_status); the same command goes on from here" >&2
    worse 1
    return
  fi
  if [[ $(head -c 4 "$part" | tr -d '\0') != GGUF ]]; then
    echo "pull-models: $1: what came is no GGUF file; it was thrown away" >&2
    rm -f "$part"
    worse 3
    return
  fi
  if [[ -n $3 ]]; then
    found=$(sha256sum "$part" | cut -d ' ' -f 1)
    if [[ $found != "$3" ]]; then
      echo "pull-models: $1 has the SHA-256 $found, not $3; it was thrown away" >&2
      rm -f "$part"
      worse 3
      return
    fi
  fi
  mv -- "$part" "$target"
  echo "$target is there"
}

complete() { # complete URL PART CURL_STATUS: has PART as many bytes as the server's file?
  [[ $3 -eq 22 || $3 -eq 33 || $3 -eq 36 ]] && [[ -s $2 ]] || return 1
  local size options=()
  if [[ -n $headers && $1 == https://huggingface.co/* ]]; then options+=(--header "@$headers"); fi
  size=$(curl --fail --location --silent --head --connect-timeout 30 ${options[@]+"${options[@]}"} -- "$1" |
    tr -d '\r' | awk 'tolower($1) == "content-length:" {size = $2} END {print size}') || return 1
  [[ $size =~ ^[0-9]+$ && $size -eq $(stat -c %s "$2") ]]
}

for i in "${!files[@]}"; do
  fetch "${files[i]}" "${urls[i]}" "${sums[i]}"
done
exit "$status"
