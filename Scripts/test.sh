#!/usr/bin/env bash
# Runs the tests. Arguments, such as --filter StoreTests, are passed to `swift test`.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
ensure_toolchain
ensure_test_programs
exec swift test "$@"
