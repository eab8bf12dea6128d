#!/usr/bin/env bash
# Compares rmos-cli with other programs that load the same lists, in turn: DuckDB and sqlite-utils,
# which are installed into a virtual environment, Python's json and sqlite3, and a Swift program with
# Foundation and GRDB, which is fetched and built.
#
# usage: Benchmarks/compare.sh [LISTED] [ROUNDS] [NAME...]
#   LISTED  the number of entities in the three list files (default: 1000000)
#   ROUNDS  the number of measurements (default: 5)
#   NAME    the programs to compare with: duckdb, python, grdb, sqlite-utils (default: all)
set -euo pipefail
# shellcheck source=corpus.sh
source "$(dirname "${BASH_SOURCE[0]}")/corpus.sh"

listed=${1:-1000000}
rounds=${2:-5}
names=("${@:3}")
[[ ${#names[@]} -gt 0 ]] || names=(duckdb python grdb sqlite-utils)

step 'Building rmos-cli'
build release --product rmos-cli

step 'Installing DuckDB and sqlite-utils'
[[ -x $work/venv/bin/python ]] || python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --requirement "$here/compare.txt"

step 'Building a program with GRDB'
swift build -c release --package-path "$here/GRDB" --scratch-path "$work/grdb"

corpus "lists-$listed" "$listed" --array

step "Measuring, $rounds rounds"
python3 "$here/compare.py" --cli "$(bin_path release)/rmos-cli" --python "$work/venv/bin/python" \
  --grdb "$work/grdb/release/GRDBLoad" \
  --schema "$here/schema.sql" --lists "$work/lists-$listed" --work "$work" --rounds "$rounds" \
  --names "${names[@]}"
