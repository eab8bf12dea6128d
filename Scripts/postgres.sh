#!/usr/bin/env bash
# Runs a PostgreSQL server for tests, with its own directory, in which its Unix socket is.
#
# usage: Scripts/postgres.sh run COMMAND [ARGUMENT ...]
#        Scripts/postgres.sh start DIRECTORY
#        Scripts/postgres.sh stop DIRECTORY [fast|immediate]
#        Scripts/postgres.sh find
#   run    starts a server, runs COMMAND with its URL in RMOS_POSTGRES_URL and its directory in
#          RMOS_POSTGRES_SERVER, stops the server and removes the directory; exits with the status of
#          COMMAND
#   start  starts the server in DIRECTORY, which is created if it does not exist; prints the URL
#   stop   stops it: fast ends transactions, immediate is like a crash; DIRECTORY stays
#   find   prints the directory of the server's programs; fails if there is none
#
# The superuser is postgres, without a password; only the role with_password, which tests create, needs
# one. The server does not sync, so data survives a crash of the server, but not of the machine. If the
# script is run by root, the server runs as the user postgres, or nobody.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Prints the directory of the server's programs: of the newest version, or in PATH.
find_programs() {
  local directory best='' version newest=0
  for directory in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
    [[ -x $directory/initdb ]] || continue
    version=${directory%/bin}
    version=${version##*[!0-9]}
    if ((version > newest)); then best=$directory newest=$version; fi
  done
  if [[ -z $best ]] && command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
    best=$(dirname "$(command -v initdb)")
  fi
  [[ -n $best ]] && printf '%s\n' "$best"
}

need_programs() {
  programs=$(find_programs) \
    || die 'there is no PostgreSQL server here; on Debian and Ubuntu: apt-get install postgresql'
}

# Runs a command as the user of the server, who is never root, in a directory that all users may enter.
as_server() {
  if [[ $(id -u) -ne 0 ]]; then
    (cd / && "$@")
  elif command -v setpriv >/dev/null; then
    (cd / && exec setpriv --reuid "$server" --regid "$(id -g "$server")" --clear-groups "$@")
  else
    (cd / && exec runuser -u "$server" -- "$@")
  fi
}

# Prints a directory for temporary files that the user of the server may enter.
scratch_base() {
  local base
  for base in "${TMPDIR:-/tmp}" /tmp /var/tmp /run; do
    # The path of a socket has at most 107 bytes.
    if [[ ${#base} -lt 60 && -w $base ]] && as_server test -x "$base"; then
      printf '%s\n' "$base"
      return
    fi
  done
  die "no directory for temporary files is open to the user $server"
}

url() { printf 'postgresql://postgres@/postgres?host=%s\n' "$1"; }

initialize() {
  local directory=$1 collation=(--locale=C)
  mkdir -p "$directory"
  chmod 700 "$directory"
  [[ $(id -u) -ne 0 ]] || chown "$server" "$directory"
  # If possible, with a collation that is not byte order, so that tests notice code that relies on that.
  if as_server "$programs/initdb" --help | grep -q icu-locale; then
    collation=(--locale=C --locale-provider=icu --icu-locale=en)
  fi
  as_server "$programs/initdb" --pgdata="$directory/data" --username=postgres --auth=trust \
    --encoding=UTF8 "${collation[@]}" --no-sync >"$directory/initdb.log" 2>&1 \
    || { cat "$directory/initdb.log" >&2; die 'initdb fails'; }
  {
    printf "listen_addresses = ''\nunix_socket_directories = '%s'\n" "$directory"
    printf 'fsync = off\nfull_page_writes = off\n'
  } >>"$directory/data/postgresql.conf"
  printf 'local all with_password scram-sha-256\nlocal all all trust\n' >"$directory/data/pg_hba.conf"
}

# Closes inherited descriptors: the server runs on, and would keep a pipe open that a caller reads.
close_inherited() {
  local descriptor
  for descriptor in /dev/fd/*; do
    descriptor=${descriptor##*/}
    # 255 is the shell's own descriptor of this script.
    if ((descriptor > 2 && descriptor != 255)); then eval "exec $descriptor>&-" 2>/dev/null || true; fi
  done
}

start() {
  local directory=$1
  [[ -e $directory/data/PG_VERSION ]] || initialize "$directory"
  close_inherited
  as_server "$programs/pg_ctl" start --pgdata="$directory/data" --log="$directory/log" --wait \
    --silent --timeout=60 </dev/null >/dev/null \
    || { tail -n 20 "$directory/log" >&2 || true; die 'the server does not start'; }
}

stop() {
  as_server "$programs/pg_ctl" stop --pgdata="$1/data" --mode="${2:-fast}" --wait --silent
}

# Stops the server of `run`, and removes its directory.
clean_up() {
  stop "$scratch" immediate >/dev/null 2>&1 || true
  rm -rf "$scratch"
}

run() {
  local status=0
  scratch=$(mktemp -d "$(scratch_base)/rmos-pg.XXXXXX")
  trap clean_up EXIT
  start "$scratch"
  # In its own process group, so that a signal to this script ends it at once, and then the server.
  set -m
  RMOS_POSTGRES_URL=$(url "$scratch") RMOS_POSTGRES_SERVER=$scratch "$@" &
  trap 'kill -TERM -- -$! 2>/dev/null || true; wait $! || true; exit 143' TERM HUP
  trap 'kill -INT -- -$! 2>/dev/null || true; wait $! || true; exit 130' INT
  wait $! || status=$?
  exit "$status"
}

server=postgres
id "$server" >/dev/null 2>&1 || server=nobody
usage='usage: Scripts/postgres.sh run COMMAND ... | start DIRECTORY | stop DIRECTORY [fast|immediate] | find'
case ${1:-}:$# in
  find:1) find_programs ;;
  run:1) die "$usage" ;;
  run:*)
    need_programs
    shift
    run "$@"
    ;;
  start:2 | stop:2 | stop:3)
    need_programs
    [[ $2 == /* ]] || set -- "$1" "$PWD/$2" "${@:3}"
    case $1 in
      start)
        start "$2"
        url "$2"
        ;;
      stop) stop "$2" "${3:-fast}" ;;
    esac
    ;;
  *) die "$usage" ;;
esac
