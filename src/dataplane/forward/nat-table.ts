// Whether plugins can use iptables. The bridge plugin masquerades by it, for each pod, and portmap maps hostPorts; both list the whole table nat
// first: a rule of another program that iptables does not know makes them give up, and the pod fails. tailscaled writes such a rule in its
// nftables mode.

import type { Family } from "../../cidr/addr.ts";
import type { Config } from "../../config/config.ts";
import type { JsonObject } from "../../sys/json.ts";
import type { System } from "../../sys/system.ts";
import { tailscaleNatChain } from "./base-chains.ts";
import { findChosen, tryRun } from "./firewall.ts";

/** What iptables-nft says of rules it does not know, and of a kernel that has none. */
const unreadable = /is incompatible|Parsing nftables rule failed|Failed to initialize nft/;

/** The plugin that new pods need iptables' table nat for; undefined when it is none. portmap alone needs it for those with a hostPort. */
export function natPlugin({ network, cni }: Pick<Config, "network" | "cni">): "bridge" | "portmap" | undefined {
  if (network.masquerade === "bridge") return "bridge";
  // portmap's own key, since 1.6 of the CNI project's plugins.
  const isByIptables = ({ type, backend }: JsonObject): boolean => type === "portmap" && backend !== "nftables";
  return cni.plugins.some(isByIptables) ? "portmap" : undefined;
}

export interface NatTableOptions {
  /** In whose tables tailscaled has its chain, where that alone shall be listed: it takes no time beside those of a kube-proxy. */
  readonly tailscaleNat?: readonly Family[];
}

/**
 * Why iptables cannot list the table nat, of the first family for which that is so, without a full stop; undefined where it can. Of the older
 * backend nothing is asked: it sees no rules of nftables, and listing a table makes it. Nor is it where there is no iptables: k3s gives
 * plugins one of its own.
 */
export async function whyNatUnreadable(
  system: System,
  families: readonly Family[],
  { tailscaleNat }: NatTableOptions = {},
): Promise<string | undefined> {
  // A chain that is not there is called incompatible, too.
  const asked = families.filter((family) => tailscaleNat?.includes(family) !== false);
  const chain = tailscaleNat === undefined ? [] : [tailscaleNatChain];
  const all = await Promise.all(asked.map((family) => whyUnreadable(system, family, chain)));
  return all.find((why) => why !== undefined);
}

async function whyUnreadable(system: System, family: Family, chain: readonly string[]): Promise<string | undefined> {
  const chosen = await findChosen(system, family);
  if (chosen?.backend !== "nft") return undefined;
  const argv = [chosen.program, "-w", "5", "-t", "nat", "-S", ...chain];
  const listed = await tryRun(system, argv);
  const said = listed?.stderr.split("\n").find((line) => unreadable.test(line));
  return said === undefined ? undefined : `${argv.join(" ")}: ${said.trim().replace(/\.$/, "")}`;
}
