// flannel's files: /run/flannel/subnet.env, and net-conf.json (the network all nodes share).

import { withoutComment } from "../inspect/line-context.ts";
import { type Claims, splitItems } from "../inspect/statements.ts";
import { child, entriesOf, has, type Tree, textAt } from "../text/tree.ts";

const meanings = {
  FLANNEL_NETWORK: "cluster",
  FLANNEL_IPV6_NETWORK: "cluster",
  FLANNEL_SUBNET: "node",
  FLANNEL_IPV6_SUBNET: "node",
} as const;

const assignment = /^[ \t]*(?:export[ \t]+)?(FLANNEL_(?:IPV6_)?(?:NETWORK|SUBNET))=([^\n]*)$/gm;

/** Whether a text is flannel's subnet.env: nothing but shell assignments, with FLANNEL_ variables among them. */
export function isSubnetEnv(text: string): boolean {
  if (!text.includes("FLANNEL_") || text.length > 64 << 10) return false;
  const lines = text.split("\n").filter((line) => !/^\s*(?:#.*)?$/.test(line));
  return lines.every((line) => /^\s*(?:export\s+)?\w+=/.test(line)) && lines.some((line) => /FLANNEL_\w+=/.test(line));
}

/** Claims flannel's variables; a file that is sourced takes the last of a repeated one. */
export function readSubnetEnv(text: string, claims: Claims, firstLine = 1): void {
  const found = new Map<keyof typeof meanings, { text: string; line: number }>();
  for (const match of text.matchAll(assignment)) {
    const line = firstLine + text.slice(0, match.index).split("\n").length - 1;
    const value = withoutComment(match[2] ?? "");
    found.set(match[1] as keyof typeof meanings, { text: value, line });
  }
  for (const [key, { text: value, line }] of found) {
    claims.add({ meaning: meanings[key], key, items: splitItems(value, line), by: "flannel" });
  }
}

/** flannel, pkg/subnet/config.go: the network alone has to be there. */
const netConfKey = /^(?:Name|Backend|Enable(?:IPv[46]|NFTables)|(?:IPv6)?(?:Network|Subnet(?:Len|Min|Max)))$/;

/** Whether a document is flannel's net-conf.json. */
export function isNetConf(tree: Tree): boolean {
  if (!has(tree, "Network") && !has(tree, "IPv6Network")) return false;
  return has(tree, "Backend") || has(tree, "SubnetLen") || entriesOf(tree).every(({ key }) => netConfKey.test(key));
}

/** Claims the networks that are turned on, and the length of a node's block: k3s writes `::/0` for a family that is not. */
export function readNetConf(tree: Tree, claims: Claims): void {
  if (textAt(tree, "EnableIPv4") !== "false") {
    claims.addTree("cluster", "Network", child(tree, "Network"));
    claims.addTree("mask", "SubnetLen", child(tree, "SubnetLen"), { family: "ipv4" });
  }
  if (textAt(tree, "EnableIPv6") !== "false") {
    claims.addTree("cluster", "IPv6Network", child(tree, "IPv6Network"));
    claims.addTree("mask", "IPv6SubnetLen", child(tree, "IPv6SubnetLen"), { family: "ipv6" });
  }
}
