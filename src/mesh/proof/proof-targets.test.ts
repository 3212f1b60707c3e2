import { expect, test } from "bun:test";
import fc from "fast-check";
import { parsePodCIDRs } from "../../cidr/pod-cidrs.ts";
import { buildMesh } from "../mesh.ts";
import { inputOf, offline, peerOf } from "../testing.ts";
import { keepUnchanged } from "../unchanged.ts";
import { createProofTargets, proofTargets } from "./proof-targets.ts";

const peer = fc.constantFrom(
  (at: number) => peerOf(`n${at}`, `10.244.${at}.0/24`),
  (at: number) => peerOf(`n${at}`, `10.244.${at}.0/24`, { path: { kind: "direct", endpoint: "192.0.2.1:1" } }),
  (at: number) => peerOf(`n${at}`),
  (at: number) => offline(`n${at}`),
);
const looks = fc.array(
  fc.tuple(fc.array(peer, { maxLength: 4 }), fc.constantFrom("10.244.1.0/24", "10.244.9.0/24,fd00:9::/64")),
  { minLength: 2, maxLength: 6 },
);

test("createProofTargets() gives those of the nodes and PodCIDRs of now, whatever it was asked before", () => {
  fc.assert(
    fc.property(looks, (steps) => {
      const targetsOf = createProofTargets();
      let mesh = buildMesh(inputOf([]));
      let own = parsePodCIDRs("10.244.1.0/24");
      for (const [makers, podCIDRs] of steps) {
        if (own.toString() !== parsePodCIDRs(podCIDRs).toString()) own = parsePodCIDRs(podCIDRs);
        const peers = makers.map((make, at) => make(at + 2));
        mesh = keepUnchanged(mesh, buildMesh(inputOf(peers, { own: podCIDRs, previous: mesh.nodes })));
        const expected = proofTargets(mesh.nodes, own);
        expect(JSON.stringify([...targetsOf(mesh.nodes, own)])).toBe(
          JSON.stringify(expected.map((target) => [target.id, target])),
        );
      }
    }),
  );
});

test("createProofTargets() keeps the target of a node that is as it was", () => {
  const targetsOf = createProofTargets();
  const own = parsePodCIDRs("10.244.1.0/24");
  const first = buildMesh(inputOf([peerOf("n2", "10.244.2.0/24"), peerOf("n3", "10.244.3.0/24")]));
  const next = keepUnchanged(first, buildMesh(inputOf([peerOf("n2", "10.244.2.0/24"), offline("n3")])));
  const [before, after] = [targetsOf(first.nodes, own), targetsOf(next.nodes, own)];
  expect([...after.keys()]).toEqual(["2"]);
  expect(after.get("2")).toBe(before.get("2"));
});
