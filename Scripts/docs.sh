#!/usr/bin/env bash
# Builds the documentation of the libraries; warnings are errors.
#
# usage: Scripts/docs.sh [DIRECTORY]
#   DIRECTORY  for one NAME.doccarchive per library (default: .build-docs/archives)
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

out=${1:-$ROOT/.build-docs/archives}
ensure_toolchain
docc=$(command -v docc || true)
[[ -n $docc ]] || docc=$(xcrun --find docc 2>/dev/null || true)
[[ -n $docc ]] || docc=$(dirname "$(readlink -f "$(command -v swift)")")/docc
[[ -x $docc ]] || die 'docc is not next to swift; it is part of the toolchains of swift.org'

step 'Symbols'
swift package --package-path "$ROOT" dump-symbol-graph --minimum-access-level public
graphs=$(dirname "$(bin_path debug)")/symbolgraph
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for catalog in "$ROOT"/Sources/*/*.docc; do
  library=$(basename "$catalog" .docc)
  step "$library"
  [[ -e $graphs/$library.symbols.json ]] \
    || die "there are no symbols of $library"
  # Without the graphs of extensions of other libraries' types, whose links could not be resolved.
  mkdir "$work/$library"
  cp "$graphs/$library.symbols.json" "$work/$library/"
  "$docc" convert "$catalog" --warnings-as-errors \
    --fallback-display-name "$library" --fallback-bundle-identifier "org.rmos.$library" \
    --additional-symbol-graph-dir "$work/$library" --output-path "$out/$library.doccarchive"
done
step "Written to $out"
