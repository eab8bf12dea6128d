#!/usr/bin/env bash
# Builds rmos-cli, and installs it with its completions and its manual page:
#
#   Scripts/install.sh [PREFIX]     PREFIX is /usr/local by default
#
# DESTDIR is prepended to PREFIX (for packages). RMOS_CLI names a built program to install instead. The
# installed files are listed in PREFIX/share/rmos-cli/installed, for Scripts/uninstall.sh.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# -le 1 && ${1:-/} == /* ]] || die 'usage: Scripts/install.sh [PREFIX], an absolute path'
prefix=${1:-/usr/local}
root=${DESTDIR:-}$prefix
umask 022

program_to_install

# The nearest existing directory must be writable.
above=$root
while [[ ! -e $above ]]; do above=$(dirname "$above"); done
again=(sudo ${DESTDIR:+"DESTDIR=$DESTDIR"} "RMOS_CLI=$cli" "$0" "$prefix")
[[ -w $above ]] || die "cannot write to $above; run:$(printf ' %q' "${again[@]}")"

step "Installing into $root"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
manifest=share/rmos-cli/installed

# Copies standard input to a file of the stage: stage MODE PATH.
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
  # A built program may be installed on a machine without build tools.
  *) if command -v strip >/dev/null; then strip "$stage/bin/rmos-cli"; fi ;;
esac
# Not the program in the stage, which may be on a file system mounted with noexec.
"$cli" completions bash | stage 644 share/bash-completion/completions/rmos-cli
"$cli" completions zsh | stage 644 share/zsh/site-functions/_rmos-cli
"$cli" completions fish | stage 644 share/fish/vendor_completions.d/rmos-cli.fish
"$cli" man | stage 644 share/man/man1/rmos-cli.1

# The directories that uninstalling removes: new ones, and those of an earlier installation.
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
# Removes files of an older version that this one does not have.
if [[ -f $root/$manifest ]]; then
  while IFS= read -r line; do
    [[ $line == "file $manifest" ]] || grep -qxF "$line" <<<"$files" || remove_installed "$root" "$line"
  done <"$root/$manifest"
fi
printf '%s\n' "$directories" "$files" "file $manifest" | sed '/^$/d' | LC_ALL=C sort -u \
  | stage 644 "$manifest"

# Files are renamed into place, so that a running program keeps its old file.
(cd "$stage" && find . -type f) | while IFS= read -r file; do
  target=$root/${file#./}
  mkdir -p "$(dirname "$target")"
  cp -p "$stage/$file" "$target.new.$$"
  mv -f "$target.new.$$" "$target"
  printf '%s\n' "$target"
done

step "Installed $("$root/bin/rmos-cli" --version)"
