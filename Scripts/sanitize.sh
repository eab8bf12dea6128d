#!/usr/bin/env bash
# Runs tests of the libraries with the address sanitizer and with the thread sanitizer, each in its own
# build directory: Scripts/sanitize.sh [address] [thread]
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
ensure_toolchain

if [[ $# -eq 0 ]]; then
  set -- address thread
fi

suppressions=$(mktemp)
trap 'rm -f "$suppressions"' EXIT
# Leaks of XCTest and Foundation, which only tests use; and a constant whose enumerations hold tagged
# pointers, which the sanitizer does not follow.
cat >"$suppressions" <<'END'
leak:libXCTest.so
leak:FoundationEssentials16readDataFromFile
leak:FoundationEssentials17readBytesFromFile
leak:Foundation7ProcessC3run
leak:RMOSMigration7MappingV7builtIn
END
export LSAN_OPTIONS="suppressions=$suppressions:print_suppressions=0"

# Without the tests of commands, which run the built program: it would be instrumented, too, and slow.
# The thread sanitizer leaves out tests that use one thread, and both leave out those of a browser.
for sanitizer in "$@"; do
  case $sanitizer in
    address)
      tests=(--filter 'RMOSModelsTests|RMOSStoreTests|RMOSMigrationTests|RMOSHTTPTests|RMOSDashboardTests'
        --skip 'BrowserTests')
      ;;
    thread)
      tests=(--filter 'RMOSStoreTests|RMOSMigrationTests|RMOSHTTPTests|RMOSDashboardTests'
        --skip 'SourceWindow|SourcePath|DictionaryProbe|Planner|BrowserTests')
      ;;
    *) die "'$sanitizer' is not a sanitizer; expected address or thread" ;;
  esac
  step "Tests with the $sanitizer sanitizer"
  swift test --sanitize="$sanitizer" --scratch-path "$ROOT/.build-$sanitizer" "${tests[@]}" \
    || die "the tests failed with the $sanitizer sanitizer"
done
step "Clean: $*"
