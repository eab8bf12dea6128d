#!/usr/bin/env bash
# Runs the libraries' tests under the address sanitizer and then the thread sanitizer, each with a
# build of its own. Arguments choose: address, thread.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
ensure_toolchain

# The commands' tests start the built program, which would be instrumented too and is slow then.
filter='RMOSModelsTests|RMOSStoreTests|RMOSMigrationTests'
if [[ $# -eq 0 ]]; then
  set -- address thread
fi

suppressions=$(mktemp)
trap 'rm -f "$suppressions"' EXIT
# XCTest itself leaks what it discovers.
echo 'leak:libXCTest.so' >"$suppressions"
export LSAN_OPTIONS="suppressions=$suppressions:print_suppressions=0"

for sanitizer in "$@"; do
  case $sanitizer in
    address | thread) ;;
    *) die "'$sanitizer' is no sanitizer; expected address or thread" ;;
  esac
  step "Tests under the $sanitizer sanitizer"
  swift test --sanitize="$sanitizer" --scratch-path "$ROOT/.build-$sanitizer" --filter "$filter" \
    || die "the tests failed under the $sanitizer sanitizer"
done
step "Clean: $*"
