#!/usr/bin/env bash
# Rehearses a migration with generated data, and keeps the results for a reviewer.
#
# usage: Scripts/rehearse.sh DIRECTORY [COUNT]
#   DIRECTORY  for legacy/ (the data), rmos.db, reports/, logs/, state/ and summary.md; must not exist
#   COUNT      the number of entities to generate (default: 600)
#
# RMOS_CLI names a built rmos-cli; without it one is built. The summary is also appended to the file
# that GITHUB_STEP_SUMMARY names, if it is set.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# -ge 1 && $# -le 2 ]] || die 'usage: rehearse.sh DIRECTORY [COUNT]'
out=$1
count=${2:-600}
[[ ! -e $out ]] || die "$out already exists; name a new directory"
command -v sqlite3 >/dev/null || die 'the sqlite3 shell is needed; on Debian and Ubuntu: apt-get install sqlite3'
cli=${RMOS_CLI:-}
if [[ -z $cli ]]; then
  ensure_toolchain
  build release --product rmos-cli
  cli=$(bin_path release)/rmos-cli
fi

mkdir -p "$out/logs" "$out/reports"
out=$(cd "$out" && pwd)
db=$out/rmos.db
legacy=$out/legacy
# The audit keeps its verdict here, too, and not in the user's state directory.
export XDG_STATE_HOME=$out/state

# logged NAME COMMAND ...: runs a command, and also writes its output to logs/NAME.log.
logged() {
  local log=$out/logs/$1.log
  shift
  "$@" 2>&1 | tee "$log"
}

# count_rows TABLE: prints the number of rows.
count_rows() { sqlite -readonly "$db" "SELECT count(*) FROM $1"; }

step 'Sample data'
logged sample "$cli" sample "$legacy" --count "$count"

step 'An empty database'
logged init "$cli" init --db "$db"

step 'Dry run'
logged dry-run "$cli" migrate "$legacy" --db "$db" --dry-run
[[ $(count_rows patterns) -eq 0 ]] || die 'the dry run wrote patterns'

step 'Migration'
logged migrate "$cli" migrate "$legacy" --db "$db" --stats "$out/reports/migration_stats.json"

step 'Audit'
logged audit "$cli" audit --db "$db"
"$cli" audit --db "$db" --format html --output "$out/reports/audit.html" \
  --badge "$out/reports/badge.json"

step 'Reports'
logged report "$cli" report --db "$db" --format json,html,txt --output "$out/reports"

step 'Verification with the sqlite3 shell'
[[ $(sqlite -readonly "$db" 'PRAGMA integrity_check') == ok ]] || die 'integrity_check is not ok'
[[ -z $(sqlite -readonly "$db" 'PRAGMA foreign_key_check') ]] || die 'foreign keys are broken'
families=$(count_rows strip_families)
patterns=$(count_rows patterns)
joblogs=$(count_rows joblogs)
total=$((families + patterns + joblogs))
[[ $total -eq $count ]] || die "$total rows; expected $count"
[[ $(count_rows migration_provenance) -eq $total ]] || die 'not every row has its provenance'
printf 'strip_families %s, patterns %s, joblogs %s: %s in all\n' \
  "$families" "$patterns" "$joblogs" "$total"

step 'Duplicate detection'
logged again "$cli" migrate "$legacy" --db "$db"
now=$(($(count_rows strip_families) + $(count_rows patterns) + $(count_rows joblogs)))
[[ $now -eq $total ]] || die "a second run left $now rows, not $total"

{
  printf '## Migration rehearsal\n\n'
  printf '| kind | rows |\n|---|---:|\n'
  printf '| strip families | %s |\n| patterns | %s |\n| job logs | %s |\n| **total** | **%s** |\n\n' \
    "$families" "$patterns" "$joblogs" "$total"
  printf -- '- first run: %s migrated\n- second run: nothing added\n' "$total"
  printf -- '- audit: %s\n' "$(head -n 1 "$out/logs/audit.log" | sed "s|$out/||")"
  printf -- '- %s\n' "$("$cli" --version)"
} >"$out/summary.md"
if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then
  cat "$out/summary.md" >>"$GITHUB_STEP_SUMMARY"
fi
step 'Done'
cat "$out/summary.md"
