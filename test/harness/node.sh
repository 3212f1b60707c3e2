#!/bin/sh
# A Kubernetes node that costs 20 ms: namespaces of its own and a root of its own in memory, holding the host's /usr
# (read-only), a few files of its /etc and nothing else of it. Started by node.ts; lives until standard input closes, however
# its owner ends, and then takes every process, mount, device and cgroup with it.
#   node.sh keep  STATE-FOLDER CHECKOUT NAME    outside: waits for the node's end, then tidies up what namespaces do not
#   node.sh enter STATE-FOLDER CHECKOUT NAME    inside: builds the root, says "ready <pid>", becomes pid 1
set -eu
step=$1 state=$2 checkout=$3 name=$4
cgroup=$(basename "$state")

keep() {
  # Ctrl-C is for the owner: it closes our input when it has stopped in order.
  trap '' HUP INT TERM
  status=0
  unshare --net --mount --pid --uts --ipc --fork --kill-child -- sh "$0" enter "$state" "$checkout" "$name" || status=$?
  remove_cgroups
  rmdir "$state/root" "$state"
  exit "$status"
}

# Containers of the node are put under one cgroup of its own in every hierarchy (see node.ts). The kernel lets go of them a
# moment after their processes.
remove_cgroups() {
  tries=0
  while [ "$tries" -lt 100 ]; do
    left=
    for folder in "/sys/fs/cgroup/$cgroup" /sys/fs/cgroup/*/"$cgroup"; do
      [ -d "$folder" ] || continue
      find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null || left=$folder
    done
    [ -n "$left" ] || return 0
    tries=$((tries + 1))
    sleep 0.05
  done
  echo "Cannot remove $left" >&2
}

enter() {
  # /proc is still the host's: this is our pid as the host sees it.
  read -r pid _ </proc/self/stat
  mount -t tmpfs -o mode=755 "$cgroup" "$state/root"
  cd "$state/root"
  mkdir -p usr etc proc sys dev run tmp var/lib var/log var/tmp root opt/cni/bin .host
  chmod 1777 tmp var/tmp
  bind_programs
  for file in alternatives containers debian_version group ld.so.cache nsswitch.conf passwd protocols services; do
    [ ! -e "/etc/$file" ] || cp -a "/etc/$file" etc/
  done
  printf '127.0.0.1 localhost %s\n' "$name" >etc/hosts
  : >etc/resolv.conf
  ln -s /run var/run
  # Kubernetes nodes have the plugins here, and `ctr run --cni` looks nowhere else.
  for plugin in /usr/lib/cni/*; do ln -s "$plugin" opt/cni/bin/; done
  mount_kernel
  mkdir -p ".$checkout"
  mount --bind "$checkout" ".$checkout"
  mount -o remount,bind,ro ".$checkout"
  pivot_root . .host
  cd /
  umount -l /.host
  rmdir /.host
  hostname "$name"
  ip link set lo up
  echo "ready $pid"
  # pid 1 inherits orphans: with SIGCHLD ignored the kernel reaps them.
  exec env --ignore-signal=CHLD cat >/dev/null
}

bind_programs() {
  mount --rbind /usr usr
  mount -o remount,bind,ro usr
  for folder in bin sbin lib lib32 lib64 libx32; do
    if [ -L "/$folder" ]; then
      cp -a "/$folder" "$folder"
    elif [ -d "/$folder" ]; then
      mkdir "$folder"
      mount --rbind "/$folder" "$folder"
    fi
  done
}

mount_kernel() {
  mount -t proc proc proc
  mount -t sysfs sysfs sys
  mount --rbind /sys/fs/cgroup sys/fs/cgroup
  # Not the host's /dev: podman keeps its locks in /dev/shm.
  mount -t tmpfs -o mode=755 dev dev
  for device in full null random tty urandom zero; do
    : >"dev/$device"
    mount --bind "/dev/$device" "dev/$device"
  done
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
  mount -t tmpfs shm dev/shm
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
}

"$step"
