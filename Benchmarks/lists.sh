#!/usr/bin/env bash
# Compares pages of the list of patterns, with searches, filters and orders, with a scan of the index of
# names by the sqlite3 shell.
#
# usage: Benchmarks/lists.sh DATABASE [ROUNDS]
#   DATABASE  a migrated database; that of Benchmarks/gen_corpus.py DIR 1000000 --array has 300,000
#             patterns
#   ROUNDS    the number of measurements (default: 5)
set -euo pipefail
# shellcheck source=../Scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../Scripts/lib.sh"

measure_against_sql lists "$@"
