// flannel's files: /run/flannel/subnet.env, and net-conf.json (the network all nodes share).

import { type Meaning, type Statements, splitValues } from "../statements.ts";
import { child, entriesOf, has, type Tree, textAt } from "../text/tree.ts";
import { withoutComment } from "./line-context.ts";
import type { Reader } from "./reader.ts";

export const subnetEnv: Reader = {
  format: "flannel's `subnet.env`",
  finds: {
    node: "`FLANNEL_SUBNET`, `FLANNEL_IPV6_SUBNET` (a gateway's address: masked)",
    cluster: "`FLANNEL_NETWORK`, `FLANNEL_IPV6_NETWORK`",
  },
  text(text, { statements }, firstLine) {
    if (!isSubnetEnv(text)) return undefined;
    readSubnetEnv(text, statements, firstLine);
    return "subnet-env";
  },
};

const assignment = /^[ \t]*(?:export[ \t]+)?(FLANNEL_(?:IPV6_)?(NETWORK|SUBNET))=([^\n]*)$/gm;

/** Nothing but shell assignments, with FLANNEL_ variables among them. */
function isSubnetEnv(text: string): boolean {
  if (!text.includes("FLANNEL_") || text.length > 64 << 10) return false;
  const lines = text.split("\n").filter((line) => !/^\s*(?:#.*)?$/.test(line));
  return lines.every((line) => /^\s*(?:export\s+)?\w+=/.test(line)) && lines.some((line) => /FLANNEL_\w+=/.test(line));
}

/** Of a repeated variable the last counts: the file is sourced. */
function readSubnetEnv(text: string, statements: Statements, firstLine: number): void {
  const found = new Map<string, { meaning: Meaning; text: string; line: number }>();
  for (const { index, 1: key = "", 2: about, 3: value = "" } of text.matchAll(assignment)) {
    const line = firstLine + text.slice(0, index).split("\n").length - 1;
    found.set(key, { meaning: about === "SUBNET" ? "node" : "cluster", text: withoutComment(value), line });
  }
  for (const [key, { meaning, text: value, line }] of found) {
    statements.add({ meaning, key, values: splitValues(value, line), by: "flannel" });
  }
}

export const netConf: Reader = {
  format: "flannel's `net-conf.json`",
  finds: { cluster: "`Network`, `IPv6Network`, each unless its family is off", mask: "`SubnetLen`, `IPv6SubnetLen`" },
  isKnownAnywhere: true,
  plain(tree, { statements }) {
    if (!isNetConf(tree)) return undefined;
    readNetConf(tree, statements);
    return "flannel-net-conf";
  },
};

/** flannel, pkg/subnet/config.go: the network alone has to be there. */
const netConfKey = /^(?:Name|Backend|Enable(?:IPv[46]|NFTables)|(?:IPv6)?(?:Network|Subnet(?:Len|Min|Max)))$/;

function isNetConf(tree: Tree): boolean {
  if (!has(tree, "Network") && !has(tree, "IPv6Network")) return false;
  return has(tree, "Backend") || has(tree, "SubnetLen") || entriesOf(tree).every(({ key }) => netConfKey.test(key));
}

/** The networks that are turned on, and the length of a node's block: k3s writes `::/0` for a family that is not. */
function readNetConf(tree: Tree, statements: Statements): void {
  if (textAt(tree, "EnableIPv4") !== "false") {
    statements.addTree("cluster", "Network", child(tree, "Network"));
    statements.addTree("mask", "SubnetLen", child(tree, "SubnetLen"), { family: "ipv4" });
  }
  if (textAt(tree, "EnableIPv6") !== "false") {
    statements.addTree("cluster", "IPv6Network", child(tree, "IPv6Network"));
    statements.addTree("mask", "IPv6SubnetLen", child(tree, "IPv6SubnetLen"), { family: "ipv6" });
  }
}
