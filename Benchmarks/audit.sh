#!/usr/bin/env bash
# Measures an audit against the same checks as plain SQL in the sqlite3 shell, in turn.
#
# usage: Benchmarks/audit.sh DATABASE [ROUNDS]
#   DATABASE  a migrated database, such as Benchmarks/run.sh makes
#   ROUNDS    how often each is measured (5)
set -euo pipefail
# shellcheck source=../Scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../Scripts/lib.sh"

measure_against_sql audit "$@"
