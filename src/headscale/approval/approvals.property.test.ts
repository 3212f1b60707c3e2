// The line that matters most: no sequence of calls of ours ever removes an approval we did not make.

import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { parsePodCIDRs } from "../../cidr/pod-cidrs.ts";
import { parsePrefix } from "../../cidr/prefix.ts";
import { fakeHttp } from "../../sys/net/testing.ts";
import { Secret } from "../../sys/secret.ts";
import { fakeClock, runs, seededRandom } from "../../sys/testing.ts";
import { generations } from "../generations.fixture.ts";
import { connectHeadscale, type HeadscaleApi } from "../headscale-api.ts";
import { createFakeHeadscale, type FakeNode, memoryState } from "../testing.ts";
import { approveDue } from "./approve-due.ts";

const blocks = ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24", "10.244.3.0/24"];
const foreign = ["192.168.1.0/24", "0.0.0.0/0", "::/0", "10.0.0.0/8", "10.244.0.0/16", "10.244.2.0/23", "10.7.7.7/24"];
const rules = {
  clusterCIDRs: parsePodCIDRs("10.244.0.0/16"),
  blockBits: { ipv4: 24, ipv6: 64 },
  nodeTags: ["tag:k8s-node"],
} as const;

const route = fc.constantFrom(...blocks, ...foreign);
const fakeNode = fc.record({
  tags: fc.constantFrom<string[]>([], ["tag:k8s-node"], ["tag:other"]),
  isOnline: fc.boolean(),
  available: fc.uniqueArray(route, { maxLength: 4 }),
  approved: fc.uniqueArray(route, { maxLength: 4 }),
});

type Act =
  | { readonly kind: "step"; readonly by: 0 | 1 }
  | { readonly kind: "withdraw"; readonly by: 0 | 1; readonly node: number; readonly route: string }
  /** Between two calls of ours: what others do. */
  | { readonly kind: "offer"; readonly node: number; readonly routes: readonly string[] }
  | { readonly kind: "operator"; readonly node: number; readonly route: string };

const by = fc.constantFrom<0 | 1>(0, 1);
const index = fc.nat({ max: 3 });
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant("step" as const), by }),
  fc.record({ kind: fc.constant("withdraw" as const), by, node: index, route: fc.constantFrom(...blocks) }),
  fc.record({ kind: fc.constant("offer" as const), node: index, routes: fc.uniqueArray(route, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant("operator" as const), node: index, route }),
);

test.each(generations)("approving removes nothing on $version, whatever happens between two calls", async (facts) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fakeNode, { minLength: 1, maxLength: 4 }),
      fc.array(act, { maxLength: 12 }),
      async (nodes, acts) => {
        const state = memoryState(
          ...nodes.map((node, at): FakeNode => ({ ...node, id: String(at + 1), name: `n${at + 1}` })),
        );
        const fake = createFakeHeadscale({ facts, state, keys: () => ["k"] });
        const sent: string[][] = [];
        const http = fakeHttp((request) => {
          const { routes } = (request.body ?? {}) as { routes?: string[] };
          if (routes !== undefined) sent.push(routes);
          return fake(request);
        });
        const system = { http, clock: fakeClock(), random: seededRandom(7) };
        const server = { url: "http://h", key: new Secret("k"), caFile: undefined };
        const apis = await Promise.all([connectHeadscale(system, server), connectHeadscale(system, server)]);
        const approvedBy = new Map<string, Set<string>>();
        for (const one of acts) await play(one, { state, apis, approvedBy, sent });
      },
    ),
    { numRuns: runs(60) },
  );
});

interface World {
  readonly state: ReturnType<typeof memoryState>;
  readonly apis: readonly HeadscaleApi[];
  /** What our calls have approved, by node. */
  readonly approvedBy: Map<string, Set<string>>;
  readonly sent: readonly string[][];
}

async function play(one: Act, { state, apis, approvedBy, sent }: World): Promise<void> {
  const { signal } = new AbortController();
  const nodes = state.nodes();
  const before = new Map(nodes.map(({ id, approved }) => [id, approved]));
  if (one.kind === "step") {
    const api = apis[one.by];
    if (api === undefined) return;
    await approveDue(api, { rules, nodes: await api.nodes(signal) }, signal);
    for (const { id, approved } of state.nodes()) {
      const had = before.get(id) ?? [];
      // Everything survives, and what came is a block of the cluster that the node offers.
      expect(had.filter((kept) => !approved.includes(kept) && !approvedBy.get(id)?.has(kept))).toEqual([]);
      const came = approved.filter((now) => !had.includes(now));
      expect(came.filter((now) => !blocks.includes(now))).toEqual([]);
      approvedBy.set(id, new Set([...(approvedBy.get(id) ?? []), ...came]));
    }
    expect(sent.filter((routes) => routes.length === 0)).toEqual([]);
    return;
  }
  const node = nodes[one.node % nodes.length];
  if (node === undefined) return;
  if (one.kind === "offer") state.put({ ...node, available: one.routes });
  if (one.kind === "operator") state.setApproved(node.id, [...new Set([...node.approved, one.route])]);
  if (one.kind !== "withdraw" || !node.approved.includes(one.route)) return;
  const api = apis[one.by];
  if (api === undefined) return;
  await api.withdraw(node.id, [parsePrefix(one.route)], signal);
  const left = state.nodes().find(({ id }) => id === node.id)?.approved;
  expect(left?.toSorted()).toEqual(node.approved.filter((other) => other !== one.route).toSorted());
  (sent as string[][]).length = 0;
}
