#!/usr/bin/env bash
# Runs the libraries' tests under the address sanitizer and then the thread sanitizer, each with a
# build of its own. Arguments choose: address, thread.
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
# What XCTest and Foundation lose themselves; only tests use them.
cat >"$suppressions" <<'END'
leak:libXCTest.so
leak:FoundationEssentials17readBytesFromFile
leak:Foundation7ProcessC3run
END
export LSAN_OPTIONS="suppressions=$suppressions:print_suppressions=0"

# The commands' tests start the built program, which would be instrumented too and is slow then.
# What runs on one thread has nothing to show to the thread sanitizer; a browser is not instrumented.
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
  step "Tests under the $sanitizer sanitizer"
  swift test --sanitize="$sanitizer" --scratch-path "$ROOT/.build-$sanitizer" "${tests[@]}" \
    || die "the tests failed under the $sanitizer sanitizer"
done
step "Clean: $*"
