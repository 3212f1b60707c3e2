import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { TailnetPeer } from "../tailnet/tailnet.ts";
import { buildMesh, type Mesh } from "./mesh.ts";
import { inputOf, offline, peerOf } from "./testing.ts";
import { keepUnchanged, keepUnchangedPeers } from "./unchanged.ts";

const peer: fc.Arbitrary<(number: number) => TailnetPeer> = fc.oneof(
  fc.constant((number: number) => peerOf(`n${number}`, `10.244.${number}.0/24`)),
  fc.constant((number: number) => peerOf(`n${number}`, `10.244.${number}.0/24,10.244.1.128/25`)),
  fc.constant((number: number) => peerOf(`m${number}`, `10.244.${number}.0/24`)),
  fc.constant((number: number) => offline(`n${number}`)),
  fc.constant((number: number) => peerOf(`n${number}`, "", { advertisedRoutes: [] })),
  fc.constantFrom("192.0.2.1:41641", "192.0.2.2:41641").map((endpoint) => (number: number) => {
    return peerOf(`n${number}`, `10.244.${number}.0/24`, { path: { kind: "direct", endpoint } });
  }),
);
const peers = fc.array(peer, { maxLength: 4 }).map((makers) => makers.map((make, at) => make(at + 2)));
const meshes = fc.tuple(peers, peers).map(([before, now]) => {
  const first = buildMesh(inputOf(before));
  return [first, buildMesh(inputOf(now, { previous: first.nodes }))] as const;
});

describe("keepUnchanged()", () => {
  test("says what the next mesh says, and is the one before where both say the same", () => {
    fc.assert(
      fc.property(meshes, ([before, next]) => {
        const kept = keepUnchanged(before, next);
        expect(JSON.stringify(kept)).toBe(JSON.stringify(next));
        expect(kept === before).toBe(JSON.stringify(before) === JSON.stringify(next));
      }),
    );
  });

  test("keeps each node that is as it was", () => {
    fc.assert(
      fc.property(meshes, ([before, next]) => {
        const texts = new Map(before.nodes.map((node) => [JSON.stringify(node), node]));
        for (const node of keepUnchanged(before, next).nodes) {
          const last = texts.get(JSON.stringify(node));
          if (last !== undefined) expect(node).toBe(last);
        }
      }),
    );
  });
});

describe("keepUnchangedPeers()", () => {
  /** What the kernel's rules need of a mesh, by another way. */
  const textOf = ({ nodes, podCIDRs }: Mesh): string =>
    JSON.stringify([
      podCIDRs,
      nodes.flatMap((node) => (!node.isSelf && node.isServing ? [[node.podCIDRs, node.addresses]] : [])),
    ]);

  test("is the one before where the kernel's rules would be the same", () => {
    fc.assert(
      fc.property(meshes, ([before, next]) => {
        const peersBefore = keepUnchangedPeers(undefined, before);
        expect(keepUnchangedPeers(peersBefore, next) === peersBefore).toBe(textOf(before) === textOf(next));
      }),
    );
  });
});
