// What the dataplane agent shows: its part of /status, its rows in `headcni status`, its metrics. Pure.

import { type AgentStatus, agentStatus } from "../agent/agent.ts";
import type { Masquerade } from "../config/config.ts";
import type { DataplaneState } from "./dataplane-step.ts";
import type { IpRule } from "./ip-rules.ts";
import { dataplaneMetrics } from "./metrics.ts";
import { keepSourceChain, type NftTable } from "./nft/nft-table.ts";

/** What masquerades: the bridge plugin, nothing, or rules of ours, which can fail. */
type MasqueradeState = Exclude<Masquerade, "daemon"> | "applied" | "failed";

export interface ShownDataplane {
  readonly state: DataplaneState;
  readonly masquerade: Masquerade;
}

/** @param shown undefined before the first step */
export function showDataplane(shown: ShownDataplane | undefined): Omit<AgentStatus, "lastReconcile"> {
  const masquerade = shown === undefined ? null : masqueradeState(shown);
  if (shown === undefined || shown.state.tailnet !== "used") {
    const tailnet = shown?.state.tailnet ?? null;
    return agentStatus({ document: { masquerade, tailnet }, summary: { masquerade: masquerade ?? "-" } });
  }
  const { plan, tailnet, firewalls, sysctls, isTableHeld } = shown.state;
  const networks = isTableHeld ? keptNetworks(plan.table) : 0;
  return agentStatus({
    document: {
      masquerade,
      tailnet,
      keptNetworks: networks,
      ipRules: plan.ipRules.map(ruleText),
      forward: firewalls.iptables.map(
        ({ backend, family }) => `${family === "ipv4" ? "iptables" : "ip6tables"}-${backend}`,
      ),
      sysctls: Object.fromEntries(Object.entries(sysctls).map(([key, value]) => [key, value ?? null])),
    },
    summary: {
      masquerade: masquerade ?? "-",
      "pod sources": isTableHeld ? `kept between ${networks} networks` : "not kept",
      "routing rules": plan.ipRules.map(ruleText).join(", "),
    },
    samples: [{ kind: dataplaneMetrics.keptNetworks, value: networks }],
  });
}

function masqueradeState({ state, masquerade }: ShownDataplane): MasqueradeState {
  if (masquerade !== "daemon") return masquerade;
  return state.isTableHeld ? "applied" : "failed";
}

function keptNetworks(table: NftTable | undefined): number {
  if (table?.chains.some(({ name }) => name === keepSourceChain) !== true) return 0;
  const pods = table.sets.filter(({ name }) => name.startsWith("pods"));
  return pods.reduce((count, { networks }) => count + networks.length, 0);
}

function ruleText({ priority, selector }: IpRule): string {
  return `${priority} ${selector}`;
}
