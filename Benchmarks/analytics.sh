#!/usr/bin/env bash
# Measures all figures, and those of filtered jobs, against plain SQL in the sqlite3 shell, in turn.
#
# usage: Benchmarks/analytics.sh DATABASE [ROUNDS]
#   DATABASE  a migrated database, such as Benchmarks/run.sh makes
#   ROUNDS    how often each is measured (5)
set -euo pipefail
# shellcheck source=../Scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../Scripts/lib.sh"

database=${1:?usage: Benchmarks/analytics.sh DATABASE [ROUNDS]}
rounds=${2:-5}
[[ -f $database ]] || die "there is no database at $database; Benchmarks/run.sh makes one in Benchmarks/.work"
ensure_toolchain
command -v sqlite3 >/dev/null || die 'the sqlite3 shell is needed to measure against'
command -v python3 >/dev/null || die 'python3 is needed to measure'

step 'Building rmos-cli'
build release --product rmos-cli
cli=$(bin_path release)/rmos-cli

step "Measuring, $rounds rounds"
python3 "$ROOT/Benchmarks/analytics.py" "$cli" "$database" "$rounds"
