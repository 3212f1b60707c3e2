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

  const mebibyte = 1 << 20;
  const fill = (piece: string, size = 5 * mebibyte): string => piece.repeat(Math.ceil(size / piece.length));
  test.each<[string, string]>([
    ["brackets", fill("[")],
    ["closing brackets", fill("]")],
    ["braces and keys", fill("{a: ")],
    ["JSON brackets that close", `${"[".repeat(2_000_000)}${"]".repeat(2_000_000)}`],
    ["quotes", fill('"')],
    ["single-quoted words", fill("'a' ")],
    ["dashes", fill("- ")],
    ["question marks", fill("? ")],
    ["anchors", fill("&a ")],
    ["aliases", `a: &a 1\n${fill("- *a\n")}`],
    ["documents", fill("---\n")],
    ["document texts", fill("---\na: b\n")],
    ["flags", fill("- --cluster-cidr=10.1.0.0/16\n")],
    ["one line", fill("podCIDR: 10.1.2.0/24 ")],
    ["a template's lines", fill("{{- if .Values.x }}\na: {{ .b | c }}\n{{- end }}\n")],
    ["zero bytes", `${fill("\0")}a`],
    ["spaces", `${fill(" ")}a`],
    ["bad indentation", fill("a: 1\n  b: 2\n")],
    ["backslashes", `podCIDR: "${fill("\\")}"`],
    ["commas", `podCIDR: ${fill(",")}`],
    ["flannel lines", fill("FLANNEL_SUBNET=10.1.2.1/24\n")],
  ])(
    "ends soon on 5 MiB of %s",
    (_, text) => {
      const inspection = inspectInTime(encode(text), 15_000);
      expect(JSON.stringify(encodeInspection(inspection)).length).toBeLessThan(2 * mebibyte);
    },
    30_000,
  );

  test("stands aliases that nest what the text does not", () => {
    const chain = Array.from(
      { length: 20_000 },
      (_, index) => `a${index}: &a${index} [${index === 0 ? "x" : `*a${index - 1}`}]`,
    );
    const text = `${chain.join("\n")}\npodCIDR: 10.1.2.0/24\n`;
    expect(inspectInTime(encode(text), 10_000).findings).toHaveLength(1);
    const map = `apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n${chain.map((line) => `    ${line}\n`).join("")}`;
    inspectInTime(encode(map), 10_000);
  });

  test("does not read a document again for each alias to it", () => {
    const inner = "kind: ClusterConfiguration\\nnetworking: {podSubnet: 10.1.0.0/16}\\n".repeat(200);
    const entries = Array.from({ length: 5000 }, (_, index) => `  k${index}: *big\n`).join("");
    const text = `x: &big "${inner}"\napiVersion: v1\nkind: ConfigMap\ndata:\n${entries}`;
    inspectInTime(encode(text), 15_000);
    const list = Array.from({ length: 30 }, (_, level) => {
      const items =
        level === 0
          ? "{kind: Node}"
          : Array(8)
              .fill(`*l${level - 1}`)
              .join(", ");
      return `l${level}: &l${level} {kind: List, items: [${items}]}`;
    });
    inspectInTime(encode(`${list.join("\n")}\nkind: List\nitems: [*l29]\n`), 2000);
  }, 30_000);
});
