#!/usr/bin/env bash
# Compares analytics, with and without filters, with plain SQL in the sqlite3 shell, in turn.
#
# usage: Benchmarks/analytics.sh DATABASE [ROUNDS]
#   DATABASE  a migrated database, such as the one of Benchmarks/run.sh
#   ROUNDS    the number of measurements (default: 5)
set -euo pipefail
# shellcheck source=../Scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../Scripts/lib.sh"

measure_against_sql analytics "$@"
