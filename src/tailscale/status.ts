// What the tailscale agent shows: its part of /status, its row in `headcni status`, its metrics. Pure.

import { type AgentStatus, agentStatus } from "../agent/agent.ts";
import type { Sample } from "../agent/metrics.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import { plainVersion } from "./local-api/tailscale-version.ts";
import { tailscaleMetrics } from "./metrics.ts";

/** What the last step found and left. */
export interface TailscaleView {
  readonly tailnet: Tailnet;
  /** As tailscaled says it; undefined when it does not answer. */
  readonly version: string | undefined;
  /** When the node's key expires, milliseconds since the epoch; undefined: never, or not known. */
  readonly keyExpiresAtMs: number | undefined;
  /** Routes in tailscaled's prefs that are ours. */
  readonly advertised: readonly string[];
}

/** @param view undefined before the first step */
export function showTailscale(
  view: TailscaleView | undefined,
  isFollowingBus: boolean,
): Omit<AgentStatus, "lastReconcile"> {
  if (view === undefined) return agentStatus({ summary: { tailscale: "-" } });
  const { tailnet, version, advertised } = view;
  const peers = "self" in tailnet ? tailnet.peers : [];
  return agentStatus({
    document: {
      state: tailnet.kind,
      why: "self" in tailnet ? null : tailnet.why,
      version: version === undefined ? null : plainVersion(version),
      name: "self" in tailnet ? tailnet.self.name : null,
      addresses: "self" in tailnet ? tailnet.self.addresses.map(String) : [],
      peers: {
        count: peers.length,
        online: peers.filter(({ isOnline }) => isOnline).length,
        direct: peers.filter(({ path }) => path.kind === "direct").length,
      },
      advertised,
      followsNotifications: isFollowingBus,
    },
    summary: { tailscale: cell(view) },
    samples: samplesOf(view),
  });
}

function cell({ tailnet, version }: TailscaleView): string {
  if (!("self" in tailnet)) return `${tailnet.kind}: ${tailnet.why}`;
  const { self, peers } = tailnet;
  const online = peers.filter(({ isOnline }) => isOnline).length;
  const [address] = self.addresses;
  return `${tailnet.kind} as ${self.name} ${address}, ${online} of ${peers.length} peers online, tailscaled ${plainVersion(version ?? "")}`;
}

function samplesOf({ tailnet, version, keyExpiresAtMs }: TailscaleView): readonly Sample[] {
  const peers = "self" in tailnet ? tailnet.peers : [];
  const online = peers.filter(({ isOnline }) => isOnline).length;
  return [
    ...(version === undefined
      ? []
      : [{ kind: tailscaleMetrics.info, value: 1, labels: { version: plainVersion(version) } }]),
    { kind: tailscaleMetrics.ready, value: tailnet.kind === "ready" ? 1 : 0 },
    ...(keyExpiresAtMs === undefined ? [] : [{ kind: tailscaleMetrics.keyExpiry, value: keyExpiresAtMs / 1000 }]),
    { kind: tailscaleMetrics.peers, value: online, labels: { online: "true" } },
    { kind: tailscaleMetrics.peers, value: peers.length - online, labels: { online: "false" } },
  ];
}
