// `headcni headscale approve`: PodCIDRs of this cluster, and nothing else.

import { planApprovals, type Refusal } from "../../headscale/approval/approval-rules.ts";
import { approveDue } from "../../headscale/approval/approve-due.ts";
import { failedSentence, refusalSentence } from "../../headscale/approval/refusal-words.ts";
import { servedWords } from "../../headscale/approval/served.ts";
import { connectByConfig } from "../../headscale/connect-by-config.ts";
import type { HeadscaleNode } from "../../headscale/headscale-node.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { printJson } from "../../sys/json.ts";
import { printable } from "../../sys/log/printable.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import { type ClusterFlags, readCluster } from "./cluster-rules.ts";
import { namedNodes } from "./named-nodes.ts";

export interface ApproveFlags extends ClusterFlags {
  readonly dryRun?: boolean;
  readonly output: string;
}

export async function approveCommand(
  context: CliContext,
  names: readonly string[],
  flags: ApproveFlags,
): Promise<void> {
  const { system, loaded, rules } = await readCluster(context, flags);
  if ((rules.nodeTags ?? []).length === 0) {
    throw new HeadcniError("HC_USAGE", "Cannot tell the cluster's nodes from others: no tag of theirs is known", {
      hint: "give it with --node-tags, or write tailscale.nodeTags",
    });
  }
  const { signal } = new AbortController();
  using api = await connectByConfig(system, loaded.config.headscale);
  const nodes = await api.nodes(signal);
  const meant = names.length === 0 ? nodes : namedNodes(names, nodes);
  const isMeant = ({ id }: HeadscaleNode): boolean => meant.some((node) => node.id === id);
  const isDryRun = flags.dryRun === true;
  const planned = planApprovals(nodes, rules, isMeant);
  const due = planned.approvals.flatMap(({ node, routes }) => routes.map((route) => ({ node, route })));
  const outcome = isDryRun
    ? { approved: due, failed: [], refusals: planned.refusals, nodes }
    : await approveDue(api, { rules, nodes, isMeant }, signal);
  const failed = outcome.failed.map(failedSentence);
  if (failed.length > 0) context.warn(failed.map((one) => `Headscale does not approve ${printable(one)}\n`).join(""));
  if (outcome.refusals.length + failed.length > 0) context.exit(exitCodes.negative.code);
  if (flags.output === "json") {
    const { approved, refusals } = outcome;
    context.print(
      printJson({
        approved: approved.map(({ node, route }) => ({ node: node.name, id: node.id, route: route.toString() })),
        failed: outcome.failed.map(({ node, routes, why }) => ({
          node: node.name,
          id: node.id,
          routes: routes.map(String),
          why,
        })),
        refused: refusals.map((refusal) => ({ ...encodeRefusal(refusal), text: refusalSentence(refusal, rules) })),
      }),
    );
    return;
  }
  const lines = [
    ...outcome.approved.map(({ node, route }) =>
      isDryRun
        ? `Would approve ${route} of ${node.name} (${node.id})`
        : `Approved ${route} of ${node.name} (${node.id}): it ${servedWords(node, route, outcome.nodes)}`,
    ),
    ...outcome.refusals.map((refusal) => `Not approved: ${refusalSentence(refusal, rules)}`),
  ];
  if (lines.length === 0 && failed.length > 0) return;
  context.print(lines.length === 0 ? "There is nothing to approve\n" : `${lines.map(printable).join("\n")}\n`);
}

function encodeRefusal({ node, route, reason, holder }: Refusal) {
  return { node: node.name, id: node.id, route, reason, holder: holder?.id ?? null };
}
