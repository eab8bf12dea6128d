#!/usr/bin/env bash
# Tests the guarantees of Documentation/Reliability.md: calls of the C library fail, power is lost, the
# program is killed, several writers run at the same time, the database is moved away, and random trees
# are compared with an independent model.
#
# usage: Scripts/reliability.sh [short | long [SECONDS]] [SEED]
#   short    a sample of all tests, at the same time, in about a minute (the default)
#   long     all tests one after another, each for SECONDS (default: 600)
#   SEED     repeats an earlier run as far as time allows
#
# RMOS_CLI names a built rmos-cli; without it one is built. Needs Linux, Python 3.10 and a C compiler.
# Ends with status 1 if a guarantee is broken. Documentation/Reliability.md shows how to examine that.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

length=short seconds=30 seed=
case ${1:-short} in
  short) shift $(($# > 0)) ;;
  long)
    length=long seconds=${2:-600}
    shift $(($# > 1 ? 2 : 1))
    ;;
  *) die 'usage: reliability.sh [short | long [SECONDS]] [SEED]' ;;
esac
seed=${1:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
[[ $seconds =~ ^[0-9]+$ && $seed =~ ^[0-9]+$ ]] || die 'SECONDS and SEED are whole numbers'

if [[ $(uname -s) != Linux ]] || ! command -v "${CC:-cc}" >/dev/null \
  || ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
  skip 'the reliability tests need Linux, Python 3.10 and a C compiler'
  exit 0
fi
cli=${RMOS_CLI:-}
if [[ -z $cli ]]; then
  ensure_toolchain
  build release --product rmos-cli
  cli=$(bin_path release)/rmos-cli
fi

work=$(mktemp -d)
processes=()
# Ends the tests that are still running.
clean_up() {
  local process
  for process in ${processes[@]+"${processes[@]}"}; do kill "$process" 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
export PYTHONDONTWRITEBYTECODE=1

# start NAME: runs a test in the background, with its output in a log.
start() {
  "$ROOT/Scripts/reliability/$1.py" "$cli" --seconds "$seconds" --rounds 1000000000 \
    --seed "$seed" >"$work/$1.log" 2>&1 &
  processes+=($!)
}
broken=()
# finish NAME PROCESS: waits for a test, and prints its output.
finish() {
  wait "$2" || broken+=("$1")
  cat "$work/$1.log"
}

tests=(oracle faults powerloss kill moved)
printf 'seed %s\n' "$seed"
if [[ $length == short ]]; then
  for test in "${tests[@]}"; do start "$test"; done
  for index in "${!tests[@]}"; do finish "${tests[index]}" "${processes[index]}"; done
else
  for index in "${!tests[@]}"; do
    start "${tests[index]}"
    finish "${tests[index]}" "${processes[index]}"
  done
fi
[[ ${#broken[@]} -eq 0 ]] || die "guarantees are broken: ${broken[*]}"
