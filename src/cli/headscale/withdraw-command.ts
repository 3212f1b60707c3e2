// `headcni headscale withdraw`: takes back approvals of PodCIDRs of this cluster, after asking. Other approvals of a node stay.

import type { Prefix } from "../../cidr/prefix.ts";
import { type ApprovalRules, approvedBlocks } from "../../headscale/approval/approval-rules.ts";
import { defaultStaleAfterMs, type StaleApproval, staleApprovals } from "../../headscale/approval/stale-approvals.ts";
import { staleWords } from "../../headscale/conditions.ts";
import { connectByConfig } from "../../headscale/connect-by-config.ts";
import type { HeadscaleApi } from "../../headscale/headscale-api.ts";
import type { HeadscaleNode } from "../../headscale/headscale-node.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { printJson } from "../../sys/json.ts";
import { printable } from "../../sys/log/printable.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import { type ClusterFlags, readCluster } from "./cluster-rules.ts";
import { namedNodes } from "./named-nodes.ts";

export interface WithdrawFlags extends ClusterFlags {
  readonly stale?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly output: string;
}

interface Withdrawal {
  readonly node: HeadscaleNode;
  readonly route: Prefix;
  /** Why nothing uses it; undefined when an operator named the node. */
  readonly why: StaleApproval["why"] | undefined;
}

export async function withdrawCommand(
  context: CliContext,
  names: readonly string[],
  flags: WithdrawFlags,
): Promise<void> {
  const { system, loaded, rules } = await readCluster(context, flags);
  const { signal } = new AbortController();
  using api = await connectByConfig(system, loaded.config.headscale);
  const nodes = await api.nodes(signal);
  const afterMs = loaded.config.headscale.reclaimAfterMs ?? defaultStaleAfterMs;
  const stale = staleApprovals(nodes, rules, { nowMs: system.clock.now(), afterMs });
  const isListing = names.length === 0 && flags.stale !== true;
  const due = names.length === 0 ? stale : ofNodes(namedNodes(names, nodes), rules);
  const isDone = !isListing && due.length > 0 && flags.dryRun !== true && mayProceed(context, due, flags);
  if (isDone) await withdrawAll(api, due, signal);
  if (!isDone && !isListing && flags.dryRun !== true && due.length > 0) context.exit(exitCodes.negative.code);
  context.print(flags.output === "json" ? asJson(due, { isDone }) : asText(due, { isDone, isListing }));
}

function ofNodes(nodes: readonly HeadscaleNode[], rules: ApprovalRules): readonly Withdrawal[] {
  return nodes.flatMap((node) => approvedBlocks(node, rules).map((route) => ({ node, route, why: undefined })));
}

/** @throws HeadcniError HC_USAGE when it must ask and cannot */
function mayProceed(context: CliContext, due: readonly Withdrawal[], { yes = false }: WithdrawFlags): boolean {
  if (yes) return true;
  const list = due.map((one) => `  ${printable(sentenceOf(one))}`).join("\n");
  const answer = context.confirm(`The approvals of\n${list}\nare taken back: pods there are no longer reached. Go on?`);
  if (answer !== undefined) return answer;
  throw new HeadcniError("HC_USAGE", "Cannot ask before approvals are taken back: standard input is no terminal", {
    hint: "add --yes, or look first with --dry-run",
  });
}

async function withdrawAll(api: HeadscaleApi, due: readonly Withdrawal[], signal: AbortSignal): Promise<void> {
  for (const node of new Set(due.map((one) => one.node))) {
    const routes = due.filter((one) => one.node === node).map(({ route }) => route);
    await api.withdraw(node.id, routes, signal);
  }
}

function sentenceOf({ node, route, why }: Withdrawal): string {
  return why === undefined ? `${route} of ${node.name} (${node.id})` : staleWords({ node, route, why });
}

function asText(
  due: readonly Withdrawal[],
  { isDone, isListing }: { readonly isDone: boolean; readonly isListing: boolean },
): string {
  if (due.length === 0) return isListing ? "No approval is stale\n" : "There is nothing to take back\n";
  const verb = isDone ? "Took back" : isListing ? "Stale:" : "Would take back";
  const lines = due.map((one) => printable(`${verb} ${sentenceOf(one)}`));
  const hint = isListing ? "\nheadcni headscale withdraw --stale takes them back\n" : "";
  return `${lines.join("\n")}\n${hint}`;
}

function asJson(due: readonly Withdrawal[], { isDone }: { readonly isDone: boolean }): string {
  const items = due.map(({ node, route, why }) => {
    return { node: node.name, id: node.id, route: route.toString(), why: why ?? null };
  });
  return printJson({ done: isDone, approvals: items });
}
