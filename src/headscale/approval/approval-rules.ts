// Which of the routes that nodes offer may be approved as PodCIDRs of this cluster, and why the others may not. A route that is not the
// cluster's (a LAN, an exit node) is nothing to this: it is neither approved nor refused. Pure.

import type { Family } from "../../cidr/addr.ts";
import type { PodCIDRs } from "../../cidr/pod-cidrs.ts";
import { type Prefix, tryParsePrefix } from "../../cidr/prefix.ts";
import type { HeadscaleNode } from "../headscale-node.ts";
import { isIn } from "./approval-list.ts";

/** What a cluster's PodCIDRs are. */
export interface ApprovalRules {
  /** The cluster's CIDRs. */
  readonly clusterCIDRs: PodCIDRs;
  /** Prefix length of a node's block. */
  readonly blockBits: Readonly<Record<Family, number>>;
  /** Tags of the cluster's nodes; one is enough. Undefined: a node approves its own, whatever its tags. */
  readonly nodeTags: readonly string[] | undefined;
}

export const defaultBlockBits = { ipv4: 24, ipv6: 64 } as const;

/**
 * Why a route is not approved. `no-tag`: the node has none of the cluster's tags. `no-block`: it is not one node's block of the cluster's
 * CIDR, by its length or for host bits. `second-block`: the node has another of the same family. `held`: it is another node's.
 * `outside`: the node offers a block, and none of this cluster.
 */
export const refusalReasons = ["no-tag", "no-block", "second-block", "held", "outside"] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export interface Refusal {
  readonly node: HeadscaleNode;
  readonly route: string;
  readonly reason: RefusalReason;
  /** The node that has it, where one does. */
  readonly holder: HeadscaleNode | undefined;
}

export interface ApprovalPlan {
  /** Nodes with what is to be approved of each. */
  readonly approvals: readonly { readonly node: HeadscaleNode; readonly routes: readonly Prefix[] }[];
  readonly refusals: readonly Refusal[];
}

/**
 * What is to be approved of nodes that are online, in the order of their numbers: of two that want the same, the lower has it. Headscale
 * goes on to list what an offline node last offered, so a machine that came back as a new node would never get what its former self
 * offers; what an offline node has, it keeps.
 * @param nodes all there are @param isMeant of which of them: what the others could have holds nothing @default all
 */
export function planApprovals(
  nodes: readonly HeadscaleNode[],
  rules: ApprovalRules,
  isMeant: (node: HeadscaleNode) => boolean = () => true,
): ApprovalPlan {
  const inOrder = nodes.toSorted((a, b) => Number(a.id) - Number(b.id));
  const holdings = inOrder.flatMap((node) => approvedParts(node, rules).map((block) => ({ node, block })));
  const approvals: { node: HeadscaleNode; routes: Prefix[] }[] = [];
  const refusals: Refusal[] = [];
  for (const node of inOrder.filter((one) => isMeant(one) && isThere(one, rules))) {
    const routes: Prefix[] = [];
    const offers = node.available.filter((route) => tryParsePrefix(route) !== undefined);
    for (const offer of offers) {
      const block = tryParsePrefix(offer);
      if (block === undefined || !rules.clusterCIDRs.contains(block) || isIn(node.approved, block)) continue;
      const refused = whyNot({ node, block, rules, holdings });
      if (refused !== undefined) refusals.push({ node, route: offer, ...refused });
      else {
        routes.push(block);
        holdings.push({ node, block });
      }
    }
    if (routes.length > 0) approvals.push({ node, routes });
    const outside = outsideOffer(node, rules);
    if (outside !== undefined) refusals.push({ node, route: outside, reason: "outside", holder: undefined });
  }
  return { approvals, refusals };
}

/** The routes of a node that are approved, and blocks of the cluster. */
export function approvedBlocks({ approved }: Pick<HeadscaleNode, "approved">, rules: ApprovalRules): readonly Prefix[] {
  return approved.flatMap((route) => {
    const block = tryParsePrefix(route);
    return block !== undefined && isBlock(block, rules) ? [block] : [];
  });
}

/** The same of any length, as an operator may have approved two blocks as one; not a way to the whole cluster, which is no node's. */
function approvedParts({ approved }: HeadscaleNode, { clusterCIDRs, blockBits }: ApprovalRules): readonly Prefix[] {
  return approved.flatMap((route) => {
    const part = tryParsePrefix(route)?.masked();
    if (part === undefined || !clusterCIDRs.contains(part)) return [];
    const isWhole = clusterCIDRs.list.some((whole) => whole.equals(part));
    return isWhole && part.bits < blockBits[part.family] ? [] : [part];
  });
}

/** Whether it is one node's block of the cluster's CIDR. */
export function isBlock(prefix: Prefix, { clusterCIDRs, blockBits }: ApprovalRules): boolean {
  return clusterCIDRs.contains(prefix) && prefix.bits === blockBits[prefix.family] && !prefix.hasHostBits;
}

interface Holding {
  readonly node: HeadscaleNode;
  readonly block: Prefix;
}

interface WhyNotInput {
  readonly node: HeadscaleNode;
  readonly block: Prefix;
  readonly rules: ApprovalRules;
  readonly holdings: readonly Holding[];
}

function whyNot({ node, block, rules, holdings }: WhyNotInput): Pick<Refusal, "reason" | "holder"> | undefined {
  if (!isBlock(block, rules)) return { reason: "no-block", holder: undefined };
  if (!hasNodeTag(node, rules)) return { reason: "no-tag", holder: undefined };
  const holder = holdings.find((other) => other.node.id !== node.id && other.block.overlaps(block))?.node;
  if (holder !== undefined) return { reason: "held", holder };
  // One that moved has the approval of its former block still, and no longer offers it.
  const isSecond = holdings.some(
    (other) => other.node.id === node.id && other.block.family === block.family && isIn(node.available, other.block),
  );
  return isSecond ? { reason: "second-block", holder: undefined } : undefined;
}

/** A node that approves its own runs, and asks before Headscale shows it online. */
function isThere({ isOnline }: HeadscaleNode, { nodeTags }: ApprovalRules): boolean {
  return isOnline || nodeTags === undefined;
}

function hasNodeTag({ tags }: HeadscaleNode, { nodeTags }: ApprovalRules): boolean {
  return nodeTags === undefined || tags.some((tag) => nodeTags.includes(tag));
}

/** The block that a node of the cluster offers when it offers none of the cluster's: its CIDR was mistaken, here or there. */
function outsideOffer(node: HeadscaleNode, rules: ApprovalRules): string | undefined {
  if (!hasNodeTag(node, rules)) return undefined;
  const { clusterCIDRs, blockBits } = rules;
  const offers = node.available.flatMap((route) => tryParsePrefix(route) ?? []);
  if (offers.some((offer) => clusterCIDRs.overlaps(offer) && offer.bits > 0)) return undefined;
  return offers.find(({ family, bits }) => bits === blockBits[family])?.toString();
}
