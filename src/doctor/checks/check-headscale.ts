// The control server: its clock, and, with the key of the configuration, what Headscale has approved.

import { firstOfEachFamily } from "../../cidr/pod-cidrs.ts";
import { defaultBlockBits } from "../../headscale/approval/approval-rules.ts";
import { servedWords } from "../../headscale/approval/served.ts";
import { defaultStaleAfterMs, staleApprovals } from "../../headscale/approval/stale-approvals.ts";
import type { HeadscaleNode } from "../../headscale/headscale-node.ts";
import { expected } from "../../sys/errors.ts";
import { type Check, type Finding, faultsOr, notChecked } from "../check.ts";
import { errorWords } from "../evidence.ts";
import type { Examination } from "../examination.ts";

/** TLS, and keys that expire, tolerate this much. */
const mostMs = 30_000;
const timeoutMs = 5000;

export const headscaleChecks: readonly Check[] = [
  {
    id: "control-clock",
    title: "The clock is that of the control server",
    codes: ["ClockSkewed"],
    look: lookAtClock,
  },
  {
    id: "headscale-route",
    title: "Headscale answers, and has approved this node's PodCIDR",
    codes: ["HeadscaleRefused", "RouteNotApproved"],
    look: lookAtApproval,
  },
  {
    id: "headscale-stale",
    title: "No node that is gone keeps a PodCIDR in Headscale",
    codes: ["NodesStale"],
    look: lookAtStale,
  },
];

const notConfigured = "headscale.url and headscale.apiKeyFile are not set: only packets tell (see Mesh)";

async function lookAtApproval(node: Examination): Promise<Finding> {
  const { config } = await node.config();
  if (config.headscale.url === undefined || config.headscale.apiKeyFile === undefined) return notChecked(notConfigured);
  let nodes: readonly HeadscaleNode[];
  try {
    nodes = await node.headscale();
  } catch (error) {
    expected(error);
    return { kind: "faults", faults: [{ code: "HeadscaleRefused", evidence: errorWords(error) }] };
  }
  const [{ tailnet }, { plan }] = await Promise.all([node.mesh(), node.node()]);
  const { id, name } = tailnet.self;
  const known = nodes.find((each) => each.id === id);
  if (known === undefined) return notChecked(`Headscale has no node ${id} (${name}): it is another one's tailnet`);
  const { list } = plan.adoption.effective.podCIDRs;
  const missing = list.filter((podCIDR) => !known.approved.includes(podCIDR.toString()));
  const evidence = `${missing.join(", ")} of ${known.name} (${id}) is not approved in Headscale; approved: ${known.approved.join(", ") || "none"}`;
  const remedy = `headscale nodes approve-routes --identifier ${id} --routes ${[...known.approved, ...missing].join(",")}`;
  return faultsOr(
    missing.length === 0 ? [] : [{ code: "RouteNotApproved", evidence, remedy }],
    list.map((podCIDR) => `${podCIDR} is approved and ${servedWords(known, podCIDR, nodes)}`).join("; "),
  );
}

async function lookAtStale(node: Examination): Promise<Finding> {
  const [{ config }, { answer }] = await Promise.all([node.config(), node.node()]);
  const { url, apiKeyFile, reclaimAfterMs } = config.headscale;
  if (url === undefined || apiKeyFile === undefined) return notChecked(notConfigured);
  const clusterCIDRs = firstOfEachFamily(answer.clusterCIDRs);
  if (clusterCIDRs === undefined) return notChecked("the cluster's CIDR is not known (network.podCIDR.base)");
  const rules = {
    clusterCIDRs,
    blockBits: { ...defaultBlockBits, ...config.network.podCIDR.perNode },
    nodeTags: config.tailscale.nodeTags,
  };
  const afterMs = reclaimAfterMs ?? defaultStaleAfterMs;
  const stale = staleApprovals(await node.headscale(), rules, { nowMs: node.system.clock.now(), afterMs });
  const words = stale.map(({ node: { name, id }, route, why }) => `${route} of ${name} (${id}) is ${why}`);
  return faultsOr(
    stale.length === 0 ? [] : [{ code: "NodesStale", evidence: words.join("; ") }],
    "every approval is of a node that is there, or was lately",
  );
}

async function lookAtClock(node: Examination): Promise<Finding> {
  const { prefs } = await node.tailnet();
  if (prefs.controlURL === "") return notChecked("tailscaled has no control server");
  try {
    using server = await node.system.http.connect({ kind: "tcp", origin: new URL(prefs.controlURL).origin });
    const { headers } = await server.request({ path: "/health", timeoutMs, signal: node.signal });
    const saidMs = Date.parse(headers.date ?? "");
    if (Number.isNaN(saidMs)) return notChecked(`${prefs.controlURL} does not say what time it is`);
    const skewMs = node.system.clock.now() - saidMs;
    const words = `this node is ${Math.abs(Math.round(skewMs / 1000))} s ${skewMs > 0 ? "ahead of" : "behind"} ${prefs.controlURL}`;
    return faultsOr(Math.abs(skewMs) > mostMs ? [{ code: "ClockSkewed", evidence: words }] : [], words);
  } catch (error) {
    expected(error);
    return notChecked(error.message);
  }
}
