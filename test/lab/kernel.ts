// What tailscaled does to a node's kernel (facts seen on 1.102): rules from its start on, addresses, routes and chains once it runs.

import type { Node } from "../harness/node.ts";
import { device } from "./hub.ts";

const rules = [
  "5210 fwmark 0x80000/0xff0000 lookup main",
  "5230 fwmark 0x80000/0xff0000 lookup default",
  "5250 fwmark 0x80000/0xff0000 unreachable",
  "5270 lookup 52",
];
const families = ["-4", "-6"] as const;

export async function addRules(node: Node): Promise<void> {
  await removeRules(node);
  for (const family of families)
    await batch(
      node,
      family,
      rules.map((rule) => `rule add pref ${rule}`),
    );
}

/** Puts back those that are gone, as tailscaled does within a moment. */
export async function mendRules(node: Node): Promise<void> {
  for (const family of families) {
    const { exitCode, stdout: listed } = await node.run(["ip", family, "rule"]);
    // The node has ended meanwhile.
    if (exitCode !== 0) return;
    const missing = rules.filter((rule) => !listed.includes(`${rule.slice(0, 4)}:`));
    await batch(
      node,
      family,
      missing.map((rule) => `rule add pref ${rule}`),
    );
  }
}

export async function removeRules(node: Node): Promise<void> {
  for (const family of families)
    await batch(
      node,
      family,
      rules.map((rule) => `rule del pref ${rule.slice(0, 4)}`),
    );
}

/** All of them, also behind one that fails. */
async function batch(node: Node, family: string, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await node.run(["ip", family, "-force", "-batch", "-"], { stdin: `${lines.join("\n")}\n` });
}

export async function setAddresses(node: Node, addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    const length = address.includes(":") ? 128 : 32;
    await node.must(["ip", "addr", "replace", `${address}/${length}`, "dev", device, "nodad"]);
  }
}

/** Adds and removes single routes of table 52, so that one that somebody else took out stays out. */
export async function changeRoutes(node: Node, add: readonly string[], remove: readonly string[]): Promise<void> {
  const line = (verb: string) => (to: string) => `route ${verb} ${to} dev ${device} table 52`;
  for (const family of families) {
    const own = (to: string): boolean => to.includes(":") === (family === "-6");
    await batch(node, family, [...remove.filter(own).map(line("del")), ...add.filter(own).map(line("replace"))]);
  }
}

export interface Chains {
  /** Masquerade what is forwarded out of the tailnet into a subnet: off with NoSNAT. */
  readonly snat: boolean;
  readonly stateful: boolean;
}

/** The ts-* chains in both families, first in their hooks. */
export async function addChains(node: Node, { snat, stateful }: Chains): Promise<void> {
  await removeChains(node);
  for (const [tool, own] of [
    ["iptables", "100.64.0.0/10"],
    ["ip6tables", "fd7a:115c:a1e0::/48"],
  ] as const) {
    const masquerade = snat ? ["-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE"] : [];
    const tracked = stateful ? [`-A ts-forward -o ${device} -m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP`] : [];
    const nat = ["*nat", ":ts-postrouting - [0:0]", "-I POSTROUTING 1 -j ts-postrouting", ...masquerade, "COMMIT"];
    const forward = [
      `-A ts-forward -i ${device} -j MARK --set-xmark 0x40000/0xff0000`,
      "-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT",
      ...(tool === "iptables" ? [`-A ts-forward -s ${own} -o ${device} -j DROP`] : []),
      ...tracked,
      `-A ts-forward -o ${device} -j ACCEPT`,
    ];
    const heads = [":ts-forward - [0:0]", ":ts-input - [0:0]", "-I FORWARD 1 -j ts-forward", "-I INPUT 1 -j ts-input"];
    const filter = ["*filter", ...heads, ...forward, `-A ts-input -i ${device} -j ACCEPT`, "COMMIT"];
    await node.must([`${tool}-restore`, "--noflush"], { stdin: `${[...nat, ...filter].join("\n")}\n` });
  }
}

export async function removeChains(node: Node): Promise<void> {
  const script = ["iptables", "ip6tables"].flatMap((tool) =>
    [
      ["nat", "POSTROUTING", "ts-postrouting"],
      ["filter", "FORWARD", "ts-forward"],
      ["filter", "INPUT", "ts-input"],
    ].map(
      ([table, hook, chain]) =>
        `while ${tool} -t ${table} -D ${hook} -j ${chain}; do :; done; ${tool} -t ${table} -F ${chain} && ${tool} -t ${table} -X ${chain}`,
    ),
  );
  await node.run(["sh", "-c", script.join("\n")]);
}
