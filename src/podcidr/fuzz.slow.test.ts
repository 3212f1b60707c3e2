// Whatever lies where a source should be: an answer, soon, of bounded size, without an exception. fast-check prints
// the seed of a failure.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ClassifiedFile } from "./classify.ts";
import { encodeInspection, inspectBytes } from "./inspect/inspect.ts";
import { withinCpuTime } from "./testing.ts";

const seeds: readonly string[] = [
  "apiVersion: v1\nkind: Node\nmetadata: {name: a}\nspec:\n  podCIDR: 10.244.1.0/24\n  podCIDRs: [10.244.1.0/24, 'fd00::/64']\n",
  "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command: [sh, -c, 'x --cluster-cidr=10.1.0.0/16 \\\n 2>&1']\n    args:\n    - |\n      # no\n      --service-cluster-ip-range=10.2.0.0/16\n",
  'apiVersion: v1\nkind: ConfigMap\ndata:\n  ClusterConfiguration: |\n    kind: ClusterConfiguration\n    networking:\n      podSubnet: "10.1.0.0/16"\n  net-conf.json: "{\\"Network\\": \\"10.2.0.0/16\\", \\"Backend\\": {}}"\n',
  '{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"bridge","ipam":{"type":"host-local","ranges":[[{"subnet":"10.1.2.0/24"}]]}}]}',
  "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.3.1/24\n",
  "base: &b {cluster-cidr: [10.42.0.0/16], kube-controller-manager-arg: [node-cidr-mask-size=24]}\n<<: *b\nservice-cidr: *b\n---\npodCIDR: 10.42.1.0/24\n...\n",
  "{{- if .Values.x }}\nspec:\n\t- --cluster-cidr=10.9.0.0/16\n{{ end }}\npodCIDR: 10.1.2.0/24\n",
];

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const seedBytes = fc.constantFrom(...seeds).map(encode);
const snippets = fc.constantFrom(
  ..."\n\t \0'\"[]{}&*#|>-:,%@`!?\\\r\ufeff".split(""),
  "\n---\n",
  "<<: *b\n",
  "&b ",
  "--cluster-cidr",
  "podCIDR: ",
  "kind: Node\n",
  "FLANNEL_SUBNET=",
  "{{ x }}",
  "10.0.0.0/8",
  "!!binary ",
  "? ",
  "- - - ",
);

/** A seed with pieces put in, left out or overwritten. */
const mutated = fc
  .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.nat(6), snippets), { minLength: 1, maxLength: 6 }))
  .map(([seed, edits]) =>
    encode(
      edits.reduce((text, [where, gone, piece]) => {
        const at = where % (text.length + 1);
        return text.slice(0, at) + piece + text.slice(at + gone);
      }, seed),
    ),
  );
const truncated = fc.tuple(seedBytes, fc.nat()).map(([bytes, at]) => bytes.slice(0, at % (bytes.length + 1)));
const joined = fc.tuple(mutated, truncated).map(([a, b]) => new Uint8Array([...a, ...b]));

function inspectInTime(bytes: Uint8Array, limitMs: number): ClassifiedFile {
  return withinCpuTime(limitMs, () => inspectBytes("file", bytes, "a"));
}

function expectSound(bytes: Uint8Array): void {
  const inspection = inspectInTime(bytes, 1000);
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\r|\n/).length;
  for (const { line, value, meaning } of inspection.findings) {
    expect(line).toBeGreaterThanOrEqual(1);
    // UTF-16 by accident has other lines than its bytes read as UTF-8.
    if (!bytes.includes(0)) expect(line).toBeLessThanOrEqual(lines);
    const list = { node: inspection.nodeCIDRs, cluster: inspection.clusterCIDRs, service: inspection.serviceCIDRs };
    if (meaning !== "mask") expect(list[meaning].map(String)).toContain(value);
  }
  for (const prefix of inspection.nodeCIDRs) expect(prefix.hasHostBits).toBe(false);
  expect(JSON.stringify(encodeInspection(inspection)).length).toBeLessThan(bytes.length * 40 + 10_000);
}

describe("inspectBytes()", () => {
  test.each<[string, fc.Arbitrary<Uint8Array>]>([
    ["random bytes", fc.uint8Array({ maxLength: 400 })],
    ["YAML's own characters", fc.string({ unit: snippets, maxLength: 60 }).map(encode)],
    ["fixtures with pieces changed", mutated],
    ["fixtures cut off", truncated],
    ["a changed fixture and a cut one", joined],
  ])("answers for %s", (_, bytes) => {
    fc.assert(fc.property(bytes, expectSound), { numRuns: 400 });
  });
});
