#!/usr/bin/env bash
# Compares a migration into PostgreSQL with psql's \copy of the same rows, and an audit with that of a
# SQLite database with the same content. Starts a server with default settings for it.
#
# usage: Benchmarks/postgres.sh [FILES] [ROUNDS]
#   FILES   the number of entities, each in its own file (default: 100000)
#   ROUNDS  the number of measurements (default: 5)
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
