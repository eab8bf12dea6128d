#!/usr/bin/env bash
# Measures how long rmos-cli and others take to load the same lists, in turn: DuckDB and sqlite-utils,
# which are installed into a virtual environment of their own, and Python's json and sqlite3.
#
# usage: Benchmarks/compare.sh [LISTED] [ROUNDS]
#   LISTED  entities in the tree of three list files   (1000000)
#   ROUNDS  how often each is measured                 (5)
set -euo pipefail
# shellcheck source=../Scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../Scripts/lib.sh"

listed=${1:-1000000}
rounds=${2:-5}
here=$ROOT/Benchmarks
work=$here/.work
mkdir -p "$work"
ensure_toolchain
command -v python3 >/dev/null || die 'python3 is needed to make the corpus and to measure'

step 'Building rmos-cli'
build release --product rmos-cli

step 'Installing what it is compared with'
[[ -x $work/venv/bin/python ]] || python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --requirement "$here/compare.txt"

if [[ ! -e $work/lists-$listed.done ]]; then
  step "Making lists-$listed"
  python3 "$here/gen_corpus.py" "$work/lists-$listed" "$listed" --array
  touch "$work/lists-$listed.done"
fi

step "Measuring, $rounds rounds"
python3 "$here/compare.py" --cli "$(bin_path release)/rmos-cli" --python "$work/venv/bin/python" \
  --schema "$here/schema.sql" --lists "$work/lists-$listed" --work "$work" --rounds "$rounds"
