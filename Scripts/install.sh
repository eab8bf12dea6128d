#!/usr/bin/env bash
# Builds rmos-cli and installs it with its completions and its manual page:
#
#   Scripts/install.sh [PREFIX]     PREFIX is /usr/local if not given
#
# DESTDIR, where set, goes before PREFIX (for packages). RMOS_CLI, where set, names a program that
# is built already. What is installed is listed in PREFIX/share/rmos-cli/installed, by which
# Scripts/uninstall.sh takes it away again.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# -le 1 && ${1:-/} == /* ]] || die 'usage: Scripts/install.sh [PREFIX], an absolute path'
prefix=${1:-/usr/local}
root=${DESTDIR:-}$prefix
umask 022

program_to_install

# The nearest directory that is there must be writable, before anything is done.
above=$root
while [[ ! -e $above ]]; do above=$(dirname "$above"); done
again=(sudo ${DESTDIR:+"DESTDIR=$DESTDIR"} "RMOS_CLI=$cli" "$0" "$prefix")
[[ -w $above ]] || die "cannot write to $above; run:$(printf ' %q' "${again[@]}")"

step "Installing into $root"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
manifest=share/rmos-cli/installed

# Puts what comes on standard input into the stage: stage MODE PATH.
stage() {
  mkdir -p "$stage/$(dirname "$2")"
  cat >"$stage/$2"
  chmod "$1" "$stage/$2"
}

stage 755 bin/rmos-cli <"$cli"
case $(uname -s) in
  Darwin)
    strip -x "$stage/bin/rmos-cli"
    codesign --force --sign - "$stage/bin/rmos-cli"
    ;;
  # What is built already may be installed where there are no tools to build with.
  *) if command -v strip >/dev/null; then strip "$stage/bin/rmos-cli"; fi ;;
esac
# The stage may be where no program can be run.
"$cli" completions bash | stage 644 share/bash-completion/completions/rmos-cli
"$cli" completions zsh | stage 644 share/zsh/site-functions/_rmos-cli
"$cli" completions fish | stage 644 share/fish/vendor_completions.d/rmos-cli.fish
"$cli" man | stage 644 share/man/man1/rmos-cli.1

# Directories that are not there yet are ours to remove, and those of the installation before.
directories=$(
  mkdir -p "$stage/share/rmos-cli"
  cd "$stage"
  find . -type d | sed 's|^\./||' | while IFS= read -r directory; do
    if [[ ! -d $root/$directory ]] || grep -qsxF "dir $directory" "$root/$manifest"; then
      printf 'dir %s\n' "$directory"
    fi
  done
)
files=$(cd "$stage" && find . -type f | sed 's|^\./|file |')
# What an older version installed and this one does not.
if [[ -f $root/$manifest ]]; then
  while IFS= read -r line; do
    [[ $line == "file $manifest" ]] || grep -qxF "$line" <<<"$files" || remove_installed "$root" "$line"
  done <"$root/$manifest"
fi
printf '%s\n' "$directories" "$files" "file $manifest" | sed '/^$/d' | LC_ALL=C sort -u \
  | stage 644 "$manifest"

# Each file is renamed into its place, so that a program under way is not torn apart.
(cd "$stage" && find . -type f) | while IFS= read -r file; do
  target=$root/${file#./}
  mkdir -p "$(dirname "$target")"
  cp -p "$stage/$file" "$target.new.$$"
  mv -f "$target.new.$$" "$target"
  printf '%s\n' "$target"
done

step "Installed $("$root/bin/rmos-cli" --version)"
