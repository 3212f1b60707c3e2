#!/usr/bin/env bash
# Builds the real tailscaled for the tests from Go's module registry, and keeps it outside the checkout: 5 to 8 minutes on two cores,
# once. A machine without a Go that is new enough is told so, and its tests play with the lab's.
set -euo pipefail

readonly version=1.102.3 needed=1.26
readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}/headcni/tailscaled-$version

# skip WHY: it is no fault of a machine to have no Go.
skip() {
  echo "No real tailscaled: $1; what needs it is not run"
  exit 0
}

[ ! -x "$cache/tailscaled" ] || exit 0
command -v go >/dev/null || skip "Go is not on PATH, and $needed or later builds it"
found=$(go env GOVERSION)
found=${found#go}
[ "$(printf '%s\n' "$needed" "$found" | sort -V | head -n1)" = "$needed" ] || skip "Go is $found, and $needed or later builds it"

echo "Building tailscaled $version into $cache"
mkdir -p "$cache"
# Into a name of its own first: a build that is cut short leaves nothing that looks like a program.
building=$(mktemp -d "$cache/building.XXXXXX")
trap 'rm -rf "$building"' EXIT
CGO_ENABLED=0 GOTOOLCHAIN=local GOBIN=$building go install "tailscale.com/cmd/tailscaled@v$version" ||
  skip "Go cannot build it, see the lines above"
mv "$building/tailscaled" "$cache/tailscaled"
