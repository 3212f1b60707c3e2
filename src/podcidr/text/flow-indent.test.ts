import { describe, expect, test } from "bun:test";
import { findings, inspectText, said, warnings } from "../testing.ts";
import { parseYamlTrees } from "./yaml-tree.ts";

const attachment = "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\n";

describe("what Go's parsers read at any indentation is not broken", () => {
  test.each<[string, string]>([
    ["a text in single quotes", `${attachment}spec:\n  config: '{\n"type": "bridge",\n  "it''s": 1\n}'\nmore: 1\n`],
    ["one in double quotes", `${attachment}spec:\n  config: "{\n\\"a\\": [\\\n}"\nmore: 1\n`],
    ["brackets", `${attachment}spec:\n- a:\n  - b: [\n  1, {c: "]"},\n]\n- d: !x {\n  e: don't, # }\n}\n`],
    ["in an item of a list", `${attachment}list:\n- '{\n}'\n- &a "x\ny"\n`],
    ["beside a block with a quote in it", `${attachment}a: |\n  x: '{\nb:\n- |\n  "\nc: '{\n}'\n`],
  ])("%s", (_, text) => {
    expect([inspectText(text).kind, warnings(text)]).toEqual(["object", []]);
  });

  test("keeps its value", () => {
    const [document] = parseYamlTrees("a:\n  b: 'x\n\n y\nz'\nc: 1\n");
    expect(document?.tree).toMatchObject({
      entries: [
        { key: "a", line: 1, value: { entries: [{ key: "b", line: 2, value: { text: "x\ny z" } }] } },
        { key: "c", line: 6 },
      ],
    });
  });

  test("keeps its lines", () => {
    const data = `kind: ConfigMap\napiVersion: v1\ndata:\n  net-conf.json: '{\n"Network": "10.1.0.0/16"\n}'\n`;
    expect(findings(`${data}---\npodCIDR: 10.1.2.0/24\n`)).toEqual(["4 cluster 10.1.0.0/16", "8 node 10.1.2.0/24"]);
    expect(findings("a:\n  cluster-cidr: [\n10.1.0.0/16,\nfd00::/56]\n")).toEqual([
      "3 cluster 10.1.0.0/16",
      "4 cluster fd00::/56",
    ]);
  });
});

test.each([
  ["a quote that nothing closes", "a:\n  b: 'x\nc: 10.1.0.0/16\n"],
  ["a bracket that nothing closes", "a:\n  b: [\nc: 1\n"],
  ["a template", "a:\n  b: {{ x }}\n{{ if y }}\n  c: {{ z }}\n"],
])("%s is broken still", (_, text) => {
  expect(inspectText(text).kind).toBe("invalid-yaml");
  expect(said(text)).toEqual({});
});
