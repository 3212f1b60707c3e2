// Texts of megabytes, made to cost much: an answer soon, of bounded size.

import { describe, expect, test } from "bun:test";
import { encodeInspection, inspectBytes } from "./inspect/inspect.ts";
import { findings, inspectText, said, withinCpuTime } from "./testing.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const inspectInTime = (bytes: Uint8Array, limitMs: number) =>
  withinCpuTime(limitMs, () => inspectBytes("file", bytes, "a"));

describe("inspectBytes()", () => {
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
    ["variables", fill("CLUSTER_CIDR=10.1.0.0/16\nPOD_CIDR = '10.1.2.0/24'\n")],
    ["names without a value", fill(`${"a.".repeat(900)}=\n`)],
    ["flannel's networks", fill('"Network": "10.1.0.0/16",\n"Backend": 1,\n')],
    ["flannel lines", fill("FLANNEL_SUBNET=10.1.2.1/24\n")],
    ["quoted texts too far to the left", fill("a:\n  b: 'x\ny'\n")],
    ["brackets too far to the left", fill("a:\n  b: [\n1]\nc: d: e\n")],
    ["open brackets on lines", `a:\n  b:\n    c: ${fill("[\n")}`],
    ["colons", fill(`${"a: ".repeat(600)}\n`)],
    ["assignments", fill("A=10.1.0.0/16\nx $A --cluster-cidr=$A\n")],
    ["variables", `A=${"10.1.0.0/16,".repeat(16)}\n${fill(`${"$A ".repeat(400)}\n`)}`],
    ["words behind for", `A=1\n${fill(`${"for ".repeat(400)}\n`)}`],
    ["equal signs", `A=1\n${fill(`${"a=".repeat(800)}\n`)}`],
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

  test("reads strings of megabytes, with escapes and without", () => {
    for (const filler of ["y".repeat(5_000_000), '\\\\\\"'.repeat(1_000_000)]) {
      const text = `{"kind":"KubeletConfiguration","x":"${filler}","podCIDR":"10.244.5.0/24"}`;
      expect(said(text)).toEqual({ node: ["10.244.5.0/24"] });
    }
  });

  test.each([
    ["documents", "---\na: 1\n"],
    ["JSON values", '{"a": 1}\n'],
    ["comments", "#\n"],
    ["findings", "cluster-cidr: 10.1.0.0/16\n"],
  ])("bounds what five megabytes of %s cost", (_, line) => {
    const text = line.repeat(Math.floor(5_000_000 / line.length));
    const inspection = withinCpuTime(10_000, () => inspectText(text));
    expect(inspection.warnings.some(({ reason }) => /too l|more than 1000 values/.test(reason))).toBe(true);
    expect(inspection.findings.length).toBeLessThanOrEqual(1000);
  });

  test("splits a huge list at its items and keeps their lines", () => {
    const filler = Array.from({ length: 60 }, (_, index) => `    - names: [image-${index}-${"x".repeat(90)}]\n`).join(
      "",
    );
    const item = (index: number): string =>
      `- apiVersion: v1\n  kind: Node\n  metadata:\n    name: n${index}\n  spec:\n    podCIDR: 10.${index >> 8}.${index & 255}.0/24\n  status:\n    images:\n${filler}`;
    const text = `apiVersion: v1\nitems:\n${Array.from({ length: 720 }, (_, index) => item(index)).join("")}kind: List\nmetadata: {}\n`;
    expect(text.length).toBeGreaterThan(5_000_000);
    expect(findings(text, "n699")).toEqual([`${2 + 699 * 68 + 6} node 10.2.187.0/24`]);
  }, 20_000);
});
