#!/usr/bin/env bash
# Builds the Debian packages synapse-gateway and synapse-local-backends into build/package.
#
#   scripts/package.sh [--no-build] [OUTDIR]
#
# Builds the programs (release) and the dashboard first; with --no-build it packs what build/ has. The
# same build gives the same packages, byte for byte. Nothing is written outside of build/ and OUTDIR.
#
# Exit status: 0 good, 1 something failed, 2 wrong arguments.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=true
outdir=
for argument in "$@"; do
  case $argument in
    --help) sed -n '2,/^set -euo/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    --no-build) build=false ;;
    -*) echo "usage: scripts/package.sh [--no-build] [OUTDIR]" >&2; exit 2 ;;
    *) outdir=$argument ;;
  esac
done
outdir=${outdir:-$root/build/package}
packaging="$root/packaging"

fail() {
  echo "package: $*" >&2
  exit 1
}

for program in dpkg-buildpackage dh cmake; do
  command -v "$program" >/dev/null \
    || fail "$program is missing; scripts/install_dependencies.sh package installs it"
done

# Two places name the version, as Debian's tools want it.
version=$(sed -nE 's/^project\(synapse VERSION ([0-9.]+).*/\1/p' "$root/CMakeLists.txt")
packaged=$(dpkg-parsechangelog -l "$packaging/debian/changelog" -S Version)
[[ $version == "$packaged" ]] \
  || fail "CMakeLists.txt says version $version, packaging/debian/changelog says $packaged"

if $build; then
  "$root/scripts/build.sh" release synapse synapse-backends
  "$root/scripts/build_dashboard.sh" --strict
fi
for each in bin/synapse bin/synapse-backends share/synapse/dashboard/index.html; do
  [[ -e $root/build/$each ]] || fail "build/$each is missing; leave out --no-build"
done

mkdir -p "$outdir" "$root/build/package"
outdir=$(cd "$outdir" && pwd)
work=$(mktemp -d "$root/build/package/.work-XXXXXX")
trap 'rm -rf "$work"' EXIT
# mktemp's own mode would keep others from what dpkg packs.
chmod 755 "$work"
stage="$work/stage"
mkdir "$stage" "$stage/backends"
cp -R "$packaging/debian" "$packaging/man" "$stage"
cp "$packaging"/systemd/*.service "$stage/debian"
cp -R "$root/README.md" "$root/docs" "$stage"
cp "$root/backends/README.md" "$stage/backends"

# /etc/default/synapse-gateway: every variable that the program knows, with the unit's value where the
# unit sets one, commented out.
{
  cat <<'TEXT'
# Environment of synapse-gateway.service. Every variable that the gateway knows, with its default: take
# the # away to set one, then `systemctl restart synapse-gateway`. Empty means unset.
# Backends, routes and limits are in /etc/synapse-gateway/backends.yaml.
TEXT
  "$root/build/bin/synapse" --help | awk '
    FNR == NR { if (sub(/^Environment=/, "")) { split($0, pair, "="); set[pair[1]] = pair[2] } next }
    /^Environment:$/ { inside = 1; next }
    !inside { next }
    /^  [A-Z]/ { name = $1; next }
    /^      / {
      text = $0; sub(/^ +/, "", text)
      value = text; sub(/.* \[/, "", value); sub(/\]$/, "", value)
      sub(/ \[[^[]*\]$/, "", text)
      if (value == "unset") value = ""
      if (name in set) value = set[name]
      printf "\n# %s\n#%s=%s\n", text, name, value
    }' "$packaging/systemd/synapse-gateway.service" -
} >"$stage/debian/synapse-gateway.default"

log="$work/log"
# The compilers are not needed: what is packed is built.
if ! (cd "$stage" && SYNAPSE_SOURCE=$root SYNAPSE_BUILD="$root/build" DEB_BUILD_OPTIONS=nocheck \
  dpkg-buildpackage --build=binary --no-sign --no-check-builddeps) >"$log" 2>&1; then
  cat "$log" >&2
  fail "the packages could not be built"
fi
grep -E 'dpkg-shlibdeps: (warning|error)' "$log" >&2 || true
rm -f "$outdir"/synapse-gateway_*.deb "$outdir"/synapse-local-backends_*.deb
for package in "$work"/*.deb; do
  mv "$package" "$outdir"
  echo "package: $outdir/${package##*/} ($(($(stat -c %s "$outdir/${package##*/}") / 1024)) KiB)"
done
