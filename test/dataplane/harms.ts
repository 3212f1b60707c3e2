// What others do to rules and addresses that the dataplane agent holds, and how a node's kernel reads.

import { waitUntil } from "../../src/sys/testing.ts";
import type { Node } from "../harness/node.ts";
import { shell } from "./nodes.ts";

export const networkHarms: readonly (readonly [what: string, command: string])[] = [
  ["our table flushed", "nft flush table inet headcni"],
  ["a chain of it flushed", "nft flush chain inet headcni keepsource"],
  ["our table deleted", "nft delete table inet headcni"],
  ["elements deleted", "nft flush set inet headcni pods4"],
  ["a rule put in", "nft insert rule inet headcni keepsource accept"],
  ["rules deleted", "ip rule del pref 5200; ip rule del pref 5281; ip -6 rule del pref 5280"],
  ["a rule of ours for another range", "ip rule add pref 5200 to 10.9.0.0/16 lookup main protocol 72"],
  [
    "our rules in FORWARD deleted",
    ["-i", "-o"].map((way) => `iptables -D FORWARD ${way} headcni0 -m comment --comment headcni -j ACCEPT`).join("; "),
  ],
  ["the gateway's address deleted", "ip addr flush dev headcni0 scope global"],
];

/** Everything a node's firewalls in nftables, rules and addresses say, without what only counts or numbers. */
export async function network(node: Node): Promise<string> {
  const text = await shell(node, ["nft list ruleset", "ip rule", "ip -6 rule", "ip -brief addr show scope global"]);
  return text.replaceAll(/counter packets \d+ bytes \d+/g, "");
}

/** A change before they run is seen at the next look only. */
export async function waitForMonitors(node: Node): Promise<void> {
  await waitUntil("both monitors run", async () => {
    const running = await shell(node, ["cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]);
    return running.includes("nft monitor") && running.includes("ip -o monitor");
  });
}
