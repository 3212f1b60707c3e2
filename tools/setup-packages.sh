#!/usr/bin/env bash
# Installs the pinned packages with the pinned Bun, starting from Node and npm alone. Touches nothing outside the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "error: $1" >&2
  echo "hint: $2" >&2
  exit 1
}

for program in node npm; do
  command -v "$program" >/dev/null ||
    fail "$program is not on PATH" "install Node.js with npm (Debian: apt-get install nodejs npm)"
done

version=$(node -p 'require("./package.json").devDependencies.bun')
bun=node_modules/.bin/bun

if ! [ -x "$bun" ] || [ "$("$bun" --version 2>/dev/null)" != "$version" ]; then
  echo "Fetching Bun $version from npm"
  npm install --loglevel=error --fetch-retries=1 --no-audit --no-fund --no-save --no-package-lock \
    --prefix .cache/bun "bun@$version" >/dev/null ||
    fail "npm cannot fetch bun@$version" "see npm's lines above; the machine must reach a package registry"
  bun=.cache/bun/node_modules/.bin/bun
  # An npm that runs no install scripts leaves the launcher unlinked.
  [ "$("$bun" --version 2>/dev/null)" = "$version" ] || node .cache/bun/node_modules/bun/install.js
fi
"$bun" install --frozen-lockfile --silent ||
  fail "The packages of bun.lock cannot be installed" "see the lines above; the machine must reach a package registry"
[ "$(node_modules/.bin/bun --version 2>/dev/null)" = "$version" ] || node node_modules/bun/install.js
