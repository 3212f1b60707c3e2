#!/usr/bin/env bash
# Fetches promtool for the tests of metrics, alerts and dashboard, out of Debian's package prometheus, and keeps it outside the checkout.
# The package itself is not installed: it would bring a service.
set -euo pipefail

readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}/headcni/promtool-debian
[ ! -x "$cache/promtool" ] || exit 0
! command -v promtool >/dev/null || exit 0
if ! command -v apt-get >/dev/null; then
  echo "No promtool: it is not on PATH, and apt-get, which has it, is not either; what needs it is not run"
  exit 0
fi

echo "Fetching promtool into $cache"
mkdir -p "$cache"
# Into a name of its own first: a fetch that is cut short leaves nothing that looks like a program.
fetched=$(mktemp -d "$cache/fetched.XXXXXX")
trap 'rm -rf "$fetched"' EXIT
cd "$fetched"
# One of several package sources may be away, or the lists be there already: whether that matters, the download tells.
apt-get -qq -o DPkg::Lock::Timeout=120 update || true
apt-get -qq -o APT::Sandbox::User=root download prometheus
dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
mv usr/bin/promtool "$cache/promtool"
