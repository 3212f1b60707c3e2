#!/usr/bin/env bash
# Makes the image twice, each time from a copy of the checkout in a directory of its own, with other times of files, another umask,
# time zone and home, and compares the archives byte for byte. Debian's packages are fetched once. Minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build NAME UMASK TZ TIME: makes it in $work/NAME.
build() {
  local dir=$work/$1
  mkdir -p "$dir/.cache/image" "$work/home-$1"
  git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$dir"
  for arch in amd64 arm64; do
    [ ! -e ".cache/image/$arch/fetched" ] || (cd .cache/image && cp -r --parents "$arch/apt/archives" "$arch/fetched" "$dir/.cache/image")
  done
  find "$dir" -exec touch -d "$4" {} +
  # Go's and npm's own caches are shared: what they keep is named by its content.
  (umask "$2" && cd "$dir" && TZ=$3 GOCACHE=$(go env GOCACHE) GOMODCACHE=$(go env GOMODCACHE) \
    npm_config_cache=$(npm config get cache) HOME=$work/home-$1 make image)
  # The packages that the first has fetched are the second's too.
  mkdir -p .cache/image
  for arch in amd64 arm64; do
    [ -e ".cache/image/$arch/fetched" ] || (cd "$dir/.cache/image" && cp -r --parents "$arch/apt/archives" "$arch/fetched" "$OLDPWD/.cache/image")
  done
}

build one 022 UTC 2020-01-01
build the-other-one-in-a-longer-path 077 Asia/Kolkata 2031-12-31
sha256sum "$work"/*/dist/headcni-image.tar "$work"/*/dist/*.cdx.json
cmp "$work"/*/dist/headcni-image.tar
echo "Both are the same, byte for byte"
