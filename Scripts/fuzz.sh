#!/usr/bin/env bash
# Fuzzes the JSON scanner and the entity reader: Scripts/fuzz.sh [SECONDS], 180 if not given.
# Needs a toolchain with libFuzzer, as those for Linux have. What breaks is kept in .build-fuzz.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
ensure_toolchain
seconds=${1:-180}
work=$ROOT/.build-fuzz
mkdir -p "$work/corpus" "$work/seeds"

step 'Building the fuzzer'
find Sources/RMOSModels Tests/Fuzz -name '*.swift' -print0 | xargs -0 swiftc \
  -sanitize=fuzzer,address -parse-as-library -O -enforce-exclusivity=checked -g \
  -package-name RMOS -module-name RMOSFuzz -swift-version 6 \
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility \
  -enable-upcoming-feature InternalImportsByDefault \
  -o "$work/fuzz"

# The shipped example, each file under each kind; the first byte of an input chooses the kind.
for choice in 0 1 2; do
  for file in Examples/rmos_legacy/*/*/*.json Examples/rmos_legacy/*/*.json; do
    { printf '%b' "\\x0$choice" && cat "$file"; } >"$work/seeds/$choice-$(basename "$file")"
  done
done

step "Fuzzing for $seconds seconds"
"$work/fuzz" -max_total_time="$seconds" -max_len=4096 -timeout=10 -print_final_stats=1 \
  -dict=Tests/Fuzz/json.dict -artifact_prefix="$work/" "$work/corpus" "$work/seeds"
