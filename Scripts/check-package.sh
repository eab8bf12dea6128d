#!/usr/bin/env bash
# Packs a built program, and tests the archive and the Debian package: Scripts/check-package.sh PROGRAM
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# -eq 1 ]] || die 'usage: Scripts/check-package.sh PROGRAM'
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
export RMOS_CLI=$1
"$ROOT/Scripts/package.sh" "$work/packages"
(cd "$work/packages" && if command -v sha256sum >/dev/null; then sha256sum -c SHA256SUMS; \
  else shasum -a 256 -c SHA256SUMS; fi)

step 'The archive'
mkdir "$work/local"
tar -C "$work/local" --strip-components=1 -xzf "$work"/packages/*.tar.gz
[[ $("$work/local/bin/rmos-cli" --version) == "rmos-cli $(version)" ]] \
  || die 'the program in the archive does not run'
"$work/local/bin/rmos-cli" migrate "$work/local/share/doc/rmos-cli/examples/rmos_legacy" \
  --db "$work/archive.db" | grep -E '^total +72 +72 ' \
  || die 'the example in the archive does not migrate'
for file in bash-completion/completions/rmos-cli zsh/site-functions/_rmos-cli \
  fish/vendor_completions.d/rmos-cli.fish man/man1/rmos-cli.1 doc/rmos-cli/LICENSE \
  doc/rmos-cli/examples/systemd/rmos-migrate.service; do
  [[ -s $work/local/share/$file ]] || die "the archive lacks share/$file"
done

package=$(compgen -G "$work/packages/*.deb" || true)
[[ -n $package ]] || exit 0

step 'The Debian package'
mkdir "$work/again"
"$ROOT/Scripts/package.sh" "$work/again" >/dev/null
diff -r "$work/packages" "$work/again" || die 'packing again gives different bytes'
if command -v lintian >/dev/null || apt_install lintian; then
  # lintian refuses to run as root, who may be the only user in a container.
  lintian --allow-root --fail-on error --suppress-tags bogus-mail-host,maintainer-address-malformed \
    "$package"
else
  skip 'the check of the package needs lintian'
fi

# A minimal Debian with libsqlite3.
if [[ $(id -u) -eq 0 ]] && { command -v debootstrap >/dev/null || apt_install debootstrap; }; then
  step 'An installation on a bare system'
  # shellcheck source=/dev/null
  codename=$(source /etc/os-release && printf '%s' "$VERSION_CODENAME")
  bare=$work/bare
  if ! debootstrap --variant=minbase --include=libsqlite3-0,libstdc++6 "$codename" "$bare" \
    >"$work/debootstrap.log" 2>&1; then
    tail -n 20 "$work/debootstrap.log"
    printf 'skipped: no bare system can be created here\n'
    exit 0
  fi
  # Swift programs read their arguments from /proc.
  if ! mount -t proc proc "$bare/proc"; then
    printf 'skipped: nothing can be mounted here\n'
    exit 0
  fi
  trap 'umount "$bare/proc"; rm -rf "$work"' EXIT
  cp "$package" "$bare/tmp/rmos-cli.deb"
  chroot "$bare" sh -c 'find / -xdev -path /proc -prune -o -path /var/lib/dpkg -prune -o -print' \
    | LC_ALL=C sort >"$work/before"
  chroot "$bare" dpkg --install /tmp/rmos-cli.deb
  [[ $(chroot "$bare" rmos-cli --version) == "rmos-cli $(version)" ]] \
    || die 'what the package installs does not run'
  # The audit keeps its verdict in the user's state directory, which is not part of the package.
  chroot "$bare" env XDG_STATE_HOME=/tmp/state sh -c 'cd /tmp \
    && rmos-cli migrate /usr/share/doc/rmos-cli/examples/rmos_legacy --db shop.db \
    && rmos-cli audit --db shop.db && rm -r shop.db* state' >"$work/bare.log" \
    || { cat "$work/bare.log"; die 'the installed program does not migrate the example'; }
  grep -E '^total +72 +72 ' "$work/bare.log"
  chroot "$bare" dpkg --verify rmos-cli
  chroot "$bare" dpkg --purge rmos-cli
  chroot "$bare" sh -c 'find / -xdev -path /proc -prune -o -path /var/lib/dpkg -prune -o -print' \
    | LC_ALL=C sort >"$work/after"
  diff "$work/before" "$work/after" || die 'the package leaves something behind'
else
  skip 'the installation on a bare system needs root and debootstrap'
fi
