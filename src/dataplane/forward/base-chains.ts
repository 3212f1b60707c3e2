// The nftables chains that see forwarded packets, as `nft -j list` prints them: iptables' own, and those of other firewalls that drop
// what pods send. Pure.

import type { Family } from "../../cidr/addr.ts";
import { bridgeName } from "../../node-state/names.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../sys/json.ts";
import { listedObjects } from "../nft/table-listing.ts";

/** A chain as nft names it: `inet`, `filter`, `forward`. */
export interface BaseChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly isDropping: boolean;
}

/** The chains hooked to forward in what `nft -j list chains` printed; those of families that see no IP packets are left out. */
export function forwardChains(text: string): readonly BaseChain[] {
  return (listedObjects(text) ?? []).flatMap(({ chain }) =>
    isJsonObject(chain) && chain.hook === "forward" && ["ip", "ip6", "inet"].includes(String(chain.family))
      ? [
          {
            family: String(chain.family),
            table: String(chain.table),
            name: String(chain.name),
            isDropping: chain.policy === "drop",
          },
        ]
      : [],
  );
}

/** tailscaled's chain for what comes through it and goes elsewhere (tailscale.com/util/linuxfw). */
export const tailscaleNatChain = "ts-postrouting";

/** In whose tables nat tailscaled has its chain, from the same listing. */
export function tailscaleNatFamilies(text: string): readonly Family[] {
  return (listedObjects(text) ?? []).flatMap(({ chain }): readonly Family[] => {
    if (!isJsonObject(chain) || chain.table !== "nat" || chain.name !== tailscaleNatChain) return [];
    return chain.family === "ip" ? ["ipv4"] : chain.family === "ip6" ? ["ipv6"] : [];
  });
}

/** Whether the chain is the one `iptables` or `ip6tables` shows as FORWARD. */
export function isIptables({ family, table, name }: BaseChain): boolean {
  return (family === "ip" || family === "ip6") && table === "filter" && name === "FORWARD";
}

/**
 * Whether a chain of another firewall refuses what no rule of its table lets pass by the bridge's name.
 * @param table what `nft -j list table` printed of the chain's table
 */
export function refusesPods(chain: BaseChain, table: string): boolean {
  const rules = (listedObjects(table) ?? []).flatMap(({ rule }) => (isJsonObject(rule) ? [rule] : []));
  if (rules.some(({ expr }) => JSON.stringify(expr ?? null).includes(`"${bridgeName}"`))) return false;
  const last = rules.findLast((rule) => rule.chain === chain.name);
  return chain.isDropping || (last !== undefined && refusesAll(last));
}

/** A rule without a match whose verdict is drop or reject. */
function refusesAll({ expr }: JsonObject): boolean {
  const statements: readonly JsonValue[] = Array.isArray(expr) ? expr : [];
  const kinds = statements.flatMap((statement) => (isJsonObject(statement) ? Object.keys(statement) : []));
  return !kinds.includes("match") && (kinds.includes("drop") || kinds.includes("reject"));
}
