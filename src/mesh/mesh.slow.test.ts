import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { TailnetPeer } from "../tailnet/tailnet.ts";
import { buildMesh, type Mesh, type MeshInput } from "./mesh.ts";
import { inputOf, offline, peerOf } from "./testing.ts";

/** Routes that often meet: of the cluster, of two lengths around and within blocks, and what is none of the cluster's. */
const routes = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 9 }).map((third) => `10.244.${third}.0/24`) },
  fc.constantFrom("10.244.1.128/25", "10.244.3.64/26", "10.244.2.0/23", "10.244.0.0/20", "10.244.0.0/16", "10.0.0.0/8"),
  fc.constantFrom("192.168.1.0/24", "172.16.9.0/24", "0.0.0.0/0", "198.51.100.0/24", "100.64.9.0/24"),
  fc.integer({ min: 0, max: 9 }).map((number) => `fd00:10:244:${number}::/64`),
  fc.constantFrom("fd00:10:244::/60", "fd00:10:244:1:8000::/65", "::/0"),
);

const peers: fc.Arbitrary<TailnetPeer[]> = fc
  .uniqueArray(
    fc.record({
      number: fc.integer({ min: 2, max: 12 }),
      name: fc.constantFrom("a", "b", "n"),
      served: fc.array(routes, { maxLength: 3 }),
      isOnline: fc.boolean(),
      isTagged: fc.boolean(),
    }),
    { maxLength: 8, selector: ({ number }) => number },
  )
  .map((list) =>
    list.map(({ number, name, served, isOnline, isTagged }) => {
      const parts = { id: String(number), tags: isTagged ? ["tag:k8s"] : [] };
      return isOnline ? peerOf(name, served.join(" "), parts) : offline(name, parts);
    }),
  );

const cases = fc.record({
  own: fc.constantFrom("10.244.1.0/24", "10.244.1.0/24,fd00:10:244:1::/64", "fd00:10:244:1::/64"),
  cluster: fc.constantFrom("", "10.244.0.0/16", "10.244.0.0/16 fd00:10:244::/48"),
  tags: fc.constantFrom([], ["tag:k8s"]),
});

const inputs: fc.Arbitrary<MeshInput> = fc
  .tuple(peers, peers, cases)
  .map(([before, now, parts]) => inputOf(now, { ...parts, previous: buildMesh(inputOf(before, parts)).nodes }));

const asText = (mesh: Mesh): string => JSON.stringify(mesh);

function holds(predicate: (input: MeshInput, mesh: Mesh) => void): void {
  fc.assert(
    fc.property(inputs, (input) => predicate(input, buildMesh(input))),
    { numRuns: 1000 },
  );
}

describe("buildMesh()", () => {
  test("gives PodCIDRs that are apart from each other and from ours, in order", () => {
    holds(({ own }, { podCIDRs }) => {
      for (const [at, podCIDR] of podCIDRs.entries()) {
        expect(own.overlaps(podCIDR)).toBe(false);
        for (const later of podCIDRs.slice(at + 1)) {
          expect(podCIDR.overlaps(later)).toBe(false);
          expect(podCIDR.compare(later)).toBeLessThan(0);
        }
      }
    });
  });

  test("gives each node's PodCIDRs that are not ours", () => {
    holds(({ own }, { nodes, podCIDRs }) => {
      for (const podCIDR of nodes.slice(1).flatMap((node) => node.podCIDRs)) {
        const isThere = podCIDRs.some((given) => given.contains(podCIDR));
        expect(isThere).toBe(!own.overlaps(podCIDR) || isThere);
      }
    });
  });

  test("does not depend on the order of peers or of what was before", () => {
    holds((input, mesh) => {
      const { tailnet, previous } = input;
      const turned = { ...tailnet, peers: tailnet.peers.toReversed() };
      expect(asText(buildMesh({ ...input, tailnet: turned, previous: previous.toReversed() }))).toBe(asText(mesh));
    });
  });

  test("gives the same again for what it gave", () => {
    holds((input, mesh) => {
      expect(asText(buildMesh({ ...input, previous: mesh.nodes }))).toBe(asText(mesh));
    });
  });

  test("gives each name once, this node first, and no node that is no peer", () => {
    holds(({ tailnet }, { nodes }) => {
      expect(new Set(nodes.map(({ name }) => name)).size).toBe(nodes.length);
      expect(nodes.map(({ isSelf }) => isSelf)).toEqual(nodes.map((_node, at) => at === 0));
      const ids = new Set(tailnet.peers.map(({ id }) => id));
      expect(nodes.slice(1).every(({ id }) => ids.has(id))).toBe(true);
    });
  });

  test("finds nothing in the way exactly when nothing is", () => {
    holds(({ own, tailnet }, { nodes, conflicts }) => {
      const served = tailnet.peers.flatMap(({ id, primaryRoutes }) =>
        primaryRoutes.filter(({ bits }) => bits > 0).map((route) => ({ id, route })),
      );
      const ours = served.filter(({ route }) => own.overlaps(route));
      const isPodCIDR = ({ id, route }: (typeof served)[number]): boolean =>
        nodes.some((node) => node.id === id && node.podCIDRs.some((podCIDR) => podCIDR.equals(route)));
      const others = served.filter((inner) =>
        served.some(
          (outer) =>
            outer.id !== inner.id &&
            outer.route.overlaps(inner.route) &&
            !own.overlaps(outer.route) &&
            !own.overlaps(inner.route) &&
            (isPodCIDR(outer) || isPodCIDR(inner)),
        ),
      );
      const count = (isOurs: boolean): number =>
        conflicts.filter(({ kind }) => kind !== "tailnet-range" && (kind !== "others") === isOurs).length;
      expect(count(true) > 0).toBe(ours.length > 0);
      expect(count(false) > 0).toBe(others.length > 0);
    });
  });

  test("forgets no node that only went offline, unless its block is another's", () => {
    fc.assert(
      fc.property(peers, cases, (before, parts) => {
        const mesh = buildMesh(inputOf(before, parts));
        const away = before.map((peer) => ({ ...peer, isOnline: false, primaryRoutes: [] }));
        const after = buildMesh(inputOf(away, { ...parts, previous: mesh.nodes }));
        const { own } = inputOf([], parts);
        const kept = mesh.nodes.filter(({ podCIDRs }) => podCIDRs.some((podCIDR) => !own.overlaps(podCIDR)));
        for (const { id } of kept) {
          if (id !== "1") expect(after.nodes.map((node) => node.id)).toContain(id);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("finds each of a thousand peers", () => {
    const many = Array.from({ length: 1000 }, (_, at) =>
      peerOf(`n${at}`, `10.${Math.floor(at / 256)}.${at % 256}.0/24`, { id: String(at) }),
    );
    const input = inputOf(many, { cluster: "10.0.0.0/8", own: "10.9.9.0/24" });
    const found = new Map(buildMesh(input).nodes.map(({ id, podCIDRs }) => [id, podCIDRs.join()]));
    expect(many.map(({ id }) => found.get(id))).toEqual(many.map(({ primaryRoutes }) => primaryRoutes.join()));
  });
});
