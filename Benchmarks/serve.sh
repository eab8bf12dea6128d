#!/usr/bin/env bash
# Measures rmos-cli serve: requests per second, latencies, memory, and processor time when idle.
#
# usage: Benchmarks/serve.sh DATABASE [CONNECTIONS] [REQUESTS] [ROUNDS]
#   DATABASE     a migrated database, such as the one of Benchmarks/run.sh; it is only read
#   CONNECTIONS  the number of concurrent clients (default: 16)
#   REQUESTS     the number of requests per round (default: 100000)
#   ROUNDS       the number of measurements (default: 3)
set -euo pipefail
# shellcheck source=../Scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../Scripts/lib.sh"

database=${1:?usage: Benchmarks/serve.sh DATABASE [CONNECTIONS] [REQUESTS] [ROUNDS]}
connections=${2:-16}
requests=${3:-100000}
rounds=${4:-3}
[[ -r /proc/self/stat ]] || die 'memory and processor time are read from /proc, as on Linux'
ensure_toolchain

work=$ROOT/Benchmarks/.work
mkdir -p "$work"
step 'Building rmos-cli and the client'
build release --product rmos-cli
cli=$(bin_path release)/rmos-cli
"${CC:-cc}" -O2 "$ROOT/Benchmarks/serve_load.c" -o "$work/serve_load"

"$cli" serve --db "$database" --port 0 >"$work/serve.out" &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for _ in {1..200}; do
  grep -q http "$work/serve.out" && break
  sleep 0.05
done
port=$(sed -nE 's|.*http://[^ ]*:([0-9]+)/.*|\1|p' "$work/serve.out")
[[ -n $port ]] || die 'the server does not start'

# memory FIELD: prints the memory of the server in kB: VmRSS is the current, VmHWM the peak value.
memory() { awk -v field="$1:" '$1 == field { print $2 }' "/proc/$server/status"; }
# ticks: prints the processor time of the server so far, in hundredths of a second.
ticks() { awk '{ print $14 + $15 }' "/proc/$server/stat"; }

api=/api/rmos/stores
# measure PATH REQUESTS: measures requests for a path.
measure() {
  step "$1"
  for ((round = 0; round < rounds; round++)); do
    "$work/serve_load" "$port" "$1" "$connections" "$2"
  done
}
measure $api/migration/status "$requests"
measure "$api/migration/history?limit=50" "$requests"
# Unlike the answers above, this one is not cached.
measure "$api/patterns?limit=50" $((requests / 30 + 1))
measure / $((requests / 10 + 1))
step 'One client'
"$work/serve_load" "$port" $api/migration/status 1 10000

step 'Memory and idling'
printf 'resident %d kB, at most %d kB\n' "$(memory VmRSS)" "$(memory VmHWM)"
before=$(ticks)
sleep 10
printf 'idle for 10 s: %d0 ms of processor time\n' "$(($(ticks) - before))"
