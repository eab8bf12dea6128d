#!/usr/bin/env bash
# Removes the files that Scripts/install.sh has installed, and nothing else:
#
#   Scripts/uninstall.sh [PREFIX]   PREFIX is /usr/local by default
#
# DESTDIR is prepended to PREFIX. Databases stay.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# -le 1 && ${1:-/} == /* ]] || die 'usage: Scripts/uninstall.sh [PREFIX], an absolute path'
prefix=${1:-/usr/local}
root=${DESTDIR:-}$prefix
manifest=$root/share/rmos-cli/installed
[[ -f $manifest ]] || die "nothing is installed in $root: there is no $manifest"
[[ -w $root && -w $(dirname "$manifest") ]] \
  || die "cannot write to $root; run:$(printf ' %q' sudo ${DESTDIR:+"DESTDIR=$DESTDIR"} "$0" "$prefix")"

step "Removing rmos-cli from $root"
lines=$(cat "$manifest")
# Files first, then directories, the deepest first.
for kind in file dir; do
  while IFS= read -r line; do
    if [[ $line == "$kind "* ]]; then remove_installed "$root" "$line"; fi
  done < <(LC_ALL=C sort -r <<<"$lines")
done
