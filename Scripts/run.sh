#!/usr/bin/env bash
# Builds rmos-cli and migrates the shipped example into ./rmos.db.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
ensure_toolchain
step 'Building rmos-cli'
build release --product rmos-cli
cli=$(bin_path release)/rmos-cli

step 'Migrating Examples/rmos_legacy into rmos.db'
"$cli" migrate Examples/rmos_legacy --db rmos.db

step 'What rmos.db holds'
"$cli" status --db rmos.db
