import { describe, expect, test } from "bun:test";
import type { MeshDocument } from "../mesh/document.ts";
import { decodeMesh } from "../mesh/document-schema.ts";
import type { JsonObject } from "../sys/json.ts";
import { meshTables } from "./mesh-command.ts";

const statusOf = (status: JsonObject) => ({ agents: { mesh: { lastReconcile: null, summary: {}, status } } });
const node = {
  podCIDRs: ["10.244.1.0/24"],
  waitingPodCIDRs: [],
  tailnetAddresses: ["100.64.0.1", "fd7a:115c:a1e0::1"],
  online: true,
  relay: null,
  rttSeconds: null,
  since: "2026-01-01T00:00:00.000Z",
} as const;
const mesh: MeshDocument = {
  nodes: [
    { ...node, name: "n1", self: true, path: "unknown", route: "live" },
    { ...node, name: "n2", self: false, path: "relay", relay: "fra", route: "live", rttSeconds: 0.0312 },
    { ...node, name: "n3", self: false, path: "unknown", route: "unknown", online: false, podCIDRs: [] },
  ],
  conflicts: [{ kind: "supernet", podCIDR: "10.244.1.0/24", node: "n1", route: "10.0.0.0/8", servedBy: "corp" }],
};

describe("meshTables()", () => {
  test("shows nodes and what clashes", async () => {
    expect(await meshTables(mesh, statusOf({ staleBecause: null }))).toBe(
      [
        "NODE  PODCIDRS       ADDRESS     PATH       RTT      ROUTE    SINCE",
        "n1    10.244.1.0/24  100.64.0.1  this node  -        live     2026-01-01T00:00:00.000Z",
        "n2    10.244.1.0/24  100.64.0.1  relay fra  31.2 ms  live     2026-01-01T00:00:00.000Z",
        "n3    -              100.64.0.1  offline    -        unknown  2026-01-01T00:00:00.000Z",
        "",
        "CONFLICT  PODCIDR        OF NODE  ROUTE       SERVED BY",
        "supernet  10.244.1.0/24  n1       10.0.0.0/8  corp",
        "",
      ].join("\n"),
    );
  });

  test("says that it is the last known, and why", async () => {
    const text = await meshTables(mesh, statusOf({ staleBecause: "tailscaled is stopped" }));
    expect(text).toStartWith("This is what was known last: tailscaled is stopped\n\nNODE ");
  });

  test("says why there is none", async () => {
    const empty: MeshDocument = { nodes: [], conflicts: [] };
    expect(await meshTables(empty, statusOf({ staleBecause: "there is no socket" }))).toBe(
      "No node is known yet: there is no socket\n",
    );
    expect(await meshTables(empty, statusOf({}))).toBe("No node is known yet: the daemon has not seen a tailnet\n");
  });
});

describe("decodeMesh()", () => {
  test("takes what /status has, without what goes beside it", () => {
    expect(decodeMesh({ ...mesh, staleBecause: null })).toEqual(mesh);
  });

  test.each([
    [undefined],
    [{}],
    [{ nodes: [] }],
    [{ nodes: [{ name: "n1" }], conflicts: [] }],
    [{ nodes: [{ ...mesh.nodes[0], route: "fine" }], conflicts: [] }],
  ])("refuses %j", (json) => {
    expect(decodeMesh(json)).toBeUndefined();
  });
});
