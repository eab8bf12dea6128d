#!/usr/bin/env bash
# Installs a built program into a temporary directory, tests the installation, and uninstalls it:
# Scripts/check-install.sh PROGRAM
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# -eq 1 ]] || die 'usage: Scripts/check-install.sh PROGRAM'
cli=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/pre\ fix
RMOS_CLI=$cli "$ROOT/Scripts/install.sh" "$prefix"
# Once more, as an upgrade does.
RMOS_CLI=$cli "$ROOT/Scripts/install.sh" "$prefix" >/dev/null
installed=$prefix/bin/rmos-cli
[[ $("$installed" --version) == "rmos-cli $(version)" ]] || die 'what is installed does not run'
"$installed" migrate "$ROOT/Examples/rmos_legacy" --db "$work/installed.db" >/dev/null
# shellcheck disable=SC2016 # the arguments of the shells that are started
{
  offer='source "$0"; COMP_WORDS=(rmos-cli mi) COMP_CWORD=1; _rmos_cli; echo "${COMPREPLY[*]}"'
  offered=$(bash -c "$offer" "$prefix/share/bash-completion/completions/rmos-cli")
  [[ $offered == migrate ]] || die "bash offers '$offered' for 'rmos-cli mi'"
  if command -v zsh >/dev/null; then
    offer='fpath=("$0" $fpath); autoload -Uz compinit; compinit -D -u; print $_comps[rmos-cli]'
    offered=$(zsh -f -c "$offer" "$prefix/share/zsh/site-functions")
    [[ $offered == _rmos-cli ]] || die "zsh completes rmos-cli by '$offered'"
  fi
  if command -v fish >/dev/null; then
    offer='source $argv[1]; complete -C "rmos-cli mi"'
    offered=$(fish --no-config -c "$offer" "$prefix/share/fish/vendor_completions.d/rmos-cli.fish")
    [[ $offered == migrate* ]] || die "fish offers '$offered' for 'rmos-cli mi'"
  fi
}
if command -v groff >/dev/null; then
  said=$(groff -man -ww -z "$prefix/share/man/man1/rmos-cli.1" 2>&1)
  [[ -z $said ]] || die "groff on the manual page: $said"
fi
# Files of others stay.
: >"$prefix/bin/other"
"$ROOT/Scripts/uninstall.sh" "$prefix"
[[ $(cd "$prefix" && find . | LC_ALL=C sort | tr '\n' ' ') == '. ./bin ./bin/other ' ]] \
  || die "uninstalling removed too much or too little: $(find "$prefix")"
rm "$prefix/bin/other"
DESTDIR=$work/stage RMOS_CLI=$cli "$ROOT/Scripts/install.sh" /usr >/dev/null
[[ -x $work/stage/usr/bin/rmos-cli ]] || die 'install.sh ignores DESTDIR'
DESTDIR=$work/stage "$ROOT/Scripts/uninstall.sh" /usr >/dev/null
[[ -z $(find "$work/stage" ! -type d) && ! -e $work/stage/usr ]] \
  || die "uninstalling left: $(find "$work/stage")"
