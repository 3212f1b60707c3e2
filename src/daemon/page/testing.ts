// Documents of /status for the page's tests.

import type { MeshDocument, MeshNodeDocument } from "../../mesh/document.ts";
import type { StatusDocument } from "../status.ts";

export function meshNode(name: string, node: Partial<MeshNodeDocument> = {}): MeshNodeDocument {
  return {
    name,
    self: false,
    podCIDRs: ["10.244.2.0/24"],
    waitingPodCIDRs: [],
    tailnetAddresses: ["100.64.0.2"],
    online: true,
    path: "direct",
    relay: null,
    rttSeconds: 0.0012,
    route: "live",
    since: "2026-01-01T00:00:00.000Z",
    ...node,
  };
}

export const selfNode = meshNode("node-1", {
  self: true,
  podCIDRs: ["10.244.1.0/24"],
  path: "unknown",
  rttSeconds: null,
});

export interface StatusOptions extends Partial<Omit<StatusDocument, "agents">> {
  readonly mesh?: MeshDocument;
  readonly staleBecause?: string;
}

export function statusOf({ mesh, staleBecause, ...status }: StatusOptions = {}): StatusDocument {
  const document = { ...(mesh ?? { nodes: [], conflicts: [] }), staleBecause: staleBecause ?? null };
  return {
    version: "0.1.0",
    commit: "abc",
    pid: 42,
    startedAt: "2026-01-01T00:00:00.000Z",
    uptimeSeconds: 5,
    ready: true,
    notReady: [],
    nodeName: "node-1",
    agents: {
      node: { lastReconcile: null, summary: { podCIDR: "10.244.1.0/24" }, status: {} },
      mesh: { lastReconcile: null, summary: { mesh: "2 nodes" }, status: document },
    },
    conditions: [],
    ...status,
  };
}
