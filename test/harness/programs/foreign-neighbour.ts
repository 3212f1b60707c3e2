// Runs in namespaces that play a whole machine. While a test's check of that machine lasts, other programs start containers there; then
// a test leaves something. Prints what the check says of either.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { hostChanges, hostState } from "../host-state.ts";
import { mark, markVariable, nodePrefix } from "../mark.ts";

const sh = (script: string, env: Record<string, string> = {}): void => {
  const { exitCode, stderr } = Bun.spawnSync(["sh", "-ec", script], { env: { PATH: process.env.PATH ?? "", ...env } });
  if (exitCode !== 0) throw new Error(`${script} ended with ${exitCode}: ${stderr}`);
};

const before = await hostState();
const foreign = `
  ip netns add blue
  ip link add cni0 type bridge
  ip link add veth-blue master cni0 type veth peer name eth0 netns blue
  ip address add 10.244.1.1/24 dev cni0
  ip rule add to 10.9.0.0/24 lookup main priority 5300
  nft add table inet other
  echo 1 > /proc/sys/net/ipv4/ip_forward
  mkdir -p /etc/cni/net.d /var/lib/cni/networks/other /run/containerd
  echo '{}' > /etc/cni/net.d/05-other.conflist
  echo blue > /var/lib/cni/networks/other/10.9.0.2
  cp "$(command -v sleep)" /run/containerd/containerd-shim
  setsid --fork /run/containerd/containerd-shim 30 > /dev/null 2>&1
`;
sh(foreign);
const ofOthers = await hostChanges(before, 0);
sh("ip link add headcni0 type bridge; nft add table inet headcni; echo '{}' > /etc/cni/net.d/10-headcni.conflist");
sh("setsid --fork sleep 30 > /dev/null 2>&1", { [markVariable]: mark });
fs.mkdirSync(`${tmpdir()}/${nodePrefix}left`);
console.log(JSON.stringify({ ofOthers, ofTests: await hostChanges(before, 0) }));
