// The lab's wires: every node has a device `tailscale0`, MTU 1280, and behind it one namespace that passes on what the network maps
// allow. It plays what WireGuard's allowed addresses do: a source that a peer does not serve is dropped, as is a destination nobody serves.

import { realExec } from "../../src/sys/process/exec.ts";
import { createNode, type Node } from "../harness/node.ts";

/** What may pass between two nodes. */
export interface Passage {
  readonly from: number;
  readonly to: number;
  /** Sources the receiver takes from the sender. */
  readonly sources: readonly string[];
}

export interface Hub extends AsyncDisposable {
  /** Makes `tailscale0` in a node; again after it was removed. */
  plug(node: Node, id: number): Promise<void>;
  unplug(node: Node): Promise<void>;
  /** Answers itself for a range that no node serves a part of: for peers that are only in the control server's word. */
  answerFor(range: string): Promise<void>;
  /** Replaces what is passed on. `routes`: prefix to the id of the node that serves it. */
  set(routes: ReadonlyMap<string, number>, passages: readonly Passage[]): Promise<void>;
}

export const device = "tailscale0";
/** Both ends have the same: without ARP the kernel takes its own address for the other's. */
const mac = "02:64:00:00:00:01";

export async function createHub(): Promise<Hub> {
  const hub = await createNode({ name: "lab-hub" });
  await hub.must(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
  let last = "";
  return {
    plug: async (node, id) => {
      const ends = [
        "link",
        "add",
        `p${id}`,
        "address",
        mac,
        "mtu",
        "1280",
        "type",
        "veth",
        "peer",
        "name",
        device,
        "address",
        mac,
        "mtu",
        "1280",
      ];
      const argv = ["nsenter", `--target=${hub.pid}`, "--net", "--", "ip", ...ends, "netns", String(node.pid)];
      const made = await realExec.run(argv);
      if (made.exitCode !== 0) throw new Error(`Cannot plug ${node.name} into the lab: ${made.stderr}`);
      await hub.must(["ip", "link", "set", `p${id}`, "arp", "off", "up"]);
      await node.must(["ip", "link", "set", device, "arp", "off", "up"]);
      last = "";
    },
    unplug: async (node) => {
      await node.run(["ip", "link", "del", device]);
      last = "";
    },
    set: async (routes, passages) => {
      const next = JSON.stringify([[...routes], passages]);
      if (next === last) return;
      const lines = [...routes].map(([to, id]) => `route replace ${to} dev p${id}`);
      // It complains of a route that goes by itself meanwhile, with a device that is unplugged.
      await hub.run(["sh", "-c", "ip route flush proto boot; ip -6 route flush proto boot"]);
      await hub.run(["ip", "-force", "-batch", "-"], { stdin: `${lines.join("\n")}\n` });
      await hub.must(["nft", "-f", "-"], { stdin: filter(passages) });
      last = next;
    },
    answerFor: async (range) => {
      await hub.must(["ip", "route", "add", "local", range, "dev", "lo"]);
    },
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  };
}

function filter(passages: readonly Passage[]): string {
  const rules = passages.flatMap(({ from, to, sources }) => {
    const of = (isIPv6: boolean) => sources.filter((source) => source.includes(":") === isIPv6).join(", ");
    const rule = (family: string, list: string) =>
      list === "" ? [] : [`iifname "p${from}" oifname "p${to}" ${family} saddr { ${list} } accept`];
    return [...rule("ip", of(false)), ...rule("ip6", of(true))];
  });
  const chain = `type filter hook forward priority 0; policy drop;\n${rules.join("\n")}`;
  return `table inet lab\ndelete table inet lab\ntable inet lab {\nchain forward {\n${chain}\n}\n}\n`;
}
