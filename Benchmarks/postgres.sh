#!/usr/bin/env bash
# Measures a migration into PostgreSQL against psql's \copy of the same rows, and an audit against that of
# a SQLite database of the same content. It starts a server of its own, with its settings as they come.
#
# usage: Benchmarks/postgres.sh [FILES] [ROUNDS]
#   FILES   entities in the tree with one file each (100000)
#   ROUNDS  how often each is measured              (5)
set -euo pipefail
# shellcheck source=corpus.sh
source "$(dirname "${BASH_SOURCE[0]}")/corpus.sh"

files=${1:-100000}
rounds=${2:-5}
command -v psql >/dev/null || die 'psql is needed; on Debian and Ubuntu: apt-get install postgresql-client'

step 'Building rmos-postgres'
package=$ROOT/Packages/RMOSPostgres
build release --package-path "$package" --product rmos-postgres
program=$(bin_path release --package-path "$package")/rmos-postgres

corpus "files-$files" "$files"

step "Measuring, $rounds rounds"
"$ROOT/Scripts/postgres.sh" run \
  python3 "$here/postgres.py" "$program" "$work/files-$files" "$rounds"
