#!/usr/bin/env bash
# Fuzzes the JSON scanner with the entity reader, and the parser of HTTP requests.
#
# usage: Scripts/fuzz.sh [SECONDS [reader] [http]]
#   SECONDS  for each fuzzer (default: 180)
#
# Needs a toolchain with libFuzzer, such as those for Linux. Failing inputs are kept in .build-fuzz.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
ensure_toolchain
seconds=${1:-180}
[[ $# -gt 1 ]] && targets=("${@:2}") || targets=(reader http)

options=('-sanitize=fuzzer,address' -parse-as-library -O -enforce-exclusivity=checked -g
  -package-name RMOS -swift-version 6 -enable-upcoming-feature ExistentialAny
  -enable-upcoming-feature MemberImportVisibility
  -enable-upcoming-feature InternalImportsByDefault -I "$ROOT/.build-fuzz/modules"
  -I "$ROOT/Sources/CSHA256/include")

# Compiles a module that the fuzzers import: build_module NAME
build_module() {
  local files=()
  while IFS= read -r file; do files+=("$file"); done < <(find "Sources/$1" -name '*.swift')
  swiftc "${options[@]}" -wmo -c -emit-module -module-name "$1" \
    -emit-module-path "$ROOT/.build-fuzz/modules/$1.swiftmodule" \
    -o "$ROOT/.build-fuzz/modules/$1.o" "${files[@]}"
}

# Builds a fuzzer from sources: build_fuzzer NAME SOURCE ...
build_fuzzer() {
  step "Building the fuzzer of the $1"
  mkdir -p "$ROOT/.build-fuzz/$1/corpus" "$ROOT/.build-fuzz/$1/seeds"
  swiftc "${options[@]}" -module-name RMOSFuzz -o "$ROOT/.build-fuzz/$1/fuzz" \
    "$ROOT"/.build-fuzz/modules/*.o "${@:2}"
}

# LeakSanitizer does not find objects that a constant refers to from within an enumeration, since the
# pointer also encodes the case.
suppressions=$(mktemp)
trap 'rm -f "$suppressions"' EXIT
printf 'leak:swift::threading_impl::once_slow\n' >"$suppressions"
export LSAN_OPTIONS="suppressions=$suppressions:print_suppressions=0"

# Runs a fuzzer: fuzz NAME DICTIONARY
fuzz() {
  local work=$ROOT/.build-fuzz/$1
  step "Fuzzing the $1 for $seconds seconds"
  "$work/fuzz" -max_total_time="$seconds" -max_len=4096 -timeout=10 -print_final_stats=1 \
    -dict="Tests/Fuzz/$2" -artifact_prefix="$work/" "$work/corpus" "$work/seeds"
}

step 'Building the imported modules'
mkdir -p "$ROOT/.build-fuzz/modules"
for module in CLibrary RMOSSystem; do build_module "$module"; done
clang -O1 -c -I Sources/CSHA256/include Sources/CSHA256/CSHA256.c \
  -o "$ROOT/.build-fuzz/modules/CSHA256.o"

for target in "${targets[@]}"; do
  seeds=$ROOT/.build-fuzz/$target/seeds
  case $target in
    reader)
      sources=(Tests/Fuzz/ReaderFuzz.swift Tests/RMOSModelsTests/JSON/JSONOracle.swift)
      while IFS= read -r file; do sources+=("$file"); done \
        < <(find Sources/RMOSModels -name '*.swift')
      build_fuzzer reader "${sources[@]}"
      # The files of the example, each for each kind; the first byte of an input chooses the kind.
      for choice in 0 1 2; do
        for file in Examples/rmos_legacy/*/*/*.json Examples/rmos_legacy/*/*.json; do
          { printf '%b' "\\x0$choice" && cat "$file"; } >"$seeds/$choice-$(basename "$file")"
        done
      done
      fuzz reader json.dict
      ;;
    http)
      sources=(Tests/Fuzz/RequestFuzz.swift)
      while IFS= read -r file; do sources+=("$file"); done \
        < <(find Sources/RMOSHTTP -name '*.swift')
      build_fuzzer http "${sources[@]}"
      # The first byte of an input chooses the size of the pieces.
      printf 'aGET /x?a=%%20b HTTP/1.1\r\nHost: [::1]:8\r\n\r\n' >"$seeds/get"
      printf 'bPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok' >"$seeds/length"
      printf 'cPUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;e\r\nok\r\n0\r\n\r\n' \
        >"$seeds/chunked"
      printf 'dHEAD http://a/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n' >"$seeds/url"
      fuzz http http.dict
      ;;
    *) die "there is no fuzzer '$target'; expected reader or http" ;;
  esac
done
