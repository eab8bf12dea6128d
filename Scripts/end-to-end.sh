#!/usr/bin/env bash
# Tests an installation as an operator would: runs every command of a built rmos-cli on a small database
# in an empty directory, and checks the results with the sqlite3 shell and curl.
#
# usage: Scripts/end-to-end.sh [RMOS-CLI]
#   RMOS-CLI  the program to test (default: the one in PATH)
#
# Prints each step and its verdict, and ends with status 1 at the first failure.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cli=${1:-$(command -v rmos-cli || true)}
[[ -n $cli && -x $cli ]] || die 'name the rmos-cli to test, or put it into PATH'
cli=$(cd "$(dirname "$cli")" && pwd)/$(basename "$cli")
for program in sqlite3 curl; do
  command -v "$program" >/dev/null || die "$program is needed; on Debian and Ubuntu: apt-get install $program"
done
unset RMOS_DB_PATH RMOS_TOKEN

work=$(mktemp -d)
server=
# Goes on if a command fails, so that the directory is always removed.
clean_up() {
  if [[ -n $server ]] && kill "$server" 2>/dev/null; then wait "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap clean_up EXIT
# Not the state directory of the user who runs this.
unset STATE_DIRECTORY
export XDG_STATE_HOME=$work/.state
cd "$work"

number=0
# fail MESSAGE: ends the test, and shows the output of the last command.
fail() {
  printf 'FAILED\n'
  [[ ! -s $work/last-output ]] || sed 's/^/    /' "$work/last-output"
  die "$*"
}
# begin TITLE
begin() {
  number=$((number + 1))
  printf '%2d. %-68s' "$number" "$1"
}
passed() { printf 'ok\n'; }

# expect STATUS COMMAND ...: runs rmos-cli, which must exit with STATUS.
expect() {
  local wanted=$1 status=0
  shift
  "$cli" "$@" >"$work/last-output" 2>&1 || status=$?
  [[ $status -eq $wanted ]] || fail "rmos-cli $* ended with status $status, not $wanted"
}
# says PATTERN: requires that a line of the last output matches.
says() { grep -qE -- "$1" "$work/last-output" || fail "no line of the output matches: $1"; }
# sql STATEMENT: prints the result of a statement.
sql() { sqlite -readonly shop.db "$1"; }
# is NAME FOUND EXPECTED: requires two equal texts.
is() { [[ $2 == "$3" ]] || fail "$1: found '$2', expected '$3'"; }

begin 'The program starts and names its version'
expect 0 --version
says '^rmos-cli [0-9]+\.[0-9]+\.[0-9]+$'
passed

begin 'Sample JSON: three entities, written by hand'
mkdir -p legacy/strip_families legacy/patterns legacy/joblogs
cat >legacy/strip_families/ebony.json <<'END'
{"id": "ebony", "name": "Ebony", "strip_width_mm": 2.0, "strip_thickness_mm": 0.80,
 "material_type": "Ebony", "strips": [{"color": "black", "count": 3}]}
END
cat >legacy/patterns/rope.json <<'END'
{"id": "rope", "name": "Rope <b>&</b> wave", "ring_count": 3, "strip_family_id": "ebony",
 "geometry": {"rows": 5, "exact": 1.0e2}, "remark": "kept beside the row"}
END
cat >legacy/joblogs/cut.json <<'END'
{"id": "cut-1", "job_type": "slice", "pattern_id": "rope", "status": "completed",
 "start_time": "2025-01-15T10:00:00Z", "end_time": "2025-01-15T10:30:00Z",
 "duration_seconds": 1800, "parameters": {"depth": 0.5}}
END
passed

begin 'A dry run predicts the result, and writes nothing'
expect 0 migrate legacy --db shop.db --dry-run
says '^total +3 +3 +0 +0'
[[ ! -e shop.db ]] || fail 'the dry run created a database'
passed

begin 'The migration'
expect 0 migrate legacy --db shop.db --stats stats.json
says '^total +3 +3 +0 +0'
grep -q '"found": 1' stats.json || fail 'the statistics have no counts'
passed

begin 'The example of the package, into the same database'
expect 0 migrate "$ROOT/Examples/rmos_legacy" --db shop.db
says '^total +72 +72 +0 +0'
passed

begin 'The sqlite3 shell finds every row as it was written'
is 'strip families' "$(sql 'SELECT count(*) FROM strip_families')" 9
is 'patterns' "$(sql 'SELECT count(*) FROM patterns')" 25
is 'job logs' "$(sql 'SELECT count(*) FROM joblogs')" 41
is 'the geometry' "$(sql "SELECT geometry_json FROM patterns WHERE id = 'rope'")" \
  '{"rows":5,"exact":1.0e2}'
is 'the width' "$(sql "SELECT strip_width_mm FROM strip_families WHERE id = 'ebony'")" 2.0
is 'the unknown members' \
  "$(sql "SELECT unknown_json FROM migration_provenance WHERE entity_id = 'rope'")" \
  '{"remark":"kept beside the row"}'
is 'integrity_check' "$(sql 'PRAGMA integrity_check')" ok
is 'foreign_key_check' "$(sql 'PRAGMA foreign_key_check')" ''
passed

begin 'Duplicates are skipped'
expect 0 migrate legacy --db shop.db
says '^total +3 +0 +3 +0'
sed 's/Ebony"/Ebony, new"/' legacy/strip_families/ebony.json >ebony.json
mv ebony.json legacy/strip_families/ebony.json
expect 0 migrate legacy --db shop.db
says 'duplicate\.differs'
is 'the name' "$(sql "SELECT name FROM strip_families WHERE id = 'ebony'")" Ebony
expect 1 migrate legacy --db shop.db --strict
passed

begin 'An update changes the row, and undo reverts it'
expect 0 migrate legacy --db shop.db --on-duplicate update
run=$(sql 'SELECT max(id) FROM migration_runs')
is 'the name' "$(sql "SELECT name FROM strip_families WHERE id = 'ebony'")" 'Ebony, new'
expect 0 undo "$run" --db shop.db
is 'the name' "$(sql "SELECT name FROM strip_families WHERE id = 'ebony'")" Ebony
passed

begin 'An entity that fails is copied to the rejects, and migrates once it is fixed'
mkdir -p broken/patterns
printf '{"id": "bad", "name": "Bad", "ring_count": 0, "geometry": {"rows": 1}}' \
  >broken/patterns/bad.json
expect 1 migrate broken --db shop.db --rejects rejects
says 'field\.range'
sed -i.orig 's/"ring_count": 0/"ring_count": 1/' rejects/patterns/bad.json
rm rejects/patterns/bad.json.orig
expect 0 migrate rejects --db shop.db
says '^total +1 +1 +0 +0'
passed

begin 'Reports in every format'
expect 0 report --db shop.db --run 1 --format json,html,txt --output reports
for format in json html txt; do
  [[ -s reports/migration_report_1.$format ]] || fail "there is no report as $format"
done
grep -q '"total_migrated": 3' reports/migration_report_1.json || fail 'the report has wrong counts'
expect 0 report stats.json
passed

begin 'The audit finds the database sound'
expect 0 audit --db shop.db
says '^shop\.db is sound$'
expect 0 status --db shop.db
says '^Last audit +[0-9-]+ [0-9:]+ UTC, sound; its file has not changed since$'
passed

begin 'The audit finds a planted fault'
cp shop.db faulty.db
sqlite faulty.db "PRAGMA foreign_keys = OFF; UPDATE joblogs SET pattern_id = 'gone' WHERE id = 'cut-1'"
expect 1 audit --db faulty.db --repair-plan repair.sql --badge badge.json
says 'reference\.missing'
grep -q '"message":"1 error"' badge.json || fail 'the badge does not show 1 error'
# The plan has the statements that clear references as comments, so that its reader decides.
sqlite -bail faulty.db <repair.sql
expect 1 audit --db faulty.db
sed 's/^-- UPDATE /UPDATE /' repair.sql | sqlite -bail faulty.db
expect 0 audit --db faulty.db
passed

begin 'Status, runs and history'
expect 0 status --db shop.db
says '^Total +76$'
expect 0 runs --db shop.db
says '^1 +migrate +completed'
expect 0 history --db shop.db
passed

begin 'The dashboard answers over HTTP'
"$cli" serve --db shop.db --port 0 >"$work/address" 2>"$work/server.log" &
server=$!
for _ in $(seq 100); do
  address=$(grep -oE 'http://[^ /]+' "$work/address" || true)
  [[ -z $address ]] || break
  sleep 0.1
done
[[ -n $address ]] || { cp "$work/server.log" "$work/last-output"; fail 'the server does not start'; }
api=$address/api/rmos/stores
# get URL [OPTION ...]: prints the status; the body becomes the last output. Uses neither ~/.curlrc nor
# a proxy.
get() {
  curl -q -sS --noproxy '*' --max-time 10 -o "$work/last-output" -w '%{http_code}' "$@"
}
is 'status' "$(get "$api/migration/status")" 200
says '"status": ?"healthy"'
is 'history' "$(get "$api/migration/history?limit=5")" 200
is 'a bad limit' "$(get "$api/migration/history?limit=0")" 422
is 'a pattern' "$(get "$api/patterns/rope")" 200
says '1\.0e2'
is 'a search' "$(get "$api/patterns/search/name/rope")" 200
is 'no pattern' "$(get "$api/patterns/nowhere")" 404
is 'a write that is not allowed' "$(get "$api/patterns/rope" -X DELETE)" 403
is 'the page' "$(get "$address/")" 200
! grep -q 'Rope <b>' "$work/last-output" || fail 'text of the database became markup'
kill -TERM "$server"
status=0
wait "$server" || status=$?
server=
is 'the status of a server that was asked to stop' "$status" 0
passed

begin 'Export and diff'
expect 0 export out --db shop.db
expect 0 diff out --db shop.db
expect 0 migrate out --db copy.db
expect 0 export out2 --db copy.db
diff -r out out2 >"$work/last-output" || fail 'a second export is not the same'
printf '{"id": "new", "name": "New", "ring_count": 1, "geometry": {"rows": 1}}' >out/patterns/new.json
expect 1 diff out --db shop.db
passed

begin 'A backup'
expect 0 backup copy-of-shop.db --db shop.db
is 'rows of the backup' "$(sqlite -readonly copy-of-shop.db 'SELECT count(*) FROM patterns')" 26
passed

begin 'Undo is refused if another row refers to one that it would remove'
sqlite shop.db "INSERT INTO joblogs (id, job_type, pattern_id, status, parameters_json)
  VALUES ('later', 'slice', 'rope', 'pending', '{\"a\":1}')"
before=$(sql 'SELECT count(*) FROM patterns')
expect 1 undo 1 --db shop.db
says 'later'
is 'patterns' "$(sql 'SELECT count(*) FROM patterns')" "$before"
sqlite shop.db "DELETE FROM joblogs WHERE id = 'later'"
passed

begin 'Undo reverts a whole run'
before=$(sql 'SELECT count(*) FROM joblogs')
expect 0 undo 2 --db shop.db
is 'job logs' "$(sql 'SELECT count(*) FROM joblogs')" $((before - 40))
is 'strip families' "$(sql 'SELECT count(*) FROM strip_families')" 1
expect 0 audit --db shop.db
passed

begin 'A ledger that lost its runs does not use their numbers again'
cp copy-of-shop.db lost.db
last=$(sqlite lost.db 'SELECT max(run_id) FROM migration_provenance')
sqlite lost.db 'DROP VIEW IF EXISTS migration_run_counts; DROP TABLE migration_runs'
expect 0 migrate legacy --db lost.db
[[ $(sqlite lost.db 'SELECT min(id) FROM migration_runs') -gt $last ]] \
  || fail 'a run has the number of an earlier one whose rows still exist'
passed

begin 'Wrong usage and missing files'
expect 2 migrat
says 'migrate'
expect 3 migrate nowhere --db shop.db
expect 3 status --db nowhere.db
[[ ! -e nowhere.db ]] || fail 'the status command created a database'
passed

step "All $number steps passed: $("$cli" --version)"
