# shellcheck shell=bash
# What the benchmarks on corpora share; to be sourced.
# shellcheck source=../Scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../Scripts/lib.sh"

here=$ROOT/Benchmarks
work=$here/.work
mkdir -p "$work"
ensure_toolchain
command -v python3 >/dev/null || die 'python3 is needed to make the corpus and to measure'

# corpus NAME N [OPTION ...]: kept from one run to the next.
corpus() {
  local tree=$work/$1
  if [[ ! -e $tree.done ]]; then
    step "Making $1"
    rm -rf "$tree"
    python3 "$here/gen_corpus.py" "$tree" "${@:2}"
    touch "$tree.done"
  fi
}
