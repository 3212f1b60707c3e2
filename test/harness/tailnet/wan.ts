// The network between nodes: one Ethernet segment that plays the internet, and NATs of the household kind, each a namespace of its own
// with machines behind it.

import { realExec } from "../../../src/sys/process/exec.ts";
import type { Node } from "../node.ts";

const bridge = "wan0";

export interface Wan {
  /** Address of the node that holds the segment. */
  readonly address: string;
  /** Wires a node to the segment and gives its address there. */
  attach(node: Node): Promise<string>;
  /**
   * Puts `inside` behind `router`: what it sends leaves with the router's address and port, what nobody inside has asked for is dropped.
   * @param router a node attached to the segment
   * @param subnet of the local network, such as `192.168.7.0/24`
   */
  attachBehind(inside: Node, router: Node, subnet: string): Promise<string>;
}

/** Makes the segment in `center`, e.g. the control server's node. */
export async function createWan(center: Node): Promise<Wan> {
  const address = "172.30.0.1";
  await center.must(["ip", "link", "add", bridge, "type", "bridge"]);
  await center.must(["ip", "addr", "add", `${address}/24`, "dev", bridge]);
  await center.must(["ip", "link", "set", bridge, "up"]);
  let last = 1;
  return {
    address,
    attach: async (node) => {
      last += 1;
      const own = `172.30.0.${last}`;
      await wire(center, { port: `p${last}`, to: node, device: "eth0", address: `${own}/24` });
      await center.must(["ip", "link", "set", `p${last}`, "master", bridge]);
      await node.must(["ip", "route", "add", "default", "via", address]);
      return own;
    },
    attachBehind: async (inside, router, subnet) => {
      const net = subnet.replace(/\d+\/\d+$/, "");
      await wire(router, { port: "lan0", to: inside, device: "eth0", address: `${net}2/24` });
      await router.must(["ip", "addr", "add", `${net}1/24`, "dev", "lan0"]);
      await router.must(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
      await router.must(["nft", "-f", "-"], { stdin: natRules });
      await inside.must(["ip", "route", "add", "default", "via", `${net}1`]);
      return `${net}2`;
    },
  };
}

const natRules = `table ip nat0 {
  chain post { type nat hook postrouting priority 100; oifname "eth0" masquerade; }
  chain forward { type filter hook forward priority 0; policy drop; iifname "lan0" accept; ct state established,related accept; }
  chain input { type filter hook input priority 0; policy drop; iifname { "lan0", "lo" } accept; ct state established,related accept; ip protocol icmp accept; }
}
`;

interface Wire {
  readonly port: string;
  readonly to: Node;
  readonly device: string;
  readonly address: string;
}

/** A veth pair from one node's network namespace to another's. Run with this machine's /proc, which knows the other's pid. */
async function wire(from: Node, { port, to, device, address }: Wire): Promise<void> {
  const argv = ["nsenter", `--target=${from.pid}`, "--net", "--", "ip", "link", "add", port, "type", "veth"];
  const made = await realExec.run([...argv, "peer", "name", device, "netns", String(to.pid)]);
  if (made.exitCode !== 0) throw new Error(`Cannot wire ${from.name} to ${to.name}: ${made.stderr}`);
  await from.must(["ip", "link", "set", port, "up"]);
  await to.must(["ip", "addr", "add", address, "dev", device]);
  await to.must(["ip", "link", "set", device, "up"]);
}
