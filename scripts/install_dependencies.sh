#!/usr/bin/env bash
# Installs the Debian packages that are missing, and only those.
#
#   scripts/install_dependencies.sh [GROUP]...   groups: build run test package real bench lint; default: all
#   scripts/install_dependencies.sh --list [GROUP]...   names them and installs nothing
#
# Which packages, and why: scripts/debian-packages.txt. Says nothing when nothing is missing.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
list="$here/debian-packages.txt"

only_list=false
if [[ ${1:-} == --list ]]; then
  only_list=true
  shift
fi
groups=("$@")
known=$(sed -e 's/#.*//' "$list" | awk 'NF {print $1}' | sort -u)
if [[ ${#groups[@]} -eq 0 ]]; then
  mapfile -t groups <<<"$known"
fi
for group in "${groups[@]}"; do
  if ! grep -qxF -- "$group" <<<"$known"; then
    echo "install_dependencies: no group '$group'; there are: ${known//$'\n'/ }" >&2
    exit 2
  fi
done

# The packages of the wanted groups, without those whose command is there already.
wanted=()
while read -r group package condition; do
  [[ -n $group && " ${groups[*]} " == *" $group "* ]] || continue
  if [[ $condition == unless=* ]] && command -v "${condition#unless=}" >/dev/null; then
    continue
  fi
  wanted+=("$package")
done < <(sed -e 's/#.*//' "$list")
mapfile -t wanted < <(printf '%s\n' "${wanted[@]}" | sort -u)

if $only_list; then
  printf '%s\n' "${wanted[@]}"
  exit 0
fi
if ! command -v dpkg-query >/dev/null; then
  echo "install_dependencies: this is not a Debian system; the equivalents of these are needed:" >&2
  printf '  %s\n' "${wanted[@]}" >&2
  exit 1
fi

# dpkg-query exits 1 for names that it does not know: those are missing too.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null \
  | awk '$1 == "installed" {print $2}' || true)
missing=()
for package in "${wanted[@]}"; do
  grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

if [[ $EUID -eq 0 ]]; then
  as_root=()
elif command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
  as_root=(sudo)
else
  echo "install_dependencies: these Debian packages are missing:" >&2
  echo "  ${missing[*]}" >&2
  echo "Neither root nor able to use sudo here; install them as root:" >&2
  echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
echo "Installing Debian packages: ${missing[*]}"

# nginx and haproxy are wanted as programs only: their packages must not start a service, neither
# now (policy-rc.d) nor at the next boot (disabled below, if we brought them).
policy=/usr/sbin/policy-rc.d
remove_policy() { :; }
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  remove_policy() { "${as_root[@]}" rm -f "$policy"; }
  trap remove_policy EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
fi

apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
"${apt[@]}" update || echo "install_dependencies: 'apt-get update' had errors; trying anyway" >&2
"${apt[@]}" install -y --no-install-recommends "${missing[@]}"

for service in nginx haproxy; do
  [[ " ${missing[*]} " == *" $service"* ]] || continue
  if command -v systemctl >/dev/null; then
    "${as_root[@]}" systemctl disable "$service" >/dev/null 2>&1 || true
  elif command -v update-rc.d >/dev/null; then
    "${as_root[@]}" update-rc.d "$service" disable >/dev/null 2>&1 || true
  fi
done
