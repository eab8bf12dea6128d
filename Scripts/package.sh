#!/usr/bin/env bash
# Builds rmos-cli and packs it for machines without Swift:
#
#   Scripts/package.sh [DIRECTORY]     DIRECTORY is .build/packages by default
#
# writes rmos-cli-VERSION-SYSTEM-MACHINE.tar.gz, SHA256SUMS and, on Debian and Ubuntu, a Debian package.
# RMOS_CLI names a built program to pack instead. The same commit and program give the same bytes. The
# time of all files is SOURCE_DATE_EPOCH, by default that of the commit. RMOS_MAINTAINER is the
# maintainer of the Debian package, in the form "NAME <ADDRESS>".
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# -le 1 ]] || die 'usage: Scripts/package.sh [DIRECTORY]'
mkdir -p "${1:-$ROOT/.build/packages}"
output=$(cd "${1:-$ROOT/.build/packages}" && pwd)
umask 022

program_to_install
export RMOS_CLI=$cli
if [[ -z ${SOURCE_DATE_EPOCH:-} ]]; then
  SOURCE_DATE_EPOCH=$(git -C "$ROOT" log -1 --format=%ct 2>/dev/null || date +%s)
fi
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(version)

# Installs the program and the examples into a directory: tree DIRECTORY PREFIX.
tree() {
  DESTDIR=$1 "$ROOT/Scripts/install.sh" "$2" >/dev/null
  # The list of installed files, which only Scripts/uninstall.sh needs.
  rm -r "$1$2/share/rmos-cli"
  local documents=$1$2/share/doc/rmos-cli
  mkdir -p "$documents/examples"
  cp -R "$ROOT/Examples/rmos_legacy" "$documents/examples/"
}

# Packs a directory; with GNU tar, the archive does not depend on the user and the time.
archive() {
  local name=$1
  local options=(-C "$work" -cf -)
  if tar --version | grep -q GNU; then
    options=(--sort=name "--mtime=@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner "${options[@]}")
  fi
  tar "${options[@]}" "$name" | gzip -9n >"$output/$name.tar.gz"
}

name=rmos-cli-$version-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)
step "Packing $name.tar.gz"
tree "$work" "/$name"
cp "$ROOT/LICENSE" "$ROOT/README.md" "$ROOT/CHANGELOG.md" "$work/$name/share/doc/rmos-cli/"
cp -R "$ROOT/Documentation" "$work/$name/share/doc/rmos-cli/"
cp -R "$ROOT/Examples/systemd" "$ROOT/Examples/launchd" "$work/$name/share/doc/rmos-cli/examples/"
archive "$name"
packed=("$name.tar.gz")

if command -v dpkg-deb >/dev/null; then
  command -v dpkg-shlibdeps >/dev/null || apt_install dpkg-dev \
    || die 'dpkg-shlibdeps is missing; install the package dpkg-dev and run this again'
  package=rmos-cli_${version}_$(dpkg --print-architecture).deb
  step "Packing $package"
  maintainer=${RMOS_MAINTAINER:-The RMOS authors <rmos@rmos.invalid>}
  root=$work/package
  mkdir "$root"
  tree "$root" /usr
  share=$root/usr/share
  mkdir "$share/zsh/vendor-completions"
  mv "$share/zsh/site-functions/_rmos-cli" "$share/zsh/vendor-completions/"
  rmdir "$share/zsh/site-functions"
  gzip -9n "$share/man/man1/rmos-cli.1"
  gzip -9nc "$ROOT/CHANGELOG.md" >"$share/doc/rmos-cli/NEWS.gz"
  printf '%s\n' "rmos-cli ($version) unstable; urgency=medium" '' '  * See NEWS.gz.' '' \
    " -- $maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")" \
    | gzip -9n >"$share/doc/rmos-cli/changelog.gz"
  # The units are not enabled: that is for the administrator, once /srv/rmos/legacy has the source.
  mkdir -p "$root/usr/lib/systemd/system" "$root/usr/lib/sysusers.d"
  for unit in "$ROOT"/Examples/systemd/*; do
    sed 's|/usr/local/bin/rmos-cli|/usr/bin/rmos-cli|' "$unit" \
      >"$root/usr/lib/systemd/system/${unit##*/}"
  done
  printf 'u rmos - "RMOS" /var/lib/rmos\n' >"$root/usr/lib/sysusers.d/rmos-cli.conf"
  {
    printf '%s\n' 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/' \
      'Upstream-Name: RMOS' \
      'Comment:' \
      ' The program contains the Swift runtime, by Apple Inc. and the Swift project authors, under the' \
      ' Apache License 2.0 (/usr/share/common-licenses/Apache-2.0) with the Runtime Library Exception:' \
      ' https://swift.org/LICENSE.txt' \
      '' 'Files: *' "$(sed -n 's/^Copyright (c) /Copyright: /p' "$ROOT/LICENSE")" 'License: MIT'
    sed -e '1,/^Copyright/d' -e 's/^$/./; s/^/ /' "$ROOT/LICENSE" | sed 1d
  } >"$share/doc/rmos-cli/copyright"

  mkdir "$root/DEBIAN" "$work/debian"
  : >"$work/debian/control"
  depends=$(cd "$work" && dpkg-shlibdeps -O "-epackage/usr/bin/rmos-cli" 2>/dev/null)
  depends=${depends#shlibs:Depends=}
  [[ $depends == *libsqlite3* ]] || die "the program does not seem to need libsqlite3: $depends"
  cat >"$root/DEBIAN/control" <<CONTROL
Package: rmos-cli
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: $maintainer
Installed-Size: $(du -k -s "$root/usr" | cut -f1)
Depends: $depends
Suggests: curl, sqlite3
Section: science
Priority: optional
Description: migrates a luthier shop's JSON files into SQLite
 RMOS reads the strip families, rosette patterns and job logs that a shop has
 as JSON files, checks them, and writes them into a SQLite database, with
 nothing lost and nothing changed. It reports what came over and what did not
 and why, audits the database, and shows it in a browser.
CONTROL
  # Only the systemd units need the user.
  cat >"$root/DEBIAN/postinst" <<'POSTINST'
#!/bin/sh
set -e
if [ "$1" = configure ] && command -v systemd-sysusers >/dev/null; then
  systemd-sysusers rmos-cli.conf
fi
POSTINST
  chmod 755 "$root/DEBIAN/postinst"
  (cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
  chmod 644 "$root/DEBIAN/md5sums" "$root/DEBIAN/control"
  dpkg-deb --root-owner-group --build "$root" "$output/$package" >/dev/null
  packed+=("$package")
fi

(cd "$output" && if command -v sha256sum >/dev/null; then sha256sum "${packed[@]}"; \
  else shasum -a 256 "${packed[@]}"; fi >SHA256SUMS)
step "Packed into $output"
cat "$output/SHA256SUMS"
