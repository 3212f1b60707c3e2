// Pages of /metrics as a daemon serves them: through its own registry, which takes no name and no label that is not declared.

import type { MetricKind, MetricLabels, Sample } from "../../src/agent/metrics.ts";
import { daemonMetrics, declaredMetrics } from "../../src/daemon/metrics.ts";
import { createMetricsRegistry } from "../../src/daemon/registry.ts";
import { headscaleMetrics } from "../../src/headscale/metrics.ts";
import { meshMetrics } from "../../src/mesh/metrics.ts";
import { nodeMetrics } from "../../src/node/metrics.ts";
import { tailscaleMetrics } from "../../src/tailscale/metrics.ts";
import { agents } from "../../tools/gen/agents.ts";

/** Every metric that there is. */
export const allMetrics: readonly MetricKind[] = declaredMetrics(agents);
/** Every condition, by code. */
export const allConditions = Object.assign({}, ...agents.map(({ conditions }) => conditions)) as Readonly<
  Record<string, { readonly severity: string; readonly impactsConnectivity: boolean }>
>;

export interface PageOptions {
  /** In place of a healthy node's, metric by metric. */
  readonly samples?: readonly Sample[];
  /** Conditions that hold. */
  readonly holds?: readonly string[];
  /** Metrics that this daemon does not serve. */
  readonly without?: readonly MetricKind[];
}

export function sample(kind: MetricKind, value: number, labels: MetricLabels = {}): Sample {
  return { kind, value, labels };
}

export function peerSamples(peer: string, { state = "live", direct = 1, up = 1 } = {}): readonly Sample[] {
  return [
    sample(meshMetrics.peerUp, up, { peer }),
    sample(meshMetrics.peerDirect, direct, { peer }),
    sample(meshMetrics.peerRtt, 0.002, { peer }),
    sample(meshMetrics.peerRouteState, 1, { peer, state }),
  ];
}

/** Of a node of three on which all is well, but for what the options say. */
export async function pageOf({ samples = [], holds = [], without = [] }: PageOptions = {}): Promise<string> {
  const registry = createMetricsRegistry(allMetrics.filter((kind) => !without.includes(kind)));
  const changed = new Set([...samples.map(({ kind }) => kind), ...without]);
  const usual = [...healthy(), ...conditionSamples(holds)].filter(({ kind }) => !changed.has(kind));
  registry.record(nodeMetrics.reconcileDuration, 0.012);
  return (await registry.scrape([...usual, ...samples])).text;
}

function healthy(): readonly Sample[] {
  return [
    ...["node-2", "node-3"].flatMap((peer) => peerSamples(peer)),
    sample(meshMetrics.nodes, 3),
    sample(meshMetrics.conflicts, 0),
    sample(meshMetrics.routeState, 1, { state: "live" }),
    sample(nodeMetrics.podCIDRInfo, 1, { source: "file", cidr: "10.244.1.0/24" }),
    sample(nodeMetrics.pods, 12),
    sample(nodeMetrics.leases, 12),
    sample(nodeMetrics.addresses, 253),
    sample(tailscaleMetrics.info, 1, { version: "1.102.3" }),
    sample(tailscaleMetrics.ready, 1),
    // The first minute of promtool's time is the epoch.
    sample(tailscaleMetrics.keyExpiry, 90 * 86_400),
    sample(headscaleMetrics.stale, 0),
    sample(daemonMetrics.buildInfo, 1, { version: "0.1.0", commit: "abc" }),
    sample(daemonMetrics.ready, 1),
    sample(daemonMetrics.processStart, 1),
    sample(daemonMetrics.processAnonymous, 20e6),
  ];
}

function conditionSamples(holds: readonly string[]): readonly Sample[] {
  return Object.entries(allConditions).map(([code, { severity, impactsConnectivity }]) =>
    sample(daemonMetrics.conditions, holds.includes(code) ? 1 : 0, {
      code,
      severity,
      affects_pods: String(impactsConnectivity),
    }),
  );
}
