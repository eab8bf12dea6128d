#!/usr/bin/env bash
# Compares a migration with a yardstick in C, and measures the JSON scanner.
#
# usage: Benchmarks/run.sh [FILES] [LISTED] [ROUNDS]
#   FILES   the number of entities, each in its own file (default: 100000)
#   LISTED  the number of entities in three list files (default: 1000000)
#   ROUNDS  the number of measurements (default: 5)
set -euo pipefail
# shellcheck source=corpus.sh
source "$(dirname "${BASH_SOURCE[0]}")/corpus.sh"

files=${1:-100000}
listed=${2:-1000000}
rounds=${3:-5}

step 'Building the reference program'
"${CC:-cc}" -O3 "$here/limit.c" -lsqlite3 -o "$work/limit"

step 'Building rmos-cli and the scanner benchmark'
build release --product rmos-cli
cli=$(bin_path release)/rmos-cli
RMOS_BENCHMARKS=1 build release --scratch-path "$here/.build" --product scanner-benchmark
scanner=$(RMOS_BENCHMARKS=1 build release --scratch-path "$here/.build" \
  --show-bin-path)/scanner-benchmark

corpus "files-$files" "$files"
corpus "lists-$listed" "$listed" --array
corpus pretty-10000 10000 --array --pretty

step "Measuring, $rounds rounds"
python3 "$here/measure.py" --cli "$cli" --limit "$work/limit" --schema "$here/schema.sql" \
  --files "$work/files-$files" --lists "$work/lists-$listed" --work "$work" --rounds "$rounds"

step 'JSON scanner'
cat "$work"/pretty-10000/*/*.json >/dev/null
"$scanner" "$work"/pretty-10000/*/*.json "$work/lists-$listed/patterns/patterns.json"
