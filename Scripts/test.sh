#!/usr/bin/env bash
# Runs the tests. Arguments go to `swift test`, such as --filter StoreTests.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
ensure_toolchain
ensure_test_programs
exec swift test "$@"
