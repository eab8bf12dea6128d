#!/usr/bin/env bash
# Checks everything that the tests do not cover.
#
# usage: Scripts/check.sh [fast]
#   fast  only format, the rules of the module graph, scripts and workflows, which need no build.
#         Without it also documentation, the release build, the built program from end to end,
#         examples and installation.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

check_format() {
  step 'Format'
  swift format lint --strict --recursive Sources Tests Benchmarks/Sources Benchmarks/GRDB Examples \
    Packages Package.swift
  if command -v python3 >/dev/null; then
    find Sources Packages -name '*.swift' -not -path '*/.build/*' -exec Scripts/check_functions.py {} +
    find Sources Tests Packages Examples Benchmarks Package.swift \( -name '*.swift' -o -name '*.[ch]' \) \
      -not -path '*/.build/*' -exec Scripts/check_comments.py {} +
    Scripts/check_excerpts.py
    Scripts/embed_conformance.py --check
  fi
}

# The rules of the module graph.
check_graph() {
  step 'No package dependencies'
  if grep -n '\.package(' Package.swift; then
    die 'Package.swift names a package dependency'
  fi

  step 'Imports'
  imports='^[[:space:]]*((public|package|internal|private|fileprivate|@[A-Za-z_]+(\([a-z]+\))?)[[:space:]]+)*import[[:space:]]+'
  if grep -rnE "${imports}Foundation" Sources | grep -v '^Sources/RMOSFoundation/'; then
    die 'Foundation is imported outside of Sources/RMOSFoundation'
  fi
  if grep -rnE "${imports}CSQLite" Sources | grep -v '^Sources/RMOSStore/SQLite/'; then
    die 'CSQLite is imported outside of Sources/RMOSStore/SQLite'
  fi
  if grep -rnE "${imports}(Glibc|Musl|Darwin|Android|WASILibc|ucrt)" Sources | grep -v '^Sources/CLibrary/'; then
    die 'the C library is imported outside of Sources/CLibrary'
  fi
  if grep -rnE "${imports}CLibrary" Sources | grep -v '^Sources/RMOSSystem/'; then
    die 'the C library is called outside of Sources/RMOSSystem'
  fi
  if grep -rnE '#(else)?if .*(canImport|os)\(' Sources | grep -vE '^Sources/(CLibrary/CLibrary|RMOSSystem/Platform)\.swift:'; then
    die 'code for a single platform is outside of Sources/RMOSSystem/Platform.swift'
  fi
}

check_scripts() {
  step 'Shell scripts'
  for script in Scripts/*.sh Benchmarks/*.sh .ci/run; do
    bash -n "$script"
  done
  if command -v shellcheck >/dev/null; then
    shellcheck -x -P SCRIPTDIR Scripts/*.sh Benchmarks/*.sh .ci/run
  fi

  step 'Workflows'
  if tools=$(python_tools check-jsonschema==0.39.0); then
    "$tools/check-jsonschema" --builtin-schema vendor.github-workflows .github/workflows/*.yml
    if grep -rnE 'uses: +[^ ]+@' .github/workflows | grep -vE '@[0-9a-f]{40} # v[0-9]'; then
      die 'an action is not named by its commit'
    fi
  else
    skip 'the check of the workflows needs python3 with venv, and check-jsonschema'
  fi
}

check_documentation() {
  step 'Documentation of the libraries'
  Scripts/docs.sh >"$work/docs.log" 2>&1 || {
    tail -n 40 "$work/docs.log"
    die 'the documentation does not build'
  }
  if command -v python3 >/dev/null; then
    Scripts/check_topics.py "$(dirname "$(bin_path debug)")/symbolgraph" || die 'a public symbol is in no topic'
  else
    skip 'the check of the topics needs python3'
  fi
}

# Builds the program with the first command of the README; sets `cli`.
build_program() {
  step 'The first command of the README'
  Scripts/run.sh "$work/rmos.db" | tee "$work/run.log"
  grep -E '^Total +72$' "$work/run.log" >/dev/null || die 'Scripts/run.sh does not end with 72 entities'
  cli=$(bin_path release)/rmos-cli
}

check_snippets() {
  step 'The code in the documents'
  if command -v python3 >/dev/null; then
    build debug
    Scripts/check_snippets.py "$(bin_path debug)/Modules"
  else
    skip 'the check of the code in the documents needs python3'
  fi
}

check_program() {
  step 'The built program'
  if command -v ldd >/dev/null && ldd "$cli" | grep -i foundation; then
    die 'rmos-cli links Foundation'
  fi
  if [[ -n $(static_runtime) ]] && ldd "$cli" | grep libswift; then
    die 'rmos-cli needs a Swift runtime'
  fi
  mkdir "$work/empty"
  (cd "$work/empty" && "$cli" migrate "$ROOT/Examples/rmos_legacy" --dry-run)
  [[ -z $(ls -A "$work/empty") ]] || die 'a dry run left files behind'

  step 'The mappings and their schema'
  if tools=$(python_tools check-jsonschema==0.39.0); then
    mkdir "$work/mappings"
    for name in $("$cli" mappings | awk '/^[a-z]/ { print $1 }'); do
      "$cli" mappings "$name" >"$work/mappings/$name.json"
    done
    "$tools/check-jsonschema" --check-metaschema Documentation/mapping.schema.json
    "$tools/check-jsonschema" --schemafile Documentation/mapping.schema.json "$work"/mappings/*.json
  else
    skip 'the check of the mappings needs python3 with venv, and check-jsonschema'
  fi

  step 'The end-to-end test'
  "$ROOT/Scripts/end-to-end.sh" "$cli"

  step 'Reliability, a sample'
  # Always with the same seed; the weekly run uses new ones.
  RMOS_CLI=$cli "$ROOT/Scripts/reliability.sh" short 20261127
}

check_oldest_sqlite() {
  step 'The end-to-end test on the oldest SQLite'
  # This wheel, for x86-64 only, contains that version.
  wheel=pysqlite3_binary-0.4.5-cp38-cp38-manylinux1_x86_64.whl
  if [[ $(uname -sm) == 'Linux x86_64' ]] && command -v python3 >/dev/null \
    && python3 -m pip download --quiet --disable-pip-version-check --no-deps \
      --only-binary=:all: --platform manylinux1_x86_64 --python-version 3.8 \
      --dest "$work" pysqlite3-binary==0.4.5; then
    python3 -m zipfile -e "$work/$wheel" "$work/wheel"
    mkdir "$work/sqlite"
    # The library, and the libz that it needs.
    mv "$work"/wheel/pysqlite3_binary.libs/* "$work/sqlite"
    mv "$work"/sqlite/libsqlite3-*.so* "$work/sqlite/libsqlite3.so.0"
    # Only for the program: the sqlite3 shell keeps its own library.
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%q exec %q "$@"\n' "$work/sqlite" "$cli" >"$work/old-cli"
    chmod +x "$work/old-cli"
    LD_LIBRARY_PATH=$work/sqlite ldd "$cli" | grep -qF "$work/sqlite/libsqlite3.so.0" \
      || die 'the program does not take the old library'
    "$ROOT/Scripts/end-to-end.sh" "$work/old-cli"
  else
    skip 'the test on the oldest SQLite needs Linux on x86-64, python3 with pip, and pysqlite3-binary'
  fi
}

# Tests another package, which reuses the build of this one.
test_package() { swift test --package-path "$1" --scratch-path "$ROOT/.build"; }

check_examples() {
  step 'A rehearsal'
  RMOS_CLI=$cli "$ROOT/Scripts/rehearse.sh" "$work/rehearsal" 300 >"$work/rehearsal.log" 2>&1 \
    || { cat "$work/rehearsal.log"; die 'the rehearsal failed'; }

  step 'The embedding example, as its README shows it'
  example=$ROOT/Examples/Embedding
  shown=$(awk '/^    \$ / { shown = $2 " " $3 == "swift run"; next } shown && /^    /' "$example/README.md")
  [[ $shown == *sound* ]] || die 'the README of the embedding example shows no result'
  rm -f "$example"/shop.db*
  test_package "$example"
  (cd "$example" && swift run --scratch-path "$ROOT/.build" shop-night ../rmos_legacy shop.db) \
    >"$work/printed"
  rm -f "$example"/shop.db*
  # The page's size depends on how many digits the times have.
  diff <(printf '%s\n' "$shown" | sed 's/^    //; s/[0-9]* bytes/N bytes/') \
    <(sed 's/[0-9]* bytes/N bytes/' "$work/printed") \
    || die 'the embedding example prints something else than its README'

  step 'The store example'
  example=$ROOT/Examples/OwnStore
  test_package "$example"
}

# Tests the package RMOSPostgres, if libpq and a server are installed.
check_postgres() {
  step 'The package with a store on PostgreSQL'
  if ! has_libpq; then
    skip 'the package RMOSPostgres needs libpq; on Debian and Ubuntu: apt-get install libpq-dev'
  elif ! "$ROOT/Scripts/postgres.sh" find >/dev/null; then
    skip 'the tests of RMOSPostgres need a server; on Debian and Ubuntu: apt-get install postgresql'
  else
    "$ROOT/Scripts/postgres.sh" run \
      swift test --package-path "$ROOT/Packages/RMOSPostgres" --scratch-path "$ROOT/.build"
    # The smallest possible benchmark; a debug build suffices.
    "$ROOT/Scripts/postgres.sh" run python3 "$ROOT/Benchmarks/postgres.py" \
      "$(bin_path debug)/rmos-postgres" "$ROOT/Examples/rmos_legacy" 1 \
      >"$work/postgres.log" 2>&1 || { cat "$work/postgres.log"; die 'the benchmark of RMOSPostgres fails'; }
  fi
}

check_benchmarks() {
  step 'The smallest possible benchmarks'
  if command -v python3 >/dev/null && command -v "${CC:-cc}" >/dev/null && [[ -r /proc/self/stat ]]; then
    "$cli" migrate "$ROOT/Examples/rmos_legacy" --db "$work/benchmark.db" >/dev/null
    {
      "$ROOT/Benchmarks/run.sh" 300 300 1
      "$ROOT/Benchmarks/audit.sh" "$work/benchmark.db" 1
      "$ROOT/Benchmarks/analytics.sh" "$work/benchmark.db" 1
      "$ROOT/Benchmarks/lists.sh" "$work/benchmark.db" 1
      "$ROOT/Scripts/analytics_oracle.py" "$cli" "$work/benchmark.db"
      "$ROOT/Benchmarks/serve.sh" "$work/benchmark.db" 4 300 1
    } >"$work/benchmarks.log" 2>&1 || { cat "$work/benchmarks.log"; die 'a benchmark fails'; }
  else
    skip 'the benchmarks need Linux, python3 and a C compiler'
  fi
}

check_fuzzers() {
  step 'Fuzzing, briefly'
  if [[ $(uname -s) == Linux ]]; then
    "$ROOT/Scripts/fuzz.sh" 10 >"$work/fuzz.log" 2>&1 \
      || { tail -n 60 "$work/fuzz.log"; die 'the fuzzer found something'; }
  else
    skip 'toolchains have libFuzzer on Linux only'
  fi
}

check_version() {
  step 'Version'
  version=$(version)
  [[ $("$cli" --version) == "rmos-cli $version" ]] || die "rmos-cli is not of version $version"
  "$cli" man | head -1 | grep -qF "rmos\\-cli $version" || die "the manual page is not of version $version"
  grep -qE "^## (Unreleased|\\[?${version//./\\.}\\]?)" "$ROOT/CHANGELOG.md" \
    || die "CHANGELOG.md has no section for $version"
  if grep -rnE 'rmos-cli [0-9]+\.[0-9]+\.[0-9]+' "$ROOT/README.md" "$ROOT/Documentation" \
    | grep -vF "rmos-cli $version"; then
    die "a document names another version than $version"
  fi
}

check_installation() {
  step 'Installation'
  "$ROOT/Scripts/check-install.sh" "$cli"

  step 'Packages'
  "$ROOT/Scripts/check-package.sh" "$cli"

  step 'Units'
  if command -v systemd-analyze >/dev/null; then
    for unit in "$ROOT"/Examples/systemd/*; do
      sed 's|^\(ExecStart=\)/usr/local/bin/rmos-cli|\1/bin/true|' "$unit" >"$work/${unit##*/}"
    done
    systemd-analyze verify --man=no "$work"/rmos-*.service "$work"/rmos-*.timer
  fi
  if [[ $(uname -s) == Darwin ]]; then
    plutil -lint "$ROOT"/Examples/launchd/*.plist
  fi
}

case ${1:-} in
  '' | fast) ;;
  *) die 'usage: Scripts/check.sh [fast]' ;;
esac
cd "$ROOT"
ensure_toolchain
check_format
check_graph
check_scripts
if [[ ${1:-} != fast ]]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  check_documentation
  build_program
  check_snippets
  check_program
  check_oldest_sqlite
  check_examples
  check_postgres
  check_benchmarks
  check_fuzzers
  check_version
  check_installation
fi

step 'All checks passed'
