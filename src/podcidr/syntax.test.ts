import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { runs } from "../sys/testing.ts";
import { findings, inspectText, said, warnings } from "./testing.ts";
import { decodeText } from "./text/decode.ts";
import { splitDocuments } from "./text/documents.ts";
import { parseJsonTree } from "./text/json-tree.ts";
import { at, child, itemsOf, type Tree } from "./text/tree.ts";
import { parseYamlTrees } from "./text/yaml-tree.ts";

const kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\npodCIDR: 10.244.3.0/24\n";
const theirs = { node: ["10.244.3.0/24"] };

function utf16(text: string, options: { bigEndian?: boolean; mark?: boolean } = {}): Uint8Array {
  const little = new Uint8Array(Buffer.from(`${options.mark === true ? "\ufeff" : ""}${text}`, "utf16le"));
  return options.bigEndian === true ? new Uint8Array(Buffer.from(little).swap16()) : little;
}

/** A tree as plain data, every scalar as its text. */
function plain(tree: Tree): unknown {
  if (tree.kind === "scalar") return tree.text ?? null;
  if (tree.kind === "list") return tree.items.map(plain);
  return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plain(value)]));
}

describe("decoding", () => {
  test.each<[string, Uint8Array | string]>([
    ["UTF-8 with a byte order mark", `\ufeff${kubelet}`],
    ["CRLF", kubelet.replaceAll("\n", "\r\n")],
    ["CR alone", kubelet.replaceAll("\n", "\r")],
    ["no final newline", kubelet.trimEnd()],
    ["UTF-16 LE with a mark", utf16(kubelet, { mark: true })],
    ["UTF-16 BE with a mark", utf16(kubelet, { mark: true, bigEndian: true })],
    ["UTF-16 LE without a mark", utf16(kubelet)],
    ["UTF-16 BE without a mark", utf16(kubelet, { bigEndian: true })],
    ["UTF-16 LE with CRLF", utf16(kubelet.replaceAll("\n", "\r\n"), { mark: true })],
    ["zero bytes at the end", `${kubelet}${"\0".repeat(512)}`],
    ["non-ASCII", `# Knoten für Köln — 节点\n${kubelet}x: "é"\n`],
    [
      "bytes that are no UTF-8",
      new Uint8Array([...new TextEncoder().encode(`# `), 0xff, 0xe9, 10, ...new TextEncoder().encode(kubelet)]),
    ],
    ["trailing blanks and tabs", kubelet.replaceAll("\n", " \t\n")],
    ["a document start and end", `---\n${kubelet}...\n`],
    ["a YAML directive", `%YAML 1.1\n---\n${kubelet}`],
  ])("reads through %s", (_, text) => {
    expect(said(text)).toEqual(theirs);
  });

  test("keeps line numbers", () => {
    for (const text of [
      kubelet.replaceAll("\n", "\r\n"),
      utf16(kubelet, { mark: true }),
      kubelet.replaceAll("\n", "\r"),
    ]) {
      expect(findings(text)).toEqual(["3 node 10.244.3.0/24"]);
    }
  });

  test.each<[string, Uint8Array | string, string]>([
    ["nothing", "", "empty"],
    ["blanks", " \n\t\n", "empty"],
    ["zero bytes only", "\0".repeat(4096), "empty"],
    ["comments only", "# podCIDR: 10.1.2.0/24\n", "empty"],
    [
      "a program",
      new Uint8Array([0x7f, 0x45, 0x4c, 0x46, ...Array.from({ length: 900 }, (_, index) => index % 7)]),
      "binary",
    ],
    ["prose", "The quick brown fox.\nJumps.\n", "text"],
    ["a number", "42\n", "text"],
    ["a list", "- a\n- b\n", "unknown"],
  ])("says what %s is", (_, text, kind) => {
    expect(inspectText(text).kind).toBe(kind);
    expect(said(text)).toEqual({});
  });

  test("says what it repaired", () => {
    expect(decodeText(utf16(kubelet)).repairs).toEqual(["is UTF-16LE: Kubernetes itself reads UTF-8 only"]);
    expect(warnings(`${kubelet}\0`)).toEqual(["- -: ends with zero bytes, as after a power loss"]);
  });
});

describe("parseJsonTree()", () => {
  test("reads what JSON.parse reads, and nothing else", () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(4), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), null, indent);
        const [tree] = parseJsonTree(text) ?? [];
        const texts = JSON.parse(text, (_, value: unknown) =>
          typeof value === "number" || typeof value === "boolean" ? String(value) : value,
        ) as unknown;
        expect(tree === undefined ? undefined : plain(tree)).toEqual(texts);
      }),
      { numRuns: runs(500) },
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]:,"\\ \n01-.eEtruefalsn'), maxLength: 14 }), (text) => {
        const isJson = (() => {
          try {
            JSON.parse(text);
            return true;
          } catch {
            return false;
          }
        })();
        if (isJson) expect(parseJsonTree(text)).toBeDefined();
        else expect(parseJsonTree(text)?.length ?? 2).toBeGreaterThan(1);
      }),
      { numRuns: runs(3000) },
    );
  });

  test("knows the line of each value", () => {
    const [tree] = parseJsonTree('{\n "a":\n  [1,\n   {"b": "x\\ny"}]\n}') ?? [];
    const list = child(tree, "a");
    expect(list?.line).toBe(3);
    expect(child(itemsOf(list)[1], "b")).toEqual({ kind: "scalar", line: 4, text: "x\ny" });
  });
});

describe("parseYamlTrees()", () => {
  test("shares what an alias names instead of copying it", () => {
    const bomb = Array.from({ length: 30 }, (_, level) => {
      const inner = level === 0 ? "x" : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array(10).fill(inner).join(", ")}]`;
    }).join("\n");
    const [document] = parseYamlTrees(bomb);
    const top = child(document?.tree, "a29");
    expect(itemsOf(top)).toHaveLength(10);
    expect(itemsOf(top)[0]).toBe(itemsOf(top)[9] as Tree);
    expect(said(`${bomb}\npodCIDR: 10.1.2.0/24\n`)).toEqual({ node: ["10.1.2.0/24"] });
  });

  test("takes an alias to its own container, and to nothing, for nothing", () => {
    for (const text of ["podCIDR: &a [*a]\n", "podCIDR: *nobody\n"]) expect(said(text)).toEqual({});
  });

  test("lets the last of a repeated key count, and the first of several merged maps", () => {
    expect(said("podCIDR: 10.1.1.0/24\npodCIDR: 10.1.2.0/24\n")).toEqual({ node: ["10.1.2.0/24"] });
    const text = "a: &a {k: 1}\nb: &b {k: 2, l: 3}\nc:\n  <<: [*a, *b]\n";
    const [document] = parseYamlTrees(text);
    expect(at(document?.tree, "c", "k")).toMatchObject({ text: "1" });
    expect(at(document?.tree, "c", "l")).toMatchObject({ text: "3" });
  });

  test("says where a document is broken and still reads the others", () => {
    const text = `${kubelet}---\na: [1,\n---\nb: 2\n`;
    expect(splitDocuments(text).map(({ line, why }) => [line, why])).toEqual([
      [1, undefined],
      [4, "is not valid YAML at line 6"],
      [6, undefined],
    ]);
    expect(said(text)).toEqual(theirs);
  });

  test("counts lines through comments inside plain text", () => {
    const text = "a\n# c\nb\n  k: 1\n---\nnetworking:\n  podSubnet: 10.1.0.0/16\n";
    expect(findings(text)).toEqual(["7 cluster 10.1.0.0/16"]);
  });
});

describe("text that is no YAML", () => {
  test("yields flags and keys that stand on their own line, marked", () => {
    const text =
      "{{- if .Values.x }}\nargs:\n  - --cluster-cidr=10.9.0.0/16\n{{ end }}\npodCIDR: 10.9.2.0/24\nname: {{ x }}/podCIDR: 10.9.3.0/24\n";
    expect(said(text)).toEqual({ node: ["10.9.2.0/24"], cluster: ["10.9.0.0/16"] });
    expect(warnings(text)).toEqual([
      "1 -: is not valid YAML at line 2: only what stands on lines of its own was read",
      "3 -: --cluster-cidr was read by its line alone",
      "5 -: podCIDR was read by its line alone",
    ]);
  });

  test.each<[string, string, object]>([
    [
      "tabs for indentation",
      "spec:\n\tcontainers:\n\t- command:\n\t  - --cluster-cidr=10.1.0.0/16\n",
      { cluster: ["10.1.0.0/16"] },
    ],
    ["a flag and its value on two lines", "\tx:\n- --cluster-cidr\n- 10.1.0.0/16\n", { cluster: ["10.1.0.0/16"] }],
    [
      "JSON that was cut off",
      '{\n  "kind": "KubeletConfiguration",\n  "podCIDR": "10.1.2.0/24",\n  "x": {\n',
      { node: ["10.1.2.0/24"] },
    ],
    ["a comment", "\tx:\n# podCIDR: 10.1.2.0/24\n  // --cluster-cidr=10.1.0.0/16\n", {}],
    ["a value with more on its line", "\tx:\npodCIDR: 10.1.2.0/24 or so\npodSubnet: {{ x }}10.1.0.0/16\n", {}],
    [
      "a unit file",
      "[Service]\nExecStart=/usr/local/bin/kube-controller-manager \\\n  --cluster-cidr=10.200.0.0/16 \\\n  --service-cluster-ip-range=10.32.0.0/24 \\\n  --v=2\n",
      { cluster: ["10.200.0.0/16"], service: ["10.32.0.0/24"] },
    ],
    [
      "a unit file with a value on a line of its own",
      "[Service]\nExecStart=/usr/local/bin/k3s \\\n    server \\\n\t'--cluster-cidr' \\\n\t'10.42.0.0/16' \\\n\t'--service-cidr=10.43.0.0/16' \\\n\nRestart=always\n",
      { cluster: ["10.42.0.0/16"], service: ["10.43.0.0/16"] },
    ],
    [
      "a variable whose value is a command line of several lines",
      'KUBE_API_ARGS="--v=2 \\\n    --service-cluster-ip-range=10.254.0.0/16 \\\n--cluster-cidr=10.9.0.0/16 \\\n  --x=1"\n',
      { cluster: ["10.9.0.0/16"], service: ["10.254.0.0/16"] },
    ],
    [
      "a program's source with a document in it, only keys that have one meaning",
      "config = <<~YAML\n  cluster-cidr: 10.9.0.0/16\n  podCIDR: 10.9.1.0/24\nYAML\na = f(1)\nb = g(2)\nc = h(3)\nreturn c\n",
      { cluster: ["10.9.0.0/16"] },
    ],
    [
      "a log with a document in it",
      "[dryrun] Would create:\n```yaml\n\tdata:\n\t  serviceSubnet: 10.96.0.0/12\n\t  podCIDR: 10.9.1.0/24\n```\n",
      { service: ["10.96.0.0/12"] },
    ],
    ["a command that is not Kubernetes'", "x = foo \\\n  y --bar 10.1.0.0/16 \\\n  z\n", {}],
    [
      "a unit file of a kubelet",
      "[Service]\nExecStart=/usr/bin/kubelet \\\n  --pod-cidr=10.200.3.0/24 \\\n  --v=2\n",
      { node: ["10.200.3.0/24"] },
    ],
    ["a unit file of something else", "[Service]\nExecStart=/usr/bin/cri-dockerd --pod-cidr=10.200.3.0/24\n", {}],
    ["a file of arguments", "--cluster-cidr=10.1.0.0/16\n--allocate-node-cidrs=true\n", { cluster: ["10.1.0.0/16"] }],
    [
      "an environment file",
      'KUBELET_EXTRA_ARGS="--node-ip=192.0.2.1 --pod-cidr=10.1.2.0/24"\n',
      { node: ["10.1.2.0/24"] },
    ],
    ["documentation", "Run this:\n\n```yaml\npodCIDR: 10.1.2.0/24\n```\n--cluster-cidr=10.1.0.0/16\n", {}],
    [
      "a program's source",
      "const config = {\n  podCIDR: '10.1.2.0/24',\n};\nexport function f(a, b) {\n  return a + b;\n}\n",
      {},
    ],
    [
      "another vendor's object",
      "apiVersion: crd.projectcalico.org/v1\nkind: Node\n\tspec:\npodCIDR: 10.1.2.0/24\n",
      {},
    ],
    ["several nodes", "\tx:\n- kind: Node\n  podCIDR: 10.1.2.0/24\n- kind: Node\n  podCIDR: 10.1.3.0/24\n", {}],
  ])("in %s", (_, text, expected) => {
    expect(said(text)).toEqual(expected);
  });
});
