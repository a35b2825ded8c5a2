#!/usr/bin/env bash
# Builds CAF's libraries (core, io, openssl) with ThreadSanitizer into build-tsan/caf.
#
# Debian's are not instrumented. ThreadSanitizer then does not see the atomics with which
# CAF hands a message from one thread to another, and reports every payload as a data race (about
# seventy reports from a program with five actors); hiding those hides real races in actors as well.
# With these the same program is silent without any suppression.
#
# The source comes from the Debian archive that this machine installs packages from, by apt-get, and
# must have the checksum below. No root needed. Does nothing when the libraries are there.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"

version=0.17.6
sha256=e2bf5bd243f08bb7d8adde197cfe3e6d71314ed3378fe0692f8932f4c3b3928c

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out="$root/build-tsan/caf"
libraries=(libcaf_core.so libcaf_io.so libcaf_openssl.so)
[[ ! -f $out/${libraries[0]} || ! -f $out/${libraries[1]} || ! -f $out/${libraries[2]} ]] || exit 0

apt_source() { # apt_source DIRECTORY: leaves the release's tar ball in it
  local archive
  archive=$(apt-cache policy libcaf-dev | awk '$2 ~ /^http/ && $3 ~ /\/main$/ {print $2, $3; exit}')
  if [[ -z $archive ]]; then
    echo "build_instrumented_caf: no archive known for libcaf-dev; run 'apt-get update' first" >&2
    return 1
  fi
  mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
  echo "deb-src ${archive%/main} main" >"$1/source.list"
  local apt=(apt-get -qq -o "Dir::Etc::SourceList=$1/source.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$1/lists" -o "Dir::Cache=$1/cache" -o "APT::Sandbox::User=$(id -un)")
  "${apt[@]}" update
  (cd "$1" && "${apt[@]}" source --tar-only "actor-framework=$version-2.1")
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "Building CAF $version with ThreadSanitizer (once)"
mkdir -p "$out"
tarball="$work/actor-framework_$version.orig.tar.gz"
apt_source "$work"
echo "$sha256  $tarball" | sha256sum --check --quiet
tar -C "$out" -xzf "$tarball"
# A path that stays the same, so that ccache recognises the files next time.
cmake -S "$root/cmake/instrumented_caf" -B "$out/build" -G Ninja --log-level=WARNING \
  -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1" \
  "-DCAF_SOURCE_DIR=$out/actor-framework-$version" >/dev/null
ninja -C "$out/build" >"$out/build.log" || { tail -50 "$out/build.log" >&2; exit 1; }
# They find each other in the directory they end up in.
for library in "${libraries[@]}"; do
  cp "$out/build/$library" "$out/$library"
done
rm -rf "$out/build" "$out/actor-framework-$version"
