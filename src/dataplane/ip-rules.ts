// HeadCNI's routing policy rules: which of this node's traffic never asks the tailnet's table, and what becomes of traffic to pods
// while that table has no route for it. Found by number and protocol. Pure.

import { type Family, familyBits, tryParseAddr } from "../cidr/addr.ts";
import { Prefix } from "../cidr/prefix.ts";
import { isJsonObject, type JsonObject } from "../sys/json.ts";
import { fault, ok, type Result } from "../sys/result.ts";

/** What the kernel is given as the origin of our rules, by which they are told from others with the same number. */
export const ruleProtocol = 72;

/** tailscaled's own rules have 5210 to 5270, the last one the table with the peers' routes. */
export const rulePriorities = { own: 5200, specific: 5280, closed: 5281 } as const;

export interface IpRule {
  readonly family: Family;
  readonly priority: number;
  /** How `ip rule` names the rest of it: `to 10.244.1.0/24 lookup main`. */
  readonly selector: string;
}

export interface IpRulesInput {
  /** This node's. */
  readonly podCIDRs: Iterable<Prefix>;
  /** The ranges in which every address is a pod's of the cluster. */
  readonly clusterCIDRs: readonly Prefix[];
}

/** The rules for a node on a tailnet. */
export function planIpRules({ podCIDRs, clusterCIDRs }: IpRulesInput): readonly IpRule[] {
  const to = (prefix: Prefix, priority: number, action: string): IpRule => ({
    family: prefix.family,
    priority,
    selector: `to ${prefix.masked()} ${action}`,
  });
  return [
    // Before the tailnet's table: a stranger's route for our PodCIDR, or around it, must not take pods from this node.
    ...[...podCIDRs].map((own) => to(own, rulePriorities.own, "lookup main")),
    // After it: no default route takes a pod's traffic into the clear while the tailnet or a peer is down.
    ...clusterCIDRs.flatMap((cluster) => [
      to(cluster, rulePriorities.specific, "lookup main suppress_prefixlength 0"),
      to(cluster, rulePriorities.closed, "blackhole"),
    ]),
  ];
}

/** Those of ours in what `ip -j rule show` printed of one family, in the order the kernel asks them. */
export function parseIpRules(text: string, family: Family): Result<readonly IpRule[]> {
  let json: unknown;
  try {
    json = JSON.parse(text.trim() === "" ? "[]" : text);
  } catch {
    return fault("ip -j rule did not print JSON: this ip is too old, or not iproute2's");
  }
  const rules = Array.isArray(json) ? json.filter(isJsonObject) : [];
  return ok(rules.filter(isOurs).map((rule) => toIpRule(rule, family)));
}

function isOurs({ priority, protocol }: JsonObject): boolean {
  return String(protocol) === String(ruleProtocol) && Object.values(rulePriorities).some((ours) => ours === priority);
}

function toIpRule(rule: JsonObject, family: Family): IpRule {
  const { priority, table, action, suppress_prefixlen: suppress } = rule;
  const words = [
    ["from", toPrefixText(rule.src, rule.srclen, family)],
    ["to", toPrefixText(rule.dst, rule.dstlen, family)],
    ["iif", rule.iif],
    ["oif", rule.oif],
    ["fwmark", rule.fwmark],
    ["lookup", table],
    ["suppress_prefixlength", suppress],
  ] as const;
  const known = words.flatMap(([word, value]) => (value === undefined || value === null ? [] : [`${word} ${value}`]));
  const selector = [...known, ...(typeof action === "string" ? [action] : [])].join(" ");
  return { family, priority: Number(priority), selector };
}

function toPrefixText(address: unknown, length: unknown, family: Family): string | undefined {
  const addr = typeof address === "string" ? tryParseAddr(address) : undefined;
  if (addr === undefined) return undefined;
  return new Prefix(addr, typeof length === "number" ? length : familyBits(family)).toString();
}

/** What `ip` has to be asked, in this order, to make the listed rules the wanted ones. */
export function ipRuleCommands(listed: readonly IpRule[], wanted: readonly IpRule[]): readonly (readonly string[])[] {
  const missing = without(wanted, listed);
  const stale = without(listed, wanted);
  return [
    // In the order of their numbers: a blackhole never stands without the rule before it; and taken out in reverse.
    ...missing.toSorted((a, b) => a.priority - b.priority).map((rule) => toCommand("add", rule)),
    ...stale.toSorted((a, b) => b.priority - a.priority).map((rule) => toCommand("del", rule)),
  ];
}

function toCommand(verb: "add" | "del", { family, priority, selector }: IpRule): readonly string[] {
  const words = [
    family === "ipv4" ? "-4" : "-6",
    "rule",
    verb,
    "priority",
    priority,
    selector,
    "protocol",
    ruleProtocol,
  ];
  return words.join(" ").split(" ");
}

function without(rules: readonly IpRule[], others: readonly IpRule[]): readonly IpRule[] {
  const keyOf = ({ family, priority, selector }: IpRule): string => `${family} ${priority} ${selector}`;
  const known = new Set(others.map(keyOf));
  return rules.filter((rule) => !known.has(keyOf(rule)));
}
