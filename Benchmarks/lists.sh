#!/usr/bin/env bash
# Measures the searches, filters and orders of the list of patterns, as pages of a server, against the
# sqlite3 shell, which scans the index of names.
#
# usage: Benchmarks/lists.sh DATABASE [ROUNDS]
#   DATABASE  a migrated database; 300,000 patterns are in that of
#             Benchmarks/gen_corpus.py DIR 1000000 --array
#   ROUNDS    how often each is measured (5)
set -euo pipefail
# shellcheck source=../Scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../Scripts/lib.sh"

measure_against_sql lists "$@"
