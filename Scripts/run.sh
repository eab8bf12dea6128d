#!/usr/bin/env bash
# Builds rmos-cli and migrates the shipped example: Scripts/run.sh [DATABASE], ./rmos.db if not given.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
db=${1:-rmos.db}
ensure_toolchain
step 'Building rmos-cli'
build release --product rmos-cli
cli=$(bin_path release)/rmos-cli

step "Migrating Examples/rmos_legacy into $db"
"$cli" migrate Examples/rmos_legacy --db "$db"

step "What $db holds"
"$cli" status --db "$db"
