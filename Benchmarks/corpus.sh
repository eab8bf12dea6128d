# shellcheck shell=bash
# Functions for the benchmarks on generated trees, which source this file.
# shellcheck source=../Scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../Scripts/lib.sh"

here=$ROOT/Benchmarks
work=$here/.work
mkdir -p "$work"
ensure_toolchain
command -v python3 >/dev/null || die 'python3 is needed to generate the trees and to measure'

# corpus NAME N [OPTION ...]: generates a tree, unless an earlier run has.
corpus() {
  local tree=$work/$1
  if [[ ! -e $tree.done ]]; then
    step "Generating $1"
    rm -rf "$tree"
    python3 "$here/gen_corpus.py" "$tree" "${@:2}"
    touch "$tree.done"
  fi
}
