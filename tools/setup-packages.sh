#!/usr/bin/env bash
# Installs the pinned packages with the pinned Bun, starting from Node and npm alone. Touches nothing outside the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(node -p 'require("./package.json").devDependencies.bun')
bun=node_modules/.bin/bun

if ! [ -x "$bun" ] || [ "$("$bun" --version 2>/dev/null)" != "$version" ]; then
  npm install --silent --no-audit --no-fund --no-save --no-package-lock --prefix .cache/bun "bun@$version"
  bun=.cache/bun/node_modules/.bin/bun
  # An npm that runs no install scripts leaves the launcher unlinked.
  [ "$("$bun" --version 2>/dev/null)" = "$version" ] || node .cache/bun/node_modules/bun/install.js
fi
"$bun" install --frozen-lockfile --silent
[ "$(node_modules/.bin/bun --version 2>/dev/null)" = "$version" ] || node node_modules/bun/install.js
