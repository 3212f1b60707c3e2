// The programs whose output goes into a bug report: what the kernel has, and logs. None of them changes anything.

const lines = (text: string): readonly (readonly string[])[] =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(" "));

export const bundledCommands = lines(`
  uname -a
  ip -d address
  ip -s link
  ip route show table all
  ip -6 route show table all
  ip rule show
  ip -6 rule show
  nft list ruleset
  iptables -V
  iptables-save
  iptables-legacy-save
  ip6tables-save
  sysctl net.ipv4.ip_forward net.ipv4.conf.all.rp_filter net.ipv6.conf.all.forwarding net.bridge.bridge-nf-call-iptables
  tailscale version
  tailscale netcheck
  ls -la /etc/cni/net.d /opt/cni/bin /var/lib/cni/networks/headcni
  journalctl --no-pager -n 2000 -u headcni
  journalctl --no-pager -n 500 -u tailscaled
  journalctl --no-pager -n 300 -u containerd -u crio -u k3s -u kubelet
`);
