#!/usr/bin/env bash
# Builds the libraries' documentation; a warning is an error.
#
# usage: Scripts/docs.sh [DIRECTORY]
#   DIRECTORY  gets one NAME.doccarchive per library (.build-docs/archives)
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

out=${1:-$ROOT/.build-docs/archives}
ensure_toolchain
docc=$(command -v docc || true)
[[ -n $docc ]] || docc=$(xcrun --find docc 2>/dev/null || true)
[[ -n $docc ]] || docc=$(dirname "$(readlink -f "$(command -v swift)")")/docc
[[ -x $docc ]] || die 'docc is not next to swift; it is part of the toolchains of swift.org'

# Kept with the build they come from: only what is compiled anew is written anew.
graphs=$ROOT/.build-docs/graphs
mkdir -p "$graphs" "$out"
step 'Symbols'
# A scratch path of its own: with other options everything would be built again each time.
for product in rmos-cli RMOSFoundation RMOSTesting; do
  swift build --package-path "$ROOT" --scratch-path "$ROOT/.build-docs/build" --product "$product" \
    -Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc "$graphs" \
    -Xswiftc -symbol-graph-minimum-access-level -Xswiftc public
done

for catalog in "$ROOT"/Sources/*/*.docc; do
  library=$(basename "$catalog" .docc)
  step "$library"
  [[ -e $graphs/$library.symbols.json ]] \
    || die "there are no symbols of $library; remove $ROOT/.build-docs and run this again"
  mkdir -p "$graphs/$library"
  # What a library adds to another's types would link into documentation that is not there.
  cp "$graphs/$library.symbols.json" "$graphs/$library/"
  "$docc" convert "$catalog" --warnings-as-errors \
    --fallback-display-name "$library" --fallback-bundle-identifier "org.rmos.$library" \
    --additional-symbol-graph-dir "$graphs/$library" --output-path "$out/$library.doccarchive"
done
step "Written to $out"
