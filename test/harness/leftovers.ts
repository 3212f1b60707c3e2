// What pods leave on a node when their removal went wrong: leases, devices, firewall rules, network namespaces, files.

import { savedCallsDir } from "../../src/node-state/names.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import type { Node } from "./node.ts";

export interface Leftovers {
  /** Addresses host-local still holds. */
  readonly leases: readonly string[];
  /** Devices of the node that are neither the loopback nor the bridge. */
  readonly devices: readonly string[];
  /** iptables rules and chains in force, of both families. */
  readonly rules: readonly string[];
  readonly namespaces: readonly string[];
  /** What the headcni plugin keeps of an ADD for its DEL. */
  readonly savedCalls: readonly string[];
}

export const noLeftovers: Leftovers = { leases: [], devices: [], rules: [], namespaces: [], savedCalls: [] };

/** As long as a kernel that is busy takes to pull down a namespace with its devices. */
const deadlineMs = 20_000;

/**
 * What is left on a node whose pods are gone. The kernel takes a namespace and its devices down a moment after their last process, so
 * what is found first is not the last word: it waits until nothing is left, or time is up.
 * @param stays those kinds that are known to stay: they are not waited for
 */
export async function leftovers(node: Node, stays: readonly (keyof Leftovers)[] = []): Promise<Leftovers> {
  let found = await leftoversNow(node);
  const isGone = async (): Promise<boolean> => {
    const kinds = Object.keys(noLeftovers) as (keyof Leftovers)[];
    if (kinds.every((kind) => stays.includes(kind) || found[kind].length === 0)) return true;
    found = await leftoversNow(node);
    return false;
  };
  // Past the deadline what was found says it all.
  await waitUntil("nothing is left", isGone, deadlineMs).catch(() => undefined);
  return found;
}

/** What is there at this moment, pods that live included. */
export async function leftoversNow(node: Node): Promise<Leftovers> {
  const networks = node.list("/var/lib/cni/networks");
  const leases = networks
    .flatMap((network) => node.list(`/var/lib/cni/networks/${network}`))
    .filter((name) => name !== "lock" && !name.startsWith("last_reserved_ip."));
  const links = await node.must(["ip", "-brief", "link", "show"]);
  const devices = firstWords(links).filter((name) => name !== "lo" && name !== "headcni0");
  const saved = `${await node.must(["iptables-save"])}${await node.must(["ip6tables-save"])}`;
  const rules = saved
    .split("\n")
    .filter((line) => line.startsWith("-A") || /^:(?!(PRE|POST)ROUTING|INPUT|OUTPUT|FORWARD)/.test(line));
  const namespaces = [...node.list("/run/netns"), ...node.list("/run/containerd/netns")];
  return { leases, devices, rules, namespaces, savedCalls: node.list(savedCallsDir) };
}

function firstWords(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(/\s+/, 1)[0] ?? "");
}
