#!/usr/bin/env bash
# Builds rmos-cli, and migrates the example into DATABASE (default: ./rmos.db): Scripts/run.sh [DATABASE]
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

step "The content of $db"
"$cli" status --db "$db"
