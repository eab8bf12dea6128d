# Functions for the scripts, which source this file.
# shellcheck shell=bash

# If it is set, `cd` may change to another directory, and prints its path.
unset CDPATH
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT

# Prints a heading.
step() { printf '\n== %s\n' "$*"; }

# Ends the script with a message.
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Prints why a check is skipped; if CI is set, ends the script instead.
skip() {
  [[ -z ${CI:-} ]] || die "$*"
  printf 'skipped: %s\n' "$*"
}

# Installs Python tools unless they are installed, and prints their directory:
# python_tools NAME==VERSION ...
python_tools() {
  local tools=$ROOT/.build-tools
  if [[ ! -e $tools/installed || $(<"$tools/installed") != "$*" ]]; then
    {
      python3 -m venv --clear "$tools" \
        && "$tools/bin/pip" install --quiet --disable-pip-version-check "$@" \
        && printf '%s\n' "$*" >"$tools/installed"
    } >&2 || return 1
  fi
  printf '%s\n' "$tools/bin"
}

# Succeeds if SQLite's header and library are installed.
has_sqlite() {
  case $(uname -s) in
    Darwin) return 0 ;;
  esac
  if command -v pkg-config >/dev/null && pkg-config --exists sqlite3; then
    return 0
  fi
  [[ -e /usr/include/sqlite3.h ]] \
    && { compgen -G '/usr/lib*/libsqlite3.so' || compgen -G '/usr/lib*/*/libsqlite3.so'; } >/dev/null
}

# Succeeds if libpq's header and library are installed.
has_libpq() {
  command -v pkg-config >/dev/null && pkg-config --exists libpq && return
  [[ -e /usr/include/postgresql/libpq-fe.h || -e /usr/include/libpq-fe.h ]]
}

# Runs the sqlite3 shell without the user's ~/.sqliterc.
sqlite() { sqlite3 -batch -init /dev/null "$@"; }

# Installs packages with apt-get, if it exists and the user may run it: apt_install PACKAGE ...
apt_install() {
  local apt=(apt-get)
  if [[ $(id -u) -ne 0 ]]; then
    apt=(sudo -n apt-get)
  fi
  if ! command -v "${apt[0]}" >/dev/null || ! command -v apt-get >/dev/null; then
    return 1
  fi
  step "Installing $*"
  export DEBIAN_FRONTEND=noninteractive
  if "${apt[@]}" install -y --no-install-recommends "$@" >/dev/null 2>&1; then
    return
  fi
  "${apt[@]}" update >/dev/null 2>&1 || true
  "${apt[@]}" install -y --no-install-recommends "$@"
}

# Makes sure that a Swift toolchain and SQLite's development files are installed.
ensure_toolchain() {
  command -v swift >/dev/null \
    || die 'swift is not in PATH; install Swift 6.2 or newer from https://www.swift.org/install'
  has_sqlite || apt_install libsqlite3-dev \
    || die "SQLite's development files are missing; install them and run this again:
  Debian, Ubuntu:  sudo apt-get install libsqlite3-dev
  Fedora:          sudo dnf install sqlite-devel
  Alpine:          sudo apk add sqlite-dev
  Arch:            sudo pacman -S sqlite"
}

# Makes sure that the sqlite3 shell is installed, which tests use as another application, and tries to
# install curl and jq.
ensure_test_programs() {
  local program missing=()
  for program in sqlite3 curl jq; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  if [[ ${#missing[@]} -eq 0 ]] || apt_install "${missing[@]}"; then
    return
  fi
  command -v sqlite3 >/dev/null \
    || die 'the tests need the sqlite3 shell; install it (the package is called sqlite3 or sqlite) and run this again'
  printf 'not installed here, so the tests that need them are skipped: %s\n' "${missing[*]}"
}

# Builds the package: build CONFIGURATION [OPTION ...]. Releases link the Swift runtime statically, if
# the toolchain supports that.
build() {
  local configuration=$1
  shift
  local runtime=()
  if [[ $configuration == release && -n $(static_runtime) ]]; then
    runtime=(--static-swift-stdlib)
  fi
  swift build --package-path "$ROOT" -c "$configuration" ${runtime[@]+"${runtime[@]}"} "$@"
}

# Sets `cli` to the program that RMOS_CLI names, or else builds it.
program_to_install() {
  cli=${RMOS_CLI:-}
  if [[ -z $cli ]]; then
    ensure_toolchain
    step 'Building rmos-cli'
    build release --product rmos-cli
    cli=$(bin_path release)/rmos-cli
  fi
  [[ -x $cli ]] || die "there is no program at $cli"
}

# Runs Benchmarks/NAME.py, which compares a command on a database with plain SQL in the sqlite3 shell:
# measure_against_sql NAME DATABASE [ROUNDS].
measure_against_sql() {
  local name=$1 database=${2:-} rounds=${3:-5}
  [[ -n $database ]] || die "usage: Benchmarks/$name.sh DATABASE [ROUNDS]"
  [[ -f $database ]] || die "there is no database at $database; Benchmarks/run.sh creates one in Benchmarks/.work"
  ensure_toolchain
  command -v sqlite3 >/dev/null || die 'the sqlite3 shell is needed to measure against'
  command -v python3 >/dev/null || die 'python3 is needed to measure'

  step 'Building rmos-cli'
  build release --product rmos-cli

  step "Measuring, $rounds rounds"
  # An audit keeps its verdict, which must not go to the state directory of the user who runs this.
  XDG_STATE_HOME=$ROOT/Benchmarks/.work/state python3 "$ROOT/Benchmarks/$name.py" "$(bin_path release)/rmos-cli" "$database" "$rounds"
}

# Prints the directory of the toolchain's static runtime, if it has one.
static_runtime() {
  local resources
  [[ $(uname -s) == Linux ]] || return 0
  resources=$(swift -print-target-info \
    | sed -n 's/.*"runtimeResourcePath": "\(.*\)",\{0,1\}$/\1/p')
  if [[ -d ${resources%/*}/swift_static ]]; then printf '%s\n' "${resources%/*}/swift_static"; fi
}

# Prints the directory of the products of a configuration.
bin_path() { swift build --package-path "$ROOT" -c "$1" --show-bin-path; }

# Prints the version, from the source that defines it.
version() {
  sed -n 's/.*static let current = "\(.*\)".*/\1/p' "$ROOT/Sources/RMOSModels/RMOSVersion.swift"
}

# Removes the file or directory in a line of the list of installed files:
# remove_installed DIRECTORY LINE.
remove_installed() {
  local root=$1 path=${2#* }
  case /$path/ in
    */../* | //*) die "not a path below $root: $path" ;;
  esac
  case $2 in
    'file '*) rm -f "$root/$path" ;;
    # A directory with files of others stays.
    'dir .') rmdir "$root" 2>/dev/null || true ;;
    'dir '*) rmdir "$root/$path" 2>/dev/null || true ;;
    *) die "not a line that install.sh has written: $2" ;;
  esac
}
