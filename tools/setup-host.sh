#!/usr/bin/env bash
# Installs what the demo, the tests and the bench run on this host and do not find: a container runtime, the CNI plugins, the
# firewall tools, a browser. Debian's packages, by apt, as root. Starts no service and writes nothing into /etc/cni.
#   setup-host.sh         what `make demo` and `make bench` need
#   setup-host.sh test    also what only the tests need
#   setup-host.sh check   installs nothing: says whether whoever runs it may
set -euo pipefail
readonly use=${1:-demo}

fail() {
  echo "error: $1" >&2
  echo "hint: $2" >&2
  exit 1
}

missing=()
# need PACKAGE TEST...: the package is missing when the test fails.
need() {
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}

# A container's image holds the host's busybox alone, so it must not need a C library.
is_static_busybox() {
  [ -x /bin/busybox ] && ! ldd /bin/busybox
}

find_missing() {
  missing=()
  need containerd command -v containerd ctr
  need runc command -v runc
  need containernetworking-plugins [ -x /usr/lib/cni/bridge ]
  need iproute2 command -v ip
  need iptables command -v iptables iptables-save ip6tables
  need nftables command -v nft
  need busybox-static is_static_busybox
  if [ "$use" = test ]; then
    need podman command -v podman
    need procps command -v pgrep
    # helm comes in an archive of it.
    need unzip command -v unzip
    need chromium-headless-shell command -v chromium-headless-shell
    # Only to check units: none of it runs.
    need systemd command -v systemd-analyze
  fi
}

# Packages must not start their services here, nor bring a CNI configuration of their own (podman's does).
install_missing() {
  local policy=/usr/sbin/policy-rc.d had_cni=1
  [ -e /etc/cni ] || had_cni=
  if [ ! -e "$policy" ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  local apt=(apt-get -qq -o DPkg::Lock::Timeout=120)
  echo "Installing ${missing[*]}"
  # One of several package sources may be away: whether that matters, the installation tells.
  "${apt[@]}" update || true
  DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends \
    -o Dpkg::Use-Pty=0 -o 'Dpkg::Options::=--path-exclude=/etc/cni/*' "${missing[@]}" >/dev/null ||
    fail "apt-get cannot install ${missing[*]}" "see apt's lines above; the machine must reach a Debian mirror"
  # dpkg makes the folders all the same.
  [ -n "$had_cni" ] || rmdir /etc/cni/net.d /etc/cni 2>/dev/null || true
}

[ "$(id -u)" = 0 ] || fail "This needs root: it makes network namespaces and runs containers in them" "run it with sudo"
[ "$use" != check ] || exit 0
find_missing
if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || fail "Missing on this host: ${missing[*]} (as Debian calls them)" "install them by hand"
  install_missing
  find_missing
  [ ${#missing[@]} = 0 ] || fail "Still missing after the installation: ${missing[*]}" "install them by hand"
fi
unshare --net --mount --pid --fork mount -t tmpfs none /mnt 2>/dev/null ||
  fail "Root may not make namespaces and mount in them here" "in a container, start it with --privileged"
