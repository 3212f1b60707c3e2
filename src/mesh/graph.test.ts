import { describe, expect, test } from "bun:test";
import type { MeshDocument, MeshNodeDocument } from "./document.ts";
import { pathWords, toDot, toMermaid } from "./graph.ts";

const node = (name: string, parts: Partial<MeshNodeDocument> = {}): MeshNodeDocument => ({
  name,
  self: false,
  podCIDRs: [`10.244.${name.slice(1)}.0/24`],
  waitingPodCIDRs: [],
  tailnetAddresses: [`100.64.0.${name.slice(1)}`],
  online: true,
  path: "direct",
  relay: null,
  rttSeconds: 0.0008,
  route: "live",
  since: "2026-01-01T00:00:00.000Z",
  ...parts,
});

const mesh: MeshDocument = {
  nodes: [
    node("n1", { self: true, path: "unknown", rttSeconds: null }),
    node("n2"),
    node('n3 "x"', { podCIDRs: [], path: "relay", relay: "fra", route: "silent", rttSeconds: null }),
    node("n4", { online: false, path: "unknown", route: "unknown", rttSeconds: null }),
  ],
  conflicts: [
    { kind: "supernet", podCIDR: "10.244.1.0/24", node: "n1", route: "10.0.0.0/8", servedBy: "corp" },
    { kind: "tailnet-range", podCIDR: "100.64.9.0/24", node: "n2", route: "100.64.0.0/10", servedBy: null },
  ],
};

test("toDot() draws what this node reaches, and how", () => {
  expect(toDot(mesh)).toBe(`graph headcni {
  node [shape=box];
  "n1" [label="n1\\n10.244.1.0/24"];
  "n2" [label="n2\\n10.244.2.0/24"];
  "n3 \\"x\\"" [label="n3 \\"x\\""];
  "n4" [label="n4\\n10.244.4.0/24", style=dashed];
  "n1" -- "n2" [label="direct, 0.8 ms, live"];
  "n1" -- "n3 \\"x\\"" [label="relay fra, silent", style=dashed];
  "n1" -- "n4" [label="offline", style=dashed];
  "n1" -- "corp" [label="supernet: 10.244.1.0/24 and 10.0.0.0/8", color=red, constraint=false];
  "n2" -- "the tailnet" [label="tailnet-range: 100.64.9.0/24 and 100.64.0.0/10", color=red, constraint=false];
}
`);
});

test("toMermaid() draws the same", () => {
  expect(toMermaid(mesh)).toBe(`graph LR
  n0["n1<br/>10.244.1.0/24"]
  n1["n2<br/>10.244.2.0/24"]
  n2["n3 #quot;x#quot;"]
  n3["n4<br/>10.244.4.0/24"]
  x0(["corp"])
  x1(["the tailnet"])
  n0 ---|"direct, 0.8 ms, live"| n1
  n0 -.-|"relay fra, silent"| n2
  n0 -.-|"offline"| n3
  n0 x--x|"supernet: 10.244.1.0/24 and 10.0.0.0/8"| x0
  n1 x--x|"tailnet-range: 100.64.9.0/24 and 100.64.0.0/10"| x1
`);
});

describe("an empty mesh", () => {
  test("is an empty picture", () => {
    const empty: MeshDocument = { nodes: [], conflicts: [] };
    expect(toDot(empty)).toBe("graph headcni {\n  node [shape=box];\n}\n");
    expect(toMermaid(empty)).toBe("graph LR\n");
  });
});

test.each([
  [{}, "direct"],
  [{ path: "relay", relay: "fra" }, "relay fra"],
  [{ path: "relay", relay: null }, "relay"],
  [{ path: "unknown" }, "idle"],
  [{ online: false }, "offline"],
] as const)("pathWords(%j) is %s", (parts, words) => {
  expect(pathWords(node("n2", parts))).toBe(words);
});
