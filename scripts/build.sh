#!/usr/bin/env bash
# Configures what is not configured, then builds.
#
#   scripts/build.sh PRESET [--with tests|bench]... [TARGET]...
#
# PRESET: release, dev, asan, tsan (CMakePresets.json). The gateway's own build needs neither GoogleTest
# nor the benchmark library; --with switches on what needs them, and it stays on in that directory.
# Quiet when nothing is to be done. JOBS=N limits the parallel compilers.
set -euo pipefail
# shellcheck source=scripts/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=${1:?usage: scripts/build.sh PRESET [--with tests|bench]... [TARGET]...}
shift
case $preset in
  release) dir="$root/build" ;;
  dev | asan | tsan) dir="$root/build-$preset" ;;
  *) echo "build: no preset '$preset'; there are release, dev, asan, tsan" >&2; exit 2 ;;
esac
with=()
while [[ ${1:-} == --with ]]; do
  with+=("${2:?--with tests or --with bench}")
  shift 2
done

# What was compiled in one checkout serves the next one, wherever it lies: clean clones, images.
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=true

cached() { # cached OPTION VALUE: is that what the directory is configured with?
  grep -qE "^$1:[A-Z]+=$2\$" "$dir/CMakeCache.txt" 2>/dev/null
}
options=()
[[ -f $dir/build.ninja ]] || options+=(-DSYNAPSE_BUILD_TESTS=OFF -DSYNAPSE_BUILD_BENCH=OFF)
for part in ${with[@]+"${with[@]}"}; do
  option="SYNAPSE_BUILD_${part^^}"
  cached "$option" ON && [[ -f $dir/build.ninja ]] || options+=("-D$option=ON")
done
if [[ $preset == tsan ]]; then
  caf=(-DCAF_CORE_LIBRARY="$dir/caf/libcaf_core.so" -DCAF_IO_LIBRARY="$dir/caf/libcaf_io.so"
    -DCAF_OPENSSL_LIBRARY="$dir/caf/libcaf_openssl.so")
  # Quick when they are there.
  if ! "$root/scripts/build_instrumented_caf.sh"; then
    echo "build: no instrumented CAF; ThreadSanitizer will not see into actors" >&2
  elif ! cached CAF_CORE_LIBRARY "$dir/caf/libcaf_core.so" ||
    ! cached CAF_IO_LIBRARY "$dir/caf/libcaf_io.so"; then
    options+=("${caf[@]}")
  fi
fi
cd "$root"
if [[ ${#options[@]} -gt 0 ]]; then
  echo "Configuring ${dir#"$root"/}"
  log=$(mktemp)
  if ! cmake --preset "$preset" "${options[@]}" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
fi

jobs=(${JOBS:+-j "$JOBS"})
# A dry run tells whether there is work; without any, ninja's own line is noise.
if ninja -C "$dir" -n "$@" 2>/dev/null | tail -n 1 | grep -q 'no work to do'; then
  exit 0
fi
exec ninja -C "$dir" ${jobs[@]+"${jobs[@]}"} "$@"
